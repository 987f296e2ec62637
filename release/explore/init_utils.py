"""The three-layer NumPy network of the assignment, its dataset and its plots.

The network is LINEAR -> RELU -> LINEAR -> RELU -> LINEAR -> SIGMOID. Examples
are the columns of ``X``, shape ``(n_0, m)``; labels are ``Y``, shape ``(1, m)``,
with the values 0 and 1. The weights of layer ``l`` have the shape
``(n_l, n_{l-1})``, its biases ``(n_l, 1)``. All quantities are dimensionless.

The assignment compares initializers described in

- X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
  feedforward neural networks", AISTATS 2010 (Xavier initialization);
- K. He, X. Zhang, S. Ren and J. Sun, "Delving Deep into Rectifiers: Surpassing
  Human-Level Performance on ImageNet Classification", ICCV 2015 (He
  initialization).
"""

import base64
import html
import io
import math
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from sklearn.datasets import make_circles

PARAMETER_KEYS = ("W1", "b1", "W2", "b2", "W3", "b3")

# Constants as 0-d arrays: NumPy would convert a Python number anew in every call.
ZERO, ONE = np.array(0.0), np.array(1.0)
LOWEST_LOGIT = np.array(-709.0)  # below it exp(-x) overflows; the sigmoid there is 0 to 307 digits

# The Okabe-Ito palette: distinct for every common form of colour blindness.
# Each use adds a marker, a hatch or a line style, so no plot needs its colours.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"


class Cache(NamedTuple):
    """What forward propagation saves for backward propagation, layer by layer.

    ``z`` are linear outputs (``z3`` are the logits), ``a`` activations, both of
    shape ``(n_l, m)``; ``W`` and ``b`` are the parameters that produced them.
    """

    z1: np.ndarray
    a1: np.ndarray
    W1: np.ndarray
    b1: np.ndarray
    z2: np.ndarray
    a2: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    z3: np.ndarray
    a3: np.ndarray
    W3: np.ndarray
    b3: np.ndarray


# ---------------------------------------------------------------- the network


def sigmoid(x):
    """Logistic function ``1 / (1 + exp(-x))``, elementwise.

    Parameters
    ----------
    x : array_like of float
        Any shape.

    Returns
    -------
    numpy.ndarray of float
        Same shape, values in [0, 1]. Rounds to exactly 1 for ``x`` above 37.
    """
    return ONE / (ONE + np.exp(-np.maximum(x, LOWEST_LOGIT)))


def relu(x):
    """Rectified linear unit ``max(x, 0)``, elementwise.

    Parameters
    ----------
    x : array_like of float
        Any shape.

    Returns
    -------
    numpy.ndarray of float
        Same shape.
    """
    return np.maximum(x, ZERO)


def forward_propagation(X, parameters):
    """Compute the network's output for every example.

    Parameters
    ----------
    X : numpy.ndarray of float, shape (n_0, m)
        One example per column.
    parameters : dict
        ``W1``, ``b1``, ``W2``, ``b2``, ``W3``, ``b3``; ``Wl`` has the shape
        ``(n_l, n_{l-1})``, ``bl`` the shape ``(n_l, 1)``.

    Returns
    -------
    a3 : numpy.ndarray of float, shape (n_3, m)
        Predicted probability of label 1; ``n_3`` is 1 in the assignment.
    cache : Cache
        Every intermediate value, for `backward_propagation`.

    Raises
    ------
    ValueError
        If a key is missing, a shape does not fit or ``X`` is not finite.
    """
    W1, b1, W2, b2, W3, b3 = _checked_parameters(X, parameters)
    z1 = _linear(W1, X, b1)
    a1 = relu(z1)
    z2 = _linear(W2, a1, b2)
    a2 = relu(z2)
    z3 = _linear(W3, a2, b3)
    a3 = sigmoid(z3)
    return a3, Cache(z1, a1, W1, b1, z2, a2, W2, b2, z3, a3, W3, b3)


