"""What probably went wrong in an answer: the causes in order, the engine that asks them, and every sentence.

`Attempt` calls the learner's function at one list of layer sizes. What is wrong
first makes its kind, such as ``keys``; the first row of `CAUSES` of that kind
that holds is the cause, and `SENTENCES` has what to say of both. To add a
mistake, add a row and a sentence. To translate the course, translate
`SENTENCES`: there is nothing else that a learner can read.
"""

import ast
import builtins
import difflib
import dis
import io
import re
import reprlib
import sys
import time
import traceback
import types
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

SECONDS = 5  # for one call of the learner's function, which needs about a thousandth of one
UNFILLED = 1e300  # what np.empty finds in memory during a check
LARGE = (200, 300, 400, 100)  # enough draws to measure their spread to a percent

# The draws of np.random.randn after np.random.seed(3), and the first two of other streams.
DRAWS = np.array(
    [
        1.7886284734,
        0.4365098505,
        0.0964974681,
        -1.8634927034,
        -0.2773882025,
        -0.3547589793,
        -0.0827414815,
        -0.6270006768,
        -0.043818169,
        -0.4772180304,
        -1.3138647534,
        0.8846223805,
        0.8813180422,
        1.7095730637,
        0.0500336422,
        -0.4046774146,
        -0.5453599476,
        -1.5464773156,
        0.9823674343,
        -1.1010676301,
        -1.185046527,
        -0.2056498994,
        1.4861483551,
        0.2367162672,
        -1.0237851399,
        -0.7129932001,
        0.6252449662,
        -0.1605133632,
        -0.7688363503,
        -0.2300307223,
        0.7450562664,
        1.9761107831,
        -1.244123329,
        -0.6264169112,
        -0.8037660946,
        -2.4190831732,
        -0.9237920217,
        -1.0238757608,
        1.123977959,
        -0.1319142328,
        -1.6232854458,
        0.6466754523,
        -0.3562707594,
        -1.743141037,
        -0.5966496417,
        -0.5885943797,
        -0.8738822978,
        0.0297138154,
        -2.2482577676,
        -0.2677618648,
        1.0131834419,
        0.852797841,
        1.1081874999,
        1.1193906553,
        1.487543132,
        -1.1183006844,
        0.8458334071,
        -1.8608895289,
        -0.602885104,
        -1.9144720434,
        1.0481475122,
        1.3337378194,
        -0.1974146792,
        1.7746450314,
        -0.6747275103,
        0.1506168654,
        0.1529457028,
        -1.0641952739,
        0.4379466113,
        1.9389784604,
        -1.0249308746,
        0.8993384458,
        -0.1545068519,
        1.7696273033,
        0.4837883476,
        0.6762163999,
        0.6431632806,
        0.2490867067,
        -1.3957635026,
        1.3916629077,
    ]
)
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


class CheckFailed(AssertionError):
    """A check's message to a learner; Jupyter shows it without a traceback.

    Parameters
    ----------
    call : str
        The call that went wrong, such as ``initialize_parameters_he([2, 4, 1])``.
    kind : str
        What is wrong: a key of `CAUSES`.
    cause : str
        Why that probably is.
    expected, got, hint : str
        What it says.
    """

    def __init__(self, call, kind, cause, expected, got, hint):
        self.call, self.kind, self.cause = call, kind, cause
        self.expected, self.got, self.hint = expected, got, hint
        labels = SENTENCES["labels"].values()
        width = max(map(len, labels)) + 1
        lines = zip(labels, (expected, got, hint))
        super().__init__("\n".join([call, *(f"{label:{width}}{text}" for label, text in lines if text)]))

    def _render_traceback_(self):
        return [str(self)]


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

    layers_dims: tuple
    weights: tuple = ()
    ranges: tuple = ()

    @property
    def shapes(self):
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
    cases: tuple = ()
    further: tuple = ()

    @property
    def draws(self):
        """Whether it needs random numbers."""
        return self.scale != "zero"

    @property
    def about_scale(self):
        """The kind of message on a wrong factor."""
        return f"scale of {self.function.rpartition('_')[2]}"


def check(function, exercise, cases=None):
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
def own_random_state():
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

    def __init__(self, target, exercise, case):
        self.target, self.exercise, self.case = target, exercise, case
        self.sizes, self.layers = case.layers_dims, len(case.shapes)

    def check(self):
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

    def fail(self, kind, **details):
        """Raise CheckFailed with the sentences of a kind, and the hint for the first of its causes that holds."""
        at = SimpleNamespace(**vars(self), **details)
        cause = next(name for name, holds in CAUSES[kind] if holds(self, at))
        raise failure(f"{self.exercise.function}({list(self.sizes)})", kind, cause, vars(at)) from None

    # ------------------------------------------------------------------ the call

    def call(self):
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

    def fail_with(self, error):
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

    def works(self, layers_dims):
        """Whether a call with other sizes returns a dict."""
        with suppress(CheckFailed):
            Attempt(self.target, self.exercise, Case(layers_dims)).call()
            return True
        return False

    def prints(self):
        printed = io.StringIO()
        with suppress(Exception, SystemExit), redirect_stdout(printed), time_limit(self.target):
            self.target(list(self.sizes))
        return bool(printed.getvalue())

    def elsewhere(self):
        """Return the shapes that come back for the exercise's cases; {} where the call fails."""
        found = {}
        for case in self.exercise.cases:
            returned = {}
            with suppress(CheckFailed):
                returned = Attempt(self.target, self.exercise, Case(case.layers_dims)).call()
            found[case.layers_dims] = {key: shape_of(value) for key, value in returned.items()}
        return found

    # ------------------------------------------------------------------ the keys

    def check_keys(self, returned):
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

    def check_arrays(self, returned):
        for key, array in returned.items():
            l = int(key[1:])
            if type(array) is not np.ndarray:
                self.fail("array", key=key, array=array, got=type_name(array), is_drawn=self.is_drawn(key))
            if array.dtype.kind != "f":
                self.fail("numbers", key=key, l=l, array=array, got=short(array.dtype), is_drawn=self.is_drawn(key))

    def is_drawn(self, key):
        return self.exercise.draws and key.startswith("W")

    def check_shapes(self, returned):
        for l, (rows, columns) in enumerate(self.case.shapes, start=1):
            for kind, key, expected in (("weight shape", f"W{l}", (rows, columns)), ("bias shape", f"b{l}", (rows, 1))):
                got = returned[key].shape
                if got != expected:
                    self.fail(kind, key=key, l=l, expected=expected, got=got, found=self.elsewhere(), **self.around(l))
        for key, array in returned.items():
            if not np.isfinite(array).all():
                got = "NaN" if np.isnan(array).any() else "infinity"
                weights = [returned[f"W{l}"] for l in range(1, self.layers + 1)]
                details = {"weights": weights, "is_drawn": self.is_drawn(key)}
                self.fail("finite", key=key, l=int(key[1:]), array=array, got=got, **details)

    def around(self, l):
        """Return the sizes that a shape of layer l may have been made of by mistake; None for those that can't be the reason."""
        return {
            "n": self.sizes[l],
            "before": self.sizes[l - 1],
            "earlier": self.sizes[l - 2],  # in layer 1 this wraps around
            "after": self.sizes[l + 1] if l < self.layers else None,
            # Where layer 1 is right, an index that is off in every layer is not the cause.
            "first": self.sizes[1] if l > 1 else None,
        }

    def check_memory(self, first, second):
        for index, (key, array) in enumerate(first.items()):
            if not array.flags.writeable:
                self.fail("read-only", key=key)
            for other in list(first)[index + 1 :]:
                if share(array, first[other]):
                    self.fail("shared", key=key, other=other, arrays=(array, first[other]))
            if share(array, second.get(key)):
                self.fail("kept", key=key)

    # ---------------------------------------------------------------- the values

    def check_biases(self, returned):
        for l in range(1, self.layers + 1):
            values = returned[f"b{l}"]
            if values.any():
                first = returned["b1"]
                drawn = bool(np.ptp(first if first.any() else values))
                self.fail("bias value", key=f"b{l}", array=values, drawn=drawn, got=listed(values))

    def check_weights(self, returned, repeats):
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
        for l, (expected, got) in enumerate(zip(self.case.ranges, weights), start=1):
            ends = np.array([got.min(), got.max()])
            if not close(ends, np.array(expected)).all():
                if not repeats:
                    self.fail("repeat", dims=list(self.sizes))
                texts = {"expected": "{:.4g}, {:.4g}".format(*expected), "got": "{:.4g}, {:.4g}".format(*ends)}
                self.fail(
                    "range", key=f"W{l}", array=got, ends=ends, limits=np.array(expected), number=got.size, **texts
                )

    def fail_with_values(self, weights, repeats, **details):
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

    def draws(self):
        """Return the draws for each layer, as they should be before they are scaled."""
        return drawn_for(self.sizes)

    def stream(self, W1):
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


# ---------------------------------------------------------- the causes, in order


def always(self, at):
    return True


def raises(kind, part="", on=""):
    """Look for an error of a kind, with a part in its text, on a line of the learner's that a pattern finds."""
    return lambda self, at: isinstance(at.raised, kind) and part in at.error and re.search(on, at.code)


def returns(*kinds):
    return lambda self, at: is_a(at.returned, kinds)


def holds_a(*kinds):
    return lambda self, at: is_a(at.array, kinds)


def of_dtype(kinds):
    return lambda self, at: at.array.dtype.kind in kinds


def shaped(rows, columns):
    """Look for a shape, given by what is around: see `Attempt.around`."""

    def holds(self, at):
        expected = tuple(getattr(at, size) if isinstance(size, str) else size for size in (rows, columns))
        return at.got == expected

    return holds


