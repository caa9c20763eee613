"""What is forecast in a published run: by customer, by page, by segment, and in all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sqlalchemy import TextClause, select, text

from clv.core.errors import RunError, SettingError
from clv.ops.paging import (
    ID,
    UNKNOWN,
    CustomerQuery,
    Page,
    Place,
    cursor,
    findable,
    place_of,
)
from clv.ops.seeking import Seek
from clv.ops.store.database import rows
from clv.ops.store.replacing import remove_forecasts, replace_forecasts
from clv.ops.store.tables import forecasts_of, run
from clv.ops.store.tallying import CHANCES, NAMES, SUMS, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from clv.core.types import Bools, Json

__all__ = [
    "CustomerQuery",
    "Page",
    "counted",
    "customer",
    "page",
    "remove_forecasts",
    "replace_forecasts",
    "segments",
    "summary",
]

By = Literal["segment", "value_tier", "clv_level", "mismatch", "group", "channel"]

#: A customer as it is told, in this order.
TOLD = (
    *("customer_id", "group", "clv", "clv_lower", "clv_upper", "level", "p_alive", "p_purchase"),
    *("expected_purchases", "expected_order_value", "next_purchase_date"),
    *("next_purchase_earliest", "next_purchase_latest", "expected_gap_days", "historic_value"),
    *("rfm_r", "rfm_f", "rfm_m", "rfm_score", "segment", "value_tier", "clv_level", "mismatch"),
    *("recommended_cac", "reasons", "model", "as_of", "horizon_days", "channel", "purchases"),
    *("first_purchase", "last_purchase", "rescored_at"),
)
_OWN = tuple(name for name in TOLD if name not in NAMES)
_DAYS = tuple(
    place
    for place, name in enumerate(_OWN)
    if name.startswith("next_") or name in ("as_of", "first_purchase", "last_purchase")
)
_RESCORED = _OWN.index("rescored_at")
_in_order = itemgetter(*((*_OWN, *NAMES).index(name) for name in TOLD))


def customer(conn: Connection, run_no: int, customer_id: str) -> Json | None:
    """A customer's forecast; None where the run has no such customer."""
    if not findable(customer_id):
        return None
    found = rows(conn, _one(run_no), {"wanted": customer_id})
    return _told(found[0][: len(_OWN)], found[0][len(_OWN) :]) if found else None


def page(conn: Connection, run_no: int, query: CustomerQuery) -> Page:
    """Customers that meet the conditions, from where the page before ended.

    Of a million customers on SQLite a page of a hundred comes within 20 ms by any sort, under any
    set of names in the order of clv, and under any one range. What may take some tenths of a
    second: an order, other than names by clv, along which those who meet the conditions come
    last, as inactive customers by descending p_alive, or those of low risk by ascending clv.

    Raises
    ------
    SettingError : the cursor is broken, or of another query
    StaleCursorError : the cursor is of a run published before
    RunError : the forecasts are not in the store
    """
    place = place_of(run_no, query)
    tally = _tally(conn, run_no)
    seek = Seek(conn, run_no, query, tally)
    rows = seek.rows((*_OWN, "cell"), place, query.limit + 1)
    told = [_told(row[:-1], tally.names[row[-1]]) for row in rows[: query.limit]]
    if len(rows) <= query.limit:
        return Page(told, None)
    column, last = query.order[0], told[-1]
    ended = Place(None if column == ID else last[column], last[ID])
    return Page(told, cursor(run_no, query, ended))


def counted(conn: Connection, run_no: int, query: CustomerQuery) -> int:
    """How many customers meet the conditions, on all pages together.

    Names alone are answered from the cells at once; a range or a search is counted along its index,
    up to some tenths of a second for a million customers.
    """
    return Seek(conn, run_no, query, _tally(conn, run_no)).count()


def segments(conn: Connection, run_no: int, by: By = "segment") -> list[Json]:
    """Customers alike in one respect, together; the most valuable first.

    Each row has name, customers, share, total_clv, clv_share, mean_clv, historic_value,
    expected_purchases, mean_p_alive, mean_p_purchase, mean_recommended_cac, and the interval of
    total_clv where the run tells one, in proportion to what the total is now.

    Raises
    ------
    SettingError : no such respect
    RunError : the forecasts are not in the store
    """
    if by not in NAMES:
        raise SettingError(f"by: {by!r} is not one of {', '.join(NAMES)}.")
    return _segments(_tally(conn, run_no), by, _total(conn, run_no))


