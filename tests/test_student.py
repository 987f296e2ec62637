"""student.py and worker.py: the two ends of the pipe. What comes back is plain data, or nothing."""

import collections
import datetime
import itertools
import json
import os
import shutil
import threading
import time
import types
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_protocol import PLAIN, TREES, Point, assert_same

from grading import student as trusted
from grading.protocol import HEADER, LENGTHS, PARTS, Decoder, Malformed
from grading.sandbox import Limits, Unconfined, WarmBubblewrap
from grading.student import Pipe, StandIn, StudentDied, StudentProcess

NAMES = ["f", "g"]


@pytest.fixture(scope="module")
def box():
    """What forks a worker in no time, where that is there."""
    return WarmBubblewrap() if shutil.which("bwrap") else Unconfined()


def process_in(box, files={}, **limits):
    limits = Limits(**{"cell": 5, "call": 2} | limits)
    return StudentProcess(lambda: box.start(limits), files, NAMES, limits)


@pytest.fixture
def student(box):
    with process_in(box) as process:
        process.run("import numpy as np")
        yield process


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
    assert [at.lineno + 1 for at in caught.traceback if str(at.path) == trusted.FILE] == [3]


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
        with student.time_of_a_test():
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
    student.end()
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


# ------------------------------------------------------------------------- the cells


def test_a_cell_that_was_put_off_runs_when_a_name_of_it_is_asked_for_and_not_before(student):
    student.run("ran = []")
    student.put_off("ran.append('slow')\nslow = [0]\nother = 1", ["slow", "other"])
    student.put_off("ran.append('never')\nnever = 1", ["never"])
    student.run("g = list(ran)")
    assert student.value("g") == []
    student.run("g = slow is slow, other, ran\ndef f():\n    return ran")
    assert student.value("g") == (True, 1, ["slow"])
    assert student.call("f") == ["slow"]


def test_a_function_finds_what_was_put_off(student):
    student.put_off("slow = 7", ["slow"])
    student.run("def f():\n    return slow\ndef g():\n    return missing")
    assert student.call("f") == 7
    with pytest.raises(NameError, match="name 'missing' is not defined"):
        student.call("g")


def test_what_fails_in_a_cell_that_was_put_off_costs_itself(student):
    student.put_off("a = 1\nnothing_like_it()\nb = 2\n1 / 0", ["a", "b", "c"])
    student.run("g = b, a")
    assert student.value("g") == (2, 1)
    assert "'c' is not defined" in str(student.run("g = c"))


def test_a_name_of_the_student_goes_before_one_that_was_put_off(student):
    student.put_off("slow = 'given'", ["slow"])
    student.run("slow = 'mine'\ndef f():\n    return slow")
    assert student.call("f") == "mine"


def test_cells_run_in_order_and_a_later_one_sees_what_an_earlier_one_set(student):
    student.run("x = 1")
    student.run("x += 1\ny = [x]")
    student.run("y.append(x)\ng = y")
    assert student.value("g") == [2, 2]


def test_an_error_carries_its_type_its_text_and_the_line(student):
    student.run("class Odd(KeyError):\n    pass\n\ndef f(x):\n    raise Odd('no ' + x)")
    with pytest.raises(KeyError) as caught:
        StandIn(student, "f")("way")
    assert type(caught.value).__name__ == "Odd" and str(caught.value) == "'no way'"
    frames = [frame for frame in caught.traceback if str(frame.path) == trusted.FILE]
    assert frames[-1].lineno + 1 == 5


def test_an_untouched_copy_does_not_replace_an_answer(student):
    student.run("def f():\n    return 1")
    student.run("def f():\n    raise NotImplementedError()")
    assert student.call("f") == 1


def test_an_answer_below_an_untouched_copy_gets_its_arguments_whole(student):
    student.run("def f(x):\n    return x.sum()")
    student.run("def f(x):\n    raise NotImplementedError()")
    assert student.call("f", np.ones(3)) == 3


