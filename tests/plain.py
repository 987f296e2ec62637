"""Plain data as a pipe carries it, any of it, and trees that a hostile worker may send in its place."""

import collections
import datetime
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grading.kinds import BUILT_IN

# --------------------------------------------------------------- plain data

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


def numbered(tree):
    """Stand for the other process's functions and iterators: tell of the number that was asked for."""
    return ("remote", tree["as"], tree["number"]) if type(tree.get("number")) is int else None


# ----------------------------------------------------- what a hostile worker sends

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
