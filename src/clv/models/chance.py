"""Chances of a purchase: how they are pooled, and how told ones become true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit, xlogy

from clv.core.types import Bools, Floats, Json

#: Chances are told apart from 0 and 1 by this.
SMALLEST = 1e-6
#: How firmly one day's chances are held to what was told: the loss of moving all log-odds by one.
RIDGE = 0.01
#: The same of stretching them by one.
RIDGE_OF_SLOPE = 0.04


@dataclass(frozen=True)
class Calibration:
    """True log-odds as a straight line over told ones.

    Attributes
    ----------
    shift, slope : 0 and 1 leave chances as they are

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines"; the slope is Cox's (1958)
    """

    shift: float = 0.0
    slope: float = 1.0

    @classmethod
    def learn(cls, told: Sequence[Floats], happened: Sequence[Bools]) -> Self:
        """From past days, each counting alike; held to no change the firmer, the fewer they are.

        Parameters
        ----------
        told : per day, (n,) log-odds
        happened : per day, (n,)
        """
        if not told:
            return cls()
        held = np.array([RIDGE, RIDGE_OF_SLOPE]) / len(told)

        def loss(line: Floats) -> tuple[float, Floats]:
            a, b = line
            away = np.array([a, b - 1.0])
            value = float(held @ away**2)
            gradient = 2.0 * held * away
            for z, y in zip(told, happened, strict=True):
                chance = expit(a + b * z)
                surprise = -(xlogy(y, chance) + xlogy(1.0 - y, 1.0 - chance))
                value += float(surprise.mean()) / len(told)
                gradient += np.array([(chance - y).mean(), ((chance - y) * z).mean()]) / len(told)
            return value, gradient

        best = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B")
        return cls(float(best.x[0]), float(best.x[1]))

    def of(self, odds: Floats) -> Floats:
        """True chances, (n,), of told log-odds."""
        return np.asarray(expit(self.shift + self.slope * odds), dtype=np.float64)

    def to_json(self) -> Json:
        return asdict(self)


def log_odds(chance: Floats) -> Floats:
    """(n,) finite, also of chances of 0 and 1."""
    inside = np.minimum(np.maximum(chance, SMALLEST), 1.0 - SMALLEST)
    return np.asarray(logit(inside), dtype=np.float64)
