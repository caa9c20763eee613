"""Where a job runs: its folder of state, and how much of the machine it may use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """
    Attributes
    ----------
    home : folder of runs and all other state
    memory_limit : most the engine holds before it spills to disk, as "3GB"
    threads : of the engine, and of each learner while it learns from a log; None takes all cores,
        and two
    s3_endpoint : address of an S3-compatible store; None is Amazon's
    """

    home: Path = Path(".clv")
    memory_limit: str | None = "3GB"
    threads: int | None = None
    s3_endpoint: str | None = None
