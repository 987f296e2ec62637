"""What is the same for every submission of a class, and the version of the grader that it is graded with."""

import functools
import hashlib
import platform
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from grading.launch import Preload
from grading.limits import Limits
from grading.master import Master


@functools.cache
def version() -> str:
    """Return what a grade depends on besides the course and the submission: the grader, Python and NumPy."""
    grader = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
    return f"grading/ {grader.hexdigest()[:12]}, Python {platform.python_version()}, NumPy {np.__version__}"


class OtherVersion(RuntimeError):
    """A node of a cluster would grade with other code than the one that gave the command."""

    def __init__(self, node: str, theirs: str, ours: str) -> None:
        super().__init__(node, theirs, ours)  # what it is pickled by

    def __str__(self) -> str:
        node, theirs, ours = self.args
        return (
            f"The node {node} has {theirs}, and the command was given with {ours}. "
            "Use one checkout and one set of requirements everywhere."
        )


@dataclass(frozen=True)
class Work:
    """What is the same for every submission of a class.

    Attributes
    ----------
    master : grading.master.Master
    limits : grading.limits.Limits
    sandbox : str or None
        Name of a sandbox; None for the first that works wherever it is graded.
    together : frozenset of str
        The keys of the tests that run together with the student's code.
    version : str
        What it has to be graded with.
    """

    master: Master
    limits: Limits = Limits()
    sandbox: str | None = None
    together: frozenset[str] = frozenset()
    version: str = field(default_factory=version)

    @functools.cached_property
    def preload(self) -> Preload:
        """What a sandbox may load before any submission is there."""
        own, slow = self.master.imports
        return Preload(slow, tuple(self.master.files.items()), own)

    @functools.cached_property
    def emptier(self) -> Preload:
        """The same for who asks for nothing that takes long to load: it is forked faster."""
        return replace(self.preload, imports=())
