"""Submissions that come late, and receipts of the exchange: late is what nbgrader counts, whatever a receipt says."""

from datetime import datetime
from types import SimpleNamespace
from unittest.mock import ANY

import pytest
from corpus import blank, save
from courses import nbgrader
from engines import graded
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import notebook_hash
from term import score_of

import grading.assignment as assignment_room
from grading import standing, store
from grading.assignment import CourseAssignment, NbGraderException
from grading.feedback import write_feedback


def hand_in(course, student, time, secret="a secret"):
    """Put a submission with two right answers where nbgrader's exchange puts it, with its receipt."""
    place = course.submission(student).parent
    place.mkdir(parents=True, exist_ok=True)
    save(blank(["zeros", "random"]), place)
    (place / "timestamp.txt").write_text(time)
    (place / "submission_secret.txt").write_text(secret)


@pytest.mark.parametrize(("method", "penalty"), [("none", None), ("zero", 20)])
def test_what_is_late_is_late_as_nbgrader_counts_it(built, method, penalty):
    with open(built / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.LateSubmissionPlugin.penalty_method = {method!r}\n")
    made = CourseAssignment("initialization", built)
    with made.gradebook() as gradebook:
        gradebook.update_or_create_assignment("initialization", duedate="2026-03-01 12:00:00 UTC")
    for student, time in {
        "amy": "2026-03-01 11:00:00 UTC",
        "ben": "2026-03-01 15:30:00.250 UTC",
        "cleo": "yesterday",
    }.items():
        hand_in(made, student, time)
    graded(made, made.students())

    def stored():
        with made.gradebook() as gradebook:
            return {
                one.student_id: (str(one.timestamp), one.total_seconds_late, one.notebooks[0].late_submission_penalty)
                for one in gradebook.assignment_submissions("initialization")
            }

    expected = {
        "amy": ("2026-03-01 11:00:00", 0, None),
        "ben": ("2026-03-01 15:30:00.250000", 12600.25, penalty),
        "cleo": ("None", 0, None),
    }
    assert stored() == expected
    about = {"notebook": "initialization", "assignment": "initialization", "db_url": made.course.db_url}
    for student in expected:  # nbgrader's own step finds nothing to change
        AssignLatePenalties(config=made.config).preprocess(blank(), {"nbgrader": {**about, "student": student}})
    assert stored() == expected
    results = {one.student_id: one for one in standing.standings(made)}
    assert (
        "Handed in 3.5 hours late." in results["ben"].message
        and "late" not in results["amy"].message + results["cleo"].message
    )
    assert "says no time" in results["cleo"].message
    assert ("takes 20 points off" in results["ben"].message) == (penalty == 20)
    dict(write_feedback(made))
    assert score_of(made.feedback_path("ben")) == 20 - (penalty or 0)
    assert ("20 points are taken off, because it was handed in late" in made.feedback_path("ben").read_text()) == (
        penalty == 20
    )

    with made.gradebook() as gradebook:
        gradebook.grant_extension("initialization", "ben", hours=3)
    for _ in range(2):  # it outlives every grading
        graded(made, ["ben"], force=True)
        assert stored()["ben"] == ("2026-03-01 15:30:00.250000", 1800.25, penalty)
    assert "Handed in 31 minutes late." in {one.student_id: one.message for one in standing.standings(made)}["ben"]
    hand_in(made, "ben", "2026-03-01 14:59:00 UTC")  # the same notebook, at another time
    assert graded(made, made.students()) == {"amy": None, "ben": ANY, "cleo": None}
    assert stored()["ben"] == ("2026-03-01 14:59:00", 0, None)


def test_who_hands_in_at_the_last_moment_is_in_time(built):
    made = CourseAssignment("initialization", built)
    with made.gradebook() as gradebook:
        gradebook.update_or_create_assignment("initialization", duedate="2026-03-01 12:00:00 UTC")
    hand_in(made, "amy", "2026-03-01 12:00:00 UTC")
    assert "late" not in graded(made, ["amy"])["amy"].result.message
    assert ["late" in one.message for one in standing.standings(made)] == [False]


@pytest.mark.parametrize(("asked", "taken"), [(None, None), (7, 7), (1000, 20), (-5, 0)])
def test_no_penalty_takes_more_than_there_is_or_gives_any(small, asked, taken):
    with store.opened(small, "test") as writer:
        writer.late.plugin = SimpleNamespace(late_submission_penalty=lambda student, score, late: asked)
        assert writer.late.penalty("zoe", 20.0, 60) == taken


@pytest.mark.slow
def test_nbgrader_releases_the_feedback_of_whatever_the_exchange_brought(built, tmp_path):
    with open(built / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    made = CourseAssignment("initialization", built)
    nbgrader(built, "release_assignment", "initialization")
    for student, time, secret in (
        ("amy", "2026-03-01 11:00:00 UTC", "a secret"),
        ("ben", "soon \x1b[2J", " "),
        ("cleo", "", "x" * 2000),
    ):
        hand_in(made, student, time, secret)
    graded(made, made.students())
    dict(write_feedback(made))
    log = nbgrader(built, "release_feedback", "initialization")
    assert "\x1b" not in log
    released = {path.stem: path.read_text() for path in tmp_path.glob("exchange/*/feedback/*.html")}
    assert len(released) == 3
    assert (
        released[notebook_hash(secret="a secret", notebook_id="initialization")]
        == made.feedback_path("amy").read_text()
    )


def test_a_penalty_that_nbgrader_does_not_know_gets_a_sentence(built):
    with open(built / "nbgrader_config.py", "a") as config:
        config.write("\nc.LateSubmissionPlugin.penalty_method = 'half'\n")
    made = CourseAssignment("initialization", built)
    with pytest.raises(NbGraderException, match="penalty for late submissions that does not exist.*'half'"):
        graded(made, [])


PATHS = [
    "2026-03-01 11:00:00 /proc/self/mem",
    "2026-03-01 11:00:00 :/etc/localtime",
    "2026-03-01 11:00:00 ../../etc/localtime",
]


@given(st.text() | st.from_regex(r"\d+-\d+-\d+ \d+:\d+:\d+ [+-]?[\w:/.]+", fullmatch=True) | st.sampled_from(PATHS))
def test_any_receipt_has_a_time_or_none(text):
    time = assignment_room.handed_in_at(text)
    assert time is None or isinstance(time, datetime) and "/" not in text
