"""Each customer's mean spend, drawn toward the population's as far as chance may explain it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clv.core.types import Floats

#: Spends beyond this quantile are cut to it where variances are estimated.
LARGEST_QUANTILE = 0.99
#: Weight of the population, in orders, where the data say nothing about it.
UNKNOWN_WEIGHT = 1.0
LARGEST_WEIGHT = 1e6


class ShrunkenMean(NamedTuple):
    """What a customer's mean spend per order is drawn toward, and how far.

    Attributes
    ----------
    mean : of the population; of those with one order where the slope is not 0
    weight : how many of a customer's own orders the population weighs
    slope : the population's mean is mean x^slope for who made x orders
    """

    mean: float
    weight: float
    slope: float = 0.0


def shrunken_mean(
    x: Floats,
    m: Floats,
    repeat: Floats,
    first: Floats,
    rest: Floats,
    *,
    by_frequency: bool = False,
) -> ShrunkenMean:
    """Buehlmann's credibility: the variance within customers over that between them.

    Within: the first order against the mean of the others. Between: the variance of the
    customers' means, less what the former adds to it.

    Parameters
    ----------
    x : (n,) orders averaged
    m : (n,) mean spend over them; customers with none, or not positive, take no part
    repeat : (n,) repeat orders
    first : (n,) spend on the first order
    rest : (n,) spend on the repeat orders together
    by_frequency : whether frequent buyers have a mean of their own, a power of x

    Returns
    -------
    ShrunkenMean : weight 1 where nobody has two orders, 1e6 where customers do not differ

    References
    ----------
    Buehlmann & Gisler (2005), A Course in Credibility Theory, chapter 4
    """
    seen = (x > 0) & (m > 0)
    if not seen.any():
        return ShrunkenMean(0.0, UNKNOWN_WEIGHT)
    slope = _slope(np.log(x[seen]), np.log(m[seen])) if by_frequency else 0.0
    # Spend varies in proportion to its mean: per unit of it, customers compare.
    expected = np.maximum(x, 1.0) ** slope
    m, first, rest = m / expected, first / expected, rest / expected
    mean = float((m * expected)[seen].sum() / expected[seen].sum())
    largest = float(np.quantile(m[seen], LARGEST_QUANTILE))
    pairs = seen & (repeat > 0)
    if pairs.sum() < 2:
        return ShrunkenMean(mean, UNKNOWN_WEIGHT, slope)
    difference = np.minimum(first[pairs], largest) - np.minimum(
        rest[pairs] / repeat[pairs], largest
    )
    within = float(np.mean(difference**2 / (1.0 + 1.0 / repeat[pairs])))
    between = float(np.var(np.minimum(m[seen], largest))) - within * float(np.mean(1.0 / x[seen]))
    if between <= within / LARGEST_WEIGHT:
        return ShrunkenMean(mean, LARGEST_WEIGHT, slope)
    return ShrunkenMean(mean, within / between, slope)


def _slope(log_x: Floats, log_m: Floats) -> float:
    """Of the line of least squares; 0 where all x are the same."""
    away = log_x - log_x.mean()
    spread = float((away**2).sum())
    return float((away * log_m).sum() / spread) if spread > 0 else 0.0


def expected_value(s: ShrunkenMean, x: Floats, m: Floats) -> Floats:
    """Mean spend per order expected of each customer, given theirs so far.

    Parameters
    ----------
    s : as `shrunken_mean` gives it
    x : (n,) orders averaged; 0 where there is none
    m : (n,) mean spend over them; anything finite where x = 0

    Returns
    -------
    (n,) between m and the population's mean at x; s.mean where x = 0
    """
    own = np.divide(x, x + s.weight, out=np.zeros_like(x), where=x > 0)
    of_others = s.mean * np.maximum(x, 1.0) ** s.slope
    return np.asarray((1.0 - own) * of_others + own * m)
