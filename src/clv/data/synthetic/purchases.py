"""On which days customers buy, until they leave: drawn, and expected exactly.

On a day with demand s, a customer with rate lambda who has not left buys with the chance
1 - exp(-lambda s), and once at most: a purchase is a customer-day. Who leaves after a purchase
tosses a coin on each of them; who leaves at any time does so after an exponential time, and
does not buy on a day that begins after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import brentq

from clv.core.errors import SettingError

if TYPE_CHECKING:
    from clv.core.types import Bools, Floats, Ints
    from clv.data.synthetic.shop import Dropout

#: Customers whose chances on every day are held in memory at a time.
BLOCK = 2_048
#: Customers that stand for all where the rates are scaled.
SAMPLE = 1_000
#: Nobody can buy more often than daily: beyond so many purchases a day rates say no more.
HIGHEST_RATE = 3.0


class Repeats(NamedTuple):
    """Purchases drawn, by customer and then by day.

    Attributes
    ----------
    customer : (m,) row of the customer
    day : (m,) of the purchase
    left : (n,) day on which the customer left; -1 for who has not by the last day
    """

    customer: Ints
    day: Ints
    left: Ints


def draw_repeats(
    rate: Floats,
    dropout: Floats,
    since: Ints,
    demand: Floats,
    kind: Dropout,
    rng: np.random.Generator,
) -> Repeats:
    """Draw the purchases of customers who have not left.

    Parameters
    ----------
    rate : (n,) purchases a day at demand 1
    dropout : (n,) chance to leave after a purchase, or rate of leaving a day
    since : (n,) day after which to draw; -1 for all days
    demand : (m,) of each day, from day 0
    kind : "purchase" or "anytime"
    rng : source of randomness

    Returns
    -------
    Repeats : days after `since`, each below m
    """
    n, m = len(rate), len(demand)
    reached = np.concatenate([[0.0], np.cumsum(demand)])
    last = np.full(n, m - 1)
    allowed = left = None
    if kind == "anytime":
        stays = np.floor(np.minimum(rng.exponential(size=n) / dropout, 2.0 * m)).astype(np.int64)
        left = np.where(since + stays < m, since + stays, -1)
        last = np.minimum(since + stays, m - 1)
    else:
        allowed = rng.geometric(dropout)
    span = reached[last + 1] - reached[since + 1]
    # A Poisson process on a clock that runs as fast as demand; several points on a day are one.
    customer = np.repeat(np.arange(n), rng.poisson(rate * span))
    point = reached[since + 1][customer] + rng.random(len(customer)) * span[customer]
    day = np.searchsorted(reached[1:], point, side="right")
    key = np.sort(customer * m + np.minimum(day, last[customer]))
    key = key[np.concatenate([[True], key[1:] != key[:-1]])] if len(key) else key
    customer, day = np.divmod(key, m)
    if allowed is not None:
        counts = np.bincount(customer, minlength=n)
        nth = np.arange(len(key)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
        left = np.full(n, -1)
        at_last = nth == allowed[customer]
        left[customer[at_last]] = day[at_last]
        kept = nth <= allowed[customer]
        customer, day = customer[kept], day[kept]
    return Repeats(customer, day, np.asarray(left))


def expected_purchases(
    rate: Floats, dropout: Floats, since: Ints, demand: Floats, kind: Dropout
) -> Floats:
    """Purchase days expected of customers who have not left, exactly.

    Leaving after a purchase with chance p, the sum over days of chance to be here and buy
    telescopes to (1 - prod(1 - p q)) / p, where q is the chance to buy on a day while here.
    Leaving at any time at rate mu, it is the sum of q exp(-mu j) over the j-th days ahead.

    Parameters
    ----------
    rate, dropout, since, demand, kind : as in `draw_repeats`

    Returns
    -------
    (n,) purchase days after `since`
    """
    found = np.empty(len(rate))
    days = np.arange(len(demand))
    for start in range(0, len(rate), BLOCK):
        rows = slice(start, start + BLOCK)
        ahead = days - since[rows, None]
        # In place throughout: the block stays in the processor's cache.
        chance = np.multiply.outer(-rate[rows], demand)
        chance *= ahead > 0
        np.negative(np.expm1(chance, out=chance), out=chance)
        if kind == "purchase":
            chance *= -dropout[rows, None]
            stayed = np.log1p(chance, out=chance).sum(axis=1)
            found[rows] = -np.expm1(stayed) / dropout[rows]
        else:
            chance *= np.exp(-dropout[rows, None] * np.maximum(ahead, 0))
            found[rows] = chance.sum(axis=1)
    return found


def stays_after_first(dropout: Floats, kind: Dropout, rng: np.random.Generator) -> Bools:
    """Whether each customer is still here after the first purchase, (n,)."""
    if kind == "anytime":
        return np.ones(len(dropout), dtype=bool)
    return rng.random(len(dropout)) >= dropout


def rate_factor(
    rate: Floats, dropout: Floats, arrival: Ints, demand: Floats, kind: Dropout, repeats: float
) -> float:
    """What all rates must be multiplied by, so that so many repeat purchases are expected.

    Parameters
    ----------
    rate, dropout, kind : as in `draw_repeats`
    arrival : (n,) day of the first purchase
    demand : (m,) of the days of the log
    repeats : of all customers together, above 0

    Raises
    ------
    SettingError : more than that many days can hold
    """
    every = max(len(rate) // SAMPLE, 1)
    some = np.argsort(rate, kind="stable")[every // 2 :: every]
    stays = 1.0 - dropout[some] if kind == "purchase" else np.ones(len(some))
    each = repeats / len(rate)

    def excess(log_factor: float) -> float:
        fast = rate[some] * np.exp(log_factor)
        found = expected_purchases(fast, dropout[some], arrival[some], demand, kind)
        return float((stays * found).mean()) / each - 1.0

    highest = float(np.log(HIGHEST_RATE / rate.mean()))
    if excess(highest) < 0:
        raise SettingError(
            f"transactions: {1 + each:,.1f} orders a customer in {len(demand):,} days are more than"
            " customers can give, who buy once a day at most and leave some day. Ask for fewer"
            " --transactions, more --customers or more --days."
        )
    lowest = highest - 10.0
    while excess(lowest) > 0:
        lowest -= 10.0
    return float(np.exp(brentq(excess, lowest, highest, xtol=1e-4)))
