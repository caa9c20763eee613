"""A run in charge, and taken back, with the orders that came in since it was made."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from clv.ops.catchingup import Ahead, catch_up, score_ahead
from clv.ops.champion import Champion
from clv.ops.champions import Champions, Serving
from clv.ops.store import publishing
from clv.ops.store.publishing import CHAMPION

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.ops.machine import Machine
    from clv.ops.progress import Reporter
    from clv.ops.runs import Run
    from clv.ops.store.database import Store
    from clv.ops.store.publishing import Besides, Current, Published


def promote(
    store: Store,
    machine: Machine,
    run: Run,
    *,
    actor: str = "cli",
    reporter: Reporter | None = None,
    keep: int = publishing.KEEP,
    besides: Besides | None = None,
) -> Published:
    """Publish a run as the champion.

    Customers of whom orders came in that it does not know are scored anew by it, in the same
    transaction: readers see the run with these orders, or the run before.

    Parameters
    ----------
    besides : is called last in the transaction

    Raises
    ------
    RunError : the run's folder is unfinished, or a file in it missing or broken
    StoreError, StorageError : the store could not take it; it is as it was
    """
    # Before the transaction: on SQLite whoever writes waits for its end.
    champion = Champion.load(run, machine)
    try:
        both = partial(_with_orders, champion, score_ahead(store, champion), besides)
        return publishing.publish(
            store, run, actor=actor, reporter=reporter, keep=keep, besides=both
        )
    finally:
        champion.close()


def take_back(
    store: Store,
    machine: Machine,
    *,
    name: str = CHAMPION,
    actor: str = "cli",
    request_id: str | None = None,
    besides: Besides | None = None,
) -> Published:
    """Make the run before the one in charge again, with the orders that came in since.

    Parameters
    ----------
    actor, request_id : who asks, for the audit
    besides : is called last in the transaction

    Raises
    ------
    RunError : there is none, or its forecasts are no longer in the store
    StoreError : the store cannot be written
    """
    with Champions(store, machine) as champions:
        both = besides
        if name == CHAMPION:
            # Before the transaction here, too; if others publish meanwhile, in it.
            with store.reading() as conn:
                run_no, folder = publishing.preceding(conn)
            ahead = score_ahead(store, champions.loaded(run_no, folder))
            both = partial(_caught_up, champions, {run_no: ahead}, besides)
        return publishing.rollback(
            store, name=name, actor=actor, request_id=request_id, besides=both
        )


def _caught_up(
    champions: Champions,
    ahead: dict[int, Ahead],
    besides: Besides | None,
    conn: Connection,
    now: Current,
) -> None:
    champion = champions.loaded(now.run_no, now.folder)
    _with_orders(champion, ahead.get(now.run_no, Ahead()), besides, conn, now)


def _with_orders(
    champion: Champion, ahead: Ahead, besides: Besides | None, conn: Connection, now: Current
) -> None:
    catch_up(conn, Serving(now, champion), ahead)
    if besides is not None:
        besides(conn, now)
