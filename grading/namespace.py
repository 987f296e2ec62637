"""The namespace of a notebook with deferred cells, and the seed of what is random without one: the same at both ends.

A student's cells run in such a namespace inside the sandbox, and tests in one outside of it. This file imports nothing
of the package, and inside the sandbox it is loaded by its path.
"""

import contextlib
import random
import symtable
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

SEED = 1_618_033_988  # none that a person would write


class Namespace(dict[str, Any]):
    """The names of a notebook. One that is not there may be set by a deferred cell, which is run when it is asked for."""

    def __init__(self) -> None:
        super().__init__(__name__="__main__", __doc__=None)
        self.deferred: dict[str, Callable[[], object]] = {}  # the cell that sets a name, by the name

    def defer(self, names: Iterable[str], run: Callable[[], object]) -> None:
        """Have ``run`` called when one of the names is asked for."""
        self.deferred |= dict.fromkeys(names, run)

    def __missing__(self, name: str) -> Any:
        run = self.deferred.get(name)
        if run is None:
            raise KeyError(name)
        self.deferred = {other: cell for other, cell in self.deferred.items() if cell is not run}
        run()
        return self[name]

    def load_for_classes(self, source: str) -> None:
        """Run the deferred cells of names in the body of a class: there Python looks names up past ``__missing__``."""
        tables = []
        if self.deferred and "class" in source:
            with contextlib.suppress(SyntaxError, ValueError):
                tables.append(symtable.symtable(source, "", "exec"))
        while tables:
            table = tables.pop()
            tables += table.get_children()
            for symbol in table.get_symbols() if table.get_type() == "class" else ():
                if symbol.is_referenced() and symbol.get_name() in self.deferred:
                    with contextlib.suppress(Exception):  # it is raised where the class is made
                        self[symbol.get_name()]

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.deferred


def seed_all() -> None:
    """Have all global random numbers start at one place."""
    random.seed(SEED)
    np.random.seed(SEED)
