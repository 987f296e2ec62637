"""A made-up notebook and what is shown of it, for the tests of the page: what makes it, and who can read it."""

import json

import nbformat
from term import SOLUTION, a_test, cell, numbers

from grading.formgrader import formgrader_notebook
from grading.master import Master
from grading.page import feedback_data, feedback_page, page_cells
from grading.result import Failure, Result
from grading.shown import shown_cells
from grading.submission import read_notebook

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
STUBS = {
    "double": "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
    "square": "# YOUR CODE HERE\nraise NotImplementedError()",
    "why": "YOUR ANSWER HERE",
    "sign": "# YOUR CODE HERE\nraise NotImplementedError()",
    "half": "# YOUR CODE HERE\nraise NotImplementedError()",
}


def authored():
    """Return a notebook with all that nbgrader can grade: two exercises of it have a heading of their own, one has two answers."""
    notebook = numbers()
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell("## Exercise 1: double", id="exercise-1"))
    notebook.cells += [
        nbformat.v4.new_markdown_cell("## Exercise 2: signs", id="exercise-2"),
        cell("sign", SOLUTION.format("sign = 1"), solution=True),
        cell("half", SOLUTION.format("half = 2"), solution=True),
        a_test("signs-test", "assert sign == 1 and half == 2", 5),
    ]
    return notebook


def released():
    notebook = authored()
    for one in notebook.cells:
        one.source = STUBS.get(one.id, one.source).partition("\n### BEGIN HIDDEN")[0]
    return notebook


MASTER = Master(
    "numbers",
    {"numbers": json.dumps(authored()).encode()},
    released={"numbers": json.dumps(released()).encode()},
)
NOTEBOOK = MASTER.notebooks["numbers"]


def handed_in(answers=None, extra=(), without=()):
    """Return a submission: the release with answers typed in, cells added at its end, and some taken out."""
    notebook = released()
    for one in notebook.cells:
        one.source = (answers or {}).get(one.id, one.source)
    notebook.cells = [one for one in notebook.cells if one.id not in without] + list(extra)
    return read_notebook(json.dumps(notebook).encode())


def result(scores=None, messages=None, status="graded", notes="", message="All checks passed.", failures=None):
    scores, notes = MASTER.points | (scores or {}), {"numbers": (status, notes)}
    return Result(
        "zoe", "numbers", status, scores, MASTER.points, message, messages or {}, notes, failures=failures or {}
    )


def marked(scores=None, **others):
    """Return what the gradebook says of each cell, where a person has entered no more than what is told."""
    marks = {}
    for name, most in MASTER.points.items():
        auto = (scores or {}).get(name, most)
        marks[name] = {"auto": auto, "manual": None, "extra": None, "most": most, "waits": auto is None}
    for name, some in others.items():
        marks.setdefault(name.replace("_", "-"), {}).update(some)
    return marks


def shown_in_formgrader(submission, graded=None, files=None):
    """Return the cells of the notebook that the formgrader shows."""
    return formgrader_notebook(NOTEBOOK, shown_cells(NOTEBOOK, submission, None, files), graded or result())["cells"]


def page_of(submission, graded=None, marks=None, penalty=0.0, files=None):
    """Return the feedback page of a submission."""
    graded, cells = graded or result(), page_cells(shown_cells(NOTEBOOK, submission, None, files))
    marks = marked(graded.scores) if marks is None else marks
    return feedback_page(feedback_data(NOTEBOOK, MASTER.titles, graded, cells, marks, penalty), cells)


def with_everything():
    """Return a page that has all that a page can have."""
    answers = {
        "double": "def double(x):\n    # twice\n    return x * 3  # " + "a long line " * 20,
        "square": "class Square:\n    '''Two.'''\n\nprint(f'{3!r}\\n', [1.5e3, 0xFF, True and None])",
        "why": "# Because\n\n> it *is* so: $\\sum_{i=1}^n x_i^2 = \\frac{1}{2}$\n\n$$\\begin{aligned} a &= b "
        + "+ c" * 100
        + "\\end{aligned}$$\n\n|"
        + "a column|" * 12
        + "\n|"
        + "-|" * 12
        + "\n|"
        + "1234567|" * 12
        + "\n\n"
        "### More\n\n1. one\n2. two\n\n- [x] done\n\n```\nsome code\n```\n\n![a small square](attachment:a.png) "
        "![gone](http://elsewhere.example/a.png) [a link](http://elsewhere.example/" + "long/" * 30 + ")",
        "sign": "sign = 1",
    }
    outputs = [
        nbformat.v4.new_output("stream", text="printed\n" + "0.1234 " * 40),
        nbformat.v4.new_output("display_data", {"text/html": f"<img alt='a dot' src='data:image/png;base64,{PNG}'>"}),
        nbformat.v4.new_output("display_data", {"text/markdown": "**shown** $x^2$", "text/plain": "<Markdown>"}),
        nbformat.v4.new_output("execute_result", {"text/plain": "array([1, 2])"}),
        nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=["\x1b[31mValueError\x1b[0m: no"]),
    ]
    extra = [nbformat.v4.new_code_cell("import math\nmath.pi", id="mine", outputs=outputs)]
    extra += [nbformat.v4.new_markdown_cell("My *notes*.", id="notes"), nbformat.v4.new_code_cell("", id="empty")]
    submission = handed_in(answers, extra)
    why = next(one for one in submission.notebook["cells"] if one["id"] == "why")
    why["attachments"] = {"a.png": {"image/png": PNG}}
    said = "double(2)\nExpected: 4\nGot:      6\nHint:     `3 * x` is three times as much. Look again."
    parts = Failure(call="double(2)", expected="4", got="6", hint="`3 * x` is three times as much. Look again.")
    scores = {"double-test": 0.0, "square": None, "why": None, "draw": None, "signs-test": 2.5}
    messages = {"double-test": said, "signs-test": "2.5 of 5 points"}
    graded = result(scores, messages, failures={"double-test": parts})
    marks = marked(
        scores,
        square={"manual": 1.5, "extra": 1.0, "waits": False, "comment": "Well *done*,\n\nbut $x^2$ is shorter."},
        why={"manual": 0.0, "waits": True},
        sign={"comment": "The second one is missing."},
    )
    return page_of(submission, graded, marks, penalty=2.0)
