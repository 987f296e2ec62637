"""Answers as learners write them, wrong and right, and the message that each wrong one must get.

An answer is the text of an exercise's cell. What differs between the exercises is
written once: «rows, columns» stands for the weights of that shape, NAME for the
function's name, and SEED for the line that seeds the draws.
"""

import re
from dataclasses import dataclass

WEIGHTS = {
    "zeros": "np.zeros(({rows}, {columns}))",
    "random": "np.random.randn({rows}, {columns}) * 10",
    "he": "np.random.randn({rows}, {columns}) * np.sqrt(2 / {columns})",
}
SOLUTION = """
def NAME(layers_dims):
    SEED
    parameters = {}
    L = len(layers_dims) - 1
    for l in range(1, L + 1):
        parameters["W" + str(l)] = «layers_dims[l], layers_dims[l-1]»
        parameters["b" + str(l)] = np.zeros((layers_dims[l], 1))
    return parameters
"""
W_KEY, B_KEY = 'parameters["W" + str(l)]', 'parameters["b" + str(l)]'
W_VALUE, B_VALUE = "«layers_dims[l], layers_dims[l-1]»", "np.zeros((layers_dims[l], 1))"
W_LINE, B_LINE = f"{W_KEY} = {W_VALUE}", f"{B_KEY} = {B_VALUE}"
LOOP = "range(1, L + 1)"
RETURN = "    return parameters\n"


@dataclass(frozen=True)
class Answer:
    """One answer to one exercise.

    Attributes
    ----------
    exercise : str
        ``zeros``, ``random`` or ``he``.
    name : str
        What is special about it.
    source : str
        The text of the cell.
    message : str
        For a wrong answer, the kind and the mistake of the message that it must get,
        or ``hidden`` and the category.
    words : tuple of str
        What else the message must contain: keyed to what this very answer returned.
    """

    exercise: str
    name: str
    source: str
    message: str = ""
    words: tuple = ()

    @property
    def id(self):
        return f"{self.exercise}: {self.name}"


def cell(exercise, template, *changes):
    """Return the text of an exercise's cell: a template, with each (old, new) change made."""
    for old, new in changes:
        assert old in template, f"{old!r} is not in the answer that it should change"
        template = template.replace(old, new)

    def weights(match):
        return WEIGHTS[exercise].format(rows=match[1], columns=match[2])

    seed = "" if exercise == "zeros" else "np.random.seed(3)"
    text = re.sub(r"«(.+?), ([^«]+?)»", weights, template)
    lines = text.replace("NAME", f"initialize_parameters_{exercise}").replace("SEED", seed).strip("\n").splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip()) + "\n"


EXERCISES = ("zeros", "random", "he")

# ------------------------------------------------------ wrong, whatever the exercise

