"""One-timers: when they return, by what they first spent and how long they have stayed away."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv.core.types import AsOf
from clv.models.base import History
from clv.models.firstreturn import FirstReturn
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WEEKS = np.linspace(0, 65, 66)
WAITED, AHEAD = np.linspace(0, 52, 53), 13.0
THIRDS = {
    2: (look.BLUE, "dearest third of\nfirst purchases", (12.5, 52)),
    0: (look.ORANGE, "cheapest third", (19, 23.5)),
}


def draw() -> Figure:
    history = cdnow_history()
    model = FirstReturn().fit(history)
    risk, curve = model.risk(history), model.curve_
    wait = logs.first_wait()
    first = history.frame["first_value"].to_numpy()
    third = np.digitize(first, np.quantile(first, (1 / 3, 2 / 3)))
    figure, (returned, ahead) = look.panels(1, 1)

    hazard = curve.at(7 * WEEKS)
    for place, (color, name, where) in THIRDS.items():
        of = third == place
        expected = 1 - np.exp(-risk[of, None] * hazard)
        returned.plot(WEEKS, 100 * expected.mean(axis=0), color=color)
        came = (wait[of, None] <= WEEKS[::4]).mean(axis=0)
        small = {**look.OBSERVED, "color": color, "markersize": 3.5}
        returned.plot(WEEKS[::4], 100 * came, **small)
        look.label(returned, name, where, color)
    support = curve.support / 7
    returned.axvline(support, color=look.MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    look.label(returned, "learned from", (support - 1, 2.5), look.MUTED, ha="right")
    look.label(returned, "Weibull tail", (support + 1, 2.5), look.MUTED)
    look.label(returned, "dots: came\nlines: expected", (46, 15))
    returned.set(xlim=(0, 65), ylim=(0, 61), xticks=range(0, 66, 13))
    look.named(returned, "Came back", "weeks since the first purchase", "customers, %")

    now, then = (curve.at(7 * (WAITED + more)) for more in (0.0, AHEAD))
    alone = np.exp(-risk[:, None] * now)
    chance = 1 - np.exp(-risk[:, None] * then).sum(axis=0) / alone.sum(axis=0)
    ahead.plot(WAITED, 100 * chance, color=look.GREEN)
    came = 100 * logs.share_returned(WAITED, AHEAD)
    ahead.plot(WAITED, came, color=look.INK, linestyle=(0, (1, 1.2)))
    ahead.axhline(100 * chance[0], color=look.MUTED, linestyle=(0, (4, 3)), linewidth=1.1)
    look.label(
        ahead, f"of new customers: {100 * chance[0]:.0f} %", (52, 27.9), look.MUTED, ha="right"
    )
    look.label(ahead, "given no return so far", (25.5, 9.6), look.GREEN)
    look.label(ahead, "came", (44, 3.6))
    ahead.set(xlim=(0, 52), ylim=(0, 31), xticks=range(0, 53, 13))
    look.named(
        ahead, "Back in the next 13 weeks?", "weeks since the only purchase", "one-time buyers, %"
    )
    return figure


def cdnow_history() -> History:
    """CDNOW's customers as the model reads them, in days."""
    seen = logs.as_of(logs.cdnow(), logs.CDNOW_CUTOFF, 39)
    wait = 7 * logs.first_wait()
    frame = pd.DataFrame({"x": seen.x, "t_x": 7 * seen.t_x, "T": 7 * seen.T}).round()
    frame["first_value"] = seen.first_spent
    frame["first_gap"] = np.where(seen.x > 0, wait, np.nan)
    frame["channel_group"] = "none"
    day = dt.date.fromisoformat(logs.CDNOW_CUTOFF)
    return History(frame, AsOf(day), dt.date(1997, 1, 1), 90)
