"""Whether what customers did before tells what they do next."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from clv.core.types import Floats

#: Standard deviations by which past rankings have to be better than chance.
CHANCE = 2.0
NO_SIGNAL = (
    "What customers did before could not be shown to tell what they do next: on past days they were"
    " ranked no better than by chance. Every customer is forecast the same."
)


def standard_score(actual: Floats, predicted: Floats) -> float:
    """How far the outcome follows the ranking of forecasts, in standard deviations of chance.

    Parameters
    ----------
    actual, predicted : (n,)

    References
    ----------
    Pitman (1937), "Significance tests which may be applied to samples from any populations":
    moments of a correlation when outcomes are dealt at random
    """
    ranks = rankdata(predicted)
    if len(actual) < 2 or np.ptp(ranks) == 0 or np.ptp(actual) == 0:
        return 0.0
    return float(np.corrcoef(ranks, actual)[0, 1] * np.sqrt(len(actual) - 1))


def tells_apart(scores: Sequence[float]) -> bool:
    """Whether the mean standard score of past days is more than chance; so where there is none.

    Parameters
    ----------
    scores : of days half a window apart, so that neighbours share half of their outcome
    """
    k = len(scores)
    return k == 0 or float(np.mean(scores)) > CHANCE * math.sqrt(2.0 * k - 1.0) / k
