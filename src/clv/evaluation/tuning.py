"""Settings of learners, searched on past days that end before any day they are judged on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import clv.models.learners.registry as learners
from clv.core.errors import DependencyError, FitError, HistoryError
from clv.core.types import Floats, Horizon, Json
from clv.evaluation import metrics
from clv.models.groundwork import FEWEST_BOUGHT, lay
from clv.models.learners.rows import Rows
from clv.models.lesson import Lesson
from clv.models.lookback import cutoffs, training_window

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

    from clv.features.book import History, Outcome
    from clv.models.learners.base import Settings

#: Past days that settings are judged on.
MOST_DAYS = 2
#: Windows tried where the past is too short for longer ones: parts of what learners look ahead.
PARTS = (1, 2, 4)
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
    default, best : deviance of the defaults and of the best found, out of time; None where
        nothing could be searched
    settings : the best; None where the defaults are as good
    days : past days they were judged on
    window : days after each of these; 0 where they are folds of a table
    why_not : why nothing could be searched, where that is so
    """

    learner: str
    trials: int
    default: float | None
    best: float | None
    settings: Settings | None
    days: tuple[str, ...] = ()
    window: int = 0
    why_not: str | None = None

    @property
    def words(self) -> str:
        """What was tried and found, and what came of it, without a full stop."""
        if self.default is None or self.best is None:
            return f"{self.why_not}. The defaults stay"
        label = learners.entry(self.learner).label
        days = f"{len(self.days)} past day(s), {self.window} days after each"
        if not self.window:
            days = f"{len(self.days)} folds within the rows that teach"
        if self.trials == 0:
            return f"{label}: the time was over before any settings were tried; the defaults stay"
        gain = 1.0 - self.best / self.default
        told = f"{label}: {self.trials} settings tried on {days}"
        if self.settings is None:
            return f"{told}; none was clearly better than the defaults, which stay"
        return f"{told}; the best has a deviance {gain:.1%} below the defaults' and is taken"

    def to_json(self) -> Json:
        told = asdict(self)
        told["settings"] = asdict(self.settings) if self.settings is not None else None
        return {**told, "days": list(self.days), "told": self.words}


@dataclass(frozen=True)
class Day:
    """A past day: what there was to learn from, and what followed.

    Attributes
    ----------
    rows : what learners learn from
    X : (n, features) of those asked about
    actual : (n,) what they spent in the window after
    cutoff, window : the day, and days after it
    """

    rows: Rows
    X: Floats
    actual: Floats
    cutoff: str = ""
    window: int = 0


def tune(
    history: History,
    names: Sequence[str],
    seconds: float,
    lesson: Lesson,
    journal: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Search]:
    """Search the settings of each learner for so long; gone on with where the journal has trials.

    Everything is judged on windows that end by the history's as_of, by the mean Tweedie deviance
    of forecasts brought to the outcome's level. Where the past is too short for windows as long
    as learners look ahead, they are shorter.

    Parameters
    ----------
    history : as of the first day that models will be judged from; nothing after it is seen
    names : of the learners
    seconds : for all of them together
    lesson : how learners are taught, settings apart
    journal : file that trials are written to as they end

    Returns
    -------
    one for each learner; where the past is too short for any, each says so

    References
    ----------
    Akiba et al. (2019), "Optuna", KDD; Bergstra et al. (2011), "Algorithms for hyper-parameter
    optimization", on tree-structured Parzen estimators
    """
    days = past_days(history, lesson)
    if not days:
        why = (
            f"tuning: before {history.as_of}, from where models are judged, too little was bought"
            " to search settings on. Give a longer log, a shorter horizon or fewer past days"
        )
        return [Search(name, 0, None, None, None, why_not=why) for name in names]
    found = []
    for name in names:
        progress(f"{name}: {seconds / len(names):.0f} s")
        found.append(search(name, days, seconds / len(names), lesson.seed, journal))
    return found


