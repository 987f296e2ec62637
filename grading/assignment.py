"""One assignment of a course directory: where things are, what was handed in, the gradebook, the build of the release."""

import contextlib
import fcntl
import fnmatch
import getpass
import logging
import os
import platform
import re
import shutil
import sqlite3
import sys
import time
import warnings
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, Student
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc
from sqlalchemy import make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SAWarning
from traitlets.config import Config, PyFileConfigLoader

from grading.master import Master, hashed
from grading.result import printable
from grading.sandbox import Limits
from grading.submission import Place

# nbgrader starts alembic by name when it makes a gradebook: find the one installed beside it.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
# nbgrader 0.9.6 makes SQLAlchemy 2.1 warn about nbgrader's own bookkeeping; nothing to act on.
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

LONGEST_ID = 128  # characters of a student id in nbgrader's tables
STEPS = "source", "submitted", "release", "autograded", "feedback"


class CourseAssignment:
    """One assignment of one nbgrader course directory.

    Parameters
    ----------
    assignment : str
        Name of a folder in the course's source folder.
    root : pathlib.Path
        The course directory; it holds ``nbgrader_config.py``.
    apart : pathlib.Path, optional
        A folder that stands in for the course directory, with a gradebook of its own, whatever the configuration says
        of either: what is done there never touches the course.
    """

    def __init__(self, assignment, root, apart=None):
        if not (root / "nbgrader_config.py").is_file():
            raise FileNotFoundError(
                f"There is no nbgrader_config.py in {root}. Expected a course directory of nbgrader: go there, or name it "
                "with --course DIR."
            )
        self.config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        self.config.merge(Config({"Application": {"log_level": "CRITICAL"}}))
        self.find_from(root.resolve())
        if apart:
            own = {f"{step}_directory": step for step in STEPS}
            own |= {"root": str(apart), "db_url": f"sqlite:///{apart / 'gradebook.db'}"}
            self.config.merge(Config({"CourseDirectory": own}))
        self.course = CourseDirectory(config=self.config)
        self.course.assignment_id = self.assignment = assignment
        self.root = Path(self.course.root)
        self.source = self.folder(self.course.source_directory, ".")
        if not any(self.source.glob("*.ipynb")):
            raise FileNotFoundError(
                f"There is no {self.source}/{assignment}.ipynb, and no other notebook. Expected the authored notebooks of the "
                f"assignment {assignment!r} in that folder: check the spelling, or add them there."
            )
        try:
            self.limits = Limits(**self.config.Limits)
        except TypeError as error:
            raise NbGraderException(f"nbgrader_config.py sets a limit that does not exist: {error}.") from None
        self.master = self.read(self.folder(self.course.release_directory, "."))

    def find_from(self, root):
        """Have the configuration name its places in full: nbgrader itself looks for them from the folder that it is run in."""
        course, around = self.config.CourseDirectory, self.config.IncludeHeaderFooter
        course.root = str(root / course.get("root", ""))
        kind, path = str(course.get("db_url", "")).partition("sqlite:///")[::2]
        if path and not kind:
            course.db_url = f"sqlite:///{root / path}"
        around.update({name: str(root / around[name]) for name in ("header", "footer") if around.get(name)})

    def read(self, release, address=None):
        """Return the authored assignment beside what was built from it in a folder, if it was.

        Parameters
        ----------
        release : pathlib.Path
        address : str, optional
            Of the gradebook that was filled by that build, if it is not the course's own.
        """
        authored = {path.stem: path.read_bytes() for path in sorted(self.source.glob("*.ipynb"))}
        released = {
            name: (release / f"{name}.ipynb").read_bytes() for name in authored if (release / f"{name}.ipynb").is_file()
        }
        generated = (
            self.generated(address or self.course.db_url)
            if any(b"AUTOTEST" in one for one in authored.values())
            else {}
        )
        master = Master(self.assignment, authored, files_beside(self.source, self.course.ignore), released, generated)
        for name in authored:
            try:
                broken = master.notebooks[name].broken()
            except Exception as error:  # noqa: BLE001 - nbformat raises whatever the file provokes
                broken = f"it is no notebook ({str(error).strip().splitlines()[0][:200] or type(error).__name__})"
            if broken:
                raise NbGraderException(
                    f"{self.source / name}.ipynb can't be graded with: {broken}. Mend it, and run this again."
                )
        return master

    def generated(self, address):
        """Return the tests that a gradebook has, by the notebook's name and the grade id: nbgrader writes some when it builds."""
        found = {}
        try:
            with Gradebook(address, self.course.course_id) as gradebook:
                for notebook in gradebook.find_assignment(self.assignment).notebooks:
                    graded = {cell.name for cell in notebook.grade_cells}
                    found[notebook.name] = {
                        cell.name: cell.source for cell in notebook.source_cells if cell.name in graded
                    }
        except (MissingEntry, DBAPIError):
            pass  # nothing was built yet
        return found

    # ------------------------------------------------------------ where things are

    def folder(self, step, student):
        """Return the folder of one student in ``step``, such as the submitted directory."""
        return Path(self.course.format_path(step, student, self.assignment))

    @property
    def notebooks(self):
        """The names of the notebooks."""
        return [*self.master.notebooks]

    def submission(self, student, notebook=None):
        """Return the path at which a student's notebook is expected, by default the first."""
        return self.folder(self.course.submitted_directory, student) / f"{notebook or self.notebooks[0]}.ipynb"

    def autograded(self, student, notebook=None):
        """Return the path of a notebook that the formgrader shows, by default the first."""
        return self.folder(self.course.autograded_directory, student) / f"{notebook or self.notebooks[0]}.ipynb"

    def cells(self, student, notebook):
        """Return the path of what the feedback page shows of a student's own cells in a notebook."""
        return self.autograded(student, notebook).with_suffix(".cells.html")

    def is_shown(self, student):
        """Whether everything is there that is shown of a student's submission."""
        paths = (path(student, name) for name in self.notebooks for path in (self.autograded, self.cells))
        return all(path.exists() for path in paths)

    def page(self, student, notebook=None):
        """Return the path of a student's feedback page, by default of the first notebook."""
        return self.folder(self.course.feedback_directory, student) / f"{notebook or self.notebooks[0]}.html"

    def submitted(self):
        """Return the folder that holds a folder for each student."""
        return Path(self.course.format_path(self.course.submitted_directory, "", "")).resolve()

    # ---------------------------------------------------------- what was handed in

    def arrivals(self):
        """Return the names of the students' folders, and of all else that lies there, with why it is none.

        Returns
        -------
        set of str
        dict of str to str
        """
        found, left_out = set(), {}
        for entry in os.scandir(self.submitted()) if self.submitted().is_dir() else ():
            why = no_student(entry)
            if why:
                left_out[printable(entry.name)] = why
            elif re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", entry.name) or len(entry.name) > LONGEST_ID:
                raise NbGraderException(
                    f"No gradebook can hold the name of the folder {printable(entry.name)!r} in {self.submitted()}: it is not "
                    f"text, or has more than {LONGEST_ID} characters. Unpacking an archive may have spoiled it. Rename it, and "
                    "run this again."
                )
            else:
                found.add(entry.name)
        return found, left_out

    def students(self):
        """Return the ids of everybody who submitted or is in the gradebook, sorted."""
        found, _ = self.arrivals()
        with self.gradebook() as gradebook:
            return sorted(found.union(gradebook.db.scalars(select(Student.id))))

    def place(self, student):
        """Return where a student's submission is expected, as `grading.submission.Place`."""
        folder, given = self.submission(student).parent, frozenset(self.master.files)
        return Place(student, folder, self.submitted(), tuple(self.notebooks), given)

    def places(self):
        """Return where the course lies, and those of its folders and its gradebook that may lie elsewhere."""
        database = make_url(self.course.db_url)
        files = [database.database] if database.get_backend_name() == "sqlite" and database.database else []
        folders = [getattr(self.course, f"{step}_directory") for step in STEPS]
        return [self.root, *(self.root / place for place in [*folders, *files])]

    # --------------------------------------------------------------- fingerprints

    def parts(self):
        """Return a hash of everything of the course that a grade depends on, by what a person calls it."""
        return self.master.parts | {"the limits": hashed([repr(self.limits)])}

    # --------------------------------------------------- the gradebook and who has it

    @contextlib.contextmanager
    def gradebook(self):
        """Open the gradebook; what goes wrong with the database arrives as one sentence."""
        where = make_url(self.course.db_url).render_as_string(hide_password=True)
        try:
            with Gradebook(self.course.db_url, self.course.course_id) as gradebook:
                yield gradebook
        except IntegrityError as error:
            raise NbGraderException(
                f"Another program wrote to the gradebook {where} at the same time. What was stored is kept; run the same command again."
            ) from error
        except (ArgumentError, DBAPIError, ModuleNotFoundError) as error:
            reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise NbGraderException(
                f"The gradebook {where} can't be used: {reason}. What was stored is kept; the same command goes on from there."
            ) from error

    @contextlib.contextmanager
    def held(self, command):
        """Hold the course while a command writes to it. The kernel lets go of it when the process ends, however it ends."""
        with open(self.root / ".grading.lock", "a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise NbGraderException(
                    f"{file.read().strip() or 'Another command'} and holds the course {self.root}. Nothing was done: "
                    "wait until it has ended, and run this again."
                ) from None
            file.truncate(0)
            who = f"Process {os.getpid()} of {user()} on {platform.node()}"
            file.write(f"{who} has run `{command}` since {time.strftime('%H:%M:%S')}\n")
            file.flush()
            yield
            file.truncate(0)

    def refuse_together(self, tests):
        """Raise where tests would run together with students' code and the course does not allow that."""
        if tests and self.config.Grading.get("together", True) is False:
            raise NbGraderException(
                f"These tests can't be split from the student's code: {', '.join(tests)}. nbgrader_config.py has "
                "`c.Grading.together = False`, so nothing was graded. Let the tests pass and compare plain data, in calls "
                f"that need less than {self.limits.call / 2:g} s of your solution, or take that line out."
            )

    # ------------------------------------------------------------------ the release

    def build(self):
        """Build the release from the source, in a folder of its own and with a gradebook that knows nothing else.

        Returns
        -------
        pathlib.Path
            The folder.
        pathlib.Path
            That gradebook, in SQLite.
        """
        before = self.course.release_directory, self.course.db_url
        beside = self.root / "build" / "gradebook.db"
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        for_once(beside)
        try:
            self.course.release_directory, self.course.db_url = "build/release", f"sqlite:///{beside}"
            built = self.folder(self.course.release_directory, ".")
            shutil.rmtree(built, ignore_errors=True)
            run(GenerateAssignment(coursedir=self.course, config=self.config))
            return built, beside
        finally:
            self.course.release_directory, self.course.db_url = before

    def put_in_place(self, built):
        """Let a release take the place of the one that is there."""
        release = self.folder(self.course.release_directory, ".")
        release.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(release, ignore_errors=True)
        shutil.move(built, release)
        self.master = self.read(release)


