"""Shifted beta-geometric: a contract ends at each renewal with a chance that differs by customer.

The chance to leave never changes for a customer. Retention rises with tenure all the same: those
likely to leave have left. What its parameters say of customers is in `contracts`.
"""

from __future__ import annotations

from typing import NamedTuple

from clv.core.types import Floats
from clv.numerics import contracts
from clv.numerics.cohorts import check as check
from clv.numerics.optimise import Fit, Names

NAMES = Names(
    "sBG",
    ("alpha", "beta"),
    (contracts.NOBODY_LEAVES, contracts.ALL_OR_NOTHING),
    (contracts.ALIKE, contracts.ALIKE),
    contracts.ADVICE,
)
STARTS: list[tuple[float, ...]] = [(1.0, 3.0), (1.0, 20.0)]


class SBGParams(NamedTuple):
    """Chance to leave at each renewal ~ Beta(alpha, beta)."""

    alpha: float
    beta: float

    @property
    def c(self) -> float:
        """Tenure counts as it is."""
        return 1.0


def fit(t: Floats, lost: Floats, n: Floats, prior_sd: float | None = None) -> Fit[SBGParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    t, lost, n : (d,) as in `cohorts.Cohort`; cohorts of different age may be mixed
    prior_sd : of a Normal prior on each log-parameter, around (1, 3); None for none

    Returns
    -------
    Fit

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : a parameter runs away; says which and what it means

    References
    ----------
    Fader & Hardie (2007), Journal of Interactive Marketing 21
    """
    return contracts.fit(SBGParams, STARTS, NAMES, (t, lost, n), prior_sd)
