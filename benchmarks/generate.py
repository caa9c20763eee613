"""Seconds to make up a shop and write it, by size and format: `python -m benchmarks.generate`."""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pyarrow import csv, parquet

from benchmarks.result import COLUMNS, Result, least, machine, table, timed
from clv.ops.generating import generate
from clv.ops.progress import Silent
from clv.ops.shopconfig import GenerateConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("clv", "numpy", "scipy", "pyarrow")
#: Rows of the log, and its format.
SIZES = ((100_000, "parquet"), (1_000_000, "parquet"), (1_000_000, "csv"))
ROWS_PER_CUSTOMER = 10
#: `--quick` makes everything so many times smaller.
QUICK = 50
REPEATS = 3


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} times smaller")
    asked = parser.parse_args(arguments)
    print(machine(PACKAGES), flush=True)
    smaller = QUICK if asked.quick else 1
    with TemporaryDirectory(prefix="clv-benchmarks-") as work:
        made = [make(Path(work), rows // smaller, form) for rows, form in SIZES]
    print(table(COLUMNS, [one.row() for one in made]))


def make(work: Path, rows: int, form: str, repeats: int = REPEATS) -> Result:
    """Make a shop of so many transactions several times.

    The floor is to write its log alone, as it stands in memory.
    """
    config = GenerateConfig(
        customers=rows // ROWS_PER_CUSTOMER, transactions=rows, format=form, seed=20
    )
    out = work / f"{form}-{rows}"
    runs = [timed(lambda: generate(config, out, Silent())) for _ in range(repeats)]
    spent, written = median(seconds for seconds, _ in runs), runs[0][1]["transactions"]
    path = out / f"transactions.{form}"
    if form == "parquet":
        log = parquet.read_table(path)
        floor = least(lambda: parquet.write_table(log, path))
    else:
        log = csv.read_csv(path)
        floor = least(lambda: csv.write_csv(log, path))
    return Result(
        case=f"generate {written:,} transactions as {form}",
        sizes=f"{config.customers:,} customers",
        ours_seconds=spent,
        rival="",
        rival_seconds=None,
        repeats=repeats,
        rival_repeats=0,
        floor_seconds=floor,
        floor="the log alone written from memory",
        note=f"{written / spent:,.0f} rows a second, all files of the shop written.",
    )


if __name__ == "__main__":
    main()
