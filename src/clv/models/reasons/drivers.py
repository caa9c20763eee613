"""What moved each customer's forecast away from others': the learners' own contributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from clv.core.types import Bools, Floats, Ints, Json
from clv.models.learners.base import Learner, Told
from clv.models.learners.encoder import Encoder
from clv.models.reasons.aspects import NONE, Aspects

#: Reasons told of a customer at most.
MOST = 3
#: A contribution that moves a forecast by less than this share of it is not worth a word.
NOTEWORTHY = 0.05
#: Training rows that contributions are averaged over.
SAMPLED = 2_000
#: Learners that tell contributions about as fast as forecasts. Where they hold half of the weight,
#: they speak for all.
QUICK = ("hurdle", "lightgbm", "glm")


class Drivers(NamedTuple):
    """What moved forecasts most, the strongest first.

    Attributes
    ----------
    aspect : (n, MOST) place among the explainer's aspects; `NONE` where there is no more to tell
    raised : (n, MOST) whether it raised the forecast; else it lowered it
    value : (n, MOST) of the aspect, as `Aspects.values` gives it
    """

    aspect: Ints
    raised: Bools
    value: Floats

    def some(self, rows: slice) -> Drivers:
        """Those of some customers."""
        return Drivers(self.aspect[rows], self.raised[rows], self.value[rows])


@dataclass(frozen=True, eq=False)
class Explainer:
    """Learners that say what moves forecasts, and what does so for all alike.

    Contributions add up to the logarithm of a forecast. A customer's reasons are contributions
    less those of a mean customer of the training rows, so that they do not depend on who else is
    asked about. Features that say almost the same are added up, and the strongest of them named.
    Where learners that are quick to tell hold half of the weight, they speak for the slow ones.

    Attributes
    ----------
    encoder : of the learners' columns
    learners : fitted
    weights : (learners,) summing to 1
    baseline : (a,) mean contribution of each aspect over the training rows
    catalogued : columns are our features; else those of a table, told by their own names
    """

    encoder: Encoder
    learners: tuple[Learner, ...]
    weights: Floats
    baseline: Floats
    catalogued: bool = True

    @classmethod
    def learn(
        cls,
        encoder: Encoder,
        learners: Sequence[Learner],
        weights: Floats,
        X: Floats,
        *,
        catalogued: bool = True,
    ) -> Self:
        """Take the baseline from training rows.

        Parameters
        ----------
        weights : (learners,) not below 0, some above
        X : (n, columns) of training rows
        """
        shares = np.asarray(weights, dtype=np.float64)
        shares = shares / shares.sum()
        none = np.zeros(len(Aspects.of(encoder, catalogued=catalogued).names))
        unset = cls(encoder, tuple(learners), shares, none, catalogued)
        some = X[:: 1 + (len(X) - 1) // SAMPLED]
        return replace(unset, baseline=unset.parts(some).mean(axis=0))

    @cached_property
    def aspects(self) -> Aspects:
        return Aspects.of(self.encoder, catalogued=self.catalogued)

    def parts(self, X: Floats) -> Floats:
        """(n, a) by which each aspect moves the logarithm of a forecast, against a mean customer's.

        The mean over those learners that are quick to tell, by their weights.
        """
        return self._parts(self.told(X))

    def told(self, X: Floats) -> dict[str, Told]:
        """All that those learners say which speak, by name."""
        return {learner.name: learner.told(X) for learner, _ in self._speakers}

    def forecast(self, X: Floats) -> Floats:
        """(n,) mean of the learners' forecasts by their weights, in currency over their window."""
        told = [learner.predict(X) for learner in self.learners]
        return np.asarray(np.column_stack(told) @ self.weights)

    @cached_property
    def _speakers(self) -> list[tuple[Learner, float]]:
        weighed = list(zip(self.learners, self.weights.tolist(), strict=True))
        quick = [(learner, weight) for learner, weight in weighed if learner.name in QUICK]
        total = sum(weight for _, weight in quick)
        if total < 0.5:
            quick, total = weighed, 1.0
        return [(learner, weight / total) for learner, weight in quick if weight > 0]

    def _parts(self, told: dict[str, Told]) -> Floats:
        found = sum(weight * told[learner.name].effects for learner, weight in self._speakers)
        return self.aspects.parts(np.asarray(found)) - self.baseline

    def drivers(self, X: Floats, told: dict[str, Told] | None = None) -> Drivers:
        """What moved the forecasts of (n, columns) customers most.

        Parameters
        ----------
        told : what `told` said of them, where that is known already
        """
        parts = self._parts(self.told(X) if told is None else told)
        by_family = self.aspects.families(parts)
        family = np.argsort(-np.abs(by_family), axis=1, kind="stable")[:, :MOST]
        moved = np.take_along_axis(by_family, family, axis=1)
        aspect = np.full((len(X), MOST), NONE, dtype=np.int64)
        value = np.full((len(X), MOST), np.nan)
        worth = np.abs(moved) >= np.log1p(NOTEWORTHY)
        once, of_one_timers = self.aspects.once(X), self.aspects.of_one_timers
        for kin in np.unique(family[worth]):
            rows, slots = np.nonzero(worth & (family == kin))
            members = np.flatnonzero(self.aspects.family == kin)
            # The strongest of those that pull where the family does, and that can be said.
            pull = parts[rows[:, None], members] * np.sign(moved[rows, slots])[:, None]
            pull[np.ix_(once[rows], of_one_timers[members] == NONE)] = 0.0
            found = members[pull.argmax(axis=1)]
            found = np.where(once[rows], of_one_timers[found], found)
            said = pull.max(axis=1) > 0
            aspect[rows[said], slots[said]] = found[said]
            value[rows[said], slots[said]] = self.aspects.values(X, rows[said], found[said])
        raised = np.zeros((len(X), MOST), dtype=np.bool_)
        raised[:, : moved.shape[1]] = moved > 0
        return Drivers(aspect, raised, value)

    def to_json(self) -> Json:
        """What was learned; learners and encoder are kept elsewhere."""
        return {
            "learners": [learner.name for learner in self.learners],
            "weights": self.weights.tolist(),
            "baseline": dict(zip(self.aspects.names, self.baseline.tolist(), strict=True)),
            "catalogued": self.catalogued,
        }

    @classmethod
    def from_json(cls, content: Json, encoder: Encoder, learners: dict[str, Learner]) -> Self:
        """What `to_json` told.

        Parameters
        ----------
        learners : by name; those not named in the content are left out
        """
        catalogued = bool(content["catalogued"])
        names = Aspects.of(encoder, catalogued=catalogued).names
        return cls(
            encoder,
            tuple(learners[name] for name in content["learners"]),
            np.array(content["weights"], dtype=np.float64),
            np.array([content["baseline"][name] for name in names], dtype=np.float64),
            catalogued,
        )


def joined(parts: Sequence[Drivers]) -> Drivers:
    """Drivers of several lots of customers, one after another."""
    return Drivers(*(np.concatenate(each) for each in zip(*parts, strict=True)))
