"""Settings of learners, searched on past days that end before the holdout begins."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import clv.models.learners.registry as learners
from clv.core.errors import FitError
from clv.core.types import Floats, Horizon, Json
from clv.evaluation import metrics
from clv.models.groundwork import lay
from clv.models.learners.rows import Rows
from clv.models.lesson import Lesson
from clv.models.lookback import cutoffs, training_window

if TYPE_CHECKING:
    from optuna import Study, Trial

    from clv.evaluation.backtest import Origin
    from clv.features.book import Book, History
    from clv.models.learners.base import Settings

#: Past days that settings are judged on.
MOST_DAYS = 2
#: A search has to be so much better than the defaults, in parts of their deviance, to be trusted.
MARGIN = 0.002
#: Customers of a past day that are asked at most.
MOST_ASKED = 30_000


@dataclass(frozen=True)
class Search:
    """What the search of one learner's settings found.

    Attributes
    ----------
    trials : settings tried, those of earlier searches that were gone on with included
    default, best : deviance of the defaults and of the best found, out of time
    settings : the best; None where the defaults are as good
    """

    learner: str
    trials: int
    default: float
    best: float
    settings: Settings | None

    def to_json(self) -> Json:
        told = asdict(self)
        told["settings"] = asdict(self.settings) if self.settings is not None else None
        return told


@dataclass(frozen=True)
class _Day:
    """A past day: what there was to learn from, and what followed."""

    rows: Rows
    X: Floats
    actual: Floats


def tune(
    book: Book,
    holdout: Origin,
    names: Sequence[str],
    seconds: float,
    lesson: Lesson,
    journal: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Search]:
    """Search the settings of each learner for so long; gone on with where the journal has trials.

    Everything is judged on windows that end by the holdout's cut-off, by the mean Tweedie
    deviance of forecasts brought to the outcome's level.

    Parameters
    ----------
    holdout : the last origin, which the search must not see into
    names : of the learners
    seconds : for all of them together
    lesson : how learners are taught, settings apart
    journal : file that trials are written to as they end

    Returns
    -------
    one for each learner that could be searched; none where the past is too short

    References
    ----------
    Akiba et al. (2019), "Optuna", KDD; Bergstra et al. (2011), "Algorithms for hyper-parameter
    optimization", on tree-structured Parzen estimators
    """
    history = book.history(holdout.cutoff, holdout.window.n_days)
    days = _days(history, lesson)
    if not days:
        return []
    found = []
    for name in names:
        progress(f"{name}: {seconds / len(names):.0f} s")
        found.append(_search(name, days, seconds / len(names), lesson.seed, journal))
    return found


def tuned(found: Sequence[Search]) -> dict[str, Settings]:
    """Settings by learner, of those where the search was worth it."""
    return {one.learner: one.settings for one in found if one.settings is not None}


def _days(history: History, lesson: Lesson) -> list[_Day]:
    window = training_window(history)
    found = []
    for cutoff in cutoffs(history, window, MOST_DAYS):
        earlier = history.rewind(cutoff, window)
        try:
            ground, rows = lay(earlier, lesson)
        except FitError:
            continue
        found.append(_day(history, earlier, window, ground.matrix, rows, lesson.seed))
    return [day for day in found if day.actual.sum() > 0]


def _day(
    history: History,
    earlier: History,
    window: Horizon,
    matrix: Callable[[History], Floats],
    rows: Rows,
    seed: int,
) -> _Day:
    outcome = history.followed(earlier, window)
    drawn = np.arange(len(earlier))
    if len(drawn) > MOST_ASKED:
        draw = np.random.default_rng(seed)
        drawn = np.sort(draw.choice(len(drawn), MOST_ASKED, replace=False))
        earlier, outcome = earlier.of_rows(drawn), outcome.of_rows(drawn)
    return _Day(rows, matrix(earlier), outcome.value)


def _search(name: str, days: Sequence[_Day], seconds: float, seed: int, journal: Path) -> Search:
    kind = learners.settings_class(name)

    def deviance(trial: Trial) -> float:
        return _deviance(name, kind.suggest(trial), days, seed)

    began = time.perf_counter()
    default = _deviance(name, kind(), days, seed)
    study = _study(name, seed, journal)
    study.optimize(deviance, timeout=max(0.0, seconds - (time.perf_counter() - began)))
    best = study.best_trial if study.get_trials(deepcopy=False) else None
    if best is None or best.value is None or not best.value < default * (1.0 - MARGIN):
        value = default if best is None or best.value is None else min(best.value, default)
        return Search(name, len(study.trials), default, value, None)
    return Search(name, len(study.trials), default, best.value, kind.suggest(_fixed(best.params)))


def _fixed(params: Json) -> Trial:
    import optuna

    return optuna.trial.FixedTrial(params)  # type: ignore[return-value]


def _deviance(name: str, settings: Settings, days: Sequence[_Day], seed: int) -> float:
    """Mean over days, each forecast at the level of what came: totals are pooled elsewhere."""
    values = []
    for day in days:
        said = learners.make(name, seed, settings).fit(day.rows).predict(day.X)
        said = said * (day.actual.sum() / max(float(said.sum()), 1e-300))
        values.append(metrics.tweedie_deviance(day.actual, said))
    return float(np.mean(values))


def _study(name: str, seed: int, journal: Path) -> Study:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    journal.parent.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(journal))),
        sampler=optuna.samplers.TPESampler(seed=seed),
        study_name=name,
        direction="minimize",
        load_if_exists=True,
    )
