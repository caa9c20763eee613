"""What the world was like: series by date, such as marketing spend or market data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from clv.features.feature import Feature
from clv.features.formulas import number

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from clv.features.seen import Seen

PATTERN = "series_<column>"
SOURCE = "S2; series by date"
#: Days over which a series is averaged.
SHORT, LONG = 30, 90
#: Numbers of a series, rounded so that their sums are exact.
ROUNDED = "decimal(24, 6)"


def series_features(names: tuple[str, ...]) -> tuple[Feature, ...]:
    """Features of each series.

    Parameters
    ----------
    names : columns, as series_...
    """
    return tuple(feature for name in names for feature in _features(name))


def _features(name: str) -> tuple[Feature, ...]:
    told = name.removeprefix("series_")
    now, before = _[f"{name}_mean_{SHORT}d"], _[f"{name}_before"]
    return (
        *(
            Feature(
                f"{name}_mean_{days}d",
                f"mean of {told} over the {days} days up to as_of; the same for all customers",
                "as told",
                "no value in those days",
                SOURCE,
                _[f"{name}_mean_{days}d"],
                of_day=True,
            )
            for days in (SHORT, LONG)
        ),
        Feature(
            f"{name}_change",
            f"mean of {told} over the last {SHORT} days less that over the {SHORT} before, over"
            " the sum of both without sign; the same for all customers",
            "-1 to 1",
            f"no value in one of them, or 0 in both {SHORT} days",
            SOURCE,
            (now - before) / (now.abs() + before.abs()).nullif(0.0),
            of_day=True,
        ),
        Feature(
            f"{name}_at_first",
            f"{told} on the day of the first purchase, or the last value before it",
            "as told",
            "no value up to that day",
            f"{SOURCE}, date",
            _[f"{name}_at_first"],
        ),
    )


def recent(seen: Seen) -> ir.Table:
    """One row: means of every series over the last days, columns as the features name them."""
    assert seen.series is not None
    told = seen.series.mutate(today=seen.today)
    told = told.mutate(ago=_.today.delta(_.date, unit="day").cast("int64"))
    means = {}
    for name in series_columns(seen):
        value = _[name].try_cast(ROUNDED)
        for column, inside in (
            (f"{name}_mean_{SHORT}d", _.ago < SHORT),
            (f"{name}_mean_{LONG}d", _.ago < LONG),
            (f"{name}_before", (_.ago >= SHORT) & (_.ago < 2 * SHORT)),
        ):
            count = value.count(where=inside)
            means[column] = number(value.sum(where=inside)) / number(count).nullif(0.0)
    return told.agg(**means)


def at_first(seen: Seen) -> ir.Table:
    """What every series was on each day on which a customer came first.

    Returns
    -------
    first_day and, of each series, its last value up to that day
    """
    assert seen.series is not None
    firsts = seen.days.group_by("customer_id").agg(first_day=_.date.min())
    days = firsts.select("first_day").distinct()
    told = days
    for name in series_columns(seen):
        values = seen.series.filter(_[name].notnull()).select("date", name)
        before = days.join(values, days.first_day >= values.date)
        last = before.group_by("first_day").agg(valued=_.date.max())
        found = last.join(values, last.valued == values.date)
        found = found.select(found_day=_.first_day, **{f"{name}_at_first": _[name]})
        told = told.left_join(found, told.first_day == found.found_day).drop("found_day")
    return told


def series_columns(seen: Seen) -> tuple[str, ...]:
    return () if seen.series is None else tuple(n for n in seen.series.columns if n != "date")


def constant_row(table: ir.Table) -> dict[str, ibis.Scalar]:
    """The values of a table of one row, each to be a column of another."""
    row = table.to_pyarrow().to_pylist()[0]
    return {name: ibis.literal(value, "float64") for name, value in row.items()}
