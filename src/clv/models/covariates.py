"""Purchase models whose customers differ by what is known of them besides their purchases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from clv.core.errors import ColumnError, FitError, SettingError
from clv.core.types import Json
from clv.models.base import History
from clv.models.btyd import WEAK_PRIOR_SD, PurchaseModel, columns_of
from clv.models.spend import SpendModel
from clv.numerics import bgnbd, covariates, histories, mbgnbd, paretonbd
from clv.numerics.covariates import Covariates, Effects


class CovariateModel(PurchaseModel):
    """A purchase model with covariates constant in time. Time is in days.

    Parameters
    ----------
    purchase : number columns of the history that multiply the purchase rate by exp(gamma z)
    dropout : those that so multiply the dropout rate, or the odds of dropping out at a purchase;
        the same ones unless given
    spend : what a customer spends per order; `SpendModel` on all orders unless given

    Attributes
    ----------
    params_, standard_errors_ : of a customer whose covariates are all 0
    effects_, effect_errors_ : gamma of each covariate, and its standard error
    covariance_ : (k + m + l, k + m + l) of params_, then effects_
    """

    effects_: Effects
    effect_errors_: Effects

    def __init__(
        self,
        purchase: Sequence[str],
        dropout: Sequence[str] | None = None,
        spend: SpendModel | None = None,
    ) -> None:
        super().__init__(spend)
        if not purchase and not dropout:
            raise SettingError(f"{self.title}: no covariates. Name columns of the history.")
        self.purchase = tuple(purchase)
        self.dropout = self.purchase if dropout is None else tuple(dropout)

    def fit_purchases(self, history: History) -> Self:
        """As `fit`, from x, t_x, T and the covariates.

        Raises
        ------
        ColumnError : the history has no such column
        HistoryError : a covariate is missing for a customer, or the same for all
        """
        known = self._covariates(history)
        seen = [*columns_of(history), *known.purchase.T, *known.dropout.T]
        first, _, n = histories.distinct(*seen)
        rows = tuple(np.asarray(column, dtype=np.float64)[first] for column in seen[:3])
        counted = rows[0], rows[1], rows[2], n.astype(np.float64)
        some = known._replace(purchase=known.purchase[first], dropout=known.dropout[first])
        self.notes_ = ()
        try:
            found = covariates.fit(self.numerics, self.params_kind, counted, some)
        except FitError as runaway:
            prior = WEAK_PRIOR_SD
            found = covariates.fit(self.numerics, self.params_kind, counted, some, prior)
            self.notes_ = (f"{runaway} Here a weak prior held the parameters.",)
        self._learned(found, len(first))
        self.effects_, self.effect_errors_ = found.effects, found.effect_errors
        return self

    def state(self) -> Json:
        """What was learned, as JSON."""
        return {
            **super().state(),
            "purchase": dict(zip(self.purchase, self.effects_.purchase.tolist(), strict=True)),
            "dropout": dict(zip(self.dropout, self.effects_.dropout.tolist(), strict=True)),
            "purchase_errors": self.effect_errors_.purchase.tolist(),
            "dropout_errors": self.effect_errors_.dropout.tolist(),
        }

    @classmethod
    def made_for(cls, state: Json) -> Self:
        """An unfitted model with the settings of a state."""
        model = cls(
            tuple(state["purchase"]), tuple(state["dropout"]), SpendModel.of(state["spend"])
        )
        model.effects_ = Effects(*(np.array([*state[name].values()]) for name in Effects._fields))
        model.effect_errors_ = Effects(
            *(np.array(state[f"{name}_errors"]) for name in Effects._fields)
        )
        return model

    def _distinct(self, history: History) -> tuple[histories.Histories, Any]:
        known = self._covariates(history)
        seen = [*columns_of(history), *known.purchase.T, *known.dropout.T]
        first, inverse, n = histories.distinct(*seen)
        x, t_x, T = (np.asarray(column, dtype=np.float64)[first] for column in seen[:3])
        some = known._replace(purchase=known.purchase[first], dropout=known.dropout[first])
        p = covariates.of_customers(self.params_, self.effects_, some, self.numerics.ACTS)
        return histories.Histories(x, t_x, T, n.astype(np.float64), inverse), p

    def _covariates(self, history: History) -> Covariates:
        wanted = dict.fromkeys((*self.purchase, *self.dropout))
        if missing := [name for name in wanted if name not in history.frame]:
            raise ColumnError(
                f"covariates: {', '.join(missing)} not in the history. Join the columns to it by"
                " customer_id."
            )
        columns = {name: history.frame[name].to_numpy(dtype=np.float64) for name in wanted}
        return Covariates.of(columns, self.purchase, self.dropout)


class BGNBDCovariates(CovariateModel):
    """BG/NBD: covariates multiply the purchase rate, and the odds of dropping out."""

    name = "bgnbd_covariates"
    title = "BG/NBD with covariates"
    numerics = bgnbd
    params_kind = bgnbd.BGNBDParams


class MBGNBDCovariates(CovariateModel):
    """MBG/NBD: covariates multiply the purchase rate, and the odds of dropping out."""

    name = "mbgnbd_covariates"
    title = "MBG/NBD with covariates"
    numerics = mbgnbd
    params_kind = mbgnbd.MBGNBDParams


class ParetoNBDCovariates(CovariateModel):
    """Pareto/NBD: covariates multiply the purchase rate, and the dropout rate."""

    name = "paretonbd_covariates"
    title = "Pareto/NBD with covariates"
    numerics = paretonbd
    params_kind = paretonbd.ParetoNBDParams
