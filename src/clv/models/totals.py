"""How far totals may miss: what customers share, learned from totals of the past."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from scipy import stats

from clv.core.types import Floats, Json
from clv.models.pooling import LEVEL_SD, LEVEL_WEIGHT


@dataclass(frozen=True)
class TotalError:
    """Logarithms of outcome over forecast: a Student distribution around 0.

    Customers err together (season, growth, decay), so adding up their own intervals, or a
    model's parameter uncertainty, is far too narrow. Few past totals tell little of how far the
    next may miss, so they are laid over `LEVEL_WEIGHT` totals that missed by `LEVEL_SD`.

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
    def learn(cls, forecast: Sequence[float], actual: Sequence[float]) -> Self:
        """From past totals; those where nothing was forecast or bought tell nothing.

        References
        ----------
        Gelman et al. (2013), "Bayesian data analysis", 2.6: Normal with known mean and a
        scaled inverse chi-square prior
        """
        missed = [
            math.log(came / said)
            for said, came in zip(forecast, actual, strict=True)
            if said > 0 and came > 0
        ]
        n = LEVEL_WEIGHT + len(missed)
        square = (LEVEL_WEIGHT * LEVEL_SD**2 + float(np.square(missed).sum())) / n
        return cls(math.sqrt(square * (1.0 + 1.0 / n)), n, len(missed))

    def interval(
        self, total: float | Floats, level: float, variance: float | Floats = 0.0
    ) -> tuple[Floats, Floats]:
        """Ends of totals, however many.

        Parameters
        ----------
        total : forecast
        variance : of the total if nothing were shared: the sum of customers' own. Of all
            customers it is part of past errors already; of a small segment it is much of it
        """
        sums = np.asarray(total, dtype=np.float64)
        own = np.divide(variance, sums**2, out=np.zeros_like(sums), where=sums > 0)
        half = stats.t.ppf(0.5 + level / 2.0, self.freedom) * np.sqrt(self.spread**2 + own)
        return sums * np.exp(-half), sums * np.exp(half)

    def to_json(self) -> Json:
        return asdict(self)
