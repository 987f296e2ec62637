"""roster.py: whose row is whose, in any file that a program wrote, and one sentence for what is no roster."""

import csv
import io
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from platforms import CANVAS, CLASS, PEOPLE, SHEET, canvas, cells, moodle, one
from term import NAME

from grading.export import number
from grading.roster import LARGEST, BadRoster, load, read

# ------------------------------------------------------------------------------ whose row is whose


def test_an_id_in_another_case_or_encoding_is_found_and_comes_out_as_the_platform_has_it():
    made = canvas(read(CANVAS.encode(), "roster.csv"), [one("hypatia@EXAMPLE.edu", 3.0)], NAME)
    assert made.rows[-1][3] == "HYPATIA@example.edu" and made.known_by == "SIS Login ID"
    text = "Username\n  jos\u00e9 \nAmy\namy\n"
    made = moodle(read(text.encode(), "roster.csv"), [one("jose\u0301", 1.0), one("amy", 2.0), one("Amy", 3.0)], NAME)
    assert made.rows[1:] == [["  jos\u00e9 ", "1"], ["Amy", "3"], ["amy", "2"]]


def test_columns_that_agree_are_one_and_columns_that_differ_are_named():
    text = "Student,ID,SIS User ID,Section\n  Points Possible,,,\nAda,1,2,A\nBob,2,{},A\n"
    agree = canvas(read(text.format("7").replace("1,2", "1,1").encode(), "r.csv"), [one("1", 1.0), one("2", 3.0)], NAME)
    assert agree.known_by == "ID" and [row[-1] for row in agree.rows[2:]] == ["1", "3"]
    differ = read(text.format("1").encode(), "r.csv")
    said = "^r.csv has 1 in several columns, of different people: ID, SIS User ID. Name the one with .* --id.$"
    with pytest.raises(BadRoster, match=said):
        canvas(differ, [one("1", 1.0)], NAME)
    assert canvas(differ, [one("1", 1.0)], NAME, "ID").rows[2][0] == "Ada"
    assert canvas(differ, [one("1", 1.0)], NAME, " sis user id").rows[2][0] == "Bob"
    with pytest.raises(BadRoster, match="^r.csv has no column 'Login', which --id names; expected one of: Student, "):
        canvas(differ, [one("1", 1.0)], NAME, "Login")


def test_nobody_of_the_roster_is_in_the_gradebook():
    said = (
        r"^No student of the gradebook \(a, b, c, \.\.\.\) is in r\.csv: looked in Student, ID, SIS User ID, SIS Login ID\. "
        r"Expected a column with the ids that the gradebook has; --id names it\.$"
    )
    with pytest.raises(BadRoster, match=said):
        canvas(read(CANVAS.encode(), "r.csv"), [one(who, 1.0) for who in "abcd"], NAME)


def test_two_rows_of_one_student_and_two_students_of_one_row():
    with pytest.raises(
        BadRoster, match="^The lines 2 and 4 of r.csv are all of ada, by the column 'Username'; expected one"
    ):
        moodle(read(b"Username\nada\nbob\nada\n", "r.csv"), [one("ada", 1.0)], NAME)
    with pytest.raises(BadRoster, match="^Line 2 of r.csv is that of Ada, ada, by the column 'Username'; expected one"):
        moodle(read(b"Username\nada\nbob\n", "r.csv"), [one("Ada", 1.0), one("ada", 2.0)], NAME)


# ------------------------------------------------------------------------------ any file

ENCODINGS = "utf-8", "utf-8-sig", "utf-16", "utf-16-le+mark", "utf-16-be+mark", "cp1252"


def encoded(text, encoding):
    name, mark, _ = encoding.partition("+mark")
    return (b"" if not mark else "\ufeff".encode(name)) + text.encode(name)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("mark", [",", ";", "\t", "sep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
def test_however_a_program_wrote_the_table(encoding, mark, end):
    """A cell with every separator, a quotation mark and a line of its own stays one."""
    header = ["Student", "ID", "SIS Login ID", "Section", "numbers (1)"]
    table = [header, ["  Points Possible", "", "", "", "13"], ['Zoë, "Z"; \t\nX', "1001", "zoë", "A", ""]]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=mark[-1], lineterminator=end).writerows(table)
    text = f"sep=;{end[:1]}" * (mark == "sep=;") + file.getvalue()
    made = canvas(read(encoded(text, encoding), "r.csv"), [one("1001", 2.5)], NAME)
    assert made.rows == [header, table[1], [*table[2][:4], "2.5"]]
    assert any("not in UTF-8" in said for said in made.remarks) == (encoding == "cp1252")


HEADER = b"Username,Groups\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "r.csv is empty; expected a header and a line for each student."),
        (b"\xef\xbb\xbf \r\n,,\r\n", "r.csv is empty; expected a header and a line for each student."),
        (HEADER, "r.csv has a header and no student below it. Export the roster again."),
        (b"PK\x03\x04\x14\x00", "r.csv is a workbook of Excel or LibreOffice, or another archive; expected CSV."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "r.csv is an old workbook of Excel; expected CSV."),
        (b"%PDF-1.7\n", "r.csv is a PDF; expected CSV. Export the roster again, or save it as CSV."),
        (b"\n<!DOCTYPE html><html>", "r.csv is a web page, as a platform sends one that asks to log in; expected CSV."),
        (b"a,b\n\x00\x01,2\n", "r.csv is no text; expected CSV in UTF-8."),
        (b"\xff\xfea", "r.csv is no text; expected CSV in UTF-8."),
        (b"Username\n\x81\x8d\n", "r.csv is no text; expected CSV in UTF-8."),
        (HEADER + b"ada,A\nbob,B,C\n", "Line 3 of r.csv has 3 cells, and the header 2: a comma may stand there"),
        (HEADER + b'ada,"A\nbob,B\n', "Line 3 of r.csv is no CSV: unexpected end of data. A quotation mark"),
        (HEADER + b'"ada"a,A\n', "Line 2 of r.csv is no CSV: ',' expected after '\"'. A quotation mark"),
        (HEADER + b"a" * 140_000, "Line 2 of r.csv is no CSV: field larger than field limit (131072)."),
    ],
)
def test_a_file_that_is_no_roster_gets_one_sentence(content, said):
    with pytest.raises(BadRoster) as raised:
        read(content, "r.csv")
    assert str(raised.value).startswith(said)


