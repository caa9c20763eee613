"""A yearly season: what the days ahead brought a year ago, beside the days before them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from clv.core.types import Horizon
from clv.models.companion import column
from clv.models.pooling import LEVEL_SD, LEVEL_WEIGHT

if TYPE_CHECKING:
    from clv.core.types import AsOf
    from clv.features.book import History
    from clv.models.regular import MBGCNBD

YEAR = 365
#: Days from which on every season has been seen twice.
FEWEST_DAYS = 2 * YEAR
#: Windows longer than this hold most seasons themselves.
LONGEST = 270
#: Windows before a day, half a window apart, that it is compared with, and how few will do.
TRAILING, FEWEST_TRAILING = 4, 2
#: Days of this year compared with the same days of last year.
MOST_PAIRS = 8
#: How much of last year's change is expected to come again before any was seen to, and how much
#: at most: part of a season shows in what customers did lately, which every forecast knows.
EXPECTED, MOST_EXPECTED = 0.5, 2 / 3
#: No season is believed that moves totals by more than this factor.
LARGEST = 3.0
#: Buyers of a window from which on its total tells something.
FEWEST_BUYERS = 50
#: Customers looked at, drawn by lot where there are more.
MOST_ASKED = 50_000


@dataclass(frozen=True)
class Season:
    """How much more, or less, the window ahead brings than the windows that levels come from.

    Attributes
    ----------
    a_year_ago : logarithm of the change that the same days brought a year ago
    strength : part of it that is expected again, 0 to `MOST_EXPECTED`
    """

    a_year_ago: float
    strength: float

    @property
    def factor(self) -> float:
        """Of totals of the window ahead."""
        limit = math.log(LARGEST)
        return math.exp(float(np.clip(self.strength * self.a_year_ago, -limit, limit)))

    def over(self, window: Horizon, horizon: Horizon) -> float:
        """Of totals of a horizon, of which only the window's part is known to differ."""
        return 1.0 + (self.factor - 1.0) * min(1.0, window.n_days / horizon.n_days)


def yearly(history: History, window: Horizon, model: MBGCNBD) -> Season | None:
    """Look back a year for what the window ahead may bring.

    A purchase model, which knows no season, forecasts the windows of the last years. The
    logarithm of outcome over forecast, less its mean over the windows just before, is the change
    that came with the season (growth, decay and the model's own faults are in both). What the
    same days brought a year ago is expected again in part: the slope of this year's changes on
    last year's, held to `EXPECTED` as by two changes of a fifth.

    Parameters
    ----------
    window : the days ahead
    model : fitted to the history

    Returns
    -------
    None where two years are not known, where the window takes most of a year, or where too few
    bought a year ago
    """
    if history.span < FEWEST_DAYS or window.n_days > LONGEST:
        return None
    past = _Past(history.thinned(MOST_ASKED), window, model)
    a_year_ago = past.change(history.as_of.minus(YEAR))
    if a_year_ago is None:
        return None
    days = [past.day(place) for place in range(MOST_PAIRS)]
    pairs = [(past.change(day), past.change(day.minus(YEAR))) for day in days]
    known = np.array([pair for pair in pairs if None not in pair], dtype=np.float64).reshape(-1, 2)
    # Neighbouring windows overlap by half, so that two of them tell as much as one.
    now, before = known.T / math.sqrt(2.0)
    firm = LEVEL_WEIGHT * LEVEL_SD**2
    slope = (firm * EXPECTED + float(now @ before)) / (firm + float(before @ before))
    return Season(a_year_ago, float(np.clip(slope, 0.0, MOST_EXPECTED)))


@dataclass
class _Past:
    """Windows of the past, half a window apart, the latest ending on the history's last day."""

    history: History
    window: Horizon
    model: MBGCNBD
    found: dict[int, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.step = (self.window.n_days + 1) // 2

    def day(self, place: int) -> AsOf:
        return self.history.as_of.minus(self.window.n_days + place * self.step)

    def change(self, day: AsOf) -> float | None:
        """What the window after a day brought beyond those that were over by then."""
        before = [
            self.missed(day.minus(self.window.n_days + k * self.step)) for k in range(TRAILING)
        ]
        known = [value for value in before if value is not None]
        own = self.missed(day)
        if own is None or len(known) < FEWEST_TRAILING:
            return None
        return own - sum(known) / len(known)

    def missed(self, day: AsOf) -> float | None:
        """Logarithm of outcome over forecast, between the two places that the day lies between."""
        place = ((self.day(0).day - day.day).days) / self.step
        first, share = math.floor(place), place - math.floor(place)
        ends = [self._at(first), self._at(first + 1) if share > 0 else 0.0]
        if ends[0] is None or ends[1] is None:
            return None
        return (1.0 - share) * ends[0] + share * ends[1]

    def _at(self, place: int) -> float | None:
        if place not in self.found:
            self.found[place] = self._looked_up(place)
        return self.found[place]

    def _looked_up(self, place: int) -> float | None:
        day = self.day(place)
        if (day.day - self.history.first_day).days < self.window.n_days:
            return None
        earlier = self.history.rewind(day, self.window)
        came = self.history.followed(earlier, self.window).value
        forecast = float(column(self.model.predict(earlier, self.window), "clv").sum())
        if (came > 0).sum() < FEWEST_BUYERS or forecast <= 0:
            return None
        return math.log(float(came.sum()) / forecast)
