"""student.py and worker.py: the two ends of the pipe. What comes back is plain data, or nothing."""

import io
import itertools
import json
import os
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grading import student as trusted
from grading.sandbox import Limits, Unconfined
from grading.student import Decoder, Malformed, Pipe, StandIn, StudentDied, StudentProcess
from grading.worker import LENGTHS, Encoder, decode

GIVEN = [{"names": ["np"], "source": "import numpy as np"}, {"names": ["slow"], "source": "slow = [0]\nnp.zeros(3)"}]
NAMES = ["f", "g"]


@pytest.fixture
def student():
    with StudentProcess(lambda: Unconfined().start({}, Limits()), GIVEN, NAMES, Limits(cell=5, call=2)) as process:
        yield process


# ----------------------------------------------------------------- values, both ways

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.complex_numbers(allow_nan=False)
    | st.binary(max_size=8)
    | arrays.arrays(
        arrays.integer_dtypes()
        | arrays.floating_dtypes()
        | arrays.complex_number_dtypes()
        | arrays.boolean_dtypes()
        | arrays.unicode_string_dtypes(),
        arrays.array_shapes(min_dims=0, min_side=0),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.none(), inner, max_size=3)
    ),
)


def assert_same(first, second):
    assert type(first) is type(second)
    if isinstance(first, np.ndarray):
        assert first.dtype == second.dtype and first.shape == second.shape
        np.testing.assert_array_equal(first, second)
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for one, other in zip(first, second):
            assert_same(one, other)
    elif isinstance(first, dict):
        assert list(first) == list(second)
        for key in first:
            assert_same(first[key], second[key])
    else:
        assert first == second


@settings(max_examples=300)
@given(PLAIN)
def test_plain_values_come_through_unchanged_in_both_directions(value):
    encoder = Encoder()
    tree = json.loads(json.dumps(encoder.encode(value)))
    body = b"".join(encoder.body)
    assert_same(value, Decoder(1 << 26).decode(tree, body))
    assert_same(value, decode(tree, io.BytesIO(body)))


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
    ],
)
def test_other_values_keep_the_name_of_their_type_and_nothing_else(student, code, kind):
    student.run(f"def f():\n    return {code}")
    value = student.call("f")
    assert type(value).__name__ == kind
    if kind in ("Odd", "object", "range", "MaskedArray"):
        assert value != 3 and value == value and not hasattr(value, "anything")


def test_arguments_that_the_call_changed_are_changed_here(student):
    student.run("def f(a, b, c=None):\n    a.append(1)\n    b['x'] = 2\n    c[0] = 9.0")
    first, second, third = [0], {}, np.zeros(2)
    student.call("f", first, second, c=third)
    assert (first, second, third.tolist()) == ([0, 1], {"x": 2}, [9.0, 0.0])


# ------------------------------------------------------------------------- the cells


def test_given_names_are_there_when_they_are_asked_for_and_not_before(student):
    student.run("g = slow is slow\ndef f():\n    return g, np.__name__")
    assert student.call("f") == (True, "numpy")


def test_a_name_of_the_student_goes_before_a_given_one(student):
    student.run("slow = 'mine'\ndef f():\n    return slow")
    assert student.call("f") == "mine"


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
def test_a_cell_that_ends_the_process_costs_nothing_else(student, cell):
    student.limits = Limits(cell=1, call=1)
    student.run("def f(): return 1")
    with pytest.raises(StudentDied):
        student.run(cell)
    assert student.call("f") == 1
    assert len(student.died) == 1


def test_no_cell_has_more_time_than_is_left_for_all(student, monkeypatch):
    student.run("x = 1")
    asked = []
    monkeypatch.setattr(Pipe, "ask", lambda pipe, header, body, deadline: asked.append(deadline) or ({}, b""))
    student.deadline = 7.0
    student.run("x = 2")
    assert asked == [7.0]
    student.end()
    with pytest.raises(StudentDied, match="the time for the whole submission is over") as death:
        student.run("x = 3")
    assert death.value.timed_out


def test_the_start_of_a_process_takes_nothing_of_the_students_time(student):
    before = student.deadline
    student.run("x = 1")
    assert student.deadline > before


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


