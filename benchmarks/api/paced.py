"""Requests at a fixed rate, whatever the answers take.

A client that waits for an answer before it asks again asks less while the server is slow, and so
leaves out the very waits that matter (coordinated omission). Here the moment of each request is
set beforehand, and its wait counts from that moment, also where no connection was free by then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

#: Connections that share the requests; each carries one at a time.
CONNECTIONS = 32


def waits(host: str, port: int, requests: Sequence[bytes], rate: float) -> list[float]:
    """Seconds from the moment each request was due until its answer was there.

    Parameters
    ----------
    requests : as they go over the wire
    rate : of them a second

    Raises
    ------
    RuntimeError : one was not answered with 200
    """
    return asyncio.run(_waits(host, port, requests, rate))


def post(path: str, body: str) -> bytes:
    """A request as it goes over the wire."""
    content = body.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def _waits(host: str, port: int, requests: Sequence[bytes], rate: float) -> list[float]:
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    found: list[float] = []

    async def carry() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            while (one := await due.get()) is not None:
                at, request = one
                writer.write(request)
                await _answer(reader)
                found.append(time.perf_counter() - at)
        finally:
            writer.close()

    async def pace() -> None:
        began = time.perf_counter()
        for place, request in enumerate(requests):
            at = began + place / rate
            if (left := at - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            due.put_nowait((at, request))
        for _ in range(CONNECTIONS):
            due.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(carry())
        group.create_task(pace())
    return found


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    if status.split(" ")[1] != "200":
        raise RuntimeError(f"answered with {status}")
    named = dict(line.lower().split(": ", 1) for line in lines if line)
    await reader.readexactly(int(named["content-length"]))
