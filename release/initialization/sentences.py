"""Every sentence that a learner can get from a check or the pre-flight: one table, to read and to translate."""

from typing import Any

# Every sentence that a learner can read, to read or to translate. The names in braces are filled in. The titles are
# for who teaches: what a class got wrong, in a few words.
SENTENCES: dict[str, Any] = {
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
        "short": "Right in the visible checks, not in the hidden ones: {category}",
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
            "titles": {
                "not written": "Not written yet: NotImplementedError",
                "pasted": "Another exercise's name after def",
                "never ends": "A loop that never ends",
                "parameters": "Other parameters than layers_dims",
                "not a function": "No function under that name",
                "index": "An index beyond the end of layers_dims",
                "sizes as indices": "A loop over the sizes, used as numbers of layers",
                "index not whole": "An index that is no whole number",
                "name of NumPy": "np. missing before a name of NumPy's",
                "parameter name": "layers_dims used, and not among the parameters",
                "n of the formula": "The n of the formula as a variable",
                "unknown name": "A name that nothing defines",
                "unset name": "A variable read before it is set",
                "unpacking": "A fixed number of layers unpacked",
                "fixed number": "Works for one number of layers alone",
                "loop over a number": "A loop over a number in place of range",
                "call for an entry": "Round brackets in place of square ones",
                "brackets of randn": "Square brackets after randn",
                "randint": "randint in place of randn",
                "entry for a call": "Square brackets in place of round ones",
                "range of a list": "The whole list where a number belongs",
                "shape as tuple": "The shape of randn as a tuple",
                "shape not whole": "A size that is a fraction",
                "shape not a tuple": "The shape of zeros not as a tuple",
                "text plus number": "Text plus a number",
                "arithmetic on a list": "Arithmetic on a list",
                "power": "^ in place of **",
                "root of two": "Two values for np.sqrt in place of a fraction",
                "shapes apart": "Arrays whose shapes do not fit",
                "key": "A key read before it is set",
                "division by zero": "A division by zero",
                "attribute of a list": "An attribute that a list does not have",
                "attribute of a dict": "An attribute that a dict does not have",
                "attribute": "An attribute that does not exist",
                "import": "A package that is not there",
                "recursion": "A function that calls itself without an end",
                "exit": "A function that ends the program",
                "any": "Another error in the function",
                "taken": "A name of Python's or NumPy's used for a variable",
                "seed taken": "np.random.seed set with = and not called",
                "own variable": "A built-in function's name used for a variable",
                "layer after": "The size of the layer after the last",
                "list for a dict": "A list in place of a dict",
                "comparison": "== in place of =",
                "letter for text": "A key without quotation marks",
                "attribute of a number": "An attribute that a number does not have",
                "gone from NumPy": "A type that NumPy has no longer",
                "matrix product": "@ in place of *",
                "length of a number": "len of a single size",
                "factor as a size": "The factor inside the parentheses of randn",
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
            "titles": {
                "nothing": "No return",
                "printed": "Printed in place of returned",
                "tuple around a dict": "A tuple around the dict",
                "sequence": "A list or a tuple returned in place of a dict",
                "array": "One array returned in place of a dict",
                "text": "Text returned in place of a dict",
                "function": "A function returned in place of its dict",
                "coroutine": "async before def",
                "generator": "yield in place of return",
                "any": "Something else than a dict returned",
                "two dicts": "Two dicts returned in place of one",
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
            "titles": {
                "any": "The list of the caller changed",
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
            "titles": {
                "none": "An empty dict",
                "not text": "Keys that are no text",
                "small w": "A small w in the keys",
                "capital b": "A capital B in the keys",
                "both letters": "Small w and capital B in the keys",
                "extra characters": "Further characters in the keys",
                "no number": "Keys without the number of the layer",
                "letter for number": "The letter l in the keys in place of its number",
                "all inside": "The + inside the quotation marks",
                "no f": "Braces in a text without an f before it",
                "lists of layers": "All layers in one list",
                "nested": "Dicts inside the dict",
                "sizes for numbers": "Keys with the sizes in place of the numbers",
                "always 1": "The 1 typed into the keys",
                "numbered from two": "Layers numbered from 2",
                "numbered from zero": "Layers numbered from 0",
                "loop from zero": "A loop that starts at layer 0",
                "loop from two": "A loop that starts at layer 2",
                "loop one short": "A loop that ends one layer early",
                "loop one long": "A loop that goes one layer too far",
                "return inside the loop": "return or break inside the loop",
                "dict inside the loop": "The dict made anew inside the loop",
                "fixed number": "Keys for a fixed number of layers",
                "left from before": "A dict that keeps the layers of earlier calls",
                "equal sizes": "Layers looked up by their sizes",
                "biases under W": "Biases under the keys of the weights",
                "some missing": "Some weights or biases left out",
                "no biases": "No biases",
                "no weights": "No weights",
                "more": "More in the dict than weights and biases",
                "any": "Other keys than those of the layers",
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
            "titles": {
                "tuple": "A tuple by a comma at the end of a line",
                "list": "Lists in place of arrays",
                "number": "A number in place of an array",
                "matrix": "np.matrix in place of an array",
                "nothing": "None in place of an array",
                "function": "A function that was not called in place of an array",
                "any": "Something else than an array",
                "one draw": "One draw for all weights of a layer",
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
            "titles": {
                "zeros_like": "np.zeros_like in place of np.zeros",
                "randint": "Whole numbers drawn with randint",
                "int": "Whole numbers in place of floating-point ones",
                "bool": "True and False in place of numbers",
                "complex": "Complex numbers",
                "text": "Text in place of numbers",
                "object": "An array of objects",
                "any": "Numbers of another type",
                "array of the sizes": "An array of the two sizes themselves",
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
            "titles": {
                "transposed": "Rows and columns of the weights swapped",
                "own size twice": "The layer's own size for rows and columns",
                "size before twice": "The size of the layer before for rows and columns",
                "one layer early": "Weights with the sizes of the layer before",
                "one layer late": "Weights with the sizes of the layer after",
                "input size": "The input's size for the columns of every layer",
                "like the biases": "Weights with the shape of biases",
                "layer 1 everywhere": "Weights of layer 1's shape in every layer",
                "last layer": "Weights of the last layer's shape in every layer",
                "layer number": "The number of the layer for its size in the weights",
                "one dimension": "Weights with one dimension",
                "more dimensions": "Weights with more than two dimensions",
                "fixed": "Weights of fixed shapes",
                "any": "Another shape of the weights",
                "rows of layer 1": "The rows of layer 1 in every layer",
                "one less outside": "layers_dims[l] - 1 in place of layers_dims[l-1] for the columns",
                "factor as a size": "The factor 10 in the shape",
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
            "titles": {
                "layer 1 everywhere": "Biases of layer 1's shape in every layer",
                "last layer": "Biases of the last layer's shape in every layer",
                "layer number": "The number of the layer for its size in the biases",
                "one dimension": "Biases with one dimension",
                "row": "Biases as a row in place of a column",
                "size before": "Biases for the units of the layer before",
                "one layer late": "Biases for the units of the layer after",
                "like the weights": "Biases with the shape of weights",
                "one bias": "One bias for a whole layer",
                "more dimensions": "Biases with more than two dimensions",
                "fixed": "Biases of fixed shapes",
                "any": "Another shape of the biases",
                "one less outside": "One bias too few: layers_dims[l] - 1",
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
            "titles": {
                "one outside": "The root of a negative number: 2 / layers_dims[l] - 1",
                "some nan": "The root of the draws",
                "nan": "NaN from a calculation without a result",
                "infinite": "Infinity from a division by zero",
                "power of the draws": "** in place of *",
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
            "titles": {
                "any": "One array under two keys",
                "slices": "Slices of one large array for all layers",
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
            "titles": {
                "any": "The arrays of an earlier call returned again",
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
            "titles": {
                "any": "Arrays that can't be changed",
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
            "titles": {
                "constant": "Biases that start at another value than zero",
                "not filled": "np.empty for the biases",
                "drawn": "Biases drawn at random",
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
            "titles": {
                "ones": "np.ones in place of np.zeros",
                "constant": "Another constant in place of zero",
                "identity": "np.eye in place of np.zeros",
                "not filled": "np.empty in place of np.zeros",
                "random": "Random weights in place of zeros",
                "any": "Other weights in place of zeros",
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
            "titles": {
                "no seed": "No seed before the draws",
                "other": "Something kept between calls",
                "seed taken": "np.random.seed set with = and not called",
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
            "titles": {
                "uniform": "rand in place of randn",
                "other uniform": "A uniform distribution in place of a normal one",
                "absolute": "Only the absolute values of the draws",
                "added": "The factor added to the draws in place of multiplied",
                "offset": "Something added to the draws",
                "transposed": "Drawn for the transposed shape, and then turned",
                "seed inside the loop": "The seed inside the loop",
                "biases first": "Biases drawn before the weights",
                "biases between": "Biases drawn between the weights",
                "extra draws": "More numbers drawn than used",
                "last layer first": "Drawn from the last layer to the first",
                "other seed": "Another seed than 3",
                "new generator": "default_rng in place of np.random.seed",
                "one number": "One draw for a whole row",
                "bent": "A power, a root or a rounding of the draws",
                "clipped": "Large draws cut off",
                "rounded": "Rounded weights",
                "any": "Draws from another stream of random numbers",
                "drawn again": "Large draws drawn again",
                "standardised": "Draws divided by their own spread, or less their mean",
                "slices": "Slices of one large array of draws",
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
            "titles": {
                "zero": "Zeros in place of random weights",
                "unscaled": "No factor 10",
                "tenth": "Divided by 10 in place of multiplied",
                "hundredth": "The factor 0.01 in place of 10",
                "hundred": "The factor 10 twice",
                "root of ten": "The root of 10 in place of 10",
                "he": "He's scale in place of the factor 10",
                "negative": "The factor 10 with a minus",
                "nearly": "A factor of nearly 10",
                "some layers": "The factor 10 in some layers alone",
                "any": "Another factor in place of 10",
                "own spread": "Draws divided by their own spread, times 10",
                "accumulated": "The factor 10 several times over",
                "first layer": "The factor 10 missing in layer 1",
                "last layer": "The factor 10 missing in the last layer",
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
            "titles": {
                "zero": "Zeros in place of He's weights",
                "unscaled": "No factor in place of He's scale",
                "ten": "The factor 10 in place of He's scale",
                "hundredth": "The factor 0.01 in place of He's scale",
                "xavier": "Xavier's scale in place of He's",
                "variance": "The variance 2 / n in place of its root",
                "variance of xavier": "1 / n in place of He's scale",
                "squared": "2 / n squared in place of its root",
                "root of the 2 alone": "The root of the 2 alone",
                "root of the n alone": "The root of the n alone",
                "integer division": "// in place of /",
                "fan-out": "Fan-out in place of fan-in",
                "variance by fan-out": "2 / fan-out in place of the root of 2 / fan-in",
                "both fans": "Fan-in plus fan-out in place of fan-in",
                "variance by both fans": "2 / (fan-in + fan-out), without the root",
                "xavier by both fans": "The root of 1 / (fan-in + fan-out)",
                "xavier by fan-out": "Xavier's scale with fan-out",
                "mean of the fans": "The mean of fan-in and fan-out in place of fan-in",
                "uniform limit": "Xavier's limit for a uniform distribution",
                "input size": "The input's size for n in every layer",
                "number of layers": "The number of layers for n",
                "length of the list": "The length of layers_dims for n",
                "layer number": "The layer's number for n",
                "layer before that": "The size two layers back for n",
                "number of weights": "The number of weights for n",
                "sum of the sizes": "The sum of all sizes for n",
                "no n": "The root of 2 in every layer",
                "no 2": "The root of n in place of 2 / n",
                "2 below": "The 2 below the fraction line",
                "upside down": "The fraction upside down",
                "product": "2 times n in place of 2 / n",
                "he times ten": "He's scale times 10",
                "he times hundredth": "He's scale times 0.01",
                "negative": "He's scale with a minus",
                "nearly": "A number that is nearly He's scale",
                "same in all layers": "The same factor in all layers",
                "some layers": "He's scale in some layers alone",
                "any": "Another factor in place of He's scale",
                "own spread": "Draws divided by their own spread, times He's scale",
                "accumulated": "The scales of several layers in one",
                "size of layer 1": "The size of layer 1 for n in every layer",
                "last size": "The size of the last layer for n in every layer",
                "one more": "n one too many",
                "one less": "n one too few",
                "one less than fan-out": "layers_dims[l] - 1 in place of layers_dims[l-1] for n",
                "first layer": "Another factor in layer 1",
                "last layer": "Another factor in the last layer",
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
            "titles": {
                "cut off": "Large draws cut off in a large layer",
                "any": "Other numbers in a large layer",
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
            "titles": {
                "similar": "The function under another name",
                "pasted": "Another exercise's name after def",
                "any": "No function of that name",
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
            "titles": {
                "any": "A cell that Python can't read",
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
    title : str
        The mistake in a few words, for who teaches: `SENTENCES` has one for each cause, and nothing is filled in there.
    """

    def __init__(self, call: str, kind: str, cause: str, expected: str, got: str, hint: str, title: str = "") -> None:
        self.call, self.kind, self.cause, self.title = call, kind, cause, title
        self.expected, self.got, self.hint = expected, got, hint
        labels = SENTENCES["labels"].values()
        width = max(map(len, labels)) + 1
        lines = zip(labels, (expected, got, hint))
        super().__init__("\n".join([call, *(f"{label:{width}}{text}" for label, text in lines if text)]))

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def failure(call: str, kind: str, cause: str, details: dict[str, Any]) -> CheckFailed:
    """Return a CheckFailed with the sentences of a kind and a cause, filled in."""
    message = SENTENCES["messages"][kind]
    texts = (message["expected"], message["got"], message["hints"][cause])
    expected, got, hint = (text.format(**details) for text in texts)
    return CheckFailed(call, kind, cause, expected, got, hint, message["titles"][cause])
