"""Models on a past day whose future is known: fit before it, judge on the days after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from clv.core.errors import FitError, HistoryError
from clv.core.types import Bools, Floats
from clv.evaluation import metrics
from clv.evaluation.backtest.origins import Origin
from clv.models.base import History, Model
from clv.models.distribution import PastDay

if TYPE_CHECKING:
    from clv.evaluation.backtest.kept import Kept
    from clv.features.book import Book

FEWEST_CUSTOMERS = 20
#: Customers that a trial asks about at most: enough to tell models apart.
MOST_JUDGED = 100_000

#: Makes a model, not fitted.
Fresh = Callable[[], Model]


class Said(NamedTuple):
    """What a model said of each customer of a trial.

    Attributes
    ----------
    value : (n,) spend in the window
    chance : (n,) of a purchase in it; of a model that tells none, what a Poisson count would have
    loglik : of the histories it was fitted to, per customer; NaN where a model has none
    seconds : of fitting and forecasting
    notes : what the model had to tell
    spending : (n,) chance of spending anything in it; None where that is the chance of a purchase
    """

    value: Floats
    chance: Floats
    loglik: float
    seconds: float
    notes: tuple[str, ...]
    spending: Floats | None = None


@dataclass(frozen=True)
class Trial:
    """All models at one origin.

    Attributes
    ----------
    history : the customers judged, as of the cut-off
    share : part of all customers known by then that these are
    actual : (n,) value each brought in the window
    bought : (n,) whether each bought in it, be it for nothing
    said : per model name
    failed : per model name, why it could not be fitted
    fitted : per model name, the model; without those whose word was kept from before
    """

    origin: Origin
    history: History
    share: float
    actual: Floats
    bought: Bools
    said: dict[str, Said]
    failed: dict[str, str]
    fitted: dict[str, Model]

    def onetimer(self) -> Bools:
        return (self.history.frame["x"] == 0).to_numpy()

    def past_day(self, model: str) -> PastDay:
        """What the model said beside what came."""
        said = self.said[model]
        told = self.onetimer(), said.value, said.chance
        return PastDay(*told, self.actual, self.bought, said.spending)

    def figures(self, model: str) -> dict[str, float]:
        """Every figure of the leaderboard that a forecast of value has."""
        return {**figures(self.actual, self.said[model].value), "loglik": self.said[model].loglik}


def run_trial(
    book: Book,
    origin: Origin,
    models: Mapping[str, Fresh],
    progress: Callable[[str], None] = lambda _: None,
    kept: Kept | None = None,
    seed: int = 0,
) -> Trial:
    """Fit every model on what was known at the cut-off and judge it on the window after it.

    A model that cannot be fitted is reported, and does not stop the others.

    Parameters
    ----------
    models : by name, how each is made
    kept : where what is done is kept, and looked up instead of done again
    seed : of the choice of customers where there are more than `MOST_JUDGED`

    Raises
    ------
    HistoryError : too few customers had ordered by the cut-off
    """
    whole = book.history(origin.cutoff, origin.window.n_days)
    if len(whole) < FEWEST_CUSTOMERS:
        raise HistoryError(
            f"history: {len(whole)} customer(s) had ordered by {origin.cutoff}, where the check"
            f" on the past begins; it needs {FEWEST_CUSTOMERS}. Give a longer log."
        )
    history, outcome = whole, book.outcome(whole, origin.window)
    if len(whole) > MOST_JUDGED:
        draw = np.random.default_rng(seed)
        rows = np.sort(draw.choice(len(whole), MOST_JUDGED, replace=False))
        history, outcome = whole.of_rows(rows), outcome.of_rows(rows)
    said: dict[str, Said] = {}
    failed: dict[str, str] = {}
    fitted: dict[str, Model] = {}
    for name, fresh in models.items():
        progress(f"{name}, standing on {origin.cutoff}")
        known = kept.said(origin, name) if kept else None
        if isinstance(known, str):
            failed[name] = known
        elif known is not None:
            said[name] = known
        else:
            try:
                fitted[name], said[name] = _asked(fresh, whole, history, origin)
            except (FitError, HistoryError) as error:
                failed[name] = str(error)
            if kept:
                kept.keep(origin, name, said.get(name) or failed[name])
    share = len(history) / len(whole)
    bought = outcome.purchases > 0
    return Trial(origin, history, share, outcome.value, bought, said, failed, fitted)


def _asked(fresh: Fresh, whole: History, history: History, origin: Origin) -> tuple[Model, Said]:
    started = time.perf_counter()
    model = fresh().fit(whole)
    told = model.predict(history, origin.window)
    seconds = time.perf_counter() - started
    loglik = getattr(model, "loglik_", None)
    each = float(loglik) / len(whole) if loglik is not None else float("nan")
    notes = tuple(getattr(model, "notes_", ()))
    value = told["clv"].to_numpy(dtype=np.float64)
    return model, Said(value, chance_told(told), each, seconds, notes, spending_told(told))


def chance_told(told: pd.DataFrame) -> Floats:
    """(n,) chance of a purchase; of a model that tells none, that of a Poisson count."""
    chance = told["p_purchase"].to_numpy(dtype=np.float64)
    counted = -np.expm1(-told["expected_purchases"].to_numpy(dtype=np.float64))
    return np.where(np.isnan(chance), counted, chance)


def spending_told(told: pd.DataFrame) -> Floats | None:
    """(n,) chance of spending anything; None of a model that tells none but of a purchase."""
    spending = told["p_spend"].to_numpy(dtype=np.float64)
    return None if np.isnan(spending).any() else spending


def figures(actual: Floats, predicted: Floats) -> dict[str, float]:
    """Every figure that a forecast of value has."""
    off = metrics.bias(actual, predicted)
    return {
        "mae": metrics.mae(actual, predicted),
        "rmse": metrics.rmse(actual, predicted),
        "r2": metrics.r2(actual, predicted),
        "bias": off,
        "total_mape": abs(off),
        "spearman": metrics.spearman(actual, predicted),
        "gini": metrics.normalised_gini(actual, predicted),
        "top_decile_share": metrics.top_share(actual, predicted),
        "top_decile_precision": metrics.top_precision(actual, predicted),
        "decile_mape": metrics.decile_mape(actual, predicted),
        "calibration_slope": metrics.calibration_slope(actual, predicted),
        "deviance": metrics.tweedie_deviance(actual, predicted),
    }
