"""How forecasts of several models are made one: weights for the ranking, another for the level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from clv.core.types import Floats

#: Between counts and amounts, as the champion's rule has it.
TWEEDIE_POWER = 1.5
#: How firmly weights are held at their prior: the loss of a weight moved by one.
RIDGE = 0.3
#: A forecast of a customer below this share of the mean counts as that.
SMALLEST_SHARE = 0.01
#: Totals are taken to miss by a factor of exp(0.2) until the past tells otherwise ...
LEVEL_SD = 0.2
#: ... and that is believed like so many past totals.
LEVEL_WEIGHT = 2.0


def pooled_weights(
    forecasts: Sequence[Floats], actual: Sequence[Floats], prior: Floats, ridge: float = RIDGE
) -> Floats:
    """Weights of models that together rank and spread customers best, on days gone by.

    Every model's forecasts are first brought to the level of the outcome, so that weights tell
    of customers, not of totals. They minimise the mean Tweedie deviance plus
    ridge * sum (w - prior)^2, each day counting alike.

    Parameters
    ----------
    forecasts : per day, (n, models), out of time
    actual : per day, (n,)
    prior : (models,) summing to 1

    Returns
    -------
    (models,) not below 0, summing to 1; the prior where nothing was ever bought

    References
    ----------
    Bates & Granger (1969), "The combination of forecasts"; Breiman (1996), "Stacked
    regressions" (weights not below zero); shrunken to equal ones, as Stock & Watson (2004) find
    hard to beat
    """
    days = [
        (shares(each), outcome / outcome.mean())
        for each, outcome in zip(forecasts, actual, strict=True)
        if outcome.sum() > 0
    ]
    if not days:
        return prior
    open_ = prior > 0

    def loss(logits: Floats) -> tuple[float, Floats]:
        w = _softmax(logits)
        value, gradient = 0.0, np.zeros(len(w))
        for each, outcome in days:
            mu = np.maximum(each[:, open_] @ w, SMALLEST_SHARE)
            value += float(np.mean(4.0 * (outcome / np.sqrt(mu) + np.sqrt(mu))))
            slope = 2.0 / np.sqrt(mu) - 2.0 * outcome * mu**-1.5
            gradient += each[:, open_].T @ slope / len(outcome)
        away = w - prior[open_]
        value = value / len(days) + ridge * float(away @ away)
        gradient = gradient / len(days) + 2.0 * ridge * away
        return value, w * (gradient - float(gradient @ w))

    best = minimize(loss, np.log(prior[open_]), jac=True, method="L-BFGS-B")
    weights = np.zeros(len(prior))
    weights[open_] = _softmax(best.x)
    return weights


def shares(forecasts: Floats) -> Floats:
    """(n, models) forecasts in units of each model's mean."""
    return np.asarray(forecasts / np.maximum(forecasts.mean(axis=0), 1e-300))


def level_weights(totals: Floats, actual: Floats, prior: Floats) -> Floats:
    """Weights of models for the total: the less its totals missed, the more a model counts.

    Parameters
    ----------
    totals : (days, models) forecast out of time; NaN where a model could not be fitted yet
    actual : (days,) what came, above 0
    prior : (models,) how much each counts before the past is asked; 0 for no say at all

    Returns
    -------
    (models,) for the logarithms of totals, summing to 1
    """
    missed = np.log(np.maximum(totals, 1e-9) / actual[:, None]) ** 2
    n = LEVEL_WEIGHT + np.isfinite(missed).sum(axis=0)
    variance = (LEVEL_WEIGHT * LEVEL_SD**2 + np.nansum(missed, axis=0)) / n
    weights = prior / variance
    return np.asarray(weights / weights.sum())


def multipliers(totals: Floats, weights: Floats, levels: Floats) -> Floats:
    """One factor a model: the pooled forecast of a customer is their sum product.

    Parameters
    ----------
    totals : (models,) forecast for all customers
    weights : (models,) of customers' shares in the total, as `pooled_weights` gives them
    levels : (models,) of the totals' logarithms, as `level_weights` gives them

    Returns
    -------
    (models,) such that all customers' pooled forecasts add up to the pooled total
    """
    speaks = totals > 0
    told, shares = levels * speaks, weights * speaks
    if told.sum() <= 0 or shares.sum() <= 0:
        return np.zeros(len(totals))
    logs = np.log(np.where(speaks, totals, 1.0))
    total = np.exp(told @ logs / told.sum())
    each: Floats = np.zeros(len(totals))
    np.divide(shares / shares.sum() * total, totals, out=each, where=speaks)
    return each


def _softmax(logits: Floats) -> Floats:
    e = np.exp(logits - logits.max())
    return np.asarray(e / e.sum())
