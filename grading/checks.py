"""Judges: runs the master's tests, split where that is possible, else together with the student's code.

A split test runs in the grader's own process, with stand-ins in place of the
student's functions. The master is the course's own and trusted. Of the
submission, nothing but what its functions answer comes in here. A test that runs
together runs in the student's process, as nbgrader runs it, and can be forged there.

What hidden lines ask for is known to the student's code from then on. So a message says how far it can be shown.
"""

import ast
import contextlib
import functools
import io
import numbers
import random
import traceback
import types
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from grading.master_cells import MasterCell, Test
from grading.master_notebook import MasterNotebook
from grading.namespace import Namespace
from grading.pipe import StudentDied
from grading.python_source import as_python, body_of, first_hidden_line, visible_source
from grading.remote import ask_for_test
from grading.result import Failure, printable, shortened
from grading.student import StandIn, StudentProcess

MAX_MESSAGE = 2000  # characters of a check's message that are kept


@dataclass(frozen=True)
class Verdict:
    """What came of one test.

    Attributes
    ----------
    points : float
    message : str
        The check's; empty where it passed.
    own_message : str
        What of the message is the test's own, whatever the student's code knows and does.
    can_be_shown : bool
        Whether the student's code knew nothing of the hidden lines of other tests, so that the message can be shown.
    deadly : bool
        Whether the student's process died of it.
    failure : grading.result.Failure
        What the test raised, as data; without the message, which may still become another one.
    """

    points: float
    message: str = ""
    own_message: str = ""
    can_be_shown: bool = True
    deadly: bool = False
    failure: Failure = Failure()


class SplitNamespace(Namespace):
    """Where split tests run: what the given cells set, and stand-ins for what the student was to write.

    Parameters
    ----------
    notebook : grading.master_notebook.MasterNotebook
    student : grading.student.StudentProcess
    """

    def __init__(self, notebook: MasterNotebook, student: StudentProcess) -> None:
        super().__init__()
        self.student, self.wanted = student, notebook.wanted
        self.asked: set[str] = set()
        self.cells, self.done = notebook.code, 0
        self.modules: dict[str, str] = {}  # how the solution imports a name
        self.lacks_names = False  # of hidden lines that were left out
        self.update(get_ipython=NoShell, display=lambda *objects, **options: None)

    def run_given_above(self, test: Test) -> None:
        """Run the given cells that stand above a test and did not run yet, in order."""
        position = next(n for n, cell in enumerate(self.cells) if cell.is_test and cell.grade_id == test.grade_id)
        above = self.cells[self.done : position]
        self.done = max(self.done, position)
        for cell in above:
            if cell.is_solution:
                self.modules |= cell.imports
                for name in cell.names:
                    self.pop(name, None)  # from here on it is the student's
            elif cell.is_given:
                self.run_given(cell)

    def run_given(self, cell: MasterCell) -> None:
        """Run a given cell, or defer it. What it imports is loaded when it is asked for: it takes long, and few tests ask."""
        if cell.is_deferred:
            self.defer(cell.names, functools.partial(self.execute, cell.python, cell.grade_id))
            return
        for name, statement in cell.imports.items():
            self.pop(name, None)
            self.defer([name], functools.partial(exec, statement, self))
        self.execute(cell.without_imports, cell.grade_id)

    def execute(self, source: str, name: str) -> None:
        """Run some code of the master's; an error ends it."""
        self.load_for_classes(source)
        with contextlib.suppress(Exception, SystemExit):  # nbgrader goes on, too
            exec(compile_cached(source, f"<{name}>"), self)

    def __missing__(self, name: str) -> Any:
        if name in self.deferred:
            return super().__missing__(name)
        if name not in self.wanted:
            raise KeyError(name)
        self.asked.add(name)
        versions, can_be_called = self.student.describe(name)
        if can_be_called or self.wanted[name] and not versions:
            return StandIn(self.student, name)
        value = self.student.value(name)
        return self.imported(name, value) if isinstance(value, types.ModuleType) else value

    def imported(self, name: str, module: types.ModuleType) -> types.ModuleType:
        """Return the module that the solution imports under a name, where the student has the same one."""
        known: dict[str, Any] = {}
        exec(self.modules.get(name, ""), known)
        return known[name] if getattr(known.get(name), "__name__", None) == module.__name__ else module


