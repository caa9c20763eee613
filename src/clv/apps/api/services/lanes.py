"""Slow work in threads of its own, so that who asks for something quick finds a thread free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from clv.core.errors import BusyError

P = ParamSpec("P")
Answer = TypeVar("Answer")


class Lane:
    """
    Parameters
    ----------
    name : of what it does, in words
    at_once : calls under way at the same time
    most : calls under way and waiting; who comes then is turned away at once
    """

    def __init__(self, name: str, at_once: int, most: int) -> None:
        self._name, self._most = name, most
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=f"clv-{name}")
        self._turn = Lock()
        self._inside = 0

    async def call(self, use: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
        """
        Raises
        ------
        BusyError : too many wait already
        """
        inside = self._inside
        if inside >= self._most:
            raise BusyError(
                f"{self._name}: {inside} requests of this kind are under way or wait, as many as"
                " may. Nothing was done; ask again later."
            )
        return await self.surely(use, *args, **kwargs)

    async def surely(self, use: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
        """However many wait: for what completes something that is done already."""
        under_way = self._threads.submit(use, *args, **kwargs)
        with self._turn:
            self._inside += 1
        # Not when who asked stops waiting: the thread goes on.
        under_way.add_done_callback(self._left)
        return await asyncio.wrap_future(under_way)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _left(self, _done: Future[Any]) -> None:
        with self._turn:
            self._inside -= 1
