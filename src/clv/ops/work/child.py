"""One job's work, in a process of its own: `python -m clv.ops.work.child`, started by a worker.

A process can be stopped wherever it is, gives back its memory, and takes no time from anybody's
interpreter. It is told what to do by a line on its input, and says how far it is by lines on its
output. Its input stays open as long as its worker lives; once that ends, so does this process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from clv.core.errors import ClvError, StoppedError, kind_of, where
from clv.ops.work import jobs, kinds
from clv.ops.work.context import JobContext
from clv.ops.work.patience import patiently
from clv.ops.work.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from clv.core.types import Json
    from clv.ops.store.database import Store
    from clv.ops.work.jobs import Job

#: Steps by which this process makes way for others, above all for whoever answers requests.
NICE = 5
#: Least time between two words on how far the work is.
BREATH = 0.2


def main() -> None:
    tell = _teller()
    order = json.loads(_first_line())
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_worker, daemon=True).start()
    os.nice(NICE)
    # Threads of learners that wait for each other let others have the processor meanwhile.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    tell(_outcome(order, tell))


def _outcome(order: Json, tell: Callable[[Json], None]) -> Json:
    """Do the work; what came of it, or what went wrong."""
    place = Workplace.of(order["place"])
    try:
        store = patiently(place.store)
        try:
            job = patiently(lambda: _found(store, order["job_id"]))
            if (job.worker, job.attempts) != (order["worker"], order["attempts"]):
                raise StoppedError(f"job: {job.job_id} was taken over. Nothing was published.")
            context = JobContext(job, place, store, _paced(tell))
            result = kinds.perform(context)
            return {"result": result, "done": context.done}
        finally:
            store.close()
    except ClvError as error:
        # Whoever asks for the job need not learn where things lie here.
        message = error.message.replace(f"{place.home}/", "")
        return {"problem": {"code": error.code, "message": message}}
    except MemoryError:
        message = "job: there was not enough memory. Try fewer models or less data at once."
        return {"problem": {"code": "memory", "message": message}}
    except Exception as error:  # noqa: BLE001 - whatever it is, the record shall say that it failed
        tell({"error": kind_of(error), "where": where(error)})
        message = (
            f"job: an error that nobody expected ({type(error).__name__}). The worker's log tells"
            " where; please report it."
        )
        return {"problem": {"code": "internal", "message": message}}


def _found(store: Store, job_id: str) -> Job:
    with store.reading() as conn:
        return jobs.find(conn, job_id)


def _paced(tell: Callable[[Json], None]) -> Callable[[str, float], None]:
    last = -BREATH

    def told(stage: str, progress: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= BREATH:
            last = now
            tell({"stage": stage, "progress": progress})

    return told


def _teller() -> Callable[[Json], None]:
    """Writes to the worker. Whatever libraries print goes where errors do: see Task."""
    channel = os.dup(1)
    os.dup2(2, 1)

    def tell(told: Json) -> None:
        line = json.dumps(told, default=str).encode() + b"\n"
        while line:
            line = line[os.write(channel, line) :]

    return tell


def _first_line() -> bytes:
    # By single bytes: the thread that waits for the end must get all that follows.
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece:
            os._exit(1)
        line += piece
    return line


def _end_with_worker() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)


def _leave(_: int, __: FrameType | None) -> None:
    # On the way out folders of unfinished work are removed.
    sys.exit(1)


if __name__ == "__main__":
    main()
