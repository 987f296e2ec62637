"""The commands of ``python -m grading``, and what reads the command line."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.converters.base import NbGraderException
from rich.progress import Progress, TaskID

from grading import fleet, standing
from grading.apart import copy_course, create_throwaway_gradebook
from grading.assignment import CourseAssignment, write_whole
from grading.export import FORMATS, export_to
from grading.feedback import PageState, write_feedback
from grading.gather import ClassTally, write_report_data
from grading.grader import grader_for
from grading.insight_page import write_pages
from grading.plan import Plan
from grading.release import release as build
from grading.result import SHOWN, GradedSubmission, Result, Standing, Status, escaped, in_short, shortened
from grading.roster import BadRoster, load
from grading.sandbox import NoSandbox, Unconfined
from grading.table import as_csv, columns, print_table, row
from grading.tables import removed_students
from grading.terminal import console, progress, relative, say, stop
from grading.work import OtherVersion, Work

NOBODY = "Nobody is graded yet. Run `python -m grading autograde {}` first."


def main() -> None:
    """Run one command; exit with 1 where it found something wrong, and one sentence."""
    arguments = parser().parse_args()
    try:
        arguments.command(arguments)
    except KeyboardInterrupt:
        say("Stopped. What was graded is kept, and the same command goes on from there.")
        sys.exit(130)
    except OSError as error:
        if error.errno is None:  # a sentence of our own
            stop(str(error))
        where = f": {error.filename}" * (error.filename is not None)
        stop(f"{error.strerror}{where}. What was stored is kept; mend it, and run the same command again.")
    except (NbGraderException, NoSandbox, OtherVersion, BadRoster) as error:
        stop(str(error))


Command = Callable[[argparse.Namespace], None]
Option = tuple[str, dict[str, Any]]  # its name, and what `argparse` is told of it

EXPORT_OPTIONS: tuple[Option, ...] = (
    ("--format", {"choices": [*FORMATS], "required": True, "help": "whose gradebook"}),
    (
        "--roster",
        {"type": Path, "required": True, "metavar": "FILE", "help": "what that platform exported, as CSV"},
    ),
    ("--to", {"type": Path, "metavar": "FILE", "help": "write another file"}),
    ("--id", {"metavar": "COLUMN", "help": "the roster's column with the students' ids, where several may be it"}),
    ("--column", {"metavar": "COLUMN", "help": "the roster's column of the assignment, where it has another name"}),
)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser(prog="python -m grading", description="Grade a class.")
    commands = made.add_subparsers(metavar="COMMAND", required=True)

    def command(function: Command, about: str, *options: Option) -> None:
        added = commands.add_parser(function.__name__, help=about, description=about)
        added.set_defaults(command=function)
        added.add_argument("assignment", help="such as ps1")
        added.add_argument(
            "--course", type=Path, default=Path.cwd(), metavar="DIR", help="the course directory, by default this one"
        )
        for name, settings in options:
            added.add_argument(name, **settings)

    jobs: Option = (
        "--jobs",
        {"type": positive_int, "metavar": "N", "help": "processes at once; without it, one for each core"},
    )
    scheduler: Option = (
        "--scheduler",
        {"metavar": "ADDRESS", "help": "use a running Dask cluster, such as tcp://10.0.0.1:8786"},
    )
    student: Option = "--student", {"nargs": "+", "metavar": "ID", "help": "only these"}
    unsafe: Option = "--unsafe-no-sandbox", {"action": "store_true", "help": "run submissions with your own rights"}
    force: Option = "--force", {"action": "store_true", "help": "do again what has not changed"}
    command(release, "build the release from the source")
    command(verify, "prove that the reference solution earns full marks, and the release none", unsafe)
    command(autograde, "grade what is new or has changed", student, jobs, scheduler, force, unsafe)
    command(feedback, "write the feedback pages of which anything has changed", force)
    about = {"action": "store_true", "help": "write a page besides that can be shown to the class"}
    anonymous: Option = "--anonymous", about
    command(report, "write grades/ASSIGNMENT.csv and a page of what the class learned, and print a table", anonymous)
    command(
        export,
        "write grades/ASSIGNMENT-FORMAT.csv, which the gradebook of a learning platform imports",
        *EXPORT_OPTIONS,
    )
    command(sample, "grade the sample class, in a course of its own", student, jobs, scheduler, force, unsafe)
    return made


def positive_int(text: str) -> int:
    """Read how many processes are asked for."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} processes can't grade; expected 1 or more")
    return number


