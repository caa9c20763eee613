"""What each customer may spend: an atom at nothing bought, and quantiles above it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from clv.core.errors import HistoryError, RunError
from clv.core.types import Bools, Floats, Ints, Json
from clv.models.chance import Calibration, log_odds

if TYPE_CHECKING:
    from pathlib import Path

#: Buyers of the past that a cell of its own needs.
CELL_SIZE = 200
MOST_CELLS = 10
#: The best customers have cells of their own where they fill them: their lower ends matter.
BEST = (0.95, 0.98)
#: Quantiles kept of each cell's ratios: enough for the ends of 99 %.
GRID = 400
#: Forecasts below this share of the mean count as that: who is forecast nothing may yet buy.
SMALLEST_SHARE = 0.01
VERSION = 3


class PastDay(NamedTuple):
    """What a model said on a past day of the window after it, and what came.

    Attributes
    ----------
    onetimer : (n,) customers with a single purchase day by then
    value, chance : (n,) forecast spend, and chance of buying at all
    actual : (n,) what they spent
    bought : (n,) whether they bought, be it for nothing; None where that is whether they spent
    spending : (n,) chance of spending anything; None where that is the chance of buying
    """

    onetimer: Bools
    value: Floats
    chance: Floats
    actual: Floats
    bought: Bools | None = None
    spending: Floats | None = None

    @property
    def paying(self) -> Floats:
        """(n,) chance of spending anything."""
        return self.chance if self.spending is None else self.spending

    def part(self, rows: Bools) -> PastDay:
        """The same of these customers alone."""
        bought = None if self.bought is None else self.bought[rows]
        spending = None if self.spending is None else self.spending[rows]
        told = self.onetimer[rows], self.value[rows], self.chance[rows]
        return PastDay(*told, self.actual[rows], bought, spending)


@dataclass(frozen=True)
class Distribution:
    """Predictive distributions, learned from a model's forecasts on several past days.

    A customer spends nothing with chance 1 - c, c being the told chance made true by what came.
    Who does spends a multiple of forecast / c; multiples are those of past buyers in the same
    cell: one-timers or repeaters, cut by the size of their forecast. As past days differ in how
    far the forecast was off for all, so do the multiples: what customers share is in them.

    Attributes
    ----------
    chance : calibration of told chances of spending anything to true ones
    buying : calibration of told chances of a purchase to true ones, be it for nothing
    edges : for one-timers and repeaters, forecasts over their mean at which cells part
    ratios : (cells, GRID) quantiles of the multiples, one-timers' cells first
    mean : mean forecast a day of the population, which sizes are measured by
    days : past days learned from

    References
    ----------
    Vovk, Gammerman & Shafer (2005), "Algorithmic learning in a random world", on conformal
    prediction by categories; Lei et al. (2018), "Distribution-free predictive inference for
    regression", on ratios to a scale
    """

    chance: Calibration
    buying: Calibration
    edges: tuple[Floats, Floats]
    ratios: Floats
    mean: float
    days: int

    @classmethod
    def learn(cls, past: Sequence[PastDay], mean: float) -> Self:
        """From past days; every customer of each counts alike.

        Parameters
        ----------
        mean : mean forecast a day of the population that will be asked about

        Raises
        ------
        HistoryError : nobody bought in any window
        """
        useful = [day for day in past if (day.actual > 0).any()]
        if not useful:
            raise HistoryError(
                "intervals: nobody bought in any of the past windows, so there is nothing to"
                " learn from."
            )
        paying = [log_odds(day.paying) for day in useful]
        chance = Calibration.learn(paying, [day.actual > 0 for day in useful])
        buying = Calibration.learn(
            [log_odds(day.chance) for day in useful],
            [day.actual > 0 if day.bought is None else day.bought for day in useful],
        )
        multiples, sizes, single = [], [], []
        for day in useful:
            buyer = day.actual > 0
            likely = chance.of(log_odds(day.paying))
            value = np.maximum(day.value, SMALLEST_SHARE * day.value.mean())
            multiples.append((day.actual * likely / value)[buyer])
            sizes.append(_size(value, day.value.mean())[buyer])
            single.append(day.onetimer[buyer])
        multiple, size, onetimer = map(np.concatenate, (multiples, sizes, single))
        edges, ratios = [], []
        for of_group in (onetimer, ~onetimer):
            # A group with few buyers borrows from everyone.
            rows = of_group if of_group.sum() >= CELL_SIZE else np.ones(len(multiple), dtype=bool)
            n_cells = int(np.clip(rows.sum() // CELL_SIZE, 1, MOST_CELLS))
            best = [share for share in BEST if (1.0 - share) * rows.sum() >= CELL_SIZE]
            parts = [*(np.arange(1, n_cells) / n_cells), *best]
            # Each cut is somebody's own size, below the largest, so that no cell is empty.
            cuts = np.unique(np.quantile(size[rows], parts, method="inverted_cdf"))
            cuts = cuts[cuts < size[rows].max()]
            cell = np.searchsorted(cuts, size[rows], side="left")
            edges.append(cuts)
            ratios += [_grid(multiple[rows][cell == i]) for i in range(len(cuts) + 1)]
        return cls(chance, buying, (edges[0], edges[1]), np.array(ratios), mean, len(useful))

    @classmethod
    def assumed(cls, mean: float) -> Self:
        """Where the past has no purchase to learn from: chances as told, spend exponential."""
        nowhere: Floats = np.empty(0)
        ratios = np.tile(-np.log1p(-_LEVELS), (2, 1))
        return cls(Calibration(), Calibration(), (nowhere, nowhere), ratios, mean, 0)

    def of(self, onetimer: Bools, value: Floats, paying: Floats, days: int) -> Spread:
        """The distributions of customers.

        Parameters
        ----------
        onetimer, value, paying : (n,) as in `PastDay`
        days : that value and chance look ahead
        """
        likely = np.maximum(self.chance.of(log_odds(paying)), 1e-9)
        value = np.maximum(value, SMALLEST_SHARE * self.mean * days)
        size = _size(value, self.mean * days)
        once, again = (edges.searchsorted(size, "left") for edges in self.edges)
        cell = np.where(onetimer, once, len(self.edges[0]) + 1 + again)
        return Spread(likely, value / likely, cell, self.ratios)

    def purchase(self, chance: Floats) -> Floats:
        """(n,) true chances of a purchase, of told ones."""
        return self.buying.of(log_odds(chance))

    def save(self, path: Path) -> None:
        content: Json = {
            "version": VERSION,
            "chance": self.chance.to_json(),
            "buying": self.buying.to_json(),
            "edges": [edges.tolist() for edges in self.edges],
            "ratios": self.ratios.tolist(),
            "mean": self.mean,
            "days": self.days,
        }
        path.write_text(json.dumps(content))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        RunError : it is of another version
        """
        content = json.loads(path.read_text())
        if content["version"] != VERSION:
            raise RunError(
                f"model: {path} is of version {content['version']}, not {VERSION}. Run it again."
            )
        first, second = (np.array(edges, dtype=np.float64) for edges in content["edges"])
        ratios = np.array(content["ratios"], dtype=np.float64)
        chance, buying = Calibration(**content["chance"]), Calibration(**content["buying"])
        return cls(chance, buying, (first, second), ratios, content["mean"], content["days"])


