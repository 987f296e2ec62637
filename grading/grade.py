"""Grades one submission: a `Submission` in, a `Result` out. No database, no disk of the course, no nbgrader.

`grade_together` does so for some of them, as bytes, and is what an engine maps over a class.
"""

import functools
import hashlib
import json
import platform
import re
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from grading.checks import Bench, judge, said, surroundings
from grading.master import Master, defines, plain
from grading.page import page
from grading.result import CRASHED, GRADED, MALFORMED, MISSING, SUBMIT_AGAIN, TIMED_OUT, Graded, Result
from grading.sandbox import Limits, NoSandbox, available, named
from grading.student import StudentDied, StudentProcess
from grading.submission import Rejected, read


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
    dict of str to list
        What each program that a person grades printed and drew, by its grade id, as outputs of a notebook.
    """
    given = [{"names": statement.names, "source": statement.source} for statement in master.given]
    imports = imports_of(master, submission)
    process = StudentProcess(lambda: sandbox.start(master.helpers, limits, imports), given, [*master.wanted], limits)
    with surroundings(master), process as student:
        verdicts, outputs = walk(master, submission, student)
        deaths = student.died
    messages = {test.grade_id: verdicts[test].message for test in master.tests if verdicts[test].message}
    given_up = {answer.grade_id: 0.0 for answer in master.answers if answer.grade_id in untouched(master, submission)}
    found = {test.grade_id: verdicts[test].points for test in master.tests} | given_up
    scores = {name: found.get(name) for name in master.points}
    remarks = [f"{master.titles[name]}: {in_short(message)}" for name, message in messages.items()]
    remarks += [f"{master.titles[name]}: no answer" for name in given_up]
    if any(death.timed_out for death in deaths):
        status = TIMED_OUT
        remarks.insert(0, f"code ran for more than {limits.call:g} s and was stopped: look for a loop that never ends")
    elif deaths:
        status = CRASHED
        remarks.insert(0, "a cell ended the notebook's own process: read its code before you run it")
    else:
        status = GRADED
    by_hand = sum(score is None for score in scores.values())
    message = "; ".join(remarks) or "All checks passed." * (not by_hand)
    if by_hand:
        message = f"{message.rstrip('.')}. A person grades {by_hand} of {len(scores)} parts.".removeprefix(". ")
    return Result(student_id, master.name, status, scores, master.points, message, messages), outputs


def without_score(master, student_id, status, message):
    """Return the result of what could not be graded."""
    return Result(student_id, master.name, status, dict.fromkeys(master.points, 0.0), master.points, message)


def untouched(master, submission):
    """Return the grade ids of the solution cells that are as the student found them."""
    return tuple(name for name, cell in master.solved(submission.cells).items() if cell.source == master.stubs[name][1])


def in_short(message):
    """Return a check's message in one line, less the call that it begins with where it has several."""
    if "NotImplementedError" in message:
        return "not written yet"
    first, *rest = message.splitlines()
    return " ".join(" ".join(line.split()) for line in rest or [first])


def imports_of(master, submission):
    """Return all given imports if the student's own cells seem to use one of them: importing it takes longer than grading."""
    own = (cell.source for cell in submission.cells if cell.kind == "code" and not is_given(master, cell))
    words = {word for source in own for word in re.findall(r"\w+", source)}
    return tuple(dict.fromkeys(master.imports.values())) if words & master.imports.keys() else ()


def is_given(master, cell):
    return plain(cell.source) in master.given_sources


def walk(master, submission, student):
    """Run a submission from top to bottom, and each test where it stands.

    Return the verdict on each test, and what the programs that a person grades printed and drew.
    """
    bench, verdicts, versions, broken, outputs = Bench(master, student), {}, {}, {}, {}
    solved = master.solved(submission.cells)
    shown = {
        id(solved[one.grade_id]): one.grade_id
        for one in master.answers
        if one.kind == "code" and one.grade_id in solved
    }
    for cell in submission.cells:
        if cell.kind != "code":
            continue
        test = master.test_at(cell)
        # A test is not the student's to run, unless an answer was merged into its cell.
        answers = master.answers_in(cell)
        if id(cell) in shown or not is_given(master, cell) and (test is None or answers):
            error = attempt(student, cell.source, id(cell) in shown)
            broken |= dict.fromkeys(answers, error) if error else {}
            if id(cell) in shown:
                outputs[shown[id(cell)]] = student.outputs
        if test is not None and test not in verdicts:
            verdicts[test] = judge(test, bench)
            versions[test] = {name: count(student, name) for name in bench.asked}
    for name in master.wanted:
        for cell in submission.cells:
            # An exercise whose cell was turned into text by a slip of the keyboard.
            if cell.kind != "code" and defines(cell, name) and not count(student, name):
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
    for name, error in broken.items():
        why = f"{name} is not defined, because its cell can't be run: {' '.join(said(error).split())}"
        for test in master.tests:
            if verdicts[test].message and name in test.source and not count(student, name):
                verdicts[test] = replace(verdicts[test], message=why)
    return verdicts, outputs


