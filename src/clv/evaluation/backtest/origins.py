"""Days in the past to stand on, with known days after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clv.core.errors import HistoryError
from clv.core.types import AsOf, Floats, Horizon

#: A window is at most this part of the log, so that there are two parts to learn from.
WINDOW_SHARE = 1 / 3
#: The earliest origin has at least this part of the last one's past.
PAST_SHARE = 1 / 3


@dataclass(frozen=True)
class Origin:
    """A day in the past to stand on, and the known days after it."""

    cutoff: AsOf
    window: Horizon

    @property
    def end(self) -> AsOf:
        return self.cutoff.plus(self.window.n_days)


def last_origin(first_day: AsOf, as_of: AsOf, horizon: Horizon) -> Origin:
    """The latest cut-off whose window is known: the horizon, or a third of a shorter log.

    Raises
    ------
    HistoryError : the log spans less than three days
    """
    span = (as_of.day - first_day.day).days + 1
    days = min(horizon.n_days, int(span * WINDOW_SHARE))
    if days < 1:
        raise HistoryError(
            f"history: the log spans {span} day(s); nothing can be learned and checked on that."
            " Give a longer log."
        )
    return Origin(as_of.minus(days), Horizon(days))


def last_parts(first_day: AsOf, as_of: AsOf, share: float = 0.15) -> tuple[Origin, Origin]:
    """Two cut-offs with a part of the log's days after each: the last but one part, and the last.

    Raises
    ------
    HistoryError : the log has too few days for a part of them
    """
    span = (as_of.day - first_day.day).days + 1
    days = round(span * share)
    if days < 1:
        raise HistoryError(
            f"history: the log spans {span} day(s), of which {share:.0%} are none. Give a longer"
            " log."
        )
    last = Origin(as_of.minus(days), Horizon(days))
    return Origin(last.cutoff.minus(days), last.window), last


def rolling(first_day: AsOf, as_of: AsOf, horizon: Horizon, most: int) -> list[Origin]:
    """Origins half a window apart, the earliest first, the last as `last_origin` tells.

    The windows overlap by half, so they are fewer observations than they count.

    Parameters
    ----------
    most : how many at most; fewer where the past of the earliest would be too short

    Raises
    ------
    HistoryError : the log spans less than three days
    """
    last = last_origin(first_day, as_of, horizon)
    # Rounded up: the window before last is over when one begins.
    step = (last.window.n_days + 1) // 2
    shortest = (last.cutoff.day - first_day.day).days * PAST_SHARE
    cutoffs = [last.cutoff.minus(i * step) for i in range(most)]
    known = [day for day in cutoffs if (day.day - first_day.day).days >= shortest]
    return [Origin(day, last.window) for day in reversed(known or [last.cutoff])]


def alike(origins: Sequence[Origin]) -> Floats:
    """(k, k) parts of their days that each two windows have in common.

    What comes on other days being other chance, figures of the windows correlate by as much.
    """
    begin = np.array([origin.cutoff.day.toordinal() for origin in origins], dtype=np.float64)
    days = np.array([origin.window.n_days for origin in origins], dtype=np.float64)
    end = begin + days
    common = np.minimum.outer(end, end) - np.maximum.outer(begin, begin)
    return np.asarray(np.maximum(common, 0.0) / np.sqrt(np.outer(days, days)))
