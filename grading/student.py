"""The trusted end of the pipe: runs cells and calls functions in a sandboxed process, and takes back plain data.

Nothing that comes back is believed. A header is parsed as JSON, an array is
made from raw bytes whose dtype, shape and length were checked, and every read
and every write has a deadline.
"""

import builtins
import functools
import json
import linecache
import os
import random
import select
import time
from collections import Counter

import numpy as np

from grading.sandbox import STARTING, NoSandbox
from grading.worker import LENGTHS, Encoder

FILE = "<student>"  # what a traceback calls the student's code
DEATHS = 15  # of one submission's processes; a new one takes time that is not the student's
ELEMENTS = 10_000_000  # of all arrays in one answer, also where strides make one number look like many
NODES = 100_000  # values in one answer, arrays counted as one
ALIKE = 100  # keys of one dict or set with one hash: Python compares each with all of them
DEPTH = 60
SHOWN = 5 << 20  # characters of what one cell shows, pictures included
ERRORS = {
    name: error
    for name, error in vars(builtins).items()
    if isinstance(error, type) and issubclass(error, Exception) and not issubclass(error, ExceptionGroup)
} | {"SystemExit": SystemExit}


class StudentDied(Exception):
    """The student's process ended or was ended; ``timed_out`` tells which."""

    def __init__(self, message, timed_out=False):
        super().__init__(message)
        self.timed_out = timed_out


class Malformed(ValueError):
    """An answer that is not what the protocol allows."""


# ------------------------------------------------------------------------- decoding


class Decoder:
    """Turns answers into values. Arrays of one memory in the student's process share memory here too."""

    def __init__(self, limit):
        self.limit, self.used = limit, 0
        self.memories = {}

    def decode(self, tree, body):
        """Return the value of a tree whose arrays are in ``body``; raise Malformed for anything else."""
        self.body, self.at, self.left, self.elements = memoryview(body), 0, NODES, ELEMENTS
        value = self.value(tree, 0)
        if self.at != len(body):
            raise Malformed("there are more bytes than arrays")
        return value

    def value(self, tree, depth):
        self.left -= 1
        if self.left < 0 or depth > DEPTH:
            raise Malformed("the answer holds too many values")
        if tree is None or isinstance(tree, (bool, int, float, str)):
            return tree
        if not isinstance(tree, dict):
            raise Malformed("a value is not what the protocol knows")
        if "other" in tree:
            return stranger(tree)
        if len(tree) != 1:
            raise Malformed("a value is not what the protocol knows")
        ((kind, content),) = tree.items()
        if kind in ("ndarray", "matrix", "scalar") and isinstance(content, dict):
            array = self.array(content)
            if kind == "matrix" and array.ndim == 2:
                return np.asmatrix(array)
            return array[()] if kind == "scalar" and array.ndim == 0 else array
        if not isinstance(content, (list, str)):
            raise Malformed("a value is not what the protocol knows")
        if kind == "bytes" and isinstance(content, str):
            return content.encode("latin-1", "replace")
        if kind == "complex" and len(content) == 2 and all(isinstance(part, (int, float)) for part in content):
            return complex(*content)
        if kind in ("list", "tuple", "set") and isinstance(content, list):
            items = [self.value(item, depth + 1) for item in content]
            return {"list": list, "tuple": tuple, "set": as_set}[kind](items)
        if kind == "dict" and all(isinstance(pair, list) and len(pair) == 2 for pair in content):
            keys = hashable([self.value(key, depth + 1) for key, _ in content])
            return dict(zip(keys, [self.value(item, depth + 1) for _, item in content]))
        raise Malformed("a value is not what the protocol knows")

    def array(self, spec):
        """Return the array of a specification, once everything about it has been checked."""
        try:
            dtype, shape = dtype_of(spec["dtype"]), tuple(spec["shape"])
        except (KeyError, TypeError, ValueError, SyntaxError) as error:
            raise Malformed("an array has no dtype or no shape") from error
        if len(shape) > 32 or not all(type(size) is int and 0 <= size for size in shape):
            raise Malformed("an array has no shape that can be")
        size = 1
        for length in shape:
            size *= length  # Python's integers do not wrap around
        self.elements -= size
        if self.elements < 0:
            raise Malformed(f"the arrays have more than {ELEMENTS} elements")
        if dtype.kind not in "biufcUSMm":
            return np.full(shape, None, dtype=object)
        data = self.take(spec.get("bytes"))
        if len(data) != size * dtype.itemsize:
            raise Malformed("an array has another size than its shape")
        array = self.place(spec, dtype, shape)
        array[...] = np.ndarray(shape, dtype, data)
        if spec.get("writeable") is not True:
            array.flags.writeable = False
        return array

    def take(self, size):
        if type(size) is not int or size < 0 or self.at + size > len(self.body):
            raise Malformed("an array has fewer bytes than it says")
        self.at += size
        return self.body[self.at - size : self.at]

    def place(self, spec, dtype, shape):
        """Return room for an array: in the memory that it shares with others, or of its own where that makes no sense."""
        root, length, offset, strides = (spec.get(name) for name in ("root", "memory", "offset", "strides"))
        numbers = [root, length, offset, *(strides if isinstance(strides, list) else [None])]
        if all(type(number) is int for number in numbers) and 0 < length <= self.limit and len(strides) == len(shape):
            memory = self.memories.get(root)
            if memory is None and self.used + length <= self.limit:
                memory = self.memories[root] = np.zeros(length, np.uint8)
                self.used += length
            if memory is not None and len(memory) == length:
                try:
                    return np.ndarray(shape, dtype, memory, offset, strides)
                except (ValueError, TypeError, OverflowError):
                    pass  # it would reach beyond the memory
        return np.empty(shape, dtype)


