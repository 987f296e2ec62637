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
import importlib
import io
import numbers
import os
import random
import sys
import tempfile
import traceback
import types
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path

import numpy as np

from grading.master import as_python, body_of, first_hidden, visible
from grading.result import printable
from grading.student import StandIn, StudentDied, as_a_test_sees_it, random_state
from grading.worker import Namespace, seed_all

SHOWN = 2000  # characters of a check's message that are kept


@dataclass(frozen=True)
class Verdict:
    """What came of one test.

    Attributes
    ----------
    points : float
    message : str
        The check's; empty where it passed.
    least : str
        What of the message is the test's own, whatever the student's code knows and does.
    alone : bool
        Whether the student's code knew nothing of the hidden lines of other tests, so that the message can be shown.
    deadly : bool
        Whether the student's process died of it.
    """

    points: float
    message: str = ""
    least: str = ""
    alone: bool = True
    deadly: bool = False


class Bench(Namespace):
    """Where split tests run: what the given cells set, and stand-ins for what the student was to write.

    Parameters
    ----------
    notebook : grading.master.MasterNotebook
    student : grading.student.StudentProcess
    """

    def __init__(self, notebook, student):
        super().__init__()
        self.student, self.wanted, self.asked = student, notebook.wanted, set()
        self.cells, self.done = notebook.code, 0
        self.modules = {}  # how the solution imports a name
        self.lacks_names = False  # of hidden lines that were left out
        self.update(get_ipython=Quiet, display=lambda *objects, **options: None)

    def come_to(self, test):
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
                self.give(cell)

    def give(self, cell):
        """Run a given cell, or put it off. What it imports is loaded when it is asked for: it takes long, and few tests ask."""
        if cell.is_put_off:
            self.put_off(cell.names, functools.partial(self.execute, cell.python, cell.grade_id))
            return
        for name, statement in cell.imports.items():
            self.pop(name, None)
            self.put_off([name], functools.partial(exec, statement, self))
        self.execute(cell.less_imports, cell.grade_id)

    def execute(self, source, name):
        self.meet_classes(source)
        with contextlib.suppress(Exception, SystemExit):  # nbgrader goes on, too
            exec(compiled(source, f"<{name}>"), self)

    def __missing__(self, name):
        if name in self.later:
            return super().__missing__(name)
        if name not in self.wanted:
            raise KeyError(name)
        self.asked.add(name)
        versions, can_be_called = self.student.about(name)
        if can_be_called or self.wanted[name] and not versions:
            return StandIn(self.student, name)
        value = self.student.value(name)
        return self.imported(name, value) if isinstance(value, types.ModuleType) else value

    def imported(self, name, module):
        """Return the module that the solution imports under a name, where the student has the same one."""
        known = {}
        exec(self.modules.get(name, ""), known)
        return known[name] if getattr(known.get(name), "__name__", None) == module.__name__ else module


class Quiet:
    """Stands for IPython where a given cell is run for the names that it sets: magics and shell lines do nothing."""

    def __getattr__(self, name):
        return lambda *arguments, **options: None


