"""The untrusted end of the pipe: runs a student's cells and calls the student's functions.

This file runs inside the sandbox, as a program, with NumPy and the standard
library alone. What it answers is data, and the grader believes none of it:
student code shares this process and may send whatever it likes instead.

A message is two lengths of eight bytes, a header in JSON, and the raw bytes of
the arrays that the header speaks of. `student.py` is the other end.
"""

import ast
import base64
import builtins
import functools
import inspect
import io
import json
import os
import random
import re
import resource
import struct
import sys
import textwrap
import traceback
import types

import numpy as np

LENGTHS = struct.Struct("<QQ")
DEPTH = 40  # how deep a value may nest
PRINTED = 10_000  # characters of printed text that an answer keeps
LAST = "the value of a cell's last line"  # no name that a student can write
PICTURES = 20  # of one cell
SHOWN = 1_000  # characters of an error's text
UNFILLED = 1e300
START = 1_618_033_988  # no seed that a person would write


# ----------------------------------------------------------------- values as data


class Encoder:
    """Turns Python values into a JSON tree, and arrays into bytes beside it.

    Arrays that share memory say so: ``root`` numbers the memory that an array
    is a view of, in this answer and in all earlier ones.
    """

    def __init__(self):
        self.roots = {}  # id of the owner of some memory -> its number and the owner, kept alive
        self.body = []

    def encode(self, value, depth=0):
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if kind is int and value.bit_length() < 10_000:
            return value
        if kind is complex:
            return {"complex": [value.real, value.imag]}
        if kind is bytes:
            return {"bytes": value.decode("latin-1")}
        if isinstance(value, np.generic) and value.dtype.kind in "biufc":
            return {"scalar": self.array(np.asarray(value))}
        if kind is np.str_:
            return str(value)
        if kind in (np.ndarray, np.matrix):
            return {kind.__name__: self.array(np.asarray(value))}
        if depth < DEPTH:
            if isinstance(value, dict):
                pairs = list(dict.items(value))
                return {"dict": [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in pairs]}
            for name, container in (("list", list), ("tuple", tuple), ("set", (set, frozenset))):
                if isinstance(value, container):
                    return {name: [self.encode(item, depth + 1) for item in list(value)]}
        name = next((name for name, of in OTHERS.items() if isinstance(value, of)), "object")
        return {"other": kind.__name__[:100], "as": name}

    def array(self, array):
        spec = {"dtype": array.dtype.str, "shape": array.shape, "writeable": bool(array.flags.writeable)}
        if array.dtype.kind not in "biufcUSMm":
            return spec  # its shape and type are all that can be sent
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        number, _ = self.roots.setdefault(id(owner), (len(self.roots), owner))
        low, high = np.lib.array_utils.byte_bounds(owner) if hasattr(np.lib, "array_utils") else np.byte_bounds(owner)
        start = array.__array_interface__["data"][0] - low
        self.body.append(np.ascontiguousarray(array).tobytes())
        return spec | {
            "root": number,
            "memory": high - low,
            "offset": start,
            "strides": array.strides,
            "bytes": len(self.body[-1]),
        }


OTHERS = {
    "function": types.FunctionType,
    "builtin": types.BuiltinFunctionType,
    "generator": types.GeneratorType,
    "coroutine": types.CoroutineType,
    "module": types.ModuleType,
}


def decode(tree, body):
    """Turn what the grader sent into values; ``body`` is a stream of the arrays' bytes."""
    if not isinstance(tree, dict):
        return tree
    kind, value = next(iter(tree.items()))
    if kind == "dict":
        return {decode(key, body): decode(item, body) for key, item in value}
    if kind in ("list", "tuple", "set"):
        return {"list": list, "tuple": tuple, "set": set}[kind](decode(item, body) for item in value)
    if kind == "complex":
        return complex(*value)
    if kind == "bytes":
        return value.encode("latin-1")
    if kind == "other":
        raise TypeError(f"the test passes something of type {value}, and only plain data can be passed")
    array = np.frombuffer(body.read(value["bytes"]), dtype=value["dtype"]).reshape(value["shape"]).copy()
    return array[()] if kind == "scalar" else array


# -------------------------------------------------------------------- the notebook


@functools.lru_cache(1000)  # in the grader, the same for the whole class
def compile_given(source):
    return compile(source, "<given>", "exec")


