"""A customer told by counts, sums and days, as four systems send them: one schema for all."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from clv.apps.api.schemas.fields import LONGEST_TEXT, CustomerId, Day, Scalar
from clv.apps.api.schemas.told import Told

MOST_FEATURES = 500


class Features(Told):
    """Fields of a profile by the same names, and anything else that is known of the customer.

    What a run does not use is told in the answer. A run on a table of customers reads its columns
    here, by their names.
    """

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "maxProperties": MOST_FEATURES,
            "propertyNames": {"minLength": 1, "maxLength": LONGEST_TEXT},
        },
    )
    __pydantic_extra__: dict[str, Scalar]

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        names = self.model_fields_set
        if len(names) > MOST_FEATURES:
            raise ValueError(f"{len(names)} features are too many; give at most {MOST_FEATURES}")
        if any(not 1 <= len(name) <= LONGEST_TEXT for name in names):
            raise ValueError(f"name each feature by 1 to {LONGEST_TEXT} characters")
        return self


#: As several systems send them.
EXAMPLES: list[JsonValue] = [
    {
        "total_spent": 1250.5,
        "num_orders": 8,
        "avg_order_value": 156.31,
        "days_since_first_purchase": 180,
        "days_since_last_purchase": 15,
        "category_diversity": 3,
        "purchase_frequency": 0.4,
        "monthly_spending": 200,
    },
    {
        "total_orders": 5,
        "total_spent": 450,
        "avg_order_value": 90,
        "days_since_first_purchase": 180,
        "days_since_last_purchase": 15,
        "num_categories": 3,
        "acquisition_source": "Meta Ads",
        "campaign_type": "Prospecting",
        "acquisition_cost": 45,
        "email_engagement_rate": 0.65,
        "return_rate": 0.05,
    },
    {
        "customer_id": "CUST_001",
        "recency": 30,
        "frequency": 5,
        "monetary_value": 1500.0,
        "tenure": 180,
        "avg_order_value": 300.0,
        "days_between_purchases": 36.0,
        "total_orders": 5,
    },
    {
        "customer_id": "12345",
        "features": {
            "num_orders": 3,
            "total_spent": 210.0,
            "days_since_first_purchase": 90,
            "days_since_last_purchase": 20,
        },
    },
]


class ProfileBody(Told):
    """What is known of a customer, without a log.

    Needed are the number of orders, the spend so far or its mean an order, and the days since the
    first and the last order (the mean days between orders stand in for one of the two). For a run
    on a table of customers its columns are needed instead.
    """

    model_config = ConfigDict(title="Profile", json_schema_extra={"examples": EXAMPLES})

    customer_id: CustomerId | None = Field(
        default=None, description="Given back in the answer.", examples=["C001"]
    )
    snapshot_date: Day | None = Field(
        default=None,
        description="Day on which the profile holds, YYYY-MM-DD; today unless given.",
    )
    features: Features | None = Field(
        default=None, description="Anything else that is known of the customer, by name."
    )
