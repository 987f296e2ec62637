"""harmless.py: whatever a student wrote, what comes out is text, checked pictures and formulas."""

import base64
import io
import json
import re
from html.parser import HTMLParser

import nbformat
import pytest
from conftest import ROOT, copy_course, graded, jupyter, nbgrader
from hypothesis import example, given
from hypothesis import strategies as st
from nbconvert.filters import markdown2html
from nbgrader.api import Gradebook
from PIL import Image

from grading import harmless
from grading.harmless import (
    DEEPEST,
    DRAWN,
    ELEMENTS,
    KEPT,
    MATHML,
    OBEYED,
    OUTPUTS,
    PIXELS,
    TEXT,
    Pictures,
    outputs,
    text,
    words,
)
from grading.page import as_it_is

ELSEWHERE = "http://elsewhere.example/"


def picture(kind="PNG", size=(20, 10), mode="RGB", **options):
    made = io.BytesIO()
    Image.new(mode, size, "white").save(made, kind, **options)
    return made.getvalue()


def in_base_64(content):
    return base64.b64encode(content).decode()


PNG, JPEG = picture(), picture("JPEG")
DATA = f"data:image/png;base64,{in_base_64(PNG)}"


class Seen(HTMLParser):
    """Reads HTML as a browser does, and refuses what is none of ours."""

    def __init__(self, made, also=()):
        super().__init__()
        self.open, self.texts, self.pictures, self.also, self.deepest = [], [], [], also, 0
        self.feed(made)
        self.close()
        assert not self.open, "an element has no end"

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            assert (
                tag == "img"
                and (name == "alt" or name == "src" and re.fullmatch("data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+", value))
                or tag == "ol" and name == "start" and value.isdigit()
                or tag in MATHML and name in KEPT and harmless.SMALL.fullmatch(value)
                or (tag, name) in self.also
            ), (tag, name, value)  # fmt: skip
            self.texts.append(value)
        assert tag in {*ELEMENTS, *MATHML, "br", "hr", "img"}, tag
        if tag == "img":
            assert [name for name, _ in attributes] == ["alt", "src"]
            self.pictures.append(dict(attributes))
        if tag not in ("br", "hr", "img"):
            self.open.append(tag)
            self.deepest = max(self.deepest, len(self.open))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def refused(self, data):
        raise AssertionError(f"a comment or a declaration: {data}")

    handle_comment = handle_decl = handle_pi = unknown_decl = refused


def is_harmless(made):
    seen = Seen(made)
    assert not OBEYED.search("".join(seen.texts))
    return seen


# ------------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("\x1b[1;31mred\x1b[0m and \x1b[38;5;1mmore\x1b[m", "red and more"),
        ("\x1b[38mhello", "hello"),
        ("\x1b[38;5mhello\x1b[", "hello"),
        ("\x1b]8;;http://a.example\x07a link\x1b]8;;\x1b\\!", "a link!"),
        ("a\u202eb\u2066c\u200fd\x00e\x7ff\x9bg\ue000h\ud800i", "a�b�c�d�e�f�g�h�i"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        (["one\n", "two", 3, None], "one\ntwo"),
        ("naïve 你好 👩‍💻 שלום", "naïve 你好 👩‍💻 שלום"),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_a_text_keeps_what_it_says_and_loses_what_is_obeyed(written, read):
    assert text(written) == read


def test_a_long_text_says_how_much_of_it_is_left_out():
    assert text("x" * TEXT) == "x" * TEXT
    assert text("x" * (TEXT + 7)) == "x" * TEXT + "\n... and 7 characters more, which are too many to be shown"
    assert text("abcdef", 4).startswith("abcd\n... and 2 ")


# ---------------------------------------------------------------------------- outputs


def out(*found, files=None):
    return [(one.kind, one.text) for one in outputs(list(found), Pictures(files or {}))]


def shows(**data):
    return {"output_type": "display_data", "data": {name.replace("_", "/", 1): value for name, value in data.items()}}


def prints(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


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
    assert len(found) < 25 and sum(len(text) for _, text in found) < 2 * TEXT


def test_markdown_and_latex_are_shown_as_they_are_meant():
    ((kind, made),) = out(shows(text_markdown=f"**b** ![]({ELSEWHERE})", text_plain="<Markdown>"))
    assert kind == "words" and "<strong>b</strong>" in made and is_harmless(made)
    ((kind, made),) = out(shows(text_latex="$\\displaystyle x^{2}$", text_plain="x**2"))
    assert kind == "words" and "<msup>" in made and is_harmless(made)


def test_of_outputs_without_an_end_the_beginning_is_shown():
    more = ("printed", "... and more, which is too much to be shown")
    found = out(*[shows(text_plain=str(number)) for number in range(OUTPUTS + 5)])
    assert len(found) == OUTPUTS + 1 and found[-1] == more
    found = out(*[shows(text_plain="x" * 999) for _ in range(OUTPUTS)])
    assert found[-1] == more and TEXT <= sum(len(text) for _, text in found) < TEXT + 999


@given(
    st.recursive(st.none() | st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some), max_leaves=9)
)
@example([None, [], {"output_type": "stream"}, {"output_type": "error", "traceback": [1]}, {"data": {"text/html": 1}}])
def test_outputs_may_be_anything(found):
    assert isinstance(outputs(found, Pictures()), list)


# --------------------------------------------------------------------------- pictures


def animated(kind):
    made = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "white", "blue")]
    frames[0].save(made, kind, save_all=True, append_images=frames[1:], duration=20)
    return made.getvalue()


