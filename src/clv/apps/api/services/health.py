"""How each part of the service does. Probes ask often: what was found is told for a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field
from sqlalchemy import select

from clv.core.errors import ClvError
from clv.ops.store.tables import pointer, run

if TYPE_CHECKING:
    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json
    from clv.ops.store.database import Store

Status = Literal["ok", "degraded", "down"]

_TOLD_SECONDS = 1.0
#: A part that says nothing for so long is down.
_PATIENCE = 2.0


class Component(BaseModel):
    status: Status
    detail: str | None = Field(default=None, description="What is the matter with it.")


class Health(BaseModel):
    status: Status = Field(
        description="ok; degraded: all is answered, slower or less; down: nothing can be."
    )
    components: dict[str, Component]


class Watch:
    """Looks at every part, once for all who ask at the same time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turn = asyncio.Lock()
        self._until = 0.0
        self._found: Health | None = None

    async def look(self) -> Health:
        async with self._turn:
            if self._found is None or time.monotonic() >= self._until:
                self._found = await self._look()
                self._until = time.monotonic() + _TOLD_SECONDS
            return self._found

    async def _look(self) -> Health:
        checks = {
            "store": self._store,
            "cache": self._cache,
            "queue": self._queue,
            "champion": self._champion,
        }
        checks |= self._services.checks
        found = await asyncio.gather(*(_checked(check) for check in checks.values()))
        components = dict(zip(checks, found, strict=True))
        if components["store"].status == "down":
            status: Status = "down"
        elif any(one.status != "ok" for one in found):
            status = "degraded"
        else:
            status = "ok"
        return Health(status=status, components=components)

    def _store(self) -> Json:
        self._services.store.ping()
        return {"status": "ok"}

    def _cache(self) -> Json:
        if self._services.cache.state == "degraded" or self._services.limiter.degraded:
            return {
                "status": "degraded",
                "detail": "Redis is gone: each process keeps and counts on its own.",
            }
        return {"status": "ok"}

    def _queue(self) -> Json:
        queue = self._services.queue
        if queue is not None and not queue.reachable():
            return {
                "status": "degraded",
                "detail": "Jobs are kept, and wait until a worker looks for them by itself.",
            }
        return {"status": "ok"}

    def _champion(self) -> Json:
        if published(self._services.store) is None:
            return {
                "status": "degraded",
                "detail": "Nothing is published yet. Publish a run with `clv publish RUN`.",
            }
        return {"status": "ok"}


def published(store: Store) -> Json | None:
    """What is known of the run readers see; None before the first is published."""
    wanted = (
        select(run.c.run_id, run.c.model, run.c.as_of, run.c.horizon_days, run.c.customers)
        .add_columns(run.c.created_at, run.c.published_at, pointer.c.revision)
        .join(pointer, pointer.c.run_no == run.c.run_no)
        .where(pointer.c.name == "champion")
    )
    with store.reading() as conn:
        row = conn.execute(wanted).one_or_none()
    return None if row is None else dict(row._mapping)


async def _checked(check: Callable[[], Json]) -> Component:
    try:
        told = await asyncio.wait_for(asyncio.to_thread(check), _PATIENCE)
    except ClvError as error:
        return Component(status="down", detail=f"It cannot be reached ({error.code}).")
    except TimeoutError:
        return Component(status="down", detail=f"It said nothing for {_PATIENCE:g} s.")
    return Component.model_validate(told)
