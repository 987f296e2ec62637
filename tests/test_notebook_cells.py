"""notebook_cells.py: what a check knows of the cells that were run, and of what is under a name."""

from contextlib import suppress

import numpy as np
import pytest
from exercises import CHECKS, READY, STUB_OF_HE

from diagnosis import CheckFailed


def in_notebook(exercise, *cells):
    """What a check says after these cells, which IPython keeps."""
    namespace = {"np": np, "__name__": "__main__", "__builtins__": __builtins__, "In": ["", *cells]}
    for source in cells:
        with suppress(Exception):
            exec(source, namespace)
    with pytest.raises(CheckFailed) as caught:
        CHECKS[exercise](namespace)
    return caught.value


def test_a_check_finds_the_function_in_the_notebook(capsys):
    namespace = {"np": np, "__name__": "__main__"}
    exec(READY[2], namespace)
    CHECKS["he"](namespace)
    assert capsys.readouterr().out == "All tests passed.\n"


def test_a_function_that_is_not_there_is_told_with_its_reason():
    he = READY[2]
    renamed = in_notebook("he", he.replace("initialize_parameters_he", "initialise_parameters_he"))
    assert (renamed.kind, renamed.cause) == ("there", "similar") and "initialise_parameters_he" in renamed.hint
    pasted = in_notebook("he", *READY[:2], he.replace("parameters_he", "parameters_random"))
    assert pasted.cause == "pasted" and "the name after def there initialize_parameters_random," in pasted.hint
    assert in_notebook("zeros").cause == "any"


@pytest.mark.parametrize(
    ("cells", "kind", "cause"),
    [
        # An answer that was mended is no copy: its own check comes next.
        ([READY[0] + "# again\n", READY[0], "initialize_parameters_zeros_test(globals())"], "there", "any"),
        ([READY[1].replace("10", "9"), "initialize_parameters_random_test(globals())", READY[1]], "there", "pasted"),
        # The stub was run before, and stands where the copy was not renamed.
        ([STUB_OF_HE], "error", "not written"),
        ([STUB_OF_HE, READY[1], READY[1] + "# again\n"], "error", "pasted"),
        ([READY[1], READY[1] + "# again\n", STUB_OF_HE], "error", "not written"),
        (
            [READY[1] + "# again\n", READY[1], "initialize_parameters_random_test(globals())", STUB_OF_HE],
            "error",
            "not written",
        ),
        # Python could not read the cell, and has what was there before, or nothing.
        ([READY[2].replace(":", "", 1)], "cell", "any"),
        ([STUB_OF_HE, READY[2].replace(":", "", 1)], "cell", "any"),
        ([READY[2].replace("sqrt(2", "sqrt(1"), READY[2].replace('"W"', "\u201cW\u201d")], "cell", "any"),
        ([READY[2].replace(":", "", 1), READY[2].replace("sqrt(2", "sqrt(1")], "scale of he", "xavier"),
        (
            [READY[2].replace("sqrt(2", "sqrt(1"), READY[2][:-3] + "(", READY[2].replace("sqrt(2", "sqrt(1")],
            "scale of he",
            "xavier",
        ),
    ],
)
def test_a_check_knows_which_cells_were_run(cells, kind, cause):
    failed = in_notebook("he", *cells)
    assert (failed.kind, failed.cause) == (kind, cause), failed


def test_a_cell_that_python_could_not_read_is_shown_with_its_line():
    failed = in_notebook("he", STUB_OF_HE, READY[2].replace("):", ")", 1))
    assert failed.got == "SyntaxError: expected ':' (line 1: def initialize_parameters_he(layers_dims))"
    assert "as it was run last" in failed.hint


def test_what_passes_passes_whatever_was_run_since(capsys):
    namespace = {"np": np, "__name__": "__main__", "__builtins__": __builtins__}
    exec(READY[2], namespace)
    namespace["In"] = ["", READY[2], READY[2].replace(":", "", 1)]
    CHECKS["he"](namespace)
    assert capsys.readouterr().out == "All tests passed.\n"


def test_a_name_that_was_used_again_is_no_function():
    failed = in_notebook("zeros", READY[0], "initialize_parameters_zeros = initialize_parameters_zeros([2, 10, 5, 1])")
    assert (failed.kind, failed.cause) == ("error", "not a function")


def test_a_seed_that_was_given_a_value_is_named(monkeypatch):
    monkeypatch.setattr(np.random, "seed", np.random.seed)  # to be put back
    failed = in_notebook("random", READY[1].replace("np.random.seed(3)", "np.random.seed = 3"))
    assert (failed.kind, failed.cause) == ("repeat", "seed taken")
    failed = in_notebook("random", READY[1])
    assert (failed.kind, failed.cause) == ("error", "seed taken")
