"""Distributions of customers' spend and of the total on CDNOW, and how true they turned out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.evaluation import honesty
from docs.figures import look, past

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clv.core.types import Floats
    from clv.evaluation.honesty import Judged

MODEL, LEVEL, SEED = "ensemble", 0.9, 0
#: Customers shown have the forecasts nearest to these, in dollars.
SHOWN = {2: (look.GREEN, (3.4, 8.5)), 20: (look.BLUE, (12, 45)), 100: (look.PURPLE, (30, 84))}
CHANCES = np.linspace(0.001, 0.999, 250)
LEVELS = (0.8, 0.9, 0.95, 0.99)
GROUPS = {True: ("one-timers", look.GREEN, (4.2, 6.1)), False: ("repeaters", look.BLUE, (5.6, 3.7))}


def draw() -> Figure:
    judged = honesty.judged(past.trials(), MODEL, SEED)
    figure, (customers, above, totals) = look.panels(1.1, 0.9, 1)
    _customers(customers, judged[-1])
    _above(above, judged)
    _totals(totals)
    figure.subplots_adjust(left=0.065, right=0.99, wspace=0.3)
    return figure


def _customers(ax: Axes, judged: Judged) -> None:
    forecast = _forecast(judged)
    quantiles = np.column_stack([judged.spread.quantile(1.0 - more) for more in CHANCES])
    upper = judged.spread.interval(LEVEL)[1]
    for dollars, (color, where) in SHOWN.items():
        row = int(np.argmin(np.abs(forecast - dollars)))
        some = quantiles[row] > 0
        # Whoever buys anything spends more than a dollar.
        spend = np.r_[quantiles[row][some], 1.0]
        ax.plot(spend, 100 * np.r_[CHANCES[some], judged.spread.chance[row]], color=color)
        if upper[row] > 0:
            ax.plot(upper[row], 100 * (1.0 - LEVEL) / 2.0, color=color, marker="o")
        look.label(ax, f"${dollars} forecast", where, color)
    ax.axhline(100 * (1.0 - LEVEL) / 2.0, color=look.MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    ax.set(xscale="log", xlim=(3, 800), ylim=(0, 100), xticks=[5, 20, 100, 500])
    ax.set_xticklabels(["5", "20", "100", "500"])
    ax.minorticks_off()
    look.named(ax, "Three customers", "$ in 90 days", "chance to spend more, %")


def _above(ax: Axes, judged: list[Judged]) -> None:
    promised = [50 * (1.0 - level) for level in LEVELS]
    ax.plot([0, 11], [0, 11], color=look.INK, linewidth=0.8)
    for once, (name, color, where) in GROUPS.items():
        reached = []
        for level in LEVELS:
            over = [
                (found.trial.actual > found.spread.around(_forecast(found), level)[1])[
                    found.trial.onetimer() == once
                ]
                for found in judged
            ]
            reached.append(100 * np.concatenate(over).mean())
        ax.plot(promised, reached, color=color, marker="o")
        look.label(ax, name, where, color, ha="right" if once else "left")
    ax.set(xlim=(0, 11), ylim=(0, 11), xticks=[0.5, 2.5, 5, 10], yticks=[0, 2.5, 5, 10])
    ax.set_xticklabels(["½", "2½", "5", "10"])
    ax.set_yticklabels(["0", "2½", "5", "10"])
    look.named(ax, "Above the upper end", "promised at most, %", "reached, %")


def _forecast(judged: Judged) -> Floats:
    return judged.trial.said[MODEL].value


def _totals(ax: Axes) -> None:
    for place, told in enumerate(honesty.totals(past.trials(), MODEL, LEVEL)):
        ends = [told["lower"] / 1000, told["upper"] / 1000]
        ax.plot([place] * 2, ends, color=look.PURPLE, linewidth=7, alpha=0.3)
        ax.plot(place, told["forecast"] / 1000, color=look.PURPLE, marker="_", markersize=13)
        ax.plot(place, told["actual"] / 1000, **look.UNSEEN)
    ax.set_xticks(range(past.ORIGINS), [past.day(trial) for trial in past.trials()])
    ax.set(xlim=(-0.5, past.ORIGINS - 0.5), ylim=(0, 64))
    look.label(ax, "forecast, 90 %", (1.25, 52), look.PURPLE)
    look.label(ax, "came", (3.0, 13), ha="center")
    look.named(ax, "All customers together", "standing on", "thousand $ in 90 days")
