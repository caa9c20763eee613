"""A service with routes that do little, to test what is around them."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from clv.apps.api.app import create_app
from clv.apps.api.edge.auth import actor
from clv.apps.api.edge.bodies import read
from clv.apps.api.edge.declare import needs
from clv.apps.api.schemas.base import Asked
from clv.apps.api.services.wiring import Services
from clv.apps.settings import Settings
from clv.core.errors import RunError, StoreError
from clv.ops import audit, keys

with warnings.catch_warnings():
    # It would rather have a package that is not released yet.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

HERE = ("127.0.0.1", 50_000)
SECRET = "customer-4711"
PROBLEM = "application/problem+json"

router = APIRouter(prefix="/t")


class Order(Asked):
    amount: float


class Told(Asked):
    customer_id: str = Field(max_length=40)
    total_spent: float = 0
    orders: list[Order] = Field(default_factory=list)


@router.get("/open")
@needs(None)
async def open_() -> dict[str, str]:
    return {}


@router.get("/read/{customer_id}")
@needs("read")
async def of_customer(request: Request, customer_id: str) -> dict[str, str]:
    return {"actor": actor(request).name, "customer_id": customer_id}


@router.get("/pages")
@needs("read")
async def pages(limit: int = 10) -> dict[str, int]:
    return {"limit": limit}


@router.post("/predict")
@needs("predict", takes=Told)
async def predict(request: Request) -> Response:
    told = await read(request, Told)
    return Response(told.model_dump_json(), media_type="application/json")


@router.post("/train")
@needs("train", action="model.train")
async def train() -> dict[str, str]:
    return {}


@router.post("/admin")
@needs("admin", action="cache.clear")
async def clear() -> dict[str, str]:
    return {}


@router.post("/upload")
@needs("train", upload=True)
async def upload(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@router.get("/broken")
@needs("read")
async def broken() -> None:
    raise KeyError(SECRET)


@router.get("/half")
@needs("read")
async def half() -> Response:
    async def pieces():
        yield b"some"
        raise KeyError(SECRET)

    return StreamingResponse(pieces())


@router.get("/absent")
@needs("read", problems=(404,))
async def absent(request: Request) -> None:
    home = request.app.state.settings.home
    raise RunError(f"run: there is none in {home}/runs.")


@router.get("/gone")
@needs("read")
async def gone() -> None:
    raise StoreError("store: the database at db.internal/clv did not do it (timeout).")


@dataclass
class Edge:
    client: TestClient
    services: Services

    def key(self, *scopes: str) -> dict[str, str]:
        """Headers of somebody who has these scopes."""
        return {"authorization": f"Bearer {keys.make(self.services.store, 'a', scopes)[1]}"}

    def audited(self) -> list[audit.Entry]:
        """What stands in the audit about requests."""
        with self.services.store.reading() as conn:
            return [one for one in audit.entries(conn) if not one.action.startswith("key.")]

    def __getattr__(self, method: str) -> Any:
        return getattr(self.client, method)


@contextmanager
def edge(home: Path, *, base_url: str = "http://localhost", **settings: Any) -> Iterator[Edge]:
    told = Settings(**{"home": home, "log_level": "error", **settings})
    services = Services.open(told)
    app = create_app(told, services, [router])
    try:
        with TestClient(app, base_url, client=HERE, raise_server_exceptions=False) as client:
            yield Edge(client, services)
    finally:
        asyncio.run(services.close())


def lines(err: str) -> list[dict[str, Any]]:
    """Lines of log."""
    return [json.loads(line) for line in err.splitlines() if line.startswith("{")]


def problem(answer, status, code):
    """The answer is a problem, whole and of one shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert told["type"] == f"urn:clv:problem:{code}"
    assert (told["status"], told["code"]) == (status, code)
    assert told["title"]
    assert told["detail"]
    assert told["request_id"] == answer.headers["x-request-id"]
    return told
