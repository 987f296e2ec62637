"""Gathers what a class learned, from what the gradebook says of each student and what their tests gave as reasons.

The numbers are those of `grading.standing`. Failures that are alike are one mistake: see `likeness`. No notebook is read.
"""

import functools
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from statistics import mean, median

from nbgrader.api import Student
from sqlalchemy import select

from grading import standing
from grading.assignment import CourseAssignment, write_whole
from grading.excerpt import mark, normalized_line
from grading.insight import Bar, Example, Exercise, Insight, Mistake, Scores, last_report, with_history
from grading.master import hashed, titles
from grading.result import Failure, Standing, Status

BARS = 10  # of the distribution of scores, where there are more different ones
MOST = 20_000  # different lines that are counted for one mistake
ANSWERS = ""  # no line's mark
LETTERS = 3  # of a part of an id, at the least, that is looked for, and of a name that is looked for within a word
# Scripts without blanks.
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
PLACE = re.compile(r" \((?:line \d|[^()]*, line \d).*\)$")  # where Python could not read a cell
VALUES = re.compile(
    r"""(?P<text>'[^']*'|"[^"]*")|0x[0-9a-f]+|(?<![\w.])[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?(?!\w)""", re.IGNORECASE
)


@dataclass
class MistakeGroup:
    """Failures that are alike, while they are gathered."""

    key: str
    first: Failure
    students: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    hints: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)  # by what `normalized_line` makes of them
    written: dict[str, str] = field(default_factory=dict)  # the first of each


class ClassTally:
    """Gathers what a class learned, one student after the other.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    students : iterable of str
        The ids of all who are in the class.
    """

    def __init__(self, course: CourseAssignment, students: Iterable[str]) -> None:
        self.course, self.names = course, names_in(course, students)
        self.possible = {key: most for key, most in standing.possible_points(course).items() if most > 0}
        self.counts: dict[str, Counter[str]] = {key: Counter() for key in self.possible}
        self.stubs: dict[str, list[str]] = {key: [] for key in self.possible}
        self.states: dict[str, list[str]] = {}
        self.late: list[str] = []
        self.waiting: list[str] = []
        self.scores: list[float] = []
        self.grades = self.full = self.without = 0
        self.most = 0.0
        self.groups: dict[tuple[str, ...], MistakeGroup] = {}
        self.right: dict[str, Counter[str]] = {}  # the lines of right answers, and how many these are
        self.identifying_words = frozenset(part for parts in self.names.values() for part in parts)

    @property
    def students(self) -> set[str]:
        """The ids of those who were added."""
        return {student for students in self.states.values() for student in students}

    def add(self, one: Standing) -> None:
        """Add what the gradebook says of a student."""
        self.states.setdefault(one.status, []).append(one.student_id)
        self.late += [one.student_id] * (one.late > 0)
        self.waiting += [one.student_id] * bool(one.needs_manual)
        self.grades += one.needs_manual
        self.most = one.max_score
        if one.status == Status.MISSING:
            return
        self.full += one.score is not None and one.score >= one.max_score and not one.needs_manual
        self.without += one.score is None
        self.scores += [] if one.score is None else [one.score]
        for key, most in self.possible.items():
            self.counts[key][outcome(one, key, most)] += 1
        for key, marks in one.right.items():
            self.right.setdefault(key, Counter()).update([*marks, ANSWERS])
        for key, failure in one.failures.items():
            if failure.is_stub and key in self.stubs:
                self.stubs[key].append(one.student_id)
            elif not failure.is_stub:
                self.add_failure(one.student_id, key, failure)

    def add_failure(self, student: str, key: str, failure: Failure) -> None:
        group = self.groups.setdefault(likeness(key, failure), MistakeGroup(key, failure))
        group.students.append(student)
        if len(group.said) < 2:
            group.said.add(failure.said)
        group.hints.update([failure.hint] if failure.hint else [])
        for known, line in {normalized_line(line): line for line in failure.lines}.items():
            if (known in group.lines or len(group.lines) < MOST) and not self.names_somebody(line, student):
                group.lines[known] += 1
                group.written.setdefault(known, line)

    def names_somebody(self, line: str, student: str) -> bool:
        """Whether a line has the name or the id of anybody in the class as a word, or its writer's within one."""
        small = plain(line).casefold()
        return not self.identifying_words.isdisjoint(words_of(line)) or any(
            part in small for part in self.names.get(student, ()) if len(part) > LETTERS
        )

    def insight(self, now: datetime) -> Insight:
        """Return what the class learned, as it is now."""
        names = titles_of(self.course, self.possible)
        lines = shares(self.groups.values())
        mistakes = [
            mistake(known, group, most_typical_line(group, lines[group.key], self.right.get(group.key, Counter())))
            for known, group in self.groups.items()
        ]
        order = {key: number for number, key in enumerate(self.possible)}
        mistakes.sort(key=lambda one: (-len(one.students), order.get(one.exercise, len(order)), one.title, one.said))
        told = now.isoformat(timespec="microseconds")  # two reports within a second are two
        return Insight(
            self.course.assignment,
            next(iter(self.course.master.notebooks.values())).title,
            told,
            told,
            dict(sorted(self.states.items())),
            self.late,
            self.waiting,
            self.grades,
            scores_of(self.scores, self.most, self.full, self.without),
            [
                Exercise(key, names[key], most, **self.counts[key], stubs=self.stubs[key])
                for key, most in self.possible.items()
            ],
            mistakes,
        )


