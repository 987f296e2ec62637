"""A worker in each of the sandboxes: what comes of code that it runs, and whether a process has ended."""

import shutil
import subprocess
import textwrap

import pytest
from waiting import have_ended, wait_until

from grading.sandbox import Bubblewrap, Limits, Preload, Sandlock, WarmBubblewrap
from grading.student import StudentProcess

LIMITS = Limits(cell=8, call=4, memory=1 << 30, disk=4 << 20, processes=8)

QUICK = WarmBubblewrap if shutil.which("bwrap") else Sandlock  # what this machine grades in


@pytest.fixture(
    params=[
        pytest.param(kind, marks=[] if kind is QUICK else pytest.mark.slow)
        for kind in (WarmBubblewrap, Bubblewrap, Sandlock)
    ],
    ids=lambda kind: kind.name,
)
def box(request):
    if issubclass(request.param, (WarmBubblewrap, Bubblewrap)):
        request.getfixturevalue("needs_bubblewrap")
    return request.param()


HELPER = {"helper.py": b"VALUE = 7\n"}


def student_in(box, files={}, limits=LIMITS, imports=()):
    """A student's process; what lies beside the notebook may be loaded before it is there."""
    preload = Preload(imports, tuple(files.items()))
    return StudentProcess(lambda: box.start(limits, preload), files, ["look"], limits)


@pytest.fixture
def student(box):
    with student_in(box, HELPER) as process:
        yield process


def look(student, code):
    """Define a function from its body, call it and return what it returns, or the name of what it raises."""
    student.run("def look():\n" + textwrap.indent(textwrap.dedent(code), "    "))
    try:
        return student.call("look")
    except (Exception, SystemExit) as error:
        return type(error).__name__


REFUSED = {
    "PermissionError",
    "FileNotFoundError",
    "OSError",
    "ConnectionRefusedError",
    "ProcessLookupError",
    "BlockingIOError",
}


def assert_ended(family):
    """The kernel ends them one after the other."""
    wait_until(lambda: have_ended(family))


def children(process):
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True).stdout.split()[2:]
    found = {int(child) for child, parent in zip(listed[::2], listed[1::2]) if int(parent) == process}
    return found.union(*map(children, found))
