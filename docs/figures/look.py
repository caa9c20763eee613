"""How every figure looks: black is what happened, a colour is what a model says."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe & Ito's colours, told apart with any colour vision and in grey.
INK, MUTED, FAINT = "#1b1f24", "#6a737d", "#d5d9de"
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#d55e00", "#007d5c", "#a2528a"
#: Inches of a figure with one row of panels.
SIZE = (8.0, 3.7)

STYLE: dict[str, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "lines.solid_capstyle": "round",
    # text stays text; names are fixed and no vertex is dropped, for the same file everywhere
    "svg.fonttype": "none",
    "svg.hashsalt": "clv",
    "path.simplify": False,
}
OBSERVED: dict[str, Any] = {
    "color": INK, "linestyle": "none", "marker": "o", "markeredgewidth": 1.2, "zorder": 4,
}  # fmt: skip
#: Observed, but after the days a model learned from.
UNSEEN: dict[str, Any] = {**OBSERVED, "markerfacecolor": "white"}


def panels(*widths: float, size: tuple[float, float] = SIZE) -> tuple[Figure, list[Axes]]:
    """A figure with a row of panels of these relative widths."""
    figure, axes = plt.subplots(1, len(widths), figsize=size, width_ratios=widths, squeeze=False)
    for ax in axes[0]:
        ax.grid(axis="y")
        ax.tick_params(length=3)
    # room for titles and labels is the same whatever the font measures
    figure.subplots_adjust(left=0.075, right=0.98, top=0.885, bottom=0.14, wspace=0.26)
    return figure, list(axes[0])


def named(ax: Axes, title: str, x: str, y: str) -> None:
    """Give a panel its title and the titles of its axes, units included."""
    ax.set_title(title)
    ax.set_xlabel(x)
    ax.set_ylabel(y)


def label(ax: Axes, text: str, at: tuple[float, float], color: str = INK, **how: Any) -> None:
    """Write beside a line what it is, in its colour."""
    shown = {"fontsize": 8.5, "ha": "left", "va": "center", "linespacing": 1.25, **how}
    ax.text(*at, text, color=color, **shown)


def svg(draw: Callable[[], Figure]) -> str:
    """A figure as SVG, the same text each time it is drawn from the same data."""
    written = io.StringIO()
    with mpl.rc_context(STYLE):
        figure = draw()
        figure.savefig(written, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format")))
    plt.close(figure)
    lean = re.sub(r"<metadata>.*?</metadata>", "", written.getvalue(), flags=re.DOTALL)
    lean = re.sub(r"(\.\d{3})\d+", r"\1", lean)
    # Verdana, where DejaVu is not, is as wide
    lean = lean.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    return re.sub(r"\s*\n\s*", "\n", lean)
