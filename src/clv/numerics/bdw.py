"""Beta-discrete-Weibull: as the sBG, but a customer's own chance to leave changes with tenure.

With c = 1 it is the sBG; above, a customer grows likelier to leave with each renewal, below, less
likely. What its parameters say of customers is in `contracts`.
"""

from __future__ import annotations

from typing import NamedTuple

from clv.core.types import Floats
from clv.numerics import contracts
from clv.numerics.cohorts import check as check
from clv.numerics.optimise import Fit, Names

NAMES = Names(
    "beta-discrete-Weibull",
    ("alpha", "beta", "c"),
    (
        contracts.NOBODY_LEAVES,
        contracts.ALL_OR_NOTHING,
        "customers who survive the first renewal never leave",
    ),
    (contracts.ALIKE, contracts.ALIKE, "all customers leave at the same renewal"),
    contracts.ADVICE,
)
STARTS: list[tuple[float, ...]] = [(1.0, 3.0, 1.0), (1.0, 20.0, 1.0), (0.5, 2.0, 1.5)]


class BDWParams(NamedTuple):
    """u ~ Beta(alpha, beta); tenure counts as t^c renewals."""

    alpha: float
    beta: float
    c: float


def fit(t: Floats, lost: Floats, n: Floats, prior_sd: float | None = None) -> Fit[BDWParams]:
    """Maximum likelihood, or with a prior maximum a posteriori, from distinct histories.

    Parameters
    ----------
    t, lost, n : (d,) as in `cohorts.Cohort`; cohorts of different age may be mixed
    prior_sd : of a Normal prior on each log-parameter, around (1, 3, 1); None for none

    Returns
    -------
    Fit

    Raises
    ------
    HistoryError : a history that cannot be
    FitError : a parameter runs away; says which and what it means

    References
    ----------
    Fader, Hardie, Liu, Davin & Steenburgh (2018), Journal of Interactive Marketing 43
    """
    return contracts.fit(BDWParams, STARTS, NAMES, (t, lost, n), prior_sd)
