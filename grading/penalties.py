"""What a course takes off for a late submission, by nbgrader's own plugin for that."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from nbgrader.api import Assignment, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from traitlets import TraitError

from grading.assignment import CourseAssignment
from grading.rows import submissions_of
from grading.tables import Outcomes, in_batches, outcomes_of


class LatePenalties:
    """The rule of one course.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
        Its configuration may name another plugin.
    gradebook : nbgrader.api.Gradebook
    assignment : nbgrader.api.Assignment
        Has the due date.

    Raises
    ------
    NbGraderException
        If there is no such plugin.
    """

    def __init__(self, course: CourseAssignment, gradebook: Gradebook, assignment: Assignment) -> None:
        self.db, self.assignment = gradebook.db, assignment
        preprocessor = AssignLatePenalties(config=course.config)
        try:
            preprocessor.init_plugin()
        except TraitError as error:
            raise NbGraderException(
                f"nbgrader_config.py sets a penalty for late submissions that does not exist: {error}"
            ) from None
        self.plugin = preprocessor.plugin_inst

    def penalty(self, student: str, score: float, seconds: float) -> float | None:
        """Return the points that are taken off a score for so many seconds, or None where nothing is said of them."""
        if seconds <= 0:
            return None
        try:
            penalty = self.plugin.late_submission_penalty(student, score, seconds)
        except Exception as error:  # noqa: BLE001 - the course's own plugin
            why = f"{type(error).__name__}: {error}"
            raise NbGraderException(f"The course's plugin for late submissions failed for {student}: {why}.") from error
        return None if penalty is None else float(min(max(penalty, 0), score))

    # One function: the class is walked through once, in batches.
    def refresh(self, students: Sequence[str]) -> int:
        """Bring the penalties of those who are not graded again to the due date, the extensions and the points of today.

        A penalty that a person entered stands. Return how many have another one now.
        """
        changed = 0
        for some in in_batches(students):
            these = outcomes_of(self.assignment.name, some)
            written = dict(self.db.execute(select(Outcomes.c.student_id, Outcomes.c.penalty).where(these)).all())
            for student, notebooks in self._penalties_today(some).items():
                has = total_penalty(has for _, has, _ in notebooks)
                penalty = total_penalty(penalty for *_, penalty in notebooks)
                if (has or 0) == (written.get(student) or 0) and (has or 0) != (penalty or 0):
                    for submitted, _, value in notebooks:
                        set_penalty(self.db, submitted, value)
                    this = outcomes_of(self.assignment.name, [student])
                    self.db.execute(update(Outcomes).where(this).values(penalty=penalty))
                    changed += 1
            self.db.commit()
        return changed

    def _penalties_today(self, students: Collection[str]) -> dict[str, list[tuple[str, float | None, float | None]]]:
        """Return the id of each submitted notebook, the penalty that it has, and the one of today, by the students' ids."""
        columns = (
            SubmittedAssignment.student_id,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
            SubmittedNotebook.id,
            SubmittedNotebook.late_submission_penalty,
        )
        query = select(*columns, func.coalesce(func.sum(Grade.score), 0.0))
        query = query.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        query = query.outerjoin(Grade, Grade.notebook_id == SubmittedNotebook.id)
        query = query.where(submissions_of(self.assignment.id, students)).group_by(*columns)
        found: dict[str, list[tuple[str, float | None, float | None]]] = {}
        for student, time, extension, submitted, has, score in self.db.execute(query):
            penalty = self.penalty(student, score, seconds_late(time, self.assignment.duedate, extension))
            found.setdefault(student, []).append((submitted, has, penalty))
        return found


def set_penalty(db: Session, submitted: str, penalty: float | None) -> None:
    """Enter what is taken off a submitted notebook."""
    db.execute(
        update(SubmittedNotebook).where(SubmittedNotebook.id == submitted).values(late_submission_penalty=penalty)
    )


def seconds_late(time: datetime | None, due: datetime | None, extension: timedelta | None) -> float:
    """Return by how many seconds a submission was late."""
    return max(0.0, (time - due - (extension or timedelta())).total_seconds()) if time and due else 0.0


def total_penalty(penalties: Iterable[float | None]) -> float | None:
    """Return the sum of some penalties, None where there is none."""
    some = [penalty for penalty in penalties if penalty is not None]
    return sum(some) if some else None
