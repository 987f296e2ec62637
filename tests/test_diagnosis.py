"""diagnosis.py and causes.py: whatever a function returns or raises gets a message, and never an error of the check."""

import types
import warnings

import numpy as np
import pytest
from answers import SOLUTION, cell
from exercises import CHECKS, MESSAGES
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from run_all import function_of

from diagnosis import CheckFailed
from public_tests import initialize_parameters_he_test, initialize_parameters_zeros_test


class Liar:
    """Says yes to every comparison, and no to being shown."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __len__(self):
        return -1

    def __bool__(self):
        raise RuntimeError("neither true nor false")

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class OddDict(dict):
    def __iter__(self):
        raise RuntimeError("no iteration")

    def keys(self):
        return 3

    items = values = __getitem__ = keys


class Pretender:
    """Says that it is a dict, or nothing at all."""

    def __init__(self, kind=None):
        self.kind = kind

    @property
    def __class__(self):
        if self.kind is None:
            raise RuntimeError("no class")
        return self.kind

    shape = __class__


class Shouts(Exception):
    def __str__(self):
        raise RuntimeError("no text")


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.binary(),
    st.builds(Liar),
    st.builds(OddDict),
    st.builds(Pretender, st.sampled_from([None, dict, np.ndarray, str])),
    st.just(np.random),
    st.just(len),
    st.just(...),
    st.just(1e308),
    arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)),
    st.just(np.zeros((5, 7)).view(np.matrix)),
    st.just(np.ma.masked_all((5, 7))),
    st.builds(lambda: np.array([Liar()])),
    st.just(np.broadcast_to(1.0, (10**6, 10**6))),
    st.just(np.zeros((0, 0))),
    st.just(np.array(["x"] * 35).reshape(5, 7)),
    st.just(np.zeros(35, dtype=[("a", float)]).reshape(5, 7)),
    st.just(np.datetime64("2015-12-07")),
)
KEYS = (
    st.sampled_from(["W1", "b1", "W2", "b2", "W3", "b3"])
    | st.text(max_size=3)
    | st.integers()
    | st.none()
    | st.builds(Liar)
)
ALL_KEYS = st.fixed_dictionaries({key: LEAVES for key in ("W1", "b1", "W2", "b2", "W3", "b3")})
NEARLY = st.builds(
    lambda key, value: (
        {
            "W1": np.zeros((5, 7)),
            "b1": np.zeros((5, 1)),
            "W2": np.zeros((2, 5)),
            "b2": np.zeros((2, 1)),
            "W3": np.zeros((6, 2)),
            "b3": np.zeros((6, 1)),
        }
        | {key: value}
    ),
    st.sampled_from(["W1", "b1", "W2", "b2", "W3", "b3"]),
    LEAVES,
)
GARBAGE = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=8), max_leaves=8
)


def returning(value):
    """Return a learner's function that returns it. What hypothesis draws has a class; what is returned may have none."""
    return lambda layers_dims: value


@pytest.mark.parametrize("exercise", CHECKS)
@settings(max_examples=300)
@given(initialize=(NEARLY | ALL_KEYS | GARBAGE | st.builds(OddDict, NEARLY)).map(returning))
def test_garbage_gets_a_message_and_never_an_error_of_the_check(exercise, initialize):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CheckFailed) as caught:
            CHECKS[exercise](initialize)
    message = str(caught.value)
    assert message.startswith(f"initialize_parameters_{exercise}([7, 5, 2, 6])\n")
    assert "\nGot: " in message and "\nHint: " in message and len(message) < 2000


@pytest.mark.parametrize("exercise", CHECKS)
@pytest.mark.parametrize(
    "error", [Shouts(), RuntimeError("x" * 10**6), SystemExit(), ExceptionGroup("two", [ValueError()])]
)
def test_any_error_gets_a_message(exercise, error):
    def raises(layers_dims):
        raise error

    with pytest.raises(CheckFailed) as caught:
        CHECKS[exercise](raises)
    assert type(error).__name__ in str(caught.value) and len(str(caught.value)) < 1000
    assert "(line " in str(caught.value) and "raise error" in str(caught.value)


