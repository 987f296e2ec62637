"""What students wrote, and their ids, are text in every table and terminal; whom the grader could not finish has no score."""

import csv
import io
import itertools
import re
import shutil
import sys
import unicodedata
from types import SimpleNamespace

import pytest
from courses import nbgrader
from hypothesis import example, given
from hypothesis import strategies as st
from nbgrader.plugins import CsvExportPlugin
from nbgrader.plugins import export as export_room
from rich.console import Console
from term import NAME, RIGHT, WHERE, Course, course_in, hand_in

from grading import commands, fleet, plugin, terminal
from grading.grade import failed
from grading.harmless import CONTROL_CHARACTERS
from grading.result import COMPUTED, SPLIT, Standing, escaped, no_formula, one_line, printable
from grading.table import as_csv, columns, row
from grading.work import Work

EVERYTHING = [chr(number) for number in range(sys.maxunicode + 1)]
# What a spreadsheet or a terminal may make something of, among signs that nothing is made of.
AWKWARD = "=+-@,;\t\n\r\"'`\\ab019.eE({ \xa0\u3000\u202e\u2067\u200b\ufeff＝＋－＠，；＂⁻₌\x00\x1b\x85\u2028\ud800é"
texts = st.one_of(st.text(st.sampled_from(AWKWARD), max_size=30), st.text(st.characters(), max_size=30))
numbers = st.floats(-1e6, 1e6)


def pieces(line):
    """Yield what a spreadsheet may take for a cell of a line of CSV, wherever it splits and whatever quotes mean to it."""
    for count in (1, 2, 3):
        for marks in itertools.combinations(",;\t", count):
            yield from re.split(f"[{''.join(marks)}\n]", line)
    for mark, quote, blanks in itertools.product(",;\t", "\"'", (False, True)):
        for cells in csv.reader(
            io.StringIO(line, newline=""), delimiter=mark, quotechar=quote, skipinitialspace=blanks
        ):
            yield from cells


def is_computed(piece):
    """Whether a spreadsheet may compute a cell, after it took off blanks and quotes, or wrote it in fewer signs."""
    begins = unicodedata.normalize("NFKC", piece.removesuffix("\n")).lstrip(" \xa0\"'`")[:1]
    is_number = re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", piece)
    return begins in tuple("=+-@\t\r\n") and not is_number


def line_of(student, message, titles=("double",), assignment=NAME, score=1.0, penalty=0.0):
    titles = {f"{number}-test": title for number, title in enumerate(titles)}
    scores = dict.fromkeys(titles, score)
    one = Standing(student, assignment, "graded", score, 4.0, penalty, 0, scores, message)
    return as_csv(columns(titles)), as_csv(row(one, titles))


@given(texts, texts, st.lists(texts, min_size=1, max_size=3), texts, numbers, numbers)
@example("=1+1", "-2+3", ["@a"], "+1", -1.0, -2.0)
@example("amy", ';=HYPERLINK("http://tracker.example","x")', [";-1", '"=2'], ",-1,", -0.5, 0.0)
@example("-5", "a, -0.5, -1e3", ["-5;=1"], "'=1", -1e-9, 0.0)
@example('"";=1', "a;\"'\u00a0 ＝1", ["a"], "b", 0.0, 0.0)
def test_no_cell_of_the_table_is_computed_however_it_is_split(student, message, titles, assignment, score, penalty):
    for line in line_of(student, message, titles, assignment, score, penalty):
        assert line.endswith("\n") and line[:-1].isprintable() and line.encode()
        assert [piece for piece in pieces(line) if is_computed(piece)] == []


@given(texts, texts, numbers, numbers)
def test_numbers_stay_numbers_and_text_its_words(student, message, score, penalty):
    _, line = line_of(student, message, score=score, penalty=penalty)
    ((name, assignment, first, most, status, late, waits, part, said),) = csv.reader([line])
    told = [float(first), float(most), float(late), float(waits), float(part)]
    assert told == pytest.approx([score, 4, penalty, 0, score], rel=1e-11, abs=0)
    assert said.replace("\\", "") == one_line(message).replace("\\", "")
    assert name.replace("\\", "") == escaped(student).replace("\\", "")


