"""Customers whose spend follows from their features by a known rule, for tests of learners."""

import numpy as np

from clv.models.learners.rows import Rows

NAMES = ("drive", "basket", "maybe", "noise", "flag", "same")


def planted(n: int, seed: int) -> Rows:
    """Two fifths buy; `drive` decides whether, `basket` how much, a missing `maybe` adds to it."""
    rng = np.random.default_rng(seed)
    drive, noise = rng.normal(size=(2, n))
    basket = 40.0 * np.exp(rng.normal(size=n))
    maybe = np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n))
    flag = (rng.random(n) < 0.5).astype(float)
    chance = 1.0 / (1.0 + np.exp(0.6 - 2.0 * drive))
    spend = basket * (1.0 + 0.5 * np.isnan(maybe)) * rng.gamma(3.0, 1.0 / 3.0, n)
    bought = rng.random(n) < chance
    X = np.column_stack([drive, basket, maybe, noise, flag, np.ones(n)])
    return Rows.of(X, NAMES, np.where(bought, spend, 0.0), bought)
