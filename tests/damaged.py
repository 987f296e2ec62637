"""Honest submissions in the states in which they arrive, each with the score that a fair grader gives.

Most are right and damaged, and keep their 30 points. Where something is wrong
or lost, the rest keeps its own.
"""

import json
import textwrap

import nbformat
from answers import EXERCISES
from corpus import AS_TAUGHT, NAME, Case, blank, code, each, edited, insert, save
from run_all import cells_by_id

DAMAGED = []


def right(group, name, score=30, solved=EXERCISES, status="graded"):
    """A submission with right answers that a function changes."""

    def keep(change):
        DAMAGED.append(edited(group, name, score, change, solved, status))
        return change

    return keep


def extra(group, name, source, score=30, after="packages", status="graded", solved=EXERCISES):
    """Right answers, and one cell of the student's own."""
    source = textwrap.dedent(source)
    DAMAGED.append(edited(group, name, score, lambda notebook: insert(notebook, source, after), solved, status))


def file(group, name, score=30, status="graded"):
    """What lies in the folder of the submission."""

    def keep(write):
        DAMAGED.append(Case(group, name, score, write, status))
        return write

    return keep


def text_of(notebook):
    return json.dumps(notebook, ensure_ascii=False)


# ----------------------------------------------------------------- kernels and formats

for kernel in ("python3.6", "conda-env-ml-py", "ir", "xpython"):

    @right("kernels", kernel)
    def _(notebook, kernel=kernel):
        notebook.metadata.kernelspec = {"name": kernel, "display_name": kernel, "language": "python"}


@right("kernels", "none")
def _(notebook):
    notebook.metadata = {}


@right("kernels", "Colab's and VS Code's metadata")
def _(notebook):
    notebook.metadata.update(
        colab={"provenance": []}, accelerator="GPU", vscode={"interpreter": {"hash": "0"}}, widgets={}, toc={"base": 1}
    )
    for cell in notebook.cells:
        cell.metadata.update(
            id="Xy", colab={"base_uri": "x"}, outputId="1", execution={"iopub.status.busy": ""}, collapsed=True
        )


for minor in range(5):

    @right("formats", f"4.{minor}")
    def _(notebook, minor=minor):
        notebook.nbformat_minor = minor
        for cell in notebook.cells:
            del cell["id"]


@right("formats", "3")
def _(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return nbformat.v3.writes_json(nbformat.v4.downgrade(notebook))


@right("formats", "4.4 that still has ids")
def _(notebook):
    notebook.nbformat_minor = 4


@right("formats", "a version of the future")
def _(notebook):
    notebook.nbformat_minor = 99
    notebook["future"] = {"a": 1}


for name, versions in (
    ("a version that is text", ["4", "5"]),
    ("no version", []),
    ("a version of null", [None, None]),
    ("3, with the cells of 4", [3, 0]),
):

    @right("formats", name)
    def _(notebook, versions=versions):
        del notebook["nbformat"], notebook["nbformat_minor"]
        notebook.update(zip(["nbformat", "nbformat_minor"], versions))


@right("formats", "2, in two worksheets")
def _(notebook):
    cells = [
        {"cell_type": "code", "language": "python", "input": cell.source, "outputs": []} for cell in notebook.cells
    ]
    return json.dumps({"nbformat": 2, "metadata": {}, "worksheets": [{"cells": cells[:5]}, {"cells": cells[5:]}]})


@right("formats", "4, in a worksheet")
def _(notebook):
    cells = [
        {"cell_type": "code", "language": "python", "input": cell.source, "outputs": []} for cell in notebook.cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]})


