"""Answers that are kept for a while."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clv.apps.api.schemas.answer import Answer


class CacheStats(Answer):
    backend: Literal["memory", "redis"]
    state: Literal["ok", "degraded"] = Field(
        description="degraded: Redis is gone, and each process keeps its own meanwhile."
    )
    hits: int = Field(description="Of this process.")
    misses: int = Field(description="Of this process.")
    hit_rate: float | None = Field(description="Hits of all questions; null before the first.")
    entries: int
    bytes: int | None = Field(description="Null where it is not known.")


class Cleared(Answer):
    cleared: int = Field(description="Entries that were forgotten.")
