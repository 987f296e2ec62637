"""What a cause looks for in an attempt: functions of the attempt and of what it was told where it failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from expected import DRAWS, close, factor, keys, scale, shape_of, share
from notebook_cells import is_a

if TYPE_CHECKING:
    from diagnosis import Attempt

# Whether a cause holds: true or not, as Python takes it.
Symptom = Callable[["Attempt", SimpleNamespace], object]


def always(attempt: Attempt, at: SimpleNamespace) -> bool:
    return True


def raises(kind: type[BaseException] | tuple[type[BaseException], ...], part: str = "", on: str = "") -> Symptom:
    """Look for an error of a kind, with a part in its text, on a line of the learner's that a pattern finds."""
    return lambda attempt, at: isinstance(at.raised, kind) and part in at.error and re.search(on, at.code)


def returns(*kinds: type) -> Symptom:
    return lambda attempt, at: is_a(at.returned, kinds)


def holds_a(*kinds: type) -> Symptom:
    return lambda attempt, at: is_a(at.array, kinds)


def of_dtype(kinds: str) -> Symptom:
    return lambda attempt, at: at.array.dtype.kind in kinds


def shaped(rows: int | str, columns: int | str) -> Symptom:
    """Look for a shape, given by what is around: see `Attempt.around`."""

    def holds(attempt: Attempt, at: SimpleNamespace) -> bool:
        expected = tuple(getattr(at, size) if isinstance(size, str) else size for size in (rows, columns))
        return at.got == expected

    return holds


def found_keys(first: int, last: int) -> Symptom:
    """Look for exactly the keys of some layers; the last is counted from L."""
    return lambda attempt, at: at.keys == set(keys(first, attempt.layers + last))


def scaled_by(*functions: Callable[[Attempt, SimpleNamespace], np.ndarray]) -> Symptom:
    """Look for factors that are what each function gives for the sizes, or what a name in `SCALES` does."""

    def holds(attempt: Attempt, at: SimpleNamespace) -> bool:
        return any(np.allclose(at.factors, one(attempt, at), rtol=1e-4, equal_nan=False) for one in functions)

    return holds


def by_name(name: str) -> tuple[str, Symptom]:
    return name, scaled_by(lambda attempt, at: scale(name, attempt.sizes))


def right_but_in(layer: int) -> Symptom:
    """Look for factors that are right in all layers but one: the first, 0, or the last, -1."""

    def holds(attempt: Attempt, at: SimpleNamespace) -> bool:
        is_right = np.isclose(at.factors, at.right, rtol=1e-5)
        return bool(attempt.layers > 2 and not is_right[layer] and np.delete(is_right, layer).all())

    return holds


def unknown_is(names: Iterable[str]) -> Symptom:
    return lambda attempt, at: set(at.error.split("'")) & set(names)


def all_of(*symptoms: Symptom) -> Symptom:
    return lambda attempt, at: all(symptom(attempt, at) for symptom in symptoms)


def seed_is_taken(attempt: Attempt, at: SimpleNamespace) -> bool:
    """A cell has set np.random.seed, instead of calling it."""
    return not callable(np.random.seed)


def ones_work(attempt: Attempt, at: SimpleNamespace) -> bool:
    """Where every size is 1, each of them is the number of a layer, too."""
    ones = (1,) * len(attempt.sizes)
    return isinstance(at.raised, IndexError) and attempt.sizes != ones and attempt.works(ones)


def own_spread(attempt: Attempt, at: SimpleNamespace) -> bool:
    """Each layer was divided by its own standard deviation."""
    spread = np.array([draws.std() for draws in attempt.draws()])
    return bool(spread.all() and np.allclose(at.factors * spread, at.right, rtol=1e-4))


def powers(attempt: Attempt, at: SimpleNamespace) -> bool:
    """The draws were raised to the factor, and negative numbers have no such power."""
    draws = next(draws for l, draws in enumerate(attempt.draws(), start=1) if l == at.l)
    with np.errstate(invalid="ignore"):
        power = draws ** scale(attempt.exercise.scale, attempt.sizes)[at.l - 1]
    return np.allclose(at.array, power, equal_nan=True)


