"""Many submissions: an engine maps `grade` over the class, and one writer stores what comes of it.

What grades sees bytes, and neither the course's folders nor its gradebook, so that what a submission gets can't depend on
where it was graded.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from nbgrader.converters.base import NbGraderException

from grading import store
from grading.assignment import CourseAssignment
from grading.grader import close_graders, find_together_isolated, grade_batch, grader_for
from grading.plan import Plan
from grading.result import GradedSubmission, Submitted
from grading.sandbox import refuse_readable_course
from grading.submission import Place
from grading.work import OtherVersion, Work, version

Outcome = TypeVar("Outcome")
HandedIn = Submitted | Place

BATCH_SIZE = 16  # submissions that travel together at the most
FLUSH_SECONDS, FLUSH_SIZE = 1.0, 500  # in which how many submissions at the most are stored together
CLUSTER_TIMEOUT = 10  # seconds for a cluster to answer, and to have somebody who works
BATCH_BYTES = 8 << 20  # of submissions that travel together, unless one alone has more


# --------------------------------------------------------------------------- engines


class Engine(AbstractContextManager["Engine"], Protocol):
    """Runs functions elsewhere: on this machine's cores, on the nodes of a cluster. Leaving its context ends what it started.

    Attributes
    ----------
    width : int
        How many batches keep it busy.
    broken : tuple of type
        What a future raises when the process that had the batch was killed.
    """

    width: int
    broken: tuple[type[BaseException], ...]

    def submit(self, function: Callable[..., Outcome], *arguments: Any) -> "Future[Outcome]":
        """Have a function called; return the promise of what it returns."""
        ...

    def handed_in(self, work: Work, places: Iterable[Place]) -> Iterable[HandedIn]:
        """Return what is graded: places, where whoever grades sees them, and else what lies there."""
        ...

    def check(self) -> None:
        """Raise NbGraderException where nobody is left to do what is under way."""
        ...


class LocalEngine:
    """This machine's cores: ``jobs`` submissions at once."""

    broken: tuple[type[BaseException], ...] = ()

    def __init__(self, jobs: int) -> None:
        self.jobs, self.width, self.threads = jobs, 2 * jobs, ThreadPoolExecutor(jobs)

    def submit(self, function: Callable[..., Outcome], *arguments: Any) -> "Future[Outcome]":
        """Have a thread call a function, which itself asks a process of its own."""
        return self.threads.submit(function, *arguments)

    def check(self) -> None:
        """Do nothing: whatever ends a process is told at once."""

    def handed_in(self, work: Work, places: Iterable[Place]) -> Iterable[Place]:
        """Return the places: whoever grades looks there itself."""
        return places

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.threads.shutdown(wait=kind is None, cancel_futures=True)
        close_graders()


