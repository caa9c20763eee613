"""Learners on folds of a log's customers: features as of a past day, value in the days after it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clv.core.errors import SettingError
from clv.core.types import AsOf, Json
from clv.evaluation import heldout
from clv.evaluation.backtest import last_origin
from clv.evaluation.donefolds import DoneFolds
from clv.evaluation.table import crossvalidate
from clv.models.companion import companion, outputs
from clv.models.learners import registry
from clv.ops.job import Log, RunSettings
from clv.ops.progress import Stages
from clv.ops.tabletold import champion, leaderboard

N_FOLDS = 5
#: Customers that are parted at most; beyond, figures change little and time much.
MOST_PARTED = 20_000
NOTE = (
    "Folds are of customers, not of time: learners saw what others did in the very days they"
    " forecast, season and growth included. Figures flatter what can be known beforehand; the"
    " rolling scheme tells that."
)


def fold_customers(log: Log, settings: RunSettings, stages: Stages, done: DoneFolds) -> Json:
    """Cross-validate learners over customers, on the last past day whose window is known.

    Parameters
    ----------
    done : where folds are kept as they are done

    Returns
    -------
    the leaderboard, "champion", "coverage" of its intervals, "cutoff", "horizon_days",
    "churn", how true its chances of no purchase were; "customers" parted of "customers_known",
    "features", "level", and "note": what such figures are not

    Raises
    ------
    SettingError : models are named, none of them a learner; or settings shall be searched
    """
    if settings.tune is not None:
        raise SettingError(
            "tune: the scheme 5-fold compares learners by their own settings. Leave out --tune, or"
            " the scheme: the rolling one searches settings on days before those it judges."
        )
    learners = [name for name in _asked_for(settings) if name in registry.available()]
    if not learners:
        raise SettingError(
            "models: the scheme 5-fold compares learners. Name some of"
            f" {', '.join(registry.NAMES)}."
        )
    origin = last_origin(AsOf(log.book.first_day), log.book.as_of, settings.horizon)
    with stages.stage("build features"):
        whole = log.book.history(origin.cutoff, origin.window.n_days)
        history = whole
        if len(whole) > MOST_PARTED:
            draw = np.random.default_rng(settings.seed)
            history = whole.of_rows(np.sort(draw.choice(len(whole), MOST_PARTED, replace=False)))
        told = outputs(companion(whole), history, origin.window)
        features = history.features(whole.reference())
        frame = pd.concat([features.reset_index(drop=True), told.reset_index(drop=True)], axis=1)
        target = log.book.outcome(history, origin.window).value
    with stages.stage("compare models on customers held out"):
        compared = crossvalidate(
            frame, target, learners, N_FOLDS, settings.seed, stages.note, done=done
        )
    covered = heldout.reached(compared, compared.champion, settings.level, settings.seed)
    return {
        **leaderboard(compared),
        "champion": champion(compared),
        "coverage": covered,
        "churn": heldout.churn(compared, compared.champion),
        "cutoff": str(origin.cutoff),
        "horizon_days": origin.window.n_days,
        "customers": len(history),
        "customers_known": len(whole),
        "features": len(frame.columns),
        "level": settings.level,
        "note": NOTE,
    }


def _asked_for(settings: RunSettings) -> tuple[str, ...]:
    return settings.budget.members if settings.models is None else settings.models
