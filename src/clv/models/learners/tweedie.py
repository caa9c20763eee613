"""Tweedie's deviance with a logarithmic link, minimised under a ridge."""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from clv.core.errors import FitError
from clv.core.types import Floats

STEPS, HALVINGS = 100, 40
#: Decrease of the loss that the next step promises, below which it is not taken.
ENOUGH = 1e-12


def loss(log_mean: Floats, y: Floats, power: float) -> Floats:
    """(n,) half the deviance, less what does not depend on the mean.

    Parameters
    ----------
    log_mean, y : (n,) logarithm of the mean; what was seen, 0 or more
    power : between 1 and 2

    References
    ----------
    Jørgensen (1987), "Exponential dispersion models"
    """
    return np.asarray(
        np.exp((2.0 - power) * log_mean) / (2.0 - power)
        + y * np.exp((1.0 - power) * log_mean) / (power - 1.0)
    )


def deviance(columns: Floats, y: Floats, weight: Floats, power: float, at: Floats) -> float:
    """Weighted mean unit deviance of what coefficients expect.

    Parameters
    ----------
    columns, y, weight, power : as in `fit`
    at : (k + 1,) intercept, then coefficients
    """
    least = y ** (2.0 - power) / ((2.0 - power) * (power - 1.0))
    away = loss(at[0] + columns @ at[1:], y, power) - least
    return float(2.0 * np.average(away, weights=weight))


def fit(
    columns: Floats, y: Floats, weight: Floats, power: float, ridge: float, start: Floats
) -> Floats:
    """Coefficients at which the mean loss and half the ridge times their square are least.

    Newton's method: the loss is convex, so there is one such place.

    Parameters
    ----------
    columns : (n, k)
    y, weight : (n,) what was seen, 0 or more; what each row counts
    power : between 1 and 2
    ridge : above 0; the intercept is left free of it
    start : (k + 1,) intercept, then coefficients, to set out from

    Returns
    -------
    (k + 1,) intercept, then coefficients

    Raises
    ------
    FitError : no lower place is found along a step, or none in many steps, or the ridge is too low
        for columns that repeat one another
    """
    weight = weight / weight.sum()
    found = start.copy()
    pull = np.full(len(found), ridge)
    pull[0] = 0.0

    def height(at: Floats) -> float:
        log_mean = at[0] + columns @ at[1:]
        # A step too far is infinitely high.
        with np.errstate(over="ignore", invalid="ignore"):
            return float(weight @ loss(log_mean, y, power) + 0.5 * at @ (pull * at))

    now = height(found)
    for _ in range(STEPS):
        log_mean = found[0] + columns @ found[1:]
        expected = weight * np.exp((2.0 - power) * log_mean)
        seen = weight * y * np.exp((1.0 - power) * log_mean)
        slope = _totals(columns, expected - seen) + pull * found
        bend = _gram(columns, (2.0 - power) * expected + (power - 1.0) * seen, pull)
        try:
            step = cho_solve(cho_factor(bend), slope)
        except LinAlgError:
            raise FitError("linear model: features repeat one another. Raise the ridge.") from None
        promised = float(slope @ step)
        if promised < ENOUGH:
            return found
        for halving in range(HALVINGS):
            ahead = found - step * 0.5**halving
            then = height(ahead)
            if then <= now - 1e-4 * promised * 0.5**halving:
                break
        else:
            return _stuck(promised, found)
        found, now = ahead, then
    raise FitError(f"linear model: {STEPS} steps did not reach the best. Raise the ridge.")


def _stuck(promised: float, found: Floats) -> Floats:
    """Where rounding hides further progress, the place reached."""
    if promised > np.sqrt(ENOUGH):
        raise FitError("linear model: no step improves it. Raise the ridge.")
    return found


def _totals(columns: Floats, factor: Floats) -> Floats:
    return np.concatenate([[factor.sum()], factor @ columns])


def _gram(columns: Floats, factor: Floats, pull: Floats) -> Floats:
    """(k + 1, k + 1) second derivatives: of weighted columns and the intercept, and the ridge."""
    k = columns.shape[1]
    found = np.empty((k + 1, k + 1))
    weighted = columns * factor[:, None]
    found[0, 0] = factor.sum()
    found[0, 1:] = found[1:, 0] = weighted.sum(axis=0)
    found[1:, 1:] = columns.T @ weighted
    found[np.diag_indices(k + 1)] += pull
    return found