def found_keys(first, last):
    """Look for exactly the keys of some layers; the last is counted from L."""
    return lambda self, at: at.keys == set(keys(first, self.layers + last))


def scaled_by(*functions):
    """Look for factors that are what each function gives for the sizes, or what a name in `SCALES` does."""

    def holds(self, at):
        return any(np.allclose(at.factors, one(self, at), rtol=1e-4, equal_nan=False) for one in functions)

    return holds


def by_name(name):
    return name, scaled_by(lambda self, at: scale(name, self.sizes))


def right_but_in(layer):
    """Look for factors that are right in all layers but one: the first, 0, or the last, -1."""

    def holds(self, at):
        is_right = np.isclose(at.factors, at.right, rtol=1e-5)
        return self.layers > 2 and not is_right[layer] and np.delete(is_right, layer).all()

    return holds


def unknown_is(names):
    return lambda self, at: set(at.error.split("'")) & set(names)


def all_of(*looks):
    return lambda self, at: all(look(self, at) for look in looks)


def seed_is_taken(self, at):
    """A cell has set np.random.seed, instead of calling it."""
    return not callable(np.random.seed)


def ones_work(self, at):
    """Where every size is 1, each of them is the number of a layer, too."""
    ones = (1,) * len(self.sizes)
    return isinstance(at.raised, IndexError) and self.sizes != ones and self.works(ones)


def own_spread(self, at):
    """Each layer was divided by its own standard deviation."""
    spread = np.array([draws.std() for draws in self.draws()])
    return spread.all() and np.allclose(at.factors * spread, at.right, rtol=1e-4)


def powers(self, at):
    """The draws were raised to the factor, and negative numbers have no such power."""
    draws = next(draws for l, draws in enumerate(self.draws(), start=1) if l == at.l)
    with np.errstate(invalid="ignore"):
        power = draws ** scale(self.exercise.scale, self.sizes)[at.l - 1]
    return np.allclose(at.array, power, equal_nan=True)


def one_outside(self, at):
    """The 1 was subtracted after the division, and from more than two units that leaves a negative number."""
    sizes = np.array(self.sizes)
    with np.errstate(invalid="ignore"):
        guesses = [np.sqrt(2 / below - 1) for below in (np.arange(1, self.layers + 1), sizes[1:], sizes[:-1])]
    return any(
        all(np.allclose(W, draws * size, equal_nan=True) for W, draws, size in zip(at.weights, self.draws(), factors))
        for factors in guesses
    )


def returned_early(self, at):
    return at.keys in (set(keys(1, 1)), set(keys(self.layers, self.layers))) and self.layers > 1


def shape_of_first(at):
    return shape_of(at.returned.get("W1"))


def left_from_before(self, at):
    mine = set(keys(1, self.layers))
    if not at.keys > mine:
        return False
    again = self.call()
    return any(share(at.returned[key], again.get(key)) for key in at.keys - mine)


