"""Learners of one table side by side, and the mean of them that a run forecasts with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from clv.core.errors import DependencyError, FitError, RunError
from clv.core.types import Floats
from clv.models.learners import registry
from clv.models.learners.base import Learner, Settings
from clv.models.learners.encoder import Encoder
from clv.models.learners.rows import Rows
from clv.models.reasons import Explainer

if TYPE_CHECKING:
    import pandas as pd

FILE = "panel.json"
VERSION = 1
#: Learners that go step by step and, stopped, can be told one number of steps to go again. The
#: hurdle's halves and the network's parts would stop each at its own; they are not stopped.
STOPPABLE = ("xgboost", "lightgbm", "gradient_boosting")


@dataclass(frozen=True, eq=False)
class Panel:
    """Learners fitted to the same rows of a table.

    Attributes
    ----------
    encoder : how a row of the table becomes numbers
    learners : by name, fitted
    weights : (learners,) summing to 1, by which their forecasts are averaged
    share : of the rows learned from whose target is above 0
    mean, median : of their target
    failed : by name, why a learner could not be fitted
    """

    encoder: Encoder
    learners: dict[str, Learner]
    weights: Floats
    share: float
    mean: float
    median: float
    failed: dict[str, str]

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        target: Floats,
        names: Sequence[str],
        seed: int = 0,
        stop: tuple[pd.DataFrame, Floats] | None = None,
        settings: Mapping[str, Settings] | None = None,
    ) -> Self:
        """Fit every learner named; they weigh the same until told otherwise.

        Parameters
        ----------
        frame : (n, features) as they are; texts and gaps are encoded from these rows alone
        target : (n,) 0 or more
        names : of the learners
        stop : other rows, by which learners of `STOPPABLE` tell when to stop
        settings : of learners, by name; the defaults of those not named

        Raises
        ------
        FitError : none of the learners could be fitted
        """
        encoder = Encoder.learn(frame)
        rows = Rows.of(encoder.of(frame), encoder.names, target)
        later = None
        if stop is not None:
            later = Rows.of(encoder.of(stop[0]), encoder.names, stop[1])
        learners, failed = {}, {}
        for name in names:
            made = registry.make(name, seed, (settings or {}).get(name))
            try:
                learners[name] = made.fit(rows, later if name in STOPPABLE else None)
            except (FitError, DependencyError) as error:
                failed[name] = str(error)
        if not learners:
            raise FitError(next(iter(failed.values()), "table: no learner was named. Name one."))
        weights = np.full(len(learners), 1.0 / len(learners))
        return cls(encoder, learners, weights, *_middle(target), failed)

    @classmethod
    def of_mean(cls, frame: pd.DataFrame, target: Floats) -> Self:
        """No learner: every row is forecast the mean of the target."""
        return cls(Encoder.learn(frame), {}, np.empty(0), *_middle(target), {})

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.learners)

    def weighed(self, weights: Floats) -> Panel:
        """The same with other weights, without the learners that have none."""
        kept = [name for name, weight in zip(self.names, weights, strict=True) if weight > 0]
        return Panel(
            self.encoder,
            {name: self.learners[name] for name in kept},
            np.asarray(weights)[np.asarray(weights) > 0],
            self.share,
            self.mean,
            self.median,
            self.failed,
        )

    @property
    def settled(self) -> dict[str, Settings]:
        """Settings by which learners that were stopped go as far again without being stopped."""
        return {
            name: settled(learner) for name, learner in self.learners.items() if name in STOPPABLE
        }

    def each(self, X: Floats) -> Floats:
        """(n, learners) forecasts."""
        return np.column_stack([learner.predict(X) for learner in self.learners.values()])

    def value(self, X: Floats) -> Floats:
        """(n,) mean of the forecasts by the weights; the target's mean without learners."""
        if not self.learners:
            return np.full(len(X), self.mean)
        return np.asarray(self.each(X) @ self.weights)

    def chance(self, X: Floats) -> Floats:
        """(n,) chance of a target above 0: of those learners that tell, else the share it had."""
        told = [learner.p_buy(X) for learner in self.learners.values()]
        known = [chance for chance in told if chance is not None]
        if not known or self.share >= 1.0:
            return np.full(len(X), self.share)
        return np.asarray(np.mean(known, axis=0))

    def explainer(self, X: Floats) -> Explainer | None:
        """What moves forecasts, against a mean customer of the (n, columns) rows; None without
        learners.
        """
        if not self.learners:
            return None
        learners = list(self.learners.values())
        return Explainer.learn(self.encoder, learners, self.weights, X, catalogued=False)

    def save(self, folder: Path) -> None:
        """Write JSON, npz, text and UBJ files into an existing, empty folder."""
        for name, learner in self.learners.items():
            (folder / name).mkdir()
            learner.save(folder / name)
        content = {
            "version": VERSION,
            "encoder": self.encoder.to_json(),
            "weights": dict(zip(self.names, self.weights.tolist(), strict=True)),
            "share": self.share,
            "mean": self.mean,
            "median": self.median,
        }
        (folder / FILE).write_text(json.dumps(content, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; no code is run.

        Raises
        ------
        RunError : a file is missing, broken or of another version
        """
        try:
            content = json.loads((folder / FILE).read_text())
            if content["version"] != VERSION:
                raise RunError(
                    f"model: {folder / FILE} is of version {content['version']}, not {VERSION}."
                    " Run it again."
                )
            weights = content["weights"]
            return cls(
                Encoder.from_json(content["encoder"]),
                {name: registry.load(name, folder / name) for name in weights},
                np.array(list(weights.values()), dtype=np.float64),
                content["share"],
                content["mean"],
                content["median"],
                {},
            )
        except (OSError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise RunError(f"model: {folder} cannot be read ({error!r}). Run it again.") from None


def settled(learner: Any) -> Settings:
    """The learner's settings, with the rounds it has gone."""
    settings: Settings = learner.settings
    if learner.silent_:
        return settings
    rounds = learner.trees_.rounds if learner.name == "lightgbm" else learner.rounds_
    gone: Settings = replace(learner.settings, rounds=max(1, rounds))
    return gone


def _middle(target: Floats) -> tuple[float, float, float]:
    """Share above 0, mean and median."""
    return float((target > 0).mean()), float(target.mean()), float(np.median(target))
