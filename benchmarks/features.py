"""Seconds to build every feature, by size of the log: `python -m benchmarks.features`."""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING

from benchmarks.biglog import write_big_log
from benchmarks.result import COLUMNS, Result, least, machine, table, timed
from clv.data.engine import DuckDBEngine
from clv.data.ingest import ingest
from clv.data.settings import IngestSettings
from clv.features.book import Book
from clv.features.grains import TOTALS
from clv.features.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("clv", "duckdb", "ibis-framework", "pyarrow", "pandas")
#: Customers of the log, and every which of them is asked for.
SIZES = ((100_000, 1), (1_000_000, 1), (1_000_000, 20))
#: Of which five in six or so are purchase days of their own.
ROWS_PER_CUSTOMER = 6
#: `--quick` makes everything so many times smaller.
QUICK = 50
REPEATS = 3
MEMORY_LIMIT = "3GB"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} times smaller")
    asked = parser.parse_args(arguments)
    print(machine(PACKAGES), flush=True)
    smaller = QUICK if asked.quick else 1
    with TemporaryDirectory(prefix="clv-benchmarks-") as work:
        built = [build(Path(work), size // smaller, every) for size, every in SIZES]
    print(table(COLUMNS, [one.row() for one in built]))


def build(work: Path, customers: int, every: int = 1, repeats: int = REPEATS) -> Result:
    """Build the features of every so-many-th customer of a log, several times.

    What is learned of all customers is timed apart. The floor is to count and add up every
    customer's purchase days.
    """
    log = work / f"log-{customers}.parquet"
    if not log.exists():
        write_big_log(log, customers, customers * ROWS_PER_CUSTOMER, seed=20)
    with DuckDBEngine(Path(mkdtemp(prefix="engine-", dir=work)), MEMORY_LIMIT) as engine:
        read = ingest(log, IngestSettings(), engine)
        book = Book.open(Ledger.of(read.transactions, engine.ibis), read.as_of)
        days = book.ledger.as_of(read.as_of)
        bare = days.group_by("customer_id").agg(**TOTALS)
        floor = least(bare.to_pyarrow)
        learning, reference = timed(lambda: book.reference(read.as_of))
        wanted = None
        if every > 1:
            wanted = bare.to_pyarrow()["customer_id"].to_pylist()[::every]
        runs = [timed(lambda: book.features(read.as_of, reference, wanted)) for _ in range(repeats)]
        spent, frame = median(seconds for seconds, _ in runs), runs[-1][1]
        n_days = days.count().to_pyarrow().as_py()
    return Result(
        case=f"{frame.shape[1] - 1} features of {len(frame):,} customers",
        sizes=f"{customers:,} customers with {n_days:,} purchase days",
        ours_seconds=spent,
        rival="",
        rival_seconds=None,
        repeats=repeats,
        rival_repeats=0,
        floor_seconds=floor,
        floor="each customer's purchase days counted and added up",
        note=f"{len(frame) / spent:,.0f} customers a second; {learning:.2g} s to learn what all"
        " are like.",
    )


if __name__ == "__main__":
    main()
