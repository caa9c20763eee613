"""Run folders with made-up forecasts, quick to make and to publish."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from clv.core.schema import FACTS, FORECASTS
from clv.ops import forecasts
from clv.ops.forecasts import CustomerQuery
from clv.ops.runs import Run
from clv.ops.store.publishing import current
from clv.ops.store.tables import forecasts_of, run, tally
from clv.ops.tablescoring import FORECASTS as OF_TABLE

AS_OF = date(2025, 6, 30)
#: Ids that want care: signs of LIKE and SQL, quotes, spaces, numbers near 2**63, other alphabets.
IDS = (
    *("0001", "001", "01", "1", "10", "100%", "100_", "9223372036854775807", "-1", "1e5"),
    *("a", "A", "b'; DROP TABLE run; --", 'say "hi"', "back\\slash", " lead", "trail ", "a b"),
    *(
        "ä",
        "ß",
        "日本",
        "😀",
        "😀😀",
        "😁",
        "\U0010ffff",
        "tab\tin",
        "line\nin",
        "null",
        "None",
        "%",
        "_",
    ),
)
SEGMENTS = ("Champions", "Loyal Customers", "Potential Loyalists", "At Risk", "Lost")
LEVELS = {"Low": "Low-CLV", "Mid": "Growth-Potential", "High": "High-CLV", "Top": "High-CLV"}
CHANNELS = ("WEB", "Direct", "O'TA/GDS", "Unknown")


def forecast(customer_id: str, draw: random.Random) -> dict[str, Any]:
    """A row of FORECASTS, with ties and gaps as real ones have."""
    level = draw.choices(list(LEVELS), (50, 30, 15, 5))[0]
    clv = float(draw.choice((0, 1, 2.5, 10, 10, 99.99, 1234.5)))
    alive = draw.choice((None, 0.0, 0.1, 0.25, 0.5, 0.9, 1.0))
    next_days = draw.choice((None, 5, 5, 30, 400))
    return {
        "customer_id": customer_id,
        "group": draw.choice(("onetimer", "repeater")),
        "clv": clv,
        "clv_lower": clv / 2,
        "clv_upper": clv * 2 + 1,
        "level": 0.9,
        "p_alive": alive,
        "p_purchase": None if alive is None else alive * draw.choice((0.1, 0.3, 1.0)),
        "expected_purchases": float(draw.choice((0, 0.5, 1, 3))),
        "expected_order_value": 10.0,
        "next_purchase_date": None if next_days is None else AS_OF + timedelta(next_days),
        "next_purchase_earliest": None,
        "next_purchase_latest": None,
        "expected_gap_days": None,
        "historic_value": float(draw.choice((-5, 0, 10, 10, 500))),
        "rfm_r": 1,
        "rfm_f": 2,
        "rfm_m": 3,
        "rfm_score": 6,
        "segment": draw.choice(SEGMENTS),
        "value_tier": LEVELS[level],
        "clv_level": level,
        "mismatch": draw.choice(("Aligned", "CLV above segment", "CLV below segment")),
        "recommended_cac": clv * 0.3,
        "reasons": 'it\'s "so"; über, 100 %\nand so on',
        "model": "made",
        "as_of": AS_OF,
        "horizon_days": 365,
    }


def facts(customer_id: str, draw: random.Random) -> dict[str, Any]:
    """A row of FACTS."""
    return {
        "customer_id": customer_id,
        "channel": draw.choice(CHANNELS),
        "purchases": draw.randint(1, 9),
        "first_purchase": AS_OF - timedelta(500),
        "last_purchase": AS_OF - timedelta(draw.choice((0, 10, 10, 400))),
    }


def tables(ids: Sequence[str], seed: int = 0) -> tuple[pa.Table, pa.Table]:
    """FORECASTS and FACTS of customers, by their ids."""
    draw = random.Random(seed)
    ordered = sorted(ids)
    rows = [forecast(customer_id, draw) for customer_id in ordered]
    return (
        pa.Table.from_pylist(rows, FORECASTS),
        pa.Table.from_pylist([facts(customer_id, draw) for customer_id in ordered], FACTS),
    )


def some_ids(n: int) -> list[str]:
    """Ids that want care, and others up to n."""
    return [*IDS, *(f"C{i:06d}" for i in range(n - len(IDS)))][:n]


def make_run(
    folder: Path,
    run_id: str = "one",
    ids: Sequence[str] | None = None,
    seed: int = 0,
    *,
    with_facts: bool = True,
) -> Run:
    """The folder of a run on a log."""
    table, known = tables(some_ids(200) if ids is None else ids, seed)
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "forecasts.parquet")
    if with_facts:
        pq.write_table(known, folder / "customers.parquet")
    total = float(sum(table["clv"].to_pylist()))
    manifest = {
        **_manifest(run_id, table.num_rows),
        "as_of": AS_OF.isoformat(),
        "horizon_days": 365,
        "currency": "EUR",
        "total": {
            "clv": total,
            "lower": total * 0.8,
            "upper": total * 1.5,
            "by_segment": {"Lost": {"clv": 10.0, "lower": 5.0, "upper": 40.0}},
        },
    }
    _write(folder, manifest, {"verdict": "good"})
    return Run.open(folder)


def make_table_run(folder: Path, run_id: str = "of a table", ids: Sequence[str] = IDS) -> Run:
    """The folder of a run on a table of customers, in the order of the table."""
    folder.mkdir(parents=True)
    draw = random.Random(1)
    rows = [
        {
            "customer_id": customer_id,
            "forecast": float(i),
            "lower": i / 2,
            "upper": i * 2.0,
            "level": 0.9,
            "value_tier": draw.choice(("High-CLV", "Low-CLV")),
            "clv_level": draw.choice(("Low", "Top")),
            "reasons": "as it is",
            "model": "xgboost",
        }
        for i, customer_id in enumerate(ids)
    ]
    pq.write_table(pa.Table.from_pylist(rows, OF_TABLE), folder / "forecasts.parquet")
    manifest = {**_manifest(run_id, len(set(ids))), "kind": "table", "as_of": None}
    _write(folder, manifest, None)
    return Run.open(folder)


def _manifest(run_id: str, customers: int) -> dict[str, Any]:
    return {
        "format": 1,
        "run_id": run_id,
        "created_at": "2025-07-01T08:00:00+00:00",
        "level": 0.9,
        "settings": {},
        "champion": {"name": "made", "label": "Made up"},
        "counts": {"customers": customers},
        "coverage": {"reached": float("nan")},
    }


def _write(folder: Path, manifest: dict[str, Any], readiness: dict[str, Any] | None) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "leaderboard.json").write_text(json.dumps({"rows": []}))
    if readiness is not None:
        (folder / "readiness.json").write_text(json.dumps(readiness))


def everybody(store, **asked):
    """All customers of the champion, over all pages."""
    found, cursor = [], None
    while True:
        with store.reading() as conn:
            query = CustomerQuery(cursor=cursor, **{"limit": 40, **asked})
            page = forecasts.page(conn, current(conn).run_no, query)
        found += page.customers
        cursor = page.next_cursor
        if cursor is None:
            return found


def told(run):
    """Customers as the files of a run tell them."""
    rows = run.forecasts().to_pylist()
    path = run.folder / "customers.parquet"
    known = pq.read_table(path).to_pylist() if path.exists() else [{}] * len(rows)
    days = [name for name in run.forecasts().column_names if name.startswith("next_")]
    for row, more in zip(rows, known, strict=True):
        row.update(more)
        for name in (*days, "as_of", "first_purchase", "last_purchase"):
            row[name] = row[name].isoformat() if row.get(name) else None
        row["rescored_at"] = None
    return rows


def in_step(conn, run_no):
    """Whether the cells are what a walk over the forecasts adds up to."""
    f, t = forecasts_of(run_no), tally
    rows = conn.execute(select(f)).all()
    for cell in conn.execute(select(t).where(t.c.run_no == run_no)):
        here = [row for row in rows if row.cell == cell.cell]
        assert len(here) == cell.customers
        for name in ("clv", "historic_value", "p_alive", "p_purchase", "expected_purchases"):
            values = [v for row in here if (v := getattr(row, name)) is not None]
            assert (getattr(cell, name) or 0) == pytest.approx(sum(values), abs=1e-9)
    counted = conn.execute(select(run.c.customers).where(run.c.run_no == run_no)).scalar_one()
    assert counted == len(rows)
    return True
