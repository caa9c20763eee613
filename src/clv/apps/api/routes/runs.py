"""Published runs, and which of them is served."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import publishing, working
from clv.apps.api.answers.encoding import answer
from clv.apps.api.edge.auth import actor
from clv.apps.api.edge.declare import needs
from clv.apps.api.routes.params import Limit, within_page
from clv.apps.api.schemas.jobs import JobTold
from clv.apps.api.schemas.runs import Moved, Runs
from clv.apps.api.services.wiring import read, request_id, services, write
from clv.ops.store.publishing import CHAMPION, NAMES

router = APIRouter(tags=["runs"])

Name = Annotated[
    str,
    Query(
        pattern=rf"^({NAMES})$",
        description="What the run is served as: champion, or model:NAME.",
    ),
]


@router.get(
    "/api/runs",
    response_model=Runs,
    operation_id="list_runs",
    summary="Published runs, the newest first",
)
@needs("read")
async def list_runs(request: Request, limit: Limit = 50) -> Response:
    return answer(await read(request, publishing.listed, within_page(services(request), limit)))


@router.post(
    "/api/runs/{run_id}/publish",
    response_model=JobTold,
    status_code=202,
    operation_id="publish_run",
    summary="Serve a finished run",
)
@needs("admin", problems=(404,), action="job.publish")
async def publish(
    request: Request,
    run_id: Annotated[
        str,
        Path(
            max_length=64,
            description="Id of a run made here, or latest.",
            examples=["20250604T083000Z-0a1b2c", "latest"],
        ),
    ],
    name: Name = CHAMPION,
) -> Response:
    """Answers at once with a job, as the forecasts of a million customers take a while; readers
    see the run before it until all of it is there.
    """
    params = {"run": run_id, "name": name}
    who, number = actor(request).name, request_id(request)
    return working.accepted(
        await write(request, working.publish, services(request), params, who, number)
    )


@router.post(
    "/api/runs/rollback",
    response_model=Moved,
    operation_id="rollback",
    summary="Serve the run before the one that is served",
)
@needs("admin", problems=(404,), action="run.rollback")
async def rollback(request: Request, name: Name = CHAMPION) -> Response:
    """At once; again, the one before that. Orders that came in since are kept and counted."""
    who, number = actor(request).name, request_id(request)
    here = services(request)
    return answer(await write(request, publishing.rolled_back, here, name, who, number))
