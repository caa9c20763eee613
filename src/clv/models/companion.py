"""A purchase model beside the learners: its figures are features, its clock reaches any horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv.core.types import Floats, Horizon, Money
from clv.models.chance import log_odds
from clv.models.regular import MBGCNBD

if TYPE_CHECKING:
    from clv.features.book import History

AT_PAR = Money()

#: Feature -> column of the purchase model's forecast over the window, what it means, its unit.
OUTPUTS = {
    "model_value": ("clv", "spend that a purchase model expects in the window ahead", "currency"),
    "model_purchases": (
        "expected_purchases",
        "purchase days that a purchase model expects in the window ahead",
        "days",
    ),
    "model_order_value": (
        "expected_order_value",
        "spend a purchase day that a purchase model expects",
        "currency",
    ),
    "model_alive": (
        "p_alive",
        "chance that the customer has not left for good, by a purchase model",
        "share",
    ),
    "model_chance": (
        "p_purchase",
        "chance of any purchase in the window ahead, by a purchase model",
        "share",
    ),
    "model_next_days": (
        "next_days",
        "days until half of such customers have bought again, by a purchase model",
        "days",
    ),
}


def companion(history: History) -> MBGCNBD:
    """The purchase model fitted to a history; once, however many ask.

    Raises
    ------
    FitError : nobody bought again, or nobody spent anything
    """
    return history.remember(("companion",), lambda: MBGCNBD().fit(history))


def outputs(model: MBGCNBD, history: History, window: Horizon) -> pd.DataFrame:
    """The purchase model's figures as features, one row per row of the history."""
    told = model.predict(history, window)
    return pd.DataFrame(
        {name: told[column].to_numpy(np.float64) for name, (column, *_) in OUTPUTS.items()},
        index=history.frame.index,
    )


def carried(
    model: MBGCNBD,
    history: History,
    value: Floats,
    odds: Floats,
    window: Horizon,
    horizon: Horizon,
) -> tuple[Floats, Floats]:
    """A forecast over one window, carried to another.

    Each customer's spend grows with the horizon as the purchase model expects of them, and so
    do the odds of a purchase.

    Parameters
    ----------
    value : (n,) or (n, members) expected spend over the window
    odds : (n,) logarithms of the odds of a purchase in it

    Returns
    -------
    both over the horizon
    """
    if window == horizon:
        return value, odds
    over, ahead = model.predict(history, window), model.predict(history, horizon)
    times = horizon.n_days / window.n_days
    before, after = column(over, "clv"), column(ahead, "clv")
    growth = np.divide(after, before, out=np.full(len(before), times), where=before > 0)
    # Between no more and in proportion.
    growth = np.clip(growth, min(1.0, times), max(1.0, times))
    likelier = log_odds(column(ahead, "p_purchase")) - log_odds(column(over, "p_purchase"))
    return np.asarray((value.T * growth).T), odds + likelier


def told(
    model: MBGCNBD,
    history: History,
    value: Floats,
    chance: Floats,
    horizon: Horizon,
    money: Money = AT_PAR,
) -> pd.DataFrame:
    """A forecast of spend and of the chance of a purchase as the table `PREDICTION`.

    What waiting costs, what an order is worth, when the next one comes and whether the customer
    is active are the purchase model's word; purchases are the spend over the order value, and
    the chance of one is no more and no less than they allow. Where many orders are free, spend
    tells little of how many come: purchases are the purchase model's word then, an order is worth
    the spend over them, and the chance of spending anything is told beside that of a purchase.

    Parameters
    ----------
    value : (n,) expected spend over the horizon, undiscounted
    chance : (n,) of a purchase in it
    """
    ahead = model.predict(history, horizon, money)
    expected = column(ahead, "clv")
    if money.annual_discount_rate > 0:
        whole = money.margin * column(model.predict(history, horizon), "clv")
        waiting = np.divide(expected, whole, out=np.ones(len(whole)), where=whole > 0)
    else:
        waiting = np.ones(len(expected))
    order_value = column(ahead, "expected_order_value")
    paying = np.divide(value, order_value, out=np.zeros(len(value)), where=order_value > 0)
    found = ahead.assign(clv=value * money.margin * waiting)
    if model.spend.paid_ is None:
        likely = _allowed(chance, paying, horizon)
        return found.assign(expected_purchases=paying, p_purchase=likely, p_spend=likely)
    # Whoever pays buys.
    purchases = np.maximum(column(ahead, "expected_purchases"), paying)
    worth = np.divide(value, purchases, out=np.zeros(len(value)), where=purchases > 0)
    return found.assign(
        expected_purchases=purchases,
        expected_order_value=worth,
        p_purchase=_allowed(chance, purchases, horizon),
        p_spend=_allowed(chance, paying, horizon),
    )


def _allowed(chance: Floats, purchases: Floats, horizon: Horizon) -> Floats:
    """Where any come, one a day at most; nor is any likelier than if they came at random."""
    return np.clip(chance, purchases / horizon.n_days, -np.expm1(-purchases))


def column(frame: pd.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy(dtype=np.float64)
