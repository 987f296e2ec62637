"""The one writer of what grading finds: nbgrader's rows and our own, in batches. It adds and updates; what a person entered is not its to delete."""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from nbgrader.converters.base import NbGraderException
from sqlalchemy import delete, insert, select, update

from grading.assignment import CourseAssignment, handed_in_at, write_whole
from grading.master import THE_POINTS_OF, hashed
from grading.penalties import LatePenalties, seconds_late, set_penalty, total_penalty
from grading.plan import Digests, Plan, describe_changes, make_plan
from grading.result import GradedSubmission, Result, Status
from grading.rows import GradeRow, StoredBefore, SubmissionRows, needs_a_person, points, submission_rows, submissions_of
from grading.submission import SECRET_FILE, TIMESTAMP_FILE
from grading.tables import OURS, Outcomes, TogetherTests, Versions, outcomes_of

NewRows = dict[Any, list[dict[str, Any]]]  # the rows to insert, by nbgrader's classes


class Store:
    """Writes what comes of grading, while it holds the course.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    gradebook : nbgrader.api.Gradebook
    """

    def __init__(self, course: CourseAssignment, gradebook: Gradebook) -> None:
        self.course, self.gradebook, self.db = course, gradebook, gradebook.db
        OURS.create_all(gradebook.engine)
        try:
            assignment = gradebook.find_assignment(course.assignment)
        except MissingEntry:
            raise NbGraderException(
                f"The gradebook does not know {course.assignment}. Run `python -m grading release {course.assignment}` first."
            ) from None
        self.assignment_id, self.due = assignment.id, assignment.duedate
        key = course.master.key
        self.notebooks = {  # what is graded in each and what is commented on, by the keys of the cells
            notebook.id: (
                {key(notebook.name, cell.name): cell.id for cell in (*notebook.grade_cells, *notebook.task_cells)},
                {key(notebook.name, cell.name): cell.id for cell in (*notebook.solution_cells, *notebook.task_cells)},
            )
            for notebook in assignment.notebooks
        }
        self.names = {notebook.id: notebook.name for notebook in assignment.notebooks}
        self.parts = course.parts()
        self.version = hashed([json.dumps(self.parts, sort_keys=True)])
        self.late = LatePenalties(course, gradebook, assignment)

    # ------------------------------------------------------------- before grading

    def refuse_unreleased(self) -> None:
        """Raise where the source asks for other grades than the release that students have, or for what is not graded here."""
        if not self.notebooks:
            raise NbGraderException(
                f"{self.course.assignment} was not released yet. Run `python -m grading release {self.course.assignment}` first."
            )
        query = select(Versions.c.parts).where(
            Versions.c.assignment == self.course.assignment, Versions.c.released.is_(True)
        )
        released = self.db.scalar(query)
        now = self.course.master.parts
        if released is None:  # nbgrader alone has built it: its cells are what is known of it
            cells = (*self._cells(GradeCell), *self._cells(TaskCell))
            names = {cell: self.course.master.key(self.names[cell.notebook_id], cell.name) for cell in cells}
            before = {f"{THE_POINTS_OF}{names[cell]}": f"{cell.max_score:g}" for cell in cells}
            now = {name: part for name, part in now.items() if name.startswith(THE_POINTS_OF)}
        else:
            before = json.loads(released)
        changes = describe_changes(before, now)
        if changes:
            raise NbGraderException(
                f"{os.path.relpath(self.course.source, self.course.root)} has changed since it was released: {changes}. "
                f"Nothing was graded. Run `python -m grading release {self.course.assignment}` first: it brings the "
                "gradebook along, and keeps what a person entered."
            )

    def _cells(self, kind: Any) -> Iterable[Any]:
        query = select(kind).join(Notebook, Notebook.id == kind.notebook_id)
        cells: Iterable[Any] = self.db.scalars(query.where(Notebook.assignment_id == self.assignment_id))
        return cells

    def plan(self, students: Sequence[str], digests: Digests, force: bool = False) -> Plan:
        """Return who is to be graded; see `grading.plan.make_plan`. Of whom a person removed, nothing is shown any more."""
        plan = make_plan(self.course, self.gradebook, self.version, students, digests, force)
        for student in plan.removed:
            self._remove_files(student)
        return plan

    def together(self, grader: str, find: Callable[[], Iterable[str]]) -> frozenset[str]:
        """Return the tests that run together with the student's code; find them where that is not known of this version.

        Parameters
        ----------
        grader : str
            What the grader's own version is.
        find : callable
        """
        key = {"assignment": self.course.assignment, "course": hashed([self.version, grader])}
        this = TogetherTests.c.assignment == key["assignment"], TogetherTests.c.course == key["course"]
        known = self.db.scalar(select(TogetherTests.c.tests).where(*this))
        if known is None:
            known = json.dumps(sorted(find()))
            self.db.execute(insert(TogetherTests), [key | {"tests": known}])
            self.db.commit()
        return frozenset(json.loads(known))

    def begin(self, students: Sequence[str]) -> None:
        """Take back earlier grades and what tells of them, so that they can't stand as if they were new.

        What a person entered stays.
        """
        for student in students:
            self._remove_files(student)
        these = outcomes_of(self.course.assignment, students)
        there = set(self.db.scalars(select(Outcomes.c.student_id).where(these)))
        self.db.execute(update(Outcomes).where(these).values(status=None))
        known = self._known(students)
        new = [self._outcome(student, known=student in known) for student in students if student not in there]
        if new:
            self.db.execute(insert(Outcomes), new)
        theirs = select(SubmittedNotebook.id).join(SubmittedAssignment)
        theirs = theirs.where(submissions_of(self.assignment_id, students))
        self.db.execute(
            update(Grade).where(Grade.notebook_id.in_(theirs)).values(auto_score=None),
            execution_options={"synchronize_session": False},
        )
        self.db.commit()

    def remember_version(self) -> None:
        """Keep what this version of the course consists of, so that the next one can say what has changed."""
        key = {"assignment": self.course.assignment, "course": self.version}
        there = select(Versions.c.course).where(
            Versions.c.assignment == key["assignment"], Versions.c.course == key["course"]
        )
        if self.db.scalar(there) is None:
            self.db.execute(insert(Versions), [key | {"parts": json.dumps(self.parts), "released": False}])
            self.db.commit()

    # -------------------------------------------------------------- after grading

    def store(self, graded: Sequence[GradedSubmission]) -> None:
        """Store what came of some submissions: all of it, or after a crash none of it."""
        by_id = {one.result.student_id: one for one in graded}
        these = outcomes_of(self.course.assignment, by_id)
        columns = Outcomes.c.student_id, Outcomes.c.submitted, Outcomes.c.result, Outcomes.c.penalty
        before = {
            student: StoredBefore(submitted, Result.from_json(result) if result else None, penalty)
            for student, submitted, result, penalty in self.db.execute(select(*columns).where(these))
        }
        there = submission_rows(self.db, self.course.assignment, self.assignment_id, by_id)
        known = self._known(by_id)
        new: NewRows = {kind: [] for kind in (Student, SubmittedAssignment, SubmittedNotebook, Grade, Comment)}
        handed_in = [student for student, one in by_id.items() if one.result.status != Status.MISSING]
        new[Student] = [{"id": student} for student in handed_in if student not in known]
        stored = [
            self._store_one(new, one, before.get(student, StoredBefore()), there.get(student), student in known)
            for student, one in by_id.items()
        ]
        for kind, rows in new.items():
            if rows:
                self.db.execute(insert(kind.__table__), rows)
        self.db.execute(delete(Outcomes).where(these))
        self.db.execute(insert(Outcomes), stored)
        self.db.commit()

    def _store_one(
        self,
        new: NewRows,
        one: GradedSubmission,
        before: StoredBefore,
        rows: SubmissionRows | None,
        is_known: bool,
    ) -> dict[str, Any]:
        """Bring the gradebook to what came of one submission; return the row of `Outcomes`."""
        result = one.result
        time = handed_in_at(one.receipt.get(TIMESTAMP_FILE, ""))
        if TIMESTAMP_FILE in one.receipt and time is None and result.status != Status.MISSING:
            why = f"Its {TIMESTAMP_FILE} says no time, so it counts as in time."
            result = replace(result, message=f"{result.message.rstrip('.')}. {why}")
        touched = rows is not None and (rows.touched or self._has_other_penalty(rows, before.penalty))
        if result.status == Status.MISSING and not touched:
            penalty = None
            if rows:
                self._forget(rows)
        else:
            penalty = self._enter(new, rows or SubmissionRows(), one, result, time, before)
            self._write_shown(one, time)
        is_known = is_known or result.status != Status.MISSING
        return self._outcome(result.student_id, one.digest, result.status, result.as_json(), penalty, is_known)

    @staticmethod
    def _has_other_penalty(rows: SubmissionRows, written: float | None) -> bool:
        return any((row.penalty or 0) != (written or 0) for row in rows.notebooks.values())

    def _remove_files(self, student: str) -> None:
        """Remove the files that came of an earlier grading."""
        for step in (self.course.course.feedback_directory, self.course.course.autograded_directory):
            shutil.rmtree(self.course.folder(step, student), ignore_errors=True)

    def _known(self, students: Collection[str]) -> set[str]:
        return set(self.db.scalars(select(Student.id).where(Student.id.in_(students))))

    def _outcome(
        self,
        student: str,
        submitted: str = "",
        status: Status | None = None,
        result: str | None = None,
        penalty: float | None = None,
        known: bool = False,
    ) -> dict[str, Any]:
        """Return a row of `Outcomes`."""
        return {
            "assignment": self.course.assignment,
            "student_id": student,
            "submitted": submitted,
            "course": self.version,
            "status": status,
            "result": result,
            "known": known,
            "penalty": penalty,
        }

    def _forget(self, rows: SubmissionRows) -> None:
        """Remove the rows of a submission that is gone and that no person has touched. An extension stands."""
        notebooks = [row.number for row in rows.notebooks.values()]
        for kind in (Grade, Comment):
            self.db.execute(delete(kind).where(kind.notebook_id.in_(notebooks)))
        self.db.execute(delete(SubmittedNotebook).where(SubmittedNotebook.id.in_(notebooks)))
        this = SubmittedAssignment.id == rows.number
        if rows.extension is None:
            self.db.execute(delete(SubmittedAssignment).where(this))
        else:
            self.db.execute(update(SubmittedAssignment).where(this).values(timestamp=None))

    def _enter(
        self,
        new: NewRows,
        rows: SubmissionRows,
        one: GradedSubmission,
        result: Result,
        time: datetime | None,
        before: StoredBefore,
    ) -> float | None:
        """Add or update the rows of one submission as nbgrader would; return the penalty that the course takes off."""
        number = rows.number or new_uuid()
        if rows.number is None:
            row = {"assignment_id": self.assignment_id, "student_id": result.student_id, "timestamp": time}
            new[SubmittedAssignment].append({"id": number} | row)
        else:
            this = SubmittedAssignment.id == number
            self.db.execute(update(SubmittedAssignment).where(this).values(timestamp=time))
        seconds = seconds_late(time, self.due, rows.extension)
        is_a_persons = rows.penalty != (before.penalty or 0)
        penalties = []
        for notebook in self.notebooks:
            there = rows.notebooks.get(notebook)
            submitted = there.number if there else new_uuid()
            total = self._enter_grades(new, rows, result, before, one.digest, notebook, submitted)
            self._enter_comments(new, rows, one.untouched, notebook, submitted)
            penalty = self.late.penalty(result.student_id, total, seconds)
            penalties.append(penalty)
            # Of who was never graded here, the course's own plugin says whose a penalty is.
            if is_a_persons if before.result else penalty is None:
                penalty = there.penalty if there else None
            if there:
                set_penalty(self.db, submitted, penalty)
            else:
                row = {"id": submitted, "notebook_id": notebook, "assignment_id": number}
                new[SubmittedNotebook].append(row | {"late_submission_penalty": penalty})
        return total_penalty(penalties)

    def _enter_grades(
        self,
        new: NewRows,
        rows: SubmissionRows,
        result: Result,
        before: StoredBefore,
        digest: str,
        notebook: str,
        submitted: str,
    ) -> float:
        """Add or update the grades of one notebook; return their sum."""
        graded, commented = self.notebooks[notebook]
        manual_comments = {
            self.course.master.judged_by.get(key)
            for key, cell in commented.items()
            if cell in rows.comments and rows.comments[cell].is_manual
        }
        total = 0.0
        for key, cell in graded.items():
            grade = rows.grades.get(cell, GradeRow())
            values = {
                "auto_score": result.scores.get(key),
                "needs_manual_grade": needs_a_person(
                    key, result, before, digest, grade, is_commented=key in manual_comments
                ),
            }
            total += points(result.scores.get(key), grade.manual, grade.extra)
            if grade.number is None:
                new[Grade].append({"id": new_uuid(), "cell_id": cell, "notebook_id": submitted} | values)
            else:
                self.db.execute(update(Grade).where(Grade.id == grade.number).values(values))
        return total

    def _enter_comments(
        self, new: NewRows, rows: SubmissionRows, untouched: Collection[str], notebook: str, submitted: str
    ) -> None:
        """Add or update what nbgrader itself says of the answers of one notebook."""
        for key, cell in self.notebooks[notebook][1].items():
            values = {"auto_comment": "No response." if key in untouched else None}
            if cell not in rows.comments:
                new[Comment].append({"id": new_uuid(), "cell_id": cell, "notebook_id": submitted} | values)
            else:
                self.db.execute(update(Comment).where(Comment.id == rows.comments[cell].number).values(values))

    def _write_shown(self, graded: GradedSubmission, time: datetime | None) -> None:
        """Write what is shown of a submission, and beside it a receipt that no command of nbgrader stumbles over."""
        student = graded.result.student_id
        path = self.course.autograded(student)
        secret = graded.receipt.get(SECRET_FILE, "")
        write_whole(path.with_name(TIMESTAMP_FILE), f"{time:%Y-%m-%d %H:%M:%S.%f} UTC" if time else "")
        write_whole(path.with_name(SECRET_FILE), secret if secret.strip() else secrets.token_hex(64))
        for name, text in graded.notebooks.items():
            write_whole(self.course.autograded(student, name), text)
        for name, text in graded.cells.items():
            write_whole(self.course.cells(student, name), text)


@contextlib.contextmanager
def opened(course: CourseAssignment, command: str) -> Iterator[Store]:
    """Hold a course and open its gradebook for writing."""
    with course.lock(command), course.gradebook() as gradebook:
        yield Store(course, gradebook)
