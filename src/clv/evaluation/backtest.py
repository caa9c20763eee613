"""Models on past days whose future is known: fit before a cut-off, judge on the days after it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from clv.core.errors import FitError, HistoryError
from clv.core.types import AsOf, Floats, Horizon
from clv.evaluation import metrics
from clv.models.base import History, Model

if TYPE_CHECKING:
    from clv.features.book import Book

CHAMPION_RULE = (
    "lowest mean Tweedie deviance (power 1.5) on the holdout, which is least for forecasts"
    " whose mean is right and lets no single large buyer decide; naive rows are yardsticks"
)
#: A holdout is at most this part of the log, so that there are two parts to learn from.
HOLDOUT_SHARE = 1 / 3
FEWEST_CUSTOMERS = 20
#: Past totals below which nothing is said of how totals miss.
FEWEST_TOTALS = 2


@dataclass(frozen=True)
class Origin:
    """A day in the past to stand on, and the known days after it."""

    cutoff: AsOf
    window: Horizon

    @property
    def end(self) -> AsOf:
        return self.cutoff.plus(self.window.n_days)


@dataclass(frozen=True)
class Score:
    """One model at one origin. ``failed`` tells why there are no figures."""

    model: str
    figures: dict[str, float]
    seconds: float
    failed: str | None = None


@dataclass(frozen=True)
class Trial:
    """All models at one origin.

    Attributes
    ----------
    actual : (n,) value each customer known at the cut-off brought in the window
    predictions : per model name, the table `PREDICTION`, rows as in history.frame
    fitted : per model name, the model fitted at the cut-off
    """

    origin: Origin
    history: History
    actual: Floats
    predictions: dict[str, pd.DataFrame]
    fitted: dict[str, Model]
    scores: list[Score]

    def onetimer(self) -> np.ndarray:
        return (self.history.frame["x"] == 0).to_numpy()


def last_origin(first_day: AsOf, as_of: AsOf, horizon: Horizon) -> Origin:
    """The latest cut-off whose window is known: the horizon, or a third of a shorter log.

    Raises
    ------
    HistoryError : the log spans less than three days
    """
    span = (as_of.day - first_day.day).days + 1
    days = min(horizon.n_days, int(span * HOLDOUT_SHARE))
    if days < 1:
        raise HistoryError(
            f"history: the log spans {span} day(s); nothing can be learned and checked on that."
            " Give a longer log."
        )
    return Origin(as_of.minus(days), Horizon(days))


def earlier_origins(first_day: AsOf, last: Origin, most: int) -> list[Origin]:
    """Cut-offs before the last, half a window apart, each with a third of its past at least.

    Latest first. The windows overlap by half, so they are fewer observations than they count.
    """
    step = max(1, last.window.n_days // 2)
    shortest = (last.cutoff.day - first_day.day).days / 3
    found = []
    for i in range(1, most + 1):
        cutoff = last.cutoff.minus(i * step)
        if (cutoff.day - first_day.day).days < shortest:
            break
        found.append(Origin(cutoff, last.window))
    return found


def run_trial(
    book: Book,
    origin: Origin,
    models: Sequence[Model],
    progress: Callable[[str], None] = lambda _: None,
) -> Trial:
    """Fit every model on what was known at the cut-off and judge it on the window after it.

    A model that cannot be fitted is reported, and does not stop the others.
    """
    history = book.history(origin.cutoff, origin.window.n_days)
    if len(history) < FEWEST_CUSTOMERS:
        raise HistoryError(
            f"history: {len(history)} customer(s) had ordered by {origin.cutoff}, where the check"
            f" on the past begins; it needs {FEWEST_CUSTOMERS}. Give a longer log."
        )
    actual = book.outcome(history, origin.window)
    predictions, fitted, scores = {}, {}, []
    for model in models:
        progress(model.name)
        started = time.perf_counter()
        try:
            model.fit(history)
            prediction = model.predict(history, origin.window)
        except (FitError, HistoryError) as error:
            seconds = time.perf_counter() - started
            scores.append(Score(model.name, {}, seconds, failed=str(error)))
            continue
        seconds = time.perf_counter() - started
        predictions[model.name], fitted[model.name] = prediction, model
        value = prediction["clv"].to_numpy(dtype=np.float64)
        scores.append(Score(model.name, figures(actual, value), seconds))
    return Trial(origin, history, actual, predictions, fitted, scores)


def figures(actual: Floats, predicted: Floats) -> dict[str, float]:
    """Every figure of the leaderboard."""
    return {
        "mae": metrics.mae(actual, predicted),
        "rmse": metrics.rmse(actual, predicted),
        "bias": metrics.bias(actual, predicted),
        "spearman": metrics.spearman(actual, predicted),
        "gini": metrics.normalised_gini(actual, predicted),
        "top_decile_share": metrics.top_share(actual, predicted),
        "decile_mape": metrics.decile_mape(actual, predicted),
        "deviance": metrics.tweedie_deviance(actual, predicted),
    }


def choose(trial: Trial, candidates: Sequence[str]) -> str:
    """The champion by `CHAMPION_RULE`; the first named wins a tie.

    Raises
    ------
    HistoryError : no candidate could be fitted
    """
    able = [s for s in trial.scores if s.model in candidates and s.failed is None]
    if not able:
        failures = "; ".join(f"{s.model}: {s.failed}" for s in trial.scores if s.failed)
        raise HistoryError(f"history: no model could be fitted. {failures}")
    # Where nothing was bought in the window every deviance is NaN and the order decides.
    return min(
        able, key=lambda s: (_worst_if_nan(s.figures["deviance"]), candidates.index(s.model))
    ).model


@dataclass(frozen=True)
class TotalInterval:
    """Ends of a total; NaN where the past has too few totals to tell."""

    lower: float
    upper: float
    method: str


def interval_of_total(
    total: float,
    book: Book,
    trial: Trial,
    fresh: Callable[[], Model],
    horizon: Horizon,
    level: float,
    most_origins: int = 4,
) -> TotalInterval:
    """Interval of the total from the errors of past totals.

    Customers err together (season, growth, decay), so adding up their own intervals or a
    model's parameter uncertainty is far too narrow. Here the champion forecasts the total
    from several past days; the logarithms of outcome over forecast give a Student interval
    around the forecast. A horizon longer than those windows is taken to miss in proportion.

    Parameters
    ----------
    total : forecast of the total over the horizon
    fresh : makes the champion unfitted
    """
    name = fresh().name
    trials, unfit = [trial], 0
    for origin in earlier_origins(AsOf(book.first_day), trial.origin, most_origins):
        try:
            trials.append(run_trial(book, origin, [fresh()]))
        except HistoryError:
            unfit += 1
    errors = [error for run in trials if (error := _log_error(run, name)) is not None]
    unfit += len(trials) - len(errors)
    days = trial.origin.window.n_days
    if len(errors) < FEWEST_TOTALS:
        return TotalInterval(
            math.nan, math.nan, f"{len(errors)} past total(s) of {days} days are too few to tell"
        )
    spread = float(np.sqrt(np.mean(np.square(errors)) * (1 + 1 / len(errors))))
    half = float(stats.t.ppf(0.5 + level / 2, len(errors))) * spread
    method = f"errors of the champion's totals from {len(errors)} past days, {days} days ahead"
    if unfit:
        method += f" ({unfit} more could not be forecast or saw no purchase)"
    if horizon.n_days > days:
        method += f", taken to be as large in proportion over {horizon.n_days}"
    return TotalInterval(total * math.exp(-half), total * math.exp(half), method)


def _log_error(run: Trial, name: str) -> float | None:
    if name not in run.predictions:
        return None
    forecast, outcome = float(run.predictions[name]["clv"].sum()), float(run.actual.sum())
    return math.log(outcome / forecast) if forecast > 0 and outcome > 0 else None


def _worst_if_nan(value: float) -> float:
    return float("inf") if np.isnan(value) else value
