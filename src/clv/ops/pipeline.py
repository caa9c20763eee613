"""The main job: log, checked rows, histories, fits, holdout, champion, forecasts, run folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from clv.core.schema import QUARANTINE
from clv.core.types import AsOf
from clv.data.channels import learn_channel_groups, with_channel_group
from clv.data.engine import DuckDBEngine
from clv.data.ingest import ingest
from clv.evaluation import readiness
from clv.evaluation.backtest import (
    TotalInterval,
    choose,
    interval_of_total,
    last_origin,
    run_trial,
)
from clv.evaluation.honesty import holdout_table
from clv.evaluation.report import Findings, render
from clv.evaluation.tracking import track
from clv.features.book import Book, History, to_frame
from clv.features.ledger import Ledger
from clv.models import registry
from clv.models.intervals import LEVELS, RatioIntervals
from clv.models.spend import SpendModel
from clv.ops import manifest as manifests
from clv.ops import runs
from clv.ops.job import Contest, Log, Result, RunSettings
from clv.ops.progress import Reporter, Silent, Stages
from clv.ops.scoring import Scorer

#: Rows of the quarantine that the report shows.
SAMPLE_ROWS = 20


def run(settings: RunSettings, reporter: Reporter | None = None) -> runs.Run:
    """Everything, from the log to a published run folder.

    Raises
    ------
    ClvError : any of its tree; the former run, if there is one, is left whole
    """
    stages = Stages(reporter or Silent())
    run_id = runs.new_run_id()
    place = runs.place_of(run_id, settings.out, settings.machine.home)
    with runs.staging(place) as folder:
        with opened(settings, folder / "work", stages) as log:
            result = find_out(run_id, settings, log, stages)
            with stages.stage("write the run folder"):
                log.engine.write_parquet(log.read.quarantine, folder / runs.QUARANTINE)
                pq.write_table(result.forecasts, folder / runs.FORECASTS)
                (folder / runs.MODEL).mkdir()
                result.scorer.save(folder / runs.MODEL)
                told = _write_findings(folder, result, stages)
        shutil.rmtree(folder / "work")
        told["stages"], told["peak_memory_mb"] = stages.passed, stages.peak_memory_mb
        told["files"] = manifests.hashes(folder)
        runs.write_json(folder / runs.MANIFEST, told)
    if settings.out is None:
        runs.point_to(run_id, settings.machine.home)
    return runs.Run.open(place)


@contextmanager
def opened(
    settings: RunSettings, work: Path, stages: Stages, channels: dict[str, str] | None = None
) -> Iterator[Log]:
    """The log, read and checked, in an engine that lives as long as the block.

    Parameters
    ----------
    work : folder for the engine's tables, made if absent
    channels : group of each channel that an earlier run learned; None learns them here
    """
    machine = settings.machine
    with DuckDBEngine(work, machine.memory_limit, machine.threads) as engine:
        with stages.stage("read and check the log"):
            read = ingest(settings.source, settings.ingest, engine, stages.note)
        with stages.stage("add up customers and days"):
            if channels is None:
                channels = learn_channel_groups(read.transactions, settings.channel_groups)
            transactions = with_channel_group(read.transactions, channels)
            ledger = Ledger.of(transactions, engine.ibis, settings.ingest.returns)
            book = Book.open(ledger, read.as_of)
        yield Log(engine, read, book, channels)


def find_out(run_id: str, settings: RunSettings, log: Log, stages: Stages) -> Result:
    """From the checked log to forecasts, choosing the champion on the way."""
    with stages.stage("look at what the log supports"):
        history = log.book.history(log.book.as_of, settings.horizon.n_days)
        readiness.require(history)
    contest = hold_contest(log.book, settings, stages)
    with stages.stage("fit the champion on everything"):
        scorer = learn(contest, history, settings, log.channels)
    with stages.stage("forecast every customer"):
        forecasts = scorer.score(history, settings.horizon, settings.money, settings.level)
    with stages.stage("bound the total from past totals"):
        total = _bound_total(forecasts, log.book, contest, settings)
    holdout = holdout_table(contest.trial, contest.champion, settings.level, settings.seed)
    return Result(
        run_id=run_id,
        settings=settings,
        log=log.read,
        book=log.book,
        history=history,
        contest=contest,
        scorer=scorer,
        forecasts=forecasts,
        total=total,
        holdout=holdout,
    )


def hold_contest(book: Book, settings: RunSettings, stages: Stages) -> Contest:
    """Every model on the holdout inside the log, and the one that forecast it best."""
    with stages.stage("compare models on the past"):
        origin = last_origin(AsOf(book.first_day), book.as_of, settings.horizon)
        models = [registry.make(name, settings.seed) for name in settings.models]
        trial = run_trial(book, origin, models, stages.note)
        candidates = [name for name in settings.models if registry.entry(name).kind == "model"]
        return Contest(trial, choose(trial, candidates))


def learn(
    contest: Contest, history: History, settings: RunSettings, channels: dict[str, str]
) -> Scorer:
    """The champion fitted on everything, with intervals learned on the holdout."""
    trial = contest.trial
    model = registry.make(contest.champion, settings.seed).fit(history)
    intervals = RatioIntervals(tuple(sorted({*LEVELS, settings.level}))).fit(
        trial.onetimer(),
        trial.predictions[contest.champion]["clv"].to_numpy(),
        trial.actual,
        trial.origin.window.n_days,
    )
    return Scorer.learn(model, intervals, history, settings.horizon, settings.money, channels)


def _bound_total(
    forecasts: pa.Table, book: Book, contest: Contest, settings: RunSettings
) -> TotalInterval:
    return interval_of_total(
        float(forecasts["clv"].to_numpy().sum()),
        book,
        contest.trial,
        lambda: registry.make(contest.champion, settings.seed),
        settings.horizon,
        settings.level,
    )


def _write_findings(folder: Path, result: Result, stages: Stages) -> dict[str, object]:
    trial, champion = result.contest.trial, result.contest.champion
    told = manifests.manifest(result, stages)
    ready = readiness.assess(
        result.history,
        result.settings.horizon,
        trial.origin.window,
        SpendModel().fit(result.history),
        bought=bool(trial.actual.any()),
    )
    board = manifests.leaderboard(trial, champion)
    runs.write_json(folder / runs.READINESS, ready)
    runs.write_json(folder / runs.LEADERBOARD, board)
    sample = result.log.quarantine.limit(SAMPLE_ROWS).to_pyarrow().select(QUARANTINE.names)
    page = render(
        Findings(
            manifest=told,
            readiness=ready,
            leaderboard=board,
            forecasts=to_frame(result.forecasts),
            holdout=result.holdout,
            tracking=track(result.book, trial, trial.fitted[champion]),
            quarantine=to_frame(sample),
        )
    )
    (folder / runs.REPORT).write_text(page, encoding="utf-8")
    return told
