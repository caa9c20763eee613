"""`clv run` as a whole, as a person starts it: a process of its own, from start to end."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.accuracy.cases import data

#: In which the command is to be done on these logs, on two cores.
AIM_SECONDS = 180


@dataclass(frozen=True)
class Timed:
    """A command that ended well.

    Attributes
    ----------
    log : name in the tables
    command : as it is typed
    seconds : from start to end of the process
    """

    log: str
    command: str
    seconds: float


def logs() -> dict[str, Path]:
    """Those that an aim is set for, by name."""
    return {
        "CDNOW": data() / "cdnow/transactions.parquet",
        "Online Retail": data() / "online_retail/orders.parquet",
    }


def whole_run(name: str, log: Path, budget: str) -> Timed:
    """Run the command with its other settings untouched.

    Raises
    ------
    RuntimeError : it failed; with what it wrote to standard error
    """
    with TemporaryDirectory(prefix="clv-") as work:
        command = ["run", str(log), "--budget", budget, "--out", str(Path(work) / "run")]
        started = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-m", "clv", *command], capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
    if ended.returncode != 0:
        raise RuntimeError(f"clv run ended with {ended.returncode}: {ended.stderr[-2000:]}")
    told = f"clv run {log.parent.name}/{log.name} --budget {budget}"
    return Timed(name, told, seconds)
