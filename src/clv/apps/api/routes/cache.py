"""Answers that are kept for a while."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers.encoding import answer
from clv.apps.api.edge.declare import needs
from clv.apps.api.edge.recording import record
from clv.apps.api.schemas.cache import CacheStats, Cleared
from clv.apps.api.services.wiring import change, services

router = APIRouter(tags=["cache"])


@router.get(
    "/api/cache/stats",
    response_model=CacheStats,
    operation_id="cache_stats",
    summary="How often answers were found",
)
@needs("read")
async def stats(request: Request) -> Response:
    found = await change(services(request).cache.stats)
    asked = found["hits"] + found["misses"]
    return answer({**found, "hit_rate": found["hits"] / asked if asked else None})


@router.post(
    "/api/cache/clear",
    response_model=Cleared,
    operation_id="clear_cache",
    summary="Forget all that is kept",
)
@needs("admin", action="cache.clear")
async def clear(request: Request) -> Response:
    """Never needed for right answers: what is kept belongs to one state of the forecasts."""
    cleared = await change(services(request).cache.clear)
    await record(request, "cache.clear", detail={"cleared": cleared})
    return answer({"cleared": cleared})
