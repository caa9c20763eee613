"""Models on many past days of a log: which would have been right, how far, how surely."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from clv.core.types import AsOf, Json
from clv.evaluation import honesty
from clv.evaluation.backtest import Kept, last_part
from clv.ops import manifest as manifests
from clv.ops import runs
from clv.ops.config import FOLDS, PARTS, BacktestConfig
from clv.ops.folding import fold_customers
from clv.ops.job import Contest, Log, RunSettings
from clv.ops.machine import Machine
from clv.ops.pipeline import hold_contest, opened
from clv.ops.progress import Reporter, Stages

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
    "intervals" (what they reached, over origins that had others before them) and "totals". With
    the scheme 5-fold as in the leaderboard of a run on a table, and "coverage" of the champion's
    intervals

    Raises
    ------
    ClvError : the log cannot be read, or is too short to look back on
    """
    folder = out if out is not None else machine.home / "backtest"
    settings = config.run_settings(log, machine)
    settings = replace(settings, budget=replace(settings.budget, origins=config.origins))
    stages = Stages(reporter)
    with (
        tempfile.TemporaryDirectory(prefix="clv-") as work,
        opened(settings, Path(work), stages) as held,
    ):
        if config.scheme == FOLDS:
            told = fold_customers(held, settings, stages)
        else:
            told = _on_past_days(held, config, settings, folder, stages)
    told |= {"as_of": str(held.read.as_of), "folder": str(folder)}
    folder.mkdir(parents=True, exist_ok=True)
    runs.write_json(folder / RESULT, told)
    return told


def _on_past_days(
    held: Log, config: BacktestConfig, settings: RunSettings, folder: Path, stages: Stages
) -> Json:
    origins = None
    if config.scheme == PARTS:
        # Models look ahead as far as they are asked to, inside the first 85 % too.
        origins = [last_part(AsOf(held.book.first_day), held.book.as_of)]
        settings = replace(settings, horizon=origins[0].window)
    asked = {
        "log": [origin.sha256 for origin in held.read.origins],
        "settings": {k: v for k, v in settings.asked.items() if k != "origins"},
        "version": version("clv"),
    }
    kept = Kept(folder / "done", asked)
    contest = hold_contest(held, settings, stages, kept, origins=origins, tune_before_all=True)
    with stages.stage("see what intervals reach"):
        told = _told(contest, settings.level, settings.seed, by_halves=origins is not None)
    return told | {"horizon_days": settings.horizon.n_days}


def _told(contest: Contest, level: float, seed: int, *, by_halves: bool) -> Json:
    board = manifests.leaderboard(contest, level)
    for row in board["rows"]:
        name = row["model"]
        each = [
            honesty.reached(found, name, level, seed)
            for found in honesty.judged(contest.trials, name, seed)
            if found.how == honesty.HELD_OUT or by_halves
        ]
        row["intervals"] = each
        row["totals"] = honesty.totals(contest.trials, name, level)
    return {**board, "champion": manifests.champion(contest)}
