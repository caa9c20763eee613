"""A running job's row, watched by its worker, and the row's end."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from clv.core.errors import ClvError, StoppedError
from clv.ops.work import jobs

if TYPE_CHECKING:
    from clv.ops.store.database import Store
    from clv.ops.work.jobs import Job
    from clv.ops.work.task import Task

#: Why a job's work is stopped: its worker has to go, somebody asked for it, or it is over or
#: another worker's.
STOPPED, CANCELLED, GONE = "stopped", "cancelled", "gone"
#: Seconds between looks at the row.
EVERY = 0.5
#: Seconds between signs of life.
BEAT = 5.0

_log = logging.getLogger(__name__)


class Watch(threading.Thread):
    """Tells the store that a job is worked on, and hears from it when to stop.

    A thread of its own: while somebody publishes, SQLite has everyone else wait to write.

    Attributes
    ----------
    reason : why the work shall stop; None lets it go on
    """

    def __init__(self, store: Store, job: Job, task: Task) -> None:
        super().__init__(daemon=True)
        self._store, self._job, self._task = store, job, task
        self._told: tuple[str | None, float] = (None, 0.0)
        self._beaten = time.monotonic()
        self._over = threading.Event()
        self.reason: str | None = None

    def run(self) -> None:
        while not self._over.wait(EVERY) and self.reason is None:
            try:
                now = self._looked_at(self._task.told)
            except ClvError as error:
                _log.warning("job %s goes on without the store: %s", self._job.job_id, error)
                continue
            if now is None:
                self.reason = GONE
            elif now.cancel_asked:
                self.reason = CANCELLED

    def end(self) -> None:
        """Look no more. Nobody waits for a look under way: it can change nothing any more."""
        self._over.set()

    def _looked_at(self, told: tuple[str | None, float]) -> Job | None:
        """The row, where it is still this worker's. It is written only where there is news."""
        if told != self._told or time.monotonic() - self._beaten > BEAT:
            now = jobs.progressed(self._store, self._job, *told)
            self._told, self._beaten = told, time.monotonic()
            return now
        with self._store.reading() as conn:
            found = jobs.find(conn, self._job.job_id)
        ours = (jobs.RUNNING, self._job.worker, self._job.attempts)
        return found if (found.status, found.worker, found.attempts) == ours else None


def record(store: Store, job: Job, task: Task, why: str | None) -> Job:
    """Write down what came of a job whose process has ended; its row afterwards.

    Where the work published something it has marked the job done itself, and nothing here changes
    that: every move starts from a row that runs and is this worker's.

    Raises
    ------
    StoreError : the store cannot be reached
    """
    told = task.outcome or {}
    if "result" in told:
        if not told["done"]:
            try:
                with store.writing() as conn:
                    jobs.finished(conn, job, told["result"])
            except StoppedError:
                jobs.cancelled(store, job)
    elif why == STOPPED:
        jobs.put_back(store, job)
    elif why == CANCELLED or told.get("problem", {}).get("code") == StoppedError.code:
        jobs.cancelled(store, job)
    elif "problem" in told:
        jobs.failed(store, job, told["problem"])
    else:
        jobs.killed(store, job, f"its process died (exit {task.returncode})")
    with store.reading() as conn:
        return jobs.find(conn, job.job_id)
