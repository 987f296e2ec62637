"""Many networks at once, of any depth and from any start: the experiments of explore.ipynb, and their pictures.

The networks are those of the assignment, LINEAR -> RELU -> ... -> LINEAR -> SIGMOID, with as many layers as one likes.
Networks of one shape are computed together: where the assignment has an array of shape ``(n_l, n_{l-1})``, there is
a stack of them here, of shape ``(networks, n_l, n_{l-1})``. Each network is drawn from a seed of its own, so that a
picture shows what a start does, and not what one draw did. All quantities are dimensionless.

The draws come from `numpy.random.default_rng`, not from the older generator of the assignment: seed 3 is another
network here than there.
"""

import math
import os
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from IPython.display import HTML, display
from matplotlib import rc_context
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from threadpoolctl import threadpool_limits

from init_utils import root_mean_square
from plots import BLUE, GREEN, HATCH, HATCHES, PLAIN, PURPLE, VERMILLION, Picture, draw_decision_boundary

# The standard deviation of a layer's weights, from its fan-in. All biases are zero.
STARTS = {
    "0.01": lambda fan_in: 0.01,
    "Xavier": lambda fan_in: math.sqrt(1 / fan_in),
    "He": lambda fan_in: math.sqrt(2 / fan_in),
    "N(0, 1)": lambda fan_in: 1.0,
    "10": lambda fan_in: 10.0,
}
STYLES = {
    "0.01": (PURPLE, ":", "D"),
    "Xavier": (BLUE, "--", "s"),
    "He": (GREEN, "-", "o"),
    "N(0, 1)": (VERMILLION, "-.", "^"),
    "10": ("black", (0, (5, 1, 1, 1, 1, 1)), "v"),
    "constant 0.5": ("#555555", (0, (1, 1)), "x"),
}
SHARE = 20_000  # numbers in one layer of the networks of one thread: with fewer, threads wait for each other


# ------------------------------------------------------------------- the networks


@dataclass(frozen=True)
class Networks:
    """Some networks of one shape.

    Attributes
    ----------
    W : list of numpy.ndarray, shape (networks, n_l, n_{l-1})
    b : list of numpy.ndarray, shape (networks, n_l, 1)
    standardized : bool
        Whether each hidden layer standardizes its linear values before ReLU; see `standardize`.
    """

    W: list
    b: list
    standardized: bool = False

    def __len__(self):
        return len(self.W[0])

    def __getitem__(self, which):
        return replace(self, W=[W[which] for W in self.W], b=[b[which] for b in self.b])

    def astype(self, dtype):
        """Return copies whose numbers are of another type: `numpy.float32` is half as long and twice as fast."""
        return replace(self, W=[W.astype(dtype) for W in self.W], b=[b.astype(dtype) for b in self.b])

    def copy(self):
        return self.astype(self.W[0].dtype)


def draw(layers_dims, deviation, seeds):
    """Draw one network for each seed, with normal weights and biases of zero.

    Parameters
    ----------
    layers_dims : list of int
        The units of each layer, the input first.
    deviation : callable
        Takes a layer's fan-in and returns the standard deviation of its weights; see `STARTS`.
    seeds : iterable of int

    Returns
    -------
    Networks
        Those of one seed and other deviations differ in nothing but the scale of their weights.
    """
    generators = [np.random.default_rng(seed) for seed in seeds]
    W = [
        deviation(below) * np.stack([generator.standard_normal((n, below)) for generator in generators])
        for below, n in pairwise(layers_dims)
    ]
    return Networks(W, [np.zeros((*weights.shape[:2], 1)) for weights in W])


def constant(layers_dims, value):
    """Return one network with the same value for every weight, and biases of zero."""
    W = [np.full((1, n, below), float(value)) for below, n in pairwise(layers_dims)]
    return Networks(W, [np.zeros((1, n, 1)) for n in layers_dims[1:]])


