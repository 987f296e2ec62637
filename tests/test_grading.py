"""grading/: named states, honest scores, nothing stale. The sample class is graded for real."""

import csv
import html
import io
import os
import re
import runpy
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from unittest.mock import ANY

import nbformat
import pytest
from conftest import ROOT, Staying, cells_by_id, copy_course, nbgrader
from corpus import blank, save
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import notebook_hash
from rich.console import Console
from term import score_of

import grading.__main__ as commands
import grading.assignment as assignment_room
from grading import fleet, standing, store
from grading.__main__ import columns, row
from grading.assignment import CourseAssignment, NbGraderException
from grading.grade import Work
from grading.result import Result, Standing
from grading.sandbox import NoSandbox, available
from grading.submission import LARGEST, SECRET, collect

EXERCISES = ["zeros", "random", "he"]
TESTS = [f"{name}-test" for name in EXERCISES]


def expected_class():
    """The table of examples/README.md."""
    rows = {}
    for line in (ROOT / "examples" / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[2].isdigit():
            rows[cells[0]] = (dict(zip(TESTS, map(float, cells[2:5]))), cells[5])
    return rows


@pytest.fixture(scope="module")
def graded_class(sample_class):
    return CourseAssignment("initialization", sample_class)


def graded(course, students, force=False, engine=None):
    """Grade; return what was stored, None for what had not changed."""
    work = Work(course.master, course.limits, available().name)
    return dict(fleet.autograde(course, students, engine or Staying(), work, force))


@pytest.fixture(scope="module")
def results(graded_class):
    return dict(standing.results(graded_class))


@pytest.fixture
def small(built):
    """A course with one student and no submission yet."""
    made = CourseAssignment("initialization", built)
    made.submission("zoe").parent.mkdir(parents=True)
    return made


def test_sample_class_is_what_its_script_builds(tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("submitted"))
    shutil.copytree(ROOT / "release", tmp_path / "release")
    subprocess.run([sys.executable, tmp_path / "examples" / "build.py"], check=True)
    built, committed = tmp_path / "examples" / "submitted", ROOT / "examples" / "submitted"
    files = sorted(path.relative_to(built) for path in built.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(committed) for path in committed.rglob("*") if path.is_file())
    for file in files:
        assert (built / file).read_text() == (committed / file).read_text(), "run python examples/build.py"


def test_the_script_of_the_sample_class_leaves_nobody_of_an_earlier_one(tmp_path):
    shutil.copytree(ROOT / "release", tmp_path / "release")
    (tmp_path / "examples" / "submitted" / "somebody").mkdir(parents=True)
    runpy.run_path(shutil.copy(ROOT / "examples" / "build.py", tmp_path / "examples"))["main"]()
    students = {path.name for path in (tmp_path / "examples" / "submitted").iterdir()}
    assert students == {path.name for path in (ROOT / "examples" / "submitted").iterdir()}


def test_a_mistake_of_the_sample_class_that_no_cell_has_is_told():
    script = runpy.run_path(ROOT / "examples" / "build.py")
    with pytest.raises(ValueError, match="he-exercise does not contain 'np.cbrt'"):
        script["notebook"](script["RIGHT"], ("he-exercise", "np.cbrt", "np.sqrt"))


def test_the_configuration_is_the_same_with_and_without_a_class(course):
    made = CourseAssignment("initialization", course)
    (course / "submitted").rmdir()
    before = CourseAssignment("initialization", course)
    assert made.config == before.config and made.submission("ada") == before.submission("ada")
    assert made.course.db_url == before.course.db_url == f"sqlite:///{course / 'gradebook.db'}"


def test_sample_class_gets_the_scores_that_it_should(results):
    assert {name: (result.scores, result.status) for name, result in results.items()} == expected_class()
    assert len(results) >= 10
    assert all(result.max_score == 30 for result in results.values())


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("ada", ["All checks passed."]),
        ("carla", ["he: Expected: W1 starts with", "the draws times 0.5345", "This is Xavier"]),
        ("dmitri", ["zeros: Expected: W1 of shape (5, 7) Got: W1 of shape (7, 5) Hint: Rows and columns are swapped."]),
        ("farid", ["random: not written yet", "he: not written yet"]),
        ("ines", ["more than 5 s", "never ends"]),
        ("jonas", ["random: initialize_parameters_random is not defined, because its cell can't be run: SyntaxError"]),
        ("kavya", ["cut off", "submit the notebook again"]),
        ("lars", ["All checks passed."]),
        ("omar", ["ended the notebook's own process"]),
    ],
)
def test_message_says_what_happened(results, student, words):
    for word in words:
        assert word in results[student].message


