"""MBG/CNBD-k: buys in a rhythm, may drop out for good after every purchase, the first too."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from clv.core.types import Floats
from clv.numerics import cnbd, erlang
from clv.numerics.cnbd import CNBDParams
from clv.numerics.optimise import Fit

NAME = "MBG/CNBD"


def loglik(
    p: CNBDParams, x: Floats, t_x: Floats, T: Floats, log_gaps: Floats | None = None
) -> Floats:
    """Log-likelihood of each history.

    Parameters
    ----------
    p : parameters; p.alpha is in the time unit of t_x and T
    x : (n,) repeat purchases in (0, T]
    t_x : (n,) time of the last repeat purchase; 0 where x = 0
    T : (n,) time from first purchase to end of observation
    log_gaps : (n,) sum of the logarithms of the gaps between purchases, 0 where x = 0; without
        it the likelihood is that of x and t_x alone, on the scale of k = 1

    Returns
    -------
    (n,) logarithms; 0 where T = 0

    References
    ----------
    Platzer (2008), master's thesis, Vienna; Reutterer, Platzer & Schroeder (2021), Int. J. of
    Research in Marketing 38
    """
    return cnbd.loglik(p, x, t_x, T, x + 1.0, log_gaps)


def fit(
    x: Floats,
    t_x: Floats,
    T: Floats,
    n: Floats,
    prior_sd: float | None = None,
    *,
    k: int = 2,
    total_log_gaps: float | None = None,
) -> Fit[CNBDParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    x, t_x, T : (d,) distinct histories, as `histories.group` gives them
    n : (d,) customers of each
    prior_sd : of a Normal prior on each log-parameter, as in `purchases.fit`; None for none
    k : rhythm, a whole number from 1 to `cnbd.LARGEST_K`
    total_log_gaps : sum of the logarithms of all gaps of all customers. It moves no parameter,
        but fits of different k compare by it; without it they compare by x and t_x alone

    Returns
    -------
    Fit : parameters in the time unit of t_x and T; k is given, so its errors are 0

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : k is out of range, or a parameter runs away; says which and what it means
    """
    return cnbd.fit(NAME, k, 1, (x, t_x, T, n), prior_sd, total_log_gaps)


def p_alive(p: CNBDParams, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Probability that each customer is still active at T.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`

    Returns
    -------
    (n,) probabilities; below 1 also where x = 0

    References
    ----------
    Platzer (2008), master's thesis, Vienna; Reutterer, Platzer & Schroeder (2021), Int. J. of
    Research in Marketing 38
    """
    return np.asarray(expit(-cnbd.log_odds_dropped(p, x, t_x, T, x + 1.0)))


def expected_purchases(p: CNBDParams, t: ArrayLike, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Purchases expected in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,) exact where the literature scales the MBG/NBD expectation; finite for every a and b
    """
    R, A, z = cnbd.waiting(p, x, t_x, T)
    while_active = erlang.expected_by_history(p.k, t, R, A, z, p.a, p.b + x + 1.0)
    return p_alive(p, x, t_x, T) * while_active


def expected_purchases_new(p: CNBDParams, t: ArrayLike) -> Floats:
    """Repeat purchases a new customer is expected to make by t.

    Parameters
    ----------
    p : parameters
    t : (m,) time since the first purchase

    Returns
    -------
    (m,)
    """
    survives = p.b / (p.a + p.b)
    return survives * erlang.expected_by_history(p.k, t, p.r, p.alpha, 0.0, p.a, p.b + 1.0)


def p_purchase(p: CNBDParams, t: ArrayLike, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Probability of at least one purchase in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,) probabilities; an active customer drops out only after the next purchase
    """
    R, A, z = cnbd.waiting(p, x, t_x, T)
    return p_alive(p, x, t_x, T) * erlang.p_purchase_active(p.k, t, R, A, z)


def next_purchase_quantile(p: CNBDParams, q: float, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Quantile of the time from T to the next purchase, if there is another.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    q : in (0, 1)

    Returns
    -------
    (n,) times; for k > 1 the longer the silence so far, the sooner, if still active
    """
    return erlang.next_purchase_quantile(p.k, q, *cnbd.waiting(p, x, t_x, T))


def simulate(p: CNBDParams, T: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Histories of a new customer base; `cnbd.simulate_log_gaps` draws their gaps.

    Parameters
    ----------
    p : parameters
    T : (n,) time each customer is observed
    rng : source of randomness

    Returns
    -------
    x, t_x : (n,) repeat purchases and the time of the last, 0 where x = 0
    """
    return cnbd.simulate(p, T, rng, first_purchase_counts=True)
