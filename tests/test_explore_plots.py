"""explore_plots.py: curves, panels and signs can be told apart, and the words of a picture say what it shows."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import explore
import init_utils
from explore import STARTS, depth_profile, draw
from init_utils import load_dataset

X, Y, _, _ = load_dataset()
SHAPE = [2, 10, 5, 1]


def test_the_sweep_tells_how_many_networks_are_wrong_with_dead_units_and_without():
    right = np.array([[0.5, 0.6, 0.99], [1.0, 0.97, 0.7]])
    dead = np.array([[2, 1, 1], [0, 0, 0]])
    alt = explore.plot_sweep([0.5, 1.0], right, dead, "Sweep").alt
    assert "60% at 0.5, 97% at 1 times He's scale" in alt
    assert (
        "3 of the 6 networks have dead units" in alt and "2 of those are below 95%, and so are 1 of the others" in alt
    )


def boxes_of_names(axes):
    """Return where the names beside the ends of curves are drawn, from the lowest to the highest."""
    renderer = axes.figure.canvas.get_renderer()
    return sorted((Text.get_window_extent(text, renderer) for text in axes.texts), key=lambda box: box.y0)


def test_names_at_the_ends_of_curves_overlap_neither_each_other_nor_the_next_panel():
    stacks = {name: draw(SHAPE, deviation, [3]) for name, deviation in STARTS.items()}
    runs = explore.train_each(stacks, X, Y, num_iterations=20, every=5)
    figure = explore.plot_training({"one": runs, "other": runs}, "Both").figure
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        assert {text.get_text() for text in axes.texts} == set(STARTS)
        boxes = boxes_of_names(axes)
        assert all(below.y1 <= above.y0 for below, above in zip(boxes, boxes[1:]))
    right_one = figure.axes[1].get_window_extent()
    assert max(box.x1 for box in boxes_of_names(figure.axes[0])) < right_one.x0


def test_curves_that_lie_upon_each_other_have_their_markers_side_by_side():
    stacks = {name: draw([2] + 30 * [8] + [1], STARTS[name], [0]) for name in ("Xavier", "0.01")}
    runs = explore.train_each(stacks, X, Y, num_iterations=600, every=10)
    (axes,) = explore.plot_training({"": runs}, "").figure.axes
    places = [
        {*np.arange(len(line.get_xdata()))[slice(start, None, often)]}
        for line in axes.get_lines()
        for start, often in [line.get_markevery()]
    ]
    assert len(places) == 2 and not places[0] & places[1]


def test_panels_that_are_compared_have_one_scale():
    stacks = {name: draw(SHAPE, STARTS[name], [3]) for name in ("He", "10")}
    runs = explore.train_each(stacks, X, Y, num_iterations=20, every=10, keep=range(0, 21, 10))
    paths = {name: np.stack([kept.W[0][0] for kept in run.kept.values()]) for name, run in runs.items()}
    found = {name: depth_profile(SHAPE, STARTS[name], [0], X, Y) for name in STARTS}
    values = {name: explore.layer_values(stacks[name], X, Y, [1, 2]) for name in stacks}
    ratios = {0.01: runs["He"].ratio[:, 0, :2], 0.1: runs["10"].ratio[:, 0, :2]}
    for picture in (
        explore.plot_depth_profiles(found),
        explore.plot_training({name: {name: run} for name, run in runs.items()}, ""),
        explore.plot_paths(paths),
        explore.plot_ratios(["He", "10"], runs["He"].iteration, ratios, ""),
        explore.plot_boundaries(runs, [0, 20], X, Y),
    ):
        assert len({axes.get_ylim() for axes in picture.figure.axes}) == 1
    grid = np.reshape(explore.plot_values(values, "").figure.axes, (2, 3))
    for column in grid.T:
        assert len({(axes.get_xlim(), axes.get_ylim()) for axes in column}) == 1


def test_a_path_too_short_to_see_is_enlarged():
    here = np.zeros((3, 1, 2)) + np.array([0, 0.01, 0.02])[:, None, None]
    figure = explore.plot_paths({"constant 0.5": here, "He": 100 * here}).figure
    assert [len(axes.child_axes) for axes in figure.axes] == [1, 0]


def test_points_stand_out_from_the_hatch_and_a_legend_explains_them():
    run = explore.train_each({"He": draw(SHAPE, STARTS["He"], [3])}, X, Y, num_iterations=2, keep=[0, 2])
    figure = explore.plot_boundaries(run, [0, 2], X, Y).figure
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["class 0", "class 1", "predicts 1", "predicts 0"]
    figure.set_dpi(200)  # as on a screen with two pixels for one
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    for color in (init_utils.BLUE, init_utils.VERMILLION):
        wanted = [int(color[place : place + 2], 16) for place in (1, 3, 5)]
        per_point = (np.abs(pixels - wanted).max(axis=-1) < 40).sum() / (2 * 150)  # two panels, 150 points of a class
        assert per_point > 15, "pixels in which a point has its colour"


def test_where_updates_end_the_curve_says_so():
    ratios = {0.1: np.full((3, 1), 1e-3), 1: np.array([[0.5], [0.0], [0.0]])}
    figure = explore.plot_ratios(["10"], np.array([0, 100, 200]), ratios, "Ratios").figure
    assert {text.get_text() for text in figure.axes[0].texts} == {"0.1", "1, then 0"}
