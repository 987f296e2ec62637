"""Grades one submission: what was handed in, as bytes, to a `Result`. No database, no disk of the course, no nbgrader.

`grade_together` does so for some of them, and is what an engine maps over a class.
"""

import functools
import hashlib
import io
import json
import platform
import re
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from grading.alone import Alone, Ended, Room
from grading.checks import Bench, judge, load_helpers, said, surroundings
from grading.master import Master, defines, plain
from grading.page import as_notebook, look, own_cells
from grading.result import (
    CRASHED,
    FAILED,
    GRADED,
    MALFORMED,
    MISSING,
    SUBMIT_AGAIN,
    TIMED_OUT,
    Graded,
    Result,
    Submitted,
)
from grading.sandbox import STARTING, Limits, NoSandbox, Preload, available, named
from grading.student import RUNNING, StudentDied, StudentProcess
from grading.submission import Place, Rejected, collect, read

SPARE = 60  # seconds for all that is neither a cell nor a test
ANSWER = 32 << 20  # bytes of what is made of one notebook
MADE = "notebooks", "cells"  # what of a `Graded` travels as bytes
LEFT_BEHIND = (
    "It fails after the tests above it, and passes without them: look for what a call of your functions leaves behind, "
    "such as a changed global name."
)
TO_A_TEACHER = re.compile(r" ?Ask the student to [^.]*\.")  # the end of a sentence that a student reads, too
WORST_FIRST = FAILED, TIMED_OUT, CRASHED, MALFORMED, MISSING, GRADED


@dataclass(frozen=True)
class Work:
    """What is the same for every submission of a class.

    Attributes
    ----------
    master : grading.master.Master
    limits : grading.sandbox.Limits
    sandbox : str or None
        Name of a sandbox; None for the first that works wherever it is graded.
    together : frozenset of str
        The keys of the tests that run together with the student's code.
    version : str
        What it has to be graded with.
    """

    master: Master
    limits: Limits = Limits()
    sandbox: str | None = None
    together: frozenset = frozenset()
    version: str = field(default_factory=lambda: version())

    @functools.cached_property
    def preload(self):
        """What a sandbox may load before any submission is there."""
        own, slow = self.master.imports
        return Preload(slow, tuple(self.master.files.items()), own)

    @functools.cached_property
    def emptier(self):
        """The same for who asks for nothing that takes long to load: it is forked faster."""
        return replace(self.preload, imports=())


@dataclass(frozen=True)
class Walked:
    """What came of running one notebook of a submission from top to bottom.

    Attributes
    ----------
    verdicts, outputs
        As `walk` returns them.
    written : dict of str to bytes
        What the cells wrote into files.
    status, why, notes
        As `ending` returns them.
    is_whole : bool
        Whether the student's code knew of no hidden lines in all of it that is shown, but for what the verdicts say.
    """

    verdicts: dict
    outputs: dict
    written: dict
    status: str
    why: list
    notes: str
    is_whole: bool = True


@dataclass(frozen=True)
class Part:
    """How one notebook of a submission ended.

    Attributes
    ----------
    status : str
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
    """

    status: str
    why: list
    scores: dict
    messages: dict = field(default_factory=dict)
    outputs: dict = field(default_factory=dict)
    written: dict = field(default_factory=dict)
    said: list = field(default_factory=list)
    notes: str = ""


