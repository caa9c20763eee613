"""Small logs with any optional column, as the sources of features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
import pytest

from clv.core.schema import OPTIONAL_COLUMNS, TRANSACTIONS
from clv.core.types import AsOf
from clv.features.ledger import Ledger, Returns
from clv.features.matrix import matrix
from clv.features.reference import Reference
from clv.features.seen import Sources

Line = Mapping[str, Any]
#: Columns of a log, and what ingest makes of its channels.
KINDS = {**OPTIONAL_COLUMNS, "channel_group": pa.string()}


def sources(
    lines: Iterable[Line],
    known: pa.Table | None = None,
    series: pa.Table | None = None,
    country: str = "US",
    returns: Returns = "net",
    columns: Iterable[str] | None = None,
) -> Sources:
    """Each line has customer_id, date (ISO), amount and any optional columns.

    Optional columns are those that a line has, unless they are named.
    """
    listed = list(lines)
    there = set(columns or {name for line in listed for name in line} & KINDS.keys())
    table = pa.table(
        {
            "line": pa.array(range(2, len(listed) + 2), pa.int64()),
            "customer_id": pa.array([line["customer_id"] for line in listed], pa.string()),
            "date": pa.array([date.fromisoformat(line["date"]) for line in listed], pa.date32()),
            "amount": pa.array(
                [Decimal(str(line["amount"])).quantize(Decimal("1.0000")) for line in listed],
                TRANSACTIONS.field("amount").type,
            ),
            **{
                name: pa.array([line.get(name) for line in listed], KINDS[name])
                for name in KINDS
                if name in there
            },
        }
    )
    engine = ibis.duckdb.connect(threads=1)
    ledger = Ledger.of(engine.create_table("transactions", table), engine, returns)
    tables = {
        name: None if told is None else engine.create_table(name, told)
        for name, told in (("known", known), ("series", series))
    }
    return Sources(ledger, tables["known"], tables["series"], country)


def features(
    shop: Sources,
    as_of: str,
    reference: Reference | None = None,
    customers: Iterable[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Customer -> feature -> value; None where it is absent for the customer."""
    day = AsOf.parse(as_of)
    learned = reference or Reference.learn(shop, day)
    rows = matrix(shop, day, learned, customers).to_pyarrow().to_pylist()
    return {row.pop("customer_id"): row for row in rows}


def told(of: Mapping[str, Any], **expected: Any) -> None:
    """Every feature named is as expected; None is absent.

    Entropies are sums of logarithms rounded to nine digits.
    """
    for name, value in expected.items():
        if isinstance(value, float):
            assert of[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name
        else:
            assert of[name] == value, name
