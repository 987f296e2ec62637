"""Brings the gradebook to a new build of the release, with the grades, scores and comments that are in it."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from sqlalchemy import ColumnElement, CursorResult, delete, insert, select, update
from sqlalchemy.orm import Session

from grading.assignment import CourseAssignment
from grading.master import Master
from grading.result import Result
from grading.tables import OURS, Outcomes, SetAside, Versions

Kind: TypeAlias = Any  # a class of nbgrader's, which has no types: one of those in CELL_COLUMNS
CellValues: TypeAlias = dict[str, Any]  # by the columns
Cells: TypeAlias = dict[Kind, dict[str, CellValues]]  # of each kind, by the grade ids
CellRows: TypeAlias = dict[Kind, dict[str, Any]]  # the same, as the gradebook's own objects

CELL_COLUMNS: dict[Kind, tuple[str, ...]] = {
    GradeCell: ("max_score", "cell_type"),
    SolutionCell: (),
    TaskCell: ("max_score", "cell_type"),
    SourceCell: ("cell_type", "source", "checksum", "locked"),
}
# What a person enters, and on which cells.
ENTERED_COLUMNS: dict[Kind, tuple[str, ...]] = {
    Grade: ("manual_score", "extra_credit"),
    Comment: ("manual_comment",),
}
ENTERED_ON: dict[Kind, tuple[Kind, ...]] = {
    GradeCell: (Grade,),
    SolutionCell: (Comment,),
    TaskCell: (Grade, Comment),
    SourceCell: (),
}


@dataclass(frozen=True)
class BuiltNotebook:
    """What the gradebook of a build has of a notebook.

    Attributes
    ----------
    kernelspec : str
    cells : dict of type to dict of str to dict
        The columns of the cells, by nbgrader's kinds of cells and by the grade ids.
    """

    kernelspec: str
    cells: Cells


def read_built_notebooks(course: CourseAssignment, address: str) -> dict[str, BuiltNotebook]:
    """Return the notebooks of a new build by their names.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    address : str
        Of a gradebook that knows this build and nothing else.
    """
    with Gradebook(address, course.course.course_id) as gradebook:
        return {
            notebook.name: BuiltNotebook(notebook.kernelspec, values_of(read_cells(gradebook.db, notebook.id)))
            for notebook in gradebook.find_assignment(course.assignment).notebooks
        }


def migrate(
    course: CourseAssignment, gradebook: Gradebook, new_master: Master, notebooks: Mapping[str, BuiltNotebook]
) -> list[str]:
    """Bring the gradebook of a course to a new build of its release, in a transaction that the caller ends.

    A cell with another name and the same text is the same cell. What a person entered on a cell that is gone is set
    aside, and comes back with the cell.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
        Its master is still that of the last release.
    gradebook : nbgrader.api.Gradebook
    new_master : grading.master.Master
        Of the new build.
    notebooks : dict of str to BuiltNotebook
        What was built.

    Returns
    -------
    list of str
        What has changed for students that were graded before.
    """
    OURS.create_all(gradebook.engine)
    assignment = find_or_add_assignment(gradebook, course.assignment)
    db, changes = gradebook.db, []
    ids_before = released_ids(course, db)
    numbers = {notebook.name: notebook.id for notebook in assignment.notebooks}
    for name, built in notebooks.items():
        number = numbers.pop(name, None) or add_notebook(db, assignment, name)
        db.execute(update(Notebook).where(Notebook.id == number).values(kernelspec=built.kernelspec))
        migration = NotebookMigration(course, db, name, number, new_master)
        changes += migration.migrate_cells(built.cells, ids_before.get(name, {}))
    for name, number in numbers.items():
        changes += NotebookMigration(course, db, name, number, new_master).migrate_cells(
            {kind: {} for kind in CELL_COLUMNS}, {}
        )
        remove_notebook(db, number)
    store_version(course, db, new_master)
    db.flush()
    return changes


def find_or_add_assignment(gradebook: Gradebook, name: str) -> Assignment:
    """Return an assignment of a gradebook, a new one if it has none; nbgrader's own method would end the transaction."""
    try:
        return gradebook.find_assignment(name)
    except MissingEntry:
        made = Assignment(name=name, course_id=gradebook.course_id)
        gradebook.db.add(made)
        gradebook.db.flush()
        return made


