"""MBG/NBD: buys at random, may drop out for good after every purchase, the first too.

References
----------
Batislam, Denizel & Filiztekin (2007), Int. J. of Research in Marketing 24; Hoppe & Wagner
(2007), Marketing JRM 3; erratum Wagner & Hoppe (2008), Int. J. of Research in Marketing 25
"""

from __future__ import annotations

from clv.core.types import Floats
from clv.numerics import betageometric, purchases
from clv.numerics.betageometric import BetaGeometricParams, starts
from clv.numerics.covariates import Acts
from clv.numerics.optimise import Fit, Names, Objective

NAMES = Names(
    "MBG/NBD", ("r", "alpha", "a", "b"), *betageometric.RUNAWAY_MEANINGS, purchases.ADVICE
)
#: Covariates multiply the purchase rate, and the odds of dropping out.
ACTS = Acts((0, -1, 0, 0), (0, 0, 1, 0))


class MBGNBDParams(BetaGeometricParams):
    """Purchase rate ~ Gamma(r, alpha), alpha in units of time; dropout chance ~ Beta(a, b)."""

    __slots__ = ()

    @property
    def chances_at_first(self) -> int:
        """The first purchase is a chance to drop out."""
        return 1


def fit(
    x: Floats, t_x: Floats, T: Floats, n: Floats, prior_sd: float | None = None
) -> Fit[MBGNBDParams]:
    """Fit distinct histories, see `purchases.fit` for arguments and errors."""
    histories = (x, t_x, T, n)
    found = purchases.fit(objective, starts, NAMES, histories, prior_sd)
    return Fit.of(MBGNBDParams, *found)


def objective(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient by log(r, alpha, a, b)."""
    return betageometric.objective(1, x, t_x, T, x + 1.0, n)
