"""How good a source, campaign or first category is, learned from what its customers spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
from ibis import _

from clv.features.grains import campaigns, categories, channels, logged_countries

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from clv.core.types import Floats
    from clv.features.seen import Seen

#: What customers are told apart by, each with its column of `beginnings`.
KINDS = ("source", "first_campaign", "first_category")
#: Customers of average quality that each level is thought to have besides its own.
PRIOR_CUSTOMERS = 20
#: Ages in days that part customers: only those equally long known are compared.
AGES = (7, 30, 90, 180, 365, 730)
#: Levels remembered, those with the most customers; the others are of average quality.
MOST_LEVELS = 1_000


def beginnings(seen: Seen) -> ir.Table | None:
    """How customers came, of those where it is known.

    Returns
    -------
    customer_id and, where there is such a column, source (what the table of customers says, else
    the channel group of the first purchase), first_channel, first_country, first_campaign and
    first_category; None where there is none of them
    """
    tables = []
    if "channel_group" in seen.has:
        tables.append(_earliest(channels(seen), "first_channel"))
    if "campaign" in seen.has:
        tables.append(_earliest(campaigns(seen), "logged_campaign"))
    if "category" in seen.has:
        tables.append(_earliest(categories(seen), "first_category"))
    if "customer_country" in seen.has:
        tables.append(_earliest(logged_countries(seen), "first_country"))
    source, campaign = seen.column("acquisition_source"), seen.column("acquisition_campaign")
    if seen.known is not None and (source or campaign):
        named = {
            name: seen.known[column]
            for name, column in (("told_source", source), ("told_campaign", campaign))
            if column
        }
        tables.append(seen.known.select("customer_id", **named))
    if not tables:
        return None
    joined = tables[0]
    for table in tables[1:]:
        other = table.rename(joined_id="customer_id")
        joined = joined.outer_join(other, joined.customer_id == other.joined_id)
        joined = joined.mutate(customer_id=_.customer_id.coalesce(_.joined_id)).drop("joined_id")
    for name, parts in (
        ("source", ("told_source", "first_channel")),
        ("first_campaign", ("told_campaign", "logged_campaign")),
    ):
        if there := [joined[part] for part in parts if part in joined.columns]:
            joined = joined.mutate(**{name: ibis.coalesce(*there)})
    kept = [name for name in ("first_channel", "first_country", *KINDS) if name in joined.columns]
    return joined.select("customer_id", *kept)


def learn_qualities(customers: ir.Table, cap: float) -> dict[str, dict[str, float]]:
    """Quality of each level of each kind that the customers are told apart by.

    Parameters
    ----------
    customers : a row a customer: T (days since the first purchase), total (net spend) and the
        columns of `beginnings`
    cap : spend beyond it does not count, so that no single customer makes a source good

    Returns
    -------
    kind -> level -> quality: what the level's customers spent so far, over what all customers of
    their ages spent on average; 1 is average. Drawn toward 1 as if the level had
    `PRIOR_CUSTOMERS` more customers with average spend
    """
    spend = ibis.least(_.total.cast("float64"), cap).cast("decimal(18, 4)")
    aged = customers.mutate(
        counted=spend,
        age=sum((_["T"] > age).cast("int64") for age in AGES),
    )
    return {kind: _qualities(aged, kind) for kind in KINDS if kind in customers.columns}


def _qualities(customers: ir.Table, kind: str) -> dict[str, float]:
    grouped = customers.group_by(level=customers[kind], age=customers.age)
    rows = grouped.agg(n=_.count(), spent=_.counted.sum().cast("float64")).to_pyarrow()
    told = sorted(rows.to_pylist(), key=lambda row: (row["level"] or "", row["age"]))
    if not told:
        return {}
    n, spent = _column(told, "n"), _column(told, "spent")
    age = _column(told, "age").astype(np.int64)
    by_age = np.bincount(age, n), np.bincount(age, spent)
    expected = n * (by_age[1] / np.maximum(by_age[0], 1))[age]
    prior = PRIOR_CUSTOMERS * spent.sum() / n.sum()
    sums: dict[str, Floats] = {}
    for row, figures in zip(told, np.stack([n, spent, expected], axis=1), strict=True):
        if row["level"] is not None:
            sums[row["level"]] = sums.get(row["level"], np.zeros(3)) + figures
    most = sorted(sums, key=lambda level: (-sums[level][0], level))[:MOST_LEVELS]
    if prior == 0:
        return dict.fromkeys(sorted(most), 1.0)
    return {
        level: float((sums[level][1] + prior) / (sums[level][2] + prior)) for level in sorted(most)
    }


def _column(rows: list[dict[str, float]], name: str) -> Floats:
    return np.array([row[name] for row in rows], dtype=np.float64)


def _earliest(table: ir.Table, name: str) -> ir.Table:
    first = table.filter(_.place_in_time == 0)
    return first.select("customer_id", **{name: first.level})