def test_memory_that_nobody_filled_holds_no_zeros_by_chance(student):
    student.run(
        "def f():\n    return [make.ravel().tolist() for make in (np.empty(2), np.empty_like(np.zeros((1, 2))))]"
    )
    assert student.call("f") == [[1e300] * 2] * 2


def test_a_name_that_nobody_set_is_a_name_error(student):
    with pytest.raises(NameError, match="'g' is not defined"):
        student.call("g")


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\ndef f(): return 1",
        "!ls\ndef f(): return 1",
        "%%time\ndef f(): return 1",
        "files = !ls\ndef f(): return 1",
        "f?\ndef f(): return 1",
        "def f():\n    %time pass\n    return 1",
        "print('100%')\ndef f(): return 1",
        "?print\ndef f(): return 1",
    ],
)
def test_magics_and_shell_lines_are_passed_over(student, cell):
    assert student.run(cell) is None
    assert student.call("f") == 1


@pytest.mark.parametrize(
    "cell",
    [
        ">>> def f():\n...     return 1",
        "In [3]: def f():\n   ...:     return 1",
        "    def f():\n        return 1",
        "def f():\n\u00a0\u00a0return\u200b 1",
    ],
)
def test_what_was_copied_along_with_an_answer_is_passed_over(student, cell):
    assert student.run(cell) is None
    assert student.call("f") == 1


def test_a_cell_that_was_cut_in_two_is_put_together(student):
    student.run("def f(x):\n    y = x + 1")
    student.run("    return y")
    assert student.call("f", 1) == 2


@pytest.mark.parametrize(
    "cell", ["input()", "raise SystemExit", "1/0", "(" * 50_000, "exit()", "import sys; sys.stdin.read()"]
)
def test_a_cell_that_fails_costs_nothing_else(student, cell):
    student.run("def f(): return 1")
    student.run(cell)
    assert student.call("f") == 1


@pytest.mark.parametrize(
    "cell", ["import os; os._exit(0)", "while True: pass", "import os, signal; os.kill(os.getpid(), 9)"]
)
def test_a_cell_that_ends_the_process_costs_nothing_else(cell):
    with process_in(Unconfined(), cell=1, call=1) as student:  # the first process of a namespace can't kill itself
        student.run("def f(): return 1")
        with pytest.raises(StudentDied):
            student.run(cell)
        assert student.call("f") == 1
        assert len(student.died) == 1


def test_a_process_that_takes_long_to_start_is_started_anew_less_often(monkeypatch):
    """The first start is everybody's, and counts for nothing."""
    box, limits, starts = Unconfined(), Limits(cell=5, total=100), []
    monkeypatch.setattr(trusted, "time", types.SimpleNamespace(monotonic=lambda: 60.0 * len(starts)))

    def start():
        starts.append(None)
        return box.start(limits)

    with StudentProcess(start, {}, NAMES, limits) as student:
        for times in (1, 2, 3):
            with pytest.raises(StudentDied, match="the process ended"):
                student.run("import os; os._exit(0)")
            assert len(starts) == times
        with pytest.raises(StudentDied, match="ended its own process 3 times, and was not started again"):
            student.run("x = 1")


def test_no_cell_has_more_time_than_is_left_for_all_and_then_only_what_it_defines_is_run(student, monkeypatch):
    student.run("x = 1")
    asked, now = [], time.monotonic()
    clock = types.SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(trusted, "time", clock)

    def ask(pipe, header, body, deadline):
        asked.append((header["definitions"], deadline - now))
        return {}, b""

    monkeypatch.setattr(Pipe, "ask", ask)
    student.left = 3.0
    student.run("x = 2")
    student.left = 0.0
    student.run("x = 3")
    student.left = -student.limits.cell - 1
    assert student.run("x = 4") is None
    assert asked == pytest.approx([(False, 3.0), (True, 5.0)])


