"""The three-layer NumPy network of the assignment, and its dataset. The plots come along from plots.py.

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

import math
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import expit
from sklearn.datasets import make_circles

from plots import (  # noqa: F401 - whoever imports the network finds the plots here
    BLUE,
    GREEN,
    PURPLE,
    VERMILLION,
    Picture,
    draw_decision_boundary,
    outside_legend,
    plot_boundaries,
    plot_costs,
    plot_dataset,
    plot_decision_boundary,
    plot_run,
    plot_signals,
)


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
# np.dot(W, a) is W @ a: on arrays as small as these it takes about half of the time.


def sigmoid(x):
    """Logistic function ``1 / (1 + exp(-x))``, elementwise.

    Parameters
    ----------
    x : array_like of float
        Any shape.

    Returns
    -------
    numpy.ndarray of float
        Same shape, values in [0, 1]. Rounds to exactly 1 for ``x`` above 37,
        and to exactly 0 below -745.
    """
    return expit(np.asarray(x, dtype=float))  # SciPy's name for this formula; it warns of no overflow


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
    return np.maximum(x, 0.0)


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
    _check_parameters(X, parameters, layers=3)
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]
    W3, b3 = parameters["W3"], parameters["b3"]

    z1 = np.dot(W1, X) + b1
    a1 = relu(z1)
    z2 = np.dot(W2, a1) + b2
    a2 = relu(z2)
    z3 = np.dot(W3, a2) + b3
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
    _check_probabilities(a3)
    probability_of_label = np.where(Y == 1, a3, 1 - a3)
    with np.errstate(divide="ignore"):  # log(0) = -inf is the answer here
        return 0.0 - float(np.mean(np.log(probability_of_label)))  # 0 - 0 is 0, where -(0) would be -0


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
        From the last layer to the first: ``dz3``, ``dW3``, ``db3``, ``da2``,
        ``dz2``, ... ``db1``, each of the shape of what it is the gradient in.

    Raises
    ------
    ValueError
        If the shapes do not fit or a label is not 0 or 1.
    """
    z1, a1, W1, b1, z2, a2, W2, b2, z3, a3, W3, b3 = cache
    _check_labels(Y, like=a3, name="the network's output")
    _check_same_examples(X, a3)
    m = X.shape[1]

    dz3 = (a3 - Y) / m  # the slopes of cross-entropy and sigmoid together
    dW3 = np.dot(dz3, a2.T)
    db3 = sum_over_examples(dz3)

    da2 = np.dot(W3.T, dz3)
    dz2 = da2 * (a2 > 0)  # the slope of ReLU: 1 where its output is positive, else 0
    dW2 = np.dot(dz2, a1.T)
    db2 = sum_over_examples(dz2)

    da1 = np.dot(W2.T, dz2)
    dz1 = da1 * (a1 > 0)
    dW1 = np.dot(dz1, X.T)
    db1 = sum_over_examples(dz1)

    return {
        "dz3": dz3, "dW3": dW3, "db3": db3,
        "da2": da2, "dz2": dz2, "dW2": dW2, "db2": db2,
        "da1": da1, "dz1": dz1, "dW1": dW1, "db1": db1,
    }  # fmt: skip


def sum_over_examples(dz):
    """Add up the columns: ``dz.sum(axis=1, keepdims=True)``, as a product with ones, which is faster.

    Parameters
    ----------
    dz : numpy.ndarray of float, shape (n_l, m)

    Returns
    -------
    numpy.ndarray of float, shape (n_l, 1)
    """
    return np.dot(dz, _ones(dz.shape[1]))


@cache
def _ones(m):
    ones = np.ones((m, 1))
    ones.flags.writeable = False  # every caller gets the same array
    return ones


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
    learning_rate = np.array(learning_rate)  # or NumPy would make an array of it for each parameter
    for key, value in parameters.items():
        gradient = grads.get("d" + key)
        if gradient is None or gradient.shape != value.shape:
            _explain_gradient(key, value, gradient)
        updated[key] = value - learning_rate * gradient
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


# ------------------------------------------------------ signals in deep networks


