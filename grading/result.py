"""What goes into grading and what comes out: plain data that knows no notebook and no database."""

import json
import re
from dataclasses import asdict, dataclass, field

GRADED = "graded"
TIMED_OUT = "timed_out"
CRASHED = "crashed"
MALFORMED = "malformed"
MISSING = "missing"
FAILED = "failed"
SUBMIT_AGAIN = "Ask the student to submit the notebook again."


@dataclass(frozen=True)
class Result:
    """How one submission ended.

    Attributes
    ----------
    student_id, assignment : str
    status : str
        ``graded``, ``timed_out``, ``crashed``, ``malformed``, ``missing`` or ``failed``.
    scores, max_scores : dict of str to float
        Points for each graded cell, by its grade id, with the notebook's name before it where two notebooks have that id. Whatever did not run counts 0 in ``scores``;
        None is what a person has to grade.
    message : str
        What happened and what to do about it.
    messages : dict of str to str
        What a test said, in full; nothing for one that passed.
    notes : dict of str to (str, str)
        For the student, by the names of the notebooks: the state of each, and what happened.
    """

    student_id: str
    assignment: str
    status: str
    scores: dict = field(default_factory=dict)
    max_scores: dict = field(default_factory=dict)
    message: str = ""
    messages: dict = field(default_factory=dict)
    notes: dict = field(default_factory=dict)

    @property
    def score(self):
        """Sum of the points that the grader gave."""
        return sum(score or 0.0 for score in self.scores.values())

    @property
    def max_score(self):
        """Sum of the points that could be earned."""
        return sum(self.max_scores.values())

    def as_json(self):
        """Return the result as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text):
        """Read what `as_json` wrote."""
        return cls(**json.loads(text))


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
    """

    student_id: str
    digest: str
    notebooks: dict = field(default_factory=dict)
    missing: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    remark: str = ""
    receipt: dict = field(default_factory=dict)
    broken: str = ""

    @property
    def size(self):
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
    """

    student_id: str
    assignment: str
    status: str
    score: float | None
    max_score: float
    late_penalty: float
    needs_manual: int
    scores: dict
    message: str


@dataclass(frozen=True)
class Graded:
    """What came of one submission.

    Attributes
    ----------
    result : Result
    notebooks : dict of str to bytes
        What the formgrader shows, as JSON, by the names of the notebooks.
    cells : dict of str to bytes
        What the feedback page shows of the student's own cells, as HTML, by the names of the notebooks.
    digest, receipt
        Those of the `Submitted`.
    untouched : tuple of str
        Keys of the solution cells that are as the student found them.
    seconds : float
        By the clock, from the first byte read to here.
    """

    result: Result
    notebooks: dict
    cells: dict
    digest: str
    untouched: tuple
    seconds: float
    receipt: dict = field(default_factory=dict)


def printable(text):
    """Return a text with nothing that a terminal would obey or that a file can't hold; its lines stay."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else " " if sign.isspace() else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )


def one_line(text):
    """Return a text as `printable` does, in one line: the next one would look like somebody else's."""
    return printable(text).replace("\n", " ")


def escaped(name):
    """Return a name as `printable` does, with different names different: what is not printed is written as Python does."""
    return "".join(sign if sign.isprintable() and sign != "\\" else repr(sign)[1:-1] for sign in name)


# Where a spreadsheet may begin a cell, what it may take off there, and what then makes a formula of it: each with what a
# poorer set of characters makes the same of.
SPLIT = ",;\t，﹐︐；﹔︔\u037e"
TAKEN_OFF = r"""\s"'`＂＇"""
COMPUTED = "=+\\-@＝⁼₌﹦⩵⩶＋⁺₊﹢﬩－﹣＠﹫"
NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
FORMULA = re.compile(rf"((?:^|[{SPLIT}])[{TAKEN_OFF}]*)(?=[{COMPUTED}])(?!(?<=,){NUMBER}(?:,|$))")


def no_formula(line):
    """Return a line of CSV that a spreadsheet computes nothing of, whether it splits at commas, semicolons or tabs.

    A backslash stands before what would be computed, as no spreadsheet takes that off. A cell that is a number stays
    one, unless it is the first: split at semicolons, the whole line is.
    """
    return FORMULA.sub(r"\1\\", line)
