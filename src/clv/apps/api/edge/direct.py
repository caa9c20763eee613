"""The short way to a route: FastAPI sorts arguments only where a request gives some.

What FastAPI does around a route takes longer than most answers: it looks for arguments in path,
query, headers and cookies, whether the route has any or not. A route of this service takes its
request, a text or two of the path, and perhaps something of the query that may be left out. Where
a request has no query nothing is left to sort, and the route is called as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_type_hints

from fastapi import params
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from fastapi.routing import APIRoute
    from starlette.types import ASGIApp, Receive, Scope, Send


def shortened(route: APIRoute) -> ASGIApp:
    """The route's application, by the short way where a request allows it.

    Raises no other errors than the route itself; those are made problems outside of both.
    """
    defaults = _defaults(route)
    if defaults is None:
        return route.app
    call: Callable[..., Any] = route.endpoint
    named = route.dependant.request_param_name
    whole = route.app

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            await whole(scope, receive, send)
            return
        given = {**defaults, **scope["path_params"]}
        if named is not None:
            given[named] = Request(scope, receive, send)
        response: Response = await call(**given)
        await response(scope, receive, send)

    return app


def _defaults(route: APIRoute) -> dict[str, Any] | None:
    """Arguments of a request without a query, besides itself and its path; None of a route that
    needs more than that.
    """
    needed = route.dependant
    if (
        needed.dependencies
        or needed.header_params
        or needed.cookie_params
        or needed.body_params
        or not inspect.iscoroutinefunction(route.endpoint)
        or not _is_response(get_type_hints(route.endpoint).get("return"))
    ):
        return None
    arguments = inspect.signature(route.endpoint).parameters
    # A text of the path may be anything; all else has to be looked at.
    if any(
        field.field_info.annotation is not str or field.field_info.metadata
        for field in needed.path_params
    ):
        return None
    defaults = {field.name: arguments[field.name].default for field in needed.query_params}
    if any(
        value is inspect.Parameter.empty or isinstance(value, params.Param)
        for value in defaults.values()
    ):
        return None
    known = {*defaults, *(field.name for field in needed.path_params), needed.request_param_name}
    return defaults if known >= arguments.keys() else None


def _is_response(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Response)
