"""A course to work in: a copy of this one, what grades it, and what its gradebook says then."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import kernels
from nbgrader.api import Gradebook
from programs import run_as

ROOT = Path(__file__).resolve().parent.parent
HELPERS = (
    *("init_utils.py", "argument_checks.py", "signals.py", "plots.py", "public_tests.py", "preflight.py"),
    *("diagnosis.py", "causes.py", "symptoms.py", "expected.py", "notebook_cells.py", "sentences.py"),
    *("explore.py", "explore_plots.py", "networks.py", "training.py"),
)
# KERNELS=local-provisioner starts every kernel from nothing: it gives the same, and takes twice as long.
KERNELS = os.environ.get("KERNELS", kernels.NAME)


def copy_course(folder, grader=False):
    """Copy what an instructor starts from; without ``grader``, the nbgrader in it is an unmodified one."""
    shutil.copytree(ROOT / "source", folder / "source")
    for name in ("nbgrader_config.py", *HELPERS):
        shutil.copy(ROOT / name, folder)
    if grader:
        shutil.copytree(ROOT / "grading", folder / "grading", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "submitted").mkdir()
    return folder


def with_helpers_in_its_source(course):
    """Move the helpers to where an unmodified nbgrader looks for them; return the course."""
    for name in HELPERS:
        shutil.move(course / name, course / "source" / "initialization")
    return course


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
