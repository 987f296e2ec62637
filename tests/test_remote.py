"""remote.py: what a test sees of the student's values, functions, iterators and arguments: plain data, or nothing."""

import collections
import datetime
import itertools
import json
import time
import types
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import students
from hypothesis import given, settings
from students import process_in
from test_protocol import PLAIN, Point, assert_same

from grading.pipe import StudentDied
from grading.remote import StudentLine
from grading.sandbox import Limits, Unconfined
from grading.student import StandIn

box, student = students.box, students.student  # fixtures


@pytest.fixture(scope="module")
def echo():
    """One process for tests that only call a function which gives back what it gets."""
    with process_in(Unconfined()) as process:
        process.run("def f(x):\n    return x")
        yield process


# ----------------------------------------------------------------- values, both ways


@settings(max_examples=100)
@given(PLAIN)
def test_plain_values_come_through_unchanged_in_both_directions(echo, value):
    assert_same(value, echo.call("f", value))


def test_shared_memory_stays_shared_and_the_rest_stays_apart(student):
    student.run(
        "kept = np.zeros(4)\ndef f():\n    a = np.arange(12.0).reshape(3, 4)\n    return a, a[:, ::2], a.T, a.copy(), kept"
    )
    whole, part, turned, copy, kept = student.call("f")
    np.testing.assert_array_equal(part, whole[:, ::2])
    np.testing.assert_array_equal(turned, whole.T)
    assert np.shares_memory(whole, part) and np.shares_memory(whole, turned) and not np.shares_memory(whole, copy)
    again = student.call("f")
    assert not np.shares_memory(whole, again[0]) and np.shares_memory(kept, again[4])


def test_what_can_not_be_changed_there_can_not_be_changed_here(student):
    student.run("def f():\n    return np.broadcast_to(1.0, (2, 3))")
    value = student.call("f")
    assert not value.flags.writeable and value.tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("np.matrix([[1.0]])", "matrix"),
        ("np.ma.masked_all(2)", "MaskedArray"),
        ("lambda: 1", "function"),
        ("print", "builtin_function_or_method"),
        ("(n for n in [])", "generator"),
        ("object()", "object"),
        ("{1, 2}", "set"),
        ("np.float64(2)", "float64"),
        ("b'x'", "bytes"),
        ("range(3)", "range"),
        ("type('Odd', (), {'__eq__': lambda *a: True})()", "Odd"),
        ("type('Odd', (), {})", "type"),
        ("np", "module"),
        ("slice(1)", "slice"),
    ],
)
def test_other_values_keep_the_name_of_their_type_and_nothing_else(student, code, kind):
    student.run(f"def f():\n    return {code}")
    value = student.call("f")
    assert type(value).__name__ == kind
    if kind in ("Odd", "object", "slice", "MaskedArray", "type"):
        assert value != 3 and value == value and not hasattr(value, "anything")
    if kind == "module":
        assert value.__name__ == "numpy" and not hasattr(value, "zeros")


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("range(1, 9, 3)", range(1, 9, 3)),
        ("Fraction(1, 3)", Fraction(1, 3)),
        ("Decimal('0.10')", Decimal("0.10")),
        ("date(2024, 2, 29), datetime(2024, 2, 29, 1), timedelta(2)", None),
        ("frozenset({1, 2})", frozenset({1, 2})),
        ("deque([1, 2])", collections.deque([1, 2])),
        ("Counter('aab')", collections.Counter("aab")),
        ("OrderedDict(b=1, a=2)", collections.OrderedDict(b=1, a=2)),
        ("defaultdict(int, a=2)", collections.defaultdict(None, a=2)),
        ("namedtuple('Point', 'x y')(1, 2)", Point(1, 2)),
        ("{'a': 1}.keys()", {"a": 1}.keys()),
        ("{'a': 1}.values()", {"a": 1}.values()),
        ("{'a': 1}.items()", {"a": 1}.items()),
        ("np.array([(1, 0.5)], [('n', 'i4'), ('x', 'f8')])", np.array([(1, 0.5)], [("n", "i4"), ("x", "f8")])),
        ("np.array([[1], 'a', None], object)", np.array([[1], "a", None], object)),
        ("np.dtype('f4')", np.dtype("f4")),
        ("KeyError", KeyError),
        ("dict(zip(*np.unique([3, 3, 5], return_counts=True)))", {np.int64(3): np.int64(2), np.int64(5): np.int64(1)}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_python_brings_along_arrives_as_it_is(student, code, value):
    imports = (
        "from collections import *\nfrom datetime import *\nfrom decimal import Decimal\nfrom fractions import Fraction"
    )
    if value is None:
        value = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1), datetime.timedelta(2)
    student.run(f"{imports}\ndef f():\n    return {code}\ng = f()")
    assert_same(value, student.call("f"))
    assert_same(value, student.value("g"))


