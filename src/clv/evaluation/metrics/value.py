"""How near forecasts of value come, and how well they rank. Value in the log's currency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clv.core.types import Floats, Ints

#: Variance grows as mean ** 1.5: between counts (1) and amounts (2), with zeros allowed.
TWEEDIE_POWER = 1.5
#: A forecast of 0 is read as this share of the mean outcome where a logarithm or power needs it.
SMALLEST_SHARE = 0.01


def mean_known(values: Sequence[float | None]) -> float | None:
    """Mean of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def mae(actual: Floats, predicted: Floats) -> float:
    return float(np.mean(np.abs(actual - predicted)))


def r2(actual: Floats, predicted: Floats) -> float:
    """Part of the outcomes' variance that is forecast; NaN where all bought the same."""
    spread = float(np.mean((actual - actual.mean()) ** 2))
    return 1.0 - float(np.mean((actual - predicted) ** 2)) / spread if spread > 0 else float("nan")


def mape(actual: Floats, predicted: Floats) -> float:
    """Mean relative miss of those who bought anything; NaN where nobody did."""
    bought = actual > 0
    if not bought.any():
        return float("nan")
    return float(np.mean(np.abs(predicted[bought] / actual[bought] - 1.0)))


def rmse(actual: Floats, predicted: Floats) -> float:
    return float(np.sqrt(np.mean((actual - predicted) ** 2)))


def bias(actual: Floats, predicted: Floats) -> float:
    """Total forecast over total outcome, less one; NaN where nothing was bought."""
    total = float(np.sum(actual))
    return float(np.sum(predicted)) / total - 1.0 if total > 0 else float("nan")


def spearman(actual: Floats, predicted: Floats) -> float:
    """Rank correlation, ties at their mean rank; NaN where either is constant."""
    a, b = _mean_ranks(actual), _mean_ranks(predicted)
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b)) / norm if norm > 0 else float("nan")


def normalised_gini(actual: Floats, predicted: Floats) -> float:
    """Area of the outcome ranked by forecast over that of the best possible ranking.

    1 ranks perfectly, 0 at random. Customers with equal forecasts share their mean outcome,
    so that the order of rows cannot matter. NaN where all bought the same.

    References
    ----------
    Wang, Liu & Miao (2019), arXiv 1912.07753
    """
    best = _gini(actual, actual)
    return _gini(actual, predicted) / best if best > 0 else float("nan")


def top_share(actual: Floats, predicted: Floats, share: float = 0.1) -> float:
    """Part of all that was bought that the ``share`` ranked highest bought."""
    total = float(np.sum(actual))
    if total <= 0:
        return float("nan")
    n_top = max(1, round(share * len(actual)))
    return float(np.sum(_tie_means(actual, predicted)[:n_top])) / total


def top_precision(actual: Floats, predicted: Floats, share: float = 0.1) -> float:
    """Part of the ``share`` ranked highest that is among the ``share`` who bought most.

    Ties at either edge count in proportion, so that the order of rows cannot matter. NaN where
    nothing was bought.
    """
    if float(np.sum(actual)) <= 0:
        return float("nan")
    n_top = max(1, round(share * len(actual)))
    return float(np.sum(_membership(predicted, n_top) * _membership(actual, n_top))) / n_top


def deciles(actual: Floats, predicted: Floats, n_bins: int = 10) -> tuple[Floats, Floats, Ints]:
    """Mean forecast, mean outcome and size of each tenth of the customers by forecast.

    Returns
    -------
    predicted, actual, count : each (n_bins,), lowest forecasts first; fewer bins where
        there are fewer customers
    """
    order = np.argsort(predicted, kind="stable")
    means = _tie_means(actual, -predicted)
    parts = np.array_split(np.arange(len(order)), min(n_bins, len(order)))
    return (
        np.array([predicted[order[part]].mean() for part in parts]),
        np.array([means[part].mean() for part in parts]),
        np.array([len(part) for part in parts], dtype=np.int64),
    )


