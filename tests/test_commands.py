"""commands.py: what a command prints, how it ends, and what it leaves."""

import csv
import re
import shutil
import subprocess
import sys

import pytest
from corpus import blank, save
from courses import ROOT, copy_course
from engines import graded
from run_all import cells_by_id

from grading import commands, fleet, standing
from grading.assignment import CourseAssignment
from grading.sandbox import NoSandbox


def command(*arguments, cwd=ROOT):
    return subprocess.run([sys.executable, "-m", "grading", *arguments], cwd=cwd, capture_output=True, text=True)


@pytest.fixture
def told(built, monkeypatch, capsys):
    """Return a function that runs a command in the course ``built``, and returns how it ended and what it printed."""
    monkeypatch.chdir(built)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["grading", *arguments, "--course", str(built)])
        with pytest.raises(SystemExit) as ended:
            commands.main()
        return ended.value.code, capsys.readouterr()

    return run


def test_the_report_has_whoever_is_graded_and_names_who_is_not(small, built, told):
    marked = blank()
    cells_by_id(marked)[
        "he-exercise"
    ].source = "def initialize_parameters_he(layers_dims):\n    raise ValueError('[/x]')"
    save(marked, small.submission("zoe").parent)
    small.submission("gone").parent.mkdir(parents=True)
    graded(small, ["gone", "zoe"])
    shutil.rmtree(small.submission("gone").parent.parent)
    small.submission("yan").parent.mkdir(parents=True)
    code, printed = told("report", "initialization")
    with open(built / "grades" / "initialization.csv", encoding="utf-8", newline="") as file:
        (read,) = csv.DictReader(file)
    assert read["student_id"] == "zoe" and "ValueError: [/x]" in read["message"] and "[/x]" in printed.out
    assert "1 not in initialization.csv, because they are not graded yet: yan." in code


def test_a_stopped_command_ends_as_one_and_says_how_to_go_on(small, told, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(fleet, "autograde", stopped)
    code, printed = told("autograde", "initialization")
    assert code == 130 and "the same command goes on from there" in printed.out


def test_without_a_sandbox_a_command_ends_with_what_to_install(small, told, monkeypatch):
    def none(work):
        raise NoSandbox("Install one.")

    monkeypatch.setattr(commands, "grader_for", none)
    code, _ = told("autograde", "initialization")
    assert code == "Install one."


def test_no_process_at_all_is_refused(told):
    code, printed = told("autograde", "initialization", "--jobs", "0")
    assert code == 2 and "0 processes can't grade; expected 1 or more" in printed.err


def test_a_reference_solution_without_full_marks_is_told(built, told):
    source = built / "source" / "initialization" / "initialization.ipynb"
    source.write_text(source.read_text().replace("np.sqrt(2 / layers_dims[l - 1])", "np.sqrt(1 / layers_dims[l - 1])"))
    code, _ = told("verify", "initialization")
    assert "reference 20 of 30, expected 30: he: " in code


def run_in(course, *line):
    """Run a command in a course, in this process."""
    arguments = commands.parser().parse_args([*line, "initialization", "--course", str(course)])
    arguments.command(arguments)


@pytest.mark.slow
def test_the_sample_class_is_graded_in_a_course_of_its_own(built, capsys):
    for student in ("ada", "kavya"):
        shutil.copytree(ROOT / "examples" / "submitted" / student, built / "examples" / "submitted" / student)
    with open(built / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {f'sqlite:///{built}/class.db'!r}\n")
        config.write(f"c.CourseDirectory.autograded_directory = {str(built / 'elsewhere')!r}\n")
    before = sorted(path for path in built.rglob("*") if "build" not in path.parts)
    run_in(built, "sample", "--jobs", "1")
    assert sorted(path for path in built.rglob("*") if "build" not in path.parts) == before
    own = CourseAssignment("initialization", built / "build" / "sample")
    assert [(one.student_id, one.score) for one in standing.standings(own)] == [("ada", 30.0), ("kavya", 0.0)]
    assert own.feedback_path("ada").is_relative_to(built / "build" / "sample")
    assert CourseAssignment("initialization", built).students() == []
    printed = " ".join(capsys.readouterr().out.split())
    assert "2 students, 1 with full marks, 1 not graded to the end." in printed
    with pytest.raises(FileNotFoundError, match="There is no sample of explore"):
        arguments = commands.parser().parse_args(["sample", "explore", "--course", str(built)])
        arguments.assignment, arguments.course = "explore", copy_course(built / "another course")
        arguments.command(arguments)


@pytest.mark.slow
def test_verifying_has_a_gradebook_of_its_own_and_leaves_nothing(built, capsys):
    with open(built / "nbgrader_config.py", "a") as config:
        config.write('\nc.CourseDirectory.db_url = "postgresql+psycopg9://nobody@nowhere/class"\n')
    run_in(built, "verify")
    assert "reference 30 of 30" in capsys.readouterr().out
    assert list((built / "build").glob("verify*")) == [] and not any((built / "submitted").iterdir())


def test_a_mistyped_assignment_gets_a_sentence(tmp_path):
    ran = command("report", "initialisation")
    assert ran.returncode == 1
    assert "initialisation" in ran.stderr and "check the spelling" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_reference_solution_earns_all_and_the_release_nothing():
    ran = command("verify", "initialization")
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"reference +30 of 30", ran.stdout) and re.search(r"untouched +0 of 30", ran.stdout)


def test_a_report_of_nobody_leaves_the_last_one(small, built, told):
    table = built / "grades" / "initialization.csv"
    table.parent.mkdir(exist_ok=True)
    table.write_text("the last one")
    code, _ = told("report", "initialization")
    assert code == "Nobody is graded yet. Run `python -m grading autograde initialization` first."
    assert [path.name for path in table.parent.iterdir()] == [table.name] and table.read_text() == "the last one"