@given(
    st.lists(st.one_of(st.text(st.sampled_from("=\\\u202e\u202d\u00a0ux20e;\"' \t"), max_size=8), texts), unique=True)
)
@example(["=1", "\\=1", "\\\\=1", "'=1", '"=1', "＝1", " =1", "\u202e", "\\u202e", "\\\\u202e", "\u202d", "\n", "\\n"])
def test_unlike_ids_are_unlike_in_the_table_and_on_the_screen(students):
    assert len({escaped(student) for student in students}) == len(students)
    assert len({line_of(student, "")[1] for student in students}) == len(students)


def test_what_a_poorer_set_of_characters_makes_a_formula_of_is_known():
    plain = {sign: unicodedata.normalize("NFKC", sign) for sign in EVERYTHING}
    splits = {sign for sign in EVERYTHING if plain[sign] in (*",;\t",)}
    computed = {sign for sign in EVERYTHING if plain[sign] and plain[sign][0] in "=+-@"}
    assert {sign for sign in EVERYTHING if re.match(f"[{SPLIT}]", sign)} == splits
    assert {sign for sign in EVERYTHING if re.match(f"[{COMPUTED}]", sign)} == computed
    assert all(no_formula(f"a{split} {sign}1") == f"a{split} \\{sign}1" for split in splits for sign in computed)


def test_a_terminal_is_asked_for_nothing():
    shown = "".join(map(printable, EVERYTHING))
    assert not CONTROL_CHARACTERS.search(shown.replace("\n", "")) and not re.search(
        "[\u200b-\u200f\u202a-\u202e\u2060-\u206f]", shown
    )
    assert printable("two\nlines\tof\xa0text \U0001f600") == "two\nlines of text \U0001f600"
    assert one_line("two\nlines") == "two lines"
    assert escaped('o\'neil, "x" äß') == 'o\'neil, "x" äß'
    assert escaped("a\u202eb\\c") == "a\\u202eb\\\\c"


@pytest.fixture
def screen(monkeypatch):
    """What is printed."""
    monkeypatch.setattr(terminal, "console", Console(file=io.StringIO(), width=200))
    return terminal.console.file


def test_markup_names_of_pictures_and_turned_text_are_printed_as_text(screen):
    commands.say("[bold]x[/bold] [/y] :smile: \u202eabc\x1b[31m")
    titles = {"a-test": "[red]he\u2066"}
    one = Standing(":smile:\u202e[b]", "x", "failed", None, 4.0, 0.0, 1, {"a-test": None}, "\u202e[/i] :cat:")
    for width in (200, 60):
        terminal.console.width = width
        commands.print_table("[i]x\u202e", [one], titles)
    printed = screen.getvalue()
    assert not CONTROL_CHARACTERS.search(printed)
    assert "[bold]x[/bold] [/y] :smile: \N{REPLACEMENT CHARACTER}abc" in printed
    assert printed.count(":smile:\\u202e[b]") == 3 and printed.count("[/i] :cat:") == 2  # once below the table
    assert "[red]he\\u2066" in printed and "[i]x" in printed
    assert printed.count("–/4") == 2


def test_an_error_that_names_a_student_ends_as_text(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["grading", "report", "x\u202e\x1b[2J\ny", "--course", str(tmp_path)])
    course_in(tmp_path)
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code.isprintable() and "check the spelling" in ended.value.code


# ------------------------------------------------------------------------------ a class

HOSTILE = """def double(x):
    raise ValueError(';=HYPERLINK("http://tracker.example","x") ,+1\\t@a\\u202e')"""


def graded(course, force=False):
    """Grade everybody; return the states of those who were graded."""
    assignment = course.assignment
    work = Work(assignment.master, assignment.limits)
    done = fleet.autograde(assignment, assignment.students(), fleet.LocalEngine(1), work, force)
    return {student: one.result.status for student, one in done if one}


def told(course, *line):
    """Run a command as a person does."""
    arguments = commands.parser().parse_args([*line, NAME, "--course", str(course.folder)])
    arguments.command(arguments)


def table(course):
    told(course, "report")
    text = (course.folder / "grades" / f"{NAME}.csv").read_text(encoding="utf-8")
    assert [piece for line in text.splitlines() for piece in pieces(line) if is_computed(piece)] == []
    return {one["student_id"]: one for one in csv.DictReader(io.StringIO(text, newline=""))}


@pytest.fixture
def course(numbers_course, tmp_path):
    """A course that nobody has handed anything in to."""
    return Course(shutil.copytree(numbers_course, tmp_path / "a course"))


