"""Baselines any model has to beat: what a customer spent so far goes on as before."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from clv.core.errors import ClvError, RunError
from clv.core.types import DAYS_PER_YEAR, Money
from clv.models.lookback import reaching

if TYPE_CHECKING:
    from pathlib import Path

    from clv.core.types import Floats, Horizon
    from clv.models.base import History

VERSION = 1
AT_PAR = Money()


class ConstantRate(ABC):
    """What both baselines share: spend flows on at a constant rate, and nobody leaves.

    Attributes
    ----------
    first_day_ : first day of the log learned from; a customer scored alone is measured
        against the days the shop was observed, not against their own
    """

    name: ClassVar[str]

    def fit(self, history: History) -> Self:
        self.first_day_ = history.first_day
        return self

    def predict(self, history: History, horizon: Horizon, money: Money = AT_PAR) -> pd.DataFrame:
        """The table ``PREDICTION``, in the order of history.frame.

        The expected order value is the mean of the orders that the rule goes by, of all so far
        where that is none; times the expected purchases it is the undiscounted CLV at full
        margin. P(alive) and the next purchase are NaN: a constant rate does not say.
        """
        if not hasattr(self, "first_day_"):
            raise ClvError(f"{self.name}: not fitted yet. Call fit(history) or load(folder) first.")
        frame = history.frame
        total = np.maximum(frame["total_value"].to_numpy(np.float64), 0.0)
        order_value = total / (frame["x"].to_numpy(np.float64) + 1.0)
        spend_per_day, per_day = self._spend_per_day(history), self._purchases_per_day(history)
        np.divide(spend_per_day, per_day, out=order_value, where=per_day > 0)
        prediction = pd.DataFrame(
            {
                "customer_id": frame["customer_id"].to_numpy(),
                "clv": money.margin * spend_per_day * annuity(horizon.n_days, money),
                "expected_purchases": per_day * horizon.n_days,
                "expected_order_value": order_value,
            },
            index=frame.index,
        )
        for unsaid in (
            "p_alive",
            "p_purchase",
            "p_spend",
            "next_days",
            "next_days_earliest",
            "next_days_latest",
        ):
            prediction[unsaid] = np.nan
        return prediction

    def save(self, folder: Path) -> None:
        content = {
            "name": self.name,
            "version": VERSION,
            "first_day": self.first_day_.isoformat(),
        }
        (folder / "model.json").write_text(json.dumps(content, indent=2), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        RunError : the file is missing, unreadable, or of another model or version
        """
        path = folder / "model.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if (content["name"], content["version"]) != (cls.name, VERSION):
                raise RunError(
                    f"{path} holds model {content['name']!r} version {content['version']},"
                    f" not {cls.name!r} version {VERSION}. Fit again."
                )
            model = cls()
            model.first_day_ = date.fromisoformat(content["first_day"])
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path} cannot be read as a saved model ({error}). Fit again.") from (
                error
            )
        return model

    def _days_observed(self, history: History) -> int:
        return (history.as_of.day - min(self.first_day_, history.first_day)).days + 1

    @abstractmethod
    def _spend_per_day(self, history: History) -> Floats:
        """(n,) in the log's currency."""

    @abstractmethod
    def _purchases_per_day(self, history: History) -> Floats:
        """(n,) purchase days."""


class PastRate(ConstantRate):
    """Value so far, spread over all days the log was observed."""

    name = "naive_rate"

    def _spend_per_day(self, history: History) -> Floats:
        total = np.maximum(history.frame["total_value"].to_numpy(np.float64), 0.0)
        return np.asarray(total / self._days_observed(history))

    def _purchases_per_day(self, history: History) -> Floats:
        days = history.frame["x"].to_numpy(np.float64) + 1.0
        return np.asarray(days / self._days_observed(history))


class LastPeriod(ConstantRate):
    """Value of as many last days as are asked ahead, or of all observed if those are fewer."""

    name = "naive_last_period"

    def predict(self, history: History, horizon: Horizon, money: Money = AT_PAR) -> pd.DataFrame:
        """As `ConstantRate.predict`.

        Raises
        ------
        HistoryError : the history's recent columns are of other days, and there is no log to look
            these up in
        """
        return super().predict(reaching(history, horizon), horizon, money)

    def _spend_per_day(self, history: History) -> Floats:
        recent = np.maximum(history.frame["recent_value"].to_numpy(np.float64), 0.0)
        return np.asarray(recent / self._days(history))

    def _purchases_per_day(self, history: History) -> Floats:
        return history.frame["recent_purchases"].to_numpy(np.float64) / self._days(history)

    def _days(self, history: History) -> int:
        return min(history.window, self._days_observed(history))


class RepeatRate(ConstantRate):
    """Value after the first purchase day, spread over all days the log was observed."""

    name = "naive_repeat"

    def _spend_per_day(self, history: History) -> Floats:
        frame = history.frame
        repeated = frame["total_value"].to_numpy(np.float64) - frame["first_value"].to_numpy(
            np.float64
        )
        return np.asarray(np.maximum(repeated, 0.0) / self._days_observed(history))

    def _purchases_per_day(self, history: History) -> Floats:
        return history.frame["x"].to_numpy(np.float64) / self._days_observed(history)


def annuity(days: Floats | float, money: Money) -> Floats:
    """Present value of one unit a day, flowing evenly; its days where nothing is discounted.

    Parameters
    ----------
    days : how long the flow lasts from as_of, any shape
    money : its annual discount rate; the margin is not applied

    Returns
    -------
    as ``days``
    """
    length = np.asarray(days, dtype=np.float64)
    per_day = float(np.log1p(money.annual_discount_rate)) / DAYS_PER_YEAR
    if per_day < 1e-15:
        return length
    return np.asarray(-np.expm1(-per_day * length) / per_day)
