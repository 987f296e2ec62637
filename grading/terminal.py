"""What a command says to a person: sentences, a progress bar, paths as short as they can be told."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from grading.result import one_line

LOG_WIDTH = 120  # a log has no width of its own, and 80 columns squeeze the messages

console = Console()
if not console.is_terminal:
    console.width = LOG_WIDTH


def say(text: str, style: str | None = None) -> None:
    """Print a sentence as the text that it is, whoever wrote its parts."""
    console.print(one_line(text), style=style, markup=False, emoji=False)


def stop(text: str) -> NoReturn:
    """End with a sentence of what is wrong."""
    sys.exit(one_line(text))


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[tuple[Progress, TaskID]]:
    """Show a progress bar: what is done, how fast, the time that is left, and the states."""
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[states]}"),
    ]
    with Progress(*columns, console=console) as bar:
        yield bar, bar.add_task(what, total=total, states="", rate="")


def relative(path: Path) -> str:
    """Return a path as a person in this folder writes it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
