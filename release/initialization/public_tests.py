"""The visible checks of the three exercises, and what they say to a learner.

Each check takes the learner's function, calls it, and prints
``All tests passed.`` or raises `CheckFailed` with what was expected, what came
and the likely cause. The checks hold expected values and properties only; there
is no solution in here to call.
"""

import traceback
from dataclasses import dataclass

import numpy as np

PASSED = "All tests passed."

# Everything that a check can say: one line to say what is wrong, one to say what
# to do. Read or translate them here; the names in braces are filled in below.
MESSAGES = {
    "raised": (
        "the function raised {error}.",
        "Look at this line of yours: {line}",
    ),
    "returned nothing": (
        "the function returned None, expected a dict of arrays.",
        "End it with `return parameters`. Printing a value does not return it.",
    ),
    "not a dict": (
        "the function returned a {got}, expected a dict of arrays.",
        "Collect the arrays in one dict, parameters['W1'] and so on, and return that dict alone.",
    ),
    "other spelling": (
        "the keys are {got}, expected {expected}.",
        "Weights have a capital W, biases a small b, and the layer's number follows: 'W1', 'b1'.",
    ),
    "starts at zero": (
        "the keys are {got}, expected {expected}.",
        "Layer 0 is the input and has no parameters. Let the loop start at 1.",
    ),
    "loop too short": (
        "the keys are {got}, expected {expected}.",
        "The last layer is missing. range(1, n) stops before n: which n includes the last layer?",
    ),
    "returned too early": (
        "the keys are {got}, expected {expected}.",
        "Only the first layer is there. Is the return statement inside the loop?",
    ),
    "keys missing": (
        "the keys are {got}, expected {expected}.",
        "Every layer needs its weights and its biases.",
    ),
    "keys added": (
        "the keys are {got}, expected {expected}.",
        "Return only the weights and biases, one pair for each layer after the input.",
    ),
    "not an array": (
        "{key} is a {got}, expected a NumPy array.",
        "Build it with NumPy, for example np.zeros((rows, columns)).",
    ),
    "not floats": (
        "{key} holds {got}, expected floating-point numbers.",
        "Gradient descent adds small fractions. Leave dtype away: NumPy's default is float.",
    ),
    "transposed": (
        "{key} has the shape {got}, expected {expected}.",
        "Rows and columns are swapped. Row i holds the weights into unit i: (layers_dims[l], layers_dims[l-1]).",
    ),
    "bias not a column": (
        "{key} has the shape {got}, expected {expected}.",
        "The biases are a column: the shape is (layers_dims[l], 1), with both numbers.",
    ),
    "other shape": (
        "{key} has the shape {got}, expected {expected}.",
        "Weights are (layers_dims[l], layers_dims[l-1]), biases (layers_dims[l], 1).",
    ),
    "not finite": (
        "{key} holds NaN or infinity, expected finite numbers.",
        "Look for a division by zero or np.empty.",
    ),
    "bias not zero": (
        "{key} is {got}, expected zeros.",
        "Only the weights are random. Biases start at zero in all three exercises.",
    ),
    "weights not zero": (
        "{key} is {got}, expected zeros.",
        "In this exercise every weight starts at zero: np.zeros, with nothing added.",
    ),
    "uniform": (
        "{key} starts with {got}, expected {expected}; no value is negative.",
        "np.random.rand draws from [0, 1). Use np.random.randn, which draws from the normal distribution.",
    ),
    "scale": (
        "{key} starts with {got}, expected {expected}: yours is {ratio:.4g} times as large.",
        "The draws are right, their scale is not. {cause}",
    ),
    "other draws": (
        "{key} starts with {got}, expected {expected}.",
        "These are other random draws. Keep np.random.seed(3) as the first line, before the loop, and draw each "
        "W with one call of np.random.randn, in the order W1, W2, ...",
    ),
}


class CheckFailed(AssertionError):
    """A check's message to a learner; Jupyter shows it without a traceback."""

    def _render_traceback_(self):
        return [str(self)]


