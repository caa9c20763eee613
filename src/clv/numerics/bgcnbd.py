"""BG/CNBD-k: buys in a rhythm, may drop out for good after each repeat purchase.

References
----------
Platzer & Reutterer (2016), Marketing Science 35; Reutterer, Platzer & Schröder (2021), Int. J. of
Research in Marketing 38
"""

from __future__ import annotations

from clv.core.types import Floats
from clv.numerics import cnbd
from clv.numerics.cnbd import CNBDParams
from clv.numerics.optimise import Fit

NAME = "BG/CNBD"


class BGCNBDParams(CNBDParams):
    """Tick rate ~ Gamma(r, alpha), alpha in units of time; dropout chance ~ Beta(a, b)."""

    __slots__ = ()


def fit(
    x: Floats,
    t_x: Floats,
    T: Floats,
    n: Floats,
    prior_sd: float | None = None,
    *,
    k: int = 2,
    total_log_gaps: float | None = None,
) -> Fit[BGCNBDParams]:
    """Fit distinct histories, see `cnbd.fit` for arguments and errors."""
    return cnbd.fit(BGCNBDParams, NAME, 0, k, (x, t_x, T, n), prior_sd, total_log_gaps)
