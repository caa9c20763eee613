"""Customers by segment, tier, level, group or channel, as they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from clv.apps.api.answers.keeping import kept
from clv.apps.api.answers.serving import of_current
from clv.apps.api.edge.problems import ProblemError
from clv.apps.api.schemas import segmentnames
from clv.ops import forecasts
from clv.ops.forecasts import CustomerQuery
from clv.ops.paging import UNKNOWN
from clv.segments.advice import advice

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json
    from clv.ops.forecasts import By
    from clv.ops.store.publishing import Current

#: Respect -> parameter of /api/customers that asks for it.
PARAMETERS = {"value_tier": "tier", "clv_level": "level"}
MOST_TOP = 100


def listed(services: Services, by: By, active: bool) -> bytes:
    """`schemas.segments.Segments`.

    Parameters
    ----------
    active : those with customers only
    """

    def made(conn: Connection, current: Current) -> Json:
        rows = [_told(by, row) for row in forecasts.segments(conn, current.run_no, by)]
        if not active:
            rows += _empty(by, {row["name"] for row in rows})
        return {
            **of_current(current),
            "by": by,
            "segments": rows,
            "count": len(rows),
            "customers": sum(row["customers"] for row in rows),
            "total_clv": sum(row["total_clv"] for row in rows),
            "level": current.level,
        }

    return kept(services, f"segments:{by}:{active:d}", made)


def one(services: Services, asked: str, by: By | None, top: int) -> bytes:
    """`schemas.segments.SegmentDetail`.

    Raises
    ------
    SettingError : no such name in the respect that is asked for
    ProblemError : no customer has such a name
    """
    if by is None:
        meant, name = segmentnames.meant(asked)
    else:
        meant, name = by, segmentnames.named(by, asked)

    def made(conn: Connection, current: Current) -> Json:
        found = forecasts.segments(conn, current.run_no, cast("By", meant))
        rows = [_told(meant, row) for row in found]
        rows += _empty(meant, {row["name"] for row in rows})
        row = next((row for row in rows if row["name"] == name), None)
        if row is None:
            raise ProblemError(
                404,
                "segment",
                f"segment: there is none of the name {asked[:64]!r}. /api/segments?by= lists them.",
            )
        query = CustomerQuery(**{meant: (name,)}, limit=top)  # type: ignore[arg-type]
        return {
            **of_current(current),
            "segment": row,
            "top_customers": forecasts.page(conn, current.run_no, query).customers,
            "level": current.level,
        }

    return kept(services, f"segment:{meant}:{top}:{name}", made)


def told(by: str, rows: list[Json]) -> list[Json]:
    """Rows of `clv.ops.forecasts` as `schemas.segments.SegmentTold`."""
    return [_told(by, row) for row in rows]


def _told(by: str, row: Json) -> Json:
    name = row["name"]
    parameter = PARAMETERS.get(by, by)
    return {
        **row,
        "by": by,
        "advice": advice(by, name),
        "aliases": segmentnames.aliases_of(by, name),
        "customers_link": f"/api/customers?{parameter}={quote(name, safe='')}",
    }


def _empty(by: str, there: set[str]) -> list[Json]:
    """Names that no customer has, of respects that the run knows."""
    if there <= {UNKNOWN}:
        return []
    nothing = dict.fromkeys(
        (
            *("clv_share", "mean_clv", "total_clv_lower", "total_clv_upper", "mean_p_alive"),
            *("mean_p_purchase", "historic_value", "mean_recommended_cac", "expected_purchases"),
        )
    )
    return [
        _told(by, {**nothing, "name": name, "customers": 0, "share": 0.0, "total_clv": 0.0})
        for name in segmentnames.KNOWN.get(by, ())
        if name not in there
    ]
