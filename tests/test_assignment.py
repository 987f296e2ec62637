"""assignment.py: where things are, and whatever may lie there."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile

import nbformat
import pytest
from courses import ROOT, nbgrader
from sqlalchemy.exc import IntegrityError
from term import NAME, RIGHT, Course, hand_in, read_source, solved, write_source

from grading.assignment import CourseAssignment, NbGraderException
from grading.fleet import LocalEngine
from grading.submission import collect


@pytest.fixture
def course(numbers_course, tmp_path):
    return Course(shutil.copytree(numbers_course, tmp_path / "a course"))


def test_whatever_lies_among_the_submissions_is_graded_or_named(course):
    hand_in(course.folder, "amy", RIGHT)
    submitted = course.folder / "submitted"
    (submitted / ".hidden").mkdir()
    (submitted / "notes.txt").touch()
    (submitted / "nowhere").symlink_to(submitted / "never")
    (submitted / "round").symlink_to(submitted / "about")
    (submitted / "about").symlink_to(submitted / "round")
    found, left_out = course.assignment.arrivals()
    assert found == {"amy"}
    assert left_out == {
        ".hidden": "its name begins with a dot",
        "notes.txt": "no folder",
        "nowhere": "a link that leads nowhere",
        "round": "a link that leads nowhere",
        "about": "a link that leads nowhere",
    }
    graded, (said, *_) = course.autograde()
    assert graded == {"amy": "graded"}
    assert said.startswith("Left out: .hidden (its name begins with a dot); about (a link that leads nowhere);")


@pytest.mark.parametrize("to", ["numbers", "../../never", "../../submitted/amy/numbers"])
def test_a_link_in_place_of_a_folder_is_told(course, to):
    hand_in(course.folder, "amy", RIGHT)
    (course.folder / "submitted" / "eve").mkdir()
    (course.folder / "submitted" / "eve" / NAME).symlink_to(to)
    submitted = collect(course.assignment.place("eve"))
    why = submitted.missing[NAME]
    assert not submitted.notebooks and "found a link" in why and "eve/numbers" in why
    assert course.autograde()[0] == {"amy": "graded", "eve": "missing"}


# What a machine or a submission makes of a system call.
FAILING = """
    import os
    scandir = os.scandir
    def refused(path="."):
        if not isinstance(path, int) and "eve" in os.fspath(path):
            raise OSError({number}, {text!r}, os.fspath(path))
        return scandir(path)
    os.scandir = refused
"""


def test_a_folder_that_nobody_may_read_is_told_and_costs_nobody_else(course, started_with):
    for student in ("amy", "eve"):
        hand_in(course.folder, student, RIGHT)
    started_with(FAILING.format(number=errno.EACCES, text="Permission denied"))
    assert course.autograde(engine=LocalEngine(1))[0] == {"amy": "graded", "eve": "missing"}
    assert course.standing("eve").message.startswith("eve/numbers can't be read. Allow it with `chmod")


def test_trouble_of_this_machine_stops_everything_before_it_costs_anybody(course, started_with):
    for student in ("amy", "eve"):
        hand_in(course.folder, student, RIGHT)
    started_with(FAILING.format(number=errno.EIO, text="Input/output error"))
    with pytest.raises(OSError, match="Input/output error") as trouble:
        course.autograde(engine=LocalEngine(1))
    assert trouble.value.filename == str(course.folder / "submitted" / "eve" / NAME)
    assert course.standing("eve") is None


def test_a_second_notebook_is_named_in_the_message(course):
    hand_in(course.folder, "amy", {})
    nbformat.write(solved(course.folder, RIGHT), course.folder / "submitted" / "amy" / NAME / f"{NAME}-Copy1.ipynb")
    course.autograde()
    submitted = collect(course.assignment.place("amy"))
    assert [*submitted.notebooks] == [NAME]
    assert submitted.remark == "Beside it lies numbers-Copy1.ipynb, which was not graded."
    assert submitted.remark in course.standing("amy").message


def test_one_command_holds_the_course_and_another_is_told_who(course):
    with course.assignment.lock("autograde numbers"):
        with pytest.raises(NbGraderException, match=rf"Process {os.getpid()} of .* has run `autograde numbers` since"):
            course.autograde()
        with pytest.raises(NbGraderException, match="Nothing was done: wait until it has ended"):
            course.release()
    course.release()


def test_a_command_that_was_killed_holds_nothing(course):
    code = f"""
