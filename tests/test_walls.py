"""Whatever is handed in ends in a named state, at the grader's own defects least of all: thousands of submissions that nobody wrote."""

import copy
import functools
import json
import os
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from costly import COSTLY
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from soak_class import in_its_own_process

from grading.assignment import CourseAssignment
from grading.feedback import PageParts, made_pages
from grading.grader import IsolatedGrader
from grading.page import cells_from_json
from grading.result import Status
from grading.work import Work

pytestmark = pytest.mark.slow
ENDS = {
    Status.GRADED,
    Status.TIMED_OUT,
    Status.CRASHED,
    Status.MALFORMED,
    Status.MISSING,
}  # a limit or a defect of the grader's own is none of these
thousands = settings(
    max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def grading(build, tmp_path_factory, request):
    """Return a function that grades what a function puts into a student's folder, and checks what is shown of it."""
    course = CourseAssignment("initialization", build(tmp_path_factory.mktemp("walls") / "a course"))
    processes = IsolatedGrader(Work(course.master, course.limits, getattr(request, "param", None)))

    def grade(hand_in):
        place = course.place("eve")
        subprocess.run(["rm", "-rf", place.folder.parent], check=True)  # Python's own gives up in deep folders
        place.folder.mkdir(parents=True)
        hand_in(place.folder)
        graded = processes.grade(place, frozenset())
        (text,), (cells,) = graded.notebooks.values(), graded.cells.values()
        parts = PageParts(cells_from_json(cells), {}, 0.0)
        (page,) = made_pages(course, graded.result, {"initialization": parts}).values()
        assert max(len(text), len(page)) < 10 << 20
        assert json.loads(text)["nbformat"] == 4
        asks_for_nothing(page.decode())
        return graded.result

    yield grade
    processes.isolated.close()


def ends(grading, content):
    """Grade the bytes of a notebook, and see that they end in a state."""
    result = grading(lambda folder: (folder / "initialization.ipynb").write_bytes(content))
    assert result.status in ENDS, result.message


class Asks(HTMLParser):
    """Refuses whatever a browser would fetch or run."""

    def handle_starttag(self, tag, attributes):
        if (tag, attributes) == ("link", [("rel", "icon"), ("href", "data:,")]):
            return  # so that no browser asks for one
        assert tag not in ("script", "iframe", "object", "embed", "link", "base", "form")
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "srcset", "data", "action", "background", "poster"):
                assert (value or "").startswith(("data:image/", "#")), (tag, name, value)


def asks_for_nothing(page):
    parser = Asks()
    parser.feed(page)
    parser.close()


# ------------------------------------------------------------------------- random bytes

BEGINNINGS = [
    b"",
    b"{",
    b'{"cells": [',
    b"\xff\xfe{",
    b"\xef\xbb\xbf{",
    b"PK\x03\x04",
    b"<html>",
    b'{"nbformat": 4, "cells":',
]


@thousands
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=500))
@example(b"", b"[" * 100_000)
@example(b"", b'{"a":' * 50_000)
@example(b'{"cells": [], "a": [', b"{}," * 300_000 + b"{}]}")
def test_random_bytes(grading, beginning, content):
    ends(grading, beginning + content)


# -------------------------------------------------------------------------- random JSON

WORDS = st.sampled_from(
    "cells metadata outputs source cell_type code markdown raw output_type stream error display_data execute_result text "
    "traceback ename evalue data text/plain text/html image/png attachments nbgrader grade_id id worksheets nbformat".split()
)
TEXTS = st.one_of(
    WORDS, st.text(max_size=20), st.sampled_from(["\x1b[38m", "\u202e", "\ud800", "$\\href{a}{b}$", "![](/logout)"])
)
NUMBERS = st.one_of(st.integers(), st.floats(), st.integers(-(10**400), 10**400))
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(TEXTS, inner, max_size=6)),
    max_leaves=30,
)


@thousands
@given(TREES)
def test_random_json(grading, tree):
    ends(grading, json.dumps(tree).encode("utf-8", "surrogatepass"))


# ------------------------------------------------------------- notebooks with a mistake


