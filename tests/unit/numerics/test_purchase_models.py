"""Figures of the purchase models that can be had another way, and the edges of their range."""

import mpmath
import numpy as np
import pytest

from clv.core.errors import FitError
from clv.numerics import bgnbd, histories, mbgnbd, paretonbd
from clv.numerics.betageometric import expected_while_active

CDNOW = {
    bgnbd: bgnbd.BGNBDParams(0.243, 4.414, 0.793, 2.426),
    mbgnbd: mbgnbd.MBGNBDParams(0.525, 6.183, 0.891, 1.614),
    paretonbd: paretonbd.ParetoNBDParams(0.553, 10.578, 0.606, 11.669),
}
MODELS = [pytest.param(model, id=model.__name__.rsplit(".", 1)[-1]) for model in CDNOW]
X = np.array([0.0, 0.0, 2.0, 2.0, 26.0, 10_000.0])
T_X = np.array([0.0, 0.0, 30.0, 38.0, 30.86, 20_000.0])
T = np.array([0.0, 38.0, 38.0, 38.0, 31.0, 20_000.0])


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
    p = CDNOW[paretonbd]._replace(s=s)
    survival = mpmath.quad(lambda u: (1 + u / p.beta) ** -s, [0, 5, 39])
    found = paretonbd.expected_purchases_new(p, np.array([39.0]))[0]
    assert found == pytest.approx(float(p.r / p.alpha * survival), rel=1e-13)


def test_pareto_likelihood_agrees_with_40_digits():
    p = CDNOW[paretonbd]
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
            assert paretonbd.loglik(p, *row)[0] == pytest.approx(exact, rel=1e-12, abs=1e-14)
            row = (np.array([v]) for v in (x, t_x, T_))
            alive = float(active / (active + dropped))
            assert paretonbd.p_alive(p, *row)[0] == pytest.approx(alive, rel=1e-12)


def test_pareto_chance_of_a_purchase_agrees_with_40_digits():
    p, t = CDNOW[paretonbd], 13.0
    with mpmath.workdps(40):
        R, A, B = p.r + 2.0, p.alpha + 38.0, p.beta + 38.0
        density = lambda u: R * A**R * (A + u) ** -(R + 1) * (B / (B + u)) ** p.s  # noqa: E731
        exact = float(mpmath.quad(density, [0, t]))
    row = np.array([2.0]), np.array([30.0]), np.array([38.0])
    found = paretonbd.p_purchase(p, t, *row) / paretonbd.p_alive(p, *row)
    assert found[0] == pytest.approx(exact, rel=1e-12)


# Fader, Hardie & Lee, brucehardie.com/notes/004: the customer with x = 2, t_x = 30.43, T = 38.86
def test_bgnbd_expectation_of_the_papers_customer():
    expected = bgnbd.expected_purchases(
        CDNOW[bgnbd], 39.0, np.array([2.0]), np.array([30.43]), np.array([38.86])
    )
    assert expected[0] == pytest.approx(1.226, abs=5e-4)


@pytest.mark.parametrize("model", MODELS)
def test_a_new_customer_is_one_of_whom_nothing_is_known(model):
    p, none = CDNOW[model], np.zeros(1)
    ahead = model.expected_purchases(p, 39.0, none, none, none)
    assert ahead == pytest.approx(model.expected_purchases_new(p, np.array([39.0])), rel=1e-12)
    assert model.loglik(p, none, none, none)[0] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("model", MODELS)
def test_each_answer_at_the_edges(model):
    p = CDNOW[model]
    alive = model.p_alive(p, X, T_X, T)
    assert ((alive > 0) & (alive <= 1)).all()
    if model is bgnbd:
        np.testing.assert_array_equal(alive[X == 0], 1.0)
    if model is paretonbd:
        np.testing.assert_array_equal(alive[T_X == T], 1.0)
    if model is mbgnbd:
        assert (alive < 1).all()
    np.testing.assert_array_equal(model.expected_purchases(p, 0.0, X, T_X, T), 0.0)
    np.testing.assert_array_equal(model.p_purchase(p, 0.0, X, T_X, T), 0.0)
    ahead = model.expected_purchases(p, np.full(6, 39.0), X, T_X, T)
    np.testing.assert_allclose(ahead, model.expected_purchases(p, 39.0, X, T_X, T))
    # The rate of 10,000 purchases in 20,000 units is all but known: half a purchase per unit.
    assert ahead[5] == pytest.approx(19.5, rel=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_nobody_bought_again(model):
    with pytest.raises(FitError, match="r runs to 0: none of 50 customers bought again"):
        model.fit(*histories.group(np.zeros(50), np.zeros(50), np.full(50, 90.0))[:4])


@pytest.mark.parametrize("model", MODELS)
def test_no_customers(model):
    with pytest.raises(FitError, match="no customers"):
        model.fit(*histories.group([], [], [])[:4])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("customers", "told"),
    [
        # One customer neither differs from others nor is known to have stopped.
        (1, "run away to infinity over 1 customer|runs away to infinity over 1 customer"),
        (200, r"alpha.* run away to infinity .*buy at the same rate"),
    ],
)
def test_customers_who_do_not_differ(model, customers, told):
    same = [np.full(customers, v) for v in (3.0, 50.0, 100.0)]
    with pytest.raises(FitError, match=told):
        model.fit(*histories.group(*same)[:4])


@pytest.mark.parametrize("model", MODELS)
def test_customers_who_never_stop(model):
    rng = np.random.default_rng(0)
    T_ = rng.integers(100, 300, 200).astype(float)
    x = 3.0 + rng.poisson(5.0 * rng.gamma(2.0, 0.5, 200))
    with pytest.raises(FitError, match=r"runs? away to .*sign of having stopped"):
        model.fit(*histories.group(x, 0.99 * T_, T_)[:4])


@pytest.mark.parametrize("model", MODELS)
def test_next_purchase_is_later_for_the_higher_quantile(model):
    p = CDNOW[model]
    early, median, late = (model.next_purchase_quantile(p, q, X, T_X, T) for q in (0.05, 0.5, 0.95))
    assert (early > 0).all()
    assert (early < median).all()
    assert (median < late).all()