def together(*stacks):
    """Return the networks of several stacks as one; either all of them standardize, or none."""
    W, b = zip(*((stack.W, stack.b) for stack in stacks))
    return replace(
        stacks[0], W=[np.concatenate(layer) for layer in zip(*W)], b=[np.concatenate(layer) for layer in zip(*b)]
    )


def with_normalization(networks):
    """Return the same networks, with linear values that are standardized in each hidden layer; see `standardize`."""
    return replace(networks, standardized=True)


quietly = np.errstate(all="ignore")  # a start that is far too large may run out of the numbers: its picture says so


@quietly
def without_normalization(networks, X):
    """Return plain networks that compute what networks with normalization compute, as they standardize for ``X``.

    So a trained network answers for one new point, which has no mean and no deviation of its own.
    """
    W, b, a = [], [], X
    for weights, biases in zip(networks.W, networks.b):
        z = np.matmul(weights, a) + biases
        if weights is not networks.W[-1]:
            mean = z.mean(axis=-1, keepdims=True)
            z, deviation = standardize(z)
            weights, biases = weights / deviation, (biases - mean) / deviation
        W.append(weights)
        b.append(biases)
        a = np.maximum(z, 0.0)
    return Networks(W, b)


@quietly
def forward(networks, X):
    """Compute the logits of all networks for every example.

    Returns
    -------
    z : numpy.ndarray, shape (networks, 1, m)
        The logits.
    activations : list of numpy.ndarray, shape (networks, n_l, m)
        What goes into each layer; the first is ``X``, shape (n_0, m).
    """
    activations = [X]
    for W, b in zip(networks.W, networks.b):
        z = np.matmul(W, activations[-1])
        z += b
        if W is not networks.W[-1]:
            z = standardize(z)[0] if networks.standardized else z
            activations.append(np.maximum(z, 0.0, out=z))
    return z, activations


@quietly
def standardize(z):
    """Give each unit the mean 0 and the standard deviation 1 over the examples.

    This is batch normalization with all examples as the batch, and without the scale and the shift that it learns.

    Returns
    -------
    standardized : numpy.ndarray
        Of the shape of ``z``.
    deviation : numpy.ndarray, shape (networks, n_l, 1)
        What each unit was divided by.
    """
    z = z - z.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(np.square(z).mean(axis=-1, keepdims=True))
    return z / deviation, deviation


@quietly
def backward(networks, z, activations, Y):
    """Compute the gradients of each network's mean cross-entropy.

    Returns
    -------
    list of (dW, db, dz)
        One for each layer, the first layer first, in the shapes of ``W``, ``b`` and ``z``.
    """
    dz = (1 / (1 + np.exp(-z)) - Y) / Y.shape[1]
    gradients = []
    for W, b, a in zip(reversed(networks.W), reversed(networks.b), reversed(activations)):
        if networks.standardized and W is not networks.W[-1]:
            # Moving a unit's values together, or stretching them, changes nothing: the gradient has no such part.
            unit, deviation = standardize(np.matmul(W, a) + b)
            dz -= dz.mean(axis=-1, keepdims=True) + unit * (dz * unit).mean(axis=-1, keepdims=True)
            dz /= deviation
        gradients.insert(0, (np.matmul(dz, a.swapaxes(-1, -2)), dz.sum(axis=-1, keepdims=True), dz))
        if a is not activations[0]:
            dz = np.matmul(W.swapaxes(-1, -2), dz)
            dz *= a > 0  # the slope of ReLU: 1 where its output is positive, else 0
    return gradients


@quietly
def cost(z, Y):
    """Return each network's mean cross-entropy from its logits: shape (networks,), in nats."""
    return (np.logaddexp(0.0, z) - Y * z).mean(axis=(-1, -2))


def accuracy(networks, X, Y):
    """Return the share of examples that each network gets right: shape (networks,)."""
    return ((forward(networks, X)[0] > 0) == (Y == 1)).mean(axis=(-1, -2))


