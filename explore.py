"""The experiments of explore.ipynb and its playground.

The networks are in networks.py, their training is in training.py, and most pictures are in explore_plots.py.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from explore_plots import (  # noqa: F401 - explore.ipynb, and whoever goes on from it, finds everything here
    STYLES,
    Ends,
    draw_path,
    draw_region,
    name_at_end,
    path_lengths,
    plot_boundaries,
    plot_paths,
    plot_rates,
    plot_ratios,
    plot_sweep,
    plot_training,
    plot_values,
    region_legend,
)
from networks import (  # noqa: F401
    STARTS,
    Deviation,
    Networks,
    accuracy,
    backward,
    constant,
    cost,
    dead_units,
    draw,
    forward,
    quietly,
    standardize,
    together,
    with_normalization,
    without_normalization,
)
from plots import BLUE, GREEN, HATCH, HATCHES, PLAIN, PURPLE, VERMILLION, Picture, draw_decision_boundary  # noqa: F401
from signals import root_mean_square
from training import (  # noqa: F401
    SHARE,
    Progress,
    Training,
    gradient_descent,
    joined,
    train,
    train_each,
    update_ratio,
)

# -------------------------------------------------------------------- experiments


@dataclass(frozen=True)
class DepthProfile:
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


def depth_profile(
    layers_dims: Sequence[int], deviation: Deviation, seeds: Iterable[int], X: np.ndarray, Y: np.ndarray
) -> DepthProfile:
    """Send the examples through untrained networks, and the error back.

    Returns
    -------
    DepthProfile
    """
    networks = draw(layers_dims, deviation, seeds)
    z, activations = forward(networks, X)
    gradients = backward(networks, z, activations, Y)
    # Weights of the variance v multiply the mean square by v for each of the terms that they sum, and ReLU halves it.
    # On the way forward the terms are the units below; on the way back they are the units above.
    up = [below * deviation(below) ** 2 / 2 for below in layers_dims[:-2]]
    down = [above * deviation(below) ** 2 / 2 for below, above in pairwise(layers_dims[1:])]
    return DepthProfile(
        np.array([root_mean_square(a) for a in activations[1:]]),
        np.array([root_mean_square(dz) for _, _, dz in gradients[:-1]]),
        root_mean_square(X) * np.sqrt(np.cumprod(up)),
        root_mean_square(gradients[-1][2]) * np.sqrt(np.cumprod(down[::-1]))[::-1],
    )


def layer_values(
    networks: Networks, X: np.ndarray, Y: np.ndarray, layers: Sequence[int]
) -> dict[str, dict[int, np.ndarray]]:
    """Return what some layers of untrained networks hold, one array for each layer.

    Parameters
    ----------
    networks : Networks
    X : numpy.ndarray, shape (n_0, m)
    Y : numpy.ndarray, shape (1, m)
    layers : sequence of int
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


def plot_depth_profiles(found: dict[str, DepthProfile]) -> Picture:
    """Draw `DepthProfile` on logarithmic axes, with the theory behind what was measured.

    Parameters
    ----------
    found : dict of str to DepthProfile
        By the name of the start.

    Returns
    -------
    Picture
    """
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)  # so that the same factor has the same slope in both
    sentences, ends = [], {left: Ends(), right: Ends()}
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


# --------------------------------------------------------------------- playground


def playground(X: np.ndarray, Y: np.ndarray, steps: int = 500) -> None:
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

    Playground(widgets, X, Y, steps).show()


