"""What several rooms' tests share: the reference figures, a course to work in, the notebook's own run."""

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
import subprocess
import sys
import time
from pathlib import Path

# Matplotlib keeps a list of its fonts, and complains where it was made for another environment.
os.environ["MPLCONFIGDIR"] = str(Path(sys.prefix) / "matplotlib")

import matplotlib.font_manager  # noqa: F401 - makes the list, so that no kernel has to
import nbformat
import numpy
import pytest
from nbclient import NotebookClient
from nbgrader.api import Gradebook

ROOT = Path(__file__).resolve().parent.parent


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


@pytest.fixture
def course(tmp_path):
    """A copy of the course without any class, and without its history."""
    return copy_course(tmp_path / "a course")


def copy_course(folder, grader=False):
    """Copy what an instructor starts from; without ``grader``, the nbgrader in it is an unmodified one."""
    shutil.copytree(ROOT / "source", folder / "source")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    if grader:
        shutil.copytree(ROOT / "grading", folder / "grading", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "submitted").mkdir()
    return folder


def nbgrader(course, *arguments, program=("-m", "nbgrader"), **environment):
    """Run nbgrader's own command in a course, and return what it logged."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | environment
    ran = subprocess.run(
        [sys.executable, *program, *arguments], cwd=course, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stderr


def graded(course):
    """Grade what lies in a course, by the commands that the README gives; return the course."""
    for command in ("autograde", "feedback"):
        subprocess.run(
            [sys.executable, "-m", "grading", command, "initialization"], cwd=course, check=True, capture_output=True
        )
    return course


def points_in(course, students):
    """Return what the gradebook of a course has: points by exercise, by student."""
    found = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "weight-initialization") as gradebook:
        for student in students:
            graded = gradebook.find_submission_notebook("initialization", "initialization", student)
            found[student] = {grade.name.removesuffix("-test"): grade.auto_score for grade in graded.grades}
    return found


def execute(notebook, folder, **options):
    """Run a notebook beside the helper files in ``folder``, every warning an error."""
    for name in ("init_utils.py", "public_tests.py", "explore.py"):
        shutil.copy(ROOT / name, folder)
    notebook = nbformat.from_dict(notebook)
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", **options)
    client.execute(cwd=str(folder), env=environment)
    return notebook


@pytest.fixture(scope="session")
def executed(source, tmp_path_factory):
    """The authored notebook after Run All."""
    return execute(source, tmp_path_factory.mktemp("executed"))


@pytest.fixture(scope="session")
def explored(tmp_path_factory):
    """explore.ipynb after Run All, what its variables held, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("explored")
    notebook = nbformat.read(ROOT / "source" / "explore" / "explore.ipynb", as_version=4)
    names = ("found", "depth", "six", "paths", "chosen", "scales", "sweep", "right", "dead", "rates", "run", "table")
    keep = f"import pickle\nwith open('kept', 'wb') as file: pickle.dump({{name: globals()[name] for name in {names}}}, file)"
    notebook.cells.append(nbformat.v4.new_code_cell(keep))
    started = time.monotonic()
    notebook = execute(notebook, folder)
    took = time.monotonic() - started
    notebook.cells.pop()
    return notebook, pickle.loads((folder / "kept").read_bytes()), took


@pytest.fixture(scope="session")
def sample_class(tmp_path_factory):
    """The folder of a course with the sample class, graded from an empty directory."""
    course = copy_course(tmp_path_factory.mktemp("class") / "a course", grader=True)
    shutil.copytree(ROOT / "examples" / "submitted", course / "submitted", dirs_exist_ok=True)
    nbgrader(course, "generate_assignment", "initialization")
    return graded(course)


@pytest.fixture(scope="session")
def browser():
    """Chromium, or Google Chrome, from the system."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("Chromium is not installed")
    options = ["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium's own sandbox refuses to run as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


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
