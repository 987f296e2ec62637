"""What a class learned: every number is the gradebook's, every cause is the one that was made, and history is what was told last."""

import csv
import io
import json
import re
import shutil
import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import classes
import pytest
from insights import NOW, Page
from jsonschema import Draft7Validator
from programs import run_as
from sqlalchemy import event
from sqlalchemy.engine import Engine
from term import NAME, Course, hand_in

from grading import standing
from grading.assignment import CourseAssignment
from grading.gather import ClassTally
from grading.insight import changes, last_report, schema, with_history
from grading.insight_page import SMALL


def report(course, *options, assignment="initialization"):
    """Give the command; return what it printed, what it wrote, and the page."""
    code, log = run_as(
        "grading.__main__", course, ["grading", "report", assignment, "--course", str(course), *options], {}
    )
    assert code == 0, log
    data = json.loads((course / "grades" / f"{assignment}.json").read_text())
    return " ".join(log.split()), data, (course / "grades" / f"{assignment}.html").read_text(encoding="utf-8")


def sql(course, query):
    """Ask the gradebook without any of the grader's code."""
    with sqlite3.connect(course / "gradebook.db") as database:
        return database.execute(query).fetchall()


FULL = """select cell.name, count(*) from grade join grade_cells on grade.cell_id = grade_cells.id
    join base_cell cell on cell.id = grade_cells.id
    where coalesce(grade.manual_score, grade.auto_score) + coalesce(grade.extra_credit, 0) >= grade_cells.max_score
    group by cell.name"""
SCORES = """select sum(coalesce(grade.manual_score, grade.auto_score, 0)) from grade
    join submitted_notebook notebook on notebook.id = grade.notebook_id group by notebook.assignment_id"""


def causes(data):
    """Return who made each mistake, by the exercise, the kind and the cause."""
    return {(one["exercise"], f"{one['kind']}/{one['cause']}"): one["students"] for one in data["mistakes"]}


def agrees_with_the_gradebook(course, data):
    """Assert that every number is what SQL finds."""
    assert list(Draft7Validator(schema()).iter_errors(data)) == []
    assert {one["key"]: one["full"] for one in data["exercises"]} == dict(sql(course, FULL))
    stored = sql(course, "select status, student_id from grading_result order by student_id")
    assert data["states"] == {state: [one for its, one in stored if its == state] for state, _ in stored}
    of = sum(state != "missing" for state, _ in stored)
    for one in data["exercises"]:
        assert one["full"] + one["partly"] + one["none"] + one["waiting"] == of
    scores = Counter(score for (score,) in sql(course, SCORES))
    assert {bar["least"]: bar["students"] for bar in data["scores"]["bars"]} == {0.0: 0, 30.0: 0} | scores
    assert data["scores"]["mean"] == pytest.approx(sum(score * many for score, many in scores.items()) / of)
    table = list(csv.DictReader(io.StringIO((course / "grades" / "initialization.csv").read_text())))
    assert data["scores"]["full"] == sum(row["score"] == row["max_score"] for row in table)
    assert data["late"] == [row["student_id"] for row in table if "late" in row["message"]]


# ------------------------------------------------------------------------ the sample class


@pytest.fixture
def sampled(sample_class, tmp_path):
    return shutil.copytree(sample_class, tmp_path / "a course")


def test_the_sample_class(sampled):
    said, data, html = report(sampled)
    agrees_with_the_gradebook(sampled, data)
    assert causes(data) == {
        ("zeros-test", "weight shape/transposed"): ["dmitri"],
        ("zeros-test", "bias shape/one dimension"): ["hiro"],
        ("random-test", "draws/uniform"): ["elena"],
        ("random-test", "bias value/drawn"): ["hiro"],
        ("random-test", "/"): ["jonas"],
        ("he-test", "scale of he/xavier"): ["carla"],
        ("he-test", "error/never ends"): ["ines"],
    }
    assert [one["stubs"] for one in data["exercises"]] == [["grace", "mei"], *[["farid", "grace", "mei"]] * 2]
    assert data["states"]["timed_out"] == ["ines"]
    assert "What the class learned: " in said and "grades/initialization.html. 1 of 14: " in said
    texts = Page(html).texts
    assert "1 of 14Xavier's scale in place of He's" in texts["h3"]
    lines = {one["title"]: one["line"] and one["line"]["text"] for one in data["mistakes"]}
    assert "np.sqrt(1 / layers_dims[l-1])" in lines["Xavier's scale in place of He's"]
    assert "rand(layers_dims[l]" in lines["rand in place of randn"]
    assert lines["Biases with one dimension"].endswith("np.zeros(layers_dims[l])")
    assert lines["A loop that never ends"].startswith("while")
    assert all(
        f"1{words}" in "".join(texts["facts"]) for words in (" ran out of time", " handed in what is no notebook")
    )


