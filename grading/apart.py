"""A course of its own, for a sample or a proof: nothing that is done there touches the course that it is made of."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

from traitlets.config import Config

from grading.helpers import helpers_by_assignment, helpers_of

STEPS = "source", "submitted", "release", "autograded", "feedback"
# The last lines of a copied nbgrader_config.py.
OWN = """

# A course of its own, whatever stands above of a gradebook and of folders.
get_config().CourseDirectory.update({settings!r})
"""


def settings_apart(root: Path) -> dict[str, str]:
    """Return the settings with which a folder is a course of its own, by their names in nbgrader's `CourseDirectory`."""
    steps = {f"{step}_directory": step for step in STEPS}
    return steps | {"root": str(root), "db_url": f"sqlite:///{root / 'gradebook.db'}"}


def copy_course(home: Path, config: Config, source: Path, submitted: Path, place: Path) -> None:
    """Make a course that is whole, in which nbgrader's commands and its formgrader work; what it has graded stays.

    Parameters
    ----------
    home : pathlib.Path
        The folder of the course's nbgrader_config.py.
    config : traitlets.config.Config
        What stands there.
    source : pathlib.Path
        The authored assignments.
    submitted : pathlib.Path
        What is handed in.
    place : pathlib.Path
        Where the course is made.
    """
    for name, folder in {"source": source, "grading": Path(__file__).parent, "submitted": submitted}.items():
        shutil.rmtree(place / name, ignore_errors=True)
        shutil.copytree(folder, place / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    if (rules := home / "autotests.yml").exists():  # how nbgrader writes tests
        shutil.copy(rules, place)
    for assignment in helpers_by_assignment(config):
        for name, content in helpers_of(config, assignment, home).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    own = OWN.format(settings=settings_apart(place))
    (place / "nbgrader_config.py").write_bytes((home / "nbgrader_config.py").read_bytes() + own.encode())


def create_throwaway_gradebook(path: Path) -> None:
    """Create a gradebook that is thrown away: for one without any table nbgrader starts alembic, which takes seconds."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("create table thrown_away (assignment)")
