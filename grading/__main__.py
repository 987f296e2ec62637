"""The command line: ``python -m grading COMMAND ASSIGNMENT``."""

import argparse
import contextlib
import csv
import gc
import io
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

gc.disable()  # until all is loaded: nothing of that is garbage, and looking through it takes a fifth of the time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from grading import fleet, standing, store
from grading.assignment import CourseAssignment, NbGraderException, for_once
from grading.grade import OtherVersion, Work, processes
from grading.release import release as build
from grading.result import FAILED, GRADED, MISSING, escaped, no_formula, one_line
from grading.sandbox import NoSandbox, Unconfined

console = Console()
if not console.is_terminal:
    console.width = 120  # a log has no width of its own, and 80 columns squeeze the messages
SHOWN = 50  # students in a table for a person to read; grades/ASSIGNMENT.csv has everybody
READABLE = 40  # characters of a line of a message, at the least


def main():
    """Run one command; exit with 1 where it found something wrong, and one sentence."""
    gc.freeze()
    gc.enable()
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
    except (NbGraderException, NoSandbox, OtherVersion) as error:
        stop(str(error))


def say(text, style=None):
    """Print a sentence as the text that it is, whoever wrote its parts."""
    console.print(one_line(text), style=style, markup=False, emoji=False)


def stop(text):
    """End with a sentence of what is wrong."""
    sys.exit(one_line(text))


def parser():
    """Return what reads the command line."""
    made = argparse.ArgumentParser(prog="python -m grading", description="Grade a class.")
    commands = made.add_subparsers(metavar="COMMAND", required=True)

    def command(function, about, *options):
        added = commands.add_parser(function.__name__, help=about, description=about)
        added.set_defaults(command=function)
        added.add_argument("assignment", help="such as ps1")
        added.add_argument(
            "--course", type=Path, default=Path.cwd(), metavar="DIR", help="the course directory, by default this one"
        )
        for name, settings in options:
            added.add_argument(name, **settings)

    jobs = "--jobs", {"type": count, "metavar": "N", "help": "processes at once; without it, one for each core"}
    scheduler = "--scheduler", {"metavar": "ADDRESS", "help": "use a running Dask cluster, such as tcp://10.0.0.1:8786"}
    student = "--student", {"nargs": "+", "metavar": "ID", "help": "only these"}
    unsafe = "--unsafe-no-sandbox", {"action": "store_true", "help": "run submissions with your own rights"}
    force = {"action": "store_true", "help": "do again what has not changed"}
    command(release, "build the release from the source")
    command(verify, "prove that the reference solution earns full marks, and the release none", unsafe)
    command(autograde, "grade what is new or has changed", student, jobs, scheduler, ("--force", force), unsafe)
    command(feedback, "write the feedback pages of which anything has changed", ("--force", force))
    command(report, "write grades/ASSIGNMENT.csv, and print it as a table")
    command(
        sample, "grade the sample class, in a course of its own", student, jobs, scheduler, ("--force", force), unsafe
    )
    return made


def count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} processes can't grade; expected 1 or more")
    return number


def release(arguments):
    course = of(arguments)
    with console.status("Building the release ..."):
        said = build(course)
    say(f"Built {relative(course.folder(course.course.release_directory, '.'))}.")
    for sentence in said:
        say(f"In the gradebook: {sentence}.")


def verify(arguments):
    """Grade the reference solution and the untouched release in a course of their own, and leave nothing of it."""
    origin = of(arguments)
    (origin.root / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="verify-", dir=origin.root / "build") as folder:
        place = Path(folder)
        shutil.copytree(origin.source, place / "source" / arguments.assignment)
        if (rules := origin.root / "autotests.yml").exists():  # how nbgrader writes tests
            shutil.copy(rules, place)
        course = CourseAssignment(arguments.assignment, origin.root, apart=place)
        handed_in = {"reference": course.source, "untouched": course.folder(course.course.release_directory, ".")}
        with console.status("Grading the reference solution and the untouched release ..."):
            for_once(place / "gradebook.db")
            build(course)
            for student, folder in handed_in.items():
                shutil.copytree(folder, course.submission(student).parent)
            plans = []
            graded = fleet.autograde(course, [*handed_in], fleet.Local(1), work(course, arguments), tell=plans.append)
            graded = dict(graded)
    by_tests = sum(test.points for test in course.master.tests)
    for student, expected in (("reference", by_tests), ("untouched", 0.0)):
        result = graded[student].result
        line = f"{student:9} {result.score:g} of {by_tests:g}"
        if (result.status, result.score) != (GRADED, expected):
            stop(f"{line}, expected {expected:g}: {result.message}")
        say(line)
    if course.master.answers:
        say(f"A person grades {', '.join(answer.key for answer in course.master.answers)}.")
    if plans[0].together:
        say(f"Run together with the student's code, which could forge their points: {', '.join(plans[0].together)}.")


