"""Beta-discrete-Weibull: a retention that first falls, which the sBG cannot follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.numerics import bdw, contracts, sbg
from docs.figures import look, renewals

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    left = renewals.HIGH_END
    figure, (retention, survival) = look.panels(1, 1)
    t = np.arange(13.0)
    for model, color in ((sbg, look.ORANGE), (bdw, look.BLUE)):
        p = renewals.fitted(model, left)
        retention.plot(t[1:], 100 * contracts.retention(p, t[:-1]), color=color)
        late = np.linspace(5, 12, 57)
        survival.plot(late, 1000 * contracts.p_alive(p, late), color=color)
    renewals.dots(retention, t[1:], renewals.retained(left))
    renewals.dots(survival, t[5:], left[5:])
    look.label(retention, "sBG", (2.7, 90.6), look.ORANGE, ha="right")
    look.label(retention, "beta-discrete-Weibull", (3.4, 87.6), look.BLUE)
    look.label(retention, "hollow: not seen by the fit", (12.3, 85), ha="right")
    look.label(survival, "beta-discrete-Weibull", (9.2, 470), look.BLUE)
    look.label(survival, "sBG", (9.3, 412), look.ORANGE)
    retention.set(xlim=(0.7, 12.3), ylim=(84, 98), xticks=range(1, 13))
    survival.set(xlim=(4.8, 12.3), ylim=(350, 570), xticks=range(5, 13))
    look.named(retention, "Who stays at each renewal", "renewal", "of those there before, %")
    look.named(survival, "Still there", "renewals", "of 1,000 customers")
    return figure
