"""sandbox.py: what a worker can't see and can't reach, the same grades in every sandbox, and which one is taken."""

import json
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import boxes
import nbformat
import pytest
from boxes import HELPER, REFUSED, assert_ended, children, look, student_in
from courses import ROOT

from grading import fleet, sandbox
from grading.assignment import CourseAssignment
from grading.sandbox import (
    SANDBOXES,
    Bubblewrap,
    NoSandbox,
    Process,
    Sandlock,
    Unconfined,
    WarmBubblewrap,
    find_sandbox,
    readable_paths,
    refuse_readable_course,
    sandbox_named,
)

box, student = boxes.box, boxes.student  # fixtures


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
        way = {
            Path(each).relative_to(folder).parts[0] for each in readable_paths() if Path(each).is_relative_to(folder)
        }
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


GRADER = """
import os, sys
sys.path.insert(0, {root!r})
from grading.sandbox import Limits, sandbox_named
from grading.student import StudentProcess
limits = Limits(cell=600, total=600)
student = StudentProcess(lambda: sandbox_named(sys.argv[1]).start(limits), {{}}, [], limits).__enter__()
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


@pytest.mark.usefixtures("needs_bubblewrap")
def test_the_first_sandbox_that_works_is_taken():
    assert find_sandbox() is sandbox_named("warm bubblewrap") and list(SANDBOXES) == [
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
    find_sandbox.cache_clear()
    try:
        with pytest.raises(NoSandbox, match="warm bubblewrap can't start a process here"):
            find_sandbox()
    finally:
        find_sandbox.cache_clear()


def test_without_a_sandbox_the_message_says_what_to_install(monkeypatch):
    def broken(self, *arguments):
        raise OSError("not on this machine")

    for kind in (WarmBubblewrap, Bubblewrap, Sandlock):
        monkeypatch.setattr(kind, "start", broken)
    find_sandbox.cache_clear()
    try:
        with pytest.raises(NoSandbox, match="pip install sandlock.*apt-get install bubblewrap.*--unsafe-no-sandbox"):
            find_sandbox()
    finally:
        find_sandbox.cache_clear()
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
from grading.grade import grade_one
from grading.work import Work
from grading.master import Master
from grading.result import Submitted
from grading.sandbox import Limits, sandbox_named
notebook = nbformat.v4.new_notebook()
for number, (source, marks) in enumerate({course!r}):
    cell = nbformat.v4.new_code_cell(source, id=f"cell-{{number}}")
    if marks:
        usual = {{"grade_id": cell.id, "schema_version": 3, "locked": False, "solution": False, "grade": False, "points": 5}}
        cell.metadata.nbgrader = usual | marks
    notebook.cells.append(cell)
data = nbformat.writes(notebook).encode()
work = Work(Master("small", {{"small": data}}, {beside!r}), Limits(call=1))
result = grade_one(work, Submitted("zoe", "", {{"small": data}}), sandbox_named(sys.argv[1])).result
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
    refuse_readable_course(tmp_path, tmp_path.parent)
    inside = Path(sys.prefix) / "lib" / "a course"
    with pytest.raises(NoSandbox, match="belongs to the Python that runs the grader: student code reads all of that"):
        refuse_readable_course(inside)
    with pytest.raises(NoSandbox, match=f"{sys.prefix} belongs to the course and lies in {sys.prefix}, which"):
        refuse_readable_course(tmp_path, sys.prefix)
    for system in ("/usr/share/course", "/usr/lib/course", "/lib/course"):
        with pytest.raises(NoSandbox, match=f"^{system} belongs to the course"):
            refuse_readable_course(system)
    (tmp_path / "link").symlink_to(sys.prefix)
    with pytest.raises(NoSandbox, match="Nothing was graded"):
        refuse_readable_course(tmp_path / "link" / "course")
    monkeypatch.setattr(sandbox, "readable_paths", lambda: [str(tmp_path)])
    with pytest.raises(NoSandbox, match="Make an environment elsewhere"):
        refuse_readable_course(tmp_path / "course")
    refuse_readable_course(tmp_path.parent)


def test_an_environment_may_not_name_the_folder_of_a_course(tmp_path, monkeypatch):
    """A file in it names other folders, and so does whoever links to it."""
    course, environment = tmp_path / "courses" / "one", tmp_path / "environment"
    course.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(f"{course.parent}\n")
    (tmp_path / "link").symlink_to(environment)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "link" / "bin" / "python"))
    monkeypatch.setattr(sandbox, "readable_paths", sandbox.readable_paths.__wrapped__)
    for place in (course, environment / "course"):
        with pytest.raises(NoSandbox, match=f"^{place} belongs to the course"):
            refuse_readable_course(place)


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
    assert not any(Path("/usr/local/share/nbgrader/exchange").is_relative_to(path) for path in readable_paths())
