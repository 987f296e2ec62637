"""What a function of init_utils.py needs of its arguments: whoever passes something else gets a ValueError with one sentence.

The sentence says what came, what was expected and what to do.
"""

import math
from functools import cache
from typing import Any, NoReturn

import numpy as np

Parameters = dict[str, np.ndarray]  # the weights and biases of a network: W1, b1, W2, b2, ...


def number_of_layers(parameters: Any) -> int:
    """Return how many layers a network has, of two or more."""
    if not isinstance(parameters, dict) or len(parameters) < 4:
        raise ValueError(
            f"parameters is {keys_or_type(parameters)}, expected a dict with the keys W1, b1, W2, b2, ...: "
            "of two layers or more."
        )
    return len(parameters) // 2


def check_parameters(X: Any, parameters: Any, layers: int) -> None:
    """The parameters must be those of a network of so many layers, and ``X`` finite examples for it."""
    if not fits(X, parameters, layers):
        explain_misfit(X, parameters, layers)


def fits(X: Any, parameters: Any, layers: int) -> bool:
    """Say whether all is as it should be, quickly: it is asked in every step of training."""
    try:
        shapes = [parameters[name].shape for name in names_of_parameters(layers)]
        # One BLAS call: a single NaN or infinity makes the product not finite.
        return shapes_fit(X.shape, *shapes) and math.isfinite(np.vdot(X, X))
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


@cache
def shapes_fit(of_X: tuple[int, ...], *shapes: tuple[int, ...]) -> bool:
    below = of_X[0]
    for W, b in zip(shapes[::2], shapes[1::2]):
        if len(W) != 2 or W[1] != below or b != (W[0], 1):
            return False
        below = W[0]
    return len(of_X) == 2


@cache
def names_of_parameters(layers: int) -> list[str]:
    return [f"{kind}{layer}" for layer in range(1, layers + 1) for kind in "Wb"]


def explain_misfit(X: Any, parameters: Any, layers: int) -> None:
    """Raise for the first thing that does not fit, if there is one."""
    names = names_of_parameters(layers)
    if not isinstance(parameters, dict) or not set(names) <= set(parameters):
        raise ValueError(
            f"parameters is {keys_or_type(parameters)}, expected a dict with the keys {', '.join(names)}. "
            "Pass what an initializer returns."
        )
    check_numeric(X, "X")
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}, expected (features, examples): one example per column.")
    for name in names:
        check_numeric(parameters[name], f"parameters[{name!r}]")
    below, source = len(X), f"X of shape {X.shape}"
    for layer in range(1, layers + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        hint = " Is X transposed? Examples are columns." if layer == 1 and X.shape[1:] == W.shape[1:] else ""
        check_layer(layer, W, b, below, source, hint)
        below, source = len(W), f"W{layer} of shape {W.shape}"
    check_finite(X, "X")


def check_layer(layer: int, W: np.ndarray, b: np.ndarray, below: int, source: str, hint: str) -> None:
    """The weights and biases of a layer must fit each other, and the ``below`` values that come from ``source``."""
    if W.ndim != 2 or W.shape[1] != below:
        raise ValueError(f"parameters['W{layer}'] has shape {W.shape}, expected (n, {below}) to fit {source}.{hint}")
    if b.shape != (len(W), 1):
        raise ValueError(
            f"parameters['b{layer}'] has shape {b.shape}, expected {(len(W), 1)}: one bias per row of W{layer}."
        )


def keys_or_type(parameters: Any) -> list[str] | str:
    return sorted(map(str, parameters)) if isinstance(parameters, dict) else type(parameters).__name__


def check_numeric(array: Any, name: str) -> None:
    """An array must be one of NumPy's, and of real numbers."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        came = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
        raise ValueError(f"{name} is {came}, expected a NumPy array of real numbers.")


def check_finite(array: np.ndarray, name: str) -> None:
    """No value may be NaN or infinite."""
    finite = np.isfinite(array)
    if not finite.all():
        raise ValueError(
            f"{name} holds {np.sum(~finite)} values that are not finite, the first {first_where(array, ~finite)}, "
            "expected finite numbers. Remove or repair those examples."
        )


def check_probabilities(a3: np.ndarray) -> None:
    """Probabilities must be in [0, 1]."""
    if not (a3.min() >= 0 and a3.max() <= 1):  # NaN fails both
        raise ValueError(
            f"a3 holds {first_where(a3, ~((a3 >= 0) & (a3 <= 1)))}, expected probabilities from 0 to 1. "
            "Pass the network's output after the sigmoid; NaN there means that training diverged."
        )


def check_labels(Y: Any, like: np.ndarray, name: str, argument: str = "Y") -> None:
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
            f"{argument} holds {first_where(Y, ~is_one & (Y != 0))}, expected labels that are 0 or 1. "
            "Recode the classes, for example with (labels == labels.max()).astype(int)."
        )


def check_same_examples(X: np.ndarray, a3: np.ndarray) -> None:
    """What was saved for the examples must have a column for each of them."""
    if X.shape[1] != a3.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} columns and the cache {a3.shape[1]}, expected the same examples. "
            "Pass the cache that forward_propagation returned for this X."
        )


def explain_gradient(key: str, value: np.ndarray, gradient: np.ndarray | None) -> NoReturn:
    """Raise for a gradient that is missing or has another shape than its parameter."""
    came = "is missing" if gradient is None else f"has shape {gradient.shape}"
    raise ValueError(f"grads['d{key}'] {came}, expected an array of shape {value.shape} like {key}.")


def first_where(array: np.ndarray, where: np.ndarray) -> str:
    """Return the first value that a mask finds, and its index, in words."""
    index = tuple(int(i) for i in np.argwhere(where)[0])
    return f"{array[index]} at index {index}"
