"""What crosses the pipe between the grader and a sandboxed worker: frames, and values as plain data.

Both ends use this file, and it trusts neither. A message is two lengths of
eight bytes, a header in JSON, and the raw bytes of the arrays that the header
speaks of. Nothing is pickled: an array is made from bytes whose dtype, shape and
length were checked, and every other value by its own short recipe.

Inside the sandbox it is loaded by itself, so that it imports nothing of the package.
"""

import builtins
import collections
import datetime
import functools
import io
import json
import struct
import types
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np

byte_bounds = np.byte_bounds if hasattr(np, "byte_bounds") else np.lib.array_utils.byte_bounds  # NumPy 1, or 2

LENGTHS = struct.Struct("<QQ")
NESTED = 40  # how deep a value is sent
DEPTH = 60  # how deep one is read
ELEMENTS = 10_000_000  # of all arrays in one message, also where strides make one number look like many
NODES = 100_000  # values in one message, arrays counted as one
HEADER = 32 << 20  # bytes of one message, less its arrays
PARTS = 20 * NODES  # of a header's text: an array, or a number of NumPy's, is told in up to twenty
OUTPUTS = 5 << 20  # characters of what one cell shows, pictures included
KINDS = 100  # of named tuples, fields of one dtype
ALIKE = 100  # keys of one dict or set with one hash: Python compares each with all of them
PLAIN = type(None), bool, int, float, str
RAW = "biufcSUMm"  # kinds of dtype whose arrays travel as they lie in memory
DIGITS = 10_000  # bits of a number


class Malformed(ValueError):
    """A message that is not what the protocol allows."""


def frame(header, body=b""):
    """Return a message as bytes; raise Malformed where nobody would read it."""
    text = bounded(json.dumps(header).encode())
    return LENGTHS.pack(len(text), len(body)) + text + body


def bounded(text):
    """Return the text of a header; raise Malformed where reading it would take too much: objects take sixty times its memory."""
    if len(text) > HEADER or sum(map(text.count, (b",", b"[", b"{"))) > PARTS:
        raise Malformed("the answer holds too many values")
    return text


# ------------------------------------------------------------------ values that are text

