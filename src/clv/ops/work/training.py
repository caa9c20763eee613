"""Jobs that make a run or let readers see one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clv.core.errors import RunError
from clv.ops import pipeline, promotion, runs
from clv.ops.jobconfig import JobConfig
from clv.ops.runs import MADE_UP, Run
from clv.ops.store import publishing
from clv.ops.tables import run_table
from clv.ops.work import share
from clv.ops.work.madeup import real_run_served
from clv.ops.work.params import PublishParams, TrainParams
from clv.ops.work.patience import patiently
from clv.ops.work.sources import found

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.ops.progress import Reporter
    from clv.ops.work.context import JobContext

#: The run that a job made before it was stopped, in the job's folder.
MADE = "run.json"
#: What is told of the model on rows held out; mean over past days, or over parts of a table.
FIGURES = (
    *("rmse", "mae", "r2", "bias", "mape", "spearman", "gini", "decile_mape", "deviance"),
    *("top_decile_precision",),
)


def train(context: JobContext) -> Json:
    """Compare models, forecast with the best, and publish the run unless told not to.

    Unless told to, a run on a made-up shop does not take the place of a real one.

    Returns
    -------
    {"run_id", "kind", "model", "label", "customers", "training_samples", "as_of",
    "horizon_days", "level", "made_up", "metrics": {figure: value}, "published": name or None}
    """
    params = TrainParams.checked(context.job.params)
    of_table = "target" in params.settings
    weights = dict(share.TABLE if of_table else share.RUN)
    if params.config.tune is None:
        weights.pop("search settings of learners")
    if "sample" not in params.source:
        weights = {stage: n for stage, n in weights.items() if stage not in share.SHOP}
    reporter = context.reporter(weights)
    run = _made_before(context) or _made(context, params, reporter)
    name = publishing.CHAMPION if params.model_type is None else f"model:{params.model_type}"
    publish = params.publish
    if publish is None:
        replaces = name == publishing.CHAMPION and bool(run.manifest.get(MADE_UP))
        publish = not (replaces and patiently(lambda: real_run_served(context.store)))
    if not publish:
        return {**told(run), "published": None}
    return _published(context, run, name, reporter)


def publish_run(context: JobContext) -> Json:
    """Make a finished run the one that readers see."""
    params = PublishParams.checked(context.job.params)
    run = runs.find(params.run, context.home)
    return _published(context, run, params.name, context.reporter(share.PUBLISH))


def told(run: Run) -> Json:
    """What came of a run, in a few figures."""
    manifest, board = run.manifest, run.leaderboard
    counts, champion = manifest["counts"], manifest["champion"]
    row: Json = next((row for row in board["rows"] if row["champion"]), {})
    return {
        "run_id": manifest["run_id"],
        "kind": manifest.get("kind", "log"),
        "model": champion["name"],
        "label": champion["label"],
        "customers": counts.get("customers", counts.get("rows_in")),
        "training_samples": counts.get("with_target", counts.get("customers")),
        "as_of": manifest["as_of"],
        "horizon_days": manifest.get("horizon_days"),
        "level": manifest["level"],
        MADE_UP: bool(manifest.get(MADE_UP)),
        "metrics": {figure: row[figure] for figure in FIGURES if row.get(figure) is not None},
    }


def _published(context: JobContext, run: Run, name: str, reporter: Reporter) -> Json:
    """Publish a run and mark the job done, in one transaction."""
    result = {**told(run), "published": name}
    common: Any = {
        "actor": context.actor,
        "reporter": reporter,
        "keep": context.place.keep,
        "besides": lambda conn, _: context.finish(conn, result),
    }
    if name == publishing.CHAMPION:
        patiently(lambda: promotion.promote(context.store, context.machine, run, **common))
    else:
        # A model asked for by name answers for profiles and for orders; nobody pages through it.
        patiently(lambda: publishing.publish(context.store, run, name=name, loaded=False, **common))
    return result


def _made(context: JobContext, params: TrainParams, reporter: Reporter) -> Run:
    context.folder.mkdir(parents=True, exist_ok=True)
    log = found(context, params.source, params.settings, reporter)
    config = TrainParams.checked({**params.asked, "settings": log.settings}).config
    if config.of_table:
        table = JobConfig.checked({**config.asked, "table": log.log})
        run = run_table(table.table_settings(context.machine), reporter)
    else:
        settings = config.run_settings(log.log, context.machine)
        known: Json = {"read_at": log.read_at, "made_up": log.made_up, "gathered": log.gathered}
        settings = replace(settings, **known)
        run = pipeline.run(settings, reporter)
    runs.write_json(context.folder / MADE, {"run_id": run.manifest["run_id"]})
    return run


def _made_before(context: JobContext) -> Run | None:
    """The run that the job had finished when it was stopped before publishing it."""
    try:
        run_id = json.loads((context.folder / MADE).read_text())["run_id"]
        return runs.find(run_id, context.home)
    except (OSError, ValueError, KeyError, RunError):
        return None
