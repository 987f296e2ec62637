"""Measure what `report` takes for a large class, the page of what it learned included.

    python benchmarks/insight.py [--class N]

A hundred notebooks with right and wrong answers are graded for real, and their results are stored again and again under
other students' names.
"""

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import nbformat
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from answers import EXERCISES, RIGHT, WRONG  # noqa: E402  (found through the line above)
from courses import copy_course  # noqa: E402

from grading import store, tables  # noqa: E402
from grading.assignment import CourseAssignment  # noqa: E402
from grading.grader import close_graders, grader_for  # noqa: E402
from grading.release import release  # noqa: E402
from grading.result import Submitted  # noqa: E402
from grading.work import Work  # noqa: E402

NAME = "initialization"
DIFFERENT = 100  # notebooks that are graded
COSTLY = re.compile("never ends|while|sleep|input|huge|memory|recurs|exit|thread", re.IGNORECASE)
console = Console(width=120)


def graded(course):
    """Grade some notebooks, the same in every run; return what came of them."""
    chance, grader, found = random.Random(20_261_127), grader_for(Work(course.master, course.limits)), []
    released = nbformat.read(ROOT / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    for _ in range(DIFFERENT):
        notebook = nbformat.from_dict(released)
        for name in EXERCISES:
            bank = RIGHT if chance.random() < 0.6 else WRONG
            some = [one for one in bank if one.exercise == name and not COSTLY.search(one.name + one.source)]
            next(cell for cell in notebook.cells if cell.id == f"{name}-exercise").source = chance.choice(some).source
        found.append(grader.grade(Submitted("", "", {NAME: json.dumps(notebook).encode()}), frozenset()))
    close_graders()
    return found


def stored(course, some, size):
    """Store a class of that size."""
    with store.opened(course, "a benchmark") as writer:
        for batch in tables.in_batches(range(size)):
            writer.store([renamed(some[number % len(some)], f"student-{number:06}") for number in batch])


def renamed(one, student):
    return replace(one, result=replace(one.result, student_id=student), notebooks={NAME: b"{}"}, cells={NAME: b""})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--class", type=int, default=10_000, dest="size", help="students")
    size = parser.parse_args().size
    table = Table(title=f"report, for {size:,} students")
    for column in ("", "seconds by the clock", "seconds of the processor", "kB of the page", "kB of the data"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        place = copy_course(Path(folder) / "course")
        with console.status("Grading and storing a class ..."):
            release(CourseAssignment(NAME, place))
            course = CourseAssignment(NAME, place)
            stored(course, graded(course), size)
        command = [sys.executable, "-m", "grading", "report", NAME, "--anonymous", "--course", str(place)]
        for which in ("first", "second"):
            before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
            clock, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
            taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            sizes = [(place / "grades" / f"{NAME}.{kind}").stat().st_size / 1000 for kind in ("html", "json")]
            table.add_row(which, f"{clock:.1f}", f"{taken:.1f}", *(f"{one:.0f}" for one in sizes))
    console.print(table)


if __name__ == "__main__":
    main()
