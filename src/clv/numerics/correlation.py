"""Correlation of two columns, and how surprising it would be without a relation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr

from clv.core.types import Floats


class Correlation(NamedTuple):
    """Coefficient in [-1, 1] and the two-sided p-value that it is 0; 0 and 1 where undefined."""

    coefficient: float
    p_value: float


def pearson(a: Floats, b: Floats) -> Correlation:
    """Linear correlation.

    Parameters
    ----------
    a, b : (n,) each

    Returns
    -------
    Correlation : (0, 1) below 3 rows or where a column is constant
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    n = len(a)
    if n < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return Correlation(0.0, 1.0)
    da, db = a - a.mean(), b - b.mean()
    r = float(np.clip(da @ db / np.sqrt((da @ da) * (db @ db)), -1.0, 1.0))
    if abs(r) == 1.0:
        return Correlation(r, 0.0)
    t = abs(r) * np.sqrt((n - 2) / ((1.0 - r) * (1.0 + r)))
    return Correlation(r, float(2.0 * stdtr(n - 2, -t)))


def spearman(a: Floats, b: Floats) -> Correlation:
    """Correlation of ranks, ties sharing their mean rank.

    Parameters
    ----------
    a, b : (n,) each

    Returns
    -------
    Correlation : as of `pearson`
    """
    return pearson(_ranks(a), _ranks(b))


def _ranks(values: Floats) -> Floats:
    _, place, n = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(n) - (n - 1) / 2.0)[place])
