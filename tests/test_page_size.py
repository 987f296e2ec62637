"""However much a notebook has, what is shown of it is not too large to be opened, and says what is left out."""

import base64
import io
import json
import random

import nbformat
import pytest
from pages import STUBS, handed_in, page_of, shown_in_formgrader
from PIL import Image
from term import RIGHT

from grading.harmless import MAX_PICTURE_CHARACTERS, MAX_TEXT
from grading.page import MAX_PAGE
from grading.shown import MAX_SHOWN


def noise(size):
    made = io.BytesIO()
    Image.frombytes("RGB", (size, size), random.Random(0).randbytes(3 * size * size)).save(made, "PNG")
    return base64.b64encode(made.getvalue()).decode()


def worst():
    """Return notebooks that make much of little."""
    picture = nbformat.v4.new_output("display_data", {"image/png": noise(400), "text/plain": "p"})
    pictures = [nbformat.v4.new_code_cell("1", outputs=[picture]) for _ in range(30)]
    formula = "$" + r"\binom" * 300 + "$ "
    macro = "$" + r"\def\a{" + "x" * 30 + "}" + r"\a" * 90 + "$ "
    much = {
        "operators": nbformat.v4.new_code_cell("a+" * (MAX_TEXT // 2)),
        "emoji": nbformat.v4.new_code_cell("'👩‍💻'" * (MAX_TEXT // 5)),
        "printed": nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text='"\\<' * MAX_TEXT)]),
        "formulas": nbformat.v4.new_markdown_cell(formula * (MAX_TEXT // len(formula))),
        "small formulas": nbformat.v4.new_markdown_cell("$x$" * (MAX_TEXT // 3)),
        "macros": nbformat.v4.new_markdown_cell(macro * (MAX_TEXT // len(macro))),
        "tables": nbformat.v4.new_markdown_cell("|a|b|\n|-|-|\n" + "|||\n" * (MAX_TEXT // 4)),
        "lines": nbformat.v4.new_markdown_cell("\n\n".join("$<" for _ in range(MAX_TEXT // 4))),
    }
    return [pytest.param([*pictures, *[many] * 60], id=name) for name, many in much.items()]


@pytest.mark.parametrize("cells", worst())
def test_neither_the_notebook_nor_the_page_has_more_than_10_mb(cells):
    answers = dict.fromkeys(STUBS, cells[-1]["source"] + " ")
    submission = handed_in(answers, [json.loads(json.dumps(one)) for one in cells])
    submission = type(submission)(submission.cells[-len(cells) :] + submission.cells[: -len(cells)], {  # answers come last
        "cells": submission.notebook["cells"][-len(cells) :] + submission.notebook["cells"][: -len(cells)]
    })  # fmt: skip
    notebook = json.dumps({"cells": shown_in_formgrader(submission)}, ensure_ascii=False).encode()
    page = page_of(submission).encode()
    assert MAX_PICTURE_CHARACTERS * 0.9 < min(len(notebook), len(page)) < max(len(notebook), len(page)) <= MAX_PAGE
    assert "too long to be shown" in notebook.decode() and b"too long to be shown" in page
    assert {*STUBS} <= {one["id"] for one in json.loads(notebook)["cells"]}


def test_pictures_take_no_room_of_what_is_to_be_read():
    photo = {"attachments": {"a.png": {"image/png": noise(600)}}}
    plot = nbformat.v4.new_output("display_data", {"image/png": noise(600)})
    extra = [
        nbformat.v4.new_markdown_cell("![mine](attachment:a.png)") | photo,
        nbformat.v4.new_code_cell("1", outputs=[plot]),
    ]
    page = page_of(handed_in(RIGHT, [*extra, nbformat.v4.new_code_cell("the_last = 1")]))
    assert page.count("<img ") == 2 and "the_last" in page and "too long" not in page


def test_of_a_notebook_without_an_end_the_beginning_is_shown():
    cells = shown_in_formgrader(
        handed_in(RIGHT, [nbformat.v4.new_code_cell("x" * MAX_TEXT) for _ in range(2 * MAX_SHOWN // MAX_TEXT)])
    )
    assert sum(len(cell["source"]) for cell in cells) <= MAX_SHOWN + MAX_TEXT
    assert "The rest of the notebook is too long to be shown." in cells[-1]["source"]
