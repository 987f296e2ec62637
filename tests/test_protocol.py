"""protocol.py: what crosses the pipe comes through unchanged, and what should not is refused in bounded time and memory."""

import collections
import datetime
import json
import time
import tracemalloc
import types
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grading.protocol import (
    BUILT_IN,
    DIGITS,
    ELEMENTS,
    KINDS,
    NODES,
    Decoder,
    Encoder,
    Malformed,
    Stranger,
    frame,
)

# ----------------------------------------------------------------- values, both ways

Point = collections.namedtuple("Point", "x y")
Nothing = collections.namedtuple("Nothing", "")
ZONES = st.none() | st.integers(-1000, 1000).map(lambda n: datetime.timezone(datetime.timedelta(minutes=n)))
SMALL = st.integers(-50, 50)
HASHABLE = st.deferred(
    lambda: (
        st.none()
        | st.booleans()
        | st.integers(-(2**80), 2**80)
        | st.floats(allow_nan=False)
        | st.text(max_size=8)
        | st.complex_numbers(allow_nan=False)
        | st.binary(max_size=8)
        | st.fractions()
        | st.decimals(-(10**30), 10**30, allow_nan=False)
        | st.sampled_from([Decimal("inf"), Decimal("-0.0"), Decimal("1e9000"), Decimal("-1e-9000")])
        | st.dates()
        | st.times(timezones=ZONES)
        | st.datetimes(timezones=ZONES)
        | st.timedeltas()
        | st.builds(range, SMALL, SMALL, SMALL.filter(bool))
        | st.sampled_from([*BUILT_IN.values()])
        | st.sampled_from([np.dtype(one) for one in ("<f8", ">i2", "?", "<U3", "S4", "<M8[D]", "<m8[ns]", "<c16")])
        | arrays.datetime64_dtypes().map(lambda dtype: dtype.type(7, np.datetime_data(dtype)[0]))
        | st.sampled_from(
            [np.float64(0.5), np.int8(-3), np.bool_(True), np.complex64(2j), np.bytes_(b"x"), np.float16(2)]
        )
    )
)
NUMERIC = st.deferred(  # its text is short
    lambda: (
        arrays.integer_dtypes()
        | arrays.floating_dtypes()
        | arrays.complex_number_dtypes()
        | arrays.boolean_dtypes()
        | arrays.unicode_string_dtypes()
        | arrays.byte_string_dtypes()
        | arrays.datetime64_dtypes()
        | arrays.timedelta64_dtypes()
    )
)


@st.composite
def structured(draw, depth=1):
    """A dtype with fields, some of them packed and some with gaps, with shapes and with fields of their own."""
    names = draw(st.lists(st.text("abcä 1", min_size=1, max_size=4), min_size=1, max_size=4, unique=True))
    kinds = NUMERIC.filter(lambda dtype: dtype.itemsize)
    kinds = kinds | structured(depth - 1) if depth else kinds
    shapes = st.sampled_from([(), (), (2,), (1, 3)])
    return np.dtype([(name, draw(kinds), draw(shapes)) for name in names], align=draw(st.booleans()))


def filled(items):
    """Return an object array that holds some items, whatever they are."""
    array = np.empty(len(items), object)
    for at, item in enumerate(items):
        array[at] = item
    return array


SHAPES = arrays.array_shapes(min_dims=0, min_side=0, max_side=3)
RECORDS = st.deferred(lambda: st.builds(lambda dtype, shape: np.ones(shape, dtype), structured(), SHAPES))
LEAVES = st.deferred(
    lambda: (
        HASHABLE
        | arrays.arrays(NUMERIC, SHAPES)
        | RECORDS
        | RECORDS.filter(np.size).map(lambda made: made.flat[0])
        | st.binary(max_size=8).map(bytearray)
    )
)
PLAIN = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3).map(deque)
        | st.lists(inner, max_size=3).map(filled)
        | st.lists(inner, max_size=3).map(lambda items: dict(enumerate(items)).values())
        | st.builds(Point, inner, inner)
        | st.just(Nothing())
        | st.dictionaries(HASHABLE, inner, max_size=3)
        | st.dictionaries(HASHABLE, inner, max_size=3).map(OrderedDict)
        | st.dictionaries(HASHABLE, inner, max_size=3).map(lambda items: defaultdict(None, items))
        | st.dictionaries(HASHABLE, inner, max_size=3).map(dict.items)
        | st.dictionaries(HASHABLE, inner, max_size=3).map(dict.keys)
        | st.lists(HASHABLE, max_size=5).map(Counter)
        | st.sets(HASHABLE, max_size=3)
        | st.frozensets(HASHABLE, max_size=3)
        | st.frozensets(st.frozensets(HASHABLE, max_size=2), max_size=2)
    ),
    max_leaves=8,
)