def add_notebook(db: Session, assignment: Assignment, name: str) -> str:
    """Add a notebook to an assignment, and return its id in the gradebook."""
    number: str = new_uuid()
    db.execute(insert(Notebook), [{"id": number, "name": name, "assignment_id": assignment.id}])
    return number


def remove_notebook(db: Session, number: str) -> None:
    """Remove a notebook that has no cells any more, with what was submitted of it."""
    db.execute(delete(SubmittedNotebook).where(SubmittedNotebook.notebook_id == number))
    db.execute(delete(Notebook).where(Notebook.id == number))


def released_version(course: CourseAssignment) -> ColumnElement[bool]:
    """Return the condition that picks the row of `Versions` of the last release."""
    return (Versions.c.assignment == course.assignment) & Versions.c.released.is_(True)


def released_ids(course: CourseAssignment, db: Session) -> dict[str, dict[str, str]]:
    """Return Jupyter's ids of the cells of the last release, by the notebook's name and the grade id."""
    known = db.scalar(select(Versions.c.ids).where(released_version(course)))
    if known and (known := json.loads(known)):  # an earlier version kept those of one notebook, without its name
        return known if isinstance(next(iter(known.values())), dict) else {course.assignment: known}
    return {name: notebook.released_ids for name, notebook in course.master.notebooks.items()}


def store_version(course: CourseAssignment, db: Session, master: Master) -> None:
    """Store what was released, in the place of the last release."""
    db.execute(delete(Versions).where(released_version(course)))
    ids = {name: notebook.released_ids for name, notebook in master.notebooks.items()}
    row = {"assignment": course.assignment, "course": "released", "released": True}
    row |= {"parts": json.dumps(master.parts), "ids": json.dumps(ids)}
    db.execute(insert(Versions), [row])


def read_cells(db: Session, number: str) -> CellRows:
    """Return the cells that a gradebook has of a notebook."""
    return {
        kind: {cell.name: cell for cell in db.scalars(select(kind).where(kind.notebook_id == number)).all()}
        for kind in CELL_COLUMNS
    }


def values_of(cells: CellRows) -> Cells:
    """Return the columns of some cells."""
    return {
        kind: {name: {column: getattr(cell, column) for column in CELL_COLUMNS[kind]} for name, cell in rows.items()}
        for kind, rows in cells.items()
    }


def renamed_cells(old: Cells, new: Cells, ids_before: Mapping[str, str], ids_now: Mapping[str, str]) -> dict[str, str]:
    """Return the new names of cells that have another one: Jupyter knows the cell, or its text leaves no doubt.

    Parameters
    ----------
    old, new : dict of type to dict of str to dict
    ids_before, ids_now : dict of str to str
        Jupyter's ids of the cells, by their grade ids.
    """
    names_before, names_now = (set().union(*cells.values()) for cells in (old, new))
    name_of_id = {cell_id: name for name, cell_id in ids_now.items() if cell_id}
    renamed = {}
    for name in names_before:
        other = name_of_id.get(ids_before.get(name, ""))
        if other and other != name and kinds_of(old, name) == kinds_of(new, other):
            renamed[name] = other
    gone = cells_alike(old, names_before - names_now - renamed.keys())
    added = cells_alike(new, names_now - names_before - set(renamed.values()))
    for (kinds, text), names in gone.items():
        others = added.get((kinds, text), [])
        # One question in words looks like another: only Jupyter can tell them apart.
        if len(names) == len(others) == 1 and not (ids_before and {GradeCell, SolutionCell} <= {*kinds}):
            renamed[names[0]] = others[0]
    return renamed


def kinds_of(cells: Cells, name: str) -> tuple[Kind, ...]:
    """Return the kinds that a cell is of."""
    return tuple(kind for kind in CELL_COLUMNS if name in cells[kind])


