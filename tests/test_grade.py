"""grade.py: whole submissions, of this assignment and of one that has nothing to do with it, and what is no grade."""

import contextlib
import json
from dataclasses import replace

import assignments
import nbformat
import psutil
import pytest
from answers import RIGHT, WRONG
from assignments import LIMITS, WORDS, bytes_of, graded, notebook, result_of
from called import defective
from courses import ROOT
from run_all import cells_by_id
from test_together import SPLIT

from grading.grade import grade_one
from grading.grader import IsolatedGrader, close_graders, grader_for
from grading.isolation import Isolated
from grading.master import Master
from grading.master_cells import DEFERRED_TAG
from grading.result import Submitted
from grading.sandbox import NoSandbox, find_sandbox
from grading.work import Work

words = assignments.words  # a fixture

SOURCE = ROOT / "source" / "initialization"


@pytest.fixture(scope="module")
def master():
    return Master(
        "initialization",
        {"initialization": (SOURCE / "initialization.ipynb").read_bytes()},
        {path.name: path.read_bytes() for path in (ROOT / "release" / "initialization").glob("*.py")},
    )


def test_another_assignment_grades_with_no_change(words):
    result = graded(words, WORDS)
    assert (result.status, result.scores, result.message) == (
        "graded",
        {"count-test": 5, "scale-test": 5, "total-test": 5, "loud-test": 5},
        "All checks passed.",
    )


@pytest.mark.parametrize(
    ("changes", "scores", "words_of_the_message"),
    [
        ({"count_exercise": "def count(text):\n    return {}"}, [0, 5, 5, 5], "count"),
        (
            {"count_exercise": "def count(text):\n    return Counter(text.split()) if text else None"},
            [0, 5, 5, 5],
            "an empty text",
        ),
        ({"scale_exercise": "def scale(table, by=2):\n    return table * by\nLIMIT = 8"}, [5, 0, 5, 5], "scale"),
        ({"scale_exercise": "def scale(table):\n    return table"}, [5, 0, 5, 5], "TypeError"),
        (
            {"total_exercise": "def total(basket):\n    return 3 * len(basket)"},
            [5, 5, 10 / 3, 5],
            "3.33333 of 5 points",
        ),
        ({"total_exercise": "def total(basket):\n    return 1/0"}, [5, 5, 0, 5], "ZeroDivisionError"),
        ({"loud_exercise": "def loud(names):\n    return names"}, [5, 5, 5, 0], "AssertionError"),
        ({"loud_exercise": "raise RuntimeError"}, [5, 5, 5, 0], "'loud' is not defined"),
        (
            {"loud_exercise": "def loud(names):\n    retrun names"},
            [5, 5, 5, 0],
            "its cell can't be run: SyntaxError: invalid syntax (line 2: retrun names)",
        ),
        (
            {"loud_exercise": "nowhere()\ndef loud(names):\n    return [shout(name) for name in names]"},
            [5, 5, 5, 0],
            "its cell can't be run: NameError: name 'nowhere' is not defined",
        ),
        (  # what stands below an import that fails is there
            {"total_exercise": "import nowhere\ndef total(basket):\n    return nowhere.total(basket)"},
            [5, 5, 0, 5],
            "NameError: name 'nowhere' is not defined",
        ),
        (
            {"loud_exercise": "import nowhere\ndef loud(names):\n    return [shout(name) for name in names]"},
            [5, 5, 5, 5],
            "All checks passed.",
        ),
        (
            {"imports": "import nowhere", "loud_exercise": "def loud(names):\n    return names"},
            [5, 5, 5, 0],
            "AssertionError",
        ),
    ],
)
def test_what_is_wrong_costs_its_own_points(words, changes, scores, words_of_the_message):
    result = graded(words, WORDS, **changes)
    assert list(result.scores.values()) == pytest.approx(scores)
    assert result.status == "graded" and words_of_the_message in result.message


def test_what_an_error_says_reaches_the_message_as_text(words):
    loud = "def count(text):\n    raise ValueError('\\x1b[31mred')"
    result = graded(words, WORDS, count_exercise=loud)
    assert "ValueError: \N{REPLACEMENT CHARACTER}[31mred" in result.message and result.message.isprintable()


RIGHT_WORDS = Submitted("zoe", "", {"words": bytes_of(notebook(WORDS))})


def test_the_trouble_of_a_machine_is_no_grade(words):
    class Broken:
        def start(self, *arguments):
            raise OSError("too many open files")

    with pytest.raises(NoSandbox, match="could not be started: too many open files. Nothing was graded"):
        grade_one(Work(words, LIMITS), RIGHT_WORDS, Broken())


