"""The untrusted end of the pipe: runs a student's cells in IPython and calls the student's functions.

This file runs inside the sandbox, as a program, with IPython, NumPy and the
standard library. What it answers is data, and the grader believes none of it:
student code shares this process and may send whatever it likes instead.

A message is what `protocol.py` says. `student.py` is the other end.
"""

import _posixsubprocess
import ast
import base64
import builtins
import contextlib
import difflib
import errno
import functools
import importlib.util
import io
import itertools
import json
import os
import pdb
import random
import re
import resource
import shlex
import shutil
import stat
import subprocess
import symtable
import sys
import traceback
import types

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from IPython.utils.text import SList
from traitlets import Type

if not __package__:  # inside the sandbox, where the package is not, and its folder can't be looked through
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "protocol.py")
    spec = importlib.util.spec_from_file_location("grading.protocol", path)
    sys.modules["grading"] = types.ModuleType("grading")
    sys.modules["grading.protocol"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["grading.protocol"])

from grading.protocol import LENGTHS, OUTPUTS, Decoder, Encoder, Malformed, frame  # noqa: E402

if not __package__:
    del sys.modules["grading"], sys.modules["grading.protocol"]  # a student may have a module of that name

PRINTED = 10_000  # characters of printed text that an answer keeps
PICTURES = 20  # of one cell
SHOWN = 1_000  # characters of an error's text
UNFILLED = 1e300
START = 1_618_033_988  # no seed that a person would write
ALONE = "The grader starts no other programs: an answer has to do without them"


# ------------------------------------------------------------------------ the shell


class Namespace(dict):
    """The names of a notebook. One that is not there may come from a cell that was put off, which is run when it is asked for."""

    def __init__(self):
        super().__init__(__name__="__main__", __doc__=None)
        self.later = {}  # the cell that sets a name, by the name

    def put_off(self, names, run):
        """Have ``run`` called when one of the names is asked for."""
        self.later |= dict.fromkeys(names, run)

    def __missing__(self, name):
        run = self.later.get(name)
        if run is None:
            raise KeyError(name)
        self.later = {other: cell for other, cell in self.later.items() if cell is not run}
        run()
        return self[name]

    def meet_classes(self, source):
        """Run what was put off and is named in the body of a class: there Python looks names up past ``__missing__``."""
        tables = []
        if self.later and "class" in source:
            with contextlib.suppress(SyntaxError, ValueError):
                tables.append(symtable.symtable(source, "", "exec"))
        while tables:
            table = tables.pop()
            tables += table.get_children()
            for symbol in table.get_symbols() if table.get_type() == "class" else ():
                if symbol.is_referenced() and symbol.get_name() in self.later:
                    with contextlib.suppress(Exception):  # it is raised where the class is made
                        self[symbol.get_name()]

    def get(self, name, default=None):
        return self[name] if name in self else default

    def __contains__(self, name):
        return super().__contains__(name) or name in self.later


class Hook(DisplayHook):
    """Takes the value of a cell's last line, for ``_`` and ``Out``, and prints it nowhere."""

    def compute_format_data(self, result):
        return {}, {}

    def write_output_prompt(self):
        """Do nothing."""

    def write_format_data(self, *arguments):
        """Do nothing."""

    def finish_displayhook(self):
        """Do nothing."""


class Shell(InteractiveShell):
    """IPython without a person: nothing is asked, nothing is formatted for a screen, and no other program is started."""

    displayhook_class = Type(Hook)

    def transform_cell(self, raw_cell):
        """Leave a cell that is Python as it is; one line may be the name of a macro."""
        whole = "\n" in raw_cell.strip() and is_python(raw_cell)
        return raw_cell.rstrip() + "\n" if whole else super().transform_cell(raw_cell)

    def should_run_async(self, raw_cell, *, transformed_cell, **options):
        """Return whether a cell has to be awaited; IPython compiles it to find out, and few ask for that."""
        may = "await" in transformed_cell or "async" in transformed_cell
        return may and super().should_run_async(raw_cell, transformed_cell=transformed_cell, **options)

    def enable_gui(self, gui=None):
        """Do nothing: there is no window."""

    def enable_matplotlib(self, gui=None):
        """Do nothing: what a cell draws is taken from Matplotlib where somebody is to see it."""
        return gui, "agg"

    def ask_exit(self):
        raise SystemExit

    def showtraceback(self, exc_tuple=None, *arguments, **options):
        """Keep the error: the grader is told of it, also where a magic takes it for told."""
        self.failed = (exc_tuple or sys.exc_info())[1]

    def showsyntaxerror(self, *arguments, **options):
        """Do nothing: the result of the cell has it."""

    showindentationerror = showsyntaxerror

    def _format_exception_for_storage(self, *arguments, **options):
        return {}

    def system(self, line):
        self.user_ns["_exit_code"] = 0
        print(*shell_lines(self.var_expand(line, depth=1)), sep="\n")

    system_raw = system_piped = system

    def getoutput(self, line, split=True, depth=0):
        lines = shell_lines(self.var_expand(line, depth=depth + 1))
        return SList(lines) if split else "\n".join(lines)


