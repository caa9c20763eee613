"""Figures of BG/CNBD-k and MBG/CNBD-k that can be had another way, and the edges of their range."""

import mpmath
import numpy as np
import pytest
from scipy.special import betainc

from clv.core.errors import FitError
from clv.core.types import Floats
from clv.numerics import bgcnbd, cnbd, erlang, histories, mbgcnbd
from clv.numerics.cnbd import CNBDParams

MODELS = [pytest.param(bgcnbd, id="bgcnbd"), pytest.param(mbgcnbd, id="mbgcnbd")]
GROCERY = CNBDParams(1.329, 2.813, 0.425, 0.79, 2)
each_model = pytest.mark.parametrize("model", MODELS)
each_k = pytest.mark.parametrize("k", [1, 2, 3, 6, cnbd.LARGEST_K])
X = np.array([0.0, 0.0, 2.0, 2.0, 26.0, 10_000.0])
T_X = np.array([0.0, 0.0, 30.0, 38.0, 30.86, 20_000.0])
T = np.array([0.0, 38.0, 38.0, 38.0, 31.0, 20_000.0])


def one(*values: float) -> list[Floats]:
    return [np.array([v]) for v in values]


def sum_over_purchases(k: int, t: float, R: float, A: float, z: float, a: float, B: float) -> float:
    """Each purchase of an immortal customer, with the chance that the customer survives to it."""
    phases = erlang.phase_weights(k, *one(R, z))[:, 0]
    i = np.arange(1, 2_500)
    survived = np.r_[1.0, np.cumprod((B + i - 1) / (a + B + i - 1))[:-1]]
    within = [betainc(i * k - j, R + j, t / (A + t)) for j in range(k)]
    return float(phases @ [(survived * share).sum() for share in within] / phases.sum())


@each_k
@pytest.mark.parametrize("a", [0.02, 0.5, 1.0 - 1e-12, 1.0, 3.0, 40.0])
@pytest.mark.parametrize(
    ("t", "R", "A", "z", "B"),
    [
        (52.0, 1.33, 2.81, 0.0, 0.79),
        (39.0, 4.24, 43.0, 0.5, 4.4),
        (700.0, 60.0, 400.0, 0.9, 0.5),
        (0.5, 0.05, 20_000.0, 0.3, 0.05),
        (500.0, 400.0, 3_000.0, 0.01, 200.0),
    ],
)
def test_expected_while_active_agrees_with_the_sum_over_purchases(k, a, t, R, A, z, B):
    exact = sum_over_purchases(k, t, R, A, z, a, B)
    found = erlang.expected_by_history(k, t, R, A, z, a, B)
    assert found[0] == pytest.approx(exact, rel=1e-11, abs=1e-12)


@each_k
@each_model
def test_the_likelihood_agrees_with_quadrature_over_rate_and_chance(model, k):
    p = GROCERY._replace(k=k)
    x, t_x, T_, gaps = 3, 20.0, 39.0, (4.0, 9.0, 7.0)
    s = x + (model is mbgcnbd)
    with mpmath.workdps(20):

        def given(rate: float) -> tuple[float, float]:
            bought = mpmath.fprod(
                rate**k * mpmath.mpf(g) ** (k - 1) / mpmath.factorial(k - 1) for g in gaps
            )
            bought *= mpmath.exp(-rate * t_x)
            density = rate ** (p.r - 1) * mpmath.exp(-p.alpha * rate)
            density *= mpmath.mpf(p.alpha) ** p.r / mpmath.gamma(p.r)
            quiet = sum((rate * (T_ - t_x)) ** j / mpmath.factorial(j) for j in range(k))
            return bought * density, quiet * mpmath.exp(-rate * (T_ - t_x))

        ends = [0, 0.2, 1, 5, 40]
        silent = mpmath.quad(lambda rate: given(rate)[0] * given(rate)[1], ends)
        gone = mpmath.quad(lambda rate: given(rate)[0], ends)
        stays = mpmath.beta(p.a, p.b + s) / mpmath.beta(p.a, p.b)
        leaves = mpmath.beta(p.a + 1, p.b + s - 1) / mpmath.beta(p.a, p.b)
        exact = float(mpmath.log(silent * stays + gone * leaves))
        alive = float(silent * stays / (silent * stays + gone * leaves))
    found = model.loglik(p, *one(x, t_x, T_, np.log(gaps).sum()))
    assert found[0] == pytest.approx(exact, rel=1e-9)
    assert model.p_alive(p, *one(x, t_x, T_))[0] == pytest.approx(alive, rel=1e-9)


@each_k
def test_what_is_seen_of_the_gaps_integrates_out_in_steps(k):
    """Over the second gap, all gaps leave the first; over the first, they leave x and t_x."""
    t_x, (nodes, weights) = 20.0, np.polynomial.legendre.leggauss(60)
    first = (nodes + 1.0) * t_x / 2.0
    every = cnbd.seen_gaps(k, np.array([2.0]), np.log(first) + np.log(t_x - first))
    ends = cnbd.seen_ends(k, *one(2.0, t_x))[0]
    # At k = 1 the first gap is uniform on (0, t_x).
    mean = np.log(np.exp(every - ends) @ weights / 2.0)
    assert mean == pytest.approx(0.0, abs=1e-12)
    known = cnbd.seen_first_gap(k, np.full(60, 2.0), np.full(60, t_x), first)
    np.testing.assert_allclose(known, every - ends, rtol=1e-9, atol=1e-9)
    four = cnbd.seen_first_gap(k, np.full(60, 4.0), np.full(60, t_x), first)
    uniform = 3.0 * (1.0 - first / t_x) ** 2
    assert (np.exp(four) * uniform) @ weights / 2.0 == pytest.approx(1.0, rel=1e-12)


