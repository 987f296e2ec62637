"""Waiting for what must come, however busy the machine is."""

import contextlib
import time

import psutil

PATIENCE = 600  # seconds until a test says that something hangs: a busy machine is no defect


def wait_until(true):
    """Wait for what must come, however busy the machine is, though not for ever."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def have_ended(processes):
    """Whether some processes have ended, by their ids. What nobody waits for is a zombie."""
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may end at any time while it is looked at
            if psutil.Process(one).status() != psutil.STATUS_ZOMBIE:
                return False
    return True
