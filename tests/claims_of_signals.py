"""What explore.ipynb claims of signals and values in deep networks, phrase by phrase, and whether it holds."""

import numpy as np
import pytest

from explore import STARTS, accuracy, backward, depth_profile, draw, forward, update_ratio, with_normalization
from init_utils import load_dataset, root_mean_square

X, Y, _, _ = load_dataset()


def claims_of_the_signal(kept):
    found = kept["found"]
    factors = {name: (one.forward[-1] / one.forward[0]) ** (1 / 29) for name, one in found.items()}
    yield "a network with 30 hidden layers of 100 units", all(len(one.forward) == 30 for one in found.values())
    yield "two noisy circles, 300 points", X.shape == (2, 300)
    he, xavier, small, plain = (found[name] for name in ("He", "Xavier", "0.01", "N(0, 1)"))
    yield (
        "The signal has the size 0.6 in layer 1 and in layer 30",
        round(he.forward[0], 1) == round(he.forward[-1], 1) == 0.6,
    )
    yield "the signal falls to about 0.00002", f"{xavier.forward[-1]:.5f}" == "0.00002"
    yield (
        "multiplies by 0.07 in each layer. About $10^{-36}$ is left",
        (round(factors["0.01"], 2) == 0.07 and 1e-36 < small.forward[-1] < 5e-36),
    )
    yield "What does a factor of 0.7 do in 30 layers? And a factor of seven?", round(factors["Xavier"], 1) == 0.7
    yield (
        "multiplies by about 7. The signal grows to about $10^{24}$",
        (round(factors["N(0, 1)"]) == 7 and 1e24 < plain.forward[-1] < 5e24),
    )
    apart = [one.forward / one.forward_theory for one in found.values()] + [
        one.backward / one.backward_theory for one in found.values()
    ]
    yield "a layer multiplies the mean square by $\\tfrac{1}{2} n v$", np.abs(np.log(apart)).mean() < np.log(2)
    yield "the mean of our three stays within a factor of three of it", np.abs(np.log(apart)).max() < np.log(3)
    slopes = {name: np.log(one.backward[0] / one.backward[-1]) for name, one in found.items()}
    yield (
        "both panels have one scale, and each line the same slope in both",
        all(
            slopes[name] == pytest.approx(np.log(one.forward[-1] / one.forward[0]), abs=1.2)
            for name, one in found.items()
        ),
    )
    yield "The signal **vanishes**", small.forward[-1] < 1e-30
    yield "From He they are of one size in all layers", he.backward.max() / he.backward.min() < 3
    yield "From 0.01, what reaches layer 1 is about $10^{-39}$", 1e-39 < small.backward[0] < 5e-39
    each = [depth_profile([2] + 30 * [100] + [1], STARTS["He"], [seed], X, Y).forward for seed in range(3)]
    yield (
        "take their mean, take the root. Each line is the mean of three networks",
        (np.allclose(he.forward, np.sqrt(np.mean(np.square(each), axis=0)), rtol=1e-12)),
    )
    yield (
        "always 0.01, Xavier's $\\sqrt{1/n}$, He's $\\sqrt{2/n}$, and always 1, which the picture calls N(0, 1)",
        list(found) == ["0.01", "Xavier", "He", "N(0, 1)"],
    )


def claims_of_the_values(kept):
    he, xavier = kept["values"]["He"], kept["values"]["Xavier"]
    middle = {
        name: {
            quantity: [np.median(np.abs(array[array != 0])) for array in one.values()]
            for quantity, one in kept["values"][name].items()
        }
        for name in ("He", "Xavier")
    }
    yield (
        "of the same shape as above, in layers 2, 10, 20 and 30",
        (list(he["weights"]) == [2, 10, 20, 30] and he["weights"][2].shape == (1, 100, 100)),
    )
    yield "at −2 are the values of size 0.01", 10.0**-2 == 0.01
    yield (
        "the activations move to the left, hill by hill, from layer 2 to layer 30",
        max(np.diff(middle["Xavier"]["activations"])) < 0 and np.ptp(np.log10(middle["He"]["activations"])) < 0.3,
    )
    yield (
        "The hills of $dW$ stand above each other, about 32,000 times smaller than those from He",
        (
            np.ptp(np.log10(middle["Xavier"]["gradients of the weights"])) < 0.5
            and all(
                root_mean_square(he["gradients of the weights"][layer]) / root_mean_square(array)
                == pytest.approx(32000, rel=0.05)
                for layer, array in xavier["gradients of the weights"].items()
            )
        ),
    )
    yield "That is $\\sqrt{1/2}$ thirty times", round(2**15, -3) == 33000 and 2**15 == pytest.approx(32000, rel=0.05)
    by_layer = depth_profile([2] + 30 * [100] + [1], STARTS["Xavier"], [0], X, Y)
    yield (
        "where they are small, $dz$ is still large, and the other way round",
        by_layer.forward[0] > 1e4 * by_layer.forward[-1] and by_layer.backward[-1] > 1e4 * by_layer.backward[0],
    )
    left = [np.log10(above / below) for above, below in zip(middle["He"]["weights"], middle["Xavier"]["weights"])]
    yield "The hills of Xavier lie a little to the left of those of He", 0.1 < min(left) <= max(left) < 0.2
    zeros = [np.mean(array == 0) for one in (he, xavier) for array in one["activations"].values()]
    yield (
        "About half of the activations are 0**, in each of the four layers, from both starts",
        (0.45 < min(zeros) <= max(zeros) < 0.55),
    )
    never = [(one["activations"][layer] == 0).all(axis=-1).mean() for layer in (2, 30) for one in (he, xavier)]
    yield (
        "in layer 2, 6% of the units are 0 for *every* point, and in layer 30, 40% are",
        [f"{share:.0%}" for share in never] == ["6%", "6%", "40%", "40%"],
    )