# name, changes of SOLUTION or a template of its own, message, words
WRONG_ANYWHERE = [
    # shapes
    (
        "weights transposed",
        [(W_VALUE, "«layers_dims[l-1], layers_dims[l]»")],
        "weight shape/transposed",
        ["(5, 7)", "(7, 5)", "swapped"],
    ),
    (
        "own size twice",
        [(W_VALUE, "«layers_dims[l], layers_dims[l]»")],
        "weight shape/own size twice",
        ["(5, 7)", "(5, 5)", "layers_dims[l-1]"],
    ),
    (
        "size before twice",
        [(W_VALUE, "«layers_dims[l-1], layers_dims[l-1]»")],
        "weight shape/size before twice",
        ["(7, 7)", "layers_dims[l]"],
    ),
    (
        "keys moved, sizes not",
        [(LOOP, "range(L)"), ('"W" + str(l)', '"W" + str(l + 1)'), ('"b" + str(l)', '"b" + str(l + 1)')],
        "weight shape/one layer early",
        ["(7, 6)", "layers_dims[l+1]"],
    ),
    (
        "sizes of the next layer",
        [
            (LOOP, "range(1, L)"),
            (W_VALUE, "«layers_dims[l+1], layers_dims[l]»"),
            (
                RETURN,
                "    parameters['W' + str(L)] = «1, 1»\n    parameters['b' + str(L)] = np.zeros((1, 1))\n" + RETURN,
            ),
        ],
        "weight shape/one layer late",
        ["(2, 5)", "layer after"],
    ),
    (
        "columns of layer 1 everywhere",
        [(W_VALUE, "«layers_dims[l], layers_dims[0]»")],
        "weight shape/input size",
        ["W2", "(2, 7)"],
    ),
    ("one row too many", [(W_VALUE, "«layers_dims[l] + 1, layers_dims[l-1]»")], "weight shape/any", ["(6, 7)"]),
    ("weights as a column", [(W_VALUE, "«layers_dims[l], 1»")], "weight shape/like the biases", ["(5, 1)"]),
    (
        "weights in one row of numbers",
        [(W_LINE, W_KEY + " = (" + W_VALUE + ").ravel()")],
        "weight shape/one dimension",
        ["(35,)", "two numbers: rows and columns"],
    ),
    (
        "the sizes of layer 1 everywhere",
        [(W_VALUE, "«layers_dims[1], layers_dims[0]»")],
        "weight shape/layer 1 everywhere",
        ["W2", "(5, 7)", "changes with l"],
    ),
    (
        "L for l in the weights",
        [(W_VALUE, "«layers_dims[L], layers_dims[L-1]»")],
        "weight shape/last layer",
        ["(6, 2)", "capital L"],
    ),
    (
        "as many biases as layer 1 has",
        [(B_VALUE, "np.zeros((layers_dims[1], 1))")],
        "bias shape/layer 1 everywhere",
        ["b2", "(5, 1)"],
    ),
    (
        "L for l in the biases",
        [(B_VALUE, "np.zeros((layers_dims[L], 1))")],
        "bias shape/last layer",
        ["(6, 1)", "capital L"],
    ),
    (
        "as many biases as the layer's number",
        [(B_VALUE, "np.zeros((l, 1))")],
        "bias shape/layer number",
        ["(1, 1)", "number of the layer"],
    ),
    ("biases without a shape", [(B_VALUE, "np.array(0.0)")], "bias shape/one dimension", ["b1 of shape ()"]),
    (
        "weights with a third dimension",
        [(W_LINE, W_KEY + " = (" + W_VALUE + ")[None]")],
        "weight shape/more dimensions",
        ["(1, 5, 7)"],
    ),
    (
        "a global list in place of the parameter",
        [
            ("def NAME", "dims = [2, 10, 5, 1]\n\ndef NAME"),
            ("len(layers_dims)", "len(dims)"),
            (W_VALUE, "«dims[l], dims[l-1]»"),
            (B_VALUE, "np.zeros((dims[l], 1))"),
        ],
        "weight shape/fixed",
        ["(10, 2)", "outside"],
    ),
    (
        "biases of fixed sizes",
        [("def NAME", "dims = [2, 10, 5, 1]\n\ndef NAME"), (B_VALUE, "np.zeros((dims[l], 1))")],
        "bias shape/fixed",
        ["b1", "(10, 1)"],
    ),
    (
        "biases of another size",
        [(B_VALUE, "np.zeros((layers_dims[l] + 4, 1))")],
        "bias shape/any",
        ["(9, 1)", "(layers_dims[l], 1)"],
    ),
    (
        "biases of the next layer",
        [(B_VALUE, "np.zeros((layers_dims[min(l + 1, L)], 1))")],
        "bias shape/one layer late",
        ["(2, 1)", "layer after"],
    ),
    (
        "biases with a third dimension",
        [(B_VALUE, "np.zeros((layers_dims[l], 1, 1))")],
        "bias shape/more dimensions",
        ["(5, 1, 1)"],
    ),
    ("1-D biases", [(B_VALUE, "np.zeros(layers_dims[l])")], "bias shape/one dimension", ["b1", "(5,)", "(5, 1)"]),
    ("biases as a row", [(B_VALUE, "np.zeros((1, layers_dims[l]))")], "bias shape/row", ["(1, 5)", "column"]),
    (
        "biases of the layer before",
        [(B_VALUE, "np.zeros((layers_dims[l-1], 1))")],
        "bias shape/size before",
        ["(7, 1)"],
    ),
    (
        "biases shaped like weights",
        [(B_VALUE, "np.zeros((layers_dims[l], layers_dims[l-1]))")],
        "bias shape/like the weights",
        ["b1", "(5, 7)"],
    ),
    ("one bias for a layer", [(B_VALUE, "np.zeros((1, 1))")], "bias shape/one bias", ["(1, 1)", "Every unit"]),
    # the loop
    ("loop from 0 to L", [(LOOP, "range(0, L + 1)")], "keys/loop from zero", ["W0", "W3", "start at 1"]),
    ("loop from 0, one short", [(LOOP, "range(L)")], "keys/numbered from zero", ["W0", "layer 1"]),
    ("loop from 2", [(LOOP, "range(2, L + 1)")], "keys/loop from two", ["Layer 1 is missing"]),
    ("loop one short", [(LOOP, "range(1, L)")], "keys/loop one short", ["the keys W1, b1, W2, b2\n", "last layer"]),
    (
        "loop one long",
        [(LOOP, "range(1, L + 2)")],
        "error/index",
        ["IndexError", "4 entries", "last index is 3", "(line "],
    ),
    (
        "one layer too many, of its own size",
        [(RETURN, "    parameters['W4'] = «1, 1»\n    parameters['b4'] = np.zeros((1, 1))\n" + RETURN)],
        "keys/loop one long",
        ["W4", "too many"],
    ),
    (
        "return inside the loop",
        [(RETURN, "        return parameters\n")],
        "keys/return inside the loop",
        ["below the loop"],
    ),
    (
        "a loop over the sizes, used as numbers",
        [(LOOP, "layers_dims")],
        "error/sizes as indices",
        ["IndexError", "range(1, len(layers_dims))"],
    ),
    (
        "layers found by their size",
        [(f"for l in {LOOP}:", "for n in layers_dims[1:]:\n        l = layers_dims.index(n)")],
        "keys/equal sizes",
        ["[3, 3, 3]", "loop over the numbers"],
    ),
    ("every second layer", [(LOOP, "range(1, L + 1, 2)")], "keys/some missing", ["Missing: W2, b2."]),
    (
        "biases below the loop",
        [(f"        {B_LINE}", f"    {B_LINE}")],
        "keys/some missing",
        ["Missing: b1, b2.", "inside the loop"],
    ),
    (
        "dict made inside the loop",
        [("    parameters = {}\n", ""), (f"        {W_LINE}", f"        parameters = {{}}\n        {W_LINE}")],
        "keys/dict inside the loop",
        ["W3", "before the loop"],
    ),
    (
        "a loop that never ends",
        [(f"for l in {LOOP}:", "l = 1\n    while l <= L:")],
        "error/never ends",
        ["after 5 seconds", "(line "],
    ),
    (
        "only two layers, typed in",
        """
def NAME(layers_dims):
    SEED
    W1 = «layers_dims[1], layers_dims[0]»
    b1 = np.zeros((layers_dims[1], 1))
    W2 = «layers_dims[2], layers_dims[1]»
    b2 = np.zeros((layers_dims[2], 1))
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
""",
        "keys/fixed number",
        ["W2, b2\n", "whatever the list"],
    ),
    (
        "only three layers, typed in",
        """
def NAME(layers_dims):
    SEED
    parameters = {}
    parameters["W1"] = «layers_dims[1], layers_dims[0]»
    parameters["b1"] = np.zeros((layers_dims[1], 1))
    parameters["W2"] = «layers_dims[2], layers_dims[1]»
    parameters["b2"] = np.zeros((layers_dims[2], 1))
    parameters["W3"] = «layers_dims[3], layers_dims[2]»
    parameters["b3"] = np.zeros((layers_dims[3], 1))
    return parameters
""",
        "error/fixed number",
        [", 3])\n", "works for [7, 5, 2, 6]"],
    ),
    # what is returned
    ("nothing returned", [(RETURN, "")], "type/nothing", ["None", "return parameters"]),
    ("printed, not returned", [(RETURN, "    print(parameters)\n")], "type/printed", ["None", "Printing"]),
    ("a tuple with the dict", [(RETURN, "    return parameters, L\n")], "type/tuple around a dict", ["of type tuple"]),
    (
        "a list of arrays",
        [
            ("parameters = {}", "parameters = []"),
            (W_LINE, f"parameters.append({W_VALUE})"),
            (B_LINE, f"parameters.append({B_VALUE})"),
        ],
        "type/sequence",
        ["of type list", "one dict"],
    ),
    ("the last array alone", [(RETURN, "    return " + W_KEY + "\n")], "type/array", ["of type ndarray", "One array"]),
    ("a coroutine", [("def NAME", "async def NAME")], "type/coroutine", ["of type coroutine", "async"]),
    ("a number", [(RETURN, "    return L\n")], "type/any", ["of type int"]),
    ("a text", [(RETURN, "    return str(parameters)\n")], "type/text", ["of type str"]),
    ("itself", [(RETURN, "    return NAME\n")], "type/function", ["of type function"]),
    (
        "a method that was not called",
        [(RETURN, "    return parameters.copy\n")],
        "type/function",
        ["not what it returns"],
    ),
    ("a generator", [(RETURN, "    yield parameters\n")], "type/generator", ["of type generator", "yield"]),
    # the keys
    (
        "an empty dict",
        [
            ("for l in", "other = {}\n    for l in"),
            (W_KEY, W_KEY.replace("parameters", "other")),
            (B_KEY, B_KEY.replace("parameters", "other")),
        ],
        "keys/none",
        ["empty"],
    ),
    (
        "return before the loop",
        [("    for l in", "    return parameters\n    for l in")],
        "keys/none",
        ["before `return`"],
    ),
    (
        "keys with the sizes",
        [(LOOP, "layers_dims"), (W_VALUE, "«l, l»"), (B_VALUE, "np.zeros((l, 1))")],
        "keys/sizes for numbers",
        ["W5"],
    ),
    (
        "keys W1 in every layer",
        [('"W" + str(l)', '"W1"'), ('"b" + str(l)', '"b1"')],
        "keys/always 1",
        ["typed into the keys"],
    ),
    ("keys one number too high", [("str(l)", "str(l + 1)")], "keys/numbered from two", ["W4", "too high"]),
    ("keys w1", [('"W"', '"w"')], "keys/small w", ["w1, b1", "capital W"]),
    ("keys B1", [('"b"', '"B"')], "keys/capital b", ["B1", "small b"]),
    ("keys W_1", [('"W"', '"W_"'), ('"b"', '"b_"')], "keys/extra characters", ["W_1"]),
    ("keys weights1", [('"W"', '"weights"'), ('"b"', '"biases"')], "keys/any", ["weights1"]),
    ("keys one number too low", [("str(l)", "str(l - 1)")], "keys/numbered from zero", ["W0"]),
    (
        "keys without a number",
        [('"W" + str(l)', '"W"'), ('"b" + str(l)', '"b"')],
        "keys/no number",
        ["the keys W, b\n"],
    ),
    ("keys with the letter l", [('"W" + str(l)', '"Wl"'), ('"b" + str(l)', '"bl"')], "keys/letter for number", ["Wl"]),
    (
        "keys with str(l) in quotation marks",
        [('"W" + str(l)', '"Wstr(l)"'), ('"b" + str(l)', '"bstr(l)"')],
        "keys/letter for number",
        ["Wstr(l)", "stays as it is"],
    ),
    (
        "the whole sum in quotation marks",
        [('"W" + str(l)', '"W + str(l)"'), ('"b" + str(l)', '"b + str(l)"')],
        "keys/all inside",
        ["W + str(l)", "Only the letter"],
    ),
    (
        "keys with an f forgotten",
        [('"W" + str(l)', '"W{l}"'), ('"b" + str(l)', '"b{l}"')],
        "keys/no f",
        ["W{l}", "an f stands before"],
    ),
    ("keys w1 and B1", [('"W"', '"w"'), ('"b"', '"B"')], "keys/both letters", ["w1, B1", "other way round"]),
    ("keys dW1", [('"W"', '"dW"'), ('"b"', '"db"')], "keys/extra characters", ["dW1", "nothing before"]),
    (
        "biases under the keys of the weights",
        [('"b" + str(l)', '"W" + str(l)')],
        "keys/biases under W",
        ["replaced the weights"],
    ),
    (
        "two lists in the dict",
        [
            ("parameters = {}", 'parameters = {"W": [], "b": []}'),
            (W_LINE, f'parameters["W"].append({W_VALUE})'),
            (B_LINE, f'parameters["b"].append({B_VALUE})'),
        ],
        "keys/lists of layers",
        ["the keys W, b\n", "one list"],
    ),
    ("numbers as keys", [('"W" + str(l)', "l"), ('"b" + str(l)', "-l")], "keys/not text", ["the keys 1, -1"]),
    (
        "a dict for each layer",
        [(W_LINE, f"parameters[str(l)] = {{'W': {W_VALUE}}}"), (B_LINE, f"parameters[str(l)]['b'] = {B_VALUE}")],
        "keys/nested",
        ["one level"],
    ),
    ("biases missing", [(f"        {B_LINE}\n", "")], "keys/no biases", ["the keys W1, W2, W3\n"]),
    ("weights missing", [(f"        {W_LINE}\n", "")], "keys/no weights", ["the keys b1, b2, b3\n"]),
    ("L in the dict too", [(RETURN, "    parameters['L'] = L\n" + RETURN)], "keys/more", ["L"]),
    (
        "a global dict",
        [("    parameters = {}\n", ""), ("def NAME", "parameters = {}\n\ndef NAME")],
        "keys/left from before",
        [", 3])\n", "W3", "parameters = {}"],
    ),
    # the arrays
    (
        "lists",
        [(RETURN, "    return {key: value.tolist() for key, value in parameters.items()}\n")],
        "array/list",
        ["W1 is of type list"],
    ),
    ("a comma at the end of the line", [(W_LINE, W_LINE + ",")], "array/tuple", ["W1 is of type tuple", "comma"]),
    ("a zero for the biases", [(B_VALUE, "0")], "array/number", ["b1 is of type int"]),
    (
        "matrices",
        [(RETURN, "    return {key: np.asmatrix(value) for key, value in parameters.items()}\n")],
        "array/matrix",
        ["W1 is of type matrix"],
    ),
    ("None for the biases", [(B_VALUE, "None")], "array/nothing", ["b1 is of type None"]),
    ("a text for the biases", [(B_VALUE, "'zeros'")], "array/any", ["b1 is of type str"]),
    (
        "numbers as text",
        [(B_VALUE, "np.array([['0']] * layers_dims[l])")],
        "numbers/text",
        ["b1 holds numbers of type <U1"],
    ),
    (
        "dates",
        [(B_VALUE, "np.array([['2015-12-07']] * layers_dims[l], dtype='datetime64')")],
        "numbers/any",
        ["datetime64"],
    ),
    ("a function for the biases", [(B_VALUE, "np.zeros")], "array/function", ["b1 is of type builtin"]),
    (
        "whole numbers",
        [(RETURN, "    return {key: value.astype(int) for key, value in parameters.items()}\n")],
        "numbers/int",
        ["int64", "float"],
    ),
    (
        "a column of whole zeros",
        [(B_VALUE, "np.array([[0]] * layers_dims[l])")],
        "numbers/int",
        ["b1", "np.array([[0]])"],
    ),
    (
        "zeros_like of a tuple",
        [(B_VALUE, "np.zeros_like((layers_dims[l], 1))")],
        "numbers/zeros_like",
        ["b1", "np.zeros_like"],
    ),
    ("True and False", [(B_VALUE, "np.zeros((layers_dims[l], 1), dtype=bool)")], "numbers/bool", ["b1", "bool"]),
    ("complex numbers", [(B_VALUE, "np.zeros((layers_dims[l], 1)) * 1j")], "numbers/complex", ["complex128"]),
    ("objects", [(B_VALUE, "np.array([[None]] * layers_dims[l])")], "numbers/object", ["object"]),
    ("NaN", [(B_VALUE, "np.full((layers_dims[l], 1), np.nan)")], "finite/nan", ["b1 holds NaN"]),
    ("infinity", [(B_VALUE, "np.full((layers_dims[l], 1), np.inf)")], "finite/infinite", ["b1 holds infinity"]),
    (
        "one array for all biases",
        [("for l in", "zeros = np.zeros((max(layers_dims), 1))\n    for l in"), (B_VALUE, "zeros[:layers_dims[l]]")],
        "shared/any",
        ["b1 and b2"],
    ),
    (
        "arrays of the call before",
        [
            (
                "(layers_dims):",
                "(layers_dims, done={}):\n    if tuple(layers_dims) in done:\n        return done[tuple(layers_dims)]",
            ),
            (RETURN, "    done[tuple(layers_dims)] = parameters\n" + RETURN),
        ],
        "kept/any",
        ["W1 of one call"],
    ),
    (
        "biases that can't be changed",
        [(B_VALUE, "np.broadcast_to(0.0, (layers_dims[l], 1))")],
        "read-only/any",
        ["b1 is read-only"],
    ),
    ("biases of one", [(B_VALUE, "np.ones((layers_dims[l], 1))")], "bias value/constant", ["b1 is 1, 1, 1"]),
    ("biases from np.empty", [(B_VALUE, "np.empty((layers_dims[l], 1))")], "bias value/not filled", ["np.empty"]),
    ("random biases", [(B_VALUE, "np.random.randn(layers_dims[l], 1)")], "bias value/drawn", ["b1 is "]),
    # the argument, the signature, the cell
    (
        "the list used up",
        """
def NAME(layers_dims):
    SEED
    parameters, l = {}, 0
    while len(layers_dims) > 1:
        l += 1
        n_in = layers_dims.pop(0)
        parameters[f"W{l}"] = «layers_dims[0], n_in»
        parameters[f"b{l}"] = np.zeros((layers_dims[0], 1))
    return parameters
""",
        "argument/any",
        ["[7, 5, 2, 6]", "it is [6]", "copy"],
    ),
    (
        "a second parameter",
        [("(layers_dims):", "(layers_dims, seed):")],
        "error/parameters",
        ["seed", "def initialize_parameters_"],
    ),
    (
        "the name used again",
        [(RETURN, RETURN + "\nNAME = NAME([2, 10, 5, 1])\n")],
        "error/not a function",
        ["dict", "used again"],
    ),
    (
        "the stub left in",
        [("    parameters = {}\n", "    parameters = {}\n    raise NotImplementedError()\n")],
        "error/not written",
        ["NotImplementedError", "(line ", "delete the line"],
    ),
    # what Python says
    (
        "an unknown name",
        [("len(layers_dims)", "len(layer_dims)")],
        "error/unknown name",
        ["NameError", "uses layer_dims,"],
    ),
    (
        "another name after def than inside",
        [("def NAME(layers_dims):", "def NAME(dims):")],
        "error/parameter name",
        ["NameError", "parentheses after def"],
    ),
    (
        "a function of NumPy's without np",
        [(B_VALUE, "zeros((layers_dims[l], 1))")],
        "error/name of NumPy",
        ["uses zeros alone"],
    ),
    ("a name before its value", [("len(layers_dims) - 1", "L - 1")], "error/unset name", ["reads L "]),
    ("text plus a number", [('"W" + str(l)', '"W" + l')], "error/text plus number", ["TypeError", "str(l)", "(line "]),
    ("np.zeros with two numbers", [(B_VALUE, "np.zeros(layers_dims[l], 1)")], "error/shape not a tuple", ["two pairs"]),
    ("a loop over L", [(LOOP, "L")], "error/loop over a number", ["not iterable"]),
    (
        "round brackets for an entry",
        [(B_VALUE, "np.zeros((layers_dims(l), 1))")],
        "error/call for an entry",
        ["layers_dims[l]"],
    ),
    (
        "a star forgotten",
        [(B_VALUE, "np.zeros((layers_dims[l], 1)) (0)")],
        "error/call for an entry",
        ["not callable", "a product a star"],
    ),
    (
        "two indices in one list",
        [(B_VALUE, "np.zeros((layers_dims[l, 0], 1))")],
        "error/index not whole",
        ["one whole number"],
    ),
    (
        "the list as a size",
        [(B_VALUE, "np.zeros((layers_dims, 1))")],
        "error/range of a list",
        ["layers_dims[l] in a shape"],
    ),
    ("a loop up to a fraction", [(LOOP, "range(1, L / 1 + 1)")], "error/shape not whole", ["range and a shape"]),
    (
        "a method that lists do not have",
        [("len(layers_dims) - 1", "layers_dims.len() - 1")],
        "error/attribute of a list",
        ["len(layers_dims)"],
    ),
    (
        "a dict filled like a list",
        [(W_LINE, f"parameters.append({W_VALUE})")],
        "error/attribute of a dict",
        ["square brackets"],
    ),
    (
        "a loop that never ends and catches errors",
        [
            (
                f"for l in {LOOP}:",
                "l = 1\n    while l <= L:\n        try:\n            L = L / 1\n        except Exception:\n            pass",
            )
        ],
        "error/never ends",
        ["after 5 seconds"],
    ),
    (
        "square brackets for a call",
        [("len(layers_dims) - 1", "len[layers_dims] - 1")],
        "error/entry for a call",
        ["len(layers_dims)"],
    ),
    ("a loop over range(list)", [(LOOP, "range(layers_dims)")], "error/range of a list", ["len(layers_dims)"]),
    (
        "a size that is a fraction",
        [(B_VALUE, "np.zeros((layers_dims[l] / 1, 1))")],
        "error/shape not whole",
        ["whole number"],
    ),
    (
        "a value read before it is set",
        [(B_VALUE, 'np.zeros((len(parameters["w" + str(l)]), 1))')],
        "error/key",
        ["KeyError", "w1"],
    ),
    (
        "an attribute that is not there",
        [(B_VALUE, "np.zero((layers_dims[l], 1))")],
        "error/attribute",
        ["zero", "spelling"],
    ),
    (
        "three names for four sizes",
        [("    L =", "    n_x, n_h, n_y = layers_dims\n    L =")],
        "error/unpacking",
        ["ValueError", "unpack"],
    ),
    (
        "a list divided by a number",
        [("    L =", "    half = layers_dims / 2\n    L =")],
        "error/arithmetic on a list",
        ["does not compute"],
    ),
    (
        "a division by zero",
        [("    L =", "    half = 1 / (len(layers_dims) - 4)\n    L =")],
        "error/division by zero",
        ["ZeroDivisionError"],
    ),
    (
        "a library that is not there",
        [("    L =", "    import tensorflow_of_mine\n    L =")],
        "error/import",
        ["tensorflow_of_mine"],
    ),
    ("itself, called again", [(RETURN, "    return NAME(layers_dims)\n")], "error/recursion", ["RecursionError"]),
    ("the end of the program", [(RETURN, "    raise SystemExit\n")], "error/exit", ["SystemExit"]),
    (
        "another error",
        [("    L =", "    assert len(layers_dims) == 3, 'three sizes'\n    L =")],
        "error/any",
        ["AssertionError: three sizes", "assert len"],
    ),
    # slips of the keyboard
    (
        "== for =, with the weights",
        [(W_LINE, W_LINE.replace(" = ", " == "))],
        "error/comparison",
        ["KeyError", "single ="],
    ),
    ("== for =, with the biases", [(B_LINE, B_LINE.replace(" = ", " == "))], "error/comparison", ["b1", "single ="]),
    (
        "a 1 outside the brackets of the weights",
        [(W_VALUE, "«layers_dims[l], (layers_dims[l]-1)»")],
        "weight shape/one less outside",
        ["(5, 4)", "outside the square brackets"],
    ),
    (
        "a 1 taken from the biases",
        [(B_VALUE, "np.zeros((layers_dims[l]-1, 1))")],
        "bias shape/one less outside",
        ["(4, 1)", "subtracted"],
    ),
    (
        "the digit 1 for the letter l in the rows",
        [(W_VALUE, "«layers_dims[1], layers_dims[l-1]»")],
        "weight shape/rows of layer 1",
        ["W2", "(5, 5)", "digit 1"],
    ),
    (
        "sizes of the next layer, without an end",
        [(W_VALUE, "«layers_dims[l+1], layers_dims[l]»"), (B_VALUE, "np.zeros((layers_dims[l+1], 1))")],
        "error/layer after",
        ["IndexError", "l + 1 goes beyond"],
    ),
    (
        "the length of an entry",
        [(B_VALUE, "np.zeros((len(layers_dims[l]), 1))")],
        "error/length of a number",
        ["no len()"],
    ),
    (
        "toString, as in Java",
        [('"b" + str(l)', '"b" + l.toString()')],
        "error/attribute of a number",
        ["toString", "str(l)"],
    ),
    ("W without quotation marks", [('"W"', "W")], "error/letter for text", ["The W stands there", "quotation marks"]),
    ("b without quotation marks", [('"b"', "b")], "error/letter for text", ["The b stands there"]),
    ("a list for the dict", [("parameters = {}", "parameters = []")], "error/list for a dict", ["{}"]),
    (
        "two dicts",
        [
            ("parameters = {}", "W, b = {}, {}"),
            (W_KEY, "W[l]"),
            (B_KEY, "b[l]"),
            ("return parameters", "return W, b"),
        ],
        "type/two dicts",
        ["of type tuple", "one dict"],
    ),
    (
        "two dicts in a list",
        [
            ("parameters = {}", "W, b = {}, {}"),
            (W_KEY, "W[l]"),
            (B_KEY, "b[l]"),
            ("return parameters", "return [W, b]"),
        ],
        "type/two dicts",
        ["of type list", "one dict"],
    ),
    (
        "None left from a template",
        [(W_VALUE, "None"), (B_VALUE, "None")],
        "array/nothing",
        ["W1 is of type None", "placeholder"],
    ),
    (
        "a type that NumPy had once",
        [(B_VALUE, "np.zeros((layers_dims[l], 1), dtype=np.float)")],
        "error/gone from NumPy",
        ["Leave dtype away"],
    ),
    (
        "another type that NumPy had once",
        [(RETURN, "    return {key: value.astype(np.float) for key, value in parameters.items()}\n")],
        "error/gone from NumPy",
        ["Leave dtype away"],
    ),
    (
        "an array of the sizes for the biases",
        [(B_VALUE, "np.array((layers_dims[l], 1))")],
        "numbers/array of the sizes",
        ["b1 holds numbers of type int64", "np.array"],
    ),
    (
        "a variable len, in the function",
        [("L = len(layers_dims) - 1", "len = len(layers_dims)"), ("L + 1", "len")],
        "error/own variable",
        ["built-in"],
    ),
    (
        "a variable range, in the function",
        [(f"for l in {LOOP}:", "range = range(1, L + 1)\n    for l in range:")],
        "error/own variable",
        ["gives a value to range"],
    ),
    (
        "a loop in a function beside it that never ends",
        [
            (
                "def NAME",
                "def fill(array):\n    i = 0\n    while i < len(array):\n        array[i] = 0\n    return array\n\ndef NAME",
            ),
            (B_VALUE, "fill(np.ones((layers_dims[l], 1)))"),
        ],
        "error/never ends",
        ["(line "],
    ),
    # right for what can be seen
    (
        "the visible cases looked up",
        [
            (
                "(layers_dims):\n",
                "(layers_dims):\n    if layers_dims not in ([7, 5, 2, 6], [3, 3, 3], [4, 1], [3, 200, 2]):\n        layers_dims = [3, 2, 1]\n",
            )
        ],
        "hidden/the keys",
        ["typed in", "on "],
    ),
    (
        "up to three layers",
        [("    L = len(layers_dims) - 1\n", "    L = min(3, len(layers_dims) - 1)\n")],
        "hidden/the keys",
        ["a deep network"],
    ),
    (
        "needs a hidden layer",
        [("    L =", "    n_h = layers_dims[2]\n    L =")],
        "error/fixed number",
        ["works for [7, 5, 2, 6]"],
    ),
]

