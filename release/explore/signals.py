"""How large the signal is in each layer of a deep network, on its way forward and on its way back."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from argument_checks import Parameters, check_labels, check_parameters, number_of_layers


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

    activations: tuple[float, ...]
    gradients: tuple[float, ...]
    factor: float


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # a deep network overflows, or has no signal
def measure_signals(parameters: Parameters, X: np.ndarray, Y: np.ndarray) -> Signals:
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
    L = number_of_layers(parameters)
    check_parameters(X, parameters, layers=L)

    a = [X]
    for l in range(1, L):
        a.append(np.maximum(parameters[f"W{l}"] @ a[l - 1] + parameters[f"b{l}"], 0.0))  # ReLU
    z = parameters[f"W{L}"] @ a[L - 1] + parameters[f"b{L}"]
    output = expit(z.astype(float))  # the sigmoid
    check_labels(Y, like=output, name="the network's output")

    dz = {L: (output - Y) / X.shape[1]}
    for l in range(L - 1, 0, -1):
        dz[l] = (parameters[f"W{l + 1}"].T @ dz[l + 1]) * (a[l] > 0)

    activations = tuple(root_mean_square(a[l]) for l in range(1, L))
    gradients = tuple(root_mean_square(dz[l]) for l in range(1, L))
    growth = np.square(np.divide(activations[-1], activations[0]))
    steps = L - 2  # from layer 1 to the last ReLU layer
    factor = float(growth ** (1 / steps)) if steps else math.nan
    return Signals(activations, gradients, factor)


def root_mean_square(array: np.ndarray) -> float:
    """Return the root of the mean square: the usual size of a value, whatever its sign.

    Parameters
    ----------
    array : numpy.ndarray of float

    Returns
    -------
    float
    """
    return float(np.sqrt(np.mean(array**2)))