def dead_units(networks, X):
    """Return how many units of each hidden layer are zero for every example: shape (networks, hidden layers)."""
    return np.stack([(a <= 0).all(axis=-1).sum(axis=-1) for a in forward(networks, X)[1][1:]], axis=-1)


# ----------------------------------------------------------------------- training


@dataclass(frozen=True)
class Training:
    """What gradient descent made of some networks.

    Attributes
    ----------
    networks : Networks
        After the last step.
    iteration : numpy.ndarray of int
        The iterations at which the cost was written down.
    cost : numpy.ndarray, shape (iterations, networks)
    ratio : numpy.ndarray, shape (iterations, networks, layers)
        The size of the next step of a layer's weights, in units of the size of these weights; see `update_ratio`.
    kept : dict of int to Networks
        The networks at the iterations that were asked for.
    """

    networks: Networks
    iteration: np.ndarray
    cost: np.ndarray
    ratio: np.ndarray
    kept: dict

    def __getitem__(self, which):
        kept = {iteration: networks[which] for iteration, networks in self.kept.items()}
        return Training(self.networks[which], self.iteration, self.cost[:, which], self.ratio[:, which], kept)


def train_each(stacks, X, Y, **how):
    """Train several stacks of networks at once, and tell them apart afterwards; see `train`.

    Parameters
    ----------
    stacks : dict of str to Networks
    X : numpy.ndarray, shape (n_0, m)
    Y : numpy.ndarray, shape (1, m)

    Returns
    -------
    dict of str to Training
    """
    run, ends = train(together(*stacks.values()), X, Y, **how), np.cumsum([len(stack) for stack in stacks.values()])
    return {name: run[end - len(stack) : end] for (name, stack), end in zip(stacks.items(), ends)}


def train(networks, X, Y, learning_rate=0.01, num_iterations=15000, every=100, keep=()):
    """Train each network by gradient descent on all examples, on all cores, with a progress bar.

    All is computed in the type of the networks' numbers; see `Networks.astype`.

    Parameters
    ----------
    networks : Networks
        They are left as they are.
    X : numpy.ndarray, shape (n_0, m)
    Y : numpy.ndarray, shape (1, m)
    learning_rate : float or sequence of float
        One for all networks, or one for each.
    num_iterations : int
    every : int
        The cost and the ratio of update to weight are written down at every so many iterations.
    keep : iterable of int
        Iterations at which to keep the networks, too.

    Returns
    -------
    Training
    """
    X, Y, rates = (np.asarray(values, dtype=networks.W[0].dtype) for values in (X, Y, learning_rate))
    rates = np.broadcast_to(rates, len(networks))
    size = max(len(W[0]) for W in networks.W) * X.shape[1]
    shares = min(len(networks), os.cpu_count(), math.ceil(len(networks) * size / SHARE))
    parts = np.array_split(np.arange(len(networks)), shares)
    done, over = [0] * len(parts), threading.Event()

    def descend(number, part):
        def step(iteration):
            done[number] = iteration / num_iterations
            if over.is_set():
                raise CancelledError

        return gradient_descent(networks[part], X, Y, rates[part], num_iterations, every, keep, step)

    # The threads are ours: the ones that a matrix product may start would only get in their way.
    with threadpool_limits(1), ThreadPoolExecutor(shares) as pool, Progress(f"{len(networks)} networks") as bar:
        futures = [pool.submit(descend, number, part) for number, part in enumerate(parts)]
        try:
            while wait(futures, timeout=0.3).not_done:
                bar.show(np.mean(done))
        finally:
            over.set()  # an interrupted cell ends with its threads: they stop, too
    return joined([future.result() for future in futures])


def joined(runs):
    """Return several `Training` of the same length as one."""
    return Training(
        together(*(run.networks for run in runs)),
        runs[0].iteration,
        np.concatenate([run.cost for run in runs], axis=1),
        np.concatenate([run.ratio for run in runs], axis=1),
        {iteration: together(*(run.kept[iteration] for run in runs)) for iteration in runs[0].kept},
    )


