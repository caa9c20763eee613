"""A publish that takes long, with many who write meanwhile."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.reliability.load import Load
from clv.ops.runs import CUSTOMERS as FACTS
from clv.ops.runs import FORECASTS, MANIFEST, Run

if TYPE_CHECKING:
    from benchmarks.reliability.faults import Site

#: Customers of the run that is published, and writers at once, more than any server has threads.
MANY, WRITERS = 200_000, 48
#: Seconds between two questions about health.
_LOOK = 0.25


def publish_large(site: Site, load: Load) -> str:
    """A publish of 200,000 customers while 48 send orders at once and health is asked for."""
    run = enlarged(site.runs[1], MANY)
    site.truth.add(run, like=site.runs[1])
    over = threading.Event()
    sick: list[str] = []
    looks = 0
    with load.more_writers(WRITERS):
        load.fault()
        began = time.monotonic()
        publishing = site.served.publishing(run)
        watch = threading.Thread(target=lambda: (publishing.wait(300), over.set()), daemon=True)
        watch.start()
        while not over.wait(_LOOK):
            status, told = site.served.ask("GET", "/api/health/ready")
            looks += 1
            if status != 200:
                sick.append(f"{status} {told}")
        seconds = time.monotonic() - began
    if publishing.returncode != 0 or site.champion != run.manifest["run_id"]:
        raise AssertionError(f"it ended with {publishing.returncode}, {site.champion} is served")
    site.served.promote(site.runs[0])
    if sick:
        raise AssertionError(f"health said {len(sick)} times of {looks}: {sick[0]}")
    return f"published within {seconds:.0f} s; ready by all {looks} answers of health meanwhile"


def enlarged(run: Run, customers: int) -> Run:
    """The run, with made-up customers besides its own who are like them, in a folder beside it."""
    made = Run(run.folder.with_name(f"{run.folder.name[:-6]}{customers:06x}"))
    shutil.copytree(run.folder, made.folder)
    for name in (FORECASTS, FACTS):
        table = pq.read_table(made.folder / name)
        more = customers - table.num_rows
        like = table.take(pa.array([i % table.num_rows for i in range(more)]))
        ids = pa.array([f"x{number:07d}" for number in range(more)])
        at = like.schema.get_field_index("customer_id")
        both = pa.concat_tables([table, like.set_column(at, like.schema.field(at), ids)])
        pq.write_table(both, made.folder / name)
    path = made.folder / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["run_id"] = made.folder.name
    manifest["counts"]["customers"] = customers
    path.write_text(json.dumps(manifest))
    return Run(Path(made.folder))