@right("formats", "source as lists of lines")
def _(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.splitlines(keepends=True)


@right("formats", "no outputs and no execution counts")
def _(notebook):
    for cell in notebook.cells:
        cell.pop("outputs", None), cell.pop("execution_count", None)


@right("formats", "outputs of null, counts of text")
def _(notebook):
    for cell in notebook.cells:
        cell.update(outputs=None, execution_count="1")


# -------------------------------------------------------------------------- encodings

for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"):

    @file("encodings", encoding)
    def _(folder, encoding=encoding):
        notebook = insert(blank(EXERCISES), "# Müller, 5 µm: für jede Übung")
        (folder / NAME).write_bytes(text_of(notebook).encode(encoding, "replace"))


for name, ending in (("Windows", "\r\n"), ("old Mac", "\r")):

    @right("encodings", f"{name} line ends, in the file and in the cells")
    def _(notebook, ending=ending):
        for cell in notebook.cells:
            cell.source = cell.source.replace("\n", ending)
        return json.dumps(notebook, indent=1).replace("\n", ending)


@right("encodings", "tabs and blanks that were pasted")
def _(notebook):
    for cell in each(notebook, "exercise"):
        cell.source = cell.source.replace("    ", "\t") + "\n\t\n   \n"


@right("encodings", "zeros and a second copy at the end")
def _(notebook):
    return json.dumps(notebook) + "\n\0\0\0" + json.dumps(notebook)


for name, before, after in (
    ("blanks of a web page", "    ", "\u00a0" * 4),
    ("signs that nobody sees", "parameters", "\u200bparameters\ufeff"),
    ("line ends of another alphabet", "\n", "\u2028\n"),
    ("zeros between the lines", "\n", "\n\0"),
    ("a margin", "\n", "\n "),
    ("Python's prompts", "\n", "\n... "),
    ("IPython's prompts", "\n", "\n   ...: "),
):

    @right("pasted", name)
    def _(notebook, before=before, after=after):
        first = {"\n... ": ">>> ", "\n   ...: ": "In [12]: ", "\n ": " "}.get(after, "")
        for cell in each(notebook, "exercise"):
            cell.source = first + cell.source.replace(before, after)


@right("encodings", "an emoji cut in two, in code, text and an output")
def _(notebook):
    each(notebook, "exercise")[0].source += "\n# \ud83d"
    notebook.cells += [nbformat.v4.new_markdown_cell("\ude00", id="half"), insert(blank(), "'\ud83d'").cells[1]]
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="\ud83d")]


# -------------------------------------------------------------------- ids and metadata


@right("ids", "none")
def _(notebook):
    for cell in notebook.cells:
        del cell["id"]


@right("ids", "all the same")
def _(notebook):
    for cell in notebook.cells:
        cell.id = "a"


@right("ids", "not allowed")
def _(notebook):
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell number {number} ! " * 9


@right("metadata", "all of nbgrader's lost")
def _(notebook):
    for cell in notebook.cells:
        cell.metadata = {}


@right("metadata", "of nbgrader emptied")
def _(notebook):
    for cell in notebook.cells:
        cell.metadata.nbgrader = {}


@right("metadata", "of nbgrader turned into a list")
def _(notebook):
    for cell in notebook.cells:
        cell.metadata.nbgrader = [1, None]


@right("metadata", "of null")
def _(notebook):
    for cell in notebook.cells:
        cell.metadata = None


@right("metadata", "of one test on all cells")
def _(notebook):
    for cell in notebook.cells[3:]:
        if not cell.id.endswith("-test"):
            cell.metadata.nbgrader = dict(cells_by_id(notebook)["zeros-exercise"].metadata.nbgrader)


@right("metadata", "an older schema")
def _(notebook):
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.schema_version = 1
            cell.metadata.nbgrader.pop("task", None)


@right("metadata", "no points and other flags")
def _(notebook):
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(points=0, grade=False, solution=False, locked=False)


# --------------------------------------------------------------------- cells moved about


@right("cells", "the imports deleted")
def _(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.id != "packages"]


@right("cells", "the tests deleted")
def _(notebook):
    notebook.cells = [cell for cell in notebook.cells if not cell.id.endswith("-test")]


@right("cells", "all but the answers deleted")
def _(notebook):
    notebook.cells = each(notebook, "exercise")


@right("cells", "the training kept, and the network deleted")
def _(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.id not in ("network", "dataset")]


@right("cells", "everything twice")
def _(notebook):
    notebook.cells = notebook.cells * 2


@right("cells", "each exercise and each test twice")
def _(notebook):
    notebook.cells = [
        copy for cell in notebook.cells for copy in [cell] * (1 + cell.id.endswith(("-exercise", "-test")))
    ]


@right("cells", "the untouched exercise pasted below the answer")
def _(notebook):
    stubs = cells_by_id(blank())
    notebook.cells = [
        each
        for cell in notebook.cells
        for each in ([cell, stubs[cell.id]] if cell.id.endswith("-exercise") else [cell])
    ]


@right("cells", "the answer in a new cell, the exercise untouched", solved=[])
def _(notebook):
    for name in EXERCISES:
        insert(notebook, AS_TAUGHT[name], f"{name}-exercise")


