"""Profiles beside whole histories on CDNOW: the same forecasts, and nearly the same ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.evaluation import metrics
from clv.ops.profilescoring import of_profiles
from docs.figures import look, past

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Customers shown, every so-manieth by size: as many as a figure can hold.
EVERY = 8


def draw() -> Figure:
    figure, (each, ranks) = look.panels(1, 1.15)
    trials = past.trials()
    told = [of_profiles(trial, "ensemble") for trial in trials]
    last = trials[-1].said["ensemble"].value
    some = np.argsort(last, kind="stable")[::EVERY]
    each.plot(
        last[some],
        told[-1].value[some],
        color=look.PURPLE,
        marker="o",
        linestyle="none",
        markersize=2.5,
        alpha=0.6,
    )
    ends = np.array([0.4, 300.0])
    each.plot(ends, ends, color=look.INK, linewidth=0.9)
    each.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    ticks = [1, 10, 100]
    each.set_xticks(ticks, list(map(str, ticks)))
    each.set_yticks(ticks, list(map(str, ticks)))
    each.minorticks_off()
    days = np.arange(len(trials))
    lines = (
        ("whole history", look.PURPLE, 2.6, 0.002, [t.said["ensemble"].value for t in trials]),
        ("profile", look.ORANGE, 1.8, -0.003, [day.value for day in told]),
        ("naive: same rate", look.MUTED, 1.3, 0.0, [t.said["naive_rate"].value for t in trials]),
    )
    for name, color, width, aside, said in lines:
        gini = [
            metrics.normalised_gini(trial.actual, value)
            for trial, value in zip(trials, said, strict=True)
        ]
        ranks.plot(days, gini, color=color, marker="o", linewidth=width, markersize=4)
        look.label(ranks, name, (days[-1] + 0.13, gini[-1] + aside), color)
    ranks.set(xlim=(-0.2, 4.7))
    ranks.set_xticks(days, [past.day(trial) for trial in trials])
    look.named(each, "Forecasts of 90 days", "whole history, $", "profile, $")
    look.named(ranks, "Ranking", "standing on", "normalised Gini")
    return figure