# ------------------------------------------------- what stays in the student's process


def test_a_function_that_was_returned_can_be_called_and_keeps_what_it_knows(student):
    student.run(
        "def f(step):\n    n = 0\n    def count(by=1):\n        nonlocal n\n        n += step * by\n        return n\n    return count"
    )
    by_two, by_three = student.call("f", 2), student.call("f", 3)
    assert [by_two(), by_two(by=2), by_three(), by_two()] == [2, 6, 3, 8]
    student.run("def f():\n    return [lambda x: x + 1, {'twice': lambda x: 2 * x}]")
    plus, others = student.call("f")
    assert others["twice"](plus(1)) == 4 and [*map(plus, [1, 2])] == [2, 3]


def test_what_a_returned_function_raises_is_raised_here_with_its_line(student):
    student.run("def f():\n    def inner(x):\n        return 1 / x\n    return inner")
    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        student.call("f")(0)
    assert caught.value.student_line == StudentLine(3, "return 1 / x")


@pytest.mark.parametrize("given", [len, lambda: 1, iter([1]), (n for n in ()), object(), json])
def test_what_is_no_data_can_not_be_passed_however_deep_it_lies(student, given):
    student.run("def f(*x):\n    return 1")
    kind = type(given).__name__
    for arguments in ([given], [[1, {"a": (given,)}]]):
        with pytest.raises(
            TypeError, match=f"the test passes something of type {kind}, and only plain data can be passed"
        ):
            student.call("f", *arguments)
    assert student.call("f", 1) == 1 and student.died == []


def test_an_iterator_gives_one_after_the_other_and_only_what_is_asked_for(student):
    student.run(
        "made = []\ndef f():\n    n = 0\n    while True:\n        made.append(n)\n        yield n\n        n += 1\ndef g():\n    return made"
    )
    numbers = student.call("f")
    assert next(numbers) == 0 and [*itertools.islice(numbers, 3)] == [1, 2, 3]
    assert student.call("g") == [0, 1, 2, 3]
    student.run("def f():\n    yield np.arange(2)\n    yield [1]\n    raise KeyError('over')")
    numbers = student.call("f")
    assert (next(numbers).tolist(), next(numbers)) == ([0, 1], [1])
    with pytest.raises(KeyError, match="over"):
        next(numbers)
    assert [*student.call("f").__class__.__mro__] == [types.GeneratorType, object]


@pytest.mark.parametrize(
    "code", ["map(str, [1, 2])", "zip('ab')", "iter([1, 2])", "(n for n in 'ab')", "enumerate('ab')"]
)
def test_whatever_is_an_iterator_is_read_to_its_end(student, code):
    student.run(f"def f():\n    return {code}")
    assert [*student.call("f")] == [*eval(code)]
    assert [*student.call("f")] == [*eval(code)]  # a new one


def test_an_iterator_that_never_ends_is_over_with_the_time_of_the_test(student):
    student.limits = Limits(call=5, test=0.5)
    student.run("def f():\n    while True:\n        yield 1")
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="the calls of one test took more than 0.5 s"):
        with student.test_time():
            list(StandIn(student, "f")())
    assert time.monotonic() - started < 5  # ten times the limit, for a machine that is busy
    assert next(student.call("f")) == 1 and len(student.died) == 1


