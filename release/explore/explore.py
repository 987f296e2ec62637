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
from dataclasses import dataclass
from itertools import pairwise

import ipywidgets as widgets
import numpy as np
from IPython.display import HTML, display
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from init_utils import BLUE, GREEN, PURPLE, VERMILLION, Picture, draw_decision_boundary, outside_legend

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
SHARE = 40_000  # numbers in one layer of the networks of one thread: with fewer, threads wait for each other


# ------------------------------------------------------------------- the networks


@dataclass(frozen=True)
class Networks:
    """Some networks of one shape.

    Attributes
    ----------
    W : list of numpy.ndarray, shape (networks, n_l, n_{l-1})
    b : list of numpy.ndarray, shape (networks, n_l, 1)
    """

    W: list
    b: list

    def __len__(self):
        return len(self.W[0])

    def __getitem__(self, which):
        return Networks([W[which] for W in self.W], [b[which] for b in self.b])

    def astype(self, dtype):
        """Return copies whose numbers are of another type: `numpy.float32` is half as long and twice as fast."""
        return Networks([W.astype(dtype) for W in self.W], [b.astype(dtype) for b in self.b])

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
    """Return the networks of several stacks as one."""
    W, b = zip(*((stack.W, stack.b) for stack in stacks))
    return Networks([np.concatenate(layer) for layer in zip(*W)], [np.concatenate(layer) for layer in zip(*b)])