def shell_lines(text):
    """Do what a shell's own words do to files, ``echo`` and its like; leave all other programs out. Return what it prints."""
    printed, lines = [], iter(text.replace("\\\n", " ").splitlines())
    for line in lines:
        given = []
        if here := re.search(r"<<-?\s*['\"]?(\w+)['\"]?", line):
            given = list(itertools.takewhile(lambda one: one.strip() != here[1], lines))
            line = line.replace(here[0], " ")
        with contextlib.suppress(ValueError):  # no closing quotation
            words = shlex.shlex(line, posix=True, punctuation_chars="&;><")
            words.whitespace_split = True
            for command in split_at(("&&", ";"), words):
                with contextlib.suppress(Exception):  # a shell goes on, too
                    printed += shell_command(*redirected(command), given)
    return printed


def split_at(marks, words):
    """Yield the commands of a line."""
    for end, command in itertools.groupby(words, lambda word: word in marks):
        if not end:
            yield [*command]


def redirected(words):
    """Return a command, the file that takes what it prints, and how that is opened."""
    for sign, mode in ((">>", "a"), (">", "w")):
        if sign in words:
            at = words.index(sign)
            return words[:at] + words[at + 2 :], words[at + 1], mode
    return words, None, None


def shell_command(words, file, mode, given):
    """Run one command; return the lines that it prints."""
    name, *rest = words
    options, names = [word for word in rest if word.startswith("-")], [word for word in rest if word[:1] != "-"]
    lines = []
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
        [open(one, "a").close() for one in names]
    elif name == "mkdir":
        [os.makedirs(one, exist_ok="-p" in options) for one in names]
    elif name in ("cp", "mv"):
        (shutil.copy if name == "cp" else shutil.move)(*names)
    if file is None:
        return lines
    with open(file, mode) as target:
        target.writelines(line + "\n" for line in lines)
    return []


def run_script(line, cell=""):
    """Stand for the cells of a shell."""
    lines = shell_lines(cell)
    if out := re.search(r"--out[ =](\w+)", line):
        InteractiveShell.instance().user_ns[out[1]] = "\n".join([*lines, ""])
    else:
        print(*lines, sep="\n")


def new_shell():
    """Return a shell with an empty namespace. It takes longer to make than a cell to run."""
    HistoryManager.enabled = False
    sys.displayhook = sys.__displayhook__
    shell = Shell.instance(user_ns=Namespace(), colors="NoColor", autocall=0, history_length=0)
    shell.separate_in = shell.separate_out = ""
    for name in ("bash", "sh", "script"):
        shell.register_magic_function(run_script, "cell", name)
    return shell


# --------------------------------------------------------------------- the notebook


def without_signs(source):
    """Return a cell without what is copied along with it and nobody sees; IPython takes out the prompts."""
    source = re.sub("[\0\u200b-\u200f\u2060\ufeff]", "", source)
    source = re.sub("[\u2028\u2029]\n?", "\n", source).replace("\u00a0", " ")
    return (
        re.sub(r"^[ \t]*\.{3,}(?: |$)", "", source, flags=re.MULTILINE)
        if re.match(r"\s*(>>>|In \[)", source)
        else source
    )


