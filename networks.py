"""Many networks at once, of any depth and from any start, for explore.ipynb.

The networks are those of the assignment, LINEAR -> RELU -> ... -> LINEAR -> SIGMOID, with as many layers as one likes.
Networks of one shape are computed together: where the assignment has an array of shape ``(n_l, n_{l-1})``, there is
a stack of them here, of shape ``(networks, n_l, n_{l-1})``. Each network is drawn from a seed of its own, so that a
picture shows what a start does, and not what one draw did. All quantities are dimensionless.

The draws come from `numpy.random.default_rng`, not from the older generator of the assignment: seed 3 is another
network here than there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

Deviation = Callable[[int], float]  # the standard deviation of a layer's weights, from its fan-in
Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]  # of one layer: dW, db, dz

# How the weights are drawn. All biases are zero.
STARTS: dict[str, Deviation] = {
    "0.01": lambda fan_in: 0.01,
    "Xavier": lambda fan_in: math.sqrt(1 / fan_in),
    "He": lambda fan_in: math.sqrt(2 / fan_in),
    "N(0, 1)": lambda fan_in: 1.0,
    "10": lambda fan_in: 10.0,
}


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

    W: list[np.ndarray]
    b: list[np.ndarray]
    standardized: bool = False

    def __len__(self) -> int:
        return len(self.W[0])

    def __getitem__(self, which: slice | np.ndarray) -> Networks:
        return replace(self, W=[W[which] for W in self.W], b=[b[which] for b in self.b])

    def astype(self, dtype: DTypeLike) -> Networks:
        """Return copies whose numbers are of another type: `numpy.float32` is half as long and twice as fast."""
        return replace(self, W=[W.astype(dtype) for W in self.W], b=[b.astype(dtype) for b in self.b])

    def copy(self) -> Networks:
        return self.astype(self.W[0].dtype)


def draw(layers_dims: Sequence[int], deviation: Deviation, seeds: Iterable[int]) -> Networks:
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


def constant(layers_dims: Sequence[int], value: float) -> Networks:
    """Return one network with the same value for every weight, and biases of zero."""
    W = [np.full((1, n, below), float(value)) for below, n in pairwise(layers_dims)]
    return Networks(W, [np.zeros((1, n, 1)) for n in layers_dims[1:]])


def together(*stacks: Networks) -> Networks:
    """Return the networks of several stacks as one; either all of them standardize, or none."""
    W, b = zip(*((stack.W, stack.b) for stack in stacks))
    return replace(
        stacks[0], W=[np.concatenate(layer) for layer in zip(*W)], b=[np.concatenate(layer) for layer in zip(*b)]
    )


def with_normalization(networks: Networks) -> Networks:
    """Return the same networks, with linear values that are standardized in each hidden layer; see `standardize`."""
    return replace(networks, standardized=True)


quietly = np.errstate(all="ignore")  # a start that is far too large may run out of the numbers: its picture says so


@quietly
def without_normalization(networks: Networks, X: np.ndarray) -> Networks:
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
def forward(networks: Networks, X: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
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
def standardize(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
def backward(networks: Networks, z: np.ndarray, activations: list[np.ndarray], Y: np.ndarray) -> list[Gradients]:
    """Compute the gradients of each network's mean cross-entropy.

    Returns
    -------
    list of (dW, db, dz)
        One for each layer, the first layer first, in the shapes of ``W``, ``b`` and ``z``.
    """
    dz = (1 / (1 + np.exp(-z)) - Y) / Y.shape[1]
    gradients: list[Gradients] = []
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
def cost(z: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return each network's mean cross-entropy from its logits: shape (networks,), in nats."""
    return (np.logaddexp(0.0, z) - Y * z).mean(axis=(-1, -2))


def accuracy(networks: Networks, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return the share of examples that each network gets right: shape (networks,)."""
    return ((forward(networks, X)[0] > 0) == (Y == 1)).mean(axis=(-1, -2))


def dead_units(networks: Networks, X: np.ndarray) -> np.ndarray:
    """Return how many units of each hidden layer are zero for every example: shape (networks, hidden layers)."""
    return np.stack([(a <= 0).all(axis=-1).sum(axis=-1) for a in forward(networks, X)[1][1:]], axis=-1)
