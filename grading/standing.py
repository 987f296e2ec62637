"""What the gradebook says of a class today: read, and never written."""

import math
from collections import Counter

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import and_, case, collate, or_, select

from grading.master import titles
from grading.result import FAILED, MISSING, Result, Standing
from grading.store import OURS, TOGETHER, Outcomes, late


def exercises(course):
    """Return the titles of the graded cells that the gradebook knows, by their grade ids, in the notebook's order."""
    with course.gradebook() as gradebook:
        try:
            assignment = gradebook.find_assignment(course.assignment)
        except MissingEntry:
            return titles(course.master.points)
        known = {
            course.master.key(notebook.name, cell.name)
            for notebook in assignment.notebooks
            for cell in (*notebook.grade_cells, *notebook.task_cells)
        }
    return titles(
        [name for name in course.master.points if name in known] + sorted(known - course.master.points.keys())
    )


def results(course):
    """Yield what grading made of each student, by id as Python sorts them; None where it was interrupted."""
    with course.gradebook() as gradebook:
        for rows in stored(course, gradebook):
            for student, status, text in rows:
                yield student, Result.from_json(text) if status else None


def stored(course, gradebook):
    """Yield lists of a student's id, the status and the result, without those whom a person removed from the gradebook.

    The status is None where grading was interrupted, or where the gradebook has nothing of it any more.
    """
    OURS.create_all(gradebook.engine)
    by_id = collate(Outcomes.c.student_id, "C" if gradebook.engine.dialect.name == "postgresql" else "BINARY")
    there = select(SubmittedAssignment.student_id).join(Assignment).where(Assignment.name == course.assignment)
    status = case((or_(Outcomes.c.status == MISSING, Outcomes.c.student_id.in_(there)), Outcomes.c.status))
    query = select(Outcomes.c.student_id, status, Outcomes.c.result)
    query = query.outerjoin(Student, Student.id == Outcomes.c.student_id)
    query = query.where(Outcomes.c.assignment == course.assignment)
    query = query.where(or_(Student.id.is_not(None), Outcomes.c.known.is_(False)))
    last = ""
    while rows := gradebook.db.execute(query.where(by_id > last).order_by(by_id).limit(TOGETHER)).all():
        yield rows
        last = rows[-1][0]


def standings(course):
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
        most, names = assignment.max_score, {notebook.id: notebook.name for notebook in assignment.notebooks}
        for rows in stored(course, gradebook):
            of = {student: Result.from_json(text) for student, status, text in rows if status}
            this = and_(SubmittedAssignment.assignment_id == assignment.id, SubmittedAssignment.student_id.in_([*of]))
            grades = select(SubmittedAssignment.student_id, SubmittedNotebook.notebook_id, BaseCell.name)
            nobody = and_(Grade.auto_score.is_(None), Grade.manual_score.is_(None))
            grades = grades.add_columns(Grade.score, nobody, Grade.needs_manual_grade)
            grades = grades.select_from(Grade).join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
            grades = grades.join(SubmittedAssignment).join(BaseCell, BaseCell.id == Grade.cell_id)
            scores, waiting = {student: {} for student in of}, Counter()
            for student, notebook, cell, score, none, waits in gradebook.db.execute(grades.where(this)):
                none = none and of[student].status == FAILED  # where grading came to its end, what waits counts 0
                scores[student][course.master.key(names[notebook], cell)] = None if none else score
                waiting[student] += waits
            times = select(
                SubmittedAssignment.student_id,
                SubmittedAssignment.timestamp,
                SubmittedAssignment.extension,
                SubmittedAssignment.late_submission_penalty,
            )
            times = {student: rest for student, *rest in gradebook.db.execute(times.where(this))}
            for student, result in of.items():
                time, extension, penalty = times.get(student, (None, None, 0.0))
                given = [score for score in scores[student].values() if score is not None]
                nothing = scores[student] and not given
                yield Standing(
                    student,
                    course.assignment,
                    result.status,
                    None if nothing else max(0.0, sum(given) - penalty),
                    most,
                    penalty,
                    waiting[student],
                    scores[student],
                    message(result, late(time, assignment.duedate, extension), penalty, waiting[student]),
                )


def message(result, seconds, penalty, waiting):
    """Return what happened to a submission, with what the gradebook knows of it today."""
    said = []
    if seconds >= 3600:
        said.append(f"Handed in {seconds / 3600:.1f} hours late.")
    elif seconds:
        said.append(f"Handed in {math.ceil(seconds / 60)} minutes late.")
    if penalty:
        said.append(f"The gradebook takes {penalty:g} points off.")
    if waiting:
        said.append(f"{waiting} {'grade waits' if waiting == 1 else 'grades wait'} for a person.")
    first = result.message.replace("All checks passed", "No check failed") if waiting else result.message
    return " ".join([f"{first.rstrip('.')}.", *said]) if said else first