def compute_loss(a3, Y):
    """Mean cross-entropy from probabilities: the textbook formula.

    A probability that has been rounded to exactly 0 or 1 on the wrong side of
    its label makes the loss ``inf``. `compute_loss_from_logits` stays finite.

    Parameters
    ----------
    a3 : numpy.ndarray of float, shape (1, m)
        Predicted probabilities, in [0, 1].
    Y : numpy.ndarray, shape (1, m)
        Labels, 0 or 1.

    Returns
    -------
    float
        The loss in nats, ``inf`` included.

    Raises
    ------
    ValueError
        If the shapes differ, a label is not 0 or 1, or ``a3`` is outside [0, 1].
    """
    _check_labels(Y, like=a3, name="a3")
    if not (a3.min() >= 0 and a3.max() <= 1):  # NaN fails both
        raise ValueError(
            f"a3 holds {_first(a3, ~((a3 >= 0) & (a3 <= 1)))}, expected probabilities from 0 to 1. "
            "Pass the network's output after the sigmoid; NaN there means that training diverged."
        )
    probability_of_label = np.where(Y == 1, a3, 1.0 - a3)
    with np.errstate(divide="ignore"):  # log(0) = -inf is the answer here
        return float(-np.log(probability_of_label).sum() / Y.size)


def compute_loss_from_logits(z3, Y):
    """Mean cross-entropy from logits: equal to `compute_loss`, and always finite.

    Uses ``-log(sigmoid(z)) = log(1 + exp(-z))``, so no probability is rounded.

    Parameters
    ----------
    z3 : numpy.ndarray of float, shape (1, m)
        Logits: the last layer's values before the sigmoid, ``cache.z3``.
    Y : numpy.ndarray, shape (1, m)
        Labels, 0 or 1.

    Returns
    -------
    float
        The loss in nats.

    Raises
    ------
    ValueError
        If the shapes differ, a label is not 0 or 1, or ``z3`` is not finite.
    """
    _check_labels(Y, like=z3, name="z3")
    _check_finite(z3, "z3")
    return float(np.mean(np.logaddexp(0.0, z3) - Y * z3))


def backward_propagation(X, Y, cache):
    """Compute the gradient of the mean cross-entropy in every parameter.

    Parameters
    ----------
    X : numpy.ndarray of float, shape (n_0, m)
        One example per column.
    Y : numpy.ndarray, shape (1, m)
        Labels, 0 or 1.
    cache : Cache
        The second value of `forward_propagation` for the same ``X``.

    Returns
    -------
    dict
        ``dW1``, ``db1``, ... ``db3``, each of the shape of its parameter.

    Raises
    ------
    ValueError
        If the shapes do not fit or a label is not 0 or 1.
    """
    _, a1, _, _, _, a2, W2, _, _, a3, W3, _ = cache
    _check_labels(Y, like=a3, name="the network's output")
    if X.shape[1] != a3.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} columns and the cache {a3.shape[1]}, expected the same examples. "
            "Pass the cache that forward_propagation returned for this X."
        )
    # dot rather than @ or sum: on arrays as small as these it is the fastest.
    m = X.shape[1]
    sum_over_examples = _column_of_ones(m)
    dz3 = (a3 - Y.astype(float)) / float(m)  # sigmoid and cross-entropy together
    dz2 = W3.T.dot(dz3)
    dz2 *= np.sign(a2)  # the slope of ReLU: 1 where its output is positive, else 0
    dz1 = W2.T.dot(dz2)
    dz1 *= np.sign(a1)
    return {
        "dW1": dz1.dot(X.T),
        "db1": dz1.dot(sum_over_examples),
        "dW2": dz2.dot(a1.T),
        "db2": dz2.dot(sum_over_examples),
        "dW3": dz3.dot(a2.T),
        "db3": dz3.dot(sum_over_examples),
    }


