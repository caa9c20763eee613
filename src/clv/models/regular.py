"""Buy-till-you-die in a rhythm: gaps steadier than chance, their regularity k from the data."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from clv.core.errors import SettingError
from clv.models import fitted
from clv.models.base import History
from clv.models.btyd import PurchaseModel, columns_of
from clv.models.spend import SpendModel
from clv.numerics import bgcnbd, cnbd, histories, mbgcnbd


class RegularModel(PurchaseModel):
    """A purchase model whose every k-th tick is a purchase. Time is in days.

    Parameters
    ----------
    spend : what a customer spends per order; `SpendModel` on all orders unless given
    k : rhythm; 1 is chance, the higher the steadier. Chosen by likelihood unless given
    prior_sd : as in `PurchaseModel`

    Attributes
    ----------
    params_ : r, alpha, a, b and k, in days
    loglik_ : of purchase times where all customers' `log_gaps` are known, else of x and t_x
        alone, on the scale of k = 1
    loglik_by_k_ : of each k tried, from 1 up to the first that is worse, over the customers
        whose `log_gaps` are known
    """

    #: The model it is at k = 1.
    plain: str

    loglik_by_k_: dict[int, float]

    def __init__(
        self,
        spend: SpendModel | None = None,
        k: int | None = None,
        *,
        prior_sd: float | None = None,
    ) -> None:
        super().__init__(spend, prior_sd=prior_sd)
        if k is not None and not (1 <= k <= cnbd.LARGEST_K and k == int(k)):
            raise SettingError(
                f"k: {k} is not a whole number from 1 to {cnbd.LARGEST_K}. Leave it out to have"
                " it chosen from the data."
            )
        self.k = k

    def fit_purchases(self, history: History) -> Self:
        """As `fit`, from x, t_x, T and the gaps."""
        frame = history.frame
        known = frame["log_gaps"].notna() if "log_gaps" in frame else frame["x"] < 0
        some = frame[known] if known.any() else frame
        self.loglik_by_k_ = {}
        for k in range(1, cnbd.LARGEST_K + 1) if self.k is None else (self.k,):
            found, notes = self._fit_with(k, some)
            better = not self.loglik_by_k_ or found.loglik > max(self.loglik_by_k_.values())
            self.loglik_by_k_[k] = found.loglik
            if not better:
                break
            best, self.notes_ = found, notes
        if len(some) < len(frame):
            best, self.notes_ = self._fit_with(best.params.k, frame)
        if best.params.k == 1:
            self.notes_ += (f"{self.title}: the gaps show no rhythm, so it is the {self.plain}.",)
        self._learned(best, len(histories.tally(*columns_of(history)).x))
        return self

    def _fit_with(self, k: int, frame: pd.DataFrame) -> tuple[Any, tuple[str, ...]]:
        counted = histories.tally(*(frame[name].to_numpy() for name in ("x", "t_x", "T")))
        gaps = frame["log_gaps"].sum(skipna=False) if "log_gaps" in frame else np.nan
        total = float(gaps) if np.isfinite(gaps) else None
        return fitted.held(
            lambda prior_sd: self.numerics.fit(*counted, prior_sd, k=k, total_log_gaps=total),
            self.prior_sd,
        )


class BGCNBD(RegularModel):
    """Buys in a rhythm; may stop for good after each repeat purchase."""

    name = "bgcnbd"
    title = "BG/CNBD-k"
    plain = "BG/NBD"
    numerics = bgcnbd
    params_kind = bgcnbd.BGCNBDParams


class MBGCNBD(RegularModel):
    """Buys in a rhythm; may stop for good after each purchase, the first included."""

    name = "mbgcnbd"
    title = "MBG/CNBD-k"
    plain = "MBG/NBD"
    numerics = mbgcnbd
    params_kind = mbgcnbd.MBGCNBDParams
