"""Actual against expected cumulative repeat purchases, through the cut-off and beyond."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from clv.core.types import DAYS_PER_WEEK, Floats
from clv.models.ensemble import Ensemble
from clv.models.onetime import Hybrid
from clv.models.pick import BTYD
from clv.models.supervised import Supervised

if TYPE_CHECKING:
    from clv.evaluation.backtest import Trial
    from clv.features.book import Book


@runtime_checkable
class Tracks(Protocol):
    """A model that knows what a new customer will do."""

    def expected_new(self, days: Floats) -> Floats:
        """Repeat purchases expected of a new customer within so many days."""
        ...


def track(book: Book, trial: Trial, model: object) -> pd.DataFrame:
    """Week by week, customers known at the cut-off.

    Returns
    -------
    day, actual, expected : cumulative repeat purchases; expected is NaN for a model that
        says nothing of new customers
    by : name of the purchase model whose expectation it is; empty where there is none
    """
    origin = trial.origin
    n_days = (origin.end.day - book.first_day).days
    grid = np.unique(np.append(np.arange(0, n_days, DAYS_PER_WEEK), n_days))
    repeats = book.repeats(origin.cutoff, origin.end)
    at = np.array([(day - book.first_day).days for day in repeats["date"]], dtype=np.int64)
    cumulative = np.append(0, np.cumsum(repeats["repeats"].to_numpy()))
    actual = cumulative[np.searchsorted(at, grid, side="right")]
    expected, by = np.full(len(grid), np.nan), ""
    if isinstance(model, Tracks):
        by = teller(model)
        # Customers who came on the same day expect the same: one term a day of arrival.
        age, count = np.unique(trial.history.frame["T"].to_numpy(), return_counts=True)
        arrival = (origin.cutoff.day - book.first_day).days - age
        elapsed = np.maximum(grid[:, None] - arrival[None, :], 0).astype(np.float64)
        distinct, inverse = np.unique(elapsed, return_inverse=True)
        expected = model.expected_new(distinct)[inverse].reshape(elapsed.shape) @ count
        expected = expected / trial.share
    return pd.DataFrame(
        {
            "day": [book.first_day + timedelta(days=int(day)) for day in grid],
            "actual": actual.astype(np.float64),
            "expected": expected,
            "by": by,
        }
    )


def teller(model: Tracks) -> str:
    """Name of the purchase model that says what a model says of new customers: mostly itself."""
    if isinstance(model, Ensemble):
        return model.team_.companion.name
    if isinstance(model, Supervised):
        return model.ground_.companion.name
    if isinstance(model, BTYD):
        return model.picked_.name
    if isinstance(model, Hybrid):
        return model.repeating_.name
    return str(getattr(model, "name", ""))
