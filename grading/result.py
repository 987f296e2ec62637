"""The outcome of grading one submission: plain data that knows no notebook and no database."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

GRADED = "graded"
TIMED_OUT = "timed_out"
CRASHED = "crashed"
MALFORMED = "malformed"
MISSING = "missing"


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
    digest : str
        Fingerprint of the submission and the course it was graded with. The same
        fingerprint means that grading again would change nothing.
    """

    student_id: str
    assignment: str
    status: str
    scores: dict = field(default_factory=dict)
    max_scores: dict = field(default_factory=dict)
    message: str = ""
    messages: dict = field(default_factory=dict)
    digest: str = ""

    @property
    def score(self):
        """Sum of the points earned."""
        return sum(self.scores.values())

    @property
    def max_score(self):
        """Sum of the points that could be earned."""
        return sum(self.max_scores.values())

    def save(self, path):
        """Store as JSON at ``path``: written beside it, then renamed, so never half."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".new")
        beside.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        os.replace(beside, path)

    @classmethod
    def load(cls, path: Path):
        """Read what `save` stored; None where nothing readable is."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
