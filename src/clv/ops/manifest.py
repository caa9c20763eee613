"""What a run writes about itself: inputs, settings, counts, choices, figures, timings."""

from __future__ import annotations

import hashlib
import math
import platform
import statistics
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from clv.core.types import Json
from clv.data.ingest import Ingested
from clv.evaluation.backtest import RULE
from clv.evaluation.honesty import churn, holdout_table, mean_of, reached, segments, totals
from clv.evaluation.metrics.value import mean_known
from clv.models import registry
from clv.models.onetime import Hybrid
from clv.ops.beside import Files
from clv.ops.job import Contest, Result
from clv.ops.keptfiles import SERIES
from clv.ops.progress import Stages
from clv.ops.runs import FORMAT, MADE_UP
from clv.ops.scoring import rfm_segments

PACKAGES = (
    *("clv", "numpy", "scipy", "pandas", "pyarrow", "duckdb", "ibis-framework", "lifelines"),
    *("lightgbm", "scikit-learn", "xgboost-cpu"),
)
#: What --series cannot do, said to whoever gave one.
SERIES_NOTE = (
    "series: learners see what it was when each customer came first. Its latest values, the same"
    " for all customers, move no forecast; clv features writes them"
)


def manifest(result: Result, stages: Stages) -> Json:
    """Everything about the run but the forecasts themselves."""
    settings, log = result.settings, result.log
    return {
        "format": FORMAT,
        "run_id": result.run_id,
        "clv_version": version("clv"),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "read_at": settings.read_at.isoformat(),
        MADE_UP: settings.made_up,
        "gathered": settings.gathered,
        "title": Path(settings.source.split("?")[0]).name or settings.source,
        "as_of": str(log.as_of),
        "horizon_days": settings.horizon.n_days,
        "level": settings.level,
        "margin": settings.money.margin,
        "annual_discount_rate": settings.money.annual_discount_rate,
        "seed": settings.seed,
        "settings": settings.asked,
        **of_log(log, result.files),
        "counts": {**counts(log), **_customers(result)},
        "budget": settings.budget.name,
        "champion": champion(result.contest),
        "tuning": [search.to_json() for search in result.contest.searches],
        "total": _total(result),
        "coverage": _coverage(result),
        "churn": _churn(result),
        "signal": bool(getattr(result.scorer.model, "signal_", True)),
        "insight": result.insight,
        "profiles": {
            "fidelity": result.profiles.surrogate.fidelity,
            "typical_miss": result.profiles.surrogate.typical_miss,
            "uses": sorted(result.profiles.tellable),
        },
        "stages": stages.passed,
        "peak_memory_mb": stages.peak_memory_mb,
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        "warnings": [*result.files.warnings, *_warnings(result), *_left_unsaid(result)],
    }


def of_log(log: Ingested, files: Files | None = None) -> Json:
    """What was read, files beside the log too, and how it was understood."""
    beside = files or Files()
    origins = [
        {"path": o.path, "bytes": o.size, "sha256": o.sha256, "rows": o.rows} for o in log.origins
    ]
    return {
        "inputs": [*origins, *beside.inputs],
        "as_of_given": log.as_of_given,
        "currency": log.currency,
        "mapping": {
            name: {"column": source.column, "how": source.how}
            for name, source in log.mapping.items()
        },
        "date_reading": log.date_reading,
        "notices": [*log.notices, *beside.notices],
    }


def counts(log: Ingested) -> Json:
    """Rows in = accepted + quarantined + dropped; customers of whom no purchase is left."""
    return {
        "rows_in": log.rows_in,
        "accepted": log.accepted,
        "quarantined": log.quarantined,
        "dropped": log.dropped,
        "by_rule": dict(log.by_rule),
        "without_purchase": log.without_purchase,
    }


def leaderboard(contest: Contest, level: float) -> Json:
    """Every model on the past days, the best by the champion's rule first, failures last.

    Figures are means over the days on which all models that could be fitted were asked, with
    standard deviations beside them, and each day's own under `origins`.
    """
    last = contest.last
    names = [*last.said, *last.failed]
    rows = [_row(name, contest) for name in names]
    rows.sort(key=lambda row: (row["failed"] is not None, row.get("deviance") or math.inf))
    return {
        "rule": RULE,
        "holdout": {
            "from": str(last.origin.cutoff.plus(1)),
            "to": str(last.origin.end),
            "days": last.origin.window.n_days,
            "customers": len(last.history),
            "share": last.share,
            "actual_total": float(last.actual.sum()),
        },
        "origins": [str(trial.origin.cutoff) for trial in contest.trials],
        "shared": [str(trial.origin.cutoff) for trial in contest.shared],
        "level": level,
        "rows": rows,
    }


