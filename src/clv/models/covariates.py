"""Purchase models whose customers differ by what is known of them besides their purchases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from clv.core.errors import ColumnError, HistoryError, SettingError
from clv.core.schema import HISTORY
from clv.core.types import Json
from clv.models import fitted
from clv.models.base import History
from clv.models.btyd import DRAWS, PurchaseModel, columns_of
from clv.models.spend import SpendModel
from clv.numerics import bgnbd, covariates, histories, mbgnbd, paretonbd
from clv.numerics.covariates import CovariateFit, Covariates, Effects


class CovariateModel(PurchaseModel):
    """A purchase model with covariates constant in time. Time is in days.

    Parameters
    ----------
    purchase : number columns of the history that multiply the purchase rate by exp(gamma z)
    dropout : those that so multiply the dropout rate, or the odds of dropping out at a purchase;
        the same ones unless given
    spend, prior_sd : as in `PurchaseModel`

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
        *,
        prior_sd: float | None = None,
    ) -> None:
        super().__init__(spend, prior_sd=prior_sd)
        if taken := sorted({*purchase, *(dropout or ())} & set(HISTORY.names)):
            raise SettingError(
                f"covariates: {', '.join(taken)} already says what was bought. Rename the column."
            )
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
        distinct, some = self._once(history)
        counted = distinct.x, distinct.t_x, distinct.T, distinct.n
        found, self.notes_ = fitted.held(
            lambda prior_sd: covariates.fit(
                self.numerics, self.params_kind, counted, some, prior_sd
            ),
            self.prior_sd,
        )
        self._learned(found, len(distinct.x))
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
        distinct, known = self._once(history)
        return distinct, self._of_customers(self.params_, self.effects_, known)

    def _drawn(self, history: History, rng: np.random.Generator) -> list[Any]:
        found = CovariateFit(
            self.params_, self.standard_errors_, self.effects_, self.effect_errors_,
            self.covariance_, self.loglik_, self.n_customers_, 0,
        )  # fmt: skip
        known = self._once(history)[1]
        drawn = covariates.draw_fits(found, DRAWS, rng)
        return [self._of_customers(params, effects, known) for params, effects in drawn]

    def _of_customers(self, params: Any, effects: Effects, known: Covariates) -> Any:
        return covariates.of_customers(params, effects, known, self.numerics.ACTS)

    def _once(self, history: History) -> tuple[histories.Histories, Covariates]:
        """Customers who agree in history and covariates, once each."""
        known = self._covariates(history)
        seen = [*columns_of(history), *known.purchase.T, *known.dropout.T]
        first, inverse, n = histories.distinct(*seen)
        x, t_x, T = (np.asarray(column, dtype=np.float64)[first] for column in seen[:3])
        some = known._replace(purchase=known.purchase[first], dropout=known.dropout[first])
        return histories.Histories(x, t_x, T, n.astype(np.float64), inverse), some

    def _covariates(self, history: History) -> Covariates:
        wanted = dict.fromkeys((*self.purchase, *self.dropout))
        if unknown := [name for name in wanted if name not in history.frame]:
            raise ColumnError(
                f"covariates: {', '.join(unknown)} not in the history. Join the columns to it by"
                " customer_id."
            )
        columns = {name: history.frame[name].to_numpy(dtype=np.float64) for name in wanted}
        for name, column in columns.items():
            if missing := int((~np.isfinite(column)).sum()):
                raise HistoryError(
                    f"covariate {name}: is missing or infinite in {missing} row(s)."
                    " Fill them in, or leave the covariate out."
                )
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
