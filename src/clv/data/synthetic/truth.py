"""What is true of a made-up shop: its parameters, and what each customer is expected to bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from clv.data.synthetic import channels
from clv.data.synthetic.baskets import kept_by
from clv.data.synthetic.tables import customer_ids, named

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.data.synthetic.world import World

TRUTH = pa.schema(
    [
        ("customer_id", pa.string()),
        ("group", pa.string()),
        ("acquisition_source", pa.string()),
        ("purchase_rate", pa.float64()),
        ("dropout", pa.float64()),
        ("mean_order_value", pa.float64()),
        ("return_probability", pa.float64()),
        ("eco_mindedness", pa.float64()),
        ("active", pa.bool_()),
        ("left_on", pa.date32()),
        ("expected_purchases", pa.float64()),
        ("expected_value", pa.float64()),
        ("actual_purchases", pa.int64()),
        ("actual_value", pa.float64()),
    ]
)


def truth(world: World) -> pa.Table:
    """Each customer's parameters, and what is expected and what came within the horizon."""
    shop, people = world.shop, world.people
    expected = world.expected_ahead()
    made, kept = world.made_ahead()
    placed = np.bincount(world.orders.customer, minlength=shop.customers)
    gone = ~world.active
    left_on = pa.array(shop.dates(np.maximum(world.left, 0)), mask=~gone)
    return pa.table(
        [
            customer_ids(world),
            named(("onetimer", "repeater"), (placed > 1).astype(np.int64)),
            named(channels.NAMES, people.source),
            people.rate,
            people.dropout,
            people.value,
            people.returns,
            people.eco,
            pa.array(~gone),
            left_on,
            expected,
            kept_by(people, expected),
            made,
            np.round(kept, 2),
        ],
        schema=TRUTH,
    )


def parameters(world: World) -> Json:
    """Everything the shop was drawn with, but for what is of single customers.

    Rates are purchases a day where demand is 1. `demand` is the factor on all rates, a number a
    day: first the days of the log, then those of the horizon.
    """
    shop = world.shop
    a, b = shop.leaving
    s, beta = shop.lifetime
    p, q = shop.spend
    by_purchase = {"when": "after a purchase", "distribution": "beta", "a": a, "b": b}
    at_any_time = {"when": "at any time", "distribution": "gamma", "shape": s, "scale": 1.0 / beta}
    return {
        "start": str(shop.start),
        "as_of": str(shop.as_of),
        "days": shop.days,
        "horizon_days": shop.horizon,
        "seed": shop.seed,
        "customers": shop.customers,
        "season": shop.season,
        "effects": shop.effects,
        "growth": shop.growth,
        "purchase_rate": {
            "distribution": "gamma",
            "shape": shop.rate_shape,
            "scale": world.rate_scale,
        },
        "dropout": by_purchase if shop.dropout == "purchase" else at_any_time,
        "order_value": {
            "distribution": "gamma-gamma",
            "p": p,
            "q": q,
            "gamma": shop.order_value * (q - 1.0) / p,
        },
        "returns": shop.returns,
        "channels": [channel._asdict() for channel in channels.CHANNELS],
        "demand": world.market.demand.tolist(),
    }
