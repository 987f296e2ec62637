"""What the prose of the notebook claims, phrase by phrase, and whether it holds."""

import numpy as np
import pytest
from runs import (
    LAYERS_DIMS,
    TEST_X,
    TEST_Y,
    X,
    Y,
    accuracy,
    cost,
    edge,
    he,
    names_of_the_notebook,
    normal,
    percent,
    regions,
    start,
    train,
    tried,
)
from scipy import stats

from init_utils import (
    backward_propagation,
    compute_loss,
    compute_loss_from_logits,
    forward_propagation,
    predict_dec,
    root_mean_square,
    sigmoid,
)


def claims_of_the_data():
    yield (
        "There are 300 points to train on and 100 to test with, half of them of each class",
        ((X.shape, TEST_X.shape, Y.mean(), TEST_Y.mean()) == ((2, 300), (2, 100), 0.5, 0.5)),
    )
    outer, inner = np.hypot(*X[:, Y[0] == 0]), np.hypot(*X[:, Y[0] == 1])
    yield "Class 0 is the outer circle, class 1 the inner one", outer.mean() > inner.mean()
    yield "2 → 10 → 5 → 1 units", LAYERS_DIMS == [2, 10, 5, 1]
    shapes = {key: value.shape for key, value in start(np.zeros).items()}
    yield "(10, 2), (5, 10), (1, 5)", [shapes[f"W{layer}"] for layer in (1, 2, 3)] == [(10, 2), (5, 10), (1, 5)]
    yield "(10, 1), (5, 1), (1, 1)", [shapes[f"b{layer}"] for layer in (1, 2, 3)] == [(10, 1), (5, 1), (1, 1)]


def claims_of_zeros():
    zeros = start(np.zeros)
    a3, cache = forward_propagation(X, zeros)
    gradients = backward_propagation(X, Y, cache)
    trained = train(zeros)
    yield (
        "So the cost is $-\\log(1/2) = \\ln 2 \\approx 0.6931$",
        (np.isclose(cost(zeros), np.log(2), atol=1e-15) and f"{np.log(2):.4f}" == "0.6931"),
    )
    yield "It starts at 0.6931 and stays there", f"{cost(zeros):.4f}" == f"{cost(trained):.4f}" == "0.6931"
    yield "The accuracy is 0.5 on both sets", accuracy(trained) == accuracy(trained, TEST_X, TEST_Y) == 0.5
    yield (
        "the logit is $z^{[3]} = 0$, and the probability is $a^{[3]} = \\sigma(0) = 1/2$",
        (not cache.z3.any() and np.all(a3 == 0.5)),
    )
    yield "The probability of the true class is $1/2$", np.all(np.where(Y == 1, a3, 1 - a3) == 0.5)
    yield "$z^{[1]} = 0 \\cdot x + 0 = 0$, and $a^{[1]} = \\mathrm{relu}(0) = 0$", not cache.z1.any() | cache.a1.any()
    yield "the same again, $a^{[2]} = 0$", not cache.a2.any()
    yield (
        "whether the probability is greater than 0.5. Exactly 0.5 is not, so it counts as class 0",
        (not predict_dec(zeros, X).any()),
    )
    yield (
        "$a^{[3]} - y$, is $+1/2$ for class 0 and $-1/2$ for class 1",
        (set((a3 - Y)[Y == 0]) == {0.5} and set((a3 - Y)[Y == 1]) == {-0.5}),
    )
    _, some = forward_propagation(X, start(he))
    of_some = backward_propagation(X, Y, some)
    yield (
        "$dz^{[3]} = (a^{[3]} - y) / m$. This is not 0",
        (np.allclose(of_some["dz3"], (some.a3 - Y) / 300, rtol=1e-12) and gradients["dz3"].all()),
    )
    yield (
        "$dW^{[3]} = dz^{[3]} a^{[2]\\top}$",
        (np.allclose(of_some["dW3"], of_some["dz3"] @ some.a2.T, rtol=1e-12)),
    )
    yield (
        "$da^{[2]} = W^{[3]\\top} dz^{[3]}$. All of $W^{[3]}$ is 0, so it is exactly 0",
        (np.allclose(of_some["da2"], some.W3.T @ of_some["dz3"], rtol=1e-12) and not gradients["da2"].any()),
    )
    yield (
        "$db^{[3]}$ is the sum of $dz^{[3]}$ over the points",
        (np.allclose(of_some["db3"], of_some["dz3"].sum(), rtol=1e-12)),
    )
    yield "All of $a^{[2]}$ is 0, so it is exactly 0", not gradients["dW3"].any()
    yield (
        "and so is everything before it: $dW^{[2]}$, $db^{[2]}$, $dW^{[1]}$ and $db^{[1]}$",
        (not any(gradient.any() for key, gradient in gradients.items() if key not in ("dz3", "db3"))),
    )
    yield (
        "It is the one gradient of a parameter that need not be 0. Here 150 times $+1/2$ and 150 times $-1/2$ cancel",
        (np.sum(a3 - Y == 0.5) == np.sum(a3 - Y == -0.5) == 150 and abs(gradients["db3"][0, 0]) < 1e-15),
    )
    yield (
        "Where `db3` is not printed as 0, what is left is rounding: it is far below $10^{-15}$",
        abs(gradients["db3"][0, 0]) < 1e-16,
    )
    largest = {key: np.abs(gradient).max() for key, gradient in gradients.items()}
    yield "Only `dz3` is there", [key for key, value in largest.items() if value > 1e-15] == ["dz3"]
    chosen = np.concatenate([np.flatnonzero(Y[0] == 1), np.flatnonzero(Y[0] == 0)[:75]])
    lopsided = train(zeros, X=X[:, chosen], Y=Y[:, chosen])
    yield "Keep all 150 points of class 1, but only 75 of class 0", chosen.size == 225
    yield (
        "Only $b^{[3]}$ moved, to $\\ln 2 \\approx 0.6931$",
        (
            np.isclose(lopsided["b3"][0, 0], np.log(2), atol=1e-12)
            and not any(value.any() for key, value in lopsided.items() if key != "b3")
        ),
    )
    yield (
        "the logit of every point now, and $\\sigma(\\ln 2) = 1/(1 + \\tfrac{1}{2}) = 2/3$ is the share of class 1",
        (
            np.allclose(forward_propagation(X, lopsided)[1].z3, np.log(2), atol=1e-12)
            and np.isclose(sigmoid(np.log(2)), 1 / (1 + 1 / 2))
            and np.isclose(Y[:, chosen].mean(), 2 / 3)
        ),
    )
    yield (
        "that both are $\\ln 2$ is a coincidence: one comes from $1/2$, the other from 2 to 1",
        (-np.log(1 / 2) == np.log(2 / 1) and np.sum(Y[:, chosen] == 1) == 2 * np.sum(Y[:, chosen] == 0)),
    )
    share = accuracy(lopsided, X[:, chosen], Y[:, chosen])
    yield (
        'says "class 1" to every point: 66.7% are right',
        (predict_dec(lopsided, X).all() and percent(share, 1) == "66.7%"),
    )
    yield "Every weight is still exactly 0", not any(lopsided[f"W{layer}"].any() for layer in (1, 2, 3))


