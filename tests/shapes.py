"""Right answers in the shapes that students save them, as data: what runs in Jupyter runs in the grader.

Each is handed in to one small assignment. ``stock`` is what an unmodified nbgrader 0.9.6 gives; `test_foreign.py`
asks it again in every run.
"""

import json
import re
import textwrap
from dataclasses import dataclass, field

import foreign
import nbformat

NAME = "shapes"
ANSWER = """def scale(sizes):
    np.random.seed(3)
    scaled = {}
    for l in range(1, len(sizes)):
        scaled["W" + str(l)] = np.random.randn(sizes[l], sizes[l - 1]) * np.sqrt(2 / sizes[l - 1])
        scaled["b" + str(l)] = np.zeros((sizes[l], 1))
    return scaled"""
MASTER = foreign.case(
    NAME,
    f"""#:text
# Scales
#:given
import numpy as np
from tools import size
#:sol
{ANSWER}
#:given
scaled = scale([2, 4, 1])
print(sorted(scaled))
#:test 10
got, draws = scale([3, 2, 1]), np.random.RandomState(3)
assert sorted(got) == ["W1", "W2", "b1", "b2"], "the names"
assert np.allclose(got["W1"], draws.randn(2, 3) * np.sqrt(2 / 3)), "W1"
assert np.allclose(got["W2"], draws.randn(1, 2)), "W2"
assert got["b1"].shape == (2, 1) and not got["b1"].any(), "b1"
#:sol
def count(scaled):
    total = 0
    for value in scaled.values():
        total += size(value)
    return total
#:test 5
assert count({{"a": np.ones((2, 3)), "b": np.zeros((2, 1))}}) == 8
assert count({{}}) == 0
""",
    files={"tools.py": "def size(value):\n    return value.size\n", "data/two.txt": "2\n"},
)
START, EXERCISE, CALLED, CHECKED, OTHER = "given-1", "sol-2", "given-3", "test-4", "sol-5"  # its code cells
FULL = 15


@dataclass(frozen=True)
class Shape:
    """One submission: a right answer, and what this student did besides.

    Attributes
    ----------
    name : str
    fair, stock : float
        What the student should get, of 15, and what an unmodified nbgrader gives. Where ``fair`` is more, the answer is
        right, and only what nothing depends on is in its way.
    above, inside, below : str
        Text over, in and under the definition.
    swap : tuple of pairs of str
        What is replaced by what in it.
    whole : str
        Instead of it.
    cells : tuple of pairs of str
        The id of the cell above, and the text of an extra cell.
    files : dict of str to str
        What lies beside the notebook.
    finished : str
        The answers are in a notebook of this name, beside the untouched one.
    says : str
        A pattern that the message to the student holds.
    """

    name: str
    fair: float = FULL
    stock: float = FULL
    above: str = ""
    inside: str = ""
    below: str = ""
    swap: tuple = ()
    whole: str = ""
    cells: tuple = ()
    files: dict = field(default_factory=dict)
    finished: str = ""
    says: str = ""

    @property
    def student(self):
        return re.sub(r"\W+", "-", self.name).strip("-")


def two(name, *cells, **more):
    """A right answer that needs TWO, which extra cells below the imports make."""
    return Shape(name, swap=TWO, cells=[(START, cell) for cell in cells], **more)


def built(name, whole, **more):
    """A right answer in another shape; ``<ANSWER>`` and ``<BODY>`` stand for the usual one, and what is in it."""
    body = ANSWER.split("\n", 1)[1]
    return Shape(name, whole=whole.replace("<ANSWER>", ANSWER).replace("<BODY>", body), **more)


TWO = [("sqrt(2 /", "sqrt(TWO /")]
MINE = [("def scale", "def mine")]

