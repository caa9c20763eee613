"""Sums over the opportunities to come: few terms or infinitely many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clv.core.types import Floats
from clv.numerics.special import LARGEST_EXPONENT, weighted_sum

#: Terms added one by one; what follows is smooth enough for an integral.
DIRECT = 512
#: Panels of the integral, each reaching sqrt(2) times as far as the one before.
PANELS = 120
PANEL_WIDTH = np.log(2.0) / 2.0
NODES, WEIGHTS = (
    (nodes + 1.0) / 2.0 if i == 0 else nodes / 2.0
    for i, nodes in enumerate(np.polynomial.legendre.leggauss(16))
)
BISECTIONS = 60

#: Logarithms of terms m, given (..., k) numbers m that broadcast against the rows.
LogTerms = Callable[[Floats], Floats]


def log_sum(log_terms: LogTerms, last: float, power: Floats) -> Floats:
    """Logarithm of the sum of the terms m = 1, 2, ... `last`, row by row.

    Parameters
    ----------
    log_terms : gives (n, k) logarithms for (k,) or (n, k) numbers m, beyond `DIRECT` smooth in
        log m and falling
    last : whole number or inf
    power : (n,) terms fall like m^-power at last; where an infinite sum has power <= 1 and no
        faster decay, it is infinite

    Returns
    -------
    (n,) logarithms; -inf where last = 0
    """
    few = np.arange(1.0, min(last, DIRECT) + 1.0)
    direct = log_terms(few)
    parts = [direct]
    if last > DIRECT:
        parts.append(_panels(log_terms, last))
        if np.isinf(last):
            parts.append(_beyond(log_terms, power)[:, None])
    together = np.concatenate(parts, axis=1)
    if not together.shape[1]:
        return np.full(len(together), -np.inf)
    summed = np.asarray(np.logaddexp.reduce(together, axis=1))
    if last > DIRECT:
        # Euler and Maclaurin: what the integral lacks at each end is a 24th of the slope there.
        ends = [DIRECT, DIRECT + 1.0] + ([last, last + 1.0] if np.isfinite(last) else [])
        share = np.exp(log_terms(np.array(ends)) - summed[:, None])
        lacking = share[:, 1] - share[:, 0]
        if np.isfinite(last):
            lacking -= share[:, 3] - share[:, 2]
        summed = summed + np.where(np.isfinite(summed), np.log1p(lacking / 24.0), 0.0)
    return summed


def quantile(log_terms: LogTerms, q: float, power: Floats) -> Floats:
    """Smallest m by which the share q of the infinite sum is reached, row by row.

    Parameters
    ----------
    log_terms, power : as in `log_sum`; power > 1
    q : in (0, 1)

    Returns
    -------
    (n,) whole numbers, at least 1; beyond `DIRECT` to the nearest by the integral, beyond 1e20
        by the power law
    """
    few = np.arange(1.0, DIRECT + 1.0)
    masses = [log_terms(few), _panels(log_terms, np.inf)]
    masses.append(_beyond(log_terms, power)[:, None])
    log_masses = np.concatenate(masses, axis=1)
    largest = log_masses.max(axis=1, keepdims=True)
    mass = np.exp(log_masses - largest)
    reached = np.cumsum(mass, axis=1)
    target = q * reached[:, -1]
    place = np.minimum((reached < target[:, None]).sum(axis=1), mass.shape[1] - 1)
    row = np.arange(len(place))
    rest = np.clip(target - reached[row, place] + mass[row, place], 0.0, None)
    found = place + 1.0
    last = mass.shape[1] - 1
    if (inside := np.flatnonzero((place >= DIRECT) & (place < last))).size:
        low = np.log(DIRECT + 0.5) + PANEL_WIDTH * np.clip(place - DIRECT, 0, PANELS - 1)
        low, high = low[:, None], low[:, None] + PANEL_WIDTH
        start, wanted = low.copy(), rest[:, None]
        for _ in range(BISECTIONS):
            middle = (low + high) / 2.0
            v = start + (middle - start) * NODES
            part = (middle - start) * weighted_sum(
                np.exp(log_terms(np.exp(v)) + v - largest), WEIGHTS
            )[:, None]
            low, high = np.where(part < wanted, middle, low), np.where(part < wanted, high, middle)
        found[inside] = np.ceil(np.exp(high[inside, 0]) - 0.5)
    if (tail := np.flatnonzero(place == last)).size:
        left = np.clip(1.0 - rest[tail] / mass[tail, last], 1e-300, 1.0)
        grown = np.minimum(-np.log(left) / (power[tail] - 1.0), LARGEST_EXPONENT / 2.0)
        found[tail] = np.exp(np.log(DIRECT + 0.5) + PANEL_WIDTH * PANELS + grown)
    return np.asarray(found)


def _panels(log_terms: LogTerms, last: float) -> Floats:
    """(n, k) logarithms of the integrals of the terms over panels from DIRECT + 1/2 on."""
    start = np.log(DIRECT + 0.5)
    edges = start + PANEL_WIDTH * np.arange(PANELS + 1)
    if np.isfinite(last):
        end = np.log(last + 0.5)
        edges = np.append(edges[edges < end], end)
    widths = np.diff(edges)
    v = edges[:-1, None] + widths[:, None] * NODES
    logs = log_terms(np.exp(v.ravel())) + v.ravel()
    logs = logs.reshape(len(logs), *v.shape) + np.log(widths[:, None] * WEIGHTS)
    return np.asarray(np.logaddexp.reduce(logs, axis=2))


def _beyond(log_terms: LogTerms, power: Floats) -> Floats:
    """(n,) logarithm of what follows the last panel, by the power law."""
    end = np.log(DIRECT + 0.5) + PANEL_WIDTH * PANELS
    log_end = log_terms(np.exp(np.array([end])))[:, 0] + end
    finite = power > 1.0
    rest = log_end - np.log(np.where(finite, power - 1.0, 1.0))
    return np.where(finite, rest, np.where(log_end > -LARGEST_EXPONENT, np.inf, -np.inf))