class Namespace(dict):
    """The student's globals. A name that the student did not set comes from the given cells, when it is asked for."""

    def __init__(self, given):
        super().__init__(__name__="__main__", __builtins__=builtins, __doc__=None)
        self.given = {name: statement for statement in given for name in statement["names"]}

    def __missing__(self, name):
        statement = self.given.get(name)
        if statement is None:
            raise KeyError(name)
        for bound in statement["names"]:
            self.given.pop(bound, None)
        mine = {bound: self[bound] for bound in statement["names"] if bound in self}
        exec(compile_given(statement["source"]), self)
        self.update(mine)
        return self[name]


def without_magics(source):
    """Return the source with IPython's magics and shell lines taken out, so that Python can read the rest."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%"):
        if first.split()[0] not in ("%%time", "%%timeit", "%%capture", "%%prun"):
            return ""  # a cell in another language
        lines[lines.index(first)] = ""
    kept = []
    for line in lines:
        line = re.sub(r"^(\s*)[%!?].*", r"\1pass", line)
        line = re.sub(r"^(\s*)[\w.]+\?\??\s*$", r"\1pass", line)
        kept.append(re.sub(r"^(\s*[\w, ]+=\s*)[%!].*", r"\1None", line))
    return "\n".join(kept)


def without_prompts(source):
    """Return the source without what is copied along with it: prompts, the margin of a page, signs that nobody sees."""
    source = re.sub("[\0\u200b-\u200f\u2060\ufeff]", "", source)
    source = re.sub("[\u2028\u2029]\n?", "\n", source).replace("\u00a0", " ")
    return textwrap.dedent(re.sub(r"^[ \t]*(?:>>>|\.\.\.|In \[\d+\]:|\.{3,}:)(?: |$)", "", source, flags=re.MULTILINE))


def compiled(source, before, file):
    """Compile a cell; where it is none by itself, without its magics, its prompts, or joined to what it was split from."""
    failure = None
    for text in (source, without_magics(source), without_magics(without_prompts(source)), before + "\n" + source):
        try:
            return compile(text, file, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), text
        except (SyntaxError, ValueError) as error:
            failure = failure or error
    raise failure


def definitions(source):
    """Return the syntax tree of what a cell imports and defines, and of its constants."""
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tree = ast.parse(source)
    tree.body = [
        node
        for node in tree.body
        if isinstance(node, kinds) or isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    ]
    return tree


def with_value(source):
    """Return the syntax tree of a cell that keeps the value of its last line, where that is an expression."""
    tree = compile(source, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        tree.body[-1] = ast.Assign([ast.Name(LAST, ast.Store())], tree.body[-1].value)
    return ast.fix_missing_locations(tree)


def last_value(names):
    """Yield what the last line of a cell gave, as an output of a notebook."""
    value = names.pop(LAST, None)
    if value is not None:
        yield {"output_type": "display_data", "data": {"text/plain": repr(value)[:PRINTED]}}


def pictures():
    """Yield what a cell drew with Matplotlib, as outputs of a notebook."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    for number in pyplot.get_fignums()[:PICTURES] if pyplot else ():
        file = io.BytesIO()
        pyplot.figure(number).savefig(file, format="png", dpi=72)
        yield {"output_type": "display_data", "data": {"image/png": base64.b64encode(file.getvalue()).decode()}}
    if pyplot:
        pyplot.close("all")


