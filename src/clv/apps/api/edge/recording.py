"""The audit of writes that have no transaction of their own to put it into."""

from __future__ import annotations

from starlette.requests import Request

from clv.apps.api.edge.auth import actor
from clv.apps.api.services.wiring import request_id, services
from clv.core.types import Json
from clv.ops import audit


async def record(
    request: Request, action: str, target: str | None = None, detail: Json | None = None
) -> None:
    """Note what was done, and by whom.

    Raises
    ------
    StoreError : it could not be written
    """
    here, who, number = services(request), actor(request).name, request_id(request)

    def put() -> None:
        with here.store.writing() as conn:
            audit.write(
                conn,
                actor=who,
                action=action,
                target=target,
                request_id=number,
                detail=detail,
            )

    await here.writing.surely(put)
