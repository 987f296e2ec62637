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
from dataclasses import dataclass

import numpy as np

from grading.student import StandIn, StudentDied
from grading.worker import Namespace, seed_all, without_magics

SHOWN = 2000  # characters of a check's message that are kept


@dataclass(frozen=True)
class Verdict:
    """What came of one test: points, the check's message, empty where it passed, and whether the student's process died of it."""

    points: float
    message: str = ""
    deadly: bool = False


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
