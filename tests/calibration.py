"""Real logs as the papers cut them: histories in weeks as of a day, and what followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from clv.core.types import Floats
from clv.numerics import histories

DAYS_PER_WEEK = 7
CDNOW_SAMPLE, CDNOW = Path("cdnow/sample.parquet"), Path("cdnow/transactions.parquet")
GROCERY = Path("grocery_elog/transactions.parquet")
APPAREL = Path("apparel_clvtools_sim/transactions.parquet")


class Calibration(NamedTuple):
    """Customers who bought until a day, purchases merged by day; (n,) each.

    Attributes
    ----------
    customer_id : in ascending order
    x, t_x, T : histories
    log_gaps : sum of the logarithms of the gaps between purchases
    bought_later : purchases in the weeks ahead
    mean_repeat_spend : 0 where x = 0
    """

    customer_id: np.ndarray
    x: Floats
    t_x: Floats
    T: Floats
    log_gaps: Floats
    bought_later: Floats
    mean_repeat_spend: Floats

    @property
    def seen(self) -> tuple[Floats, Floats, Floats]:
        return self.x, self.t_x, self.T

    @property
    def counted(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Distinct histories and their customers."""
        x, t_x, T, n, _ = histories.group(*self.seen)
        return x, t_x, T, n

    def fit(self, model: Any, **how: Any) -> Any:
        """The fit of one of the modules of `numerics`."""
        return model.fit(*self.counted, **how)


def calibrate(log: Path, until: str, weeks_ahead: float) -> Calibration:
    rows = pd.read_parquet(log)
    rows["amount"] = rows.get("amount", 0.0)
    end = pd.Timestamp(until)
    days = rows.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    ahead = days[(days["date"] > end) & (days["date"] <= end + pd.Timedelta(weeks=weeks_ahead))]
    days = days[days["date"] <= end]
    bought = days.groupby("customer_id")["date"]
    first, last, x = bought.min(), bought.max(), bought.size() - 1.0
    gaps = bought.diff().dt.days / DAYS_PER_WEEK
    repeats = days[gaps.notna()].groupby("customer_id")["amount"].mean()
    return Calibration(
        x.index.to_numpy(),
        x.to_numpy(),
        ((last - first).dt.days / DAYS_PER_WEEK).to_numpy(),
        ((end - first).dt.days / DAYS_PER_WEEK).to_numpy(),
        np.log(gaps).groupby(days["customer_id"]).sum().to_numpy(),
        ahead.groupby("customer_id").size().reindex(x.index, fill_value=0).to_numpy(float),
        repeats.reindex(x.index, fill_value=0.0).to_numpy(),
    )