def assert_same(first, second):
    if hasattr(first, "_fields"):
        assert (type(first).__name__, first._fields) == (type(second).__name__, second._fields)
        assert_same(tuple(first), tuple(second))
        return
    assert type(first) is type(second)
    if isinstance(first, (np.ndarray, np.generic)):
        assert first.dtype == second.dtype and first.shape == second.shape
        if first.dtype.kind == "O":
            assert_same(first.ravel().tolist(), second.ravel().tolist())
        elif first.dtype.names:  # between the fields may be anything
            for name in first.dtype.names:
                assert_same(first[name], second[name])
        else:
            assert first.tobytes() == second.tobytes()
    elif isinstance(first, (list, tuple, deque)) or type(first).__name__ in ("dict_values", "dict_items"):
        assert len(first) == len(second)
        for one, other in zip(first, second):
            assert_same(one, other)
    elif isinstance(first, dict):
        assert_same(list(first.items()), list(second.items()))
    else:
        assert (
            first == second and hash_of(first) == hash_of(second) and str(first) == str(second) or sets(first, second)
        )


def hash_of(value):
    try:
        return hash(value)
    except TypeError:
        return None


def sets(first, second):
    return not isinstance(first, str) and hasattr(first, "isdisjoint") and first == second


def sent(value, **options):
    """Return what arrives of a value, by way of the text and the bytes that are sent."""
    encoder = Encoder()
    tree = json.loads(json.dumps(encoder.encode(value)))
    return Decoder(1 << 26, **options).decode(tree, b"".join(encoder.body))


@settings(max_examples=200)
@given(PLAIN)
def test_plain_values_come_through_unchanged(value):
    assert_same(value, sent(value))


def test_a_dict_whose_keys_are_numpys_keeps_each_value_at_its_key():
    counts = dict(zip(*np.unique([3, 3, 5], return_counts=True)))
    assert_same(counts, sent(counts))
    assert_same({np.int8(1): np.float64(0.5), np.int8(2): 1}, sent({np.int8(1): np.float64(0.5), np.int8(2): 1}))


