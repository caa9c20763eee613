"""What BG/NBD and MBG/NBD share: dropout with a beta-distributed chance after a purchase.

While active a customer buys as a Poisson process, rate ~ Gamma(r, alpha). After each chance
to drop out they do so with probability p ~ Beta(a, b). A customer seen active has survived
s chances: s = x in the BG/NBD, s = x + 1 in the MBG/NBD, where the first purchase is one too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from clv.core.types import Floats
from clv.numerics.histories import distinct
from clv.numerics.purchases import HARDLY_ANY_REPEAT, SAME_RATE
from clv.numerics.special import (
    LARGEST_EXPONENT,
    NEGLIGIBLE,
    log_rising,
    rising_table,
    softplus,
    total,
)

#: What it means that r, alpha, a or b runs to 0, and to infinity.
RUNAWAY_MEANINGS = (
    (
        HARDLY_ANY_REPEAT,
        HARDLY_ANY_REPEAT,
        "no customer shows a sign of having stopped buying",
        "customers either stop at once or never stop",
    ),
    (
        SAME_RATE,
        SAME_RATE,
        "all customers are equally likely to stop after a purchase",
        "no customer shows a sign of having stopped buying",
    ),
)
#: Step of the trapezoid rule in `expected_while_active`; 1e-12 relative error or better.
STEP = 0.25
#: Below it purchases before dropout no longer depend on the chance of dropout.
SMALLEST_CHANCE = 1e-200
CHUNK = 2_048


class Params(Protocol):
    """Parameters of either model."""

    @property
    def r(self) -> float: ...
    @property
    def alpha(self) -> float: ...
    @property
    def a(self) -> float: ...
    @property
    def b(self) -> float: ...


def log_odds_dropped(p: Params, x: Floats, t_x: Floats, T: Floats, s: Floats) -> Floats:
    """Log of P(dropped out at the last chance) / P(active at T), given the history.

    Parameters
    ----------
    p : parameters; p.alpha in the unit of t_x and T
    x, t_x, T : (n,) repeat purchases, time of the last, time observed
    s : (n,) chances to drop out survived if active

    Returns
    -------
    (n,) log-odds, -inf where s = 0
    """
    with np.errstate(divide="ignore"):
        last_chance = np.log(p.a / (p.b + np.maximum(s, 1.0) - 1.0)) + np.where(s > 0, 0.0, -np.inf)
    return np.asarray(last_chance + (p.r + x) * np.log((p.alpha + T) / (p.alpha + t_x)))


def loglik(p: Params, x: Floats, t_x: Floats, T: Floats, s: Floats) -> Floats:
    """Log-likelihood of each history.

    Parameters
    ----------
    p, x, t_x, T, s : as in `log_odds_dropped`

    Returns
    -------
    (n,)
    """
    dropped, _ = softplus(log_odds_dropped(p, x, t_x, T, s))
    return np.asarray(
        log_rising(p.r, x)
        - p.r * np.log1p(T / p.alpha)
        - x * np.log(p.alpha + T)
        + log_rising(p.b, s)
        - log_rising(p.a + p.b, s)
        + dropped
    )


def objective(
    x: Floats, t_x: Floats, T: Floats, s: Floats, n: Floats
) -> Callable[[Floats], tuple[float, Floats]]:
    """Total log-likelihood and its gradient as a function of log(r, alpha, a, b).

    Parameters
    ----------
    x, t_x, T, s : (d,) distinct histories
    n : (d,) customers of each

    Returns
    -------
    function of (4,) log-parameters, giving the total and its (4,) gradient
    """
    counts, survived, offset = x.astype(np.int64), s.astype(np.int64), int(s[0] - x[0])
    largest = int(counts.max())
    n_by_x = np.bincount(counts, weights=n, minlength=largest + 1)
    times, places = np.unique(np.concatenate([t_x, T]), return_inverse=True)
    at_last, at_end = places[: len(x)], places[len(x) :]
    customers = float(n.sum())
    chances = np.maximum(np.arange(largest + 1 + offset) - 1.0, 0.0)

    def climb(log_p: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = (float(v) for v in np.exp(log_p))
        log_times, inverse_times = np.log1p(times / alpha), 1.0 / (alpha + times)
        last_chance = np.log(a / (b + chances))
        last_chance[0] = -np.inf
        gap = (log_end := log_times[at_end]) - log_times[at_last]
        inverse_gap = (inverse_end := inverse_times[at_end]) - inverse_times[at_last]
        power = r + x
        dropped, w = softplus(last_chance[survived] + power * gap)
        w *= n
        rising_r, slope_r = rising_table(r, largest)
        rising_b, slope_b = (table[offset:] for table in rising_table(b, largest + offset))
        rising_ab, slope_ab = (table[offset:] for table in rising_table(a + b, largest + offset))
        by_count = rising_r + rising_b - rising_ab - np.arange(largest + 1) * log_p[1]
        n_power = n * power
        value = total(n_by_x, by_count) - total(n_power, log_end) + total(n, dropped)
        w_by_chance = np.bincount(survived, weights=w, minlength=len(chances))
        d_r = total(n_by_x, slope_r) - total(n, log_end) + total(w, gap)
        d_alpha = customers * r / alpha - total(n_power, inverse_end)
        d_alpha += total(w * power, inverse_gap)
        d_a = float(w.sum()) / a - total(n_by_x, slope_ab)
        d_b = total(n_by_x, slope_b - slope_ab) - float((w_by_chance / (b + chances)).sum())
        return value, np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b])

    return climb


def expected_while_active(t: Floats, R: Floats, A: Floats, a: float, B: Floats) -> Floats:
    """Purchases expected within t of a customer now active, who may drop out after each.

    The mean of (1 - (1 + p t / A)^-R) / p over p ~ Beta(a, B). The textbook form divides a
    difference of hypergeometric functions by a - 1; this integral has no such pole. It is
    taken over the log-odds of p with ends that stretch exponentially.

    Parameters
    ----------
    t : (n,) not negative
    R, A : (n,) shape and rate of the purchase rate's gamma distribution
    a : first shape of p
    B : (n,) second shape of p

    Returns
    -------
    (n,) exactly 0 where t = 0; finite for every a > 0, also a = 1 and a + B = 1
    """
    t, R, A, B = (np.asarray(v, dtype=np.float64) for v in np.broadcast_arrays(t, R, A, B))
    expected = np.zeros(t.shape)
    if not (todo := np.flatnonzero(t > 0)).size:
        return expected
    t, R, A, B = t[todo], R[todo], A[todo], B[todo]
    left, right, scale, low, high = support(t, R, A, a, B)
    n_steps = np.ceil((high - low) / STEP).astype(np.int64) + 1
    order = np.argsort(n_steps, kind="stable")
    values = np.empty(len(todo))
    for start in range(0, len(order), CHUNK):
        rows = order[start : start + CHUNK]
        n_nodes = int(n_steps[rows[-1]])
        w = low[rows, None] + (high - low)[rows, None] * np.linspace(0.0, 1.0, n_nodes)
        below, above = np.exp(left[rows, None] - w), np.exp(w - right[rows, None])
        y = scale[rows, None] * (w - below + above)
        log_p, log_rest = -np.logaddexp(0.0, -y), -np.logaddexp(0.0, y)
        log_density = a * log_p + B[rows, None] * log_rest
        log_density -= log_density.max(axis=1, keepdims=True)
        density = np.exp(log_density) * (1.0 + below + above)
        chance = np.maximum(np.exp(log_p), SMALLEST_CHANCE)
        bought = -np.expm1(-R[rows, None] * np.log1p(chance * (t / A)[rows, None])) / chance
        values[rows] = (bought * density).sum(axis=1) / density.sum(axis=1)
    expected[todo] = values
    return expected


def support(
    t: Floats, R: Floats, A: Floats, a: float, B: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Where the integrand of `expected_while_active` lives on the scale of log-odds of p.

    In log-odds y it rises like exp(a y) up to the bend at A / (R t), goes on like
    exp((a - 1) y) to the bulk of the beta distribution, and falls off beyond.
    """
    bend = np.log(A) - np.log(R) - np.log(t)
    bulk = np.log(a / B)
    scale = np.minimum(1.0, np.sqrt(1.0 / a + 1.0 / B))
    left = np.minimum(bend, bulk)
    if a > 1.0:
        peak = np.clip(np.log((a - 1.0) / B), left, bulk)
        farthest = peak - _spread(1.0 / (a - 1.0) + 1.0 / B)
        left = np.maximum(left, farthest)
    fall = NEGLIGIBLE + B * np.logaddexp(0.0, bulk) + a * np.logaddexp(0.0, -bulk)
    rise = np.logaddexp(0.0, -np.minimum(bend, bulk)) - np.logaddexp(0.0, -bulk)
    low = -_log_expm1((fall + rise) / a)
    low = np.maximum(low, farthest) if a > 1.0 else low
    high = np.minimum(_log_expm1(fall / B), bulk + _spread(1.0 / a + 1.0 / B))
    left, right = np.minimum(left, 0.0) - 2.0 * scale, np.maximum(bulk, 0.0) + 1.0
    left, right, low, high = left / scale, right / scale, low / scale, high / scale
    low = np.where(low < left, left - np.log1p(np.maximum(left - low, 0.0)), low)
    high = np.where(high > right, right + np.log1p(np.maximum(high - right, 0.0)), high)
    return left, right, scale, low, high


