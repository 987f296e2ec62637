"""What hidden lines ask a student's functions for: it is shown nowhere that another exercise's code could put it."""

import itertools
from dataclasses import replace

import pytest
from assignments import LIMITS, bytes_of, notebook

from grading.checks import Verdict
from grading.grade import LEFT_BEHIND, Ran, grade_one, without_leaks
from grading.master import Master
from grading.result import Submitted
from grading.sandbox import find_sandbox
from grading.work import Work

SECRET = 7193  # what hidden lines ask for
CELLS = [
    ("imports", "import builtins, json, os, random\nimport numpy as np"),
    ("keep-exercise", "def keep(x):\n    return 2 * x"),
    (
        "keep-test",
        f"assert keep(1) == 2\n### BEGIN HIDDEN TESTS\nassert keep({SECRET}) == {2 * SECRET}\n### END HIDDEN TESTS",
    ),
    ("tell-exercise", "def tell(x):\n    return [x, x]\n\nLIMIT = 5"),
    (
        "tell-test",
        "np.testing.assert_array_equal(tell(1), [1, 1])\nassert sum(tell(2)) == 4, f'{tell(2)}'\n"
        "assert LIMIT == 5, f'LIMIT is {LIMIT}'\n"
        "### BEGIN HIDDEN TESTS\nassert tell(4) == [4, 4], f'{tell(4)} for 4'\n### END HIDDEN TESTS",
    ),
    ("show-program", "print(tell(3))"),
    ("last-exercise", "def last():\n    return 1"),
    ("last-test", "assert last() == 1, f'{last()}'"),
]
TOGETHER = {
    "split": (),
    "the first together": ("keep-test",),
    "the others together": ("tell-test", "last-test"),
    "all together": ("keep-test", "tell-test", "last-test"),
}
RIGHT = {"keep-test": 5, "tell-test": 5, "show-program": None, "last-test": 5}


def made_of(cells, **changes):
    """A notebook in which some cells have another text, and in which a person grades the programs."""
    made = notebook([(name, changes.get(name.replace("-", "_"), source)) for name, source in cells])
    for cell in made.cells:
        if cell.metadata.nbgrader.grade_id.endswith("-program"):
            cell.metadata.nbgrader |= {"grade": True, "solution": True, "locked": False}
    return made


class Counting:
    """A sandbox that counts the processes."""

    def __init__(self):
        self.started = 0

    def start(self, *arguments):
        self.started += 1
        return find_sandbox().start(*arguments)


def graded(changes, cells=CELLS, together=(), limits=LIMITS):
    """Grade answers; return what came of it, and how many processes were started for it."""
    master = Master("one", {"one": bytes_of(made_of(cells))}, {}, {"one": bytes_of(made_of(cells, show_program="..."))})
    submitted = Submitted("zoe", "", {"one": bytes_of(made_of(cells, **changes))})
    sandbox = Counting()
    return grade_one(Work(master, limits, together=frozenset(together)), submitted, sandbox), sandbox.started


def shown(graded):
    """All that anybody sees of a submission, less the student's own code and its saved outputs."""
    made = b"".join([*graded.notebooks.values(), *graded.cells.values()]).decode()
    return graded.result.as_json() + made