def grade(work, notebook, submission, sandbox, beside=None):
    """Grade one notebook of a submission.

    Parameters
    ----------
    work : Work
    notebook : grading.master.MasterNotebook
    submission : grading.submission.Submission
    sandbox : object
        One of those in `grading.sandbox`.
    beside : dict of str to bytes, optional
        What the student handed in beside it. What the release gives goes before.

    Returns
    -------
    Part
    """
    preload = work.preload if asks_for_imports(notebook, submission, work.together) else work.emptier
    start = lambda: sandbox.start(work.limits, preload)  # noqa: E731
    files = {
        **work.master.files,
        **(beside or {}),
        **work.master.files,
    }  # what the release gives first, and as it gives it
    last = notebook is [*work.master.notebooks.values()][-1]

    def walked(asked=None):
        with surroundings(work.master.files), StudentProcess(start, files, [*notebook.wanted], work.limits) as student:
            verdicts, outputs = walk(notebook, submission, student, work.together, asked)
            written = {} if last else student.written(work.limits.disk)
        named = all(death.cell is not None for death in student.died)
        is_whole = named and None not in outputs.values() and not (written and student.heard)
        return Walked(verdicts, outputs, written, *ending(student), is_whole)

    first = walked()
    verdicts, rest = less_what_was_heard(first, walked, work.limits.total)
    messages = {test.key: verdicts[test].message for test in notebook.tests if verdicts[test].message}
    empty = untouched(notebook, submission)
    given_up = {answer.key: 0.0 for answer in notebook.answers if answer.grade_id in empty}
    found = {test.key: verdicts[test].points for test in notebook.tests} | given_up
    titles = work.master.titles
    said = [f"{titles[name]}: {in_short(message)}" for name, message in messages.items()]
    said += [f"{titles[name]}: no answer" for name in given_up]
    scores = {name: found.get(name) for name in notebook.points}
    notes = rest.notes if rest.status == first.status else first.notes
    return Part(first.status, first.why, scores, messages, rest.outputs, rest.written, said, notes)


def less_what_was_heard(first, walked, seconds):
    """Return the verdicts on a submission as they can be shown, with nothing in them that hidden lines asked for, and a walk that is whole.

    The student's code knows what that is once it was called with it, and can tell it wherever it likes. What it made
    after that is made once more, in a process that knows nothing. The points stay.

    Parameters
    ----------
    first : Walked
    walked : callable
        Walks once more, with the hidden lines of some tests.
    seconds : float
        After these nothing is made once more.

    Returns
    -------
    dict of Test to Verdict
    Walked
    """
    verdicts, rest = dict(first.verdicts), first
    end = time.monotonic() + seconds
    while True:
        unclear = {test for test, verdict in verdicts.items() if verdict.message and not verdict.alone}
        if rest.is_whole and (not unclear or time.monotonic() > end):
            break
        again = walked(unclear if rest.is_whole else ())
        clear = {test: again.verdicts[test] for test in unclear if again.verdicts[test].alone}
        for test, verdict in clear.items():
            is_as_before = verdict.message and verdict.points <= verdicts[test].points
            verdicts[test] = replace(
                verdicts[test], message=verdict.message if is_as_before else LEFT_BEHIND, alone=True
            )
        if rest.is_whole and not clear:
            break
        rest = rest if rest.is_whole else again
    return {test: one if one.alone else replace(one, message=one.least) for test, one in verdicts.items()}, rest


def ending(student):
    """Return the state in which the student's process was left, what to say of it, and what to say to the student."""
    late = next((death for death in student.died if death.timed_out), None)
    if late and student.left > 0:
        call = student.limits.call
        why = str(late).replace(RUNNING.format(call), f"a call ran for more than {call:g} s")
        return TIMED_OUT, [f"{why}, and was stopped: look for a loop that never ends"], sentence(why, late)
    if student.left <= 0:
        why = f"the cells together took more than {student.limits.total:g} s: of the rest only what it defines was run"
        return TIMED_OUT, [why], sentence(why)
    if student.died:
        why = "a cell ended the notebook's own process"
        return CRASHED, [f"{why}: read its code before you run it"], sentence(why, student.died[0])
    return GRADED, [], ""


def sentence(why, death=None):
    """Return what happened as a sentence for the student, with the beginning of the cell that was running at a death."""
    line = death.cell.strip().partition("\n")[0] if death and death.cell else ""
    return f"{str(why)[0].upper()}{str(why)[1:]}{f': the one that begins with `{line[:80]}`' * bool(line)}."


def untouched(notebook, submission):
    """Return the grade ids of the solution cells that are as the student found them."""
    solved = notebook.solved(submission.cells)
    return tuple(name for name, cell in solved.items() if cell.source == notebook.stubs[name][1])