def test_what_has_no_equal_comes_through_as_well():
    assert sent(Decimal("NaN")).is_nan() and sent(Decimal("-sNaN")).is_snan()
    assert np.isnan(sent(float("nan"))) and np.isnan(sent(complex("nan")))
    assert np.isnat(sent(np.array(["NaT"], "M8[s]"))).all()
    fresh = sent([Point(1, 2), Point(3, 4)])
    assert type(fresh[0]) is type(fresh[1]) and fresh[1].y == 4 and repr(fresh[0]) == "Point(x=1, y=2)"


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.ma.masked_all(2),
        slice(1),
        ...,
        memoryview(b"x"),
        np.float64,
        Point,
        2**DIGITS,
        np.dtype("O"),
        Stranger(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_data_arrives_as_its_kind(value):
    arrived = sent(value)
    if isinstance(value, np.ndarray) and type(value) is np.ndarray:
        assert arrived.dtype == object and arrived.shape == value.shape
        value, arrived = value[0], arrived[0]
    assert type(arrived).__name__ == type(value).__name__ and isinstance(arrived, Stranger)
    assert arrived == arrived and arrived != 3 and not vars(arrived)


def test_text_of_numpys_own_kind_is_text():
    if hasattr(np.dtypes, "StringDType"):
        arrived = sent(np.array(["a", "bc"], np.dtypes.StringDType()))
        assert arrived.dtype == object and arrived.tolist() == ["a", "bc"]


def test_a_value_that_holds_itself_is_sent_as_deep_as_values_go():
    mine, other, array = [], {}, np.empty(1, object)
    mine.append(mine)
    other["me"] = other
    array[0] = array
    for value in (mine, other, array):
        assert sent(value) is not None


def numbered(tree):
    """Stand for the other process's functions and iterators: tell of the number that was asked for."""
    return ("remote", tree["as"], tree["number"]) if type(tree.get("number")) is int else None


def test_functions_and_iterators_are_told_of_by_number_where_they_are_kept_and_else_by_their_kind():
    async def later():
        pass

    waiting = later()
    function, numbers = (lambda: 1), iter([1, 2])
    values = [function, (n for n in ()), numbers, function, numbers, print, waiting, json, open(__file__)]
    encoder = Encoder(kept=[])
    tree = encoder.encode(values)
    here = Decoder(1 << 20, numbered).decode(tree, b"")
    assert here[:5] == [("remote", kind, n) for kind, n in (("function", 0), ("iterator", 1), ("iterator", 2)) * 2][
        :3
    ] + [
        ("remote", "function", 0),
        ("remote", "iterator", 2),
    ]
    assert len(encoder.kept) == 3 and encoder.kept[0] is function
    for arrived in (here, sent(values)):
        assert [type(one).__name__ for one in arrived[5:]] == [type(one).__name__ for one in values[5:]]
        assert arrived[7].__name__ == "json" and not hasattr(arrived[7], "loads")
    assert [type(one) for one in sent(values)[:2]] == [types.FunctionType, types.GeneratorType]
    assert sent(function)(1, 2) is None and list(sent(numbers)) == [] and next(numbers) == 1
    waiting.close()
    values[-1].close()


# ------------------------------------------------------------------------ what is refused

NUMBERS = st.integers(-(2**65), 2**65) | st.integers(-3, 40) | st.none() | st.text(max_size=2) | st.floats()
FIELDS = st.recursive(
    st.sampled_from(["<f8", "|b1", "|O", "<U3", "V8", "x", "(9,9)f8", "<f8,<f8"]) | NUMBERS,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "size": NUMBERS,
            "fields": st.lists(
                st.tuples(st.text(max_size=2), NUMBERS, inner, st.lists(NUMBERS, max_size=2)).map(list) | inner,
                max_size=3,
            ),
        },
    ),
    max_leaves=6,
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(
            ["<f8", "<i4", "|b1", "|O", "<U3", "V8", "<M8[ns]", "<f8,<f8", "x", "(1000000,1000000)f8"]
        )
        | st.text(max_size=4)
        | FIELDS,
        "shape": st.lists(NUMBERS, max_size=4),
        "strides": st.lists(NUMBERS, max_size=4),
        "items": st.lists(NUMBERS, max_size=4) | NUMBERS,
        "writeable": st.booleans(),
        "root": NUMBERS,
        "memory": NUMBERS,
        "offset": NUMBERS,
        "bytes": NUMBERS,
    },
)
HELD = "list tuple set frozenset deque dict_values dict_keys namedtuple pandas".split()
HELD += "dict Counter OrderedDict defaultdict dict_items other as number name ndarray matrix".split()
TEXTS = "Fraction Decimal date time datetime timedelta range bytearray bytes complex type dtype".split()
TREES = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS
    | st.builds(lambda spec: {"ndarray": spec}, SPECS)
    | st.builds(lambda spec: {"matrix": spec}, SPECS)
    | st.builds(lambda spec: {"scalar": spec}, SPECS)
    | st.dictionaries(
        st.sampled_from(TEXTS), st.text("0123456789+-/.eE:TZ nainfy\u0663", max_size=12) | NUMBERS, max_size=1
    )
    | st.fixed_dictionaries(
        {"other": st.text(max_size=3) | NUMBERS},
        optional={
            "as": st.sampled_from(["function", "iterator", "builtin", "coroutine", "module", "object"])
            | NUMBERS
            | st.lists(NUMBERS, max_size=1),
            "number": NUMBERS,
            "name": NUMBERS,
        },
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(HELD) | st.text(max_size=3),
            inner
            | st.lists(inner, max_size=3)
            | st.lists(st.lists(inner, min_size=2, max_size=2), max_size=3)
            | st.tuples(
                st.text(max_size=3), st.lists(st.text(max_size=3), max_size=3), st.lists(inner, max_size=3)
            ).map(list),
            max_size=2,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=800)
