"""What a class learned, as data: who handed in, what earned points, and the mistakes by cause, most frequent first.

This is the form of it, how it is written and read, and what has changed since the last time. `grading.gather` fills it
in, and `grading.insight_page` makes a page of it.
"""

import functools
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from grading.result import Status, shortened

VERSION = 1  # of the form of the data


# ---------------------------------------------------------------------------- the data


@dataclass(frozen=True)
class Bar:
    """Scores that count as one: how many students have ``least`` to ``most`` points."""

    least: float
    most: float
    students: int


@dataclass(frozen=True)
class Scores:
    """The scores of those who handed in.

    Attributes
    ----------
    most : float
        What can be earned.
    full : int
        How many have that, with nothing that waits for a person.
    mean, median : float or None
        None where nobody has a score.
    without : int
        Of whom the grader could not finish it and nobody has given any points.
    bars : list of Bar
    """

    most: float
    full: int
    mean: float | None
    median: float | None
    without: int
    bars: list[Bar]


@dataclass(frozen=True)
class Exercise:
    """What those who handed in have of one graded cell: all points, some, none; or it waits for a person.

    Attributes
    ----------
    key, title : str
    points : float
    full, partly, none, waiting : int
    stubs : list of str
        Who seems to have left it as it was given, by id. They are among the others, too.
    """

    key: str
    title: str
    points: float
    full: int = 0
    partly: int = 0
    none: int = 0
    waiting: int = 0
    stubs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Example:
    """A hint or a line of code, and how many of a mistake's students have it word for word."""

    text: str
    students: int


@dataclass(frozen=True)
class Mistake:
    """Failures that are alike.

    Attributes
    ----------
    id : str
        The same in every report.
    exercise : str
        Key of the graded cell.
    title : str
        The course's own name for it; else its kind and cause; else empty.
    kind, cause, error : str
        As in `grading.result.Failure`.
    said : str
        What a test said to all of them, with … where they differ. It is the student's own text unless ``is_fixed``.
    is_own, is_fixed : bool
        As in `grading.result.Failure`.
    hint, line : Example or None
        The most frequent hint, and the line of code that tells the mistake best: see `telling`.
    students : list of str
        Their ids.
    """

    id: str
    exercise: str
    title: str
    kind: str
    cause: str
    error: str
    said: str
    is_own: bool
    is_fixed: bool
    hint: Example | None
    line: Example | None
    students: list[str]

    @property
    def whose(self) -> str:
        """Whose words the name is, where they are not the course's own."""
        if self.title:
            return ""
        if not self.is_own:  # whoever raises what a test says word for word has raised it all the same
            return "In their own code"
        return "" if self.is_fixed else "The test said"

    @property
    def name(self) -> str:
        """What it is called, by the course if it can."""
        return f"{self.whose}: {self.said}" if self.whose else self.title or self.said


@dataclass(frozen=True)
class Past:
    """How many students had made a mistake."""

    id: str
    exercise: str
    name: str
    students: int


@dataclass(frozen=True)
class Earlier:
    """What is kept of an earlier report: when it was made, who had handed in, and how many.

    Attributes
    ----------
    made : str
    handed_in : list of str
    full : dict of str to int
        Students with full points, by the key of the exercise.
    mistakes : list of Past
    """

    made: str
    handed_in: list[str]
    full: dict[str, int]
    mistakes: list[Past]