def _spread(variance: Floats) -> Floats:
    """How far from its mode, in log-odds, a beta density has become negligible."""
    near = np.sqrt(NEGLIGIBLE * variance / 0.36)
    return np.where(near <= 1.0, near, NEGLIGIBLE * variance / 0.36)


def _log_expm1(z: Floats) -> Floats:
    return np.asarray(z + np.log(-np.expm1(-z)))


def expected_by_history(t: ArrayLike, R: ArrayLike, A: ArrayLike, a: float, B: ArrayLike) -> Floats:
    """`expected_while_active`, computed once for customers who agree in all arguments.

    Parameters
    ----------
    t, R, A, a, B : as in `expected_while_active`

    Returns
    -------
    (n,)
    """
    columns = np.broadcast_arrays(*np.atleast_1d(t, R, A, B))
    first, inverse, _ = distinct(*columns)
    once = [column[first].astype(np.float64) for column in columns]
    return expected_while_active(once[0], once[1], once[2], a, once[3])[inverse]


def p_purchase_active(p: Params, t: Floats, x: Floats, T: Floats) -> Floats:
    """Probability that a customer active at T buys in (T, T + t].

    Parameters
    ----------
    p, x, T : as in `log_odds_dropped`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,)
    """
    return np.asarray(-np.expm1(-(p.r + x) * np.log1p(t / (p.alpha + T))))


