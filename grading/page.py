"""The page that a student reads: what came of each exercise, what a person said of it, and the student's own cells."""

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypedDict

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup, escape
from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

from grading.harmless import Pictures, harmless_text
from grading.markdown import markdown_as_html
from grading.master_notebook import MasterNotebook
from grading.result import Failure, Result, Status
from grading.shown import Shown, ShownCell, anchor_of

MAX_PAGE = 10 << 20  # bytes
PAGE_FRAME = 1 << 20  # bytes of it for what is not a student's cell
CODE_FORMATTER = HtmlFormatter(nowrap=True)
SCROLLABLE = 'class="wide" tabindex="0" role="group" aria-label='  # whoever has no mouse can move it, too
ON_A_PAGE = (
    ("(</?)h[1-6]>", r"\1h4>"),  # below the cell's own heading
    ("<table>", f'<div {SCROLLABLE}"table"><table>'),
    ("</table>", "</table></div>"),
    ('(<math display="block">.*?</math>)', rf'<span {SCROLLABLE}"formula">\1</span>'),
)
RIGHT, PARTLY, NOT_YET, EMPTY, WAITS = "right", "partly right", "not yet", "no answer", "not graded yet"
SIGNS = {RIGHT: "✓", PARTLY: "◐", WAITS: "…"}
# What happened, and what a student can do about it.
STATUS_SENTENCES = {
    Status.GRADED: ("", ""),
    Status.TIMED_OUT: (
        "Timed out: your code ran too long and was stopped.",
        "Look for a loop that never ends. All that was run before is graded.",
    ),
    Status.CRASHED: (
        "Crashed: your code ended the notebook.",
        "Take out what does so, such as exit(), quit() or os._exit(), or what needs more memory than there is. All else "
        "is graded.",
    ),
    Status.MALFORMED: (
        "Malformed: your file could not be read.",
        "Open the notebook in Jupyter, save it, and submit it again.",
    ),
    Status.MISSING: ("Missing: there was no notebook to grade.", "Submit it again."),
    Status.FAILED: (
        "Failed: this could not be graded.",
        "Your teacher has been told, and looks at it. There is nothing that you have to do.",
    ),
}


# --------------------------------------------------------------------------- templates


def points_in_words(value: float) -> str:
    """Return a number of points with its word."""
    return f"{value:.12g} {'point' if value == 1 else 'points'}"


def coloured(code: str) -> Markup:
    """Return the HTML of some code, in colours."""
    return Markup(highlight(code, PythonLexer(stripnl=False), CODE_FORMATTER))


def fitted(made: str) -> Markup:
    """Return the HTML of words as it fits into the page: below its headings, and no wider than it."""
    for pattern, replacement in ON_A_PAGE:
        made = re.sub(pattern, replacement, made)
    return Markup(made)


