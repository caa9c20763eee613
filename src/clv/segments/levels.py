"""CLV level, value tier, and whether they agree with the RFM segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from clv.core.errors import HistoryError, LogError, RunError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Floats, Json

#: Share of the population at or below which a customer has not yet reached the level.
LEVELS = ("Low", "Mid", "High", "Top")
LEVEL_QUANTILES = (0.50, 0.80, 0.95)

TIERS = ("Low-CLV", "Growth-Potential", "High-CLV")
TIER_QUANTILES = (0.50, 0.80)

#: The level a segment is expected to be worth.
EXPECTED_LEVEL = {
    "Lost": "Low",
    "At Risk": "Low",
    "Potential Loyalists": "Mid",
    "Loyal Customers": "High",
    "Champions": "Top",
}

ALIGNED = "Aligned"
ABOVE = "CLV above segment"
BELOW = "CLV below segment"

_LEVELS, _TIERS = (np.array(names, dtype=object) for names in (LEVELS, TIERS))

#: Share of a customer's lifetime value that winning one like them may cost.
CAC_SHARE = 0.30


class LevelCuts:
    """Cut points of CLV learned from a population, by which any customer can be placed alone.

    A level is the number of cut points strictly below the value: at most 5 % of the
    population are Top and at most 20 % High or Top, equal values share a level, and where
    all are worth the same nobody stands above Low.

    Attributes
    ----------
    level_cuts_ : (3,) CLV at the quantiles 50 %, 80 % and 95 %
    tier_cuts_ : (2,) CLV at the quantiles 50 % and 80 %
    """

    def fit(self, clv: ArrayLike) -> Self:
        """Learn the cut points.

        Parameters
        ----------
        clv : (n,) forecast value of every customer of the population

        Raises
        ------
        HistoryError : no customer to learn from
        LogError : a value is missing or infinite
        """
        values = _checked(clv)
        if len(values) == 0:
            raise HistoryError(
                "clv level: no customer to learn the cut points from. Fit on a log with customers."
            )
        self.level_cuts_ = _quantiles(values, LEVEL_QUANTILES)
        self.tier_cuts_ = _quantiles(values, TIER_QUANTILES)
        return self

    def level(self, clv: ArrayLike) -> NDArray[np.object_]:
        """(n,) Low, Mid, High or Top, never lower for a higher CLV.

        Raises
        ------
        LogError : a value is missing or infinite
        """
        return np.asarray(_LEVELS[self.level_cuts_.searchsorted(_checked(clv), side="left")])

    def value_tier(self, clv: ArrayLike) -> NDArray[np.object_]:
        """(n,) High-CLV (the top 20 %), Growth-Potential (the next 30 %) or Low-CLV.

        Raises
        ------
        LogError : a value is missing or infinite
        """
        return np.asarray(_TIERS[self.tier_cuts_.searchsorted(_checked(clv), side="left")])

    def to_json(self) -> Json:
        return {"level_cuts": self.level_cuts_.tolist(), "tier_cuts": self.tier_cuts_.tolist()}

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read what ``to_json`` wrote.

        Raises
        ------
        RunError : a cut point is missing or not a number
        """
        cuts = cls()
        try:
            cuts.level_cuts_ = np.asarray(content["level_cuts"], dtype=np.float64)
            cuts.tier_cuts_ = np.asarray(content["tier_cuts"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"clv level: the saved cut points cannot be read ({error}). Fit again."
            ) from error
        return cuts


def mismatch(segment: ArrayLike, level: ArrayLike) -> NDArray[np.object_]:
    """Whether the CLV level is what the RFM segment leads to expect, or which way they differ.

    Parameters
    ----------
    segment : (n,) names of ``clv.segments.rfm.SEGMENT_FLOORS``
    level : (n,) Low, Mid, High or Top

    Returns
    -------
    (n,) "Aligned", "CLV above segment" or "CLV below segment"

    Raises
    ------
    LogError : a segment or level of another name
    """
    expected_rank = {name: LEVELS.index(expected) for name, expected in EXPECTED_LEVEL.items()}
    expected = _ranks(segment, expected_rank, "segment")
    found = _ranks(level, {name: rank for rank, name in enumerate(LEVELS)}, "clv level")
    names = np.asarray([BELOW, ALIGNED, ABOVE], dtype=object)
    return np.asarray(names[1 + np.sign(found - expected)])


def recommended_cac(clv: ArrayLike) -> Floats:
    """(n,) what winning one such customer may cost: 30 % of the value, never negative."""
    return np.asarray(CAC_SHARE * np.maximum(clv, 0.0), dtype=np.float64)


def _ranks(names: ArrayLike, rank: dict[str, int], what: str) -> NDArray[np.int64]:
    values = np.atleast_1d(np.asarray(names, dtype=object))
    ranks = np.full(len(values), -1, dtype=np.int64)
    for name, place in rank.items():
        ranks[values == name] = place
    if n := int((ranks < 0).sum()):
        raise LogError(
            f"mismatch: {n} {what}(s) of an unknown name, the first"
            f" {values[ranks < 0][0]!r}. Known are {', '.join(rank)}."
        )
    return ranks


def _quantiles(values: Floats, at: tuple[float, ...]) -> Floats:
    return np.asarray(np.quantile(values, at, method="inverted_cdf"), dtype=np.float64)


def _checked(clv: ArrayLike) -> Floats:
    values = np.atleast_1d(np.asarray(clv, dtype=np.float64))
    finite = np.isfinite(values)
    if not finite.all():
        wrong = np.flatnonzero(~finite)
        raise LogError(
            f"clv level: the CLV is missing or infinite for {len(wrong)} customer(s), the first in"
            f" row {wrong[0]}. Forecast them first or leave them out."
        )
    return values
