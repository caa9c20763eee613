"""A worker: takes jobs from the queue and the store, has each done in a process of its own."""

from __future__ import annotations

import logging
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from huey.consumer import ForkSafeFlag

from clv.core.errors import ClvError, StoreError
from clv.ops.work import jobs, tidying
from clv.ops.work.liveness import Liveness
from clv.ops.work.task import Task
from clv.ops.work.watch import STOPPED, Watch, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clv.ops.work.jobs import Job
    from clv.ops.work.workplace import Workplace

#: Seconds between looks for jobs that the queue did not bring, and for workers that are gone.
SWEEP = 2.0
#: Seconds between looks whether a running job has ended or shall stop.
LOOK = 0.25
#: Seconds between looks into the queue: soon after there was something, and else.
LEAST_REST, MOST_REST = 0.05, 0.8
#: Seconds that a worker goes on trying to tell the store of a job's end. After that the job is
#: taken for lost, and begun again.
STUBBORN = 600.0
#: Seconds that a worker told to stop goes on trying to tell the store of it.
PATIENCE = 3.0
#: Seconds after which a worker told to stop ends, whatever keeps it.
LEAVE = 6.0
#: Seconds that the store must have been there before silence of a worker elsewhere means death.
SETTLED = 15.0
#: Seconds between rounds of tidying up.
TIDY = 3600.0
#: Most queued jobs that are delivered in a sweep.
MOST_DELIVERED = 100

_log = logging.getLogger(__name__)


