"""Measure what grading takes: beside an unmodified nbgrader, in large classes, and by its parts.

    python benchmarks/grading.py [--class N] [--right N] [--peers N] [--rounds N] [--otter]

It prints tables and writes ``benchmarks/grading.json``, of which ``benchmarks/figures.py`` makes
what docs/scale.md and the README say. All of it in one run, as machines differ.
"""

import argparse
import base64
import csv
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import nbformat
import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from answers import EXERCISES, RIGHT, WRONG  # noqa: E402  (found through the line above)

from grading import fleet  # noqa: E402
from grading.assignment import CourseAssignment  # noqa: E402
from grading.grade import Work, end_processes, processes  # noqa: E402
from grading.release import release  # noqa: E402
from grading.sandbox import answers, available  # noqa: E402

NAME = "initialization"
SEED = 20_261_124
SMALLER = 1_000  # submissions of the class that the large one is compared with
FOUND = ROOT / "benchmarks" / "grading.json"
console = Console(width=120)
# What hangs costs every grader its time limit and nothing else, so none of it is here. Nor is what warns: nbgrader
# gives no points where anything stands on stderr.
LEFT_OUT = re.compile("never ends|while|sleep|input|huge|memory|recurs|exit|thread|warn|logging", re.IGNORECASE)
RELEASED, SOLVED = (nbformat.read(ROOT / step / NAME / f"{NAME}.ipynb", as_version=4) for step in ("release", "source"))


# ------------------------------------------------------------------------- the class


def right_one(number):
    """Return the notebook of a student whose answers are right, as text."""
    notebook, solved = nbformat.from_dict(RELEASED), {cell.id: cell.source for cell in SOLVED.cells}
    for cell in notebook.cells:
        if cell.id.endswith("-exercise"):
            cell.source = f"# student {number}\n{solved[cell.id]}"
    return json.dumps(notebook)


