"""store.py: what a person entered stays, who is gone and who is back, and what a teacher may stumble over."""

import shutil
import subprocess
import sys

import nbformat
import pytest
import term
from courses import ROOT, nbgrader
from nbgrader.apps.api import NbGraderAPI
from nbgrader.utils import parse_utc
from term import NAME, RIGHT, WHERE, a_test, edit, hand_in, other_given_code, other_points, read_source, write_source
from waiting import PATIENCE

from grading import plugin, standing
from grading.assignment import NbGraderException

course = term.graded_course  # a fixture


# ------------------------------------------------------------------------- a person's work


def test_a_score_by_hand_stays_and_waits_only_where_what_it_judged_has_changed(course):
    course.enter("bob", "double-test", manual_score=1.0, extra_credit=0.5)
    course.enter("amy", "why", manual_score=2.5)
    course.enter("amy", "double", comment="Neat.")
    course.autograde(force=True)
    assert course.grade("bob", "double-test") == (0.0, 1.0, 0.5, False)
    assert course.grade("amy", "why") == (None, 2.5, None, False)
    hand_in(course.folder, "bob", RIGHT)
    course.autograde()
    assert course.grade("bob", "double-test") == (4.0, 1.0, 0.5, True)
    course.autograde(force=True)  # nobody has looked at it yet
    assert course.grade("bob", "double-test") == (4.0, 1.0, 0.5, True)
    edit(course, other_points)
    course.autograde()
    assert course.grade("amy", "why") == (None, 2.5, None, False)
    assert course.grade("amy", "double-test") == (5.0, None, None, True)  # her comment was about other points
    assert course.comment("amy", "double") == "Neat."


def test_what_is_gone_keeps_what_a_person_entered_and_is_marked(course):
    course.enter("amy", "why", manual_score=2.5)
    for student in ("amy", "bob"):
        shutil.rmtree(course.folder / "submitted" / student)
    assert course.autograde()[0] == {"amy": "missing", "bob": "missing"}
    assert course.grade("amy", "why") == (0.0, 2.5, None, True)
    standing = course.standing("amy")
    assert (standing.status, standing.score, standing.needs_manual) == ("missing", 2.5, 1)
    assert "found nothing" in standing.message and "1 grade waits for a person." in standing.message
    assert course.feedback() == {"amy": "written", "bob": "nothing"}
    with course.assignment.gradebook() as gradebook:
        assert [one.student_id for one in gradebook.assignment_submissions(NAME)] == ["amy"]


def test_a_submission_keeps_its_place_in_the_gradebook(course):
    def ids():
        with course.assignment.gradebook() as gradebook:
            return {one.student_id: (one.id, one.notebooks[0].id) for one in gradebook.assignment_submissions(NAME)}

    before = ids()
    course.autograde(force=True)
    assert ids() == before


def test_an_untouched_answer_gets_nothing_and_says_so_as_nbgrader_does(course):
    hand_in(course.folder, "cat", {})
    course.autograde()
    assert course.grade("cat", "why") == course.grade("cat", "square") == (0, None, None, False)
    assert course.grade("cat", "draw") == (None, None, None, True)
    with course.assignment.gradebook() as gradebook:
        comments = gradebook.find_submission_notebook(*WHERE, "cat").comments
        assert {one.name: one.auto_comment for one in comments} == {
            "double": "No response.",
            "square": "No response.",
            "why": "No response.",
            "draw": None,
        }


def test_what_waits_for_a_person_is_never_called_finished(course):
    standing = course.standing("amy")
    assert (standing.score, standing.needs_manual) == (7.0, 3)
    assert standing.message == "A person grades 3 of 5 parts. 3 grades wait for a person."
    for name, score in {"square": 2.0, "why": 3.0, "draw": 1.0}.items():
        course.enter("amy", name, manual_score=score)
    assert (course.standing("amy").score, course.standing("amy").needs_manual) == (13.0, 0)


