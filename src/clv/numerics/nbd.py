"""NBD: buys as a Poisson process and never stops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from clv.core.types import Floats
from clv.numerics import purchases
from clv.numerics.optimise import Fit, Names, Objective
from clv.numerics.special import LARGEST_EXPONENT, log_rising, rising_table, total

NAMES = Names(
    "NBD",
    ("r", "alpha"),
    (purchases.HARDLY_ANY_REPEAT, purchases.HARDLY_ANY_REPEAT),
    (purchases.SAME_RATE, purchases.SAME_RATE),
    purchases.ADVICE,
)


class NBDParams(NamedTuple):
    """Purchase rate ~ Gamma(r, alpha), alpha in units of time."""

    r: float
    alpha: float


def loglik(p: NBDParams, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: ARG001
    """Log-likelihood of each history: the density of its x purchase times.

    Parameters
    ----------
    p : parameters; p.alpha is in the time unit of T
    x : (n,) repeat purchases in (0, T]
    t_x : (n,) time of the last repeat purchase; tells nothing of a customer who never stops
    T : (n,) time from first purchase to end of observation

    Returns
    -------
    (n,) logarithms; exactly 0 where T = 0 and x = 0. Comparable with the other purchase models;
    the probability of the count is T^x / x! times it

    References
    ----------
    Ehrenberg (1959), Applied Statistics 8
    """
    x, T = np.asarray(x, dtype=np.float64), np.asarray(T, dtype=np.float64)
    rises = log_rising(p.r, x) - x * np.log(p.alpha + T)
    return np.asarray(rises - p.r * np.log1p(T / p.alpha))


def fit(
    x: Floats, t_x: Floats, T: Floats, n: Floats, prior_sd: float | None = None
) -> Fit[NBDParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    x, t_x, T : (d,) distinct histories, as `histories.group` gives them
    n : (d,) customers of each
    prior_sd : of a Normal prior on each log-parameter, as in `purchases.fit`; None for none

    Returns
    -------
    Fit : parameters in the time unit of T

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : a parameter runs away; says which and what it means
    """
    return Fit.of(NBDParams, *purchases.fit(_objective, _starts, NAMES, (x, t_x, T, n), prior_sd))


def p_alive(p: NBDParams, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: ARG001
    """Probability that each customer is still active at T: 1, as nobody stops.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`

    Returns
    -------
    (n,) ones
    """
    return np.ones(np.broadcast_shapes(np.shape(x), np.shape(T)))


def expected_purchases(
    p: NBDParams,
    t: ArrayLike,
    x: Floats,
    t_x: Floats,  # noqa: ARG001
    T: Floats,
) -> Floats:
    """Purchases expected in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,) the posterior mean rate times t

    References
    ----------
    Ehrenberg (1959); Morrison & Schmittlein (1988), J. of Business & Economic Statistics 6
    """
    return np.asarray((p.r + x) / (p.alpha + T) * np.asarray(t, dtype=np.float64))


def expected_purchases_new(p: NBDParams, t: ArrayLike) -> Floats:
    """Repeat purchases a new customer is expected to make by t.

    Parameters
    ----------
    p : parameters
    t : (m,) time since the first purchase

    Returns
    -------
    (m,)
    """
    return np.asarray(p.r / p.alpha * np.asarray(t, dtype=np.float64))


def p_purchase(
    p: NBDParams,
    t: ArrayLike,
    x: Floats,
    t_x: Floats,  # noqa: ARG001
    T: Floats,
) -> Floats:
    """Probability of at least one purchase in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,) probabilities
    """
    t = np.asarray(t, dtype=np.float64)
    return np.asarray(-np.expm1(-(p.r + x) * np.log1p(t / (p.alpha + T))))


def next_purchase_quantile(
    p: NBDParams,
    q: float,
    x: Floats,
    t_x: Floats,  # noqa: ARG001
    T: Floats,
) -> Floats:
    """Quantile of the time from T to the next purchase.

    Parameters
    ----------
    p, x, t_x, T : as in `loglik`
    q : in (0, 1)

    Returns
    -------
    (n,) times, Lomax-distributed; finite also where r + x is so small that they exceed e^690
    """
    exponent = np.minimum(-np.log1p(-q) / (p.r + x), LARGEST_EXPONENT)
    return np.asarray((p.alpha + T) * np.expm1(exponent))


def simulate(p: NBDParams, T: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
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
    x = rng.poisson(rng.gamma(p.r, 1.0 / p.alpha, size=T.shape) * T).astype(np.float64)
    # The last of x uniform times is beta-distributed.
    return x, np.where(x > 0, T * rng.beta(np.maximum(x, 1.0), 1.0), 0.0)


def _starts(rate: float) -> list[tuple[float, ...]]:
    return [(r, r / rate) for r in (0.5, 2.0)]


def _objective(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:  # noqa: ARG001
    counts = x.astype(np.int64)
    largest = int(counts.max())
    n_by_x = np.bincount(counts, weights=n, minlength=largest + 1)
    times, places = np.unique(T, return_inverse=True)
    # Nothing but sums by x and by T enters: what is left of any number of histories.
    n_by_T = np.bincount(places, weights=n)
    nx_by_T = np.bincount(places, weights=n * x)
    customers, repeats = float(n.sum()), total(n, x)

    def climb(log_p: Floats) -> tuple[float, Floats]:
        r, alpha = (float(v) for v in np.exp(log_p))
        rising, slope = rising_table(r, largest)
        log_times, inverse_times = np.log1p(times / alpha), 1.0 / (alpha + times)
        power = r * n_by_T + nx_by_T
        value = total(n_by_x, rising) - total(power, log_times) - repeats * float(log_p[1])
        d_r = total(n_by_x, slope) - total(n_by_T, log_times)
        d_alpha = customers * r / alpha - total(power, inverse_times)
        return value, np.array([d_r * r, d_alpha * alpha])

    return climb
