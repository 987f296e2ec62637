"""The release: what nbgrader makes of the source."""

import ast
import contextlib
import ctypes
import errno
import filecmp
import importlib
import io
import os
import shutil
import sqlite3
import subprocess
import sys

import nbformat
import pytest
from conftest import NOT_INSTALLED
from courses import ROOT
from run_all import cells_by_id
from term import NAME, Course, a_test, read_source, write_source

import diagnosis
import public_tests
from grading.apart import create_throwaway_gradebook
from grading.assignment import CourseAssignment, NbGraderException
from grading.release import exchange, release, replaced
from public_tests import CheckFailed

RELEASE = ROOT / "release" / "initialization"
FILES = {
    "initialization": [
        "argument_checks.py",
        "causes.py",
        "diagnosis.py",
        "expected.py",
        "init_utils.py",
        "initialization.ipynb",
        "notebook_cells.py",
        "plots.py",
        "preflight.py",
        "public_tests.py",
        "sentences.py",
        "signals.py",
        "symptoms.py",
    ],
    "explore": [
        "argument_checks.py",
        "explore.ipynb",
        "explore.py",
        "explore_plots.py",
        "init_utils.py",
        "networks.py",
        "plots.py",
        "signals.py",
        "training.py",
    ],
}


@pytest.mark.parametrize("name", FILES)
def test_committed_release_equals_a_fresh_build(course, name):
    release(CourseAssignment(name, course))
    fresh, there = course / "release" / name, ROOT / "release" / name
    assert sorted(path.name for path in fresh.iterdir()) == FILES[name]
    committed = sorted(path.name for path in there.iterdir() if not path.name.startswith((".", "__")))
    assert committed == FILES[name]
    _, differing, errors = filecmp.cmpfiles(fresh, there, FILES[name], shallow=False)
    assert not differing and not errors, f"run `python -m grading release {name}`, and commit"


def test_no_solution_and_no_hidden_test_is_left(source, released):
    text = nbformat.writes(released)
    for marker in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "RandomState"):
        assert marker not in text
    stubs = cells_by_id(released)
    for cell in source.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            _, _, rest = cell.source.partition("### BEGIN SOLUTION\n")
            solution, _, _ = rest.partition("### END SOLUTION")
            for line in filter(None, map(str.strip, solution.splitlines())):
                assert line not in stubs[cell.id].source
            assert stubs[cell.id].source.count("raise NotImplementedError(") == 1


def test_nothing_in_the_helpers_can_be_called_in_place_of_a_solution():
    """Call everything in the released modules with layer sizes, and look for anything that a check would pass."""
    checks = [getattr(public_tests, f"initialize_parameters_{name}_test") for name in ("zeros", "random", "he")]
    modules = [
        importlib.import_module(name.removesuffix(".py")) for name in FILES["initialization"] if name[-3:] == ".py"
    ]
    callables = {id(value): value for module in modules for value in vars(module).values() if callable(value)}
    methods = [
        getattr(thing, name)
        for thing in [*public_tests.ZEROS.cases, *public_tests.HE.cases, public_tests.HE]
        for name in dir(thing)
        if not name.startswith("__") and callable(getattr(thing, name))
    ]
    for answer in [*callables.values(), *methods]:
        if answer not in checks:
            for check in checks:
                with pytest.raises(CheckFailed), contextlib.redirect_stdout(io.StringIO()):
                    check(answer)


def test_the_known_draws_are_too_few_for_the_hidden_tests():
    """Else the tables could be taken in place of an answer."""
    with pytest.raises(ValueError):
        diagnosis.drawn_for((3, 200, 2))


def test_helpers_draw_no_random_numbers():
    for name in FILES["initialization"]:
        if name.endswith(".ipynb"):
            continue
        for node in ast.walk(ast.parse((RELEASE / name).read_text())):
            drawing = isinstance(node, ast.Attribute) and node.attr in (
                "randn",
                "standard_normal",
                "normal",
                "default_rng",
            )
            assert not drawing, name


# ------------------------------------------------------------- a file exists once in git


@pytest.fixture(scope="module")
def git(tmp_path_factory):
    """Return a function that runs git with an index of all that it would take of this folder, committed or not."""
    if shutil.which("git") is None:
        pytest.skip(NOT_INSTALLED["git"])
    index = tmp_path_factory.mktemp("index")

    def run(*arguments, where=ROOT):
        line = ["git", f"--git-dir={index}", f"--work-tree={where}", *arguments]
        return subprocess.run(line, cwd=where, check=True, capture_output=True, text=True).stdout

    run("init", "--quiet")
    (index / "info" / "exclude").write_text(".venv*\n")  # also where an environment of another folder is linked to
    run("add", "--all")
    return run


