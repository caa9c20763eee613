"""Days in the past to stand on, with known days after them."""

from __future__ import annotations

from dataclasses import dataclass

from clv.core.errors import HistoryError
from clv.core.types import AsOf, Horizon

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


def last_part(first_day: AsOf, as_of: AsOf, share: float = 0.15) -> Origin:
    """The cut-off after which the last part of the log's days lies, and those days.

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
    return Origin(as_of.minus(days), Horizon(days))


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
