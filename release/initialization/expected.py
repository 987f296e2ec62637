"""What an answer should be: the exercises and their cases, the draws and the factors, and how arrays are compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

UNFILLED = 1e300  # what np.empty finds in memory during a check


@dataclass(frozen=True)
class Case:
    """One call of the learner's function, and what its weights should be.

    Attributes
    ----------
    layers_dims : tuple of int
        Units in each layer, from the input to the output.
    weights : tuple of numpy.ndarray
        The expected W1, W2, ...; none where only their ranges are known.
    ranges : tuple of (float, float)
        The smallest and the largest number in each of them.
    """

    layers_dims: tuple[int, ...]
    weights: tuple[np.ndarray, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """The shape of each weight matrix."""
        return list(zip(self.layers_dims[1:], self.layers_dims))


@dataclass(frozen=True)
class Exercise:
    """One graded function.

    Attributes
    ----------
    function : str
        Its name in the notebook.
    scale : str
        The name in `SCALES` of what its draws are multiplied by.
    cases : tuple of Case
        What the visible check calls it with.
    further : tuple of Case
        What the pre-flight calls it with besides.
    """

    function: str
    scale: str
    cases: tuple[Case, ...] = ()
    further: tuple[Case, ...] = ()

    @property
    def draws(self) -> bool:
        """Whether it needs random numbers."""
        return self.scale != "zero"

    @property
    def about_scale(self) -> str:
        """The kind of message on a wrong factor."""
        return f"scale of {self.function.rpartition('_')[2]}"


# ----------------------------------------------------------- draws and factors

# The draws of np.random.randn after np.random.seed(3), and the first two of other streams.
DRAWS = np.array(
    [
        1.7886284734, 0.4365098505, 0.0964974681, -1.8634927034, -0.2773882025, -0.3547589793, -0.0827414815, -0.6270006768,
        -0.043818169, -0.4772180304, -1.3138647534, 0.8846223805, 0.8813180422, 1.7095730637, 0.0500336422, -0.4046774146,
        -0.5453599476, -1.5464773156, 0.9823674343, -1.1010676301, -1.185046527, -0.2056498994, 1.4861483551, 0.2367162672,
        -1.0237851399, -0.7129932001, 0.6252449662, -0.1605133632, -0.7688363503, -0.2300307223, 0.7450562664, 1.9761107831,
        -1.244123329, -0.6264169112, -0.8037660946, -2.4190831732, -0.9237920217, -1.0238757608, 1.123977959, -0.1319142328,
        -1.6232854458, 0.6466754523, -0.3562707594, -1.743141037, -0.5966496417, -0.5885943797, -0.8738822978, 0.0297138154,
        -2.2482577676, -0.2677618648, 1.0131834419, 0.852797841, 1.1081874999, 1.1193906553, 1.487543132, -1.1183006844,
        0.8458334071, -1.8608895289, -0.602885104, -1.9144720434, 1.0481475122, 1.3337378194, -0.1974146792, 1.7746450314,
        -0.6747275103, 0.1506168654, 0.1529457028, -1.0641952739, 0.4379466113, 1.9389784604, -1.0249308746, 0.8993384458,
        -0.1545068519, 1.7696273033, 0.4837883476, 0.6762163999, 0.6431632806, 0.2490867067, -1.3957635026, 1.3916629077,
    ]
)  # fmt: skip
OTHER_SEEDS = {
    0: (1.764052, 0.400157),
    1: (1.624345, -0.611756),
    2: (-0.416758, -0.056267),
    4: (0.050562, 0.499951),
    5: (0.441227, -0.33087),
    6: (-0.311784, 0.729004),
    7: (1.690526, -0.465937),
    8: (0.091205, 1.091283),
    10: (1.331587, 0.715279),
    42: (0.496714, -0.138264),
    123: (-1.085631, 0.997345),
    1234: (0.471435, -1.190976),
}
NEW_GENERATORS = {
    "np.random.default_rng(0)": (0.12573, -0.132105),
    "np.random.default_rng(3)": (2.040919, -2.555665),
    "np.random.default_rng(42)": (0.304717, -1.039984),
}
UNIFORM = (0.550798, 0.708148)  # np.random.rand after np.random.seed(3)

# What the draws may have been multiplied by: the right factors and the mistaken ones, from the units of each
# layer (n), those before it (i) and its own (o), its number (l), and how many layers there are (L).
SCALES: dict[str, Callable[..., np.ndarray]] = {
    "zero": lambda n, i, o, l, L: 0 * i,
    "unscaled": lambda n, i, o, l, L: 1 + 0 * i,
    "ten": lambda n, i, o, l, L: 10 + 0 * i,
    "tenth": lambda n, i, o, l, L: 0.1 + 0 * i,
    "hundredth": lambda n, i, o, l, L: 0.01 + 0 * i,
    "hundred": lambda n, i, o, l, L: 100 + 0 * i,
    "root of ten": lambda n, i, o, l, L: np.sqrt(10) + 0 * i,
    "he": lambda n, i, o, l, L: np.sqrt(2 / i),
    "xavier": lambda n, i, o, l, L: np.sqrt(1 / i),
    "variance": lambda n, i, o, l, L: 2 / i,
    "variance of xavier": lambda n, i, o, l, L: 1 / i,
    "squared": lambda n, i, o, l, L: (2 / i) ** 2,
    "root of the 2 alone": lambda n, i, o, l, L: np.sqrt(2) / i,
    "root of the n alone": lambda n, i, o, l, L: 2 / np.sqrt(i),
    "integer division": lambda n, i, o, l, L: np.sqrt(2 // i),
    "fan-out": lambda n, i, o, l, L: np.sqrt(2 / o),
    "variance by fan-out": lambda n, i, o, l, L: 2 / o,
    "both fans": lambda n, i, o, l, L: np.sqrt(2 / (i + o)),
    "variance by both fans": lambda n, i, o, l, L: 2 / (i + o),
    "xavier by both fans": lambda n, i, o, l, L: np.sqrt(1 / (i + o)),
    "xavier by fan-out": lambda n, i, o, l, L: np.sqrt(1 / o),
    "mean of the fans": lambda n, i, o, l, L: np.sqrt(4 / (i + o)),
    "uniform limit": lambda n, i, o, l, L: np.sqrt(6 / (i + o)),
    "input size": lambda n, i, o, l, L: np.sqrt(2 / n[0]) + 0 * i,
    "size of layer 1": lambda n, i, o, l, L: np.sqrt(2 / n[1]) + 0 * i,
    "last size": lambda n, i, o, l, L: np.sqrt(2 / n[-1]) + 0 * i,
    "number of layers": lambda n, i, o, l, L: np.sqrt(2 / L) + 0 * i,
    "length of the list": lambda n, i, o, l, L: np.sqrt(2 / (L + 1)) + 0 * i,
    "layer number": lambda n, i, o, l, L: np.sqrt(2 / l),
    "layer before that": lambda n, i, o, l, L: np.sqrt(2 / n[l - 2]),
    "one more": lambda n, i, o, l, L: np.sqrt(2 / (i + 1)),
    "one less": lambda n, i, o, l, L: np.sqrt(2 / np.maximum(i - 1, 1e-9)),
    "one less than fan-out": lambda n, i, o, l, L: np.sqrt(2 / np.maximum(o - 1, 1e-9)),
    "number of weights": lambda n, i, o, l, L: np.sqrt(2 / (i * o)),
    "sum of the sizes": lambda n, i, o, l, L: np.sqrt(2 / n.sum()) + 0 * i,
    "no n": lambda n, i, o, l, L: np.sqrt(2) + 0 * i,
    "no 2": lambda n, i, o, l, L: np.sqrt(i),
    "2 below": lambda n, i, o, l, L: np.sqrt(1 / (2 * i)),
    "upside down": lambda n, i, o, l, L: np.sqrt(i / 2),
    "product": lambda n, i, o, l, L: np.sqrt(2 * i),
    "he times ten": lambda n, i, o, l, L: 10 * np.sqrt(2 / i),
    "he times hundredth": lambda n, i, o, l, L: np.sqrt(2 / i) / 100,
}


def scale(name: str, layers_dims: Sequence[int]) -> np.ndarray:
    """Return what the draws of each layer are multiplied by, for a name in `SCALES`."""
    n = np.array(layers_dims, dtype=float)
    l = np.arange(1, len(n))
    return SCALES[name](n, n[:-1], n[1:], l, len(n) - 1)


def drawn_for(layers_dims: Sequence[int]) -> list[np.ndarray]:
    """Return the draws for each layer, as far as they are known."""
    found, position = [], 0
    for rows, columns in zip(layers_dims[1:], layers_dims):
        found.append(DRAWS[position : position + rows * columns].reshape(rows, columns))
        position += rows * columns
    return found


# ---------------------------------------------------------------------- arrays


def keys(first: int, last: int) -> list[str]:
    return [f"{letter}{l}" for l in range(first, last + 1) for letter in "Wb"]


def close(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Compare value by value, wide enough for float32 and narrower than any mistake; zero has to be zero."""
    size = np.abs(expected)
    return np.abs(got - expected) <= 1e-6 * size.max() + 1e-5 * size


