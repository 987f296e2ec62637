"""The three-layer NumPy network of the assignment, and its dataset. The plots come along, and what measures signals.

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

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.datasets import make_circles

from argument_checks import (
    Parameters,
    check_finite,
    check_labels,
    check_parameters,
    check_probabilities,
    check_same_examples,
    explain_gradient,
)
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
from signals import Signals, measure_signals, root_mean_square  # noqa: F401 - and what measures signals


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


def sigmoid(x: ArrayLike) -> np.ndarray:
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


def relu(x: ArrayLike) -> np.ndarray:
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


def forward_propagation(X: np.ndarray, parameters: Parameters) -> tuple[np.ndarray, Cache]:
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
    check_parameters(X, parameters, layers=3)
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


def compute_loss(a3: np.ndarray, Y: np.ndarray) -> float:
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
    check_labels(Y, like=a3, name="a3")
    check_probabilities(a3)
    probability_of_label = np.where(Y == 1, a3, 1 - a3)
    with np.errstate(divide="ignore"):  # log(0) = -inf is the answer here
        return 0.0 - float(np.mean(np.log(probability_of_label)))  # 0 - 0 is 0, where -(0) would be -0


def compute_loss_from_logits(z3: np.ndarray, Y: np.ndarray) -> float:
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
    check_labels(Y, like=z3, name="z3")
    check_finite(z3, "z3")
    return float(np.mean(np.logaddexp(0.0, z3) - Y * z3))


def backward_propagation(X: np.ndarray, Y: np.ndarray, cache: Cache) -> dict[str, np.ndarray]:
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
    check_labels(Y, like=a3, name="the network's output")
    check_same_examples(X, a3)
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


def sum_over_examples(dz: np.ndarray) -> np.ndarray:
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
def _ones(m: int) -> np.ndarray:
    ones = np.ones((m, 1))
    ones.flags.writeable = False  # every caller gets the same array
    return ones


def update_parameters(parameters: Parameters, grads: dict[str, np.ndarray], learning_rate: float) -> Parameters:
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
    rate = np.array(learning_rate)  # or NumPy would make an array of it for each parameter
    for key, value in parameters.items():
        gradient = grads.get("d" + key)
        if gradient is None or gradient.shape != value.shape:
            explain_gradient(key, value, gradient)
        updated[key] = value - rate * gradient
    return updated


def predict_dec(parameters: Parameters, X: np.ndarray) -> np.ndarray:
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


def predict(X: np.ndarray, y: np.ndarray, parameters: Parameters) -> np.ndarray:
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
    check_labels(y, like=predictions, name="the network's output", argument="y")
    print(f"Accuracy: {np.mean(predictions == y)}")
    return predictions


# ---------------------------------------------------------------- the dataset


def load_dataset() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
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
