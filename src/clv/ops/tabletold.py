"""What a run on a table writes about itself: leaderboard, choices, figures, what was left out."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clv.core.types import Floats, Json
from clv.evaluation import heldout
from clv.evaluation.folds import IN_TIME
from clv.evaluation.table import ENSEMBLE, MEAN, NAIVE, Comparison, label
from clv.models.insight import MOST_PICTURED, MOST_TOLD, SAMPLED, dependence, importance
from clv.models.reasons.phrases import of_column
from clv.ops.budget import BUDGETS
from clv.ops.manifest import PACKAGES, finite
from clv.ops.progress import Stages
from clv.ops.runs import FORMAT

if TYPE_CHECKING:
    from clv.ops.tables import TableResult

TABLE = "table"


def leaderboard(compared: Comparison) -> Json:
    """Every model on rows it had not seen: means over folds, deviations beside them, each fold."""
    rows = [_row(name, compared) for name in compared.said]
    rows.sort(key=lambda row: row["deviance"] if row["deviance"] is not None else math.inf)
    rows += [_failed(name, why) for name, why in compared.failed.items()]
    return {
        "rule": compared.rule,
        "scheme": scheme(compared),
        "holdout": None,
        "origins": [fold.name for fold in compared.folds],
        "judged": compared.judged,
        "rows": rows,
    }


def scheme(compared: Comparison) -> str:
    """How rows were held out, in words."""
    if compared.checked:
        fold = compared.folds[0]
        stopped = f" stopped by {len(fold.stop):,}," if len(fold.stop) else ""
        return (
            f"learned from {len(fold.taught):,} rows,{stopped} chosen on {len(fold.check):,}, asked"
            f" about {len(fold.asked):,}: {fold.name}"
        )
    return (
        f"{len(compared.folds)} folds drawn by lot; each asked once of models that learned from"
        " the others"
    )


def champion(compared: Comparison) -> Json:
    """Which model forecasts, and why."""
    name, lowest = compared.champion, compared.lowest
    where = "on the rows between" if compared.checked else "over the folds"
    models = len(compared.said) - len(NAIVE)
    if name == MEAN:
        why = f"no model knew more {where} than the mean; {label(lowest)} came closest"
    elif name == lowest:
        why = f"the lowest deviance of {models} models {where}"
        if models == 1:
            why = "the only model compared"
    else:
        why = f"{label(lowest)} has a lower deviance {where}, but not clearly"
    weights = zip(compared.learners, compared.weights_of(name).tolist(), strict=True)
    return {
        "name": name,
        "label": label(name),
        "why": why,
        "rule": compared.rule,
        "weights": {learner: weight for learner, weight in weights if weight > 0},
    }


def manifest(result: TableResult, stages: Stages) -> Json:
    """Everything about the run but the forecasts themselves."""
    settings, table, compared = result.settings, result.table, result.compared
    n = len(table)
    return {
        "format": FORMAT,
        "kind": TABLE,
        "run_id": result.run_id,
        "clv_version": version("clv"),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "title": Path(settings.source).name,
        "as_of": None,
        "target": settings.target,
        "id_column": table.id_column,
        "level": settings.level,
        "seed": settings.seed,
        "settings": settings.asked,
        "inputs": [
            {"path": settings.source, "bytes": table.size, "sha256": table.sha256, "rows": n}
        ],
        "counts": {
            "rows_in": n,
            "customers": n - table.repeated,
            "with_target": len(result.known),
            "without_target": n - len(result.known),
            "features": len(result.features),
        },
        "features": list(result.features),
        "left_out": result.left_out,
        "budget": settings.budget,
        "champion": champion(compared),
        "tuning": [search.to_json() for search in result.searches],
        "signal": compared.champion != MEAN,
        "total": _total(result),
        "coverage": heldout.reached(compared, compared.champion, settings.level, settings.seed),
        "insight": _insight(result),
        "warnings": _warnings(result),
        "stages": stages.passed,
        "peak_memory_mb": stages.peak_memory_mb,
        "versions": {name: version(name) for name in PACKAGES},
    }


def _row(name: str, compared: Comparison) -> Json:
    each = [
        {key: value if key == "cutoff" else finite(value) for key, value in fold.items()}
        for fold in compared.figures(name)
    ]
    figures = {
        key: np.array([np.nan if fold[key] is None else fold[key] for fold in each])
        for key in each[0]
        if key != "cutoff"
    }
    return {
        "model": name,
        "label": label(name),
        "kind": "naive" if name in NAIVE else "model",
        "champion": name == compared.champion,
        "failed": None,
        "notes": [],
        "origins": each,
        **{key: _mean(values) for key, values in figures.items()},
        "spread": {key: _deviation(values) for key, values in figures.items()},
        "seconds": round(compared.seconds.get(name, 0.0), 3),
    }


def _failed(name: str, why: str) -> Json:
    about = {"model": name, "label": label(name), "kind": "model", "champion": False}
    return {**about, "failed": why, "notes": [], "origins": []}


def _warnings(result: TableResult) -> list[str]:
    kept, table = result.settings.keep, result.table
    told = list(table.notices)
    if result.settings.models is None:
        told += BUDGETS[result.settings.budget].installed().notes
    for each in result.suspected:
        if each.left_out and each.column not in kept:
            told.append(
                f"column {each.column} was left out: it {each.why}. --keep {each.column} keeps it"
            )
        elif each.left_out:
            told.append(f"column {each.column} was kept as you asked, though it {each.why}")
        elif each.column not in result.left_out:
            told.append(f"column {each.column} {each.why} with --drop {each.column}")
    if result.formula:
        told.append(f"formula: {result.formula}")
    if table.repeated:
        told.append(
            f"{table.repeated:,} row(s) name a customer again; rows of one customer were held out"
            " together"
        )
    if without := len(table) - len(result.known):
        told.append(f"{without:,} row(s) have no {result.settings.target}: forecast, not learned")
    compared, target = result.compared, result.settings.target
    if compared.judged < len(compared.folds):
        told.append(
            f"{len(compared.folds) - compared.judged} of {len(compared.folds)} folds have no"
            f" {target} above 0: deviances are means over the others"
        )
    if compared.champion == MEAN:
        told.append(
            f"no signal: no model told more of {target} than its mean does, so every customer is"
            " forecast the mean. Do not order customers by it"
        )
    if result.compared.folds[0].name != IN_TIME:
        told.append(
            "figures are of customers held out, not of time: they tell how well customers like"
            " these are forecast, not how well the next year is"
        )
    return told


def _total(result: TableResult) -> Json:
    """Of all rows, with how far the total of other customers like these may miss."""
    value = result.forecasts["forecast"].to_numpy()
    compared, level = result.compared, result.settings.level
    asked = np.concatenate([fold.asked for fold in compared.folds])
    told = heldout.total(compared, compared.champion, float(value.sum()), len(value), level)
    return {
        **told,
        "known": float(compared.actual.sum()),
        "held_out": {
            "rows": len(asked),
            "forecast": float(compared.said[compared.champion][asked].sum()),
            "actual": float(compared.actual[asked].sum()),
        },
    }


def _insight(result: TableResult) -> Json | None:
    """What drives forecasts, as `clv.models.insight.insight` tells it; None where nothing does."""
    if result.scorer.explainer is None:
        return None
    explainer, encoder = result.scorer.explainer, result.scorer.panel.encoder
    rows = np.arange(len(result.table.frame))
    if len(rows) > SAMPLED:
        draw = np.random.default_rng(result.settings.seed)
        rows = np.sort(draw.choice(len(rows), SAMPLED, replace=False))
    X = encoder.of(result.table.frame.iloc[rows])
    mean = float(explainer.forecast(X).mean())
    weighed = importance(explainer)
    plain = [name for name in encoder.numbers if name not in result.scorer.days]
    numbers = [name for name in weighed if name in plain][:MOST_PICTURED]
    weights = champion(result.compared)["weights"]
    return {
        "importance": [
            {"feature": name, "meaning": of_column(name).words, "share": share}
            for name, share in list(weighed.items())[:MOST_TOLD]
        ],
        "features": len(weighed),
        "partial_dependence": [
            {"feature": name, "meaning": of_column(name).words, "unit": ""}
            | dependence(explainer, X, name, mean)
            for name in numbers
        ],
        "weights": [
            {"member": name, "label": label(name), "weight": weight}
            for name, weight in weights.items()
        ]
        if result.compared.champion == ENSEMBLE
        else [],
    }


def _mean(values: Floats) -> float | None:
    """Over the folds that have the figure."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _deviation(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if len(known) > 1 else None
