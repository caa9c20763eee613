"""A lane does a few things at once, lets some wait, and turns others away at once."""

import asyncio
import threading

import pytest

from clv.apps.api.services.lanes import Lane
from clv.core.errors import BusyError


@pytest.fixture
def lane():
    made = Lane("orders", at_once=2, most=5)
    yield made
    made.close()


def test_a_few_at_once_and_a_line_that_ends(lane):
    free, inside = threading.Event(), []

    def work(n):
        inside.append(n)
        free.wait(20)
        return n

    async def all_of_them():
        first = [asyncio.create_task(lane.call(work, n)) for n in range(5)]
        await asyncio.sleep(0.05)
        assert len(inside) == 2
        with pytest.raises(BusyError, match="orders: 5 requests"):
            await lane.call(work, 5)
        # What completes something that is done already may wait.
        last = asyncio.create_task(lane.surely(work, 6))
        await asyncio.sleep(0.05)
        free.set()
        assert await asyncio.gather(*first, last) == [0, 1, 2, 3, 4, 6]
        assert await lane.call(work, 7) == 7

    asyncio.run(all_of_them())


def test_who_stops_waiting_leaves_the_thread_at_work(lane):
    free = threading.Event()

    async def given_up():
        tasks = [asyncio.create_task(lane.call(free.wait, 20)) for _ in range(5)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0.05)
        # Three had not begun and never will; two threads are still at it.
        more = [asyncio.create_task(lane.call(free.wait, 20)) for _ in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await lane.call(free.wait, 20)
        free.set()
        assert await asyncio.gather(*more) == [True] * 3

    asyncio.run(given_up())


def test_an_error_is_the_caller_s_and_frees_the_place(lane):
    async def failing():
        for _ in range(9):
            with pytest.raises(ZeroDivisionError):
                await lane.call(lambda: 1 / 0)

    asyncio.run(failing())
