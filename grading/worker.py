"""The untrusted end of the pipe: runs a student's cells in IPython and calls the student's functions.

This file runs inside the sandbox, as a program, with IPython, NumPy and the
standard library. What it answers is data, and the grader believes none of it:
student code shares this process and may send whatever it likes instead.

A message is what `protocol.py` says. `student.py` is the other end.
"""

import ast
import builtins
import contextlib
import difflib
import functools
import importlib.util
import io
import json
import os
import random
import re
import resource
import stat
import sys
import traceback
import types
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


def load_room(name: str) -> types.ModuleType:
    """Load a file beside this one, by its path, as a room of the grader."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"grading.{name}", path)
    assert spec and spec.loader
    room = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(room)
    return room


if not __package__:  # inside the sandbox, where the package is not, and its folder can't be looked through
    sys.modules["grading"] = types.ModuleType("grading")
    for name in load_room("protocol").WORKER_ROOMS:
        load_room(name)

from grading.cells import (  # noqa: E402
    display_data,
    first_outputs,
    is_definition,
    is_import,
    is_python,
    pictures,
    split_import,
    without_invisible_signs,
)
from grading.decoder import Decoder  # noqa: E402
from grading.encoder import Encoder  # noqa: E402
from grading.namespace import Namespace  # noqa: E402
from grading.patches import make_chance_repeatable, refuse_programs  # noqa: E402
from grading.protocol import LENGTHS, Malformed, frame  # noqa: E402
from grading.shell import Shell, new_shell  # noqa: E402

if not __package__:  # a student may have a module of that name
    for name in [name for name in sys.modules if name.partition(".")[0] == "grading"]:
        del sys.modules[name]

MAX_PRINTED = 10_000  # characters of printed text that an answer keeps
MAX_ERROR_TEXT = 1_000  # characters
PYTHONS_SYNTAX_ERRORS = SyntaxError, IndentationError, TabError


class Notebook:
    """The student's side of the conversation: one method for each request."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.names: Namespace = shell.user_ns
        self.kept: list[Any] = []  # functions and iterators that an answer told of, by their numbers
        self.encoder, self.last_source = Encoder(self.kept), ""
        self.decoder = Decoder(0, refuse_opaque)
        self.unchanged: dict[str, int] = {}  # when a file was written that no cell has written, in nanoseconds
        self.versions: dict[
            str, list[Any]
        ] = {}  # of each wanted name: the values that it had after one cell or another

    def begin(self, header: dict[str, Any], body: io.BytesIO) -> None:
        """Limit this process, put the student's files into its folder, and take in which names will be asked for."""
        for name, size in header["files"]:
            content = body.read(size)
            with contextlib.suppress(OSError):  # a student's folder may have the name of a file that is given
                os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
                with open(name, "wb") as file:
                    file.write(content)
        names = [*header["there"], *(name for name, _ in header["files"])]
        self.unchanged = {name: os.stat(name).st_mtime_ns for name in names if os.path.isfile(name)}
        for name, limit in header["limits"].items():
            resource.setrlimit(getattr(resource, name), (limit, limit))
        make_chance_repeatable()
        refuse_programs()
        sys.path.insert(0, os.getcwd())
        self.decoder = Decoder(header["answer"], refuse_opaque)
        self.versions = {name: [] for name in header["wanted"]}

    def defer(self, cells: Iterable[tuple[str, list[str]]]) -> None:
        """Keep cells until a name is asked for that one of them sets."""
        for source, names in cells:
            for name in names:
                self.names.pop(name, None)
            loads = source.startswith(("import ", "from ")) and "\n" not in source
            run: Callable[[], None] = functools.partial(self.run_statements, source)
            if loads:
                run = functools.partial(exec, source, self.names)
            self.names.defer(names, run)

    def run(self, header: dict[str, Any], body: io.BytesIO) -> dict[str, Any] | None:
        """Run a cell, or of what can't be run to its end the definitions."""
        source, before, self.last_source = header["source"], self.last_source, header["source"]
        self.set_number(header["number"])
        importlib.invalidate_caches()  # a cell may just have written a module
        source = self.repaired(source, before)
        try:
            if header["definitions"]:
                self.run_statements(source, only=is_definition)
                return None
            if not header["show"]:
                self.run_whole(source)
                return None
            value, error = None, None
            with capture_output() as shown:
                try:
                    value = self.run_whole(source)
                except BaseException as raised:  # noqa: BLE001 - what was shown before it is shown all the same
                    error = self.failure(raised)
            print(shown.stdout, end="")
            last = [] if value is None else [self.formatted(value)]
            outputs = [*map(display_data, [*(output.data for output in shown.outputs), *last]), *pictures()]
            return {"outputs": [*first_outputs(outputs)]} | (error or {})
        finally:
            self.record_versions()

    def formatted(self, value: Any) -> dict[str, Any]:
        """Return a value in all forms in which a notebook shows it."""
        formatter: Any = self.shell.display_formatter
        forms: dict[str, Any] = formatter.format(value)[0]
        return forms

    def set_number(self, number: int) -> None:
        """Give the next cell the number that it has in the notebook, as some are not run."""
        manager: Any = self.shell.history_manager
        for history in (manager.input_hist_parsed, manager.input_hist_raw):
            history.extend([""] * (number - len(history)))
        if number > self.shell.execution_count:
            self.shell.execution_count = number

    def repaired(self, source: str, before: str) -> str:
        """Return a cell as Python can read it: as it is, without invisible signs, or joined to what it was split from."""
        whole = before + "\n" + source
        for text in (source, without_invisible_signs(source), whole):
            if is_python(text) or is_python(InteractiveShell.transform_cell(self.shell, text)):  # type: ignore[no-untyped-call]
                return text
        return source

    def run_whole(self, source: str) -> Any:
        """Run a cell as IPython does; return the value of its last line. What stands below an import that fails is run, too."""
        self.shell.failed = None
        self.names.load_for_classes(self.shell.transform_cell(source))
        result = self.shell.run_cell(source, store_history=True)  # type: ignore[no-untyped-call]
        error = result.error_before_exec or result.error_in_exec or self.shell.failed
        if error is None:
            return result.result
        first, _, rest = source.lstrip().partition("\n")
        if isinstance(error, ImportError) and first.startswith("%%"):
            self.run_whole(rest)
        elif isinstance(error, ImportError):
            failed = next((at.lineno or 0 for at in traceback.extract_tb(error.__traceback__) if is_cell(at)), 0)
            self.run_statements(
                source, only=lambda node: node.lineno >= failed and (node.lineno > failed or is_import(node))
            )
        raise error

    def run_statements(self, source: str, only: Callable[[ast.stmt], bool] = lambda statement: True) -> None:
        """Run some statements of a cell, each by itself: one that fails costs itself."""
        text = self.shell.transform_cell(source)
        name = self.shell.compile.cache(text, len(self.names["In"]))
        self.names.load_for_classes(text)
        for node in compile(text, name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).body:
            for part in split_import(node) if only(node) else ():
                with contextlib.suppress(Exception):
                    exec(compile(ast.Module([part], []), name, "exec"), self.names)

    def test(self, header: dict[str, Any], body: io.BytesIO) -> dict[str, Any]:
        """Run a test of the course's own together with the student's code; return the value of its last line."""
        self.set_number(header["number"])
        with contextlib.redirect_stderr(io.StringIO()):
            return {"value": self.encoder.encode(self.run_whole(header["source"]))}

    def files(self, header: dict[str, Any], body: io.BytesIO) -> dict[str, Any]:
        """Return what the cells wrote into files, as far as it is not too much: another notebook may read them."""
        found: list[list[Any]] = []
        left = header["limit"]
        for parent, _, names in os.walk("."):
            for path in (os.path.normpath(os.path.join(parent, name)) for name in names):
                about = os.lstat(path)
                if (
                    stat.S_ISREG(about.st_mode)
                    and about.st_size <= left
                    and self.unchanged.get(path) != about.st_mtime_ns
                ):
                    with open(path, "rb") as file:
                        self.encoder.body.append(file.read(about.st_size))
                    found.append([path, len(self.encoder.body[-1])])
                    left -= about.st_size
        return {"files": found}

    def record_versions(self, of_functions: bool = True) -> None:
        """Keep what the wanted names stand for now, where that is new."""
        for name, versions in self.versions.items():
            value = dict.get(self.names, name)  # not what was put off
            if value is not None and not any(value is version for version in versions):
                if of_functions or not callable(value):
                    versions.append(value)

    def version_counts(self) -> dict[str, list[Any]]:
        """Return how many values the cells gave each wanted name, and whether the last can be called."""
        return {name: [len(values), callable(values[-1])] for name, values in self.versions.items() if values}

    def value(self, header: dict[str, Any], body: io.BytesIO) -> dict[str, Any]:
        """Return the value of a name that the student's cells set."""
        return {"value": self.encoder.encode(self.latest_version(header["name"]))}

    def latest_version(self, name: str) -> Any:
        """Return what a name stands for now; raise NameError."""
        if not self.versions[name] and not dict.__contains__(self.names, name):
            raise NameError(f"name '{name}' is not defined", name=name)
        return self.versions[name][-1] if self.versions[name] else self.names[name]

    def next(self, header: dict[str, Any], body: io.BytesIO) -> dict[str, Any]:
        """Return what an iterator that was told of gives next."""
        for value in self.kept[header["number"]]:
            return {"value": self.encoder.encode(value)}
        return {"over": True}

    def call(self, header: dict[str, Any], body: io.BytesIO) -> dict[str, Any]:
        """Call a function, and return its value, and its arguments where it has changed them."""
        *arguments, drawn = self.decoder.decode(header["arguments"], body.getvalue())
        python, numpy = drawn
        if python is not None:  # the test has seeded or drawn: go on from there
            version, keys, normal = python
            random.setstate((version, tuple(keys.tolist()), normal))
        if numpy is not None:
            np.random.set_state(("MT19937", *numpy))
        before = snapshot(arguments)
        function = self.kept[header["number"]] if "number" in header else self.latest_version(header["name"])
        try:
            value = function(*arguments[0], **arguments[1])
        except NotImplementedError:
            if len(self.versions.get(header.get("name", ""), ())) < 2:
                raise
            self.versions[header["name"]].pop()  # an untouched copy of the exercise does not replace an answer
            return self.call(header, body)
        finally:
            self.record_versions(of_functions=False)  # a call may set a global name
        answer = {"value": self.encoder.encode(value)}
        if snapshot(arguments) != before:
            answer["arguments"] = self.encoder.encode(arguments)
        return answer

    # ------------------------------------------------------------------ what went wrong

    def failure(self, error: BaseException) -> dict[str, Any]:
        """Describe what a request raised, and the student's line that it came from."""
        frames = [at for at in traceback.extract_tb(error.__traceback__) if is_cell(at)]
        line = (frames[-1].line or "").strip()[:MAX_ERROR_TEXT] if frames else ""
        where = {"line": frames[-1].lineno, "text": line} if frames else {}
        try:
            text = str(error)[:MAX_ERROR_TEXT]
            if type(error) in PYTHONS_SYNTAX_ERRORS and isinstance(error, SyntaxError) and error.lineno:
                text = f"{error.msg} (line {error.lineno}: {(error.text or '').strip()[:MAX_ERROR_TEXT]})"
            text += self.cause(error, line)
        except Exception:  # the error is the student's own class
            text = ""
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"error": kinds, "message": text} | where

    def cause(self, error: BaseException, line: str) -> str:
        """Return what a person would see at once in the notebook and not in the error, or an empty text."""
        if isinstance(error, NameError) and error.name in self.versions:
            alike = [name for name, value in self.names.items() if callable(value) and name[:1] != "_"]
            found = difflib.get_close_matches(error.name, alike, 1, 0.8)
            return f": there is a {found[0]}, did you mean that name?" if found else ""
        there = dict(self.names)  # without what was put off
        hidden = sorted(
            word for word in re.findall(r"\w+", line) if word in there and hides_built_in(word, there[word])
        )
        if isinstance(error, (TypeError, AttributeError)) and hidden:
            value = repr(there[hidden[0]])[:40]
            return f": {hidden[0]} is no longer Python's own, one of the notebook's cells has set it to {value}"
        return ""


