"""The only place that changes nbgrader: autograde, generate_assignment, what the formgrader shows, the feedback page."""

import fnmatch
import functools
from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter
from nbgrader.api import SubmittedAssignment, SubmittedNotebook
from nbgrader.apps import api, autogradeapp, generateassignmentapp
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import select

from grading.assignment import CourseAssignment, handed_in_at
from grading.release import release
from grading.sandbox import NoSandbox, available
from grading.submission import TIME, short_text

READABLE = Path(__file__).with_name("templates").joinpath("readable", "readable.css").read_text()


class FeedbackPage(HTMLExporter):
    """nbgrader's feedback page, which names no language, and whose colours are too pale for many eyes."""

    def _preprocess(self, nb, resources):
        nb, resources = super()._preprocess(nb, resources)
        about = resources.get("nbgrader", {})
        if "score" in about:  # a penalty takes no more than there is, as in nbgrader's export
            about["score"] = max(0.0, about["score"])
        return nb, resources

    def from_notebook_node(self, nb, resources=None, **options):
        page, resources = super().from_notebook_node(nb, resources, **options)
        page = page.replace("<html>", '<html lang="en">', 1).replace(
            "</head>", f"<style>\n{READABLE}</style>\n</head>", 1
        )
        return page, resources


@functools.cache
def exporter():
    """Return the exporter of feedback pages; its templates take longer to compile than a page to write."""
    return FeedbackPage(config=GenerateFeedback(coursedir=CourseDirectory()).config)


def render_together(assignment, pages):
    """Return the feedback pages of some students.

    Parameters
    ----------
    assignment : str
    pages : list
        What `grading.store.Store.for_pages` returns.

    Returns
    -------
    list of (str, dict of str to str)
        A student's id, and the pages as HTML by the names of the notebooks.
    """
    return [
        (student, {name: render(assignment, name, student, *about) for name, about in notebooks.items()})
        for student, notebooks in pages
    ]


def render(assignment, name, student, text, known, penalty):
    """Return a feedback page, from a notebook, what the gradebook says of each cell, and what it takes off for being late."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade_id") in known:
            marks.update(known[marks["grade_id"]])
        else:  # the gradebook has nothing of it, as after a release that took the cell out
            cell.metadata.pop("nbgrader", None)
    scores = [marks for marks in known.values() if "score" in marks]
    total = {name: sum(marks[key] for marks in scores) for name, key in (("score", "score"), ("max_score", "points"))}
    total["score"] -= penalty
    about = {"notebook": name, "assignment": assignment, "student": student, "late_penalty": penalty, **total}
    return exporter().from_notebook_node(notebook, {"nbgrader": about, "metadata": {"name": name}})[0]


def plug_into_nbgrader(grade_class):
    """Let the commands of nbgrader and its formgrader grade with ``grade_class``, and build as `grading.release` does.

    nbgrader has settings for the parts of its grading step and none for the step itself, and its
    parts meet a submission only after it was read, renamed or refused. It refuses to build an assignment whose cells
    have changed since somebody was graded. Its formgrader shows scores without the penalty that its export takes off.

    Parameters
    ----------
    grade_class : callable
        Takes a `grading.assignment.CourseAssignment`, a list of its students, whether to grade again what has not
        changed, and whom to tell of the `grading.store.Plan`. Yields what was stored.
    """

    class SandboxedAutograde(Autograde):
        def start(self):
            try:
                course = CourseAssignment(self.coursedir.assignment_id, Path(self.coursedir.root))
                course.course.db_url = self.coursedir.db_url
                wanted = [
                    student
                    for student in course.students()
                    if fnmatch.fnmatchcase(student, self.coursedir.student_id)
                    and student not in self.coursedir.student_id_exclude.split(",")
                ]
                if not wanted:
                    raise NbGraderException(
                        f"There is no submission of {self.coursedir.student_id!r} in {course.submission('STUDENT')}."
                    )
                self.log.info(f"Grading {len(wanted)} submissions in {available().name}")
                for student, graded in grade_class(course, wanted, self.force, self.tell):
                    result = graded and graded.result
                    self.log.info(
                        f"{student}: {result.status}, {result.score:g} of {result.max_score:g} in {graded.seconds:.2f} s. {result.message}"
                        if graded
                        else f"{student}: nothing has changed"
                    )
            except (OSError, NoSandbox, NbGraderException) as error:
                self.log.error(str(error))
                raise NbGraderException(str(error)) from None

        def tell(self, plan):
            for student in plan.interrupted:
                self.log.warning(f"{student}: grading was interrupted the last time")
            for sentence in plan.sentences():
                self.log.info(sentence)

    class MigratingGenerate(GenerateAssignment):
        def start(self):
            # Of one notebook, or without a gradebook, is nbgrader's own business.
            if self.no_database or self.coursedir.notebook_id != "*":
                return super().start()
            try:
                course = CourseAssignment(self.coursedir.assignment_id, Path(self.coursedir.root))
                course.course.db_url = self.coursedir.db_url
                there = course.folder(course.course.release_directory, ".")
                if there.is_dir() and not self.force:
                    self.log.warning(f"{there} is there, and stays as it is: --force builds it anew")
                    return
                for sentence in release(course):
                    self.log.info(sentence)
            except (OSError, NbGraderException) as error:
                self.log.error(str(error))
                raise NbGraderException(str(error)) from None

    autogradeapp.Autograde = api.Autograde = SandboxedAutograde
    generateassignmentapp.GenerateAssignment = api.GenerateAssignment = MigratingGenerate
    api.NbGraderAPI.get_submitted_timestamp = submitted_timestamp
    for name, owner in (
        ("get_submissions", SubmittedAssignment.id),
        ("get_submission", SubmittedAssignment.id),
        ("get_notebook_submissions", SubmittedNotebook.id),
        ("get_student_notebook_submissions", SubmittedNotebook.id),
        ("get_students", SubmittedAssignment.student_id),
        ("get_student", SubmittedAssignment.student_id),
    ):
        setattr(api.NbGraderAPI, name, less_the_penalty(getattr(api.NbGraderAPI, name), owner))


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