def test_nbgrader_has_the_same_scores_in_its_gradebook(graded_class, results):
    with graded_class.gradebook() as gradebook:
        stored = {entry["student"]: entry["score"] for entry in gradebook.submission_dicts("initialization")}
    for student, result in results.items():
        assert stored.get(student, 0.0) == result.score


def test_feedback_pages_carry_the_message_of_the_check(graded_class, results):
    for student, result in results.items():
        page = graded_class.page(student)
        assert page.exists(), student
        source = re.sub(r"<code>([^<]+)</code>", r"`\1`", page.read_text())
        text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", source)).split())
        assert score_of(page) == result.score
        for message in result.messages.values():
            for line in message.splitlines():
                said = re.sub(r"^(Expected|Got|Hint):", "", line)
                assert " ".join(said.split()) in text, (student, line)
        assert "hidden_test" not in text and "RandomState(3)" not in text


def hand_in(course, student, time, secret="a secret"):
    """Put a submission with two right answers where nbgrader's exchange puts it, with its receipt."""
    place = course.submission(student).parent
    place.mkdir(parents=True, exist_ok=True)
    save(blank(["zeros", "random"]), place)
    (place / "timestamp.txt").write_text(time)
    (place / "submission_secret.txt").write_text(secret)


@pytest.mark.parametrize(("method", "penalty"), [("none", None), ("zero", 20)])
def test_what_is_late_is_late_as_nbgrader_counts_it(built, method, penalty):
    with open(built / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.LateSubmissionPlugin.penalty_method = {method!r}\n")
    made = CourseAssignment("initialization", built)
    with made.gradebook() as gradebook:
        gradebook.update_or_create_assignment("initialization", duedate="2026-03-01 12:00:00 UTC")
    for student, time in {
        "amy": "2026-03-01 11:00:00 UTC",
        "ben": "2026-03-01 15:30:00.250 UTC",
        "cleo": "yesterday",
    }.items():
        hand_in(made, student, time)
    graded(made, made.students())

    def stored():
        with made.gradebook() as gradebook:
            return {
                one.student_id: (str(one.timestamp), one.total_seconds_late, one.notebooks[0].late_submission_penalty)
                for one in gradebook.assignment_submissions("initialization")
            }

    expected = {
        "amy": ("2026-03-01 11:00:00", 0, None),
        "ben": ("2026-03-01 15:30:00.250000", 12600.25, penalty),
        "cleo": ("None", 0, None),
    }
    assert stored() == expected
    about = {"notebook": "initialization", "assignment": "initialization", "db_url": made.course.db_url}
    for student in expected:  # nbgrader's own step finds nothing to change
        AssignLatePenalties(config=made.config).preprocess(blank(), {"nbgrader": {**about, "student": student}})
    assert stored() == expected
    results = {one.student_id: one for one in standing.standings(made)}
    assert (
        "Handed in 3.5 hours late." in results["ben"].message
        and "late" not in results["amy"].message + results["cleo"].message
    )
    assert "says no time" in results["cleo"].message
    assert ("takes 20 points off" in results["ben"].message) == (penalty == 20)
    dict(fleet.feedback(made))
    assert score_of(made.page("ben")) == 20 - (penalty or 0)
    assert ("20 points are taken off, because it was handed in late" in made.page("ben").read_text()) == (penalty == 20)

    with made.gradebook() as gradebook:
        gradebook.grant_extension("initialization", "ben", hours=3)
    for _ in range(2):  # it outlives every grading
        graded(made, ["ben"], force=True)
        assert stored()["ben"] == ("2026-03-01 15:30:00.250000", 1800.25, penalty)
    assert "Handed in 31 minutes late." in {one.student_id: one.message for one in standing.standings(made)}["ben"]
    hand_in(made, "ben", "2026-03-01 14:59:00 UTC")  # the same notebook, at another time
    assert graded(made, made.students()) == {"amy": None, "ben": ANY, "cleo": None}
    assert stored()["ben"] == ("2026-03-01 14:59:00", 0, None)


def test_who_hands_in_at_the_last_moment_is_in_time(built):
    made = CourseAssignment("initialization", built)
    with made.gradebook() as gradebook:
        gradebook.update_or_create_assignment("initialization", duedate="2026-03-01 12:00:00 UTC")
    hand_in(made, "amy", "2026-03-01 12:00:00 UTC")
    assert "late" not in graded(made, ["amy"])["amy"].result.message
    assert ["late" in one.message for one in standing.standings(made)] == [False]


@pytest.mark.parametrize(("asked", "taken"), [(None, None), (7, 7), (1000, 20), (-5, 0)])
def test_no_penalty_takes_more_than_there_is_or_gives_any(small, asked, taken):
    with store.opened(small, "test") as writer:
        writer.late_penalty = lambda student, score, late: asked
        assert writer._penalty("zoe", 20.0, 60) == taken


@pytest.mark.slow
def test_nbgrader_releases_the_feedback_of_whatever_the_exchange_brought(built, tmp_path):
    with open(built / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    made = CourseAssignment("initialization", built)
    nbgrader(built, "release_assignment", "initialization")
    for student, time, secret in (
        ("amy", "2026-03-01 11:00:00 UTC", "a secret"),
        ("ben", "soon \x1b[2J", " "),
        ("cleo", "", "x" * 2000),
    ):
        hand_in(made, student, time, secret)
    graded(made, made.students())
    dict(fleet.feedback(made))
    log = nbgrader(built, "release_feedback", "initialization")
    assert "\x1b" not in log
    released = {path.stem: path.read_text() for path in tmp_path.glob("exchange/*/feedback/*.html")}
    assert len(released) == 3
    assert released[notebook_hash(secret="a secret", notebook_id="initialization")] == made.page("amy").read_text()


def test_a_penalty_that_nbgrader_does_not_know_gets_a_sentence(built):
    with open(built / "nbgrader_config.py", "a") as config:
        config.write("\nc.LateSubmissionPlugin.penalty_method = 'half'\n")
    made = CourseAssignment("initialization", built)
    with pytest.raises(NbGraderException, match="penalty for late submissions that does not exist.*'half'"):
        graded(made, [])


PATHS = [
    "2026-03-01 11:00:00 /proc/self/mem",
    "2026-03-01 11:00:00 :/etc/localtime",
    "2026-03-01 11:00:00 ../../etc/localtime",
]


@given(st.text() | st.from_regex(r"\d+-\d+-\d+ \d+:\d+:\d+ [+-]?[\w:/.]+", fullmatch=True) | st.sampled_from(PATHS))
def test_any_receipt_has_a_time_or_none(text):
    time = assignment_room.handed_in_at(text)
    assert time is None or isinstance(time, datetime) and "/" not in text


def test_nothing_is_graded_twice_unless_it_changed(small):
    shutil.copy(ROOT / "release" / "initialization" / "initialization.ipynb", small.submission("zoe"))
    assert graded(small, ["zoe"])["zoe"].result.status == "graded"
    assert graded(small, ["zoe"]) == {"zoe": None}
    assert graded(small, ["zoe"], force=True)["zoe"].result.status == "graded"


def test_other_limits_are_a_reason_to_grade_again(small):
    save(blank(), small.submission("zoe").parent)
    graded(small, ["zoe"])
    small.limits = replace(small.limits, call=small.limits.call + 1)
    assert graded(small, ["zoe"])["zoe"] is not None


def test_a_page_stands_until_anything_on_it_has_changed(small):
    save(blank(), small.submission("zoe").parent)
    graded(small, ["zoe"])
    assert dict(fleet.feedback(small)) == {"zoe": "written"}
    assert dict(fleet.feedback(small)) == {"zoe": "stood"}
    assignment_room.write_whole(small.page("zoe"), "what another program wrote")
    assert dict(fleet.feedback(small)) == {"zoe": "written"}
    assert dict(fleet.feedback(small, force=True)) == {"zoe": "written"}
    assert score_of(small.page("zoe")) == 0
    small.page("zoe").unlink()
    assert dict(fleet.feedback(small)) == {"zoe": "written"}
    with small.gradebook() as gradebook:
        where = "initialization", "initialization", "zoe"
        gradebook.find_comment("he-exercise", *where).manual_comment = "Come to my office."
        gradebook.db.commit()
    assert dict(fleet.feedback(small)) == {"zoe": "written"}
    assert "Come to my office." in small.page("zoe").read_text()
    assert dict(fleet.feedback(small)) == {"zoe": "stood"}


def test_a_grade_that_became_unreadable_does_not_stand(small):
    path = small.submission("zoe")
    shutil.copy(ROOT / "source" / "initialization" / "initialization.ipynb", path)
    assert graded(small, ["zoe"])["zoe"].result.score == 30
    assert dict(fleet.feedback(small)) == {"zoe": "written"} and small.page("zoe").exists()

    path.write_text(path.read_text()[:5000])
    second = graded(small, ["zoe"])["zoe"].result
    assert (second.status, second.score) == ("malformed", 0.0)
    assert not small.page("zoe").exists()
    assert scores(small) == [0.0]

    path.unlink()
    assert graded(small, ["zoe"])["zoe"].result.status == "missing"
    assert scores(small) == []
    assert dict(fleet.feedback(small)) == {"zoe": "nothing"}


def scores(course):
    with course.gradebook() as gradebook:
        return [entry["score"] for entry in gradebook.submission_dicts("initialization")]


def test_hidden_folders_and_stray_files_are_no_students(course):
    for name in (".ipynb_checkpoints", "zoe"):
        (course / "submitted" / name).mkdir()
    (course / "submitted" / "notes.txt").touch()
    assert CourseAssignment("initialization", course).students() == ["zoe"]


@pytest.mark.parametrize("name", [b"M\xfcller", b"two\nlines", b"\x1b[31mred", b"x" * 129])
def test_a_folder_whose_name_no_gradebook_holds_is_named_before_anything_is_graded(course, name):
    os.mkdir(os.fsencode(course / "submitted") + b"/" + name)
    with pytest.raises(NbGraderException, match="Rename it") as said:
        CourseAssignment("initialization", course).students()
    assert str(said.value).isprintable()


# As a submission whose notebook has no mode that allows to read it, also where root looks at it.
NOT_ALLOWED = """
    import builtins
    allowed = builtins.open
    def refused(path, mode="r", *arguments, **options):
        if mode == "rb" and "zoe" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return allowed(path, mode, *arguments, **options)
    builtins.open = refused
"""


def test_files_that_nobody_may_read_and_odd_names_are_told_in_the_message(small, started_with):
    folder = small.submission("zoe").parent
    os.close(os.open(os.fsencode(folder) + b"/\xff\x1b[2J\n[b].txt", os.O_CREAT))
    result = graded(small, ["zoe"])["zoe"].result
    assert result.status == "missing" and result.message.isprintable() and "[b].txt" in result.message
    result.message.encode("utf-8")

    shutil.copy(ROOT / "source" / "initialization" / "initialization.ipynb", folder)
    started_with(NOT_ALLOWED)
    result = graded(small, ["zoe"], force=True)["zoe"].result
    assert result.status == "missing" and "chmod" in result.message


def test_a_folder_that_is_a_link_to_a_peers_hands_in_nothing(small):
    save(blank(["he"]), small.submission("zoe").parent)
    small.submission("mallory").parent.parent.mkdir()
    small.submission("mallory").parent.symlink_to(small.submission("zoe").parent)
    submitted = collect(small.place("mallory"))
    assert not submitted.notebooks
    assert "Expected initialization.ipynb in initialization/" in submitted.missing["initialization"]


def test_a_receipt_that_is_a_link_tells_nothing_of_where_it_leads(small, tmp_path):
    (tmp_path / "password").write_text("of the instructor")
    small.submission("zoe").with_name(SECRET).symlink_to(tmp_path / "password")
    assert collect(small.place("zoe")).receipt == {SECRET: ""}


def test_a_copy_that_jupyter_keeps_is_no_second_notebook(small):
    folder = small.submission("zoe").parent
    save(blank(), folder, "my own name.ipynb")
    (folder / ".ipynb_checkpoints").mkdir()
    save("of an hour ago", folder / ".ipynb_checkpoints", "my own name-checkpoint.ipynb")
    assert collect(small.place("zoe")).notebooks == {"initialization": (folder / "my own name.ipynb").read_bytes()}


def test_a_file_that_is_too_large_is_told_so(small):
    save(nbformat.writes(blank()) + LARGEST * " ", small.submission("zoe").parent)
    result = graded(small, ["zoe"])["zoe"].result
    assert result.status == "malformed" and "are allowed: clear the outputs" in result.message


def test_an_interrupted_grading_leaves_no_result_behind_and_is_named(small, monkeypatch):
    shutil.copy(ROOT / "source" / "initialization" / "initialization.ipynb", small.submission("zoe"))
    graded(small, ["zoe"])

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(fleet, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        graded(small, ["zoe"], force=True, engine=fleet.Local(1))
    assert dict(standing.results(small)) == {"zoe": None} and scores(small) == [0.0]
    assert list(standing.standings(small)) == [] and not small.autograded("zoe").exists()
    monkeypatch.undo()
    assert graded(small, ["zoe"])["zoe"].result.score == 30
    assert dict(standing.results(small))["zoe"].score == 30


def test_a_student_of_the_gradebook_without_a_submission_is_named(built):
    small = CourseAssignment("initialization", built)
    with small.gradebook() as gradebook:
        gradebook.add_student("yan")
    assert small.students() == ["yan"]
    assert graded(small, ["yan"])["yan"].result.status == "missing"
    assert list(dict(standing.results(small))) == ["yan"]


def broken_metadata(notebook):
    cell = next(cell for cell in notebook.cells if cell.id == "he-test")
    cell.metadata.nbgrader = {}


def deleted_test(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.id != "he-test"]


@pytest.mark.parametrize(
    ("damage", "status", "score", "words"),
    [
        (broken_metadata, "graded", 30, "All checks passed."),
        (deleted_test, "graded", 30, "All checks passed."),
    ],
)
def test_damaged_cells_cost_nothing(small, damage, status, score, words):
    notebook = nbformat.read(ROOT / "source" / "initialization" / "initialization.ipynb", as_version=4)
    damage(notebook)
    nbformat.write(notebook, small.submission("zoe"))
    result = graded(small, ["zoe"])["zoe"].result
    assert (result.status, result.score) == (status, score)
    assert words in result.message


def test_grades_csv_has_the_contract_and_quotes_what_it_must():
    titles = {f"{name}-test": name for name in EXERCISES}
    awkward = Standing(
        'o\'neil, "x"',
        "initialization",
        "graded",
        10.0,
        30.0,
        2.5,
        1,
        {"zeros-test": 10.0, "random-test": 0.0, "he-test": 2.5},
        'says "no", twice\nand again',
    )
    text = io.StringIO()
    csv.writer(text).writerows([columns(titles), row(awkward, titles)])
    (read,) = csv.DictReader(io.StringIO(text.getvalue(), newline=""))
    about = "student_id", "assignment", "score", "max_score", "status", "late_penalty", "needs_manual"
    assert list(read) == [*about, *EXERCISES, "message"]
    assert read["student_id"] == awkward.student_id and read["message"] == 'says "no", twice and again'
    assert (read["score"], read["max_score"], read["he"]) == ("10", "30", "2.5")
    assert (read["late_penalty"], read["needs_manual"]) == ("2.5", "1")


def test_a_result_survives_storing():
    result = Result(
        "zoe", "initialization", "graded", {"he": 10.0}, {"he": 10.0}, "Good.", {"he": "nul \0 and half \ud800"}
    )
    assert Result.from_json(result.as_json()) == result
    assert "\0" not in result.as_json() and result.as_json().isascii()  # PostgreSQL takes neither


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

    monkeypatch.setattr(commands, "processes", none)
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
    before = sorted(path for path in built.rglob("*") if "build" not in path.parts)
    run_in(built, "sample", "--jobs", "1")
    assert sorted(path for path in built.rglob("*") if "build" not in path.parts) == before
    own = CourseAssignment("initialization", built / "build" / "sample")
    assert [(one.student_id, one.score) for one in standing.standings(own)] == [("ada", 30.0), ("kavya", 0.0)]
    assert own.page("ada").is_relative_to(built / "build" / "sample")
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


@pytest.mark.parametrize(("names", "below"), [(["he"], False), (["initialize_parameters_xx"] * 3, True)])
def test_messages_stay_readable_beside_or_below_the_table(monkeypatch, names, below):
    out = io.StringIO()
    monkeypatch.setattr(commands, "console", Console(file=out, width=110))
    message = "This is a sentence of many words, which nobody can read in a column of eight letters."
    titles = {f"{number}": name for number, name in enumerate(names)}
    one = Standing("zoe", "x", "graded", 1.0, 2.0, 0.0, 0, dict.fromkeys(titles, 1.0), message)
    commands.print_table("x", [one], titles)
    assert (f"zoe: {message}" in out.getvalue().replace("\n", " ").replace("  ", " ")) == below
    assert all(name in out.getvalue() for name in names)
    longest = max(line.count(" ") for line in out.getvalue().splitlines() if "sentence" in line)
    assert longest > 5


def test_more_exercises_than_fit_leave_the_rest_of_the_table_readable(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(commands, "console", Console(file=out, width=110))
    titles = {f"{number}": f"exercise {number}" for number in range(9)}
    one = Standing("zoe", "x", "graded", 1.0, 2.0, 0.0, 0, dict.fromkeys(titles, 1.0), "All is well.")
    commands.print_table("x", [one], titles)
    assert "The points of the 9 parts do not fit here" in out.getvalue()
    assert all(word in out.getvalue() for word in ("zoe", "1/2", "graded", "All is well."))
    assert "exercise" not in out.getvalue()


def test_a_mistyped_assignment_gets_a_sentence(tmp_path):
    ran = command("report", "initialisation")
    assert ran.returncode == 1
    assert "initialisation" in ran.stderr and "check the spelling" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_reference_solution_earns_all_and_the_release_nothing():
    ran = command("verify", "initialization")
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"reference +30 of 30", ran.stdout) and re.search(r"untouched +0 of 30", ran.stdout)
