"""Intervals from forecasts of rows that were held out, and what they reach on others of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clv.core.errors import HistoryError
from clv.core.types import Floats, Ints, Json
from clv.evaluation import metrics
from clv.evaluation.folds import Fold
from clv.evaluation.honesty import CRPS_LEVELS
from clv.evaluation.table import Comparison
from clv.models.distribution import Distribution, PastDay, Spread


def learned(compared: Comparison, model: str) -> Distribution:
    """Distributions of the target, from every row that was held out.

    Raises
    ------
    HistoryError : the target is above 0 in none of them
    """
    past = [_asked(compared, model, fold.asked) for fold in compared.folds]
    past += [_checked(compared, model, fold) for fold in compared.folds if len(fold.check)]
    mean = float(np.mean(np.concatenate([day.value for day in past])))
    return Distribution.learn(past, max(mean, 1e-300))


def spread_of(distribution: Distribution, value: Floats, chance: Floats) -> Spread:
    """The distributions of rows: (n,) forecasts, and chances of more than nothing."""
    # A table knows no one-timers: all rows are of one group, which the distribution calls others.
    return distribution.of(np.zeros(len(value), dtype=np.bool_), value, chance, 1)


def interval(spread: Spread, value: Floats, level: float) -> tuple[Floats, Floats]:
    """Ends that hold the forecast."""
    lower, upper = spread.interval(level)
    return np.minimum(lower, value), np.maximum(upper, value)


def holdout(compared: Comparison, model: str, level: float) -> pd.DataFrame:
    """The model on the rows asked: row, predicted, lower, upper, actual; intervals not learned
    from the fold they are asked of.
    """
    parts = []
    for fold, spread in _judged(compared, model):
        value = compared.said[model][fold.asked]
        lower, upper = interval(spread, value, level)
        parts.append(
            pd.DataFrame(
                {
                    "row": fold.asked,
                    "predicted": value,
                    "lower": lower,
                    "upper": upper,
                    "actual": compared.actual[fold.asked],
                }
            )
        )
    columns = ["row", "predicted", "lower", "upper", "actual"]
    if not parts:
        return pd.DataFrame({name: np.empty(0) for name in columns})
    return pd.concat(parts, ignore_index=True).sort_values("row", ignore_index=True)


def reached(compared: Comparison, model: str, level: float, seed: int) -> Json:
    """What intervals promised and reached on rows they were not learned from, means over folds.

    Returns
    -------
    ``promised``, ``rows``; ``below``, ``inside`` and ``above`` their ends, ``above_within`` thirds
    by forecast; ``pit_distance`` from uniform, ``crps`` and ``width``. Empty where no fold could
    be judged
    """
    found = _judged(compared, model)
    if not found:
        return {}
    each: list[dict[str, float]] = []
    values, over, value = [], [], []
    for fold, spread in found:
        actual = compared.actual[fold.asked]
        lower, upper = spread.interval(level)
        below, inside, above = metrics.coverage(actual, lower, upper)
        quantiles = np.column_stack([spread.quantile(q) for q in CRPS_LEVELS])
        each.append(
            {
                "below": below,
                "inside": inside,
                "above": above,
                "crps": metrics.crps(actual, CRPS_LEVELS, quantiles),
                "width": float(np.mean(upper - lower)),
            }
        )
        values.append(metrics.pit(*spread.at_most(actual), seed))
        over.append(actual > upper)
        value.append(compared.said[model][fold.asked])
    above_upper, forecast = np.concatenate(over), np.concatenate(value)
    third = np.argsort(np.argsort(forecast, kind="stable"), kind="stable") * 3 // len(forecast)
    return {
        "promised": level,
        "rows": len(forecast),
        **{name: float(np.mean([one[name] for one in each])) for name in each[0]},
        "above_within": {
            name: float(above_upper[third == i].mean())
            for i, name in enumerate(("low third", "middle third", "top third"))
            if (third == i).any()
        },
        "pit_distance": metrics.pit_distance(np.concatenate(values)),
    }


def _judged(compared: Comparison, model: str) -> list[tuple[Fold, Spread]]:
    """Each fold with distributions from the others, or from the rows between."""
    found = []
    for fold in compared.folds:
        if len(fold.check):
            past = [_checked(compared, model, fold)]
        else:
            others = [each for each in compared.folds if each is not fold]
            past = [_asked(compared, model, each.asked) for each in others]
        own = _asked(compared, model, fold.asked)
        try:
            distribution = Distribution.learn(past, max(float(own.value.mean()), 1e-300))
        except HistoryError:
            continue
        found.append((fold, spread_of(distribution, own.value, own.chance)))
    return found


def _asked(compared: Comparison, model: str, rows: Ints) -> PastDay:
    return PastDay(
        np.zeros(len(rows), dtype=np.bool_),
        compared.said[model][rows],
        compared.chance[rows],
        compared.actual[rows],
    )


def _checked(compared: Comparison, model: str, fold: Fold) -> PastDay:
    rows = fold.check
    return PastDay(
        np.zeros(len(rows), dtype=np.bool_),
        compared.checked[model][rows],
        compared.checked_chance[rows],
        compared.actual[rows],
    )
