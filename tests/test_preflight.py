"""preflight.py: what it names before a learner hands in, what it passes over, and that it never raises."""

import re
import types
from collections import Counter
from contextlib import suppress
from importlib import metadata

import numpy as np
import pytest
from answers import SOLUTION, cell
from courses import ROOT
from exercises import CHECKS, PREFLIGHT, READY, STUB_OF_HE
from IPython.core.inputtransformer2 import TransformerManager
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_diagnosis import Liar

from preflight import COURSE
from public_tests import preflight


def looked_at(sources, **others):
    """The pre-flight's table for a notebook with these cells and names: {row: (zeros, random, he)}."""
    namespace = {"np": np, "__name__": "__main__", **others}
    for source in sources:
        exec(source, namespace)
    table = preflight(namespace)
    titles = {title: name for name, (title, _) in PREFLIGHT["rows"].items()}
    return {titles[title]: found for title, *found, _ in table.rows}, table


def test_preflight_of_three_right_answers_is_all_ok():
    found, table = looked_at(READY)
    assert all(value == "ok" for row in found.values() for value in row)
    assert table.summary == PREFLIGHT["ready"]


@pytest.mark.parametrize(
    ("changes", "row", "words"),
    [
        (
            [("initialize_parameters_he", "initialize_params_he")],
            "there",
            "initialize_params_he? Give it the name back",
        ),
        ([("def initialize_parameters_he", "def something_else")], "there", "no function initialize_parameters_he"),
        ([("(layers_dims):", "(layers_dims, seed):")], "parameters", "needs also: seed"),
        ([("(layers_dims):", "():")], "parameters", "takes no parameter"),
        (
            [("    parameters = {}\n", "    parameters = {}\n    raise NotImplementedError()\n")],
            "stub",
            "reached: delete it",
        ),
        (
            [("    return parameters\n", "    return parameters\n    raise NotImplementedError()\n")],
            "stub",
            "not reached",
        ),
        ([("np.sqrt(2 /", "np.sqrt(1 /")], "checks", "no. Got: W1 starts with 0.676"),
        (
            [("def init", "factor = 2\n\ndef init"), ("np.sqrt(2 /", "np.sqrt(factor /")],
            "names",
            "uses factor: keep the cell",
        ),
        ([("np.sqrt(2 /", "np.sqrt(factor /")], "names", "uses factor, which is not set"),
        (
            [("len(layers_dims)", "len(layer_dims)")],
            "names",
            "uses layer_dims, which is not set anywhere. Is it layers_dims?",
        ),
        ([("def initialize_parameters_he", "def init_he")], "there", "init_he? Give it the name back"),
        ([("def initialize_parameters_he", "def cache")], "there", "no function initialize_parameters_he"),
        ([("    parameters = {}\n", "    parameters = {}\n    print(layers_dims)\n")], "prints", "prints"),
        ([("    L =", "    while True:\n        pass\n    L =")], "checks", "still running"),
        ([("    L =", "    raise SystemExit\n    L =")], "checks", "SystemExit"),
    ],
)
def test_preflight_names_what_it_looks_for(changes, row, words, ticking):
    solution = cell("he", SOLUTION)
    for old, new in changes:
        assert old in solution
        solution = solution.replace(old, new)
    found, table = looked_at([*READY[:2], solution])
    assert words in found[row][2]
    assert all(value == "ok" for others in found.values() for value in others[:2])
    costs = row in ("there", "parameters", "checks") or words.startswith("reached") or "not set" in words
    assert (table.summary == PREFLIGHT["ready"]) != costs


def with_cells(*cells):
    """The pre-flight after these cells, which IPython keeps."""
    found, table = looked_at(cells, In=["", *cells])
    return found["there"], found["checks"], table.summary


def test_preflight_looks_at_a_function_as_its_own_cell_defines_it():
    copied = READY[2].replace("parameters_he", "parameters_random")
    there, checks, summary = with_cells(*READY[:2], copied)
    assert "the name after def there initialize_parameters_random," in there[2] and checks[:2] == ["ok", "ok"]
    assert "Not ready yet: exercise 3 (He)." in summary
    there, checks, summary = with_cells(*READY[:2], STUB_OF_HE, copied)
    assert "the name after def there initialize_parameters_random," in there[2] and checks[:2] == ["ok", "ok"]
    assert "Not ready yet: exercise 3 (He)." in summary
    there, checks, summary = with_cells(*READY[:2], READY[2] + copied)
    assert checks == ["ok"] * 3 and summary == PREFLIGHT["ready"]
    wrong_at_home = READY[1].replace("* 10", "* 5")
    _, checks, summary = with_cells(READY[0], wrong_at_home, READY[2] + READY[1])
    assert checks[1].startswith("no. ") and "Not ready yet: exercise 2 (random)." in summary
    _, checks, summary = with_cells(READY[0], wrong_at_home, READY[2], READY[1])  # mended, and run again
    assert checks == ["ok"] * 3 and summary == PREFLIGHT["ready"]


