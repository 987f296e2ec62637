"""A student's process with two names that a test asks for."""

import shutil

import pytest

from grading.sandbox import Limits, Unconfined, WarmBubblewrap
from grading.student import StudentProcess

NAMES = ["f", "g"]

BOX = WarmBubblewrap() if shutil.which("bwrap") else Unconfined()  # started once, when the first worker is asked for


@pytest.fixture(scope="module")
def box():
    """What forks a worker in no time, where that is there."""
    return BOX


def process_in(box, files={}, **limits):
    limits = Limits(**{"cell": 5, "call": 2} | limits)
    return StudentProcess(lambda: box.start(limits), files, NAMES, limits)


@pytest.fixture
def student(box):
    with process_in(box) as process:
        process.run("import numpy as np")
        yield process
