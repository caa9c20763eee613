"""MBG/CNBD-k: buys in a rhythm, may drop out for good after every purchase, the first too.

References
----------
Platzer (2008), master's thesis, Vienna, as CBG/CNBD-k; Reutterer, Platzer & Schröder (2021), Int.
J. of Research in Marketing 38
"""

from __future__ import annotations

from clv.core.types import Floats
from clv.numerics import cnbd
from clv.numerics.cnbd import CNBDParams
from clv.numerics.optimise import Fit

NAME = "MBG/CNBD"


class MBGCNBDParams(CNBDParams):
    """Tick rate ~ Gamma(r, alpha), alpha in units of time; dropout chance ~ Beta(a, b)."""

    __slots__ = ()

    @property
    def chances_at_first(self) -> int:
        """The first purchase is a chance to drop out."""
        return 1


def fit(
    x: Floats,
    t_x: Floats,
    T: Floats,
    n: Floats,
    prior_sd: float | None = None,
    *,
    k: int = 2,
    total_log_gaps: float | None = None,
) -> Fit[MBGCNBDParams]:
    """Fit distinct histories, see `cnbd.fit` for arguments and errors."""
    return cnbd.fit(MBGCNBDParams, NAME, 1, k, (x, t_x, T, n), prior_sd, total_log_gaps)