def tuned(found: Sequence[Search]) -> dict[str, Settings]:
    """Settings by learner, of those where the search was worth it."""
    return {one.learner: one.settings for one in found if one.settings is not None}


def past_days(history: History, lesson: Lesson) -> list[Day]:
    """Days to judge settings on; none where too little was bought."""
    longest = training_window(history).n_days
    for window in dict.fromkeys(max(1, longest // part) for part in PARTS):
        if found := _days(history, lesson, Horizon(window)):
            return found
    return []


def _days(history: History, lesson: Lesson, window: Horizon) -> list[Day]:
    found = []
    for cutoff in cutoffs(history, window, MOST_DAYS):
        try:
            earlier = history.rewind(cutoff, window)
            outcome = history.followed(earlier, window)
            if (outcome.value > 0).sum() >= FEWEST_BOUGHT:
                found.append(_day(earlier, outcome, window, lesson))
        except (FitError, HistoryError):
            continue
    return found


def _day(earlier: History, outcome: Outcome, window: Horizon, lesson: Lesson) -> Day:
    ground, rows = lay(earlier, lesson)
    if len(earlier) > MOST_ASKED:
        draw = np.random.default_rng(lesson.seed)
        drawn = np.sort(draw.choice(len(earlier), MOST_ASKED, replace=False))
        earlier, outcome = earlier.of_rows(drawn), outcome.of_rows(drawn)
    X = ground.matrix(earlier)
    return Day(rows, X, outcome.value, str(earlier.as_of), window.n_days)


def search(
    name: str,
    days: Sequence[Day],
    seconds: float,
    seed: int,
    journal: Path,
    most: int | None = None,
) -> Search:
    """Search the settings of one learner.

    Parameters
    ----------
    days : to judge settings on, some
    most : settings tried at most in this search; as many as the time allows unless given
    """
    kind = learners.settings_class(name)
    told = tuple(day.cutoff for day in days), days[0].window

    def tried(trial: Trial) -> float:
        return deviance(name, kind.suggest(trial), days, seed)

    began = time.perf_counter()
    try:
        default = deviance(name, kind(), days, seed)
    except (FitError, DependencyError) as error:
        return Search(name, 0, None, None, None, *told, why_not=f"{name}: {error.message}")
    study = _study(name, seed, journal)
    left = max(0.0, seconds - (time.perf_counter() - began))
    study.optimize(tried, n_trials=most, timeout=left, catch=(FitError,))
    done = _finished(study)
    if not done:
        return Search(name, 0, default, default, None, *told)
    best = min(done, key=lambda trial: float(trial.value or 0.0))
    value = float(best.value or 0.0)
    if not value < default * (1.0 - MARGIN):
        return Search(name, len(done), default, min(value, default), None, *told)
    settings = kind.suggest(_fixed(best.params))
    return Search(name, len(done), default, value, settings, *told)


def _fixed(params: Json) -> Trial:
    import optuna

    return optuna.trial.FixedTrial(params)  # type: ignore[return-value]


def deviance(name: str, settings: Settings, days: Sequence[Day], seed: int) -> float:
    """Mean over days, each forecast at the level of what came: totals are pooled elsewhere."""
    values = []
    for day in days:
        said = learners.make(name, seed, settings).fit(day.rows).predict(day.X)
        said = said * (day.actual.sum() / max(float(said.sum()), 1e-300))
        values.append(metrics.tweedie_deviance(day.actual, said))
    return float(np.mean(values))


def _study(name: str, seed: int, journal: Path) -> Study:
    """The study in the journal, its draws going on where the trials done have left off."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    journal.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(journal))),
        study_name=name,
        direction="minimize",
        load_if_exists=True,
    )
    # Seeded alike each time, a search gone on with would try the same settings again.
    fresh = np.random.SeedSequence([seed, len(_finished(study))]).generate_state(1)
    study.sampler = optuna.samplers.TPESampler(seed=int(fresh[0]))
    return study


def _finished(study: Study) -> list[FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
