"""Orders as bodies have them, as rows of a log, and what became of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import ValidationError

from clv.apps.api.answers.batches import checked, item_problems, require_few
from clv.apps.api.schemas.orders import OrderBody
from clv.ops import orders

if TYPE_CHECKING:
    from clv.apps.api.schemas.orders import OrdersBody
    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json


def append(
    services: Services, body: OrdersBody, who: str, request_id: str, key: str | None
) -> Json:
    """Keep those orders that can be used: `schemas.orders.Appended`.

    Raises
    ------
    ProblemError : more orders than may come at once
    RunError, UnsuitedError, ConflictError : as `clv.ops.orders.append`
    """
    require_few(body.transactions, "transactions", services.settings.batch_limit)
    rows: dict[int, OrderBody] = {}
    problems: list[Json] = []
    for index, item in enumerate(body.transactions):
        try:
            rows[index] = checked(item, OrderBody)
        except ValidationError as error:
            problems += item_problems(index, error, OrderBody)
    done = orders.append(
        services.store,
        services.champions,
        _table(list(rows.values())),
        actor=who,
        request_id=request_id,
        key=key,
    )
    places = list(rows)
    problems += [
        {
            "index": places[each["index"]],
            "field": None,
            "message": each["detail"],
            "code": each["rule"],
        }
        for each in done.problems
    ]
    return {
        "accepted": done.accepted,
        "duplicates": done.duplicates,
        "failed": len(body.transactions) - done.accepted - done.duplicates,
        "problems": sorted(problems, key=lambda each: each["index"]),
        "forecasts": done.forecasts,
        "without_purchase": done.without_purchase,
        "as_of": done.as_of,
        "model_version": done.run_id,
        "currency": done.currency,
    }


def _table(rows: list[OrderBody]) -> pa.Table:
    """Texts, as a log has them; a column for each that any order tells."""
    told = {name for row in rows for name in row.model_fields_set}
    names = [
        name
        for name, field in OrderBody.model_fields.items()
        if name in told or field.is_required()
    ]
    return pa.table(
        {
            name: pa.array([text_of(getattr(row, name)) for row in rows], pa.string())
            for name in names
        }
    )


def text_of(value: Any) -> str | None:
    """A value of an order as a log has it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return str(value)
