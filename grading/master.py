"""The authored assignment, as the grader needs it: its cells, tests, points and files. It is the course's own, and trusted."""

import ast
import functools
import hashlib
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

SCOPES = ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp  # what is bound in these stays there
HIDDEN = "BEGIN HIDDEN TESTS"  # in the first line that students don't see
PUT_OFF = "skip-grading"  # the tag of a cell that is run only where a later cell asks for a name that it sets


@dataclass(frozen=True)
class MasterCell:
    """A cell of an authored notebook.

    Attributes
    ----------
    kind : str
        ``code``, ``markdown`` or ``raw``.
    source : str
    marks : dict
        What nbgrader has written on it; empty where that has no grade id.
    cell_id : str
        The name that Jupyter gave it, or an empty text.
    tags : tuple of str
    """

    kind: str
    source: str
    marks: dict
    cell_id: str = ""
    tags: tuple = ()

    @property
    def grade_id(self):
        return self.marks.get("grade_id", "")

    @property
    def is_solution(self):
        return bool(self.marks.get("solution"))

    @property
    def is_graded(self):
        return bool(self.marks.get("grade") or self.marks.get("task"))

    @property
    def is_test(self):
        """Whether it is graded by running it."""
        return self.kind == "code" and self.is_graded and not self.is_solution and not self.marks.get("task")

    @property
    def is_given(self):
        """Whether it is code that neither asks nor answers."""
        return self.kind == "code" and not self.is_graded and not self.is_solution

    @property
    def is_put_off(self):
        return PUT_OFF in self.tags

    @cached_property
    def python(self):
        """Its code as Python: as it is where that is Python, and else as IPython reads it."""
        return as_python(self.source)

    @cached_property
    def names(self):
        """The names that its code sets."""
        return names_in(self.python)

    @cached_property
    def imports(self):
        """The statement that imports each name which its code imports at the top level."""
        found = {}
        for node in body_of(self.python):
            for alias in node.names if is_plain_import(node) else ():
                one = (
                    ast.Import([alias])
                    if isinstance(node, ast.Import)
                    else ast.ImportFrom(node.module, [alias], node.level)
                )
                name = alias.asname or alias.name.partition(".")[0]
                found[name] = "\n".join([*filter(None, [found.get(name)]), ast.unparse(one)])
        return found

    @cached_property
    def less_imports(self):
        """Its code without those."""
        return "\n".join(ast.unparse(node) for node in body_of(self.python) if not is_plain_import(node))

    @cached_property
    def plain(self):
        return plain(self.source)


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
    asked : tuple of str
        The lines from which nbgrader wrote tests.
    """

    grade_id: str
    source: str
    points: float
    key: str
    asked: tuple = ()

    @cached_property
    def plain(self):
        """Its text, less what does not tell one cell from another."""
        return plain(self.source)

    @cached_property
    def hides(self):
        """Whether it has lines that students don't see."""
        return visible(self.source) != self.source


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
    generated: dict = field(default_factory=dict)
    shared: frozenset = frozenset()
    quick: frozenset = frozenset()

    def key(self, grade_id):
        """Return what a `Result` calls a graded cell: no other cell of the assignment has that name."""
        return f"{self.name}/{grade_id}" if grade_id in self.shared else grade_id

    @cached_property
    def cells(self):
        return read_cells(self.notebook)

    @cached_property
    def built(self):
        """The cells of the release."""
        return read_cells(self.released) if self.released else []

    @cached_property
    def ids(self):
        """The grade id of each cell that nbgrader knows, by the name that Jupyter gave it."""
        return {cell.cell_id: cell.grade_id for cell in self.cells if cell.grade_id and cell.cell_id}

    @cached_property
    def judged_by(self):
        """The graded cell that judges each solution cell, by grade id: itself, or the next test."""
        found, waiting = {}, []
        for cell in self.cells:
            if cell.is_solution or cell.marks.get("task"):
                waiting.append(cell.grade_id)
            if cell.is_graded:
                found |= dict.fromkeys(waiting if cell.is_test else [cell.grade_id], cell.grade_id)
                waiting = []
        return found

    @cached_property
    def code(self):
        """Its code cells, in order."""
        return [cell for cell in self.cells if cell.kind == "code"]

    @cached_property
    def marks(self):
        """What nbgrader has written on its cells, by their grade ids."""
        return {cell.grade_id: cell.marks for cell in self.cells if cell.grade_id}

    @cached_property
    def tests(self):
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
    def answers(self):
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
    def title(self):
        """Its first heading, where that is plain text; else its name."""
        headings = (heading_of(cell) for cell in self.cells)
        return next(filter(None, headings), "") or self.name

    @cached_property
    def headings(self):
        """The heading that each graded cell stands below, by its grade id, where no other graded cell does."""
        found, heading = {}, ""
        for cell in self.cells:
            heading = heading_of(cell) or heading
            if cell.is_graded:
                found[cell.grade_id] = heading
        several = Counter(found.values())
        return {name: heading for name, heading in found.items() if heading and several[heading] == 1}

    @cached_property
    def stubs(self):
        """The kind and the text that each solution cell has in the release, by its grade id."""
        return {cell.grade_id: (cell.kind, cell.source) for cell in self.built if cell.is_solution}

    @cached_property
    def released_ids(self):
        """The name that Jupyter gave each cell of the release that nbgrader knows, by its grade id."""
        return {cell.grade_id: cell.cell_id for cell in self.built if cell.grade_id and cell.cell_id}

    @cached_property
    def points(self):
        """The points of each graded cell by its key, in order."""
        return {self.key(cell.grade_id): float(cell.marks["points"]) for cell in self.cells if cell.is_graded}

    @cached_property
    def given(self):
        """The given cell of each text that one has."""
        return {cell.plain: cell for cell in reversed(self.code) if cell.is_given}

    @cached_property
    def wanted(self):
        """What the solution cells set: for each name, whether it is a function or a class there."""
        found = {}
        for cell in self.code:
            for name, is_a_function in cell.names.items() if cell.is_solution else ():
                found[name] = is_a_function or found.get(name, False)
        return found

    @cached_property
    def imports(self):
        """The names of what the code imports, by the statements that do so."""
        return {statement: name for cell in self.code for name, statement in cell.imports.items()}

    @cached_property
    def slow(self):
        """The names by which code asks for what takes long to load."""
        slow = [(name, statement) for statement, name in self.imports.items() if not is_quick(statement, self.quick)]
        return {one for name, statement in slow for one in (name, module_of(statement))}

    def broken(self):
        """Return what keeps a class from being graded with this notebook, or an empty text."""
        kernel = nbformat.reads(self.notebook.decode("utf-8"), as_version=4).metadata
        language = (
            kernel.get("kernelspec", {}).get("language") or kernel.get("language_info", {}).get("name") or "python"
        )
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

    def is_given(self, cell):
        """Whether a cell of a submission is as it was released, words included."""
        return plain(cell.source) in self.released_texts

    @cached_property
    def released_texts(self):
        return {plain(cell.source) for cell in self.built or self.cells if not cell.is_solution}

    def given_at(self, cell):
        """Return the given cell that a cell of a submission stands for, or None.

        One that nbgrader locks is known by its name, whatever was made of it. Another is known by its text.
        """
        by_text = self.given.get(plain(cell.source))
        name = self.name_of(cell)
        locked = (one for one in self.code if one.is_given and one.grade_id and one.grade_id == name)
        return by_text or next((one for one in locked if one.marks.get("locked")), None)


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
    authored: dict
    files: dict = field(default_factory=dict)
    released: dict = field(default_factory=dict)
    generated: dict = field(default_factory=dict)

    def __reduce__(self):
        generated = ((name, tuple(tests.items())) for name, tests in self.generated.items())
        return known_master, (
            self.name,
            *(tuple(items.items()) for items in (self.authored, self.files, self.released)),
            tuple(generated),
        )

    @cached_property
    def notebooks(self):
        """The notebooks by their names, in order.

        Returns
        -------
        dict of str to MasterNotebook
        """
        seen, shared = set(), set()
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
    def points(self):
        """The points of each graded cell by its key, in order."""
        return {key: points for notebook in self.notebooks.values() for key, points in notebook.points.items()}

    @cached_property
    def tests(self):
        return [test for notebook in self.notebooks.values() for test in notebook.tests]

    @cached_property
    def answers(self):
        return [answer for notebook in self.notebooks.values() for answer in notebook.answers]

    @cached_property
    def titles(self):
        """What a person calls each graded cell: its key, less ``-test`` where no other cell has that name."""
        return titles(self.points)

    @cached_property
    def parts(self):
        """A hash of everything that a grade depends on, by what a person calls it. Words, outputs, cell ids and layout are not among it."""
        cells = [cell for notebook in self.notebooks.values() for cell in notebook.code]
        given = [text for cell in cells if cell.is_given for text in (code(cell.source), str(cell.is_put_off))]
        solutions = [text for cell in cells if cell.is_solution for text in (cell.grade_id, code(cell.source))]
        return (
            {"the given code": hashed(given), "the solutions": hashed(solutions)}
            | {f"the test {test.key}": hashed([code(test.source), *test.asked]) for test in self.tests}
            | {f"the answer {answer.key}": hashed([answer.kind, str(answer.stub)]) for answer in self.answers}
            | {f"the points of {name}": f"{points:g}" for name, points in self.points.items()}
            | {name: hashed([code_or_text(name, content)]) for name, content in self.files.items()}
        )

    @cached_property
    def judged_by(self):
        """The key of the graded cell that judges each solution cell, by that one's key."""
        return {
            notebook.key(cell): notebook.key(judge)
            for notebook in self.notebooks.values()
            for cell, judge in notebook.judged_by.items()
        }

    def key(self, notebook, grade_id):
        """Return what a `Result` calls a cell of which a gradebook tells, also where there is no such notebook any more."""
        return self.notebooks[notebook].key(grade_id) if notebook in self.notebooks else grade_id

    @cached_property
    def imports(self):
        """The statements that import something, for who wants to load it beforehand: of Python's own, and what takes long."""
        found = dict.fromkeys(line for notebook in self.notebooks.values() for line in notebook.imports)
        own = tuple(line for line in found if is_quick(line, sys.stdlib_module_names))
        return own, tuple(line for line in found if not is_quick(line, self.quick))

    @cached_property
    def quick(self):
        """The modules that are loaded in no time: Python's own, NumPy, and what is released and imports no others."""
        asked = {}
        for path, content in self.files.items():
            if path.endswith(".py"):
                asked.setdefault(re.split(r"[/.]", path)[0], set()).update(imported(content.decode(errors="replace")))
        quick = {*sys.stdlib_module_names, "numpy"}
        while more := {name for name, others in asked.items() if name not in quick and others <= {name, *quick}}:
            quick |= more
        return frozenset(quick)


