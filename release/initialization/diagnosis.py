"""What probably went wrong in an answer: the engine that tries it, and asks the causes in their order.

`Attempt` calls the learner's function at one list of layer sizes. What is wrong
first makes its kind, such as ``keys``; the first row of `CAUSES` of that kind
whose symptom is there is the cause, and `SENTENCES` has what to say of both.
To add a mistake, add a row in causes.py, and a sentence and a title in
sentences.py. To translate the course, translate sentences.py: there is nothing
else that a learner can read.
"""

import io
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np

# Whoever looks for a part of the diagnosis finds all of it here.
from causes import *  # noqa: F403
from causes import CAUSES
from expected import *  # noqa: F403
from expected import (
    DRAWS,
    NEW_GENERATORS,
    OTHER_SEEDS,
    Case,
    Exercise,
    begins_like,
    close,
    drawn_for,
    factor,
    keys,
    leave_in_memory,
    listed,
    position,
    same,
    scale,
    shape_of,
    share,
)
from notebook_cells import *  # noqa: F403
from notebook_cells import (
    SECONDS,
    is_a,
    learners_line,
    namespace_of,
    pasted,
    short,
    taken,
    text_of,
    time_limit,
    type_name,
    unread,
)
from sentences import SENTENCES, CheckFailed, failure
from symptoms import *  # noqa: F403

LARGE = (200, 300, 400, 100)  # enough draws to measure their spread to a percent


def check(function: Any, exercise: Exercise, cases: Sequence[Case] | None = None) -> None:
    """Call a function at an exercise's cases; raise CheckFailed for the first thing that is wrong.

    Parameters
    ----------
    function : callable
    exercise : Exercise
    cases : sequence of Case, optional
        Others than those of the visible check.
    """
    with own_random_state():
        for case in exercise.cases if cases is None else cases:
            try:
                Attempt(function, exercise, case).check()
            except CheckFailed as failed:  # of what the cell says now, or of what Python kept of an earlier one?
                raise unread(namespace_of(function), exercise.function) or failed from None


