"""MBG/CNBD-k: groceries have a rhythm, and who has one is missed sooner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import beta

from clv.numerics import mbgcnbd, mbgnbd, outlook
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from clv.core.types import Floats

CUTOFF, WEEKS = "2006-12-31", 52
#: Repeat purchases a customer must have made for a rhythm to show.
FEWEST = 4
SILENCE = (0, 4, 8, 13, 18, 26, 53)
COLORS = {1: look.ORANGE, 2: look.BLUE}


def draw() -> Figure:
    x, gap = gaps()
    figure, (rhythm, ahead) = look.panels(1, 1)
    edges = np.linspace(0, 4, 33)
    share = gap * x
    rhythm.hist(
        share, edges, weights=np.full_like(gap, 1 / (len(gap) * edges[1])), color=look.FAINT
    )
    at = np.linspace(0, 4, 161)
    many, customers = np.unique(x, return_counts=True)
    for k, color in COLORS.items():
        # given t_x, a gap is a share Beta(k, k (x - 1)) of it, whatever the parameters
        density = beta.pdf(at / many[:, None], k, k * (many[:, None] - 1)) / many[:, None]
        rhythm.plot(at, customers @ density / customers.sum(), color=color)
    rhythm.set(xlim=(0, 4), ylim=(0, 1.1))
    look.label(rhythm, "gaps seen", (1.2, 1.0))
    look.label(rhythm, "k = 2, a rhythm", (1.5, 0.39), look.BLUE)
    look.label(rhythm, "k = 1, chance alone", (2.12, 0.19), look.ORANGE)
    look.named(rhythm, "Gaps between purchases", "gap / mean gap of the customer", "density")

    seen = logs.as_of(logs.grocery(), CUTOFF, WEEKS)
    often = seen.x >= FEWEST
    bins = np.digitize((seen.T - seen.t_x)[often], SILENCE[1:-1])
    size = np.bincount(bins)
    middle = np.add(SILENCE[1:], SILENCE[:-1]) / 2
    for k, color in COLORS.items():
        p = logs.fitted(mbgnbd, seen) if k == 1 else logs.fitted(mbgcnbd, seen, k=k)
        each = outlook.expected_purchases(
            p, float(WEEKS), seen.x[often], seen.t_x[often], seen.T[often]
        )
        ahead.plot(middle, np.bincount(bins, each) / size, color=color)
    ahead.plot(middle, np.bincount(bins, seen.later[often]) / size, **look.OBSERVED)
    look.label(ahead, "k = 1", (12.3, 4.6), look.ORANGE)
    look.label(ahead, "k = 2", (10.0, 3.0), look.BLUE, ha="right")
    look.label(ahead, "made", (4.6, 10.6))
    ahead.set(xlim=(0, 53), ylim=(0, 13), xticks=range(0, 53, 13))
    look.named(ahead, f"The {WEEKS} weeks after", "weeks silent before", "purchases a customer")
    return figure


def gaps() -> tuple[Floats, Floats]:
    """Of each gap of a frequent buyer: how many the customer had, its share of their sum."""
    days = logs.grocery()
    days = days[days["date"] <= CUTOFF].sort_values(["customer_id", "date"])
    gap = days.groupby("customer_id")["date"].diff().dt.days
    of = gap.groupby(days["customer_id"])
    x, total = of.transform("count"), of.transform("sum")
    often = gap.notna() & (x >= FEWEST)
    return x[often].to_numpy(float), (gap / total)[often].to_numpy(float)
