"""Every picture of the assignment, each with a text that says what it shows.

The pictures take points as columns, ``X`` of shape ``(2, m)``, and labels ``y`` of shape ``(1, m)`` with the values
0 and 1. All quantities are dimensionless; costs are in nats.
"""

import base64
import html
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator
from PIL import Image

from signals import Signals

# The Okabe-Ito palette: distinct for every common form of colour blindness.
# Each use adds a marker, a hatch or a line style, so no plot needs its colours.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
STYLES = [(BLUE, "-", "o"), (VERMILLION, "--", "^"), (GREEN, "-.", "s"), (PURPLE, ":", "D")]
COLORS = 128  # of a stored picture: enough for smooth edges, at a third of the bytes
MARGIN = 0.3  # between the outermost points and the rim of a plane
PLAIN, HATCHES, HATCH = "#DCEBF5", "#FBE3D2", "#C79A78"  # the two regions of a boundary, and the second one's lines
Model = Callable[[np.ndarray], np.ndarray]  # takes points as rows, shape (k, 2), and returns k predictions, 0 or 1
HIGHEST = 1e10  # what of a signal is larger, or smaller than its inverse, leaves the picture


@dataclass(frozen=True, repr=False)
class Picture:
    """A figure with a text alternative, shown by Jupyter as ``<img alt="...">``.

    Jupyter drops the alt text of a plain PNG output; HTML keeps it, on the page
    and in every export. The plain PNG is there as well, for exports without
    HTML: PDF and LaTeX.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What a person who cannot see the figure should know from it.
    """

    figure: Figure
    alt: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        png = self._png()
        return {"text/html": self._html(png), "image/png": png, "text/plain": repr(self)}

    def _repr_html_(self) -> str:
        return self._html(self._png())

    def _png(self) -> str:
        """Return the picture in base 64, sharp on a screen with two pixels for each of a page."""
        drawn, stored = io.BytesIO(), io.BytesIO()
        self.figure.savefig(drawn, format="png", dpi=2 * self.figure.dpi)
        with Image.open(drawn) as picture:
            picture.convert("RGB").quantize(COLORS).save(stored, format="png")
        return base64.b64encode(stored.getvalue()).decode("ascii")

    def _html(self, png: str) -> str:
        width = round(self.figure.get_figwidth() * self.figure.dpi)
        return f'<img alt="{html.escape(self.alt)}" width="{width}" src="data:image/png;base64,{png}">'

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"


# ------------------------------------------------------------------ points and boundaries


def plot_dataset(X: np.ndarray, y: np.ndarray, title: str = "Training set") -> Picture:
    """Draw labelled points in the plane.

    Parameters
    ----------
    X : numpy.ndarray of float, shape (2, m)
        One point per column.
    y : numpy.ndarray, shape (1, m)
        Labels, 0 or 1.
    title : str

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = _plane(figure.add_subplot(), title)
    _scatter(axes, X, y)
    outside_legend(axes)
    zeros, ones = int(np.sum(y == 0)), int(np.sum(y == 1))
    radius = np.hypot(*X)
    alt = (
        f"{title}: {zeros} points of class 0 as blue circles, at a mean distance of "
        f"{radius[y[0] == 0].mean():.1f} from the origin, and {ones} points of class 1 as orange "
        f"triangles, at a mean distance of {radius[y[0] == 1].mean():.1f}."
    )
    return Picture(figure, alt)


def plot_decision_boundary(
    model: Model, X: np.ndarray, y: np.ndarray, title: str = "Decision boundary"
) -> Picture | None:
    """Draw the regions where a classifier predicts each class, under the points.

    Where the caller has made axes with ``matplotlib.pyplot``, it draws into the
    current ones, as older notebooks expect.

    Parameters
    ----------
    model : callable
        Takes points as rows, shape ``(k, 2)``, like scikit-learn, and returns
        ``k`` predictions, 0 or 1. For the network:
        ``lambda x: predict_dec(parameters, x.T)``.
    X : numpy.ndarray of float, shape (2, m)
        One point per column.
    y : numpy.ndarray, shape (1, m)
        Labels, 0 or 1.
    title : str

    Returns
    -------
    Picture or None
        None where it drew into the caller's axes.
    """
    if (axes := _axes_of_the_caller()) is not None:
        draw_decision_boundary(axes, model, X, y)
        axes.set(xlabel="$x_1$", ylabel="$x_2$")
        return None
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = _plane(figure.add_subplot(), title)
    seen = _boundary(axes, model, X, y)
    outside_legend(axes, HATCHED)
    return Picture(figure, f"{title}: {seen}.")


def plot_boundaries(
    models: dict[str, Model], X: np.ndarray, y: np.ndarray, title: str = "Decision boundaries"
) -> Picture:
    """Draw the decision boundaries of several classifiers side by side.

    Parameters
    ----------
    models : dict of str to callable
        Classifiers as for `plot_decision_boundary`, by name.
    X : numpy.ndarray of float, shape (2, m)
    y : numpy.ndarray, shape (1, m)
    title : str

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(9.6, 2.9), layout="constrained")
    figure.suptitle(title)
    sentences = []
    for number, (name, model) in enumerate(models.items()):
        axes = _plane(figure.add_subplot(1, len(models), number + 1), name)
        sentences.append(f"{name}: {_boundary(axes, model, X, y, size=9)}")
        if number:
            axes.set(ylabel="", yticklabels=[])
    if models:
        outside_legend(axes, HATCHED)
    return Picture(figure, f"{title}. {'; '.join(sentences) or 'No run yet'}.")


