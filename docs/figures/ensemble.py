"""The ensemble beside its members on CDNOW: who ranks customers best, whose totals are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from clv.evaluation import metrics
from docs.figures import look, past

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from clv.core.types import Floats
    from clv.evaluation.backtest import Trial
    from clv.models.ensemble import Ensemble

MEMBERS = {
    "ensemble": ("ensemble", look.PURPLE, 1.46),
    "hurdle": ("hurdle", look.ORANGE, 1.62),
    "paretonbd": ("Pareto/NBD", look.GREEN, 1.31),
    "mbgcnbd": ("MBG/CNBD-k", look.BLUE, 1.22),
    "naive_rate": ("naive: same rate", look.MUTED, 2.42),
}


def draw() -> Figure:
    figure, (ranks, totals) = look.panels(1, 1.15)
    trials = past.trials()
    said = [_said(trial) for trial in trials]
    days = np.arange(len(trials))
    for place, (name, (label, color, end)) in enumerate(reversed(MEMBERS.items())):
        each = [
            metrics.normalised_gini(trial.actual, told[name])
            for trial, told in zip(trials, said, strict=True)
        ]
        ranks.plot(each, [place] * len(each), color=color, marker="o", linewidth=1.0, markersize=3)
        ranks.plot(np.mean(each), place, color=color, marker="D", markersize=7)
        off = [told[name].sum() / t.actual.sum() for t, told in zip(trials, said, strict=True)]
        width = 2.6 if name == "ensemble" else 1.3
        totals.plot(days, off, color=color, marker="o", linewidth=width, markersize=4)
        look.label(totals, label, (days[-1] + 0.13, end), color)
    ranks.set_yticks(range(len(MEMBERS)), [label for label, *_ in reversed(MEMBERS.values())])
    ranks.tick_params(axis="y", length=0)
    ranks.set(xlim=(0.69, 0.8), xticks=[0.7, 0.72, 0.74, 0.76, 0.78, 0.8])
    ranks.grid(axis="x")
    totals.axhline(1.0, color=look.INK, linewidth=0.9)
    totals.set(yscale="log", xlim=(-0.2, 4.5), ylim=(0.7, 2.7), yticks=[0.75, 1, 1.5, 2])
    totals.set_yticklabels(["¾", "1", "1½", "2"])
    totals.minorticks_off()
    totals.set_xticks(days, [past.day(trial) for trial in trials])
    figure.subplots_adjust(left=0.15, right=0.985)
    look.named(ranks, "Ranking: mean and four days", "normalised Gini", "")
    look.named(totals, "Totals", "standing on", "forecast / came")
    return figure


def _said(trial: Trial) -> dict[str, Floats]:
    """What each member said of the customers, and what they made of it together."""
    model = cast("Ensemble", trial.fitted["ensemble"])
    value = model.team_.forecast(trial.history, trial.origin.window).value
    each = dict(zip(model.team_.names, value.T, strict=True))
    return {**each, "ensemble": trial.said["ensemble"].value}
