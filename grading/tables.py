"""What nbgrader's gradebook has no place for: tables beside its own, so that one transaction stores both."""

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from nbgrader.api import Assignment, Gradebook, Student, SubmittedAssignment
from sqlalchemy import Boolean, Column, ColumnElement, Float, MetaData, String, Table, Text, and_, select

from grading.assignment import CourseAssignment

Item = TypeVar("Item")

QUERY_SIZE = 500  # students that one query asks for

OURS = MetaData()
Outcomes = Table(
    "grading_result",
    OURS,
    Column("assignment", String(128), primary_key=True),
    Column("student_id", String(128), primary_key=True),
    Column("submitted", String(64), nullable=False),  # fingerprint of what was handed in
    Column("course", String(16), nullable=False),  # fingerprint of the course: a row of Versions
    Column("status", String(16)),  # NULL from when grading begins until it is stored
    Column("result", Text),  # the last Result as JSON
    # Whether the student was in the gradebook; where he no longer is, a person removed him.
    Column("known", Boolean, nullable=False),
    Column("penalty", Float),  # what was written into the gradebook; where that has another one, it is a person's
)
Versions = Table(
    "grading_version",
    OURS,
    Column("assignment", String(128), primary_key=True),
    Column("course", String(16), primary_key=True),
    Column("parts", Text, nullable=False),
    Column("released", Boolean, nullable=False),  # by `release`, or only graded with
    Column("ids", Text),  # of what was released: Jupyter's ids of the cells by their grade ids
)
# What a person entered on cells that the assignment has no longer; it comes back with the cell.
SetAside = Table(
    "grading_set_aside",
    OURS,
    Column("assignment", String(128), primary_key=True),
    Column("notebook", String(128), primary_key=True),
    Column("cell", String(128), primary_key=True),
    Column("student_id", String(128), primary_key=True),
    Column("manual_score", Float),
    Column("extra_credit", Float),
    Column("manual_comment", Text),
)
# Which tests run together with the student's code, of each version of the course and of the grader.
TogetherTests = Table(
    "grading_together",
    OURS,
    Column("assignment", String(128), primary_key=True),
    Column("course", String(16), primary_key=True),
    Column("tests", Text, nullable=False),
)


def outcomes_of(assignment: str, students: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that picks the rows of `Outcomes` of some students."""
    return and_(Outcomes.c.assignment == assignment, Outcomes.c.student_id.in_(students))


def removed_students(course: CourseAssignment, gradebook: Gradebook) -> set[str]:
    """Return the ids of those whom a person removed from the gradebook after they were graded."""
    OURS.create_all(gradebook.engine)
    query = select(Outcomes.c.student_id).outerjoin(Student, Student.id == Outcomes.c.student_id)
    query = query.where(Outcomes.c.assignment == course.assignment, Outcomes.c.known, Student.id.is_(None))
    return set(gradebook.db.scalars(query))


def with_submission(course: CourseAssignment, gradebook: Gradebook, students: Collection[str]) -> set[str]:
    """Return those students of whom nbgrader's tables have a submission."""
    query = select(SubmittedAssignment.student_id).join(Assignment).where(Assignment.name == course.assignment)
    return set(gradebook.db.scalars(query.where(SubmittedAssignment.student_id.in_(students))))


def in_batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield some items in slices, each as long as one query may ask for."""
    for start in range(0, len(items), QUERY_SIZE):
        yield items[start : start + QUERY_SIZE]
