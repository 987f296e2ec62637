"""Turns any bytes into a submission: the cells of a student's notebook, in order, or a reason why there are none.

Nothing here runs or compiles a student's code. Reading is as forgiving as it
can be, because honest notebooks arrive in many states.
"""

import codecs
import json
import re
from dataclasses import dataclass, field

import nbformat
from nbformat.converter import convert

LARGEST = 50 << 20  # bytes; pictures make a notebook large, and more than this is no notebook
LONGEST = 1 << 20  # characters of one cell
MOST = 10_000  # cells


class Rejected(ValueError):
    """The bytes are no notebook; the message says why, and what to do."""


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook.

    Attributes
    ----------
    kind : str
        ``code``, ``markdown`` or ``raw``.
    source : str
    grade_id : str
        The name that nbgrader knows it by, or an empty text.
    cell_id : str
        The name that Jupyter gave it, or an empty text.
    """

    kind: str
    source: str
    grade_id: str = ""
    cell_id: str = field(default="", compare=False)  # reading an old format makes new ones


@dataclass(frozen=True)
class Submission:
    """What a student handed in.

    Attributes
    ----------
    cells : tuple of Cell
    notebook : dict
        All of it, in the form of nbformat 4.
    """

    cells: tuple
    notebook: dict


def read(data):
    """Read a notebook from the bytes of a file.

    Raises
    ------
    Rejected
        If there is no notebook in it.
    """
    if len(data) > LARGEST:
        raise Rejected(f"the file has {len(data) >> 20} MB, and {LARGEST >> 20} MB are allowed: clear the outputs")
    text = as_text(data).strip("\ufeff\0 \t\r\n")
    if not text:
        raise Rejected("the file is empty: the upload may have failed")
    if re.match(r"<(!doctype|html|\?xml|head|body|script)\b", text[:100], re.IGNORECASE):
        raise Rejected("the file is a web page that was saved under a notebook's name: download the notebook itself")
    try:
        content = json.JSONDecoder(strict=False).raw_decode(text)[0]
        if re.search(r"\\u[dD][89a-fA-F]", text):
            content = in_whole_characters(content)
    except RecursionError:
        raise Rejected("the file is nested too deeply to be a notebook") from None
    except ValueError:
        raise Rejected("the file is not JSON to its end: the upload may have been cut off") from None
    try:
        notebook = as_format_4(content)
        if not isinstance(notebook["cells"], list):
            raise TypeError("the cells are no list")
        cells = tuple(as_cell(cell) for cell in notebook["cells"] if isinstance(cell, dict))
    except Exception:  # nbformat raises whatever the file provokes
        raise Rejected("the file is JSON, but not a notebook with cells") from None
    if len(cells) > MOST:
        raise Rejected(f"the notebook has {len(cells)} cells, and {MOST} are allowed")
    return Submission(cells, notebook)


def as_text(data):
    """Decode bytes by their byte order mark, as UTF-8, or else as Latin-1, which decodes anything."""
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if data[:1] == b"{" and data[1:2] == b"\0" or data[:2] == b"\0{":
        return data.decode("utf-16-le" if data[:1] == b"{" else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def in_whole_characters(content):
    """Replace halves of characters, which JSON can spell and no file can hold: an emoji that was cut in two is some."""
    return json.loads(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))


def as_format_4(content):
    """Return a notebook in the form of nbformat 4, by what is in it: its version may be lost or wrong."""
    notebook = nbformat.from_dict(content)
    if "cells" in notebook:
        return notebook
    if notebook.get("nbformat") not in (2, 3):
        notebook.nbformat = 3
    return convert(notebook, 4)


def as_cell(cell):
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    cell_id = cell.get("id")
    return Cell(
        str(cell.get("cell_type", "code")),
        source[:LONGEST] if isinstance(source, str) else "",
        grade_id if isinstance(grade_id, str) else "",
        cell_id if isinstance(cell_id, str) else "",
    )
