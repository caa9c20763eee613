"""What a statement that is asked again reads beside the rows: days, and tables of holidays.

A statement that has them as values serves one day alone, and customers of the same countries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from clv.features.festivals import (
    YEARS_AHEAD,
    country_code,
    days_since_last,
    days_to_next,
    festivals,
    run_up,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import ibis.expr.types as ir

    from clv.data.recipes import Recipes

#: Columns of the holidays around a day.
HOLIDAYS = {
    "country": "string",
    "to_major": "int64",
    "since_major": "int64",
    "to_public": "int64",
}
_CODES = pa.schema([("name", pa.string()), ("country", pa.string())])
_EVES = pa.schema([("holder", pa.string()), ("eve", pa.date32())])
_AROUND = ibis.schema(HOLIDAYS).to_pyarrow()


@ibis.udf.scalar.builtin(name="getvariable", signature=((str,), "date"))
def _day(variable):  # type: ignore[no-untyped-def]
    """A day that the engine keeps under a name."""


@ibis.udf.scalar.builtin(name="getvariable", signature=((str,), "int64"))
def _number(variable):  # type: ignore[no-untyped-def]
    """A whole number that the engine keeps under a name."""


def day(name: str) -> ir.Value:
    """The day that is set under the name when the statement is asked."""
    told: ir.Value = _day(name)
    return told


def holidays(country: str, today: date) -> dict[str, Any]:
    """Days to and from the holidays of a country: a row of `HOLIDAYS`."""
    days = festivals(country, today.year - 1, today.year + YEARS_AHEAD)
    return {
        "country": country,
        "to_major": days_to_next(days.major, today),
        "since_major": days_since_last(days.major, today),
        "to_public": days_to_next(days.public, today),
    }


@dataclass(frozen=True)
class Standing:
    """Variables and tables in the engine of some recipes.

    They are set before a statement is asked, and it may say more than it needs: of countries that
    none of its customers is from, and of other years.
    """

    recipes: Recipes

    @property
    def codes(self) -> ir.Table:
        """name, country: two letters of each country as customers name it."""
        return self._table("standing_codes")

    @property
    def eves(self) -> ir.Table:
        """holder, eve: days in the run-up to a major holiday of a country."""
        return self._table("standing_eves")

    @property
    def around(self) -> ir.Table:
        """The table `HOLIDAYS` of each country."""
        return self._table("standing_around")

    @property
    def usual(self) -> dict[str, ir.Value]:
        """Days to and from holidays where a customer's country is not known."""
        return {name: _number(name) for name in HOLIDAYS if name != "country"}

    def set(
        self, today: date, since: date, first_day: date, country: str, names: Iterable[str]
    ) -> None:
        """Have the next statement asked as of a day.

        Parameters
        ----------
        today : the day
        since : day before the days that count as recent
        first_day : of the first purchase
        country : two letters, of customers whose country is not known
        names : countries as customers name them
        """
        recipes = self.recipes
        codes = {name: code for name in sorted(names) if (code := country_code(name))}
        there = sorted({country, *codes.values()})
        first = min(first_day, recipes.since or first_day)
        eves = [
            {"holder": code, "eve": eve}
            for code in there
            for eve in run_up(festivals(code, first.year, today.year + 1).major)
        ]
        named = [{"name": name, "country": code} for name, code in codes.items()]
        usual = holidays(country, today)
        recipes.hold("standing_codes", (*codes,), lambda: pa.Table.from_pylist(named, _CODES))
        recipes.hold(
            "standing_eves",
            (*there, first.year, today.year),
            lambda: pa.Table.from_pylist(eves, _EVES),
        )
        recipes.hold(
            "standing_around",
            (*there, today),
            lambda: pa.Table.from_pylist([holidays(code, today) for code in there], _AROUND),
        )
        recipes.set("as_of", today, "DATE")
        recipes.set("since", since, "DATE")
        for name in self.usual:
            recipes.set(name, usual[name], "BIGINT")

    def _table(self, name: str) -> ir.Table:
        table: ir.Table = self.recipes.engine.ibis.table(name)
        return table
