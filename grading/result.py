"""What goes into grading and what comes out: plain data that knows no notebook and no database."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

SUBMIT_AGAIN = "Ask the student to submit the notebook again."
GROUPED_BY = 300  # characters of a message's first line that a class is grouped by
SHOWN = 50  # students for a person to read of


class Status(StrEnum):
    """The state in which a submission ended; what each means stands in docs/instructors.md."""

    GRADED = "graded"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    MALFORMED = "malformed"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True)
class Failure:
    """Why a graded cell did not earn all its points, as data: for the page, the table, and what a class is grouped by.

    All of it is short and printable, and still hostile text: a student may have worded ``said``, ``error`` and ``got``.

    Attributes
    ----------
    error : str
        The type of what the test raised; empty where it raised nothing.
    said : str
        The first line of the message that the student got.
    is_own : bool
        Whether the course's test raised it in the grader's process, and no code of the student's.
    is_fixed : bool
        Whether ``said`` is the same words whatever the student's code does.
    kind, cause, title, hint, call, expected, got : str
        What the course's own exception has under these names; empty where it has nothing.
    is_stub : bool
        Whether the answer seems to be as it was given: untouched, or its `NotImplementedError` is what the test came to.
    lines : tuple of str
        Of the answer, what the student typed: see `grading.excerpt`.
    """

    error: str = ""
    said: str = ""
    is_own: bool = True
    is_fixed: bool = True
    kind: str = ""
    cause: str = ""
    title: str = ""
    hint: str = ""
    call: str = ""
    expected: str = ""
    got: str = ""
    is_stub: bool = False
    lines: tuple[str, ...] = ()

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        """What the course's own exception says of a call part by part, each with its label."""
        labelled = ("Expected", self.expected), ("Got", self.got), ("Hint", self.hint)
        return tuple((label, text) for label, text in labelled if self.call and text)

    def in_own_words(self) -> "Failure":
        """Return the failure without what its exception has said besides the message."""
        return replace(self, hint="", call="", expected="", got="")


@dataclass(frozen=True)
class Result:
    """How one submission ended.

    Attributes
    ----------
    student_id, assignment : str
    status : Status
    scores, max_scores : dict of str to float
        Points for each graded cell, by its grade id, with the notebook's name before it where two notebooks have that id. Whatever did not run counts 0 in ``scores``;
        None is what a person has to grade.
    message : str
        What happened and what to do about it.
    messages : dict of str to str
        What a test said, in full; nothing for one that passed.
    notes : dict of str to (str, str)
        For the student, by the names of the notebooks: the state of each, and what happened.
    failures : dict of str to Failure
        Why a cell has not all its points, by its key; nothing where a person grades, or where nothing could be read.
    right : dict of str to tuple of str
        For a test that was passed, what `grading.excerpt.mark` makes of each line of the answer.
    is_bare : bool
        As in `Submitted`.
    """

    student_id: str
    assignment: str
    status: Status
    scores: dict[str, float | None] = field(default_factory=dict)
    max_scores: dict[str, float] = field(default_factory=dict)
    message: str = ""
    messages: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, str]] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    right: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_bare: bool = False

    @property
    def score(self) -> float:
        """Sum of the points that the grader gave."""
        return sum(score or 0.0 for score in self.scores.values())

    @property
    def max_score(self) -> float:
        """Sum of the points that could be earned."""
        return sum(self.max_scores.values())

    def as_json(self) -> str:
        """Return the result as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Result":
        """Read what `as_json` wrote."""
        return cls.of(json.loads(text))

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "Result":
        """Return the result whose fields are plain data, as `dataclasses.asdict` makes them."""
        if "failures" not in stored:  # stored before there were any: the messages are what is left
            said = {
                key: shortened(message.partition("\n")[0], GROUPED_BY) for key, message in stored["messages"].items()
            }
            failures = {key: Failure(said=text, is_own=False, is_fixed=False) for key, text in said.items()}
        else:
            told = stored["failures"].items()
            failures = {
                key: Failure(**known_fields(Failure, one) | {"lines": tuple(one.get("lines", ()))}) for key, one in told
            }
        right = {key: tuple(marks) for key, marks in stored.get("right", {}).items()}
        known = {"status": Status(stored["status"]), "failures": failures, "right": right}
        return cls(**known_fields(cls, stored) | known)


def known_fields(kind: type[Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Return what a dataclass has a field for: another version of the grader may have stored more."""
    return {one.name: stored[one.name] for one in fields(kind) if one.name in stored}


