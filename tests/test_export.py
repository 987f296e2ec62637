"""export.py: what a learning platform imports has its own ids and the scores of the gradebook; who has none is named."""

import csv
import io
import shutil
import sys

import pytest
from courses import nbgrader
from platforms import CANVAS, CLASS, GRADES, PEOPLE, SHEET, canvas, canvas_reads, cells, moodle, one, sheet_reads
from rich.console import Console
from term import NAME, RIGHT, WHERE, WRONG, Course, hand_in
from test_table import graded as grade_all
from test_table import is_computed, too_much

from grading import commands, standing, terminal
from grading.assignment import write_whole
from grading.roster import BadRoster, read


def test_canvas_finds_its_own_ids_and_its_own_assignment():
    made = canvas(read(CANVAS.encode(), "roster.csv"), CLASS, NAME)
    read_there = canvas_reads(made.text, {"1001", "1002", "1003", "1004"}, {"4711": "numbers", "70": "Essay"})
    expected = {"1001": "13", "1002": "7.25", "1003": "0"}
    assert read_there == {("points", NAME): "13.0"} | {(who, NAME): score for who, score in expected.items()}
    assert made.rows[1][0] == "    Points Possible" and made.rows[4][:5] == cells(CANVAS)[5][:5]
    assert made.students == ["1001", "1002", "1003"] and made.known_by == "ID"
    assert made.remarks == [
        "No row, because nothing of them is graded: 1004.",
        "0, as in the gradebook, because nothing was handed in: 1003.",
    ]
    assert made.text.count("\r\n") == 5 and not made.text.startswith("\ufeff")


def test_canvas_makes_an_assignment_where_it_has_none_or_takes_the_one_that_is_named():
    roster = read(CANVAS.encode(), "roster.csv")
    made = canvas(roster, CLASS, "other")
    assert made.rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "other"]
    assert made.rows[1][-1] == "13"
    assert made.remarks[0].startswith("roster.csv has no column of other, so Canvas makes an assignment of that name")
    for column in ("Essay", "essay (70)", "Essay (70)"):
        made = canvas(roster, CLASS, "other", None, column)
        assert made.rows[0][-1] == "Essay (70)" and made.rows[1][-1] == "10.0"
        assert made.remarks[0] == "The gradebook gives up to 13 points, and Canvas up to 10.0; it does not scale them."
    with pytest.raises(BadRoster, match=r"^roster.csv has no column 'Essays'; it has Student, ID, .* --column\.$"):
        canvas(roster, CLASS, "other", None, "Essays")
    twice = read(CANVAS.replace("Essay (70)", "numbers (70)").encode(), "roster.csv")
    with pytest.raises(BadRoster, match=r"several columns of numbers: numbers \(70\), numbers \(4711\)\. .* --column"):
        canvas(twice, CLASS, NAME)
    assert canvas(twice, CLASS, NAME, None, "numbers (4711)").rows[0][-1] == "numbers (4711)"
    for title in ("numbers on a line (70)", "more numbers (70)", "numbers (draft) (70)", "Quiz: numbers (70)"):
        other = read(CANVAS.replace("Essay (70)", title).encode(), "roster.csv")
        assert canvas(other, CLASS, NAME).rows[0][-1] == "numbers (4711)"


def test_canvas_keeps_other_columns_of_who_somebody_is():
    names = "LastName,FirstName,ID,SIS User ID,SIS Login ID,Integration ID,Root Account,Section,numbers (1)"
    text = f"{names}\n    Points Possible,,,,,,,,13\nByron,Ada,1001,7,ada,i,x.example.edu,A,\n"
    made = canvas(read(text.encode(), "roster.csv"), CLASS[:1], NAME)
    assert made.rows[0] == names.split(",") and made.rows[2][-2:] == ["A", "13"]


