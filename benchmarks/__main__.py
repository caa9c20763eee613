"""All comparisons in one run, printed as tables and written to docs/benchmarks.md."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks import against_lifetimes as lifetimes
from benchmarks import against_pymc as pymc
from benchmarks import features, generate
from benchmarks.bench import Bench
from benchmarks.memory import Footprint, footprints, footprints_table
from benchmarks.peer import versions
from benchmarks.publishing import LIMIT, Published, publish_anew
from benchmarks.result import COLUMNS, Result, machine, table
from benchmarks.scoring import LEARNED_FROM, Scored, score_anew
from benchmarks.whole_run import Watched, run_clv, stages_table
from clv.numerics import bgnbd, mbgnbd, paretonbd

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("clv", "numpy", "scipy", "pandas", "duckdb", "lifetimes")
#: `--quick` makes everything so many times smaller.
QUICK = 50
PAGE = Path("docs/benchmarks.md")
THOUSAND, MILLION = 1_000, 1_000_000
#: Sizes at which memory is measured.
MEMORY_SIZES = (MILLION, 2 * MILLION, 4 * MILLION)
RUN, SCORING, MEMORY = "clv run", "scoring 1M", "memory"
PUBLISHING = "publishing 1M"
#: Whose rows stand beside nobody's: no other package does the job.
NOBODY = ""
#: Each row of the tables; numbers are customers, our runs and the rival's.
ROWS: dict[str, Callable[[Bench], Result]] = {
    "lifetimes BG/NBD 100k": lambda at: lifetimes.fit(at, bgnbd, 100 * THOUSAND, 9, 5),
    "lifetimes BG/NBD 1M": lambda at: lifetimes.fit(at, bgnbd, MILLION, 9, 3),
    "lifetimes BG/NBD 1M cohort": lambda at: lifetimes.fit(
        at, bgnbd, MILLION, 9, 3, "first quarter"
    ),
    "lifetimes MBG/NBD 100k": lambda at: lifetimes.fit(at, mbgnbd, 100 * THOUSAND, 9, 3),
    "lifetimes MBG/NBD 1M": lambda at: lifetimes.fit(at, mbgnbd, MILLION, 9, 3),
    "lifetimes Pareto/NBD 100k": lambda at: lifetimes.fit(at, paretonbd, 100 * THOUSAND, 5, 1),
    "lifetimes Pareto/NBD 1M": lambda at: lifetimes.fit(at, paretonbd, MILLION, 3, 1),
    "lifetimes Gamma-Gamma 100k": lambda at: lifetimes.fit_spend(at, 100 * THOUSAND, 9, 3),
    "lifetimes Gamma-Gamma 1M": lambda at: lifetimes.fit_spend(at, MILLION, 9, 3),
    "lifetimes scoring": lambda at: lifetimes.score(at, MILLION, 5, 3),
    "lifetimes summary": lambda at: lifetimes.summarise(at, 3, 1, with_returns=False),
    "lifetimes summary with returns": lambda at: lifetimes.summarise(at, 3, 1, with_returns=True),
    "lifetimes BG/NBD from transactions": lambda at: lifetimes.fit_log(at, 3, 1),
    "size BG/NBD 10M": lambda at: lifetimes.fit(at, bgnbd, 10 * MILLION, 3, 0),
    "size BG/NBD 10M cohort": lambda at: lifetimes.fit(
        at, bgnbd, 10 * MILLION, 3, 0, "first quarter"
    ),
    "features 1M": lambda at: features.build(at.work, MILLION // at.smaller),
    "features 50k of 1M": lambda at: features.build(at.work, MILLION // at.smaller, 20),
    "generate 1M": lambda at: generate.make(at.work, MILLION // at.smaller, "parquet"),
    "pymc-marketing MAP 100k": lambda at: pymc.fit_map(at, 100 * THOUSAND, 9, 3),
    "pymc-marketing MAP 1M": lambda at: pymc.fit_map(at, MILLION, 9, 3),
    "pymc-marketing MCMC 10k": lambda at: pymc.fit_mcmc(at, 10 * THOUSAND, 9, 1),
    "pymc-marketing MCMC 100k": lambda at: pymc.fit_mcmc(at, 100 * THOUSAND, 9, 1),
}
NAMES = (RUN, *ROWS, SCORING, PUBLISHING, MEMORY)


@dataclass
class Measured:
    """What was asked for; the rest is empty.

    Attributes
    ----------
    rows : of the comparisons
    footprints : memory of fits and scores
    run : `clv run` from end to end
    scored : a saved run asked about a million customers
    published : a run of a million customers put into the store, and paged through
    """

    rows: list[Result] = field(default_factory=list)
    footprints: list[Footprint] = field(default_factory=list)
    run: Watched | None = None
    scored: Scored | None = None
    published: Published | None = None

    def against(self, rival: str) -> str:
        """The rows beside one rival, as a table."""
        return table(COLUMNS, [one.row() for one in self.rows if one.rival == rival])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} times smaller, no page")
    parser.add_argument(
        "--only",
        metavar="WORD",
        action="append",
        default=[],
        help=f"comparisons with this word in their name, no page; names: {', '.join(NAMES)}",
    )
    parser.add_argument(
        "--out", type=Path, help=f"page to write; default {PAGE}, none with --quick or --only"
    )
    asked = parser.parse_args(arguments)
    names = chosen(asked.only)
    if not names:
        parser.error(f"--only: no such word in {', '.join(NAMES)}")
    if asked.out and asked.only:
        parser.error("--only would leave the page with gaps; drop --out")
    about = machine(PACKAGES)
    if any(name.startswith(pymc.RIVAL) for name in names):
        try:
            about += f"; in an environment of its own {versions()}"
        except FileNotFoundError as absent:
            parser.error(str(absent))
    print(about, flush=True)
    started = time.perf_counter()
    measured = measure(names, QUICK if asked.quick else 1)
    print(f"\n{(time.perf_counter() - started) / 60:.1f} minutes\n\n{tables(measured)}")
    out = asked.out or (None if asked.quick or asked.only else PAGE)
    if out is not None:
        out.write_text(page(about, measured), encoding="utf-8")


def chosen(words: Sequence[str]) -> list[str]:
    """Names with any of the words in them, all names without words."""
    return [
        name for name in NAMES if not words or any(word.lower() in name.lower() for word in words)
    ]


def measure(names: Sequence[str], smaller: int) -> Measured:
    """Everything named, in the order of `NAMES`, each told as soon as it is known.

    Parameters
    ----------
    smaller : factor by which all sizes are divided
    """
    measured = Measured()
    with TemporaryDirectory(prefix="clv-benchmarks-") as work, Bench(Path(work), smaller) as at:
        for name in names:
            if name == RUN:
                measured.run = run_clv(at.log, at.work / "out")
                print(f"{name}: {measured.run.seconds:.3g} s", flush=True)
            elif name == SCORING:
                measured.scored = score_anew(at.work, MILLION // smaller)
                print(f"{name}: {sum(measured.scored.whole.values()):.3g} s", flush=True)
            elif name == PUBLISHING:
                measured.published = publish_anew(at.work, MILLION // smaller)
                told = (f"{each} {spent:.3g} s" for each, spent in measured.published.whole.items())
                print(f"{name}: {', '.join(told)}", flush=True)
            elif name == MEMORY:
                sizes = [n // smaller for n in MEMORY_SIZES]
                measured.footprints = footprints(sizes, at.work, at.seed)
            else:
                measured.rows.append(ROWS[name](at))
                print(measured.rows[-1].told, flush=True)
    return measured


def tables(measured: Measured) -> str:
    """Everything measured, for the terminal."""
    parts = [measured.against(rival) for rival in dict.fromkeys(one.rival for one in measured.rows)]
    if measured.footprints:
        parts.append(footprints_table(measured.footprints))
    if measured.scored is not None:
        parts.append(measured.scored.table())
    if measured.published is not None:
        parts += [measured.published.table(), measured.published.pages_table()]
    if measured.run is not None:
        parts.append(stages_table(measured.run))
    return "\n\n".join(parts)


def page(about: str, measured: Measured) -> str:
    """docs/benchmarks.md, of everything."""
    assert measured.run is not None
    assert measured.scored is not None
    assert measured.published is not None
    counts = measured.run.manifest["counts"]
    return f"""# Benchmarks

