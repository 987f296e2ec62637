"""What probably went wrong: for each kind of failure its causes, in order.

A cause is its name, for which `SENTENCES` has a hint, and a symptom: a function of the attempt and of what `Attempt.fail`
was told. The first cause whose symptom is there is told.
"""

import builtins
import re
import types

import numpy as np

from expected import SCALES, UNFILLED, UNIFORM, begins_like, close, keys, position, rises, scale
from notebook_cells import is_a
from symptoms import (
    Symptom,
    accumulated,
    all_of,
    always,
    always_as_many,
    by_name,
    cut_off,
    drawn_again,
    found_keys,
    holds_a,
    left_from_before,
    numbered,
    of_dtype,
    of_expected,
    one_outside,
    ones_work,
    own_spread,
    powers,
    raises,
    returned_early,
    returns,
    right_but_in,
    same_everywhere,
    scaled_by,
    scaled_some,
    seed_is_taken,
    shape_of_first,
    shaped,
    sliced,
    unknown_is,
)

Cause = tuple[str, Symptom]
FUNCTIONS = types.FunctionType, types.BuiltinFunctionType, types.MethodType
NUMBERS = int, float, complex, np.generic

# What may be wrong with a factor, whatever it should be.
OF_ANY_SCALE: tuple[Cause, ...] = (
    ("negative", scaled_by(lambda attempt, at: -at.right)),
    ("accumulated", accumulated),
    ("nearly", lambda attempt, at: np.allclose(at.factors, at.right, rtol=0.01)),
    ("first layer", right_but_in(0)),
    ("last layer", right_but_in(-1)),
)