@functools.cache
def notebooks():
    """The notebooks of the sample class that can be read."""
    folder = Path(__file__).resolve().parent.parent / "examples" / "submitted"
    found = []
    for path in sorted(folder.glob("*/initialization/initialization.ipynb")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except ValueError:
            continue
    return found


def places(tree, path=()):
    """Yield the path of every value in a tree."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


@functools.cache
def places_in(number):
    return [path for path in places(notebooks()[number]) if path]


@st.composite
def mutated(draw):
    """A real notebook in which one to four values are something else, are gone, or are there twice."""
    number = draw(st.sampled_from([n for n, one in enumerate(notebooks()) if "while True" not in json.dumps(one)]))
    notebook = copy.deepcopy(notebooks()[number])
    for _ in range(draw(st.integers(1, 4))):
        *above, last = draw(st.sampled_from(places_in(number)))
        try:
            holder = functools.reduce(lambda tree, key: tree[key], above, notebook)
            match draw(st.sampled_from(["replace", "remove", "repeat", "swap"])):
                case "replace":
                    holder[last] = draw(TREES)
                case "remove":
                    del holder[last]
                case "repeat" if isinstance(holder, list):
                    holder.insert(last, holder[last])
                case "swap" if isinstance(holder, list):
                    holder[last], holder[0] = holder[0], holder[last]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier mistake took it away
    return notebook


@pytest.mark.xdist_group("mistakes")
@thousands
@given(mutated(), st.one_of(st.none(), st.integers(0, 40_000)))
def test_notebooks_with_a_mistake(grading, notebook, end):
    ends(grading, json.dumps(notebook).encode("utf-8", "surrogatepass")[:end])


# -------------------------------------------------------------------- trees of folders

NAMES = st.one_of(
    st.sampled_from(
        ["initialization.ipynb", "Initialization.IPYNB", "a", "b", "timestamp.txt", "public_tests.py", ".git", "="]
    ),
    st.binary(min_size=1, max_size=12).filter(lambda name: not {0, ord("/")} & {*name} and name not in (b".", b"..")),
)
KINDS = st.sampled_from(
    ["file", "notebook", "folder", "link to itself", "link above", "link out", "link to nothing", "pipe", "deep"]
)


@thousands
@given(st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=4), KINDS), max_size=8))
def test_trees_of_folders(grading, tree):
    def hand_in(folder):
        for names, kind in tree:
            path = os.path.join(os.fsencode(folder), *map(os.fsencode, names))
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                put(path, kind)
            except OSError:
                continue  # something else lies there

    result = grading(hand_in)
    assert result.status in ENDS, result.message


def put(path, kind):
    match kind:
        case "file" | "notebook":
            content = json.dumps(notebooks()[0]).encode() if kind == "notebook" else b"x = 1\n"
            with open(path, "xb") as file:
                file.write(content)
        case "folder":
            os.mkdir(path)
        case "pipe":
            os.mkfifo(path)
        case "deep":
            for _ in range(120):
                os.mkdir(path)
                path += b"/d"
        case _:
            targets = {"link to itself": os.path.basename(path), "link above": b"..", "link out": b"/etc/passwd"}
            os.symlink(targets.get(kind, b"nowhere"), path)


# ------------------------------------------------------------- what costs more than it may


@pytest.mark.parametrize(
    "grading",
    [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("warm bubblewrap", "bubblewrap", "sandlock")],
    indirect=True,
)
@pytest.mark.parametrize("case", COSTLY, ids=lambda case: case.name)
def test_what_costs_more_than_it_may(grading, case):
    result = grading(case.write)
    assert (result.score, result.status) == (case.score, case.status), result.message
    if case.status == Status.FAILED:
        assert set(result.scores.values()) == {None} and "The grader could not finish it" in result.message


# ------------------------------------------------------------------------ a whole class


@pytest.mark.xdist_group("server")  # after its tests or before them: a server that starts meanwhile takes a segment
def test_nothing_is_left_of_a_class_and_its_memory_stays_what_it_was(tmp_path):
    seen = in_its_own_process(tmp_path, 120)
    assert seen.right == seen.peers == 108
    assert seen.left == ()
    assert seen.end < 1.05 * seen.start
