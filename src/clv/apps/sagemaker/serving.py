"""The container's server: GET /ping and POST /invocations. `python -m clv.apps.sagemaker serve`."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clv.apps.api.edge import problems
from clv.apps.api.edge.problems import ProblemError
from clv.apps.sagemaker.inference import input_fn, model_fn, output_fn, predict_fn
from clv.apps.sagemaker.layout import Layout
from clv.apps.settings import settings
from clv.core.errors import ClvError, SettingError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from clv.ops.champion import Champion

#: As much as SageMaker passes on.
LARGEST_BODY = 6 * 1024 * 1024
PORT = 8080


def create_app(model: Champion) -> Starlette:
    """The application that answers by a model; it closes the model as it ends."""

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        yield
        model.close()

    # FastAPI for its handling of errors alone: SageMaker asks these two paths and no others.
    app = FastAPI(lifespan=running, openapi_url=None)
    app.state.model = model
    problems.install(app)
    app.add_exception_handler(Exception, _unexpected)
    app.router.routes += [
        Route("/ping", _ping, methods=["GET"]),
        Route("/invocations", _invocations, methods=["POST"]),
    ]
    return app


async def _ping(_: Request) -> Response:
    # Nothing answers before the model is there.
    return Response(b"\n")


async def _invocations(request: Request) -> Response:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            said = f"The body is larger than {LARGEST_BODY:,} bytes. Send fewer customers at once."
            raise ProblemError(413, "body-too-large", said)
    kind = request.headers.get("content-type", "application/json")
    accept = request.headers.get("accept", "")

    def answer() -> tuple[bytes, str]:
        return output_fn(predict_fn(input_fn(bytes(body), kind), request.app.state.model), accept)

    content, media_type = await asyncio.to_thread(answer)
    return Response(content, media_type=media_type)


async def _unexpected(request: Request, error: Exception) -> Response:
    # Starlette raises it again for the server, whose log SageMaker keeps.
    number = request.scope["clv.request_id"] = secrets.token_hex(8)
    sys.stderr.write(f"clv: error {number}: {type(error).__name__}\n")
    return problems.unexpected(request.scope)


def main() -> None:
    """Serve until SageMaker stops the container."""
    import uvicorn

    try:
        here, port = settings(), _port()
        model = model_fn(str(Layout.here().model))
        give_up_root(here.sagemaker_user)
    except ClvError as error:
        sys.stderr.write(f"clv: {error}\n")
        sys.exit(error.exit_code)
    app, host = create_app(model), here.sagemaker_host
    uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning")


def give_up_root(user: str | None) -> None:
    """Go on as another user, where this process is root's.

    SageMaker starts containers as root, as its folders are root's; what reads bodies that others
    send needs no such rights.

    Raises
    ------
    SettingError : there is no such user
    """
    if user is None or os.geteuid() != 0:
        return
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise SettingError(
            f"CLV_SAGEMAKER_USER: there is no user {user!r} here. Name one of this machine's."
        ) from None
    try:
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except PermissionError as error:
        # A root that may not become another is none to be afraid of.
        sys.stderr.write(f"clv: goes on as root ({error})\n")
        return
    os.environ["HOME"] = entry.pw_dir


def _port() -> int:
    told = os.environ.get("SAGEMAKER_BIND_TO_PORT") or str(PORT)
    if not told.isdecimal() or not 0 < int(told) < 65_536:
        raise SettingError(
            f"SAGEMAKER_BIND_TO_PORT: {told!r} is no port. Give a number from 1 to 65535."
        )
    return int(told)