@dataclass(frozen=True)
class Case:
    """One call of the learner's function, and what it should return.

    Attributes
    ----------
    layers_dims : tuple of int
        Units in each layer, from the input to the output.
    weights : tuple of list
        The expected W1, W2, ... as nested lists.
    """

    layers_dims: tuple
    weights: tuple

    def expected(self):
        parameters = {}
        for layer, weights in enumerate(self.weights, start=1):
            parameters[f"W{layer}"] = np.array(weights, dtype=float)
            parameters[f"b{layer}"] = np.zeros((self.layers_dims[layer], 1))
        return parameters


ZEROS = [
    Case((3, 2, 1), ([[0, 0, 0], [0, 0, 0]], [[0, 0]])),
    Case((2, 3, 2, 1), ([[0, 0], [0, 0], [0, 0]], [[0, 0, 0], [0, 0, 0]], [[0, 0]])),
]
RANDOM = [
    Case(
        (3, 2, 1),
        ([[17.88628473, 4.36509851, 0.96497468], [-18.63492703, -2.77388203, -3.54758979]],
         [[-0.82741481, -6.27000677]]),
    ),
    Case(
        (2, 1, 3, 1),
        ([[17.88628473, 4.36509851]],
         [[0.96497468], [-18.63492703], [-2.77388203]],
         [[-3.54758979, -0.82741481, -6.27000677]]),
    ),
]  # fmt: skip
HE = [
    Case(
        (2, 4, 1),
        ([[1.78862847, 0.43650985], [0.09649747, -1.8634927], [-0.2773882, -0.35475898], [-0.08274148, -0.62700068]],
         [[-0.03098412, -0.33744411, -0.92904268, 0.62552248]]),
    ),
    Case(
        (8, 1, 2),
        ([[0.89431424, 0.21825492, 0.04824873, -0.93174635, -0.1386941, -0.17737949, -0.04137074, -0.31350034]],
         [[-0.06196825], [-0.67488822]]),
    ),
]  # fmt: skip


def initialize_parameters_zeros_test(target):
    """Check exercise 1: every weight and every bias is zero.

    Parameters
    ----------
    target : callable
        The learner's function: takes a list of layer sizes, returns a dict.

    Raises
    ------
    CheckFailed
        With what was expected, what came and the likely cause.
    NotImplementedError
        From the exercise's stub, unchanged.
    """
    _check(target, "initialize_parameters_zeros", ZEROS, _explain_zeros)


def initialize_parameters_random_test(target):
    """Check exercise 2: ``randn * 10`` after the seed 3, biases zero.

    Parameters and errors are those of `initialize_parameters_zeros_test`.
    """
    _check(target, "initialize_parameters_random", RANDOM, _explain_random)


def initialize_parameters_he_test(target):
    """Check exercise 3: He initialization (He et al. 2015) after the seed 3, biases zero.

    Parameters and errors are those of `initialize_parameters_zeros_test`.
    """
    _check(target, "initialize_parameters_he", HE, _explain_he)


def _check(target, name, cases, explain):
    """Run all cases; ``explain(got, expected)`` names the message for wrong weights."""
    random_state = np.random.get_state()
    try:
        for case in cases:
            call = f"{name}({list(case.layers_dims)})"
            returned = _call(target, call, case)
            expected = case.expected()
            _check_keys(returned, expected, call)
            for key in expected:
                _check_array(returned[key], expected[key], key, call)
            _check_values(returned, expected, explain, call)
    finally:
        np.random.set_state(random_state)
    print(PASSED)


def _call(target, call, case):
    try:
        return target(list(case.layers_dims))
    except NotImplementedError:
        raise
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        for frame in traceback.extract_tb(error.__traceback__)[1:]:
            if "site-packages" not in frame.filename:
                where = frame  # the deepest line that the learner wrote
        _fail("raised", call, error=f"{type(error).__name__}: {error}", line=f"{where.lineno}: {where.line}")


def _check_keys(returned, expected, call):
    if returned is None:
        _fail("returned nothing", call)
    if not isinstance(returned, dict):
        _fail("not a dict", call, got=type(returned).__name__)
    if set(returned) == set(expected):
        return
    got = set(map(str, returned))
    last = len(expected) // 2
    if {key.lower() for key in got} == {key.lower() for key in expected}:
        message = "other spelling"
    elif {"W0", "b0"} & got:
        message = "starts at zero"
    elif got == {"W1", "b1"} and last > 2:
        message = "returned too early"
    elif got == set(expected) - {f"W{last}", f"b{last}"}:
        message = "loop too short"
    elif got > set(expected):
        message = "keys added"
    else:
        message = "keys missing"
    _fail(message, call, got=", ".join(sorted(got)) or "none at all", expected=", ".join(sorted(expected)))


