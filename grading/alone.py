"""Calls a function in a process of its own for each call, with limits on memory, processor time and the clock.

Every such process is forked from a warm one that has loaded what the function
needs, and that itself never sees what the calls are about. Nothing of a call is
left for the next, and what ends a process ends that call alone.
"""

import contextlib
import ctypes
import errno
import gc
import json
import os
import pickle
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from dataclasses import dataclass

from grading.protocol import LENGTHS, frame
from grading.sandbox import NoSandbox, in_memory

STATUS = 4  # bytes that say how a process ended
SHOWN = 300  # characters of an error that are kept
GRACE = 2  # seconds for a warm process to end by itself, with all that it has started
# What the system says where the machine itself has a trouble, which every call would have.
TROUBLE = errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENFILE
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from grading.alone import serve; serve()"

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # from the kernel's prctl.h


@dataclass(frozen=True)
class Room:
    """What one call may use.

    Attributes
    ----------
    memory : int
        Bytes of address space, besides what the warm process has.
    cpu : int
        Seconds of the processor.
    clock : float
        Seconds by the clock.
    answer : int
        Bytes of its answer.
    """

    memory: int = 1 << 30
    cpu: int = 60
    clock: float = 300.0
    answer: int = 64 << 20


class Ended(Exception):
    """A call did not come to its end; the message says which limit it met, or what went wrong."""


class Closed(Exception):
    """Nothing is called any more."""


class Alone:
    """Calls one function. Its warm process is started with the first call, and again where it was killed.

    Parameters
    ----------
    prepare : callable
        Is called once, in the warm process, and returns the function: of what a call gives it, to what JSON can hold and
        some bytes.
    arguments : tuple
        What ``prepare`` is called with.
    room : Room
    """

    def __init__(self, prepare, arguments=(), room=Room()):
        self.settings, self.room = pickle.dumps((prepare, arguments, room)), room
        self.changing, self.warm, self.closed = threading.Lock(), None, False

    def call(self, *arguments):
        """Call the function in a process of its own.

        Returns
        -------
        object
            What JSON can hold.
        bytes

        Raises
        ------
        Ended
            If the process could not finish.
        OSError, NoSandbox
            What this machine is the reason of, and not the call.
        Closed
            After `close`, also while the call is under way.
        """
        request = pickle.dumps(arguments)
        for _ in range(2):  # what it was forked from may have been killed, for whatever reason
            warm = self.started()
            trouble = warm.trouble()
            answer, status = (b"", b"") if trouble else warm.ask(request, self.room.answer)
            if answer is None:
                raise Ended(f"its answer has more than {self.room.answer >> 20} MB")
            if status:
                return outcome(answer, int.from_bytes(status, "little", signed=True), self.room)
            self.end(warm)
            if self.closed:
                raise Closed
            if trouble:
                raise ChildProcessError(f"The process that grades could not be started: {trouble}.")
        raise Ended("its process was killed, and so was the one that it was forked from: memory may be short")

    def started(self):
        """Return the warm process."""
        with self.changing:
            if self.closed:
                raise Closed
            if self.warm is None:
                self.warm = Warm(self.settings)
            return self.warm

    def end(self, warm):
        """End a warm process, if nobody else has."""
        with self.changing:
            if warm is None or warm is not self.warm:
                return
            self.warm = None
        warm.end()

    def close(self):
        """End the warm process and all that it has started, and start none any more."""
        with self.changing:
            self.closed = True
        self.end(self.warm)


