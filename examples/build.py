"""Build the sample class: what comes back when a real class hands in this assignment.

``python examples/build.py`` rewrites ``examples/submitted/`` from the release, so
the sample class follows every change of the notebook. A test proves that it is up
to date, and another that each submission gets the score in ``README.md`` beside.
"""

import shutil
from pathlib import Path

import nbformat

HERE = Path(__file__).resolve().parent
RELEASE = HERE.parent / "release" / "initialization" / "initialization.ipynb"
NAME = RELEASE.name

# What stands in place of each stub. The keys are ids of solution cells.
RIGHT = {
    "zeros-exercise": """
    for l in range(1, L + 1):
        parameters['W' + str(l)] = np.zeros((layers_dims[l], layers_dims[l-1]))
        parameters['b' + str(l)] = np.zeros((layers_dims[l], 1))
""",
    "random-exercise": """
    for l in range(1, L + 1):
        parameters['W' + str(l)] = np.random.randn(layers_dims[l], layers_dims[l-1]) * 10
        parameters['b' + str(l)] = np.zeros((layers_dims[l], 1))
""",
    "he-exercise": """
    for l in range(1, L + 1):
        parameters['W' + str(l)] = np.random.randn(layers_dims[l], layers_dims[l-1]) * np.sqrt(2 / layers_dims[l-1])
        parameters['b' + str(l)] = np.zeros((layers_dims[l], 1))
""",
}

IN_OTHER_WORDS = {
    "zeros-exercise": """
    for l, (n_in, n_out) in enumerate(zip(layers_dims, layers_dims[1:]), start=1):
        print("layer", l, "has", n_in, "inputs and", n_out, "units")
        parameters[f"W{l}"] = np.full((n_out, n_in), 0.0)
        parameters[f"b{l}"] = np.full((n_out, 1), 0.0)
""",
    "random-exercise": """
    factor = 10.
    parameters = dict()
    for l in range(1, len(layers_dims)):
        weights = np.random.randn(layers_dims[l], layers_dims[l - 1])
        parameters.update({f"W{l}": np.multiply(weights, factor), f"b{l}": np.zeros(shape=(layers_dims[l], 1))})
""",
    "he-exercise": """
    fan_ins = layers_dims[:-1]
    for l, fan_in in enumerate(fan_ins, 1):
        scale = (2. / fan_in) ** 0.5
        parameters["W%d" % l] = scale * np.random.randn(layers_dims[l], fan_in)
        parameters["b%d" % l] = np.zeros_like(parameters["W%d" % l][:, :1])
""",
}


def main():
    """Write every submission of the sample class."""
    shutil.rmtree(HERE / "submitted", ignore_errors=True)
    for student, submission in sample_class().items():
        name, text = submission if isinstance(submission, tuple) else (NAME, submission)
        folder = HERE / "submitted" / student / "initialization"
        folder.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")


def sample_class():
    """Return the text of each student's notebook, or a pair of file name and text."""
    return {
        "ada": notebook(RIGHT),
        "bao": notebook(
            IN_OTHER_WORDS, extra=["# my notes\nfavourite = 'He'", "print(favourite)\n%timeit -n1 -r1 sum(range(10))"]
        ),
        "carla": notebook(RIGHT, ("he-exercise", "np.sqrt(2 /", "np.sqrt(1 /")),
        "dmitri": notebook(
            RIGHT, ("zeros-exercise", "(layers_dims[l], layers_dims[l-1])", "(layers_dims[l-1], layers_dims[l])")
        ),
        "elena": notebook(RIGHT, ("random-exercise", "randn", "rand")),
        "farid": notebook({"zeros-exercise": RIGHT["zeros-exercise"]}),
        "grace": notebook({}),
        "hiro": notebook(
            RIGHT,
            ("zeros-exercise", "np.zeros((layers_dims[l], 1))", "np.zeros(layers_dims[l])"),
            ("random-exercise", "np.zeros((layers_dims[l], 1))", "np.random.randn(layers_dims[l], 1)"),
        ),
        "ines": notebook(RIGHT, ("he-exercise", "for l in range(1, L + 1):", "l = 1\n    while l <= L:")),
        "jonas": notebook(RIGHT, ("random-exercise", "* 10", "* 10)")),
        "kavya": notebook(RIGHT)[:9000],
        "lars": ("initialization (1).ipynb", notebook(IN_OTHER_WORDS)),
        "mei": notebook(
            {},
            extra=[
                "initialize_parameters_zeros_test = initialize_parameters_random_test = initialize_parameters_he_test = print"
            ],
        ),
        "omar": notebook(RIGHT, extra=["import os\nos._exit(0)  # closes the window, doesn't it?"]),
    }


def notebook(solutions, *changes, extra=()):
    """Return the release with solutions typed in, each change made in its cell, and extra cells after the imports."""
    released = nbformat.read(RELEASE, as_version=4)
    cells = {cell.id: cell for cell in released.cells}
    for cell_id, solution in solutions.items():
        cell = cells[cell_id]
        before, _, after = cell.source.partition("    # YOUR CODE HERE")
        _, _, rest = after.partition("raise NotImplementedError")
        cell.source = before + solution.strip("\n") + "\n" + rest.partition("\n")[2]
    for cell_id, right, wrong in changes:
        if right not in cells[cell_id].source:
            raise ValueError(f"{cell_id} does not contain {right!r}, so the sample class can't change it.")
        cells[cell_id].source = cells[cell_id].source.replace(right, wrong)
    after_imports = list(cells).index("packages") + 1
    for number, source in enumerate(extra):
        released.cells.insert(after_imports + number, nbformat.v4.new_code_cell(source, id=f"extra-{number}"))
    return nbformat.writes(released)


if __name__ == "__main__":
    main()
