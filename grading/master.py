"""The authored notebook, as the grader needs it: its cells, tests, points and helpers. It is the course's own, and trusted."""

import ast
import functools
import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property

import nbformat

from grading.worker import without_magics

SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


@dataclass(frozen=True)
class Statement:
    """A statement of the given code, and the names that it binds."""

    names: tuple
    source: str
    is_function: bool = False


@dataclass(frozen=True)
class Test:
    """A cell that is graded by running it.

    Attributes
    ----------
    grade_id : str
    source : str
    points : float
    """

    grade_id: str
    source: str
    points: float

    @cached_property
    def plain(self):
        """Its text, less what does not tell one cell from another."""
        return plain(self.source)


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
    """

    grade_id: str
    kind: str
    points: float
    stub: str | None


@dataclass(frozen=True)
class Master:
    """The authored notebook, as the grader needs it.

    Attributes
    ----------
    name : str
        The assignment.
    notebook : bytes
        The authored notebook, with solutions and hidden tests.
    helpers : dict of str to bytes
        The modules that are released beside it.
    released : bytes
        The notebook that students get, where it was built; what an untouched answer looks like.
    """

    name: str
    notebook: bytes
    helpers: dict = field(default_factory=dict)
    released: bytes = b""

    def __reduce__(self):
        return known_master, (self.name, self.notebook, tuple(self.helpers.items()), self.released)

    @cached_property
    def all_cells(self):
        """The kind and the text of each cell, and what nbgrader has written on it."""
        return [(kind, source, marks) for kind, source, marks, _ in read_cells(self.notebook)]

    @cached_property
    def ids(self):
        """The grade id of each cell that nbgrader knows, by the name that Jupyter gave it."""
        return {cell_id: marks["grade_id"] for *_, marks, cell_id in read_cells(self.notebook) if "grade_id" in marks}

    @cached_property
    def judged_by(self):
        """The graded cell that judges each solution cell, by grade id: itself, or the next test."""
        found, waiting = {}, []
        for kind, _, marks in self.all_cells:
            if marks.get("solution") or marks.get("task"):
                waiting.append(marks["grade_id"])
            if is_graded(marks):
                found |= dict.fromkeys([marks["grade_id"]] if not is_test(kind, marks) else waiting, marks["grade_id"])
                waiting = []
        return found

    @cached_property
    def cells(self):
        """The text of each code cell, and what nbgrader has written on it."""
        return [(source, marks) for kind, source, marks in self.all_cells if kind == "code"]

    @cached_property
    def marks(self):
        """What nbgrader has written on its cells, by their grade ids."""
        return {marks["grade_id"]: marks for _, _, marks in self.all_cells if "grade_id" in marks}

    @cached_property
    def tests(self):
        """The cells that are graded by running them, in order."""
        return [
            Test(marks["grade_id"], source, float(marks["points"]))
            for kind, source, marks in self.all_cells
            if is_graded(marks) and is_test(kind, marks)
        ]

    @cached_property
    def answers(self):
        """The cells that a person grades, in order."""
        return [
            Answer(
                marks["grade_id"],
                kind,
                float(marks["points"]),
                self.stubs.get(marks["grade_id"], (kind, None))[1] if marks.get("solution") else None,
            )
            for kind, _, marks in self.all_cells
            if is_graded(marks) and not is_test(kind, marks)
        ]

    @cached_property
    def stubs(self):
        """The kind and the text that each solution cell has in the release, by its grade id."""
        cells = read_cells(self.released) if self.released else []
        return {marks["grade_id"]: (kind, source) for kind, source, marks, _ in cells if marks.get("solution")}

    @cached_property
    def released_ids(self):
        """The name that Jupyter gave each cell of the release that nbgrader knows, by its grade id."""
        cells = read_cells(self.released) if self.released else []
        return {marks["grade_id"]: cell_id for *_, marks, cell_id in cells if "grade_id" in marks and cell_id}

    @cached_property
    def points(self):
        """The points of each graded cell by its grade id, in order."""
        return {marks["grade_id"]: float(marks["points"]) for _, _, marks in self.all_cells if is_graded(marks)}

    @cached_property
    def titles(self):
        """What a person calls each graded cell: its grade id, less ``-test`` where no other cell has that name."""
        return titles(self.points)

    @cached_property
    def parts(self):
        """A hash of everything that a grade depends on, by what a person calls it. Words, outputs, cell ids and layout are not among it."""
        given = [source for source, marks in self.cells if not marks.get("grade") and not marks.get("solution")]
        solutions = [
            text for source, marks in self.cells if marks.get("solution") for text in (marks["grade_id"], code(source))
        ]
        return (
            {
                "the given code": hashed([code("\n".join(map(without_magics, given)))]),
                "the solutions": hashed(solutions),
            }
            | {f"the test {test.grade_id}": hashed([code(test.source)]) for test in self.tests}
            | {f"the answer {answer.grade_id}": hashed([answer.kind, str(answer.stub)]) for answer in self.answers}
            | {f"the points of {name}": f"{points:g}" for name, points in self.points.items()}
            | {name: hashed([code(content.decode(errors="replace"))]) for name, content in self.helpers.items()}
        )

    @cached_property
    def given(self):
        """The statements of the given cells that bind a name, with those that change what it stands for."""
        given = (source for source, marks in self.cells if not marks.get("grade") and not marks.get("solution"))
        return statements("\n".join(map(without_magics, given)))

    @cached_property
    def imports(self):
        """The given imports but NumPy's, which every worker has, by the names that ask for them."""
        found = {}
        for statement in self.given:
            (node, *_) = ast.parse(statement.source).body
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                modules = (
                    [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
                )
                roots = {module.partition(".")[0] for module in modules} - {"numpy"}
                found |= dict.fromkeys({*roots, *(statement.names if roots else ())}, ast.unparse(node))
        return found

    @cached_property
    def given_sources(self):
        """The text of every given cell and of every test as the student sees it."""
        return {plain(source) for source, marks in self.cells if not marks.get("solution")}

    @cached_property
    def wanted(self):
        """What the solution cells bind: for each name, whether it is a function."""
        return {
            name: statement.is_function
            for source, marks in self.cells
            if marks.get("solution")
            for statement in statements(source)
            for name in statement.names
        }

    def broken(self):
        """Return what keeps a class from being graded with this notebook, or an empty text."""
        for kind, source, marks in self.all_cells:
            name = marks.get("grade_id") or source.strip().partition("\n")[0][:40]
            if (is_graded(marks) or marks.get("solution")) and "grade_id" not in marks:
                return f"the cell {name} has no grade id"
            if is_graded(marks) and not isinstance(marks.get("points"), (int, float)):
                return f"the graded cell {name} has no points"
            try:
                ast.parse(without_magics(source) if kind == "code" else "")
            except SyntaxError as error:
                return f"the cell {name} is no Python ({error.msg}, line {error.lineno})"
        return ""

    def solved(self, cells):
        """Return the cell that stands for each solution cell, by its grade id: the first that is no longer its stub.

        Parameters
        ----------
        cells : sequence of grading.submission.Cell
        """
        found = {}
        for cell in cells:
            name = self.name_of(cell)
            if name in self.stubs:
                first = found.setdefault(name, cell)
                if first.source == self.stubs[name][1]:
                    found[name] = cell
        return found

    def name_of(self, cell):
        """Return the grade id that a cell of a submission has today: where it was given another one, Jupyter's id tells."""
        return cell.grade_id if cell.grade_id in self.marks else self.ids.get(cell.cell_id, cell.grade_id)

    def answers_in(self, cell):
        """Return the names that the notebook asks for and that a cell's text seems to define; it may be no Python."""
        return [name for name in self.wanted if defines(cell, name)]

    def test_at(self, cell):
        """Return the test that a cell of a submission stands for, or None."""
        name = self.name_of(cell)
        by_name = next((test for test in self.tests if name == test.grade_id), None)
        text = plain(cell.source)
        return by_name or next((test for test in self.tests if text == test.plain), None)


@functools.lru_cache(4)
def known_master(name, notebook, helpers, released):
    """Return the one copy that a process has of a master, however often it is sent there: it is parsed once."""
    return Master(name, notebook, dict(helpers), released)


def read_cells(notebook):
    """Return the kind and the text of each cell of a notebook of the course's own, what nbgrader has written on it, and its id."""
    cells = nbformat.reads(notebook.decode("utf-8"), as_version=4).cells
    return [(cell.cell_type, cell.source, cell.metadata.get("nbgrader", {}), cell.get("id", "")) for cell in cells]


def defines(cell, name):
    """Whether a cell's text looks as if it defined a function of that name; it may be no Python."""
    return re.search(rf"^[ \t]*def {name}\b", cell.source, re.MULTILINE)


def is_graded(marks):
    return marks.get("grade") or marks.get("task")


def is_test(kind, marks):
    return kind == "code" and not marks.get("solution") and not marks.get("task")


def titles(grade_ids):
    """Return what a person calls each graded cell: its grade id, less ``-test`` where no other one has that name."""
    return {name: name if name.removesuffix("-test") in grade_ids else name.removesuffix("-test") for name in grade_ids}


def hashed(texts):
    """Return a short hash of some texts."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    return digest.hexdigest()[:16]


def code(source):
    """Return what a cell's code says, however it is laid out and commented."""
    try:
        return ast.dump(ast.parse(without_magics(source)))
    except (SyntaxError, ValueError):
        return source


def plain(source):
    """Return a cell's text without hidden tests and without what editors change: blank lines and trailing blanks."""
    return "\n".join(line.rstrip() for line in visible(source).splitlines() if line.strip())


def visible(source):
    """Return a cell's text less what nbgrader takes out for the release: every line from one mark to the next."""
    lines, hidden = [], False
    for line in source.split("\n"):
        hidden = hidden or "BEGIN HIDDEN TESTS" in line
        if not hidden:
            lines.append(line)
        hidden = hidden and "END HIDDEN TESTS" not in line
    return "\n".join(lines)


def statements(source):
    """Return the top-level statements of a cell that bind a name.

    One that changes what a name stands for, as in ``table["a"] = 1`` or ``table.sort()``, goes with the one that bound it.
    """
    found = []
    for node in ast.parse(without_magics(source)).body:
        names, changes = tuple(dict.fromkeys(bound(node))), set(changed(node))
        owner = next((at for at in reversed(range(len(found))) if changes & {*found[at].names}), None)
        if owner is not None and not changes & {*names}:
            whole = "\n".join([found[owner].source, ast.unparse(forgiving(node))])
            found[owner] = Statement(found[owner].names + names, whole, found[owner].is_function)
        elif names:
            is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            found.append(Statement(names, ast.unparse(node), is_function))
    return found


def changed(node):
    """Yield the names whose values a statement changes where it stands: by an item, an attribute or a method."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        yield from root(node.value.func)
    elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
        yield from root(node)
    elif not isinstance(node, SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from changed(child)


def root(node):
    """Yield the name that an expression such as ``a.b["c"]`` begins with, if it is one."""
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def forgiving(node):
    """Return a statement whose errors cost nothing: what it changes may be out of reach in a sandbox."""
    handler = ast.ExceptHandler(ast.Name("Exception"), None, [ast.Pass()])
    return ast.Try([node], [handler], [], [])


def bound(node):
    """Yield the names that a statement binds where it stands, not inside of functions."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif not isinstance(node, SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from bound(child)
