"""A large class whose mistakes are known: a dozen notebooks are graded for real, and each student is put together of their exercises.

What everybody did is known from the bank of answers, so a test can count it without asking the grader. The classes of
`test_insight.py`, `test_insight_page.py` and `test_browser.py` are made here.
"""

import itertools
import json
import random
from dataclasses import dataclass

from answers import EXERCISES, WRONG
from corpus import blank
from courses import copy_course
from programs import run_as
from run_all import cells_by_id

from grading import store, tables
from grading.assignment import CourseAssignment
from grading.grader import grader_for
from grading.insight import Bar, Earlier, Example, Exercise, Insight, Mistake, Past, Scores
from grading.release import release
from grading.result import GradedSubmission, Result, Status, Submitted
from grading.work import Work

NAME = "initialization"
DUE, LATE = "2026-03-01 12:00:00 UTC", "2026-03-01 15:30:00 UTC"
STUB = "stub"
# What goes wrong, the most frequent first: the kind and the cause of a message.
ANYWHERE = [
    "weight shape/transposed",
    "bias shape/one dimension",
    "keys/loop one short",
    "error/index",
    "keys/no number",
]
ANYWHERE += ["type/nothing", "error/unknown name", "hidden/the keys"]
DRAWN = ["draws/uniform", "draws/seed inside the loop", "bias value/drawn", "repeat/no seed"]
MISTAKES = {
    "zeros": ["error/shape not a tuple", *ANYWHERE, "zero weight/ones"],
    "random": ["scale of random/hundredth", "scale of random/unscaled", *DRAWN, *ANYWHERE],
    "he": ["scale of he/xavier", "scale of he/variance", "scale of he/fan-out", "error/n of the formula", *DRAWN, *ANYWHERE],
}  # fmt: skip
RIGHT, LEFT = 0.62, 0.05  # of an exercise: how many solve it, and how many leave the stub
STATES = {Status.MISSING: 0.04, Status.TIMED_OUT: 0.01, Status.CRASHED: 0.005}


@dataclass(frozen=True)
class Did:
    """What a student did: of each exercise an empty text, ``stub`` or the mistake; and how it ended."""

    exercises: dict
    status: str
    is_late: bool


def a_thousand(folder):
    """Make a course with a class of 1,000 in a folder, and report on it; return what each student did."""
    known, course = bank(folder / "bank"), copy_course(folder / "large" / "a course")
    release(CourseAssignment(NAME, course))
    did = make(CourseAssignment(NAME, course), 1_000, known)
    line = ["grading", "report", NAME, "--course", str(course), "--anonymous"]
    code, log = run_as("grading.__main__", course, line, {})
    assert code == 0, log
    return did


def bank(folder):
    """Grade real notebooks; return by exercise and mistake what came of each answer, and what is known of right ones."""
    place = copy_course(folder / "a course")
    release(CourseAssignment(NAME, place))
    course = CourseAssignment(NAME, place)
    grading = grader_for(Work(course.master, course.limits))
    wrong = {
        exercise: [
            answer for kind in kinds for answer in WRONG if (answer.exercise, answer.message) == (exercise, kind)
        ]
        for exercise, kinds in MISTAKES.items()
    }
    found = {exercise: {} for exercise in EXERCISES}
    for several in itertools.zip_longest(*wrong.values()):
        notebook, kinds = blank(solved=EXERCISES), {}
        for answer in filter(None, several):
            cells_by_id(notebook)[f"{answer.exercise}-exercise"].source = f"# by zoe\n{answer.source}"
            kinds[answer.exercise] = answer.message
        keep(found, graded(grading, notebook), kinds)
    keep(found, graded(grading, blank()), dict.fromkeys(EXERCISES, STUB))
    right = graded(grading, blank(solved=EXERCISES)).right
    return found | {"": right}


def graded(grading, notebook):
    return grading.grade(Submitted("zoe", "", {NAME: json.dumps(notebook).encode()}), frozenset()).result


def keep(found, result, kinds):
    for exercise, kind in kinds.items():
        key = f"{exercise}-test"
        found[exercise].setdefault(kind, []).append((result.messages[key], result.failures[key]))


