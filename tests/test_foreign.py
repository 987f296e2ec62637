"""What nbgrader grades, and what runs in Jupyter, is graded here as an unmodified nbgrader grades it, in the same run.

Right answers get as many points, or more; wrong ones never get more.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import foreign
import nbgrader.api
import pytest
import shapes
from unmodified import Course

BOTH = "reference", "wrong"


def both(folder):
    """Return a course with an unmodified nbgrader, and one with this project's grader."""
    return Course(folder / "theirs", ours=False), Course(folder / "ours", ours=True)


def last(said):
    """Return the end of what a command said, for a message."""
    return f": {' '.join(said.split())[-300:]}" if said else ""


def total(points):
    """Return the sum of a student's points, or None where there are no grades."""
    return None if points is None else round(sum(points.values()), 6)


def differences(ours, theirs):
    """Name the cells that got other points."""
    cells = sorted((ours or {}).keys() | (theirs or {}).keys())
    pairs = [(cell, (ours or {}).get(cell), (theirs or {}).get(cell)) for cell in cells]
    return ", ".join(f"{cell[1]} {mine} for {other}" for cell, mine, other in pairs if mine != other)


def test_gradebooks_begin_here_with_the_version_that_nbgrader_gives_them():
    """programs.py has it without the process that an nbgrader starts for it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    asks = "from nbgrader.api import get_alembic_version; print(get_alembic_version())"
    ran = subprocess.run([sys.executable, "-c", asks], env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert ran.stdout.strip() == nbgrader.api.get_alembic_version(), ran.stderr


# ------------------------------------------------------------------ other assignments


def missing(case):
    return case.needs and importlib.util.find_spec(case.needs) is None


def came_of(case, course, name):
    """Release an assignment, hand in both submissions, and grade them; return the points of both, and what was said."""
    foreign.write(case, course.folder / "source" / name)
    foreign.write(case, course.folder / "submitted" / "reference" / name)
    said = course.release(name)
    if said:
        return {}, said
    wrong = course.folder / "submitted" / "wrong" / name
    if case.wrong or case.tampered:
        foreign.write(case, wrong, wrong=True)
    else:
        shutil.copytree(course.folder / "release" / name, wrong)
    said = course.autograde(name)
    return course.points(name), said


def unlike(case, theirs, ours):
    """Yield what is wrong with what came of an assignment."""
    (other, _), (mine, said) = theirs, ours
    if case.refused:
        if mine or not said or "Traceback" in said or len(said.strip().splitlines()) > 4:
            yield f"{case.name}: expected to be refused in one sentence, came {mine}{last(said)}"
        return
    measured = tuple(total(other.get(student)) for student in BOTH)
    if measured != case.plain:
        yield f"{case.name}: {case.plain} is written down, an unmodified nbgrader gives {measured}{last(theirs[1])}"
    for student in BOTH:
        if mine.get(student) != other.get(student):
            got, expected = total(mine.get(student)), total(other.get(student))
            cells = differences(mine.get(student), other.get(student))
            yield f"{case.name}: the {student} submission got {got}, expected {expected} ({cells}){last(said)}"


@pytest.mark.slow
@pytest.mark.parametrize("group", foreign.GROUPS)
def test_any_assignment_is_graded_as_an_unmodified_nbgrader_grades_it(group, tmp_path, record_property):
    courses, lines = both(tmp_path), []
    left_out = [case.name for case in foreign.GROUPS[group] if missing(case)]
    if left_out:
        record_property("Left out, as a package is missing", ", ".join(left_out))
    for number, case in enumerate(foreign.GROUPS[group]):
        if not missing(case):
            lines += unlike(case, *(came_of(case, course, f"a{number:02}") for course in courses))
    assert not lines, "\n".join(["", *lines])


# ----------------------------------------------------------- answers in all shapes


def class_of(group, course):
    """Grade a class with one submission for each shape; return the points by student, and what was said."""
    foreign.write(shapes.MASTER, course.folder / "source" / shapes.NAME)
    if group == "sleeping":
        with open(course.folder / "nbgrader_config.py", "a") as config:
            config.write(f"\nc.Limits.total = {shapes.TOTAL}\n")
    said = course.release(shapes.NAME)
    for shape in shapes.GROUPS[group]:
        shapes.hand_in(shape, course.folder)
    said += course.autograde(shapes.NAME)
    return course.points(shapes.NAME), said


@pytest.mark.slow
@pytest.mark.parametrize("group", shapes.GROUPS)
def test_right_answers_in_every_shape_get_what_an_unmodified_nbgrader_gives_or_more(group, tmp_path):
    plain, course = both(tmp_path)
    theirs, log = class_of(group, plain)
    ours, said = class_of(group, course)
    messages, lines = course.messages(shapes.NAME), []
    for shape in shapes.GROUPS[group]:
        stock, got = total(theirs.get(shape.student)), total(ours.get(shape.student))
        message = messages.get(shape.student, "")
        if stock != shape.stock:
            lines.append(
                f"{shape.name}: {shape.stock} is written down, an unmodified nbgrader gives {stock}{last(log)}"
            )
        if got != shape.fair:
            lines.append(
                f"{shape.name}: got {got}, expected {shape.fair}, nbgrader gives {stock}: {message or last(said)}"
            )
        elif not re.search(shape.says, message):
            lines.append(f"{shape.name}: the message does not hold {shape.says!r}: {message}")
    assert not lines, "\n".join(["", *lines])


def test_a_shape_gets_no_less_than_it_gets_from_an_unmodified_nbgrader():
    for group in shapes.GROUPS.values():
        for shape in group:
            assert shape.stock <= shape.fair <= shapes.FULL, shape.name


# ---------------------------------------------- the notebooks that nbgrader brings along

PACKAGE = Path(nbgrader.__file__).parent
GUIDE = PACKAGE / "docs" / "source" / "user_guide"


def packaged():
    """Return nbgrader's own masters by name: its guide's assignments, and what its tests release.

    Those that its tests hand in are left out, and those that `nbgrader generate_assignment` refuses.
    """
    refused = "bad-markdown-cell-1", "blank-grade-id", "blank-points", "duplicate-grade-ids", "too-new"
    old = "test-v0", "test-v0-invalid", "test-v1", "test-v2", "old-schema"
    found = {name: [*(GUIDE / "source" / name).iterdir()] for name in ("ps1", "ps1_autotest")}
    for path in sorted(PACKAGE.glob("tests/*/files/*.ipynb")):
        of_students = path.stem.startswith("submitted") or path.stem.endswith(
            ("changed", "changed-right", "changed-wrong")
        )
        if not of_students and path.stem not in refused + old and '"grade": true' in path.read_text():
            found[f"{path.parts[-3]}-{path.stem}"] = [path]
    return found


def lay(files, folder):
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder)


def came_of_packaged(name, files, course):
    """Grade the source itself, the untouched release, and what the guide has of its two students; return points by student."""
    lay(files, course.folder / "source" / name)
    lay(files, course.folder / "submitted" / "reference" / name)
    said = course.release(name)
    if not said:
        shutil.copytree(course.folder / "release" / name, course.folder / "submitted" / "untouched" / name)
        for student in GUIDE.glob(f"submitted/*/{name}"):
            shutil.copytree(student, course.folder / "submitted" / student.parent.name / name)
        said = course.autograde(name)
    return course.points(name), said


@pytest.mark.slow
def test_the_notebooks_that_nbgrader_brings_along(tmp_path):
    courses, lines = both(tmp_path), []
    for course in courses:
        shutil.copy(GUIDE / "autotests.yml", course.folder)
    for name, files in packaged().items():
        (theirs, refused), (ours, said) = (came_of_packaged(name, files, course) for course in courses)
        if refused:
            lines.append(f"{name}: an unmodified nbgrader fails{last(refused)}")
        for student in sorted(theirs.keys() | ours.keys()):
            if ours.get(student) != theirs.get(student):
                got, expected = total(ours.get(student)), total(theirs.get(student))
                cells = differences(ours.get(student), theirs.get(student))
                lines.append(f"{name}: {student} got {got}, nbgrader gives {expected} ({cells}){last(said)}")
    assert not lines, "\n".join(["", *lines])