def in_short(message):
    """Return a check's message in one line, less the call that it begins with where it has several."""
    if "NotImplementedError" in message:
        return "not written yet"
    first, *rest = message.splitlines()
    return " ".join(" ".join(line.split()) for line in rest or [first])


def asks_for_imports(notebook, submission, together):
    """Whether what is run seems to use anything that takes long to load; else an emptier process is forked, which is faster."""
    ours = {*notebook.given, *(test.plain for test in notebook.tests)}
    run = [cell.source for cell in submission.cells if cell.kind == "code" and plain(cell.source) not in ours]
    run += [cell.less_imports for cell in notebook.code if cell.is_given and not cell.is_put_off]
    run += [test.source for test in notebook.tests if test.key in together]
    return not notebook.slow.isdisjoint(word for source in run for word in re.findall(r"\w+", source))


def walk(notebook, submission, student, together, asked=None):
    """Run a submission from top to bottom, and each test where it stands.

    With ``asked``, no hidden lines are run but those of one test, the first of these that comes to them.

    Return the verdict on each test, and what the programs that a person grades printed and drew: None where their code
    knew of hidden lines.
    """

    def judged(test):
        is_whole = asked is None or test in asked and student.heard <= {test} and test.key not in together
        return judge(test, bench, test.key in together, is_whole)

    bench, verdicts, versions, broken, outputs = Bench(notebook, student), {}, {}, {}, {}
    solved = notebook.solved(submission.cells)
    shown = {
        id(solved[one.grade_id]): one.grade_id
        for one in notebook.answers
        if one.kind == "code" and one.grade_id in solved
    }
    code = [(cell, notebook.given_at(cell)) for cell in submission.cells if cell.kind == "code"]
    there = {id(given) for _, given in code}
    for given in notebook.code:  # a given cell that is gone, or is another one now, helps where a name is missing
        if given.is_given and id(given) not in there:
            put_off(student, given)
    for cell, given in code:
        student.number += bool(cell.source.strip())  # an empty cell is not run
        test = notebook.test_at(cell)
        answers = notebook.answers_in(cell)
        if given is not None:
            give(student, given, cell)
        # A test is not the student's to run, unless an answer was merged into its cell.
        elif id(cell) in shown or test is None or answers and cell.source.strip() != test.source.strip():
            error = attempt(student, cell.source, id(cell) in shown)
            broken |= dict.fromkeys(answers, (error, not student.heard)) if error else {}
            if id(cell) in shown:
                outputs[shown[id(cell)]] = None if student.heard else student.outputs
        if test is not None and test not in verdicts:
            verdicts[test] = judged(test)
            versions[test] = {name: count(student, name) for name in bench.asked}
    for name in notebook.wanted:
        for cell in submission.cells:
            # An exercise whose cell was turned into text by a slip of the keyboard.
            if cell.kind != "code" and defines(cell, name) and not count(student, name):
                attempt(student, cell.source)
    for test in notebook.tests:
        first = verdicts.get(test)
        if first is None:
            verdicts[test] = judged(test)
        elif (
            first.points < test.points and not first.deadly and test.key not in together
        ):  # it may stand above the answer
            changed = any(count(student, name) != before for name, before in versions[test].items())
            again = judged(test)
            if changed or again.points > first.points:
                verdicts[test] = max(again, first, key=lambda verdict: verdict.points)
    for name, (error, alone) in broken.items():
        least = f"{name} is not defined, because its cell can't be run"
        why = f"{least}: {' '.join(said(error).split())}"
        for test in notebook.tests:
            if verdicts[test].message and name in test.source and not count(student, name):
                verdicts[test] = replace(verdicts[test], message=why, least=least, alone=alone)
    return verdicts, outputs


def give(student, given, cell):
    """Run a given cell as it was given. Where a student changed one that nbgrader locks, both are run, as it may hold an answer.

    What it imports is loaded when it is asked for, as that takes longer than grading.
    """
    if plain(cell.source) != given.plain and not given.is_put_off:
        attempt(student, cell.source)
    if given.is_put_off:
        put_off(student, given)
    elif rest := put_off_imports(student, given):
        attempt(student, rest)