@each_k
def test_simulated_gaps_add_up_like_their_dirichlet(k):
    x, t_x = np.array([0.0, 1.0, 5.0]).repeat(20_000), np.array([0.0, 7.0, 30.0]).repeat(20_000)
    log_gaps = cnbd.simulate_log_gaps(k, x, t_x, np.random.default_rng(0)).reshape(3, -1)
    np.testing.assert_array_equal(log_gaps[0], 0.0)
    np.testing.assert_allclose(log_gaps[1], np.log(7.0), rtol=1e-12)
    each = np.log(30.0) + float(mpmath.digamma(k) - mpmath.digamma(5 * k))
    error = 4 * log_gaps[2].std() / np.sqrt(20_000)
    assert log_gaps[2].mean() == pytest.approx(5 * each, abs=error)


@each_k
@each_model
def test_each_answer_at_the_edges(model, k):
    p = GROCERY._replace(k=k, alpha=GROCERY.alpha / k)
    alive = model.p_alive(p, X, T_X, T)
    assert ((alive > 0) & (alive <= 1)).all()
    if model is bgcnbd:
        np.testing.assert_array_equal(alive[X == 0], 1.0)
    else:
        assert (alive < 1).all()
    np.testing.assert_array_equal(model.expected_purchases(p, 0.0, X, T_X, T), 0.0)
    np.testing.assert_array_equal(model.p_purchase(p, 0.0, X, T_X, T), 0.0)
    ahead = model.expected_purchases(p, np.full(6, 39.0), X, T_X, T)
    np.testing.assert_allclose(ahead, model.expected_purchases(p, 39.0, X, T_X, T))
    # 10,000 purchases in 20,000 units, the last just now: a renewal process from its start.
    assert ahead[5] == pytest.approx(19.5 - (k - 1) / (2 * k), rel=0.02)
    early, median, late = (model.next_purchase_quantile(p, q, X, T_X, T) for q in (0.05, 0.5, 0.95))
    assert ((early > 0) & (early < median) & (median < late)).all()


@each_model
def test_a_new_customer_is_one_of_whom_nothing_is_known(model):
    none = np.zeros(1)
    ahead = model.expected_purchases(GROCERY, 39.0, none, none, none)
    assert ahead == pytest.approx(model.expected_purchases_new(GROCERY, np.array([39.0])))
    assert model.loglik(GROCERY, none, none, none)[0] == pytest.approx(0.0, abs=1e-15)


def test_silence_alarms_sooner_where_customers_have_a_rhythm():
    seen = one(10.0, 50.0, 62.0)
    irregular = GROCERY._replace(k=1)
    regular = GROCERY._replace(k=4, alpha=GROCERY.alpha / 4)
    assert mbgcnbd.p_alive(regular, *seen) < mbgcnbd.p_alive(irregular, *seen)
    just_bought = one(10.0, 50.0, 50.0)
    within_a_day = [mbgcnbd.p_purchase(p, 0.5, *just_bought) for p in (regular, irregular)]
    assert within_a_day[0] < within_a_day[1]


@each_model
@pytest.mark.parametrize("k", [0, 13, 1.5])
def test_a_rhythm_that_cannot_be(model, k):
    with pytest.raises(FitError, match="whole number from 1 to 12"):
        model.fit(*histories.group(X, T_X, T)[:4], k=k)


@each_model
def test_nobody_bought_again(model):
    with pytest.raises(FitError, match="r runs to 0: none of 50 customers bought again"):
        model.fit(*histories.group(np.zeros(50), np.zeros(50), np.full(50, 90.0))[:4])


@each_model
@pytest.mark.parametrize("customers", [1, 200])
def test_customers_who_do_not_differ(model, customers):
    same = histories.group(*(np.full(customers, v) for v in (3.0, 50.0, 100.0)))[:4]
    with pytest.raises(FitError, match=r"CNBD-3: .*runs? away to"):
        model.fit(*same, k=3)
    held = model.fit(*same, prior_sd=2.0, k=3)
    assert np.isfinite(held.standard_errors).all()
    assert held.params.k == 3
    assert held.standard_errors.k == 0


@each_model
def test_customers_with_10_000_purchases_are_fitted_with(model):
    rng = np.random.default_rng(4)
    p = GROCERY._replace(alpha=14.0)
    T_ = rng.integers(30, 700, 2_000).astype(float)
    x, t_x = model.simulate(p, T_, rng)
    x, t_x, T_ = np.r_[x, 10_000.0], np.r_[t_x, 19_990.0], np.r_[T_, 20_000.0]
    found = model.fit(*histories.group(x, t_x, T_)[:4], k=2)
    assert np.isfinite(found.params).all()
    assert np.isfinite(found.loglik)