def sample(arguments):
    """Grade the sample class, in a course of its own that is whole: nbgrader's commands and its formgrader work there."""
    origin = of(arguments)
    place = origin.root / "build" / "sample"
    examples = origin.root / "examples" / "submitted"
    if not any(examples.glob(f"*/{arguments.assignment}")):
        raise FileNotFoundError(f"There is no sample of {arguments.assignment} in {examples}.")
    grader = Path(__file__).parent
    for name, folder in {"source": origin.root / "source", "grading": grader, "submitted": examples}.items():
        shutil.rmtree(place / name, ignore_errors=True)
        shutil.copytree(folder, place / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    shutil.copy(origin.root / "nbgrader_config.py", place)
    say(f"The sample class of examples/ is graded in {relative(place)}, a course of its own.")
    arguments.course = place
    for command in (release, autograde, feedback, report):
        command(arguments)


def autograde(arguments):
    course = of(arguments)
    students = chosen(course, arguments.student)
    asked_for = work(course, arguments)
    # A cluster's nodes find their own sandbox.
    where = f"on {arguments.scheduler}" if arguments.scheduler else f"in {processes(asked_for).sandbox()}"
    states, unchanged, left_out, started = Counter(), 0, 0, time.monotonic()

    def tell(plan):
        nonlocal left_out
        left_out = len(students) - len(plan.changed) - len(plan.unchanged)
        if plan.interrupted:
            say(f"Interrupted while these were graded, which are graded now: {in_short(plan.interrupted)}")
        for sentence in plan.sentences():
            say(sentence)

    with progress(f"Grading {where}", len(students)) as (bar, task):
        graded = fleet.autograde(course, students, engine(arguments), asked_for, arguments.force, tell)
        for _, one in graded:
            states.update([one.result.status] if one else [])
            if one and needs_a_look(one.result):
                say(f"{escaped(one.result.student_id)}: {one.result.message}")
            unchanged += one is None
            rate = states.total() / (time.monotonic() - started)
            bar.update(
                task,
                advance=1,
                states=" ".join(f"{number} {state}" for state, number in states.items()),
                rate=f"{rate:.1f}/s",
            )
        bar.update(task, total=len(students) - left_out)
    seconds = time.monotonic() - started
    graded = ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "nothing to grade"
    say(
        f"{len(students) - left_out} students in {seconds:.1f} s: {graded}; {unchanged} unchanged since they were graded."
    )


def needs_a_look(result):
    """Whether a person should hear at once what came of a submission."""
    return result.status == FAILED or result.status == MISSING and "found nothing" not in result.message


def feedback(arguments):
    course = of(arguments)
    made, everybody = Counter(), chosen(course, None)
    with progress("Feedback", len(everybody)) as (bar, task):
        for _, how in fleet.feedback(course, force=arguments.force):
            made[how] += 1
            bar.update(task, advance=1)
    pages = made[fleet.WRITTEN] + made[fleet.STOOD]
    say(
        f"{pages} feedback pages in {relative(course.page('*').parent)}: {made[fleet.WRITTEN]} written, "
        f"{made[fleet.STOOD]} stood as they were."
    )
    ungraded = len(everybody) - made.total()
    if ungraded > 0:
        say(
            f"{ungraded} are not graded, or were removed from the gradebook: "
            f"run `python -m grading autograde {arguments.assignment}`."
        )
    if made[fleet.WAITS]:
        say(
            f"{made[fleet.WAITS]} wait for the next grading, because the course has changed: "
            f"run `python -m grading autograde {arguments.assignment}`."
        )
    if made[fleet.NOTHING]:
        say(f"None for {made[fleet.NOTHING]}: nothing was handed in.")


def report(arguments):
    """Write grades/ASSIGNMENT.csv and print the same as a table."""
    course = of(arguments)
    chosen(course, None)
    exercises = standing.exercises(course)
    path = course.root / "grades" / f"{arguments.assignment}.csv"
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(path.name + ".new")
    shown, states, known, students = [], Counter(), set(), set(course.students())
    full = waiting = grades = 0
    with open(beside, "w", encoding="utf-8", newline="") as file:
        file.write(as_csv(columns(exercises)))
        for one in standing.standings(course):
            if one.student_id not in students:  # a folder that is gone
                continue
            file.write(as_csv(row(one, exercises)))
            known.add(one.student_id)
            states[one.status] += 1
            full += one.score == one.max_score and not one.needs_manual
            waiting += one.needs_manual > 0
            grades += one.needs_manual
            if len(shown) < SHOWN:
                shown.append(one)
    os.replace(beside, path)
    print_table(f"{arguments.assignment}: {relative(course.submission('*').parent)}", shown, exercises)
    if len(known) > SHOWN:
        say(f"The first {SHOWN} of {len(known)}.")
    ended = states.total() - states[GRADED]
    say(f"{states.total()} students, {full} with full marks, {ended} not graded to the end. Wrote {relative(path)}.")
    if waiting:
        say(f"Waiting for a person: {grades} grades of {waiting} students. Open the formgrader.")
    with course.gradebook() as gradebook:
        removed = store.removed(course, gradebook)
    ungraded = sorted(students - known - removed)
    if ungraded:
        stop(
            f"{len(ungraded)} not in {path.name}, because they are not graded yet: {in_short(ungraded)}. "
            f"Run `python -m grading autograde {arguments.assignment}` first."
        )


def print_table(title, standings, exercises):
    """Print some students as a table.

    Where the messages would be squeezed, they stand below it. Exercises that would not fit are left out.
    """
    rows, heads, taken = [], [], console.width + 1
    for shown in (exercises, {}):
        if taken > console.width:
            rows = [
                (
                    escaped(one.student_id),
                    f"{points(one.score)}/{one.max_score:g}",
                    *(points(one.scores.get(name, 0)) for name in shown),
                    one.status,
                    one_line(one.message),
                )
                for one in standings
            ]
            heads = ["student", "score", *map(escaped, shown.values()), "status"]
            taken = sum(max(map(len, column)) + 3 for column in zip(heads, *(line[:-1] for line in rows)))
    if len(heads) < len(exercises) + 3:
        say(f"The points of the {len(exercises)} parts do not fit here; they are in the table that is written.")
    beside = console.width - taken >= READABLE
    table = Table(title=Text(one_line(title), "table.title"))
    for head in heads:
        table.add_column(Text(head), justify="left" if head in ("student", "status") else "right", no_wrap=True)
    if beside:
        table.add_column("message", ratio=1)
    for line in rows:
        table.add_row(*map(Text, line if beside else line[:-1]))
    console.print(table)
    for student, *_, message in () if beside else rows:
        console.print(Text.assemble((student, "bold"), f": {message}"))


def points(value):
    """Return points as a person reads them in a table."""
    return "–" if value is None else f"{value:g}"


FIXED = "student_id", "assignment", "score", "max_score", "status", "late_penalty", "needs_manual", "message"


def columns(exercises):
    """Return the first row of the table of grades, from the titles of the exercises by their grade ids."""
    titles = [f"{name} points" if title in FIXED else title for name, title in exercises.items()]
    return [*FIXED[:-1], *map(escaped, titles), FIXED[-1]]


def row(one, exercises):
    """Return a student's row of the table of grades."""
    return [
        escaped(one.student_id),
        escaped(one.assignment),
        number(one.score),
        number(one.max_score),
        one.status,
        number(one.late_penalty),
        str(one.needs_manual),
        *(number(one.scores.get(name, 0)) for name in exercises),
        one_line(one.message),
    ]


def number(value):
    """Return a number as short as it can be told without rounding what a person entered; nothing where there is none."""
    return "" if value is None else f"{value:.12g}"


def as_csv(cells):
    """Return a row of the table of grades as a line of its file, in which a spreadsheet finds text and numbers."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return f"{no_formula(line.getvalue())}\n"


def in_short(students):
    rest = f" and {len(students) - SHOWN} more" if len(students) > SHOWN else ""
    return ", ".join(map(escaped, students[:SHOWN])) + rest


def chosen(course, wanted):
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


def of(arguments):
    return CourseAssignment(arguments.assignment, arguments.course)


def work(course, arguments):
    if arguments.unsafe_no_sandbox:
        say("No sandbox: every submission runs with your rights on this machine.", "bold red")
    return Work(course.master, course.limits, Unconfined.name if arguments.unsafe_no_sandbox else None)


def engine(arguments):
    return fleet.Cluster(arguments.scheduler) if arguments.scheduler else fleet.Local(arguments.jobs or fleet.cores())


@contextlib.contextmanager
def progress(what, total):
    """A progress bar: what is done, how fast, the time that is left, and the states."""
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[states]}"),
    ]
    with Progress(*columns, console=console) as bar:
        yield bar, bar.add_task(what, total=total, states="", rate="")


def relative(path):
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    main()
