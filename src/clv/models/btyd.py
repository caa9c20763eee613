"""Buy-till-you-die: a purchase model for how often, a spend model for how much."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
import pandas as pd

from clv.core.errors import ClvError
from clv.core.types import DAYS_PER_YEAR, Floats, Horizon, Json, Money
from clv.models import fitted
from clv.models.base import History
from clv.models.spend import SpendModel
from clv.numerics import bgnbd, histories, mbgnbd, outlook, paretonbd
from clv.numerics.draws import Interval, draw_params, interval, total_draws
from clv.numerics.residual import discounted_purchases

#: Share of next purchases that fall between next_days_earliest and next_days_latest.
NEXT_PURCHASE_LEVEL = 0.9
#: Next purchases beyond a century are told as a century.
FARTHEST_DAYS = 36_525.0
#: Draws behind the interval of a total.
DRAWS = 1_000


class PurchaseModel:
    """A purchase model of `numerics`, joined with a spend model. Time is in days.

    Parameters
    ----------
    spend : what a customer spends per order; `SpendModel` on all orders unless given
    prior_sd : of a Normal prior on each log-parameter, see `clv.numerics.purchases.fit`; None
        for none, unless the likelihood has no summit without one

    Attributes
    ----------
    params_, standard_errors_ : named as in the papers, in days
    covariance_ : (k, k) of params_
    loglik_ : total log-likelihood
    n_customers_, n_histories_ : customers fitted, and distinct histories among them
    notes_ : what could not be had from the data alone, and what was done instead
    """

    name: str
    title: str
    numerics: ModuleType
    params_kind: Any

    params_: Any
    standard_errors_: Any
    covariance_: Floats
    loglik_: float
    n_customers_: int
    n_histories_: int
    notes_: tuple[str, ...]

    def __init__(self, spend: SpendModel | None = None, *, prior_sd: float | None = None) -> None:
        self.spend = spend if spend is not None else SpendModel()
        self.prior_sd = prior_sd

    def fit(self, history: History) -> Self:
        """Learn purchases from x, t_x and T, and spend from the values.

        Where the likelihood has its summit at no finite parameters, a weak prior holds them and
        `notes_` says so.

        Raises
        ------
        HistoryError : a history that cannot be
        FitError : nobody bought again, or nobody spent anything
        """
        self.fit_purchases(history)
        self.spend.fit(history)
        self.notes_ = (*self.notes_, *self.spend.notes_)
        return self

    def fit_purchases(self, history: History) -> Self:
        """As `fit`, from x, t_x and T alone."""
        return self.fit_counted(histories.tally(*columns_of(history)))

    def fit_counted(self, counted: histories.Counted) -> Self:
        """As `fit_purchases`, from distinct histories with counts, as `Book.counted` gives them."""
        found, self.notes_ = fitted.held(
            lambda prior_sd: self.numerics.fit(*counted, prior_sd), self.prior_sd
        )
        self._learned(found, len(counted.x))
        return self

    def predict(
        self, history: History, horizon: Horizon, money: Money | None = None
    ) -> pd.DataFrame:
        """One row per row of history.frame, in its order: the table `PREDICTION`."""
        self._require_fitted()
        money = money or Money()
        distinct, p = self._distinct(history)
        seen, days = (distinct.x, distinct.t_x, distinct.T), float(horizon.n_days)
        expected = discounted = outlook.expected_purchases(p, days, *seen)
        force = float(np.log1p(money.annual_discount_rate)) / DAYS_PER_YEAR
        if force > 0:
            discounted = discounted_purchases(p, force, *seen, days)
        each = {
            "expected_purchases": expected,
            "p_alive": outlook.p_alive(p, *seen),
            "p_purchase": outlook.p_purchase(p, days, *seen),
        }
        tail = (1.0 - NEXT_PURCHASE_LEVEL) / 2.0
        for column, q in (("", 0.5), ("_earliest", tail), ("_latest", 1.0 - tail)):
            gap = outlook.next_purchase_quantile(p, q, *seen)
            each[f"next_days{column}"] = np.minimum(gap, FARTHEST_DAYS)
        value = self.spend.expected_value(history)
        table = {
            "customer_id": history.frame["customer_id"].to_numpy(),
            "clv": money.margin * discounted[distinct.inverse] * value,
            "expected_purchases": each.pop("expected_purchases")[distinct.inverse],
            "expected_order_value": value,
        }
        table |= {column: values[distinct.inverse] for column, values in each.items()}
        table["p_spend"] = table["p_purchase"]
        return pd.DataFrame(table, index=history.frame.index)

    def expected_new(self, days: Floats) -> Floats:
        """Repeat purchases expected of a new customer within so many days, (n,)."""
        self._require_fitted()
        return np.asarray(outlook.expected_purchases_new(self.params_, days))

    def total_ahead(
        self, history: History, days: float, level: float, seed: int = 0
    ) -> tuple[float, Interval]:
        """Purchases that all customers together are expected to make, and between which ends.

        The interval holds chance and how uncertain the parameters are; that next year may be
        unlike the last it does not hold.

        Parameters
        ----------
        days : ahead, in the unit of the history
        level : chance that the interval holds the total, such as 0.9
        seed : of the draws
        """
        self._require_fitted()
        distinct, p = self._distinct(history)
        seen = distinct.x, distinct.t_x, distinct.T
        expected = float(distinct.n @ outlook.expected_purchases(p, days, *seen))
        rng = np.random.default_rng(seed)
        drawn = self._drawn(history, rng)
        return expected, interval(total_draws(drawn, p, days, *seen, distinct.n, rng), level)

    def save(self, folder: Path) -> None:
        """Write model.json into an existing folder."""
        fitted.write(folder, self.state())

    def state(self) -> Json:
        """What was learned, as JSON."""
        self._require_fitted()
        return {**fitted.estimates(self, "day"), "spend": self.spend.state()}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        RunError : the file is missing, of another model or version, or incomplete
        """
        return fitted.made(folder, cls.name, cls.of_state)

    @classmethod
    def of_state(cls, state: Json) -> Self:
        """The model whose `state` this is."""
        return fitted.restore(cls.made_for(state), state)

    @classmethod
    def made_for(cls, state: Json) -> Self:
        """An unfitted model with the settings of a state."""
        return cls(SpendModel.of(state["spend"]))

    def _learned(self, found: Any, n_histories: int) -> None:
        self.params_, self.standard_errors_ = found.params, found.standard_errors
        self.covariance_, self.loglik_ = found.covariance, found.loglik
        self.n_customers_, self.n_histories_ = found.n_customers, n_histories

    def _drawn(self, history: History, rng: np.random.Generator) -> list[Any]:  # noqa: ARG002
        """Parameters as they might be, of each distinct history."""
        return draw_params(self.params_, self.covariance_, DRAWS, rng)

    def _distinct(self, history: History) -> tuple[histories.Histories, Any]:
        """Distinct histories, and the parameters each of them follows."""
        return histories.group(*columns_of(history)), self.params_

    def _require_fitted(self) -> None:
        if not hasattr(self, "params_"):
            raise ClvError(
                f"{self.title}: not fitted yet. Call fit(history) or load(folder) first."
            )


class BGNBD(PurchaseModel):
    """May stop for good after each repeat purchase; every one-time buyer counts as active."""

    name = "bgnbd"
    title = "BG/NBD"
    numerics = bgnbd
    params_kind = bgnbd.BGNBDParams


class MBGNBD(PurchaseModel):
    """May stop for good after each purchase, the first included."""

    name = "mbgnbd"
    title = "MBG/NBD"
    numerics = mbgnbd
    params_kind = mbgnbd.MBGNBDParams


class ParetoNBD(PurchaseModel):
    """May stop for good at any time."""

    name = "paretonbd"
    title = "Pareto/NBD"
    numerics = paretonbd
    params_kind = paretonbd.ParetoNBDParams


def columns_of(history: History) -> list[np.ndarray]:
    """x, t_x and T of the customers, (n,) each."""
    return [history.frame[column].to_numpy() for column in ("x", "t_x", "T")]
