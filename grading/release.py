"""Builds the release, and brings the gradebook to it with all that is in it."""

import json
from collections import Counter

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from sqlalchemy import delete, insert, select, update

from grading.result import Result
from grading.store import OURS, Outcomes, SetAside, Versions


def release(course):
    """Build the release, and bring the gradebook to it with all that is in it.

    Returns
    -------
    list of str
        What has changed in the gradebook.
    """
    with course.held(f"release {course.assignment}"):
        built, beside = course.build()
        said = migrate(course, built, f"sqlite:///{beside}")
        course.put_in_place(built)
        beside.unlink()
        return said


KINDS = GradeCell, SolutionCell, TaskCell, SourceCell
COLUMNS = {
    GradeCell: ("max_score", "cell_type"),
    SolutionCell: (),
    TaskCell: ("max_score", "cell_type"),
    SourceCell: ("cell_type", "source", "checksum", "locked"),
}


def migrate(course, built, address):
    """Bring the gradebook of a course to a new build of its release, in one transaction.

    A cell with another name and the same text is the same cell. What a person entered on a cell that is gone is set
    aside, and comes back with the cell.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    built : pathlib.Path
        Folder of the new build.
    address : str
        Of a gradebook that knows this build and nothing else.

    Returns
    -------
    list of str
        What has changed for students that were graded before.
    """
    with Gradebook(address, course.course.course_id) as fresh:
        notebooks = {
            notebook.name: (
                notebook.kernelspec,
                {
                    kind: {cell.name: cell_values(kind, cell) for cell in cells(fresh, kind, notebook.id)}
                    for kind in KINDS
                },
            )
            for notebook in fresh.find_assignment(course.assignment).notebooks
        }
    with course.gradebook() as gradebook:
        OURS.create_all(gradebook.engine)
        gradebook.update_or_create_assignment(course.assignment)
        assignment = gradebook.find_assignment(course.assignment)
        db, said, new_master = gradebook.db, [], course.read(built, address)
        this = Versions.c.assignment == course.assignment, Versions.c.released.is_(True)
        known = db.scalar(select(Versions.c.ids).where(*this))
        now = {name: notebook.released_ids for name, notebook in new_master.notebooks.items()}
        before = {name: notebook.released_ids for name, notebook in course.master.notebooks.items()}
        if known and (known := json.loads(known)):  # an earlier version kept those of one notebook, without its name
            before = known if isinstance(next(iter(known.values())), dict) else {course.assignment: known}
        there = {notebook.name: notebook.id for notebook in assignment.notebooks}
        for name, (kernelspec, new) in notebooks.items():
            number = there.pop(name, None)
            if number is None:
                number = new_uuid()
                db.execute(
                    insert(Notebook),
                    [{"id": number, "name": name, "assignment_id": assignment.id, "kernelspec": kernelspec}],
                )
            db.execute(update(Notebook).where(Notebook.id == number).values(kernelspec=kernelspec))
            said += Migration(
                course, gradebook, name, number, new_master.key, (before.get(name, {}), now.get(name, {}))
            ).bring_to(new)
        for name, number in there.items():
            said += Migration(course, gradebook, name, number, new_master.key).bring_to({kind: {} for kind in KINDS})
            gone = select(SubmittedNotebook.id).where(SubmittedNotebook.notebook_id == number)
            db.execute(delete(SubmittedNotebook).where(SubmittedNotebook.id.in_(gone)))
            db.execute(delete(Notebook).where(Notebook.id == number))
        db.execute(delete(Versions).where(*this))
        row = {"assignment": course.assignment, "course": "released", "released": True}
        row |= {"parts": json.dumps(new_master.parts), "ids": json.dumps(now)}
        db.execute(insert(Versions), [row])
        db.commit()
        return said


def cells(gradebook, kind, notebook):
    return gradebook.db.scalars(select(kind).where(kind.notebook_id == notebook)).all()


def cell_values(kind, cell):
    return {column: getattr(cell, column) for column in COLUMNS[kind]}


