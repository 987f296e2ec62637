"""markdown.py: words keep their layout and formulas are MathML; nothing of either is run or fetched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.filters import markdown2html
from written import DATA, ELSEWHERE, PNG, Seen, in_base_64, is_harmless

from grading.formgrader import verbatim_html
from grading.harmless import Pictures
from grading.markdown import MAX_DEPTH, formula_as_mathml, markdown_as_html

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
    assert markdown_as_html(written, Pictures()).strip() == made and is_harmless(made)


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
    seen = is_harmless(markdown_as_html(f"before\n\n{hostile}\n\nafter", Pictures()))
    assert all(one["src"] == DATA for one in seen.pictures)
    assert seen.texts[0] == "before" and seen.deepest <= MAX_DEPTH


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
    made = markdown_as_html(written, Pictures(), {"a": {"image/png": in_base_64(PNG)}})
    is_harmless(made)
    # What the formgrader makes of it is the same, and for MathJax there is nothing to find.
    cell = verbatim_html(made)
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
    made = formula_as_mathml(source, "inline")
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
    made = formula_as_mathml(source, "block")
    assert made.startswith(("<math ", "<code>")) and is_harmless(made)
    assert len(made) < 100_000
