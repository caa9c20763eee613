"""Inputs are standardised, know their unit, and mark what is absent."""

import numpy as np

from clv.models.learners.inputs import FURTHEST, Inputs

RNG = np.random.default_rng(0)
X = np.column_stack(
    [
        50.0 * np.exp(RNG.normal(size=500)),
        np.where(RNG.random(500) < 0.25, np.nan, RNG.normal(size=500)),
        np.full(500, 3.0),
        np.full(500, np.nan),
    ]
)
INPUTS = Inputs.learn(X, np.ones(500))


def test_inputs_have_mean_zero_and_spread_one_and_marks():
    values = INPUTS.of(X)
    assert INPUTS.features.tolist() == [0, 1, 2, 3, 1]
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=1e-2)
    np.testing.assert_allclose(values[:, :2].std(axis=0), 1.0, atol=2e-2)
    absent = np.isnan(X[:, 1])
    np.testing.assert_allclose(values[:, 4], absent - absent.mean())


def test_what_is_the_same_for_all_or_never_there_is_silent():
    np.testing.assert_array_equal(INPUTS.of(X)[:, 2:4], 0.0)
    np.testing.assert_array_equal(INPUTS.of(1e9 * X)[:, 2:4], 0.0)


def test_the_unit_of_a_feature_does_not_matter():
    for unit in (1e-3, 7.0):
        other = Inputs.learn(unit * X, np.ones(500))
        np.testing.assert_allclose(other.of(unit * X), INPUTS.of(X), atol=1e-9)


def test_far_values_count_as_the_farthest_seen():
    far = np.array([[1e12, 1e12, 3.0, 0.0], [-1e12, -1e12, 3.0, 0.0]])
    values = INPUTS.of(far)
    np.testing.assert_array_equal(values[0, :2], INPUTS.of(X)[:, :2].max(axis=0))
    np.testing.assert_array_equal(values[1, :2], INPUTS.of(X)[:, :2].min(axis=0))
    assert np.abs(values).max() <= FURTHEST


def test_weights_move_mean_and_spread():
    heavy = np.where(X[:, 0] > 50, 9.0, 1.0)
    weighed = Inputs.learn(X, heavy)
    values = weighed.of(X)[:, 0]
    assert abs(np.average(values, weights=heavy)) < 1e-2
    assert values.mean() < -0.3
