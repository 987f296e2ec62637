"""The release: what nbgrader makes of the source."""

import ast
import contextlib
import filecmp
import io

import nbformat
import pytest
from conftest import ROOT, cells_by_id

import diagnosis
import init_utils
import plots
import preflight
import public_tests
from grading.assignment import CourseAssignment
from grading.release import release
from public_tests import CheckFailed

RELEASE = ROOT / "release" / "initialization"
FILES = {
    "initialization": [
        "diagnosis.py",
        "init_utils.py",
        "initialization.ipynb",
        "plots.py",
        "preflight.py",
        "public_tests.py",
    ],
    "explore": ["explore.ipynb", "explore.py", "init_utils.py", "plots.py"],
}


@pytest.mark.parametrize("name", FILES)
def test_committed_release_equals_a_fresh_build(course, name):
    release(CourseAssignment(name, course))
    fresh, there = course / "release" / name, ROOT / "release" / name
    assert sorted(path.name for path in fresh.iterdir()) == FILES[name]
    committed = sorted(path.name for path in there.iterdir() if not path.name.startswith((".", "__")))
    assert committed == FILES[name]
    _, differing, errors = filecmp.cmpfiles(fresh, there, FILES[name], shallow=False)
    assert not differing and not errors, f"run `python -m grading release {name}`, and commit"


def test_no_solution_and_no_hidden_test_is_left(source, released):
    text = nbformat.writes(released)
    for marker in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "RandomState"):
        assert marker not in text
    stubs = cells_by_id(released)
    for cell in source.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            _, _, rest = cell.source.partition("### BEGIN SOLUTION\n")
            solution, _, _ = rest.partition("### END SOLUTION")
            for line in filter(None, map(str.strip, solution.splitlines())):
                assert line not in stubs[cell.id].source
            assert stubs[cell.id].source.count("raise NotImplementedError(") == 1


def test_nothing_in_the_helpers_can_be_called_in_place_of_a_solution():
    """Call everything in the released modules with layer sizes, and look for anything that a check would pass."""
    checks = [getattr(public_tests, f"initialize_parameters_{name}_test") for name in ("zeros", "random", "he")]
    for module in (init_utils, plots, public_tests, diagnosis, preflight):
        callables = [value for value in vars(module).values() if callable(value)]
        methods = [
            getattr(thing, name)
            for thing in [*public_tests.ZEROS.cases, *public_tests.HE.cases, public_tests.HE]
            for name in dir(thing)
            if not name.startswith("__") and callable(getattr(thing, name))
        ]
        for answer in callables + methods:
            if answer not in checks:
                for check in checks:
                    with pytest.raises(CheckFailed), contextlib.redirect_stdout(io.StringIO()):
                        check(answer)


def test_the_known_draws_are_too_few_for_the_hidden_tests():
    """Else the tables could be taken in place of an answer."""
    with pytest.raises(ValueError):
        diagnosis.drawn_for((3, 200, 2))


def test_helpers_draw_no_random_numbers():
    for name in FILES["initialization"]:
        if name.endswith(".ipynb"):
            continue
        for node in ast.walk(ast.parse((RELEASE / name).read_text())):
            drawing = isinstance(node, ast.Attribute) and node.attr in (
                "randn",
                "standard_normal",
                "normal",
                "default_rng",
            )
            assert not drawing, name