def next_purchase_quantile(p: Params, q: float, x: Floats, T: Floats) -> Floats:
    """Quantile of the time from T to the next purchase of an active customer.

    Parameters
    ----------
    p, x, T : as in `log_odds_dropped`
    q : in (0, 1)

    Returns
    -------
    (n,) finite also where r + x is so small that the time exceeds e^690
    """
    exponent = np.minimum(-np.log1p(-q) / (p.r + x), LARGEST_EXPONENT)
    return np.asarray((p.alpha + T) * np.expm1(exponent))


def starts(rate: float) -> list[tuple[float, ...]]:
    """Where to search from, with time in units of the mean time observed.

    Parameters
    ----------
    rate : repeat purchases per customer

    Returns
    -------
    list of (r, alpha, a, b)
    """
    return [(r, r / (1.5 * rate), a, b) for r, a, b in ((0.5, 0.8, 2.0), (2.0, 0.3, 3.0))]


def simulate(
    p: Params, T: Floats, rng: np.random.Generator, *, first_purchase_counts: bool
) -> tuple[Floats, Floats]:
    """Repeat purchases and time of the last one of a new customer base.

    Parameters
    ----------
    p : parameters
    T : (n,) time each customer is observed
    rng : source of randomness
    first_purchase_counts : whether customers may drop out right after their first purchase

    Returns
    -------
    x, t_x : (n,) each
    """
    rate = rng.gamma(p.r, 1.0 / p.alpha, size=T.shape)
    chance = np.clip(rng.beta(p.a, p.b, size=T.shape), 1e-300, 1.0 - 1e-16)
    fatal = np.floor(np.log(rng.uniform(size=T.shape)) / np.log1p(-chance))
    possible = rng.poisson(rate * T).astype(np.float64)
    x = np.minimum(possible, fatal if first_purchase_counts else fatal + 1.0)
    # The x-th of `possible` uniform times is beta-distributed.
    place = rng.beta(np.maximum(x, 1.0), possible - x + 1.0)
    return x, np.where(x > 0, T * place, 0.0)
