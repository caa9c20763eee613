"""Customers of whom orders came in that a run does not know, scored by it as it is published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select

from clv.ops.orderrows import (
    as_log,
    dispensable,
    gathered_to,
    last_day,
    orders_of,
    perhaps_unknown,
    texts,
    unknown,
)
from clv.ops.orders import put_in_place
from clv.ops.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.ops.champion import Champion
    from clv.ops.champions import Serving
    from clv.ops.rescoring import Scored
    from clv.ops.store.database import Store

#: Customers scored at once.
LOT = 2_000


@dataclass(frozen=True)
class Ahead:
    """What was scored before the transaction that publishes a run.

    Attributes
    ----------
    newest : number of the last order that was looked at
    lots : customers, and forecasts of these
    """

    newest: int = 0
    lots: list[tuple[list[str], Scored]] = field(default_factory=list)


def score_ahead(store: Store, champion: Champion) -> Ahead:
    """Score customers by a run that is to be published, while readers and writers go on."""
    if champion.scorer is None:
        return Ahead()
    with store.reading() as conn:
        newest = conn.scalar(select(func.max(tables.purchase.c.purchase_no))) or 0
        return Ahead(newest, list(_scored(conn, champion)))


def catch_up(conn: Connection, serving: Serving, ahead: Ahead) -> int:
    """Put forecasts with these orders in place of the run's own.

    Part of the transaction that publishes it, so that readers see the run with these orders. Only
    customers of whom orders came in since they were scored ahead are scored here.

    Returns
    -------
    how many customers there were
    """
    if serving.champion.scorer is None:
        return 0
    since = list(_scored(conn, serving.champion, ahead.newest))
    anew = {customer for customers, _ in since for customer in customers}
    before = [([one for one in some if one not in anew], scored) for some, scored in ahead.lots]
    for customers, scored in (*before, *since):
        put_in_place(conn, serving, scored, customers)
    return sum(len(customers) for customers, _ in (*before, *since))


def _scored(
    conn: Connection, champion: Champion, after: int = 0
) -> Iterator[tuple[list[str], Scored]]:
    """Customers of whom orders came in that the run does not know, some after a number."""
    purchase, run = tables.purchase.c, champion.run
    gathered, reached = gathered_to(conn, run), last_day(conn)
    asked = select(purchase.customer_id).where(perhaps_unknown(run, gathered)).distinct()
    customers = sorted(conn.scalars(asked.where(purchase.purchase_no > after)))
    for start in range(0, len(customers), LOT):
        some = customers[start : start + LOT]
        log = champion.accepted(some)
        later = unknown(orders_of(conn, some), log, run, gathered)
        if later:
            theirs = sorted({order.customer_id for order in later})
            whole = _whole(log, as_log(later), theirs)
            yield theirs, champion.of_transactions(whole, reached=reached)


def _whole(log: pa.Table, later: pa.Table, customers: Sequence[str]) -> pa.Table:
    """All orders of some customers, those that came in first."""
    theirs = log.filter(pc.is_in(log["customer_id"], pa.array(customers, pa.string())))
    both = pa.concat_tables([later, texts(theirs)], promote_options="default")
    return both.drop_columns(dispensable(both))
