"""A table of customers: what is known of each besides their orders, as numbers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from clv.core.errors import ColumnError, SourceError
from clv.data.columns import customer_column
from clv.data.rules import MISSING
from clv.data.staging import unique
from clv.data.textfile import SPACE, first_lines, open_text, sniff_delimiter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.types import Floats

#: Customers named in an error.
NAMED = 3
#: Texts with more values than this are names rather than groups.
MOST_GROUPS = 50
_SPREADSHEETS = (".xlsx", ".xlsm", ".xls")
_NUMBER = r"^[-+]?\d[\d.,]*$"
_DECIMAL_COMMA = r"^[-+]?\d+(,\d+)?$"
#: A comma before three digits may part thousands.
_OPEN_COMMA = r"^[-+]?[1-9]\d{0,2},\d{3}$"


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
    table = _read(path, customer)
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
    who = _texts(table[ids].combine_chunks())
    if who.null_count:
        raise ColumnError(
            f"customers: {ids} is empty in {who.null_count} row(s) of {path}, so nobody knows whose"
            " they are. Fill it in, or remove the rows."
        )
    rows = _rows(who.to_pylist(), wanted, path)
    found: dict[str, Floats] = {}
    for name in names:
        found |= _numbers(name, table[name].combine_chunks().take(pa.array(rows)), path)
    return found


def _read(path: Path, customer: str | None) -> pa.Table:
    if not path.is_file():
        raise SourceError(f"customers: there is no file {path}. Give a CSV or Parquet file.")
    if path.suffix.lower() in _SPREADSHEETS:
        raise SourceError(f"customers: {path} is a spreadsheet. Save it as CSV and give that.")
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        with tempfile.TemporaryDirectory(prefix="clv-") as folder:
            return _read_text(path, customer, Path(folder))
    except SourceError as error:
        raise SourceError(str(error).replace("source:", "customers:", 1)) from None
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"customers: {path} cannot be read ({error}).") from None


def _read_text(path: Path, customer: str | None, folder: Path) -> pa.Table:
    plain = open_text(path, folder, "customers").path
    delimiter = sniff_delimiter(first_lines(plain), None)
    if delimiter == SPACE:
        raise SourceError(
            f"customers: the columns of {path} are parted by blanks. Part them by commas."
        )
    parsing = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with pa_csv.open_csv(plain, parse_options=parsing) as head:
        names = head.schema.names
    # Identities are text: 007 is not 7.
    texts = {
        name: pa.string()
        for name, shown in zip(names, unique(names), strict=True)
        if shown == customer or customer_column([shown])
    }
    nothing = [*pa_csv.ConvertOptions().null_values, *MISSING, "None", "<NA>"]
    table = pa_csv.read_csv(
        plain,
        parse_options=parsing,
        convert_options=pa_csv.ConvertOptions(column_types=texts, null_values=nothing),
    )
    return table.rename_columns(unique(names))


def _texts(column: pa.Array) -> pa.Array:
    """Trimmed texts; null where there is nothing, or a word for it."""
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    nothing = pc.is_in(pc.utf8_lower(texts), pa.array(MISSING))
    return pc.if_else(nothing, pa.scalar(None, pa.string()), texts)


def _rows(ids: list[str], wanted: Sequence[str], path: Path) -> list[int]:
    place = {name: row for row, name in enumerate(ids)}
    if len(place) < len(ids):
        again = list(dict.fromkeys(name for row, name in enumerate(ids) if place[name] != row))
        raise ColumnError(
            f"customers: {path} has {len(ids) - len(place)} row(s) of a customer it names already"
            f" ({_some(again)}). Give one row a customer."
        )
    if missing := [name for name in wanted if name not in place]:
        raise ColumnError(
            f"customers: {len(missing)} of {len(wanted)} customers of the log are not in {path}"
            f" ({_some(missing)}). Add their rows."
        )
    return [place[name] for name in wanted]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def _numbers(name: str, column: pa.Array, path: Path) -> dict[str, Floats]:
    kind = column.type
    whole = pa.types.is_boolean(kind) or pa.types.is_integer(kind)
    number = whole or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    known = column if number else _texts(column)
    if empty := pc.sum(pc.is_null(known, nan_is_null=True)).as_py():
        raise ColumnError(
            f"customers: {name} is empty for {empty} customer(s) in {path}."
            " Fill it in, or leave the column out."
        )
    if whole:
        return {name: known.cast(pa.int64()).to_numpy(zero_copy_only=False).astype(np.float64)}
    if not number:
        known = _with_comma(name, known)
    if pa.types.is_string(known.type):
        return _groups(name, known)
    return {name: known.cast(pa.float64()).to_numpy(zero_copy_only=False)}


def _with_comma(name: str, texts: pa.Array) -> pa.Array:
    """Numbers, where all the texts are some with a decimal comma; else the texts as they are."""
    commas = texts.filter(pc.match_substring(texts, ","))
    if not len(commas) or not pc.all(pc.match_substring_regex(texts, _NUMBER)).as_py():
        return texts
    decimal = pc.all(pc.match_substring_regex(texts, _DECIMAL_COMMA)).as_py()
    if not decimal or pc.all(pc.match_substring_regex(commas, _OPEN_COMMA)).as_py():
        raise ColumnError(
            f"customers: {name} has numbers such as {commas[0].as_py()!r}, and whether the comma"
            " parts thousands or decimals cannot be told. Write them as 1234 or 1234.5."
        )
    return pc.replace_substring(texts, ",", ".").cast(pa.float64())


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
