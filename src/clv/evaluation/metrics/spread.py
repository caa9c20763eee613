"""How true a predictive distribution is: coverage, probability integral transform, CRPS.

A customer's outcome has an atom at zero, so the share inside an interval flatters: whoever
cannot fall below zero is inside. Judge by the share above, by the randomised transform, by CRPS.
"""

from __future__ import annotations

import numpy as np

from clv.core.types import Floats


def coverage(actual: Floats, lower: Floats, upper: Floats) -> tuple[float, float, float]:
    """Share of outcomes below, inside and above their interval, ends included."""
    below = float(np.mean(actual < lower))
    above = float(np.mean(actual > upper))
    return below, 1.0 - below - above, above


def crps(actual: Floats, levels: Floats, quantiles: Floats) -> float:
    """Mean continuous ranked probability score: distance of a distribution from what came.

    In the unit of the outcome; the mean absolute error where the distribution is a point.

    Parameters
    ----------
    actual : (n,)
    levels : (k,) evenly spaced in (0, 1), each in the middle of its part: (i + 1/2) / k
    quantiles : (n, k) of each customer's distribution

    References
    ----------
    Gneiting & Raftery (2007), "Strictly proper scoring rules", JASA 102: twice the mean
    quantile loss
    """
    over = quantiles - actual[:, None]
    return float(2.0 * np.mean(np.where(over >= 0, 1.0 - levels, -levels) * over))


def pit(below: Floats, at_most: Floats, seed: int) -> Floats:
    """Where outcomes fell in their distributions: uniform where those are true.

    Parameters
    ----------
    below, at_most : (n,) chance told of less than the outcome, and of no more than it; they
        differ where the outcome is an atom
    seed : of the draw between the two

    Returns
    -------
    (n,) in [0, 1]

    References
    ----------
    Czado, Gneiting & Held (2009), "Predictive model assessment for count data", Biometrics 65
    """
    return below + np.random.default_rng(seed).random(len(below)) * (at_most - below)


def pit_distance(values: Floats) -> float:
    """Largest distance of the transform's distribution from the uniform one."""
    ranked, n = np.sort(values), len(values)
    steps = np.arange(n + 1) / n
    return float(max(np.max(steps[1:] - ranked), np.max(ranked - steps[:-1])))
