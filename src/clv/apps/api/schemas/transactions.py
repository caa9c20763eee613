"""Customers told by their orders, and what each is expected to spend."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AliasChoices, ConfigDict, Field, JsonValue, StrictBool

from clv.apps.api.schemas.answer import Amount, Answer, Chance, Group, Level, OfRun, Tier
from clv.apps.api.schemas.base import Asked
from clv.apps.api.schemas.fields import CustomerId, Day, Number, OrderId, Share, Text
from clv.apps.api.schemas.orders import Amount as Paid
from clv.apps.api.schemas.predictions import ItemProblem

#: Orders of all customers of a request.
MOST_ORDERS = 100_000
EXAMPLE: dict[str, JsonValue] = {
    "snapshot_date": "2025-06-04",
    "xdays": 365,
    "customers": [
        {
            "CustomerID": "C001",
            "transactions": [
                {"Arrival Date": "2024-01-15", "Total Revenue USD": 500, "Channel": "WEB"}
            ],
        }
    ],
}


class StayBody(Asked):
    """An order of a customer, or a line of one, under a hotel's names or the plain ones."""

    model_config = ConfigDict(title="Order of a customer")

    date: Day = Field(
        validation_alias=AliasChoices("Arrival Date", "date"), description="Day, YYYY-MM-DD."
    )
    amount: Paid = Field(
        validation_alias=AliasChoices("Total Revenue USD", "amount"),
        description="What was paid, in the run's currency; negative of a return.",
    )
    channel: Text | None = Field(default=None, validation_alias=AliasChoices("Channel", "channel"))
    order_id: OrderId | None = None
    timestamp: Text | None = None
    category: Text | None = None
    product: Text | None = None
    quantity: Number | None = None
    discount: Number | None = None
    cost: Number | None = None
    is_return: StrictBool | None = None
    campaign: Text | None = None
    customer_country: Text | None = None
    eco_share: Share | None = None
    impact_score: Number | None = None


class GuestBody(Asked):
    """A customer with all orders so far."""

    model_config = ConfigDict(title="Customer with orders")

    customer_id: CustomerId = Field(validation_alias=AliasChoices("CustomerID", "customer_id"))
    transactions: list[StayBody] = Field(
        min_length=1, description="All orders up to the snapshot date; later ones do not count."
    )


#: What is no customer stays as it was sent, to be told what is wrong with it.
Guest = Annotated[GuestBody | Any, Field(union_mode="left_to_right")]


class TransactionsBody(Asked):
    """Customers told by their orders, up to CLV_BATCH_LIMIT (1,000 unless set).

    One that cannot be used fails alone: the others are answered.
    """

    model_config = ConfigDict(
        title="Customers with orders", json_schema_extra={"examples": [EXAMPLE]}
    )

    snapshot_date: Day | None = Field(
        default=None,
        validation_alias=AliasChoices("snapshot_date", "as_of"),
        description="Last day that counts. The last day of the orders, or the run's where that is"
        " later, unless given.",
    )
    xdays: int | None = Field(
        default=None,
        strict=True,
        ge=1,
        le=36_525,
        validation_alias=AliasChoices("xdays", "horizon_days"),
        description="Days to look ahead; the run's horizon unless given.",
    )
    level: float | None = Field(
        default=None,
        strict=True,
        ge=0.5,
        le=0.99,
        description="How often what comes shall lie within the intervals; the run's own unless"
        " given. A level in the query wins.",
    )
    customers: list[Guest] = Field(description="Each a customer with orders.")


class GuestForecast(Answer):
    """What a customer is expected to spend in the days after the snapshot date."""

    CustomerID: str
    CLV: Amount = Field(description="Expected margin, discounted, in currency.", examples=[342.5])
    CLV_lower: Amount = Field(description="Lower end of the interval.")
    CLV_upper: Amount = Field(description="Upper end of the interval.")
    group: Group = Field(description="Whether the customer has ordered on several days.")
    P_return: Chance | None = Field(
        description="Of a one-timer: probability of ordering again within xdays, given that this"
        " has not happened so far. Null of a repeater."
    )
    P_alive: Chance | None = Field(description="Probability of still being a customer.")
    P_purchase: Chance | None = Field(description="Probability of an order within xdays.")
    expected_purchases: float = Field(description="Expected orders within xdays.")
    expected_value: Amount = Field(description="Expected value of an order.")
    RFM_Score: int = Field(description="3 to 15.", ge=3, le=15)
    Segment: str = Field(description="RFM segment, Champions to Lost.", examples=["At Risk"])
    CLV_Level: Level = Field(description="By the quantiles 50, 80 and 95 % of the population.")
    Mismatch: str = Field(
        description="Aligned, or whether the level is above or below what the segment suggests.",
        examples=["Aligned"],
    )
    value_tier: Tier = Field(description="The top 20 % of forecasts, the next 30 %, and the rest.")
    next_purchase_date: date | None = Field(
        description="Day by which the next order is as likely as not; null beyond ten years."
    )
    recommended_cac: Amount = Field(description="30 % of the forecast.")
    reasons: str = Field(description="What moved the forecast, in words.")


class GuestProblem(ItemProblem):
    """Why a customer, or an order of one, was not used."""

    CustomerID: str | None


class GuestForecasts(OfRun):
    """Forecasts in the order of the customers; those that failed are left out."""

    predictions: list[GuestForecast]
    problems: list[GuestProblem] = Field(
        description="What could not be used: customers who were not answered, and single orders."
    )
    count: int = Field(description="Customers answered.")
    failed: int = Field(description="Customers not answered.")
    level: Chance = Field(description="Of the intervals.")
    snapshot_date: date = Field(description="Last day that counted; the same as as_of.")
    xdays: int = Field(description="Days looked ahead; the same as horizon_days.")
    notices: list[str] = Field(description="What the asker should know, in sentences.")
