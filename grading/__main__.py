"""The command line: ``python -m grading COMMAND ASSIGNMENT``."""

import argparse
import csv
import io
import os
import shutil
import sys

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from grading.gradebook import ROOT, Class, NbGraderException
from grading.result import GRADED
from grading.sandbox import NoSandbox, Unconfined, available

console = Console()
if not console.is_terminal:
    console.width = 120  # a log has no width of its own, and 80 columns squeeze the messages


def main():
    """Run one command; exit with 1 where it found something wrong, and one sentence."""
    commands = {"release": release, "verify": verify, "autograde": autograde, "feedback": feedback, "report": report}
    parser = argparse.ArgumentParser(prog="python -m grading", description="Grade a class.")
    parser.add_argument(
        "command", choices=commands, metavar="COMMAND",
        help="release (build it), verify (solution full marks, release none), autograde, "
             "feedback (write the pages), report (write grades.csv and print it)",
    )  # fmt: skip
    parser.add_argument("assignment", help="such as initialization")
    parser.add_argument("--force", action="store_true", help="grade again what has not changed")
    parser.add_argument(
        "--unsafe-no-sandbox", action="store_true", help="run submissions with your own rights, where there is no sandbox"
    )
    arguments = parser.parse_args()
    try:
        commands[arguments.command](arguments)
    except KeyboardInterrupt:
        console.print("Stopped. What was graded is kept, and the same command goes on from there.")
        sys.exit(130)
    except (OSError, NbGraderException, NoSandbox) as error:
        sys.exit(str(error))


def release(arguments):
    """Build the release from the source."""
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
        reference, untouched = (course.autograde(student, _sandbox(arguments)) for student in ("reference", "untouched"))
    for result, expected in ((reference, reference.max_score), (untouched, 0.0)):
        line = f"{result.student_id:9} {result.score:g} of {result.max_score:g}"
        if (result.status, result.score) != (GRADED, expected):
            sys.exit(f"{line}, expected {expected:g}: {result.message}")
        console.print(line)


def autograde(arguments):
    """Grade every submission that is new or changed."""
    course, sandbox = Class(arguments.assignment), _sandbox(arguments)
    students = _students(course)
    with _progress() as progress:
        for student in progress.track(students, description=f"Grading in {sandbox.name}"):
            course.autograde(student, sandbox, arguments.force)


def feedback(arguments):
    """Write the feedback page of every graded submission that has none yet."""
    course = Class(arguments.assignment)
    results = course.results()
    with _progress() as progress:
        pages = [course.feedback(result) for result in progress.track(results, description="Feedback")]
    written = [page for page in pages if page is not None]
    folder = _relative(course.page("*").parent)
    console.print(f"{len(written)} feedback pages in {folder}.")
    without = len(pages) - len(written)
    if without:
        console.print(f"None for {without}: nothing was handed in, or nbgrader can't find a folder with such a name.")


def report(arguments):
    """Write grades.csv and print the same as a table."""
    course = Class(arguments.assignment)
    results = course.results()
    exercises = list(course.exercises())
    path = ROOT / "grades.csv"
    _write_whole(path, _as_csv(results, exercises))

    table = Table(title=f"{arguments.assignment}: {_relative(course.submission('*').parent)}")
    table.add_column("student", no_wrap=True)
    for column in ("score", *exercises):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("message", ratio=1)
    for result in results:
        table.add_row(
            escape(result.student_id),
            f"{result.score:g}/{result.max_score:g}",
            *(f"{result.scores[name]:g}" for name in exercises),
            result.status,
            escape(result.message),
        )
    console.print(table)
    full = sum(result.score == result.max_score for result in results)
    ended = sum(result.status != GRADED for result in results)
    console.print(
        f"{len(results)} students, {full} with full marks, {ended} not graded to the end. Wrote {_relative(path)}."
    )
    waiting = sorted(set(course.students()) - {result.student_id for result in results})
    if waiting:
        sys.exit(
            f"{len(waiting)} not in grades.csv, because they are not graded yet: {', '.join(waiting)}. "
            f"Run `python -m grading autograde {arguments.assignment}` first."
        )


def _sandbox(arguments):
    if arguments.unsafe_no_sandbox:
        console.print("[bold red]No sandbox: every submission runs with your rights on this machine.")
        return Unconfined()
    return available()


def _students(course):
    students = course.students()
    if not students:
        raise FileNotFoundError(
            f"There are no submissions in {course.submission('STUDENT').parent.parent.parent}. "
            f"Expected {_relative(course.submission('STUDENT'))}."
        )
    return students


def _as_csv(results, exercises):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["student_id", "assignment", "score", "max_score", "status", *exercises, "message"])
    for result in results:
        points = [f"{result.scores[name]:g}" for name in exercises]
        writer.writerow(
            [result.student_id, result.assignment, f"{result.score:g}", f"{result.max_score:g}", result.status,
             *points, result.message]
        )  # fmt: skip
    return text.getvalue()


def _write_whole(path, text):
    beside = path.with_name(path.name + ".new")
    with open(beside, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.replace(beside, path)


def _progress():
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _relative(path):
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    main()
