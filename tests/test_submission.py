"""submission.py: honest notebooks in the states in which they arrive, and whatever else has that suffix."""

import json

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.submission import (
    MAX_BYTES,
    MAX_CELL_CHARACTERS,
    MAX_CELLS,
    Cell,
    Place,
    Rejected,
    collect,
    read_notebook,
)

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Übung\n", "text"]},
        {
            "cell_type": "code",
            "metadata": {"nbgrader": {"grade_id": "a-test"}},
            "source": "x = 'é'",
            "outputs": [],
            "execution_count": None,
        },
    ],
    "metadata": {"kernelspec": {"name": "some-other-kernel"}},
    "nbformat": 4,
    "nbformat_minor": 4,
}
CELLS = (Cell("markdown", "# Übung\ntext"), Cell("code", "x = 'é'", "a-test"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_every_encoding_is_read(encoding):
    assert read_notebook(json.dumps(NOTEBOOK, ensure_ascii=False).encode(encoding)).cells == CELLS


@pytest.mark.parametrize("around", [b"%s\n\n", b"\n  %s", b"%s\0\0\0", b"%s{}", b"%s\x1a"])
def test_what_stands_around_the_notebook_is_passed_over(around):
    assert read_notebook(around % json.dumps(NOTEBOOK).encode()).cells == CELLS


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5])
def test_every_minor_version_of_format_4_is_read(minor):
    assert read_notebook(json.dumps(NOTEBOOK | {"nbformat_minor": minor}).encode()).cells == CELLS


def test_format_3_is_read():
    old = nbformat.v3.new_notebook(
        worksheets=[
            nbformat.v3.new_worksheet(
                cells=[
                    nbformat.v3.new_text_cell("markdown", source="# Übung"),
                    nbformat.v3.new_code_cell(input="x = 1"),
                ]
            )
        ]
    )
    assert read_notebook(json.dumps(old).encode()).cells == (Cell("markdown", "# Übung"), Cell("code", "x = 1"))


@pytest.mark.parametrize(
    "cell",
    [
        {},
        {"cell_type": "code"},
        {"cell_type": "code", "source": None},
        {"cell_type": "code", "source": [1, None]},
        {"cell_type": "code", "source": "", "metadata": []},
        {"source": "", "metadata": {"nbgrader": []}},
        {"cell_type": "code", "source": "", "metadata": {"nbgrader": {"grade_id": {}}}},
    ],
)
def test_a_damaged_cell_is_an_empty_one_and_the_others_stay(cell):
    read_cells = read_notebook(json.dumps(NOTEBOOK | {"cells": [cell, *NOTEBOOK["cells"]]}).encode()).cells
    assert read_cells == (Cell("code", ""), *CELLS)


def test_half_of_a_character_is_read_as_one_that_a_file_can_hold():
    cells = [{"cell_type": "code", "source": "x = '\ud83d'"}]
    (cell,) = read_notebook(json.dumps(NOTEBOOK | {"cells": cells}).encode()).cells
    assert cell == Cell("code", "x = '?'")


def test_signs_that_json_forbids_in_a_text_are_read_as_they_are():
    data = json.dumps(NOTEBOOK, ensure_ascii=False).replace("x = 'é'", "x = 'é'\t# one\n")
    assert read_notebook(data.encode()).cells[1].source == "x = 'é'\t# one\n"


def test_of_a_cell_without_an_end_the_beginning_is_read():
    cells = [{"cell_type": "code", "source": "x" * (MAX_CELL_CHARACTERS + 1)}]
    (cell,) = read_notebook(json.dumps(NOTEBOOK | {"cells": cells}).encode()).cells
    assert cell.source == "x" * MAX_CELL_CHARACTERS


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n\xef\xbb\xbf ", "empty"),
        (json.dumps(NOTEBOOK).encode()[:100], "cut off"),
        (b"PK\x03\x04 a zip", "not JSON"),
        (b"[1, 2]", "not a notebook"),
        (b'{"cells": 3, "nbformat": 4}', "not a notebook"),
        (b'{"nbformat": 9, "cells": {}}', "not a notebook"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b" " * (MAX_BYTES + 1), "MB"),
        (json.dumps({"nbformat": 4, "cells": [{}] * (MAX_CELLS + 1)}).encode(), "10001 cells, and 10000 are allowed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_notebook_is_told_why(data, words):
    with pytest.raises(Rejected, match=words):
        read_notebook(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "nbformat", "nbformat_minor", "worksheets", "metadata", "source", "cell_type", "nbgrader"]
            ),
            inner,
            max_size=5,
        )
    ),
)


@settings(max_examples=400)
@given(
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | JSON.map(lambda value: json.dumps({"nbformat": 4, "cells": value}).encode())
    | JSON.map(lambda value: json.dumps({"nbformat": 3, "worksheets": value}).encode())
)
def test_any_bytes_are_a_submission_or_rejected(data):
    try:
        assert all(isinstance(cell, Cell) for cell in read_notebook(data).cells)
    except Rejected as rejection:
        assert str(rejection)


@pytest.mark.parametrize(
    "page", ["<!DOCTYPE html>\n<html>", "\n<html lang='en'>", "<head>", "<?xml version='1.0'?><html>"]
)
def test_a_web_page_under_a_notebooks_name_is_called_that(page):
    with pytest.raises(Rejected, match="a web page that was saved under a notebook's name: download the notebook"):
        read_notebook(page.encode())


def test_whether_nothing_at_all_was_handed_in_is_known(tmp_path):
    folders = {name: tmp_path / name / "ps1" for name in ("none", "empty", "beside", "other", "link", "dead")}
    for name in ("empty", "beside", "other"):
        (tmp_path / name).mkdir()
    folders["empty"].mkdir()
    (tmp_path / "beside" / "ps2").mkdir()
    folders["other"].mkdir()
    (folders["other"] / "notes.txt").write_text("No notebook.")
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    found = {name: collect(Place(name, folder, tmp_path, ("one",))) for name, folder in folders.items()}
    assert not any(one.notebooks for one in found.values())
    assert {name for name, one in found.items() if one.is_bare} == {"none", "empty"}
