"""The trusted end of the pipe: runs cells and calls functions in a sandboxed process, and takes back plain data.

Nothing that comes back is believed: `decoder.py` checks every value, and every
read and every write has a deadline.
"""

import contextlib
import errno
import functools
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast

from grading.decoder import Decoder
from grading.encoder import Encoder
from grading.launch import START_TIMEOUT, NoSandbox, Process
from grading.limits import Limits
from grading.pipe import Header, Pipe, StudentDied
from grading.protocol import MAX_OUTPUT_CHARACTERS, Malformed
from grading.randomness import SENT_AS, random_state
from grading.remote import ask_for_test, change_arguments, iterate_remotely, student_error

STILL_RUNNING = "still running after {:g} seconds"  # what the checks' own time limit says in a notebook, too
NO_WORKER = "A worker could not be started: {}. Nothing was graded; try again with less load."
MAX_DEATHS = 15  # of one submission's processes


class StudentProcess:
    """A student's notebook in a sandbox of its own; started anew, less what killed it, when it dies.

    Parameters
    ----------
    start_worker : callable
        Starts a sandboxed worker and returns its `grading.launch.Process`.
    files : dict of str to bytes
        What lies beside the notebook, by its path.
    wanted : list of str
        The names that the tests will ask for.
    limits : grading.limits.Limits

    Attributes
    ----------
    seconds_left : float
        That cells may still take.
    died : list of StudentDied
        What ended each of its processes that did not end as it should.
    outputs : list of dict
        What a person sees below the cell that was run last: see `run`.
    leaked : set
        The tests that let the student's code know what their hidden lines ask for.
    """

    def __init__(
        self, start_worker: Callable[[], Process], files: dict[str, bytes], wanted: list[str], limits: Limits
    ) -> None:
        self.start_worker, self.files, self.wanted, self.limits = start_worker, files, wanted, limits
        self.seconds_left = limits.total
        self.deadline = float("inf")  # of the test that is judged
        self.restart_seconds = 0.0  # that it took to start anew, which are not the student's
        self.pipe: Pipe | None = None
        self.requests: list[Header] = []  # that a process which follows this one does once more
        self.died: list[StudentDied] = []
        self.values: dict[str, Any] = {}  # that the student's cells gave names
        self.outputs: list[dict[str, Any]] = []
        self.number = 0  # of the cell in the notebook, for ``In`` and ``Out``
        self.leaked: set[object] = set()
        self.deferred: list[tuple[str, list[str]]] = []  # cells of which the process was not told yet
        self.noted: dict[str, Any] = {}  # how many values each wanted name had, and whether the last can be called
        self.random = random_state()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, if there is one."""
        if self.pipe is not None:
            self.pipe.process.stop()
            self.pipe = None

    # ------------------------------------------------------------------------ cells

    def run(self, source: str, definitions: bool = False, show: bool = False) -> BaseException | None:
        """Run one cell, or only what it imports and defines; return the error that it ended in, or None.

        When the cells have used their time, only what they define is run. With ``show``, ``outputs`` is what a person
        sees below the cell, as outputs of a notebook. It is as the student's code made it: nothing of it may be shown
        before it is cleaned.
        """
        self.outputs = []
        request = {"do": "run", "source": source, "number": self.number, "show": show}
        request["definitions"] = definitions or self.seconds_left <= 0
        answer = self.run_cell(request)
        error = student_error(answer) if "error" in answer else None
        if show:
            self.outputs = [{"output_type": "stream", "text": answer.get("printed")}]
            if isinstance(answer.get("outputs"), list) and len(json.dumps(answer["outputs"])) <= MAX_OUTPUT_CHARACTERS:
                self.outputs += answer["outputs"]
            if error:
                self.outputs.append({"output_type": "error", "evalue": f"{type(error).__name__}: {error}"})
        return error

    def defer(self, source: str, names: Sequence[str]) -> None:
        """Keep a cell that is only run when one of the names is asked for that it sets."""
        self.deferred.append((source, [*names]))

    def run_cell(self, request: Header) -> Header:
        """Have a cell run, and remember it for the process that may follow this one."""
        self.values.clear()
        if self.pipe is None:
            self.restart()
        left, started = self.seconds_left, time.monotonic()
        seconds, what = self.limits.cell, "a cell ran for more than {:g} s"
        if left < -seconds:
            return {}  # nothing at all is run any more
        if not request["definitions"] and left < seconds:
            seconds, what = left, f"the cells together took more than {self.limits.total:g} s"
        try:
            answer, _ = self.ask(request, b"", seconds, what)
        finally:
            self.seconds_left -= time.monotonic() - started
        self.requests.append(request)
        return answer

    # ------------------------------------------------------------------------ tests

    def test(self, source: str) -> Any:
        """Run a test in the student's process; return the value of its last line, or raise what it raises."""
        request = {"do": "test", "source": source, "number": self.number, "definitions": False}
        self.values.clear()
        answer, body = self.ask(request, b"", self.limits.test, "the test ran for more than {:g} s")
        self.requests.append(request)
        if "error" in answer:
            raise student_error(answer)
        return self.decode(answer.get("value"), body)

    @contextlib.contextmanager
    def test_time(self) -> Iterator[None]:
        """Give a test its own time, which what it asks for may use together."""
        self.deadline = time.monotonic() + self.limits.test
        try:
            yield
        finally:
            self.deadline = float("inf")

    def call(self, name: str | int, /, *args: Any, **kwargs: Any) -> Any:
        """Call one of the student's functions; return what it returns, or raise what it raises.

        Where the test has seeded or drawn since the last call, the student's random numbers go on from there.
        Nothing comes back: a student does not choose what a test draws.

        Parameters
        ----------
        name : str or int
            Of a function that the notebook defines, or the number of one that an answer told of.
        """
        self.values.clear()
        before, self.random = self.random, random_state()
        drawn = [send(now) if now != then else None for send, now, then in zip(SENT_AS, self.random, before)]
        encoder = Encoder()
        header: Header = {"do": "call", "number" if isinstance(name, int) else "name": name}
        header["arguments"] = encoder.encode([[*args], kwargs, drawn])
        answer, body = self.ask(header, b"".join(encoder.body), *self.call_limit())
        printed = answer.get("printed")
        if isinstance(printed, str) and printed:
            print(printed, end="")
        if "error" in answer:
            raise student_error(answer)
        value, changed = self.decode({"tuple": [answer.get("value"), answer.get("arguments")]}, body)
        if changed is not None:
            change_arguments(args, kwargs, changed)
        return value

    def call_limit(self) -> tuple[float, str, str]:
        return self.limits.call, STILL_RUNNING, "a call ran for more than {:g} s"

    def decode(self, tree: object, body: bytes) -> Any:
        try:
            return self.decoder.decode(tree, body)
        except Malformed as error:
            raise ValueError(f"the answer can't be used: {error}") from None

    def remote(self, tree: Mapping[str, Any]) -> Callable[..., Any] | Iterator[Any] | None:
        """Return what stands for a function or an iterator of the student's that an answer tells of, or None."""
        number, kind = tree.get("number"), tree.get("as")
        if type(number) is not int:
            return None
        if kind == "function":
            return self.remote_function(number)
        return self.remote_iterator(number) if kind == "iterator" else None

    def remote_function(self, number: int) -> Callable[..., Any]:
        pipe = self.pipe

        def call(*args: Any, **kwargs: Any) -> Any:
            self.refuse_other(pipe)
            return self.call(number, *args, **kwargs)

        return lambda *args, **kwargs: ask_for_test(call, *args, **kwargs)

    def remote_iterator(self, number: int) -> Iterator[Any]:
        return iterate_remotely(functools.partial(ask_for_test, self.next, self.pipe, number), self.limits.answer)

    def next(self, pipe: Pipe, number: int) -> tuple[list[Any], int]:
        """Return what an iterator gives next, in a list that is empty when there is nothing more, and how many bytes that took."""
        self.refuse_other(pipe)
        before = pipe.bytes_read
        answer, body = self.ask({"do": "next", "number": number}, b"", *self.call_limit())
        if "error" in answer:
            raise student_error(answer)
        return [] if answer.get("over") else [self.decode(answer.get("value"), body)], pipe.bytes_read - before

    def refuse_other(self, pipe: Pipe | None) -> None:
        """Raise where the process that told of something has ended: the numbers of the next one are of other things."""
        if pipe is not self.pipe:
            raise StudentDied("the process that it belongs to has ended")

    def note_seed(self, library: int) -> None:
        """Take note that the test has seeded Python's numbers, 0, or NumPy's, 1: they may stand where they stood before."""
        self.random[library] = None

    def value(self, name: str) -> Any:
        """Return the value that the student's cells gave a name: one and the same until the next cell or call."""
        if name not in self.values:
            answer, body = self.ask({"do": "value", "name": name}, b"", *self.call_limit())
            if "error" in answer:
                raise student_error(answer)
            self.values[name] = self.decode(answer.get("value"), body)
        return self.values[name]

    def describe(self, name: str) -> tuple[int, bool]:
        """Return how many values the student's cells gave a name, and whether the last can be called."""
        if self.pipe is None:
            self.restart()
        match self.noted.get(name):
            case [int(versions), bool(can_be_called)]:
                return versions, can_be_called
        return 0, False

    def written_files(self, limit: int) -> dict[str, bytes]:
        """Return the files that the cells wrote, by their paths; those that do not fit into ``limit`` bytes are left out."""
        try:
            answer, body = self.ask({"do": "files", "limit": limit}, b"", *self.call_limit())
            sizes = {str(name): int(size) for name, size in answer["files"]}
        except (StudentDied, KeyError, TypeError, ValueError):
            return {}
        content = io.BytesIO(body)
        found: dict[str, bytes] = {}
        for name, size in sizes.items():
            if 0 <= size <= limit and not os.path.isabs(name) and ".." not in name.split(os.sep):
                found[name] = content.read(size)
        return found

    # -------------------------------------------------------------------- the process

    def ask(self, header: Header, body: bytes, seconds: float, what: str, why: str = "") -> tuple[Header, bytes]:
        """Send a request and return the answer's header and bytes; raise StudentDied where there is none in time.

        Parameters
        ----------
        what : str
            Says that the time is over, with a place for the seconds.
        why : str, optional
            Says so to a person, where that is not the same.
        """
        if self.pipe is None:
            self.restart()
        if self.deferred:
            header = header | {"deferred": self.deferred}
            self.requests.append({"do": "defer", "deferred": self.deferred})
            self.deferred = []
        now = time.monotonic()
        if self.deadline < now + seconds:
            seconds, what, why = self.deadline - now, f"the calls of one test took more than {self.limits.test:g} s", ""
        try:
            answer, body = cast(Pipe, self.pipe).ask(header, body, now + seconds)
            self.noted = answer["noted"] if isinstance(answer.get("noted"), dict) else {}
            return answer, body
        except StudentDied as death:
            if death.timed_out:
                death = StudentDied(what.format(seconds), timed_out=True, why=why.format(seconds))
            if header["do"] == "run":
                death.cell = None if self.leaked else header["source"]
            self.died.append(death)
            self.stop()
            raise death from None

    def restart(self) -> None:
        """Start a process and bring it to where the last one was, without the cell that ended it."""
        if len(self.died) >= MAX_DEATHS or self.restart_seconds > self.limits.total:
            raise StudentDied(f"the notebook ended its own process {len(self.died)} times, and was not started again")
        started, deadline, self.deadline = time.monotonic(), self.deadline, float("inf")
        answer = self.start_process()
        if "error" in answer:  # what it was forked from may have been killed just then
            answer = self.start_process()
        self.restart_seconds += (time.monotonic() - started) * bool(self.died)
        if "error" in answer:
            raise NoSandbox(NO_WORKER.format(answer))
        self.decoder, self.noted = Decoder(self.limits.answer, self.remote), {}
        requests, self.requests = self.requests, []
        waiting, self.deferred = self.deferred, []
        for request in requests:
            if request["do"] == "defer":
                self.deferred += request["deferred"]
            else:
                self.repeat(request)
        self.deferred += waiting
        self.deadline = deadline + time.monotonic() - started

    def repeat(self, request: Header) -> None:
        """Do once more what an earlier process did."""
        if self.seconds_left <= 0:
            request = request | {"definitions": True}
        try:
            self.run_cell(request)
        except StudentDied:
            if not request["definitions"]:
                self.repeat(request | {"definitions": True})

    def start_process(self) -> Header:
        """Start a process in which no code of the student's has run yet; return its answer, or why there is none."""
        try:
            process = self.start_worker()
        except OSError as error:
            if error.errno == errno.ENOMEM:  # which this process has itself used up
                raise
            raise NoSandbox(NO_WORKER.format(error)) from error
        self.pipe = Pipe(process, self.limits.answer)
        there = self.pipe.process.files
        sent = {name: content for name, content in self.files.items() if there.get(name) != content}
        files = [(name, len(content)) for name, content in sent.items()]
        begin: Header = {"do": "begin", "files": files, "there": [*there], "wanted": self.wanted}
        begin |= {"answer": self.limits.answer, "limits": self.limits.resource_limits()}
        try:
            answer, _ = self.pipe.ask(begin, b"".join(sent.values()), time.monotonic() + START_TIMEOUT)
        except StudentDied as death:
            answer = {"error": str(death)}
        if "error" in answer:
            self.stop()
        return answer


class StandIn:
    """Stands for a student's function in the grader: each call goes through the pipe."""

    def __init__(self, student: StudentProcess, name: str) -> None:
        self.student, self.__name__, self.__qualname__ = student, name, name

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return ask_for_test(self.student.call, self.__name__, *args, **kwargs)
