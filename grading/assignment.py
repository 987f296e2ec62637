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
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, Student
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc
from sqlalchemy import make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grading.apart import STEPS, create_throwaway_gradebook, settings_apart
from grading.helpers import helpers_in_source, helpers_of
from grading.master import Master, hashed
from grading.result import printable
from grading.sandbox import Limits
from grading.submission import Place

LONGEST_ID = 128  # characters of a student id in nbgrader's tables
GOES_ON = "What was stored is kept; the same command goes on from there."
OLDER = "If it is of an older nbgrader, run `nbgrader db upgrade`, which keeps a copy, and then the same command again."
RESTORE = "The file is damaged, or no gradebook: put back a copy of it, and run the same command again."
BROKEN = {sqlite3.SQLITE_ERROR: OLDER, sqlite3.SQLITE_NOTADB: RESTORE, sqlite3.SQLITE_CORRUPT: RESTORE}


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

    def __init__(self, assignment: str, root: Path, apart: Path | None = None) -> None:
        prepare_nbgrader()
        if not (root / "nbgrader_config.py").is_file():
            raise FileNotFoundError(
                f"There is no nbgrader_config.py in {root}. Expected a course directory of nbgrader: go there, or name it "
                "with --course DIR."
            )
        self.config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        self.config.merge(Config({"Application": {"log_level": "CRITICAL"}}))
        self.home = root.resolve()
        self.resolve_paths(self.home)
        if apart:
            self.config.merge(Config({"CourseDirectory": settings_apart(apart)}))
        self.course = CourseDirectory(config=self.config)
        self.course.assignment_id = self.assignment = assignment
        self.root = Path(self.course.root)
        self.source = self.folder(self.course.source_directory, ".")
        self.others = frozenset(one.name for one in self.source.parent.glob("*/")) - {assignment}
        if not any(self.source.glob("*.ipynb")):
            raise FileNotFoundError(
                f"There is no {self.source}/{assignment}.ipynb, and no other notebook. Expected the authored notebooks of the "
                f"assignment {assignment!r} in that folder: check the spelling, or add them there."
            )
        try:
            self.limits = Limits(**self.config.Limits)
        except TypeError as error:
            raise NbGraderException(f"nbgrader_config.py sets a limit that does not exist: {error}.") from None
        self.master = self.read_master(self.folder(self.course.release_directory, "."))

    def resolve_paths(self, root: Path) -> None:
        """Have the configuration name its places in full: nbgrader itself looks for them from the folder that it is run in."""
        course, around = self.config.CourseDirectory, self.config.IncludeHeaderFooter
        course.root = str(root / course.get("root", ""))
        kind, path = str(course.get("db_url", "")).partition("sqlite:///")[::2]
        if path and not kind:
            course.db_url = f"sqlite:///{root / path}"
        around.update({name: str(root / around[name]) for name in ("header", "footer") if around.get(name)})

    def read_master(self, release: Path, address: str | None = None) -> Master:
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
            self.generated_tests(address or self.course.db_url)
            if any(b"AUTOTEST" in notebook for notebook in authored.values())
            else {}
        )
        files = files_beside(self.source, self.course.ignore) | self.helpers()
        master = Master(self.assignment, authored, files, released, generated)
        for name in authored:
            try:
                broken = master.notebooks[name].defect()
            except Exception as error:  # noqa: BLE001 - nbformat raises whatever the file provokes
                broken = f"it is no notebook ({str(error).strip().splitlines()[0][:200] or type(error).__name__})"
            if broken:
                raise NbGraderException(
                    f"{self.source / name}.ipynb can't be graded with: {broken}. Mend it, and run this again."
                )
        return master

    def helpers(self) -> dict[str, bytes]:
        """Return the files that lie beside nbgrader_config.py and are released with this assignment, by their paths."""
        return helpers_of(self.config, self.assignment, self.home)

    def generated_tests(self, address: str) -> dict[str, dict[str, str]]:
        """Return the tests that a gradebook has, by the notebook's name and the grade id: nbgrader writes some when it builds."""
        found: dict[str, dict[str, str]] = {}
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

    def folder(self, step: str, student: str) -> Path:
        """Return the folder of one student in ``step``, such as the submitted directory."""
        return Path(self.course.format_path(step, student, self.assignment))

    @property
    def notebooks(self) -> list[str]:
        """The names of the notebooks."""
        return [*self.master.notebooks]

    def submission(self, student: str, notebook: str | None = None) -> Path:
        """Return the path at which a student's notebook is expected, by default the first."""
        return self.folder(self.course.submitted_directory, student) / f"{notebook or self.notebooks[0]}.ipynb"

    def autograded(self, student: str, notebook: str | None = None) -> Path:
        """Return the path of a notebook that the formgrader shows, by default the first."""
        return self.folder(self.course.autograded_directory, student) / f"{notebook or self.notebooks[0]}.ipynb"

    def cells(self, student: str, notebook: str) -> Path:
        """Return the path of what the feedback page shows of a student's own cells in a notebook."""
        return self.autograded(student, notebook).with_suffix(".cells.json")

    def is_shown(self, student: str) -> bool:
        """Whether everything is there that is shown of a student's submission."""
        paths = (path_of(student, name) for name in self.notebooks for path_of in (self.autograded, self.cells))
        return all(path.exists() for path in paths)

    def feedback_path(self, student: str, notebook: str | None = None) -> Path:
        """Return the path of a student's feedback page, by default of the first notebook."""
        return self.folder(self.course.feedback_directory, student) / f"{notebook or self.notebooks[0]}.html"

    def submitted(self) -> Path:
        """Return the folder that holds a folder for each student."""
        return Path(self.course.format_path(self.course.submitted_directory, "", "")).resolve()

    # ---------------------------------------------------------- what was handed in

    def arrivals(self) -> tuple[set[str], dict[str, str]]:
        """Return the names of the students' folders, and of all else that lies there, with why it is none.

        Returns
        -------
        set of str
        dict of str to str
        """
        found: set[str] = set()
        left_out: dict[str, str] = {}
        for entry in os.scandir(self.submitted()) if self.submitted().is_dir() else ():
            why = reason_to_leave_out(entry)
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

    def students(self) -> list[str]:
        """Return the ids of everybody who submitted or is in the gradebook, sorted."""
        found, _ = self.arrivals()
        with self.gradebook() as gradebook:
            return sorted(found.union(gradebook.db.scalars(select(Student.id))))

    def place(self, student: str) -> Place:
        """Return where a student's submission is expected, as `grading.submission.Place`."""
        folder, given = self.submission(student).parent, frozenset(self.master.files)
        return Place(student, folder, self.submitted(), tuple(self.notebooks), given, self.others)

    def places(self) -> list[Path]:
        """Return where the course lies, and those of its folders and its gradebook that may lie elsewhere."""
        database = make_url(self.course.db_url)
        files = [database.database] if database.get_backend_name() == "sqlite" and database.database else []
        folders = [getattr(self.course, f"{step}_directory") for step in STEPS]
        return [self.root, *(self.root / place for place in [*folders, *files])]

    # --------------------------------------------------------------- fingerprints

    def parts(self) -> dict[str, str]:
        """Return a hash of everything of the course that a grade depends on, by what a person calls it."""
        return self.master.parts | {"the limits": hashed([repr(self.limits)])}

    # --------------------------------------------------- the gradebook and who has it

    @contextlib.contextmanager
    def gradebook(self) -> Iterator[Gradebook]:
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
            cause = getattr(error, "orig", None) or error
            reason = str(cause).strip().splitlines()[0]
            to_do = BROKEN.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, GOES_ON)  # its last byte is the kind
            raise NbGraderException(f"The gradebook {where} can't be used: {reason}. {to_do}") from error

    @contextlib.contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Lock the course while a command writes to it. The kernel unlocks it when the process ends, however it ends."""
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
            who = f"Process {os.getpid()} of {user_name()} on {platform.node()}"
            file.write(f"{who} has run `{command}` since {time.strftime('%H:%M:%S')}\n")
            file.flush()
            yield
            file.truncate(0)

    def refuse_together(self, tests: Iterable[str]) -> None:
        """Raise where tests would run together with students' code and the course does not allow that."""
        if tests and self.config.Grading.get("together", True) is False:
            raise NbGraderException(
                f"These tests can't be split from the student's code: {', '.join(tests)}. nbgrader_config.py has "
                "`c.Grading.together = False`, so nothing was graded. Let the tests pass and compare plain data, in calls "
                f"that need less than {self.limits.call / 2:g} s of your solution, or take that line out."
            )

    # ------------------------------------------------------------------ the release

    def build(self) -> tuple[Path, Path]:
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
        create_throwaway_gradebook(beside)
        try:
            self.course.release_directory, self.course.db_url = "build/release", f"sqlite:///{beside}"
            built = self.folder(self.course.release_directory, ".")
            shutil.rmtree(built, ignore_errors=True)
            with helpers_in_source(self.course, self.helpers()):
                run_converter(GenerateAssignment(coursedir=self.course, config=self.config))
            return built, beside
        finally:
            self.course.release_directory, self.course.db_url = before


