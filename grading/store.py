"""The one writer: nbgrader's rows and our own, in batches. It adds and updates; what a person entered is not its to delete."""

import contextlib
import json
import os
import secrets
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
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
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import (
    Boolean,
    Column,
    Float,
    MetaData,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from traitlets import TraitError

from grading.assignment import handed_in_at, write_whole
from grading.master import hashed
from grading.result import FAILED, MISSING, Result
from grading.submission import SECRET, TIME

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
Together = Table(
    "grading_together",
    OURS,
    Column("assignment", String(128), primary_key=True),
    Column("course", String(16), primary_key=True),
    Column("tests", Text, nullable=False),
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
    penalties : int
        Of how many the penalty is another one, without grading them again.
    together : list of str
        The tests that run together with the student's code.
    """

    changed: list = field(default_factory=list)
    unchanged: list = field(default_factory=list)
    interrupted: list = field(default_factory=list)
    why: Counter = field(default_factory=Counter)
    course: Counter = field(default_factory=Counter)
    left_out: dict = field(default_factory=dict)
    penalties: int = 0
    together: list = field(default_factory=list)

    def sentences(self):
        """Yield what a person wants to know before it starts."""
        if self.left_out:
            yield "Left out: " + "; ".join(f"{name} ({why})" for name, why in sorted(self.left_out.items())) + "."
        for changes, number in self.course.items():
            yield f"Changed since {number} {'was' if number == 1 else 'were'} graded: {changes}."
        if self.penalties:
            yield f"The late penalty of {self.penalties} has changed: by a due date, an extension, points or the course's rule."
        if self.changed:
            reasons = ", ".join(f"{number} {why}" for why, number in self.why.items())
            yield f"To be graded: {reasons}; {len(self.unchanged)} unchanged."
        if self.changed and self.together:
            yield (f"Run together with the student's code, which could forge their points: {', '.join(self.together)}.")


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
            cells = (*self._all(GradeCell), *self._all(TaskCell))
            names = {cell: self.course.master.key(self.names[cell.notebook_id], cell.name) for cell in cells}
            before = {f"the points of {names[cell]}": f"{cell.max_score:g}" for cell in cells}
            now = {name: part for name, part in now.items() if name.startswith("the points of ")}
        else:
            before = json.loads(released)
        changes = changed(before, now)
        if changes:
            raise NbGraderException(
                f"{os.path.relpath(self.course.source, self.course.root)} has changed since it was released: {changes}. "
                f"Nothing was graded. Run `python -m grading release {self.course.assignment}` first: it brings the "
                "gradebook along, and keeps what a person entered."
            )

    def _all(self, kind):
        query = select(kind).join(Notebook, Notebook.id == kind.notebook_id)
        return self.db.scalars(query.where(Notebook.assignment_id == self.assignment_id))

    def plan(self, students, digests, force=False):
        """Look at what everybody handed in, and return who is to be graded.

        Parameters
        ----------
        students : list of str
        digests : callable
            Returns the fingerprints of what lies at some places.
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
                self._clear(student)
        for some in in_batches([student for student in students if student not in gone]):
            columns = Outcomes.c.student_id, Outcomes.c.submitted, Outcomes.c.course, Outcomes.c.status
            known = {row[0]: row[1:] for row in self.db.execute(select(*columns).where(self._these(some)))}
            in_gradebook = set(self.in_gradebook(some))
            places = [self.course.place(student) for student in some if known.get(student, ("", "", None))[2]]
            now = dict(zip([place.student_id for place in places], digests(places) if places else ()))
            for student in some:
                submitted, course, status = known.get(student, ("", "", MISSING))
                if student in known and status is None:
                    why = "interrupted the last time"
                    plan.interrupted.append(student)
                elif student not in known or status != MISSING and student not in in_gradebook:
                    why = "not graded before"
                elif status != MISSING and not self.course.is_shown(student):
                    why = "without all that is shown of them"
                elif now[student] != submitted:
                    why = "handed in again"
                elif course != self.version:
                    why = "because the course has changed"
                    before = versions.get(course)
                    plan.course[changed(before, self.parts) if before else "the grader"] += 1
                else:
                    why = "because of --force" if force else ""
                (plan.changed if why else plan.unchanged).append(student)
                plan.why.update([why] if why else [])
        return plan

    def together(self, grader, find):
        """Return the tests that run together with the student's code; find them where that is not known of this version.

        Parameters
        ----------
        grader : str
            What the grader's own version is.
        find : callable
        """
        key = {"assignment": self.course.assignment, "course": hashed([self.version, grader])}
        this = Together.c.assignment == key["assignment"], Together.c.course == key["course"]
        known = self.db.scalar(select(Together.c.tests).where(*this))
        if known is None:
            known = json.dumps(sorted(find()))
            self.db.execute(insert(Together), [key | {"tests": known}])
            self.db.commit()
        return frozenset(json.loads(known))

    def begin(self, students):
        """Take back earlier grades and what tells of them, so that they can't stand as if they were new.

        What a person entered stays.
        """
        for student in students:
            self._clear(student)
        there = set(self.db.scalars(select(Outcomes.c.student_id).where(self._these(students))))
        self.db.execute(update(Outcomes).where(self._these(students)).values(status=None))
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
            result, receipt = one.result, one.receipt
            time = handed_in_at(receipt.get(TIME, ""))
            if TIME in receipt and time is None and result.status != MISSING:
                why = f"Its {TIME} says no time, so it counts as in time."
                result = replace(result, message=f"{result.message.rstrip('.')}. {why}")
            theirs = there.get(student)
            if theirs and any((taken or 0) != (penalty or 0) for _, taken in theirs.notebooks.values()):
                theirs.touched = True
            if result.status == MISSING and not (theirs and theirs.touched):
                if theirs:
                    self._forget(theirs)
                penalty = None
            else:
                again = submitted != one.digest
                penalty = self._enter(new, theirs, one, result, time, earlier, again, penalty)
                self._write(one, receipt, time)
            known_now = student in known or result.status != MISSING
            stored.append(self._row(student, one.digest, result.status, result.as_json(), penalty, known_now))
        for kind, rows in new.items():
            if rows:
                self.db.execute(insert(kind.__table__), rows)
        self.db.execute(delete(Outcomes).where(self._these([*by_id])))
        self.db.execute(insert(Outcomes), stored)
        self.db.commit()

    def _clear(self, student):
        """Remove the files that came of an earlier grading."""
        for step in (self.course.course.feedback_directory, self.course.course.autograded_directory):
            shutil.rmtree(self.course.folder(step, student), ignore_errors=True)

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
        written, penalties = penalty, []
        persons = sum(taken or 0 for _, taken in theirs.notebooks.values()) != (written or 0)
        for notebook, (graded_cells, commented_cells) in self.notebooks.items():
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
            penalties.append(self._penalty(result.student_id, total, seconds))
            # Of who was never graded here, the course's own plugin says whose a penalty is.
            taken = taken if (persons if earlier else penalties[-1] is None) else penalties[-1]
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
        return in_all(penalties)

    def _needs_a_person(self, cell, result, earlier, again, manual, extra, waits, commented):
        """Return whether a person has to look at a grade: nobody has, or what was looked at is no longer what it was."""
        score = result.scores.get(cell)
        if manual is None and score is None:
            return True
        if manual is None and extra is None and not commented:
            return False

        def looked_at(result):
            unseen = result.status in (MISSING, FAILED) and result.status  # nothing of the answer was shown
            return result.scores.get(cell), result.max_scores.get(cell), unseen

        return waits or again or not earlier or looked_at(earlier) != looked_at(result)

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

    def _write(self, graded, receipt, time):
        """Write what is shown of a submission, and beside it a receipt that no command of nbgrader stumbles over."""
        student = graded.result.student_id
        path = self.course.autograded(student)
        secret = receipt.get(SECRET, "")
        write_whole(path.with_name(TIME), f"{time:%Y-%m-%d %H:%M:%S.%f} UTC" if time else "")
        write_whole(path.with_name(SECRET), secret if secret.strip() else secrets.token_hex(64))
        for name, text in graded.notebooks.items():
            write_whole(self.course.autograded(student, name), text)
        for name, text in graded.cells.items():
            write_whole(self.course.cells(student, name), text)

    def refresh_penalties(self, students):
        """Bring the penalties of those who are not graded again to the due date, the extensions and the points of today.

        A penalty that a person entered stands. Return how many have another one now.
        """
        changed = 0
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
            query = query.outerjoin(Grade, Grade.notebook_id == SubmittedNotebook.id)
            query = query.where(self._submissions(some))
            query = query.group_by(*list(query.selected_columns)[:5])
            of = {}
            for student, time, extension, notebook, taken, score in self.db.execute(query):
                penalty = self._penalty(student, score, late(time, self.due, extension))
                of.setdefault(student, []).append((notebook, taken, penalty))
            for student, theirs in of.items():
                taken, penalty = (in_all(column) for column in list(zip(*theirs))[1:])
                if (taken or 0) == (written.get(student) or 0) and (taken or 0) != (penalty or 0):
                    for notebook, _, value in theirs:
                        self.db.execute(
                            update(SubmittedNotebook)
                            .where(SubmittedNotebook.id == notebook)
                            .values(late_submission_penalty=value)
                        )
                    self.db.execute(update(Outcomes).where(self._these([student])).values(penalty=penalty))
                    changed += 1
            self.db.commit()
        return changed

    # ------------------------------------------------------------------- feedback

    def for_pages(self, students):
        """Yield what the feedback pages of some students are made of.

        Yields
        ------
        str
            A student's id.
        grading.result.Result
        dict of str to tuple
            Of each notebook, by its name: the student's own cells as HTML, what the gradebook says of each cell, and the
            penalty; see `grading.page.about`.
        """
        this, found = self._submissions(students), {}
        for kind, columns in (
            (
                Grade,
                {
                    "auto": Grade.auto_score,
                    "manual": Grade.manual_score,
                    "extra": Grade.extra_credit,
                    "waits": Grade.needs_manual_grade,
                    "most": Grade.max_score,
                },
            ),
            (Comment, {"comment": Comment.manual_comment}),
        ):
            query = select(
                SubmittedAssignment.student_id, SubmittedNotebook.notebook_id, BaseCell.name, *columns.values()
            )
            query = query.select_from(kind).join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
            query = query.join(SubmittedAssignment).join(BaseCell, BaseCell.id == kind.cell_id)
            for student, notebook, cell, *values in self.db.execute(query.where(this)):
                marks = found.setdefault((student, self.names[notebook]), {})
                marks.setdefault(cell, {}).update(zip(columns, values))
        query = select(
            SubmittedAssignment.student_id, SubmittedNotebook.notebook_id, SubmittedNotebook.late_submission_penalty
        )
        query = query.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        penalties = {
            (student, self.names[notebook]): penalty
            for student, notebook, penalty in self.db.execute(query.where(this))
        }
        results = select(Outcomes.c.student_id, Outcomes.c.result).where(self._these(students))
        results = {student: Result.from_json(result) for student, result in self.db.execute(results)}
        for student in students:
            parts = {}
            for name in self.course.notebooks:
                cells = self.course.cells(student, name).read_text(encoding="utf-8")
                parts[name] = cells, found.get((student, name), {}), penalties.get((student, name)) or 0.0
            yield student, results[student], parts

    def in_gradebook(self, students):
        """Return those students of whom the gradebook has a submission, in their order."""
        found = set(self.db.scalars(select(SubmittedAssignment.student_id).where(self._submissions(students))))
        return [student for student in students if student in found]

    def up_to_date(self, students):
        """Return those students who were graded with the course as it is now."""
        query = select(Outcomes.c.student_id).where(self._these(students), Outcomes.c.course == self.version)
        return set(self.db.scalars(query))

    def write_pages(self, student, pages):
        """Write a student's feedback pages, and beside them the receipt that was stored with the grade.

        Parameters
        ----------
        student : str
        pages : dict of str to bytes
            By the names of the notebooks.
        """
        for name in (TIME, SECRET):
            stored = self.course.autograded(student).with_name(name)
            if stored.exists():
                write_whole(self.course.page(student).with_name(name), stored.read_bytes())
        for name, content in pages.items():
            write_whole(self.course.page(student, name), content)


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


def in_all(penalties):
    """Return the sum of some penalties, None where there is none."""
    some = [penalty for penalty in penalties if penalty is not None]
    return sum(some) if some else None


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


def removed(course, gradebook):
    """Return the ids of those whom a person removed from the gradebook after they were graded."""
    OURS.create_all(gradebook.engine)
    query = select(Outcomes.c.student_id).outerjoin(Student, Student.id == Outcomes.c.student_id)
    query = query.where(Outcomes.c.assignment == course.assignment, Outcomes.c.known, Student.id.is_(None))
    return set(gradebook.db.scalars(query))
