"""insight_page.py: what students wrote is text and labelled as theirs, and the class's page points to nobody."""

import json
import re
from dataclasses import replace

import classes
import pytest
from hypothesis import given
from hypothesis import strategies as st
from insights import Page, insight_of
from jsonschema import Draft7Validator
from term import NAME

from grading.assignment import CourseAssignment
from grading.insight import Bar, Insight, schema
from grading.insight_page import ENOUGH, SMALL, as_html, few, for_the_class, for_the_teacher, wide_enough
from grading.result import Failure, Standing

HOSTILE = "</bdi></details><article class='mistake'><h3>12 of 87: Teacher's own</h3><script>1</script>\u202e\x1b[31m"


def test_what_students_wrote_is_text_and_labelled_as_theirs(numbers_course):
    course = CourseAssignment(NAME, numbers_course)
    theirs = Failure("Teacher", HOSTILE, is_own=False, is_fixed=False, lines=(HOSTILE,))
    made_to_say = replace(theirs, error="KeyError", is_own=True)
    of_the_course = Failure("Check", "f(1)", title=HOSTILE, hint=HOSTILE)
    told = insight_of(course, {HOSTILE: theirs, "b": made_to_say, "c": of_the_course})
    assert list(Draft7Validator(schema()).iter_errors(json.loads(told.as_json()))) == []
    assert Insight.of(json.loads(told.as_json())) == told
    page = Page(as_html(for_the_teacher(told)))
    assert page.elements["article"] == 3 and page.elements["script"] == 0
    whose = "".join(page.texts["whose"])
    assert "In their own code" in whose and "The test said" in whose and len(page.texts["whose"]) == 2
    assert not re.search("[\u202e\x1b]", "".join(page.texts["main"]))
    assert page.texts["students"] and HOSTILE[:30] in "".join(page.texts["students"])


def test_everything_at_once_stays_a_page_of_its_own():
    told = classes.with_everything()
    assert list(Draft7Validator(schema()).iter_errors(json.loads(told.as_json()))) == []
    page = Page(as_html(for_the_teacher(told)))
    assert page.elements["script"] == 0 and page.elements["article"] == 60 and page.open == []
    assert "14 less frequent ones are in x.json" in "".join(page.texts["main"])
    shown = Page(as_html(for_the_class(told, frozenset({"course"}))))
    assert shown.elements["article"] == 4 and shown.elements["details"] == 0
    said = "".join(shown.texts["h3"])
    assert "taken" not in said
    assert "In their own code: an error of another kind" in said and "The test said: KeyError" in said


def test_no_number_of_a_few_is_told_to_the_class():
    assert [few(number, 10) for number in (0, 1, 2, 3, 7, 8, 9, 10)] == [
        "0", *["fewer than 3"] * 2, "3", "7", *["all but fewer than 3"] * 2, "10"]  # fmt: skip


@given(st.lists(st.integers(0, 9), max_size=12))
def test_no_bar_is_of_a_few_and_none_is_lost(counts):
    bars = wide_enough([Bar(at, at + 1, many) for at, many in enumerate(counts)])
    assert all(bar.students == 0 or bar.students >= SMALL for bar in bars)
    assert not bars or sum(bar.students for bar in bars) == sum(counts)
    assert all(one.most == other.least for one, other in zip(bars, bars[1:]))


def test_scores_that_are_taken_together_are_within_what_their_bar_says():
    everything = classes.with_everything()
    exact = [Bar(least, least, many) for least, many in ((0.0, 2), (10.0, 2), (20.0, 6), (30.0, 3))]
    page = for_the_class(replace(everything, scores=replace(everything.scores, most=30.0, bars=exact)), frozenset())
    assert [(row.name, row.number) for row in page.bars] == [("0 to 10", "4"), ("20", "6"), ("30", "3")]


def test_what_changed_says_in_which_exercise():
    made = as_html(for_the_teacher(classes.with_everything()))
    assert "(Exercise 1)" in "".join(Page(made).texts["changes"])


def test_a_line_that_two_students_share_is_not_shown_to_the_class(numbers_course):
    course = CourseAssignment(NAME, numbers_course)
    wrong = {f"s{at}": Failure(title="Twice", lines=(f"x = {at // 2}",) if at < 2 else ()) for at in range(5)}
    assert "Such as" not in as_html(for_the_class(insight_of(course, wrong), frozenset()))
    told = insight_of(course, {one: replace(failure, lines=("x = 0",)) for one, failure in wrong.items()})
    html = as_html(for_the_class(told, frozenset()))
    assert "Such as" in html and "Written by" not in html and "Written by 5" in as_html(for_the_teacher(told))


@pytest.mark.parametrize("number", [18, 19, 20])
def test_no_bar_of_the_class_page_tells_what_its_words_do_not(numbers_course, number):
    course = CourseAssignment(NAME, numbers_course)
    wrong = {f"s{at:02}": Failure(title="Twice") for at in range(number)}
    others = [
        Standing(f"t{at}", NAME, "graded", 13.0, 13.0, 0.0, 0, {"double-test": 4.0}, "") for at in range(20 - number)
    ]
    page = for_the_class(insight_of(course, wrong, others), frozenset())
    assert [one.share for one in page.mistakes] == [100.0]
    assert page.exercises[0].share == 0.0


@pytest.mark.parametrize("many", [ENOUGH - 1, ENOUGH])
def test_no_mean_of_a_few_is_told_to_the_class(numbers_course, many):
    told = insight_of(CourseAssignment(NAME, numbers_course), {f"s{at}": Failure(title="Twice") for at in range(many)})
    page = for_the_class(told, frozenset())
    assert bool(page.spread) == (many == ENOUGH) and for_the_teacher(told).spread
    assert all(Page(as_html(page)).texts.get("caption", ["none"]))
