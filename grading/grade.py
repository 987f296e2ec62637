"""Grades one submission: what was handed in, as bytes, to a `Result`. No database, no disk of the course, no nbgrader."""

import json
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grading.checks import Verdict
from grading.excerpt import mark, typed_in
from grading.formgrader import formgrader_notebook
from grading.launch import Process, Sandbox
from grading.master import Master
from grading.master_cells import Test
from grading.master_notebook import MasterNotebook
from grading.notebook_run import NotebookRun, Outputs, asks_for_imports
from grading.page import cells_as_json, page_cells
from grading.pipe import StudentDied
from grading.released import released_environment
from grading.result import GROUPED_BY, SUBMIT_AGAIN, Failure, GradedSubmission, Result, Status, Submitted, shortened
from grading.shown import shown_cells
from grading.student import StudentProcess
from grading.submission import Rejected, Submission, read_notebook
from grading.work import Work

LEFT_BEHIND = (
    "It fails after the tests above it, and passes without them: look for what a call of your functions leaves behind, "
    "such as a changed global name."
)
TO_A_TEACHER = re.compile(r" ?Ask the student to [^.]*\.")  # the end of a sentence that a student reads, too
WORST_FIRST = Status.FAILED, Status.TIMED_OUT, Status.CRASHED, Status.MALFORMED, Status.MISSING, Status.GRADED

Files = dict[str, bytes]  # by their paths


@dataclass(frozen=True)
class Ran:
    """What came of running one notebook of a submission from top to bottom.

    Attributes
    ----------
    verdicts, outputs
        As `grading.notebook_run.NotebookRun` has them.
    written : dict of str to bytes
        What the cells wrote into files.
    status, why, notes
        As `ending` returns them.
    is_whole : bool
        Whether the student's code knew of no hidden lines in all of it that is shown, but for what the verdicts say.
    """

    verdicts: dict[Test, Verdict]
    outputs: dict[str, Outputs | None]
    written: dict[str, bytes]
    status: Status
    why: list[str]
    notes: str
    is_whole: bool = True


@dataclass(frozen=True)
class NotebookResult:
    """How one notebook of a submission ended.

    Attributes
    ----------
    status : Status
    why : list of str
        What happened.
    scores, messages : dict
        As in `Result`.
    outputs : dict of str to list
        What each program that a person grades printed and drew, by its grade id, as outputs of a notebook.
    written : dict of str to bytes
        What the cells wrote into files, for the notebook that comes next.
    said : list of str
        What the tests said, in short.
    notes : str
        What happened, for the student.
    failures, right : dict
        As in `Result`.
    """

    status: Status
    why: list[str]
    scores: dict[str, float | None]
    messages: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Outputs | None] = field(default_factory=dict)
    written: dict[str, bytes] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    notes: str = ""
    failures: dict[str, Failure] = field(default_factory=dict)
    right: dict[str, tuple[str, ...]] = field(default_factory=dict)


def grade(
    work: Work, notebook: MasterNotebook, submission: Submission, sandbox: Sandbox, beside: Files | None = None
) -> NotebookResult:
    """Grade one notebook of a submission.

    Parameters
    ----------
    work : grading.work.Work
    notebook : grading.master_notebook.MasterNotebook
    submission : grading.submission.Submission
    sandbox : grading.launch.Sandbox
    beside : dict of str to bytes, optional
        What the student handed in beside it. What the release gives goes before.
    """

    def run_once(asked: Collection[Test] | None = None) -> Ran:
        return run_in(work, notebook, submission, sandbox, beside or {}, asked)

    first = run_once()
    verdicts, rest = without_leaks(first, run_once, work.limits.total)
    messages = {test.key: verdicts[test].message for test in notebook.tests if verdicts[test].message}
    empty = untouched(notebook, submission)
    given_up = {answer.key: 0.0 for answer in notebook.answers if answer.grade_id in empty}
    found = {test.key: verdicts[test].points for test in notebook.tests} | given_up
    titles = work.master.titles
    said = [f"{titles[test.key]}: {in_line(verdicts[test])}" for test in notebook.tests if verdicts[test].message]
    said += [f"{titles[name]}: no answer" for name in given_up]
    typed = typed_in(notebook, submission)
    lines = {test.key: typed.get(test.grade_id, ()) for test in notebook.tests if not verdicts[test].message}
    return NotebookResult(
        first.status,
        first.why,
        {name: found.get(name) for name in notebook.points},
        messages,
        rest.outputs,
        rest.written,
        said,
        rest.notes if rest.status == first.status else first.notes,
        failures_of(notebook, typed, verdicts, empty),
        {key: tuple(map(mark, some)) for key, some in lines.items()},
    )


