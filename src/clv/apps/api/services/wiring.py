"""What every route shares: opened when the service starts, closed when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from starlette.requests import Request

from clv.apps.api.services import logs
from clv.apps.api.services.behind import Behind
from clv.apps.api.services.health import Watch
from clv.apps.api.services.lanes import Lane
from clv.apps.api.services.limits import Limiter
from clv.apps.api.services.metrics import CountedCache, Metrics
from clv.ops.champions import Champions, NotLoadedError
from clv.ops.keys import Keyring

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from structlog.typing import FilteringBoundLogger

    from clv.apps.settings import Settings
    from clv.ops.cache import Cache
    from clv.ops.store.database import Store
    from clv.ops.work.queue import Queue

P = ParamSpec("P")
Answer = TypeVar("Answer")

#: Keys nobody knows that an address may send; far more than a person mistypes.
_GUESSES = "30/minute"
#: Calls at once, and with those that wait. Customers are scored one after the other, a few a
#: second, and SQLite has one writer: more threads would only wait.
_SCORING, _APPENDING, _WRITING = (4, 32), (4, 32), (4, 64)
#: Histories are read from the run's log, a hundredth of a second each.
_HISTORIES = (4, 64)


@dataclass
class Services:
    """
    Attributes
    ----------
    limiter : of requests by key
    guesses : of keys nobody knows, by address
    behind : writes nobody waits for
    queue : of jobs
    champions : published runs in memory, each loaded when it is first asked for
    histories, scoring, appending, writing : what reads orders, what forecasts from them, what
        keeps them, and other writes to the store. Who reads never waits behind a writer; forecasts
        from orders are made one after the other, those of orders that are kept among them
    watch : tells how each part does
    open_door : requests without a key are answered
    """

    settings: Settings
    store: Store
    cache: Cache
    limiter: Limiter
    guesses: Limiter
    metrics: Metrics
    keyring: Keyring
    behind: Behind
    log: FilteringBoundLogger
    queue: Queue
    champions: Champions
    histories: Lane = field(default_factory=lambda: Lane("histories", *_HISTORIES))
    scoring: Lane = field(default_factory=lambda: Lane("forecasts from orders", *_SCORING))
    appending: Lane = field(default_factory=lambda: Lane("orders", *_APPENDING))
    writing: Lane = field(default_factory=lambda: Lane("writes", *_WRITING))
    watch: Watch = field(init=False)
    open_door: bool = field(init=False)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.watch = Watch(self)
        # Asked with every request; the settings would look the host up again.
        self.open_door = self.settings.open_door

    @classmethod
    def open(cls, settings: Settings) -> Services:
        """
        Raises
        ------
        StoreError : the store cannot be opened
        SettingError, DependencyError : a setting that cannot be used, or a package is missing
        """
        log = logs.logger(settings)
        metrics = Metrics()
        store = settings.store()
        return cls(
            settings=settings,
            store=store,
            cache=CountedCache(settings.cache(), metrics),
            limiter=Limiter(settings.rate, settings.redis_url),
            guesses=Limiter(_GUESSES, name="address"),
            metrics=metrics,
            keyring=Keyring(store),
            behind=Behind(store, log),
            log=log,
            queue=settings.workplace().queue(),
            champions=Champions(store, settings.machine(), warm=settings.warm),
        )

    async def ask(self, use: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
        """Call what only reads a few rows: here on SQLite, in a thread where the store is over a
        network.

        No writer of SQLite holds up a read, which takes a tenth of a millisecond; the way to a
        thread and back takes 50 microseconds, 25 where many go it at once. PostgreSQL may take
        long to answer, and the loop must not wait for it, nor for a run that has to be loaded.
        """
        if self.store.kind == "sqlite":
            with suppress(NotLoadedError), self.champions.at_hand():
                return use(*args, **kwargs)
        return await asyncio.to_thread(use, *args, **kwargs)

    async def close(self) -> None:
        await self.behind.close()
        for part in (
            self.watch,
            self.histories,
            self.scoring,
            self.appending,
            self.writing,
            self.limiter,
            self.guesses,
            self.cache,
            self.champions,
            self.queue,
            self.store,
        ):
            await asyncio.to_thread(part.close)


def services(request: Request) -> Services:
    found: Services = request.scope["app"].state.services
    return found


def request_id(request: Request) -> str:
    return str(request.scope["clv.request_id"])


async def ask(
    request: Request, use: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs
) -> Answer:
    """Call what only reads a few rows, where that is quickest: see Services.ask."""
    return await services(request).ask(use, *args, **kwargs)


async def read(
    request: Request,
    use: Callable[Concatenate[Connection, P], Answer],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Answer:
    """Call a reader of the store with a connection whose reads see one state."""
    here = services(request)

    def reading() -> Answer:
        with here.store.reading() as conn:
            return use(conn, *args, **kwargs)

    return await here.ask(reading)


async def change(use: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
    """Call what computes or looks for long, or reads and writes files: always in a thread."""
    return await asyncio.to_thread(use, *args, **kwargs)


async def write(
    request: Request, use: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs
) -> Answer:
    """Call what writes to the store: in a thread, few at once.

    On SQLite too: a writer waits for the one before it, which may be the publishing of a million
    forecasts, and meanwhile the others must be answered.

    Raises
    ------
    BusyError : too many wait already
    """
    return await services(request).writing.call(use, *args, **kwargs)


async def append(
    request: Request, use: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs
) -> Answer:
    """Call what keeps orders: in a thread, few at once, as it waits for the writer before it.

    Raises
    ------
    BusyError : too many wait already
    """
    return await services(request).appending.call(use, *args, **kwargs)


async def recall(
    request: Request, use: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs
) -> Answer:
    """Call what reads orders: in a thread, few at once, apart from those who forecast from them.

    Raises
    ------
    BusyError : too many wait already
    """
    return await services(request).histories.call(use, *args, **kwargs)


async def score(
    request: Request, use: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs
) -> Answer:
    """Call what forecasts from orders and keeps nothing: in a thread, few at once.

    Raises
    ------
    BusyError : too many wait already
    """
    return await services(request).scoring.call(use, *args, **kwargs)
