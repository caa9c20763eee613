"""Special functions the models need, in forms that neither overflow nor cancel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clv.core.types import Bools, Floats

#: Exponents beyond this overflow a double.
LARGEST_EXPONENT = 690.0
SLOWEST_DECAY = 0.05
#: exp(-NEGLIGIBLE) is lost beside 1 in a double.
NEGLIGIBLE = 40.0
#: Gauss-Legendre nodes and weights on [0, 1], by their number.
LEGENDRE = {
    n: ((nodes + 1.0) / 2.0, weights / 2.0)
    for n, (nodes, weights) in ((n, np.polynomial.legendre.leggauss(n)) for n in (8, 16, 32, 64))
}
#: Ends of the panels a quantile is looked for in: narrow where the integrand bends.
PANEL_ENDS = np.linspace(0.0, 1.0, 17) ** 2
MOST_ITERATIONS = 60
#: Rows whose nodes fit in the processor's cache together.
CHUNK = 4_096


def total(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Sum of a times b, in one thread: the same figure however many processors there are.

    Parameters
    ----------
    a, b : (n,) each

    Returns
    -------
    sum
    """
    return float(np.einsum("i,i->", a, b))


def weighted_sum(values: Floats, weights: Floats) -> Floats:
    """Sum over the last axis, in one thread.

    Parameters
    ----------
    values : (..., k)
    weights : (k,)

    Returns
    -------
    (...)
    """
    return np.asarray(np.einsum("...k,k->...", values, weights))


def softplus(log_odds: Floats) -> tuple[Floats, Floats]:
    """log(1 + exp(z)) and its slope, the probability exp(z) / (1 + exp(z)).

    Parameters
    ----------
    log_odds : (n,) z; -inf is allowed

    Returns
    -------
    (n,) values and (n,) slopes; 0 and 0 at -inf
    """
    small = np.exp(-np.abs(log_odds))
    probability = np.where(log_odds > 0, 1.0, small) / (1.0 + small)
    return np.maximum(log_odds, 0.0) + np.log1p(small), probability


