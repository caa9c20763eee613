"""What figures of windows that overlap tell: less than as many apart would."""

from __future__ import annotations

import numpy as np

from clv.core.types import Floats


def standard_error(values: Floats, alike: Floats) -> float:
    """Of the mean of figures of the same variance that correlate.

    With S the sum of all correlations the mean has the variance sigma^2 S / k^2, and the sample's
    variance is sigma^2 (k^2 - S) / (k^2 - k) in expectation: of figures that go together it is
    too small, and their mean varies more.

    Parameters
    ----------
    values : (k,) two or more
    alike : (k, k) correlations

    References
    ----------
    Bayley & Hammersley (1946), "The 'effective' number of independent observations in an
    autocorrelated time series"
    """
    k, total = len(values), float(alike.sum())
    return float(values.std(ddof=1) * np.sqrt((k - 1) * total / (k * (k**2 - total))))


def freedom(alike: Floats) -> float:
    """Degrees of freedom of a sum of squares, about a known mean, of figures that correlate.

    Parameters
    ----------
    alike : (k, k) correlations

    References
    ----------
    Satterthwaite (1946), "An approximate distribution of estimates of variance components": as
    many as give the sum its variance, which goes with the squares of the correlations
    """
    return len(alike) ** 2 / float(np.square(alike).sum()) if len(alike) else 0.0
