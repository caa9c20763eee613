"""Earlier days to stand on: windows whose outcome is known, and the days before them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from clv.core.errors import HistoryError
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


def reaching(history: History, window: Horizon) -> History:
    """The same customers, their recent columns those of so many days.

    A history is made with the days that somebody asked for in mind; a model that is asked for
    others looks back as far as it is asked to look ahead.

    Raises
    ------
    HistoryError : the history was made without a log
    """
    days, span = window.n_days, history.span
    if min(history.window, span) == min(days, span):
        return replace(history, window=days)
    if history.book is None:
        raise HistoryError(
            f"history: its recent columns reach back {history.window} days, and {days} are needed."
            " It was made without a log to look them up in: take it from Book.history."
        )
    found = history.book.history(history.as_of, days)
    told, wanted = found.frame["customer_id"], history.frame["customer_id"]
    if not told.array.equals(wanted.array):
        found = found.of_rows(pd.Index(told).get_indexer(pd.Index(wanted)))
    return replace(history, frame=found.frame.set_axis(history.frame.index), window=days)
