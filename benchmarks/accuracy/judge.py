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
from clv.core.types import Bools, Floats, Horizon, Json, Money
from clv.evaluation import metrics
from clv.evaluation.backtest import figures
from clv.evaluation.honesty import CRPS_LEVELS, allowed_above, how_true
from clv.features.book import Book, History, Outcome
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
#: What the customers of the last known window brought on average, told of everyone.
LAST_MEAN = "the last window's mean"
#: What customers did bring on average, which nobody could know.
CAME_MEAN = "the mean that came"
#: In the tables for comparison's sake; nobody would use them.
ASIDE = (MEDIANS, TIED, LAST_MEAN, CAME_MEAN)
LIFETIMES = "BG/NBD × GG (lifetimes)"
LEVEL = 0.9


@dataclass(frozen=True)
class Verdict:
    """What one case found.

    Attributes
    ----------
    figures : per forecaster, those of `scored`
    intervals : ours; figures of the distributions and of the total
    segments : per segment its total's ends and what came
    churn : how true the chances of no purchase were: `clv.evaluation.honesty.how_true`, and
        "base_rate", the share that did not purchase, and "windows", past ones that chances were
        calibrated by
    crps_of_simulation : of futures drawn from lifetimes' fits; NaN where nobody else was asked
    champion : the model our default chose
    span : days known by then
    window : days ahead that it was judged and its intervals were learned on
    notes : what it had to tell
    seconds : of our run
    """

    case: Case
    customers: int
    figures: dict[str, dict[str, float]]
    intervals: dict[str, Any]
    segments: list[Json]
    churn: Json
    crps_of_simulation: float
    champion: str
    span: int
    window: int
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
        config = RunConfig.checked({"horizon": case.horizon.n_days})
        settings = config.run_settings(str(case.path), Machine())
        with opened(settings, Path(work) / "log", Stages(Silent())) as log:
            future = log.book
            # What is known on the day itself: a book that ends there.
            known = Book.open(future.ledger, case.cutoff)
            history = known.history(case.cutoff, case.horizon.n_days)
            outcome = future.outcome(history, case.horizon)
            actual = outcome.value
            forecasts = run.forecasts().to_pandas().set_index("customer_id")
            forecasts = forecasts.reindex(history.frame["customer_id"].tolist())
            ours = forecasts["clv"].to_numpy(np.float64)
            scorer = Scorer.load(run.model)
            prediction = scorer.model.predict(history, case.horizon)
            once = (history.frame["x"] == 0).to_numpy()
            spread = scorer.spread(once, prediction, case.horizon, Money())
            said, simulated = {OURS: ours}, float("nan")
            if case.kind != "long":
                fits = rivals.lifetimes(history, case.horizon)
                said |= {LIFETIMES: fits.value, **_others(history, case)}
                quantiles = rivals.simulated(history, case.horizon, fits, CRPS_LEVELS)
                simulated = metrics.crps(actual, CRPS_LEVELS, quantiles) / actual.mean()
            said |= {
                MEDIANS: spread.quantile(0.5),
                TIED: np.where(once, ours[once].mean() if once.any() else 0.0, ours),
                LAST_MEAN: np.full(len(actual), _last_mean(history, case.horizon)),
                CAME_MEAN: np.full(len(actual), actual.mean()),
            }
            return Verdict(
                case=case,
                customers=len(history),
                figures={name: scored(actual, value) for name, value in said.items()},
                intervals=_intervals(run.manifest["total"], spread, prediction, once, actual),
                segments=_segments(run.manifest["total"]["by_segment"], forecasts, actual),
                churn=_churn(forecasts, outcome, scorer.distribution.days),
                crps_of_simulation=simulated,
                champion=run.manifest["champion"]["name"],
                span=history.span,
                window=run.leaderboard["holdout"]["days"],
                notes=run.manifest["warnings"],
                seconds=seconds,
            )