@dataclass(frozen=True)
class Signals:
    """How large the values of a network are, one number for each ReLU layer.

    Attributes
    ----------
    activations : tuple of float
        Root mean square of ``a1``, ``a2``, ...: of the signal on its way forward.
    gradients : tuple of float
        Root mean square of ``dz1``, ``dz2``, ...: of the correction on its way back.
    factor : float
        What one layer multiplies the mean square of the activations by: the
        geometric mean from layer 1 to the last ReLU layer. NaN where there is
        no signal or one ReLU layer only.
    """

    activations: tuple
    gradients: tuple
    factor: float


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # a deep network overflows, or has no signal
def measure_signals(parameters, X, Y):
    """Send examples forward and their errors back through ReLU layers, and measure both in each layer.

    Parameters
    ----------
    parameters : dict
        ``W1``, ``b1``, ... ``WL``, ``bL``, of any number of layers. All have a
        ReLU but the last, which has a sigmoid, as in the assignment's network.
    X : numpy.ndarray of float, shape (n_0, m)
        One example per column.
    Y : numpy.ndarray, shape (1, m)
        Labels, 0 or 1.

    Returns
    -------
    Signals
        Of the ``L - 1`` ReLU layers, the first one first.

    Raises
    ------
    ValueError
        If a key is missing, a shape does not fit or a label is not 0 or 1.
    """
    L = _number_of_layers(parameters)
    _check_parameters(X, parameters, layers=L)

    a = [X]
    for l in range(1, L):
        a.append(relu(parameters[f"W{l}"] @ a[l - 1] + parameters[f"b{l}"]))
    output = sigmoid(parameters[f"W{L}"] @ a[L - 1] + parameters[f"b{L}"])
    _check_labels(Y, like=output, name="the network's output")

    dz = {L: (output - Y) / X.shape[1]}
    for l in range(L - 1, 0, -1):
        dz[l] = (parameters[f"W{l + 1}"].T @ dz[l + 1]) * (a[l] > 0)

    activations = tuple(root_mean_square(a[l]) for l in range(1, L))
    gradients = tuple(root_mean_square(dz[l]) for l in range(1, L))
    growth = np.square(np.divide(activations[-1], activations[0]))
    steps = L - 2  # from layer 1 to the last ReLU layer
    factor = float(growth ** (1 / steps)) if steps else math.nan
    return Signals(activations, gradients, factor)


def root_mean_square(array):
    """Return the root of the mean square: the usual size of a value, whatever its sign.

    Parameters
    ----------
    array : numpy.ndarray of float

    Returns
    -------
    float
    """
    return float(np.sqrt(np.mean(array**2)))


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


# ------------------------------------------------------------ checks of arguments
# Each raises a ValueError with one sentence: what came, what was expected, what to do.


def _number_of_layers(parameters):
    if not isinstance(parameters, dict) or len(parameters) < 4:
        raise ValueError(
            f"parameters is {_keys_or_type(parameters)}, expected a dict with the keys W1, b1, W2, b2, ...: "
            "of two layers or more."
        )
    return len(parameters) // 2


def _check_parameters(X, parameters, layers):
    if not _fits(X, parameters, layers):
        _explain_misfit(X, parameters, layers)


def _fits(X, parameters, layers):
    """Say whether all is as it should be, quickly: it is asked in every step of training."""
    try:
        shapes = [parameters[key].shape for key in _keys(layers)]
        # One BLAS call: a single NaN or infinity makes the product not finite.
        return _shapes_fit(X.shape, *shapes) and math.isfinite(np.vdot(X, X))
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


@cache
def _shapes_fit(of_X, *shapes):
    below = of_X[0]
    for W, b in zip(shapes[::2], shapes[1::2]):
        if len(W) != 2 or W[1] != below or b != (W[0], 1):
            return False
        below = W[0]
    return len(of_X) == 2


@cache
def _keys(layers):
    return [f"{kind}{layer}" for layer in range(1, layers + 1) for kind in "Wb"]


def _explain_misfit(X, parameters, layers):
    """Raise for the first thing that does not fit, if there is one."""
    keys = _keys(layers)
    if not isinstance(parameters, dict) or not set(keys) <= set(parameters):
        raise ValueError(
            f"parameters is {_keys_or_type(parameters)}, expected a dict with the keys {', '.join(keys)}. "
            "Pass what an initializer returns."
        )
    _check_numeric(X, "X")
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}, expected (features, examples): one example per column.")
    for key in keys:
        _check_numeric(parameters[key], f"parameters[{key!r}]")
    below = len(X)
    for layer in range(1, layers + 1):
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


def _keys_or_type(parameters):
    return sorted(map(str, parameters)) if isinstance(parameters, dict) else type(parameters).__name__


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


def _check_probabilities(a3):
    if not (a3.min() >= 0 and a3.max() <= 1):  # NaN fails both
        raise ValueError(
            f"a3 holds {_first(a3, ~((a3 >= 0) & (a3 <= 1)))}, expected probabilities from 0 to 1. "
            "Pass the network's output after the sigmoid; NaN there means that training diverged."
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


def _check_same_examples(X, a3):
    if X.shape[1] != a3.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} columns and the cache {a3.shape[1]}, expected the same examples. "
            "Pass the cache that forward_propagation returned for this X."
        )


def _explain_gradient(key, value, gradient):
    came = "is missing" if gradient is None else f"has shape {gradient.shape}"
    raise ValueError(f"grads['d{key}'] {came}, expected an array of shape {value.shape} like {key}.")


def _first(array, where):
    index = tuple(int(i) for i in np.argwhere(where)[0])
    return f"{array[index]} at index {index}"
