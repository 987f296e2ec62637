"""What goes into grading and what comes out: plain data that knows no notebook and no database."""

import json
from dataclasses import asdict, dataclass, field

GRADED = "graded"
TIMED_OUT = "timed_out"
CRASHED = "crashed"
MALFORMED = "malformed"
MISSING = "missing"
SUBMIT_AGAIN = "Ask the student to submit the notebook again."


@dataclass(frozen=True)
class Result:
    """How one submission ended.

    Attributes
    ----------
    student_id, assignment : str
    status : str
        ``graded``, ``timed_out``, ``crashed``, ``malformed`` or ``missing``.
    scores, max_scores : dict of str to float
        Points for each exercise. Whatever did not run counts 0 in ``scores``.
    message : str
        What happened and what to do about it.
    messages : dict of str to str
        What the check of an exercise said, in full; nothing for one that passed.
    """

    student_id: str
    assignment: str
    status: str
    scores: dict = field(default_factory=dict)
    max_scores: dict = field(default_factory=dict)
    message: str = ""
    messages: dict = field(default_factory=dict)

    @property
    def score(self):
        """Sum of the points earned."""
        return sum(self.scores.values())

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
        Fingerprint of it and of the course that it is graded with. The same
        fingerprint means that grading again would change nothing.
    data : bytes or None
        The notebook's file.
    why : str
        Why there is none.
    unchanged : bool
        Whether it was graded before with the same fingerprint; then it comes without its data.
    """

    student_id: str
    digest: str
    data: bytes | None = None
    why: str = ""
    unchanged: bool = False


@dataclass(frozen=True)
class Graded:
    """What came of one submission.

    Attributes
    ----------
    result : Result
    notebook : str
        What feedback is made of, as JSON.
    digest : str
        That of the `Submitted`.
    seconds : float
        By the clock, from the first byte read to here.
    """

    result: Result
    notebook: str
    digest: str
    seconds: float
