"""store.py: what a person entered stays, and nothing is graded again that can't have changed."""

import shutil
import subprocess
import sys
from dataclasses import replace

import nbformat
import pytest
from conftest import PATIENCE, ROOT, nbgrader
from nbgrader.apps.api import NbGraderAPI
from nbgrader.utils import parse_utc
from term import NAME, RIGHT, WHERE, WRONG, Course, a_test, cell, hand_in, read_source, write_source

from grading import plugin, standing, store
from grading.assignment import CourseAssignment, NbGraderException


@pytest.fixture
def course(numbers_course, tmp_path):
    """Amy is right and Bob is wrong, and both are graded."""
    course = Course(shutil.copytree(numbers_course, tmp_path / "a course"))
    hand_in(course.folder, "amy", RIGHT, "2026-03-01 11:00:00 UTC")
    hand_in(course.folder, "bob", WRONG, "2026-03-01 13:00:00 UTC")
    course.autograde()
    return course


def edit(course, change):
    """Change the source, and release it; return what was said."""
    notebook = read_source(course.folder)
    change({one.id: one for one in notebook.cells}, notebook)
    write_source(course.folder, notebook)
    return course.release()


# ---------------------------------------------------------------- what a grade depends on


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


def other_points(cells, notebook):
    cells["double-test"].metadata.nbgrader.points = 5


def other_given_code(cells, notebook):
    notebook.cells.insert(1, nbformat.v4.new_code_cell("two = 2"))


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


# ----------------------------------------------------------------------------- penalties


def test_a_penalty_follows_the_due_date_without_grading_again(course):
    bob = course.standing("bob")
    assert (bob.score, bob.late_penalty) == (0.0, 0.0) and "Handed in 1.0 hours late." in bob.message
    course.enter("bob", "double-test", manual_score=3.0)
    assert course.autograde() == (
        {},
        ["The late penalty of 1 has changed: by a due date, an extension, points or the course's rule."],
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


# -------------------------------------------------------------------- a changed assignment


def rename(cells, notebook):
    cells["why"].metadata.nbgrader.grade_id = "reason"
    cells["double-test"].metadata.nbgrader.grade_id = "twice-test"


def test_a_renamed_cell_keeps_all_that_it_has(course):
    course.enter("amy", "why", manual_score=2.5)
    course.enter("bob", "double-test", manual_score=1.0)
    assert sorted(edit(course, rename)) == [
        "double-test is now twice-test, with all its grades and comments",
        "why is now reason, with all its grades and comments",
    ]
    course.autograde()
    assert course.grade("amy", "reason") == (None, 2.5, None, False)
    assert course.grade("bob", "twice-test") == (0.0, 1.0, None, False)
    shown = nbformat.read(course.assignment.autograded("amy"), as_version=4)
    (answer,) = (one for one in shown.cells if one.metadata.get("nbgrader", {}).get("grade_id") == "reason")
    assert "Since it is" in answer.source


def test_cells_that_change_their_names_with_each_other_keep_what_they_have(course):
    course.enter("bob", "double-test", manual_score=1.0)
    course.enter("bob", "square-test", manual_score=2.0)

    def swap(cells, notebook):
        one, other = cells["double-test"].metadata.nbgrader, cells["square-test"].metadata.nbgrader
        one.grade_id, other.grade_id = other.grade_id, one.grade_id

    edit(course, swap)
    assert course.grade("bob", "double-test")[1] == 2.0 and course.grade("bob", "square-test")[1] == 1.0


def test_another_question_in_the_place_of_one_does_not_get_its_points(course):
    course.enter("amy", "why", manual_score=2.5)

    def replaced(cells, notebook):
        notebook.cells[5] = cell("how", "So.", "markdown", grade=True, solution=True, points=3)

    said = edit(course, replaced)
    assert "why is gone; what a person entered there (1 score) is set aside, and comes back with it" in said
    course.autograde()
    assert course.grade("amy", "how")[1] is None
    said = edit(
        course,
        lambda cells, notebook: notebook.cells.append(
            cell("why", "Because.", "markdown", grade=True, solution=True, points=3)
        ),
    )
    assert "why is new (3 points), with what a person had entered there (1 score)" in said
    assert course.grade("amy", "why")[1:] == (2.5, None, True)


def test_an_answer_that_becomes_a_task_keeps_its_points(course):
    course.enter("amy", "why", manual_score=2.5)

    def task(cells, notebook):
        cells["why"].metadata.nbgrader |= {"grade": False, "solution": False, "task": True, "locked": True}

    for change in (
        task,
        lambda cells, notebook: cells["why"].metadata.nbgrader.update(grade=True, solution=True, task=False),
    ):
        edit(course, change)
        assert course.grade("amy", "why")[1] == 2.5


def test_a_source_that_was_not_released_grades_nobody(course):
    hand_in(course.folder, "cat", RIGHT)
    notebook = read_source(course.folder)
    notebook.cells.append(a_test("half-test", "assert double(0.5) == 1", 2))
    write_source(course.folder, notebook)
    with pytest.raises(
        NbGraderException, match=r"source/numbers has changed since it was released: the test half-test \(new\)"
    ):
        course.autograde()
    assert course.standing("cat") is None and course.standing("amy").score == 7.0


def test_a_release_that_nbgrader_built_alone_is_known_by_its_points(course):
    with course.assignment.gradebook() as gradebook:
        gradebook.db.execute(store.Versions.delete())
        gradebook.db.commit()
    course.autograde(force=True)
    with course.assignment.gradebook() as gradebook:
        gradebook.find_grade_cell("double-test", *WHERE).max_score = 7.0
        gradebook.db.execute(store.Versions.delete())
        gradebook.db.commit()
    with pytest.raises(NbGraderException, match="points of double-test"):
        course.autograde()


def test_a_release_that_can_not_be_built_changes_nothing(course):
    notebook = read_source(course.folder)
    notebook.cells.append(a_test("double-test", "pass", 2))
    notebook.cells[-1].id = "another"
    write_source(course.folder, notebook)
    before = (course.folder / "release" / NAME / f"{NAME}.ipynb").read_text()
    with pytest.raises(NbGraderException, match="metadata may be corrupted"):
        course.release()
    assert (course.folder / "release" / NAME / f"{NAME}.ipynb").read_text() == before
    with course.assignment.gradebook() as gradebook:
        assert len(gradebook.find_notebook(*WHERE).grade_cells) == 4


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


def test_a_limit_is_part_of_what_a_grade_depends_on(course):
    assignment = course.assignment
    before = assignment.parts()
    assignment.limits = replace(assignment.limits, total=1.0)
    assert {name for name, part in assignment.parts().items() if before[name] != part} == {"the limits"}


# ------------------------------------------------------------- what a teacher may stumble over


def test_a_renamed_exercise_keeps_its_comment_on_the_page(course):
    course.enter("amy", "double", comment="Neat.")

    def rename(cells, notebook):
        cells["double"].metadata.nbgrader.grade_id = "twice"

    assert edit(course, rename) == ["double is now twice, with all its grades and comments"]
    course.autograde()
    course.feedback()
    assert "Neat." in course.assignment.page("amy").read_text()


def test_pages_wait_between_a_release_and_the_next_grading(course):
    course.feedback()
    before = course.assignment.page("amy").read_text()
    edit(course, lambda cells, notebook: notebook.cells.remove(cells["why"]))
    assert set(course.feedback().values()) == {"waits"}
    assert course.assignment.page("amy").read_text() == before
    course.autograde()
    assert set(course.feedback().values()) == {"written"}


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
        gradebook.db.execute(store.Outcomes.delete())
        gradebook.db.commit()
    course.autograde()
    assert {one.student_id: one.late_penalty for one in standing.standings(course.assignment)} == {
        "amy": 1.5,
        "bob": 0.0,
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("K = (3", "the test K is no Python \\('\\(' was never closed, line 1\\)"),
        (None, "it is no notebook"),
    ],
)
def test_a_source_that_nobody_can_be_graded_with_is_refused(course, source, words):
    path = course.assignment.source / f"{NAME}.ipynb"
    if source is None:
        path.write_text(path.read_text()[:500])
    else:
        notebook = read_source(course.folder)
        marks = {"grade": True, "solution": False, "locked": True, "grade_id": "K", "points": 1, "schema_version": 3}
        notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"nbgrader": marks}))
        write_source(course.folder, notebook)
    for step in (course.release, course.autograde, course.feedback):
        with pytest.raises(NbGraderException, match=words):
            step()
    assert path.exists()


