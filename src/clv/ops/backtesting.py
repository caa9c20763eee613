"""Models on many past days of a log: which would have been right, how far, how surely."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from clv.core.types import Json
from clv.evaluation import honesty
from clv.evaluation.backtest import Kept
from clv.ops import manifest as manifests
from clv.ops import runs
from clv.ops.config import BacktestConfig
from clv.ops.job import Contest
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
    "intervals" (what they reached, over origins that had others before them) and "totals"

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
        asked = {
            "log": [origin.sha256 for origin in held.read.origins],
            "settings": {k: v for k, v in settings.asked.items() if k != "origins"},
            "version": version("clv"),
        }
        kept = Kept(folder / "done", asked)
        contest = hold_contest(held.book, settings, stages, kept)
        with stages.stage("see what intervals reach"):
            told = _told(contest, settings.level, settings.seed)
    told |= {"as_of": str(held.read.as_of), "horizon_days": settings.horizon.n_days}
    told["folder"] = str(folder)
    runs.write_json(folder / RESULT, told)
    return told


def _told(contest: Contest, level: float, seed: int) -> Json:
    board = manifests.leaderboard(contest, level)
    for row in board["rows"]:
        name = row["model"]
        each = [
            honesty.reached(found, name, level, seed)
            for found in honesty.judged(contest.trials, name, seed)
            if found.how == honesty.HELD_OUT
        ]
        row["intervals"] = each
        row["totals"] = honesty.totals(contest.trials, name, level)
    return {**board, "champion": manifests.champion(contest)}
