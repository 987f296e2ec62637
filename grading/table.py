"""The table of grades: as the file grades/ASSIGNMENT.csv, and as a person reads it in a terminal."""

import csv
import io
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from grading import terminal
from grading.result import Standing, escaped, no_formula, one_line

MESSAGE_WIDTH = 40  # characters of a line of a message, at the least
COLUMNS = "student_id", "assignment", "score", "max_score", "status", "late_penalty", "needs_manual", "message"

Titles = Mapping[str, str]  # of the exercises, by their keys


def columns(exercises: Titles) -> list[str]:
    """Return the first row of the file: its columns, with one for each exercise before the message."""
    titles = [f"{name} points" if title in COLUMNS else title for name, title in exercises.items()]
    return [*COLUMNS[:-1], *map(escaped, titles), COLUMNS[-1]]


def row(one: Standing, exercises: Titles) -> list[str]:
    """Return a student's row of the file."""
    return [
        escaped(one.student_id),
        escaped(one.assignment),
        number(one.score),
        number(one.max_score),
        one.status,
        number(one.late_penalty),
        str(one.needs_manual),
        *(number(one.scores.get(name, 0)) for name in exercises),
        one_line(one.message),
    ]


def number(value: float | None) -> str:
    """Return a number as short as it can be told without rounding what a person entered; nothing where there is none."""
    return "" if value is None else f"{value:.12g}"


def as_csv(cells: Sequence[str]) -> str:
    """Return a row as a line of the file, in which a spreadsheet finds text and numbers."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return f"{no_formula(line.getvalue())}\n"


def print_table(title: str, standings: Sequence[Standing], exercises: Titles) -> None:
    """Print some students as a table.

    Where the messages would be squeezed, they stand below it. Exercises that would not fit are left out.
    """
    width = terminal.console.width
    heads, lines = cells_of(standings, exercises)
    if width_of(heads, lines) > width and exercises:
        heads, lines = cells_of(standings, {})
        terminal.say(
            f"The points of the {len(exercises)} parts do not fit here; they are in the table that is written."
        )
    is_beside = width - width_of(heads, lines) >= MESSAGE_WIDTH
    table = Table(title=Text(one_line(title), "table.title"))
    for head in heads:
        table.add_column(Text(head), justify="left" if head in ("student", "status") else "right", no_wrap=True)
    if is_beside:
        table.add_column("message", ratio=1)
    for line, one in zip(lines, standings):
        table.add_row(*map(Text, [*line, one_line(one.message)] if is_beside else line))
    terminal.console.print(table)
    for (student, *_), one in zip(lines, standings) if not is_beside else ():
        terminal.console.print(Text.assemble((student, "bold"), f": {one_line(one.message)}"))


def cells_of(standings: Sequence[Standing], exercises: Titles) -> tuple[list[str], list[list[str]]]:
    """Return the heads of the columns that a terminal shows, and a line for each student, both without the message."""
    lines = [
        [
            escaped(one.student_id),
            f"{points(one.score)}/{one.max_score:g}",
            *(points(one.scores.get(name, 0)) for name in exercises),
            one.status,
        ]
        for one in standings
    ]
    return ["student", "score", *map(escaped, exercises.values()), "status"], lines


def width_of(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> int:
    """Return how many characters wide a table is, with its borders."""
    return sum(max(map(len, column)) + 3 for column in zip(heads, *lines))


def points(value: float | None) -> str:
    """Return points as a person reads them in a table."""
    return "–" if value is None else f"{value:g}"