class Warm:
    """A process that others are forked from.

    Parameters
    ----------
    settings : bytes
        Pickled: what prepares it, what that is called with, and a `Room`.
    """

    def __init__(self, settings):
        self.door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # What it and all others write for the time being, and what it says where it can't begin.
        self.home, self.said = tempfile.mkdtemp(prefix="grading-"), tempfile.TemporaryFile()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM, *(path or os.getcwd() for path in sys.path)],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=self.said,
                env=os.environ | {"TMPDIR": self.home},
                process_group=0,  # who started this one decides what Ctrl-C does
            )
        weakref.finalize(self, finish, self.process, self.door, self.home, self.said)
        file = in_memory(settings)
        with contextlib.suppress(OSError):  # it has ended already
            socket.send_fds(self.door, [b"-"], [file])
        os.close(file)

    def trouble(self):
        """Wait until it is prepared; return why it can't be, or an empty text."""
        ready = select.poll()
        ready.register(self.door, select.POLLIN)
        ready.poll()
        with contextlib.suppress(OSError):  # it was ended meanwhile
            if self.door.recv(1, socket.MSG_PEEK):  # its one word stays there, for all who wait
                return ""
        said = os.pread(self.said.fileno(), 1 << 16, 0).decode(errors="replace").strip()
        return said.rpartition("\n")[2][:SHOWN].rstrip(".") or "it ended before it was ready"

    def ask(self, request, most):
        """Have a process do what a request asks for.

        Returns
        -------
        bytes or None
            What it answered; None where that has more than ``most`` bytes.
        bytes
            How it ended; nothing where that is not known, because the warm process has ended.
        """
        mine, theirs = socket.socketpair()
        ending, told = os.pipe()
        with mine, open(ending, "rb", buffering=0) as ending:
            try:
                with theirs, contextlib.suppress(OSError):  # the warm process has ended
                    socket.send_fds(self.door, [b"-"], [theirs.fileno(), told])
            finally:
                os.close(told)
            with contextlib.suppress(OSError):  # it ended before it had read all
                mine.sendall(request)
                mine.shutdown(socket.SHUT_WR)
            answer = framed(mine, most)
            return answer, b"" if answer is None else ending.read(STATUS)

    def end(self):
        """End it, and all that it has started."""
        end(self.process, self.door, self.home)


def end(process, door, home):
    if process.returncode is not None:
        return
    with contextlib.suppress(OSError):
        door.shutdown(socket.SHUT_RDWR)  # not closed: others may be about to use it
    os.kill(process.pid, signal.SIGTERM)
    ended, handle = select.poll(), os.pidfd_open(process.pid)
    ended.register(handle, select.POLLIN)
    ended.poll(GRACE * 1000)
    os.close(handle)
    os.killpg(process.pid, signal.SIGKILL)  # what is left where something killed it
    process.wait()
    if os.path.isdir(home):  # as that one could not remove it
        remove(home)


def finish(process, door, home, said):
    end(process, door, home)
    door.close()
    said.close()


def framed(connection, most):
    """Return the one message that comes through a connection, or what there is of it; None where it has more than ``most`` bytes."""
    data, size = bytearray(), LENGTHS.size
    with contextlib.suppress(ConnectionResetError):  # the other side ended before it had read all
        while len(data) < size <= most and (part := connection.recv(1 << 20)):
            data += part
            if size == LENGTHS.size <= len(data):
                size += sum(LENGTHS.unpack_from(data))
    return bytes(data) if size <= most else None


def outcome(answer, status, room):
    """Return what a process answered; raise what kept it from that."""
    if status or not answer:
        raise Ended(why(status, room))
    size, _ = LENGTHS.unpack_from(answer)
    header, body = json.loads(answer[LENGTHS.size : LENGTHS.size + size]), answer[LENGTHS.size + size :]
    match header:
        case {"ended": text}:
            raise Ended(text)
        case {"trouble": [None, text, _]}:
            raise NoSandbox(text)
        case {"trouble": [number, text, file]}:
            raise OSError(number, text, file)
        case {"value": value}:
            return value, body


def why(status, room):
    """Return what ended a process, from what the system says of its end."""
    reasons = {
        errno.ENOMEM: f"it took more than {room.memory >> 20} MB of memory",
        -signal.SIGXCPU: f"it took more than {room.cpu:g} s of the processor",
        -signal.SIGALRM: f"it took more than {room.clock:g} s by the clock",
        -signal.SIGKILL: "its process was killed: memory may be short",
    }
    how = f"was ended by signal {-status} ({signal.strsignal(-status)})" if status < 0 else f"ended with {status}"
    return reasons.get(status) or f"its process {how}"


# ----------------------------------------------------------------- in the warm process


