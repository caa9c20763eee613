"""A learner as a model: trained on what customers did after several past days."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from scipy.special import expit

import clv.models.learners.registry as learners
from clv.core.errors import ClvError
from clv.core.types import Floats, Horizon, Json, Money
from clv.models import fitted
from clv.models.chance import log_odds
from clv.models.companion import AT_PAR, carried, column, told
from clv.models.groundwork import Groundwork, lay
from clv.models.lesson import Lesson
from clv.models.reasons import Drivers, Explainer
from clv.models.reasons.drivers import joined

if TYPE_CHECKING:
    import pandas as pd

    from clv.features.book import History
    from clv.models.learners.base import Learner


class Supervised:
    """One learner over all features, a purchase model's figures among them.

    Where half of the history is shorter than the horizon, the learner looks less far and a
    purchase model carries its forecast on, customer by customer.

    Parameters
    ----------
    seed : of every random choice
    lesson : how the learner is taught; the usual way with that seed unless given

    Attributes
    ----------
    ground_ : how customers become rows of numbers
    learner_ : fitted
    explainer_ : tells what moves its forecasts
    notes_ : what has to be told
    """

    name: str

    ground_: Groundwork
    learner_: Learner
    explainer_: Explainer
    notes_: tuple[str, ...]

    def __init__(self, seed: int = 0, lesson: Lesson | None = None) -> None:
        self.lesson = lesson or Lesson(seed)

    def fit(self, history: History) -> Self:
        """Learn from examples that end by the history's as_of.

        Raises
        ------
        FitError : too little was bought in the past windows, or nobody ever bought again
        HistoryError : the history was made without a log
        """
        self.ground_, self.learner_ = taught(self.name, history, self.lesson)
        _, rows = lay(history, self.lesson)
        self.explainer_ = Explainer.learn(self.ground_.encoder, [self.learner_], np.ones(1), rows.X)
        self.notes_ = shorter(self.ground_, history)
        return self

    def predict(self, history: History, horizon: Horizon, money: Money = AT_PAR) -> pd.DataFrame:
        """One row per row of history.frame, in its order: the table `PREDICTION`."""
        return self._told(history, horizon, money)[0]

    def explained(
        self, history: History, horizon: Horizon, money: Money = AT_PAR
    ) -> tuple[pd.DataFrame, Drivers | None]:
        """As `predict`, with what moved each forecast."""
        return self._told(history, horizon, money, why=True)

    def _told(
        self, history: History, horizon: Horizon, money: Money, *, why: bool = False
    ) -> tuple[pd.DataFrame, Drivers | None]:
        if not hasattr(self, "learner_"):
            raise ClvError(f"{self.name}: not fitted yet. Call fit(history) or load(folder) first.")
        ground = self.ground_
        said = asked(ground, [self.learner_], history, self.explainer_ if why else None)
        odds = said.odds
        if odds is None:
            ahead = ground.companion.predict(history, ground.window)
            odds = log_odds(column(ahead, "p_purchase"))
        value, odds = carried(
            ground.companion, history, said.value[:, 0], odds, ground.window, horizon
        )
        chance = np.asarray(expit(odds))
        return told(ground.companion, history, value, chance, horizon, money), said.drivers

    @property
    def ground(self) -> Groundwork:
        """How customers become rows of numbers."""
        return self.ground_

    @property
    def shares(self) -> dict[str, float]:
        """Of members: there is but one."""
        return {}

    def expected_new(self, days: Floats) -> Floats:
        """Repeat purchases that the purchase model expects of a new customer, (n,)."""
        return self.ground_.companion.expected_new(days)

    def save(self, folder: Path) -> None:
        """Write groundwork.json, model.json and the learner's own files."""
        self.ground_.save(folder)
        state = {
            "name": self.name,
            "version": fitted.VERSION,
            "explainer": self.explainer_.to_json(),
            "notes": list(self.notes_),
        }
        fitted.write(folder, state)
        (folder / "learner").mkdir()
        self.learner_.save(folder / "learner")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        RunError : a file is missing, of another model or version, or incomplete
        """
        return fitted.made(folder, cls.name, lambda state: cls._of(folder, state))

    @classmethod
    def _of(cls, folder: Path, state: Json) -> Self:
        model = cls()
        model.ground_ = Groundwork.load(folder)
        model.learner_ = learners.load(cls.name, folder / "learner")
        model.explainer_ = Explainer.from_json(
            state["explainer"], model.ground_.encoder, {cls.name: model.learner_}
        )
        model.notes_ = tuple(state["notes"])
        return model


class Answers(NamedTuple):
    """What learners say of customers over the window they learned.

    Attributes
    ----------
    value : (n, learners) expected spend
    odds : (n,) logarithms of the odds of a purchase, the mean of those learners which tell any;
        None where none does
    drivers : what moved forecasts, where that was asked
    """

    value: Floats
    odds: Floats | None
    drivers: Drivers | None


def asked(
    ground: Groundwork,
    pupils: Sequence[Learner],
    history: History,
    explainer: Explainer | None = None,
) -> Answers:
    """What learners say of the customers of a history.

    Parameters
    ----------
    explainer : tells what moves forecasts, where that is asked
    """

    def of(X: Floats) -> Answers:
        spoken = {} if explainer is None else explainer.told(X)
        said = {
            each.name: spoken[each.name][:2]
            if each.name in spoken
            else (each.predict(X), each.p_buy(X))
            for each in pupils
        }
        odds = [log_odds(chance) for _, chance in said.values() if chance is not None]
        return Answers(
            np.column_stack([value for value, _ in said.values()]),
            np.mean(odds, axis=0) if odds else None,
            None if explainer is None else explainer.drivers(X, spoken),
        )

    threads = max(each.threads for each in pupils)
    value, odds, drivers = zip(*ground.each(history, of, threads), strict=True)
    return Answers(
        np.concatenate(value),
        None if odds[0] is None else np.concatenate(odds),
        None if explainer is None else joined(drivers),
    )


def taught(name: str, history: History, lesson: Lesson) -> tuple[Groundwork, Learner]:
    """A learner fitted to what a history can teach; once, whoever asks.

    Raises
    ------
    FitError : too little was bought in the past windows, or nobody ever bought again
    """
    ground, rows = lay(history, lesson)
    settings, threads = lesson.settings(name), lesson.threads
    pupil = partial(learners.make, name, lesson.seed, settings, threads=threads)
    return ground, history.remember(("taught", name, lesson), lambda: pupil().fit(rows))


def shorter(ground: Groundwork, history: History) -> tuple[str, ...]:
    """What has to be told where learners look less far than asked."""
    if ground.window.n_days >= history.window:
        return ()
    return (
        f"The history of {history.span} days is too short to learn {history.window} days ahead:"
        f" learned {ground.window.n_days} days ahead, carried on by a purchase model.",
    )


class XGBoost(Supervised):
    name = "xgboost"


class LightGBM(Supervised):
    name = "lightgbm"


class RandomForest(Supervised):
    name = "random_forest"


class GradientBoosting(Supervised):
    name = "gradient_boosting"


class GLM(Supervised):
    name = "glm"


class ZILN(Supervised):
    name = "ziln"


class Hurdle(Supervised):
    name = "hurdle"
