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
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from nbformat.converter import convert

from grading.result import SUBMIT_AGAIN, Submitted, one_line

MAX_BYTES = 50 << 20  # pictures make a notebook large, and more than this is no notebook
MAX_CELL_CHARACTERS = 1 << 20
MAX_CELLS = 10_000
MAX_EXTRA_FILES, MAX_EXTRA_BYTES = 200, 8 << 20  # files beside a student's notebooks, and their bytes
MAX_NAMES, MAX_DEPTH = 10_000, 100  # names in a folder that are looked at, and folders in each other
INCOMPLETE_SEARCH = f"Not all of its folders were looked through: {MAX_NAMES} names are, {MAX_DEPTH} folders deep."
SKIPPED_FOLDERS = {".ipynb_checkpoints", "__pycache__", ".git"}  # folders that nobody hands in on purpose
# What `nbgrader submit` puts beside a notebook. The gradebook keeps the time, and `nbgrader release_feedback` wants both.
TIMESTAMP_FILE, SECRET_FILE = "timestamp.txt", "submission_secret.txt"
# What a submission's own folder can be the reason of. All else is this machine's trouble, and stops the command.
OWN_ERRORS = {errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR, errno.ENOENT, errno.ENXIO}


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

    cells: tuple[Cell, ...]
    notebook: dict[str, Any]


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
    others : frozenset of str
        The names of the course's other assignments, whose folders belong beside this one.
    """

    student_id: str
    folder: Path
    root: Path
    names: tuple[str, ...]
    given: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    size: ClassVar[int] = 0  # bytes that travel with it

    def shown(self, path: str | bytes | Path) -> str:
        """Return a path from the root, as one line of text."""
        return one_line(os.path.relpath(os.fsdecode(path), self.root))


@dataclass(frozen=True)
class Found:
    """What lies at a place; its attributes are as in `grading.result.Submitted`."""

    notebooks: dict[str, bytes]
    missing: dict[str, str]
    files: dict[str, bytes]
    remark: str
    is_bare: bool = False


def collect(place: Place) -> Submitted:
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
    try:
        found = find(place)
    except OSError as error:
        if error.errno not in OWN_ERRORS:
            raise
        why = f"{place.shown(error.filename)} can't be read ({error.strerror}). {SUBMIT_AGAIN}"
        if isinstance(error, PermissionError):  # an archive keeps the modes that the student's files had
            why = f"{place.shown(error.filename)} can't be read. Allow it with `chmod -R u+rwX`, and grade again."
        found = nothing_found(place, why)
    paths = (place.folder / name for name in (TIMESTAMP_FILE, SECRET_FILE))
    receipt = {path.name: read_short_text(path) for path in paths if os.path.lexists(path)}
    contents = found.notebooks, found.missing, found.files, found.remark
    return Submitted(place.student_id, fingerprint(found, receipt), *contents, receipt, is_bare=found.is_bare)


def fingerprint(found: Found, receipt: Mapping[str, str]) -> str:
    """Return the digest of all that was found."""
    digest = hashlib.sha256()
    for text in (*found.missing.values(), found.remark, *receipt.values(), *found.notebooks, *found.files):
        digest.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    for content in (*found.notebooks.values(), *found.files.values()):
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def nothing_found(place: Place, why: str, is_bare: bool = False) -> Found:
    """Return that there is no notebook at a place."""
    return Found({}, dict.fromkeys(place.names, why), {}, "", is_bare)


# One function: each step needs what the one before it has found.
def find(place: Place) -> Found:
    """Look for the notebooks at a place, and for what lies beside them; raise OSError where that can't be read."""
    folder, wanted = place.folder, [f"{name}.ipynb" for name in place.names]
    if (nothing := found_without_folder(place, ", ".join(wanted))) is not None:
        return nothing
    files, complete = files_in(folder)
    if not complete:  # the notebooks are looked for all the same
        files = [*dict.fromkeys([folder / name for name in wanted if (folder / name).is_file()] + files)]
    regular = [file for file in files if stat.S_ISREG(file.lstat().st_mode)]
    notebooks = [file for file in regular if file.suffix.lower() == ".ipynb"]
    found = notebooks_of_assignment(place, notebooks)
    missing = {
        name: f"Expected {name}.ipynb in {folder.name}/, found {listed(files, folder)}. {SUBMIT_AGAIN}"
        for name in place.names
        if name not in found
    }
    if not found:
        return Found({}, missing, {}, "" if complete else INCOMPLETE_SEARCH, is_bare=not files)
    others = [file for file in notebooks if file not in found.values()]
    kept, left_out = read_files_beside(place, [file for file in regular if file not in notebooks])
    remark = remark_on(folder, others, left_out, complete)
    return Found({name: read_beginning(file) for name, file in found.items()}, missing, kept, remark)


def notebooks_of_assignment(place: Place, notebooks: list[Path]) -> dict[str, Path]:
    """Return those of some notebooks that are the assignment's, by its names of them."""
    wanted = {f"{name}.ipynb": name for name in place.names}
    found = {wanted[file.name]: file for file in notebooks if file.parent == place.folder and file.name in wanted}
    if not found and len(wanted) == len(notebooks) == 1:
        found = {place.names[0]: notebooks[0]}
    return found


