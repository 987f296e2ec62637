"""The only room that knows nbgrader: release, autograding, feedback and scores of a class."""

import hashlib
import logging
import os
import shutil
import sys
import warnings
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_grade
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from grading.result import CRASHED, GRADED, MALFORMED, MISSING, TIMED_OUT, Result

# nbgrader starts alembic by name when it makes a gradebook: find the one installed beside it.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
# nbgrader 0.9.6 makes SQLAlchemy 2.1 warn about nbgrader's own bookkeeping; nothing to act on.
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

ROOT = Path(__file__).resolve().parent.parent
SUBMIT_AGAIN = "Ask the student to submit the notebook again."


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
        self.master = self.folder(self.course.source_directory, ".") / f"{assignment}.ipynb"
        if not self.master.is_file():
            raise FileNotFoundError(
                f"There is no {self.master}. Expected the authored notebook of the assignment "
                f"{assignment!r}: check the spelling, or add the notebook there."
            )

    # ------------------------------------------------------------ where things are

    def folder(self, step, student):
        """Return the folder of one student in ``step``, such as the submitted directory."""
        return Path(self.course.format_path(step, student, self.assignment))

    def submission(self, student):
        """Return the path at which a student's notebook is expected."""
        return self.folder(self.course.submitted_directory, student) / self.master.name

    def page(self, student):
        """Return the path of a student's feedback page."""
        return self.folder(self.course.feedback_directory, student) / f"{self.assignment}.html"

    def record(self, student):
        """Return the path of a student's stored `Result`."""
        beside_autograded = Path(self.course.format_path(self.course.autograded_directory, "", "")).parent
        return beside_autograded / "results" / self.assignment / f"{student}.json"

    def students(self):
        """Return the ids of everybody who submitted or is in the gradebook, sorted."""
        submitted = Path(self.course.format_path(self.course.submitted_directory, "", "")).resolve()
        found = {path.name for path in submitted.glob("[!.]*") if path.is_dir()}
        with self.gradebook() as gradebook:
            return sorted(found | {student.id for student in gradebook.students})

    def gradebook(self):
        return Gradebook(self.course.db_url, self.course.course_id)

    def exercises(self):
        """Return the points of each exercise by its name: the grade id less ``-test``."""
        cells = nbformat.read(self.master, as_version=4).cells
        return {_exercise(cell): float(cell.metadata.nbgrader.points) for cell in cells if is_grade(cell)}

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
                    f"The gradebook has grades for other cells than {self.master.name} has now. Take the change back, "
                    f"or move the gradebook away and grade again: {self.course.db_url.removeprefix('sqlite:///')}"
                ) from None
            raise
        finally:
            self.course.release_directory = directory
        release.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(release, ignore_errors=True)
        shutil.move(built, release)

    def autograde(self, student, force=False):
        """Grade one submission and store its `Result`, unless nothing has changed since.

        Returns
        -------
        Result
        """
        digest = self._digest(student)
        known = Result.load(self.record(student))
        if known is not None and known.digest == digest and not force:
            return known
        status, scores, message = self._grade(student)
        exercises = self.exercises()
        result = Result(
            student, self.assignment, status,
            scores={name: scores.get(name, 0.0) for name in exercises},
            max_scores=exercises, message=message, digest=digest,
        )  # fmt: skip
        result.save(self.record(student))
        return result

    def feedback(self, result):
        """Write the feedback page of one graded submission; return its path, or None."""
        page = self.page(result.student_id)
        if not page.exists() and result.status in (GRADED, TIMED_OUT):
            self._run(GenerateFeedback, result.student_id)
        return page if page.exists() else None

    def results(self):
        """Return the stored results of the class, one for each student, sorted by id."""
        stored = (Result.load(self.record(student)) for student in self.students())
        return [result for result in stored if result is not None]

    # ------------------------------------------------------------------ how it goes

    def _run(self, converter, student="*"):
        self.course.student_id = student
        task = converter(coursedir=self.course, config=self.config)
        said = _Said()
        task.log = logging.Logger("nbgrader")
        task.log.addHandler(said)
        task.force = True
        if converter is GenerateFeedback:
            task.update_config(Config({"HTMLExporter": {"template_name": "feedback"}}))
        try:
            task.start()
        except NbGraderException as error:
            raise NbGraderException(said.reason or str(error)) from None

    def _digest(self, student):
        """Fingerprint everything that the grade depends on."""
        digest = hashlib.sha256()
        course = [self.master, *sorted(self.master.parent.glob("*.py")), Path(self.course.root) / "nbgrader_config.py"]
        inputs = [self.submission(student), *course]
        for path in inputs:
            digest.update(path.read_bytes() if path.is_file() else b"missing")
            digest.update(b"\0")
        return digest.hexdigest()

    def _grade(self, student):
        """Return the status, the scores and the message of one submission."""
        self._forget(student)
        path = self.submission(student)
        if not path.is_file():
            others = ", ".join(sorted(file.name for file in path.parent.glob("*") if file.is_file()))
            found = f"found only {others}" if others else "found nothing"
            return MISSING, {}, f"Expected {path.name} in {path.parent.name}/, {found}. {SUBMIT_AGAIN}"
        try:
            nbformat.validate(nbformat.read(path, as_version=4))
        except nbformat.reader.NotJSONError:
            return MALFORMED, {}, f"{path.name} is not JSON to its end: the upload may have been cut off. {SUBMIT_AGAIN}"
        except Exception as error:  # nbformat raises whatever the broken file provokes
            reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
            return MALFORMED, {}, f"{path.name} is not a notebook that can be read ({reason}). {SUBMIT_AGAIN}"
        try:
            self._run(Autograde, student)
        except (NbGraderException, SystemExit) as error:
            self._forget(student)
            return self._failure(error)
        return self._outcome(student)

    def _failure(self, error):
        if "metadata format" in str(error):
            return MALFORMED, {}, f"The grading metadata of the cells is damaged. {SUBMIT_AGAIN}"
        return CRASHED, {}, (
            "The notebook could not be run to its end: it may stop its own kernel or use too much memory. "
            "Read its code before you run it."
        )

    def _outcome(self, student):
        """Read the scores that nbgrader stored, and the checks' messages from the graded notebook."""
        notebook = nbformat.read(self.folder(self.course.autograded_directory, student) / self.master.name, 4)
        errors = {
            _exercise(cell): [out for out in cell.outputs if out.output_type == "error"]
            for cell in notebook.cells if is_grade(cell)
        }  # fmt: skip
        scores, remarks = {}, []
        with self.gradebook() as gradebook:
            graded = gradebook.find_submission_notebook(self.assignment, self.assignment, student)
            for grade in graded.grades:
                exercise = grade.name.removesuffix("-test")
                if grade.auto_score is None:  # nbgrader leaves what it did not find without a score
                    grade.auto_score, grade.needs_manual_grade = 0.0, False
                    remarks.append(f"{exercise}: its test cell is missing from the submission")
                elif errors.get(exercise):
                    remarks.append(f"{exercise}: {_remark(errors[exercise][0])}")
                scores[exercise] = float(grade.auto_score)
            gradebook.db.commit()
        timed_out = any(
            out.output_type == "error" and out.ename == "CellTimeoutError"
            for cell in notebook.cells for out in cell.get("outputs", [])
        )  # fmt: skip
        if timed_out:
            limit = self.config.Execute.timeout
            remarks.insert(0, f"a cell ran for more than {limit} s and was stopped: look for a loop that never ends")
        return TIMED_OUT if timed_out else GRADED, scores, "; ".join(remarks) or "All checks passed."

    def _forget(self, student):
        """Remove an earlier grade and what tells of it, so that it can't stand as if it were new."""
        self.record(student).unlink(missing_ok=True)
        self.page(student).unlink(missing_ok=True)
        with self.gradebook() as gradebook:
            try:
                gradebook.remove_submission(self.assignment, student)
            except MissingEntry:
                pass
        shutil.rmtree(self.folder(self.course.autograded_directory, student), ignore_errors=True)


class _Said(logging.Handler):
    """Keeps the reason of a failure, which nbgrader only logs: the last line of a traceback."""

    reason = ""

    def emit(self, record):
        text = record.getMessage()
        if text.startswith("Traceback"):
            self.reason = text.strip().splitlines()[-1].partition(": ")[2]


def _exercise(cell):
    return cell.metadata.nbgrader.grade_id.removesuffix("-test")


def _remark(error):
    """Say in one line why a test cell failed."""
    if "NotImplementedError" in error.ename + error.evalue:
        return "not written yet"
    text, *rest = error.evalue.strip().splitlines() or [""]
    if error.ename == "CheckFailed":  # the call, then a labelled line each: expected, got, hint
        return " ".join(" ".join(line.split()) for line in rest)
    return f"{error.ename}: {text}".removesuffix(": ")
