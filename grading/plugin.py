"""The only place that changes nbgrader: autograde, generate_assignment, what the formgrader shows, the feedback page."""

import contextlib
import fnmatch
import functools
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from nbgrader.api import SubmittedAssignment, SubmittedNotebook
from nbgrader.apps import api, autogradeapp, generateassignmentapp, generatefeedbackapp
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import export
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from grading.assignment import CourseAssignment, handed_in_at
from grading.grader import grader_for
from grading.helpers import helpers_in_source, helpers_of
from grading.plan import Plan
from grading.release import release
from grading.result import GradedSubmission, Status, escaped, no_formula, one_line
from grading.sandbox import NoSandbox
from grading.submission import TIMESTAMP_FILE, read_short_text
from grading.work import Work

GradeClass: TypeAlias = Callable[
    [CourseAssignment, list[str], bool, Callable[[Plan], None]], Iterable[tuple[str, GradedSubmission | None]]
]
WriteFeedback: TypeAlias = Callable[[CourseAssignment, set[str], bool], Iterable[tuple[str, str]]]
# The methods of nbgrader's API whose entries have scores, and the column that the entries' ids are of.
WITH_SCORES = {
    "get_submissions": SubmittedAssignment.id,
    "get_submission": SubmittedAssignment.id,
    "get_notebook_submissions": SubmittedNotebook.id,
    "get_student_notebook_submissions": SubmittedNotebook.id,
    "get_students": SubmittedAssignment.student_id,
    "get_student": SubmittedAssignment.student_id,
}


def plug_into_nbgrader(grade_class: GradeClass, feedback: WriteFeedback) -> None:
    """Let the commands of nbgrader and its formgrader grade with ``grade_class``, tell with ``feedback``, and build as `grading.release` does.

    nbgrader has settings for the parts of its grading step and none for the step itself, and its
    parts meet a submission only after it was read, renamed or refused. It refuses to build an assignment whose cells
    have changed since somebody was graded. Its formgrader shows scores without the penalty that its export takes off.

    Done again, it changes nothing: a formgrader loads a course's configuration several times.

    Parameters
    ----------
    grade_class : callable
        Takes a `grading.assignment.CourseAssignment`, a list of its students, whether to grade again what has not
        changed, and whom to tell of the `grading.plan.Plan`. Yields what was stored.
    feedback : callable
        Takes such an assignment, its students, and whether to write again what has not changed. Yields what was written.
    """
    autogradeapp.Autograde = api.Autograde = autograde_with(grade_class)
    generateassignmentapp.GenerateAssignment = api.GenerateAssignment = MigratingGenerate
    generatefeedbackapp.GenerateFeedback = api.GenerateFeedback = feedback_with(feedback)
    api.NbGraderAPI.get_submitted_timestamp = submitted_timestamp
    export.open = opened_for_text
    for name, owner in WITH_SCORES.items():
        setattr(api.NbGraderAPI, name, less_the_penalty(getattr(api.NbGraderAPI, name), owner))


@functools.cache
def autograde_with(grade_class: GradeClass) -> type[BaseConverter]:
    """Return nbgrader's grading step with this package in its place."""

    class SandboxedAutograde(Autograde):  # type: ignore[misc]
        def start(self) -> None:
            with errors_as_nbgrader_tells(self):
                course, students = course_and_students(self.coursedir)
                sandbox = grader_for(Work(course.master, course.limits)).sandbox()
                self.log.info(f"Grading {len(students)} submissions in {sandbox}")
                for student, graded in grade_class(course, students, self.force, self.tell):
                    self.log.info(one_line(f"{student}: {in_a_sentence(graded) if graded else 'nothing has changed'}"))

        def tell(self, plan: Plan) -> None:
            for student in plan.interrupted:
                self.log.warning(one_line(f"{student}: grading was interrupted the last time"))
            for sentence in plan.sentences():
                self.log.info(one_line(sentence))

    return SandboxedAutograde


