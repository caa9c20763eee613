"""Purchase models, learners and yardsticks pooled, with weights learned out of time."""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from scipy.special import expit

from clv.core.errors import ClvError
from clv.core.types import AsOf, Bools, Floats, Horizon, Ints, Json, Money
from clv.models import fitted, pooling, registry
from clv.models.chance import Calibration, log_odds
from clv.models.companion import AT_PAR, carried, told
from clv.models.even import Course
from clv.models.groundwork import lay
from clv.models.lesson import Lesson
from clv.models.lookback import cutoffs, training_window
from clv.models.reasons import Explainer
from clv.models.season import Season, yearly
from clv.models.signal import NO_SIGNAL, standard_scores, tells_apart
from clv.models.team import Forecast, Team

if TYPE_CHECKING:
    import pandas as pd

    from clv.features.book import History, Outcome
    from clv.models.groundwork import Groundwork
    from clv.models.reasons import Drivers

#: What each member is worth before the past is asked: what did well on seven public logs.
PRIOR = {
    "mbgcnbd": 0.15,
    "paretonbd": 0.10,
    "naive_rate": 0.04,
    "naive_last_period": 0.03,
    "naive_repeat": 0.03,
    "hurdle": 0.25,
    "glm": 0.15,
    "xgboost": 0.10,
    "lightgbm": 0.10,
    "random_forest": 0.05,
    "ziln": 0.10,
}
MEMBERS = (
    *("mbgcnbd", "paretonbd", "naive_rate", "naive_last_period", "naive_repeat"),
    *("hurdle", "glm", "xgboost", "lightgbm"),
)
#: Forecasts from other days take on the season where they are within this part of a window.
STALE = 4
#: Past days on which members are compared, out of time.
MOST_DAYS = 3
#: Customers of a past day that are asked at most.
MOST_COMPARED = 50_000


class Rehearsal(NamedTuple):
    """What members would have said on a past day, and what came.

    Attributes
    ----------
    said : of members fitted to what was known then
    there : (members,) which of today's members could be fitted already
    outcome : spend and purchases in the window after
    """

    said: Forecast
    there: Bools
    outcome: Outcome


