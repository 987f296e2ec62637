"""Workers in sandlock (https://github.com/multikernel/sandlock): Landlock and seccomp, with a supervisor of its own.

What it does not count, threads and what a worker takes of the disk, is watched from here.
"""

import contextlib
import itertools
import os
import signal
import tempfile
import threading
import warnings

from grading.launch import (
    GUARD,
    Preload,
    Process,
    make_worker_folders,
    process_with_pipes,
    python_command,
    readable_paths,
    worker_environment,
)
from grading.limits import Limits
from grading.seccomp import RET_ALLOW, seccomp_filter

DISK_FACTOR = 4  # times what a folder may hold: no file system counts it, and a worker that takes more is ended
WATCH_INTERVAL = 0.1  # seconds from one look at it to the next


class Sandlock:
    """sandlock, started anew for each worker."""

    name = "sandlock"

    def __init__(self) -> None:
        import sandlock

        self.sandlock = sandlock

    def start(self, limits: Limits, preload: Preload = Preload()) -> Process:
        sandlock, scratch = self.sandlock, tempfile.TemporaryDirectory(prefix="worker-", ignore_cleanup_errors=True)
        files, kept = make_worker_folders(scratch.name)
        pipes = sandlock.StdioMode.PIPED
        box = sandlock.Sandbox(
            fs_readable=[*readable_paths(), "/dev/urandom", "/dev/random", "/dev/zero"],
            fs_writable=[files, kept, "/dev/null"],
            workdir=files,
            cwd=files,
            fs_storage=scratch.name,
            max_disk=limits.disk,
            on_exit=sandlock.BranchAction.ABORT,
            on_error=sandlock.BranchAction.ABORT,
            max_memory=2 * limits.memory,
            max_processes=limits.processes,
            no_coredump=True,
            clean_env=True,
            env=worker_environment(kept),
            uid=1000,
            gid=1000,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 0.9.0 wrongly warns that gid has no effect
            command = python_command(GUARD, seccomp_filter(RET_ALLOW).hex())
            process = box.popen(command, stdin=pipes, stdout=pipes, stderr=sandlock.StdioMode.NULL)

        over = threading.Event()
        watched = process.pid, os.pidfd_open(process.pid), scratch.name, limits, over
        threading.Thread(target=watch, args=watched, daemon=True).start()

        def kill() -> None:
            over.set()
            process.kill()
            process.wait()
            scratch.cleanup()

        return process_with_pipes(process.stdin, process.stdout, kill)

    def get_ready(self, limits: Limits, preload: Preload) -> None:
        """Do nothing: each worker has a sandbox of its own."""


def watch(worker: int, process_handle: int, scratch: str, limits: Limits, over: threading.Event) -> None:
    """End a worker that has more threads, or takes more of the disk, than it may: sandlock does not count them."""
    most_disk = DISK_FACTOR * limits.disk
    with contextlib.suppress(OSError):  # it has ended
        while not over.wait(WATCH_INTERVAL):
            if thread_count(worker) > limits.processes or disk_usage(worker, scratch, limits.disk) > most_disk:
                break
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(process_handle, signal.SIGKILL)
    os.close(process_handle)


def thread_count(process: int) -> int:
    return os.stat(f"/proc/{process}/task").st_nlink - 2


def disk_usage(process: int, folder: str, most: int) -> int:
    """Return the bytes of a disk that a process holds: what is in a folder, and what it has removed and has not let go."""
    entries, files = files_in(folder)
    files |= removed_files(process)
    for inode in removed_mappings(process) - files.keys():
        files[inode] = most  # it does not tell how large it is
    return (entries << 12) + sum(files.values())  # an empty one takes something, too


def files_in(folder: str) -> tuple[int, dict[int, int]]:
    """Return how many entries a folder has, with all below it, and their bytes by their inodes."""
    entries, files = 0, {}
    for parent, *names in os.walk(folder):
        for name in itertools.chain(*names):
            with contextlib.suppress(FileNotFoundError):
                about = os.lstat(os.path.join(parent, name))
                entries, files[about.st_ino] = entries + 1, 512 * about.st_blocks
    return entries, files


def removed_files(process: int) -> dict[int, int]:
    """Return the bytes of the files that a process has open and that no folder names any more, by their inodes."""
    files = {}
    for name in os.listdir(f"/proc/{process}/fd"):
        with contextlib.suppress(FileNotFoundError):
            about = os.stat(f"/proc/{process}/fd/{name}")
            if about.st_nlink == 0:
                files[about.st_ino] = 512 * about.st_blocks
    return files


def removed_mappings(process: int) -> set[int]:
    """Return the inodes of the files that a process has in its memory and that no folder names any more."""
    with open(f"/proc/{process}/maps") as maps:
        removed = [line.split(maxsplit=5) for line in maps if line.endswith(" (deleted)\n")]
    return {int(inode) for *_, inode, name in removed if name != "/dev/zero (deleted)\n"}  # that one is memory
