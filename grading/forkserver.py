"""What runs in the warm process of `isolation.py`, and in the process of each call that it forks.

The warm process has loaded what the function needs, and never sees what the calls are about. What the processes write
for the time being lies in folders of their own, and nothing of it stays.
"""

import contextlib
import ctypes
import errno
import gc
import os
import pickle
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from grading import import_jsonschema
from grading.launch import NoSandbox
from grading.protocol import frame

STATUS_BYTES = 4  # that say how a process ended
ERROR_CHARACTERS = 300  # of an error's text that are kept
# What the system says where the machine itself has a trouble, which every call would have.
MACHINE_TROUBLES = errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENFILE

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # from the kernel's prctl.h

IsolatedFunction = Callable[..., tuple[Any, bytes]]  # what a call gives it -> what JSON can hold, and some bytes


@dataclass(frozen=True)
class CallLimits:
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


# ----------------------------------------------------------------- in the warm process


def serve() -> None:
    """Prepare, and then fork a process for each call that comes through standard input, until nobody is there."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what a process leaves running becomes a child of this one
    requests, home = socket.socket(fileno=os.dup(0)), tempfile.gettempdir()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        (settings,) = receive_descriptors(requests)
        with open(settings, "rb") as file:
            import_jsonschema()  # what is loaded with the next line may need it
            prepare, arguments, limits = pickle.load(file)
        function = prepare(*arguments)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # from here on the requests are looked at
        for output in (1, 2):  # what is written from here on is about what students wrote
            os.dup2(nothing, output)
        gc.collect()
        gc.freeze()  # what is here now stays, and no fork needs to look through it
        gc.disable()  # a process of one call ends before there is any garbage
        requests.send(b"+")
        CallServer(requests, home, function, limits).fork_for_calls()
    finally:
        kill_children_but(set())
        remove_folder(home)


@dataclass(frozen=True)
class RunningCall:
    """A process of a call, the folder that it writes to, and the pipe for how it ended."""

    child: int
    folder: str
    status_pipe: int


class CallServer:
    """Forks a process for each call; when it has ended, kills and removes what it left, and says how it ended.

    Parameters
    ----------
    requests : socket.socket
        Each message has two descriptors: the connection of a call, and a pipe for how it ended.
    home : str
        The folder for what the processes write.
    function : callable
    limits : CallLimits
    """

    def __init__(self, requests: socket.socket, home: str, function: IsolatedFunction, limits: CallLimits) -> None:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        self.requests, self.home, self.function, self.limits = requests, home, function, limits
        self.running: dict[int, RunningCall] = {}  # by the handles of their processes
        self.kept, self.warm, self.events = child_processes(), os.getpid(), select.poll()
        self.free_folders: list[str] = []  # to remove one takes longer than all else here
        self.prepared = [os.pidfd_open(child) for child in self.kept]
        for descriptor in (requests.fileno(), *self.prepared):
            self.events.register(descriptor, select.POLLIN)

    def fork_for_calls(self) -> None:
        """Serve until nobody asks any more.

        Where what was prepared for the calls is gone, so is what they are doing, and this returns: all is started anew
        for them.
        """
        while True:
            for descriptor, _ in self.events.poll():
                if descriptor in self.running:
                    self.finish(descriptor)
                elif descriptor in self.prepared or not (received := receive_descriptors(self.requests)):
                    return
                else:
                    self.begin(*received)

    def begin(self, connection_descriptor: int, status_pipe: int) -> None:
        """Fork the process of a call."""
        connection = socket.socket(fileno=connection_descriptor)
        with connection:
            try:
                folder = self.free_folders.pop() if self.free_folders else tempfile.mkdtemp(dir=self.home)
                child = os.fork()
            except OSError as error:
                text = f"No process can be started for one more submission: {error.strerror}."
                connection.sendall(frame({"trouble": [None, text, None]}))
                send_status(status_pipe, 0)
                return
            if child == 0:
                answer_call(connection, folder, self.function, self.limits, self.warm)
        handle = os.pidfd_open(child)
        self.running[handle] = RunningCall(child, folder, status_pipe)
        self.events.register(handle, select.POLLIN)

    def finish(self, handle: int) -> None:
        """Leave nothing of a process that has ended, and say how it ended."""
        call = self.running.pop(handle)
        self.events.unregister(handle)
        os.close(handle)
        status = os.waitstatus_to_exitcode(os.waitpid(call.child, 0)[1])
        kill_children_but(self.kept.union(other.child for other in self.running.values()))
        if os.listdir(call.folder):
            remove_folder(call.folder)
        else:
            self.free_folders.append(call.folder)
        send_status(call.status_pipe, status)


def receive_descriptors(requests: socket.socket) -> list[int]:
    return socket.recv_fds(requests, 1, 2, socket.MSG_CMSG_CLOEXEC)[1]


def send_status(pipe: int, status: int) -> None:
    """Say how a process ended, and that nothing of it is left."""
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(pipe, status.to_bytes(STATUS_BYTES, "little", signed=True))
    os.close(pipe)


def child_processes() -> set[int]:
    """Return the process ids of this process's children; of none where the kernel does not tell."""
    with contextlib.suppress(FileNotFoundError), open("/proc/thread-self/children", "rb", buffering=0) as file:
        return set(map(int, file.read().split()))
    return set()


def kill_children_but(kept: set[int]) -> None:
    """Kill all children but some, and whatever becomes a child of this process then."""
    while others := child_processes() - kept:
        for child in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in others:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def remove_folder(folder: str) -> None:
    """Remove a folder, however deep and closed are those in it."""
    for program in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        subprocess.run([*program, folder], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# ------------------------------------------------------------ in the process of a call


def answer_call(
    connection: socket.socket, folder: str, function: IsolatedFunction, limits: CallLimits, warm: int
) -> NoReturn:
    """Limit this process, call the function, answer, and end."""
    try:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # without the warm process nobody limits it any more
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, limits.clock)
        limit_resource(resource.RLIMIT_AS, address_space() + limits.memory)
        limit_resource(resource.RLIMIT_CPU, limits.cpu)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if os.getppid() == warm:
            connection.sendall(framed_answer(function, connection, folder))
            os._exit(0)
    except MemoryError:  # there may be no memory to say so
        os._exit(errno.ENOMEM)
    finally:
        os._exit(1)


def limit_resource(kind: int, most: int) -> None:
    """Limit what this process takes. Who is started by it may raise that: a worker has limits of its own, before it runs any code."""
    _, allowed = resource.getrlimit(kind)
    if allowed == resource.RLIM_INFINITY or most < allowed:
        resource.setrlimit(kind, (most, allowed))


def framed_answer(function: IsolatedFunction, connection: socket.socket, folder: str) -> bytes:
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
        if error.errno not in MACHINE_TROUBLES:
            return frame({"ended": f"{type(error).__name__}: {error.strerror or str(error)[:ERROR_CHARACTERS]}"})
        return frame({"trouble": [error.errno, error.strerror, error.filename and os.fsdecode(error.filename)]})
    except NoSandbox as error:
        return frame({"trouble": [None, str(error), None]})
    except Exception as error:  # noqa: BLE001 - a defect of ours must not stop the others
        return frame({"ended": f"{type(error).__name__}: {str(error)[:ERROR_CHARACTERS]}"})


def address_space() -> int:
    """Return the bytes of address space that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
