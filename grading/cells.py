"""A cell of a notebook, inside the sandbox: what of its text is Python, its statements, and what it showed."""

import ast
import base64
import functools
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from grading.protocol import MAX_OUTPUT_CHARACTERS

MAX_PICTURES = 20  # of one cell


# ------------------------------------------------------------------ its text


def without_invisible_signs(source: str) -> str:
    """Return a cell without what is copied along with it and nobody sees; IPython takes out the prompts."""
    source = re.sub("[\0\u200b-\u200f\u2060\ufeff]", "", source)
    source = re.sub("[\u2028\u2029]\n?", "\n", source).replace("\u00a0", " ")
    return (
        re.sub(r"^[ \t]*\.{3,}(?: |$)", "", source, flags=re.MULTILINE)
        if re.match(r"\s*(>>>|In \[)", source)
        else source
    )


@functools.lru_cache(1)
def is_python(text: str) -> bool:
    """Whether Python can read a text as a cell."""
    try:
        compile(text, "", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return False
    return True


def is_import(node: ast.stmt) -> bool:
    """Whether a statement imports something."""
    return isinstance(node, (ast.Import, ast.ImportFrom))


def is_definition(node: ast.stmt) -> bool:
    """Whether a statement imports, defines, or sets a constant."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return (
        is_import(node)
        or isinstance(node, kinds)
        or isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
    )


def split_import(node: ast.stmt) -> list[ast.stmt]:
    """Return a statement, or for one that imports several modules one for each: some may be there."""
    if not isinstance(node, ast.Import):
        return [node]
    return [ast.copy_location(ast.Import([alias]), node) for alias in node.names]


# ------------------------------------------------------------------ what it showed


def display_data(data: dict[str, Any]) -> dict[str, Any]:
    """Return what a cell displayed as an output of a notebook."""
    texts = {kind: base64.b64encode(part).decode() if isinstance(part, bytes) else part for kind, part in data.items()}
    return {
        "output_type": "display_data",
        "data": {kind: text for kind, text in texts.items() if isinstance(text, str)},
    }


def pictures() -> Iterator[dict[str, Any]]:
    """Yield what a cell drew with Matplotlib, as outputs of a notebook."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    for number in pyplot.get_fignums()[:MAX_PICTURES] if pyplot else ():
        file = io.BytesIO()
        pyplot.figure(number).savefig(file, format="png", dpi=72)
        yield {"output_type": "display_data", "data": {"image/png": base64.b64encode(file.getvalue()).decode()}}
    if pyplot:
        pyplot.close("all")


def first_outputs(outputs: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the first outputs of a cell, as many as anybody will look at."""
    left = MAX_OUTPUT_CHARACTERS
    for output in outputs:
        left -= len(json.dumps(output)) + 2
        if left < 0:
            return
        yield output