def decile_mape(actual: Floats, predicted: Floats) -> float:
    """Mean relative error of the decile means; deciles in which nothing was bought left out.

    References
    ----------
    Wang, Liu & Miao (2019), arXiv 1912.07753
    """
    forecast, outcome, _ = deciles(actual, predicted)
    bought = outcome > 0
    if not bought.any():
        return float("nan")
    return float(np.mean(np.abs(forecast[bought] / outcome[bought] - 1.0)))


def tweedie_deviance(actual: Floats, predicted: Floats) -> float:
    """Mean unit deviance at power 1.5: least, in expectation, for the true mean.

    Forecasts below 1 % of the mean outcome count as that, or one zero would cost infinity.

    References
    ----------
    Gneiting (2011), "Making and evaluating point forecasts", JASA 106, on scores that are
    consistent for the mean
    """
    p = TWEEDIE_POWER
    mean = float(np.mean(actual))
    if mean <= 0:
        return float("nan")
    mu = np.maximum(predicted, SMALLEST_SHARE * mean)
    y = np.maximum(actual, 0.0)
    unit = 2.0 * (
        y ** (2 - p) / ((1 - p) * (2 - p)) - y * mu ** (1 - p) / (1 - p) + mu ** (2 - p) / (2 - p)
    )
    # In units of sqrt(currency): divided by that of the mean, a pure number.
    return float(np.mean(unit) / mean ** (2 - p))


def calibration_slope(actual: Floats, predicted: Floats) -> float:
    """How much the outcome grows as the forecast does: slope of log E(actual) on log(predicted).

    1 where forecasts spread as widely as outcomes, below 1 where they spread too widely, 0 where
    they tell nothing apart. NaN where nothing was bought or all forecasts are equal. Forecasts
    below 1 % of their mean count as that.

    References
    ----------
    Cox (1958), "Two further applications of a model for binary regression", here by
    quasi-likelihood with variance proportional to the mean
    """
    mean = float(np.mean(predicted))
    if mean <= 0 or float(np.sum(actual)) <= 0:
        return float("nan")
    z = np.log(np.maximum(predicted / mean, SMALLEST_SHARE))
    z = z - z.mean()
    if not np.any(np.abs(z) > 1e-12):
        return float("nan")
    y = np.maximum(actual, 0.0)
    return _slope(z, y / y.mean())


def _membership(values: Floats, n_top: int) -> Floats:
    """Chance of each to be among the n_top highest when ties are drawn by lot."""
    edge = np.partition(values, len(values) - n_top)[len(values) - n_top]
    above, at = values > edge, values == edge
    return np.where(above, 1.0, np.where(at, (n_top - above.sum()) / at.sum(), 0.0))


def _slope(z: Floats, y: Floats) -> float:
    """Slope of log E(y) on z by Newton steps on the Poisson quasi-likelihood; y has mean 1."""
    a, b = 0.0, 1.0
    for _ in range(50):
        mu = np.exp(np.clip(a + b * z, -30.0, 30.0))
        gradient = np.array([np.sum(y - mu), np.sum((y - mu) * z)])
        weighted = float(np.sum(mu * z))
        curvature = np.array([[np.sum(mu), weighted], [weighted, np.sum(mu * z * z)]])
        step = np.clip(np.linalg.solve(curvature, gradient), -1.0, 1.0)
        a, b = a + float(step[0]), b + float(step[1])
        if np.abs(step).max() < 1e-9:
            break
    return b


def _mean_ranks(values: Floats) -> Floats:
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2.0)[inverse], dtype=np.float64)


def _tie_means(actual: Floats, predicted: Floats) -> Floats:
    """Outcomes from the highest forecast to the lowest, ties at their mean."""
    order = np.argsort(-predicted, kind="stable")
    ranked = predicted[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    size = np.diff(np.r_[starts, len(ranked)])
    means = np.add.reduceat(actual[order], starts) / size
    return np.asarray(np.repeat(means, size), dtype=np.float64)


def _gini(actual: Floats, predicted: Floats) -> float:
    total = float(np.sum(actual))
    if total <= 0:
        return 0.0
    n = len(actual)
    captured = np.cumsum(_tie_means(actual, predicted)) / total
    # Trapezes between the points of the curve, the origin included.
    area = (np.sum(captured) - captured[-1] / 2.0) / n
    return 2.0 * (float(area) - 0.5)
