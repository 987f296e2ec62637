"""The graders that are compared, and the classes that they grade."""

import base64
import csv
import json
import random
import re
import shutil
import sys
import textwrap
from pathlib import Path

import nbformat
from answers import EXERCISES, RIGHT, WRONG
from measuring import run

ROOT = Path(__file__).resolve().parent.parent
NAME = "initialization"
SEED = 20_261_124
# What hangs costs every grader its time limit and nothing else, so none of it is here. Nor is what warns: nbgrader
# gives no points where anything stands on stderr.
LEFT_OUT = re.compile("never ends|while|sleep|input|huge|memory|recurs|exit|thread|warn|logging", re.IGNORECASE)
RELEASED, SOLVED = (nbformat.read(ROOT / step / NAME / f"{NAME}.ipynb", as_version=4) for step in ("release", "source"))
STEPS = "grading", "feedback"


# ------------------------------------------------------------------------- the class


def right_one(number):
    """Return the notebook of a student whose answers are right, as text."""
    notebook, solved = nbformat.from_dict(RELEASED), {cell.id: cell.source for cell in SOLVED.cells}
    for cell in notebook.cells:
        if cell.id.endswith("-exercise"):
            cell.source = f"# student {number}\n{solved[cell.id]}"
    return json.dumps(notebook)


# One function: a submission of each kind, in turn.
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
    for helper in (ROOT / "release" / NAME).glob("*.py"):  # an unmodified nbgrader looks for them in the source
        shutil.copy(helper, folder if ours else folder / "source" / NAME)
    if ours:
        shutil.copytree(ROOT / "grading", folder / "grading", ignore=shutil.ignore_patterns("__pycache__"))
    for number, text in enumerate(submissions):
        place = folder / "submitted" / f"student-{number:06}" / NAME
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_text(text)
    return folder


# --------------------------------------------------------------------------- graders


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
    files = sorted(path.name for path in (ROOT / "release" / NAME).glob("*.py"))
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
