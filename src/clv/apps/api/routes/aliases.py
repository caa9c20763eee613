"""Paths of other systems, answered by the same functions. The docs list them from here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.routing import APIRoute


@dataclass(frozen=True, slots=True)
class Alias:
    """
    Attributes
    ----------
    of : path of the route that answers
    asked_by : whose path it is
    """

    method: str
    path: str
    of: str
    asked_by: str


ALIASES = (
    Alias("GET", "/health", "/api/health", "S3, S5"),
    Alias("POST", "/predict", "/api/predict", "S3, S5"),
    Alias("POST", "/predict/clv", "/api/predict", "S2"),
    Alias("POST", "/predict/batch", "/api/predict/batch", "S5"),
    Alias("GET", "/model/info", "/api/model/info", "S5"),
    Alias("GET", "/model/performance", "/api/model/performance", "S5"),
    Alias("POST", "/train/{model_type}", "/api/train/{model_type}", "S5"),
    Alias("GET", "/generate-sample-data", "/api/generate-sample-data", "S5"),
    Alias("POST", "/generate-sample-data", "/api/generate-sample-data", "S5"),
    Alias("GET", "/segments/active", "/api/segments/active", "S2"),
    Alias("POST", "/invocations", "/api/predict/transactions", "S1"),
    Alias("POST", "/", "/api/predict/transactions", "S1"),
)


def router(routers: Sequence[APIRouter]) -> APIRouter:
    """Routes of all aliases, but those that stand among the routers already.

    Parameters
    ----------
    routers : where the routes are that answer
    """
    there = {
        (method, route.path): route
        for each in routers
        for route in each.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    made = APIRouter(tags=["aliases"])
    for alias in ALIASES:
        if (alias.method, alias.path) in there:
            continue
        route = there[alias.method, alias.of]
        made.add_api_route(
            alias.path,
            route.endpoint,
            methods=[alias.method],
            response_model=route.response_model,
            status_code=route.status_code,
            responses=route.responses,
            summary=f"The same as {alias.method} {alias.of}",
            description=route.description,
            operation_id=f"{route.operation_id}_at{_slug(alias.path)}",
            openapi_extra=route.openapi_extra,
        )
    return made


def _slug(path: str) -> str:
    return re.sub(r"\W+", "_", path).rstrip("_") or "_root"
