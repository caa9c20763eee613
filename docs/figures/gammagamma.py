"""Gamma-Gamma: a customer's own mean is drawn to everybody's, the more the fewer the orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.numerics import gammagamma
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Purchase days so far of the two kinds of customers on the right.
KINDS = {(1, 1): (look.ORANGE, "1 purchase day"), (4, 9): (look.BLUE, "4 to 9 purchase days")}
EDGES = (0, 10, 15, 20, 30, 45, 70, 110)
#: Where the axes end, $: of the histogram, and of what was spent after.
MOST, DEAREST = 120, 170


def draw() -> Figure:
    seen = logs.as_of(logs.cdnow(), logs.CDNOW_CUTOFF, 39)
    orders, spent, later = seen.x + 1, seen.spent, seen.later
    paid = spent > 0
    g = gammagamma.fit(orders[paid], spent[paid]).params
    figure, (levels, after) = look.panels(1, 1)

    edges = np.arange(0, MOST + 1, 2.5)
    share = np.full(paid.sum(), 100 / paid.sum())
    levels.hist(spent[paid], edges, weights=share, color=look.FAINT)
    many, customers = np.unique(orders[paid], return_counts=True)
    at = np.linspace(1, MOST, 120)
    each = np.exp([gammagamma.loglik(g, np.full_like(at, n), at) for n in many])
    expected = 2.5 * 100 * customers @ each / customers.sum()
    levels.plot(at, expected, color=look.BLUE)
    look.label(levels, "customers seen", (15.6, 13.6))
    look.label(levels, "Gamma-Gamma", (26, 7.3), look.BLUE)
    levels.set(xlim=(0, MOST), ylim=(0, None))
    look.named(levels, "What customers spend", "mean a purchase day so far, $", "customers, %")

    for row, ((fewest, most), (color, name)) in enumerate(KINDS.items()):
        kind = paid & (later > 0) & (orders >= fewest) & (orders <= most)
        bins = np.digitize(spent[kind], EDGES[1:])
        size = np.bincount(bins)
        value = gammagamma.expected_value(g, orders[kind], spent[kind])
        own = np.bincount(bins, spent[kind]) / size
        after.plot(own, np.bincount(bins, value) / size, color=color)
        then = np.bincount(bins, seen.later_spent[kind] / later[kind]) / size
        after.plot(own, then, **{**look.OBSERVED, "color": color})
        look.label(after, name, (6, 158 - 11 * row), color)
    look.label(after, "dots: spent, lines: expected", (6, 136))
    after.set(
        xlim=(0, DEAREST), ylim=(0, DEAREST), xticks=range(0, 161, 40), yticks=range(0, 161, 40)
    )
    look.named(
        after,
        "What they spent after",
        "mean a purchase day so far, $",
        "mean a purchase day after, $",
    )
    return figure
