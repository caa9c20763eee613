"""How each part of the service does. Probes ask often: what was found is told for a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from clv.core.errors import ClvError, LostRunError, RunError
from clv.ops.runs import served
from clv.ops.store.publishing import current_of
from clv.ops.work import liveness

if TYPE_CHECKING:
    from clv.apps.api.services.wiring import Services
    from clv.ops.store.database import Store
    from clv.ops.store.publishing import Current

Status = Literal["ok", "degraded", "down"]

_TOLD_SECONDS = 1.0
#: A part that says nothing for so long is down.
_PATIENCE = 2.0
#: A worker that the service itself begins takes a while until it can be seen.
_BEGINNING = 15.0


class Component(BaseModel):
    status: Status
    detail: str | None = Field(default=None, description="What is the matter with it.")


class Health(BaseModel):
    status: Status = Field(
        description="ok; degraded: all is answered, slower or less; down: nothing can be."
    )
    components: dict[str, Component]


class Watch:
    """Looks at every part, once for all who ask at the same time.

    In threads of its own, one for each part: however many requests wait for a thread, and however
    long a part says nothing, the others are looked at.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turn = asyncio.Lock()
        self._until = 0.0
        self._found: Health | None = None
        self._began = time.monotonic()
        self._checks: dict[str, Callable[[], Component]] = {
            "store": self._store,
            "cache": self._cache,
            "queue": self._queue,
            "champion": self._champion,
            "worker": self._worker,
        }
        self._threads = ThreadPoolExecutor(len(self._checks), thread_name_prefix="clv-health")
        #: The last look at each part, which may not have come back yet.
        self._looks: dict[str, Future[Component]] = {}

    async def look(self) -> Health:
        async with self._turn:
            if self._found is None or time.monotonic() >= self._until:
                self._found = await self._look()
                self._until = time.monotonic() + _TOLD_SECONDS
            return self._found

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _look(self) -> Health:
        found = await asyncio.gather(*(self._looked(name) for name in self._checks))
        components = dict(zip(self._checks, found, strict=True))
        if components["store"].status == "down":
            status: Status = "down"
        elif any(one.status != "ok" for one in found):
            status = "degraded"
        else:
            status = "ok"
        return Health(status=status, components=components)

    async def _looked(self, name: str) -> Component:
        look = self._looks.get(name)
        if look is None or look.done():
            look = self._threads.submit(_told, self._checks[name])
            self._looks[name] = look
        told = asyncio.wrap_future(look)
        await asyncio.wait({told}, timeout=_PATIENCE)
        if told.done():
            return told.result()
        return Component(status="down", detail=f"It said nothing for {_PATIENCE:g} s.")

    def _store(self) -> Component:
        self._services.store.ping()
        return Component(status="ok")

    def _cache(self) -> Component:
        if self._services.cache.state == "degraded" or self._services.limiter.degraded:
            return _degraded("Redis is gone: each process keeps and counts on its own.")
        return Component(status="ok")

    def _queue(self) -> Component:
        if not self._services.queue.reachable():
            return _degraded("Jobs are kept, and wait until a worker looks for them by itself.")
        return Component(status="ok")

    def _champion(self) -> Component:
        try:
            champion = self._services.champions.current().champion
            # What is in memory answers on, but not after the next start.
            with served():
                champion.run.require()
        except LostRunError as error:
            self._services.log.warning("health", code=error.code, message=error.message)
            return Component(
                status="down",
                detail=f"The run that is served cannot be read ({error.code}); the log says why."
                " What is in the store is answered on.",
            )
        except RunError:
            return _degraded("Nothing is published yet. Publish a run with `clv publish RUN`.")
        return Component(status="ok")

    def _worker(self) -> Component:
        settings = self._services.settings
        begins = settings.embedded_worker and time.monotonic() - self._began < _BEGINNING
        if begins or liveness.anybody(settings.home):
            return Component(status="ok")
        return _degraded(liveness.NOBODY)


def published(store: Store) -> Current | None:
    """The run readers see; None before the first is published.

    Raises
    ------
    StoreError : the store cannot be asked
    """
    try:
        return current_of(store)
    except RunError:
        return None


def _degraded(detail: str) -> Component:
    return Component(status="degraded", detail=detail)


def _told(check: Callable[[], Component]) -> Component:
    try:
        return check()
    except ClvError as error:
        return Component(status="down", detail=f"It cannot be reached ({error.code}).")
