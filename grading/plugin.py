"""The only place that changes nbgrader: autograde, generate_assignment, what the formgrader shows, the feedback page."""

import contextlib
import fnmatch
import functools
from pathlib import Path

from nbgrader.api import SubmittedAssignment, SubmittedNotebook
from nbgrader.apps import api, autogradeapp, generateassignmentapp, generatefeedbackapp
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.plugins import export
from sqlalchemy import select

from grading.assignment import CourseAssignment, handed_in_at
from grading.grade import Work, processes
from grading.release import release
from grading.result import FAILED, escaped, no_formula, one_line
from grading.sandbox import NoSandbox
from grading.submission import TIME, short_text


def plug_into_nbgrader(grade_class, feedback):
    """Let the commands of nbgrader and its formgrader grade with ``grade_class``, tell with ``feedback``, and build as `grading.release` does.

    nbgrader has settings for the parts of its grading step and none for the step itself, and its
    parts meet a submission only after it was read, renamed or refused. It refuses to build an assignment whose cells
    have changed since somebody was graded. Its formgrader shows scores without the penalty that its export takes off.

    Parameters
    ----------
    grade_class : callable
        Takes a `grading.assignment.CourseAssignment`, a list of its students, whether to grade again what has not
        changed, and whom to tell of the `grading.store.Plan`. Yields what was stored.
    feedback : callable
        Takes such an assignment, its students, and whether to write again what has not changed. Yields what was written.
    """

    class SandboxedAutograde(Autograde):
        def start(self):
            with as_nbgrader_tells(self):
                course, wanted = asked_for(self.coursedir)
                sandbox = processes(Work(course.master, course.limits)).sandbox()
                self.log.info(f"Grading {len(wanted)} submissions in {sandbox}")
                for student, graded in grade_class(course, wanted, self.force, self.tell):
                    self.log.info(one_line(f"{student}: {came_of(graded) if graded else 'nothing has changed'}"))

        def tell(self, plan):
            for student in plan.interrupted:
                self.log.warning(one_line(f"{student}: grading was interrupted the last time"))
            for sentence in plan.sentences():
                self.log.info(one_line(sentence))

    class OurFeedback(GenerateFeedback):
        def start(self):
            with as_nbgrader_tells(self):
                course, wanted = asked_for(self.coursedir)
                for student, how in feedback(course, set(wanted), self.force):
                    self.log.info(one_line(f"{student}: {how}"))

    class MigratingGenerate(GenerateAssignment):
        def start(self):
            # Of one notebook, or without a gradebook, is nbgrader's own business.
            if self.no_database or self.coursedir.notebook_id != "*":
                return super().start()
            with as_nbgrader_tells(self):
                course = course_of(self.coursedir)
                there = course.folder(course.course.release_directory, ".")
                if there.is_dir() and not self.force:
                    self.log.warning(f"{there} is there, and stays as it is: --force builds it anew")
                    return
                for sentence in release(course):
                    self.log.info(one_line(sentence))

    autogradeapp.Autograde = api.Autograde = SandboxedAutograde
    generateassignmentapp.GenerateAssignment = api.GenerateAssignment = MigratingGenerate
    generatefeedbackapp.GenerateFeedback = api.GenerateFeedback = OurFeedback
    api.NbGraderAPI.get_submitted_timestamp = submitted_timestamp
    export.open = opened_for_text
    for name, owner in (
        ("get_submissions", SubmittedAssignment.id),
        ("get_submission", SubmittedAssignment.id),
        ("get_notebook_submissions", SubmittedNotebook.id),
        ("get_student_notebook_submissions", SubmittedNotebook.id),
        ("get_students", SubmittedAssignment.student_id),
        ("get_student", SubmittedAssignment.student_id),
    ):
        setattr(api.NbGraderAPI, name, less_the_penalty(getattr(api.NbGraderAPI, name), owner))


def course_of(coursedir):
    """Return the assignment that a command of nbgrader is about."""
    course = CourseAssignment(coursedir.assignment_id, Path(coursedir.root))
    course.course.db_url = coursedir.db_url
    return course


def asked_for(coursedir):
    """Return the assignment that a command of nbgrader is about, and the students."""
    course, left_out = course_of(coursedir), coursedir.student_id_exclude.split(",")
    wanted = [
        student
        for student in course.students()
        if fnmatch.fnmatchcase(student, coursedir.student_id) and student not in left_out
    ]
    if not wanted:
        raise NbGraderException(
            f"There is no submission of {coursedir.student_id!r} in {course.submission('STUDENT')}."
        )
    return course, wanted


@contextlib.contextmanager
def as_nbgrader_tells(command):
    """Have what goes wrong arrive as a command of nbgrader tells of it."""
    try:
        yield
    except (OSError, NoSandbox, NbGraderException) as error:
        command.log.error(one_line(str(error)))
        raise NbGraderException(one_line(str(error))) from None


def came_of(graded):
    """Return what came of a submission, as one sentence."""
    result = graded.result
    score = "no score" if result.status == FAILED else f"{result.score:g} of {result.max_score:g}"
    return f"{result.status}, {score} in {graded.seconds:.2f} s. {result.message}"


def opened_for_text(*arguments):
    """Return a file that keeps what nbgrader's export writes, each row in one call, from being more than text and numbers."""
    file = open(*arguments)
    write = file.write
    file.write = lambda row: write(no_formula(escaped(row.removesuffix("\n"))) + "\n")
    return file


def submitted_timestamp(self, assignment_id, student_id):
    """Return when a submission was handed in, or None; nbgrader's own method raises where a receipt says no time."""
    folder = self.coursedir.format_path(self.coursedir.submitted_directory, student_id, assignment_id)
    return handed_in_at(short_text(Path(folder) / TIME))


def less_the_penalty(method, owner):
    """Return a method of nbgrader's API whose entries have scores that count: less the penalty, as in nbgrader's export.

    Parameters
    ----------
    method : callable
    owner : sqlalchemy.orm.InstrumentedAttribute
        The column that the entries' ids are of.
    """
    if hasattr(method, "__wrapped__"):
        return method

    @functools.wraps(method)
    def wrapped(self, *arguments, **options):
        found = method(self, *arguments, **options)
        entries = {
            entry["id"]: entry for entry in (found if isinstance(found, list) else [found]) if entry and entry["id"]
        }
        with self.gradebook as gradebook:
            kind = owner.class_
            penalties = select(owner, kind.score, kind.late_submission_penalty).where(kind.late_submission_penalty > 0)
            for one, score, penalty in gradebook.db.execute(penalties):
                if one in entries:
                    entries[one]["score"] -= min(score, penalty)
        return found

    return wrapped
