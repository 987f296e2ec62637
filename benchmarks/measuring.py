"""What a command takes: time by the clock, time of the processors, memory."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass
class Run:
    """What a command took.

    Attributes
    ----------
    clock : float
        Seconds by the clock.
    processor : float
        Seconds of all processors.
    own : float
        The same, of the command's own process: what writes.
    memory : int
        Bytes of all its processes at once; what they share is counted once (PSS).
    """

    clock: float
    processor: float
    own: float
    memory: int
    output: str = ""


def run(command, folder, every=0.5):
    """Run a command, and look at the memory of its processes from time to time."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    before, started = busy(), time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    seen, over = {"own": 0.0, "memory": 0}, threading.Event()

    def watch():
        looked = 0.0
        while not over.wait(0.05):
            try:
                times = psutil.Process(process.pid).cpu_times()
                seen["own"] = times.user + times.system
                if time.monotonic() - looked > every:
                    seen["memory"] = max(seen["memory"], memory_of(process.pid))
                    looked = time.monotonic()
            except psutil.Error:
                pass  # it has just ended

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    clock, processor = time.monotonic() - started, busy() - before
    over.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output[-2000:]}")
    return Run(clock, processor, seen["own"], seen["memory"], output)


def busy():
    """Return the seconds that the processors of this machine have worked, on which nothing else runs meanwhile.

    A process's own count of its children lacks those that nobody waited for, and a sandbox is full of them.
    """
    times = psutil.cpu_times()._asdict()
    return sum(times.get(kind, 0) for kind in ("user", "nice", "system", "irq", "softirq"))


def memory_of(pid):
    """Return the memory of a process and its descendants."""
    total, started = 0, psutil.Process(pid)
    for process in (started, *started.children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            pass  # it ended meanwhile
    return total
