"""The whole service in this process: a published run of a small made-up shop, and who asks it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from httpx import Response

from clv.apps.api.app import create_app
from clv.apps.api.edge.problems import Problem
from clv.apps.api.services.wiring import Services
from clv.apps.settings import Settings
from clv.ops import keys
from clv.ops.generating import generate
from clv.ops.jobconfig import JobConfig
from clv.ops.machine import Machine
from clv.ops.progress import Silent
from clv.ops.running import run_job
from clv.ops.runs import Run
from clv.ops.shopconfig import GenerateConfig
from clv.ops.store.publishing import publish
from tests.services import PostgreSQL, Redis

with warnings.catch_warnings():
    # It would rather have a package that is not released yet.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

CUSTOMERS = 300


@dataclass(frozen=True)
class Made:
    """A shop, a run on its log, and one on its table of customers."""

    shop: Path
    log: Run
    table: Run


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("shop")
    shop = folder / "shop"
    generate(GenerateConfig(customers=CUSTOMERS, transactions=1500, days=730), shop, Silent())
    machine = Machine(folder / "home", threads=1)
    of_log = {"models": ["bgnbd"], "budget": "fast", "horizon": 180}
    of_table = {
        "table": str(shop / "customers_with_target.parquet"),
        "target": "actual_clv",
        "models": ["gradient_boosting"],
        "folds": 2,
    }
    log = str(shop / "transactions.parquet")
    return Made(
        shop,
        run_job(log, JobConfig.checked(of_log), machine, None, Silent()),
        run_job(None, JobConfig.checked(of_table), machine, None, Silent()),
    )


@dataclass
class Api:
    """Who asks, and what is asked. Every answer is held against the OpenAPI document."""

    client: TestClient
    services: Services
    run: Run | None

    def get(self, path: str, **more) -> Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, json=None, **more) -> Response:
        return self.ask("POST", path, json=json, **more)

    def delete(self, path: str, **more) -> Response:
        return self.ask("DELETE", path, **more)

    def ask(self, method: str, path: str, **more) -> Response:
        answer = self.client.request(method, path, **more)
        self._check(method, answer)
        return answer

    def ok(self, path: str, **more):
        """What a GET answers."""
        answer = self.get(path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, answer: Response, status: int, code: str | None = None) -> Problem:
        """The problem that was answered."""
        assert answer.status_code == status, answer.text
        told = Problem.model_validate_json(answer.content)
        assert code is None or told.code == code
        return told

    def key(self, *scopes: str) -> dict[str, str]:
        """Headers with a key that has these scopes."""
        _, secret = keys.make(self.services.store, "test", scopes)
        return {"Authorization": f"Bearer {secret}"}

    def _check(self, method: str, answer: Response) -> None:
        status, kind = answer.status_code, answer.headers.get("content-type")
        assert status < 500, answer.text
        route = route_of(self.client.app, method, answer.request.url.path)
        if status >= 400:
            assert kind == "application/problem+json"
            assert Problem.model_validate_json(answer.content).status == status
        elif kind == "application/json" and route.response_model is not None:
            route.response_model.model_validate_json(answer.content)
        if route is not None and route.include_in_schema:
            operation = self.client.app.openapi()["paths"][route.path_format][method.lower()]
            assert str(status) in operation["responses"], (method, route.path, status)


def route_of(app, method: str, path: str) -> APIRoute | None:
    """The route that answers; whole paths come before those with parameters, as in the service."""
    own = [route for route in app.all_routes if method in route.methods]
    whole = [route for route in own if route.path == path]
    found = [route for route in own if route.path_regex.match(path)]
    return next(iter([*whole, *found]), None)


Opened = Callable[..., Api]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Opens services, each with a home of its own: opened(run, setting=...)."""
    with ExitStack() as stack:

        def open_(run: Run | None, **settings) -> Api:
            home = tmp_path_factory.mktemp("home")
            told = Settings(home=home, threads=1, log_level="error", **settings)
            services = Services.open(told)
            stack.callback(_close, services)
            if run is not None:
                publish(services.store, run)
            client = stack.enter_context(
                TestClient(
                    create_app(told, services),
                    base_url="http://localhost",
                    client=("127.0.0.1", 50_000),
                )
            )
            return Api(client, services, run)

        yield open_


def _close(services: Services) -> None:
    for part in (services.champions, services.queue, services.cache, services.store):
        part.close()


@pytest.fixture(scope="module")
def api(opened: Opened, made: Made) -> Api:
    """On SQLite, with a run on a log; nobody writes to it."""
    return opened(made.log)


@pytest.fixture(scope="module")
def table_api(opened: Opened, made: Made) -> Api:
    """With a run on a table of customers."""
    return opened(made.table)


@pytest.fixture(scope="module")
def empty_api(opened: Opened) -> Api:
    """With nothing published."""
    return opened(None)


@pytest.fixture
def own_api(opened: Opened, made: Made) -> Api:
    """As `api`, for one test that writes."""
    return opened(made.log)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def anywhere(
    request: pytest.FixtureRequest,
    opened: Opened,
    made: Made,
    tmp_path_factory: pytest.TempPathFactory,
) -> Api:
    """On SQLite and memory, and on PostgreSQL and Redis."""
    if request.param == "sqlite":
        return opened(made.log)
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    redis: Redis = request.getfixturevalue("_redis_of_session")
    return opened(made.log, database_url=server.fresh(), redis_url=redis.url)
