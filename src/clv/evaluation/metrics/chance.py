"""How good a forecast chance is: of buying, or of not buying."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clv.core.types import Bools, Floats, Ints


def brier(happened: Bools, chance: Floats) -> float:
    """Mean squared distance of the chance from what happened (1 or 0): 0 is best."""
    return float(np.mean((chance - happened) ** 2))


@dataclass(frozen=True)
class Reliability:
    """Chances told beside how often it happened, by groups of rising chance.

    Attributes
    ----------
    chance, share : (bins,) mean chance told and share in which it happened
    count : (bins,) customers
    """

    chance: Floats
    share: Floats
    count: Ints

    @property
    def error(self) -> float:
        """Mean distance of the two, weighted by customers."""
        return float(np.sum(np.abs(self.chance - self.share) * self.count) / np.sum(self.count))


def reliability(happened: Bools, chance: Floats, n_bins: int = 10) -> Reliability:
    """Customers in tenths by chance; fewer where chances tie or customers are few.

    References
    ----------
    Murphy & Winkler (1977), "Reliability of subjective probability forecasts", Applied
    Statistics 26
    """
    edges = np.unique(np.quantile(chance, np.arange(1, n_bins) / n_bins))
    at = np.searchsorted(edges, chance, side="left")
    count = np.bincount(at, minlength=len(edges) + 1)
    seen = count > 0
    told = np.bincount(at, weights=chance, minlength=len(count))[seen] / count[seen]
    share = np.bincount(at, weights=happened, minlength=len(count))[seen] / count[seen]
    return Reliability(told, share, count[seen].astype(np.int64))
