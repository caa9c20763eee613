"""Forecasts for customers told by their orders; the API and SageMaker answer by it alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
from pydantic import ValidationError

from clv.apps.api.answers.appending import text_of
from clv.apps.api.answers.batches import checked, item_problems, require_few
from clv.apps.api.answers.serving import notices_of
from clv.apps.api.edge.faults import Fault
from clv.apps.api.edge.problems import invalid
from clv.apps.api.schemas.transactions import MOST_ORDERS, GuestBody, StayBody
from clv.core.errors import LogError
from clv.core.types import AsOf, Horizon
from clv.data.fields import BLANKS

if TYPE_CHECKING:
    from clv.apps.api.schemas.transactions import TransactionsBody
    from clv.core.types import Json
    from clv.ops.champion import Champion
    from clv.ops.rescoring import Scored

#: Field of an answer -> column of the forecasts.
_COLUMNS = {
    "CustomerID": "customer_id",
    "CLV": "clv",
    "CLV_lower": "clv_lower",
    "CLV_upper": "clv_upper",
    "group": "group",
    "P_alive": "p_alive",
    "P_purchase": "p_purchase",
    "expected_purchases": "expected_purchases",
    "expected_value": "expected_order_value",
    "RFM_Score": "rfm_score",
    "Segment": "segment",
    "CLV_Level": "clv_level",
    "Mismatch": "mismatch",
    "value_tier": "value_tier",
    "next_purchase_date": "next_purchase_date",
    "recommended_cac": "recommended_cac",
    "reasons": "reasons",
}


@dataclass
class _Asked:
    """Customers that can be used, their orders as rows, and what is wrong with the others.

    Attributes
    ----------
    guests : place among those sent -> customer
    rows : of all of them
    at : (rows,) place of the customer, and of the order in it
    """

    guests: dict[int, GuestBody] = field(default_factory=dict)
    rows: list[tuple[str, StayBody]] = field(default_factory=list)
    at: list[tuple[int, int]] = field(default_factory=list)
    problems: list[Json] = field(default_factory=list)


def forecast(
    champion: Champion, body: TransactionsBody, *, level: float | None = None, most: int = 1_000
) -> Json:
    """What customers are expected to spend: `schemas.transactions.GuestForecasts`.

    Parameters
    ----------
    level : of the intervals; the body's, or the run's, unless given
    most : customers that may come at once

    Raises
    ------
    ProblemError : more customers or orders than may come at once
    SettingError : a level that cannot be
    UnsuitedError : the run learned from a table of customers
    """
    require_few(body.customers, "customers", most)
    level = body.level if level is None else level
    asked = _asked(body)
    if len(asked.rows) > MOST_ORDERS:
        said = f"have {len(asked.rows):,} transactions; give at most {MOST_ORDERS:,} at once."
        raise invalid([Fault("body", "/customers", said)])
    scored, quarantine = _scored(champion, body, asked, level)
    told = {} if scored is None else _told(scored)
    problems = asked.problems + ([] if quarantine is None else _refused(asked, quarantine))
    for place, guest in asked.guests.items():
        if _key(guest) not in told:
            problems.append(
                {
                    "index": place,
                    "CustomerID": guest.customer_id,
                    "field": "/transactions",
                    "message": "No purchase is left: its orders came after the snapshot date, were"
                    " all returned, or could not be used. Nothing was forecast.",
                    "code": "no-purchase",
                }
            )
    answers = [
        {**told[_key(guest)], "CustomerID": guest.customer_id}
        for guest in asked.guests.values()
        if _key(guest) in told
    ]
    manifest = champion.run.manifest
    as_of = scored.as_of if scored is not None else None
    day = str(as_of or body.snapshot_date or champion.run.as_of)
    days = body.xdays or int(manifest["horizon_days"])
    return {
        "predictions": answers,
        "problems": sorted(problems, key=lambda each: each["index"]),
        "count": len(answers),
        "failed": len(body.customers) - len(answers),
        "level": champion.level if level is None else level,
        "snapshot_date": day,
        "xdays": days,
        "notices": notices_of(champion.run) + ([] if scored is None else list(scored.notices)),
        "model": manifest["champion"]["name"],
        "model_version": champion.version,
        "as_of": day,
        "horizon_days": days,
        "currency": manifest.get("currency"),
    }


def _asked(body: TransactionsBody) -> _Asked:
    found = _Asked()
    places: dict[str, int] = {}
    for place, item in enumerate(body.customers):
        try:
            guest = checked(item, GuestBody)
        except ValidationError as error:
            sent = item if isinstance(item, dict) else {}
            named = sent.get("CustomerID", sent.get("customer_id"))
            named = named if isinstance(named, str) else None
            wrong = item_problems(place, error, GuestBody)
            found.problems += [{**each, "CustomerID": named} for each in wrong]
            continue
        if _key(guest) in places:
            first = places[_key(guest)]
            found.problems.append(
                {
                    "index": place,
                    "CustomerID": guest.customer_id,
                    "field": "/CustomerID",
                    "message": f"is that of the customer at {first}. Send all orders of a customer"
                    " in one place.",
                    "code": "twice",
                }
            )
            continue
        places[_key(guest)] = place
        found.guests[place] = guest
        for number, order in enumerate(guest.transactions):
            found.rows.append((_key(guest), order))
            found.at.append((place, number))
    return found


def _key(guest: GuestBody) -> str:
    """The customer as a log has it, where blanks around an id are none of it."""
    return guest.customer_id.strip(BLANKS)


def _scored(
    champion: Champion, body: TransactionsBody, asked: _Asked, level: float | None
) -> tuple[Scored | None, pa.Table | None]:
    """Forecasts, where there is anything to forecast from, and the orders that cannot be used."""
    if not asked.rows:
        champion.require_orders()
        return None, None
    told = {name for _, order in asked.rows for name in order.model_fields_set}
    names = [name for name, of in StayBody.model_fields.items() if name in told or of.is_required()]
    columns = {
        name: pa.array([text_of(getattr(order, name)) for _, order in asked.rows], pa.string())
        for name in names
    }
    customers = pa.array([customer for customer, _ in asked.rows], pa.string())
    try:
        scored = champion.of_transactions(
            pa.table({"customer_id": customers, **columns}),
            as_of=None if body.snapshot_date is None else AsOf(body.snapshot_date),
            horizon=None if body.xdays is None else Horizon(body.xdays),
            level=level,
        )
    except LogError as error:
        # None of the orders can be used: each customer is told so.
        return None, error.quarantine
    return scored, scored.quarantine


def _told(scored: Scored) -> dict[str, Json]:
    """Customer -> answer."""
    answers = {}
    for row in scored.table.to_pylist():
        answer = {field: row[column] for field, column in _COLUMNS.items()}
        answer["P_return"] = row["p_purchase"] if row["group"] == "onetimer" else None
        answers[row["customer_id"]] = answer
    return answers


def _refused(asked: _Asked, quarantine: pa.Table) -> list[Json]:
    """What is wrong with single orders."""
    found = []
    for row in quarantine.to_pylist():
        place, number = asked.at[row["line"] - 1]
        found.append(
            {
                "index": place,
                "CustomerID": asked.guests[place].customer_id,
                "field": f"/transactions/{number}",
                "message": row["detail"] or row["rule"],
                "code": row["rule"],
            }
        )
    return found
