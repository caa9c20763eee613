"""Whether the service lives, can answer, and how each part of it does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clv.apps.api.edge.declare import needs
from clv.apps.api.services import health as parts
from clv.apps.api.services.health import Component, Health
from clv.apps.api.services.wiring import ask, services

if TYPE_CHECKING:
    from clv.ops.store.publishing import Current

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    status: Literal["ok"]


class ChampionTold(BaseModel):
    """The run that is served."""

    run_id: str
    model: str
    as_of: date | None = Field(description="Last day observed; null of a table of customers.")
    horizon_days: int | None
    customers: int
    created_at: datetime
    published_at: datetime
    revision: int = Field(description="Rises with everything that changes what is answered.")

    @classmethod
    def of(cls, now: Current) -> Self:
        return cls(**{name: getattr(now, name) for name in cls.model_fields})


class ServiceStatus(BaseModel):
    version: str
    started_at: datetime
    uptime_seconds: float
    status: parts.Status
    components: dict[str, Component]
    champion: ChampionTold | None = Field(description="Null before the first run is published.")


@router.get("/health", response_model=Health, summary="The same as /api/health")
@router.get("/api/health", response_model=Health, summary="How each part of the service does")
@needs(None, quiet=True)
async def health(request: Request) -> Response:
    """200 while questions are answered, also where a part is degraded; 503 where none can be."""
    found = await services(request).watch.look()
    return JSONResponse(found.model_dump(), 503 if found.status == "down" else 200)


@router.get("/api/health/live", response_model=Alive, summary="Whether the process lives")
@needs(None, quiet=True)
async def live() -> Response:
    """Asks no other part: a store that is gone comes back by no restart of the service."""
    return JSONResponse({"status": "ok"})


@router.get("/api/health/ready", response_model=Health, summary="Whether requests may be sent")
@needs(None, quiet=True)
async def ready(request: Request) -> Response:
    """200 once the store answers. Without a published run too: the first one may be asked for."""
    return await health(request)


@router.get("/api/status", response_model=ServiceStatus, summary="What is served, since when")
@needs("read")
async def status(request: Request) -> ServiceStatus:
    here = services(request)
    found = await here.watch.look()
    champion = None
    if found.components["store"].status != "down":
        champion = await ask(request, parts.published, here.store)
    return ServiceStatus(
        version=version("clv"),
        started_at=here.began,
        uptime_seconds=(datetime.now(UTC) - here.began).total_seconds(),
        status=found.status,
        components=found.components,
        champion=None if champion is None else ChampionTold.of(champion),
    )
