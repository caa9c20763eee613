"""Beta-binomial: which share of a customer's orders is paid, shrunk toward the population."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import betaln

from clv.core.errors import FitError
from clv.core.types import Bools, Floats, Ints
from clv.numerics import histories, optimise
from clv.numerics.gammas import log_rising, rising_slope
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.special import total

#: Orders that the population weighs where search begins, and that a prior is centred on.
WEIGHT = 2.0
HARDLY_PAID = "orders are hardly ever paid, or each customer's either always or never"
HARDLY_FREE = "orders are hardly ever free, or each customer's either always or never"
ALIKE = "customers hardly differ in how often they pay"
NAMES = Names(
    "share of paid orders",
    ("a", "b"),
    (HARDLY_PAID, HARDLY_FREE),
    (ALIKE, ALIKE),
    "Take the same share for every customer instead.",
)


class PaidShareParams(NamedTuple):
    """Chance that an order is paid ~ Beta(a, b), each customer's own."""

    a: float
    b: float


def check(paid: Floats, orders: Floats) -> None:
    """Stop at counts that cannot be.

    Parameters
    ----------
    paid, orders : as in `loglik`

    Raises
    ------
    HistoryError : names the rule, the number of rows and the first of them
    """
    whole = (paid == np.floor(paid)) & (orders == np.floor(orders))
    rules: list[tuple[Bools, str]] = [
        (~(np.isfinite(paid) & np.isfinite(orders)), "is empty or infinite"),
        (~whole | (paid < 0), "paid or orders is not a whole number from 0"),
        (paid > orders, "more paid orders than orders"),
    ]
    histories.refuse("paid orders", rules)


def loglik(p: PaidShareParams, paid: Floats, orders: Floats) -> Floats:
    """Log-likelihood of how many of each customer's orders are paid.

    Parameters
    ----------
    p : parameters
    paid : (n,) orders worth more than nothing
    orders : (n,) orders, the free ones among them

    Returns
    -------
    (n,) exactly 0 where there is no order

    References
    ----------
    Skellam (1948), Journal of the Royal Statistical Society B 10
    """
    paid, orders = np.asarray(paid, dtype=np.float64), np.asarray(orders, dtype=np.float64)
    ways = -np.log1p(orders) - betaln(paid + 1.0, orders - paid + 1.0)
    return np.asarray(np.where(orders > 0, ways + _log_chance(p, paid, orders), 0.0))


def fit(
    paid: Floats, orders: Floats, n: Floats | None = None, prior_sd: float | None = None
) -> Fit[PaidShareParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from counts of orders.

    Parameters
    ----------
    paid : (n,) orders worth more than nothing
    orders : (n,) orders, the free ones among them
    n : (n,) customers of each row; 1 unless given
    prior_sd : of a Normal prior on each log-parameter, around the share of all orders that weighs
        two; None for none

    Returns
    -------
    Fit : its log-likelihood is that of `loglik`

    Raises
    ------
    HistoryError : counts that cannot be
    FitError : there is no order, or a parameter runs away; says which and what it means
    """
    paid, orders = np.asarray(paid, dtype=np.float64), np.asarray(orders, dtype=np.float64)
    n = np.ones_like(orders) if n is None else np.asarray(n, dtype=np.float64)
    check(paid, orders)
    some = orders > 0
    first, inverse, _ = histories.distinct(paid[some], orders[some])
    weights = np.bincount(inverse, weights=n[some], minlength=len(first)).astype(np.float64)
    paid, orders = paid[some][first], orders[some][first]
    customers, ordered = float(weights.sum()), total(weights, orders)
    if ordered == 0:
        raise FitError("share of paid orders: there are no orders to learn from.")
    # Half an order of either kind more, so that neither is impossible.
    share = (total(weights, paid) + 0.5) / (ordered + 1.0)
    centre = np.array([share, 1.0 - share])
    likelihood = objective(paid, orders, weights)
    starts = [np.log(weight * centre) for weight in (WEIGHT, 0.2, 20.0)]
    summit = optimise.maximise(likelihood, likelihood, starts, customers, NAMES, prior_sd)
    params, errors, covariance = optimise.natural_scale(summit, np.ones(2))
    reached = total(weights, loglik(PaidShareParams(*params.tolist()), paid, orders))
    found = params, errors, covariance, reached, round(customers), summit.steps
    return Fit.of(PaidShareParams, *found)


def objective(paid: Floats, orders: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient as a function of log a and log b.

    Parameters
    ----------
    paid, orders, n : (d,) distinct counts and the customers of each

    Returns
    -------
    function of (2,) log-parameters, giving the total, less what does not depend on them, and its
    (2,) gradient
    """
    free = orders - paid

    def climb(log_p: Floats) -> tuple[float, Floats]:
        p = PaidShareParams(*np.exp(log_p).tolist())
        value = total(n, _log_chance(p, paid, orders))
        both = rising_slope(p.a + p.b, orders)
        slopes = (rising_slope(p.a, paid) - both, rising_slope(p.b, free) - both)
        return value, np.array([total(n, slope) for slope in slopes]) * np.array(p)

    return climb


def expected_share(p: PaidShareParams, paid: Floats, orders: Floats) -> Floats:
    """Chance that a customer's next order is paid, given those so far.

    Parameters
    ----------
    p : parameters
    paid, orders : (n,) as in `loglik`

    Returns
    -------
    (n,) between the customer's share so far and the population's; the latter where orders = 0
    """
    paid, orders = np.asarray(paid, dtype=np.float64), np.asarray(orders, dtype=np.float64)
    return np.asarray((p.a + paid) / (p.a + p.b + orders))


def population_share(p: PaidShareParams) -> float:
    """Chance that an order of a customer of whom nothing is known is paid."""
    return p.a / (p.a + p.b)


def simulate(p: PaidShareParams, orders: Floats, rng: np.random.Generator) -> Floats:
    """Paid orders of new customers.

    Parameters
    ----------
    p : parameters
    orders : (n,) orders each makes
    rng : source of randomness

    Returns
    -------
    (n,) paid orders
    """
    made: Ints = np.asarray(orders, dtype=np.int64)
    return rng.binomial(made, rng.beta(p.a, p.b, made.shape)).astype(np.float64)


def _log_chance(p: PaidShareParams, paid: Floats, orders: Floats) -> Floats:
    """Of paid and free orders in the order they came: B(a + paid, b + free) / B(a, b)."""
    one_by_one = log_rising(p.a, paid) + log_rising(p.b, orders - paid)
    return np.asarray(one_by_one - log_rising(p.a + p.b, orders))