def test_a_report_says_what_changed_since_the_last_one_that_differed(sampled):
    _, first, html = report(sampled)
    assert first["before"] is None and "This is the first report." in html
    _, again, html = report(sampled)
    assert again["since"] == first["made"] and again["before"] is None and "Nothing has changed since" in html
    with sqlite3.connect(sampled / "gradebook.db") as database:  # a person gives carla her points
        database.execute("update grade set manual_score = 10 where auto_score = 0 and notebook_id in ("
                         "select n.id from submitted_notebook n join submitted_assignment a on a.id = n.assignment_id "
                         "where a.student_id = 'carla')")  # fmt: skip
    _, other, html = report(sampled)
    assert other["before"]["made"] == again["made"] and other["before"]["full"]["he-test"] == 8
    assert "9 with full points, 8 before." in " ".join(Page(html).texts["changes"])
    _, once_more, html = report(sampled)
    assert once_more["before"] == other["before"] and once_more["since"] == other["made"]
    assert "Nothing has changed since" in html and "9 with full points, 8 before." in " ".join(
        Page(html).texts["changes"]
    )


def test_a_small_class_is_shown_without_anybody_in_it(sampled):
    said, data, _ = report(sampled, "--anonymous")
    html = (sampled / "grades" / "initialization-anonymous.html").read_text(encoding="utf-8")
    assert "initialization-anonymous.html" in said
    page = Page(html)
    assert page.elements["article"] == page.elements["details"] == 0, "each mistake is of one student"
    words = " ".join(page.texts["main"]).lower()
    assert not any(re.search(rf"\b{one}\b", words) for students in data["states"].values() for one in students)
    assert "fewer than 3 ran out of time" in words and "none that so many have made" in words
    assert not re.search(r"\b[12] of \d", words)


# --------------------------------------------------------------------------- a large class


@pytest.mark.slow
def test_a_class_of_a_thousand(thousand):
    course, did = thousand
    data = json.loads((course / "grades" / "initialization.json").read_text())
    agrees_with_the_gradebook(course, data)
    there = {student: one for student, one in did.items() if one.status != "missing"}
    made, stubs = {}, {f"{exercise}-test": [] for exercise in classes.EXERCISES}
    for student, one in there.items():
        for exercise, kind in one.exercises.items():
            if kind == classes.STUB:
                stubs[f"{exercise}-test"].append(student)
            elif kind:
                made.setdefault((f"{exercise}-test", kind.partition("hidden/")[2] or kind), []).append(student)
    told = {
        (one["exercise"], one["title"].partition("hidden ones: ")[2] or f"{one['kind']}/{one['cause']}"): one[
            "students"
        ]
        for one in data["mistakes"]
    }
    assert told == made and {one["key"]: one["stubs"] for one in data["exercises"]} == stubs
    sizes = [len(one["students"]) for one in data["mistakes"]]
    assert sizes == sorted(sizes, reverse=True) and len(sizes) > 30
    assert data["late"] == [student for student, one in there.items() if one.is_late]
    assert data["states"]["timed_out"] == [student for student, one in did.items() if one.status == "timed_out"]
    html = (course / "grades" / "initialization.html").read_text(encoding="utf-8")
    counts = [text for text in Page(html).texts["count"]]
    assert counts == [f"{size} of {len(there)}" for size in sizes]


@pytest.mark.slow
def test_the_page_for_the_class_points_to_nobody(thousand):
    course, did = thousand
    html = (course / "grades" / "initialization-anonymous.html").read_text(encoding="utf-8")
    page = Page(html)
    assert not re.search(r"s\d{5}", html) and page.elements["article"] > 20
    assert all(int(text.partition(" of ")[0]) >= SMALL for text in page.texts["count"])
    said = "".join(page.texts["main"])
    assert "Xavier's scale in place of He's" in said and "np.sqrt(1 / layers_dims[l-1])" in said


@pytest.mark.slow
def test_a_large_class_takes_a_few_queries_for_each_batch(thousand):
    course, asked = CourseAssignment("initialization", thousand[0]), []

    def ask(connection, cursor, statement, *rest):
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", ask)
    try:
        tally = ClassTally(course, [])
        for one in standing.standings(course):
            tally.add(one)
    finally:
        event.remove(Engine, "before_cursor_execute", ask)
    assert len(tally.students) == 1_000
    batches = sum("grading_result" in statement and "LIMIT" in statement for statement in asked)
    assert batches == 3
    assert sum(statement.startswith("SELECT") for statement in asked) < 20 + 4 * batches