@functools.lru_cache(1)
def is_python(text):
    try:
        compile(text, "", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return False
    return True


def imports(node):
    return isinstance(node, (ast.Import, ast.ImportFrom))


def defines(node):
    """Whether a statement imports, defines, or sets a constant."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return (
        imports(node)
        or isinstance(node, kinds)
        or isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
    )


def one_by_one(node):
    """Return a statement, or for one that imports several modules one for each: some may be there."""
    if not isinstance(node, ast.Import):
        return [node]
    return [ast.copy_location(ast.Import([alias]), node) for alias in node.names]


def as_output(data):
    """Return what a cell displayed as an output of a notebook."""
    texts = {kind: base64.b64encode(part).decode() if isinstance(part, bytes) else part for kind, part in data.items()}
    return {
        "output_type": "display_data",
        "data": {kind: text for kind, text in texts.items() if isinstance(text, str)},
    }


def pictures():
    """Yield what a cell drew with Matplotlib, as outputs of a notebook."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    for number in pyplot.get_fignums()[:PICTURES] if pyplot else ():
        file = io.BytesIO()
        pyplot.figure(number).savefig(file, format="png", dpi=72)
        yield {"output_type": "display_data", "data": {"image/png": base64.b64encode(file.getvalue()).decode()}}
    if pyplot:
        pyplot.close("all")


def what_fits(outputs):
    """Yield the first outputs of a cell, as many as anybody will look at."""
    left = OUTPUTS
    for output in outputs:
        left -= len(json.dumps(output)) + 2
        if left < 0:
            return
        yield output


class Notebook:
    """The student's side of the conversation: one method for each request."""

    def __init__(self, shell):
        self.shell, self.names = shell, shell.user_ns
        self.encoder, self.before = Encoder(kept=[]), ""
        self.versions = {}  # of each wanted name: the values that it had after one cell or another

    def begin(self, header, body):
        """Limit this process, put the student's files into its folder, and take in which names will be asked for."""
        for name, size in header["files"]:
            content = body.read(size)
            with contextlib.suppress(OSError):  # a student's folder may have the name of a file that is given
                os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
                with open(name, "wb") as file:
                    file.write(content)
        names = [*header["there"], *(name for name, _ in header["files"])]
        self.given = {name: os.stat(name).st_mtime_ns for name in names if os.path.isfile(name)}
        for name, limit in header["limits"].items():
            resource.setrlimit(getattr(resource, name), (limit, limit))
        start_equally()
        start_nothing()
        sys.path.insert(0, os.getcwd())
        self.decoder = Decoder(header["answer"], refuse)
        self.versions = {name: [] for name in header["wanted"]}

    def put_off(self, cells):
        """Keep cells until a name is asked for that one of them sets."""
        for source, names in cells:
            for name in names:
                self.names.pop(name, None)
            loads = source.startswith(("import ", "from ")) and "\n" not in source
            run = functools.partial(exec, source, self.names) if loads else functools.partial(self.statements, source)
            self.names.put_off(names, run)

    def run(self, header, body):
        """Run a cell, or of what can't be run to its end the definitions."""
        source, before, self.before = header["source"], self.before, header["source"]
        self.count_to(header["number"])
        importlib.invalidate_caches()  # a cell may just have written a module
        source = self.readable(source, before)
        try:
            if header["definitions"]:
                self.statements(source, only=defines)
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
            last = [] if value is None else [self.shell.display_formatter.format(value)[0]]
            outputs = [*map(as_output, [*(output.data for output in shown.outputs), *last]), *pictures()]
            return {"outputs": [*what_fits(outputs)]} | (error or {})
        finally:
            self.take_note()

    def count_to(self, number):
        """Give the next cell the number that it has in the notebook, as some are not run."""
        for history in (self.shell.history_manager.input_hist_parsed, self.shell.history_manager.input_hist_raw):
            history.extend([""] * (number - len(history)))
        if number > self.shell.execution_count:
            self.shell.execution_count = number

    def readable(self, source, before):
        """Return a cell as Python can read it: as it is, without invisible signs, or joined to what it was split from."""
        whole = before + "\n" + source
        for text in (source, without_signs(source), whole):
            if is_python(text) or is_python(InteractiveShell.transform_cell(self.shell, text)):
                return text
        return source

    def run_whole(self, source):
        """Run a cell as IPython does; return the value of its last line. What stands below an import that fails is run, too."""
        self.shell.failed = None
        self.names.meet_classes(self.shell.transform_cell(source))
        result = self.shell.run_cell(source, store_history=True)
        error = result.error_before_exec or result.error_in_exec or self.shell.failed
        if error is None:
            return result.result
        first, _, rest = source.lstrip().partition("\n")
        if isinstance(error, ImportError) and first.startswith("%%"):
            self.run_whole(rest)
        elif isinstance(error, ImportError):
            failed = next((at.lineno for at in traceback.extract_tb(error.__traceback__) if is_cell(at)), 0)
            self.statements(source, only=lambda node: node.lineno >= failed and (node.lineno > failed or imports(node)))
        raise error

    def statements(self, source, only=lambda node: True):
        """Run some statements of a cell, each by itself: one that fails costs itself."""
        text = self.shell.transform_cell(source)
        name = self.shell.compile.cache(text, len(self.names["In"]))
        self.names.meet_classes(text)
        for node in compile(text, name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).body:
            for part in one_by_one(node) if only(node) else ():
                with contextlib.suppress(Exception):
                    exec(compile(ast.Module([part], []), name, "exec"), self.names)

    def test(self, header, body):
        """Run a test of the course's own together with the student's code; return the value of its last line."""
        self.count_to(header["number"])
        with contextlib.redirect_stderr(io.StringIO()):
            return {"value": self.encoder.encode(self.run_whole(header["source"]))}

    def files(self, header, body):
        """Return what the cells wrote into files, as far as it is not too much: another notebook may read them."""
        found, left = [], header["limit"]
        for parent, _, names in os.walk("."):
            for path in (os.path.normpath(os.path.join(parent, name)) for name in names):
                about = os.lstat(path)
                if stat.S_ISREG(about.st_mode) and about.st_size <= left and self.given.get(path) != about.st_mtime_ns:
                    with open(path, "rb") as file:
                        self.encoder.body.append(file.read(about.st_size))
                    found.append([path, len(self.encoder.body[-1])])
                    left -= about.st_size
        return {"files": found}

    def take_note(self, of_functions=True):
        """Keep what the wanted names stand for now, where that is new."""
        for name, versions in self.versions.items():
            value = dict.get(self.names, name)  # not what was put off
            if value is not None and not any(value is version for version in versions):
                if of_functions or not callable(value):
                    versions.append(value)

    def noted(self):
        """Return how many values the cells gave each wanted name, and whether the last can be called."""
        return {name: [len(values), callable(values[-1])] for name, values in self.versions.items() if values}

    def value(self, header, body):
        """Return the value of a name that the student's cells set."""
        return {"value": self.encoder.encode(self.latest(header["name"]))}

    def latest(self, name):
        if not self.versions[name] and not dict.__contains__(self.names, name):
            raise NameError(f"name '{name}' is not defined", name=name)
        return self.versions[name][-1] if self.versions[name] else self.names[name]

    def next(self, header, body):
        """Return what an iterator that was told of gives next."""
        for value in self.encoder.kept[header["number"]]:
            return {"value": self.encoder.encode(value)}
        return {"over": True}

    def call(self, header, body):
        *arguments, drawn = self.decoder.decode(header["arguments"], body.getvalue())
        python, numpy = drawn
        if python is not None:  # the test has seeded or drawn: go on from there
            version, keys, normal = python
            random.setstate((version, tuple(keys.tolist()), normal))
        if numpy is not None:
            np.random.set_state(("MT19937", *numpy))
        given = encoded(arguments)
        function = self.encoder.kept[header["number"]] if "number" in header else self.latest(header["name"])
        try:
            value = function(*arguments[0], **arguments[1])
        except NotImplementedError:
            if len(self.versions.get(header.get("name"), ())) < 2:
                raise
            self.versions[header["name"]].pop()  # an untouched copy of the exercise does not replace an answer
            return self.call(header, body)
        finally:
            self.take_note(of_functions=False)  # a call may set a global name
        answer = {"value": self.encoder.encode(value)}
        if encoded(arguments) != given:
            answer["arguments"] = self.encoder.encode(arguments)
        return answer

    # ------------------------------------------------------------------ what went wrong

    def failure(self, error):
        """Describe what a request raised, and the student's line that it came from."""
        frames = [at for at in traceback.extract_tb(error.__traceback__) if is_cell(at)]
        where = {"line": frames[-1].lineno, "text": (frames[-1].line or "").strip()[:SHOWN]} if frames else {}
        try:
            text = str(error)[:SHOWN]
            if type(error) in (SyntaxError, IndentationError, TabError) and error.lineno:
                text = f"{error.msg} (line {error.lineno}: {(error.text or '').strip()[:SHOWN]})"
            text += self.cause(error, where.get("text", ""))
        except Exception:  # the error is the student's own class
            text = ""
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"error": kinds, "message": text} | where

    def cause(self, error, line):
        """Return what a person would see at once in the notebook and not in the error, or an empty text."""
        if isinstance(error, NameError) and error.name in self.versions:
            alike = [name for name, value in self.names.items() if callable(value) and name[:1] != "_"]
            found = difflib.get_close_matches(error.name, alike, 1, 0.8)
            return f": there is a {found[0]}, did you mean that name?" if found else ""
        there = dict(self.names)  # without what was put off
        hidden = sorted(word for word in re.findall(r"\w+", line) if word in there and hides(word, there[word]))
        if isinstance(error, (TypeError, AttributeError)) and hidden:
            value = repr(there[hidden[0]])[:40]
            return f": {hidden[0]} is no longer Python's own, one of the notebook's cells has set it to {value}"
        return ""


