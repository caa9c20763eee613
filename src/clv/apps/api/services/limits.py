"""How often each key, or each address without one, may ask. Counted in Redis for all processes,
in memory where there is none or it is gone.
"""

from __future__ import annotations

import ipaddress
import math
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cachetools import TTLCache
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from clv.core.errors import SettingError
from clv.ops.redislink import RedisLink, options

#: Part of a limit that a process takes at once, so that not every request asks Redis.
_LEASE = 100
_MOST_NAMES = 100_000


@dataclass(frozen=True, slots=True)
class TooMany:
    """
    Attributes
    ----------
    allowed, window : so many requests in so many seconds
    wait : seconds until the next may come
    """

    allowed: int
    window: int
    wait: int

    def headers(self) -> dict[str, str]:
        return {
            "retry-after": str(self.wait),
            "ratelimit-policy": f'"requests";q={self.allowed};w={self.window}',
            "ratelimit": f'"requests";r=0;t={self.wait}',
        }


class Limiter:
    """
    Parameters
    ----------
    rate : as 600/minute; None for no limit
    redis_url : where to count for all processes
    name : limits of different names are counted apart

    Raises
    ------
    SettingError : the rate is none
    """

    def __init__(self, rate: str | None, redis_url: str | None = None, name: str = "key") -> None:
        self._name = name
        self._item = _item(rate)
        self._lease = max(1, self._item.amount // _LEASE) if self._item else 1
        self._memory = SlidingWindowCounterRateLimiter(MemoryStorage()) if self._item else None
        self._link: RedisLink | None = None
        self._redis: SlidingWindowCounterRateLimiter | None = None
        if redis_url and self._item:
            self._link = RedisLink(redis_url)
            storage = RedisStorage(redis_url, key_prefix="clv:limits", **options())
            self._redis = SlidingWindowCounterRateLimiter(storage)
        #: What was taken at once and not yet used, by name, for the length of a window.
        self._left: TTLCache[str, int] = TTLCache(
            _MOST_NAMES, ttl=self._item.get_expiry() if self._item else 1
        )

    @property
    def limited(self) -> bool:
        return self._item is not None

    def take(self, who: str) -> TooMany | None:
        """Count a request; what to tell one that is too many."""
        if self._item is None:
            return None
        left = self._left.get(who, 0)
        if left:
            self._left[who] = left - 1
            return None
        for cost in (self._lease, 1) if self._lease > 1 else (1,):
            if self._hit(who, cost):
                if cost > 1:
                    self._left[who] = cost - 1
                return None
        return self._refusal(who)

    @property
    def degraded(self) -> bool:
        """Each process counts on its own, because Redis is gone."""
        return self._link is not None and not self._link.up

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        if self._redis is not None:
            self._redis.storage.storage.close()  # type: ignore[attr-defined]

    def _hit(self, who: str, cost: int) -> bool:
        return bool(self._asked("hit", who, cost=cost))

    def _refusal(self, who: str) -> TooMany:
        assert self._item is not None
        reset = self._asked("get_window_stats", who).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        return TooMany(self._item.amount, self._item.get_expiry(), wait)

    def _asked(self, what: str, who: str, **more: Any) -> Any:
        if self._link is not None:
            answer = self._link.ask(
                lambda: getattr(self._redis, what)(self._item, self._name, who, **more)
            )
            if answer is not None:
                return answer[0]
        return getattr(self._memory, what)(self._item, self._name, who, **more)


def _item(rate: str | None) -> RateLimitItem | None:
    if rate is None:
        return None
    try:
        return parse(rate)
    except ValueError:
        raise SettingError(f"rate-limit: {rate!r} is none. Write it as 600/minute.") from None


@lru_cache(maxsize=4096)
def address_of(client: str | None) -> str:
    """Who counts as one asker: an IPv4 address, or the 64 bits of IPv6 that one household has."""
    if client is None:
        return "local"
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:64]
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
