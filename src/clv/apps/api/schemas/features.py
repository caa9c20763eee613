"""The dictionary of features."""

from __future__ import annotations

from pydantic import Field

from clv.apps.api.schemas.answer import Answer


class FeatureTold(Answer):
    theme: str
    name: str
    meaning: str
    unit: str
    absent: str = Field(description="When a customer has none.")
    source: str = Field(description="Where it is defined.")
    needs: list[str] = Field(description="Columns of the log without which it is left out.")


class FeatureDictionary(Answer):
    features: list[FeatureTold]
    count: int
