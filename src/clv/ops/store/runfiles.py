"""What the store takes of a run folder, in lots that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clv.core.errors import RunError
from clv.core.schema import FACTS
from clv.core.schema import FORECASTS as OF_LOG
from clv.ops.runs import CUSTOMERS, FORECASTS

if TYPE_CHECKING:
    from clv.core.types import Floats, Json
    from clv.ops.runs import Run

#: Customers at once.
LOT = 20_000
#: Columns of a run on a table of customers, by those of the store.
RENAMED = {"clv": "forecast", "clv_lower": "lower", "clv_upper": "upper"}
#: What forecasts of a table have: `clv.ops.tablescoring.FORECASTS`.
OF_TABLE = (
    *("customer_id", "forecast", "lower", "upper", "level"),
    *("value_tier", "clv_level", "reasons", "model"),
)
#: Figures whose spread is told of a run.
SPREAD = ("clv", "p_alive", "p_purchase", "expected_purchases", "historic_value")
#: Points of the quantiles told: every twentieth.
POINTS = np.linspace(0.0, 1.0, 21)

#: A customer as the store has it, but for its cell: forecasts, and what is known besides.
STORED = pa.schema([*OF_LOG, *(field for field in FACTS if field.name != "customer_id")])


def lots(run: Run) -> Iterator[pa.RecordBatch]:
    """The customers of a run, each once, as STORED; null where the run says nothing.

    Raises
    ------
    RunError : a file is missing, broken or of another version
    """
    of_table = run.manifest.get("kind") == "table"
    with _read(run.folder / FORECASTS) as file:
        _require(run.folder / FORECASTS, file.schema_arrow, OF_TABLE if of_table else OF_LOG.names)
        if of_table:
            yield from _of_table(file)
        elif (run.folder / CUSTOMERS).is_file():
            with _read(run.folder / CUSTOMERS) as beside:
                _require(run.folder / CUSTOMERS, beside.schema_arrow, FACTS.names)
                yield from _side_by_side(file, beside)
        else:
            for lot in _sized(file):
                yield stored(lot)


def stored(forecasts: pa.Table, facts: pa.Table | None = None) -> pa.RecordBatch:
    """Forecasts as STORED, with what is known of the same customers in the same order.

    Raises
    ------
    RunError : the two are not of the same customers
    """
    columns = {name: forecasts[name] for name in forecasts.column_names}
    if facts is not None:
        if not _plain(facts["customer_id"], pa.string()).equals(
            _plain(forecasts["customer_id"], pa.string())
        ):
            raise RunError(f"run: {CUSTOMERS} and {FORECASTS} are not of the same customers.")
        columns |= {name: facts[name] for name in facts.column_names}
    arrays = [
        _plain(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(forecasts.num_rows, field.type)
        for field in STORED
    ]
    return pa.RecordBatch.from_arrays(arrays, STORED.names)


def spread(run: Run) -> Json:
    """Mean and quantiles of figures over the customers of a run, and what the top tenth brings."""
    told: Json = {}
    with _read(run.folder / FORECASTS) as file:
        for name in SPREAD:
            column = name if name in file.schema_arrow.names else RENAMED.get(name)
            if column not in file.schema_arrow.names:
                continue
            values = file.read([column])[column].to_numpy().astype(np.float64)
            values = values[~np.isnan(values)]
            if len(values):
                told[name] = _spread_of(values)
    return told


def _spread_of(values: Floats) -> Json:
    ordered = np.sort(values)
    total = float(ordered.sum())
    top = float(ordered[len(ordered) - max(len(ordered) // 10, 1) :].sum())
    return {
        "mean": float(ordered.mean()),
        "quantiles": [float(value) for value in np.quantile(ordered, POINTS)],
        "top_tenth_share": top / total if total > 0 else None,
    }


def _of_table(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    ids = file.read(["customer_id"])["customer_id"].combine_chunks()
    # A customer named again counts as told last.
    last = np.zeros(len(ids), bool)
    coded = np.asarray(pc.dictionary_encode(ids).indices)
    last[len(ids) - 1 - np.unique(coded[::-1], return_index=True)[1]] = True
    begun = 0
    for lot in _sized(file):
        kept = lot.filter(pa.array(last[begun : begun + lot.num_rows]))
        begun += lot.num_rows
        names = {old: new for new, old in RENAMED.items()}
        yield stored(kept.rename_columns([names.get(n, n) for n in kept.column_names]))


def _side_by_side(file: pq.ParquetFile, beside: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    others = _sized(beside)
    for lot in _sized(file):
        facts = next(others, None)
        if facts is None or facts.num_rows != lot.num_rows:
            raise RunError(f"run: {CUSTOMERS} and {FORECASTS} are not of the same customers.")
        yield stored(lot, facts)


def _sized(file: pq.ParquetFile) -> Iterator[pa.Table]:
    """Lots of the same size, however the file is cut into groups of rows."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in file.iter_batches(LOT):
        held.append(batch)
        rows += batch.num_rows
        while rows >= LOT:
            whole = pa.Table.from_batches(held)
            yield whole.slice(0, LOT)
            held, rows = whole.slice(LOT).to_batches(), rows - LOT
    if rows:
        yield pa.Table.from_batches(held)


def _plain(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    values = column.cast(kind).combine_chunks()
    # What is no number is null, in both databases.
    return pc.if_else(pc.is_nan(values), None, values) if pa.types.is_floating(kind) else values


def _require(path: Path, found: pa.Schema, wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in found.names]
    if missing:
        raise RunError(
            f"run: {path} has no column {', '.join(missing)}; another version of clv wrote it."
            " Run `clv run` again."
        )


@contextmanager
def _read(path: Path) -> Iterator[Any]:
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise RunError(
            f"run: {path} cannot be read ({str(error).splitlines()[0]}). Run `clv run` again."
        ) from error
