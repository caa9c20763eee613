"""Every route asked as its own OpenAPI document allows, and as it does not: never a failure of the
service, always an answer the document describes.

What is left out, and why:
- positive_data_acceptance: a body can be all its schema says and still tell of a customer who
  ordered less often than never; such rules between fields are told by 422, and no schema has them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as told_to_hypothesis
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig

from clv.apps.api.app import create_app
from clv.apps.api.services.limits import Limiter
from clv.apps.api.services.wiring import Services
from clv.apps.settings import Settings
from clv.ops import keys
from clv.ops.promotion import promote
from clv.ops.runs import Run

LEFT_OUT = ["positive_data_acceptance"]
#: Drawn examples a route, besides those at the edges of each parameter.
FEW, MANY = 8, 300
#: Forecasts from orders, as of another day in each example, for which statements are written anew:
#: asked by the slow test, and by those of these requests.
FROM_ORDERS = ("/api/predict/transactions", "/", "/invocations")


class Door:
    """Where cases are sent: the tests are made before the service is there."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


DOOR = Door()
TOLD = create_app(Settings(require_keys=True)).openapi()


def document(examples: int) -> Any:
    """The document as property tests, so many drawn examples a route."""
    project = ProjectConfig(generation=GenerationConfig(max_examples=examples))
    project.checks.update(excluded_check_names=LEFT_OUT)
    config = schemathesis.Config(projects=ProjectsConfig(default=project))
    made = schemathesis.openapi.from_dict(TOLD, config=config)
    made.app = DOOR
    return made


@pytest.fixture(scope="module")
def asked(one_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """How a case is sent: with a key, to a service that asks for one. No worker takes its jobs."""
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        require_keys=True,
        rate_limit="none",
        log_level="error",
        threads=1,
    )
    services = Services.open(settings)
    # Many keys that nobody knows come from one address here.
    services.guesses = Limiter(None)
    promote(services.store, settings.machine(), Run(one_run))
    _, secret = keys.make(services.store, "test", [keys.ADMIN])
    DOOR.app = create_app(settings, services)
    yield {"headers": {"Authorization": f"Bearer {secret}"}, "base_url": "http://localhost"}
    asyncio.run(services.close())


def quick() -> Any:
    found = document(FEW)
    for path in FROM_ORDERS:
        found = found.exclude(path=path, method="POST")
    return found


@quick().parametrize()
def test_a_route_answers_as_its_schema_says(case, asked):
    case.call_and_validate(**asked)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@document(MANY).parametrize()
def test_a_route_answers_so_however_often_it_is_asked(case, asked):
    case.call_and_validate(**asked)


@pytest.mark.slow
def test_answers_lead_to_requests_that_are_answered(asked):
    """Ids that one route answers with are sent to the others, in any order."""

    class Walk(document(FEW).as_state_machine()):
        def get_call_kwargs(self, _case):
            return asked

    Walk.run(
        settings=told_to_hypothesis(
            max_examples=60,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
    )
