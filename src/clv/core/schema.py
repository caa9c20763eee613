"""Table contracts: which columns a table has, in which order, of which type and unit.

Every table that crosses a floor is one of these. ``conform`` is the only place where a
frame becomes such a table.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from clv.core.errors import ClvError

#: One accepted row of the log. Amounts are exact decimals, so that sums do not depend on
#: the order of the rows. Optional columns are absent, never invented.
TRANSACTIONS = pa.schema(
    [
        pa.field("line", pa.int64(), nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("date", pa.date32(), nullable=False),
        pa.field("amount", pa.decimal128(18, 4), nullable=False),
    ]
)
OPTIONAL_COLUMNS = {
    "order_id": pa.string(),
    "timestamp": pa.timestamp("us"),
    "channel": pa.string(),
    "category": pa.string(),
    "product": pa.string(),
    "quantity": pa.float64(),
    "discount": pa.float64(),
    "cost": pa.float64(),
    "currency": pa.string(),
    "is_return": pa.bool_(),
    "campaign": pa.string(),
    "customer_country": pa.string(),
    "eco_share": pa.float64(),
    "impact_score": pa.float64(),
}

#: One row that broke a rule, as it stood in the log.
QUARANTINE = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("row", pa.string(), nullable=False),
    ]
)

#: One customer's history as of a day. Days are integers; amounts in the log's currency.
HISTORY = pa.schema(
    [
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("x", pa.int64(), nullable=False),  # repeat purchase days
        pa.field("t_x", pa.int64(), nullable=False),  # days from first to last purchase
        pa.field("T", pa.int64(), nullable=False),  # days from first purchase to as_of
        pa.field("total_value", pa.float64(), nullable=False),  # net spend so far
        pa.field("first_value", pa.float64(), nullable=False),  # net spend on the first day
        pa.field("paid_purchases", pa.int64(), nullable=False),  # days worth more than zero
        pa.field("recent_value", pa.float64(), nullable=False),  # in the last `window` days
        pa.field("recent_purchases", pa.int64(), nullable=False),  # purchase days among them
        pa.field("t_x_before", pa.int64()),  # t_x as it was before them, if a customer by then
        pa.field("log_gaps", pa.float64()),  # sum of log days between purchases; of some, if many
        pa.field("log_gaps_before", pa.float64()),  # the same up to t_x_before
        pa.field("first_gap", pa.int64()),  # days from first to second purchase, if any
        pa.field("channel_group", pa.string(), nullable=False),  # of the first purchase
    ]
)

#: What a model says of each customer of a history. Probabilities in [0, 1]; days from
#: as_of; NaN where a model does not say.
PREDICTION = pa.schema(
    [
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("clv", pa.float64(), nullable=False),
        pa.field("expected_purchases", pa.float64(), nullable=False),
        pa.field("expected_order_value", pa.float64(), nullable=False),
        pa.field("p_alive", pa.float64()),
        pa.field("p_purchase", pa.float64()),
        pa.field("p_spend", pa.float64()),  # of spending anything, be it less often than buying
        pa.field("next_days", pa.float64()),
        pa.field("next_days_earliest", pa.float64()),
        pa.field("next_days_latest", pa.float64()),
    ]
)

#: forecasts.parquet: one row a customer, ordered by customer_id.
FORECASTS = pa.schema(
    [
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),  # onetimer | repeater
        pa.field("clv", pa.float64(), nullable=False),
        pa.field("clv_lower", pa.float64(), nullable=False),
        pa.field("clv_upper", pa.float64(), nullable=False),
        pa.field("level", pa.float64(), nullable=False),
        pa.field("p_alive", pa.float64()),
        pa.field("p_purchase", pa.float64()),
        pa.field("expected_purchases", pa.float64(), nullable=False),
        pa.field("expected_order_value", pa.float64(), nullable=False),
        pa.field("next_purchase_date", pa.date32()),
        pa.field("next_purchase_earliest", pa.date32()),
        pa.field("next_purchase_latest", pa.date32()),
        pa.field("expected_gap_days", pa.float64()),
        pa.field("historic_value", pa.float64(), nullable=False),
        pa.field("rfm_r", pa.int8(), nullable=False),
        pa.field("rfm_f", pa.int8(), nullable=False),
        pa.field("rfm_m", pa.int8(), nullable=False),
        pa.field("rfm_score", pa.int8(), nullable=False),
        pa.field("segment", pa.string(), nullable=False),
        pa.field("value_tier", pa.string(), nullable=False),
        pa.field("clv_level", pa.string(), nullable=False),
        pa.field("mismatch", pa.string(), nullable=False),
        pa.field("recommended_cac", pa.float64(), nullable=False),
        pa.field("reasons", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("as_of", pa.date32(), nullable=False),
        pa.field("horizon_days", pa.int32(), nullable=False),
    ]
)


#: customers.parquet: what is known of each customer by as_of, in the order of the forecasts.
FACTS = pa.schema(
    [
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),  # group of the first purchase
        pa.field("purchases", pa.int64(), nullable=False),  # purchase days
        pa.field("first_purchase", pa.date32(), nullable=False),
        pa.field("last_purchase", pa.date32(), nullable=False),
    ]
)


def conform(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """The frame as a table of exactly this schema.

    Raises
    ------
    ClvError : a column is missing, of another type, or has nulls where none may be
    """
    missing = [name for name in schema.names if name not in frame.columns]
    if missing:
        raise ClvError(f"table contract: column(s) {', '.join(missing)} missing.")
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    for field in schema:
        if not field.nullable and (n := table[field.name].null_count):
            raise ClvError(f"table contract: {field.name} is empty in {n} row(s).")
    return table.replace_schema_metadata(None)