class Ensemble:
    """A weighted mean of members, level and chances corrected by what came after past days.

    Customers' shares in the total are weighed by how well members spread spend over customers;
    the total is a weighted geometric mean of members' totals, by how little those missed. Both
    are shrunken to `PRIOR`, as few past days tell little. Where past rankings were no better
    than chance, every customer gets the same, and `notes_` says so.

    Parameters
    ----------
    members : names out of `PRIOR`
    days : past days on which members are compared, at most
    seed : of every random choice
    lesson : how learners are taught; the usual way with that seed unless given

    Attributes
    ----------
    team_ : members fitted to all days
    window_ : how far ahead members were compared
    as_of_ : last day of the history
    season_ : what the window after that day brings beyond those before; None where not known
    weights_, levels_ : (members,) as `clv.models.pooling` tells, in the order of team_.names
    multipliers_ : (members,) whose sum with members' forecasts is the ensemble's
    days_ : past days that members were compared on
    signal_ : past rankings were better than chance; True where there was no past to ask
    course_ : what is forecast of everybody where they were not; None where they were
    chance_ : how told chances of a purchase become true ones
    explainer_ : tells what moves the learners' forecasts; None where there is nothing to tell
    notes_ : what could not be had, and what was done instead
    """

    name = "ensemble"

    team_: Team
    window_: Horizon
    as_of_: AsOf
    season_: Season | None
    weights_: Floats
    levels_: Floats
    multipliers_: Floats
    days_: int
    signal_: bool
    course_: Course | None
    chance_: Calibration
    explainer_: Explainer | None
    notes_: tuple[str, ...]

    def __init__(
        self,
        members: tuple[str, ...] = MEMBERS,
        days: int = MOST_DAYS,
        seed: int = 0,
        lesson: Lesson | None = None,
    ) -> None:
        self.members, self.days = members, days
        self.lesson = lesson or Lesson(seed)

    def fit(self, history: History) -> Self:
        """Fit members to all days, and weigh them by what they would have said before.

        Raises
        ------
        FitError : nobody ever bought again, or nobody spent anything
        HistoryError : the history was made without a log
        """
        self.team_ = Team.fit(self.members, history, self.lesson)
        self.window_, self.as_of_ = training_window(history), history.as_of
        self.season_ = yearly(history, self.window_, self.team_.companion)
        self._weigh(self._past(history))
        self._settle(history)
        self.explainer_ = self._explainer(history)
        self.notes_ = self._notes(history)
        return self

    def predict(self, history: History, horizon: Horizon, money: Money = AT_PAR) -> pd.DataFrame:
        """One row per row of history.frame, in its order: the table `PREDICTION`."""
        return self._told(history, horizon, money)[0]

    def explained(
        self, history: History, horizon: Horizon, money: Money = AT_PAR
    ) -> tuple[pd.DataFrame, Drivers | None]:
        """As `predict`, with what moved each forecast; None where nothing tells customers apart."""
        return self._told(history, horizon, money, why=True)

    def _told(
        self, history: History, horizon: Horizon, money: Money, *, why: bool = False
    ) -> tuple[pd.DataFrame, Drivers | None]:
        if not hasattr(self, "multipliers_"):
            raise ClvError("ensemble: not fitted yet. Call fit(history) or load(folder) first.")
        lift = self._lift(history, horizon)
        if self.course_ is not None:
            return self.course_.told(history, horizon, money, lift), None
        said = self.team_.forecast(history, self.window_, self.explainer_ if why else None)
        value, odds = carried(
            self.team_.companion,
            history,
            said.value @ self.multipliers_,
            log_odds(self.chance_.of(said.odds)),
            self.window_,
            horizon,
        )
        # Purchases that come as a Poisson process does are so much likelier.
        chance = 1.0 - (1.0 - np.asarray(expit(odds))) ** lift
        found = told(self.team_.companion, history, value * lift, chance, horizon, money)
        return found, said.drivers

    def _lift(self, history: History, horizon: Horizon) -> float:
        """What the season makes of a total; 1 for days it was not learned for."""
        off = abs((history.as_of.day - self.as_of_.day).days)
        if self.season_ is None or off > self.window_.n_days / STALE:
            return 1.0
        return self.season_.over(self.window_, horizon)

    @property
    def ground(self) -> Groundwork | None:
        """How customers become rows of numbers; None without learners."""
        return self.team_.ground

    @property
    def shares(self) -> dict[str, float]:
        """What each member counts in the ranking of customers; adds up to 1."""
        return dict(zip(self.team_.names, self.weights_.tolist(), strict=True))

    def _explainer(self, history: History) -> Explainer | None:
        """The learners by their weights, where the past tells customers apart."""
        pupils = self.team_.learners
        if self.team_.ground is None or not self.signal_:
            return None
        weights = np.array([self.weights_[self.team_.names.index(name)] for name in pupils])
        if weights.sum() <= 0:
            return None
        _, rows = lay(history, self.lesson)
        return Explainer.learn(self.team_.ground.encoder, list(pupils.values()), weights, rows.X)

    def _voices(self) -> Floats:
        """Who speaks of the total, and how loudly, (members,).

        Purchase models, which know how customers fade, and learners, which know what the last
        windows brought, half and half. Yardsticks only help to rank.
        """
        models = [name for name in self.team_.names if registry.entry(name).kind == "model"]
        learned = [name for name in models if name in self.team_.learners]
        share = {True: 0.5 / max(len(learned), 1), False: 0.5 / (len(models) - len(learned))}
        return np.array(
            [share[name in learned] if name in models else 0.0 for name in self.team_.names]
        )

    def _weigh(self, past: list[Rehearsal]) -> None:
        """Weights, level and chances by what past days brought, and whether they tell anything.

        Who could not be fitted yet on one of these days counts as it does elsewhere.
        """
        prior = np.array([PRIOR[name] for name in self.team_.names])
        prior /= prior.sum()
        there = np.all([each.there for each in past], axis=0) if past else prior > 0
        values = [each.said.value[:, there[each.there]] for each in past]
        spent = [each.outcome.value for each in past]
        asked = float(prior[there].sum())
        self.days_, self.weights_ = len(past), prior.copy()
        self.weights_[there] = asked * pooling.pooled_weights(values, spent, prior[there] / asked)
        totals = np.full((len(past), len(prior)), np.nan)
        for day, value in enumerate(values):
            totals[day, there] = value.sum(axis=0)
        came = np.array([each.sum() for each in spent])
        self.levels_ = pooling.level_weights(totals, came, self._voices())
        # Chances that some members told are not those which all of them tell.
        whole = [each for each in past if each.there.all()]
        self.chance_ = Calibration.learn(
            [each.said.odds for each in whole], [each.outcome.purchases > 0 for each in whole]
        )
        ranked = [pooling.shares(value) @ self.weights_[there] for value in values]
        self.signal_ = tells_apart([*map(standard_scores, spent, ranked)])

    def _past(self, history: History) -> list[Rehearsal]:
        """Past days on which all members could be fitted; without any, those with some of them."""
        found = []
        for cutoff in cutoffs(history, self.window_, self.days):
            earlier = history.rewind(cutoff, self.window_)
            team = Team.fit(self.members, earlier, self.lesson)
            if not set(team.names) <= set(self.team_.names):
                continue
            key = ("said", self.members, self.lesson)
            rows, said = earlier.remember(key, partial(self._said, earlier, team))
            outcome = history.followed(earlier, self.window_).of_rows(rows)
            if outcome.value.sum() > 0:
                there = np.array([name in team.names for name in self.team_.names])
                found.append(Rehearsal(said, there, outcome))
        return [each for each in found if each.there.all()] or found

    def _said(self, history: History, team: Team) -> tuple[Ints, Forecast]:
        rows = np.arange(len(history))
        if len(rows) > MOST_COMPARED:
            draw = np.random.default_rng(self.lesson.seed)
            rows = np.sort(draw.choice(len(rows), MOST_COMPARED, replace=False))
            history = history.of_rows(rows)
        return rows, team.forecast(history, self.window_)

    def _settle(self, history: History) -> None:
        """One factor a member, so that a customer alone is forecast as among all the others."""
        key = ("said", self.members, self.lesson)
        _, said = history.remember(key, lambda: self._said(history, self.team_))
        self.multipliers_ = pooling.multipliers(said.value.sum(axis=0), self.weights_, self.levels_)
        self.course_ = None
        if not self.signal_:
            value = float((said.value @ self.multipliers_).mean())
            chance = float(self.chance_.of(said.odds).mean())
            self.course_ = Course.of(history, self.window_, value, chance)

    def _notes(self, history: History) -> tuple[str, ...]:
        notes = []
        for name, why in self.team_.missing.items():
            notes.append(f"{name} is not in the ensemble. {why}")
        if self.window_.n_days < history.window and self.team_.learners:
            notes.append(
                f"The history of {history.span} days is too short to learn {history.window} days"
                f" ahead: learned {self.window_.n_days} days ahead, carried on by a purchase model."
            )
        if not self.days_:
            notes.append(
                "The past is too short to weigh the members on: they count as they do elsewhere."
            )
        if self.season_ is not None:
            notes.append(_of_season(self.season_))
        if not self.signal_:
            notes.append(NO_SIGNAL)
        return tuple(notes)

    def expected_new(self, days: Floats) -> Floats:
        """Repeat purchases that the purchase model expects of a new customer, (n,)."""
        return self.team_.companion.expected_new(days)

    def save(self, folder: Path) -> None:
        """Write model.json and a folder a member."""
        state = {
            "name": self.name,
            "version": fitted.VERSION,
            "members": list(self.team_.names),
            "weights": self.weights_.tolist(),
            "levels": self.levels_.tolist(),
            "multipliers": self.multipliers_.tolist(),
            "chance": self.chance_.to_json(),
            "window": self.window_.n_days,
            "as_of": str(self.as_of_),
            "season": asdict(self.season_) if self.season_ else None,
            "days": self.days_,
            "course": self.course_.to_json() if self.course_ else None,
            "explainer": self.explainer_.to_json() if self.explainer_ else None,
            "notes": list(self.notes_),
        }
        fitted.write(folder, state)
        self.team_.save(folder)

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
        model = cls(tuple(state["members"]))
        model.team_ = Team.load(folder, state["members"])
        model.weights_, model.levels_, model.multipliers_ = (
            np.array(state[name], dtype=np.float64) for name in ("weights", "levels", "multipliers")
        )
        model.chance_ = Calibration(**state["chance"])
        model.window_, model.as_of_ = Horizon(state["window"]), AsOf.parse(state["as_of"])
        model.season_ = Season(**state["season"]) if state["season"] else None
        model.days_ = state["days"]
        course, model.notes_ = state["course"], tuple(state["notes"])
        model.course_, model.signal_ = Course.from_json(course) if course else None, not course
        model.explainer_ = None
        if model.team_.ground is not None and state["explainer"] is not None:
            model.explainer_ = Explainer.from_json(
                state["explainer"], model.team_.ground.encoder, model.team_.learners
            )
        return model


def _of_season(season: Season) -> str:
    brought, moved = math.expm1(season.a_year_ago), season.factor - 1.0
    return (
        f"Season: a year ago such days brought {abs(brought):.0%}"
        f" {'more' if brought > 0 else 'less'} than the windows before them led to expect;"
        f" forecasts are {'raised' if moved > 0 else 'lowered'} by {abs(moved):.0%}."
    )
