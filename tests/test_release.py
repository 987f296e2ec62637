"""The release: what nbgrader makes of the source."""

import ast
import filecmp
import io
import tokenize

import nbformat
from conftest import ROOT, cells_by_id

from grading.gradebook import Class

RELEASE = ROOT / "release" / "initialization"
FILES = ["init_utils.py", "initialization.ipynb", "public_tests.py"]


def test_committed_release_equals_a_fresh_build(course):
    Class("initialization", course).generate()
    fresh = course / "release" / "initialization"
    assert sorted(path.name for path in fresh.iterdir()) == FILES
    committed = sorted(path.name for path in RELEASE.iterdir() if not path.name.startswith((".", "__")))
    assert committed == FILES
    _, differing, errors = filecmp.cmpfiles(fresh, RELEASE, FILES, shallow=False)
    assert not differing and not errors, "run `make grade`, or `python -m grading release initialization`, and commit"


def test_no_solution_and_no_hidden_test_is_left(source, released):
    text = nbformat.writes(released)
    for marker in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "RandomState"):
        assert marker not in text
    stubs = cells_by_id(released)
    for cell in source.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            _, _, rest = cell.source.partition("### BEGIN SOLUTION\n")
            solution, _, _ = rest.partition("### END SOLUTION")
            for line in filter(None, map(str.strip, solution.splitlines())):
                assert line not in stubs[cell.id].source
            assert stubs[cell.id].source.count("raise NotImplementedError()") == 1


def test_helpers_hold_no_callable_solution():
    """No function of the released helpers draws random weights or returns a dict of W and b for layer sizes."""
    for name in ("init_utils.py", "public_tests.py"):
        tree = ast.parse((RELEASE / name).read_text())
        for node in ast.walk(tree):
            assert not (isinstance(node, ast.Attribute) and node.attr in ("randn", "standard_normal", "normal")), name
        names = {token.string for token in tokenize.generate_tokens(io.StringIO((RELEASE / name).read_text()).readline)
                 if token.type == tokenize.NAME}  # fmt: skip
        assert "layers_dims" not in names or name == "public_tests.py"
