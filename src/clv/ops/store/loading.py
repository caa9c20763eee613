"""Puts all forecasts of a run into a table of their own, the quickest way each database knows."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
from sqlalchemy import text
from sqlalchemy.schema import CreateTable

from clv.ops.store.tables import forecasts_of
from clv.ops.store.tallying import Tally

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

#: Of the connection that loads, in KiB: what is sorted for an index stays in it, up to that.
_SQLITE_CACHE = 131_072


def load(conn: Connection, run_no: int, lots: Iterable[pa.RecordBatch]) -> int:
    """Make the table of a run's forecasts, fill it, index it, and tally it.

    Indexes are made once the rows are in: each is sorted once rather than disturbed by every
    row.

    Parameters
    ----------
    lots : customers, each once: `clv.ops.store.runfiles.STORED`

    Returns
    -------
    how many customers there were
    """
    table, tally = forecasts_of(run_no), Tally()
    conn.execute(CreateTable(table))
    names = [column.name for column in table.c if column.name != "rescored_at"]
    counted = _counted(lots, names, tally)
    if conn.dialect.name == "postgresql":
        _postgresql(conn, table.name, names, counted)
        _index(conn, table)
        # Without it the planner knows nothing of the table.
        conn.execute(text(f"ANALYZE {table.name}"))
    else:
        with _much_memory(conn):
            _sqlite(conn, table.name, names, counted)
            _index(conn, table)
    tally.write(conn, run_no)
    return int(tally.customers.sum())


def rows_of(lot: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    """Rows as SQLite takes them: days as texts, and no number as null."""
    return zip(*map(_values, lot.columns), strict=True)


@contextmanager
def _much_memory(conn: Connection) -> Iterator[None]:
    """More memory than connections of SQLite have for requests."""
    before = conn.execute(text("PRAGMA cache_size")).scalar_one()
    conn.execute(text(f"PRAGMA cache_size = -{_SQLITE_CACHE}"))
    try:
        yield
    finally:
        conn.execute(text(f"PRAGMA cache_size = {before}"))


def _index(conn: Connection, table: Table) -> None:
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        index.create(conn)


def _counted(
    lots: Iterable[pa.RecordBatch], names: list[str], tally: Tally
) -> Iterator[pa.RecordBatch]:
    """Lots with the numbers of cells in place of the names, everybody counted in."""
    for lot in lots:
        columns = dict(zip(lot.schema.names, lot.columns, strict=True))
        columns["cell"] = pa.array(tally.add(columns))
        yield pa.RecordBatch.from_arrays([columns[name] for name in names], names)


def _sqlite(conn: Connection, table: str, names: list[str], lots: Iterable[pa.RecordBatch]) -> None:
    raw: Any = conn.connection.dbapi_connection
    places = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"
    for lot in lots:
        raw.executemany(statement, rows_of(lot))


def _postgresql(
    conn: Connection, table: str, names: list[str], lots: Iterable[pa.RecordBatch]
) -> None:
    raw: Any = conn.connection.dbapi_connection
    # Nobody sees the table before this transaction ends, so its rows need no later visit.
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT csv, FREEZE)"
    options = pcsv.WriteOptions(include_header=False)
    with raw.cursor() as cursor, cursor.copy(statement) as stream:
        for lot in lots:
            written = io.BytesIO()
            pcsv.write_csv(lot, written, options)
            stream.write(written.getvalue())


def _values(column: pa.Array) -> list[Any]:
    kind = column.type
    if pa.types.is_floating(kind) or (pa.types.is_integer(kind) and column.null_count == 0):
        # Much quicker than to_pylist; SQLite takes NaN for null.
        values: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
        return values
    if pa.types.is_date(kind):
        # A few days stand for many customers.
        coded = pc.dictionary_encode(column, null_encoding="encode")
        days = np.array(coded.dictionary.cast(pa.string()).to_pylist(), dtype=object)
        spelled: list[Any] = days[np.asarray(coded.indices)].tolist()
        return spelled
    listed: list[Any] = column.to_pylist()
    return listed