def put_off(student, given):
    rest = put_off_imports(student, given)
    student.put_off(rest, given.names.keys() - given.imports.keys())


def put_off_imports(student, given):
    """Put off what a given cell imports; return the rest of it."""
    for name, statement in given.imports.items():
        student.put_off(statement, [name])
    return given.less_imports if given.imports else given.source


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


# -------------------------------------------------------------- split, or together


def find_together(work, sandbox):
    """Return the keys of the tests that have to run together with the student's code.

    The master's own solution and the untouched release are graded both ways. A test is split where that gives both the
    same points, and the solution all of them, in half the time that a call has. What one test leaves for the next may
    need both in one process: where some run together and some don't, the points have to be the same once more.
    """
    found = frozenset()
    if not work.master.tests:
        return found
    # A call that needs nearly all of its time would be there for one submission and late for the next.
    work = replace(work, limits=replace(work.limits, call=work.limits.call / 2))
    beside = {}, {}  # what the solution and the release wrote into files, for the notebook that comes next
    for notebook in work.master.notebooks.values():
        known = [read(data) for data in (notebook.notebook, notebook.released) if data]
        most = {test.key: test.points for test in notebook.tests}

        def graded(together):
            some = replace(work, together=frozenset(together))
            return [grade(some, notebook, *one) for one in zip(known, [sandbox] * 2, beside)]

        apart = graded(())
        whole = graded(most) if most else apart

        def unlike(some, key):
            return any(one.scores[key] != other.scores[key] for one, other in zip(some, whole))

        chosen = {key for key, points in most.items() if apart[0].scores[key] != points or unlike(apart, key)}
        mixed = graded(chosen) if chosen else apart
        same = not any(unlike(mixed, key) for key in most)
        found |= chosen if same else most.keys()
        beside = [here | part.written for here, part in zip(beside, mixed if same else whole)]
    return found


def sandbox_for(work):
    return named(work.sandbox) if work.sandbox else available(work.limits, work.emptier)


# ------------------------------------------------------------- what an engine maps


@functools.cache
def version():
    """Return what a grade depends on besides the course and the submission: the grader, Python and NumPy."""
    grader = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
    return f"grading/ {grader.hexdigest()[:12]}, Python {platform.python_version()}, NumPy {np.__version__}"


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


class Processes:
    """Grades in processes of their own, and finds what was handed in.

    Parameters
    ----------
    work : Work
    """

    def __init__(self, work):
        if work.version != version():
            raise OtherVersion(platform.node(), version(), work.version)
        self.work = replace(work, together=frozenset())  # which these are is found here
        # What its cells and tests may take by the clock, which a sandbox holds them to, and what is left for all else.
        tests = sum(len(notebook.tests) for notebook in work.master.notebooks.values())
        limits, notebooks = work.limits, len(work.master.notebooks)
        # Twice, and once more for what `less_what_was_heard` begins just before its end.
        clock = notebooks * (3 * limits.total + 2 * limits.cell + STARTING) + 4 * tests * limits.test + SPARE
        room = Room(cpu=SPARE + int(tests * limits.test), clock=clock, answer=ANSWER * notebooks)
        self.alone = Alone(ready, [self.work], room)

    def sandbox(self):
        """Return the name of the sandbox that submissions run in; raise NoSandbox where there is none."""
        return self.alone.call("sandbox")[0]

    def find_together(self):
        """Return what `find_together` returns."""
        return frozenset(self.alone.call("find_together")[0])

    def digests(self, places):
        """Return the fingerprints of what lies at some places; an empty one where that could not be found out."""
        try:
            return self.alone.call("digests", places)[0]
        except Ended:
            return [digest for place in places for digest in (self.digests([place]) if len(places) > 1 else [""])]

    def collect(self, place):
        """Return what was handed in at a place, as `grading.result.Submitted`."""
        try:
            fields, body = self.alone.call("collect", place)
        except Ended as ended:
            return self.glance(place, str(ended))
        content = io.BytesIO(body)
        for kind in ("notebooks", "files"):
            fields[kind] = {name: content.read(size) for name, size in fields[kind]}
        return Submitted(**fields)

    def glance(self, place, why):
        """Return what was handed in at a place as far as it is known without its content, which is too much for some reason."""
        try:
            digest, receipt = self.alone.call("glance", place)[0]
        except Ended:
            digest, receipt = "", {}
        return Submitted(place.student_id, digest, receipt=receipt, broken=why)

    def grade(self, one, together):
        """Grade what was handed in.

        Parameters
        ----------
        one : grading.result.Submitted or grading.submission.Place
        together : frozenset of str
            The keys of the tests that run together with the student's code.

        Returns
        -------
        Graded
        """
        started = time.monotonic()
        try:
            if isinstance(one, Submitted) and one.broken:
                raise Ended(one.broken)
            fields, body = self.alone.call("grade", one, together)
        except Ended as ended:
            submitted = self.glance(one, str(ended)) if isinstance(one, Place) else one
            return failed(self.work.master, submitted, str(ended), time.monotonic() - started)
        content = io.BytesIO(body)
        made = [{name: content.read(size) for name, size in fields.pop(kind)} for kind in MADE]
        return Graded(Result(**fields.pop("result")), *made, **fields)


