"""Measure what grading takes: beside an unmodified nbgrader, in large classes, and by its parts.

    python benchmarks/grading.py [--class N] [--right N] [--peers N] [--rounds N] [--otter]

It prints tables and writes ``benchmarks/grading.json``, of which ``benchmarks/figures.py`` makes
what docs/scale.md and the README say. All of it in one run, as machines differ.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from graders import NAME, STEPS, a_class, any_one, nbgrader, otter, ours, right_one  # noqa: E402
from measuring import run  # noqa: E402

from grading import fleet  # noqa: E402
from grading.assignment import CourseAssignment  # noqa: E402
from grading.grader import close_graders, grader_for  # noqa: E402
from grading.release import release  # noqa: E402
from grading.sandbox import find_sandbox, worker_answers  # noqa: E402
from grading.work import Work  # noqa: E402

SMALLER = 1_000  # submissions of the class that the large one is compared with
FOUND = ROOT / "benchmarks" / "grading.json"
console = Console(width=120)


def compare(folder, right, peers, rounds, with_otter):
    """Grade right submissions, one at a time, and return what one more takes each grader, less the start of its commands.

    Each grader grades one submission and then a class, in each round: the difference is what the others took.
    """
    graders = {"nbgrader": (nbgrader, peers), "ours": (ours, right)} | ({"otter": (otter, peers)} if with_otter else {})
    found = {name: [] for name in graders}
    for number in range(rounds):
        for name, (grader, more) in graders.items():
            with console.status(f"Round {number + 1} of {rounds}: {name} ..."):
                one, many = (in_a_folder(folder, grader, map(right_one, range(size)), size) for size in (1, 1 + more))
                found[name].append(
                    {
                        step: {
                            kind: {
                                "each": (getattr(many[step], kind) - getattr(one[step], kind)) / more,
                                "start": getattr(one[step], kind),
                                "class": getattr(many[step], kind) / (1 + more),
                            }
                            for kind in ("clock", "processor", "own")
                        }
                        for step in one
                    }
                )
    return {"submissions": {name: more for name, (_, more) in graders.items()}, "rounds": found} | {
        name: medians(some) for name, some in found.items()
    }


def in_a_folder(folder, grader, submissions, size, *options):
    """Grade in a folder that is removed then; stop where a score is not full."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        runs, found = grader(Path(place), submissions, *options)
    wrong = {student: score for student, score in found.items() if score != 30}
    if len(found) != size or wrong:
        sys.exit(f"{grader.__name__} graded {len(found)} of {size}, and these have not 30 points: {wrong}")
    return runs


def medians(some):
    """Return the medians of some trees of numbers that are alike."""
    first = some[0]
    return {key: medians([one[key] for one in some]) for key in first} if isinstance(first, dict) else median(some)


def grow(folder, size):
    """Grade classes of any submissions on all cores, with all pages and the table."""
    found = []
    for number in sorted({min(SMALLER, size), size}):
        with console.status(f"Grading {number:,} submissions on all cores ..."):
            with tempfile.TemporaryDirectory(dir=folder) as place:
                runs, graded = ours(Path(place), map(any_one, range(number)), str(fleet.cores()), every=2)
        if len(graded) != number:
            sys.exit(f"{len(graded)} of {number} stand in the table.")
        states = re.search(r" s: (.*);", " ".join(runs["grading"].output.split()))[1]
        steps = {
            step: {key: value for key, value in asdict(one).items() if key != "output"} for step, one in runs.items()
        }
        found.append({"size": number, "states": states, **steps})
    return found


def scale(folder, size, rounds):
    """Compare 1 process with one for each core, and with what the machine gives to any programs that share nothing."""
    ratios, limits, jobs = [], [], fleet.cores()
    with console.status(f"Grading {size} submissions with 1 and with {jobs} processes, {rounds} times ..."):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            place = a_class(Path(place), map(any_one, range(size)))
            command = [sys.executable, "-m", "grading"]
            run([*command, "release", NAME], place)
            for _ in range(rounds):
                one, many = (
                    run([*command, "autograde", NAME, "--force", "--jobs", str(some)], place).output
                    for some in (1, jobs)
                )
                one, many = (float(re.search(r"students in ([\d.]+) s", said)[1]) for said in (one, many))
                ratios.append(one / many)
                limits.append(jobs * counting(1) / counting(jobs))
    return {"size": size, "jobs": jobs, "ratios": ratios, "limits": limits}