@right("cells", "a wrong answer, and the right one at the end", solved=[])
def _(notebook):
    for cell in each(notebook, "exercise"):
        cell.source = cell.source.replace(
            'raise NotImplementedError("Write your code here, and delete this line.")', "parameters['W1'] = 0"
        )
    notebook.cells += [code(AS_TAUGHT[name], id=f"late-{name}") for name in EXERCISES]


@right("cells", "reversed")
def _(notebook):
    notebook.cells = notebook.cells[::-1]


@right("cells", "the tests first")
def _(notebook):
    notebook.cells.sort(key=lambda cell: not cell.id.endswith("-test"))


@right("cells", "the answers last")
def _(notebook):
    notebook.cells.sort(key=lambda cell: cell.id.endswith("-exercise"))


@right("cells", "all merged into one", status=None)
def _(notebook):
    notebook.cells = [code("\n\n".join(cell.source for cell in notebook.cells), id="all")]


@right("cells", "each exercise merged with its test")
def _(notebook):
    for exercise, test in zip(each(notebook, "exercise"), each(notebook, "test")):
        exercise.source += "\n\n" + test.source
        notebook.cells.remove(test)


@right("cells", "each exercise merged into the cell of its test")
def _(notebook):
    for exercise, test in zip(each(notebook, "exercise"), each(notebook, "test")):
        test.source = exercise.source + "\n\n" + test.source
        notebook.cells.remove(exercise)


@right("cells", "the exercises with the metadata of the tests, and the other way round")
def _(notebook):
    for exercise, test in zip(each(notebook, "exercise"), each(notebook, "test")):
        exercise.metadata.nbgrader, test.metadata.nbgrader = test.metadata.nbgrader, exercise.metadata.nbgrader


@right("cells", "the exercises merged into one")
def _(notebook):
    first, *others = each(notebook, "exercise")
    first.source += "".join("\n\n" + cell.source for cell in others)
    notebook.cells = [cell for cell in notebook.cells if cell not in others]


@right("cells", "each exercise split in its middle")
def _(notebook):
    for cell in each(notebook, "exercise"):
        lines = cell.source.splitlines()
        middle = next(number for number, line in enumerate(lines) if "for " in line)
        cell.source, rest = "\n".join(lines[:middle]), "\n".join(lines[middle:])
        notebook.cells.insert(notebook.cells.index(cell) + 1, code(rest, id=f"{cell.id}-rest"))


@right("cells", "the imports split")
def _(notebook):
    cell = cells_by_id(notebook)["packages"]
    first, _, rest = cell.source.partition("\n")
    cell.source = first
    insert(notebook, rest)


@right("cells", "the exercises as Markdown")
def _(notebook):
    for cell in each(notebook, "exercise"):
        cell.cell_type = "markdown"


@right("cells", "the exercises as raw text")
def _(notebook):
    for cell in each(notebook, "exercise"):
        cell.cell_type = "raw"


@right("cells", "the tests as Markdown")
def _(notebook):
    for cell in each(notebook, "test"):
        cell.cell_type = "markdown"


@right("cells", "all text as code")
def _(notebook):
    for number in range(0, 20, 4):
        notebook.cells.insert(
            number, code("## Why this works\nBecause of *symmetry*, each unit is the same.", id=f"text-{number}")
        )


@right("cells", "the tests edited")
def _(notebook):
    for cell in each(notebook, "test"):
        cell.source = "# my notes\n" + cell.source.replace("_test(", "_test( ")


@right("cells", "half of a cell that is none")
def _(notebook):
    notebook.cells.insert(3, {"cell_type": "code"})
    notebook.cells.insert(5, {"source": 7, "cell_type": "mystery", "metadata": []})
    notebook.cells.insert(7, None)


# ------------------------------------------------------------------ cells of one's own

