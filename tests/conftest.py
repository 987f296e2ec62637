"""What several rooms' tests are given: the reference figures, a course to work in, the notebook's own run."""

import itertools
import json
import os

# Runs from large weights amplify rounding, and OpenBLAS rounds differently on each
# processor family. One fixed kernel makes their figures comparable between machines.
# Set before NumPy is imported, and inherited by every kernel that a test starts.
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pickle
import shutil
import sys
import tempfile
import textwrap
import traceback
import types
from collections import Counter
from pathlib import Path

# Matplotlib keeps a list of its fonts, and complains where it was made for another environment.
os.environ["MPLCONFIGDIR"] = str(Path(sys.prefix) / "matplotlib")

from grading import import_jsonschema

import_jsonschema()  # in a tenth of the time

import matplotlib.font_manager  # noqa: F401 - makes the list, so that no kernel has to
import nbformat
import pytest
from courses import ROOT, copy_course, graded, nbgrader
from filelock import FileLock
from hypothesis import HealthCheck, settings
from run_all import execute, explore
from servers import Server

import notebook_cells
from grading.assignment import CourseAssignment
from grading.grader import close_graders
from grading.release import release

# The same examples in every run, however slow the machine is: what fails, fails again.
settings.register_profile("the same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("the same")

NOT_INSTALLED = {
    tool: f"{tool} is not installed: apt-get install {package}"
    for tool, package in {
        "Chromium": "chromium",
        "bubblewrap": "bubblewrap",
        "PostgreSQL": "postgresql",
        "git": "git",
    }.items()
}


# ------------------------------------------------------------- one run, in several processes


def pytest_addoption(parser):
    parser.addoption("--pictures", type=Path, help="write what the tests in a browser see into this folder")


def pytest_xdist_auto_num_workers():
    """One worker for each core, and two that compute while others wait."""
    return 2 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())


# What is run by one worker, the longest first: tests of one group, or whoever asks for a fixture of this name.
GROUPS = [
    "warm bubblewrap",
    "bubblewrap",
    "sandlock",
    "explored",
    "matrix",
    "solving",
    "server",
    "cluster",
    "installed",
    "mistakes",
]
GROUPS += ["undisturbed", "sample_class", "thousand", "hint", "claims", "executed", "expected", "checked"]
SLOW = {"matrix", "server", "cluster", "undisturbed", "installed", "thousand"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Start with what takes long, so that no worker is left with it when the others are done."""
    for item in items:
        made = next((name for name in GROUPS if name in item.fixturenames), None)
        if made and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(made))
        if made in SLOW:
            item.add_marker(pytest.mark.slow)
    items.sort(key=rank)


def rank(item):
    group = item.get_closest_marker("xdist_group")
    return GROUPS.index(group.args[0]) if group else len(GROUPS) + (not item.get_closest_marker("slow"))


def pytest_terminal_summary(terminalreporter):
    """Print what tests have to show, and name once what this machine lacks."""
    for report in terminalreporter.stats.get("passed", []):
        for name, text in report.user_properties:
            terminalreporter.section(name)
            terminalreporter.write_line(text)
    skipped = Counter(
        report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", [])
    )
    if skipped:
        terminalreporter.section("left out")
        for reason, count in skipped.items():
            terminalreporter.write_line(f"{count} tests, because {reason}")


def pytest_sessionfinish(session):
    """Where CI runs them, every test runs."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Return a function that has something expensive made once for all workers, and returns the folder that it is in."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name, make):
        folder, failure = shared / f"once-{name}", shared / f"once-{name}.failure"
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                failure.write_text(f"{name} was begun, and the worker that made it ended.")
                folder.mkdir()
                try:
                    make(folder)
                except BaseException:
                    failure.write_text(traceback.format_exc())
                    raise
                failure.unlink()
        assert not failure.exists(), failure.read_text()
        return folder

    return made


def kept(make):
    """Return a maker for ``once`` that keeps a value: what ``make`` returns for a folder to work in."""
    return lambda folder: (folder / "value").write_bytes(pickle.dumps(make(folder)))


def value_in(folder):
    """Return what ``kept`` has kept."""
    return pickle.loads((folder / "value").read_bytes())


# ------------------------------------------------------------------------------ the course


@pytest.fixture(scope="session")
def reference():
    """The published figures of the assignment."""
    return json.loads((ROOT / "tests" / "reference_run.json").read_text())


@pytest.fixture(scope="session")
def source():
    """The authored notebook, as it is in git."""
    return nbformat.read(ROOT / "source" / "initialization" / "initialization.ipynb", as_version=4)


