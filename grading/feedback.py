"""The feedback pages of a class: those are written anew of which the gradebook says anything else than what is there."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

from nbgrader.api import BaseCell, Comment, Grade, SubmittedAssignment, SubmittedNotebook
from nbgrader.converters.base import NbGraderException
from sqlalchemy import select

from grading import standing
from grading.assignment import CourseAssignment, write_whole
from grading.page import GradebookEntry, PageCell, cells_from_json, feedback_data, feedback_page
from grading.result import Result, Status
from grading.rows import submissions_of
from grading.store import Store, opened
from grading.submission import SECRET_FILE, TIMESTAMP_FILE
from grading.tables import Outcomes, in_batches, outcomes_of

Marks = dict[str, GradebookEntry]  # what the gradebook says of each cell, by its grade id


class PageState(StrEnum):
    """What became of a student's page."""

    WRITTEN = "written"
    UNCHANGED = "stood"
    NOTHING = "nothing"  # to tell of
    WAITS = "waits"  # for the next grading, because the course has changed since the last


@dataclass(frozen=True)
class PageParts:
    """What the page of one notebook of a student is made of.

    Attributes
    ----------
    cells : list of PageCell
        The student's own cells.
    marks : dict of str to dict
    penalty : float
        Points that are taken off, because it was late.
    """

    cells: list[PageCell]
    marks: Marks
    penalty: float


# One function: the class is walked through once, in batches.
def write_feedback(
    course: CourseAssignment, students: Collection[str] | None = None, force: bool = False
) -> Iterator[tuple[str, PageState]]:
    """Write the pages of those of whom the gradebook says anything else than the pages that are there.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    students : collection of str, optional
        Only these.
    force : bool
        Write all pages anew.

    Yields
    ------
    (str, PageState)
        A student's id, and what became of the page.
    """
    with opened(course, f"feedback {course.assignment}") as store:
        lost: list[str] = []
        everybody = [
            (student, result.status)
            for student, result in standing.results(course)
            if result is not None and (students is None or student in students)
        ]
        for batch in in_batches(everybody):
            # Of who has nothing handed in there is a page where a person had entered something before.
            entered = [student for student, _ in batch if course.is_shown(student)]
            bare = [(student, status) for student, status in batch if student not in entered]
            lost += [student for student, status in bare if status != Status.MISSING]
            yield from ((student, PageState.NOTHING) for student, status in bare if status == Status.MISSING)
            current = up_to_date(store, entered)
            yield from ((student, PageState.WAITS) for student in entered if student not in current)
            for student, result, parts in page_parts(store, [one for one in entered if one in current]):
                yield student, write_pages(course, student, made_pages(course, result, parts), force)
        if lost:
            raise NbGraderException(
                f"There is not all in {course.autograded(lost[0]).parent} that feedback is made of. All other pages are "
                f"there. Run `python -m grading autograde {course.assignment}`, which grades again: {', '.join(lost)}"
            )


def up_to_date(store: Store, students: Collection[str]) -> set[str]:
    """Return those students who were graded with the course as it is now."""
    these = outcomes_of(store.course.assignment, students)
    return set(store.db.scalars(select(Outcomes.c.student_id).where(these, Outcomes.c.course == store.version)))


def page_parts(store: Store, students: Collection[str]) -> Iterator[tuple[str, Result, dict[str, PageParts]]]:
    """Yield what the feedback pages of some students are made of: a student's id, the result, and the parts of each notebook."""
    course = store.course
    marks, penalties = marks_of(store, students), penalties_of(store, students)
    query = select(Outcomes.c.student_id, Outcomes.c.result).where(outcomes_of(course.assignment, students))
    results = {student: Result.from_json(result) for student, result in store.db.execute(query)}
    for student in students:
        parts = {
            name: PageParts(
                cells_from_json(course.cells(student, name).read_bytes()),
                marks.get((student, name), {}),
                penalties.get((student, name)) or 0.0,
            )
            for name in course.notebooks
        }
        yield student, results[student], parts


def marks_of(store: Store, students: Collection[str]) -> dict[tuple[str, str], Marks]:
    """Return what the gradebook says of each cell, by the students' ids and the notebooks' names."""
    grades = {
        "auto": Grade.auto_score,
        "manual": Grade.manual_score,
        "extra": Grade.extra_credit,
        "waits": Grade.needs_manual_grade,
        "most": Grade.max_score,
    }
    found: dict[tuple[str, str], Marks] = {}
    for kind, columns in ((Grade, grades), (Comment, {"comment": Comment.manual_comment})):
        query = select(SubmittedAssignment.student_id, SubmittedNotebook.notebook_id, BaseCell.name, *columns.values())
        query = query.select_from(kind).join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
        query = query.join(SubmittedAssignment).join(BaseCell, BaseCell.id == kind.cell_id)
        query = query.where(submissions_of(store.assignment_id, students))
        for student, notebook, cell, *values in store.db.execute(query):
            marks = found.setdefault((student, store.names[notebook]), {})
            entry = marks.setdefault(cell, {})
            entry |= cast(GradebookEntry, dict(zip(columns, values)))
    return found


def penalties_of(store: Store, students: Collection[str]) -> dict[tuple[str, str], float | None]:
    """Return what is taken off each submitted notebook, by the students' ids and the notebooks' names."""
    query = select(
        SubmittedAssignment.student_id, SubmittedNotebook.notebook_id, SubmittedNotebook.late_submission_penalty
    )
    query = query.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
    query = query.where(submissions_of(store.assignment_id, students))
    return {(student, store.names[notebook]): penalty for student, notebook, penalty in store.db.execute(query)}


def made_pages(course: CourseAssignment, result: Result, parts: dict[str, PageParts]) -> dict[str, bytes]:
    """Return the page of each notebook, by its name."""
    pages = {}
    for name, part in parts.items():
        notebook = course.master.notebooks[name]
        data = feedback_data(notebook, course.master.titles, result, part.cells, part.marks, part.penalty)
        pages[name] = feedback_page(data, part.cells).encode("utf-8", "replace")
    return pages


def write_pages(course: CourseAssignment, student: str, pages: dict[str, bytes], force: bool) -> PageState:
    """Write a student's pages where they are not there yet, and beside them the receipt that was stored with the grade."""
    if not force and all(has_content(course.feedback_path(student, name), page) for name, page in pages.items()):
        return PageState.UNCHANGED
    for name in (TIMESTAMP_FILE, SECRET_FILE):
        stored = course.autograded(student).with_name(name)
        if stored.exists():
            write_whole(course.feedback_path(student).with_name(name), stored.read_bytes())
    for name, content in pages.items():
        write_whole(course.feedback_path(student, name), content)
    return PageState.WRITTEN


def has_content(path: Path, content: bytes) -> bool:
    """Whether a file has that content."""
    return path.is_file() and path.read_bytes() == content