# IPython itself
IPYTHON = [
    Shape("get_ipython above the definition", above='get_ipython().run_line_magic("matplotlib", "inline")'),
    Shape(
        "magics of every notebook above the definition",
        above="%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%config InlineBackend.figure_format = 'retina'",
    ),
    Shape(
        "time a cell whose line goes on with a percent sign",
        above="%%time",
        swap=[('"W" + str(l)', '"W%d"\n            % l')],
    ),
    Shape("search for names", above="np.*rand*?"),
    Shape("shell line over two lines", above="!echo one \\\n    two"),
    Shape("shell answer into an attribute", above="class A:\n    pass\nA.files = !ls"),
    Shape("shell line in the function", inside="!echo started"),
    two("assignment in a timed line", "%time TWO = 2"),
    Shape(
        "timed line below",
        below="%timeit -n1 -r1 W = scale([2, 3, 1])\nassert scale([2, 3, 1])['W1'].shape == (3, 2)",
    ),
    two("write a file, import it", "%%writefile consts.py\nTWO = 2", "from consts import TWO"),
    two("a shell line writes a module", '!echo "TWO = 2" > consts.py', "from consts import TWO"),
    Shape("capture what the cell prints", above="%%capture out", below="print('defined')"),
    two("the last value as an underscore", "2", "TWO = _"),
    Shape(
        "environment variable by a magic",
        swap=[("seed(3)", 'seed(int(os.environ["SEED"]))')],
        cells=[(START, "import os\n%env SEED=3")],
    ),
    two(
        "own line magic",
        "from IPython.core.magic import register_line_magic\n@register_line_magic\ndef two(line):\n    return 2",
        "TWO = %two",
    ),
    Shape("debug a cell", stock=5, above="%%debug"),
    Shape("await above the definition", above="import asyncio\nawait asyncio.sleep(0)"),
    Shape(
        "a text with lines like magics",
        swap=[('"W" + str(l)', "KEYS[0] + str(l)"), ('"b" + str(l)', "KEYS[1] + str(l)")],
        above='MARKED = """\n%W\n!b\n"""\nKEYS = [line[1:] for line in MARKED.split()]',
    ),
    Shape(
        "cells in other languages",
        cells=[(START, "%%html\n<b>mine</b>"), (START, "%%bash\nls"), (CALLED, "%%javascript\n1 + 1")],
    ),
    # neighbours
    two("a value by its number", "2", "TWO = Out[2] if _2 == 2 and In[2] == '2' and _ih[1] == In[1] else None"),
    two("values before the last", "2", "3", "TWO = __", "assert _i == 'TWO = __' and _ii == '3'"),
    two(
        "append to a file",
        "%%writefile consts.py\nONE = 1",
        "%%writefile -a consts.py\nTWO = ONE + 1",
        "from consts import *",
    ),
    two(
        "write a package",
        "!mkdir -p pack && touch pack/__init__.py",
        "%%writefile pack/consts.py\nTWO = 2",
        "from pack.consts import TWO",
    ),
    two(
        "a cell in bash writes a module",
        "%%bash\necho 'N1 = 1' > consts.py\ncat >> consts.py <<EOF\nN2 = 2\nEOF",
        "import consts\nTWO = consts.N2",
    ),
    two("a cell in bash answers", "%%bash --out said\necho 2", "TWO = int(said)"),
    two("shell lines with names in them", "base = 1", "said = !echo $base {base + 1}\nTWO = int(said.s.split()[1])"),
    two(
        "shell lines make folders and copy",
        "!mkdir -p out\n!cp data/two.txt out/a.txt\n!touch out/b.txt\n!cat out/a.txt out/b.txt > out/c.txt",
        "files = !ls out\nTWO = int(open('out/c.txt').read()) if files == ['a.txt', 'b.txt', 'c.txt'] else None",
    ),
    Shape("install what is there", cells=[(START, "!pip --version"), (START, "%pip install --no-index --quiet numpy")]),
    Shape(
        "help in all forms",
        above="np.sqrt?\n?np.zeros\nprint??",
        below="scale??",
        cells=[(EXERCISE, "help(scale)\n%pdoc scale\n%psource scale\n%pinfo scale")],
    ),
    two(
        "own cell magic, and a class of magics",
        "from IPython.core.magic import Magics, cell_magic, magics_class, register_cell_magic\n"
        "@register_cell_magic\ndef again(line, cell):\n    get_ipython().run_cell(cell)\n"
        "@magics_class\nclass Mine(Magics):\n    @cell_magic\n    def into(self, line, cell):\n        self.shell.user_ns[line] = eval(cell)\n"
        "get_ipython().register_magics(Mine)",
        "%%again\nONE = 1",
        "%%into TWO\nONE + 1",
    ),
    Shape(
        "set an environment variable, look at it",
        swap=[("seed(3)", "seed(SEED)")],
        cells=[(START, "%set_env SEED 3"), (START, "%env SEED"), (START, "SEED = %env SEED\nSEED = int(SEED)")],
    ),
    two("alias and macro", "%alias say echo %s", "%say hi", "TWO = 2", "%macro -q again 4", "del TWO", "again"),
    two("store and load a name", "TWO = 2\n%store TWO\ndel TWO\n%store -r TWO"),
    Shape(
        "everything is reset",
        cells=[(START, "x = 1"), (START, "%reset -f\nimport numpy as np\nfrom tools import size")],
    ),
    two(
        "another folder and back",
        "%mkdir -p out\n%cd out\nhere = %pwd\n%cd ..",
        "import os\nTWO = 2 if here == os.path.join(os.getcwd(), 'out') else None",
    ),
    two(
        "a folder that is never left",
        "import os\nos.makedirs('out', exist_ok=True)\n%cd -q out",
        "TWO = int(open('../data/two.txt').read())",
    ),
    Shape(
        "look around",
        cells=[(START, "%who\n%whos\n%lsmagic\n%history\n%xmode Minimal\n%precision 3\n%pprint\n%quickref\n%magic")],
        below="%prun -q scale([2, 3])",
    ),
    Shape("timed cells", cells=[(EXERCISE, "%%timeit -n1 -r1\nscale([2, 3])"), (EXERCISE, "%%prun -q\nscale([2, 3])")]),
    two(
        "run a cell from a text",
        'get_ipython().run_cell("TWO = 2\\nprint(TWO)")',
        'get_ipython().push({"ONE": 1})\nTWO = TWO * ONE',
    ),
    Shape(
        "debug after an error, debug on errors",
        cells=[(START, "1 / 0"), (START, "%debug"), (START, "%pdb on"), (START, "%pdb off")],
    ),
]

