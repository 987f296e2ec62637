"""What explore.ipynb claims of training from different starts, phrase by phrase, and whether it holds."""

import numpy as np

from explore import STARTS, accuracy, draw, forward, path_lengths, train
from init_utils import load_dataset

X, Y, _, _ = load_dataset()


def claims_of_six_starts(kept):
    six = kept["six"]
    ends = {name: run.cost[-1, 0] for name, run in six.items()}
    right = {name: accuracy(run.networks, X, Y)[0] for name, run in six.items()}
    yield (
        "2 → 10 → 5 → 1, with 15,000 steps at a learning rate of 0.01",
        all([len(W[0]) for W in run.networks.W] == [10, 5, 1] and run.iteration[-1] == 15000 for run in six.values()),
    )
    yield (
        "the four from above, draws of size 10, and every weight 0.5",
        list(six) == ["0.01", "Xavier", "He", "N(0, 1)", "10", "constant 0.5"],
    )
    yield "they are finite even for the largest start", all(np.isfinite(run.cost).all() for run in six.values())
    yield (
        "Two of the six are still above 0.6: the start of size 0.01 and the constant one",
        ({name for name, end in ends.items() if end > 0.6} == {"0.01", "constant 0.5"}),
    )
    yield (
        "The draws of size 10 begin at more than 1,000, fall fast, and then stay above 0.5",
        (six["10"].cost[0, 0] > 1000 and six["10"].cost[10, 0] < 2 and six["10"].cost.min() > 0.5),
    )
    yield (
        "N(0, 1) ends at 0.07, He at 0.10, Xavier at 0.15",
        ([f"{ends[name]:.2f}" for name in ("N(0, 1)", "He", "Xavier")] == ["0.07", "0.10", "0.15"]),
    )
    yield "The other three learn", all(right[name] > 0.95 for name in ("N(0, 1)", "He", "Xavier"))


def claims_of_symmetry(kept):
    one, many = kept["paths"]["constant 0.5"], kept["paths"]["He"]
    yield "take the same step, 15,000 times", kept["six"]["constant 0.5"].iteration[-1] == 15000
    yield "they are equal to the last digit", np.ptp(one, axis=1).max() == 0
    yield (
        "The layer has ten units and knows as much as one, and the accuracy ends at 58%",
        (
            one.shape[1] == 10
            and np.linalg.matrix_rank(one[-1]) == 1
            and f"{accuracy(kept['six']['constant 0.5'].networks, X, Y)[0]:.0%}" == "58%"
        ),
    )
    lengths = {name: path_lengths(path) for name, path in kept["paths"].items()}
    yield (
        "the path is short: 0.33 long, as long as the shortest of the ten from He",
        (f"{lengths['constant 0.5'][0]:.2f}" == f"{lengths['He'].min():.2f}" == "0.33"),
    )
    straight = np.linalg.norm(np.ptp(one[:, 0], axis=0))
    yield "It is no point and no straight line", 0.1 < straight < 0.7 * lengths["constant 0.5"][0]
    yield "On the right, ten units take ten paths", len(np.unique(many[-1].round(3), axis=0)) == 10
    yield "the longest of them 1.41 long", f"{lengths['He'].max():.2f}" == "1.41"


def claims_of_boundaries(kept):
    right = {
        name: [f"{accuracy(run.kept[time], X, Y)[0]:.0%}" for time in (1000, 5000, 15000)]
        for name, run in kept["chosen"].items()
    }
    yield "54% are right after 1,000 steps, 77% after 5,000, 99% at the end", right["He"] == ["54%", "77%", "99%"]
    yield "From there to the end it goes from 66% to 69%", (right["10"][0], right["10"][-1]) == ("66%", "69%")
    square = np.random.default_rng(0).uniform(-1.5, 1.5, size=(2, 2000))
    he, large, equal = (forward(kept["chosen"][name].kept[0], square)[0] > 0 for name in ("He", "10", "constant 0.5"))
    yield "At step 0 the second and the third row have the same boundary", (he == large).all() and (he != equal).any()
    one = forward(kept["chosen"]["constant 0.5"].kept[15000], square)[0][0, 0] > 0
    axis = square.T @ kept["paths"]["constant 0.5"][-1][0]
    yield "has one straight line all the time", axis[one].max() < axis[~one].min() or axis[one].min() > axis[~one].max()