Written by `make bench`. {about}.

Seconds are medians of the runs given, ours and theirs, which take turns on the same data:
customers drawn from the BG/NBD with CDNOW's parameters, in whole days, or a shop's log of
{counts["rows_in"]:,} rows. A rival that is slow ran less often. Ratio is the rival's seconds over
ours. Floor is the barest form of the job, such as
a sort of one number a customer; where histories are few we count into a table and can be below it.

## Side by side with lifetimes

In one process.

{measured.against("lifetimes")}

## Side by side with pymc-marketing

It runs in another interpreter, which stays up and waits while we work, and times itself: without
imports, and without its first fit of the same customers, in which PyTensor compiles.

{measured.against(pymc.RIVAL)}

## Features, and shops made up

Floor is the barest form of the job: purchase days counted and added up, the log alone written.

{measured.against(NOBODY)}

## Scoring with a saved run

A run that learned from {LEARNED_FROM:,} customers with the default budget, asked about
{measured.scored.customers:,} others: forecasts, intervals, scores, segments and reasons in words.
The log was read and checked before.

{measured.scored.table()}

## Publishing a run, and paging through it

{measured.published.customers:,} customers from the run folder into the store, indexed, added up and
pointed to, in one transaction. Rows alone: the same rows by `executemany` or `COPY` into a table
without an index, made ready before.

{measured.published.table()}

A page of {LIMIT} customers: the median and the worst of the first one and of others from anywhere.
Conditions without a sort are by CLV, the highest first.

{measured.published.pages_table()}

## Memory

Peak of resident memory while BG/NBD is fitted, or every customer is scored, beyond what was
resident before; each in a process that does nothing else.

{footprints_table(measured.footprints)}

## `clv run` from end to end

{counts["rows_in"]:,} rows of Parquet in, of {counts["customers"]:,} customers; a run folder with
forecasts, report and models out. No other package does this job. Memory of the stages is as the
run's manifest tells it, that of the whole process as seen from outside.

{stages_table(measured.run)}
"""


if __name__ == "__main__":
    main()