class Worker:
    """Does jobs until it is stopped.

    Parameters
    ----------
    at_once : jobs done at the same time, each in its own process
    """

    def __init__(self, place: Workplace, at_once: int = 1) -> None:
        self._place = place
        self._store, self._queue = place.store(), place.queue()
        self._at_once = at_once
        self._slots = threading.BoundedSemaphore(at_once)
        self._mine: set[str] = set()
        self._turn = threading.Lock()
        # May be set from a handler of a signal, which an ordinary event may not.
        self._stop = ForkSafeFlag()
        self._liveness = Liveness(place.home)
        self._broken = False
        self._tidied = -TIDY
        self._reached = time.monotonic()

    @property
    def name(self) -> str:
        return self._liveness.name

    def stop(self) -> None:
        """Have running jobs put back and `run` return, within seconds."""
        self._stop.set()

    def run(self) -> None:
        """Do jobs until `stop` is called or, in a process's main thread, until SIGTERM or SIGINT.

        Raises
        ------
        StorageError : the folder of state may not be written
        ClvError : an error that nobody expected ended it
        """
        with self._liveness.shown(), self._stopped_by_signals():
            _log.info("worker %s does up to %s jobs at once", self.name, self._at_once)
            # Any of them may have to wait for the store when it is time to go; this one never.
            steps = [self._sweep_on, *[self._take_on] * self._at_once]
            threads = [threading.Thread(target=self._kept, args=(s,), daemon=True) for s in steps]
            for thread in threads:
                thread.start()
            self._stop.wait()
            until = time.monotonic() + LEAVE
            for thread in threads:
                thread.join(max(until - time.monotonic(), 0))
            # Jobs that a sweep began by itself end like the others.
            for _ in range(self._at_once):
                self._slots.acquire(timeout=max(until - time.monotonic(), 0))
        if self._mine:
            _log.warning("jobs %s could not be put back; others will", ", ".join(self._mine))
        if self._broken:
            raise ClvError("worker: ended over an error that nobody expected; its log tells where.")
        _log.info("worker %s is stopped", self.name)

    def close(self) -> None:
        self._queue.close()
        self._store.close()

    def _kept(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:  # noqa: BLE001 - a worker that does nothing any more is worse than none
            _log.exception("worker %s ends over an error that nobody expected", self.name)
            self._broken = True
            self.stop()

    def _sweep_on(self) -> None:
        self._sweep()
        while not self._stop.wait(SWEEP):
            self._sweep()

    def _take_on(self) -> None:
        """Do what the queue brings until told to stop; a queue that is gone is waited for."""
        rest = LEAST_REST
        while not self._stop.is_set():
            job_id = self._queue.take()
            if job_id is not None:
                rest = LEAST_REST
                self._perform(job_id)
            else:
                self._stop.wait(rest)
                rest = min(2 * rest, MOST_REST)

    def _perform(self, job_id: str) -> None:
        """Do the job if it is to be had, when there is room for it."""
        while not self._slots.acquire(timeout=LOOK):
            if self._stop.is_set():
                return
        try:
            self._claim_and_do(job_id)
        finally:
            self._slots.release()

    def _claim_and_do(self, job_id: str) -> None:
        with self._turn:
            if self._stop.is_set() or job_id in self._mine:
                return
            # Before the claim: a sweep must not take a running job of this worker for a lost one.
            self._mine.add(job_id)
        try:
            job = jobs.claim(self._store, job_id, self.name)
            if job is not None:
                _log.info("job %s (%s) begins", job_id, job.kind)
                self._do(job)
        except (ClvError, OSError) as error:
            # The store is gone, or no process could be started: a later sweep finds the job.
            _log.warning("job %s: %s", job_id, error)
        finally:
            self._mine.discard(job_id)

    def _do(self, job: Job) -> None:
        """Have the work done, and see to it that the record tells what came of it."""
        task = Task(self._place, job)
        watch = Watch(self._store, job, task)
        watch.start()
        why = None
        while why is None and not task.ended(LOOK):
            why = STOPPED if self._stop.is_set() else watch.reason
        watch.end()
        if why is not None:
            task.stop()
        told = self._surely(lambda: record(self._store, job, task, why))
        if told is None:
            return
        if told.over:
            tidying.forget(self._place, job.job_id)
        _log.info("job %s (%s) is %s", job.job_id, job.kind, told.status)

    def _surely(self, write: Callable[[], Job]) -> Job | None:
        """Write as soon as the store can be reached; None where that takes too long."""
        until = time.monotonic() + STUBBORN
        while True:
            try:
                return write()
            except StoreError as error:
                _log.warning("the store cannot be reached: %s", error)
            if self._stop.is_set():
                until = min(until, time.monotonic() + PATIENCE)
            if time.monotonic() > until:
                return None
            time.sleep(LOOK)

    def _sweep(self) -> None:
        """Find jobs whose worker is gone, and those that the queue did not bring."""
        self._liveness.beat()
        try:
            settled = time.monotonic() - self._reached > SETTLED
            for job in jobs.reclaim(
                self._store, lambda job: self._liveness.dead(job, self._mine, settled=settled)
            ):
                _log.warning("job %s lost its worker and is %s", job.job_id, job.status)
            self._liveness.forget_dead()
            with self._store.reading() as conn:
                queued = jobs.listed(
                    conn, status=jobs.QUEUED, limit=MOST_DELIVERED, oldest_first=True
                )
            self._deliver([job.job_id for job in queued if job.job_id not in self._mine])
            if time.monotonic() - self._tidied > TIDY:
                self._tidied = time.monotonic()
                tidying.tidy(self._place, self._store)
        except (ClvError, OSError) as error:
            self._reached = time.monotonic()
            _log.warning("looking for jobs: %s", error)

    def _deliver(self, job_ids: list[str]) -> None:
        if not job_ids:
            return
        waiting = self._queue.waiting()
        for job_id in job_ids:
            if waiting is not None and (job_id in waiting or self._queue.offer(job_id)):
                continue
            # Without a queue, work is taken straight from the store.
            if not self._slots.acquire(blocking=False):
                return
            threading.Thread(target=self._release_after, args=(job_id,), daemon=True).start()

    def _release_after(self, job_id: str) -> None:
        try:
            self._claim_and_do(job_id)
        finally:
            self._slots.release()

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {
            number: signal.signal(number, lambda *_: self.stop())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
