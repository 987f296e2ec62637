"""The command line: ``python -m grading COMMAND ASSIGNMENT``."""

import argparse
import contextlib
import csv
import os
import shutil
import sys
import time
from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from grading import fleet
from grading.grade import OtherVersion, Work
from grading.gradebook import ROOT, Class, NbGraderException
from grading.result import GRADED
from grading.sandbox import NoSandbox, Unconfined, available

console = Console()
if not console.is_terminal:
    console.width = 120  # a log has no width of its own, and 80 columns squeeze the messages
SHOWN = 50  # students in a table for a person to read; grades.csv has everybody


def main():
    """Run one command; exit with 1 where it found something wrong, and one sentence."""
    arguments = parser().parse_args()
    try:
        arguments.command(arguments)
    except KeyboardInterrupt:
        console.print("Stopped. What was graded is kept, and the same command goes on from there.")
        sys.exit(130)
    except (OSError, NbGraderException, NoSandbox, OtherVersion) as error:
        sys.exit(str(error))


def parser():
    """Return what reads the command line."""
    made = argparse.ArgumentParser(prog="python -m grading", description="Grade a class.")
    commands = made.add_subparsers(metavar="COMMAND", required=True)

    def command(function, about, *options):
        added = commands.add_parser(function.__name__, help=about, description=about)
        added.set_defaults(command=function)
        added.add_argument("assignment", help="such as initialization")
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
    command(feedback, "write the feedback pages that are not there yet", jobs, scheduler, ("--force", force))
    command(report, "write grades.csv, and print it as a table")
    return made


def count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} processes can't grade; expected 1 or more")
    return number


def release(arguments):
    Class(arguments.assignment).generate()
    console.print(f"Built release/{arguments.assignment} from source/{arguments.assignment}.")


def verify(arguments):
    """Grade the reference solution and the untouched release in a course of their own."""
    root = ROOT / "build" / "verify"
    source = root / "source" / arguments.assignment
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "source" / arguments.assignment, source)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    notebook = f"{arguments.assignment}.ipynb"
    for student in ("reference", "untouched"):
        (root / "submitted" / student / arguments.assignment).mkdir(parents=True, exist_ok=True)
    course = Class(arguments.assignment, root)
    with console.status("Grading the reference solution and the untouched release ..."):
        course.generate()
        shutil.copy(source / notebook, course.submission("reference"))
        shutil.copy(course.folder(course.course.release_directory, ".") / notebook, course.submission("untouched"))
        students = ["reference", "untouched"]
        for _ in fleet.autograde(course, students, fleet.Here(), work(course, sandbox(arguments))):
            pass
    results = dict(course.results())
    for student, expected in zip(students, (results["reference"].max_score, 0.0)):
        result = results[student]
        line = f"{student:9} {result.score:g} of {result.max_score:g}"
        if (result.status, result.score) != (GRADED, expected):
            sys.exit(f"{line}, expected {expected:g}: {result.message}")
        console.print(line)


def autograde(arguments):
    course = Class(arguments.assignment)
    students = chosen(course, arguments.student)
    # A cluster's nodes find their own sandbox.
    box = sandbox(arguments) if arguments.unsafe_no_sandbox or not arguments.scheduler else None
    with course.writer() as writer:
        interrupted = [student for student in writer.interrupted() if student in students]
    if interrupted:
        console.print(f"Interrupted while these were graded, which are graded now: {escape(in_short(interrupted))}")
    states, unchanged, started = Counter(), 0, time.monotonic()
    with progress("Grading " + (f"in {box.name}" if box else f"on {arguments.scheduler}"), len(students)) as (
        bar,
        task,
    ):
        for _, graded in fleet.autograde(course, students, engine(arguments), work(course, box), arguments.force):
            states.update([graded.result.status] if graded else [])
            unchanged += graded is None
            rate = states.total() / (time.monotonic() - started)
            bar.update(
                task,
                advance=1,
                states=" ".join(f"{number} {state}" for state, number in states.items()),
                rate=f"{rate:.1f}/s",
            )
    seconds = time.monotonic() - started
    graded = ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "nothing to grade"
    console.print(
        f"{len(students)} students in {seconds:.1f} s: {graded}; {unchanged} unchanged since they were graded."
    )


