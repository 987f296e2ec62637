"""The pictures of explore.ipynb that compare many networks, and the parts that several pictures have."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch

from networks import Networks, accuracy, forward
from plots import BLUE, GREEN, HATCH, HATCHES, PLAIN, PURPLE, VERMILLION, Picture, draw_decision_boundary
from training import Training

Ends = dict[str, tuple[float, float, str]]  # the last point and the colour of each curve, by its name
STYLES: dict[str, tuple[str, Any, str]] = {
    "0.01": (PURPLE, ":", "D"),
    "Xavier": (BLUE, "--", "s"),
    "He": (GREEN, "-", "o"),
    "N(0, 1)": (VERMILLION, "-.", "^"),
    "10": ("black", (0, (5, 1, 1, 1, 1, 1)), "v"),
    "constant 0.5": ("#555555", (0, (1, 1)), "x"),
}


def name_at_end(axes: Axes, ends: Ends) -> None:
    """Write the name of each curve beside its last point, and move names apart that would overlap.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        With all curves drawn, in the other axes that share their scale too.
    ends : dict of str to (float, float, color)
        The last point and the color of a curve, by its name.
    """
    axes.autoscale_view()  # matplotlib fits the limits to the curves no sooner than it draws
    to_axes = axes.transData + axes.transAxes.inverted()
    names = sorted(ends, key=lambda name: ends[name][1])
    heights = np.array([to_axes.transform(ends[name][:2])[1] for name in names])
    places = heights.copy()
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + 0.075)
    places += np.mean(heights - places)
    for name, place in zip(names, places):
        axes.annotate(
            name,
            xy=ends[name][:2],
            xytext=(1.04, place),
            textcoords="axes fraction",
            va="center",
            arrowprops={"arrowstyle": "-", "color": ends[name][2], "linewidth": 0.8},
        )


def plot_values(found: dict[str, dict[str, dict[int, np.ndarray]]], title: str) -> Picture:
    """Draw histograms of what some layers hold, layer above layer: a row for each start, a column for each quantity.

    The axes have the size of a value on a logarithmic scale, so a layer with ten times larger values has the same hill
    one unit further right. Zeros have no place there; their share is written beside the hill.

    Parameters
    ----------
    found : dict of str to dict
        What `layer_values` returns, by the name of the start.
    title : str

    Returns
    -------
    Picture
    """
    quantities = list(next(iter(found.values())))
    figure = Figure(figsize=(9.6, 2.7 * len(found)), layout="constrained")
    grid = figure.subplots(len(found), len(quantities), sharex="col", sharey=True, squeeze=False)
    sentences = []
    for column, quantity in zip(grid.T, quantities):
        sizes = {
            name: {layer: np.log10(np.abs(array[array != 0])) for layer, array in one[quantity].items()}
            for name, one in found.items()
        }
        every = np.concatenate([values for one in sizes.values() for values in one.values()])
        edges = np.linspace(np.quantile(every, 0.002), every.max(), 80)
        for axes, name in zip(column, found):
            for place, (layer, values) in enumerate(sizes[name].items()):
                draw_hill(axes, place, values, edges, name)
                zeros = np.mean(found[name][quantity][layer] == 0)
                if zeros > 0:
                    axes.set_xlim(edges[0] - 0.35 * np.ptp(edges), edges[-1])  # room for what is written there
                    axes.text(
                        0.02, place + 0.12, f"{zeros:.0%} are 0", fontsize=8, transform=axes.get_yaxis_transform()
                    )
            axes.set_yticks(range(len(sizes[name])), sizes[name])
            axes.set(title=f"{name}: {quantity}")
            axes.title.set_fontsize(10)
            axes.grid(alpha=0.3, axis="x")
            centers = ", ".join(
                f"{10 ** np.median(values):.0e} in layer {layer}" for layer, values in sizes[name].items()
            )
            sentences.append(f"{quantity} from {name}, {centers}")
        column[-1].set(xlabel="size, as a power of ten")
    for axes in grid[:, 0]:
        axes.set(ylabel="layer")
    figure.suptitle(title)
    return Picture(figure, f"{title}, histograms. The middle size of those that are not 0: {'; '.join(sentences)}.")


def draw_hill(axes: Axes, place: int, values: np.ndarray, edges: np.ndarray, start: str) -> None:
    """Draw the histogram of a layer's values, as high as its place, in the colour and the line of a start."""
    color, line, _ = STYLES[start]
    heights = np.histogram(values, edges)[0] / len(values)
    middle = (edges[1:] + edges[:-1]) / 2
    axes.fill_between(middle, place, place + 8 * heights, color=color, alpha=0.35, linewidth=0)
    axes.plot(middle, place + 8 * heights, color=color, linestyle=line, linewidth=1.2)


