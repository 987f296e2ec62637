"""The checks of the three exercises, and the look over all of them before they are handed in.

A check takes the notebook's ``globals()``, or the learner's function itself, calls
the function at several lists of layer sizes, and prints ``All tests passed.`` or
raises `diagnosis.CheckFailed` with what was expected, what came and the likely
cause. There is no solution in here to call: what a function should return is
written out as the draws that it is made of. The grader brings its own reference
to `hidden_test`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from diagnosis import Attempt, check, own_random_state
from expected import Case, Exercise, drawn_for, scale
from notebook_cells import found
from preflight import Preflight, look_over
from sentences import SENTENCES, CheckFailed

# No two sizes are equal or products of others, so that no two known mistakes return the same: a test compares them all.
SIZES = (7, 5, 2, 6)
EQUAL = (3, 3, 3)  # shows an array that is used twice, and a layer that is looked up by its size
SINGLE = (4, 1)  # shows code that counts on a hidden layer
WIDE = (3, 200, 2)  # shows numbers that are drawn again where they are large
EXTREMES = ((-2.9839702049, 3.3143042392), (-2.9771253123, 3.7024582376))  # of its draws, in W1 and in W2
FURTHER = ((1, 6, 2, 6, 1), (2, 3, 4, 3, 2, 3, 1), (2, 10, 5, 1))


def exercise(function: str, factor: str) -> Exercise:
    """Return an exercise: its weights are the draws times a factor, which has a name in `expected.SCALES`.

    Parameters
    ----------
    function : str
        The name of the learner's function.
    factor : str

    Returns
    -------
    expected.Exercise
    """

    def case(layers_dims: tuple[int, ...]) -> Case:
        weights = (draws * size for draws, size in zip(drawn_for(layers_dims), scale(factor, layers_dims)))
        return Case(layers_dims, tuple(weights))

    ranges = ((low * size, high * size) for (low, high), size in zip(EXTREMES, scale(factor, WIDE)))
    cases = (case(SIZES), case(EQUAL), case(SINGLE), Case(WIDE, ranges=tuple(ranges)))
    return Exercise(function, factor, cases, tuple(map(case, FURTHER)))


ZEROS = exercise("initialize_parameters_zeros", "zero")
RANDOM = exercise("initialize_parameters_random", "ten")
HE = exercise("initialize_parameters_he", "he")


def initialize_parameters_zeros_test(target: Any) -> None:
    """Check exercise 1: every weight and every bias is zero.

    Parameters
    ----------
    target : callable or dict
        The learner's function, which takes a list of layer sizes and returns a dict; or ``globals()`` of the
        notebook, where it is under its name.

    Raises
    ------
    CheckFailed
        With what was expected, what came and the likely cause.
    """
    visible_test(target, ZEROS)


def initialize_parameters_random_test(target: Any) -> None:
    """Check exercise 2: ``randn * 10`` after the seed 3, biases zero.

    Parameters and errors are those of `initialize_parameters_zeros_test`.
    """
    visible_test(target, RANDOM)


def initialize_parameters_he_test(target: Any) -> None:
    """Check exercise 3: He initialization (He et al. 2015) after the seed 3, biases zero.

    Parameters and errors are those of `initialize_parameters_zeros_test`.
    """
    visible_test(target, HE)


def visible_test(target: Any, exercise: Exercise) -> None:
    """Check a function at all the cases of its exercise, and say that it passed."""
    check(found(target, exercise), exercise)
    print(SENTENCES["passed"])


def hidden_test(
    target: Any,
    reference: Callable[[list[int]], list[np.ndarray]],
    architectures: dict[str, Sequence[int]],
) -> None:
    """Check a function on further architectures, and tell no more than what kind of thing is wrong.

    Parameters
    ----------
    target : callable
        The learner's function.
    reference : callable
        Takes layer sizes and returns the expected W1, W2, ... in a list.
    architectures : dict of str to sequence of int
        Layer sizes, by what is special about them, such as ``"a deep network"``.

    Raises
    ------
    CheckFailed
        With the category of the first failure.
    """
    name = str(getattr(target, "__name__", SENTENCES["words"]["a function"]))
    with own_random_state():
        for architecture, layers_dims in architectures.items():
            case = Case(tuple(layers_dims), tuple(map(np.asarray, reference(list(layers_dims)))))
            try:
                Attempt(target, Exercise(name, "zero"), case).check()
            except CheckFailed as failed:
                words, about = SENTENCES["hidden"], SENTENCES["messages"][failed.kind]["about"]
                title = words["title"].format(function=name, architecture=architecture)
                got, short = (words[part].format(category=about) for part in ("got", "short"))
                raise CheckFailed(title, failed.kind, failed.cause, "", got, words["hint"], short) from None


def preflight(namespace: dict[str, Any]) -> Preflight:
    """Look over the three exercises before they are handed in. Reports, and raises nothing.

    Parameters
    ----------
    namespace : dict
        Where the learner's functions are: ``globals()`` of the notebook.

    Returns
    -------
    preflight.Preflight
        Jupyter shows it as a table.
    """
    return look_over(namespace, (ZEROS, RANDOM, HE))
