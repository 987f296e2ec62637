"""init_utils.py against independent oracles: central differences, scikit-learn, SciPy, textbook formulas."""

import math
import warnings

import numpy as np
import pytest
from scipy.special import expit
from sklearn.datasets import make_circles
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

import init_utils
from init_utils import (
    backward_propagation,
    compute_loss,
    compute_loss_from_logits,
    forward_propagation,
    load_dataset,
    measure_signals,
    predict,
    predict_dec,
    relu,
    sigmoid,
    update_parameters,
)


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def network(rng, n_0, n_1, n_2, n_3=1):
    sizes = (n_0, n_1, n_2, n_3)
    parameters = {}
    for layer in (1, 2, 3):
        parameters[f"W{layer}"] = rng.normal(size=(sizes[layer], sizes[layer - 1]))
        parameters[f"b{layer}"] = rng.normal(size=(sizes[layer], 1))
    return parameters


def batch(rng, n_0, m):
    return rng.normal(size=(n_0, m)), rng.integers(0, 2, size=(1, m))


SHAPES = [(2, 10, 5, 300), (3, 4, 2, 7), (1, 1, 1, 1), (8, 3, 9, 50), (2, 10, 5, 1)]


@pytest.mark.parametrize(("n_0", "n_1", "n_2", "m"), SHAPES)
def test_gradients_agree_with_central_differences(n_0, n_1, n_2, m):
    rng = np.random.default_rng(sum((n_0, n_1, n_2, m)))
    parameters = network(rng, n_0, n_1, n_2)
    X, Y = batch(rng, n_0, m)
    _, cache = forward_propagation(X, parameters)
    gradients = backward_propagation(X, Y, cache)
    step = 1e-5
    for key, value in parameters.items():
        numeric = np.empty_like(value)
        for index in np.ndindex(value.shape):
            losses = []
            for sign in (1, -1):
                moved = {name: array.copy() for name, array in parameters.items()}
                moved[key][index] += sign * step
                losses.append(compute_loss(forward_propagation(X, moved)[0], Y))
            numeric[index] = (losses[0] - losses[1]) / (2 * step)
        analytic = gradients[f"d{key}"]
        assert analytic.shape == value.shape
        distance = np.linalg.norm(analytic - numeric)
        assert distance <= 1e-7 * max(np.linalg.norm(analytic) + np.linalg.norm(numeric), 1e-2), key


def loss_of_layers(values, layer, parameters, Y):
    """The loss of a network whose layers up to one, linear outputs or activations, have these values."""
    kind, at = layer[0], int(layer[1])
    a = np.maximum(values, 0) if kind == "z" else values
    for below in range(at, 3):
        z = parameters[f"W{below + 1}"] @ a + parameters[f"b{below + 1}"]
        a = np.maximum(z, 0)
    z3 = values if layer == "z3" else z
    return compute_loss_from_logits(z3, Y)


@pytest.mark.parametrize(("n_0", "n_1", "n_2", "m"), SHAPES[:3])
@pytest.mark.parametrize("layer", ["z3", "a2", "z2", "a1", "z1"])
def test_gradients_inside_agree_with_central_differences(layer, n_0, n_1, n_2, m):
    rng = np.random.default_rng(m)
    parameters = network(rng, n_0, n_1, n_2)
    X, Y = batch(rng, n_0, m)
    _, cache = forward_propagation(X, parameters)
    analytic, values, step = backward_propagation(X, Y, cache)[f"d{layer}"], getattr(cache, layer), 1e-5
    numeric = np.empty_like(values)
    for index in np.ndindex(values.shape):
        losses = []
        for sign in (1, -1):
            moved = values.copy()
            moved[index] += sign * step
            losses.append(loss_of_layers(moved, layer, parameters, Y))
        numeric[index] = (losses[0] - losses[1]) / (2 * step)
    np.testing.assert_allclose(analytic, numeric, rtol=1e-4, atol=1e-10)


def test_the_gradients_are_those_that_older_notebooks_read():
    rng = np.random.default_rng(3)
    parameters, (X, Y) = network(rng, 2, 4, 3), batch(rng, 2, 6)
    _, cache = forward_propagation(X, parameters)
    gradients = backward_propagation(X, Y, tuple(cache))  # a cache was a plain tuple there
    assert list(gradients) == "dz3 dW3 db3 da2 dz2 dW2 db2 da1 dz1 dW1 db1".split()
    (z1, a1, W1, b1, z2, a2, W2, b2, z3, a3, W3, b3) = cache
    for key, array in {"dz3": z3, "da2": a2, "dz2": z2, "da1": a1, "dz1": z1, "dW2": W2, "db1": b1}.items():
        assert gradients[key].shape == array.shape


