"""penalties.py: a penalty follows the due date without grading again, unless a person entered another."""

import shutil

import term
from term import NAME, RIGHT, WHERE, hand_in

from grading import standing, tables

course = term.graded_course  # a fixture


def test_a_penalty_follows_the_due_date_without_grading_again(course):
    bob = course.standing("bob")
    assert (bob.score, bob.late_penalty) == (0.0, 0.0) and "Handed in 1.0 hours late." in bob.message
    course.enter("bob", "double-test", manual_score=3.0)
    assert course.autograde() == (
        {},
        ["The late penalty of 1 student has changed: by a due date, an extension, points or the course's rule."],
    )
    assert (course.standing("bob").score, course.standing("bob").late_penalty) == (0.0, 3.0)
    with course.assignment.gradebook() as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-03-01 14:00:00 UTC")
    course.autograde()
    bob = course.standing("bob")
    assert (bob.score, bob.late_penalty) == (3.0, 0.0) and "late" not in bob.message


def test_a_penalty_that_a_person_entered_stands(course):
    with course.assignment.gradebook() as gradebook:
        gradebook.find_submission_notebook(*WHERE, "amy").late_submission_penalty = 1.5
        gradebook.db.commit()
    for force in (False, True):
        course.autograde(force)
        assert course.standing("amy").late_penalty == 1.5 and course.standing("amy").score == 5.5
    course.feedback()
    assert len({scores["amy"] for scores in course.five_places().values()}) == 1


def test_a_penalty_that_a_person_entered_outlives_a_missing_submission(course):
    with course.assignment.gradebook() as gradebook:
        gradebook.find_submission_notebook(*WHERE, "amy").late_submission_penalty = 1.5
        gradebook.db.commit()
    shutil.rmtree(course.folder / "submitted" / "amy")
    course.autograde()
    hand_in(course.folder, "amy", RIGHT)
    course.autograde()
    assert course.standing("amy").late_penalty == 1.5


def test_of_whom_nbgrader_graded_before_a_penalty_stands_unless_the_course_has_another(course):
    with course.assignment.gradebook() as gradebook:
        for student, penalty in {"amy": 1.5, "bob": 2.0}.items():
            gradebook.find_submission_notebook(*WHERE, student).late_submission_penalty = penalty
        gradebook.db.execute(tables.Outcomes.delete())
        gradebook.db.commit()
    course.autograde()
    assert {one.student_id: one.late_penalty for one in standing.standings(course.assignment)} == {
        "amy": 1.5,
        "bob": 0.0,
    }
