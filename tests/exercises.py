"""The three exercises: their checks, their solutions, and the weights that these must give, drawn in another way."""

import numpy as np
from answers import SOLUTION, cell
from run_all import function_of

from diagnosis import SENTENCES
from public_tests import (
    initialize_parameters_he_test,
    initialize_parameters_random_test,
    initialize_parameters_zeros_test,
)

CHECKS = {
    "zeros": initialize_parameters_zeros_test,
    "random": initialize_parameters_random_test,
    "he": initialize_parameters_he_test,
}
MESSAGES, PREFLIGHT = SENTENCES["messages"], SENTENCES["preflight"]
READY = [cell(name, SOLUTION) for name in CHECKS]
SOLUTIONS = {name: function_of(cell(name, SOLUTION), f"initialize_parameters_{name}") for name in CHECKS}


def independent_weights(exercise, layers_dims):
    """The expected weights, cut out of one long stream of draws: not the way in which the notebook writes it."""
    sizes = list(zip(layers_dims[1:], layers_dims))
    stream = np.random.RandomState(3).standard_normal(sum(rows * columns for rows, columns in sizes))
    scale = {"zeros": lambda n: 0.0, "random": lambda n: 10.0, "he": lambda n: (2.0 / n) ** 0.5}[exercise]
    weights = []
    for rows, columns in sizes:
        taken, stream = stream[: rows * columns], stream[rows * columns :]
        weights.append(taken.reshape(rows, columns) * scale(columns))
    return weights


STUB_OF_HE = "def initialize_parameters_he(layers_dims):\n    raise NotImplementedError\n"