def test_a_place_without_a_roster_gets_one_sentence(tmp_path):
    there = tmp_path / "there.csv"
    with pytest.raises(BadRoster, match=f"^There is no file {there}; expected the roster that the platform exported"):
        load(there)
    with pytest.raises(BadRoster, match=f"^{tmp_path} is a folder; expected the file that the platform exported"):
        load(tmp_path)
    there.write_bytes(b"a," * (LARGEST // 2) + b"b")
    with pytest.raises(BadRoster, match=f"^{there} has more than 32 MB; expected the roster of one course"):
        load(there)


@pytest.mark.parametrize(
    ("make", "text", "said"),
    [
        (canvas, PEOPLE, "r.csv is not a gradebook that Canvas exported, .* it has First name, Last name, Username, "),
        (canvas, CANVAS.replace(",Section", ",Part"), "r.csv is not a gradebook that Canvas exported"),
        (canvas, CANVAS.replace("Points", "Marks"), "r.csv is not a gradebook that Canvas exported, .* row Points"),
        (canvas, CANVAS.replace("SIS User ID", "ID"), "r.csv has 2 columns 'ID'; expected one. Export it again"),
        (canvas, CANVAS.replace("Notes", " section"), "r.csv has 2 columns 'Section'; expected one."),
        (moodle, CANVAS, "r.csv is a gradebook of Canvas, and --format says moodle; expected --format canvas."),
        (moodle, SHEET.replace("Status", "Grade"), "r.csv has 2 columns 'Grade'; expected one."),
    ],
)
def test_the_roster_of_another_platform_or_a_spoiled_one_gets_one_sentence(make, text, said):
    with pytest.raises(BadRoster, match=f"^{said}"):
        make(read(text.encode(), "r.csv"), CLASS, NAME)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
scores = st.floats(0, 1e6) | st.sampled_from([1e-7, 0.1 + 0.2, 2 / 3])


@given(st.dictionaries(texts.filter(str.strip), st.tuples(texts, scores), min_size=1, max_size=6), st.booleans())
def test_names_and_ids_come_out_as_they_went_in_and_scores_as_the_gradebook_has_them(students, quoted):
    alike = {who.strip().casefold() for who in students}
    assume(len(alike) == len(students) and not any("Points Possible" in name for name, _ in students.values()))
    assume(not any(name.strip().casefold() in alike for name, _ in students.values()))
    table = [["Student", "ID", "SIS Login ID", "Section", "numbers (1)"], ["  Points Possible", "", "", "", "13"]]
    table += [[name, "", who, "A", ""] for who, (name, _) in students.items()]
    assume(len({row[2].strip() for row in table[2:]}) == len(students))
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerows(table)
    made = canvas(read(file.getvalue().encode(), "r"), [one(who, mark) for who, (_, mark) in students.items()], NAME)
    assert made.strangers == [] and [row[:4] for row in cells(made.text)] == [row[:4] for row in table]
    for row, (_, mark) in zip(cells(made.text)[2:], students.values()):
        assert float(row[-1]) == pytest.approx(mark, rel=1e-11, abs=0) and re.fullmatch(r"\d+(\.\d+)?", row[-1])
        assert number(mark) == row[-1]


def test_what_a_roster_says_is_printed_as_text():
    text = CANVAS.replace("Essay", "\x1b[2JEs\u202esay").replace("1004", "\x1b]0;x\x07")
    roster = read(text.encode(), "r.csv")
    assert r"No row, because nothing of them is graded: \x1b]0;x\x07." in canvas(roster, CLASS, NAME).remarks
    with pytest.raises(BadRoster, match=r"it has .*\\x1b\[2JEs\\u202esay \(70\)") as raised:
        canvas(roster, CLASS, NAME, None, "\x1b[2Jnone")
    assert str(raised.value).isprintable()