def plot_training(panels: dict[str, dict[str, Training]], title: str, highest: float | None = None) -> Picture:
    """Draw cost curves on one logarithmic axis, one line for each network; several panels share the axis.

    Parameters
    ----------
    panels : dict of str to dict of str to Training
        By the title of the panel and the name of the start.
    title : str
    highest : float, optional
        The largest cost that has a place on the axis.

    Returns
    -------
    Picture
    """
    size = (9.6, 4.2) if len(panels) > 1 else (7.6, 4.4)
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(wspace=0.05))
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    costs = np.concatenate([run.cost.ravel() for runs in panels.values() for run in runs.values()])
    costs = costs[costs <= (highest or np.inf)]
    grid[0].set(
        yscale="log", ylabel="cost in nats (log scale)", ylim=(costs.min() / 1.4, (highest or costs.max()) * 1.4)
    )
    grid[0].yaxis.set_major_formatter("{x:g}")
    sentences = []
    for axes, (panel, runs) in zip(grid, panels.items()):
        ends: Ends = {}
        for offset, (name, run) in enumerate(runs.items()):
            color, line, marker = STYLES[name]
            often = max(1, len(run.iteration) // 6)
            start = often * offset // len(runs)  # where curves lie upon each other, their markers lie side by side
            style = {"color": color, "linestyle": line, "marker": marker, "markersize": 5, "linewidth": 1.2}
            axes.plot(run.iteration, run.cost, markevery=(start, often), **style)
            last = run.cost[-1]
            if np.isfinite(last).all():
                ends[name] = run.iteration[-1], np.median(last), color
                to = f"{last.min():.2g}" if np.ptp(last) < 1e-3 else f"between {last.min():.2g} and {last.max():.2g}"
                to = f"ends at {to}"
            else:
                to = "runs out of the numbers"
                axes.text(
                    0.5, 0.97, f"{name}: runs out of the numbers", transform=axes.transAxes, ha="center", va="top"
                )
            sentences.append(f"{panel}, {name} starts at {np.median(run.cost[0]):.2g} and {to}")
        axes.set(title=panel, xlabel="iteration")
        axes.grid(alpha=0.3)
        if len(runs) > 1:
            name_at_end(axes, ends)
    figure.suptitle(title)
    return Picture(figure, f"{title}, cost curves on one logarithmic axis: {'; '.join(sentences)}.")


def plot_paths(paths: dict[str, np.ndarray]) -> Picture:
    """Draw the two weights of each first-layer unit as a point in the plane that moves during training.

    Parameters
    ----------
    paths : dict of str to numpy.ndarray, shape (times, units, 2)
        By the name of the start.

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(8.6, 5.0), layout="constrained")
    everywhere = np.concatenate([path.reshape(-1, 2) for path in paths.values()])
    sentences = []
    for axes, (name, path) in zip(
        figure.subplots(1, len(paths), squeeze=False, sharex=True, sharey=True)[0], paths.items()
    ):
        draw_path(axes, path, STYLES[name][0])
        axes.set(title=name, xlabel="weight of $x_1$", ylabel="weight of $x_2$", aspect="equal")
        axes.legend(loc="upper right")
        if np.ptp(path.reshape(-1, 2), axis=0).max() < np.ptp(everywhere, axis=0).max() / 10:
            closer = axes.inset_axes([0.12, 0.62, 0.5, 0.33])
            draw_path(closer, path, STYLES[name][0])
            closer.tick_params(labelsize=7)
            axes.indicate_inset_zoom(closer, edgecolor="black")
        lengths = path_lengths(path)
        apart = len(np.unique(path[-1].round(6), axis=0))
        sentences.append(
            f"from {name}, {path.shape[1]} units end in {apart} different {'place' if apart == 1 else 'places'}, "
            f"on paths {lengths.min():.2f} to {lengths.max():.2f} long"
        )
    figure.suptitle("Where the weights of the first layer go")
    return Picture(figure, f"Where the weights of the first layer go, on axes of one scale: {'; '.join(sentences)}.")


def draw_path(axes: Axes, path: np.ndarray, color: str) -> None:
    """Draw what `plot_paths` shows of one start."""
    axes.plot(path[..., 0], path[..., 1], color=color, linewidth=1)
    start: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": color, "markersize": 8}
    axes.plot(*path[0].T, "o", **start, linestyle="", label="start")
    axes.plot(*path[-1].T, "^", color=color, markersize=6, linestyle="", label="end")
    axes.grid(alpha=0.3)


def path_lengths(path: np.ndarray) -> np.ndarray:
    """Return how far each unit went: shape (units,)."""
    return np.linalg.norm(np.diff(path, axis=0), axis=-1).sum(axis=0)


def plot_sweep(scales: Sequence[float], right: np.ndarray, dead: np.ndarray, title: str) -> Picture:
    """Draw the accuracy of many networks against the scale of their start, and tell those with dead units apart.

    Parameters
    ----------
    scales : sequence of float
        In units of the He scale.
    right : numpy.ndarray, shape (scales, seeds)
        Accuracies.
    dead : numpy.ndarray, shape (scales, seeds)
        Dead units of the last hidden layer.
    title : str

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.add_subplot()
    shift = np.exp(np.linspace(-0.06, 0.06, right.shape[1]))  # points at one scale lie side by side
    place = np.outer(scales, shift)
    some = dead > 0
    axes.plot(place[~some], right[~some], "o", color=BLUE, markersize=4, alpha=0.7, label="no dead unit")
    axes.plot(place[some], right[some], "x", color=VERMILLION, markersize=6, label="dead units")
    middle = np.median(right, axis=1)
    axes.plot(scales, middle, color="black", linewidth=1.5, label="median")
    axes.set(
        title=title,
        xlabel="standard deviation of the weights, in units of He's (log scale)",
        ylabel="accuracy",
        xscale="log",
        ylim=(0.4, 1.03),
    )
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower center")
    sentences = ", ".join(f"{value:.0%} at {scale:g}" for scale, value in zip(scales, middle))
    return Picture(
        figure,
        f"{title}: the median of {right.shape[1]} networks is {sentences} times He's scale. "
        f"{some.sum()} of the {some.size} networks have dead units in the last hidden layer; "
        f"{(right[some] < 0.95).sum()} of those are below 95%, and so are {(right[~some] < 0.95).sum()} of the others.",
    )


def plot_boundaries(runs: dict[str, Training], times: Sequence[int], X: np.ndarray, Y: np.ndarray) -> Picture:
    """Draw the decision boundary of the first network of each run at some iterations.

    Parameters
    ----------
    runs : dict of str to Training
        By the name of the start.
    times : list of int
        Iterations that all runs have kept.
    X : numpy.ndarray, shape (2, m)
    Y : numpy.ndarray, shape (1, m)

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(2.5 * len(times), 2.6 * len(runs) + 0.4), layout="constrained")
    sentences = []
    for row, (name, run) in zip(
        figure.subplots(len(runs), len(times), squeeze=False, sharex=True, sharey=True), runs.items()
    ):
        rights = []
        for axes, iteration in zip(row, times):
            one = run.kept[iteration][:1]
            draw_region(axes, one, X, Y, resolution=120, size=16)
            rights.append(f"{accuracy(one, X, Y)[0]:.0%}")
            axes.set(title=f"{name}, step {iteration}: {rights[-1]}", aspect="equal")
            axes.title.set_fontsize(9)
        row[0].set(ylabel="$x_2$")
        sentences.append(f"from {name}, {', '.join(rights)} are right")
    for axes in row:
        axes.set(xlabel="$x_1$")
    region_legend(figure, axes)
    figure.suptitle("Decision boundaries over time")
    when = ", ".join(map(str, times))
    return Picture(figure, f"Decision boundaries at steps {when}: {'; '.join(sentences)}.")


def draw_region(axes: Axes, network: Networks, X: np.ndarray, Y: np.ndarray, **how: Any) -> None:
    """Draw the decision boundary of a single network, with a hatch so thin that the points stand out from it."""
    with rc_context({"hatch.linewidth": 0.4}):
        draw_decision_boundary(axes, lambda points: forward(network, points.T)[0][0, 0] > 0, X, Y, **how)


def region_legend(figure: Figure, axes: Axes) -> None:
    """Say below a figure what its points and regions mean."""
    points, names = axes.get_legend_handles_labels()
    regions: list[Artist] = [
        Patch(facecolor=HATCHES, edgecolor=HATCH, hatch="///", label="predicts 1"),
        Patch(facecolor=PLAIN, edgecolor=HATCH, label="predicts 0"),
    ]
    below: Any = "outside lower center"  # matplotlib's types forget this one
    figure.legend(points + regions, names + ["predicts 1", "predicts 0"], loc=below, ncols=4)


def plot_rates(starts: Sequence[str], rates: Sequence[float], right: np.ndarray, title: str) -> Picture:
    """Draw accuracies as a table with shades: a row for each start, a column for each learning rate.

    Parameters
    ----------
    starts : list of str
    rates : list of float
    right : numpy.ndarray, shape (starts, rates)
    title : str

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(7.0, 0.6 * len(starts) + 1.4), layout="constrained")
    axes = figure.add_subplot()
    shades = ListedColormap([(1 - 0.42 * t, 1 - 0.25 * t, 1 - 0.08 * t) for t in np.linspace(0, 1, 64)])
    axes.imshow(right, cmap=shades, vmin=0.5, vmax=1.0, aspect="auto")
    for i, j in np.ndindex(right.shape):
        weight = "bold" if right[i, j] >= 0.95 else "normal"
        axes.text(j, i, f"{right[i, j]:.0%}", ha="center", va="center", color="black", weight=weight)
    axes.set(title=title, xlabel="learning rate", ylabel="start")
    axes.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    axes.set_yticks(range(len(starts)), starts)
    rows = "; ".join(
        f"{name}: " + ", ".join(f"{value:.0%} at {rate:g}" for rate, value in zip(rates, row))
        for name, row in zip(starts, right)
    )
    return Picture(figure, f"{title}, by start and learning rate. {rows}.")