def claims_of_symmetry():
    constant = train(start(lambda shape: np.full(shape, 0.5)))
    yield (
        "every weight 0.5. Now the signal flows",
        (forward_propagation(X, start(lambda shape: np.full(shape, 0.5)))[1].a2.any()),
    )
    yield (
        "They stay equal through 15,000 steps, up to rounding",
        (np.ptp(constant["W1"], axis=0).max() < 1e-15 and np.ptp(constant["W3"]) < 1e-15),
    )
    yield (
        "The layer has ten units and works like one: the rank of `W1` is 1",
        (np.linalg.matrix_rank(constant["W1"]) == 1 and len(constant["W1"]) == 10),
    )
    yield "The accuracy stops at 58%", percent(accuracy(constant)) == "58%"
    yield (
        "which means that every row is a multiple of one row",
        (all(np.linalg.matrix_rank(constant["W1"][[0, row]]) == 1 for row in range(10))),
    )
    _, lost = forward_propagation(X, start(np.zeros, biases=normal(1)))
    arriving = backward_propagation(X, Y, lost)
    yield (
        "With weights of zero and normal random biases some gradients do arrive",
        (np.abs(arriving["dW3"]).max() > 0.01 and not arriving["dW1"].any() and not arriving["dW2"].any()),
    )
    yield (
        "but at the start every point still gives the same activations",
        not any(np.ptp(activations, axis=1).any() for activations in (lost.a1, lost.a2, lost.a3)),
    )
    yield (
        "After 15,000 steps the accuracy is that of a coin",
        abs(tried("try_start(scale=0, biases=1)")[1] - 0.5) < 0.02,
    )
    nudged = tried("try_start(constant=0.5, scale=0.01)")[1]
    yield "the constant 0.5 plus normal noise of size 0.01 still ends at 58%", percent(nudged) == "58%"


