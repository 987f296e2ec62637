"""The notebook that the formgrader shows: what a student handed in, with a verdict in each test and the state on top."""

import html
from typing import Any

from grading.harmless import harmless_text
from grading.master import hashed
from grading.master_cells import Test
from grading.master_notebook import MasterNotebook
from grading.outputs import Output
from grading.python_source import visible_source
from grading.result import Result
from grading.shown import Shown, ShownCell


def formgrader_notebook(notebook: MasterNotebook, shown: Shown, result: Result) -> dict[str, Any]:
    """Return a notebook of a student's cells, with the verdict in each test cell and the state on top.

    Parameters
    ----------
    notebook : grading.master_notebook.MasterNotebook
    shown : list
        What `grading.shown.shown_cells` returns.
    result : grading.result.Result

    Returns
    -------
    dict
        In nbformat 4.5. It is written down as it is: nbformat's own functions validate each cell anew, which takes
        longer than grading does.
    """
    checked = {key: score for key in notebook.points if (score := result.scores[key]) is not None}
    most = sum(result.max_scores[key] for key in checked)
    gave = f": the checks gave {sum(checked.values()):g} of {most:g} points" if checked else ""
    state = f"<p><strong>{result.status}{gave}.</strong> {html.escape(harmless_text(result.message))}</p>"
    cells = [markdown_cell("state", state)]
    for one in shown:
        cells.append(
            student_cell(one) if isinstance(one, ShownCell) else test_cell(one, result, notebook.marks[one.grade_id])
        )
    kernel = {"name": "python3", "display_name": "Python 3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def student_cell(shown: ShownCell) -> dict[str, Any]:
    """Return a cell of a student's, with what nbgrader has written on it."""
    cell = (
        markdown_cell(cell_id(shown.name), shown.content)
        if shown.kind == "words"
        else code_cell(cell_id(shown.name), shown.content, [as_output(output) for output in shown.outputs])
    )
    if shown.marks:
        cell["metadata"]["nbgrader"] = shown.marks
    return cell


def test_cell(test: Test, result: Result, marks: dict[str, Any]) -> dict[str, Any]:
    """Return a test as the student saw it, with its verdict."""
    message, score = result.messages.get(test.key), result.scores[test.key]
    points = "This test was not judged." if score is None else f"{score:g} of {test.points:g} points.\n"
    kind = "printed" if not message and score == test.points else "error"
    output = as_output(Output(kind, harmless_text(message or points)))
    return code_cell(cell_id(test.grade_id), visible_source(test.source), [output], nbgrader=marks)


def as_output(output: Output) -> dict[str, Any]:
    """Return an output in the form of nbformat 4."""
    if output.kind == "printed":
        return {"output_type": "stream", "name": "stdout", "text": output.text}
    if output.kind == "error":
        return {"output_type": "error", "ename": "Error", "evalue": output.text, "traceback": [output.text]}
    shown = verbatim_html(output.text) if output.kind == "words" else output.text
    data = {"text/plain" if output.kind == "value" else "text/html": shown}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def verbatim_html(made: str) -> str:
    """Return HTML that nbconvert copies into a page as it is: Markdown leaves HTML alone up to the first empty line.

    MathJax leaves alone what has that class, as the formulas are there already; what it looks for is not there either.
    """
    made = made.replace("$", "&#36;").replace("\\", "&#92;")
    lines = "\n".join(line if line.strip() else "<span></span>" for line in made.splitlines())
    return f'<div class="tex2jax_ignore mathjax_ignore">{lines}</div>'


def code_cell(name: str, source: str, outputs: list[dict[str, Any]], **metadata: object) -> dict[str, Any]:
    """Return a code cell in the form of nbformat 4."""
    return {
        "cell_type": "code",
        "id": name,
        "metadata": metadata,
        "execution_count": None,
        "source": source,
        "outputs": outputs,
    }


def markdown_cell(name: str, made: str) -> dict[str, Any]:
    """Return a cell of words in the form of nbformat 4, of HTML that is shown as it is."""
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": verbatim_html(made)}


def cell_id(name: str) -> str:
    """Return a name that Jupyter takes for a cell: nbgrader's may be longer."""
    return name if len(name) <= 64 else f"{name[:40]}-{hashed([name])}"
