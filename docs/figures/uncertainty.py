"""What an interval of the total holds: chance, uncertain parameters, and not a wrong model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.numerics import bgnbd, histories, mbgnbd, paretonbd
from clv.numerics.draws import draw_params, interval, total_draws
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WEEKS, DRAWS, LEVEL = 39.0, 400, 0.95
MODELS = {
    "MBG/NBD": (mbgnbd, look.ORANGE),
    "BG/NBD": (bgnbd, look.BLUE),
    "Pareto/NBD": (paretonbd, look.GREEN),
}

THICK, THIN = 7.0, 2.5
NAMES = {THICK: "chance alone", THIN: "with uncertain parameters"}


def draw() -> Figure:
    seen = logs.as_of(logs.cdnow(), logs.CDNOW_CUTOFF, WEEKS)
    each = histories.tally(seen.x, seen.t_x, seen.T)
    figure, (ax,) = look.panels(1, size=(8.0, 2.9))
    for place, (model, color) in enumerate(MODELS.values()):
        found = model.fit(*each)
        drawn = draw_params(found.params, found.covariance, DRAWS, np.random.default_rng(2))
        for params, width, height in (([found.params] * DRAWS, THICK, 0.13), (drawn, THIN, -0.13)):
            rng = np.random.default_rng(3)
            ends = interval(total_draws(params, found.params, WEEKS, *each, rng), LEVEL)
            ax.plot(ends, [place + height] * 2, color=color, linewidth=width, solid_capstyle="butt")
            if place == 2:
                look.label(ax, NAMES[width], (ends.upper + 60, place + height), color)
    made = seen.later.sum()
    ax.axvline(made, color=look.INK)
    look.label(ax, f"made: {made:,.0f}", (made - 60, 0), ha="right")
    ax.set(xlim=(15_000, 20_000), ylim=(-0.5, 2.5))
    ax.set_yticks(range(3), list(MODELS))
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(visible=False)
    figure.subplots_adjust(left=0.12, right=0.955, bottom=0.18)
    title = "Purchases of all customers in the 39 weeks after: 95 % intervals"
    look.named(ax, title, "purchases", "")
    return figure
