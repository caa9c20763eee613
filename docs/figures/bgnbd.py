"""BG/NBD: a silence counts by how often a customer used to buy, and then counts too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.numerics import bgnbd, outlook
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WEEKS = 39.0
#: Repeat purchases of the curves on the left: their colour, and where they are named.
CURVES = {
    1: (look.ORANGE, (17.5, 0.655)),
    3: (look.GREEN, (16.8, 0.42)),
    5: (look.BLUE, (21.6, 0.42)),
    10: (look.PURPLE, (26.8, 0.42)),
}
SILENCE = (0, 4, 8, 13, 18, 26, 39)
KINDS = {(4, 7): look.BLUE, (2, 3): look.GREEN, (1, 1): look.ORANGE}


def draw() -> Figure:
    seen = logs.as_of(logs.cdnow(), logs.CDNOW_CUTOFF, WEEKS)
    p = logs.fitted(bgnbd, seen)
    figure, (alive, again) = look.panels(1, 1)

    last = np.linspace(0, WEEKS, 79)
    same = np.ones_like(last)
    for x, (color, place) in CURVES.items():
        alive.plot(last, outlook.p_alive(p, x * same, last, WEEKS * same), color=color)
        look.label(alive, "1 repeat purchase" if x == 1 else f"{x}", place, color, ha="right")
    alive.plot([0], [1], clip_on=False, **look.UNSEEN)
    look.label(alive, "no repeat purchase: always 1", (1.0, 0.945), look.INK)
    alive.set(xlim=(0, WEEKS), ylim=(0, 1.05), xticks=range(0, 40, 13))
    look.named(alive, "Active after 39 weeks?", "last purchase, weeks after the first", "P(alive)")

    chance = outlook.p_purchase(p, WEEKS, seen.x, seen.t_x, seen.T)
    bins = np.digitize(seen.T - seen.t_x, SILENCE[1:-1])
    middle = np.add(SILENCE[1:], SILENCE[:-1]) / 2
    for row, ((fewest, most), color) in enumerate(KINDS.items()):
        kind = (seen.x >= fewest) & (seen.x <= most)
        size = np.bincount(bins[kind])
        again.plot(middle, np.bincount(bins[kind], chance[kind]) / size, color=color)
        did = np.bincount(bins[kind], seen.later[kind] > 0) / size
        again.plot(middle, did, **{**look.OBSERVED, "color": color})
        many = f"{fewest} to {most}" if most > fewest else f"{most}"
        many += " repeat purchases" if row == 0 else ""
        look.label(again, many, (20, 0.85 - 0.075 * row), color)
    look.label(again, "dots: did, lines: expected", (20, 0.945))
    again.set(xlim=(0, WEEKS), ylim=(0, 1.05), xticks=range(0, 40, 13))
    look.named(again, "Bought in the 39 weeks after", "weeks silent before", "share of customers")
    return figure
