"""sandbox.py: what a worker can't see, can't do and can't use up, in every sandbox that there is."""

import errno
import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, wait_until

from grading import fleet, sandbox
from grading.alone import Alone, Room
from grading.assignment import CourseAssignment
from grading.sandbox import (
    SANDBOXES,
    Bubblewrap,
    Limits,
    NoSandbox,
    Preload,
    Process,
    Sandlock,
    Unconfined,
    WarmBubblewrap,
    available,
    keep_out_of,
    named,
    readable,
)
from grading.student import StudentDied, StudentProcess

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


def test_a_worker_computes_and_finds_the_released_helpers(student):
    assert look(student, "import helper, numpy\nreturn [helper.VALUE, float(numpy.ones(3).sum())]") == [7, 3.0]


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/etc/shadow", "/root", "/home", "/var", "/proc/1/environ", "/proc/1/root", os.getcwd()]
)
def test_a_worker_sees_nothing_else_of_the_machine(student, path):
    found = look(student, f"import os\np = {path!r}\nreturn os.listdir(p) if os.path.isdir(p) else open(p).read(20)")
    if path == "/proc/1/environ" and found not in REFUSED:  # process 1 of the sandbox's own
        assert found.startswith("PATH=/usr/bin:/bin")
    elif isinstance(found, str):
        assert found in REFUSED
    else:  # an empty copy of the folder, with nothing in it but the way to what may be read
        folder = Path("/" if path == "/proc/1/root" else path)
        way = {Path(each).relative_to(folder).parts[0] for each in readable() if Path(each).is_relative_to(folder)}
        assert set(found) <= way | ({"proc", "dev", "tmp", "scratch"} if folder == Path("/") else set())


def test_a_worker_does_not_see_files_beside_its_scratch_folder(student, tmp_path):
    (tmp_path / "secret").write_text("a peer's answer")
    assert look(student, f"return open({str(tmp_path / 'secret')!r}).read()") in REFUSED
    assert look(student, "import os\nreturn sorted(os.listdir())") == ["helper.py"]


@pytest.mark.parametrize("path", [sys.prefix, "/usr", "/tmp/..", "/"])
def test_a_worker_writes_nowhere_else(student, path):
    outcome = look(student, f"open({path!r} + '/written-by-a-student', 'w').write('x')")
    assert outcome in REFUSED
    assert not os.path.exists(f"{path}/written-by-a-student")


def test_what_a_worker_writes_is_gone_with_it(box):
    for _ in range(2):
        with student_in(box) as process:
            code = "import os\nbefore = os.listdir()\nopen('mine', 'w').write('x')\nreturn before + os.listdir()"
            assert look(process, code) == ["mine"]


def test_a_worker_has_no_network(student):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket\nreturn socket.create_connection(('127.0.0.1', {port}), 2) is None"
        assert look(student, code) in REFUSED
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.5)
        address = server.getsockname()
        look(student, f"import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', {address!r})")
        with pytest.raises(TimeoutError):
            server.recv(1)


def test_a_worker_reaches_no_socket_of_the_machine(student, tmp_path):
    paths = [str(tmp_path / "service"), "\0service-of-the-machine"]
    for path in paths:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            assert (
                look(student, f"import socket\nsocket.socket(socket.AF_UNIX).connect({path!r})\nreturn 'connected'")
                in REFUSED
            )


def test_a_worker_can_neither_see_nor_signal_other_processes(student):
    other = subprocess.Popen(["sleep", "600"])
    try:
        assert look(student, f"import os, signal\nos.kill({other.pid}, signal.SIGKILL)\nreturn 'sent'") in REFUSED
        assert look(student, f"return open('/proc/{other.pid}/cmdline').read()") in REFUSED
        assert look(student, "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nreturn 'sent'") in REFUSED | {
            "sent"
        }
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_memory_is_limited(student):
    assert look(student, "return len(bytearray(2 << 30))") in ("MemoryError", "StudentDied")
    assert look(student, "return 1") == 1


def test_disk_is_limited(student):
    code = """
        written = 0
        try:
            for number in range(100):
                with open(f'file-{number}', 'wb') as file:
                    written += file.write(bytes(1 << 20))
        except OSError:
            return written
    """
    assert look(student, code) <= LIMITS.disk + (2 << 20)


