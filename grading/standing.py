"""What the gradebook says of a class today: read, and never written."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import and_, case, collate, func, or_, select

from grading.assignment import CourseAssignment
from grading.master import titles
from grading.penalties import seconds_late
from grading.result import Result, Standing, Status
from grading.rows import submissions_of
from grading.tables import OURS, QUERY_SIZE, Outcomes


@dataclass
class StudentGrades:
    """What the gradebook has of one student's graded cells.

    Attributes
    ----------
    scores : dict of str to float or None
        The points by the cells' keys; None where the grader could not finish and nobody has given any.
    waiting : list of str
        The keys of the cells that wait for a person.
    """

    scores: dict[str, float | None] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)


class SubmissionTime(NamedTuple):
    """When a student handed in, for how long the due date was extended, and what being late costs, in points."""

    timestamp: datetime | None = None
    extension: timedelta | None = None
    penalty: float = 0.0


def exercises(course: CourseAssignment) -> dict[str, str]:
    """Return the titles of the graded cells that the gradebook knows, by their grade ids, in the notebook's order."""
    return titles(possible_points(course))


def possible_points(course: CourseAssignment) -> dict[str, float]:
    """Return the points of the graded cells that the gradebook knows, by their grade ids, in the notebook's order."""
    with course.gradebook() as gradebook:
        try:
            assignment = gradebook.find_assignment(course.assignment)
        except MissingEntry:
            return dict(course.master.points)
        known = {
            course.master.key(notebook.name, cell.name): float(cell.max_score)
            for notebook in assignment.notebooks
            for cell in (*notebook.grade_cells, *notebook.task_cells)
        }
    names = [name for name in course.master.points if name in known] + sorted(known.keys() - course.master.points)
    return {name: known[name] for name in names}


def results(course: CourseAssignment) -> Iterator[tuple[str, Result | None]]:
    """Yield what grading made of each student, by id as Python sorts them; None where it was interrupted."""
    with course.gradebook() as gradebook:
        for rows in stored_batches(course, gradebook):
            for student, status, text in rows:
                yield student, Result.from_json(text) if status else None


def stored_batches(course: CourseAssignment, gradebook: Gradebook) -> Iterator[Sequence[tuple[str, str | None, str]]]:
    """Yield lists of a student's id, the status and the result, without those whom a person removed from the gradebook.

    The status is None where grading was interrupted, or where the gradebook has nothing of it any more.
    """
    OURS.create_all(gradebook.engine)
    by_id = collate(Outcomes.c.student_id, "C" if gradebook.engine.dialect.name == "postgresql" else "BINARY")
    there = select(SubmittedAssignment.student_id).join(Assignment).where(Assignment.name == course.assignment)
    status = case((or_(Outcomes.c.status == Status.MISSING, Outcomes.c.student_id.in_(there)), Outcomes.c.status))
    query = select(Outcomes.c.student_id, status, Outcomes.c.result)
    query = query.outerjoin(Student, Student.id == Outcomes.c.student_id)
    query = query.where(Outcomes.c.assignment == course.assignment)
    query = query.where(or_(Student.id.is_not(None), Outcomes.c.known.is_(False)))
    last = ""
    while rows := gradebook.db.execute(query.where(by_id > last).order_by(by_id).limit(QUERY_SIZE)).all():
        yield rows
        last = rows[-1][0]


def standings(course: CourseAssignment) -> Iterator[Standing]:
    """Yield what the gradebook says of each student who is graded, by id as Python sorts them.

    Yields
    ------
    Standing
    """
    with course.gradebook() as gradebook:
        try:
            assignment = gradebook.find_assignment(course.assignment)
        except MissingEntry:
            return
        max_score, due = assignment.max_score, assignment.duedate
        for rows in stored_batches(course, gradebook):
            graded = {student: Result.from_json(text) for student, status, text in rows if status}
            failed = {student for student, result in graded.items() if result.status == Status.FAILED}
            grades = read_grades(course, gradebook, assignment, graded.keys(), failed)
            times = read_times(gradebook, assignment, graded.keys())
            for student, result in graded.items():
                time = times.get(student, SubmissionTime())
                late = seconds_late(time.timestamp, due, time.extension)
                yield standing_of(student, course.assignment, result, grades[student], time.penalty, late, max_score)


