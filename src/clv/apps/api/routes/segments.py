"""Customers by segment, tier, level, group or channel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import segmenting
from clv.apps.api.answers.encoding import of_bytes
from clv.apps.api.edge.declare import needs
from clv.apps.api.schemas.segments import By, SegmentDetail, Segments
from clv.apps.api.services.wiring import ask, services

router = APIRouter(tags=["segments"])

Respect = Annotated[By, Query(description="In which respect customers are alike.")]


@router.get(
    "/api/segments",
    response_model=Segments,
    operation_id="list_segments",
    summary="Segments, what they are worth and what to do with them",
)
@needs("read", problems=(404,))
async def list_segments(request: Request, by: Respect = "segment") -> Response:
    """The most valuable first; of known names also those that no customer has now."""
    return of_bytes(await ask(request, segmenting.listed, services(request), by, False))


@router.get(
    "/api/segments/active",
    response_model=Segments,
    operation_id="active_segments",
    summary="Segments that have customers now",
)
@needs("read", problems=(404,))
async def active_segments(request: Request, by: Respect = "segment") -> Response:
    return of_bytes(await ask(request, segmenting.listed, services(request), by, True))


@router.get(
    "/api/segments/{name:path}",
    response_model=SegmentDetail,
    operation_id="get_segment",
    summary="A segment and its most valuable customers",
)
@needs("read", problems=(404,))
async def get_segment(
    request: Request,
    name: Annotated[
        str,
        Path(
            max_length=64,
            description="Name of a segment, tier, level, group, mismatch or channel, as Champions,"
            " at_risk or high_value.",
            examples=["Champions", "high_value"],
        ),
    ],
    by: Annotated[
        By | None,
        Query(description="In which respect, where a channel is called like something else."),
    ] = None,
    top: Annotated[int, Query(ge=1, le=segmenting.MOST_TOP, description="Customers to tell.")] = 10,
) -> Response:
    return of_bytes(await ask(request, segmenting.one, services(request), name, by, top))