def claims_of_depth(kept):
    depth = kept["depth"]
    X, Y = globals()["X"][:, kept["some"]], globals()["Y"][:, kept["some"]]
    yield "they see only 100 of the points, 50 of each class", Y.shape == (1, 100) and Y.sum() == 50
    costs = {name: run.cost for name, run in depth.items()}
    networks = [run.networks for run in depth.values()]
    yield (
        "30 hidden layers of 32 units, with three seeds for each start",
        all(len(one.W) == 31 and one.W[5].shape == (3, 32, 32) for one in networks),
    )
    yield (
        "All nine networks take 1,000 steps at a learning rate of 0.01",
        sum(map(len, networks)) == 9 and all(run.iteration[-1] == 1000 for run in depth.values()),
    )
    first = np.concatenate([cost[0] for cost in costs.values()])
    yield (
        "Eight of the nine start at about 0.69, the cost of a coin. One from He starts higher, at 1.05",
        (sorted(f"{cost:.2f}" for cost in first) == ["0.69"] * 8 + ["1.05"] and costs["He"][0].max() > 1),
    )
    yield (
        "The cost of each falls below 0.35, half of a coin's, on its way",
        (costs["He"].min(axis=0) < np.log(2) / 2).all(),
    )
    yield "The three from **Xavier** stay above 0.69", costs["Xavier"].min() > 0.69
    yield "After 1,000 steps they have hardly begun", (costs["Xavier"][0] - costs["Xavier"][-1]).max() < 0.01
    yield (
        "stay at 0.6931 from the first step to the last, and are right for exactly half of the points",
        (
            {f"{cost:.4f}" for cost in costs["0.01"].ravel()} == {"0.6931"}
            and (accuracy(depth["0.01"].networks, X, Y) == 0.5).all()
        ),
    )
    jumps = np.diff(np.log(costs["He"]), axis=0).max(axis=0)
    yield "The curves of He jump", jumps.min() > np.log(1.2) and jumps.max() > np.log(2)
    yield (
        "$\\sqrt{1/2}$ three times is a loss that one can train away",
        accuracy(kept["six"]["Xavier"].networks, X, Y)[0] > 0.95,
    )


def claims_of_normalization(kept):
    plain, normal = kept["norm"].values()
    sizes = [2] + 10 * [32] + [1]
    yield (
        "10 hidden layers of 32 units, 200 steps at a learning rate of 0.1, three seeds each",
        all(
            [W.shape for W in run.networks.W] == [(3, n, below) for below, n in zip(sizes, sizes[1:])]
            and run.iteration[-1] == 200
            for runs in (plain, normal)
            for run in runs.values()
        ),
    )
    yield "0.01 stays at 0.6931", {f"{cost:.4f}" for cost in plain["0.01"].cost.ravel()} == {"0.6931"}
    yield "The networks from He have begun to learn, and no more", 0.4 < plain["He"].cost[-1].min() < np.log(2)
    yield (
        "From 10 the cost begins at more than $10^{15}$, too large for the axis, and after the first steps",
        plain["10"].cost[0].min() > 1e15 and not np.isfinite(plain["10"].cost[1:]).any(),
    )
    yield (
        "all nine networks are right for more than 90% of the points after 200 steps",
        min(accuracy(run.networks, X, Y).min() for run in normal.values()) > 0.9,
    )
    yield (
        "take the middle one, and that of He has the lowest cost",
        min(normal, key=lambda name: np.median(normal[name].cost[-1])) == "He",
    )
    starts = {name: with_normalization(draw(sizes, STARTS[name], range(3))) for name in ("0.01", "He", "10")}
    passed = {name: forward(networks, X) for name, networks in starts.items()}
    yield (
        "The hidden layers of 0.01 and of He have *the same* activations before the first step, up to rounding",
        all(np.allclose(one, other, rtol=0, atol=1e-9) for one, other in zip(passed["0.01"][1], passed["He"][1])),
    )
    thousand = starts["He"].copy()
    thousand.W[3] *= 1000
    yield (
        "Multiply all weights of a hidden layer by a thousand",
        np.allclose(forward(thousand, X)[0], passed["He"][0], rtol=0, atol=1e-9),
    )
    first = {
        name: np.median(update_ratio(networks, backward(networks, *passed[name], Y), 0.1)[:, 5])
        for name, networks in starts.items()
    }
    yield (
        "The first update of the sixth layer is 13% of its weights from 0.01, 0.5% from He, and 0.02% from 10",
        (f"{first['0.01']:.0%}", f"{first['He']:.1%}", f"{first['10']:.2%}") == ("13%", "0.5%", "0.02%"),
    )
    deep = with_normalization(draw([2] + 30 * [32] + [1], STARTS["He"], range(3)))
    z, activations = forward(deep, X)
    sizes = [root_mean_square(dz) for _, _, dz in backward(deep, z, activations, Y)]
    yield (
        "With 30 hidden layers instead of 10, the signal is level on the way forward",
        np.ptp(np.log([root_mean_square(a) for a in activations[1:]])) < 0.1,
    )
    yield (
        "in the first layer it is more than 1,000 times as large as in the last hidden one",
        sizes[0] > 1000 * sizes[29],
    )
