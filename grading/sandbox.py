"""Finds a sandbox for a worker: no network, no view of the course, and limits on what it may use.

Two maintained sandboxes are known, behind one interface. `Bubblewrap` needs the
distribution's package and user namespaces. `Sandlock` confines a process with
Landlock and seccomp, and needs nothing but pip and a kernel from 6.7 on; it
looks at every file that is opened, so that a worker starts three times slower.
"""

import contextlib
import functools
import itertools
import os
import select
import signal
import subprocess
import tempfile
from pathlib import Path

from grading.bubblewrap import Bubblewrap, WarmBubblewrap
from grading.landlock import Sandlock
from grading.launch import (
    START_TIMEOUT,
    WORKER,
    NoSandbox,
    Preload,
    Process,
    Sandbox,
    make_worker_folders,
    process_with_pipes,
    python_command,
    readable_paths,
    worker_environment,
)
from grading.limits import Limits
from grading.protocol import frame

__all__ = [  # what a sandbox is, and what it takes and gives, for all who start one
    "SANDBOXES",
    "START_TIMEOUT",
    "Bubblewrap",
    "Limits",
    "NoSandbox",
    "Preload",
    "Process",
    "Sandbox",
    "Sandlock",
    "Unconfined",
    "WarmBubblewrap",
    "find_sandbox",
    "readable_paths",
    "refuse_readable_course",
    "sandbox_named",
    "worker_answers",
]

INSTALL_ADVICE = "python -m pip install sandlock   (Linux 6.7 or newer), or   apt-get install bubblewrap"


class Unconfined:
    """No sandbox at all, for the few who run the grader in one of their own."""

    name = "no sandbox"

    def start(self, limits: Limits, preload: Preload = Preload()) -> Process:
        scratch = tempfile.TemporaryDirectory(prefix="worker-", ignore_cleanup_errors=True)
        files, kept = make_worker_folders(scratch.name)
        process = subprocess.Popen(
            python_command(WORKER),
            cwd=files,
            env=worker_environment(kept),
            bufsize=0,
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            scratch.cleanup()

        assert process.stdin and process.stdout
        return process_with_pipes(process.stdin, process.stdout, kill)

    def get_ready(self, limits: Limits, preload: Preload) -> None:
        """Do nothing: each worker is started anew."""


CONFINED: tuple[type[Sandbox], ...] = (WarmBubblewrap, Bubblewrap, Sandlock)  # the quickest first
SANDBOXES: dict[str, type[Sandbox]] = {kind.name: kind for kind in CONFINED} | {Unconfined.name: Unconfined}


@functools.cache
def sandbox_named(name: str) -> Sandbox:
    """Return this process's sandbox of that name."""
    return SANDBOXES[name]()


@functools.cache
def find_sandbox(limits: Limits = Limits(), preload: Preload = Preload()) -> Sandbox:
    """Return the first sandbox that works on this machine; raise NoSandbox with what to install.

    What it is tried with stands ready then.
    """
    reasons = []
    for kind in CONFINED:
        try:
            box = sandbox_named(kind.name)
            process = box.start(limits, preload)
            try:
                if worker_answers(process):
                    return box
            finally:
                process.stop()
            reasons.append(f"{kind.name} can't start a process here")
        except (ImportError, OSError, RuntimeError, KeyError) as error:
            reasons.append(f"{kind.name}: {error}")
    raise NoSandbox(
        f"There is no sandbox to run submissions in ({'; '.join(reasons)}). Install one: {INSTALL_ADVICE}. "
        "Or say --unsafe-no-sandbox, where nothing on this machine is worth protecting from your students."
    )


def worker_answers(process: Process, seconds: float = 20) -> bool:
    """Whether a new worker answers, and that it could begin."""
    os.write(
        process.requests, frame({"do": "begin", "files": [], "there": [], "wanted": [], "limits": {}, "answer": 0})
    )
    ready, _, _ = select.select([process.answers], [], [], seconds)
    answer = os.read(process.answers, 1 << 16) if ready else b""
    return answer != b"" and b'"error"' not in answer


def refuse_readable_course(*places: str | Path) -> None:
    """Raise where student code could read one of some places of a course, because it lies in what a worker reads."""
    for place, path in itertools.product(places, readable_paths()):
        if Path(place).resolve().is_relative_to(Path(path).resolve()):
            raise NoSandbox(
                f"{place} belongs to the course and lies in {path}, which belongs to the Python that runs the grader: student "
                "code reads all of that, and would read the gradebook and the solutions. Nothing was graded. Make an "
                "environment elsewhere, for example with `python -m venv .venv` inside the course, and install the grader there."
            )
