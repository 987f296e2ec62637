"""What a learner's notebook holds: the cells that were run, the functions that they define, and values that may be anything."""

import ast
import builtins
import difflib
import dis
import re
import reprlib
import sys
import time
import traceback
import types
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from expected import Exercise
from sentences import SENTENCES, CheckFailed, failure

SECONDS = 5  # for one call of the learner's function, which needs about a thousandth of one
STUB = "NotImplementedError"  # what an exercise raises that is not written yet
FUNCTIONS_OF_EXERCISES = tuple(f"initialize_parameters_{kind}" for kind in ("zeros", "random", "he"))


# -------------------------------------------------------------- what was typed


def found(target: Any, exercise: Exercise) -> Any:
    """Return the function of an exercise: itself, or what the notebook has under its name.

    Parameters
    ----------
    target : callable or dict
        The function, or ``globals()`` of the notebook.

    Raises
    ------
    CheckFailed
        If no cell has set the name.
    """
    if not is_a(target, dict) or "__builtins__" not in target:
        return target
    name = exercise.function
    try:
        return target[name]
    except KeyError:
        pass
    cause, details = why_missing(target, name)
    raise unread(target, name) or failure(name, "there", cause, {"name": name, **details}) from None


def unread(namespace: dict[str, Any], name: str) -> CheckFailed | None:
    """Return what to say where Python could not read the cell that defines a name, as it was run last; else None."""
    for text in definitions(namespace, name)[-1:]:
        try:
            compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            lines = text.splitlines()
            line = lines[error.lineno - 1].strip() if error.lineno and error.lineno <= len(lines) else ""
            details = {"error": f"{type(error).__name__}: {error.msg}", "number": error.lineno, "line": line}
            return failure(name, "cell", "any", details)
        except Exception:  # a cell may hold anything; what else is wrong with it is told where it is run
            return None
    return None


def why_missing(namespace: dict[str, Any], name: str) -> tuple[str, dict[str, str]]:
    """Return why no cell has set the name of an exercise's function, and what else that names."""
    if other := pasted(namespace, name):
        return "pasted", {"other": other}
    if similar := renamed(namespace, name):
        return "similar", {"similar": similar}
    return "any", {}


def cells_of(namespace: dict[str, Any]) -> list[str]:
    """Return the cells that were run, in order: IPython keeps them."""
    cells: Any = namespace.get("In")
    return [text for text in cells if is_a(text, str)] if is_a(cells, list) else []


def definitions(namespace: dict[str, Any], name: str) -> list[str]:
    """Return the different cells that define a name, in the order in which they were run last."""
    defines = re.compile(rf"^(?:async )?def {name}\b|^{name} *=", re.MULTILINE)
    found = [text for text in cells_of(namespace) if defines.search(text)]
    return list(dict.fromkeys(reversed(found)))[::-1]


def pasted(namespace: dict[str, Any], name: str) -> str | None:
    """Return the exercise's function that a cell probably defines in place of ``name``, which is missing or still the stub.

    It is defined for a second time, since the stub was run, and its own check has not been run since: whoever mends
    an answer runs that next.
    """
    cells, mine = cells_of(namespace), definitions(namespace, name)
    if name in namespace and not (mine and STUB in mine[-1]):
        return None
    others = {other: definitions(namespace, other) for other in FUNCTIONS_OF_EXERCISES if other != name}
    astray = [
        other
        for other, texts in others.items()
        if len(texts) > 1
        and STUB not in texts[-1]
        and last_with(cells, texts[-1]) > last_with(cells, *mine, f"{other}_test(")
    ]
    kind = name.rpartition("_")[2]
    sure = [other for other in astray if kind in others[other][-1].replace(other, "")]
    return next(iter(sure or astray), None)


def last_with(cells: list[str], *parts: str) -> int:
    """Return the index of the last cell that holds one of some texts, or -1."""
    return max((index for index, cell in enumerate(cells) if any(part in cell for part in parts)), default=-1)


