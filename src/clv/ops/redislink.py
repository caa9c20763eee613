"""A way to Redis that gives up at once when it is gone, and comes back by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from clv.core.errors import DependencyError, SettingError

Answer = TypeVar("Answer")

#: Longest wait for one answer. A request never waits for Redis twice: see RedisLink.
PATIENCE = 0.25
#: Between two looks whether Redis is back.
EVERY = 1.0


class RedisLink:
    """Asks Redis while it answers; after an error, a thread of its own looks when it is back.

    So of all requests only those under way when Redis goes are held up, and by PATIENCE at most.

    Parameters
    ----------
    url : as redis://host:6379/0, rediss:// or unix:///path
    returned : called once Redis is back, before anybody asks it again
    every : seconds between two looks

    Raises
    ------
    DependencyError : the package is not installed
    SettingError : the address cannot be used
    """

    def __init__(
        self,
        url: str,
        returned: Callable[[Any], None] | None = None,
        every: float = EVERY,
    ) -> None:
        try:
            import redis
        except ImportError:
            raise DependencyError("redis is not installed: pip install 'clv[redis]'") from None
        try:
            self.client: Any = redis.Redis.from_url(url, **options())
        except ValueError as error:
            raise SettingError(
                f"redis: the address cannot be used ({error}). Write it as redis://host:6379/0."
            ) from None
        self._errors = (redis.RedisError, OSError)
        self._returned = returned
        self._every = every
        self._gone = threading.Event()
        self._closed = threading.Event()
        self._turn = threading.Lock()
        self._watch: threading.Thread | None = None

    @property
    def up(self) -> bool:
        return not self._gone.is_set()

    def ask(self, question: Callable[[], Answer]) -> tuple[Answer] | None:
        """The answer in a tuple; None where Redis is gone."""
        if self._gone.is_set():
            return None
        try:
            return (question(),)
        except self._errors:
            self._lost()
            return None

    def close(self) -> None:
        self._closed.set()
        watch = self._watch
        if watch is not None:
            watch.join()
        self.client.close()

    def _lost(self) -> None:
        with self._turn:
            if self._gone.is_set() or self._closed.is_set():
                return
            self._gone.set()
            self._watch = threading.Thread(target=self._look, name="redis-watch", daemon=True)
            self._watch.start()

    def _look(self) -> None:
        while not self._closed.wait(self._every):
            try:
                self.client.ping()
                if self._returned is not None:
                    self._returned(self.client)
            except self._errors:
                continue
            self._gone.clear()
            return


def options() -> dict[str, Any]:
    """How redis-py is to wait: shortly, once. A connection Redis has dropped is made anew."""
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as Dropped
    from redis.retry import Retry

    return {
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        "retry": Retry(NoBackoff(), 1, supported_errors=(Dropped,)),
    }