# files beside the notebook, and packages
BESIDE = [
    Shape(
        "helper module of the student",
        above="from my_answer import scale",
        whole="pass",
        files={"my_answer.py": f"import numpy as np\n{ANSWER}\n"},
    ),
    Shape("finished copy beside the untouched notebook", fair=0, stock=0, says="Copy1", finished=f"{NAME}-Copy1.ipynb"),
    Shape("import of a package that is not there and not used", stock=5, above="import torch\nimport seaborn as sns"),
    Shape("progress bar that is not there and not used", stock=5, above="from tqdm.notebook import tqdm"),
    Shape("an import that may fail", above="try:\n    import torch\nexcept ImportError:\n    torch = None"),
    Shape(
        "window backend",
        above='import matplotlib\nmatplotlib.use("Agg")\nimport matplotlib.pyplot as plt',
        inside="plt.figure()\nplt.show()",
    ),
    Shape(
        "clear the output in the function",
        above="from IPython.display import clear_output",
        inside="clear_output(wait=True)",
    ),
    Shape("display in the function", swap=[("    return scaled", '    display(scaled["W1"])\n    return scaled')]),
    Shape(
        "a slider around the function",
        below="import ipywidgets\nipywidgets.interact(lambda n=3: scale([2, n, 1]), n=(1, 5));",
    ),
    Shape(
        "threads in the function",
        above="from concurrent.futures import ThreadPoolExecutor",
        inside="with ThreadPoolExecutor(2) as pool:\n    list(pool.map(abs, [-1, 2]))",
    ),
    Shape(
        "random draws of scikit-learn",
        above="from sklearn.utils import check_random_state",
        swap=[("np.random.seed(3)", "draws = check_random_state(3)"), ("np.random.randn", "draws.randn")],
    ),
    # neighbours
    two(
        "run a file",
        "%run mine.py",
        files={"mine.py": "ONE = 1\nTWO = ONE + 1\nif __name__ == '__main__':\n    print(TWO)\n"},
    ),
    two(
        "an extension of the student",
        "%load_ext my_extension",
        files={"my_extension.py": "def load_ipython_extension(shell):\n    shell.push({'TWO': 2})\n"},
    ),
    two(
        "a package with data of its own",
        "from pack import consts\nfrom pack.below import two\nTWO = two() if consts.NAME == 'pack' else None",
        files={
            "pack/__init__.py": "",
            "pack/consts.py": "NAME = __package__\n",
            "pack/below/__init__.py": "from pathlib import Path\n\ndef two():\n    return int((Path(__file__).parent / 'two.txt').read_text())\n",
            "pack/below/two.txt": "2\n",
        },
    ),
    two(
        "data in several forms",
        "import csv, json\nTWO = json.load(open('mine.json'))['n'] * int(next(csv.reader(open('more/mine.csv')))[1])",
        files={"mine.json": '{"n": 1}', "more/mine.csv": "a,2\n"},
    ),
    Shape("a given helper was changed", files={"tools.py": "def size(value):\n    return 0\n"}),
    Shape(
        "a given data file was changed",
        files={"data/two.txt": "3\n"},
        swap=TWO,
        cells=[(START, "TWO = int(open('data/two.txt').read())")],
    ),
    two(
        "a notebook beside it, of no assignment",
        "TWO = 2",
        files={"notes.ipynb": json.dumps(nbformat.v4.new_notebook())},
    ),
    Shape("part of a package that is not there", stock=5, above="from tensorflow.keras.layers import Dense, Flatten"),
    Shape("a package that is not there by another name", stock=5, above="import numpy as np, torch.nn as nn"),
    Shape(
        "one package is there and one is not",
        stock=5,
        above="import os, torch, math",
        swap=[("np.sqrt(", "math.sqrt(")],
    ),
    Shape(
        "a package that is not there, in a cell of its own",
        cells=[(START, "import torch"), (START, "from google.colab import drive\ndrive.mount('/x')")],
    ),
    Shape("a package that is not there, in the function", fair=5, stock=5, inside="import torch"),
    Shape("a package that is not there, below", below="import seaborn"),
    Shape(
        "a package that is not there, in a function that nobody calls",
        above="def plot():\n    import seaborn\n    seaborn.histplot()",
    ),
    Shape(
        "a package that is not there and used",
        fair=5,
        stock=5,
        above="import torch",
        swap=[("np.sqrt(2", "torch.sqrt(2")],
    ),
    Shape(
        "a package that is not there, for types",
        above="from __future__ import annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch",
        swap=[("(sizes):", "(sizes: list[int]) -> dict[str, torch.Tensor]:")],
    ),
    Shape(
        "plots in all ways",
        above="import matplotlib.pyplot as plt",
        inside="plt.plot(sizes)\nplt.title('sizes')\nplt.show()\nplt.close('all')",
    ),
    Shape(
        "rich output in the function",
        above="from IPython.display import HTML, Markdown, display, update_display",
        inside='display(Markdown("**scale**"), HTML("<b>x</b>"))\nshown = display("one", display_id=True)\nshown.update("two")',
    ),
    Shape(
        "output into a widget",
        above="import ipywidgets as widgets\nout = widgets.Output()\nbar = widgets.IntProgress(max=3)",
        inside='with out:\n    print("in the widget")\nbar.value += 1',
    ),
]