def release(arguments: argparse.Namespace) -> None:
    """Build the release, and bring the gradebook to it."""
    course = assignment_of(arguments)
    with console.status("Building the release ..."):
        said = build(course)
    say(f"Built {relative(course.folder(course.course.release_directory, '.'))}.")
    for sentence in said:
        say(f"In the gradebook: {sentence}.")


def verify(arguments: argparse.Namespace) -> None:
    """Grade the reference solution and the untouched release in a course of their own, and leave nothing of it."""
    origin = assignment_of(arguments)
    (origin.root / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="verify-", dir=origin.root / "build") as folder:
        place = Path(folder)
        shutil.copytree(origin.source, place / "source" / arguments.assignment)
        if (rules := origin.root / "autotests.yml").exists():  # how nbgrader writes tests
            shutil.copy(rules, place)
        course = CourseAssignment(arguments.assignment, origin.root, apart=place)
        handed_in = {"reference": course.source, "untouched": course.folder(course.course.release_directory, ".")}
        with console.status("Grading the reference solution and the untouched release ..."):
            create_throwaway_gradebook(place / "gradebook.db")
            build(course)
            for student, there in handed_in.items():
                shutil.copytree(there, course.submission(student).parent)
            plans: list[Plan] = []
            asked_for = work(course, arguments)
            graded = fleet.autograde(course, [*handed_in], fleet.LocalEngine(1), asked_for, tell=plans.append)
            results = {student: one.result for student, one in graded if one}
    by_tests = sum(test.points for test in course.master.tests)
    for student, expected in (("reference", by_tests), ("untouched", 0.0)):
        result = results[student]
        line = f"{student:9} {result.score:g} of {by_tests:g}"
        if (result.status, result.score) != (Status.GRADED, expected):
            stop(f"{line}, expected {expected:g}: {result.message}")
        say(line)
    if course.master.answers:
        say(f"A person grades {', '.join(answer.key for answer in course.master.answers)}.")
    if plans[0].together:
        say(f"Run together with the student's code, which could forge their points: {', '.join(plans[0].together)}.")


def sample(arguments: argparse.Namespace) -> None:
    """Grade the sample class, in a course of its own that is whole: nbgrader's commands and its formgrader work there."""
    origin = assignment_of(arguments)
    place = origin.root / "build" / "sample"
    examples = origin.root / "examples" / "submitted"
    if not any(examples.glob(f"*/{arguments.assignment}")):
        raise FileNotFoundError(f"There is no sample of {arguments.assignment} in {examples}.")
    copy_course(origin.home, origin.config, origin.source.parent, examples, place)
    say(f"The sample class of examples/ is graded in {relative(place)}, a course of its own.")
    arguments.course = place
    for command in (release, autograde, feedback, report):
        command(arguments)


def autograde(arguments: argparse.Namespace) -> None:
    """Grade what is new or has changed."""
    course = assignment_of(arguments)
    students = chosen(course, arguments.student)
    asked_for = work(course, arguments)
    # A cluster's nodes find their own sandbox.
    where = f"on {arguments.scheduler}" if arguments.scheduler else f"in {grader_for(asked_for).sandbox()}"
    plans: list[Plan] = []

    def tell(plan: Plan) -> None:
        plans.append(plan)
        if plan.interrupted:
            say(f"Interrupted while these were graded, which are graded now: {in_short(plan.interrupted)}")
        for sentence in plan.sentences():
            say(sentence)

    with progress(f"Grading {where}", len(students)) as (bar, task):
        seen = Seen(bar, task)
        for _, one in fleet.autograde(course, students, engine(arguments), asked_for, arguments.force, tell):
            seen.add(one)
        number = sum(len(plan.changed) + len(plan.unchanged) for plan in plans)
        bar.update(task, total=number)
    states = ", ".join(f"{number} {state}" for state, number in sorted(seen.states.items())) or "nothing to grade"
    say(f"{number} students in {seen.seconds:.1f} s: {states}; {seen.unchanged} unchanged since they were graded.")


