"""What is shown of a submission, cell by cell: all that the student did, with nothing in it that a browser would run or fetch."""

import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from grading.harmless import MAX_TEXT, Pictures, harmless_text
from grading.markdown import markdown_as_html
from grading.master_cells import Test
from grading.master_notebook import MasterNotebook
from grading.outputs import Output, harmless_outputs
from grading.submission import Cell, Submission

# Characters of all cells and outputs that are shown; what colours code takes a second for `MAX_TEXT`.
MAX_SHOWN = 400_000
MAX_SHORTENED = 2_000  # characters of an answer for which there is no room any more


@dataclass(frozen=True)
class ShownCell:
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
    outputs : tuple of grading.outputs.Output
    is_own : bool
        The student wrote it, or has changed it, or should have.
    word : str
        What there is to say in place of it where nothing was written.
    marks : dict or None
        What nbgrader has written on it.
    """

    name: str
    title: str
    kind: str
    content: str
    outputs: tuple[Output, ...] = ()
    is_own: bool = False
    word: str = ""
    marks: dict[str, Any] | None = None

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return anchor_of(self.name) if self.marks else self.name


Shown: TypeAlias = list[ShownCell | Test]


def shown_cells(
    notebook: MasterNotebook,
    submission: Submission | None,
    program_outputs: Mapping[str, object] | None = None,
    files: dict[str, bytes] | None = None,
) -> Shown:
    """Return what is shown of a notebook's cells, less the tests.

    Parameters
    ----------
    notebook : grading.master_notebook.MasterNotebook
    submission : grading.submission.Submission or None
        None where there was nothing to read.
    program_outputs : dict of str to list, optional
        What each program that a person grades printed and drew, by its grade id.
    files : dict of str to bytes, optional
        What lies beside the notebook, by its path: the pictures among it that a text shows.

    Returns
    -------
    list of (ShownCell or grading.master_cells.Test)
        A test stands where it was handed in. The solution cells that are not there are at the end, with a sentence.
    """
    cells = submission.cells if submission else ()
    raw = [cell for cell in (submission.notebook["cells"] if submission else ()) if isinstance(cell, dict)]
    walk = Walk(notebook, cells, program_outputs or {}, Pictures(files or {}))
    for number, (cell, raw_cell) in enumerate(zip(cells, raw), 1):
        walk.add(number, cell, raw_cell)
    return [*walk.shown, *walk.left_out(), *walk.tests_left, *walk.missing(submission is not None)]


class Walk:
    """A walk through a submission's cells, which takes note of what is shown and of what was not met.

    Parameters
    ----------
    notebook : grading.master_notebook.MasterNotebook
    cells : sequence of grading.submission.Cell
    program_outputs : dict of str to list
        As in `shown_cells`.
    pictures : grading.harmless.Pictures
    """

    def __init__(
        self,
        notebook: MasterNotebook,
        cells: Iterable[Cell],
        program_outputs: Mapping[str, object],
        pictures: Pictures,
    ) -> None:
        self.notebook, self.program_outputs, self.pictures = notebook, program_outputs, pictures
        self.answers = {name: id(cell) for name, cell in notebook.solved(cells).items()}
        self.programs = {answer.grade_id for answer in notebook.answers if answer.kind == "code"}
        self.tests_left = [*notebook.tests]
        tested = {test.grade_id for test in self.tests_left}
        self.marks_left = {name: marks for name, marks in notebook.marks.items() if name not in tested}
        self.room = MAX_SHOWN
        self.shown: Shown = []

    def add(self, number: int, cell: Cell, raw: dict[str, Any]) -> None:
        """Show a cell, unless it is one too many."""
        test = self.notebook.test_at(cell) if cell.kind == "code" else None
        name = self.notebook.name_of(cell)
        is_answer = self.answers.get(name, id(cell)) == id(cell) and name in self.marks_left
        if test is not None and test not in self.tests_left or self.room < 0 and test is None and not is_answer:
            return
        # A test with an answer in it was run, and a person wants to see that.
        if test is None or self.notebook.answers_in(cell):
            self.shown.append(self.shown_cell(number, cell, raw, name if is_answer else ""))
        if test is not None:
            self.tests_left.remove(test)
            self.shown.append(test)

    def shown_cell(self, number: int, cell: Cell, raw: dict[str, Any], answer: str) -> ShownCell:
        """Return a cell as it is shown, and take its room; ``answer`` is its grade id where it is one."""
        made = self.program_outputs.get(answer, []) if answer in self.programs else raw.get("outputs")
        before, most = self.pictures.characters, MAX_TEXT if self.room >= 0 else MAX_SHORTENED
        content, outputs = content_and_outputs(cell, raw, made, self.pictures, most)
        drawn = before - self.pictures.characters  # pictures have a room of their own
        self.room -= len(content) + sum(len(output.text) for output in outputs) - drawn + 100
        return ShownCell(
            answer or f"cell-{number}",
            answer and title_of(self.notebook, answer) or f"Cell {number}",
            "code" if cell.kind == "code" else "words",
            content,
            outputs,
            not self.notebook.is_as_released(cell) and bool(answer or cell.source.strip() or outputs),
            nothing_in(cell, self.notebook.stubs.get(answer)),
            self.marks_left.pop(answer, None),
        )

    def left_out(self) -> Iterator[ShownCell]:
        """Yield what stands for the cells that are one too many."""
        if self.room < 0:
            content = "<p>(The rest of the notebook is too long to be shown.)</p>"
            yield ShownCell("rest", "The rest", "words", content, (), True, "It is too long to be shown.")

    def missing(self, was_read: bool) -> Iterator[ShownCell]:
        """Yield what stands for the answers that are not there: a person can only grade and comment what is."""
        for name, marks in self.marks_left.items():
            if marks.get("solution") or marks.get("task"):
                where = "is not in what was handed in" if was_read else "could not be read"
                content, word = f"<p>(The cell {html.escape(name)} {where}.)</p>", "It is not in what you handed in."
                yield ShownCell(name, title_of(self.notebook, name), "words", content, (), was_read, word, marks)


def title_of(notebook: MasterNotebook, name: str) -> str:
    """Return what a person calls a cell that is answered; an empty text for any other one."""
    judge = notebook.judged_by.get(name)
    if judge is None:
        return ""
    heading, is_alone = notebook.headings.get(judge), [*notebook.judged_by.values()].count(judge) == 1
    return (heading if is_alone else f"{heading} ({name})") if heading else name


def anchor_of(grade_id: str) -> str:
    """Return the place of an answer on the page. No grade id makes one of the page's own."""
    return f"your-{grade_id}"


def nothing_in(cell: Cell, stub: tuple[str, str] | None) -> str:
    """Return what to say of a cell of a student in which nothing was written, else an empty text."""
    if stub and cell.source == stub[1]:
        return "You left it as it was given."
    return "" if cell.source.strip() else "You left it empty."


def content_and_outputs(
    cell: Cell, raw: dict[str, Any], made: object, pictures: Pictures, most: int
) -> tuple[str, tuple[Output, ...]]:
    """Return a cell with nothing in it that a browser would run or fetch, and what is below it.

    Of one that is shown in short there are only its first characters.
    """
    is_whole = most == MAX_TEXT
    if cell.kind == "code":
        return harmless_text(cell.source, most), tuple(harmless_outputs(made, pictures)) if is_whole else ()
    content = ""
    try:
        if cell.kind != "raw" and is_whole:
            content = markdown_as_html(cell.source, pictures, raw.get("attachments"))
    except Exception:  # noqa: BLE001 - what makes HTML of Markdown may stumble
        pass
    return content or f"<pre>{html.escape(harmless_text(cell.source, most))}</pre>", ()
