"""expected.py: the values that a check expects are the published ones, and those of the known mistakes are theirs."""

import itertools

import numpy as np
import pytest
from exercises import independent_weights

import diagnosis
from diagnosis import DRAWS, drawn_for, scale
from public_tests import HE, RANDOM, ZEROS


@pytest.mark.parametrize(
    ("factor", "layers_dims", "name"),
    [("zero", (3, 2, 1), "zeros_3_2_1"), ("ten", (3, 2, 1), "random_3_2_1"), ("he", (2, 4, 1), "he_2_4_1")],
)
def test_expected_values_are_the_published_ones(factor, layers_dims, name, reference):
    sizes = scale(factor, layers_dims)
    expected = {f"W{l}": draws * size for l, (draws, size) in enumerate(zip(drawn_for(layers_dims), sizes), start=1)}
    expected |= {f"b{l}": np.zeros((n, 1)) for l, n in enumerate(layers_dims[1:], start=1)}
    published = reference["initial_values"][name]
    assert published.keys() == expected.keys()
    for key, value in published.items():
        np.testing.assert_allclose(expected[key], value, rtol=0, atol=6e-9)


@pytest.mark.parametrize(("name", "exercise"), [("zeros", ZEROS), ("random", RANDOM), ("he", HE)])
def test_expected_values_of_every_case_come_from_the_stream_of_seed_3(name, exercise):
    for case in (*exercise.cases, *exercise.further):
        expected = independent_weights(name, case.layers_dims)
        for got, weights in zip(case.weights, expected, strict=not case.ranges):
            np.testing.assert_allclose(got, weights, rtol=0, atol=1e-8)
        for (low, high), weights in zip(case.ranges, expected, strict=not case.weights):
            np.testing.assert_allclose((low, high), (weights.min(), weights.max()), rtol=0, atol=1e-7)
        assert len(case.weights) + len(case.ranges) == len(case.layers_dims) - 1


def test_the_known_streams_begin_as_their_generators_do():
    for seed, begins in diagnosis.OTHER_SEEDS.items():
        np.testing.assert_allclose(np.random.RandomState(seed).randn(2), begins, atol=1e-6)
    for generator, begins in diagnosis.NEW_GENERATORS.items():
        draws = eval(generator, {"np": np}).standard_normal(2)
        np.testing.assert_allclose(draws, begins, atol=1e-6)
    np.testing.assert_allclose(np.random.RandomState(3).rand(2), diagnosis.UNIFORM, atol=1e-6)
    np.testing.assert_allclose(np.random.RandomState(3).randn(DRAWS.size), DRAWS, atol=1e-10)


def test_no_two_known_factors_are_alike():
    """Else a hint could name the wrong mistake."""
    sizes = RANDOM.cases[0].layers_dims
    scales = {name: scale(name, sizes) for name in diagnosis.SCALES}
    spread = np.array([draws.std() for draws in drawn_for(sizes)])
    for name in ("ten", "he"):
        products = np.cumprod(scales[name]), np.cumprod(scales[name][::-1])[::-1]
        scales |= {f"{name}, negative": -scales[name], f"{name}, by their own spread": scales[name] / spread}
        scales |= {f"{name}, accumulated {number}": product for number, product in enumerate(products)}
    for name, other in itertools.combinations(scales, 2):
        assert not np.allclose(scales[name], scales[other], rtol=0.02), (name, other)
    scales = {name: scale(name, diagnosis.LARGE) for name in diagnosis.SCALES}
    for name, other in itertools.product(
        ["ten", "he"], scales.keys() - {"one more", "one less"}
    ):  # of 200 units, nothing
        assert name == other or not np.allclose(scales[name], scales[other], rtol=0.1), (name, other)
