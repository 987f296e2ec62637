"""table.py: the columns of grades/ASSIGNMENT.csv, and a table that stays readable in a narrow terminal."""

import csv
import io

import pytest
from answers import EXERCISES
from rich.console import Console

from grading import commands, terminal
from grading.result import Standing
from grading.table import columns, row


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


@pytest.mark.parametrize(("names", "below"), [(["he"], False), (["initialize_parameters_xx"] * 3, True)])
def test_messages_stay_readable_beside_or_below_the_table(monkeypatch, names, below):
    out = io.StringIO()
    monkeypatch.setattr(terminal, "console", Console(file=out, width=110))
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
    monkeypatch.setattr(terminal, "console", Console(file=out, width=110))
    titles = {f"{number}": f"exercise {number}" for number in range(9)}
    one = Standing("zoe", "x", "graded", 1.0, 2.0, 0.0, 0, dict.fromkeys(titles, 1.0), "All is well.")
    commands.print_table("x", [one], titles)
    assert "The points of the 9 parts do not fit here" in out.getvalue()
    assert all(word in out.getvalue() for word in ("zoe", "1/2", "graded", "All is well."))
    assert "exercise" not in out.getvalue()