def is_cell(at):
    """Whether a line of a traceback stands in a cell."""
    return at.filename.startswith("<ipython-input")


def hides(name, value):
    """Whether a name of the notebook hides a built-in one."""
    return (
        hasattr(builtins, name)
        and value is not getattr(builtins, name)
        and name not in ("display", "get_ipython", "open")
    )


# ---------------------------------------------------------------- the same for everybody


def never_by_chance(make):
    """Return np.empty or np.empty_like with a number in it that nobody uses: what memory holds is often zeros by chance."""

    @functools.wraps(make)
    def made(*arguments, **options):
        array = make(*arguments, **options)
        if array.dtype.kind in "fc":
            array.fill(UNFILLED)
        return array

    return made


def seed_all():
    random.seed(START)
    np.random.seed(START)


def start_equally():
    """Make what is random by default the same in every process, so that a submission graded twice gets the same answer."""
    random._urandom = random.Random(START).randbytes  # where NumPy's generators without a seed get theirs, too
    seed_all()
    np.empty, np.empty_like = never_by_chance(np.empty), never_by_chance(np.empty_like)


def start_nothing():
    """Have every attempt to start a program end in a sentence; that none is started is the sandbox's work."""

    def refuse(*arguments, **options):
        raise PermissionError(errno.EPERM, ALONE)

    subprocess.Popen._execute_child = _posixsubprocess.fork_exec = refuse
    for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp"):
        setattr(os, name, refuse)
    os.system = lambda line: print(*shell_lines(line), sep="\n") or 0
    pdb.Pdb.do_EOF = pdb.Pdb.do_continue  # nobody answers a debugger: it goes on


