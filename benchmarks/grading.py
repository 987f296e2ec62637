"""Grade one class with an unmodified nbgrader, with otter-grader and with this project's grader, in one run.

Then larger classes with this grader alone, to see whether time and memory stay
flat, a class on one and on two cores, and a profile of one submission with the
floor below which no grader of notebooks gets.

    python benchmarks/grading.py [--peers N] [--sizes N ...]
"""

import argparse
import base64
import cProfile
import csv
import json
import os
import platform
import pstats
import random
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from dataclasses import dataclass
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
from grading.grade import Work  # noqa: E402
from grading.release import release  # noqa: E402
from grading.sandbox import available  # noqa: E402

NAME = "initialization"
SEED = 20_261_124
MANY_PAGES = 1000  # a page takes longer than a grade
console = Console(width=150)
# What hangs costs every grader its time limit and nothing else, so none of it is here. Nor is what warns: nbgrader
# gives no points where anything stands on stderr, and the same scores are part of the comparison.
LEFT_OUT = re.compile("never ends|while|sleep|input|huge|memory|recurs|exit|thread|warn|logging", re.IGNORECASE)


# ------------------------------------------------------------------------- the class


def one_submission(number):
    """Return the notebook of a student as text, and whether it is damaged: the same for the same number."""
    chance = random.Random(SEED + number)
    notebook = nbformat.from_dict(RELEASED)
    cells = {cell.id: cell for cell in notebook.cells}
    for name in EXERCISES:
        bank = RIGHT if chance.random() < 0.75 else WRONG
        answers = [
            answer for answer in bank if answer.exercise == name and not LEFT_OUT.search(answer.name + answer.source)
        ]
        if chance.random() < 0.95:  # the others did not get to it
            cells[f"{name}-exercise"].source = f"# student {number}\n" + chance.choice(answers).source
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
    return text[: len(text) // 2] if cut_off else text, loses_metadata or loses_a_cell or cut_off


RELEASED = nbformat.read(ROOT / "release" / NAME / f"{NAME}.ipynb", as_version=4)


def a_class(folder, size, grader):
    """Make a course with ``size`` submissions and its release; with ``grader``, this project's grades it."""
    shutil.copytree(ROOT / "source", folder / "source")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    if grader:
        shutil.copytree(ROOT / "grading", folder / "grading", ignore=shutil.ignore_patterns("__pycache__"))
    for number in range(size):
        place = folder / "submitted" / f"student-{number:06}" / NAME
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_text(one_submission(number)[0])
    return folder


# ------------------------------------------------------------------------- measuring


@dataclass
class Run:
    """What a command took: seconds by the clock and of all processors, and bytes in all its processes at once."""

    seconds: float
    cpu: float
    memory: int
    output: str


def run(command, folder):
    """Run a command and watch all its processes."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    before, started = busy(), time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak, over = [0], threading.Event()

    def watch():
        while not over.wait(0.5):
            peak[0] = max(peak[0], memory_of(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    over.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output[-2000:]}")
    return Run(time.monotonic() - started, busy() - before, peak[0], output)


def busy():
    """Return for how many seconds the processors have worked, for whatever but this process: run it on an idle machine.

    What processes report of their children misses those that end unseen in a sandbox, and the kernel's work for them.
    """
    machine, mine = psutil.cpu_times(), os.times()
    return (
        sum(machine)
        - machine.idle
        - getattr(machine, "iowait", 0)
        - getattr(machine, "steal", 0)
        - mine.user
        - mine.system
    )


def memory_of(pid):
    """Return the memory of a process and its descendants; what they share is counted once (PSS)."""
    total = 0
    for process in [psutil.Process(pid), *descendants(pid)]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            pass  # it ended meanwhile
    return total


def descendants(pid):
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


# --------------------------------------------------------------------------- graders


def nbgrader(folder, size):
    """Grade with an unmodified nbgrader."""
    a_class(folder, size, grader=False)
    run([sys.executable, "-m", "nbgrader", "generate_assignment", NAME], folder)
    # Without --force nbgrader stops the class at the first submission that it can't read; it ends with 1 for those.
    command = f'"{sys.executable}" -m nbgrader autograde {NAME}; test $? -le 1'
    measured = run(["sh", "-c", command], folder)
    run([sys.executable, "-m", "nbgrader", "export", "--to", "grades.csv"], folder)
    with open(folder / "grades.csv") as file:
        return measured, {row["student_id"]: float(row["score"] or 0) for row in csv.DictReader(file)}


def ours(folder, size, *options):
    """Grade with this project's grader; return the scores from its table of grades."""
    a_class(folder, size, grader=True)
    run([sys.executable, "-m", "grading", "release", NAME], folder)
    measured = run([sys.executable, "-m", "grading", "autograde", NAME, *options], folder)
    run([sys.executable, "-m", "grading", "report", NAME], folder)
    with open(folder / "grades" / f"{NAME}.csv") as file:
        return measured, {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def otter(folder, size):
    """Grade with otter-grader, without its container: the same tests in its format, in an environment of its own."""
    a_class(folder, size, grader=False)
    environment = ROOT / "build" / "otter"
    if not (environment / "ready").exists():
        run([sys.executable, "-m", "venv", "--clear", environment], folder)
        requirements = ROOT / "benchmarks" / "otter.txt"
        run([environment / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", requirements], folder)
        (environment / "ready").touch()
    (folder / "tests").mkdir()
    for cell in nbformat.read(folder / "source" / NAME / f"{NAME}.ipynb", as_version=4).cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") and not marks.get("solution"):
            exercise = marks["grade_id"].removesuffix("-test")
            names = f"initialize_parameters_{exercise}, np, initialize_parameters_{exercise}_test"
            (folder / "tests" / f"{exercise}.py").write_text(
                f"from otter.test_files import test_case\nOK_FORMAT = False\nname, points = {exercise!r}, {marks['points']}\n\n"
                f"@test_case()\ndef test_{exercise}({names}):\n{textwrap.indent(cell.source, '    ')}\n"
            )
    for name in ("init_utils.py", "public_tests.py"):
        shutil.copy(ROOT / name, folder)
    program = environment / "bin" / "otter"
    run(
        [
            program,
            "generate",
            "-t",
            "tests",
            "-o",
            "autograder.zip",
            "--no-environment",
            "init_utils.py",
            "public_tests.py",
        ],
        folder,
    )
    script = f"""for student in submitted/*; do
        "{program}" run -a autograder.zip -o "$student" --no-logo "$student/{NAME}/{NAME}.ipynb" >/dev/null 2>&1 || true
    done"""
    measured, scores = run(["sh", "-c", script], folder), {}
    for student in (folder / "submitted").iterdir():
        results = student / "results.json"
        tests = json.loads(results.read_text())["tests"] if results.exists() else []
        scores[student.name] = float(sum(test.get("score", 0) for test in tests))
    return measured, scores


# --------------------------------------------------------------------------- profile


def profile(folder, size):
    """Say where the time of one submission goes, in one process, in milliseconds."""
    course = CourseAssignment(NAME, a_class(folder, size, grader=True))
    release(course)
    work = Work(course.master, course.limits, available().name)
    for _ in fleet.autograde(course, course.students(), fleet.Here(), work):
        pass  # the first pass imports and compiles
    profiler = cProfile.Profile()
    started = time.monotonic()
    profiler.enable()
    for _ in fleet.autograde(course, course.students(), fleet.Here(), work, force=True):
        pass
    profiler.disable()
    everything = time.monotonic() - started
    # cProfile slows Python down, so the parts are shares of the undisturbed time below.
    times = {}
    for (file, _, name), (_, _, _, cumulative, _) in pstats.Stats(profiler).stats.items():
        times[Path(file).name, name] = cumulative
    parts = {
        "read the files": times["assignment.py", "collect"],
        "parse the notebook": times["submission.py", "read"],
        "fork a worker, and end it": times["sandbox.py", "start"] + times["sandbox.py", "end"],
        "wait for the student's process": times["student.py", "wait"],
        "make the notebook for feedback": times["page.py", "page"] + times["__init__.py", "dumps"],
        "store": times["store.py", "store"] + times["store.py", "begin"],
    }
    parts["encode, decode and judge"] = everything - sum(parts.values())
    plain = []
    for _ in range(3):
        started = time.monotonic()
        for _ in fleet.autograde(course, course.students(), fleet.Here(), work, force=True):
            pass
        plain.append((time.monotonic() - started) / size)
    return (
        {name: seconds / everything * median(plain) * 1000 for name, seconds in parts.items()},
        median(plain) * 1000,
        floor(course, work),
    )


def floor(course, work):
    """Return the milliseconds of the least that grading takes: a worker that starts and ends, and a parsed notebook."""
    sandbox, measured = available(), {"a worker that starts, says hello and ends": [], "the notebook, read as JSON": []}
    text = (course.submission("student-000000")).read_bytes()
    for _ in range(50):
        started = time.monotonic()
        process = sandbox.start(work.limits, work.preload)
        process.end()
        measured["a worker that starts, says hello and ends"].append(time.monotonic() - started)
        started = time.monotonic()
        json.loads(text)
        measured["the notebook, read as JSON"].append(time.monotonic() - started)
    return {name: median(times) * 1000 for name, times in measured.items()}


# ------------------------------------------------------------------------------ main


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=int, default=12, help="submissions that all graders grade")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[100, 1000, 10_000], help="classes for this grader alone"
    )
    parser.add_argument("--without-otter", action="store_true")
    arguments = parser.parse_args()
    cores = fleet.cores()
    console.print(f"{platform.platform()}, {cores} cores, Python {platform.python_version()}, {available().name}")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        folder = Path(folder)
        reference = compare(folder, arguments.peers, not arguments.without_otter)
        grow(folder, arguments.sizes, reference)
        scale(folder)
        show_profile(folder)


def compare(folder, size, with_otter):
    graders = (
        {"nbgrader, unmodified": nbgrader}
        | ({"otter-grader, no container": otter} if with_otter else {})
        | {"this grader, 1 process": ours_alone}
    )
    runs = {}
    with console.status("") as status:
        for name, grader in graders.items():
            status.update(f"Grading {size} submissions with {name} ...")
            place = folder / f"compare-{len(runs)}"
            place.mkdir()
            runs[name] = grader(place, size)
    table = Table(title=f"The same {size} submissions, one at a time")
    for column in (
        "grader",
        "seconds each",
        "of the processor",
        "per second and core",
        "memory, MB",
        "ratio",
        "scores as ours",
        "of damaged",
    ):
        table.add_column(column, justify="left" if column == "grader" else "right")
    reference, scores = runs["nbgrader, unmodified"][0], runs["this grader, 1 process"][1]
    damaged = {student for student in scores if one_submission(int(student.removeprefix("student-")))[1]}
    for name, (measured, found) in runs.items():
        same = {student for student, score in scores.items() if found.get(student, 0.0) == score}
        table.add_row(
            name,
            f"{measured.seconds / size:.3f}",
            f"{measured.cpu / size:.3f}",
            f"{size / measured.cpu:.2f}",
            f"{measured.memory / 1e6:.0f}",
            f"{reference.cpu / measured.cpu:.1f}",
            f"{len(same - damaged)} of {size - len(damaged)}",
            f"{len(same & damaged)} of {len(damaged)}",
        )
    console.print(table)
    console.print(
        "ratio: of processor time, to nbgrader's. Starting the command is in it, which a large class does not notice."
    )
    return reference.cpu / size


def ours_alone(folder, size):
    return ours(folder, size, "--jobs", "1")


def grow(folder, sizes, reference):
    table = Table(title="Larger classes, this grader, all cores")
    for column in (
        "submissions",
        "seconds",
        "ms each",
        "per second",
        "ms of processor each",
        "ratio to nbgrader",
        "memory, MB",
        "states",
        "ms a page",
        "MB for pages",
        "MB for the table",
    ):
        table.add_column(column, justify="right")
    for size in sizes:
        place = folder / f"grow-{size}"
        place.mkdir()
        with console.status(f"Grading {size} submissions ..."):
            measured, scores = ours(place, size)
        command = [sys.executable, "-m", "grading"]
        with console.status(f"Feedback pages of {size} submissions ..."):
            pages = run([*command, "feedback", NAME], place) if size <= MANY_PAGES else None
            listed = run([*command, "report", NAME], place)
        states = re.search(r" s: (.*);", " ".join(measured.output.split()))[1]
        table.add_row(
            f"{size}",
            f"{measured.seconds:.1f}",
            f"{measured.seconds / size * 1000:.1f}",
            f"{size / measured.seconds:.1f}",
            f"{measured.cpu / size * 1000:.1f}",
            f"{reference * size / measured.cpu:.0f}",
            f"{measured.memory / 1e6:.0f}",
            states,
            f"{pages.seconds / size * 1000:.0f}" if pages else "-",
            f"{pages.memory / 1e6:.0f}" if pages else "-",
            f"{listed.memory / 1e6:.0f}",
        )
        assert len(scores) == size
        shutil.rmtree(place)
    console.print(table)


def scale(folder, size=600, rounds=3):
    """Compare 1 process with 2 by what the command says of its own time, and with what the machine gives to any 2 processes."""
    ratios, limits = [], []
    place = folder / "scale"
    place.mkdir()
    with console.status(f"Grading {size} submissions with 1 and with 2 processes, {rounds} times ..."):
        ours(place, size)
        for _ in range(rounds):
            outputs = [
                run([sys.executable, "-m", "grading", "autograde", NAME, "--force", "--jobs", jobs], place).output
                for jobs in "12"
            ]
            one, two = (float(re.search(r"students in ([\d.]+) s", output)[1]) for output in outputs)
            ratios.append(one / two)
            limits.append(2 * counting(1) / counting(2))
    for text, found in (
        (f"2 processes against 1, {size} submissions", ratios),
        ("two programs that share nothing, against one", limits),
    ):
        console.print(f"{text}: {median(found):.2f} times as fast ({', '.join(f'{ratio:.2f}' for ratio in found)})")


def counting(programs):
    """Return the seconds that some programs take which only count, all at once: what is less than perfect is the machine's."""
    started = time.monotonic()
    running = [subprocess.Popen([sys.executable, "-c", "for _ in range(100_000_000): pass"]) for _ in range(programs)]
    for program in running:
        program.wait()
    return time.monotonic() - started


def show_profile(folder):
    place = folder / "profile"
    place.mkdir()
    with console.status("Profiling ..."):
        parts, total, least = profile(place, 100)
    table = Table(title=f"Where the {total:.1f} ms of one submission go, in one process")
    table.add_column("part")
    table.add_column("ms", justify="right")
    for name, value in sorted(parts.items(), key=lambda part: -part[1]):
        table.add_row(name, f"{value:.2f}")
    table.add_section()
    for name, value in least.items():
        table.add_row(f"floor: {name}", f"{value:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
