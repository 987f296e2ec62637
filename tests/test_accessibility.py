"""Who can read it: colours for every eye, and pages for every reader. axe-core looks at the pages in a real browser."""

from itertools import combinations

import colour
import numpy as np
import pytest
from colour.blindness import matrix_cvd_Machado2009

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
    first, second = (
        colour.XYZ_to_Lab(colour.RGB_to_XYZ(seen(color, vision), "sRGB")) for color in (one, other)
    )
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


def test_nothing_is_told_by_colour_alone():
    for styles in (explore.STYLES.values(), explore.STYLES.values()):
        assert len({str(line) for _, line, _ in styles}) == len({marker for _, _, marker in styles}) == len(styles)


def test_colours_stand_out_from_the_paper():
    for color in {color for color, _, _ in explore.STYLES.values()} | {init_utils.BLUE, init_utils.VERMILLION}:
        assert contrast(color, WHITE) >= 3, color  # WCAG 2.2, 1.4.11: what one must see to understand a picture
