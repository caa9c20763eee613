"""What intervals promised and what they reached, on days they were not learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from clv.core.errors import HistoryError
from clv.core.types import Bools, Floats, Json
from clv.evaluation import metrics
from clv.evaluation.backtest import Trial, alike
from clv.models.base import History
from clv.models.distribution import Distribution, PastDay, Spread
from clv.models.totals import TotalError

#: Levels whose quantiles make up the CRPS: the middles of so many even parts.
CRPS_LEVELS = (np.arange(100) + 0.5) / 100
HELD_OUT = "learned on earlier past days"
CROSS_FITTED = "learned on the other half of the customers, as no earlier window was over by then"


class Judged(NamedTuple):
    """A trial with distributions learned without it.

    Attributes
    ----------
    chance : (n,) true chances of a purchase, as far as they could be learned
    how : what they were learned from
    """

    trial: Trial
    spread: Spread
    chance: Floats
    how: str


def learned(trials: Sequence[Trial], model: str, mean: float) -> Distribution:
    """Distributions for the days after the log, from all past days.

    Where nobody bought on any of them, assumed ones, with `days` 0.

    Parameters
    ----------
    mean : mean forecast a day of those who will be asked about
    """
    past = [t.past_day(model) for t in trials if model in t.said]
    try:
        return Distribution.learn(past, mean)
    except HistoryError:
        return Distribution.assumed(mean)


def judged(trials: Sequence[Trial], model: str, seed: int) -> list[Judged]:
    """Each trial with distributions from those whose windows were over by then.

    Where no trial has any before it, the last one is judged by halves of its customers.
    """
    able = [trial for trial in trials if model in trial.said]
    found = []
    for trial in able:
        past = [t.past_day(model) for t in able if t.origin.end <= trial.origin.cutoff]
        day = trial.past_day(model)
        try:
            learned_from = Distribution.learn(past, _mean(day, trial))
        except HistoryError:
            continue
        days = trial.origin.window.n_days
        spread = learned_from.of(day.onetimer, day.value, day.paying, days)
        found.append(Judged(trial, spread, learned_from.purchase(day.chance), HELD_OUT))
    if found or not able:
        return found
    try:
        return [_by_halves(able[-1], model, seed)]
    except HistoryError:
        return []


def _by_halves(trial: Trial, model: str, seed: int) -> Judged:
    day, days = trial.past_day(model), trial.origin.window.n_days
    fold = np.random.default_rng(seed).permutation(len(day.value)) % 2 == 0
    parts, buys = [], np.empty(len(fold))
    for half in (fold, ~fold):
        learned_from = Distribution.learn([day.part(~half)], _mean(day, trial))
        own = day.part(half)
        buys[half] = learned_from.purchase(own.chance)
        parts.append(learned_from.of(own.onetimer, own.value, own.paying, days))
    first, second = parts
    chance, scale = np.empty(len(fold)), np.empty(len(fold))
    cell = np.empty(len(fold), dtype=np.int64)
    for half, part, start in ((fold, first, 0), (~fold, second, len(first.ratios))):
        chance[half], scale[half], cell[half] = part.chance, part.scale, part.cell + start
    spread = Spread(chance, scale, cell, np.vstack([first.ratios, second.ratios]))
    return Judged(trial, spread, buys, CROSS_FITTED)


def _mean(day: PastDay, trial: Trial) -> float:
    return max(float(day.value.mean()) / trial.origin.window.n_days, 1e-300)


def holdout_table(found: Judged, model: str, level: float) -> pd.DataFrame:
    """The model at one origin: customer_id, group, predicted, lower, upper, actual."""
    day = found.trial.past_day(model)
    lower, upper = found.spread.around(day.value, level)
    return pd.DataFrame(
        {
            "customer_id": found.trial.history.frame["customer_id"],
            "group": np.where(day.onetimer, "onetimer", "repeater"),
            "predicted": day.value,
            "lower": lower,
            "upper": upper,
            "actual": day.actual,
        }
    )


def allowed_above(spread: Spread, value: Floats, level: float) -> float:
    """Share of customers that distributions allow above delivered upper ends.

    Less than half of what is left out, where the end is the forecast itself: of customers so
    likely to spend nothing that a quantile would be 0.
    """
    above = np.minimum(spread.chance, (1.0 - level) / 2.0)
    return float(np.minimum(above, 1.0 - spread.at_most(value)[1]).mean())


def reached(found: Judged, model: str, level: float, seed: int) -> Json:
    """Figures of one trial's distributions, and of the ends that would have been delivered.

    Returns
    -------
    below, inside and above the ends; above within one-timers, repeaters and thirds by
    forecast, and as many as the distributions allow; the distance of the randomised transform
    from uniform; CRPS; mean width
    """
    day, spread = found.trial.past_day(model), found.spread
    lower, upper = spread.around(day.value, level)
    below, inside, above = metrics.coverage(day.actual, lower, upper)
    over = day.actual > upper
    third = np.argsort(np.argsort(day.value, kind="stable"), kind="stable") * 3 // len(over)
    within = {"onetimer": day.onetimer, "repeater": ~day.onetimer}
    within |= {
        name: third == i for i, name in enumerate(("low third", "middle third", "top third"))
    }
    quantiles = np.column_stack([spread.quantile(q) for q in CRPS_LEVELS])
    values = metrics.pit(*spread.at_most(day.actual), seed)
    return {
        "cutoff": str(found.trial.origin.cutoff),
        "how": found.how,
        "customers": len(over),
        "below": below,
        "reached": inside,
        "above": above,
        "above_within": {
            name: float(over[rows].mean()) for name, rows in within.items() if rows.any()
        },
        "expected_above": allowed_above(spread, day.value, level),
        "pit_distance": metrics.pit_distance(values),
        "pit": (np.histogram(values, bins=10, range=(0.0, 1.0))[0] / len(values)).tolist(),
        "crps": metrics.crps(day.actual, CRPS_LEVELS, quantiles),
        "width": float(np.mean(upper - lower)),
        "brier": metrics.brier(day.actual > 0, spread.chance),
    }


def total_error(trials: Sequence[Trial], model: str) -> TotalError:
    """How far totals of the model missed on past days."""
    able = [trial for trial in trials if model in trial.said]
    return TotalError.learn(
        [float(trial.said[model].value.sum()) for trial in able],
        [float(trial.actual.sum()) for trial in able],
        alike([trial.origin for trial in able]),
    )


def totals(trials: Sequence[Trial], model: str, level: float) -> list[Json]:
    """Each past total with the interval that earlier ones would have given it."""
    able = [trial for trial in trials if model in trial.said]
    told = []
    for trial in able:
        before = [t for t in able if t.origin.end <= trial.origin.cutoff]
        forecast = float(trial.said[model].value.sum()) / trial.share
        lower, upper = total_error(before, model).interval(forecast, level)
        told.append(
            {
                "cutoff": str(trial.origin.cutoff),
                "forecast": forecast,
                "lower": float(lower),
                "upper": float(upper),
                "actual": float(trial.actual.sum()) / trial.share,
                "past_totals": len(before),
            }
        )
    return told


def segments(
    found: Sequence[Judged],
    trials: Sequence[Trial],
    model: str,
    level: float,
    names: Callable[[History], Sequence[str]],
) -> list[Json]:
    """Each past total of a segment with the interval that earlier days would have given it.

    What all customers share is learned from totals of windows that were over by then, what a
    segment's own do not share from the distributions the day was judged with.

    Parameters
    ----------
    names : the segment of each customer of a history, as known on its day

    Returns
    -------
    per day and segment of those judged: "cutoff", "segment", "customers", "forecast", "lower",
    "upper", "actual", "inside", and "past_totals" learned from
    """
    told = []
    for judged_day in found:
        trial = judged_day.trial
        before = [t for t in trials if model in t.said and t.origin.end <= trial.origin.cutoff]
        codes, labels = pd.factorize(np.asarray(names(trial.history)), sort=True)
        parts = (trial.said[model].value, judged_day.spread.variance(), trial.actual)
        forecast, variance, actual = (
            np.bincount(codes, weights=part).astype(np.float64) for part in parts
        )
        lower, upper = total_error(before, model).interval(forecast, level, variance)
        told += [
            {
                "cutoff": str(trial.origin.cutoff),
                "segment": str(label),
                "customers": int(np.sum(codes == i)),
                "forecast": float(forecast[i]),
                "lower": float(lower[i]),
                "upper": float(upper[i]),
                "actual": float(actual[i]),
                "inside": bool(lower[i] <= actual[i] <= upper[i]),
                "past_totals": len(before),
            }
            for i, label in enumerate(labels)
        ]
    return told


def churn(found: Sequence[Judged]) -> Json:
    """How true the told chances of no purchase in the window were, all days pooled.

    Returns
    -------
    "brier", and "brier_of_base_rate", what telling everyone the share that came would score;
    "reliability", groups of rising chance, each with "chance", "share" and "count", and "error",
    the mean distance of the two; "customers" counted once a day; "days" of the window. Empty
    where no day could be judged
    """
    if not found:
        return {}
    chance = np.concatenate([1.0 - each.chance for each in found])
    nothing = np.concatenate([~each.trial.bought for each in found])
    return {**how_true(nothing, chance), "days": found[-1].trial.origin.window.n_days}


def how_true(happened: Bools, chance: Floats) -> Json:
    """Brier score and reliability of (n,) chances told of what happened or did not."""
    groups = metrics.reliability(happened, chance)
    columns = (groups.chance.tolist(), groups.share.tolist(), groups.count.tolist())
    return {
        "brier": metrics.brier(happened, chance),
        "brier_of_base_rate": metrics.brier(happened, np.full(len(chance), happened.mean())),
        "error": groups.error,
        "reliability": [
            {"chance": told, "share": came, "count": count}
            for told, came, count in zip(*columns, strict=True)
        ],
        "customers": len(chance),
    }


def mean_of(figures: Sequence[Json], name: str) -> float:
    """Mean over origins of one figure."""
    values: Floats = np.array([each[name] for each in figures], dtype=np.float64)
    return float(values.mean()) if len(values) else float("nan")
