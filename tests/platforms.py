"""Rosters, by hand after what the platforms document, and readers of what is written, as their importers read it.

- Canvas: "How do I import grades in the Gradebook?", https://community.canvaslms.com/t5/Instructor-Guide/ta-p/807, and
  the importer and the exporter themselves: instructure/canvas-lms, lib/gradebook_importer.rb and gradebook_exporter.rb.
- Moodle: "Grade import", https://docs.moodle.org/311/en/Grade_import, and the importers themselves: moodle/moodle,
  grade/import/csv/classes/load_data.php and mod/assign/feedback/offline/importgradeslib.php with gradingtable.php.
"""

import csv
import functools
import io
import re

from term import NAME

from grading.export import export_to
from grading.result import Standing

canvas, moodle = (functools.partial(export_to, platform) for platform in ("canvas", "moodle"))

# Canvas, with a row for what is posted by hand, a column that a person added, and columns that nobody can import.
CANVAS = '''Student,ID,SIS User ID,SIS Login ID,Section,Notes,Essay (70),numbers (4711),Current Score,Final Score
,,,,,,,Manual Posting,,
    Points Possible,,,,,,10.0,13.0,(read only),(read only)
"Byron, Ada",1001,007,ada@example.edu,"Numbers, A",tall,9.0,1.0,90.0,45.0
"Hopper, Grace ""G""",1002,008,grace@example.edu,"Numbers, A",,8.0,,80.0,40.0
=1+1,1003,009,HYPATIA@example.edu,"Numbers, B",,,,,
"Noether, Emmy",1004,010,emmy@example.edu,"Numbers, B",,,5.0,,
"Student, Test",9999,,test,"Numbers, B",,,,,
'''
SHEET = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    """"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 1001","Ada Byron",ada@example.edu,"Submitted for grading",,13.00,Yes,"Sunday, 1 March 2026, 11:00 AM",-,"Nice,
as ever"
"Participant 1002","Grace Hopper",grace@example.edu,"Submitted for grading",2.00,13.00,Yes,-,"Monday, 2 March 2026, 9:00 AM",
"Participant 1003",=1+1,hypatia@example.edu,"No submission",,13.00,Yes,-,-,
"""
)
GRADES = """First name,Last name,ID number,Institution,Department,Email address,\
Assignment: numbers (Real),Quiz: numbers on a line (Real),Last downloaded from this course
Ada,Byron,007,,,ada@example.edu,-,9.00,1772000000
Grace,Hopper,008,,,Grace@example.edu,3.00,-,1772000000
Emmy,Noether,010,,,emmy@example.edu,-,-,1772000000
"""
PEOPLE = "First name,Last name,Username,Email address,Groups\nAda,Byron,ada,ada@example.edu,A\nGrace,Hopper,grace,grace@example.edu,B\n"


def one(student, score, **others):
    rest = {"status": "graded", "max_score": 13.0, "late_penalty": 0.0, "needs_manual": 0, "scores": {}, "message": ""}
    return Standing(student_id=student, assignment=NAME, score=score, **rest | others)


def cells(text):
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def canvas_reads(text, users, assignments):
    """Return what Canvas makes of a file, as its importer does: scores by user and assignment; None for who is new there."""
    header, *rows = cells(text)
    assert "Student" in header[0] and "ID" in header[1]
    columns = 3
    if header[2:4] == ["SIS User ID", "SIS Login ID"]:
        columns = 5
    assert "Section" in header[columns - 1]
    found = {}
    for at, title in enumerate(header[columns:], columns):
        match = re.fullmatch(r"(.*)\s\((\d+)\)", title)
        known = assignments.get(match[2]) if match else next((k for k in assignments.values() if k == title), None)
        for row in rows:
            if "Points Possible" in row[0]:
                found["points", known or title] = row[at]
                continue
            assert row[1] in users, "Canvas would look for a name"
            found[row[1], known or title] = row[at]
    return found


def sheet_reads(text):
    """Return what Moodle makes of a grading worksheet: a grade by participant, and the feedback beside it."""
    header, *rows = cells(text)
    who, grade, modified = (header.index(title) for title in ("Identifier", "Grade", "Last modified (grade)"))
    comments = header.index("Feedback comments")
    return {row[who][len("Participant ") :]: (row[grade], row[modified], row[comments]) for row in rows}


CLASS = [one("1001", 13.0), one("1002", 7.25), one("1003", 0.0, status="missing")]
