"""Customers by segment, tier, level, group or channel."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clv.apps.api.schemas.answer import Amount, Answer, Chance, OfRun
from clv.apps.api.schemas.customers import Customer

By = Literal["segment", "value_tier", "clv_level", "mismatch", "group", "channel"]


class SegmentTold(Answer):
    """Customers alike in one respect, together."""

    name: str = Field(description="Name of the segment, tier, ...", examples=["Champions"])
    by: By = Field(description="The respect.")
    customers: int = Field(description="How many there are now.")
    share: Chance = Field(description="Of all customers.")
    total_clv: Amount = Field(description="Sum of the forecasts.")
    clv_share: float | None = Field(description="Of the value of all customers.")
    mean_clv: Amount | None = Field(description="Mean forecast; null without customers.")
    total_clv_lower: Amount | None = Field(
        description="Lower end of the interval of the total; null where it is not known."
    )
    total_clv_upper: Amount | None = Field(description="Its upper end.")
    mean_p_alive: Chance | None = Field(description="Mean probability of still being a customer.")
    mean_p_purchase: Chance | None = Field(
        description="Mean probability of an order within the horizon."
    )
    expected_purchases: float | None = Field(description="Of all of them, within the horizon.")
    historic_value: Amount | None = Field(description="Net spend of all of them so far.")
    mean_recommended_cac: Amount | None = Field(
        description="What winning one such customer may cost: 30 % of the mean forecast."
    )
    advice: str | None = Field(description="What to do with them.")
    aliases: list[str] = Field(description="Other names it may be asked for by.")
    customers_link: str = Field(description="The customers themselves.")


class Segments(OfRun):
    by: By
    segments: list[SegmentTold] = Field(description="The most valuable first.")
    count: int
    customers: int = Field(description="Of all segments.")
    total_clv: Amount
    level: Chance = Field(description="Of the intervals.")


class SegmentDetail(OfRun):
    """A segment and its most valuable customers."""

    segment: SegmentTold
    top_customers: list[Customer]
    level: Chance = Field(description="Of the intervals.")