def with_code(text: str) -> Markup:
    """Return the HTML of a sentence in which code stands between backticks."""
    return Markup(re.sub("`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))


FILTERS: dict[str, Callable[..., str]] = {
    "number": lambda value: f"{value:.12g}",
    "points": points_in_words,
    "coloured": coloured,
    "words": fitted,
    "with_code": with_code,
}


def load_template(name: str, filters: Mapping[str, Callable[..., str]]) -> Template:
    """Return a template, which escapes all that is put into it, with the filters that it uses."""
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= filters
    return environment.get_template(name)


@functools.cache
def template(name: str) -> Template:
    """Return a template of the page, which is read once."""
    return load_template(name, FILTERS)


# ------------------------------------------------------------------ the student's cells


class PageCell(NamedTuple):
    """A student's own cell on the page: the HTML of it, and what links to it. ``place`` is empty where nothing does."""

    made: str
    place: str = ""
    title: str = ""
    is_empty: bool = False


def page_cells(shown: Shown) -> list[PageCell]:
    """Return a student's own cells: what of the page does not change until the next grading."""
    cells, room = [], MAX_PAGE - PAGE_FRAME
    for one in shown:
        if isinstance(one, ShownCell) and one.is_own:
            made = template("cell.html").render(cell=one)
            room -= len(made.encode("utf-8", "replace"))
            if room < 0:
                cells.append(PageCell("<p>(The rest is too long to be shown.)</p>"))
                break
            cells.append(PageCell(made, one.anchor, one.title, bool(one.word)))
    return cells


def cells_as_json(cells: Iterable[PageCell]) -> str:
    """Return cells as text that is kept until the page is made."""
    return json.dumps([cell._asdict() for cell in cells], ensure_ascii=False)


def cells_from_json(text: bytes) -> list[PageCell]:
    """Read what `cells_as_json` wrote."""
    return [PageCell(**cell) for cell in json.loads(text)]


# ----------------------------------------------------------------------- the exercises


class GradebookEntry(TypedDict, total=False):
    """What the gradebook says of a cell: points, whether it waits for a person, and what that one said."""

    auto: float | None
    manual: float | None
    extra: float | None
    most: float
    waits: bool
    comment: str | None


@dataclass(frozen=True)
class Exercise:
    """One exercise on the page.

    Attributes
    ----------
    title : str
    points : float or None
        None where nobody has given any.
    max_points : float
    waits : bool
        For a person.
    message : str
        What the test said; where it said it in parts, the call that went wrong.
    details : tuple of (str, str)
        The parts, each with its label: what was expected, what came, a hint.
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
    max_points: float
    waits: bool = False
    message: str = ""
    details: tuple[tuple[str, str], ...] = ()
    cells: dict[str, str] = field(default_factory=dict)
    is_empty: bool = False
    comments: tuple[str, ...] = ()
    by_hand: str = ""

    @property
    def word(self) -> str:
        if self.waits or self.points is None:
            return WAITS
        if self.points >= self.max_points:
            return RIGHT
        return PARTLY if self.points > 0 else EMPTY if self.is_empty else NOT_YET

    @property
    def sign(self) -> str:
        return SIGNS.get(self.word, "✗")


@dataclass(frozen=True)
class FeedbackData:
    """What a page says besides the student's cells.

    Attributes
    ----------
    title, student : str
    status : Status
    notes : str
        What happened.
    exercises : tuple of Exercise
    penalty : float
        What is taken off for being late.
    others : dict of str to str
        What the student's cells are called that no exercise has, by their places on the page.
    comments : tuple of (str, str)
        What a person said of cells that no exercise has: their names and the comments, as HTML.
    """

    title: str
    student: str
    status: Status
    notes: str
    exercises: tuple[Exercise, ...]
    penalty: float = 0.0
    others: dict[str, str] = field(default_factory=dict)
    comments: tuple[tuple[str, str], ...] = ()

    @property
    def state(self) -> tuple[str, str]:
        """What happened, and what to do about it."""
        what, todo = STATUS_SENTENCES[self.status]
        return what, "Your teacher has graded it." if self.status == Status.FAILED and not self.waiting else todo

    @property
    def max_points(self) -> float:
        return sum(exercise.max_points for exercise in self.exercises)

    @property
    def score(self) -> float | None:
        """The points that count, None where nobody has given any."""
        points = [exercise.points for exercise in self.exercises if exercise.points is not None]
        return max(0.0, sum(points) - self.penalty) if points or not self.exercises else None

    @property
    def waiting(self) -> int:
        """How many exercises wait for a person."""
        return sum(exercise.word == WAITS for exercise in self.exercises)


def feedback_data(
    notebook: MasterNotebook,
    titles: Mapping[str, str],
    result: Result,
    cells: Iterable[PageCell],
    entries: Mapping[str, GradebookEntry],
    penalty: float,
) -> FeedbackData:
    """Return what a page says besides the student's cells.

    Parameters
    ----------
    notebook : grading.master_notebook.MasterNotebook
    titles : dict of str to str
        What a person calls each graded cell, by its key.
    result : grading.result.Result
    cells : iterable of PageCell
    entries : dict of str to GradebookEntry
        What the gradebook says of each cell, by its grade id.
    penalty : float
    """
    on_page = {cell.place: cell for cell in cells if cell.place}
    comments = comments_in(entries)
    exercises: list[Exercise] = []
    commented: set[str] = set()
    linked: set[str] = set()
    for cell in notebook.cells:
        entry = entries.get(cell.grade_id, GradebookEntry())
        if cell.is_graded and "most" in entry:
            key, answers = notebook.key(cell.grade_id), answers_of(notebook, cell.grade_id)
            names = [name for name in dict.fromkeys([*answers, cell.grade_id]) if name in comments]
            places = {place: on_page[place] for name in answers if (place := anchor_of(name)) in on_page}
            title = notebook.headings.get(cell.grade_id) or titles[key]
            said = result.messages.get(key, ""), result.failures.get(key, Failure())
            exercises.append(exercise_of(title, entry, *said, places, tuple(comments[name] for name in names)))
            commented.update(names)
            linked.update(places)
    status, notes = result.notes.get(notebook.name, (result.status, ""))
    return FeedbackData(
        notebook.title,
        harmless_text(result.student_id),
        Status(status),
        harmless_text(notes),
        tuple(exercises),
        penalty,
        {place: cell.title for place, cell in on_page.items() if place not in linked},
        tuple((name, comment) for name, comment in comments.items() if name not in commented),
    )


def comments_in(entries: Mapping[str, GradebookEntry]) -> dict[str, str]:
    """Return a person's comments as HTML, by the grade ids of the cells."""
    found = {name: entry.get("comment") for name, entry in entries.items()}
    return {name: markdown_as_html(comment, Pictures()) for name, comment in found.items() if comment}


def answers_of(notebook: MasterNotebook, grade_id: str) -> list[str]:
    """Return the grade ids of the solution cells that a graded cell judges."""
    return [cell for cell, judge in notebook.judged_by.items() if judge == grade_id]


def exercise_of(
    title: str,
    entry: GradebookEntry,
    message: str,
    failure: Failure,
    cells: Mapping[str, PageCell],
    comments: tuple[str, ...],
) -> Exercise:
    """Return what the page says of one graded cell."""
    score = entry["auto"] if entry["manual"] is None else entry["manual"]
    extra = entry["extra"] or 0.0
    return Exercise(
        title,
        None if score is None and not extra else (score or 0.0) + extra,
        entry["most"],
        bool(entry["waits"]),
        harmless_text(failure.call if failure.details else message),
        tuple((label, harmless_text(text)) for label, text in failure.details),
        {place: cell.title for place, cell in cells.items()},
        bool(cells) and all(cell.is_empty for cell in cells.values()),
        comments,
        given_by_hand(entry),
    )


def given_by_hand(entry: GradebookEntry) -> str:
    """Return what a person gave, of what the gradebook says of a cell."""
    given = [] if entry["manual"] is None else [points_in_words(entry["manual"])]
    extra = [f"{points_in_words(entry['extra'])} of extra credit"] if entry["extra"] else []
    return " and ".join(given + extra)


def feedback_page(feedback: FeedbackData, cells: Iterable[PageCell]) -> str:
    """Return the page that a student reads.

    Parameters
    ----------
    feedback : FeedbackData
    cells : iterable of PageCell
    """
    return template("feedback.html").render(feedback=feedback, cells=Markup("\n".join(cell.made for cell in cells)))
