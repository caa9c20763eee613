"""A generalised linear model under Tweedie's deviance, bent at quantiles of each feature."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from clv.core.types import Floats, Ints, Json
from clv.models.learners import arrays, tweedie
from clv.models.learners.base import LOG_FLOOR, LogLearner, Settings, through
from clv.models.learners.inputs import Inputs
from clv.models.learners.rows import Rows

if TYPE_CHECKING:
    from optuna import Trial

FILE = "coefficients.npz"
#: Where a feature may bend, in shares of the rows; the first few of them where features are many.
BENDS = (0.5, 0.3, 0.7, 0.1, 0.9)
#: Fewer values than this leave a feature straight.
FEWEST_VALUES = 10
#: Coefficients at most: what Newton's steps cost grows with their square.
MOST_COEFFICIENTS = 600
#: Rows that are fitted to, at most, and the part of them that finds the way.
MOST_ROWS, FIRST_ROWS = 50_000, 5_000
#: Rows, and mean deviance after fitting, that the ridge of the settings is told for.
USUAL_ROWS, USUAL_NOISE = 20_000, 3.0
LEAST_RIDGE = 1e-4
#: Rows that are made into inputs at once: small enough for the processor's cache.
CHUNK = 1_024


@dataclass(frozen=True)
class GLMSettings(Settings):
    """Settings of `GLM`.

    Attributes
    ----------
    power : of the variance over the mean; between 1 (Poisson) and 2 (Gamma)
    ridge : pull of coefficients towards 0, against half the mean deviance, at `USUAL_ROWS` rows
        and a deviance of `USUAL_NOISE`; the same prior of coefficients pulls harder where rows are
        fewer or tell less
    bends : places where each feature's effect may bend, at most
    """

    power: float = 1.5
    ridge: float = 0.02
    bends: int = len(BENDS)

    @classmethod
    def suggest(cls, trial: Trial) -> Self:
        """As `Settings.suggest`."""
        return cls(
            power=trial.suggest_float("power", 1.2, 1.8),
            ridge=trial.suggest_float("ridge", 1e-4, 1.0, log=True),
            bends=trial.suggest_int("bends", 0, len(BENDS)),
        )


class GLM(LogLearner):
    """log E(spend) as a sum of lines through features, each bent at some quantiles.

    Attributes
    ----------
    inputs_ : how features become inputs
    bends_ : (b,) standardised values at which an input bends
    bent_ : (b,) which input does
    intercept_, coefficients_ : of the inputs, then of how far they are beyond their bends
    means_ : (k,) of all those over the training rows
    most_ : logarithm of the largest spend of one customer, in units of the mean: no forecast is
        higher

    References
    ----------
    Nelder & Wedderburn (1972), "Generalized linear models"; Jørgensen (1987), "Exponential
    dispersion models"; Friedman (1991), "Multivariate adaptive regression splines", for the bends
    """

    name = "glm"
    settings_kind = GLMSettings

    inputs_: Inputs
    bends_: Floats
    bent_: Ints
    intercept_: float
    coefficients_: Floats
    means_: Floats
    most_: float

    def _learn(self, rows: Rows, check: Rows | None) -> None:  # noqa: ARG002
        settings: GLMSettings = self.settings
        self.most_ = float(np.log(rows.y.max()))
        some = rows.take(slice(None, None, 1 + (len(rows) - 1) // MOST_ROWS))
        rows = some if some.y.any() else rows
        self.inputs_ = Inputs.learn(rows.X, rows.weight)
        values = self.inputs_.of(rows.X)
        room = MOST_COEFFICIENTS // values.shape[1] - 1
        self.bends_, self.bent_ = _bends(values, max(0, min(settings.bends, room)))
        columns = self._columns(rows.X)
        self.means_ = np.average(columns, axis=0, weights=rows.weight)
        columns -= self.means_
        start = np.zeros(columns.shape[1] + 1)
        start[0] = np.log(rows.mean())
        y, weight, power = rows.y, rows.weight, settings.power
        every = max(1, len(rows) // FIRST_ROWS)
        every = every if y[::every].any() else 1
        part = columns[::every], y[::every], weight[::every]
        firm = settings.ridge * max(1.0, USUAL_ROWS / len(part[1]))
        start = tweedie.fit(*part, power, firm, start)
        noise = tweedie.deviance(*part, power, start)
        pull = settings.ridge * (noise / USUAL_NOISE) * (USUAL_ROWS / len(y))
        start = tweedie.fit(columns, y, weight, power, max(pull, LEAST_RIDGE), start)
        self.intercept_, self.coefficients_ = float(start[0]), start[1:]

    def _log(self, X: Floats) -> Floats:
        found = np.empty(len(X))
        for start in range(0, len(X), CHUNK):
            columns = self._columns(X[start : start + CHUNK])
            found[start : start + CHUNK] = (columns - self.means_) @ self.coefficients_
        return self._within(found + self.intercept_)

    def _parts(self, X: Floats) -> Floats:
        features = self.inputs_.features
        origin = np.concatenate([features, features[self.bent_]])
        by_feature = np.argsort(origin, kind="stable")
        # Every feature has an input, so that none of these sums is empty.
        first = np.searchsorted(origin[by_feature], np.arange(X.shape[1]))
        found = np.full((len(X), X.shape[1] + 1), self.intercept_)
        for start in range(0, len(X), CHUNK):
            columns = self._columns(X[start : start + CHUNK])
            effects = (columns - self.means_) * self.coefficients_
            found[start : start + CHUNK, :-1] = np.add.reduceat(
                effects[:, by_feature], first, axis=1
            )
        return through(self._within, found)

    def _all(self, X: Floats) -> tuple[Floats, Floats | None, Floats]:
        parts = self._parts(X)
        return parts.sum(axis=1), None, parts

    def _columns(self, X: Floats) -> Floats:
        """(n, k) inputs, then how far they are beyond their bends."""
        values = self.inputs_.of(X)
        return np.hstack([values, np.maximum(values[:, self.bent_] - self.bends_, 0.0)])

    def _within(self, log: Floats) -> Floats:
        return np.clip(log, LOG_FLOOR, self.most_)

    def _save(self, folder: Path) -> Json:
        own = {
            "bends": self.bends_,
            "bent": self.bent_,
            "coefficients": self.coefficients_,
            "means": self.means_,
        }
        arrays.write(folder / FILE, own | self.inputs_.arrays())
        return {"intercept": self.intercept_, "most": self.most_}

    def _load(self, folder: Path, state: Json) -> None:
        stored = arrays.read(folder / FILE)
        self.bends_, self.bent_, self.coefficients_, self.means_ = (
            stored.pop(name) for name in ("bends", "bent", "coefficients", "means")
        )
        self.inputs_ = Inputs(**stored)
        self.intercept_, self.most_ = state["intercept"], state["most"]


def _bends(values: Floats, most: int) -> tuple[Floats, Ints]:
    """Where inputs bend, and which: at up to so many quantiles of those with enough values."""
    bends, bent = [], []
    for j, column in enumerate(values.T):
        distinct = np.unique(column)
        if most and len(distinct) >= FEWEST_VALUES:
            # A bend at either end would repeat the line, or be one for nobody.
            places = np.unique(np.quantile(column, BENDS[:most]))
            places = places[(places > distinct[0]) & (places < distinct[-1])]
            bends.append(places)
            bent.append(np.full(len(places), j, dtype=np.int64))
    if not bends:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    return np.concatenate(bends), np.concatenate(bent)