@pytest.fixture(scope="session")
def released():
    """The released notebook, as it is in git."""
    return nbformat.read(ROOT / "release" / "initialization" / "initialization.ipynb", as_version=4)


@pytest.fixture(scope="module")
def companion():
    """The authored notebook of the companion, as it is in git."""
    return nbformat.read(ROOT / "source" / "explore" / "explore.ipynb", as_version=4)


@pytest.fixture(scope="session")
def numbers_course(once):
    """A course that nobody has handed anything in to."""

    from term import NAME, Course, course_in

    def make(folder):
        course = Course(course_in(folder / "a course"))
        course.release()
        with course.assignment.gradebook() as gradebook:
            gradebook.update_or_create_assignment(NAME, duedate="2026-03-01 12:00:00 UTC")

    return once("numbers-course", make) / "a course"


@pytest.fixture
def course(tmp_path):
    """A copy of the course without any class, and without its history."""
    return copy_course(tmp_path / "a course")


@pytest.fixture(scope="session")
def build(once):
    """Return a function that copies a course whose release was built once for all tests."""

    def made(folder, grader=False):
        def generate(place):
            release(CourseAssignment("initialization", copy_course(place / "a course", grader)))

        return shutil.copytree(once(f"built-course-{grader}", generate) / "a course", folder)

    return made


@pytest.fixture
def built(build, tmp_path):
    """A copy of the course with its release, and without any class."""
    return build(tmp_path / "a course")


@pytest.fixture
def small(built):
    """A course with one student and no submission yet."""
    made = CourseAssignment("initialization", built)
    made.submission("zoe").parent.mkdir(parents=True)
    return made


@pytest.fixture
def started_with(tmp_path_factory, monkeypatch):
    """Return a function that has code run first in all processes of Python that are started then, as those that grade are."""
    folder = tmp_path_factory.mktemp("site")

    def write(code):
        close_graders()
        (folder / "sitecustomize.py").write_text(textwrap.dedent(code))
        monkeypatch.setenv("PYTHONPATH", str(folder))

    yield write
    close_graders()


@pytest.fixture(scope="session")
def executed(source, once):
    """The authored notebook after Run All."""
    return value_in(once("executed", kept(lambda folder: execute(source, folder))))


@pytest.fixture(scope="session")
def explored(once):
    """explore.ipynb after Run All, what its variables held, and the seconds of the processor that it took.

    They are told in runs of the assignment's training, 15,000 steps, in the same kernel: machines differ, and each is slower when it is busy.
    """
    return value_in(once("explored", kept(explore)))


@pytest.fixture(scope="session")
def sample_class(once):
    """The folder of a course with the sample class, graded from an empty directory."""

    def grade(folder):
        course = copy_course(folder / "a course", grader=True)
        shutil.copytree(ROOT / "examples" / "submitted", course / "submitted", dirs_exist_ok=True)
        nbgrader(course, "generate_assignment", "initialization")
        graded(course)

    return once("sample-class", grade) / "a course"


@pytest.fixture(scope="session")
def thousand(once):
    """The folder of a course with a class of 1,000 and its report, and what each student did."""
    import classes

    place = once("thousand", kept(classes.a_thousand))
    return place / "large" / "a course", value_in(place)


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of this test's own; yields the address of a new database whenever it is called."""
    found = [shutil.which("initdb"), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")))]
    programs = [Path(path).parent for path in found if path]
    if not programs:
        pytest.skip(NOT_INSTALLED["PostgreSQL"])
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    someone = {}
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        someone = {"user": "postgres", "group": "postgres", "extra_groups": []}
    run = Server(programs[-1], folder, someone)
    run(
        "initdb",
        "--auth=trust",
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        "-D",
        folder / "data",
    )
    run.start()
    yield run
    run("pg_ctl", "stop", "-m", "immediate", "-D", folder / "data")
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def needs_bubblewrap():
    """For tests of what only bubblewrap does."""
    if shutil.which("bwrap") is None:
        pytest.skip(NOT_INSTALLED["bubblewrap"])


@pytest.fixture(scope="session")
def browser():
    """Chromium, or Google Chrome, from the system: a process for each worker that looks at pages."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip(NOT_INSTALLED["Chromium"])
    options = ["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium's own sandbox refuses to run as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


@pytest.fixture
def ticking(monkeypatch):
    """For the checks of an exercise, time goes by as code is run, however fast that is on this machine."""
    ticks = itertools.count()
    monkeypatch.setattr(notebook_cells, "time", types.SimpleNamespace(monotonic=lambda: next(ticks) * 1e-4))
