"""Whether what customers did before tells what they do next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from clv.core.types import Floats

#: Standard deviations by which past rankings have to be better than chance; as it is asked in two
#: ways, so far that chance alone passes one time in forty.
CHANCE = 2.25
NO_SIGNAL = (
    "What customers did before could not be shown to tell what they do next: on past days they were"
    " ranked no better than by chance. Every customer is forecast the same."
)


class Scores(NamedTuple):
    """How far outcomes follow a ranking of forecasts, in standard deviations of chance.

    Attributes
    ----------
    amounts : correlation of the ranks with what came
    ranks : correlation of the ranks with those of what came, which no single large order outweighs
    """

    amounts: float
    ranks: float


def standard_scores(actual: Floats, predicted: Floats) -> Scores:
    """How far outcomes follow the ranking of forecasts.

    Parameters
    ----------
    actual, predicted : (n,)

    References
    ----------
    Pitman (1937), "Significance tests which may be applied to samples from any populations":
    moments of a correlation when outcomes are dealt at random
    """
    told = rankdata(predicted)
    if len(actual) < 2 or np.ptp(told) == 0 or np.ptp(actual) == 0:
        return Scores(0.0, 0.0)
    scale = np.sqrt(len(actual) - 1)
    each = [np.corrcoef(told, came)[0, 1] * scale for came in (actual, rankdata(actual))]
    return Scores(float(each[0]), float(each[1]))


def tells_apart(scores: Sequence[Scores]) -> bool:
    """Whether either mean score of past days is more than chance; so where there is none.

    Parameters
    ----------
    scores : of days half a window apart, so that neighbours share half of their outcome
    """
    k = len(scores)
    if k == 0:
        return True
    return float(np.mean(scores, axis=0).max()) > CHANCE * math.sqrt(2.0 * k - 1.0) / k
