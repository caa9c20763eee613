"""Members of an ensemble, all fitted to one history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from scipy.special import expit

import clv.models.learners.registry as learners
from clv.core.errors import DependencyError, FitError
from clv.core.types import Floats, Horizon
from clv.models import registry
from clv.models.chance import log_odds
from clv.models.companion import carried, column, companion
from clv.models.groundwork import Groundwork
from clv.models.regular import MBGCNBD
from clv.models.supervised import asked, taught

if TYPE_CHECKING:
    from clv.features.book import History
    from clv.models.base import Model
    from clv.models.learners.base import Learner
    from clv.models.lesson import Lesson
    from clv.models.reasons import Drivers, Explainer

COMPANION = MBGCNBD.name


class Forecast(NamedTuple):
    """What members say of customers.

    Attributes
    ----------
    value : (n, members) expected spend over the horizon
    odds : (n,) logarithms of the odds of a purchase in it, of a chance that is half the purchase
        models' word, half that of the learners which tell any
    drivers : what moved the learners' forecasts, where that was asked
    """

    value: Floats
    odds: Floats
    drivers: Drivers | None = None


@dataclass(frozen=True)
class Team:
    """Members by name, fitted.

    Attributes
    ----------
    companion : the purchase model that is always there
    models : other models and yardsticks
    learners : learners, where the past has enough to learn from
    ground : what they stand on; None without any
    missing : what could not be fitted, and why
    """

    companion: MBGCNBD
    models: dict[str, Model]
    learners: dict[str, Learner]
    ground: Groundwork | None
    missing: dict[str, str]

    @classmethod
    def fit(cls, names: Sequence[str], history: History, lesson: Lesson) -> Self:
        """Fit each member; once, whoever asks.

        Raises
        ------
        FitError : nobody bought again, or nobody spent anything
        """
        key = ("team", tuple(names), lesson)
        return history.remember(key, lambda: cls._fit(names, history, lesson))

    @classmethod
    def _fit(cls, names: Sequence[str], history: History, lesson: Lesson) -> Self:
        models: dict[str, Model] = {}
        pupils: dict[str, Learner] = {}
        missing: dict[str, str] = {}
        ground = None
        for name in names:
            try:
                if _learns(name):
                    ground, pupils[name] = taught(name, history, lesson)
                elif name != COMPANION:
                    models[name] = registry.make(name, lesson.seed).fit(history)
            except (FitError, DependencyError) as error:
                missing[name] = error.message
        return cls(companion(history), models, pupils, ground, missing)

    @property
    def names(self) -> tuple[str, ...]:
        return (COMPANION, *self.models, *self.learners)

    def forecast(
        self, history: History, horizon: Horizon, explainer: Explainer | None = None
    ) -> Forecast:
        """What each member says of the customers of a history, in the order of `names`.

        Parameters
        ----------
        explainer : tells what moves the learners' forecasts, where that is asked
        """
        ahead = self.companion.predict(history, horizon)
        values = [column(ahead, "clv")]
        told = [column(ahead, "p_purchase")]
        for model in self.models.values():
            prediction = model.predict(history, horizon)
            values.append(column(prediction, "clv"))
            if registry.entry(model.name).kind == "model":
                told.append(column(prediction, "p_purchase"))
        # Chances are averaged as values are: a member sure of nothing does not outvote the others.
        chance = np.mean(told, axis=0)
        drivers = None
        if self.ground is not None and self.learners:
            said = asked(self.ground, list(self.learners.values()), history, explainer)
            drivers = said.drivers
            own = log_odds(chance) if said.odds is None else said.odds
            learned, own = carried(
                self.companion, history, said.value, own, self.ground.window, horizon
            )
            values.extend(learned.T)
            if said.odds is not None:
                chance = (chance + expit(own)) / 2.0
        return Forecast(np.column_stack(values), log_odds(chance), drivers)

    def save(self, folder: Path) -> None:
        """A folder a member."""
        members: dict[str, Model | Learner] = {**self.models, **self.learners}
        for name, member in {COMPANION: self.companion, **members}.items():
            (folder / name).mkdir()
            member.save(folder / name)
        if self.ground is not None:
            self.ground.save(folder)

    @classmethod
    def load(cls, folder: Path, names: Sequence[str]) -> Self:
        """Read what `save` wrote of the members of these names.

        Raises
        ------
        RunError : a file is missing, of another model or version, or incomplete
        """
        pupils = {name: learners.load(name, folder / name) for name in names if _learns(name)}
        others = [name for name in names if not _learns(name) and name != COMPANION]
        return cls(
            MBGCNBD.load(folder / COMPANION),
            {name: registry.model_class(name).load(folder / name) for name in others},
            pupils,
            Groundwork.load(folder) if pupils else None,
            {},
        )


def _learns(name: str) -> bool:
    return name in learners.NAMES
