"""Runs that learned from a made-up shop: they must not take the place of a real one unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from clv.core.errors import RunError
from clv.ops.runs import MADE_UP
from clv.ops.store.publishing import current
from clv.ops.store.tables import run

if TYPE_CHECKING:
    from clv.ops.store.database import Store


def real_run_served(store: Store) -> bool:
    """Whether the champion learned from orders or customers that nobody made up.

    Raises
    ------
    StoreError : the store cannot be asked
    """
    with store.reading() as conn:
        try:
            run_no = current(conn).run_no
        except RunError:
            return False
        manifest = conn.execute(select(run.c.manifest).where(run.c.run_no == run_no)).scalar_one()
    return not manifest.get(MADE_UP)
