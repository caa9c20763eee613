"""The record of a job: a row of the store, and the only truth about it.

    queued -> running -> done | failed | cancelled
       ^         |
       +---------+  put back: its worker was stopped or killed

Every move is one statement that names the state it leaves and, once a worker has the job, that
worker: of two who try the same move one wins, and a worker that lost its job can change nothing.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import JSON, and_, case, insert, literal, null, or_, select, update

from clv.core.errors import JobError, SettingError, StoppedError
from clv.ops import audit
from clv.ops.store.documents import plain
from clv.ops.store.tables import job as table
from clv.ops.work import kinds
from clv.ops.work.kinds import KINDS

if TYPE_CHECKING:
    from sqlalchemy import Connection, Update

    from clv.core.types import Json
    from clv.ops.store.database import Store
    from clv.ops.work.queue import Queue

QUEUED, RUNNING, DONE, FAILED, CANCELLED = STATES = (
    "queued",
    "running",
    "done",
    "failed",
    "cancelled",
)
#: Where a job may go from each state. Those that lead nowhere are final.
MOVES: dict[str, frozenset[str]] = {
    QUEUED: frozenset({RUNNING, CANCELLED}),
    RUNNING: frozenset({DONE, FAILED, CANCELLED, QUEUED}),
    DONE: frozenset(),
    FAILED: frozenset(),
    CANCELLED: frozenset(),
}
FINAL = frozenset(state for state, onward in MOVES.items() if not onward)
#: How often a job is begun whose worker gets killed.
MOST_ATTEMPTS = 2
_ID = re.compile(r"[0-9a-f]{1,32}")
_TIMES = {1: "once", 2: "twice"}
MOST_LISTED = 1_000


@dataclass(frozen=True)
class Job:
    """
    Attributes
    ----------
    kind, params : what is asked
    status : one of STATES
    stage, progress : how far it is, in words and from 0 to 1; progress never falls
    result : what came of it, once done
    problem : code and message, once failed
    attempts : times a worker began it
    cancel_asked : somebody wants it stopped
    worker : who has it, or had it last
    actor : who asked for it
    heartbeat_at : when its worker last showed that it lives
    """

    job_id: str
    kind: str
    params: Json
    status: str
    stage: str | None
    progress: float
    result: Json | None
    problem: Json | None
    attempts: int
    cancel_asked: bool
    worker: str | None
    actor: str
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> Job:
        told = {field.name: getattr(row, field.name) for field in fields(cls)}
        return cls(**{**told, "cancel_asked": bool(row.cancel_asked)})

    @property
    def over(self) -> bool:
        """It is done, failed or cancelled, and will stay so."""
        return self.status in FINAL

    def to_json(self) -> Json:
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }


class Services(Protocol):
    """What submitting needs of whoever offers it."""

    @property
    def store(self) -> Store: ...

    @property
    def queue(self) -> Queue: ...


def submit(services: Services, kind: str, params: Json, actor: str, *, local: bool = False) -> Job:
    """Ask for long work, as `enter`.

    Parameters
    ----------
    local : the asker sits at this machine, and may name its files

    Raises
    ------
    JobError : there is no such kind
    SettingError : what is asked cannot be
    StoreError : the row could not be written
    """
    return enter(services, kind, kinds.checked(kind, params, local=local), actor)


def enter(
    services: Services, kind: str, params: Json, actor: str, request_id: str | None = None
) -> Job:
    """Ask for long work. Once this returns, the job will be done whatever breaks meanwhile.

    The row is written first, and with it who asked into the audit; the queue only wakes a worker,
    who finds rows by itself as well.

    Parameters
    ----------
    params : as `kinds.checked` returns them

    Raises
    ------
    StoreError : the row could not be written
    """
    with services.store.writing() as conn:
        made = create(conn, kind, params, actor)
        audit.write(
            conn, actor=actor, action=f"job.{kind}", target=made.job_id, request_id=request_id
        )
    services.queue.offer(made.job_id)
    return made


def create(conn: Connection, kind: str, params: Json, actor: str) -> Job:
    """A new job, queued. Whether the kind exists is not asked here."""
    row = {
        "job_id": secrets.token_hex(8),
        "kind": kind,
        "params": params,
        "status": QUEUED,
        "progress": 0.0,
        "attempts": 0,
        "cancel_asked": 0,
        "actor": actor,
        "created_at": datetime.now(UTC),
    }
    return Job.of(conn.execute(insert(table).values(row).returning(table)).one())


def find(conn: Connection, job_id: str) -> Job:
    """
    Raises
    ------
    JobError : there is none of that id
    """
    row = None
    if _ID.fullmatch(job_id):
        row = conn.execute(select(table).where(table.c.job_id == job_id)).one_or_none()
    if row is None:
        raise JobError(f"job: there is none with the id {job_id[:64]!r}. `clv jobs` lists them.")
    return Job.of(row)


def listed(
    conn: Connection,
    *,
    status: str | None = None,
    kind: str | None = None,
    limit: int = 50,
    before: str | None = None,
    oldest_first: bool = False,
) -> list[Job]:
    """Jobs, the newest first.

    Parameters
    ----------
    before : id of the last job of the page before, to go on behind it

    Raises
    ------
    JobError : `before` is no job's id
    SettingError : a state or a kind that is none, or a limit out of its range
    """
    for name, value, known in (("status", status, STATES), ("kind", kind, tuple(KINDS))):
        if value is not None and value not in known:
            raise SettingError(f"{name}: {value[:64]!r} is none of {', '.join(known)}.")
    if not 1 <= limit <= MOST_LISTED:
        raise SettingError(f"limit: {limit} is outside 1 to {MOST_LISTED}.")
    at, number = table.c.created_at, table.c.job_id
    asked = select(table).limit(limit)
    asked = asked.order_by(*((at, number) if oldest_first else (at.desc(), number.desc())))
    if status is not None:
        asked = asked.where(table.c.status == status)
    if kind is not None:
        asked = asked.where(table.c.kind == kind)
    if before is not None:
        last = find(conn, before)
        later = at > last.created_at if oldest_first else at < last.created_at
        further = number > before if oldest_first else number < before
        asked = asked.where(or_(later, and_(at == last.created_at, further)))
    return [Job.of(row) for row in conn.execute(asked)]


def ask_to_cancel(
    store: Store, job_id: str, actor: str = "cli", request_id: str | None = None
) -> Job:
    """Stop a job: at once where it waits, within seconds where it runs; over, it stays as it is.

    Parameters
    ----------
    actor : who asks, for the audit

    Raises
    ------
    JobError : there is none of that id
    """
    waits = table.c.status == QUEUED
    asked = (
        update(table)
        .where(table.c.job_id == job_id, table.c.status.in_((QUEUED, RUNNING)))
        .values(
            cancel_asked=1,
            status=case((waits, CANCELLED), else_=table.c.status),
            finished_at=case((waits, datetime.now(UTC)), else_=table.c.finished_at),
        )
    )
    with store.writing() as conn:
        found = find(conn, job_id)
        conn.execute(asked)
        audit.write(
            conn, actor=actor, action="job.cancel", target=found.job_id, request_id=request_id
        )
        return find(conn, found.job_id)


def claim(store: Store, job_id: str, worker: str) -> Job | None:
    """The job, which this worker and no other has from now on; None where it is not queued."""
    now = datetime.now(UTC)
    taken = (
        update(table)
        .where(table.c.job_id == job_id, table.c.status == QUEUED)
        .values(
            status=RUNNING,
            worker=worker,
            attempts=table.c.attempts + 1,
            started_at=now,
            heartbeat_at=now,
        )
        .returning(table)
    )
    with store.writing() as conn:
        row = conn.execute(taken).one_or_none()
    return None if row is None else Job.of(row)


def progressed(store: Store, job: Job, stage: str | None, progress: float) -> Job | None:
    """A sign of life, and how far the work is. None where the job is no longer this worker's."""
    further = case((table.c.progress < progress, progress), else_=table.c.progress)
    told = _mine(job).values(heartbeat_at=datetime.now(UTC), progress=further)
    if stage is not None:
        told = told.values(stage=stage)
    with store.writing() as conn:
        row = conn.execute(told.returning(table)).one_or_none()
    return None if row is None else Job.of(row)


