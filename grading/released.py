"""What tests find beside a notebook: the released files and modules, and random numbers that start at one place."""

import contextlib
import functools
import importlib
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

import numpy as np

from grading.namespace import seed_all
from grading.randomness import random_state

Modules = dict[str, ModuleType]  # by their names


@functools.lru_cache(2)
def folder_with(files: tuple[tuple[str, bytes], ...]) -> tempfile.TemporaryDirectory[str]:
    """Return a folder that holds the files which are released beside the notebook, for as long as this process lives."""
    folder = tempfile.TemporaryDirectory(prefix="released-", ignore_cleanup_errors=True)
    for name, content in files:
        path = Path(folder.name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    kinds = (ExtensionFileLoader, EXTENSION_SUFFIXES), (CachedLoader, SOURCE_SUFFIXES)
    for place, _, _ in os.walk(folder.name):
        sys.path_importer_cache[place] = FileFinder(place, *kinds)
    return folder


class CachedLoader(SourceFileLoader):
    """Imports a helper, which is read and compiled once, and not for each submission."""

    get_code = functools.lru_cache(1000)(SourceFileLoader.get_code)


# The helpers that tests have imported, and those that are loaded for whoever judges next; by the folder that holds them.
USED: dict[str, Modules] = {}
LOADED: dict[str, Modules] = {}


@contextlib.contextmanager
def released_environment(files: Mapping[str, bytes]) -> Iterator[None]:
    """Let test cells find what they find beside a notebook, the same for every submission, and forget it afterwards.

    That is the files which are released beside it, and global random numbers that start at one place.

    Parameters
    ----------
    files : dict of str to bytes
    """
    folder, cwd = folder_with(tuple(files.items())).name, os.getcwd()
    paths = [Path(name).with_suffix("") for name in files if name.endswith(".py")]
    modules = {".".join(part.parts) for path in paths for part in (path, *path.parents) if part.parts}

    def forget() -> Modules:
        return {name: sys.modules.pop(name) for name in modules if name in sys.modules}

    before, states = forget(), (random.getstate(), np.random.get_state())
    sys.path.insert(0, folder)
    os.chdir(folder)
    sys.modules.update(LOADED.pop(folder, ()))
    seed_all()
    try:
        yield
    finally:
        os.chdir(cwd)
        sys.path.remove(folder)
        USED[folder] = USED.get(folder, {}) | forget()
        sys.modules.update(before)
        random.setstate(states[0])
        np.random.set_state(states[1])


def load_helpers(files: Mapping[str, bytes]) -> None:
    """Load the helpers that tests have imported once more, for a process that is forked from this one to judge.

    One that draws or seeds as it is loaded is left to the test that imports it.
    """
    folder = folder_with(tuple(files.items())).name
    with released_environment(files):
        state = random_state()
        for name in USED[folder]:
            importlib.import_module(name)
        is_quiet = random_state() == state
    LOADED[folder] = USED[folder] if is_quiet else {}