def test_open_files_are_limited(student):
    assert look(student, "files = [open('f', 'w') for _ in range(5000)]\nreturn len(files)") in (
        "OSError",
        "PermissionError",
    )


def test_processes_are_limited_and_end_with_the_worker(box):
    with student_in(box) as process:
        code = """
            import os, posix, time  # os.fork itself refuses, see test_worker.py
            born = 0
            try:
                while born < 500:
                    if posix.fork() == 0:
                        time.sleep(60)
                        os._exit(0)
                    born += 1
            except OSError:
                pass
            return born
        """
        assert look(process, code) <= LIMITS.processes
        marker = f"survivor-{os.getpid()}"
        process.run(
            f"import os, posix, sys\nif posix.fork() == 0:\n    os.setsid()\n    os.execv(sys.executable, [{marker!r}, '-c', 'import time; time.sleep(600)'])"
        )
        time.sleep(0.5)
    wait_until(lambda: marker not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout)


def test_time_is_limited_by_the_clock_and_the_next_call_works(box):
    limits = replace(LIMITS, cell=1)
    with student_in(box, limits=limits) as student:
        started = time.monotonic()
        with pytest.raises(StudentDied) as death:
            student.run("while True:\n    try:\n        while True: pass\n    except BaseException: pass")
        assert death.value.timed_out and time.monotonic() - started < 10 * limits.cell  # for a machine that is busy
        student.limits = LIMITS
        assert look(student, "return 2") == 2


def test_a_worker_inherits_no_variable_and_no_file(student, monkeypatch):
    monkeypatch.setenv("COURSE_PASSWORD", "secret")
    assert look(student, "import os\nreturn 'COURSE_PASSWORD' in os.environ") is False
    descriptors = look(
        student,
        "import os\nreturn sorted(os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if int(n) > 2)",
    )
    if descriptors not in REFUSED:
        assert not [
            name for name in descriptors if name.startswith("/") and not name.startswith(("/proc", "/dev/null"))
        ], descriptors


def test_every_limit_of_a_process_is_the_one_that_was_set(student):
    names = ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE"]
    code = f"import resource\nreturn [resource.getrlimit(getattr(resource, name)) for name in {names}]"
    limits = LIMITS.memory, LIMITS.cpu, LIMITS.disk, LIMITS.files, LIMITS.processes, 0
    assert look(student, code) == [(limit, limit) for limit in limits]


def test_limits_can_not_be_raised(student):
    code = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))\nreturn 'raised'"
    assert look(student, code) == "ValueError"


def test_no_privilege_can_be_gained(student):
    assert look(student, "import os\nos.setuid(0)\nreturn os.getuid()") in REFUSED
    assert look(student, "import os\nos.mkdir('d')\nos.chroot('d')\nreturn 'chroot'") in REFUSED
    code = "import ctypes\nreturn ctypes.CDLL(None).unshare(0x10000000)"
    assert look(student, code) in (-1, *REFUSED)


# What no limit of a process counts, what looks into other processes, and what opens large parts of the kernel.
CALLS = {
    "ptrace": "ptrace(0, 0, None, None)",  # whoever started this process may look into it
    "process_vm_readv": "process_vm_readv(os.getpid(), None, 0, None, 0, 0)",
    "shared memory of System V": "shmget(0, 4096, 0o1600)",
    "somebody's shared memory": "shmat(0, None, 0)",
    "semaphores of System V": "semget(0, 1, 0o1600)",
    "queues of System V": "msgget(0, 0o1600)",
    "queues of POSIX": "mq_open(b'/mine', os.O_CREAT | os.O_RDWR, 0o600, None)",
    "memory as a file": "memfd_create(b'mine', 0)",
    "memory as a secret file": "syscall(447, 0)",
    "memory in a pipe": "vmsplice(1, None, 0, 0)",
    "watches on files": "inotify_init1(0)",
    "rules about files": "syscall(444, None, 0, 1)",  # landlock_create_ruleset
    "another's descriptors": "syscall(438, os.pidfd_open(os.getpid()), 1, 0)",  # pidfd_getfd
    "io_uring": "syscall(425, 1, None)",
    "what is newer than this list": "syscall(500)",
}


