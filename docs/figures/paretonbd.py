"""Pareto/NBD: the cohort's repeat purchases week by week, learned from the first 39."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.numerics import outlook, paretonbd
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from clv.core.types import Floats

WEEKS, LEARNED = 78, 39


def draw() -> Figure:
    ends = np.arange(1.0, WEEKS + 1)
    made, expected = repeats(ends)
    figure, (so_far, weekly) = look.panels(1, 1)

    so_far.plot(ends, np.cumsum(made) / 1e3, color=look.INK)
    so_far.plot(ends, expected / 1e3, color=look.GREEN)
    look.label(so_far, f"made: {made.sum():,.0f}", (76, 46.5), ha="right")
    told = f"expected by the\nPareto/NBD: {expected[-1]:,.0f}"
    look.label(so_far, told, (48, 22), look.GREEN)
    look.named(so_far, "All so far", "week of the log", "repeat purchases, thousands")

    weekly.plot(ends, made, color=look.INK, linewidth=1.1)
    weekly.plot(ends, np.diff(expected, prepend=0.0), color=look.GREEN)
    look.label(weekly, "before\nChristmas", (51.5, 745))
    look.named(weekly, "Each week", "week of the log", "repeat purchases")
    for ax, top in ((so_far, 50.0), (weekly, 1_050.0)):
        ax.set(xlim=(0, WEEKS), ylim=(0, top), xticks=range(0, WEEKS + 1, 13))
        ax.axvline(LEARNED, color=look.MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        ax.yaxis.set_major_formatter("{x:,.0f}")
        look.label(ax, "learned from", (LEARNED - 1, 0.04 * top), look.MUTED, ha="right")
        look.label(ax, "not seen", (LEARNED + 1, 0.04 * top), look.MUTED)
    return figure


def repeats(ends: Floats) -> tuple[Floats, Floats]:
    """Repeat purchases CDNOW's customers made each week, and those expected by its end."""
    days = logs.cdnow()
    p = logs.fitted(paretonbd, logs.as_of(days, logs.CDNOW_CUTOFF, LEARNED))
    day = (days["date"] - days["date"].min()).dt.days
    first = day.groupby(days["customer_id"]).transform("min")
    made = np.bincount(day[day > first] // 7, minlength=WEEKS)[:WEEKS]
    began, customers = np.unique(first.groupby(days["customer_id"]).first(), return_counts=True)
    age = np.maximum(ends - (1.0 + began[:, None]) / logs.DAYS_PER_WEEK, 0.0)
    return made, customers @ outlook.expected_purchases_new(p, age)
