"""A run in charge, and taken back, with the orders that came in since it was made."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from clv.ops.champion import Champion
from clv.ops.champions import Champions, Serving
from clv.ops.orders import catch_up, waiting
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
    # Read before the transaction: on SQLite whoever writes waits for its end.
    champion = Champion.load(run, machine)
    try:
        if waiting(store, run):
            champion.warm(datetime.now(UTC).date())
        both = partial(_with_orders, champion, besides)
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
    besides: Besides | None = None,
) -> Published:
    """Make the run before the one in charge again, with the orders that came in since.

    Parameters
    ----------
    besides : is called last in the transaction

    Raises
    ------
    RunError : there is none, or its forecasts are no longer in the store
    StoreError : the store cannot be written
    """
    with Champions(store, machine) as champions:
        both = besides
        if name == CHAMPION:
            # Read before the transaction here, too; if others publish meanwhile, in it.
            with store.reading() as conn:
                coming = publishing.preceding(conn)
            champions.loaded(*coming)
            both = partial(_caught_up, champions, besides)
        return publishing.rollback(store, name=name, actor=actor, besides=both)


def _caught_up(
    champions: Champions, besides: Besides | None, conn: Connection, now: Current
) -> None:
    _with_orders(champions.loaded(now.run_no, now.folder), besides, conn, now)


def _with_orders(
    champion: Champion, besides: Besides | None, conn: Connection, now: Current
) -> None:
    catch_up(conn, Serving(now, champion))
    if besides is not None:
        besides(conn, now)
