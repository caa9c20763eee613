"""A table of days: marketing spend, market data, anything that has a number for each date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from clv.core.errors import ColumnError
from clv.data.columns import USUAL_NAMES, bare
from clv.data.tablefile import ReadTable, as_numbers, read_table, trimmed

if TYPE_CHECKING:
    from pathlib import Path

#: A series is of numbers, so most of them being some is enough.
MOSTLY = 0.5
_DAYS = {"day", *(name for group in USUAL_NAMES["date"] for name in group)}


def series_table(path: Path) -> ReadTable:
    """The days of a file and their numbers.

    Parameters
    ----------
    path : Parquet file, or text with a header; a row a day

    Returns
    -------
    date, and every number column, truths as 0 and 1; texts, and columns without a value, are left
    out and told

    Raises
    ------
    SourceError : there is no such file, or it cannot be read
    ColumnError : no rows, no column of days, one that is not of days, or no numbers
    """
    table = read_table(path, "series", lambda _: False)
    there = ", ".join(table.column_names)
    days = next((name for name in table.column_names if bare(name) in _DAYS), None)
    if days is None:
        raise ColumnError(f"series: no column of {path} is of days; it has {there}. Call it date.")
    if not table.num_rows:
        raise ColumnError(f"series: {path} has no rows. Give a table with a row a day.")
    kind = table.schema.field(days).type
    if pa.types.is_null(kind):
        raise ColumnError(f"series: {days} of {path} is empty. Write days as 2024-03-31.")
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        raise ColumnError(
            f"series: {days} of {path} holds {pc.first(table[days]).as_py()!r}, which is no day."
            " Write them as 2024-03-31."
        )
    found = {"date": table[days].cast(pa.date32(), safe=False)}
    notices, typed = [], path.suffix == ".parquet"
    for name in (name for name in table.column_names if name != days):
        column, notice = table[name].combine_chunks(), ""
        if pa.types.is_string(column.type):
            column, notice = as_numbers(name, trimmed(column), "series", typed=typed, mostly=MOSTLY)
        elif pa.types.is_boolean(column.type):
            column = column.cast(pa.int64())
        if column.null_count == len(column):
            notice = f"series: {name} is empty on all days and was left out"
        elif _is_number(column.type):
            found[name] = column
        elif not notice:
            held = "text" if pa.types.is_string(column.type) else column.type
            notice = f"series: {name} holds {held}, not numbers, and was left out"
        if notice:
            notices.append(notice)
    if len(found) == 1:
        raise ColumnError(f"series: no column of {path} has numbers; it has {there}.")
    return ReadTable(pa.table(found), tuple(table.column_names), tuple(notices))


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