def outcome(one: Standing, key: str, most: float) -> str:
    """Return what a student has of a graded cell, as `Exercise` calls it."""
    score = one.scores.get(key, 0.0)
    if key in one.waiting or score is None:
        return "waiting"
    return "full" if score >= most else "partly" if score > 0 else "none"


def likeness(key: str, failure: Failure) -> tuple[str, ...]:
    """Return what is the same of two failures that count as one mistake.

    That is the title, else the kind and the cause, that the course's own test gave; else the test and what it said, but for
    the values in it where it may not be the test's own text. Nothing that a student raises is alike to what a test says, and
    nothing that a student made a test say is alike to a test's own words: the first would decide whose words all of them are.
    """
    if name := title_of(failure):
        return key, "cause", name
    whose = "test" if failure.is_own else "student"
    if failure.is_fixed:
        return key, whose, failure.error, failure.said
    return key, whose, failure.error, pattern(failure.said), "worded"


def title_of(failure: Failure) -> str:
    """Return what the course calls a mistake; an empty text where it does not."""
    return failure.title or ": ".join(part for part in (failure.kind, failure.cause) if part)


def pattern(text: str) -> str:
    """Return a message without the values that differ from student to student."""
    bare = VALUES.sub(lambda found: "'…'" if found["text"] else "…", PLACE.sub("", text))
    return re.sub(r"…(?:[,\s]+…)+", "…", bare)


def mistake(known: tuple[str, ...], group: MistakeGroup, line: Example | None) -> Mistake:
    """Return what is told of failures that are alike, with the line that tells them best."""
    first, hint = group.first, group.hints.most_common(1)
    return Mistake(
        hashed(known)[:12],
        group.key,
        title_of(first),
        first.kind,
        first.cause,
        first.error,
        PLACE.sub("", first.said) if len(group.said) == 1 else pattern(first.said),
        first.is_own,
        first.is_fixed,
        Example(*hint[0]) if hint else None,
        line,
        group.students,
    )


def shares(groups: Iterable[MistakeGroup]) -> dict[str, dict[str, list[float]]]:
    """Return the second and the largest share that a line of code has of a mistake's students, by exercise and line."""
    found: dict[str, dict[str, list[float]]] = {}
    for group in groups:
        lines = found.setdefault(group.key, {})
        for line in group.lines:
            lines[line] = sorted([*lines.get(line, (0.0,)), share(group, line)])[-2:]
    return found


def share(group: MistakeGroup, line: str) -> float:
    """Return the share of a mistake's students who have a line; of a few students it says little, and so it counts for less."""
    return group.lines[line] / (len(group.students) + 2)


