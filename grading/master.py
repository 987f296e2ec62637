"""The authored assignment, as the grader needs it: its notebooks, its files, and what a grade depends on. It is the course's own, and trusted."""

import functools
import hashlib
import re
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from grading.master_cells import Answer, Test, read_cells
from grading.master_notebook import MasterNotebook
from grading.python_source import imported_modules, is_quick, without_layout

T = TypeVar("T")
Items: TypeAlias = tuple[tuple[str, T], ...]  # those of a dictionary

# What the names of some parts of a course begin with, of which a person reads where one has changed.
THE_TEST, THE_ANSWER, THE_POINTS_OF = "the test ", "the answer ", "the points of "


@dataclass(frozen=True)
class Master:
    """The authored assignment, as the grader needs it.

    Attributes
    ----------
    name : str
        The assignment.
    authored : dict of str to bytes
        Its notebooks, with solutions and hidden tests, by their names.
    files : dict of str to bytes
        What is released beside them, by its path.
    released : dict of str to bytes
        The notebooks that students get, where they were built.
    generated : dict of str to dict
        The tests that nbgrader wrote when it built them, by the notebook's name and the grade id.
    """

    name: str
    authored: dict[str, bytes]
    files: dict[str, bytes] = field(default_factory=dict)
    released: dict[str, bytes] = field(default_factory=dict)
    generated: dict[str, dict[str, str]] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Callable[..., "Master"], tuple[Any, ...]]:
        generated = ((name, tuple(tests.items())) for name, tests in self.generated.items())
        return cached_master, (
            self.name,
            *(tuple(items.items()) for items in (self.authored, self.files, self.released)),
            tuple(generated),
        )

    @cached_property
    def notebooks(self) -> dict[str, MasterNotebook]:
        """The notebooks by their names, in order.

        Returns
        -------
        dict of str to MasterNotebook
        """
        seen: set[str] = set()
        shared: set[str] = set()
        for notebook in self.authored.values():
            ids = {cell.grade_id for cell in read_cells(notebook) if cell.grade_id} if len(self.authored) > 1 else set()
            shared |= seen & ids
            seen |= ids
        return {
            name: MasterNotebook(
                name,
                notebook,
                self.released.get(name, b""),
                self.generated.get(name, {}),
                frozenset(shared),
                self.quick,
            )
            for name, notebook in self.authored.items()
        }

    @cached_property
    def points(self) -> dict[str, float]:
        """The points of each graded cell by its key, in order."""
        return {key: points for notebook in self.notebooks.values() for key, points in notebook.points.items()}

    @cached_property
    def tests(self) -> list[Test]:
        return [test for notebook in self.notebooks.values() for test in notebook.tests]

    @cached_property
    def answers(self) -> list[Answer]:
        return [answer for notebook in self.notebooks.values() for answer in notebook.answers]

    @cached_property
    def titles(self) -> dict[str, str]:
        """What a person calls each graded cell: its key, less ``-test`` where no other cell has that name."""
        return titles(self.points)

    @cached_property
    def parts(self) -> dict[str, str]:
        """A hash of everything that a grade depends on, by what a person calls it. Words, outputs, cell ids and layout are not among it."""
        cells = [cell for notebook in self.notebooks.values() for cell in notebook.code]
        given = [
            text for cell in cells if cell.is_given for text in (without_layout(cell.source), str(cell.is_deferred))
        ]
        solutions = [
            text for cell in cells if cell.is_solution for text in (cell.grade_id, without_layout(cell.source))
        ]
        return (
            {"the given code": hashed(given), "the solutions": hashed(solutions)}
            | {f"{THE_TEST}{test.key}": hashed([without_layout(test.source), *test.autotests]) for test in self.tests}
            | {f"{THE_ANSWER}{answer.key}": hashed([answer.kind, str(answer.stub)]) for answer in self.answers}
            | {f"{THE_POINTS_OF}{name}": f"{points:g}" for name, points in self.points.items()}
            | {name: hashed([file_without_layout(name, content)]) for name, content in self.files.items()}
        )

    @cached_property
    def judged_by(self) -> dict[str, str]:
        """The key of the graded cell that judges each solution cell, by that one's key."""
        return {
            notebook.key(cell): notebook.key(judge)
            for notebook in self.notebooks.values()
            for cell, judge in notebook.judged_by.items()
        }

    def key(self, notebook: str, grade_id: str) -> str:
        """Return what a `Result` calls a cell of which a gradebook tells, also where there is no such notebook any more."""
        return self.notebooks[notebook].key(grade_id) if notebook in self.notebooks else grade_id

    @cached_property
    def imports(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The statements that import something, for who wants to load it beforehand: of Python's own, and what takes long."""
        found = dict.fromkeys(line for notebook in self.notebooks.values() for line in notebook.imports)
        own = tuple(line for line in found if is_quick(line, sys.stdlib_module_names))
        return own, tuple(line for line in found if not is_quick(line, self.quick))

    @cached_property
    def quick(self) -> frozenset[str]:
        """The modules that are loaded in no time: Python's own, NumPy, and what is released and imports no others."""
        imports: dict[str, set[str]] = {}
        for path, content in self.files.items():
            if path.endswith(".py"):
                imports.setdefault(re.split(r"[/.]", path)[0], set()).update(
                    imported_modules(content.decode(errors="replace"))
                )
        quick = {*sys.stdlib_module_names, "numpy"}
        while more := {name for name, others in imports.items() if name not in quick and others <= {name, *quick}}:
            quick |= more
        return frozenset(quick)


@functools.lru_cache(4)
def cached_master(
    name: str, authored: Items[bytes], files: Items[bytes], released: Items[bytes], generated: Items[Items[str]]
) -> Master:
    """Return the one copy that a process has of a master, however often it is sent there: it is parsed once."""
    return Master(name, dict(authored), dict(files), dict(released), {name: dict(tests) for name, tests in generated})


def titles(keys: Collection[str]) -> dict[str, str]:
    """Return what a person calls each graded cell: its key, less ``-test`` where no other one has that name."""
    return {name: name if name.removesuffix("-test") in keys else name.removesuffix("-test") for name in keys}


def hashed(texts: Iterable[str]) -> str:
    """Return a short hash of some texts."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    return digest.hexdigest()[:16]


def file_without_layout(name: str, content: bytes) -> str:
    """Return what a file says: of a module its code, of any other file every byte."""
    return without_layout(content.decode(errors="replace")) if name.endswith(".py") else content.decode("latin-1")
