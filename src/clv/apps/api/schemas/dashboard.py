"""What a page needs at a glance."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from clv.apps.api.schemas.answer import Amount, Answer, Chance, OfRun
from clv.apps.api.schemas.customers import Customer
from clv.apps.api.schemas.models import Figures
from clv.apps.api.schemas.segments import SegmentTold


class Totals(Answer):
    """All customers of the published run together."""

    customers: int
    total_clv: Amount = Field(description="Sum of the forecasts.")
    total_clv_lower: Amount | None = Field(description="Lower end of the interval of the total.")
    total_clv_upper: Amount | None = Field(description="Its upper end.")
    mean_clv: Amount | None
    historic_value: Amount | None = Field(description="Net spend so far.")
    expected_purchases: float | None = Field(description="Of all of them, within the horizon.")
    mean_p_alive: Chance | None
    mean_p_purchase: Chance | None
    mean_recommended_cac: Amount | None = Field(
        description="What winning one such customer may cost: 30 % of the mean forecast."
    )
    onetimers: int | None = Field(description="Customers who have ordered on one day only.")
    repeaters: int | None


class Dashboard(OfRun):
    totals: Totals
    level: Chance = Field(description="Of the intervals.")
    segments: list[SegmentTold]
    value_tiers: list[SegmentTold]
    clv_levels: list[SegmentTold]
    channels: list[SegmentTold] = Field(description="Up to 20.")
    top_customers: list[Customer]
    metrics: Figures = Field(description="Of the served model, on rows held out.")
    readiness: str | None = Field(description="What the data can and cannot support.")
    warnings: list[str]
    published_at: datetime
