"""Customers whose truth is known: BG/NBD and Gamma-Gamma with CDNOW's parameters, in days."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clv.core.types import DAYS_PER_WEEK, Floats, Ints
from clv.numerics import futures, gammagamma
from clv.numerics.bgnbd import BGNBDParams
from clv.numerics.gammagamma import GammaGammaParams

# Fader, Hardie & Lee (2005), table 2, weeks turned into days
PURCHASES = BGNBDParams(0.24259, 4.4136 * DAYS_PER_WEEK, 0.79292, 2.42591)
# Fader & Hardie (2013), section 5
SPEND = GammaGammaParams(6.2496, 3.7442, 15.4435)
#: Days of the log, as many as CDNOW has; customers arrive evenly and are seen for a month at least.
SPAN, SHORTEST = 546, 30
#: What `sorted_keys` is told as in tables.
SORT = "the bare group-by, a sort of every customer's history in one number"
#: Days ahead that scoring looks.
HORIZON = 365
#: Days a customer is observed: arrivals all through the log, or in its first quarter and
#: observed up to its 39th week, as the papers observe CDNOW's.
ARRIVALS = {"all along": (SHORTEST, SPAN), "first quarter": (188, 273)}


class Customers(NamedTuple):
    """Histories in whole days, (n,) each: what a customer frame holds.

    Attributes
    ----------
    x, t_x, T : repeat purchases, day of the last, days observed
    m : mean spend per repeat purchase, in currency; 0 where x = 0
    """

    x: Ints
    t_x: Ints
    T: Ints
    m: Floats


def customers(n: int, seed: int, arrivals: str = "all along") -> Customers:
    """Draw a population.

    Parameters
    ----------
    n : customers
    arrivals : a key of `ARRIVALS`
    seed : the same seed gives the same customers
    """
    rng = np.random.default_rng(seed)
    T = rng.integers(*ARRIVALS[arrivals], n)
    bought, last = futures.simulate(PURCHASES, T.astype(np.float64), rng)
    # A shop counts purchase days: never more repeats than days.
    x = np.minimum(bought, T).astype(np.int64)
    t_x = np.maximum(np.ceil(last), x).astype(np.int64)
    m = np.where(x > 0, gammagamma.simulate(SPEND, np.maximum(x, 1), rng), 0.0)
    return Customers(x, t_x, T, m)


def sorted_keys(seen: Customers) -> NDArray[np.int32]:
    """Each history packed into a whole number, sorted: the bare group-by, for histories of `SPAN`.

    Nobody buys on more than SPAN days, so SPAN cubed is the largest, which 32 bits hold.
    """
    key = (seen.x * SPAN + seen.t_x) * SPAN + seen.T
    return np.sort(key.astype(np.int32))