from pathlib import Path
from grading.assignment import CourseAssignment
with CourseAssignment({NAME!r}, Path({str(course.folder)!r})).lock("autograde"):
    print("held", flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(NbGraderException, match=f"Process {other.pid}"):
            course.release()
        other.kill()
    course.release()


def test_what_another_program_wrote_at_the_same_time_is_told_without_the_databases_words(course):
    with pytest.raises(NbGraderException, match="Another program wrote to the gradebook") as told:
        with course.assignment.gradebook():
            raise IntegrityError("insert", {}, Exception("UNIQUE constraint failed: student.id"))
    assert "UNIQUE" not in str(told.value)


def test_a_course_apart_has_nothing_of_the_course(course, tmp_path):
    with open(course.folder / "nbgrader_config.py", "a") as config:
        config.write(
            "\nc.CourseDirectory.db_url = 'postgresql://elsewhere'\nc.CourseDirectory.submitted_directory = 'x'\n"
        )
    place = tmp_path / "apart"
    shutil.copytree(course.folder / "source", place / "source")
    apart = CourseAssignment(NAME, course.folder, apart=place)
    assert apart.course.db_url == f"sqlite:///{place / 'gradebook.db'}"
    assert apart.submission("amy") == place / "submitted" / "amy" / NAME / f"{NAME}.ipynb"


@pytest.mark.slow
def test_zip_collect_knows_the_names_of_moodle_and_canvas(course):
    """As the two platforms pack what was handed in: https://docs.moodle.org/405/en/Assignment_settings and Canvas' bulk download."""
    archive = course.folder / "downloaded" / NAME / "archive"
    archive.mkdir(parents=True)
    text = nbformat.writes(solved(course.folder, RIGHT))
    names = {
        "Ada Lovelace_1000001_assignsubmission_file_numbers.ipynb": "1000001",
        "Zoë O'Neil-Smith_1000002_assignsubmission_file_/numbers.ipynb": "1000002",
        "Participant_1000003_assignsubmission_file_/numbers (1).ipynb": "1000003",
        "lovelaceada_2001_88_numbers.ipynb": "2001",
        "neilzoe_LATE_2002_89_numbers-2.ipynb": "2002",
        "de_la_cruz_2003_90_numbers.ipynb": "2003",
    }
    with zipfile.ZipFile(archive / "all.zip", "w") as packed:
        for name in names:
            packed.writestr(name, text)
    log = nbgrader(course.folder, "zip_collect", NAME)
    assert "6 files collected" in log
    assert sorted(path.name for path in (course.folder / "submitted").iterdir()) == sorted(names.values())
    assert set(course.autograde()[0]) == set(names.values())


def test_a_notebook_one_level_too_high_is_named(course):
    place = course.folder / "submitted" / "zed"
    place.mkdir(parents=True)
    nbformat.write(solved(course.folder, RIGHT), place / f"{NAME}.ipynb")
    why = "Expected numbers.ipynb in numbers/, found beside it numbers.ipynb. Ask the student to submit it."
    assert collect(course.assignment.place("zed")).missing == {NAME: why}


def test_the_folders_of_other_assignments_are_no_mistake(course):
    other = course.folder / "source" / "letters"
    other.mkdir()
    (course.folder / "submitted" / "zed" / "letters").mkdir(parents=True)
    why = "Expected numbers.ipynb in numbers/, found nothing. Ask the student to submit it."
    found = collect(CourseAssignment(NAME, course.folder).place("zed"))
    assert found.missing == {NAME: why} and found.is_bare, "nobody is told of at once who has handed in nothing of this"


@pytest.mark.parametrize(
    "spoil, advice",
    [
        (lambda path: path.write_bytes(b"no gradebook " * 99), "put back a copy of it, and run the same command again."),
        (lambda path: sqlite3.connect(path).execute("alter table assignment rename course_id to was"), "nbgrader db upgrade"),
    ],
    ids=["no gradebook", "an old one"],
)  # fmt: skip
def test_a_gradebook_that_cannot_be_read_says_what_to_do(course, spoil, advice):
    spoil(course.folder / "gradebook.db")
    with pytest.raises(NbGraderException, match="gradebook.db can't be used: ") as told:
        course.autograde()
    assert advice in str(told.value) and "goes on from there" not in str(told.value)


def test_an_exercise_is_called_by_what_students_read(course):
    notebook = read_source(course.folder)
    why = next(one for one in notebook.cells if one.id == "why")
    before = course.assignment.master.notebooks[NAME].headings.get("why")
    why.source = f"### BEGIN SOLUTION\n## {why.source}\n### END SOLUTION"
    write_source(course.folder, notebook)
    course.release()
    assert CourseAssignment(NAME, course.folder).master.notebooks[NAME].headings.get("why") == before
