"""Turns values into what crosses the pipe: a tree for the header of a message, and the bytes of arrays beside it.

Inside the sandbox a student's code shares this, and may send whatever it likes instead.
"""

import io
import types
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from grading.kinds import (
    BUILT_IN,
    CONTAINERS,
    MAPPINGS,
    MAX_DIGITS,
    RAW_DTYPES,
    TEXTUAL,
    Tree,
    spelled_dtype,
)
from grading.protocol import MAX_SENT_DEPTH

byte_bounds = np.byte_bounds if hasattr(np, "byte_bounds") else np.lib.array_utils.byte_bounds  # NumPy 1, or 2

# What stays where it is, and is known at the other end by its kind and, where it can be asked for more, by a number.
OPAQUE_KINDS: dict[str, type] = {
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

    def __init__(self, kept: list[Any] | None = None) -> None:
        # id of the owner of some memory -> its number and the owner, kept alive
        self.roots: dict[int, tuple[int, np.ndarray[Any, Any]]] = {}
        self.body: list[bytes] = []
        self.kept = kept

    # One function: it is called for each value, and the kinds that are nearly all that is sent come first.
    def encode(self, value: Any, depth: int = 0) -> Tree:
        """Return the tree of a value; append the bytes of its arrays to ``body``."""
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if kind is np.ndarray:
            return {"ndarray": self.array(value, depth)}
        if kind in (list, tuple) and depth < MAX_SENT_DEPTH:
            return {kind.__name__: [self.encode(item, depth + 1) for item in value]}
        if kind is dict and depth < MAX_SENT_DEPTH:
            pairs = list(value.items())
            return {"dict": [[self.encode(key, depth + 1), self.encode(item, depth + 1)] for key, item in pairs]}
        tree = self.scalar(value, kind)
        if tree is None and kind is np.matrix:
            tree = {"matrix": self.array(np.asarray(value), depth)}
        if tree is None and depth < MAX_SENT_DEPTH:
            tree = self.container(value, kind, depth + 1)
        return self.opaque(value, kind) if tree is None else tree

    # One function: the first of the kinds that a value is of decides.
    def scalar(self, value: Any, kind: type) -> Tree | None:
        """Return the tree of a value that holds no others, or None if it is none of those."""
        if isinstance(value, str):
            return str.__str__(value)
        if kind is int and value.bit_length() < MAX_DIGITS:
            return value
        if kind in TEXTUAL and (kind is not type or BUILT_IN.get(value.__name__) is value):
            return {kind.__name__: TEXTUAL[kind][0](value)}
        if isinstance(value, np.dtype) and value.kind in RAW_DTYPES:
            return {"dtype": value.str}
        if isinstance(value, np.generic) and (value.dtype.kind in "biufcMmS" or value.dtype.names):
            return {"scalar": self.array(np.asarray(value))}
        return None

    def container(self, value: Any, kind: type, depth: int) -> Tree | None:
        """Return the tree of a value that holds others, or None if it is none of those."""
        if isinstance(value, dict):
            known = next(known for known in MAPPINGS if isinstance(value, known))
            return {known.__name__: self.pairs(list(dict.items(value)), depth)}
        if kind is type({}.items()):
            return {kind.__name__: self.pairs(list(value), depth)}
        fields = getattr(kind, "_fields", None)
        if isinstance(value, tuple) and kind is not tuple and isinstance(fields, tuple) and len(fields) == len(value):
            return {"namedtuple": [kind.__name__, [*map(str, fields)], self.parts(tuple(value), depth)]}
        for known, (take_apart, _) in CONTAINERS.items():
            if isinstance(value, known):
                return {known.__name__: self.parts(take_apart(value), depth)}
        if kind.__module__.partition(".")[0] == "pandas" and kind.__name__ in ("Series", "DataFrame", "Index"):
            return self.table(value, kind, depth)
        return None

    def parts(self, items: Iterable[Any], depth: int) -> list[Tree]:
        return [self.encode(item, depth) for item in items]

    def pairs(self, items: list[tuple[Any, Any]], depth: int) -> list[list[Tree]]:
        return [self.parts(pair, depth) for pair in items]

    def opaque(self, value: Any, kind: type) -> Tree:
        """Return what is told of a value that stays here: its kind, and the number of one that can be asked for more."""
        name = next((name for name, of in OPAQUE_KINDS.items() if isinstance(value, of)), "object")
        if isinstance(value, Iterator) and not isinstance(value, io.IOBase):
            name = "iterator"
        other = {"other": str(kind.__name__)[:100], "as": name}
        if name == "module":
            other["name"] = str(value.__name__)[:100]
        if name in ("function", "iterator") and self.kept is not None:
            if not any(value is one for one in self.kept):
                self.kept.append(value)
            return other | {"number": next(n for n, one in enumerate(self.kept) if one is value)}
        return other

    def table(self, value: Any, kind: type, depth: int) -> Tree:
        """Return the tree of what pandas made, by its columns."""
        if kind.__name__ == "DataFrame":
            columns = [value.iloc[:, at].to_numpy() for at in range(value.shape[1])]
            labels = [value.columns.to_numpy(), value.index.to_numpy(), None]
        else:
            columns = [value.to_numpy()]
            labels = [None, None if kind.__name__ == "Index" else value.index.to_numpy(), value.name]
        return {"pandas": [kind.__name__, *(self.encode(part, depth) for part in (labels, columns))]}

    def array(self, array: np.ndarray[Any, Any], depth: int = 0) -> Tree:
        """Return the tree of an array, whatever its shape and its dtype are."""
        spec: dict[str, Any] = {"dtype": array.dtype.str, "shape": array.shape}
        if array.dtype.names and not array.dtype.hasobject:
            spec["dtype"], _ = spelled_dtype(array.dtype)
        elif array.dtype.kind not in RAW_DTYPES:
            spec["dtype"] = "|O"
            if array.dtype.kind in "OT" and depth < MAX_SENT_DEPTH:
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