def run_in(
    work: Work,
    notebook: MasterNotebook,
    submission: Submission,
    sandbox: Sandbox,
    beside: Files,
    asked: Collection[Test] | None,
) -> Ran:
    """Run one notebook of a submission in a process of its own; see `grading.notebook_run.NotebookRun`."""
    preload = work.preload if asks_for_imports(notebook, submission, work.together) else work.emptier

    def start() -> Process:
        return sandbox.start(work.limits, preload)

    files = {**work.master.files, **beside, **work.master.files}  # what the release gives first, and as it gives it
    is_last = notebook is [*work.master.notebooks.values()][-1]
    with (
        released_environment(work.master.files),
        StudentProcess(start, files, [*notebook.wanted], work.limits) as student,
    ):
        run = NotebookRun(notebook, submission, student, work.together, asked)
        run.run()
        written = {} if is_last else student.written_files(work.limits.disk)
    are_known = all(death.cell is not None for death in student.died)
    is_whole = are_known and None not in run.outputs.values() and not (written and student.leaked)
    return Ran(run.verdicts, run.outputs, written, *ending(student), is_whole)


def failures_of(
    notebook: MasterNotebook, typed: dict[str, tuple[str, ...]], verdicts: dict[Test, Verdict], empty: tuple[str, ...]
) -> dict[str, Failure]:
    """Return why a notebook's cells have not all their points, by their keys.

    Parameters
    ----------
    notebook : grading.master_notebook.MasterNotebook
    typed : dict of str to tuple of str
        What `grading.excerpt.typed_in` returned.
    verdicts : dict of Test to Verdict
    empty : tuple of str
        The grade ids of the answers that are as the student found them.
    """
    found = {}
    for test in notebook.tests:
        verdict = verdicts[test]
        if verdict.message:
            of = [name for name, judge in notebook.judged_by.items() if judge == test.grade_id]
            found[test.key] = replace(
                verdict.failure,
                said=shortened(verdict.message.partition("\n")[0], GROUPED_BY),
                is_fixed=verdict.message in (verdict.own_message, LEFT_BEHIND),
                is_stub=bool(of) and set(of) <= set(empty) or verdict.failure.is_stub,
                lines=typed.get(test.grade_id, ()),
            )
    answers = (answer.key for answer in notebook.answers if answer.grade_id in empty)
    return found | {key: Failure(said="No answer.", is_stub=True) for key in answers}


# One function: a loop whose end hangs on all that it has found.
def without_leaks(
    first: Ran, run_once: Callable[[Collection[Test]], Ran], seconds: float
) -> tuple[dict[Test, Verdict], Ran]:
    """Return the verdicts on a submission as they can be shown, with nothing in them that hidden lines asked for, and a run that is whole.

    The student's code knows what that is once it was called with it, and can tell it wherever it likes. What it made
    after that is made once more, in a process that knows nothing. The points stay.

    Parameters
    ----------
    first : Ran
    run_once : callable
        Runs it once more, with the hidden lines of some tests.
    seconds : float
        After these nothing is made once more.

    Returns
    -------
    dict of Test to Verdict
    Ran
    """
    verdicts, rest = dict(first.verdicts), first
    end = time.monotonic() + seconds
    while True:
        unclear = {test for test, verdict in verdicts.items() if verdict.message and not verdict.can_be_shown}
        if rest.is_whole and (not unclear or time.monotonic() > end):
            break
        again = run_once(unclear if rest.is_whole else ())
        clear = {test: again.verdicts[test] for test in unclear if again.verdicts[test].can_be_shown}
        for test, verdict in clear.items():
            is_as_before = verdict.message and verdict.points <= verdicts[test].points
            told = (verdict.message, verdict.failure) if is_as_before else (LEFT_BEHIND, Failure())
            verdicts[test] = replace(verdicts[test], message=told[0], can_be_shown=True, failure=told[1])
        if rest.is_whole and not clear:
            break
        rest = rest if rest.is_whole else again
    return {test: one if one.can_be_shown else in_own_message(one) for test, one in verdicts.items()}, rest