def most_typical_line(group: MistakeGroup, elsewhere: dict[str, list[float]], right: Counter[str]) -> Example | None:
    """Return the line of code that tells a mistake best: frequent where it was made, and rare in all other answers.

    What the given cell and the course's own solution have is not among the lines at all. Of the rest it is the line whose
    share is the most above its share in the right answers, and in any other mistake of the exercise; of several the
    longest. There is none where no line is above these.

    Parameters
    ----------
    group : MistakeGroup
    elsewhere : dict of str to list of float
        What `shares` returns for the exercise.
    right : Counter
        How many right answers of the exercise have each line, by its mark; and under `ANSWERS` how many there are.
    """

    def rated(line: str) -> tuple[float, int, str]:
        own, (second, first) = share(group, line), elsewhere[line]
        others = second if own == first else first
        return own - max(others, right[mark(line)] / (right[ANSWERS] + 2)), len(line), line

    best = max(map(rated, group.lines), default=None)
    return Example(group.written[best[2]], group.lines[best[2]]) if best and best[0] > 0 else None


def scores_of(scores: list[float], most: float, full: int, without: int) -> Scores:
    """Return the distribution of some scores: a bar for each where they are few, else ten as wide as each other."""
    different = sorted({*scores, 0.0, most})
    if len(different) <= BARS or most <= 0:
        bars = [Bar(one, one, scores.count(one)) for one in different]
    else:
        step = most / BARS
        found = Counter(min(max(int(score / step), 0), BARS - 1) for score in scores)
        bars = [Bar(number * step, (number + 1) * step, found[number]) for number in range(BARS)]
        bars[0] = replace(bars[0], least=min(0.0, *scores))
        bars[-1] = replace(bars[-1], most=max(most, *scores))  # extra credit goes above what can be earned
    average, middle = (mean(scores), float(median(scores))) if scores else (None, None)
    return Scores(most, full, average, middle, without, bars)


def titles_of(course: CourseAssignment, keys: Iterable[str]) -> dict[str, str]:
    """Return what a person calls each graded cell, by its key: the heading above it, where it has one of its own."""
    headings = {
        notebook.key(name): heading
        for notebook in course.master.notebooks.values()
        for name, heading in notebook.headings.items()
    }
    return {key: headings.get(key) or title for key, title in titles([*keys]).items()}


def names_in(course: CourseAssignment, students: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the words that each student is called by, by id: of the id, and of what the gradebook says of the person."""
    columns = Student.id, Student.first_name, Student.last_name, Student.email
    with course.gradebook() as gradebook:
        people = {row[0]: [text or "" for text in row] for row in gradebook.db.execute(select(*columns))}
    return {one: called(*people.get(one, (one, "", "", ""))) for one in {*students, *people}}


def called(student: str, first: str, last: str, email: str) -> frozenset[str]:
    """Return the words that a person is called by, as `words_of` has them, and what they are written together.

    A name may be as short as Li. Python's own words are none, as they stand in every other line.
    """
    together = (re.sub(r"[\W_]", "", plain(text)) for text in (first, last, first + last, last + first))
    names = {word for word in words_of(" ".join([first, last, *together])) if len(word) > 1 and not word.isdecimal()}
    others = {word for word in words_of(f"{student} {email.partition('@')[0]}") if len(word) >= LETTERS}
    return frozenset(word for word in names | others if not keyword.iskeyword(word))


def plain(text: str) -> str:
    """Return a text without accents: the same name may be written with them or without, and in more than one way."""
    if text.isascii():
        return text
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", bare)


@functools.lru_cache(10_000)
def words_of(text: str) -> frozenset[str]:
    """Return the words of a text or a line of code in small letters, those that it writes together also apart.

    Written together are words that begin with a capital, a word and a number, and all in scripts without blanks.
    """
    text = plain(text)
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    both = f"{apart} {text}".casefold()
    found = {*re.findall(r"[^\W_]+", both), *re.findall(r"[^\W\d_]+", both)}
    for run in () if text.isascii() else UNSPACED.findall(both):
        found.update(run[at : at + many] for many in (2, 3, 4) for at in range(len(run) - many + 1))
    return frozenset(found)


def write_report_data(course: CourseAssignment, tally: ClassTally, now: datetime) -> tuple[Insight, str]:
    """Write grades/ASSIGNMENT.json; return what is in it, and a sentence where the last one could not be read."""
    path = course.root / "grades" / f"{course.assignment}.json"
    last, sentence = last_report(path, course.assignment)
    insight = with_history(tally.insight(now), last)
    write_whole(path, insight.as_json())
    return insight, sentence
