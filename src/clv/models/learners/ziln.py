"""A neural network that tells the chance of spending and a lognormal of how much."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from scipy.special import expit, log_expit

from clv.core.types import Floats, Json
from clv.models.learners import arrays
from clv.models.learners.base import LOG_FLOOR, LogLearner, Settings, secant
from clv.models.learners.inputs import Inputs
from clv.models.learners.rows import Rows
from clv.models.learners.training import NARROWEST, train

if TYPE_CHECKING:
    from optuna import Trial

FILE = "weights.npz"

#: Rows that pass through the networks at once.
CHUNK = 16_384
#: Part of those who bought that may have done so for nothing, if spending is to stand for buying.
MOST_FREE = 0.1


@dataclass(frozen=True)
class ZILNSettings(Settings):
    """Settings of `ZILN`.

    Attributes
    ----------
    networks : whose logarithms are averaged
    hidden : units of each layer
    steps : of gradient descent, where there are no later rows to check by
    most_steps, patience : at most, and without progress on the check, where there are
    batch : rows a step
    learning_rate, decay : of AdamW
    """

    networks: int = 3
    hidden: tuple[int, ...] = (64, 32)
    steps: int = 1_500
    most_steps: int = 8_000
    patience: int = 600
    batch: int = 256
    learning_rate: float = 1e-3
    decay: float = 0.1

    def __post_init__(self) -> None:
        # JSON knows no tuples.
        object.__setattr__(self, "hidden", tuple(self.hidden))

    @classmethod
    def suggest(cls, trial: Trial) -> Self:
        """As `Settings.suggest`."""
        first = trial.suggest_categorical("hidden", [32, 64, 128])
        return cls(
            hidden=(first, first // 2),
            steps=trial.suggest_int("steps", 300, 6_000, log=True),
            learning_rate=trial.suggest_float("learning_rate", 1e-4, 3e-3, log=True),
            decay=trial.suggest_float("decay", 1e-4, 1.0, log=True),
        )


class Layer(NamedTuple):
    """weight (networks, inputs, outputs) and bias (networks, outputs)."""

    weight: Floats
    bias: Floats


class ZILN(LogLearner):
    """Zero-inflated lognormal: a chance p of spending, and log(spend) ~ Normal(mu, sigma) if so.

    Expected spend is p exp(mu + sigma^2 / 2). Who buys for nothing does not spend. Networks are
    trained in JAX; what they say afterwards is computed without it.

    Attributes
    ----------
    inputs_ : how features become inputs
    layers_ : of all networks; between layers, what is below 0 counts as 0
    most_ : logarithm of the largest spend of one customer, in units of the mean: no network's
        forecast is higher
    spends_ : whether those who bought also spent, so that its chance of the one is one of the other

    References
    ----------
    Wang, Liu & Miao (2019), "A deep probabilistic model for customer lifetime value prediction",
    arXiv 1912.07753
    """

    name = "ziln"
    settings_kind = ZILNSettings

    inputs_: Inputs
    layers_: tuple[Layer, ...]
    most_: float
    spends_: bool

    def p_buy(self, X: Floats) -> Floats | None:
        """As `Learner.p_buy`; None where many bought for nothing: the loss knows only who spent."""
        X = self._checked(X)
        if self.silent_:
            return np.full(len(X), self.share_)
        if not self.spends_:
            return None
        chances = [expit(outputs[..., 0]).mean(axis=0) for _, outputs in self._passed(X)]
        return np.concatenate([np.zeros(0), *chances])

    def _learn(self, rows: Rows, check: Rows | None) -> None:
        self.inputs_ = Inputs.learn(rows.X, rows.weight)
        free = rows.bought & (rows.y == 0)
        self.spends_ = bool(free.sum() <= MOST_FREE * rows.bought.sum())
        self.most_ = float(np.log(rows.y.max()))
        later = None if check is None else self._prepared(check)
        trained = train(self._prepared(rows), later, self.settings, self.seed)
        self.layers_ = tuple(Layer(*layer) for layer in trained)

    def _prepared(self, rows: Rows) -> tuple[Floats, Floats, Floats]:
        return self.inputs_.of(rows.X), rows.y, rows.weight

    def _log(self, X: Floats) -> Floats:
        found = [_log_spend(o, self.most_).mean(axis=0) for _, o in self._passed(X)]
        return np.concatenate([np.zeros(0), *found])

    def _parts(self, X: Floats) -> Floats:
        """Contributions by the rescale rule: each unit hands on its change against the mean input.

        References
        ----------
        Shrikumar, Greenside & Kundaje (2017), arXiv 1704.02685
        """
        to_feature = np.zeros((len(self.inputs_.features), X.shape[1]))
        to_feature[np.arange(len(to_feature)), self.inputs_.features] = 1.0
        average = self._units(np.zeros((1, len(to_feature))))
        found = np.empty((len(X), X.shape[1] + 1))
        for start in range(0, len(X), CHUNK):
            inputs = self.inputs_.of(X[start : start + CHUNK])
            units = self._units(inputs)
            slope = _output_slopes(units[-1], average[-1], self.most_)
            for layer, below, below0 in zip(
                self.layers_[:0:-1], units[-2::-1], average[-2::-1], strict=True
            ):
                slope = slope @ layer.weight.transpose(0, 2, 1)
                slope *= secant(_cut_off, below0, below)
            slope = slope @ self.layers_[0].weight.transpose(0, 2, 1)
            found[start : start + CHUNK, :-1] = (slope.mean(axis=0) * inputs) @ to_feature
        found[:, -1] = _log_spend(average[-1], self.most_).mean()
        return found

    def _passed(self, X: Floats) -> list[tuple[int, Floats]]:
        """Outputs (networks, rows, 3) of the rows from each start on."""
        return [
            (start, self._units(self.inputs_.of(X[start : start + CHUNK]))[-1])
            for start in range(0, len(X), CHUNK)
        ]

    def _units(self, inputs: Floats) -> list[Floats]:
        """What each layer's units add up to, (networks, rows, units), before it is cut off at 0."""
        found: list[Floats] = []
        for layer in self.layers_:
            below = _cut_off(found[-1]) if found else inputs
            found.append(below @ layer.weight + layer.bias[:, None, :])
        return found

    def _save(self, folder: Path) -> Json:
        stored = self.inputs_.arrays()
        for place, layer in enumerate(self.layers_):
            stored[f"weight_{place}"], stored[f"bias_{place}"] = layer
        arrays.write(folder / FILE, stored)
        return {"most": self.most_, "layers": len(self.layers_), "spends": self.spends_}

    def _load(self, folder: Path, state: Json) -> None:
        stored = arrays.read(folder / FILE)
        self.layers_ = tuple(
            Layer(stored.pop(f"weight_{place}"), stored.pop(f"bias_{place}"))
            for place in range(state["layers"])
        )
        self.inputs_ = Inputs(**stored)
        self.most_, self.spends_ = state["most"], state["spends"]


def _half_variance(output: Floats) -> Floats:
    deviation = np.maximum(np.logaddexp(0.0, output), NARROWEST)
    return np.asarray(deviation**2 / 2.0)


def _log_spend(outputs: Floats, most: float) -> Floats:
    """Logarithm of expected spend, (networks, n), of outputs (networks, n, 3)."""
    told = log_expit(outputs[..., 0]) + outputs[..., 1] + _half_variance(outputs[..., 2])
    return np.clip(told, LOG_FLOOR, most)


def _output_slopes(outputs: Floats, average: Floats, most: float) -> Floats:
    """How much of each output's change reaches the logarithm of expected spend."""
    chance = secant(log_expit, average[..., 0], outputs[..., 0])
    variance = secant(_half_variance, average[..., 2], outputs[..., 2])
    slopes = np.stack([chance, np.ones_like(chance), variance], axis=-1)
    before = log_expit(average[..., 0]) + average[..., 1] + _half_variance(average[..., 2])
    after = before + (slopes * (outputs - average)).sum(axis=-1)
    return slopes * secant(lambda log: np.clip(log, LOG_FLOOR, most), before, after)[..., None]


def _cut_off(units: Floats) -> Floats:
    return np.maximum(units, 0.0)
