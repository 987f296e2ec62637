"""public_tests.py: what passes, what a check leaves as it was, and what a hidden one tells."""

import inspect
import re
import sys
import time

import numpy as np
import pytest
from answers import RIGHT
from exercises import CHECKS, SOLUTIONS, independent_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from run_all import function_of

from diagnosis import CheckFailed
from public_tests import (
    hidden_test,
    initialize_parameters_he_test,
    initialize_parameters_random_test,
    initialize_parameters_zeros_test,
)

# ------------------------------------------------------------- right and wrong answers


@pytest.mark.parametrize("exercise", CHECKS)
def test_a_right_answer_passes_and_says_so_in_one_line(exercise, capsys):
    CHECKS[exercise](SOLUTIONS[exercise])
    assert capsys.readouterr().out == "All tests passed.\n"


ARCHITECTURES = st.lists(st.integers(1, 12), min_size=2, max_size=7)


@pytest.mark.parametrize("exercise", CHECKS)
@settings(max_examples=60)
@given(layers_dims=ARCHITECTURES, data=st.data())
def test_any_architecture_is_judged_like_the_independent_reference(exercise, layers_dims, data):
    def reference(sizes):
        return independent_weights(exercise, sizes)

    hidden_test(SOLUTIONS[exercise], reference, {"this one": layers_dims})

    key = data.draw(st.sampled_from(sorted(SOLUTIONS[exercise](layers_dims))))
    change = data.draw(st.sampled_from([1e-3, -1e-3, 0.5, np.nan, np.inf]))
    seed = data.draw(st.integers(0, 2**16))

    def off_in_one_value(sizes):
        parameters = SOLUTIONS[exercise](sizes)
        values = parameters[key].reshape(-1)
        at = np.random.default_rng(seed).integers(values.size)
        values[at] += change * max(1.0, abs(values[at]))
        return parameters

    with pytest.raises(CheckFailed):
        hidden_test(off_in_one_value, reference, {"this one": layers_dims})


