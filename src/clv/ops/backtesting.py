"""Models on many past days of a log: which would have been right, how far, how surely."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from clv.core.types import AsOf, Json
from clv.data.engine import storage_errors
from clv.evaluation import honesty
from clv.evaluation.backtest import Kept, last_parts
from clv.evaluation.donefolds import DoneFolds
from clv.ops import manifest as manifests
from clv.ops import runs
from clv.ops.config import FOLDS, PARTS, BacktestConfig
from clv.ops.folding import fold_customers
from clv.ops.job import Contest, Log, RunSettings
from clv.ops.machine import Machine
from clv.ops.pipeline import hold_contest, opened
from clv.ops.progress import Reporter, Stages
from clv.ops.searching import content_of

RESULT = "backtest.json"


def backtest(
    log: str, config: BacktestConfig, machine: Machine, out: Path | None, reporter: Reporter
) -> Json:
    """Fit every model on each past day and hold its forecast against the days after.

    What is done is kept in the folder: stopped and begun again with the same log and settings,
    it goes on where it was. The result is `backtest.json` there.

    Parameters
    ----------
    out : folder; `backtest` in the machine's home unless given

    Returns
    -------
    "rule", "champion", "origins", "rows" as in the leaderboard of a run, each row with
    "intervals" (what they reached, over origins that had others before them), "churn" (how true
    the chances of no purchase were, in groups of rising chance) and "totals"; "tuning", what a
    search of settings tried and found. With the scheme 70/15/15 the champion was chosen on the
    day "chosen_on", and all else is told of another after it. With the scheme 5-fold as in the
    leaderboard of a run on a table, and "coverage" of the champion's intervals

    Raises
    ------
    ClvError : the log cannot be read, or is too short to look back on
    """
    folder = out if out is not None else machine.home / "backtest"
    settings = config.run_settings(log, machine)
    settings = replace(settings, budget=replace(settings.budget, origins=config.origins))
    stages = Stages(reporter)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="clv-") as work,
        opened(settings, Path(work), stages) as held,
    ):
        asked = _asked(held, settings)
        if config.scheme == FOLDS:
            told = fold_customers(held, settings, stages, DoneFolds(folder / "done", asked))
        else:
            kept = Kept(folder / "done", asked)
            told = _on_past_days(held, config, settings, kept, stages)
    told |= {"as_of": str(held.read.as_of), "folder": str(folder)}
    told |= {
        "notices": [*held.read.notices, *held.files.notices],
        "warnings": [*held.files.warnings, *settings.left_out],
    }
    with storage_errors(folder):
        runs.write_json(folder / RESULT, told)
    return told


def _asked(held: Log, settings: RunSettings) -> Json:
    """What the work depends on, so that what was kept of other work is not taken for it."""
    return {
        "log": [origin.sha256 for origin in held.read.origins],
        "settings": {k: v for k, v in settings.asked.items() if k != "origins"},
        "members": list(settings.budget.members),
        "files": [content_of(path) for path in (settings.beside.customers, settings.beside.series)],
        "version": version("clv"),
    }


def _on_past_days(
    held: Log, config: BacktestConfig, settings: RunSettings, kept: Kept, stages: Stages
) -> Json:
    if config.scheme != PARTS:
        contest = hold_contest(held, settings, stages, kept)
        with stages.stage("see what intervals reach"):
            told = _told(contest, settings)
        return told | {"champion": manifests.champion(contest)}
    # Models look ahead as far as they are asked to, inside the first 85 % too.
    choosing, last = last_parts(AsOf(held.book.first_day), held.book.as_of)
    settings = replace(settings, horizon=last.window)
    contest = hold_contest(held, settings, stages, kept, origins=(choosing, last), held_back=1)
    with stages.stage("see what intervals reach"):
        told = _told(contest, settings, only_last=True)
    champion = manifests.champion(replace(contest, trials=contest.trials[:1]))
    return told | {"champion": champion, "chosen_on": str(choosing.cutoff)}


def _told(contest: Contest, settings: RunSettings, *, only_last: bool = False) -> Json:
    """What models reached, on all past days or on the last; days before it teach intervals."""
    shown = contest.trials[-1:] if only_last else contest.trials
    days = {str(trial.origin.cutoff) for trial in shown}
    board = manifests.leaderboard(replace(contest, trials=shown), settings.level)
    for row in board["rows"]:
        name = row["model"]
        judged = [
            found
            for found in honesty.judged(contest.trials, name, settings.seed)
            if str(found.trial.origin.cutoff) in days
            and (found.how == honesty.HELD_OUT or only_last)
        ]
        row["intervals"] = [
            honesty.reached(found, name, settings.level, settings.seed) for found in judged
        ]
        row["churn"] = honesty.churn(judged)
        totals = honesty.totals(contest.trials, name, settings.level)
        row["totals"] = [told for told in totals if told["cutoff"] in days]
    return {
        **board,
        "tuning": [search.to_json() for search in contest.searches],
        "horizon_days": settings.horizon.n_days,
    }