def draw_decision_boundary(
    axes: Axes, model: Model, X: np.ndarray, y: np.ndarray, resolution: int = 300, size: float = 26
) -> np.ndarray:
    """Draw the same as `plot_decision_boundary` into axes that are there.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where their limits were set, the regions fill them.
    model : callable
    X : numpy.ndarray of float, shape (2, m)
    y : numpy.ndarray, shape (1, m)
    resolution : int
        Points of the grid along each side.
    size : float
        Of a point, in square points.

    Returns
    -------
    numpy.ndarray of float, shape (resolution, resolution)
        The predictions on the grid, from the bottom row to the top.
    """
    ranges = [(row.min() - MARGIN, row.max() + MARGIN) for row in X]
    if not axes.get_autoscalex_on():
        ranges[0] = axes.get_xlim()
    if not axes.get_autoscaley_on():
        ranges[1] = axes.get_ylim()
    grid_first, grid_second = np.meshgrid(*(np.linspace(low, high, resolution) for low, high in ranges))
    grid = np.column_stack([grid_first.ravel(), grid_second.ravel()])
    region = np.asarray(model(grid), dtype=float).reshape(grid_first.shape)
    regions = axes.contourf(
        grid_first,
        grid_second,
        region,
        levels=[-0.5, 0.5, 1.5],
        colors=[PLAIN, HATCHES],
        hatches=["", "///"],
    )
    regions.set(edgecolor=HATCH, linewidth=0.0)  # a hatch that the points stand out from
    if region.min() != region.max():
        axes.contour(grid_first, grid_second, region, levels=[0.5], colors="black", linewidths=1.5)
    _scatter(axes, X, y, size)
    return region


# ------------------------------------------------------------------ curves


def plot_costs(history: dict[str, dict[str, list[float]]], title: str = "Cost during training") -> Picture:
    """Draw cost curves on one logarithmic axis.

    Parameters
    ----------
    history : dict of str to dict
        One curve per initializer: ``{"iteration": [...], "cost_from_logits": [...]}``.
    title : str

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.add_subplot(title=title)
    seen = _costs(axes, history)
    if history:
        axes.legend(title="initialization")
    return Picture(figure, f"{title}, on a logarithmic axis: {seen}.")


def plot_run(
    curve: dict[str, list[float]], model: Model, X: np.ndarray, y: np.ndarray, title: str = "One run"
) -> Picture:
    """Draw what became of one run: the cost curve, and beside it the decision boundary.

    Parameters
    ----------
    curve : dict of str to list
        ``{"iteration": [...], "cost_from_logits": [...]}``.
    model : callable
        The trained classifier, as for `plot_decision_boundary`.
    X : numpy.ndarray of float, shape (2, m)
    y : numpy.ndarray, shape (1, m)
    title : str

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    left.set_title("Cost")
    falls = _costs(left, {"the cost": curve})
    seen = _boundary(_plane(right, "Decision boundary"), model, X, y, size=16)
    outside_legend(right, HATCHED)
    return Picture(figure, f"{title}. On a logarithmic axis {falls}. Decision boundary: {seen}.")