@pytest.mark.parametrize("call", CALLS)
def test_calls_that_no_answer_needs_are_refused(student, call):
    code = f"import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nreturn libc.{CALLS[call]}, ctypes.get_errno()"
    outcome, number = look(student, code)
    assert outcome == -1 and number in (errno.EPERM, errno.ENOSYS)


def test_there_are_no_sockets_but_pairs_of_the_same_process(student):
    code = """
        import socket
        opened = []
        for family in range(64):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
                for make in (socket.socket, socket.socketpair):
                    try:
                        opened.append((make(family, kind), make.__name__, family, int(kind)))
                    except OSError:
                        pass
        try:
            opened[0][0][0].bind(chr(0) + "mine")
        except PermissionError:
            return [what for _, *what in opened]
    """
    assert look(student, code) == [["socketpair", socket.AF_UNIX, socket.SOCK_STREAM]]


def test_attributes_and_room_of_a_file_are_nothing_that_its_size_does_not_tell(student):
    code = """
        import ctypes, os
        file = os.open("file", os.O_CREAT | os.O_RDWR)
        libc, found = ctypes.CDLL(None, use_errno=True), []
        for call in (lambda: libc.fallocate(file, 1, ctypes.c_long(0), ctypes.c_long(1 << 30)),  # more than it may have
                     lambda: libc.fsetxattr(file, b"user.mine", b"x" * 4000, 4000, 0)):
            found.append([call(), ctypes.get_errno()])
        os.posix_fallocate(file, 0, 1 << 20)  # the C library writes where the kernel can't
        return found, os.stat(file).st_blocks >= 2048
    """
    assert look(student, code) == ([[-1, errno.EOPNOTSUPP]] * 2, True)


THREADS = """
    import threading
    threading.stack_size(1 << 16)
    over, started = threading.Event(), 0
    try:
        while started < 3000:
            threading.Thread(target=over.wait, daemon=True).start()
            started += 1
    except RuntimeError:
        pass
    over.set()
    return started
"""


def test_threads_are_few_also_where_the_grader_is_root(box):
    with student_in(box) as student:
        started = look(student, THREADS)
        assert started in range(2, LIMITS.processes) or isinstance(box, Sandlock) and started == "StudentDied"
        if isinstance(started, int):  # those have ended, and others are let in
            assert look(student, THREADS) in range(2, LIMITS.processes)


@pytest.mark.parametrize(
    "code",
    [
        """
        for number in range(20_000):
            open(f"file-{number}", "w").close()
        """,
        """
        for number in range(20_000):
            os.mkdir(f"folder-{number}")
            os.symlink("nothing", f"folder-{number}/link")
        """,
        """
        for number in range(20_000):
            os.link("mine", f"link-{number}")
        """,
    ],
    ids=["files", "folders", "links"],
)
def test_files_are_few_however_small_they_are(box, code):
    limits = replace(LIMITS, disk=1 << 20)
    allowed = 6 * (limits.disk >> 12)
    code = f"""
        import os, time
        open("mine", "w").close()
        try:
{textwrap.indent(textwrap.dedent(code), "            ")}
        except OSError:
            pass
        time.sleep(0.5)
        return sum(len(names) + len(folders) for _, folders, names in os.walk("."))
    """
    with student_in(box, limits=limits) as student:
        left = look(student, code)
        assert left == "StudentDied" or left <= allowed
        assert look(student, "return 7") == 7


KEPT = {
    "open files": """
        files = [os.open(f"file-{number}", os.O_CREAT | os.O_RDWR) for number in range(40)]
        for file in files:
            written += write(file)
    """,
    "files that are removed and kept open": """
        files = []
        for number in range(40):
            files.append(os.open("file", os.O_CREAT | os.O_RDWR))
            os.unlink("file")
            written += write(files[-1])
    """,
    "files that are removed and kept in the address space": """
        for number in range(40):
            file = os.open("file", os.O_CREAT | os.O_RDWR)
            written += write(file)
            kept.append(mmap.mmap(file, 4096))
            os.close(file)
            os.unlink("file")
    """,
}


