"""The lines of an answer that a student typed: few, short, and with nothing in them that was not meant as code.

They are stored with a failure, and one of them may be shown to a whole class as an example of a mistake. So
comments and texts of several lines are taken out, and of a text between quotation marks that is more than a name or
two only its quotation marks stay: that is where people sign. Lines that were given, or that the course's own
solution has too, are no example of anything.
"""

import functools
import re

from grading.master import hashed
from grading.master_notebook import MasterNotebook
from grading.result import shortened
from grading.submission import Submission

LINES, WIDTH = 20, 160  # of one answer, and characters of a line
MOST = 20_000  # characters of a cell that are looked at
TEXT = 20  # characters between quotation marks that may be shown
# A comment, a text of several lines, one between quotation marks: whichever begins first, in one walk, so that none can open or
# close another. Each ends somewhere, at the latest with its line or with all, so that nothing is read twice.
WORDS = re.compile(
    r"""(?P<comment>\#.*)
    |(?P<block>\"\"\"|''')(?s:\\?.)*?(?:(?P=block)|\Z)
    |(?P<mark>["'])(?P<text>(?:\\(?s:.)|(?!(?P=mark))[^\\\n])*)(?:(?P=mark)|\\?$)""",
    re.MULTILINE | re.VERBOSE,
)


def typed_in(notebook: MasterNotebook, submission: Submission) -> dict[str, tuple[str, ...]]:
    """Return what a student typed into the cells that a graded cell judges.

    Parameters
    ----------
    notebook : grading.master_notebook.MasterNotebook
    submission : grading.submission.Submission

    Returns
    -------
    dict of str to tuple of str
        Up to `LINES` different lines, by the grade id of the graded cell.
    """
    own = {cell.grade_id: cell.source for cell in notebook.code if cell.is_solution}
    found: dict[str, dict[str, None]] = {}
    for name, cell in notebook.solved(submission.cells).items():
        if cell.kind == "code" and name in notebook.judged_by:
            given = authored_lines(notebook.stubs[name][1]) | authored_lines(own.get(name, ""))
            lines = dict.fromkeys(line for line in lines_of(cell.source) if normalized_line(line) not in given)
            found.setdefault(notebook.judged_by[name], {}).update(lines)
    return {judge: tuple(lines)[:LINES] for judge, lines in found.items()}


@functools.lru_cache(1000)
def authored_lines(source: str) -> frozenset[str]:
    """Return what `normalized_line` makes of the lines of a cell of the course's own, which is the same for the whole class."""
    return frozenset(map(normalized_line, lines_of(source)))


def lines_of(source: str) -> list[str]:
    """Return the lines of a program without comments, long texts, indentation and layout; it may be no Python."""
    lines = WORDS.sub(without_words, re.sub("\r\n?", "\n", source[:MOST])).splitlines()
    short = (shortened(line, WIDTH) for line in lines)
    return [line for line in short if re.search(r"\w", line)]


def normalized_line(line: str) -> str:
    """Return what is the same of two lines that differ in their blanks and the kind of their quotation marks."""
    return re.sub(r"\s+", "", line).replace('"', "'")


def mark(line: str) -> str:
    """Return what is kept of a line in a right answer: enough to know it again, and not to read it."""
    return hashed([normalized_line(line)])[:8]


def without_words(found: re.Match[str]) -> str:
    """Return a text between quotation marks as it may be shown; nothing of a comment, or of a text of several lines."""
    if found["comment"]:
        return ""
    if found["block"]:
        return '"…"'
    is_short = len(found["text"]) <= TEXT and len(found["text"].split()) <= 2 and "\n" not in found["text"]
    return found[0] if is_short else f"{found['mark']}…{found['mark']}"
