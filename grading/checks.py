"""Runs the master's test cells in the grader's own process, with stand-ins in place of the student's functions.

The master notebook is the course's own and trusted. Of the submission, nothing
but what its functions answer comes in here.
"""

import ast
import contextlib
import functools
import importlib.abc
import importlib.util
import io
import numbers
import random
import sys
from dataclasses import dataclass, field
from functools import cached_property

import nbformat
import numpy as np

from grading.student import StandIn, StudentDied
from grading.worker import Namespace, seed_all, without_magics

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
SHOWN = 2000  # characters of a check's message that are kept


@dataclass(frozen=True)
class Statement:
    """A statement of the given code, and the names that it binds."""

    names: tuple
    source: str
    is_function: bool = False


@dataclass(frozen=True)
class Test:
    """A graded cell.

    Attributes
    ----------
    grade_id : str
    source : str
    points : float
    """

    grade_id: str
    source: str
    points: float

    @property
    def exercise(self):
        """The name of the exercise: the grade id, less ``-test``."""
        return self.grade_id.removesuffix("-test")

    @cached_property
    def plain(self):
        """Its text, less what does not tell one cell from another."""
        return plain(self.source)


@dataclass(frozen=True)
class Verdict:
    """What came of one test: points, the check's message, empty where it passed, and whether the student's process died of it."""

    points: float
    message: str = ""
    deadly: bool = False


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
    """

    name: str
    notebook: bytes
    helpers: dict = field(default_factory=dict)

    def __reduce__(self):
        return known_master, (self.name, self.notebook, tuple(self.helpers.items()))

    @cached_property
    def cells(self):
        """The code cells, each with what nbgrader has written on it."""
        cells = nbformat.reads(self.notebook.decode("utf-8"), as_version=4).cells
        return [(cell.source, cell.metadata.get("nbgrader", {})) for cell in cells if cell.cell_type == "code"]

    @cached_property
    def tests(self):
        """The graded cells, in order."""
        return [
            Test(marks["grade_id"], source, float(marks["points"]))
            for source, marks in self.cells
            if marks.get("grade") and not marks.get("solution")
        ]

    @cached_property
    def exercises(self):
        """The points of each exercise by its name."""
        return {test.exercise: test.points for test in self.tests}

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

    def test_at(self, cell):
        """Return the test that a cell of a submission stands for, or None."""
        text = plain(cell.source)
        return next((test for test in self.tests if cell.grade_id == test.grade_id or text == test.plain), None)


@functools.lru_cache(4)
def known_master(name, notebook, helpers):
    """Return the one copy that a process has of a master, however often it is sent there: it is parsed once."""
    return Master(name, notebook, dict(helpers))


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


# -------------------------------------------------------------------------- judging


class Bench(Namespace):
    """Where test cells run: the given names, and stand-ins for what the student was to write."""

    def __init__(self, master, student):
        super().__init__([{"names": statement.names, "source": statement.source} for statement in master.given])
        self.student, self.wanted, self.asked = student, master.wanted, set()
        for name in self.wanted:
            self.given.pop(name, None)

    def __missing__(self, name):
        if name not in self.wanted:
            return super().__missing__(name)
        self.asked.add(name)
        versions, can_be_called = self.student.about(name)
        if self.wanted[name] and (can_be_called or not versions):
            return StandIn(self.student, name)
        return self.student.value(name)


def judge(test, bench):
    """Run one test cell.

    Parameters
    ----------
    test : Test
    bench : Bench

    Returns
    -------
    Verdict
        All points where the cell ends without an error, unless its last line is a number: then that many.
    """
    body, last = parts(test)
    value, deaths = None, len(bench.student.died)
    bench.asked.clear()
    try:
        with (
            seeds_noticed(bench.student),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            exec(body, bench)
            if last is not None:
                value = eval(last, bench)
    except (Exception, SystemExit) as error:  # a test fails by raising, whatever it raises
        return Verdict(0.0, said(error), len(bench.student.died) > deaths)
    return Verdict(*points(value, test.points))


@functools.lru_cache(1000)
def parts(test):
    """Return the code of a test, and of its last line where that is an expression."""
    tree, file = ast.parse(without_magics(test.source)), f"<{test.grade_id}>"
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return compile(tree, file, "exec"), last and compile(ast.Expression(last.value), file, "eval")


@contextlib.contextmanager
def seeds_noticed(student):
    """Tell the student's process when a test seeds: where its functions draw, they have to draw from that seed."""
    originals = [(module, module.seed) for module in (random, np.random)]

    def noticing(seed):
        def noticed(*arguments, **options):
            student.seeded()
            return seed(*arguments, **options)

        return noticed

    for module, seed in originals:
        module.seed = noticing(seed)
    try:
        yield
    finally:
        for module, seed in originals:
            module.seed = seed


def points(value, most):
    """Return the points for what a test cell's last line gave, and what is wrong with it."""
    if value is None:
        return most, ""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return most, ""  # an expression for its effect, as a test's call is
    if not 0 <= value <= most:  # NaN is not either
        return 0.0, f"the test gave {str(value)[:20]} points, and 0 to {most:g} are possible"
    return float(value), "" if value == most else f"{float(value):g} of {most:g} points"


def said(error):
    """Return an error's message, with its type unless it is a check's own, and nothing that a terminal would obey."""
    try:
        text = printable(str(error)[:SHOWN])
    except Exception:  # the test compared something that can't be shown
        text = ""
    if isinstance(error, (AssertionError, StudentDied)) and text:
        return text
    return f"{type(error).__name__}: {text}".removesuffix(": ")


@functools.lru_cache(1000)  # the tests and the helpers are the same for the whole class
def compiled(source, file):
    return compile(source, file, "exec")


class Helpers(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the modules that are released beside the notebook. No disk, and no earlier student's state, has a part in it."""

    def __init__(self, master):
        self.sources = {name.removesuffix(".py"): content.decode() for name, content in master.helpers.items()}

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name in self.sources else None

    def get_source(self, name):
        return self.sources[name]

    def get_code(self, name):
        return compiled(self.sources[name], f"{name}.py")


def printable(text):
    """Return a text with nothing that a terminal would obey or that a file can't hold."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text)


@contextlib.contextmanager
def surroundings(master):
    """Let test cells find what they find beside a notebook, the same for every submission, and forget it afterwards.

    That is the modules which are released beside it, and global random numbers that start at one place.
    """
    helpers, states = Helpers(master), (random.getstate(), np.random.get_state())
    before = {name: sys.modules.pop(name) for name in helpers.sources if name in sys.modules}
    sys.meta_path.insert(0, helpers)
    seed_all()
    try:
        yield
    finally:
        sys.meta_path.remove(helpers)
        for name in helpers.sources:
            sys.modules.pop(name, None)
        sys.modules.update(before)
        random.setstate(states[0])
        np.random.set_state(states[1])
