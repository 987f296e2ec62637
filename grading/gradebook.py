"""The only room that knows nbgrader: release, gradebook and feedback of a class."""

import contextlib
import fnmatch
import functools
import hashlib
import logging
import math
import os
import re
import secrets
import shutil
import stat
import sys
import warnings
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from nbgrader.apps import api, autogradeapp
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy import Column, MetaData, String, Table, Text, and_, collate, delete, insert, make_url, select, update
from sqlalchemy.exc import ArgumentError, DBAPIError, SAWarning
from traitlets import TraitError
from traitlets.config import Config, PyFileConfigLoader

from grading.checks import Master, printable
from grading.result import MISSING, SUBMIT_AGAIN, Result, Submitted
from grading.sandbox import Limits, NoSandbox, available
from grading.submission import LARGEST

# nbgrader starts alembic by name when it makes a gradebook: find the one installed beside it.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
# nbgrader 0.9.6 makes SQLAlchemy 2.1 warn about nbgrader's own bookkeeping; nothing to act on.
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

LONGEST_ID = 128  # characters of a student id in nbgrader's tables
# What `nbgrader submit` puts beside a notebook. The gradebook keeps the time, and `nbgrader release_feedback` wants both.
TIME, SECRET = "timestamp.txt", "submission_secret.txt"
ROOT = Path(__file__).resolve().parent.parent
READABLE = (ROOT / "grading" / "templates" / "readable" / "readable.css").read_text()