def test_preflight_looks_further_than_the_visible_checks():
    short = READY[0].replace("    L = len(layers_dims) - 1\n", "    L = min(3, len(layers_dims) - 1)\n")
    found, table = looked_at([short, *READY[1:]])
    assert found["checks"][0].startswith("no, on initialize_parameters_zeros([")
    assert "Not ready yet: exercise 1 (zeros)." in table.summary


def test_preflight_names_what_was_set_in_place_of_pythons_own():
    found, _ = looked_at([*READY, "str, sum, factor = 'W', 3, 2"])
    assert found["names"][0].startswith("uses str, which one of your cells has set")
    assert "`str` is no longer Python's own" in found["checks"][0]


def imported(cells, **others):
    """What the pre-flight says when IPython has run these cells, the exercises among them, and they have set these names."""
    transformed = [TransformerManager().transform_cell(source) for source in cells]
    found, table = looked_at(READY, In=["", *transformed], **others)
    said = re.match(r"Your cells import (.*), which the course does not have", table.summary)
    assert bool(said) != (table.summary == PREFLIGHT["ready"])
    assert found["imports"] == ["ok"] * 3
    return said[1].split(", ") if said else []


def of(name, kind=None):
    """A module of this name, or a class or a function that comes from it."""
    if kind is None:
        return types.ModuleType(name)
    made = type("Made", (), {}) if kind is type else lambda: None
    made.__module__ = name
    return made


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["import seaborn as sns"], ["seaborn"]),
        (["import numpy as np, torch.nn.functional as F"], ["torch"]),
        (["from tqdm.auto import tqdm"], ["tqdm"]),
        (["def scale(x):\n    if x:\n        import jax\n    return x"], ["jax"]),
        (["import torch", "import seaborn", "import torch"], ["seaborn", "torch"]),
        (["%matplotlib inline\nimport pandas as pd\n!ls"], ["pandas"]),
        (["this is no Python", "'\\d'\nimport torch"], ["torch"]),
        (["try:\n    import torch\nexcept ValueError:\n    pass"], ["torch"]),
        (["try:\n    import torch\nexcept ImportError:\n    torch = None", "import torch"], ["torch"]),
    ],
)
def test_preflight_names_an_import_that_the_course_does_not_have(cells, names):
    assert imported(cells) == names


@pytest.mark.parametrize(
    "cells",
    [
        [],
        ["%matplotlib inline\n%pip install torch\n!pip install torch\n?str"],
        ["%%time\nsum([])", "%%bash\nimport torch"],
        ["import math, os.path, __future__, random, json, collections.abc", "from dataclasses import dataclass"],
        ["import scipy.stats, joblib, threadpoolctl, sklearn.datasets, matplotlib.pyplot as plt, mpl_toolkits"],
        ["import ipywidgets, PIL.Image\nfrom IPython.display import display", "import jupyterlab, nbformat"],
        ["from init_utils import *\nimport public_tests", "from . import torch"],
        ["try:\n    import torch\nexcept ImportError:\n    torch = None"],
        ["try:\n    from torch import nn\nexcept (ValueError, ModuleNotFoundError):\n    import tensorflow"],
        ["try:\n    import torch\nexcept:\n    pass\nelse:\n    import torchvision"],
        ["from contextlib import suppress\nwith suppress(ImportError):\n    import torch"],
        ["import = torch", 'text = "import torch"  # import torch', "\0"],
    ],
)
def test_preflight_names_no_import_that_the_grader_can_do_without(cells):
    assert imported(cells) == []


