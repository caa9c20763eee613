"""Published runs, and which of them is served."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from clv.apps.api.schemas.answer import Answer, Chance


class RunTold(Answer):
    run_id: str
    kind: Literal["log", "table"]
    model: str = Field(description="Champion of the run.")
    as_of: date | None
    horizon_days: int | None
    level: Chance
    currency: str | None
    customers: int
    created_at: datetime
    published_at: datetime
    served_as: list[str] = Field(description="champion, or model:NAME; empty of one not served.")
    loaded: bool = Field(description="Its forecasts are in the store, so it can be served at once.")


class Runs(Answer):
    runs: list[RunTold] = Field(description="The newest first.")
    count: int


class Moved(Answer):
    """Which run is served now."""

    name: str = Field(description="champion, or model:NAME.")
    run_id: str
    revision: int = Field(description="Rises with everything that changes what is answered.")
