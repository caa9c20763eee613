"""A learner whose contributions are known: straight lines through columns, absent ones 0."""

from __future__ import annotations

import numpy as np

from clv.models.learners.base import Told


class Straight:
    """log(forecast) = sum of slope x column.

    Parameters
    ----------
    names : of the columns
    slopes : by column; 0 for those not named
    name : of the learner
    """

    def __init__(self, names, slopes, name="straight"):
        self.name = name
        assert set(slopes) <= set(names)
        self.names = tuple(names)
        self.slopes = np.array([slopes.get(name, 0.0) for name in names])

    def told(self, X):
        effects = np.nan_to_num(X) * self.slopes
        return Told(np.exp(effects.sum(axis=1)), None, effects)

    def predict(self, X):
        return self.told(X).value

    def importance(self):
        sizes = np.abs(self.slopes)
        return dict(zip(self.names, sizes / sizes.sum(), strict=True))
