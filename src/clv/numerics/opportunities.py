"""Opportunities to come, and customers who take and outlive them by chance.

A customer active after T opportunities buys at each one to come with a chance ~ Beta(a, b) and
drops out before it with a chance ~ Beta(g, d), independent of each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from clv.core.errors import SettingError
from clv.core.types import Floats
from clv.numerics import series
from clv.numerics.betamean import expected_while_active
from clv.numerics.gammas import log_beta_fall, log_gamma_ratio
from clv.numerics.histories import distinct

#: Numbers held at once.
CHUNK = 2_000_000
SMALLEST_CHANCE = 1e-300
LARGEST_CHANCE = 1.0 - 1e-16


def survival(g: float, d: float, ahead: ArrayLike, T: ArrayLike) -> Floats:
    """Probability to outlive `ahead` more opportunities of a customer active at T.

    Parameters
    ----------
    g, d : the chance to drop out ~ Beta(g, d) in a new customer
    ahead, T : (n,) or scalar

    Returns
    -------
    (n,) exactly 1 where ahead = 0
    """
    return np.asarray(np.exp(-log_beta_fall(d + np.asarray(T, dtype=np.float64), g, ahead)))


def presence(g: float, d: float, t: ArrayLike, T: ArrayLike, rate: float = 0.0) -> Floats:
    """Opportunities of the next t that a customer active at T is expected to be there for.

    Parameters
    ----------
    g, d, T : as in `survival`
    t : (n,) or scalar, whole numbers
    rate : discount per opportunity

    Returns
    -------
    (n,) sum over m = 1 ... t of survival(m) / (1 + rate)^m

    Raises
    ------
    SettingError : t is not a whole number, or below 0
    """
    t, T = whole(t), np.asarray(T, dtype=np.float64)
    shape = np.broadcast_shapes(t.shape, T.shape)
    t, T = (np.broadcast_to(v, shape).ravel() for v in (t, T))
    first, inverse, _ = distinct(t, T)
    t, T = t[first], T[first]
    summed = np.zeros(len(t))
    for rows, m in _chunks(t):
        here = d + T[rows, None] + m
        there = np.cumprod(here / (g + here) / (1.0 + rate), axis=1)
        summed[rows] = np.where(m < t[rows, None], there, 0.0).sum(axis=1)
    return np.asarray(summed[inverse].reshape(shape))


def presence_forever(g: float, d: float, rate: float, T: ArrayLike) -> Floats:
    """`presence` over all opportunities to come.

    Parameters
    ----------
    g, d, T, rate : as in `presence`

    Returns
    -------
    (n,) infinite where rate = 0 and g <= 1

    Notes
    -----
    With u ~ Beta(g, D) the chance to drop out, it is E[(1 - u) / (rate + u)], which is
    D / (g + D) times the mean of 1 / (rate + u) over Beta(g, D + 1): a form of the integral the
    BG/NBD's expectation is, where the paper has a hypergeometric function.
    """
    D = d + np.asarray(T, dtype=np.float64)
    if rate == 0:
        return np.asarray(D / (g - 1.0) if g > 1.0 else np.full(D.shape, np.inf))
    mean = expected_while_active(1.0, 1.0, rate, g, np.atleast_1d(D + 1.0))
    return np.asarray(D / (g + D) * mean.reshape(D.shape))


def p_purchase_active(a: Floats, b: Floats, g: float, d: Floats, t: ArrayLike) -> Floats:
    """Probability that an active customer buys at one of the next t opportunities or more.

    Parameters
    ----------
    a, b : (n,) of the chance to buy
    g, d : scalar and (n,), of the chance to drop out
    t : (n,) or scalar, whole numbers

    Returns
    -------
    (n,)
    """
    a, b, d, t = np.broadcast_arrays(*np.atleast_1d(a, b, d), np.atleast_1d(whole(t)))
    first, inverse, _ = distinct(a, b, d, t)
    a, b, d, t = a[first], b[first], d[first], t[first]
    summed = np.zeros(len(t))
    for rows, m in _chunks(t):
        missed = np.ones((len(t[rows]), len(m)))
        missed[:, 1:] = (b[rows, None] + m[:-1]) / (a[rows, None] + b[rows, None] + m[1:])
        missed[:, 0] = a[rows] / (a[rows] + b[rows])
        here = d[rows, None] + m
        likely = np.cumprod(missed * (here / (g + here)), axis=1)
        summed[rows] = np.where(m < t[rows, None], likely, 0.0).sum(axis=1)
    return np.asarray(np.minimum(summed, 1.0)[inverse])


def p_count_active(a: Floats, b: Floats, g: float, d: Floats, k: ArrayLike, t: ArrayLike) -> Floats:
    """Probability that an active customer buys at exactly k of the next t opportunities.

    Parameters
    ----------
    a, b, g, d : as in `p_purchase_active`
    k, t : (n,) or scalar, whole numbers

    Returns
    -------
    (n,) 0 where k > t
    """
    a, b, d, k, t = np.broadcast_arrays(*np.atleast_1d(a, b, d), *np.atleast_1d(whole(k), whole(t)))
    first, inverse, _ = distinct(a, b, d, k, t)
    a, b, d, k, t = a[first], b[first], d[first], k[first], t[first]
    start = log_gamma_ratio(a, k) - log_gamma_ratio(a + b, k)
    start -= log_beta_fall(d, g, k)
    likely = np.zeros(len(t))
    for rows, m in _chunks(t - k + 1.0):
        a_, b_, d_, k_, t_, logs = (v[rows, None] for v in (a, b, d, k, t, start))
        # Active through i = k + m opportunities, k of them taken.
        i = k_ + m
        before, m_after = i[:, :-1], m[1:]
        stays = (d_ + before) / (g + d_ + before)
        misses = (b_ + m[:-1]) / (a_ + b_ + before)
        steps = np.log(i[:, 1:] / m_after * stays * misses)
        logs = logs + np.cumsum(np.pad(steps, ((0, 0), (1, 0))), axis=1)
        active = np.exp(np.minimum(logs, 0.0))
        ended = np.where(i < t_, g / (g + d_ + i), np.where(i == t_, 1.0, 0.0))
        likely[rows] = (active * ended).sum(axis=1)
    return np.asarray(np.minimum(likely, 1.0)[inverse])


def wait_quantile(a: Floats, b: Floats, g: float, d: Floats, q: float) -> Floats:
    """Quantile of how many opportunities ahead an active customer's next purchase is, if any.

    Parameters
    ----------
    a, b, g, d : as in `p_purchase_active`
    q : in (0, 1)

    Returns
    -------
    (n,) whole numbers from 1
    """
    found = np.empty(len(a))
    chunk = max(1, CHUNK // (series.PANELS * len(series.NODES)))
    for start in range(0, len(a), chunk):
        rows = slice(start, start + chunk)
        a_, b_, d_ = (v[rows, None] for v in (a, b, d))

        def first_at(m: Floats, a_: Floats = a_, b_: Floats = b_, d_: Floats = d_) -> Floats:
            return -log_gamma_ratio(b_ + m - 1.0, a_ + 1.0) - log_gamma_ratio(d_ + m, g)

        found[rows] = series.quantile(first_at, q, a[rows] + 1.0 + g)
    return found


def draw(
    a: Floats, b: Floats, g: float, d: Floats, t: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Chances to buy of active customers, and how many of the next t opportunities they outlive.

    Parameters
    ----------
    a, b, g, d : as in `p_purchase_active`
    t : (n,)
    rng : source of randomness

    Returns
    -------
    (n,) chances and (n,) opportunities
    """
    chance = np.clip(rng.beta(a, b, size=t.shape), SMALLEST_CHANCE, LARGEST_CHANCE)
    stop = np.clip(rng.beta(g, d, size=t.shape), SMALLEST_CHANCE, LARGEST_CHANCE)
    lives = np.floor(np.log(rng.uniform(size=t.shape)) / np.log1p(-stop))
    return chance, np.minimum(lives, t)


def whole(t: ArrayLike) -> Floats:
    """The opportunities ahead, refused where they are not whole numbers from 0."""
    t = np.asarray(t, dtype=np.float64)
    if not (np.isfinite(t) & (t >= 0) & (t == np.floor(t))).all():
        raise SettingError(
            "horizon: opportunities and purchases ahead are counted in whole numbers from 0."
            " Round the horizon to full opportunities."
        )
    return t


def _chunks(t: Floats) -> list[tuple[np.ndarray, Floats]]:
    """Rows of similar t together, with 0, 1, ... below the largest of them."""
    order = np.argsort(t, kind="stable")[::-1]
    chunks, start = [], 0
    while start < len(order) and t[order[start]] > 0:
        m = np.arange(t[order[start]])
        rows = order[start : start + max(1, CHUNK // len(m))]
        chunks.append((rows, m))
        start += len(rows)
    return chunks