@contextmanager
def own_random_state() -> Iterator[None]:
    """Leave the learner's random numbers as they were."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


# -------------------------------------------------- one call, from keys to values


class Attempt:
    """The learner's function at one case: calls it, and names what is wrong with what came.

    What a cause may ask for is here, or is what `fail` was told.

    Parameters
    ----------
    target : callable
    exercise : Exercise
    case : Case
    """

    target: Any
    exercise: Exercise
    case: Case
    sizes: tuple[int, ...]
    layers: int

    def __init__(self, target: Any, exercise: Exercise, case: Case) -> None:
        self.target, self.exercise, self.case = target, exercise, case
        self.sizes, self.layers = case.layers_dims, len(case.shapes)

    def check(self) -> None:
        """Raise CheckFailed for the first thing that is wrong."""
        first = self.call()
        self.check_keys(first)
        self.check_arrays(first)
        self.check_shapes(first)
        second = self.call()
        self.check_memory(first, second)
        with np.errstate(all="ignore"):  # comparing what may be 1e300 is no news for a learner
            self.check_biases(first)
            repeats = same(first, second)
            self.check_weights(first, repeats)
        if not repeats:
            self.fail("repeat", dims=list(self.sizes))

    def fail(self, kind: str, **details: Any) -> NoReturn:
        """Raise CheckFailed with the sentences of a kind, and the hint for the first of its causes that holds."""
        at = SimpleNamespace(**vars(self), **details)
        cause = next(name for name, holds in CAUSES[kind] if holds(self, at))
        raise failure(f"{self.exercise.function}({list(self.sizes)})", kind, cause, vars(at)) from None

    # ------------------------------------------------------------------ the call

    def call(self) -> dict[Any, Any]:
        """Return what the function returns, as a plain dict."""
        given = list(self.sizes)
        leave_in_memory(self.case.shapes)
        try:
            # Plain nbgrader gives no points to a cell that wrote to stderr, be it a warning.
            with time_limit(self.target), redirect_stderr(sys.stdout):
                returned = self.target(given)
        except (Exception, SystemExit) as error:  # a learner's function may raise anything
            self.fail_with(error)
        if is_a(returned, types.CoroutineType):
            returned.close()  # or Python warns, whenever it may be, that nobody waited for it
        if not all(type(size) is int for size in given) or given != list(self.sizes):
            self.fail("argument", expected=list(self.sizes), got=short(given))
        if not is_a(returned, dict):
            self.fail("type", returned=returned, got=type_name(returned))
        # Names out of a NumPy array are text too, if of a class of their own.
        return {str.__str__(key) if is_a(key, str) else key: value for key, value in dict.items(returned)}

    def fail_with(self, error: BaseException) -> NoReturn:
        """Fail with what the function raised, on which line, and why that may be."""
        line = learners_line(error, self.target)
        # The stub says what to do, and so does the hint: once is enough.
        text = type(error).__name__ if isinstance(error, NotImplementedError) else text_of(error)
        words = SENTENCES["words"]
        self.fail(
            "error",
            raised=error,
            error=text,
            code=line.line if line else "",
            line=words["line"].format(number=line.lineno, text=line.line) if line else "",
            name=self.exercise.function,
            seconds=SECONDS,
            count=len(self.sizes),
            last=self.layers,
            works=list(self.exercise.cases[0].layers_dims) if self.exercise.cases else [],
            unknown=(text.split("'") + [words["a name"]])[1],
            other=pasted(namespace_of(self.target), self.exercise.function),
            **taken(error, text, self.target),
        )

    def works(self, layers_dims: tuple[int, ...]) -> bool:
        """Whether a call with other sizes returns a dict."""
        with suppress(CheckFailed):
            Attempt(self.target, self.exercise, Case(layers_dims)).call()
            return True
        return False

    def prints(self) -> bool:
        printed = io.StringIO()
        with suppress(Exception, SystemExit), redirect_stdout(printed), time_limit(self.target):
            self.target(list(self.sizes))
        return bool(printed.getvalue())

    def elsewhere(self) -> dict[tuple[int, ...], dict[Any, tuple[int, ...] | None]]:
        """Return the shapes that come back for the exercise's cases; {} where the call fails."""
        shapes = {}
        for case in self.exercise.cases:
            returned = {}
            with suppress(CheckFailed):
                returned = Attempt(self.target, self.exercise, Case(case.layers_dims)).call()
            shapes[case.layers_dims] = {key: shape_of(value) for key, value in returned.items()}
        return shapes

    # ------------------------------------------------------------------ the keys

    def check_keys(self, returned: dict[Any, Any]) -> None:
        expected = keys(1, self.layers)
        if all(type(key) is str for key in returned) and set(returned) == set(expected):
            return
        got = ", ".join(short(key) for key in list(returned)[:12])
        if len(returned) > 12:
            got = SENTENCES["words"]["more keys"].format(keys=got, number=len(returned) - 12)
        self.fail(
            "keys",
            expected=", ".join(expected),
            got=got or SENTENCES["words"]["no keys"],
            returned=returned,
            keys=set(returned),
            missing=", ".join(key for key in expected if key not in returned),
        )

    # ---------------------------------------------------------------- the arrays

    def check_arrays(self, returned: dict[str, Any]) -> None:
        for key, array in returned.items():
            l = int(key[1:])
            if type(array) is not np.ndarray:
                self.fail("array", key=key, array=array, got=type_name(array), is_drawn=self.is_drawn(key))
            if array.dtype.kind != "f":
                self.fail("numbers", key=key, l=l, array=array, got=short(array.dtype), is_drawn=self.is_drawn(key))

    def is_drawn(self, key: str) -> bool:
        return self.exercise.draws and key.startswith("W")

    def check_shapes(self, returned: dict[str, np.ndarray]) -> None:
        for l, (rows, columns) in enumerate(self.case.shapes, start=1):
            for kind, key, expected in (("weight shape", f"W{l}", (rows, columns)), ("bias shape", f"b{l}", (rows, 1))):
                got = returned[key].shape
                if got != expected:
                    self.fail(kind, key=key, l=l, expected=expected, got=got, found=self.elsewhere(), **self.around(l))
        for key, array in returned.items():
            if not np.isfinite(array).all():
                number = "NaN" if np.isnan(array).any() else "infinity"
                weights = [returned[f"W{l}"] for l in range(1, self.layers + 1)]
                details = {"weights": weights, "is_drawn": self.is_drawn(key)}
                self.fail("finite", key=key, l=int(key[1:]), array=array, got=number, **details)

    def around(self, l: int) -> dict[str, int | None]:
        """Return the sizes that a shape of layer l may have been made of by mistake; None for those that can't be the reason."""
        return {
            "n": self.sizes[l],
            "before": self.sizes[l - 1],
            "earlier": self.sizes[l - 2],  # in layer 1 this wraps around
            "after": self.sizes[l + 1] if l < self.layers else None,
            # Where layer 1 is right, an index that is off in every layer is not the cause.
            "first": self.sizes[1] if l > 1 else None,
        }

    def check_memory(self, first: dict[str, np.ndarray], second: dict[Any, Any]) -> None:
        for index, (key, array) in enumerate(first.items()):
            if not array.flags.writeable:
                self.fail("read-only", key=key)
            for other in list(first)[index + 1 :]:
                if share(array, first[other]):
                    self.fail("shared", key=key, other=other, arrays=(array, first[other]))
            if share(array, second.get(key)):
                self.fail("kept", key=key)

    # ---------------------------------------------------------------- the values

    def check_biases(self, returned: dict[str, np.ndarray]) -> None:
        for l in range(1, self.layers + 1):
            values = returned[f"b{l}"]
            if values.any():
                first = returned["b1"]
                drawn = bool(np.ptp(first if first.any() else values))
                self.fail("bias value", key=f"b{l}", array=values, drawn=drawn, got=listed(values))

    def check_weights(self, returned: dict[str, np.ndarray], repeats: bool) -> None:
        weights = [returned[f"W{l}"].astype(float) for l in range(1, self.layers + 1)]
        for l, expected in enumerate(self.case.weights, start=1):
            got = returned[f"W{l}"]
            wrong = np.flatnonzero(~close(got, expected))
            if wrong.size:
                start = 0 if wrong[0] < 3 else wrong[0]
                digits = 4 if listed(got, start) != listed(expected, start) else 9
                words = SENTENCES["words"]["later" if start else "from the start"]
                self.fail_with_values(
                    weights,
                    repeats,
                    where=words.format(key=f"W{l}", number=start + 1),
                    got=listed(got, start, digits),
                    expected=listed(expected, start, digits),
                    dims=list(self.sizes),
                    layer=l - 1,
                )
        for l, (limits, weight) in enumerate(zip(self.case.ranges, weights), start=1):
            ends = np.array([weight.min(), weight.max()])
            if not close(ends, np.array(limits)).all():
                if not repeats:
                    self.fail("repeat", dims=list(self.sizes))
                texts = {"expected": "{:.4g}, {:.4g}".format(*limits), "got": "{:.4g}, {:.4g}".format(*ends)}
                self.fail(
                    "range", key=f"W{l}", array=weight, ends=ends, limits=np.array(limits), number=weight.size, **texts
                )

    def fail_with_values(self, weights: list[np.ndarray], repeats: bool, **details: Any) -> NoReturn:
        """Tell how the weights came from the stream of draws, or from which other stream."""
        if not self.exercise.draws:
            values = np.concatenate([weight.ravel() for weight in weights])
            self.fail(
                "zero weight", weights=weights, repeats=repeats, values=values, constant=f"{values[0]:.4g}", **details
            )
        if not repeats:
            self.fail("repeat", **details)
        factors = np.array([factor(weight, draws) for weight, draws in zip(weights, self.draws())])
        if not np.isnan(factors).any():
            right = scale(self.exercise.scale, self.sizes)
            layer = int(np.flatnonzero(~np.isclose(factors, right, rtol=1e-5))[0])
            details |= {"used": factors[layer], "factor": right[layer], "factors": factors, "right": right}
            self.fail(self.exercise.about_scale, **details)
        W1, rows = weights[0], len(weights[0])
        draws = DRAWS[: W1.size]
        slope, offset = np.polyfit(draws, W1.ravel(), 1)
        first = position(W1)
        second = position(weights[1]) if self.layers > 1 else None
        count, drawn = (first, "W1") if first else ((second or 0) - W1.size, "W2")
        self.fail(
            "draws",
            weights=weights,
            W1=W1,
            rows=rows,
            from_stream=draws,
            slope=slope,
            offset=offset,
            first=first,
            second=second,
            count=count,
            drawn=drawn,
            **self.stream(W1),
            **details,
        )

    def draws(self) -> list[np.ndarray]:
        """Return the draws for each layer, as they should be before they are scaled."""
        return drawn_for(self.sizes)

    def stream(self, W1: np.ndarray) -> dict[str, Any]:
        """Return what can be told of draws from an unknown stream: who made them, and how widely they spread."""
        words, even, bounded = SENTENCES["spread"], False, False
        try:
            returned = Attempt(self.target, self.exercise, Case(LARGE)).call()
            many = [np.asarray(returned[f"W{l}"], dtype=float) for l in range(1, len(LARGE))]
            measured = np.array([weights.std() for weights in many])
        except (CheckFailed, KeyError, TypeError, ValueError):
            spread = words["unknown"]
        else:
            expected = scale(self.exercise.scale, LARGE)
            wrong = np.flatnonzero(~np.isclose(measured, expected, rtol=0.03))
            at = wrong[0] if wrong.size else 0
            spread = words["wrong" if wrong.size else "right"].format(
                layer=at + 1, inputs=LARGE[at], measured=measured[at], expected=expected[at]
            )
            # The largest of many uniform draws lies sqrt(3) standard deviations from their mean.
            reach = np.abs(many[0] - many[0].mean()).max() / measured[0]
            even = bool(np.isclose(reach, np.sqrt(3), rtol=0.02))
            bounded = not even and bool(reach < 3.5)  # of as many normal draws the largest is above 4
        generator = next((name for name, begins in NEW_GENERATORS.items() if begins_like(W1, begins)), None)
        seed = next((number for number, begins in OTHER_SEEDS.items() if begins_like(W1, begins)), None)
        return {"spread": spread, "even": even, "bounded": bounded, "generator": generator, "seed": seed}
