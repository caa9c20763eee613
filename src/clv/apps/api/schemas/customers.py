"""What is forecast for each customer of the published run."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from clv.apps.api.schemas.answer import Amount, Answer, Chance, Group, Level, OfRun, Tier

#: An RFM score.
Score = Annotated[int, Field(ge=1, le=5)]


class Forecast(Answer):
    """A customer's forecast; money in the run's currency, of the horizon after as_of.

    Of a run on a table of customers, clv is the forecast of its target, and what needs orders is
    null.
    """

    customer_id: str
    group: Group | None = Field(description="Whether the customer has ordered on several days.")
    clv: Amount = Field(
        description="Expected margin within horizon_days after as_of, discounted.",
        examples=[342.5],
    )
    clv_lower: Amount = Field(description="Lower end of the interval.")
    clv_upper: Amount = Field(description="Upper end of the interval.")
    level: Chance = Field(
        description="How often what such a customer spends lies within the interval."
    )
    p_alive: Chance | None = Field(description="Probability of still being a customer.")
    p_purchase: Chance | None = Field(description="Probability of an order within the horizon.")
    expected_purchases: float | None = Field(description="Expected orders within the horizon.")
    expected_order_value: Amount | None = Field(description="Expected value of such an order.")
    next_purchase_date: date | None = Field(
        description="Day by which the next order is as likely as not; null beyond ten years."
    )
    next_purchase_earliest: date | None = Field(description="Start of its interval.")
    next_purchase_latest: date | None = Field(description="End of its interval.")
    expected_gap_days: float | None = Field(
        description="Mean days between the orders so far; null with one."
    )
    historic_value: Amount | None = Field(description="Net spend so far.")
    rfm_r: Score | None = Field(description="Recency score.")
    rfm_f: Score | None = Field(description="Frequency score.")
    rfm_m: Score | None = Field(description="Monetary score.")
    rfm_score: int | None = Field(description="Their sum, 3 to 15.", ge=3, le=15)
    segment: str | None = Field(
        description="RFM segment: Champions, Loyal Customers, Potential Loyalists, At Risk, Lost."
    )
    value_tier: Tier = Field(description="The top 20 % of forecasts, the next 30 %, and the rest.")
    clv_level: Level = Field(description="By the quantiles 50, 80 and 95 % of the population.")
    mismatch: str | None = Field(
        description="Aligned, CLV above segment, or CLV below segment: whether the level is what"
        " the segment leads to expect."
    )
    recommended_cac: Amount | None = Field(
        description="What winning such a customer may cost: 30 % of the forecast."
    )
    reasons: str = Field(description="What moved the forecast, in words.")
    model: str = Field(description="Name of the model that forecast.")
    as_of: date | None = Field(description="Last day observed.")
    horizon_days: int | None = Field(description="Days after as_of that the forecast is of.")


class Customer(Forecast):
    channel: str | None = Field(description="Channel of the first order.")
    purchases: int | None = Field(description="Days with an order so far.")
    first_purchase: date | None = Field(description="Day of the first order.")
    last_purchase: date | None = Field(description="Day of the last order.")
    rescored_at: datetime | None = Field(
        description="When orders that came in after the run changed this forecast; null if none."
    )


class CustomerLinks(Answer):
    history: str = Field(description="Orders of the customer.")
    segment: str | None = Field(description="The customer's segment.")


class CustomerTold(Customer):
    """A customer, and where there is more."""

    model_version: str = Field(description="Id of the run that the forecast is of.")
    currency: str | None = Field(description="Of every amount; null where the log does not say.")
    links: CustomerLinks


class CustomerPage(OfRun):
    """Customers in the order asked for, and where to go on."""

    customers: list[Customer]
    count: int = Field(description="Customers on this page.")
    total: int | None = Field(
        description="Customers on all pages; null unless asked for by total=true."
    )
    next_cursor: str | None = Field(
        description="Give it as cursor to get the next page; null on the last."
    )
    level: Chance = Field(description="Of the intervals.")


class OrderTold(Answer):
    """An order, or a line of one; fields that are not known are left out."""

    customer_id: str
    date: str = Field(description="Day of the order.", examples=["2025-01-15"])
    amount: str = Field(description="Exact decimal; negative of a return.", examples=["59.9000"])
    order_id: str | None = None
    timestamp: str | None = None
    channel: str | None = None
    category: str | None = None
    product: str | None = None
    quantity: str | None = None
    discount: str | None = None
    cost: str | None = None
    currency: str | None = None
    is_return: str | None = None
    campaign: str | None = None
    customer_country: str | None = None
    eco_share: str | None = None
    impact_score: str | None = None


class History(OfRun):
    """Orders of a customer, the newest last: of the run's log, and those that came in since."""

    customer_id: str
    orders: list[OrderTold]
    count: int = Field(description="Orders, or lines of orders, in all.")
