"""Calls a function in a process of its own for each call, with limits on memory, processor time and the clock.

Every such process is forked from a warm one that has loaded what the function
needs, and that itself never sees what the calls are about: see `forkserver.py`.
Nothing of a call is left for the next, and what ends a process ends that call
alone.
"""

import contextlib
import errno
import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import IO, Any

from grading.forkserver import ERROR_CHARACTERS, STATUS_BYTES, CallLimits, IsolatedFunction, remove_folder
from grading.launch import NoSandbox, memory_file
from grading.protocol import LENGTHS

__all__ = ["CallFailed", "CallLimits", "Closed", "Isolated"]

STOP_SECONDS = 2  # for a warm process to end by itself, with all that it has started
SERVE_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from grading.forkserver import serve; serve()"


class CallFailed(Exception):
    """A call did not come to its end; the message says which limit it met, or what went wrong."""


class Closed(Exception):
    """Nothing is called any more."""


class Isolated:
    """Calls one function. Its warm process is started with the first call, and again where it was killed.

    Parameters
    ----------
    prepare : callable
        Is called once, in the warm process, and returns the function: of what a call gives it, to what JSON can hold and
        some bytes.
    arguments : sequence
        What ``prepare`` is called with.
    limits : CallLimits
    """

    def __init__(
        self,
        prepare: Callable[..., IsolatedFunction],
        arguments: Sequence[object] = (),
        limits: CallLimits = CallLimits(),
    ) -> None:
        self.settings, self.limits = pickle.dumps((prepare, arguments, limits)), limits
        self.lock, self.closed = threading.Lock(), False
        self.fork_server: ForkServer | None = None

    def call(self, *arguments: object) -> tuple[Any, bytes]:
        """Call the function in a process of its own.

        Returns
        -------
        object
            What JSON can hold.
        bytes

        Raises
        ------
        CallFailed
            If the process could not finish.
        OSError, NoSandbox
            What this machine is the reason of, and not the call.
        Closed
            After `close`, also while the call is under way.
        """
        request = pickle.dumps(arguments)
        for _ in range(2):  # what it was forked from may have been killed, for whatever reason
            server = self.started_server()
            trouble = server.why_not_ready()
            answer, status = (b"", b"") if trouble else server.ask(request, self.limits.answer)
            if answer is None:
                raise CallFailed(f"its answer has more than {self.limits.answer >> 20} MB")
            if status:
                return unframed_answer(answer, int.from_bytes(status, "little", signed=True), self.limits)
            self.stop_server(server)
            if self.closed:
                raise Closed
            if trouble:
                raise ChildProcessError(f"The process that grades could not be started: {trouble}.")
        raise CallFailed("its process was killed, and so was the one that it was forked from: memory may be short")

    def started_server(self) -> "ForkServer":
        """Return the handle of the warm process, which is started where there is none."""
        with self.lock:
            if self.closed:
                raise Closed
            if self.fork_server is None:
                self.fork_server = ForkServer(self.settings)
            return self.fork_server

    def stop_server(self, server: "ForkServer | None") -> None:
        """End a warm process, if nobody else has."""
        with self.lock:
            if server is None or server is not self.fork_server:
                return
            self.fork_server = None
        server.stop()

    def close(self) -> None:
        """End the warm process and all that it has started, and start none any more."""
        with self.lock:
            self.closed = True
        self.stop_server(self.fork_server)


