"""Makes the page that tells a teacher what a class learned, and one of it that the class itself may see."""

import builtins
from dataclasses import dataclass, replace
from datetime import datetime

from markupsafe import Markup

from grading.assignment import CourseAssignment, write_whole
from grading.gather import words_of
from grading.insight import Bar, Changes, Example, Insight, Mistake, Scores, changes
from grading.page import FILTERS, load_template
from grading.result import Status, escaped, one_line, shortened

SHOWN, FIRST = 60, 12  # mistakes on the page, and those that are not folded away; the data has all of them
LONGEST = 160  # characters of a mistake's name that are shown
# On a page for the class no number tells of fewer students than these, nor of all but fewer: who knows that only one was
# late often knows who. Nor does it quote what fewer wrote, or what students made a test say.
SMALL = 3
# Students of whose scores a mean tells nobody's: with fewer, whoever knows most of them reckons out the rest.
ENOUGH = 30

INSIGHT_FILTERS = {
    "when": lambda text: when(text),
    "id": escaped,
    "brief": lambda text: shortened(text, LONGEST),
    "plain": one_line,
    "line": lambda text: Markup('<code dir="ltr">{}</code>').format(one_line(text)),
}


@dataclass(frozen=True)
class Fact:
    """A number that is told of the class, with the ids of the students that it counts."""

    number: str
    words: str
    students: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A part of the class, as a bar: what it is, how many, and how many of a hundred the bar is long."""

    name: str
    number: str
    share: float
    rest: str = ""


@dataclass(frozen=True)
class Shown:
    """A mistake as the page tells it."""

    number: str
    share: float
    mistake: Mistake
    exercise: str
    is_new: bool = False


@dataclass(frozen=True)
class Page:
    """What the page says.

    Attributes
    ----------
    insight : grading.insight.Insight
    is_anonymous : bool
    facts : list of Fact
    exercises, bars : list of Row
    mistakes : list of Shown
    more : int
        How many mistakes are left out.
    changes : grading.insight.Changes or None
    """

    insight: Insight
    is_anonymous: bool
    facts: list[Fact]
    exercises: list[Row]
    bars: list[Row]
    mistakes: list[Shown]
    more: int
    changes: Changes | None = None

    @property
    def parts(self) -> tuple[list[Shown], list[Shown]]:
        """The mistakes that are seen at once, and those that are folded away."""
        return self.mistakes[:FIRST], self.mistakes[FIRST:]

    @property
    def spread(self) -> str:
        """The middle of the scores, as a sentence."""
        scores, of = self.insight.scores, len(self.insight.handed_in)
        if scores.mean is None or self.is_anonymous and of < ENOUGH:
            return ""
        begin = "So far, half" if self.insight.waiting else "Half"
        whose = f"{begin} of those who handed in have {scores.median:.4g} points or more"
        return f"{whose}, of {scores.most:g}. The mean is {scores.mean:.3g}."


# ------------------------------------------------------------------------ for the teacher


def for_the_teacher(insight: Insight) -> Page:
    """Return what the page says that only a teacher reads."""
    of = len(insight.handed_in)
    past = {one.id for one in insight.before.mistakes} if insight.before else None
    shown = [
        Shown(f"{len(one.students)} of {of}", share(len(one.students), of), one, insight.titles.get(one.exercise, one.exercise),
              past is not None and one.id not in past)
        for one in insight.mistakes[:SHOWN]
    ]  # fmt: skip
    exercises = []
    for one in insight.exercises:
        parts = {"with some": one.partly, "with none": one.none, "waiting for a person": one.waiting}
        rest = [f"{many} {name}" for name, many in parts.items() if many]
        rest += [f"{len(one.stubs)} seemingly left as given"] * bool(one.stubs)
        exercises.append(Row(one.title, f"{one.full} of {of}", share(one.full, of), ", ".join(rest)))
    most = max((bar.students for bar in insight.scores.bars), default=0)
    bars = [
        Row(label(bar, insight.scores), str(bar.students), share(bar.students, most)) for bar in insight.scores.bars
    ]
    facts = [Fact(str(number), words, tuple(who)) for number, words, who in facts_of(insight)]
    return Page(insight, False, facts, exercises, bars, shown, len(insight.mistakes) - len(shown), changes(insight))


def facts_of(insight: Insight) -> list[tuple[int, str, list[str]]]:
    """Return the numbers that are told of a class: each with words, and the ids of who is meant."""
    states, scores = insight.states, insight.scores
    of, missing = len(insight.handed_in), states.get(Status.MISSING, [])
    facts = [
        (of, f"of {insight.students} handed in", missing),
        (scores.full, "with full points", []),
        (len(insight.stubs), "left an answer as it was given, it seems", insight.stubs),
        (len(insight.timed_out), "ran out of time", insight.timed_out),
        (len(insight.late), "handed in late", insight.late),
        (len(insight.waiting), "waiting for a person", insight.waiting),
    ]
    ends = {
        Status.CRASHED: "ended the notebook's own process",
        Status.MALFORMED: "handed in what is no notebook",
        Status.FAILED: "could not be graded to the end",
    }
    return facts + [(len(states[state]), words, states[state]) for state, words in ends.items() if state in states]


def label(bar: Bar, scores: Scores) -> str:
    """Return what a bar of the distribution counts: where each was of one score, several together have all of these."""
    if bar.least == bar.most:
        return f"{bar.least:g}"
    whole = bar.most >= scores.most or all(one.least == one.most for one in scores.bars)
    return f"{bar.least:g} to {bar.most:g}" if whole else f"{bar.least:g} to below {bar.most:g}"


def share(many: int, of: int) -> float:
    """Return how many of a hundred that is."""
    return round(100 * many / of, 1) if of else 0.0


# -------------------------------------------------------------------------- for the class


def for_the_class(insight: Insight, names: frozenset[str]) -> Page:
    """Return what the page says that is shown in the lecture: nothing that points to anybody.

    Parameters
    ----------
    insight : grading.insight.Insight
    names : frozenset of str
        The words that the students are called by.
    """
    of = len(insight.handed_in)
    alike = [one for one in merged(insight.mistakes) if len(one.students) >= SMALL]
    shown = [
        Shown(few(len(one.students), of, f" of {of}"), told_share(len(one.students), of), less_names(one, names), insight.titles.get(one.exercise, one.exercise))
        for one in alike[:SHOWN]
    ]  # fmt: skip
    exercises = [Row(one.title, few(one.full, of, f" of {of}"), told_share(one.full, of)) for one in insight.exercises]
    bars = wide_enough(insight.scores.bars)
    most = max((bar.students for bar in bars), default=0)
    rows = [Row(label(bar, insight.scores), str(bar.students), share(bar.students, most)) for bar in bars]
    facts = [
        Fact(few(number, insight.students if at == 0 else of), words)
        for at, (number, words, _) in enumerate(facts_of(insight))
    ]
    return Page(insight, True, facts, exercises, rows, shown, 0)


def is_many(number: int, of: int) -> bool:
    """Whether a number of students points to nobody, and what is left of them neither."""
    return all(part == 0 or part >= SMALL for part in (number, of - number))


def few(number: int, of: int, rest: str = "") -> str:
    """Return a number of students with the rest of what is said of it, in words where it would point to some of them."""
    if is_many(number, of):
        return f"{number}{rest}"
    return f"fewer than {SMALL}" if number < SMALL else f"all but fewer than {SMALL}"


def told_share(number: int, of: int) -> float:
    """Return how long the bar beside `few` is: it tells no more than the words do."""
    if is_many(number, of):
        return share(number, of)
    return 0.0 if number < SMALL else 100.0


def wide_enough(bars: list[Bar]) -> list[Bar]:
    """Return a distribution in which no bar is of a few students: neighbours are taken together. It may be empty."""
    found: list[Bar] = []
    for bar in bars:
        if found and 0 < found[-1].students < SMALL:
            last = found.pop()
            bar = Bar(last.least, bar.most, last.students + bar.students)
        found.append(bar)
    while len(found) > 1 and 0 < found[-1].students < SMALL:
        last, before = found.pop(), found.pop()
        found.append(Bar(before.least, last.most, before.students + last.students))
    return found if len(found) > 1 else []


def merged(mistakes: list[Mistake]) -> list[Mistake]:
    """Return the mistakes without what students made a test say: what is left of those is the type of an error.

    Its name is theirs, too, unless it is Python's.
    """
    found: dict[tuple[str, ...], Mistake] = {}
    for one in mistakes:
        if not one.title and not one.is_fixed:
            known = isinstance(getattr(builtins, one.error, None), type)
            said = f"{one.error if known else 'an error of another kind'}"
            one = replace(one, said=said, hint=None, error=said)
            key: tuple[str, ...] = (one.exercise, one.whose, said)
        else:
            key = (one.id,)
        first = found.get(key)
        found[key] = (
            replace(first, students=first.students + one.students, line=first.line or one.line) if first else one
        )
    return sorted(found.values(), key=lambda one: -len(one.students))


def less_names(one: Mistake, names: frozenset[str]) -> Mistake:
    """Return a mistake with the hint and the line of code only where several have them, and nobody's name stands in them."""

    def kept(example: Example | None) -> Example | None:
        is_shown = example and example.students >= SMALL and names.isdisjoint(words_of(example.text))
        return example if is_shown else None

    return replace(one, hint=kept(one.hint), line=kept(one.line), students=[])


# ------------------------------------------------------------------------------- the page


def when(text: str) -> str:
    """Return a time as a person reads it."""
    try:
        return f"{datetime.fromisoformat(text):%d %B %Y, %H:%M}".lstrip("0")
    except ValueError:  # of a report that something else has written
        return text


def as_html(page: Page) -> str:
    """Return the page as HTML."""
    return load_template("insight.html", FILTERS | INSIGHT_FILTERS).render(page=page, insight=page.insight)


def write_pages(course: CourseAssignment, insight: Insight, names: frozenset[str], anonymous: bool) -> list[str]:
    """Write grades/ASSIGNMENT.html, and with ``anonymous`` a page for the class beside it; return the names of the files."""
    pages = {"": for_the_teacher(insight)} | ({"-anonymous": for_the_class(insight, names)} if anonymous else {})
    folder, written = course.root / "grades", []
    for ending, page in pages.items():
        path = folder / f"{course.assignment}{ending}.html"
        write_whole(path, as_html(page))
        written.append(path.name)
    return written