@given(TREES, st.binary(max_size=64), st.booleans())
def test_any_tree_is_a_value_or_malformed(tree, body, remote):
    try:
        Decoder(1 << 20, numbered if remote else None).decode(tree, body)
    except Malformed as malformed:
        assert str(malformed)


def array_of(dtype, shape=(), size=0, **others):
    return {"ndarray": {"dtype": dtype, "shape": [*shape], "bytes": size, **others}}


def deep(kind, levels=NODES):
    tree = 0
    for _ in range(levels):
        tree = {kind: [[0, tree]] if kind == "dict" else ["a", ["x"], [tree]] if kind == "namedtuple" else [tree]}
    return tree


def deep_array(levels=1000):
    tree = 0
    for _ in range(levels):
        tree = array_of("|O", [1], items=[tree])
    return tree


def deep_dtype(levels=500):
    tree = "<f8"
    for _ in range(levels):
        tree = {"size": 8, "fields": [["a", 0, tree, []]]}
    return tree


FLAT = {"size": 1, "fields": [["a", 0, "|i1", []]]}
HOSTILE = {
    "a range without an end": {"range": f"0 {10**18} 1"},
    "a range longer than a length can be": {"range": f"0 {10**4000} 1"},
    "a range in steps of nothing": {"range": "0 9 0"},
    "a range of too few numbers": {"range": ""},
    "a range of too many numbers": {"range": "1 2 3 4"},
    "a range of fractions": {"range": "0 1.5 1"},
    "ranges of one hash": {"set": [{"range": f"0 {ELEMENTS} 1"}] * 10_000},
    "a decimal number that no integer can be": {"Decimal": "1e999999999"},
    "a decimal number next to nothing": {"Decimal": "1e-999999999"},
    "a zero of many digits": {"Decimal": "0e999999999"},
    "a decimal number too long to read": {"Decimal": "9" * DIGITS},
    "a decimal number in words": {"Decimal": "one"},
    "a fraction with an exponent": {"Fraction": "1e999999999"},
    "a fraction with an exponent below": {"Fraction": "1/1e9"},
    "a fraction of nothing": {"Fraction": "1/0"},
    "a fraction of three": {"Fraction": "1/2/3"},
    "a fraction too long to read": {"Fraction": "9" * 9000 + "/7"},
    "a day that never was": {"date": "2023-02-30"},
    "a time that never is": {"time": "25:00"},
    "a moment in words": {"datetime": "today"},
    "a time that takes too long": {"timedelta": "999999999999 0 0"},
    "a complex number of three": {"complex": "1 2 3"},
    "bytes that are none": {"bytes": "\u20ac"},
    "a type that is not built in": {"type": "Popen"},
    "a type that is a function": {"type": "eval"},
    "a type that loads modules": {"type": "__loader__"},
    "a dtype with fields": {"dtype": "f8,f8"},
    "a dtype too large": {"dtype": "(1000000,1000000)f8"},
    "a dtype of many fields": array_of({"size": 300_000, "fields": [[f"f{n}", n, "|i1", []] for n in range(300_000)]}),
    "a dtype of many fields each with many": array_of(
        {
            "size": 10_000,
            "fields": [[f"f{n}", 0, {"size": 1, "fields": [["a", 0, FLAT, []]] * KINDS}, []] for n in range(KINDS)],
        }
    ),
    "a dtype in a dtype without an end": array_of(deep_dtype()),
    "a dtype without fields": array_of({"size": 8, "fields": []}),
    "a field beyond its dtype": array_of({"size": 8, "fields": [["a", 7, "<f8", []]]}),
    "a field before its dtype": array_of({"size": 8, "fields": [["a", -8, "<f8", []]]}),
    "a field larger than a number says": array_of({"size": 8, "fields": [["a", 0, "<f8", [10**9, 10**9, 10**9]]]}),
    "a field less than empty": array_of({"size": 8, "fields": [["a", 0, "<f8", [-1]]]}),
    "two fields of one name": array_of({"size": 8, "fields": [["a", 0, "|i1", []], ["a", 1, "|i1", []]]}),
    "a field of dictionaries": array_of({"size": 8, "fields": {"a": 1}}),
    "fields as numpy writes them": array_of([["a", "<f8"]]),
    "a structured array of too few bytes": array_of(FLAT, [2], 1),
    "a shape of objects beyond all": array_of("|O", [ELEMENTS + 1]),
    "an empty shape beyond all": array_of("<f8", [0, 10**30]),
    "a shape of too many sides": array_of("<f8", [1] * 40, 8),
    "an array in an array without an end": deep_array(),
    "too many objects": array_of("|O", [NODES], items=[None] * NODES),
    "a named tuple that has no name": {"namedtuple": ["", ["a"], [1]]},
    "a named tuple with a program for a name": {"namedtuple": ["x(), exit()", ["a"], [1]]},
    "a named tuple with a keyword for a name": {"namedtuple": ["class", ["a"], [1]]},
    "a named tuple of too few": {"namedtuple": ["P", ["a", "b"], [1]]},
    "a named tuple of too many": {"namedtuple": ["P", ["a"], [1, 2]]},
    "a named tuple in two parts": {"namedtuple": ["P", ["a"]]},
    "a named tuple whose fields are a number": {"namedtuple": ["P", 7, [1]]},
    "a named tuple of more than can be": {"namedtuple": ["P", [f"f{n}" for n in range(10**5)], [*range(10**5)]]},
    "many kinds of named tuples": {"list": [{"namedtuple": [f"P{n}", [], []]} for n in range(NODES - 1)]},
    "a counter of lists": {"Counter": [[{"list": []}, 1]]},
    "a set of lists": {"frozenset": [{"list": []}]},
    "keys of nothing that can be one": {"dict_keys": [{"dict": []}]},
    "pairs of three": {"OrderedDict": [[1, 2, 3]]},
    "items that are no pairs": {"dict_items": [1]},
    "a queue of nothing": {"deque": 3},
    "a table without pandas' parts": {"pandas": ["DataFrame"]},
    "too many values": {"list": [0] * NODES},
    **{
        f"{kind} without an end": deep(kind, 500)
        for kind in ("list", "deque", "frozenset", "dict", "namedtuple", "dict_values")
    },
}


