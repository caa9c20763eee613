"""Figures for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from clv.apps.api.edge.declare import needs
from clv.apps.api.services.metrics import CONTENT_TYPE
from clv.apps.api.services.wiring import change, services

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=PlainTextResponse, summary="Figures for Prometheus")
@needs("read", quiet=True)
async def metrics(request: Request) -> Response:
    """Requests, latencies, predictions, forecasts, cache, jobs and the age of the model."""
    here = services(request)
    found = await here.watch.look()
    ups = {name: part.status != "down" for name, part in found.components.items()}
    text = await change(here.metrics.told, here.store, ups)
    return Response(text, headers={"content-type": CONTENT_TYPE})