@functools.lru_cache(100)
def dtype_of(text):
    return np.dtype(str(text))


def as_set(items):
    return set(hashable(items))


def hashable(keys):
    try:
        hashes = Counter(map(hash, keys))
    except TypeError as error:
        raise Malformed("a key can't be hashed") from error
    if hashes and hashes.most_common(1)[0][1] > ALIKE:
        raise Malformed("too many keys have one hash")
    return keys


def stranger(tree):
    """Return something that is nothing but of the kind that the student returned."""
    name, kind = tree.get("other"), tree.get("as")
    if not isinstance(name, str) or len(name) > 100:
        raise Malformed("a value has no type")
    if kind == "function":
        return lambda *arguments: None
    if kind == "builtin":
        return len
    if kind == "generator":
        return (nothing for nothing in ())
    if kind == "coroutine":
        coroutine = nothing()
        coroutine.close()  # nobody waits for it
        return coroutine
    return type(name if name.isidentifier() else "object", (Stranger,), {})()


async def nothing():
    """Do nothing."""


class Stranger:
    """Stands for a value that is no plain data. It equals nothing but itself."""


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
        self.ready = {}
        for stream, event in ((process.requests, select.POLLOUT), (process.answers, select.POLLIN)):
            os.set_blocking(stream, False)
            self.ready[stream] = select.poll()
            self.ready[stream].register(stream, event)

    def ask(self, header, body, deadline):
        """Send a request and return the answer's header and bytes; raise StudentDied."""
        text = json.dumps(header).encode()
        self.write(LENGTHS.pack(len(text), len(body)) + text + body, deadline)
        header_size, body_size = LENGTHS.unpack(self.read(LENGTHS.size, deadline))
        if header_size + body_size > self.limit:
            raise StudentDied(f"an answer has {header_size + body_size} bytes, and {self.limit} are allowed")
        try:
            answer = json.loads(self.read(header_size, deadline))
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
    given : list of dict
        What the notebook gives: ``{"names": [...], "source": ...}`` for each statement.
    wanted : list of str
        The names that the tests will ask for.
    limits : grading.sandbox.Limits
    """

    def __init__(self, start, given, wanted, limits):
        self.start, self.given, self.wanted, self.limits = start, given, wanted, limits
        self.deadline = time.monotonic() + limits.total
        self.cells, self.pipe, self.died, self.values, self.outputs = [], None, [], {}, []
        self.random = random_state()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.end()

    def end(self):
        if self.pipe is not None:
            self.pipe.process.end()
            self.pipe = None

    def run(self, source, definitions=False, show=False):
        """Run one cell, or only what it imports and defines; return the error that it ended in, or None.

        With ``show``, ``outputs`` is what a person sees below the cell, as outputs of a notebook. It is as the student's
        code made it: nothing of it may be shown before it is cleaned.
        """
        self.values.clear()
        self.outputs = []
        request = {"do": "run", "source": source, "definitions": definitions, "show": show}
        answer, _ = self.ask(request, b"", self.limits.cell)
        self.cells.append((source, definitions))
        error = self.error(answer) if "error" in answer else None
        if show:
            self.outputs = [{"output_type": "stream", "text": answer.get("printed")}]
            if isinstance(answer.get("outputs"), list) and len(json.dumps(answer["outputs"])) < SHOWN:
                self.outputs += answer["outputs"]
            if error:
                self.outputs.append({"output_type": "error", "evalue": f"{type(error).__name__}: {error}"})
        return error

    def call(self, name, *args, **kwargs):
        """Call one of the student's functions; return what it returns, or raise what it raises.

        Where the test has seeded or drawn since the last call, the student's random numbers go on from there.
        Nothing comes back: a student does not choose what a test draws.
        """
        self.values.clear()
        encoder = Encoder()
        header = {"do": "call", "name": name, "arguments": encoder.encode(([*args], kwargs))}
        before, self.random = self.random, random_state()
        if before != self.random:
            header["random"] = encoder.encode(to_be_sent(self.random))
        answer, body = self.ask(header, b"".join(encoder.body), self.limits.call)
        printed = answer.get("printed")
        if isinstance(printed, str) and printed:
            print(printed, end="")
        if "error" in answer:
            raise self.error(answer)
        try:
            tree = {"tuple": [answer["value"], answer.get("arguments")]}
            value, changed = self.decoder.decode(tree, body)
        except (KeyError, Malformed) as error:
            raise ValueError(f"the answer can't be used: {error}") from None
        if changed is not None:
            change_back(args, kwargs, changed)
        return value

    def seeded(self):
        """Take note that the test has seeded: its random numbers may stand where they stood before."""
        self.random = None

    def value(self, name):
        """Return the value that the student's cells gave a name: one and the same until the next cell or call."""
        if name not in self.values:
            answer, body = self.ask({"do": "value", "name": name}, b"", self.limits.call)
            if "error" in answer:
                raise self.error(answer)
            self.values[name] = self.decoder.decode(answer.get("value"), body)
        return self.values[name]

    def about(self, name):
        """Return how many values the student's cells gave a name, and whether the last can be called."""
        answer, _ = self.ask({"do": "about", "name": name}, b"", self.limits.call)
        versions = answer.get("versions")
        return versions if type(versions) is int else 0, answer.get("callable") is True

    def ask(self, header, body, seconds):
        if self.pipe is None:
            self.begin()
        try:
            deadline = min(time.monotonic() + seconds, self.deadline)
            return self.pipe.ask(header, body, deadline)
        except StudentDied as death:
            if death.timed_out:
                death = StudentDied(f"still running after {seconds:g} seconds", timed_out=True)
            self.died.append(death)
            self.end()
            raise death from None

    def begin(self):
        """Start a process and bring it to where the last one was, without the cell that ended it."""
        if time.monotonic() > self.deadline:
            raise StudentDied("the time for the whole submission is over", timed_out=True)
        if len(self.died) >= DEATHS:
            raise StudentDied(f"the notebook ended its own process {DEATHS} times, and was not started again")
        started = time.monotonic()
        answer = self.begun()
        if "error" in answer:  # what it was forked from may have been killed just then
            answer = self.begun()
        if "error" in answer:
            raise NoSandbox(f"A worker could not be started: {answer}. Nothing was graded; try again with less load.")
        self.decoder = Decoder(self.limits.answer)
        cells, self.cells = self.cells, []
        self.deadline += time.monotonic() - started
        for source, definitions in cells:
            self.run(source, definitions)

    def begun(self):
        """Start a process in which no code of the student's has run yet; return its answer, or why there is none."""
        self.pipe = Pipe(self.start(), self.limits.answer)
        begin = {"do": "begin", "given": self.given, "wanted": self.wanted, "limits": self.limits.of_a_process()}
        try:
            answer, _ = self.pipe.ask(begin, b"", time.monotonic() + STARTING)
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
        error = type(name, (base,), {"__init__": lambda self: None, "__str__": lambda self: text})()
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
    _, keys, *rest = np.random.get_state()
    return random.getstate(), keys.tobytes(), rest


