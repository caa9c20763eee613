"""Figures of the purchase models that can be had another way, and the edges of their range."""

import re

import mpmath
import numpy as np
import pytest

from clv.core.errors import FitError
from clv.numerics import histories, outlook
from clv.numerics.betamean import expected_while_active
from clv.numerics.bgnbd import BGNBDParams
from clv.numerics.paretonbd import ParetoNBDParams
from tests.purchase_models import (
    CDNOW,
    FITS,
    T_X,
    TRUE,
    T,
    X,
    each_model,
    fit,
    positives,
    simulated,
)


def exact_while_active(t: float, R: float, A: float, a: float, B: float) -> float:
    """Sum over the purchases an immortal customer would make, each with its chance of survival."""
    t, R, A, a, B = (mpmath.mpf(v) for v in (t, R, A, a, B))
    z = t / (A + t)
    term, survived, total, tail = (1 - z) ** R, mpmath.mpf(1), mpmath.mpf(0), mpmath.mpf(1)
    i = 0
    while tail > mpmath.mpf(10) ** -25:
        tail -= term
        total += tail * survived
        term *= (R + i) / (i + 1) * z
        survived *= (B + i) / (a + B + i)
        i += 1
    return float(total)


@pytest.mark.parametrize("a", [0.02, 0.5, 1.0 - 1e-12, 1.0, 1.05, 3.0, 40.0])
@pytest.mark.parametrize(
    ("t", "R", "A", "B"),
    [
        (39.0, 0.243, 4.414, 2.426),
        (39.0, 2.243, 43.0, 4.4),
        (700.0, 30.0, 400.0, 0.5),
        (0.01, 0.05, 20_000.0, 0.05),
        (500.0, 200.0, 3_000.0, 200.0),
    ],
)
def test_expected_while_active_agrees_with_the_sum_over_purchases(a, t, R, A, B):
    with mpmath.workdps(40):
        exact = exact_while_active(t, R, A, a, B)
    found = expected_while_active(np.array([t]), np.array([R]), np.array([A]), a, np.array([B]))
    assert found[0] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("s", [0.606, 1.0 - 1e-13, 1.0, 2.5])
def test_pareto_expectation_is_the_integral_of_survival(s):
    p = CDNOW["paretonbd"]._replace(s=s)
    survival = mpmath.quad(lambda u: (1 + u / p.beta) ** -s, [0, 5, 39])
    found = outlook.expected_purchases_new(p, np.array([39.0]))[0]
    assert found == pytest.approx(float(p.r / p.alpha * survival), rel=1e-13)


def test_pareto_likelihood_agrees_with_40_digits():
    p = CDNOW["paretonbd"]
    with mpmath.workdps(40):
        r, alpha, s, beta = (mpmath.mpf(v) for v in p)
        for x, t_x, T_ in zip(X[:5], T_X[:5], T[:5], strict=True):
            active = (alpha + T_) ** -(r + x) * (beta + T_) ** -s
            dropped = s * mpmath.quad(
                lambda u, x=x: (alpha + u) ** -(r + x) * (beta + u) ** -(s + 1), [t_x, T_]
            )
            scale = mpmath.rf(r, x) * alpha**r * beta**s
            exact = float(mpmath.log(scale * (active + dropped)))
            row = (np.array([v]) for v in (x, t_x, T_))
            assert p.loglik(*row)[0] == pytest.approx(exact, rel=1e-12, abs=1e-14)
            row = (np.array([v]) for v in (x, t_x, T_))
            alive = float(active / (active + dropped))
            assert outlook.p_alive(p, *row)[0] == pytest.approx(alive, rel=1e-12)


def test_pareto_chance_of_a_purchase_agrees_with_40_digits():
    p, t = CDNOW["paretonbd"], 13.0
    with mpmath.workdps(40):
        R, A, B = p.r + 2.0, p.alpha + 38.0, p.beta + 38.0
        density = lambda u: R * A**R * (A + u) ** -(R + 1) * (B / (B + u)) ** p.s  # noqa: E731
        exact = float(mpmath.quad(density, [0, t]))
    row = np.array([2.0]), np.array([30.0]), np.array([38.0])
    found = outlook.p_purchase(p, t, *row) / outlook.p_alive(p, *row)
    assert found[0] == pytest.approx(exact, rel=1e-12)