def same(first: dict[str, np.ndarray], second: dict[str, Any]) -> bool:
    """Whether two calls returned the same arrays under the same keys."""
    if set(first) != set(second):
        return False
    others = (second[key] for key in first)
    return all(
        type(other) is np.ndarray and np.array_equal(array, other) for array, other in zip(first.values(), others)
    )


def shape_of(value: object) -> tuple[int, ...] | None:
    """Return an array's shape; what else has a shape may say anything."""
    return value.shape if type(value) is np.ndarray else None


def share(array: object, other: object) -> bool:
    return type(array) is type(other) is np.ndarray and np.shares_memory(array, other)


def factor(array: np.ndarray, draws: np.ndarray) -> float:
    """Return the one number that the draws were multiplied by, or NaN."""
    number = np.vdot(array, draws) / np.vdot(draws, draws)
    return number if close(array, number * draws).all() else np.nan


def rises(values: np.ndarray, by: np.ndarray) -> bool:
    """Whether values never fall where ``by`` rises, and do rise somewhere."""
    steps = np.diff(values[np.argsort(by)])
    return bool((steps >= 0).all() and (steps > 0).any())


def position(array: np.ndarray) -> int | None:
    """Return where in the stream of draws an array's values begin, whatever their scale, or None."""
    values = array.ravel()
    for start in range(DRAWS.size - 3 if values.size > 3 and values.any() else 0):
        draws = DRAWS[start : start + values.size]
        if not np.isnan(factor(values[: draws.size], draws)):
            return start
    return None


def begins_like(array: np.ndarray, pair: tuple[float, float]) -> bool:
    first, second = array.ravel()[:2]
    return bool(np.isclose(first * pair[1], second * pair[0], rtol=1e-3))


def listed(array: np.ndarray, start: int = 0, digits: int = 4) -> str:
    shown = ", ".join(f"{value:.{digits}g}" for value in array.ravel()[start : start + 3])
    return shown + (", ..." if array.size > start + 3 else "")


def leave_in_memory(shapes: Sequence[tuple[int, int]]) -> None:
    """Free memory that holds a number nobody uses: np.empty finds it, and np.zeros does not."""
    arrays = [np.empty(size) for rows, columns in shapes for size in (rows * columns, rows)]
    for array in arrays:
        array.fill(UNFILLED)
