"""The OpenAPI document: FastAPI's, with the problems, keys and bodies that routes declare."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from clv.apps.api.edge import problems
from clv.apps.api.edge.declare import Declared, declared
from clv.core.types import Json

_REF = "#/components/schemas/{model}"
_ABOUT = """\
What every customer of a shop will spend, how sure that is, and what to do about it.

Amounts are in the currency of the log the champion learned from; days are written as YYYY-MM-DD.
Every forecast carries its interval, the day it was made as of, its horizon and its model. Errors
are problem details of RFC 9457: `code` is stable, `errors` names each field that cannot be used,
and `request_id`, which is also the header `X-Request-ID` of every answer, finds the request in the
logs.

Off this machine each request needs a key: `Authorization: Bearer KEY`, or `X-API-Key: KEY`.
"""
#: Statuses any route may answer, and those of routes that ask for keys or read a body.
_ANY, _KEYED, _BODIED = (400, 422, 500, 503), (401, 403, 429), (413, 415)
_HEADERS = {
    401: {"WWW-Authenticate": "How to send a key."},
    429: {"Retry-After": "Seconds to wait.", "RateLimit": "What is left of the limit."},
    503: {"Retry-After": "Seconds to wait."},
}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of `clv keys make`."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key."},
}


def document(routes: Sequence[APIRoute], open_door: bool) -> Json:
    """
    Parameters
    ----------
    open_door : requests without a key are answered too
    """
    made: Json = get_openapi(
        title="clv",
        version=version("clv"),
        summary="Customer lifetime value",
        description=_ABOUT,
        license_info={"name": "MIT", "identifier": "MIT"},
        routes=list(routes),
    )
    parts = made.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for left in ("HTTPValidationError", "ValidationError"):
        schemas.pop(left, None)
    said = [(route, declared(route.endpoint)) for route in routes]
    bodies = {one.takes for _, one in said if one.takes is not None}
    schemas.update({**_schemas(sorted(bodies, key=lambda one: one.__name__)), **problems.schema()})
    parts["schemas"] = dict(sorted(schemas.items()))
    parts["securitySchemes"] = _SCHEMES
    for route, one in said:
        for method in route.methods or ():
            operation = made["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                _complete(operation, one, open_door)
    return made


def _complete(operation: Json, said: Declared, open_door: bool) -> None:
    if said.takes is not None:
        schema = {"$ref": _REF.format(model=said.takes.__name__)}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    answers = operation["responses"]
    answers.pop("422", None)
    statuses = {*_ANY, *said.problems}
    statuses |= set(_KEYED) if said.scope is not None else set()
    statuses |= set(_BODIED) if "requestBody" in operation else set()
    for status in sorted(statuses - {int(known) for known in answers if known.isdigit()}):
        answers[str(status)] = _problem(status)
    if said.scope is not None:
        operation["security"] = [{name: [said.scope]} for name in _SCHEMES]
        operation["security"] += [{}] if open_door else []
        operation["description"] = (
            f"{operation.get('description', '')}\n\nScope: `{said.scope}`.".strip()
        )


def _problem(status: int) -> Json:
    schema = {"$ref": _REF.format(model="Problem")}
    told: Json = {
        "description": HTTPStatus(status).phrase,
        "content": {problems.MEDIA_TYPE: {"schema": schema}},
    }
    if status in _HEADERS:
        told["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in _HEADERS[status].items()
        }
    return told


def _schemas(models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    if not models:
        return {}
    _, found = models_json_schema([(one, "validation") for one in models], ref_template=_REF)
    made: dict[str, Any] = found["$defs"]
    return made
