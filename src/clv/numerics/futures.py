"""Customers drawn at random: their futures given what each has done so far, and new ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from clv.core.types import Floats, Ints
from clv.numerics.outlook import Draw, Params, p_alive


class Purchases(NamedTuple):
    """Purchases drawn, by customer and then by time.

    Attributes
    ----------
    customer : (m,) row of the customer
    time : (m,) time of the purchase after the customer's T, in (0, t]
    """

    customer: Ints
    time: Floats


def simulate_counts(
    p: Params, t: float, x: Floats, t_x: Floats, T: Floats, rng: np.random.Generator
) -> Floats:
    """Draw how often each customer buys in (T, T + t], given the history.

    Parameters
    ----------
    p : parameters of a purchase model
    t : time ahead in the unit of p, finite
    x : (n,) repeat purchases in (0, T]
    t_x : (n,) time of the last repeat purchase; 0 where x = 0
    T : (n,) time from first purchase to end of observation
    rng : source of randomness

    Returns
    -------
    (n,) whole numbers, one draw a row; repeat a history for more
    """
    return _draw(p, t, x, t_x, T, rng).made


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
    drawn = _draw(p, t, x, t_x, T, rng)
    made = drawn.made.astype(np.int64)
    customer: Ints = np.repeat(np.arange(len(made), dtype=np.int64), made)
    # Times are partial sums of gamma-distributed gaps over their total; what dropout forestalled
    # is needed in sum only.
    ends = np.cumsum(made)
    starts = ends - made
    shapes = np.full(len(customer), float(drawn.each))
    shapes[starts[made > 0]] = drawn.first[made > 0]
    gaps = rng.gamma(shapes)
    rest = rng.gamma(drawn.rest)
    reached = np.r_[0.0, np.cumsum(gaps)]
    whole = reached[ends] - reached[starts] + rest
    since = reached[1:] - np.repeat(reached[starts], made)
    return Purchases(customer, since * np.repeat(drawn.span / whole, made))


def simulate(p: Params, T: ArrayLike, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Histories of a new customer base.

    Parameters
    ----------
    p : parameters of a purchase model
    T : (n,) time each customer is observed
    rng : source of randomness

    Returns
    -------
    x, t_x : (n,) repeat purchases and the time of the last, 0 where x = 0
    """
    T = np.atleast_1d(np.asarray(T, dtype=np.float64))
    none = np.zeros(len(T))
    drawn = _draw(p, T, none, none, none, rng)
    # The time of the last of so many ordered points is beta-distributed.
    until = np.maximum(drawn.first + drawn.each * (drawn.made - 1.0), 1.0)
    place = rng.beta(until, drawn.rest)
    return drawn.made, np.where(drawn.made > 0, drawn.span * place, 0.0)


def _draw(
    p: Params, t: ArrayLike, x: Floats, t_x: Floats, T: Floats, rng: np.random.Generator
) -> Draw:
    alive = p_alive(p, x, t_x, T)
    here = rng.uniform(size=len(alive)) < alive
    drawn = p.active(x, t_x, T).draw(t, rng)
    return drawn._replace(made=np.where(here, drawn.made, 0.0))