def finished(conn: Connection, job: Job, result: Json) -> None:
    """Mark a job done, in the very transaction that publishes its outcome, so that both happen
    or neither does.

    Raises
    ------
    StoppedError : it was cancelled meanwhile, or is another worker's; let the transaction fail
    """
    values = _ended(DONE) | {"result": plain(result), "progress": 1.0}
    done = conn.execute(_mine(job).where(table.c.cancel_asked == 0).values(values))
    if done.rowcount != 1:
        raise StoppedError(
            f"job: {job.job_id} was cancelled or taken over before it was done. Nothing was"
            " published."
        )


def failed(store: Store, job: Job, problem: Json) -> None:
    """Mark a job failed, if it is still this worker's."""
    with store.writing() as conn:
        conn.execute(_mine(job).values(_ended(FAILED) | {"problem": problem}))


def cancelled(store: Store, job: Job) -> None:
    """Mark a job cancelled whose work has been stopped, if it is still this worker's."""
    with store.writing() as conn:
        conn.execute(_mine(job).values(_ended(CANCELLED)))


def put_back(store: Store, job: Job) -> None:
    """Queue a job again whose worker was told to stop; that costs it no attempt."""
    asked = table.c.cancel_asked == 1
    back = _mine(job).values(
        status=case((asked, CANCELLED), else_=QUEUED),
        finished_at=case((asked, datetime.now(UTC)), else_=None),
        attempts=table.c.attempts - 1,
    )
    with store.writing() as conn:
        conn.execute(back)


