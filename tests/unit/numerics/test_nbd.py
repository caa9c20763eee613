"""Figures of the NBD that can be had another way, and the edges of its range."""

import numpy as np
import pytest
from scipy import stats

from clv.core.errors import FitError, HistoryError
from clv.numerics import nbd, outlook
from tests.purchase_models import CDNOW, T_X, T, X, fit

P = CDNOW["nbd"]


def test_the_likelihood_is_that_of_the_count_and_of_uniform_times():
    x, t_x, T_ = X[1:5], T_X[1:5], T[1:5]
    count = stats.nbinom.logpmf(x, P.r, P.alpha / (P.alpha + T_))
    times = np.cumsum(np.log(np.arange(1, 27)))[np.maximum(x, 1).astype(int) - 1]
    times = np.where(x > 0, times, 0.0) - x * np.log(T_)
    np.testing.assert_allclose(P.loglik(x, t_x, T_), count + times, rtol=1e-12)


def test_the_posterior_mean_rate_shrinks_to_the_population():
    expected = outlook.expected_purchases(P, 10.0, X, T_X, T)
    assert expected[0] == pytest.approx(outlook.expected_purchases_new(P, 10.0), rel=1e-14)
    assert expected[5] == pytest.approx(5.0, rel=1e-3)
    assert 10.0 * P.r / P.alpha < expected[2] < 10.0 * X[2] / T[2]


def test_the_chance_of_a_purchase_is_that_the_count_ahead_is_not_0():
    ahead = stats.nbinom.sf(0, P.r + X, (P.alpha + T) / (P.alpha + T + 5.0))
    np.testing.assert_allclose(outlook.p_purchase(P, 5.0, X, T_X, T), ahead, rtol=1e-12)
    np.testing.assert_array_equal(outlook.p_purchase(P, 0.0, X, T_X, T), 0.0)


def test_nobody_ever_stops():
    np.testing.assert_array_equal(outlook.p_alive(P, X, T_X, T), 1.0)


def test_a_quantile_out_of_reach_stays_finite():
    gap = outlook.next_purchase_quantile(nbd.NBDParams(1e-4, 1.0), 0.9, X[:1], T_X[:1], T[:1])
    assert np.isfinite(gap).all()
    assert gap > 1e200


@pytest.mark.parametrize("customers", [1, 200])
def test_customers_who_do_not_differ(customers):
    same = [np.full(customers, v) for v in (3.0, 50.0, 100.0)]
    with pytest.raises(FitError, match=r"runs? away to infinity .*buy at the same rate"):
        fit("nbd", *same)
    held = fit("nbd", *same, prior_sd=2.0)
    assert held.params.r / held.params.alpha == pytest.approx(0.03, rel=0.3)


def test_a_history_that_cannot_be():
    with pytest.raises(HistoryError, match="the last purchase lies after the end"):
        nbd.fit(*(np.array([v]) for v in (1.0, 9.0, 5.0, 1.0)))
