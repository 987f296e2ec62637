"""Runs inside the sandbox, before any student's code does: keeps Python and NumPy loaded, and forks a worker for each submission.

A second process, which loads more when that is first asked for, does so for those that need it.

The sandbox keeps students from the machine. The walls that a fork puts around
itself keep them from each other: user, mount, process and IPC namespaces of its
own, empty folders to write to, no capability, and a system call filter. This
file imports no student's code and reads nothing that a student wrote.
"""

import contextlib
import ctypes
import functools
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.linalg  # noqa: F401 - NumPy loads these when they are first used, which would be once for each student
import numpy.random  # noqa: F401

gc.disable()  # until all is loaded: nothing of that is garbage
sys.path.insert(0, os.path.dirname(__file__))
import guard  # type: ignore[import-not-found]  # noqa: E402
from guard import checked_call, libc, protocol, worker  # noqa: E402

sys.path.pop(0)
del sys.modules["guard"]  # a student may have a module of that name

MAX_WAITING = min(8, len(os.sched_getaffinity(0)))  # workers that wait: as many may be asked for at once
# From the kernel's headers: sched.h, mount.h
NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x08000000  # user, mount, process, IPC
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REMOUNT = 1, 2, 4, 4096, 32


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount a file system, or change one that is mounted; raise OSError."""
    arguments = [None if text is None else text.encode() for text in (source, target, kind)]
    checked_call(libc.mount(*arguments, ctypes.c_ulong(flags), options and options.encode()), f"mount {target}")


def enter_namespaces(disk: int, hidden: Sequence[str]) -> None:
    """Move into new namespaces, with empty folders of ``disk`` bytes each; what Python needs of those stays where it was."""
    user, group = os.getuid(), os.getgid()
    checked_call(libc.unshare(NEW_NAMESPACES), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    kept = {path: os.open(path, os.O_PATH) for path in hidden}
    options = f"size={disk},nr_inodes={guard.max_files(disk)},mode=0700"
    for folder in protocol.WRITABLE_FOLDERS:
        mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for path, descriptor in kept.items():
        os.makedirs(path)
        mount(f"/proc/self/fd/{descriptor}", path, None, MS_BIND)
        mount(None, path, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)
        os.close(descriptor)
    mount("tmpfs", "/proc", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV)  # the sandbox's own shows the others
    os.chdir(protocol.SCRATCH_FOLDER)


def contents(folder: str) -> dict[str, bytes]:
    """Return the files in a folder and below it, by their paths."""
    found = {}
    for parent, _, names in os.walk(folder):
        for path in (os.path.join(parent, name) for name in names):
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def write_files(files: Mapping[str, bytes]) -> None:
    """Write files into the folder that this process is in."""
    for path, content in files.items():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def main(disk: str, threads: str, *hidden: str) -> None:
    """Fork a worker for each pair of pipes that comes through standard input or, as it is a socket, standard output.

    Parameters
    ----------
    disk, threads : str
        Bytes in each folder that a worker can write to, and its threads.
    hidden : sequence of str
        What Python needs and what lies in such a folder.
    """
    channels = [socket.socket(fileno=os.dup(number)) for number in (0, 1)]
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    program, quick = channels[0].recv(1 << 16), channels[0].recv(1 << 16).decode()
    files = contents(protocol.HELPERS_FOLDER)
    shell = worker.new_shell()
    worker.warm_up(shell)
    load(quick)
    walls = functools.partial(enter_namespaces, int(disk), hidden)
    for channel, other in (channels, channels[::-1]):
        if os.fork() == 0:
            other.close()
            if channel is channels[1]:
                load(channel.recv(1 << 16, socket.MSG_PEEK).decode())
            fork_workers(channel, walls, files, shell, program, int(threads))
            os._exit(0)
    for channel in channels:
        channel.close()
    os.wait()  # when one of them has ended, all ends with this process


def load(imports: str) -> None:
    """Import something beside the files of the release, and have no fork look through it for garbage."""
    gc.disable()
    helpers: str = protocol.HELPERS_FOLDER
    if os.path.isdir(helpers):
        os.chdir(helpers)
        sys.path.insert(0, helpers)
    for statement in imports.splitlines():
        with contextlib.suppress(Exception):  # the student's own import says what is wrong
            exec(statement, {})
    sys.path[:] = [path for path in sys.path if path != helpers]
    gc.collect()
    gc.freeze()
    gc.enable()


def fork_workers(
    channel: socket.socket,
    walls: Callable[[], None],
    files: Mapping[str, bytes],
    shell: Any,
    program: bytes,
    threads: int,
) -> None:
    """Fork a worker for each pair of pipes that comes through a channel, until nobody is there.

    A worker waits behind its walls for the pipes, so that nobody waits for the walls. With the pipes comes a lifeline:
    when nobody holds its other end any more, the worker ends, with all that it started.
    """
    waiting: list[int] = []  # a pipe for each, which ends when the worker has its own pipes, or has ended
    while not hung_up(channel):
        if len(waiting) == MAX_WAITING:
            for started in select.select(waiting, [], [])[0]:
                waiting.remove(started)
                os.close(started)
        started, held = os.pipe()
        if os.fork() == 0:
            try:
                processes = os.open("/proc", os.O_PATH)  # behind the walls there is none
                walls()
                write_files(files)
                run_worker(channel, held, shell, program, threads, processes)
            except BaseException as error:  # noqa: BLE001
                _, pipes, _, _ = socket.recv_fds(channel, 1, 3)
                os.write(pipes[1], guard.setup_failure(error))
            finally:
                os._exit(0)
        os.close(held)
        waiting.append(started)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def hung_up(channel: socket.socket) -> bool:
    """Whether the grader is gone; the sandbox goes with this process."""
    try:
        return channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


def run_worker(channel: socket.socket, held: int, shell: Any, program: bytes, threads: int, processes: int) -> None:
    """Start a worker as the first process of this one's namespace, and end it with its lifeline."""
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        _, pipes, _, _ = socket.recv_fds(channel, 1, 3)
        if len(pipes) == 3:
            for number, pipe in enumerate(pipes[:2]):
                os.dup2(pipe, number)
            guard.become_worker(shell, program, there, pipes[2])
        os._exit(0)
    there.close()
    _, received, _, _ = socket.recv_fds(here, 1, 2)  # nothing where the sandbox ends
    os.close(held)
    if received:
        listener, lifeline = received
        guard.supervise(child, listener, threads, processes, lifeline)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
