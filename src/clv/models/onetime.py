"""Hybrid: one-timers by their return, repeaters by BG/NBD, both times Gamma-Gamma's spend."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

import numpy as np

from clv.core.errors import ClvError, RunError
from clv.core.types import Money
from clv.models.btyd import BGNBD, NEXT_PURCHASE_LEVEL
from clv.models.firstreturn import FirstReturn
from clv.models.naive import annuity
from clv.models.spend import SpendModel
from clv.numerics import outlook

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from clv.core.types import Floats, Horizon
    from clv.models.base import History

VERSION = 1
AT_PAR = Money()
#: A one-timer counts as alive who would return within so many days, or the horizon if longer.
ALIVE_WITHIN = 730
#: Slices of the horizon in which a return may fall.
SLICES = 16


class Outlook(NamedTuple):
    """What awaits one-timers: (n,) each."""

    p_return: Floats
    purchases: Floats
    discounted_purchases: Floats


class Hybrid:
    """Cox proportional hazards for one-timers, BG/NBD for repeaters, one spend model for both.

    A one-timer's return is conditional on not having returned so far, and one who returns
    goes on to buy as BG/NBD expects of a customer whose second purchase was just seen.
    BG/NBD itself is fitted on all customers, as its likelihood asks.

    Parameters
    ----------
    spend : what a customer spends per order; `SpendModel` on all orders unless given
    seed : of the sample the Cox coefficients are fitted on in a very large log

    Attributes
    ----------
    returning_ : the model of the first return
    repeating_ : the model of repeat purchases and spend
    notes_ : what could not be done for one-timers, and what was done instead
    """

    name: ClassVar[str] = "hybrid"

    def __init__(self, spend: SpendModel | None = None, seed: int = 0) -> None:
        self.spend = spend if spend is not None else SpendModel()
        self.seed = seed

    def fit(self, history: History) -> Self:
        """Learn both parts from all customers.

        Raises
        ------
        HistoryError : nobody was seen to return
        FitError : BG/NBD could not be fitted
        """
        self.returning_ = FirstReturn(seed=self.seed).fit(history)
        self.repeating_ = BGNBD(spend=self.spend).fit(history)
        return self

    @property
    def notes_(self) -> list[str]:
        return self.returning_.notes_

    def predict(self, history: History, horizon: Horizon, money: Money = AT_PAR) -> pd.DataFrame:
        """The table ``PREDICTION``, in the order of history.frame.

        Of a one-timer, p_alive is the probability of a return within two years (or the
        horizon, if longer), given none so far; next_days and its range are the median and
        the middle 90 % of the day of return, given a return within that time.
        """
        if not hasattr(self, "returning_"):
            raise ClvError("hybrid: not fitted yet. Call fit(history) or load(folder) first.")
        prediction = self.repeating_.predict(history, horizon, money)
        once = history.frame["x"].to_numpy() == 0
        if not once.any():
            return prediction
        waiting = replace(history, frame=history.frame.loc[once])
        elapsed = waiting.frame["T"].to_numpy(np.float64)
        risk = self.returning_.risk(waiting)
        outlook = self._outlook(elapsed, risk, horizon, money)
        value = prediction.loc[once, "expected_order_value"].to_numpy(np.float64)
        alive_within = float(max(ALIVE_WITHIN, horizon.n_days))
        tail = (1.0 - NEXT_PURCHASE_LEVEL) / 2.0
        columns = {
            "clv": money.margin * value * outlook.discounted_purchases,
            "expected_purchases": outlook.purchases,
            "p_alive": self._p_return(elapsed, risk, alive_within),
            "p_purchase": outlook.p_return,
        }
        for column, q in (("", 0.5), ("_earliest", tail), ("_latest", 1.0 - tail)):
            columns[f"next_days{column}"] = self._return_quantile(elapsed, risk, q, alive_within)
        for name, values in columns.items():
            whole = prediction[name].to_numpy(np.float64, copy=True)
            whole[once] = values
            prediction[name] = whole
        return prediction.assign(p_spend=prediction["p_purchase"])

    def extrapolated_share(self, history: History, horizon: Horizon) -> float:
        """Share of one-timers whose horizon ends later after their first purchase than was seen.

        Their probability of return leans on the Weibull tail. 0 where there are no one-timers.
        """
        elapsed = history.frame.loc[history.frame["x"] == 0, "T"].to_numpy(np.float64)
        if len(elapsed) == 0:
            return 0.0
        return float(np.mean(elapsed + horizon.n_days > self.returning_.curve_.support))

    def expected_new(self, days: Floats) -> Floats:
        """Repeat purchases expected of a new customer within so many days, by its BG/NBD, (n,)."""
        return self.repeating_.expected_new(days)

    def save(self, folder: Path) -> None:
        content = {
            "name": self.name,
            "version": VERSION,
            "seed": self.seed,
            "returning": self.returning_.to_json(),
        }
        (folder / "model.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
        (folder / "repeating").mkdir()
        self.repeating_.save(folder / "repeating")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        RunError : a file is missing, unreadable, or of another model or version
        """
        path = folder / "model.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            found = (content["name"], content["version"])
            model = cls(seed=int(content["seed"]))
            returning = content["returning"]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path} cannot be read as a saved model ({error}). Fit again.") from (
                error
            )
        if found != (cls.name, VERSION):
            raise RunError(
                f"{path} holds model {found[0]!r} version {found[1]}, not {cls.name!r} version"
                f" {VERSION}. Fit again."
            )
        model.returning_ = FirstReturn.from_json(returning)
        model.repeating_ = BGNBD.load(folder / "repeating")
        model.spend = model.repeating_.spend
        return model

    def _p_return(self, elapsed: Floats, risk: Floats, days: float) -> Floats:
        """P(return in (T, T + days] | none by T) = 1 - S(T + days) / S(T)."""
        curve = self.returning_.curve_
        return np.asarray(-np.expm1(-risk * (curve.at(elapsed + days) - curve.at(elapsed))))

    def _return_quantile(self, elapsed: Floats, risk: Floats, q: float, days: float) -> Floats:
        """Days to the return, by which a share q of those who return within ``days`` have."""
        curve = self.returning_.curve_
        p_return = self._p_return(elapsed, risk, days)
        reached = curve.at(elapsed) - np.log1p(-q * p_return) / risk
        wait = np.clip(curve.day_of(reached) - elapsed, 0.0, days)
        return np.where(p_return > 0, wait, np.nan)

    def _outlook(self, elapsed: Floats, risk: Floats, horizon: Horizon, money: Money) -> Outlook:
        """Sum over slices of P(return in the slice) x (1 + purchases after it).

        Purchases after a return are BG/NBD's for one repeat purchase just made, after as
        long a wait as it was, x = 1 and t_x = T = elapsed + days to the return; what is
        later in the horizon is discounted as an even flow.
        """
        # one-timers of an age share the baseline and all that follows a return
        ages, place = np.unique(elapsed, return_inverse=True)
        edges = np.linspace(0.0, horizon.n_days, SLICES + 1)
        hazard = self.returning_.curve_.at(ages[:, None] + edges)
        middle = (edges[:-1] + edges[1:]) / 2
        gap = (ages[:, None] + middle).ravel()
        left = np.broadcast_to(horizon.n_days - middle, (len(ages), SLICES)).ravel()
        later = np.asarray(
            outlook.expected_purchases(self.repeating_.params_, left, np.ones_like(gap), gap, gap)
        ).reshape(len(ages), SLICES)
        later_worth = (annuity(horizon.n_days, money) - annuity(middle, money)) / (
            horizon.n_days - middle
        )
        now_worth = money.discount(middle)

        waiting = np.ones(len(elapsed))
        purchases, discounted = np.zeros(len(elapsed)), np.zeros(len(elapsed))
        for k in range(SLICES):
            still = np.exp(-risk * (hazard[:, k + 1] - hazard[:, 0])[place])
            returned = waiting - still
            purchases += returned * (1.0 + later[place, k])
            discounted += returned * (now_worth[k] + later_worth[k] * later[place, k])
            waiting = still
        return Outlook(self._p_return(elapsed, risk, horizon.n_days), purchases, discounted)