STARTED, STARTING_ONE = [], threading.Lock()


def processes(work):
    """Return what grades for some work on this machine. What grades for other work ends when nobody needs it any more."""
    with STARTING_ONE:
        if not STARTED or STARTED[0].work != replace(work, together=frozenset()):
            STARTED[:] = [Processes(work)]  # the other is not closed: a node of a cluster may be grading two classes
        return STARTED[0]


def end_processes():
    """End what grades on this machine, with all that it has started."""
    while STARTED:
        STARTED.pop().alone.close()


def grade_together(work, batch):
    """Grade some submissions, one after the other, each in a process of its own."""
    grading = processes(work)
    return [grading.grade(one, work.together) for one in batch]


def found_together(work):
    """Return what `find_together` finds, in a process of its own."""
    return processes(work).find_together()


def failed(master, submitted, why, seconds):
    """Return what came of a submission that the grader could not finish: no score, and a person is asked."""
    why = f"The grader could not finish it: {why}."
    result = Result(
        submitted.student_id,
        master.name,
        FAILED,
        dict.fromkeys(master.points),
        master.points,
        f"{why} Grade it by hand, or ask the student to submit less.",
        notes={name: (FAILED, why) for name in master.notebooks},
    )
    made = [made_of(notebook, None, result) for notebook in master.notebooks.values()]
    return Graded(result, *map(dict, zip(*made)), submitted.digest, (), seconds, submitted.receipt)


# ------------------------------------------------------- in the warm process, and its forks


def ready(work):
    """Return what answers requests, in a process that has everything loaded and compiled that grading needs."""
    try:
        sandbox = sandbox_for(work)
    except NoSandbox:  # where others grade, finding is enough
        return functools.partial(answer, work, None)
    sandbox.get_ready(work.limits, work.preload)
    for known in ("notebook", "released"):
        notebooks = {name: getattr(one, known) for name, one in work.master.notebooks.items()}
        grade_one(work, Submitted("", "", {name: data for name, data in notebooks.items() if data}), sandbox)
    load_helpers(work.master.files)
    return functools.partial(answer, work, sandbox)


def answer(work, sandbox, request, *arguments):
    """Do what a request asks for; return what JSON can hold, and bytes."""
    match request, arguments:
        case "sandbox", []:
            return (sandbox or sandbox_for(work)).name, b""
        case "find_together", []:
            return sorted(find_together(work, sandbox or sandbox_for(work))), b""
        case "digests", [places]:
            return [collect(place).digest for place in places], b""
        case "collect", [place]:
            submitted = collect(place)
            contents = {kind: getattr(submitted, kind) for kind in ("notebooks", "files")}
            sizes = {kind: [(name, len(data)) for name, data in some.items()] for kind, some in contents.items()}
            return vars(submitted) | sizes, b"".join(data for some in contents.values() for data in some.values())
        case "glance", [place]:
            submitted = collect(place)
            return [submitted.digest, submitted.receipt], b""
        case "grade", [one, together]:
            submitted = collect(one) if isinstance(one, Place) else one
            graded = grade_one(replace(work, together=together), submitted, sandbox or sandbox_for(work))
            fields = vars(graded) | {"result": vars(graded.result)}
            made = {kind: fields[kind] for kind in MADE}
            fields |= {kind: [(name, len(text)) for name, text in texts.items()] for kind, texts in made.items()}
            return fields, b"".join(text for texts in made.values() for text in texts.values())


