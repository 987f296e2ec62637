"""What several rooms' tests share: the reference figures, a course to work in, the notebook's own run."""

import contextlib
import itertools
import json
import linecache
import os

# Runs from large weights amplify rounding, and OpenBLAS rounds differently on each
# processor family. One fixed kernel makes their figures comparable between machines.
# Set before NumPy is imported, and inherited by every kernel that a test starts.
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback
import types
from collections import Counter
from pathlib import Path

# Matplotlib keeps a list of its fonts, and complains where it was made for another environment.
os.environ["MPLCONFIGDIR"] = str(Path(sys.prefix) / "matplotlib")

import kernels
import matplotlib.font_manager  # noqa: F401 - makes the list, so that no kernel has to
import nbformat
import numpy
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from nbclient import NotebookClient
from nbgrader.api import Gradebook
from programs import run_as

import diagnosis
from grading import fleet
from grading.assignment import CourseAssignment
from grading.grade import end_processes
from grading.release import release

ROOT = Path(__file__).resolve().parent.parent
HELPERS = "init_utils.py", "plots.py", "public_tests.py", "preflight.py", "diagnosis.py", "explore.py"
PATIENCE = 600  # seconds until a test says that something hangs: a busy machine is no defect
# KERNELS=local-provisioner starts every kernel from nothing: it gives the same, and takes twice as long.
KERNELS = os.environ.get("KERNELS", kernels.NAME)

