"""The real logs the figures are drawn from, and customers' histories as of a day."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from clv.data.bundled import cdnow_path
from clv.numerics import histories

if TYPE_CHECKING:
    from types import ModuleType

    from clv.core.types import Floats

DAYS_PER_WEEK = 7.0
#: The day the papers stop learning at: 39 weeks are seen, 39 follow.
CDNOW_CUTOFF = "1997-09-30"
SHARED = Path(os.environ.get("CLV_DATA_DIR", Path(__file__).resolve().parents[3] / "shared/data"))


class Customers(NamedTuple):
    """Histories in weeks as of a day, (n,) each; purchases of one day count as one.

    Attributes
    ----------
    x, t_x, T : repeat purchases, time of the last one, time observed
    spent : mean spend per purchase day, all of them; NaN without amounts
    first_spent : spend on the first day
    later, later_spent : purchases in the weeks after, and spend
    """

    x: Floats
    t_x: Floats
    T: Floats
    spent: Floats
    first_spent: Floats
    later: Floats
    later_spent: Floats


@cache
def cdnow() -> pd.DataFrame:
    """Purchase days of the bundled log: customer_id, date, amount."""
    return _by_day(pd.read_csv(cdnow_path(), dtype={"customer_id": str}, parse_dates=["date"]))


@cache
def grocery() -> pd.DataFrame:
    """Purchase days of an online grocer, 2006 and 2007; no amounts."""
    rows = pd.read_parquet(SHARED / "grocery_elog" / "transactions.parquet")
    return _by_day(rows.assign(amount=np.nan))


@cache
def apparel() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Purchase days of simulated apparel customers from 2005 to 2010, and what is known of each."""
    folder = SHARED / "apparel_clvtools_sim"
    rows = pd.read_parquet(folder / "transactions.parquet")
    days = _by_day(rows.assign(date=pd.to_datetime(rows["date"])))
    return days, pd.read_parquet(folder / "static_covariates.parquet").set_index("customer_id")


@cache
def donations() -> pd.DataFrame:
    """Gave or did not, a column a year from 1995 to 2006, of 11,104 who gave in 1995."""
    return pd.read_parquet(SHARED / "donations_1995_cohort" / "yearly_incidence.parquet")


def as_of(days: pd.DataFrame, end: str, weeks_ahead: float) -> Customers:
    """Everybody who had bought by ``end``, and what they did in the weeks after."""
    last = pd.Timestamp(end)
    seen = days[days["date"] <= last].sort_values(["customer_id", "date"]).groupby("customer_id")
    ahead = days[(days["date"] > last) & (days["date"] <= last + pd.Timedelta(weeks=weeks_ahead))]
    ahead_of = ahead.groupby("customer_id")["amount"].agg(["size", "sum"])
    ahead_of = ahead_of.reindex(seen.size().index, fill_value=0)
    first, final = seen["date"].min(), seen["date"].max()
    return Customers(
        seen.size().to_numpy(float) - 1.0,
        ((final - first).dt.days / DAYS_PER_WEEK).to_numpy(float),
        ((last - first).dt.days / DAYS_PER_WEEK).to_numpy(float),
        seen["amount"].mean().to_numpy(float),
        seen["amount"].first().to_numpy(float),
        ahead_of["size"].to_numpy(float),
        ahead_of["sum"].to_numpy(float),
    )


def first_wait() -> Floats:
    """Weeks from CDNOW's customers' first purchase to the second; inf where none was seen."""
    days = cdnow()
    first = days.groupby("customer_id")["date"].transform("min")
    wait = (days["date"] - first).dt.days.where(days["date"] > first) / DAYS_PER_WEEK
    return wait.groupby(days["customer_id"]).min().fillna(np.inf).to_numpy(float)


def share_returned(waited: Floats, ahead: float) -> Floats:
    """Share of CDNOW's customers not back after so many weeks who came in those ahead."""
    wait = first_wait()[:, None]
    back = (wait > waited) & (wait <= waited + ahead)
    return np.asarray(back.sum(axis=0) / (wait > waited).sum(axis=0))


def fitted(model: ModuleType, seen: Customers, **settings: Any) -> Any:
    """A purchase model's parameters, in weeks."""
    return model.fit(*histories.tally(seen.x, seen.t_x, seen.T), **settings).params


def _by_day(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
