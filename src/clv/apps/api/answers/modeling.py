"""What is told of models, from the runs that they were learned in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clv.apps.api.answers.modelnames import aliases_of, model_name
from clv.apps.api.answers.serving import notices_of, of_run, serve
from clv.apps.api.schemas.models import Figures, Row
from clv.core.errors import RunError, UnsuitedError
from clv.models import registry
from clv.ops.runs import MADE_UP, served
from clv.ops.store import publishing

if TYPE_CHECKING:
    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json
    from clv.ops.champions import Serving
    from clv.ops.runs import Run

_FIGURES = tuple(Figures.model_fields)
_OF_ROW = tuple(Row.model_fields)
#: Published runs looked through for those that a name means.
_MOST_LOOKED = 1000
#: Features told of what moves forecasts.
_MOST_TOLD = 20


def listed(services: Services) -> Json:
    """`schemas.models.Models`."""
    with services.store.reading() as conn:
        runs = publishing.listed(conn, _MOST_LOOKED)
    by_name = {name: run["run_id"] for run in runs for name in run["served_as"]}
    try:
        champion: str | None = publishing.current_of(services.store).model
    except RunError:
        champion = None
    models = [
        {
            "name": entry.name,
            "aliases": aliases_of(entry.name),
            "label": entry.label,
            "about": entry.about,
            "kind": entry.kind,
            "champion": entry.name == champion,
            "model_version": by_name.get(f"model:{entry.name}"),
            "train": f"/api/train/{entry.name}" if entry.kind == "model" else None,
        }
        for entry in registry.ENTRIES
    ]
    return {"models": models, "count": len(models)}


def info(services: Services, model_type: str) -> Json:
    """`schemas.models.ModelInfo`."""
    serving = serve(services.champions, model_type)
    manifest = serving.champion.run.manifest
    champion, table = manifest["champion"], serving.champion.table
    moved = (manifest.get("insight") or {}).get("importance") or []
    scorer = serving.champion.profiles
    fields = table.columns if table is not None else scorer.tellable if scorer is not None else ()
    return {
        **of_run(serving),
        "model_type": model_name(model_type),
        "label": champion["label"],
        "kind": manifest.get("kind", "log"),
        "target": manifest.get("target"),
        "why": champion["why"],
        "level": serving.champion.level,
        "margin": manifest.get("margin"),
        "annual_discount_rate": manifest.get("annual_discount_rate"),
        "customers": manifest["counts"]["customers"],
        "made_up": bool(manifest.get(MADE_UP)),
        "training_samples": training_samples(serving),
        "created_at": manifest["created_at"],
        "published_at": serving.current.published_at,
        "revision": serving.revision,
        "profile_fields": sorted(fields),
        "importance": [
            {name: each[name] for name in ("feature", "meaning", "share")}
            for each in moved[:_MOST_TOLD]
        ],
        "readiness": verdict(serving.champion.run),
        "warnings": [*notices_of(serving.champion.run), *manifest.get("warnings", [])],
        "clv_version": manifest["clv_version"],
    }


def performance(services: Services, model_type: str) -> Json:
    """`schemas.models.Performance`."""
    serving = serve(services.champions, model_type)
    manifest, board = serving.champion.run.manifest, _board(serving.champion.run)
    return {
        **of_run(serving),
        "model_type": model_name(model_type),
        "label": manifest["champion"]["label"],
        "metrics": figures(serving.champion.run),
        "training_samples": training_samples(serving),
        "holdout": board.get("holdout"),
        "coverage": manifest.get("coverage"),
        "models": [_row(row) for row in board["rows"]],
    }


def metrics(services: Services, model_type: str) -> Json:
    """`schemas.models.ModelMetrics`."""
    serving = serve(services.champions, model_type)
    manifest, board = serving.champion.run.manifest, _board(serving.champion.run)
    return {
        **of_run(serving),
        "rule": board["rule"],
        "level": serving.champion.level,
        "holdout": board.get("holdout"),
        "origins": board["origins"],
        "leaderboard": [_row(row) for row in board["rows"]],
        "coverage": manifest.get("coverage"),
        "churn": manifest.get("churn"),
        "total": manifest.get("total"),
    }


def readiness(services: Services, model_type: str) -> Json:
    """`schemas.models.Readiness`.

    Raises
    ------
    UnsuitedError : the run learned from a table of customers, of which there is none
    """
    serving = serve(services.champions, model_type)
    if serving.champion.table is not None:
        raise UnsuitedError(
            "readiness: the run learned from a table of customers, and only a log of orders is"
            " looked through. See `warnings` of /api/model/info."
        )
    told = _readiness(serving.champion.run)
    checks = [
        {name: check.get(name) for name in ("name", "status", "found", "means", "instead")}
        for check in told["checks"]
    ]
    return {**of_run(serving), "verdict": told["verdict"], "checks": checks}


def figures(run: Run) -> Json:
    """The champion's, on what it had not seen: `schemas.models.Figures`."""
    own: Json = next((row for row in _board(run)["rows"] if row["champion"]), {})
    return {name: own.get(name) for name in _FIGURES}


def verdict(run: Run) -> str | None:
    return str(_readiness(run)["verdict"]) if run.manifest.get("kind", "log") == "log" else None


def training_samples(serving: Serving) -> int:
    """Customers that the run learned from."""
    counts = serving.champion.run.manifest["counts"]
    return int(counts.get("with_target", counts["customers"]))


def _board(run: Run) -> Json:
    with served():
        return run.leaderboard


def _readiness(run: Run) -> Json:
    with served():
        return run.readiness


def _row(row: Json) -> Json:
    made: dict[str, Any] = {name: row.get(name) for name in _OF_ROW}
    for name, empty in (("notes", []), ("spread", {}), ("origins", [])):
        made[name] = made[name] if made[name] is not None else empty
    return made
