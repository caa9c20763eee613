"""One case: our default and its rivals on the same customers, against what really came."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import clv
from benchmarks.accuracy import rivals
from benchmarks.accuracy.cases import Case
from clv.core.types import Bools, Floats, Json, Money
from clv.evaluation import metrics
from clv.evaluation.backtest import figures
from clv.evaluation.honesty import CRPS_LEVELS, allowed_above
from clv.features.book import Book, History
from clv.models.distribution import Spread
from clv.ops.config import RunConfig
from clv.ops.machine import Machine
from clv.ops.pipeline import opened
from clv.ops.progress import Silent, Stages
from clv.ops.scoring import Scorer

OURS = "clv"
#: Ours, the middle of what each customer may spend instead of its mean: what MAE asks for.
MEDIANS = "clv, medians"
#: Ours, all customers who came once told the same: shows what a rank correlation makes of ties.
TIED = "clv, one-timers alike"
MEAN = "everyone the mean"
#: In the tables for comparison's sake; nobody would use them.
ASIDE = (MEDIANS, TIED, MEAN)
LIFETIMES = "BG/NBD × GG (lifetimes)"
LEVEL = 0.9


@dataclass(frozen=True)
class Verdict:
    """What one case found.

    Attributes
    ----------
    figures : per forecaster, the leaderboard's figures
    intervals : ours; figures of the distributions and of the total
    crps_of_simulation : of futures drawn from lifetimes' fits
    champion : the model our default chose
    notes : what it had to tell
    seconds : of our run
    """

    case: Case
    customers: int
    figures: dict[str, dict[str, float]]
    intervals: dict[str, Any]
    crps_of_simulation: float
    champion: str
    notes: list[str]
    seconds: float

    def to_json(self) -> Json:
        """All but the case; `of_json` reads it back."""
        pit = self.intervals["pit"].tolist()
        return asdict(replace(self, intervals=self.intervals | {"pit": pit})) | {"case": None}

    @classmethod
    def of_json(cls, case: Case, told: Json) -> Verdict:
        """What `to_json` made of this case's verdict."""
        intervals = told["intervals"] | {"pit": np.array(told["intervals"]["pit"])}
        return cls(**(told | {"case": case, "intervals": intervals}))


def judge(case: Case, budget: str) -> Verdict:
    """Run our default on the log cut at the day, and everyone else, and look what came."""
    with tempfile.TemporaryDirectory(prefix="clv-") as work:
        started = time.perf_counter()
        run = clv.run(
            case.path,
            out=Path(work) / "run",
            as_of=str(case.cutoff),
            horizon=case.horizon.n_days,
            level=LEVEL,
            budget=budget,
        )
        seconds = time.perf_counter() - started
        forecasts = run.forecasts().to_pandas()
        config = RunConfig.checked({"horizon": case.horizon.n_days})
        settings = config.run_settings(str(case.path), Machine())
        with opened(settings, Path(work) / "log", Stages(Silent())) as log:
            future = log.book
            # What is known on the day itself: a book that ends there.
            known = Book.open(future.ledger, case.cutoff)
            history = known.history(case.cutoff, case.horizon.n_days)
            actual = future.outcome(history, case.horizon).value
            own = forecasts.set_index("customer_id")["clv"]
            ours = own.reindex(history.frame["customer_id"].tolist()).to_numpy(np.float64)
            fits = rivals.lifetimes(history, case.horizon)
            said = {OURS: ours, LIFETIMES: fits.value, **_others(history, case)}
            told = {name: figures(actual, value) for name, value in said.items()}
            scorer = Scorer.load(run.model)
            prediction = scorer.model.predict(history, case.horizon)
            once = (history.frame["x"] == 0).to_numpy()
            spread = scorer.spread(once, prediction, case.horizon, Money())
            aside = {
                MEDIANS: spread.quantile(0.5),
                TIED: np.where(once, ours[once].mean(), ours),
                MEAN: np.full(len(actual), ours.mean()),
            }
            told |= {name: figures(actual, value) for name, value in aside.items()}
            quantiles = rivals.simulated(history, case.horizon, fits, CRPS_LEVELS)
            return Verdict(
                case=case,
                customers=len(history),
                figures=told,
                intervals=_intervals(run.manifest["total"], spread, prediction, once, actual),
                crps_of_simulation=metrics.crps(actual, CRPS_LEVELS, quantiles) / actual.mean(),
                champion=run.manifest["champion"]["name"],
                notes=run.manifest["warnings"],
                seconds=seconds,
            )


def _others(history: History, case: Case) -> dict[str, Floats]:
    named: dict[str, Callable[..., Floats]] = {
        "naive: same rate": rivals.of_model("naive_rate"),
        "naive: repeats": rivals.of_model("naive_repeat"),
        "naive: last period": rivals.of_model("naive_last_period"),
        "XGBoost on RFM": rivals.rfm_boosting,
        "ZILN": rivals.of_model("ziln"),
    }
    return {name: forecast(history, case.horizon, 0) for name, forecast in named.items()}


def _intervals(
    total: Json, spread: Spread, prediction: pd.DataFrame, onetimer: Bools, actual: Floats
) -> dict[str, Any]:
    value = prediction["clv"].to_numpy(np.float64)
    lower, upper = spread.around(value, LEVEL)
    over = actual > upper
    third = pd.qcut(pd.Series(value).rank(method="first"), 3, labels=False).to_numpy()
    quantiles = np.column_stack([spread.quantile(q) for q in CRPS_LEVELS])
    values = metrics.pit(*spread.at_most(actual), seed=0)
    return {
        "above": float(over.mean()),
        "allowed": allowed_above(spread, value, LEVEL),
        "below": float((actual < lower).mean()),
        "one-timers": float(over[onetimer].mean()),
        "repeaters": float(over[~onetimer].mean()),
        "low third": float(over[third == 0].mean()),
        "middle third": float(over[third == 1].mean()),
        "top third": float(over[third == 2].mean()),
        "pit": values,
        "pit_distance": metrics.pit_distance(values),
        "crps": metrics.crps(actual, CRPS_LEVELS, quantiles) / actual.mean(),
        "total_inside": bool(total["lower"] <= actual.sum() <= total["upper"]),
        "total": (total["lower"], total["clv"], total["upper"], float(actual.sum())),
    }
