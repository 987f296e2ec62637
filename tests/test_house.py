"""The house: rooms in one order, nothing on import, types, and nothing that grows beyond what a reader takes in at once."""

import ast
import subprocess
import sys

import pytest
from courses import ROOT
from test_where import imported_files

# These run inside the sandbox, beside the student's code.
INSIDE = "worker guard warm cells shell patches".split()
SHARED = "protocol kinds encoder decoder namespace".split()  # by both ends
ROOMS = sorted(path.stem for path in ROOT.glob("grading/*.py") if path.stem not in (*INSIDE, "__init__", "__main__"))
LONGEST_FILE, LONGEST_FUNCTION, BRANCHES = 400, 40, 10
REASON = "One function"  # begins the line that says why a longer one is one
SHIPPED = sorted([*ROOT.glob("*.py"), *ROOT.glob("grading/*.py")])
CODE = [*SHIPPED, *sorted([*ROOT.glob("benchmarks/*.py"), *ROOT.glob("examples/*.py")])]
BANKS = "answers attacks damaged foreign shapes".split()  # of cases, and as long as there are some
READ = [*CODE, *sorted(path for path in ROOT.glob("tests/*.py") if path.stem not in BANKS)]
BRANCHING = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.While,
    ast.ExceptHandler,
    ast.BoolOp,
    ast.comprehension,
    ast.match_case,
)


@pytest.mark.parametrize("room", ROOMS)
def test_no_trusted_room_imports_what_runs_in_the_sandbox(room):
    """In which order they import each other is asserted by test_where.py, from the page that lists them."""
    assert not imported_files(f"{room}.py") & {f"{name}.py" for name in INSIDE}


@pytest.mark.parametrize("room", INSIDE)
def test_what_runs_in_the_sandbox_shares_with_the_grader_only_what_both_ends_need(room):
    assert imported_files(f"{room}.py") <= {f"{name}.py" for name in (*INSIDE, *SHARED)}


def test_nothing_happens_on_import():
    """Importing all rooms leaves the process, nbgrader and the loaded modules as importing the libraries left them."""
    program = """
import gc, importlib, os, random, sys, warnings
libraries, rooms = sys.argv[1].split(), sys.argv[2].split()
for name in libraries:
    importlib.import_module(name)
from nbgrader.apps import api, autogradeapp, generateassignmentapp, generatefeedbackapp
from nbgrader.plugins import export
owners = api, autogradeapp, generateassignmentapp, generatefeedbackapp, export, api.NbGraderAPI
def state():
    return {
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "path": list(sys.path),
        "garbage": gc.isenabled(),
        "nbgrader": [{name: id(value) for name, value in vars(owner).items()} for owner in owners],
        "random": random.getstate(),
        "folder": os.getcwd(),
    }
def without_spec():
    return {name for name, module in sys.modules.items() if getattr(module, "__spec__", None) is None}
before, strange = state(), without_spec()
for room in rooms:
    importlib.import_module("grading." + room)
after = state()
print([name for name in before if before[name] != after[name]])
print(sorted(without_spec() - strange))
"""
    libraries = sorted(
        {
            name
            for room in ROOMS
            for node in ast.walk(ast.parse((ROOT / "grading" / f"{room}.py").read_text()))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if name.partition(".")[0] not in ("grading", "distributed", "sandlock", "pandas")
        }
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, " ".join(libraries), " ".join([*ROOMS, "__init__"])],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == ["[]", "[]"]


def table_lines(tree):
    """Return how many lines of a file are tables of sentences: literal data at its top level that holds texts."""
    tables = (node for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign)))
    return sum(node.end_lineno - node.lineno + 1 for node in tables if node.end_lineno - node.lineno > 10)


@pytest.mark.parametrize("path", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_read_in_one_sitting(path):
    text = path.read_text()
    assert len(text.splitlines()) - table_lines(ast.parse(text)) <= LONGEST_FILE


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_long_function_says_why_it_is_one(path):
    text = path.read_text()
    lines = text.splitlines()
    silent = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            doc = node.body[0] if ast.get_docstring(node) else None
            length = node.end_lineno - node.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)
            branches = sum(isinstance(one, BRANCHING) for one in ast.walk(node))
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            reason = any(REASON in line for line in lines[first - 2 : node.end_lineno])
            if (length > LONGEST_FUNCTION or branches > BRANCHES) and not reason:
                silent.append(f"{node.name}: {length} lines, {branches} branches")
    assert not silent


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_function_of_the_course_and_the_grader_is_annotated(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            arguments += [one for one in (node.args.vararg, node.args.kwarg) if one]
            bare = [one.arg for one in arguments if one.annotation is None and one.arg not in ("self", "cls")]
            assert not bare and (node.returns is not None or node.name == "__init__"), node.name


def test_the_type_checker_agrees():
    ended = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