@dataclass(frozen=True)
class Spread:
    """Distributions of (n,) customers' spend.

    Attributes
    ----------
    chance : (n,) of buying anything
    scale : (n,) what multiples are multiples of
    cell : (n,) row of ratios
    ratios : (cells, GRID) quantiles of the multiples, those of 0.5 / GRID, 1.5 / GRID, ...
    """

    chance: Floats
    scale: Floats
    cell: Ints
    ratios: Floats

    def quantile(self, q: float | Floats) -> Floats:
        """Spend that is not exceeded with chance q: (n,), or (m, n) of (m, 1) chances."""
        above = (q - (1.0 - self.chance)) / self.chance
        at = np.minimum(np.maximum(above * GRID - 0.5, 0.0), GRID - 1.0)
        low = np.minimum(at.astype(np.int64), GRID - 2)
        share = at - low
        ends = self.ratios[self.cell, low], self.ratios[self.cell, low + 1]
        spend = self.scale * ((1.0 - share) * ends[0] + share * ends[1])
        return np.where(above > 0, spend, 0.0)

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Ends between which a share `level` falls, each side leaving out half of the rest."""
        tail = (1.0 - level) / 2.0
        lower, upper = self.quantile(np.array([[tail], [1.0 - tail]]))
        return lower, upper

    def around(self, value: Floats, level: float, margin: float = 1.0) -> tuple[Floats, Floats]:
        """Ends as they are delivered and judged: those of `interval`, moved to hold the forecast.

        Where few buy at all both quantiles are 0, and the forecast, a mean, is not.

        Parameters
        ----------
        value : (n,) forecasts, spend times margin
        level : share that falls between the ends
        margin : what spend is multiplied by
        """
        lower, upper = self.interval(level)
        return np.minimum(lower * margin, value), np.maximum(upper * margin, value)

    def at_most(self, spend: Floats) -> tuple[Floats, Floats]:
        """Chance of less than (n,) spend, and of no more than it; they part at nothing bought."""
        multiple = spend / np.maximum(self.scale, 1e-300)
        share = np.empty(len(spend))
        for cell in np.unique(self.cell):
            rows = self.cell == cell
            share[rows] = np.interp(multiple[rows], self.ratios[cell], _LEVELS, left=0.0, right=1.0)
        nothing = 1.0 - self.chance
        told = nothing + self.chance * share
        return np.where(spend > 0, told, 0.0), np.where(spend > 0, told, nothing)

    def variance(self) -> Floats:
        """(n,) of the spend, what customers share included."""
        first, second = self.ratios.mean(axis=1), (self.ratios**2).mean(axis=1)
        mean = self.chance * self.scale * first[self.cell]
        return np.asarray(self.chance * self.scale**2 * second[self.cell] - mean**2)


_LEVELS = (np.arange(GRID) + 0.5) / GRID


def _size(value: Floats, mean: float) -> Floats:
    """(n,) forecasts over their mean; equal ones are the same to the last digit."""
    return (value / mean).round(9)


def _grid(multiples: Floats) -> Floats:
    """Quantiles at `_LEVELS`: between order statistics, whose levels are i / (n + 1)."""
    n = len(multiples)
    return np.interp(_LEVELS, np.arange(1, n + 1) / (n + 1), np.sort(multiples))
