"""The trusted end of the pipe: runs cells and calls functions in a sandboxed process, and takes back plain data.

Nothing that comes back is believed: `protocol.py` checks every value, and every
read and every write has a deadline.
"""

import builtins
import contextlib
import ctypes
import errno
import functools
import io
import json
import linecache
import os
import random
import select
import sys
import time
from collections import deque

import numpy as np

from grading.protocol import HEADER, LENGTHS, OUTPUTS, Decoder, Encoder, Malformed, bounded, frame
from grading.sandbox import STARTING, NoSandbox

FILE = "<student>"  # what a traceback calls the student's code
RUNNING = "still running after {:g} seconds"  # what the checks' own time limit says in a notebook, too
NO_WORKER = "A worker could not be started: {}. Nothing was graded; try again with less load."
DEATHS = 15  # of one submission's processes
ERRORS = {
    name: error
    for name, error in vars(builtins).items()
    if isinstance(error, type) and issubclass(error, Exception) and not issubclass(error, ExceptionGroup)
} | {"SystemExit": SystemExit}


class StudentDied(Exception):
    """The student's process ended or was ended; ``timed_out`` tells which.

    ``cell`` is what it was running, if that was a cell; None where that knew of hidden lines, and so chose which it is.
    """

    def __init__(self, message, timed_out=False):
        super().__init__(message)
        self.timed_out, self.cell = timed_out, ""


# ------------------------------------------------------------------- the conversation


class Pipe:
    """A conversation with one process in which neither side can hold up this one.

    Parameters
    ----------
    process : grading.sandbox.Process
    limit : int
        Bytes of one answer.
    """

    def __init__(self, process, limit):
        self.process, self.limit, self.buffer = process, limit, bytearray()
        self.taken = 0  # bytes of all answers
        self.ready = {}
        for stream, event in ((process.requests, select.POLLOUT), (process.answers, select.POLLIN)):
            os.set_blocking(stream, False)
            self.ready[stream] = select.poll()
            self.ready[stream].register(stream, event)

    def ask(self, header, body, deadline):
        """Send a request and return the answer's header and bytes; raise StudentDied."""
        self.write(frame(header, body), deadline)
        header_size, body_size = LENGTHS.unpack(self.read(LENGTHS.size, deadline))
        for size, most in ((header_size, HEADER), (header_size + body_size, self.limit)):
            if size > most:  # how many they are is the student's to choose, and said nowhere
                raise StudentDied(f"an answer has more than {most} bytes")
        try:
            answer = json.loads(bounded(self.read(header_size, deadline)))
        except (ValueError, RecursionError) as error:
            raise StudentDied("an answer is not what the protocol knows") from error
        body = self.read(body_size, deadline)
        if not isinstance(answer, dict):
            raise StudentDied("an answer is not what the protocol knows")
        return answer, body

    def write(self, data, deadline):
        data = memoryview(data)
        while data:
            try:
                data = data[os.write(self.process.requests, data[: 1 << 16]) :]
            except BlockingIOError:
                self.wait(self.process.requests, deadline)
            except OSError as error:
                raise StudentDied("the process ended") from error

    def read(self, size, deadline):
        while len(self.buffer) < size:
            self.wait(self.process.answers, deadline)
            try:
                part = os.read(self.process.answers, 1 << 18)
            except BlockingIOError:
                continue
            except OSError as error:
                raise StudentDied("the process ended") from error
            if not part:
                raise StudentDied("the process ended")
            self.buffer += part
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        self.taken += size
        return data

    def wait(self, stream, deadline):
        if not self.ready[stream].poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise StudentDied("still running", timed_out=True)