@quietly
def gradient_descent(networks, X, Y, rates, num_iterations, every=100, keep=(), step=lambda iteration: None):
    """Train in this thread; see `train`. ``step`` is called with the iteration whenever the cost is written down."""
    networks = networks.copy()
    rates = np.asarray(rates)[:, None, None]
    iterations, costs, ratios, kept = [], [], [], {}
    for iteration in range(num_iterations + 1):
        z, activations = forward(networks, X)
        gradients = backward(networks, z, activations, Y)
        if iteration % every == 0 or iteration == num_iterations:
            iterations.append(iteration)
            costs.append(cost(z, Y))
            ratios.append(update_ratio(networks, gradients, rates))
            step(iteration)
        if iteration in keep:
            kept[iteration] = networks.copy()
        if iteration < num_iterations:
            for W, b, (dW, db, _) in zip(networks.W, networks.b, gradients):
                W -= rates * dW
                b -= rates * db
    return Training(networks, np.array(iterations), np.array(costs), np.array(ratios), kept)


def update_ratio(networks, gradients, rates):
    """Return how large the next step of each layer's weights is, in units of these weights.

    Both are measured by their root mean square.

    Returns
    -------
    numpy.ndarray, shape (networks, layers)
    """
    layers = [
        np.sqrt(np.square(rates * dW).mean(axis=(-1, -2)) / np.square(W).mean(axis=(-1, -2)))
        for W, (dW, _, _) in zip(networks.W, gradients)
    ]
    return np.stack(layers, axis=-1)


class Progress:
    """A bar that is shown while something takes longer than two seconds; in the end it says how long it took.

    Parameters
    ----------
    what : str
        What is being trained.
    """

    def __init__(self, what):
        self.what, self.started, self.handle = what, time.monotonic(), None

    def __enter__(self):
        return self

    def show(self, share):
        if time.monotonic() - self.started > 2:
            bar = HTML(
                f'<progress aria-label="Training {self.what}" value="{share:.3f}"></progress> Training {self.what}'
            )
            if self.handle is None:
                self.handle = display(bar, display_id=True)
            else:
                self.handle.update(bar)

    def __exit__(self, *error):
        if self.handle is not None:
            took = time.monotonic() - self.started
            self.handle.update(HTML(f"{'Stopped' if error[0] else 'Trained'} {self.what} in {took:.0f} seconds."))


# -------------------------------------------------------------------- experiments


@dataclass(frozen=True)
class Signals:
    """How strong the signal is in each layer before training, on its way forward and back.

    Attributes
    ----------
    forward : numpy.ndarray, shape (hidden layers,)
        The root mean square of the activations, over examples, units and seeds.
    backward : numpy.ndarray, shape (hidden layers,)
        The root mean square of the cost's gradient in the layer's linear values.
    forward_theory, backward_theory : numpy.ndarray, shape (hidden layers,)
        What the rule of the mean square says of both: from the examples up, and from the error in the logits down.
    """

    forward: np.ndarray
    backward: np.ndarray
    forward_theory: np.ndarray
    backward_theory: np.ndarray


def signals(layers_dims, deviation, seeds, X, Y):
    """Send the examples through untrained networks, and the error back.

    Returns
    -------
    Signals
    """
    networks = draw(layers_dims, deviation, seeds)
    z, activations = forward(networks, X)
    gradients = backward(networks, z, activations, Y)
    # Weights of the variance v multiply the mean square by v for each of the terms that they sum, and ReLU halves it.
    # On the way forward the terms are the units below; on the way back they are the units above.
    up = [below * deviation(below) ** 2 / 2 for below in layers_dims[:-2]]
    down = [above * deviation(below) ** 2 / 2 for below, above in pairwise(layers_dims[1:])]
    return Signals(
        np.array([root_mean_square(a) for a in activations[1:]]),
        np.array([root_mean_square(dz) for _, _, dz in gradients[:-1]]),
        root_mean_square(X) * np.sqrt(np.cumprod(up)),
        root_mean_square(gradients[-1][2]) * np.sqrt(np.cumprod(down[::-1]))[::-1],
    )


