"""Discounted expected residual transactions: what the purchases still to come are worth today."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from clv.core.errors import SettingError
from clv.core.types import Floats
from clv.numerics.atpurchase import DropsAtPurchase
from clv.numerics.outlook import Active, Params, active_once, p_alive
from clv.numerics.special import NEGLIGIBLE

#: Horizons beyond this are taken for it, in any unit of time.
LONGEST = 1e200
#: Panels of log(end / u) and Gauss-Legendre nodes in each, fewer where less is at stake.
PANELS = ((0.0, 4.0, 20), (4.0, 9.0, 16), (9.0, 16.0, 16), (16.0, 26.0, 10))


def discounted_purchases(
    p: Params,
    rate: float,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    horizon: float = math.inf,
) -> Floats:
    """Purchases expected in (T, T + horizon], each worth exp(-rate u) if made at T + u.

    Parameters
    ----------
    p : parameters of a purchase model
    rate : force of discount, not negative, per unit of time of p; a yearly rate of 15 % is
        log(1.15) / 365 a day
    x : (n,) repeat purchases in (0, T]
    t_x : (n,) time of the last repeat purchase; 0 where x = 0
    T : (n,) time from first purchase to end of observation
    horizon : time ahead; infinite unless given

    Returns
    -------
    (n,) discounted purchases. Infinite only where rate is 0, the horizon infinite and the mean
    itself is: always in the NBD, a <= 1 where customers drop out at purchases, s <= 1 in Pareto/NBD

    Raises
    ------
    SettingError : a rate or horizon below 0, or none

    References
    ----------
    Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42, equation 2,
    here for any of the models and any horizon, as an integral
    """
    if not (rate >= 0 and math.isfinite(rate)):
        raise SettingError(f"discount rate: {rate:g} is not 0 or more. Write 15 % a year as 0.15.")
    if not horizon >= 0:
        raise SettingError(f"horizon: {horizon:g} is not 0 or more.")
    seen = np.broadcast_arrays(*np.atleast_1d(x, t_x, T))
    x, t_x, T = (np.asarray(column, dtype=np.float64) for column in seen)
    once = active_once(p, x, t_x, T)
    return p_alive(p, x, t_x, T) * discounted_while_active(once.active, rate, horizon)[once.inverse]


def discounted_purchases_new(p: Params, rate: float, horizon: float = math.inf) -> float:
    """`discounted_purchases` of a customer at the moment of their first purchase, itself left out.

    Parameters
    ----------
    p, rate, horizon : as in `discounted_purchases`

    Returns
    -------
    discounted repeat purchases
    """
    none = np.zeros(1)
    return float(discounted_purchases(p, rate, none, none, none, horizon)[0])


def discounted_while_active(active: Active, rate: float, horizon: float) -> Floats:
    """Discounted purchases of customers now active.

    With E(u) the purchases expected by u, the integral of exp(-rate u) dE(u) is by parts
    exp(-rate h) E(h) + rate times that of exp(-rate u) E(u): all terms positive. It ends at
    40 / rate at the latest. E is concave, so what comes after is below exp(-40) / 40 of
    E(40 / rate), which is at most 40 e times the sum before: under 3 exp(-40) of it.

    Parameters
    ----------
    active : (n,) customers
    rate : force of discount, not negative
    horizon : time ahead, may be infinite

    Returns
    -------
    (n,)
    """
    if rate == 0 and math.isinf(horizon):
        return active.lifelong()
    end = min(horizon, NEGLIGIBLE / max(rate, NEGLIGIBLE / LONGEST))
    by_end = active.expected(end)
    if rate == 0 or end == 0:
        return by_end
    return np.asarray(math.exp(-rate * end) * by_end + _waiting(active, rate, end))


def _waiting(active: Active, rate: float, end: float) -> Floats:
    """Integral of rate exp(-rate u) E(u) over u in (0, end).

    Purchases bunch up where u is near A / (R p), on any scale. In log(end / u) the integrand
    bends no sharper on one scale than on another, and less is left by a factor e a unit. In a
    rhythm the first k purchases are told apart, so that it bends as sharply as in 1 / k.
    """
    waiting: Floats = np.zeros(1)
    pieces = 1 + active.k // 3 if isinstance(active, DropsAtPurchase) else 1
    for low, high, n_nodes in PANELS:
        nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
        half = (high - low) / pieces / 2.0
        for start in low + 2.0 * half * np.arange(pieces):
            for v, width in zip(start + half * (nodes + 1.0), half * weights, strict=True):
                u = end * math.exp(-v)
                present = rate * u * math.exp(-rate * u) * float(width)
                waiting = waiting + present * active.expected(u)
    return waiting
