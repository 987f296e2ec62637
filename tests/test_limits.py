"""limits.py: what a worker can't use up, in every sandbox that there is."""

import os
import subprocess
import textwrap
import time
from dataclasses import replace

import boxes
import pytest
from boxes import LIMITS, look, student_in
from waiting import wait_until

from grading.isolation import CallLimits, Isolated
from grading.pipe import StudentDied
from grading.sandbox import Bubblewrap, Limits, Sandlock, sandbox_named
from grading.student import StudentProcess

box, student = boxes.box, boxes.student  # fixtures


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
            import os, posix, time  # os.fork itself refuses, see test_shell.py
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


def test_every_limit_of_a_process_is_the_one_that_was_set(student):
    names = ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE"]
    code = f"import resource\nreturn [resource.getrlimit(getattr(resource, name)) for name in {names}]"
    limits = LIMITS.memory, LIMITS.cpu, LIMITS.disk, LIMITS.files, LIMITS.processes, 0
    assert look(student, code) == [(limit, limit) for limit in limits]


def test_limits_can_not_be_raised(student):
    code = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))\nreturn 'raised'"
    assert look(student, code) == "ValueError"


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
        with StudentProcess(lambda: sandbox_named(name).start(limits), {}, ["x"], limits) as student:
            error = student.run(HEAVY)
            return [repr(error), student.value("x") if error is None else None], b""

    return grade


def test_the_limits_of_a_process_that_grades_are_not_those_of_the_student(box):
    alone = Isolated(heavy_in, [box.name], CallLimits(memory=400 << 20, cpu=2))
    try:
        assert alone.call()[0] == ["None", 600]
    finally:
        alone.close()
