"""One of the purchase models, picked by how likely it found purchases it had not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from clv.core.errors import ClvError, FitError
from clv.core.types import Floats, Horizon, Json, Money
from clv.models import fitted
from clv.models.base import History
from clv.models.btyd import BGNBD, MBGNBD, ParetoNBD, PurchaseModel
from clv.models.nbd import NBD
from clv.models.regular import BGCNBD, MBGCNBD
from clv.models.spend import SpendModel
from clv.numerics.cnbd import CNBDParams

#: In this order; the first is taken where nothing decides.
CANDIDATES = (MBGNBD, BGNBD, ParetoNBD, MBGCNBD, BGCNBD, NBD)
#: Purchases in the window below which nothing is decided.
FEWEST_PURCHASES = 30
#: Standard errors by which another has to be better than the first.
CLEARLY = 2.0


class Held(NamedTuple):
    """What the window held back tells of one candidate.

    Attributes
    ----------
    log_likelihood : per customer, of when they bought in the window, times in days
    ahead : of the first candidate, in standard errors of the difference; negative if behind
    """

    log_likelihood: float
    ahead: float


class BTYD:
    """Fits each purchase model to the days before the window, and asks it about the window.

    Each gives a likelihood to the purchases that customers made, and did not make, in the last
    `window` days of the history. The likeliest is fitted again to all days, unless it beats the
    MBG/NBD by no more than chance would: then the MBG/NBD is.

    Parameters
    ----------
    spend : what a customer spends per order; `SpendModel` on all orders unless given

    Attributes
    ----------
    picked_ : the model, fitted to all days
    held_ : of each candidate by name, what the window tells; empty where it tells nothing
    reason_ : why this one, in plain words
    """

    name = "btyd"
    title = "Buy-till-you-die"

    picked_: PurchaseModel
    held_: dict[str, Held]
    reason_: str

    def __init__(self, spend: SpendModel | None = None) -> None:
        self.spend = spend

    def fit(self, history: History) -> Self:
        """Pick, and learn from all days.

        Raises
        ------
        HistoryError : a history that cannot be, or without the columns of its window
        FitError : nobody bought again, or nobody spent anything
        """
        kind, self.held_, self.reason_ = pick(history)
        self.picked_ = kind(self.spend).fit(history)
        return self

    @property
    def notes_(self) -> tuple[str, ...]:
        """Which model was picked and why, and what could not be had from the data alone."""
        return (self.reason_, *self.picked_.notes_)

    def expected_new(self, days: Floats) -> Floats:
        """Repeat purchases expected of a new customer within so many days, (n,)."""
        self._require_fitted()
        return self.picked_.expected_new(days)

    def predict(
        self, history: History, horizon: Horizon, money: Money | None = None
    ) -> pd.DataFrame:
        """One row per row of history.frame, in its order: the table `PREDICTION`."""
        self._require_fitted()
        return self.picked_.predict(history, horizon, money)

    def save(self, folder: Path) -> None:
        """Write model.json into an existing folder."""
        self._require_fitted()
        state = {
            "name": self.name,
            "version": fitted.VERSION,
            "held": {name: held._asdict() for name, held in self.held_.items()},
            "reason": self.reason_,
            "picked": self.picked_.state(),
        }
        fitted.write(folder, state)

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
        """The model whose state this is."""
        kinds = {kind.name: kind for kind in CANDIDATES}
        model = cls()
        model.picked_ = kinds[state["picked"]["name"]].of_state(state["picked"])
        model.held_ = {name: Held(**held) for name, held in state["held"].items()}
        model.reason_ = state["reason"]
        return model

    def _require_fitted(self) -> None:
        if not hasattr(self, "picked_"):
            raise ClvError(
                f"{self.title}: not fitted yet. Call fit(history) or load(folder) first."
            )


def pick(history: History) -> tuple[type[PurchaseModel], dict[str, Held], str]:
    """The model that the window of the history speaks for.

    Returns
    -------
    its class, what the window tells of each candidate by name, and the reason in plain words
    """
    held, nothing = _held(history)
    kind = _likeliest(held)
    return kind, held, nothing or _told(kind, held, history.window)


def _held(history: History) -> tuple[dict[str, Held], str]:
    """What each candidate makes of the window, and why it tells nothing where it does not."""
    frame = history.frame
    known = frame["t_x_before"].notna() & frame["log_gaps"].notna()
    now = frame[(frame["T"] >= history.window) & known]
    purchases = int(now["recent_purchases"].sum())
    if purchases < FEWEST_PURCHASES:
        return {}, (
            f"MBG/NBD: the last {history.window} days hold {purchases} purchase day(s) of earlier"
            f" customers whose gaps are known, and {FEWEST_PURCHASES} are needed to tell the models"
            " apart."
        )
    earlier = (frame["T"] >= history.window) & frame["t_x_before"].notna()
    before = _before(frame[earlier], history)
    likely: dict[str, Floats] = {}
    for kind in CANDIDATES:
        try:
            p = kind().fit_purchases(before).params_
        except FitError:
            continue
        likely[kind.name] = _loglik(p, now) - _loglik(p, _before(now, history).frame)
    if CANDIDATES[0].name not in likely:
        return {}, "MBG/NBD: it could not be fitted to the days before the window."
    first = likely[CANDIDATES[0].name]
    return {
        name: Held(float(each.mean()), _ahead(each - first)) for name, each in likely.items()
    }, ""


def _before(now: pd.DataFrame, history: History) -> History:
    """Customers who came before the window, as they were then; returns since are taken off."""
    as_they_were = pd.DataFrame(
        {
            "x": now["x"].to_numpy() - now["recent_purchases"].to_numpy(),
            "t_x": now["t_x_before"].to_numpy(dtype=np.int64),
            "T": now["T"].to_numpy() - history.window,
            "log_gaps": now["log_gaps_before"].to_numpy(),
        }
    )
    cut = history.as_of.minus(history.window)
    return History(as_they_were, cut, history.first_day, history.window)


def _loglik(p: Any, frame: pd.DataFrame) -> Floats:
    """Log-likelihood of all purchase times of customers whose gaps are known."""
    x, t_x, T, gaps = (
        frame[name].to_numpy(dtype=np.float64) for name in ("x", "t_x", "T", "log_gaps")
    )
    loglik: Floats
    loglik = p.loglik(x, t_x, T, gaps) if isinstance(p, CNBDParams) else p.loglik(x, t_x, T)
    return loglik


def _ahead(difference: Floats) -> float:
    spread = float(difference.std()) / np.sqrt(len(difference))
    return float(difference.mean() / spread) if spread > 0 else 0.0


def _likeliest(held: dict[str, Held]) -> type[PurchaseModel]:
    able = [kind for kind in CANDIDATES if kind.name in held]
    if not able:
        return CANDIDATES[0]
    best = max(able, key=lambda kind: held[kind.name].log_likelihood)
    return best if held[best.name].ahead > CLEARLY else CANDIDATES[0]


def _told(kind: type[PurchaseModel], held: dict[str, Held], window: int) -> str:
    first = CANDIDATES[0]
    if kind is not first:
        return (
            f"{kind.title}: the purchases of the last {window} days are likeliest by it,"
            f" {held[kind.name].ahead:.1f} standard errors ahead of {first.title}."
        )
    return (
        f"{first.title}: no other model makes the purchases of the last {window} days clearly"
        " likelier."
    )
