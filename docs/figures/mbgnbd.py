"""MBG/NBD: what becomes of one-time buyers, beside the BG/NBD's view of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.numerics import bgnbd, mbgnbd, outlook
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AHEAD = 13.0
#: Weeks after the first purchase: every customer of the log is followed for 65.
ALIVE, WAITED = np.linspace(0, 78, 79), np.linspace(0, 52, 53)
MODELS = {
    "BG/NBD: 1 for ever": (bgnbd, look.BLUE, (25, 0.955), (24, 11.3)),
    "MBG/NBD": (mbgnbd, look.ORANGE, (25, 0.44), (30, 4.0)),
}


def draw() -> Figure:
    seen = logs.as_of(logs.cdnow(), logs.CDNOW_CUTOFF, 39)
    figure, (alive, again) = look.panels(1, 1)
    for name, (model, color, of_alive, of_again) in MODELS.items():
        p = logs.fitted(model, seen)
        alive.plot(ALIVE, outlook.p_alive(p, 0 * ALIVE, 0 * ALIVE, ALIVE), color=color)
        chance = outlook.p_purchase(p, AHEAD, 0 * WAITED, 0 * WAITED, WAITED)
        again.plot(WAITED, 100 * chance, color=color)
        look.label(alive, name, of_alive, color)
        look.label(again, name.split(":")[0], of_again, color)
    alive.set(xlim=(0, 78), ylim=(0, 1.05), xticks=range(0, 79, 13))
    look.named(alive, "One-time buyers: active?", "weeks since the only purchase", "P(alive)")

    came = 100 * logs.share_returned(WAITED, AHEAD)
    again.plot(WAITED, came, color=look.INK, linestyle=(0, (1, 1.2)))
    look.label(again, "came", (9.3, 10.9), ha="right")
    again.set(xlim=(0, 52), ylim=(0, 31), xticks=range(0, 53, 13))
    look.named(
        again,
        "Back in the next 13 weeks?",
        "weeks since the only purchase",
        "one-time buyers, %",
    )
    return figure