@dataclass(frozen=True)
class Submitted:
    """What a student handed in.

    Attributes
    ----------
    student_id : str
    digest : str
        Fingerprint of it.
    notebooks : dict of str to bytes
        The notebooks' files, by the names of the notebooks.
    missing : dict of str to str
        Why there is none.
    files : dict of str to bytes
        What else lies beside them, by its path.
    remark : str
        What else a person should know of it.
    receipt : dict of str to str
        What the exchange wrote beside it: texts by file name, empty where there is no short text.
    broken : str
        Why it could not be looked at.
    is_bare : bool
        Whether there is nothing at all: no notebook, and nothing else in its place.
    """

    student_id: str
    digest: str
    notebooks: dict[str, bytes] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    remark: str = ""
    receipt: dict[str, str] = field(default_factory=dict)
    broken: str = ""
    is_bare: bool = False

    @property
    def size(self) -> int:
        """How many bytes travel with it."""
        return sum(map(len, (*self.notebooks.values(), *self.files.values())))


@dataclass(frozen=True)
class Standing:
    """What the gradebook says of one student, points and penalties that a person gave included.

    Attributes
    ----------
    student_id, assignment, status, message : str
        As in `Result`; the message also says what is late and what waits for a person.
    score : float or None
        What counts: the points, less the penalty. None where the grader could not finish and nobody has given any.
    max_score, late_penalty : float
    needs_manual : int
        How many cells wait for a person.
    scores : dict of str to float
        Points for each graded cell, by its whole grade id; None as in ``score``.
    late : float
        By how many seconds it was handed in late.
    waiting : tuple of str
        The cells that wait for a person, by their whole grade ids.
    failures, right : dict
        As in `Result`.
    """

    student_id: str
    assignment: str
    status: Status
    score: float | None
    max_score: float
    late_penalty: float
    needs_manual: int
    scores: dict[str, float | None]
    message: str
    late: float = 0.0
    waiting: tuple[str, ...] = ()
    failures: dict[str, Failure] = field(default_factory=dict)
    right: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class GradedSubmission:
    """What came of one submission.

    Attributes
    ----------
    result : Result
    notebooks : dict of str to bytes
        What the formgrader shows, as JSON, by the names of the notebooks.
    cells : dict of str to bytes
        What the feedback page shows of the student's own cells, as JSON, by the names of the notebooks.
    digest, receipt
        Those of the `Submitted`.
    untouched : tuple of str
        Keys of the solution cells that are as the student found them.
    seconds : float
        By the clock, from the first byte read to here.
    """

    result: Result
    notebooks: dict[str, bytes]
    cells: dict[str, bytes]
    digest: str
    untouched: tuple[str, ...]
    seconds: float
    receipt: dict[str, str] = field(default_factory=dict)


def printable(text: str) -> str:
    """Return a text with nothing that a terminal would obey or that a file can't hold; its lines stay."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else " " if sign.isspace() else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )


def one_line(text: str) -> str:
    """Return a text as `printable` does, in one line: the next one would look like somebody else's."""
    return printable(text).replace("\n", " ")


def shortened(text: str, most: int) -> str:
    """Return a text as `one_line` does, without blanks that say nothing, and no longer than ``most``."""
    short = " ".join(one_line(text[: 8 * most]).split())
    return short if len(short) <= most else f"{short[: most - 1]}…"


def escaped(name: str) -> str:
    """Return a name as `printable` does, with different names different: what is not printed is written as Python does."""
    return "".join(sign if sign.isprintable() and sign != "\\" else repr(sign)[1:-1] for sign in name)


def in_short(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: the first ones, and how many more."""
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(escaped, names[:SHOWN])) + rest


# Where a spreadsheet may begin a cell, what it may take off there, and what then makes a formula of it: each with what a
# poorer set of characters makes the same of.
SPLIT = ",;\t，﹐︐；﹔︔\u037e"
TAKEN_OFF = r"""\s"'`＂＇"""
COMPUTED = "=+\\-@＝⁼₌﹦⩵⩶＋⁺₊﹢﬩－﹣＠﹫"
NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
FORMULA = re.compile(rf"((?:^|[{SPLIT}])[{TAKEN_OFF}]*)(?=[{COMPUTED}])(?!(?<=,){NUMBER}(?:,|$))")


def no_formula(line: str) -> str:
    """Return a line of CSV that a spreadsheet computes nothing of, whether it splits at commas, semicolons or tabs.

    A backslash stands before what would be computed, as no spreadsheet takes that off. A cell that is a number stays
    one, unless it is the first: split at semicolons, the whole line is.
    """
    return FORMULA.sub(r"\1\\", line)
