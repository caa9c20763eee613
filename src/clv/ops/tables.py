"""A table of customers with a given target: learn it, check it on rows held out, forecast all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv.core.errors import ColumnError, HistoryError, SettingError
from clv.core.types import Floats, Ints, Json
from clv.data.table import CustomerTable, read_customer_table
from clv.evaluation import heldout
from clv.evaluation.folds import Fold, parted, shuffled
from clv.evaluation.leakage import Suspicion, formula, suspicions
from clv.evaluation.report.tablepage import render_table
from clv.evaluation.table import ENSEMBLE, MEAN, Comparison, crossvalidate
from clv.evaluation.tabletuning import TableSearch
from clv.evaluation.tuning import Search, tuned
from clv.models.learners import registry
from clv.models.learners.base import Settings
from clv.models.panel import Panel
from clv.ops import manifest as manifests
from clv.ops import runs
from clv.ops import tabletold as told_of
from clv.ops.machine import Machine
from clv.ops.progress import Reporter, Silent, Stages
from clv.ops.tablescoring import TableScorer

#: Learners by budget; the last takes all that are installed.
LEARNERS = {
    "fast": ("hurdle", "glm", "gradient_boosting"),
    "standard": (*("hurdle", "glm", "xgboost", "lightgbm", "random_forest", "gradient_boosting"),),
    "best": (),
}

#: Rows with a target below which nothing can be learned and checked.
FEWEST_ROWS = 20
#: Targets above 0 below which folds can hardly be judged.
FEWEST_POSITIVE = 10


@dataclass(frozen=True)
class TableSettings:
    """What is asked of a run on a table.

    Attributes
    ----------
    source : path of the table
    target : column to learn
    id_column : that says who customers are; recognised unless given
    drop, keep : columns left out; columns kept though they seem to know the target
    folds : that rows are parted into
    split : one parting into 70 / 15 / 15 instead
    time : column in whose order that is done
    level : of every interval, between 0.5 and 0.99
    seed : of every random choice
    models : learners compared; None takes those of the budget
    tune : seconds to search settings of learners in; None for none
    out, machine, asked : as in `clv.ops.job.RunSettings`
    """

    source: str
    target: str
    id_column: str | None = None
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    folds: int = 5
    split: bool = False
    time: str | None = None
    level: float = 0.9
    seed: int = 0
    models: tuple[str, ...] | None = None
    budget: Literal["fast", "standard", "best"] = "standard"
    tune: float | None = None
    out: Path | None = None
    machine: Machine = field(default_factory=Machine)
    asked: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.5 <= self.level <= 0.99:
            raise SettingError(f"level: {self.level:g} is outside 0.5 to 0.99. Write 90 % as 0.9.")
        if self.seed < 0:
            raise SettingError(f"seed: {self.seed} is below 0. Give any whole number from 0 on.")
        if not self.learners:
            raise SettingError("models: the ensemble is made of learners. Name some besides it.")
        for name in self.learners:
            registry.entry(name)

    @property
    def learners(self) -> tuple[str, ...]:
        """Names of those compared."""
        if self.models is not None:
            return tuple(name for name in self.models if name != ENSEMBLE)
        return LEARNERS[self.budget] or registry.available()


@dataclass(frozen=True)
class TableResult:
    """All that a run on a table found out, before it is written down.

    Attributes
    ----------
    known : (n,) rows that have a target, places in the table
    features : columns learners may see
    left_out : column -> why learners do not see it
    formula : sentence on a formula that tells the target, where there is one
    compared : of the known rows
    searches : of settings of learners, where time was given for it
    forecasts : of all rows
    """

    run_id: str
    settings: TableSettings
    table: CustomerTable
    known: np.ndarray
    features: tuple[str, ...]
    left_out: dict[str, str]
    suspected: list[Suspicion]
    formula: str | None
    compared: Comparison
    searches: list[Search]
    scorer: TableScorer
    forecasts: pa.Table
    holdout: pd.DataFrame


def run_table(settings: TableSettings, reporter: Reporter | None = None) -> runs.Run:
    """Everything, from the table to a published run folder.

    Raises
    ------
    ClvError : any of its tree; the former run, if there is one, is left whole
    """
    stages = Stages(reporter or Silent())
    run_id = runs.new_run_id()
    place = runs.place_of(run_id, settings.out, settings.machine.home)
    with runs.staging(place) as folder:
        result = find_out(run_id, settings, stages)
        with stages.stage("write the run folder"):
            pq.write_table(result.forecasts, folder / runs.FORECASTS)
            (folder / runs.MODEL).mkdir()
            result.scorer.save(folder / runs.MODEL)
            board = told_of.leaderboard(result.compared)
            runs.write_json(folder / runs.LEADERBOARD, board)
            told = told_of.manifest(result, stages)
            page = render_table(told, board, result.forecasts.to_pandas(), result.holdout)
            (folder / runs.REPORT).write_text(page, encoding="utf-8")
        told["stages"], told["peak_memory_mb"] = stages.passed, stages.peak_memory_mb
        told["files"] = manifests.hashes(folder)
        runs.write_json(folder / runs.MANIFEST, told)
    if settings.out is None:
        runs.point_to(run_id, settings.machine.home)
    return runs.Run.open(place)


def find_out(run_id: str, settings: TableSettings, stages: Stages) -> TableResult:
    """From the table to forecasts, choosing the champion on the way."""
    with stages.stage("read the table"):
        table = read_customer_table(Path(settings.source), settings.target, settings.id_column)
    assert table.target is not None
    known = np.flatnonzero(~np.isnan(table.target))
    if len(known) < FEWEST_ROWS:
        raise HistoryError(
            f"table: {len(known)} row(s) have a value of {settings.target}; {FEWEST_ROWS} are"
            " needed to learn from some and check on others. Add customers whose target is known."
        )
    target = table.target[known]
    if (positive := int((target > 0).sum())) < FEWEST_POSITIVE:
        raise HistoryError(
            f"table: {positive} of {len(known)} row(s) have a value of {settings.target} above 0;"
            f" {FEWEST_POSITIVE} are needed to learn from some and check on others. Add customers"
            " who brought something."
        )
    with stages.stage("look for columns that know the target"):
        suspected = suspicions(table.frame.iloc[known], target)
        left_out = _left_out(table, suspected, settings)
        frame = table.frame.drop(columns=[name for name in left_out if name in table.frame])
        if frame.columns.empty:
            raise ColumnError(
                f"table: no column is left to learn {settings.target} from. Give more columns, or"
                " keep one with --keep."
            )
    taught = frame.iloc[known].reset_index(drop=True)
    with stages.stage("compare models on rows held out"):
        compared, searches = _compared(settings, table, known, taught, stages)
    champion = compared.champion
    with stages.stage("fit the champion on everything"):
        panel = _champion(compared, taught, target, settings.seed, tuned(searches))
        scorer = TableScorer.learn(
            champion,
            settings.target,
            table.id_column,
            panel,
            heldout.learned(compared, champion),
            taught,
        )
    with stages.stage("forecast every customer"):
        forecasts = scorer.score(table.ids, frame, settings.level)
        forecasts = _beside(forecasts, table.target, compared.said[champion], known)
        judged = heldout.holdout(compared, champion, settings.level)
    reached = float(np.mean([each["r2"] for each in compared.figures(champion)]))
    return TableResult(
        run_id=run_id,
        settings=settings,
        table=table,
        known=known,
        features=scorer.columns,
        left_out=left_out | panel.encoder.dropped,
        suspected=suspected,
        formula=formula(taught, target, reached) if np.isfinite(reached) else None,
        compared=compared,
        searches=searches,
        scorer=scorer,
        forecasts=forecasts,
        holdout=judged,
    )


def _compared(
    settings: TableSettings,
    table: CustomerTable,
    known: np.ndarray,
    frame: pd.DataFrame,
    stages: Stages,
) -> tuple[Comparison, list[Search]]:
    """Models on the known rows, and the settings found for the one that will be delivered.

    Where time is given for it, settings are searched within the rows that teach a fold, for each
    fold anew, and at last within all of them; where there is one fold, its settings are kept.
    """
    assert table.target is not None
    target, groups = table.target[known], _groups(table, known)
    folds = _folds(settings, table, known)
    searches: list[list[Search]] = []
    if settings.tune is None:
        about = (frame, target, settings.learners, folds, settings.seed, stages.note, groups)
        return crossvalidate(*about), []
    times = 1 if len(folds) == 1 else len(folds) + 1
    search = TableSearch(
        frame,
        target,
        groups,
        settings.learners,
        settings.tune / times,
        settings.seed,
        settings.machine.home / "tuning",
        {"table": table.sha256, "target": settings.target, "version": version("clv")},
    )

    def searched(rows: Ints) -> dict[str, Settings]:
        searches.append(search.on(rows, stages.note))
        return tuned(searches[-1])

    compared = crossvalidate(
        frame, target, settings.learners, folds, settings.seed, stages.note, groups, tuned=searched
    )
    if len(folds) > 1:
        searches.append(search.on(np.arange(len(known)), stages.note))
    return compared, searches[-1]


def _champion(
    compared: Comparison,
    frame: pd.DataFrame,
    target: Floats,
    seed: int,
    settings: dict[str, Settings],
) -> Panel:
    """The champion fitted to all rows; what was stopped goes as far as it went then."""
    if compared.champion == MEAN:
        return Panel.of_mean(frame, target)
    weights = compared.weights_of(compared.champion)
    names = [n for n, weight in zip(compared.learners, weights, strict=True) if weight > 0]
    panel = Panel.fit(frame, target, names, seed, settings={**settings, **compared.settled})
    return panel.weighed(np.array([weights[compared.learners.index(n)] for n in panel.names]))


def score_table(run: runs.Run, source: str, level: float | None) -> pa.Table:
    """Forecasts for the rows of a table by a saved run: no fitting; a target there is not read.

    Raises
    ------
    ClvError : the table cannot be read, or lacks columns the run learned from
    """
    scorer = TableScorer.load(run.model)
    table = read_customer_table(Path(source), None, None)
    if scorer.id_column is not None and scorer.id_column in table.frame:
        table = read_customer_table(Path(source), None, scorer.id_column)
    if missing := [name for name in scorer.columns if name not in table.frame]:
        raise ColumnError(
            f"table: {source} lacks {len(missing)} of {len(scorer.columns)} column(s) that the run"
            f" learned from: {', '.join(missing)}. Add them; where a value is not known, leave it"
            " empty."
        )
    if level is not None and not 0.5 <= level <= 0.99:
        raise SettingError(f"level: {level:g} is outside 0.5 to 0.99. Write 90 % as 0.9.")
    return scorer.score(table.ids, table.frame, level or float(run.manifest["level"]))


def _left_out(
    table: CustomerTable, suspected: Sequence[Suspicion], settings: TableSettings
) -> dict[str, str]:
    for what, names in (("drop", settings.drop), ("keep", settings.keep)):
        if unknown := [name for name in names if name not in table.frame]:
            raise ColumnError(
                f"{what}: the table has no column {', '.join(unknown)} to {what}. It has:"
                f" {', '.join(table.frame.columns)}."
            )
    found = {
        each.column: each.why
        for each in suspected
        if each.left_out and each.column not in settings.keep
    }
    return table.skipped | found | dict.fromkeys(settings.drop, "left out as you asked")


def _folds(settings: TableSettings, table: CustomerTable, known: np.ndarray) -> list[Fold]:
    groups = _groups(table, known)
    if settings.time is not None:
        moments = _moments(settings.time, table, known)
        return parted(len(known), settings.seed, groups, moments)
    if settings.split:
        return parted(len(known), settings.seed, groups)
    return shuffled(len(known), settings.folds, settings.seed, groups)


def _groups(table: CustomerTable, known: np.ndarray) -> list[str] | None:
    """Whose rows they are, where a customer has several."""
    return [table.ids[row] for row in known] if table.repeated else None


def _moments(name: str, table: CustomerTable, known: np.ndarray) -> Floats:
    if name not in table.frame:
        raise ColumnError(
            f"time: the table has no column {name!r}. It has: {', '.join(table.frame.columns)}."
        )
    column = table.frame[name].iloc[known]
    if column.isna().any():
        raise ColumnError(
            f"time: {name} is empty in {int(column.isna().sum())} row(s) that have a target, so"
            " they have no place in the order. Fill it in, or leave out --time."
        )
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.to_numpy().astype("datetime64[us]").astype(np.float64)
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64)
    raise ColumnError(
        f"time: {name} holds text such as {str(column.iloc[0])!r}, which has no order in time."
        " Give a column of days, written YYYY-MM-DD, or of numbers."
    )


def _beside(forecasts: pa.Table, target: Floats, held_out: Floats, known: np.ndarray) -> pa.Table:
    """Forecasts with what is known of the target, and what was forecast without knowing it."""
    without = np.full(len(target), np.nan)
    without[known] = held_out
    for name, values in (("actual", target), ("held_out", without)):
        forecasts = forecasts.append_column(name, pa.array(values, from_pandas=True))
    return forecasts
