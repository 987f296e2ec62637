"""Time Restart-and-Run-All of both notebooks, and of explore.ipynb with one network after another.

python benchmarks/notebooks.py [--rounds N]
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

import nbformat
from nbclient import NotebookClient
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
ALONE = """
import explore
import numpy as np
import training

def one_after_another(networks, X, Y, learning_rate=0.01, num_iterations=15000, every=100, keep=()):
    rates = np.broadcast_to(learning_rate, len(networks))
    return explore.joined([
        at_once(networks[one : one + 1], X, Y, rates[one], num_iterations, every, keep) for one in range(len(networks))
    ])

at_once = training.train
training.train = explore.train = one_after_another
"""


def run_all(name, first=None):
    """Run a notebook in a new kernel, after a cell of its own if there is one."""
    notebook = nbformat.read(ROOT / "source" / name / f"{name}.ipynb", as_version=4)
    if first:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        environment = os.environ | {"PYTHONPATH": str(ROOT), "IPYTHONDIR": folder}
        NotebookClient(notebook, timeout=3600, kernel_name="python3", extra_arguments=["--log-level=ERROR"]).execute(
            cwd=folder, env=environment
        )
        return time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    console = Console(width=120)
    console.print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    table = Table(title="Restart and Run All, the start of the kernel included")
    for column, justify in (("notebook", "left"), ("seconds (median)", "right"), ("rounds", "right")):
        table.add_column(column, justify=justify)
    runs = {
        "initialization.ipynb": ("initialization", None, rounds),
        "explore.ipynb": ("explore", None, rounds),
        "explore.ipynb, one network after another": ("explore", ALONE, 1),
    }
    medians = []
    for title, (name, first, times) in runs.items():
        with console.status(f"Running {title} ..."):
            seconds = [run_all(name, first) for _ in range(times)]
        medians.append(median(seconds))
        table.add_row(title, f"{medians[-1]:.1f}", ", ".join(f"{one:.1f}" for one in seconds))
    console.print(table)
    console.print(
        f"Together, the networks of explore.ipynb take {medians[1] / medians[2]:.0%} of the time that they take one after another."
    )


if __name__ == "__main__":
    main()
