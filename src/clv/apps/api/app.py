"""The application: routes, problems, the edge around them, and what they share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from clv.apps.api.document import openapi, pages
from clv.apps.api.edge import auth, problems
from clv.apps.api.edge.declare import Declared
from clv.apps.api.edge.dispatch import Dispatch, flattened
from clv.apps.api.edge.middleware import Edge
from clv.apps.api.routes import ROUTERS
from clv.apps.api.services import logs
from clv.apps.api.services.wiring import Services

if TYPE_CHECKING:
    from fastapi.routing import APIRoute
    from starlette.types import Receive, Scope, Send

    from clv.apps.settings import Settings
    from clv.core.types import Json

#: For what is quick. Orders, writes and health have threads of their own; all together are as
#: many as the store has connections for.
_THREADS = 12
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SENT = ("Authorization", "X-API-Key", "Content-Type", "X-Request-ID", "Idempotency-Key")
_SHOWN = ("X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy")


def create_app(
    settings: Settings,
    services: Services | None = None,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """
    Parameters
    ----------
    services : opened already, and closed by whoever opened them; None opens them as the
        application starts
    routers : besides those of the service

    Raises
    ------
    TypeError : a route does not say what it needs
    """
    routes = flattened([pages.router, *ROUTERS, *routers])
    app = _Service(routes, settings.open_door)
    app.state.settings = settings
    app.state.services = services
    app.router.lifespan_context = _lifespan(settings)
    problems.install(app)

    async def admit(scope: Scope, said: Declared) -> None:
        await auth.admit(scope, said, app.state.services)

    app.router.routes.append(
        Dispatch(routes, admit, int(settings.body_limit), int(settings.upload_limit))
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=_METHODS,
            allow_headers=_SENT,
            expose_headers=_SHOWN,
        )
    app.add_middleware(Edge, settings=settings)
    if settings.trusted_proxies:
        # What a proxy says of its client is believed only of those named.
        app.add_middleware(
            ProxyHeadersMiddleware,
            trusted_hosts=settings.trusted_proxies,
        )
    return app


def from_environment() -> FastAPI:
    """For each process of several, and for other servers of ASGI."""
    from clv.apps.settings import settings

    logs.capture(settings())
    return create_app(settings())


class _Service(FastAPI):
    """Documents all routes, though its router sees them as one."""

    def __init__(self, routes: Sequence[APIRoute], open_door: bool) -> None:
        super().__init__(
            title="clv",
            version=version("clv"),
            openapi_url=None,
            redirect_slashes=False,
        )
        self.all_routes = tuple(routes)
        self._open_door = open_door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # FastAPI would look into the environment with each request whether to trace it, a
            # tenth of what an answer costs. The service has figures and a log of its own.
            await Starlette.__call__(self, scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def openapi(self) -> Json:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.document(self.all_routes, self._open_door)
        return self.openapi_schema

    @cached_property
    def document(self) -> bytes:
        """The OpenAPI document as JSON."""
        return json.dumps(self.openapi(), ensure_ascii=False, separators=(",", ":")).encode()


def _lifespan(
    settings: Settings,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        # Those of asyncio's own are too few where each waits for PostgreSQL or a lock.
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="clv")
        asyncio.get_running_loop().set_default_executor(threads)
        given: Services | None = app.state.services
        services = given or Services.open(settings)
        app.state.services = services
        try:
            yield
        finally:
            if given is None:
                await services.close()
            else:
                await services.behind.close()

    return running
