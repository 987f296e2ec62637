"""Runs inside the sandbox: locks a worker in before any student's code is there, and lets it have a few threads.

A system call filter allows and forbids, and can't count; the kernel's own count of threads does not bind root. So the
filter leaves each new thread to the process that the worker was forked from: see seccomp_unotify(2). Where there is
no such process, as the filter of a sandbox has its own already, the worker locks itself, and is watched from outside.
"""

import ctypes
import errno
import fcntl
import importlib.util
import os
import platform
import select
import signal
import socket
import struct
import sys
from typing import Any


def load_beside(name: str) -> Any:
    """Load a file beside this one, whose folder can't be looked through everywhere; a student may have a module of that name."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(os.path.dirname(__file__), f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


protocol, worker = load_beside("protocol"), load_beside("worker")
libc = ctypes.CDLL(None, use_errno=True)

# From the kernel's headers: prctl.h, capability.h, seccomp.h
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CAPABILITY_VERSION_3 = 0x20080522
SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}[platform.machine()]
SECCOMP_SET_MODE_FILTER, NEW_LISTENER = 1, 8
NOTIFICATION_RECEIVE, NOTIFICATION_SEND, NOTIFICATION_BYTES, CONTINUE = 0xC0502100, 0xC0182101, 80, 1

FILE_COUNT_INTERVAL = 100  # milliseconds between two looks at how many files there are


def checked_call(outcome: int, what: str) -> int:
    """Return what a call returned, or raise what the C library reports: a wall that does not stand lets nobody in."""
    if outcome < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return outcome


class FilterProgram(ctypes.Structure):
    """A filter, as the kernel takes it."""

    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def apply_filter(program: bytes, flags: int) -> int:
    """Give up every capability, and forbid what a filter forbids, for this process and for good; return its listener."""
    header, none = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    checked_call(libc.capset(header, none), "capset")
    checked_call(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    steps = ctypes.create_string_buffer(program, len(program))

    filter_ = ctypes.byref(FilterProgram(len(program) // 8, ctypes.addressof(steps)))
    return checked_call(libc.syscall(SECCOMP_CALL, SECCOMP_SET_MODE_FILTER, flags, filter_), "seccomp")


def become_worker(shell: Any, program: bytes, guard: socket.socket, *more: int) -> None:
    """Be a worker on descriptors 0 and 1, locked in, and counted by whoever is at the other end of a socket."""
    try:
        os.setsid()  # a signal to its process group reaches nobody else
        checked_call(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")
        checked_call(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
        socket.send_fds(guard, [b"-"], [apply_filter(program, NEW_LISTENER), *more])
        os.closerange(3, 1 << 10)
    except OSError as error:
        os.write(1, setup_failure(error))
    else:
        worker.main(shell)


def setup_failure(error: BaseException) -> bytes:
    """Return what the grader is told in place of an answer."""
    message: bytes = protocol.frame({"error": f"a worker's walls do not stand: {error}"[:500]})
    return message


def supervise(
    child: int, listener: int, threads: int, proc: int, lifeline: int | None = None, files: int | None = None
) -> None:
    """Return when a worker has ended, nobody holds its lifeline any more, or it has made too many files.

    Until then it may have some threads at a time, and gets an error where it asks for another.

    Parameters
    ----------
    child, listener : int
        Its process, and where its questions come.
    threads, files : int
        How many it may have; files in each folder are counted where the folders themselves have no limit.
    proc : int
        The descriptor of a folder ``/proc`` that has it.
    lifeline : int
        A descriptor.
    """
    events = select.poll()
    events.register(listener, select.POLLIN)
    events.register(os.pidfd_open(child), select.POLLIN)
    if lifeline is not None:
        events.register(lifeline, select.POLLHUP)
    while files is None or count_files() <= files:
        for descriptor, event in events.poll(FILE_COUNT_INTERVAL if files else None):
            if descriptor != listener or event != select.POLLIN:
                return
            about = bytearray(NOTIFICATION_BYTES)
            try:
                fcntl.ioctl(listener, NOTIFICATION_RECEIVE, about)
                few = os.stat(f"{child}/task", dir_fd=proc).st_nlink - 2 < threads
                error, flags = (0, CONTINUE) if few else (-errno.EAGAIN, 0)
                fcntl.ioctl(listener, NOTIFICATION_SEND, about[:8] + struct.pack("=qiI", 0, error, flags))
            except OSError:  # who asked has ended meanwhile
                pass


def count_files() -> int:
    """Return how many files there are in the one of the folders that has most."""
    return max(state.f_files - state.f_ffree for state in map(os.statvfs, protocol.WRITABLE_FOLDERS))


def max_files(disk: int) -> int:
    """Return how many files a folder of some bytes may hold: the kernel keeps something of each, and counts it nowhere."""
    return disk >> 12


def main(program: str, threads: str | None = None, disk: str = "") -> None:
    """Be a worker, locked in, and where threads and files are to be counted the child of a process that counts them.

    That process is the first of its namespace: nothing in there can end it, and all in there ends with it.

    Parameters
    ----------
    program : str
        A seccomp filter, in hexadecimal.
    threads, disk : str
        How many threads there may be, and bytes in a folder.
    """
    shell, filter_program = worker.new_shell(), bytes.fromhex(program)
    if threads is None:
        apply_filter(filter_program, 0)
        worker.main(shell)
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    checked_call(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl")  # nothing in there looks into it, either
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            become_worker(shell, filter_program, there)
        finally:
            os._exit(0)
    there.close()
    for pipe in (0, 1):  # they end with the worker
        os.close(pipe)
    _, listeners, _, _ = socket.recv_fds(here, 1, 1)
    if listeners:
        supervise(child, listeners[0], int(threads), os.open("/proc", os.O_PATH), files=max_files(int(disk)))


if __name__ == "__main__":
    main(*sys.argv[1:])
