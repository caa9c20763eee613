"""Queries written once and asked again of other rows in tables of the same names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    import ibis.expr.types as ir
    import pyarrow as pa

    from clv.data.engine import DuckDBEngine


class Recipes:
    """Statements of one engine, by what they depend on besides the rows of its tables.

    To write the statement of two hundred features takes two seconds, to run it over a few
    customers a tenth of one.

    Parameters
    ----------
    since : day that no row is expected to lie before
    most : statements kept
    """

    def __init__(self, engine: DuckDBEngine, since: date | None = None, most: int = 64) -> None:
        self.engine, self.since = engine, since
        self._most = most
        # The expression is kept along: small tables of its own live as long as it does.
        self._kept: OrderedDict[Hashable, tuple[ir.Table, str]] = OrderedDict()
        self._held: dict[str, Hashable] = {}

    def set(self, name: str, value: Any, kind: str) -> None:
        """Have statements find a value under a name, by `getvariable`.

        Parameters
        ----------
        kind : type in the engine
        """
        told = "NULL" if value is None else f"'{value}'"
        self.engine.sql(f"SET VARIABLE {name} = CAST({told} AS {kind})")

    def hold(self, name: str, key: Hashable, make: Callable[[], pa.Table]) -> None:
        """Have statements find a table under a name.

        Parameters
        ----------
        key : everything its rows depend on
        make : called where the key is another than before
        """
        if self._held.get(name) != key:
            self.engine.ibis.create_table(name, make(), temp=True, overwrite=True)
            self._held[name] = key

    def ask(self, key: Hashable, make: Callable[[], ir.Table]) -> pa.Table:
        """What an expression yields.

        Parameters
        ----------
        key : everything the expression depends on but the rows of the engine's tables
        make : builds the expression; called where the key is new
        """
        if key not in self._kept:
            expression = make()
            told: pa.Table = self.engine.ibis.to_pyarrow(expression)
            self._kept[key] = expression, self.engine.ibis.compile(expression)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return told
        self._kept.move_to_end(key)
        expression, statement = self._kept[key]
        # The engine's own types may be wider, as those of sums are.
        return self.engine.arrow(statement).cast(expression.schema().to_pyarrow())
