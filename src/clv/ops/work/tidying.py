"""What jobs leave behind, removed once nobody needs it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, tuple_

from clv.ops import keys, runs, uploads
from clv.ops.store.tables import audit, reply
from clv.ops.work import jobs
from clv.ops.work.workplace import BACKTESTS, JOBS, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Table

    from clv.ops.store.database import Store
    from clv.ops.work.workplace import Workplace

#: How long uploads, made-up shops and backtests are kept, answers under an Idempotency-Key, and
#: what the audit says of those without a key.
KEPT = timedelta(days=30)
#: Rows removed in one transaction: others write between two.
_LOT = 5_000


def forget(place: Workplace, job_id: str) -> None:
    """Remove what a job kept for being begun again."""
    shutil.rmtree(place.folder_of(job_id), ignore_errors=True)


def tidy(place: Workplace, store: Store) -> None:
    """Remove folders of jobs that are over, unfinished runs of the dead, and what is old.

    Raises
    ------
    StoreError : the store cannot be asked which jobs still need theirs, or written
    """
    with store.reading() as conn:
        open_ = [
            job
            for status in (jobs.QUEUED, jobs.RUNNING)
            for job in jobs.listed(conn, status=status, limit=jobs.MOST_LISTED)
        ]
    ids = {job.job_id for job in open_}
    before = datetime.now(UTC) - KEPT
    for folder in (place.home / JOBS).glob("*"):
        # One that has just been queued may be missing among those listed.
        if folder.name not in ids and _age(folder) > timedelta(hours=1):
            forget(place, folder.name)
    for made in (SAMPLES, BACKTESTS):
        for folder in (place.home / made).glob("*"):
            if _age(folder) > KEPT and folder.name not in ids:
                shutil.rmtree(folder, ignore_errors=True)
    for made in (SAMPLES, "runs"):
        runs.sweep(place.home / made)
    needed = {word for job in open_ for word in _words(job.params)}
    uploads.remove_old(place.home, before, needed)
    _remove(store, reply, reply.c.at < before)
    # What is known of whom stays: strangers alone could write without end.
    _remove(store, audit, audit.c.at < before, audit.c.actor == keys.STRANGER)


def _remove(store: Store, table: Table, *old: ColumnElement[bool]) -> None:
    # Looked for by a read, which holds up nobody, however much there is to look through.
    wanted = select(*table.primary_key).where(*old).limit(_LOT)
    while True:
        with store.reading() as conn:
            found = [tuple(row) for row in conn.execute(wanted)]
        if found:
            with store.writing() as conn:
                conn.execute(delete(table).where(*old, tuple_(*table.primary_key).in_(found)))
        if len(found) < _LOT:
            return


def _age(path: Path) -> timedelta:
    try:
        changed = path.stat().st_mtime
    except OSError:
        return timedelta(0)
    return datetime.now(UTC) - datetime.fromtimestamp(changed, UTC)


def _words(value: Any) -> Iterator[str]:
    """Every text in a job's parameters: ids of uploads are among them."""
    if isinstance(value, str):
        yield value.removeprefix("upload:")
    elif isinstance(value, dict):
        for each in value.values():
            yield from _words(each)