class NoShell:
    """Stands for IPython where a given cell is run for the names that it sets: magics and shell lines do nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **options: None


# One function: all that a verdict needs is known only here, from the state before to the error after.
def judge(test: Test, namespace: SplitNamespace, together: bool = False, whole: bool = True) -> Verdict:
    """Run one test cell.

    Parameters
    ----------
    test : Test
    namespace : SplitNamespace
    together : bool
        Run it in the student's process.
    whole : bool
        With its hidden lines.

    Returns
    -------
    Verdict
        All points where the cell ends without an error, unless its last line is a number: then that many.
    """
    deaths, leaked, whole = len(namespace.student.died), namespace.student.leaked, whole or not test.has_hidden_lines
    namespace.asked.clear()
    try:
        with (
            namespace.student.test_time(),
            watch_seeding(namespace.student),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            value = (run_together if together else run_split)(test, namespace, whole)
    except (Exception, SystemExit) as error:  # a test fails by raising, whatever it raises
        text, own_message = full_message(error, test), own_message_of(error, test, namespace.wanted)
        failure = as_data(error, is_own=not (together or is_a_students(error) or is_of_limits(error)))
        if test in leaked and not together and not is_a_checks_own(error):
            text, failure = own_message, failure.in_own_words()
        lost = isinstance(error, NameError) and namespace.lacks_names and not is_a_students(error)
        can_be_shown = leaked <= {test} and not (together and test in leaked) and not lost
        return Verdict(
            0.0, text, own_message, can_be_shown or text == own_message, len(namespace.student.died) > deaths, failure
        )
    if not whole:
        return Verdict(test.points, can_be_shown=False)
    earned, text = points(value, test.points)
    own_message = f"{earned:g} of {test.points:g} points" if text else ""
    return Verdict(earned, text, own_message, leaked <= {test} or text == own_message)


def run_split(test: Test, namespace: SplitNamespace, whole: bool) -> object:
    """Run a test in this process; return the value of its last line, where that is an expression."""
    namespace.run_given_above(test)
    above, below, imports, last = compiled_parts(test)
    namespace.load_for_classes(test.source)
    exec(above, namespace)
    if not whole:
        namespace.lacks_names = True
        with contextlib.suppress(Exception):  # where it is needed, it is missed
            exec(imports, namespace)
        return None
    if test.has_hidden_lines:
        namespace.student.leaked.add(test)
    exec(below, namespace)
    return eval(last, namespace) if last is not None else None


@functools.lru_cache(1000)
def compiled_parts(test: Test) -> tuple[types.CodeType, types.CodeType, types.CodeType, types.CodeType | None]:
    """Return the code of a test in four parts.

    Its statements above the hidden lines, all others, what of those imports something, and the last line where that is
    an expression that a notebook would show.
    """
    source, file = as_python(test.source), f"<{test.grade_id}>"
    statements, hidden = ast.parse(source).body, first_hidden_line(source)
    last = None
    if statements and isinstance(statements[-1], ast.Expr) and not source.rstrip().endswith(";"):
        last = compile(ast.Expression(statements.pop().value), file, "eval")  # type: ignore[attr-defined]
    above = [node for node in statements if hidden is None or (node.end_lineno or 0) < hidden]
    below = statements[len(above) :]
    imports: list[ast.stmt] = [node for node in below if isinstance(node, (ast.Import, ast.ImportFrom))]
    first, rest, needed = (compile(ast.Module(some, []), file, "exec") for some in (above, below, imports))
    return first, rest, needed, last


def run_together(test: Test, namespace: SplitNamespace, whole: bool) -> object:
    """Run a test in the student's process; return the value of its last line, where that is an expression."""
    if test.has_hidden_lines and whole:
        namespace.student.leaked.add(test)
    return ask_for_test(namespace.student.test, test.source if whole else released(test))


def released(test: Test) -> str:
    """Return a test as students have it, where that is Python."""
    source = visible_source(test.source)
    return source if body_of(as_python(source)) else ""


@contextlib.contextmanager
def watch_seeding(student: StudentProcess) -> Iterator[None]:
    """Tell the student's process when a test seeds: where its functions draw, they have to draw from that seed."""
    libraries: tuple[Any, Any] = random, np.random
    originals = [(module, module.seed) for module in libraries]

    def noticing(library: int, seed: Callable[..., None]) -> Callable[..., None]:
        def noticed(*arguments: Any, **options: Any) -> None:
            student.note_seed(library)
            seed(*arguments, **options)

        return noticed

    for library, (module, seed) in enumerate(originals):
        module.seed = noticing(library, seed)
    try:
        yield
    finally:
        for module, seed in originals:
            module.seed = seed


