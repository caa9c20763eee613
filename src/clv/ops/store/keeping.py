"""How many published runs have their forecasts in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, text, update
from sqlalchemy.schema import DropTable

from clv.core.errors import StorageError, StoreError
from clv.ops.store.database import lock
from clv.ops.store.tables import forecasts_of, pointer, run, tally

if TYPE_CHECKING:
    from collections.abc import Collection

    from clv.ops.progress import Reporter
    from clv.ops.store.database import Store

#: Longest that PostgreSQL waits for those who still read a run that nobody is pointed to.
_WAIT = "5s"


def drop_old(
    store: Store, keep: int, reporter: Reporter, spared: Collection[int] = ()
) -> list[str]:
    """Drop forecasts of runs beyond the newest, except those that a pointer means.

    Each goes in a transaction of its own. One that is still being read, or cannot be dropped for
    another reason, stays until next time.

    Parameters
    ----------
    keep : loaded runs to keep, by when they were last published
    spared : numbers of runs to keep besides

    Returns
    -------
    ids of the runs that were dropped
    """
    dropped: list[str] = []
    try:
        old = _old(store, keep, spared)
    except (StoreError, StorageError) as error:
        reporter.note(f"forecasts of older runs stay for now ({error})")
        return dropped
    for run_no, run_id in old:
        try:
            dropped += [run_id] if _drop(store, run_no) else []
        except (StoreError, StorageError) as error:
            reporter.note(f"forecasts of {run_id} stay for now ({error})")
    return dropped


def _old(store: Store, keep: int, spared: Collection[int]) -> list[tuple[int, str]]:
    newest = (
        select(run.c.run_no, run.c.run_id)
        .where(run.c.loaded)
        .order_by(run.c.published_at.desc(), run.c.run_no.desc())
        .offset(keep)
    )
    with store.reading() as conn:
        kept = {*conn.scalars(select(pointer.c.run_no)), *spared}
        return [(row.run_no, row.run_id) for row in conn.execute(newest) if row.run_no not in kept]


def _drop(store: Store, run_no: int) -> bool:
    with store.writing() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text(f"SET LOCAL lock_timeout = '{_WAIT}'"))
        lock(conn, "publish")
        own = run.c.run_no == run_no
        # It may be meant again by now.
        if conn.scalars(select(pointer.c.name).where(pointer.c.run_no == run_no)).first():
            return False
        if not conn.execute(select(run.c.loaded).where(own)).scalar_one():
            return False
        conn.execute(update(run).where(own).values(loaded=False))
        conn.execute(delete(tally).where(tally.c.run_no == run_no))
        conn.execute(DropTable(forecasts_of(run_no)))
    return True