def judge(test, bench, together=False, whole=True):
    """Run one test cell.

    Parameters
    ----------
    test : Test
    bench : Bench
    together : bool
        Run it in the student's process.
    whole : bool
        With its hidden lines.

    Returns
    -------
    Verdict
        All points where the cell ends without an error, unless its last line is a number: then that many.
    """
    deaths, heard, whole = len(bench.student.died), bench.student.heard, whole or not test.hides
    bench.asked.clear()
    try:
        with (
            bench.student.time_of_a_test(),
            seeds_noticed(bench.student),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            value = (beside_the_answer if together else split)(test, bench, whole)
    except (Exception, SystemExit) as error:  # a test fails by raising, whatever it raises
        text, least = in_full(error, test), in_own_words(error, test, bench.wanted)
        if test in heard and not together and not is_a_checks_own(error):
            text = least
        lost = isinstance(error, NameError) and bench.lacks_names and not is_a_students(error)
        alone = heard <= {test} and not (together and test in heard) and not lost
        return Verdict(0.0, text, least, alone or text == least, len(bench.student.died) > deaths)
    if not whole:
        return Verdict(test.points, alone=False)
    earned, text = points(value, test.points)
    least = f"{earned:g} of {test.points:g} points" if text else ""
    return Verdict(earned, text, least, heard <= {test} or text == least)


def split(test, bench, whole):
    """Run a test in this process; return the value of its last line, where that is an expression."""
    bench.come_to(test)
    above, below, imports, last = parts(test)
    bench.meet_classes(test.source)
    exec(above, bench)
    if not whole:
        bench.lacks_names = True
        with contextlib.suppress(Exception):  # where it is needed, it is missed
            exec(imports, bench)
        return None
    if test.hides:
        bench.student.heard.add(test)
    exec(below, bench)
    return eval(last, bench) if last is not None else None


@functools.lru_cache(1000)
def parts(test):
    """Return the code of a test in four parts.

    Its statements above the hidden lines, all others, what of those imports something, and the last line where that is
    an expression that a notebook would show.
    """
    source, file = as_python(test.source), f"<{test.grade_id}>"
    statements, hidden = ast.parse(source).body, first_hidden(source)
    shown = statements and isinstance(statements[-1], ast.Expr) and not source.rstrip().endswith(";")
    last = statements.pop() if shown else None
    above = [node for node in statements if hidden is None or node.end_lineno < hidden]
    below = statements[len(above) :]
    imports = [node for node in below if isinstance(node, (ast.Import, ast.ImportFrom))]
    code = (compile(ast.Module(some, []), file, "exec") for some in (above, below, imports))
    return *code, last and compile(ast.Expression(last.value), file, "eval")


def beside_the_answer(test, bench, whole):
    """Run a test in the student's process; return the value of its last line, where that is an expression."""
    if test.hides and whole:
        bench.student.heard.add(test)
    return as_a_test_sees_it(bench.student.test, test.source if whole else released(test))


def released(test):
    """Return a test as students have it, where that is Python."""
    source = visible(test.source)
    return source if body_of(as_python(source)) else ""


@contextlib.contextmanager
def seeds_noticed(student):
    """Tell the student's process when a test seeds: where its functions draw, they have to draw from that seed."""
    originals = [(module, module.seed) for module in (random, np.random)]

    def noticing(library, seed):
        def noticed(*arguments, **options):
            student.seeded(library)
            return seed(*arguments, **options)

        return noticed

    for library, (module, seed) in enumerate(originals):
        module.seed = noticing(library, seed)
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


# ------------------------------------------------------------------------ messages


def said(error):
    """Return an error's message, with its type unless it is a check's own, and nothing that a terminal would obey."""
    text = words(error)
    if isinstance(error, (AssertionError, StudentDied)) and text:
        return text
    return f"{type(error).__name__}: {text}".removesuffix(": ")


def words(error):
    try:
        return printable(str(error)[:SHOWN])
    except Exception:  # the test compared something that can't be shown
        return ""


def in_full(error, test):
    """Return what an error says, and where it says nothing the line of the test."""
    text = said(error)
    return text + failed_line(error, test) * (text == type(error).__name__)


def in_own_words(error, test, wanted):
    """Return what of an error no student's code has worded: the test's own sentence, or the kind, a name, the test's line."""
    is_a_sentence = isinstance(error, AssertionError) and words(error) in sentences(test)
    if is_a_sentence or is_of_limits(error):
        return said(error)
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
    missing = (f"name '{name}' is not defined" for name in wanted if kind == "NameError")
    missing = next((sentence for sentence in missing if words(error).startswith(sentence)), "")
    return f"{kind}: {missing}" if missing else kind + failed_line(error, test)


@functools.lru_cache(1000)
def sentences(test):
    """Return what the assertions of a test say where they fail, as far as it stands there as a text."""
    messages = [node.msg for node in ast.walk(ast.parse(as_python(test.source))) if isinstance(node, ast.Assert)]
    return {printable(one.value) for one in messages if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def is_a_checks_own(error):
    """Whether a test says it, and no student's function has raised it."""
    return isinstance(error, AssertionError) and not is_a_students(error)


def is_a_students(error):
    return hasattr(error, "is_the_students")


def is_of_limits(error):
    """Whether it says that the student's process has ended: see `grading.student.as_a_test_sees_it`."""
    return isinstance(error, StudentDied) or isinstance(error.__context__, StudentDied)


def failed_line(error, test):
    """Return the line of a test at which an error came up, where students see that line; else an empty text."""
    lines, seen = test.source.splitlines(), {line.strip() for line in visible(test.source).splitlines()}
    for at in reversed(traceback.extract_tb(error.__traceback__)):
        line = "".join(lines[at.lineno - 1 : at.lineno]) if at.filename == f"<{test.grade_id}>" else at.line or ""
        if line.strip() in seen:
            return f": {line.strip()}"
    return ""


@functools.lru_cache(1000)  # the tests and the helpers are the same for the whole class
def compiled(source, file):
    return compile(source, file, "exec")


@functools.lru_cache(2)
def folder_with(files):
    """Return a folder that holds the files which are released beside the notebook, for as long as this process lives."""
    folder = tempfile.TemporaryDirectory(prefix="released-", ignore_cleanup_errors=True)
    for name, content in files:
        path = Path(folder.name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    kinds = (ExtensionFileLoader, EXTENSION_SUFFIXES), (Compiled, SOURCE_SUFFIXES)
    for place, _, _ in os.walk(folder.name):
        sys.path_importer_cache[place] = FileFinder(place, *kinds)
    return folder


class Compiled(SourceFileLoader):
    """Imports a helper, which is read and compiled once, and not for each submission."""

    get_code = functools.lru_cache(1000)(SourceFileLoader.get_code)


# The helpers that tests have imported, and those that are loaded for whoever judges next; by the folder that holds them.
USED, LOADED = {}, {}


@contextlib.contextmanager
def surroundings(files):
    """Let test cells find what they find beside a notebook, the same for every submission, and forget it afterwards.

    That is the files which are released beside it, and global random numbers that start at one place.

    Parameters
    ----------
    files : dict of str to bytes
    """
    folder, cwd = folder_with(tuple(files.items())).name, os.getcwd()
    paths = [Path(name).with_suffix("") for name in files if name.endswith(".py")]
    modules = {".".join(part.parts) for path in paths for part in (path, *path.parents) if part.parts}

    def forget():
        return {name: sys.modules.pop(name) for name in modules if name in sys.modules}

    before, states = forget(), (random.getstate(), np.random.get_state())
    sys.path.insert(0, folder)
    os.chdir(folder)
    sys.modules.update(LOADED.pop(folder, ()))
    seed_all()
    try:
        yield
    finally:
        os.chdir(cwd)
        sys.path.remove(folder)
        USED[folder] = USED.get(folder, {}) | forget()
        sys.modules.update(before)
        random.setstate(states[0])
        np.random.set_state(states[1])


def load_helpers(files):
    """Load the helpers that tests have imported once more, for a process that is forked from this one to judge.

    One that draws or seeds as it is loaded is left to the test that imports it.
    """
    folder = folder_with(tuple(files.items())).name
    with surroundings(files):
        state = random_state()
        for name in USED[folder]:
            importlib.import_module(name)
        is_quiet = random_state() == state
    LOADED[folder] = USED[folder] if is_quiet else {}
