"""explore.ipynb: every number of its prose is what a run of it gives."""

import re

import pytest
from claims_of_signals import claims_of_depth, claims_of_normalization, claims_of_the_signal, claims_of_the_values
from claims_of_training import (
    claims_of_boundaries,
    claims_of_rates,
    claims_of_six_starts,
    claims_of_symmetry,
    claims_of_the_ratio,
    claims_of_the_sweep,
)
from run_all import prose_of


@pytest.fixture(scope="module")
def prose(companion):
    return prose_of(companion)


CLAIMS = [
    claims_of_the_signal,
    claims_of_the_values,
    claims_of_depth,
    claims_of_six_starts,
    claims_of_symmetry,
    claims_of_boundaries,
    claims_of_the_sweep,
    claims_of_rates,
    claims_of_the_ratio,
    claims_of_normalization,
]

# Phrases whose numbers name things or give an order, and claim nothing measured.
NAMES = [
    "n(0, 1)",
    "from 0.01",
    "**0.01**",
    "**10**",
    "and 0.01 do not",
    "start 10",
    "every weight 0.5",
    "layer 1",
    "layer 30",
    "step 1,000",
    "$x_1$",
    "$x_2$",
    "at 30 layers",
    "in 30 layers",
    "30 layers multiply 30 times",
    "rate of 0.001",
    "with 1.",
    "for 500 steps",
    "500 steps more",
    "the first 500 steps",
    "each hidden layer has 10 units",
    '"times" at 1.41, the root of 2',
    "above 0.6 at the end",
    "iccv 2015",
    "aistats 2010",
    "icml 2015",
    "iclr 2019",
    "cs231n",
    "can normalization save the start 0.01?",
    "layers and the start 0.01, without",
    "about 0.001 is healthy",
    '"times" at 0: the start of zeros. then a little more than 0',
    "from 0.01",
    "start 0.01 reach it at the learning rate 1",
]


@pytest.mark.parametrize("claims", CLAIMS, ids=[of.__name__.removeprefix("claims_of_") for of in CLAIMS])
def test_every_claim_of_the_prose_is_true(claims, explored, prose):
    for phrase, holds in claims(explored[1]):
        assert phrase in prose, f"the notebook no longer says {phrase!r}"
        assert holds, phrase


def test_no_number_in_the_prose_goes_without_a_claim(explored, prose):
    text = prose
    for claims in CLAIMS:
        for phrase, _ in claims(explored[1]):
            text = text.replace(phrase, "")
    text = re.sub(r"`[^`\n]*`", "", text).lower()
    for name in NAMES:
        text = text.replace(name, "")
    left = re.findall(r".{0,40}\d.{0,20}", text)
    assert not left, left