def prepare_nbgrader() -> None:
    """Let nbgrader find alembic, which it starts by name when it makes a gradebook: the one that is installed beside it.

    And hide what SQLAlchemy 2.1 warns of in nbgrader's own bookkeeping: there is nothing to act on.
    """
    beside, paths = str(Path(sys.executable).parent), os.environ.get("PATH", "").split(os.pathsep)
    if beside != paths[0]:
        os.environ["PATH"] = os.pathsep.join([beside, *paths])
    warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")


def files_beside(folder: Path, ignored: Iterable[str]) -> dict[str, bytes]:
    """Return what nbgrader releases beside the notebooks of a folder: every file, by its path, less what the course ignores."""
    found = {}
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not any(fnmatch.fnmatch(name, pattern) for pattern in ignored))
        for name in sorted(names):
            path = Path(parent, name)
            relative = str(path.relative_to(folder))
            notebook = path.suffix == ".ipynb" and path.parent == Path(folder)
            if not notebook and path.is_file() and not any(fnmatch.fnmatch(name, pattern) for pattern in ignored):
                found[relative] = path.read_bytes()
    return found


class FailureReason(logging.Handler):
    """Keeps what went wrong, which nbgrader only logs: the exception that it handles while it does."""

    error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.error = sys.exception() or self.error


