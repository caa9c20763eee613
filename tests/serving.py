"""`clv serve` as a process of its own, on a run that is published in a home of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clv.apps.settings import checked
from clv.ops import keys, promotion
from clv.ops.runs import Run

STARTS_WITHIN = 60.0


@dataclass(frozen=True)
class Served:
    """
    Attributes
    ----------
    url : of the service
    home : its CLV_HOME
    """

    url: str
    home: Path


def publish(home: Path, run: Path) -> None:
    settings = checked({"home": str(home), "threads": 1})
    store = settings.store()
    try:
        promotion.promote(store, settings.machine(), Run.open(run))
    finally:
        store.close()


def home_of(folder: Path, run: Path) -> Path:
    """A CLV_HOME in which a copy of the run was made and is published."""
    home = folder / "home"
    run_id = Run.open(run).manifest["run_id"]
    shutil.copytree(run, home / "runs" / run_id)
    (home / "champion").write_text(run_id)
    publish(home, home / "runs" / run_id)
    return home


def key_of(home: Path, *scopes: str) -> str:
    """A new key; of all scopes unless told."""
    store = checked({"home": str(home)}).store()
    try:
        return keys.make(store, "test", scopes or ("admin",))[1]
    finally:
        store.close()


@contextmanager
def served(home: Path, **settings: str) -> Iterator[Served]:
    """
    Parameters
    ----------
    settings : as host="0.0.0.0" for CLV_HOST
    """
    told = {"home": str(home), "threads": "1", "log_level": "warning", **settings}
    variables = {f"CLV_{name.upper()}": value for name, value in told.items()}
    said = home / "serve.out"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "clv", "serve", "--port", "0"],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables},
        )
    try:
        yield Served(_address(said, process), home)
    finally:
        process.terminate()
        process.wait(30)


def _address(said: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"at (http://\S+)(?s:.*)Stop with", said.read_text())
        if found is not None:
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"clv serve does not start: {said.read_text()}")