# What can be told as one text or as a few numbers: how it is written, and how it is read.
SHORT = {
    Fraction: (str, lambda text: Fraction(*map(int, text.split("/")))),
    Decimal: (str, lambda text: of_a_size_to_count(Decimal(text))),
    datetime.date: (datetime.date.isoformat, datetime.date.fromisoformat),
    datetime.time: (datetime.time.isoformat, datetime.time.fromisoformat),
    datetime.datetime: (datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    datetime.timedelta: (
        lambda value: f"{value.days} {value.seconds} {value.microseconds}",
        lambda text: datetime.timedelta(*map(int, text.split())),
    ),
    range: (
        lambda value: f"{value.start} {value.stop} {value.step}",
        lambda text: short(range(*map(int, text.split()))),
    ),
    bytearray: (lambda value: value.decode("latin-1"), lambda text: bytearray(text, "latin-1")),
    bytes: (lambda value: value.decode("latin-1"), lambda text: bytes(text, "latin-1")),
    complex: (lambda value: f"{value.real!r} {value.imag!r}", lambda text: complex(*map(float, text.split()))),
    type: (lambda value: value.__name__, lambda text: BUILT_IN[text]),
    np.dtype: (lambda value: value.str, lambda text: dtype_of(text[:100])),
}
READ = {kind.__name__: read for kind, (_, read) in SHORT.items()}
BUILT_IN = {name: kind for name, kind in vars(builtins).items() if isinstance(kind, type) and kind.__name__ == name}

# What holds other values: how it is taken apart into a list, and put together.
HOLDING = {
    list: (list, list),
    tuple: (list, tuple),
    set: (list, lambda items: set(hashable(items))),
    frozenset: (list, lambda items: frozenset(hashable(items))),
    collections.deque: (list, collections.deque),
    type({}.values()): (list, lambda items: dict(enumerate(items)).values()),
    type({}.keys()): (list, lambda items: dict.fromkeys(hashable(items)).keys()),
}
HELD = {kind.__name__: make for kind, (_, make) in HOLDING.items()}

# What holds pairs.
PAIRED = {
    Counter: Counter,
    collections.OrderedDict: collections.OrderedDict,
    collections.defaultdict: lambda pairs: collections.defaultdict(None, pairs),
    type({}.items()): dict.items,
    dict: dict,
}
PAIRS = {kind.__name__: make for kind, make in PAIRED.items()}

# What stays where it is, and is known here by its kind and, where it can be asked for more, by a number.
OTHERS = {
    "function": types.FunctionType,
    "builtin": types.BuiltinFunctionType,
    "coroutine": types.CoroutineType,
    "module": types.ModuleType,
}


class Encoder:
    """Turns Python values into a JSON tree, and arrays into bytes beside it.

    Arrays that share memory say so: ``root`` numbers the memory that an array
    is a view of, in this message and in all earlier ones.

    Parameters
    ----------
    kept : list, optional
        Takes the functions and iterators that a message tells of, by their numbers; without it none are told of.
    """

    def __init__(self, kept=None):
        self.roots = {}  # id of the owner of some memory -> its number and the owner, kept alive
        self.body, self.kept = [], kept

    def encode(self, value, depth=0):
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if kind is np.ndarray:
            return {"ndarray": self.array(value, depth)}
        if kind in (list, tuple) and depth < NESTED:  # these kinds are nearly all that is sent
            return {kind.__name__: [self.encode(item, depth + 1) for item in value]}
        if kind is dict and depth < NESTED:
            pairs = list(value.items())
            return {"dict": [[self.encode(key, depth + 1), self.encode(item, depth + 1)] for key, item in pairs]}
        if isinstance(value, str):
            return str.__str__(value)
        if kind is int and value.bit_length() < DIGITS:
            return value
        if kind in SHORT and (kind is not type or BUILT_IN.get(value.__name__) is value):
            return {kind.__name__: SHORT[kind][0](value)}
        if isinstance(value, np.dtype) and value.kind in RAW:
            return {"dtype": value.str}
        if isinstance(value, np.generic) and (value.dtype.kind in "biufcMmS" or value.dtype.names):
            return {"scalar": self.array(np.asarray(value))}
        if kind is np.matrix:
            return {"matrix": self.array(np.asarray(value), depth)}
        if depth < NESTED:
            tree = self.holding(value, kind, depth + 1)
            if tree is not None:
                return tree
        name = next((name for name, of in OTHERS.items() if isinstance(value, of)), "object")
        if isinstance(value, collections.abc.Iterator) and not isinstance(value, io.IOBase):
            name = "iterator"
        other = {"other": str(kind.__name__)[:100], "as": name}
        if name == "module":
            other["name"] = str(value.__name__)[:100]
        if name in ("function", "iterator") and self.kept is not None:
            if not any(value is one for one in self.kept):
                self.kept.append(value)
            other["number"] = next(n for n, one in enumerate(self.kept) if one is value)
        return other

    def holding(self, value, kind, depth):
        """Return the tree of a value that holds others, or None if it is none of those."""
        parts = lambda items: [self.encode(item, depth) for item in items]  # noqa: E731
        pairs = lambda items: [parts(pair) for pair in items]  # noqa: E731
        if isinstance(value, dict):
            known = next(known for known in PAIRED if isinstance(value, known))
            return {known.__name__: pairs(list(dict.items(value)))}
        if kind is type({}.items()):
            return {kind.__name__: pairs(list(value))}
        fields = getattr(kind, "_fields", None)
        if isinstance(value, tuple) and kind is not tuple and isinstance(fields, tuple) and len(fields) == len(value):
            return {"namedtuple": [kind.__name__, [*map(str, fields)], parts(tuple(value))]}
        for known, (take_apart, _) in HOLDING.items():
            if isinstance(value, known):
                return {known.__name__: parts(take_apart(value))}
        if kind.__module__.partition(".")[0] == "pandas" and kind.__name__ in ("Series", "DataFrame", "Index"):
            return self.table(value, kind, depth)
        return None

    def table(self, value, kind, depth):
        """Return the tree of what pandas made, by its columns."""
        if kind.__name__ == "DataFrame":
            columns = [value.iloc[:, at].to_numpy() for at in range(value.shape[1])]
            named = [value.columns.to_numpy(), value.index.to_numpy(), None]
        else:
            columns = [value.to_numpy()]
            named = [None, None if kind.__name__ == "Index" else value.index.to_numpy(), value.name]
        return {"pandas": [kind.__name__, *(self.encode(part, depth) for part in (named, columns))]}

    def array(self, array, depth=0):
        spec = {"dtype": array.dtype.str, "shape": array.shape}
        if array.dtype.names and not array.dtype.hasobject:
            spec["dtype"], _ = spelled(array.dtype)
        elif array.dtype.kind not in RAW:
            spec["dtype"] = "|O"
            if array.dtype.kind in "OT" and depth < NESTED:
                spec["items"] = [self.encode(item, depth + 1) for item in array.flat]
            return spec  # of what is neither numbers nor objects, the shape is all that can be sent
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        spec["root"], _ = self.roots.setdefault(id(owner), (len(self.roots), owner))
        self.body.append(array.tobytes())
        spec["bytes"] = len(self.body[-1])
        if not array.flags.writeable:
            spec["writeable"] = False
        if owner is array and array.flags.c_contiguous:
            return spec  # nearly all are: the whole of their memory, in order
        low, high = byte_bounds(owner)
        start = array.__array_interface__["data"][0] - low
        return spec | {"memory": high - low, "offset": start, "strides": array.strides}


class Decoder:
    """Turns messages into values. Arrays of one memory in the other process share memory here too.

    Parameters
    ----------
    limit : int
        Bytes of all memory that arrays may claim.
    remote : callable, optional
        Takes what the message tells of a function or an iterator of the other process, and returns what stands for it.
    """

    def __init__(self, limit, remote=None):
        self.limit, self.used, self.remote = limit, 0, remote
        self.memories, self.named = {}, {}

    def decode(self, tree, body):
        """Return the value of a tree whose arrays are in ``body``; raise Malformed for anything else."""
        self.body, self.at, self.left, self.elements = memoryview(body), 0, NODES, ELEMENTS
        value = self.value(tree, 0)
        if self.at != len(body):
            raise Malformed("there are more bytes than arrays")
        return value

    def value(self, tree, depth):
        if type(tree) in PLAIN:
            return tree
        if depth > DEPTH:
            raise Malformed("the answer holds too many values")
        if not isinstance(tree, dict):
            raise Malformed("a value is not what the protocol knows")
        if "other" in tree:
            return self.stranger(tree)
        if len(tree) != 1:
            raise Malformed("a value is not what the protocol knows")
        ((kind, content),) = tree.items()
        if kind in ("ndarray", "matrix", "scalar") and isinstance(content, dict):
            array = self.array(content, depth)
            if kind == "matrix" and array.ndim == 2:
                return np.asmatrix(array)
            return array[()] if kind == "scalar" and array.ndim == 0 else array
        make, parts = self.recipe(kind, content, depth)  # raises what `remote` raises
        try:
            return make(parts)
        except Malformed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a library makes of what is no value of its kind
            raise Malformed("a value is not what the protocol knows") from error

    def recipe(self, kind, content, depth):
        """Return what makes a value of a kind, and the values that it makes it of."""
        if kind in READ and isinstance(content, str) and (len(content) < DIGITS or kind in ("bytes", "bytearray")):
            return READ[kind], content
        if kind in HELD and isinstance(content, list):
            return HELD[kind], self.values(content, depth)
        if kind in PAIRS and isinstance(content, list):
            return lambda pairs: PAIRS[kind](dict(pairs)), self.pairs(content, depth)
        if kind == "namedtuple" and isinstance(content, list) and len(content) == 3 and isinstance(content[2], list):
            name, fields, items = content
            return lambda items: self.kind_of_tuple(name, fields)(*items), self.values(items, depth)
        if kind == "pandas":
            return lambda parts: self.table(parts, depth), content
        raise Malformed("a value is not what the protocol knows")

    def values(self, trees, depth):
        self.left -= len(trees)
        if self.left < 0:
            raise Malformed("the answer holds too many values")
        return [tree if type(tree) in PLAIN else self.value(tree, depth + 1) for tree in trees]

    def kind_of_tuple(self, name, fields):
        """Return the class of named tuples: one and the same for all that are alike, as making it takes long."""
        key = str(name)[:100], *(str(field)[:100] for field in fields[:100])
        if key not in self.named:
            if len(self.named) >= KINDS:
                raise Malformed(f"there are more than {KINDS} kinds of named tuples")
            self.named[key] = collections.namedtuple(key[0], key[1:], rename=True)
        return self.named[key]

    def pairs(self, content, depth):
        """Return pairs whose keys make a dict."""
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in content):
            raise Malformed("a value is not what the protocol knows")
        pairs = [self.values(pair, depth) for pair in content]  # one by one: so their arrays lie in the message
        hashable([key for key, _ in pairs])
        return pairs

    def table(self, content, depth):
        """Return what pandas made in the other process, where it is here too."""
        kind, tree, columns = content
        import pandas

        labels, index, name = self.value(tree, depth + 1)
        columns = self.value(columns, depth + 1)
        if kind == "DataFrame":
            made = pandas.DataFrame(dict(enumerate(columns)), index=index)
            made.columns = labels
            return made
        if kind == "Series":
            return pandas.Series(columns[0], index=index, name=name)
        return pandas.Index(columns[0], name=name)

    def array(self, spec, depth=0):
        """Return the array of a specification, once everything about it has been checked."""
        try:
            dtype, shape = self.dtype(spec["dtype"]), tuple(spec["shape"])
        except Malformed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever NumPy makes of what is no dtype
            raise Malformed("an array has no dtype or no shape") from error
        if len(shape) > 32:
            raise Malformed("an array has no shape that can be")
        size = 1
        for length in shape:
            if type(length) is not int or not 0 <= length <= ELEMENTS:
                raise Malformed("an array has no shape that can be")
            size *= length  # Python's integers do not wrap around
        self.elements -= size
        if self.elements < 0:
            raise Malformed(f"the arrays have more than {ELEMENTS} elements")
        if dtype.kind == "O":
            return self.objects(spec.get("items"), shape, size, depth)
        if dtype.kind not in RAW and not (dtype.names and not dtype.hasobject):
            return np.full(shape, None, dtype=object)
        data = self.take(spec.get("bytes"))
        if len(data) != size * dtype.itemsize:
            raise Malformed("an array has another size than its shape")
        array = self.place(spec, dtype, shape, len(data))
        array[...] = np.ndarray(shape, dtype, data)
        if spec.get("writeable", True) is not True:
            array.flags.writeable = False
        return array

    def dtype(self, tree, depth=0):
        """Return the dtype that `spelled` has spelled; what it raises for anything else may be any exception."""
        if isinstance(tree, str):
            return dtype_of(tree[:100])
        self.left -= len(tree["fields"])
        if self.left < 0 or len(tree["fields"]) > KINDS or depth > NESTED:
            raise Malformed("a dtype has too many fields")
        names, offsets, kinds, shapes = zip(*tree["fields"])
        kinds = [(self.dtype(kind, depth + 1), tuple(shape)) for kind, shape in zip(kinds, shapes)]
        return np.dtype({"names": names, "formats": kinds, "offsets": offsets, "itemsize": tree["size"]})

    def objects(self, items, shape, size, depth):
        """Return an array of any values, one by one."""
        array = np.full(shape, None, dtype=object)
        if isinstance(items, list) and len(items) == size:
            for at, item in enumerate(self.values(items, depth)):
                array.flat[at] = item
        return array

    def take(self, size):
        if type(size) is not int or size < 0 or self.at + size > len(self.body):
            raise Malformed("an array has fewer bytes than it says")
        self.at += size
        return self.body[self.at - size : self.at]

    def place(self, spec, dtype, shape, size):
        """Return room for an array: in the memory that it shares with others, or of its own where that makes no sense."""
        root, length, offset = spec.get("root"), spec.get("memory", size), spec.get("offset", 0)
        strides = spec.get("strides")  # None where it is all of its memory, in order
        numbers = root, length, offset, *(strides if isinstance(strides, list) else [])
        if {*map(type, numbers)} == {int} and 0 < length <= self.limit:
            memory = self.memories.get(root)
            if memory is None and self.used + length <= self.limit:
                memory = self.memories[root] = np.zeros(length, np.uint8)
                self.used += length
            if memory is not None and len(memory) == length:
                try:
                    return np.ndarray(shape, dtype, memory, offset, strides)
                except (ValueError, TypeError, OverflowError):
                    pass  # it would reach beyond the memory, or has other strides than a shape
        return np.empty(shape, dtype)

    def stranger(self, tree):
        """Return something of the kind that the other process has: what it can be asked for, and else nothing but the kind."""
        name, kind = tree.get("other"), tree.get("as")
        if not isinstance(name, str) or len(name) > 100:
            raise Malformed("a value has no type")
        found = self.remote(tree) if self.remote else None
        if found is not None:
            return found
        if kind == "function":
            return lambda *arguments: None
        if kind == "builtin":
            return len
        if kind == "iterator":
            return (nothing for nothing in ())
        if kind == "coroutine":
            coroutine = nothing()
            coroutine.close()  # nobody waits for it
            return coroutine
        if kind == "module":
            return types.ModuleType(str(tree.get("name"))[:100])
        return type(name if name.isidentifier() else "object", (Stranger,), {})()