def points(value: object, most: float) -> tuple[float, str]:
    """Return the points for what a test cell's last line gave, and what is wrong with it."""
    if value is None:
        return most, ""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return most, ""  # an expression for its effect, as a test's call is
    if not 0 <= value <= most:  # type: ignore[operator]  # NaN is not either
        return 0.0, f"the test gave {str(value)[:20]} points, and 0 to {most:g} are possible"
    return float(value), "" if value == most else f"{float(value):g} of {most:g} points"


# ------------------------------------------------------------------------ messages


def error_message(error: BaseException) -> str:
    """Return an error's message, with its type unless it is a check's own, and nothing that a terminal would obey."""
    text = error_text(error)
    if isinstance(error, (AssertionError, StudentDied)) and text:
        return text
    return f"{type(error).__name__}: {text}".removesuffix(": ")


# Characters of what a course's exception may carry.
LONGEST = {"kind": 60, "cause": 60, "title": 120, "hint": 600, "call": 200, "expected": 600, "got": 600}


def as_data(error: BaseException, is_own: bool) -> Failure:
    """Return what a test raised as data.

    Parameters
    ----------
    error : BaseException
    is_own : bool
        Whether the course's test raised it, here. Of anything else no attribute counts: a student could have set it.
    """
    told: dict[str, Any] = {}
    for name, most in LONGEST.items() if is_own else ():
        with contextlib.suppress(Exception):  # an attribute may be computed
            value = getattr(error, name, "")
            told[name] = shortened(value, most) if type(value) is str else ""
    is_stub = any(isinstance(one, NotImplementedError) for one in (error, error.__cause__, error.__context__))
    return Failure(shortened(type(error).__name__, 60), is_own=is_own, is_stub=is_stub, **told)


def error_text(error: BaseException) -> str:
    """Return what an error says, with nothing that a terminal would obey."""
    try:
        return printable(str(error)[:MAX_MESSAGE])
    except Exception:  # the test compared something that can't be shown
        return ""


def full_message(error: BaseException, test: Test) -> str:
    """Return what an error says, and where it says nothing the line of the test."""
    text = error_message(error)
    return text + failed_line(error, test) * (text == type(error).__name__)


def own_message_of(error: BaseException, test: Test, wanted: Collection[str]) -> str:
    """Return what of an error no student's code has worded: the test's own sentence, or the kind, a name, the test's line."""
    is_a_sentence = isinstance(error, AssertionError) and error_text(error) in sentences(test)
    if is_a_sentence or is_of_limits(error):
        return error_message(error)
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
    undefined = (f"name '{name}' is not defined" for name in wanted if kind == "NameError")
    missing = next((sentence for sentence in undefined if error_text(error).startswith(sentence)), "")
    return f"{kind}: {missing}" if missing else kind + failed_line(error, test)


@functools.lru_cache(1000)
def sentences(test: Test) -> set[str]:
    """Return what the assertions of a test say where they fail, as far as it stands there as a text."""
    messages = [node.msg for node in ast.walk(ast.parse(as_python(test.source))) if isinstance(node, ast.Assert)]
    return {printable(one.value) for one in messages if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def is_a_checks_own(error: BaseException) -> bool:
    """Whether a test says it, and no student's function has raised it."""
    return isinstance(error, AssertionError) and not is_a_students(error)


def is_a_students(error: BaseException) -> bool:
    """Whether the student's process has raised it."""
    return hasattr(error, "is_the_students")


def is_of_limits(error: BaseException) -> bool:
    """Whether it says that the student's process has ended: see `grading.remote.ask_for_test`."""
    return isinstance(error, StudentDied) or isinstance(error.__context__, StudentDied)


def failed_line(error: BaseException, test: Test) -> str:
    """Return the line of a test at which an error came up, where students see that line; else an empty text."""
    lines, seen = test.source.splitlines(), {line.strip() for line in visible_source(test.source).splitlines()}
    failed = getattr(error, "student_line", None)  # of a test that runs together, this is a line of the test
    found = [failed.line] if failed else []
    for at in reversed(traceback.extract_tb(error.__traceback__)):
        is_of_test = at.lineno and at.filename == f"<{test.grade_id}>"
        line = "".join(lines[at.lineno - 1 : at.lineno]) if at.lineno and is_of_test else at.line or ""
        found.append(line.strip())
    return next((f": {line}" for line in found if line in seen), "")


@functools.lru_cache(1000)  # the tests and the helpers are the same for the whole class
def compile_cached(source: str, file: str) -> types.CodeType:
    """Compile some code of the course's, once."""
    return compile(source, file, "exec")
