"""result.py: what is stored of a result comes back as it was."""

import json

from term import NAME

from grading.result import Failure, Result


def test_a_result_survives_storing():
    result = Result(
        "zoe", "initialization", "graded", {"he": 10.0}, {"he": 10.0}, "Good.", {"he": "nul \0 and half \ud800"}
    )
    assert Result.from_json(result.as_json()) == result
    assert "\0" not in result.as_json() and result.as_json().isascii()  # PostgreSQL takes neither


def test_a_result_stored_before_there_were_causes_groups_by_its_messages():
    old = json.loads(Result("zoe", NAME, "graded", messages={"a": "first\nsecond"}).as_json())
    del old["failures"]
    assert Result.of(old).failures == {"a": Failure(said="first", is_own=False, is_fixed=False)}
    new = Result("zoe", NAME, "graded", failures={"a": Failure("E", lines=("x", "y"))})
    assert Result.from_json(new.as_json()) == new


def test_a_result_that_another_version_stored_is_read():
    one = Result("zoe", NAME, "graded", failures={"a": Failure("E", "said", lines=("x",))})
    stored = json.loads(one.as_json()) | {"later": 1}
    stored["failures"]["a"] |= {"later": 1}
    assert Result.of(stored) == one
    del stored["failures"]["a"]["lines"], stored["right"]
    assert Result.of(stored).failures == {"a": Failure("E", "said")}