# the state of the process
STATE = [
    Shape("numpy errors are raised", cells=[(START, 'np.seterr(all="raise")')]),
    Shape(
        "logging",
        stock=5,
        cells=[(START, "import logging\nlogging.basicConfig(level=logging.DEBUG)")],
        inside='import logging\nlogging.info("called with %s", sizes)',
    ),
    Shape("warnings are hidden", above='import warnings\nwarnings.filterwarnings("ignore")'),
    Shape("star import of numpy in an extra cell", cells=[(START, "from numpy import *")], swap=[("np.sqrt", "sqrt")]),
    Shape("the future", above="from __future__ import annotations"),
    Shape("a name deleted after it was used", cells=[(CALLED, "del scaled")]),
    Shape(
        "str is a text",
        fair=5,
        stock=5,
        cells=[(START, 'str = "W"')],
        says=r"(?i)\bstr\b[^.;]*(overw|shadow|replac|reassign|redefin|no longer|set (in|by|to)|assigned|"
        r"(own|other|another|extra) cell|is now|stands for|now means)",
    ),
    Shape("a breakpoint is left in the function", inside="breakpoint()"),
    # neighbours
    Shape("a debugger is left in the function", stock=5, inside="import pdb\npdb.set_trace()"),
    Shape(
        "a debugger of IPython is left in the function",
        stock=5,
        inside="from IPython.core.debugger import set_trace\nset_trace()",
    ),
    Shape("lines to the error stream", stock=5, inside='import sys\nprint("called", file=sys.stderr)'),
    Shape("a warning of the student", stock=5, inside='import warnings\nwarnings.warn("called")'),
    Shape(
        "a logger of its own",
        stock=5,
        above="import logging\nlog = logging.getLogger(__name__)",
        inside='log.warning("called")',
    ),
    Shape("a helper is a number", fair=10, stock=10, cells=[(START, "size = 0")]),
    Shape("a name that nobody needs is shadowed", cells=[(START, "max = min = id = type = 0\ninput = open = None")]),
    Shape("numpy is shadowed", fair=5, stock=0, cells=[(EXERCISE, "class np:\n    zeros = None")]),
    Shape(
        "errors in extra cells",
        cells=[(START, "1 / 0"), (START, "print('not closed"), (START, "raise SystemExit(3)"), (CALLED, "undefined")],
    ),
    Shape(
        "a generator of random numbers, seeded in the function",
        swap=[("np.random.seed(3)", "draws = np.random.RandomState(3)"), ("np.random.randn", "draws.randn")],
    ),
    Shape(
        "a generator of random numbers, seeded once",
        fair=5,
        stock=5,
        above="draws = np.random.RandomState(3)",
        swap=[("np.random.randn", "draws.randn")],
    ),
    Shape(
        "another generator of random numbers",
        fair=5,
        stock=5,
        swap=[
            ("np.random.seed(3)", "draws = np.random.default_rng(3)"),
            ("np.random.randn(sizes[l], sizes[l - 1])", "draws.normal(size=(sizes[l], sizes[l - 1]))"),
        ],
    ),
    Shape(
        "numpy prints otherwise",
        above="np.set_printoptions(precision=1)",
        inside="with np.errstate(all='ignore'), np.printoptions(precision=2):\n    print(np.ones(2) / 3)",
    ),
    Shape(
        "memory of earlier calls",
        above="known = {}",
        swap=[
            (
                "    np.random.seed(3)",
                "    if tuple(sizes) in known:\n        return known[tuple(sizes)]\n    np.random.seed(3)",
            ),
            ("    return scaled", "    known[tuple(sizes)] = scaled\n    return scaled"),
        ],
    ),
    Shape(
        "threads that never end",
        above="import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    ),
    Shape(
        "tasks in the background",
        cells=[
            (
                START,
                "import asyncio\nasync def tick():\n    while True:\n        await asyncio.sleep(0.05)\ntask = asyncio.ensure_future(tick())",
            )
        ],
    ),
    Shape("a coroutine as the answer", fair=5, stock=5, swap=[("def scale", "async def scale")]),
    Shape("questions are asked", fair=5, stock=5, inside='int(input("seed? "))'),
    two(
        "a coroutine is awaited",
        "import asyncio\nasync def two():\n    await asyncio.sleep(0)\n    return 2",
        "TWO = await two()",
    ),
    Shape("much is printed", inside='print("x" * 100_000)\nfor n in range(200):\n    print(n)'),
    Shape(
        "a deep recursion",
        above="import sys\nsys.setrecursionlimit(20_000)\ndef down(n):\n    return n and down(n - 1)",
        inside="down(5_000)",
    ),
    Shape(
        "printing is replaced",
        cells=[(START, "kept = print\ndef print(*words, **more):\n    kept('>', *words, **more)")],
        inside='print("called")',
    ),
]

# other shapes of a function
FUNCTIONS = [
    built(
        "built by functools.partial",
        "def scaled_by(factor, sizes):\n    np.random.seed(3)\n    made = {}\n"
        "    for l, (m, n) in enumerate(zip(sizes, sizes[1:]), 1):\n"
        "        made[f'W{l}'] = np.random.randn(n, m) * factor(m)\n        made[f'b{l}'] = np.zeros((n, 1))\n    return made\n"
        "import functools\nscale = functools.partial(scaled_by, lambda m: np.sqrt(2 / m))",
    ),
    Shape(
        "decorated",
        above="import functools\ndef loud(function):\n    @functools.wraps(function)\n    def inner(*args, **kwargs):\n"
        "        print('called')\n        return function(*args, **kwargs)\n    return inner\n\n@loud",
    ),
    Shape("set by its name in globals", swap=MINE, below='globals()["scale"] = mine'),
    Shape("set in the main module", swap=MINE, below="import __main__\n__main__.scale = mine"),
    built("executed from a text", "exec('''<ANSWER>''')"),
    built(
        "in a try block", "try:\n" + textwrap.indent(ANSWER, "    ") + "\nexcept Exception as error:\n    print(error)"
    ),
    built(
        "a class that is called",
        "class Scale:\n    def __call__(self, sizes):\n"
        + textwrap.indent(ANSWER.split("\n", 1)[1], "    ")
        + "\nscale = Scale()",
    ),
    Shape(
        "letters of another alphabet",
        swap=[
            ("scaled = {}", "σ = lambda n: np.sqrt(2 / n)\n    scaled = {}"),
            ("np.sqrt(2 / sizes[l - 1])", "σ(sizes[l - 1])"),
        ],
    ),
    Shape("a main guard below", below='if __name__ == "__main__":\n    print(scale([2, 3, 1]))'),
    # neighbours
    Shape("pushed into the notebook by IPython", swap=MINE, below='get_ipython().push({"scale": mine})'),
    Shape("set by a module's attribute", swap=MINE, below='import sys\nsetattr(sys.modules[__name__], "scale", mine)'),
    Shape(
        "a method",
        swap=MINE,
        below="class Scaler:\n    def scale(self, sizes):\n        return mine(sizes)\nscale = Scaler().scale",
    ),
    Shape(
        "a static method and a class method",
        swap=MINE,
        below="class Scaler:\n    made = staticmethod(mine)\n    @classmethod\n    def scale(cls, sizes):\n        return cls.made(sizes)\nscale = Scaler.scale",
    ),
    Shape("a lambda", swap=MINE, below="scale = lambda sizes: mine(sizes)"),
    Shape(
        "a dataclass does the work",
        above="from dataclasses import dataclass, field\n@dataclass\nclass Layer:\n    n: int\n    m: int\n    name: str = field(default='W')\n    def factor(self):\n        return np.sqrt(2 / self.m)\n",
        swap=[("np.sqrt(2 / sizes[l - 1])", "Layer(sizes[l], sizes[l - 1]).factor()")],
    ),
    Shape(
        "walrus, match and unpacking",
        swap=[
            (
                "    scaled = {}",
                "    scaled = {}\n    match sizes:\n        case [first, *_] if (n := first) > 0:\n            print(n)",
            )
        ],
    ),
    Shape(
        "hints of every kind",
        above="from collections.abc import Sequence\nfrom typing import Any, Generic, Protocol, TypeVar\nT = TypeVar('T')\nclass Box(Generic[T]):\n    inside: T\nclass Sized(Protocol):\n    def __len__(self) -> int: ...",
        swap=[("(sizes):", "(sizes: Sequence[int] | tuple[int, ...], /, *more: Any) -> dict[str, np.ndarray]:")],
    ),
    Shape(
        "a cache",
        above="import functools\n@functools.cache\ndef factor(m):\n    return np.sqrt(2 / m)",
        swap=[("np.sqrt(2 / sizes[l - 1])", "factor(sizes[l - 1])")],
    ),
    Shape("by kind of argument", above="import functools\n@functools.singledispatch"),
    built(
        "in one expression",
        "def scale(sizes):\n    np.random.seed(3)\n    return {name + str(l): np.random.randn(n, m) * np.sqrt(2 / m) if name == 'W' else np.zeros((n, 1))\n            for l, (m, n) in enumerate(zip(sizes, sizes[1:]), 1) for name in 'Wb'}",
    ),
    built(
        "by a generator",
        "def layers(sizes):\n    np.random.seed(3)\n    for l, (m, n) in enumerate(zip(sizes, sizes[1:]), 1):\n        yield f'W{l}', np.random.randn(n, m) * np.sqrt(2 / m)\n        yield f'b{l}', np.zeros((n, 1))\ndef scale(sizes):\n    return dict(layers(sizes))",
    ),
    built(
        "by recursion",
        "def scale(sizes, l=1):\n    if l == 1:\n        np.random.seed(3)\n    if l == len(sizes):\n        return {}\n    here = {f'W{l}': np.random.randn(sizes[l], sizes[l - 1]) * np.sqrt(2 / sizes[l - 1]), f'b{l}': np.zeros((sizes[l], 1))}\n    return here | scale(sizes, l + 1)",
    ),
    Shape(
        "another kind of dictionary",
        above="from collections import OrderedDict, defaultdict",
        swap=[("scaled = {}", "scaled = OrderedDict()")],
    ),
    Shape(
        "a dictionary of the student",
        above="class Parameters(dict):\n    def __getattr__(self, name):\n        return self[name]",
        swap=[
            ("scaled = {}", "scaled = Parameters()"),
            ("return scaled", "assert scaled.W1 is scaled['W1']\n    return scaled"),
        ],
    ),
    Shape("defined twice, the last one right", above="def scale(sizes):\n    return None\n"),
    Shape(
        "defined again in an extra cell",
        cells=[(EXERCISE, "right = scale"), (EXERCISE, "def scale(sizes):\n    return right(sizes)")],
    ),
    Shape(
        "defined again in an extra cell, and wrong",
        fair=5,
        stock=5,
        cells=[(EXERCISE, "def scale(sizes):\n    return {}")],
    ),
    Shape("moved into a cell above", whole="pass", cells=[(START, ANSWER)]),
    Shape("wrong names", fair=5, stock=5, swap=[('"b" + str(l)', '"c" + str(l)')]),
    Shape("a wrong factor", fair=5, stock=5, swap=[("sqrt(2 /", "sqrt(1 /")]),
]

# More seconds go by than all cells together may take, and nothing is computed.
TOTAL = 5
SLEEPING = [Shape("eight cells that sleep", cells=[(START, "import time\ntime.sleep(1)")] * 8)]

GROUPS = {"ipython": IPYTHON, "beside": BESIDE, "state": STATE, "functions": FUNCTIONS, "sleeping": SLEEPING}


def answer(shape):
    """Return the text of the exercise's cell."""
    text = ANSWER
    for old, new in shape.swap:
        assert old in text, (shape.name, old)
        text = text.replace(old, new)
    if shape.inside:
        first, rest = text.split("\n", 1)
        text = "\n".join([first, textwrap.indent(shape.inside, "    "), rest])
    return "\n".join(part for part in (shape.above, shape.whole or text, shape.below) if part)


def notebook_of(shape, released):
    """Return the released notebook with the answers in it."""
    notebook, master = nbformat.from_dict(released), json.loads(foreign.notebook_of(MASTER, MASTER.text[""]))
    right = {cell["id"]: cell["source"] for cell in master["cells"]} | {EXERCISE: answer(shape)}
    cells = []
    for cell in notebook.cells:
        if cell.id in (EXERCISE, OTHER):
            cell.source = right[cell.id]
        extra = [source for above, source in shape.cells if above == cell.id]
        cells += [cell, *(nbformat.v4.new_code_cell(text, id=f"{cell.id}-{n}") for n, text in enumerate(extra))]
    notebook.cells = cells
    return notebook


def hand_in(shape, course):
    """Write the submission into a course whose release is built."""
    released = nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    folder = course / "submitted" / shape.student / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook_of(shape, released), folder / (shape.finished or f"{NAME}.ipynb"))
    if shape.finished:
        nbformat.write(released, folder / f"{NAME}.ipynb")
    for name, content in (MASTER.files | shape.files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
