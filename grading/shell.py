"""IPython without a person, inside the sandbox: the shell that runs a student's cells, and starts no other program."""

import contextlib
import itertools
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList
from traitlets import Type

from grading.cells import is_python
from grading.namespace import Namespace


class SilentDisplayHook(DisplayHook):
    """Takes the value of a cell's last line, for ``_`` and ``Out``, and prints it nowhere."""

    def compute_format_data(self, result: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {}

    def write_output_prompt(self) -> None:
        """Do nothing."""

    def write_format_data(self, *arguments: object) -> None:
        """Do nothing."""

    def finish_displayhook(self) -> None:
        """Do nothing."""


class Shell(InteractiveShell):
    """IPython without a person: nothing is asked, nothing is formatted for a screen, and no other program is started."""

    displayhook_class = Type(SilentDisplayHook)
    failed: BaseException | None = None  # what the last cell raised, as far as it was shown

    def transform_cell(self, raw_cell: str) -> str:
        """Leave a cell that is Python as it is; one line may be the name of a macro."""
        if "\n" in raw_cell.strip() and is_python(raw_cell):
            return raw_cell.rstrip() + "\n"
        transformed: str = super().transform_cell(raw_cell)  # type: ignore[no-untyped-call]
        return transformed

    def should_run_async(  # type: ignore[override]  # IPython always passes what it has transformed
        self, raw_cell: str, *, transformed_cell: str, **options: Any
    ) -> bool:
        """Return whether a cell has to be awaited; IPython compiles it to find out, and few ask for that."""
        may_await = "await" in transformed_cell or "async" in transformed_cell
        return may_await and super().should_run_async(raw_cell, transformed_cell=transformed_cell, **options)

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no window."""

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str | None, str]:
        """Do nothing: what a cell draws is taken from Matplotlib where somebody is to see it."""
        return gui, "agg"

    def ask_exit(self) -> None:
        raise SystemExit

    def showtraceback(self, exc_tuple: Any = None, *arguments: object, **options: object) -> None:
        """Keep the error: the grader is told of it, also where a magic takes it for told."""
        self.failed = (exc_tuple or sys.exc_info())[1]

    def showsyntaxerror(self, *arguments: object, **options: object) -> None:
        """Do nothing: the result of the cell has it."""

    showindentationerror = showsyntaxerror

    def _format_exception_for_storage(self, *arguments: object, **options: object) -> dict[str, Any]:
        return {}

    def system(self, line: str) -> None:
        self.user_ns["_exit_code"] = 0
        text = self.var_expand(line, depth=1)  # type: ignore[no-untyped-call]
        print(*run_shell_lines(text), sep="\n")

    system_raw = system_piped = system

    def getoutput(self, line: str, split: bool = True, depth: int = 0) -> Any:
        text = self.var_expand(line, depth=depth + 1)  # type: ignore[no-untyped-call]
        lines = run_shell_lines(text)
        return SList(lines) if split else "\n".join(lines)


def run_shell_lines(text: str) -> list[str]:
    """Do what a shell's own words do to files, ``echo`` and its like; leave all other programs out. Return what it prints."""
    printed: list[str] = []
    lines = iter(text.replace("\\\n", " ").splitlines())
    for line in lines:
        given: list[str] = []
        if here := re.search(r"<<-?\s*['\"]?(\w+)['\"]?", line):
            given = list(itertools.takewhile(lambda one: one.strip() != here[1], lines))
            line = line.replace(here[0], " ")
        with contextlib.suppress(ValueError):  # no closing quotation
            words = shlex.shlex(line, posix=True, punctuation_chars="&;><")
            words.whitespace_split = True
            for command in split_at(("&&", ";"), words):
                with contextlib.suppress(Exception):  # a shell goes on, too
                    printed += run_shell_command(*redirected(command), given)
    return printed


def split_at(marks: tuple[str, ...], words: Iterable[str]) -> Iterator[list[str]]:
    """Yield the commands of a line."""
    for is_mark, command in itertools.groupby(words, lambda word: word in marks):
        if not is_mark:
            yield [*command]


def redirected(words: list[str]) -> tuple[list[str], str | None, str]:
    """Return a command, the file that takes what it prints, and how that is opened."""
    for sign, mode in ((">>", "a"), (">", "w")):
        if sign in words:
            at = words.index(sign)
            return words[:at] + words[at + 2 :], words[at + 1], mode
    return words, None, ""


# One function: the words of a shell that do something to files, one after the other.
def run_shell_command(words: list[str], file: str | None, mode: str, given: list[str]) -> list[str]:
    """Run one command, which may have been given lines to read; return the lines that it prints."""
    name, *rest = words
    options, names = [word for word in rest if word.startswith("-")], [word for word in rest if word[:1] != "-"]
    lines: list[str] = []
    if name == "echo":
        lines = [" ".join(word for word in rest if word not in ("-n", "-e"))]
    elif name == "printf":
        lines = rest[0].encode().decode("unicode_escape").rstrip("\n").split("\n")
    elif name == "cat":
        lines = [line for one in names for line in open(one).read().splitlines()] or given
    elif name == "ls":
        lines = sorted(one for one in os.listdir(*names[:1]) if one[0] != ".")
    elif name == "pwd":
        lines = [os.getcwd()]
    elif name == "touch":
        for one in names:
            open(one, "a").close()
    elif name == "mkdir":
        for one in names:
            os.makedirs(one, exist_ok="-p" in options)
    elif name in ("cp", "mv"):
        copy_or_move: Callable[..., object] = shutil.copy if name == "cp" else shutil.move
        copy_or_move(*names)
    if file is None:
        return lines
    with open(file, mode) as target:
        target.writelines(line + "\n" for line in lines)
    return []


def run_shell_cell(line: str, cell: str = "") -> None:
    """Stand for the magics whose cells are a shell's."""
    lines = run_shell_lines(cell)
    if out := re.search(r"--out[ =](\w+)", line):
        InteractiveShell.instance().user_ns[out[1]] = "\n".join([*lines, ""])
    else:
        print(*lines, sep="\n")


def new_shell() -> Shell:
    """Return a shell with an empty namespace. It takes longer to make than a cell to run."""
    HistoryManager.enabled = False  # type: ignore[assignment]  # a trait
    sys.displayhook = sys.__displayhook__
    shell = Shell.instance(user_ns=Namespace(), colors="NoColor", autocall=0, history_length=0)
    shell.separate_in = shell.separate_out = ""
    for name in ("bash", "sh", "script"):
        shell.register_magic_function(run_shell_cell, "cell", name)  # type: ignore[arg-type]  # as IPython documents it
    return shell