def attempt(student, source, show=False):
    """Run a cell, with its outputs kept where they are to be shown, and return the error that it ended in, or None.

    An error or a death costs only what depends on the cell. What a deadly cell defines is kept.
    """
    died = []
    for definitions in (False, True):
        try:
            error = student.run(source, definitions, show)
            student.outputs += died
            return error
        except StudentDied as death:  # noted in student.died, and the next request starts a new process
            died = [{"output_type": "error", "evalue": str(death)}]
    student.outputs = died
    return None


def count(student, name):
    """Return how many values the student's cells gave a name."""
    try:
        return student.about(name)[0]
    except StudentDied:
        return 0


# ------------------------------------------------------------- what an engine maps


@functools.cache
def version():
    """Return what a grade depends on besides the course and the submission: the grader, Python and NumPy."""
    grader = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
    return f"grading/ {grader.hexdigest()[:12]}, Python {platform.python_version()}, NumPy {np.__version__}"


@dataclass(frozen=True)
class Work:
    """What is the same for every submission of a class.

    Attributes
    ----------
    master : grading.checks.Master
    limits : grading.sandbox.Limits
    sandbox : str or None
        Name of a sandbox; None for the first that works wherever it is graded.
    version : str
        What it has to be graded with.
    """

    master: Master
    limits: Limits
    sandbox: str | None = None
    version: str = field(default_factory=version)


class OtherVersion(RuntimeError):
    """A node of a cluster would grade with other code than the one that gave the command."""

    def __init__(self, node, theirs, ours):
        super().__init__(node, theirs, ours)  # what it is pickled by

    def __str__(self):
        node, theirs, ours = self.args
        return (
            f"The node {node} has {theirs}, and the command was given with {ours}. "
            "Use one checkout and one set of requirements everywhere."
        )


ONE_AT_A_TIME = threading.Lock()  # judging imports the course's helpers and catches what they print


def grade_together(work, batch):
    """Grade some submissions, one after the other, in this process."""
    if work.version != version():
        raise OtherVersion(platform.node(), version(), work.version)
    with ONE_AT_A_TIME:
        sandbox = named(work.sandbox) if work.sandbox else available()
        return [grade_one(work, submitted, sandbox) for submitted in batch]


def grade_one(work, submitted, sandbox):
    """Grade one submission, whatever it is, and make the notebook that its feedback is made of."""
    started, student, submission, outputs = time.monotonic(), submitted.student_id, None, {}
    try:
        if submitted.data is None:
            result = without_score(work.master, student, MISSING, submitted.remark)
        else:
            submission = read(submitted.data)
            result, outputs = grade(work.master, submission, student, sandbox, work.limits)
            if submitted.remark:
                result = replace(result, message=f"{result.message.rstrip('.')}. {submitted.remark}")
    except Rejected as rejection:
        result = without_score(work.master, student, MALFORMED, f"It can't be read: {rejection}. {SUBMIT_AGAIN}")
    except (OSError, NoSandbox):
        raise  # this machine's trouble, and not the submission's
    except Exception as error:  # noqa: BLE001 - a defect of ours must not stop the class
        why = f"The grader itself failed on it ({type(error).__name__}: {str(error)[:200]}). Report this, and grade it by hand."
        result = without_score(work.master, student, CRASHED, why)
    try:
        shown = page(work.master, submission, result, outputs)
    except Exception:  # noqa: BLE001 - nor must what can't be shown
        shown = page(work.master, None, result, {})
    notebook = json.dumps(shown, ensure_ascii=False, indent=1)
    empty = untouched(work.master, submission) if submission else tuple(work.master.stubs)
    return Graded(result, notebook, submitted.digest, empty, time.monotonic() - started)