def cells_alike(cells: Cells, names: set[str]) -> dict[tuple[tuple[Kind, ...], str], list[str]]:
    """Return the names of the cells that are of the same kinds and have the same text, by both."""
    alike: dict[tuple[tuple[Kind, ...], str], list[str]] = {}
    for name in names:
        text = cells[SourceCell].get(name, {}).get("source") or ""
        alike.setdefault((kinds_of(cells, name), text.strip()), []).append(name)
    return alike


class NotebookMigration:
    """Brings what the gradebook has of one notebook to a new set of cells.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
        Its master is that of the last release.
    db : sqlalchemy.orm.Session
    name, number : str
        Of the notebook, and its id in the gradebook.
    new_master : grading.master.Master
    """

    def __init__(self, course: CourseAssignment, db: Session, name: str, number: str, new_master: Master) -> None:
        self.course, self.db, self.new_master = course, db, new_master
        self.name, self.number = name, number

    def migrate_cells(self, new: Cells, ids_before: Mapping[str, str]) -> list[str]:
        """Change the cells; return what a person wants to know of it, which is nothing where nobody has submitted.

        Parameters
        ----------
        new : dict of type to dict of str to dict
        ids_before : dict of str to str
            Jupyter's ids of the cells of the last release, by their grade ids.
        """
        submitted = self.db.scalar(select(SubmittedNotebook.id).where(SubmittedNotebook.notebook_id == self.number))
        old = read_cells(self.db, self.number)
        values = values_of(old)
        notebook = self.new_master.notebooks.get(self.name)
        renamed = renamed_cells(values, new, ids_before, notebook.released_ids if notebook else {})
        changes = [
            f"{before} is now {now}, with all its grades and comments"
            for before, now in renamed.items()
            if kinds_of(values, before) != (SourceCell,)
        ]
        changes += self._remove_cells(old, new, renamed)
        self._rename_cells(old, renamed)
        if renamed:
            self._rename_in_results(renamed)
        for kind, cells in new.items():
            for name, columns in cells.items():
                changes += self._update(old[kind].get(name), kind, name, columns)
        self.db.flush()
        return changes if submitted else []

    def _remove_cells(self, old: CellRows, new: Cells, renamed: Mapping[str, str]) -> list[str]:
        """Remove the cells that are gone, also from ``old``; return what a person wants to know of it."""
        changes = []
        taken = set(renamed.values()) - renamed.keys()  # names of cells that are gone, which others have now
        for kind, columns in CELL_COLUMNS.items():
            for name in (old[kind].keys() - new[kind].keys() - renamed.keys()) | (old[kind].keys() & taken):
                kept = self._set_aside(old[kind].pop(name))
                also = f"; what a person entered there ({kept}) is set aside, and comes back with it" if kept else ""
                changes += [f"{name} is gone{also}"] if kept or "max_score" in columns else []
        return changes

    def _update(self, cell: Any, kind: Kind, name: str, values: CellValues) -> list[str]:
        """Add a cell, where there is none, or change it; return what a person wants to know of it."""
        if cell is None:
            cell = kind(name=name, notebook_id=self.number, **values)
            self.db.add(cell)
            self.db.flush()
            back = self._bring_back(cell)
            also = f", with what a person had entered there ({back})" if back else ""
            points = f" ({values['max_score']:g} points)" if "max_score" in values else ""
            return [f"{name} is new{points}{also}"] if points or back else []
        before = {column: getattr(cell, column) for column in values}
        for column, value in values.items():
            if before[column] != value:
                setattr(cell, column, value)
        if before.get("max_score") != values.get("max_score"):
            return [f"{name} has {values['max_score']:g} points, was {before['max_score']:g}"]
        return []

    def _rename_cells(self, old: CellRows, renamed: Mapping[str, str]) -> None:
        """Give cells their new names, in the gradebook and in ``old``."""
        for cells in old.values():
            moved = {now: cells.pop(before) for before, now in renamed.items() if before in cells}
            for number, cell in enumerate(moved.values()):
                cell.name = f"renamed {number}"  # two cells may change their names with each other
            self.db.flush()
            for name, cell in moved.items():
                cell.name = name
            self.db.flush()
            cells |= moved

    def _rename_in_results(self, renamed: Mapping[str, str]) -> None:
        """Give cells their new names in what was stored beside the gradebook."""
        keys = {
            self.course.master.key(self.name, before): self.new_master.key(self.name, now)
            for before, now in renamed.items()
        }
        this = Outcomes.c.assignment == self.course.assignment
        for student, text in self.db.execute(select(Outcomes.c.student_id, Outcomes.c.result).where(this)).all():
            if text:
                result = Result.from_json(text)
                parts: tuple[dict[str, Any], ...] = (
                    result.scores,
                    result.max_scores,
                    result.messages,
                    result.failures,
                    result.right,
                )
                for by_key in parts:
                    by_key |= {now: by_key.pop(before) for before, now in keys.items() if before in by_key}
                row = update(Outcomes).where(this, Outcomes.c.student_id == student)
                self.db.execute(row.values(result=result.as_json()))

    def _set_aside(self, cell: Any) -> str:
        """Delete a cell and its grades and comments; keep aside what a person entered, and return what that is."""
        kept: dict[str, CellValues] = {}
        count: Counter[str] = Counter()
        for kind, columns in ENTERED_COLUMNS.items():
            query = select(SubmittedAssignment.student_id, *(getattr(kind, column) for column in columns))
            query = query.select_from(kind).join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
            query = query.join(SubmittedAssignment).where(kind.cell_id == cell.id)
            for student, *values in self.db.execute(query):
                entered = {column: value for column, value in zip(columns, values) if value is not None}
                count.update(entered.keys())
                if entered:
                    kept.setdefault(student, {}).update(entered)
            self.db.execute(delete(kind).where(kind.cell_id == cell.id))
        for student, entered in kept.items():
            these = self._rows_set_aside(cell.name) & (SetAside.c.student_id == student)
            changed = cast(CursorResult[Any], self.db.execute(update(SetAside).where(these).values(entered)))
            if changed.rowcount == 0:
                key = {"assignment": self.course.assignment, "notebook": self.name, "cell": cell.name}
                self.db.execute(insert(SetAside), [key | {"student_id": student} | entered])
        self.db.delete(cell)
        self.db.flush()
        return in_words(count)

    def _bring_back(self, cell: Any) -> str:
        """Enter what was set aside when a cell of this name went; return what that is."""
        count: Counter[str] = Counter()
        these = self._rows_set_aside(cell.name)
        for kind in ENTERED_ON[type(cell)]:
            columns = ENTERED_COLUMNS[kind]
            query = select(SubmittedNotebook.id, SetAside.c.student_id, *(SetAside.c[column] for column in columns))
            query = query.join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            query = query.join(SetAside, SetAside.c.student_id == SubmittedAssignment.student_id)
            query = query.where(SubmittedNotebook.notebook_id == self.number, these)
            for notebook, student, *values in self.db.execute(query).all():
                entered = {column: value for column, value in zip(columns, values) if value is not None}
                if entered:
                    count.update(entered.keys())
                    waits = {"needs_manual_grade": True} if kind is Grade else {}
                    row = {"id": new_uuid(), "cell_id": cell.id, "notebook_id": notebook}
                    self.db.execute(insert(kind), [row | waits | entered])
                    emptied = update(SetAside).where(these, SetAside.c.student_id == student)
                    self.db.execute(emptied.values(dict.fromkeys(columns)))
        every = [column for columns in ENTERED_COLUMNS.values() for column in columns]
        self.db.execute(delete(SetAside).where(*(SetAside.c[column].is_(None) for column in every)))
        return in_words(count)

    def _rows_set_aside(self, cell: str) -> ColumnElement[bool]:
        """Return the condition that picks what was set aside of a cell."""
        notebook = (SetAside.c.assignment == self.course.assignment) & (SetAside.c.notebook == self.name)
        return notebook & (SetAside.c.cell == cell)


def in_words(count: Counter[str]) -> str:
    """Return how much a person entered, in words."""
    names = {"manual_score": "score", "extra_credit": "extra credit", "manual_comment": "comment"}
    return ", ".join(
        f"{count[column]} {name}{'s' if count[column] > 1 else ''}" for column, name in names.items() if count[column]
    )
