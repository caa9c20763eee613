"""Orders that come in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import appending
from clv.apps.api.answers.encoding import answer
from clv.apps.api.edge import bodies
from clv.apps.api.edge.auth import actor
from clv.apps.api.edge.declare import needs
from clv.apps.api.schemas.orders import Appended, OrdersBody
from clv.apps.api.services import wiring
from clv.apps.api.services.wiring import request_id, services

router = APIRouter(tags=["customers"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,128}$",
        description="Any text of your own. The same orders sent again under the same key are kept"
        " once, and answered as before.",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]


@router.post(
    "/api/transactions",
    response_model=Appended,
    operation_id="append_transactions",
    summary="Keep orders, and forecast their customers anew",
)
@needs("train", takes=OrdersBody, problems=(404, 409), action="orders.append")
async def append(request: Request, idempotency_key: IdempotencyKey = None) -> Response:
    """Up to 1,000 orders. Those that cannot be used are told under `problems` by their index, and
    the others are kept. Once this answers, their customers' forecasts are what everybody sees.
    """
    body = await bodies.read(request, OrdersBody)
    return answer(
        await wiring.append(
            request,
            appending.append,
            services(request),
            body,
            actor(request).name,
            request_id(request),
            idempotency_key,
        )
    )
