"""Orders that come in, and what becomes of them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, StrictBool, WithJsonSchema

from clv.apps.api.schemas.answer import Answer
from clv.apps.api.schemas.base import Asked
from clv.apps.api.schemas.customers import Forecast
from clv.apps.api.schemas.fields import LARGEST, CustomerId, Day, Number, OrderId, Share, Text
from clv.apps.api.schemas.predictions import ItemProblem
from clv.ops.orderrows import rounded

_AMOUNT = r"^[+-]?[0-9]{1,12}(\.[0-9]{1,6})?$"


def _amount_of(value: Any) -> Decimal:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number and not (isinstance(value, str) and re.fullmatch(_AMOUNT, value)):
        raise ValueError(
            "give a number, or a text such as '59.90' with at most 12 digits before the point and 6"
            " after it"
        )
    # Not a number (NaN) is within no bounds either.
    if number and not -LARGEST <= value <= LARGEST:
        raise ValueError(f"give an amount up to {LARGEST:g}")
    # A number is the shortest that reads the same.
    return rounded(value if isinstance(value, str) else repr(value))


Amount = Annotated[
    Decimal,
    BeforeValidator(_amount_of),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": -LARGEST, "maximum": LARGEST},
                {"type": "string", "pattern": _AMOUNT},
            ]
        }
    ),
]


EXAMPLE: dict[str, JsonValue] = {
    "customer_id": "C001",
    "date": "2025-06-04",
    "amount": 59.9,
    "order_id": "A17",
}


class OrderBody(Asked):
    """An order, or a line of one, as a row of the log.

    Columns that the run's log has and the order has not are taken as not known.
    """

    model_config = ConfigDict(title="Order", json_schema_extra={"examples": [EXAMPLE]})

    customer_id: CustomerId
    date: Day = Field(description="Day of the order, YYYY-MM-DD.")
    amount: Amount = Field(
        description="What was paid, in the run's currency; negative of a return. Rounded to"
        " four decimals, as a log's amounts are; a text is taken exactly before."
    )
    order_id: OrderId | None = Field(
        default=None,
        description="An order whose id is known of the customer is not kept twice: send all its"
        " lines in one request. A return may have the id of its purchase; two of one purchase are"
        " the same only if their day and amount are.",
    )
    timestamp: Text | None = Field(
        default=None, description="Moment of the order, YYYY-MM-DDTHH:MM:SS."
    )
    channel: Text | None = None
    category: Text | None = None
    product: Text | None = None
    quantity: Number | None = Field(default=None, description="Pieces.")
    discount: Number | None = Field(default=None, description="In the run's currency.")
    cost: Number | None = Field(default=None, description="In the run's currency.")
    currency: Text | None = Field(
        default=None,
        description="Must be the run's; leave it out where the run's log does not say its own.",
        examples=["USD"],
    )
    is_return: StrictBool | None = None
    campaign: Text | None = None
    customer_country: Text | None = None
    eco_share: Share | None = Field(default=None, description="0 to 1.")
    impact_score: Number | None = None


#: What is no order stays as it was sent, to be told what is wrong with it.
Row = Annotated[OrderBody | Any, Field(union_mode="left_to_right")]


class OrdersBody(Asked):
    """Orders to keep, up to CLV_BATCH_LIMIT (1,000 unless set).

    One that cannot be used fails alone: the others are kept.
    """

    model_config = ConfigDict(
        title="Orders", json_schema_extra={"examples": [{"transactions": [EXAMPLE]}]}
    )

    transactions: list[Row] = Field(description="Each an order.")


class Appended(Answer):
    """What became of orders that came in, and what is forecast of their customers now."""

    accepted: int = Field(description="Orders kept.")
    duplicates: int = Field(description="Orders that were known before by their id; not kept.")
    failed: int = Field(description="Orders that were refused.")
    problems: list[ItemProblem] = Field(description="Why orders were refused.")
    forecasts: list[Forecast] = Field(
        description="Of the customers whose orders were kept; served from now on."
    )
    without_purchase: list[str] = Field(
        description="Customers of whom no purchase is left, and so no forecast."
    )
    as_of: str | None = Field(description="Last day known of these customers.")
    model_version: str = Field(description="Id of the run that forecast.")
    currency: str | None = Field(description="Of every amount; null where the log does not say.")
