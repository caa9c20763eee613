"""Four past days of CDNOW: where they lie, and how far each model's forecasts were off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from docs.figures import logs, look, past

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MODELS = {
    "naive_rate": ("naive: same rate", look.MUTED, 4.1),
    "paretonbd": ("Pareto/NBD", look.GREEN, 3.6),
    "mbgnbd": ("MBG/NBD", look.BLUE, 3.5),
    "ensemble": ("ensemble", look.PURPLE, 3.4),
}
QUARTERS = ("1997-01-01", "1997-07-01", "1998-01-01", "1998-07-01")
#: Thousand dollars between the lines of two past days.
STEP = 16


def draw() -> Figure:
    figure, (where, scores) = look.panels(1.2, 1)
    _windows(where)
    at = np.arange(1, past.ORIGINS + 1)
    for name, (label, color, height) in MODELS.items():
        each = [trial.figures(name)["deviance"] for trial in past.trials()]
        width = 2.6 if name == "ensemble" else 1.3
        scores.plot(at, each, color=color, marker="o", markersize=4, linewidth=width)
        scores.plot(past.ORIGINS + 1, np.mean(each), color=color, marker="D", markersize=6)
        look.label(scores, label, (past.ORIGINS + 1.2, height), color)
    scores.set(xlim=(0.8, 7.2), xticks=range(1, past.ORIGINS + 2))
    scores.set_xticklabels([*map(str, at), "mean"])
    look.named(scores, "How far forecasts were off", "past day", "Tweedie deviance")
    return figure


def _windows(ax: Axes) -> None:
    days = logs.cdnow().set_index("date")["amount"]
    weekly = days.resample("W").sum() / 1000
    ax.stairs(
        weekly,
        [*weekly.index - pd.Timedelta(days=7), weekly.index[-1]],
        fill=True,
        color=look.FAINT,
    )
    for number, trial in enumerate(past.trials(), start=1):
        height = weekly.max() + STEP * (past.ORIGINS + 1 - number)
        start, cutoff, end = (
            pd.Timestamp(day)
            for day in (past.book().first_day, trial.origin.cutoff.day, trial.origin.end.day)
        )
        ax.plot([start, cutoff], [height] * 2, color=look.BLUE)
        ax.plot([cutoff, end], [height] * 2, color=look.ORANGE, linewidth=5, solid_capstyle="butt")
        look.label(ax, str(number), (end + pd.Timedelta(days=8), height))
    look.label(ax, "known", (pd.Timestamp("1997-01-05"), weekly.max() + STEP * 4.7), look.BLUE)
    look.label(ax, "asked", (pd.Timestamp("1997-11-20"), weekly.max() + STEP * 4.7), look.ORANGE)
    quarters = [pd.Timestamp(day) for day in QUARTERS]
    ax.set_xticks(quarters, [f"{day:%b %Y}" for day in quarters])
    ax.set_yticks(range(0, 101, 20))
    look.named(ax, "Four past days", "", "spend of all customers, thousand $ a week")
