"""Figures of the NBD that can be had another way, and the edges of its range."""

import numpy as np
import pytest
from scipy import stats

from clv.core.errors import FitError, HistoryError
from clv.numerics import histories, nbd

P = nbd.NBDParams(0.385, 12.07)
X = np.array([0.0, 0.0, 2.0, 26.0, 10_000.0])
T_X = np.array([0.0, 0.0, 30.0, 30.86, 20_000.0])
T = np.array([0.0, 38.0, 38.0, 31.0, 20_000.0])


def test_the_likelihood_is_that_of_the_count_and_of_uniform_times():
    x, T_ = X[1:4], T[1:4]
    count = stats.nbinom.logpmf(x, P.r, P.alpha / (P.alpha + T_))
    times = np.cumsum(np.log(np.arange(1, 27)))[np.maximum(x, 1).astype(int) - 1]
    times = np.where(x > 0, times, 0.0) - x * np.log(T_)
    np.testing.assert_allclose(nbd.loglik(P, x, T_X[1:4], T_), count + times, rtol=1e-12)


def test_the_posterior_mean_rate_shrinks_to_the_population():
    expected = nbd.expected_purchases(P, 10.0, X, T_X, T)
    assert expected[0] == pytest.approx(nbd.expected_purchases_new(P, 10.0), rel=1e-14)
    assert expected[4] == pytest.approx(5.0, rel=1e-3)
    assert 10.0 * P.r / P.alpha < expected[2] < 10.0 * X[2] / T[2]


def test_the_chance_of_a_purchase_is_that_the_count_ahead_is_not_0():
    ahead = stats.nbinom.sf(0, P.r + X, (P.alpha + T) / (P.alpha + T + 5.0))
    np.testing.assert_allclose(nbd.p_purchase(P, 5.0, X, T_X, T), ahead, rtol=1e-12)
    np.testing.assert_array_equal(nbd.p_purchase(P, 0.0, X, T_X, T), 0.0)


def test_nobody_ever_stops():
    np.testing.assert_array_equal(nbd.p_alive(P, X, T_X, T), 1.0)


def test_a_quantile_out_of_reach_stays_finite():
    gap = nbd.next_purchase_quantile(nbd.NBDParams(1e-4, 1.0), 0.9, X[:1], T_X[:1], T[:1])
    assert np.isfinite(gap).all()
    assert gap > 1e200


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fit_of_simulated_customers_finds_what_made_them(seed):
    rng, true = np.random.default_rng(seed), nbd.NBDParams(0.5, 40.0)
    T_ = rng.integers(100, 700, 6_000).astype(float)
    x, t_x = nbd.simulate(true, T_, rng)
    assert ((t_x > 0) == (x > 0)).all()
    assert (t_x <= T_).all()
    found = nbd.fit(*histories.group(x, t_x, T_)[:4])
    distance = (np.array(found.params) - true) / found.standard_errors
    assert (np.abs(distance) < 3).all(), distance
    mean = nbd.expected_purchases_new(true, T_).mean()
    assert x.mean() == pytest.approx(mean, abs=4 * x.std() / np.sqrt(len(x)))
    assert found.n_customers == 6_000
    in_weeks = nbd.fit(*histories.group(x, t_x / 7, T_ / 7)[:4])
    np.testing.assert_allclose(in_weeks.params, np.array(found.params) / (1, 7), rtol=1e-7)
    assert in_weeks.loglik == pytest.approx(found.loglik + x.sum() * np.log(7), rel=1e-10)


def test_nobody_bought_again():
    with pytest.raises(FitError, match="NBD: r runs to 0: none of 50 customers bought again"):
        nbd.fit(*histories.group(np.zeros(50), np.zeros(50), np.full(50, 90.0))[:4])


@pytest.mark.parametrize("customers", [1, 200])
def test_customers_who_do_not_differ(customers):
    same = [np.full(customers, v) for v in (3.0, 50.0, 100.0)]
    with pytest.raises(FitError, match=r"runs? away to infinity .*buy at the same rate"):
        nbd.fit(*histories.group(*same)[:4])
    held = nbd.fit(*histories.group(*same)[:4], prior_sd=2.0)
    assert held.params.r / held.params.alpha == pytest.approx(0.03, rel=0.3)


def test_a_history_that_cannot_be():
    with pytest.raises(HistoryError, match="the last purchase lies after the end"):
        nbd.fit(*(np.array([v]) for v in (1.0, 9.0, 5.0, 1.0)))