# ------------------------------------------------------------------------ any other course


def test_in_a_course_without_our_messages_the_test_and_the_error_are_the_cause(numbers_course, tmp_path):
    course = Course(shutil.copytree(numbers_course, tmp_path / "a course"))
    claims = (
        "class CheckFailed(Exception):\n    kind, cause, hint = 'kind', 'cause', 'hint'\n    title = 'Of the teacher'"
    )
    for student, answer in {
        "anna": "def double(x):\n    return 3 * x  # by anna",
        "bert": "def double(x):\n    return x * 3",
        "cleo": "def double(x):\n    raise ValueError(f'{id(x)} is no number')",
        "dora": "def double(x):\n    raise ValueError(f'{id(x) + 7} is no number')",
        "emil": f"{claims}\n\ndef double(x):\n    raise CheckFailed('Of the teacher')",
        "finn": "def double(x) return 2 * x",
        "gwen": "def double(x):\n    return emil_wrote_this * 2",
    }.items():
        hand_in(course.folder, student, {"double": answer, "square": "def square(x):\n    return x * x", "why": "So."})
    course.autograde()
    _, data, html = report(course.folder, "--anonymous", assignment=NAME)
    assert list(Draft7Validator(schema()).iter_errors(data)) == []
    found = {tuple(one["students"]): one for one in data["mistakes"]}
    assert set(found) == {("anna", "bert"), ("cleo", "dora"), ("emil",), ("finn",), ("gwen",)}
    alike = found["anna", "bert"]
    assert (alike["error"], alike["said"]) == ("AssertionError", "AssertionError: assert double(2) == 4")
    assert alike["is_own"] and alike["is_fixed"]
    assert found["cleo", "dora"]["said"] == "ValueError: … is no number" and not found["cleo", "dora"]["is_own"]
    claimed = found["emil",]
    assert [claimed[part] for part in ("title", "kind", "cause", "hint")] == ["", "", "", None]
    assert "In their own code: CheckFailed: Of the teacher" in "".join(Page(html).texts["h3"])
    assert "is not defined, because its cell can't be run: SyntaxError" in found["finn",]["said"]
    assert found["gwen",]["line"] is None, "the line names somebody of the class"
    assert data["grades"] == 21 and len(data["waiting"]) == 7  # square, why and draw
    anonymous = (course.folder / "grades" / f"{NAME}-anonymous.html").read_text(encoding="utf-8")
    assert not re.search("anna|bert|cleo|dora|emil|finn|gwen|Of the teacher", anonymous)


# -------------------------------------------------------------------- what was told last


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"assignment": "x"}', "[" * 100_000, '{"version": 1}', b"\xff\xfe"],
    ids=["empty", "cut off", "a list", "nothing", "foreign", "deep", "less", "no text"],
)
def test_a_last_report_that_is_none_is_told_of_and_left_out(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found, sentence = last_report(path, "x")
    assert found is None and sentence.startswith("x.json is no report of x, so nothing is compared with it: ")
    assert "\n" not in sentence and len(sentence) < 300


def test_a_last_report_of_another_assignment_is_none(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(classes.with_everything().as_json())
    assert last_report(path, "x") == (classes.with_everything(), "")
    assert "it is of x" in last_report(path, "y")[1]
    assert last_report(tmp_path / "none.json", "x") == (None, "")


def test_history_goes_back_to_the_last_report_that_said_something_else():
    first = replace(classes.with_everything(), before=None)
    later = [(NOW + timedelta(days=day)).isoformat() for day in range(4)]
    second = with_history(replace(first, made=later[0], since=later[0], mistakes=first.mistakes[1:]), first)
    third = with_history(replace(second, made=later[1], since=later[1], before=None), second)
    assert (third.since, third.before) == (later[0], second.before) and third.before.made == first.made
    told = changes(third)
    assert [(one.name, one.students, now) for one, now in told.mistakes] == [("A title of the course", 20, 0)]
    assert not told.arrived and not told.gone and not told.full and not told.is_empty
    states = {"graded": second.states["graded"][2:] + ["new"]}
    fourth = with_history(replace(second, made=later[2], since=later[2], states=states), third)
    assert changes(fourth).arrived == ["new"] and changes(fourth).gone == 6 and fourth.before.made == later[1]
