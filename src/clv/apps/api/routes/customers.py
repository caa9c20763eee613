"""Customers of the published run."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers import customers
from clv.apps.api.answers.encoding import answer, of_bytes
from clv.apps.api.edge.declare import needs
from clv.apps.api.routes.params import Limit, within_page
from clv.apps.api.schemas.customers import CustomerPage, CustomerTold, History
from clv.apps.api.schemas.filters import CustomerFilters
from clv.apps.api.services.wiring import change, read, recall, services

router = APIRouter(tags=["customers"])

CustomerId = Annotated[
    str,
    Path(description="As in the log, capitals and leading zeros included.", examples=["C000001"]),
]


@router.get(
    "/api/customers",
    response_model=CustomerPage,
    operation_id="list_customers",
    summary="Customers by page, filtered and sorted",
)
@needs("read", problems=(404, 409))
async def list_customers(request: Request, asked: Annotated[CustomerFilters, Query()]) -> Response:
    """The most valuable first, unless asked otherwise. A page says by `next_cursor` where the next
    one begins; a cursor of a run that is no longer served is answered with 409.
    """
    here = services(request)
    query = asked.query(within_page(here, asked.limit))
    # A rare condition, or a count, may look at every customer there is.
    return of_bytes(await change(customers.page, here, query, asked.total))


# Ids may have slashes in them.
@router.get(
    "/api/customers/{customer_id:path}/history",
    response_model=History,
    operation_id="customer_history",
    summary="Orders of a customer",
)
@needs("read", problems=(404, 409))
async def history(request: Request, customer_id: CustomerId, limit: Limit = 100) -> Response:
    """The newest last; beyond the limit the oldest are left out."""
    here = services(request)
    limit = within_page(here, limit)
    return answer(await recall(request, customers.history, here, customer_id, limit))


@router.get(
    "/api/customers/{customer_id:path}",
    response_model=CustomerTold,
    operation_id="get_customer",
    summary="A customer's forecast, next order and reasons",
)
@needs("read", problems=(404,))
async def get_customer(request: Request, customer_id: CustomerId) -> Response:
    return answer(await read(request, customers.one, customer_id))