def serve():
    """Prepare, and then fork a process for each call that comes through standard input, until nobody is there."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what a process leaves running becomes a child of this one
    door, home = socket.socket(fileno=os.dup(0)), tempfile.gettempdir()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        (settings,) = descriptors_from(door)
        with open(settings, "rb") as file:
            prepare, arguments, room = pickle.load(file)
        function = prepare(*arguments)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # from here on the door is looked at
        for output in (1, 2):  # what is written from here on is about what students wrote
            os.dup2(nothing, output)
        gc.collect()
        gc.freeze()  # what is here now stays, and no fork needs to look through it
        gc.disable()  # a process of one call ends before there is any garbage
        door.send(b"+")
        answer_calls(door, home, function, room)
    finally:
        end_all_but(set())
        remove(home)


def answer_calls(door, home, function, room):
    """Fork a process for each call; when it has ended, kill and remove what it left, and say how it ended.

    Where what was prepared for them is gone, so is what they are doing, and this returns: all is started anew for them.
    """
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    running, kept, warm, events = {}, children(), os.getpid(), select.poll()
    free = []  # folders for what a process writes for the time being: to remove one takes longer than all else here
    prepared = [os.pidfd_open(child) for child in kept]
    for descriptor in (door.fileno(), *prepared):
        events.register(descriptor, select.POLLIN)
    while True:
        for descriptor, _ in events.poll():
            if descriptor in running:
                child, folder, told = running.pop(descriptor)
                events.unregister(descriptor)
                os.close(descriptor)
                status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                end_all_but(kept.union(child for child, *_ in running.values()))
                if os.listdir(folder):
                    remove(folder)
                else:
                    free.append(folder)
                tell(told, status)
            elif descriptor not in prepared and (asked := descriptors_from(door)):
                connection, told = socket.socket(fileno=asked[0]), asked[1]
                with connection:
                    try:
                        folder = free.pop() if free else tempfile.mkdtemp(dir=home)
                        child = os.fork()
                    except OSError as error:
                        text = f"No process can be started for one more submission: {error.strerror}."
                        connection.sendall(frame({"trouble": [None, text, None]}))
                        tell(told, 0)
                        continue
                    if child == 0:
                        answer(connection, folder, function, room, warm)
                handle = os.pidfd_open(child)
                running[handle] = child, folder, told
                events.register(handle, select.POLLIN)
            else:
                return


def descriptors_from(door):
    return socket.recv_fds(door, 1, 2, socket.MSG_CMSG_CLOEXEC)[1]


def tell(told, status):
    """Say how a process ended, and that nothing of it is left."""
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(told, status.to_bytes(STATUS, "little", signed=True))
    os.close(told)


def children():
    """Return the process ids of this process's children; of none where the kernel does not tell."""
    with contextlib.suppress(FileNotFoundError), open("/proc/thread-self/children", "rb", buffering=0) as file:
        return set(map(int, file.read().split()))
    return set()


def end_all_but(kept):
    """Kill all children but some, and whatever becomes a child of this process then."""
    while others := children() - kept:
        for child in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in others:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def remove(folder):
    """Remove a folder, however deep and closed are those in it."""
    for program in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        subprocess.run([*program, folder], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# ------------------------------------------------------------ in the process of a call


def answer(connection, folder, function, room, warm):
    """Limit this process, call the function, answer, and end."""
    try:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # without the warm process nobody limits it any more
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, room.clock)
        hold_to(resource.RLIMIT_AS, address_space() + room.memory)
        hold_to(resource.RLIMIT_CPU, room.cpu)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if os.getppid() == warm:
            connection.sendall(came_of(function, connection, folder))
            os._exit(0)
    except MemoryError:  # there may be no memory to say so
        os._exit(errno.ENOMEM)
    finally:
        os._exit(1)


def hold_to(kind, most):
    """Limit what this process takes. Who is started by it may raise that: a worker has limits of its own, before it runs any code."""
    _, allowed = resource.getrlimit(kind)
    if allowed == resource.RLIM_INFINITY or most < allowed:
        resource.setrlimit(kind, (most, allowed))


def came_of(function, connection, folder):
    """Return a function's answer to a request as bytes, or why there is none."""
    try:
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        with connection.makefile("rb") as request:
            arguments = pickle.load(request)
        value, body = function(*arguments)
        return frame({"value": value}, body)
    except MemoryError:
        raise
    except RecursionError:
        return frame({"ended": "it is nested too deeply"})
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError from None
        if error.errno not in TROUBLE:
            return frame({"ended": f"{type(error).__name__}: {error.strerror or str(error)[:SHOWN]}"})
        return frame({"trouble": [error.errno, error.strerror, error.filename and os.fsdecode(error.filename)]})
    except NoSandbox as error:
        return frame({"trouble": [None, str(error), None]})
    except Exception as error:  # noqa: BLE001 - a defect of ours must not stop the others
        return frame({"ended": f"{type(error).__name__}: {str(error)[:SHOWN]}"})


def address_space():
    """Return the bytes of address space that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
