"""What a worker replaces in Python and NumPy: chance, which is the same in every process, and the start of programs."""

import _posixsubprocess
import errno
import functools
import os
import pdb
import random
import subprocess
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from grading.namespace import SEED, seed_all
from grading.shell import run_shell_lines

UNFILLED = 1e300
NO_PROGRAMS = "The grader starts no other programs: an answer has to do without them"


def filled(make: Callable[..., np.ndarray[Any, Any]]) -> Callable[..., np.ndarray[Any, Any]]:
    """Return np.empty or np.empty_like with a number in it that nobody uses: what memory holds is often zeros by chance."""

    @functools.wraps(make)
    def made(*arguments: Any, **options: Any) -> np.ndarray[Any, Any]:
        array = make(*arguments, **options)
        if array.dtype.kind in "fc":
            array.fill(UNFILLED)
        return array

    return made


def make_chance_repeatable() -> None:
    """Make what is random by default the same in every process, so that a submission graded twice gets the same answer."""
    setattr(
        random, "_urandom", random.Random(SEED).randbytes
    )  # where NumPy's generators without a seed get theirs, too
    seed_all()
    for name in ("empty", "empty_like"):
        setattr(np, name, filled(getattr(np, name)))


def refuse_programs() -> None:
    """Have every attempt to start a program end in a sentence; that none is started is the sandbox's work."""

    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise PermissionError(errno.EPERM, NO_PROGRAMS)

    setattr(_posixsubprocess, "fork_exec", refuse)
    setattr(subprocess.Popen, "_execute_child", refuse)
    for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp"):
        setattr(os, name, refuse)
    setattr(os, "system", run_shell_line)
    setattr(pdb.Pdb, "do_EOF", pdb.Pdb.do_continue)  # nobody answers a debugger: it goes on


def run_shell_line(line: str) -> int:
    """Stand for `os.system`; return the state of a program that has done what it should."""
    print(*run_shell_lines(line), sep="\n")
    return 0