def feedback(arguments):
    course = Class(arguments.assignment)
    with progress("Feedback", len(course.students())) as (bar, task):
        with_page = Counter()
        for _, there in fleet.feedback(course, engine(arguments), arguments.force):
            with_page[there] += 1
            bar.update(task, advance=1)
    console.print(f"{with_page[True]} feedback pages in {relative(course.page('*').parent)}.")
    if with_page[False]:
        console.print(f"None for {with_page[False]}: nothing was handed in.")


def report(arguments):
    """Write grades.csv and print the same as a table."""
    course = Class(arguments.assignment)
    exercises = list(course.master.exercises)
    path, beside = ROOT / "grades.csv", ROOT / "grades.csv.new"
    table = Table(title=f"{arguments.assignment}: {relative(course.submission('*').parent)}")
    table.add_column("student", no_wrap=True)
    for column in ("score", *exercises):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("message", ratio=1)
    states, full, known, students = Counter(), 0, set(), set(course.students())
    with open(beside, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns(exercises))
        for student, result in course.results():
            if result is None or student not in students:  # interrupted; or a folder that is gone
                continue
            writer.writerow(row(result))
            known.add(student)
            states[result.status] += 1
            full += result.score == result.max_score
            if len(known) <= SHOWN:
                points = (f"{result.scores.get(name, 0):g}" for name in exercises)
                score = f"{result.score:g}/{result.max_score:g}"
                table.add_row(escape(student), score, *points, result.status, escape(result.message))
    os.replace(beside, path)
    console.print(table)
    if len(known) > SHOWN:
        console.print(f"The first {SHOWN} of {len(known)}.")
    ended = states.total() - states[GRADED]
    console.print(
        f"{states.total()} students, {full} with full marks, {ended} not graded to the end. Wrote {relative(path)}."
    )
    waiting = sorted(students - known)
    if waiting:
        sys.exit(
            f"{len(waiting)} not in grades.csv, because they are not graded yet: {in_short(waiting)}. "
            f"Run `python -m grading autograde {arguments.assignment}` first."
        )


def columns(exercises):
    """Return the first row of grades.csv."""
    return ["student_id", "assignment", "score", "max_score", "status", *exercises, "message"]


def row(result):
    """Return a student's row of grades.csv."""
    points = [f"{score:g}" for score in result.scores.values()]
    return [
        result.student_id,
        result.assignment,
        f"{result.score:g}",
        f"{result.max_score:g}",
        result.status,
        *points,
        result.message,
    ]


def in_short(students):
    rest = f" and {len(students) - SHOWN} more" if len(students) > SHOWN else ""
    return ", ".join(students[:SHOWN]) + rest


def chosen(course, wanted):
    students = course.students()
    if not students:
        raise FileNotFoundError(
            f"There are no submissions in {course.submission('STUDENT').parent.parent.parent}. "
            f"Expected {relative(course.submission('STUDENT'))}."
        )
    unknown = sorted(set(wanted or ()) - set(students))
    if unknown:
        raise FileNotFoundError(
            f"No such student: {', '.join(unknown)}. Expected the name of a folder in {relative(course.submission('STUDENT').parent.parent.parent)}."
        )
    return sorted(set(wanted)) if wanted else students


def work(course, box):
    return Work(course.master, course.limits, box and box.name)


def engine(arguments):
    return fleet.Cluster(arguments.scheduler) if arguments.scheduler else fleet.Local(arguments.jobs or fleet.cores())


def sandbox(arguments):
    if arguments.unsafe_no_sandbox:
        console.print("[bold red]No sandbox: every submission runs with your rights on this machine.")
        return Unconfined()
    return available()


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
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    main()
