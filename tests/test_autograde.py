"""Grading a course: nothing is graded twice, nothing stale stands, and what can't be read is told."""

import os
import shutil
from dataclasses import replace

import nbformat
import pytest
from corpus import blank, save
from courses import ROOT
from engines import graded
from term import score_of

import grading.assignment as assignment_room
from grading import fleet, standing
from grading.assignment import CourseAssignment
from grading.feedback import write_feedback
from grading.submission import MAX_BYTES


def test_nothing_is_graded_twice_unless_it_changed(small):
    shutil.copy(ROOT / "release" / "initialization" / "initialization.ipynb", small.submission("zoe"))
    assert graded(small, ["zoe"])["zoe"].result.status == "graded"
    assert graded(small, ["zoe"]) == {"zoe": None}
    assert graded(small, ["zoe"], force=True)["zoe"].result.status == "graded"


def test_other_limits_are_a_reason_to_grade_again(small):
    save(blank(), small.submission("zoe").parent)
    graded(small, ["zoe"])
    small.limits = replace(small.limits, call=small.limits.call + 1)
    assert graded(small, ["zoe"])["zoe"] is not None


def test_a_page_stands_until_anything_on_it_has_changed(small):
    save(blank(), small.submission("zoe").parent)
    graded(small, ["zoe"])
    assert dict(write_feedback(small)) == {"zoe": "written"}
    assert dict(write_feedback(small)) == {"zoe": "stood"}
    assignment_room.write_whole(small.feedback_path("zoe"), "what another program wrote")
    assert dict(write_feedback(small)) == {"zoe": "written"}
    assert dict(write_feedback(small, force=True)) == {"zoe": "written"}
    assert score_of(small.feedback_path("zoe")) == 0
    small.feedback_path("zoe").unlink()
    assert dict(write_feedback(small)) == {"zoe": "written"}
    with small.gradebook() as gradebook:
        where = "initialization", "initialization", "zoe"
        gradebook.find_comment("he-exercise", *where).manual_comment = "Come to my office."
        gradebook.db.commit()
    assert dict(write_feedback(small)) == {"zoe": "written"}
    assert "Come to my office." in small.feedback_path("zoe").read_text()
    assert dict(write_feedback(small)) == {"zoe": "stood"}


def test_a_grade_that_became_unreadable_does_not_stand(small):
    path = small.submission("zoe")
    shutil.copy(ROOT / "source" / "initialization" / "initialization.ipynb", path)
    assert graded(small, ["zoe"])["zoe"].result.score == 30
    assert dict(write_feedback(small)) == {"zoe": "written"} and small.feedback_path("zoe").exists()

    path.write_text(path.read_text()[:5000])
    second = graded(small, ["zoe"])["zoe"].result
    assert (second.status, second.score) == ("malformed", 0.0)
    assert not small.feedback_path("zoe").exists()
    assert scores(small) == [0.0]

    path.unlink()
    assert graded(small, ["zoe"])["zoe"].result.status == "missing"
    assert scores(small) == []
    assert dict(write_feedback(small)) == {"zoe": "nothing"}


def scores(course):
    with course.gradebook() as gradebook:
        return [entry["score"] for entry in gradebook.submission_dicts("initialization")]


# As a submission whose notebook has no mode that allows to read it, also where root looks at it.
NOT_ALLOWED = """
    import builtins
    allowed = builtins.open
    def refused(path, mode="r", *arguments, **options):
        if mode == "rb" and "zoe" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return allowed(path, mode, *arguments, **options)
    builtins.open = refused
"""


def test_files_that_nobody_may_read_and_odd_names_are_told_in_the_message(small, started_with):
    folder = small.submission("zoe").parent
    os.close(os.open(os.fsencode(folder) + b"/\xff\x1b[2J\n[b].txt", os.O_CREAT))
    result = graded(small, ["zoe"])["zoe"].result
    assert result.status == "missing" and result.message.isprintable() and "[b].txt" in result.message
    result.message.encode("utf-8")

    shutil.copy(ROOT / "source" / "initialization" / "initialization.ipynb", folder)
    started_with(NOT_ALLOWED)
    result = graded(small, ["zoe"], force=True)["zoe"].result
    assert result.status == "missing" and "chmod" in result.message


def test_a_file_that_is_too_large_is_told_so(small):
    save(nbformat.writes(blank()) + MAX_BYTES * " ", small.submission("zoe").parent)
    result = graded(small, ["zoe"])["zoe"].result
    assert result.status == "malformed" and "are allowed: clear the outputs" in result.message


def test_an_interrupted_grading_leaves_no_result_behind_and_is_named(small, monkeypatch):
    shutil.copy(ROOT / "source" / "initialization" / "initialization.ipynb", small.submission("zoe"))
    graded(small, ["zoe"])

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(fleet, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        graded(small, ["zoe"], force=True, engine=fleet.LocalEngine(1))
    assert dict(standing.results(small)) == {"zoe": None} and scores(small) == [0.0]
    assert list(standing.standings(small)) == [] and not small.autograded("zoe").exists()
    monkeypatch.undo()
    assert graded(small, ["zoe"])["zoe"].result.score == 30
    assert dict(standing.results(small))["zoe"].score == 30


def test_a_student_of_the_gradebook_without_a_submission_is_named(built):
    small = CourseAssignment("initialization", built)
    with small.gradebook() as gradebook:
        gradebook.add_student("yan")
    assert small.students() == ["yan"]
    assert graded(small, ["yan"])["yan"].result.status == "missing"
    assert list(dict(standing.results(small))) == ["yan"]


def broken_metadata(notebook):
    cell = next(cell for cell in notebook.cells if cell.id == "he-test")
    cell.metadata.nbgrader = {}


def deleted_test(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.id != "he-test"]


@pytest.mark.parametrize(
    ("damage", "status", "score", "words"),
    [
        (broken_metadata, "graded", 30, "All checks passed."),
        (deleted_test, "graded", 30, "All checks passed."),
    ],
)
def test_damaged_cells_cost_nothing(small, damage, status, score, words):
    notebook = nbformat.read(ROOT / "source" / "initialization" / "initialization.ipynb", as_version=4)
    damage(notebook)
    nbformat.write(notebook, small.submission("zoe"))
    result = graded(small, ["zoe"])["zoe"].result
    assert (result.status, result.score) == (status, score)
    assert words in result.message
