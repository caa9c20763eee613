"""Purchases until dropout, averaged over a chance of dropout that is beta-distributed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from clv.core.types import Floats, Ints
from clv.numerics.special import NEGLIGIBLE

#: Step of the trapezoid rule in `mean_over_chance`; 1e-12 relative error or better.
STEP = 0.25
#: Below it purchases before dropout no longer depend on the chance of dropout.
SMALLEST_CHANCE = 1e-200
CHUNK = 2_048


def expected_while_active(
    t: ArrayLike, R: ArrayLike, A: ArrayLike, a: ArrayLike, B: ArrayLike
) -> Floats:
    """Purchases expected within t of a customer now active, who may drop out after each.

    The mean of (1 - (1 + p t / A)^-R) / p over p ~ Beta(a, B). The textbook form divides a
    difference of hypergeometric functions by a - 1; this integral has no such pole. It is
    taken over the log-odds of p with ends that stretch exponentially.

    Parameters
    ----------
    t : (n,) not negative
    R, A : (n,) shape and rate of the purchase rate's gamma distribution
    a, B : (n,) shapes of p

    Returns
    -------
    (n,) exactly 0 where t = 0; finite for every a > 0, also a = 1 and a + B = 1
    """
    t, R, A, a, B = (np.asarray(v, dtype=np.float64) for v in np.broadcast_arrays(t, R, A, a, B))
    expected = np.zeros(t.shape)
    if not (todo := np.flatnonzero(t > 0)).size:
        return expected
    t, R, A, a, B = t[todo], R[todo], A[todo], a[todo], B[todo]

    def bought(rows: Ints, log_p: Floats, log_rest: Floats) -> Floats:  # noqa: ARG001
        chance = np.maximum(np.exp(log_p), SMALLEST_CHANCE)
        grown = np.log1p(chance * (t / A)[rows, None])
        return np.asarray(-np.expm1(-R[rows, None] * grown) / chance)

    expected[todo] = mean_over_chance(bought, support(t, R, A, a, B), a, B, CHUNK)
    return expected


def mean_over_chance(
    function: Callable[[Ints, Floats, Floats], Floats],
    where: tuple[Floats, Floats, Floats, Floats, Floats],
    a: Floats,
    B: Floats,
    chunk: int,
) -> Floats:
    """Mean of a function of p over p ~ Beta(a, B), row by row: the trapezoid rule in log-odds.

    Parameters
    ----------
    function : gives (m, nodes) values for m rows, and (m, nodes) logarithms of p and of 1 - p
    where : what `support` gives
    a, B : (n,)
    chunk : rows at a time

    Returns
    -------
    (n,)
    """
    left, right, scale, low, high = where
    n_steps = np.ceil((high - low) / STEP).astype(np.int64) + 1
    order = np.argsort(n_steps, kind="stable")
    values = np.empty(len(order))
    for start in range(0, len(order), chunk):
        rows = order[start : start + chunk]
        n_nodes = int(n_steps[rows[-1]])
        w = low[rows, None] + (high - low)[rows, None] * np.linspace(0.0, 1.0, n_nodes)
        below, above = np.exp(left[rows, None] - w), np.exp(w - right[rows, None])
        y = scale[rows, None] * (w - below + above)
        log_p, log_rest = -np.logaddexp(0.0, -y), -np.logaddexp(0.0, y)
        log_density = a[rows, None] * log_p + B[rows, None] * log_rest
        log_density -= log_density.max(axis=1, keepdims=True)
        density = np.exp(log_density) * (1.0 + below + above)
        each = function(rows, log_p, log_rest)
        values[rows] = (each * density).sum(axis=1) / density.sum(axis=1)
    return values


def support(
    t: Floats, R: Floats, A: Floats, a: Floats, B: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Where the integrand of `expected_while_active` lives on the scale of log-odds of p.

    In log-odds y it rises like exp(a y) up to the bend at A / (R t), goes on like
    exp((a - 1) y) to the bulk of the beta distribution, and falls off beyond.
    """
    bend = np.log(A) - np.log(R) - np.log(t)
    bulk = np.log(a / B)
    scale = np.minimum(1.0, np.sqrt(1.0 / a + 1.0 / B))
    left = np.minimum(bend, bulk)
    peaked = a > 1.0
    excess = np.where(peaked, a - 1.0, 1.0)
    peak = np.clip(np.log(excess / B), left, bulk)
    farthest = np.where(peaked, peak - _spread(1.0 / excess + 1.0 / B), -np.inf)
    left = np.maximum(left, farthest)
    fall = NEGLIGIBLE + B * np.logaddexp(0.0, bulk) + a * np.logaddexp(0.0, -bulk)
    rise = np.logaddexp(0.0, -np.minimum(bend, bulk)) - np.logaddexp(0.0, -bulk)
    low = np.maximum(-_log_expm1((fall + rise) / a), farthest)
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
