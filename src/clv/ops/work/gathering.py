"""The log of a run with orders that came in since, written as one log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from clv.core.schema import OPTIONAL_COLUMNS, TRANSACTIONS
from clv.data.checking import FLAGGED
from clv.data.engine import storage_errors
from clv.data.settings import Columns
from clv.ops.orderrows import LEFT_OUT, rounded

if TYPE_CHECKING:
    from sqlalchemy import Row

    from clv.core.types import Json

#: Settings that name a column otherwise than the accepted log does.
_SETTINGS = {"customer_id": "customer", "is_return": "return_flag"}


def gather(
    log: Path, orders: Sequence[Row[Any]], place: Path, currency: str | None = None
) -> list[str]:
    """Write the accepted rows of a run and orders behind them, in the log's types.

    Parameters
    ----------
    log : `transactions.parquet` of the run
    orders : rows of the store's table `purchase`
    currency : of all amounts, where it is known

    Returns
    -------
    names of the columns
    """
    with storage_errors(place), pq.ParquetFile(log) as read:
        known = set(read.schema_arrow.names)
        told = {name for order in orders for name in order.more if name in OPTIONAL_COLUMNS}
        told |= {"order_id"} if any(order.order_id for order in orders) else set()
        schema = pa.schema(
            [
                *(field for field in TRANSACTIONS if field.name not in LEFT_OUT),
                *(
                    pa.field(name, kind)
                    for name, kind in OPTIONAL_COLUMNS.items()
                    if name in known | told and name not in LEFT_OUT
                ),
                *([] if currency is None else [pa.field("currency", pa.string())]),
            ]
        )
        with pq.ParquetWriter(place, schema) as file:
            for rows in read.iter_batches():
                columns = [_column(rows, field, currency) for field in schema]
                file.write_batch(pa.record_batch(columns, schema=schema))
            if orders:
                file.write_batch(_batch(orders, schema, currency))
    return list(schema.names)


def columns_of(names: Sequence[str]) -> Json:
    """Settings by which a run finds the columns, so that none has to be recognised."""
    settings = {_SETTINGS.get(name, name): name for name in names}
    return {name: settings[name] for name in Columns.fields() if name in settings}


def _column(rows: pa.RecordBatch, field: pa.Field, currency: str | None) -> pa.Array:
    if field.name == "currency":
        return pa.repeat(pa.scalar(currency, field.type), rows.num_rows)
    if field.name in rows.schema.names:
        return rows[field.name].cast(field.type)
    return pa.nulls(rows.num_rows, field.type)


def _batch(orders: Sequence[Row[Any]], schema: pa.Schema, currency: str | None) -> pa.RecordBatch:
    kinds = {field.name: field.type for field in schema}
    rows = [
        {
            "customer_id": order.customer_id,
            "date": order.date,
            "amount": rounded(order.amount),
            "order_id": order.order_id,
            "currency": currency,
            **{
                name: _value(said, kinds[name])
                for name, said in order.more.items()
                if name in kinds and name not in LEFT_OUT and said not in (None, "")
            },
        }
        for order in orders
    ]
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def _value(said: str, kind: pa.DataType) -> str | float | bool | datetime | None:
    """What was said of an order as a value of the log; empty where it cannot be read."""
    try:
        if pa.types.is_floating(kind):
            return float(said)
        if pa.types.is_boolean(kind):
            return str(said).strip().lower() in FLAGGED
        if pa.types.is_timestamp(kind):
            return datetime.fromisoformat(said).replace(tzinfo=None)
    except ValueError:
        return None
    return str(said)