def is_cell(at: traceback.FrameSummary) -> bool:
    """Whether a line of a traceback stands in a cell."""
    return at.filename.startswith("<ipython-input")


def hides_built_in(name: str, value: Any) -> bool:
    """Whether a name of the notebook hides a built-in one."""
    return (
        hasattr(builtins, name)
        and value is not getattr(builtins, name)
        and name not in ("display", "get_ipython", "open")
    )


def refuse_opaque(tree: dict[str, Any]) -> NoReturn:
    """Raise for an argument that is no data: what would stand for it here is something else."""
    raise TypeError(f"the test passes something of type {tree['other']}, and only plain data can be passed")


def snapshot(value: Any) -> tuple[Any, list[bytes]]:
    """Return everything about a value that a call could change, for comparison."""
    encoder = Encoder()
    return encoder.encode(value), encoder.body


def warm_up(shell: Shell) -> None:
    """Do what every worker does, so that what is loaded or made at its first use is there, and leave no trace of it.

    Python makes code faster that has run some times, which is then done, too.
    """
    for _ in range(10):
        notebook = Notebook(shell)
        notebook.decoder, notebook.versions = Decoder(1 << 10, refuse_opaque), {"f": []}
        importlib.invalidate_caches()
        shell.run_cell(  # type: ignore[no-untyped-call]
            notebook.repaired("def f(x, y):\n    return x, y\n1 / 0", ""), store_history=False
        )
        notebook.record_versions()
        given = Encoder()
        arguments = given.encode([[[1], {"a": np.zeros((2, 3))}], {}, [None, None]])
        answer = notebook.call({"name": "f", "arguments": arguments}, io.BytesIO(b"".join(given.body)))
        json.loads(frame(answer | {"noted": notebook.version_counts()})[LENGTHS.size :])
        assert shell.failed is not None
        notebook.failure(shell.failed)
    shell.user_ns.pop("f")


def main(shell: Shell | None = None) -> None:
    """Answer requests until there are none."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # the conversation is on descriptors of its own
        os.dup2(nothing, descriptor)
    notebook = Notebook(shell or new_shell())
    while (lengths := requests.read(LENGTHS.size)) and len(lengths) == LENGTHS.size:
        size, body_size = LENGTHS.unpack(lengths)
        header, body = json.loads(requests.read(size)), io.BytesIO(requests.read(body_size))
        printed = sys.stdout = io.StringIO()
        notebook.encoder.body = []
        try:
            notebook.defer(header.get("deferred", ()))
            answer = getattr(notebook, header["do"])(header, body) or {}
        except BaseException as error:  # a student's code may raise anything, SystemExit among it
            answer = notebook.failure(error)
        answer["noted"] = notebook.version_counts()
        answer["printed"] = "" if printed.closed else printed.getvalue()[:MAX_PRINTED]
        try:
            message = frame(answer, b"".join(notebook.encoder.body))
        except Malformed as error:
            message = frame(
                notebook.failure(ValueError(f"the answer can't be used: {error}")) | {"noted": answer["noted"]}
            )
        answers.write(message)
        answers.flush()


if __name__ == "__main__":
    main()
