"""What a piece of Python source says: what it imports and sets, what it hides from students, what of it is not mere layout."""

import ast
import functools
import re
from collections.abc import Collection, Iterator
from typing import TypeGuard

from IPython.core.inputtransformer2 import TransformerManager

# What is bound in these stays there.
INNER_SCOPES = ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp
BEGIN_HIDDEN, END_HIDDEN = (
    "BEGIN HIDDEN TESTS",
    "END HIDDEN TESTS",
)  # in the first and the last line that students don't see


def as_python(source: str) -> str:
    """Return a cell's code as Python: as it is where that is Python, and else as IPython reads it."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return TransformerManager().transform_cell(source)  # type: ignore[no-untyped-call]
    return source


def body_of(source: str) -> list[ast.stmt]:
    """Return the statements of some code, none where it is no Python."""
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):
        return []


def is_plain_import(node: ast.stmt) -> TypeGuard[ast.Import | ast.ImportFrom]:
    """Whether a statement does nothing but set names that it tells, from modules."""
    return isinstance(node, ast.Import) or (
        isinstance(node, ast.ImportFrom) and node.module != "__future__" and node.names[0].name != "*"
    )


def module_of(statement: str) -> str:
    """Return the first name of the module that a statement imports, or imports from."""
    return re.split(r"[ .]", statement)[1]


def is_quick(statement: str, quick: Collection[str]) -> bool:
    """Whether a statement imports one of the modules that are loaded in no time."""
    return module_of(statement) in quick


def imported_modules(source: str) -> set[str]:
    """Return the first names of the modules that some code imports."""
    found: set[str] = set()
    for statement in body_of(source):
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def bound_names(source: str) -> dict[str, bool]:
    """Return the names that some code sets at its top level; for each, whether a function or a class is among it.

    ``_`` is nobody's: it stands for what is thrown away, and IPython asks for it after every cell.
    """
    found: dict[str, bool] = {}
    for node in body_of(source):
        for name, is_a_function in bindings(node):
            if name.strip("_"):
                found[name] = is_a_function or found.get(name, False)
    return found


def bindings(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield the names that a statement binds where it stands, and whether to a function or a class."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, True
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name.partition(".")[0], False) for alias in node.names if alias.name != "*")
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id, False
    elif not isinstance(node, INNER_SCOPES):
        if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name, False
        for child in ast.iter_child_nodes(node):
            yield from bindings(child)


def without_layout(source: str) -> str:
    """Return what some code says, however it is laid out and commented; anything else as it is."""
    try:
        return ast.dump(ast.parse(as_python(source)))
    except (SyntaxError, ValueError):
        return source


@functools.lru_cache(1000)  # each cell of a submission is asked about several times
def normalized(source: str) -> str:
    """Return a cell's text without hidden tests and without what editors change: blank lines and trailing blanks."""
    return "\n".join(line.rstrip() for line in visible_source(source).splitlines() if line.strip())


def first_hidden_line(source: str) -> int | None:
    """Return the number of the first line that nbgrader takes out for the release, or None."""
    return next((number for number, line in enumerate(source.split("\n"), 1) if BEGIN_HIDDEN in line), None)


def visible_source(source: str) -> str:
    """Return a cell's text less what nbgrader takes out for the release: every line from one mark to the next."""
    lines, is_hidden = [], False
    for line in source.split("\n"):
        is_hidden = is_hidden or BEGIN_HIDDEN in line
        if not is_hidden:
            lines.append(line)
        is_hidden = is_hidden and END_HIDDEN not in line
    return "\n".join(lines)
