"""What is expected of one customer told by a profile, reckoned without arrays.

An operation on arrays takes a microsecond however few it is of, and there are a hundred and forty
of them between a profile and its forecast; of one customer's numbers alone they take a tenth of
that. `ProfileScorer.figures` is what is meant: a test holds both to the same figures.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import exp, log, log1p
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from clv.models.chance import SMALLEST
from clv.models.distribution import GRID, SMALLEST_SHARE
from clv.models.surrogate import AMOUNTS, PAIRS, SMALL
from clv.segments.levels import CAC_SHARE, LEVELS, TIERS
from clv.segments.rfm import SEGMENT_OF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.core.types import Floats, Json
    from clv.models.chance import Calibration
    from clv.ops.profile import Profile
    from clv.ops.profilescoring import ProfileScorer
    from clv.ops.scoring import Scorer

#: Beyond it a logarithm is of no number that can be held.
_LARGEST = 700.0


class Figures(NamedTuple):
    """What is told of a customer in numbers and names.

    Attributes
    ----------
    p_alive, next_days : NaN where the champion does not tell
    next_days : until the next purchase is as likely as not
    beyond : the customer is unlike any that was learned from
    """

    clv: float
    clv_lower: float
    clv_upper: float
    p_alive: float
    p_purchase: float
    expected_purchases: float
    expected_order_value: float
    rfm_score: int
    segment: str
    value_tier: str
    clv_level: str
    recommended_cac: float
    next_days: float
    beyond: bool


@dataclass(frozen=True)
class OneProfile:
    """All that figures are made of, out of its arrays."""

    profiles: ProfileScorer
    known: frozenset[str]
    low: Sequence[float]
    high: Sequence[float]
    bends: Sequence[Sequence[float]]
    weights: Floats
    floors: Sequence[float]
    most: Sequence[float]
    edges: Sequence[Sequence[float]]
    ratios: Sequence[Sequence[float]]
    rfm_cuts: Sequence[Sequence[float]]
    level_cuts: Sequence[float]
    tier_cuts: Sequence[float]

    @classmethod
    def of(cls, profiles: ProfileScorer, scorer: Scorer) -> Self:
        """
        Parameters
        ----------
        scorer : of the run, whose cut points place customers
        """
        surrogate, distribution = profiles.surrogate, profiles.distribution
        rfm, levels = scorer.rfm, scorer.levels
        return cls(
            profiles,
            known=frozenset(profiles.features),
            low=surrogate.low.tolist(),
            high=surrogate.high.tolist(),
            bends=surrogate.bends.tolist(),
            weights=surrogate.weights,
            floors=(surrogate.floors * SMALL).tolist(),
            most=surrogate.most.tolist(),
            edges=[edges.tolist() for edges in distribution.edges],
            ratios=distribution.ratios.tolist(),
            rfm_cuts=[
                cuts.tolist()
                for cuts in (rfm.recency_cuts_, rfm.frequency_cuts_, rfm.monetary_cuts_)
            ],
            level_cuts=levels.level_cuts_.tolist(),
            tier_cuts=levels.tier_cuts_.tolist(),
        )

    def figures(self, profile: Profile, more: Json, level: float) -> Figures:
        """
        Parameters
        ----------
        more : what the profile tells besides, by names of features
        level : of the interval
        """
        horizon, margin = self.profiles.horizon_days, self.profiles.margin
        said, beyond = self._said(profile, more)
        clv, purchases, order_value, next_days, alive, chance, paying = said
        lower, upper = self._interval(profile.x == 0, clv / margin, paying, level)
        x, quiet, total = profile.x, profile.T - profile.t_x, profile.total
        score = 3 + sum(
            bisect_left(cuts, value)
            for cuts, value in zip(self.rfm_cuts, (-quiet, x + 1.0, total), strict=True)
        )
        return Figures(
            clv,
            min(lower * margin, clv),
            max(upper * margin, clv),
            max(alive, chance),
            chance,
            min(max(purchases, chance), chance * horizon),
            order_value,
            score,
            SEGMENT_OF[score],
            TIERS[bisect_left(self.tier_cuts, clv)],
            LEVELS[bisect_left(self.level_cuts, clv)],
            CAC_SHARE * max(clv, 0.0),
            next_days,
            beyond,
        )

    def _said(self, profile: Profile, more: Json) -> tuple[list[float], bool]:
        """`Surrogate.said`: amounts, then chances; and whether the customer is beyond all."""
        surrogate = self.profiles.surrogate
        logs = _logs(profile.x, profile.t_x, profile.T, profile.total)
        inside = [
            min(max(value, low), high)
            for value, low, high in zip(logs, self.low, self.high, strict=True)
        ]
        again = 1.0 if profile.x > 0 else 0.0
        columns = [1.0, *inside]
        columns += [
            value - bend if value > bend else 0.0
            for value, bends in zip(inside, self.bends, strict=True)
            for bend in bends
        ]
        columns += [inside[i] * inside[j] for i, j in PAIRS]
        columns.append(again)
        columns += [again * value for value in inside]
        if not self.known.isdisjoint(more):
            columns += surrogate.besides(surrogate.encode([more]))[0].tolist()
        told: list[float] = (np.array(columns) @ self.weights[: len(columns)]).tolist()
        amounts = [
            min(exp(min(value, _LARGEST)), most)
            for value, most in zip(told[: len(AMOUNTS)], self.most, strict=True)
        ]
        # What is not told is NaN, and stays so.
        found = [
            0.0 if value <= floor else value
            for value, floor in zip(amounts, self.floors, strict=True)
        ]
        return found + [_expit(value) for value in told[len(AMOUNTS) :]], inside != logs

    def _interval(
        self, onetimer: bool, value: float, paying: float, level: float
    ) -> tuple[float, float]:
        """`Distribution.of` and `Spread.interval`."""
        distribution = self.profiles.distribution
        mean = distribution.mean * self.profiles.horizon_days
        chance = max(_true(distribution.chance, paying), 1e-9)
        value = max(value, SMALLEST_SHARE * mean)
        # As numpy rounds.
        size = round(value / mean * 1e9) / 1e9
        once, later = self.edges
        cell = bisect_left(once, size) if onetimer else len(once) + 1 + bisect_left(later, size)
        ratios, scale = self.ratios[cell], value / chance
        tail = (1.0 - level) / 2.0
        return _quantile(ratios, scale, chance, tail), _quantile(ratios, scale, chance, 1.0 - tail)


def _logs(x: float, t_x: float, T: float, total: float) -> list[float]:
    gap, quiet = t_x / max(x, 1.0), T - t_x
    return [
        log1p(x),
        log1p(quiet),
        log1p(T),
        log1p(max(total, 0.0) / (x + 1.0)),
        log1p(gap),
        log1p(quiet / max(gap, 1.0)),
        log1p(t_x),
    ]


def _quantile(ratios: Sequence[float], scale: float, chance: float, q: float) -> float:
    above = (q - (1.0 - chance)) / chance
    if above <= 0:
        return 0.0
    at = min(max(above * GRID - 0.5, 0.0), GRID - 1.0)
    low = min(int(at), GRID - 2)
    share = at - low
    return scale * ((1.0 - share) * ratios[low] + share * ratios[low + 1])


def _true(calibration: Calibration, chance: float) -> float:
    inside = min(max(chance, SMALLEST), 1.0 - SMALLEST)
    return _expit(calibration.shift + calibration.slope * log(inside / (1.0 - inside)))


def _expit(odds: float) -> float:
    if odds >= 0:
        return 1.0 / (1.0 + exp(-odds))
    grown = exp(odds)
    return grown / (1.0 + grown)
