"""Models: which there are, which is served, and how well it forecasts."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import modeling
from clv.apps.api.answers.encoding import answer
from clv.apps.api.edge.declare import needs
from clv.apps.api.routes.params import ModelType
from clv.apps.api.schemas.models import (
    ModelInfo,
    ModelMetrics,
    Models,
    Performance,
    Readiness,
)
from clv.apps.api.services.wiring import ask, services
from clv.ops.store.publishing import CHAMPION

router = APIRouter(tags=["models"])


@router.get(
    "/api/models",
    response_model=Models,
    operation_id="list_models",
    summary="Every model by name, and which are served",
)
@needs("read")
async def list_models(request: Request) -> Response:
    return answer(await ask(request, modeling.listed, services(request)))


@router.get(
    "/api/model/info",
    response_model=ModelInfo,
    operation_id="model_info",
    summary="The served model, what it learned from and what it uses",
)
@needs("read", problems=(404, 409))
async def info(request: Request, model_type: ModelType = CHAMPION) -> Response:
    return answer(await ask(request, modeling.info, services(request), model_type))


@router.get(
    "/api/model/performance",
    response_model=Performance,
    operation_id="model_performance",
    summary="How well the served model forecast what it had not seen",
)
@needs("read", problems=(404, 409))
async def performance(request: Request, model_type: ModelType = CHAMPION) -> Response:
    """RMSE, MAE, R2 and more, on rows held out, of the served model and of all it was compared
    with; naive yardsticks are among them.
    """
    return answer(await ask(request, modeling.performance, services(request), model_type))


@router.get(
    "/api/model/readiness",
    response_model=Readiness,
    operation_id="model_readiness",
    summary="What the data can and cannot support",
)
@needs("read", problems=(404, 409))
async def readiness(request: Request, model_type: ModelType = CHAMPION) -> Response:
    return answer(await ask(request, modeling.readiness, services(request), model_type))


@router.get(
    "/api/metrics",
    response_model=ModelMetrics,
    operation_id="model_metrics",
    summary="Leaderboard, backtest and calibration of the served run",
)
@needs("read", problems=(404, 409))
async def metrics(request: Request, model_type: ModelType = CHAMPION) -> Response:
    """Figures of models. Figures of the service for Prometheus are at /metrics."""
    return answer(await ask(request, modeling.metrics, services(request), model_type))
