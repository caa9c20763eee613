"""Features as smooth learners need them: on a common scale, absent ones filled and marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from clv.core.types import Bools, Floats

#: Standard deviations beyond which a value counts no further.
FURTHEST = 5.0
#: Relative spread below which a column is the same for all.
FLAT = 1e-9


@dataclass(frozen=True, eq=False)
class Inputs:
    """How a matrix of features becomes standardised inputs.

    A feature is divided by its typical size, so that currency and unit do not matter, compressed
    as sign(v) log(1 + |v|), and standardised. Absent values take the median, and an input of their
    own says so.

    Attributes
    ----------
    size : (f,) median of absolute values other than 0
    lower, upper : (f,) ends of the compressed training values; beyond, a value counts no further
    middle : (f,) median of them
    mean, spread : (f,) of them, once filled
    marked : (f,) whether a value was ever absent
    share_absent : (f,) how often
    """

    size: Floats
    lower: Floats
    upper: Floats
    middle: Floats
    mean: Floats
    spread: Floats
    marked: Bools
    share_absent: Floats

    @classmethod
    def learn(cls, X: Floats, weight: Floats) -> Self:
        """From (n, f) features and (n,) weights."""
        size = np.ones(X.shape[1])
        lower, upper, middle = (np.zeros(X.shape[1]) for _ in range(3))
        for j, column in enumerate(X.T):
            known = column[np.isfinite(column)]
            if (large := np.abs(known[known != 0])).size:
                size[j] = np.median(large)
            if known.size:
                values = _compressed(known / size[j])
                lower[j], upper[j], middle[j] = values.min(), values.max(), np.median(values)
        absent = np.isnan(X)
        filled = _filled(X, size, lower, upper, middle)
        mean = np.average(filled, axis=0, weights=weight)
        spread = np.sqrt(np.average((filled - mean) ** 2, axis=0, weights=weight))
        spread[spread <= FLAT * (1.0 + np.abs(mean))] = np.inf
        share = np.average(absent, axis=0, weights=weight)
        marked = np.asarray(absent.any(axis=0) & ~absent.all(axis=0))
        return cls(size, lower, upper, middle, mean, spread, marked, share)

    def of(self, X: Floats) -> Floats:
        """(n, f + marked) inputs: the standardised features, then marks of absent ones.

        All have a mean of about 0 over the training rows.
        """
        filled = _filled(X, self.size, self.lower, self.upper, self.middle)
        values = np.clip((filled - self.mean) / self.spread, -FURTHEST, FURTHEST)
        marks = np.isnan(X[:, self.marked]) - self.share_absent[self.marked]
        return np.hstack([values, marks])

    @property
    def features(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Which feature each input stems from."""
        return np.concatenate([np.arange(len(self.size)), np.flatnonzero(self.marked)])

    def arrays(self) -> dict[str, Floats | Bools]:
        """What was learned, by name."""
        return dict(self.__dict__)


def _compressed(values: Floats) -> Floats:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _filled(X: Floats, size: Floats, lower: Floats, upper: Floats, middle: Floats) -> Floats:
    values = np.clip(_compressed(X / size), lower, upper)
    return np.where(np.isnan(values), middle, values)