# How the function of one exercise keeps what it was called with, and what another one then takes it for.
KEEPING = {
    "a global name": ("seen = []", "seen.append(x)", "seen"),
    "the environment": ("", "os.environ['SEEN'] = os.environ.get('SEEN', '') + f' {x}'", "os.environ['SEEN']"),
    "a file": ("", "open('seen', 'a').write(f' {x}')", "open('seen').read()"),
    "a module": ("json.seen = []", "json.seen.append(x)", "json.seen"),
    "the built-in names": ("builtins.seen = []", "builtins.seen.append(x)", "builtins.seen"),
    "random numbers": ("", "random.seed(x); np.random.seed(x)", "np.random.get_state()[1][0]"),
    "an attribute of the function": ("", "keep.__dict__.setdefault('seen', []).append(x)", "keep.seen"),
}
# How another one tells it, as changes of the cells.
TELLING = {
    "an error's text": {"tell_exercise": "def tell(x):\n    raise ValueError({seen})"},
    "an error's kind": {
        "tell_exercise": "def tell(x):\n    raise type('A' + '_'.join(re.findall('[0-9]+', str({seen}))), (ValueError,), {{}})()"
    },
    "an assertion": {"tell_exercise": "def tell(x):\n    assert False, {seen}"},
    "a value": {
        "tell_exercise": "def tell(x):\n    return np.array([x, *map(int, re.findall('[0-9]+', str({seen})))])"
    },
    "a value of the second check": {
        "tell_exercise": "def tell(x):\n    return [1, 1] if x == 1 else [*map(int, re.findall('[0-9]+', str({seen})))]"
    },
    "a shape": {
        "tell_exercise": "def tell(x):\n    return np.zeros([*map(int, re.findall('[0-9]+', str({seen})))][-1])"
    },
    "the kind of a value": {
        "tell_exercise": "def tell(x):\n    return type('A' + '_'.join(re.findall('[0-9]+', str({seen}))), (), {{}})()"
    },
    "a name": {"tell_exercise": "def tell(x):\n    return [x, x]\nLIMIT = str({seen})"},
    "a value that a hidden line gets": {
        "tell_exercise": "def tell(x):\n    return str({seen}) if x == 4 else [x, x]\nLIMIT = 5"
    },
    "a cell that can't be run": {"tell_exercise": "raise ValueError({seen})\ndef tell(x):\n    pass"},
    "what a program prints": {"show_program": "print({seen})"},
    "what a program shows": {"show_program": "{seen}"},
    "an error of a program": {"show_program": "raise ValueError({seen})"},
    "a name that a call sets": {
        "tell_exercise": "def tell(x):\n    global LIMIT\n    LIMIT = str({seen})\n    return [x, x]"
    },
    "an exercise without hidden lines": {"last_exercise": "def last():\n    return str({seen})"},
}


def told(keeping, telling):
    """The changes with which one exercise keeps what another one tells."""
    before, kept, seen = keeping
    changes = {name: f"import re\n{source.format(seen=seen)}" for name, source in telling.items()}
    return {"keep_exercise": f"{before}\ndef keep(x):\n    {kept}\n    return 2 * x"} | changes


PAIRS = [
    *((name, "an error's text") for name in KEEPING),
    *(("a global name", name) for name in TELLING),
    *(zip(itertools.cycle([*KEEPING][1:]), [*TELLING][1:])),
]


@pytest.mark.parametrize("together", TOGETHER.values(), ids=TOGETHER)
@pytest.mark.parametrize(("keeping", "telling"), dict.fromkeys(PAIRS))
def test_nothing_that_hidden_lines_asked_for_is_told_by_another_exercise(keeping, telling, together):
    came, _ = graded(told(KEEPING[keeping], TELLING[telling]), together=together)
    assert came.result.scores["keep-test"] == 5
    assert str(SECRET) not in shown(came)


def test_it_would_be_told_if_one_process_did_it_all(monkeypatch):
    """The cases above are real."""
    monkeypatch.setattr("grading.master_cells.Test.has_hidden_lines", False)
    for keeping, telling in dict.fromkeys(PAIRS):
        came, started = graded(told(KEEPING[keeping], TELLING[telling]))
        assert str(SECRET) in shown(came) and started == 1, (keeping, telling)


@pytest.mark.parametrize("together", TOGETHER.values(), ids=TOGETHER)
def test_a_test_whose_lines_can_be_read_is_not_told_by_another_exercise(together):
    tell = "def tell(x):\n    raise ValueError(In)"
    came, _ = graded({"tell_exercise": tell, "show_program": "print(In)"}, together=together)
    assert str(SECRET) not in shown(came)


def test_what_a_cell_that_was_put_off_keeps_is_not_told():
    cells = [("later", "seen = []\ndef note(x):\n    seen.append(x)"), *CELLS]
    changes = {
        "keep_exercise": "def keep(x):\n    note(x)\n    return 2 * x",
        "tell_exercise": TELLING["an error's text"]["tell_exercise"].format(seen="seen"),
    }
    master = Master("one", {"one": bytes_of(defer(made_of(cells)))})
    submitted = Submitted("zoe", "", {"one": bytes_of(defer(made_of(cells, **changes)))})
    came = grade_one(Work(master, LIMITS), submitted, find_sandbox())
    assert str(SECRET) not in shown(came) and "ValueError: [1]" in came.result.messages["tell-test"]