def _check_array(array, expected, key, call):
    if type(array) is not np.ndarray:
        _fail("not an array", call, key=key, got=type(array).__name__)
    if array.dtype.kind != "f":
        _fail("not floats", call, key=key, got=array.dtype)
    if array.shape != expected.shape:
        if key.startswith("b"):
            message = "bias not a column"
        elif array.shape == expected.shape[::-1]:
            message = "transposed"
        else:
            message = "other shape"
        _fail(message, call, key=key, got=array.shape, expected=expected.shape)
    if not np.isfinite(array).all():
        _fail("not finite", call, key=key)


def _check_values(returned, expected, explain, call):
    for key in expected:
        if key.startswith("b") and not _close(returned[key], expected[key]):
            _fail("bias not zero", call, key=key, got=returned[key].tolist())
    for key in expected:
        if not _close(returned[key], expected[key]):
            message, details = explain(returned, expected)
            _fail(
                message, call, key=key,
                got=_start(returned[key]), expected=_start(expected[key]), **details,
            )  # fmt: skip


def _explain_zeros(returned, expected):
    return "weights not zero", {}


def _explain_random(returned, expected):
    weights = [key for key in expected if key.startswith("W")]
    if all(_only_positive(returned[key]) for key in weights):
        return "uniform", {}
    ratios = [_ratio(returned[key], expected[key]) for key in weights]
    if None in ratios:
        return "other draws", {}
    ratio = next(ratio for ratio in ratios if not np.isclose(ratio, 1))
    if np.isclose(ratio, 0.1):
        cause = "Multiply what np.random.randn returns by 10."
    else:
        cause = "The factor of this exercise is 10, for every layer."
    return "scale", {"ratio": ratio, "cause": cause}


def _explain_he(returned, expected):
    weights = [key for key in expected if key.startswith("W")]
    if all(_only_positive(returned[key]) for key in weights):
        return "uniform", {}
    ratios = [_ratio(returned[key], expected[key]) for key in weights]
    if None in ratios:
        return "other draws", {}
    fan_out, fan_in = np.array([expected[key].shape for key in weights]).T
    used = np.array(ratios) * np.sqrt(2 / fan_in)
    known = {
        "This is Xavier's sqrt(1 / n). He puts a 2 where Xavier has a 1.": np.sqrt(1 / fan_in),
        "This is the variance, 2 / n. Multiply by its square root, the standard deviation.": 2 / fan_in,
        "This divides by the units of the layer itself. Divide by those of the layer before.": np.sqrt(2 / fan_out),
        "This averages fan-in and fan-out. He divides by the fan-in alone.": np.sqrt(2 / (fan_in + fan_out)),
        "These are unscaled draws. Multiply them by sqrt(2 / n), n the units of the layer before.": np.ones(len(fan_in)),
        "This is the factor 10 of the exercise before.": np.full(len(fan_in), 10.0),
    }
    cause = "Multiply by np.sqrt(2 / n), n the units of the layer before."
    for text, scale in known.items():
        if np.allclose(used, scale):
            cause = text
    return "scale", {"ratio": next(r for r in ratios if not np.isclose(r, 1)), "cause": cause}


def _close(got, expected):
    # Wide enough for float32, far narrower than any mistake.
    return np.allclose(got, expected, rtol=1e-5, atol=1e-6)


def _ratio(got, expected):
    """The one number that ``expected`` was multiplied by, or None."""
    ratio = float(np.sum(got * expected) / np.sum(expected * expected))
    return ratio if _close(got, ratio * expected) else None


def _only_positive(array):
    return array.min() >= 0 and array.max() > 0


def _start(array):
    return ", ".join(f"{value:.4g}" for value in array.ravel()[:3])


def _fail(message, call, **details):
    wrong, hint = MESSAGES[message]
    raise CheckFailed(f"{call}: {wrong.format(**details)}\nHint: {hint.format(**details)}") from None
