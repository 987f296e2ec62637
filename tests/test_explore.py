"""explore.py: many networks at once compute what one network of the assignment does."""

import os
import time

import numpy as np
import pytest
from IPython.display import HTML

import explore
import init_utils
import training
from explore import (
    STARTS,
    Networks,
    accuracy,
    backward,
    constant,
    cost,
    dead_units,
    depth_profile,
    draw,
    forward,
    together,
    train,
    update_ratio,
    with_normalization,
    without_normalization,
)
from init_utils import load_dataset

X, Y, _, _ = load_dataset()
SHAPE = [2, 10, 5, 1]


def of_the_assignment(networks, number):
    """Return one network of a stack as the assignment has it."""
    arrays = {f"W{layer}": W[number] for layer, W in enumerate(networks.W, start=1)}
    return arrays | {f"b{layer}": b[number] for layer, b in enumerate(networks.b, start=1)}


def test_draws_differ_in_nothing_but_their_scale():
    he, xavier = draw([2, 30, 7, 1], STARTS["He"], range(4)), draw([2, 30, 7, 1], STARTS["Xavier"], range(4))
    assert [W.shape for W in he.W] == [(4, 30, 2), (4, 7, 30), (4, 1, 7)]
    assert [b.shape for b in he.b] == [(4, 30, 1), (4, 7, 1), (4, 1, 1)] and not any(b.any() for b in he.b)
    for layer, fan_in in enumerate([2, 30, 7]):
        np.testing.assert_allclose(he.W[layer], xavier.W[layer] * np.sqrt(2), rtol=1e-12)
        assert he.W[layer].std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.2)
    np.testing.assert_array_equal(draw(SHAPE, STARTS["He"], [5, 7]).W[1][1], draw(SHAPE, STARTS["He"], [7]).W[1][0])


def test_draws_are_not_those_of_the_assignment():
    """What explore.py draws can't be handed in."""
    np.random.seed(3)
    assert not np.isclose(draw(SHAPE, lambda fan_in: 1.0, [3]).W[0], np.random.randn(10, 2)).any()