class StudentProcess:
    """A student's notebook in a sandbox of its own; started anew, less what killed it, when it dies.

    Parameters
    ----------
    start : callable
        Starts a sandboxed worker and returns its `grading.sandbox.Process`.
    files : dict of str to bytes
        What lies beside the notebook, by its path.
    wanted : list of str
        The names that the tests will ask for.
    limits : grading.sandbox.Limits
    """

    def __init__(self, start, files, wanted, limits):
        self.start, self.files, self.wanted, self.limits = start, files, wanted, limits
        self.left = limits.total  # seconds that cells may still take
        self.deadline = float("inf")  # of the test that is judged
        self.starting = 0.0  # seconds that it took to start anew, which are not the student's
        self.cells, self.pipe, self.died, self.values, self.outputs = [], None, [], {}, []
        self.number = 0  # of the cell in the notebook, for ``In`` and ``Out``
        self.heard = set()  # the tests that let the student's code know what their hidden lines ask for
        self.later = []  # cells that are put off, and of which the process was not told yet
        self.noted = {}  # how many values each wanted name had, and whether the last can be called
        self.random = random_state()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.end()

    def end(self):
        if self.pipe is not None:
            self.pipe.process.end()
            self.pipe = None

    # ------------------------------------------------------------------------ cells

    def run(self, source, definitions=False, show=False):
        """Run one cell, or only what it imports and defines; return the error that it ended in, or None.

        When the cells have used their time, only what they define is run. With ``show``, ``outputs`` is what a person
        sees below the cell, as outputs of a notebook. It is as the student's code made it: nothing of it may be shown
        before it is cleaned.
        """
        self.outputs = []
        request = {"do": "run", "source": source, "number": self.number, "show": show}
        request["definitions"] = definitions or self.left <= 0
        answer = self.told(request)
        error = self.error(answer) if "error" in answer else None
        if show:
            self.outputs = [{"output_type": "stream", "text": answer.get("printed")}]
            if isinstance(answer.get("outputs"), list) and len(json.dumps(answer["outputs"])) <= OUTPUTS:
                self.outputs += answer["outputs"]
            if error:
                self.outputs.append({"output_type": "error", "evalue": f"{type(error).__name__}: {error}"})
        return error

    def put_off(self, source, names):
        """Keep a cell that is only run when one of the names is asked for that it sets."""
        self.later.append((source, [*names]))

    def told(self, request):
        """Have a cell run, and remember it for the process that may follow this one."""
        self.values.clear()
        if self.pipe is None:
            self.begin()
        left, started = self.left, time.monotonic()
        seconds, what = self.limits.cell, "a cell ran for more than {:g} s"
        if left < -seconds:
            return {}  # nothing at all is run any more
        if not request["definitions"] and left < seconds:
            seconds, what = left, f"the cells together took more than {self.limits.total:g} s"
        try:
            answer, _ = self.ask(request, b"", seconds, what)
        finally:
            self.left -= time.monotonic() - started
        self.cells.append(request)
        return answer

    # ------------------------------------------------------------------------ tests

    def test(self, source):
        """Run a test in the student's process; return the value of its last line, or raise what it raises."""
        request = {"do": "test", "source": source, "number": self.number, "definitions": False}
        self.values.clear()
        answer, body = self.ask(request, b"", self.limits.test, "the test ran for more than {:g} s")
        self.cells.append(request)
        if "error" in answer:
            raise self.error(answer)
        return self.decoded(answer.get("value"), body)

    @contextlib.contextmanager
    def time_of_a_test(self):
        """Give a test its own time, which what it asks for may use together."""
        self.deadline = time.monotonic() + self.limits.test
        try:
            yield
        finally:
            self.deadline = float("inf")

    def call(self, name, /, *args, **kwargs):
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
        drawn = [send(now) if now != then else None for send, now, then in zip(SENDING, self.random, before)]
        encoder = Encoder()
        header = {"do": "call", "number" if isinstance(name, int) else "name": name}
        header["arguments"] = encoder.encode([[*args], kwargs, drawn])
        answer, body = self.ask(header, b"".join(encoder.body), *self.for_a_call())
        printed = answer.get("printed")
        if isinstance(printed, str) and printed:
            print(printed, end="")
        if "error" in answer:
            raise self.error(answer)
        value, changed = self.decoded({"tuple": [answer.get("value"), answer.get("arguments")]}, body)
        if changed is not None:
            change_back(args, kwargs, changed)
        return value

    def for_a_call(self):
        return self.limits.call, RUNNING

    def decoded(self, tree, body):
        try:
            return self.decoder.decode(tree, body)
        except Malformed as error:
            raise ValueError(f"the answer can't be used: {error}") from None

    def remote(self, tree):
        """Return what stands for a function or an iterator of the student's that an answer tells of, or None."""
        number, kind = tree.get("number"), tree.get("as")
        if type(number) is not int:
            return None
        return (
            self.remote_function(number)
            if kind == "function"
            else self.remote_iterator(number)
            if kind == "iterator"
            else None
        )

    def remote_function(self, number):
        pipe = self.pipe

        def call(*args, **kwargs):
            self.be_the_same(pipe)
            return self.call(number, *args, **kwargs)

        return lambda *args, **kwargs: as_a_test_sees_it(call, *args, **kwargs)

    def remote_iterator(self, number):
        return as_they_come(functools.partial(as_a_test_sees_it, self.next, self.pipe, number), self.limits.answer)

    def next(self, pipe, number):
        """Return what an iterator gives next, in a list that is empty when there is nothing more, and how many bytes that took."""
        self.be_the_same(pipe)
        before = pipe.taken
        answer, body = self.ask({"do": "next", "number": number}, b"", *self.for_a_call())
        if "error" in answer:
            raise self.error(answer)
        return [] if answer.get("over") else [self.decoded(answer.get("value"), body)], pipe.taken - before

    def be_the_same(self, pipe):
        """Raise where the process that told of something has ended: the numbers of the next one are of other things."""
        if pipe is not self.pipe:
            raise StudentDied("the process that it belongs to has ended")

    def seeded(self, library):
        """Take note that the test has seeded Python's numbers, 0, or NumPy's, 1: they may stand where they stood before."""
        self.random[library] = None

    def value(self, name):
        """Return the value that the student's cells gave a name: one and the same until the next cell or call."""
        if name not in self.values:
            answer, body = self.ask({"do": "value", "name": name}, b"", *self.for_a_call())
            if "error" in answer:
                raise self.error(answer)
            self.values[name] = self.decoded(answer.get("value"), body)
        return self.values[name]

    def about(self, name):
        """Return how many values the student's cells gave a name, and whether the last can be called."""
        if self.pipe is None:
            self.begin()
        match self.noted.get(name):
            case [int(versions), bool(can_be_called)]:
                return versions, can_be_called
        return 0, False

    def written(self, limit):
        """Return the files that the cells wrote, by their paths; those that do not fit into ``limit`` bytes are left out."""
        try:
            answer, body = self.ask({"do": "files", "limit": limit}, b"", *self.for_a_call())
            sizes = {str(name): int(size) for name, size in answer["files"]}
        except (StudentDied, KeyError, TypeError, ValueError):
            return {}
        content, found = io.BytesIO(body), {}
        for name, size in sizes.items():
            if 0 <= size <= limit and not os.path.isabs(name) and ".." not in name.split(os.sep):
                found[name] = content.read(size)
        return found

    # -------------------------------------------------------------------- the process

    def ask(self, header, body, seconds, what):
        """Send a request and return the answer's header and bytes; raise StudentDied where there is none in time.

        Parameters
        ----------
        what : str
            Says that the time is over, with a place for the seconds.
        """
        if self.pipe is None:
            self.begin()
        if self.later:
            header = header | {"later": self.later}
            self.cells.append({"do": "put_off", "later": self.later})
            self.later = []
        now = time.monotonic()
        if self.deadline < now + seconds:
            seconds, what = self.deadline - now, f"the calls of one test took more than {self.limits.test:g} s"
        try:
            answer, body = self.pipe.ask(header, body, now + seconds)
            self.noted = answer["noted"] if isinstance(answer.get("noted"), dict) else {}
            return answer, body
        except StudentDied as death:
            if death.timed_out:
                death = StudentDied(what.format(seconds), timed_out=True)
            if header["do"] == "run":
                death.cell = None if self.heard else header["source"]
            self.died.append(death)
            self.end()
            raise death from None

    def begin(self):
        """Start a process and bring it to where the last one was, without the cell that ended it."""
        if len(self.died) >= DEATHS or self.starting > self.limits.total:
            raise StudentDied(f"the notebook ended its own process {len(self.died)} times, and was not started again")
        started, deadline, self.deadline = time.monotonic(), self.deadline, float("inf")
        answer = self.begun()
        if "error" in answer:  # what it was forked from may have been killed just then
            answer = self.begun()
        self.starting += (time.monotonic() - started) * bool(self.died)
        if "error" in answer:
            raise NoSandbox(NO_WORKER.format(answer))
        self.decoder, self.noted = Decoder(self.limits.answer, self.remote), {}
        cells, self.cells = self.cells, []
        waiting, self.later = self.later, []
        for request in cells:
            if request["do"] == "put_off":
                self.later += request["later"]
            else:
                self.again(request)
        self.later += waiting
        self.deadline = deadline + time.monotonic() - started

    def again(self, request):
        """Do once more what an earlier process did."""
        if self.left <= 0:
            request = request | {"definitions": True}
        try:
            self.told(request)
        except StudentDied:
            if not request["definitions"]:
                self.again(request | {"definitions": True})

    def begun(self):
        """Start a process in which no code of the student's has run yet; return its answer, or why there is none."""
        try:
            process = self.start()
        except OSError as error:
            if error.errno == errno.ENOMEM:  # which this process has itself used up
                raise
            raise NoSandbox(NO_WORKER.format(error)) from error
        self.pipe = Pipe(process, self.limits.answer)
        there = self.pipe.process.files
        sent = {name: content for name, content in self.files.items() if there.get(name) != content}
        files = [(name, len(content)) for name, content in sent.items()]
        begin = {"do": "begin", "files": files, "there": [*there], "wanted": self.wanted}
        begin |= {"answer": self.limits.answer, "limits": self.limits.of_a_process()}
        try:
            answer, _ = self.pipe.ask(begin, b"".join(sent.values()), time.monotonic() + STARTING)
        except StudentDied as death:
            answer = {"error": str(death)}
        if "error" in answer:
            self.end()
        return answer

    def error(self, answer):
        """Return the exception that an answer describes, with the student's line in its traceback."""
        kinds, text = answer.get("error"), answer.get("message")
        kinds = [kind for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
        base = next((ERRORS[kind] for kind in kinds if kind in ERRORS), Exception)
        name = kinds[0] if kinds and kinds[0].isidentifier() and len(kinds[0]) < 100 else base.__name__
        text = text[:1000] if isinstance(text, str) else ""
        told = {"__init__": lambda self: None, "__str__": lambda self: text, "is_the_students": True}
        error = type(name, (base,), told)()
        line, source = answer.get("line"), answer.get("text")
        if type(line) is int and 0 < line < 100_000 and isinstance(source, str):
            linecache.cache[FILE] = (len(source), None, [""] * (line - 1) + [source[:1000]], FILE)
            try:
                exec(compile("\n" * (line - 1) + "raise error", FILE, "exec"), {"error": error})
            except BaseException as raised:  # noqa: BLE001
                return raised
        return error


def random_state():
    """Return where the global random numbers of Python and NumPy stand in this process."""
    return [random.getstate(), numpy_state()]


def numpy_state():
    """Return where NumPy's stand. Asking for all of it takes long, so it is only asked for where what they come from has moved."""
    seen = ctypes.string_at(np.random.get_bit_generator().ctypes.state_address, TWISTER)
    if seen != LAST[0]:
        _, keys, place, has_one_left, left = np.random.get_state()
        # Of two normal numbers that were drawn at once, the second is given out without anything moving.
        LAST[:] = None if has_one_left else seen, (keys.tobytes(), [place, has_one_left, left])
    return LAST[1]


TWISTER = 625 * 4  # bytes of a Mersenne Twister: 624 numbers and a place among them
LAST = [None, None]  # those bytes, and the state that was asked for then

# How the state of either is sent: the long part as an array.
SENDING = (
    lambda state: [state[0], np.array(state[1], np.uint32), state[2]],
    lambda state: [np.frombuffer(state[0], np.uint32), *state[1]],
)


def as_they_come(more, limit):
    """Yield what ``more`` returns, up to ``limit`` bytes in all: a list of an iterator that never ends would fill the memory."""
    items, size = more()
    while items and limit >= 0:
        yield items.pop()
        limit -= size
        items, size = more()
    if items:
        raise ValueError("the answer can't be used: an iterator gives too much")


def as_a_test_sees_it(asked, /, *arguments, **options):
    """Ask the student's process for a test, which learns of its end as of any other error.

    A test may trace what it calls, to end it in time; the student's code is not here, and all else would run for longer.
    """
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        return asked(*arguments, **options)
    except StudentDied as death:
        if death.timed_out:
            raise TimeoutError(str(death)) from None
        raise RuntimeError(str(death)) from None
    finally:
        sys.settrace(trace)


class StandIn:
    """Stands for a student's function in the grader: each call goes through the pipe."""

    __code__ = compile("", FILE, "exec")  # so that a traceback's lines are known as the student's

    def __init__(self, student, name):
        self.student, self.__name__, self.__qualname__ = student, name, name

    def __call__(self, /, *args, **kwargs):
        return as_a_test_sees_it(self.student.call, self.__name__, *args, **kwargs)


def change_back(args, kwargs, changed):
    """Make the caller's lists, dicts, sets, arrays and their like what the call made of the student's copies."""
    match changed:
        case [list(others), dict(named)]:
            pairs = [*zip(args, others), *((value, named.get(key)) for key, value in kwargs.items())]
        case _:
            return
    for mine, new in pairs:
        if any(isinstance(mine, kind) and isinstance(new, kind) for kind in (list, deque, bytearray)):
            mine.clear()
            mine.extend(new)
        elif any(isinstance(mine, kind) and isinstance(new, kind) for kind in (dict, set)):
            mine.clear()
            mine.update(new)
        elif (
            isinstance(mine, np.ndarray)
            and isinstance(new, np.ndarray)
            and mine.shape == new.shape
            and mine.dtype == new.dtype
        ):
            mine[...] = new
