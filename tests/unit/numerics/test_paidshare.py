"""Beta-binomial: against scipy, by finite differences, and what made simulated orders."""

import numpy as np
import pytest
from scipy.stats import betabinom

from clv.core.errors import FitError, HistoryError
from clv.models import fitted
from clv.numerics import paidshare
from clv.numerics.paidshare import PaidShareParams

TRUE = PaidShareParams(0.4, 3.2)


def simulated(n: int = 4_000, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    orders = rng.geometric(0.25, n).astype(float)
    return paidshare.simulate(TRUE, orders, rng), orders


@pytest.mark.parametrize("p", [TRUE, (1.0, 1.0), (1e-4, 1e-3), (50.0, 3_000.0)], ids=str)
def test_likelihood_is_scipys(p):
    paid, orders = simulated(300)
    paid, orders = np.append(paid, [0, 900, 3]), np.append(orders, [1_000, 1_000, 3])
    found = paidshare.loglik(PaidShareParams(*p), paid, orders)
    np.testing.assert_allclose(found, betabinom.logpmf(paid, orders, *p), rtol=1e-9, atol=1e-9)


def test_who_ordered_nothing_tells_nothing():
    assert paidshare.loglik(TRUE, [0.0], [0.0])[0] == 0.0
    paid, orders = simulated(500)
    more = paidshare.fit(np.append(paid, [0.0] * 9), np.append(orders, [0.0] * 9))
    without = paidshare.fit(paid, orders)
    assert (more.params, more.loglik) == (without.params, without.loglik)


@pytest.mark.parametrize("log_p", [[-0.9, 1.2], [0.0, 0.0], [-5.0, 4.0], [6.0, 8.0]])
def test_gradient_is_the_slope(log_p):
    paid, orders = simulated(400)
    climb = paidshare.objective(paid, orders, np.full(400, 2.0))
    step = 1e-5
    ahead, behind = (
        [climb(np.array(log_p) + sign * step * unit)[0] for unit in np.eye(2)] for sign in (1, -1)
    )
    slopes = (np.array(ahead) - behind) / (2 * step)
    np.testing.assert_allclose(climb(np.array(log_p))[1], slopes, rtol=1e-5, atol=1e-4)


def test_a_fit_of_simulated_orders_finds_what_made_them():
    paid, orders = simulated()
    found = paidshare.fit(paid, orders)
    assert (np.abs(np.array(found.params) - TRUE) < 3 * np.array(found.standard_errors)).all()
    assert found.loglik == pytest.approx(betabinom.logpmf(paid, orders, *found.params).sum())
    for other in (1.05, 0.95):
        moved = betabinom.logpmf(paid, orders, other * found.params.a, found.params.b).sum()
        assert moved < found.loglik
    assert found.n_customers == 4_000


def test_counts_weigh_like_copies_and_order_does_not_matter():
    paid, orders = simulated(400)
    counted = paidshare.fit(paid, orders, np.full(400, 2.0))
    copies = paidshare.fit(np.tile(paid, 2)[::-1], np.tile(orders, 2)[::-1])
    np.testing.assert_allclose(counted.params, copies.params, rtol=1e-9)
    assert counted.n_customers == copies.n_customers == 800


def test_the_expected_share_lies_between_the_customers_and_all():
    paid, orders = np.array([0.0, 0.0, 3.0, 900.0]), np.array([0.0, 4.0, 4.0, 1_000.0])
    share = paidshare.expected_share(TRUE, paid, orders)
    everyone = paidshare.population_share(TRUE)
    assert everyone == share[0] == pytest.approx(0.4 / 3.6)
    np.testing.assert_allclose(share[1:], [0.4 / 7.6, 3.4 / 7.6, 900.4 / 1_003.6])


def test_expected_shares_are_those_of_the_orders_that_follow():
    rng = np.random.default_rng(5)
    orders = np.full(200_000, 3)
    chance = rng.beta(*TRUE, len(orders))
    paid, next_one = rng.binomial(orders, chance), rng.binomial(1, chance)
    for seen in range(4):
        of = paid == seen
        expected = paidshare.expected_share(TRUE, paid[of], orders[of])[0]
        assert next_one[of].mean() == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("paid", "orders", "told"),
    [
        ([1, 3], [1, 2], r"more paid orders than orders, in 1 row\(s\) \(1\)"),
        ([0, 0.5], [1, 2], r"not a whole number from 0, in 1 row\(s\) \(1\)"),
        ([-1, 0], [1, 2], r"not a whole number from 0, in 1 row\(s\) \(0\)"),
        ([0, np.nan], [1, 2], r"empty or infinite, in 1 row\(s\) \(1\)"),
    ],
)
def test_counts_that_cannot_be(paid, orders, told):
    with pytest.raises(HistoryError, match=told):
        paidshare.fit(np.array(paid), np.array(orders))


def test_no_orders_at_all():
    with pytest.raises(FitError, match="no orders to learn from"):
        paidshare.fit(np.zeros(3), np.zeros(3))


@pytest.mark.parametrize(
    ("paid", "orders", "told"),
    [
        ([2] * 40, [4] * 40, "hardly differ"),
        ([0] * 40, [3] * 40, "runs away|run away"),
        ([1] + [0] * 39, [1] * 40, "hardly differ|hardly ever"),
        ([5] * 3 + [0] * 37, [5] * 40, "always or never"),
    ],
    ids=["alike", "none paid", "one order each", "always or never"],
)
def test_a_weak_prior_holds_what_runs_away(paid, orders, told):
    paid, orders = np.array(paid, dtype=float), np.array(orders, dtype=float)
    with pytest.raises(FitError, match=told):
        paidshare.fit(paid, orders)
    found, notes = fitted.held(lambda sd: paidshare.fit(paid, orders, prior_sd=sd))
    share = paid.sum() / orders.sum()
    assert paidshare.population_share(found.params) == pytest.approx(share, abs=0.02)
    assert len(notes) == 1


def test_who_always_or_never_pays_goes_on_so():
    paid, orders = np.array([6.0] * 5 + [0.0] * 60), np.full(65, 6.0)
    found, _ = fitted.held(lambda sd: paidshare.fit(paid, orders, prior_sd=sd))
    share = paidshare.expected_share(found.params, paid, orders)
    assert share[0] > 0.95
    assert share[-1] < 0.02
