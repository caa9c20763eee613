"""Zero-inflated lognormal: how well it describes what CDNOW's customers went on to spend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    seen = logs.as_of(logs.cdnow(), logs.CDNOW_CUTOFF, 39)
    spent = seen.later_spent
    some = np.log(spent[spent > 0])
    mean, deviation = some.mean(), some.std()
    figure, (shape, sizes) = look.panels(1.15, 1)
    edges = np.log(10.0) * np.linspace(0.3, 3.7, 35)
    shares, _ = np.histogram(some, bins=edges, density=True)
    shape.stairs(shares, edges / np.log(10.0), fill=True, color=look.FAINT)
    at = np.linspace(edges[0], edges[-1], 200)
    shape.plot(at / np.log(10.0), norm.pdf(at, mean, deviation), color=look.BLUE)
    look.label(shape, f"nothing: {np.mean(spent == 0):.0%}\nof customers", (0.45, 0.38))
    look.label(shape, "lognormal", (2.6, 0.2), look.BLUE)
    shape.set(xlim=(0.3, 3.7), xticks=[1, 2, 3], yticks=[])
    shape.set_xticklabels(["10", "100", "1000"])

    repeats = np.minimum(seen.x, 6)
    chance = [np.mean(spent[repeats == k] > 0) for k in range(7)]
    told = [_expected(spent[repeats == k]) for k in range(7)]
    truly = [spent[repeats == k].mean() for k in range(7)]
    sizes.plot(range(7), told, color=look.BLUE)
    sizes.plot(range(7), truly, **look.OBSERVED)
    for k in (0, 3, 6):
        look.label(sizes, f"p = {chance[k]:.0%}", (k + 0.15, truly[k] - 9), look.MUTED, va="top")
    look.label(sizes, r"$p\,e^{\mu+\sigma^2/2}$", (5.35, 205), look.BLUE, ha="right")
    look.label(sizes, "mean spent", (4.75, 146), look.INK, ha="right")
    sizes.set(xlim=(-0.5, 7.4), xticks=range(7), ylim=(-30, None))
    sizes.set_xticklabels([*map(str, range(6)), "6+"])
    look.named(shape, "Spend of those who bought again", "$ in 39 weeks", "")
    look.named(sizes, "Its mean, by purchases before", "repeat purchase days", "a customer, $")
    return figure


def _expected(spent: np.ndarray) -> float:
    """The mean that a zero-inflated lognormal fitted to these has."""
    logs_of_some = np.log(spent[spent > 0])
    return float(np.mean(spent > 0) * np.exp(logs_of_some.mean() + logs_of_some.var() / 2.0))
