"""Classes that are graded in one way or another, and all that there is to know of a graded one."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import kept, value_in
from corpus import blank, save
from courses import ROOT, copy_course
from engines import Staying
from nbgrader.api import Gradebook
from waiting import PATIENCE

from grading import fleet, standing
from grading.assignment import CourseAssignment
from grading.release import release
from grading.sandbox import find_sandbox
from grading.table import row
from grading.work import Work

SAMPLE = [
    path for path in sorted((ROOT / "examples" / "submitted").iterdir()) if path.name != "ines"
]  # she takes ten seconds


@pytest.fixture(scope="session")
def course_of(build):
    """Return a function that makes a course with its release built, its grader, and a folder of a class."""

    def made(folder, submissions, database=None):
        course = folder / "a course"
        if database:
            copy_course(course, grader=True)
            with open(course / "nbgrader_config.py", "a") as config:
                config.write(f"\nc.CourseDirectory.db_url = {database!r}\n")
            release(CourseAssignment("initialization", course))
        else:
            build(course, grader=True)
        for student, write in submissions.items():
            place = course / "submitted" / student / "initialization"
            place.mkdir(parents=True)
            write(place)
        return CourseAssignment("initialization", course)

    return made


def a_class(size, seconds=0.0):
    """Right answers to three, two, one and none of the exercises; each takes ``seconds`` longer than it must."""

    def writer(number):
        notebook = blank(["zeros", "random", "he"][: number % 4])
        notebook.cells.insert(0, nbformat.v4.new_code_cell(f"import time\ntime.sleep({seconds})"))
        return lambda place: save(notebook, place)

    return {f"student-{number:03}": writer(number) for number in range(size)}


def the_sample_class():
    made = {
        path.name: lambda place, path=path: shutil.copytree(path / "initialization", place, dirs_exist_ok=True)
        for path in SAMPLE
    }
    return made | {
        "Zoë": lambda place: save(blank(["he"]), place),
        "a b": lambda place: None,
        "B": lambda place: save(blank(), place),
    }


def work(course):
    return Work(course.master, course.limits, find_sandbox().name)


def everything(course):
    """What there is to know of a graded class: the rows of grades.csv, nbgrader's own gradebook, and the notebooks for feedback."""
    rows = [row(one, standing.exercises(course)) for one in standing.standings(course)]
    notebooks = {
        path.parent.parent.name: path.read_bytes() for path in Path(course.course.root).glob("autograded/*/*/*.ipynb")
    }
    stored = {}
    with Gradebook(course.course.db_url, course.course.course_id) as gradebook:
        for submission in gradebook.assignment_submissions("initialization"):
            grades = {
                grade.name: (grade.auto_score, grade.score, grade.max_score, grade.needs_manual_grade)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            comments = sorted(comment.name for notebook in submission.notebooks for comment in notebook.comments)
            assert submission.student.id not in stored
            stored[submission.student.id] = grades, comments, submission.score
    return rows, stored, notebooks


@pytest.fixture(scope="session")
def expected(once, course_of):
    """The sample class, graded one after the other."""

    def grade(folder):
        course = course_of(folder, the_sample_class())
        for _ in fleet.autograde(course, course.students(), Staying(), work(course)):
            pass
        return everything(course)

    return value_in(once("expected", kept(grade)))


def command(course, *arguments):
    """Start the command line of a course's own grader, in a process group of its own.

    Whoever runs the tests in the background may have them ignore Ctrl-C, and that would be inherited.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "grading", *arguments],
        cwd=course.course.root,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def stored(course):
    return [student for student, result in standing.results(course) if result is not None]


def assert_whole(course):
    """Each result has its rows in the gradebook and its notebook, and nobody has some of it."""
    with Gradebook(course.course.db_url, course.course.course_id) as gradebook:
        rows = {entry["student"]: entry["score"] for entry in gradebook.submission_dicts("initialization")}
    results = {student: result.score for student, result in standing.results(course) if result is not None}
    assert rows == results
    for student in results:
        nbformat.read(Path(course.course.root) / "autograded" / student / "initialization" / "initialization.ipynb", 4)


@pytest.fixture(scope="session")
def undisturbed(once, course_of):
    """Everything about a class of 32 that nothing interrupted."""

    def grade(folder):
        course = course_of(folder, a_class(32, 0.4))
        for _ in fleet.autograde(course, course.students(), fleet.LocalEngine(2), work(course)):
            pass
        return everything(course)

    return value_in(once("undisturbed", kept(grade)))


def finished(course, undisturbed):
    """The same command goes on from where it was, and ends with what an undisturbed class has, to the byte."""
    before = stored(course)
    ran = command(course, "autograde", "initialization")
    output, errors = ran.communicate(timeout=PATIENCE)
    assert ran.returncode == 0, errors
    assert f"{len(before)} unchanged" in output
    assert_whole(course)
    assert everything(course) == undisturbed
    return output
