"""NBD: it describes the weeks it saw and overstates those that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.numerics import nbd, outlook
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Customers with so many repeat purchases or more are one bar; dots end at MOST_DOTS.
MOST_BARS, MOST_DOTS = 8, 10


def draw() -> Figure:
    seen = logs.as_of(logs.cdnow(), logs.CDNOW_CUTOFF, 39)
    p = logs.fitted(nbd, seen)
    figure, (past, future) = look.panels(1, 1)

    bars = np.arange(MOST_BARS + 1)
    expected = [outlook.p_count_new(p, float(n), seen.T).sum() for n in bars[:-1]]
    expected = np.append(expected, len(seen.x) - sum(expected)) / 1e3
    observed = np.bincount(np.minimum(seen.x, MOST_BARS).astype(int)) / 1e3
    past.bar(bars - 0.2, observed, 0.38, color=look.INK)
    past.bar(bars + 0.2, expected, 0.38, color=look.PURPLE)
    past.set_xticks(bars, [*map(str, bars[:-1]), f"{MOST_BARS}+"])
    look.label(past, "observed", (1.1, 12.6))
    look.label(past, "expected by the NBD", (1.1, 11.6), look.PURPLE)
    look.named(past, "The 39 weeks it learned from", "repeat purchases", "customers, thousands")

    ahead = outlook.expected_purchases(p, 39.0, seen.x, seen.t_x, seen.T)
    dots = np.arange(MOST_DOTS + 1)
    future.plot(dots, [ahead[seen.x == x].mean() for x in dots], color=look.PURPLE)
    future.plot(dots, [seen.later[seen.x == x].mean() for x in dots], **look.OBSERVED)
    future.set(ylim=(0, 10), xticks=dots)
    look.label(future, f"expected by the NBD:\n{ahead.sum():,.0f} in all", (1.2, 6.3), look.PURPLE)
    look.label(future, f"made: {seen.later.sum():,.0f} in all", (5.4, 2.2))
    look.named(future, "The 39 weeks after", "repeat purchases so far", "purchases a customer")
    return figure
