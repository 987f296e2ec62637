"""sentences.py: the one table of all that a learner reads, whole, short, and translated where it is."""

import ast
import re

import pytest
from answers import WRONG
from courses import ROOT
from exercises import CHECKS, MESSAGES, PREFLIGHT, READY, SOLUTIONS
from run_all import function_of
from test_preflight import looked_at

import diagnosis
from diagnosis import CAUSES, SENTENCES, CheckFailed


def test_every_mistake_has_a_title_of_its_own_that_fits_on_a_line():
    for kind, message in MESSAGES.items():
        titles = message["titles"]
        assert titles.keys() == message["hints"].keys() >= {cause for cause, _ in CAUSES.get(kind, ())}
        assert len({*titles.values()}) == len(titles), "two causes of a kind read alike"
        for title in titles.values():
            assert len(title) <= 70 and not re.search(r"[{}]|\.$", title), "nothing of a learner's is filled in"


FILES = (
    *("public_tests.py", "preflight.py"),
    *("diagnosis.py", "causes.py", "symptoms.py", "expected.py", "notebook_cells.py", "sentences.py"),
)


def sentences_of(file):
    """Texts with two words or more that stand in the code of a file, docstrings aside."""
    tree = ast.parse((ROOT / file).read_text())
    documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
    described = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            if re.search(r"[a-z] +[a-z]", node.value) and "<" not in node.value:
                yield node.value


def texts_in(table):
    for name, value in table.items() if isinstance(table, dict) else enumerate(table):
        yield from [(table, name)] if isinstance(value, str) else texts_in(value)


def test_no_sentence_stands_outside_the_one_table():
    said = {table[name] for table, name in texts_in(SENTENCES)}
    names = {cause for causes in CAUSES.values() for cause, _ in causes} | {*CAUSES, *diagnosis.SCALES}
    names |= {name for table in SENTENCES.values() if isinstance(table, dict) for name in table}
    names.add("scale of ")
    of_python = {"argument", "not callable", "object is not callable"}
    elsewhere = {text for file in FILES for text in sentences_of(file)} - said - names
    assert {text for text in elsewhere if not any(part in text for part in of_python)} <= PARTS_OF_ERRORS


# What Python and NumPy say, which is looked for, and the words of a course's list of packages.
PARTS_OF_ERRORS = {
    "list indices must be integers or slices, not str",
    "indices must be integers",
    "'list' object",
    "'dict' object",
    "'int' object",
    "'int' object is not iterable",
    "has no len()",
    "object is not subscriptable",
    "'list' object cannot be interpreted as an integer",
    "'tuple' object cannot be interpreted as an integer",
    "cannot be interpreted as an integer",
    "as a data type",
    "for ^",
    "concatenate str",
    r"'numpy' has no attribute '(float|int|bool|object|str|complex)'",
    *(text for text in sentences_of("preflight.py") if text.startswith("numpy matplotlib")),
}


@pytest.fixture
def translated():
    """The table of sentences in another language: every word stands between guillemets, and what is filled in does not."""

    def foreign(text):
        parts = re.split(r"(\{\{|\}\}|\{[^{}]*\})", text)
        return "".join(
            part if part.startswith(("{", "}")) else re.sub(r"[A-Za-z]+", "\u00abx\u00bb", part) for part in parts
        )

    kept = [(table, name, table[name]) for table, name in texts_in(SENTENCES) if isinstance(table, dict)]
    kept += [
        (table, name, value)
        for table in (PREFLIGHT, PREFLIGHT["rows"])
        for name, value in table.items()
        if isinstance(value, tuple)
    ]
    for table, name, value in kept:
        table[name] = foreign(value) if isinstance(value, str) else tuple(map(foreign, value))
    yield
    for table, name, value in kept:
        table[name] = value


def test_a_translated_table_translates_all_that_a_check_says(translated, ticking, capsys):
    """Each wrong answer's message has no word but the learner's own, Python's, and names out of the code."""
    for answer in WRONG:
        if answer.message == "error/recursion":  # which leaves no room for anything else
            continue
        function = function_of(answer.source, f"initialize_parameters_{answer.exercise}")
        try:
            CHECKS[answer.exercise](function)
        except CheckFailed as failed:
            lines = str(failed).splitlines()[1:]
            assert all(line.startswith("\u00abx\u00bb:") for line in lines[:1] + lines[-1:]), failed
            assert not re.search(r"[A-Za-z]{3,}", failed.hint.split("{")[0]) or failed.kind in ("error", "draws"), (
                failed
            )
    CHECKS["zeros"](SOLUTIONS["zeros"])
    assert re.fullmatch(r"(\u00abx\u00bb[ .]?)+\n", capsys.readouterr().out.splitlines(True)[-1])


def test_a_translated_table_translates_the_preflight(translated):
    page = looked_at(READY[:2])[1]._repr_html_()
    words = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"<[^>]+>", " ", page)))
    assert words <= {"initialize", "parameters"}


def test_messages_are_short_sentences_with_all_three_parts():
    for kind, message in MESSAGES.items():
        assert message["about"] and message["expected"] and message["got"], kind
        for cause, hint in message["hints"].items():
            assert hint.endswith((".", "?", "{spread}", "}}.")), (kind, cause)
            assert len(hint) < 240, (kind, cause)


def test_every_cause_has_a_sentence_and_the_last_one_always_holds():
    for kind, causes in CAUSES.items():
        assert {cause for cause, _ in causes} == MESSAGES[kind]["hints"].keys(), kind
        assert causes[-1][1](None, None) is True, kind
    assert set(MESSAGES) - set(CAUSES) == {"there", "cell"}
