"""decoder.py: whatever a hostile worker sends is a value or refused, at once and in little memory."""

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import TREES, numbered

from grading.decoder import Decoder
from grading.encoder import Encoder
from grading.kinds import MAX_DIGITS, MAX_KINDS
from grading.protocol import MAX_ELEMENTS, MAX_NODES, Malformed, frame


@settings(max_examples=800)
@given(TREES, st.binary(max_size=64), st.booleans())
def test_any_tree_is_a_value_or_malformed(tree, body, remote):
    try:
        Decoder(1 << 20, numbered if remote else None).decode(tree, body)
    except Malformed as malformed:
        assert str(malformed)


def array_of(dtype, shape=(), size=0, **others):
    return {"ndarray": {"dtype": dtype, "shape": [*shape], "bytes": size, **others}}


def deep(kind, levels=MAX_NODES):
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
    "ranges of one hash": {"set": [{"range": f"0 {MAX_ELEMENTS} 1"}] * 10_000},
    "a decimal number that no integer can be": {"Decimal": "1e999999999"},
    "a decimal number next to nothing": {"Decimal": "1e-999999999"},
    "a zero of many digits": {"Decimal": "0e999999999"},
    "a decimal number too long to read": {"Decimal": "9" * MAX_DIGITS},
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
            "fields": [
                [f"f{n}", 0, {"size": 1, "fields": [["a", 0, FLAT, []]] * MAX_KINDS}, []] for n in range(MAX_KINDS)
            ],
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
    "a shape of objects beyond all": array_of("|O", [MAX_ELEMENTS + 1]),
    "an empty shape beyond all": array_of("<f8", [0, 10**30]),
    "a shape of too many sides": array_of("<f8", [1] * 40, 8),
    "an array in an array without an end": deep_array(),
    "too many objects": array_of("|O", [MAX_NODES], items=[None] * MAX_NODES),
    "a named tuple that has no name": {"namedtuple": ["", ["a"], [1]]},
    "a named tuple with a program for a name": {"namedtuple": ["x(), exit()", ["a"], [1]]},
    "a named tuple with a keyword for a name": {"namedtuple": ["class", ["a"], [1]]},
    "a named tuple of too few": {"namedtuple": ["P", ["a", "b"], [1]]},
    "a named tuple of too many": {"namedtuple": ["P", ["a"], [1, 2]]},
    "a named tuple in two parts": {"namedtuple": ["P", ["a"]]},
    "a named tuple whose fields are a number": {"namedtuple": ["P", 7, [1]]},
    "a named tuple of more than can be": {"namedtuple": ["P", [f"f{n}" for n in range(10**5)], [*range(10**5)]]},
    "many kinds of named tuples": {"list": [{"namedtuple": [f"P{n}", [], []]} for n in range(MAX_NODES - 1)]},
    "a counter of lists": {"Counter": [[{"list": []}, 1]]},
    "a set of lists": {"frozenset": [{"list": []}]},
    "keys of nothing that can be one": {"dict_keys": [{"dict": []}]},
    "pairs of three": {"OrderedDict": [[1, 2, 3]]},
    "items that are no pairs": {"dict_items": [1]},
    "a queue of nothing": {"deque": 3},
    "a table without pandas' parts": {"pandas": ["DataFrame"]},
    "too many values": {"list": [0] * MAX_NODES},
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
    frame({"value": {"list": [Encoder().encode(value)] * (MAX_NODES - 1)}})


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