def remark_on(folder: Path, others: list[Path], left_out: list[Path], complete: bool) -> str:
    """Return what a person should know of other notebooks, of files that were left out, and of folders not looked into."""
    remarks = []
    if others:
        remarks.append(f"Beside it lies {listed(others, folder)}, which was not graded.")
    if left_out:
        remarks.append(
            f"{listed(left_out, folder)} was left out when it was graded: of the files beside a notebook, "
            f"{MAX_EXTRA_FILES} with {MAX_EXTRA_BYTES >> 20} MB in all are taken."
        )
    if not complete:
        remarks.append(INCOMPLETE_SEARCH)
    return " ".join(remarks)


def found_without_folder(place: Place, wanted: str) -> Found | None:
    """Return what is found where there is no folder to look into at a place; None where there is one."""
    folder = place.folder
    for path in (folder.parent, folder):
        if path.is_symlink():
            where = "to another folder" if is_live_link(path) else "that leads nowhere"
            why = f"Expected {wanted} in {folder.name}/, found a link {where}: {place.shown(path)}. {SUBMIT_AGAIN}"
            return nothing_found(place, why)
    if folder.is_dir():
        return None
    beside = sorted(folder.parent.iterdir()) if folder.parent.is_dir() else []
    beside = [one for one in beside if one.name not in place.others]
    found = f"found beside it {listed(beside, folder.parent)}" if beside else "found nothing"
    why = f"Expected {wanted} in {folder.name}/, {found}. Ask the student to submit it."
    return nothing_found(place, why, is_bare=not beside)


def read_files_beside(place: Place, files: list[Path]) -> tuple[dict[str, bytes], list[Path]]:
    """Return what lies beside the notebooks, by its path, and the files that are too many or too large."""
    kept: dict[str, bytes] = {}
    left_out, size = [], 0
    for file in files:
        name = str(file.relative_to(place.folder))
        if name in (TIMESTAMP_FILE, SECRET_FILE) or name in place.given:
            continue
        if len(kept) < MAX_EXTRA_FILES and size + file.stat().st_size <= MAX_EXTRA_BYTES:
            kept[name] = file.read_bytes()
            size += len(kept[name])
        else:
            left_out.append(file)
    return kept, left_out


def read_beginning(file: Path) -> bytes:
    """Return the bytes of a notebook, or of one that is too large as many as tell that it is."""
    with open(file, "rb") as content:
        return content.read(MAX_BYTES + 1)


# One function: one walk, whose count of names goes on from folder to folder.
def files_in(folder: Path) -> tuple[list[Path], bool]:
    """Return the paths of the files in a folder and below it, and whether these are all."""
    files: list[Path] = []
    folders, seen, complete = [(folder, 0)], 0, True
    while folders:
        here, depth = folders.pop()
        names: list[str] = []
        below: list[str] = []
        with os.scandir(here) as entries:
            for entry in itertools.islice(entries, MAX_NAMES - seen + 1):
                seen += 1
                if not entry.is_dir(follow_symlinks=False):
                    names.append(entry.name)
                elif entry.name not in SKIPPED_FOLDERS:
                    below.append(entry.name)
        files += [here / name for name in sorted(names)]
        if seen > MAX_NAMES or depth == MAX_DEPTH and below:
            complete = False
        if seen <= MAX_NAMES and depth < MAX_DEPTH:
            folders += [(here / name, depth + 1) for name in sorted(below, reverse=True)]
    return files[:MAX_NAMES], complete


def is_live_link(link: Path) -> bool:
    """Whether there is something at the end of a link."""
    try:
        return link.exists()
    except OSError:  # to itself
        return False


def listed(files: list[Path], folder: Path) -> str:
    """Return the names of some files in a folder, as one line of text."""
    names = [one_line(str(file.relative_to(folder))) for file in files[:5]]
    return ", ".join(names) or "nothing"


def read_short_text(path: Path) -> str:
    """Return the text of a small regular file, and an empty one for all else that may lie there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        data = os.read(descriptor, 1001) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    finally:
        os.close(descriptor)
    return data.decode(errors="ignore") if len(data) <= 1000 else ""


# ---------------------------------------------------------------------- a notebook


def read_notebook(data: bytes) -> Submission:
    """Read a notebook from the bytes of a file.

    Raises
    ------
    Rejected
        If there is no notebook in it.
    """
    if len(data) > MAX_BYTES:
        raise Rejected(f"the file has {len(data) >> 20} MB, and {MAX_BYTES >> 20} MB are allowed: clear the outputs")
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
    if len(cells) > MAX_CELLS:
        raise Rejected(f"the notebook has {len(cells)} cells, and {MAX_CELLS} are allowed")
    return Submission(cells, notebook)


def as_text(data: bytes) -> str:
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


def in_whole_characters(content: Any) -> Any:
    """Replace halves of characters, which JSON can spell and no file can hold: an emoji that was cut in two is some."""
    return json.loads(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))


def as_format_4(content: Any) -> dict[str, Any]:
    """Return a notebook in the form of nbformat 4, by what is in it: its version may be lost or wrong."""
    if isinstance(content, dict) and "cells" in content:
        return content
    notebook: Any = nbformat.from_dict(content)
    if notebook.get("nbformat") not in (2, 3):
        notebook.nbformat = 3
    converted: dict[str, Any] = convert(notebook, 4)
    return converted


def as_cell(cell: dict[str, Any]) -> Cell:
    """Return a cell of a notebook, of which nothing is sure but that it is an object."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    cell_id = cell.get("id")
    return Cell(
        str(cell.get("cell_type", "code")),
        source[:MAX_CELL_CHARACTERS] if isinstance(source, str) else "",
        grade_id if isinstance(grade_id, str) else "",
        cell_id if isinstance(cell_id, str) else "",
    )
