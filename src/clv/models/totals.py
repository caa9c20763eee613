"""How far totals may miss: what customers share, learned from totals of the past."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from scipy import stats

from clv.core.types import Floats, Json
from clv.models import overlap
from clv.models.pooling import LEVEL_SD, LEVEL_WEIGHT


@dataclass(frozen=True)
class TotalError:
    """Logarithms of outcome over forecast: a Student distribution around 0.

    Customers err together (season, growth, decay), so adding up their own intervals, or a
    model's parameter uncertainty, is far too narrow. Few past totals tell little of how far the
    next may miss, so they are laid over `LEVEL_WEIGHT` totals that missed by `LEVEL_SD`. Totals
    of windows that overlap count as the fewer that would tell as much.

    Attributes
    ----------
    spread : its scale
    freedom : its degrees of freedom
    totals : past totals learned from
    """

    spread: float
    freedom: float
    totals: int

    @classmethod
    def learn(cls, forecast: Sequence[float], actual: Sequence[float], alike: Floats) -> Self:
        """From past totals; those where nothing was forecast or bought tell nothing.

        Parameters
        ----------
        alike : (totals, totals) correlations of what they missed by

        References
        ----------
        Gelman et al. (2013), "Bayesian data analysis", 2.6: Normal with known mean and a
        scaled inverse chi-square prior, whose next draw is a Student's
        """
        said, came = np.asarray(forecast, np.float64), np.asarray(actual, np.float64)
        told = np.flatnonzero((said > 0) & (came > 0))
        missed = np.log(came[told] / said[told])
        count = overlap.freedom(alike[np.ix_(told, told)])
        seen = count * float(np.square(missed).mean()) if count else 0.0
        n = LEVEL_WEIGHT + count
        return cls(math.sqrt((LEVEL_WEIGHT * LEVEL_SD**2 + seen) / n), n, len(told))

    def interval(
        self, total: float | Floats, level: float, variance: float | Floats = 0.0
    ) -> tuple[Floats, Floats]:
        """Ends of totals, however many.

        A total of customers who share nothing is taken to be gamma distributed, which is never
        negative and as skew as few large customers make it. On each side its distance from the
        forecast and that of the shared error add up in squares, as logarithms.

        Parameters
        ----------
        total : forecast
        variance : of the total if nothing were shared: the sum of customers' own. Of all
            customers it is part of past errors already; of a small segment it is much of it
        """
        sums = np.asarray(total, dtype=np.float64)
        shared = stats.t.ppf(0.5 + level / 2.0, self.freedom) * self.spread
        low, high = _own(sums, np.asarray(variance, dtype=np.float64), level)
        return sums * np.exp(-np.hypot(shared, low)), sums * np.exp(np.hypot(shared, high))

    def to_json(self) -> Json:
        return asdict(self)


def _own(sums: Floats, variance: Floats, level: float) -> tuple[Floats, Floats]:
    """How far totals of customers who share nothing reach down and up, as logarithms, 0 or more."""
    square = np.divide(variance, sums**2, out=np.zeros_like(sums), where=sums > 0)
    shape = 1.0 / np.maximum(square, 1e-12)
    tail = (1.0 - level) / 2.0
    with np.errstate(divide="ignore"):
        low, high = (np.log(stats.gamma.ppf(q, shape) / shape) for q in (tail, 1.0 - tail))
    # So few may bring nothing at all.
    low = np.where(shape < 1.0, -np.inf, low)
    return np.maximum(-low, 0.0), np.maximum(high, 0.0)
