"""The look over a notebook before it is handed in: what costs points, and what does not.

It reads what the kernel knows, ``globals()`` and IPython's list of the cells that
were run, and looks at each exercise's function as its own cell defines it.
"""

import ast
import builtins
import difflib
import dis
import html
import inspect
import io
import re
import sys
import types
import warnings
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnosis import check, own_random_state
from expected import Exercise
from notebook_cells import STUB, cells_of, definitions, is_a, pasted, renamed, time_limit
from sentences import SENTENCES, CheckFailed

# What can be imported wherever requirements.txt is installed, beside Python's own modules.
COURSE = set(
    "numpy matplotlib mpl_toolkits pylab sklearn scipy joblib threadpoolctl IPython ipywidgets ipykernel "
    "jupyter_client jupyter_core jupyter_server jupyterlab notebook nbclient nbconvert nbformat nbgrader traitlets "
    "matplotlib_inline PIL dateutil cycler contourpy kiwisolver pyparsing fontTools packaging six rich pytest hypothesis "
    "sqlalchemy alembic requests urllib3 certifi httpx bs4 bleach jinja2 markupsafe mistune yaml jsonschema pygments "
    "psutil rapidfuzz tornado zmq attr attrs sortedcontainers typing_extensions sandlock latex2mathml".split()
)
WORDS = SENTENCES["preflight"]
# Who catches one of these goes on without the package.
NO_IMPORT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass(frozen=True)
class Preflight:
    """What `preflight` found, for Jupyter to show as a table.

    Attributes
    ----------
    rows : tuple of tuple of str
        What was looked for, what was found in each exercise, whether it costs points.
    summary : str
        What is imported and won't be there, if anything is; then ready, or what is left to do.
    """

    rows: tuple[tuple[str, ...], ...]
    summary: str

    def _repr_html_(self) -> str:
        style = 'style="text-align: left; vertical-align: top"'
        head = "".join(f'<th scope="col" {style}>{html.escape(column)}</th>' for column in WORDS["columns"])
        body = "".join(
            f'<tr><th scope="row" {style}>{html.escape(name)}</th>'
            + "".join(f"<td {style}>{html.escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for name, *cells in self.rows
        )
        caption, summary = html.escape(WORDS["caption"]), html.escape(self.summary)
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{summary}</p>"

    def __repr__(self) -> str:
        lines = [WORDS["caption"]]
        for name, *found, costs in self.rows:
            _, *exercises, question = WORDS["columns"]
            lines.append(f"\n{name} ({question} {costs})")
            lines += [f"  {exercise}: {cell}" for exercise, cell in zip(exercises, found)]
        return "\n".join([*lines, "", self.summary])


def look_over(namespace: dict[str, Any], exercises: Sequence[Exercise]) -> Preflight:
    """Look over some exercises. Reports, and raises nothing.

    Parameters
    ----------
    namespace : dict
        Where the learner's functions are.
    exercises : sequence of expected.Exercise

    Returns
    -------
    Preflight
    """
    foreign = imported_from_elsewhere(namespace)
    with own_random_state():
        columns = [findings(namespace, exercise, exercises, foreign) for exercise in exercises]
    rows = tuple(
        (title, *(column.get(name, "-") for column in columns), costs) for name, (title, costs) in WORDS["rows"].items()
    )
    no_harm = (WORDS["ok"], WORDS["unknown"])
    ready = [column.get("checks") == WORDS["ok"] and column.get("imports") in no_harm for column in columns]
    left = ", ".join(title for title, is_ready in zip(WORDS["columns"][1:], ready) if not is_ready)
    summary = WORDS["not ready"].format(exercises=left) if left else WORDS["ready"]
    if foreign:
        summary = WORDS["imported"].format(names=", ".join(sorted(foreign))) + " " + summary
    return Preflight(rows, summary)


def findings(
    namespace: dict[str, Any], exercise: Exercise, exercises: Sequence[Exercise], foreign: set[str]
) -> dict[str, str]:
    """Return what was found in one exercise, by the name of the row."""
    target = function_at_home(namespace, exercise, exercises)
    if not callable(target) or pasted(namespace, exercise.function):
        return {"there": missing(namespace, exercise.function)}
    found = {"there": WORDS["ok"]}
    looks = {
        "parameters": parameters,
        "checks": checks,
        "stub": stub,
        "names": names,
        "imports": lambda target, exercise: imports(target, foreign),
    }
    printed = io.StringIO()
    for name, look in looks.items():
        try:
            with redirect_stdout(printed):
                found[name] = look(target, exercise) or WORDS["ok"]
        except (Exception, SystemExit):  # whatever one look meets, the others are shown
            found[name] = WORDS["unknown"]
    found["prints"] = WORDS["prints"] if printed.getvalue() else WORDS["ok"]
    return found


def function_at_home(namespace: dict[str, Any], exercise: Exercise, exercises: Sequence[Exercise]) -> Any:
    """Return the function of an exercise as its own cell defines it, which is what its check meets where it is graded.

    The cell of another exercise may have replaced it since: where it was copied there and not renamed.
    """
    name, cells = exercise.function, definitions(namespace, exercise.function)
    others = [other.function for other in exercises if other is not exercise]
    astray = [other for other in others if pasted(namespace, other) == name]
    home = [text for text in cells if not any(text in definitions(namespace, other) for other in others)]
    home = home[: len(home) - len(astray)]
    if not cells or not home or home[-1] == cells[-1]:
        return namespace.get(name)
    copy = dict(namespace)
    with suppress(Exception, SystemExit), redirect_stdout(io.StringIO()):
        exec(home[-1], copy)
        return copy.get(name)
    return namespace.get(name)


def missing(namespace: dict[str, Any], name: str) -> str:
    """Say what may have become of a function that is not there."""
    if other := pasted(namespace, name):
        return WORDS["pasted"].format(name=name, other=other)
    if similar := renamed(namespace, name):
        return WORDS["similar"].format(name=name, similar=similar)
    return WORDS["missing"].format(name=name)


# ---------------------------------------------------- looks: each returns what is wrong, or an empty text


def parameters(target: Any, exercise: Exercise) -> str:
    taken = list(inspect.signature(target).parameters.values())
    if not taken:
        return WORDS["takes nothing"]
    needed = [
        parameter.name
        for parameter in taken[1:]
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    return WORDS["needs"].format(names=", ".join(needed)) if needed else ""


def stub(target: Any, exercise: Exercise) -> str:
    if STUB not in inspect.unwrap(target).__code__.co_names:
        return ""
    try:
        with time_limit(target):
            target(list(exercise.cases[0].layers_dims))
    except NotImplementedError:
        return WORDS["stub reached"]
    return WORDS["stub not reached"]


def checks(target: Any, exercise: Exercise) -> str:
    try:
        check(target, exercise)
    except CheckFailed as failed:
        return WORDS["fails"].format(got=failed.got, hint=failed.hint)
    try:
        check(target, exercise, exercise.further)
    except CheckFailed as failed:
        return WORDS["fails elsewhere"].format(call=failed.call, got=failed.got, hint=failed.hint)
    return ""


def names(target: Any, exercise: Exercise) -> str:
    target = inspect.unwrap(target)
    known = target.__globals__
    outside = names_from_outside(target)
    unset = sorted(name for name in outside if name not in known and not hasattr(builtins, name))
    used = sorted(name for name in outside & set(known) if is_data(known[name]))
    taken = [name for name in used if name == "np" or hasattr(builtins, name)]
    if unset:
        return undefined(unset, {*target.__code__.co_varnames, *known})
    if taken:
        return WORDS["taken"].format(names=", ".join(taken))
    return WORDS["uses"].format(names=", ".join(used)) if used else ""


def undefined(names: list[str], known: set[str]) -> str:
    """Say that nothing sets some names, and which known name the first may be a misspelling of."""
    similar = difflib.get_close_matches(names[0], known, n=1, cutoff=0.75)
    text = WORDS["misspelled" if similar else "undefined"]
    return text.format(names=", ".join(names), similar="".join(similar))


def imports(target: Any, foreign: set[str]) -> str:
    target = inspect.unwrap(target)
    steps = instructions(target)
    used = {package_of(target.__globals__.get(step.argval)) for step in steps if step.opname == "LOAD_GLOBAL"}
    used |= {step.argval.partition(".")[0] for step in steps if step.opname == "IMPORT_NAME"}
    return WORDS["foreign"].format(names=", ".join(sorted(foreign & used))) if foreign & used else ""


# ------------------------------------------------------------------ what a function uses, and what a cell imports


def names_from_outside(target: Any) -> set[str]:
    """Return the names that a function looks up, or sets, in its notebook or among Python's own."""
    of_globals = ("LOAD_GLOBAL", "STORE_GLOBAL")
    return {instruction.argval for instruction in instructions(target) if instruction.opname in of_globals}


def is_data(value: Any) -> bool:
    """Whether a value is neither a module nor can be called."""
    return not isinstance(value, types.ModuleType) and not callable(value)


def instructions(target: Any) -> list[dis.Instruction]:
    """Return what a function does step by step, and what the functions inside of it do."""
    parts = (target.__code__, *filter(inspect.iscode, target.__code__.co_consts))
    return [instruction for code in parts for instruction in dis.get_instructions(code)]


def imported_from_elsewhere(namespace: dict[str, Any]) -> set[str]:
    """Return the packages that the notebook imports and can't do without, and that the course does not have."""
    imports = [found for text in cells_of(namespace) for found in imports_of_cell(text)]
    needed = {name for name, optional in imports if not optional}
    optional = {name for name, optional in imports if optional}
    bound = {package_of(value) for name, value in namespace.items() if is_a(name, str) and not name.startswith("_")}
    return {name for name in needed | (bound - optional) if name and not in_course(name)}


def imports_of_cell(text: str) -> list[tuple[str, bool]]:
    """Return the packages that a cell imports, each with whether the cell goes on without it."""
    for source in (text, re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", text)):
        with suppress(Exception), warnings.catch_warnings():  # a cell may hold anything
            warnings.simplefilter("ignore")
            return list(packages(ast.parse(source)))
    return []


def packages(node: Any, optional: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield the packages that a statement and those inside of it import, each with whether it can be done without."""
    if is_a(node, ast.Import):
        yield from ((alias.name.partition(".")[0], optional) for alias in node.names)
    elif is_a(node, ast.ImportFrom) and not node.level:
        yield node.module.partition(".")[0], optional
    optional = optional or catches_a_failed_import(node)
    for child in ast.iter_child_nodes(node):
        if is_a(child, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield from packages(child, optional)


def catches_a_failed_import(node: Any) -> bool:
    """Whether a ``try`` or a ``with`` goes on where an import inside of it fails, as ``with suppress(ImportError)`` does."""
    caught = [handler.type for handler in getattr(node, "handlers", ())]
    caught += [item.context_expr for item in getattr(node, "items", ())]
    names = [inner.id for part in caught if part for inner in ast.walk(part) if isinstance(inner, ast.Name)]
    return None in caught or not NO_IMPORT.isdisjoint(names)


def package_of(value: Any) -> str | None:
    """Return where a module, a function or a class comes from, or None."""
    if is_a(value, (types.ModuleType, types.FunctionType, type)):
        with suppress(Exception):
            name = value.__name__ if is_a(value, types.ModuleType) else value.__module__
            return name.partition(".")[0]
    return None


def in_course(name: str | None) -> bool:
    """Whether a package can be imported where this is graded: it is the course's, Python's, or lies beside the notebook."""
    if name in COURSE or name in sys.stdlib_module_names or name in (None, "__main__"):
        return True
    return any(
        (folder / f"{name}.py").exists() or (folder / name).is_dir() for folder in (Path(__file__).parent, Path())
    )