@pytest.mark.parametrize(("n_0", "n_1", "n_2", "m"), SHAPES)
def test_forward_agrees_with_scikit_learn(n_0, n_1, n_2, m):
    rng = np.random.default_rng(7)
    parameters = network(rng, n_0, n_1, n_2)
    X, _ = batch(rng, n_0, m)
    peer = MLPClassifier(hidden_layer_sizes=(n_1, n_2), activation="relu", max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one iteration does not converge, and need not
        peer.fit(rng.normal(size=(4, n_0)), [0, 1, 0, 1])
    peer.coefs_ = [parameters[f"W{layer}"].T for layer in (1, 2, 3)]
    peer.intercepts_ = [parameters[f"b{layer}"].ravel() for layer in (1, 2, 3)]
    a3, _ = forward_propagation(X, parameters)
    np.testing.assert_allclose(a3[0], peer.predict_proba(X.T)[:, 1], rtol=1e-12, atol=1e-300)


def test_sigmoid_is_its_formula_and_never_warns():
    """Against Python's own exponential, one number at a time, in the form that does not overflow."""
    x = np.concatenate([np.linspace(-800, 800, 1601), [-1e308, 1e308, 0.0]])
    formula = [1 / (1 + math.exp(-value)) if value > 0 else math.exp(value) / (1 + math.exp(value)) for value in x]
    np.testing.assert_allclose(sigmoid(x), formula, rtol=1e-12, atol=1e-300)
    assert sigmoid(np.array([40.0]))[0] == 1.0 and sigmoid([0]) == [0.5]


def test_relu():
    np.testing.assert_array_equal(relu(np.array([-2.0, -0.0, 0.0, 3.0])), [0, 0, 0, 3])


def test_losses_agree_with_scikit_learn_and_with_each_other():
    rng = np.random.default_rng(0)
    z3, Y = rng.normal(size=(1, 200)) * 3, rng.integers(0, 2, size=(1, 200))
    expected = log_loss(Y[0], expit(z3[0]))
    assert compute_loss(sigmoid(z3), Y) == pytest.approx(expected, rel=1e-12)
    assert compute_loss_from_logits(z3, Y) == pytest.approx(expected, rel=1e-12)


def test_a_saturated_output_costs_inf_by_the_textbook_and_is_finite_from_the_logits():
    z3, Y = np.array([[1000.0, -1000.0]]), np.array([[0, 1]])
    assert compute_loss(np.array([[1.0, 0.0]]), Y) == np.inf
    for one in (0, 1):  # on either side
        assert compute_loss(sigmoid(z3)[:, one : one + 1], Y[:, one : one + 1]) == np.inf
    assert compute_loss_from_logits(z3, Y) == 1000.0


def test_a_probability_far_out_is_exactly_0_or_1():
    far = np.array([-2000.0, -746.0, -1e308, 2000.0, 1e308])
    np.testing.assert_array_equal(sigmoid(far), [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(sigmoid([-2000, 0]), [0, 0.5])


def test_a_perfect_output_costs_0_and_not_minus_0():
    for loss in (
        compute_loss(np.array([[1.0, 0.0]]), np.array([[1, 0]])),
        compute_loss_from_logits(np.array([[1000.0, -1000.0]]), np.array([[1, 0]])),
    ):
        assert loss == 0.0 and np.copysign(1, loss) == 1


def test_update_takes_one_step_and_leaves_its_arguments_alone():
    parameters = {"W1": np.array([[1.0, 2.0]]), "b1": np.array([[3.0]])}
    updated = update_parameters(parameters, {"dW1": np.array([[10.0, 20.0]]), "db1": np.array([[-1.0]])}, 0.1)
    np.testing.assert_allclose(updated["W1"], [[0.0, 0.0]])
    np.testing.assert_allclose(updated["b1"], [[3.1]])
    np.testing.assert_array_equal(parameters["W1"], [[1.0, 2.0]])


def test_predictions_and_accuracy(capsys):
    parameters = {
        "W1": np.array([[1.0]]),
        "b1": np.zeros((1, 1)),
        "W2": np.array([[1.0]]),
        "b2": np.zeros((1, 1)),
        "W3": np.array([[1.0]]),
        "b3": np.zeros((1, 1)),
    }
    X = np.array([[-1.0, 0.0, 1.0, 2.0]])
    np.testing.assert_array_equal(predict_dec(parameters, X), [[False, False, True, True]])  # 0.5 is class 0
    predictions = predict(X, np.array([[0, 1, 1, 1]]), parameters)
    np.testing.assert_array_equal(predictions, [[0, 0, 1, 1]])
    assert capsys.readouterr().out == "Accuracy: 0.75\n"


def test_dataset_is_that_of_the_legacy_seeds_and_leaves_the_random_state_alone():
    np.random.seed(99)
    before = np.random.get_state()[1].copy()
    train_X, train_Y, test_X, test_Y = load_dataset()
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    for (X, Y), size, seed in (((train_X, train_Y), 300, 1), ((test_X, test_Y), 100, 2)):
        np.random.seed(seed)
        points, labels = make_circles(n_samples=size, noise=0.05)
        np.testing.assert_array_equal(X, points.T)
        np.testing.assert_array_equal(Y, labels[None, :])
        assert Y.sum() == size / 2


# ------------------------------------------------------------------ mistakes


def good():
    rng = np.random.default_rng(1)
    return (*batch(rng, 2, 6), network(rng, 2, 4, 3))


def without(parameters, key):
    return {name: value for name, value in parameters.items() if name != key}


NAN = np.array([[0.0, np.nan, 1.0, 1.0, 1.0, 1.0]] * 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda X, Y, p: forward_propagation(X.T, p), ["W1", "(4, 2)", "(6, 2)", "transposed"]),
        (lambda X, Y, p: forward_propagation(X.ravel(), p), ["X", "(12,)", "one example per column"]),
        (lambda X, Y, p: forward_propagation(X.tolist(), p), ["X", "list", "NumPy array"]),
        (lambda X, Y, p: forward_propagation(X.astype(str), p), ["X", "real numbers"]),
        (lambda X, Y, p: forward_propagation(NAN, p), ["X", "2 values", "nan", "finite"]),
        (lambda X, Y, p: forward_propagation(np.full((2, 6), -np.inf), p), ["X", "12 values", "-inf"]),
        (lambda X, Y, p: forward_propagation(X, without(p, "b2")), ["parameters", "W1, b1, W2, b2, W3, b3", "'b1'"]),
        (lambda X, Y, p: forward_propagation(X, None), ["parameters", "NoneType", "dict"]),
        (lambda X, Y, p: forward_propagation(X, p | {"W2": p["W2"].T}), ["parameters['W2']", "(4, 3)", "(n, 4)"]),
        (lambda X, Y, p: forward_propagation(X, p | {"b1": p["b1"].ravel()}), ["parameters['b1']", "(4,)", "(4, 1)"]),
        (lambda X, Y, p: forward_propagation(X, p | {"b3": 0.0}), ["parameters['b3']", "float", "NumPy array"]),
        (lambda X, Y, p: compute_loss(np.full((1, 6), 0.5), Y + 1), ["Y", "labels", "0 or 1"]),
        (lambda X, Y, p: compute_loss(np.full((1, 6), 0.5), Y.ravel()), ["Y", "(6,)", "(1, 6)"]),
        (lambda X, Y, p: compute_loss(np.full((1, 6), 1.5), Y), ["a3", "1.5", "0 to 1"]),
        (lambda X, Y, p: compute_loss(np.full((1, 6), np.nan), Y), ["a3", "nan", "diverged"]),
        (lambda X, Y, p: compute_loss(np.zeros((1, 0)), Y[:, :0]), ["Y", "empty"]),
        (lambda X, Y, p: compute_loss_from_logits(np.full((1, 6), np.inf), Y), ["z3", "inf", "finite"]),
        (lambda X, Y, p: compute_loss_from_logits(np.zeros((1, 6)), Y * 0.5 + 0.25), ["Y", "0 or 1"]),
        (lambda X, Y, p: backward_propagation(X, Y * np.nan, forward_propagation(X, p)[1]), ["Y", "nan", "0 or 1"]),
        (lambda X, Y, p: backward_propagation(X, Y[:, :3], forward_propagation(X, p)[1]), ["Y", "(1, 3)", "(1, 6)"]),
        (lambda X, Y, p: backward_propagation(X[:, :3], Y, forward_propagation(X, p)[1]), ["X", "3", "6", "cache"]),
        (lambda X, Y, p: update_parameters(p, {}, 0.1), ["grads['dW1']", "missing", "(4, 2)"]),
        (
            lambda X, Y, p: update_parameters({"W1": p["W1"]}, {"dW1": p["b1"]}, 0.1),
            ["grads['dW1']", "(4, 1)", "(4, 2)"],
        ),
        (lambda X, Y, p: predict(X, Y[0], p), ["y has shape (6,)", "(1, 6)"]),
        (lambda X, Y, p: predict_dec(p, X.T), ["W1", "transposed"]),
        (lambda X, Y, p: measure_signals(p, X.T, Y), ["W1", "transposed"]),
        (lambda X, Y, p: measure_signals(p, X, Y[:, :2]), ["Y", "(1, 2)", "(1, 6)"]),
        (
            lambda X, Y, p: measure_signals(without(p, "W2"), X, Y),
            ["parameters", "expected a dict with the keys W1, b1"],
        ),
        (lambda X, Y, p: measure_signals(None, X, Y), ["parameters", "NoneType"]),
    ],
)
def test_a_mistake_gets_one_sentence_that_names_the_argument(call, words):
    with pytest.raises(ValueError) as caught:
        call(*good())
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_near_the_largest_are_no_mistake():
    X, _, parameters = good()
    forward_propagation(X * 1e200, {key: value * 1e-100 for key, value in parameters.items()})


# ------------------------------------------------------------------ deep networks


def deep(rng, sizes, scale):
    parameters = {}
    for layer, (n_in, n_out) in enumerate(zip(sizes, sizes[1:]), start=1):
        parameters[f"W{layer}"] = rng.normal(size=(n_out, n_in)) * scale
        parameters[f"b{layer}"] = rng.normal(size=(n_out, 1)) * 0.1
    return parameters


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


@pytest.mark.parametrize("sizes", [[2, 10, 5, 1], [3, 4, 1], [2] + 30 * [100] + [1], [5, 7, 3, 8, 2, 1]], ids=len)
def test_signals_are_what_a_loop_over_examples_finds(sizes):
    rng = np.random.default_rng(len(sizes))
    parameters, (X, Y) = deep(rng, sizes, np.sqrt(2 / 7)), batch(rng, sizes[0], 20)
    forward, back = [[] for _ in sizes[1:-1]], [[] for _ in sizes[1:-1]]
    for x, y in zip(X.T, Y[0]):
        a = [x]
        for layer in range(1, len(sizes)):
            z = parameters[f"W{layer}"].dot(a[-1]) + parameters[f"b{layer}"][:, 0]
            a.append(np.maximum(z, 0))
        dz = (expit(z) - y) / 20
        for layer in range(len(sizes) - 2, 0, -1):
            dz = np.where(a[layer] > 0, parameters[f"W{layer + 1}"].T.dot(dz), 0)
            back[layer - 1].append(dz)
            forward[layer - 1].append(a[layer])
    found = measure_signals(parameters, X, Y)
    np.testing.assert_allclose(found.activations, [rms(values) for values in forward], rtol=1e-10)
    np.testing.assert_allclose(found.gradients, [rms(values) for values in back], rtol=1e-10)
    squares = np.square(found.activations)
    if len(squares) > 1:
        assert found.factor == pytest.approx(np.exp(np.mean(np.log(squares[1:] / squares[:-1]))), rel=1e-9)
    else:
        assert np.isnan(found.factor)  # there is no way from a layer to the next


def test_signals_of_three_layers_are_those_of_the_network():
    X, Y, parameters = good()
    _, cache = forward_propagation(X, parameters)
    gradients = backward_propagation(X, Y, cache)
    found = measure_signals(parameters, X, Y)
    np.testing.assert_allclose(found.activations, [rms(cache.a1), rms(cache.a2)], rtol=1e-12)
    np.testing.assert_allclose(found.gradients, [rms(gradients["dz1"]), rms(gradients["dz2"])], rtol=1e-12)


@pytest.mark.parametrize("scale", [0, 1e-30, 1e30])
def test_no_signal_is_too_small_or_too_large_to_be_measured(scale):
    rng = np.random.default_rng(0)
    parameters = deep(rng, [2] + 30 * [10] + [1], scale)
    for layer in range(1, 32):
        parameters[f"b{layer}"] *= 0
    found = measure_signals(parameters, *batch(rng, 2, 5))
    assert len(found.activations) == len(found.gradients) == 30
    if not scale:
        assert not any(found.activations) and np.isnan(found.factor)


def test_every_public_function_has_a_docstring():
    for name, thing in vars(init_utils).items():
        if getattr(thing, "__module__", None) in ("init_utils", "signals") and not name.startswith("_"):
            assert thing.__doc__ and len(thing.__doc__) > 40, name
