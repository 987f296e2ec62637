"""The checks of the three exercises, and what they say to a learner.

A check takes the learner's function, calls it, and prints ``All tests passed.``
or raises `CheckFailed` with what was expected, what came and the likely cause.
It finds the cause by asking of each known mistake what it would have produced.
The checks hold expected values and properties only; there is no solution in
here to call. The grader brings its own reference to `hidden_test`.
"""

import ast
import builtins
import difflib
import dis
import html
import inspect
import io
import re
import reprlib
import sys
import time
import traceback
import types
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

PASSED = "All tests passed."
SECONDS = 5  # for one call of the learner's function, which needs about a thousandth of one


class Message(NamedTuple):
    """What a check says: two lines on what is wrong, and a hint for each likely cause."""

    category: str  # all that a hidden check tells
    expected: str
    got: str
    hints: dict


# Everything that the checks can say, to read or to translate. The names in braces are filled in.
LABELS = {"expected": "Expected:", "got": "Got:", "hint": "Hint:"}
WORDS = {
    "line": " (line {number}: {text})",
    "still running": "still running after {seconds} seconds",
    "from the start": "{key} starts with",
    "later": "{key} goes on, from its value number {number}, with",
    "no keys": "of an empty dict",
    "more keys": "{keys} and {number} more",
    "a function": "the function",
    "a name": "a name",
    "taken": "`{name}` is no longer {owner}: one of your cells has set it to {value}. Rename that variable, restart the "
    "kernel, and run all cells.",
    "of Python": "Python's own",
    "of NumPy": "NumPy",
}
HIDDEN = {
    "title": "{function}: a hidden check failed, on {architecture}",
    "got": "{category}",
    "hint": "The visible checks pass, so the function is right for their layer sizes. Is anything in it fixed, such as a "
    "size, a number of layers or a value that you typed in? Compute all of it from layers_dims.",
}
MESSAGES = {
    "error": Message(
        "the function raised an error",
        "a dict of arrays",
        "{error}{line}",
        {
            "not written": "Write your code in the cell of this exercise, and delete the line that raises "
            "NotImplementedError.",
            "never ends": "It was stopped after {seconds} seconds. Look at the loop around that line: what ends it? "
            "`for l in range(1, L + 1):` always ends.",
            "parameters": "The check passes one value, the list of layer sizes. Begin with "
            "`def {name}(layers_dims):`, and give a further parameter a default value or take it away.",
            "not a function": "Define it with `def {name}(layers_dims):`, and run that cell. Was the name used "
            "again for something else?",
            "index": "layers_dims has {count} entries, so its last index is {last}. The loop goes further than that: "
            "let it end at len(layers_dims) - 1.",
            "sizes as indices": "The loop runs over the sizes, and they are then used as numbers of layers. Loop over the "
            "numbers: range(1, len(layers_dims)).",
            "index not whole": "An entry of a list is taken with one whole number: layers_dims[l], layers_dims[l-1].",
            "name of NumPy": "The function uses {unknown} alone. That is NumPy's: write np. or np.random. before it.",
            "unknown name": "The function uses {unknown}, which is not defined. Is it a typing mistake, or is it "
            "set in a cell that has not run?",
            "unset name": "The function reads {unknown} before it gives it a value.",
            "unpacking": "That line counts on a fixed number of layers. Loop over layers_dims: it can have any length.",
            "fixed number": "The function works for {works} and not here, so it counts on a number of layers. Loop up to "
            "len(layers_dims) - 1.",
            "loop over a number": "A number can't be looped over. Use range(1, L + 1).",
            "call for an entry": "Round brackets call what stands before them, and it is no function. An entry takes square "
            "ones, layers_dims[l], and a product a star.",
            "entry for a call": "Square brackets take an entry. A call takes round ones: len(layers_dims).",
            "range of a list": "A whole number belongs there and not the whole list: range(1, len(layers_dims)) for a loop, "
            "layers_dims[l] in a shape.",
            "shape as tuple": "np.random.randn takes the sizes one by one, not as a tuple: one pair of parentheses.",
            "shape not whole": "range and a shape take whole numbers, and this is a fraction, if only 3.0. layers_dims holds "
            "the sizes as they are needed.",
            "shape not a tuple": "np.zeros takes the shape as one tuple: two pairs of parentheses, "
            "np.zeros((rows, columns)).",
            "text plus number": "Text and numbers do not add up. Turn the number into text: 'W' + str(l).",
            "arithmetic on a list": "A list does not compute. Take one entry of it, such as layers_dims[l-1], "
            "or make it an array.",
            "power": "In Python ^ is not the power. Write ** 0.5, or np.sqrt.",
            "root of two": "np.sqrt takes one value. Write the fraction with a slash: np.sqrt(2 / layers_dims[l-1]).",
            "shapes apart": "Two arrays on that line do not fit together. A factor is one number, made of one entry of "
            "the list: layers_dims[l-1].",
            "key": "The key is read before it is set, or spelled in another way than where it is set.",
            "division by zero": "The number below the fraction line is 0. The fan-in is layers_dims[l-1], not l-1.",
            "attribute of a list": "A list has nothing of that name. Its length is len(layers_dims), an entry of it "
            "layers_dims[l].",
            "attribute of a dict": "A dict has nothing of that name. It is filled with square brackets: "
            "parameters['W' + str(l)] = ...",
            "attribute": "Check the spelling, and whether the name belongs to np or to np.random.",
            "import": "NumPy alone is enough here, and nothing else is sure to be there when this is graded.",
            "recursion": "The function calls itself without an end. A loop over the layers is enough.",
            "exit": "The function ends the whole program. Return the dict in place of that.",
            "any": "Read that line again, with the values that its names have at that moment. A print above it shows them.",
        },
    ),
    "type": Message(
        "the type of what is returned",
        "a dict of arrays",
        "something of type {got}",
        {
            "nothing": "End the function with `return parameters`.",
            "printed": "The function prints its result and returns nothing. Printing a value does not return it: "
            "end with `return parameters`.",
            "tuple around a dict": "The dict is inside a tuple. Return it alone, with no comma: `return parameters`.",
            "sequence": "Put every array into one dict, under its name, and return that dict: "
            "parameters['W1'], parameters['b1'] and so on.",
            "array": "One array is not enough. Put the array of each layer into one dict, and return that.",
            "text": "This is text. Return the dict itself, without quotation marks and not as a description.",
            "function": "This is a function and not what it returns. Return parameters.",
            "coroutine": "`async def` makes a coroutine. Take the async away.",
            "generator": "`yield` makes a generator. Use `return parameters`, once, after the loop.",
            "any": "Put the array of each layer into one dict, and return that dict.",
        },
    ),
    "argument": Message(
        "the argument after the call",
        "layers_dims is left as it was, {expected}",
        "after the call it is {got}",
        {
            "any": "The list belongs to the caller, who needs it again. Read from it, or work on a copy: list(layers_dims)."
        },
    ),
    "keys": Message(
        "the keys",
        "the keys {expected}",
        "the keys {got}",
        {
            "none": "The dict is empty. Does the loop run before `return`, and does it write into that dict?",
            "not text": "Keys are text. Build them with 'W' + str(l) and 'b' + str(l).",
            "small w": "Python tells W from w. The weights have a capital W.",
            "capital b": "Python tells B from b. The biases have a small b.",
            "both letters": "It is the other way round: the weights have a capital W, the biases a small b.",
            "extra characters": "Only the letter and the number: 'W1', with nothing before, between or after.",
            "no number": "Every layer writes to the same keys and replaces the layer before. Add its number: 'W' + str(l).",
            "letter for number": "What stands inside the quotation marks stays as it is. The number belongs outside: "
            "'W' + str(l).",
            "no f": "Braces are filled in only where an f stands before the quotation marks: f'W{{l}}'.",
            "lists of layers": "The arrays of all layers are in one list. Give each array a key of its own: 'W' + str(l).",
            "nested": "The arrays are in dicts inside the dict. Put them all on one level: parameters['W1'].",
            "sizes for numbers": "The loop runs over the sizes of the layers. Loop over their numbers: range(1, L + 1).",
            "always 1": "The 1 is typed into the keys, so every layer replaces the layer before. Add the number: 'W' + str(l).",
            "numbered from two": "The numbers start one too high. The first layer with parameters is layer 1.",
            "numbered from zero": "The numbers start one too low. The first layer with parameters is layer 1.",
            "loop from zero": "Layer 0 is the input and has no parameters. Let the loop start at 1.",
            "loop from two": "Layer 1 is missing. Let the loop start at 1.",
            "loop one short": "The last layer is missing. range(1, n) stops before n: which n takes the last layer in?",
            "loop one long": "There is a layer too many. range(1, n) stops before n, and L + 1 is far enough.",
            "return inside the loop": "Only layer 1 is there, so the loop ended in its first pass. Move `return` to the left, "
            "below the loop, and take a `break` away.",
            "dict inside the loop": "Only the last layer is there. Make the dict once, before the loop, and write into it "
            "in every pass, indented as the loop's own lines.",
            "fixed number": "The number of layers is the same whatever the list. Loop up to len(layers_dims) - 1.",
            "left from before": "The layers that are too many come from an earlier call. Make the dict inside the "
            "function: parameters = {{}}.",
            "equal sizes": "The function works where the sizes differ, and here they are equal. A size does not tell which "
            "layer it is: loop over the numbers, range(1, L + 1).",
            "biases under W": "The arrays under W have the shapes of biases, so they replaced the weights. Biases have a "
            "small b: parameters['b' + str(l)].",
            "some missing": "Missing: {missing}. Every pass of the loop writes a pair: let none be left out, and keep both lines "
            "inside the loop.",
            "no biases": "Only weights are there. Every layer has its biases too: parameters['b' + str(l)].",
            "no weights": "Only biases are there. Every layer has its weights too: parameters['W' + str(l)].",
            "more": "Return the weights and biases alone, one pair for each layer after the input.",
            "any": "Weights have a capital W and biases a small b, followed by the number of the layer, from 1.",
        },
    ),
    "array": Message(
        "the types of the arrays",
        "{key} is a NumPy array",
        "{key} is of type {got}",
        {
            "tuple": "It is a tuple. A comma at the end of a line makes one: take it away.",
            "list": "It is a list, and lists do not multiply like matrices. Make it an array: "
            "np.zeros((rows, columns)).",
            "number": "It is a single number. Give it a shape: np.zeros((rows, columns)).",
            "matrix": "np.matrix multiplies in its own way and NumPy advises against it. Use a plain array.",
            "nothing": "It is None. What was assigned to it returns nothing.",
            "function": "It is a function that was not called. Add the parentheses and the sizes.",
            "any": "Make it with NumPy, for example np.zeros((rows, columns)).",
        },
    ),
    "numbers": Message(
        "the kind of the numbers",
        "{key} holds floating-point numbers",
        "{key} holds numbers of type {got}",
        {
            "zeros_like": "np.zeros_like copies the shape of an array, and takes the tuple for one. Use np.zeros.",
            "randint": "np.random.randint draws whole numbers. Use np.random.randn, which draws from the normal distribution.",
            "int": "Whole numbers cut off the small steps of gradient descent. Leave int and astype away. np.zeros "
            "makes floats, and np.array([[0]]) does not.",
            "bool": "These are True and False. Leave dtype away: NumPy's own choice is float.",
            "complex": "The numbers have an imaginary part. Did a root get a negative number?",
            "text": "These are texts that look like numbers. Leave the quotation marks away.",
            "object": "The array holds other things than numbers. Build it from numbers of one type.",
            "any": "Only floating-point numbers can be trained. Leave dtype away: NumPy's own choice is float.",
        },
    ),
    "weight shape": Message(
        "the shapes of the weights",
        "{key} of shape {expected}",
        "{key} of shape {got}",
        {
            "transposed": "Rows and columns are swapped. Row i holds the weights into unit i, so the shape is "
            "(layers_dims[l], layers_dims[l-1]).",
            "own size twice": "Both numbers are the units of layer l. The columns are the units of the layer "
            "before: layers_dims[l-1].",
            "size before twice": "Both numbers are the units of the layer before. The rows are the units of the "
            "layer itself: layers_dims[l].",
            "one layer early": "These are the sizes for the layer before. Does l count from 0 here? Then the rows are "
            "layers_dims[l+1] and the columns layers_dims[l].",
            "one layer late": "These are the sizes for the layer after. The rows are layers_dims[l], and the columns "
            "layers_dims[l-1].",
            "input size": "The columns are those of layer 1 in every layer. They change with l: layers_dims[l-1].",
            "like the biases": "This is the shape of a bias column. Weights have one column for each unit of the "
            "layer before: layers_dims[l-1].",
            "layer 1 everywhere": "Every layer has the shape of layer 1. It changes with l: (layers_dims[l], layers_dims[l-1]).",
            "last layer": "This is the shape of the last layer. Is there a capital L in place of the small l?",
            "layer number": "The l is the number of the layer, not its size. The sizes are layers_dims[l] and layers_dims[l-1].",
            "one dimension": "The shape needs two numbers: rows and columns.",
            "more dimensions": "The shape has more than two numbers. It needs two: rows and columns.",
            "fixed": "The shapes are the same whatever the list. Are sizes typed in, or taken from a variable outside "
            "the function? Use layers_dims.",
            "any": "The shape of the weights is (layers_dims[l], layers_dims[l-1]).",
        },
    ),
    "bias shape": Message(
        "the shapes of the biases",
        "{key} of shape {expected}",
        "{key} of shape {got}",
        {
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
            "fixed": "The shapes are the same whatever the list. Are sizes typed in, or taken from a variable outside "
            "the function? Use layers_dims.",
            "any": "The shape of the biases is (layers_dims[l], 1).",
        },
    ),
    "finite": Message(
        "values that are not finite",
        "{key} holds finite numbers",
        "{key} holds {got}",
        {
            "some nan": "Half of the draws are negative, and the root of a negative number is NaN. Put the fraction alone under "
            "the root: np.sqrt(2 / layers_dims[l-1]).",
            "nan": "NaN comes from a calculation without a result, such as 0 / 0 or the root of a negative number.",
            "infinite": "Infinity comes from a division by zero. Is the number below the fraction line layers_dims[l-1]?",
        },
    ),
    "shared": Message(
        "fresh arrays",
        "every array has memory of its own",
        "{key} and {other} share theirs",
        {
            "any": "They are one array under two names, so a change of one changes the other. Make a new array for each key, "
            "inside the loop."
        },
    ),
    "kept": Message(
        "fresh arrays",
        "every call returns new arrays",
        "{key} of one call is {key} of the next",
        {
            "any": "The arrays of an earlier call come back, so training would change them for the next call. Make new ones "
            "in every call."
        },
    ),
    "read-only": Message(
        "fresh arrays",
        "{key} can be changed",
        "{key} is read-only",
        {"any": "What can't be changed can't be trained. np.broadcast_to makes such arrays: use np.zeros or np.full."},
    ),
    "bias value": Message(
        "the values of the biases",
        "{key} is zero",
        "{key} is {got}",
        {
            "constant": "Every bias starts at zero here. Use np.zeros.",
            "not filled": "np.empty takes memory as it finds it and fills in nothing. Use np.zeros.",
            "drawn": "These biases differ from each other. Here none is drawn, all start at zero: np.zeros((layers_dims[l], 1)).",
        },
    ),
    "zero weight": Message(
        "the values of the weights",
        "{where} {expected}",
        "{where} {got}",
        {
            "ones": "np.ones makes ones. np.zeros makes zeros.",
            "constant": "Every weight is {constant}. Use np.zeros, and add nothing.",
            "identity": "np.eye puts ones on the diagonal. Use np.zeros.",
            "not filled": "np.empty takes memory as it finds it and fills in nothing. Use np.zeros.",
            "random": "These are random numbers, the subject of exercise 2. Here every weight is zero: np.zeros.",
            "any": "Every weight is zero in this exercise. Use np.zeros, and add nothing.",
        },
    ),
    "repeat": Message(
        "two equal calls",
        "two calls with {dims} return the same",
        "the second call returns something else",
        {
            "no seed": "Nothing fixes these random numbers before they are drawn. Make np.random.seed(3) the first line of the "
            "function, and draw with np.random.randn: the seed fixes no other generator.",
            "other": "Does the function keep something between calls, such as a variable outside of it?",
        },
    ),
    "draws": Message(
        "the values of the weights",
        "{where} {expected}",
        "{where} {got}",
        {
            "uniform": "np.random.rand draws evenly from 0 to 1 and is never negative. Use np.random.randn, which draws "
            "from the normal distribution.",
            "other uniform": "These numbers are spread evenly, which is a uniform distribution. np.random.randn draws "
            "from the normal one.",
            "absolute": "No value is negative, but the sizes are right. Leave np.abs away.",
            "added": "The {offset:.4g} was added to the draws. Multiply them by the factor.",
            "offset": "The draws are right, with {offset:.4g} added to them. Multiply, and add nothing.",
            "transposed": "The numbers were drawn for the transposed shape and then turned. Draw with the final shape: "
            "np.random.randn(layers_dims[l], layers_dims[l-1]).",
            "seed inside the loop": "W2 begins with the draws of W1 again. np.random.seed(3) stands inside the loop: "
            "move it before the loop.",
            "biases first": "The stream of random numbers is used for the biases first. They need no draws: "
            "use np.zeros.",
            "biases between": "Random numbers were drawn between W1 and W2, as many as W1 has rows: for the biases? "
            "They need no draws: use np.zeros.",
            "extra draws": "{count} random numbers were drawn before {drawn} and are not in it. Draw each W once, and "
            "nothing else.",
            "last layer first": "The layers were drawn from the last to the first. Let the loop go up, W1, W2, ...: "
            "range(1, L + 1) does.",
            "other seed": "These are the draws after np.random.seed({seed}). Take 3, so that all draw the same.",
            "new generator": "These are draws of {generator}, and {spread} Use np.random.seed(3) and np.random.randn.",
            "one number": "The same draw stands in every column. Draw one number for each weight: "
            "np.random.randn(layers_dims[l], layers_dims[l-1]).",
            "bent": "The draws are right, and something else than a factor was done to them, such as a power, a root or a "
            "rounding. Multiply, and do nothing else.",
            "clipped": "Large draws were cut off. A normal draw may be large: leave np.clip away.",
            "rounded": "Nearly right. The values are rounded: leave np.round and small dtypes away.",
            "any": "These are other random numbers, and {spread} Keep np.random.seed(3) as the first line, and draw "
            "W1, W2, ... in this order, each with one call of np.random.randn.",
        },
    ),
}
SCALE = (
    "the values of the weights",
    "{where} {expected}, the draws times {factor:.4g}",
    "{where} {got}, the draws times {used:.4g}",
)
MESSAGES["scale of exercise 2"] = Message(
    *SCALE,
    {
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
    },
)
MESSAGES["scale of exercise 3"] = Message(
    *SCALE,
    {
        "zero": "Every weight is zero, as in exercise 1. Draw them with np.random.randn, and multiply by sqrt(2 / n).",
        "unscaled": "These are the bare draws, or n is 2 in every layer. Multiply them by sqrt(2 / n), with n the units of "
        "the layer before.",
        "ten": "This is the factor 10 of exercise 2. Here it is sqrt(2 / n), with n the units of the layer before.",
        "hundredth": "This is the factor 0.01. Here it is sqrt(2 / n), with n the units of the layer before.",
        "xavier": "This is Xavier initialization, sqrt(1 / n). He initialization has a 2 where Xavier has a 1.",
        "variance": "This is 2 / n, the variance. Multiply by its square root, the standard deviation.",
        "variance of xavier": "This is 1 / n, as (2 / n) ** 1/2 is too: Python takes the power before the division. Write "
        "np.sqrt(2 / n).",
        "squared": "The 2 / n is squared. Its square root is ** 0.5, or np.sqrt.",
        "root of the 2 alone": "The root takes in the 2 alone. Put the whole fraction under it: sqrt(2 / n).",
        "root of the n alone": "The root takes in the n alone. Put the whole fraction under it: sqrt(2 / n).",
        "integer division": "2 // n drops the fraction, as int(...) does, and 0 is left of most. Use one slash: 2 / n.",
        "fan-out": "The n here is the units of the layer itself, the fan-out. Take the fan-in: layers_dims[l-1].",
        "variance by fan-out": "This is 2 divided by the units of the layer itself. Take the fan-in, layers_dims[l-1], "
        "and the square root.",
        "both fans": "This divides by fan-in plus fan-out, as Xavier initialization can. He initialization divides by the "
        "fan-in alone.",
        "variance by both fans": "This is 2 / (fan-in + fan-out). Divide by the fan-in alone, and take the square root.",
        "xavier by both fans": "This is sqrt(1 / (fan-in + fan-out)). The factor is sqrt(2 / fan-in).",
        "xavier by fan-out": "This is sqrt(1 / n) with n the units of the layer itself. There is a 2 on top, and n is the "
        "fan-in: layers_dims[l-1].",
        "mean of the fans": "This divides by the mean of fan-in and fan-out. He initialization divides by the fan-in alone.",
        "uniform limit": "The 6 belongs to Xavier initialization from a uniform distribution. Here it is sqrt(2 / n), "
        "with n the fan-in alone.",
        "input size": "The n is the same in every layer, and right in layer 1 alone. It changes with l: layers_dims[l-1].",
        "number of layers": "The n here is the number of layers. It should be units: layers_dims[l-1].",
        "length of the list": "The n here is the length of layers_dims. It should be one entry of it: layers_dims[l-1].",
        "layer number": "The n here is the layer's number l. It should be units: layers_dims[l-1].",
        "layer before that": "The n is taken two layers back. It is one layer back: layers_dims[l-1].",
        "number of weights": "The n here is the number of weights, rows times columns. It should be the columns alone: "
        "layers_dims[l-1].",
        "sum of the sizes": "The n here is the sum of all sizes. It should be one entry: layers_dims[l-1].",
        "no n": "This is the root of 2 in every layer: n is missing, or 1. Divide by the fan-in, under the root: "
        "sqrt(2 / layers_dims[l-1]).",
        "no 2": "This is the root of n. The factor is sqrt(2 / n).",
        "2 below": "This is sqrt(1 / (2 * n)). The 2 belongs on top: sqrt(2 / n).",
        "upside down": "The fraction is upside down, or the draws are divided by it. Multiply by sqrt(2 / n).",
        "product": "This is sqrt(2 * n). Divide by n: sqrt(2 / n).",
        "he times ten": "The scale is right, and then there is the factor 10 of exercise 2. Leave that away.",
        "he times hundredth": "The scale is right, and then there is a factor 0.01. Leave that away.",
        "negative": "The sign is turned. Multiply by sqrt(2 / n), with a plus.",
        "nearly": "The factor is nearly right. Compute it in full, with np.sqrt(2 / layers_dims[l-1]).",
        "some layers": "The factor is right in some layers and not in all. It changes with l: sqrt(2 / layers_dims[l-1]).",
        "any": "The draws are right, their size is not. The factor is sqrt(2 / n), with n the units of the layer before.",
    },
)
# Where the values say nothing, the spread of many draws does.
SPREAD = {
    "right": "their scale is right: W{layer} on {inputs} inputs has the standard deviation {measured:.3g}, as it should. Only "
    "the stream of random numbers differs.",
    "wrong": "their scale is not right: W{layer} on {inputs} inputs has the standard deviation {measured:.3g}, and should have "
    "{expected:.3g}.",
    "unknown": "their scale can't be told, because the function fails on larger layers.",
}
PREFLIGHT = {
    "caption": "Before you hand in: what costs points, and what does not",
    "columns": ("looked for", "exercise 1 (zeros)", "exercise 2 (random)", "exercise 3 (He)", "costs points?"),
    "ok": "ok",
    "rows": {
        "there": ("The function is there, under its name", "yes"),
        "parameters": ("It takes layers_dims and needs nothing else", "yes"),
        "stub": ("The line with NotImplementedError is gone", "yes, if Python reaches it"),
        "checks": ("The visible checks pass", "yes, 10 points for each exercise"),
        "names": ("It uses no variable from outside", "only if the cell that sets it is missing or runs later"),
        "imports": ("It uses only packages that the course has", "yes, if Python reaches it"),
        "prints": ("It prints nothing", "no"),
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
    "taken": "uses {names}, which one of your cells has set in place of Python's or NumPy's own: rename that variable",
    "foreign": "uses {names}, which the course does not have",
    "prints": "prints, and may",
    "unknown": "could not be looked at",
    "ready": "All visible checks pass. Extra cells, extra variables and prints cost nothing. Restart the kernel, run all "
    "cells, save, and hand in.",
    "not ready": "Not ready yet: {exercises}. You can hand in all the same; the other exercises keep their points. Extra cells, "
    "extra variables and prints cost nothing.",
    "imported": "Your cells import {names}, which the course does not have, so that import fails where this is graded. The "
    "functions of its cell are kept, but one that uses {names} fails. Delete the import, or do the same with NumPy or "
    "another package of the course. Then restart the kernel and run all cells.",
}


class CheckFailed(AssertionError):
    """A check's message to a learner; Jupyter shows it without a traceback.

    Parameters
    ----------
    call : str
        The call that went wrong, such as ``initialize_parameters_he([2, 4, 1])``.
    kind : str
        The key of the message in `MESSAGES`.
    expected, got, hint : str
        What it says.
    """

    def __init__(self, call, kind, expected, got, hint):
        self.kind, self.expected, self.got, self.hint = kind, expected, got, hint
        width = max(map(len, LABELS.values())) + 1
        lines = zip(LABELS.values(), (expected, got, hint))
        super().__init__("\n".join([call, *(f"{label:{width}}{text}" for label, text in lines if text)]))

    def _render_traceback_(self):
        return [str(self)]


@dataclass(frozen=True)
class Case:
    """One call of the learner's function, and the weights that it should return.

    Attributes
    ----------
    layers_dims : tuple of int
        Units in each layer, from the input to the output.
    values : tuple of float
        The expected W1, W2, ... one after the other, each row by row.
    """

    layers_dims: tuple
    values: tuple = ()

    @property
    def shapes(self):
        """The shape of each weight matrix."""
        return list(zip(self.layers_dims[1:], self.layers_dims))

    @property
    def weights(self):
        """The expected weights, by key."""
        found, left = {}, np.array(self.values)
        for l, (rows, columns) in enumerate(self.shapes, start=1):
            found[f"W{l}"], left = left[: rows * columns].reshape(rows, columns), left[rows * columns :]
        return found


def _numbers(text):
    """Return the numbers of a table."""
    return tuple(map(float, text.split()))


@dataclass(frozen=True)
class Exercise:
    """One graded function.

    Attributes
    ----------
    function : str
        Its name in the notebook.
    cases : tuple of Case
        What the visible check calls it with.
    scale : str
        The name of its factor in `_scales`.
    hints : str
        Where `MESSAGES` has what to say about a wrong factor.
    """

    function: str
    cases: tuple
    scale: str = ""
    hints: str = ""


# Four sizes show a loop that ends too early, and no two of them are equal. Three are those of the
# cell above the check. Equal sizes show an array that is used twice.
ZEROS = Exercise(
    "initialize_parameters_zeros",
    (Case((5, 3, 2, 1), (0.0,) * 23), Case((3, 2, 1), (0.0,) * 8), Case((3, 3, 3), (0.0,) * 18)),
)
RANDOM = Exercise(
    "initialize_parameters_random",
    (
        Case(
            (5, 3, 2, 1),
            _numbers(
                "17.88628473 4.36509851 0.96497468 -18.63492703 -2.77388203 -3.54758979 -0.82741481 "
                "-6.27000677 -0.43818169 -4.7721803 -13.13864753 8.8462238 8.81318042 17.09573064 0.50033642 "
                "-4.04677415 -5.45359948 -15.46477316 9.82367434 -11.0106763 -11.85046527 -2.05649899 "
                "14.86148355"
            ),
        ),
        Case(
            (3, 2, 1),
            _numbers("17.88628473 4.36509851 0.96497468 -18.63492703 -2.77388203 -3.54758979 -0.82741481 -6.27000677"),
        ),
        Case(
            (3, 3, 3),
            _numbers(
                "17.88628473 4.36509851 0.96497468 -18.63492703 -2.77388203 -3.54758979 -0.82741481 "
                "-6.27000677 -0.43818169 -4.7721803 -13.13864753 8.8462238 8.81318042 17.09573064 0.50033642 "
                "-4.04677415 -5.45359948 -15.46477316"
            ),
        ),
    ),
    scale="ten",
    hints="scale of exercise 2",
)
HE = Exercise(
    "initialize_parameters_he",
    (
        Case(
            (5, 3, 2, 1),
            _numbers(
                "1.13122797 0.27607307 0.06103036 -1.17857627 -0.1754357 -0.22436928 -0.05233031 -0.39655005 "
                "-0.02771304 -0.30181918 -0.83096103 0.55948432 0.55739447 1.08122894 0.03164405 -0.33041773 "
                "-0.44528453 -1.26269344 0.80209965 -0.89901796 -0.96758644 -0.2056499 1.48614836"
            ),
        ),
        Case(
            (2, 4, 1),
            _numbers(
                "1.78862847 0.43650985 0.09649747 -1.8634927 -0.2773882 -0.35475898 -0.08274148 -0.62700068 "
                "-0.03098412 -0.33744411 -0.92904268 0.62552248"
            ),
        ),
        Case(
            (3, 3, 3),
            _numbers(
                "1.46040903 0.3564088 0.07878985 -1.52153542 -0.22648652 -0.28965949 -0.06755814 -0.51194391 "
                "-0.03577739 -0.38964689 -1.07276608 0.72229115 0.71959317 1.39586056 0.0408523 -0.33041773 "
                "-0.44528453 -1.26269344"
            ),
        ),
    ),
    scale="he",
    hints="scale of exercise 3",
)

# What the expected values are made of, to recognize it in unexpected ones.
DRAWS = np.array(RANDOM.cases[0].values) / 10
# The first two draws of other streams, as their sources produce them.
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
UNFILLED = 1e300  # what np.empty finds in memory during a check
UNIFORM = (0.550798, 0.708148)  # np.random.rand after np.random.seed(3)
LARGE = (200, 300, 400, 100)  # enough draws to measure their spread to a percent


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
    """
    _visible_test(target, ZEROS)


def initialize_parameters_random_test(target):
    """Check exercise 2: ``randn * 10`` after the seed 3, biases zero.

    Parameters and errors are those of `initialize_parameters_zeros_test`.
    """
    _visible_test(target, RANDOM)


def initialize_parameters_he_test(target):
    """Check exercise 3: He initialization (He et al. 2015) after the seed 3, biases zero.

    Parameters and errors are those of `initialize_parameters_zeros_test`.
    """
    _visible_test(target, HE)


def hidden_test(target, reference, architectures):
    """Check a function on further architectures, and tell no more than what kind of thing is wrong.

    Parameters
    ----------
    target : callable
        The learner's function.
    reference : callable
        Takes layer sizes and returns the expected W1, W2, ... in a list.
    architectures : dict of str to sequence of int
        Layer sizes, by what is special about them, such as ``"one layer"``.

    Raises
    ------
    CheckFailed
        With the category of the first failure.
    """
    with _own_random_state():
        for architecture, layers_dims in architectures.items():
            values = np.concatenate([np.ravel(weights) for weights in reference(list(layers_dims))])
            case = Case(tuple(layers_dims), tuple(values.tolist()))
            try:
                Attempt(target, Exercise(_name(target), (case,)), case).check()
            except CheckFailed as failed:
                category = MESSAGES[failed.kind].category
                title = HIDDEN["title"].format(function=_name(target), architecture=architecture)
                raise CheckFailed(
                    title, failed.kind, "", HIDDEN["got"].format(category=category), HIDDEN["hint"]
                ) from None


def _visible_test(target, exercise):
    _check_cases(target, exercise)
    print(PASSED)


def _check_cases(target, exercise):
    with _own_random_state():
        for case in exercise.cases:
            Attempt(target, exercise, case).check()


@contextmanager
def _own_random_state():
    """Leave the learner's random numbers as they were."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


# -------------------------------------------------- one call, from keys to values


class Attempt:
    """The learner's function at one case: calls it, and names what is wrong with what came.

    Parameters
    ----------
    target : callable
    exercise : Exercise
    case : Case
    """

    def __init__(self, target, exercise, case):
        self.target, self.exercise, self.case = target, exercise, case
        self.layers = len(case.shapes)
        self.sizes = case.layers_dims

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
            self.check_weights(first, second)
        if not _same(first, second):
            mistake = "no seed" if self.exercise.scale else "other"
            self.fail("repeat", mistake, dims=list(self.sizes))

    def fail(self, kind, mistake, better_hint="", **details):
        """Raise CheckFailed with the message of a kind and the hint for a mistake, unless there is a better one."""
        message = MESSAGES[kind]
        call = f"{self.exercise.function}({list(self.sizes)})"
        expected, got, hint = (
            text.format(**details) for text in (message.expected, message.got, message.hints[mistake])
        )
        raise CheckFailed(call, kind, expected, got, better_hint or hint) from None

    # ------------------------------------------------------------------ the call

    def call(self):
        """Return what the function returns, as a plain dict."""
        given = list(self.sizes)
        _leave_in_memory(self.case.shapes)
        try:
            # Plain nbgrader gives no points to a cell that wrote to stderr, be it a warning.
            with _time_limit(self.target), redirect_stderr(sys.stdout):
                returned = self.target(given)
        except (Exception, SystemExit) as error:  # a learner's function may raise anything
            self.fail_with(error)
        if _is(returned, types.CoroutineType):
            returned.close()  # or Python warns, whenever it may be, that nobody waited for it
        if not all(type(size) is int for size in given) or given != list(self.sizes):
            self.fail("argument", "any", expected=list(self.sizes), got=_short(given))
        if not _is(returned, dict):
            self.fail("type", self.mistake_in_type(returned), got=_type_name(returned))
        # Names out of a NumPy array are text too, if of a class of their own.
        return {str.__str__(key) if _is(key, str) else key: value for key, value in dict.items(returned)}

    def works(self, layers_dims):
        """Whether a call with other sizes returns a dict."""
        try:
            Attempt(self.target, self.exercise, Case(layers_dims)).call()
        except CheckFailed:
            return False
        return True

    def elsewhere(self):
        """Return the shapes that come back for the exercise's cases; {} where the call fails."""
        found = {}
        for case in self.exercise.cases:
            try:
                returned = Attempt(self.target, self.exercise, case).call()
            except CheckFailed:
                returned = {}
            found[case.layers_dims] = {key: _shape(value) for key, value in returned.items()}
        return found

    def fail_with(self, error):
        """Fail with what the function raised, on which line, and why that may be."""
        line = _learners_line(error, self.target)
        # The stub says what to do, and so does the hint: once is enough.
        text = type(error).__name__ if isinstance(error, NotImplementedError) else _text(error)
        self.fail(
            "error",
            self.mistake_in_error(error, text, line),
            _taken(error, text, self.target),
            error=text,
            line=WORDS["line"].format(number=line.lineno, text=line.line) if line else "",
            name=self.exercise.function,
            seconds=SECONDS,
            count=len(self.sizes),
            last=self.layers,
            works=list(self.exercise.cases[0].layers_dims),
            unknown=(text.split("'") + [WORDS["a name"]])[1],
        )

    def mistake_in_error(self, error, text, line):
        if not callable(self.target):
            return "not a function"
        if isinstance(error, TypeError) and "argument" in text and line is None:
            return "parameters"
        ones = (1,) * len(self.sizes)  # every size is the number of a layer
        if isinstance(error, IndexError) and self.sizes != ones and self.works(ones):
            return "sizes as indices"
        if isinstance(error, (IndexError, ValueError)) and self.case is not self.exercise.cases[0]:
            return "fixed number"
        mistake = next((name for name, kind, part in ERRORS if isinstance(error, kind) and part in text), "any")
        if mistake == "unknown name" and set(text.split("'")) & {*np.__all__, *np.random.__all__}:
            return "name of NumPy"
        return mistake

    def mistake_in_type(self, returned):
        if _is(returned, tuple) and any(_is(part, dict) for part in returned):
            return "tuple around a dict"
        if returned is None:
            printed = io.StringIO()
            with suppress(Exception, SystemExit), redirect_stdout(printed), _time_limit(self.target):
                self.target(list(self.sizes))
            return "printed" if printed.getvalue() else "nothing"
        return _first_kind(returned, RETURNED)

    # ------------------------------------------------------------------ the keys

    def check_keys(self, returned):
        expected = [f"{letter}{l}" for l in range(1, self.layers + 1) for letter in "Wb"]
        if all(type(key) is str for key in returned) and set(returned) == set(expected):
            return
        got = ", ".join(_short(key) for key in list(returned)[:12])
        if len(returned) > 12:
            got = WORDS["more keys"].format(keys=got, number=len(returned) - 12)
        self.fail(
            "keys",
            self.mistake_in_keys(returned),
            expected=", ".join(expected),
            got=got or WORDS["no keys"],
            missing=", ".join(key for key in expected if key not in returned),
        )

    def mistake_in_keys(self, returned):
        L = self.layers
        if not returned:
            return "none"
        if any(_is(value, dict) for value in returned.values()):
            return "nested"
        if not all(type(key) is str for key in returned):
            return "not text"
        got = set(returned)
        if L > 1 and got in (_keys(1, 1), _keys(L, L)):
            shape = _shape(returned.get("W1"))
            if shape is None:
                return "dict inside the loop"
            return "always 1" if shape == self.case.shapes[-1] else "return inside the loop"
        if got > _keys(1, L):
            again = self.call()
            if any(_share(returned[key], again.get(key)) for key in got - _keys(1, L)):
                return "left from before"
        if len(set(self.sizes)) == 1:
            return "equal sizes"
        numbers = {len(shapes) for shapes in self.elsewhere().values()}
        if len(numbers) == 1 and got == _keys(1, len(got) // 2):
            return "fixed number"
        if any("{" in key for key in got):
            return "no f"
        if got == {"W", "b"} and all(_is(value, (list, tuple)) for value in returned.values()):
            return "lists of layers"
        weights = {f"W{l}" for l in range(1, L + 1)}
        if got == weights and _shape(returned["W1"]) == (self.sizes[1], 1):
            return "biases under W"
        produced = {
            "both letters": {key.swapcase() for key in _keys(1, L)},
            "small w": {key.lower() for key in _keys(1, L)},
            "capital b": {key.upper() for key in _keys(1, L)},
            "no number": {"W", "b"},
            "sizes for numbers": {f"{letter}{n}" for n in self.sizes for letter in "Wb"},
            "numbered from two": _keys(2, L + 1),
            "numbered from zero": _keys(0, L - 1),
            "loop from zero": _keys(0, L),
            "loop from two": _keys(2, L),
            "loop one short": _keys(1, L - 1),
            "loop one long": _keys(1, L + 1),
            "no biases": weights,
            "no weights": {f"b{l}" for l in range(1, L + 1)},
        }
        for mistake, keys in produced.items():
            if got == keys:
                return mistake
        if _keys(1, L) in ({"".join(filter(str.isalnum, key)) for key in got}, {key[-2:] for key in got}):
            return "extra characters"
        if len(got) == 2 and {key[:1] for key in got} == {"W", "b"} and not any(map(str.isdigit, "".join(got))):
            return "letter for number"
        if got < _keys(1, L):
            return "some missing"
        return "more" if got > _keys(1, L) else "any"

    # ---------------------------------------------------------------- the arrays

    def check_arrays(self, returned):
        for key, array in returned.items():
            if type(array) is not np.ndarray:
                self.fail("array", _first_kind(array, NO_ARRAY), key=key, got=_type_name(array))
            if array.dtype.kind != "f":
                mistake = NO_FLOATS.get(array.dtype.kind, "any")
                if mistake == "int" and self.exercise.scale and key.startswith("W"):
                    cut_off = self.case.weights[key].astype(int)
                    mistake = "int" if np.array_equal(array, cut_off) else "randint"
                if array.dtype.kind == "i" and array.shape == (2,):
                    mistake = "zeros_like"
                self.fail("numbers", mistake, key=key, got=_short(array.dtype))

    def check_shapes(self, returned):
        for l, (rows, columns) in enumerate(self.case.shapes, start=1):
            for kind, key, expected in (("weight shape", f"W{l}", (rows, columns)), ("bias shape", f"b{l}", (rows, 1))):
                got = returned[key].shape
                if got != expected:
                    self.fail(kind, self.mistake_in_shape(kind, key, l, got), key=key, expected=expected, got=got)
        for key, array in returned.items():
            if not np.isfinite(array).all():
                nan = np.isnan(array)
                of_draws = self.exercise.scale and key.startswith("W") and not nan.all()
                mistake = ("some nan" if of_draws else "nan") if nan.any() else "infinite"
                self.fail("finite", mistake, key=key, got="NaN" if nan.any() else "infinity")

    def mistake_in_shape(self, kind, key, l, got):
        n, before, twice_before = self.sizes[l], self.sizes[l - 1], self.sizes[l - 2]  # in layer 1 l - 2 wraps around
        after = self.sizes[l + 1] if l < self.layers else None
        # Where layer 1 is right, an index that is off in every layer is not the cause.
        first = self.sizes[1] if l > 1 else None
        found = self.elsewhere()
        shapes = found.get(self.sizes, {})
        numbered = [shapes.get(f"{key[0]}{number}") for number in range(1, self.layers + 1)]
        produced = {
            "weight shape": {
                "layer 1 everywhere": (first, self.sizes[0]),
                "last layer": (self.sizes[-1], self.sizes[-2]),
                "layer number": (l, l - 1),
                "transposed": (before, n),
                "own size twice": (n, n),
                "size before twice": (before, before),
                "one layer early": (before, twice_before),
                "one layer late": (after, n),
                "like the biases": (n, 1),
                "input size": (n, self.sizes[0]),
            },
            "bias shape": {
                "layer 1 everywhere": (first, 1),
                "layer number": (l, 1) if numbered == [(number, 1) for number in range(1, self.layers + 1)] else None,
                "last layer": (self.sizes[-1], 1) if found.get((3, 3, 3), {}).get(key) == (3, 1) else None,
                "row": (1, n),
                "like the weights": (n, before),
                "size before": (before, 1),
                "one layer late": (after, 1),
                "one bias": (1, 1),
            },
        }
        mistake = next((mistake for mistake, shape in produced[kind].items() if got == shape), "any")
        if len(got) != 2:
            return "one dimension" if len(got) < 2 else "more dimensions"
        if mistake not in ("one bias", "layer number") and len({shapes.get(key) for shapes in found.values()}) == 1:
            return "fixed"
        return mistake

    def check_memory(self, first, second):
        for index, (key, array) in enumerate(first.items()):
            if not array.flags.writeable:
                self.fail("read-only", "any", key=key)
            for other in list(first)[index + 1 :]:
                if _share(array, first[other]):
                    self.fail("shared", "any", key=key, other=other)
            if _share(array, second.get(key)):
                self.fail("kept", "any", key=key)

    # ---------------------------------------------------------------- the values

    def check_biases(self, returned):
        for l in range(1, self.layers + 1):
            values = returned[f"b{l}"]
            if values.any():
                first = returned["b1"]
                mistake = "drawn" if np.ptp(first if first.any() else values) else "constant"
                if np.abs(values).max() > UNFILLED / 10:
                    mistake = "not filled"
                self.fail("bias value", mistake, key=f"b{l}", got=_listed(values))

    def check_weights(self, first, second):
        for key, expected in self.case.weights.items():
            got = first[key]
            wrong = np.flatnonzero(~_close(got, expected))
            if wrong.size:
                start = 0 if wrong[0] < 3 else wrong[0]
                weights = [first[key].astype(float) for key in self.case.weights]
                explain = self.mistake_in_draws if self.exercise.scale else self.mistake_in_zeros
                kind, mistake, details = explain(weights, _same(first, second))
                digits = 4 if _listed(got, start) != _listed(expected, start) else 9
                self.fail(
                    kind,
                    mistake,
                    where=WORDS["later" if start else "from the start"].format(key=key, number=start + 1),
                    got=_listed(got, start, digits),
                    expected=_listed(expected, start, digits),
                    dims=list(self.sizes),
                    layer=int(key[1:]) - 1,
                    **details,
                )

    def mistake_in_zeros(self, weights, repeats):
        values = np.concatenate([weight.ravel() for weight in weights])
        if np.abs(values).max() > UNFILLED / 10:
            mistake = "not filled"
        elif np.ptp(values) == 0:
            mistake = "ones" if values[0] == 1 else "constant"
        elif all(np.array_equal(weight, np.eye(*weight.shape)) for weight in weights):
            mistake = "identity"
        elif not repeats or _position(weights[0]) is not None:
            mistake = "random"
        else:
            mistake = "any"
        return "zero weight", mistake, {"constant": f"{values[0]:.4g}"}

    def mistake_in_draws(self, weights, repeats):
        """Tell how the weights came from the stream of draws, or from which other stream."""
        if not repeats:
            return "repeat", "no seed", {}
        expected = list(self.case.weights.values())
        factors = np.array([_factor(weight, draws) for weight, draws in zip(weights, self.draws())])
        if not np.isnan(factors).any():
            return self.mistake_in_scale(factors)

        W1, rows = weights[0], len(weights[0])
        draws = DRAWS[: W1.size]
        slope, offset = np.polyfit(draws, W1.ravel(), 1)
        first = _position(W1)
        second = _position(weights[1]) if self.layers > 1 else None
        produced = {
            "one number": W1.shape[1] > 1 and not np.ptp(W1, axis=1).any(),
            "absolute": all(_close(weight, np.abs(value)).all() for weight, value in zip(weights, expected)),
            "added": _close(W1.ravel(), draws + offset).all(),
            "offset": abs(slope) > 1e-3 and _close(W1.ravel(), slope * draws + offset).all() and first is None,
            "clipped": all(
                _close(weight, np.clip(value, weight.min(), weight.max())).all()
                for weight, value in zip(weights, expected)
            ),
            "rounded": all(np.allclose(weight, value, atol=0.06) for weight, value in zip(weights, expected)),
            "transposed": _position(W1.T) == 0 and rows > 1,
            "seed inside the loop": first == second == 0,
            "last layer first": first and second is not None and second < first,
            "biases first": first in (rows, sum(self.sizes[1:])),
            "biases between": first == 0 and second == W1.size + rows,
            "extra draws": first or (second or 0) > W1.size,
            "uniform": _begins_like(W1, UNIFORM),
            "bent": draws.size > 5 and any(_rises(W1.ravel(), by) for by in (draws, np.abs(draws))),
        }
        mistake = next((name for name, holds in produced.items() if holds), None)
        if mistake is None:
            return self.mistake_in_stream(W1)
        extra = {"count": first, "drawn": "W1"} if first else {"count": (second or 0) - W1.size, "drawn": "W2"}
        return "draws", mistake, {"offset": offset, **extra}

    def draws(self):
        """Return the draws for each layer, as they should be before they are scaled."""
        taken = 0
        for rows, columns in self.case.shapes:
            yield DRAWS[taken : taken + rows * columns].reshape(rows, columns)
            taken += rows * columns

    def mistake_in_scale(self, factors):
        known = _scales(self.sizes)
        right = known[self.exercise.scale]
        hints = MESSAGES[self.exercise.hints].hints
        layer = int(np.flatnonzero(~np.isclose(factors, right, rtol=1e-5))[0])
        # Two formulas can agree in one layer by chance; in exercise 2 there is but one factor to agree on.
        by_chance = layer == 0 and self.exercise.scale == "he"
        mistake = "some layers" if np.isclose(factors, right, rtol=1e-5).any() and not by_chance else "any"
        if np.allclose(factors, right, rtol=0.01):
            mistake = "nearly"
        if np.allclose(factors, -right):
            mistake = "negative"
        for name, scale in known.items():
            if name in hints and np.allclose(factors, scale, rtol=1e-4):
                mistake = name
        return self.exercise.hints, mistake, {"used": factors[layer], "factor": right[layer]}

    def mistake_in_stream(self, W1):
        """Tell what can be told of draws from an unknown stream: who made them, and how widely they spread."""
        try:
            returned = Attempt(self.target, self.exercise, Case(LARGE)).call()
            many = [np.asarray(returned[f"W{l}"], dtype=float) for l in range(1, len(LARGE))]
            measured = np.array([weights.std() for weights in many])
        except (CheckFailed, KeyError, TypeError, ValueError):
            spread = SPREAD["unknown"]
        else:
            expected = _scales(LARGE)[self.exercise.scale]
            wrong = np.flatnonzero(~np.isclose(measured, expected, rtol=0.03))
            layer = wrong[0] if wrong.size else 0
            spread = SPREAD["wrong" if wrong.size else "right"].format(
                layer=layer + 1, inputs=LARGE[layer], measured=measured[layer], expected=expected[layer]
            )
            # The largest of many uniform draws lies sqrt(3) standard deviations from their mean.
            if np.isclose(np.abs(many[0] - many[0].mean()).max() / measured[0], np.sqrt(3), rtol=0.02):
                return "draws", "other uniform", {}
        for generator, begins in NEW_GENERATORS.items():
            if _begins_like(W1, begins):
                return "draws", "new generator", {"generator": generator, "spread": spread}
        for seed, begins in OTHER_SEEDS.items():
            if _begins_like(W1, begins):
                return "draws", "other seed", {"seed": seed}
        return "draws", "any", {"spread": spread}


# ------------------------------------------------------------------ what is what

# The name of a mistake, and the error that it ends in.
ERRORS = (
    ("not written", NotImplementedError, ""),
    ("never ends", TimeoutError, ""),
    ("recursion", RecursionError, ""),
    ("exit", SystemExit, ""),
    ("import", ImportError, ""),
    ("index", IndexError, ""),
    ("index not whole", TypeError, "indices must be integers"),
    ("key", KeyError, ""),
    ("division by zero", ZeroDivisionError, ""),
    ("unset name", UnboundLocalError, ""),
    ("unknown name", NameError, ""),
    ("attribute of a list", AttributeError, "'list' object"),
    ("attribute of a dict", AttributeError, "'dict' object"),
    ("attribute", AttributeError, ""),
    ("shapes apart", ValueError, "broadcast"),
    ("unpacking", ValueError, "unpack"),
    ("loop over a number", TypeError, "'int' object is not iterable"),
    ("call for an entry", TypeError, "object is not callable"),
    ("entry for a call", TypeError, "object is not subscriptable"),
    ("range of a list", TypeError, "'list' object cannot be interpreted as an integer"),
    ("shape as tuple", TypeError, "'tuple' object cannot be interpreted as an integer"),
    ("shape not whole", TypeError, "'float' object cannot be interpreted as an integer"),
    ("shape not a tuple", TypeError, "as a data type"),
    ("power", TypeError, "bitwise_xor"),
    ("power", TypeError, "for ^"),
    ("root of two", TypeError, "ArrayType"),
    ("text plus number", TypeError, "concatenate str"),
    ("arithmetic on a list", TypeError, "'list'"),
)
RETURNED = {
    "sequence": (tuple, list),
    "array": np.ndarray,
    "text": str,
    "function": (types.FunctionType, types.BuiltinFunctionType, types.MethodType),
    "generator": types.GeneratorType,
    "coroutine": types.CoroutineType,
}
NO_ARRAY = {
    "tuple": tuple,
    "list": list,
    "number": (int, float, complex, np.generic),
    "matrix": np.matrix,
    "nothing": type(None),
    "function": (types.FunctionType, types.BuiltinFunctionType),
}
NO_FLOATS = {"i": "int", "u": "int", "b": "bool", "c": "complex", "O": "object", "U": "text"}


def _scales(layers_dims):
    """Return what each known factor would be, layer by layer: the right ones and the mistaken ones."""
    n = np.array(layers_dims, dtype=float)
    fan_in, fan_out, layers = n[:-1], n[1:], len(n) - 1
    ones, l = np.ones(layers), np.arange(1, layers + 1)
    he = np.sqrt(2 / fan_in)
    return {
        "zero": 0 * ones,
        "unscaled": ones,
        "ten": 10 * ones,
        "tenth": ones / 10,
        "hundredth": ones / 100,
        "hundred": 100 * ones,
        "root of ten": np.sqrt(10) * ones,
        "he": he,
        "xavier": np.sqrt(1 / fan_in),
        "variance": 2 / fan_in,
        "variance of xavier": 1 / fan_in,
        "squared": (2 / fan_in) ** 2,
        "root of the 2 alone": np.sqrt(2) / fan_in,
        "root of the n alone": 2 / np.sqrt(fan_in),
        "integer division": np.sqrt(2 // fan_in),
        "fan-out": np.sqrt(2 / fan_out),
        "variance by fan-out": 2 / fan_out,
        "both fans": np.sqrt(2 / (fan_in + fan_out)),
        "variance by both fans": 2 / (fan_in + fan_out),
        "xavier by both fans": np.sqrt(1 / (fan_in + fan_out)),
        "xavier by fan-out": np.sqrt(1 / fan_out),
        "mean of the fans": np.sqrt(4 / (fan_in + fan_out)),
        "uniform limit": np.sqrt(6 / (fan_in + fan_out)),
        "input size": he[0] * ones,
        "number of layers": np.sqrt(2 / layers) * ones,
        "length of the list": np.sqrt(2 / len(n)) * ones,
        "layer number": np.sqrt(2 / l),
        "layer before that": np.sqrt(2 / n[np.arange(layers) - 1]),
        "number of weights": np.sqrt(2 / (fan_in * fan_out)),
        "sum of the sizes": np.sqrt(2 / n.sum()) * ones,
        "no n": np.sqrt(2) * ones,
        "no 2": np.sqrt(fan_in),
        "2 below": np.sqrt(1 / (2 * fan_in)),
        "upside down": 1 / he,
        "product": np.sqrt(2 * fan_in),
        "he times ten": 10 * he,
        "he times hundredth": he / 100,
    }


def _keys(first, last):
    return {f"{letter}{l}" for l in range(first, last + 1) for letter in "Wb"}


def _close(got, expected):
    """Compare value by value, wide enough for float32 and narrower than any mistake; zero has to be zero."""
    size = np.abs(expected)
    return np.abs(got - expected) <= 1e-6 * size.max() + 1e-5 * size


def _same(first, second):
    """Whether two calls returned the same arrays under the same keys."""
    if set(first) != set(second):
        return False
    others = (second[key] for key in first)
    return all(
        type(other) is np.ndarray and np.array_equal(array, other) for array, other in zip(first.values(), others)
    )


def _shape(value):
    """Return an array's shape; what else has a shape may say anything."""
    return value.shape if type(value) is np.ndarray else None


def _share(array, other):
    return type(array) is type(other) is np.ndarray and np.shares_memory(array, other)


def _factor(array, draws):
    """Return the one number that the draws were multiplied by, or NaN."""
    factor = np.vdot(array, draws) / np.vdot(draws, draws)
    return factor if _close(array, factor * draws).all() else np.nan


def _rises(values, by):
    """Whether values never fall where ``by`` rises, and do rise somewhere."""
    steps = np.diff(values[np.argsort(by)])
    return bool((steps >= 0).all() and (steps > 0).any())


def _position(array):
    """Return where in the stream of draws an array's values begin, whatever their scale, or None."""
    values = array.ravel()
    for position in range(DRAWS.size - 3 if values.size > 3 and values.any() else 0):
        draws = DRAWS[position : position + values.size]
        if not np.isnan(_factor(values[: draws.size], draws)):
            return position
    return None


def _begins_like(array, pair):
    first, second = array.ravel()[:2]
    return bool(np.isclose(first * pair[1], second * pair[0], rtol=1e-3))


def _leave_in_memory(shapes):
    """Free memory that holds a number nobody uses: np.empty finds it, and np.zeros does not."""
    arrays = [np.empty(size) for rows, columns in shapes for size in (rows * columns, rows)]
    for array in arrays:
        array.fill(UNFILLED)


def _name(target):
    return str(getattr(target, "__name__", WORDS["a function"]))


def _is(value, kind):
    """Like isinstance, without asking the value what it is: it may say anything."""
    return issubclass(type(value), kind)


def _first_kind(value, kinds):
    return next((name for name, kind in kinds.items() if _is(value, kind)), "any")


def _type_name(value):
    return "None" if value is None else type(value).__name__


def _short(value):
    """Return a value as text, in one short line; its own text is no reason to fail."""
    try:
        text = str(value)
    except Exception:
        text = type(value).__name__
    return " ".join(text[:200].split())


def _text(error):
    return f"{type(error).__name__}: {_short(error)}".removesuffix(": ")


def _listed(array, start=0, digits=4):
    shown = ", ".join(f"{value:.{digits}g}" for value in array.ravel()[start : start + 3])
    return shown + (", ..." if array.size > start + 3 else "")


def _file(target):
    return getattr(getattr(target, "__code__", None), "co_filename", None)


def _learners_line(error, target):
    """Return the deepest line of the traceback that stands in the learner's cell, or None."""
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _file(target)]
    return lines[-1] if lines else None


def _taken(error, text, target):
    """Return what to say of a name of Python's or NumPy's that fails because a cell has set it, or an empty text."""
    if _is(error, AttributeError):
        names, owner = ["np"], WORDS["of NumPy"]
    elif _is(error, TypeError) and "object is not callable" in text:
        names, owner = dir(builtins), WORDS["of Python"]
    else:
        return ""
    frames = [at for at in traceback.walk_tb(error.__traceback__) if at[0].f_code.co_filename == _file(target)]
    for frame, number in frames[-1:]:
        known = {**frame.f_globals, **frame.f_locals}
        for name in _names_in(frame.f_code, number):
            if name in names and name in known and f"{type(known[name]).__name__}' object" in text:
                value = " ".join(reprlib.repr(known[name]).split())
                return WORDS["taken"].format(name=name, owner=owner, value=value)
    return ""


def _names_in(code, number):
    """Return the names of variables that are read on a line of code."""
    read = [
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname.startswith(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF"))
        and getattr(instruction.positions, "lineno", None) == number
    ]
    return [name for names in read for name in (names if _is(names, tuple) else (names,))]


class _Stopped(BaseException):
    """Raised in the learner's own code, which may catch every Exception."""


@contextmanager
def _time_limit(target):
    """Raise TimeoutError when the learner's own code has run for SECONDS."""
    deadline = time.monotonic() + SECONDS

    def watch(frame, event, argument):
        if frame.f_code.co_filename != _file(target):
            return None
        if time.monotonic() > deadline:
            raise _Stopped
        return watch

    debugger = sys.gettrace()
    if debugger is None:
        sys.settrace(watch)
    try:
        yield
    except _Stopped as stopped:
        raise TimeoutError(WORDS["still running"].format(seconds=SECONDS)).with_traceback(
            stopped.__traceback__
        ) from None
    finally:
        sys.settrace(debugger)


# ------------------------------------------------------------------ the pre-flight

# What can be imported wherever requirements.txt is installed, beside Python's own modules.
COURSE = set(
    "numpy matplotlib mpl_toolkits pylab sklearn scipy joblib threadpoolctl IPython ipywidgets ipykernel "
    "jupyter_client jupyter_core jupyter_server jupyterlab notebook nbclient nbconvert nbformat nbgrader traitlets "
    "matplotlib_inline PIL dateutil cycler contourpy kiwisolver pyparsing fontTools packaging six rich pytest hypothesis "
    "sqlalchemy alembic requests urllib3 certifi httpx bs4 bleach jinja2 markupsafe mistune yaml jsonschema pygments "
    "psutil rapidfuzz tornado zmq attr attrs sortedcontainers typing_extensions sandlock latex2mathml".split()
)
# Who catches one of these goes on without the package.
NO_IMPORT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
NO_HARM = (PREFLIGHT["ok"], PREFLIGHT["unknown"])


@dataclass(frozen=True)
class Preflight:
    """What `preflight` found, for Jupyter to show as a table.

    Attributes
    ----------
    rows : tuple of tuple of str
        What was looked for, what was found in each exercise, whether it costs points.
    summary : str
        What is imported and won't be there, if anything is; then ready, or what is left to do.
    """

    rows: tuple
    summary: str

    def _repr_html_(self):
        style = 'style="text-align: left; vertical-align: top"'
        head = "".join(f'<th scope="col" {style}>{html.escape(column)}</th>' for column in PREFLIGHT["columns"])
        body = "".join(
            f'<tr><th scope="row" {style}>{html.escape(name)}</th>'
            + "".join(f"<td {style}>{html.escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for name, *cells in self.rows
        )
        caption, summary = html.escape(PREFLIGHT["caption"]), html.escape(self.summary)
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{summary}</p>"

    def __repr__(self):
        lines = [PREFLIGHT["caption"]]
        for name, *found, costs in self.rows:
            _, *exercises, question = PREFLIGHT["columns"]
            lines.append(f"\n{name} ({question} {costs})")
            lines += [f"  {exercise}: {cell}" for exercise, cell in zip(exercises, found)]
        return "\n".join([*lines, "", self.summary])


def preflight(namespace):
    """Look over the three exercises before they are handed in. Reports, and raises nothing.

    Parameters
    ----------
    namespace : dict
        Where the learner's functions are: ``globals()`` of the notebook.

    Returns
    -------
    Preflight
    """
    foreign = _foreign(namespace)
    with _own_random_state():
        columns = [_findings(namespace, exercise, foreign) for exercise in (ZEROS, RANDOM, HE)]
    rows = tuple(
        (title, *(column.get(name, "-") for column in columns), costs)
        for name, (title, costs) in PREFLIGHT["rows"].items()
    )
    ready = [column.get("checks") == PREFLIGHT["ok"] and column.get("imports") in NO_HARM for column in columns]
    left = ", ".join(title for title, is_ready in zip(PREFLIGHT["columns"][1:], ready) if not is_ready)
    summary = PREFLIGHT["not ready"].format(exercises=left) if left else PREFLIGHT["ready"]
    if foreign:
        summary = PREFLIGHT["imported"].format(names=", ".join(sorted(foreign))) + " " + summary
    return Preflight(rows, summary)


def _findings(namespace, exercise, foreign):
    """Return what was found in one exercise, by the name of the row."""
    target = namespace.get(exercise.function)
    if not callable(target):
        return {"there": _renamed(namespace, exercise.function)}
    found = {"there": PREFLIGHT["ok"]}
    looks = {
        "parameters": _look_at_parameters,
        "checks": _look_at_checks,
        "stub": _look_at_stub,
        "names": _look_at_names,
        "imports": lambda target, exercise: _look_at_imports(target, foreign),
    }
    printed = io.StringIO()
    for name, look in looks.items():
        try:
            with redirect_stdout(printed):
                found[name] = look(target, exercise) or PREFLIGHT["ok"]
        except (Exception, SystemExit):  # whatever one look meets, the others are shown
            found[name] = PREFLIGHT["unknown"]
    found["prints"] = PREFLIGHT["prints"] if printed.getvalue() else PREFLIGHT["ok"]
    return found


def _renamed(namespace, name):
    mine = [
        other
        for other, value in namespace.items()
        if _is(value, types.FunctionType)
        and value.__module__ == "__main__"
        and other not in {exercise.function for exercise in (ZEROS, RANDOM, HE)}
    ]
    similar = difflib.get_close_matches(name, mine, n=1, cutoff=0.5)
    kind = name.rpartition("_")[2]  # init_he is short, but there is no doubt whose it is
    similar = similar or [other for other in mine if kind in other.lower().split("_")][:1]
    return PREFLIGHT["similar" if similar else "missing"].format(name=name, similar="".join(similar))


def _look_at_parameters(target, exercise):
    parameters = list(inspect.signature(target).parameters.values())
    if not parameters:
        return PREFLIGHT["takes nothing"]
    needed = [
        parameter.name
        for parameter in parameters[1:]
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    return PREFLIGHT["needs"].format(names=", ".join(needed)) if needed else ""


def _look_at_stub(target, exercise):
    if "NotImplementedError" not in inspect.unwrap(target).__code__.co_names:
        return ""
    try:
        with _time_limit(target):
            target(list(exercise.cases[0].layers_dims))
    except NotImplementedError:
        return PREFLIGHT["stub reached"]
    return PREFLIGHT["stub not reached"]


def _look_at_checks(target, exercise):
    try:
        _check_cases(target, exercise)
    except CheckFailed as failed:
        return PREFLIGHT["fails"].format(got=failed.got, hint=failed.hint)
    return ""


def _look_at_names(target, exercise):
    target = inspect.unwrap(target)
    known = target.__globals__
    names = {
        instruction.argval
        for instruction in _instructions(target)
        if instruction.opname in ("LOAD_GLOBAL", "STORE_GLOBAL")
    }
    unset = sorted(name for name in names if name not in known and not hasattr(builtins, name))
    used = sorted(
        name
        for name in names & set(known)
        if not isinstance(known[name], types.ModuleType) and not callable(known[name])
    )
    taken = [name for name in used if name == "np" or hasattr(builtins, name)]
    if unset:
        similar = difflib.get_close_matches(unset[0], {*target.__code__.co_varnames, *known}, n=1, cutoff=0.75)
        text = PREFLIGHT["misspelled" if similar else "undefined"]
        return text.format(names=", ".join(unset), similar="".join(similar))
    if taken:
        return PREFLIGHT["taken"].format(names=", ".join(taken))
    return PREFLIGHT["uses"].format(names=", ".join(used)) if used else ""


def _instructions(target):
    """Return what a function does step by step, and what the functions inside of it do."""
    parts = (target.__code__, *filter(inspect.iscode, target.__code__.co_consts))
    return [instruction for code in parts for instruction in dis.get_instructions(code)]


def _look_at_imports(target, foreign):
    target = inspect.unwrap(target)
    steps = _instructions(target)
    used = {_package(target.__globals__.get(step.argval)) for step in steps if step.opname == "LOAD_GLOBAL"}
    used |= {step.argval.partition(".")[0] for step in steps if step.opname == "IMPORT_NAME"}
    return PREFLIGHT["foreign"].format(names=", ".join(sorted(used & foreign))) if used & foreign else ""


def _foreign(namespace):
    """Return the packages that the notebook imports and can't do without, and that the course does not have."""
    cells = namespace.get("In")  # IPython's list of what was run, with its magics turned into Python
    texts = [text for text in cells if _is(text, str)] if _is(cells, list) else []
    imports = [found for text in texts for found in _imports_of_cell(text)]
    needed = {name for name, optional in imports if not optional}
    optional = {name for name, optional in imports if optional}
    bound = {_package(value) for name, value in namespace.items() if _is(name, str) and not name.startswith("_")}
    return {name for name in needed | (bound - optional) if not _in_course(name)}


def _imports_of_cell(text):
    """Return the packages that a cell imports, each with whether the cell goes on without it."""
    for source in (text, re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", text)):
        with suppress(Exception), warnings.catch_warnings():  # a cell may hold anything
            warnings.simplefilter("ignore")
            return list(_imports(ast.parse(source)))
    return []


def _imports(node, optional=False):
    names = [alias.name for alias in node.names] if _is(node, ast.Import) else []
    if _is(node, ast.ImportFrom) and not node.level:
        names = [node.module]
    yield from ((name.partition(".")[0], optional) for name in names)
    caught = [handler.type for handler in getattr(node, "handlers", ())]
    caught += [item.context_expr for item in getattr(node, "items", ())]
    for part in caught:
        names = {inner.id for inner in ast.walk(part) if _is(inner, ast.Name)} if part else NO_IMPORT
        optional = optional or bool(names & NO_IMPORT)
    for child in ast.iter_child_nodes(node):
        if _is(child, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield from _imports(child, optional)


def _package(value):
    """Return where a module, a function or a class comes from, or None."""
    if _is(value, (types.ModuleType, types.FunctionType, type)):
        with suppress(Exception):
            name = value.__name__ if _is(value, types.ModuleType) else value.__module__
            return name.partition(".")[0]
    return None


def _in_course(name):
    """Whether a package can be imported where this is graded: it is the course's, Python's, or lies beside the notebook."""
    if name in COURSE or name in sys.stdlib_module_names or name in (None, "__main__"):
        return True
    return any(
        (folder / f"{name}.py").exists() or (folder / name).is_dir() for folder in (Path(__file__).parent, Path())
    )
