"""Probabilities of purchase counts against 30 digits, other implementations and the edges."""

import warnings

import mpmath
import numpy as np
import pytest

from clv.numerics import outlook, paretonbd
from clv.numerics.outlook import p_count, p_count_new
from tests.purchase_models import CDNOW, T_X, T, X, each_model


def exact_while_active(p: tuple, x: float, T_: float, n: int, t: float) -> float:
    """Pareto/NBD: n purchases until an end that comes before t, or not."""
    R, A, s, B = (
        p[0] + mpmath.mpf(x),
        p[1] + mpmath.mpf(T_),
        mpmath.mpf(p[2]),
        p[3] + mpmath.mpf(T_),
    )
    ways = mpmath.rf(R, n) / mpmath.factorial(n)

    def bought(u: mpmath.mpf) -> mpmath.mpf:
        return ways * (A / (A + u)) ** R * (u / (A + u)) ** n

    def ended(w: mpmath.mpf) -> mpmath.mpf:
        u = mpmath.exp(w)
        return s / B * (1 + u / B) ** (-s - 1) * bought(u) * u

    top = mpmath.log(t)
    ends = [top - 80, top - 20, *(top - 16 + k for k in range(17))]
    return float(bought(mpmath.mpf(t)) * (B / (B + t)) ** s + mpmath.quad(ended, ends))


@pytest.mark.parametrize(
    ("p", "x", "T_", "n", "t"),
    [
        ((0.553, 10.578, 0.606, 11.669), 0, 0, 0, 39),
        ((0.553, 10.578, 0.606, 11.669), 2, 38, 3, 39),
        ((0.553, 10.578, 0.606, 11.669), 0, 0, 60, 39),
        ((1.0, 2.0, 0.6, 20.0), 1_000, 2_000, 100, 200),
        ((0.01, 0.1, 0.01, 0.1), 0, 0, 1, 20_000),
        ((50.0, 1.0, 50.0, 1.0), 0, 0, 3, 0.5),
        ((3.0, 5_000.0, 10.0, 0.01), 0, 0, 2, 700),
        ((0.5, 20.0, 1.0, 20.0), 10_000, 20_000, 10_000, 20_000),
    ],
)
def test_pareto_agrees_with_30_digits(p, x, T_, n, t):
    with mpmath.workdps(30):
        exact = exact_while_active(p, x, T_, n, t)
    # Who bought at T itself is active at T.
    found = p_count(paretonbd.ParetoNBDParams(*p), n, t, x, T_, T_)
    assert found[0] == pytest.approx(exact, rel=2e-11)


@each_model
@pytest.mark.parametrize("t", [0.0, 1.0, 39.0])
def test_they_add_up_to_1_and_to_the_expectation(name, t):
    p, n = CDNOW[name], np.arange(1_500.0)
    table = p_count(p, n[None, :], t, X[:, None], T_X[:, None], T[:, None])
    np.testing.assert_allclose(table.sum(axis=1), 1.0, atol=1e-10)
    expected = outlook.expected_purchases(p, t, X, T_X, T)
    np.testing.assert_allclose(table @ n, expected, rtol=1e-9, atol=1e-12)
    any_purchase = outlook.p_purchase(p, t, X, T_X, T)
    np.testing.assert_allclose(1.0 - table[:, 0], any_purchase, rtol=1e-10, atol=1e-14)


@each_model
def test_a_new_customer_is_one_of_whom_nothing_is_known(name):
    p, n = CDNOW[name], np.arange(5.0)
    np.testing.assert_array_equal(p_count_new(p, n, 39.0), p_count(p, n, 39.0, 0.0, 0.0, 0.0))
    assert p_count_new(p, 0, 0.0)[0] == pytest.approx(1.0, abs=1e-15)


@each_model
def test_each_answer_at_the_edges(name):
    p = CDNOW[name]
    n = np.array([0.0, 1.0, 3.0, 10_000.0, 1e6])
    for t in (0.0, 1e-300, 1e-6, 39.0, 20_000.0, np.inf):
        table = p_count(p, n[None, :], t, X[:, None], T_X[:, None], T[:, None])
        assert table.shape == (6, 5)
        assert np.isfinite(table).all()
        assert ((table >= 0) & (table <= 1)).all()
    everything = p_count(p, n, np.inf, 2.0, 30.0, 38.0)
    np.testing.assert_allclose(p_count(p, n, 1e30, 2.0, 30.0, 38.0), everything, atol=1e-12)


def test_shape_and_rate_when_active_do_not_depend_on_the_last_purchase():
    x, T_ = np.array([0.0, 2.0]), np.array([38.0, 38.0])
    active = CDNOW["mbgnbd"].active(x, np.zeros(2), T_)
    np.testing.assert_array_equal(active.R, [0.525, 2.525])
    np.testing.assert_array_equal(active.A, [44.183, 44.183])
    np.testing.assert_array_equal(active.B, [2.614, 4.614])


# lifetimes 0.11.3
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["BetaGeoFitter", "ModifiedBetaGeoFitter"])
def test_new_customers_against_another_implementation(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes
    p = CDNOW["bgnbd" if name == "BetaGeoFitter" else "mbgnbd"]
    fitter = getattr(lifetimes, name)()
    fitter.params_ = p._asdict()
    for t in (0.5, 39.0):
        for n in range(31):
            theirs = fitter.probability_of_n_purchases_up_to_time(t, n)
            assert p_count_new(p, n, t)[0] == pytest.approx(theirs, rel=1e-8, abs=1e-13)


# lifetimes 0.11.3
@pytest.mark.filterwarnings("ignore")
def test_known_customers_against_another_implementation():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes
    p, fitter = CDNOW["paretonbd"], lifetimes.ParetoNBDFitter()
    fitter.params_ = p._asdict()
    row = X[1:5], T_X[1:5], T[1:5]
    for n in range(6):
        theirs = fitter.conditional_probability_of_n_purchases_up_to_time(n, 26.0, *row)
        np.testing.assert_allclose(p_count(p, n, 26.0, *row), theirs, rtol=1e-8, atol=1e-11)