def run_converter(converter: BaseConverter) -> None:
    """Run one step of nbgrader; what goes wrong arrives as one sentence."""
    failure = FailureReason()
    converter.log = logging.Logger("nbgrader")
    converter.log.addHandler(failure)
    converter.force = True
    try:
        converter.start()
    except NbGraderException as error:
        # It says itself what it was raised from, and else only that there was something.
        raise NbGraderException(str(error if error.__context__ else failure.error or error)) from None


def reason_to_leave_out(entry: os.DirEntry[str]) -> str:
    """Return why something among the students' folders is none, or an empty text."""
    if entry.name.startswith("."):
        return "its name begins with a dot"
    with contextlib.suppress(OSError):  # links that lead to each other
        if entry.is_dir():
            return ""
    return "a link that leads nowhere" if entry.is_symlink() and not os.path.exists(entry.path) else "no folder"


def user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return f"user {os.getuid()}"


def handed_in_at(text: str) -> datetime | None:
    """Return the time that a receipt says, in UTC as nbgrader keeps it, or None."""
    if re.fullmatch(r"[\w:.,+ -]{1,100}", text.strip()):  # no path: dateutil would open it as a time zone
        with contextlib.suppress(Exception):
            time: datetime = parse_utc(text.strip())
            return time
    return None


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file beside its place and rename it then, so that it is never half there."""
    beside = path.with_name(path.name + ".new")
    content = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    try:
        beside.write_bytes(content)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
    os.replace(beside, path)
