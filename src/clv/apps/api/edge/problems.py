"""Errors as problem details of RFC 9457: one shape, a stable code, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from clv.apps.api.edge.faults import MOST_FAULTS, Fault, faults_of
from clv.core.errors import BusyError, ClvError
from clv.core.types import Json

if TYPE_CHECKING:
    from clv.apps.api.services.wiring import Services

MEDIA_TYPE = "application/problem+json"
#: Seconds after which to ask again when a part of the service is gone.
RETRY_SECONDS = 5

_TITLES = {
    "validation": "The request has fields that cannot be used",
    "json": "The body is not JSON",
    "unauthorized": "A valid key is needed",
    "forbidden": "The key does not allow this",
    "rate-limit": "Too many requests",
    "body-too-large": "The body is too large",
    "media-type": "The body is of another kind than asked for",
    "host": "The service is not known by this name",
    "origin": "Pages of another origin may not ask",
    "internal": "The service failed",
}
_ADVICE = {
    404: "There is nothing at this path. /api/docs lists what there is.",
    405: "This path takes other methods: see the header Allow.",
}


class FieldProblem(BaseModel):
    """One field that cannot be used."""

    field: str = Field(
        description="JSON pointer into the body, as /customers/0/amount; the name of another part."
    )
    message: str = Field(description="What is wrong with it, and what to do.")
    part: str = Field(description="body, query, path or header.")


class Problem(BaseModel):
    """Why a request was not answered: RFC 9457."""

    type: str = Field(description="urn:clv:problem: and the code.")
    title: str = Field(description="The kind of problem.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What is wrong with this request, and what to do.")
    code: str = Field(description="Stable name of the kind of problem.")
    errors: list[FieldProblem] = Field(default=[], description="Fields that cannot be used.")
    request_id: str | None = Field(default=None, description="Name it when asking for help.")


class ProblemError(HTTPException):
    """A request the edge turns away.

    Parameters
    ----------
    faults : fields that cannot be used
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.faults = faults


def install(app: FastAPI) -> None:
    """Let every error of a route become a problem, in this one place."""
    app.add_exception_handler(ClvError, _of_clv)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)


def response(
    scope: Scope,
    status: int,
    code: str,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem as a response; its code is noted in the scope, for log and figures."""
    scope["clv.code"] = code
    content: Json = {
        "type": f"urn:clv:problem:{code}",
        "title": _TITLES.get(code) or _phrase(status),
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [fault.to_json() for fault in faults[:MOST_FAULTS]],
        "request_id": scope.get("clv.request_id"),
    }
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )
    return Response(body, status, headers, MEDIA_TYPE)


def of(scope: Scope, error: HTTPException) -> Response:
    """The response to an HTTP error."""
    if isinstance(error, ProblemError):
        return response(
            scope, error.status_code, error.code, error.detail, error.faults, error.headers
        )
    status = error.status_code
    if status < 200 or status in (204, 304):
        return Response(status_code=status, headers=error.headers)
    code = _phrase(status).lower().replace(" ", "-")
    detail = _ADVICE.get(status) or str(error.detail)
    return response(scope, status, code, detail, headers=error.headers)


def unexpected(scope: Scope) -> Response:
    """What the client hears of an error nobody meant; the log has the rest."""
    number = scope.get("clv.request_id")
    detail = f"This is a fault of the service, and logged as {number}. Asking again may help."
    return response(scope, 500, "internal", detail)


def invalid(faults: Sequence[Fault]) -> ProblemError:
    """Fields that cannot be used."""
    first, count = faults[0], len(faults)
    detail = f"{first.field or first.part} {first.message}"
    if count > 1:
        detail = f"{count} fields cannot be used; the first: {detail}"
    return ProblemError(422, "validation", detail, faults=faults)


async def _of_clv(request: Request, error: Exception) -> Response:
    assert isinstance(error, ClvError)
    scope, detail = request.scope, error.message
    services: Services | None = getattr(request.app.state, "services", None)
    headers = {"retry-after": str(RETRY_SECONDS)} if error.status == 503 else None
    told = error.status == 501 or isinstance(error, BusyError)
    if services is not None and error.status >= 500 and not told:
        # Where the store is and what is wrong with the machine is for its owner to read.
        number = scope.get("clv.request_id")
        services.log.error("error", request_id=number, code=error.code, message=detail)
        detail = f"{error.code}: the service cannot do this now; its log says why, under {number}."
        if error.status == 503:
            detail += f" Ask again in {RETRY_SECONDS} s."
    elif services is not None and services.settings.home.is_absolute():
        detail = detail.replace(str(services.settings.home), "CLV_HOME")
    field = getattr(error, "field", None)
    faults = [Fault("body", f"/{field}", getattr(error, "found", detail))] if field else []
    return response(scope, error.status, error.code, detail, faults, headers)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return of(request.scope, invalid(faults_of(error.errors())))


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return of(request.scope, error)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Request not answered"


def schema() -> dict[str, Any]:
    """Definitions for the OpenAPI document, by name."""
    made = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**made.pop("$defs"), "Problem": made}
