"""warm.py: one student leaves nothing for the next; a warm process stands, is replaced, and ends with the grader."""

import gc
import json
import os
import subprocess
import sys
from dataclasses import replace

import boxes
import pytest
from boxes import HELPER, LIMITS, assert_ended, children, look, student_in
from waiting import wait_until

from grading.bubblewrap import kill_bubblewrap
from grading.sandbox import Bubblewrap, Preload, WarmBubblewrap

box = boxes.box  # a fixture


# Each leaves something where the next student might find it, and then looks for what the last one left.
TRACES = {
    "a file in each folder that can be written to": """
        import os
        seen, written = [], 0
        for folder in ("/scratch", "/tmp", "/dev/shm", "/dev", "/", "/helpers", os.path.expanduser("~"), "/proc", "/dev/mqueue"):
            try:
                seen += [name for name in os.listdir(folder) if name.startswith("trace")]
                open(folder + "/trace", "w").write("x")
                written += 1
            except OSError:
                pass
        return [seen, written]
    """,
    "a patched module": """
        import numpy, sys
        seen = [name for name in ("trace",) if hasattr(numpy, name) or hasattr(sys, name)]
        numpy.trace_of_mine = numpy.trace = sys.trace = None
        return [[] if numpy.zeros is zeros else ["zeros"], 1]
    """,
    "shared memory of System V": """
        import ctypes
        libc = ctypes.CDLL(None)
        there = libc.shmget(0x1234, 100, 0)
        return [[] if there == -1 else ["segment"], int(libc.shmget(0x1234, 100, 0o1666) != -1)]
    """,
    "a message queue": """
        import ctypes
        libc = ctypes.CDLL(None)
        there = libc.msgget(0x1234, 0)
        return [[] if there == -1 else ["queue"], int(libc.msgget(0x1234, 0o1666) != -1)]
    """,
    "a key in the user's keyring": """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        there = libc.syscall(250, 10, -4, b"user", b"trace", 0)
        return [[] if there == -1 else ["key"], int(libc.syscall(248, b"user", b"trace", b"x", 1, -4) != -1)]
    """,
    "a thread that goes on": """
        import threading, time
        seen = [thread.name for thread in threading.enumerate() if thread.name == "trace"]
        threading.Thread(target=lambda: time.sleep(60), name="trace").start()
        return [seen, 1]
    """,
    "a socket that listens": """
        import socket, sys
        sys.kept = []
        for family, address in ((socket.AF_INET, ("127.0.0.1", 7777)), (socket.AF_UNIX, chr(0) + "trace")):
            try:
                listener = socket.socket(family)
                listener.bind(address)
                listener.listen()
                sys.kept.append(listener)
            except OSError as error:
                return [[str(error)] if error.errno == 98 else [], len(sys.kept)]
        return [[], 1]
    """,
    "a file in IPython's folder": """
        import os
        os.makedirs(get_ipython().ipython_dir, exist_ok=True)
        trace = os.path.join(get_ipython().ipython_dir, "trace")
        there = os.path.exists(trace)
        return [[trace] if there else [], open(trace, "w").write("x")]
    """,
    "the state of the random generators": """
        import random, numpy, secrets
        drawn = [random.random(), float(numpy.random.rand()), float(numpy.random.default_rng().random())]
        for number in range(9):
            random.random(), numpy.random.rand(), secrets.token_bytes(3)
        return [drawn, 1]
    """,
}


@pytest.mark.parametrize("trace", TRACES)
def test_one_student_leaves_nothing_for_the_next(box, trace):
    """Also where all of them are forked from one warm process."""
    found = []
    for _ in range(3):
        with student_in(box, HELPER) as process:
            process.run("import numpy\nzeros = numpy.zeros")
            found.append(look(process, TRACES[trace]))
    assert isinstance(found[0], list) and found[1:] == found[:1] * 2, found
    assert trace.startswith("the state") or found[0][0] == []


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal\nfor number in range(1, 300):\n    try: os.kill(number, signal.SIGKILL)\n    except OSError: pass\nos.kill(-1, signal.SIGKILL)",
        "import os\nfor number in range(3, 300):\n    try: os.write(number, b'x' * 100)\n    except OSError: pass",
        "import os\nos._exit(3)",
        "import os, signal\nos.kill(0, signal.SIGKILL)",
        "bytearray(8 << 30)",
        "import ctypes\nctypes.string_at(1)",
        "import os\nos.closerange(0, 1000)",
        "import ctypes, os\nfor number in range(1, 99):\n    ctypes.CDLL(None).ptrace(16, number, 0, 0)\n    try: open(f'/proc/{number}/mem', 'wb').write(b'x')\n    except OSError: pass",
    ],
)
def test_whatever_a_student_does_the_next_one_is_served(box, code):
    with student_in(box) as process:
        look(process, code)
    if isinstance(box, WarmBubblewrap):
        (warm,) = box.warm_sandboxes.values()
    with student_in(box) as process:
        assert look(process, "return 7") == 7
    if isinstance(box, WarmBubblewrap):
        assert [*box.warm_sandboxes.values()] == [warm] and warm.process.poll() is None


@pytest.mark.usefixtures("needs_bubblewrap")
def test_a_warm_process_that_was_killed_is_replaced():
    box = WarmBubblewrap()
    for _ in range(3):
        with student_in(box) as process:
            assert look(process, "return 7") == 7
        (warm,) = box.warm_sandboxes.values()
        family = children(warm.process.pid)
        warm.process.kill()
        warm.process.wait()
        assert_ended(family)


