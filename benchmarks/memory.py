"""Memory that fitting BG/NBD and scoring take beyond the customers, in fresh processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks import ours
from benchmarks.population import customers
from benchmarks.result import seconds, table, timed
from clv.numerics import bgnbd

if TYPE_CHECKING:
    from collections.abc import Sequence

WARM_UP = 1_000
COLUMNS = ("job", "customers", "seconds", "x, t_x, T: bytes each", "beyond: bytes each")


class Footprint(NamedTuple):
    """Memory of one job.

    Attributes
    ----------
    job : key of `JOBS`
    customers : how many
    seconds : the job took
    held : bytes of the customers' x, t_x and T, there before the job
    beyond : bytes by which the peak of resident memory during the job exceeds that before it
    """

    job: str
    customers: int
    seconds: float
    held: int
    beyond: int

    def row(self) -> tuple[str, ...]:
        """Texts in the order of `COLUMNS`."""
        n = self.customers
        each = f"{self.held / n:.0f}", f"{self.beyond / n:.0f}"
        return self.job, f"{n:,}", seconds(self.seconds), *each


JOBS: dict[str, Callable[..., object]] = {"fit": partial(ours.fit, bgnbd), "score": ours.score}


def footprints(sizes: Sequence[int], work: Path, seed: int) -> list[Footprint]:
    """Each job at each size, in a process of its own.

    Raises
    ------
    CalledProcessError : the system does not count memory as Linux does
    """
    found = []
    for n in sizes:
        seen = customers(n, seed)
        path = work / f"customers-{n}.npz"
        np.savez(path, x=seen.x, t_x=seen.t_x, T=seen.T)
        for job in JOBS:
            command = [sys.executable, "-m", "benchmarks.memory", job, str(path)]
            told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found.append(Footprint(*json.loads(told.stdout)))
        path.unlink()
    return sorted(found, key=lambda one: one.job)


def footprint(job: str, path: Path) -> Footprint:
    """One job on the customers of a file, in this process, which should be fresh.

    Raises
    ------
    OSError : the system does not count memory as Linux does
    """
    with np.load(path) as kept:
        columns = tuple(kept[name] for name in ("x", "t_x", "T"))
    do = JOBS[job]
    # What is loaded and set up once is not the customers'.
    do(*(column[:WARM_UP] for column in columns))
    # Linux counts the high-water mark anew from here.
    Path("/proc/self/clear_refs").write_text("5")
    before = _resident("VmRSS")
    spent, _ = timed(lambda: do(*columns))
    held = sum(column.nbytes for column in columns)
    return Footprint(job, len(columns[0]), spent, held, _resident("VmHWM") - before)


def footprints_table(found: Sequence[Footprint]) -> str:
    """All of them, as Markdown."""
    return table(COLUMNS, [one.row() for one in found])


def _resident(mark: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{mark}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status does not tell {mark}")


if __name__ == "__main__":
    print(json.dumps(footprint(sys.argv[1], Path(sys.argv[2]))))