def plot_signals(
    signals: dict[str, Signals], rule: dict[str, float], title: str = "Signals in a deep network"
) -> Picture:
    """Draw the size of activations and of gradients, layer by layer, beside what the rule says.

    Parameters
    ----------
    signals : dict of str to Signals
        What was measured, for each start.
    rule : dict of str to float
        By which a layer should multiply the mean square, for each start.
    title : str

    Returns
    -------
    Picture
        What leaves the range from 1e-10 to 1e10 leaves the picture; the text says where it ends. A start whose
        signals are 0 has no place on a logarithmic axis, and stands in the legend alone.
    """
    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2, sharex=True)
    sentences = []
    for (name, measured), (color, line, marker) in zip(signals.items(), STYLES, strict=False):
        layers = np.arange(1, len(measured.activations) + 1)
        root = np.sqrt(rule[name])  # of a mean square: what the size is multiplied by
        forward = measured.activations[0] * root ** (layers - 1)
        back = measured.gradients[-1] * root ** (layers[-1] - layers)
        largest = max(measured.activations)
        off = ": 0, not on this axis" if largest == 0 else ": off the top" if largest > HIGHEST else ""
        look = {"color": color, "linestyle": "", "marker": marker, "markersize": 5, "label": name + off}
        for axes, sizes, expected in ((left, measured.activations, forward), (right, measured.gradients, back)):
            axes.plot(layers, sizes, **look)
            axes.plot(layers, expected, color="black", linestyle=line, linewidth=1, zorder=3)
        a, dz = measured.activations, measured.gradients
        sentences.append(
            f"{name}: activations from {a[0]:.2g} in layer 1 to {a[-1]:.2g} in layer {layers[-1]}, "
            f"gradients from {dz[-1]:.2g} in layer {layers[-1]} back to {dz[0]:.2g} in layer 1"
        )
    for axes, what, direction in ((left, "activations $a$", "forward →"), (right, "gradients $dz$", "← backward")):
        axes.set(title=f"Size of the {what}", xlabel=f"layer ({direction})", ylabel="root mean square (log scale)")
        axes.set(yscale="log", ylim=(1 / HIGHEST, HIGHEST))
        axes.grid(alpha=0.3)
    right.plot([], [], color="black", linewidth=1, label="lines: the rule")
    outside_legend(right, "start")
    return Picture(figure, f"{title}, two panels with logarithmic axes. {'; '.join(sentences)}.")


# ------------------------------------------------------------------ parts of pictures

HATCHED = "hatched: predicts 1\nplain: predicts 0"


def outside_legend(axes: Axes, title: str | None = None) -> None:
    """Put the legend of some axes to the right of them, where it covers no point."""
    axes.legend(title=title, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)


def _axes_of_the_caller() -> Axes | None:
    """Return pyplot's current axes, or None where nobody has made any."""
    pyplot = sys.modules.get("matplotlib.pyplot")  # whoever has made axes with it has imported it
    if pyplot is None or not pyplot.get_fignums() or not pyplot.gcf().axes:
        return None
    return pyplot.gca()


def _plane(axes: Axes, title: str) -> Axes:
    axes.set(title=title, xlabel="$x_1$ (no unit)", ylabel="$x_2$ (no unit)", aspect="equal")
    return axes


def _scatter(axes: Axes, X: np.ndarray, y: np.ndarray, size: float = 26) -> None:
    for label, color, marker in ((0, BLUE, "o"), (1, VERMILLION, "^")):
        chosen = np.asarray(y).ravel() == label
        axes.scatter(
            X[0, chosen],
            X[1, chosen],
            s=size,
            color=color,
            marker=marker,
            edgecolors="white",
            linewidths=0.6,
            label=f"class {label}",
        )


def _boundary(axes: Axes, model: Model, X: np.ndarray, y: np.ndarray, size: float = 26) -> str:
    """Draw a decision boundary, and return in words what there is to see."""
    region = draw_decision_boundary(axes, model, X, y, size=size)
    predicted = np.asarray(model(X.T), dtype=int).reshape(1, -1)
    right = [f"{np.sum((predicted == y) & (y == label))} of {np.sum(y == label)} of class {label}" for label in (0, 1)]
    rims = {"left": region[:, 0], "right": region[:, -1], "bottom": region[0], "top": region[-1]}
    open_to = [side for side, rim in rims.items() if rim.any()]
    return (
        f"the network predicts class 1 on {region.mean():.0%} of the plotted area, "
        f"{'open to the ' + ', '.join(open_to) if open_to else 'away from every edge'}, "
        f"and is right on {right[0]} and {right[1]}"
    )


def _costs(axes: Axes, history: dict[str, dict[str, list[float]]]) -> str:
    """Draw cost curves on a logarithmic axis, and return in words where they start and end."""
    sentences = []
    for index, (name, run) in enumerate(history.items()):
        color, line, marker = STYLES[index % len(STYLES)]
        iterations, costs = run["iteration"], run["cost_from_logits"]
        axes.plot(iterations, costs, color=color, linestyle=line, marker=marker, markersize=4, label=name)
        sentences.append(f"{name} goes from {costs[0]:.4g} to {costs[-1]:.4g} at iteration {iterations[-1]}")
    axes.set(xlabel="iteration", ylabel="cross-entropy in nats (log scale)", yscale="log")
    low, high = axes.get_ylim()
    if high < 10 * low:  # show at least one decade, so that a flat curve looks flat
        axes.set_ylim(np.sqrt(low * high / 10), np.sqrt(low * high * 10))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter("{x:g}")
    low, high = axes.get_ylim()
    # Within two decades the powers of ten are too few to read a value by.
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5) if high < 100 * low else ()))
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.grid(alpha=0.3)
    return "; ".join(sentences) or "no run yet"
