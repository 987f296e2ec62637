"""A worker that runs a student's cells, with two files beside them and two names that a test asks for."""

import shutil

import pytest

from grading.sandbox import Limits, Unconfined, WarmBubblewrap
from grading.student import StudentProcess

ALONE = "The grader starts no other programs: an answer has to do without them"
BOX = WarmBubblewrap() if shutil.which("bwrap") else Unconfined()  # starts when the first worker is asked for


@pytest.fixture(scope="module")
def box():
    return BOX


@pytest.fixture
def student(box):
    limits = Limits()
    files = {"words.txt": b"tea\ncake\n", "shop.py": b"PRICE = 3\n"}
    with StudentProcess(lambda: box.start(limits), files, ["f", "g"], limits) as process:
        yield process


def after(student, *cells):
    """Return what the last cell gave the name ``g``, after all cells ran without an error."""
    for cell in cells:
        error = student.run(cell)
        assert error is None, (cell, error)
    return student.value("g")
