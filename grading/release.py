"""Lets a proven build take the place of the release, together with what that changes in the gradebook."""

import contextlib
import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from grading.assignment import CourseAssignment
from grading.migration import migrate, read_built_notebooks
from grading.proof import refuse_unproven

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux, for renameat2


def release(course: CourseAssignment) -> list[str]:
    """Build the release, prove it, and bring the gradebook to it with all that is in it; what fails changes neither.

    Returns
    -------
    list of str
        What has changed in the gradebook.
    """
    with course.lock(f"release {course.assignment}"):
        built, beside = course.build()
        address = f"sqlite:///{beside}"
        refuse_unproven(course, built, address)
        notebooks = read_built_notebooks(course, address)
        with course.gradebook() as gradebook:
            changes = migrate(course, gradebook, course.read_master(built, address), notebooks)
            place = course.folder(course.course.release_directory, ".").resolve()
            with replaced(place, built):  # both, or neither
                gradebook.db.commit()
            course.master = course.read_master(place)
        beside.unlink()
        return changes


@contextlib.contextmanager
def replaced(place: Path, built: Path) -> Iterator[None]:
    """Let a folder take the place of another; where what is done meanwhile fails, the former one is there again."""
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.new")
    remove(beside)  # of a release that was killed: into a folder that is still there the built one would be moved
    former = place.exists()
    try:
        shutil.move(built, beside)  # to the file system of the place: only there renaming is one step
        exchange(beside, place) if former else os.rename(beside, place)
        try:
            yield
        except BaseException:
            exchange(beside, place) if former else os.rename(place, beside)
            raise
    finally:
        with contextlib.suppress(OSError):  # the release stands; the next one says what is in its way
            remove(beside)


def remove(path: Path) -> None:
    """Remove what lies at a path, if anything does; of a link only the link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def exchange(one: Path, other: Path) -> None:
    """Let two folders change places: in one step, or in three where the system or the file system has no such step."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is not None and rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return
    aside = one.with_name(f"{one.name}.aside")
    remove(aside)  # of a release that was killed
    os.rename(other, aside)
    try:
        os.rename(one, other)
    except BaseException:
        os.rename(aside, other)
        raise
    os.rename(aside, one)