@pytest.mark.parametrize("code", KEPT.values(), ids=KEPT)
def test_what_is_kept_of_a_disk_is_limited_as_what_is_seen_of_it(box, code):
    code = f"""
        import mmap, os, time
        kept, written = [], 0
        def write(file):
            return sum(os.write(file, bytes(1 << 20)) for _ in range(4))
        try:
{textwrap.indent(textwrap.dedent(code), "            ")}
        except OSError:
            pass
        time.sleep(0.5)
        return written
    """
    with student_in(box) as student:
        written = look(student, code)
        assert written == "StudentDied" if isinstance(box, Sandlock) else written <= LIMITS.disk


def test_what_pipes_and_sockets_hold_is_little(student):
    code = """
        import fcntl, os, socket
        kept, held = [], 0
        def fill(end):
            os.set_blocking(end, False)
            held = 0
            try:
                while True:
                    held += os.write(end, bytes(1 << 16))
            except OSError:
                return held
        for make in (os.pipe, socket.socketpair) * 50:
            try:
                kept.append(make())
                read, write = [end if isinstance(end, int) else end.fileno() for end in kept[-1]]
                if make is os.pipe:
                    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 1 << 20)
            except OSError:
                pass
            held += fill(write)
        return held
    """
    assert 0 < look(student, code) < 64 << 20


def test_what_answers_need_of_the_kernel_is_there(student):
    code = """
        import asyncio, concurrent.futures, mmap, os, shutil, sqlite3, subprocess, tempfile
        import numpy as np
        async def late(value):
            await asyncio.sleep(0.001)
            return value
        found = [asyncio.run(late(1)), asyncio.run(asyncio.to_thread(lambda: 2))]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            found.append(sum(pool.map(int, "0111")))
        with sqlite3.connect("base") as base:
            base.execute("create table t (n)")
            base.execute("insert into t values (4)")
        found += base.execute("select n from t").fetchone()
        np.arange(9.0).tofile("numbers")
        np.memmap("numbers", float, "r+")[5] = 5
        shutil.copy2("numbers", "copy")
        found.append(int(np.fromfile("copy")[5]))
        with tempfile.TemporaryDirectory() as folder:
            shutil.move("copy", folder + "/moved")
            found.append(os.path.getsize(folder + "/moved") // 12)
        memory = mmap.mmap(-1, 4096)
        memory[0] = 7
        return found + [memory[0]]
    """
    assert look(student, code) == [1, 2, 3, 4, 5, 6, 7]


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
        (warm,) = box.warm.values()
    with student_in(box) as process:
        assert look(process, "return 7") == 7
    if isinstance(box, WarmBubblewrap):
        assert [*box.warm.values()] == [warm] and warm.process.poll() is None


@pytest.mark.usefixtures("needs_bubblewrap")
def test_a_warm_process_that_was_killed_is_replaced():
    box = WarmBubblewrap()
    for _ in range(3):
        with student_in(box) as process:
            assert look(process, "return 7") == 7
        (warm,) = box.warm.values()
        family = children(warm.process.pid)
        warm.process.kill()
        warm.process.wait()
        assert_ended(family)


@pytest.mark.usefixtures("needs_bubblewrap")
def test_what_is_got_ready_stands_and_is_replaced_when_it_has_ended():
    box = WarmBubblewrap()
    box.get_ready(LIMITS, Preload())
    (first,) = box.warm.values()
    box.get_ready(LIMITS, Preload(("import csv",)))
    assert [*box.warm.values()] == [first]
    sandbox.end(first.process)
    box.get_ready(LIMITS, Preload())
    assert first not in box.warm.values() and len(box.warm) == 1


