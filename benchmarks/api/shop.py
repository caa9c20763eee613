"""A run of a million customers: a small one, its customers many times over under new ids."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clv.ops.runs import CUSTOMERS, FORECASTS, MANIFEST, TRANSACTIONS

#: Files of a run that have rows of customers, each in the order of their ids.
_BY_CUSTOMER = (FORECASTS, CUSTOMERS, TRANSACTIONS)
#: Digits of what is put before the ids.
_DIGITS = 4


def enlarge(run: Path, out: Path, customers: int) -> Path:
    """Write a run of so many customers; nothing is fitted, the model is the small run's own.

    Parameters
    ----------
    run : folder of the small run
    out : folder to make
    """
    shutil.copytree(run, out)
    ids = pq.read_table(run / FORECASTS, columns=["customer_id"])["customer_id"]
    copies, rest = divmod(customers, len(ids))
    for name in _BY_CUSTOMER:
        small = pq.read_table(run / name)
        with pq.ParquetWriter(out / name, small.schema) as writer:
            for copy in range(copies):
                writer.write_table(_renamed(small, copy))
            if rest:
                some = pc.is_in(small["customer_id"], ids[:rest].combine_chunks())
                writer.write_table(_renamed(small.filter(some), copies))
    manifest = json.loads((out / MANIFEST).read_text())
    manifest["run_id"] += f"-x{copies + bool(rest)}"
    manifest["counts"]["customers"] = customers
    (out / MANIFEST).write_text(json.dumps(manifest))
    return out


def ids_of(run: Path) -> list[str]:
    """All customers of a run."""
    found: list[str] = pq.read_table(run / FORECASTS, columns=["customer_id"])[
        "customer_id"
    ].to_pylist()
    return found


def _renamed(rows: pa.Table, copy: int) -> pa.Table:
    """The same customers under other ids, which come after those of the copies before."""
    place = rows.schema.get_field_index("customer_id")
    before = pa.scalar(f"{copy:0{_DIGITS}}-")
    named = pc.binary_join_element_wise(before, rows["customer_id"], "")
    return rows.set_column(place, rows.schema.field(place), named)
