"""Having models trained: each request becomes a job."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import working
from clv.apps.api.answers.modelnames import model_name
from clv.apps.api.edge import bodies
from clv.apps.api.edge.auth import actor
from clv.apps.api.edge.declare import needs
from clv.apps.api.schemas.jobs import PUBLISH, JobTold, TrainBody
from clv.apps.api.services.wiring import request_id, services, write
from clv.ops.store.publishing import CHAMPION
from clv.ops.work.params import FEWEST_SAMPLED, MOST_SAMPLED

router = APIRouter(tags=["models"])

_ACCEPTED = 202


@router.post(
    "/api/model/train",
    response_model=JobTold,
    status_code=_ACCEPTED,
    operation_id="train",
    summary="Compare models on a log, and serve the best",
)
@needs("train", takes=TrainBody, problems=(404, 409), action="job.train")
async def train(request: Request) -> Response:
    """Answers at once with a job; the header Location says where to look how far it is. What was
    learned from a made-up shop is not served in place of what was not, unless a key of scope admin
    asks for it by `publish`.
    """
    body = await bodies.read(request, TrainBody)
    return await _submitted(
        request,
        body.model_type,
        {
            "source": body.source.model_dump(exclude_none=True),
            "settings": body.settings,
            "publish": body.publish,
        },
    )


@router.post(
    "/api/train/{model_type}",
    response_model=JobTold,
    status_code=_ACCEPTED,
    operation_id="train_model",
    summary="Train one model, to be asked for by its name",
)
@needs("train", problems=(404, 409), action="job.train")
async def train_model(
    request: Request,
    model_type: Annotated[
        str,
        Path(
            max_length=64,
            description="Name of a model, as xgboost or bg_nbd; champion compares all.",
            examples=["xgboost", "bg_nbd"],
        ),
    ],
    n_samples: Annotated[
        int | None,
        Query(
            ge=FEWEST_SAMPLED,
            le=MOST_SAMPLED,
            description="Customers of a made-up shop to learn from. Default: the log of the run now"
            " served.",
        ),
    ] = None,
    publish: Annotated[bool | None, Query(description=PUBLISH)] = None,
) -> Response:
    """Answers at once with a job; the header Location says where to look how far it is. Once it is
    done, POST /api/predict?model_type= answers with the model, and its result has the figures.
    """
    source = {"log": CHAMPION} if n_samples is None else {"sample": n_samples}
    return await _submitted(request, model_type, {"source": source, "publish": publish})


async def _submitted(
    request: Request, model_type: str | None, params: dict[str, object]
) -> Response:
    name = CHAMPION if model_type is None else model_name(model_type)
    asked = {**params, "model_type": None if name == CHAMPION else name}
    return working.accepted(
        await write(
            request, working.train, services(request), asked, actor(request), request_id(request)
        )
    )
