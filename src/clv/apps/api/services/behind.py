"""Small writes that nobody waits for: who was refused, which day a key was used.

They are written in the background, many in one transaction, so that a long publish holds up no
answer. Refusals that are alike are counted, and no flood of them fills the store. What a request
is for is never written here: that is answered only once it is in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from clv.core.errors import ClvError
from clv.ops import audit

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from structlog.typing import FilteringBoundLogger

    from clv.core.types import Json
    from clv.ops.store.database import Store

Write = Callable[["Connection"], None]

#: Most writes waiting; beyond it they are counted and left out.
_MOST_WAITING = 1000
#: For so long after a refusal those alike are counted, and then told as one.
_COUNTED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """What refusals have in common that are counted together.

    Attributes
    ----------
    actor : a key's id, or "nobody"
    code, status : of the problem told
    """

    actor: str
    action: str
    code: str
    status: int


@dataclass(slots=True)
class _More:
    """Refusals after the first of their kind.

    Attributes
    ----------
    last : id of the last request
    """

    timer: asyncio.TimerHandle
    times: int = 0
    last: str | None = None


class Behind:
    def __init__(self, store: Store, log: FilteringBoundLogger) -> None:
        self._store = store
        self._log = log
        self._waiting: list[Write] = []
        self._left_out = 0
        self._task: asyncio.Task[None] | None = None
        self._refused: dict[Refusal, _More] = {}

    def put(self, write: Write) -> None:
        """Have it written soon; called from the event loop."""
        if len(self._waiting) >= _MOST_WAITING:
            self._left_out += 1
            return
        self._waiting.append(write)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def refused(self, refusal: Refusal, request_id: str) -> None:
        """Have the audit tell of a refused write: of the first of its kind soon, of those that
        follow as one entry with their number.
        """
        more = self._refused.get(refusal)
        if more is not None:
            more.times += 1
            more.last = request_id
            return
        timer = asyncio.get_running_loop().call_later(_COUNTED_SECONDS, self._tell, refusal)
        self._refused[refusal] = _More(timer)
        self.put(partial(_written, refusal, request_id, 1))

    def _tell(self, refusal: Refusal) -> None:
        """Of refusals counted so far; the next of their kind is a first one again."""
        more = self._refused.pop(refusal)
        more.timer.cancel()
        if more.times:
            self.put(partial(_written, refusal, more.last, more.times))

    async def close(self) -> None:
        """Write what still waits."""
        for refusal in [*self._refused]:
            self._tell(refusal)
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


def _written(refusal: Refusal, request_id: str | None, times: int, conn: Connection) -> None:
    detail: Json = {"code": refusal.code, "status": refusal.status}
    audit.write(
        conn,
        actor=refusal.actor,
        action=refusal.action,
        outcome=audit.REFUSED,
        request_id=request_id,
        detail=detail if times == 1 else {**detail, "times": times},
    )
