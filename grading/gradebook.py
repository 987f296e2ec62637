"""The only room that knows nbgrader: release, gradebook and feedback of a class."""

import contextlib
import fnmatch
import glob
import hashlib
import logging
import os
import re
import shutil
import stat
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, InvalidEntry, MissingEntry
from nbgrader.apps import api, autogradeapp
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from grading.checks import Master, printable
from grading.grade import SUBMIT_AGAIN, grade
from grading.page import page
from grading.result import CRASHED, MISSING, Result
from grading.sandbox import Limits, NoSandbox, available
from grading.submission import LARGEST

# nbgrader starts alembic by name when it makes a gradebook: find the one installed beside it.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
# nbgrader 0.9.6 makes SQLAlchemy 2.1 warn about nbgrader's own bookkeeping; nothing to act on.
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

ROOT = Path(__file__).resolve().parent.parent


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

    def record(self, student):
        """Return the path of a student's stored `Result`."""
        beside_autograded = Path(self.course.format_path(self.course.autograded_directory, "", "")).parent
        return beside_autograded / "results" / self.assignment / f"{student}.json"

    def students(self):
        """Return the ids of everybody who submitted or is in the gradebook, sorted."""
        found = {path.name for path in self._submitted().glob("[!.]*") if path.is_dir()}
        for name in found:
            if re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", name):  # no database and no table can hold it
                raise NbGraderException(
                    f"The name of the folder {printable(name)!r} in {self._submitted()} is not text: "
                    "unpacking an archive may have spoiled it. Rename it, and run this again."
                )
        with self.gradebook() as gradebook:
            return sorted(found | {student.id for student in gradebook.students})

    def gradebook(self):
        return Gradebook(self.course.db_url, self.course.course_id)

    def exercises(self):
        """Return the points of each exercise by its name: the grade id less ``-test``."""
        return {test.exercise: test.points for test in self.master.tests}

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

    def autograde(self, student, sandbox, force=False):
        """Grade one submission and store what came of it, unless nothing has changed since.

        Parameters
        ----------
        student : str
        sandbox : grading.sandbox.Sandlock or grading.sandbox.Bubblewrap
        force : bool
            Grade again what has not changed.

        Returns
        -------
        Result
        """
        data, why = self.handed_in(student)
        digest = self._digest(data)
        known = Result.load(self.record(student))
        if known is not None and known.digest == digest and not force:
            return known
        self._forget(student)
        if data is None:
            result = self._nothing(student, MISSING, why)
        else:
            try:
                result = grade(self.master, data, student, sandbox, self.limits)
            except (OSError, NoSandbox):
                raise  # this machine's trouble, and not the submission's
            except Exception as error:  # noqa: BLE001 - a defect of ours must not stop the class
                why = f"The grader itself failed on it ({type(error).__name__}: {str(error)[:200]}). Report this, and grade it by hand."
                result = self._nothing(student, CRASHED, why)
            self._store(result, data)
        result = replace(result, digest=digest)
        result.save(self.record(student))
        return result

    def handed_in(self, student):
        """Return the bytes of a student's notebook, or None and the reason.

        It should lie in its place under its name. A notebook under another name, or in a folder
        further down, is taken where it is the only one. A link is not followed.
        """
        try:
            return self._looked_for(student)
        except PermissionError as error:  # an archive keeps the modes that the student's files had
            return None, f"{printable(str(error.filename))} can't be read. Allow it with `chmod -R u+rwX`, and grade again."

    def _looked_for(self, student):
        folder = self.submission(student).parent
        files = [
            Path(parent) / name
            for parent, folders, names in os.walk(folder) if ".ipynb_checkpoints" not in Path(parent).parts
            for name in sorted(names)
        ]  # fmt: skip
        regular = [file for file in files if stat.S_ISREG(file.lstat().st_mode)]
        notebooks = [file for file in regular if file.suffix.lower() == ".ipynb"]
        exact = [file for file in notebooks if file == self.submission(student)]
        itself = folder.resolve() == self._submitted() / student / self.assignment
        if not exact and len(notebooks) != 1 or not itself:
            found = ", ".join(printable(str(file.relative_to(folder))).replace("\n", " ") for file in files[:5]) or "nothing"
            return None, f"Expected {self.master_path.name} in {folder.name}/, found {found}. {SUBMIT_AGAIN}"
        with open((exact or notebooks)[0], "rb") as file:
            return file.read(LARGEST + 1), ""

    def feedback(self, result):
        """Write the feedback page of one graded submission; return its path, or None."""
        path = self.page(result.student_id)
        if not path.exists() and result.status != MISSING:
            with contextlib.suppress(NbGraderException):  # nbgrader finds no folder whose name has a square bracket
                self._run(GenerateFeedback, glob.escape(result.student_id))
        return path if path.exists() else None

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

    def _nothing(self, student, status, why):
        exercises = self.exercises()
        return Result(student, self.assignment, status, dict.fromkeys(exercises, 0.0), exercises, why)

    def _submitted(self):
        return Path(self.course.format_path(self.course.submitted_directory, "", "")).resolve()

    def _digest(self, data):
        """Fingerprint everything that the grade depends on."""
        digest = hashlib.sha256()
        helpers = [name.encode() + content for name, content in sorted(self.master.helpers.items())]
        for part in [b"missing" if data is None else data, self.master.notebook, *helpers, repr(self.limits).encode()]:
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()

    def _store(self, result, data):
        """Write the scores into the gradebook, and the notebook that feedback is made of."""
        with self.gradebook() as gradebook:
            gradebook.update_or_create_student(result.student_id)
            try:
                gradebook.update_or_create_submission(self.assignment, result.student_id)
            except (MissingEntry, InvalidEntry):
                raise NbGraderException(
                    f"The gradebook does not know {self.assignment}. Run `python -m grading release {self.assignment}` first."
                ) from None
            graded = gradebook.find_submission_notebook(self.assignment, self.assignment, result.student_id)
            for score in graded.grades:
                exercise = score.name.removesuffix("-test")
                if exercise in result.scores:
                    score.auto_score, score.needs_manual_grade = result.scores[exercise], False
            gradebook.db.commit()
        path = self.folder(self.course.autograded_directory, result.student_id) / self.master_path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".new")
        nbformat.write(page(self.master, data, result), beside)
        os.replace(beside, path)

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


class SandboxedAutograde(Autograde):
    """nbgrader's step from submissions to grades, done by `Class.autograde`."""

    def start(self):
        course = Class(self.coursedir.assignment_id, Path(self.coursedir.root))
        wanted = [student for student in course.students() if fnmatch.fnmatchcase(student, self.coursedir.student_id)]
        if not wanted:
            raise self.failed(f"There is no submission of {self.coursedir.student_id!r} in {course.submission('STUDENT')}.")
        try:
            sandbox = available()
        except NoSandbox as error:
            raise self.failed(error) from None
        self.log.info("Grading %s submissions in %s", len(wanted), sandbox.name)
        for student in wanted:
            result = course.autograde(student, sandbox, self.force)
            self.log.info("%s: %s, %g of %g. %s", student, result.status, result.score, result.max_score, result.message)

    def failed(self, reason):
        self.log.error(str(reason))
        return NbGraderException(str(reason))


def plug_into_nbgrader():
    """Let the commands of nbgrader and its formgrader grade with `SandboxedAutograde`.

    nbgrader has settings for the parts of its grading step and none for the step itself, and its
    parts meet a submission only after it was read, renamed or refused.
    """
    autogradeapp.Autograde = api.Autograde = SandboxedAutograde
