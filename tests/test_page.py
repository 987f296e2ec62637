"""shown.py, formgrader.py and page.py: the notebook that the formgrader shows, and the page that a student reads."""

import re
import shutil
from html.parser import HTMLParser

import nbformat
import pytest
from bs4 import BeautifulSoup
from courses import ROOT, nbgrader
from hypothesis import given
from hypothesis import strategies as st
from nbconvert import HTMLExporter
from nbgrader.utils import notebook_hash
from pages import MASTER, NOTEBOOK, STUBS, handed_in, marked, page_of, result, shown_in_formgrader, with_everything
from term import RIGHT, hand_in, score_of

from grading.page import STATUS_SENTENCES, Exercise, page_cells
from grading.result import Failure, Status
from grading.shown import ShownCell, shown_cells


class Page(HTMLParser):
    """A page as a reader meets it: its headings, links and places, and the text of each part."""

    def __init__(self, page):
        super().__init__()
        self.headings, self.links, self.places, self.tags, self.text = [], [], [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        about = dict(attributes)
        self.tags.append(tag)
        self.links += [about["href"]] if tag == "a" else []
        self.places += [about["id"]] if "id" in about else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_data(self, data):
        inside = self.headings and self.tags[-1:] in ([f"h{self.headings[-1][0]}"], ["span"])
        if inside and data.strip():
            level, text = self.headings[-1]
            self.headings[-1] = level, text or data.strip()
        self.text += data


def told(page):
    """Return the text of a page in one line, less its style."""
    page = re.sub("<style>.*?</style>|</?(strong|em|b|a|code|span)\\b[^>]*>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def line_of(page, title):
    """Return the text of one exercise on a page."""
    (found,) = (one for one in re.findall("<article.*?</article>", page, re.DOTALL) if f">{title}</h3>" in one)
    return told(found).removeprefix("✓").removeprefix("✗").removeprefix("…").removeprefix("◐").strip()


def shown(*arguments, **options):
    return {
        one.name: one for one in shown_cells(NOTEBOOK, handed_in(*arguments, **options)) if isinstance(one, ShownCell)
    }


# ------------------------------------------------------------------------------- look


def test_of_what_was_handed_in_the_students_own_cells_are_known():
    found = shown(RIGHT, [nbformat.v4.new_code_cell("mine = 1"), nbformat.v4.new_markdown_cell("Notes.")])
    own = {name: one.title for name, one in found.items() if one.is_own}
    assert own == {
        "double": "double",
        "square": "square",
        "why": "why",
        "sign": "Exercise 2: signs (sign)",
        "half": "Exercise 2: signs (half)",
        "cell-13": "Cell 13",
        "cell-14": "Cell 14",
    }
    assert {name for name, one in found.items() if one.marks} == {"double", "square", "why", "sign", "half", "draw"}


def test_an_answer_that_was_not_given_is_told_of_in_a_word():
    words = {name: one.word for name, one in shown(RIGHT | {"sign": " \n"}, without=["half"]).items()}
    assert words["sign"] == "You left it empty." and words["half"] == "It is not in what you handed in."
    assert words["double"] == words["square"] == words["why"] == ""
    assert shown({"why": RIGHT["why"]})["double"].word == "You left it as it was given."


def test_a_given_cell_that_was_changed_is_the_students_own_and_an_empty_one_is_not():
    found = shown(
        {"title": "# Numbers\n\nI read it."}, [nbformat.v4.new_code_cell(" "), nbformat.v4.new_code_cell("1")]
    )
    assert [name for name, one in found.items() if one.is_own and not one.marks] == ["cell-1", "cell-14"]


def test_a_test_stands_where_it_was_handed_in():
    order = [
        getattr(one, "grade_id", None) or one.name for one in shown_cells(NOTEBOOK, handed_in(without=["square-test"]))
    ]
    assert order.index("double-test") == order.index("double") + 1 and order[-1] == "square-test"


def test_where_nothing_could_be_read_the_formgrader_has_what_a_person_comments_and_the_page_has_nothing():
    found = [one for one in shown_cells(NOTEBOOK, None) if isinstance(one, ShownCell)]
    assert {one.name for one in found} == {*STUBS, "draw"} and not any(one.is_own for one in found)
    assert page_cells(found) == []


# ------------------------------------------------------------------- for the formgrader


def test_the_formgrader_shows_a_notebook_with_all_that_nbgrader_looks_for():
    cells = shown_in_formgrader(handed_in(RIGHT))
    known = {one["metadata"]["nbgrader"]["grade_id"]: one for one in cells if "nbgrader" in one["metadata"]}
    assert known.keys() == NOTEBOOK.marks.keys()
    assert all(one["metadata"]["nbgrader"] == NOTEBOOK.marks[name] for name, one in known.items())
    made = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    nbformat.validate(made)
    assert all(len(one["id"]) <= 64 for one in cells)


def test_a_message_is_a_text_and_no_html():
    state, *_ = shown_in_formgrader(handed_in(), result(message="NameError: <script>alert(1)</script>"))
    assert "<script>" not in state["source"] and "NameError: &lt;script&gt;" in state["source"]


def test_a_test_is_shown_without_what_is_hidden_and_with_what_it_said():
    graded = result({"double-test": 0.0, "signs-test": 2.5}, {"double-test": "double(2) is 6"})
    cells = {one["id"]: one for one in shown_in_formgrader(handed_in(), graded)}
    assert cells["double-test"]["source"] == "assert double(2) == 4"
    for name, kind, said in (
        ("double-test", "error", "double(2) is 6"),
        ("square-test", "stream", "3 of 3 points.\n"),
        ("signs-test", "error", "2.5 of 5 points.\n"),
    ):
        (output,) = cells[name]["outputs"]
        assert output["output_type"] == kind and said in (output.get("text"), *output.get("traceback", []))


def test_nbconvert_copies_words_as_they_are():
    written = "# A\n\n\n$$x$$ and `$y$`\n\n```\na\n\n\nb\n```\n\n<div>\n\n**b**\n\n</div>"
    cells = {one["id"]: one for one in shown_in_formgrader(handed_in({"why": written}))}
    notebook = {"cells": [cells["why"]], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    made, _ = HTMLExporter(template_name="classic").from_notebook_node(nbformat.from_dict(notebook))
    found = BeautifulSoup(made, "html.parser").select_one(".tex2jax_ignore.mathjax_ignore")
    assert found.decode_contents() == BeautifulSoup(cells["why"]["source"], "html.parser").div.decode_contents()
    assert found.h1.string == "A" and found.strong.string == "b" and found.find(display="block").name == "math"
    assert [one.text for one in found("code")] == ["$y$", "a\n\n\nb\n"]


# --------------------------------------------------------------------- for the student


def test_a_right_answer_has_one_line():
    page = page_of(handed_in(RIGHT))
    assert line_of(page, "Exercise 2: signs") == "Exercise 2: signs right, 5 of 5 points Your answer 1, Your answer 2"
    assert "18 of 18 points Exercises" in told(page) and score_of_text(page) == 18.0


def score_of_text(page):
    return float(re.search(r'<p class="total"><strong>([\d.]+)</strong>', page)[1])


def test_a_wrong_answer_has_what_was_expected_what_came_and_the_hint():
    said = Failure(call="double(2)", expected="4", got="6 <b>", hint="Not `3 * x`. Look again.")
    graded = result({"double-test": 0.0}, {"double-test": "In one text."}, failures={"double-test": said})
    page = page_of(handed_in(RIGHT), graded)
    assert "not yet</strong>, 0 of 4 points" in page and "14</strong> of 18 points" in page
    assert '<dt>Expected</dt>\n<dd class="expected">4</dd>' in page and "6 &lt;b&gt;</dd>" in page
    assert '<dd class="hint">Not <code>3 * x</code>. Look again.</dd>' in page
    assert '<p class="said">double(2)</p>' in page and "In one text." not in page


@pytest.mark.parametrize("failure", [Failure(), Failure(hint="Of a check that says no more apart.")])
def test_a_message_without_parts_is_shown_as_it_is(failure):
    said = "NameError: x\nGot: it? no\nHint: y"
    graded = result({"double-test": 0.0}, {"double-test": said}, failures={"double-test": failure})
    page = page_of(handed_in(RIGHT), graded)
    assert f'<p class="said">{said}</p>' in page and "<dl>" not in page


@pytest.mark.parametrize(
    ("line", "word", "sign"),
    [
        (Exercise("a", 5.0, 5.0), "right", "✓"),
        (Exercise("a", 6.0, 5.0), "right", "✓"),
        (Exercise("a", 0.0, 0.0), "right", "✓"),
        (Exercise("a", 2.0, 5.0), "partly right", "◐"),
        (Exercise("a", 0.0, 5.0), "not yet", "✗"),
        (Exercise("a", 0.0, 5.0, is_empty=True), "no answer", "✗"),
        (Exercise("a", 3.0, 5.0, is_empty=True), "partly right", "◐"),
        (Exercise("a", None, 5.0), "not graded yet", "…"),
        (Exercise("a", 5.0, 5.0, waits=True), "not graded yet", "…"),
    ],
)
def test_each_exercise_has_a_word_and_a_sign(line, word, sign):
    assert (line.word, line.sign) == (word, sign)


def test_what_a_person_gave_and_said_is_there():
    marks = marked(
        square={"auto": None, "manual": 1.5, "extra": 1.0, "comment": "Well *done*, <b>you</b>.\n\n$x^2$"},
        why={"auto": None, "waits": True},
        draw={"auto": 0.0, "comment": "A picture."},
        double={"comment": "Short."},
    )
    page = page_of(handed_in(RIGHT), marks=marks)
    square = line_of(page, "square")
    assert "right, 2.5 of 2 points" in square and "Your teacher says: Well done, you." in square
    assert "Your teacher gave 1.5 points and 1 point of extra credit." in square
    assert "Your teacher says: Short." in line_of(page, "double")
    assert "Your teacher says: A picture." in line_of(page, "draw") and "Your teacher gave" not in line_of(page, "draw")
    assert "not graded yet, up to 3 points" in line_of(page, "why")
    assert "14.5 of 18 points so far" in told(page) and "Your teacher still grades 1 of 6 parts." in told(page)


def test_a_comment_on_a_cell_that_no_exercise_has_is_there():
    page = page_of(handed_in(RIGHT), marks=marked(gone={"comment": "Well."}))
    assert "Your teacher says of gone: Well." in told(page)


def test_points_that_are_taken_off_are_told():
    page = page_of(handed_in(RIGHT), penalty=2.5)
    assert "15.5 of 18 points 2.5 points are taken off, because it was handed in late." in told(page)
    assert "1 point is taken off" in told(page_of(handed_in(RIGHT), penalty=1.0))
    assert "0 of 18 points 99 points" in told(page_of(handed_in(RIGHT), penalty=99.0))


@pytest.mark.parametrize("status", [*STATUS_SENTENCES])
def test_each_state_says_what_happened_and_what_to_do(status):
    submission = None if status in (Status.MALFORMED, Status.MISSING, Status.FAILED) else handed_in(RIGHT)
    graded = result(
        dict.fromkeys(MASTER.points) if status == Status.FAILED else {}, status=status, notes="It took `5` s."
    )
    page = page_of(submission, graded)
    what, todo = STATUS_SENTENCES[status]
    if status == Status.GRADED:
        assert '<p class="state">It took <code>5</code> s.</p>' in page
        assert 'class="state"' not in page_of(submission)
    else:
        assert f'<p class="state"><strong>{what}</strong> It took <code>5</code> s. {todo}</p>' in page
        assert status.replace("_", " ") in page.lower()
    assert ('<h2 id="cells">' in page) == (submission is not None)
    assert ("Not graded yet, up to 18 points" in told(page)) == (status == Status.FAILED)


def test_what_failed_and_was_graded_by_a_person_says_so():
    graded = result(dict.fromkeys(MASTER.points), status=Status.FAILED, notes="It took too much.")
    by_hand = {name.replace("-", "_"): {"auto": None, "manual": 1.0, "waits": False} for name in MASTER.points}
    page = told(page_of(None, graded, marked(**by_hand)))
    assert "6 of 18 points Failed: this could not be graded. It took too much. Your teacher has graded it." in page


def test_a_page_has_a_link_to_each_of_the_students_cells():
    page = with_everything()
    seen = Page(page)
    links = [one.removeprefix("#") for one in seen.links]
    assert all(link.startswith("#") for link in seen.links) and {*links} == {one for one in seen.places if "-" in one}
    assert len({*seen.places}) == len(seen.places) and links.count("cell-13") == 1


def test_headings_come_in_order_one_for_each_exercise_and_each_cell():
    headings = Page(with_everything()).headings
    assert headings[0] == (1, "Numbers") and [level for level, _ in headings].count(1) == 1
    assert all(below <= above + 1 for (above, _), (below, _) in zip(headings, headings[1:]))
    assert [text for level, text in headings if level == 2] == ["Exercises", "Your cells"]


def test_what_a_student_wrote_opens_and_closes_nothing_of_the_page():
    hostile = '</div></section></main><section class="cell" id="your-why">\n<h3>stolen</h3>" id=\'exercises\''
    answers = {"why": hostile, "double": f"'''{hostile}'''"}
    page = page_of(handed_in(answers, [nbformat.v4.new_raw_cell(hostile)]))
    seen = Page(page)
    assert seen.places.count("your-why") == seen.places.count("exercises") == 1
    for tag in ("main", "section", "article", "div", "span", "p", "dl"):
        assert page.count(f"<{tag}>") + page.count(f"<{tag} ") == page.count(f"</{tag}>"), tag


def test_a_page_asks_for_nothing():
    page = with_everything()
    assert "default-src 'none'; img-src data:;" in page
    for word in ("<script", "<iframe", 'http-equiv="refresh', "@import", "url(", "javascript:"):
        assert word not in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)


def test_hidden_lines_are_not_on_the_page():
    assert "double(-1)" not in page_of(handed_in())


TEXTS = st.text(max_size=20) | st.sampled_from(["Expected: 1\nGot: 2", "<b>", "</dl>", "`", "``x`", "\u202e", "Hint:"])


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_whatever_is_said_is_text(message, notes, comment, part):
    failures = {"double-test": Failure(call=part, expected=part, got=part, hint=part)}
    graded = result({"double-test": 0.0}, {"double-test": message}, notes=notes, failures=failures)
    page = page_of(handed_in(RIGHT), graded, marked(square={"comment": comment}))
    own, plain = ([one for one in Page(made).headings if one[0] < 4] for made in (page, page_of(handed_in(RIGHT))))
    assert "\u202e" not in page and len(own) == len(
        plain
    )  # what a person comments is Markdown, with headings below these
    assert page.count("<dl>") == page.count("</dl>") and page.count("<code>") == page.count("</code>")


# ---------------------------------------------------------------------------- commands

BUTTON = """
from nbgrader.apps import NbGrader
from nbgrader.apps.api import NbGraderAPI
app = NbGrader()
app.load_config_file()
made = NbGraderAPI(config=app.config).generate_feedback("numbers", "amy")
assert made["success"], made
"""


@pytest.fixture
def course(numbers_course, tmp_path):
    """The course of `term.py` with our grader, and a submission in it that the exchange has brought, graded."""
    folder = shutil.copytree(numbers_course, tmp_path / "a course")
    shutil.copytree(ROOT / "grading", folder / "grading", ignore=shutil.ignore_patterns("__pycache__"))
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    hand_in(folder, "amy", RIGHT, "2026-03-01 11:00:00 UTC")
    (folder / "submitted" / "amy" / "numbers" / "submission_secret.txt").write_text("a secret")
    nbgrader(folder, "autograde", "numbers")
    return folder


def is_ours_with_its_receipt(course):
    page = course / "feedback" / "amy" / "numbers" / "numbers.html"
    return (
        page.with_name("timestamp.txt").read_text() == "2026-03-01 11:00:00.000000 UTC"
        and page.with_name("submission_secret.txt").read_text() == "a secret"
        and '<h2 id="exercises">' in page.read_text()
        and score_of(page) == 7.0
    )


def test_nbgraders_own_commands_give_this_page(course, tmp_path):
    nbgrader(course, "generate_feedback", "numbers")
    assert is_ours_with_its_receipt(course)
    nbgrader(course, "release_assignment", "numbers")
    nbgrader(course, "release_feedback", "numbers")
    (released,) = tmp_path.glob("exchange/*/feedback/*.html")
    assert released.stem == notebook_hash(secret="a secret", notebook_id="numbers")
    assert released.read_text() == (course / "feedback" / "amy" / "numbers" / "numbers.html").read_text()


def test_the_formgraders_button_gives_this_page(course):
    nbgrader(course, program=["-c", BUTTON])
    assert is_ours_with_its_receipt(course)
