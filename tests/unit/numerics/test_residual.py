"""Discounted purchases against closed forms in 40 digits, and at the edges of their range."""

import math

import mpmath
import numpy as np
import pytest

from clv.core.errors import SettingError
from clv.numerics import outlook
from clv.numerics.atanytime import DropsAtAnyTime
from clv.numerics.atpurchase import DropsAtPurchase
from clv.numerics.bgcnbd import BGCNBDParams
from clv.numerics.residual import (
    discounted_purchases,
    discounted_purchases_new,
    discounted_while_active,
)
from tests.purchase_models import CDNOW, T_X, T, X, each_model

WEEKLY = 0.0027


def one(value: float) -> np.ndarray:
    return np.array([float(value)])


# Fader, Hardie & Lee (2005), RFM and CLV, equation 2: Tricomi's confluent hypergeometric function
@pytest.mark.parametrize(
    ("R", "A", "s", "B", "rate"),
    [
        (0.553, 10.578, 0.606, 11.669, WEEKLY),
        (7.55, 90.0, 0.4, 90.0, WEEKLY),
        (0.05, 0.1, 0.05, 0.1, 1e-6),
        (50.0, 5_000.0, 1.0, 2_000.0, 1e-4),
        (3.0, 20_000.0, 3.0, 20_000.0, 1e-5),
        (3.0, 20.0, 30.0, 2_000.0, 1.0),
        (10_000.0, 20_000.0, 0.6, 20_000.0, 3e-4),
    ],
)
def test_pareto_agrees_with_the_closed_form(R, A, s, B, rate):
    with mpmath.workdps(40):
        exact = float(mpmath.mpf(R) / A * B * mpmath.hyperu(1, 2 - mpmath.mpf(s), B * rate))
    found = discounted_while_active(DropsAtAnyTime(one(R), one(A), one(s), one(B)), rate, math.inf)
    assert found[0] == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("horizon", [0.5, 39.0, 2_000.0])
def test_pareto_agrees_with_the_integral_over_a_finite_horizon(horizon):
    with mpmath.workdps(30):
        survival = mpmath.quad(
            lambda u: mpmath.exp(-WEEKLY * u) * (1 + u / mpmath.mpf("11.669")) ** -0.606,
            [0, horizon / 50, horizon / 5, horizon],
        )
        exact = float(survival * 0.553 / 10.578)
    assert discounted_purchases_new(CDNOW["paretonbd"], WEEKLY, horizon) == pytest.approx(
        exact, rel=1e-12
    )


# Given p, the integral over time is (R / p) exp(z) E_{R+1}(z) with z = rate A / p.
@pytest.mark.parametrize(
    ("R", "A", "a", "B", "rate"),
    [
        (0.243, 4.414, 0.793, 2.426, WEEKLY),
        (7.55, 90.0, 0.8, 9.0, WEEKLY),
        (3.0, 20.0, 1.0, 0.5, 0.1),
        (3.0, 20.0, 30.0, 20.0, 1.0),
    ],
)
def test_betageometric_agrees_with_the_mean_over_chances(R, A, a, B, rate):
    with mpmath.workdps(20):

        def weighed(y: mpmath.mpf) -> mpmath.mpf:
            p, rest = 1 / (1 + mpmath.exp(-y)), 1 / (1 + mpmath.exp(y))
            z = rate * A / p
            inner = 1 / (z + R + 1) if z > 1e5 else mpmath.exp(z) * mpmath.expint(R + 1, z)
            return p**a * rest**B * R / p * inner

        ends = [-80, -40, -20, -10, -6, -3, -1, 0, 1, 3, 6, 12, 30, 90]
        exact = float(mpmath.quad(weighed, ends) / mpmath.beta(a, B))
    active = DropsAtPurchase(1, one(R), one(A), one(0.0), a, one(B))
    found = discounted_while_active(active, rate, math.inf)
    assert found[0] == pytest.approx(exact, rel=1e-9)


@each_model
def test_without_discount_they_are_the_expected_purchases(name):
    p = CDNOW[name]
    found = discounted_purchases(p, 0.0, X, T_X, T, 39.0)
    np.testing.assert_allclose(found, outlook.expected_purchases(p, 39.0, X, T_X, T), rtol=1e-12)
    almost = discounted_purchases(p, 1e-12, X, T_X, T, 39.0)
    np.testing.assert_allclose(almost, found, rtol=1e-9)


