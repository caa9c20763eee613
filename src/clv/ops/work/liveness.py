"""Whether a worker still lives: it holds a lock that the system frees when it is gone.

A worker of another machine, whose lock cannot be seen from here, shows that it lives by signs: in
the store for the jobs that it has, and by touching the file of its lock.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from clv.data.engine import storage_errors

if TYPE_CHECKING:
    from clv.ops.work.jobs import Job

FOLDER = "workers"
#: Without a sign of life for this long a worker elsewhere is taken for dead. Longer than a writer
#: may have to wait for its turn at SQLite.
STALE = timedelta(seconds=90)

_LOCK = ".lock"
#: What is told where nobody does jobs.
NOBODY = "No worker is running, so jobs wait. Start one with `clv worker`."


class Liveness:
    """A worker's name, and its lock beside those of others in the folder of state."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._host = _host()
        self.name = f"{self._host}-{os.getpid()}-{secrets.token_hex(4)}"

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Hold the lock for as long as the block lasts, however it ends.

        Its file stays: free, it tells others that jobs which could not be put back are theirs.
        """
        with storage_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{self.name}{_LOCK}"
            with path.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield

    def beat(self) -> None:
        """Show others, who may not see the lock, that this worker lives."""
        with suppress(OSError):
            os.utime(self._folder / f"{self.name}{_LOCK}")

    def dead(self, job: Job, mine: Collection[str], *, settled: bool = True) -> bool:
        """Whether the worker that has a running job is gone.

        Parameters
        ----------
        mine : ids of jobs that this worker is doing
        settled : the store has been there for a while; just after it came back nobody's last sign
            of life says anything
        """
        worker = job.worker or ""
        if worker == self.name:
            return job.job_id not in mine
        if worker.startswith(f"{self._host}-"):
            free = _is_free(self._folder / f"{worker}{_LOCK}")
            if free is not None:
                return free
        last = job.heartbeat_at or job.created_at
        return settled and datetime.now(UTC) - last > STALE

    def forget_dead(self) -> None:
        """Remove locks that nobody holds; to be called once their jobs are taken back."""
        for path in self._folder.glob(f"{self._host}-*{_LOCK}"):
            if _is_free(path):
                path.unlink(missing_ok=True)


def anybody(home: Path) -> bool:
    """Whether any worker lives that shares a folder of state."""
    own = f"{_host()}-"
    return any(
        _is_free(path) is False or (not path.name.startswith(own) and _fresh(path))
        for path in (home / FOLDER).glob(f"*{_LOCK}")
    )


def _host() -> str:
    return re.sub(r"[^\w.]", "_", socket.gethostname())[:40]


def _is_free(lock_file: Path) -> bool | None:
    """None where there is no lock to ask."""
    try:
        with lock_file.open("r") as lock:
            # A shared one, so that two who ask do not take each other for the worker.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _fresh(lock_file: Path) -> bool:
    try:
        touched = datetime.fromtimestamp(lock_file.stat().st_mtime, UTC)
    except OSError:
        return False
    return datetime.now(UTC) - touched < STALE
