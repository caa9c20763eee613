"""Where everything is."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from clv.apps.api.answers.encoding import answer
from clv.apps.api.edge.declare import needs
from clv.apps.api.schemas.answer import Answer

router = APIRouter(tags=["health"])

_DOCS = "/api/docs"
_LINKS = {
    "docs": _DOCS,
    "reference": "/api/redoc",
    "openapi": "/api/openapi.json",
    "health": "/api/health",
    "status": "/api/status",
    "customers": "/api/customers",
    "predict": "/api/predict",
    "segments": "/api/segments",
    "models": "/api/models",
    "dashboard": "/api/dashboard/summary",
}


class Index(Answer):
    name: str
    version: str
    about: str
    links: dict[str, str] = Field(description="What there is, by path.")


@router.get(
    "/",
    response_model=Index,
    operation_id="index",
    summary="Where everything is",
    responses={307: {"description": "To the documentation, for who reads HTML."}},
)
@needs(None)
async def index(request: Request) -> Response:
    if _reads_html(request.headers.get("accept", "")):
        return RedirectResponse(_DOCS)
    return answer(
        {
            "name": "clv",
            "version": version("clv"),
            "about": "What every customer of a shop will spend, how sure that is, and what to do"
            " about it.",
            "links": _LINKS,
        }
    )


def _reads_html(accept: str) -> bool:
    """Whether who asks would rather have a page than JSON, as browsers say."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        kind, *rest = (word.strip() for word in part.split(";"))
        told = next((word[2:] for word in rest if word.startswith("q=")), "1")
        try:
            weights[kind] = float(told)
        except ValueError:
            weights[kind] = 0.0
    json = max(weights.get(kind, 0.0) for kind in ("application/json", "application/*", "*/*"))
    return weights.get("text/html", 0.0) > json
