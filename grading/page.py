"""Makes what is shown of a submission: the notebook that the formgrader shows, and the page that a student reads."""

import functools
import html
import re
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grading.harmless import TEXT, Output, Pictures, outputs, text, words
from grading.master import hashed, visible
from grading.result import CRASHED, FAILED, GRADED, MALFORMED, MISSING, TIMED_OUT

ALL = 400_000  # characters of all cells and outputs that are shown; what colours code takes a second for TEXT
SHORT = 2_000  # characters of an answer for which there is no room any more
LARGEST = 10 << 20  # bytes of a page
FRAME = 1 << 20  # bytes of it for what is not a student's cell


@dataclass(frozen=True)
class Shown:
    """A cell as a person sees it.

    Attributes
    ----------
    name : str
        The grade id of an answer, or ``cell-`` and its number.
    title : str
    kind : str
        ``code``, or ``words``.
    content : str
        Code, or HTML.
    outputs : tuple of grading.harmless.Output
    is_own : bool
        The student wrote it, or has changed it, or should have.
    word : str
        What there is to say in place of it where nothing was written.
    mark : dict or None
        What nbgrader has written on it.
    """

    name: str
    title: str
    kind: str
    content: str
    outputs: tuple = ()
    is_own: bool = False
    word: str = ""
    mark: dict | None = None

    @property
    def anchor(self):
        """Its place on the page. No grade id makes one of the page's own."""
        return f"your-{self.name}" if self.mark else self.name


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
    made, pictures, found, left, room = made or {}, Pictures(files or {}), [], [*notebook.tests], ALL
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
        # A test with an answer in it was run, and a person wants to see that.
        if test is None or notebook.answers_in(known):
            ran = made.get(name, []) if is_answer and name in programs else cell.get("outputs")
            drawn = pictures.left
            content, below = as_shown(known, cell, ran, pictures, TEXT if room >= 0 else SHORT)
            drawn -= pictures.left
            room -= len(content) + sum(len(output.text) for output in below) - drawn + 100
            title, mark = f"Cell {number}", None
            if is_answer:
                mark = marks.pop(name)
                title = title_of(notebook, name) or title
            found.append(
                Shown(
                    name if mark else f"cell-{number}",
                    title,
                    "code" if known.kind == "code" else "words",
                    content,
                    below,
                    not notebook.is_given(known) and bool(mark or known.source.strip() or below),
                    nothing_in(known, notebook.stubs.get(name) if mark else None),
                    mark,
                )
            )
        if test is not None:
            left.remove(test)
            found.append(test)
    if room < 0:
        content, word = "<p>(The rest of the notebook is too long to be shown.)</p>", "It is too long to be shown."
        found.append(Shown("rest", "The rest", "words", content, (), True, word))
    found += left
    # A person can only grade and comment what is there.
    for name, lost in marks.items():
        if lost.get("solution") or lost.get("task"):
            where = "is not in what was handed in" if submission else "could not be read"
            content, word = f"<p>(The cell {html.escape(name)} {where}.)</p>", "It is not in what you handed in."
            title = title_of(notebook, name)
            found.append(Shown(name, title, "words", content, (), submission is not None, word, lost))
    return found


def title_of(notebook, name):
    """Return what a person calls a cell that is answered; an empty text for any other one."""
    judge = notebook.judged_by.get(name)
    heading, alone = notebook.headings.get(judge), [*notebook.judged_by.values()].count(judge) == 1
    return (heading if alone else f"{heading} ({name})") if heading else name if judge else ""


def nothing_in(cell, stub):
    """Return what to say of a cell of a student in which nothing was written, else an empty text."""
    if stub and cell.source == stub[1]:
        return "You left it as it was given."
    return "" if cell.source.strip() else "You left it empty."