NUMBERS = st.integers(-(2**65), 2**65) | st.integers(-3, 40) | st.none() | st.text(max_size=2) | st.floats()
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(
            ["<f8", "<i4", "|b1", "|O", "<U3", "V8", "<M8[ns]", "<f8,<f8", "x", "(1000000,1000000)f8"]
        )
        | st.text(max_size=4),
        "shape": st.lists(NUMBERS, max_size=4),
        "strides": st.lists(NUMBERS, max_size=4),
        "writeable": st.booleans(),
        "root": NUMBERS,
        "memory": NUMBERS,
        "offset": NUMBERS,
        "bytes": NUMBERS,
    },
)
TREES = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS
    | st.builds(lambda spec: {"ndarray": spec}, SPECS)
    | st.builds(lambda spec: {"scalar": spec}, SPECS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["list", "tuple", "set", "dict", "complex", "bytes", "other", "as", "ndarray", "matrix"])
            | st.text(max_size=3),
            inner | st.lists(st.lists(inner, max_size=2), max_size=3),
            max_size=2,
        )
    ),
)


@settings(max_examples=1000)
@given(TREES, st.binary(max_size=64))
def test_any_tree_is_a_value_or_malformed(tree, body):
    try:
        Decoder(1 << 20).decode(tree, body)
    except Malformed as malformed:
        assert str(malformed)


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
    with pytest.raises(StudentDied, match="an answer has 1048577 bytes, and 1048576 are allowed"):
        ask(LENGTHS.pack(2, (1 << 20) - 1) + b"{}")


@pytest.mark.parametrize("kind", ["set", "dict"])
def test_keys_that_python_compares_each_with_all_are_limited(kind):
    keys = [number * (2**61 - 1) for number in range(1, 102)]  # all of them have the hash 0
    with pytest.raises(Malformed, match="too many keys have one hash"):
        Decoder(1 << 20).decode({kind: keys if kind == "set" else [[key, None] for key in keys]}, b"")


@pytest.mark.parametrize("data", [b"", b"\0" * 5, LENGTHS.pack(100, 0), framed(b"{}")[:-1]])
def test_silence_ends_at_the_deadline(data):
    started = time.monotonic()
    with pytest.raises(StudentDied) as death:
        ask(data, seconds=0.3, close=False)
    assert (
        death.value.timed_out and time.monotonic() - started < 3
    )  # ten times the deadline, for a machine that is busy


def test_one_number_that_looks_like_many_is_refused():
    spec = {
        "dtype": "<f8",
        "shape": [10**6, 10**6],
        "strides": [0, 0],
        "root": 0,
        "memory": 8,
        "offset": 0,
        "bytes": 8,
        "writeable": False,
    }
    with pytest.raises(Malformed, match="elements"):
        Decoder(1 << 20).decode({"ndarray": spec}, bytes(8))


def test_claims_of_memory_are_limited_in_all():
    decoder = Decoder(1 << 20)
    for root in range(100):
        spec = {
            "dtype": "<f8",
            "shape": [1],
            "strides": [8],
            "root": root,
            "memory": 1 << 19,
            "offset": 0,
            "bytes": 8,
            "writeable": True,
        }
        decoder.decode({"ndarray": spec}, bytes(8))
    assert sum(map(len, decoder.memories.values())) <= 1 << 20


@pytest.mark.parametrize(
    "forgery",
    [
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\0' * 100)\n    except OSError: pass",
        "import os\nfor fd in range(0, 64):\n    try: os.close(fd)\n    except OSError: pass",
        "import os, struct\nfor fd in range(3, 64):\n    try: os.write(fd, struct.pack('<QQ', 20, 0) + b'{\"value\": true}     ' * 1)\n    except OSError: pass",
        "import sys\nsys.modules['json'].dumps = lambda *a, **k: 'x' * 10**7",
        "import sys\nsys.modules['__main__'].LENGTHS = None",
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
        with StudentProcess(lambda: Unconfined().start({}, Limits()), GIVEN, NAMES, Limits()) as process:
            process.run("x = 1")
    assert len(os.listdir("/proc/self/fd")) <= before + 1
