"""Attacks and damaged submissions in one class with honest ones, through `nbgrader autograde`: who gets what, and what is left."""

import hashlib
import html
import random
import re
import socket
import subprocess
import threading
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
from answers import EXERCISES
from attacks import ATTACKS, MARK, mark_in
from conftest import kept, value_in
from corpus import blank, save
from courses import copy_course, nbgrader, points_in, with_helpers_in_its_source
from damaged import DAMAGED

from grading import standing
from grading.assignment import CourseAssignment
from grading.feedback import write_feedback
from grading.result import Status
from grading.submission import SECRET_FILE, TIMESTAMP_FILE

HONEST = {f"honest-{number}": EXERCISES[number:] for number in range(4)}  # 30, 20, 10 and 0 points
ODD_NAMES = ["[abc]", "a*", "Zoë Müller", "o'neil@school.edu", "x;y", "-rf", "a b", "$HOME", "50%", "{x}"]
MIXED = random.Random(0).sample(range(1000), 1000)  # those that take long are not all graded by one process
CASES = {f"{number:03}": case for number, case in zip(MIXED, [*ATTACKS, *DAMAGED[len(ODD_NAMES) :]])} | dict(
    zip(ODD_NAMES, DAMAGED)
)
# In the other sandboxes the attacks alone: what is damaged is read before any sandbox is asked.
IN_OTHERS = {student: case for student, case in CASES.items() if case in ATTACKS}
HANDED_IN = {"warm bubblewrap": CASES, "bubblewrap": IN_OTHERS, "sandlock": IN_OTHERS}
# Seconds. A cell has what a course gives it: honest plots take more than half of that on a machine that is busy.
LIMITS = {"cell": 10, "call": 2, "total": 30}
# Python runs it first in each process: only one sandbox is found there.
SITE = """
import importlib.util, sys
def hidden(self, *arguments):
    raise OSError("hidden from this run")
class Hiding:
    def find_spec(self, name, path=None, target=None):
        if name != "grading.sandbox":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module
        def loaded(module):
            load(module)
            for other, sandbox in module.SANDBOXES.items():
                if other != {name!r}:
                    sandbox.start = hidden
        spec.loader.exec_module = loaded
        return spec
sys.meta_path.insert(0, Hiding())
"""
# nbgrader's own command; it says what memory its processes took.
PROGRAM = """
import contextlib, os, pathlib, psutil, threading
def watch():
    while not over.wait(0.2):
        for each in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            with contextlib.suppress(psutil.Error, OSError, IndexError):  # it ended while it was looked at
                if each.pid == os.getpid() or "grading.forkserver" in " ".join(each.cmdline()):
                    status = pathlib.Path(f"/proc/{each.pid}/status").read_text()
                    peaks[each.pid] = int(status.partition("VmHWM:")[2].split()[0])
peaks, over = {}, threading.Event()
if __name__ == "__main__":
    from nbgrader.apps.nbgraderapp import main
    threading.Thread(target=watch).start()
    try:
        main()
    finally:
        over.set()
        import sys
        print("peak:", max(peaks.values()), file=sys.stderr)
"""
SANDBOXES = WARM, *_ = list(HANDED_IN)

pytestmark = pytest.mark.slow


@dataclass
class GradedSubmission:
    """A course after `nbgrader autograde`, and what was seen while it ran."""

    folder: Path
    sandbox: str
    log: str
    points: dict
    results: dict
    unchanged: tuple
    connections: list
    left: list
    seconds: dict
    peak: int

    @property
    def cases(self):
        return HANDED_IN[self.sandbox]

    @property
    def course(self):
        return CourseAssignment("initialization", self.folder)


