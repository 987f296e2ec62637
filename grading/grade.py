"""Grades one submission: a `Submission` in, a `Result` out. No database, no disk of the course, no nbgrader."""

import re

from grading.checks import Bench, helpers_of, judge, plain
from grading.result import CRASHED, GRADED, TIMED_OUT, Result
from grading.sandbox import Limits
from grading.student import StudentDied, StudentProcess


def grade(master, submission, student_id, sandbox, limits=Limits()):
    """Grade one submission.

    Parameters
    ----------
    master : grading.checks.Master
    submission : grading.submission.Submission
    student_id : str
    sandbox : object
        One of those in `grading.sandbox`.
    limits : grading.sandbox.Limits

    Returns
    -------
    Result
    """
    given = [{"names": statement.names, "source": statement.source} for statement in master.given]
    process = StudentProcess(lambda: sandbox.start(master.helpers, limits), given, [*master.wanted], limits)
    with process as student, helpers_of(master):
        verdicts = walk(master, submission, student)
        deaths = student.died
    scores = {test.exercise: verdicts[test].points for test in master.tests}
    messages = {test.exercise: verdicts[test].message for test in master.tests if verdicts[test].message}
    remarks = [f"{exercise}: {in_short(message)}" for exercise, message in messages.items()]
    if any(death.timed_out for death in deaths):
        status = TIMED_OUT
        remarks.insert(0, f"code ran for more than {limits.call:g} s and was stopped: look for a loop that never ends")
    elif deaths:
        status = CRASHED
        remarks.insert(0, "a cell ended the notebook's own process: read its code before you run it")
    else:
        status = GRADED
    message = "; ".join(remarks) or "All checks passed."
    return Result(student_id, master.name, status, scores, master.exercises, message, messages)


def without_score(master, student_id, status, message):
    """Return the result of what could not be graded."""
    return Result(student_id, master.name, status, dict.fromkeys(master.exercises, 0.0), master.exercises, message)


def in_short(message):
    """Return a check's message in one line, less the call that it begins with where it has several."""
    if "NotImplementedError" in message:
        return "not written yet"
    first, *rest = message.splitlines()
    return " ".join(" ".join(line.split()) for line in rest or [first])


def walk(master, submission, student):
    """Run a submission from top to bottom, and each test where it stands; return the verdict on each test."""
    bench, verdicts, versions = Bench(master, student), {}, {}
    for cell in submission.cells:
        test = master.test_at(cell) if cell.kind == "code" else None
        if test is not None:
            if test not in verdicts:
                verdicts[test] = judge(test, bench)
                versions[test] = {name: count(student, name) for name in bench.asked}
        elif cell.kind == "code" and plain(cell.source) not in master.given_sources:
            attempt(student, cell.source)
    for name in master.wanted:
        for cell in submission.cells:
            # An exercise whose cell was turned into text by a slip of the keyboard.
            if cell.kind != "code" and re.search(rf"^def {name}\b", cell.source, re.MULTILINE) and not count(student, name):
                attempt(student, cell.source)
    for test in master.tests:
        first = verdicts.get(test)
        if first is None:
            verdicts[test] = judge(test, bench)
        elif first.points < test.points and not first.deadly:  # it may stand above the answer
            changed = any(count(student, name) != before for name, before in versions[test].items())
            again = judge(test, bench)
            if changed or again.points > first.points:
                verdicts[test] = max(again, first, key=lambda verdict: verdict.points)
    return verdicts


def attempt(student, source):
    """Run a cell; an error in it, or its death, costs only what depends on it. What a deadly cell defines is kept."""
    for definitions in (False, True):
        try:
            student.run(source, definitions)
            return
        except StudentDied:
            pass  # noted in student.died, and the next request starts a new process


def count(student, name):
    """Return how many values the student's cells gave a name."""
    try:
        return student.about(name)[0]
    except StudentDied:
        return 0
