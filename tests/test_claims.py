"""Every number in the notebook's prose is claimed and true, and what it offers to try does what it says."""

import functools
import re
import warnings

import pytest
from claims import (
    claims_of_depth,
    claims_of_he,
    claims_of_large_values,
    claims_of_practice,
    claims_of_symmetry,
    claims_of_the_data,
    claims_of_zeros,
)
from run_all import cells_by_id, prose_of, text_of
from runs import cost, he, names_of_the_notebook, start, train, tried


@pytest.fixture(scope="module")
def prose(source):
    return prose_of(source)


# Each claim trains networks, and two tests read it: compute it once.
CLAIMS = [
    functools.cache(lambda of=of: list(of()))
    for of in (
        claims_of_the_data,
        claims_of_zeros,
        claims_of_symmetry,
        claims_of_large_values,
        claims_of_he,
        claims_of_depth,
        claims_of_practice,
    )
]

# Phrases whose numbers count or name things in this notebook, and claim nothing measured.
NAMES = [
    "there are three exercises, of 10 points each",
    "class 0",
    "class 1",
    "0 or 1",
    "layer 0",
    "layer 1",
    "layer 2",
    "layer 3",
    "layers 1 to",
    "from $-1/\\sqrt{n}$ to $1/\\sqrt{n}$",  # what PyTorch's own documentation says
    "exercise 1",
    "exercise 2",
    "exercise 3",
    "exercise-1",
    "exercise-2",
    "exercise-3",
    "iccv 2015",
    "aistats 2010",
    "glorot and bengio, 2010",
    "sun, 2015",
    "multiply by 10",
    "every 1000 iterations",
    "after all 15,000 steps",
    "after 15,000 steps",
    "same 15,000 steps",
    "probability greater than 0.5",
    "its factor 2",
    "the factor 2 makes up",
    "^{[1]}",
    "^{[2]}",
    "^{[3]}",
    "^{[l-1]}",
    "83% and 86%",
    "0.6931",
    "1773.6",
    "weights 0.5",
    "if 10 is too large",
    "multiplied by 10",
    "normal, times 10?",
    "weights 0 |",
    "with mean 0 and variance $v$",
    "*first* is iteration 0, *last* is iteration 14,000",
    "\n1. **no signal",
    "\n2. **no difference",
    "\n3. **too much",
]


@pytest.mark.xdist_group("claims")
@pytest.mark.parametrize("claims", CLAIMS, ids=["data", "zeros", "symmetry", "large values", "he", "depth", "practice"])
def test_every_claim_of_the_prose_is_true(claims, prose):
    for phrase, holds in claims():
        assert phrase in prose, f"the notebook no longer says {phrase!r}"
        assert holds, phrase


@pytest.mark.xdist_group("claims")
def test_no_number_in_the_prose_goes_without_a_claim(prose):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", prose, flags=re.DOTALL)
    for claims in CLAIMS:
        for phrase, _ in claims():
            text = text.replace(re.sub(r"`[^`\n]*`", "", phrase), "")
    text = text.lower()
    for name in NAMES:
        text = text.replace(name, "")
    left = re.findall(r".{0,40}\d.{0,20}", text)
    assert not left, left


def test_each_run_that_the_notebook_offers_shows_what_the_text_says(source):
    """The claims assert most of these figures; here stands what the table itself says."""
    offered = dict(
        re.findall(r"^\| ([A-Z].*?) \| `(try_start\(.*?\))` \|$", cells_by_id(source)["try-text"].source, re.M)
    )
    assert len(offered) == 8
    he_after_15000 = cost(train(start(he)))
    true = {
        "Random biases are no way out.": lambda cost, right, _: right < 0.55,
        "A constant plus a little noise is not enough.": lambda cost, right, _: right < 0.6,
        "More time does not save large values.": lambda cost, right, _: 0.8 < right < 0.9,
        "Small values do not train.": lambda cost, right, _: cost == 0.6931,
        "They do with larger steps.": lambda cost, right, _: right > 0.98,
        "He gets further with more time.": lambda cost, right, _: cost < he_after_15000 / 2,
        "Plain `randn` does a little better than He.": lambda cost, right, _: 298 / 300 < right < 1,
        "And with another seed?": lambda cost, right, _: right > 0.5,
    }
    assert set(offered) == set(true)
    for said, call in offered.items():
        assert true[said](*tried(call)), (said, call, tried(call))


def test_a_start_of_ones_own_draws_as_the_exercises_do(executed):
    """`try_start` with the scale of an exercise ends where that exercise ends."""
    for name, call in (("he", 'try_start(scale="he")'), ("random", "try_start(scale=10)")):
        printed = re.findall(r"^Accuracy: (\S+)$", text_of(cells_by_id(executed)[f"{name}-train"]), re.MULTILINE)
        assert list(tried(call)[1:]) == [float(value) for value in printed]


def test_a_run_that_diverges_ends_in_one_sentence_and_no_warning():
    with pytest.raises(ValueError, match="training diverged"), warnings.catch_warnings(action="error"):
        tried("try_start(scale=10, learning_rate=1e200, steps=2000)")


def test_the_cell_to_try_things_in_is_the_learners_and_costs_a_grader_nothing(source, monkeypatch):
    cell = cells_by_id(source)["try"]
    assert "nbgrader" not in cell.metadata and cell.source in str(cells_by_id(source)["try-text"].source)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    names = names_of_the_notebook()
    monkeypatch.setitem(names, "gradient_descent", None)
    assert eval(cell.source, names) is None