def test_a_class_with_ids_and_messages_that_are_formulas(course, screen):
    hand_in(course.folder, "=1+1", RIGHT)
    hand_in(course.folder, "a;-2", RIGHT | {"double": HOSTILE})
    hand_in(course.folder, "\u202eyma", RIGHT)
    told(course, "autograde")
    told(course, "feedback")
    rows = table(course)
    assert list(rows) == ["\\=1+1", "a;\\-2", "\\u202eyma"]
    assert [one["score"] for one in rows.values()] == ["7", "3", "7"]
    message = rows["a;\\-2"]["message"]
    assert ';\\=HYPERLINK("http://tracker.example","x") ,\\+1 @a' in message
    assert not CONTROL_CHARACTERS.search(screen.getvalue()) and "=HYPERLINK" in screen.getvalue()


def test_the_export_of_nbgrader_is_text_too(tmp_path):
    course = Course(course_in(tmp_path / "a course", grader=True))
    course.release()
    for student in ("=1+1", "amy", "\u202eyma"):
        hand_in(course.folder, student, RIGHT)
    graded(course)
    with course.assignment.gradebook() as gradebook:
        gradebook.update_or_create_student("amy", first_name="@SUM(1);-1", last_name="Am\ny", email="-3")
        gradebook.find_grade("double-test", *WHERE, "amy").extra_credit = -11.0
        gradebook.db.commit()
    nbgrader(course.folder, "export", "--to", "exported.csv")
    lines = (course.folder / "exported.csv").read_text().splitlines()
    assert [piece for line in lines for piece in pieces(line) if is_computed(piece)] == []
    rows = {one["student_id"]: one for one in csv.DictReader(lines)}
    assert sorted(rows, key=[*table(course)].index) == ["\\=1+1", "amy", "\\u202eyma"]
    amy = rows["amy"]
    assert (amy["first_name"], amy["last_name"], amy["raw_score"]) == ("\\@SUM(1);\\-1", "Am\\ny", "-4.0")


def test_an_export_of_nbgrader_is_closed_and_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(export_room, "open", plugin.opened_for_text, raising=False)
    student = SimpleNamespace(id="-1", first_name=None, last_name="x", email="y")
    assignment = SimpleNamespace(name="=a", duedate=None, max_score=3.0)

    def find_submission(*names):
        return SimpleNamespace(score=2.0, late_submission_penalty=-0.5, timestamp=None)

    gradebook = SimpleNamespace(assignments=[assignment], students=[student], find_submission=find_submission)
    CsvExportPlugin(to=str(tmp_path / "exported.csv")).export(gradebook)
    assert (tmp_path / "exported.csv").read_text().splitlines()[1] == "\\=a,,,-1,x,,y,2.0,-0.5,2.5,3.0"


# ---------------------------------------------------------------- what could not be finished

LIMIT = "The grader could not finish it: it took more than 1024 MB of memory."


def too_much(course, student):
    """Hand in what takes more memory than a submission may, and next to no time."""
    place = course.folder / "submitted" / student / NAME
    place.mkdir(parents=True, exist_ok=True)
    content = b'{"nbformat":4,"metadata":{"a":[' + b"{}," * (15 << 20) + b'{}]},"cells":[]}'
    (place / f"{NAME}.ipynb").write_bytes(content)


CELLS = "double-test", "square", "square-test", "why", "draw"


def test_what_was_not_finished_has_no_score_and_a_person_is_asked(course, screen):
    hand_in(course.folder, "bob", RIGHT)
    too_much(course, "amy")
    told(course, "autograde")
    assert [course.grade("amy", cell) for cell in CELLS] == [(None, None, None, True)] * 5
    assert f"amy: {LIMIT} Grade it by hand" in screen.getvalue()
    amy, bob = table(course).values()
    assert (amy["status"], amy["score"], amy["max_score"], amy["needs_manual"]) == ("failed", "", "13", "5")
    assert [amy[name] for name in ("double", "square-test", "square", "why", "draw")] == [""] * 5
    assert amy["message"] == f"{LIMIT} Grade it by hand, or ask the student to submit less. 5 grades wait for a person."
    assert (bob["status"], bob["score"], bob["why"], bob["needs_manual"]) == ("graded", "7", "0", "3")
    printed = screen.getvalue()
    assert "–/13" in printed and "Waiting for a person: 8 grades of 2 students." in printed
    assert "2 students, 0 with full marks, 1 not graded to the end." in printed
    told(course, "feedback")
    page = course.assignment.feedback_path("amy").read_text()
    assert "Failed: this could not be graded." in page and "it took more than 1024 MB of memory" in page


