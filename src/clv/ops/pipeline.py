"""The main job: log, checked rows, histories, fits, holdout, champion, forecasts, run folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv.core.errors import HistoryError
from clv.core.schema import FACTS, QUARANTINE
from clv.core.types import AsOf
from clv.data.channels import learn_channel_groups, with_channel_group
from clv.data.engine import DuckDBEngine
from clv.data.ingest import ingest
from clv.data.recipes import Recipes
from clv.evaluation import honesty, readiness, tuning
from clv.evaluation.backtest import Kept, Origin, choose, evened, rolling, run_trial
from clv.evaluation.report import Findings, render
from clv.evaluation.tracking import track
from clv.features.book import Book, History, to_frame
from clv.features.ledger import Ledger
from clv.models import registry
from clv.models.base import Model
from clv.models.even import Even
from clv.models.insight import explained, insight
from clv.models.spend import SpendModel
from clv.ops import manifest as manifests
from clv.ops import runs
from clv.ops.job import Contest, Log, Result, RunSettings
from clv.ops.profilescoring import ProfileScorer
from clv.ops.progress import Reporter, Silent, Stages
from clv.ops.scoring import Scorer
from clv.ops.searching import search_settings

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
                pq.write_table(facts(result.history), folder / runs.CUSTOMERS)
                by_customer = log.read.transactions.order_by("customer_id", "date", "line")
                log.engine.write_parquet(by_customer, folder / runs.TRANSACTIONS)
                log.files.write(folder)
                (folder / runs.MODEL).mkdir()
                result.scorer.save(folder / runs.MODEL)
                result.profiles.save(folder / runs.MODEL)
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
    settings: RunSettings,
    work: Path,
    stages: Stages,
    channels: dict[str, str] | None = None,
    recipes: Recipes | None = None,
) -> Iterator[Log]:
    """The log, read and checked, in an engine that lives as long as the block.

    Parameters
    ----------
    work : folder for the engine's tables, made if absent
    channels : group of each channel that an earlier run learned; None learns them here, and
        leaves out what is known of customers only since later
    recipes : statements of an engine that is there already, and stays
    """
    machine, fresh = settings.machine, channels is None
    with ExitStack() as stack:
        if recipes is not None:
            engine = recipes.engine
        else:
            engine = DuckDBEngine(work, machine.memory_limit, machine.threads)
            stack.enter_context(engine)
        with stages.stage("read and check the log"):
            read = ingest(settings.source, settings.ingest, engine, stages.note)
        with stages.stage("add up customers and days"):
            if channels is None:
                channels = learn_channel_groups(read.transactions, settings.channel_groups)
            transactions = with_channel_group(read.transactions, channels)
            ledger = Ledger.of(transactions, engine.ibis, settings.ingest.returns)
            files = settings.beside.read(engine, recipes)
            country = settings.beside.country
            book = Book.open(ledger, read.as_of, files.known, files.series, country, recipes)
            files = files.counted(book)
        if fresh and files.known is not None:
            with stages.stage("look for columns that know what came later"):
                files, book = files.vetted(book, settings.horizon, settings.beside.columns)
        yield Log(engine, read, book, channels, files)


def find_out(run_id: str, settings: RunSettings, log: Log, stages: Stages) -> Result:
    """From the checked log to forecasts, choosing the champion on the way."""
    with stages.stage("look at what the log supports"):
        history = log.book.history(log.book.as_of, settings.horizon.n_days)
        readiness.require(history)
    contest = hold_contest(log, settings, stages)
    champion = contest.champion.name
    with stages.stage("fit the champion on everything"):
        model = _fresh(contest, settings).fit(history)
    with stages.stage("forecast every customer"):
        prediction, drivers = explained(model, history, settings.horizon, settings.money)
        scorer = learn(contest, model, history, prediction, settings, log)
        forecasts = scorer.told(
            history, prediction, drivers, settings.horizon, settings.money, settings.level
        )
        onetimer = (history.frame["x"] == 0).to_numpy()
        spread = scorer.spread(onetimer, prediction, settings.horizon, settings.money)
    with stages.stage("learn to answer profiles"):
        profiles = ProfileScorer.learn(
            history,
            forecasts,
            prediction,
            contest.trials,
            champion,
            margin=settings.money.margin,
            seed=settings.seed,
        )
    with stages.stage("see what drives forecasts"):
        drives = insight(model, history, prediction, settings.seed)
    with stages.stage("see what intervals reach on past days"):
        found = honesty.judged(contest.trials, champion, settings.seed)
    return Result(
        run_id=run_id,
        settings=settings,
        log=log.read,
        files=log.files,
        book=log.book,
        history=history,
        contest=contest,
        scorer=scorer,
        profiles=profiles,
        forecasts=forecasts,
        total=honesty.total_error(contest.trials, champion),
        variance=settings.money.margin**2 * spread.variance(),
        judged=found,
        insight=drives,
    )


def hold_contest(
    log: Log,
    settings: RunSettings,
    stages: Stages,
    kept: Kept | None = None,
    *,
    origins: Sequence[Origin] | None = None,
    held_back: int = 0,
) -> Contest:
    """Every model on past days of the log, and the one that is trusted with the future.

    Parameters
    ----------
    origins : past days to stand on, the earliest first; rolling ones unless given
    held_back : so many of the last of them have no say in which model that is

    Raises
    ------
    HistoryError : too few customers had come by the last day, or by any where some are held back
    """
    book, budget = log.book, settings.budget
    if origins is None:
        origins = rolling(AsOf(book.first_day), book.as_of, settings.horizon, budget.origins)
    searches = search_settings(log, origins, settings, stages)
    found = tuning.tuned(searches)
    lesson = budget.lesson(settings.seed, found, settings.machine.threads)
    if kept is not None and found:
        # What learners of other settings said before is not what these would say.
        kept = replace(kept, asked={**kept.asked, "tuned": lesson.tuned})
    with stages.stage("compare models on the past"):
        models = {name: budget.fresh(name, lesson) for name in settings.compared}
        trials = []
        for origin in origins:
            try:
                trials.append(run_trial(book, origin, models, stages.note, kept, settings.seed))
            except HistoryError:
                # An earlier day may have had too few customers yet.
                if origin is origins[-1] or held_back:
                    raise
        candidates = [name for name in settings.compared if registry.entry(name).kind == "model"]
        chosen = choose(trials[: len(trials) - held_back], candidates)
        return Contest(*evened(trials, chosen, held_back), searches)


def _fresh(contest: Contest, settings: RunSettings) -> Model:
    """The champion, not fitted."""
    found, threads = tuning.tuned(contest.searches), settings.machine.threads
    lesson, champion = settings.budget.lesson(settings.seed, found, threads), contest.champion
    fresh = settings.budget.fresh(champion.level_of or champion.name, lesson)()
    return Even(fresh) if champion.level_of else fresh


def learn(
    contest: Contest,
    model: Model,
    history: History,
    prediction: pd.DataFrame,
    settings: RunSettings,
    log: Log,
) -> Scorer:
    """What else was learned from the population: distributions on past days, cut points."""
    mean = float(prediction["clv"].mean()) / settings.money.margin / settings.horizon.n_days
    distribution = honesty.learned(contest.trials, model.name, max(mean, 1e-300))
    return Scorer.learn(model, distribution, history, prediction, log.channels, log.read.currency)


def facts(history: History) -> pa.Table:
    """What is known of each customer by as_of: the table `clv.core.schema.FACTS`."""
    frame, day = history.frame, np.datetime64(history.as_of.day, "D")
    ago = {name: frame[name].to_numpy(np.int64).astype("timedelta64[D]") for name in ("T", "t_x")}
    first = day - ago["T"]
    columns = {
        "customer_id": frame["customer_id"],
        "channel": frame["channel_group"],
        "purchases": frame["x"].to_numpy(np.int64) + 1,
        "first_purchase": first,
        "last_purchase": first + ago["t_x"],
    }
    return pa.table({name: pa.array(values) for name, values in columns.items()}).cast(FACTS)


def _write_findings(folder: Path, result: Result, stages: Stages) -> dict[str, object]:
    trial, champion = result.contest.last, result.contest.champion
    tracked = trial.fitted.get(champion.level_of or champion.name)
    told = manifests.manifest(result, stages)
    ready = readiness.assess(
        result.history,
        result.settings.horizon,
        trial.origin.window,
        SpendModel().fit(result.history),
        bought=bool(trial.actual.any()),
    )
    board = manifests.leaderboard(result.contest, result.settings.level)
    runs.write_json(folder / runs.READINESS, ready)
    runs.write_json(folder / runs.LEADERBOARD, board)
    sample = result.log.quarantine.limit(SAMPLE_ROWS).to_pyarrow().select(QUARANTINE.names)
    page = render(
        Findings(
            manifest=told,
            readiness=ready,
            leaderboard=board,
            forecasts=to_frame(result.forecasts),
            holdout=manifests.holdout(result),
            tracking=track(result.book, trial, tracked),
            quarantine=to_frame(sample),
        )
    )
    (folder / runs.REPORT).write_text(page, encoding="utf-8")
    return told