def test_a_defect_of_the_grader_is_a_state_and_no_score(words):
    processes = IsolatedGrader(Work(words, LIMITS))
    processes.isolated = Isolated(defective)
    with contextlib.closing(processes.isolated):
        done = processes.grade(RIGHT_WORDS, frozenset())
    assert (done.result.status, done.result.scores) == ("failed", dict.fromkeys(words.points))
    assert "The grader could not finish it: KeyError: 'a defect'. Grade it by hand" in done.result.message
    shown = json.loads(done.notebooks["words"])["cells"]
    assert {f"{name}-test" for name in ("count", "scale", "total", "loud")} <= {cell["id"] for cell in shown}


def test_who_grades_for_one_class_goes_on_when_another_one_begins(words):
    first = grader_for(Work(words, LIMITS))
    assert first is grader_for(Work(words, LIMITS, together=frozenset({"count-test"})))
    assert first.grade(RIGHT_WORDS, frozenset()).result.score == 20
    warm = psutil.Process(first.isolated.fork_server.process.pid)
    second = grader_for(Work(words, replace(LIMITS, call=1)))
    assert second is not first and first.grade(RIGHT_WORDS, frozenset()).result.score == 20
    assert warm.is_running()
    del first
    assert not warm.is_running()
    close_graders()


def test_assignments_with_the_same_cells_are_not_taken_for_each_other(words):
    renamed = replace(words, name="again", authored={"letters": words.authored["words"]})
    for master in (words, renamed):
        result = grader_for(Work(master, LIMITS)).grade(RIGHT_WORDS, frozenset()).result
        assert (result.assignment, [*result.notes]) == (master.name, [*master.authored])
    close_graders()


# --------------------------------------------------------------------- several notebooks


def test_each_notebook_of_an_assignment_has_its_own_grades():
    first = [("it-exercise", "def it():\n    return 1"), ("it-test", "assert it() == 1")]
    second = [("it-exercise", "def it():\n    return 2"), ("it-test", "assert it() == 2"), *SPLIT[1:]]
    master = Master("two", {"a": bytes_of(notebook(first)), "b": bytes_of(notebook(second))})
    work = Work(master, LIMITS)

    def handed_in(**notebooks):
        missing = {name: f"Expected {name}.ipynb." for name in master.authored if name not in notebooks}
        return grade_one(work, Submitted("zoe", "", notebooks, missing), find_sandbox())

    done = handed_in(a=bytes_of(notebook(first)), b=bytes_of(notebook(second)))
    assert done.result.scores == {"a/it-test": 5, "b/it-test": 5, "double-test": 5}
    assert (done.result.status, done.result.message) == ("graded", "All checks passed.")
    assert [*done.notebooks] == ["a", "b"]
    swapped = handed_in(a=bytes_of(notebook(second)), b=bytes_of(notebook(first))).result
    assert swapped.scores == {"a/it-test": 0, "b/it-test": 0, "double-test": 0}
    alone = handed_in(a=bytes_of(notebook(first))).result
    assert (alone.status, alone.scores) == ("graded", {"a/it-test": 5, "b/it-test": 0, "double-test": 0})
    assert "b: Expected b.ipynb." in alone.message
    assert handed_in().result.status == "missing"
    broken = handed_in(a=b"{", b=bytes_of(notebook(second))).result
    assert (broken.status, broken.score) == ("malformed", 10) and "a: It can't be read" in broken.message


# --------------------------------------------------------------- this assignment


def test_reference_earns_all_and_release_nothing(master):
    for folder, score in (("source", 30), ("release", 0)):
        data = (ROOT / folder / "initialization" / "initialization.ipynb").read_bytes()
        result = result_of(master, data)
        assert (result.status, result.score, result.max_score) == ("graded", score, 30)


def test_training_is_not_run(master, source):
    """The given training cells take seconds, and no test needs them. Here they would end the process that runs them."""
    made = nbformat.from_dict(source)
    training = [cell for cell in made.cells if cell.id.endswith("-train")]
    assert len(training) == 3 and all(DEFERRED_TAG in cell.metadata.tags for cell in training)
    for cell in training:
        cell.source = "import os\nos._exit(3)"
    result = result_of(replace(master, authored={"initialization": bytes_of(made)}), made)
    assert (result.status, result.score) == ("graded", 30)


@pytest.fixture(scope="module")
def typed(released):
    """Grade the release with one exercise's answer typed in."""

    def of(master, answer):
        made = nbformat.from_dict(released)
        cells_by_id(made)[f"{answer.exercise}-exercise"].source = answer.source
        return result_of(master, made)

    return of


@pytest.mark.parametrize("answer", RIGHT, ids=lambda answer: answer.id)
def test_right_answers_keep_their_points(master, typed, answer):
    result = typed(master, answer)
    assert result.scores == dict.fromkeys(("zeros-test", "random-test", "he-test"), 0.0) | {
        f"{answer.exercise}-test": 10.0
    }, result.message


@pytest.mark.parametrize("answer", WRONG[::7], ids=lambda answer: answer.id)
def test_wrong_answers_get_no_points(master, typed, answer):
    result = typed(master, answer)
    assert result.score == 0
    assert result.status == ("timed_out" if "never ends" in answer.name else "graded"), result.message
