"""All comparisons in one process, printed as a table and written to docs/benchmarks.md."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import against_lifetimes as rival
from benchmarks.biglog import write_big_log
from benchmarks.result import COLUMNS, Result, machine, table
from benchmarks.whole_run import Watched, run_clv, stages_table
from clv.numerics import bgnbd, mbgnbd, paretonbd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGES = ("clv", "numpy", "scipy", "pandas", "duckdb", "lifetimes")
SEED = 20
CUSTOMERS, ROWS = 1_000_000, 10_000_000
#: `--quick` makes everything so many times smaller.
QUICK = 50
PAGE = Path("docs/benchmarks.md")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} times smaller, no page")
    parser.add_argument(
        "--out", type=Path, help=f"page to write; default {PAGE}, none with --quick"
    )
    asked = parser.parse_args(arguments)
    smaller = QUICK if asked.quick else 1
    about = machine(PACKAGES)
    print(about, flush=True)
    with tempfile.TemporaryDirectory(prefix="clv-benchmarks-") as folder:
        work = Path(folder)
        write_big_log(work / "log.parquet", CUSTOMERS // smaller, ROWS // smaller, SEED)
        run = run_clv(work / "log.parquet", work / "out")
        print(f"\nclv run, {ROWS // smaller:,} rows\n\n{stages_table(run)}\n", flush=True)
        results = []
        for result in comparisons(work, smaller):
            print(f"{result.case}: {result.ratio:.3g} times faster", flush=True)
            results.append(result)
    print(f"\n{table(COLUMNS, [result.row() for result in results])}")
    out = asked.out or (None if asked.quick else PAGE)
    if out is not None:
        out.write_text(page(about, results, run), encoding="utf-8")


def comparisons(work: Path, smaller: int) -> Iterator[Result]:
    """Every row of the table, each as soon as it is known.

    Parameters
    ----------
    work : holds log.parquet; the engine's tables go there too
    smaller : factor by which all sizes are divided
    """
    million, tenth = CUSTOMERS // smaller, CUSTOMERS // smaller // 10
    yield rival.fit(bgnbd, tenth, repeats=9, rival_repeats=5, seed=SEED)
    yield rival.fit(bgnbd, million, repeats=9, rival_repeats=3, seed=SEED)
    yield rival.fit(bgnbd, million, 9, 3, SEED, arrivals="first quarter")
    yield rival.fit(mbgnbd, tenth, repeats=9, rival_repeats=3, seed=SEED)
    yield rival.fit(paretonbd, tenth, repeats=5, rival_repeats=1, seed=SEED)
    yield rival.fit_spend(tenth, repeats=9, rival_repeats=3, seed=SEED)
    yield rival.score(million, repeats=5, rival_repeats=3, seed=SEED)
    for with_returns in (False, True):
        place = work / f"engine-{with_returns}"
        yield rival.summarise(work / "log.parquet", place, 3, 1, with_returns=with_returns)


def page(about: str, results: Sequence[Result], run: Watched) -> str:
    """docs/benchmarks.md."""
    counts = run.manifest["counts"]
    return f"""# Benchmarks

Written by `make bench`. {about}.

## Side by side with lifetimes

Both run in one process, in turns, on the same data: customers drawn from the BG/NBD with CDNOW's
parameters, in whole days. Seconds are medians of the runs given, ours and theirs; where the rival
is slow it ran less often. Ratio is the rival's seconds over ours.

{table(COLUMNS, [result.row() for result in results])}

## `clv run` from end to end

{counts["rows_in"]:,} rows of Parquet in, of {counts["customers"]:,} customers; a run folder with
forecasts, report and models out. No other package does this job. Memory of the stages is as the
run's manifest tells it, that of the whole process as seen from outside.

{stages_table(run)}
"""


if __name__ == "__main__":
    main()