def summary(conn: Connection, run_no: int) -> Json:
    """All customers of a run together, and by each respect: what a dashboard begins with.

    totals; segments, value_tiers, clv_levels, mismatches, groups and channels as `segments` has
    them; and spread, the mean and the quantiles of figures as the run was published.
    """
    tally, total = _tally(conn, run_no), _total(conn, run_no)
    everybody = tally.customers > 0
    totals = _sums(tally, everybody)
    totals |= _interval(total, totals["total_clv"])
    groups = {row["name"]: row["customers"] for row in _segments(tally, "group", {})}
    for name in ("onetimer", "repeater"):
        totals[f"{name}s"] = None if groups.keys() <= {UNKNOWN} else groups.get(name, 0)
    spread = conn.execute(select(run.c.spread).where(run.c.run_no == run_no)).scalar_one()
    return {
        "totals": totals,
        **{plural: _segments(tally, by, total) for by, plural in zip(NAMES, _PLURALS, strict=True)},
        "spread": spread,
    }


_PLURALS = ("segments", "value_tiers", "clv_levels", "mismatches", "groups", "channels")


@lru_cache(maxsize=64)
def _one(run_no: int) -> TextClause:
    own = ", ".join(f"f.{name}" for name in _OWN)
    names = ", ".join(f't."{name}"' for name in NAMES)
    return text(
        f"SELECT {own}, {names} FROM {forecasts_of(run_no).name} f JOIN tally t"
        f" ON t.run_no = {run_no:d} AND t.cell = f.cell WHERE f.customer_id = :wanted"
    )


def _tally(conn: Connection, run_no: int) -> Tally:
    tally = Tally.of(conn, run_no)
    if not tally.names:
        raise RunError(
            "run: its forecasts are not in the store. Publish it again with `clv publish RUN`."
        )
    return tally


def _told(row: Sequence[Any], names: Sequence[str | None]) -> Json:
    values = [*row, *names]
    for place in _DAYS:
        # SQLite has days as texts already.
        if isinstance(values[place], date):
            values[place] = values[place].isoformat()
    if values[_RESCORED] is not None:
        values[_RESCORED] = _moment(values[_RESCORED])
    return dict(zip(TOLD, _in_order(values), strict=True))


def _moment(value: Any) -> str:
    at: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    utc: datetime = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return utc.isoformat()


def _total(conn: Connection, run_no: int) -> Json:
    manifest = conn.execute(select(run.c.manifest).where(run.c.run_no == run_no)).scalar_one()
    total: Json = manifest.get("total") or {}
    return total


def _segments(tally: Tally, by: str, total: Json) -> list[Json]:
    at = NAMES.index(by)
    names = np.array([cell[at] or UNKNOWN for cell in tally.names], dtype=object)
    intervals = total.get("by_segment", {}) if by == "segment" else {}
    everybody, value = tally.customers.sum(), np.nansum(tally.sums[:, 0])
    rows = []
    for name in dict.fromkeys(names):
        here = (names == name) & (tally.customers > 0)
        if not here.any():
            continue
        sums = _sums(tally, here)
        rows.append(
            {
                "name": name,
                **sums,
                "share": sums["customers"] / int(everybody),
                "clv_share": sums["total_clv"] / float(value) if value > 0 else None,
                **_interval(intervals.get(name, {}), sums["total_clv"]),
            }
        )
    return sorted(rows, key=lambda row: (-row["total_clv"], row["name"]))


def _sums(tally: Tally, here: Bools) -> Json:
    counts, figures = tally.customers[here], tally.sums[here]
    sums: dict[str, float | None] = {}
    means: dict[str, float | None] = {}
    for place, name in enumerate(SUMS):
        told = ~np.isnan(figures[:, place])
        total = float(figures[told, place].sum())
        among = tally.known[here, CHANCES.index(name)] if name in CHANCES else counts[told]
        customers = int(among.sum())
        sums[name] = total if told.any() else None
        means[name] = total / customers if customers else None
    return {
        "customers": int(counts.sum()),
        "total_clv": sums["clv"] or 0.0,
        "mean_clv": means["clv"],
        "historic_value": sums["historic_value"],
        "expected_purchases": sums["expected_purchases"],
        "mean_p_alive": means["p_alive"],
        "mean_p_purchase": means["p_purchase"],
        "mean_recommended_cac": means["recommended_cac"],
    }


def _interval(told: Json, value: float) -> Json:
    """Of a total as it is now: as far from it, in proportion, as when the run was made."""
    clv, ends = told.get("clv"), (told.get("lower"), told.get("upper"))
    if not clv or None in ends:
        return {"total_clv_lower": None, "total_clv_upper": None}
    scale = value / clv
    return {"total_clv_lower": ends[0] * scale, "total_clv_upper": ends[1] * scale}