def defer(made):
    made.cells[0].metadata.tags = ["skip-grading"]
    return made


@pytest.mark.parametrize("together", [(), ("a/keep-test",)], ids=["split", "together"])
def test_what_the_cells_write_for_the_next_notebook_knows_nothing(together):
    made = {"a": made_of(CELLS), "b": made_of(CELLS)}
    master = Master("two", {name: bytes_of(one) for name, one in made.items()})
    keep = "open('seen', 'w').write('nothing')\ndef keep(x):\n    open('seen', 'w').write(f'{x}')\n    return 2 * x"
    tell = "def tell(x):\n    raise ValueError(open('seen').read())"
    handed_in = {"a": made_of(CELLS, keep_exercise=keep), "b": made_of(CELLS, tell_exercise=tell)}
    submitted = Submitted("zoe", "", {name: bytes_of(one) for name, one in handed_in.items()})
    came = grade_one(Work(master, LIMITS, together=frozenset(together)), submitted, find_sandbox())
    assert came.result.scores["a/keep-test"] == 5 and str(SECRET) not in shown(came)
    assert came.result.messages["b/tell-test"] == "ValueError: 1"  # of the line that everybody sees


@pytest.mark.parametrize(
    ("end", "named"),
    [(f"if {SECRET} in seen: os._exit(0)", ""), ("os._exit(1)", ": the one that begins with `os._exit(1)`")],
)
def test_a_note_names_a_cell_unless_hidden_lines_chose_it(end, named):
    before, kept, _ = KEEPING["a global name"]
    changes = {"keep_exercise": f"{before}\ndef keep(x):\n    {kept}\n    return 2 * x"}
    made = made_of([*CELLS[:3], ("end", end), *CELLS[3:]], **changes)
    master = Master("one", {"one": bytes_of(made_of(CELLS))})
    came = grade_one(Work(master, LIMITS), Submitted("zoe", "", {"one": bytes_of(made)}), find_sandbox())
    assert (came.result.status, came.result.score) == ("crashed", 15)
    assert came.result.notes["one"] == ("crashed", f"A cell ended the notebook's own process{named}.")


# ------------------------------------------------------------- what is said all the same

WRONG = {
    "an error": ("def tell(x):\n    return 1 / 0", "ZeroDivisionError: division by zero"),
    "a check's own sentence": ("def tell(x):\n    return [x] * (2 + (x == 2))\nLIMIT = 5", "[2, 2, 2]"),
    "a name that is missing": ("tel = 0", "name 'tell' is not defined"),
    "a cell that can't be run": (
        "def tell(x) return x",
        "tell is not defined, because its cell can't be run: SyntaxError: expected ':'",
    ),
    "a value": ("def tell(x):\n    return [x, x]\nLIMIT = 6", "LIMIT is 6"),
    "a check's own sentence in a hidden line": (
        "def tell(x):\n    return [x, x, *[9] * (x == 4)]\nLIMIT = 5",
        "[4, 4, 9] for 4",
    ),
}


@pytest.mark.parametrize("first", [True, False], ids=["the first is right", "the first is wrong"])
@pytest.mark.parametrize(("answer", "message"), WRONG.values(), ids=WRONG)
def test_a_message_is_the_same_whether_hidden_lines_were_run_before_it_or_not(answer, message, first):
    changes = {} if first else {"keep_exercise": "def keep(x):\n    return 0"}
    came, _ = graded({"tell_exercise": answer} | changes)
    assert came.result.scores == RIGHT | {"keep-test": 5.0 * first, "tell-test": 0}
    assert message in came.result.messages["tell-test"]


@pytest.mark.parametrize("together", [(), ("tell-test",)], ids=["split", "together"])
def test_what_a_function_raises_for_a_hidden_line_is_named_by_its_kind(together):
    tell = "def tell(x):\n    if x == 4:\n        raise type('A' + str(x), (ValueError,), {})('for ' + str(x))\n    return [x, x]\nLIMIT = 5"
    came, _ = graded({"tell_exercise": tell}, together=together)
    assert came.result.messages == {"tell-test": "ValueError"}


