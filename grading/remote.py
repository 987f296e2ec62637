"""What a test sees in the grader's process of what is in the student's: errors, iterators, and changed arguments."""

import builtins
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grading.pipe import StudentDied

EXCEPTIONS = {
    name: error
    for name, error in vars(builtins).items()
    if isinstance(error, type) and issubclass(error, Exception) and not issubclass(error, ExceptionGroup)
} | {"SystemExit": SystemExit}


@dataclass(frozen=True)
class StudentLine:
    """The line of a student's cell that an error came from, named as in `traceback.FrameSummary`."""

    lineno: int
    line: str


def student_error(answer: Mapping[str, Any]) -> BaseException:
    """Return the exception that an answer describes: of a class of that name, as ``student_line`` the line if one is told."""
    kinds, text = answer.get("error"), answer.get("message")
    kinds = [kind for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
    base = next((EXCEPTIONS[kind] for kind in kinds if kind in EXCEPTIONS), Exception)
    name = kinds[0] if kinds and kinds[0].isidentifier() and len(kinds[0]) < 100 else base.__name__
    text = text[:1000] if isinstance(text, str) else ""
    methods = {"__init__": lambda self: None, "__str__": lambda self: text, "is_the_students": True}
    error: BaseException = type(name, (base,), methods)()
    vars(error)["student_line"] = student_line(answer.get("line"), answer.get("text"))
    return error


def student_line(number: object, text: object) -> StudentLine | None:
    """Return a line of the student's code, where these are one."""
    if type(number) is not int or not 0 < number < 100_000 or not isinstance(text, str):
        return None
    return StudentLine(number, text[:1000].strip())


def ask_for_test(asked: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """Ask the student's process for a test, which learns of its end as of any other error.

    A test may trace what it calls, to end it in time; the student's code is not here, and all else would run for longer.
    """
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        return asked(*arguments, **options)
    except StudentDied as death:
        if death.timed_out:
            raise TimeoutError(str(death)) from None
        raise RuntimeError(str(death)) from None
    finally:
        sys.settrace(trace)


def iterate_remotely(more: Callable[[], tuple[list[Any], int]], limit: int) -> Iterator[Any]:
    """Yield what ``more`` returns, up to ``limit`` bytes in all: a list of an iterator that never ends would fill the memory."""
    items, size = more()
    while items and limit >= 0:
        yield items.pop()
        limit -= size
        items, size = more()
    if items:
        raise ValueError("the answer can't be used: an iterator gives too much")


def change_arguments(args: Sequence[Any], kwargs: Mapping[str, Any], changed: object) -> None:
    """Make the caller's lists, dicts, sets, arrays and their like what the call made of the student's copies."""
    match changed:
        case [list(others), dict(named)]:
            pairs = [*zip(args, others), *((value, named.get(key)) for key, value in kwargs.items())]
        case _:
            return
    for mine, new in pairs:
        change_argument(mine, new)


def change_argument(mine: Any, new: object) -> None:
    """Make a value what another of its kind is, where it is of a kind that can be changed."""
    if any(isinstance(mine, kind) and isinstance(new, kind) for kind in (list, deque, bytearray)):
        mine.clear()
        mine.extend(new)
    elif any(isinstance(mine, kind) and isinstance(new, kind) for kind in (dict, set)):
        mine.clear()
        mine.update(new)
    elif (
        isinstance(mine, np.ndarray)
        and isinstance(new, np.ndarray)
        and mine.shape == new.shape
        and mine.dtype == new.dtype
    ):
        mine[...] = new