@functools.lru_cache(4)
def known_master(name, authored, files, released, generated):
    """Return the one copy that a process has of a master, however often it is sent there: it is parsed once."""
    return Master(name, dict(authored), dict(files), dict(released), {name: dict(tests) for name, tests in generated})


def read_cells(notebook):
    """Return the cells of a notebook of the course's own."""
    return [
        MasterCell(
            cell.cell_type,
            cell.source,
            marks if "grade_id" in (marks := cell.metadata.get("nbgrader", {})) or marks.get("grade") else {},
            cell.get("id", ""),
            tuple(cell.metadata.get("tags", ())),
        )
        for cell in nbformat.reads(notebook.decode("utf-8"), as_version=4).cells
    ]


def heading_of(cell):
    """Return the heading that a cell begins with, where that is plain text; else an empty one."""
    found = re.match(r"\s*#{1,6} +([^\n]+)", cell.source) if cell.kind == "markdown" else None
    return found[1].strip(" #") if found and not re.search(r"[$*_`<>\[\]\\]", found[1]) else ""


def defines(cell, name):
    """Whether a cell's text looks as if it defined a function of that name; it may be no Python."""
    return re.search(rf"^[ \t]*def {name}\b", cell.source, re.MULTILINE)


def titles(keys):
    """Return what a person calls each graded cell: its key, less ``-test`` where no other one has that name."""
    return {name: name if name.removesuffix("-test") in keys else name.removesuffix("-test") for name in keys}


