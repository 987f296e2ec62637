"""The kinds of values that cross the pipe: how each is told as text or taken apart, and how it is made again.

What makes a value checks what it is given: it may be a student's. Of what is refused a ValueError tells, or whatever
else a library raises.
"""

import builtins
import collections
import datetime
import functools
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

import numpy as np

from grading.protocol import MAX_ELEMENTS, Malformed

Tree: TypeAlias = Any  # what JSON can hold; from the other end it may be anything of that
Keys = TypeVar("Keys", bound=Iterable[Any])

MAX_KINDS = 100  # of named tuples, fields of one dtype
MAX_COLLISIONS = 100  # keys of one dict or set with one hash: Python compares each with all of them
MAX_DIGITS = 10_000  # of a number: bits of an integer, signs of a text, digits before or after the point
RAW_DTYPES = "biufcSUMm"  # kinds of dtype whose arrays travel as they lie in memory


# ------------------------------------------------------------------ what makes values


@functools.lru_cache(100)
def dtype_of(text: str) -> np.dtype[Any]:
    """Return the dtype that has no fields and that a text spells."""
    dtype = np.dtype(text)
    if dtype.names:
        raise ValueError("the text of a dtype names fields")
    return dtype


def spelled_dtype(dtype: np.dtype[Any]) -> tuple[Tree, tuple[int, ...]]:
    """Return a dtype as plain data, with the places of its fields, and the shape that it has as a field itself."""
    dtype, shape = dtype.subdtype or (dtype, ())
    if not dtype.names or dtype.fields is None:
        return dtype.str, shape
    fields = [[name, dtype.fields[name][1], *spelled_dtype(dtype.fields[name][0])] for name in dtype.names]
    return {"size": dtype.itemsize, "fields": fields}, shape


def checked_decimal(number: Decimal) -> Decimal:
    """Return a decimal number that an integer can be made of in no time."""
    if number.is_finite() and abs(number.adjusted()) > MAX_DIGITS:
        raise ValueError("a number is too large")
    return number


def checked_range(numbers: range) -> range:
    """Return a range that fits into memory as a list."""
    if len(numbers) > MAX_ELEMENTS:
        raise ValueError("a range is too long")
    return numbers


def checked_keys(keys: Keys) -> Keys:
    """Return keys that make a dict or a set in no time; raise Malformed where they don't."""
    try:
        hashes = [*map(hash, keys)]
    except TypeError as error:
        raise Malformed("a key can't be hashed") from error
    if len(hashes) > MAX_COLLISIONS and Counter(hashes).most_common(1)[0][1] > MAX_COLLISIONS:
        raise Malformed("too many keys have one hash")
    return keys


# ------------------------------------------------------------------ the recipes

BUILT_IN = {name: kind for name, kind in vars(builtins).items() if isinstance(kind, type) and kind.__name__ == name}

# What can be told as one text or as a few numbers: how it is written, and how it is read.
TEXTUAL: dict[type, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    Fraction: (str, lambda text: Fraction(*map(int, text.split("/")))),
    Decimal: (str, lambda text: checked_decimal(Decimal(text))),
    datetime.date: (datetime.date.isoformat, datetime.date.fromisoformat),
    datetime.time: (datetime.time.isoformat, datetime.time.fromisoformat),
    datetime.datetime: (datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    datetime.timedelta: (
        lambda value: f"{value.days} {value.seconds} {value.microseconds}",
        lambda text: datetime.timedelta(*map(int, text.split())),
    ),
    range: (
        lambda value: f"{value.start} {value.stop} {value.step}",
        lambda text: checked_range(range(*map(int, text.split()))),
    ),
    bytearray: (lambda value: value.decode("latin-1"), lambda text: bytearray(text, "latin-1")),
    bytes: (lambda value: value.decode("latin-1"), lambda text: bytes(text, "latin-1")),
    complex: (lambda value: f"{value.real!r} {value.imag!r}", lambda text: complex(*map(float, text.split()))),
    type: (lambda value: value.__name__, lambda text: BUILT_IN[text]),
    np.dtype: (lambda value: value.str, lambda text: dtype_of(text[:100])),
}
TEXT_READERS = {kind.__name__: reader for kind, (_, reader) in TEXTUAL.items()}

# What holds other values: how it is taken apart into a list, and put together.
CONTAINERS: dict[type, tuple[Callable[[Any], list[Any]], Callable[[list[Any]], Any]]] = {
    list: (list, list),
    tuple: (list, tuple),
    set: (list, lambda items: set(checked_keys(items))),
    frozenset: (list, lambda items: frozenset(checked_keys(items))),
    collections.deque: (list, collections.deque),
    type({}.values()): (list, lambda items: dict(enumerate(items)).values()),
    type({}.keys()): (list, lambda items: dict.fromkeys(checked_keys(items)).keys()),
}
CONTAINER_MAKERS = {kind.__name__: make for kind, (_, make) in CONTAINERS.items()}

# What holds pairs: how it is made of a dict.
MAPPINGS: dict[type, Callable[[dict[Any, Any]], Any]] = {
    Counter: Counter,
    collections.OrderedDict: collections.OrderedDict,
    collections.defaultdict: lambda pairs: collections.defaultdict(None, pairs),
    type({}.items()): dict.items,
    dict: dict,
}
MAPPING_MAKERS = {kind.__name__: make for kind, make in MAPPINGS.items()}
