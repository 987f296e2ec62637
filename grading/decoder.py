"""Makes values of what came through the pipe, once every length, type and shape was checked."""

import collections
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from grading.kinds import (
    CONTAINER_MAKERS,
    MAPPING_MAKERS,
    MAX_DIGITS,
    MAX_KINDS,
    RAW_DTYPES,
    TEXT_READERS,
    Tree,
    checked_keys,
    dtype_of,
)
from grading.protocol import MAX_ELEMENTS, MAX_NODES, MAX_READ_DEPTH, MAX_SENT_DEPTH, Malformed

JSON_SCALARS = type(None), bool, int, float, str
UNKNOWN_VALUE = "a value is not what the protocol knows"


class Opaque:
    """Stands for a value that is no plain data. It equals nothing but itself."""


class Decoder:
    """Turns messages into values. Arrays of one memory in the other process share memory here too.

    Parameters
    ----------
    limit : int
        Bytes of all memory that arrays may claim.
    remote : callable, optional
        Takes what the message tells of a function or an iterator of the other process, and returns what stands for it.
    """

    def __init__(self, limit: int, remote: Callable[[dict[str, Any]], Any] | None = None) -> None:
        self.limit, self.claimed, self.remote = limit, 0, remote
        self.memories: dict[int, np.ndarray[Any, Any]] = {}
        self.tuple_classes: dict[tuple[str, ...], Callable[..., Any]] = {}
        self.start_message(b"")

    def start_message(self, body: bytes) -> None:
        """Begin to count what one message holds."""
        self.body, self.position = memoryview(body), 0
        self.nodes_left, self.elements_left = MAX_NODES, MAX_ELEMENTS

    def decode(self, tree: Tree, body: bytes) -> Any:
        """Return the value of a tree whose arrays are in ``body``; raise Malformed for anything else."""
        self.start_message(body)
        value = self.value(tree, 0)
        if self.position != len(body):
            raise Malformed("there are more bytes than arrays")
        return value

    def value(self, tree: Tree, depth: int) -> Any:
        """Return the value of a tree that lies so deep in a message."""
        if type(tree) in JSON_SCALARS:
            return tree
        if depth > MAX_READ_DEPTH:
            raise Malformed("the answer holds too many values")
        if not isinstance(tree, dict):
            raise Malformed(UNKNOWN_VALUE)
        if "other" in tree:
            return self.opaque(tree)
        if len(tree) != 1:
            raise Malformed(UNKNOWN_VALUE)
        ((kind, content),) = tree.items()
        if kind in ("ndarray", "matrix", "scalar") and isinstance(content, dict):
            return self.array_of_kind(kind, content, depth)
        make, parts = self.recipe(kind, content, depth)  # raises what `remote` raises
        try:
            return make(parts)
        except Malformed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a library makes of what is no value of its kind
            raise Malformed(UNKNOWN_VALUE) from error

    def recipe(self, kind: Any, content: Any, depth: int) -> tuple[Callable[[Any], Any], Any]:
        """Return what makes a value of a kind, and the values that it makes it of."""
        if (
            kind in TEXT_READERS
            and isinstance(content, str)
            and (len(content) < MAX_DIGITS or kind in ("bytes", "bytearray"))
        ):
            return TEXT_READERS[kind], content
        if kind in CONTAINER_MAKERS and isinstance(content, list):
            return CONTAINER_MAKERS[kind], self.values(content, depth)
        if kind in MAPPING_MAKERS and isinstance(content, list):
            return lambda pairs: MAPPING_MAKERS[kind](dict(pairs)), self.pairs(content, depth)
        if kind == "namedtuple" and isinstance(content, list) and len(content) == 3 and isinstance(content[2], list):
            name, fields, items = content
            return lambda items: self.tuple_class(name, fields)(*items), self.values(items, depth)
        if kind == "pandas":
            return lambda parts: self.table(parts, depth), content
        raise Malformed(UNKNOWN_VALUE)

    def values(self, trees: list[Tree], depth: int) -> list[Any]:
        """Return the values of trees, as many as a message may hold."""
        self.nodes_left -= len(trees)
        if self.nodes_left < 0:
            raise Malformed("the answer holds too many values")
        return [tree if type(tree) in JSON_SCALARS else self.value(tree, depth + 1) for tree in trees]

    def tuple_class(self, name: Any, fields: Any) -> Callable[..., Any]:
        """Return the class of named tuples: one and the same for all that are alike, as making it takes long."""
        key = str(name)[:100], *(str(field)[:100] for field in fields[:100])
        if key not in self.tuple_classes:
            if len(self.tuple_classes) >= MAX_KINDS:
                raise Malformed(f"there are more than {MAX_KINDS} kinds of named tuples")
            self.tuple_classes[key] = collections.namedtuple(key[0], key[1:], rename=True)
        return self.tuple_classes[key]

    def pairs(self, content: list[Any], depth: int) -> list[list[Any]]:
        """Return pairs whose keys make a dict."""
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in content):
            raise Malformed(UNKNOWN_VALUE)
        pairs = [self.values(pair, depth) for pair in content]  # one by one: so their arrays lie in the message
        checked_keys([key for key, _ in pairs])
        return pairs

    def table(self, content: Any, depth: int) -> Any:
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

    # ------------------------------------------------------------------ arrays

    def array_of_kind(self, kind: str, spec: dict[str, Any], depth: int) -> Any:
        """Return an array, a matrix or a number of NumPy's."""
        array = self.array(spec, depth)
        if kind == "matrix" and array.ndim == 2:
            return np.asmatrix(array)
        return array[()] if kind == "scalar" and array.ndim == 0 else array

    def array(self, spec: dict[str, Any], depth: int = 0) -> np.ndarray[Any, Any]:
        """Return the array of a specification, once everything about it has been checked."""
        try:
            dtype, shape = self.dtype(spec["dtype"]), tuple(spec["shape"])
        except Malformed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever NumPy makes of what is no dtype
            raise Malformed("an array has no dtype or no shape") from error
        size = self.checked_size(shape)
        if dtype.kind == "O":
            return self.objects(spec.get("items"), shape, size, depth)
        if dtype.kind not in RAW_DTYPES and not (dtype.names and not dtype.hasobject):
            return np.full(shape, None, dtype=object)
        data = self.take(spec.get("bytes"))
        if len(data) != size * dtype.itemsize:
            raise Malformed("an array has another size than its shape")
        array = self.place(spec, dtype, shape, len(data))
        array[...] = np.ndarray(shape, dtype, data)
        if spec.get("writeable", True) is not True:
            array.flags.writeable = False
        return array

    def checked_size(self, shape: tuple[Any, ...]) -> int:
        """Return how many elements a shape has, which a message may hold."""
        if len(shape) > 32:
            raise Malformed("an array has no shape that can be")
        size = 1
        for length in shape:
            if type(length) is not int or not 0 <= length <= MAX_ELEMENTS:
                raise Malformed("an array has no shape that can be")
            size *= length  # Python's integers do not wrap around
        self.elements_left -= size
        if self.elements_left < 0:
            raise Malformed(f"the arrays have more than {MAX_ELEMENTS} elements")
        return size

    def dtype(self, tree: Tree, depth: int = 0) -> np.dtype[Any]:
        """Return the dtype that `spelled_dtype` has spelled; what it raises for anything else may be any exception."""
        if isinstance(tree, str):
            return dtype_of(tree[:100])
        self.nodes_left -= len(tree["fields"])
        if self.nodes_left < 0 or len(tree["fields"]) > MAX_KINDS or depth > MAX_SENT_DEPTH:
            raise Malformed("a dtype has too many fields")
        names, offsets, kinds, shapes = zip(*tree["fields"])
        formats = [(self.dtype(kind, depth + 1), tuple(shape)) for kind, shape in zip(kinds, shapes)]
        return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": tree["size"]})

    def objects(self, items: Any, shape: tuple[int, ...], size: int, depth: int) -> np.ndarray[Any, Any]:
        """Return an array of any values, one by one."""
        array = np.full(shape, None, dtype=object)
        if isinstance(items, list) and len(items) == size:
            for at, item in enumerate(self.values(items, depth)):
                array.flat[at] = item
        return array

    def take(self, size: Any) -> memoryview:
        """Return the next bytes of the message."""
        if type(size) is not int or size < 0 or self.position + size > len(self.body):
            raise Malformed("an array has fewer bytes than it says")
        self.position += size
        return self.body[self.position - size : self.position]

    def place(
        self, spec: dict[str, Any], dtype: np.dtype[Any], shape: tuple[int, ...], size: int
    ) -> np.ndarray[Any, Any]:
        """Return room for an array: in the memory that it shares with others, or of its own where that makes no sense."""
        root: Any = spec.get("root")
        length, offset = spec.get("memory", size), spec.get("offset", 0)
        strides = spec.get("strides")  # None where it is all of its memory, in order
        numbers = root, length, offset, *(strides if isinstance(strides, list) else [])
        if {*map(type, numbers)} == {int} and 0 < length <= self.limit:
            memory = self.memories.get(root)
            if memory is None and self.claimed + length <= self.limit:
                memory = self.memories[root] = np.zeros(length, np.uint8)
                self.claimed += length
            if memory is not None and len(memory) == length:
                try:
                    return np.ndarray(shape, dtype, memory, offset, strides)
                except (ValueError, TypeError, OverflowError):
                    pass  # it would reach beyond the memory, or has other strides than a shape
        return np.empty(shape, dtype)

    # ------------------------------------------------------------------ what stays in the other process

    # One function: a sentence for each kind.
    def opaque(self, tree: dict[str, Any]) -> Any:
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
            nothing: list[Any] = []
            return (item for item in nothing)
        if kind == "coroutine":
            coroutine = do_nothing()
            coroutine.close()  # nobody waits for it
            return coroutine
        if kind == "module":
            return types.ModuleType(str(tree.get("name"))[:100])
        return type(name if name.isidentifier() else "object", (Opaque,), {})()


async def do_nothing() -> None:
    """Do nothing."""
