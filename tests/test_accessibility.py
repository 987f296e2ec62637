"""Who can read it: colours for every eye, and pages for every reader. axe-core looks at the pages in a real browser."""

from itertools import combinations

import colour
import nbconvert
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from colour.blindness import matrix_cvd_Machado2009
from conftest import ROOT

import explore
import init_utils

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


@pytest.mark.parametrize(
    "student",
    ["carla", *(pytest.param(name, marks=pytest.mark.slow) for name in ("ada", "elena", "ines", "kavya", "omar"))],
)
def test_the_feedback_pages_can_be_read_by_all(browser, sample_class, student):
    """Of who got everything right or something wrong, with short messages and long ones, in each state."""
    assert serious(browser, sample_class / "feedback" / student / "initialization" / "initialization.html") == []
