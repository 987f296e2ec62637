"""How the submissions of `attacks.py` and `damaged.py` are written down: a name, a fair score, and what was handed in."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import nbformat
from answers import EXERCISES, RIGHT
from courses import ROOT
from run_all import cells_by_id

NAME = "initialization.ipynb"
RELEASED = nbformat.read(ROOT / "release" / "initialization" / NAME, as_version=4)
AS_TAUGHT = {answer.exercise: answer.source for answer in RIGHT if answer.name == "as taught"}


@dataclass(frozen=True)
class Case:
    """One submission.

    Attributes
    ----------
    group, name : str
    score : float
        What a fair grader gives, of 30.
    write : callable
        Takes the folder of the submission, and writes what the student handed in.
    status : str or None
        None where it depends on which limit is met first.
    """

    group: str
    name: str
    score: float
    write: Callable
    status: str = "graded"

    @property
    def id(self):
        return f"{self.group}: {self.name}"


def blank(solved=(), text=False):
    """The released notebook, without the training that no check needs, with right answers to some exercises."""
    notebook = nbformat.from_dict(RELEASED)
    notebook.cells = [
        cell for cell in notebook.cells if not cell.id.endswith("-train") and (text or cell.cell_type == "code")
    ]
    for name in solved:
        cells_by_id(notebook)[f"{name}-exercise"].source = AS_TAUGHT[name]
    return notebook


def code(source, **fields):
    return nbformat.v4.new_code_cell(source, **fields)


def insert(notebook, source, after="packages"):
    """Put a cell below another one, by its id."""
    at = next(number for number, cell in enumerate(notebook.cells) if cell.id == after)
    notebook.cells.insert(at + 1, code(source))
    return notebook


def save(notebook, folder, name=NAME):
    """Write a notebook as it is, valid or not."""
    text = notebook if isinstance(notebook, str) else json.dumps(notebook)
    (folder / name).write_text(text, encoding="utf-8")


def edited(group, name, score, edit, solved=(), status="graded"):
    """A case whose notebook a function changes in place, or replaces by what it returns."""

    def write(folder):
        notebook = blank(solved)
        changed = edit(notebook)
        save(notebook if changed is None else changed, folder)

    return Case(group, name, score, write, status)


def each(notebook, part):
    """Yield the three cells of a kind, ``exercise`` or ``test``."""
    cells = cells_by_id(notebook)
    return [cells[f"{name}-{part}"] for name in EXERCISES]