class ForkServer:
    """A process that others are forked from, as the one sees it that has started it.

    Parameters
    ----------
    settings : bytes
        Pickled: what prepares it, what that is called with, and a `CallLimits`.

    Attributes
    ----------
    requests : socket.socket
        What the connection of each call is sent through.
    home : str
        The folder for what it and all that it forks write for the time being.
    errors : file
        What it says where it can't begin.
    """

    def __init__(self, settings: bytes) -> None:
        self.requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.home, self.errors = tempfile.mkdtemp(prefix="grading-"), tempfile.TemporaryFile()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", SERVE_PROGRAM, *(path or os.getcwd() for path in sys.path)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self.errors,
                env=os.environ | {"TMPDIR": self.home},
                process_group=0,  # who started this one decides what Ctrl-C does
            )
        weakref.finalize(self, close_fork_server, self.process, self.requests, self.home, self.errors)
        file = memory_file(settings)
        with contextlib.suppress(OSError):  # it has ended already
            socket.send_fds(self.requests, [b"-"], [file])
        os.close(file)

    def why_not_ready(self) -> str:
        """Wait until it is prepared; return why it can't be, or an empty text."""
        ready = select.poll()
        ready.register(self.requests, select.POLLIN)
        ready.poll()
        with contextlib.suppress(OSError):  # it was ended meanwhile
            if self.requests.recv(1, socket.MSG_PEEK):  # its one word stays there, for all who wait
                return ""
        errors = os.pread(self.errors.fileno(), 1 << 16, 0).decode(errors="replace").strip()
        return errors.rpartition("\n")[2][:ERROR_CHARACTERS].rstrip(".") or "it ended before it was ready"

    def ask(self, request: bytes, most: int) -> tuple[bytes | None, bytes]:
        """Have a process do what a request asks for.

        Returns
        -------
        bytes or None
            What it answered; None where that has more than ``most`` bytes.
        bytes
            How it ended; nothing where that is not known, because the warm process has ended.
        """
        mine, theirs = socket.socketpair()
        status_read, status_write = os.pipe()
        with mine, open(status_read, "rb", buffering=0) as status:
            try:
                with theirs, contextlib.suppress(OSError):  # the warm process has ended
                    socket.send_fds(self.requests, [b"-"], [theirs.fileno(), status_write])
            finally:
                os.close(status_write)
            with contextlib.suppress(OSError):  # it ended before it had read all
                mine.sendall(request)
                mine.shutdown(socket.SHUT_WR)
            answer = read_frame(mine, most)
            return answer, b"" if answer is None else status.read(STATUS_BYTES)

    def stop(self) -> None:
        """End it, and all that it has started."""
        stop_fork_server(self.process, self.requests, self.home)


def stop_fork_server(process: subprocess.Popen[bytes], requests: socket.socket, home: str) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(OSError):
        requests.shutdown(socket.SHUT_RDWR)  # not closed: others may be about to use it
    os.kill(process.pid, signal.SIGTERM)
    ended, handle = select.poll(), os.pidfd_open(process.pid)
    ended.register(handle, select.POLLIN)
    ended.poll(STOP_SECONDS * 1000)
    os.close(handle)
    os.killpg(process.pid, signal.SIGKILL)  # what is left where something killed it
    process.wait()
    if os.path.isdir(home):  # as that one could not remove it
        remove_folder(home)


def close_fork_server(process: subprocess.Popen[bytes], requests: socket.socket, home: str, errors: IO[bytes]) -> None:
    stop_fork_server(process, requests, home)
    requests.close()
    errors.close()


def read_frame(connection: socket.socket, most: int) -> bytes | None:
    """Return the one message that comes through a connection, or what there is of it; None where it has more than ``most`` bytes."""
    data, size = bytearray(), LENGTHS.size
    with contextlib.suppress(ConnectionResetError):  # the other side ended before it had read all
        while len(data) < size <= most and (part := connection.recv(1 << 20)):
            data += part
            if size == LENGTHS.size <= len(data):
                size += sum(LENGTHS.unpack_from(data))
    return bytes(data) if size <= most else None


def unframed_answer(answer: bytes, status: int, limits: CallLimits) -> tuple[Any, bytes]:
    """Return what a process answered; raise what kept it from that."""
    if status or not answer:
        raise CallFailed(why_ended(status, limits))
    size, _ = LENGTHS.unpack_from(answer)
    header, body = json.loads(answer[LENGTHS.size : LENGTHS.size + size]), answer[LENGTHS.size + size :]
    match header:
        case {"ended": text}:
            raise CallFailed(text)
        case {"trouble": [None, text, _]}:
            raise NoSandbox(text)
        case {"trouble": [number, text, file]}:
            raise OSError(number, text, file)
    return header["value"], body


def why_ended(status: int, limits: CallLimits) -> str:
    """Return what ended a process, from what the system says of its end."""
    reasons = {
        errno.ENOMEM: f"it took more than {limits.memory >> 20} MB of memory",
        -signal.SIGXCPU: f"it took more than {limits.cpu:g} s of the processor",
        -signal.SIGALRM: f"it took more than {limits.clock:g} s by the clock",
        -signal.SIGKILL: "its process was killed: memory may be short",
    }
    how = f"was ended by signal {-status} ({signal.strsignal(-status)})" if status < 0 else f"ended with {status}"
    return reasons.get(status) or f"its process {how}"
