"""What people read: spelling, links, and the linter's opinion of code and notebooks."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from courses import ROOT
from run_all import prose_of
from spellchecker import SpellChecker

NOTEBOOKS = sorted((ROOT / "source").glob("*/*.ipynb"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "examples" / "README.md",
    ROOT / "benchmarks" / "README.md",
]
DOCUMENTS = [*NOTEBOOKS, *PAGES]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
WORDS = {word.lower() for word in (ROOT / "tests" / "words.txt").read_text().split()}


def text_of(path):
    """Return the Markdown of a page, or of a notebook's cells."""
    if path.suffix == ".md":
        return path.read_text()
    return prose_of(nbformat.read(path, as_version=4))


def slug(heading):
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_word_is_spelled_as_in_a_dictionary(path):
    text = re.sub(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|<[^>]*>", " ", text_of(path), flags=re.DOTALL)
    words = {word.lower() for word in re.findall(r"(?<![\w.])[A-Za-z][a-z]+(?:'[a-z]+)?(?![\w.]*\w)", text)}
    known = SpellChecker()
    wrong = known.unknown({word.removesuffix("'s") for word in words} - WORDS)
    assert not wrong, f"misspelled, or to be added to tests/words.txt: {sorted(wrong)}"


def test_the_list_of_words_holds_no_word_twice_or_in_vain():
    listed = (ROOT / "tests" / "words.txt").read_text().split()
    assert listed == sorted(set(listed), key=str.lower)
    assert not SpellChecker().known(listed), "the dictionary has these already"


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_link_leads_somewhere(path):
    """Links to other sites are only looked at: a test that needs the network fails for reasons of its own."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(path)):
        if re.match(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/|$)", target):
            continue
        assert "://" not in target, f"{target}: expected an address that begins with https://"
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor and there.suffix == ".md":
            assert anchor in {slug(heading) for heading in re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)}, (
                target
            )


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_make_lint_finds_nothing_in_code_and_notebooks(command):
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_linter_reads_the_notebooks():
    """A linter that left them out would find nothing either."""
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--show-files", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    read = {Path(line).name for line in ran.stdout.splitlines()}
    assert {path.name for path in NOTEBOOKS} <= read
