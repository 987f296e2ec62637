"""A notebook after Run All, and what its cells hold."""

import linecache
import pickle
import shutil
import textwrap

import nbformat
import numpy
from courses import HELPERS, ROOT
from nbclient import NotebookClient

# Before a notebook's first cell: from here on a warning is an error, save what the kernel's own modules say of themselves.
STRICT = """
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", module="ipykernel|jupyter_client|tornado|zmq|asyncio|traitlets")
"""


def execute(notebook, folder, **options):
    """Run a notebook beside the helper files in ``folder``, every warning of its code an error."""
    for name in HELPERS:
        shutil.copy(ROOT / name, folder)
    notebook = nbformat.from_dict(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    # What hangs is ended after ten times what the longest cell takes where nothing else runs.
    NotebookClient(notebook, timeout=300, kernel_name="python3", **options).execute(cwd=str(folder))
    notebook.cells.pop(0)
    return notebook


def explore(folder):
    notebook = nbformat.read(ROOT / "source" / "explore" / "explore.ipynb", as_version=4)
    names = "found", "values", "depth", "some", "six", "paths", "chosen", "scales", "sweep", "right", "dead"
    names += "rates", "run", "table", "ratios", "norm"
    keep = f"""
        import pickle, time
        import numpy as np
        from init_utils import backward_propagation, forward_propagation, load_dataset, update_parameters
        taken = time.process_time()
        X, Y, _, _ = load_dataset()
        sizes = ((10, 2), (5, 10), (1, 5))
        start = {{f"W{{l}}": np.random.RandomState(l).randn(*shape) for l, shape in enumerate(sizes, start=1)}}
        start |= {{f"b{{l}}": np.zeros((rows, 1)) for l, (rows, _) in enumerate(sizes, start=1)}}
        for step in range(15_000):
            _, cache = forward_propagation(X, start)
            start = update_parameters(start, backward_propagation(X, Y, cache), 0.01)
        runs = taken / (time.process_time() - taken)
        with open("variables", "wb") as file:
            pickle.dump([{{name: globals()[name] for name in {names}}}, runs], file)
    """
    notebook.cells.append(nbformat.v4.new_code_cell(textwrap.dedent(keep)))
    notebook = execute(notebook, folder)
    notebook.cells.pop()
    return notebook, *pickle.loads((folder / "variables").read_bytes())


def function_of(source, name):
    """Run the text of a cell as Jupyter does, with NumPy imported, and return one of its functions."""
    file = f"<cell of {name} {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace = {"np": numpy, "__name__": "__main__"}
    exec(compile(source, file, "exec"), namespace)
    return namespace[name]


def text_of(cell):
    """Everything that a cell printed."""
    return "".join(out.text for out in cell.outputs if out.output_type == "stream" and out.name == "stdout")


def prose_of(notebook):
    """Everything that a notebook says in words."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def cells_by_id(notebook):
    return {cell.id: cell for cell in notebook.cells}
