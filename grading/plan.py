"""Who is to be graded, and why: what was handed in again, what has changed in the course."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from nbgrader.api import Gradebook
from sqlalchemy import select

from grading.assignment import CourseAssignment
from grading.master import THE_ANSWER, THE_POINTS_OF, THE_TEST
from grading.result import Status
from grading.submission import Place
from grading.tables import Outcomes, Versions, in_batches, outcomes_of, removed_students, with_submission

Digests = Callable[[Sequence[Place]], Sequence[str]]


@dataclass
class Plan:
    """What there is to grade, and why.

    Attributes
    ----------
    changed, unchanged : list of str
        Who is graded, and whose grade still holds.
    removed : set of str
        Whom a person removed from the gradebook.
    interrupted : list of str
        Whose grading began the last time and was not stored.
    why : Counter
        How many are graded for each reason.
    course : Counter
        What has changed in the course, and how many were graded before that.
    left_out : dict of str to str
        What lies among the submissions and is not graded, with the reason.
    penalties : int
        Of how many the penalty is another one, without grading them again.
    together : list of str
        The tests that run together with the student's code.
    """

    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    interrupted: list[str] = field(default_factory=list)
    why: Counter[str] = field(default_factory=Counter)
    course: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, str] = field(default_factory=dict)
    penalties: int = 0
    together: list[str] = field(default_factory=list)

    def sentences(self) -> Iterator[str]:
        """Yield what a person wants to know before it starts."""
        if self.left_out:
            yield "Left out: " + "; ".join(f"{name} ({why})" for name, why in sorted(self.left_out.items())) + "."
        for changes, number in self.course.items():
            yield f"Changed since {number} {'was' if number == 1 else 'were'} graded: {changes}."
        if self.penalties:
            whose = f"{self.penalties} {'student' if self.penalties == 1 else 'students'}"
            yield f"The late penalty of {whose} has changed: by a due date, an extension, points or the course's rule."
        if self.changed:
            reasons = ", ".join(f"{number} {why}" for why, number in self.why.items())
            yield f"To be graded: {reasons}; {len(self.unchanged)} unchanged."
        if self.changed and self.together:
            yield (f"Run together with the student's code, which could forge their points: {', '.join(self.together)}.")


INTERRUPTED = "interrupted the last time"
COURSE_CHANGED = "because the course has changed"


# One function: the class is walked through once, in batches.
def make_plan(
    course: CourseAssignment,
    gradebook: Gradebook,
    version: str,
    students: Sequence[str],
    digests: Digests,
    force: bool = False,
) -> Plan:
    """Look at what everybody handed in, and return who is to be graded.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    gradebook : nbgrader.api.Gradebook
    version : str
        Fingerprint of the course as it is now.
    students : sequence of str
    digests : callable
        Returns the fingerprints of what lies at some places.
    force : bool
        Grade also what has not changed.
    """
    plan = Plan(left_out=course.arrivals()[1], removed=removed_students(course, gradebook).intersection(students))
    taken_in = "removed from the gradebook; `nbgrader db student add` takes it in again"
    plan.left_out |= dict.fromkeys(sorted(plan.removed), taken_in)
    query = select(Versions.c.course, Versions.c.parts).where(Versions.c.assignment == course.assignment)
    versions = {name: json.loads(parts) for name, parts in gradebook.db.execute(query)}
    columns = Outcomes.c.student_id, Outcomes.c.submitted, Outcomes.c.course, Outcomes.c.status
    for some in in_batches([student for student in students if student not in plan.removed]):
        rows = gradebook.db.execute(select(*columns).where(outcomes_of(course.assignment, some)))
        known = {student: LastGrading(*rest) for student, *rest in rows}
        there = with_submission(course, gradebook, some)
        places = [course.place(student) for student, last in known.items() if last.status]
        now = dict(zip([place.student_id for place in places], digests(places) if places else ()))
        for student in some:
            last = known.get(student)
            why = reason_to_grade(course, student, last, now.get(student), version, student in there)
            if why == INTERRUPTED:
                plan.interrupted.append(student)
            elif last and why == COURSE_CHANGED:
                parts = versions.get(last.course)
                plan.course[describe_changes(parts, course.parts()) if parts else "the grader"] += 1
            why = why or "because of --force" * force
            (plan.changed if why else plan.unchanged).append(student)
            plan.why.update([why] if why else [])
    return plan


class LastGrading(NamedTuple):
    """What was stored of one student: fingerprints of what was handed in and of the course, and a status.

    The status is None where grading was interrupted.
    """

    submitted: str
    course: str
    status: str | None


def reason_to_grade(
    course: CourseAssignment, student: str, last: LastGrading | None, digest: str | None, version: str, is_there: bool
) -> str:
    """Return why a student is graded, an empty text where what was stored still holds.

    Parameters
    ----------
    last : LastGrading or None
    digest : str or None
        Fingerprint of what the student has handed in now.
    version : str
        Fingerprint of the course as it is now.
    is_there : bool
        Whether nbgrader's tables have a submission of the student.
    """
    if last is None:
        return "not graded before"
    if last.status is None:
        return INTERRUPTED
    if last.status != Status.MISSING and not is_there:
        return "not graded before"
    if last.status != Status.MISSING and not course.is_shown(student):
        return "without all that is shown of them"
    if digest != last.submitted:
        return "missing before" if last.status == Status.MISSING else "handed in again"
    return COURSE_CHANGED if last.course != version else ""


def describe_changes(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return what differs between two sets of parts, as one line of text."""
    found = []
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        points = name.startswith(THE_POINTS_OF)
        if points and (old is None or new is None):
            cells = {name.replace(THE_POINTS_OF, kind, 1) for kind in (THE_TEST, THE_ANSWER)}
            if cells & {**before, **now}.keys():
                continue  # the cell itself is told of
        if old is None:
            found.append(f"{name} (new)")
        elif new is None:
            found.append(f"{name} (gone)")
        elif old != new:
            found.append(f"{name} ({new}, was {old})" if points else name)
    return ", ".join(found)
