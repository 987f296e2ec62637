"""Turns whatever lies in a student's folder into a submission: the cells of a notebook, in order, or a reason why there are none.

Nothing here runs or compiles a student's code. Reading is as forgiving as it
can be, because honest notebooks arrive in many states.
"""

import codecs
import errno
import hashlib
import itertools
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.converter import convert

from grading.result import SUBMIT_AGAIN, Submitted, printable

LARGEST = 50 << 20  # bytes; pictures make a notebook large, and more than this is no notebook
LONGEST = 1 << 20  # characters of one cell
MOST = 10_000  # cells
MOST_BESIDE, LARGEST_BESIDE = 200, 8 << 20  # files beside a student's notebooks, and their bytes
MOST_FILES, DEEPEST = 10_000, 100  # names in a folder that are looked at, and folders in each other
HIDDEN = {".ipynb_checkpoints", "__pycache__", ".git"}  # folders that nobody hands in on purpose
# What `nbgrader submit` puts beside a notebook. The gradebook keeps the time, and `nbgrader release_feedback` wants both.
TIME, SECRET = "timestamp.txt", "submission_secret.txt"
# What a submission's own folder can be the reason of. All else is this machine's trouble, and stops the command.
ITS_OWN = {errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR, errno.ENOENT, errno.ENXIO}


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


# ------------------------------------------------------------------ what lies there


@dataclass(frozen=True)
class Place:
    """Where a student's submission is expected.

    Attributes
    ----------
    student_id : str
    folder : pathlib.Path
        Named by the assignment.
    root : pathlib.Path
        What messages name the paths from.
    names : tuple of str
        Those of the assignment's notebooks.
    given : frozenset of str
        The paths of the files that the release gives: those of the student don't count.
    """

    student_id: str
    folder: Path
    root: Path
    names: tuple
    given: frozenset = frozenset()
    size = 0  # bytes that travel with it


def collect(place):
    """Return what was handed in at a place.

    A notebook should lie in its place under its name. Where there is one in the assignment, it may lie under another
    name or in a folder further down, if it is the only one there. A link is not followed.

    Parameters
    ----------
    place : Place

    Returns
    -------
    grading.result.Submitted
    """

    def named(path):
        return printable(os.path.relpath(os.fsdecode(path), place.root)).replace("\n", " ")

    try:
        notebooks, missing, files, remark = looked_for(place, named)
    except OSError as error:
        if error.errno not in ITS_OWN:
            raise
        why = f"{named(error.filename)} can't be read ({error.strerror}). {SUBMIT_AGAIN}"
        if isinstance(error, PermissionError):  # an archive keeps the modes that the student's files had
            why = f"{named(error.filename)} can't be read. Allow it with `chmod -R u+rwX`, and grade again."
        notebooks, missing, files, remark = nothing(place, why)
    paths = (place.folder / name for name in (TIME, SECRET))
    receipt = {path.name: short_text(path) for path in paths if os.path.lexists(path)}
    digest = hashlib.sha256()
    for text in (*missing.values(), remark, *receipt.values(), *notebooks, *files):
        digest.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    for content in (*notebooks.values(), *files.values()):
        digest.update(hashlib.sha256(content).digest())
    return Submitted(place.student_id, digest.hexdigest(), notebooks, missing, files, remark, receipt)


def nothing(place, why):
    return {}, dict.fromkeys(place.names, why), {}, ""


def looked_for(place, named):
    """Return the notebooks at a place, why others are missing, the files beside them, and a remark."""
    folder, wanted = place.folder, [f"{name}.ipynb" for name in place.names]
    for path in (folder.parent, folder):
        if path.is_symlink():
            where = "to another folder" if leads_somewhere(path) else "that leads nowhere"
            found = f"found a link {where}: {named(path)}"
            return nothing(place, f"Expected {', '.join(wanted)} in {folder.name}/, {found}. {SUBMIT_AGAIN}")
    if not folder.is_dir():
        beside = sorted(folder.parent.iterdir()) if folder.parent.is_dir() else []
        found = f"found beside it {in_short(beside, folder.parent)}" if beside else "found nothing"
        why = f"Expected {', '.join(wanted)} in {folder.name}/, {found}. Ask the student to submit it."
        return nothing(place, why)
    files, whole = files_in(folder)
    if not whole:  # the notebooks are looked for all the same
        files = [*dict.fromkeys([folder / name for name in wanted if (folder / name).is_file()] + files)]
    regular = [file for file in files if stat.S_ISREG(file.lstat().st_mode)]
    notebooks = [file for file in regular if file.suffix.lower() == ".ipynb"]
    found = {file.stem: file for file in notebooks if file.parent == folder and file.name in wanted}
    if not found and len(wanted) == len(notebooks) == 1:
        found = {place.names[0]: notebooks[0]}
    missing = {
        name: f"Expected {name}.ipynb in {folder.name}/, found {in_short(files, folder)}. {SUBMIT_AGAIN}"
        for name in place.names
        if name not in found
    }
    others = [file for file in notebooks if file not in found.values()]
    remarks = [f"Beside it lies {in_short(others, folder)}, which was not graded."] if others and found else []
    kept, left_out, size = {}, [], 0
    for file in regular if found else ():
        name = str(file.relative_to(folder))
        if file in notebooks or name in (TIME, SECRET) or name in place.given:
            continue
        if len(kept) < MOST_BESIDE and size + file.stat().st_size <= LARGEST_BESIDE:
            kept[name] = file.read_bytes()
            size += len(kept[name])
        else:
            left_out.append(file)
    if left_out:
        remarks.append(
            f"{in_short(left_out, folder)} was left out when it was graded: of the files beside a notebook, "
            f"{MOST_BESIDE} with {LARGEST_BESIDE >> 20} MB in all are taken."
        )
    if not whole:
        remarks.append(f"Not all of its folders were looked through: {MOST_FILES} names are, {DEEPEST} folders deep.")
    read = {}
    for name, file in found.items():
        with open(file, "rb") as content:
            read[name] = content.read(LARGEST + 1)
    return read, missing, kept, " ".join(remarks)


def files_in(folder):
    """Return the paths of the files in a folder and below it, and whether these are all."""
    files, folders, seen, whole = [], [(folder, 0)], 0, True
    while folders:
        here, depth = folders.pop()
        names, below = [], []
        with os.scandir(here) as entries:
            for entry in itertools.islice(entries, MOST_FILES - seen + 1):
                seen += 1
                if not entry.is_dir(follow_symlinks=False):
                    names.append(entry.name)
                elif entry.name not in HIDDEN:
                    below.append(entry.name)
        files += [here / name for name in sorted(names)]
        if seen > MOST_FILES or depth == DEEPEST and below:
            whole = False
        if seen <= MOST_FILES and depth < DEEPEST:
            folders += [(here / name, depth + 1) for name in sorted(below, reverse=True)]
    return files[:MOST_FILES], whole


def leads_somewhere(link):
    try:
        return link.exists()
    except OSError:  # to itself
        return False


def in_short(files, folder):
    """Return the names of some files in a folder, as one line of text."""
    names = [printable(str(file.relative_to(folder))).replace("\n", " ") for file in files[:5]]
    return ", ".join(names) or "nothing"


def short_text(path):
    """Return the text of a small regular file, and an empty one for all else that may lie there."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        data = os.read(file, 1001) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    finally:
        os.close(file)
    return data.decode(errors="ignore") if len(data) <= 1000 else ""


# ---------------------------------------------------------------------- a notebook


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
    if isinstance(content, dict) and "cells" in content:
        return content
    notebook = nbformat.from_dict(content)
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
