"""What a learning platform's gradebook imports: the rows of its own roster, with the scores of our gradebook."""

import csv
import io
import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from grading.result import Standing, Status, in_short
from grading.roster import BadRoster, People, Roster, people

# By which Moodle's importer may know a user, and what a person reads.
USER = "first name", "last name", "surname", "full name", "username", "id number", "email address"
POINTS_POSSIBLE = "Points Possible"  # where a student's name would stand, in the row of what Canvas's assignments give
TEST_STUDENT = "student, test"  # whom Canvas itself adds to a course
EXCUSED = "ex"  # where Canvas would have a grade


@dataclass(frozen=True)
class Export:
    """A file for a platform's gradebook, and what a person should know of it.

    Attributes
    ----------
    rows : list of list of str
        Its cells, with the header. All but the scores, and the head of a new assignment, are the roster's own.
    students : list of str
        Whose scores they are, in the order of the rows.
    known_by : str
        The title of the roster's column that has the students' ids.
    ungraded, strangers : list of str
        Who has no score that counts yet; who has one, and is not in the roster.
    remarks : list of str
        What else there is to say, a sentence each.
    """

    rows: list[list[str]]
    students: list[str]
    known_by: str
    ungraded: list[str]
    strangers: list[str]
    remarks: list[str]

    @property
    def text(self) -> str:
        """The file, as RFC 4180 has it."""
        file = io.StringIO(newline="")
        csv.writer(file, lineterminator="\r\n").writerows(self.rows)
        return file.getvalue()

    def summary(self) -> str:
        """Return how many students are in it, and how many are not."""
        counts = f"{len(self.students)} {'student' if len(self.students) == 1 else 'students'}"
        counts += f", {len(self.ungraded)} without a grade" if self.ungraded else ""
        counts += f", {len(self.strangers)} not in the roster" if self.strangers else ""
        return f"{counts}. Their ids are in the roster's column {self.known_by!r}."


@dataclass(frozen=True)
class Form:
    """What a platform's file is to hold, and where a score belongs in it.

    Attributes
    ----------
    found : People
    heads : list of list of str
        The rows above the students'.
    filled : callable
        Returns a student's row, from where it stands in the roster and the score.
    everybody : collection of int
        Which rows of the roster are students'.
    remarks : list of str
        What there is to say, a sentence each.
    excused : collection of str
        Students whom the platform excuses.
    """

    found: People
    heads: list[list[str]]
    filled: Callable[[int, str], list[str]]
    everybody: Collection[int]
    remarks: list[str]
    excused: Collection[str] = ()


def export_to(
    platform: str,
    roster: Roster,
    graded: Sequence[Standing],
    assignment: str,
    ids: str | None = None,
    column: str | None = None,
) -> Export:
    """Return what a platform's gradebook imports.

    Parameters
    ----------
    platform : str
        One of `FORMATS`.
    roster : Roster
        What that platform exported.
    graded : sequence of Standing
        What our gradebook says of the class; of one student at the least.
    assignment : str
        Its name in our gradebook.
    ids, column : str, optional
        The titles of the roster's columns that have the students' ids, and the assignment's scores.

    Raises
    ------
    BadRoster
        Whose row is whose, or where the scores belong, can't be told.
    """
    return filled_in(roster, graded, FORMATS[platform](roster, graded, assignment, ids, column))