@pytest.mark.parametrize("exercise", CHECKS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", ">f8"])
@pytest.mark.parametrize("factor", [1, -1, 0, 1e-320, 1e-5, 1e30, 1e308, 1.0001])
def test_odd_floats_pass_or_get_a_message(exercise, dtype, factor):
    def odd(layers_dims):
        with np.errstate(all="ignore"):
            return {key: (value * factor).astype(dtype) for key, value in SOLUTIONS[exercise](layers_dims).items()}

    right = exercise == "zeros" or (factor == 1 and dtype != "float16")
    try:
        CHECKS[exercise](odd)
        assert right
    except CheckFailed:
        assert not right


# -------------------------------------------------------------- what a check leaves


def test_a_check_leaves_the_random_state_alone_even_when_it_fails():
    np.random.seed(5)
    expected = np.random.randn(3)
    np.random.seed(5)
    initialize_parameters_random_test(SOLUTIONS["random"])
    with pytest.raises(CheckFailed):
        initialize_parameters_he_test(SOLUTIONS["random"])
    with pytest.raises(CheckFailed):
        hidden_test(SOLUTIONS["random"], lambda sizes: independent_weights("he", sizes), {"this one": [3, 2]})
    np.testing.assert_array_equal(np.random.randn(3), expected)


def test_a_check_does_not_depend_on_the_random_state():
    for seed in range(5):
        np.random.seed(seed)
        initialize_parameters_random_test(SOLUTIONS["random"])


def test_what_a_function_writes_to_stderr_is_no_error(capsys):
    """Plain nbgrader gives no points to a cell that wrote there."""

    def careful(layers_dims):
        print("many layers", file=sys.stderr)
        return SOLUTIONS["zeros"](layers_dims)

    initialize_parameters_zeros_test(careful)
    out, err = capsys.readouterr()
    assert "many layers" in out and err == ""


def test_a_coroutine_is_closed_so_that_python_warns_of_none():
    made = []

    async def parameters():
        return {}

    def starts(layers_dims):
        made.append(parameters())
        return made[-1]

    with pytest.raises(CheckFailed, match="Take the async away"):
        initialize_parameters_zeros_test(starts)
    assert {inspect.getcoroutinestate(one) for one in made} == {inspect.CORO_CLOSED}


def test_a_debugger_stays_attached():
    def debugger(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        initialize_parameters_zeros_test(SOLUTIONS["zeros"])
        assert sys.gettrace() is debugger
    finally:
        sys.settrace(before)


def test_nothing_watches_the_learners_code_after_a_check():
    before = sys.gettrace()
    sys.settrace(None)
    try:
        initialize_parameters_zeros_test(SOLUTIONS["zeros"])
        assert sys.gettrace() is None
    finally:
        sys.settrace(before)


def test_jupyter_shows_the_message_without_a_traceback():
    failed = CheckFailed("call", "keys", "any", "one", "two", "three")
    assert failed._render_traceback_() == ["call\nExpected: one\nGot:      two\nHint:     three"]


def test_a_message_carries_its_title():
    with pytest.raises(CheckFailed) as caught:
        CHECKS["zeros"](lambda layers_dims: None)
    assert caught.value.title == "No return"
    with pytest.raises(CheckFailed) as caught:
        hidden_test(lambda layers_dims: None, lambda sizes: independent_weights("he", sizes), {"one": [3, 2]})
    assert caught.value.title == "Right in the visible checks, not in the hidden ones: the type of what is returned"


# ------------------------------------------------------------------ hidden checks


@pytest.mark.parametrize(
    ("wrong", "category"),
    [
        (lambda p: None, "the type of what is returned"),
        (lambda p: p | {"W9": p["W1"]}, "the keys"),
        (lambda p: p | {"W1": p["W1"].tolist()}, "the types of the arrays"),
        (lambda p: p | {"W1": p["W1"].astype(int)}, "the kind of the numbers"),
        (lambda p: p | {"W1": p["W1"].T}, "the shapes of the weights"),
        (lambda p: p | {"b1": p["b1"].T}, "the shapes of the biases"),
        (lambda p: p | {"b1": p["b1"] + np.nan}, "values that are not finite"),
        (lambda p: p | {"b1": p["b2"], "b2": p["b2"]}, "fresh arrays"),
        (lambda p: p | {"b1": p["b1"] + 1}, "the values of the biases"),
        (lambda p: p | {"W1": p["W1"] * 2}, "the values of the weights"),
        (lambda p: p | {"b1": p["b1"] + next(ONCE)}, "two equal calls"),
        (lambda p: 1 / 0, "the function raised an error"),
    ],
)
def test_a_hidden_check_tells_its_category_and_nothing_else(wrong, category):
    def changed(layers_dims):
        return wrong(SOLUTIONS["he"](layers_dims))

    with pytest.raises(CheckFailed) as caught:
        hidden_test(changed, lambda sizes: independent_weights("he", sizes), {"a narrow network": [7, 6, 6, 5]})
    told = str(caught.value)
    assert f"Got:      {category}\n" in told and "a narrow network" in told
    assert not re.search(r"[5-7]", told), "it tells the layer sizes"
    assert caught.value.__suppress_context__


ONCE = iter([0.0, 1.0])


def test_a_hidden_check_finds_state_between_calls():
    kept = {}

    def counts(layers_dims):
        kept["calls"] = kept.get("calls", 0) + 1
        parameters = SOLUTIONS["zeros"](layers_dims)
        parameters["b1"] += kept["calls"] > 3
        return parameters

    with pytest.raises(CheckFailed):
        hidden_test(counts, lambda sizes: independent_weights("zeros", sizes), {"one": [3, 2], "two": [4, 2]})


def test_checks_of_a_right_answer_take_no_time():
    started = time.process_time()
    for answer in RIGHT[:3]:
        CHECKS[answer.exercise](function_of(answer.source, f"initialize_parameters_{answer.exercise}"))
    assert time.process_time() - started < 1
