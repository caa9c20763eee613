"""Small logs as ledgers, for tests that need no file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import ibis
import pyarrow as pa

from clv.core.schema import TRANSACTIONS
from clv.core.types import AsOf
from clv.features.book import Book
from clv.features.ledger import Ledger, Returns

#: Day 0 of the small logs.
START = date(2024, 1, 1)

Row = tuple[str, int, float]


@cache
def _engine():
    return ibis.duckdb.connect()


def ledger(
    rows: Iterable[Row], returns: Returns = "net", *, channel: bool = True, engine: Any = None
) -> Ledger:
    """Rows of (customer, day number, amount), all through one channel if through any.

    The tables of the one before are gone, unless an engine of its own is given.
    """
    listed = list(rows)
    table = pa.table(
        {
            "line": pa.array(range(2, len(listed) + 2), pa.int64()),
            "customer_id": [customer for customer, _, _ in listed],
            "date": pa.array([START + timedelta(days=day) for _, day, _ in listed], pa.date32()),
            "amount": pa.array(
                [Decimal(str(amount)).quantize(Decimal("1.0000")) for _, _, amount in listed],
                TRANSACTIONS.field("amount").type,
            ),
            "channel_group": ["Unknown"] * len(listed),
        }
    )
    engine = engine or _engine()
    for name in ("bought", "refunds"):
        engine.drop_table(name, force=True)
    log = engine.create_table("transactions", table, overwrite=True)
    return Ledger.of(log if channel else log.drop("channel_group"), engine, returns)


def book(rows: Iterable[Row], last_day: int, returns: Returns = "net") -> Book:
    return Book.open(ledger(rows, returns), day(last_day))


def day(number: int) -> AsOf:
    return AsOf(START + timedelta(days=number))
