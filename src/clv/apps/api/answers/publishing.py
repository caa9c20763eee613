"""Which run is served: listed, and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.ops import promotion
from clv.ops.store import publishing

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json

#: What nobody but the machine's own needs to know.
_HIDDEN = frozenset({"folder", "run_no"})


def listed(conn: Connection, limit: int) -> Json:
    """`schemas.runs.Runs`."""
    found = [
        {name: value for name, value in run.items() if name not in _HIDDEN}
        for run in publishing.listed(conn, limit)
    ]
    return {"runs": found, "count": len(found)}


def rolled_back(services: Services, name: str, who: str, request_id: str) -> Json:
    """The run before the one that is served, served again: `schemas.runs.Moved`.

    Raises
    ------
    RunError : there is none, or its forecasts are no longer in the store
    """
    done = promotion.take_back(
        services.store,
        services.settings.machine(),
        name=name,
        actor=who,
        request_id=request_id,
    )
    return {"name": done.name, "run_id": done.run_id, "revision": done.revision}