def in_own_message(verdict: Verdict) -> Verdict:
    """Return a verdict that says nothing but the test's own words."""
    return replace(verdict, message=verdict.own_message, failure=verdict.failure.in_own_words())


def ending(student: StudentProcess) -> tuple[Status, list[str], str]:
    """Return the state in which the student's process was left, what to say of it, and what to say to the student."""
    late = next((death for death in student.died if death.timed_out), None)
    if late and student.seconds_left > 0:
        why = late.why
        return Status.TIMED_OUT, [f"{why}, and was stopped: look for a loop that never ends"], sentence(why, late)
    if student.seconds_left <= 0:
        why = f"the cells together took more than {student.limits.total:g} s: of the rest only what it defines was run"
        return Status.TIMED_OUT, [why], sentence(why)
    if student.died:
        why = "a cell ended the notebook's own process"
        return Status.CRASHED, [f"{why}: read its code before you run it"], sentence(why, student.died[0])
    return Status.GRADED, [], ""


def sentence(why: object, death: StudentDied | None = None) -> str:
    """Return what happened as a sentence for the student, with the beginning of the cell that was running at a death."""
    line = death.cell.strip().partition("\n")[0] if death and death.cell else ""
    return f"{str(why)[0].upper()}{str(why)[1:]}{f': the one that begins with `{line[:80]}`' * bool(line)}."


def untouched(notebook: MasterNotebook, submission: Submission) -> tuple[str, ...]:
    """Return the grade ids of the solution cells that are as the student found them."""
    solved = notebook.solved(submission.cells)
    return tuple(name for name, cell in solved.items() if cell.source == notebook.stubs[name][1])


def in_line(verdict: Verdict) -> str:
    """Return what a test said in one line: part by part where it has parts, and else its message."""
    if verdict.failure.is_stub:
        return "not written yet"
    return " ".join(f"{label}: {text}" for label, text in verdict.failure.details) or " ".join(verdict.message.split())


def grade_one(work: Work, submitted: Submitted, sandbox: Sandbox) -> GradedSubmission:
    """Grade one submission, whatever it is, and make what is shown of it."""
    started = time.monotonic()
    known: dict[str, Submission] = {}  # what could be read
    parts: dict[str, NotebookResult] = {}
    beside: Files = submitted.files
    for name, notebook in work.master.notebooks.items():
        parts[name] = grade_notebook(work, notebook, submitted, beside, sandbox, known)
        beside = {**beside, **parts[name].written}
    result = joined(work.master, submitted, parts)
    files = {**submitted.files, **work.master.files}
    shown, cells, empty = {}, {}, set()
    for name, notebook in work.master.notebooks.items():
        shown[name], cells[name] = made_of(notebook, known.get(name), result, parts[name].outputs, files)
        stubs = untouched(notebook, known[name]) if name in known else notebook.stubs
        empty |= {notebook.key(one) for one in stubs}
    seconds = time.monotonic() - started
    return GradedSubmission(result, shown, cells, submitted.digest, tuple(sorted(empty)), seconds, submitted.receipt)


