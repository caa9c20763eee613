"""The edge: what happens to every request, in one pass and no framework.

A request id; the name the service was called by; where a page asks from; headers that keep
browsers safe; errors nobody meant; a line of log; figures. One class, because each layer of its
own would cost more than what it does.
"""

from __future__ import annotations

import os
import re
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clv.apps.api.edge import problems
from clv.apps.api.edge.problems import ProblemError
from clv.apps.api.services import logs
from clv.core.errors import kind_of, where

if TYPE_CHECKING:
    from clv.apps.api.edge.auth import Actor
    from clv.apps.api.edge.declare import Declared
    from clv.apps.api.services.wiring import Services
    from clv.apps.settings import Settings

#: What a page of the service may load and do: nothing. Pages that need more say so themselves.
CSP = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_CSP_NAME = b"content-security-policy"
_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_NO_STORE = (b"cache-control", b"no-store")

#: Names only this machine has: a page of another name that resolves here is not let in.
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
#: Headers of which two would mean two things.
_ONCE = (b"host", b"content-length", b"content-type", b"authorization", b"x-api-key", b"origin")
_MOST_HOSTS = 1000
#: The client went before it had its answer.
_GONE = 499


class Edge:
    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = _Hosts(settings)
        self._origins = frozenset(origin.encode() for origin in settings.cors_origins)
        self._log = logs.logger(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            number = given
        else:
            number = os.urandom(8).hex().encode()
        scope["clv.headers"] = headers
        scope["clv.request_id"] = number.decode()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message, scope, number)
            await send(message)

        try:
            try:
                self._refuse(scope, headers)
                await self._app(scope, receive, answer)
            except ProblemError as error:
                await problems.of(scope, error)(scope, receive, answer)
            except ClientDisconnect:
                status = status or _GONE
            except Exception as error:  # noqa: BLE001 (nothing above would answer)
                self._tell(scope, error)
                if status:
                    # The answer has begun: all that is left is to break it off.
                    raise ConnectionAbortedError("the answer broke off") from None
                await problems.unexpected(scope)(scope, receive, answer)
        finally:
            self._note(scope, status or _GONE, perf_counter() - began)

    def _refuse(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """
        Raises
        ------
        ProblemError : a request no route should see
        """
        if len(headers) != len(scope["headers"]):
            names = [name for name, _ in scope["headers"]]
            if twice := [name.decode() for name in _ONCE if names.count(name) > 1]:
                raise ProblemError(400, "header", f"{twice[0]}: stands twice; send it once.")
        if not self._hosts.known(headers.get(b"host", b"")):
            raise ProblemError(
                400,
                "host",
                "Host: the service is not known by this name. Names it shall answer to go into"
                " CLV_ALLOWED_HOSTS.",
            )
        origin = headers.get(b"origin")
        if (
            origin is not None
            and scope["method"] not in _READS
            and origin not in self._origins
            and origin.partition(b"://")[2] != headers.get(b"host")
        ):
            raise ProblemError(
                403,
                "origin",
                "Origin: pages from there may not write. Origins that may go into"
                " CLV_CORS_ORIGINS.",
            )
        query = scope["query_string"]
        if "\0" in scope["path"] or (b"%" in query and _unreadable(query)):
            raise ProblemError(
                400, "encoding", "The address has bytes that are not UTF-8, or a NUL; remove them."
            )

    def _tell(self, scope: Scope, error: Exception) -> None:
        self._log.error(
            "error",
            request_id=scope["clv.request_id"],
            route=_route(scope),
            error=kind_of(error),
            where=where(error),
        )

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        path = "(none)" if route is None else route.path
        code: str | None = scope.get("clv.code")
        services: Services | None = scope["app"].state.services
        if services is not None:
            services.metrics.answered(path, scope["method"], status, seconds)
            if code is not None:
                services.metrics.refused(code)
        who: Actor | None = scope.get("clv.actor")
        said: Declared | None = scope.get("clv.said")
        quiet = said is not None and said.quiet and status < 400
        (self._log.debug if quiet else self._log.info)(
            "request",
            request_id=scope["clv.request_id"],
            method=scope["method"],
            route=path,
            status=status,
            ms=round(seconds * 1000, 3),
            actor=None if who is None else who.name,
            **({} if code is None else {"code": code}),
        )


class _Hosts:
    """The names the service answers to."""

    def __init__(self, settings: Settings) -> None:
        names = {name.lower() for name in settings.allowed_hosts}
        self._below = tuple(name[1:] for name in names if name.startswith("*."))
        self._names = names | _LOOPBACK_NAMES
        # Off loopback a key is needed anyway, which a page of another site does not have.
        self._any = "*" in names or not (names or settings.on_loopback)
        self._known: dict[bytes, bool] = {}

    def known(self, host: bytes) -> bool:
        if self._any:
            return True
        known = self._known.get(host)
        if known is None:
            known = self._found(host.decode("latin-1").lower())
            if len(self._known) < _MOST_HOSTS:
                self._known[host] = known
        return known

    def _found(self, host: str) -> bool:
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        return name in self._names or name.endswith(self._below)


def _dress(message: Message, scope: Scope, number: bytes) -> None:
    """Add the headers every answer has, unless the answer has them already."""
    headers = message["headers"] = list(message.get("headers", ()))
    has_csp = has_caching = False
    for name, _ in headers:
        has_csp = has_csp or name == _CSP_NAME
        has_caching = has_caching or name == b"cache-control"
    headers.append((b"x-request-id", number))
    headers.extend(_SAFE)
    if not has_csp:
        headers.append((_CSP_NAME, CSP))
    if not has_caching:
        headers.append(_NO_STORE)
    if scope["scheme"] == "https":
        headers.append(_HSTS)


def _unreadable(query: bytes) -> bool:
    plain = unquote_to_bytes(query)
    if b"\0" in plain:
        return True
    try:
        plain.decode()
    except UnicodeDecodeError:
        return True
    return False


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return "(none)" if route is None else str(route.path)
