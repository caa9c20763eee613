"""Score a log with a saved run: no fitting, one customer or millions."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from clv.core.errors import SettingError
from clv.core.types import AsOf, Json
from clv.ops.beside import require_learned
from clv.ops.config import RunConfig
from clv.ops.machine import Machine
from clv.ops.manifest import counts
from clv.ops.pipeline import opened
from clv.ops.progress import Reporter, Stages
from clv.ops.runs import Run
from clv.ops.scoring import Scorer
from clv.ops.tables import score_table
from clv.ops.tabletold import TABLE


@dataclass(frozen=True)
class Scored:
    """Forecasts of a log by a saved run, and how the log was read.

    Attributes
    ----------
    table : the table `FORECASTS`
    as_of : last day observed; None of a table of customers, which has none
    counts : rows read, accepted, quarantined by rule, dropped
    notices : what a reader should know, in sentences
    """

    table: pa.Table
    as_of: AsOf | None
    counts: Json
    notices: tuple[str, ...] = ()


def rescore(run: Run, log: str, config: RunConfig, machine: Machine, reporter: Reporter) -> Scored:
    """Forecasts for the customers of a log, by what the run learned.

    Of a run on a table of customers, for the rows of another table.

    Settings of the run hold unless given anew. Without an as-of given, it is the log's last
    date, or the run's as-of where that is later.

    Raises
    ------
    ClvError : the log cannot be read, or the run cannot be used
    ColumnError : a file beside the log lacks what the run learned from
    """
    stages = Stages(reporter)
    if run.manifest.get("kind") == TABLE:
        return _rescore_table(run, log, config, stages)
    kept = {name: value for name, value in run.manifest["settings"].items() if name != "as_of"}
    settings = config.over(kept).run_settings(log, machine)
    learned = [told for told in run.manifest.get("inputs", []) if "what" in told]
    without = {name for told in learned for name in told.get("left_out", {})}
    settings = replace(settings, beside=replace(settings.beside, without=tuple(without)))
    scorer = Scorer.load(run.model)
    with (
        tempfile.TemporaryDirectory(prefix="clv-") as work,
        opened(settings, Path(work), stages, scorer.channels) as held,
        stages.stage("score"),
    ):
        read, ground = held.read, getattr(scorer.model, "ground", None)
        notices = require_learned(held.files, learned, ground) if ground is not None else ()
        as_of = read.as_of if read.as_of_given else max(read.as_of, run.as_of)
        history = held.book.history(as_of, settings.horizon.n_days)
        table = scorer.score(history, settings.horizon, settings.money, settings.level)
        return Scored(table, as_of, counts(read), notices)


def _rescore_table(run: Run, source: str, config: RunConfig, stages: Stages) -> Scored:
    if foreign := sorted(config.asked.keys() - {"level"}):
        raise SettingError(
            f"{foreign[0]}: the run learned from a table of customers, which has no such setting."
            " Only --level can be given anew."
        )
    with stages.stage("score"):
        table = score_table(run, source, config.asked.get("level"))
    n = table.num_rows
    return Scored(
        table, None, {"rows_in": n, "accepted": n, "quarantined": 0, "dropped": 0, "by_rule": {}}
    )
