"""What lies among the submissions: a student's notebook and receipt are taken; stray files, links and copies are neither."""

import os

import pytest
from corpus import blank, save

from grading.assignment import CourseAssignment, NbGraderException
from grading.submission import SECRET_FILE, collect


def test_the_configuration_is_the_same_with_and_without_a_class(course):
    made = CourseAssignment("initialization", course)
    (course / "submitted").rmdir()
    before = CourseAssignment("initialization", course)
    assert made.config == before.config and made.submission("ada") == before.submission("ada")
    assert made.course.db_url == before.course.db_url == f"sqlite:///{course / 'gradebook.db'}"


def test_hidden_folders_and_stray_files_are_no_students(course):
    for name in (".ipynb_checkpoints", "zoe"):
        (course / "submitted" / name).mkdir()
    (course / "submitted" / "notes.txt").touch()
    assert CourseAssignment("initialization", course).students() == ["zoe"]


@pytest.mark.parametrize("name", [b"M\xfcller", b"two\nlines", b"\x1b[31mred", b"x" * 129])
def test_a_folder_whose_name_no_gradebook_holds_is_named_before_anything_is_graded(course, name):
    os.mkdir(os.fsencode(course / "submitted") + b"/" + name)
    with pytest.raises(NbGraderException, match="Rename it") as said:
        CourseAssignment("initialization", course).students()
    assert str(said.value).isprintable()


def test_a_folder_that_is_a_link_to_a_peers_hands_in_nothing(small):
    save(blank(["he"]), small.submission("zoe").parent)
    small.submission("mallory").parent.parent.mkdir()
    small.submission("mallory").parent.symlink_to(small.submission("zoe").parent)
    submitted = collect(small.place("mallory"))
    assert not submitted.notebooks
    assert "Expected initialization.ipynb in initialization/" in submitted.missing["initialization"]


def test_a_receipt_that_is_a_link_tells_nothing_of_where_it_leads(small, tmp_path):
    (tmp_path / "password").write_text("of the instructor")
    small.submission("zoe").with_name(SECRET_FILE).symlink_to(tmp_path / "password")
    assert collect(small.place("zoe")).receipt == {SECRET_FILE: ""}


def test_a_copy_that_jupyter_keeps_is_no_second_notebook(small):
    folder = small.submission("zoe").parent
    save(blank(), folder, "my own name.ipynb")
    (folder / ".ipynb_checkpoints").mkdir()
    save("of an hour ago", folder / ".ipynb_checkpoints", "my own name-checkpoint.ipynb")
    assert collect(small.place("zoe")).notebooks == {"initialization": (folder / "my own name.ipynb").read_bytes()}
