"""Long work: how far it is, and having it stopped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import working
from clv.apps.api.answers.encoding import answer
from clv.apps.api.edge import bodies
from clv.apps.api.edge.auth import actor
from clv.apps.api.edge.declare import needs
from clv.apps.api.routes.params import Limit, within_page
from clv.apps.api.schemas.jobs import JobBody, JobPage, JobTold, Status
from clv.apps.api.services.wiring import read, request_id, services, write
from clv.ops.work import jobs

router = APIRouter(tags=["jobs"])

_JOB = "/api/jobs/{job_id}"
JobId = Annotated[
    str,
    Path(max_length=64, description="As the job was answered with.", examples=["9f2c41d0a7b35e68"]),
]


@router.get(
    "/api/jobs", response_model=JobPage, operation_id="list_jobs", summary="Jobs, the newest first"
)
@needs("train", problems=(404,))
async def list_jobs(
    request: Request,
    status: Annotated[Status | None, Query(description="Only those in this state.")] = None,
    kind: Annotated[
        str | None, Query(max_length=32, description="Only those of this kind, as train.")
    ] = None,
    limit: Limit = 50,
    before: Annotated[
        str | None, Query(max_length=64, description="next_before of the page before.")
    ] = None,
) -> Response:
    limit = within_page(services(request), limit)
    found = await read(request, jobs.listed, status=status, kind=kind, limit=limit, before=before)
    return answer(working.page(services(request), found, limit))


@router.post(
    "/api/jobs",
    response_model=JobTold,
    status_code=202,
    operation_id="ask_for_job",
    summary="Look back on past days, or make up a shop",
)
@needs("train", takes=JobBody, problems=(404, 409), action="job")
async def ask_for_job(request: Request) -> Response:
    """Answers at once with a job; the header Location says where to look how far it is."""
    body = await bodies.read(request, JobBody)
    who, number = actor(request).name, request_id(request)
    here = services(request)
    return working.accepted(
        await write(request, working.submit, here, body.kind, body.params, who, number)
    )


@router.get(_JOB, response_model=JobTold, operation_id="get_job", summary="How far a job is")
@needs("train", problems=(404,))
async def get_job(request: Request, job_id: JobId) -> Response:
    """Once it is done, `result` says what came of it: of a training its run, model and figures."""
    return answer(working.told(services(request), await read(request, jobs.find, job_id)))


@router.post(
    f"{_JOB}/cancel",
    response_model=JobTold,
    operation_id="cancel_job",
    summary="Have a job stopped",
)
@needs("train", problems=(404,), action="job.cancel")
async def cancel_job(request: Request, job_id: JobId) -> Response:
    """At once where it waits, within seconds where it runs; over, it stays as it is."""
    who, number = actor(request).name, request_id(request)
    return answer(await write(request, working.cancel, services(request), job_id, who, number))
