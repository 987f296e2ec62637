"""plan.py: nothing is graded again that can't have changed, and what changes a grade is told before it starts."""

from dataclasses import replace

import nbformat
import pytest
import term
from term import NAME, RIGHT, edit, hand_in, other_given_code, other_points

course = term.graded_course  # a fixture


def other_words(cells, notebook):
    cells["title"].source += " And this."


def other_ids(cells, notebook):
    cells["title"].id = "heading"


def outputs(cells, notebook):
    cells["square"].outputs = [nbformat.v4.new_output("stream", text="squares")]


def another_layout(cells, notebook):
    cells["double-test"].source = cells["double-test"].source.replace("== 4", "==   4  # twice two")


@pytest.mark.parametrize("change", [other_words, other_ids, outputs, another_layout])
def test_what_can_not_change_a_grade_grades_nobody_again(course, change):
    assert edit(course, change) == []
    assert course.autograde() == ({}, [])


def other_test(cells, notebook):
    cells["double-test"].source += "\nassert double(5) == 10"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (other_test, "the test double-test"),
        (other_points, "the points of double-test (5, was 4)"),
        (other_given_code, "the given code"),
    ],
)
def test_what_changes_a_grade_is_told_before_it_starts(course, change, words):
    edit(course, change)
    graded, said = course.autograde()
    assert set(graded) == {"amy", "bob"}
    assert said == [
        f"Changed since 2 were graded: {words}.",
        "To be graded: 2 because the course has changed; 0 unchanged.",
    ]
    assert course.autograde() == ({}, [])


def test_a_helper_and_the_limits_change_grades(course):
    (course.folder / "source" / NAME / "shop.py").write_text("PRICE = 3\n")
    course.release()
    with open(course.folder / "nbgrader_config.py", "a") as config:
        config.write("\nc.Limits.call = 7\n")
    assert course.autograde()[1][0] == "Changed since 2 were graded: the limits, shop.py (new)."
    (course.folder / "source" / NAME / "shop.py").write_text("PRICE = 3  # pounds\n")
    course.release()
    assert course.autograde() == ({}, [])


def test_another_receipt_is_another_submission(course):
    hand_in(course.folder, "amy", RIGHT, "2026-03-01 11:30:00 UTC")
    hand_in(course.folder, "cat", RIGHT)
    assert course.autograde() == (
        {"amy": "graded", "cat": "graded"},
        ["To be graded: 1 handed in again, 1 not graded before; 1 unchanged."],
    )


def test_a_limit_is_part_of_what_a_grade_depends_on(course):
    assignment = course.assignment
    before = assignment.parts()
    assignment.limits = replace(assignment.limits, total=1.0)
    assert {name for name, part in assignment.parts().items() if before[name] != part} == {"the limits"}


def test_who_was_missing_has_not_handed_in_again(course):
    (course.folder / "submitted" / "cat").mkdir()
    assert course.autograde()[1] == ["To be graded: 1 not graded before; 2 unchanged."]
    hand_in(course.folder, "cat", RIGHT)
    assert course.autograde()[1] == ["To be graded: 1 missing before; 2 unchanged."]