class PowerIntegral:
    """The integral over u in (0, h) of (1 + u / A)^-c (1 + u / B)^-d, row by row.

    Lifetimes and purchase gaps with gamma-distributed rates all come down to it. Substituting
    v = log(1 + u / min(A, B)) leaves an integrand analytic for |Im v| < pi, which 16 to 64
    Gauss-Legendre nodes integrate to 12 digits once the negligible end is cut off.

    Parameters
    ----------
    c, d : (n,) or scalar, not negative
    A, B : (n,) or scalar, positive
    h : (n,) or scalar, not negative; inf needs c + d > 1
    """

    def __init__(
        self, c: ArrayLike, d: ArrayLike, A: ArrayLike, B: ArrayLike, h: ArrayLike
    ) -> None:
        c, d, A, B, h = np.broadcast_arrays(*np.atleast_1d(c, d, A, B, h))
        self.swapped: Bools = A > B
        self.near: Floats = np.where(self.swapped, B, A)
        self.ratio: Floats = self.near / np.where(self.swapped, A, B)
        self.near_power: Floats = np.where(self.swapped, d, c)
        self.far_power: Floats = np.where(self.swapped, c, d)
        slowest = self.near_power + self.far_power * self.ratio - 1.0
        fastest = np.maximum(c + d - 1.0, SLOWEST_DECAY)
        tail = (NEGLIGIBLE - self.far_power * np.log(self.ratio)) / fastest
        cut = np.minimum(NEGLIGIBLE / np.maximum(slowest, SLOWEST_DECAY), tail)
        self.length: Floats = np.minimum(np.log1p(h / self.near), np.minimum(cut, LARGEST_EXPONENT))

    def __len__(self) -> int:
        return len(self.length)

    def log_value(self) -> Floats:
        """(n,) logarithm of the integral; -inf where h = 0."""
        sums = np.empty(len(self))
        for rows in _chunks(len(self)):
            v, weights = self._nodes(rows)
            sums[rows] = weighted_sum(self._integrand(rows, v, self._far(rows, v)), weights)
        return self._log(sums)

    def log_value_and_means(self) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """The logarithm and, weighted by the integrand, four means that gradients need.

        Returns
        -------
        (n,) each: log integral; means of log(1 + u / A), of log(1 + u / B),
        of 1 / (1 + u / A) and of 1 / (1 + u / B)
        """
        sums = np.empty((5, len(self)))
        for rows in _chunks(len(self)):
            v, weights = self._nodes(rows)
            far = self._far(rows, v)
            weighted = self._integrand(rows, v, far) * weights
            sums[0, rows] = weighted.sum(axis=1)
            for i, function in enumerate((v, np.log(far), np.exp(-v), 1.0 / far), start=1):
                sums[i, rows] = np.einsum("ij,ij->i", weighted, function)
        near_log, far_log, near_inverse, far_inverse = sums[1:] / sums[0]
        return (
            self._log(sums[0]),
            np.where(self.swapped, far_log, near_log),
            np.where(self.swapped, near_log, far_log),
            np.where(self.swapped, far_inverse, near_inverse),
            np.where(self.swapped, near_inverse, far_inverse),
        )

    def quantile(self, q: float) -> Floats:
        """(n,) the u up to which the integral is the share q, in (0, 1), of the whole."""
        v = np.empty(len(self))
        for rows in _chunks(len(self)):
            v[rows] = self._quantile(rows, q)
        return np.asarray(self.near * np.expm1(v))

    def _quantile(self, rows: slice, q: float) -> Floats:
        nodes, weights = LEGENDRE[8]
        length, widths = self.length[rows], np.diff(PANEL_ENDS)
        v = length[:, None] * (PANEL_ENDS[:-1, None] + widths[:, None] * nodes).ravel()
        density = self._integrand(rows, v, self._far(rows, v))
        panels = density.reshape(len(v), len(widths), -1)
        masses = length[:, None] * widths * weighted_sum(panels, weights)
        reached = np.cumsum(masses, axis=1)
        target = q * reached[:, -1]
        panel = np.minimum((reached < target[:, None]).sum(axis=1), len(widths) - 1)
        row = np.arange(len(panel))
        start, width = length * PANEL_ENDS[panel], length * widths[panel]
        whole = masses[row, panel]
        rest = target - reached[row, panel] + whole
        low, high = np.zeros_like(width), width.copy()
        step = width * np.clip(rest / whole, 0.0, 1.0)
        for _ in range(MOST_ITERATIONS):
            inside = start[:, None] + step[:, None] * nodes
            density = self._integrand(rows, inside, self._far(rows, inside))
            mass = step * weighted_sum(density, weights)
            at = (start + step)[:, None]
            slope = self._integrand(rows, at, self._far(rows, at))[:, 0]
            low, high = np.where(mass < rest, step, low), np.where(mass < rest, high, step)
            newton, previous = step - (mass - rest) / slope, step
            step = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
            if np.all(np.abs(step - previous) <= 1e-12 * (start + step)):
                break
        return np.asarray(start + step)

    def _nodes(self, rows: slice) -> tuple[Floats, Floats]:
        length = self.length[rows]
        longest = float(length.max())
        drop = float(((self.near_power[rows] + self.far_power[rows]) * length).max())
        n = 16 if longest <= 3.0 and drop <= 10.0 else 32 if longest <= 5.0 else 64
        nodes, weights = LEGENDRE[n]
        return length[:, None] * nodes, weights

    def _far(self, rows: slice, v: Floats) -> Floats:
        return np.asarray(1.0 + self.ratio[rows, None] * (np.exp(v) - 1.0))

    def _integrand(self, rows: slice, v: Floats, far: Floats) -> Floats:
        exponent = (1.0 - self.near_power[rows, None]) * v
        exponent -= self.far_power[rows, None] * np.log(far)
        return np.asarray(np.exp(exponent))

    def _log(self, sums: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.near) + np.log(self.length) + np.log(sums))


def _chunks(n: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]
