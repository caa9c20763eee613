"""RFM scores from quintiles of the population, and the segments named after their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from clv.core.errors import HistoryError, LogError, RunError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from clv.core.types import Floats, Json

QUINTILES = (0.2, 0.4, 0.6, 0.8)

#: Sum of the three scores from which a segment begins, in ascending order.
SEGMENT_FLOORS = {
    "Lost": 3,
    "At Risk": 4,
    "Potential Loyalists": 7,
    "Loyal Customers": 10,
    "Champions": 13,
}
#: Those of the segments above the lowest.
_FLOORS = np.array(list(SEGMENT_FLOORS.values())[1:])
_NAMES = np.array(list(SEGMENT_FLOORS), dtype=object)
#: Segment of each sum, by its place.
SEGMENT_OF = tuple(_NAMES[_FLOORS.searchsorted(range(16), side="right")].tolist())


class RFMScores(NamedTuple):
    """Scores 1 to 5, 5 the best: (n,) int8 each."""

    r: NDArray[np.int8]
    f: NDArray[np.int8]
    m: NDArray[np.int8]

    @property
    def total(self) -> NDArray[np.int8]:
        """(n,) their sum, 3 to 15."""
        return np.asarray(self.r + self.f + self.m, dtype=np.int8)


class RFMScorer:
    """Quintile cut points learned from a population, by which any customer can be scored alone.

    A score is one more than the number of cut points strictly below the value, so score k
    says: at least (k - 1) fifths of the population are strictly worse. Equal values get
    equal scores, and a value shared by most customers (one purchase, say) gets the score of
    the worst of them rather than being split by chance.

    Attributes
    ----------
    recency_cuts_ : (4,) days since the last purchase, negated so that larger is better
    frequency_cuts_ : (4,) purchase days
    monetary_cuts_ : (4,) total net spend, in the log's currency

    References
    ----------
    Hughes (1994), Strategic Database Marketing
    """

    def fit(self, recency_days: ArrayLike, frequency: ArrayLike, monetary: ArrayLike) -> Self:
        """Learn the cut points.

        Parameters
        ----------
        recency_days : (n,) days since the last purchase
        frequency : (n,) purchase days
        monetary : (n,) total net spend, in the log's currency

        Raises
        ------
        HistoryError : no customer to learn from
        LogError : a value is missing or infinite
        """
        recency, purchases, spend = _checked(recency_days, frequency, monetary)
        if len(recency) == 0:
            raise HistoryError(
                "rfm: no customer to learn the quintiles from. Fit on a log with customers."
            )
        self.recency_cuts_ = _quintiles(-recency)
        self.frequency_cuts_ = _quintiles(purchases)
        self.monetary_cuts_ = _quintiles(spend)
        return self

    def score(
        self, recency_days: ArrayLike, frequency: ArrayLike, monetary: ArrayLike
    ) -> RFMScores:
        """Scores of customers, in their order, by the population's cut points.

        Parameters
        ----------
        recency_days, frequency, monetary : (n,) as in ``fit``

        Raises
        ------
        LogError : a value is missing or infinite
        """
        recency, purchases, spend = _checked(recency_days, frequency, monetary)
        return RFMScores(
            _score(-recency, self.recency_cuts_),
            _score(purchases, self.frequency_cuts_),
            _score(spend, self.monetary_cuts_),
        )

    def to_json(self) -> Json:
        return {
            "recency_cuts": self.recency_cuts_.tolist(),
            "frequency_cuts": self.frequency_cuts_.tolist(),
            "monetary_cuts": self.monetary_cuts_.tolist(),
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read what ``to_json`` wrote.

        Raises
        ------
        RunError : a cut point is missing or not a number
        """
        scorer = cls()
        try:
            cuts = {
                name: np.asarray(content[f"{name}_cuts"], dtype=np.float64)
                for name in ("recency", "frequency", "monetary")
            }
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"rfm: the saved cut points cannot be read ({error}). Fit again.") from (
                error
            )
        scorer.recency_cuts_ = cuts["recency"]
        scorer.frequency_cuts_ = cuts["frequency"]
        scorer.monetary_cuts_ = cuts["monetary"]
        return scorer


def segment(total: ArrayLike) -> NDArray[np.object_]:
    """Name of the segment of each sum of scores.

    Champions 13-15, Loyal Customers 10-12, Potential Loyalists 7-9, At Risk 4-6, Lost 3.

    Parameters
    ----------
    total : (n,) r + f + m, 3 to 15

    Returns
    -------
    (n,) names
    """
    return np.asarray(_NAMES[_FLOORS.searchsorted(total, side="right")])


def _quintiles(values: Floats) -> Floats:
    return np.asarray(np.quantile(values, QUINTILES, method="inverted_cdf"), dtype=np.float64)


def _score(values: Floats, cuts: Floats) -> NDArray[np.int8]:
    return (1 + cuts.searchsorted(values, side="left")).astype(np.int8)


def _checked(
    recency_days: ArrayLike, frequency: ArrayLike, monetary: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    found = np.array([recency_days, frequency, monetary], dtype=np.float64).reshape(3, -1)
    finite = np.isfinite(found)
    if not finite.all():
        for name, known in zip(("recency", "frequency", "monetary value"), finite, strict=True):
            wrong = np.flatnonzero(~known)
            if not len(wrong):
                continue
            raise LogError(
                f"rfm: {name} is missing or infinite for {len(wrong)} customer(s), the first in"
                f" row {wrong[0]}. Leave them out or give the number."
            )
    recency, purchases, spend = found
    return recency, purchases, spend