def test_a_person_who_grades_it_gives_the_score(course):
    too_much(course, "amy")
    assert graded(course) == {"amy": "failed"}
    course.enter("amy", "double-test", manual_score=4.0)
    one = course.standing("amy")
    assert (one.score, one.needs_manual, one.scores["double-test"], one.scores["why"]) == (4.0, 4, 4.0, None)
    for cell, points in (("square-test", 3.0), ("square", 2.0), ("why", 3.0), ("draw", 0.0)):
        course.enter("amy", cell, manual_score=points)
    amy = table(course)["amy"]
    assert (amy["score"], amy["needs_manual"], amy["draw"], amy["status"]) == ("12", "0", "0", "failed")
    assert graded(course) == {}  # nothing has changed
    assert graded(course, force=True) == {"amy": "failed"}  # and what was looked at is what it was
    assert course.standing("amy").needs_manual == 0 and course.standing("amy").score == 12.0


def test_points_of_a_person_stay_where_a_new_submission_can_not_be_finished_and_are_looked_at_again(course):
    hand_in(course.folder, "amy", RIGHT)
    graded(course)
    course.enter("amy", "double-test", manual_score=3.5)
    course.enter("amy", "why", manual_score=2.5)
    assert course.standing("amy").score == 3.5 + 3 + 2.5
    too_much(course, "amy")
    assert graded(course) == {"amy": "failed"}
    assert course.grade("amy", "double-test") == (None, 3.5, None, True)
    assert course.grade("amy", "square-test") == (None, None, None, True)
    assert course.grade("amy", "why") == (None, 2.5, None, True)
    one = course.standing("amy")
    assert (one.score, one.needs_manual, one.scores["square-test"]) == (6.0, 5, None)


def test_an_answer_that_could_not_be_shown_is_looked_at_again_though_its_points_are_the_same(course, monkeypatch):
    hand_in(course.folder, "amy", RIGHT)
    graded(course)
    course.enter("amy", "why", manual_score=2.5)

    def ended(self, one, together):
        return failed(self.work.master, self.collect(one), "it took more than 60 s of the processor", 1.0)

    with monkeypatch.context() as patch:
        patch.setattr("grading.grader.IsolatedGrader.grade", ended)
        assert graded(course, force=True) == {"amy": "failed"}
    assert course.grade("amy", "why") == (None, 2.5, None, True)
    assert graded(course) == {}  # the same submission, whatever it met
    assert graded(course, force=True) == {"amy": "graded"}
    assert course.grade("amy", "why") == (None, 2.5, None, True)


def test_what_can_be_finished_then_has_its_score_and_nobody_waits(course):
    too_much(course, "amy")
    hand_in(course.folder, "bob", RIGHT)
    assert graded(course) == {"amy": "failed", "bob": "graded"}
    assert graded(course) == {}
    hand_in(course.folder, "amy", RIGHT)
    assert graded(course) == {"amy": "graded"}
    assert course.grade("amy", "double-test") == (4.0, None, None, False)
    assert course.grade("amy", "why") == (None, None, None, True)  # as for everybody
    assert course.standing("amy").score == 7.0


def test_the_late_penalty_of_what_was_not_finished_comes_with_its_points(course):
    too_much(course, "amy")
    receipt = course.folder / "submitted" / "amy" / NAME / "timestamp.txt"
    receipt.write_text("2026-03-02 12:00:00 UTC")
    graded(course)
    one = course.standing("amy")
    assert one.score is None and one.late_penalty == 0.0 and "Handed in 24.0 hours late." in one.message
    course.enter("amy", "double-test", manual_score=4.0)
    graded(course)
    one = course.standing("amy")
    assert (one.score, one.late_penalty) == (0.0, 4.0)


def test_the_command_of_nbgrader_says_that_there_is_no_score(tmp_path):
    course = Course(course_in(tmp_path / "a course", grader=True))
    course.release()
    hand_in(course.folder, "=bob\u202e", RIGHT)
    too_much(course, "amy")
    log = nbgrader(course.folder, "autograde", NAME)
    assert re.search(r"amy: failed, no score in \d+\.\d\d s\. The grader could not finish it", log)
    assert re.search(r"=bob\N{REPLACEMENT CHARACTER}: graded, 7 of 13 in", log) and not CONTROL_CHARACTERS.search(log)
