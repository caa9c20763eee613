"""BG/BB: gifts of the next five years by how many were given and when the last one was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from clv.numerics import bgbb, histories
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clv.core.types import Floats, Ints

LEARNED, AHEAD = range(1996, 2002), range(2002, 2007)
SHADES = LinearSegmentedColormap.from_list("gifts", ["#f3f7fb", "#7fb5d8", look.BLUE, "#00395a"])


def draw() -> Figure:
    gave = logs.donations()
    seen = gave[[f"y{year}" for year in LEARNED]].to_numpy(float)
    later = gave[[f"y{year}" for year in AHEAD]].to_numpy(float).sum(axis=1)
    last = (seen * np.arange(1, 7)).max(axis=1)
    each = histories.group(seen.sum(axis=1), last, np.full(len(gave), 6.0))
    p = bgbb.fit(*each[:4]).params
    expected = bgbb.expected_purchases(p, 5.0, each.x, each.t_x, each.T)
    given = np.bincount(each.inverse, later) / each.n

    figure, axes = look.panels(1, 1)
    for ax, verb, value in zip(axes, ("expected", "given"), (expected, given), strict=True):
        _cells(ax, each.x.astype(int), each.t_x.astype(int), value)
        look.label(ax, f"mean a donor;\n{each.n @ value:,.0f} in all", (-0.4, 5.9))
        look.named(ax, f"Gifts {verb}, 2002-2006", "year of the last gift", "gifts 1996-2001")
    return figure


def _cells(ax: Axes, x: Ints, t_x: Ints, value: Floats) -> None:
    table = np.full((7, 7), np.nan)
    table[x, t_x] = value
    ax.pcolormesh(
        np.arange(-0.5, 7), np.arange(-0.5, 7), table, cmap=SHADES, vmin=0, vmax=4.2,
        edgecolors="white", linewidth=1.5,
    )  # fmt: skip
    for row, column, mean in zip(x, t_x, value, strict=True):
        color = "white" if mean > 1.7 else look.INK
        look.label(ax, f"{mean:.2f}", (column, row), color, ha="center")
    ax.set_xticks(range(7), ["1995", *map(str, LEARNED)])
    ax.set_yticks(range(7))
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
