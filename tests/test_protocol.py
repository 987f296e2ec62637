"""encoder.py and protocol.py: what crosses the pipe comes through unchanged, and what is no plain data arrives as its kind."""

import json
import types
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from plain import PLAIN, Point, assert_same, numbered

from grading.decoder import Decoder, Opaque
from grading.encoder import Encoder
from grading.kinds import MAX_DIGITS


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
        2**MAX_DIGITS,
        np.dtype("O"),
        Opaque(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_data_arrives_as_its_kind(value):
    arrived = sent(value)
    if isinstance(value, np.ndarray) and type(value) is np.ndarray:
        assert arrived.dtype == object and arrived.shape == value.shape
        value, arrived = value[0], arrived[0]
    assert type(arrived).__name__ == type(value).__name__ and isinstance(arrived, Opaque)
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