class DaskEngine:
    """A running Dask cluster, by the address of its scheduler. Dask moves the work of a worker that died to another."""

    def __init__(self, address: str) -> None:
        from distributed import Client, KilledWorker  # only who has a cluster has it installed

        self.broken: tuple[type[BaseException], ...] = (KilledWorker,)  # of work that took several nodes with it
        self.address = address
        for room in ("client", "batched"):  # their tracebacks; what matters is raised
            logging.getLogger(f"distributed.{room}").setLevel(logging.CRITICAL)
        try:
            self.client = Client(address, timeout=CLUSTER_TIMEOUT, set_as_default=False)
        except OSError as error:
            raise NbGraderException(
                f"No scheduler answers at {address} ({error}). Nothing was graded. Start one inside the checkout with "
                "`PYTHONPATH=. dask scheduler`, and give the address that it prints."
            ) from None
        try:
            self.client.wait_for_workers(1, timeout=CLUSTER_TIMEOUT)
        except TimeoutError:
            self.client.close()
            raise NbGraderException(self.without_workers()) from None
        self.refuse_other_graders()
        self.width = 2 * max(1, sum(self.client.nthreads().values()))
        self.executor = self.client.get_executor(pure=False)

    def submit(self, function: Callable[..., Outcome], *arguments: Any) -> "Future[Outcome]":
        """Have a node call a function."""
        future: Future[Outcome] = self.executor.submit(function, *arguments)
        return future

    def refuse_other_graders(self) -> None:
        """Raise where a process of the cluster can't import the grader, or has another one: before any grade is taken back."""
        there = lambda: __import__("importlib.util").util.find_spec("grading") is not None  # noqa: E731 - sent by value
        found = {f"The scheduler {self.address}": self.client.run_on_scheduler(there)}
        found |= {f"The worker {worker}": can for worker, can in self.client.run(there).items()}
        lost = [process for process, can in found.items() if not can]
        if lost:
            self.client.close()
            raise NbGraderException(
                f"{lost[0]} can't import the grader{f', nor can {len(lost) - 1} others' if lost[1:] else ''}. Nothing was "
                "graded. Start it inside the checkout, with PYTHONPATH=. before its command."
            )
        for worker, theirs in self.client.run(version).items():
            if theirs != version():
                self.client.close()
                raise OtherVersion(worker, theirs, version())

    def without_workers(self) -> str:
        """Return the sentence for a cluster in which nobody works."""
        return (
            f"The scheduler {self.address} has no worker. What was stored is kept. Start one with "
            f"`PYTHONPATH=. dask worker {self.address}` inside the checkout, and run the same command again."
        )

    def handed_in(self, work: Work, places: Iterable[Place]) -> Iterable[Submitted]:
        """Yield what lies at some places, as its nodes don't see the course."""
        finding = grader_for(work)
        return map(finding.collect, places)

    def check(self) -> None:
        """Raise where nobody is left to do what is under way."""
        if not self.client.scheduler_info()["workers"]:
            raise NbGraderException(self.without_workers())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()


# ------------------------------------------------------------------------ the class


class WorkLost(NbGraderException):  # type: ignore[misc]  # nbgrader has no types
    """A process of an engine was killed, and the submissions that it had were not graded."""

    def __init__(self, students: Sequence[str]) -> None:
        super().__init__(
            f"A process of the grader was killed while it had {len(students)} submissions, which are not graded: "
            f"{', '.join(students)}. All others are stored. Run the same command again."
        )


class InFlight:
    """Keeps an engine busy with no more under way than it needs, so that memory does not grow with the class.

    Parameters
    ----------
    engine : Engine
    function : callable
        What the engine calls; it returns one outcome for each student of a batch.
    """

    def __init__(self, engine: Engine, function: Callable[..., list[GradedSubmission]]) -> None:
        self.engine, self.function = engine, function
        self.running: dict[Future[list[GradedSubmission]], list[str]] = {}
        self.lost: list[str] = []

    def send(self, students: list[str], *arguments: Any) -> Iterator[list[GradedSubmission]]:
        """Have the function called for some students; yield lists of outcomes that are done meanwhile."""
        while len(self.running) >= self.engine.width:
            yield from self.done()
        self.running[self.engine.submit(self.function, *arguments)] = students

    def done(self) -> Iterator[list[GradedSubmission]]:
        """Wait until something is done, and yield it."""
        done = wait(self.running, timeout=CLUSTER_TIMEOUT, return_when=FIRST_COMPLETED).done
        if not done:
            self.engine.check()
        for future in done:
            students = self.running.pop(future)
            try:
                yield future.result()
            except self.engine.broken:
                self.lost.extend(students)
            except CancelledError:
                why = "The cluster's scheduler is gone. What was stored is kept; the same command goes on from there."
                raise NbGraderException(why) from None

    def finish(self) -> Iterator[list[GradedSubmission]]:
        """Yield the outcomes that are left; raise WorkLost where an engine's process took some with it."""
        while self.running:
            yield from self.done()
        if self.lost:
            raise WorkLost(sorted(self.lost))


