"""plots.py: what a picture says in words, what it looks like, and in which forms it reaches a page."""

import base64
import io
from html.parser import HTMLParser

import matplotlib
import nbconvert
import nbformat
import numpy as np
import pytest
from courses import ROOT
from IPython.core.formatters import DisplayFormatter
from matplotlib import pyplot
from PIL import Image

import init_utils
import plots
from init_utils import Signals, load_dataset
from plots import (
    plot_boundaries,
    plot_costs,
    plot_dataset,
    plot_decision_boundary,
    plot_run,
    plot_signals,
)

X, Y, _, _ = load_dataset()
CURVE = {"iteration": [0, 1000, 2000], "cost_from_logits": [0.9, 0.5, 0.07]}
SIGNALS = {
    "zeros": Signals((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), np.nan),
    "large": Signals((6.0, 6e17, 2e54), (6e51, 1e35, 0.02), 5000.0),
    "fades": Signals((0.5, 0.25, 0.125), (1e-5, 2e-5, 4e-5), 0.25),
}
RULE = {"zeros": 0, "large": 5000, "fades": 0.25}


def circle(points):
    """A classifier: the inside of a circle between the two that the points lie on."""
    return np.hypot(*points.T) < 0.9


@pytest.fixture(autouse=True)
def no_figures_of_pyplot():
    yield
    pyplot.close("all")


def all_pictures():
    return {
        "dataset": plot_dataset(X, Y),
        "boundary": plot_decision_boundary(circle, X, Y),
        "boundaries": plot_boundaries({"one": circle, "two": circle, "three": circle}, X, Y),
        "costs": plot_costs({"zeros": CURVE}),
        "run": plot_run(CURVE, circle, X, Y),
        "signals": plot_signals(SIGNALS, RULE),
    }


class Images(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.found.append(dict(attributes))


# --------------------------------------------------------------------------- in words


def test_pictures_say_in_words_what_they_show():
    flat = {"zeros": {"iteration": [0, 1000], "cost_from_logits": [0.6931, 0.6931]}}
    right = [
        f"{np.sum(~circle(X.T) & (Y[0] == 0))} of 150 of class 0",
        f"{np.sum(circle(X.T) & (Y[0] == 1))} of 150 of class 1",
    ]
    pictures = {
        plot_dataset(X, Y): ["150 points of class 0", "150 points of class 1"],
        plot_decision_boundary(circle, X, Y): right,
        plot_costs(flat): ["zeros goes from 0.6931 to 0.6931", "logarithmic"],
        plot_costs({}): ["no run yet"],
        plot_run(CURVE, circle, X, Y, "He"): ["He.", "the cost goes from 0.9 to 0.07 at iteration 2000", *right],
        plot_boundaries({"one": circle, "all": lambda points: points[:, 0] < 9}, X, Y): [
            f"one: the network predicts class 1 on {circle_share():.0%} of the plotted area, away from every edge",
            "all: the network predicts class 1 on 100% of the plotted area, open to the left, right, bottom, top",
            "0 of 150 of class 0 and 150 of 150 of class 1",
        ],
        plot_boundaries({}, X, Y): ["No run yet"],
        plot_signals(SIGNALS, RULE): [
            "zeros: activations from 0 in layer 1 to 0 in layer 3",
            "large: activations from 6 in layer 1 to 2e+54 in layer 3",
            "gradients from 0.02 in layer 3 back to 6e+51 in layer 1",
            "fades: activations from 0.5 in layer 1 to 0.12 in layer 3",
        ],
    }
    for picture, phrases in pictures.items():
        (image,) = Images(picture._repr_html_()).found
        assert image["src"].startswith("data:image/png;base64,")
        for phrase in phrases:
            assert phrase in image["alt"]
            assert phrase in repr(picture)


def circle_share():
    """The part of the plotted area that the circle takes."""
    width, height = np.ptp(X, axis=1) + 2 * plots.MARGIN
    return np.pi * 0.9**2 / (width * height)


def test_a_title_with_any_signs_stays_a_text():
    title = 'The "best" of <b>two</b> &amp; more'
    picture = plot_costs({}, title)
    (image,) = Images(picture._repr_html_()).found
    assert title in picture.alt and image["alt"] == picture.alt


@pytest.mark.parametrize(
    ("side", "place"), [("left", (-1.5, 0)), ("right", (1.5, 0)), ("bottom", (0, -1.5)), ("top", (0, 1.5))]
)
def test_a_region_that_is_not_closed_is_told_by_its_side(side, place):
    picture = plot_decision_boundary(lambda points: np.hypot(*(points - place).T) < 0.5, X, Y)
    assert f"of the plotted area, open to the {side}, and is right on" in picture.alt


# --------------------------------------------------------------------------- as they look


def test_axes_are_labelled_with_units_and_a_flat_curve_looks_flat():
    flat = {"zeros": {"iteration": [0, 1000], "cost_from_logits": [0.6931471805599453, 0.6931471805599455]}}
    axes = plot_costs(flat).figure.axes[0]
    low, high = axes.get_ylim()
    assert axes.get_yscale() == "log" and high / low > 2
    assert axes.get_xlabel() == "iteration" and "nats" in axes.get_ylabel()
    for name, picture in all_pictures().items():
        for number, axes in enumerate(picture.figure.axes):
            assert axes.get_xlabel() and axes.get_title(), name
            assert axes.get_ylabel() or number, name  # side by side, the first axes speak for all


def test_no_meaning_by_colour_alone():
    history = {name: {"iteration": [0, 1], "cost_from_logits": [1.0, 2.0]} for name in "abcd"}
    lines = plot_costs(history).figure.axes[0].get_lines()
    for look in ("get_marker", "get_linestyle"):
        assert len({getattr(line, look)() for line in lines}) == len(history)
    classes = plot_dataset(X, Y).figure.axes[0].collections
    outlines = {tuple(map(tuple, points.get_paths()[0].vertices.round(3))) for points in classes}
    assert len(classes) == len(outlines) == 2
    for axes in plot_signals(SIGNALS, RULE).figure.axes:
        markers = [
            line.get_marker() for line in axes.get_lines() if line.get_marker() != "None" and len(line.get_xdata())
        ]
        assert len(markers) == len(set(markers)) == len(SIGNALS)


def test_signals_lie_beside_their_rule():
    """The lines start where the measured values do, forward in layer 1 and backward in the last one."""
    left, right = plot_signals(SIGNALS, RULE).figure.axes
    for axes, part, first in ((left, "activations", 0), (right, "gradients", -1)):
        marks, lines = axes.get_lines()[0:6:2], axes.get_lines()[1:6:2]
        for mark, line, (name, signals) in zip(marks, lines, SIGNALS.items()):
            np.testing.assert_array_equal(mark.get_ydata(), getattr(signals, part))
            rule = line.get_ydata()
            assert rule[first] == mark.get_ydata()[first], name
        np.testing.assert_allclose(lines[2].get_ydata(), getattr(SIGNALS["fades"], part))  # which does as the rule says
    (legend,) = [axes.get_legend() for axes in (left, right) if axes.get_legend()]
    said = [text.get_text() for text in legend.get_texts()]
    assert said == ["zeros: 0, not on this axis", "large: off the top", "fades", "lines: the rule"]


@pytest.mark.parametrize("name", ["run", "boundaries", "signals"])
def test_what_stands_side_by_side_fits_on_a_screen_of_1280_by_800(name):
    figure = all_pictures()[name].figure
    assert figure.get_figwidth() * figure.dpi <= 960 and figure.get_figheight() * figure.dpi <= 400


# --------------------------------------------------------------------------- on a page


def test_every_picture_reaches_pages_with_html_and_without():
    for name, picture in all_pictures().items():
        data, _ = DisplayFormatter().format(picture)
        assert set(data) == {"text/plain", "text/html", "image/png"}
        assert data["image/png"] in data["text/html"] and data["text/plain"] == f"Picture: {picture.alt}"
        with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as image:
            assert image.width == pytest.approx(2 * 100 * picture.figure.get_figwidth(), abs=2)
            assert len(image.getcolors(plots.COLORS)) <= plots.COLORS
        assert len(data["image/png"]) < 120_000, name


@pytest.mark.parametrize(
    ("exporter", "sign"), [(nbconvert.SlidesExporter, "<img alt="), (nbconvert.LatexExporter, "includegraphics")]
)
def test_pictures_survive_slides_and_latex(exporter, sign):
    data, _ = DisplayFormatter().format(plot_costs({"he": CURVE}))
    output = nbformat.v4.new_output("execute_result", data, execution_count=1)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output], execution_count=1)])
    page, _ = exporter().from_notebook_node(notebook)
    assert sign in page