# Fader, Hardie & Lee, brucehardie.com/notes/004: the customer with x = 2, t_x = 30.43, T = 38.86
def test_bgnbd_expectation_of_the_papers_customer():
    expected = outlook.expected_purchases(
        CDNOW["bgnbd"], 39.0, np.array([2.0]), np.array([30.43]), np.array([38.86])
    )
    assert expected[0] == pytest.approx(1.226, abs=5e-4)


@each_model
def test_a_new_customer_is_one_of_whom_nothing_is_known(name):
    p, none = CDNOW[name], np.zeros(1)
    ahead = outlook.expected_purchases(p, 39.0, none, none, none)
    assert ahead == pytest.approx(outlook.expected_purchases_new(p, np.array([39.0])), rel=1e-12)
    assert p.loglik(none, none, none)[0] == pytest.approx(0.0, abs=1e-15)


@each_model
def test_each_answer_at_the_edges(name):
    p = CDNOW[name]
    alive = outlook.p_alive(p, X, T_X, T)
    assert ((alive > 0) & (alive <= 1)).all()
    if name in ("nbd", "bgnbd", "bgcnbd"):
        np.testing.assert_array_equal(alive[X == 0], 1.0)
    if name == "paretonbd":
        np.testing.assert_array_equal(alive[T_X == T], 1.0)
    if name in ("mbgnbd", "mbgcnbd"):
        assert (alive < 1).all()
    np.testing.assert_array_equal(outlook.expected_purchases(p, 0.0, X, T_X, T), 0.0)
    np.testing.assert_array_equal(outlook.p_purchase(p, 0.0, X, T_X, T), 0.0)
    ahead = outlook.expected_purchases(p, np.full(6, 39.0), X, T_X, T)
    np.testing.assert_allclose(ahead, outlook.expected_purchases(p, 39.0, X, T_X, T))
    # The rate of 10,000 purchases in 20,000 units is all but known: half a purchase per unit,
    # less what a rhythm has to wait after the last.
    k = getattr(p, "k", 1)
    assert ahead[5] == pytest.approx(19.5 - (k - 1) / (2 * k), rel=0.02)


@each_model
def test_next_purchase_is_later_for_the_higher_quantile(name):
    early, median, late = (
        outlook.next_purchase_quantile(CDNOW[name], q, X, T_X, T) for q in (0.05, 0.5, 0.95)
    )
    assert ((early > 0) & (early < median) & (median < late)).all()


@each_model
def test_nobody_bought_again(name):
    with pytest.raises(FitError, match="r runs to 0: none of 50 customers bought again"):
        fit(name, np.zeros(50), np.zeros(50), np.full(50, 90.0))
    with pytest.raises(FitError, match="r runs to 0: none of 1 customers bought again"):
        fit(name, np.zeros(1), np.zeros(1), np.zeros(1))


@each_model
def test_no_customers(name):
    with pytest.raises(FitError, match="no customers"):
        FITS[name](*histories.group([], [], [])[:4])


#: A parameter, where it runs, of how many, and what that means.
RUNAWAY = r"\b(r|alpha|a|b|s|beta)\b.* runs? away to (0|infinity).* over \d+ customer\(s\): \w+ \w+"


@each_model
@pytest.mark.parametrize("customers", [1, 200])
@pytest.mark.parametrize(
    "history",
    [(3.0, 50.0, 100.0), (1.0, 100.0, 100.0), (2_000.0, 19_990.0, 20_000.0), (1.0, 0.0, 1.0)],
    ids=["silent", "just back", "often", "same day"],
)
def test_customers_who_do_not_differ(name, customers, history):
    """There is no summit; a weak prior makes one, unless it lies beyond all parameters of use."""
    same = [np.full(customers, v) for v in history]
    with pytest.raises(FitError, match=RUNAWAY):
        fit(name, *same)
    told = ""
    try:
        held = fit(name, *same, prior_sd=2.0)
    except FitError as error:
        told = str(error)
    if told:
        assert re.search(RUNAWAY, told)
        return
    assert (
        np.isfinite(positives(held.params)) & np.isfinite(positives(held.standard_errors))
    ).all()
    assert np.isfinite(held.covariance).all()
    assert np.isfinite(held.loglik)
    assert np.isfinite(outlook.expected_purchases(held.params, 90.0, *same)).all()


