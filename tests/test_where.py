"""What the docs promise about the files: where things are, in what order they lie, how short the README is."""

import ast
import json
import re
import runpy
from itertools import pairwise

import nbformat
import pytest
from courses import ROOT

GRADER = sorted(path.name for path in (ROOT / "grading").glob("*.py"))


def section(page, heading):
    """Return what stands below a heading of a page."""
    _, _, below = (ROOT / page).read_text().partition(f"\n## {heading}\n")
    assert below, f"{page} has no section {heading!r}"
    return below.partition("\n## ")[0]


def rows(text):
    """Return the cells of each row of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


PLACES = [[cell.strip("`") for cell in row] for row in rows(section("CONTRIBUTING.md", "Where is it?"))]


def names_of(tree, prefix=""):
    """Return what a module or a class sets, and what its classes set after their names and a dot."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(prefix + node.name)
        if isinstance(node, ast.ClassDef):
            found |= names_of(node, f"{prefix}{node.name}.")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {prefix + one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return found


def names_in(path):
    """Return the names that Python code sets, the ids of a notebook's cells, the text of any other file."""
    if path.suffix == ".py":
        return names_of(ast.parse(path.read_text()))
    if path.suffix == ".ipynb":
        return {cell.id for cell in nbformat.read(path, as_version=4).cells}
    return path.read_text()


@pytest.mark.parametrize("file, name", [place[1:] for place in PLACES], ids=[place[0] for place in PLACES])
def test_what_one_looks_for_is_where_the_table_says(file, name):
    assert (ROOT / file).is_file(), f"{file} is gone"
    assert name in names_in(ROOT / file), f"{file} has no {name}"


def test_the_table_answers_for_fifteen_things_and_none_twice():
    assert len({what for what, _, _ in PLACES}) == len(PLACES) >= 15


ROOMS = [re.search(r"`(.+?)`", name)[1] for name, *_ in rows(section("docs/developers.md", "The grader, room by room"))]


def test_every_file_of_the_grader_has_a_row_in_the_developers_page():
    assert sorted(name for name in ROOMS if name.endswith(".py")) == GRADER


def imported_files(name):
    """Return the files of the grader that one of them imports, wherever it does."""
    imported = set()
    for node in ast.walk(ast.parse((ROOT / "grading" / name).read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            module = getattr(node, "module", None)
            imported |= {*names} if module in (None, "grading") else {module}
    # Inside the sandbox the files lie beside each other, and are no package.
    return {f"{module.removeprefix('grading.')}.py" for module in imported} & {*GRADER}


@pytest.mark.parametrize("name", GRADER)
def test_a_file_of_the_grader_imports_only_what_stands_above_it(name):
    assert imported_files(name) <= {*ROOMS[: ROOMS.index(name)]}


def test_the_readme_is_read_in_two_minutes():
    """A hundred and twenty lines at the most, and five hundred words, at 250 a minute."""
    text = (ROOT / "README.md").read_text()
    prose = re.sub(r"```.*?```|<!--.*?-->|!\[.*?\]\(.*?\)|\]\(.*?\)", " ", text, flags=re.DOTALL)
    assert len(text.splitlines()) <= 120
    assert len(re.findall(r"[A-Za-z][\w'./-]*", prose)) <= 500


def test_no_sentence_of_the_docs_stands_there_twice():
    """A sentence has seven words or more; commands and the changelog, which tells of all else, are left out."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    found = []
    for page in sorted(pages):
        text = re.sub(r"```.*?```", "\n\n", page.read_text(), flags=re.DOTALL)
        parts = re.split(r"(?<=[.:?!])\s+|\n\s*\n|\n(?=[|#-])|\s\|\s", text)
        sentences = [" ".join(re.findall(r"\w+", part.lower())) for part in parts]
        found += [(sentence, page.name) for sentence in sentences if sentence.count(" ") >= 6]
    found.sort()
    assert not [(first, second) for first, second in pairwise(found) if first[0] == second[0]]


def test_the_pages_have_the_figures_that_were_measured_last():
    figures = runpy.run_path(str(ROOT / "benchmarks" / "figures.py"))
    found = json.loads((ROOT / "benchmarks" / "grading.json").read_text())
    assert {path.name for path in figures["PAGES"].values()} == {"scale.md", "README.md"}
    for name, path in figures["PAGES"].items():
        page = path.read_text()
        assert figures["written"](page, name, found) == page, f"{path.name}: run `python benchmarks/figures.py`"