def test_a_lost_notebook_is_made_again_and_keeps_no_page_from_anybody(course):
    course.assignment.autograded("amy").unlink()
    with pytest.raises(NbGraderException, match="that feedback is made of. All other pages are there. .*: amy"):
        course.feedback()
    assert course.assignment.page("bob").exists()
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
        assert [course.assignment.page(student, name).exists() for name in ("more", "numbers")] == [True, True]
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


def test_a_release_that_died_on_its_way_can_be_run_again(course, monkeypatch):
    course.enter("bob", "double-test", manual_score=1.0)
    course.enter("bob", "square-test", manual_score=2.0)

    def swap(cells, notebook):
        one, other = cells["double-test"].metadata.nbgrader, cells["square-test"].metadata.nbgrader
        one.grade_id, other.grade_id = other.grade_id, one.grade_id

    def dies(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(CourseAssignment, "put_in_place", dies)
        edit(course, swap)
    course.release()
    assert course.grade("bob", "double-test")[1] == 2.0 and course.grade("bob", "square-test")[1] == 1.0


def test_a_cell_can_take_the_name_of_one_that_is_gone(course):
    course.enter("bob", "double-test", manual_score=1.0)
    course.enter("bob", "square-test", manual_score=2.0)

    def takes_over(cells, notebook):
        notebook.cells.remove(cells["double-test"])
        cells["square-test"].metadata.nbgrader.grade_id = "double-test"

    said = edit(course, takes_over)
    assert any(one.startswith("double-test is gone; what a person entered there (1 score)") for one in said)
    assert course.grade("bob", "double-test")[1] == 2.0


def test_a_comment_on_an_answer_that_is_another_one_now_is_to_be_looked_at(course):
    course.enter("amy", "double", comment="Neat.")
    hand_in(course.folder, "amy", RIGHT | {"double": "def double(x):\n    return sum([x, x])"})
    course.autograde()
    assert course.grade("amy", "double-test") == (4.0, None, None, True)


def test_long_grade_ids_have_their_page(course):
    def longer(cells, notebook):
        cells["double-test"].metadata.nbgrader.grade_id = "y" * 128
        cells["why"].metadata.nbgrader.grade_id = "z" * 62

    edit(course, longer)
    course.autograde()
    assert set(course.feedback().values()) == {"written"}


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


def test_a_graded_cell_without_a_grade_id_is_told(course):
    notebook = read_source(course.folder)
    del next(one for one in notebook.cells if one.id == "why").metadata.nbgrader["grade_id"]
    write_source(course.folder, notebook)
    with pytest.raises(NbGraderException, match="the cell Because. has no grade id"):
        course.autograde()
