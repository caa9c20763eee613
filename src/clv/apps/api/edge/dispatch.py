"""Finds the route of a request by the start of its path, and asks at its door.

FastAPI tries its routes one after the other, which with a hundred of them costs more than many
answers do. Here a path leads to the few routes that begin alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clv.apps.api.edge.declare import Declared, declared
from clv.apps.api.edge.direct import shortened
from clv.apps.api.edge.problems import ProblemError
from clv.apps.api.edge.queries import require_known, taken

Admit = Callable[[Scope, Declared], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Known:
    """
    Attributes
    ----------
    asked : names it takes from the query; None of a page, which may be linked to with any
    """

    route: APIRoute
    said: Declared
    methods: frozenset[str]
    app: ASGIApp
    asked: frozenset[str] | None

    @classmethod
    def of(cls, route: APIRoute) -> _Known:
        methods = frozenset(route.methods or ())
        more = {"HEAD"} if "GET" in methods else set()
        asked = taken(route.dependant) if route.include_in_schema else None
        return cls(route, declared(route.endpoint), methods | more, shortened(route), asked)

    def scope(self, found: dict[str, str]) -> Scope:
        convertors = self.route.param_convertors
        return {
            "route": self.route,
            "endpoint": self.route.endpoint,
            "path_params": {name: convertors[name].convert(text) for name, text in found.items()},
            "clv.said": self.said,
            "clv.app": self.app,
            "clv.asked": self.asked,
        }


class Dispatch(BaseRoute):
    """All routes as one.

    Parameters
    ----------
    admit : raises where a request may not come in
    body_limit, upload_limit : bytes

    Raises
    ------
    TypeError : a route does not say what it needs
    """

    def __init__(
        self, routes: Sequence[APIRoute], admit: Admit, body_limit: int, upload_limit: int
    ) -> None:
        self._admit = admit
        self._limits = {False: body_limit, True: upload_limit}
        #: Routes by whole path, and those with parameters by how their path begins.
        self._whole: dict[str, list[_Known]] = defaultdict(list)
        self._begun: dict[str, list[_Known]] = defaultdict(list)
        for route in routes:
            known = _Known.of(route)
            if route.param_convertors:
                self._begun[_beginning(route.path)].append(known)
            else:
                self._whole[route.path].append(known)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        path, method = scope["path"], scope["method"]
        others: list[_Known] = []
        for known in self._whole.get(path, ()):
            if method in known.methods:
                return Match.FULL, known.scope({})
            others.append(known)
        for known in self._alike(path):
            found = known.route.path_regex.match(path)
            if found is None:
                continue
            if method in known.methods:
                return Match.FULL, known.scope(found.groupdict())
            others.append(known)
        if others:
            return Match.FULL, {"route": others[0].route, "clv.others": others}
        return Match.NONE, {}

    def _alike(self, path: str) -> Iterator[_Known]:
        """Routes with parameters that begin as the path does."""
        first = path.find("/", 1)
        if first > 0:
            second = path.find("/", first + 1)
            yield from self._begun.get(path[:second] if second > 0 else path, ())
            yield from self._begun.get(path[:first], ())
        yield from self._begun.get("", ())

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        others = scope.get("clv.others")
        if others is not None:
            methods = {method for known in others for method in known.methods}
            raise HTTPException(405, headers={"allow": ", ".join(sorted(methods))})
        said: Declared = scope["clv.said"]
        await self._admit(scope, said)
        if scope["query_string"] and scope["clv.asked"] is not None:
            require_known(scope["query_string"], scope["clv.asked"])
        await scope["clv.app"](scope, self._within(scope, receive, said), send)

    def _within(self, scope: Scope, receive: Receive, said: Declared) -> Receive:
        """What the route receives, up to the limit."""
        headers = scope["clv.headers"]
        limit = self._limits[said.upload]
        length = headers.get(b"content-length")
        if length is not None:
            if not length.isdigit():
                raise HTTPException(400, "Content-Length is no number.")
            if int(length) > limit:
                raise _too_large(limit)
            # The server gives no more than was announced.
            return receive
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _too_large(limit)
            return message

        return counted


def _beginning(path: str) -> str:
    """What a route's path begins with: up to two parts, none of them a parameter."""
    fixed = path.partition("/{")[0].split("/")[1:3]
    return "".join("/" + part for part in fixed)


def _too_large(limit: int) -> ProblemError:
    told = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit} bytes"
    return ProblemError(
        413,
        "body-too-large",
        f"The body is larger than {told}. Send less at once, or raise the limit of the service.",
        # The rest of the body is not waited for.
        headers={"connection": "close"},
    )


def flattened(routers: Sequence[Any]) -> list[APIRoute]:
    """The routes of routers, which say their whole path themselves.

    Raises
    ------
    TypeError : something else than a plain route stands in one, or its body would be read as
        FastAPI reads it, which lets through what no store keeps
    """
    found: list[APIRoute] = []
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                raise TypeError(f"{route!r} is no plain route")
            if route.body_field is not None:
                raise TypeError(f"{route.path} reads its body loosely: use bodies.read")
            found.append(route)
    return found
