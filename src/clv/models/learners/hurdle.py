"""Whether a customer buys, times what those who buy spend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.special import expit, log_expit

from clv.core.types import Floats, Json
from clv.models.learners.base import LogLearner, through
from clv.models.learners.lgb import LightGBMSettings, LightGBMTrees
from clv.models.learners.rows import FEWEST, Rows

if TYPE_CHECKING:
    from optuna import Trial

WHETHER, HOW_MUCH = "whether.txt", "how_much.txt"


@dataclass(frozen=True)
class HurdleSettings(LightGBMSettings):
    """Settings of `Hurdle`: those of `LightGBM`, for both halves.

    Both go their `rounds`, whether there are later rows to check by or not: a half that stopped at
    its own number could not be told one for both.

    Attributes
    ----------
    power : of the variance of spend over its mean, among those who buy
    """

    leaves: int = 8
    power: float = 1.5

    @classmethod
    def suggest(cls, trial: Trial) -> Self:
        """As `Settings.suggest`."""
        return cls.of_trees(trial, power=trial.suggest_float("power_of_spend", 1.5, 1.9))


class Hurdle(LogLearner):
    """Two sets of boosted trees: the chance of buying, and spend given buying.

    Attributes
    ----------
    whether_ : of the log-odds of buying; None where all bought
    mean_spend_ : of those who bought, in units of the mean of all
    how_much_ : of the logarithm of their spend, in units of the mean of all; None where too few
        bought to tell them apart

    References
    ----------
    Cragg (1971), "Some statistical models for limited dependent variables with application to the
    demand for durable goods"
    """

    name = "hurdle"
    settings_kind = HurdleSettings

    whether_: LightGBMTrees | None
    mean_spend_: float
    how_much_: LightGBMTrees | None

    def p_buy(self, X: Floats) -> Floats:
        """As `Learner.p_buy`."""
        X = self._checked(X)
        if self.silent_ or self.whether_ is None:
            return np.full(len(X), self.share_)
        return np.asarray(expit(self.whether_.score(X, self.threads)))

    def _learn(self, rows: Rows, check: Rows | None) -> None:  # noqa: ARG002
        told = self.settings, self.seed, self.threads
        bought = rows.take(rows.bought)
        self.mean_spend_ = bought.mean()
        self.whether_ = self.how_much_ = None
        if not rows.bought.all():
            self.whether_ = LightGBMTrees.grow(_of_buying(rows), None, "binary", *told)
        if len(bought) >= FEWEST:
            self.how_much_ = LightGBMTrees.grow(bought, None, "tweedie", *told)

    def _log(self, X: Floats) -> Floats:
        found = np.zeros(len(X))
        if self.whether_ is not None:
            found += np.asarray(log_expit(self.whether_.score(X, self.threads)))
        if self.how_much_ is not None:
            return found + self.how_much_.score(X, self.threads)
        return np.asarray(found + np.log(self.mean_spend_))

    def _parts(self, X: Floats) -> Floats:
        return self._all(X)[2]

    def _all(self, X: Floats) -> tuple[Floats, Floats | None, Floats]:
        log, chance = np.zeros(len(X)), np.full(len(X), self.share_)
        found = np.zeros((len(X), X.shape[1] + 1))
        if self.whether_ is not None:
            score, paths = self.whether_.paths(X, self.threads)
            found += through(log_expit, paths)
            log, chance = log + log_expit(score), np.asarray(expit(score))
        if self.how_much_ is not None:
            score, paths = self.how_much_.paths(X, self.threads)
            found += paths
            return log + score, chance, found
        return log + np.log(self.mean_spend_), chance, found

    def _save(self, folder: Path) -> Json:
        for trees, file in ((self.whether_, WHETHER), (self.how_much_, HOW_MUCH)):
            if trees is not None:
                trees.save(folder / file)
        return {
            "mean_spend": self.mean_spend_,
            "whether": self.whether_ is not None,
            "how_much": self.how_much_ is not None,
        }

    def _load(self, folder: Path, state: Json) -> None:
        self.mean_spend_ = state["mean_spend"]
        self.whether_ = LightGBMTrees.load(folder / WHETHER) if state["whether"] else None
        self.how_much_ = LightGBMTrees.load(folder / HOW_MUCH) if state["how_much"] else None


def _of_buying(rows: Rows) -> Rows:
    """The same rows, the target being whether anything was bought."""
    return replace(rows, y=rows.bought.astype(np.float64))
