"""What the BG/BB is made of: silences of unknown cause, and chances that outlive opportunities.

A customer active after T opportunities buys at each one to come with a chance ~ Beta(a, b) and
drops out before it with a chance ~ Beta(g, d), independent of each other.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from clv.core.errors import SettingError
from clv.core.types import Floats
from clv.numerics import series
from clv.numerics.betageometric import expected_by_history
from clv.numerics.histories import distinct
from clv.numerics.series import log_gamma_ratio
from clv.numerics.special import rising_table

#: Numbers held at once.
CHUNK = 2_000_000
SMALLEST_CHANCE = 1e-300
LARGEST_CHANCE = 1.0 - 1e-16


class Params(Protocol):
    """Parameters of the BG/BB."""

    @property
    def alpha(self) -> float: ...
    @property
    def beta(self) -> float: ...
    @property
    def gamma(self) -> float: ...
    @property
    def delta(self) -> float: ...


class Silences:
    """Distinct histories, and all the moments at which each may have fallen silent for good.

    With D(k) the likelihood of having dropped out right after opportunity k, a history's is the
    sum of D(k) over k from t_x to T - 1 plus that of being active at T. D falls in k, so the
    sum in units of D(t_x) follows from the one that begins a step later, all terms positive.
    Histories which differ in t_x alone share the steps.

    Parameters
    ----------
    x, t_x, T : (d,) distinct histories
    """

    def __init__(self, x: Floats, t_x: Floats, T: Floats) -> None:
        self.x, self.t_x, self.T = (v.astype(np.int64) for v in (x, t_x, T))
        gap = self.T - self.t_x
        first, group, _ = distinct(self.x, self.T)
        longest = np.zeros(len(first), dtype=np.int64)
        np.maximum.at(longest, group, gap)
        order = np.argsort(-longest, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        self.group = rank[group]
        self.group_x, self.group_T = self.x[first][order], self.T[first][order]
        steps = np.arange(int(gap.max(initial=0)) + 2)
        self.active = np.searchsorted(-longest[order], -steps, side="right")
        self.by_gap = np.argsort(gap, kind="stable")
        self.ends = np.searchsorted(gap[self.by_gap], steps)

    def climb(self, p: Params) -> tuple[Floats, Floats]:
        """Log of each history's likelihood over D(t_x), and means over when it fell silent.

        Returns
        -------
        (d,) logarithms
        (5, d) : slopes of the log-likelihood in alpha (without that of its x purchases), beta,
            gamma and delta, and the probability of being active at T
        """
        longest = int(self.T.max(initial=0))
        slope_b, slope_ab, slope_d = (
            rising_table(v, longest)[1] for v in (p.beta, p.alpha + p.beta, p.delta)
        )
        slope_gd = rising_table(p.gamma + p.delta, longest + 1)[1]
        x, T = self.group_x, self.group_T
        scale = (p.gamma + p.delta + T) / p.gamma
        means = np.array(
            [
                -slope_ab[T],
                slope_b[T - x] - slope_ab[T],
                -slope_gd[T],
                slope_d[T] - slope_gd[T],
                np.ones(len(T)),
            ]
        )
        log_scale, by_history = np.empty(len(self.x)), np.empty((5, len(self.x)))
        for step in range(len(self.ends) - 1):
            if step:
                some = slice(0, self.active[step])
                k = T[some] - step
                silent = (p.beta + k - x[some]) / (p.alpha + p.beta + k)
                scale[some] = 1.0 + scale[some] * silent * (
                    (p.delta + k) / (p.gamma + p.delta + 1.0 + k)
                )
                weight, here = 1.0 / scale[some], means[:, some]
                here[0] += weight * (-slope_ab[k] - here[0])
                here[1] += weight * (slope_b[k - x[some]] - slope_ab[k] - here[1])
                here[2] += weight * (1.0 / p.gamma - slope_gd[k + 1] - here[2])
                here[3] += weight * (slope_d[k] - slope_gd[k + 1] - here[3])
                here[4] -= weight * here[4]
            rows = self.by_gap[self.ends[step] : self.ends[step + 1]]
            log_scale[rows] = np.log(scale[self.group[rows]])
            by_history[:, rows] = means[:, self.group[rows]]
        return log_scale, by_history

    def loglik(self, p: Params, log_scale: Floats) -> Floats:
        """(d,) log-likelihoods, given the first result of `climb`."""
        longest = int(self.t_x.max(initial=0))
        rising_a, rising_b, rising_ab, rising_d = (
            rising_table(v, longest)[0] for v in (p.alpha, p.beta, p.alpha + p.beta, p.delta)
        )
        rising_gd = rising_table(p.gamma + p.delta, longest + 1)[0]
        at_last = rising_d - rising_gd[1:] - rising_ab + np.log(p.gamma)
        logs = rising_a[self.x] + rising_b[self.t_x - self.x] + at_last[self.t_x] + log_scale
        # With no opportunity yet, what cancels does so up to rounding only.
        return np.where(self.T == 0, 0.0, logs)


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
    start = np.asarray(d + np.asarray(T, dtype=np.float64))
    later = np.asarray(start + np.asarray(ahead, dtype=np.float64))
    return np.asarray(np.exp(np.minimum(log_gamma_ratio(start, g) - log_gamma_ratio(later, g), 0)))


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
    mean = expected_by_history(1.0, 1.0, rate, g, np.atleast_1d(D + 1.0))
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
    start += log_gamma_ratio(d, g) - log_gamma_ratio(d + k, g)
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
