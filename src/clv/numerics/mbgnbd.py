"""MBG/NBD: buys as a Poisson process, may drop out for good after every purchase, the first too."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from clv.core.types import Floats
from clv.numerics import betageometric, purchases
from clv.numerics.optimise import Fit, Names, Objective

NAMES = Names(
    "MBG/NBD", ("r", "alpha", "a", "b"), *betageometric.RUNAWAY_MEANINGS, purchases.ADVICE
)


class MBGNBDParams(NamedTuple):
    """Purchase rate ~ Gamma(r, alpha), alpha in units of time; dropout chance ~ Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


def loglik(p: MBGNBDParams, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Log-likelihood of each history.

    Parameters
    ----------
    p : parameters; p.alpha is in the time unit of t_x and T
    x : (n,) repeat purchases in (0, T]
    t_x : (n,) time of the last repeat purchase; 0 where x = 0
    T : (n,) time from first purchase to end of observation

    Returns
    -------
    (n,) logarithms; 0 where T = 0

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), Int. J. of Research in Marketing 24;
    Hoppe & Wagner (2007), Marketing JRM 3
    """
    return betageometric.loglik(p, x, t_x, T, x + 1.0)


def fit(
    x: Floats, t_x: Floats, T: Floats, n: Floats, prior_sd: float | None = None
) -> Fit[MBGNBDParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    x, t_x, T : (d,) distinct histories, as `histories.group` gives them
    n : (d,) customers of each
    prior_sd : of a Normal prior on each log-parameter, as in `purchases.fit`; None for none

    Returns
    -------
    Fit : parameters in the time unit of t_x and T

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : a parameter runs away; says which and what it means
    """
    histories = (x, t_x, T, n)
    found = purchases.fit(_objective, betageometric.starts, NAMES, histories, prior_sd)
    return Fit.of(MBGNBDParams, *found)


def p_alive(p: MBGNBDParams, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Probability that each customer is still active at T.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`

    Returns
    -------
    (n,) probabilities; below 1 also where x = 0

    References
    ----------
    Batislam, Denizel & Filiztekin (2007)
    """
    return np.asarray(expit(-betageometric.log_odds_dropped(p, x, t_x, T, x + 1.0)))


def expected_purchases(p: MBGNBDParams, t: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Purchases expected in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,) finite for every a and b, also at a = 1 and a + b = 1

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), here as an integral without its poles
    """
    while_active = betageometric.expected_by_history(t, p.r + x, p.alpha + T, p.a, p.b + x + 1.0)
    return p_alive(p, x, t_x, T) * while_active


def expected_purchases_new(p: MBGNBDParams, t: Floats) -> Floats:
    """Repeat purchases a new customer is expected to make by t.

    Parameters
    ----------
    p : parameters
    t : (m,) time since the first purchase

    Returns
    -------
    (m,)

    References
    ----------
    Batislam, Denizel & Filiztekin (2007)
    """
    t = np.asarray(t, dtype=np.float64)
    survives = p.b / (p.a + p.b)
    return survives * betageometric.expected_by_history(t, p.r, p.alpha, p.a, p.b + 1.0)


def p_purchase(p: MBGNBDParams, t: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Probability of at least one purchase in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,) probabilities; an active customer drops out only after the next purchase
    """
    return p_alive(p, x, t_x, T) * betageometric.p_purchase_active(p, t, x, T)


def next_purchase_quantile(
    p: MBGNBDParams,
    q: float,
    x: Floats,
    t_x: Floats,  # noqa: ARG001
    T: Floats,
) -> Floats:
    """Quantile of the time from T to the next purchase, if there is another.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    q : in (0, 1)

    Returns
    -------
    (n,) times; given active it has a Lomax distribution, whatever t_x
    """
    return betageometric.next_purchase_quantile(p, q, x, T)


def simulate(p: MBGNBDParams, T: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Histories of a new customer base.

    Parameters
    ----------
    p : parameters
    T : (n,) time each customer is observed
    rng : source of randomness

    Returns
    -------
    x, t_x : (n,) repeat purchases and the time of the last, 0 where x = 0
    """
    return betageometric.simulate(p, T, rng, first_purchase_counts=True)


def _objective(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:
    return betageometric.objective(x, t_x, T, x + 1.0, n)