def scored(actual: Floats, value: Floats) -> dict[str, float]:
    """The leaderboard's figures, and what a miss is explained by.

    Returns
    -------
    besides those: "buyers_mape" of customers who bought; "mae_levelled" and
    "decile_mape_levelled" with the total put right in hindsight; "mae_of_none", the part of MAE
    that customers who brought nothing make; of each tenth by forecast, 0 the lowest, "miss_0",
    its part of decile MAPE, "told_0" and "came_0", its forecast and what it brought, in parts of
    all that came
    """
    off = metrics.bias(actual, value)
    right = value / (1.0 + off) if np.isfinite(off) and off > -1.0 else value
    told, came, count = metrics.deciles(actual, value)
    some = came > 0
    missed = np.where(some, np.abs(told / np.where(some, came, 1.0) - 1.0), 0.0) / some.sum()
    whole = float(actual.sum())
    tenths = {
        f"{name}_{i}": float(each[i])
        for name, each in (
            ("miss", missed),
            ("told", told * count / whole),
            ("came", came * count / whole),
        )
        for i in range(len(count))
    }
    return figures(actual, value) | {
        "buyers_mape": metrics.mape(actual, value),
        "mae_levelled": metrics.mae(actual, right),
        "decile_mape_levelled": metrics.decile_mape(actual, right),
        "mae_of_none": float(np.where(actual <= 0, np.abs(value - actual), 0.0).mean()),
        **tenths,
    }


def _others(history: History, case: Case) -> dict[str, Floats]:
    named: dict[str, Callable[..., Floats]] = {
        "naive: same rate": rivals.of_model("naive_rate"),
        "naive: repeats": rivals.of_model("naive_repeat"),
        "naive: last period": rivals.of_model("naive_last_period"),
        "XGBoost on RFM": rivals.rfm_boosting,
        "ZILN": rivals.of_model("ziln"),
    }
    return {name: forecast(history, case.horizon, 0) for name, forecast in named.items()}


def _last_mean(history: History, horizon: Horizon) -> float:
    """What customers brought on average in the last window that is over.

    Where the log is shorter than two horizons, in its later half, and in proportion.
    """
    window = Horizon(min(horizon.n_days, history.span // 2))
    earlier = history.rewind(history.as_of.minus(window.n_days), window)
    mean = float(history.followed(earlier, window).value.mean())
    return mean * horizon.n_days / window.n_days


def _intervals(
    total: Json, spread: Spread, prediction: pd.DataFrame, onetimer: Bools, actual: Floats
) -> dict[str, Any]:
    value = prediction["clv"].to_numpy(np.float64)
    lower, upper = spread.around(value, LEVEL)
    over = actual > upper
    third = pd.qcut(pd.Series(value).rank(method="first"), 3, labels=False).to_numpy()
    quantiles = np.column_stack([spread.quantile(q) for q in CRPS_LEVELS])
    values = metrics.pit(*spread.at_most(actual), seed=0)
    ends = [float("nan") if total[end] is None else total[end] for end in ("lower", "upper")]
    return {
        "above": float(over.mean()),
        "allowed": allowed_above(spread, value, LEVEL),
        "below": float((actual < lower).mean()),
        "one-timers": _share(over, onetimer),
        "repeaters": _share(over, ~onetimer),
        "low third": _share(over, third == 0),
        "middle third": _share(over, third == 1),
        "top third": _share(over, third == 2),
        "pit": values,
        "pit_distance": metrics.pit_distance(values),
        "crps": metrics.crps(actual, CRPS_LEVELS, quantiles) / actual.mean(),
        "total_inside": bool(ends[0] <= actual.sum() <= ends[1]),
        "total": (ends[0], total["clv"], ends[1], float(actual.sum())),
    }


def _share(over: Bools, rows: Bools) -> float:
    return float(over[rows].mean()) if rows.any() else float("nan")


def _segments(told: Json, forecasts: pd.DataFrame, actual: Floats) -> list[Json]:
    came = pd.Series(actual).groupby(forecasts["segment"].astype(str).to_numpy()).sum()
    return [
        {
            "segment": name,
            **ends,
            "actual": float(came[name]),
            "inside": bool(ends["lower"] <= came[name] <= ends["upper"]),
        }
        for name, ends in told.items()
    ]


def _churn(forecasts: pd.DataFrame, outcome: Outcome, windows: int) -> Json:
    nothing = outcome.purchases == 0
    true = how_true(nothing, 1.0 - forecasts["p_purchase"].to_numpy(np.float64))
    return true | {"base_rate": float(nothing.mean()), "windows": windows}