class Playground:
    """The controls of `playground`, and the network that they make.

    Parameters
    ----------
    widgets : module
        ipywidgets.
    X, Y, steps
        Those of `playground`.
    """

    def __init__(self, widgets: Any, X: np.ndarray, Y: np.ndarray, steps: int) -> None:
        self.widgets, self.X, self.Y, self.steps = widgets, X, Y, steps
        self.start = "He"
        self.handle: Any = None  # of the picture, once it is shown
        # Buttons and fields for numbers: a screen reader says their names and values, which it can't of a slider here;
        # and JupyterLab takes the arrow keys for itself on sliders and on lists to choose from.
        field = {"layout": {"width": "16em", "max_width": "100%"}, "style": {"description_width": "9em"}}
        real, whole = widgets.BoundedFloatText, widgets.BoundedIntText
        self.starts = {name: widgets.Button(layout={"width": "6em"}) for name in STARTS}
        self.scale = real(value=1.0, min=0.0, max=1000.0, step=0.1, description="Times", **field)
        self.depth = whole(value=2, min=1, max=20, description="Hidden layers", **field)
        self.rate = real(value=0.1, min=0.0, max=10.0, step=0.01, description="Learning rate", **field)
        self.seed = whole(value=3, min=0, max=9999, description="Seed", **field)
        self.normalize = widgets.Checkbox(
            description="Normalize each hidden layer", indent=False, layout={"width": "16em"}
        )
        self.same_start = widgets.Button(description="Same start again")
        self.more_steps = widgets.Button(description=f"{steps} steps more")
        self.bar = widgets.FloatProgress(max=1.0, description="Training", **field)

    def show(self) -> None:
        """Show the controls and the first picture, and follow what is done with them."""
        label = self.widgets.Label("Initialization", layout={"width": "9em"})
        box = self.widgets.VBox(
            [
                self.row(label, *self.starts.values()),
                self.row(self.scale, self.depth),
                self.row(self.rate, self.seed),
                self.row(self.normalize),
                self.row(self.same_start, self.more_steps, self.bar),
            ]
        )
        display(box._repr_mimebundle_() | {"text/plain": "The controls need a running kernel."}, raw=True)
        self.begin()
        for button in self.starts.values():
            button.on_click(self.choose)
        for control in (self.scale, self.depth, self.rate, self.seed, self.normalize):
            control.observe(self.begin, names="value")
        self.same_start.on_click(self.begin)
        self.more_steps.on_click(self.go_on)

    def row(self, *children: Any) -> Any:
        return self.widgets.Box(children, layout={"flex_flow": "row wrap", "align_items": "center"})

    def choose(self, button: Any) -> None:
        """Take the start that a button stands for."""
        self.start = next(name for name, one in self.starts.items() if one is button)
        self.begin()

    def begin(self, change: Any = None) -> None:
        """Draw the network as the controls say, and train it."""
        for name, button in self.starts.items():
            chosen = name == self.start
            button.description, button.button_style = f"✓ {name}" if chosen else name, "info" if chosen else ""
            button.tooltip = f"Initialization: {name}{', chosen' if chosen else ''}"
        sizes = [2] + [10] * self.depth.value + [1]
        network = draw(sizes, lambda fan_in: self.scale.value * STARTS[self.start](fan_in), [self.seed.value])
        self.network = with_normalization(network) if self.normalize.value else network
        self.iteration, self.cost = np.array([0]), cost(forward(self.network, self.X)[0], self.Y)
        self.go_on()

    def go_on(self, button: Any = None) -> None:
        """Train the network for some more steps, and show what became of it."""

        def step(iteration: int) -> None:
            self.bar.value = iteration / self.steps

        run = gradient_descent(self.network, self.X, self.Y, [self.rate.value], self.steps, 20, step=step)
        self.network = run.networks
        self.iteration = np.append(self.iteration, self.iteration[-1] + run.iteration[1:])
        self.cost = np.append(self.cost, run.cost[1:, 0])
        what = (
            f"{self.start} times {self.scale.value:g}, hidden layers: {self.depth.value}, "
            f"learning rate {self.rate.value:g}, seed {self.seed.value}{', normalized' if self.normalize.value else ''}"
        )
        plain = without_normalization(run.networks, self.X) if self.normalize.value else run.networks
        picture = plot_one(what, plain, self.iteration, self.cost, self.X, self.Y)
        if self.handle is None:
            self.handle = display(picture, display_id=True)
        else:
            self.handle.update(picture)


def plot_one(
    what: str, network: Networks, iteration: np.ndarray, costs: np.ndarray, X: np.ndarray, Y: np.ndarray
) -> Picture:
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