# ------------------------------------------------------------ wrong in one exercise

WRONG_WEIGHTS_OF_ZEROS = [
    (
        "ones",
        [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.ones((layers_dims[l], layers_dims[l-1]))")],
        "zero weight/ones",
        ["W1 starts with 1, 1, 1"],
    ),
    (
        "layer numbers for sizes",
        [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.zeros((l, l - 1))")],
        "weight shape/layer number",
        ["(1, 0)", "number of the layer"],
    ),
    (
        "a constant",
        [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.full((layers_dims[l], layers_dims[l-1]), 0.5)")],
        "zero weight/constant",
        ["Every weight is 0.5"],
    ),
    (
        "the identity",
        [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.eye(layers_dims[l], layers_dims[l-1])")],
        "zero weight/identity",
        ["np.eye"],
    ),
    (
        "np.empty",
        [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.empty((layers_dims[l], layers_dims[l-1]))")],
        "zero weight/not filled",
        ["np.empty"],
    ),
    (
        "small random numbers",
        [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.random.randn(layers_dims[l], layers_dims[l-1]) * 0.01")],
        "zero weight/random",
        ["exercise 2"],
    ),
    (
        "a count",
        [
            (
                "np.zeros((layers_dims[l], layers_dims[l-1]))",
                "np.zeros((layers_dims[l], layers_dims[l-1])) + np.arange(layers_dims[l-1])",
            )
        ],
        "zero weight/any",
        ["0, 1, 2"],
    ),
    (
        "an array of the sizes for the weights",
        [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.array((layers_dims[l], layers_dims[l-1]))")],
        "numbers/array of the sizes",
        ["W1 holds numbers of type int64", "np.array"],
    ),
    (
        "a count of the calls",
        [
            ("def initialize", "calls = []\n\ndef initialize"),
            (RETURN, "    calls.append(1)\n    parameters['W1'] += len(calls) > 1\n" + RETURN),
        ],
        "repeat/other",
        ["outside of it"],
    ),
]

RANDN = "np.random.randn(layers_dims[l], layers_dims[l-1])"
SEED_LINE = "    np.random.seed(3)\n"
WRONG_DRAWS = [
    (
        "square brackets for randn",
        [(RANDN, "np.random.randn[layers_dims[l], layers_dims[l-1]]")],
        "error/brackets of randn",
        ["not subscriptable", "round ones"],
    ),
    (
        "randint of the two sizes",
        [(RANDN, "np.random.randint(layers_dims[l], layers_dims[l-1])")],
        "error/randint",
        ["low >= high", "np.random.randn"],
    ),
    ("rand for randn", [("np.random.randn", "np.random.rand")], "draws/uniform", ["never negative", "np.random.randn"]),
    (
        "uniform around zero",
        [
            (
                "np.random.randn(layers_dims[l], layers_dims[l-1])",
                "np.random.uniform(-1, 1, (layers_dims[l], layers_dims[l-1]))",
            )
        ],
        "draws/other uniform",
        ["evenly"],
    ),
    (
        "randint",
        [
            (RANDN, "np.random.randint(-9, 10, (layers_dims[l], layers_dims[l-1]))"),
            (B_LINE, B_LINE + f"\n        {W_KEY} = {W_KEY}.astype(int)"),
        ],
        "numbers/randint",
        ["int64", "np.random.randn"],
    ),
    (
        "default_rng",
        [
            (SEED_LINE, "    rng = np.random.default_rng(3)\n"),
            (RANDN, "rng.standard_normal((layers_dims[l], layers_dims[l-1]))"),
        ],
        "draws/new generator",
        ["np.random.default_rng(3)", "their scale is right", "Only the stream"],
    ),
    (
        "an unknown generator",
        [
            (SEED_LINE, "    rng = np.random.default_rng(987)\n"),
            (RANDN, "rng.standard_normal((layers_dims[l], layers_dims[l-1]))"),
        ],
        "draws/any",
        ["their scale is right", "Only the stream"],
    ),
    (
        "an unknown generator, a wrong scale",
        [
            (SEED_LINE, "    rng = np.random.default_rng(987)\n"),
            (RANDN, "0.5 * rng.standard_normal((layers_dims[l], layers_dims[l-1]))"),
        ],
        "draws/any",
        ["their scale is not right"],
    ),
    (
        "the module random, which NumPy's seed leaves alone",
        [
            ("def initialize", "import random\n\ndef initialize"),
            (RANDN, "np.array([[random.gauss(0, 1) for _ in range(layers_dims[l-1])] for _ in range(layers_dims[l])])"),
        ],
        "repeat/no seed",
        ["no other generator"],
    ),
    ("no seed", [(SEED_LINE, "")], "repeat/no seed", ["np.random.seed(3)"]),
    (
        "the seed above the function",
        [(SEED_LINE, ""), ("def initialize", "np.random.seed(3)\n\ndef initialize")],
        "repeat/no seed",
        ["the first line of the function"],
    ),
    ("seed 1", [("seed(3)", "seed(1)")], "draws/other seed", ["np.random.seed(1)"]),
    ("seed 42", [("seed(3)", "seed(42)")], "draws/other seed", ["np.random.seed(42)"]),
    (
        "the seed inside the loop",
        [(SEED_LINE, ""), (f"        {W_KEY}", f"        np.random.seed(3)\n        {W_KEY}")],
        "draws/seed inside the loop",
        ["before the loop"],
    ),
    (
        "biases drawn first",
        [(f"        {W_KEY}", f"        biases = np.random.randn(layers_dims[l], 1)\n        {W_KEY}")],
        "draws/biases first",
        ["biases first"],
    ),
    (
        "biases drawn in between",
        [(B_VALUE, "np.random.randn(layers_dims[l], 1) * 0")],
        "draws/biases between",
        ["W2 starts with", "between W1 and W2"],
    ),
    (
        "a draw to try it out",
        [("    parameters = {}\n", "    parameters = {}\n    np.random.randn()\n")],
        "draws/extra draws",
        ["1 random numbers were drawn before W1"],
    ),
    ("the last layer first", [(LOOP, "range(L, 0, -1)")], "draws/last layer first", ["W1, W2"]),
    (
        "drawn transposed",
        [(RANDN, "np.random.randn(layers_dims[l-1], layers_dims[l]).T")],
        "draws/transposed",
        ["turned"],
    ),
    ("absolute values", [(RANDN, f"np.abs({RANDN})")], "draws/absolute", ["np.abs"]),
    (
        "one draw in a whole row",
        [(RANDN, "np.random.randn(layers_dims[l], 1) * np.ones((1, layers_dims[l-1]))")],
        "draws/one number",
        ["every column"],
    ),
    ("the signs alone", [(RANDN, f"np.sign({RANDN})")], "draws/bent", ["something else than a factor"]),
    (
        "roots of the draws",
        [(RANDN, f"np.sqrt({RANDN})"), ("    L =", "    np.seterr(all='ignore')\n    L =")],
        "finite/some nan",
        ["W1 holds NaN", "are negative"],
    ),
    (
        "another scale in the last layer alone",
        [
            (SEED_LINE, "    rng = np.random.default_rng(987)\n"),
            (RANDN, "(0.5 if l == L > 2 else 1) * rng.standard_normal((layers_dims[l], layers_dims[l-1]))"),
        ],
        "draws/any",
        ["W3 on 400 inputs"],
    ),
    ("cut off", [(RANDN, f"np.clip({RANDN}, -1, 1)")], "draws/clipped", ["np.clip"]),
    (
        "half precision",
        [(RETURN, "    return {key: value.astype(np.float16) for key, value in parameters.items()}\n")],
        "draws/rounded",
        ["small dtypes"],
    ),
    ("rounded", [(B_LINE, B_LINE + f"\n        {W_KEY} = {W_KEY}.round(2)")], "draws/rounded", ["np.round"]),
    ("added to", [(RANDN + " *", RANDN + " +")], "draws/added", ["was added to the draws"]),
    ("another mean", [(B_LINE, B_LINE + f"\n        {W_KEY} += 0.5")], "draws/offset", ["0.5 added"]),
    (
        "draws beyond 2 drawn again, in place",
        [
            (
                "def initialize",
                "def inside(w):\n    while (abs(w) > 2).any():\n        far = abs(w) > 2\n"
                "        w[far] = np.random.randn(far.sum())\n    return w\n\ndef initialize",
            ),
            (RANDN, f"inside({RANDN})"),
        ],
        "draws/drawn again",
        ["W2 starts with", "truncated"],
    ),
    (
        "draws beyond 2 drawn again, one by one",
        [
            (
                "def initialize",
                "def draw():\n    x = np.random.randn()\n    while abs(x) > 2:\n        x = np.random.randn()\n    return x\n\ndef initialize",
            ),
            (RANDN, "np.array([[draw() for _ in range(layers_dims[l-1])] for _ in range(layers_dims[l])])"),
        ],
        "draws/drawn again",
        ["drawn again"],
    ),
    (
        "draws beyond 1 drawn again, in place",
        [
            (
                "def initialize",
                "def inside(w):\n    while (abs(w) > 1).any():\n        far = abs(w) > 1\n"
                "        w[far] = np.random.randn(far.sum())\n    return w\n\ndef initialize",
            ),
            (RANDN, f"inside({RANDN})"),
        ],
        "draws/drawn again",
        ["drawn again"],
    ),
    (
        "a truncated normal of another library",
        [
            ("def initialize", "from scipy.stats import truncnorm\n\ndef initialize"),
            (RANDN, "truncnorm.rvs(-2, 2, size=(layers_dims[l], layers_dims[l-1]))"),
        ],
        "draws/drawn again",
        ["truncated"],
    ),
    ("cut off at 2", [(RANDN, f"np.clip({RANDN}, -2, 2)")], "draws/clipped", ["W2 starts with", "np.clip"]),
    ("cut off at 3", [(RANDN, f"np.clip({RANDN}, -3, 3)")], "range/cut off", ["W1 has 600 numbers", "no limit"]),
    (
        "no more than a hundred numbers drawn, and then again from the first",
        [
            (
                RANDN,
                "np.resize(np.random.randn(min(100, layers_dims[l] * layers_dims[l-1])), (layers_dims[l], layers_dims[l-1]))",
            )
        ],
        "range/any",
        ["on this large one"],
    ),
    (
        "slices of one big draw",
        [
            ("    for l in", "    big = np.random.randn(50, 50)\n    for l in"),
            (RANDN, "big[:layers_dims[l], :layers_dims[l-1]]"),
        ],
        "draws/slices",
        ["W1 goes on", "slices"],
    ),
    (
        "slices of one big draw, as they are",
        [
            ("    for l in", "    big = np.random.randn(50, 50)\n    for l in"),
            (W_KEY + " =", W_KEY + " = big[:layers_dims[l], :layers_dims[l-1]]  #"),
        ],
        "shared/slices",
        ["slices"],
    ),
    (
        "made to have the mean 0 and the standard deviation 1",
        [
            ("def initialize", "def standard(w):\n    return (w - w.mean()) / w.std()\n\ndef initialize"),
            (RANDN, f"standard({RANDN})"),
        ],
        "draws/standardised",
        ["own standard deviation"],
    ),
    (
        "one draw for a layer",
        [("    for l in", "    import random\n    for l in"), (RANDN, "random.gauss(0, 1)")],
        "array/one draw",
        ["W1 is of type float", "one number for each weight"],
    ),
    (
        "normal without size",
        [(RANDN, "np.random.normal(layers_dims[l], layers_dims[l-1])")],
        "array/one draw",
        ["W1 is of type float", "size="],
    ),
    (
        "a tuple for randn",
        [("randn(layers_dims[l], layers_dims[l-1])", "randn((layers_dims[l], layers_dims[l-1]))")],
        "error/shape as tuple",
        ["one pair"],
    ),
]

WRONG_SCALES_OF_RANDOM = [
    (name, [("* 10", new)], f"scale of random/{mistake}", words)
    for name, new, mistake, words in [
        ("no factor", "", "unscaled", ["times 1\n", "by 10"]),
        ("divided by 10", "/ 10", "tenth", ["times 0.1\n"]),
        ("times 0.01", "* 0.01", "hundredth", ["times 0.01\n", "large"]),
        ("times 100", "* 100", "hundred", ["times 100\n"]),
        ("times the root of 10", "* np.sqrt(10)", "root of ten", ["times 3.162\n"]),
        ("times -10", "* -10", "negative", ["times -10\n"]),
        ("times 0", "* 0", "zero", ["times 0\n", "exercise 1"]),
        ("times 5", "* 5", "any", ["times 5\n"]),
        ("times 10.0005", "* 10.0005", "nearly", ["17.8862847, 4.36509851", "17.887179"]),
        ("the scale of He", "* np.sqrt(2 / layers_dims[l-1])", "he", ["exercise 3"]),
        ("times 10 in layer 1 only", "* (10 if l == 1 else 1)", "some layers", ["W2", "every pass"]),
        ("times 10 in all layers but the first", "* (1 if l == 1 else 10)", "first layer", ["W1", "but layer 1"]),
        ("times 10 in all layers but the last", "* (1 if l == L else 10)", "last layer", ["W3", "but the last"]),
        ("10 for each layer so far", "* 10 ** l", "accumulated", ["times 100\n", "once"]),
    ]
]
WRONG_SCALES_OF_RANDOM += [
    (
        "every pass scales all layers",
        [
            (" * 10", ""),
            (B_LINE, B_LINE + "\n        for key in parameters:\n            parameters[key] = parameters[key] * 10"),
        ],
        "scale of random/accumulated",
        ["times 1000\n", "more than once"],
    ),
    (
        "the factor inside randn",
        [("layers_dims[l-1]) * 10", "layers_dims[l-1] * 10)")],
        "weight shape/factor as a size",
        ["(5, 70)", "inside the parentheses"],
    ),
    (
        "the factor inside randn, with the rows",
        [("randn(layers_dims[l], layers_dims[l-1]) * 10", "randn(layers_dims[l] * 10, layers_dims[l-1])")],
        "weight shape/factor as a size",
        ["(50, 7)"],
    ),
    (
        "divided by their own spread",
        [("def initialize", "def spread(w):\n    return w / w.std()\n\ndef initialize"), (RANDN, f"spread({RANDN})")],
        "scale of random/own spread",
        ["own standard deviation"],
    ),
]
WRONG_SCALES_OF_HE = [
    (name, [("np.sqrt(2 / layers_dims[l-1])", new)], f"scale of he/{mistake}", words)
    for name, new, mistake, words in [
        ("Xavier", "np.sqrt(1 / layers_dims[l-1])", "xavier", ["Xavier", "times 0.378\n"]),
        ("the variance", "2 / layers_dims[l-1]", "variance", ["variance", "times 0.2857\n"]),
        ("1 / n", "1 / layers_dims[l-1]", "variance of xavier", ["1 / n"]),
        ("squared", "(2 / layers_dims[l-1]) ** 2", "squared", ["** 0.5"]),
        ("a root of the 2 alone", "np.sqrt(2) / layers_dims[l-1]", "root of the 2 alone", ["2 alone"]),
        ("a root of the n alone", "2 / np.sqrt(layers_dims[l-1])", "root of the n alone", ["n alone"]),
        ("integer division", "np.sqrt(2 // layers_dims[l-1])", "integer division", ["one slash"]),
        ("fan-out", "np.sqrt(2 / layers_dims[l])", "fan-out", ["fan-out"]),
        ("2 / n_out", "2 / layers_dims[l]", "variance by fan-out", ["layer itself"]),
        ("both fans", "np.sqrt(2 / (layers_dims[l-1] + layers_dims[l]))", "both fans", ["fan-in plus fan-out"]),
        ("2 / (n_in + n_out)", "2 / (layers_dims[l-1] + layers_dims[l])", "variance by both fans", ["square root"]),
        (
            "1 over both fans",
            "np.sqrt(1 / (layers_dims[l-1] + layers_dims[l]))",
            "xavier by both fans",
            ["sqrt(2 / fan-in)"],
        ),
        ("Xavier by fan-out", "np.sqrt(1 / layers_dims[l])", "xavier by fan-out", ["layer itself"]),
        ("two layers back", "np.sqrt(2 / layers_dims[l-2])", "layer before that", ["one layer back"]),
        ("the sum of all", "np.sqrt(2 / sum(layers_dims))", "sum of the sizes", ["sum"]),
        ("the root of 2", "np.sqrt(2)", "no n", ["root of 2"]),
        ("the root of n", "np.sqrt(layers_dims[l-1])", "no 2", ["root of n"]),
        ("the 2 below", "1 / np.sqrt(2 * layers_dims[l-1])", "2 below", ["on top"]),
        ("the mean of the fans", "np.sqrt(4 / (layers_dims[l-1] + layers_dims[l]))", "mean of the fans", ["mean"]),
        ("Xavier's uniform limit", "np.sqrt(6 / (layers_dims[l-1] + layers_dims[l]))", "uniform limit", ["The 6"]),
        ("the input's size everywhere", "np.sqrt(2 / layers_dims[0])", "input size", ["W2", "layer 1 alone"]),
        ("the number of layers", "np.sqrt(2 / L)", "number of layers", ["number of layers"]),
        ("the length of the list", "np.sqrt(2 / len(layers_dims))", "length of the list", ["length"]),
        ("the layer's number", "np.sqrt(2 / l)", "layer number", ["number l"]),
        ("upside down", "np.sqrt(layers_dims[l-1] / 2)", "upside down", ["upside down"]),
        ("a product", "np.sqrt(2 * layers_dims[l-1])", "product", ["2 * n"]),
        ("unscaled", "1", "unscaled", ["bare draws"]),
        ("times 10", "10", "ten", ["exercise 2"]),
        ("times 0.01", "0.01", "hundredth", ["0.01"]),
        ("ten times He", "10 * np.sqrt(2 / layers_dims[l-1])", "he times ten", ["factor 10"]),
        ("He times 0.01", "np.sqrt(2 / layers_dims[l-1]) * 0.01", "he times hundredth", ["0.01"]),
        ("a minus", "-np.sqrt(2 / layers_dims[l-1])", "negative", ["plus"]),
        ("times 0", "0", "zero", ["exercise 1"]),
        ("a power of 1/2 without brackets", "(2 / layers_dims[l-1]) ** 1/2", "variance of xavier", ["** 1/2"]),
        ("a factor that is rounded", "np.sqrt(2 / layers_dims[l-1]).round(2)", "nearly", ["in full"]),
        (
            "rows times columns",
            "np.sqrt(2 / (layers_dims[l] * layers_dims[l-1]))",
            "number of weights",
            ["rows times columns"],
        ),
        ("3 / n", "np.sqrt(3 / layers_dims[l-1])", "any", ["sqrt(2 / n)"]),
        ("layers_dims[1]", "np.sqrt(2 / layers_dims[1])", "size of layer 1", ["digit 1"]),
        ("layers_dims[L]", "np.sqrt(2 / layers_dims[L])", "last size", ["size of the last layer"]),
        ("layers_dims[L-1]", "np.sqrt(2 / layers_dims[L-1])", "unscaled", ["n is 2 in every layer"]),
        ("one more for the bias", "np.sqrt(2 / (layers_dims[l-1] + 1))", "one more", ["bias"]),
        ("one degree of freedom less", "np.sqrt(2 / (layers_dims[l-1] - 1))", "one less", ["nothing is subtracted"]),
        (
            "a 1 outside the brackets",
            "np.sqrt(2 / (layers_dims[l]-1))",
            "one less than fan-out",
            ["outside the square brackets"],
        ),
        ("Xavier in layer 1", "np.sqrt((1 if l == 1 else 2) / layers_dims[l-1])", "first layer", ["no ReLU"]),
        ("Xavier in the last layer", "np.sqrt((1 if l == L else 2) / layers_dims[l-1])", "last layer", ["sigmoid"]),
        ("He in layer 1 only", "(np.sqrt(2 / layers_dims[l-1]) if l == 1 else 7)", "some layers", ["W2"]),
    ]
] + [
    (
        "a running product of the scales",
        [
            ("    for l in", "    scale = 1\n    for l in"),
            (f"        {W_KEY}", f"        scale = scale * np.sqrt(2 / layers_dims[l-1])\n        {W_KEY}"),
            ('* np.sqrt(2 / layers_dims[l-1])\n        parameters["b"', '* scale\n        parameters["b"'),
        ],
        "scale of he/accumulated",
        ["W2", "anew in every pass"],
    ),
    (
        "every pass scales all layers",
        [
            (" * np.sqrt(2 / layers_dims[l-1])", ""),
            (
                B_LINE,
                B_LINE
                + "\n        for key in parameters:\n            parameters[key] = parameters[key] * np.sqrt(2 / layers_dims[l-1])",
            ),
        ],
        "scale of he/accumulated",
        ["several layers"],
    ),
    (
        "the factor inside randn",
        [("layers_dims[l-1]) * np.sqrt(2 / layers_dims[l-1])", "layers_dims[l-1] * np.sqrt(2 / layers_dims[l-1]))")],
        "error/factor as a size",
        ["inside the parentheses"],
    ),
    ("@ for *", [("* np.sqrt", "@ np.sqrt")], "error/matrix product", ["Use a star"]),
    (
        "** for *",
        [("* np.sqrt", "** np.sqrt"), ("    L =", "    np.seterr(all='ignore')\n    L =")],
        "finite/power of the draws",
        ["one star"],
    ),
    (
        "divided by their own spread",
        [("def initialize", "def spread(w):\n    return w / w.std()\n\ndef initialize"), (RANDN, f"spread({RANDN})")],
        "scale of he/own spread",
        ["own standard deviation"],
    ),
    (
        "a hat for the power",
        [("np.sqrt(2 / layers_dims[l-1])", "(2 / layers_dims[l-1]) ^ 0.5")],
        "error/power",
        ["not the power"],
    ),
    (
        "a comma for the slash",
        [("np.sqrt(2 / layers_dims[l-1])", "np.sqrt(2, layers_dims[l-1])")],
        "error/root of two",
        ["slash"],
    ),
    (
        "all fractions at once",
        [("np.sqrt(2 / layers_dims[l-1])", "np.sqrt(2 / np.array(layers_dims[:-1]))")],
        "error/shapes apart",
        ["broadcast", "one number"],
    ),
    ("2 / (l-1)", [("np.sqrt(2 / layers_dims[l-1])", "np.sqrt(2 / (l - 1))")], "error/division by zero", ["not l-1"]),
    (
        "the n of the formula",
        [("np.sqrt(2 / layers_dims[l-1])", "np.sqrt(2 / n[l-1])")],
        "error/n of the formula",
        ["n is the number of units", "layers_dims[l-1]"],
    ),
    (
        "2 / layers_dims[l] - 1",
        [("np.sqrt(2 / layers_dims[l-1])", "np.sqrt(2 / layers_dims[l] - 1)")],
        "finite/one outside",
        ["NaN", "subtracted after the division"],
    ),
    (
        "2 / l - 1",
        [("np.sqrt(2 / layers_dims[l-1])", "np.sqrt(2 / l - 1)")],
        "finite/one outside",
        ["NaN", "subtracted after the division"],
    ),
    (
        "a fan-in that is typed in",
        [("np.sqrt(2 / layers_dims[l-1])", "np.sqrt(2 / 10)")],
        "scale of he/same in all layers",
        ["the draws times 0.4472", "the same in every layer"],
    ),
]


def _answers(exercise, entries, solution):
    """Yield answers from entries: a template of its own, or changes of the solution."""
    for name, text, message, words in entries:
        source = cell(exercise, text) if isinstance(text, str) else cell(exercise, solution, *text)
        yield Answer(exercise, name, source, message, tuple(words))


WRONG = [answer for exercise in EXERCISES for answer in _answers(exercise, WRONG_ANYWHERE, SOLUTION)]
for exercise, entries in {
    "zeros": WRONG_WEIGHTS_OF_ZEROS,
    "random": WRONG_DRAWS + WRONG_SCALES_OF_RANDOM,
    "he": WRONG_DRAWS + WRONG_SCALES_OF_HE,
}.items():
    WRONG += _answers(exercise, entries, cell(exercise, SOLUTION))

# ----------------------------------------------------------- right, in other words

# name, changes of SOLUTION or a template of its own
RIGHT_ANYWHERE = [
    ("as taught", []),
    (
        "a comprehension",
        """
def NAME(layers_dims):
    SEED
    weights = {f"W{l}": «layers_dims[l], layers_dims[l-1]» for l in range(1, len(layers_dims))}
    return weights | {f"b{l}": np.zeros((layers_dims[l], 1)) for l in range(1, len(layers_dims))}
""",
    ),
    (
        "zip and enumerate",
        """
def NAME(layers_dims):
    SEED
    parameters = {}
    for l, (n_in, n_out) in enumerate(zip(layers_dims[:-1], layers_dims[1:]), start=1):
        parameters[f"W{l}"] = «n_out, n_in»
        parameters[f"b{l}"] = np.zeros((n_out, 1))
    return parameters
""",
    ),
    (
        "dict(...)",
        """
def NAME(layers_dims):
    SEED
    pairs = []
    for l in range(1, len(layers_dims)):
        pairs.append(("W%d" % l, «layers_dims[l], layers_dims[l-1]»))
        pairs.append(("b%d" % l, np.zeros((layers_dims[l], 1))))
    return dict(pairs)
""",
    ),
    (
        "drawn in order, put together in reverse",
        """
def NAME(layers_dims):
    SEED
    drawn = [«n, before» for before, n in zip(layers_dims, layers_dims[1:])]
    parameters = {}
    for l in reversed(range(1, len(layers_dims))):
        parameters["b{}".format(l)] = np.zeros((layers_dims[l], 1))
        parameters["W{}".format(l)] = drawn[l - 1]
    return parameters
""",
    ),
    (
        "a while loop",
        """
def NAME(layers_dims):
    SEED
    parameters, l = dict(), 1
    while l < len(layers_dims):
        rows, columns = layers_dims[l], layers_dims[l - 1]
        parameters.update({"W" + str(l): «rows, columns», "b" + str(l): np.zeros((rows, 1))})
        l += 1
    return parameters
""",
    ),
    (
        "a helper and type hints",
        """
def layer(n_in: int, n_out: int) -> tuple[np.ndarray, np.ndarray]:
    return «n_out, n_in», np.zeros((n_out, 1))

def NAME(layers_dims: list[int]) -> dict[str, np.ndarray]:
    SEED
    parameters: dict[str, np.ndarray] = {}
    for l in range(1, len(layers_dims)):
        parameters[f"W{l}"], parameters[f"b{l}"] = layer(layers_dims[l - 1], layers_dims[l])
    return parameters
""",
    ),
    (
        "a function inside, called by itself",
        """
def NAME(layers_dims):
    SEED
    def build(sizes, l=1):
        if len(sizes) < 2:
            return {}
        here = {f"W{l}": «sizes[1], sizes[0]», f"b{l}": np.zeros((sizes[1], 1))}
        return {**here, **build(sizes[1:], l + 1)}
    return build(layers_dims)
""",
    ),
    ("another name for NumPy", [("def NAME", "import numpy as mynumpy\n\ndef NAME"), ("np.zeros", "mynumpy.zeros")]),
    (
        "prints and extra variables",
        [("    L =", '    print("sizes:", layers_dims)\n    layers = total = len(layers_dims)\n    L =')],
    ),
    (
        "a warning and a log line",
        [
            (
                "    L =",
                "    import logging, warnings\n    warnings.warn('careful')\n    logging.warning('careful')\n    L =",
            )
        ],
    ),
    ("float32", [(RETURN, "    return {key: value.astype(np.float32) for key, value in parameters.items()}\n")]),
    ("an array of sizes", [("    L =", "    layers_dims = np.array(layers_dims)\n    L =")]),
    (
        "a copy that is used up",
        [("    L =", "    layers_dims = list(layers_dims)\n    L ="), (RETURN, "    layers_dims.clear()\n" + RETURN)],
    ),
    ("another name for the parameter", [("layers_dims", "dims"), ("«dims[l], dims[l-1]»", "«dims[l], dims[l-1]»")]),
    ("a further parameter with a default", [("(layers_dims):", "(layers_dims, verbose=False):")]),
    ("any parameters", [("(layers_dims):", "(*sizes, **options):\n    (layers_dims,) = sizes")]),
    (
        "an ordered dict",
        [
            ("def NAME", "from collections import OrderedDict\n\ndef NAME"),
            ("parameters = {}", "parameters = OrderedDict()"),
        ],
    ),
    ("biases like a column of the weights", [(B_VALUE, f"np.zeros_like({W_KEY}[:, :1])")]),
    ("biases from np.full", [(B_VALUE, "np.full((layers_dims[l], 1), 0.0)")]),
    ("shape by name", [(B_VALUE, "np.zeros(shape=(layers_dims[l], 1), dtype=float)")]),
    (
        "asserts and a docstring",
        [("    L =", '    """Start the network."""\n    assert len(layers_dims) > 1\n    L =')],
    ),
    (
        "a loop from 0",
        [
            (LOOP, "range(L)"),
            ('"W" + str(l)', '"W" + str(l + 1)'),
            ('"b" + str(l)', '"b" + str(l + 1)'),
            (W_VALUE, "«layers_dims[l+1], layers_dims[l]»"),
            (B_VALUE, "np.zeros((layers_dims[l+1], 1))"),
        ],
    ),
    ("keys from a NumPy array", [('"W" + str(l)', 'np.array(["W" + str(l)])[0]')]),
    (
        "an object that can be called",
        """
class Start:
    def __call__(self, layers_dims):
        SEED
        parameters = {}
        for l in range(1, len(layers_dims)):
            parameters[f"W{l}"] = «layers_dims[l], layers_dims[l-1]»
            parameters[f"b{l}"] = np.zeros((layers_dims[l], 1))
        return parameters

NAME = Start()
""",
    ),
    (
        "pairs matched one by one",
        """
def NAME(layers_dims):
    SEED
    parameters = {}
    before, *others = layers_dims
    for l, n in enumerate(others, 1):
        parameters[f"W{l}"], parameters[f"b{l}"] = «n, before», np.zeros(n)[:, np.newaxis]
        before = n
    return parameters
""",
    ),
    (
        "reduced to one dict",
        """
from functools import reduce

def NAME(layers_dims):
    SEED
    def with_layer(parameters, l):
        return parameters | {f"W{l}": «layers_dims[l], layers_dims[l-1]», f"b{l}": np.zeros((layers_dims[l], 1))}
    return reduce(with_layer, range(1, len(layers_dims)), {})
""",
    ),
    (
        "a decorator",
        [
            (
                "def NAME",
                "def plain(function):\n    def wrapped(*sizes):\n        return function(*sizes)\n    return wrapped\n\n@plain\ndef NAME",
            )
        ],
    ),
]
RIGHT_ZEROS = [
    ("np.full", [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.full((layers_dims[l], layers_dims[l-1]), 0.0)")]),
    (
        "times zero",
        [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.random.randn(layers_dims[l], layers_dims[l-1]) * 0")],
    ),
    (
        "from a list",
        [("np.zeros((layers_dims[l], layers_dims[l-1]))", "np.array([[0.0] * layers_dims[l-1]] * layers_dims[l])")],
    ),
    (
        "np.empty, filled",
        [
            (
                W_LINE.replace(W_VALUE, "np.zeros((layers_dims[l], layers_dims[l-1]))"),
                f"{W_KEY} = np.empty((layers_dims[l], layers_dims[l-1]))\n        {W_KEY}.fill(0)",
            )
        ],
    ),
]
RIGHT_DRAWS = [
    ("np.multiply", [(RANDN, f"np.multiply({RANDN}, 1.0)")]),
    ("standard_normal", [(RANDN, "np.random.standard_normal((layers_dims[l], layers_dims[l-1]))")]),
    ("normal", [(RANDN, "np.random.normal(0, 1, size=(layers_dims[l], layers_dims[l-1]))")]),
    ("RandomState", [(SEED_LINE, "    draws = np.random.RandomState(3)\n"), ("np.random.randn", "draws.randn")]),
    (
        "one long draw, reshaped",
        [(RANDN, "np.random.randn(layers_dims[l] * layers_dims[l-1]).reshape(layers_dims[l], layers_dims[l-1])")],
    ),
]
RIGHT_RANDOM = [
    (
        "the standard deviation in normal",
        [(RANDN + " * 10", "np.random.normal(0.0, 10.0, (layers_dims[l], layers_dims[l-1]))")],
    ),
    ("the factor in front", [(RANDN + " * 10", "10.0 * " + RANDN)]),
    ("divided by a tenth", [("* 10", "/ 0.1")]),
]
RIGHT_HE = [
    ("math.sqrt", [("def initialize", "import math\n\ndef initialize"), ("np.sqrt", "math.sqrt")]),
    ("** 0.5", [("np.sqrt(2 / layers_dims[l-1])", "(2.0 / layers_dims[l-1]) ** 0.5")]),
    ("two roots", [("np.sqrt(2 / layers_dims[l-1])", "np.sqrt(2) / np.sqrt(layers_dims[l-1])")]),
    ("divided by the inverse", [("* np.sqrt(2 / layers_dims[l-1])", "/ np.sqrt(layers_dims[l-1] / 2)")]),
    ("np.power and np.divide", [("np.sqrt(2 / layers_dims[l-1])", "np.power(np.divide(2, layers_dims[l-1]), 0.5)")]),
]


def _right(exercise, entries, solution):
    return _answers(exercise, [(name, text, "", ()) for name, text in entries], solution)


RIGHT = [answer for exercise in EXERCISES for answer in _right(exercise, RIGHT_ANYWHERE, SOLUTION)]
for exercise, entries in {
    "zeros": RIGHT_ZEROS,
    "random": RIGHT_DRAWS + RIGHT_RANDOM,
    "he": RIGHT_DRAWS + RIGHT_HE,
}.items():
    RIGHT += _right(exercise, entries, cell(exercise, SOLUTION))