def claims_of_large_values():
    large = start(normal(10))
    a3, cache = forward_propagation(X, large)
    trained = train(large)
    yield (
        "83% of the training points and 86% of the test points are right",
        ((percent(accuracy(trained)), percent(accuracy(trained, TEST_X, TEST_Y))) == ("83%", "86%")),
    )
    yield "The sigmoid of each of them is so close to 1 that it is rounded to exactly 1", np.all(a3 == 1)
    yield ", and $-\\log 0$ is infinite", compute_loss(a3, Y) == np.inf
    yield (
        "That happens for all 300 points. For the 150 of class 0 the true class then has probability 0",
        (np.sum(a3 == 1) == 300 and np.sum((a3 == 1) & (Y == 0)) == 150),
    )
    z = np.array([5.0, 30.0])
    yield (
        "For a point of class 0 with the logit $z$ it is $\\log(1 + e^{z})$, which is close to $z$",
        (
            np.allclose([compute_loss_from_logits(np.array([[v]]), np.array([[0]])) for v in z], np.log(1 + np.exp(z)))
            and np.log(1 + np.exp(30.0)) - 30 < 1e-12
        ),
    )
    yield "The true cost at the start is about 1773.6", f"{cost(large):.1f}" == "1773.6"
    yield "With this seed they are also all positive", cache.z3.min() > 0
    yield "the network is very sure, and wrong for half the points", accuracy(large) == 0.5 and cache.z3.min() > 37
    inner = predict_dec(trained, X)[Y == 1].mean()
    yield "The region of class 1 covers most of the inner circle, but it does not close", 0.9 < inner < 1
    yield (
        "out of the plot on the left and at the bottom, and a second piece of it fills the corner at the top right",
        (sorted(map(sorted, regions(trained))) == [["bottom", "left"], ["right", "top"]]),
    )
    yield "In all, the region takes 45 of the 150 outer points with it", np.sum(predict_dec(trained, X)[Y == 0]) == 45
    early = train(large, num_iterations=1000)
    gradients = backward_propagation(X, Y, cache)
    yield (
        "At the start the gradients are larger than the weights",
        all(np.linalg.norm(gradients[f"d{key}"]) > np.linalg.norm(large[key]) for key in ("W1", "W2", "W3")),
    )
    yield (
        "After 1,000 steps the cost is down to 0.62, and 58% of the training points are right",
        (f"{cost(early):.2f}", percent(accuracy(early))) == ("0.62", "58%"),
    )
    changes = [np.linalg.norm(trained[key] - early[key]) / np.linalg.norm(early[key]) for key in ("W1", "W2", "W3")]
    yield (
        "no weight matrix changes by more than 5% of its own size. That, and what the biases do, brings the accuracy to 83%",
        max(changes) < 0.05 and percent(accuracy(trained)) == "83%",
    )
    longer = tried("try_start(scale=10, steps=60000)")
    yield (
        "60,000, end at a cost of 0.35, with 85% and 84% right",
        (f"{longer[0]:.2f}" == "0.35" and (percent(longer[1]), percent(longer[2])) == ("85%", "84%")),
    )
    small = tried("try_start(scale=0.01)")
    yield (
        "With 0.01 in place of 10 the network does not train in 15,000 steps: the cost is still 0.6931",
        (f"{small[0]:.4f}" == "0.6931"),
    )
    yield "46% of the training points are right", percent(small[1]) == "46%"
    a_0 = forward_propagation(X, start(normal(0.01)))[1]
    yield "The signal shrinks in every layer", np.abs(X).mean() > np.abs(a_0.a1).mean() > np.abs(a_0.a2).mean()
    yield (
        "with the learning rate 0.3 in place of 0.01, and this seed, the same start reaches 99%",
        (percent(tried("try_start(scale=0.01, learning_rate=0.3)")[1]) == "99%"),
    )
    draws = np.random.RandomState(0)
    yield (
        "mean 0, standard deviation 1, negative as often as positive",
        (
            abs(draws.randn(10**6).mean()) < 0.01
            and abs(draws.randn(10**6).std() - 1) < 0.01
            and abs((draws.randn(10**6) < 0).mean() - 0.5) < 0.01
        ),
    )
    uniform = draws.rand(10**6)
    yield "draws **uniformly** from 0 to 1 and is never negative", uniform.min() >= 0 and uniform.max() < 1


