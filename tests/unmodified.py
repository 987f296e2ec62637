"""What an unmodified nbgrader gives, and what this project's grader gives, side by side: courses, commands, points."""

import contextlib
import shutil
import sqlite3

from courses import ROOT, nbgrader
from engines import Staying

from grading import fleet, standing
from grading.assignment import CourseAssignment, NbGraderException
from grading.release import release
from grading.sandbox import find_sandbox
from grading.work import Work

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "plain"
"""


class Course:
    """A course, with this project's grader or with nothing but nbgrader.

    Attributes
    ----------
    folder : pathlib.Path
    ours : bool
        Whether the grader of this project is plugged in.
    """

    def __init__(self, folder, ours):
        self.folder, self.ours = folder, ours
        (folder / "submitted").mkdir(parents=True)
        if ours:
            shutil.copy(ROOT / "nbgrader_config.py", folder)
        else:
            (folder / "nbgrader_config.py").write_text(CONFIG)

    def release(self, assignment):
        """Build the release; return what was said where that failed, or an empty text."""
        if self.ours:
            return said_by(lambda: release(self.assignment(assignment)))
        return self.run("generate_assignment", assignment)

    def autograde(self, assignment):
        """Grade everybody; return what was said where that failed, or an empty text."""
        if self.ours:
            return said_by(lambda: self.graded(self.assignment(assignment)))
        return self.run("autograde", assignment)

    def assignment(self, name):
        return CourseAssignment(name, self.folder)

    def graded(self, course):
        work = Work(course.master, course.limits, find_sandbox().name)
        return [*fleet.autograde(course, course.students(), Staying(), work)]

    def run(self, command, assignment):
        """Run a command of an unmodified nbgrader; return what it said where it failed."""
        home = {"IPYTHONDIR": str(self.folder / "ipython")}  # where a student may store what a name stands for
        try:
            nbgrader(self.folder, command, assignment, **home)
        except AssertionError as failed:
            return str(failed)
        return ""

    def points(self, assignment):
        """Return the points in the gradebook: by student, by notebook and cell."""
        query = """
            select student_id, notebook.name, base_cell.name, coalesce(manual_score, auto_score, 0) from grade
            join base_cell on cell_id = base_cell.id join submitted_notebook on grade.notebook_id = submitted_notebook.id
            join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
            join assignment on submitted_assignment.assignment_id = assignment.id
            join notebook on submitted_notebook.notebook_id = notebook.id where assignment.name = ?
        """
        found = {}
        with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(self.database()) as database:
            for student, notebook, cell, points in database.execute(query, [assignment]):
                found.setdefault(student, {})[notebook, cell] = points
        return found

    def messages(self, assignment):
        """Return the messages to the students that this project's grader has for each, by student."""
        return {one.student_id: one.message for one in standing.standings(self.assignment(assignment))}

    def database(self):
        return sqlite3.connect(f"file:{self.folder / 'gradebook.db'}?mode=ro", uri=True)


def said_by(step):
    """Run a step of the grader in this process; return the sentence that it ended in, or an empty text."""
    try:
        step()
    except (OSError, NbGraderException) as error:
        return str(error)
    return ""
