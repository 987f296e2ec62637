"""Makes what is shown of a submission: the notebook that the formgrader shows, and the page that a student reads."""

import functools
import html
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grading.harmless import Output, Pictures, outputs, text, words
from grading.master import hashed, visible
from grading.result import SUBMIT_AGAIN

ALL = 400_000  # characters of all cells and outputs that are shown; what colours code takes a second for TEXT
LARGEST = 10 << 20  # bytes of a page
FRAME = 1 << 20  # bytes of it for what is not a student's cell


@dataclass(frozen=True)
class Shown:
    """A cell as a person sees it.

    Attributes
    ----------
    name : str
        Its id: the grade id of an answer or a test, or its number.
    kind : str
        ``code``, or ``words``.
    content : str
        Code, or HTML.
    outputs : tuple of grading.harmless.Output
    is_own : bool
        The student wrote it, or has changed it.
    mark : dict or None
        What nbgrader has written on it.
    title : str
    """

    name: str
    kind: str
    content: str
    outputs: tuple = ()
    is_own: bool = False
    mark: dict | None = None
    title: str = ""


def look(notebook, submission, made=None, files=None):
    """Return what is shown of a notebook's cells, less the tests.

    Parameters
    ----------
    notebook : grading.master.MasterNotebook
    submission : grading.submission.Submission or None
        None where there was nothing to read.
    made : dict of str to list, optional
        What each program that a person grades printed and drew, by its grade id.
    files : dict of str to bytes, optional
        What lies beside the notebook, by its path: the pictures among it that a text shows.

    Returns
    -------
    list of (Shown or grading.master.Test)
        A test stands where it was handed in. The solution cells that are not there are at the end, with a sentence.
    """
    pictures, found, left, room = Pictures(files or {}), [], [*notebook.tests], ALL
    tested = {test.grade_id for test in left}
    marks = {name: mark for name, mark in notebook.marks.items() if name not in tested}
    solved = {name: id(cell) for name, cell in notebook.solved(submission.cells if submission else ()).items()}
    programs = {answer.grade_id for answer in notebook.answers if answer.kind == "code"}
    raw = [cell for cell in (submission.notebook["cells"] if submission else ()) if isinstance(cell, dict)]
    for number, (known, cell) in enumerate(zip(submission.cells if submission else (), raw), 1):
        test = notebook.test_at(known) if known.kind == "code" else None
        name = notebook.name_of(known)
        is_answer = solved.get(name, id(known)) == id(known) and name in marks
        if test is not None and test not in left or room < 0 and test is None and not is_answer:
            continue
        if test is None or notebook.answers_in(
            known
        ):  # one with an answer in it was run, and a person wants to see that
            own = made.get(name, []) if made and is_answer and name in programs else cell.get("outputs")
            shown = as_shown(known, cell, own, pictures) if room >= 0 or is_answer else Shown("", "code", "")
            given = notebook.is_given(known)
            title = f"Your answer {name}" if is_answer and name in notebook.stubs else f"Your cell {number}"
            mark = marks.pop(name) if is_answer else None
            anchor = name if mark and name in notebook.stubs else f"cell-{number}"
            found.append(replace(shown, name=anchor, is_own=not given, mark=mark, title=title))
            room -= len(shown.content) + sum(len(output.text) for output in shown.outputs) + 100
        if test is not None:
            left.remove(test)
            found.append(test)
    if room < 0:
        found.append(Shown("rest", "words", "<p>(The rest of the notebook is too long to be shown.)</p>"))
    found += left
    # A person can only grade and comment what is there.
    for name, lost in marks.items():
        if lost.get("solution") or lost.get("task"):
            where = "is not in what was handed in" if submission else "could not be read"
            content = f"<p>(The cell {html.escape(name)} {where}.)</p>"
            found.append(Shown(name, "words", content, (), True, lost, f"Your answer {name}"))
    return found


def as_shown(known, cell, made, pictures):
    """Return a cell with nothing in it that a browser would run or fetch."""
    if known.kind != "code":
        try:
            return Shown("", "words", words(known.source, pictures, cell.get("attachments")))
        except Exception:  # noqa: BLE001 - what makes HTML of Markdown may stumble
            return Shown("", "words", f"<pre>{html.escape(text(known.source))}</pre>")
    return Shown("", "code", text(known.source), tuple(outputs(made, pictures)))


