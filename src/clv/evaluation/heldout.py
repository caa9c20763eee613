"""Intervals from forecasts of rows that were held out, and what they reach on others of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from clv.core.errors import HistoryError
from clv.core.types import Floats, Ints, Json
from clv.evaluation import metrics
from clv.evaluation.folds import IN_TIME, Fold
from clv.evaluation.honesty import CRPS_LEVELS, how_true
from clv.evaluation.table import NAIVE, Comparison
from clv.models.distribution import Distribution, PastDay, Spread


def learned(compared: Comparison, model: str) -> Distribution:
    """Distributions of the target, from every row that was held out; assumed ones where these
    tell nothing.
    """
    past = [_asked(compared, model, fold) for fold in compared.folds]
    past += [_checked(compared, model, fold) for fold in compared.folds if len(fold.check)]
    mean = max(float(np.mean(np.concatenate([day.value for day in past]))), 1e-300)
    try:
        return _learn(past, mean)
    except HistoryError:
        return Distribution.assumed(mean)


def _learn(past: list[PastDay], mean: float) -> Distribution:
    """Of those days that were forecast anything, so that what came is a multiple of it.

    Raises
    ------
    HistoryError : the target is above 0 on none of them
    """
    return Distribution.learn([day for day in past if day.value.any()], mean)


def spread_of(distribution: Distribution, value: Floats, chance: Floats) -> Spread:
    """The distributions of rows: (n,) forecasts, and chances of more than nothing."""
    # A table knows no one-timers: all rows are of one group, which the distribution calls others.
    return distribution.of(np.zeros(len(value), dtype=np.bool_), value, chance, 1)


def holdout(compared: Comparison, model: str, level: float) -> pd.DataFrame:
    """The model on the rows asked: row, predicted, lower, upper, actual; intervals not learned
    from the fold they are asked of.
    """
    parts = []
    for fold, spread in _judged(compared, model):
        value = compared.said[model][fold.asked]
        lower, upper = spread.around(value, level)
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

    Judged are the ends that are delivered, as in `holdout`.

    Returns
    -------
    ``promised``, ``rows``, ``folds`` that could be judged; ``below``, ``inside`` and ``above``
    their ends, ``above_within`` thirds by forecast; ``pit_distance`` from uniform, ``crps`` and
    ``width``. Empty where no fold could be judged
    """
    found = _judged(compared, model)
    if not found:
        return {}
    each: list[dict[str, float]] = []
    values, over, value = [], [], []
    for fold, spread in found:
        actual, said = compared.actual[fold.asked], compared.said[model][fold.asked]
        lower, upper = spread.around(said, level)
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
        value.append(said)
    above_upper, forecast = np.concatenate(over), np.concatenate(value)
    third = np.argsort(np.argsort(forecast, kind="stable"), kind="stable") * 3 // len(forecast)
    return {
        "promised": level,
        "rows": len(forecast),
        "folds": len(found),
        **{name: float(np.mean([one[name] for one in each])) for name in each[0]},
        "above_within": {
            name: float(above_upper[third == i].mean())
            for i, name in enumerate(("low third", "middle third", "top third"))
            if (third == i).any()
        },
        "pit_distance": metrics.pit_distance(np.concatenate(values)),
    }


def churn(compared: Comparison, model: str) -> Json:
    """How true the told chances of a target of 0 were, on rows they were not learned from.

    Returns
    -------
    as `clv.evaluation.honesty.churn`, without "days"; empty where no fold could be judged
    """
    found = _judged(compared, model)
    if not found:
        return {}
    chance = np.concatenate([1.0 - spread.chance for _, spread in found])
    nothing = np.concatenate([compared.actual[fold.asked] <= 0 for fold, _ in found])
    return how_true(nothing, chance)


def total(compared: Comparison, model: str, forecast: float, rows: int, level: float) -> Json:
    """The total of so many customers like those of the table, with an interval.

    Where rows were drawn by lot, a total misses by what its rows miss: the square grows with the
    rows, at the rate it had in folds. Where they were held out in the order of time, all may be
    off together: a total misses by the part of it that parts missed by.

    Parameters
    ----------
    forecast : of all of them together
    rows : how many they are

    Returns
    -------
    ``forecast``, ``lower``, ``upper`` (None where a single fold tells nothing of what is shared),
    ``folds`` learned from, and how many of them are ``inside`` an interval learned from the others
    """
    parts = [fold.asked for fold in compared.folds]
    misses = [compared.actual[part] - compared.said[model][part] for part in parts]
    for fold in compared.folds:
        if len(fold.check):
            misses.append(compared.actual[fold.check] - compared.checked[model][fold.check])
            parts.append(fold.check)
    together = compared.folds[0].name == IN_TIME
    half = half_width(misses, rows, level, together=together)
    inside = sum(
        abs(float(own.sum()))
        <= half_width(misses[:i] + misses[i + 1 :], len(own), level, together=together)
        for i, own in enumerate(misses)
    )
    known = np.isfinite(half)
    return {
        "forecast": forecast,
        "lower": max(0.0, forecast - half) if known else None,
        "upper": forecast + half if known else None,
        "folds": len(misses),
        "inside": inside if known and len(misses) > 2 else None,
    }


def half_width(misses: list[Floats], rows: int, level: float, *, together: bool) -> float:
    """Half the width of the interval of a total; infinite where there is but one fold.

    Parameters
    ----------
    misses : per fold, (n,) outcomes less forecasts
    together : all may be off together, so that a miss grows with the rows, not with their root
    """
    if len(misses) < 2:
        return float("inf")
    sums = np.array([float(each.sum()) for each in misses])
    sizes = np.array([len(each) for each in misses], dtype=np.float64)
    power = 2.0 if together else 1.0
    spread = np.sqrt(rows**power * np.mean(sums**2 / sizes**power))
    return float(stats.t.ppf(0.5 + level / 2.0, len(misses)) * spread)


def _judged(compared: Comparison, model: str) -> list[tuple[Fold, Spread]]:
    """Each fold with distributions from the others, or from the rows between."""
    found = []
    for fold in compared.folds:
        if len(fold.check):
            past = [_checked(compared, model, fold)]
        else:
            others = [each for each in compared.folds if each is not fold]
            past = [_asked(compared, model, each) for each in others]
        own = _asked(compared, model, fold)
        try:
            distribution = _learn(past, max(float(own.value.mean()), 1e-300))
        except HistoryError:
            continue
        found.append((fold, spread_of(distribution, own.value, own.chance)))
    return found


def _asked(compared: Comparison, model: str, fold: Fold) -> PastDay:
    return _day(compared, fold, fold.asked, compared.said[model], _chances(compared, model))


def _checked(compared: Comparison, model: str, fold: Fold) -> PastDay:
    said = compared.checked[model]
    return _day(compared, fold, fold.check, said, _chances(compared, model, between=True))


def _chances(compared: Comparison, model: str, *, between: bool = False) -> Floats | None:
    """What is told of chances; None of the mean, which tells nobody from another."""
    if model in NAIVE:
        return None
    return compared.checked_chance if between else compared.chance


def _day(
    compared: Comparison, fold: Fold, rows: Ints, said: Floats, chance: Floats | None
) -> PastDay:
    if chance is None:
        share = float((compared.actual[fold.taught] > 0).mean())
        chance = np.full(len(compared.actual), share)
    alike = np.zeros(len(rows), dtype=np.bool_)
    return PastDay(alike, said[rows], chance[rows], compared.actual[rows])
