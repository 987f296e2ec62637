"""The roster that a learning platform exported: any file -> Roster, or one sentence of what is wrong with it."""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grading.result import escaped, in_short

LARGEST = 32 << 20  # bytes: fifty columns of ten thousand students are five million
SEPARATORS = ",;\t"
MARKS = (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")
OTHER_KINDS = {
    b"PK\x03\x04": "a workbook of Excel or LibreOffice, or another archive",
    b"\xd0\xcf\x11\xe0": "an old workbook of Excel",
    b"%PDF": "a PDF",
}
# How Moodle names a participant, as in "Participant 1234567".
PARTICIPANT = re.compile(r"(\D+\s)(\d+)")


class BadRoster(ValueError):
    """What is wrong with a roster, as one sentence."""


@dataclass(frozen=True)
class Roster:
    """A table as a platform exported it.

    Attributes
    ----------
    name : str
        Of the file, as a person gave it.
    header : list of str
        The titles of the columns, as they stand there.
    rows : list of list of str
        The cells as they stand there, as many in each row as in the header; no row is blank.
    lines : list of int
        In which line of the file each row ends.
    windows : bool
        Whether the text is in none of Unicode's encodings, and was read as Windows writes it in Western Europe.
    """

    name: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    windows: bool = False

    def column(self, title: str) -> int | None:
        """Return where a column stands, whatever the case and the blanks around its title; None where there is none.

        Raises
        ------
        BadRoster
            Two columns have that title.
        """
        found = [place for place, other in enumerate(self.header) if normalized(other) == normalized(title)]
        if len(found) > 1:
            raise BadRoster(
                f"{self.name} has {len(found)} columns {title.strip()!r}; expected one. Export it again, "
                "or delete the others."
            )
        return found[0] if found else None

    def expected(self, title: str, option: str) -> int:
        """Return where the column stands that a person named with an option of the command line."""
        found = self.column(title)
        if found is None:
            raise BadRoster(
                f"{self.name} has no column {title!r}, which {option} names; expected one of: {self.titles()}."
            )
        return found

    def titles(self, places: Iterable[int] | None = None) -> str:
        """Return the titles of some columns, or of all, as a sentence lists them."""
        chosen = range(len(self.header)) if places is None else places
        return in_short([self.header[place].strip() for place in chosen])

    def participants(self) -> bool:
        """Whether the first column has Moodle's numbers of participants, as a grading worksheet has."""
        found = [PARTICIPANT.fullmatch(row[0].strip()) for row in self.rows]
        return len({match[1] for match in found if match}) == 1 and all(found)


@dataclass(frozen=True)
class People:
    """Whom of the gradebook a roster knows.

    Attributes
    ----------
    column : int
        Which column has their ids.
    rows : dict of str to int
        By the students' ids, which row is theirs.
    """

    column: int
    rows: dict[str, int]


# ------------------------------------------------------------------------ from a file to rows


def load(path: Path) -> Roster:
    """Read a roster from a file.

    Raises
    ------
    BadRoster
        There is none, or none that can be read.
    """
    if path.is_dir():
        raise BadRoster(f"{path} is a folder; expected the file that the platform exported, as CSV.")
    if not path.is_file():
        raise BadRoster(f"There is no file {path}; expected the roster that the platform exported, as CSV.")
    with open(path, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadRoster(f"{path} has more than {LARGEST >> 20} MB; expected the roster of one course, as CSV.")
    return read(content, str(path))


# One function: the mistakes that a file can have, in the order in which they can be told.
def read(content: bytes, name: str) -> Roster:
    """Return the roster that a file's bytes hold.

    Parameters
    ----------
    content : bytes
        CSV in UTF-8, UTF-16 or Windows' Western European characters, split at commas, semicolons or tabs.
    name : str
        What sentences call the file.

    Raises
    ------
    BadRoster
    """
    kind = next((kind for mark, kind in OTHER_KINDS.items() if content.startswith(mark)), None)
    text, windows = ("", False) if kind else decoded(content, name)
    if not kind and not re.search(r"\w", text):
        raise BadRoster(f"{name} is empty; expected a header and a line for each student.")
    if text.lstrip().startswith("<"):
        kind = "a web page, as a platform sends one that asks to log in"
    if kind:
        raise BadRoster(f"{name} is {kind}; expected CSV. Export the roster again, or save it as CSV.")
    said = re.match(r"sep=(.)(?:\r\n?|\n)", text, re.IGNORECASE)  # what Excel writes before the header
    text = text[said.end() :] if said else text
    (_, header), *rest = rows(text, said[1] if said else separator(text), name)
    if not rest:
        raise BadRoster(f"{name} has a header and no student below it. Export the roster again.")
    for line, row in rest:
        if any(cell.strip() for cell in row[len(header) :]):
            raise BadRoster(
                f"Line {line} of {name} has {len(row)} cells, and the header {len(header)}: "
                "a comma may stand there that is not in quotes. Export the roster again."
            )
    whole = [(row + [""] * len(header))[: len(header)] for _, row in rest]
    return Roster(name, header, whole, [line for line, _ in rest], windows)


def decoded(content: bytes, name: str) -> tuple[str, bool]:
    """Return the text that bytes are, and whether it is in Windows' characters."""
    encodings = [encoding for mark, encoding in MARKS if content.startswith(mark)] or ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding == "cp1252"
    raise BadRoster(f"{name} is no text; expected CSV in UTF-8. Export the roster again, or save it as CSV in UTF-8.")


def separator(text: str) -> str:
    """Return what splits the first row into the most cells."""

    def cells(mark: str) -> int:
        with_it = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        try:
            return next((len(row) for row in with_it if any(map(str.strip, row))), 0)
        except csv.Error:
            return 0

    return max(SEPARATORS, key=cells)


def rows(text: str, mark: str, name: str) -> Iterable[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line that it ends in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield reader.line_num, row
    except csv.Error as error:
        raise BadRoster(
            f"Line {reader.line_num} of {name} is no CSV: {error}. A quotation mark may be missing. "
            "Export the roster again."
        ) from None


# -------------------------------------------------------------------------- from ids to rows


def people(roster: Roster, students: Sequence[str], candidates: Iterable[int], wanted: str | None = None) -> People:
    """Find the column of a roster that has the students' ids, and whose row is whose.

    Parameters
    ----------
    roster : Roster
    students : sequence of str
        Ids, as the gradebook has them.
    candidates : iterable of int
        Which columns may have them.
    wanted : str, optional
        The title of the column that a person chose.

    Raises
    ------
    BadRoster
        No column has any, several have and differ, or a row has two students, or a student two rows.
    """
    looked_at = list(candidates) if wanted is None else [roster.expected(wanted, "--id")]
    places = {column: found for column in looked_at if (found := rows_of(roster, column, students))}
    if not places:
        raise BadRoster(
            f"No student of the gradebook ({in_short(students[:3])}, ...) is in {roster.name}: looked in "
            f"{roster.titles(looked_at)}. Expected a column with the ids that the gradebook has; --id names it."
        )
    for student in students:
        if len({tuple(found[student]) for found in places.values() if student in found}) > 1:
            those = [column for column in places if student in places[column]]
            raise BadRoster(
                f"{roster.name} has {escaped(student)} in several columns, of different people: "
                f"{roster.titles(those)}. Name the one with the students' ids with --id."
            )

    def hits(place: int) -> tuple[int, int]:
        """Return how many students a column has, and of how many exactly the id."""
        exact = sum(roster.rows[found[0]][place].strip() == student for student, found in places[place].items())
        return len(places[place]), exact

    column = max(places, key=hits)
    return People(column, one_each(roster, column, places[column]))


def rows_of(roster: Roster, column: int, students: Sequence[str]) -> dict[str, list[int]]:
    """Return the rows whose cell in a column is a student's id; where none is, those that are alike."""
    exact: dict[str, list[int]] = defaultdict(list)
    nearly: dict[str, list[int]] = defaultdict(list)
    numbered = column == 0 and roster.participants()
    for number, row in enumerate(roster.rows):
        cell = row[column].strip()
        names = {cell, PARTICIPANT.sub(r"\2", cell)} if numbered else {cell}
        for name in names - {""}:
            exact[name].append(number)
            nearly[normalized(name)].append(number)
    found = {student: exact.get(student) or nearly.get(normalized(student)) for student in students}
    return {student: numbers for student, numbers in found.items() if numbers}


def one_each(roster: Roster, column: int, found: dict[str, list[int]]) -> dict[str, int]:
    """Return each student's row, where each has one of their own."""
    title = roster.header[column].strip()
    for student, numbers in found.items():
        if len(numbers) > 1:
            lines = " and ".join(str(roster.lines[number]) for number in numbers[:3])
            raise BadRoster(
                f"The lines {lines} of {roster.name} are all of {escaped(student)}, by the column {title!r}; "
                "expected one. Delete the others, or choose another column with --id."
            )
    for number, count in Counter(number for (number,) in found.values()).items():
        if count > 1:
            both = [student for student, (other,) in found.items() if other == number]
            raise BadRoster(
                f"Line {roster.lines[number]} of {roster.name} is that of {in_short(both)}, by the column {title!r}; "
                "expected one student. Rename one of their folders as the platform has it, and grade that again."
            )
    return {student: number for student, (number,) in found.items()}


def normalized(text: str) -> str:
    """Return a text without the blanks around it, and without what only its case and its encoding tell apart."""
    return unicodedata.normalize("NFC", text).strip().casefold()
