"""Workers in bubblewrap (https://github.com/containers/bubblewrap): a sandbox for each, or a warm one that forks many."""

import contextlib
import functools
import os
import select
import signal
import socket
import subprocess
import weakref
from collections.abc import Iterable, Sequence

from grading.launch import (
    GUARD,
    START_TIMEOUT,
    WARM,
    Preload,
    Process,
    memory_file,
    process_with_pipes,
    python_command,
    readable_paths,
    worker_environment,
)
from grading.limits import Limits
from grading.protocol import HELPERS_FOLDER, SCRATCH_FOLDER, WRITABLE_FOLDERS
from grading.seccomp import RET_USER_NOTIF, seccomp_filter

KeyOfSandbox = tuple[int, int, tuple[tuple[str, bytes], ...], tuple[str, ...]]


def start_bubblewrap(
    program: Sequence[str],
    disk: int,
    stdin: int,
    stdout: int,
    helpers: Iterable[tuple[str, bytes]] = (),
    options: Iterable[str] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in bubblewrap: namespaces, bind mounts of what it may read, and empty folders to write to.

    Parameters
    ----------
    program : list of str
    disk : int
        Bytes in each folder that can be written to.
    stdin, stdout : int
        As `subprocess.Popen` takes them.
    helpers : iterable of (str, bytes)
        Files that appear in the folder ``HELPERS_FOLDER``.
    options : iterable of str
        More options of bubblewrap.
    """
    contents = {name: memory_file(content) for name, content in helpers}
    files = [option for name, file in contents.items() for option in ("--file", str(file), f"{HELPERS_FOLDER}/{name}")]
    try:
        return subprocess.Popen(
            ["bwrap", *bubblewrap_options(disk, options, files), "--", *program],
            env=worker_environment(),
            bufsize=0,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            pass_fds=[*contents.values()],
            process_group=0,
        )
    finally:
        for file in contents.values():
            os.close(file)


def bubblewrap_options(disk: int, options: Iterable[str], files: Iterable[str]) -> list[str]:
    """Return the options that make a sandbox of a namespace, with more of them, and others that put files into it."""
    user = ["--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"]
    empty = [option for folder in WRITABLE_FOLDERS for option in ("--size", str(disk), "--tmpfs", folder)]
    binds = [option for path in readable_paths() for option in ("--ro-bind", path, path)]
    closed = ["--remount-ro", "/", "--remount-ro", "/dev", "--chdir", SCRATCH_FOLDER]
    system = ["--proc", "/proc", "--dev", "/dev"]
    return [*user, "--die-with-parent", "--new-session", *options, *system, *empty, *binds, *files, *closed]


def kill_bubblewrap(process: subprocess.Popen[bytes]) -> None:
    """End bubblewrap with all in it, also where it was just started and what it has forked would not end with it yet."""
    if process.poll() is None:  # and only where it was started: in a fork of that process it seems to have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Bubblewrap:
    """bubblewrap, started anew for each worker, as the child of `guard.py`."""

    name = "bubblewrap"

    def start(self, limits: Limits, preload: Preload = Preload()) -> Process:
        program = python_command(GUARD, seccomp_filter(RET_USER_NOTIF).hex(), str(limits.processes), str(limits.disk))
        process = start_bubblewrap(
            program,
            limits.disk,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            options=["--disable-userns", "--as-pid-1"],
        )
        assert process.stdin and process.stdout
        return process_with_pipes(process.stdin, process.stdout, functools.partial(kill_bubblewrap, process))

    def get_ready(self, limits: Limits, preload: Preload) -> None:
        """Do nothing: each worker has a sandbox of its own."""


class WarmBubblewrap:
    """bubblewrap once for many workers, one after the other: `warm.py` forks each, in namespaces of its own."""

    name = "warm bubblewrap"

    def __init__(self) -> None:
        self.warm_sandboxes: dict[KeyOfSandbox, WarmSandbox] = {}

    def start(self, limits: Limits, preload: Preload = Preload()) -> Process:
        theirs, ours = zip(os.pipe(), reversed(os.pipe()))
        line, end_of_line = socket.socketpair()
        try:
            self.request_worker(limits, preload, [*theirs, end_of_line.fileno()])
        except BaseException:
            line.close()
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            end_of_line.close()
            for descriptor in theirs:
                os.close(descriptor)
        return Process(*ours, line.close, dict(preload.files))

    def get_ready(self, limits: Limits, preload: Preload) -> None:
        """Have the sandbox stand that workers will be asked of; one that has ended is replaced."""
        self.warm_sandbox(limits, preload)

    def warm_sandbox(self, limits: Limits, preload: Preload) -> "WarmSandbox":
        """Return a sandbox that stands."""
        key = limits.disk, limits.processes, preload.files, preload.quick
        if key in self.warm_sandboxes and self.warm_sandboxes[key].has_ended():
            del self.warm_sandboxes[key]
        if len(self.warm_sandboxes) > 1 and key not in self.warm_sandboxes:
            self.warm_sandboxes.clear()  # another assignment
        if key not in self.warm_sandboxes:
            self.warm_sandboxes[key] = WarmSandbox(limits, preload)
        return self.warm_sandboxes[key]

    def request_worker(self, limits: Limits, preload: Preload, descriptors: list[int]) -> None:
        """Have a worker use these pipes, for as long as somebody holds its line."""
        for _ in range(2):  # what ended one may have done so just now
            with contextlib.suppress(ConnectionError):
                return self.warm_sandbox(limits, preload).request_worker(preload.imports, descriptors)
        raise ConnectionError(f"{self.name} ends as soon as it is started")


class WarmSandbox:
    """A sandbox in which `warm.py` waits to fork workers, and a second process of it such that have loaded what takes long.

    Attributes
    ----------
    bare_socket, loaded_socket : socket.socket
        What asks for a worker of either kind.
    """

    def __init__(self, limits: Limits, preload: Preload) -> None:
        (self.bare_socket, bare_end), (self.loaded_socket, loaded_end) = (
            socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)
        )
        for ours in (self.bare_socket, self.loaded_socket):
            ours.settimeout(START_TIMEOUT)
        with bare_end, loaded_end:
            covered = tuple(f"{folder}/" for folder in WRITABLE_FOLDERS)
            hidden = [path for path in readable_paths() if path.startswith(covered) and os.path.isdir(path)]
            program = python_command(WARM, str(limits.disk), str(limits.processes), *hidden)
            self.process = start_bubblewrap(
                program, limits.disk, bare_end.fileno(), loaded_end.fileno(), helpers=preload.files
            )
        self.process_handle = os.pidfd_open(self.process.pid)
        weakref.finalize(
            self, close_warm_sandbox, self.process, self.bare_socket, self.loaded_socket, self.process_handle
        )
        self.bare_socket.send(seccomp_filter(RET_USER_NOTIF))
        self.bare_socket.send("\n".join(preload.quick).encode())

    def request_worker(self, imports: tuple[str, ...], descriptors: list[int]) -> None:
        """Send the pipes of a worker, whole or not at all: several processes may ask through one socket."""
        through = self.loaded_socket if imports else self.bare_socket
        socket.send_fds(through, ["\n".join(imports).encode() or b"-"], descriptors)

    def has_ended(self) -> bool:
        """Whether its process has ended, or nobody is at the other end of a socket; not only who started it may ask."""
        events = select.poll()
        events.register(self.process_handle, select.POLLIN)
        events.register(self.bare_socket, 0)
        events.register(self.loaded_socket, 0)
        return bool(events.poll(0))


def close_warm_sandbox(
    process: subprocess.Popen[bytes], bare_socket: socket.socket, loaded_socket: socket.socket, process_handle: int
) -> None:
    bare_socket.close()
    loaded_socket.close()
    os.close(process_handle)
    kill_bubblewrap(process)
