"""Earlier days to stand on: windows whose outcome is known, and the days before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv.core.types import AsOf, Horizon

if TYPE_CHECKING:
    from clv.features.book import History

#: Part of the days observed that a window may take where the horizon is longer than half of them.
SHARE = 3
#: Windows follow one another by half their length, rounded up: the next but one is over before
#: each begins. More of them would each be less news.
STEPS = 2


def training_window(history: History) -> Horizon:
    """How far ahead learners look: the days that will be asked for, if two of them are known.

    Else a third of what is known, and a purchase model carries the forecast further.
    """
    asked = history.window
    return Horizon(asked if 2 * asked <= history.span else max(1, history.span // SHARE))


def cutoffs(history: History, window: Horizon, most: int, before: int = 0) -> list[AsOf]:
    """Days whose window ends by as_of, the latest first, half a window apart.

    Parameters
    ----------
    most : how many at most
    before : days that have to be known besides, before each of them; at least half a window and
        a fifth of all days are, for there is little to tell of customers a few days old
    """
    step = -(-window.n_days // STEPS)
    shortest = max(window.n_days // 2, history.span // 5) + before
    found: list[AsOf] = []
    cutoff = history.as_of.minus(window.n_days)
    while len(found) < most and (cutoff.day - history.first_day).days >= shortest:
        found.append(cutoff)
        cutoff = cutoff.minus(step)
    return found