def claims_of_he():
    trained = train(start(he))
    yield (
        "99.3% of the training points and 96% of the test points are right",
        ((percent(accuracy(trained), 1), percent(accuracy(trained, TEST_X, TEST_Y))) == ("99.3%", "96%")),
    )
    yield (
        "The cost starts at 0.88, a little above the 0.69 of a coin",
        (f"{cost(start(he)):.2f}" == "0.88" and f"{np.log(2):.2f}" == "0.69"),
    )
    opinion, _ = forward_propagation(X, start(he))
    yield "it puts every point in class 1", predict_dec(start(he), X).all()
    yield "with probabilities from 0.50 to 0.88", (f"{opinion.min():.2f}", f"{opinion.max():.2f}") == ("0.50", "0.88")
    yield (
        "The boundary is one closed line",
        not any(predict_dec(trained, edge(side)).any() for side in ("left", "right", "bottom", "top")),
    )
    yield "The cost ends below 0.08", cost(trained) < 0.08
    yield (
        "After 60,000 steps, where the large start was at 0.35, it is at 0.013",
        (round(tried('try_start(scale="he", steps=60000)')[0], 3) == 0.013),
    )
    draws = np.random.default_rng(0).normal(size=(2000, 200))
    signal = np.abs(np.random.default_rng(1).normal(size=(200, 50)))
    factor = np.mean(np.maximum(draws * np.sqrt(0.03) @ signal, 0) ** 2) / np.mean(signal**2)
    yield "$$\\tfrac{1}{2} \\, n \\, v .$$", factor == pytest.approx(0.5 * 200 * 0.03, rel=0.02)
    yield (
        "that should be 1. So the variance is $v = 2/n$, and the standard deviation is $\\sqrt{2/n}$",
        (all(0.5 * n * (2 / n) == 1 for n in (1, 2, 8, 100))),
    )
    yield (
        "multiply the draws of layer $l$ by $\\sqrt{2/n^{[l-1]}}$",
        (np.allclose(start(he)["W2"], start(normal(1))["W2"] * np.sqrt(2 / LAYERS_DIMS[1]))),
    )
    yield "the rule would be $\\sqrt{1/n}$", all(np.isclose(n * np.sqrt(1 / n) ** 2, 1) for n in (1, 2, 8, 100))
    yield (
        "There $1/n$ would do. It is custom to use $2/n$ for all layers",
        (np.isclose(np.mean((draws * np.sqrt(1 / 200) @ signal) ** 2) / np.mean(signal**2), 1, rtol=0.02)),
    )
    yield "The first one has fan-in 2, so there the He scale is $\\sqrt{2/2} = 1$", np.sqrt(2 / LAYERS_DIMS[0]) == 1
    plain = tried("try_start(scale=1)")[1]
    yield (
        "gets 99.7% of the training points right with this seed, a little more than He",
        (percent(plain, 1) == "99.7%" and plain > accuracy(trained)),
    )
    runs = [train(start(np.zeros)), train(start(normal(10))), trained]
    rows = [
        "| zeros | 0.6931 | 0.6931 | 50.0% | 50.0% |",
        "| random | 1773.5860 | 0.383 | 83.0% | 86.0% |",
        "| he | 0.8831 | 0.0736 | 99.3% | 96.0% |",
    ]
    for row, run in zip(rows, runs):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        yield row, [percent(accuracy(run), 1), percent(accuracy(run, TEST_X, TEST_Y), 1)] == cells[3:]


