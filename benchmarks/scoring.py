"""Seconds to score customers with a saved run, part by part: `python -m benchmarks.scoring`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.bench import SEED
from benchmarks.biglog import write_big_log
from benchmarks.result import machine, seconds, table, timed
from clv.models.insight import Explaining, explained
from clv.ops import pipeline
from clv.ops.job import RunSettings
from clv.ops.machine import Machine
from clv.ops.progress import Silent, Stages
from clv.ops.scoring import Scorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.features.book import History

PACKAGES = ("clv", "numpy", "pandas", "pyarrow", "duckdb", "xgboost-cpu", "lightgbm")
CUSTOMERS, ROWS_PER_CUSTOMER = 1_000_000, 5
#: Customers that the run learns from.
LEARNED_FROM = 20_000
#: `--quick` makes the log that is scored so many times smaller.
QUICK = 50
LEVEL = 0.9
COLUMNS = ("part", "seconds", "customers a second")


@dataclass(frozen=True)
class Scored:
    """How long parts of scoring took.

    Attributes
    ----------
    customers : scored
    whole : seconds by part, which add up to all of it
    within : seconds of what some of these parts are made of, each measured on its own
    """

    customers: int
    whole: dict[str, float]
    within: dict[str, float]

    def table(self) -> str:
        """Every part, the sum, and what is within."""
        parts = {**self.whole, "all of it": sum(self.whole.values()), **self.within}
        rows = [
            (part, seconds(spent), f"{self.customers / spent:,.0f}" if spent else "-")
            for part, spent in parts.items()
        ]
        return table(COLUMNS, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} times smaller")
    parser.add_argument(
        "--run", type=Path, help="a run folder to score with; makes one unless given"
    )
    asked = parser.parse_args(arguments)
    print(machine(PACKAGES), flush=True)
    smaller = QUICK if asked.quick else 1
    with TemporaryDirectory(prefix="clv-benchmarks-") as work:
        print(score_anew(Path(work), CUSTOMERS // smaller, asked.run).table())


def score_anew(work: Path, customers: int, run: Path | None = None) -> Scored:
    """Score so many customers with a run folder, one made for it unless given."""
    fewer = min(CUSTOMERS // customers, 10)
    return score(work, run or learned(work, LEARNED_FROM // fewer), customers)


def learned(work: Path, customers: int) -> Path:
    """A run folder that learned from a log of so many customers, with the default budget."""
    log = work / "learned-from.parquet"
    write_big_log(log, customers, customers * ROWS_PER_CUSTOMER, SEED)
    settings = RunSettings(str(log), out=work / "run", machine=Machine(home=work / "home"))
    return pipeline.run(settings).folder


def score(work: Path, run: Path, customers: int) -> Scored:
    """Score a log of so many customers, read and checked before, and take the time of each part."""
    log = work / "scored.parquet"
    write_big_log(log, customers, customers * ROWS_PER_CUSTOMER, SEED + 1)
    settings = RunSettings(str(log), machine=Machine(home=work / "home"))
    scorer = Scorer.load(run / "model")
    horizon, money = settings.horizon, settings.money
    with pipeline.opened(settings, work / "engine", Stages(Silent()), scorer.channels) as held:
        spent_on_history, history = timed(
            lambda: held.book.history(held.book.as_of, horizon.n_days)
        )
        forecasting, (prediction, drivers) = timed(
            lambda: explained(scorer.model, history, horizon, money)
        )
        telling, _ = timed(lambda: scorer.told(history, prediction, drivers, horizon, money, LEVEL))
        within = {"features alone": _features(scorer, history)}
        within["features and forecasts, without what moved them"], _ = timed(
            lambda: scorer.model.predict(history, horizon, money)
        )
    whole = {
        "histories from the engine": spent_on_history,
        "features, forecasts, and what moved them": forecasting,
        "intervals, scores, segments and words": telling,
    }
    return Scored(len(history), whole, within)


def _features(scorer: Scorer, history: History) -> float:
    model = scorer.model
    if not isinstance(model, Explaining) or model.ground is None:
        return 0.0
    ground = model.ground
    return timed(lambda: ground.known(history))[0]


if __name__ == "__main__":
    main()
