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
from clv.features.summary import counted, outcome, repeats_by_day, summary
from clv.numerics.histories import Counted

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from clv.features.ledger import Ledger


#: Gaps between purchases that are enough to tell a rhythm from chance.
MOST_GAPS = 500_000


@dataclass(frozen=True)
class History:
    """Customers' histories as of a day: the table `clv.core.schema.HISTORY` and its frame of time.

    Attributes
    ----------
    frame : one row a customer, ordered by customer_id
    as_of : last day observed
    first_day : first day of the log
    window : days that recent columns reach back from as_of
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
        window : days that recent columns reach back
        """
        known = self.ledger.bought.filter(_.date <= as_of.day).count().to_pyarrow().as_py()
        every = 1 + known // MOST_GAPS
        # Every seventh day would be one weekday.
        every += every % 7 == 0
        table = summary(self.ledger, as_of, window, every).to_pyarrow().select(HISTORY.names)
        return History(to_frame(table), as_of, self.first_day, window)

    def counted(self, as_of: AsOf) -> Counted:
        """Distinct histories with counts: no row a customer leaves the engine."""
        return to_counted(counted(self.ledger.as_of(as_of), as_of).to_pyarrow())

    def outcome(self, history: History, window: Horizon) -> Floats:
        """Net spend of each row of a history in the days after its as_of; (n,), 0 for none."""
        bought = to_frame(outcome(self.ledger, history.as_of, window).to_pyarrow())
        value = history.frame[["customer_id"]].merge(bought, on="customer_id", how="left")["value"]
        return value.fillna(0.0).to_numpy(dtype=np.float64)

    def repeats(self, cutoff: AsOf, end: AsOf) -> pd.DataFrame:
        """Repeat purchases a day (date, repeats), by customers known at the cut-off."""
        return to_frame(repeats_by_day(self.ledger, cutoff, end).to_pyarrow())


def to_counted(table: pa.Table) -> Counted:
    """What `clv.features.summary.counted` found, as arrays."""
    columns = (table[name].to_numpy().astype(np.float64) for name in Counted._fields)
    return Counted(*columns)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Arrow to pandas: text and dates stay in Arrow's memory, absent whole numbers are NaN."""
    import pyarrow as pa

    def in_arrow(kind: pa.DataType) -> pd.ArrowDtype | None:
        stays = pa.types.is_string(kind) or pa.types.is_date(kind)
        return pd.ArrowDtype(kind) if stays else None

    frame: pd.DataFrame = table.to_pandas(types_mapper=in_arrow)
    return frame