def test_the_message_says_which_time_is_over(student):
    for limits, left, what in (
        (Limits(cell=0.3), 9, "a cell ran for more than 0.3 s"),
        (Limits(cell=5, total=60), 0.3, "the cells together took more than 60 s"),
    ):
        student.limits, student.left = limits, left
        with pytest.raises(StudentDied, match=what) as death:
            student.run("while True: pass")
        assert death.value.timed_out
    student.limits, student.left = Limits(call=0.3, test=7), 60
    student.run("def f():\n    while True: pass")
    with pytest.raises(TimeoutError, match="still running after 0.3 seconds"):
        StandIn(student, "f")()
    student.limits = Limits(call=5, test=0.3)
    with pytest.raises(TimeoutError, match="the calls of one test took more than 0.3 s"), student.time_of_a_test():
        StandIn(student, "f")()
    with pytest.raises(StudentDied, match="the test ran for more than 0.3 s"):
        student.test("f()")


def test_cells_that_took_all_their_time_leave_a_test_its_own(student):
    student.run("def f():\n    return 1")
    student.left = -1e9
    with student.time_of_a_test():
        assert StandIn(student, "f")() == 1


def test_the_start_of_a_process_takes_nothing_of_the_students_time(box, monkeypatch):
    late = 0.0

    def slow():
        nonlocal late
        late += 1000
        return box.start(Limits())

    monkeypatch.setattr(trusted, "time", types.SimpleNamespace(monotonic=lambda: time.monotonic() + late))
    with StudentProcess(slow, {}, NAMES, Limits()) as student:
        student.run("import os\ndef f():\n    return 1\ndef g():\n    os._exit(1)")
        assert student.left > 0
        with student.time_of_a_test():
            with pytest.raises(RuntimeError):
                StandIn(student, "g")()
            assert StandIn(student, "f")() == 1 and late == 2000
        assert student.left > 0


def test_a_value_is_asked_for_again_after_a_call_may_have_changed_it(student):
    student.run("f = [1]\ndef g():\n    f.append(2)")
    first = student.value("f")
    first.append(3)
    assert student.value("f") is first
    student.call("g")
    assert student.value("f") == [1, 2]


def test_printed_text_reaches_the_caller_and_is_limited(student, capsys):
    student.run("def f():\n    print('x' * 10**6)")
    student.call("f")
    assert capsys.readouterr().out == "x" * 10_000


# --------------------------------------------------------------------- a hostile end


class Liar:
    """A process whose answers are any bytes."""

    def __init__(self, data, close=True):
        self.unread, self.requests = os.pipe()
        self.answers, end = os.pipe()
        self.thread = threading.Thread(target=self.tell, args=(end, data, close), daemon=True)
        self.thread.start()

    @staticmethod
    def tell(end, data, close):
        try:
            while data:
                data = data[os.write(end, data) :]
            if close:
                os.close(end)
        except OSError:
            pass


def ask(data, seconds=0.5, limit=1 << 20, close=True):
    liar = Liar(data, close)
    try:
        header, body = Pipe(liar, limit).ask({"do": "call"}, b"", time.monotonic() + seconds)
        return Decoder(limit).decode(header.get("value"), body)
    finally:
        for descriptor in (liar.answers, liar.requests, liar.unread):
            os.close(descriptor)


def framed(header, body=b""):
    return LENGTHS.pack(len(header), len(body)) + header + body


@settings(max_examples=200)
@given(
    st.binary(max_size=100)
    | st.builds(framed, st.binary(max_size=60), st.binary(max_size=20))
    | st.builds(lambda tree, body: framed(json.dumps(tree).encode(), body), TREES, st.binary(max_size=20))
)
def test_any_bytes_are_an_answer_or_an_end(data):
    try:
        ask(data)
    except (StudentDied, Malformed):
        pass


@pytest.mark.parametrize(
    "data",
    [
        LENGTHS.pack(2**63, 2**63),
        LENGTHS.pack(2**40, 0),
        framed(b"[" * 100_000),
        framed(b"{" * 10),
        framed(b'"x"'),
        framed(b"1e999"),
        framed(b"[]"),
        framed(b'{"value": {"list": ' * 3000),
        b"",
        b"\xff" * 10_000,
    ],
    ids=range(10),
)
def test_a_lie_about_lengths_or_a_torn_header_is_an_end(data):
    with pytest.raises((StudentDied, Malformed)):
        ask(data)


