"""excerpt.py: the lines of an answer are code, short and printable, without what people sign with."""

import re
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.excerpt import LINES, WIDTH, lines_of, typed_in


def test_lines_are_code_without_what_people_sign_with():
    source = (
        '"""By Anna\nBell"""\n# Anna\nx  =  1  # mine\n\nname = "Anna Bell wrote this"\nkey = f\'W{l}\' + "#b"\n)\n'
    )
    assert lines_of(source) == ["x = 1", 'name = "…"', "key = f'W{l}' + \"#b\""]
    assert lines_of("'''never closed\nAnna") == []
    assert len(lines_of("y = " + "z" * 1000)[0]) == WIDTH
    notebook = SimpleNamespace(
        code=[SimpleNamespace(grade_id="a", source="x = 2\nreturn x", is_solution=True)],
        stubs={"a": ("code", "def f():\n    # YOUR CODE HERE")},
        judged_by={"a": "a-test"},
        solved=lambda cells: {"a": SimpleNamespace(kind="code", source="def f():\n    x=2\n" + "\n".join(f"y{n} = 1" for n in range(99)))},
    )  # fmt: skip
    assert typed_in(notebook, SimpleNamespace(cells=())) == {"a-test": tuple(f"y{n} = 1" for n in range(LINES))}


@given(st.text(st.sampled_from("\"'\\#\n ab\u2028"), max_size=200))
def test_lines_of_anything_are_short_and_printable(source):
    assert all(line.isprintable() and 0 < len(line) <= WIDTH for line in lines_of(source))


def test_lines_of_quotation_marks_that_never_close_take_no_time_to_speak_of():
    assert len(lines_of("'" + "\\'" * 10_000)) == 0
    assert lines_of("'\"" * 10_000) == []


SIGNED = "Anna Bell of 12 Mill Lane has written all of this alone"


@pytest.mark.parametrize(
    "source",
    [
        f'# """\n"""\n{SIGNED}\n"""\nx = 1',
        f"x = 1  # ' \n# '\n'''\n{SIGNED}\n'''",
        f'"""\\"""\n{SIGNED}\n"""\nx = 1',
        f"y = 'a \\\n{SIGNED}'\nx = 1",
        f"y = 'a \\\r\n{SIGNED}'\r\nx = 1",
        f"y = '{SIGNED * 20}'\nx = 1",
        f"y = '{SIGNED}\u2028{SIGNED}'\nx = 1",
        f"# 'a\u2028{SIGNED}\nx = 1",
        f"y = 'it is so, {SIGNED}\nx = 1",
        f'"""{SIGNED}\\',
    ],
)
def test_nothing_opens_a_comment_or_a_text(source):
    shown = " ".join(lines_of(source))
    assert not re.search("Anna|Bell|Mill|written", shown) and (SIGNED + "\\" in source or "x = 1" in shown)


def test_texts_that_never_end_take_no_time_to_speak_of():
    for text in ("'\\", '"""\\', "'", "\\", "\"\"\"'''", '# """\n', "'\\\n"):
        started = time.process_time()
        lines_of(text * 20_000)
        lines_of(text * 6_000 + "\\")
        assert time.process_time() - started < 2, text
