"""Figures of BG/CNBD-k and MBG/CNBD-k that can be had another way, and the edges of their range."""

import mpmath
import numpy as np
import pytest
from scipy.special import betainc

from clv.core.errors import FitError
from clv.core.types import Floats
from clv.numerics import bgcnbd, cnbd, erlang, histories, mbgcnbd, outlook
from clv.numerics.bgcnbd import BGCNBDParams
from clv.numerics.mbgcnbd import MBGCNBDParams
from tests.purchase_models import T_X, T, X

#: Fitted to a grocery log and rounded, in weeks.
GROCERY = {
    "bgcnbd": BGCNBDParams(1.329, 2.813, 0.425, 0.79, 2),
    "mbgcnbd": MBGCNBDParams(1.329, 2.813, 0.425, 0.79, 2),
}
MODULES = {"bgcnbd": bgcnbd, "mbgcnbd": mbgcnbd}
each_model = pytest.mark.parametrize("name", GROCERY)
each_k = pytest.mark.parametrize("k", [1, 2, 3, 6, cnbd.LARGEST_K])


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
    found = erlang.expected_while_active(k, t, *one(R, A, z), a, *one(B))
    assert found[0] == pytest.approx(exact, rel=1e-11, abs=1e-12)


@each_k
@each_model
def test_the_likelihood_agrees_with_quadrature_over_rate_and_chance(name, k):
    p = GROCERY[name]._replace(k=k)
    x, t_x, T_, gaps = 3, 20.0, 39.0, (4.0, 9.0, 7.0)
    s = x + (name == "mbgcnbd")
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
    found = p.loglik(*one(x, t_x, T_, np.log(gaps).sum()))
    assert found[0] == pytest.approx(exact, rel=1e-9)
    assert outlook.p_alive(p, *one(x, t_x, T_))[0] == pytest.approx(alive, rel=1e-9)


@each_k
def test_the_gaps_integrate_out_to_what_is_seen_of_their_ends(k):
    """Over the time of the purchase between first and last; at k = 1 it is uniform."""
    t_x, (nodes, weights) = 20.0, np.polynomial.legendre.leggauss(60)
    first = (nodes + 1.0) * t_x / 2.0
    every = cnbd.seen_gaps(k, np.array([2.0]), np.log(first) + np.log(t_x - first))
    ends = cnbd.seen_ends(k, *one(2.0, t_x))[0]
    assert np.log(np.exp(every - ends) @ weights / 2.0) == pytest.approx(0.0, abs=1e-12)


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
def test_each_answer_at_the_edges(name, k):
    p = GROCERY[name]._replace(k=k, alpha=GROCERY[name].alpha / k)
    alive = outlook.p_alive(p, X, T_X, T)
    assert ((alive > 0) & (alive <= 1)).all()
    np.testing.assert_array_equal(outlook.expected_purchases(p, 0.0, X, T_X, T), 0.0)
    np.testing.assert_array_equal(outlook.p_purchase(p, 0.0, X, T_X, T), 0.0)
    ahead = outlook.expected_purchases(p, 39.0, X, T_X, T)
    # 10,000 purchases in 20,000 units, the last just now: a renewal process from its start.
    assert ahead[5] == pytest.approx(19.5 - (k - 1) / (2 * k), rel=0.02)
    early, late = (outlook.next_purchase_quantile(p, q, X, T_X, T) for q in (0.05, 0.95))
    assert ((early > 0) & (early < late)).all()


def test_a_silence_that_leaves_no_doubt_of_the_ticks():
    """All but certainly one tick short of a purchase: rounding leaves nothing of the others."""
    near, far = (
        erlang.expected_while_active(9, t, *one(460.0, 6.0, 5.0 / 6.0), 1.0, *one(53.0))[0]
        for t in (1e5, 1e6)
    )
    # At a = 1 purchases grow by B for each factor e of the time ahead.
    assert far - near == pytest.approx(53.0 * np.log(10.0), rel=1e-3)


def test_silence_alarms_sooner_where_customers_have_a_rhythm():
    seen = one(10.0, 50.0, 62.0)
    p = GROCERY["bgcnbd"]
    irregular, regular = p._replace(k=1), p._replace(k=4, alpha=p.alpha / 4)
    assert outlook.p_alive(regular, *seen) < outlook.p_alive(irregular, *seen)
    just_bought = one(10.0, 50.0, 50.0)
    within_a_day = [outlook.p_purchase(p, 0.5, *just_bought) for p in (regular, irregular)]
    assert within_a_day[0] < within_a_day[1]


@each_model
@pytest.mark.parametrize("k", [0, 13, 1.5])
def test_a_rhythm_that_cannot_be(name, k):
    with pytest.raises(FitError, match="whole number from 1 to 12"):
        MODULES[name].fit(*histories.group(X, T_X, T)[:4], k=k)


@each_model
def test_the_error_of_a_fit_and_its_result_name_the_rhythm(name):
    same = histories.group(*(np.full(200, v) for v in (3.0, 50.0, 100.0)))[:4]
    with pytest.raises(FitError, match=r"CNBD-3: .*runs? away to"):
        MODULES[name].fit(*same, k=3)
    held = MODULES[name].fit(*same, prior_sd=2.0, k=3)
    assert held.params.k == 3
    assert held.standard_errors.k == 0