# --------------------------------------------------------------------------- older notebooks


def test_axes_that_the_caller_made_are_drawn_into():
    """As notebooks of older public versions do: a title, limits, and then the boundary."""
    pyplot.title("Model with large random initialization")
    axes = pyplot.gca()
    axes.set_xlim([-1.5, 1.5])
    axes.set_ylim([-1.5, 1.4])
    assert plot_decision_boundary(circle, X, Y) is None
    assert axes.get_title() == "Model with large random initialization"
    assert (axes.get_xlim(), axes.get_ylim()) == ((-1.5, 1.5), (-1.5, 1.4))
    assert axes.collections and axes.get_xlabel()
    corners = [path.get_extents() for collection in axes.collections[:1] for path in collection.get_paths()]
    assert min(box.x0 for box in corners) == -1.5 and max(box.y1 for box in corners) == pytest.approx(1.4)
    assert pyplot.get_fignums() == [1]


def test_without_axes_of_the_caller_it_is_a_picture():
    assert isinstance(plot_decision_boundary(circle, X, Y), plots.Picture)
    pyplot.figure()  # one without axes
    assert isinstance(plot_decision_boundary(circle, X, Y), plots.Picture)


def test_drawing_needs_no_screen_and_leaves_pyplot_alone():
    backend = matplotlib.get_backend()
    for picture in all_pictures().values():
        picture._repr_html_()
    assert pyplot.get_fignums() == [] and matplotlib.get_backend() == backend


def test_the_network_hands_on_every_name_of_the_pictures():
    public = {name for name, value in vars(plots).items() if getattr(value, "__module__", None) == "plots"}
    public = {name for name in public if not name.startswith("_")}
    assert len(public) == 9 and all(getattr(init_utils, name) is getattr(plots, name) for name in public)
    for name in public:
        assert len(getattr(plots, name).__doc__) > 40, name
    assert "import init_utils" not in (text := (ROOT / "plots.py").read_text()) and "from init_utils" not in text
