"""The queue that wakes workers: job ids as JSON, in a file of SQLite or in Redis.

What is in it is a hint, never the truth: a worker asks the store whether a job is really there to
be had, and finds jobs by itself that the queue lost or never got.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from pathlib import Path

from huey import Huey, RedisHuey, SqliteHuey
from huey.exceptions import HueyException
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import RedisStorage

from clv.core.errors import DependencyError, SettingError, StorageError
from clv.data.engine import storage_errors
from clv.ops.redislink import options

FILE = "queue.db"
NAME = "clv"
TASK = "job"
#: Bytes of a message, at most.
LONGEST = 100
_ID = re.compile(r"[0-9a-f]{1,32}")

_log = logging.getLogger(__name__)


class JobIds(Serializer):  # type: ignore[misc]
    """Writes a job's id and reads nothing else: what stands in a queue can run no code.

    The serializer that comes with huey would run whatever a pickle says.
    """

    def __init__(self) -> None:
        super().__init__(compression=False)

    def _serialize(self, data: Message) -> bytes:
        (job_id,) = data.args
        return json.dumps({"job_id": job_id}).encode()

    def _deserialize(self, data: bytes) -> Message:
        if len(data) > LONGEST:
            raise ValueError("not a job's id")
        told = json.loads(bytes(data).decode())
        if not isinstance(told, dict) or told.keys() != {"job_id"}:
            raise ValueError("not a job's id")
        job_id = told["job_id"]
        if not isinstance(job_id, str) or not _ID.fullmatch(job_id):
            raise ValueError("not a job's id")
        return Message(id=job_id, name=f"{__name__}.{TASK}", retries=0, args=(job_id,), kwargs={})


class Queue:
    """Job ids on their way to a worker.

    Parameters
    ----------
    home : folder of state, where the file is
    redis_url : address of a Redis to use instead, as redis://host:6379/0

    Raises
    ------
    DependencyError : an address of Redis is given, and its package is not installed
    SettingError, StorageError : the address or the folder cannot be used
    """

    def __init__(self, home: Path, redis_url: str | None = None) -> None:
        self.huey, self._errors = _redis(redis_url) if redis_url else _sqlite(home)
        self._warned = False

        @self.huey.task(name=TASK)  # type: ignore[untyped-decorator]
        def job(job_id: str) -> str:
            return job_id

        self._task = job.task_class

    def offer(self, job_id: str) -> bool:
        """Tell workers of a job; False where the queue cannot be reached, which loses nothing."""
        try:
            self.huey.enqueue(self._task((job_id,), id=job_id))
        except self._errors as error:
            _log.warning("the queue cannot be reached (%s); workers look for jobs anyway", error)
            return False
        return True

    def waiting(self) -> set[str] | None:
        """Ids in the queue; None where it cannot be reached."""
        try:
            items = self.huey.storage.enqueued_items()
        except self._errors:
            return None
        return set(filter(None, map(_id_in, items)))

    def take(self) -> str | None:
        """The id that has waited longest, out of the queue; None where there is none to be had."""
        try:
            task = self.huey.dequeue()
        except self._errors as error:
            if not self._warned:
                _log.warning("the queue cannot be reached (%s)", error)
            self._warned = True
            return None
        except (ValueError, HueyException):
            _log.warning("what lay in the queue is no job's id; it was thrown away unread")
            return None
        self._warned = False
        return None if task is None else str(task.args[0])

    def reachable(self) -> bool:
        return self.waiting() is not None

    def close(self) -> None:
        storage = self.huey.storage
        storage.close()
        if isinstance(storage, RedisStorage):
            storage.pool.disconnect()


def _id_in(item: bytes) -> str | None:
    try:
        return str(JobIds()._deserialize(item).id)
    except ValueError:
        return None


def _sqlite(home: Path) -> tuple[Huey, tuple[type[Exception], ...]]:
    with storage_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        try:
            found = SqliteHuey(
                NAME, filename=str(home / FILE), results=False, serializer=JobIds(), cache_mb=1
            )
        except sqlite3.Error as error:
            raise StorageError(
                f"storage: the queue {home / FILE} cannot be opened ({error}). Remove the file, or"
                " choose another CLV_HOME; no job is lost with it."
            ) from error
    return found, (sqlite3.Error, OSError)


def _redis(url: str) -> tuple[Huey, tuple[type[Exception], ...]]:
    try:
        import redis
    except ImportError:
        raise DependencyError("redis is not installed: pip install 'clv[redis]'") from None
    try:
        pool = redis.ConnectionPool.from_url(url, **options())
    except ValueError as error:
        raise SettingError(
            f"redis: the address cannot be used ({error}). Write it as redis://host:6379/0."
        ) from None
    # Not blocking: whoever offers must not wait for a Redis that is gone, nor who takes.
    found = RedisHuey(
        NAME, results=False, serializer=JobIds(), connection_pool=pool, blocking=False
    )
    return found, (redis.RedisError, OSError)
