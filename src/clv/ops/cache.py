"""Answers kept for a while, in memory or in Redis. Values are bytes of JSON, never pickles.

Whoever keeps an answer puts the revision of what it was made from into its key, so that after a
publish nobody asks for the old one again; it goes when its time or the room is over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal, Protocol

from cachetools import TLRUCache

from clv.core.types import Json
from clv.ops.redislink import EVERY, RedisLink

State = Literal["ok", "degraded"]

MIB = 1024 * 1024
#: What one entry takes besides its key and value, about.
_ENTRY_BYTES = 400
_PREFIX = "clv:cache:"
_PER_CALL = 500


class Cache(Protocol):
    """What may forget anything at any time, and never raises."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes, seconds: float) -> None: ...

    def clear(self) -> int:
        """Forget all; how many entries that were."""

    def stats(self) -> Json:
        """backend, state, hits, misses, entries, bytes (None where unknown)."""

    @property
    def state(self) -> State: ...

    def close(self) -> None: ...


class MemoryCache:
    """In this process. What was not asked for longest goes first.

    Parameters
    ----------
    most : bytes it may take
    """

    def __init__(self, most: int = 64 * MIB) -> None:
        # cachetools says so itself: a cache is not safe to share between threads.
        self._turn = threading.Lock()
        self._kept: TLRUCache[str, tuple[bytes, float]] = TLRUCache(
            most, ttu=_until, getsizeof=_bytes_of
        )
        self._hits = self._misses = 0

    def get(self, key: str) -> bytes | None:
        with self._turn:
            found = self._kept.get(key)
            if found is None:
                self._misses += 1
                return None
            self._hits += 1
            return found[0]

    def put(self, key: str, value: bytes, seconds: float) -> None:
        entry = (value, seconds)
        with self._turn:
            if _bytes_of(entry) <= self._kept.maxsize:
                self._kept[key] = entry

    def clear(self) -> int:
        with self._turn:
            self._kept.expire()
            count = len(self._kept)
            self._kept.clear()
            return count

    def stats(self) -> Json:
        with self._turn:
            self._kept.expire()
            return {
                "backend": "memory",
                "state": self.state,
                "hits": self._hits,
                "misses": self._misses,
                "entries": len(self._kept),
                "bytes": int(self._kept.currsize),
            }

    @property
    def state(self) -> State:
        return "ok"

    def close(self) -> None:
        self.clear()


class RedisCache:
    """In Redis, shared by all processes; in memory while Redis is gone, and says so.

    Parameters
    ----------
    url : of Redis
    memory : what to use meanwhile
    every : seconds between two looks whether Redis is back
    """

    def __init__(self, url: str, memory: MemoryCache | None = None, every: float = EVERY) -> None:
        self._memory = memory or MemoryCache()
        self._link = RedisLink(url, self._returned, every)
        self._redis: Any = self._link.client
        self._hits = self._misses = 0
        #: Somebody wanted all forgotten while Redis was not there to hear it.
        self._owes_clearing = False

    def get(self, key: str) -> bytes | None:
        answer = self._link.ask(lambda: self._redis.get(_PREFIX + key))
        found: bytes | None = self._memory.get(key) if answer is None else answer[0]
        # Counts may lose one when two threads meet; they are for reading, not for accounts.
        if found is None:
            self._misses += 1
        else:
            self._hits += 1
        return found

    def put(self, key: str, value: bytes, seconds: float) -> None:
        lasting = max(1, round(seconds * 1000))
        if self._link.ask(lambda: self._redis.set(_PREFIX + key, value, px=lasting)) is None:
            self._memory.put(key, value, seconds)

    def clear(self) -> int:
        kept = self._memory.clear()
        answer = self._link.ask(lambda: _removed(self._redis))
        if answer is None:
            self._owes_clearing = True
            return kept
        return kept + answer[0]

    def stats(self) -> Json:
        answer = self._link.ask(lambda: sum(1 for _ in _keys(self._redis)))
        told = self._memory.stats()
        return {
            "backend": "redis",
            "state": self.state,
            "hits": self._hits,
            "misses": self._misses,
            "entries": told["entries"] if answer is None else answer[0],
            "bytes": told["bytes"] if answer is None else None,
        }

    @property
    def state(self) -> State:
        return "ok" if self._link.up else "degraded"

    def close(self) -> None:
        self._link.close()
        self._memory.close()

    def _returned(self, redis: Any) -> None:
        if self._owes_clearing:
            _removed(redis)
            self._owes_clearing = False
        self._memory.clear()


def _until(_key: str, entry: tuple[bytes, float], now: float) -> float:
    return now + entry[1]


def _bytes_of(entry: tuple[bytes, float]) -> int:
    return len(entry[0]) + _ENTRY_BYTES


def _keys(redis: Any) -> Iterator[bytes]:
    return redis.scan_iter(match=_PREFIX + "*", count=_PER_CALL)  # type: ignore[no-any-return]


def _removed(redis: Any) -> int:
    found, removed = _keys(redis), 0
    while some := list(islice(found, _PER_CALL)):
        removed += redis.unlink(*some)
    return removed
