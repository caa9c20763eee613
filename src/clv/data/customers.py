"""A table of customers: what is known of each besides their orders, as numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from clv.core.errors import ColumnError, SourceError
from clv.data.columns import customer_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.types import Floats

#: Customers named in an error.
NAMED = 3
#: Texts with more values than this are names rather than groups.
MOST_GROUPS = 50


def read_customers(
    path: Path, customer: str | None, columns: Sequence[str], wanted: Sequence[str]
) -> dict[str, Floats]:
    """Columns of a table of customers, one number for each customer wanted.

    Number columns stay as they are. A text column becomes one column of 0 and 1 for each of its
    values but the most frequent, named ``column=value``.

    Parameters
    ----------
    path : CSV or Parquet file with a row a customer
    customer : name of the column that identifies them, if it is there; recognised otherwise
    columns : names of those to take; all unless given
    wanted : (n,) customers, in the order asked for

    Returns
    -------
    name : (n,) numbers each

    Raises
    ------
    SourceError : there is no such file, or it cannot be read
    ColumnError : a column is missing, has gaps or is no group; a customer is missing or there twice
    """
    table = _read(path)
    ids = customer if customer in table.column_names else customer_column(table.column_names)
    if ids is None:
        raise ColumnError(
            f"customers: no column of {path} says who the customer is; it has"
            f" {', '.join(table.column_names)}. Call it customer_id."
        )
    names = list(columns) or [name for name in table.column_names if name != ids]
    if missing := [name for name in names if name not in table.column_names]:
        raise ColumnError(
            f"customers: {path} has no column {', '.join(missing)}; it has"
            f" {', '.join(table.column_names)}."
        )
    rows = _rows(table[ids].cast(pa.string()).to_pylist(), wanted, path)
    found: dict[str, Floats] = {}
    for name in names:
        found |= _numbers(name, table[name].combine_chunks().take(pa.array(rows)), path)
    return found


def _read(path: Path) -> pa.Table:
    if not path.is_file():
        raise SourceError(f"customers: there is no file {path}. Give a CSV or Parquet file.")
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        head = pa_csv.open_csv(path).schema.names
        # Identities are text: 007 is not 7.
        texts = {name: pa.string() for name in head if customer_column([name])}
        return pa_csv.read_csv(path, convert_options=pa_csv.ConvertOptions(column_types=texts))
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"customers: {path} cannot be read ({error}).") from None


def _rows(ids: list[str | None], wanted: Sequence[str], path: Path) -> list[int]:
    place = {name: row for row, name in enumerate(ids)}
    if len(place) < len(ids):
        raise ColumnError(
            f"customers: {path} has {len(ids) - len(place)} row(s) of a customer it names already,"
            " or without a name. Give one row a customer."
        )
    if missing := [name for name in wanted if name not in place]:
        raise ColumnError(
            f"customers: {len(missing)} of {len(wanted)} customers of the log are not in {path}"
            f" ({', '.join(missing[:NAMED])}{', ...' if len(missing) > NAMED else ''})."
            " Add their rows."
        )
    return [place[name] for name in wanted]


def _numbers(name: str, column: pa.Array, path: Path) -> dict[str, Floats]:
    if column.null_count:
        raise ColumnError(
            f"customers: {name} is empty for {column.null_count} customer(s) in {path}."
            " Fill it in, or leave the column out."
        )
    if pa.types.is_boolean(column.type) or pa.types.is_integer(column.type):
        return {name: column.cast(pa.int64()).to_numpy(zero_copy_only=False).astype(np.float64)}
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return {name: column.cast(pa.float64()).to_numpy(zero_copy_only=False)}
    texts = column.cast(pa.string())
    counts = sorted(
        ((row["counts"], row["values"]) for row in pc.value_counts(texts).to_pylist()),
        key=lambda row: (-row[0], row[1]),
    )
    if len(counts) > MOST_GROUPS:
        raise ColumnError(
            f"customers: {name} has {len(counts)} different texts, so it is no group of customers."
            " Leave it out, or put customers into fewer groups."
        )
    return {
        f"{name}={value}": pc.equal(texts, value).to_numpy(zero_copy_only=False).astype(np.float64)
        for _, value in counts[1:]
    }