@functools.lru_cache(100)
def dtype_of(text):
    dtype = np.dtype(text)
    if dtype.names:
        raise ValueError("the text of a dtype names fields")
    return dtype


def spelled(dtype):
    """Return a dtype as plain data, with the places of its fields, and the shape that it has as a field itself."""
    dtype, shape = dtype.subdtype or (dtype, ())
    if not dtype.names:
        return dtype.str, shape
    fields = [[name, dtype.fields[name][1], *spelled(dtype.fields[name][0])] for name in dtype.names]
    return {"size": dtype.itemsize, "fields": fields}, shape


def of_a_size_to_count(number):
    """Return a decimal number that an integer can be made of in no time."""
    if number.is_finite() and abs(number.adjusted()) > DIGITS:
        raise ValueError("a number is too large")
    return number


def short(numbers):
    """Return a range that fits into memory as a list."""
    if len(numbers) > ELEMENTS:
        raise ValueError("a range is too long")
    return numbers


def hashable(keys):
    try:
        hashes = [*map(hash, keys)]
    except TypeError as error:
        raise Malformed("a key can't be hashed") from error
    if len(hashes) > ALIKE and Counter(hashes).most_common(1)[0][1] > ALIKE:
        raise Malformed("too many keys have one hash")
    return keys


async def nothing():
    """Do nothing."""


class Stranger:
    """Stands for a value that is no plain data. It equals nothing but itself."""
