"""What a history tells of a customer, for every model with a dropout in continuous time.

Whatever is asked of the future is the chance of being active at T, times an answer for an
active customer, whose rates are again independent and gamma- or beta-distributed.
"""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from clv.core.types import Floats
from clv.numerics import betageometric, bgnbd, mbgnbd, paretonbd
from clv.numerics.bgnbd import BGNBDParams
from clv.numerics.mbgnbd import MBGNBDParams
from clv.numerics.paretonbd import ParetoNBDParams

Params = BGNBDParams | MBGNBDParams | ParetoNBDParams


class Posterior(NamedTuple):
    """Rates of each customer, given that they are active at T.

    Attributes
    ----------
    R, A : (n,) purchase rate ~ Gamma(R, A), A in units of time
    shape : a of BG/NBD and MBG/NBD, s of Pareto/NBD
    B : (n,) chance of dropout after a purchase ~ Beta(shape, B); in Pareto/NBD rate of
        dropout ~ Gamma(shape, B), B in units of time
    drops_at_purchase : whether customers drop out after a purchase rather than at any time
    """

    R: Floats
    A: Floats
    shape: float
    B: Floats
    drops_at_purchase: bool


def given_active(p: Params, x: ArrayLike, T: ArrayLike) -> Posterior:
    """Rates of customers active at T; when they last bought then plays no part.

    Parameters
    ----------
    p : parameters of the model
    x, T : (n,) repeat purchases, and time observed in the unit of p

    Returns
    -------
    Posterior : (n,) each; that of a new customer at x = 0 and T = 0
    """
    x, T = (np.asarray(column, dtype=np.float64) for column in np.broadcast_arrays(x, T))
    if isinstance(p, ParetoNBDParams):
        return Posterior(p.r + x, p.alpha + T, p.s, p.beta + T, False)
    survived = x + 1.0 if isinstance(p, MBGNBDParams) else x
    return Posterior(p.r + x, p.alpha + T, p.a, p.b + survived, True)


def p_alive(p: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Probability that each customer is still active at T, by the model whose parameters these are.

    Parameters
    ----------
    p : parameters
    x, t_x, T : (n,) repeat purchases, time of the last, time observed

    Returns
    -------
    (n,) probabilities
    """
    alive: Floats = _model(p).p_alive(p, x, t_x, T)
    return alive


def expected_purchases(p: Params, t: float, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Purchases expected in (T, T + t], by the model whose parameters these are.

    Parameters
    ----------
    p, x, t_x, T : as in `p_alive`
    t : time ahead

    Returns
    -------
    (n,)
    """
    expected: Floats = _model(p).expected_purchases(p, t, x, t_x, T)
    return expected


def expected_while_active(active: Posterior, t: ArrayLike) -> Floats:
    """Purchases expected within t of a customer now active.

    Parameters
    ----------
    active : (n,) customers
    t : (n,) or scalar, time ahead; finite

    Returns
    -------
    (n,)
    """
    t, R, A, B = (
        np.asarray(column, dtype=np.float64)
        for column in np.broadcast_arrays(t, active.R, active.A, active.B)
    )
    if active.drops_at_purchase:
        return betageometric.expected_while_active(t, R, A, active.shape, B)
    return np.asarray(R / A * paretonbd.time_active(active.shape, B, t))


def _model(p: Params) -> ModuleType:
    if isinstance(p, BGNBDParams):
        return bgnbd
    return mbgnbd if isinstance(p, MBGNBDParams) else paretonbd