@pytest.mark.parametrize("tree", HOSTILE.values(), ids=HOSTILE)
def test_what_would_take_long_or_make_no_sense_is_refused_at_once(tree):
    tracemalloc.start()
    try:
        started = time.process_time()
        with pytest.raises(Malformed):
            Decoder(1 << 20).decode(tree, b"\0")
        assert time.process_time() - started < 3  # ten times what the longest takes, while memory is counted
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("items", [[], [1], [1, 2, 3], {}, "ab", None, 7])
def test_an_array_of_objects_with_other_items_than_its_shape_is_an_array_of_nothing(items):
    array = Decoder(1 << 20).decode(array_of("|O", [2], items=items), b"")
    assert array.dtype == object and array.tolist() == [None, None]


@pytest.mark.parametrize(
    "value", [np.float64(1e-300 / 3), np.zeros((2, 3, 1))[:1], -1e-300 / 3, 10**300, "some text, and more", None]
)
def test_as_many_values_as_can_be_read_fit_into_a_header(value):
    frame({"value": {"list": [Encoder().encode(value)] * (NODES - 1)}})


def test_fields_with_bad_names_get_others():
    made = Decoder(1 << 20).decode({"namedtuple": ["P", ["_x", "class", "a", "a", "1"], [1, 2, 3, 4, 5]]}, b"")
    assert made == (1, 2, 3, 4, 5) and made._fields == ("_0", "_1", "a", "_3", "_4")


@pytest.mark.parametrize("number", [True, 1.0, "0", None, [], {}])
@pytest.mark.parametrize("kind", ["function", "iterator"])
def test_what_is_no_number_gives_no_handle(kind, number):
    tree = {"other": kind, "as": kind, "number": number}
    made = Decoder(1 << 20, numbered).decode(tree, b"")
    assert made() is None if kind == "function" else list(made) == []


@pytest.mark.parametrize("kind", ["set", "dict", "frozenset", "dict_keys", "Counter", "OrderedDict", "dict_items"])
def test_keys_that_python_compares_each_with_all_are_limited(kind):
    keys = [number * (2**61 - 1) for number in range(1, 102)]  # all of them have the hash 0
    pairs = kind in ("dict", "Counter", "OrderedDict", "dict_items")
    with pytest.raises(Malformed, match="too many keys have one hash"):
        Decoder(1 << 20).decode({kind: [[key, None] for key in keys] if pairs else keys}, b"")


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
