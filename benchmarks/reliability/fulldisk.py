"""A disk that fills up under the service: a small one of its own, in a namespace of its own."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path

from benchmarks.reliability.faults import Site
from benchmarks.reliability.load import Load
from benchmarks.reliability.outcome import Outcome
from benchmarks.reliability.served import Served, run_in
from benchmarks.reliability.truth import Truth
from clv.ops.runs import Run

SIZE = "64m"
#: Mounts the disk over a home, brings its content there, and becomes what comes after it.
_MOUNTED = """
home=$1; shift
cp -a "$home/." "$home.kept"
mount -t tmpfs -o size=$0 none "$home"
cp -a "$home.kept/." "$home"
exec "$@"
"""


def full_disk(folder: Path, place: str, runs: list[Run]) -> Outcome:
    """The disk of the store full for some seconds."""
    home = folder / "home"
    (folder / "home.kept").mkdir(parents=True)
    for run in runs:
        shutil.copytree(run.folder, home / "runs" / run.manifest["run_id"])
    prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _MOUNTED, SIZE]
    served = Served(home, prefix=[*prefix, str(home)])
    served.promote(run_in(home, runs[0]))
    try:
        served.start()
        truth = Truth.of(runs)
        site = Site(place, served, truth)
        site.ask_profiles()
        return site.put_under(_filled)
    finally:
        served.close()


def _filled(site: Site, load: Load) -> str:
    """The disk of the store full for some seconds."""
    process = site.served.process
    assert process is not None
    filler = Path(f"/proc/{process.pid}/root{site.served.home}/filler")
    load.fault()
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    refused = 0
    until = time.monotonic() + 3
    while time.monotonic() < until:
        body = {"transactions": [{"customer_id": "x", "date": "2024-06-24", "amount": "1.00"}]}
        refused += site.served.ask("POST", "/api/transactions", body)[0] == 507
        time.sleep(0.3)
    filler.unlink()
    if not refused:
        raise AssertionError("orders were taken while the disk was full")
    return "orders were refused by 507 while there was no space, and kept once there was"