def holdout(result: Result) -> pd.DataFrame:
    """The champion on the holdout, with intervals learned without it."""
    name = result.contest.champion.name
    found = next((j for j in result.judged if j.trial is result.contest.last), None)
    if found is None:
        return pd.DataFrame(
            {c: [] for c in ("customer_id", "group", "predicted", "lower", "upper", "actual")}
        )
    return holdout_table(found, name, result.settings.level)


def hashes(folder: Path) -> Json:
    """SHA-256 of every file of the run, by its path in the folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if not path.name.startswith(".")
    }


def _row(name: str, contest: Contest) -> Json:
    last = contest.last
    known = registry.entry(name)
    each = [
        {"cutoff": str(t.origin.cutoff), **_finite_of(t.figures(name))}
        for t in contest.trials
        if name in t.said
    ]
    notes = last.said[name].notes if name in last.said else ()
    told = {
        "model": name,
        "label": known.label,
        "kind": known.kind,
        "champion": name == contest.champion.name,
        "failed": last.failed.get(name),
        # Whose word it is stands beside it already.
        "notes": [note.removeprefix(f"{known.short}: ") for note in notes],
        "origins": each,
    }
    if name not in last.said:
        return told
    shared = [str(t.origin.cutoff) for t in contest.shared]
    alike = [row for row in each if row["cutoff"] in shared]
    figures = {figure: [row[figure] for row in alike] for figure in alike[0] if figure != "cutoff"}
    means = {figure: mean_known(values) for figure, values in figures.items()}
    spreads = {figure: _deviation(values) for figure, values in figures.items()}
    seconds = sum(t.said[name].seconds for t in contest.trials if name in t.said)
    return {**told, **means, "spread": spreads, "seconds": round(seconds, 3)}


def _customers(result: Result) -> Json:
    frame = result.history.frame
    return {
        "customers": len(frame),
        "purchases": int((frame["x"] + 1).sum()),
        "one_timers": int((frame["x"] == 0).sum()),
        "first_day": str(result.book.first_day),
        "last_day": str(result.log.as_of.minus(int((frame["T"] - frame["t_x"]).min()))),
    }


def champion(contest: Contest) -> Json:
    """Which model is trusted with the future, by which rule, and why."""
    chosen = contest.champion
    label = registry.entry(chosen.name).label
    own, n = chosen.deviance[chosen.name], chosen.days
    days = f"{n} past days" if n > 1 else "the past day"
    rivals = [
        registry.entry(name).label
        for name in contest.last.said
        if registry.entry(name).kind == "naive" and _mean_deviance(contest, name) < own
    ]
    if not math.isfinite(own):
        why = "nobody bought in the days checked, so nothing tells the models apart"
    elif chosen.level_of is not None:
        of = registry.entry(chosen.level_of).label
        why = (
            f"{of} ranked customers no better than chance on {days}, so its mean is forecast of"
            f" everybody; mean deviance {own:.3f}"
        )
    elif chosen.lowest != chosen.name:
        other = registry.entry(chosen.lowest).label
        why = (
            f"mean deviance {own:.3f} on {days}; {other} has"
            f" {chosen.deviance[chosen.lowest]:.3f}, not clearly lower"
        )
    else:
        rank = f"the lowest of {len(chosen.deviance)} models"
        if len(chosen.deviance) == 1:
            rank = "the only model compared"
        why = f"mean deviance {own:.3f} on {days}, {rank}"
    if rivals:
        why += f"; {' and '.join(rivals)} did better"
    return {"name": chosen.name, "label": label, "rule": RULE, "why": why}


def _mean_deviance(contest: Contest, name: str) -> float:
    each = [t.figures(name)["deviance"] for t in contest.shared]
    known = [value for value in each if math.isfinite(value)]
    return sum(known) / len(known) if known else math.inf


def _total(result: Result) -> Json:
    level, n = result.settings.level, result.total.totals
    clv = result.forecasts["clv"].to_numpy()
    lower, upper = result.total.interval(clv.sum(), level)
    days = result.contest.last.origin.window.n_days
    windows = "one past day" if n == 1 else f"{n} past days"
    method = f"errors of the champion's totals from {windows}, {days} days ahead"
    if result.settings.horizon.n_days > days:
        method += f", taken to be as large in proportion over {result.settings.horizon.n_days}"
    if n == 0:
        method = "no past total with a purchase tells how far this one may miss"
    return {
        "clv": float(clv.sum()),
        "lower": float(lower) if n else None,
        "upper": float(upper) if n else None,
        "method": method,
        "historic": float(result.forecasts["historic_value"].to_numpy().sum()),
        "past": totals(result.contest.trials, result.contest.champion.name, level),
        "by_segment": _by_segment(result) if n else {},
        "past_segments": _past_segments(result) if n else [],
    }


def _by_segment(result: Result) -> Json:
    """Totals of segments; what their customers do not share counts besides what all share."""
    codes, names = pd.factorize(result.forecasts["segment"].to_pandas(), sort=True)
    value = result.forecasts["clv"].to_numpy()
    clv, variance = (
        np.bincount(codes, weights=each).astype(np.float64) for each in (value, result.variance)
    )
    lower, upper = result.total.interval(clv, result.settings.level, variance)
    return {
        str(name): {"clv": float(clv[i]), "lower": float(lower[i]), "upper": float(upper[i])}
        for i, name in enumerate(names)
    }


def _past_segments(result: Result) -> list[Json]:
    """Of how many past days the total of a segment was inside the interval told on the day."""
    name, level = result.contest.champion.name, result.settings.level
    told = segments(result.judged, result.contest.trials, name, level, rfm_segments)
    found: dict[str, list[bool]] = {}
    for each in told:
        found.setdefault(each["segment"], []).append(each["inside"])
    return [
        {"segment": segment, "inside": sum(inside), "days": len(inside)}
        for segment, inside in sorted(found.items())
    ]


def _coverage(result: Result) -> Json:
    """What intervals promised, and what they reached on past days: means over those."""
    name, level, seed = (
        result.contest.champion.name,
        result.settings.level,
        result.settings.seed,
    )
    each = [reached(found, name, level, seed) for found in result.judged]
    if not each:
        return {"promised": level, "origins": []}
    means = {
        figure: mean_of(each, figure)
        for figure in ("below", "reached", "above", "expected_above", "pit_distance", "crps")
    }
    return {"promised": level, **means, "how": each[-1]["how"], "origins": each}


def _churn(result: Result) -> Json:
    """How true chances of no purchase were on past days, and how many windows each rests on.

    Returns
    -------
    as `clv.evaluation.honesty.churn`, and "how", what chances were calibrated by, in words;
    "rests_on", of each day judged how many earlier windows, 0 where halves of its customers
    judged each other. Empty where no day could be judged
    """
    if not result.judged:
        return {}
    name = result.contest.champion.name
    ends = [trial.origin.end for trial in result.contest.trials if name in trial.said]
    days = [found.trial.origin.cutoff for found in result.judged]
    windows = [sum(end <= day for end in ends) for day in days]
    rests_on = [{"cutoff": str(day), "windows": n} for day, n in zip(days, windows, strict=True)]
    how = calibrated(windows, len(ends))
    return {**churn(result.judged), "how": how, "rests_on": rests_on}


def calibrated(judged: list[int], ahead: int) -> str:
    """What chances of a purchase were calibrated by, in words.

    Parameters
    ----------
    judged : of each past day that was judged how many earlier windows its chances rest on
    ahead : windows that chances for the days after the log rest on
    """
    ahead_by = f"those for the days ahead rest on {ahead} past {'day' if ahead == 1 else 'days'}"
    if not any(judged):
        return (
            "judged on one past day by halves of its customers, each calibrated by the other, as no"
            f" earlier window was over by then: this flatters; {ahead_by}"
        )
    days = "one past day" if len(judged) == 1 else f"{len(judged)} past days"
    alone = judged.count(1)
    if not alone:
        return f"judged on {days} by windows over by then, at least two for each; {ahead_by}"
    which = "all of them" if alone == len(judged) > 1 else f"{alone} of them"
    if len(judged) == 1:
        return f"judged on {days}, calibrated by a single earlier window; {ahead_by}"
    return (
        f"judged on {days} by windows over by then, for {which} a single one, which tells nothing"
        f" of how days differ; {ahead_by}"
    )


def _left_unsaid(result: Result) -> list[str]:
    """What was asked for and does less than a reader may think."""
    settings = result.settings
    told = [*settings.left_out]
    if result.files.of(SERIES) is not None and not settings.beside.unread:
        told.append(SERIES_NOTE)
    return told


def _warnings(result: Result) -> list[str]:
    """What the champion could not learn from the data alone, and how far it extrapolates."""
    model = result.scorer.model
    told = [str(note) for note in getattr(model, "notes_", ())]
    if isinstance(model, Hybrid):
        beyond = model.extrapolated_share(result.history, result.settings.horizon)
        if beyond > 0:
            told.append(
                f"{100 * beyond:.0f} % of the one-timers' horizon lies beyond the longest return"
                " seen; there the curve of returns is extrapolated."
            )
    return told


def _finite_of(figures: dict[str, float]) -> Json:
    return {name: finite(value) for name, value in figures.items()}


def _deviation(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.stdev(known) if len(known) > 1 else None


def finite(value: float) -> float | None:
    """As JSON can have it."""
    return float(value) if math.isfinite(value) else None