def one_outside(attempt: Attempt, at: SimpleNamespace) -> bool:
    """The 1 was subtracted after the division, and from more than two units that leaves a negative number."""
    sizes = np.array(attempt.sizes)
    with np.errstate(invalid="ignore"):
        guesses = [np.sqrt(2 / below - 1) for below in (np.arange(1, attempt.layers + 1), sizes[1:], sizes[:-1])]
    return any(
        all(
            np.allclose(W, draws * size, equal_nan=True) for W, draws, size in zip(at.weights, attempt.draws(), factors)
        )
        for factors in guesses
    )


def returned_early(attempt: Attempt, at: SimpleNamespace) -> bool:
    return at.keys in (set(keys(1, 1)), set(keys(attempt.layers, attempt.layers))) and attempt.layers > 1


def shape_of_first(at: SimpleNamespace) -> tuple[int, ...] | None:
    return shape_of(at.returned.get("W1"))


def left_from_before(attempt: Attempt, at: SimpleNamespace) -> bool:
    mine = set(keys(1, attempt.layers))
    if not at.keys > mine:
        return False
    again = attempt.call()
    return any(share(at.returned[key], again.get(key)) for key in at.keys - mine)


def always_as_many(attempt: Attempt, at: SimpleNamespace) -> bool:
    """The number of layers is the same for every list of sizes."""
    numbers = {len(shapes) for shapes in attempt.elsewhere().values() if shapes}
    return len(numbers) == 1 and at.keys == set(keys(1, len(at.keys) // 2)) and len(attempt.exercise.cases) > 1


def same_everywhere(attempt: Attempt, at: SimpleNamespace) -> bool:
    """The shape is the same for every list of sizes."""
    return len({shapes.get(at.key) for shapes in at.found.values()}) == 1 and len(at.found) > 1


def numbered(attempt: Attempt, at: SimpleNamespace) -> bool:
    """Every layer's shape begins with its number."""
    shapes = at.found.get(attempt.sizes, {})
    return [shapes.get(f"b{l}") for l in range(1, attempt.layers + 1)] == [(l, 1) for l in range(1, attempt.layers + 1)]


def of_expected(change: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Symptom:
    """Look for weights that are the expected ones, changed."""
    return lambda attempt, at: all(
        close(weight, change(weight, value)).all() for weight, value in zip(at.weights, attempt.case.weights)
    )


def drawn_again(attempt: Attempt, at: SimpleNamespace) -> bool:
    """Draws beyond some size are missing: others stand in their places, or what came next."""
    largest = max(
        np.abs(weight / size).max() for weight, size in zip(at.weights, scale(attempt.exercise.scale, attempt.sizes))
    )
    got, expected = at.weights[at.layer], attempt.case.weights[at.layer]
    replaced = np.abs(next(draws for l, draws in enumerate(attempt.draws()) if l == at.layer)[~close(got, expected)])
    skipped = np.abs(DRAWS[at.W1.size : at.second or 0]) if at.first == 0 else np.array([])
    return any(left.size and left.min() > largest and left.size < got.size for left in (replaced, skipped))


def sliced(attempt: Attempt, at: SimpleNamespace) -> bool:
    """Each row goes on where the row before it did not end: it was cut out of a wider array."""
    rows, columns = at.W1.shape
    return bool(rows > 1 and columns > 2 and not np.isnan(factor(at.W1[0], DRAWS[:columns])))


def scaled_some(attempt: Attempt, at: SimpleNamespace) -> bool:
    # Two formulas can agree in one layer by chance; in exercise 2 there is but one factor to agree on.
    is_right = np.isclose(at.factors, at.right, rtol=1e-5)
    return bool(is_right.any() and (is_right[0] or np.ptp(at.right) == 0))


def accumulated(attempt: Attempt, at: SimpleNamespace) -> bool:
    """The factors of several layers have come together in one."""
    forward, backward = np.cumprod(at.right), np.cumprod(at.right[::-1])[::-1]
    return attempt.layers > 1 and any(
        np.allclose(at.factors, one, rtol=1e-4)
        for one in (forward, backward, at.right ** np.arange(attempt.layers, 0, -1))
    )


def cut_off(attempt: Attempt, at: SimpleNamespace) -> bool:
    return bool(attempt.case.weights) and np.array_equal(at.array, attempt.case.weights[at.l - 1].astype(int))
