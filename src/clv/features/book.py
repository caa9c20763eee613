"""The log's book: what may be known of every customer, as of any day asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from ibis import _

from clv.core.errors import HistoryError
from clv.core.schema import HISTORY
from clv.core.types import AsOf, Floats, Horizon
from clv.features.summary import outcome, repeats_by_day, summary

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from clv.features.ledger import Ledger


@dataclass(frozen=True)
class History:
    """Customers' histories as of a day: the table `clv.core.schema.HISTORY` and its frame of time.

    Attributes
    ----------
    frame : one row a customer, ordered by customer_id
    as_of : last day observed
    first_day : first day of the log
    window : days that `recent_value` reaches back from as_of
    """

    frame: pd.DataFrame
    as_of: AsOf
    first_day: date
    window: int

    @property
    def span(self) -> int:
        """Days observed, both ends included."""
        return (self.as_of.day - self.first_day).days + 1

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class Book:
    """The ledger with its first and last day, read as of any day between.

    Attributes
    ----------
    first_day : day of the first purchase
    as_of : last day observed
    """

    ledger: Ledger
    first_day: date
    as_of: AsOf

    @classmethod
    def open(cls, ledger: Ledger, as_of: AsOf) -> Book:
        """
        Raises
        ------
        HistoryError : the log has no purchase left
        """
        first = ledger.bought.agg(first=_.date.min()).to_pyarrow()["first"][0].as_py()
        if first is None:
            raise HistoryError(
                f"history: no purchase is left up to {as_of} once returns are taken off."
                " Is the sign of the amounts right?"
            )
        return cls(ledger, first, as_of)

    def history(self, as_of: AsOf, window: int) -> History:
        """Every customer who had bought by as_of.

        Parameters
        ----------
        window : days that `recent_value` reaches back
        """
        table = summary(self.ledger, as_of, window).to_pyarrow().select(HISTORY.names)
        return History(to_frame(table), as_of, self.first_day, window)

    def outcome(self, history: History, window: Horizon) -> Floats:
        """Net spend of each row of a history in the days after its as_of; (n,), 0 for none."""
        bought = to_frame(outcome(self.ledger, history.as_of, window).to_pyarrow())
        value = history.frame[["customer_id"]].merge(bought, on="customer_id", how="left")["value"]
        return value.fillna(0.0).to_numpy(dtype=np.float64)

    def repeats(self, cutoff: AsOf, end: AsOf) -> pd.DataFrame:
        """Repeat purchases a day (date, repeats), by customers known at the cut-off."""
        return to_frame(repeats_by_day(self.ledger, cutoff, end).to_pyarrow())


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Arrow to pandas: text and dates stay in Arrow's memory, absent whole numbers are NaN."""
    import pyarrow as pa

    def in_arrow(kind: pa.DataType) -> pd.ArrowDtype | None:
        stays = pa.types.is_string(kind) or pa.types.is_date(kind)
        return pd.ArrowDtype(kind) if stays else None

    frame: pd.DataFrame = table.to_pandas(types_mapper=in_arrow)
    return frame
