"""Made-up customers, to try things with."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import samples
from clv.apps.api.answers.encoding import of_bytes
from clv.apps.api.edge.declare import needs
from clv.apps.api.schemas.samples import Samples
from clv.apps.api.services.wiring import change, services

router = APIRouter(tags=["predict"])

_PATH = "/api/generate-sample-data"
Customers = Annotated[
    int, Query(ge=1, le=samples.MOST, description="How many customers.", examples=[3])
]
Seed = Annotated[
    int, Query(ge=0, le=2**31 - 1, description="The same seed makes the same customers.")
]


@router.post(
    _PATH,
    response_model=Samples,
    operation_id="generate_sample_data",
    summary="Made-up customers as profiles",
)
@needs("predict")
async def generate(request: Request, n_customers: Customers = 100, seed: Seed = 0) -> Response:
    """They may be sent to /api/predict/batch as they are. A whole made-up shop to train on is
    asked for by POST /api/train/{model_type}?n_samples=.
    """
    return of_bytes(await change(samples.made, services(request), n_customers, seed))


@router.get(
    _PATH,
    response_model=Samples,
    operation_id="get_sample_data",
    summary="The same; it changes nothing",
)
@needs("predict")
async def get_samples(request: Request, n_customers: Customers = 100, seed: Seed = 0) -> Response:
    return await generate(request, n_customers, seed)
