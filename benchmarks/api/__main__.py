"""Measure the service under load, beside a bare route of FastAPI; writes docs/benchmarks-api.md."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.api.bare import CUSTOMER, PREDICTION
from benchmarks.api.cases import CASES, GET_CUSTOMER, POST_PREDICT, QUICK, Bench, Effort, elsewhere
from benchmarks.api.questions import profiles
from benchmarks.api.row import Row, rows_table
from benchmarks.api.servers import bare, service
from benchmarks.api.shop import enlarge, ids_of
from benchmarks.api.wrk import require_wrk
from benchmarks.result import machine
from clv.ops.runs import Run
from clv.ops.store.database import FILE, Store
from clv.ops.store.publishing import publish

PACKAGES = ("clv", "fastapi", "uvicorn", "sqlalchemy", "pydantic", "numpy")
PAGE = Path("docs/benchmarks-api.md")
CUSTOMERS = 1_000_000
#: `--quick` has so many times fewer customers.
FEWER = 20
POSTGRESQL = "postgresql"
NAMES = (*CASES, POSTGRESQL)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a glance, no page")
    parser.add_argument(
        "--only",
        metavar="CASE",
        action="append",
        choices=NAMES,
        default=[],
        help=f"no page; one of {', '.join(NAMES)}",
    )
    parser.add_argument("--run", type=Path, help="a run folder to publish; fits one unless given")
    asked = parser.parse_args(arguments)
    try:
        require_wrk()
    except FileNotFoundError as absent:
        parser.error(str(absent))
    about, began = machine(PACKAGES), time.perf_counter()
    print(about, flush=True)
    names = asked.only or list(NAMES)
    customers = CUSTOMERS // (FEWER if asked.quick else 1)
    effort = QUICK if asked.quick else Effort()
    with TemporaryDirectory(prefix="clv-bench-") as work:
        rows = measure(names, Path(work), asked.run, customers, effort)
    load = os.getloadavg()[0]
    about += f"; load {load:.1f} at the end, wrk and both servers included"
    print(f"\n{(time.perf_counter() - began) / 60:.1f} minutes\n\n{rows_table(rows)}")
    if not (asked.quick or asked.only):
        PAGE.write_text(page(about, rows, effort), encoding="utf-8")


def measure(
    names: Sequence[str], work: Path, run: Path | None, customers: int, effort: Effort
) -> list[Row]:
    """Everything named, each told as soon as it is known.

    Parameters
    ----------
    run : folder of a small run, whose customers are copied under new ids
    """
    big = enlarge(run or _fitted(work), work / "big", customers)
    rows: list[Row] = []
    on_sqlite = [CASES[name] for name in names if name in CASES]
    if on_sqlite:
        with _ready(work, big, None, effort) as at:
            for case in on_sqlite:
                rows += _told(case(at))
    if POSTGRESQL in names:
        from tests.services import postgresql

        with postgresql() as server, _ready(work, big, server.empty(), effort) as at:
            rows += _told(elsewhere(at))
    return rows


@contextmanager
def _ready(work: Path, big: Path, database_url: str | None, effort: Effort) -> Iterator[Bench]:
    """Both servers, with the run published."""
    home = work / ("sqlite" if database_url is None else "postgresql")
    store = Store.open(database_url, home)
    try:
        publish(store, Run.open(big))
    finally:
        store.close()
    if database_url is None:
        # A store just published is in the memory of the system anyway, unless it is short of it.
        with (home / FILE).open("rb") as file:
            while file.read(2**24):
                pass
    with ExitStack() as stack:
        ours = stack.enter_context(service(home, database_url, work / "serve.log"))
        ids = ids_of(big)
        # The bare routes answer what the service answers, so that as many bytes go over the wire.
        customer = ours.client.get(GET_CUSTOMER + ids[0]).raise_for_status().json()
        (profile,) = profiles(1)
        prediction = ours.client.post(POST_PREDICT, json=profile).raise_for_status().json()
        (work / CUSTOMER).write_text(json.dumps(customer))
        (work / PREDICTION).write_text(json.dumps(prediction))
        yield Bench(work, ids, effort, ours, stack.enter_context(bare(work)))


def _fitted(work: Path) -> Path:
    """A run of the bundled log."""
    out = work / "small"
    command = [sys.executable, "-m", "clv", "run", "cdnow", "--budget", "fast", "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out


def _told(rows: Sequence[Row]) -> Sequence[Row]:
    for row in rows:
        print(row.told, flush=True)
    return rows


def page(about: str, rows: Sequence[Row], effort: Effort) -> str:
    """docs/benchmarks-api.md, of everything."""
    judged = [row for row in rows if row.met is not None]
    met = sum(bool(row.met) for row in judged)
    return f"""# Benchmarks of the API

Written by `make bench-api`. {about}.

{met} of {len(judged)} aims are met.

{rows_table(rows)}

## How it was measured

- `clv serve` as it starts by default, with one process that answers: its log is written, its
  figures are counted, limits and headers are on, and the worker for jobs runs beside it. The store
  is a SQLite file. Customers are those of the bundled CDNOW log, copied under new ids; the model is
  the ensemble that `clv run cdnow --budget fast` chose.
- The bare route is one of FastAPI that looks nothing up: it takes the same request and answers the
  same JSON, by the same uvicorn with uvloop and httptools, in one process.
- wrk asks one after the other, with 16 connections, for random customers and profiles, from the
  same machine. Each of {effort.rounds} rounds measures both for {effort.span} s, one right after
  the other and in changing order, so that whatever else the machine does meets both; a ratio is
  the median of those of the rounds.
- Waits are measured by a client of its own at a fixed rate. The moment of each request is set
  beforehand and its wait counts from then, whether the server was ready for it or not: waits that
  a client leaves out which asks only once it has its answer (coordinated omission) are in.
- The store's file was read once before, and so is in the memory of the system, as one in use is.
  Before each page the cache of the service is cleared, so that none is answered from it.
- The longest of many includes whatever else the machine did at that moment.
"""


if __name__ == "__main__":
    main()