@functools.cache
def feedback_with(feedback: WriteFeedback) -> type[BaseConverter]:
    """Return nbgrader's feedback step, which writes the pages of `grading.page`."""

    class PageFeedback(GenerateFeedback):  # type: ignore[misc]
        def start(self) -> None:
            with errors_as_nbgrader_tells(self):
                course, students = course_and_students(self.coursedir)
                for student, outcome in feedback(course, set(students), self.force):
                    self.log.info(one_line(f"{student}: {outcome}"))

    return PageFeedback


class MigratingGenerate(GenerateAssignment):  # type: ignore[misc]
    """nbgrader's step that builds an assignment, which brings the gradebook along where the assignment has changed."""

    def start(self) -> None:
        # Of one notebook, or without a gradebook, is nbgrader's own business.
        if self.no_database or self.coursedir.notebook_id != "*":
            self.build_with_helpers()
            return
        with errors_as_nbgrader_tells(self):
            course = course_of(self.coursedir)
            there = course.folder(course.course.release_directory, ".")
            if there.is_dir() and not self.force:
                self.log.warning(f"{there} is there, and stays as it is: --force builds it anew")
                return
            for sentence in release(course):
                self.log.info(one_line(sentence))

    def build_with_helpers(self) -> None:
        """Build as nbgrader does, with the files that several assignments share."""
        coursedir = self.coursedir
        with contextlib.ExitStack() as while_it_builds:
            with errors_as_nbgrader_tells(self):
                helpers = helpers_of(self.config, coursedir.assignment_id, Path(coursedir.root))
                while_it_builds.enter_context(helpers_in_source(coursedir, helpers))
            super().start()


def course_of(coursedir: CourseDirectory) -> CourseAssignment:
    """Return the assignment that a command of nbgrader is about."""
    course = CourseAssignment(coursedir.assignment_id, Path(coursedir.root))
    course.course.db_url = coursedir.db_url
    return course


def course_and_students(coursedir: CourseDirectory) -> tuple[CourseAssignment, list[str]]:
    """Return the assignment that a command of nbgrader is about, and the students."""
    course, left_out = course_of(coursedir), coursedir.student_id_exclude.split(",")
    students = [
        student
        for student in course.students()
        if fnmatch.fnmatchcase(student, coursedir.student_id) and student not in left_out
    ]
    if not students:
        raise NbGraderException(
            f"There is no submission of {coursedir.student_id!r} in {course.submission('STUDENT')}."
        )
    return course, students


@contextlib.contextmanager
def errors_as_nbgrader_tells(command: BaseConverter) -> Iterator[None]:
    """Have what goes wrong arrive as a command of nbgrader tells of it."""
    try:
        yield
    except (OSError, NoSandbox, NbGraderException) as error:
        command.log.error(one_line(str(error)))
        raise NbGraderException(one_line(str(error))) from None


def in_a_sentence(graded: GradedSubmission) -> str:
    """Return what came of a submission, as one sentence."""
    result = graded.result
    score = "no score" if result.status == Status.FAILED else f"{result.score:g} of {result.max_score:g}"
    return f"{result.status}, {score} in {graded.seconds:.2f} s. {result.message}"


def opened_for_text(*arguments: Any) -> TextIO:
    """Return a file that keeps what nbgrader's export writes, each row in one call, from being more than text and numbers."""
    file: TextIO = open(*arguments)
    write = file.write
    file.write = lambda row: write(no_formula(escaped(row.removesuffix("\n"))) + "\n")  # type: ignore[method-assign]
    return file


def submitted_timestamp(self: api.NbGraderAPI, assignment_id: str, student_id: str) -> datetime | None:
    """Return when a submission was handed in, or None; nbgrader's own method raises where a receipt says no time."""
    folder = self.coursedir.format_path(self.coursedir.submitted_directory, student_id, assignment_id)
    return handed_in_at(read_short_text(Path(folder) / TIMESTAMP_FILE))


def less_the_penalty(method: Callable[..., Any], owner: InstrumentedAttribute[str]) -> Callable[..., Any]:
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
    def wrapped(self: api.NbGraderAPI, *arguments: Any, **options: Any) -> Any:
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
