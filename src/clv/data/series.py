"""A table of days: marketing spend, market data, anything that has a number for each date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from clv.core.errors import ColumnError
from clv.data.columns import USUAL_NAMES, bare
from clv.data.tablefile import read_table, trimmed, with_comma

if TYPE_CHECKING:
    from pathlib import Path

_DAYS = {"day", *(name for group in USUAL_NAMES["date"] for name in group)}


def series_table(path: Path) -> pa.Table:
    """The days of a file and their numbers.

    Parameters
    ----------
    path : Parquet file, or text with a header; a row a day

    Returns
    -------
    date, and every number column; texts are left out

    Raises
    ------
    SourceError : there is no such file, or it cannot be read
    ColumnError : no column of days, one that is not of days, or no numbers
    """
    table = read_table(path, "series", lambda _: False)
    there = ", ".join(table.column_names)
    days = next((name for name in table.column_names if bare(name) in _DAYS), None)
    if days is None:
        raise ColumnError(f"series: no column of {path} is of days; it has {there}. Call it date.")
    kind = table.schema.field(days).type
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        raise ColumnError(
            f"series: {days} of {path} holds {pc.first(table[days]).as_py()!r}, which is no day."
            " Write them as 2024-03-31."
        )
    found = {"date": table[days].cast(pa.date32(), safe=False)}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_string(column.type):
            column = with_comma(name, trimmed(column), "series")
        if name != days and (
            pa.types.is_integer(column.type)
            or pa.types.is_floating(column.type)
            or pa.types.is_decimal(column.type)
        ):
            found[name] = column
    if len(found) == 1:
        raise ColumnError(f"series: no column of {path} has numbers; it has {there}.")
    return pa.table(found)