extra("extra", "an error", "1 / 0")
extra("extra", "no Python", "this is not Python (")
extra("extra", "a name with no value", "initialize_parameters")
extra("extra", "waits for an answer", "name = input('Who are you? ')\nimport getpass\ngetpass.getpass()")
extra("extra", "leaves", "import sys\nsys.exit()")
extra("extra", "quits", "quit()\nexit(0)")
extra("extra", "ends its process", "import os\nos._exit(1)", status="crashed")
extra("extra", "never ends", "while True:\n    pass", status="timed_out")
extra("extra", "waits for a minute", "import time\ntime.sleep(60)", status="timed_out")
extra("extra", "takes all memory", "import numpy as np\nnp.ones(10**11).sum()", status=None)
extra("extra", "prints a lot", "for _ in range(20_000):\n    print('x' * 100)")
extra("extra", "closes its own output", "import sys\nsys.stdout.close()\nsys.stdout = None")
extra("extra", "magics", "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%time x = 1\n%%\n")
extra("extra", "shell lines", "!pip install numpy\n!ls\nfiles = !ls\n%pip install scipy\n%cd ..")
extra("extra", "cells in other languages", "%%bash\nrm -rf nothing\necho done")
extra("extra", "help", "?np.zeros\nnp.zeros?\nhelp(len)")
extra(
    "extra",
    "warnings and logging",
    "import logging, warnings\nwarnings.warn('careful')\nlogging.error('no')\nlogging.basicConfig(level=0)",
)
extra(
    "extra",
    "a progress bar on stderr",
    "import sys\nfor n in range(99):\n    print(f'\\r{n} %', end='', file=sys.stderr)",
)
extra("extra", "plots", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
extra(
    "extra",
    "display and the shell",
    "display(1)\nget_ipython().run_line_magic('time', '1')\nfrom google.colab import drive\ndrive.mount('/x')",
)
extra("extra", "waits at the top", "import asyncio\nawait asyncio.sleep(0.01)\nready = 1")
extra(
    "extra",
    "writes and reads files",
    "open('notes.txt', 'w').write('a')\nprint(open('notes.txt').read())\nopen('/root/x', 'w')",
)
extra("extra", "a file in the folder above", "import os\nos.chdir('..')\nos.listdir('data')")
extra("extra", "seeds at the top", "import numpy as np\nnp.random.seed(1)\nimport random\nrandom.seed(1)")
extra(
    "extra",
    "strict NumPy",
    "import numpy as np\nnp.seterr(all='raise')\nnp.set_printoptions(precision=1)\nimport warnings\nwarnings.simplefilter('error')",
)
extra(
    "extra",
    "names of the course",
    "parameters = 3\nlayers_dims = [1]\nL = 0\nl = 'x'\npublic_tests = init_utils = None",
)
extra(
    "extra",
    "the tests' names used for something else",
    "initialize_parameters_zeros_test = True\npreflight = 3\nhidden_test = None",
    after="he-test",
)
extra(
    "extra",
    "the name of a function used again below its test",
    "initialize_parameters_zeros = initialize_parameters_zeros([2, 1])",
    after="zeros-test",
    score=30,
)
extra("extra", "star imports", "from numpy import *\nfrom init_utils import *\nfrom math import *")
extra("extra", "other names for NumPy", "import numpy\nimport numpy as numpie")
extra(
    "extra",
    "the answer called and changed",
    "p = initialize_parameters_he([2, 3, 1])\np['W1'] += 1\np.clear()",
    after="he-exercise",
)
extra("extra", "threads that go on", "import threading, time\nthreading.Thread(target=time.sleep, args=(30,)).start()")
extra(
    "extra", "an answer timed by a magic", "%%time\n" + AS_TAUGHT["he"], solved=["zeros", "random"], after="he-exercise"
)
extra(
    "extra",
    "helpers in cells of their own",
    """
    from functools import lru_cache
    FACTOR = 10
    @lru_cache
    def shape(n_out, n_in):
        return n_out, n_in
    class Layer:
        pass
""",
)


@right("extra", "a helper defined below the exercise", solved=["zeros", "he"])
def _(notebook):
    cells_by_id(notebook)["random-exercise"].source = AS_TAUGHT["random"].replace("np.zeros(", "biases(")
    insert(notebook, "def biases(shape):\n    return np.zeros(shape)", "random-exercise")


@right("extra", "NumPy imported in the exercise alone")
def _(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.id != "packages"]
    for cell in each(notebook, "exercise"):
        cell.source = "import numpy as np, sys\nfrom init_utils import relu\n" + cell.source


# ------------------------------------------------------------------- files and folders


@file("files", "the browser's second copy")
def _(folder):
    save(blank(EXERCISES), folder, "initialization (1).ipynb")


@file("files", "capital letters")
def _(folder):
    save(blank(EXERCISES), folder, "Initialization.IPYNB")


@file("files", "a folder further down")
def _(folder):
    (folder / "initialization").mkdir()
    save(blank(EXERCISES), folder / "initialization")


@file("files", "with what the system leaves behind")
def _(folder):
    save(blank(EXERCISES), folder)
    save(blank(), folder, "initialization-Copy1.ipynb")
    for path in (
        ".DS_Store",
        "__MACOSX/._initialization.ipynb",
        ".ipynb_checkpoints/initialization-checkpoint.ipynb",
        "Thumbs.db",
    ):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("x")


@file("files", "a time stamp that is none")
def _(folder):
    save(blank(EXERCISES), folder)
    (folder / "timestamp.txt").write_text("yesterday")


@file("files", "helpers that were edited")
def _(folder):
    save(blank(EXERCISES), folder)
    (folder / "public_tests.py").write_text("print('debugging'\n")
    (folder / "init_utils.py").write_text("import torch\n")


@file("files", "20 MB of data beside it")
def _(folder):
    save(blank(EXERCISES), folder)
    (folder / "data.bin").write_bytes(bytes(20 << 20))


@file("files", "pictures of 5 MB")
def _(folder):
    notebook = blank(EXERCISES)
    notebook.cells[2].outputs = [
        nbformat.v4.new_output("display_data", data={"image/png": "iVBORw0KGgo" + "A" * (5 << 20)})
    ]
    save(notebook, folder)


@right("files", "a picture pasted into Markdown, and one that is lost")
def _(notebook):
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
    notebook.cells.append(
        nbformat.v4.new_markdown_cell(
            "![my sketch](attachment:my%20sketch.png) ![lost](attachment:lost.png)",
            id="sketch",
            attachments={"my sketch.png": {"image/png": pixel}},
        )
    )


# -------------------------------------------------------------- partly right, or not at all


@right("partly", "one exercise never written", score=20, solved=["zeros", "he"])
def _(notebook):
    pass


@right("partly", "one answer never ends", score=20, status="timed_out")
def _(notebook):
    cells_by_id(notebook)[
        "random-exercise"
    ].source = "def initialize_parameters_random(layers_dims):\n    while True:\n        pass"


@right("partly", "one answer ends the process", score=20, status="crashed")
def _(notebook):
    cells_by_id(notebook)[
        "random-exercise"
    ].source = "def initialize_parameters_random(layers_dims):\n    import os\n    os.abort()"


@right("partly", "a syntax error in one exercise", score=20)
def _(notebook):
    cells_by_id(notebook)["he-exercise"].source = AS_TAUGHT["he"].replace("return", "retrun ,")


@right("partly", "one exercise deleted", score=20)
def _(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.id != "zeros-exercise"]


@right("partly", "a function renamed", score=20)
def _(notebook):
    cells_by_id(notebook)["zeros-exercise"].source = AS_TAUGHT["zeros"].replace(
        "initialize_parameters_zeros", "initialise_parameters_zeros"
    )


for name, data in (
    ("an upload that was cut off", b'{"cells": [{"cell_type": "code", "source": "x'),
    ("an empty file", b""),
    ("blanks", b" \n\n"),
    ("a page of the learning platform", b"<!DOCTYPE html><title>Please log in</title>"),
    ("a zip", b"PK\x03\x04" + bytes(100)),
    ("marks of a merge", b'{\n<<<<<<< HEAD\n "cells": [],\n=======\n>>>>>>> main\n}'),
    ("a pointer of git's", b"version https://git-lfs\n"),
    ("other JSON", b'{"name": "package", "version": "1"}'),
    ("a list", b"[]"),
    ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(50)),
):

    @file("lost", name, score=0, status="malformed")
    def _(folder, data=data):
        (folder / NAME).write_bytes(data)


@file("lost", "an empty folder", score=0, status="missing")
def _(folder):
    pass


@file("lost", "another document", score=0, status="missing")
def _(folder):
    (folder / "initialization.pdf").write_bytes(b"%PDF-1.4")


@file("lost", "two notebooks, neither by its name", score=0, status="missing")
def _(folder):
    save(blank(EXERCISES), folder, "final.ipynb")
    save(blank(), folder, "final2.ipynb")


@file("lost", "a notebook without cells", score=0)
def _(folder):
    save(nbformat.v4.new_notebook(), folder)
