"""Finds a page of customers by the index that gets there soonest.

A walk goes along the index of the sort and passes over who does not meet the conditions; a
gathering takes all who meet the narrowest condition and sorts them; a merge goes along several
cells at once, each in the order of clv. How many are in a cell is known, so that the choice is
made by counts, not by a planner's guess: SQLite has no statistics here, and would sort a million
rows to give ten. A plus before a column tells SQLite not to use its index.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from clv.ops.paging import DAYS, ID, MOST, UNKNOWN, CustomerQuery, Place, after_all, findable
from clv.ops.store.tables import RANGES, forecasts_of
from clv.ops.store.tallying import NAMES, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

#: Most cells to go along at once; SQLite takes 500 parts of a statement.
MOST_MERGED = 200
#: Most customers to gather, whatever a walk is expected to pass over.
MOST_GATHERED = 20_000
#: Columns that an order may lack.
_NULLABLE = frozenset({"p_alive", "p_purchase", "historic_value", "expected_purchases", *DAYS})


@dataclass
class Seek:
    """A query, about to be asked.

    Attributes
    ----------
    tally : cells of the run
    cells : numbers of those that are asked for; None is all
    """

    conn: Connection
    run_no: int
    query: CustomerQuery
    tally: Tally
    cells: list[int] | None = field(init=False)

    def __post_init__(self) -> None:
        wanted = {NAMES.index(name): set(names) for name, names in self.query.named.items()}
        found = [
            cell
            for cell, names in enumerate(self.tally.names)
            if self.tally.customers[cell]
            and all((names[i] or UNKNOWN) in these for i, these in wanted.items())
        ]
        everybody = len(found) == int((self.tally.customers > 0).sum())
        self.cells = None if everybody else found
        self._table = forecasts_of(self.run_no).name
        self._sqlite = self.conn.dialect.name == "sqlite"

    @property
    def nobody(self) -> bool:
        """Whether the conditions leave no customer, as is seen without looking."""
        search = self.query.search
        return self.cells == [] or (search is not None and not findable(search))

    @property
    def customers(self) -> int:
        """In the cells asked for."""
        counts = self.tally.customers
        return int(counts.sum() if self.cells is None else counts[self.cells].sum())

    def rows(self, columns: Sequence[str], place: Place | None, limit: int) -> list[Row[Any]]:
        """Customers after a place, in order, with these columns."""
        if self.nobody:
            return []
        column = self.query.order[0]
        found: list[Row[Any]] = []
        if column == ID or place is None or place.value is not None:
            found = self._lap(columns, place, limit)
        if len(found) < limit and column in _NULLABLE and column not in self.query.bounds:
            last = place if place is not None and place.value is None else None
            found += self._lap(columns, last, limit - len(found), lacking=True)
        return found

    def count(self) -> int:
        """All who meet the conditions; from the cells, where these are all there is."""
        if self.nobody:
            return 0
        if not self.query.bounds and not self.query.search:
            return self.customers
        parts, values = self._conditions({self._narrowest("", MOST) or next(iter(self._ends()))})
        return int(self._run(f"SELECT count(*) {self._from(parts)}", values).scalar_one())

    def _lap(
        self, columns: Sequence[str], place: Place | None, limit: int, *, lacking: bool = False
    ) -> list[Row[Any]]:
        """Those who have a figure in the column of the sort; or those who lack it, by their ids."""
        column = self.query.order[0]
        driver = self._narrowest(column, limit)
        gathered = driver is not None
        if column == "clv" and not gathered and self._mergeable:
            return self._merge(columns, place, limit)
        parts, values = self._conditions({driver or column})
        if column in _NULLABLE:
            parts.append(f"{self._plus(gathered)}{column} IS {'NULL' if lacking else 'NOT NULL'}")
        order = ID if lacking else column
        parts += self._after(order, place, values, gathered)
        values["limit"] = limit
        rest = f"{self._from(parts)} {self._order(order, gathered)} LIMIT :limit"
        if not gathered:
            return list(self._run(f"SELECT {', '.join(columns)} {rest}", values))
        return self._by_id(columns, self._run(f"SELECT {ID} {rest}", values))

    @property
    def _mergeable(self) -> bool:
        return self.cells is not None and len(self.cells) <= MOST_MERGED

    def _merge(self, columns: Sequence[str], place: Place | None, limit: int) -> list[Row[Any]]:
        parts, values = self._conditions({"clv"}, cells=False)
        parts += self._after("clv", place, values, gathered=False)
        values["limit"] = limit
        rest = f"{self._order('clv', gathered=False)} LIMIT :limit"
        cells = self.cells or []
        if self._sqlite:
            each = (f"SELECT {ID}, clv {self._from([f'cell = {cell}', *parts])}" for cell in cells)
            statement = f"{' UNION ALL '.join(each)} {rest}"
        else:
            # Many parts take PostgreSQL long to plan.
            values["cells"] = cells
            one = f"SELECT {ID}, clv {self._from(['cell = number', *parts])} {rest}"
            statement = (
                f"SELECT {ID} FROM unnest(CAST(:cells AS integer[])) AS cells (number)"
                f" CROSS JOIN LATERAL ({one}) AS each {rest}"
            )
        return self._by_id(columns, self._run(statement, values))

    def _by_id(self, columns: Sequence[str], keys: Iterable[Row[Any]]) -> list[Row[Any]]:
        """The rows of customers, in their order."""
        ids = [row[0] for row in keys]
        if not ids:
            return []
        values = {f"id{i}": customer_id for i, customer_id in enumerate(ids)}
        named = ", ".join(f":{name}" for name in values)
        rows = self._run(
            f"SELECT {', '.join(columns)} {self._from([f'{ID} IN ({named})'])}", values
        )
        at = list(columns).index(ID)
        found = {row[at]: row for row in rows}
        return [found[customer_id] for customer_id in ids]

    def _narrowest(self, sort: str, limit: int) -> str | None:
        """What to gather by: the condition that fewest meet, where these are few enough."""
        most = {column: self._worth_gathering(column, sort, limit) for column in self._ends()}
        most.pop(sort, None)
        enough = self._worth_gathering("cell", sort, limit)
        if self.cells is not None and self.customers <= enough:
            return "cell"
        counts = {column: self._up_to(column, most[column]) for column in most}
        few = [column for column in counts if counts[column] <= most[column]]
        return min(few, key=lambda column: counts[column], default=None)

    def _up_to(self, column: str, most: int) -> int:
        """How many meet the condition on a column; beyond `most` they are not counted."""
        parts, values = self._conditions({column}, only=column)
        values["most"] = most + 1
        inner = f"SELECT 1 {self._from(parts)} LIMIT :most"
        return int(self._run(f"SELECT count(*) FROM ({inner}) AS few", values).scalar_one())

    def _worth_gathering(self, driver: str, sort: str, limit: int) -> int:
        if driver != ID and sort in (*RANGES, ID):
            # The index of the driver has all that is needed.
            return MOST_GATHERED
        # Of N customers n meet the condition. A walk passes over limit * N / n of them until it has
        # a page, a gathering over n: the same at the square root.
        everybody = int(self.tally.customers.sum())
        return min(max(int(math.sqrt(limit * everybody)), limit), MOST_GATHERED)

    def _ends(self) -> dict[str, dict[str, Any]]:
        """Conditions that an index answers as a range: column -> sign -> value."""
        ends: dict[str, dict[str, Any]] = {}
        if self.query.search:
            ends[ID] = {">=": self.query.search}
            if (end := after_all(self.query.search)) is not None:
                ends[ID]["<"] = end
        for column, (low, high) in self.query.bounds.items():
            given = {">=": low, "<=": high}
            ends[column] = {sign: value for sign, value in given.items() if value is not None}
        return ends

    def _conditions(
        self, by_index: set[str], *, cells: bool = True, only: str | None = None
    ) -> tuple[list[str], dict[str, Any]]:
        """Conditions in SQL and their values; only the indexes of the named columns are used."""
        parts, values = [], {}
        for column, ends in self._ends().items():
            if only not in (None, column):
                continue
            plus = self._plus(column not in by_index)
            for i, (sign, value) in enumerate(ends.items()):
                values[f"{column}_{i}"] = value
                parts.append(f"{plus}{column} {sign} :{column}_{i}")
        if cells and self.cells is not None and only is None:
            listed = ", ".join(map(str, self.cells))
            parts.append(f"{self._plus('cell' not in by_index)}cell IN ({listed})")
        return parts, values

    def _after(
        self, column: str, place: Place | None, values: dict[str, Any], gathered: bool
    ) -> list[str]:
        if place is None:
            return []
        sign, plus = "<" if self.query.order[1] else ">", self._plus(gathered)
        values["after_id"] = place.customer_id
        if column == ID:
            return [f"{plus}{ID} {sign} :after_id"]
        day = isinstance(place.value, date) and self._sqlite
        values["after"] = place.value.isoformat() if day else place.value
        return [f"({plus}{column}, {plus}{ID}) {sign} (:after, :after_id)"]

    def _order(self, column: str, gathered: bool) -> str:
        plus, way = self._plus(gathered), "DESC" if self.query.order[1] else "ASC"
        names = dict.fromkeys((column, ID))
        return "ORDER BY " + ", ".join(f"{plus}{name} {way}" for name in names)

    def _plus(self, needed: bool) -> str:
        return "+" if needed and self._sqlite else ""

    def _from(self, parts: Sequence[str]) -> str:
        where = f" WHERE {' AND '.join(parts)}" if parts else ""
        return f"FROM {self._table}{where}"

    def _run(self, statement: str, values: dict[str, Any]) -> Any:
        return self.conn.execute(text(statement), values)