def renamed(namespace: dict[str, Any], name: str) -> str | None:
    """Return the learner's function that probably is the one of an exercise, under another name."""
    mine = [
        other
        for other, value in namespace.items()
        if is_a(value, types.FunctionType) and value.__module__ == "__main__" and other not in FUNCTIONS_OF_EXERCISES
    ]
    kind = name.rpartition("_")[2]  # init_he is short, but there is no doubt whose it is
    similar = difflib.get_close_matches(name, mine, n=1, cutoff=0.5)
    similar = similar or [other for other in mine if kind in other.lower().split("_")]
    return similar[0] if similar else None


# ----------------------------------------------------------------- what is run


def taken(error: BaseException, text: str, target: Any) -> dict[str, str]:
    """Return what a cell has set in place of Python's or NumPy's own, where that is why a line fails."""
    nothing = {"taken": "", "owner": "", "value": ""}
    if is_a(error, AttributeError):
        names, owner = ["np"], SENTENCES["words"]["of NumPy"]
    elif is_a(error, TypeError) and "object is not callable" in text:
        names, owner = dir(builtins), SENTENCES["words"]["of Python"]
    else:
        return nothing
    frames = [at for at in traceback.walk_tb(error.__traceback__) if is_learners(at[0], target)]
    for frame, number in frames[-1:]:
        known = {**frame.f_globals, **frame.f_locals}
        for name in names_in(frame.f_code, number):
            if name in names and name in known and f"{type(known[name]).__name__}' object" in text:
                return {"taken": name, "owner": owner, "value": " ".join(reprlib.repr(known[name]).split())}
    return nothing


def names_in(code: CodeType, number: int) -> list[str]:
    """Return the names of variables that are read on a line of code."""
    read = [
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname.startswith(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF"))
        and getattr(instruction.positions, "lineno", None) == number
    ]
    return [name for names in read for name in (names if is_a(names, tuple) else (names,))]


def is_learners(frame: FrameType, target: Any) -> bool:
    """Whether a frame runs what the learner wrote, in the cell of the function or in another."""
    return frame.f_code.co_filename == file_of(target) or frame.f_globals is namespace_of(target)


def namespace_of(target: Any) -> dict[str, Any]:
    """Return the names that a function finds, which are the notebook's; nothing where the grader calls it."""
    namespace: Any = getattr(target, "__globals__", None)
    return namespace if is_a(namespace, dict) else {}


def file_of(target: Any) -> str | None:
    return getattr(getattr(target, "__code__", None), "co_filename", None)


def learners_line(error: BaseException, target: Any) -> Any:
    """Return the deepest line of the traceback that stands in a cell of the learner's, with its number, or None.

    An error that comes from another process has no traceback of there, and carries its line.
    """
    if "student_line" in vars(error):
        return vars(error)["student_line"]
    frames = list(traceback.walk_tb(error.__traceback__))
    lines = traceback.extract_tb(error.__traceback__)
    mine = [line for (frame, _), line in zip(frames, lines) if is_learners(frame, target)]
    return mine[-1] if mine else None


class Stopped(BaseException):
    """Raised in the learner's own code, which may catch every Exception."""


@contextmanager
def time_limit(target: Any) -> Iterator[None]:
    """Raise TimeoutError when the learner's own code has run for SECONDS, in whatever cell it stands."""
    deadline = time.monotonic() + SECONDS

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        if not is_learners(frame, target):
            return None
        if time.monotonic() > deadline:
            raise Stopped
        return watch

    debugger = sys.gettrace()
    if debugger is None:
        sys.settrace(watch)
    try:
        yield
    except Stopped as stopped:
        said = SENTENCES["words"]["still running"].format(seconds=SECONDS)
        raise TimeoutError(said).with_traceback(stopped.__traceback__) from None
    finally:
        sys.settrace(debugger)


# ----------------------------------------------- values, which may be anything


def is_a(value: object, kind: type | tuple[type, ...]) -> bool:
    """Like isinstance, without asking the value what it is: it may say anything."""
    return issubclass(type(value), kind)


def type_name(value: object) -> str:
    return "None" if value is None else type(value).__name__


def short(value: object) -> str:
    """Return a value as text, in one short line; its own text is no reason to fail."""
    try:
        text = str(value)
    except Exception:
        text = type(value).__name__
    return " ".join(text[:200].split())


def text_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {short(error)}".removesuffix(": ")