def made_of(
    notebook: MasterNotebook,
    submission: Submission | None,
    result: Result,
    outputs: Mapping[str, Outputs | None] | None = None,
    files: Files | None = None,
) -> tuple[bytes, bytes]:
    """Return what is shown of a notebook: to the formgrader, and on the feedback page."""
    shown = shown_cells(notebook, submission, outputs, files)
    text = json.dumps(formgrader_notebook(notebook, shown, result), ensure_ascii=False)
    return text.encode("utf-8", "replace"), cells_as_json(page_cells(shown)).encode("utf-8", "replace")


def grade_notebook(
    work: Work,
    notebook: MasterNotebook,
    submitted: Submitted,
    beside: Files,
    sandbox: Sandbox,
    known: dict[str, Submission],
) -> NotebookResult:
    """Grade one notebook, whatever was handed in for it; add what could be read of it to ``known``."""
    nothing: dict[str, float | None] = dict.fromkeys(notebook.points, 0.0)
    data = submitted.notebooks.get(notebook.name)
    if data is None:
        why = submitted.missing.get(notebook.name, "It was not handed in.")
        return NotebookResult(Status.MISSING, [why], nothing, notes=TO_A_TEACHER.sub("", why))
    try:
        known[notebook.name] = submission = read_notebook(data)
    except Rejected as rejection:
        return NotebookResult(
            Status.MALFORMED, [f"It can't be read: {rejection}. {SUBMIT_AGAIN}"], nothing, notes=sentence(rejection)
        )
    return grade(work, notebook, submission, sandbox, beside)


# One function: a result is put together from its parts, each in a line.
def joined(master: Master, submitted: Submitted, parts: Mapping[str, NotebookResult]) -> Result:
    """Return the result of a submission from those of its notebooks."""
    scores, messages, failures, right = (
        {key: value for part in parts.values() for key, value in getattr(part, name).items()}
        for name in ("scores", "messages", "failures", "right")
    )
    graded = {name: part for name, part in parts.items() if part.scores} or parts
    status = worst({part.status for part in graded.values()})
    by_hand = sum(score is None for score in scores.values())
    message = in_one({name: [*part.why, *part.said] for name, part in graded.items()})
    message = message or "All checks passed." * (not by_hand)
    notes: dict[str, tuple[str, str]] = {
        name: (part.status, f"{part.notes} {submitted.remark}".strip()) for name, part in parts.items()
    }
    if by_hand:
        message = f"{message.rstrip('.')}. A person grades {by_hand} of {len(scores)} parts.".removeprefix(". ")
    if submitted.remark:
        message = f"{message.rstrip('.')}. {submitted.remark}"
    told = message, messages, notes, failures, right, submitted.is_bare
    return Result(submitted.student_id, master.name, status, scores, master.points, *told)


def worst(states: Collection[Status]) -> Status:
    """Return the state of a submission, from those of its notebooks: one that is missing counts where all are."""
    if {*states} == {Status.MISSING}:
        return Status.MISSING
    return next(one for one in WORST_FIRST if one in states and one != Status.MISSING)


def in_one(remarks: Mapping[str, Sequence[str]]) -> str:
    """Return some remarks on each notebook as one line, with the notebooks' names unless they are alike for all."""
    said = {name: "; ".join(some) for name, some in remarks.items() if some}
    if said and len(said) == len(remarks) and len({*said.values()}) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {one}" for name, one in said.items())


def failed(master: Master, submitted: Submitted, why: str, seconds: float) -> GradedSubmission:
    """Return what came of a submission that the grader could not finish: no score, and a person is asked."""
    why = f"The grader could not finish it: {why}."
    result = Result(
        submitted.student_id,
        master.name,
        Status.FAILED,
        dict.fromkeys(master.points),
        master.points,
        f"{why} Grade it by hand, or ask the student to submit less.",
        notes={name: (Status.FAILED, why) for name in master.notebooks},
    )
    made = {name: made_of(notebook, None, result) for name, notebook in master.notebooks.items()}
    shown, cells = ({name: one[at] for name, one in made.items()} for at in (0, 1))
    return GradedSubmission(result, shown, cells, submitted.digest, (), seconds, submitted.receipt)
