"""`clv run` on a big log in a process of its own, its memory watched from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import seconds, table

if TYPE_CHECKING:
    from clv.core.types import Json

#: Seconds between two looks at the memory.
EVERY = 0.05


@dataclass(frozen=True)
class Watched:
    """A finished run.

    Attributes
    ----------
    seconds : from start to end of the process
    peak_mb : most resident memory of the process and its children together, in MB
    manifest : the run's own
    """

    seconds: float
    peak_mb: float
    manifest: Json


def run_clv(log: Path, out: Path) -> Watched:
    """Run the command and watch it.

    Raises
    ------
    RuntimeError : it failed; with what it wrote to standard error
    """
    command = [sys.executable, "-m", "clv", "run", str(log), "--out", str(out), "--json"]
    started = time.perf_counter()
    peak = 0.0
    with (out.parent / "said.txt").open("w+") as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        while process.poll() is None:
            peak = max(peak, resident_mb(process.pid))
            time.sleep(EVERY)
        spent = time.perf_counter() - started
        if process.returncode != 0:
            said.seek(0)
            raise RuntimeError(f"clv run ended with {process.returncode}: {said.read()[-2000:]}")
    return Watched(spent, peak, json.loads((out / "manifest.json").read_text()))


def resident_mb(pid: int) -> float:
    """Peak resident memory of a process and those it started so far, in MB; 0 once it is gone.

    The system's own high-water mark, which the watched process may set back between stages:
    so look often and keep the largest.
    """
    family, total = {pid}, 0.0
    # A child has a higher number than its parent unless the numbers ran over.
    for member in sorted(int(path.name) for path in Path("/proc").glob("[0-9]*")):
        told = _status(member)
        if member in family or int(told.get("PPid", "0")) in family:
            family.add(member)
            total += int(told.get("VmHWM", "0").split()[0]) / 1024
    return total


def _status(pid: int) -> dict[str, str]:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in lines}


def stages_table(watched: Watched) -> str:
    """Each stage's seconds and peak memory, and those of the whole process."""
    rows = [
        (stage["name"], seconds(stage["seconds"]), f"{stage['peak_memory_mb']:,}")
        for stage in watched.manifest["stages"]
    ]
    rows.append(("whole process", seconds(watched.seconds), f"{watched.peak_mb:,.0f}"))
    return table(("stage", "seconds", "peak memory, MB"), rows)
