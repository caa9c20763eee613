"""Forecasts of a published run made anew, and its cells kept in step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sqlalchemy import delete, insert, select, update

from clv.ops.store.database import lock
from clv.ops.store.runfiles import stored
from clv.ops.store.tables import forecasts_of
from clv.ops.store.tables import run as runs
from clv.ops.store.tallying import NAMES, SUMS, Tally

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Rows of one statement.
_LOT = 500


def replace_forecasts(
    conn: Connection, run_no: int, table: pa.Table, facts: pa.Table | None, at: datetime
) -> None:
    """Put forecasts in place of those of the same customers, or beside them for new ones.

    The caller raises the revision of the pointer that means the run.

    Parameters
    ----------
    table : `clv.core.schema.FORECASTS`, each customer once
    facts : `clv.core.schema.FACTS` of the same customers, in the same order
    at : when they were made
    """
    if table.num_rows == 0:
        return
    lot = stored(table, facts)
    columns = dict(zip(lot.schema.names, lot.columns, strict=True))
    ids = columns["customer_id"].to_pylist()
    lock(conn, "forecasts")
    tally = Tally.of(conn, run_no)
    taken = _take(conn, run_no, ids, tally)
    cells = tally.add(columns)
    tally.write(conn, run_no)
    names = [name for name in columns if name not in NAMES]
    listed = [columns[name].to_pylist() for name in names]
    rows = [
        {**dict(zip(names, row, strict=True)), "cell": int(cell), "rescored_at": at}
        for *row, cell in zip(*listed, cells, strict=True)
    ]
    conn.execute(insert(forecasts_of(run_no)), rows)
    _count(conn, run_no, len(rows) - taken)


def remove_forecasts(conn: Connection, run_no: int, customers: Sequence[str]) -> None:
    """Take customers out, of whom no purchase is left; those who are not there are passed over."""
    if not customers:
        return
    lock(conn, "forecasts")
    tally = Tally.of(conn, run_no)
    taken = _take(conn, run_no, list(customers), tally)
    tally.write(conn, run_no)
    _count(conn, run_no, -taken)


def _take(conn: Connection, run_no: int, ids: list[str], tally: Tally) -> int:
    """Take rows out and off their cells; returns how many there were."""
    table = forecasts_of(run_no)
    wanted = [table.c.cell, *(table.c[name] for name in SUMS)]
    taken = 0
    for some in _lots(ids):
        theirs = table.c.customer_id.in_(some)
        rows = conn.execute(select(*wanted).where(theirs)).all()
        if not rows:
            continue
        cells, *sums = zip(*rows, strict=True)
        figures = {
            name: pa.array(values, pa.float64()) for name, values in zip(SUMS, sums, strict=True)
        }
        tally.take(np.array(cells, np.int64), figures)
        conn.execute(delete(table).where(theirs))
        taken += len(rows)
    return taken


def _count(conn: Connection, run_no: int, more: int) -> None:
    if more:
        own = runs.c.run_no == run_no
        conn.execute(update(runs).where(own).values(customers=runs.c.customers + more))


def _lots(ids: list[str]) -> Iterator[list[Any]]:
    for start in range(0, len(ids), _LOT):
        yield ids[start : start + _LOT]
