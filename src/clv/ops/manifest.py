"""What a run writes about itself: inputs, settings, counts, choices, figures, timings."""

from __future__ import annotations

import hashlib
import math
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from clv.core.types import Json
from clv.data.ingest import Ingested
from clv.evaluation.backtest import CHAMPION_RULE, Score, Trial
from clv.evaluation.honesty import coverage_of
from clv.models import registry
from clv.models.base import Model
from clv.models.onetime import Hybrid
from clv.ops.job import Result
from clv.ops.progress import Stages
from clv.ops.runs import FORMAT

PACKAGES = ("clv", "numpy", "scipy", "pandas", "pyarrow", "duckdb", "ibis-framework", "lifelines")


def manifest(result: Result, stages: Stages) -> Json:
    """Everything about the run but the forecasts themselves."""
    settings, log = result.settings, result.log
    return {
        "format": FORMAT,
        "run_id": result.run_id,
        "clv_version": version("clv"),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "title": Path(settings.source.split("?")[0]).name or settings.source,
        "as_of": str(log.as_of),
        "horizon_days": settings.horizon.n_days,
        "level": settings.level,
        "margin": settings.money.margin,
        "annual_discount_rate": settings.money.annual_discount_rate,
        "seed": settings.seed,
        "settings": settings.asked,
        **of_log(log),
        "counts": {**counts(log), **_customers(result)},
        "champion": _champion(result.contest.trial, result.contest.champion),
        "total": _total(result),
        "coverage": coverage_of(result.holdout, settings.level),
        "stages": stages.passed,
        "peak_memory_mb": stages.peak_memory_mb,
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        "warnings": _warnings(result),
    }


def of_log(log: Ingested) -> Json:
    """What was read, and how it was understood."""
    return {
        "inputs": [
            {"path": o.path, "bytes": o.size, "sha256": o.sha256, "rows": o.rows}
            for o in log.origins
        ],
        "as_of_given": log.as_of_given,
        "currency": log.currency,
        "mapping": {
            name: {"column": source.column, "how": source.how}
            for name, source in log.mapping.items()
        },
        "date_reading": log.date_reading,
        "notices": list(log.notices),
    }


def counts(log: Ingested) -> Json:
    """Rows in = accepted + quarantined + dropped."""
    return {
        "rows_in": log.rows_in,
        "accepted": log.accepted,
        "quarantined": log.quarantined,
        "dropped": log.dropped,
        "by_rule": dict(log.by_rule),
    }


def leaderboard(trial: Trial, champion: str) -> Json:
    """Every model on the holdout, the best by the champion's rule first, failures last."""
    rows = [_row(score, champion, trial.fitted.get(score.model)) for score in trial.scores]
    rows.sort(key=lambda row: (row["failed"] is not None, row.get("deviance") or math.inf))
    origin = trial.origin
    return {
        "rule": CHAMPION_RULE,
        "holdout": {
            "from": str(origin.cutoff.plus(1)),
            "to": str(origin.end),
            "days": origin.window.n_days,
            "customers": len(trial.history),
            "actual_total": float(trial.actual.sum()),
        },
        "rows": rows,
    }


def hashes(folder: Path) -> Json:
    """SHA-256 of every file of the run, by its path in the folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if not path.name.startswith(".")
    }


def _row(score: Score, champion: str, fitted: Model | None) -> Json:
    known = registry.entry(score.model)
    figures = {name: _finite(value) for name, value in score.figures.items()}
    return {
        "model": score.model,
        "label": known.label,
        "kind": known.kind,
        "champion": score.model == champion,
        **figures,
        "seconds": round(score.seconds, 3),
        "failed": score.failed,
        "notes": list(getattr(fitted, "notes_", ())),
    }


def _customers(result: Result) -> Json:
    frame = result.history.frame
    return {
        "customers": len(frame),
        "purchases": int((frame["x"] + 1).sum()),
        "one_timers": int((frame["x"] == 0).sum()),
        "first_day": str(result.book.first_day),
        "last_day": str(result.log.as_of.minus(int((frame["T"] - frame["t_x"]).min()))),
    }


def _champion(trial: Trial, champion: str) -> Json:
    scored = {score.model: score for score in trial.scores if score.failed is None}
    own = scored[champion].figures["deviance"]
    rivals = [
        registry.entry(name).label
        for name, score in scored.items()
        if registry.entry(name).kind == "naive" and score.figures["deviance"] < own
    ]
    why = f"deviance {own:.3f}, the lowest of {len(scored)} that could be fitted"
    if not trial.actual.any():
        why = "nobody bought in the days checked, so nothing tells the models apart"
    elif rivals:
        why = f"deviance {own:.3f}, the lowest of the models; {' and '.join(rivals)} did better"
    return {
        "name": champion,
        "label": registry.entry(champion).label,
        "rule": CHAMPION_RULE,
        "why": why,
    }


def _total(result: Result) -> Json:
    total = result.total
    return {
        "clv": float(result.forecasts["clv"].to_numpy().sum()),
        "lower": _finite(total.lower),
        "upper": _finite(total.upper),
        "method": total.method,
        "historic": float(result.forecasts["historic_value"].to_numpy().sum()),
    }


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


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
