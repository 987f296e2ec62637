"""The one writer: nbgrader's rows and our own, in batches. It adds and updates; what a person entered is not its to delete."""

import contextlib
import json
import math
import re
import secrets
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy import (
    Boolean,
    Column,
    Float,
    MetaData,
    String,
    Table,
    Text,
    and_,
    case,
    collate,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from traitlets import TraitError

from grading.assignment import SECRET, TIME, write_whole
from grading.master import hashed, titles
from grading.result import MISSING, Result, Standing

TOGETHER = 500  # students that one query asks for

# What nbgrader's gradebook has no place for. It lies beside nbgrader's own tables, so that one transaction stores both.
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
    Column(
        "known", Boolean, nullable=False
    ),  # the student was in the gradebook; where he no longer is, a person removed him
    Column("penalty", Float),  # what was written into the gradebook; where that has another one, it is a person's
    Column("page", String(40)),  # fingerprint of what the feedback page was made of, and of the page
)
Versions = Table(
    "grading_version",
    OURS,
    Column("assignment", String(128), primary_key=True),
    Column("course", String(16), primary_key=True),
    Column("parts", Text, nullable=False),
    Column("released", Boolean, nullable=False),  # by `release`, or only graded with
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


@dataclass
class Plan:
    """What there is to grade, and why.

    Attributes
    ----------
    changed, unchanged : list of str
        Who is graded, and whose grade still holds.
    interrupted : list of str
        Whose grading began the last time and was not stored.
    why : Counter
        How many are graded for each reason.
    course : Counter
        What has changed in the course, and how many were graded before that.
    left_out : dict of str to str
        What lies among the submissions and is not graded, with the reason.
    """

    changed: list = field(default_factory=list)
    unchanged: list = field(default_factory=list)
    interrupted: list = field(default_factory=list)
    why: Counter = field(default_factory=Counter)
    course: Counter = field(default_factory=Counter)
    left_out: dict = field(default_factory=dict)

    def sentences(self):
        """Yield what a person wants to know before it starts."""
        if self.left_out:
            yield "Left out: " + "; ".join(f"{name} ({why})" for name, why in sorted(self.left_out.items())) + "."
        for changes, number in self.course.items():
            yield f"Changed since {number} {'was' if number == 1 else 'were'} graded: {changes}."
        if self.changed:
            reasons = ", ".join(f"{number} {why}" for why, number in self.why.items())
            yield f"To be graded: {reasons}; {len(self.unchanged)} unchanged."


class Store:
    """Writes what comes of grading, while it holds the course.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    gradebook : nbgrader.api.Gradebook
    """

    def __init__(self, course, gradebook):
        self.course, self.gradebook, self.db = course, gradebook, gradebook.db
        OURS.create_all(gradebook.engine)
        try:
            assignment = gradebook.find_assignment(course.assignment)
        except MissingEntry:
            raise NbGraderException(
                f"The gradebook does not know {course.assignment}. Run `python -m grading release {course.assignment}` first."
            ) from None
        self.assignment_id, self.due = assignment.id, assignment.duedate
        self.notebooks = {
            notebook.id: (
                notebook.name,
                {cell.name: cell.id for cell in (*notebook.grade_cells, *notebook.task_cells)},
                {cell.name: cell.id for cell in (*notebook.solution_cells, *notebook.task_cells)},
            )
            for notebook in assignment.notebooks
        }
        self.parts = course.parts()
        self.version = hashed([json.dumps(self.parts, sort_keys=True)])
        self.receipts = {}  # of those whose grading is under way
        penalties = AssignLatePenalties(config=course.config)
        try:
            penalties.init_plugin()
        except TraitError as error:
            raise NbGraderException(
                f"nbgrader_config.py sets a penalty for late submissions that does not exist: {error}"
            ) from None
        self.late_penalty = penalties.plugin_inst.late_submission_penalty

    # ------------------------------------------------------------- before grading

    def refuse_unreleased(self):
        """Raise where the source asks for other grades than the release that students have, or for what is not graded here."""
        others = [
            name for name, graded_cells, _ in self.notebooks.values() if graded_cells and name != self.course.assignment
        ]
        if others:
            raise NbGraderException(
                f"{self.course.assignment} has graded cells in {', '.join(sorted(others))} too, and only "
                f"{self.course.master_path.name} is graded here. Nothing was graded: put all graded cells into that notebook."
            )
        query = select(Versions.c.parts).where(
            Versions.c.assignment == self.course.assignment, Versions.c.released.is_(True)
        )
        released = self.db.scalar(query)
        now = self.course.master.parts
        if released is None:  # nbgrader alone has built it: its cells are what is known of it
            cells = (*self._all(GradeCell), *self._all(TaskCell))
            before = {f"the points of {cell.name}": f"{cell.max_score:g}" for cell in cells}
            now = {name: part for name, part in now.items() if name.startswith("the points of ")}
        else:
            before = json.loads(released)
        changes = changed(before, now)
        if changes:
            raise NbGraderException(
                f"{self.course.master_path.parent.relative_to(self.course.root)} has changed since it was released: {changes}. "
                f"Nothing was graded. Run `python -m grading release {self.course.assignment}` first: it brings the "
                "gradebook along, and keeps what a person entered."
            )

    def _all(self, kind):
        query = select(kind).join(Notebook, Notebook.id == kind.notebook_id)
        return self.db.scalars(query.where(Notebook.assignment_id == self.assignment_id))

    def plan(self, students, force=False):
        """Look at what everybody handed in, and return who is to be graded.

        Parameters
        ----------
        students : list of str
        force : bool
            Grade also what has not changed.

        Returns
        -------
        Plan
        """
        plan = Plan(left_out=self.course.arrivals()[1])
        versions = select(Versions.c.course, Versions.c.parts).where(Versions.c.assignment == self.course.assignment)
        versions = {course: json.loads(parts) for course, parts in self.db.execute(versions)}
        gone = removed(self.course, self.gradebook)
        for student in students:
            if student in gone:
                plan.left_out[student] = "removed from the gradebook; `nbgrader db student add` takes it in again"
        for some in in_batches([student for student in students if student not in gone]):
            columns = Outcomes.c.student_id, Outcomes.c.submitted, Outcomes.c.course, Outcomes.c.status
            known = {row[0]: row[1:] for row in self.db.execute(select(*columns).where(self._these(some)))}
            in_gradebook = set(self.in_gradebook(some))
            for student in some:
                submitted, course, status = known.get(student, ("", "", MISSING))
                if student in known and status is None:
                    why = "interrupted the last time"
                    plan.interrupted.append(student)
                elif student not in known or status != MISSING and student not in in_gradebook:
                    why = "not graded before"
                elif status != MISSING and not self.course.autograded(student).exists():
                    why = "without the notebook that feedback is made of"
                elif self.course.collect(student)[0].digest != submitted:
                    why = "handed in again"
                elif course != self.version:
                    why = "because the course has changed"
                    before = versions.get(course)
                    plan.course[changed(before, self.parts) if before else "the grader"] += 1
                else:
                    why = "because you said so" if force else ""
                (plan.changed if why else plan.unchanged).append(student)
                plan.why.update([why] if why else [])
        return plan

    def read(self, students):
        """Yield what each of some students handed in."""
        for student in students:
            submitted, receipt = self.course.collect(student)
            if receipt:
                self.receipts[student] = receipt
            yield submitted

    def begin(self, students):
        """Take back earlier grades and what tells of them, so that they can't stand as if they were new.

        What a person entered stays.
        """
        for student in students:
            self.course.page(student).unlink(missing_ok=True)
            for step in (self.course.course.feedback_directory, self.course.course.autograded_directory):
                shutil.rmtree(self.course.folder(step, student), ignore_errors=True)
        there = set(self.db.scalars(select(Outcomes.c.student_id).where(self._these(students))))
        self.db.execute(update(Outcomes).where(self._these(students)).values(status=None, page=None))
        known = self._known(students)
        new = [self._row(student, known=student in known) for student in students if student not in there]
        if new:
            self.db.execute(insert(Outcomes), new)
        theirs = select(SubmittedNotebook.id).join(SubmittedAssignment).where(self._submissions(students))
        self.db.execute(
            update(Grade).where(Grade.notebook_id.in_(theirs)).values(auto_score=None),
            execution_options={"synchronize_session": False},
        )
        self.db.commit()

    # -------------------------------------------------------------- after grading

    def store(self, graded):
        """Store what came of some submissions: all of it, or after a crash none of it."""
        by_id = {one.result.student_id: one for one in graded}
        columns = Outcomes.c.student_id, Outcomes.c.submitted, Outcomes.c.result, Outcomes.c.penalty
        before = {row[0]: row[1:] for row in self.db.execute(select(*columns).where(self._these([*by_id])))}
        there = self._rows([*by_id])
        new = {kind: [] for kind in (Student, SubmittedAssignment, SubmittedNotebook, Grade, Comment)}
        handed_in = [student for student, one in by_id.items() if one.result.status != MISSING]
        known = self._known([*by_id])
        new[Student] = [{"id": student} for student in handed_in if student not in known]
        stored = []
        for student, one in by_id.items():
            submitted, earlier, penalty = before.get(student, ("", None, None))
            earlier = Result.from_json(earlier) if earlier else None
            result, receipt = one.result, self.receipts.pop(student, {})
            time = handed_in_at(receipt.get(TIME, ""))
            if TIME in receipt and time is None and result.status != MISSING:
                why = f"Its {TIME} says no time, so it counts as in time."
                result = replace(result, message=f"{result.message.rstrip('.')}. {why}")
            theirs = there.get(student)
            if theirs and earlier and any((taken or 0) != (penalty or 0) for _, taken in theirs.notebooks.values()):
                theirs.touched = True
            if result.status == MISSING and not (theirs and theirs.touched):
                if theirs:
                    self._forget(theirs)
                penalty = None
            else:
                again = submitted != one.digest
                penalty = self._enter(new, theirs, one, result, time, earlier, again, penalty)
                self._write(result, one.notebook, receipt, time)
            known_now = student in known or result.status != MISSING
            stored.append(self._row(student, one.digest, result.status, result.as_json(), penalty, known_now))
        for kind, rows in new.items():
            if rows:
                self.db.execute(insert(kind), rows)
        self.db.execute(delete(Outcomes).where(self._these([*by_id])))
        self.db.execute(insert(Outcomes), stored)
        self.db.commit()

    def remember_version(self):
        """Keep what this version of the course consists of, so that the next one can say what has changed."""
        key = {"assignment": self.course.assignment, "course": self.version}
        there = select(Versions.c.course).where(
            Versions.c.assignment == key["assignment"], Versions.c.course == key["course"]
        )
        if self.db.scalar(there) is None:
            self.db.execute(insert(Versions), [key | {"parts": json.dumps(self.parts), "released": False}])
            self.db.commit()

    def _these(self, students):
        return and_(Outcomes.c.assignment == self.course.assignment, Outcomes.c.student_id.in_(students))

    def _submissions(self, students):
        return and_(
            SubmittedAssignment.assignment_id == self.assignment_id, SubmittedAssignment.student_id.in_(students)
        )

    def _known(self, students):
        return set(self.db.scalars(select(Student.id).where(Student.id.in_(students))))

    def _row(self, student, submitted="", status=None, result=None, penalty=None, known=False):
        return {
            "assignment": self.course.assignment,
            "student_id": student,
            "submitted": submitted,
            "course": self.version,
            "status": status,
            "result": result,
            "known": known,
            "penalty": penalty,
            "page": None,
        }

    def _rows(self, students):
        """Return what the gradebook has of some students' submissions, by their ids."""
        query = select(SubmittedAssignment.student_id, SubmittedAssignment.id, SubmittedAssignment.extension)
        query = query.where(self._submissions(students))
        found = {student: Rows(number, extension) for student, number, extension in self.db.execute(query)}
        of = {rows.number: rows for rows in found.values()}
        aside = select(SetAside.c.student_id).where(SetAside.c.assignment == self.course.assignment)
        for student in self.db.scalars(aside.where(SetAside.c.student_id.in_(found))):
            found[student].touched = True
        query = select(
            SubmittedNotebook.assignment_id,
            SubmittedNotebook.notebook_id,
            SubmittedNotebook.id,
            SubmittedNotebook.late_submission_penalty,
            SubmittedNotebook.flagged,
        ).where(SubmittedNotebook.assignment_id.in_(of))
        by_notebook = {}
        for submission, notebook, number, penalty, flagged in self.db.execute(query):
            of[submission].notebooks[notebook] = number, penalty
            of[submission].touched |= bool(flagged)
            by_notebook[number] = of[submission]
        columns = Grade.notebook_id, Grade.cell_id, Grade.id, Grade.manual_score, Grade.extra_credit
        query = select(*columns, Grade.needs_manual_grade).where(Grade.notebook_id.in_(by_notebook))
        for notebook, cell, number, manual, extra, waits in self.db.execute(query):
            by_notebook[notebook].grades[cell] = number, manual, extra, waits
            by_notebook[notebook].touched |= manual is not None or extra is not None
        columns = Comment.notebook_id, Comment.cell_id, Comment.id, Comment.manual_comment
        for notebook, cell, number, comment in self.db.execute(
            select(*columns).where(Comment.notebook_id.in_(by_notebook))
        ):
            by_notebook[notebook].comments[cell] = number, bool(comment)
            by_notebook[notebook].touched |= bool(comment)
        return found

    def _forget(self, theirs):
        """Remove the rows of a submission that is gone and that no person has touched. An extension stands."""
        notebooks = [number for number, _ in theirs.notebooks.values()]
        for kind in (Grade, Comment):
            self.db.execute(delete(kind).where(kind.notebook_id.in_(notebooks)))
        self.db.execute(delete(SubmittedNotebook).where(SubmittedNotebook.id.in_(notebooks)))
        if theirs.extension is None:
            self.db.execute(delete(SubmittedAssignment).where(SubmittedAssignment.id == theirs.number))
        else:
            self.db.execute(
                update(SubmittedAssignment).where(SubmittedAssignment.id == theirs.number).values(timestamp=None)
            )

    def _enter(self, new, theirs, one, result, time, earlier, again, penalty):
        """Add or update the rows of one submission as nbgrader would; return the penalty that they have."""
        theirs = theirs or Rows(None)
        number = theirs.number or new_uuid()
        if theirs.number is None:
            new[SubmittedAssignment].append(
                {
                    "id": number,
                    "assignment_id": self.assignment_id,
                    "student_id": result.student_id,
                    "timestamp": time,
                }
            )
        else:
            self.db.execute(update(SubmittedAssignment).where(SubmittedAssignment.id == number).values(timestamp=time))
        seconds = late(time, self.due, theirs.extension)
        for notebook, (name, graded_cells, commented_cells) in self.notebooks.items():
            submitted, taken = theirs.notebooks.get(notebook) or (new_uuid(), None)
            total = 0.0
            commented = {
                self.course.master.judged_by.get(cell_name)
                for cell_name, cell in commented_cells.items()
                if theirs.comments.get(cell, (None, False))[1]
            }
            for cell_name, cell in graded_cells.items():
                score = result.scores.get(cell_name)
                grade, manual, extra, waits = theirs.grades.get(cell, (None, None, None, False))
                values = {
                    "auto_score": score,
                    "needs_manual_grade": self._needs_a_person(
                        cell_name, result, earlier, again, manual, extra, waits, cell_name in commented
                    ),
                }
                total += points(score, manual, extra)
                if grade is None:
                    new[Grade].append({"id": new_uuid(), "cell_id": cell, "notebook_id": submitted} | values)
                else:
                    self.db.execute(update(Grade).where(Grade.id == grade).values(values))
            for cell_name, cell in commented_cells.items():
                values = {"auto_comment": "No response." if cell_name in one.untouched else None}
                if cell not in theirs.comments:
                    new[Comment].append({"id": new_uuid(), "cell_id": cell, "notebook_id": submitted} | values)
                else:
                    self.db.execute(update(Comment).where(Comment.id == theirs.comments[cell][0]).values(values))
            if name == self.course.assignment:
                written, penalty = penalty, self._penalty(result.student_id, total, seconds)
                # Of who was never graded here, the course's own plugin says whose a penalty is.
                persons = (taken or 0) != (written or 0) if earlier else penalty is None
                taken = taken if persons else penalty
            if notebook in theirs.notebooks:
                self.db.execute(
                    update(SubmittedNotebook)
                    .where(SubmittedNotebook.id == submitted)
                    .values(late_submission_penalty=taken)
                )
            else:
                new[SubmittedNotebook].append(
                    {
                        "id": submitted,
                        "notebook_id": notebook,
                        "assignment_id": number,
                        "late_submission_penalty": taken,
                    }
                )
        return penalty

    def _needs_a_person(self, cell, result, earlier, again, manual, extra, waits, commented):
        """Return whether a person has to look at a grade: nobody has, or what was looked at is no longer what it was."""
        score = result.scores.get(cell)
        if manual is None and score is None:
            return True
        if manual is None and extra is None and not commented:
            return False
        before = earlier and (earlier.scores.get(cell), earlier.max_scores.get(cell), earlier.status == MISSING)
        same = before == (score, result.max_scores.get(cell), result.status == MISSING)
        if manual is None and extra is None:
            return waits or not same
        return waits or again or not same

    def _penalty(self, student, score, seconds):
        """Return the points that the course takes off for so many seconds, or None."""
        if seconds <= 0:
            return None
        try:
            penalty = self.late_penalty(student, score, seconds)
        except Exception as error:  # noqa: BLE001 - the course's own plugin
            why = f"{type(error).__name__}: {error}"
            raise NbGraderException(f"The course's plugin for late submissions failed for {student}: {why}.") from error
        return None if penalty is None else float(min(max(penalty, 0), score))

    def _write(self, result, notebook, receipt, time):
        """Write the notebook that the formgrader shows, and beside it a receipt that no command of nbgrader stumbles over."""
        path = self.course.autograded(result.student_id)
        secret = receipt.get(SECRET, "")
        write_whole(path.with_name(TIME), f"{time:%Y-%m-%d %H:%M:%S.%f} UTC" if time else "")
        write_whole(path.with_name(SECRET), secret if secret.strip() else secrets.token_hex(64))
        write_whole(path, notebook)

    def refresh_penalties(self, students):
        """Bring the penalties of those who are not graded again to the due date, the extensions and the points of today.

        A penalty that a person entered stands.
        """
        for some in in_batches(students):
            columns = Outcomes.c.student_id, Outcomes.c.penalty
            written = dict(self.db.execute(select(*columns).where(self._these(some))).all())
            query = select(
                SubmittedAssignment.student_id,
                SubmittedAssignment.timestamp,
                SubmittedAssignment.extension,
                SubmittedNotebook.id,
                SubmittedNotebook.late_submission_penalty,
                func.coalesce(func.sum(Grade.score), 0.0),
            )
            query = query.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            query = query.join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            query = query.outerjoin(Grade, Grade.notebook_id == SubmittedNotebook.id)
            query = query.where(self._submissions(some), Notebook.name == self.course.assignment)
            query = query.group_by(*list(query.selected_columns)[:5])
            for student, time, extension, notebook, taken, score in self.db.execute(query).all():
                penalty = self._penalty(student, score, late(time, self.due, extension))
                if (taken or 0) == (written.get(student) or 0) and (taken or 0) != (penalty or 0):
                    self.db.execute(
                        update(SubmittedNotebook)
                        .where(SubmittedNotebook.id == notebook)
                        .values(late_submission_penalty=penalty)
                    )
                    self.db.execute(update(Outcomes).where(self._these([student])).values(penalty=penalty))
            self.db.commit()

    # ------------------------------------------------------------------- feedback

    def for_pages(self, students):
        """Return what the feedback pages of some students are made of, and a fingerprint of that.

        Returns
        -------
        list of tuple
            A student's id, the notebook's text, what the gradebook says of each cell, the penalty; see
            `grading.plugin.render`.
        """
        found = {student: {} for student in students}
        this = self._submissions(students)
        for kind, columns in (
            (Grade, {"score": Grade.score, "points": Grade.max_score}),
            (Comment, {"comment": Comment.comment}),
        ):
            query = select(SubmittedAssignment.student_id, BaseCell.name, *columns.values()).select_from(kind)
            query = query.join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
            query = query.join(SubmittedAssignment).join(BaseCell, BaseCell.id == kind.cell_id)
            for student, cell, *values in self.db.execute(query.where(this)):
                found[student].setdefault(cell, {}).update(zip(columns, values))
        query = select(SubmittedAssignment.student_id, SubmittedNotebook.late_submission_penalty)
        query = query.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        query = query.join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        penalties = dict(self.db.execute(query.where(this, Notebook.name == self.course.assignment)).all())
        return [
            (
                student,
                self.course.autograded(student).read_text(encoding="utf-8"),
                found[student],
                penalties.get(student) or 0,
            )
            for student in students
        ]

    def in_gradebook(self, students):
        """Return those students of whom the gradebook has a submission, in their order."""
        found = set(self.db.scalars(select(SubmittedAssignment.student_id).where(self._submissions(students))))
        return [student for student in students if student in found]

    def pages(self, students):
        """Return the fingerprints of what feedback pages were made of, of those that are as they were written, by students."""
        columns = Outcomes.c.student_id, Outcomes.c.page
        found = {}
        for student, fingerprint in self.db.execute(select(*columns).where(self._these(students))):
            made_of, _, page = (fingerprint or "").partition(" ")
            path = self.course.page(student)
            if made_of and path.exists() and hashed([path.read_text(encoding="utf-8", errors="replace")]) == page:
                found[student] = made_of
        return found

    def store_page(self, student, text, fingerprint):
        """Write a feedback page, and beside it the receipt that was stored with the grade."""
        for name in (TIME, SECRET):
            stored = self.course.autograded(student).with_name(name)
            if stored.exists():
                write_whole(self.course.page(student).with_name(name), stored.read_text(encoding="utf-8"))
        write_whole(self.course.page(student), text)
        self.db.execute(update(Outcomes).where(self._these([student])).values(page=f"{fingerprint} {hashed([text])}"))
        self.db.commit()


@dataclass
class Rows:
    """What the gradebook has of one student's submission.

    Attributes
    ----------
    number : str or None
        Id of the submission.
    extension : datetime.timedelta or None
    notebooks : dict
        Id and penalty of each submitted notebook, by the notebook's id.
    grades : dict
        Id, manual score, extra credit and whether it waits for a person, by the cell's id.
    comments : dict
        Id of each comment and whether a person wrote it, by the cell's id.
    touched : bool
        Whether a person entered anything.
    """

    number: str | None
    extension: timedelta | None = None
    notebooks: dict = field(default_factory=dict)
    grades: dict = field(default_factory=dict)
    comments: dict = field(default_factory=dict)
    touched: bool = False


@contextlib.contextmanager
def opened(course, command):
    """Hold a course and open its gradebook for writing."""
    with course.held(command), course.gradebook() as gradebook:
        yield Store(course, gradebook)


def in_batches(items):
    for start in range(0, len(items), TOGETHER):
        yield items[start : start + TOGETHER]


def changed(before, now):
    """Return what differs between two sets of parts, as one line of text."""
    found = []
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        points = name.startswith("the points of ")
        if (
            points
            and (old is None or new is None)
            and {**before, **now}.keys()
            & {name.replace("the points of", kind, 1) for kind in ("the test", "the answer")}
        ):
            continue  # the cell itself is told of
        if old is None:
            found.append(f"{name} (new)")
        elif new is None:
            found.append(f"{name} (gone)")
        elif old != new:
            found.append(f"{name} ({new}, was {old})" if points else name)
    return ", ".join(found)


def points(auto, manual, extra):
    """Return what nbgrader makes of a grade's parts."""
    score = auto if manual is None else manual
    return 0.0 if score is None else score + (extra or 0.0)


def late(time, due, extension):
    """Return by how many seconds a submission was late."""
    return max(0, (time - due - (extension or timedelta())).total_seconds()) if time and due else 0


def handed_in_at(text):
    """Return the time that a receipt says, in UTC as nbgrader keeps it, or None."""
    if re.fullmatch(r"[\w:.,+ -]{1,100}", text.strip()):  # no path: dateutil would open it as a time zone
        with contextlib.suppress(Exception):
            return parse_utc(text.strip())
    return None


# ----------------------------------------------------------------------- what is told


def removed(course, gradebook):
    """Return the ids of those whom a person removed from the gradebook after they were graded."""
    OURS.create_all(gradebook.engine)
    query = select(Outcomes.c.student_id).outerjoin(Student, Student.id == Outcomes.c.student_id)
    query = query.where(Outcomes.c.assignment == course.assignment, Outcomes.c.known, Student.id.is_(None))
    return set(gradebook.db.scalars(query))


def exercises(course):
    """Return the titles of the graded cells that the gradebook knows, by their grade ids, in the notebook's order."""
    with course.gradebook() as gradebook:
        try:
            assignment = gradebook.find_assignment(course.assignment)
        except MissingEntry:
            return titles(course.master.points)
        known = {
            cell.name for notebook in assignment.notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)
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
        most = assignment.max_score
        for rows in stored(course, gradebook):
            of = {student: Result.from_json(text) for student, status, text in rows if status}
            this = and_(SubmittedAssignment.assignment_id == assignment.id, SubmittedAssignment.student_id.in_([*of]))
            grades = select(SubmittedAssignment.student_id, BaseCell.name, Grade.score, Grade.needs_manual_grade)
            grades = grades.select_from(Grade).join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
            grades = grades.join(SubmittedAssignment).join(BaseCell, BaseCell.id == Grade.cell_id)
            scores, waiting = {student: {} for student in of}, Counter()
            for student, cell, score, waits in gradebook.db.execute(grades.where(this)):
                scores[student][cell] = score
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
                yield Standing(
                    student,
                    course.assignment,
                    result.status,
                    max(0.0, sum(scores[student].values()) - penalty),
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


# --------------------------------------------------------------- a changed assignment


def release(course):
    """Build the release, and bring the gradebook to it with all that is in it.

    Returns
    -------
    list of str
        What has changed in the gradebook.
    """
    with course.held(f"release {course.assignment}"):
        built, beside = course.build()
        said = migrate(course, built, f"sqlite:///{beside}")
        course.put_in_place(built)
        beside.unlink()
        return said


KINDS = GradeCell, SolutionCell, TaskCell, SourceCell
COLUMNS = {
    GradeCell: ("max_score", "cell_type"),
    SolutionCell: (),
    TaskCell: ("max_score", "cell_type"),
    SourceCell: ("cell_type", "source", "checksum", "locked"),
}


def migrate(course, built, address):
    """Bring the gradebook of a course to a new build of its release, in one transaction.

    A cell with another name and the same text is the same cell. What a person entered on a cell that is gone is set
    aside, and comes back with the cell.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    built : pathlib.Path
        Folder of the new build.
    address : str
        Of a gradebook that knows this build and nothing else.

    Returns
    -------
    list of str
        What has changed for students that were graded before.
    """
    with Gradebook(address, course.course.course_id) as fresh:
        notebooks = {
            notebook.name: (
                notebook.kernelspec,
                {
                    kind: {cell.name: cell_values(kind, cell) for cell in cells(fresh, kind, notebook.id)}
                    for kind in KINDS
                },
            )
            for notebook in fresh.find_assignment(course.assignment).notebooks
        }
    with course.gradebook() as gradebook:
        OURS.create_all(gradebook.engine)
        gradebook.update_or_create_assignment(course.assignment)
        assignment = gradebook.find_assignment(course.assignment)
        db, said, new_master = gradebook.db, [], course.read(built)
        ids = course.master.released_ids, new_master.released_ids
        there = {notebook.name: notebook.id for notebook in assignment.notebooks}
        for name, (kernelspec, new) in notebooks.items():
            number = there.pop(name, None)
            if number is None:
                number = new_uuid()
                db.execute(
                    insert(Notebook),
                    [{"id": number, "name": name, "assignment_id": assignment.id, "kernelspec": kernelspec}],
                )
            db.execute(update(Notebook).where(Notebook.id == number).values(kernelspec=kernelspec))
            said += Migration(course, gradebook, name, number, ids if name == course.assignment else ({}, {})).bring_to(
                new
            )
        for name, number in there.items():
            said += Migration(course, gradebook, name, number).bring_to({kind: {} for kind in KINDS})
            gone = select(SubmittedNotebook.id).where(SubmittedNotebook.notebook_id == number)
            db.execute(delete(SubmittedNotebook).where(SubmittedNotebook.id.in_(gone)))
            db.execute(delete(Notebook).where(Notebook.id == number))
        db.execute(delete(Versions).where(Versions.c.assignment == course.assignment, Versions.c.released.is_(True)))
        row = {
            "assignment": course.assignment,
            "course": "released",
            "parts": json.dumps(new_master.parts),
            "released": True,
        }
        db.execute(insert(Versions), [row])
        db.commit()
        return said


def cells(gradebook, kind, notebook):
    return gradebook.db.scalars(select(kind).where(kind.notebook_id == notebook)).all()


def cell_values(kind, cell):
    return {column: getattr(cell, column) for column in COLUMNS[kind]}


class Migration:
    """Brings what the gradebook has of one notebook to a new set of cells.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    gradebook : nbgrader.api.Gradebook
    name, number : str
        Of the notebook, and its id in the gradebook.
    ids : tuple of two dict of str to str
        Jupyter's ids of the cells by their grade ids, in the last release and in the new one.
    """

    def __init__(self, course, gradebook, name, number, ids=({}, {})):
        self.course, self.gradebook, self.db = course, gradebook, gradebook.db
        self.name, self.number, self.ids = name, number, ids

    def bring_to(self, new):
        """Change the cells; return what a person wants to know of it."""
        said, graded = (
            [],
            self.db.scalar(select(SubmittedNotebook.id).where(SubmittedNotebook.notebook_id == self.number)),
        )
        old = {kind: {cell.name: cell for cell in cells(self.gradebook, kind, self.number)} for kind in KINDS}
        renamed = self._renamed(old, new)
        said += [
            f"{before} is now {now}, with all its grades and comments"
            for before, now in renamed.items()
            if describe(old, before)[0] != (SourceCell.__name__,)
        ]
        self._rename(old, renamed)
        for kind in KINDS:
            for name in old[kind].keys() - new[kind].keys():
                kept = self._set_aside(old[kind][name])
                also = f"; what a person entered there ({kept}) is set aside, and comes back with it" if kept else ""
                said += [f"{name} is gone{also}"] if kept or "max_score" in COLUMNS[kind] else []
        for kind in KINDS:
            for name, values in new[kind].items():
                said += self._update(old[kind].get(name), kind, name, values)
        self.db.flush()
        return said if graded else []

    def _update(self, cell, kind, name, values):
        """Add a cell or change it; return what a person wants to know of it."""
        if cell is None:
            cell = kind(name=name, notebook_id=self.number, **values)
            self.db.add(cell)
            self.db.flush()
            back = self._bring_back(cell)
            also = f", with what a person had entered there ({back})" if back else ""
            points = f" ({values['max_score']:g} points)" if "max_score" in values else ""
            return [f"{name} is new{points}{also}"] if points or back else []
        before = cell_values(kind, cell)
        for column, value in values.items():
            if before[column] != value:
                setattr(cell, column, value)
        if before.get("max_score") != values.get("max_score"):
            return [f"{name} has {values['max_score']:g} points, was {before['max_score']:g}"]
        return []

    def _renamed(self, old, new):
        """Return the new names of cells that have another one: Jupyter knows the cell, or its text leaves no doubt."""
        before, now = self.ids
        names_now = {cell_id: name for name, cell_id in now.items() if cell_id}
        found = {}
        for name in set().union(*old.values()):
            other = names_now.get(before.get(name))
            if other and other != name and describe(old, name)[0] == describe(new, other)[0]:
                found[name] = other
        alike = {}
        gone = set().union(*old.values()) - set().union(*new.values()) - found.keys()
        come = set().union(*new.values()) - set().union(*old.values()) - set(found.values())
        for side, cells_, names in ((0, old, gone), (1, new, come)):
            for name in names:
                alike.setdefault(describe(cells_, name), ([], []))[side].append(name)
        for (kinds, _), (was, is_) in alike.items():
            # One question in words looks like another: only Jupyter can tell them apart.
            if len(was) == len(is_) == 1 and not (before and {"GradeCell", "SolutionCell"} <= {*kinds}):
                found[was[0]] = is_[0]
        return found

    def _rename(self, old, renamed):
        """Give cells their new names, in the gradebook and in what was stored beside it."""
        for kind in KINDS:
            moved = {now: old[kind].pop(before) for before, now in renamed.items() if before in old[kind]}
            for number, cell in enumerate(moved.values()):
                cell.name = f"renamed {number}"  # two cells may change their names with each other
            self.db.flush()
            for name, cell in moved.items():
                cell.name = name
            self.db.flush()
            old[kind] |= moved
        if renamed:
            this = Outcomes.c.assignment == self.course.assignment
            for student, text in self.db.execute(select(Outcomes.c.student_id, Outcomes.c.result).where(this)).all():
                if text:
                    result = Result.from_json(text)
                    for parts in (result.scores, result.max_scores, result.messages):
                        parts |= {now: parts.pop(before) for before, now in renamed.items() if before in parts}
                    row = update(Outcomes).where(this, Outcomes.c.student_id == student)
                    self.db.execute(row.values(result=result.as_json()))

    def _set_aside(self, cell):
        """Delete a cell and its grades and comments; keep aside what a person entered, and return what that is."""
        kept, what = {}, Counter()
        for kind, columns in ((Grade, ("manual_score", "extra_credit")), (Comment, ("manual_comment",))):
            query = select(SubmittedAssignment.student_id, *(getattr(kind, column) for column in columns))
            query = query.select_from(kind).join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
            query = query.join(SubmittedAssignment).where(kind.cell_id == cell.id)
            for student, *values in self.db.execute(query):
                entered = {column: value for column, value in zip(columns, values) if value is not None}
                what.update(entered.keys())
                if entered:
                    kept.setdefault(student, {}).update(entered)
            self.db.execute(delete(kind).where(kind.cell_id == cell.id))
        for student, entered in kept.items():
            this = self._aside(cell.name, student)
            if self.db.execute(update(SetAside).where(*this).values(entered)).rowcount == 0:
                key = {"assignment": self.course.assignment, "notebook": self.name, "cell": cell.name}
                self.db.execute(insert(SetAside), [key | {"student_id": student} | entered])
        self.db.delete(cell)
        self.db.flush()
        return counted(what)

    def _bring_back(self, cell):
        """Enter what was set aside when a cell of this name went; return what that is."""
        what = Counter()
        kinds = {SolutionCell: [Comment], GradeCell: [Grade], TaskCell: [Grade, Comment], SourceCell: []}[type(cell)]
        for kind in kinds:
            columns = ("manual_comment",) if kind is Comment else ("manual_score", "extra_credit")
            query = select(SubmittedNotebook.id, SetAside.c.student_id, *(SetAside.c[column] for column in columns))
            query = query.join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            query = query.join(SetAside, SetAside.c.student_id == SubmittedAssignment.student_id)
            query = query.where(SubmittedNotebook.notebook_id == self.number, *self._aside(cell.name))
            for notebook, student, *values in self.db.execute(query).all():
                entered = {column: value for column, value in zip(columns, values) if value is not None}
                if entered:
                    what.update(entered.keys())
                    waits = {"needs_manual_grade": True} if kind is Grade else {}
                    row = {"id": new_uuid(), "cell_id": cell.id, "notebook_id": notebook}
                    self.db.execute(insert(kind), [row | waits | entered])
                    self.db.execute(
                        update(SetAside).where(*self._aside(cell.name, student)).values(dict.fromkeys(columns))
                    )
        empty = [SetAside.c[column].is_(None) for column in ("manual_score", "extra_credit", "manual_comment")]
        self.db.execute(delete(SetAside).where(*empty))
        return counted(what)

    def _aside(self, cell, student=None):
        this = [
            SetAside.c.assignment == self.course.assignment,
            SetAside.c.notebook == self.name,
            SetAside.c.cell == cell,
        ]
        return [*this, SetAside.c.student_id == student] if student is not None else this


def describe(cells, name):
    """Return what makes two cells the same: the kinds that they are of, and their text."""
    source = cells[SourceCell].get(name)
    text = source["source"] if isinstance(source, dict) else source and source.source
    return tuple(kind.__name__ for kind in KINDS if name in cells[kind]), (text or "").strip()


def counted(what):
    """Return how much a person entered, in words."""
    names = {"manual_score": "score", "extra_credit": "extra credit", "manual_comment": "comment"}
    return ", ".join(
        f"{what[column]} {name}{'s' if what[column] > 1 else ''}" for column, name in names.items() if what[column]
    )
