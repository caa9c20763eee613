"""How many published runs have their forecasts in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, text, update
from sqlalchemy.schema import DropTable

from clv.core.errors import StoreError
from clv.ops.store.database import lock
from clv.ops.store.tables import forecasts_of, pointer, run, tally

if TYPE_CHECKING:
    from clv.ops.progress import Reporter
    from clv.ops.store.database import Store

#: Longest that PostgreSQL waits for those who still read a run that nobody is pointed to.
_WAIT = "5s"


def drop_old(store: Store, keep: int, reporter: Reporter) -> list[str]:
    """Drop forecasts of runs beyond the newest, except those that a pointer means.

    Each goes in a transaction of its own. One that is still being read stays until next time.

    Parameters
    ----------
    keep : loaded runs to keep, by when they were last published

    Returns
    -------
    ids of the runs that were dropped
    """
    meant = select(pointer.c.run_no)
    newest = (
        select(run.c.run_no, run.c.run_id)
        .where(run.c.loaded)
        .order_by(run.c.published_at.desc(), run.c.run_no.desc())
        .offset(keep)
    )
    with store.reading() as conn:
        pointed = set(conn.scalars(meant))
        old = [row for row in conn.execute(newest) if row.run_no not in pointed]
    dropped = []
    for row in old:
        try:
            if _drop(store, row.run_no):
                dropped.append(row.run_id)
        except StoreError as error:
            reporter.note(f"forecasts of {row.run_id} stay for now ({error})")
    return dropped


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
