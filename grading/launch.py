"""What a sandbox is, and what each of them needs to start a worker: its command, its variables and what it may read."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from grading.limits import Limits
from grading.protocol import WORKER_ROOMS

# The files that run inside a sandbox, the others as parts of the worker.
INSIDE = WORKER, GUARD, WARM, *_ = [
    Path(__file__).with_name(f"{name}.py") for name in ("worker", "guard", "warm", "protocol", *WORKER_ROOMS)
]
START_TIMEOUT = 60  # seconds for a worker to start, on a machine under load
SYSTEM_PATHS = {f"{top}/{name}" for top in ("", "/usr", "/usr/local") for name in ("bin", "lib", "lib32", "lib64")}
SYSTEM_PATHS |= {"/usr/share", *(f"/etc/ld.so.{name}" for name in ("cache", "conf", "conf.d"))}
# What the system's own Python calls its home; nbgrader's exchange lies there, too.
UNREADABLE_PREFIXES = {"/usr", "/usr/local"}
PRINT_PATHS = (
    "import sys, sysconfig; print(*sys.path, sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), sep='\\0')"
)


class NoSandbox(RuntimeError):
    """No sandbox works on this machine; the message says what to install."""


@dataclass
class Process:
    """A running worker.

    Attributes
    ----------
    requests, answers : int
        File descriptors: to write to, and to read from.
    kill : callable
        Ends the worker and all that it started. The next one is started when they and what they wrote are gone.
    files : dict of str to bytes
        What lies in its folder already, by its path.
    """

    requests: int
    answers: int
    kill: Callable[[], object]
    files: dict[str, bytes] = field(default_factory=dict)

    def stop(self) -> None:
        """End the worker and all that it started, and close the pipes."""
        self.kill()
        for descriptor in (self.requests, self.answers):
            os.close(descriptor)


@dataclass(frozen=True)
class Preload:
    """What a warm sandbox has loaded before the first worker is forked.

    Attributes
    ----------
    imports : tuple of str
        Statements that take long. One that fails is left to whoever needs it.
    files : tuple of (str, bytes)
        What lies beside the notebook, by its path: modules that are imported, and what they read.
    quick : tuple of str
        Statements that take no time, which every worker has run.
    """

    imports: tuple[str, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    quick: tuple[str, ...] = ()


class Sandbox(Protocol):
    """Starts workers of which each sees, uses and leaves nothing but what `Limits` and the docs say.

    Attributes
    ----------
    name : str
        What the output calls it, and by which it is asked for.
    """

    name: str

    def start(self, limits: Limits, preload: Preload = Preload()) -> Process:
        """Start a worker, which waits for requests. Raise OSError where this machine can't."""
        ...

    def get_ready(self, limits: Limits, preload: Preload) -> None:
        """Do beforehand what can be done before workers are asked for."""
        ...


def worker_environment(folder: str = "/tmp") -> dict[str, str]:
    """Return the variables of a worker: few, and none of this process's own; what IPython keeps lies in a folder."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "PYTHONBREAKPOINT": "0",  # nobody is there to talk to a debugger
        "IPYTHONDIR": f"{folder}/ipython",
        "NBGRADER_EXECUTION": "autograde",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",  # the order of a set is the same in every run
        "MALLOC_PERTURB_": "165",  # freed memory is not left as it was, and never looks like zeros
    }


def make_worker_folders(scratch: str) -> tuple[str, str]:
    """Make two folders for a worker that has no /tmp of its own: its own files', and one for what IPython keeps."""
    files, kept = os.path.join(scratch, "files"), os.path.join(scratch, "kept")
    os.mkdir(files)
    os.mkdir(kept)
    return files, kept


def python_command(*arguments: str | Path) -> list[str]:
    """Return the command that runs Python, say one of our files: without the user's own packages and start-up files."""
    return [sys.executable, "-P", "-s", "-B", *map(str, arguments)]


@functools.cache
def readable_paths() -> list[str]:
    """Return what a worker needs to read: the system's libraries, Python with its packages, and the worker.

    Python itself says where its packages lie: files in them may name other folders.
    """
    asking = python_command("-c", PRINT_PATHS)
    printed = subprocess.run(asking, env=worker_environment(), stdout=subprocess.PIPE, text=True, check=True).stdout
    found: list[str] = []
    for path in sorted(SYSTEM_PATHS.union(printed.rstrip("\n").split("\0"), map(str, INSIDE)) - UNREADABLE_PREFIXES):
        if path and os.path.exists(path) and not any(Path(path).is_relative_to(other) for other in found):
            found.append(path)
    return found


def process_with_pipes(requests: IO[bytes], answers: IO[bytes], kill: Callable[[], object]) -> Process:
    """Return a program that was just started as a `Process`, with pipes that are closed when it ends."""
    process = Process(os.dup(requests.fileno()), os.dup(answers.fileno()), kill)
    requests.close()
    answers.close()
    return process


def memory_file(content: bytes) -> int:
    """Return the descriptor of a file without a name that holds ``content``."""
    descriptor = os.memfd_create("content")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