class Migration:
    """Brings what the gradebook has of one notebook to a new set of cells.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    gradebook : nbgrader.api.Gradebook
    name, number : str
        Of the notebook, and its id in the gradebook.
    new_key : callable
        What a `Result` calls a cell from now on, by the notebook's name and the grade id.
    ids : tuple of two dict of str to str
        Jupyter's ids of the cells by their grade ids, in the last release and in the new one.
    """

    def __init__(self, course, gradebook, name, number, new_key, ids=({}, {})):
        self.course, self.gradebook, self.db, self.new_key = course, gradebook, gradebook.db, new_key
        self.name, self.number, self.ids = name, number, ids

    def bring_to(self, new):
        """Change the cells; return what a person wants to know of it."""
        said, graded = (
            [],
            self.db.scalar(select(SubmittedNotebook.id).where(SubmittedNotebook.notebook_id == self.number)),
        )
        old = {kind: {cell.name: cell for cell in cells(self.gradebook, kind, self.number)} for kind in KINDS}
        renamed = self._renamed(old, new)
        said += [
            f"{before} is now {now}, with all its grades and comments"
            for before, now in renamed.items()
            if describe(old, before)[0] != (SourceCell.__name__,)
        ]
        taken = set(renamed.values()) - renamed.keys()  # names of cells that are gone, which others have now
        for kind in KINDS:
            for name in (old[kind].keys() - new[kind].keys() - renamed.keys()) | (old[kind].keys() & taken):
                kept = self._set_aside(old[kind].pop(name))
                also = f"; what a person entered there ({kept}) is set aside, and comes back with it" if kept else ""
                said += [f"{name} is gone{also}"] if kept or "max_score" in COLUMNS[kind] else []
        self._rename(old, renamed)
        for kind in KINDS:
            for name, values in new[kind].items():
                said += self._update(old[kind].get(name), kind, name, values)
        self.db.flush()
        return said if graded else []

    def _update(self, cell, kind, name, values):
        """Add a cell or change it; return what a person wants to know of it."""
        if cell is None:
            cell = kind(name=name, notebook_id=self.number, **values)
            self.db.add(cell)
            self.db.flush()
            back = self._bring_back(cell)
            also = f", with what a person had entered there ({back})" if back else ""
            points = f" ({values['max_score']:g} points)" if "max_score" in values else ""
            return [f"{name} is new{points}{also}"] if points or back else []
        before = cell_values(kind, cell)
        for column, value in values.items():
            if before[column] != value:
                setattr(cell, column, value)
        if before.get("max_score") != values.get("max_score"):
            return [f"{name} has {values['max_score']:g} points, was {before['max_score']:g}"]
        return []

    def _renamed(self, old, new):
        """Return the new names of cells that have another one: Jupyter knows the cell, or its text leaves no doubt."""
        before, now = self.ids
        names_now = {cell_id: name for name, cell_id in now.items() if cell_id}
        found = {}
        for name in set().union(*old.values()):
            other = names_now.get(before.get(name))
            if other and other != name and describe(old, name)[0] == describe(new, other)[0]:
                found[name] = other
        alike = {}
        gone = set().union(*old.values()) - set().union(*new.values()) - found.keys()
        come = set().union(*new.values()) - set().union(*old.values()) - set(found.values())
        for side, cells_, names in ((0, old, gone), (1, new, come)):
            for name in names:
                alike.setdefault(describe(cells_, name), ([], []))[side].append(name)
        for (kinds, _), (was, is_) in alike.items():
            # One question in words looks like another: only Jupyter can tell them apart.
            if len(was) == len(is_) == 1 and not (before and {"GradeCell", "SolutionCell"} <= {*kinds}):
                found[was[0]] = is_[0]
        return found

    def _rename(self, old, renamed):
        """Give cells their new names, in the gradebook and in what was stored beside it."""
        for kind in KINDS:
            moved = {now: old[kind].pop(before) for before, now in renamed.items() if before in old[kind]}
            for number, cell in enumerate(moved.values()):
                cell.name = f"renamed {number}"  # two cells may change their names with each other
            self.db.flush()
            for name, cell in moved.items():
                cell.name = name
            self.db.flush()
            old[kind] |= moved
        if renamed:
            this = Outcomes.c.assignment == self.course.assignment
            for student, text in self.db.execute(select(Outcomes.c.student_id, Outcomes.c.result).where(this)).all():
                if text:
                    result = Result.from_json(text)
                    keys = {
                        self.course.master.key(self.name, old): self.new_key(self.name, new)
                        for old, new in renamed.items()
                    }
                    for parts in (result.scores, result.max_scores, result.messages):
                        parts |= {now: parts.pop(before) for before, now in keys.items() if before in parts}
                    row = update(Outcomes).where(this, Outcomes.c.student_id == student)
                    self.db.execute(row.values(result=result.as_json()))

    def _set_aside(self, cell):
        """Delete a cell and its grades and comments; keep aside what a person entered, and return what that is."""
        kept, what = {}, Counter()
        for kind, columns in ((Grade, ("manual_score", "extra_credit")), (Comment, ("manual_comment",))):
            query = select(SubmittedAssignment.student_id, *(getattr(kind, column) for column in columns))
            query = query.select_from(kind).join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
            query = query.join(SubmittedAssignment).where(kind.cell_id == cell.id)
            for student, *values in self.db.execute(query):
                entered = {column: value for column, value in zip(columns, values) if value is not None}
                what.update(entered.keys())
                if entered:
                    kept.setdefault(student, {}).update(entered)
            self.db.execute(delete(kind).where(kind.cell_id == cell.id))
        for student, entered in kept.items():
            this = self._aside(cell.name, student)
            if self.db.execute(update(SetAside).where(*this).values(entered)).rowcount == 0:
                key = {"assignment": self.course.assignment, "notebook": self.name, "cell": cell.name}
                self.db.execute(insert(SetAside), [key | {"student_id": student} | entered])
        self.db.delete(cell)
        self.db.flush()
        return counted(what)

    def _bring_back(self, cell):
        """Enter what was set aside when a cell of this name went; return what that is."""
        what = Counter()
        kinds = {SolutionCell: [Comment], GradeCell: [Grade], TaskCell: [Grade, Comment], SourceCell: []}[type(cell)]
        for kind in kinds:
            columns = ("manual_comment",) if kind is Comment else ("manual_score", "extra_credit")
            query = select(SubmittedNotebook.id, SetAside.c.student_id, *(SetAside.c[column] for column in columns))
            query = query.join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            query = query.join(SetAside, SetAside.c.student_id == SubmittedAssignment.student_id)
            query = query.where(SubmittedNotebook.notebook_id == self.number, *self._aside(cell.name))
            for notebook, student, *values in self.db.execute(query).all():
                entered = {column: value for column, value in zip(columns, values) if value is not None}
                if entered:
                    what.update(entered.keys())
                    waits = {"needs_manual_grade": True} if kind is Grade else {}
                    row = {"id": new_uuid(), "cell_id": cell.id, "notebook_id": notebook}
                    self.db.execute(insert(kind), [row | waits | entered])
                    self.db.execute(
                        update(SetAside).where(*self._aside(cell.name, student)).values(dict.fromkeys(columns))
                    )
        empty = [SetAside.c[column].is_(None) for column in ("manual_score", "extra_credit", "manual_comment")]
        self.db.execute(delete(SetAside).where(*empty))
        return counted(what)

    def _aside(self, cell, student=None):
        this = [
            SetAside.c.assignment == self.course.assignment,
            SetAside.c.notebook == self.name,
            SetAside.c.cell == cell,
        ]
        return [*this, SetAside.c.student_id == student] if student is not None else this


def describe(cells, name):
    """Return what makes two cells the same: the kinds that they are of, and their text."""
    source = cells[SourceCell].get(name)
    text = source["source"] if isinstance(source, dict) else source and source.source
    return tuple(kind.__name__ for kind in KINDS if name in cells[kind]), (text or "").strip()


def counted(what):
    """Return how much a person entered, in words."""
    names = {"manual_score": "score", "extra_credit": "extra credit", "manual_comment": "comment"}
    return ", ".join(
        f"{what[column]} {name}{'s' if what[column] > 1 else ''}" for column, name in names.items() if what[column]
    )