@each_model
def test_discounted_purchases_are_the_sum_over_short_steps(name):
    p, steps = CDNOW[name], np.linspace(0.0, 60.0, 601)
    row = one(2.0), one(30.0), one(38.0)
    by_then = np.array([float(outlook.expected_purchases(p, u, *row)[0]) for u in steps])
    middles = (steps[1:] + steps[:-1]) / 2.0
    summed = float(np.exp(-0.05 * middles) @ np.diff(by_then))
    found = discounted_purchases(p, 0.05, *row, 60.0)[0]
    assert found == pytest.approx(summed, rel=1e-5)


@pytest.mark.parametrize("k", [2, 3, 6, 12])
@pytest.mark.parametrize(("x", "T_", "rate"), [(100.0, 1_000.0, 0.03), (3_000.0, 3_000.0, 0.3)])
def test_discounted_purchases_in_a_rhythm_agree_with_a_fine_grid(k, x, T_, rate):
    """Ticks all but known, so that each purchase of the first few has a time of its own."""
    p, gap = BGCNBDParams(1.0, 10.0, 0.5, 5.0, k), T_ / x
    nodes, weights = np.polynomial.legendre.leggauss(20)
    ends = np.arange(0.0, 45.0 / rate, gap)
    u = (ends[:, None] + gap * (nodes + 1.0) / 2.0).ravel()
    by_then = p.active(*(np.full(len(u), v) for v in (x, T_, T_))).expected(u)
    worth = rate * np.exp(-rate * u) * by_then
    summed = gap / 2.0 * float(np.tile(weights, len(ends)) @ worth)
    found = discounted_while_active(p.active(one(x), one(T_), one(T_)), rate, math.inf)[0]
    assert found == pytest.approx(summed, rel=1e-10)


@each_model
def test_each_answer_at_the_edges(name):
    p = CDNOW[name]
    for rate, horizon in ((WEEKLY, math.inf), (5e-324, math.inf), (1e300, math.inf), (0.0, 1e300)):
        found = discounted_purchases(p, rate, X, T_X, T, horizon)
        assert np.isfinite(found).all()
        assert (found >= 0).all()
    np.testing.assert_array_equal(discounted_purchases(p, WEEKLY, X, T_X, T, 0.0), 0.0)
    far = discounted_purchases(p, WEEKLY, X, T_X, T, 1e6)
    np.testing.assert_allclose(discounted_purchases(p, WEEKLY, X, T_X, T), far, rtol=1e-12)

    none = np.zeros(0)
    assert len(discounted_purchases(p, WEEKLY, none, none, none)) == 0


@each_model
@pytest.mark.parametrize("size", [(1e-5,) * 4, (1e5,) * 4, (1e5, 1e-5, 1e5, 1e-5)])
def test_parameters_about_to_run_away(name, size):
    p = CDNOW[name]._replace(**dict(zip(CDNOW[name]._fields, size, strict=False)))
    assert np.isfinite(discounted_purchases(p, 4e-4, X, T_X, T)).all()


@each_model
def test_purchases_without_end_or_discount(name):
    """Finite in number where the mean is: a or s beyond 1; never in the NBD."""
    p, row = CDNOW[name], (one(2.0), one(30.0), one(38.0))
    if name == "nbd":
        assert discounted_purchases(p, 0.0, *row)[0] == math.inf
        return
    stops = p._fields[2]
    for too_few in (0.6, 1.0):
        stays = p._replace(**{stops: too_few})
        assert discounted_purchases(stays, 0.0, *row)[0] == math.inf
    stays_less = p._replace(**{stops: 2.5})
    lifelong = discounted_purchases(stays_less, 0.0, *row)[0]
    almost = discounted_purchases(stays_less, 1e-9, *row)[0]
    assert lifelong == pytest.approx(almost, rel=1e-4)


def test_nobody_discounts_by_less_than_nothing():
    p, row = CDNOW["bgnbd"], (X, T_X, T)
    for rate in (-0.1, math.nan, math.inf):
        with pytest.raises(SettingError, match="discount rate"):
            discounted_purchases(p, rate, *row)
    for horizon in (-1.0, math.nan):
        with pytest.raises(SettingError, match="horizon"):
            discounted_purchases(p, WEEKLY, *row, horizon)
