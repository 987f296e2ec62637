"""What nbgrader's tables have of a student's submission, what a person entered included: read at once for many students."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from nbgrader.api import Comment, Grade, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from grading.result import Result, Status
from grading.tables import SetAside


class NotebookRow(NamedTuple):
    """A submitted notebook: its id, and the penalty that the gradebook has."""

    number: str
    penalty: float | None


class GradeRow(NamedTuple):
    """The grade of a cell: its id, what a person entered, and whether it waits for one."""

    number: str | None = None
    manual: float | None = None
    extra: float | None = None
    waits: bool = False


class CommentRow(NamedTuple):
    """The comment on a cell: its id, and whether a person wrote one."""

    number: str
    is_manual: bool


@dataclass
class SubmissionRows:
    """What the gradebook has of one student's submission.

    Attributes
    ----------
    number : str or None
        Id of the submission.
    extension : datetime.timedelta or None
    notebooks : dict of str to NotebookRow
        By the notebook's id.
    grades : dict of str to GradeRow
        By the cell's id.
    comments : dict of str to CommentRow
        By the cell's id.
    touched : bool
        Whether a person entered anything.
    """

    number: str | None = None
    extension: timedelta | None = None
    notebooks: dict[str, NotebookRow] = field(default_factory=dict)
    grades: dict[str, GradeRow] = field(default_factory=dict)
    comments: dict[str, CommentRow] = field(default_factory=dict)
    touched: bool = False

    @property
    def penalty(self) -> float:
        """The points that the gradebook takes off, in all."""
        return sum(row.penalty or 0.0 for row in self.notebooks.values())


def submissions_of(assignment_id: str, students: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that picks the submissions of some students."""
    return and_(SubmittedAssignment.assignment_id == assignment_id, SubmittedAssignment.student_id.in_(students))


def submission_rows(
    db: Session, assignment: str, assignment_id: str, students: Collection[str]
) -> dict[str, SubmissionRows]:
    """Return what the gradebook has of some students' submissions, by the students' ids."""
    query = select(SubmittedAssignment.student_id, SubmittedAssignment.id, SubmittedAssignment.extension)
    query = query.where(submissions_of(assignment_id, students))
    found = {student: SubmissionRows(number, extension) for student, number, extension in db.execute(query)}
    aside = select(SetAside.c.student_id).where(SetAside.c.assignment == assignment)
    for student in db.scalars(aside.where(SetAside.c.student_id.in_(found))):
        found[student].touched = True
    by_notebook = add_notebooks(db, found)
    columns = Grade.id, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade
    query = select(Grade.notebook_id, Grade.cell_id, *columns).where(Grade.notebook_id.in_(by_notebook))
    for notebook, cell, *rest in db.execute(query):
        grade = by_notebook[notebook].grades[cell] = GradeRow(*rest)
        by_notebook[notebook].touched |= grade.manual is not None or grade.extra is not None
    query = select(Comment.notebook_id, Comment.cell_id, Comment.id, Comment.manual_comment)
    query = query.where(Comment.notebook_id.in_(by_notebook))
    for notebook, cell, number, comment in db.execute(query):
        by_notebook[notebook].comments[cell] = CommentRow(number, bool(comment))
        by_notebook[notebook].touched |= bool(comment)
    return found


def add_notebooks(db: Session, found: dict[str, SubmissionRows]) -> dict[str, SubmissionRows]:
    """Add the submitted notebooks to some students' rows; return those rows by the ids of the submitted notebooks."""
    of = {rows.number: rows for rows in found.values()}
    columns = SubmittedNotebook.assignment_id, SubmittedNotebook.notebook_id, SubmittedNotebook.id
    query = select(*columns, SubmittedNotebook.late_submission_penalty, SubmittedNotebook.flagged)
    by_notebook = {}
    for submission, notebook, number, penalty, flagged in db.execute(
        query.where(SubmittedNotebook.assignment_id.in_(of))
    ):
        rows = by_notebook[number] = of[submission]
        rows.notebooks[notebook] = NotebookRow(number, penalty)
        rows.touched |= bool(flagged)
    return by_notebook


@dataclass(frozen=True)
class StoredBefore:
    """What was stored of a student before a grading.

    Attributes
    ----------
    submitted : str
        Fingerprint of what was handed in.
    result : Result or None
    penalty : float or None
        What was written into the gradebook; where that has another one, it is a person's.
    """

    submitted: str = ""
    result: Result | None = None
    penalty: float | None = None


def needs_a_person(
    key: str, result: Result, before: StoredBefore, digest: str, grade: GradeRow, is_commented: bool
) -> bool:
    """Return whether a person has to look at a grade: nobody has, or what was looked at is no longer what it was.

    Parameters
    ----------
    key : str
        Of the graded cell, in a `Result`.
    digest : str
        Fingerprint of what is handed in now.
    grade : GradeRow
        What a person entered.
    is_commented : bool
        Whether a person has commented on the answer.
    """
    if grade.manual is None and result.scores.get(key) is None:
        return True
    if grade.manual is None and grade.extra is None and not is_commented:
        return False
    if grade.waits or before.submitted != digest or before.result is None:
        return True
    return seen(before.result, key) != seen(result, key)


def seen(result: Result, key: str) -> tuple[float | None, float | None, Status | None]:
    """Return what a person saw of a cell: its points, of how many, and the state where nothing of the answer is shown."""
    is_hidden = result.status in (Status.MISSING, Status.FAILED)
    return result.scores.get(key), result.max_scores.get(key), result.status if is_hidden else None


def points(auto: float | None, manual: float | None, extra: float | None) -> float:
    """Return what nbgrader makes of a grade's parts."""
    score = auto if manual is None else manual
    return 0.0 if score is None else score + (extra or 0.0)
