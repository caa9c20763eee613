"""Intervals for each customer, learned from the holdout: split conformal, by group and size."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from clv.core.errors import HistoryError, SettingError
from clv.core.types import Bools, Floats, Ints, Json

if TYPE_CHECKING:
    from pathlib import Path

#: Levels kept with every run; another one can be asked for when fitting.
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
#: A cell needs this many customers for its 90 % ends to be ranks and not extremes.
CELL_SIZE = 200
MOST_CELLS = 10
#: The best customers have cells of their own where they fill them: their lower ends matter.
BEST = (0.95, 0.98)


@dataclass
class RatioIntervals:
    """Ends as multiples of the forecast: quantiles of actual / predicted in a cell of the holdout.

    A cell is one-timers or repeaters, cut by size of forecast. Within a cell the ends are
    the order statistics that split conformal prediction takes, so each side misses at most
    (1 - level) / 2 of new customers exchangeable with the holdout's; where more than that
    buy nothing, the lower end is 0 and no outcome can lie below. A cell of fewer than
    2 / (1 - level) customers has no such rank: its ends are then 0 and the largest multiple
    seen, which more may exceed than promised. A multiple carries
    from the holdout's length to the horizon; it grows conservative where the horizon is
    the longer one, as longer sums vary less in proportion.

    Parameters
    ----------
    levels : levels to learn

    Attributes
    ----------
    edges_ : for one-timers and repeaters, the forecasts per day at which cells part
    lower_, upper_ : (levels, cells) multiples, for each of the two

    References
    ----------
    Romano, Patterson & Candes (2019), "Conformalized quantile regression";
    Vovk (2012), "Conditional validity of inductive conformal predictors" (by cell)
    """

    levels: tuple[float, ...] = LEVELS
    edges_: list[Floats] = field(default_factory=list)
    lower_: list[Floats] = field(default_factory=list)
    upper_: list[Floats] = field(default_factory=list)

    def fit(self, onetimer: Bools, predicted: Floats, actual: Floats, days: int) -> Self:
        """Learn from a holdout.

        Parameters
        ----------
        onetimer : (n,) customers with a single purchase day at the cut-off
        predicted, actual : (n,) value over the holdout
        days : the holdout's length
        """
        if len(predicted) == 0:
            raise HistoryError("intervals: the holdout has no customers to learn from.")
        self.edges_, self.lower_, self.upper_ = [], [], []
        for of_group in (onetimer, ~onetimer):
            # A group without customers in the holdout borrows from everyone.
            rows = of_group if of_group.any() else np.ones(len(predicted), dtype=bool)
            rate, ratio = predicted[rows] / days, _ratio(actual[rows], predicted[rows])
            n_cells = int(np.clip(len(rate) // CELL_SIZE, 1, MOST_CELLS))
            best = [share for share in BEST if (1 - share) * len(rate) >= CELL_SIZE]
            edges = np.unique(np.quantile(rate, [*(np.arange(1, n_cells) / n_cells), *best]))
            cell = np.searchsorted(edges, rate, side="left")
            ends = [_ends(ratio[cell == i], self.levels) for i in range(len(edges) + 1)]
            self.edges_.append(edges)
            self.lower_.append(np.array([lower for lower, _ in ends]).T)
            self.upper_.append(np.array([upper for _, upper in ends]).T)
        return self

    def predict(
        self, onetimer: Bools, predicted: Floats, days: int, level: float
    ) -> tuple[Floats, Floats]:
        """Lower and upper ends of the value over ``days``, each (n,); they hold the forecast."""
        if level not in self.levels:
            known = ", ".join(f"{value:g}" for value in self.levels)
            raise SettingError(f"level: {level:g} was not learned by this run. It has {known}.")
        row = self.levels.index(level)
        lower, upper = np.empty_like(predicted), np.empty_like(predicted)
        for group, of_group in enumerate((onetimer, ~onetimer)):
            cell: Ints = np.searchsorted(self.edges_[group], predicted[of_group] / days, "left")
            lower[of_group] = self.lower_[group][row, cell] * predicted[of_group]
            upper[of_group] = self.upper_[group][row, cell] * predicted[of_group]
        return np.minimum(lower, predicted), np.maximum(upper, predicted)

    def save(self, path: Path) -> None:
        content: Json = {
            "levels": list(self.levels),
            "edges": [edges.tolist() for edges in self.edges_],
            "lower": [ends.tolist() for ends in self.lower_],
            "upper": [ends.tolist() for ends in self.upper_],
        }
        path.write_text(json.dumps(content))

    @classmethod
    def load(cls, path: Path) -> Self:
        content = json.loads(path.read_text())
        intervals = cls(levels=tuple(content["levels"]))
        intervals.edges_ = [np.array(edges, dtype=np.float64) for edges in content["edges"]]
        intervals.lower_ = [np.array(ends, dtype=np.float64) for ends in content["lower"]]
        intervals.upper_ = [np.array(ends, dtype=np.float64) for ends in content["upper"]]
        return intervals


def cross_fitted(
    onetimer: Bools, predicted: Floats, actual: Floats, days: int, level: float, seed: int
) -> tuple[Floats, Floats]:
    """Ends for the holdout itself: each half's from the other half, to see what is reached."""
    fold = np.random.default_rng(seed).permutation(len(predicted)) % 2 == 0
    lower, upper = np.empty_like(predicted), np.empty_like(predicted)
    for learn in (fold, ~fold):
        if not learn.any() or learn.all():
            continue
        fitted = RatioIntervals((level,)).fit(
            onetimer[learn], predicted[learn], actual[learn], days
        )
        asked = ~learn
        lower[asked], upper[asked] = fitted.predict(onetimer[asked], predicted[asked], days, level)
    return lower, upper


def _ratio(actual: Floats, predicted: Floats) -> Floats:
    return np.asarray(actual / np.maximum(predicted, 1e-9), dtype=np.float64)


def _ends(ratio: Floats, levels: tuple[float, ...]) -> tuple[list[float], list[float]]:
    """Conformal ranks; where the cell is too small for the level, 0 and the largest multiple."""
    # A rank of 0 is an outcome of nothing, below which none can lie.
    ranked, n = np.r_[0.0, np.sort(ratio)], len(ratio)
    alpha = (1.0 - np.array(levels)) / 2.0
    low = np.floor((n + 1) * alpha).astype(int)
    high = np.minimum(np.ceil((n + 1) * (1.0 - alpha)).astype(int), n)
    return ranked[low].tolist(), ranked[high].tolist()