def test_each_network_computes_what_the_assignment_does():
    networks = together(*(draw(SHAPE, deviation, [1, 2]) for deviation in STARTS.values()))
    z, activations = forward(networks, X)
    gradients = backward(networks, z, activations, Y)
    for number in range(len(networks)):
        parameters = of_the_assignment(networks, number)
        a3, cache = init_utils.forward_propagation(X, parameters)
        np.testing.assert_allclose(z[number], cache.z3, rtol=1e-12, atol=1e-15)
        assert cost(z, Y)[number] == pytest.approx(init_utils.compute_loss_from_logits(cache.z3, Y), rel=1e-12)
        assert accuracy(networks, X, Y)[number] == np.mean(init_utils.predict_dec(parameters, X) == Y)
        expected = init_utils.backward_propagation(X, Y, cache)
        for l, gradients_of_layer in enumerate(gradients, start=1):
            for name, mine in zip("Wb", gradients_of_layer):
                np.testing.assert_allclose(mine[number], expected[f"d{name}{l}"], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("made", [lambda networks: networks, with_normalization], ids=["plain", "normalized"])
def test_gradients_of_a_deep_network_agree_with_central_differences(made):
    networks = made(draw([2, 4, 4, 4, 4, 4, 1], STARTS["He"], [0]))
    for b in networks.b:
        b += 0.1  # away from the corner of ReLU, where no derivative exists
    gradients = backward(networks, *forward(networks, X), Y)
    for layer in range(6):
        for kind, arrays in enumerate((networks.W, networks.b)):
            place, step = (0, 0, 0), 1e-6
            costs = []
            for sign in (1, -1):
                moved = networks.copy()
                (moved.W, moved.b)[kind][layer][place] += sign * step
                costs.append(cost(forward(moved, X)[0], Y)[0])
            assert arrays[layer].shape == gradients[layer][kind].shape
            assert gradients[layer][kind][place] == pytest.approx(
                (costs[0] - costs[1]) / (2 * step), rel=1e-5, abs=1e-9
            )


def test_training_is_gradient_descent_whatever_is_computed_together(monkeypatch):
    networks, rates = draw(SHAPE, STARTS["He"], range(5)), [0.01, 0.1, 0.01, 0.3, 0.01]
    run = train(networks, X, Y, rates, 250, every=50, keep=(100,))
    assert list(run.iteration) == [0, 50, 100, 150, 200, 250] and run.cost.shape == (6, 5) and list(run.kept) == [100]
    parameters = of_the_assignment(networks, 3)
    for iteration in range(250):
        if iteration == 100:
            np.testing.assert_allclose(run.kept[100].W[1][3], parameters["W2"], rtol=1e-9, atol=1e-12)
        _, cache = init_utils.forward_propagation(X, parameters)
        if iteration % 50 == 0:
            assert run.cost[iteration // 50, 3] == pytest.approx(
                init_utils.compute_loss_from_logits(cache.z3, Y), rel=1e-9
            )
        parameters = init_utils.update_parameters(parameters, init_utils.backward_propagation(X, Y, cache), 0.3)
    np.testing.assert_allclose(run.networks.W[1][3], parameters["W2"], rtol=1e-9, atol=1e-12)
    monkeypatch.setattr(training, "SHARE", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    one_by_one = train(networks, X, Y, rates, 250, every=50)
    np.testing.assert_array_equal(one_by_one.cost, run.cost)


def test_stacks_are_trained_at_once_and_told_apart():
    stacks = {
        name: draw(SHAPE, STARTS[name], seeds) for name, seeds in {"He": [1, 2], "0.01": [4], "10": [1, 2, 3]}.items()
    }
    for name, run in explore.train_each(stacks, X, Y, num_iterations=60, every=20, keep=[40]).items():
        alone = train(stacks[name], X, Y, num_iterations=60, every=20, keep=[40])
        np.testing.assert_array_equal(run.cost, alone.cost)
        np.testing.assert_array_equal(run.networks.W[2], alone.networks.W[2])
        np.testing.assert_array_equal(run.kept[40].b[1], alone.kept[40].b[1])


def test_half_as_many_digits_lead_to_the_same_place():
    networks = draw(SHAPE, STARTS["He"], range(5))
    single = train(networks.astype(np.float32), X, Y, 0.1, 200)
    assert {array.dtype for array in [*single.networks.W, *single.networks.b, single.cost]} == {np.dtype(np.float32)}
    np.testing.assert_allclose(single.cost, train(networks, X, Y, 0.1, 200).cost, rtol=1e-4)


def test_a_start_that_runs_out_of_the_numbers_warns_nobody():
    run = train(draw([2] + 20 * [20] + [1], STARTS["10"], [0]), X, Y, 10.0, 20, every=10)
    assert 0 <= accuracy(run.networks, X, Y)[0] <= 1
    assert explore.plot_one("10", run.networks, run.iteration, run.cost[:, 0], X, Y).alt.startswith(
        "After 20 steps: no number any more"
    )


def test_normalization_gives_each_unit_the_mean_0_and_the_deviation_1():
    z, deviation = explore.standardize(np.random.default_rng(0).normal(5, [[[3], [7]]], (4, 2, 300)))
    np.testing.assert_allclose(z.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=-1), 1, rtol=1e-12)
    np.testing.assert_allclose(deviation[..., 0].mean(axis=0), [3, 7], rtol=0.1)


def test_normalization_survives_all_that_is_done_with_networks():
    networks = with_normalization(draw(SHAPE, STARTS["He"], range(3)))
    for same in (networks[1:], networks.astype(np.float32), networks.copy(), together(networks, networks)):
        assert same.standardized
    assert train(networks, X, Y, num_iterations=2).networks.standardized
    assert not draw(SHAPE, STARTS["He"], [0]).standardized


def test_a_network_without_normalization_computes_the_same():
    networks = with_normalization(draw([2, 10, 10, 1], STARTS["0.01"], range(3)))
    for b in networks.b:
        b += 0.3
    plain = without_normalization(networks, X)
    assert not plain.standardized
    np.testing.assert_allclose(forward(plain, X)[0], forward(networks, X)[0], rtol=1e-9, atol=1e-12)
    alone = np.concatenate([forward(plain, X[:, [one]])[0] for one in range(5)], axis=-1)
    np.testing.assert_allclose(alone, forward(networks, X)[0][..., :5], rtol=1e-9, atol=1e-12)


def test_the_ratio_is_that_of_a_step_to_what_it_changes():
    networks, rates = draw(SHAPE, STARTS["He"], range(2)), np.array([0.1, 0.3])
    run = train(networks, X, Y, rates, num_iterations=1, every=1)
    for layer, (before, after) in enumerate(zip(networks.W, run.networks.W)):
        expected = np.linalg.norm(after - before, axis=(1, 2)) / np.linalg.norm(before, axis=(1, 2))
        np.testing.assert_allclose(run.ratio[0, :, layer], expected, rtol=1e-9)
    last = explore.backward(run.networks, *forward(run.networks, X), Y)
    np.testing.assert_allclose(run.ratio[1], update_ratio(run.networks, last, rates[:, None, None]), rtol=1e-12)


def test_layers_are_counted_from_1():
    networks = draw([2, 4, 3, 1], STARTS["He"], [0, 1])
    values = explore.layer_values(networks, X, Y, [1, 2])
    assert [array.shape for array in values["weights"].values()] == [(2, 4, 2), (2, 3, 4)]
    assert [array.shape for array in values["activations"].values()] == [(2, 4, 300), (2, 3, 300)]
    assert [array.shape for array in values["gradients of the weights"].values()] == [(2, 4, 2), (2, 3, 4)]
    np.testing.assert_array_equal(values["activations"][2], forward(networks, X)[1][2])


def test_dead_units_are_those_that_no_example_wakes():
    networks = Networks(
        [np.array([[[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]]]), np.ones((1, 2, 3)), np.ones((1, 1, 2))],
        [np.zeros((1, 3, 1)), np.array([[[0.0], [-100.0]]]), np.zeros((1, 1, 1))],
    )
    np.testing.assert_array_equal(dead_units(networks, X), [[1, 1]])


def test_a_constant_start_has_one_value():
    (W1, W2, W3), biases = constant(SHAPE, 0.5).W, constant(SHAPE, 0.5).b
    assert {*W1.ravel(), *W2.ravel(), *W3.ravel()} == {0.5} and not any(b.any() for b in biases)


def test_the_theory_of_the_signal_holds_on_average():
    """Over many draws, where chance cancels: 30 layers multiply the mean square by what the rule says."""
    found = depth_profile([2] + 30 * [100] + [1], STARTS["He"], range(100), X, Y)
    np.testing.assert_allclose(found.forward, found.forward_theory, rtol=0.35)
    np.testing.assert_allclose(found.backward, found.backward_theory, rtol=0.35)
    halves = depth_profile([2] + 30 * [100] + [1], STARTS["Xavier"], range(3), X, Y)
    np.testing.assert_allclose(halves.forward_theory[1:] / halves.forward_theory[:-1], np.sqrt(0.5), rtol=1e-12)
    np.testing.assert_allclose(halves.backward_theory[:-1] / halves.backward_theory[1:], np.sqrt(0.5), rtol=1e-12)


def test_an_interrupted_training_ends_at_once(monkeypatch):
    def interrupt(bar, share):
        raise KeyboardInterrupt

    monkeypatch.setattr(explore.Progress, "show", interrupt)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        train(draw(SHAPE, STARTS["He"], range(2)), X, Y, num_iterations=10**7)
    assert time.monotonic() - started < 10


def test_progress_is_shown_on_what_takes_over_two_seconds(monkeypatch):
    shown = []

    class Handle:
        update = shown.append

    monkeypatch.setattr(training, "display", lambda thing, display_id: shown.append(thing) or Handle)
    clock = iter([0.0, 1.9, 2.1, 2.4, 7.0])
    monkeypatch.setattr(training.time, "monotonic", lambda: next(clock))
    with explore.Progress("3 networks") as bar:
        bar.show(0.2)
        assert shown == []
        bar.show(0.4)
        bar.show(0.6)
    assert all(isinstance(one, HTML) for one in shown)
    assert ['value="0.400"' in shown[0].data, 'value="0.600"' in shown[1].data] == [True, True]
    assert 'aria-label="Training 3 networks"' in shown[0].data
    assert shown[-1].data == "Trained 3 networks in 7 seconds."


def test_what_was_interrupted_is_not_said_to_be_trained(monkeypatch):
    shown = []

    class Handle:
        update = shown.append

    monkeypatch.setattr(training, "display", lambda thing, display_id: Handle)
    clock = iter([0.0, 3.0, 4.0])
    monkeypatch.setattr(training.time, "monotonic", lambda: next(clock))
    with pytest.raises(KeyboardInterrupt), explore.Progress("3 networks") as bar:
        bar.show(0.2)
        raise KeyboardInterrupt
    assert shown[-1].data == "Stopped 3 networks in 4 seconds."


def test_the_last_iteration_is_written_down_too():
    run = train(draw(SHAPE, STARTS["He"], [1]), X, Y, num_iterations=25, every=10)
    assert list(run.iteration) == [0, 10, 20, 25]
    assert run.cost[-1] == pytest.approx(cost(forward(run.networks, X)[0], Y), rel=1e-12)


@pytest.mark.parametrize("cores", [1, 2, 8])
def test_any_number_of_cores_gives_the_same(monkeypatch, cores):
    networks = draw(SHAPE, STARTS["He"], range(9))
    expected = train(networks, X, Y, 0.1, 60).cost
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(training, "SHARE", 1)
    np.testing.assert_array_equal(train(networks, X, Y, 0.1, 60).cost, expected)
