"""Small writes that nobody waits for: who was refused, which day a key was used.

They are written in the background, many in one transaction, so that a flood of refused requests
costs the store one write, and a long publish holds up no answer. What a request is for is never
written here: that is answered only once it is in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from clv.core.errors import ClvError

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from structlog.typing import FilteringBoundLogger

    from clv.ops.store.database import Store

Write = Callable[["Connection"], None]

#: Most writes waiting; beyond it they are counted and left out.
_MOST_WAITING = 1000


class Behind:
    def __init__(self, store: Store, log: FilteringBoundLogger) -> None:
        self._store = store
        self._log = log
        self._waiting: list[Write] = []
        self._left_out = 0
        self._task: asyncio.Task[None] | None = None

    def put(self, write: Write) -> None:
        """Have it written soon; called from the event loop."""
        if len(self._waiting) >= _MOST_WAITING:
            self._left_out += 1
            return
        self._waiting.append(write)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Write what still waits."""
        if self._task is not None and not self._task.done():
            await self._task
        await self._run()

    async def _run(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._write, some)
            except ClvError as error:
                self._left_out += len(some)
                self._log.error("behind", error=type(error).__name__, code=error.code)
            if self._left_out:
                self._log.warning("behind", left_out=self._left_out)
                self._left_out = 0

    def _write(self, some: list[Write]) -> None:
        with self._store.writing() as conn:
            for write in some:
                write(conn)