@pytest.fixture(scope="module")
def tracked(git):
    """The mode, the name of the content and the path of each file in git."""
    lines = git("ls-files", "--stage", "-z").split("\0")
    return [(*about.split()[:2], path) for about, path in (line.split("\t") for line in lines if line)]


def test_there_is_no_symbolic_link(tracked):
    assert len(tracked) > 100 and not [path for mode, _, path in tracked if mode == "120000"]


def test_no_two_files_have_the_same_content(tracked):
    """Save the release, which is built."""
    by_content = {}
    for _, content, path in tracked:
        if not path.startswith("release/"):
            by_content.setdefault(content, []).append(path)
    assert not [paths for paths in by_content.values() if len(paths) > 1]


@pytest.mark.slow
def test_a_checkout_as_on_windows_builds_the_same_bytes(git, tmp_path):
    """Without links, and with the setting by which Git for Windows would write other ends of lines."""
    git("-c", "core.symlinks=false", "-c", "core.autocrlf=true", "checkout-index", "--all", where=tmp_path)
    shutil.rmtree(tmp_path / "release")
    for name in FILES:
        subprocess.run([sys.executable, "-m", "grading", "release", name], cwd=tmp_path, check=True)
        assert sorted(os.listdir(tmp_path / "release" / name)) == FILES[name]
        for file in FILES[name]:
            assert (tmp_path / "release" / name / file).read_bytes() == (ROOT / "release" / name / file).read_bytes()


# ------------------------------------------------------- all of a release, or nothing of it


@pytest.fixture
def numbers(numbers_course, tmp_path):
    """A course with a release, and a source that has another test since."""
    course = Course(shutil.copytree(numbers_course, tmp_path / "a course"))
    notebook = read_source(course.folder)
    notebook.cells.append(a_test("half-test", "assert double(0.5) == 1", 2))
    write_source(course.folder, notebook)
    return course


def all_of(course):
    """Return the files of the release, and every row of the gradebook."""
    released = {
        str(path.relative_to(course.folder)): path.read_bytes()
        for path in (course.folder / "release" / NAME).rglob("*")
        if path.is_file()
    }
    with contextlib.closing(sqlite3.connect(course.folder / "gradebook.db")) as gradebook:
        return released, [*gradebook.iterdump()]


def has_the_new_test(course):
    released, rows = all_of(course)
    return b"half-test" in b"".join(released.values()), any("half-test" in row for row in rows)


def full(*arguments, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "where",
    [
        "nbconvert.writers.files.FilesWriter.write",
        "grading.release.refuse_unproven",
        "grading.release.shutil.move",
        "grading.release.exchange",
        "sqlalchemy.orm.Session.flush",
        "sqlalchemy.orm.Session.commit",
    ],
)
def test_a_release_that_fails_anywhere_changes_nothing(numbers, monkeypatch, where):
    before, course = all_of(numbers), numbers.assignment
    monkeypatch.setattr(where, full)
    with pytest.raises((OSError, NbGraderException), match="No space left"):
        release(course)
    monkeypatch.undo()
    assert all_of(numbers) == before
    assert os.listdir(numbers.folder / "release") == [NAME]
    numbers.release()
    assert has_the_new_test(numbers) == (True, True)


def test_a_first_release_that_fails_leaves_none(numbers, monkeypatch):
    shutil.rmtree(numbers.folder / "release")
    (numbers.folder / "gradebook.db").unlink()
    create_throwaway_gradebook(numbers.folder / "gradebook.db")
    course = numbers.assignment
    monkeypatch.setattr(
        "grading.release.refuse_unproven", lambda *arguments: monkeypatch.setattr("sqlalchemy.orm.Session.commit", full)
    )
    with pytest.raises(OSError, match="No space left"):
        release(course)
    monkeypatch.undo()
    released, rows = all_of(numbers)
    assert not released and not any(NAME in row for row in rows)


def test_a_source_that_cannot_be_built_changes_nothing(numbers):
    notebook = read_source(numbers.folder)
    cells_by_id(notebook)["double"].source += "\n### BEGIN SOLUTION"
    write_source(numbers.folder, notebook)
    before = all_of(numbers)
    with pytest.raises(NbGraderException, match="no end solution statement found"):
        numbers.release()
    assert all_of(numbers) == before


