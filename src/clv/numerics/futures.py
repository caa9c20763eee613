"""Customers' futures drawn at random, given what each has done so far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clv.core.types import Bools, Floats, Ints
from clv.numerics import posterior
from clv.numerics.posterior import Params

#: Keeps chances and rates of dropout off 0, where a lifetime would be infinite.
SMALLEST = 1e-300
#: The most purchases a Poisson draw is asked for.
MOST_PURCHASES = 1e15


class Purchases(NamedTuple):
    """Purchases drawn, by customer and then by time.

    Attributes
    ----------
    customer : (m,) row of the customer
    time : (m,) time of the purchase after the customer's T, in (0, t]
    """

    customer: Ints
    time: Floats


class _Draw(NamedTuple):
    """Of each customer: purchases within `span` were they never to drop out, and those made."""

    span: Floats
    possible: Floats
    made: Floats


def simulate_counts(
    p: Params, t: float, x: Floats, t_x: Floats, T: Floats, rng: np.random.Generator
) -> Floats:
    """Draw how often each customer buys in (T, T + t], given the history.

    Parameters
    ----------
    p : parameters of BG/NBD, MBG/NBD or Pareto/NBD
    t : time ahead in the unit of p, finite
    x : (n,) repeat purchases in (0, T]
    t_x : (n,) time of the last repeat purchase; 0 where x = 0
    T : (n,) time from first purchase to end of observation
    rng : source of randomness

    Returns
    -------
    (n,) whole numbers, one draw a row; repeat a history for more
    """
    return _draw(p, t, posterior.p_alive(p, x, t_x, T), x, T, rng).made


def simulate_purchases(
    p: Params, t: float, x: Floats, t_x: Floats, T: Floats, rng: np.random.Generator
) -> Purchases:
    """Draw when each customer buys in (T, T + t], given the history.

    Parameters
    ----------
    p, t, x, t_x, T, rng : as in `simulate_counts`

    Returns
    -------
    Purchases : those of all customers, m together
    """
    drawn = _draw(p, t, posterior.p_alive(p, x, t_x, T), x, T, rng)
    made = drawn.made.astype(np.int64)
    customer: Ints = np.repeat(np.arange(len(made), dtype=np.int64), made)
    # Sorted uniform times are partial sums of exponential gaps over their total; the gaps of
    # purchases that dropout forestalled are needed in sum only.
    gaps = rng.standard_exponential(len(customer))
    rest = rng.gamma(drawn.possible - drawn.made + 1.0)
    reached = np.r_[0.0, np.cumsum(gaps)]
    ends = np.cumsum(made)
    starts = ends - made
    whole = reached[ends] - reached[starts] + rest
    since = reached[1:] - np.repeat(reached[starts], made)
    return Purchases(customer, since * np.repeat(drawn.span / whole, made))


def _draw(
    p: Params, t: float, alive: Floats, x: Floats, T: Floats, rng: np.random.Generator
) -> _Draw:
    active = posterior.given_active(p, x, T)
    n = len(active.R)
    is_active: Bools = rng.uniform(size=n) < alive
    rate = rng.gamma(active.R) / active.A
    if active.drops_at_purchase:
        span = np.full(n, t)
        chance = np.clip(rng.beta(active.shape, active.B), SMALLEST, 1.0 - 1e-16)
        fatal = np.floor(rng.standard_exponential(n) / -np.log1p(-chance)) + 1.0
    else:
        dropout = np.maximum(rng.gamma(active.shape, size=n) / active.B, SMALLEST)
        span = np.minimum(rng.standard_exponential(n) / dropout, t)
        fatal = np.full(n, np.inf)
    possible = rng.poisson(np.minimum(rate * span, MOST_PURCHASES)).astype(np.float64)
    return _Draw(span, possible, np.where(is_active, np.minimum(possible, fatal), 0.0))