def to_be_sent(state):
    """Return a random state as values of which the long ones are arrays."""
    (version, python, normal), numpy, rest = state
    return [version, np.array(python, np.uint32), normal, np.frombuffer(numpy, np.uint32), *rest]


class StandIn:
    """Stands for a student's function in the grader: each call goes through the pipe."""

    __code__ = compile("", FILE, "exec")  # so that a traceback's lines are known as the student's

    def __init__(self, student, name):
        self.student, self.__name__, self.__qualname__ = student, name, name

    def __call__(self, *args, **kwargs):
        try:
            return self.student.call(self.__name__, *args, **kwargs)
        except StudentDied as death:
            if death.timed_out:
                raise TimeoutError(str(death)) from None
            raise RuntimeError(str(death)) from None


def change_back(args, kwargs, changed):
    """Make the caller's lists, dicts and arrays what the call made of the student's copies."""
    if not (
        isinstance(changed, tuple)
        and len(changed) == 2
        and isinstance(changed[0], list)
        and isinstance(changed[1], dict)
    ):
        return
    pairs = [*zip(args, changed[0]), *((value, changed[1].get(key)) for key, value in kwargs.items())]
    for mine, new in pairs:
        if isinstance(mine, list) and isinstance(new, list):
            mine[:] = new
        elif isinstance(mine, dict) and isinstance(new, dict):
            mine.clear()
            mine.update(new)
        elif (
            isinstance(mine, np.ndarray)
            and isinstance(new, np.ndarray)
            and mine.shape == new.shape
            and mine.dtype == new.dtype
        ):
            mine[...] = new