def test_who_has_no_score_that_counts_has_no_row_and_is_named():
    failed = one("1001", None, status="failed", needs_manual=5)
    waits = one("1002", 7.0, needs_manual=3)
    roster = CANVAS.replace(",5.0,,", ",EX,,")
    scores = [failed, waits, one("1003", 4.0), one("1004", 2.0), one("=9", 1.0)]
    made = canvas(read(roster.encode(), "roster.csv"), scores, NAME)
    assert made.students == ["1003"] and made.ungraded == ["1001", "1002", "1004"] and made.strangers == ["=9"]
    assert made.summary() == (
        "1 student, 3 without a grade, 1 not in the roster. Their ids are in the roster's column 'ID'."
    )
    assert made.remarks == [
        "No row, because the grader could not finish them; grade them by hand: 1001.",
        "No row, because grades of them wait for a person; open the formgrader: 1002.",
        "No row, because they are excused (EX) there: 1004.",
    ]


def test_a_grading_worksheet_of_moodle_is_filled_in():
    made = moodle(read(SHEET.encode(), "sheet.csv"), CLASS, NAME)
    assert sheet_reads(made.text) == {
        "1001": ("13", "-", "Nice,\nas ever"),
        "1002": ("7.25", "Monday, 2 March 2026, 9:00 AM", ""),
        "1003": ("0", "-", ""),
    }
    at = made.rows[0].index("Grade")
    given = cells(SHEET)
    assert [row[:at] + row[at + 1 :] for row in made.rows] == [row[:at] + row[at + 1 :] for row in given]
    assert made.known_by == "Identifier"
    by_mail = moodle(read(SHEET.encode(), "sheet.csv"), [one("hypatia@example.edu", 1.5)], NAME)
    assert [*sheet_reads(by_mail.text)] == ["1003"] and by_mail.known_by == "Email address"


def test_what_moodle_would_not_take_is_said():
    other = read(SHEET.replace("13.00", '"10,00"').encode(), "sheet.csv")
    said = "The gradebook gives up to 13 points, and Moodle up to 10,00; it does not scale them."
    assert moodle(other, CLASS, NAME).remarks[0].startswith(said)
    named = read(SHEET.replace(",Grade,", ",Bewertung,").encode(), "sheet.csv")
    with pytest.raises(BadRoster, match="sheet.csv has no column 'Grade'; .* --column"):
        moodle(named, CLASS, NAME)
    assert moodle(named, CLASS, NAME, None, "bewertung").rows[1][4] == "13"
    extra = moodle(read(SHEET.encode(), "sheet.csv"), [one("1001", 14.0), *CLASS[1:]], NAME)
    assert "Moodle passes over a score above its maximum: 1001." in extra.remarks


@pytest.mark.parametrize(
    ("text", "scores", "known_by", "head"),
    [
        (GRADES, {"007": 13.0, "008": 7.25}, "ID number", "Assignment: numbers (Real)"),
        (GRADES, {"ada@example.edu": 13.0, "grace@example.edu": 7.25}, "Email address", "Assignment: numbers (Real)"),
        (PEOPLE, {"ada": 13.0, "grace": 7.25}, "Username", NAME),
        ("E-Mail-Adresse\nada\ngrace\n", {"ada": 13.0, "grace": 7.25}, "E-Mail-Adresse", NAME),
    ],
)
def test_a_table_for_the_gradebook_of_moodle(text, scores, known_by, head):
    """Moodle is told which column has the users and which the grades, and takes an empty grade for one to delete."""
    made = moodle(read(text.encode(), "roster.csv"), [one(*pair) for pair in scores.items()], NAME)
    header, *rows = cells(made.text)
    assert made.known_by == known_by and header[-1] == head
    place, there = header.index(known_by), cells(text)[0].index(known_by)
    assert [row[place] for row in rows] == [row[there] for row in cells(text)[1:3]]
    assert [row[place].lower() for row in rows] == [*scores] and [row[-1] for row in rows] == ["13", "7.25"]
    assert not {"Quiz: numbers on a line (Real)", "Last downloaded from this course", "Groups"} & {*header}


