"""A table of customers: what is known of each besides their orders, as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clv.core.errors import ColumnError
from clv.data.columns import customer_column
from clv.data.tablefile import ReadTable, as_numbers, read_table, trimmed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
    values but the most frequent, named ``column=value``. Encoding, packing and delimiter of a
    text file are read off it, as a log's are.

    Parameters
    ----------
    path : Parquet file, or text with a header, parted by comma, semicolon, tab or bar; a row a
        customer
    customer : name of the column that identifies them, if it is there; recognised otherwise
    columns : names of those to take; all unless given
    wanted : (n,) customers, in the order asked for

    Returns
    -------
    name : (n,) numbers each

    Raises
    ------
    SourceError : there is no such file, or it cannot be read
    ColumnError : a column is missing, has gaps, is no group or the same for all; a customer is
        missing, without a name or there twice
    """
    table, ids = _identified(path, customer, columns)
    names = list(columns) or [name for name in table.column_names if name != ids]
    who = table[ids].combine_chunks()
    rows = _rows(who.to_pylist(), wanted, path)
    found: dict[str, Floats] = {}
    for name in names:
        found |= _numbers(name, table[name].combine_chunks(), rows, path)
    return found


def customers_table(path: Path, customer: str | None, columns: Sequence[str]) -> ReadTable:
    """A table of customers as it is: gaps stay gaps, and not every customer needs a row.

    A column that is empty for all is left out and told, and so are single texts among numbers.

    Parameters
    ----------
    path, customer, columns : as `read_customers` takes them

    Returns
    -------
    customer_id, and the columns: numbers, truths, dates or texts

    Raises
    ------
    SourceError : there is no such file, or it cannot be read
    ColumnError : it has no rows, a column is missing, or a customer is without a name or there
        twice
    """
    table, ids = _identified(path, customer, columns)
    names = list(columns) or [name for name in table.column_names if name != ids]
    who = table[ids].combine_chunks()
    if again := len(who) - pc.count_distinct(who).as_py():
        twice = [row["values"] for row in pc.value_counts(who).to_pylist() if row["counts"] > 1]
        raise _repeated(again, twice, path)
    found, notices, typed = {"customer_id": who}, [], path.suffix == ".parquet"
    if ids != "customer_id" and "customer_id" in names:
        names.remove("customer_id")
        notices.append(f"customers: customer_id was left out, as {ids} says who the customer is")
    for name in names:
        column = table[name].combine_chunks()
        notice = ""
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column, notice = as_numbers(name, trimmed(column), "customers", typed=typed)
        if column.null_count == len(column):
            notice = f"customers: {name} is empty for all and was left out"
        else:
            found[name] = column
        if notice:
            notices.append(notice)
    return ReadTable(pa.table(found), tuple(names), tuple(notices))


def _identified(path: Path, customer: str | None, columns: Sequence[str]) -> tuple[pa.Table, str]:
    """The table with trimmed customers as text, and the name of their column."""
    # Identities are text: 007 is not 7.
    table = read_table(
        path, "customers", lambda shown: shown == customer or bool(customer_column([shown]))
    )
    there = ", ".join(table.column_names)
    if not table.num_rows:
        raise ColumnError(f"customers: {path} has no rows. Give a table with a row a customer.")
    ids = customer if customer in table.column_names else customer_column(table.column_names)
    if ids is None:
        raise ColumnError(
            f"customers: no column of {path} says who the customer is; it has {there}. Call it"
            " customer_id."
        )
    if missing := [name for name in columns if name not in table.column_names]:
        raise ColumnError(f"customers: {path} has no column {', '.join(missing)}; it has {there}.")
    who = trimmed(table[ids].combine_chunks())
    if who.null_count:
        raise ColumnError(
            f"customers: {ids} is empty in {who.null_count} row(s) of {path}, so nobody knows whose"
            " they are. Fill it in, or remove the rows."
        )
    return table.set_column(table.column_names.index(ids), ids, who), ids


def _repeated(rows: int, customers: Sequence[str], path: Path) -> ColumnError:
    return ColumnError(
        f"customers: {path} has {rows} row(s) of a customer it names already"
        f" ({_some(customers)}). Give one row a customer."
    )


def _rows(ids: list[str], wanted: Sequence[str], path: Path) -> list[int]:
    place = {name: row for row, name in enumerate(ids)}
    if len(place) < len(ids):
        again = list(dict.fromkeys(name for row, name in enumerate(ids) if place[name] != row))
        raise _repeated(len(ids) - len(place), again, path)
    if missing := [name for name in wanted if name not in place]:
        raise ColumnError(
            f"customers: {len(missing)} of {len(wanted)} customers of the log are not in {path}"
            f" ({_some(missing)}). Add their rows."
        )
    return [place[name] for name in wanted]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def _numbers(name: str, column: pa.Array, rows: list[int], path: Path) -> dict[str, Floats]:
    """A column of the wanted rows as numbers, or as a column of 0 and 1 for each of its groups."""
    kind, notice = column.type, ""
    whole = pa.types.is_boolean(kind) or pa.types.is_integer(kind)
    if not (whole or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        column = trimmed(column)
        column, notice = as_numbers(name, column, "customers", typed=path.suffix == ".parquet")
    known = column.take(pa.array(rows))
    if empty := pc.sum(pc.is_null(known, nan_is_null=True)).as_py():
        if notice and not pa.types.is_string(column.type):
            raise ColumnError(
                f"{notice.partition(', and were left empty')[0]}, in {path}. Mend them, or leave"
                " the column out."
            )
        raise ColumnError(
            f"customers: {name} is empty for {empty} customer(s) in {path}."
            " Fill it in, or leave the column out."
        )
    if whole:
        return {name: known.cast(pa.int64()).to_numpy(zero_copy_only=False).astype(np.float64)}
    if pa.types.is_string(known.type):
        return _groups(name, known)
    return {name: known.cast(pa.float64()).to_numpy(zero_copy_only=False)}


def _groups(name: str, texts: pa.Array) -> dict[str, Floats]:
    counts = sorted(
        ((row["counts"], row["values"]) for row in pc.value_counts(texts).to_pylist()),
        key=lambda row: (-row[0], row[1]),
    )
    if len(counts) == 1:
        raise ColumnError(
            f"customers: {name} is {counts[0][1]} for every customer, so it explains nothing."
            " Leave it out."
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
