"""gather.py: failures that are alike are one mistake, with the line of code that tells it."""

from dataclasses import replace

import pytest
from insights import insight_of
from term import NAME

from grading.assignment import CourseAssignment
from grading.checks import as_data
from grading.excerpt import mark
from grading.gather import called, pattern, words_of
from grading.insight_page import for_the_class
from grading.remote import student_error
from grading.result import Failure, Standing


def test_only_what_the_courses_own_check_carries_counts():
    class Check(AssertionError):
        kind, cause, title = "k" * 100, 7, "two\nlines\x1b"

        @property
        def hint(self):
            raise RuntimeError("it can't be told")

    carried = as_data(Check("no"), True)
    assert (carried.error, carried.kind, carried.cause, carried.hint) == ("Check", f"{'k' * 59}…", "", "")
    assert carried.title == "two lines\N{REPLACEMENT CHARACTER}"
    assert as_data(Check("no"), False) == Failure("Check", is_own=False)
    theirs = student_error({"error": ["Check", "AssertionError"], "message": "no", "title": "mine"})
    assert as_data(theirs, False) == Failure("Check", is_own=False)


def test_what_comes_to_a_stub_is_one_whatever_the_check_says_of_it():
    def said(kind):
        try:
            try:
                raise student_error({"error": [kind], "message": "Write your code here."})
            except Exception:
                raise AssertionError("There is nothing yet.") from None
        except AssertionError as error:
            return as_data(error, True)

    assert said("NotImplementedError").is_stub and not said("ValueError").is_stub
    assert not as_data(AssertionError("NotImplementedError"), True).is_stub  # which is a text


@pytest.mark.parametrize(
    ("said", "alike"),
    [
        ("expected 4, got -5.25e3", "expected …, got …"),
        ("W1 is [1.5, 2, 3]", "W1 is […]"),
        ("KeyError: 'W1'", "KeyError: '…'"),
        ("<f at 0x7f00aa>", "<f at …>"),
        ("SyntaxError: invalid syntax (line 3: x y)", "SyntaxError: invalid syntax"),
        ("SyntaxError: invalid syntax (a cell, line 3)", "SyntaxError: invalid syntax"),
    ],
)
def test_values_do_not_set_messages_apart(said, alike):
    assert pattern(said) == alike


def test_the_line_that_tells_a_mistake_is_frequent_there_and_nowhere_else(numbers_course):
    course = CourseAssignment(NAME, numbers_course)
    wrong = Failure(title="Three times", lines=("right", "return 3 * x", "once"))
    other = Failure(title="Never", lines=("right", "while True:"))
    both = Failure(title="Both", lines=("right", "return 3*x"))
    failures = {f"a{n}": replace(wrong, lines=wrong.lines[: 2 + (n == 0)]) for n in range(9)}
    failures |= {f"b{n}": other for n in range(6)} | {"c": both}
    told = {one.title: one.line for one in insight_of(course, failures).mistakes}
    assert (told["Three times"].text, told["Three times"].students) == ("return 3 * x", 9)
    assert told["Never"].text == "while True:" and told["Both"] is None
    alone = {"a": Failure(title="Never", lines=("while True:", "what is right in other words"))}
    right = [Standing(f"r{n}", NAME, "graded", 13.0, 13.0, 0.0, 0, {}, "",
             right={"double-test": (mark("what is right in  other words"),)}) for n in range(9)]  # fmt: skip
    assert insight_of(course, alone).mistakes[0].line.text == "what is right in other words"
    assert insight_of(course, alone, right).mistakes[0].line.text == "while True:"


def test_extra_credit_is_no_less_than_full_points_and_stands_within_the_bars(numbers_course):
    scores = [-0.5, *(number + 0.25 for number in range(12)), 13.0, 14.5]
    others = [Standing(f"s{n}", NAME, "graded", score, 13.0, 0.0, 0, {}, "") for n, score in enumerate(scores)]
    others.append(Standing("away", NAME, "missing", 13.0, 13.0, 0.0, 0, {}, ""))
    found = insight_of(CourseAssignment(NAME, numbers_course), {}, others).scores
    assert found.full == 2, "13 and 14.5; who handed in nothing is not among them"
    assert (found.bars[0].least, found.bars[-1].most) == (-0.5, 14.5)
    assert sum(bar.students for bar in found.bars) == len(scores)


def test_nobody_makes_the_tests_own_words_look_like_a_students(numbers_course):
    own = Failure("AssertionError", "nothing came back")
    made_to_say = replace(own, is_fixed=False)  # the first line of what the test was made to say
    course = CourseAssignment(NAME, numbers_course)
    told = insight_of(course, {"a": made_to_say, "b": own, "c": own, "d": own})
    assert [(one.students, one.name) for one in told.mistakes] == [
        (["b", "c", "d"], "nothing came back"),
        (["a"], "The test said: nothing came back"),
    ]
    assert [one.mistake.name for one in for_the_class(told, frozenset()).mistakes] == ["nothing came back"]


def test_the_tests_own_words_in_a_students_mouth_are_the_students(numbers_course):
    own = Failure("AssertionError", "nothing came back")
    told = insight_of(CourseAssignment(NAME, numbers_course), {"a": own, "b": replace(own, is_own=False)})
    assert [one.name for one in told.mistakes] == ["nothing came back", "In their own code: nothing came back"]


@pytest.mark.parametrize(
    ("first", "last", "line"),
    [
        ("Zoë", "Bell", "zoe_weights = 1"),
        ("Zoe\u0308", "Bell", "zoë = 1"),
        ("Zoë", "Bell", "zoe\u0308 = 1"),
        ("Anna", "Bell", "anna2 = 1"),
        ("Anna", "Bell", "annabell_made_this = 1"),
        ("Anna", "Bell", "x = 'bell, anna'"),
        ("Tom", "O'Brien", "obrien = 1"),
        ("Jean-Luc", "Weiß", "jeanluc = WEISS"),
        ("Li", "Wu", "li_w = 1"),
        ("\u4f1f", "\u674e", "\u674e\u4f1f\u7684 = 1"),
        ("\ubbfc\uc900", "\uae40", "by\uae40\ubbfc\uc900 = 1"),
        ("Anna", "Bell", "\U0001d588\U0001d591 = \U0001d586\U0001d593\U0001d593\U0001d586"),
    ],
)
def test_a_name_is_found_however_a_line_writes_it(first, last, line):
    assert called("s17", first, last, "") & words_of(line)


def test_what_is_no_name_lets_a_line_be_shown():
    known = (
        called("s00100", "Max", "For", "max@math.example.edu") | called("ed", "", "", "") | called("class7", "", "", "")
    )
    assert known.isdisjoint(words_of("for l in range(100): W = math.sqrt(2 / class_7) * edu.example"))
    assert "max" in known and "s00100" in known
