"""Figures of the BG/BB that can be had another way, and the edges of its range."""

from math import comb

import mpmath
import numpy as np
import pytest

from clv.core.errors import FitError, HistoryError, SettingError
from clv.numerics import bgbb, histories, opportunities

DONORS = bgbb.BGBBParams(1.204, 0.750, 0.657, 2.783)
EXTREMES = [
    DONORS,
    bgbb.BGBBParams(1.0, 1.0, 1.0, 1.0),
    bgbb.BGBBParams(0.4, 0.6, 0.3, 0.7),
    bgbb.BGBBParams(1e-3, 1e-3, 1e-3, 1e-3),
    bgbb.BGBBParams(50.0, 5_000.0, 0.01, 5_000.0),
    bgbb.BGBBParams(0.01, 50.0, 50.0, 0.01),
]
X = np.array([0.0, 0.0, 1.0, 3.0, 6.0])
T_X = np.array([0.0, 0.0, 1.0, 4.0, 6.0])
T = np.array([0.0, 6.0, 6.0, 6.0, 6.0])


def exact_likelihood(p: bgbb.BGBBParams, x: int, t_x: int, T_: int) -> mpmath.mpf:
    """The paper's sum over the opportunity before which the customer dropped out."""
    a, b, g, d = (mpmath.mpf(v) for v in p)
    parts = [mpmath.beta(a + x, b + T_ - x) * mpmath.beta(g, d + T_)]
    parts += [mpmath.beta(a + x, b + k - x) * mpmath.beta(g + 1, d + k) for k in range(t_x, T_)]
    return mpmath.fsum(parts) / mpmath.beta(a, b) / mpmath.beta(g, d)


