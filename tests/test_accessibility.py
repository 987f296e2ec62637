"""Who can read it: colours for every eye, and pages for every reader. axe-core looks at the pages in a real browser."""

from itertools import combinations

import colour
import nbconvert
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from classes import with_everything as everything_learned
from colour.blindness import matrix_cvd_Machado2009
from courses import ROOT
from pages import with_everything
from playwright.sync_api import expect
from waiting import wait_until

import explore
import init_utils
from grading.insight_page import as_html, for_the_class, for_the_teacher

VISIONS = [None, "Protanomaly", "Deuteranomaly", "Tritanomaly"]
WHITE = "#FFFFFF"


def seen(color, vision):
    """Return a colour as linear RGB, as a person sees it whose eyes lack one kind of cone (Machado, Oliveira, Fernandes 2009)."""
    rgb = {"black": "#000000"}.get(color, color)
    linear = colour.models.eotf_sRGB(colour.notation.HEX_to_RGB(rgb))
    return linear if vision is None else np.clip(matrix_cvd_Machado2009(vision, 1.0) @ linear, 0, 1)


def difference(one, other, vision):
    """Return the CIE 2000 difference of two colours; 2.3 is what a trained eye just notices."""
    first, second = (colour.XYZ_to_Lab(colour.RGB_to_XYZ(seen(color, vision), "sRGB")) for color in (one, other))
    return colour.delta_E(first, second, method="CIE 2000")


