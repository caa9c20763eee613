"""Two runs of one shop, and what the service must answer while either of them is served."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import clv
from clv.ops.runs import FORECASTS, Run
from tests.logs import CUSTOMERS, write_log

#: Models and customers of the two runs: both, and with them every answer, differ.
RUNS = {"first": ("mbgnbd", CUSTOMERS), "second": ("bgnbd", CUSTOMERS - 40)}
#: Customers whom the load writes orders of; what is forecast of them changes all the time.
WRITTEN = 40
HORIZON = 90
#: What must agree with the run's own file, to the last digits a text has.
FIELDS = ("clv", "clv_lower", "clv_upper", "p_alive", "segment", "value_tier", "model")


@dataclass
class Truth:
    """What the runs themselves say.

    Attributes
    ----------
    runs : by their id
    profiles : what each run forecast of the profiles the load asks about, by run id; asked of the
        service while nothing disturbed it
    """

    runs: dict[str, Run]
    profiles: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Truth:
        return cls({run.manifest["run_id"]: run for run in runs})

    @cached_property
    def rows(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Run id -> customer -> forecast."""
        return {run_id: _rows(run) for run_id, run in self.runs.items()}

    def add(self, run: Run, *, like: Run) -> None:
        """A run besides those there are, by the model of one of them."""
        run_id = run.manifest["run_id"]
        self.profiles[run_id] = self.profiles[like.manifest["run_id"]]
        self.rows[run_id] = _rows(run)

    @cached_property
    def common(self) -> list[str]:
        """Customers all runs know, those first whom the load writes orders of."""
        every = [set(rows) for rows in self.rows.values()]
        return sorted(set.intersection(*every))

    @property
    def written(self) -> list[str]:
        return self.common[:WRITTEN]

    @property
    def read(self) -> list[str]:
        return self.common[WRITTEN:]

    def right(self, run_id: str, told: Mapping[str, Any]) -> bool:
        """Whether a customer's forecast is the run's own."""
        known = self.rows[run_id].get(told["customer_id"])
        return known is not None and all(_alike(told[name], known[name]) for name in FIELDS)

    def origin(self, told: Mapping[str, Any]) -> str | None:
        """The run that a forecast is of."""
        return next((run_id for run_id in self.rows if self.right(run_id, told)), None)


def two_runs(folder: Path) -> list[Run]:
    """Make the runs."""
    made = []
    for name, (model, customers) in RUNS.items():
        log = write_log(folder / f"{name}.csv", customers=customers)
        out = folder / name
        clv.run(log, out=out, horizon=HORIZON, budget="fast", models=[model])
        made.append(Run(out))
    return made


def _rows(run: Run) -> dict[str, Mapping[str, Any]]:
    columns = ["customer_id", *FIELDS]
    told = pq.read_table(run.folder / FORECASTS, columns=columns).to_pylist()
    return {row["customer_id"]: row for row in told}


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)
