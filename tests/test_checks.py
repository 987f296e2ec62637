"""checks.py: a test passes here as in one kernel, what its last line is worth, and what it finds of the course."""

import random
import sys
from types import SimpleNamespace

import assignments
import numpy as np
import pytest
from assignments import WORDS, graded, master_of

from grading.checks import SplitNamespace, points
from grading.master_cells import MasterCell
from grading.python_source import visible_source

words = assignments.words  # a fixture


# Each an exercise and its test as instructors write them, which pass in one kernel.
KERNEL = [
    (
        "seeds NumPy",
        "def draw(n):\n    return np.random.randn(n)",
        "for _ in range(2):\n    np.random.seed(1)\n    np.testing.assert_allclose([*draw(1), *draw(1)], [1.62434536, -0.61175641])",
    ),
    (
        "seeds Python",
        "def roll(n):\n    return [random.random() for _ in range(n)]",
        "random.seed(7)\nfirst = roll(2)\nrandom.seed(7)\nassert first == roll(2) == [0.32383276483316237, 0.15084917392450192]",
    ),
    (
        "draws the arguments",
        "def add_noise(x):\n    return x + np.random.randn(2)",
        "np.random.seed(1)\nx = np.random.randn(2)\nnp.testing.assert_allclose(add_noise(x), [1.09617361, -1.68472503])",
    ),
    (
        "looks at a global name that a call sets",
        "balance = 10\ndef deposit(x):\n    global balance\n    balance += x",
        "deposit(5)\nassert balance == 15",
    ),
    ("changes a value of the student's", "basket = {'tea': 1}", "basket['cake'] = 2\nassert len(basket) == 2"),
    (
        "asks for a text out of an array",
        "def best(x):\n    return np.array(['a', 'b'])[np.argmax(x)]",
        "assert best([1, 2]) == 'b'",
    ),
]


@pytest.mark.parametrize(("exercise", "test"), [case[1:] for case in KERNEL], ids=[case[0] for case in KERNEL])
def test_what_passes_in_one_kernel_passes_here(exercise, test):
    cells = [("imports", "import random\nimport numpy as np"), ("it-exercise", exercise), ("it-test", test)]
    for _ in range(2):  # the second submission finds the random numbers where the first left them
        result = graded(master_of("kernel", cells), cells)
        assert (result.score, result.message) == (5, "All checks passed.")


@pytest.mark.parametrize("together", [frozenset(), frozenset({"it-test"})], ids=["split", "together"])
def test_a_check_without_a_message_names_its_line_unless_it_is_hidden(together):
    hidden = "\n### BEGIN HIDDEN TESTS\nassert f(2) == 4\n### END HIDDEN TESTS"
    cells = [("it-exercise", "def f(x):\n    return x * x"), ("it-test", "assert f(1) == 1" + hidden)]
    for answer, message in (("0", "AssertionError: assert f(1) == 1"), ("x", "AssertionError")):
        wrong = graded(master_of("kernel", cells), cells, together, it_exercise=f"def f(x):\n    return {answer}")
        assert wrong.messages == {"it-test": message}


def test_a_name_that_was_set_to_none_is_set():
    cells = [
        ("it-exercise", "answer = 3"),
        ("it-test", "assert answer in (3, None)\nassert answer is not None, 'no answer'"),
    ]
    result = graded(master_of("kernel", cells), cells, it_exercise="answer = None")
    assert result.messages == {"it-test": "no answer"}


def test_a_test_that_seeds_leaves_the_graders_own_functions_as_they_were(words):
    before = random.seed, np.random.seed
    graded(words, WORDS)
    assert (random.seed, np.random.seed) == before


def test_every_hidden_region_is_hidden():
    source = "a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc\n# BEGIN HIDDEN TESTS\nd\n  # END HIDDEN TESTS\ne"
    assert visible_source(source) == "a\nc\ne"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 6, 10**400])
def test_a_number_that_is_no_score_is_no_credit(value):
    earned, message = points(value, 5.0)
    assert earned == 0 and "0 to 5" in message


@pytest.mark.parametrize(("value", "earned"), [(None, 5), (5, 5), (2.5, 2.5), (0, 0), (True, 5), ("text", 5), ([], 5)])
def test_a_last_line_is_a_score_only_where_it_is_a_number(value, earned):
    assert points(value, 5.0)[0] == earned


def test_the_names_that_a_cell_sets_are_found_with_what_it_imports():
    source = "%matplotlib inline\nimport os.path, json as j\nfrom a import b as c, d\nx, (y, *z) = 1, (2, 3)\nprint(q := 5)\nfor i in range(3):\n    k = i\n[w for w in x]\nfiles = !ls\ndef f(u):\n    v = u\nclass A:\n    m = 1\n"
    cell = MasterCell("code", source, {})
    names = dict.fromkeys(["os", "j", "c", "d", "x", "y", "z", "q", "i", "k", "files"], False) | {"f": True, "A": True}
    assert cell.names == names
    assert cell.imports == {
        "os": "import os.path",
        "j": "import json as j",
        "c": "from a import b as c",
        "d": "from a import d",
    }
    assert "import" not in cell.without_imports and "x, (y, *z) = (1, (2, 3))" in cell.without_imports


def bench_of(cells, defer=()):
    """A bench, and a log of what is asked of the student."""
    master = master_of("bench", cells, defer=defer).notebooks["bench"]
    asked = []
    student = SimpleNamespace(
        describe=lambda name: asked.append(name) or (1, False), value=lambda name: f"the student's {name}"
    )
    return master, SplitNamespace(master, student), asked


def test_a_bench_runs_what_is_given_in_order_and_up_to_a_test():
    master, bench, asked = bench_of(
        [
            ("one", "x = 1\nseen = [x]"),
            ("a-exercise", "answer = 0\nx = 5"),
            ("two", "seen.append(2)\n1 / 0\nseen.append(3)"),
            ("a-test", ""),
            ("three", "x = 7\nseen.append(4)"),
            ("b-test", ""),
            ("four", "seen.append(5)"),
        ]
    )
    first, second = master.tests
    bench.run_given_above(first)
    assert bench["seen"] == [1, 2] and "answer" not in [*bench]
    assert (bench["x"], bench["answer"]) == ("the student's x", "the student's answer") and asked == ["x", "answer"]
    bench.run_given_above(first)
    assert bench["seen"] == [1, 2]  # once
    bench.run_given_above(second)
    assert (bench["x"], bench["seen"]) == (7, [1, 2, 4])
    bench.run_given_above(first)
    assert bench["seen"] == [1, 2, 4]  # a second look at a test runs nothing that stands below it
    with pytest.raises(KeyError):
        bench["nothing of it"]


def test_a_bench_imports_what_is_asked_for(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / f"lazily_{name}.py").write_text("VALUE = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    loaded = lambda: [name for name in "abc" if f"lazily_{name}" in sys.modules]  # noqa: E731
    master, bench, _ = bench_of(
        [
            ("one", "import lazily_a, lazily_b as b\nfrom lazily_c import VALUE as c\nx = 1"),
            ("two", "y = [lazily_a.VALUE]"),
            ("z", "z = c"),
            ("a-test", ""),
        ],
        defer=["z"],
    )
    bench.run_given_above(master.tests[0])
    assert loaded() == ["a"] and bench["y"] == [7]
    assert eval("b.VALUE + x", bench) == 8 and loaded() == ["a", "b"]
    assert bench["z"] == 7 and loaded() == ["a", "b", "c"]