KILLED = """
import os, pathlib, signal, sys
from sqlalchemy.orm import Session
import grading.assignment, grading.release
kill = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
{}
grading.release.release(grading.assignment.CourseAssignment("numbers", pathlib.Path(sys.argv[1])))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("patch", "released"),
    [
        ("grading.assignment.run_converter = kill", False),
        ("grading.release.migrate = kill", False),
        ("grading.release.exchange = kill", False),
        ("there = grading.release.exchange; grading.release.exchange = lambda *pair: (there(*pair), kill())", True),
    ],
    ids=["while it is built", "when it is proven", "before it is in place", "when it is in place"],
)
def test_a_release_that_is_killed_leaves_a_whole_one_and_is_run_again(numbers, patch, released):
    """In place before the gradebook knows it, the new one is whole, and nobody is graded until it was released once more."""
    before = all_of(numbers)
    ran = subprocess.run([sys.executable, "-c", KILLED.format(patch), numbers.folder], cwd=ROOT)
    assert ran.returncode == -9
    assert has_the_new_test(numbers) == (released, False)
    if not released:
        assert all_of(numbers) == before
    with pytest.raises(NbGraderException, match="has changed since it was released"):
        numbers.autograde()
    numbers.release()
    assert has_the_new_test(numbers) == (True, True) and os.listdir(numbers.folder / "release") == [NAME]


class NoSuchStep:
    """A file system, or a system, that can't exchange two folders in one step."""

    def __init__(self, answer):
        if answer is not None:
            self.renameat2 = lambda *arguments: answer


@pytest.mark.parametrize("answer", [None, -1], ids=["no function", "an error"])
def test_two_folders_change_places_also_in_three_steps(tmp_path, monkeypatch, answer):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: NoSuchStep(answer))
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "b").exists() and (tmp_path / "b" / "a").exists() and len(os.listdir(tmp_path)) == 2
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "c", tmp_path / "b")
    assert (tmp_path / "b" / "a").exists()


def test_a_release_behind_a_link_is_replaced_there(numbers, tmp_path):
    shutil.move(numbers.folder / "release" / NAME, tmp_path / "elsewhere")
    (numbers.folder / "release" / NAME).symlink_to(tmp_path / "elsewhere")
    numbers.release()
    assert (numbers.folder / "release" / NAME).is_symlink() and b"half-test" in (
        tmp_path / "elsewhere" / f"{NAME}.ipynb"
    ).read_bytes()


@pytest.fixture
def two(tmp_path):
    """The place of a release, where one lies, and another one that was built."""
    place, built = tmp_path / "release" / NAME, tmp_path / "build" / NAME
    for folder, name in ((place, "former"), (built, "new")):
        folder.mkdir(parents=True)
        (folder / name).touch()
    return place, built


@pytest.mark.parametrize("what", ["a file", "a folder", "a link that leads nowhere", "a link to a folder"])
def test_what_lies_in_the_way_of_a_release_is_gone_and_nothing_else(two, tmp_path, what):
    place, built = two
    other, beside = tmp_path / "other", place.with_name(f".{NAME}.new")
    other.mkdir()
    {"a file": beside.touch, "a folder": lambda: shutil.copytree(tmp_path / "build", beside)}.get(
        what, lambda: beside.symlink_to("nowhere" if "nowhere" in what else other)
    )()
    with replaced(place, built):
        pass
    assert os.listdir(place.parent) == [NAME] and os.listdir(place) == ["new"] and not place.is_symlink()
    assert os.listdir(other) == []


def test_a_file_where_the_release_belongs_is_replaced_and_does_not_stay(two):
    place, built = two
    shutil.rmtree(place)
    place.touch()
    with replaced(place, built):
        pass
    assert os.listdir(place.parent) == [NAME] and os.listdir(place) == ["new"]


def test_a_folder_in_the_way_that_can_not_be_removed_is_told_of(two, monkeypatch):
    place, built = two
    place.with_name(f".{NAME}.new").mkdir()

    def refuse(path, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr("os.rmdir", refuse)
    with pytest.raises(PermissionError), replaced(place, built):
        pass
    assert os.listdir(place) == ["former"] and os.listdir(built) == ["new"]


def test_what_a_killed_release_left_aside_is_in_nobodys_way(two, monkeypatch):
    place, built = two
    (place.with_name(f".{NAME}.new.aside") / "x").mkdir(parents=True)
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    with replaced(place, built):
        pass
    assert os.listdir(place.parent) == [NAME] and os.listdir(place) == ["new"]
