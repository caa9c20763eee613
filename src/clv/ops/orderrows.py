"""Orders as rows of a log: those that came in, those a run knows, and what tells them apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, or_, select

from clv.ops.store import tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from clv.core.types import Json
    from clv.ops.champion import Champion
    from clv.ops.champions import Serving
    from clv.ops.rescoring import Scored
    from clv.ops.runs import Run

#: Columns that orders come with; the others are the log's optional ones.
NEEDED = ("customer_id", "date", "amount")
#: Amounts of an accepted log are in its own currency already.
_LEFT_OUT = frozenset({"currency"})


def unknown_to(run: Run) -> ColumnElement[bool]:
    """Orders that are not in the log of a run: received since it was read, or dated later."""
    purchase, manifest = tables.purchase.c, run.manifest
    read = datetime.fromisoformat(str(manifest.get("read_at", manifest["created_at"])))
    return or_(purchase.received_at > read, purchase.date > run.as_of.day)


def later_orders(conn: Connection, serving: Serving, customers: Sequence[str]) -> pa.Table:
    """Orders of some customers that came in and that the run does not know, as texts."""
    purchase = tables.purchase.c
    found = conn.execute(
        select(
            purchase.customer_id, purchase.date, purchase.amount, purchase.order_id, purchase.more
        )
        .where(purchase.customer_id.in_(customers), unknown_to(serving.champion.run))
        .order_by(purchase.purchase_no)
    )
    rows = [
        {
            "customer_id": row.customer_id,
            "date": row.date.isoformat(),
            "amount": row.amount,
            **({} if row.order_id is None else {"order_id": row.order_id}),
            **row.more,
        }
        for row in found
    ]
    names = dict.fromkeys((*NEEDED, *(name for row in rows for name in row)))
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    )


def newest_order(conn: Connection, customers: Sequence[str]) -> int:
    purchase = tables.purchase.c
    found = select(func.max(purchase.purchase_no)).where(purchase.customer_id.in_(customers))
    return conn.scalar(found) or 0


def whole_history(champion: Champion, customers: Sequence[str], later: pa.Table) -> pa.Table:
    known = texts(champion.accepted(customers))
    both = pa.concat_tables([later, known], promote_options="default")
    return both.drop_columns(dispensable(both))


def dispensable(rows: pa.Table) -> list[str]:
    return [name for name in rows.column_names if name in {"line", *_LEFT_OUT}]


def customers_of(rows: pa.Table) -> list[str]:
    return sorted({each for each in rows["customer_id"].to_pylist() if each})


def numbered(rows: pa.Table) -> pa.Table:
    return rows.append_column("index", pa.array(range(rows.num_rows), pa.int64()))


def in_currency(rows: pa.Table, champion: Champion) -> tuple[pa.Table, list[Json]]:
    """Rows in the run's currency, and a problem for each of the others."""
    own = champion.run.manifest.get("currency")
    if "currency" not in rows.column_names:
        return rows, []
    named = [
        None if each is None else each.strip().upper() for each in rows["currency"].to_pylist()
    ]
    foreign = [i for i, each in enumerate(named) if each and own and each != own.upper()]
    problems = [
        {
            "index": i,
            "rule": "other_currency",
            "detail": f"in {named[i]}; the run in charge is in {own}. Send it in {own}.",
        }
        for i in foreign
    ]
    kept = [i for i in range(rows.num_rows) if i not in {*foreign}]
    return rows.take(pa.array(kept, pa.int64())), problems


def not_known(fresh: pa.Table, known: pa.Table, later: pa.Table) -> tuple[pa.Table, int]:
    """Rows of orders that were not there before, and how many were."""
    if "order_id" not in fresh.column_names:
        return fresh, 0
    there = {
        (row["customer_id"], row["order_id"])
        for table in (known, later)
        if "order_id" in table.column_names
        for row in table.select(["customer_id", "order_id"]).to_pylist()
        if row["order_id"]
    }
    pairs = zip(fresh["customer_id"].to_pylist(), fresh["order_id"].to_pylist(), strict=True)
    kept = [i for i, pair in enumerate(pairs) if pair not in there]
    return fresh.take(pa.array(kept, pa.int64())), fresh.num_rows - len(kept)


def refusals(scored: Scored, fresh: pa.Table) -> dict[int, Json]:
    """Place among the new rows -> what was wrong with it."""
    assert scored.quarantine is not None
    index = fresh["index"].to_pylist()
    return {
        row["line"] - 1: {
            "index": index[row["line"] - 1],
            "rule": row["rule"],
            "detail": row["detail"],
        }
        for row in scored.quarantine.to_pylist()
        if row["line"] <= fresh.num_rows
    }


def texts(rows: pa.Table) -> pa.Table:
    """Accepted rows as a log would have them."""
    return pa.table({name: pc.cast(rows[name], pa.string()) for name in rows.column_names})


def plain(table: pa.Table) -> list[Json]:
    """Rows with days as text, as JSON has them."""
    return [
        {
            name: value if not hasattr(value, "isoformat") else value.isoformat()
            for name, value in row.items()
        }
        for row in table.to_pylist()
    ]


def fingerprint(rows: pa.Table) -> str:
    sink = hashlib.sha256()
    for name in rows.column_names:
        sink.update(name.encode())
        for value in rows[name].to_pylist():
            sink.update(b"\0" if value is None else b"\1" + str(value).encode())
    return sink.hexdigest()