@pytest.mark.usefixtures("needs_bubblewrap")
def test_nothing_is_left_of_a_sandbox_that_ends_as_it_starts():
    limits = replace(LIMITS, disk=1_234_567 + os.getpid())  # which stands in what it is started with
    for number in range(40):
        (process := (WarmBubblewrap, Bubblewrap)[number % 2]().start(limits)).end()
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
    (warm,) = box.warm.values()
    if ended:
        sandbox.end(warm.process)

    def ask(number):
        with student_in(box) as student:
            for _ in range(5):
                assert look(student, f"import time\ntime.sleep(0.01)\nreturn {number}") == number
        return [*box.warm.values()] == [warm]

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
def test_nothing_in_a_sandbox_ends_or_looks_into_what_guards_it():
    """In plain bubblewrap, where a worker sees its guard."""
    with student_in(Bubblewrap()) as student:
        code = """
            import os, signal
            found = []
            for name in ("SIGKILL", "SIGSTOP", "SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"):
                os.kill(os.getppid(), getattr(signal, name))
            for what in ("mem", "environ", "fd/3"):
                try:
                    found.append(open(f"/proc/{os.getppid()}/{what}", "r+b" if what == "mem" else "rb").read(1))
                except OSError as error:
                    found.append(type(error).__name__)
            return os.getppid(), found
        """
        assert look(student, code) == (1, ["PermissionError"] * 3)
        assert look(student, THREADS) in range(2, LIMITS.processes)


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
    assert len(box.warm) == 1


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
    code = "from grading.sandbox import *\nbox = WarmBubblewrap()\nprocess = box.start(Limits())\n(warm,) = box.warm.values()\nprint(warm.process.pid, flush=True)\ninput()"
    grader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    warm = int(grader.stdout.readline())
    wait_until(lambda: len(children(warm)) >= 4)  # bubblewrap's first process, the warm one, a worker and its guard
    family = children(warm) | {warm}
    grader.kill()
    grader.wait()
    grader.stdin.close()
    grader.stdout.close()
    assert_ended(family)


def assert_ended(family):
    """The kernel ends them one after the other."""
    wait_until(lambda: not any(map(alive, family)))


def children(process):
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True).stdout.split()[2:]
    found = {int(child) for child, parent in zip(listed[::2], listed[1::2]) if int(parent) == process}
    return found.union(*map(children, found))


def alive(process):
    try:
        return "Z" not in open(f"/proc/{process}/stat").read().rpartition(")")[2][:3]
    except FileNotFoundError:
        return False


GRADER = """
import os, sys
sys.path.insert(0, {root!r})
from grading.sandbox import Limits, named
from grading.student import StudentProcess
limits = Limits(cell=600, total=600)
student = StudentProcess(lambda: named(sys.argv[1]).start(limits), {{}}, [], limits).__enter__()
student.run("x = 1")
print("running", flush=True)
student.run("while True: pass")
"""


def test_a_worker_ends_with_a_grader_that_is_killed(box):
    program = [sys.executable, "-c", GRADER.format(root=str(ROOT)), box.name]
    with tempfile.TemporaryDirectory() as folder:
        grader = subprocess.Popen(program, stdout=subprocess.PIPE, env=os.environ | {"TMPDIR": folder})
        with grader.stdout:
            assert grader.stdout.readline() == b"running\n"
            family = children(grader.pid)
            assert family
            grader.kill()
            grader.wait()
            assert_ended(family)


HEAVY = """
import time
memory = bytearray(600 << 20)
while time.process_time() < 2.5:
    pass
x = len(memory) >> 20
"""


def heavy_in(name):
    """Return what comes of a notebook that needs more than the process has that grades it."""

    def grade():
        limits = Limits(cell=60, cpu=20, memory=2 << 30)
        with StudentProcess(lambda: named(name).start(limits), {}, ["x"], limits) as student:
            error = student.run(HEAVY)
            return [repr(error), student.value("x") if error is None else None], b""

    return grade


def test_the_limits_of_a_process_that_grades_are_not_those_of_the_student(box):
    alone = Alone(heavy_in, [box.name], Room(memory=400 << 20, cpu=2))
    try:
        assert alone.call()[0] == ["None", 600]
    finally:
        alone.close()


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


@pytest.mark.usefixtures("needs_bubblewrap")
def test_the_first_sandbox_that_works_is_taken():
    assert available() is named("warm bubblewrap") and list(SANDBOXES) == [
        "warm bubblewrap",
        "bubblewrap",
        "sandlock",
        "no sandbox",
    ]


def test_a_sandbox_in_which_nothing_answers_is_not_taken(monkeypatch):
    def mute(self, *arguments):
        (unread, requests), (answers, end) = os.pipe(), os.pipe()
        os.close(end)
        return Process(requests, answers, lambda: os.close(unread))

    for kind in (WarmBubblewrap, Bubblewrap, Sandlock):
        monkeypatch.setattr(kind, "start", mute)
    available.cache_clear()
    try:
        with pytest.raises(NoSandbox, match="warm bubblewrap can't start a process here"):
            available()
    finally:
        available.cache_clear()


