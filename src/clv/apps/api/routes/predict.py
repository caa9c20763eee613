"""Forecasts for customers told by a profile, or by their orders."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import predicting
from clv.apps.api.answers.encoding import answer
from clv.apps.api.edge import bodies
from clv.apps.api.edge.declare import needs
from clv.apps.api.routes.params import IntervalLevel, ModelType
from clv.apps.api.schemas.batch import BatchBody
from clv.apps.api.schemas.predictions import Prediction, Predictions
from clv.apps.api.schemas.profile import ProfileBody
from clv.apps.api.schemas.transactions import GuestForecasts, TransactionsBody
from clv.apps.api.services.wiring import ask, change, score, services
from clv.ops.store.publishing import CHAMPION

router = APIRouter(tags=["predict"])


@router.post(
    "/api/predict",
    response_model=Prediction,
    operation_id="predict",
    summary="What a customer like this will spend",
)
@needs("predict", takes=ProfileBody, problems=(404, 409))
async def predict(
    request: Request, model_type: ModelType = CHAMPION, level: IntervalLevel = None
) -> Response:
    """Takes a profile: counts, sums and days instead of a log, under the names that several
    systems use. `segment` is the value tier; `not_used` names the fields that did not count.
    """
    body = await bodies.read(request, ProfileBody)
    return answer(await ask(request, predicting.one, services(request), body, model_type, level))


@router.post(
    "/api/predict/batch",
    response_model=Predictions,
    operation_id="predict_batch",
    summary="The same for many customers",
)
@needs("predict", takes=BatchBody, problems=(404, 409))
async def predict_batch(
    request: Request, model_type: ModelType = CHAMPION, level: IntervalLevel = None
) -> Response:
    """Up to 1,000 profiles. Those that cannot be used are told under `problems` by their index,
    and the others are answered.
    """
    body = await bodies.read(request, BatchBody)
    return answer(await change(predicting.many, services(request), body, model_type, level))


@router.post(
    "/api/predict/transactions",
    response_model=GuestForecasts,
    operation_id="predict_transactions",
    summary="What customers will spend, told by their orders",
)
@needs("predict", takes=TransactionsBody, problems=(404, 409))
async def predict_transactions(
    request: Request, model_type: ModelType = CHAMPION, level: IntervalLevel = None
) -> Response:
    """Up to 1,000 customers with all their orders, any snapshot date and any horizon. Nothing of
    it is kept; customers and orders that cannot be used are told under `problems`.
    """
    body = await bodies.read(request, TransactionsBody)
    return answer(
        await score(request, predicting.of_orders, services(request), body, model_type, level)
    )
