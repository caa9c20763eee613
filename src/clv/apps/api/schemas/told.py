"""What a profile may tell of a customer, by the names that different systems use."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from clv.apps.api.schemas.base import Asked
from clv.apps.api.schemas.fields import (
    Age,
    Amount,
    Count,
    Days,
    Money,
    Number,
    Orders,
    Share,
    Text,
)

#: Plain name -> all names by which it may be told, the usual one first. Two names of one thing
#: may both be given, with the same value.
NAMES: dict[str, tuple[str, ...]] = {
    "orders": ("num_orders", "total_orders", "frequency", "orders"),
    "total": ("total_spent", "monetary_value", "total"),
    "order_value": ("avg_order_value", "order_value"),
    "first_days": ("days_since_first_purchase", "tenure", "first_days"),
    "last_days": ("days_since_last_purchase", "recency", "last_days"),
    "gap_days": ("days_between_purchases", "gap_days"),
    "category_count": ("num_categories", "category_count", "category_diversity"),
    "channel": ("acquisition_source", "channel"),
    "campaign": ("campaign_type", "campaign"),
}
#: From these a forecast is made; all else may sharpen it.
NEEDED = ("orders", "total", "order_value", "first_days", "last_days", "gap_days")


def _same(name: str) -> Any:
    return Field(default=None, description=f"The same as {name}.")


class Told(Asked):
    """Fields of a customer. Each may be left out; what is needed is said where it is missing."""

    num_orders: Orders | None = Field(
        default=None, description="Orders so far, at least 1.", examples=[8]
    )
    total_orders: Orders | None = _same("num_orders")
    frequency: Orders | None = Field(
        default=None,
        description="The same as num_orders: number of purchases so far. Not the papers' x, which"
        " leaves out the first one.",
    )
    orders: Orders | None = _same("num_orders")
    total_spent: Money | None = Field(
        default=None,
        description="Spend so far, net of returns, in the run's currency.",
        examples=[1250.5],
    )
    monetary_value: Money | None = Field(
        default=None,
        description="The same as total_spent: all that was spent. Not the papers' m, which is a"
        " mean.",
    )
    total: Money | None = _same("total_spent")
    avg_order_value: Money | None = Field(
        default=None,
        description="Mean value of an order, in the run's currency; total_spent counts where both"
        " are told and disagree.",
        examples=[156.31],
    )
    order_value: Money | None = _same("avg_order_value")
    days_since_first_purchase: Days | None = Field(
        default=None, description="Days from the first order to the snapshot date.", examples=[180]
    )
    tenure: Days | None = _same("days_since_first_purchase")
    first_days: Days | None = _same("days_since_first_purchase")
    days_since_last_purchase: Days | None = Field(
        default=None, description="Days from the last order to the snapshot date.", examples=[15]
    )
    recency: Days | None = Field(
        default=None,
        description="The same as days_since_last_purchase: small is recent. Not the papers' t_x,"
        " which counts from the first purchase.",
    )
    last_days: Days | None = _same("days_since_last_purchase")
    days_between_purchases: Days | None = Field(
        default=None,
        description="Mean days between orders; stands in for the days since the first or the last"
        " of them.",
    )
    gap_days: Days | None = _same("days_between_purchases")
    num_categories: Count | None = Field(
        default=None, description="Categories bought from so far.", examples=[3]
    )
    category_count: Count | None = _same("num_categories")
    category_diversity: Amount | None = Field(
        default=None,
        description="The same as num_categories, where that is not told.",
    )
    acquisition_source: Text | None = Field(
        default=None, description="Channel that won the customer.", examples=["Meta Ads"]
    )
    channel: Text | None = _same("acquisition_source")
    campaign_type: Text | None = Field(
        default=None, description="Campaign that won the customer.", examples=["Prospecting"]
    )
    campaign: Text | None = _same("campaign_type")
    acquisition_cost: Money | None = Field(
        default=None, description="What winning the customer cost, in the run's currency."
    )
    email_engagement_rate: Share | None = Field(
        default=None, description="Share of e-mails opened, 0 to 1."
    )
    return_rate: Share | None = Field(
        default=None, description="Share of what was ordered that was sent back, 0 to 1."
    )
    age: Age | None = Field(default=None, description="In years.")
    gender: Text | None = Field(default=None, description="As the run's own data writes it.")
    country: Text | None = Field(default=None, description="As the run's own data writes it.")
    purchase_frequency: Number | None = Field(
        default=None,
        description="Orders a month or so; taken and not used, as it follows from the other"
        " fields.",
    )
    monthly_spending: Number | None = Field(
        default=None,
        description="Spend a month, in the run's currency; taken and not used, as it follows from"
        " the other fields.",
    )
