"""What is known besides the log: of customers, of days, of the country."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clv.data.customers import customers_table
from clv.data.series import series_table

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from clv.data.engine import Engine


@dataclass(frozen=True)
class Beside:
    """Files beside the log.

    Attributes
    ----------
    customers : a file with a row a customer, whose id is in the column `customer`
    columns : those of it to use; all unless given
    series : a file with a row a day
    country : whose holidays count where a customer's is not known
    """

    customers: str | None = None
    customer: str | None = None
    columns: tuple[str, ...] = ()
    series: str | None = None
    country: str = "US"

    def tables(self, engine: Engine) -> tuple[ir.Table | None, ir.Table | None]:
        """Both files as tables of the engine, None for those not given.

        Raises
        ------
        SourceError : a file cannot be read, or lacks what it must have
        """
        known = series = None
        if self.customers:
            read = customers_table(Path(self.customers), self.customer, list(self.columns))
            known = engine.ibis.create_table("known", read, temp=True)
        if self.series:
            days = series_table(Path(self.series))
            series = engine.ibis.create_table("series", days, temp=True)
        return known, series