# One function: each row ends in one of the ways that are listed here.
def filled_in(roster: Roster, graded: Sequence[Standing], form: Form) -> Export:
    """Return a form with the scores of those who have one that counts, and what is to be said of the others.

    Who has none has no row, for an empty cell would delete what the platform has.
    """
    place = form.found.rows
    known = [one for one in graded if one.student_id in place and one.student_id not in form.excused]
    failed = [one.student_id for one in known if one.score is None]
    waiting = [one.student_id for one in known if one.score is not None and one.needs_manual]
    scores = {one.student_id: one.score for one in known if one.score is not None and not one.needs_manual}
    students = sorted(scores, key=lambda student: place[student])
    sentences: dict[str, Iterable[str]] = {
        "No row, because the grader could not finish them; grade them by hand": failed,
        "No row, because grades of them wait for a person; open the formgrader": waiting,
        "No row, because they are excused (EX) there": form.excused,
        "No row, because nothing of them is graded": ungraded(roster, form),
        "0, as in the gradebook, because nothing was handed in": [
            one.student_id for one in known if one.status == Status.MISSING and one.student_id in scores
        ],
    }
    said = [f"{sentence}: {in_short(sorted(names))}." for sentence, names in sentences.items() if names]
    if roster.windows:
        said.append(f"{roster.name} is not in UTF-8, and was read as text of Windows: look at a name with an accent.")
    return Export(
        [*form.heads, *(form.filled(place[student], number(scores[student])) for student in students)],
        students,
        roster.header[form.found.column].strip(),
        sorted([*failed, *waiting, *form.excused]),
        [one.student_id for one in graded if one.student_id not in place],
        form.remarks + said,
    )


def ungraded(roster: Roster, form: Form) -> list[str]:
    """Return what the roster calls those of whom nothing is graded: their id, or else their line."""
    others = sorted({*form.everybody} - {*form.found.rows.values()})
    return [roster.rows[at][form.found.column].strip() or f"line {roster.lines[at]}" for at in others]


# ----------------------------------------------------------------------------- the platforms


def canvas(roster: Roster, graded: Sequence[Standing], assignment: str, ids: str | None, column: str | None) -> Form:
    """Return the form of Canvas: the columns of its own export that tell who somebody is, and one of scores."""
    section, possible = of_canvas(roster)
    place = column_of(roster, assignment, column, r"NAME(?: \(\d+\))?")
    found = people(roster, [one.student_id for one in graded], range(section), ids)
    most = number(graded[0].max_score)
    head = [*roster.header[: section + 1], assignment if place is None else roster.header[place]]
    points = [*possible[: section + 1], most if place is None else possible[place]]
    names = [row[0].strip().casefold() for row in roster.rows]
    everybody = {
        at for at, row in enumerate(roster.rows) if row is not possible and names[at] not in ("", TEST_STUDENT)
    }
    remarks = of_points(graded, [points[-1]], "Canvas")
    excused = set()
    if place is None:
        remarks = [
            f"{roster.name} has no column of {assignment}, so Canvas makes an assignment of that name; "
            "name one that is there with --column."
        ]
    else:
        excused = {who for who, at in found.rows.items() if roster.rows[at][place].strip().casefold() == EXCUSED}

    def filled(at: int, score: str) -> list[str]:
        return [*roster.rows[at][: section + 1], score]

    return Form(found, [head, points], filled, everybody, remarks, excused)


def of_canvas(roster: Roster) -> tuple[int, list[str]]:
    """Return the last column that tells who somebody is, and the row of the points, as Canvas's importer looks for them."""
    section = roster.column("Section")
    possible = next((row for row in roster.rows if POINTS_POSSIBLE in row[0]), None)
    named = roster.header[0].strip() in ("Student", "LastName") and roster.column("ID") is not None
    if section is None or possible is None or not named:
        raise BadRoster(
            f"{roster.name} is not a gradebook that Canvas exported, with the columns Student, ID and Section and a "
            f"row {POINTS_POSSIBLE}; it has {roster.titles()}. In Canvas: Grades, Export, Export Entire Gradebook."
        )
    return section, possible