class Class:
    """The submissions of one assignment in one nbgrader course directory.

    Parameters
    ----------
    assignment : str
        Name of a folder in the course's source folder.
    root : pathlib.Path, optional
        The course directory; it holds ``nbgrader_config.py``.
    """

    def __init__(self, assignment, root=ROOT):
        self.config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        self.config.merge(Config({"Application": {"log_level": "CRITICAL"}}))
        self.course = CourseDirectory(config=self.config)
        self.course.assignment_id = self.assignment = assignment
        self.master_path = self.folder(self.course.source_directory, ".") / f"{assignment}.ipynb"
        if not self.master_path.is_file():
            raise FileNotFoundError(
                f"There is no {self.master_path}. Expected the authored notebook of the assignment "
                f"{assignment!r}: check the spelling, or add the notebook there."
            )
        try:
            self.limits = Limits(**self.config.Limits)
        except TypeError as error:
            raise NbGraderException(f"nbgrader_config.py sets a limit that does not exist: {error}.") from None
        helpers = {path.name: path.read_bytes() for path in sorted(self.master_path.parent.glob("*.py"))}
        self.master = Master(assignment, self.master_path.read_bytes(), helpers)

    # ------------------------------------------------------------ where things are

    def folder(self, step, student):
        """Return the folder of one student in ``step``, such as the submitted directory."""
        return Path(self.course.format_path(step, student, self.assignment))

    def submission(self, student):
        """Return the path at which a student's notebook is expected."""
        return self.folder(self.course.submitted_directory, student) / self.master_path.name

    def page(self, student):
        """Return the path of a student's feedback page."""
        return self.folder(self.course.feedback_directory, student) / f"{self.assignment}.html"

    def students(self):
        """Return the ids of everybody who submitted or is in the gradebook, sorted."""
        found = set()
        if self._submitted().is_dir():
            found = {
                entry.name
                for entry in os.scandir(self._submitted())
                if entry.is_dir() and not entry.name.startswith(".")
            }
        for name in found:
            if re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", name) or len(name) > LONGEST_ID:
                raise NbGraderException(
                    f"No gradebook can hold the name of the folder {printable(name)!r} in {self._submitted()}: it is not text, or "
                    f"has more than {LONGEST_ID} characters. Unpacking an archive may have spoiled it. Rename it, and run this again."
                )
        with self.gradebook() as gradebook:
            return sorted(found.union(gradebook.db.scalars(select(Student.id))))

    @contextlib.contextmanager
    def gradebook(self):
        """Open the gradebook; what goes wrong with the database arrives as one sentence."""
        where = make_url(self.course.db_url).render_as_string(hide_password=True)
        try:
            with Gradebook(self.course.db_url, self.course.course_id) as gradebook:
                yield gradebook
        except (ArgumentError, DBAPIError, ModuleNotFoundError) as error:
            reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise NbGraderException(
                f"The gradebook {where} can't be used: {reason}. What was stored is kept; the same command goes on from there."
            ) from error

    @contextlib.contextmanager
    def writer(self):
        """Open the gradebook for grading."""
        with self.gradebook() as gradebook:
            yield Writer(self, gradebook)

    # ---------------------------------------------------------------- what is done

    def generate(self):
        """Build the release from the source, and register the assignment in the gradebook.

        The release that is there stands until the new one is whole: nbgrader removes what it failed to build.
        """
        release = self.folder(self.course.release_directory, ".")
        directory, self.course.release_directory = self.course.release_directory, "build/release"
        built = self.folder(self.course.release_directory, ".")
        try:
            self._run(GenerateAssignment)
        except NbGraderException as error:
            if "submissions associated" in str(error):
                raise NbGraderException(
                    f"The gradebook has grades for other cells than {self.master_path.name} has now. Take the change back, "
                    f"or move the gradebook away and grade again: {self.course.db_url.removeprefix('sqlite:///')}"
                ) from None
            raise
        finally:
            self.course.release_directory = directory
        release.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(release, ignore_errors=True)
        shutil.move(built, release)

    def handed_in(self, student):
        """Return the bytes of a student's notebook, or None and the reason.

        It should lie in its place under its name. A notebook under another name, or in a folder
        further down, is taken where it is the only one. A link is not followed.
        """
        try:
            return self._looked_for(student)
        except PermissionError as error:  # an archive keeps the modes that the student's files had
            return (
                None,
                f"{printable(str(error.filename))} can't be read. Allow it with `chmod -R u+rwX`, and grade again.",
            )

    def _looked_for(self, student):
        folder = self.submission(student).parent
        files = [
            Path(parent) / name
            for parent, folders, names in os.walk(folder)
            if ".ipynb_checkpoints" not in Path(parent).parts
            for name in sorted(names)
        ]
        regular = [file for file in files if stat.S_ISREG(file.lstat().st_mode)]
        notebooks = [file for file in regular if file.suffix.lower() == ".ipynb"]
        exact = [file for file in notebooks if file == self.submission(student)]
        itself = folder.resolve() == self._submitted() / student / self.assignment
        if not exact and len(notebooks) != 1 or not itself:
            found = (
                ", ".join(printable(str(file.relative_to(folder))).replace("\n", " ") for file in files[:5])
                or "nothing"
            )
            return None, f"Expected {self.master_path.name} in {folder.name}/, found {found}. {SUBMIT_AGAIN}"
        with open((exact or notebooks)[0], "rb") as file:
            return file.read(LARGEST + 1), ""

    def receipt(self, student):
        """Return what the exchange wrote beside a submission: texts by file name, empty where there is no short text."""
        paths = (self.submission(student).with_name(name) for name in (TIME, SECRET))
        return {path.name: short_text(path) for path in paths if os.path.lexists(path)}

    def store_page(self, student, text):
        """Write a feedback page, and beside it the receipt that was stored with the grade."""
        for name in (TIME, SECRET):
            stored = self.folder(self.course.autograded_directory, student) / name
            if stored.exists():
                write_whole(self.page(student).with_name(name), stored.read_text(encoding="utf-8"))
        write_whole(self.page(student), text)

    def for_pages(self, gradebook, students):
        """Return what the feedback pages of some students are made of: see `render`."""
        found = {student: {} for student in students}
        this = and_(Assignment.name == self.assignment, SubmittedAssignment.student_id.in_(students))
        for kind, columns in (
            (Grade, {"score": Grade.score, "points": Grade.max_score}),
            (Comment, {"comment": Comment.comment}),
        ):
            query = select(SubmittedAssignment.student_id, BaseCell.name, *columns.values()).select_from(kind)
            query = (
                query.join(SubmittedNotebook)
                .join(SubmittedAssignment)
                .join(Assignment)
                .join(BaseCell, BaseCell.id == kind.cell_id)
            )
            for student, cell, *values in gradebook.db.execute(query.where(this)):
                found[student].setdefault(cell, {}).update(zip(columns, values))
        paths = {
            student: self.folder(self.course.autograded_directory, student) / self.master_path.name
            for student in students
        }
        lost = [student for student, path in paths.items() if not path.exists()]
        if lost:
            raise NbGraderException(
                f"There is no {paths[lost[0]]}, which feedback is made of. Grade it again: "
                f"python -m grading autograde {self.assignment} --force --student {' '.join(lost)}"
            )
        query = select(SubmittedAssignment.student_id, SubmittedNotebook.late_submission_penalty).select_from(
            SubmittedNotebook
        )
        query = (
            query.join(SubmittedAssignment)
            .join(Assignment)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        )
        penalties = dict(gradebook.db.execute(query.where(this, Notebook.name == self.assignment)).all())
        return [
            (student, path.read_text(encoding="utf-8"), found[student], penalties.get(student) or 0)
            for student, path in paths.items()
        ]

    def results(self):
        """Yield the stored results of the class, one for each student, by id as Python sorts them.

        Yields
        ------
        (str, Result or None)
            A student's id; None where grading was interrupted.
        """
        with self.gradebook() as gradebook:
            Stored.metadata.create_all(gradebook.engine)
            by_id = collate(Stored.c.student_id, "C" if gradebook.engine.dialect.name == "postgresql" else "BINARY")
            query = (
                select(Stored.c.student_id, Stored.c.result)
                .where(Stored.c.assignment == self.assignment)
                .order_by(by_id)
            )
            for student, text in gradebook.db.connection().execution_options(yield_per=1000).execute(query):
                yield student, Result.from_json(text) if text else None

    # ------------------------------------------------------------------ how it goes

    def _run(self, converter):
        task = converter(coursedir=self.course, config=self.config)
        said = _Said()
        task.log = logging.Logger("nbgrader")
        task.log.addHandler(said)
        task.force = True
        try:
            task.start()
        except NbGraderException as error:
            raise NbGraderException(said.reason or str(error)) from None

    def _submitted(self):
        return Path(self.course.format_path(self.course.submitted_directory, "", "")).resolve()

    def digest(self, data, receipt):
        """Fingerprint everything that the grade depends on."""
        digest = hashlib.sha256()
        helpers = [name.encode() + content for name, content in sorted(self.master.helpers.items())]
        received = [text.encode() for text in receipt.values()]
        for part in [
            b"missing" if data is None else data,
            self.master.notebook,
            *helpers,
            repr(self.limits).encode(),
            *received,
        ]:
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()


