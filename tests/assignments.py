"""Assignments of a few cells, one about words and tables among them, and what comes of a submission to one."""

import json

import nbformat
import pytest

from grading.grade import grade_one
from grading.master import Master
from grading.master_cells import DEFERRED_TAG
from grading.result import Submitted
from grading.sandbox import Limits, find_sandbox
from grading.work import Work

LIMITS = Limits(cell=3, call=2, total=30)


def notebook(cells, defer=()):
    """A notebook from (grade id, source) pairs, with nbgrader's metadata by the ending of the id."""
    made = nbformat.v4.new_notebook()
    for name, source in cells:
        cell = nbformat.v4.new_code_cell(source, id=name)
        cell.metadata.tags = [DEFERRED_TAG] if name in defer else []
        kind = name.rpartition("-")[2]
        cell.metadata.nbgrader = {
            "grade_id": name,
            "grade": kind == "test",
            "solution": kind == "exercise",
            "locked": kind != "exercise",
            "points": 5,
            "schema_version": 3,
        }
        made.cells.append(cell)
    return made


# An assignment about words and tables: functions, a class, a value, partial points, text, dicts, lists and arrays.
WORDS = [
    (
        "imports",
        "import numpy as np\nfrom collections import Counter\nfrom shop import PRICES\nprint(1 / 0 if False else 'given')",
    ),
    ("given", "def shout(text):\n    return text.upper()\n\nslow = sum(range(10))"),
    ("count-exercise", "def count(text):\n    return dict(Counter(text.split()))"),
    ("count-test", "assert count('a b a') == {'a': 2, 'b': 1}\nassert count('') == {}, 'an empty text has no words'"),
    ("scale-exercise", "def scale(table, by=2):\n    return table * by\n\nLIMIT = 7"),
    (
        "scale-test",
        "np.testing.assert_array_equal(scale(np.arange(3), by=3), [0, 3, 6])\nassert scale([1]) == [1, 1]\nassert LIMIT == 7",
    ),
    ("total-exercise", "def total(basket):\n    return sum(PRICES[item] for item in basket)"),
    (
        "total-test",
        "right = sum(total(basket) == price for basket, price in [([], 0), (['tea'], 3), (['tea', 'cake'], 8)])\nfloat(right) * 5 / 3",
    ),
    ("loud-exercise", "def loud(names):\n    return [shout(name) for name in names]"),
    ("loud-test", "### BEGIN HIDDEN TESTS\nassert loud(['a', 'b']) == ['A', 'B']\n### END HIDDEN TESTS"),
]
SHOP = {"shop.py": b"PRICES = {'tea': 3, 'cake': 5}\n"}


def master_of(name, cells, files={}, defer=(), released=()):
    """An assignment of one notebook; what students get of it, where cells say so."""
    built = {name: bytes_of(notebook(released, defer))} if released else {}
    return Master(name, {name: bytes_of(notebook(cells, defer))}, files, built)


def bytes_of(made):
    return json.dumps(made).encode()


@pytest.fixture(scope="module")
def words():
    return master_of("words", WORDS, SHOP)


def result_of(master, made, limits=LIMITS, together=(), files={}):
    """What comes of a notebook that was handed in, or of its bytes."""
    (name,) = master.authored
    data = made if isinstance(made, bytes) else bytes_of(made)
    submitted = Submitted("zoe", "", {name: data}, {}, files)
    return grade_one(Work(master, limits, together=frozenset(together)), submitted, find_sandbox()).result


def graded(master, cells, together=(), **changes):
    made = notebook([(name, changes.get(name.replace("-", "_"), source)) for name, source in cells])
    return result_of(master, made, together=together)