NOISY = picture(size=(300, 300))
DAMAGED = {
    "cut off": NOISY[: len(NOISY) // 2],
    "without an end": NOISY[:-12],
    "another byte": NOISY[:-60] + bytes([NOISY[-60] ^ 1]) + NOISY[-59:],
    "nothing but a beginning": b"\x89PNG\r\n\x1a\n",
    "an animation": animated("PNG"),
    "a web page": b"<html><script>alert(1)</script>",
    "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a GIF": picture("GIF"),
    "a WebP": animated("WEBP"),
    "a JPEG that is cut off": picture("JPEG", (300, 300))[:-200],
    "a bomb": picture(size=(10_000, 10_000), mode="1"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_no_whole_picture_is_not_shown(name, recwarn):
    content = DAMAGED[name]
    for mime in harmless.PICTURES:
        assert Pictures().data(f"data:{mime};base64,{in_base_64(content)}") == ""
    assert Pictures({"a.png": content}).at("a.png", None) == ""
    assert not recwarn.list  # a warning would be printed for each


def test_a_photograph_that_brings_others_along_is_shown():
    several = picture("MPO", (300, 300), save_all=True, append_images=[Image.new("RGB", (90, 90))])
    assert Pictures().data(f"data:image/jpeg;base64,{in_base_64(several)}")


def test_a_picture_is_shown_as_it_is_whatever_follows_it():
    trailing = PNG + b"<script>alert(1)</script>"
    assert Pictures().data(f"data:image/png;base64,{in_base_64(trailing)}").startswith("data:image/png;base64,")


def test_pictures_are_shown_as_long_as_there_is_room():
    noise = Image.frombytes("RGB", (700, 700), bytes(range(256)) * 5742 + bytes(48))
    made = io.BytesIO()
    noise.save(made, "PNG", compress_level=0)
    pictures = Pictures({"a b.png": made.getvalue(), "in/small.jpg": JPEG})
    shown = words("![](a%20b.png)" * 9 + "![](./in/small.jpg) ![](../gone.png)", pictures)
    found = is_harmless(shown).pictures
    assert [one["src"][:16] for one in found] == ["data:image/png;b"] * 3 + ["data:image/jpeg;"]
    assert len(shown) < DRAWN + 1000 and "(a picture that is not here: ../gone.png)" in shown


def test_pictures_have_together_no_more_pixels_than_a_browser_can_hold():
    large = picture(size=(4_000, 4_000))
    shown = words("![](a.png)" * 9, Pictures({"a.png": large}))
    assert len(is_harmless(shown).pictures) == PIXELS // 16_000_000


def test_what_is_attached_is_shown():
    attached = {
        "a b.png": {"image/png": in_base_64(PNG)},
        "c": {"image/svg+xml": "<svg/>"},
        "d": "x",
        "e": {"image/png": 1},
    }
    shown = words(
        "![one](attachment:a%20b.png) " + " ".join(f"![{n}](attachment:{n})" for n in "cdef"), Pictures(), attached
    )
    assert [one["alt"] for one in is_harmless(shown).pictures] == ["one"]
    assert [f"(a picture that is not here: {name})" in shown for name in "cdef"] == [True] * 4
    for nothing in (None, [], "a", {"a b.png": None}):
        assert not is_harmless(words("![one](attachment:a%20b.png)", Pictures(), nothing)).pictures


# ------------------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("**b** *i* `c`", "<p><strong>b</strong> <em>i</em> <code>c</code></p>"),
        ("a <b>b</b> <font color='red'>c</font><br>", "<p>a <b>b</b> c<br></p>"),
        ("2. a\n3. b", '<ol start="2">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("- [ ] a\n- [x] b", "<ul>\n<li>☐ a</li>\n<li>☑ b</li>\n</ul>"),
        ("```python\nx < 1\n```", "<pre><code>x &lt; 1\n</code></pre>"),
        ("[a](http://b.example/?c&d)", "<p>a (http://b.example/?c&amp;d)</p>"),
        ("http://b.example", "<p>http://b.example</p>"),
        ("<me@b.example> [up](#top)", "<p>me@b.example up</p>"),
        ("[c](javascript:alert(1))", "<p>c (javascript:alert(1))</p>"),
        ("[a][r]\n\n[r]: /logout", "<p>a (/logout)</p>"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("<a href='/logout'>out", "<p>out</p>"),
        ("a <!-- b --> c <?php d ?> e", "<p>a  c  e</p>"),
        ("<div><p>a</div></p></b>", "<div><p>a</p></div>"),
        ("&lt;b&gt; &#x202e; &#xe000; &amp;lt;", "<p>&lt;b&gt; � � &amp;lt;</p>"),
        ("1 < 2 & 3", "<p>1 &lt; 2 &amp; 3</p>"),
        ("a\r\nb\rc", "<p>a\nb\nc</p>"),
        ("", ""),
    ],
)
def test_words_keep_their_layout(written, made):
    assert words(written, Pictures()).strip() == made and is_harmless(made)


@pytest.mark.parametrize(
    "hostile",
    [
        f"![t]({ELSEWHERE}a.png)",
        f'![t]({ELSEWHERE}a.png "a \\"title\\"")',
        "![](/logout)",
        f"<img src={ELSEWHERE}>",
        f"<img srcset='{ELSEWHERE} 1x' src=x onerror='alert(1)'>",
        f"<p style='background: url({ELSEWHERE})'>a",
        f"<base href='{ELSEWHERE}'><link rel=stylesheet href='{ELSEWHERE}'>",
        f"<meta http-equiv=refresh content='0;url={ELSEWHERE}'>",
        f"<svg onload=alert(1)><image href='{ELSEWHERE}'/></svg>",
        f"<div>\n\n<iframe src='{ELSEWHERE}'></iframe>\n\n</div>",
        f"<style>@import url({ELSEWHERE});</style>",
        f"<video poster='{ELSEWHERE}'><source src='{ELSEWHERE}'></video><object data='{ELSEWHERE}'></object>",
        f"<math href='{ELSEWHERE}'><annotation-xml encoding='text/html'><img src='{ELSEWHERE}'></annotation-xml></math>",
        f"<![CDATA[<img src='{ELSEWHERE}'>]]>",
        f"<!-- <img src='{ELSEWHERE}'>",
        f"<img alt='<img src={ELSEWHERE}>' src=\"x",
        '![$\\text{x" onerror=alert(1) y="}$](a.png)',
        f'![$\\text{{x" onerror=alert(1) y="}}$]({DATA})',
        f"<img alt='<formula number=0>' src='{DATA}'> $\\text{{\" onerror=alert(1)}}$",
        f"[<img src='{ELSEWHERE}'>]({ELSEWHERE})",
        f"<ol start='1\" style=\"background:url({ELSEWHERE})'><li>a</ol>",
        "<formula number=7><formula number=x><formula><formula number=-1><formula number=²>",
        "<plaintext><xmp><noscript><textarea></noscript><title>",
        "</section></main></body></html>",
        "<table><form><td></table></form>" * 20,
        "<b>" * 5_000 + "</i>" * 999,
        "\u202eabc\u2066 \ue000f0\ue001 \x00",
    ],
    ids=lambda hostile: hostile[:20],
)  # fmt: skip
def test_nothing_of_words_is_run_or_fetched_and_all_that_is_open_is_closed(hostile):
    seen = is_harmless(words(f"before\n\n{hostile}\n\nafter", Pictures()))
    assert all(one["src"] == DATA for one in seen.pictures)
    assert seen.texts[0] == "before" and seen.deepest <= DEEPEST


PIECES = [
    *("<b>", "</b>", "<p>", "</p>", "<div>", "</div>", "<table>", "<td>", "</table>", "<ol start='", "<li>", "<br/>", "<pre>"),
    *("<img src=x onerror=a alt='", "<img src='", "<a href='/logout'>", "</a>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "<!"),
    *("<script>", "</script>", "<style>", "</style>", "<title>", "<textarea>", "<svg>", "<math>", "<mtext>", "<formula number=0>"),
    *("'", '"', ">", "<", "/", "=", " ", "\n", "\n\n", "    ", "`", "```\n", "~~", "*", "**", "_", "# ", "> ", "- ", "1. ", "- [x] "),
    *("![", "[", "](", "]", ")", "[a]: ", "|a|b|\n|-|-|\n", "---\n", "\\", "&#x202e;", "&#xe000;", "&lt;", "&amp;", "&quot;", "&"),
    *("$", "$$", "\\\\[", "\\\\]", "\\begin{align}", "\\end{align}", "\\text{", "\\frac", "{", "}", "^", "_", "\\\\", "\\left("),
    *("\\href{javascript:a}", "\\style{color:red}", "\\class{a}", "\\cssId{a}", "\\require{html}", "\\unicode{x202e}", "\\hspace{-9em}"),
    *("\u202e", "\ue000", "\x00", "\r", "\u2028", DATA, "attachment:a", "javascript:a", ELSEWHERE, "word", "é", "👩‍💻"),
]  # fmt: skip
MARKDOWN = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=30).map("".join)


@given(MARKDOWN)
def test_whatever_is_written_is_text_pictures_and_formulas(written):
    made = words(written, Pictures(), {"a": {"image/png": in_base_64(PNG)}})
    is_harmless(made)
    # What the formgrader makes of it is the same, and for MathJax there is nothing to find.
    cell = as_it_is(made)
    assert markdown2html(cell).strip() == cell and "$" not in cell and "\\" not in cell
    assert "".join(Seen(cell, also=[("div", "class")]).texts[1:]).split() == "".join(Seen(made).texts).split()


# --------------------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    "source",
    [
        r"\frac{1}{n}\sum_{i=1}^n x_i^2",
        r"W^{[l]} \sim \mathcal{N}(0, \sqrt{2 / n^{[l-1]}})",
        r"\begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}",
        *(
            f"\\begin{{{name}}} a &= b \\\\ c &= d \\end{{{name}}}"
            for name in ("align", "align*", "aligned", "eqnarray")
        ),
        r"\begin{equation}\label{eq:1} x < 1 \end{equation}",
        r"\color{red}{x} \hspace{-50em} \displaystyle y",
    ],
)
def test_a_formula_is_mathml(source):
    made = harmless.formula(source, "inline")
    assert made.startswith('<math display="inline">') and is_harmless(made)


@pytest.mark.parametrize(
    "source",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\require{html}\style{background: url(http://elsewhere.example)}{x}",
        r"\class{a}{x}\cssId{b}{y}\html{<img src=x>}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{&#x202e;a} \unicode{x202e}",
        r"\text{</mtext></math><script>alert(1)</script>}",
        r"\text{<img src='x' onerror='alert(1)'/>}",
        r"\text{<script>alert(1)</script>}",
        r"\genfrac{}{}{999em}{}{a}{b} \hspace{-999em} \rule{999em}{999em} x",
        r"\frac{", "{" * 1_500, "^" * 1_500, r"\sqrt{" * 300, r"\left(" * 300, "x" * 99_000,
        r"\def\a{" + "x" * 700 + "}" + r"\a" * 60,
    ],
    ids=lambda source: source[:20],
)  # fmt: skip
def test_a_formula_brings_nothing_else_along(source):
    made = harmless.formula(source, "block")
    assert made.startswith(("<math ", "<code>")) and is_harmless(made)
    assert len(made) < 100_000


# ----------------------------------------------------------------- in a real formgrader


def hostile():
    """Return cells that would load something, or that MathJax would act upon; each has a mark by which it is known."""
    numbers = iter(range(10_000))
    there = lambda: f"{ELSEWHERE}{next(numbers)}"  # noqa: E731
    written = [
        *(f"![t]({there()})", "![](/logout)", f"<img src='{there()}'>", f"<img srcset='{there()} 1x'>"),
        *(f"<p style='background: url({there()})'>x</p>", f"<base href='{ELSEWHERE}'>", f"<iframe src='{there()}'></iframe>"),
        *(f"<link rel=stylesheet href='{there()}'>", f"<meta http-equiv=refresh content='0;url={there()}'>"),
        *(f"<script>fetch('{there()}')</script>", f"<svg><image href='{there()}'/></svg>", f"<style>@import '{there()}'</style>"),
        *(f"$\\href{{{there()}}}{{x}}$", f"$$\\require{{html}}\\style{{background: url({there()})}}{{x}}$$", "`$\\href{a}{x}$`"),
        *(f"<div>\n\n<img src='{there()}'>\n\n</div>", f"![a]({DATA})", "$$x^2$$ and $\\frac{1}{2}$"),
        "<img src=x onerror='document.title = \"taken over\"'>",
    ]  # fmt: skip
    outputs = [
        shows(text_html=f"<img src='{there()}'>", text_plain="a"),
        shows(text_html=f"<script>fetch('{there()}')</script>", text_plain="b"),
        shows(**{"image_svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{there()}'/></svg>"}, text_plain="c"),
        shows(application_javascript=f"fetch('{there()}')", text_plain="d"),
        shows(text_markdown=f"![]({there()})", text_plain="e"),
        shows(text_latex=f"$\\href{{{there()}}}{{x}}$", text_plain="f"),
        shows(text_html=f"<img alt='$\\href{{{there()}}}{{x}}$' src='{DATA}'>"),
        shows(text_plain=f"$\\href{{{there()}}}{{x}}$"),
        prints(f"<img src='{there()}'> \x1b]8;;{there()}\x07link"),
    ]  # fmt: skip
    cells = [nbformat.v4.new_markdown_cell(one) for one in written]
    code = nbformat.v4.new_code_cell(f"'<img src={there()}>'  # $\\href{{a}}{{x}}$")
    return [*cells, code | {"outputs": outputs}, nbformat.v4.new_raw_cell(f"<img src='{there()}'>")]


@pytest.mark.slow
def test_a_browser_loads_for_a_hostile_notebook_what_it_loads_for_any_other(browser, tmp_path):
    course = copy_course(tmp_path / "course", grader=True)
    nbgrader(course, "generate_assignment", "initialization")
    honest = nbformat.read(
        ROOT / "examples" / "submitted" / "ada" / "initialization" / "initialization.ipynb", as_version=4
    )
    for student, extra in {"ada": [], "eve": hostile()}.items():
        folder = course / "submitted" / student / "initialization"
        folder.mkdir(parents=True)
        (folder / "initialization.ipynb").write_text(json.dumps(honest | {"cells": honest.cells + extra}))
    graded(course)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "weight-initialization") as gradebook:
        ids = {one.student_id: one.notebooks[0].id for one in gradebook.assignment_submissions("initialization")}
    loaded = {}
    with jupyter(course, tmp_path / "home") as address, browser.new_context() as context:
        context.new_page().goto(f"{address}/formgrader/?token=secret")
        for student, number in ids.items():
            page, seen = context.new_page(), set()
            loaded[student] = seen
            page.on("request", lambda request, seen=seen, number=number: seen.add(request.url.replace(number, "")))
            page.goto(f"{address}/formgrader/submissions/{number}/")
            page.locator("input.score[placeholder='10']").last.wait_for()
            assert page.locator("textarea.comment").count() == 3 and page.locator("math").count() > 50
            assert page.title() == "initialization"
        page = context.new_page()
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        file = (course / "feedback" / "eve" / "initialization" / "initialization.html").as_uri()
        page.goto(file)
        drawn = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert drawn == [20, 20]
    assert [one for one in requests if not one.startswith("data:")] == [file]
    assert {one for one in loaded["eve"] if not one.startswith("data:")} <= loaded["ada"]
