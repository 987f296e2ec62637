"""One authored notebook, as the grader needs it: its tests and answers, and what a submission's cells stand for in it."""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from grading.master_cells import Answer, MasterCell, Test, heading_of, language_of, read_cells
from grading.python_source import as_python, is_quick, module_of, normalized
from grading.submission import Cell


@dataclass(frozen=True)
class MasterNotebook:
    """One authored notebook.

    Attributes
    ----------
    name : str
        Its file's, without the ending.
    notebook : bytes
        As authored, with solutions and hidden tests.
    released : bytes
        What students get, where it was built; what an untouched answer looks like.
    generated : dict of str to str
        The tests that nbgrader wrote when it built the release, by grade id: the lines ``### AUTOTEST`` became code.
    shared : frozenset of str
        Grade ids that another notebook of the assignment has too.
    quick : frozenset of str
        The modules that are loaded in no time.
    """

    name: str
    notebook: bytes
    released: bytes = b""
    generated: dict[str, str] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    quick: frozenset[str] = frozenset()

    def key(self, grade_id: str) -> str:
        """Return what a `Result` calls a graded cell: no other cell of the assignment has that name."""
        return f"{self.name}/{grade_id}" if grade_id in self.shared else grade_id

    @cached_property
    def cells(self) -> list[MasterCell]:
        return read_cells(self.notebook)

    @cached_property
    def built(self) -> list[MasterCell]:
        """The cells of the release."""
        return read_cells(self.released) if self.released else []

    @cached_property
    def ids(self) -> dict[str, str]:
        """The grade id of each cell that nbgrader knows, by the name that Jupyter gave it."""
        return {cell.cell_id: cell.grade_id for cell in self.cells if cell.grade_id and cell.cell_id}

    @cached_property
    def judged_by(self) -> dict[str, str]:
        """The graded cell that judges each solution cell, by grade id: itself, or the next test."""
        found: dict[str, str] = {}
        waiting: list[str] = []
        for cell in self.cells:
            if cell.is_solution or cell.marks.get("task"):
                waiting.append(cell.grade_id)
            if cell.is_graded:
                found |= dict.fromkeys(waiting if cell.is_test else [cell.grade_id], cell.grade_id)
                waiting = []
        return found

    @cached_property
    def code(self) -> list[MasterCell]:
        """Its code cells, in order."""
        return [cell for cell in self.cells if cell.kind == "code"]

    @cached_property
    def marks(self) -> dict[str, dict[str, Any]]:
        """What nbgrader has written on its cells, by their grade ids."""
        return {cell.grade_id: cell.marks for cell in self.cells if cell.grade_id}

    @cached_property
    def tests(self) -> list[Test]:
        """The cells that are graded by running them, in order."""
        return [
            Test(
                cell.grade_id,
                self.generated.get(cell.grade_id, cell.source),
                float(cell.marks["points"]),
                self.key(cell.grade_id),
                tuple(line.strip() for line in cell.source.splitlines() if "AUTOTEST" in line),
            )
            for cell in self.cells
            if cell.is_test
        ]

    @cached_property
    def answers(self) -> list[Answer]:
        """The cells that a person grades, in order."""
        return [
            Answer(
                cell.grade_id,
                cell.kind,
                float(cell.marks["points"]),
                self.stubs.get(cell.grade_id, (cell.kind, None))[1] if cell.is_solution else None,
                self.key(cell.grade_id),
            )
            for cell in self.cells
            if cell.is_graded and not cell.is_test
        ]

    @cached_property
    def title(self) -> str:
        """Its first heading, where that is plain text; else its name."""
        headings = (heading_of(cell) for cell in self.cells)
        return next(filter(None, headings), "") or self.name

    @cached_property
    def headings(self) -> dict[str, str]:
        """The heading that each graded cell stands below, by its grade id, where no other graded cell does."""
        found: dict[str, str] = {}
        heading = ""
        for cell in self.cells:
            # What students read: the authored text of an answer begins with nbgrader's marks, or tells the solution.
            kind, text = self.stubs.get(cell.grade_id, (cell.kind, "" if cell.is_solution else cell.source))
            heading = heading_of(replace(cell, kind=kind, source=text)) or heading
            if cell.is_graded:
                found[cell.grade_id] = heading
        cells_below = Counter(found.values())
        return {name: heading for name, heading in found.items() if heading and cells_below[heading] == 1}

    @cached_property
    def stubs(self) -> dict[str, tuple[str, str]]:
        """The kind and the text that each solution cell has in the release, by its grade id."""
        return {cell.grade_id: (cell.kind, cell.source) for cell in self.built if cell.is_solution}

    @cached_property
    def released_ids(self) -> dict[str, str]:
        """The name that Jupyter gave each cell of the release that nbgrader knows, by its grade id."""
        return {cell.grade_id: cell.cell_id for cell in self.built if cell.grade_id and cell.cell_id}

    @cached_property
    def points(self) -> dict[str, float]:
        """The points of each graded cell by its key, in order."""
        return {self.key(cell.grade_id): float(cell.marks["points"]) for cell in self.cells if cell.is_graded}

    @cached_property
    def given(self) -> dict[str, MasterCell]:
        """The given cell of each text that one has."""
        return {cell.normalized: cell for cell in reversed(self.code) if cell.is_given}

    @cached_property
    def wanted(self) -> dict[str, bool]:
        """What the solution cells set: for each name, whether it is a function or a class there."""
        found: dict[str, bool] = {}
        for cell in self.code:
            for name, is_a_function in cell.names.items() if cell.is_solution else ():
                found[name] = is_a_function or found.get(name, False)
        return found

    @cached_property
    def imports(self) -> dict[str, str]:
        """The names of what the code imports, by the statements that do so."""
        return {statement: name for cell in self.code for name, statement in cell.imports.items()}

    @cached_property
    def slow(self) -> set[str]:
        """The names by which code asks for what takes long to load."""
        slow = [(name, statement) for statement, name in self.imports.items() if not is_quick(statement, self.quick)]
        return {one for name, statement in slow for one in (name, module_of(statement))}

    def defect(self) -> str:
        """Return what keeps a class from being graded with this notebook, or an empty text."""
        language = language_of(self.notebook)
        if not language.lower().startswith(("python", "ipython")):
            return f"it is written for {language}, and only notebooks in Python are graded here"
        for cell in self.cells:
            name = cell.grade_id or cell.source.strip().partition("\n")[0][:40]
            if (cell.is_graded or cell.is_solution) and not cell.grade_id:
                return f"the cell {name} has no grade id"
            if cell.is_graded and not isinstance(cell.marks.get("points"), (int, float)):
                return f"the graded cell {name} has no points"
        for test in self.tests:
            try:
                compile(as_python(test.source), "", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            except SyntaxError as error:
                return f"the test {test.grade_id} is no Python ({error.msg}, line {error.lineno})"
        return ""

    def solved(self, cells: Iterable[Cell]) -> dict[str, Cell]:
        """Return the cell that stands for each solution cell, by its grade id: the first that is no longer its stub.

        Parameters
        ----------
        cells : iterable of grading.submission.Cell
        """
        found: dict[str, Cell] = {}
        for cell in cells:
            name = self.name_of(cell)
            if name in self.stubs:
                first = found.setdefault(name, cell)
                if first.source == self.stubs[name][1]:
                    found[name] = cell
        return found

    def name_of(self, cell: Cell) -> str:
        """Return the grade id that a cell of a submission has today: where it was given another one, Jupyter's id tells."""
        return cell.grade_id if cell.grade_id in self.marks else self.ids.get(cell.cell_id, cell.grade_id)

    def answers_in(self, cell: Cell) -> list[str]:
        """Return the names that the notebook asks for and that a cell's text seems to define; it may be no Python."""
        return [name for name in self.wanted if seems_to_define(cell, name)]

    def test_at(self, cell: Cell) -> Test | None:
        """Return the test that a cell of a submission stands for, or None."""
        name = self.name_of(cell)
        by_name = next((test for test in self.tests if name == test.grade_id), None)
        text = normalized(cell.source)
        return by_name or next((test for test in self.tests if text == test.normalized), None)

    def is_as_released(self, cell: Cell) -> bool:
        """Whether a cell of a submission is as it was released, words included."""
        return normalized(cell.source) in self.released_texts

    @cached_property
    def released_texts(self) -> set[str]:
        return {normalized(cell.source) for cell in self.built or self.cells if not cell.is_solution}

    def given_at(self, cell: Cell) -> MasterCell | None:
        """Return the given cell that a cell of a submission stands for, or None.

        One that nbgrader locks is known by its name, whatever was made of it. Another is known by its text.
        """
        by_text = self.given.get(normalized(cell.source))
        name = self.name_of(cell)
        locked = (one for one in self.code if one.is_given and one.grade_id and one.grade_id == name)
        return by_text or next((one for one in locked if one.marks.get("locked")), None)


def seems_to_define(cell: Cell, name: str) -> bool:
    """Whether a cell's text looks as if it defined a function of that name; it may be no Python."""
    return re.search(rf"^[ \t]*def {name}\b", cell.source, re.MULTILINE) is not None
