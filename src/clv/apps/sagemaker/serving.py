"""The container's server: GET /ping and POST /invocations. `python -m clv.apps.sagemaker serve`."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clv.apps.api import problems
from clv.apps.api.problems import ProblemError
from clv.apps.sagemaker.inference import input_fn, model_fn, output_fn, predict_fn
from clv.apps.sagemaker.layout import Layout
from clv.apps.settings import settings
from clv.core.errors import ClvError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: As much as SageMaker passes on.
LARGEST_BODY = 6 * 1024 * 1024
PORT = 8080


def create_app(layout: Layout) -> Starlette:
    """The application; it loads the model as it starts, and answers /ping from then on.

    Raises
    ------
    RunError : as it starts, where no model is
    """

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        app.state.model = await asyncio.to_thread(model_fn, str(layout.model))
        yield
        app.state.model.close()

    # FastAPI for its handling of errors alone: SageMaker asks these two paths and no others.
    app = FastAPI(lifespan=running, openapi_url=None)
    problems.install(app)
    app.router.routes += [
        Route("/ping", _ping, methods=["GET"]),
        Route("/invocations", _invocations, methods=["POST"]),
    ]
    return app


async def _ping(request: Request) -> Response:
    there = getattr(request.app.state, "model", None) is not None
    return Response(b"\n", 200 if there else 503)


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


def main() -> None:
    """Serve until SageMaker stops the container."""
    import uvicorn

    layout = Layout.here()
    try:
        model_fn(str(layout.model)).close()
    except ClvError as error:
        sys.stderr.write(f"clv: {error}\n")
        sys.exit(error.exit_code)
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", PORT))
    host = settings().sagemaker_host
    uvicorn.run(create_app(layout), host=host, port=port, access_log=False, log_level="warning")