def test_an_iterator_that_never_gives_is_over_with_the_time_of_a_call(student):
    student.limits = Limits(call=0.5)
    student.run("def f():\n    while True:\n        pass\n    yield 1")
    with pytest.raises(TimeoutError, match="still running after 0.5 seconds"):
        next(student.call("f"))


def test_an_iterator_gives_no_more_than_an_answer_may_hold(student):
    student.limits = Limits(answer=1 << 20)
    student.run("def f():\n    while True:\n        yield np.zeros(10_000)")
    taken = []
    with pytest.raises(ValueError, match="an iterator gives too much"):
        for one in student.call("f"):
            taken.append(one.nbytes)
    assert 1 << 20 <= sum(taken) <= (1 << 20) + 80_000
    assert len([*itertools.islice(student.call("f"), 10)]) == 10


def test_what_belongs_to_a_process_that_ended_can_not_be_asked_for_and_is_no_other(student):
    student.run("import os\ndef f(x):\n    return (lambda: x), iter([x])\ndef g():\n    os._exit(1)")
    function, numbers = student.call("f", 1)
    with pytest.raises(StudentDied):
        student.call("g")
    other, others = student.call("f", 2)
    for gone in (function, lambda: next(numbers)):
        with pytest.raises(RuntimeError, match="the process that it belongs to has ended"):
            gone()
    assert (other(), [*others]) == (2, [2])
    student.stop()
    with pytest.raises(RuntimeError, match="the process that it belongs to has ended"):
        other()


@pytest.mark.parametrize("number", [0, 1, -1, 10**30, True])
@pytest.mark.parametrize("kind", ["function", "iterator"])
def test_a_forged_number_is_an_error_and_nothing_else(student, kind, number):
    student.run("def f():\n    return 1")
    student.call("f")
    made = student.decoder.decode({"other": "thing", "as": kind, "number": number}, b"")
    if type(number) is bool:
        assert made() is None if kind == "function" else [*made] == []
        return
    with pytest.raises(IndexError):
        made() if kind == "function" else next(made)
    assert student.call("f") == 1


@pytest.mark.parametrize("kind", [[], {}, None, 3, "module", "no such kind"])
def test_a_handle_of_no_known_kind_is_a_stranger(echo, kind):
    echo.call("f", 1)
    made = echo.decoder.decode({"other": "thing", "as": kind, "number": 0}, b"")
    assert type(made).__name__ in ("thing", "module")


def test_every_name_can_be_a_keyword(student):
    student.run("def f(**options):\n    return options\ndef g():\n    return f")
    options = {name: 1 for name in ("name", "self", "asked", "args", "kwargs", "number", "student")}
    assert student.call("f", **options) == StandIn(student, "f")(**options) == student.call("g")(**options) == options


def test_arguments_that_the_call_changed_are_changed_here(student):
    student.run("def f(a, b, c=None):\n    a.append(1)\n    b['x'] = 2\n    c[0] = 9.0")
    first, second, third = [0], {}, np.zeros(2)
    student.call("f", first, second, c=third)
    assert (first, second, third.tolist()) == ([0, 1], {"x": 2}, [9.0, 0.0])


def test_other_arguments_that_can_be_changed_are_changed_here(student):
    student.run("def f(a, b, c, d, e):\n    a.popleft()\n    b[0] = 65\n    c['x'] += 1\n    d.add(3)\n    e[0] = [1]")
    given = collections.deque([1, 2]), bytearray(b"ab"), collections.Counter("x"), {1}, np.array([None, "b"])
    student.call("f", *given)
    assert given[:4] == (collections.deque([2]), bytearray(b"Ab"), collections.Counter("xx"), {1, 3})
    assert given[4].tolist() == [[1], "b"]
