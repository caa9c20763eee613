"""Score a log with a saved run: no fitting, one customer or millions."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from clv.core.errors import ColumnError, SettingError
from clv.core.schema import QUARANTINE
from clv.core.types import AsOf, Json
from clv.data.ingest import Ingested
from clv.data.recipes import Recipes
from clv.features import catalogue
from clv.models.groundwork import Groundwork
from clv.models.onetime import Hybrid
from clv.ops.beside import require_learned
from clv.ops.config import RunConfig
from clv.ops.keptfiles import CUSTOMERS, SERIES, kept_files
from clv.ops.machine import Machine
from clv.ops.manifest import counts
from clv.ops.pipeline import facts, opened
from clv.ops.progress import Reporter, Stages
from clv.ops.runs import Run
from clv.ops.scoring import Scorer
from clv.ops.tables import score_table
from clv.ops.tabletold import TABLE

#: Fields without which there is no log of purchases, besides the amount's.
_NEEDED = ("customer", "date", "amount", "unit_price")
#: Fields of the log that features need under another name.
_FIELDS = {"channel_group": "channel", "source": "channel", "first_campaign": "campaign"}
#: Features that read a field where it is there, and the usual country's holidays otherwise.
_READ = {"run_up_share": "customer_country"}


@dataclass(frozen=True)
class Scored:
    """Forecasts of a log by a saved run, and how the log was read.

    Attributes
    ----------
    table : the table `FORECASTS`
    as_of : last day observed; None of a table of customers, which has none
    counts : rows read, accepted, quarantined by rule, dropped
    notices : what a reader should know, in sentences
    quarantine : the refused rows, `clv.core.schema.QUARANTINE`; None of a table of customers
    facts : what is known of the same customers, `clv.core.schema.FACTS`; None likewise
    """

    table: pa.Table
    as_of: AsOf | None
    counts: Json
    notices: tuple[str, ...] = ()
    quarantine: pa.Table | None = None
    facts: pa.Table | None = None


def rescore(
    run: Run,
    log: str,
    config: RunConfig,
    machine: Machine,
    reporter: Reporter,
    scorer: Scorer | None = None,
    recipes: Recipes | None = None,
    reached: AsOf | None = None,
) -> Scored:
    """Forecasts for the customers of a log, by what the run learned.

    Of a run on a table of customers, for the rows of another table.

    Settings of the run hold unless given anew. Without an as-of given, it is the log's last
    date, or the run's as-of or `reached` where one of these is later.

    Parameters
    ----------
    scorer : of the run, where it is at hand; read from its folder otherwise
    recipes : statements of an engine that is there already; a fresh one is made otherwise
    reached : a day that has come, though the log may end before it

    Raises
    ------
    ClvError : the log cannot be read, or the run cannot be used
    ColumnError : the log, or a file beside it, lacks what the run learned from
    """
    stages = Stages(reporter)
    if run.manifest.get("kind") == TABLE:
        return _rescore_table(run, log, config, stages)
    # What was known besides the log is in the run's folder, wherever its files have gone.
    left = {"as_of", CUSTOMERS, SERIES}
    if CUSTOMERS not in config.asked:
        left.add("known")
    kept = {name: value for name, value in run.manifest["settings"].items() if name not in left}
    settings = config.over(kept).run_settings(log, machine)
    files = kept_files(run)
    learned = [file.told for file in files]
    without = {name for told in learned for name in told.get("left_out", {})}
    # A column that only the run named may be gone; what that means depends on what was learned.
    named = frozenset(kept.keys() - config.asked.keys() - {*_NEEDED})
    settings = replace(
        settings,
        ingest=replace(settings.ingest, may_lack=named),
        beside=replace(settings.beside, without=tuple(sorted(without)), kept=files),
    )
    scorer = scorer or Scorer.load(run.model)
    with (
        tempfile.TemporaryDirectory(prefix="clv-") as work,
        opened(settings, Path(work), stages, scorer.channels, recipes) as held,
        stages.stage("score"),
    ):
        read, ground = held.read, getattr(scorer.model, "ground", None)
        if not getattr(scorer.model, "signal_", True):
            # Everybody is forecast the same, whatever is known of them.
            ground = None
        mapping = run.manifest.get("mapping", {})
        notices = _told(scorer.model, mapping, read)
        if ground is not None:
            has = held.book.sources.seen(read.as_of).has
            notices += require_columns(log, mapping, has, ground)
            notices += require_learned(held.files, learned, ground)
            if recipes is None:
                # Else it is asked of a few customers at a time, and would be told each time.
                unread = [file for file in files if file.told["what"] not in config.asked]
                notices += tuple(notice for file in unread for notice in file.notices())
        as_of = read.as_of
        if not read.as_of_given:
            as_of = max(as_of, run.as_of, reached or as_of)
        history = held.book.history(as_of, settings.horizon.n_days)
        table = scorer.score(history, settings.horizon, settings.money, settings.level)
        refused = read.quarantine.to_pyarrow().select(QUARANTINE.names)
        return Scored(table, as_of, counts(read), notices, refused, facts(history))


def require_columns(
    log: str, then: Json, has: frozenset[str], ground: Groundwork
) -> tuple[str, ...]:
    """Whether a log has the columns that a model learned from; values in them may be missing.

    Parameters
    ----------
    then : field -> "column" of the run's log, as its manifest tells
    has : what this log has that features may need, as `clv.features.seen.Seen` tells

    Returns
    -------
    what a reader should know, in sentences

    Raises
    ------
    ColumnError : a column is missing
    """
    needs = {
        feature.name: {*feature.needs, *([_READ[feature.name]] if feature.name in _READ else ())}
        for features in catalogue.THEMES.values()
        for feature in features
    }
    used: set[str] = set().union(*(needs.get(name, set()) for name in ground.encoder.features))
    fields = {_FIELDS.get(need, need) for need in used}
    lost = {_FIELDS.get(need, need) for need in used - has}
    if missing := [field for field in then if field in lost]:
        there = sum(field in fields or field in _NEEDED for field in then)
        named = {field: then[field]["column"] for field in missing}
        columns = ", ".join(
            field if name == field else f"{field} ({name!r} then)" for field, name in named.items()
        )
        raise ColumnError(
            f"log: {log} lacks {len(missing)} of {there} column(s) that the run learned from:"
            f" {columns}. Without them forecasts would be others, not just less sure. Add them,"
            " empty where nothing is known; where they have other names, say which, as"
            f" --{missing[0].replace('_', '-')} NAME; or make a run on a log such as this one."
        )
    if "timestamp" in lost:
        return (
            "timestamp: the run learned from times of day too, and this log has days alone;"
            " forecasts know less than they could",
        )
    return ()


def _told(model: object, then: Json, read: Ingested) -> tuple[str, ...]:
    """What is read otherwise than in the run, whichever model it is; and who is not forecast."""
    now = read.mapping
    notices = [notice for notice in read.notices if notice.startswith("returned_all")]
    if "return_flag" in then and "return_flag" not in now:
        notices.append(
            f"return_flag: in the run's log {then['return_flag']['column']!r} marked returns, and"
            " this one has no such column; only rows with a negative amount are returns"
        )
    if isinstance(model, Hybrid) and "channel" in then and "channel" not in now:
        notices.append(
            "channel: the run told one-timers apart by it, and this log has none; they are"
            " forecast as those without a channel"
        )
    return tuple(notices)


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
