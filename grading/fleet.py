"""Many submissions: an engine maps `grade` over the class, and one writer stores what comes of it.

An engine is anything that runs a function elsewhere and answers with a
`concurrent.futures.Future`: this process, this machine's cores, a Dask cluster.
None of them sees the course's folders or its gradebook, so that what a
submission gets can't depend on where it was graded.
"""

import logging
import os
import time
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, ThreadPoolExecutor, wait
from dataclasses import replace

from nbgrader.converters.base import NbGraderException

from grading import standing, store
from grading.grade import OtherVersion, Work, end_processes, found_together, grade_together, processes, version
from grading.page import about, feedback_page
from grading.result import MISSING
from grading.sandbox import keep_out_of

TOGETHER = 16  # submissions that travel together at the most
SECOND, MOST = 1.0, 500  # in which how many submissions at the most are stored together
STARTING = 10  # seconds for a cluster to answer, and to have somebody who works
BYTES = 8 << 20  # of submissions that travel together, unless one alone has more


# --------------------------------------------------------------------------- engines


class Local(Executor):
    """This machine's cores: ``jobs`` submissions at once."""

    broken = ()

    def __init__(self, jobs):
        self.jobs, self.width, self.threads = jobs, 2 * jobs, ThreadPoolExecutor(jobs)
        self.submit = self.threads.submit

    def check(self):
        """Do nothing: whatever ends a process is told at once."""

    def handed_in(self, work, places):
        """Return what is graded: here, whoever grades looks at the place itself."""
        return places

    def __exit__(self, kind, error, trace):
        self.threads.shutdown(wait=kind is None, cancel_futures=True)
        end_processes()


class Cluster(Executor):
    """A running Dask cluster, by the address of its scheduler. Dask moves the work of a worker that died to another."""

    def __init__(self, address):
        from distributed import Client, KilledWorker  # only who has a cluster has it installed

        self.broken, self.address = KilledWorker, address  # of work that took several nodes with it
        for room in ("client", "batched"):  # their tracebacks; what matters is raised
            logging.getLogger(f"distributed.{room}").setLevel(logging.CRITICAL)
        try:
            self.client = Client(address, timeout=STARTING, set_as_default=False)
        except OSError as error:
            raise NbGraderException(
                f"No scheduler answers at {address} ({error}). Nothing was graded. Start one inside the checkout with "
                "`PYTHONPATH=. dask scheduler`, and give the address that it prints."
            ) from None
        try:
            self.client.wait_for_workers(1, timeout=STARTING)
        except TimeoutError:
            self.client.close()
            raise NbGraderException(self.lonely()) from None
        self.refuse_strangers()
        self.width = 2 * max(1, sum(self.client.nthreads().values()))
        self.submit = self.client.get_executor(pure=False).submit

    def refuse_strangers(self):
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

    def lonely(self):
        return (
            f"The scheduler {self.address} has no worker. What was stored is kept. Start one with "
            f"`PYTHONPATH=. dask worker {self.address}` inside the checkout, and run the same command again."
        )

    def handed_in(self, work, places):
        """Yield what lies at some places, as its nodes don't see the course."""
        finding = processes(work)
        return map(finding.collect, places)

    def check(self):
        """Raise where nobody is left to do what is under way."""
        if not self.client.scheduler_info()["workers"]:
            raise NbGraderException(self.lonely())

    def __exit__(self, kind, error, trace):
        self.client.close()


# ------------------------------------------------------------------------ the class


class Lost(NbGraderException):
    """A process of an engine was killed, and the submissions that it had were not graded."""

    def __init__(self, students):
        super().__init__(
            f"A process of the grader was killed while it had {len(students)} submissions, which are not graded: "
            f"{', '.join(students)}. All others are stored. Run the same command again."
        )


class Flow:
    """Keeps an engine busy with no more under way than it needs, so that memory does not grow with the class.

    Parameters
    ----------
    engine : Local or Cluster
    function : callable
        What the engine calls; it returns one outcome for each student of a batch.
    """

    def __init__(self, engine, function):
        self.engine, self.function, self.running, self.lost = engine, function, {}, []

    def send(self, students, *arguments):
        """Have the function called for some students; yield lists of outcomes that are done meanwhile."""
        while len(self.running) >= self.engine.width:
            yield from self.done()
        self.running[self.engine.submit(self.function, *arguments)] = students

    def done(self):
        done = wait(self.running, timeout=STARTING, return_when=FIRST_COMPLETED).done
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

    def finish(self):
        """Yield the outcomes that are left; raise Lost where an engine's process took some with it."""
        while self.running:
            yield from self.done()
        if self.lost:
            raise Lost(sorted(self.lost))


