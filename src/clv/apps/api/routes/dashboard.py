"""What a page needs at a glance."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import dashboards
from clv.apps.api.answers.encoding import of_bytes
from clv.apps.api.edge.declare import needs
from clv.apps.api.schemas.dashboard import Dashboard
from clv.apps.api.services.wiring import ask, services

router = APIRouter(tags=["dashboard"])


@router.get(
    "/api/dashboard/summary",
    response_model=Dashboard,
    operation_id="dashboard_summary",
    summary="Totals, segments, top customers and figures of the model",
)
@needs("read", problems=(404,))
async def summary(request: Request) -> Response:
    return of_bytes(await ask(request, dashboards.summary, services(request)))