@pytest.mark.parametrize("nothing", [None, 3, "initialize", {}, [], np.zeros(3), Liar()])
def test_what_is_no_function_is_told_so(nothing):
    with pytest.raises(CheckFailed, match="def initialize_parameters_he"):
        initialize_parameters_he_test(nothing)


def failing(exercise, before="", **changes):
    """What the check of an exercise says of the solution below some lines, or after some changes."""
    source = cell(exercise, SOLUTION)
    for old, new in changes.items():
        source = source.replace(old, new)
    with pytest.raises(CheckFailed) as caught:
        CHECKS[exercise](function_of(f"{before}\n{source}", f"initialize_parameters_{exercise}"))
    return caught.value


@pytest.mark.parametrize(
    ("before", "hint"),
    [
        ("str = 'W'", "`str` is no longer Python's own: one of your cells has set it to 'W'."),
        ("len = 3", "`len` is no longer Python's own: one of your cells has set it to 3."),
        ("range = [1, 2]", "`range` is no longer Python's own: one of your cells has set it to [1, 2]."),
        ("np = 3", "`np` is no longer NumPy: one of your cells has set it to 3."),
        ("str, sum = 'W' * 10**6, 'b'", "`str` is no longer"),
    ],
)
def test_a_name_of_python_or_numpy_that_a_cell_has_set_is_named(before, hint):
    failed = failing("zeros", before)
    assert failed.hint.startswith(hint) and failed.hint.endswith(
        "Rename that variable, restart the kernel, and run all cells."
    )
    assert failed.kind == "error" and len(failed.hint) < 250


def test_a_name_of_python_that_the_function_itself_has_set_is_named():
    assert failing("zeros", **{"    L =": "    str = 'W'\n    L ="}).hint.startswith("`str` is no longer Python's own")


@pytest.mark.parametrize(
    ("before", "changes", "mistake"),
    [
        ("sum = 3", {"layers_dims[l]": "layers_dims(l)"}, "call for an entry"),  # not on that line
        ("str = lambda l: f'{l}'\nL = 1", {"layers_dims[l]": "layers_dims(l)"}, "call for an entry"),  # can be called
        ("L = np.zeros(2)", {"np.zeros": "np.zero"}, "attribute"),
        ("np = np", {"len(layers_dims)": "layers_dims.len()"}, "attribute of a list"),
        ("str = 'W'", {"str(l)": "l"}, "text plus number"),  # not called
    ],
)
def test_other_errors_keep_their_hint(before, changes, mistake):
    assert failing("zeros", before, **changes).hint.startswith(MESSAGES["error"]["hints"][mistake].split("{")[0])


def test_a_stand_in_without_a_namespace_gets_the_plain_hint():
    """The grader's function has no globals, and its errors no lines of Python's own."""

    class StandIn:
        __name__ = "initialize_parameters_he"

        def __call__(self, layers_dims):
            raise TypeError("'str' object is not callable")

    with pytest.raises(CheckFailed) as caught:
        initialize_parameters_he_test(StandIn())
    assert caught.value.hint == MESSAGES["error"]["hints"]["call for an entry"]


def test_an_error_of_another_process_is_told_with_the_line_that_it_carries_as_one_of_this_one_is():
    told = str(failing("zeros", **{"L = len(layers_dims)": "L = 1 / 0"}))
    assert "ZeroDivisionError: division by zero (line 4: L = 1 / 0 - 1)" in told

    class StandIn:
        __name__ = "initialize_parameters_zeros"

        def __call__(self, layers_dims):
            error = ZeroDivisionError("division by zero")
            error.student_line = types.SimpleNamespace(lineno=4, line="L = 1 / 0 - 1")
            raise error

    with pytest.raises(CheckFailed) as caught:
        initialize_parameters_zeros_test(StandIn())
    assert str(caught.value) == told


def test_a_learner_can_stop_a_check():
    def stopped(layers_dims):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        initialize_parameters_zeros_test(stopped)