def as_shown(known, cell, made, pictures, most):
    """Return a cell with nothing in it that a browser would run or fetch, and what is below it.

    Of one that is shown in short there are only its first characters.
    """
    if known.kind == "code":
        return text(known.source, most), tuple(outputs(made, pictures)) if most == TEXT else ()
    try:
        as_it_is = known.kind == "raw" or most != TEXT
        made = "" if as_it_is else words(known.source, pictures, cell.get("attachments"))
    except Exception:  # noqa: BLE001 - what makes HTML of Markdown may stumble
        made = ""
    return made or f"<pre>{html.escape(text(known.source, most))}</pre>", ()


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
        return {"output_type": "error", "ename": "Error", "evalue": output.text, "traceback": [output.text]}
    shown = as_it_is(output.text) if output.kind == "words" else output.text
    data = {"text/plain" if output.kind == "value" else "text/html": shown}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def as_it_is(made):
    """Return HTML that nbconvert copies into a page as it is: Markdown leaves HTML alone up to the first empty line.

    MathJax leaves alone what has that class, as the formulas are there already; what it looks for is not there either.
    """
    made = made.replace("$", "&#36;").replace("\\", "&#92;")
    lines = "\n".join(line if line.strip() else "<span></span>" for line in made.splitlines())
    return f'<div class="tex2jax_ignore mathjax_ignore">{lines}</div>'


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
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": as_it_is(made)}


def cell_id(name):
    """Return a name that Jupyter takes for a cell: nbgrader's may be longer."""
    return name if len(name) <= 64 else f"{name[:40]}-{hashed([name])}"


# --------------------------------------------------------------------- for the student

CODE = HtmlFormatter(nowrap=True)
WIDE = 'class="wide" tabindex="0" role="group" aria-label='  # whoever has no mouse can move it, too
ON_A_PAGE = (
    ("(</?)h[1-6]>", r"\1h4>"),  # below the cell's own heading
    ("<table>", f'<div {WIDE}"table"><table>'),
    ("</table>", "</table></div>"),
    ('(<math display="block">.*?</math>)', rf'<span {WIDE}"formula">\1</span>'),
)
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= {
    "number": lambda value: f"{value:.12g}",
    "points": lambda value: f"{value:.12g} {'point' if value == 1 else 'points'}",
    "coloured": lambda code: Markup(highlight(code, PythonLexer(stripnl=False), CODE)),
    "words": lambda made: Markup(functools.reduce(lambda made, one: re.sub(*one, made), ON_A_PAGE, made)),
    "with_code": lambda said: Markup(re.sub("`([^`\n]+)`", r"<code>\1</code>", str(escape(said)))),
}
START = '<section class="cell'  # of each cell: nothing that a student wrote has a < of its own


@functools.cache
def template(name):
    return TEMPLATES.get_template(name)


def own_cells(shown):
    """Return the HTML of a student's own cells: what of the page does not change until the next grading."""
    made, room = [], LARGEST - FRAME
    for one in shown:
        if isinstance(one, Shown) and one.is_own:
            cell = template("cell.html").render(cell=one)
            room -= len(cell.encode("utf-8", "replace"))
            if room < 0:
                made.append("<p>(The rest is too long to be shown.)</p>")
                break
            made.append(cell)
    return "\n".join(made)


