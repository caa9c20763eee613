"""Customers of the published run, as they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from clv.apps.api.answers.keeping import kept
from clv.apps.api.answers.serving import of_current, of_run
from clv.apps.api.edge.problems import ProblemError
from clv.ops import forecasts, orders
from clv.ops.store.publishing import current

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json
    from clv.ops.forecasts import CustomerQuery
    from clv.ops.store.publishing import Current


def page(services: Services, query: CustomerQuery, total: bool) -> bytes:
    """`schemas.customers.CustomerPage`."""

    def made(conn: Connection, now: Current) -> Json:
        found = forecasts.page(conn, now.run_no, query)
        return {
            **of_current(now),
            "customers": found.customers,
            "count": len(found.customers),
            "total": forecasts.counted(conn, now.run_no, query) if total else None,
            "next_cursor": found.next_cursor,
            "level": now.level,
        }

    what = f"{query.fingerprint}:{query.limit}:{query.cursor}:{total:d}"
    return kept(services, f"customers:{what}", made)


def one(conn: Connection, customer_id: str) -> Json:
    """`schemas.customers.CustomerTold`.

    Raises
    ------
    ProblemError : there is no such customer
    RunError : nothing is published
    """
    now = current(conn)
    found = forecasts.customer(conn, now.run_no, customer_id)
    if found is None:
        raise _unknown(customer_id, now.run_id)
    found["model_version"] = now.run_id
    found["currency"] = now.currency
    segment = found["segment"]
    found["links"] = {
        "history": f"/api/customers/{_quoted(customer_id)}/history",
        "segment": None if segment is None else f"/api/segments/{_quoted(segment)}",
    }
    return found


def history(services: Services, customer_id: str, limit: int) -> Json:
    """`schemas.customers.History`.

    Raises
    ------
    ProblemError : there is no such customer
    UnsuitedError : the run learned from a table of customers
    """
    serving, found = orders.history(services.store, services.champions, customer_id)
    if not found:
        raise _unknown(customer_id, serving.champion.version)
    return {
        **of_run(serving),
        "customer_id": customer_id,
        "orders": found[-limit:],
        "count": len(found),
    }


def _quoted(text: str) -> str:
    # Most ids need no quoting, which takes longer than to see that.
    return text if text.isascii() and text.isalnum() else quote(text, safe="")


def _unknown(customer_id: str, run_id: str) -> ProblemError:
    return ProblemError(
        404,
        "customer",
        f"customer: there is none with the id {customer_id[:64]!r} in run {run_id}. Ids are those"
        " of the log, capitals and leading zeros included.",
    )
