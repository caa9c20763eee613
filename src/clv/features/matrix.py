"""All features of every customer as of a day: the one table that learners see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from clv.features.catalogue import PARTS, offered
from clv.features.exogenous import at_first, constant_row, recent
from clv.features.feature import resolved
from clv.features.grains import GRAINS, TOTALS, countries, with_ages
from clv.features.quality import KINDS, beginnings
from clv.features.standing import HOLIDAYS, holidays

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import ibis.expr.types as ir

    from clv.core.types import AsOf
    from clv.features.feature import Feature, Part
    from clv.features.reference import Reference
    from clv.features.seen import Seen, Sources

#: Grains of which the row of a customer is one already.
_OF_A_ROW = ("customer", "features")
#: Types of known columns, by what the reference says they are.
_TYPES = {"number": "float64", "text": "string", "date": "date"}


def matrix(
    sources: Sources, as_of: AsOf, reference: Reference, customers: Iterable[str] | None = None
) -> ir.Table:
    """One row a customer who had bought by a day, one column a feature.

    Parameters
    ----------
    as_of : last day observed; nothing later is read
    reference : what was learned of a population, as of the same day or an earlier one
    customers : those to look at; all unless given. Each has the same features as among all

    Returns
    -------
    customer_id and the features that these sources have, in the catalogue's order: int64, float64
    or text; empty where a feature is absent for a customer. Ordered by customer_id
    """
    seen = sources.seen(as_of, customers)
    features = offered(seen, reference)
    rows = _side_by_side(seen, features, reference)
    made = {
        feature.name: _made(feature, rows, reference)
        for feature in features
        if feature.grain != "features"
    }
    if "source" in rows.columns:
        made["source"] = rows.source
    # What is made of features comes second, so that each of them is worked out once.
    single = rows.select("customer_id", **made)
    every = {
        feature.name: single[feature.name]
        if feature.grain != "features"
        else _made(feature, single, reference)
        for feature in features
    }
    return single.select("customer_id", **every).order_by("customer_id")


def _made(feature: Feature, rows: ir.Table, reference: Reference) -> ir.Column:
    """The feature's column: a whole number, a number or a text."""
    if feature.grain in _OF_A_ROW:
        [column] = rows.bind(resolved(feature.expression, reference))
    else:
        column = rows[feature.name]
    kind = column.type()
    if kind.is_string() or kind.is_int64() or kind.is_float64():
        return column
    return column.cast("int64" if kind.is_integer() or kind.is_boolean() else "float64")


def _side_by_side(seen: Seen, features: Sequence[Feature], reference: Reference) -> ir.Table:
    """A row a customer, with the aggregates of every grain and all else known of them."""
    asked: dict[str, dict[str, Any]] = {"days": dict(TOTALS)}
    parts = [part for part in PARTS if seen.has.issuperset(part.needs)]
    asking: list[Part | Feature] = [*parts, *features]
    for one in asking:
        if one.grain not in _OF_A_ROW:
            asked.setdefault(one.grain, {})[one.name] = resolved(one.expression, reference)
    grouped = [
        GRAINS[grain](seen).group_by("customer_id").agg(**aggregates)
        for grain, aggregates in asked.items()
    ]
    days, *others = grouped
    others += [
        table
        for table in (
            _beginnings(seen, reference),
            _known(seen, reference),
            _holidays_by_customer(seen),
        )
        if table is not None
    ]
    rows = with_ages(days, seen)
    # In one chain: a projection between any two joins would cost as much as the join.
    joined = rows
    for place, table in enumerate(others):
        other = table.rename(**{f"joined_{place}": "customer_id"})
        joined = joined.left_join(other, rows.customer_id == other[f"joined_{place}"])
    constant = {}
    if "to_major" not in joined.columns:
        told = holidays(seen.country, seen.as_of.day)
        constant = {name: ibis.literal(told[name], kind) for name, kind in HOLIDAYS.items()}
        constant |= seen.standing.usual if seen.standing is not None else {}
    if seen.series is not None:
        firsts = at_first(seen)
        joined = joined.left_join(firsts, rows["first"] == firsts.first_day)
        constant |= constant_row(recent(seen))
    return joined.mutate(**constant)


def _beginnings(seen: Seen, reference: Reference) -> ir.Table | None:
    """How customers came, and the learned quality of each way."""
    told = beginnings(seen)
    if told is None:
        return None
    for kind in (kind for kind in KINDS if kind in told.columns):
        learned = reference.qualities.get(kind, {})
        table = ibis.memtable(
            {f"{kind}_level": list(learned), f"{kind}_learned": list(learned.values())},
            schema={f"{kind}_level": "string", f"{kind}_learned": "float64"},
        )
        told = told.left_join(table, told[kind] == table[f"{kind}_level"])
    return told


def _known(seen: Seen, reference: Reference) -> ir.Table | None:
    if seen.known is None:
        return None
    known = seen.known
    columns = {
        name: known[name].try_cast(_TYPES[kind])
        for name, kind in reference.known.items()
        if name in known.columns
    }
    if cost := seen.column("acquisition_cost"):
        columns["acquisition_cost"] = known[cost]
    return known.select("customer_id", **columns)


def _holidays_by_customer(seen: Seen) -> ir.Table | None:
    """Every customer's country and the days to its holidays; None where all share one."""
    told = countries(seen)
    if told is None:
        return None
    bought = seen.days.select("customer_id").distinct()
    each = bought.left_join(told, "customer_id").drop("customer_id_right")
    each = each.mutate(country=_.country.fill_null(seen.country))
    table = seen.standing.around if seen.standing is not None else _around(seen, told)
    return each.left_join(table, "country").drop("country_right")


def _around(seen: Seen, told: ir.Table) -> ir.Table:
    """The table `HOLIDAYS` of the customers' countries."""
    named = told.select("country").distinct().to_pyarrow()["country"].to_pylist()
    rows = [holidays(country, seen.as_of.day) for country in sorted({seen.country, *named})]
    columns = {name: [row[name] for row in rows] for name in HOLIDAYS}
    return ibis.memtable(columns, schema=HOLIDAYS)
