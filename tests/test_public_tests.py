"""public_tests.py: what a learner reads. Its numbers come from the published figures."""

import numpy as np
import pytest

import public_tests
from public_tests import (
    MESSAGES,
    CheckFailed,
    initialize_parameters_he_test,
    initialize_parameters_random_test,
    initialize_parameters_zeros_test,
)

CHECKS = {
    "zeros": initialize_parameters_zeros_test,
    "random": initialize_parameters_random_test,
    "he": initialize_parameters_he_test,
}


def initializer(scale, draw=None):
    """An initializer from ``scale(fan_in, fan_out)``; a scale of 0 makes zeros."""

    def initialize(layers_dims):
        np.random.seed(3)
        parameters = {}
        for layer, (n_in, n_out) in enumerate(zip(layers_dims, layers_dims[1:]), start=1):
            parameters[f"W{layer}"] = (draw or np.random.randn)(n_out, n_in) * scale(n_in, n_out)
            parameters[f"b{layer}"] = np.zeros((n_out, 1))
        return parameters

    return initialize


RIGHT = {
    "zeros": initializer(lambda n_in, n_out: 0.0),
    "random": initializer(lambda n_in, n_out: 10.0),
    "he": initializer(lambda n_in, n_out: np.sqrt(2 / n_in)),
}


@pytest.mark.parametrize("exercise", CHECKS)
def test_a_right_answer_passes(exercise, capsys):
    CHECKS[exercise](RIGHT[exercise])
    assert capsys.readouterr().out == "All tests passed.\n"


@pytest.mark.parametrize(
    ("exercise", "layers_dims", "name"),
    [("zeros", (3, 2, 1), "zeros_3_2_1"), ("random", (3, 2, 1), "random_3_2_1"), ("he", (2, 4, 1), "he_2_4_1")],
)
def test_expected_values_are_the_published_ones(exercise, layers_dims, name, reference):
    cases = {case.layers_dims: case for case in getattr(public_tests, exercise.upper())}
    expected = cases[layers_dims].expected()
    for key, value in reference["initial_values"][name].items():
        np.testing.assert_array_equal(expected[key], value)


def after(change):
    """The right answer to exercise 1, changed before it is returned."""
    return lambda layers_dims: change(RIGHT["zeros"](layers_dims))


def of_loop(start, stop):
    return lambda layers_dims: {
        key: np.zeros((2, 2)) for layer in range(start, len(layers_dims) + stop) for key in (f"W{layer}", f"b{layer}")
    }