@each_model
def test_customers_who_never_stop(name):
    rng = np.random.default_rng(0)
    T_ = rng.integers(100, 300, 200).astype(float)
    x = 3.0 + rng.poisson(5.0 * rng.gamma(2.0, 0.5, 200))
    if name == "nbd":
        assert np.isfinite(fit(name, x, 0.99 * T_, T_).standard_errors).all()
        return
    with pytest.raises(FitError, match=r"runs? away to .*sign of having stopped"):
        fit(name, x, 0.99 * T_, T_)


@each_model
def test_customers_with_10_000_purchases_are_fitted_with_the_others(name):
    x, t_x, T_ = simulated(name, 4, 2_000)
    seen = np.r_[x, 10_000.0], np.r_[t_x, 19_990.0], np.r_[T_, 20_000.0]
    found = fit(name, *seen)
    assert np.isfinite(positives(found.standard_errors)).all()
    assert np.isfinite(found.loglik)
    assert found.loglik == pytest.approx(found.params.loglik(*seen).sum(), rel=1e-9)
    # One of 2,001 customers, however extreme, moves the others' rate by less than a factor of 2.
    rate, true = (p.r / p.alpha for p in (found.params, TRUE[name]))
    assert 0.5 < rate / true < 2.5


# Rows whose P(alive) is NaN where sums of products overflow; here by 40 digits
@pytest.mark.parametrize(
    ("x", "t_x", "T_", "alive"),
    [
        (221.0, 103.42857, 103.57143, 0.999596052318),
        (254.0, 97.14286, 97.28571, 0.999558226123),
        (161.0, 94.71429, 98.0, 0.749487752258),
        (204.0, 98.57143, 99.42857, 0.994255079638),
    ],
)
def test_pareto_customers_who_buy_every_few_hours(x, t_x, T_, alive):
    p = ParetoNBDParams(0.5143, 2.8845, 0.2856, 14.1087)
    row = [np.array([v]) for v in (x, t_x, T_)]
    assert outlook.p_alive(p, *row)[0] == pytest.approx(alive, abs=1e-12)


# Just below and just above the number of purchases at which products underflow; by 40 digits
@pytest.mark.parametrize(("x", "expected"), [(132, 6.2060517889629323), (133, 6.2528722475744973)])
def test_pareto_expectation_where_products_underflow(x, expected):
    p = ParetoNBDParams(0.55, 10.58, 0.61, 11.67)
    row = [np.array([float(v)]) for v in (x, 200.0, 200.0)]
    assert outlook.expected_purchases(p, 10.0, *row)[0] == pytest.approx(expected, rel=1e-13)


def exact_slopes(p: BGNBDParams, x: int, t_x: float, T_: float) -> list[float]:
    """By differences in 60 digits, which 10,000 purchases do not disturb."""
    with mpmath.workdps(60):

        def loglik(*logs: mpmath.mpf) -> mpmath.mpf:
            r, alpha, a, b = (mpmath.exp(v) for v in logs)
            active = mpmath.beta(a, b + x) * (alpha + T_) ** -(r + x)
            dropped = mpmath.beta(a + 1, b + x - 1) * (alpha + t_x) ** -(r + x)
            scale = mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha)
            return scale - mpmath.log(mpmath.beta(a, b)) + mpmath.log(active + dropped)

        at, h = [mpmath.log(v) for v in p], mpmath.mpf(10) ** -20
        slopes = []
        for i in range(4):
            ahead, behind = (
                loglik(*(v + s * h if j == i else v for j, v in enumerate(at))) for s in (1, -1)
            )
            slopes.append(float((ahead - behind) / (2 * h)))
        return slopes


@pytest.mark.parametrize("t_x", [19_000.0, 19_997.0, 20_000.0])
def test_slopes_of_10_000_purchases(t_x):
    p = BGNBDParams(0.243, 4.414, 0.793, 2.426)
    _, found = p.with_slopes(*(np.array([v]) for v in (10_000.0, t_x, 20_000.0)))
    exact = exact_slopes(p, 10_000, t_x, 20_000.0)
    np.testing.assert_allclose(found[:, 0], exact, rtol=1e-8, atol=1e-8)