# ------------------------------------------------------------------- for the formgrader


def as_notebook(notebook, shown, result):
    """Return a notebook of a student's cells, with the verdict in each test cell and the state on top.

    Parameters
    ----------
    notebook : grading.master.MasterNotebook
    shown : list
        What `look` returns.
    result : grading.result.Result

    Returns
    -------
    dict
        In nbformat 4.5. It is written down as it is: nbformat's own functions validate each cell anew, which takes
        longer than grading does.
    """
    checked = {key: result.scores[key] for key in notebook.points if result.scores[key] is not None}
    most = sum(result.max_scores[key] for key in checked)
    gave = f": the checks gave {sum(checked.values()):g} of {most:g} points" if checked else ""
    state = f"<p><strong>{result.status}{gave}.</strong> {html.escape(text(result.message))}</p>"
    cells = [words_cell("state", state)]
    for one in shown:
        cells.append(cell_of(one) if isinstance(one, Shown) else verdict(one, result, notebook.marks[one.grade_id]))
    kernel = {"name": "python3", "display_name": "Python 3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def cell_of(shown):
    made = (
        words_cell(cell_id(shown.name), shown.content)
        if shown.kind == "words"
        else code_cell(cell_id(shown.name), shown.content, [as_output(output) for output in shown.outputs])
    )
    if shown.mark:
        made["metadata"]["nbgrader"] = shown.mark
    return made


def verdict(test, result, mark):
    """Return a test as the student saw it, with what it said."""
    message, score = result.messages.get(test.key), result.scores[test.key]
    said = message or ("This test was not judged." if score is None else f"{score:g} of {test.points:g} points.\n")
    right = not message and score == test.points
    output = as_output(Output("printed" if right else "error", text(said)))
    return code_cell(cell_id(test.grade_id), visible(test.source), [output], nbgrader=mark)


def as_output(output):
    """Return an output in the form of nbformat 4."""
    if output.kind == "printed":
        return {"output_type": "stream", "name": "stdout", "text": output.text}
    if output.kind == "error":
        return {"output_type": "error", "ename": "Error", "evalue": "", "traceback": [output.text]}
    if output.kind == "value":
        return {"output_type": "display_data", "metadata": {}, "data": {"text/plain": output.text}}
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": drawn(output)}}


def drawn(output):
    """Return a picture as HTML."""
    return Markup(f'<img alt="{html.escape(output.text)}" style="max-width: 100%" width="640" src="{output.picture}">')


def code_cell(name, source, made, **metadata):
    return {
        "cell_type": "code",
        "id": name,
        "metadata": metadata,
        "execution_count": None,
        "source": source,
        "outputs": made,
    }


def words_cell(name, made):
    """Return a cell that nbconvert copies into the page as it is: Markdown leaves HTML alone up to the first empty line.

    MathJax leaves alone what has that class; the formulas are there already.
    """
    lines = "\n".join(line if line.strip() else "<span></span>" for line in made.splitlines())
    source = f'<div class="tex2jax_ignore mathjax_ignore">{lines}</div>'
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def cell_id(name):
    """Return a name that Jupyter takes for a cell: nbgrader's may be longer."""
    return name if len(name) <= 64 else f"{name[:40]}-{hashed([name])}"


# --------------------------------------------------------------------- for the student

CODE = HtmlFormatter(nowrap=True)
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["number"] = lambda value: f"{value:.12g}"


@functools.cache
def template(name):
    return TEMPLATES.get_template(name)


def own_cells(shown):
    """Return the HTML of a student's own cells: what of the page does not change until the next grading."""
    made, room = [], LARGEST - FRAME
    for one in shown:
        if isinstance(one, Shown) and one.is_own:
            cell = template("cell.html").render(cell=one, coloured=coloured, drawn=drawn)
            room -= len(cell.encode("utf-8", "replace"))
            if room < 0:
                made.append("<p>(The rest is too long to be shown.)</p>")
                break
            made.append(cell)
    return "\n".join(made)


def coloured(source):
    """Return Python code as HTML that says what is what."""
    return Markup(highlight(source, PythonLexer(stripnl=False), CODE))


@dataclass(frozen=True)
class Line:
    """One exercise on the page.

    Attributes
    ----------
    title : str
    points : float or None
        None where nobody has given any.
    most : float
    waits : bool
        For a person.
    said : tuple of (str, str)
        What the test said: a label, which may be empty, and a text.
    cells : tuple of str
        Ids of the student's cells.
    comments : tuple of str
        A person's.
    by_hand : str
        What a person gave.
    """

    title: str
    points: float | None
    most: float
    waits: bool = False
    said: tuple = ()
    cells: tuple = ()
    comments: tuple = ()
    by_hand: str = ""

    @property
    def sign(self):
        return {"right": "✓", "not yet": "✗", "partly right": "◐"}.get(self.word, "…")

    @property
    def word(self):
        if self.waits or self.points is None:
            return "waits for a person"
        return "right" if self.points >= self.most else "partly right" if self.points > 0 else "not yet"


@dataclass(frozen=True)
class About:
    """What a page says besides the student's cells.

    Attributes
    ----------
    title, student, status : str
    notes : str
        What happened, and what to do.
    lines : tuple of Line
    penalty : float
        What is taken off for being late.
    comments : tuple of (str, str)
        What a person said of cells that no exercise has: their names and the comments.
    """

    title: str
    student: str
    status: str
    notes: str
    lines: tuple
    penalty: float = 0.0
    comments: tuple = ()

    @property
    def most(self):
        return sum(line.most for line in self.lines)

    @property
    def score(self):
        return max(0.0, sum(line.points or 0.0 for line in self.lines) - self.penalty)

    @property
    def waits(self):
        return sum(line.waits for line in self.lines)


LABELS = "Expected", "Got", "Hint"  # of what a check says in several lines


def about(notebook, titles, result, cells, marks, penalty):
    """Return what a page says besides the student's cells.

    Parameters
    ----------
    notebook : grading.master.MasterNotebook
    titles : dict of str to str
        What a person calls each graded cell, by its key.
    result : grading.result.Result
    cells : str
        What `own_cells` returned.
    marks : dict of str to dict
        What the gradebook says of each cell, by its grade id: ``auto``, ``manual``, ``extra``, ``most``, ``waits``,
        ``comment``.
    penalty : float
    """
    comments = {name: text(mark["comment"]) for name, mark in marks.items() if mark.get("comment")}
    answered = {}
    for cell, judge in notebook.judged_by.items():
        answered.setdefault(judge, []).append(cell)
    lines = []
    for cell in notebook.cells:
        if cell.is_graded and "most" in marks.get(cell.grade_id, ()):
            key, mark = notebook.key(cell.grade_id), marks[cell.grade_id]
            score = mark["auto"] if mark["manual"] is None else mark["manual"]
            extra = mark["extra"] or 0.0
            own = answered.get(cell.grade_id, ())
            lines.append(
                Line(
                    notebook.headings.get(cell.grade_id) or titles[key],
                    None if score is None and not extra else (score or 0.0) + extra,
                    mark["most"],
                    bool(mark["waits"]),
                    labelled(result.messages.get(key, "")),
                    tuple(name for name in own if f'id="{name}"' in cells),
                    tuple(comments.pop(name) for name in dict.fromkeys([*own, cell.grade_id]) if name in comments),
                    by_hand(mark),
                )
            )
    notes = text(result.notes).replace(SUBMIT_AGAIN, "Submit the notebook again.")
    left = tuple(comments.items())
    return About(notebook.title, text(result.student_id), result.status, notes, tuple(lines), penalty, left)


def labelled(message):
    """Return a check's message as pairs of a label and a text."""
    found = []
    for line in text(message).splitlines():
        label, colon, rest = line.partition(":")
        found.append((label, rest.strip()) if colon and label in LABELS else ("", line))
    return tuple(found)


def by_hand(mark):
    """Return what a person gave, of what the gradebook says of a cell."""
    given = [] if mark["manual"] is None else [f"{mark['manual']:.12g} points"]
    extra = [f"{mark['extra']:.12g} points of extra credit"] if mark["extra"] else []
    return " and ".join(given + extra)


def feedback_page(about, cells):
    """Return the page that a student reads.

    Parameters
    ----------
    about : About
    cells : str
        What `own_cells` returned.
    """
    return template("feedback.html").render(about=about, cells=Markup(cells))
