"""What is asked of a run, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from clv.core.errors import SettingError
from clv.core.types import Floats, Horizon, Json, Money
from clv.data.engine import Engine
from clv.data.ingest import Ingested
from clv.data.settings import IngestSettings
from clv.evaluation.backtest import Champion, Trial
from clv.evaluation.honesty import Judged
from clv.evaluation.tuning import Search
from clv.features.book import Book, History
from clv.models import registry
from clv.models.ensemble import Ensemble
from clv.models.totals import TotalError
from clv.ops.beside import Beside, Files
from clv.ops.budget import BUDGETS, NAIVE, Budget
from clv.ops.machine import Machine
from clv.ops.profilescoring import ProfileScorer
from clv.ops.scoring import Scorer


@dataclass(frozen=True)
class RunSettings:
    """What is asked of a run.

    Attributes
    ----------
    source : path, glob, address of a table, or the name of the bundled log
    level : of every interval, between 0.5 and 0.99
    seed : of every random choice
    models : names of those compared on the past, besides the yardsticks; None takes those of the
        budget
    budget : how much work may be done
    tune : seconds to search settings of learners in; None for none
    channel_groups : group -> channels; None takes the usual ones
    beside : what is known besides the log
    out : the run folder; None makes one in home
    machine : where runs live, and what of the machine they may use
    asked : what differs from the defaults, as it goes into the manifest
    read_at : when the log was as it is read; what came in later is not in it
    made_up : the log is of a made-up shop
    gathered : the last order that came in by a service that the log has with all before it
    """

    source: str
    ingest: IngestSettings = field(default_factory=IngestSettings)
    horizon: Horizon = field(default_factory=lambda: Horizon(365))
    level: float = 0.9
    money: Money = field(default_factory=Money)
    seed: int = 0
    models: tuple[str, ...] | None = None
    budget: Budget = BUDGETS["standard"]
    tune: float | None = None
    channel_groups: Mapping[str, Sequence[str]] | None = None
    beside: Beside = field(default_factory=Beside)
    out: Path | None = None
    machine: Machine = field(default_factory=Machine)
    asked: Json = field(default_factory=dict)
    read_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    made_up: bool = False
    gathered: Json | None = None

    def __post_init__(self) -> None:
        if not 0.5 <= self.level <= 0.99:
            raise SettingError(f"level: {self.level:g} is outside 0.5 to 0.99. Write 90 % as 0.9.")
        if self.seed < 0:
            raise SettingError(f"seed: {self.seed} is below 0. Give any whole number from 0 on.")
        kinds = {name: registry.entry(name).kind for name in self._named}
        if "fallback" in kinds.values():
            raise SettingError(
                "models: even is what is forecast where nothing tells customers apart; it is not"
                " compared with others. Leave it out; `clv models` lists the models."
            )
        if "model" not in kinds.values():
            role = "a yardstick" if len(self._named) == 1 else "yardsticks"
            raise SettingError(
                f"models: {', '.join(self._named) or 'none'} can only serve as {role}."
                " Name a model among them; `clv models` lists them."
            )

    @property
    def compared(self) -> tuple[str, ...]:
        """Names of the models compared on the past, the yardsticks last whoever was named."""
        return (*(name for name in self._named if name not in NAIVE), *NAIVE)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What the budget could not have tried, and how to have it, in sentences."""
        of_budget = self.models is None or Ensemble.name in self.models
        return self.budget.notes if of_budget else ()

    @property
    def _named(self) -> tuple[str, ...]:
        return self.budget.models if self.models is None else self.models


@dataclass(frozen=True)
class Log:
    """A log read and checked, in the engine that holds it.

    Attributes
    ----------
    channels : group of each of its channels
    files : what was known besides
    """

    engine: Engine
    read: Ingested
    book: Book
    channels: dict[str, str]
    files: Files = field(default_factory=Files)


@dataclass(frozen=True)
class Contest:
    """All models on past days, and the one that is trusted with the future.

    Attributes
    ----------
    trials : the earliest first
    searches : of settings of learners, where time was given for it
    """

    trials: list[Trial]
    champion: Champion
    searches: list[Search] = field(default_factory=list)

    @property
    def shared(self) -> list[Trial]:
        """Those at which every model was fitted that was at the last; by them models compare."""
        return [trial for trial in self.trials if trial.said.keys() >= self.last.said.keys()]

    @property
    def last(self) -> Trial:
        """The holdout: the latest window inside the log."""
        return self.trials[-1]


@dataclass(frozen=True)
class Result:
    """All that a run found out, before it is written down.

    Attributes
    ----------
    files : what was known besides the log
    history : as of the log's last day
    profiles : what answers profiles as the champion answers logs
    forecasts : the table `FORECASTS`
    total : how far the summed CLV may miss
    variance : (n,) of each customer's CLV
    judged : the champion's distributions on past days, learned without them
    insight : what drives the champion's forecasts, as `clv.models.insight` tells it
    """

    run_id: str
    settings: RunSettings
    log: Ingested
    files: Files
    book: Book
    history: History
    contest: Contest
    scorer: Scorer
    profiles: ProfileScorer
    forecasts: pa.Table
    total: TotalError
    variance: Floats
    judged: list[Judged]
    insight: Json | None