def killed(store: Store, job: Job, why: str) -> Job | None:
    """Queue a job again whose work was killed, or fail it where that has happened too often.

    Parameters
    ----------
    job : as it was seen: where it has moved since, nothing is done and None returned
    why : what killed it, for whoever reads that it failed
    """
    asked, now = table.c.cancel_asked == 1, datetime.now(UTC)
    moved = _mine(job)
    if job.attempts < MOST_ATTEMPTS:
        moved = moved.values(
            status=case((asked, CANCELLED), else_=QUEUED),
            finished_at=case((asked, now), else_=None),
        )
    else:
        problem = {
            "code": "worker-killed",
            "message": f"job: {why} {_TIMES.get(MOST_ATTEMPTS, 'too often')} while it ran, so it is"
            " not begun again. Look for what kills it, such as a lack of memory, and submit it"
            " anew. With CLV_LOG_LEVEL=debug the worker logs what a job prints.",
        }
        moved = moved.values(
            status=case((asked, CANCELLED), else_=FAILED),
            finished_at=now,
            problem=case((asked, null()), else_=literal(problem, JSON)),
        )
    with store.writing() as conn:
        row = conn.execute(moved.returning(table)).one_or_none()
    return None if row is None else Job.of(row)


def reclaim(store: Store, dead: Callable[[Job], bool]) -> list[Job]:
    """Take jobs from workers that are gone, as they are afterwards.

    Parameters
    ----------
    dead : whether a running job's worker is gone
    """
    with store.reading() as conn:
        running = listed(conn, status=RUNNING, limit=MOST_LISTED, oldest_first=True)
    taken = [killed(store, job, "its worker was killed") for job in running if dead(job)]
    return [job for job in taken if job is not None]


def _mine(job: Job) -> Update:
    # A worker may have the same job again after it lost it: the attempt tells the two apart.
    return update(table).where(
        table.c.job_id == job.job_id,
        table.c.status == RUNNING,
        table.c.worker == job.worker,
        table.c.attempts == job.attempts,
    )


def _ended(status: str) -> dict[str, Any]:
    return {"status": status, "finished_at": datetime.now(UTC)}
