"""page.py: what of a submission reaches a feedback page, and what of it does not."""

import base64
import json

import nbformat
import pytest

from grading.master import Master
from grading.page import ALL, DRAWN, TEXT, Pictures, page
from grading.result import Result
from grading.submission import read

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def code(source, name="", outputs=(), **marks):
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs))
    if name:
        cell.metadata.nbgrader = {"grade_id": name, "schema_version": 3, "locked": False, **marks}
    return cell


TEST = code(
    "assert f() == 1\n### BEGIN HIDDEN TESTS\nassert secret\n### END HIDDEN TESTS", "f-test", grade=True, points=5
)
MASTER = Master("one", {"one": json.dumps(nbformat.v4.new_notebook(cells=[TEST])).encode()}).notebooks["one"]


def shown(*cells, score=5.0, message="All checks passed.", messages=None):
    """Return the cells of the page of a submission: the first says the state, the last is the test."""
    submission = read(json.dumps(nbformat.v4.new_notebook(cells=cells)).encode())
    result = Result("zoe", "one", "graded", {"f-test": score}, {"f-test": 5.0}, message, messages or {})
    return page(MASTER, submission, result, {})["cells"]


def test_a_message_is_a_text_and_no_html():
    state, _ = shown(message="NameError: <script>alert(1)</script>")
    assert "<script>" not in state["source"] and "NameError: &lt;script&gt;" in state["source"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a link](javascript:alert(1))",
        "<a href='javascript:alert(1)'>a link</a>",
        "<svg onload=alert(1)></svg>",
        "<div>\n\n<iframe src='//x.invalid'></iframe>",
    ],
)
def test_nothing_that_a_browser_runs_is_left_of_a_text(text):
    _, cell, _ = shown(nbformat.v4.new_markdown_cell("**my notes**\n\n" + text))
    assert "<strong>my notes</strong>" in cell["source"]
    for part in ("<script", "onerror=", 'href="javascript', "<svg", "<iframe"):
        assert part not in cell["source"]


def test_pictures_beside_the_notebook_are_in_the_page_as_long_as_there_is_room():
    picture = b"\x89PNG" + bytes(DRAWN // 4)
    pictures = Pictures({"a b.png": picture, "no.png": b"<svg>", "in/small.jpg": b"\xff\xd8"})
    shown = pictures.shown("![](a%20b.png)" * 4 + "![](./in/small.jpg) ![](no.png) ![](../gone.png)", None)
    assert shown.count("data:image/png;base64,") == 2 and len(shown) < DRAWN + 1000
    assert 'src="data:image/jpeg;base64,/9g="' in shown and 'src="no.png"' in shown and 'src="../gone.png"' in shown
    attached = {"a.png": {"image/png": base64.b64encode(picture).decode()}}
    assert Pictures({}).shown("![](attachment:a.png)" * 9, attached).count("data:image/png;base64,") == 2


def test_of_an_outputs_html_the_picture_is_left_and_its_description_is_a_text():
    html = f"<img alt='two \"circles\"><script>' onload='alert(1)' src='data:image/png;base64,{PNG}'><script>alert(1)</script>"
    output = nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": "a picture"})
    _, cell, _ = shown(code("look()", outputs=[output]))
    (left,) = cell["outputs"]
    assert left["data"].keys() == {"text/html"}
    assert 'alt="two &quot;circles&quot;&gt;&lt;script&gt;"' in left["data"]["text/html"]
    assert "<script>" not in left["data"]["text/html"] and "onload" not in left["data"]["text/html"]


def test_other_html_is_shown_as_the_text_beside_it():
    output = nbformat.v4.new_output("display_data", {"text/html": "<script>alert(1)</script>", "text/plain": "a table"})
    _, cell, _ = shown(code("look()", outputs=[output]))
    assert [one["data"] for one in cell["outputs"]] == [{"text/plain": "a table"}]


def test_of_a_notebook_without_an_end_the_beginning_is_shown():
    cells = shown(*(code("x" * TEXT) for _ in range(2 * ALL // TEXT)))
    assert sum(len(cell["source"]) for cell in cells) <= ALL + TEXT
    assert "The rest of the notebook is too long to be shown." in cells[-2]["source"] and cells[-1]["id"] == "f-test"


def test_a_test_is_shown_without_what_is_hidden_and_with_what_it_said():
    _, test = shown(TEST, score=0.0, messages={"f-test": "f() is 2"})
    assert test["source"] == "assert f() == 1"
    assert [(output["output_type"], output["evalue"]) for output in test["outputs"]] == [("error", "f() is 2")]


def test_points_that_are_missing_are_shown_as_an_error_also_where_no_check_said_why():
    for score, kind in ((5.0, "stream"), (2.5, "error")):
        _, test = shown(TEST, score=score)
        assert [output["output_type"] for output in test["outputs"]] == [kind]