@pytest.mark.usefixtures("needs_bubblewrap")
def test_what_is_got_ready_stands_and_is_replaced_when_it_has_ended():
    box = WarmBubblewrap()
    box.get_ready(LIMITS, Preload())
    (first,) = box.warm_sandboxes.values()
    box.get_ready(LIMITS, Preload(("import csv",)))
    assert [*box.warm_sandboxes.values()] == [first]
    kill_bubblewrap(first.process)
    box.get_ready(LIMITS, Preload())
    assert first not in box.warm_sandboxes.values() and len(box.warm_sandboxes) == 1


@pytest.mark.usefixtures("needs_bubblewrap")
def test_nothing_is_left_of_a_sandbox_that_ends_as_it_starts():
    limits = replace(LIMITS, disk=1_234_567 + os.getpid())  # which stands in what it is started with
    for number in range(40):
        (process := (WarmBubblewrap, Bubblewrap)[number % 2]().start(limits)).stop()
    del process
    gc.collect()
    listed = ["ps", "-eww", "-o", "args"]
    wait_until(lambda: str(limits.disk) not in subprocess.run(listed, capture_output=True, text=True).stdout)


@pytest.mark.usefixtures("needs_bubblewrap")
@pytest.mark.parametrize("ended", [False, True], ids=["one that stands", "one that has ended"])
def test_processes_that_were_forked_from_one_share_a_warm_sandbox(ended):
    """Each gets a worker of its own, and where it has ended an own sandbox, too."""
    box = WarmBubblewrap()
    box.get_ready(LIMITS, Preload())
    (warm,) = box.warm_sandboxes.values()
    if ended:
        kill_bubblewrap(warm.process)

    def ask(number):
        with student_in(box) as student:
            for _ in range(5):
                assert look(student, f"import time\ntime.sleep(0.01)\nreturn {number}") == number
        return [*box.warm_sandboxes.values()] == [warm]

    assert in_forks(ask, range(8)) == [not ended] * 8
    assert ended or warm.process.poll() is None
    with student_in(box) as student:
        assert look(student, "return 7") == 7


def in_forks(function, values):
    """Call a function in processes that are forked from this one and run at the same time; return what came of it."""
    forks = []
    for value in values:
        read, write = os.pipe()
        fork = os.fork()
        if fork == 0:
            try:
                os.write(write, json.dumps(function(value)).encode())
            finally:
                os._exit(0)
        os.close(write)
        forks.append((fork, read))
    came = []
    for fork, read in forks:
        with open(read) as file:
            came.append(json.loads(file.read() or "null"))
        os.waitpid(fork, 0)
    return came


@pytest.mark.usefixtures("needs_bubblewrap")
def test_a_worker_that_wants_slow_modules_finds_them_imported():
    box = WarmBubblewrap()
    code = "import sys\nreturn [name in sys.modules for name in ('csv', 'helper', 'absent')]"
    for imports, found in (
        ((), [False, False, False]),
        (("import csv", "import absent", "from helper import VALUE"), [True, True, False]),
    ) * 2:
        with student_in(box, HELPER, imports=imports) as process:
            assert look(process, code) == found
            assert look(process, "import helper\nreturn helper.VALUE") == 7
    assert len(box.warm_sandboxes) == 1


@pytest.mark.usefixtures("needs_bubblewrap")
def test_another_limit_of_the_disk_holds_from_the_next_worker_on():
    box = WarmBubblewrap()
    for limits in (LIMITS, replace(LIMITS, disk=1 << 20)):
        with student_in(box, limits=limits) as process:
            code = "import os\nstate = os.statvfs('.')\nreturn state.f_blocks * state.f_frsize"
            assert look(process, code) == limits.disk


@pytest.mark.usefixtures("needs_bubblewrap")
def test_a_worker_of_a_warm_process_sees_no_process_at_all():
    box = WarmBubblewrap()
    with student_in(box) as process:
        assert look(process, "import os\nreturn os.listdir('/proc')") == []


@pytest.mark.usefixtures("needs_bubblewrap")
def test_a_warm_process_ends_with_the_grader():
    code = "from grading.sandbox import *\nbox = WarmBubblewrap()\nprocess = box.start(Limits())\n(warm,) = box.warm_sandboxes.values()\nprint(warm.process.pid, flush=True)\ninput()"
    grader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    warm = int(grader.stdout.readline())
    wait_until(lambda: len(children(warm)) >= 4)  # bubblewrap's first process, the warm one, a worker and its guard
    family = children(warm) | {warm}
    grader.kill()
    grader.wait()
    grader.stdin.close()
    grader.stdout.close()
    assert_ended(family)


def test_what_lies_beside_the_notebook_is_a_copy_of_each_students_own(box):
    files = HELPER | {"data/table.csv": b"1,2\n"}
    for _ in range(2):
        with student_in(box, files) as process:
            code = "import helper\nreturn helper.VALUE, open('data/table.csv').read()"
            assert look(process, code) == (7, "1,2\n")
            code = """
                import importlib, helper, os
                open('helper.py', 'w').write('VALUE = 8888')
                open('data/table.csv', 'a').write('mine')
                os.mkdir('data/more')
                importlib.reload(helper)
                return helper.VALUE, open('data/table.csv').read(), sorted(os.listdir('data'))
            """
            assert look(process, code) == (8888, "1,2\nmine", ["more", "table.csv"])
    assert files == HELPER | {"data/table.csv": b"1,2\n"}
