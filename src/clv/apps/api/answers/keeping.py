"""Answers kept for as long as what they were made from is what readers see."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clv.apps.api.answers.encoding import encoded
from clv.ops.store.publishing import current

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json
    from clv.ops.store.publishing import Current

Make = Callable[["Connection", "Current"], "Json"]


def kept(services: Services, what: str, make: Make) -> bytes:
    """An answer from the cache, or made now, in one snapshot of the store.

    Parameters
    ----------
    what : is asked; with the run and its revision it is the key

    Raises
    ------
    RunError : nothing is published
    """
    with services.store.reading() as conn:
        now = current(conn)
        key = f"{now.run_id}:{now.revision}:{what}"
        found = services.cache.get(key)
        if found is None:
            found = encoded(make(conn, now))
            services.cache.put(key, found, services.settings.cache_seconds)
        return found
