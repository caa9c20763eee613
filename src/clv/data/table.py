"""A table of customers to learn a given target from: a row a customer, a column a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clv.core.errors import ColumnError
from clv.data.columns import customer_column
from clv.data.tablefile import as_numbers, read_table, trimmed, with_comma
from clv.data.textfile import file_digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clv.core.types import Floats


@dataclass(frozen=True, eq=False)
class CustomerTable:
    """Customers, what is known of them, and the target where there is one.

    Attributes
    ----------
    ids : (n,) who they are; numbers of rows where no column says so
    id_column : that says who they are; None where none does
    frame : (n, columns) numbers, dates and texts, without ids and target; gaps stay gaps
    target : (n,) NaN where it is empty; None where it was not asked for
    skipped : columns that hold neither numbers, dates nor texts, and what they hold
    size, sha256 : of the file
    notices : what a reader should know of its columns, in sentences
    """

    ids: list[str]
    id_column: str | None
    frame: pd.DataFrame
    target: Floats | None
    skipped: dict[str, str]
    size: int
    sha256: str
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def repeated(self) -> int:
        """Rows of a customer that an earlier row names already."""
        return len(self.ids) - len(set(self.ids))


def read_customer_table(path: Path, target: str | None, id_column: str | None) -> CustomerTable:
    """Read a table; encoding, packing and delimiter of a text file are read off it.

    Parameters
    ----------
    path : Parquet file, or text with a header, parted by comma, semicolon, tab or bar
    target : name of the column to learn; None asks for none
    id_column : name of the column that identifies customers; recognised by its usual names
        unless given, row numbers where there is none

    Raises
    ------
    SourceError : there is no such file, or it cannot be read
    ColumnError : a column is missing, the target is no number, negative or the same for all, or
        an identity is empty
    """
    # Identities are text: 007 is not 7.
    table = read_table(
        path, "table", lambda shown: shown == id_column or bool(customer_column([shown]))
    )
    names = table.column_names
    for what, name in (("target", target), ("id", id_column)):
        if name is not None and name not in names:
            raise ColumnError(f"{what}: {path} has no column {name!r}; it has {', '.join(names)}.")
    if not table.num_rows:
        raise ColumnError(f"table: {path} has no rows. Give a table with a row a customer.")
    ids = id_column or customer_column([name for name in names if name != target])
    known = _target(table[target].combine_chunks(), target, path) if target else None
    columns, skipped, notices = {}, {}, []
    for name in names:
        if name in (target, ids):
            continue
        column, notice = _plain(table[name].combine_chunks(), name, path)
        if notice:
            notices.append(notice)
        if column is None:
            skipped[name] = f"holds {table[name].type}, which is no number, date or text"
        else:
            columns[name] = column
    frame = pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))
    return CustomerTable(
        _ids(table, ids, path),
        ids,
        frame,
        known,
        skipped,
        path.stat().st_size,
        file_digest(path),
        tuple(notices),
    )


def _ids(table: pa.Table, name: str | None, path: Path) -> list[str]:
    if name is None:
        return [str(row) for row in range(1, table.num_rows + 1)]
    who = trimmed(table[name].combine_chunks())
    if who.null_count:
        raise ColumnError(
            f"id: {name} is empty in {who.null_count} row(s) of {path}, so nobody knows whose they"
            " are. Fill it in, or remove the rows."
        )
    found: list[str] = who.to_pylist()
    return found


def _target(column: pa.Array, name: str, path: Path) -> Floats:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = with_comma(name, trimmed(column), "target")
        if pa.types.is_string(column.type):
            numbers = pd.to_numeric(column.to_pandas(), errors="coerce").to_numpy(np.float64)
            wrong = np.flatnonzero(np.isnan(numbers) & column.is_valid().to_numpy(False))
            if len(wrong):
                raise ColumnError(
                    f"target: {name} holds text in {len(wrong)} row(s) of {path}, such as"
                    f" {column[int(wrong[0])].as_py()!r}. Give the column of numbers to forecast,"
                    " or empty these."
                )
            return _checked(numbers, name, path)
    elif not _is_number(kind) and not pa.types.is_null(kind):
        raise ColumnError(f"target: {name} of {path} holds {kind}. Give a column of numbers.")
    values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return _checked(values.astype(np.float64), name, path)


def _checked(values: Floats, name: str, path: Path) -> Floats:
    wrong = np.flatnonzero((values < 0) | np.isinf(values))
    if len(wrong):
        shown = _rows(wrong)
        raise ColumnError(
            f"target: {name} is negative or infinite in {len(wrong)} row(s) of {path} ({shown})."
            " Values of 0 or more can be learned: set these to 0, or leave them empty to have"
            " them forecast."
        )
    known = values[~np.isnan(values)]
    if not len(known) or known.min() == known.max():
        raise ColumnError(
            f"target: {name} is {'empty' if not len(known) else 'the same'} for all in {path}, so"
            " there is nothing to learn. Give the column to forecast."
        )
    return values


def _rows(places: Sequence[int] | np.ndarray, most: int = 3) -> str:
    told = ", ".join(str(int(place) + 1) for place in places[:most])
    return f"rows {told}" + (", ..." if len(places) > most else "")


def _plain(column: pa.Array, name: str, path: Path) -> tuple[pd.Series | None, str]:
    """Numbers as floats, days as datetime64, texts as objects, None of what is none; a notice."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_null(kind):
        return pd.Series(np.full(len(column), np.nan)), ""
    if _is_number(kind):
        return pd.Series(
            column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
        ), ""
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        days = pc.cast(column, pa.timestamp("us"), safe=False)
        return pd.Series(days.to_numpy(zero_copy_only=False)), ""
    if pa.types.is_time(kind):
        column, kind = column.cast(pa.string()), pa.string()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        typed = path.suffix == ".parquet"
        texts, notice = as_numbers(name, trimmed(column), "table", typed=typed)
        if not pa.types.is_string(texts.type):
            return pd.Series(texts.to_numpy(zero_copy_only=False)), notice
        return pd.Series(texts.to_pylist(), dtype=object), notice
    return None, ""


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )
