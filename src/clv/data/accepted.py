"""Some customers' rows of an accepted log that a run keeps, without reading the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clv.core.errors import RunError
from clv.data.engine import storage_errors

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def accepted_rows(
    path: Path, customers: Collection[str], columns: Collection[str] | None = None
) -> pa.Table:
    """Rows of some customers, in the order of their days. Any number of threads may ask at once.

    Parameters
    ----------
    path : transactions.parquet of a run, sorted by customer, day and line: what is far from theirs
        is skipped
    columns : those to read, where the log has them; all unless given

    Returns
    -------
    `clv.core.schema.TRANSACTIONS` and the optional columns that the log had

    Raises
    ------
    RunError : it is no Parquet file, or damaged
    """
    theirs = pc.field("customer_id").isin(pa.array(sorted(customers), pa.string()))
    try:
        with storage_errors(path):
            there = pq.read_schema(path).names
            wanted = [name for name in there if columns is None or name in columns]
            return pq.read_table(path, columns=wanted, filters=theirs)
    except (OSError, pa.ArrowInvalid) as error:
        raise RunError(f"run: {path} cannot be read ({error}). Run `clv run` again.") from error
