"""migration.py: what a person entered stays where the assignment changes; what can't be released changes nothing."""

import nbformat
import pytest
import term
from term import NAME, RIGHT, WHERE, a_test, cell, edit, hand_in, read_source, write_source

from grading import tables
from grading.assignment import NbGraderException

course = term.graded_course  # a fixture


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
        gradebook.db.execute(tables.Versions.delete())
        gradebook.db.commit()
    course.autograde(force=True)
    with course.assignment.gradebook() as gradebook:
        gradebook.find_grade_cell("double-test", *WHERE).max_score = 7.0
        gradebook.db.execute(tables.Versions.delete())
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


def test_a_renamed_exercise_keeps_its_comment_on_the_page(course):
    course.enter("amy", "double", comment="Neat.")

    def rename(cells, notebook):
        cells["double"].metadata.nbgrader.grade_id = "twice"

    assert edit(course, rename) == ["double is now twice, with all its grades and comments"]
    course.autograde()
    course.feedback()
    assert "Neat." in course.assignment.feedback_path("amy").read_text()


def test_pages_wait_between_a_release_and_the_next_grading(course):
    course.feedback()
    before = course.assignment.feedback_path("amy").read_text()
    edit(course, lambda cells, notebook: notebook.cells.remove(cells["why"]))
    assert set(course.feedback().values()) == {"waits"}
    assert course.assignment.feedback_path("amy").read_text() == before
    course.autograde()
    assert set(course.feedback().values()) == {"written"}


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


def test_a_release_that_died_on_its_way_can_be_run_again(course, monkeypatch):
    course.enter("bob", "double-test", manual_score=1.0)
    course.enter("bob", "square-test", manual_score=2.0)

    def swap(cells, notebook):
        one, other = cells["double-test"].metadata.nbgrader, cells["square-test"].metadata.nbgrader
        one.grade_id, other.grade_id = other.grade_id, one.grade_id

    def dies(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("grading.release.replaced", dies)
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


def test_long_grade_ids_have_their_page(course):
    def longer(cells, notebook):
        cells["double-test"].metadata.nbgrader.grade_id = "y" * 128
        cells["why"].metadata.nbgrader.grade_id = "z" * 62

    edit(course, longer)
    course.autograde()
    assert set(course.feedback().values()) == {"written"}


def test_a_graded_cell_without_a_grade_id_is_told(course):
    notebook = read_source(course.folder)
    del next(one for one in notebook.cells if one.id == "why").metadata.nbgrader["grade_id"]
    write_source(course.folder, notebook)
    with pytest.raises(NbGraderException, match="the cell Because. has no grade id"):
        course.autograde()
