"""Orders as rows of a log: those that came in, those a run knows, and what tells them apart."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Row, func, or_, select

from clv.core.types import AsOf
from clv.data.checking import FLAGGED
from clv.data.fields import BLANKS
from clv.ops.store import tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from clv.core.types import Json
    from clv.ops.runs import Run

#: A row of the table `purchase`.
Order: TypeAlias = "Row[Any]"
#: Columns that orders come with; the others are the log's optional ones.
NEEDED = ("customer_id", "date", "amount")
#: Columns of a log that tell its orders apart.
TOLD_APART = (*NEEDED, "order_id")
_PRECISION = Decimal("0.0001")
#: What a manifest calls the last order that the run's log was gathered with.
GATHERED = "gathered"
#: Columns that say nothing in a log made of others: amounts of an accepted log are in its own
#: currency already, and so are those of orders that were kept.
LEFT_OUT = frozenset({"line", "currency"})


def gathered_to(conn: Connection, run: Run) -> int:
    """Number of the last order that a run's log was gathered with from this store; 0 without any.

    Numbers are given under the lock under which a log is gathered: all up to it are in the log.
    """
    mark, purchase = run.manifest.get(GATHERED), tables.purchase.c
    if mark is None:
        return 0
    number, at = int(mark["purchase_no"]), datetime.fromisoformat(mark["received_at"])
    # Another store, or this one from a backup, gives the same number to another order.
    own = (purchase.purchase_no == number, purchase.received_at == at)
    return conn.scalar(select(purchase.purchase_no).where(*own)) or 0


def mark_of(conn: Connection) -> Json | None:
    """What a run's manifest says of the last order that its log is gathered with."""
    purchase = tables.purchase.c
    last = conn.execute(
        select(purchase.purchase_no, purchase.received_at)
        .order_by(purchase.purchase_no.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return None
    return {"purchase_no": last.purchase_no, "received_at": last.received_at.isoformat()}


def perhaps_unknown(run: Run, gathered: int) -> ColumnElement[bool]:
    """Orders that a run's log was not gathered with; it may have them all the same."""
    purchase = tables.purchase.c
    return or_(purchase.purchase_no > gathered, purchase.date > run.as_of.day)


def orders_of(conn: Connection, customers: Sequence[str]) -> Sequence[Order]:
    """All orders of some customers that came in, in the order in which they did."""
    purchase = tables.purchase
    theirs = select(purchase).where(purchase.c.customer_id.in_(customers))
    return conn.execute(theirs.order_by(purchase.c.purchase_no)).all()


def unknown(orders: Sequence[Order], log: pa.Table, run: Run, gathered: int) -> list[Order]:
    """Those of some orders that a run's log does not have.

    Of a log that was gathered from this store, its last order's number tells. Any other log has an
    order if it has its id, as `_identity` tells; or, where one of them has no id, a row of the same
    day and amount, which stands for one order that had come in when the log was read. Orders in
    another currency than the run's are none of its.

    Parameters
    ----------
    log : accepted rows of all customers concerned
    gathered : as `gathered_to` tells
    """
    own = currency_of(run)
    orders = [order for order in orders if not _foreign(order.more.get("currency"), own)]
    if gathered:
        last = run.as_of.day
        return [each for each in orders if each.purchase_no > gathered or each.date > last]
    read = datetime.fromisoformat(str(run.manifest.get("read_at", run.manifest["created_at"])))
    rows = log.select([name for name in TOLD_APART if name in log.column_names]).to_pylist()
    named = {
        _identity(row["customer_id"], row["order_id"], row["date"], row["amount"])
        for row in rows
        if row.get("order_id")
    }
    alike = Counter(
        (row["customer_id"], row["date"], row["amount"], bool(row.get("order_id"))) for row in rows
    )
    found = []
    for order in orders:
        amount = _signed(order.amount, order.more.get("is_return"))
        identity = _identity(order.customer_id, order.order_id, order.date, amount)
        if order.order_id and identity in named:
            continue
        same = ((order.customer_id, order.date, amount, has_id) for has_id in (False, True))
        rivals = [row for row in same if alike[row] and not (order.order_id and row[-1])]
        if rivals and order.received_at <= read:
            alike[rivals[0]] -= 1
        else:
            found.append(order)
    return found


def rounded(amount: str | Decimal) -> Decimal:
    """An amount as a log has it: four decimals, halves away from zero, no zero below zero."""
    return Decimal(amount).quantize(_PRECISION, ROUND_HALF_UP) + 0


def _identity(customer: str, order_id: str, day: date, amount: Decimal) -> Hashable:
    """What two rows share that are of one order.

    Several returns may come in under the id of their purchase: they are the same only if day and
    amount are.
    """
    return (customer, order_id, day, amount) if amount < 0 else (customer, order_id)


def _signed(amount: Any, flag: Any) -> Decimal:
    """An amount as an accepted log has it: below zero of a return."""
    exact = rounded(amount)
    return -abs(exact) if _flagged(flag) else exact


def as_log(orders: Sequence[Order]) -> pa.Table:
    """Orders that came in as rows of a log, in texts."""
    rows = [
        {
            "customer_id": order.customer_id,
            "date": order.date.isoformat(),
            "amount": order.amount,
            **({} if order.order_id is None else {"order_id": order.order_id}),
            **order.more,
        }
        for order in orders
    ]
    names = dict.fromkeys((*NEEDED, *(name for row in rows for name in row)))
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    )


def newest_order(conn: Connection, customers: Sequence[str]) -> int:
    purchase = tables.purchase.c
    found = select(func.max(purchase.purchase_no)).where(purchase.customer_id.in_(customers))
    return conn.scalar(found) or 0


def last_day(conn: Connection) -> AsOf | None:
    """Day of the latest order that came in; None without any."""
    found = conn.scalar(select(func.max(tables.purchase.c.date)))
    return None if found is None else AsOf(found)


def tidied(rows: pa.Table) -> pa.Table:
    """Texts as a log is read: without blanks around them, and none where nothing is left."""
    told = {name: pc.utf8_trim(rows[name].cast(pa.string()), BLANKS) for name in rows.column_names}
    nothing = pa.scalar(None, pa.string())
    return pa.table(
        {name: pc.if_else(pc.equal(told[name], ""), nothing, told[name]) for name in told}
    )


def dispensable(rows: pa.Table) -> list[str]:
    return [name for name in rows.column_names if name in LEFT_OUT]


def customers_of(rows: pa.Table) -> list[str]:
    return sorted({each for each in rows["customer_id"].to_pylist() if each})


def numbered(rows: pa.Table) -> pa.Table:
    return rows.append_column("index", pa.array(range(rows.num_rows), pa.int64()))


def currency_of(run: Run) -> str | None:
    """Currency of a run's amounts; None where its log does not say it."""
    told: str | None = run.manifest.get("currency")
    return told


def in_currency(rows: pa.Table, own: str | None) -> tuple[pa.Table, list[Json]]:
    """Rows in the run's currency, and a problem for each of the others.

    Where the run does not know its own, nobody can tell whether one that is named is the same.
    """
    if "currency" not in rows.column_names:
        return rows, []
    named = rows["currency"].to_pylist()
    advice = (
        "the log of the run in charge does not say its currency. If the amount is in the log's,"
        " send it without one."
        if own is None
        else f"the run in charge is in {own}. Send it in {own}."
    )
    problems = [
        {"index": i, "rule": "other_currency", "detail": f"in {each}; {advice}"}
        for i, each in enumerate(named)
        if each and (own is None or _foreign(each, own))
    ]
    foreign = {problem["index"] for problem in problems}
    kept = [i for i in range(rows.num_rows) if i not in foreign]
    return rows.take(pa.array(kept, pa.int64())), problems


def _foreign(named: Any, own: str | None) -> bool:
    """Whether a currency is known to be another."""
    return bool(named and own) and str(named).strip().upper() != str(own).upper()


def not_known(fresh: pa.Table, known: pa.Table, came: pa.Table) -> tuple[pa.Table, int]:
    """Rows of orders that were not there before, and how many were.

    A return under the id of its purchase is not that purchase, as `_identity` tells.
    """
    if "order_id" not in fresh.column_names:
        return fresh, 0
    there = {found for table in (known, came) for found in _identities(table) if found is not None}
    kept = [i for i, found in enumerate(_identities(fresh)) if found not in there]
    return fresh.take(pa.array(kept, pa.int64())), fresh.num_rows - len(kept)


def _identities(rows: pa.Table) -> list[Hashable | None]:
    """Of each row; None where it has no id, or is none of an order."""
    names = (*TOLD_APART, "is_return")
    told = rows.select([name for name in names if name in rows.column_names]).to_pylist()
    found: list[Hashable | None] = []
    for row in told:
        try:
            amount = _signed(row["amount"], row.get("is_return"))
            day = datetime.fromisoformat(row["date"]).date()
        except (ArithmeticError, TypeError, ValueError):
            found.append(None)
            continue
        id_ = row.get("order_id")
        found.append(_identity(row["customer_id"], id_, day, amount) if id_ else None)
    return found


def _flagged(told: Any) -> bool:
    return str(told or "").strip().lower() in FLAGGED


def refusals(quarantine: pa.Table, fresh: pa.Table) -> dict[int, Json]:
    """Place among the new rows -> what was wrong with it.

    Parameters
    ----------
    quarantine : of a log that the new rows are the first of
    """
    index = fresh["index"].to_pylist()
    return {
        row["line"] - 1: {
            "index": index[row["line"] - 1],
            "rule": row["rule"],
            "detail": row["detail"],
        }
        for row in quarantine.to_pylist()
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