def test_each_marked_cell_is_on_the_page_once_with_what_its_own_run_gave(course):
    notebook = nbformat.read(course.assignment.autograded("amy"), as_version=4)
    marks = [one.metadata.nbgrader.grade_id for one in notebook.cells if "nbgrader" in one.metadata]
    assert marks == ["double", "double-test", "square", "square-test", "why", "draw"]
    (square,) = (one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id") == "square")
    printed, value = square.outputs
    assert printed.text == "here they are\n" and value.data["text/plain"] == "[0, 1, 4, 9]"


def test_an_answer_that_a_student_deleted_can_be_graded(course):
    path = course.assignment.submission("amy")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [one for one in notebook.cells if one.id != "why"]
    nbformat.write(notebook, path)
    course.autograde()
    shown = nbformat.read(course.assignment.autograded("amy"), as_version=4)
    (lost,) = (one for one in shown.cells if one.metadata.get("nbgrader", {}).get("grade_id") == "why")
    assert "The cell why is not in what was handed in." in lost.source
    assert course.grade("amy", "why") == (None, None, None, True)


# ------------------------------------------------------------------ who is there, and who not


def test_whom_a_person_removed_is_not_graded_again_until_he_is_back(course):
    with course.assignment.gradebook() as gradebook:
        gradebook.remove_student("bob")
    graded, _ = course.autograde(force=True)
    assert graded == {"amy": "graded"}
    assert [one.student_id for one in standing.standings(course.assignment)] == ["amy"]
    assert set(course.feedback()) == {"amy"}
    graded, said = course.autograde()
    assert graded == {} and said[0].startswith("Left out: bob (removed from the gradebook;")
    with course.assignment.gradebook() as gradebook:
        gradebook.add_student("bob")
    assert course.autograde()[0] == {"bob": "graded"}


@pytest.mark.slow
def test_two_at_once_end_well_or_say_who_holds_the_course(course):
    line = [sys.executable, "-m", "grading", "autograde", NAME, "--force", "--course", str(course.folder)]
    both = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for ran in both:
        output, errors = ran.communicate(timeout=PATIENCE)
        assert "Traceback" not in errors and "UNIQUE" not in errors
        assert ran.returncode == 0 or "Nothing was done: wait until it has ended" in errors
    assert 0 in {ran.returncode for ran in both}


# ---------------------------------------------------------------------- through nbgrader


@pytest.mark.slow
def test_nbgraders_own_commands_keep_a_persons_work_and_build_a_changed_source(course):
    shutil.copytree(ROOT / "grading", course.folder / "grading")
    course.enter("bob", "double-test", manual_score=1.0)
    course.enter("amy", "why", manual_score=2.5)
    nbgrader(course.folder, "autograde", NAME, "--force")
    assert course.grade("bob", "double-test") == (0.0, 1.0, None, False)
    notebook = read_source(course.folder)
    notebook.cells.append(a_test("half-test", "assert double(0.5) == 1", 2))
    write_source(course.folder, notebook)
    assert "half-test is new (2 points)" in nbgrader(course.folder, "generate_assignment", NAME, "--force")
    assert "2 because the course has changed" in nbgrader(course.folder, "autograde", NAME)
    assert course.grade("amy", "half-test") == (2.0, None, None, False)
    assert course.grade("amy", "why") == (None, 2.5, None, False)
    assert "stays as it is: --force builds it anew" in nbgrader(course.folder, "generate_assignment", NAME)


def test_the_formgrader_lists_a_submission_whose_receipt_says_no_time(course, monkeypatch):
    hand_in(course.folder, "cat", RIGHT, "soon")
    course.autograde()
    monkeypatch.setattr(NbGraderAPI, "get_submitted_timestamp", plugin.submitted_timestamp)
    shown = {one["student"]: one for one in NbGraderAPI(config=course.assignment.config).get_submissions(NAME)}
    assert shown["cat"]["autograded"] and shown["cat"]["score"] == 7.0
    assert "says no time, so it counts as in time" in course.standing("cat").message


def test_ids_that_are_alike_never_meet(course):
    scores = course.standing("amy").scores
    assert (scores["square"], scores["square-test"]) == (0.0, 3.0)
    titles = standing.exercises(course.assignment)
    assert titles == {
        "double-test": "double",
        "square": "square",
        "square-test": "square-test",
        "why": "why",
        "draw": "draw",
    }


# ------------------------------------------------------------- what a teacher may stumble over


def test_a_lost_notebook_is_made_again_and_keeps_no_page_from_anybody(course):
    course.assignment.autograded("amy").unlink()
    with pytest.raises(NbGraderException, match="that feedback is made of. All other pages are there. .*: amy"):
        course.feedback()
    assert course.assignment.feedback_path("bob").exists()
    assert course.autograde()[0] == {"amy": "graded"}
    assert course.feedback() == {"amy": "written", "bob": "stood"}


def test_each_of_two_notebooks_with_the_same_cells_has_its_own_points_page_and_penalty(course):
    more = course.folder / "source" / NAME / "more.ipynb"
    nbformat.write(read_source(course.folder), more)
    course.release()
    shutil.copy(more, course.folder / "submitted" / "amy" / NAME)
    assert course.autograde()[0] == {"amy": "graded", "bob": "graded"}
    parts = {one.student_id: one.scores for one in standing.standings(course.assignment)}
    assert (parts["amy"]["more/double-test"], parts["bob"]["more/double-test"]) == (4.0, 0.0)
    assert "Expected more.ipynb in numbers/, found numbers.ipynb" in course.standing("bob").message
    course.feedback()
    for student in ("amy", "bob"):
        assert [course.assignment.feedback_path(student, name).exists() for name in ("more", "numbers")] == [True, True]
    with course.assignment.gradebook() as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2020-03-01 14:00:00 UTC")
        gradebook.find_submission(NAME, "amy").timestamp = parse_utc("2026-03-01 14:00:00 UTC")
        gradebook.db.commit()
    course.autograde()
    with course.assignment.gradebook() as gradebook:
        notebooks = gradebook.find_submission(NAME, "amy").notebooks
        assert {one.name: one.late_submission_penalty for one in notebooks} == {
            one.name: one.score for one in notebooks
        }


def test_a_removed_student_is_not_shown_as_graded_when_he_is_back(course):
    shutil.rmtree(course.folder / "submitted" / "bob")
    with course.assignment.gradebook() as gradebook:
        gradebook.remove_student("bob")
        gradebook.add_student("bob")
    assert dict(standing.results(course.assignment))["bob"] is None and course.standing("bob") is None
    assert course.autograde()[0] == {"bob": "missing"}
    with course.assignment.gradebook() as gradebook:
        gradebook.remove_student("bob")
    assert [one.student_id for one in standing.standings(course.assignment)] == ["amy"]


def test_a_folder_in_place_of_a_receipt_is_no_receipt(course):
    (course.folder / "submitted" / "amy" / NAME / "timestamp.txt").unlink()
    (course.folder / "submitted" / "amy" / NAME / "timestamp.txt").mkdir()
    course.autograde()
    assert "says no time" in course.standing("amy").message


def test_a_comment_on_an_answer_that_is_another_one_now_is_to_be_looked_at(course):
    course.enter("amy", "double", comment="Neat.")
    hand_in(course.folder, "amy", RIGHT | {"double": "def double(x):\n    return sum([x, x])"})
    course.autograde()
    assert course.grade("amy", "double-test") == (4.0, None, None, True)


def test_points_are_told_as_they_were_entered(course):
    course.enter("amy", "why", manual_score=0.333333333, extra_credit=0.000111)
    course.feedback()
    places = course.five_places()
    assert places["the table"]["amy"] == pytest.approx(places["the export"]["amy"], abs=1e-9)


def test_what_a_program_shows_to_a_person_is_what_it_did(course):
    """Not what is stored with it, also where its text is that of a given cell, and also where it ends its process."""
    edit(course, other_given_code)
    for source, words in {"two = 2": "", "import os\nos._exit(0)": "the process ended"}.items():
        hand_in(course.folder, "amy", RIGHT | {"square": source})
        path = course.assignment.submission("amy")
        notebook = nbformat.read(path, as_version=4)
        for one in notebook.cells:
            if one.id == "square":
                one.outputs = [nbformat.v4.new_output("stream", text="FORGED")]
        nbformat.write(notebook, path)
        course.autograde()
        shown = nbformat.read(course.assignment.autograded("amy"), as_version=4)
        (square,) = (one for one in shown.cells if one.metadata.get("nbgrader", {}).get("grade_id") == "square")
        assert "FORGED" not in str(square.outputs) and words in str(square.outputs)


def test_an_answer_that_earns_points_is_shown_wherever_it_stands(course):
    both = f"{RIGHT['double']}\n{RIGHT['square']}"
    hand_in(course.folder, "amy", {"square-test": both})
    course.autograde()
    assert course.standing("amy").score == 7.0
    shown = nbformat.read(course.assignment.autograded("amy"), as_version=4)
    assert any(both == one.source for one in shown.cells)


def test_what_a_person_grades_is_shown_in_a_notebook_of_any_length(course):
    path = course.assignment.submission("amy")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1:1] = [nbformat.v4.new_code_cell("#" * 19_990) for _ in range(21)]
    nbformat.write(notebook, path)
    course.autograde()
    shown = nbformat.read(course.assignment.autograded("amy"), as_version=4)
    (why,) = (one for one in shown.cells if one.metadata.get("nbgrader", {}).get("grade_id") == "why")
    assert "Since it is" in why.source
    assert any("too long to be shown" in one.source for one in shown.cells)
