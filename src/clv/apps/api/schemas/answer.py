"""What all answers have in common."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Group = Literal["onetimer", "repeater"]
Tier = Literal["High-CLV", "Growth-Potential", "Low-CLV"]
Level = Literal["Low", "Mid", "High", "Top"]
Confidence = Literal["High", "Medium", "Low"]
#: A probability.
Chance = Annotated[float, Field(ge=0, le=1)]
#: In the run's currency; forecasts are of the horizon.
Amount = float


class Answer(BaseModel):
    """An answer holds all its fields, null where a thing is not known, and no others."""

    model_config = ConfigDict(extra="forbid")


class OfRun(Answer):
    """Which run an answer comes from."""

    model: str = Field(description="Name of the model that forecast.", examples=["ensemble"])
    model_version: str = Field(
        description="Id of the run that it was learned in.", examples=["20250604T083000Z-0a1b2c"]
    )
    as_of: date | None = Field(
        description="Last day observed; null of a run on a table of customers."
    )
    horizon_days: int | None = Field(
        description="Days after as_of that a forecast is of; null of a table of customers."
    )
    currency: str | None = Field(description="Of every amount; null where the log does not say.")