def batches(items: Iterable[HandedIn], engine: Engine, total: int) -> Iterator[list[HandedIn]]:
    """Yield lists of items, small enough for every process of an engine to have some and for memory to hold."""
    most = max(1, min(BATCH_SIZE, total // (2 * engine.width)))
    batch: list[HandedIn] = []
    bytes_ = 0
    for item in items:
        batch.append(item)
        bytes_ += item.size
        if len(batch) == most or bytes_ > BATCH_BYTES:
            yield batch
            batch, bytes_ = [], 0
    if batch:
        yield batch


def flushed_together(lists: Iterable[list[GradedSubmission]]) -> Iterator[list[GradedSubmission]]:
    """Yield lists joined to those that come within a second: to store some takes hardly longer than to store one."""
    some: list[GradedSubmission] = []
    since = time.monotonic()
    try:
        for few in lists:
            some += few
            if time.monotonic() - since > FLUSH_SECONDS or len(some) >= FLUSH_SIZE:
                yield some
                some, since = [], time.monotonic()
    except NbGraderException:  # what was graded before that is stored all the same
        if some:
            yield some
        raise
    if some:
        yield some


def ignore(plan: Plan) -> None:
    """Tell nobody of a plan."""


def autograde(
    course: CourseAssignment,
    students: Sequence[str],
    engine: Engine,
    work: Work,
    force: bool = False,
    tell: Callable[[Plan], None] = ignore,
) -> Iterator[tuple[str, GradedSubmission | None]]:
    """Grade what is new or has changed, and store it as it comes.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    students : list of str
    engine : Engine
    work : Work
    force : bool
        Grade again what has not changed.
    tell : callable
        Is told of the `grading.plan.Plan` before it starts.

    Yields
    ------
    (str, GradedSubmission or None)
        A student's id, and what was stored just now; None where what was stored before still holds.

    Raises
    ------
    WorkLost
        When everything else is done, if a process of the engine was killed.
    """
    refuse_readable_course(*course.places())
    with store.opened(course, f"autograde {course.assignment}") as writer, engine:
        writer.refuse_unreleased()
        plan = writer.plan(students, grader_for(work).digests, force)
        if plan.changed:
            work = replace(work, together=writer.together(version(), lambda: found_by(engine, work)))
            plan.together = [course.master.titles[key] for key in sorted(work.together)]
            course.refuse_together(plan.together)
        plan.penalties = writer.late.refresh(plan.unchanged)
        tell(plan)
        yield from ((student, None) for student in plan.unchanged)
        if plan.changed:
            writer.remember_version()
        flow = InFlight(engine, grade_batch)

        def graded() -> Iterator[list[GradedSubmission]]:
            handed_in = engine.handed_in(work, map(course.place, plan.changed))
            for batch in batches(handed_in, engine, len(plan.changed)):
                ids = [one.student_id for one in batch]
                writer.begin(ids)
                yield from flow.send(ids, work, batch)
            yield from flow.finish()

        for some in flushed_together(graded()):
            writer.store(some)
            yield from ((one.result.student_id, one) for one in some)


def found_by(engine: Engine, work: Work) -> frozenset[str]:
    """Return the tests that run together, as an engine finds them: a node of a cluster has a sandbox, which this machine may lack."""
    try:
        return engine.submit(find_together_isolated, work).result()
    except engine.broken:
        raise NbGraderException(
            "The process that graded the reference solution was killed. Nothing was graded: run the same command again."
        ) from None


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def grade_class(
    course: CourseAssignment,
    students: Sequence[str],
    force: bool = False,
    tell: Callable[[Plan], None] = ignore,
) -> Iterator[tuple[str, GradedSubmission | None]]:
    """Grade on all cores of this machine, as `nbgrader autograde` and the formgrader do here; see `autograde`."""
    engine = LocalEngine(min(cores(), len(students)))
    return autograde(course, students, engine, Work(course.master, course.limits), force, tell)