def test_a_sentence_of_a_hidden_line_is_said_also_where_the_test_runs_together():
    cells = [(name, source.replace("f'{tell(4)} for 4'", "'two of each'")) for name, source in CELLS]
    tell = "def tell(x):\n    return [x, x, *[9] * (x == 4)]\nLIMIT = 5"
    for together in TOGETHER.values():
        came, _ = graded({"tell_exercise": tell}, cells, together)
        assert came.result.messages == {"tell-test": "two of each"}


def test_a_test_that_fails_only_after_the_others_says_so():
    keep = "calls = []\ndef keep(x):\n    calls.append(x)\n    return 2 * x"
    tell = "def tell(x):\n    return [x, x][len(calls) - 1:]\nLIMIT = 5"
    came, _ = graded({"keep_exercise": keep, "tell_exercise": tell})
    assert came.result.scores == RIGHT | {"tell-test": 0}
    assert came.result.messages == {"tell-test": LEFT_BEHIND}


def test_a_hidden_line_may_need_what_another_one_imports_and_a_visible_one_what_it_computes():
    cells = [
        *CELLS[:2],
        (
            "keep-test",
            "### BEGIN HIDDEN TESTS\nfrom math import fsum\nn = 1\nassert keep(n) == 2\n### END HIDDEN TESTS",
        ),
        *CELLS[3:4],
        ("tell-test", "### BEGIN HIDDEN TESTS\nassert fsum(tell(1)) == 2, f'{tell(1)}'\n### END HIDDEN TESTS"),
        ("last-exercise", "def last():\n    return 1"),
        ("last-test", "assert last() == n, f'{last()}'"),
    ]
    came, _ = graded({"tell_exercise": "def tell(x):\n    return [x]"}, cells)
    assert came.result.messages == {"tell-test": "[1]"}
    came, _ = graded({"last_exercise": "def last():\n    return 3"}, cells)
    assert came.result.messages == {"last-test": "AssertionError: assert last() == n, f'{last()}'"}


def test_only_who_has_something_to_be_told_costs_another_process():
    def started(without="", **changes):
        return graded(changes, [cell for cell in CELLS if cell[0] != without])[1]

    no_program = {"without": "show-program"}
    assert started(**no_program) == 1
    assert started(**no_program, keep_exercise="def keep(x):\n    return 0") == 1
    assert started(**no_program, keep_exercise="def keep(x):\n    return 2 if x == 1 else 0") == 1
    assert (
        started(**no_program, tell_exercise="def tell(x):\n    return 0", last_exercise="def last():\n    return 0")
        == 2
    )
    assert started() == 2  # what a program shows below a test with hidden lines


def test_the_time_of_the_cells_is_not_taken_twice():
    """The second process has time for its cells, though the first has used it."""
    limits = replace(LIMITS, total=3)
    cells = [("wait", "import time\ntime.sleep(2)"), *CELLS]
    came, started = graded({"tell_exercise": "def tell(x):\n    raise ValueError('here')"}, cells, limits=limits)
    assert (started, came.result.status) == (2, "graded")
    assert came.result.messages == {"tell-test": "ValueError: here"}


def test_when_the_time_is_over_the_least_is_said():
    test, other, _ = Master("one", {"one": bytes_of(made_of(CELLS))}).tests
    unclear = {
        one: Verdict(0.0, f"{one.key} for {SECRET}", "AssertionError", can_be_shown=False) for one in (test, other)
    }
    again = Ran({test: Verdict(0.0, "tell for 1"), other: unclear[other]}, {"it": ["new"]}, {}, "graded", [], [])
    first = Ran(unclear, {"it": None}, {}, "graded", [], [], is_whole=False)
    asked = []

    def run_again(tests):
        asked.append(set(tests))
        return again

    verdicts, rest = without_leaks(first, run_again, 0)
    assert [verdicts[one].message for one in (test, other)] == ["tell for 1", "AssertionError"]
    assert rest is again and asked == [set()]
