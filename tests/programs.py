"""Programs that have imported what they need before they are asked for: importing nbgrader takes longer than most of its commands."""

import importlib
import multiprocessing
import os
import sys
import tempfile
import types

from grading import import_jsonschema

import_jsonschema()  # in a tenth of the time

import kernels  # noqa: F401 - registers them, in every process that is forked from one with this module
import nbgrader.api
from alembic.script import ScriptDirectory
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy.orm import configure_mappers

configure_mappers()  # of nbgrader's tables, which SQLAlchemy does before the first query of a process
# nbgrader starts a process of alembic for every new gradebook, for seconds: test_foreign.py has it that both say the same.
nbgrader.api.get_alembic_version = ScriptDirectory(ALEMBIC_DIR).get_current_head

PRELOADED = [
    "programs",
    "nbgrader.apps.nbgraderapp",
    "grading.commands",
    "grading.__main__",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
]


def run_as(module, folder, line, environment):
    """Run a module's ``main`` in a folder, in a process of its own that is forked from one that has imported it.

    Returns
    -------
    int
        How it ended.
    str
        What it wrote to its standard output and error.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as log:
        process = context.Process(target=become, args=(module, folder, line, environment, log.name))
        process.start()
        process.join()
        return process.exitcode, log.read()


def become(module, folder, line, environment, log):
    """Be that program, in this process."""
    os.chdir(folder)
    os.environ.update(environment)
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # with it, a kernel leaves alone what is written to its descriptors
    with open(log, "a") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    sys.argv = list(line)
    # A process that this one starts would import the program that runs the tests, if it was told of it.
    sys.modules["__main__"] = types.ModuleType("__main__")
    importlib.import_module(module).main()