def files_beside(folder, ignored):
    """Return what nbgrader releases beside the notebooks of a folder: every file, by its path, less what the course ignores."""
    found = {}
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not any(fnmatch.fnmatch(name, one) for one in ignored))
        for name in sorted(names):
            path = Path(parent, name)
            relative = str(path.relative_to(folder))
            notebook = path.suffix == ".ipynb" and path.parent == Path(folder)
            if not notebook and path.is_file() and not any(fnmatch.fnmatch(name, one) for one in ignored):
                found[relative] = path.read_bytes()
    return found


def for_once(path):
    """Begin a gradebook that is thrown away: for one without any table nbgrader starts alembic, which takes seconds."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("create table thrown_away (assignment)")


class _Said(logging.Handler):
    """Keeps the reason of a failure, which nbgrader only logs: the last line of a traceback."""

    reason = ""

    def emit(self, record):
        text = record.getMessage()
        if text.startswith("Traceback"):
            self.reason = text.strip().splitlines()[-1].partition(": ")[2]


def run(converter):
    """Run one step of nbgrader; what goes wrong arrives as one sentence."""
    said = _Said()
    converter.log = logging.Logger("nbgrader")
    converter.log.addHandler(said)
    converter.force = True
    try:
        converter.start()
    except NbGraderException as error:
        raise NbGraderException(said.reason or str(error)) from None


def no_student(entry):
    """Return why something among the students' folders is none, or an empty text."""
    if entry.name.startswith("."):
        return "its name begins with a dot"
    with contextlib.suppress(OSError):  # links that lead to each other
        if entry.is_dir():
            return ""
    return "a link that leads nowhere" if entry.is_symlink() and not os.path.exists(entry.path) else "no folder"


def user():
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return f"user {os.getuid()}"


def handed_in_at(text):
    """Return the time that a receipt says, in UTC as nbgrader keeps it, or None."""
    if re.fullmatch(r"[\w:.,+ -]{1,100}", text.strip()):  # no path: dateutil would open it as a time zone
        with contextlib.suppress(Exception):
            return parse_utc(text.strip())
    return None


def write_whole(path, content):
    """Write a file beside its place and rename it then, so that it is never half there."""
    beside = path.with_name(path.name + ".new")
    content = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    try:
        beside.write_bytes(content)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
    os.replace(beside, path)