def read_grades(
    course: CourseAssignment,
    gradebook: Gradebook,
    assignment: Assignment,
    students: Collection[str],
    failed: Collection[str],
) -> dict[str, StudentGrades]:
    """Return what the gradebook has of the graded cells of some students.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    gradebook : nbgrader.api.Gradebook
    assignment : nbgrader.api.Assignment
    students : collection of str
        No more than one query may ask for.
    failed : collection of str
        Those of whom grading did not come to its end: only there a grade that nobody has given is None.
    """
    names = {notebook.id: notebook.name for notebook in assignment.notebooks}
    ungraded = and_(Grade.auto_score.is_(None), Grade.manual_score.is_(None))
    query = select(SubmittedAssignment.student_id, SubmittedNotebook.notebook_id, BaseCell.name)
    query = query.add_columns(Grade.score, ungraded, Grade.needs_manual_grade)
    query = query.select_from(Grade).join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
    query = query.join(SubmittedAssignment).join(BaseCell, BaseCell.id == Grade.cell_id)
    query = query.where(submissions_of(assignment.id, students))
    found = {student: StudentGrades() for student in students}
    for student, notebook, cell, score, is_ungraded, waits in gradebook.db.execute(query):
        key = course.master.key(names[notebook], cell)
        found[student].scores[key] = None if is_ungraded and student in failed else score
        found[student].waiting += [key] * waits
    return found


def read_times(gradebook: Gradebook, assignment: Assignment, students: Collection[str]) -> dict[str, SubmissionTime]:
    """Return when some students handed in, as the gradebook has it; nothing of those of whom it has no submission.

    nbgrader's own column of the penalty looks through all notebooks of the gradebook for each submission.
    """
    columns = SubmittedAssignment.student_id, SubmittedAssignment.timestamp, SubmittedAssignment.extension
    query = select(SubmittedAssignment.id, *columns).where(submissions_of(assignment.id, students))
    rows = gradebook.db.execute(query).all()
    submission, penalty = SubmittedNotebook.assignment_id, func.sum(SubmittedNotebook.late_submission_penalty)
    query = select(submission, penalty).where(submission.in_([row[0] for row in rows])).group_by(submission)
    penalties = {number: points for number, points in gradebook.db.execute(query)}
    return {
        student: SubmissionTime(time, extension, penalties.get(number) or 0.0)
        for number, student, time, extension in rows
    }


def standing_of(
    student: str,
    assignment: str,
    result: Result,
    grades: StudentGrades,
    penalty: float,
    late: float,
    max_score: float,
) -> Standing:
    """Return where a student stands who handed in so many seconds late."""
    given = [score for score in grades.scores.values() if score is not None]
    nothing = grades.scores and not given
    return Standing(
        student,
        assignment,
        result.status,
        None if nothing else max(0.0, sum(given) - penalty),
        max_score,
        penalty,
        len(grades.waiting),
        grades.scores,
        message(result, late, penalty, len(grades.waiting)),
        late,
        tuple(grades.waiting),
        result.failures,
        result.right,
    )


def message(result: Result, seconds: float, penalty: float, waiting: int) -> str:
    """Return what happened to a submission, with what the gradebook knows of it today."""
    sentences = []
    if seconds >= 3600:
        sentences.append(f"Handed in {seconds / 3600:.1f} hours late.")
    elif seconds:
        sentences.append(f"Handed in {math.ceil(seconds / 60)} minutes late.")
    if penalty:
        sentences.append(f"The gradebook takes {penalty:g} points off.")
    if waiting:
        sentences.append(f"{waiting} {'grade waits' if waiting == 1 else 'grades wait'} for a person.")
    first = result.message.replace("All checks passed", "No check failed") if waiting else result.message
    return " ".join([f"{first.rstrip('.')}.", *sentences]) if sentences else first