@dataclass(frozen=True)
class Insight:
    """What a class learned.

    Attributes
    ----------
    assignment, title : str
    made, since : str
        When it was told, and since when it is so: the time of the first report that says the same.
    states : dict of str to list of str
        The ids of the students in each state, as in `grading.result.Result`.
    late, waiting : list of str
        Who handed in late, and whose grades wait for a person.
    grades : int
        How many grades wait.
    scores : Scores
    exercises : list of Exercise
    mistakes : list of Mistake
        The most frequent first.
    before : Earlier or None
        The last report that said something else.
    """

    assignment: str
    title: str
    made: str
    since: str
    states: dict[str, list[str]]
    late: list[str]
    waiting: list[str]
    grades: int
    scores: Scores
    exercises: list[Exercise]
    mistakes: list[Mistake]
    before: Earlier | None = None
    version: int = VERSION

    @property
    def students(self) -> int:
        """How many there are in the class."""
        return sum(map(len, self.states.values()))

    @property
    def handed_in(self) -> list[str]:
        """The ids of those who handed in."""
        return sorted(one for state, students in self.states.items() if state != Status.MISSING for one in students)

    @property
    def timed_out(self) -> list[str]:
        return self.states.get(Status.TIMED_OUT, [])

    @property
    def stubs(self) -> list[str]:
        """The ids of those who seem to have left something as it was given."""
        return sorted({one for exercise in self.exercises for one in exercise.stubs})

    @property
    def titles(self) -> dict[str, str]:
        """What the exercises are called, by their keys."""
        return {one.key: one.title for one in self.exercises}

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Insight":
        """Return what `as_json` wrote, from data that fit `schema`."""
        scores = data["scores"]
        mistakes = [
            one | {part: Example(**one[part]) if one[part] else None for part in ("hint", "line")}
            for one in data["mistakes"]
        ]
        made = {
            "scores": Scores(**scores | {"bars": [Bar(**bar) for bar in scores["bars"]]}),
            "exercises": [Exercise(**one) for one in data["exercises"]],
            "mistakes": [Mistake(**one) for one in mistakes],
            "before": None,
        }
        if before := data["before"]:
            made["before"] = Earlier(**before | {"mistakes": [Past(**one) for one in before["mistakes"]]})
        return cls(**data | made)


@functools.cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the data."""
    text = (Path(__file__).parent / "templates" / "insight.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


# ----------------------------------------------------------- what changed since the last one


@dataclass(frozen=True)
class Changes:
    """What is another than in an earlier report.

    Attributes
    ----------
    made : str
        When that was made.
    arrived : list of str
        Who has handed in since then.
    gone : int
        How many had, and have not any more.
    full : list of (str, int, int)
        Of each exercise whose number has changed: its title, and how many had and have full points.
    mistakes : list of (Past, int)
        Of each mistake whose number has changed: how many made it, and how many make it now.
    """

    made: str
    arrived: list[str]
    gone: int
    full: list[tuple[str, int, int]]
    mistakes: list[tuple[Past, int]]

    @property
    def is_empty(self) -> bool:
        return not (self.arrived or self.gone or self.full or self.mistakes)


def changes(now: Insight) -> Changes | None:
    """Return what has changed since the last report that said something else; None where there is none."""
    if now.before is None:
        return None
    before, there, then = now.before, now.handed_in, {*now.before.handed_in}
    known = {one.id: replace(one, students=0) for one in past(now)} | {one.id: one for one in before.mistakes}
    many = {one.id: len(one.students) for one in now.mistakes}
    other = [(one, many.get(one.id, 0)) for one in known.values() if one.students != many.get(one.id, 0)]
    return Changes(
        before.made,
        [one for one in there if one not in then],
        len(then.difference(there)),
        [(one.title, was, one.full) for one in now.exercises if (was := before.full.get(one.key, 0)) != one.full],
        sorted(other, key=lambda one: (-abs(one[1] - one[0].students), one[0].name)),
    )


def past(now: Insight) -> list[Past]:
    """Return what the next report has to know of the mistakes in this one."""
    return [Past(one.id, one.exercise, one.name, len(one.students)) for one in now.mistakes]


def with_history(now: Insight, last: Insight | None) -> Insight:
    """Return a report that knows the last one that differs: the same report twice has not changed since then, and says so."""
    if last is None:
        return now
    if replace(now, made="", since="", before=None) == replace(last, made="", since="", before=None):
        return replace(now, since=last.since, before=last.before)
    full = {one.key: one.full for one in last.exercises}
    return replace(now, before=Earlier(last.made, last.handed_in, full, past(last)))


def last_report(path: Path, assignment: str) -> tuple[Insight | None, str]:
    """Return the last report of an assignment, and a sentence where a file is there that is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        wrong = next(Draft7Validator(schema()).iter_errors(data), None)
        if wrong is None and data["assignment"] == assignment:
            return Insight.of(data), ""
        why = wrong.message if wrong else f"it is of {data['assignment']}"
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError, RecursionError) as error:
        why = str(error)
    return None, f"{path.name} is no report of {assignment}, so nothing is compared with it: {shortened(why, 200)}."
