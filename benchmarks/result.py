"""One result shape for every comparison, and the table it is printed in."""

from __future__ import annotations

import gc
import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answer = TypeVar("Answer")
Other = TypeVar("Other")
COLUMNS = ("case", "clv, s", "rival, s", "ratio", "floor, s", "runs", "of what, and what came out")
#: In a column that has nothing to tell.
NONE = "-"


@dataclass(frozen=True)
class Result:
    """One job done by us and by a rival in the same run.

    Attributes
    ----------
    case : the job
    sizes : of what
    ours_seconds, rival_seconds : medians over the runs; None for a rival that did not run
    repeats, rival_repeats : runs of each
    floor_seconds, floor : the least such a job can take, and what was timed for it
    note : what came out, ours beside the rival's
    rival : the other package
    """

    case: str
    sizes: str
    ours_seconds: float
    rival_seconds: float | None
    repeats: int
    rival_repeats: int
    floor_seconds: float
    floor: str
    note: str
    rival: str = "lifetimes"

    @property
    def ratio(self) -> float | None:
        """How many times faster than the rival; None if it did not run."""
        return None if self.rival_seconds is None else self.rival_seconds / self.ours_seconds

    @property
    def told(self) -> str:
        """The ratio, or our seconds where there is none, in a line."""
        if self.ratio is None:
            return f"{self.case}: {seconds(self.ours_seconds)} s"
        return f"{self.case}: {seconds(self.ratio)} times faster than {self.rival}"

    def row(self) -> tuple[str, ...]:
        """Texts in the order of `COLUMNS`."""
        return (
            self.case,
            seconds(self.ours_seconds),
            NONE if self.rival_seconds is None else seconds(self.rival_seconds),
            NONE if self.ratio is None else seconds(self.ratio),
            seconds(self.floor_seconds),
            f"{self.repeats} and {self.rival_repeats}" if self.rival_repeats else f"{self.repeats}",
            f"{self.sizes}. {self.note} Floor: {self.floor}.",
        )


def side_by_side(
    ours: Callable[[], Answer], rival: Callable[[], Other], repeats: int, rival_repeats: int
) -> tuple[list[float], Answer, list[float], Other]:
    """Run both in turns, so that whatever else the machine does meets both.

    Parameters
    ----------
    repeats, rival_repeats : runs of each, at least 1

    Returns
    -------
    seconds of each run and the last answer; ours, then the rival's
    """
    our_seconds: list[float] = []
    rival_seconds: list[float] = []
    for turn in range(max(repeats, rival_repeats)):
        if turn < repeats:
            spent, our_answer = timed(ours)
            our_seconds.append(spent)
        if turn < rival_repeats:
            spent, rival_answer = timed(rival)
            rival_seconds.append(spent)
    return our_seconds, our_answer, rival_seconds, rival_answer


def timed(call: Callable[[], Answer]) -> tuple[float, Answer]:
    """Seconds on the clock, and the answer."""
    gc.collect()
    started = time.perf_counter()
    answer = call()
    return time.perf_counter() - started, answer


def least(call: Callable[[], object], times: int = 3) -> float:
    """Seconds of the quickest of several runs: for floors."""
    return min(timed(call)[0] for _ in range(times))


def seconds(value: float) -> str:
    """Three digits, from milliseconds to minutes; ratios too."""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that also reads well on a terminal."""
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    # The last column holds sentences: padding it would only make lines longer.
    widths[-1] = 0
    lines = [_line(columns, widths), "|" + "|".join("-" * max(3, w + 2) for w in widths) + "|"]
    lines += [_line(row, widths) for row in rows]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "| " + " | ".join(padded) + " |"


def machine(packages: Sequence[str]) -> str:
    """Cores, memory, load and versions, in a line."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    load = os.getloadavg()[0]
    listed = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{_processor()}, {os.cpu_count()} cores, {pages / 2**30:.0f} GB of memory, load {load:.1f}"
        f" at the start; Python {platform.python_version()}, {listed}"
    )


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if told.exists():
        for line in told.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()