@pytest.mark.parametrize(
    ("exercise", "answer", "message", "words"),
    [
        ("zeros", lambda d: None, "returned nothing", ["None", "return parameters"]),
        ("zeros", lambda d: RIGHT["he"], "not a dict", ["function"]),
        ("zeros", after(lambda p: (p, 1)), "not a dict", ["tuple"]),
        ("zeros", lambda d: 1 / 0, "raised", ["ZeroDivisionError", "1 / 0"]),
        ("zeros", after(lambda p: {k.lower(): v for k, v in p.items()}), "other spelling", ["w1", "capital W"]),
        ("zeros", of_loop(0, 0), "starts at zero", ["W0", "start at 1"]),
        ("zeros", of_loop(1, -1), "loop too short", ["last layer"]),
        ("zeros", after(lambda p: {k: p[k] for k in ("W1", "b1")}), "loop too short", ["W1, W2, b1, b2"]),
        ("zeros", lambda d: {"W1": np.zeros((d[1], d[0])), "b1": np.zeros((d[1], 1))} if len(d) > 3
            else RIGHT["zeros"](d), "returned too early", ["inside the loop"]),
        ("zeros", after(lambda p: {k: v for k, v in p.items() if k[0] == "W"}), "keys missing", ["W1, W2, b1, b2"]),
        ("zeros", of_loop(1, 1), "keys added", ["W3"]),
        ("zeros", after(lambda p: {k: v.tolist() for k, v in p.items()}), "not an array", ["W1", "list"]),
        ("zeros", after(lambda p: {k: np.asmatrix(v) for k, v in p.items()}), "not an array", ["matrix"]),
        ("zeros", after(lambda p: {k: v.astype(int) for k, v in p.items()}), "not floats", ["int"]),
        ("zeros", after(lambda p: {k: v.T for k, v in p.items()}), "transposed", ["(3, 2)", "(2, 3)"]),
        ("zeros", after(lambda p: p | {"b1": np.zeros(2)}), "bias not a column", ["b1", "(2,)", "(2, 1)"]),
        ("zeros", after(lambda p: p | {"W2": np.zeros((5, 5))}), "other shape", ["W2", "(5, 5)", "(1, 2)"]),
        ("zeros", after(lambda p: p | {"W1": p["W1"] * np.nan}), "not finite", ["W1", "NaN"]),
        ("zeros", RIGHT["random"], "weights not zero", ["17.89", "np.zeros"]),
        ("zeros", after(lambda p: p | {"b2": p["b2"] + 1}), "bias not zero", ["b2", "[[1.0]]"]),
        ("random", initializer(lambda i, o: 10, np.random.rand), "uniform", ["randn", "normal"]),
        ("random", initializer(lambda i, o: 1), "scale", ["0.1 times", "by 10"]),
        ("random", initializer(lambda i, o: 0.01), "scale", ["0.001 times", "10"]),
        ("random", RIGHT["zeros"], "scale", ["0 times"]),
        ("random", initializer(lambda i, o: 10, lambda *shape: np.random.default_rng(3).normal(size=shape)),
            "other draws", ["np.random.seed(3)"]),
        ("he", initializer(lambda i, o: np.sqrt(1 / i)), "scale", ["0.7071", "Xavier"]),
        ("he", initializer(lambda i, o: 2 / i), "scale", ["variance"]),
        ("he", initializer(lambda i, o: 1.0), "scale", ["unscaled"]),
        ("he", initializer(lambda i, o: np.sqrt(2 / o)), "scale", ["layer itself"]),
        ("he", initializer(lambda i, o: np.sqrt(2 / (i + o))), "scale", ["fan-in alone"]),
        ("he", initializer(lambda i, o: 10.0), "scale", ["factor 10"]),
        ("he", initializer(lambda i, o: np.sqrt(3 / i)), "scale", ["np.sqrt(2 / n)"]),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told_its_likely_cause(exercise, answer, message, words):
    with pytest.raises(CheckFailed) as caught:
        CHECKS[exercise](answer)
    told = str(caught.value)
    wrong, hint = MESSAGES[message]
    for part in (wrong, hint):
        assert part.partition("{")[0] in told
    for word in words:
        assert word in told
    assert told.startswith(f"initialize_parameters_{exercise}([")


def test_an_unwritten_exercise_stays_a_not_implemented_error():
    def stub(layers_dims):
        raise NotImplementedError()

    with pytest.raises(NotImplementedError):
        initialize_parameters_he_test(stub)


def test_a_check_leaves_the_random_state_alone_even_when_it_fails():
    np.random.seed(5)
    expected = np.random.randn(3)
    np.random.seed(5)
    initialize_parameters_random_test(RIGHT["random"])
    with pytest.raises(CheckFailed):
        initialize_parameters_he_test(RIGHT["random"])
    np.testing.assert_array_equal(np.random.randn(3), expected)


def test_jupyter_shows_the_message_without_a_traceback():
    assert CheckFailed("one\ntwo")._render_traceback_() == ["one\ntwo"]


def test_every_exercise_is_checked_for_a_list_that_the_learner_may_change():
    for exercise, check in CHECKS.items():

        def changes_its_argument(layers_dims, right=RIGHT[exercise]):
            parameters = right(list(layers_dims))
            layers_dims.clear()
            return parameters

        check(changes_its_argument)
