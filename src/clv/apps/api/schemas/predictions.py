"""Forecasts for customers told by profiles."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from clv.apps.api.schemas.answer import (
    Amount,
    Answer,
    Chance,
    Confidence,
    Group,
    Level,
    OfRun,
    Tier,
)


class Prediction(OfRun):
    """What a customer like this is expected to spend within the horizon."""

    customer_id: str | None = Field(description="As it was sent.")
    predicted_clv: Amount = Field(
        description="Expected margin within horizon_days after as_of, discounted, in currency.",
        examples=[892.5],
    )
    clv_lower: Amount = Field(description="Lower end of the interval.")
    clv_upper: Amount = Field(description="Upper end of the interval.")
    level: Chance = Field(
        description="How often what such a customer spends lies within the interval."
    )
    segment: Tier = Field(description="Value tier, by the population's cut points.")
    confidence: Confidence | None = Field(
        description="How narrow the interval is beside the forecast, at the run's own level: High"
        " where half its width is at most the forecast itself, Medium at most twice it; Low where"
        " so few such customers buy that it had to be moved to hold the forecast."
    )
    recommended_cac: Amount | None = Field(
        description="What winning such a customer may cost: 30 % of the forecast."
    )
    p_alive: Chance | None = Field(description="Probability of still being a customer.")
    p_purchase: Chance | None = Field(description="Probability of an order within the horizon.")
    expected_purchases: float | None = Field(description="Expected orders within the horizon.")
    expected_order_value: Amount | None = Field(description="Expected value of such an order.")
    next_purchase_date: date | None = Field(
        description="Day by which the next order is as likely as not; null beyond ten years."
    )
    rfm_score: int | None = Field(description="3 to 15.", ge=3, le=15)
    rfm_segment: str | None = Field(
        description="RFM segment, Champions to Lost.", examples=["Loyal Customers"]
    )
    clv_level: Level = Field(description="By the quantiles 50, 80 and 95 % of the population.")
    group: Group | None = Field(description="Whether the customer has ordered on several days.")
    reasons: str = Field(description="What moved the forecast, in words.")
    notices: list[str] = Field(description="What the asker should know, in sentences.")
    not_used: list[str] = Field(
        description="Fields that were told and did not count, by the names they were told under."
    )
    as_of: date | None = Field(
        description="Day on which the profile holds, and after which the horizon begins."
    )


class ItemProblem(Answer):
    """Why an item of a batch was not answered."""

    index: int = Field(description="Place of the item, from 0.")
    field: str | None = Field(description="JSON pointer into the item.")
    message: str = Field(description="What is wrong, and what to do.")
    code: str = Field(description="Stable name of the kind of problem.")


class IndexedPrediction(Prediction):
    index: int = Field(description="Place of the profile among those sent, from 0.")


class Predictions(OfRun):
    """Forecasts of a batch, in the order of the profiles; those that failed are left out."""

    predictions: list[IndexedPrediction]
    problems: list[ItemProblem] = Field(
        description="What is wrong with the profiles that were not answered."
    )
    count: int = Field(description="Profiles answered.")
    failed: int = Field(description="Profiles not answered.")
    level: Chance = Field(description="Of the intervals.")
    total_clv: Amount = Field(description="Sum of the forecasts.")