def update_parameters(parameters, grads, learning_rate):
    """Take one step of gradient descent.

    Parameters
    ----------
    parameters : dict
        Arrays under ``W1``, ``b1``, ... They are left as they are.
    grads : dict
        Arrays of the same shapes under ``dW1``, ``db1``, ...
    learning_rate : float
        Step size.

    Returns
    -------
    dict
        New arrays under the keys of ``parameters``.

    Raises
    ------
    ValueError
        If a gradient is missing or has another shape than its parameter.
    """
    updated = {}
    step_size = np.array(learning_rate)
    for key, value in parameters.items():
        gradient = grads.get("d" + key)
        if gradient is None or gradient.shape != value.shape:
            came = "is missing" if gradient is None else f"has shape {gradient.shape}"
            raise ValueError(f"grads['d{key}'] {came}, expected an array of shape {value.shape} like {key}.")
        updated[key] = value - step_size * gradient
    return updated


def predict_dec(parameters, X):
    """Decide the class of each example: True where its probability exceeds 0.5.

    Parameters
    ----------
    parameters : dict
        As for `forward_propagation`.
    X : numpy.ndarray of float, shape (n_0, m)
        One example per column.

    Returns
    -------
    numpy.ndarray of bool, shape (1, m)
        A probability of exactly 0.5 is class 0, False.
    """
    a3, _ = forward_propagation(X, parameters)
    return a3 > 0.5


def predict(X, y, parameters):
    """Predict a class for each example and print the accuracy.

    Parameters
    ----------
    X : numpy.ndarray of float, shape (n_0, m)
        One example per column.
    y : numpy.ndarray, shape (1, m)
        Labels, 0 or 1.
    parameters : dict
        As for `forward_propagation`.

    Returns
    -------
    numpy.ndarray of int, shape (1, m)
        Predicted classes, 0 or 1.
    """
    predictions = predict_dec(parameters, X).astype(int)
    _check_labels(y, like=predictions, name="the network's output", argument="y")
    print(f"Accuracy: {np.mean(predictions == y)}")
    return predictions


@cache
def _column_of_ones(m):
    ones = np.ones((m, 1))
    ones.flags.writeable = False  # every caller gets the same array
    return ones


def _linear(W, a, b):
    z = W.dot(a)
    z += b
    return z


# ---------------------------------------------------------------- the dataset


def load_dataset():
    """Generate the assignment's data: two noisy circles, one inside the other.

    Returns
    -------
    train_X : numpy.ndarray of float, shape (2, 300)
    train_Y : numpy.ndarray of int, shape (1, 300)
        0 for the outer circle, 1 for the inner; 150 of each.
    test_X : numpy.ndarray of float, shape (2, 100)
    test_Y : numpy.ndarray of int, shape (1, 100)
        50 of each label.

    Notes
    -----
    The seeds 1 (training) and 2 (test) go straight to scikit-learn, so NumPy's
    global random state is neither used nor changed.
    """
    train_points, train_labels = make_circles(n_samples=300, noise=0.05, random_state=1)
    test_points, test_labels = make_circles(n_samples=100, noise=0.05, random_state=2)
    return (
        np.ascontiguousarray(train_points.T),
        train_labels.reshape(1, -1),
        np.ascontiguousarray(test_points.T),
        test_labels.reshape(1, -1),
    )


# ------------------------------------------------------------------ the plots


@dataclass(frozen=True, repr=False)
class Picture:
    """A figure with a text alternative, shown by Jupyter as ``<img alt="...">``.

    Jupyter drops the alt text of a plain PNG output; HTML keeps it, on the page
    and in every export.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What a person who cannot see the figure should know from it.
    """

    figure: Figure
    alt: str

    def _repr_html_(self):
        png = io.BytesIO()
        self.figure.savefig(png, format="png", dpi=2 * self.figure.dpi)
        width = round(self.figure.get_figwidth() * self.figure.dpi)
        data = base64.b64encode(png.getvalue()).decode("ascii")
        return f'<img alt="{html.escape(self.alt)}" width="{width}" src="data:image/png;base64,{data}">'

    def __repr__(self):
        return f"Picture: {self.alt}"