def claims_of_depth():
    names = names_of_the_notebook()
    sizes, signals, rule = names["deep"], names["signals"], names["rule"]
    yield "30 ReLU layers of 100 units", sizes == [2] + [100] * 30 + [1] and len(signals["He"].activations) == 30
    yield (
        "Here fan-in and fan-out are both 100 from layer 2 to layer 30",
        all((sizes[layer - 1], sizes[layer]) == (100, 100) for layer in range(2, 31)),
    )
    back = {
        name: (one.gradients[0] / one.gradients[-1]) ** (2 / 29) for name, one in signals.items() if name != "zeros"
    }
    yield (
        "and one factor $\\tfrac{1}{2} n v$ serves both ways",
        all(np.isclose([value, signals[name].factor], rule[name], rtol=0.02).all() for name, value in back.items()),
    )
    yield "The rule says $\\tfrac{1}{2} \\cdot 100 \\cdot 10^2 = 5000$ for the large values", rule["random"] == 5000
    yield "and $\\tfrac{1}{2}$ for Xavier", rule["Xavier"] == 0.5
    factors = {name: signals[name].factor for name in rule}
    yield (
        "Measured are 4952 and 0.495",
        (f"{factors['random']:.0f}", f"{factors['Xavier']:.3f}") == ("4952", "0.495"),
    )
    yield "For He the rule says 1, and measured is 0.990", (rule["He"], f"{factors['He']:.3f}") == (1, "0.990")
    a, dz = ({name: getattr(one, part) for name, one in signals.items()} for part in ("activations", "gradients"))
    yield (
        "The activations grow from 6.3 to $2 \\cdot 10^{54}$",
        (f"{a['random'][0]:.1f}", f"{a['random'][-1]:.0e}") == ("6.3", "2e+54"),
    )
    yield (
        "The gradients grow on their way back, from 0.016 in layer 30 to $6 \\cdot 10^{51}$ in layer 1",
        (f"{dz['random'][-1]:.2g}", f"{dz['random'][0]:.0e}") == ("0.016", "6e+51"),
    )
    yield (
        "A half sounds harmless, but 29 halves leave $2^{-14.5}$ of the size, about 0.00004",
        (np.isclose(np.sqrt(0.5**29), 2**-14.5) and f"{2**-14.5:.5f}" == "0.00004"),
    )
    weights_of = {
        name: np.array(a[name][:-1]) * dz[name][1:] for name in ("Xavier", "He")
    }  # the size of their gradients
    yield (
        "in the last layers the activations have faded, in the first ones the $dz$. So no layer gets much",
        dz["Xavier"][0] < 1e-4 * dz["Xavier"][-1]
        and a["Xavier"][-1] < 1e-4 * a["Xavier"][0]
        and (weights_of["Xavier"] < 1e-4 * weights_of["He"]).all(),
    )
    yield (
        "a factor of $\\tfrac{1}{4}$ in the mean square is one of $\\tfrac{1}{2}$ in size",
        root_mean_square(np.array([3.0, 4.0]) / 2) ** 2 == root_mean_square(np.array([3.0, 4.0])) ** 2 / 4,
    )
    yield (
        "The activations go from 0.63 to 0.55, and the gradients lose less than a fifth on their way back",
        (
            (f"{a['He'][0]:.2f}", f"{a['He'][-1]:.2f}") == ("0.63", "0.55")
            and 0.8 * dz["He"][-1] < dz["He"][0] < dz["He"][-1]
        ),
    )
    yield "Zeros** have no signal at all", not any(a["zeros"]) and not any(dz["zeros"])
    yield "Their factor is 0 / 0, which NumPy calls `nan`", np.isnan(factors["zeros"])
    yield (
        "as a standard deviation of $g / \\sqrt{n}$",
        np.isclose(np.sqrt(2) / np.sqrt(100), names["initialize_parameters_he"](sizes)["W2"].std(), rtol=0.02),
    )
    yield (
        "$\\sqrt{2}$ for ReLU, and 1 where nothing is taken",
        np.isclose(root_mean_square(np.maximum(np.random.default_rng(0).normal(size=10**6), 0)), 1 / np.sqrt(2), 0.01),
    )


def claims_of_practice():
    n = 100
    uniform = stats.uniform(-1 / np.sqrt(n), 2 / np.sqrt(n)).var()
    yield (
        "Their variance is $1/(3n)$, a sixth of He's",
        np.isclose(uniform, 1 / (3 * n)) and np.isclose(6 * uniform, 2 / n),
    )
    yield "what falls further out than two standard deviations is drawn again", stats.truncnorm(-2, 2).std() < 0.9
    yield "Near 0 it passes on what it gets", np.isclose(np.tanh(0.01), 0.01, rtol=1e-3)
    yield "so nothing is halved, and $1/n$ fits", n * (1 / n) == 1
    n_in, n_out = 30, 70
    yield "$2 / (n_\\text{in} + n_\\text{out})$", np.isclose(2 / (n_in + n_out), 1 / np.mean([n_in, n_out]))
    unsure = compute_loss(np.full(Y.shape, 0.5), Y)
    yield "With two balanced classes it should be near $\\ln 2$", np.isclose(unsure, np.log(2))
    yield "It finds nothing else: zeros pass it", np.isclose(cost(start(np.zeros)), np.log(2))
    yield (
        "He started at 0.88. A first cost of 1773.6",
        (f"{cost(start(he)):.2f}" == "0.88" and f"{cost(start(normal(10))):.1f}" == "1773.6"),
    )