class Seen:
    """Counts what was graded, shows it in a progress bar, and says what a person should hear at once."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self.bar, self.task, self.started = bar, task, time.monotonic()
        self.states: Counter[Status] = Counter()
        self.unchanged = 0

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self.started

    def add(self, one: GradedSubmission | None) -> None:
        """Take note of what came of one submission; None is one that has not changed."""
        if one is None:
            self.unchanged += 1
        else:
            self.states[one.result.status] += 1
            if needs_a_look(one.result):
                say(f"{escaped(one.result.student_id)}: {one.result.message}")
        states = " ".join(f"{number} {state}" for state, number in self.states.items())
        rate = f"{self.states.total() / self.seconds:.1f}/s"
        self.bar.update(self.task, advance=1, states=states, rate=rate)


def needs_a_look(result: Result) -> bool:
    """Whether a person should hear at once what came of a submission."""
    return result.status == Status.FAILED or result.status == Status.MISSING and not result.is_bare


def feedback(arguments: argparse.Namespace) -> None:
    """Write the feedback pages."""
    course = assignment_of(arguments)
    made: Counter[PageState] = Counter()
    everybody = chosen(course, None)
    with progress("Feedback", len(everybody)) as (bar, task):
        for _, how in write_feedback(course, force=arguments.force):
            made[how] += 1
            bar.update(task, advance=1)
    pages = made[PageState.WRITTEN] + made[PageState.UNCHANGED]
    say(
        f"{pages} feedback pages in {relative(course.feedback_path('*').parent)}: {made[PageState.WRITTEN]} written, "
        f"{made[PageState.UNCHANGED]} stood as they were."
    )
    ungraded = len(everybody) - made.total()
    if ungraded > 0:
        say(
            f"{ungraded} are not graded, or were removed from the gradebook: "
            f"run `python -m grading autograde {arguments.assignment}`."
        )
    if made[PageState.WAITS]:
        say(
            f"{made[PageState.WAITS]} wait for the next grading, because the course has changed: "
            f"run `python -m grading autograde {arguments.assignment}`."
        )
    if made[PageState.NOTHING]:
        say(f"None for {made[PageState.NOTHING]}: nothing was handed in.")


def report(arguments: argparse.Namespace) -> None:
    """Write grades/ASSIGNMENT.csv and what the class learned, and print the same as a table."""
    course = assignment_of(arguments)
    students = {*chosen(course, None)}
    exercises = standing.exercises(course)
    path = course.root / "grades" / f"{arguments.assignment}.csv"
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(path.name + ".new")
    shown: list[Standing] = []
    tally = ClassTally(course, students)
    with open(beside, "w", encoding="utf-8", newline="") as file:
        file.write(as_csv(columns(exercises)))
        for one in standing.standings(course):
            if one.student_id not in students:  # a folder that is gone
                continue
            file.write(as_csv(row(one, exercises)))
            tally.add(one)
            if len(shown) < SHOWN:
                shown.append(one)
    known = tally.students
    if not known:  # what was written when somebody was graded stays
        beside.unlink()
        stop(NOBODY.format(arguments.assignment))
    os.replace(beside, path)
    print_table(f"{arguments.assignment}: {relative(course.submission('*').parent)}", shown, exercises)
    if len(known) > SHOWN:
        say(f"The first {SHOWN} of {len(known)}.")
    missing, finished = (len(tally.states.get(state, ())) for state in (Status.MISSING, Status.GRADED))
    nothing = f"{missing} missing, " if missing else ""
    say(
        f"{len(known)} students, {tally.full} with full marks, {nothing}{len(known) - finished - missing} not graded "
        f"to the end. Wrote {relative(path)}."
    )
    if waiting := len(tally.waiting):
        say(f"Waiting for a person: {tally.grades} grades of {waiting} students. Open the formgrader.")
    tell_of_the_class(course, tally, getattr(arguments, "anonymous", False))
    if ungraded := not_graded(course, students - known):
        stop(
            f"{len(ungraded)} not in {path.name}, because they are not graded yet: {in_short(ungraded)}. "
            f"Run `python -m grading autograde {arguments.assignment}` first."
        )


def tell_of_the_class(course: CourseAssignment, tally: ClassTally, anonymous: bool) -> None:
    """Write the page of what a class learned and the data behind it; print where it is, and the most frequent mistakes."""
    insight, sentence = write_report_data(course, tally, datetime.now().astimezone())
    files = write_pages(course, insight, tally.identifying_words, anonymous)
    if sentence:
        say(sentence)
    say(f"What the class learned: {' and '.join(relative(course.root / 'grades' / name) for name in files)}.")
    for one in insight.mistakes[:3]:
        exercise = insight.titles.get(one.exercise, one.exercise)
        say(f"  {len(one.students)} of {len(insight.handed_in)}: {shortened(one.name, 80)} ({shortened(exercise, 40)})")


# One function: a command, from its arguments to its last sentence.
def export(arguments: argparse.Namespace) -> None:
    """Write the grades as a learning platform's gradebook imports them."""
    course = assignment_of(arguments)
    students = {*chosen(course, None)}
    path = arguments.to or course.root / "grades" / f"{arguments.assignment}-{arguments.format}.csv"
    if path.resolve() == arguments.roster.resolve():
        stop(f"{path} is the roster; expected another file, as that one is needed again. Name one with --to.")
    if path.is_dir():
        stop(f"{path} is a folder; expected the name of the file to write after --to.")
    roster = load(arguments.roster)
    graded = [one for one in standing.standings(course) if one.student_id in students]
    ungraded = not_graded(course, students - {one.student_id for one in graded})
    if not graded:
        stop(NOBODY.format(arguments.assignment))
    made = export_to(arguments.format, roster, graded, arguments.assignment, arguments.id, arguments.column)
    if made.students:
        write_whole(path, made.text)
        say(f"Wrote {relative(path)}: {made.summary()}")
    for sentence in made.remarks:
        say(sentence)
    wrong = [f"Not in {roster.name}: {in_short(made.strangers)}."] * bool(made.strangers)
    if ungraded:
        wrong.append(
            f"Not graded yet: {in_short(ungraded)}. Run `python -m grading autograde {arguments.assignment}` first."
        )
    if not made.students:
        wrong.insert(0, f"Nothing was written to {relative(path)}, as nobody in the roster has a grade.")
    if wrong:
        stop(" ".join(wrong))


