"""The files that several assignments of a course share: they lie beside nbgrader_config.py, and are released beside the notebooks."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from traitlets.config import Config


def helpers_by_assignment(config: Config) -> dict[str, list[str]]:
    """Return the helpers of each assignment, as ``c.Grading.helpers`` of a course names them.

    They are named, and not found by what notebooks import: nothing goes to students that nobody has put on the list.
    """
    helpers = config.Grading.get("helpers", {})
    if not isinstance(helpers, dict) or not all(
        isinstance(files, (list, tuple)) and all(isinstance(file, str) for file in files) for files in helpers.values()
    ):
        raise NbGraderException(
            f"nbgrader_config.py sets c.Grading.helpers to {helpers!r}. Expected a list of files for each assignment, such "
            'as {"ps1": ["utils.py"]}.'
        )
    return {assignment: [*files] for assignment, files in helpers.items()}


def helpers_of(config: Config, assignment: str, home: Path) -> dict[str, bytes]:
    """Return the helpers of an assignment by their paths, which are the same below ``home`` and beside the notebooks.

    Parameters
    ----------
    config : traitlets.config.Config
    assignment : str
    home : pathlib.Path
        The folder of nbgrader_config.py.

    Raises
    ------
    NbGraderException
        Where one is no file below ``home``, or is a notebook: only from the source is that released without its solutions.
    """
    found = {}
    for name in helpers_by_assignment(config).get(assignment, []):
        path = PurePosixPath(name)
        there = Path(os.path.realpath(home / path))  # what is copied, where a link leads there
        is_below = not path.is_absolute() and ".." not in path.parts and there.is_relative_to(home.resolve())
        if not is_below or ".ipynb" in (path.suffix.lower(), there.suffix.lower()) or not there.is_file():
            raise NbGraderException(
                f"nbgrader_config.py names {name!r} among the helpers of {assignment}. Expected a file in {home}, by its path "
                "from there, and no notebook."
            )
        found[str(path)] = there.read_bytes()
    return found


def released_from(source: Path, ignored: list[str]) -> dict[str, bytes]:
    """Return what nbgrader itself releases beside the notebooks of a folder, by its path."""
    paths = map(Path, find_all_files(str(source), [*ignored, "*.ipynb"]))
    return {str(path.relative_to(source)): path.read_bytes() for path in paths}


@contextlib.contextmanager
def helpers_in_source(course: CourseDirectory, helpers: Mapping[str, bytes]) -> Iterator[None]:
    """Have nbgrader find helpers beside the notebooks while it builds; without any, it builds from the source itself.

    They lie there before it begins, because code that it runs for ``### AUTOTEST`` imports them.

    Raises
    ------
    NbGraderException
        Where the source has a file of the same name.
    """
    if not helpers:
        yield
        return
    own = course.source_directory
    source, place = (Path(course.format_path(step, ".", course.assignment_id)) for step in (own, "build/source"))
    files = released_from(source, course.ignore)
    if twice := sorted(files.keys() & helpers.keys()):
        raise NbGraderException(
            f"{', '.join(twice)} lies in {source} and is named in nbgrader_config.py among the helpers of "
            f"{course.assignment_id}, too. Expected it once: delete one, or take it off that list."
        )
    files |= {path.name: path.read_bytes() for path in source.glob("*.ipynb")}
    shutil.rmtree(place, ignore_errors=True)  # of a build that was killed
    try:
        for name, content in {**files, **helpers}.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        course.source_directory = "build/source"
        yield
    finally:
        course.source_directory = own
        shutil.rmtree(place, ignore_errors=True)
