"""Made-up customers."""

from __future__ import annotations

from pydantic import Field

from clv.apps.api.schemas.answer import Answer
from clv.apps.api.schemas.profile import ProfileBody


class Samples(Answer):
    """Profiles that may be sent to /api/predict/batch as they are."""

    profiles: list[ProfileBody]
    count: int
    seed: int = Field(description="The same seed makes the same customers.")
    as_of: str = Field(description="Day on which the profiles hold.")
    currency: str