def not_graded(course: CourseAssignment, students: set[str]) -> list[str]:
    """Return whom of some students nobody has removed from the gradebook: they are to be graded yet."""
    with course.gradebook() as gradebook:
        return sorted(students - removed_students(course, gradebook))


def chosen(course: CourseAssignment, wanted: Sequence[str] | None) -> list[str]:
    """Return the students that are asked for, by default all; raise where there is none of that name."""
    students = course.students()
    expected = relative(course.submission("STUDENT"))
    if not students:
        raise FileNotFoundError(
            f"There are no submissions in {course.submitted()}. Expected {expected}. "
            f"`python -m grading sample {course.assignment}` shows how a class is graded."
        )
    unknown = sorted(set(wanted or ()) - set(students))
    if unknown:
        raise FileNotFoundError(
            f"No such student: {in_short(unknown)}. Expected the name of a folder in {relative(course.submitted())}."
        )
    return sorted(set(wanted)) if wanted else students


def assignment_of(arguments: argparse.Namespace) -> CourseAssignment:
    """Return the assignment that a command is about."""
    return CourseAssignment(arguments.assignment, arguments.course)


def work(course: CourseAssignment, arguments: argparse.Namespace) -> Work:
    """Return what is the same for all submissions of a class, in the sandbox that is asked for."""
    if arguments.unsafe_no_sandbox:
        say("No sandbox: every submission runs with your rights on this machine.", "bold red")
    return Work(course.master, course.limits, Unconfined.name if arguments.unsafe_no_sandbox else None)


def engine(arguments: argparse.Namespace) -> fleet.Engine:
    """Return what grades: a cluster where one is named, else this machine's cores."""
    return (
        fleet.DaskEngine(arguments.scheduler)
        if arguments.scheduler
        else fleet.LocalEngine(arguments.jobs or fleet.cores())
    )