def refuse(tree):
    """Raise for an argument that is no data: what would stand for it here is something else."""
    raise TypeError(f"the test passes something of type {tree['other']}, and only plain data can be passed")


def encoded(value):
    """Return everything about a value that a call could change, for comparison."""
    encoder = Encoder()
    return encoder.encode(value), encoder.body


def rehearse(shell):
    """Do what every worker does, so that what is loaded or made at its first use is there, and leave no trace of it.

    Python makes code faster that has run some times, which is then done, too.
    """
    for _ in range(10):
        notebook = Notebook(shell)
        notebook.decoder, notebook.versions = Decoder(1 << 10, refuse), {"f": []}
        importlib.invalidate_caches()
        shell.run_cell(notebook.readable("def f(x, y):\n    return x, y\n1 / 0", ""), store_history=False)
        notebook.take_note()
        given = Encoder()
        arguments = given.encode([[[1], {"a": np.zeros((2, 3))}], {}, [None, None]])
        answer = notebook.call({"name": "f", "arguments": arguments}, io.BytesIO(b"".join(given.body)))
        json.loads(frame(answer | {"noted": notebook.noted()})[LENGTHS.size :])
        notebook.failure(shell.failed)
    shell.user_ns.pop("f")


def main(shell=None):
    """Answer requests until there are none."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # the conversation is on descriptors of its own
        os.dup2(nothing, descriptor)
    notebook = Notebook(shell or new_shell())
    while (lengths := requests.read(LENGTHS.size)) and len(lengths) == LENGTHS.size:
        size, body = LENGTHS.unpack(lengths)
        header, body = json.loads(requests.read(size)), io.BytesIO(requests.read(body))
        printed = sys.stdout = io.StringIO()
        notebook.encoder.body = []
        try:
            notebook.put_off(header.get("later", ()))
            answer = getattr(notebook, header["do"])(header, body) or {}
        except BaseException as error:  # a student's code may raise anything, SystemExit among it
            answer = notebook.failure(error)
        answer["noted"] = notebook.noted()
        answer["printed"] = "" if printed.closed else printed.getvalue()[:PRINTED]
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