def test_without_a_sandbox_the_message_says_what_to_install(monkeypatch):
    def broken(self, *arguments):
        raise OSError("not on this machine")

    for kind in (WarmBubblewrap, Bubblewrap, Sandlock):
        monkeypatch.setattr(kind, "start", broken)
    available.cache_clear()
    try:
        with pytest.raises(NoSandbox, match="pip install sandlock.*apt-get install bubblewrap.*--unsafe-no-sandbox"):
            available()
    finally:
        available.cache_clear()
    assert Unconfined.name == "no sandbox"


# ------------------------------------------------------------ the same in each of them

# A small course: what each test needs, and what a student wrote.
COURSE = [
    ("import helper\nimport numpy as np\nimport random", {}),
    ("print(open('data/words.txt').read())", {}),
    ("def double(x):\n    return helper.VALUE * x // 3.5", {"solution": True}),
    ("assert double(3) == 6", {"grade": True}),
    ("words = open('data/words.txt').read().split()\nopen('mine.txt', 'w').write('x')", {"solution": True}),
    ("assert words == ['tea', 'cake']\nassert not __import__('os').path.exists('mine.txt')", {"grade": True}),
    ("def draw(n):\n    return np.random.rand(n).round(6).tolist() + [random.random()]", {"solution": True}),
    ("random.seed(1)\nnp.random.seed(1)\nassert draw(1) == [0.417022, 0.13436424411240122]", {"grade": True}),
    ("files = !ls\ndef look():\n    return sorted(files), {1, 2}, np.ones(2)", {"solution": True}),
    (
        "files, numbers, ones = look()\nassert files == ['data', 'helper.py', 'mine.txt'], files\nassert numbers == {1, 2} and ones.sum() == 2",
        {"grade": True},
    ),
    ("import subprocess\ndef start():\n    return subprocess.run(['ls'])", {"solution": True}),
    ("start()", {"grade": True}),
    ("def forever():\n    while True: pass", {"solution": True}),
    ("forever()", {"grade": True}),
    ("import os\ndef leave():\n    os._exit(1)", {"solution": True}),
    ("leave()", {"grade": True}),
    ("def far(x):\n    return (n * x for n in range(3)), lambda y: x + y", {"solution": True}),
    ("numbers, plus = far(2)\nassert [*numbers] == [0, 2, 4] and plus(1) == 3\n2.5", {"grade": True}),
]
BESIDE = HELPER | {"data/words.txt": b"tea cake\n"}
PROGRAM = """
import json, sys
sys.path.insert(0, {root!r})
import nbformat
from grading.grade import Work, grade_one
from grading.master import Master
from grading.result import Submitted
from grading.sandbox import Limits, named
notebook = nbformat.v4.new_notebook()
for number, (source, marks) in enumerate({course!r}):
    cell = nbformat.v4.new_code_cell(source, id=f"cell-{{number}}")
    if marks:
        usual = {{"grade_id": cell.id, "schema_version": 3, "locked": False, "solution": False, "grade": False, "points": 5}}
        cell.metadata.nbgrader = usual | marks
    notebook.cells.append(cell)
data = nbformat.writes(notebook).encode()
work = Work(Master("small", {{"small": data}}, {beside!r}), Limits(call=1))
result = grade_one(work, Submitted("zoe", "", {{"small": data}}), named(sys.argv[1])).result
print(json.dumps([result.status, result.scores, result.messages]))
"""
GRADES = [5, 5, 5, 5, 0, 0, 0, 2.5]
SAID = {
    "cell-11": "PermissionError: [Errno 1] The grader starts no other programs: an answer has to do without them",
    "cell-13": "TimeoutError: still running after 1 seconds",
    "cell-15": "RuntimeError: the process ended",
    "cell-17": "2.5 of 5 points",
}


