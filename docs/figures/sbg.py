"""sBG: retention rises though no customer becomes more loyal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.numerics import contracts, sbg
from docs.figures import look, renewals

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Customers left, colour, and where the segment is named on the left and on the right.
SEGMENTS = {
    "High End": (renewals.HIGH_END, look.BLUE, (3.3, 69), (1.5, 92.3)),
    "Regular": (renewals.REGULAR, look.ORANGE, (2.3, 51), (4.2, 82)),
}
CONSTANT = {"linewidth": 1.1, "linestyle": (0, (4, 3))}


def draw() -> Figure:
    figure, (survival, retention) = look.panels(1, 1)
    t = np.arange(13.0)
    fine = np.linspace(0, 12, 97)
    for name, (left, color, *places) in SEGMENTS.items():
        p = renewals.fitted(sbg, left)
        survival.plot(fine, 100 * contracts.p_alive(p, fine), color=color)
        constant = (left[7] / left[0]) ** (1 / 7)
        survival.plot(t[7:], left[7] / 10 * constant ** (t[7:] - 7), color=color, **CONSTANT)
        renewals.dots(survival, t, left / 10)
        retention.plot(t[1:], 100 * contracts.retention(p, t[:-1]), color=color)
        renewals.dots(retention, t[1:], renewals.retained(left))
        for ax, place in zip((survival, retention), places, strict=True):
            look.label(ax, name, place, color)
    look.label(survival, "dashed: as if retention\nstayed at its mean", (7.0, 61), look.MUTED)
    look.label(retention, "hollow: not seen by the fit", (12.3, 66), ha="right")
    survival.set(xlim=(0, 12.3), ylim=(0, 104), xticks=range(13))
    retention.set(xlim=(0.7, 12.3), ylim=(60, 100), xticks=range(1, 13))
    look.named(survival, "Still there", "renewals", "customers, %")
    look.named(retention, "Who stays at each renewal", "renewal", "of those there before, %")
    return figure
