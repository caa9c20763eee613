"""Buy-till-you-die in a rhythm: gaps steadier than chance, their regularity k from the data."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from clv.core.errors import FitError, SettingError
from clv.core.types import Floats
from clv.models.base import History
from clv.models.btyd import WEAK_PRIOR_SD, PurchaseModel
from clv.models.spend import SpendModel
from clv.numerics import bgcnbd, cnbd, histories, mbgcnbd


class RegularModel(PurchaseModel):
    """A purchase model whose every k-th tick is a purchase. Time is in days.

    Parameters
    ----------
    spend : what a customer spends per order; `SpendModel` on all orders unless given
    k : rhythm; 1 is chance, the higher the steadier. Chosen by likelihood unless given

    Attributes
    ----------
    params_ : r, alpha, a, b and k, in days
    loglik_ : with the gaps' share where the history has `log_gaps`, else with what x, t_x and
        `first_gap` tell of them; on the scale of the BG/NBD's either way
    loglik_by_k_ : of each k tried, from 1 up to the first that is worse
    """

    loglik_by_k_: dict[int, float]

    def __init__(self, spend: SpendModel | None = None, k: int | None = None) -> None:
        super().__init__(spend)
        if k is not None and not (1 <= k <= cnbd.LARGEST_K and k == int(k)):
            raise SettingError(
                f"k: {k} is not a whole number from 1 to {cnbd.LARGEST_K}. Leave it out to have"
                " it chosen from the data."
            )
        self.k = k

    def fit(self, history: History) -> Self:
        """Learn purchases from x, t_x, T and the gaps, and spend from the values.

        Where the likelihood has its summit at no finite parameters, a weak prior holds them and
        `notes_` says so.

        Raises
        ------
        HistoryError : a history that cannot be
        FitError : nobody bought again, or nobody spent anything
        """
        x, t_x, T = (history.frame[column].to_numpy() for column in ("x", "t_x", "T"))
        counted = histories.tally(x, t_x, T)
        self.loglik_by_k_ = {}
        best: Any = None
        for k in range(1, cnbd.LARGEST_K + 1) if self.k is None else (self.k,):
            found, notes = self._fit_with(k, counted)
            loglik = found.loglik + self._gaps(k, history)
            self.loglik_by_k_[k] = loglik
            if best is not None and loglik <= self.loglik_:
                break
            best, self.notes_, self.loglik_ = found, notes, loglik
        self.params_, self.standard_errors_ = best.params, best.standard_errors
        self.covariance_ = best.covariance
        self.n_customers_, self.n_histories_ = best.n_customers, len(counted.x)
        self.spend.fit(history)
        return self

    def _fit_with(self, k: int, counted: histories.Counted) -> tuple[Any, tuple[str, ...]]:
        try:
            return self.numerics.fit(*counted, k=k, total_log_gaps=0.0), ()
        except FitError as runaway:
            found = self.numerics.fit(*counted, WEAK_PRIOR_SD, k=k, total_log_gaps=0.0)
            return found, (f"{runaway} Here a weak prior held the parameters.",)

    def _gaps(self, k: int, history: History) -> float:
        """What is known of the gaps adds this to a likelihood that counts them as one day each."""
        frame = history.frame
        x, t_x = (frame[column].to_numpy(dtype=np.float64) for column in ("x", "t_x"))
        as_one_day = cnbd.seen_gaps(k, x, np.zeros_like(x))
        if "log_gaps" in frame.columns:
            known = cnbd.seen_gaps(k, x, _number(history, "log_gaps"))
        else:
            known = cnbd.seen_ends(k, x, t_x)
            if "first_gap" in frame.columns:
                known = known + cnbd.seen_first_gap(k, x, t_x, _number(history, "first_gap"))
        return float((known - as_one_day).sum())


class BGCNBD(RegularModel):
    """Buys in a rhythm; may stop for good after each repeat purchase."""

    name = "bgcnbd"
    title = "BG/CNBD-k"
    numerics = bgcnbd
    params_kind = cnbd.CNBDParams


class MBGCNBD(RegularModel):
    """Buys in a rhythm; may stop for good after each purchase, the first included."""

    name = "mbgcnbd"
    title = "MBG/CNBD-k"
    numerics = mbgcnbd
    params_kind = cnbd.CNBDParams


def _number(history: History, column: str) -> Floats:
    """A column of logarithms or gaps, 0 where a customer has none."""
    return history.frame[column].fillna(0.0).to_numpy(dtype=np.float64)