RIGHT, PARTLY, NOT_YET, EMPTY, WAITS = "right", "partly right", "not yet", "no answer", "not graded yet"
SIGNS = {RIGHT: "✓", PARTLY: "◐", WAITS: "…"}


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
    said : str
        What the test said, up to the first label.
    labelled : tuple of (str, str)
        What it said below a label: what was expected, what came, a hint.
    cells : dict of str to str
        What the student's cells are called, by their places on the page.
    is_empty : bool
        Nothing is written in any of them.
    comments : tuple of str
        A person's, as HTML.
    by_hand : str
        What a person gave.
    """

    title: str
    points: float | None
    most: float
    waits: bool = False
    said: str = ""
    labelled: tuple = ()
    cells: dict = field(default_factory=dict)
    is_empty: bool = False
    comments: tuple = ()
    by_hand: str = ""

    @property
    def word(self):
        if self.waits or self.points is None:
            return WAITS
        if self.points >= self.most:
            return RIGHT
        return PARTLY if self.points > 0 else EMPTY if self.is_empty else NOT_YET

    @property
    def sign(self):
        return SIGNS.get(self.word, "✗")


# What happened, and what a student can do about it.
STATES = {
    GRADED: ("", ""),
    TIMED_OUT: (
        "Timed out: your code ran too long and was stopped.",
        "Look for a loop that never ends. All that was run before is graded.",
    ),
    CRASHED: (
        "Crashed: your code ended the notebook.",
        "Take out what does so, such as exit(), quit() or os._exit(), or what needs more memory than there is. All else "
        "is graded.",
    ),
    MALFORMED: (
        "Malformed: your file could not be read.",
        "Open the notebook in Jupyter, save it, and submit it again.",
    ),
    MISSING: ("Missing: there was no notebook to grade.", "Submit it again."),
    FAILED: (
        "Failed: this could not be graded.",
        "Your teacher has been told, and looks at it. There is nothing that you have to do.",
    ),
}


@dataclass(frozen=True)
class About:
    """What a page says besides the student's cells.

    Attributes
    ----------
    title, student, status : str
    notes : str
        What happened.
    lines : tuple of Line
    penalty : float
        What is taken off for being late.
    others : dict of str to str
        What the student's cells are called that no exercise has, by their places on the page.
    comments : tuple of (str, str)
        What a person said of cells that no exercise has: their names and the comments, as HTML.
    """

    title: str
    student: str
    status: str
    notes: str
    lines: tuple
    penalty: float = 0.0
    others: dict = field(default_factory=dict)
    comments: tuple = ()

    @property
    def state(self):
        """What happened, and what to do about it."""
        what, todo = STATES[self.status]
        return what, "Your teacher has graded it." if self.status == FAILED and not self.waits else todo

    @property
    def most(self):
        return sum(line.most for line in self.lines)

    @property
    def score(self):
        """The points that count, None where nobody has given any."""
        points = [line.points for line in self.lines if line.points is not None]
        return max(0.0, sum(points) - self.penalty) if points or not self.lines else None

    @property
    def waits(self):
        return sum(line.word == WAITS for line in self.lines)


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
    there = re.findall(f'{START}( empty)?" id="([^"]*)">\n<h3>(.*?)</h3>', cells)
    named = {place: html.unescape(title) for _, place, title in there}
    written = {place for empty, place, _ in there if not empty}
    comments = {name: words(mark["comment"], Pictures()) for name, mark in marks.items() if mark.get("comment")}
    answered, lines = {}, []
    for cell, judge in notebook.judged_by.items():
        answered.setdefault(judge, []).append(cell)
    for cell in notebook.cells:
        if cell.is_graded and "most" in marks.get(cell.grade_id, ()):
            key, mark = notebook.key(cell.grade_id), marks[cell.grade_id]
            score = mark["auto"] if mark["manual"] is None else mark["manual"]
            extra, own = mark["extra"] or 0.0, answered.get(cell.grade_id, ())
            places = {place: named.pop(place) for name in own if (place := f"your-{name}") in named}
            lines.append(
                Line(
                    notebook.headings.get(cell.grade_id) or titles[key],
                    None if score is None and not extra else (score or 0.0) + extra,
                    mark["most"],
                    bool(mark["waits"]),
                    *labelled(result.messages.get(key, "")),
                    places,
                    bool(places) and written.isdisjoint(places),
                    tuple(comments.pop(name) for name in dict.fromkeys([*own, cell.grade_id]) if name in comments),
                    by_hand(mark),
                )
            )
    status, notes = result.notes.get(notebook.name, (result.status, ""))
    student, left = text(result.student_id), tuple(comments.items())
    return About(notebook.title, student, status, text(notes), tuple(lines), penalty, named, left)


def labelled(message):
    """Return what a check said, up to the first label, and the labels with what stands below them."""
    before, found = [], []
    for line in text(message).splitlines():
        label, colon, rest = line.partition(":")
        if colon and label in LABELS:
            found.append([label, rest.strip()])
        elif found:
            found[-1][1] += f"\n{line}"
        else:
            before.append(line)
    return "\n".join(before), tuple(map(tuple, found))


def by_hand(mark):
    """Return what a person gave, of what the gradebook says of a cell."""
    points = TEMPLATES.filters["points"]
    given = [] if mark["manual"] is None else [points(mark["manual"])]
    extra = [f"{points(mark['extra'])} of extra credit"] if mark["extra"] else []
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
