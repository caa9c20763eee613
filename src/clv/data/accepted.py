"""Some customers' rows of an accepted log that a run keeps, without reading the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from clv.data.engine import DuckDBEngine


def accepted_rows(engine: DuckDBEngine, path: Path, customers: Sequence[str]) -> pa.Table:
    """Rows of some customers, in the order of their days.

    Parameters
    ----------
    path : transactions.parquet of a run, sorted by customer: what is far from theirs is skipped

    Returns
    -------
    `clv.core.schema.TRANSACTIONS` and the optional columns that the log had
    """
    named = ", ".join("?" * len(customers)) or "NULL"
    return engine.arrow(
        f"SELECT * FROM read_parquet(?) WHERE customer_id IN ({named})"
        " ORDER BY customer_id, date, line",
        [str(path), *customers],
    )