def layer_values(networks, X, Y, layers):
    """Return what some layers of untrained networks hold, one array for each layer.

    Parameters
    ----------
    networks : Networks
    X : numpy.ndarray, shape (n_0, m)
    Y : numpy.ndarray, shape (1, m)
    layers : iterable of int
        The first layer is 1.

    Returns
    -------
    dict of str to dict of int to numpy.ndarray
        "weights", "activations" and "gradients of the weights", by layer.
    """
    z, activations = forward(networks, X)
    gradients = backward(networks, z, activations, Y)
    return {
        "weights": {layer: networks.W[layer - 1] for layer in layers},
        "activations": {layer: activations[layer] for layer in layers},
        "gradients of the weights": {layer: gradients[layer - 1][0] for layer in layers},
    }


# ----------------------------------------------------------------------- pictures


def plot_signals(found):
    """Draw `Signals` on logarithmic axes, with the theory behind what was measured.

    Parameters
    ----------
    found : dict of str to Signals
        By the name of the start.

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)  # so that the same factor has the same slope in both
    sentences, ends = [], {left: {}, right: {}}
    for axes, way, last in ((left, "forward", -1), (right, "backward", 0)):
        for name, one in found.items():
            color, line, marker = STYLES[name]
            values, theory = getattr(one, way), getattr(one, f"{way}_theory")
            layers = np.arange(1, len(values) + 1)
            (rule,) = axes.plot(layers, theory, color="#999999", linewidth=5, alpha=0.5)
            axes.plot(layers, values, color=color, linestyle=line, marker=marker, markersize=4, markevery=3)
            ends[axes][name] = layers[last], values[last], color
        axes.set(yscale="log")
        axes.grid(alpha=0.3)
        if way == "backward":
            axes.invert_xaxis()
    for axes in (left, right):
        name_at_end(axes, ends[axes])
    left.set(title="activations, on the way forward", xlabel="layer", ylabel="root mean square (log scale)")
    right.set(title="gradients of the linear values, on the way back", xlabel="layer, from the last to the first")
    left.legend([rule], ["the rule"], loc="lower left")
    for name, one in found.items():
        sentences.append(
            f"{name} has activations of size {one.forward[0]:.0e} in layer 1 and {one.forward[-1]:.0e} in layer {layers[-1]}, "
            f"and gradients of size {one.backward[-1]:.0e} in layer {layers[-1]} and {one.backward[0]:.0e} in layer 1"
        )
    figure.suptitle("The signal, layer by layer")
    return Picture(
        figure,
        f"The signal, layer by layer, two panels with one logarithmic axis, each curve along its rule: "
        f"{'; '.join(sentences)}.",
    )


def name_at_end(axes, ends):
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


def plot_values(found, title):
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
            color, line, _ = STYLES[name]
            for place, (layer, values) in enumerate(sizes[name].items()):
                heights = np.histogram(values, edges)[0] / len(values)
                middle = (edges[1:] + edges[:-1]) / 2
                axes.fill_between(middle, place, place + 8 * heights, color=color, alpha=0.35, linewidth=0)
                axes.plot(middle, place + 8 * heights, color=color, linestyle=line, linewidth=1.2)
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


def plot_training(panels, title, highest=None):
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
    figure = Figure(figsize=(9.6, 4.2) if len(panels) > 1 else (7.6, 4.4), layout="constrained")
    figure.get_layout_engine().set(wspace=0.05)
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    costs = np.concatenate([run.cost.ravel() for runs in panels.values() for run in runs.values()])
    costs = costs[costs <= (highest or np.inf)]
    grid[0].set(
        yscale="log", ylabel="cost in nats (log scale)", ylim=(costs.min() / 1.4, (highest or costs.max()) * 1.4)
    )
    grid[0].yaxis.set_major_formatter("{x:g}")
    sentences = []
    for axes, (panel, runs) in zip(grid, panels.items()):
        ends = {}
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


def plot_paths(paths):
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


def draw_path(axes, path, color):
    """Draw what `plot_paths` shows of one start."""
    axes.plot(path[..., 0], path[..., 1], color=color, linewidth=1)
    start = {"markerfacecolor": "white", "markeredgecolor": color, "markersize": 8}
    axes.plot(*path[0].T, "o", **start, linestyle="", label="start")
    axes.plot(*path[-1].T, "^", color=color, markersize=6, linestyle="", label="end")
    axes.grid(alpha=0.3)


def path_lengths(path):
    """Return how far each unit went: shape (units,)."""
    return np.linalg.norm(np.diff(path, axis=0), axis=-1).sum(axis=0)


def plot_sweep(scales, right, dead, title):
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


def plot_boundaries(runs, times, X, Y):
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


def draw_region(axes, network, X, Y, **how):
    """Draw the decision boundary of a single network, with a hatch so thin that the points stand out from it."""
    with rc_context({"hatch.linewidth": 0.4}):
        draw_decision_boundary(axes, lambda points: forward(network, points.T)[0][0, 0] > 0, X, Y, **how)


def region_legend(figure, axes):
    """Say below a figure what its points and regions mean."""
    points, names = axes.get_legend_handles_labels()
    regions = [
        Patch(facecolor=HATCHES, edgecolor=HATCH, hatch="///", label="predicts 1"),
        Patch(facecolor=PLAIN, edgecolor=HATCH, label="predicts 0"),
    ]
    figure.legend(points + regions, names + ["predicts 1", "predicts 0"], loc="outside lower center", ncols=4)


def plot_rates(starts, rates, right, title):
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


def plot_ratios(starts, iteration, ratios, title):
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
    sentences, ends = [], {axes: {} for axes in grid}
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


# --------------------------------------------------------------------- playground


def playground(X, Y, steps=500):
    """Show one network with controls for its start, and a picture that follows them.

    The picture is an ordinary output beside the controls, so that it stays where no kernel runs: in a saved notebook
    and on an exported page.

    Parameters
    ----------
    X : numpy.ndarray, shape (2, m)
    Y : numpy.ndarray, shape (1, m)
    steps : int
        Iterations of one training.
    """
    try:
        import ipywidgets as widgets
    except ModuleNotFoundError:
        print(
            "The playground needs ipywidgets: run `pip install ipywidgets`, restart the kernel and run all cells again."
        )
        return

    # Buttons and fields for numbers: a screen reader says their names and values, which it can't of a slider here;
    # and JupyterLab takes the arrow keys for itself on sliders and on lists to choose from.
    field = {"layout": {"width": "16em", "max_width": "100%"}, "style": {"description_width": "9em"}}
    starts = {name: widgets.Button(layout={"width": "6em"}) for name in STARTS}
    scale = widgets.BoundedFloatText(value=1.0, min=0.0, max=1000.0, step=0.1, description="Times", **field)
    depth = widgets.BoundedIntText(value=2, min=1, max=20, description="Hidden layers", **field)
    rate = widgets.BoundedFloatText(value=0.1, min=0.0, max=10.0, step=0.01, description="Learning rate", **field)
    seed = widgets.BoundedIntText(value=3, min=0, max=9999, description="Seed", **field)
    normalize = widgets.Checkbox(description="Normalize each hidden layer", indent=False, layout={"width": "16em"})
    again, more = widgets.Button(description="Same start again"), widgets.Button(description=f"{steps} steps more")
    bar = widgets.FloatProgress(max=1.0, description="Training", **field)
    state = {"start": "He"}

    def first(change=None):
        for name, button in starts.items():
            chosen = name == state["start"]
            button.description, button.button_style = f"✓ {name}" if chosen else name, "info" if chosen else ""
            button.tooltip = f"Initialization: {name}{', chosen' if chosen else ''}"
        sizes = [2] + [10] * depth.value + [1]
        networks = draw(sizes, lambda fan_in: scale.value * STARTS[state["start"]](fan_in), [seed.value])
        state["networks"] = with_normalization(networks) if normalize.value else networks
        state["iteration"], state["cost"] = np.array([0]), cost(forward(state["networks"], X)[0], Y)
        further()

    def choose(button):
        state["start"] = next(name for name, one in starts.items() if one is button)
        first()

    def further(button=None):
        def step(iteration):
            bar.value = iteration / steps

        run = gradient_descent(state["networks"], X, Y, [rate.value], steps, 20, step=step)
        state["networks"] = run.networks
        state["iteration"] = np.append(state["iteration"], state["iteration"][-1] + run.iteration[1:])
        state["cost"] = np.append(state["cost"], run.cost[1:, 0])
        what = (
            f"{state['start']} times {scale.value:g}, hidden layers: {depth.value}, learning rate {rate.value:g}, "
            f"seed {seed.value}{', normalized' if normalize.value else ''}"
        )
        plain = without_normalization(run.networks, X) if normalize.value else run.networks
        picture = plot_one(what, plain, state["iteration"], state["cost"], X, Y)
        if "handle" in state:
            state["handle"].update(picture)
        else:
            state["handle"] = display(picture, display_id=True)

    def row(*children):
        return widgets.Box(children, layout={"flex_flow": "row wrap", "align_items": "center"})

    named = widgets.Label("Initialization", layout={"width": "9em"})
    box = widgets.VBox(
        [
            row(named, *starts.values()),
            row(scale, depth),
            row(rate, seed),
            row(normalize),
            row(again, more, bar),
        ]
    )
    display(box._repr_mimebundle_() | {"text/plain": "The controls need a running kernel."}, raw=True)
    first()
    for button in starts.values():
        button.on_click(choose)
    for control in (scale, depth, rate, seed, normalize):
        control.observe(first, names="value")
    again.on_click(first)
    more.on_click(further)


def plot_one(what, network, iteration, costs, X, Y):
    """Draw the cost curve of one network beside its decision boundary.

    The axis of the cost is the same for all networks, so that one can be compared with the next; only what has no place
    on it makes it longer.

    Parameters
    ----------
    what : str
        How the network was drawn and trained.
    network : Networks
        A single one, without normalization.
    iteration, costs : numpy.ndarray, shape (times,)
    X : numpy.ndarray, shape (2, m)
    Y : numpy.ndarray, shape (1, m)

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(7.8, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    finite = np.isfinite(costs) & (costs > 0)
    left.plot(iteration[finite], costs[finite], color=BLUE)
    left.axhline(math.log(2), color="#555555", linestyle="--", linewidth=0.8)
    left.annotate("a coin", (1.0, math.log(2)), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    lowest, highest = min([0.005, *costs[finite] / 1.4]), max([2.0, *costs[finite] * 1.4])
    left.set(xlabel="iteration", ylabel="cost in nats (log scale)", yscale="log", ylim=(lowest, highest))
    left.yaxis.set_major_formatter("{x:g}")
    left.grid(alpha=0.3)
    draw_region(right, network, X, Y, resolution=150)
    region_legend(figure, right)
    right.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    share = accuracy(network, X, Y)[0]
    ends = f"cost {costs[-1]:.3g}" if finite[-1] else "no number any more"
    left.set_title(f"step {iteration[-1]}: {ends}")
    right.set_title(f"{share:.0%} right")
    figure.suptitle(what, fontsize=10)
    return Picture(
        figure,
        f"After {iteration[-1]} steps: {ends}, {share:.0%} of the points are right. The first cost was {costs[0]:.3g}. {what}.",
    )