def counting(programs):
    """Return the seconds that some programs take which only count, all at once: what is less than perfect is the machine's."""
    started = time.monotonic()
    running = [subprocess.Popen([sys.executable, "-c", "for _ in range(100_000_000): pass"]) for _ in range(programs)]
    for program in running:
        program.wait()
    return time.monotonic() - started


def parts(folder, times=100):
    """Return the milliseconds by the clock of one right submission, and of what no submission can do without."""
    with tempfile.TemporaryDirectory(dir=folder) as place, console.status("One submission, in parts ..."):
        course = CourseAssignment(NAME, a_class(Path(place), [right_one(0)]))
        release(course)
        work, here = Work(course.master, course.limits), course.place("student-000000")
        grading, sandbox = grader_for(work), find_sandbox()

        def a_worker():
            process = sandbox.start(work.limits)
            worker_answers(process)
            process.stop()

        found = {
            "process": lambda: grading.digests([here]),
            "worker": a_worker,
            "whole": lambda: grading.grade(here, frozenset()),
        }
        found = {name: 1000 * median(seconds(one) for _ in range(times)) for name, one in found.items()}
        close_graders()
    return found


def seconds(action):
    started = time.monotonic()
    action()
    return time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--class", type=int, default=10_000, dest="size", help="submissions of the large class")
    parser.add_argument("--right", type=int, default=200, help="right submissions that this grader grades")
    parser.add_argument("--peers", type=int, default=5, help="those of them that the others grade, too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--otter", action="store_true", help="grade with otter-grader as well; it is installed first")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        found = {
            "machine": f"{platform.system()} {platform.release().split('-')[0]} on {platform.machine()}",
            "cores": fleet.cores(),
            "versions": {name: version(name) for name in ("nbgrader", "numpy")} | {"python": platform.python_version()},
            "compared": compare(folder, arguments.right, arguments.peers, arguments.rounds, arguments.otter),
            "scale": scale(folder, min(600, arguments.size), arguments.rounds),
            "classes": grow(folder, arguments.size),
            "parts": parts(folder),
        }
    FOUND.write_text(json.dumps(found, indent=1) + "\n")
    show(found)


# One function: a table, line by line.
def show(found):
    compared = found["compared"]
    table = Table(title="What one more right submission takes, one process each, in seconds")
    for column in ("grader", "processor: grading", "feedback", "ratio", "clock: grading", "feedback", "ratio"):
        table.add_column(column, justify="left" if column == "grader" else "right")
    for name in compared["submissions"]:
        line = [name]
        for kind in ("processor", "clock"):
            each = {
                who: [compared[who][step][kind]["each"] for step in compared[who] if step in STEPS]
                for who in (name, "nbgrader")
            }
            line += [*(f"{one:.4f}" for one in each[name]), *["-"] * (2 - len(each[name]))]
            line.append(f"{sum(each['nbgrader']) / sum(each[name]):.0f}" if len(each[name]) == 2 else "-")
        table.add_row(*line)
    console.print(table)
    table = Table(title=f"Any submissions, on {found['cores']} cores, with all pages and the table")
    for column in ("submissions", "minutes", "ms each", "ms of processors", "of these the writer", "MB", "states"):
        table.add_column(column, justify="right")
    for one in found["classes"]:
        runs = [one[step] for step in (*STEPS, "table")]
        clock, processor, own = (sum(run[kind] for run in runs) for kind in ("clock", "processor", "own"))
        memory = max(run["memory"] for run in runs)
        each = (f"{1000 * some / one['size']:.1f}" for some in (clock, processor, own))
        table.add_row(f"{one['size']:,}", f"{clock / 60:.1f}", *each, f"{memory / 1e6:.0f}", one["states"])
    console.print(table)
    console.print({name: found[name] for name in ("parts", "scale")})
    console.print(f"Wrote {FOUND.relative_to(ROOT)}; python benchmarks/figures.py puts it into the docs.")


if __name__ == "__main__":
    main()