def hashed(texts):
    """Return a short hash of some texts."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    return digest.hexdigest()[:16]


def as_python(source):
    """Return a cell's code as Python: as it is where that is Python, and else as IPython reads it."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return TransformerManager().transform_cell(source)
    return source


def body_of(source):
    """Return the statements of some code, none where it is no Python."""
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):
        return []


def is_plain_import(node):
    """Whether a statement does nothing but set names that it tells, from modules."""
    return isinstance(node, ast.Import) or (
        isinstance(node, ast.ImportFrom) and node.module != "__future__" and node.names[0].name != "*"
    )


def module_of(statement):
    """Return the first name of the module that a statement imports, or imports from."""
    return re.split(r"[ .]", statement)[1]


def is_quick(statement, quick):
    return module_of(statement) in quick


def imported(source):
    """Return the first names of the modules that some code imports."""
    found = set()
    for statement in body_of(source):
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def names_in(source):
    """Return the names that some code sets at its top level; for each, whether a function or a class is among it.

    ``_`` is nobody's: it stands for what is thrown away, and IPython asks for it after every cell.
    """
    found = {}
    for node in body_of(source):
        for name, is_a_function in bound(node):
            if name.strip("_"):
                found[name] = is_a_function or found.get(name, False)
    return found


def bound(node):
    """Yield the names that a statement binds where it stands, and whether to a function or a class."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, True
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name.partition(".")[0], False) for alias in node.names if alias.name != "*")
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id, False
    elif not isinstance(node, SCOPES):
        if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name, False
        for child in ast.iter_child_nodes(node):
            yield from bound(child)


def code(source):
    """Return what some code says, however it is laid out and commented; anything else as it is."""
    try:
        return ast.dump(ast.parse(as_python(source)))
    except (SyntaxError, ValueError):
        return source


def code_or_text(name, content):
    """Return what a file says: of a module its code, of any other file every byte."""
    return code(content.decode(errors="replace")) if name.endswith(".py") else content.decode("latin-1")


@functools.lru_cache(1000)  # each cell of a submission is asked about some times
def plain(source):
    """Return a cell's text without hidden tests and without what editors change: blank lines and trailing blanks."""
    return "\n".join(line.rstrip() for line in visible(source).splitlines() if line.strip())


def first_hidden(source):
    """Return the number of the first line that nbgrader takes out for the release, or None."""
    return next((number for number, line in enumerate(source.split("\n"), 1) if HIDDEN in line), None)


def visible(source):
    """Return a cell's text less what nbgrader takes out for the release: every line from one mark to the next."""
    lines, hidden = [], False
    for line in source.split("\n"):
        hidden = hidden or HIDDEN in line
        if not hidden:
            lines.append(line)
        hidden = hidden and "END HIDDEN TESTS" not in line
    return "\n".join(lines)
