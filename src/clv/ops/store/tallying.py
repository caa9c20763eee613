"""Cells of a run: each combination of names that occurs, its customers, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, insert, select

from clv.ops.store.tables import tally as table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from clv.core.types import Floats, Ints

#: Names of a customer, which make up its cell.
NAMES = ("segment", "value_tier", "clv_level", "mismatch", "group", "channel")
#: What is added up in a cell.
SUMS = (
    *("clv", "historic_value", "p_alive", "p_purchase", "expected_purchases"),
    "recommended_cac",
)

#: Those that some customers of a run may lack.
CHANCES = ("p_alive", "p_purchase")

#: Names in the order of NAMES; None where the run says nothing.
Names = tuple[str | None, ...]
Columns = Mapping[str, pa.Array]


class Tally:
    """The cells of a run.

    Attributes
    ----------
    names : of each cell, by its number
    customers : (n_cells,) in each
    sums : (n_cells, SUMS) over them; NaN where none of them has the figure
    known : (n_cells, CHANCES) of them have the chance
    """

    def __init__(self) -> None:
        self.names: list[Names] = []
        self.customers: Ints = np.zeros(0, np.int64)
        self.sums: Floats = np.zeros((0, len(SUMS)))
        self.known: Ints = np.zeros((0, len(CHANCES)), np.int64)
        self._numbers: dict[Names, int] = {}
        self._changed: set[int] = set()

    @classmethod
    def of(cls, conn: Connection, run_no: int) -> Self:
        """The cells as they stand in the store."""
        tally = cls()
        columns = (*NAMES, "customers", *SUMS, *(f"with_{name}" for name in CHANCES))
        wanted = select(*(table.c[name] for name in columns)).where(table.c.run_no == run_no)
        rows = conn.execute(wanted.order_by(table.c.cell)).all()
        if rows:
            by_column = list(zip(*rows, strict=True))
            first, last = len(NAMES) + 1, len(NAMES) + 1 + len(SUMS)
            tally.names = list(zip(*by_column[: len(NAMES)], strict=True))
            tally.customers = np.array(by_column[first - 1], np.int64)
            tally.sums = np.array(by_column[first:last], np.float64).T.copy()
            tally.known = np.array(by_column[last:], np.int64).T.copy()
        tally._numbers = {names: number for number, names in enumerate(tally.names)}
        return tally

    def add(self, columns: Columns) -> Ints:
        """Count customers in.

        Parameters
        ----------
        columns : NAMES and SUMS of each customer

        Returns
        -------
        (n,) number of each one's cell
        """
        cells = self._cells(columns)
        self._count(cells, columns, 1)
        return cells

    def take(self, cells: Ints, columns: Columns) -> None:
        """Count customers out, of whom the cells are known, and SUMS."""
        self._count(cells, columns, -1)

    def write(self, conn: Connection, run_no: int) -> None:
        """Put the cells that changed into the store."""
        changed = sorted(self._changed)
        for start in range(0, len(changed), 500):
            some = changed[start : start + 500]
            conn.execute(delete(table).where(table.c.run_no == run_no, table.c.cell.in_(some)))
        rows = [
            {
                "run_no": run_no,
                "cell": cell,
                **dict(zip(NAMES, self.names[cell], strict=True)),
                "customers": int(self.customers[cell]),
                **{
                    name: None if np.isnan(value) else float(value)
                    for name, value in zip(SUMS, self.sums[cell], strict=True)
                },
                **{
                    f"with_{name}": int(count)
                    for name, count in zip(CHANCES, self.known[cell], strict=True)
                },
            }
            for cell in changed
        ]
        if rows:
            conn.execute(insert(table), rows)
        self._changed.clear()

    def _cells(self, columns: Columns) -> Ints:
        n = len(columns[NAMES[0]])
        combined, words = np.zeros(n, np.int64), []
        for name in NAMES:
            coded = pc.dictionary_encode(columns[name], null_encoding="encode")
            words.append(coded.dictionary.to_pylist())
            codes = np.asarray(coded.indices).astype(np.int64)
            combined = combined * max(len(words[-1]), 1) + codes
        found, first, place = np.unique(combined, return_index=True, return_inverse=True)
        numbers = np.empty(len(found), np.int64)
        for i, row in enumerate(first):
            names = tuple(columns[name][int(row)].as_py() for name in NAMES)
            numbers[i] = self._numbers.setdefault(names, len(self._numbers))
            if numbers[i] == len(self.names):
                self.names.append(names)
        return numbers[place]

    def _count(self, cells: Ints, columns: Columns, sign: int) -> None:
        more = len(self.names) - len(self.customers)
        if more:
            self.customers = np.append(self.customers, np.zeros(more, np.int64))
            self.sums = np.vstack([self.sums, np.full((more, len(SUMS)), np.nan)])
            self.known = np.vstack([self.known, np.zeros((more, len(CHANCES)), np.int64)])
        n = len(self.names)
        self.customers += sign * np.bincount(cells, minlength=n)
        for place, name in enumerate(SUMS):
            values = columns[name].to_numpy(zero_copy_only=False).astype(np.float64)
            there = ~np.isnan(values)
            counts = np.bincount(cells[there], minlength=n)
            total = np.bincount(cells[there], values[there], minlength=n)
            told = counts > 0
            before = np.nan_to_num(self.sums[told, place])
            self.sums[told, place] = before + sign * total[told]
            if name in CHANCES:
                self.known[:, CHANCES.index(name)] += sign * counts
        # Nothing is left of nobody, not even what rounding leaves.
        empty = self.customers == 0
        self.sums[empty] = np.where(np.isnan(self.sums[empty]), np.nan, 0.0)
        self._changed.update(np.unique(cells).tolist())
