"""Stages of a long job: told as they pass, with their time and peak memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from clv.core.types import Json


class Reporter(Protocol):
    """Whoever wants to hear how far a job is."""

    def started(self, stage: str) -> None: ...

    def note(self, text: str) -> None: ...

    def finished(self, stage: str, seconds: float) -> None: ...


class Silent:
    """Nobody listens."""

    def started(self, stage: str) -> None: ...

    def note(self, text: str) -> None: ...

    def finished(self, stage: str, seconds: float) -> None: ...


@dataclass
class Stages:
    """The stages passed so far."""

    reporter: Reporter = field(default_factory=Silent)
    passed: list[Json] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.reporter.started(name)
        _forget_peak()
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self.passed.append(
            {"name": name, "seconds": round(seconds, 3), "peak_memory_mb": round(_peak_mb())}
        )
        self.reporter.finished(name, seconds)

    def note(self, text: str) -> None:
        self.reporter.note(text)

    @property
    def peak_memory_mb(self) -> int:
        return max((stage["peak_memory_mb"] for stage in self.passed), default=0)


def _forget_peak() -> None:
    # Linux counts the high-water mark anew from here; elsewhere it stays that of the process.
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
