"""A course with a short assignment that has all that nbgrader can grade, for the tests of a term: tests, answers in words, programs that a person reads, a task."""

import csv
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from courses import ROOT
from engines import Staying
from nbgrader.api import SubmittedAssignment
from nbgrader.apps.api import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin

from grading import fleet, standing
from grading.assignment import CourseAssignment
from grading.feedback import write_feedback
from grading.plugin import less_the_penalty
from grading.release import release
from grading.sandbox import find_sandbox
from grading.table import columns, row
from grading.work import Work

NAME = "numbers"
WHERE = NAME, NAME  # notebook and assignment, as nbgrader's gradebook asks for them
SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"


def cell(name, source, kind="code", **marks):
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    made = make(source, id=name)
    given = {"schema_version": 3, "locked": False, "grade": False, "solution": False, "task": False}
    made.metadata.nbgrader = given | {"grade_id": name} | marks
    return made


def a_test(name, source, points):
    return cell(name, source, grade=True, locked=True, points=points)


def numbers():
    """Return the authored notebook. Its ids are alike on purpose: ``square`` is graded by a person, ``square-test`` is run."""
    double = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    square = SOLUTION.format("def square(x):\n    return x * x\nprint('squares')\n[square(n) for n in range(4)]")
    hidden = "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(-1) == -2\n### END HIDDEN TESTS"
    cells = [
        nbformat.v4.new_markdown_cell("# Numbers\n\nRead this first.", id="title"),
        cell("double", double, solution=True),
        a_test("double-test", hidden, 4),
        cell("square", square, grade=True, solution=True, points=2),
        a_test("square-test", "assert square(3) == 9", 3),
        cell("why", "Because.", "markdown", grade=True, solution=True, points=3),
        cell("draw", "Draw a picture in a new cell below.", "markdown", task=True, locked=True, points=1),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


RIGHT = {
    "double": "def double(x):\n    return x + x",
    "square": "def square(x):\n    return x**2\nprint('here they are')\n[square(n) for n in range(4)]",
    "why": "Since it is **so**.",
}
WRONG = {"double": "def double(x):\n    return 3 * x"}


def course_in(folder, grader=False):
    """Make a course of it."""
    write_source(folder, numbers())
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write("\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    if grader:
        shutil.copytree(ROOT / "grading", folder / "grading", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def write_source(folder, notebook):
    path = folder / "source" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def read_source(folder):
    return nbformat.read(folder / "source" / NAME / f"{NAME}.ipynb", as_version=4)


def solved(folder, answers):
    """Return the released notebook with answers typed in."""
    notebook = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    for one in notebook.cells:
        one.source = answers.get(one.id, one.source)
    return notebook


def hand_in(folder, student, answers, time=None):
    """Put a submission where `nbgrader collect` puts it."""
    place = folder / "submitted" / student / NAME
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    nbformat.write(solved(folder, answers), place / f"{NAME}.ipynb")
    if time:
        (place / "timestamp.txt").write_text(time)


class Course:
    """The course of a test."""

    def __init__(self, folder):
        self.folder = folder

    @property
    def assignment(self):
        return CourseAssignment(NAME, self.folder)

    def release(self):
        return release(self.assignment)

    def autograde(self, force=False, students=None, engine=None):
        """Grade; return the states of those who were graded, and what was said before."""
        course, said = self.assignment, []
        work = Work(course.master, course.limits, find_sandbox().name)
        graded = fleet.autograde(
            course,
            students or course.students(),
            engine or Staying(),
            work,
            force,
            lambda plan: said.extend(plan.sentences()),
        )
        return {student: one.result.status for student, one in graded if one}, said

    def feedback(self):
        return dict(write_feedback(self.assignment))

    def standing(self, student):
        """Return what the gradebook says of a student, or None."""
        return next((one for one in standing.standings(self.assignment) if one.student_id == student), None)

    def grade(self, student, cell):
        """Return a grade's parts: by the tests, by a person, extra, and whether it waits for a person."""
        with self.assignment.gradebook() as gradebook:
            grade = gradebook.find_grade(cell, *WHERE, student)
            return grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade

    def enter(self, student, cell, **values):
        """Enter what a person enters, as the formgrader does."""
        with self.assignment.gradebook() as gradebook:
            if "comment" in values:
                gradebook.find_comment(cell, *WHERE, student).manual_comment = values.pop("comment")
            if values:
                grade = gradebook.find_grade(cell, *WHERE, student)
                for name, value in values.items():
                    setattr(grade, name, value)
                grade.needs_manual_grade = grade.manual_score is None and grade.auto_score is None
            gradebook.db.commit()

    def comment(self, student, cell):
        with self.assignment.gradebook() as gradebook:
            return gradebook.find_comment(cell, *WHERE, student).manual_comment

    def five_places(self):
        """Return what each place says of each student: the score that counts."""
        course = self.assignment
        titles = standing.exercises(course)
        table = [dict(zip(columns(titles), row(one, titles))) for one in standing.standings(course)]
        api = NbGraderAPI(config=course.config)
        shown = less_the_penalty(NbGraderAPI.get_submissions, SubmittedAssignment.id)(api, NAME)
        with course.gradebook() as gradebook:
            CsvExportPlugin(to=str(self.folder / "exported.csv"), assignment=[NAME]).export(gradebook)
        with open(self.folder / "exported.csv", newline="") as file:
            exported = list(csv.DictReader(file))
        return {
            "the table": {one["student_id"]: float(one["score"]) for one in table},
            "its parts": {
                one["student_id"]: max(
                    0.0, sum(float(one[title]) for title in columns(titles)[7:-1]) - float(one["late_penalty"])
                )
                for one in table
            },
            "the page": {path.parts[-3]: score_of(path) for path in self.folder.glob(f"feedback/*/{NAME}/{NAME}.html")},
            "the formgrader": {one["student"]: one["score"] for one in shown if one["autograded"]},
            "the export": {one["student_id"]: float(one["score"]) for one in exported},
        }


def score_of(page):
    """Return the total that a feedback page begins with, this grader's or nbgrader's."""
    return float(re.search(r'(?:class="total"><strong>|\(Score: )([\d.]+)', Path(page).read_text(encoding="utf-8"))[1])


@pytest.fixture
def graded_course(numbers_course, tmp_path):
    """Amy is right and Bob is wrong, and both are graded."""
    course = Course(shutil.copytree(numbers_course, tmp_path / "a course"))
    hand_in(course.folder, "amy", RIGHT, "2026-03-01 11:00:00 UTC")
    hand_in(course.folder, "bob", WRONG, "2026-03-01 13:00:00 UTC")
    course.autograde()
    return course


def edit(course, change):
    """Change the source, and release it; return what was said."""
    notebook = read_source(course.folder)
    change({one.id: one for one in notebook.cells}, notebook)
    write_source(course.folder, notebook)
    return course.release()


def other_points(cells, notebook):
    cells["double-test"].metadata.nbgrader.points = 5


def other_given_code(cells, notebook):
    notebook.cells.insert(1, nbformat.v4.new_code_cell("two = 2"))
