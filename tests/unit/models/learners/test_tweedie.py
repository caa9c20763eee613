"""The fit against scikit-learn's of the same loss, and its laws."""

import numpy as np
import pytest
from sklearn.linear_model import TweedieRegressor

from clv.core.errors import FitError
from clv.models.learners import tweedie


def seen(n=400, k=3, seed=0):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n, k))
    mean = np.exp(0.4 * columns[:, 0] - 0.8 * columns[:, 1])
    return columns, mean * rng.poisson(0.6, n) * rng.gamma(2.0, 0.5, n), rng.uniform(0.2, 3.0, n)


@pytest.mark.parametrize("power", [1.2, 1.5, 1.9])
@pytest.mark.parametrize("ridge", [1e-4, 0.3])
def test_coefficients_are_those_scikit_learn_finds(power, ridge):
    columns, y, weight = seen()
    found = tweedie.fit(columns, y, weight, power, ridge, np.zeros(4))
    peer = TweedieRegressor(
        power=power, alpha=ridge, link="log", solver="newton-cholesky", tol=1e-10, max_iter=200
    ).fit(columns, y, sample_weight=weight)
    np.testing.assert_allclose(found, [peer.intercept_, *peer.coef_], atol=1e-6)


def test_the_start_does_not_matter():
    columns, y, weight = seen()
    near = tweedie.fit(columns, y, weight, 1.5, 0.01, np.zeros(4))
    far = tweedie.fit(columns, y, weight, 1.5, 0.01, np.array([-6.0, 4.0, 4.0, -4.0]))
    np.testing.assert_allclose(near, far, atol=1e-6)


def test_a_row_of_weight_two_is_two_rows():
    columns, y, _ = seen()
    twice = np.arange(len(y)) < 100
    weighed = tweedie.fit(columns, y, 1.0 + twice, 1.5, 0.01, np.zeros(4))
    repeated = tweedie.fit(
        np.vstack([columns, columns[twice]]),
        np.concatenate([y, y[twice]]),
        np.ones(500),
        1.5,
        0.01,
        np.zeros(4),
    )
    np.testing.assert_allclose(weighed, repeated, atol=1e-8)


def test_without_columns_the_intercept_is_the_logarithm_of_the_mean():
    _, y, weight = seen()
    found = tweedie.fit(np.empty((400, 0)), y, weight, 1.5, 0.1, np.zeros(1))
    assert found[0] == pytest.approx(np.log(np.average(y, weights=weight)))


def test_columns_that_repeat_one_another_share_their_effect():
    columns, y, weight = seen()
    found = tweedie.fit(np.column_stack([columns, columns[:, 0]]), y, weight, 1.5, 0.1, np.zeros(5))
    assert found[1] == pytest.approx(found[4])


def test_what_cannot_be_climbed_is_told():
    columns, y, weight = seen()
    with pytest.raises(FitError, match="Raise the ridge"):
        tweedie.fit(np.column_stack([columns, columns]), y, weight, 1.5, 0.0, np.zeros(7))