def contrast(one, other):
    """Return the contrast ratio of WCAG 2."""
    lighter, darker = sorted((seen(color, None) @ [0.2126, 0.7152, 0.0722] for color in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_of_one_picture_differ_for_every_eye(vision):
    curves = [color for color, _, _ in explore.STYLES.values()]
    classes = [init_utils.BLUE, init_utils.VERMILLION]
    for picture in (curves, classes):
        for one, other in combinations(picture, 2):
            assert difference(one, other, vision) > 8, (one, other)


def test_no_curve_is_told_by_colour_alone():
    run = {"iteration": [0, 100], "cost_from_logits": [1.0, 0.5]}
    costs = init_utils.plot_costs(dict.fromkeys("abcd", run)).figure.axes[0].get_lines()
    for styles in (
        [(one.get_linestyle(), one.get_marker()) for one in costs],
        [each[1:] for each in explore.STYLES.values()],
    ):
        lines, markers = zip(*styles)
        assert len({*lines}) == len({*markers}) == len(styles) >= 4


def test_colours_stand_out_from_the_paper():
    for color in {color for color, _, _ in explore.STYLES.values()} | {init_utils.BLUE, init_utils.VERMILLION}:
        assert contrast(color, WHITE) >= 3, color  # WCAG 2.2, 1.4.11: what one must see to understand a picture


# --------------------------------------------------------------------------- pages


def serious(browser, file):
    """Return what axe-core finds in a page that keeps somebody from reading it."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(file.as_uri())
        found = Axe().run(page).response["violations"]
    return [
        (one["id"], node["html"][:120], node["failureSummary"])
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def test_the_exported_notebooks_can_be_read_by_all(browser, executed, explored, tmp_path):
    exporter = nbconvert.HTMLExporter(
        template_name="readable", extra_template_basedirs=[str(ROOT / "grading" / "templates")]
    )
    for name, notebook in {"initialization": executed, "explore": explored[0]}.items():
        file = tmp_path / f"{name}.html"
        file.write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")
        assert serious(browser, file) == []


# What a feedback page is held to: WCAG 2.2 AA, and what is good practice besides.
RULES = "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"
SAMPLES = ["carla", *(pytest.param(name, marks=pytest.mark.slow) for name in ("ada", "elena", "ines", "kavya", "omar"))]


@pytest.fixture
def feedback(request, sample_class, tmp_path):
    """The feedback page of a student of the sample class, or the one that has everything."""
    if request.param != "everything":
        return sample_class / "feedback" / request.param / "initialization" / "initialization.html"
    file = tmp_path / "everything.html"
    file.write_text(with_everything(), encoding="utf-8")
    return file


@pytest.mark.parametrize("feedback", ["everything", *SAMPLES], indirect=True)
def test_the_feedback_pages_can_be_read_by_all(browser, feedback):
    """Of who got everything right or something wrong, in each state: wide, narrow, in the dark and printed."""
    for width, options in (
        (1280, {}),
        (400, {}),
        (320, {"color_scheme": "dark"}),
        (1280, {"color_scheme": "dark"}),
    ):
        with browser.new_context(viewport={"width": width, "height": 900}, **options) as context:
            page = context.new_page()
            page.goto(feedback.as_uri())
            found = Axe().run(page, options={"runOnly": [*RULES]}).response["violations"]
            assert [(one["id"], node["html"][:120]) for one in found for node in one["nodes"]] == [], (width, options)
            assert page.evaluate("document.documentElement.scrollWidth") == width, (
                "it has to be moved from side to side"
            )


LEARNED = ["everything", "anonymous", *(pytest.param(name, marks=pytest.mark.slow) for name in ("thousand", "class"))]


@pytest.fixture
def learned(request, tmp_path):
    """The page of what a class learned that has everything, and those of a class of 1,000."""
    if request.param in ("thousand", "class"):
        ending = "-anonymous" * (request.param == "class")
        return request.getfixturevalue("thousand")[0] / "grades" / f"initialization{ending}.html"
    file, told = tmp_path / "learned.html", everything_learned()
    page = for_the_teacher(told) if request.param == "everything" else for_the_class(told, frozenset())
    file.write_text(as_html(page), encoding="utf-8")
    return file


@pytest.mark.parametrize("learned", LEARNED, indirect=True)
def test_what_a_class_learned_can_be_read_by_all(browser, learned):
    """Wide, narrow and in the dark, with its lists folded and unfolded."""
    for width, options in (
        (1280, {}),
        (800, {}),
        (360, {}),
        (320, {"color_scheme": "dark"}),
        (1280, {"color_scheme": "dark"}),
    ):
        with browser.new_context(viewport={"width": width, "height": 900}, **options) as context:
            page = context.new_page()
            page.goto(learned.as_uri())
            for _ in range(2):
                found = Axe().run(page, options={"runOnly": [*RULES]}).response["violations"]
                assert [(one["id"], node["html"][:120]) for one in found for node in one["nodes"]] == [], (
                    width,
                    options,
                )
                assert page.evaluate("document.documentElement.scrollWidth") == width
                page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


@pytest.mark.parametrize("learned", ["everything"], indirect=True)
def test_what_a_class_learned_is_read_by_keyboard_and_printed_without_names(browser, learned):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(learned.as_uri())
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('summary:focus-visible')")
        names = page.locator("details .students").first
        expect(names).not_to_be_visible()
        page.keyboard.press("Enter")
        expect(names).to_be_visible()
        page.emulate_media(media="print")
        expect(names).not_to_be_visible()
        expect(page.get_by_role("heading", name="A title of the course")).to_be_visible()


@pytest.mark.parametrize("feedback", ["everything", *SAMPLES], indirect=True)
def test_a_feedback_page_prints_on_two_sheets(browser, feedback):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(feedback.as_uri())
        for paper in ("A4", "Letter"):
            sheets = page.pdf(format=paper, prefer_css_page_size=True).count(b"/Type /Page\n")
            assert 1 <= sheets <= 2


@pytest.mark.parametrize("feedback", ["carla"], indirect=True)
def test_a_feedback_page_is_read_in_ten_seconds(browser, feedback):
    """Seen at once, without scrolling: the total, a line for each exercise, and all that is said of the wrong one."""
    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        page = context.new_page()
        page.goto(feedback.as_uri())
        for text in (
            "20 of 30 points",
            "right, 10 of 10 points",
            "not yet, 0 of 10 points",
            "This is Xavier initialization",
        ):
            expect(page.get_by_text(text).first).to_be_in_viewport()
        said = page.locator("main").aria_snapshot()
    order = [
        "Weight initialization",
        "20",
        "Exercise 1",
        "right",
        "Exercise 3",
        "not yet",
        "Expected",
        "Got",
        "Hint",
        "Your cells",
    ]
    places = [said.index(words) for words in order]
    assert places == sorted(places)


@pytest.mark.parametrize("feedback", ["everything"], indirect=True)
def test_a_feedback_page_is_read_by_keyboard(browser, feedback):
    """Tab goes through the links from top to bottom, and Enter goes to the cell that a link names."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(feedback.as_uri())
        links = page.locator("a").evaluate_all(
            "links => links.map(link => [link.hash, link.ariaLabel ?? link.innerText])"
        )
        for address, name in links:
            page.keyboard.press("Tab")
            focused = page.evaluate("[document.activeElement.hash, document.activeElement.matches(':focus-visible')]")
            assert focused == [address, True]
            heading = page.locator(f"section{address} h3").inner_text()
            assert name.removeprefix("Your answer: ") == heading
        page.locator("a[href='#your-why']").press("Enter")
        expect(page.locator("section#your-why")).to_be_in_viewport()
        for name in ("formula", "table"):  # what is wider than the page can be moved
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.ariaLabel") == name
            before = page.evaluate("document.activeElement.scrollLeft")
            page.keyboard.press("ArrowRight")
            wait_until(lambda: page.evaluate("document.activeElement.scrollLeft") > before)
