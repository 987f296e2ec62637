"""together.py: which tests run together with the student's code, and that those give their own points and no others."""

from dataclasses import replace

import assignments
import nbformat
import pytest
from assignments import LIMITS, WORDS, graded, master_of, notebook, result_of
from attacks import WORKER

from grading.sandbox import find_sandbox
from grading.together import find_together
from grading.work import Work

words = assignments.words  # a fixture


def test_what_can_not_be_passed_is_passed_where_the_test_runs_together():
    cells = [("it-exercise", "def apply(f, x):\n    return f(x)"), ("it-test", "assert apply(lambda x: x, 1) == 1")]
    master = master_of("kernel", cells)
    split = graded(master, cells)
    assert split.scores == {"it-test": 0}
    assert "the test passes something of type function, and only plain data can be passed" in split.message
    together = find_together(Work(master, LIMITS), find_sandbox())
    assert together == {"it-test"}
    assert graded(master, cells, together).scores == {"it-test": 5}
    wrong = graded(master, cells, together, it_exercise="def apply(f, x):\n    return f")
    assert wrong.scores == {"it-test": 0}
    assert wrong.messages == {"it-test": "AssertionError: assert apply(lambda x: x, 1) == 1"}


SPLIT = [
    ("given", "LIMIT = 3"),
    ("double-exercise", "def double(x):\n    return 2 * x"),
    ("double-test", "assert double(2) == 4"),
]
UNSPLIT = [
    ("apply-exercise", "def apply(f, x):\n    return f(x)"),
    ("apply-test", "assert apply(lambda x: x + 1, LIMIT) == 4"),
]
SHAPE = [
    ("shape-exercise", "class Square:\n    def __init__(self, side):\n        self.side = side"),
    ("shape-test", "class Cube(Square):\n    pass\nassert Cube(3).side == 3"),
]
HALF = [
    ("half-exercise", "def half(x):\n    return x / 2"),
    ("half-test", "rest = [half(n) for n in (2, 4)]\nassert rest == [1, 2]\n2.5"),
]


def untouched_of(cells):
    """The release: every answer is a stub."""
    stub = "raise NotImplementedError()"
    return [(name, stub if name.endswith("-exercise") else source) for name, source in cells]


def found_in(cells):
    return find_together(Work(master_of("found", cells, released=untouched_of(cells)), LIMITS), find_sandbox())


def test_only_tests_that_can_not_be_split_run_together():
    assert found_in(SPLIT) == frozenset()
    assert found_in([*SPLIT, *UNSPLIT, *SHAPE]) == {"apply-test", "shape-test"}
    assert found_in([("given", "x = 1"), ("it-test", "assert x == 1")]) == frozenset()
    assert found_in([("given", "x = 1")]) == frozenset()


def test_points_below_all_of_them_can_not_tell_whether_a_test_is_split():
    assert found_in([*SPLIT, *HALF]) == {"half-test"}


def test_what_one_test_leaves_for_the_next_has_them_run_together():
    leaves = [*SPLIT[:2], ("double-test", "wanted = [1, 2]\nassert double(2) == 4")]
    needs = [UNSPLIT[0], ("apply-test", "assert apply(lambda x: x, wanted) == wanted")]
    assert found_in([*leaves, *needs]) == {"double-test", "apply-test"}
    alone = [UNSPLIT[0], ("apply-test", "wanted = [1]\nassert apply(lambda x: x, wanted) == wanted")]
    assert found_in([*leaves, *alone]) == {"apply-test"}


def test_a_test_whose_calls_barely_have_the_time_runs_together():
    cells = [
        ("slow-exercise", f"import time\ndef slow():\n    time.sleep({0.8 * LIMITS.call})\n    return 1"),
        ("slow-test", "assert slow() == 1"),
    ]
    assert found_in([*SPLIT, *cells]) == {"slow-test"}
    assert graded(master_of("slow", cells), cells, {"slow-test"}).scores == {"slow-test": 5}


def test_a_test_that_an_untouched_release_passes_in_one_way_alone_runs_together():
    """What stands for a function in a split test is there even where the student wrote none."""
    cells = [("odd-exercise", "def odd(x):\n    return x % 2"), ("odd-test", "assert callable(odd)")]
    assert found_in(cells) == {"odd-test"}
    assert find_together(Work(master_of("odd", cells), LIMITS), find_sandbox()) == frozenset()  # no release says so


def test_tests_that_run_together_and_others_give_their_own_points(words):
    cells = [*SPLIT, *UNSPLIT, *SHAPE]
    master = master_of("mixed", cells)
    together = ["apply-test", "shape-test"]
    assert graded(master, cells, together).scores == {"double-test": 5, "apply-test": 5, "shape-test": 5}
    wrong = graded(
        master, cells, together, double_exercise="def double(x):\n    return x", shape_exercise="Square = dict"
    )
    assert wrong.scores == {"double-test": 0, "apply-test": 5, "shape-test": 0}
    ended = graded(master, cells, together, apply_exercise="import os\ndef apply(f, x):\n    os._exit(1)")
    assert (ended.status, ended.scores) == ("crashed", {"double-test": 5, "apply-test": 0, "shape-test": 5})
    slow = replace(LIMITS, test=0.5)
    made = notebook(
        [(name, "def apply(f, x):\n    while True: pass" if name == "apply-exercise" else text) for name, text in cells]
    )
    late = result_of(master, made, slow, together)
    assert (late.status, late.scores) == ("timed_out", {"double-test": 5, "apply-test": 0, "shape-test": 5})
    assert late.messages["apply-test"] == "TimeoutError: the calls of one test took more than 0.5 s"


def test_cells_that_take_all_their_time_cost_no_test_its_own(words):
    made = notebook(WORDS)
    made.cells.insert(0, nbformat.v4.new_code_cell("while True:\n    pass"))
    result = result_of(words, made, replace(LIMITS, cell=0.5, total=0.5))
    assert (result.status, result.score) == ("timed_out", 20)
    assert "the cells together took more than 0.5 s: of the rest only what it defines was run" in result.message


FORGED = {
    "every comparison is true": """
class Right:
    __eq__ = lambda self, other: True
    __bool__ = lambda self: True
def double(x):
    return Right()
def apply(f, x):
    return Right()""",
    "asserts are taken out": """
import ast
class Kind(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(Kind())
def double(x):
    return 0
def apply(f, x):
    return 0""",
    "cells are replaced before they are run": """
get_ipython().transform_cell = lambda cell: "pass\\n"
def double(x):
    return 0
apply = None""",
    "the worker says that all went well": WORKER
    + """
def change(worker):
    worker["Notebook"].test = lambda self, header, body: {"value": None}
    worker["Notebook"].call = worker["Notebook"].test
change_worker(change)
def double(x):
    return 0
def apply(f, x):
    return 0""",
}


@pytest.mark.parametrize("answer", FORGED.values(), ids=FORGED)
def test_what_forges_a_test_that_runs_together_earns_nothing_of_a_split_one(answer):
    cells = [*SPLIT, *UNSPLIT]
    together = found_in(cells)
    assert together == {"apply-test"}
    forged = graded(master_of("found", cells), cells, together, double_exercise=answer, apply_exercise="")
    assert forged.scores == {"double-test": 0.0, "apply-test": 5.0}, forged.message