class Notebook:
    """The student's side of the conversation: one method for each request."""

    def __init__(self):
        self.names = Namespace([])
        self.encoder = Encoder()
        self.sources, self.before = {}, ""
        self.versions = {}  # of each wanted name: the values that it had after one cell or another

    def begin(self, header, body):
        """Limit this process, and take in what the notebook gives and which names will be asked for."""
        for name, limit in header["limits"].items():
            resource.setrlimit(getattr(resource, name), (limit, limit))
        start_equally()
        sys.path.insert(0, os.getcwd())
        self.names = Namespace(header["given"])
        self.versions = {name: [] for name in header["wanted"]}

    def run(self, header, body):
        file = f"<cell {len(self.sources) + 1}>"
        try:
            code, text = compiled(header["source"], self.before, file)
            if header["definitions"] or header["show"] or "import" in text:
                read = definitions if header["definitions"] else with_value if header["show"] else ast.parse
                tree = read(text)
                code = compile(self.less_given_imports(tree), file, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        finally:
            self.before = header["source"]
        self.sources[file] = text.split("\n")
        try:
            waiting = eval(code, self.names)
            if code.co_flags & inspect.CO_COROUTINE:
                import asyncio  # few cells wait, and the import takes long

                asyncio.run(waiting)
        finally:
            self.take_note()
        return {"outputs": [*last_value(self.names), *pictures()]} if header["show"] else None

    def less_given_imports(self, tree):
        """Return a cell without the imports that are given: they are there when asked for, and loading them takes seconds."""
        given = {statement["source"] for statement in self.names.given.values()}
        tree.body = [
            node
            for node in tree.body
            if not isinstance(node, (ast.Import, ast.ImportFrom)) or ast.unparse(node) not in given
        ]
        return tree

    def take_note(self, of_functions=True):
        """Keep what the wanted names stand for now, where that is new."""
        for name, versions in self.versions.items():
            value = self.names.get(name)
            if value is not None and not any(value is version for version in versions):
                if of_functions or not callable(value):
                    versions.append(value)

    def about(self, header, body):
        """Return how many values the cells gave a name, and whether the last can be called."""
        versions = self.versions[header["name"]]
        return {"versions": len(versions), "callable": bool(versions) and callable(versions[-1])}

    def value(self, header, body):
        """Return the value of a name that the student's cells set."""
        return {"value": self.encoder.encode(self.latest(header["name"]))}

    def latest(self, name):
        if not self.versions[name]:
            raise NameError(f"name '{name}' is not defined", name=name)
        return self.versions[name][-1]

    def call(self, header, body):
        arguments = decode(header["arguments"], body)
        if "random" in header:  # the test has seeded or drawn: go on from there
            version, keys, normal, numpy_keys, *rest = decode(header["random"], body)
            random.setstate((version, tuple(keys.tolist()), normal))
            np.random.set_state(("MT19937", numpy_keys, *rest))
        given = encoded(arguments)
        try:
            value = self.latest(header["name"])(*arguments[0], **arguments[1])
        except NotImplementedError:
            if len(self.versions[header["name"]]) < 2:
                raise
            self.versions[header["name"]].pop()  # an untouched copy of the exercise does not replace an answer
            body.seek(0)
            return self.call(header, body)
        finally:
            self.take_note(of_functions=False)  # a call may set a global name
        answer = {"value": self.encoder.encode(value)}
        if encoded(arguments) != given:
            answer["arguments"] = self.encoder.encode(arguments)
        return answer

    def failure(self, error):
        """Describe what a request raised, and the student's line that it came from."""
        lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in self.sources]
        where = {}
        if lines:
            source = self.sources[lines[-1].filename]
            number = lines[-1].lineno
            where = {"line": number, "text": source[number - 1].strip()[:SHOWN] if number <= len(source) else ""}
        try:
            text = str(error)[:SHOWN]
            if type(error) in (SyntaxError, IndentationError, TabError) and error.lineno:
                text = f"{error.msg} (line {error.lineno}: {(error.text or '').strip()[:SHOWN]})"
        except Exception:  # the error is the student's own class
            text = ""
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"error": kinds, "message": text} | where


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


def encoded(value):
    """Return everything about a value that a call could change, for comparison."""
    encoder = Encoder()
    return encoder.encode(value), encoder.body


def main():
    """Answer requests until there are none."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # the conversation is on descriptors of its own
        os.dup2(nothing, descriptor)
    notebook = Notebook()
    while (lengths := requests.read(LENGTHS.size)) and len(lengths) == LENGTHS.size:
        size, body = LENGTHS.unpack(lengths)
        header, body = json.loads(requests.read(size)), io.BytesIO(requests.read(body))
        printed = sys.stdout = io.StringIO()
        notebook.encoder.body = []
        try:
            answer = getattr(notebook, header["do"])(header, body) or {}
        except BaseException as error:  # a student's code may raise anything, SystemExit among it
            answer = notebook.failure(error)
        answer["printed"] = "" if printed.closed else printed.getvalue()[:PRINTED]
        text = json.dumps(answer).encode()
        answers.write(LENGTHS.pack(len(text), sum(map(len, notebook.encoder.body))) + text)
        answers.writelines(notebook.encoder.body)
        answers.flush()


if __name__ == "__main__":
    main()
