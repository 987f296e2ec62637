"""Runs like the notebook's, written here once more, and those that the notebook offers: what networks come to."""

import contextlib
import functools
import io
import re

import nbformat
import numpy as np
from courses import ROOT
from run_all import cells_by_id
from scipy import ndimage

from init_utils import (
    backward_propagation,
    compute_loss_from_logits,
    forward_propagation,
    load_dataset,
    predict_dec,
    update_parameters,
)

EXERCISES = ("zeros", "random", "he")


X, Y, TEST_X, TEST_Y = load_dataset()
LAYERS_DIMS = [2, 10, 5, 1]


def start(weights, biases=lambda shape: np.zeros(shape)):
    """Initial parameters from ``weights(shape)`` and ``biases(shape)``, drawn in the exercise's order."""
    np.random.seed(3)
    parameters = {}
    for layer, (n_in, n_out) in enumerate(zip(LAYERS_DIMS, LAYERS_DIMS[1:]), start=1):
        parameters[f"W{layer}"] = weights((n_out, n_in))
        parameters[f"b{layer}"] = biases((n_out, 1))
    return parameters


def train(parameters, learning_rate=0.01, num_iterations=15000, X=X, Y=Y):
    for _ in range(num_iterations):
        _, cache = forward_propagation(X, parameters)
        parameters = update_parameters(parameters, backward_propagation(X, Y, cache), learning_rate)
    return parameters


def normal(scale):
    return lambda shape: np.random.randn(*shape) * scale


def he(shape):
    return np.random.randn(*shape) * np.sqrt(2 / shape[1])


def cost(parameters):
    return compute_loss_from_logits(forward_propagation(X, parameters)[1].z3, Y)


def accuracy(parameters, X=X, Y=Y):
    return np.mean(predict_dec(parameters, X) == Y)


@functools.cache
def names_of_the_notebook():
    """What the notebook's cells define, without its runs."""
    names, cells = {}, cells_by_id(nbformat.read(ROOT / "source" / "initialization" / "initialization.ipynb", 4))
    exercises = [f"{name}-exercise" for name in EXERCISES]
    for name in ("packages", "dataset", "network", "look", *exercises, "depth", "try-start"):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(cells[name].source, names)
    return names


@functools.cache
def tried(call):
    """Run a call that the notebook offers; return the cost and the two accuracies that it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        eval(call, names_of_the_notebook())
    (cost,) = re.findall(r"^cost after \d+ steps: (\S+)$", printed.getvalue(), re.MULTILINE)
    return float(cost), *map(float, re.findall(r"^Accuracy: (\S+)$", printed.getvalue(), re.MULTILINE))


def regions(parameters):
    """Return the pieces of the plotted area that a network puts in class 1, each as the sides that it reaches."""
    first, second = (np.linspace(row.min() - 0.3, row.max() + 0.3, 300) for row in X)
    grid = np.array([axis.ravel() for axis in np.meshgrid(first, second)])
    pieces, number = ndimage.label(predict_dec(parameters, grid).reshape(300, 300))
    rims = {"left": pieces[:, 0], "right": pieces[:, -1], "bottom": pieces[0], "top": pieces[-1]}
    return [{side for side, rim in rims.items() if (rim == piece).any()} for piece in range(1, number + 1)]


def edge(side):
    """Points along one side of the plotted area."""
    low, high = X.min(axis=1) - 0.3, X.max(axis=1) + 0.3
    first, second = np.linspace(low[0], high[0], 100), np.linspace(low[1], high[1], 100)
    fixed = {
        "left": (low[0] + 0 * second, second),
        "right": (high[0] + 0 * second, second),
        "bottom": (first, low[1] + 0 * first),
        "top": (first, high[1] + 0 * first),
    }
    return np.array(fixed[side])


def percent(value, digits=0):
    return f"{100 * value:.{digits}f}%"