def claims_of_the_sweep(kept):
    right, dead = kept["right"], kept["dead"] > 0
    fails = right < 0.95
    medians = dict(zip(kept["scales"], np.median(right, axis=1)))
    row = {scale: number for number, scale in enumerate(kept["scales"])}
    yield "350 networks: seven scales, 50 seeds at each", right.shape == (7, 50)
    yield "Their numbers are stored as `float32`", kept["sweep"].networks.W[0].dtype == np.float32
    yield "All take 1,500 steps at a learning rate of 0.1", kept["sweep"].iteration[-1] == 1500
    yield (
        "From half of He's scale to three times He's scale, the median is at 98% or more",
        (min(medians[scale] for scale in (0.5, 1, 2, 3)) >= 0.98 - 1e-9),
    )
    yield "At a tenth and at ten times, the median is below 75%", max(medians[0.1], medians[10]) < 0.75
    yield (
        "At He's scale, 2 of 50 networks fail, and both have a dead unit",
        (fails[row[1]].sum() == (fails & dead)[row[1]].sum() == 2),
    )
    yield (
        "None of the 31 without dead units fails. But 17 others have dead units too",
        ((~dead)[row[1]].sum() == 31 and (dead & ~fails)[row[1]].sum() == 17),
    )
    yield (
        "At 0.3 they explain little: 22 of the 32 failures have no dead unit",
        (((fails & ~dead)[row[0.3]].sum(), fails[row[0.3]].sum()) == (22, 32)),
    )
    yield (
        "At ten times, 35 of the 50 have dead units, and 48 fail",
        (dead[row[10]].sum(), fails[row[10]].sum()) == (35, 48),
    )
    yield "Call it a failure if fewer than 95% are right", fails.any()
    yield "so 1 is He, and 2 has weights twice as large", 1 in row and 2 in row


def claims_of_rates(kept):
    table = dict(zip(STARTS, kept["table"]))
    good = {name: [rate for rate, value in zip(kept["rates"], row) if value >= 0.95] for name, row in table.items()}
    yield (
        "the learning rates 0.1, 0.3 and 1 are good",
        all(good[name] == [0.1, 0.3, 1] for name in ("Xavier", "He", "N(0, 1)")),
    )
    yield (
        "Each field has the accuracy after 1,500 steps, the middle one of three networks",
        (kept["run"].iteration[-1] == 1500 and len(kept["run"].networks) == 3 * kept["table"].size),
    )
    yield "1,500 steps are not enough for them", max(table["He"][:2]) < 0.9
    yield (
        "From the start 0.01, no learning rate is good. From the start 10 none is either",
        good["0.01"] == good["10"] == [],
    )
    yield (
        "it reaches 81% at the learning rate 0.1, and falls back to 50% at 1",
        [f"{table['10'][number]:.0%}" for number in (2, 4)] == ["81%", "50%"],
    )
    long = train(draw([2, 10, 5, 1], STARTS["0.01"], range(3)), X, Y, 0.3, 15000)
    yield (
        "With 15,000 steps at a learning rate of 0.3, networks from 0.01 learn the circles as well",
        (accuracy(long.networks, X, Y).min() > 0.98),
    )


def claims_of_the_ratio(kept):
    ratios, rates = kept["ratios"], kept["rates"]
    small, he, large = ({rate: values[:, number] for rate, values in ratios.items()} for number in range(3))
    low, high = 0.0003, 0.003
    yield (
        "the second layer, the middle one of three seeds",
        np.array_equal(he[0.1], np.median(kept["run"].ratio.reshape(-1, 5, 5, 3, 3)[:, 2, 2, :, 1], axis=-1)),
    )
    yield (
        "A ratio of 0.001 says that a step changes the weights by about a thousandth",
        0.001 == 1 / 1000,
    )
    yield "The grey band reaches from 0.0003 to 0.003", rates == [0.001, 0.01, 0.1, 0.3, 1]
    yield (
        "Only 0.1 runs through the band, and 0.01 does not reach it",
        [rate for rate in rates if ((low < he[rate]) & (he[rate] < high)).all()] == [0.1] and max(small[1]) < low,
    )
    yield "From **He**, the learning rate 0.1 is in the band all the way", low < min(he[0.1]) <= max(he[0.1]) < high
    yield "The rates 0.001 and 0.01 stay below it", max(he[0.001].max(), he[0.01].max()) < low
    good = dict(zip(rates, kept["table"][list(STARTS).index("He")] >= 0.95))
    yield (
        "they are the ones that were too slow in the table",
        [rate for rate in rates if not good[rate]] == [0.001, 0.01],
    )
    yield (
        "The rates 0.3 and 1 go above it by more than ten times, and learn the circles all the same",
        (min(he[0.3].max(), he[1].max()) > 10 * high and good[0.3] and good[1]),
    )
    yield (
        "From **0.01**, every learning rate is below the band, from the first step to the last",
        all(values.max() < low for values in small.values()),
    )
    yield (
        "From **10**, at a learning rate of 0.1 or more, the first step is large: at 1 it is 67% of the weights",
        (f"{large[1][0]:.0%}" == "67%" and min(large[rate][0] for rate in (0.1, 0.3, 1)) > 10 * high),
    )
    yield (
        "A hundred steps later the ratio is below the band",
        kept["run"].iteration[1] == 100 and max(large[rate][1] for rate in (0.1, 0.3, 1)) < low,
    )
    yield "At the learning rate 1 it is exactly 0 then, and its curve ends", not large[1][1:].any()
    yield "The table says who failed, after 1,500 steps", kept["run"].iteration[-1] == 1500