# The same examples in every run, however slow the machine is: what fails, fails again.
settings.register_profile("the same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("the same")

NOT_INSTALLED = {
    tool: f"{tool} is not installed: apt-get install {package}"
    for tool, package in {"Chromium": "chromium", "bubblewrap": "bubblewrap", "PostgreSQL": "postgresql"}.items()
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
GROUPS += ["undisturbed", "sample_class", "hint", "claims", "executed", "expected", "checked"]
SLOW = {"matrix", "server", "cluster", "undisturbed", "installed"}


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


def copy_course(folder, grader=False):
    """Copy what an instructor starts from; without ``grader``, the nbgrader in it is an unmodified one."""
    shutil.copytree(ROOT / "source", folder / "source")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    if grader:
        shutil.copytree(ROOT / "grading", folder / "grading", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "submitted").mkdir()
    return folder


class Staying(fleet.Local):
    """Grades in processes that stay when it is done: a test after the other asks them for the same."""

    def __init__(self):
        super().__init__(1)

    def __exit__(self, kind, error, trace):
        self.threads.shutdown(cancel_futures=True)


@pytest.fixture
def started_with(tmp_path_factory, monkeypatch):
    """Return a function that has code run first in all processes of Python that are started then, as those that grade are."""
    folder = tmp_path_factory.mktemp("site")

    def write(code):
        end_processes()
        (folder / "sitecustomize.py").write_text(textwrap.dedent(code))
        monkeypatch.setenv("PYTHONPATH", str(folder))

    yield write
    end_processes()


def nbgrader(course, *arguments, program=None, **environment):
    """Run nbgrader's own command in a course, and return what it logged.

    It runs in a process that was forked from one that has imported nbgrader; a ``program`` of its own starts from nothing.
    """
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    if program:
        line, environment = [sys.executable, *program, *arguments], os.environ | environment
        ran = subprocess.run(line, cwd=course, env=environment, capture_output=True, text=True)
        code, log = ran.returncode, ran.stderr
    else:
        environment |= {"JUPYTER_DEFAULT_PROVISIONER_NAME": KERNELS}
        code, log = run_as("nbgrader.apps.nbgraderapp", course, ["nbgrader", *arguments], environment)
    assert code == 0, log[-20_000:]
    return log


def graded(course):
    """Grade what lies in a course, by the commands that the README gives; return the course."""
    for command in ("autograde", "feedback"):
        line = ["grading", command, "initialization", "--course", str(course)]
        code, log = run_as("grading.__main__", course, line, {})
        assert code == 0, log
    return course


def points_in(course, students):
    """Return what the gradebook of a course has: points by exercise, by student."""
    found = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "weight-initialization") as gradebook:
        for student in students:
            graded = gradebook.find_submission_notebook("initialization", "initialization", student)
            found[student] = {grade.name.removesuffix("-test"): grade.auto_score for grade in graded.grades}
    return found


# Before a notebook's first cell: from here on a warning is an error, save what the kernel's own modules say of themselves.
STRICT = """
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", module="ipykernel|jupyter_client|tornado|zmq|asyncio|traitlets")
"""


def execute(notebook, folder, **options):
    """Run a notebook beside the helper files in ``folder``, every warning of its code an error."""
    for name in HELPERS:
        shutil.copy(ROOT / name, folder)
    notebook = nbformat.from_dict(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    # What hangs is ended after ten times what the longest cell takes where nothing else runs.
    NotebookClient(notebook, timeout=300, kernel_name="python3", **options).execute(cwd=str(folder))
    notebook.cells.pop(0)
    return notebook


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


def explore(folder):
    notebook = nbformat.read(ROOT / "source" / "explore" / "explore.ipynb", as_version=4)
    names = "found", "values", "depth", "some", "six", "paths", "chosen", "scales", "sweep", "right", "dead"
    names += "rates", "run", "table", "ratios", "norm"
    keep = f"""
        import pickle, time
        import numpy as np
        from init_utils import backward_propagation, forward_propagation, load_dataset, update_parameters
        taken = time.process_time()
        X, Y, _, _ = load_dataset()
        sizes = ((10, 2), (5, 10), (1, 5))
        start = {{f"W{{l}}": np.random.RandomState(l).randn(*shape) for l, shape in enumerate(sizes, start=1)}}
        start |= {{f"b{{l}}": np.zeros((rows, 1)) for l, (rows, _) in enumerate(sizes, start=1)}}
        for step in range(15_000):
            _, cache = forward_propagation(X, start)
            start = update_parameters(start, backward_propagation(X, Y, cache), 0.01)
        runs = taken / (time.process_time() - taken)
        with open("variables", "wb") as file:
            pickle.dump([{{name: globals()[name] for name in {names}}}, runs], file)
    """
    notebook.cells.append(nbformat.v4.new_code_cell(textwrap.dedent(keep)))
    notebook = execute(notebook, folder)
    notebook.cells.pop()
    return notebook, *pickle.loads((folder / "variables").read_bytes())


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


class Server:
    def __init__(self, programs, folder, someone):
        self.programs, self.folder, self.someone, self.made = programs, folder, someone, 0

    def __call__(self, program, *arguments):
        subprocess.run(
            [self.programs / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **self.someone,
        )

    def start(self):
        options = f"-c listen_addresses='' -k {self.folder}"
        self("pg_ctl", "start", "-w", "-D", self.folder / "data", "-o", options, "-l", self.folder / "log")

    def database(self):
        self.made += 1
        self("createdb", "-h", self.folder, "-U", "postgres", f"class{self.made}")
        return f"postgresql+psycopg://postgres@/class{self.made}?host={self.folder}"


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


@contextlib.contextmanager
def jupyter(folder, home, config=""):
    """Run JupyterLab in a folder, with settings of its own and what nbgrader's configuration says; yield its address."""
    (home / "config").mkdir(parents=True)
    (home / "config" / "nbgrader_config.py").write_text(config)
    settings = {
        # All cells are on the page, wherever it is scrolled to, so that a test can look for them.
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, values in settings.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    # No offer of news, and none of what only authors use.
    hidden = "@jupyterlab/apputils-extension:announcements", "@jupyter/nbgrader:create-assignment"
    (home / "config" / "labconfig").mkdir()
    (home / "config" / "labconfig" / "page_config.json").write_text(
        json.dumps({"disabledExtensions": dict.fromkeys(hidden, True)})
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    names = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = os.environ | {name: str(home / place) for name, place in names.items()}
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        "--no-browser",
        f"--port={port}",
        "--IdentityProvider.token=secret",
        *root,
    ]
    with open(home / "log", "w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                assert server.poll() is None, (home / "log").read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


@pytest.fixture
def ticking(monkeypatch):
    """For the checks of an exercise, time goes by as code is run, however fast that is on this machine."""
    ticks = itertools.count()
    monkeypatch.setattr(diagnosis, "time", types.SimpleNamespace(monotonic=lambda: next(ticks) * 1e-4))


def wait_until(true):
    """Wait for what must come, however busy the machine is, though not for ever."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def function_of(source, name):
    """Run the text of a cell as Jupyter does, with NumPy imported, and return one of its functions."""
    file = f"<cell of {name} {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace = {"np": numpy, "__name__": "__main__"}
    exec(compile(source, file, "exec"), namespace)
    return namespace[name]


def text_of(cell):
    """Everything that a cell printed."""
    return "".join(out.text for out in cell.outputs if out.output_type == "stream" and out.name == "stdout")


def cells_by_id(notebook):
    return {cell.id: cell for cell in notebook.cells}