def test_preflight_sees_imports_by_what_they_have_left_behind():
    left = {
        "sns": of("seaborn"),
        "Net": of("torch.nn", type),
        "bar": of("tqdm.std", types.FunctionType),
        "_": of("jax"),
    }
    assert imported([], **left) == ["seaborn", "torch", "tqdm"]
    guarded = "try:\n    import torch, tqdm, seaborn\nexcept ImportError:\n    pass"
    assert imported([guarded], **left) == []
    ours = {
        "plt": of("matplotlib.pyplot"),
        "f": of("init_utils", types.FunctionType),
        "g": of(None, types.FunctionType),
    }
    assert imported([], **ours, here=of("__main__", type), c=Counter) == []


@pytest.mark.parametrize("In", [None, 3, "import torch", [None, 3, Liar()], Liar()])
def test_preflight_needs_no_list_of_what_was_run(In):
    assert looked_at(READY, In=In)[1].summary == PREFLIGHT["ready"]


def test_preflight_takes_a_module_that_lies_beside_the_notebook(tmp_path, monkeypatch):
    (tmp_path / "my_scales.py").write_text("factor = 10")
    assert imported(["import my_scales"]) == ["my_scales"]
    monkeypatch.chdir(tmp_path)
    assert imported(["import my_scales, torch"]) == ["torch"]


@pytest.mark.parametrize("line", ["sns.set_theme()", "import seaborn.utils"])
def test_preflight_says_which_exercise_needs_the_package(line):
    solution = cell("he", SOLUTION).replace(
        "    parameters = {}\n", f"    if not layers_dims:\n        {line}\n    parameters = {{}}\n"
    )
    found, table = looked_at([*READY[:2], solution], sns=of("seaborn"), In=["import seaborn as sns"])
    assert found["imports"] == ["ok", "ok", "uses seaborn, which the course does not have"]
    assert "Not ready yet: exercise 3 (He)." in table.summary and table.summary.startswith("Your cells import seaborn,")


def test_the_packages_of_the_course_are_those_that_its_requirements_bring():
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    asked = {canonicalize_name(Requirement(line).name) for line in lines if line}
    brought, left = set(), set(asked)
    while left:
        brought.add(name := left.pop())
        with suppress(metadata.PackageNotFoundError):
            needs = map(Requirement, metadata.requires(name) or [])
            plain = (need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""}))
            left |= {canonicalize_name(need.name) for need in plain} - brought
    sources = metadata.packages_distributions()
    installed = {name: set(map(canonicalize_name, sources[name])) for name in COURSE & set(sources)}
    assert [name for name, packages in installed.items() if not packages & brought] == []
    assert asked - set.union(*installed.values()) <= {"sandlock"}  # Linux alone has it


def test_preflight_takes_whatever_can_be_called():
    calls = "class Start:\n    def __call__(self, layers_dims):\n        return plain(layers_dims)\n\n"
    wrapped = "\nplain = {0}\n" + calls + "{0} = Start()\n"
    found, table = looked_at([READY[0] + wrapped.format("initialize_parameters_zeros"), *READY[1:]])
    assert found["there"][0] == found["checks"][0] == "ok"
    assert table.summary == PREFLIGHT["ready"]


@pytest.mark.parametrize("ready", [READY, READY[:2]])
def test_preflight_always_says_what_costs_nothing(ready):
    _, table = looked_at(ready)
    assert "Extra cells, extra variables and prints cost nothing." in table.summary


@pytest.mark.parametrize("value", [None, 3, Liar(), np.zeros(3), len, type, {}])
def test_preflight_never_raises(value):
    names = [f"initialize_parameters_{name}" for name in CHECKS]
    table = preflight(dict.fromkeys(names, value))
    assert "<table>" in table._repr_html_() and PREFLIGHT["caption"] in repr(table)


def test_preflight_table_is_escaped_and_has_headers():
    hostile = cell("he", SOLUTION).replace("    L =", "    raise ValueError('<script>alert(1)</script>')\n    L =")
    _, table = looked_at([*READY[:2], hostile])
    page = table._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert page.count('<th scope="col"') == 5 and page.count('<th scope="row"') == len(PREFLIGHT["rows"])
    assert "<caption>" in page


def test_preflight_leaves_the_random_state_alone():
    np.random.seed(5)
    expected = np.random.randn(3)
    np.random.seed(5)
    looked_at(READY)
    looked_at(
        [
            solution.replace("    return", "    if not layers_dims:\n        raise NotImplementedError\n    return")
            for solution in READY
        ]
    )
    np.testing.assert_array_equal(np.random.randn(3), expected)