def make(course, count, known, seed=1):
    """Store the results of a class in a course that was released; return what each student did, by id."""
    chance, did = random.Random(seed), {}
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=DUE)
    for number in range(count):
        did[f"s{number:05}"] = what_is_done(chance)
    with store.opened(course, "a test") as writer:
        writer.remember_version()
        for some in tables.in_batches([*did]):
            writer.store([as_graded(course, student, did[student], known, chance) for student in some])
    for student in did:
        course.submission(student).parent.mkdir(parents=True)
    return did


def what_is_done(chance):
    states = chance.choices([*STATES, Status.GRADED], [*STATES.values(), 1 - sum(STATES.values())])
    exercises = {}
    for exercise, kinds in MISTAKES.items():
        kind = chance.choices(kinds, [1 / (1 + place) for place in range(len(kinds))])[0]
        exercises[exercise] = chance.choices(["", STUB, kind], [RIGHT, LEFT, 1 - RIGHT - LEFT])[0]
    return Did(exercises, states[0], chance.random() < 0.05)


def as_graded(course, student, did, known, chance):
    """Return what grading made of a student who did that."""
    points = course.master.points
    scores, messages, failures = dict(points), {}, {}
    for exercise, kind in did.exercises.items():
        key = f"{exercise}-test"
        if did.status == Status.MISSING:
            scores[key] = 0.0
        elif kind:
            messages[key], failures[key] = chance.choice(known[exercise][kind])
            scores[key] = 0.0
    right = {} if did.status == Status.MISSING else {key: known[""][key] for key in points if key not in failures}
    receipt = {"timestamp.txt": LATE if did.is_late else DUE}
    result = Result(student, NAME, did.status, scores, points, "Done.", messages, {}, failures, right)
    return GradedSubmission(result, {NAME: b"{}"}, {NAME: b""}, "a digest", (), 0.0, receipt)


def with_everything():
    """Return what a class learned that has all that its page can tell, with names and messages of hostile students."""
    hostile = "</bdi></details><h3>12 of 87: a mistake</h3><script>document.title = 'taken'</script>\u202e"
    ids = [f"s{number:02}" for number in range(30)] + [hostile, "  ", "ü" * 100]
    mistakes = [
        Mistake("a" * 12, "one", "A title of the course", "kind", "cause", "CheckFailed", "f(1)", True, True,
                Example("Look at `x`.", 20), Example("return " + "x * " * 40, 11), ids[:20]),
        Mistake("b" * 12, "two", "", "", "", "AssertionError", "assert f(1) == 2", True, True, None, None, ids[20:24]),
        Mistake("c" * 12, "two", "", "", "", "KeyError", f"KeyError: {hostile}", True, False, None, Example(hostile, 1), ids[24:27]),
        Mistake("d" * 12, "one", "", "", "", "CheckFailed", hostile * 3, False, False, None, None, ids[27:]),
        *(Mistake(f"{number:012}", "one", f"Mistake {number}", "", "", "", "", True, True, None, None, ids[:1]) for number in range(70)),
    ]  # fmt: skip
    full = {"one": 3, "two": 9}
    before = Earlier("2026-11-20T10:00:00+01:00", ids[1:], full, [Past("e" * 12, "one", hostile, 4)])
    exercises = [Exercise("one", "Exercise 1", 4.0, 2, 20, 10, 1, ids[:3]), Exercise("two", hostile, 3.0, 9, 0, 24)]
    bars = [Bar(number / 2, (number + 1) / 2, number * 3 % 8) for number in range(10)]
    states = {"graded": ids[:28], "timed_out": ids[28:29], "crashed": ids[29:30], "malformed": ids[30:31]}
    states |= {"failed": ids[31:32], "missing": ids[32:]}
    made = "2026-11-27T10:00:00+01:00"
    scores = Scores(5.0, 2, 2.25, 2.0, 1, bars)
    return Insight("x", "Everything", made, made, states, ids[:2], ids[2:9], 11, scores, exercises, mistakes, before)
