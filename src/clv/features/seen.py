"""What may be seen as of a day: the ledger, what is known of customers, and series by date."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis
from ibis import _

from clv.core.errors import ColumnError, SettingError
from clv.features.festivals import country_code

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from datetime import date

    import ibis.expr.types as ir

    from clv.core.types import AsOf
    from clv.features.ledger import Ledger
    from clv.features.standing import Standing

#: Names under which a table of customers tells what features are made of, best first.
USUAL: dict[str, tuple[str, ...]] = {
    "acquisition_cost": (
        "acquisition_cost",
        "cac",
        "cost_per_acquisition",
        "customer_acquisition_cost",
    ),
    "acquisition_source": ("acquisition_source", "acquisition_channel", "acquisition", "source"),
    "acquisition_campaign": ("acquisition_campaign", "campaign_type", "campaign"),
    "country": ("country", "country_code"),
}
_NUMBERED = ("acquisition_cost",)


@dataclass(frozen=True)
class Seen:
    """All that is known as of a day; no row of it is later.

    Attributes
    ----------
    days : purchase days, as `Ledger.as_of` tells them
    returned : as `Ledger.returned_as_of` tells; None where returns were left out
    lines : accepted rows; None where the ledger has none
    known : customer_id and columns known_...: float64, text or date, empty where not known
    series : date and columns series_...: float64
    first_year : year of the first purchase of the log
    country : two letters, of customers whose country is not known
    has : optional columns and other things known, that features may need
    today : the day itself, to be bound to a column before days are counted from it
    standing : where a statement that is asked again finds holidays
    """

    as_of: AsOf
    days: ir.Table
    returned: ir.Table | None
    lines: ir.Table | None
    known: ir.Table | None
    series: ir.Table | None
    first_year: int
    country: str
    has: frozenset[str]
    today: ir.Value
    standing: Standing | None = None

    @property
    def known_columns(self) -> tuple[str, ...]:
        """Columns known of customers, as features name them."""
        return () if self.known is None else tuple(self.known.columns[1:])

    def column(self, what: str) -> str | None:
        """The column of `known` that tells it, if one does; a key of `USUAL`."""
        return None if self.known is None else _usual(self.known, what)


@dataclass(frozen=True)
class Sources:
    """Where features come from.

    Attributes
    ----------
    known : what is known of customers besides their orders: customer_id as text, a row a
        customer, and any columns
    series : what is known of days: a date, once, and any number columns
    country : code of the country whose holidays count where a customer's is not known
    standing : where statements that are asked again find holidays; None for others

    Raises
    ------
    ColumnError : a table lacks its first column, or has a customer or a day twice
    SettingError : no such country
    """

    ledger: Ledger
    known: ir.Table | None = None
    series: ir.Table | None = None
    country: str = "US"
    standing: Standing | None = None

    def __post_init__(self) -> None:
        if country_code(self.country) is None:
            raise SettingError(
                f"country: {self.country!r} is none whose holidays are known. Write two letters,"
                " as in GB or DE."
            )
        _once(self.known, "customer_id", "customers")
        _once(self.series, "date", "series")

    def seen(self, as_of: AsOf, customers: Iterable[str] | None = None) -> Seen:
        """The sources as of a day. Here, and in the ledger, what is later is cut away.

        Parameters
        ----------
        customers : those to look at; all unless given
        """
        ledger = self.ledger
        if customers is not None:
            wanted = ibis.memtable({"customer_id": list(customers)}, schema={"customer_id": "str"})
            ledger = ledger.only(wanted)
        days, lines = ledger.as_of(as_of), ledger.lines_as_of(as_of)
        known = None if self.known is None else _known(self.known)
        series = None
        if self.series is not None:
            past = self.series.mutate(date=_.date.cast("date")).filter(
                _.date <= ibis.literal(as_of.day)
            )
            series = _series(past)
        has = set() if lines is None else set(lines.columns)
        has |= {"channel_group"} & set(days.columns)
        has |= {"returns"} if ledger.returns != "drop" else set()
        if known is not None:
            has |= {what for what in USUAL if _usual(known, what)}
        if has & {"acquisition_source", "channel_group"}:
            has.add("source")
        if has & {"acquisition_campaign", "campaign"}:
            has.add("first_campaign")
        return Seen(
            as_of=as_of,
            days=days,
            returned=ledger.returned_as_of(as_of),
            lines=lines,
            known=known,
            series=series,
            first_year=self._first_day(as_of).year,
            country=str(country_code(self.country)),
            has=frozenset(has),
            today=ledger.day(as_of),
            standing=self.standing,
        )

    def shape(self) -> Hashable | None:
        """All that expressions over the sources depend on but rows; None where rows are in them."""
        if self.series is not None:
            return None
        tables = (self.ledger.lines, self.ledger.refunds, self.known)
        columns = tuple(None if each is None else each.schema() for each in tables)
        return (self.ledger.returns, self.country, columns)

    def countries(self) -> set[str]:
        """Countries as customers name them."""
        named: set[str] = set()
        lines = self.ledger.lines
        if lines is not None and "customer_country" in lines.columns:
            named |= _distinct(lines, "customer_country")
        if self.known is not None:
            known = _known(self.known)
            if column := _usual(known, "country"):
                named |= _distinct(known, column)
        return named

    def again(self, standing: Standing) -> Sources:
        """The same for statements that are asked again, as of other days."""
        return replace(self, ledger=replace(self.ledger, again=True), standing=standing)

    def _first_day(self, as_of: AsOf) -> date:
        found = self.ledger.bought.agg(first=_.date.min()).to_pyarrow()["first"][0].as_py()
        return min(found or as_of.day, as_of.day)


def plain_names(names: Iterable[str], prefix: str) -> dict[str, str]:
    """Column -> its name among features: lower case, words parted by _, told apart by a number."""
    told: dict[str, str] = {}
    for name in names:
        plain = prefix + (re.sub(r"\W+", "_", name.lower()).strip("_") or "column")
        again, number = plain, 2
        while again in told.values():
            again, number = f"{plain}_{number}", number + 1
        told[name] = again
    return told


def _distinct(table: ir.Table, name: str) -> set[str]:
    found = table.select(name).distinct().to_pyarrow()[name].to_pylist()
    return {str(each) for each in found if each}


def _usual(known: ir.Table, what: str) -> str | None:
    numbers = what in _NUMBERED
    return next(
        (
            f"known_{name}"
            for name in USUAL[what]
            if f"known_{name}" in known.columns
            and known[f"known_{name}"].type().is_numeric() == numbers
        ),
        None,
    )


def _once(table: ir.Table | None, key: str, what: str) -> None:
    if table is None:
        return
    if key not in table.columns:
        raise ColumnError(
            f"{what}: no column is called {key}; there is {', '.join(table.columns)}. Rename it."
        )
    told = table.agg(rows=_.count(), values=table[key].nunique()).to_pyarrow().to_pylist()[0]
    if again := told["rows"] - told["values"]:
        raise ColumnError(
            f"{what}: {key} is empty or was there before in {again} row(s). Give one row for each."
        )


def _known(table: ir.Table) -> ir.Table:
    names = plain_names((name for name in table.columns if name != "customer_id"), "known_")
    kept = {}
    for name, plain in names.items():
        if (value := _tidy(table[name])) is not None:
            kept[plain] = value
    return table.select(customer_id=table.customer_id.cast("string"), **kept)


def _series(table: ir.Table) -> ir.Table:
    names = plain_names((name for name in table.columns if name != "date"), "series_")
    numbers = {
        plain: _finite(table[name])
        for name, plain in names.items()
        if table[name].type().is_numeric()
    }
    return table.select("date", **numbers)


def _tidy(column: ir.Column) -> ir.Column | None:
    kind = column.type()
    if kind.is_boolean():
        return column.cast("int64").cast("float64")
    if kind.is_numeric():
        return _finite(column)
    if kind.is_date() or kind.is_timestamp():
        return column.cast("date")
    if kind.is_string():
        return column.nullif("")
    return None


def _finite(column: ir.Column) -> ir.Column:
    number = column.cast("float64")
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)