def plot_ratios(starts: Sequence[str], iteration: np.ndarray, ratios: dict[float, np.ndarray], title: str) -> Picture:
    """Draw the ratio of update to weight during training: a panel for each start, a curve for each learning rate.

    Parameters
    ----------
    starts : list of str
    iteration : numpy.ndarray, shape (times,)
    ratios : dict of float to numpy.ndarray, shape (times, starts)
        By the learning rate.
    title : str

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(9.6, 4.2), layout="constrained")
    grid = figure.subplots(1, len(starts), sharey=True, squeeze=False)[0]
    sentences, ends = [], {axes: Ends() for axes in grid}
    for number, (axes, name) in enumerate(zip(grid, starts)):
        says = []
        axes.axhspan(3e-4, 3e-3, color="#999999", alpha=0.3, linewidth=0)
        axes.set(title=f"start {name}", xlabel="iteration", yscale="log")
        for (rate, values), (color, line, marker) in zip(ratios.items(), STYLES.values()):
            shown = np.where(
                values[:, number] > 0, values[:, number], np.nan
            )  # all units dead: no update, no logarithm
            axes.plot(iteration, shown, color=color, linestyle=line, marker=marker, markersize=4, markevery=3)
            alive = np.flatnonzero(np.isfinite(shown))[-1]
            end = iteration[alive], shown[alive]
            if alive == len(shown) - 1:
                ends[axes][f"{rate:g}"] = *end, color
            else:
                axes.annotate(f"{rate:g}, then 0", end, (8, 0), textcoords="offset points", va="center")
            says.append(f"{np.median(values[:, number]):.0e} at learning rate {rate:g}")
        axes.grid(alpha=0.3)
        sentences.append(f"from {name}, {', '.join(says)}")
    for axes in grid:
        name_at_end(axes, ends[axes])
    grid[0].set(ylabel="update : weight (log scale)")
    figure.suptitle(title)
    return Picture(
        figure,
        f"{title}, on one logarithmic axis, with a grey band from 0.0003 to 0.003. Over the training, the median is: "
        f"{'; '.join(sentences)}.",
    )
