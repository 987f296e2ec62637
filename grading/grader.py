"""Grades in processes of their own: what an engine maps over a class.

The first half runs where the command does, the second half in a warm process that has everything loaded, and in its forks.
"""

import functools
import io
import platform
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from grading.grade import failed, grade_one
from grading.harmless import load_picture_formats
from grading.isolation import CallFailed, CallLimits, Isolated
from grading.launch import START_TIMEOUT, NoSandbox, Sandbox
from grading.released import load_helpers
from grading.result import GradedSubmission, Result, Submitted
from grading.sandbox import find_sandbox, sandbox_named
from grading.submission import Place, collect
from grading.together import find_together
from grading.work import OtherVersion, Work, version

SPARE_SECONDS = 60  # for all that is neither a cell nor a test
MAX_ANSWER = 32 << 20  # bytes of what is made of one notebook
MADE = "notebooks", "cells"  # what of a `GradedSubmission` travels as bytes


class IsolatedGrader:
    """Grades in processes of their own, and finds what was handed in.

    Parameters
    ----------
    work : Work
    """

    def __init__(self, work: Work) -> None:
        if work.version != version():
            raise OtherVersion(platform.node(), version(), work.version)
        self.work = replace(work, together=frozenset())  # which these are is found here
        # What its cells and tests may take by the clock, which a sandbox holds them to, and what is left for all else.
        tests = sum(len(notebook.tests) for notebook in work.master.notebooks.values())
        limits, notebooks = work.limits, len(work.master.notebooks)
        # Twice, and once more for what `without_leaks` begins just before its end.
        clock = (
            notebooks * (3 * limits.total + 2 * limits.cell + START_TIMEOUT) + 4 * tests * limits.test + SPARE_SECONDS
        )
        room = CallLimits(cpu=SPARE_SECONDS + int(tests * limits.test), clock=clock, answer=MAX_ANSWER * notebooks)
        self.isolated = Isolated(ready, [self.work], room)

    def sandbox(self) -> str:
        """Return the name of the sandbox that submissions run in; raise NoSandbox where there is none."""
        name: str = self.isolated.call("sandbox")[0]
        return name

    def find_together(self) -> frozenset[str]:
        """Return what `find_together` returns."""
        return frozenset(self.isolated.call("find_together")[0])

    def digests(self, places: Sequence[Place]) -> list[str]:
        """Return the fingerprints of what lies at some places; an empty one where that could not be found out."""
        try:
            found: list[str] = self.isolated.call("digests", places)[0]
            return found
        except CallFailed:
            return [digest for place in places for digest in (self.digests([place]) if len(places) > 1 else [""])]

    def collect(self, place: Place) -> Submitted:
        """Return what was handed in at a place, as `grading.result.Submitted`."""
        try:
            fields, body = self.isolated.call("collect", place)
        except CallFailed as ended:
            return self.glance(place, str(ended))
        content = io.BytesIO(body)
        for kind in ("notebooks", "files"):
            fields[kind] = {name: content.read(size) for name, size in fields[kind]}
        return Submitted(**fields)

    def glance(self, place: Place, why: str) -> Submitted:
        """Return what was handed in at a place as far as it is known without its content, which is too much for some reason."""
        try:
            digest, receipt = self.isolated.call("glance", place)[0]
        except CallFailed:
            digest, receipt = "", {}
        return Submitted(place.student_id, digest, receipt=receipt, broken=why)

    def grade(self, one: Submitted | Place, together: frozenset[str]) -> GradedSubmission:
        """Grade what was handed in.

        Parameters
        ----------
        one : grading.result.Submitted or grading.submission.Place
        together : frozenset of str
            The keys of the tests that run together with the student's code.

        Returns
        -------
        GradedSubmission
        """
        started = time.monotonic()
        try:
            if isinstance(one, Submitted) and one.broken:
                raise CallFailed(one.broken)
            fields, body = self.isolated.call("grade", one, together)
        except CallFailed as ended:
            submitted = self.glance(one, str(ended)) if isinstance(one, Place) else one
            return failed(self.work.master, submitted, str(ended), time.monotonic() - started)
        content = io.BytesIO(body)
        shown, cells = ({name: content.read(size) for name, size in fields.pop(kind)} for kind in MADE)
        return GradedSubmission(Result.of(fields.pop("result")), shown, cells, **fields)


STARTED: list[IsolatedGrader] = []
STARTING_ONE = threading.Lock()


def grader_for(work: Work) -> IsolatedGrader:
    """Return what grades for some work on this machine. What grades for other work ends when nobody needs it any more."""
    with STARTING_ONE:
        if not STARTED or STARTED[0].work != replace(work, together=frozenset()):
            STARTED[:] = [
                IsolatedGrader(work)
            ]  # the other is not closed: a node of a cluster may be grading two classes
        return STARTED[0]


def close_graders() -> None:
    """End what grades on this machine, with all that it has started."""
    while STARTED:
        STARTED.pop().isolated.close()


def grade_batch(work: Work, batch: Sequence[Submitted | Place]) -> list[GradedSubmission]:
    """Grade some submissions, one after the other, each in a process of its own."""
    grading = grader_for(work)
    return [grading.grade(one, work.together) for one in batch]


def find_together_isolated(work: Work) -> frozenset[str]:
    """Return what `find_together` finds, in a process of its own."""
    return grader_for(work).find_together()


# ------------------------------------------------------- in the warm process, and its forks


def ready(work: Work) -> Callable[..., tuple[Any, bytes]]:
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
    load_picture_formats()
    return functools.partial(answer, work, sandbox)


# One function: a table of requests, and what each is answered.
def answer(work: Work, sandbox: Sandbox | None, request: str, *arguments: Any) -> tuple[Any, bytes]:
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
            fields = vars(graded) | {"result": asdict(graded.result)}
            made = {kind: fields[kind] for kind in MADE}
            fields |= {kind: [(name, len(text)) for name, text in texts.items()] for kind, texts in made.items()}
            return fields, b"".join(text for texts in made.values() for text in texts.values())
    raise ValueError(f"Nobody knows the request {request!r}; expected one of those above.")


def sandbox_for(work: Work) -> Sandbox:
    """Return the sandbox that is asked for, or else the first that works."""
    return sandbox_named(work.sandbox) if work.sandbox else find_sandbox(work.limits, work.emptier)