def test_an_answer_that_would_be_too_long_is_not_waited_for():
    with pytest.raises(StudentDied, match="an answer has more than 1048576 bytes"):
        ask(LENGTHS.pack(2, (1 << 20) - 1) + b"{}")


def test_a_header_that_would_be_too_long_is_not_waited_for():
    with pytest.raises(StudentDied, match=f"an answer has more than {HEADER} bytes"):
        ask(LENGTHS.pack(HEADER + 1, 0) + b"{}", limit=2 * HEADER)


@pytest.mark.parametrize("part", [b"{},", b"[],", b"0,", b'{"":0},'])
def test_no_objects_are_made_of_a_header_that_has_too_many(part, monkeypatch):
    monkeypatch.setattr(trusted.json, "loads", lambda text: pytest.fail("they would take sixty times its memory"))
    with pytest.raises(StudentDied, match="an answer is not what the protocol knows"):
        ask(framed(b'{"value": [' + part * PARTS + b"0]}"), seconds=30, limit=HEADER)


def test_an_answer_with_too_many_values_is_an_error_and_no_end(student):
    for code in ("list(range(200_000))", "',' * 3_000_000", "'x' * 40_000_000"):
        student.run(f"def f(): return {code}")
        with pytest.raises(ValueError, match="the answer can't be used: the answer holds too many values"):
            student.call("f")
    assert student.died == []


def test_of_what_a_cell_shows_the_first_is_kept(student):
    student.run(
        "from IPython.display import display, HTML\nfor n in range(9): display(HTML(f'{n}' * 10**6))", show=True
    )
    _, *shown = student.outputs
    assert [output["data"]["text/html"][0] for output in shown] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("data", [b"", b"\0" * 5, LENGTHS.pack(100, 0), framed(b"{}")[:-1]])
def test_silence_ends_at_the_deadline(data):
    started = time.monotonic()
    with pytest.raises(StudentDied) as death:
        ask(data, seconds=0.3, close=False)
    assert (
        death.value.timed_out and time.monotonic() - started < 3
    )  # ten times the deadline, for a machine that is busy


@pytest.mark.parametrize(
    "forgery",
    [
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\0' * 100)\n    except OSError: pass",
        "import os\nfor fd in range(0, 64):\n    try: os.close(fd)\n    except OSError: pass",
        "import os, struct\nfor fd in range(3, 64):\n    try: os.write(fd, struct.pack('<QQ', 20, 0) + b'{\"value\": true}     ' * 1)\n    except OSError: pass",
        "import sys\nsys.modules['json'].dumps = lambda *a, **k: 'x' * 10**7",
        "type(get_ipython()).transform_cell.__globals__['LENGTHS'] = None",
        "import threading, os\nthreading.Thread(target=lambda: [os.write(4, b'x' * 4096) for _ in range(100000)], daemon=True).start()",
        "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'BufferedWriter':\n        try: o.close()\n        except Exception: pass",
    ],
    ids=range(7),
)
def test_a_forged_or_broken_pipe_costs_the_forger_and_is_over_in_time(student, forgery):
    student.limits = Limits(cell=1, call=1, total=10)
    started = time.monotonic()
    for request in (lambda: student.run(forgery), lambda: student.run("def f(): return 1"), lambda: student.call("f")):
        try:
            request()
        except (StudentDied, ValueError, NameError):
            pass
    assert time.monotonic() - started < 10 * 3  # three limits of a second, on a machine that is busy


def test_many_starts_leave_no_descriptor_and_no_folder_behind():
    before = len(os.listdir("/proc/self/fd"))
    for _ in itertools.repeat(None, 5):
        with process_in(Unconfined()) as process:
            process.run("x = 1")
    assert len(os.listdir("/proc/self/fd")) <= before + 1