# ------------------------------------------------------------------------------ a class


@pytest.fixture(scope="module")
def term_course(numbers_course, tmp_path_factory):
    """A class of everything: right, late, waiting, failed, in the gradebook only, in the roster only, in ours only."""
    course = Course(shutil.copytree(numbers_course, tmp_path_factory.mktemp("export") / "a course"))
    hand_in(course.folder, "1001", RIGHT)
    hand_in(course.folder, "1002", RIGHT | WRONG, "2026-03-01 13:00:00 UTC")
    hand_in(course.folder, "1005", RIGHT)
    hand_in(course.folder, "=6\u202e", RIGHT)
    too_much(course, "1004")
    with course.assignment.gradebook() as gradebook:
        gradebook.update_or_create_student("1003")
    grade_all(course)
    for student in ("1001", "1002", "=6\u202e"):
        for cell, points in (("square", 2.0), ("why", 2.5), ("draw", 0.0)):
            course.enter(student, cell, manual_score=points)
    with course.assignment.gradebook() as gradebook:
        gradebook.find_grade("double-test", *WHERE, "1001").extra_credit = 0.75
        gradebook.find_submission_notebook(*WHERE, "1002").late_submission_penalty = 1.25
        gradebook.db.commit()
    roster = CANVAS + '"Curie, Marie",1005,011,marie@example.edu,A,,,,,\n"Germain, Sophie",1010,012,sophie@x,A,,,,,\n'
    (course.folder / "roster.csv").write_text(roster, encoding="utf-8")
    (course.folder / "sheet.csv").write_text(SHEET, encoding="utf-8")
    return course


@pytest.fixture
def run(term_course, monkeypatch):
    """Return a function that runs the command as a person does: what is printed, and how it ends."""

    def command(*line):
        shown = Console(file=io.StringIO(), width=500)
        monkeypatch.setattr(terminal, "console", shown)
        line = ["grading", *line, "--course", str(term_course.folder)]
        monkeypatch.setattr(sys, "argv", line)
        monkeypatch.chdir(term_course.folder)
        try:
            commands.main()
        except SystemExit as ended:
            return shown.file.getvalue(), ended.code
        return shown.file.getvalue(), None

    return command


def test_the_class_in_canvas_is_the_class_of_the_gradebook(term_course, run):
    printed, ended = run("export", NAME, "--format", "canvas", "--roster", "roster.csv")
    assert ended == "Not in roster.csv: =6\\u202e."
    assert printed.splitlines() == [
        "Wrote grades/numbers-canvas.csv: 3 students, 2 without a grade, 1 not in the roster. "
        "Their ids are in the roster's column 'ID'.",
        "No row, because the grader could not finish them; grade them by hand: 1004.",
        "No row, because grades of them wait for a person; open the formgrader: 1005.",
        "No row, because nothing of them is graded: 1010.",
        "0, as in the gradebook, because nothing was handed in: 1003.",
    ]
    text = (term_course.folder / "grades" / "numbers-canvas.csv").read_bytes().decode("utf-8")
    there = canvas_reads(text, {str(who) for who in range(1001, 1011)}, {"4711": NAME, "70": "Essay"})
    ours = {one.student_id: one for one in standing.standings(term_course.assignment)}
    assert there.pop(("points", NAME)) == "13.0"
    assert {who: float(score) for (who, _), score in there.items()} == {
        who: ours[who].score for who in ("1001", "1002", "1003")
    }
    assert (ours["1001"].score, ours["1002"].score, ours["1003"].score) == (4.75 + 3 + 2 + 2.5, 3 + 4.5 - 1.25, 0.0)
    nbgrader(term_course.folder, "export", "--to", "nbgrader.csv")
    with open(term_course.folder / "nbgrader.csv", newline="") as file:
        exported = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    run("report", NAME)
    with open(term_course.folder / "grades" / f"{NAME}.csv", newline="") as file:
        table = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
    for (who, _), score in there.items():
        assert float(score) == exported[who] == float(table[who])
    assert not list(term_course.folder.glob("grades/*.new"))


