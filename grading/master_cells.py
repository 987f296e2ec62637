"""The cells of an authored notebook, and what is graded of them. They are the course's own, and trusted."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import nbformat

from grading.python_source import as_python, body_of, bound_names, is_plain_import, normalized, visible_source

DEFERRED_TAG = "skip-grading"  # the tag of a cell that is run only where a later cell asks for a name that it sets


@dataclass(frozen=True)
class MasterCell:
    """A cell of an authored notebook.

    Attributes
    ----------
    kind : str
        ``code``, ``markdown`` or ``raw``.
    source : str
    marks : dict of str to object
        What nbgrader has written on it; empty where that has no grade id.
    cell_id : str
        The name that Jupyter gave it, or an empty text.
    tags : tuple of str
    """

    kind: str
    source: str
    marks: dict[str, Any]
    cell_id: str = ""
    tags: tuple[str, ...] = ()

    @property
    def grade_id(self) -> str:
        grade_id: str = self.marks.get("grade_id", "")
        return grade_id

    @property
    def is_solution(self) -> bool:
        return bool(self.marks.get("solution"))

    @property
    def is_graded(self) -> bool:
        return bool(self.marks.get("grade") or self.marks.get("task"))

    @property
    def is_test(self) -> bool:
        """Whether it is graded by running it."""
        return self.kind == "code" and self.is_graded and not self.is_solution and not self.marks.get("task")

    @property
    def is_given(self) -> bool:
        """Whether it is code that neither asks nor answers."""
        return self.kind == "code" and not self.is_graded and not self.is_solution

    @property
    def is_deferred(self) -> bool:
        return DEFERRED_TAG in self.tags

    @cached_property
    def python(self) -> str:
        """Its code as Python: as it is where that is Python, and else as IPython reads it."""
        return as_python(self.source)

    @cached_property
    def names(self) -> dict[str, bool]:
        """The names that its code sets; for each, whether a function or a class is among it."""
        return bound_names(self.python)

    @cached_property
    def imports(self) -> dict[str, str]:
        """The statement that imports each name which its code imports at the top level."""
        found: dict[str, str] = {}
        for node in filter(is_plain_import, body_of(self.python)):
            for alias in node.names:
                one = (
                    ast.Import([alias])
                    if isinstance(node, ast.Import)
                    else ast.ImportFrom(node.module, [alias], node.level)
                )
                name = alias.asname or alias.name.partition(".")[0]
                found[name] = "\n".join([*filter(None, [found.get(name)]), ast.unparse(one)])
        return found

    @cached_property
    def without_imports(self) -> str:
        """Its code without those."""
        return "\n".join(ast.unparse(node) for node in body_of(self.python) if not is_plain_import(node))

    @cached_property
    def normalized(self) -> str:
        return normalized(self.source)


@dataclass(frozen=True)
class Test:
    """A cell that is graded by running it.

    Attributes
    ----------
    grade_id : str
    source : str
    points : float
    key : str
        What a `Result` calls it.
    autotests : tuple of str
        The lines from which nbgrader wrote tests.
    """

    grade_id: str
    source: str
    points: float
    key: str
    autotests: tuple[str, ...] = ()

    @cached_property
    def normalized(self) -> str:
        """Its text, less what does not tell one cell from another."""
        return normalized(self.source)

    @cached_property
    def has_hidden_lines(self) -> bool:
        """Whether it has lines that students don't see."""
        return visible_source(self.source) != self.source


@dataclass(frozen=True)
class Answer:
    """A cell that a person grades: an answer in words, a program without a test, a task.

    Attributes
    ----------
    grade_id : str
    kind : str
        ``code`` or ``markdown``.
    points : float
    stub : str or None
        What the student found in it; None for a task, whose text stays as it is.
    key : str
        What a `Result` calls it.
    """

    grade_id: str
    kind: str
    points: float
    stub: str | None
    key: str


def parsed(notebook: bytes) -> Any:
    """Return a notebook of the course's own in the form of nbformat 4."""
    return nbformat.reads(notebook.decode("utf-8"), as_version=4)


def language_of(notebook: bytes) -> str:
    """Return the language that a notebook says it is written in; Python where it says nothing."""
    about = parsed(notebook).metadata
    language: str = (
        about.get("kernelspec", {}).get("language") or about.get("language_info", {}).get("name") or "python"
    )
    return language


def read_cells(notebook: bytes) -> list[MasterCell]:
    """Return the cells of a notebook of the course's own."""
    return [
        MasterCell(
            cell.cell_type,
            cell.source,
            marks if "grade_id" in (marks := cell.metadata.get("nbgrader", {})) or marks.get("grade") else {},
            cell.get("id", ""),
            tuple(cell.metadata.get("tags", ())),
        )
        for cell in parsed(notebook).cells
    ]


def heading_of(cell: MasterCell) -> str:
    """Return the heading that a cell begins with, where that is plain text; else an empty one."""
    found = re.match(r"\s*#{1,6} +([^\n]+)", cell.source) if cell.kind == "markdown" else None
    return found[1].strip(" #") if found and not re.search(r"[$*_`<>\[\]\\]", found[1]) else ""