def always_as_many(self, at):
    """The number of layers is the same for every list of sizes."""
    numbers = {len(shapes) for shapes in self.elsewhere().values() if shapes}
    return len(numbers) == 1 and at.keys == set(keys(1, len(at.keys) // 2)) and len(self.exercise.cases) > 1


def same_everywhere(self, at):
    """The shape is the same for every list of sizes."""
    return len({shapes.get(at.key) for shapes in at.found.values()}) == 1 and len(at.found) > 1


def numbered(self, at):
    """Every layer's shape begins with its number."""
    shapes = at.found.get(self.sizes, {})
    return [shapes.get(f"b{l}") for l in range(1, self.layers + 1)] == [(l, 1) for l in range(1, self.layers + 1)]


def of_expected(change):
    """Look for weights that are the expected ones, changed."""
    return lambda self, at: all(
        close(weight, change(weight, value)).all() for weight, value in zip(at.weights, self.case.weights)
    )


def drawn_again(self, at):
    """Draws beyond some size are missing: others stand in their places, or what came next."""
    largest = max(
        np.abs(weight / size).max() for weight, size in zip(at.weights, scale(self.exercise.scale, self.sizes))
    )
    got, expected = at.weights[at.layer], self.case.weights[at.layer]
    replaced = np.abs(next(draws for l, draws in enumerate(self.draws()) if l == at.layer)[~close(got, expected)])
    skipped = np.abs(DRAWS[at.W1.size : at.second or 0]) if at.first == 0 else np.array([])
    return any(left.size and left.min() > largest and left.size < got.size for left in (replaced, skipped))


def sliced(self, at):
    """Each row goes on where the row before it did not end: it was cut out of a wider array."""
    rows, columns = at.W1.shape
    return rows > 1 and columns > 2 and not np.isnan(factor(at.W1[0], DRAWS[:columns]))


def scaled_some(self, at):
    # Two formulas can agree in one layer by chance; in exercise 2 there is but one factor to agree on.
    is_right = np.isclose(at.factors, at.right, rtol=1e-5)
    return is_right.any() and (is_right[0] or np.ptp(at.right) == 0)


def accumulated(self, at):
    """The factors of several layers have come together in one."""
    forward, backward = np.cumprod(at.right), np.cumprod(at.right[::-1])[::-1]
    return self.layers > 1 and any(
        np.allclose(at.factors, one, rtol=1e-4)
        for one in (forward, backward, at.right ** np.arange(self.layers, 0, -1))
    )


# What the draws may have been multiplied by: the right factors and the mistaken ones, from the units of each
# layer (n), those before it (i) and its own (o), its number (l), and how many layers there are (L).
SCALES = {
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


def scale(name, layers_dims):
    """Return what the draws of each layer are multiplied by, for a name in `SCALES`."""
    n = np.array(layers_dims, dtype=float)
    l = np.arange(1, len(n))
    return SCALES[name](n, n[:-1], n[1:], l, len(n) - 1)


FUNCTIONS = types.FunctionType, types.BuiltinFunctionType, types.MethodType
NUMBERS = int, float, complex, np.generic

# What may be wrong with a factor, whatever it should be.
OF_ANY_SCALE = (
    ("negative", scaled_by(lambda self, at: -at.right)),
    ("accumulated", accumulated),
    ("nearly", lambda self, at: np.allclose(at.factors, at.right, rtol=0.01)),
    ("first layer", right_but_in(0)),
    ("last layer", right_but_in(-1)),
)

# For each kind of failure its causes: the first that holds is told. A function looks at the attempt, and at what
# it was told where it failed.
CAUSES = {
    "error": (
        ("not a function", lambda self, at: not callable(self.target)),
        ("parameters", lambda self, at: isinstance(at.raised, TypeError) and "argument" in at.error and not at.line),
        ("taken", lambda self, at: at.taken),
        ("seed taken", all_of(raises(TypeError, "not callable"), seed_is_taken)),
        ("own variable", all_of(raises(UnboundLocalError), unknown_is(dir(builtins)))),
        ("sizes as indices", ones_work),
        ("layer after", raises(IndexError, on=r"\[\s*\w+\s*\+\s*1\s*\]")),
        (
            "fixed number",
            lambda self, at: (
                isinstance(at.raised, (IndexError, ValueError)) and at.works and at.works != list(self.sizes)
            ),
        ),
        ("pasted", lambda self, at: isinstance(at.raised, NotImplementedError) and at.other),
        ("not written", raises(NotImplementedError)),
        ("never ends", raises(TimeoutError)),
        ("recursion", raises(RecursionError)),
        ("exit", raises(SystemExit)),
        ("import", raises(ImportError)),
        ("index", raises(IndexError)),
        ("list for a dict", raises(TypeError, "list indices must be integers or slices, not str")),
        ("index not whole", raises(TypeError, "indices must be integers")),
        ("comparison", raises(KeyError, on=r"[^=!<>]==[^=]")),
        ("key", raises(KeyError)),
        ("division by zero", raises(ZeroDivisionError)),
        ("unset name", raises(UnboundLocalError)),
        ("letter for text", all_of(raises(NameError), lambda self, at: at.unknown in ("W", "b", "w", "B"))),
        ("parameter name", all_of(raises(NameError), unknown_is({"layers_dims"}))),
        ("n of the formula", all_of(raises(NameError, on=r"sqrt|/"), unknown_is({"n", "n_prev", "fan_in"}))),
        ("name of NumPy", all_of(raises(NameError), unknown_is({*np.__all__, *np.random.__all__}))),
        ("unknown name", raises(NameError)),
        ("attribute of a list", raises(AttributeError, "'list' object")),
        ("attribute of a dict", raises(AttributeError, "'dict' object")),
        ("attribute of a number", raises(AttributeError, "'int' object")),
        (
            "gone from NumPy",
            lambda self, at: re.search(r"'numpy' has no attribute '(float|int|bool|object|str|complex)'", at.error),
        ),
        ("attribute", raises(AttributeError)),
        ("matrix product", raises(ValueError, "matmul")),
        ("shapes apart", raises(ValueError, "broadcast")),
        ("unpacking", raises(ValueError, "unpack")),
        ("randint", raises(ValueError, "low >= high")),
        ("loop over a number", raises(TypeError, "'int' object is not iterable")),
        ("length of a number", raises(TypeError, "has no len()")),
        ("call for an entry", raises(TypeError, "object is not callable")),
        ("brackets of randn", raises(TypeError, "object is not subscriptable", r"\brandn\s*\[")),
        ("entry for a call", raises(TypeError, "object is not subscriptable")),
        ("range of a list", raises(TypeError, "'list' object cannot be interpreted as an integer")),
        ("shape as tuple", raises(TypeError, "'tuple' object cannot be interpreted as an integer")),
        (
            "factor as a size",
            lambda self, at: (
                raises(TypeError, "cannot be interpreted as an integer", r"rand\w*\(.*[*/]")(self, at)
                and self.exercise.draws
            ),
        ),
        ("shape not whole", raises(TypeError, "cannot be interpreted as an integer")),
        ("shape not a tuple", raises(TypeError, "as a data type")),
        ("power", raises(TypeError, "bitwise_xor")),
        ("power", raises(TypeError, "for ^")),
        ("root of two", raises(TypeError, "ArrayType")),
        ("text plus number", raises(TypeError, "concatenate str")),
        ("arithmetic on a list", raises(TypeError, "'list'")),
        ("any", always),
    ),
    "argument": (("any", always),),
    "type": (
        (
            "two dicts",
            lambda self, at: is_a(at.returned, (tuple, list)) and sum(is_a(part, dict) for part in at.returned) > 1,
        ),
        (
            "tuple around a dict",
            lambda self, at: is_a(at.returned, tuple) and any(is_a(part, dict) for part in at.returned),
        ),
        ("printed", lambda self, at: at.returned is None and self.prints()),
        ("nothing", lambda self, at: at.returned is None),
        ("sequence", returns(tuple, list)),
        ("array", returns(np.ndarray)),
        ("text", returns(str)),
        ("function", returns(*FUNCTIONS)),
        ("generator", returns(types.GeneratorType)),
        ("coroutine", returns(types.CoroutineType)),
        ("any", always),
    ),
    "keys": (
        ("none", lambda self, at: not at.keys),
        ("nested", lambda self, at: any(is_a(value, dict) for value in at.returned.values())),
        ("not text", lambda self, at: not all(type(key) is str for key in at.keys)),
        ("dict inside the loop", lambda self, at: returned_early(self, at) and shape_of_first(at) is None),
        ("always 1", lambda self, at: returned_early(self, at) and shape_of_first(at) == self.case.shapes[-1]),
        ("return inside the loop", returned_early),
        ("left from before", left_from_before),
        ("equal sizes", lambda self, at: len(set(self.sizes)) == 1),
        ("fixed number", always_as_many),
        ("no f", lambda self, at: any("{" in key for key in at.keys)),
        ("all inside", lambda self, at: any("+" in key for key in at.keys)),
        (
            "lists of layers",
            lambda self, at: (
                at.keys == {"W", "b"} and all(is_a(value, (list, tuple)) for value in at.returned.values())
            ),
        ),
        (
            "biases under W",
            lambda self, at: (
                at.keys == {f"W{l}" for l in range(1, self.layers + 1)} and shape_of_first(at) == (self.sizes[1], 1)
            ),
        ),
        ("both letters", lambda self, at: at.keys == {key.swapcase() for key in keys(1, self.layers)}),
        ("small w", lambda self, at: at.keys == {key.lower() for key in keys(1, self.layers)}),
        ("capital b", lambda self, at: at.keys == {key.upper() for key in keys(1, self.layers)}),
        ("no number", lambda self, at: at.keys == {"W", "b"}),
        ("sizes for numbers", lambda self, at: at.keys == {f"{letter}{n}" for n in self.sizes for letter in "Wb"}),
        ("sizes for numbers", lambda self, at: at.keys == {f"{letter}{n}" for n in self.sizes[1:] for letter in "Wb"}),
        ("numbered from two", found_keys(2, 1)),
        ("numbered from zero", found_keys(0, -1)),
        ("loop from zero", found_keys(0, 0)),
        ("loop from two", found_keys(2, 0)),
        ("loop one short", found_keys(1, -1)),
        ("loop one long", found_keys(1, 1)),
        ("no biases", lambda self, at: at.keys == {f"W{l}" for l in range(1, self.layers + 1)}),
        ("no weights", lambda self, at: at.keys == {f"b{l}" for l in range(1, self.layers + 1)}),
        (
            "extra characters",
            lambda self, at: (
                set(keys(1, self.layers))
                in ({"".join(filter(str.isalnum, key)) for key in at.keys}, {key[-2:] for key in at.keys})
            ),
        ),
        (
            "letter for number",
            lambda self, at: (
                len(at.keys) == 2
                and {key[:1] for key in at.keys} == {"W", "b"}
                and not any(map(str.isdigit, "".join(at.keys)))
            ),
        ),
        ("some missing", lambda self, at: at.keys < set(keys(1, self.layers))),
        ("more", lambda self, at: at.keys > set(keys(1, self.layers))),
        ("any", always),
    ),
    "array": (
        ("tuple", holds_a(tuple)),
        ("list", holds_a(list)),
        ("one draw", lambda self, at: is_a(at.array, NUMBERS) and at.is_drawn),
        ("number", holds_a(*NUMBERS)),
        ("matrix", holds_a(np.matrix)),
        ("nothing", holds_a(type(None))),
        ("function", holds_a(*FUNCTIONS)),
        ("any", always),
    ),
    "numbers": (
        (
            "array of the sizes",
            lambda self, at: (
                at.array.shape == (2,) and at.array.tolist() in ([*self.case.shapes[at.l - 1]], [self.sizes[at.l], 1])
            ),
        ),
        ("zeros_like", lambda self, at: at.array.dtype.kind == "i" and at.array.shape == (2,)),
        ("randint", lambda self, at: at.is_drawn and at.array.dtype.kind in "iu" and not cut_off(self, at)),
        ("int", of_dtype("iu")),
        ("bool", of_dtype("b")),
        ("complex", of_dtype("c")),
        ("text", of_dtype("U")),
        ("object", of_dtype("O")),
        ("any", always),
    ),
    "weight shape": (
        ("one dimension", lambda self, at: len(at.got) < 2),
        ("more dimensions", lambda self, at: len(at.got) > 2),
        ("layer number", lambda self, at: at.got == (at.l, at.l - 1)),
        ("fixed", same_everywhere),
        ("layer 1 everywhere", lambda self, at: at.got == (at.first, self.sizes[0])),
        ("rows of layer 1", shaped("first", "before")),
        ("last layer", lambda self, at: at.got == (self.sizes[-1], self.sizes[-2])),
        ("transposed", shaped("before", "n")),
        ("own size twice", shaped("n", "n")),
        ("size before twice", shaped("before", "before")),
        ("one layer early", shaped("before", "earlier")),
        ("one layer late", shaped("after", "n")),
        ("like the biases", shaped("n", 1)),
        ("input size", lambda self, at: at.got == (at.n, self.sizes[0])),
        ("one less outside", lambda self, at: at.got == (at.n, at.n - 1)),
        (
            "factor as a size",
            lambda self, at: self.exercise.draws and at.got in ((at.n, 10 * at.before), (10 * at.n, at.before)),
        ),
        ("any", always),
    ),
    "bias shape": (
        ("one dimension", lambda self, at: len(at.got) < 2),
        ("more dimensions", lambda self, at: len(at.got) > 2),
        ("layer number", numbered),
        ("one bias", shaped(1, 1)),
        ("fixed", same_everywhere),
        ("layer 1 everywhere", shaped("first", 1)),
        (
            "last layer",
            lambda self, at: at.got == (self.sizes[-1], 1) and at.found.get((3, 3, 3), {}).get(at.key) == (3, 1),
        ),
        ("row", shaped(1, "n")),
        ("like the weights", shaped("n", "before")),
        ("size before", shaped("before", 1)),
        ("one layer late", shaped("after", 1)),
        ("one less outside", lambda self, at: at.got == (at.n - 1, 1)),
        ("any", always),
    ),
    "finite": (
        ("power of the draws", lambda self, at: at.is_drawn and powers(self, at)),
        ("one outside", lambda self, at: at.is_drawn and one_outside(self, at)),
        ("some nan", lambda self, at: at.is_drawn and np.isnan(at.array).any() and not np.isnan(at.array).all()),
        ("nan", lambda self, at: np.isnan(at.array).any()),
        ("infinite", always),
    ),
    "shared": (
        (
            "slices",
            lambda self, at: self.is_drawn(at.key) and self.is_drawn(at.other) and at.arrays[0].base is not None,
        ),
        ("any", always),
    ),
    "kept": (("any", always),),
    "read-only": (("any", always),),
    "bias value": (
        ("not filled", lambda self, at: np.abs(at.array).max() > UNFILLED / 10),
        ("drawn", lambda self, at: at.drawn),
        ("constant", always),
    ),
    "zero weight": (
        ("not filled", lambda self, at: np.abs(at.values).max() > UNFILLED / 10),
        ("ones", lambda self, at: (at.values == 1).all()),
        ("constant", lambda self, at: np.ptp(at.values) == 0),
        ("identity", lambda self, at: all(np.array_equal(weight, np.eye(*weight.shape)) for weight in at.weights)),
        ("random", lambda self, at: not at.repeats or position(at.weights[0]) is not None),
        ("any", always),
    ),
    "repeat": (
        ("seed taken", seed_is_taken),
        ("no seed", lambda self, at: self.exercise.draws),
        ("other", always),
    ),
    "range": (
        # Where numbers stand there twice, too few were drawn.
        (
            "cut off",
            lambda self, at: (
                np.abs(at.ends).max() < 0.999 * np.abs(at.limits).max() and np.unique(at.array).size > 0.9 * at.number
            ),
        ),
        ("any", always),
    ),
    "draws": (
        ("one number", lambda self, at: at.W1.shape[1] > 1 and not np.ptp(at.W1, axis=1).any()),
        ("absolute", of_expected(lambda weight, value: np.abs(value))),
        ("added", lambda self, at: close(at.W1.ravel(), at.from_stream + at.offset).all()),
        (
            "standardised",
            lambda self, at: (
                np.isclose(at.W1.std(), scale(self.exercise.scale, self.sizes)[0], rtol=1e-4)
                and abs(at.W1.mean()) < 1e-6 * at.W1.std()
            ),
        ),
        (
            "offset",
            lambda self, at: (
                abs(at.slope) > 1e-3
                and close(at.W1.ravel(), at.slope * at.from_stream + at.offset).all()
                and at.first is None
            ),
        ),
        ("clipped", of_expected(lambda weight, value: np.clip(value, weight.min(), weight.max()))),
        ("drawn again", drawn_again),
        (
            "rounded",
            lambda self, at: all(
                np.allclose(weight, value, atol=0.06) for weight, value in zip(at.weights, self.case.weights)
            ),
        ),
        ("transposed", lambda self, at: position(at.W1.T) == 0 and at.rows > 1),
        ("seed inside the loop", lambda self, at: at.first == at.second == 0),
        ("last layer first", lambda self, at: at.first and at.second is not None and at.second < at.first),
        ("biases first", lambda self, at: at.first in (at.rows, sum(self.sizes[1:]))),
        ("biases between", lambda self, at: at.first == 0 and at.second == at.W1.size + at.rows),
        ("extra draws", lambda self, at: at.first or (at.second or 0) > at.W1.size),
        ("uniform", lambda self, at: begins_like(at.W1, UNIFORM)),
        (
            "bent",
            lambda self, at: (
                at.from_stream.size > 5
                and any(rises(at.W1.ravel(), by) for by in (at.from_stream, np.abs(at.from_stream)))
            ),
        ),
        ("slices", sliced),
        ("drawn again", lambda self, at: at.bounded),
        ("other uniform", lambda self, at: at.even),
        ("new generator", lambda self, at: at.generator is not None),
        ("other seed", lambda self, at: at.seed is not None),
        ("any", always),
    ),
    "scale of random": (
        ("own spread", own_spread),
        *map(by_name, ("zero", "unscaled", "tenth", "hundredth", "hundred", "root of ten", "he")),
        *OF_ANY_SCALE,
        ("some layers", scaled_some),
        ("any", always),
    ),
    "scale of he": (
        ("own spread", own_spread),
        *(by_name(name) for name in SCALES if name not in ("he", "tenth", "hundred", "root of ten")),
        *OF_ANY_SCALE,
        ("same in all layers", lambda self, at: self.layers > 1 and np.allclose(at.factors, at.factors[0])),
        ("some layers", scaled_some),
        ("any", always),
    ),
}


def cut_off(self, at):
    return bool(self.case.weights) and np.array_equal(at.array, self.case.weights[at.l - 1].astype(int))


# ------------------------------------------------------ what was typed, and what is there


def found(target, exercise):
    """Return the function of an exercise: itself, or what the notebook has under its name.

    Parameters
    ----------
    target : callable or dict
        The function, or ``globals()`` of the notebook.

    Raises
    ------
    CheckFailed
        If no cell has set the name.
    """
    if not is_a(target, dict) or "__builtins__" not in target:
        return target
    name = exercise.function
    try:
        return target[name]
    except KeyError:
        pass
    cause, details = why_missing(target, name)
    raise unread(target, name) or failure(name, "there", cause, {"name": name, **details}) from None


def failure(call, kind, cause, details):
    """Return a CheckFailed with the sentences of a kind and a cause, filled in."""
    message = SENTENCES["messages"][kind]
    texts = (message["expected"], message["got"], message["hints"][cause])
    return CheckFailed(call, kind, cause, *(text.format(**details) for text in texts))


def unread(namespace, name):
    """Return what to say where Python could not read the cell that defines a name, as it was run last; else None."""
    for text in definitions(namespace, name)[-1:]:
        try:
            compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            lines = text.splitlines()
            line = lines[error.lineno - 1].strip() if error.lineno and error.lineno <= len(lines) else ""
            details = {"error": f"{type(error).__name__}: {error.msg}", "number": error.lineno, "line": line}
            return failure(name, "cell", "any", details)
        except Exception:  # a cell may hold anything; what else is wrong with it is told where it is run
            return None
    return None


def why_missing(namespace, name):
    """Return why no cell has set the name of an exercise's function, and what else that names."""
    if other := pasted(namespace, name):
        return "pasted", {"other": other}
    if similar := renamed(namespace, name):
        return "similar", {"similar": similar}
    return "any", {}


def cells_of(namespace):
    """Return the cells that were run, in order: IPython keeps them."""
    cells = namespace.get("In")
    return [text for text in cells if is_a(text, str)] if is_a(cells, list) else []


def definitions(namespace, name):
    """Return the different cells that define a name, in the order in which they were run last."""
    defines = re.compile(rf"^(?:async )?def {name}\b|^{name} *=", re.MULTILINE)
    found = [text for text in cells_of(namespace) if defines.search(text)]
    return list(dict.fromkeys(reversed(found)))[::-1]


def pasted(namespace, name):
    """Return the exercise's function that a cell probably defines in place of ``name``, which is missing or still the stub.

    It is defined for a second time, since the stub was run, and its own check has not been run since: whoever mends
    an answer runs that next.
    """
    cells, mine = cells_of(namespace), definitions(namespace, name)
    if name in namespace and not (mine and STUB in mine[-1]):
        return None

    def last(*parts):
        return max((n for n, text in enumerate(cells) if any(part in text for part in parts)), default=-1)

    others = {other: definitions(namespace, other) for other in FUNCTIONS_OF_EXERCISES if other != name}
    astray = [
        other
        for other, texts in others.items()
        if len(texts) > 1 and STUB not in texts[-1] and last(texts[-1]) > last(*mine, f"{other}_test(")
    ]
    kind = name.rpartition("_")[2]
    sure = [other for other in astray if kind in others[other][-1].replace(other, "")]
    return (sure or astray or [None])[0]


STUB = "NotImplementedError"  # what an exercise raises that is not written yet
FUNCTIONS_OF_EXERCISES = tuple(f"initialize_parameters_{kind}" for kind in ("zeros", "random", "he"))


def renamed(namespace, name):
    """Return the learner's function that probably is the one of an exercise, under another name."""
    mine = [
        other
        for other, value in namespace.items()
        if is_a(value, types.FunctionType) and value.__module__ == "__main__" and other not in FUNCTIONS_OF_EXERCISES
    ]
    kind = name.rpartition("_")[2]  # init_he is short, but there is no doubt whose it is
    similar = difflib.get_close_matches(name, mine, n=1, cutoff=0.5)
    similar = similar or [other for other in mine if kind in other.lower().split("_")]
    return similar[0] if similar else None


def taken(error, text, target):
    """Return what a cell has set in place of Python's or NumPy's own, where that is why a line fails."""
    nothing = {"taken": "", "owner": "", "value": ""}
    if is_a(error, AttributeError):
        names, owner = ["np"], SENTENCES["words"]["of NumPy"]
    elif is_a(error, TypeError) and "object is not callable" in text:
        names, owner = dir(builtins), SENTENCES["words"]["of Python"]
    else:
        return nothing
    frames = [at for at in traceback.walk_tb(error.__traceback__) if is_learners(at[0], target)]
    for frame, number in frames[-1:]:
        known = {**frame.f_globals, **frame.f_locals}
        for name in names_in(frame.f_code, number):
            if name in names and name in known and f"{type(known[name]).__name__}' object" in text:
                return {"taken": name, "owner": owner, "value": " ".join(reprlib.repr(known[name]).split())}
    return nothing


def names_in(code, number):
    """Return the names of variables that are read on a line of code."""
    read = [
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname.startswith(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF"))
        and getattr(instruction.positions, "lineno", None) == number
    ]
    return [name for names in read for name in (names if is_a(names, tuple) else (names,))]


def is_learners(frame, target):
    """Whether a frame runs what the learner wrote, in the cell of the function or in another."""
    return frame.f_code.co_filename == file_of(target) or frame.f_globals is namespace_of(target)


def namespace_of(target):
    """Return the names that a function finds, which are the notebook's; nothing where the grader calls it."""
    namespace = getattr(target, "__globals__", None)
    return namespace if is_a(namespace, dict) else {}


def file_of(target):
    return getattr(getattr(target, "__code__", None), "co_filename", None)


def learners_line(error, target):
    """Return the deepest line of the traceback that stands in a cell of the learner's, or None."""
    frames = list(traceback.walk_tb(error.__traceback__))
    lines = traceback.extract_tb(error.__traceback__)
    mine = [line for (frame, _), line in zip(frames, lines) if is_learners(frame, target)]
    return mine[-1] if mine else None


class Stopped(BaseException):
    """Raised in the learner's own code, which may catch every Exception."""


@contextmanager
def time_limit(target):
    """Raise TimeoutError when the learner's own code has run for SECONDS, in whatever cell it stands."""
    deadline = time.monotonic() + SECONDS

    def watch(frame, event, argument):
        if not is_learners(frame, target):
            return None
        if time.monotonic() > deadline:
            raise Stopped
        return watch

    debugger = sys.gettrace()
    if debugger is None:
        sys.settrace(watch)
    try:
        yield
    except Stopped as stopped:
        said = SENTENCES["words"]["still running"].format(seconds=SECONDS)
        raise TimeoutError(said).with_traceback(stopped.__traceback__) from None
    finally:
        sys.settrace(debugger)


# ----------------------------------------------------------------- values and texts


def keys(first, last):
    return [f"{letter}{l}" for l in range(first, last + 1) for letter in "Wb"]


def drawn_for(layers_dims):
    """Return the draws for each layer, as far as they are known."""
    found, position = [], 0
    for rows, columns in zip(layers_dims[1:], layers_dims):
        found.append(DRAWS[position : position + rows * columns].reshape(rows, columns))
        position += rows * columns
    return found


def close(got, expected):
    """Compare value by value, wide enough for float32 and narrower than any mistake; zero has to be zero."""
    size = np.abs(expected)
    return np.abs(got - expected) <= 1e-6 * size.max() + 1e-5 * size


def same(first, second):
    """Whether two calls returned the same arrays under the same keys."""
    if set(first) != set(second):
        return False
    others = (second[key] for key in first)
    return all(
        type(other) is np.ndarray and np.array_equal(array, other) for array, other in zip(first.values(), others)
    )


def shape_of(value):
    """Return an array's shape; what else has a shape may say anything."""
    return value.shape if type(value) is np.ndarray else None


def share(array, other):
    return type(array) is type(other) is np.ndarray and np.shares_memory(array, other)


def factor(array, draws):
    """Return the one number that the draws were multiplied by, or NaN."""
    number = np.vdot(array, draws) / np.vdot(draws, draws)
    return number if close(array, number * draws).all() else np.nan


def rises(values, by):
    """Whether values never fall where ``by`` rises, and do rise somewhere."""
    steps = np.diff(values[np.argsort(by)])
    return bool((steps >= 0).all() and (steps > 0).any())


def position(array):
    """Return where in the stream of draws an array's values begin, whatever their scale, or None."""
    values = array.ravel()
    for start in range(DRAWS.size - 3 if values.size > 3 and values.any() else 0):
        draws = DRAWS[start : start + values.size]
        if not np.isnan(factor(values[: draws.size], draws)):
            return start
    return None


def begins_like(array, pair):
    first, second = array.ravel()[:2]
    return bool(np.isclose(first * pair[1], second * pair[0], rtol=1e-3))


def leave_in_memory(shapes):
    """Free memory that holds a number nobody uses: np.empty finds it, and np.zeros does not."""
    arrays = [np.empty(size) for rows, columns in shapes for size in (rows * columns, rows)]
    for array in arrays:
        array.fill(UNFILLED)


def is_a(value, kind):
    """Like isinstance, without asking the value what it is: it may say anything."""
    return issubclass(type(value), kind)


def type_name(value):
    return "None" if value is None else type(value).__name__


def short(value):
    """Return a value as text, in one short line; its own text is no reason to fail."""
    try:
        text = str(value)
    except Exception:
        text = type(value).__name__
    return " ".join(text[:200].split())


def text_of(error):
    return f"{type(error).__name__}: {short(error)}".removesuffix(": ")


def listed(array, start=0, digits=4):
    shown = ", ".join(f"{value:.{digits}g}" for value in array.ravel()[start : start + 3])
    return shown + (", ..." if array.size > start + 3 else "")


# Every sentence that a learner can read, to read or to translate. The names in braces are filled in.
SENTENCES = {
    "passed": "All tests passed.",
    "labels": {
        "expected": "Expected:",
        "got": "Got:",
        "hint": "Hint:",
    },
    "words": {
        "line": " (line {number}: {text})",
        "still running": "still running after {seconds} seconds",
        "from the start": "{key} starts with",
        "later": "{key} goes on, from its value number {number}, with",
        "no keys": "of an empty dict",
        "more keys": "{keys} and {number} more",
        "a function": "the function",
        "a name": "a name",
        "of Python": "Python's own",
        "of NumPy": "NumPy",
    },
    "hidden": {
        "title": "{function}: a hidden check failed, on {architecture}",
        "got": "{category}",
        "hint": "The visible checks pass, so the function is right for their layer sizes. Is anything in it fixed, "
        "such as a size, a number of layers or a value that you typed in? Compute all of it from "
        "layers_dims.",
    },
    "spread": {
        "right": "their scale is right: W{layer} on {inputs} inputs has the standard deviation {measured:.3g}, as "
        "it should. Only the stream of random numbers differs.",
        "wrong": "their scale is not right: W{layer} on {inputs} inputs has the standard deviation {measured:.3g}, "
        "and should have {expected:.3g}.",
        "unknown": "their scale can't be told, because the function fails on larger layers.",
    },
    "messages": {
        "error": {
            "about": "the function raised an error",
            "expected": "a dict of arrays",
            "got": "{error}{line}",
            "hints": {
                "not written": "Write your code in the cell of this exercise, and delete the line that raises "
                "NotImplementedError.",
                "pasted": "Is that line no longer in the cell above? Then Python still has the stub, because the name "
                "after def is {other}, copied from that exercise. Rename it to {name}, and run both cells again.",
                "never ends": "It was stopped after {seconds} seconds. Look at the loop around that line: what ends it? "
                "`for l in range(1, L + 1):` always ends.",
                "parameters": "The check passes one value, the list of layer sizes. Begin with `def "
                "{name}(layers_dims):`, and give a further parameter a default value or take it away.",
                "not a function": "Define it with `def {name}(layers_dims):`, and run that cell. Was the name used again for "
                "something else?",
                "index": "layers_dims has {count} entries, so its last index is {last}. The loop goes further than "
                "that: let it end at len(layers_dims) - 1.",
                "sizes as indices": "The loop runs over the sizes, and they are then used as numbers of layers. Loop over the "
                "numbers: range(1, len(layers_dims)).",
                "index not whole": "An entry of a list is taken with one whole number: layers_dims[l], layers_dims[l-1].",
                "name of NumPy": "The function uses {unknown} alone. That is NumPy's: write np. or np.random. before it.",
                "parameter name": "What stands in the parentheses after def is known inside, and nothing else. There it "
                "should say layers_dims, in this function and in one that it calls.",
                "n of the formula": "In the formula, {unknown} is the number of units of the layer before. In the code "
                "that is layers_dims[l-1].",
                "unknown name": "The function uses {unknown}, which is not defined. Is it a typing mistake, or is it set "
                "in a cell that has not run?",
                "unset name": "The function reads {unknown} before it gives it a value.",
                "unpacking": "That line counts on a fixed number of layers. Loop over layers_dims: it can have any length.",
                "fixed number": "The function works for {works} and not here, so it counts on a number of layers. Loop up "
                "to len(layers_dims) - 1.",
                "loop over a number": "A number can't be looped over. Use range(1, L + 1).",
                "call for an entry": "Round brackets call what stands before them, and it is no function. An entry takes square "
                "ones, layers_dims[l], and a product a star.",
                "brackets of randn": "Square brackets take an entry of a list. A function is called with round ones: "
                "np.random.randn(rows, columns).",
                "randint": "np.random.randint draws whole numbers between two limits. Use np.random.randn, which takes "
                "the two sizes and draws from the normal distribution.",
                "entry for a call": "Square brackets take an entry. A call takes round ones: len(layers_dims).",
                "range of a list": "A whole number belongs there and not the whole list: range(1, len(layers_dims)) for a "
                "loop, layers_dims[l] in a shape.",
                "shape as tuple": "np.random.randn takes the sizes one by one, not as a tuple: one pair of parentheses.",
                "shape not whole": "range and a shape take whole numbers, and this is a fraction, if only 3.0. layers_dims "
                "holds the sizes as they are needed.",
                "shape not a tuple": "np.zeros takes the shape as one tuple: two pairs of parentheses, np.zeros((rows, columns)).",
                "text plus number": "Text and numbers do not add up. Turn the number into text: 'W' + str(l).",
                "arithmetic on a list": "A list does not compute. Take one entry of it, such as layers_dims[l-1], or make it an array.",
                "power": "In Python ^ is not the power. Write ** 0.5, or np.sqrt.",
                "root of two": "np.sqrt takes one value. Write the fraction with a slash: np.sqrt(2 / layers_dims[l-1]).",
                "shapes apart": "Two arrays on that line do not fit together. A factor is one number, made of one entry of "
                "the list: layers_dims[l-1].",
                "key": "The key is read before it is set, or spelled in another way than where it is set.",
                "division by zero": "The number below the fraction line is 0. The fan-in is layers_dims[l-1], not l-1.",
                "attribute of a list": "A list has nothing of that name. Its length is len(layers_dims), an entry of it "
                "layers_dims[l].",
                "attribute of a dict": "A dict has nothing of that name. It is filled with square brackets: parameters['W' + "
                "str(l)] = ...",
                "attribute": "Check the spelling, and whether the name belongs to np or to np.random.",
                "import": "NumPy alone is enough here, and nothing else is sure to be there when this is graded.",
                "recursion": "The function calls itself without an end. A loop over the layers is enough.",
                "exit": "The function ends the whole program. Return the dict in place of that.",
                "any": "Read that line again, with the values that its names have at that moment. A print above "
                "it shows them.",
                "taken": "`{taken}` is no longer {owner}: one of your cells has set it to {value}. Rename that "
                "variable, restart the kernel, and run all cells.",
                "seed taken": "np.random.seed has been given a value with =, and is no function any more. Call it, "
                "np.random.seed(3), restart the kernel, and run all cells.",
                "own variable": "The function gives a value to {unknown}, which is a built-in function of Python's: in the "
                "whole function that name is now its own variable. Choose another name for it.",
                "layer after": "layers_dims has {count} entries, so its last index is {last}, and l + 1 goes beyond it. "
                "Layer l has layers_dims[l] units, and the layer before it layers_dims[l-1].",
                "list for a dict": "`parameters = []` makes a list, whose entries have numbers. A dict has names: `parameters "
                "= {{}}`.",
                "comparison": "== compares, and stores nothing. To store a value write a single =.",
                "letter for text": "The {unknown} stands there without quotation marks, so Python takes it for a variable. A "
                "key is text: 'W' + str(l).",
                "attribute of a number": "A number has nothing of that name. str(l) turns it into text: 'W' + str(l).",
                "gone from NumPy": "NumPy has no longer a type of that name. Leave dtype away: np.zeros makes floating-point "
                "numbers.",
                "matrix product": "@ is the product of matrices, and the factor is one number. Use a star, *.",
                "length of a number": "An entry of layers_dims is already a number of units. Take it as it is: layers_dims[l], "
                "without len.",
                "factor as a size": "The factor stands inside the parentheses of randn, where only sizes belong. Close them "
                "first: np.random.randn(rows, columns) * factor.",
            },
        },
        "type": {
            "about": "the type of what is returned",
            "expected": "a dict of arrays",
            "got": "something of type {got}",
            "hints": {
                "nothing": "End the function with `return parameters`.",
                "printed": "The function prints its result and returns nothing. Printing a value does not return it: "
                "end with `return parameters`.",
                "tuple around a dict": "The dict is inside a tuple. Return it alone, with no comma: `return parameters`.",
                "sequence": "Put every array into one dict, under its name, and return that dict: parameters['W1'], "
                "parameters['b1'] and so on.",
                "array": "One array is not enough. Put the array of each layer into one dict, and return that.",
                "text": "This is text. Return the dict itself, without quotation marks and not as a description.",
                "function": "This is a function and not what it returns. Return parameters.",
                "coroutine": "`async def` makes a coroutine. Take the async away.",
                "generator": "`yield` makes a generator. Use `return parameters`, once, after the loop.",
                "any": "Put the array of each layer into one dict, and return that dict.",
                "two dicts": "There are two dicts. Put the weights and the biases into one dict: parameters['W1'], "
                "parameters['b1'] and so on.",
            },
        },
        "argument": {
            "about": "the argument after the call",
            "expected": "layers_dims is left as it was, {expected}",
            "got": "after the call it is {got}",
            "hints": {
                "any": "The list belongs to the caller, who needs it again. Read from it, or work on a copy: "
                "list(layers_dims).",
            },
        },
        "keys": {
            "about": "the keys",
            "expected": "the keys {expected}",
            "got": "the keys {got}",
            "hints": {
                "none": "The dict is empty. Does the loop run before `return`, and does it write into that dict?",
                "not text": "Keys are text. Build them with 'W' + str(l) and 'b' + str(l).",
                "small w": "Python tells W from w. The weights have a capital W.",
                "capital b": "Python tells B from b. The biases have a small b.",
                "both letters": "It is the other way round: the weights have a capital W, the biases a small b.",
                "extra characters": "Only the letter and the number: 'W1', with nothing before, between or after.",
                "no number": "Every layer writes to the same keys and replaces the layer before. Add its number: 'W' + "
                "str(l).",
                "letter for number": "What stands inside the quotation marks stays as it is. The number belongs outside: 'W' + "
                "str(l).",
                "all inside": "What stands inside the quotation marks stays as it is. Only the letter belongs inside: "
                "'W' + str(l).",
                "no f": "Braces are filled in only where an f stands before the quotation marks: f'W{{l}}'.",
                "lists of layers": "The arrays of all layers are in one list. Give each array a key of its own: 'W' + str(l).",
                "nested": "The arrays are in dicts inside the dict. Put them all on one level: parameters['W1'].",
                "sizes for numbers": "The loop runs over the sizes of the layers. Loop over their numbers: range(1, L + 1).",
                "always 1": "The 1 is typed into the keys, so every layer replaces the layer before. Add the number: "
                "'W' + str(l).",
                "numbered from two": "The numbers start one too high. The first layer with parameters is layer 1.",
                "numbered from zero": "The numbers start one too low. The first layer with parameters is layer 1.",
                "loop from zero": "Layer 0 is the input and has no parameters. Let the loop start at 1.",
                "loop from two": "Layer 1 is missing. Let the loop start at 1.",
                "loop one short": "The last layer is missing. range(1, n) stops before n: which n takes the last layer in?",
                "loop one long": "There is a layer too many. range(1, n) stops before n, and L + 1 is far enough.",
                "return inside the loop": "Only layer 1 is there, so the loop ended in its first pass. Move `return` to the left, "
                "below the loop, and take a `break` away.",
                "dict inside the loop": "Only the last layer is there. Make the dict once, before the loop, and write into it in "
                "every pass, indented as the loop's own lines.",
                "fixed number": "The number of layers is the same whatever the list. Loop up to len(layers_dims) - 1.",
                "left from before": "The layers that are too many come from an earlier call. Make the dict inside the "
                "function: parameters = {{}}.",
                "equal sizes": "The function works where the sizes differ, and here they are equal. A size does not tell "
                "which layer it is: loop over the numbers, range(1, L + 1).",
                "biases under W": "The arrays under W have the shapes of biases, so they replaced the weights. Biases have a "
                "small b: parameters['b' + str(l)].",
                "some missing": "Missing: {missing}. Every pass of the loop writes a pair: let none be left out, and keep "
                "both lines inside the loop.",
                "no biases": "Only weights are there. Every layer has its biases too: parameters['b' + str(l)].",
                "no weights": "Only biases are there. Every layer has its weights too: parameters['W' + str(l)].",
                "more": "Return the weights and biases alone, one pair for each layer after the input.",
                "any": "Weights have a capital W and biases a small b, followed by the number of the layer, from 1.",
            },
        },
        "array": {
            "about": "the types of the arrays",
            "expected": "{key} is a NumPy array",
            "got": "{key} is of type {got}",
            "hints": {
                "tuple": "It is a tuple. A comma at the end of a line makes one: take it away.",
                "list": "It is a list, and lists do not multiply like matrices. Make it an array: np.zeros((rows, "
                "columns)).",
                "number": "It is a single number. Give it a shape: np.zeros((rows, columns)).",
                "matrix": "np.matrix multiplies in its own way and NumPy advises against it. Use a plain array.",
                "nothing": "It is None. Was a placeholder left there? Write the array in its place: some functions "
                "change an array and return nothing.",
                "function": "It is a function that was not called. Add the parentheses and the sizes.",
                "any": "Make it with NumPy, for example np.zeros((rows, columns)).",
                "one draw": "It is a single number, and a layer needs one number for each weight: "
                "np.random.randn(layers_dims[l], layers_dims[l-1]). Without size=, other functions draw "
                "one number alone.",
            },
        },
        "numbers": {
            "about": "the kind of the numbers",
            "expected": "{key} holds floating-point numbers",
            "got": "{key} holds numbers of type {got}",
            "hints": {
                "zeros_like": "np.zeros_like copies the shape of an array, and takes the tuple for one. Use np.zeros.",
                "randint": "np.random.randint draws whole numbers. Use np.random.randn, which draws from the normal "
                "distribution.",
                "int": "Whole numbers cut off the small steps of gradient descent. Leave int and astype away. "
                "np.zeros makes floats, and np.array([[0]]) does not.",
                "bool": "These are True and False. Leave dtype away: NumPy's own choice is float.",
                "complex": "The numbers have an imaginary part. Did a root get a negative number?",
                "text": "These are texts that look like numbers. Leave the quotation marks away.",
                "object": "The array holds other things than numbers. Build it from numbers of one type.",
                "any": "Only floating-point numbers can be trained. Leave dtype away: NumPy's own choice is float.",
                "array of the sizes": "np.array makes an array of these two sizes themselves. np.zeros and np.random.randn take "
                "the sizes, and make an array of that shape.",
            },
        },
        "weight shape": {
            "about": "the shapes of the weights",
            "expected": "{key} of shape {expected}",
            "got": "{key} of shape {got}",
            "hints": {
                "transposed": "Rows and columns are swapped. Row i holds the weights into unit i, so the shape is "
                "(layers_dims[l], layers_dims[l-1]).",
                "own size twice": "Both numbers are the units of layer l. The columns are the units of the layer before: "
                "layers_dims[l-1].",
                "size before twice": "Both numbers are the units of the layer before. The rows are the units of the layer "
                "itself: layers_dims[l].",
                "one layer early": "These are the sizes for the layer before. Does l count from 0 here? Then the rows are "
                "layers_dims[l+1] and the columns layers_dims[l].",
                "one layer late": "These are the sizes for the layer after. The rows are layers_dims[l], and the columns "
                "layers_dims[l-1].",
                "input size": "The columns are those of layer 1 in every layer. They change with l: layers_dims[l-1].",
                "like the biases": "This is the shape of a bias column. Weights have one column for each unit of the layer "
                "before: layers_dims[l-1].",
                "layer 1 everywhere": "Every layer has the shape of layer 1. It changes with l: (layers_dims[l], layers_dims[l-1]).",
                "last layer": "This is the shape of the last layer. Is there a capital L in place of the small l?",
                "layer number": "The l is the number of the layer, not its size. The sizes are layers_dims[l] and "
                "layers_dims[l-1].",
                "one dimension": "The shape needs two numbers: rows and columns.",
                "more dimensions": "The shape has more than two numbers. It needs two: rows and columns.",
                "fixed": "The shapes are the same whatever the list. Are sizes typed in, or taken from a variable "
                "outside the function? Use layers_dims.",
                "any": "The shape of the weights is (layers_dims[l], layers_dims[l-1]).",
                "rows of layer 1": "Every layer has the rows of layer 1. Was the digit 1 typed for the letter l? The rows are "
                "layers_dims[l].",
                "one less outside": "The number of columns is one less than the rows. In `layers_dims[l] - 1` the 1 stands "
                "outside the square brackets, and it belongs inside: layers_dims[l-1].",
                "factor as a size": "The shape is ten times too large: the 10 stands inside the parentheses of randn. Close "
                "them first, and multiply what randn returns.",
            },
        },
        "bias shape": {
            "about": "the shapes of the biases",
            "expected": "{key} of shape {expected}",
            "got": "{key} of shape {got}",
            "hints": {
                "layer 1 everywhere": "Every layer has as many biases as layer 1. It changes with l: (layers_dims[l], 1).",
                "last layer": "These are the units of the last layer. Is there a capital L in place of the small l?",
                "layer number": "The l is the number of the layer, not its size. The size is layers_dims[l].",
                "one dimension": "The shape of a column needs two numbers: (layers_dims[l], 1).",
                "row": "This is a row. The biases are a column: (layers_dims[l], 1).",
                "size before": "These are the units of the layer before. The biases belong to layer l: (layers_dims[l], 1).",
                "one layer late": "These are the units of the layer after. The biases belong to layer l: (layers_dims[l], 1).",
                "like the weights": "This is the shape of the weights. There is one bias for each unit: (layers_dims[l], 1).",
                "one bias": "There is one bias for the whole layer. Every unit has its own: (layers_dims[l], 1).",
                "more dimensions": "The shape has more than two numbers. It needs two: (layers_dims[l], 1).",
                "fixed": "The shapes are the same whatever the list. Are sizes typed in, or taken from a variable "
                "outside the function? Use layers_dims.",
                "any": "The shape of the biases is (layers_dims[l], 1).",
                "one less outside": "That is one row too few. In `layers_dims[l] - 1` the 1 is subtracted from the size. The "
                "shape is (layers_dims[l], 1).",
            },
        },
        "finite": {
            "about": "values that are not finite",
            "expected": "{key} holds finite numbers",
            "got": "{key} holds {got}",
            "hints": {
                "one outside": "The root is of a negative number. In 2 / layers_dims[l] - 1 the 1 is subtracted after the "
                "division. It belongs inside the square brackets: np.sqrt(2 / layers_dims[l-1]).",
                "some nan": "Half of the draws are negative, and the root of a negative number is NaN. Put the "
                "fraction alone under the root: np.sqrt(2 / layers_dims[l-1]).",
                "nan": "NaN comes from a calculation without a result, such as 0 / 0 or the root of a negative number.",
                "infinite": "Infinity comes from a division by zero. Is the number below the fraction line "
                "layers_dims[l-1]?",
                "power of the draws": "** is a power, and a negative number has no such power. To multiply write one star, *.",
            },
        },
        "shared": {
            "about": "fresh arrays",
            "expected": "every array has memory of its own",
            "got": "{key} and {other} share theirs",
            "hints": {
                "any": "They are one array under two names, so a change of one changes the other. Make a new "
                "array for each key, inside the loop.",
                "slices": "They are slices of one large array of draws, which has more numbers than a layer needs. "
                "Draw each W by itself, with one call of np.random.randn in every pass.",
            },
        },
        "kept": {
            "about": "fresh arrays",
            "expected": "every call returns new arrays",
            "got": "{key} of one call is {key} of the next",
            "hints": {
                "any": "The arrays of an earlier call come back, so training would change them for the next call. "
                "Make new ones in every call.",
            },
        },
        "read-only": {
            "about": "fresh arrays",
            "expected": "{key} can be changed",
            "got": "{key} is read-only",
            "hints": {
                "any": "What can't be changed can't be trained. np.broadcast_to makes such arrays: use np.zeros "
                "or np.full.",
            },
        },
        "bias value": {
            "about": "the values of the biases",
            "expected": "{key} is zero",
            "got": "{key} is {got}",
            "hints": {
                "constant": "Every bias starts at zero here. Use np.zeros.",
                "not filled": "np.empty takes memory as it finds it and fills in nothing. Use np.zeros.",
                "drawn": "These biases differ from each other. Here none is drawn, all start at zero: "
                "np.zeros((layers_dims[l], 1)).",
            },
        },
        "zero weight": {
            "about": "the values of the weights",
            "expected": "{where} {expected}",
            "got": "{where} {got}",
            "hints": {
                "ones": "np.ones makes ones. np.zeros makes zeros.",
                "constant": "Every weight is {constant}. Use np.zeros, and add nothing.",
                "identity": "np.eye puts ones on the diagonal. Use np.zeros.",
                "not filled": "np.empty takes memory as it finds it and fills in nothing. Use np.zeros.",
                "random": "These are random numbers, the subject of exercise 2. Here every weight is zero: np.zeros.",
                "any": "Every weight is zero in this exercise. Use np.zeros, and add nothing.",
            },
        },
        "repeat": {
            "about": "two equal calls",
            "expected": "two calls with {dims} return the same",
            "got": "the second call returns something else",
            "hints": {
                "no seed": "Nothing fixes these random numbers before they are drawn. Make np.random.seed(3) the "
                "first line of the function, and draw with np.random.randn: the seed fixes no other "
                "generator.",
                "other": "Does the function keep something between calls, such as a variable outside of it?",
                "seed taken": "np.random.seed has been given a value with =, and is no function any more, so nothing is "
                "seeded. Call it, np.random.seed(3), restart the kernel, and run all cells.",
            },
        },
        "draws": {
            "about": "the values of the weights",
            "expected": "{where} {expected}",
            "got": "{where} {got}",
            "hints": {
                "uniform": "np.random.rand draws evenly from 0 to 1 and is never negative. Use np.random.randn, which "
                "draws from the normal distribution.",
                "other uniform": "These numbers are spread evenly, which is a uniform distribution. np.random.randn draws "
                "from the normal one.",
                "absolute": "No value is negative, but the sizes are right. Leave np.abs away.",
                "added": "The {offset:.4g} was added to the draws. Multiply them by the factor.",
                "offset": "The draws are right, with {offset:.4g} added to them. Multiply, and add nothing.",
                "transposed": "The numbers were drawn for the transposed shape and then turned. Draw with the final "
                "shape: np.random.randn(layers_dims[l], layers_dims[l-1]).",
                "seed inside the loop": "W2 begins with the draws of W1 again. np.random.seed(3) stands inside the loop: move it "
                "before the loop.",
                "biases first": "The stream of random numbers is used for the biases first. They need no draws: use np.zeros.",
                "biases between": "Random numbers were drawn between W1 and W2, as many as W1 has rows: for the biases? They "
                "need no draws: use np.zeros.",
                "extra draws": "{count} random numbers were drawn before {drawn} and are not in it. Draw each W once, and "
                "nothing else.",
                "last layer first": "The layers were drawn from the last to the first. Let the loop go up, W1, W2, ...: "
                "range(1, L + 1) does.",
                "other seed": "These are the draws after np.random.seed({seed}). Take 3, so that all draw the same.",
                "new generator": "These are draws of {generator}, and {spread} Use np.random.seed(3) and np.random.randn.",
                "one number": "The same draw stands in every column. Draw one number for each weight: "
                "np.random.randn(layers_dims[l], layers_dims[l-1]).",
                "bent": "The draws are right, and something else than a factor was done to them, such as a power, "
                "a root or a rounding. Multiply, and do nothing else.",
                "clipped": "Large draws were cut off. A normal draw may be large: leave np.clip away.",
                "rounded": "Nearly right. The values are rounded: leave np.round and small dtypes away.",
                "any": "These are other random numbers, and {spread} Keep np.random.seed(3) as the first line, "
                "and draw W1, W2, ... in this order, each with one call of np.random.randn.",
                "drawn again": "Large draws are missing: they were drawn again, or cut off, as in a truncated normal. A "
                "normal draw has no limit: take every draw as it comes.",
                "standardised": "The draws were divided by their own standard deviation, or their own mean was taken away. "
                "Multiply by the factor alone: 1 is the standard deviation that they are drawn with.",
                "slices": "Each row is the beginning of a longer row: these are slices of one large array of draws. "
                "Draw each W by itself, np.random.randn(layers_dims[l], layers_dims[l-1]).",
            },
        },
        "scale of random": {
            "about": "the values of the weights",
            "expected": "{where} {expected}, the draws times {factor:.4g}",
            "got": "{where} {got}, the draws times {used:.4g}",
            "hints": {
                "zero": "Every weight is zero, as in exercise 1. Draw them with np.random.randn, and multiply by 10.",
                "unscaled": "These are the bare draws. Multiply them by 10.",
                "tenth": "Division by 10 makes them smaller. Multiply them by 10.",
                "hundredth": "The factor 0.01 makes small weights, and this exercise wants large ones. Multiply by 10.",
                "hundred": "The factor is 100. Is the 10 in there twice?",
                "root of ten": "This is the root of 10. Multiply by 10 itself, which is the standard deviation.",
                "he": "This is the scale of exercise 3. Here the factor is 10, in every layer.",
                "negative": "The sign is turned. Multiply by 10, with a plus.",
                "nearly": "The factor is nearly right. Multiply by 10 itself.",
                "some layers": "The factor 10 is right in some layers and not in all. Multiply in every pass of the loop.",
                "any": "The draws are right, their size is not. The factor is 10, in every layer.",
                "own spread": "The draws were divided by their own standard deviation. Multiply by 10 alone: 1 is the "
                "standard deviation that they are drawn with.",
                "accumulated": "The factor comes in more than once: some layers have 10 several times over. Does a loop "
                "over all layers stand inside the loop, or is the factor multiplied again in every pass? "
                "Each layer gets its own factor once.",
                "first layer": "The factor 10 is right in every layer but layer 1. It is the same in all.",
                "last layer": "The factor 10 is right in every layer but the last. It is the same in all.",
            },
        },
        "scale of he": {
            "about": "the values of the weights",
            "expected": "{where} {expected}, the draws times {factor:.4g}",
            "got": "{where} {got}, the draws times {used:.4g}",
            "hints": {
                "zero": "Every weight is zero, as in exercise 1. Draw them with np.random.randn, and multiply by "
                "sqrt(2 / n).",
                "unscaled": "These are the bare draws, or n is 2 in every layer. Multiply them by sqrt(2 / n), with n "
                "the units of the layer before.",
                "ten": "This is the factor 10 of exercise 2. Here it is sqrt(2 / n), with n the units of the "
                "layer before.",
                "hundredth": "This is the factor 0.01. Here it is sqrt(2 / n), with n the units of the layer before.",
                "xavier": "This is Xavier initialization, sqrt(1 / n). He initialization has a 2 where Xavier has a 1.",
                "variance": "This is 2 / n, the variance. Multiply by its square root, the standard deviation.",
                "variance of xavier": "This is 1 / n, as (2 / n) ** 1/2 is too: Python takes the power before the division. "
                "Write np.sqrt(2 / n).",
                "squared": "The 2 / n is squared. Its square root is ** 0.5, or np.sqrt.",
                "root of the 2 alone": "The root takes in the 2 alone. Put the whole fraction under it: sqrt(2 / n).",
                "root of the n alone": "The root takes in the n alone. Put the whole fraction under it: sqrt(2 / n).",
                "integer division": "2 // n drops the fraction, as int(...) does, and 0 is left of most. Use one slash: 2 / n.",
                "fan-out": "The n here is the units of the layer itself, the fan-out. Take the fan-in: layers_dims[l-1].",
                "variance by fan-out": "This is 2 divided by the units of the layer itself. Take the fan-in, layers_dims[l-1], "
                "and the square root.",
                "both fans": "This divides by fan-in plus fan-out, as Xavier initialization can. He initialization "
                "divides by the fan-in alone.",
                "variance by both fans": "This is 2 / (fan-in + fan-out). Divide by the fan-in alone, and take the square root.",
                "xavier by both fans": "This is sqrt(1 / (fan-in + fan-out)). The factor is sqrt(2 / fan-in).",
                "xavier by fan-out": "This is sqrt(1 / n) with n the units of the layer itself. There is a 2 on top, and n is "
                "the fan-in: layers_dims[l-1].",
                "mean of the fans": "This divides by the mean of fan-in and fan-out. He initialization divides by the fan-in alone.",
                "uniform limit": "The 6 belongs to Xavier initialization from a uniform distribution. Here it is sqrt(2 / "
                "n), with n the fan-in alone.",
                "input size": "The n is the same in every layer, and right in layer 1 alone. It changes with l: "
                "layers_dims[l-1].",
                "number of layers": "The n here is the number of layers. It should be units: layers_dims[l-1].",
                "length of the list": "The n here is the length of layers_dims. It should be one entry of it: layers_dims[l-1].",
                "layer number": "The n here is the layer's number l. It should be units: layers_dims[l-1].",
                "layer before that": "The n is taken two layers back. It is one layer back: layers_dims[l-1].",
                "number of weights": "The n here is the number of weights, rows times columns. It should be the columns alone: "
                "layers_dims[l-1].",
                "sum of the sizes": "The n here is the sum of all sizes. It should be one entry: layers_dims[l-1].",
                "no n": "This is the root of 2 in every layer: n is missing, or 1. Divide by the fan-in, under the "
                "root: sqrt(2 / layers_dims[l-1]).",
                "no 2": "This is the root of n. The factor is sqrt(2 / n).",
                "2 below": "This is sqrt(1 / (2 * n)). The 2 belongs on top: sqrt(2 / n).",
                "upside down": "The fraction is upside down, or the draws are divided by it. Multiply by sqrt(2 / n).",
                "product": "This is sqrt(2 * n). Divide by n: sqrt(2 / n).",
                "he times ten": "The scale is right, and then there is the factor 10 of exercise 2. Leave that away.",
                "he times hundredth": "The scale is right, and then there is a factor 0.01. Leave that away.",
                "negative": "The sign is turned. Multiply by sqrt(2 / n), with a plus.",
                "nearly": "The factor is nearly right. Compute it in full, with np.sqrt(2 / layers_dims[l-1]).",
                "same in all layers": "The factor is the same in every layer. Is a number typed in, or taken from "
                "outside the function? It changes with l: np.sqrt(2 / layers_dims[l-1]).",
                "some layers": "The factor is right in some layers and not in all. It changes with l: sqrt(2 / "
                "layers_dims[l-1]).",
                "any": "The draws are right, their size is not. The factor is sqrt(2 / n), with n the units of "
                "the layer before.",
                "own spread": "The draws were divided by their own standard deviation. Multiply by the factor alone: 1 "
                "is the standard deviation that they are drawn with.",
                "accumulated": "The factors of several layers have come together in one: a factor is carried from layer "
                "to layer and grows or shrinks. Compute it anew in every pass.",
                "size of layer 1": "The n is the same in every layer, layers_dims[1]. Was the digit 1 typed for the letter l? "
                "It changes with l: layers_dims[l-1].",
                "last size": "The n is the same in every layer, the size of the last layer. It changes with l: "
                "layers_dims[l-1], with a small l.",
                "one more": "The n is one too many: is the bias counted, or is there a + 1? The fan-in is "
                "layers_dims[l-1] alone.",
                "one less": "The n is one less than the fan-in. The fan-in is layers_dims[l-1], and nothing is "
                "subtracted from it.",
                "one less than fan-out": "The n is layers_dims[l] - 1: the 1 stands outside the square brackets, and it belongs "
                "inside: layers_dims[l-1].",
                "first layer": "The factor is right in every layer but layer 1. The first layer has no ReLU before it, "
                "and still the same formula: sqrt(2 / n).",
                "last layer": "The factor is right in every layer but the last. Its sigmoid changes nothing here: sqrt(2 "
                "/ n) in all layers.",
            },
        },
        "range": {
            "about": "the values of the weights",
            "expected": "{key} has {number} numbers, the smallest and the largest {expected}",
            "got": "{key} has the smallest and the largest {got}",
            "hints": {
                "cut off": "Large draws were cut off, or drawn again. A normal draw has no limit: leave np.clip and "
                "the like away, and take every draw as it comes.",
                "any": "The numbers are right on small layers, and not on this large one. Draw each W with one "
                "call of np.random.randn, whatever its shape.",
            },
        },
        "there": {
            "about": "the function",
            "expected": "a function {name}",
            "got": "no function of that name: none of the cells that were run defines it",
            "hints": {
                "similar": "Is it the one that you call {similar}? Give it its own name back: {name}.",
                "pasted": "Run the cell above, which should define it. Is the name after def there {other}, copied "
                "from that exercise? Rename it to {name}, and run both cells again.",
                "any": "Run the cell above, which defines it. If an error is shown below that cell, Python could "
                "not run it to its end: mend that first.",
            },
        },
        "cell": {
            "about": "the cell of the function",
            "expected": "a cell that Python can read",
            "got": "{error} (line {number}: {line})",
            "hints": {
                "any": "The cell of this exercise, as it was run last, is no Python, so what was there before it still "
                "stands. Mend that line or the one above it, run the cell, and then this check.",
            },
        },
    },
    "preflight": {
        "caption": "Before you hand in: what costs points, and what does not",
        "columns": (
            "looked for",
            "exercise 1 (zeros)",
            "exercise 2 (random)",
            "exercise 3 (He)",
            "costs points?",
        ),
        "ok": "ok",
        "rows": {
            "there": (
                "The function is there, under its name",
                "yes",
            ),
            "parameters": (
                "It takes layers_dims and needs nothing else",
                "yes",
            ),
            "stub": (
                "The line with NotImplementedError is gone",
                "yes, if Python reaches it",
            ),
            "checks": (
                "The visible checks pass",
                "yes, 10 points for each exercise",
            ),
            "names": (
                "It uses no variable from outside",
                "only if the cell that sets it is missing or runs later",
            ),
            "imports": (
                "It uses only packages that the course has",
                "yes, if Python reaches it",
            ),
            "prints": (
                "It prints nothing",
                "no",
            ),
        },
        "missing": "no function {name}",
        "similar": "no function {name}. Is it the one that you call {similar}? Give it the name back.",
        "takes nothing": "takes no parameter",
        "needs": "needs also: {names}",
        "stub reached": "still there, and reached: delete it",
        "stub not reached": "still there, but not reached",
        "fails": "no. Got: {got}. {hint}",
        "uses": "uses {names}: keep the cell that sets it, above this exercise",
        "undefined": "uses {names}, which is not set anywhere",
        "misspelled": "uses {names}, which is not set anywhere. Is it {similar}?",
        "taken": "uses {names}, which one of your cells has set in place of Python's or NumPy's own: rename that "
        "variable",
        "foreign": "uses {names}, which the course does not have",
        "prints": "prints, and may",
        "unknown": "could not be looked at",
        "ready": "All visible checks pass. Extra cells, extra variables and prints cost nothing. Restart the "
        "kernel, run all cells, save, and hand in.",
        "not ready": "Not ready yet: {exercises}. You can hand in all the same; the other exercises keep their points. "
        "Extra cells, extra variables and prints cost nothing.",
        "imported": "Your cells import {names}, which the course does not have, so that import fails where this is "
        "graded. The functions of its cell are kept, but one that uses {names} fails. Delete the import, "
        "or do the same with NumPy or another package of the course. Then restart the kernel and run all "
        "cells.",
        "pasted": "no function {name}. Run its cell. Is the name after def there {other}, copied from that "
        "exercise? Rename it.",
        "fails elsewhere": "no, on {call}. Got: {got}. {hint}",
    },
}