def batches(items, engine, count):
    """Yield lists of items, small enough for every process of an engine to have some and for memory to hold."""
    most = max(1, min(TOGETHER, count // (2 * engine.width)))
    batch, bytes_ = [], 0
    for item in items:
        batch.append(item)
        bytes_ += item.size
        if len(batch) == most or bytes_ > BYTES:
            yield batch
            batch, bytes_ = [], 0
    if batch:
        yield batch


def gathered(lists):
    """Yield lists joined to those that come within a second: to store some takes hardly longer than to store one."""
    some, since = [], time.monotonic()
    try:
        for few in lists:
            some += few
            if time.monotonic() - since > SECOND or len(some) >= MOST:
                yield some
                some, since = [], time.monotonic()
    except NbGraderException:  # what was graded before that is stored all the same
        if some:
            yield some
        raise
    if some:
        yield some


def autograde(course, students, engine, work, force=False, tell=lambda plan: None):
    """Grade what is new or has changed, and store it as it comes.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    students : list of str
    engine : Local or Cluster
    work : Work
    force : bool
        Grade again what has not changed.
    tell : callable
        Is told of the `grading.store.Plan` before it starts.

    Yields
    ------
    (str, Graded or None)
        A student's id, and what was stored just now; None where what was stored before still holds.

    Raises
    ------
    Lost
        When everything else is done, if a process of the engine was killed.
    """
    keep_out_of(*course.places())
    with store.opened(course, f"autograde {course.assignment}") as writer, engine:
        writer.refuse_unreleased()
        plan = writer.plan(students, processes(work).digests, force)
        if plan.changed:
            work = replace(work, together=writer.together(version(), lambda: found_by(engine, work)))
            plan.together = [course.master.titles[key] for key in sorted(work.together)]
            course.refuse_together(plan.together)
        plan.penalties = writer.refresh_penalties(plan.unchanged)
        tell(plan)
        yield from ((student, None) for student in plan.unchanged)
        if plan.changed:
            writer.remember_version()
        flow = Flow(engine, grade_together)

        def graded():
            handed_in = engine.handed_in(work, map(course.place, plan.changed))
            for batch in batches(handed_in, engine, len(plan.changed)):
                ids = [one.student_id for one in batch]
                writer.begin(ids)
                yield from flow.send(ids, work, batch)
            yield from flow.finish()

        for some in gathered(graded()):
            writer.store(some)
            yield from ((one.result.student_id, one) for one in some)


def found_by(engine, work):
    """Return the tests that run together, as an engine finds them: a node of a cluster has a sandbox, which this machine may lack."""
    try:
        return engine.submit(found_together, work).result()
    except engine.broken:
        raise NbGraderException(
            "The process that graded the reference solution was killed. Nothing was graded: run the same command again."
        ) from None


WRITTEN, STOOD, NOTHING, WAITS = "written", "stood", "nothing", "waits"


def feedback(course, students=None, force=False):
    """Write the pages of those of whom the gradebook says anything else than the pages that are there.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    students : collection of str, optional
        Only these.
    force : bool
        Write all pages anew.

    Yields
    ------
    (str, str)
        A student's id, and whether the page was ``written``, ``stood`` as it was, has ``nothing`` to tell of, or ``waits``
        for the next grading, because the course has changed since the last.
    """
    with store.opened(course, f"feedback {course.assignment}") as writer:
        lost = []
        everybody = [
            (student, result.status)
            for student, result in standing.results(course)
            if result is not None and (students is None or student in students)
        ]
        for batch in store.in_batches(everybody):
            # Of who has nothing handed in there is a page where a person had entered something before.
            entered = [student for student, _ in batch if course.is_shown(student)]
            lost += [student for student, status in batch if status != MISSING and student not in entered]
            yield from ((student, NOTHING) for student, status in batch if status == MISSING and student not in entered)
            current = writer.up_to_date(entered)
            yield from ((student, WAITS) for student in entered if student not in current)
            entered = [student for student in entered if student in current]
            for student, result, parts in writer.for_pages(entered):
                pages = {name: made_page(course, name, result, *part) for name, part in parts.items()}
                if not force and all(is_there(course.page(student, name), page) for name, page in pages.items()):
                    yield student, STOOD
                else:
                    writer.write_pages(student, pages)
                    yield student, WRITTEN
        if lost:
            raise NbGraderException(
                f"There is not all in {course.autograded(lost[0]).parent} that feedback is made of. All other pages are "
                f"there. Run `python -m grading autograde {course.assignment}`, which grades again: {', '.join(lost)}"
            )


def made_page(course, name, result, cells, marks, penalty):
    said = about(course.master.notebooks[name], course.master.titles, result, cells, marks, penalty)
    return feedback_page(said, cells).encode("utf-8", "replace")


def is_there(path, content):
    """Whether a file has that content."""
    return path.is_file() and path.read_bytes() == content


def cores():
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def grade_class(course, students, force=False, tell=lambda plan: None):
    """Grade on all cores of this machine, as `nbgrader autograde` and the formgrader do here; see `autograde`."""
    engine = Local(min(cores(), len(students)))
    return autograde(course, students, engine, Work(course.master, course.limits), force, tell)