def plot_dataset(X, y, title="Training set"):
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
    figure, axes = _plane(title)
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


def plot_decision_boundary(model, X, y, title="Decision boundary"):
    """Draw the regions where a classifier predicts each class, under the points.

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
    Picture
    """
    figure, axes = _plane(title)
    region = draw_decision_boundary(axes, model, X, y)
    outside_legend(axes, "hatched: predicts 1\nplain: predicts 0")

    predicted = np.asarray(model(X.T), dtype=int).reshape(1, -1)
    right = [f"{np.sum((predicted == y) & (y == label))} of {np.sum(y == label)} of class {label}" for label in (0, 1)]
    rims = {"left": region[:, 0], "right": region[:, -1], "bottom": region[0], "top": region[-1]}
    open_to = [side for side, rim in rims.items() if rim.any()]
    alt = (
        f"{title}: the network predicts class 1 on {region.mean():.0%} of the plotted area, "
        f"{'open to the ' + ', '.join(open_to) if open_to else 'away from every edge'}, "
        f"and is right on {right[0]} and {right[1]}."
    )
    return Picture(figure, alt)


def draw_decision_boundary(axes, model, X, y, resolution=300, size=26):
    """Draw the same as `plot_decision_boundary` into axes that are there.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
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
    margin = 0.3
    first, second = (np.linspace(row.min() - margin, row.max() + margin, resolution) for row in X)
    grid_first, grid_second = np.meshgrid(first, second)
    grid = np.column_stack([grid_first.ravel(), grid_second.ravel()])
    region = np.asarray(model(grid), dtype=float).reshape(grid_first.shape)
    regions = axes.contourf(
        grid_first,
        grid_second,
        region,
        levels=[-0.5, 0.5, 1.5],
        colors=["#DCEBF5", "#FBE3D2"],
        hatches=["", "///"],
    )
    regions.set(edgecolor="#C79A78", linewidth=0.0)  # a hatch that the points stand out from
    if region.min() != region.max():
        axes.contour(grid_first, grid_second, region, levels=[0.5], colors="black", linewidths=1.5)
    _scatter(axes, X, y, size)
    return region


def plot_costs(history, title="Cost during training"):
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
    styles = [(BLUE, "-", "o"), (VERMILLION, "--", "^"), (GREEN, "-.", "s"), (PURPLE, ":", "D")]
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    sentences = []
    for index, (name, run) in enumerate(history.items()):
        color, line, marker = styles[index % len(styles)]
        iterations, costs = run["iteration"], run["cost_from_logits"]
        axes.plot(iterations, costs, color=color, linestyle=line, marker=marker, markersize=4, label=name)
        sentences.append(f"{name} goes from {costs[0]:.4g} to {costs[-1]:.4g} at iteration {iterations[-1]}")
    axes.set(title=title, xlabel="iteration", ylabel="cross-entropy in nats (log scale)", yscale="log")
    low, high = axes.get_ylim()
    if high < 10 * low:  # show at least one decade, so that a flat curve looks flat
        axes.set_ylim(np.sqrt(low * high / 10), np.sqrt(low * high * 10))
    axes.yaxis.set_major_formatter("{x:g}")
    low, high = axes.get_ylim()
    # Within two decades the powers of ten are too few to read a value by.
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5) if high < 100 * low else ()))
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.grid(alpha=0.3)
    if history:
        axes.legend(title="initialization")
    return Picture(figure, f"{title}, on a logarithmic axis: {'; '.join(sentences) or 'no run yet'}.")


def _plane(title):
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel="$x_1$ (no unit)", ylabel="$x_2$ (no unit)", aspect="equal")
    return figure, axes


def _scatter(axes, X, y, size=26):
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


def outside_legend(axes, title=None):
    """Put the legend of some axes to the right of them, where it covers no point."""
    axes.legend(title=title, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)


# ------------------------------------------------------- arguments, understood


def _checked_parameters(X, parameters):
    """Return the six arrays in order, or say which argument is wrong and how."""
    try:
        W1, b1, W2, b2, W3, b3 = arrays = itemgetter(*PARAMETER_KEYS)(parameters)
        n_1, n_2, n_3 = len(b1), len(b2), len(b3)
        fits = (
            W1.shape == (n_1, len(X))
            and W2.shape == (n_2, n_1)
            and W3.shape == (n_3, n_2)
            and b1.shape == (n_1, 1)
            and b2.shape == (n_2, 1)
            and b3.shape == (n_3, 1)
            # One BLAS call: a single NaN or infinity makes the product not finite.
            and X.ndim == 2
            and math.isfinite(np.vdot(X, X))
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        fits = False
    if not fits:
        _explain_misfit(X, parameters)
    return arrays


def _explain_misfit(X, parameters):
    """Raise a ValueError for the first thing that does not fit, if there is one."""
    if not isinstance(parameters, dict) or not set(PARAMETER_KEYS) <= set(parameters):
        came = sorted(map(str, parameters)) if isinstance(parameters, dict) else type(parameters).__name__
        raise ValueError(
            f"parameters is {came}, expected a dict with the keys {', '.join(PARAMETER_KEYS)}. "
            "Pass what an initializer returns."
        )
    _check_numeric(X, "X")
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}, expected (features, examples): one example per column.")
    for key in PARAMETER_KEYS:
        _check_numeric(parameters[key], f"parameters[{key!r}]")
    below = len(X)
    for layer in (1, 2, 3):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        if W.ndim != 2 or W.shape[1] != below:
            source = (
                f"X of shape {X.shape}" if layer == 1 else f"W{layer - 1} of shape {parameters[f'W{layer - 1}'].shape}"
            )
            hint = " Is X transposed? Examples are columns." if layer == 1 and X.shape[1:] == W.shape[1:] else ""
            raise ValueError(
                f"parameters['W{layer}'] has shape {W.shape}, expected (n, {below}) to fit {source}.{hint}"
            )
        if b.shape != (len(W), 1):
            raise ValueError(
                f"parameters['b{layer}'] has shape {b.shape}, expected {(len(W), 1)}: one bias per row of W{layer}."
            )
        below = len(W)
    _check_finite(X, "X")


def _check_numeric(array, name):
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        came = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
        raise ValueError(f"{name} is {came}, expected a NumPy array of real numbers.")


def _check_finite(array, name):
    finite = np.isfinite(array)
    if not finite.all():
        raise ValueError(
            f"{name} holds {np.sum(~finite)} values that are not finite, the first {_first(array, ~finite)}, "
            "expected finite numbers. Remove or repair those examples."
        )


def _check_labels(Y, like, name, argument="Y"):
    """Labels must be 0 or 1, one for each column of ``like``."""
    if not isinstance(Y, np.ndarray) or Y.shape != like.shape:
        came = f"shape {Y.shape}" if isinstance(Y, np.ndarray) else f"type {type(Y).__name__}"
        raise ValueError(f"{argument} has {came}, expected an array of shape {like.shape}, the shape of {name}.")
    if Y.size == 0:
        raise ValueError(f"{argument} is empty, expected at least one label.")
    is_one = Y == 1
    # Whatever is neither 0 nor 1, NaN included, is counted on one side only.
    if np.count_nonzero(Y) != np.count_nonzero(is_one):
        raise ValueError(
            f"{argument} holds {_first(Y, ~is_one & (Y != 0))}, expected labels that are 0 or 1. "
            "Recode the classes, for example with (labels == labels.max()).astype(int)."
        )


def _first(array, where):
    index = tuple(int(i) for i in np.argwhere(where)[0])
    return f"{array[index]} at index {index}"