@pytest.mark.parametrize("p", EXTREMES)
def test_likelihood_and_p_alive_agree_with_40_digits(p):
    rows = [(x, t, 12) for t in range(13) for x in ({0} if t == 0 else {1, t})] + [(0, 0, 0)]
    with mpmath.workdps(40):
        exact = [exact_likelihood(p, *row) for row in rows]
        logs = [float(mpmath.log(v)) for v in exact]
        a, b, g, d = (mpmath.mpf(v) for v in p)
        alive = [
            float(
                mpmath.beta(a + x, b + T_ - x)
                * mpmath.beta(g, d + T_)
                / mpmath.beta(a, b)
                / mpmath.beta(g, d)
                / likelihood
            )
            for (x, _, T_), likelihood in zip(rows, exact, strict=True)
        ]
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    np.testing.assert_allclose(bgbb.loglik(p, *columns), logs, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(bgbb.p_alive(p, *columns), alive, rtol=1e-12)


@pytest.mark.parametrize("p", EXTREMES)
def test_all_histories_together_are_certain(p):
    rows = [(0, 0)] + [(x, t) for t in range(1, 9) for x in range(1, t + 1)]
    ways = np.array([1 if x == 0 else comb(t - 1, x - 1) for x, t in rows])
    x, t_x = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    assert ways @ np.exp(bgbb.loglik(p, x, t_x, np.full(len(x), 8.0))) == pytest.approx(1.0)


@pytest.mark.parametrize("p", EXTREMES)
def test_expectation_is_the_mean_of_the_counts(p):
    ahead = 9
    likely = np.array([bgbb.p_count(p, k, ahead, X, T_X, T) for k in range(ahead + 1)])
    np.testing.assert_allclose(likely.sum(axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(
        np.arange(ahead + 1) @ likely, bgbb.expected_purchases(p, ahead, X, T_X, T), rtol=1e-10
    )
    some = bgbb.p_purchase(p, ahead, X, T_X, T)
    np.testing.assert_allclose(1.0 - likely[0], some, rtol=1e-9, atol=1e-15)
    new = bgbb.p_count_new(p, np.arange(11), ahead)
    assert new[10] == 0.0
    assert np.arange(11) @ new == pytest.approx(
        float(bgbb.expected_purchases_new(p, np.array([ahead]))[0]), rel=1e-10
    )


@pytest.mark.parametrize("p", EXTREMES)
def test_the_next_opportunity_by_two_likelihoods(p):
    taken = bgbb.loglik(p, X + 1, T + 1, T + 1) - bgbb.loglik(p, X, T_X, T)
    np.testing.assert_allclose(bgbb.expected_purchases(p, 1, X, T_X, T), np.exp(taken), rtol=1e-11)
    np.testing.assert_allclose(bgbb.p_purchase(p, 1, X, T_X, T), np.exp(taken), rtol=1e-11)


@pytest.mark.parametrize("rate", [1e-4, 0.05, 1.0])
@pytest.mark.parametrize("p", EXTREMES)
def test_residual_transactions_for_ever_agree_with_40_digits(p, rate):
    found = bgbb.discounted_purchases(p, rate, X, T_X, T) / bgbb.p_alive(p, X, T_X, T)
    with mpmath.workdps(40):
        a, b, g, d = (mpmath.mpf(v) for v in p)
        for x, T_, value in zip(X, T, found, strict=True):
            D, v = d + T_, 1 / (1 + mpmath.mpf(rate))
            series = D / (g + D) * v * mpmath.hyp2f1(1, D + 1, g + D + 1, v)
            exact = (a + x) / (a + b + T_) * series
            assert value == pytest.approx(float(exact), rel=1e-10)


def test_without_discount_residual_transactions_are_finite_where_gamma_exceeds_1():
    one = np.array([0.0]), np.array([0.0]), np.array([0.0])
    assert bgbb.discounted_purchases(DONORS, 0.0, *one)[0] == np.inf
    p = DONORS._replace(gamma=2.5)
    found = bgbb.discounted_purchases(p, 0.0, *one)[0]
    assert found == pytest.approx(p.alpha / (p.alpha + p.beta) * p.delta / 1.5)
    assert bgbb.discounted_purchases(p, 0.0, *one, t=20_000)[0] == pytest.approx(found, rel=1e-4)


def test_quantiles_of_the_wait_are_those_of_the_sum():
    a, b, g, d = 0.8, 30.0, 0.05, 40.0
    m = np.arange(1.0, 2_000_000.0)
    chance = np.r_[a / (a + b) * d / (g + d), (b + m - 1) / (a + b + m) * (d + m) / (g + d + m)]
    chance = np.cumprod(chance)
    reached = np.cumsum(chance)
    whole = reached[-1] + chance[-1] * len(chance) / (a + g)
    none = np.zeros(1)
    for q in (0.02, 0.5, 0.8, 0.9, 0.95, 0.99):
        found = bgbb.next_purchase_quantile(bgbb.BGBBParams(a, b, g, d), q, none, none, none)
        assert found[0] == np.searchsorted(reached, q * whole) + 1


@pytest.mark.parametrize("p", EXTREMES)
def test_each_answer_at_the_edges(p):
    x = np.array([0.0, 0.0, 10_000.0, 10_000.0, 1.0, 3.0])
    t_x = np.array([0.0, 0.0, 10_000.0, 20_000.0, 1.0, 400.0])
    T_ = np.array([0.0, 4_000.0, 20_000.0, 20_000.0, 4_000.0, 520.0])
    assert np.isfinite(bgbb.loglik(p, x, t_x, T_)).all()
    alive = bgbb.p_alive(p, x, t_x, T_)
    assert ((alive >= 0) & (alive <= 1)).all()
    np.testing.assert_array_equal(alive[t_x == T_], 1.0)
    np.testing.assert_array_equal(bgbb.expected_purchases(p, 0, x, t_x, T_), 0.0)
    np.testing.assert_array_equal(bgbb.p_purchase(p, 0, x, t_x, T_), 0.0)
    for answer in (
        bgbb.expected_purchases(p, 20_000, x, t_x, T_),
        bgbb.p_purchase(p, 20_000, x, t_x, T_),
        bgbb.next_purchase_quantile(p, 0.99, x, t_x, T_),
        bgbb.discounted_purchases(p, 1e-4, x, t_x, T_),
        bgbb.p_count(p, 7, 2_000, x, t_x, T_),
    ):
        assert np.isfinite(answer).all()
        assert (answer >= 0).all()


def test_futures_have_the_expected_mean_and_share():
    rng = np.random.default_rng(3)
    x, t_x, T_ = (np.full(40_000, v) for v in (2.0, 4.0, 6.0))
    drawn = bgbb.simulate_future(DONORS, 5, x, t_x, T_, rng)
    expected = bgbb.expected_purchases(DONORS, 5, x[:1], t_x[:1], T_[:1])[0]
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / 200)
    likely = bgbb.p_count(DONORS, np.arange(6), 5, *(np.full(6, v) for v in (2.0, 4.0, 6.0)))
    shares = np.bincount(drawn.astype(int), minlength=6) / len(drawn)
    np.testing.assert_allclose(shares, likely, atol=4 * 0.5 / 200)


@pytest.mark.parametrize(
    ("x", "t_x", "T", "told"),
    [
        ([2, 3], [2, 2], [6, 6], r"more purchases than opportunities .* 1 row\(s\) \(1\)"),
        ([1, 1], [1.5, 2], [6, 6], r"not a whole opportunity, in 1 row\(s\) \(0\)"),
        ([1, 1], [2, 2], [6, 1], r"after the end of observation"),
    ],
)
def test_histories_that_cannot_be(x, t_x, T, told):
    columns = (np.array(v, dtype=float) for v in (x, t_x, T))
    with pytest.raises(HistoryError, match=told):
        bgbb.loglik(DONORS, *columns)


@pytest.mark.parametrize("t", [2.5, -1.0, np.inf, np.nan])
def test_opportunities_ahead_are_whole(t):
    with pytest.raises(SettingError, match="whole numbers"):
        opportunities.presence(1.0, 1.0, t, 0.0)


@pytest.mark.parametrize(
    ("x", "t_x", "T", "told"),
    [
        ([], [], [], "no customers"),
        ([0] * 50, [0] * 50, [6] * 50, "alpha runs to 0: none of 50 customers"),
        ([0] * 50, [0] * 50, [0] * 50, "alpha runs to 0: none of 50 customers"),
        ([6] * 50, [6] * 50, [6] * 50, "beta runs to 0: all of 50 customers"),
        ([3], [5], [6], "runs? away"),
        ([3] * 200, [5] * 200, [6] * 200, "runs? away"),
    ],
)
def test_customers_no_model_can_be_learned_from(x, t_x, T, told):
    with pytest.raises(FitError, match=told):
        bgbb.fit(*histories.group(*(np.array(v, dtype=float) for v in (x, t_x, T)))[:4])


def test_many_opportunities_are_fitted():
    rng = np.random.default_rng(9)
    true = bgbb.BGBBParams(2.0, 3.0, 0.7, 900.0)
    T = np.full(300, 2_000.0)
    found = bgbb.fit(*histories.tally(*bgbb.simulate(true, T, rng), T))
    assert (np.abs(np.array(found.params) - true) < 3 * np.array(found.standard_errors)).all()


@pytest.mark.parametrize("row", [(0, 0, 1), (1, 1, 1), (1, 1, 20), (500, 1_000, 1_000)])
def test_one_customer_is_held_by_a_prior_or_told_to_say_nothing(row):
    grouped = histories.group(*([float(v)] for v in row))[:4]
    with pytest.raises(FitError, match=r"runs? (away )?to"):
        bgbb.fit(*grouped)
    if 0 < row[0] < row[2]:
        found = bgbb.fit(*grouped, prior_sd=2.0)
        assert np.isfinite(found.params).all()
        assert np.isfinite(found.standard_errors).all()


def test_a_prior_holds_what_would_run_away():
    grouped = histories.group([3.0] * 200, [5.0] * 200, [6.0] * 200)
    found = bgbb.fit(*grouped[:4], prior_sd=2.0)
    assert np.isfinite(found.params).all()
    assert np.isfinite(found.standard_errors).all()