# One function: the two files that Moodle takes differ in each step.
def moodle(roster: Roster, graded: Sequence[Standing], assignment: str, ids: str | None, column: str | None) -> Form:
    """Return the form of Moodle: a grading worksheet, or a table for its gradebook.

    Which of them is the roster's to say. A worksheet has the participants' numbers in its first column, and all of
    its cells but the grades stay. Of another table stays what tells who somebody is.
    """
    if any(POINTS_POSSIBLE in row[0] for row in roster.rows):
        raise BadRoster(f"{roster.name} is a gradebook of Canvas, and --format says moodle; expected --format canvas.")
    sheet = roster.participants()
    title = column or ("Grade" if sheet else None)
    place = column_of(roster, assignment, title, r"(?:[^:]+: )?NAME(?: \([^()]*\))?")
    others = [at for at in range(len(roster.header)) if at != place]
    found = people(roster, [one.student_id for one in graded], others, ids)
    if not sheet:
        others = [at for at in others if at == found.column or roster.header[at].strip().casefold() in USER]
    before = [at for at in others if not sheet or place is None or at < place]
    after = others[len(before) :]

    def around(row: Sequence[str], score: str) -> list[str]:
        return [*(row[at] for at in before), score, *(row[at] for at in after)]

    def filled(at: int, score: str) -> list[str]:
        return around(roster.rows[at], score)

    head = around(roster.header, assignment if place is None else roster.header[place])
    remarks = of_sheet(roster, graded, found) if sheet else []
    return Form(found, [head], filled, range(len(roster.rows)), remarks)


def of_sheet(roster: Roster, graded: Sequence[Standing], found: People) -> list[str]:
    """Return what is to be said of the points of a grading worksheet."""
    most = roster.column("Maximum Grade")
    cells = {} if most is None else {who: roster.rows[at][most] for who, at in found.rows.items()}
    limits = {who: amount(cell) for who, cell in cells.items()}
    written = [one for one in graded if not one.needs_manual]
    over = [one.student_id for one in written if (one.score or 0.0) > (limits.get(one.student_id) or math.inf)]
    said = [f"Moodle passes over a score above its maximum: {in_short(over)}."] * bool(over)
    return of_points(graded, cells.values(), "Moodle") + said


FORMATS: dict[str, Callable[[Roster, Sequence[Standing], str, str | None, str | None], Form]] = {
    "canvas": canvas,
    "moodle": moodle,
}


# ----------------------------------------------------------------------------- what they share


def column_of(roster: Roster, assignment: str, wanted: str | None, titled: str) -> int | None:
    """Return where the assignment's column stands, whatever the platform puts around its name; None where there is none.

    Parameters
    ----------
    roster : Roster
    assignment : str
    wanted : str, optional
        Its name on the platform, which has to be there.
    titled : str
        A pattern of the title that the platform makes of a NAME.

    Raises
    ------
    BadRoster
    """
    if wanted is not None and roster.column(wanted) is not None:
        return roster.column(wanted)
    whole = re.compile(titled.replace("NAME", re.escape(wanted or assignment)), re.IGNORECASE)
    found = [at for at, title in enumerate(roster.header) if whole.fullmatch(title.strip())]
    if len(found) > 1:
        raise BadRoster(
            f"{roster.name} has several columns of {wanted or assignment}: {roster.titles(found)}. "
            "Name one of them, as it stands there, with --column."
        )
    if wanted is not None and not found:
        raise BadRoster(
            f"{roster.name} has no column {wanted!r}; it has {roster.titles()}. "
            "Name the one of the assignment's grades with --column."
        )
    return found[0] if found else None


def of_points(graded: Sequence[Standing], cells: Iterable[str], platform: str) -> list[str]:
    """Return what is to be said where the platform's maximum, as cells of its roster have it, is not the gradebook's."""
    most = graded[0].max_score
    others = sorted({cell.strip() for cell in cells if (value := amount(cell)) is not None and value != most})
    if not others:
        return []
    return [
        f"The gradebook gives up to {most:g} points, and {platform} up to {in_short(others)}; it does not scale them."
    ]


def amount(cell: str) -> float | None:
    """Return the number that a platform wrote, with a point or a comma; None where there is none."""
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None


def number(score: float) -> str:
    """Return a score as short as it can be told without rounding what a person entered, and without an exponent."""
    return format(Decimal(f"{score:.12g}"), "f")