# What nbgrader's gradebook has no place for. It lies beside nbgrader's own tables, so that one transaction stores both.
Stored = Table(
    "sandboxed_result",
    MetaData(),
    Column("assignment", String(128), primary_key=True),
    Column("student_id", String(128), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("result", Text),  # a Result as JSON; NULL from when grading begins until it is stored
)


class Writer:
    """The one that writes what comes of grading: gradebook rows in batches, and the notebooks that feedback is made of.

    Parameters
    ----------
    course : Class
    gradebook : nbgrader.api.Gradebook
    """

    def __init__(self, course, gradebook):
        self.course, self.gradebook, self.db = course, gradebook, gradebook.db
        Stored.metadata.create_all(gradebook.engine)
        try:
            assignment = gradebook.find_assignment(course.assignment)
        except MissingEntry:
            raise NbGraderException(
                f"The gradebook does not know {course.assignment}. Run `python -m grading release {course.assignment}` first."
            ) from None
        self.assignment_id, self.due = assignment.id, assignment.duedate
        self.receipts = {}  # of those whose grading is under way
        late = AssignLatePenalties(config=course.config)
        try:
            late.init_plugin()
        except TraitError as error:
            raise NbGraderException(
                f"nbgrader_config.py sets a penalty for late submissions that does not exist: {error}"
            ) from None
        self.late_penalty = late.plugin_inst.late_submission_penalty
        self.notebooks = [
            (
                notebook.id,
                notebook.name == course.assignment,
                [(cell.id, cell.name.removesuffix("-test")) for cell in (*notebook.grade_cells, *notebook.task_cells)],
                [cell.id for cell in (*notebook.solution_cells, *notebook.task_cells)],
            )
            for notebook in assignment.notebooks
        ]

    def interrupted(self):
        """Return the ids of those whose grading began and was not stored."""
        query = select(Stored.c.student_id).where(
            Stored.c.assignment == self.course.assignment, Stored.c.result.is_(None)
        )
        return sorted(self.db.scalars(query))

    def look_up(self, students, force):
        """Yield what each student handed in."""
        for start in range(0, len(students), 500):
            some = students[start : start + 500]
            query = select(Stored.c.student_id, Stored.c.digest).where(self._these(some), Stored.c.result.is_not(None))
            known = {} if force else dict(self.db.execute(query).all())
            for student in some:
                data, why = self.course.handed_in(student)
                receipt = self.course.receipt(student)
                digest = self.course.digest(data, receipt)
                unchanged = known.get(student) == digest
                if receipt and not unchanged:
                    self.receipts[student] = receipt
                yield Submitted(student, digest, unchanged=True) if unchanged else Submitted(student, digest, data, why)

    def begin(self, students):
        """Remove earlier grades and what tells of them, so that they can't stand as if they were new."""
        for student in students:
            self.course.page(student).unlink(missing_ok=True)
            for step in (self.course.course.feedback_directory, self.course.course.autograded_directory):
                shutil.rmtree(self.course.folder(step, student), ignore_errors=True)
        self.db.execute(delete(Stored).where(self._these(students)))
        self.db.execute(insert(Stored), [self._row(student) for student in students])
        of_these = select(SubmittedAssignment.id).where(
            SubmittedAssignment.assignment_id == self.assignment_id, SubmittedAssignment.student_id.in_(students)
        )
        notebooks = select(SubmittedNotebook.id).where(SubmittedNotebook.assignment_id.in_(of_these))
        for kind in (Grade, Comment):
            self.db.execute(delete(kind).where(kind.notebook_id.in_(notebooks)))
        self.db.execute(delete(SubmittedNotebook).where(SubmittedNotebook.assignment_id.in_(of_these)))
        # An extension that a teacher gave stands.
        self.db.execute(
            delete(SubmittedAssignment).where(
                SubmittedAssignment.id.in_(of_these), SubmittedAssignment.extension.is_(None)
            )
        )
        self.db.commit()

    def store(self, graded):
        """Store what came of some submissions: all of it, or after a crash none of it."""
        ids = [one.result.student_id for one in graded if one.result.status != MISSING]
        known = set(self.db.scalars(select(Student.id).where(Student.id.in_(ids))))
        rows = {kind: [] for kind in (Student, SubmittedAssignment, SubmittedNotebook, Grade, Comment)}
        rows[Student] = [{"id": student} for student in ids if student not in known]
        query = select(SubmittedAssignment.student_id, SubmittedAssignment.id, SubmittedAssignment.extension)
        query = query.where(
            SubmittedAssignment.assignment_id == self.assignment_id, SubmittedAssignment.student_id.in_(ids)
        )
        extended = {student: (number, extension) for student, number, extension in self.db.execute(query)}
        stored = []
        for one in graded:
            result, receipt = one.result, self.receipts.pop(one.result.student_id, {})
            if result.status != MISSING:
                time = handed_in_at(receipt.get(TIME, ""))
                files = {self.course.master_path.name: one.notebook}
                if receipt:  # complete, and nothing in it that a command would stumble over
                    files[TIME] = f"{time:%Y-%m-%d %H:%M:%S.%f} UTC" if time else ""
                    files[SECRET] = (
                        receipt.get(SECRET, "") if receipt.get(SECRET, "").strip() else secrets.token_hex(64)
                    )
                folder = self.course.folder(self.course.course.autograded_directory, result.student_id)
                for name, text in files.items():
                    write_whole(folder / name, text)
                if TIME in receipt and time is None:
                    result = replace(
                        result,
                        message=f"{result.message.rstrip('.')}. Its {TIME} says no time, so it counts as in time.",
                    )
                result = self._add(rows, result, time, *extended.get(result.student_id, (None, timedelta())))
            stored.append(self._row(result.student_id, one.digest, result.as_json()))
        for kind, new in rows.items():
            if new:
                self.db.execute(insert(kind), new)
        self.db.execute(delete(Stored).where(self._these([row["student_id"] for row in stored])))
        self.db.execute(insert(Stored), stored)
        self.db.commit()

    def _these(self, students):
        return and_(Stored.c.assignment == self.course.assignment, Stored.c.student_id.in_(students))

    def _row(self, student, digest="", result=None):
        return {"assignment": self.course.assignment, "student_id": student, "digest": digest, "result": result}

    def _add(self, rows, result, time, number, extension):
        """Add the rows that nbgrader would make, with the scores in them; return the result, which says if it is late."""
        if number is None:
            number = new_uuid()
            rows[SubmittedAssignment].append(
                {"id": number, "assignment_id": self.assignment_id, "student_id": result.student_id, "timestamp": time}
            )
        else:
            self.db.execute(update(SubmittedAssignment).where(SubmittedAssignment.id == number).values(timestamp=time))
        late, penalty = (time - self.due - extension).total_seconds() if time and self.due else 0, None
        if late > 0:
            penalty = self._penalty(result, late)
            how = f"{late / 3600:.1f} hours" if late >= 3600 else f"{math.ceil(late / 60)} minutes"
            why = f" The gradebook takes {penalty:g} points off." if penalty else ""
            result = replace(result, message=f"{result.message.rstrip('.')}. Handed in {how} late.{why}")
        for notebook, graded_here, graded_cells, commented_cells in self.notebooks:
            submitted = {
                "id": new_uuid(),
                "notebook_id": notebook,
                "assignment_id": number,
                "late_submission_penalty": penalty if graded_here else None,
            }
            rows[SubmittedNotebook].append(submitted)
            for cell, exercise in graded_cells:
                score = result.scores.get(exercise)
                rows[Grade].append(
                    {
                        "cell_id": cell,
                        "notebook_id": submitted["id"],
                        "auto_score": score,
                        "needs_manual_grade": score is None,
                    }
                )
            rows[Comment].extend({"cell_id": cell, "notebook_id": submitted["id"]} for cell in commented_cells)
        return result

    def _penalty(self, result, late):
        """Return the points that the course takes off for so many seconds, or None."""
        try:
            penalty = self.late_penalty(result.student_id, result.score, late)
        except Exception as error:  # noqa: BLE001 - the course's own plugin
            why = f"{type(error).__name__}: {error}"
            raise NbGraderException(
                f"The course's plugin for late submissions failed for {result.student_id}: {why}."
            ) from error
        return None if penalty is None else float(min(max(penalty, 0), result.score))


def handed_in_at(text):
    """Return the time that a receipt says, in UTC as nbgrader keeps it, or None."""
    if re.fullmatch(r"[\w:.,+ -]{1,100}", text.strip()):  # no path: dateutil would open it as a time zone
        with contextlib.suppress(Exception):
            return parse_utc(text.strip())
    return None


def short_text(path):
    """Return the text of a small regular file, and an empty one for all else that may lie there."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with open(file, "rb") as opened:
        data = opened.read(1001) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    return data.decode(errors="ignore") if len(data) <= 1000 else ""


class FeedbackPage(HTMLExporter):
    """nbgrader's feedback page, which names no language, and whose colours are too pale for many eyes."""

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
        What `Class.for_pages` returns.

    Returns
    -------
    list of (str, str)
        A student's id and the page as HTML.
    """
    return [(student, render(assignment, student, *about)) for student, *about in pages]


def render(assignment, student, text, known, penalty):
    """Return a feedback page, from a notebook, what the gradebook says of each cell, and what it takes off for being late."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        marks.update(known.get(marks.get("grade_id"), {}))
    scores = [marks for marks in known.values() if "score" in marks]
    total = {name: sum(marks[key] for marks in scores) for name, key in (("score", "score"), ("max_score", "points"))}
    total["score"] -= penalty
    about = {"notebook": assignment, "assignment": assignment, "student": student, "late_penalty": penalty, **total}
    return exporter().from_notebook_node(notebook, {"nbgrader": about, "metadata": {"name": assignment}})[0]


def write_whole(path, text):
    """Write a file beside its place and rename it then, so that it is never half there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    with open(beside, "w", encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)
    os.replace(beside, path)


class _Said(logging.Handler):
    """Keeps the reason of a failure, which nbgrader only logs: the last line of a traceback."""

    reason = ""

    def emit(self, record):
        text = record.getMessage()
        if text.startswith("Traceback"):
            self.reason = text.strip().splitlines()[-1].partition(": ")[2]


def plug_into_nbgrader(grade_class):
    """Let the commands of nbgrader and its formgrader grade with ``grade_class``.

    nbgrader has settings for the parts of its grading step and none for the step itself, and its
    parts meet a submission only after it was read, renamed or refused.

    Parameters
    ----------
    grade_class : callable
        Takes a `Class`, a list of its students and whether to grade again what has not changed. Yields what was stored.
    """

    class SandboxedAutograde(Autograde):
        def start(self):
            try:
                course = Class(self.coursedir.assignment_id, Path(self.coursedir.root))
                wanted = [
                    student for student in course.students() if fnmatch.fnmatchcase(student, self.coursedir.student_id)
                ]
                if not wanted:
                    raise NbGraderException(
                        f"There is no submission of {self.coursedir.student_id!r} in {course.submission('STUDENT')}."
                    )
                self.log.info(f"Grading {len(wanted)} submissions in {available().name}")
                with course.writer() as writer:
                    for student in writer.interrupted():
                        self.log.warning(f"{student}: grading was interrupted the last time")
                for student, graded in grade_class(course, wanted, self.force):
                    result = graded and graded.result
                    self.log.info(
                        f"{student}: {result.status}, {result.score:g} of {result.max_score:g} in {graded.seconds:.2f} s. {result.message}"
                        if graded
                        else f"{student}: nothing has changed"
                    )
            except (OSError, NoSandbox, NbGraderException) as error:
                self.log.error(str(error))
                raise NbGraderException(str(error)) from None

    autogradeapp.Autograde = api.Autograde = SandboxedAutograde