def graded_by(python, name):
    program = PROGRAM.format(root=str(ROOT), course=COURSE, beside=BESIDE)
    ran = subprocess.run([python, "-c", program, name], cwd="/", capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    status, scores, messages = json.loads(ran.stdout)
    return status, [*scores.values()], messages


@pytest.mark.slow
@pytest.mark.parametrize("name", SANDBOXES)
def test_grades_are_the_same_in_every_sandbox(request, name):
    if "bubblewrap" in name:
        request.getfixturevalue("needs_bubblewrap")
    assert graded_by(sys.executable, name) == ("timed_out", GRADES, SAID)


@pytest.mark.slow
@pytest.mark.parametrize("name", SANDBOXES)
def test_an_environment_in_a_folder_that_is_empty_for_a_worker_is_found(request, name):
    """A virtual environment in /tmp, whose packages lie elsewhere: a file in it names where."""
    if "bubblewrap" in name:
        request.getfixturevalue("needs_bubblewrap")
    with tempfile.TemporaryDirectory(prefix="environment-", dir="/tmp") as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", f"{folder}/venv"], check=True)
        more = Path(folder, "more packages")
        more.mkdir()
        (more / "helper_of_the_environment.py").write_text("VALUE = 7\n")
        (packages,) = Path(folder).glob("venv/lib/python*/site-packages")
        (packages / "others.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n{more}\n")
        course = [("import helper_of_the_environment as helper", {}), *COURSE[2:4]]
        program = PROGRAM.format(root=str(ROOT), course=course, beside={})
        ran = subprocess.run(
            [f"{folder}/venv/bin/python", "-c", program, name], cwd="/", capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr[-2000:]
        assert json.loads(ran.stdout) == ["graded", {"cell-2": 5}, {}]


def test_a_course_inside_what_a_worker_reads_is_refused(tmp_path, monkeypatch):
    keep_out_of(tmp_path, tmp_path.parent)
    inside = Path(sys.prefix) / "lib" / "a course"
    with pytest.raises(NoSandbox, match="belongs to the Python that runs the grader: student code reads all of that"):
        keep_out_of(inside)
    with pytest.raises(NoSandbox, match=f"{sys.prefix} belongs to the course and lies in {sys.prefix}, which"):
        keep_out_of(tmp_path, sys.prefix)
    for system in ("/usr/share/course", "/usr/lib/course", "/lib/course"):
        with pytest.raises(NoSandbox, match=f"^{system} belongs to the course"):
            keep_out_of(system)
    (tmp_path / "link").symlink_to(sys.prefix)
    with pytest.raises(NoSandbox, match="Nothing was graded"):
        keep_out_of(tmp_path / "link" / "course")
    monkeypatch.setattr(sandbox, "readable", lambda: [str(tmp_path)])
    with pytest.raises(NoSandbox, match="Make an environment elsewhere"):
        keep_out_of(tmp_path / "course")
    keep_out_of(tmp_path.parent)


def test_an_environment_may_not_name_the_folder_of_a_course(tmp_path, monkeypatch):
    """A file in it names other folders, and so does whoever links to it."""
    course, environment = tmp_path / "courses" / "one", tmp_path / "environment"
    course.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(f"{course.parent}\n")
    (tmp_path / "link").symlink_to(environment)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "link" / "bin" / "python"))
    monkeypatch.setattr(sandbox, "readable", sandbox.readable.__wrapped__)
    for place in (course, environment / "course"):
        with pytest.raises(NoSandbox, match=f"^{place} belongs to the course"):
            keep_out_of(place)


def test_the_gradebook_and_each_folder_of_a_course_is_kept_from_students(tmp_path):
    (tmp_path / "source" / "one").mkdir(parents=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(notebook, tmp_path / "source" / "one" / "one.ipynb")
    base = Path(sys.prefix) / "gradebook.db"
    for line, place in (
        (f"c.CourseDirectory.db_url = 'sqlite:///{base}'", base),
        ("c.CourseDirectory.submitted_directory = '/usr/share/submitted'", Path("/usr/share/submitted")),
    ):
        (tmp_path / "nbgrader_config.py").write_text(f"c = get_config()\n{line}\n")
        course = CourseAssignment("one", tmp_path)
        assert {tmp_path, place} <= {*course.places()}
        with pytest.raises(NoSandbox, match=f"^{place} belongs to the course"):
            for _ in fleet.autograde(course, [], None, None):
                pass


def test_the_place_where_nbgrader_exchanges_is_not_read():
    assert not any(Path("/usr/local/share/nbgrader/exchange").is_relative_to(path) for path in readable())
