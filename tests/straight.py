"""A learner whose contributions are known: straight lines through columns, absent ones 0."""

from __future__ import annotations

import numpy as np


class Straight:
    """log(forecast) = sum of slope x column.

    Parameters
    ----------
    names : of the columns
    slopes : by column; 0 for those not named
    """

    name = "straight"

    def __init__(self, names, slopes):
        assert set(slopes) <= set(names)
        self.names = tuple(names)
        self.slopes = np.array([slopes.get(name, 0.0) for name in names])

    def effects(self, X):
        return np.nan_to_num(X) * self.slopes

    def predict(self, X):
        return np.exp(self.effects(X).sum(axis=1))

    def importance(self):
        sizes = np.abs(self.slopes)
        return dict(zip(self.names, sizes / sizes.sum(), strict=True))