def test_the_class_in_moodle_and_in_a_file_of_another_name(term_course, run):
    printed, ended = run("export", NAME, "--format", "moodle", "--roster", "sheet.csv", "--to", "upload.csv")
    assert ended.startswith("Not in sheet.csv: 1004, 1005, =6\\u202e.")
    assert printed.startswith("Wrote upload.csv: 3 students, 3 not in the roster. ")
    text = (term_course.folder / "upload.csv").read_bytes().decode()
    assert {who: grade for who, (grade, *_) in sheet_reads(text).items()} == {
        "1001": "12.25",
        "1002": "6.25",
        "1003": "0",
    }
    lines = [line for line in text.split("\r\n") if line]
    ours = [cell for row in cells(text)[1:] for cell in row[4:5]]
    assert len(lines) == 4 and not any(map(is_computed, ours))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            ["--roster", "gone.csv"],
            "There is no file gone.csv; expected the roster that the platform exported, as CSV.",
        ),
        (["--roster", "roster.csv", "--to", "roster.csv"], "roster.csv is the roster; expected another file"),
        (["--roster", "roster.csv", "--to", "source"], "source is a folder; expected the name of the file to write"),
        (["--roster", "roster.csv", "--id", "Name"], "roster.csv has no column 'Name', which --id names; expected one"),
        (["--roster", "sheet.csv"], "sheet.csv is not a gradebook that Canvas exported"),
    ],
)
def test_a_mistake_on_the_command_line_gets_one_sentence_and_writes_nothing(term_course, run, line, said):
    before = {path: path.stat().st_mtime_ns for path in term_course.folder.rglob("*.csv")}
    printed, ended = run("export", NAME, "--format", "canvas", *line)
    assert ended.startswith(said) and printed == ""
    assert {path: path.stat().st_mtime_ns for path in term_course.folder.rglob("*.csv")} == before


def test_where_nobody_has_a_grade_nothing_is_written(term_course, run):
    (term_course.folder / "few.csv").write_text("Username\n1004\n1005\n")
    printed, ended = run("export", NAME, "--format", "moodle", "--roster", "few.csv", "--to", "none.csv")
    assert ended.startswith(
        "Nothing was written to none.csv, as nobody in the roster has a grade. Not in few.csv: 1001, "
    )
    assert "grades of them wait for a person; open the formgrader: 1005." in printed
    assert not (term_course.folder / "none.csv").exists()


def test_who_is_not_graded_yet_is_named(numbers_course, tmp_path, run, term_course):
    hand_in(term_course.folder, "1010", RIGHT)
    try:
        _, ended = run("export", NAME, "--format", "canvas", "--roster", "roster.csv")
    finally:
        shutil.rmtree(term_course.folder / "submitted" / "1010")
    assert ended.endswith("Not graded yet: 1010. Run `python -m grading autograde numbers` first.")


def test_what_could_not_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    made = canvas(read(CANVAS.encode(), "r.csv"), CLASS, NAME)
    path = tmp_path / "grades" / "x.csv"
    write_whole(path, made.text)
    before = path.read_bytes()

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, moodle(read(PEOPLE.encode(), "r.csv"), [one("ada", 1.0)], NAME).text)
    assert path.read_bytes() == before


def test_whoever_has_no_row_is_not_said_to_be_above_the_maximum():
    waiting = one("1001", 14.0, needs_manual=1)
    made = moodle(read(SHEET.encode(), "sheet.csv"), [waiting, *CLASS[1:]], NAME)
    assert not any("above its maximum" in said for said in made.remarks)