quietly = np.errstate(all="ignore")  # a start that is far too large may run out of the numbers: its picture says so


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
            activations.append(np.maximum(z, 0.0, out=z))
    return z, activations


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
    for W, a in zip(reversed(networks.W), reversed(activations)):
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
    kept : dict of int to Networks
        The networks at the iterations that were asked for.
    """

    networks: Networks
    iteration: np.ndarray
    cost: np.ndarray
    kept: dict

    def __getitem__(self, which):
        kept = {iteration: networks[which] for iteration, networks in self.kept.items()}
        return Training(self.networks[which], self.iteration, self.cost[:, which], kept)


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
        The cost is written down at every so many iterations.
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
        {iteration: together(*(run.kept[iteration] for run in runs)) for iteration in runs[0].kept},
    )


@quietly
def gradient_descent(networks, X, Y, rates, num_iterations, every=100, keep=(), step=lambda iteration: None):
    """Train in this thread; see `train`. ``step`` is called with the iteration whenever the cost is written down."""
    networks = networks.copy()
    rates = np.asarray(rates)[:, None, None]
    iterations, costs, kept = [], [], {}
    for iteration in range(num_iterations + 1):
        z, activations = forward(networks, X)
        if iteration % every == 0 or iteration == num_iterations:
            iterations.append(iteration)
            costs.append(cost(z, Y))
            step(iteration)
        if iteration in keep:
            kept[iteration] = networks.copy()
        if iteration < num_iterations:
            for W, b, (dW, db, _) in zip(networks.W, networks.b, backward(networks, z, activations, Y)):
                W -= rates * dW
                b -= rates * db
    return Training(networks, np.array(iterations), np.array(costs), kept)


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
        np.array([rms(a) for a in activations[1:]]),
        np.array([rms(dz) for _, _, dz in gradients[:-1]]),
        rms(X) * np.sqrt(np.cumprod(up)),
        rms(gradients[-1][2]) * np.sqrt(np.cumprod(down[::-1]))[::-1],
    )


def rms(values):
    """Return the root mean square of an array."""
    return float(np.sqrt(np.mean(np.square(values))))


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
    figure = Figure(figsize=(9.6, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    sentences = []
    for name, one in found.items():
        color, line, marker = STYLES[name]
        layers = np.arange(1, len(one.forward) + 1)
        for axes, values, theory in (
            (left, one.forward, one.forward_theory),
            (right, one.backward, one.backward_theory),
        ):
            axes.plot(
                layers, theory, color="#999999", linewidth=4, alpha=0.5, label="theory" if not sentences else None
            )
            axes.plot(layers, values, color=color, linestyle=line, marker=marker, markersize=4, markevery=3, label=name)
        sentences.append(
            f"{name} has activations of size {one.forward[0]:.0e} in layer 1 and {one.forward[-1]:.0e} in layer {layers[-1]}, "
            f"and gradients of size {one.backward[-1]:.0e} in layer {layers[-1]} and {one.backward[0]:.0e} in layer 1"
        )
    left.set(
        title="activations, on the way forward", xlabel="layer", ylabel="root mean square (log scale)", yscale="log"
    )
    right.set(title="gradients, on the way back", xlabel="layer", ylabel="root mean square (log scale)", yscale="log")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    left.legend(title="start")
    figure.suptitle("The signal, layer by layer")
    return Picture(figure, f"The signal, layer by layer, two panels with logarithmic axes: {'; '.join(sentences)}.")


def plot_training(runs, title):
    """Draw the cost curves of several starts on one logarithmic axis, one line for each network.

    Parameters
    ----------
    runs : dict of str to Training
        By the name of the start.
    title : str

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.add_subplot()
    sentences = []
    for name, run in runs.items():
        color, line, marker = STYLES[name]
        axes.plot(
            run.iteration,
            run.cost,
            color=color,
            linestyle=line,
            marker=marker,
            markersize=4,
            linewidth=1.2,
            markevery=max(1, len(run.iteration) // 8),
            label=[name] + [None] * (len(run.networks) - 1),
        )
        ends = run.cost[-1]
        to = (
            f"{ends.min():.2g}"
            if len(ends) == 1
            else f"between {ends.min():.2g} and {ends.max():.2g} ({len(ends)} networks)"
        )
        sentences.append(f"{name} starts at {np.median(run.cost[0]):.2g} and ends at {to}")
    axes.set(title=title, xlabel="iteration", ylabel="cost in nats (log scale)", yscale="log")
    axes.grid(alpha=0.3)
    outside_legend(axes, "start")
    return Picture(figure, f"{title}, cost curves on a logarithmic axis: {'; '.join(sentences)}.")


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
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    sentences = []
    for axes, (name, path) in zip(figure.subplots(1, len(paths), squeeze=False)[0], paths.items()):
        color = STYLES[name][0]
        axes.plot(path[..., 0], path[..., 1], color=color, linewidth=1)
        axes.plot(
            *path[0].T, "o", markerfacecolor="white", markeredgecolor=color, markersize=9, linestyle="", label="start"
        )
        axes.plot(*path[-1].T, "^", color=color, markersize=6, linestyle="", label="end")
        axes.set(title=name, xlabel="weight of $x_1$", ylabel="weight of $x_2$")
        axes.grid(alpha=0.3)
        axes.legend()
        apart = len(np.unique(path[-1].round(6), axis=0))
        sentences.append(
            f"from {name}, {path.shape[1]} units end in {apart} different {'place' if apart == 1 else 'places'}"
        )
    figure.suptitle("Where the weights of the first layer go")
    return Picture(figure, f"Where the weights of the first layer go: {'; '.join(sentences)}.")


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
    figure = Figure(figsize=(2.5 * len(times), 2.6 * len(runs)), layout="constrained")
    sentences = []
    for row, (name, run) in zip(
        figure.subplots(len(runs), len(times), squeeze=False, sharex=True, sharey=True), runs.items()
    ):
        rights = []
        for axes, iteration in zip(row, times):
            one = run.kept[iteration][:1]
            draw_decision_boundary(
                axes, lambda points, one=one: forward(one, points.T)[0][0, 0] > 0, X, Y, resolution=120, size=6
            )
            rights.append(f"{accuracy(one, X, Y)[0]:.0%}")
            axes.set(title=f"{name}, step {iteration}: {rights[-1]}", aspect="equal")
            axes.title.set_fontsize(9)
        sentences.append(f"from {name}, {', '.join(rights)} are right")
    figure.suptitle("Decision boundaries over time (hatched: predicts 1)")
    when = ", ".join(map(str, times))
    return Picture(figure, f"Decision boundaries at steps {when}: {'; '.join(sentences)}.")


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
    named = {"description_width": "9em"}
    row = {"layout": {"width": "32em"}, "style": named}
    slow = {**row, "continuous_update": False}  # a value counts when the slider is let go
    # Buttons: in a list to choose from, JupyterLab would take the arrow keys for itself.
    start = widgets.ToggleButtons(
        options=list(STARTS), value="He", description="Initialization", style={**named, "button_width": "5em"}
    )
    scale = widgets.FloatLogSlider(
        value=1.0, base=2, min=-7, max=7, step=0.5, description="Times", readout_format=".3g", **slow
    )
    depth = widgets.IntSlider(value=2, min=1, max=20, description="Hidden layers", **slow)
    rate = widgets.SelectionSlider(
        options=[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0], value=0.1, description="Learning rate", **slow
    )
    seed = widgets.BoundedIntText(value=3, min=0, max=9999, description="Seed", **slow)
    controls = [start, scale, depth, rate, seed]
    again, more = widgets.Button(description="Same start again"), widgets.Button(description=f"{steps} steps more")
    bar = widgets.FloatProgress(max=1.0, description="Training", **row)
    state = {}

    def first(change=None):
        sizes = [2] + [10] * depth.value + [1]
        state["networks"] = draw(sizes, lambda fan_in: scale.value * STARTS[start.value](fan_in), [seed.value])
        state["iteration"], state["cost"] = np.array([0]), cost(forward(state["networks"], X)[0], Y)
        further()

    def further(button=None):
        def step(iteration):
            bar.value = iteration / steps

        run = gradient_descent(state["networks"], X, Y, [rate.value], steps, 20, step=step)
        state["networks"] = run.networks
        state["iteration"] = np.append(state["iteration"], state["iteration"][-1] + run.iteration[1:])
        state["cost"] = np.append(state["cost"], run.cost[1:, 0])
        picture = plot_one(state["networks"], state["iteration"], state["cost"], X, Y)
        if "handle" in state:
            state["handle"].update(picture)
        else:
            state["handle"] = display(picture, display_id=True)

    box = widgets.VBox([*controls, widgets.HBox([again, more]), bar])
    display(box._repr_mimebundle_() | {"text/plain": "The controls need a running kernel."}, raw=True)
    first()
    for control in controls:
        control.observe(first, names="value")
    again.on_click(first)
    more.on_click(further)


def plot_one(network, iteration, costs, X, Y):
    """Draw the cost curve of one network beside its decision boundary.

    Parameters
    ----------
    network : Networks
        A single one.
    iteration, costs : numpy.ndarray, shape (times,)
    X : numpy.ndarray, shape (2, m)
    Y : numpy.ndarray, shape (1, m)

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    finite = np.isfinite(costs) & (costs > 0)
    left.plot(iteration[finite], costs[finite], color=BLUE)
    left.set(xlabel="iteration", ylabel="cost in nats (log scale)", yscale="log")
    left.grid(alpha=0.3)
    draw_decision_boundary(right, lambda points: forward(network, points.T)[0][0, 0] > 0, X, Y, resolution=150)
    right.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    share = accuracy(network, X, Y)[0]
    ends = f"cost {costs[-1]:.3g}" if finite[-1] else "the numbers ran over"
    left.set_title(f"step {iteration[-1]}: {ends}")
    right.set_title(f"{share:.0%} right (hatched: predicts 1)")
    return Picture(
        figure,
        f"After {iteration[-1]} steps: {ends}, {share:.0%} of the points are right. The first cost was {costs[0]:.3g}.",
    )