def grade_one(work, submitted, sandbox):
    """Grade one submission, whatever it is, and make what is shown of it."""
    started, read_so_far, parts, beside = time.monotonic(), {}, {}, submitted.files
    for name, notebook in work.master.notebooks.items():
        parts[name] = grade_notebook(work, notebook, submitted, beside, sandbox, read_so_far)
        beside = beside | parts[name].written
    result = joined(work.master, submitted, parts)
    made, empty, files = [], set(), {**submitted.files, **work.master.files}
    for name, notebook in work.master.notebooks.items():
        submission = read_so_far.get(name)
        made.append(made_of(notebook, submission, result, parts[name].outputs, files))
        empty |= {notebook.key(one) for one in (untouched(notebook, submission) if submission else notebook.stubs)}
    seconds = time.monotonic() - started
    return Graded(result, *map(dict, zip(*made)), submitted.digest, tuple(sorted(empty)), seconds, submitted.receipt)


def made_of(notebook, submission, result, outputs=None, files=None):
    """Return what is shown of a notebook: to the formgrader, and on the feedback page; each with the notebook's name."""
    shown = look(notebook, submission, outputs, files)
    text = json.dumps(as_notebook(notebook, shown, result), ensure_ascii=False)
    return (notebook.name, text.encode("utf-8", "replace")), (
        notebook.name,
        own_cells(shown).encode("utf-8", "replace"),
    )


def grade_notebook(work, notebook, submitted, beside, sandbox, read_so_far):
    """Grade one notebook, whatever was handed in for it; add what could be read of it to ``read_so_far``."""
    nothing = dict.fromkeys(notebook.points, 0.0)
    data = submitted.notebooks.get(notebook.name)
    if data is None:
        why = submitted.missing.get(notebook.name, "It was not handed in.")
        return Part(MISSING, [why], nothing, notes=TO_A_TEACHER.sub("", why))
    try:
        read_so_far[notebook.name] = submission = read(data)
    except Rejected as rejection:
        return Part(MALFORMED, [f"It can't be read: {rejection}. {SUBMIT_AGAIN}"], nothing, notes=sentence(rejection))
    return grade(work, notebook, submission, sandbox, beside)


def joined(master, submitted, parts):
    """Return the result of a submission from those of its notebooks."""
    scores = {key: score for part in parts.values() for key, score in part.scores.items()}
    messages = {key: message for part in parts.values() for key, message in part.messages.items()}
    graded = {name: part for name, part in parts.items() if part.scores} or parts
    states = {part.status for part in graded.values()}
    status = MISSING if states == {MISSING} else next(one for one in WORST_FIRST if one in states and one != MISSING)
    by_hand = sum(score is None for score in scores.values())
    message = in_one({name: [*part.why, *part.said] for name, part in graded.items()})
    message = message or "All checks passed." * (not by_hand)
    notes = {name: (part.status, f"{part.notes} {submitted.remark}".strip()) for name, part in parts.items()}
    if by_hand:
        message = f"{message.rstrip('.')}. A person grades {by_hand} of {len(scores)} parts.".removeprefix(". ")
    if submitted.remark:
        message = f"{message.rstrip('.')}. {submitted.remark}"
    return Result(submitted.student_id, master.name, status, scores, master.points, message, messages, notes)


def in_one(remarks):
    """Return some remarks on each notebook as one line, with the notebooks' names unless they are alike for all."""
    said = {name: "; ".join(some) for name, some in remarks.items() if some}
    if said and len(said) == len(remarks) and len({*said.values()}) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {one}" for name, one in said.items())
