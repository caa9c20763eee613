"""Where work is done: the folder of state, the store, the queue, and each job's own folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from clv.ops.machine import Machine

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.ops.store.database import Store
    from clv.ops.work.queue import Queue

JOBS = "jobs"
SAMPLES = "samples"
BACKTESTS = "backtests"


@dataclass(frozen=True)
class Workplace:
    """
    Attributes
    ----------
    machine : its home is the folder of state
    database_url : of the store; None is the file of SQLite in home
    redis_url : of the queue; None is a file in home
    keep : published runs whose forecasts stay in the store
    """

    machine: Machine = field(default_factory=Machine)
    database_url: str | None = None
    redis_url: str | None = None
    keep: int = 5

    @property
    def home(self) -> Path:
        return self.machine.home

    def folder_of(self, job_id: str) -> Path:
        """Where a job keeps what it needs when it is begun again; removed once it is over."""
        return self.home / JOBS / job_id

    def store(self) -> Store:
        from clv.ops.store.database import Store

        return Store.open(self.database_url, self.home)

    def queue(self) -> Queue:
        from clv.ops.work.queue import Queue

        return Queue(self.home, self.redis_url)

    def to_json(self) -> Json:
        told = asdict(self)
        told["machine"]["home"] = str(self.home.resolve())
        return told

    @classmethod
    def of(cls, told: Json) -> Workplace:
        machine = Machine(**{**told["machine"], "home": Path(told["machine"]["home"])})
        return cls(machine, told["database_url"], told["redis_url"], told["keep"])
