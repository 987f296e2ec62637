"""outputs.py: what a cell showed is text, checked pictures and words, and not without an end."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from written import DATA, ELSEWHERE, JPEG, PNG, in_base_64, is_harmless, picture, prints, shows

from grading.harmless import MAX_TEXT, Pictures
from grading.outputs import MAX_OUTPUTS, harmless_outputs


def out(*found, files=None):
    return [(one.kind, one.text) for one in harmless_outputs(list(found), Pictures(files or {}))]


def test_what_is_printed_in_one_go_is_one_output():
    found = out(prints("one\n"), prints(["two\n", "three\n"]), shows(text_plain="4"), prints("five"))
    assert found == [("printed", "one\ntwo\nthree\n"), ("value", "4"), ("printed", "five")]


def test_of_a_bar_of_progress_its_end_is_shown():
    assert out(prints("  0%|\r 50%|#\r100%|##\r\ndone\n 1\r 2\r")) == [("printed", "100%|##\ndone\n 2")]


def test_an_error_is_its_traceback_without_colours():
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mline 1", "line 2"]}
    assert out(error, {"output_type": "error", "evalue": "still running"}) == [
        ("error", "line 1\nline 2"),
        ("error", "still running"),
    ]


def test_of_an_outputs_html_the_picture_is_left_and_its_description_is_a_text():
    alt = 'two "circles"><script>'
    html = f"<p><img alt='{alt}' onload='alert(1)' src='{DATA}'><script>alert(1)</script>"
    ((kind, made),) = out(shows(text_html=html, text_plain="a picture"))
    assert kind == "picture" and is_harmless(made).pictures == [{"alt": alt, "src": DATA}]


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": "<script>alert(1)</script>"},
        {"text/html": "<table><tr><td>1</td></tr></table>"},
        {"text/html": f"<img src='{ELSEWHERE}a.png'>"},
        {"text/html": "<img src='/logout'>"},
        {"image/svg+xml": f"<svg><image href='{ELSEWHERE}'/></svg>"},
        {"application/javascript": "alert(1)"},
        {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}},
        {"image/png": in_base_64(b"\x89PNG" + bytes(99))},
        {"image/png": "no base 64"},
        {"image/jpeg": in_base_64(PNG)},
        {"image/gif": in_base_64(picture("GIF"))},
    ],
    ids=lambda data: f"{[*data][0]}: {str([*data.values()][0])[:30]}",
)
def test_what_is_no_text_and_no_picture_is_the_text_beside_it(data):
    assert out({"output_type": "display_data", "data": data | {"text/plain": "<what it says>"}}) == [
        ("value", "<what it says>")
    ]
    assert out({"output_type": "display_data", "data": data}) == []


def test_pictures_of_two_kinds_are_shown():
    for mime, content in (("image_png", PNG), ("image_jpeg", JPEG)):
        ((kind, made),) = out(shows(**{mime: in_base_64(content) + "\n", "text_plain": "<Figure>"}))
        (seen,) = is_harmless(made).pictures
        assert kind == "picture" and base64.b64decode(seen["src"].partition(",")[2]) == content
        assert seen["alt"] == "a picture without a description"


def test_what_describes_pictures_is_not_without_an_end():
    html = f"<img alt='{'x' * 99_000}' src='{DATA}'>"
    found = out(*[shows(text_html=html)] * 99)
    assert len(found) < 25 and sum(len(text) for _, text in found) < 2 * MAX_TEXT


def test_markdown_and_latex_are_shown_as_they_are_meant():
    ((kind, made),) = out(shows(text_markdown=f"**b** ![]({ELSEWHERE})", text_plain="<Markdown>"))
    assert kind == "words" and "<strong>b</strong>" in made and is_harmless(made)
    ((kind, made),) = out(shows(text_latex="$\\displaystyle x^{2}$", text_plain="x**2"))
    assert kind == "words" and "<msup>" in made and is_harmless(made)


def test_of_outputs_without_an_end_the_beginning_is_shown():
    more = ("printed", "... and more, which is too much to be shown")
    found = out(*[shows(text_plain=str(number)) for number in range(MAX_OUTPUTS + 5)])
    assert len(found) == MAX_OUTPUTS + 1 and found[-1] == more
    found = out(*[shows(text_plain="x" * 999) for _ in range(MAX_OUTPUTS)])
    assert found[-1] == more and MAX_TEXT <= sum(len(text) for _, text in found) < MAX_TEXT + 999


@given(
    st.recursive(st.none() | st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some), max_leaves=9)
)
@example([None, [], {"output_type": "stream"}, {"output_type": "error", "traceback": [1]}, {"data": {"text/html": 1}}])
def test_outputs_may_be_anything(found):
    assert isinstance(harmless_outputs(found, Pictures()), list)