def any_one(number):
    """Return the notebook of any student as text: right, wrong or damaged, and the same for the same number."""
    chance = random.Random(SEED + number)
    notebook = nbformat.from_dict(RELEASED)
    cells = {cell.id: cell for cell in notebook.cells}
    for name in EXERCISES:
        bank = RIGHT if chance.random() < 0.75 else WRONG
        given = [
            answer for answer in bank if answer.exercise == name and not LEFT_OUT.search(answer.name + answer.source)
        ]
        if chance.random() < 0.95:  # the others did not get to it
            cells[f"{name}-exercise"].source = f"# student {number}\n" + chance.choice(given).source
    if chance.random() < 0.4:
        notebook.cells.insert(3, nbformat.v4.new_code_cell(f"print('a cell of student {number}')\nnotes = [{number}]"))
    loses_metadata, loses_a_cell, cut_off = chance.random() < 0.08, chance.random() < 0.08, chance.random() < 0.01
    if loses_metadata:
        cells["zeros-test"].metadata = {}
    if loses_a_cell:
        lost = chance.choice(["packages", "zeros-test", "he-plot"])
        notebook.cells = [cell for cell in notebook.cells if cell.id != lost]
    if chance.random() < 0.3:
        for name in EXERCISES:  # plots as JupyterLab saves them, about a megabyte in all
            picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + chance.randbytes(250_000)).decode()
            output = nbformat.v4.new_output("display_data", {"image/png": picture, "text/plain": "<Figure>"})
            cells[f"{name}-train"].outputs = [output]
    text = json.dumps(notebook)
    return text[: len(text) // 2] if cut_off else text


def a_class(folder, submissions, ours=True):
    """Make a course with some submissions; with ``ours``, this project's grader grades it."""
    shutil.copytree(ROOT / "source", folder / "source")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    if ours:
        shutil.copytree(ROOT / "grading", folder / "grading", ignore=shutil.ignore_patterns("__pycache__"))
    for number, text in enumerate(submissions):
        place = folder / "submitted" / f"student-{number:06}" / NAME
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_text(text)
    return folder


# ------------------------------------------------------------------------- measuring


@dataclass
class Run:
    """What a command took.

    Attributes
    ----------
    clock : float
        Seconds by the clock.
    processor : float
        Seconds of all processors.
    own : float
        The same, of the command's own process: what writes.
    memory : int
        Bytes of all its processes at once; what they share is counted once (PSS).
    """

    clock: float
    processor: float
    own: float
    memory: int
    output: str = ""


def run(command, folder, every=0.5):
    """Run a command, and look at the memory of its processes from time to time."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    before, started = busy(), time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    seen, over = {"own": 0.0, "memory": 0}, threading.Event()

    def watch():
        looked = 0.0
        while not over.wait(0.05):
            try:
                times = psutil.Process(process.pid).cpu_times()
                seen["own"] = times.user + times.system
                if time.monotonic() - looked > every:
                    seen["memory"] = max(seen["memory"], memory_of(process.pid))
                    looked = time.monotonic()
            except psutil.Error:
                pass  # it has just ended

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    clock, processor = time.monotonic() - started, busy() - before
    over.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output[-2000:]}")
    return Run(clock, processor, seen["own"], seen["memory"], output)


def busy():
    """Return the seconds that the processors of this machine have worked, on which nothing else runs meanwhile.

    A process's own count of its children lacks those that nobody waited for, and a sandbox is full of them.
    """
    times = psutil.cpu_times()._asdict()
    return sum(times.get(kind, 0) for kind in ("user", "nice", "system", "irq", "softirq"))


def memory_of(pid):
    """Return the memory of a process and its descendants."""
    total, started = 0, psutil.Process(pid)
    for process in (started, *started.children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            pass  # it ended meanwhile
    return total


# --------------------------------------------------------------------------- graders

STEPS = "grading", "feedback"


def nbgrader(folder, submissions):
    """Grade with an unmodified nbgrader, and make its feedback."""
    a_class(folder, submissions, ours=False)
    command = [sys.executable, "-m", "nbgrader"]
    run([*command, "generate_assignment", NAME], folder)
    runs = [run([*command, step, NAME], folder) for step in ("autograde", "generate_feedback")]
    run([*command, "export", "--to", "grades.csv"], folder)
    return dict(zip(STEPS, runs)), scores(folder / "grades.csv")


def ours(folder, submissions, jobs="1", every=0.5):
    """Grade with this project's grader, and make its pages and its table."""
    a_class(folder, submissions)
    command = [sys.executable, "-m", "grading"]
    run([*command, "release", NAME], folder)
    runs = [run([*command, "autograde", NAME, "--jobs", jobs], folder, every)]
    runs += [run([*command, step, NAME], folder, every) for step in ("feedback", "report")]
    return dict(zip((*STEPS, "table"), runs)), scores(folder / "grades" / f"{NAME}.csv")


def otter(folder, submissions):
    """Grade with otter-grader, without its container: the same tests in its format, in an environment of its own."""
    a_class(folder, submissions, ours=False)
    environment = ROOT / "build" / "otter"
    if not (environment / "ready").exists():
        run([sys.executable, "-m", "venv", "--clear", environment], folder)
        requirements = ROOT / "benchmarks" / "otter.txt"
        run([environment / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", requirements], folder)
        (environment / "ready").touch()
    (folder / "tests").mkdir()
    for cell in SOLVED.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") and not marks.get("solution"):
            exercise = marks["grade_id"].removesuffix("-test")
            names = f"initialize_parameters_{exercise}, np, initialize_parameters_{exercise}_test"
            (folder / "tests" / f"{exercise}.py").write_text(
                f"from otter.test_files import test_case\nOK_FORMAT = False\nname, points = {exercise!r}, {marks['points']}\n\n"
                f"@test_case()\ndef test_{exercise}({names}):\n{textwrap.indent(cell.source.replace('globals()', f'initialize_parameters_{exercise}'), '    ')}\n"
            )
    files = [f"{name}.py" for name in ("init_utils", "plots", "public_tests", "preflight", "diagnosis")]
    for name in files:
        shutil.copy(ROOT / name, folder)
    program = environment / "bin" / "otter"
    run([program, "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment", *files], folder)
    script = f"""for student in submitted/*; do
        "{program}" run -a autograder.zip -o "$student" --no-logo "$student/{NAME}/{NAME}.ipynb" >/dev/null 2>&1 || true
    done"""
    measured, found = run(["sh", "-c", script], folder), {}
    for student in (folder / "submitted").iterdir():
        results = student / "results.json"
        tests = json.loads(results.read_text())["tests"] if results.exists() else []
        found[student.name] = float(sum(test.get("score", 0) for test in tests))
    return {"grading": measured}, found


def scores(table):
    with open(table) as file:
        return {row["student_id"]: float(row["score"] or 0) for row in csv.DictReader(file)}


# ------------------------------------------------------------------- what is measured


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
        grading, sandbox = processes(work), available()

        def a_worker():
            process = sandbox.start(work.limits)
            answers(process)
            process.end()

        found = {
            "process": lambda: grading.digests([here]),
            "worker": a_worker,
            "whole": lambda: grading.grade(here, frozenset()),
        }
        found = {name: 1000 * median(seconds(one) for _ in range(times)) for name, one in found.items()}
        end_processes()
    return found


def seconds(action):
    started = time.monotonic()
    action()
    return time.monotonic() - started


# ------------------------------------------------------------------------------ main


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
