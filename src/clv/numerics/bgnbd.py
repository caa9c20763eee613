"""BG/NBD: buys at random, may drop out for good after each repeat purchase.

References
----------
Fader, Hardie & Lee (2005), Marketing Science 24, equation 6; P(alive): the same (2008),
brucehardie.com/notes/021
"""

from __future__ import annotations

from clv.core.types import Floats
from clv.numerics import betageometric, purchases
from clv.numerics.betageometric import BetaGeometricParams, starts
from clv.numerics.covariates import Acts
from clv.numerics.optimise import Fit, Names, Objective

NAMES = Names("BG/NBD", ("r", "alpha", "a", "b"), *betageometric.RUNAWAY_MEANINGS, purchases.ADVICE)
#: Covariates multiply the purchase rate, and the odds of dropping out.
ACTS = Acts((0, -1, 0, 0), (0, 0, 1, 0))


class BGNBDParams(BetaGeometricParams):
    """Purchase rate ~ Gamma(r, alpha), alpha in units of time; dropout chance ~ Beta(a, b)."""

    __slots__ = ()


def fit(
    x: Floats, t_x: Floats, T: Floats, n: Floats, prior_sd: float | None = None
) -> Fit[BGNBDParams]:
    """Fit distinct histories, see `purchases.fit` for arguments and errors."""
    histories = (x, t_x, T, n)
    found = purchases.fit(objective, starts, NAMES, histories, prior_sd)
    return Fit.of(BGNBDParams, *found)


def objective(x: Floats, t_x: Floats, T: Floats, n: Floats) -> Objective:
    """Total log-likelihood and its gradient by log(r, alpha, a, b)."""
    return betageometric.objective(1, x, t_x, T, x, n)