# For each kind of failure its causes: the first that holds is told. A function looks at the attempt, and at what
# it was told where it failed.
CAUSES: dict[str, tuple[Cause, ...]] = {
    "error": (
        ("not a function", lambda attempt, at: not callable(attempt.target)),
        ("parameters", lambda attempt, at: isinstance(at.raised, TypeError) and "argument" in at.error and not at.line),
        ("taken", lambda attempt, at: at.taken),
        ("seed taken", all_of(raises(TypeError, "not callable"), seed_is_taken)),
        ("own variable", all_of(raises(UnboundLocalError), unknown_is(dir(builtins)))),
        ("sizes as indices", ones_work),
        ("layer after", raises(IndexError, on=r"\[\s*\w+\s*\+\s*1\s*\]")),
        (
            "fixed number",
            lambda attempt, at: (
                isinstance(at.raised, (IndexError, ValueError)) and at.works and at.works != list(attempt.sizes)
            ),
        ),
        ("pasted", lambda attempt, at: isinstance(at.raised, NotImplementedError) and at.other),
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
        ("letter for text", all_of(raises(NameError), lambda attempt, at: at.unknown in ("W", "b", "w", "B"))),
        ("parameter name", all_of(raises(NameError), unknown_is({"layers_dims"}))),
        ("n of the formula", all_of(raises(NameError, on=r"sqrt|/"), unknown_is({"n", "n_prev", "fan_in"}))),
        ("name of NumPy", all_of(raises(NameError), unknown_is({*np.__all__, *np.random.__all__}))),
        ("unknown name", raises(NameError)),
        ("attribute of a list", raises(AttributeError, "'list' object")),
        ("attribute of a dict", raises(AttributeError, "'dict' object")),
        ("attribute of a number", raises(AttributeError, "'int' object")),
        (
            "gone from NumPy",
            lambda attempt, at: re.search(r"'numpy' has no attribute '(float|int|bool|object|str|complex)'", at.error),
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
            lambda attempt, at: (
                raises(TypeError, "cannot be interpreted as an integer", r"rand\w*\(.*[*/]")(attempt, at)
                and attempt.exercise.draws
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
            lambda attempt, at: is_a(at.returned, (tuple, list)) and sum(is_a(part, dict) for part in at.returned) > 1,
        ),
        (
            "tuple around a dict",
            lambda attempt, at: is_a(at.returned, tuple) and any(is_a(part, dict) for part in at.returned),
        ),
        ("printed", lambda attempt, at: at.returned is None and attempt.prints()),
        ("nothing", lambda attempt, at: at.returned is None),
        ("sequence", returns(tuple, list)),
        ("array", returns(np.ndarray)),
        ("text", returns(str)),
        ("function", returns(*FUNCTIONS)),
        ("generator", returns(types.GeneratorType)),
        ("coroutine", returns(types.CoroutineType)),
        ("any", always),
    ),
    "keys": (
        ("none", lambda attempt, at: not at.keys),
        ("nested", lambda attempt, at: any(is_a(value, dict) for value in at.returned.values())),
        ("not text", lambda attempt, at: not all(type(key) is str for key in at.keys)),
        ("dict inside the loop", lambda attempt, at: returned_early(attempt, at) and shape_of_first(at) is None),
        ("always 1", lambda attempt, at: returned_early(attempt, at) and shape_of_first(at) == attempt.case.shapes[-1]),
        ("return inside the loop", returned_early),
        ("left from before", left_from_before),
        ("equal sizes", lambda attempt, at: len(set(attempt.sizes)) == 1),
        ("fixed number", always_as_many),
        ("no f", lambda attempt, at: any("{" in key for key in at.keys)),
        ("all inside", lambda attempt, at: any("+" in key for key in at.keys)),
        (
            "lists of layers",
            lambda attempt, at: (
                at.keys == {"W", "b"} and all(is_a(value, (list, tuple)) for value in at.returned.values())
            ),
        ),
        (
            "biases under W",
            lambda attempt, at: (
                at.keys == {f"W{l}" for l in range(1, attempt.layers + 1)}
                and shape_of_first(at) == (attempt.sizes[1], 1)
            ),
        ),
        ("both letters", lambda attempt, at: at.keys == {key.swapcase() for key in keys(1, attempt.layers)}),
        ("small w", lambda attempt, at: at.keys == {key.lower() for key in keys(1, attempt.layers)}),
        ("capital b", lambda attempt, at: at.keys == {key.upper() for key in keys(1, attempt.layers)}),
        ("no number", lambda attempt, at: at.keys == {"W", "b"}),
        (
            "sizes for numbers",
            lambda attempt, at: at.keys == {f"{letter}{n}" for n in attempt.sizes for letter in "Wb"},
        ),
        (
            "sizes for numbers",
            lambda attempt, at: at.keys == {f"{letter}{n}" for n in attempt.sizes[1:] for letter in "Wb"},
        ),
        ("numbered from two", found_keys(2, 1)),
        ("numbered from zero", found_keys(0, -1)),
        ("loop from zero", found_keys(0, 0)),
        ("loop from two", found_keys(2, 0)),
        ("loop one short", found_keys(1, -1)),
        ("loop one long", found_keys(1, 1)),
        ("no biases", lambda attempt, at: at.keys == {f"W{l}" for l in range(1, attempt.layers + 1)}),
        ("no weights", lambda attempt, at: at.keys == {f"b{l}" for l in range(1, attempt.layers + 1)}),
        (
            "extra characters",
            lambda attempt, at: (
                set(keys(1, attempt.layers))
                in ({"".join(filter(str.isalnum, key)) for key in at.keys}, {key[-2:] for key in at.keys})
            ),
        ),
        (
            "letter for number",
            lambda attempt, at: (
                len(at.keys) == 2
                and {key[:1] for key in at.keys} == {"W", "b"}
                and not any(map(str.isdigit, "".join(at.keys)))
            ),
        ),
        ("some missing", lambda attempt, at: at.keys < set(keys(1, attempt.layers))),
        ("more", lambda attempt, at: at.keys > set(keys(1, attempt.layers))),
        ("any", always),
    ),
    "array": (
        ("tuple", holds_a(tuple)),
        ("list", holds_a(list)),
        ("one draw", lambda attempt, at: is_a(at.array, NUMBERS) and at.is_drawn),
        ("number", holds_a(*NUMBERS)),
        ("matrix", holds_a(np.matrix)),
        ("nothing", holds_a(type(None))),
        ("function", holds_a(*FUNCTIONS)),
        ("any", always),
    ),
    "numbers": (
        (
            "array of the sizes",
            lambda attempt, at: (
                at.array.shape == (2,)
                and at.array.tolist() in ([*attempt.case.shapes[at.l - 1]], [attempt.sizes[at.l], 1])
            ),
        ),
        ("zeros_like", lambda attempt, at: at.array.dtype.kind == "i" and at.array.shape == (2,)),
        ("randint", lambda attempt, at: at.is_drawn and at.array.dtype.kind in "iu" and not cut_off(attempt, at)),
        ("int", of_dtype("iu")),
        ("bool", of_dtype("b")),
        ("complex", of_dtype("c")),
        ("text", of_dtype("U")),
        ("object", of_dtype("O")),
        ("any", always),
    ),
    "weight shape": (
        ("one dimension", lambda attempt, at: len(at.got) < 2),
        ("more dimensions", lambda attempt, at: len(at.got) > 2),
        ("layer number", lambda attempt, at: at.got == (at.l, at.l - 1)),
        ("fixed", same_everywhere),
        ("layer 1 everywhere", lambda attempt, at: at.got == (at.first, attempt.sizes[0])),
        ("rows of layer 1", shaped("first", "before")),
        ("last layer", lambda attempt, at: at.got == (attempt.sizes[-1], attempt.sizes[-2])),
        ("transposed", shaped("before", "n")),
        ("own size twice", shaped("n", "n")),
        ("size before twice", shaped("before", "before")),
        ("one layer early", shaped("before", "earlier")),
        ("one layer late", shaped("after", "n")),
        ("like the biases", shaped("n", 1)),
        ("input size", lambda attempt, at: at.got == (at.n, attempt.sizes[0])),
        ("one less outside", lambda attempt, at: at.got == (at.n, at.n - 1)),
        (
            "factor as a size",
            lambda attempt, at: attempt.exercise.draws and at.got in ((at.n, 10 * at.before), (10 * at.n, at.before)),
        ),
        ("any", always),
    ),
    "bias shape": (
        ("one dimension", lambda attempt, at: len(at.got) < 2),
        ("more dimensions", lambda attempt, at: len(at.got) > 2),
        ("layer number", numbered),
        ("one bias", shaped(1, 1)),
        ("fixed", same_everywhere),
        ("layer 1 everywhere", shaped("first", 1)),
        (
            "last layer",
            lambda attempt, at: at.got == (attempt.sizes[-1], 1) and at.found.get((3, 3, 3), {}).get(at.key) == (3, 1),
        ),
        ("row", shaped(1, "n")),
        ("like the weights", shaped("n", "before")),
        ("size before", shaped("before", 1)),
        ("one layer late", shaped("after", 1)),
        ("one less outside", lambda attempt, at: at.got == (at.n - 1, 1)),
        ("any", always),
    ),
    "finite": (
        ("power of the draws", lambda attempt, at: at.is_drawn and powers(attempt, at)),
        ("one outside", lambda attempt, at: at.is_drawn and one_outside(attempt, at)),
        ("some nan", lambda attempt, at: at.is_drawn and np.isnan(at.array).any() and not np.isnan(at.array).all()),
        ("nan", lambda attempt, at: np.isnan(at.array).any()),
        ("infinite", always),
    ),
    "shared": (
        (
            "slices",
            lambda attempt, at: (
                attempt.is_drawn(at.key) and attempt.is_drawn(at.other) and at.arrays[0].base is not None
            ),
        ),
        ("any", always),
    ),
    "kept": (("any", always),),
    "read-only": (("any", always),),
    "bias value": (
        ("not filled", lambda attempt, at: np.abs(at.array).max() > UNFILLED / 10),
        ("drawn", lambda attempt, at: at.drawn),
        ("constant", always),
    ),
    "zero weight": (
        ("not filled", lambda attempt, at: np.abs(at.values).max() > UNFILLED / 10),
        ("ones", lambda attempt, at: (at.values == 1).all()),
        ("constant", lambda attempt, at: np.ptp(at.values) == 0),
        ("identity", lambda attempt, at: all(np.array_equal(weight, np.eye(*weight.shape)) for weight in at.weights)),
        ("random", lambda attempt, at: not at.repeats or position(at.weights[0]) is not None),
        ("any", always),
    ),
    "repeat": (
        ("seed taken", seed_is_taken),
        ("no seed", lambda attempt, at: attempt.exercise.draws),
        ("other", always),
    ),
    "range": (
        # Where numbers stand there twice, too few were drawn.
        (
            "cut off",
            lambda attempt, at: (
                np.abs(at.ends).max() < 0.999 * np.abs(at.limits).max() and np.unique(at.array).size > 0.9 * at.number
            ),
        ),
        ("any", always),
    ),
    "draws": (
        ("one number", lambda attempt, at: at.W1.shape[1] > 1 and not np.ptp(at.W1, axis=1).any()),
        ("absolute", of_expected(lambda weight, value: np.abs(value))),
        ("added", lambda attempt, at: close(at.W1.ravel(), at.from_stream + at.offset).all()),
        (
            "standardised",
            lambda attempt, at: (
                np.isclose(at.W1.std(), scale(attempt.exercise.scale, attempt.sizes)[0], rtol=1e-4)
                and abs(at.W1.mean()) < 1e-6 * at.W1.std()
            ),
        ),
        (
            "offset",
            lambda attempt, at: (
                abs(at.slope) > 1e-3
                and close(at.W1.ravel(), at.slope * at.from_stream + at.offset).all()
                and at.first is None
            ),
        ),
        ("clipped", of_expected(lambda weight, value: np.clip(value, weight.min(), weight.max()))),
        ("drawn again", drawn_again),
        (
            "rounded",
            lambda attempt, at: all(
                np.allclose(weight, value, atol=0.06) for weight, value in zip(at.weights, attempt.case.weights)
            ),
        ),
        ("transposed", lambda attempt, at: position(at.W1.T) == 0 and at.rows > 1),
        ("seed inside the loop", lambda attempt, at: at.first == at.second == 0),
        ("last layer first", lambda attempt, at: at.first and at.second is not None and at.second < at.first),
        ("biases first", lambda attempt, at: at.first in (at.rows, sum(attempt.sizes[1:]))),
        ("biases between", lambda attempt, at: at.first == 0 and at.second == at.W1.size + at.rows),
        ("extra draws", lambda attempt, at: at.first or (at.second or 0) > at.W1.size),
        ("uniform", lambda attempt, at: begins_like(at.W1, UNIFORM)),
        (
            "bent",
            lambda attempt, at: (
                at.from_stream.size > 5
                and any(rises(at.W1.ravel(), by) for by in (at.from_stream, np.abs(at.from_stream)))
            ),
        ),
        ("slices", sliced),
        ("drawn again", lambda attempt, at: at.bounded),
        ("other uniform", lambda attempt, at: at.even),
        ("new generator", lambda attempt, at: at.generator is not None),
        ("other seed", lambda attempt, at: at.seed is not None),
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
        ("same in all layers", lambda attempt, at: attempt.layers > 1 and np.allclose(at.factors, at.factors[0])),
        ("some layers", scaled_some),
        ("any", always),
    ),
}
