"""What a job's work is given, and how it says that it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clv.ops.work import jobs
from clv.ops.work.share import Share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from clv.core.types import Json
    from clv.ops.machine import Machine
    from clv.ops.store.database import Store
    from clv.ops.work.jobs import Job
    from clv.ops.work.workplace import Workplace


@dataclass
class JobContext:
    """
    Attributes
    ----------
    tell : hears how far the work is, in words and as a part of 1
    done : the job has been marked done in the transaction that published its outcome
    """

    job: Job
    place: Workplace
    store: Store
    tell: Callable[[str, float], None]
    done: bool = field(default=False, init=False)

    @property
    def machine(self) -> Machine:
        return self.place.machine

    @property
    def home(self) -> Path:
        return self.place.home

    @property
    def folder(self) -> Path:
        """What the job keeps for when it is begun again."""
        return self.place.folder_of(self.job.job_id)

    @property
    def actor(self) -> str:
        return self.job.actor

    def reporter(self, weights: Mapping[str, float]) -> Share:
        return Share(weights, self.tell)

    def finish(self, conn: Connection, result: Json) -> None:
        """Mark the job done inside the transaction that makes its outcome seen.

        Raises
        ------
        StoppedError : it was cancelled meanwhile, or is another worker's
        """
        jobs.finished(conn, self.job, result)
        self.done = True