def tree(folder):
    """What lies in a folder: kinds, modes and contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if "__pycache__" not in path.parts and path.name != ".nbgrader.log":
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
            found[str(path.relative_to(folder))] = (oct(path.lstat().st_mode), content)
    return found


def grade_everything(folder, sandbox):
    """Grade all of it in one class, with services of this machine within reach of who looks for them."""
    course = copy_course(folder / "course", grader=True)
    with open(course / "nbgrader_config.py", "a") as config:
        config.write("".join(f"\nc.Limits.{name} = {value}" for name, value in LIMITS.items()))
    for name in ("outside", "tmp", "home"):
        (folder / name).mkdir()
    connections = []
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        unix.bind(str(folder / "service"))
        unix.listen()
        (folder / "port").write_text(str(tcp.getsockname()[1]))
        nbgrader(course, "generate_assignment", "initialization")
        for student, solved in HONEST.items():
            place = course / "submitted" / student / "initialization"
            place.mkdir(parents=True)
            save(blank(solved, text=True), place)
        for student, case in HANDED_IN[sandbox].items():
            place = course / "submitted" / student / "initialization"
            place.mkdir(parents=True)
            case.write(place)
        for server, take in (
            (tcp, lambda: tcp.accept()[1]),
            (unix, lambda: unix.accept()),
            (udp, lambda: udp.recv(99)),
        ):
            threading.Thread(target=lambda take=take: listen(take, connections), daemon=True).start()
        before = {name: tree(course / name) for name in ("source", "submitted", "grading", "release")}
        config = (course / "nbgrader_config.py").read_bytes()
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text(SITE.format(name=sandbox))
        log = nbgrader(
            course,
            "autograde",
            "initialization",
            program=("-c", PROGRAM),
            PYTHONPATH=str(folder / "site"),
            TMPDIR=str(folder / "tmp"),
            HOME=str(folder / "home"),
        )
        after = {name: tree(course / name) for name in before}
    results = dict(standing.results(CourseAssignment("initialization", course)))
    marked = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    places = [folder / "outside", folder / "tmp"]
    left = [str(path) for place in places for path in place.iterdir()]
    left += [str(path) for path in folder.rglob("*") if MARK in path.name]
    left += [line for line in marked.splitlines() if mark_in(folder) in line]
    left += [] if (course / "nbgrader_config.py").read_bytes() == config else ["nbgrader_config.py"]
    graded = [student for student, result in results.items() if result.status != Status.MISSING]
    seconds = {
        student: float(time)
        for student, time in re.findall(r"^.*?\] (.+?): \w+, \S+ of \S+ in ([\d.]+) s\.", log, re.MULTILINE)
    }
    return GradedSubmission(
        course,
        re.search(r"submissions in ([\w ]+)", log)[1],
        log,
        points_in(course, graded),
        results,
        (before, after),
        connections,
        left,
        seconds,
        int(re.search(r"peak: (\d+)", log)[1]) << 10,
    )


def listen(take, connections):
    try:
        while True:
            connections.append(take())
    except OSError:
        pass  # the server was closed


def graded_in(sandbox, once, request):
    """Return the class as it was graded in one of the sandboxes."""
    if "bubblewrap" in sandbox:
        request.getfixturevalue("needs_bubblewrap")
    return value_in(once(f"trust in {sandbox}", kept(lambda folder: grade_everything(folder, sandbox))))


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in SANDBOXES])
def run(request, once):
    return graded_in(request.param, once, request)


def test_the_corpora_are_large_enough():
    assert len(ATTACKS) >= 80 and len(DAMAGED) >= 60
    assert len({case.id for case in CASES.values()}) == len(CASES) == len(ATTACKS) + len(DAMAGED)


def test_the_class_always_finishes(run):
    assert run.results.keys() == HONEST.keys() | run.cases.keys()
    assert run.cases.keys() == HANDED_IN[run.sandbox].keys()


def test_no_score_is_above_or_below_the_fair_one(run):
    unfair = {
        case.id: (run.results[student].score, case.score, run.results[student].message[:200])
        for student, case in run.cases.items()
        if run.results[student].score != case.score
    }
    assert unfair == {}


def test_every_state_is_the_one_that_happened(run):
    wrong = {
        case.id: (run.results[student].status, case.status)
        for student, case in run.cases.items()
        if case.status and run.results[student].status != case.status
    }
    assert wrong == {}


def test_honest_peers_keep_their_scores(run):
    for student, solved in HONEST.items():
        assert run.results[student].score == 10 * len(solved)
        assert run.results[student].status == "graded"


def test_the_gradebook_has_the_same_scores(run):
    for student, result in run.results.items():
        if result.status != Status.MISSING:
            assert run.points[student] == {name.removesuffix("-test"): score for name, score in result.scores.items()}
    with run.course.gradebook() as gradebook:
        assert {entry["student"] for entry in gradebook.submission_dicts("initialization")} == run.points.keys()


def test_nothing_of_the_course_is_changed(run):
    before, after = run.unchanged
    assert after == before


def test_nothing_is_left_and_nobody_was_called(run):
    assert run.left == [] and run.connections == []


def test_time_is_bounded(run):
    names = {student: case.id for student, case in run.cases.items()}
    late = [(names.get(student, student), time) for student, time in run.seconds.items() if time >= 2 * LIMITS["total"]]
    assert late == []


def test_memory_is_bounded(run):
    assert run.peak < 700 << 20


def test_messages_have_nothing_that_a_terminal_obeys(run):
    assert "\x1b" not in run.log and "\u202e" not in run.log
    assert not any("\x1b" in result.message for result in run.results.values())


class Runs(HTMLParser):
    """Collects what a page would run or load in a browser."""

    def __init__(self, text):
        super().__init__()
        self.scripts, self.found, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.inside = tag == "script"
        if tag in ("iframe", "object", "embed", "form", "base", "frame", "applet", "animate", "foreignobject"):
            self.found.append(tag)
        for name, value in attributes:
            value = re.sub(r"\s", "", value or "").lower()
            if name.startswith("on") or value.startswith(("javascript:", "vbscript:", "data:text", "data:image/svg")):
                self.found.append((tag, name, value[:60]))
            if tag == "script" and name == "src":
                self.scripts.append(value)

    def handle_data(self, data):
        if self.inside:
            self.scripts.append(data)

    def handle_endtag(self, tag):
        self.inside = False


@pytest.fixture(scope="module")
def warm(once, request):
    return graded_in(WARM, once, request)


@pytest.fixture(scope="module")
def pages(warm):
    """The feedback pages of one of the classes; `nbgrader generate_feedback` writes the same, see test_fleet.py."""
    for _ in write_feedback(warm.course):
        pass
    return {student: warm.course.feedback_path(student) for student in warm.results}


@pytest.mark.xdist_group(WARM)
def test_every_submission_that_could_be_read_has_its_page(pages, warm):
    for student, result in warm.results.items():
        assert pages[student].exists() == (result.status != Status.MISSING), student


@pytest.mark.xdist_group(WARM)
def test_no_page_runs_what_a_submission_brought(pages):
    usual = Runs(pages["honest-0"].read_text())
    assert usual.scripts == [] and usual.found == []
    assert "<h2" in pages["honest-0"].read_text() and "&lt;p" not in pages["honest-0"].read_text()
    for student, path in pages.items():
        if path.exists():
            page = Runs(path.read_text())
            assert page.found == [] and page.scripts == usual.scripts, CASES[student].id


@pytest.mark.xdist_group(WARM)
def test_no_page_shows_a_hidden_test_or_a_file_of_the_machine(pages, source):
    regions = [cell.source.partition("### BEGIN HIDDEN TESTS")[2].partition("### END")[0] for cell in source.cells]
    hidden = [line.strip() for region in regions for line in region.splitlines() if len(line.strip()) > 30]
    assert len(hidden) >= 3
    for student, path in pages.items():
        if path.exists():
            text = html.unescape(re.sub(r"<[^>]+>", "", path.read_text()))
            assert not [line for line in hidden if line in text], student
            assert "root:x:0" not in text, student
            beside = {file.name: file.read_text() for file in path.parent.iterdir() if file != path}
            assert set(beside) in (set(), {TIMESTAMP_FILE, SECRET_FILE}), student
            assert not beside or (beside[TIMESTAMP_FILE], len(beside[SECRET_FILE])) == ("", 128), (
                student
            )  # nothing of what was handed in


def test_the_attacks_are_real(tmp_path):
    """An unmodified nbgrader gives points to submissions that have none, and writes what they tell it to."""
    names = [
        "metadata: tests tagged skip-execution",
        "patches: the check functions",
        "writes: release/initialization/public_tests.py",
    ]
    course = with_helpers_in_its_source(copy_course(tmp_path / "course"))
    nbgrader(course, "generate_assignment", "initialization")
    students = {
        f"student-{number}": next(case for case in ATTACKS if case.id == name) for number, name in enumerate(names)
    }
    for student, case in students.items():
        place = course / "submitted" / student / "initialization"
        place.mkdir(parents=True)
        case.write(place)
    nbgrader(course, "autograde", "initialization")
    scores = {
        students[student].id: sum(filter(None, points.values()))
        for student, points in points_in(course, students).items()
    }
    assert [name for name in names[:2] if scores[name] > 0] == names[:2]
    assert MARK in (course / "release" / "initialization" / "public_tests.py").read_text()


def test_the_matrix(run, record_property):
    """Print every case for everybody to read."""
    lines = []
    for student, case in run.cases.items():
        result = run.results[student]
        lines.append(
            f"{case.id[:61]:62} fair {case.score:3g}   {result.score:3g}  {result.status:10}{run.seconds[student]:5.1f} s"
        )
    above = sum(run.results[student].score > case.score for student, case in run.cases.items())
    below = sum(run.results[student].score < case.score for student, case in run.cases.items())
    lines.append(
        f"{len(run.cases)} submissions, {above} above the fair score, {below} below, "
        f"{sum(run.seconds.values()):.0f} s, at most {run.peak >> 20} MB in the grader."
    )
    record_property(f"attacks and damaged submissions in {run.sandbox}", "\n".join(lines))
