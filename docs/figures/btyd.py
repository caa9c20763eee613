"""Picking a purchase model: which of them finds the latest purchases likelier than MBG/NBD does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import clv
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOPS = {
    "music, CDNOW": "cdnow",
    "groceries": logs.SHARED / "grocery_elog" / "transactions.parquet",
    "gifts, wholesale": logs.SHARED / "online_retail" / "orders.parquet",
}
MODELS = {
    "paretonbd": "Pareto/NBD", "bgnbd": "BG/NBD", "mbgcnbd": "MBG/CNBD-k", "bgcnbd": "BG/CNBD-k",
    "nbd": "NBD",
}  # fmt: skip
#: Standard errors beyond which the axis is cut.
FARTHEST = 8.0


def draw() -> Figure:
    figure, axes = look.panels(1, 1, 1)
    for ax, (shop, log) in zip(axes, SHOPS.items(), strict=True):
        found = clv.fit("btyd", log)
        ahead = [found["held"][name]["ahead"] for name in MODELS]
        for row, each in enumerate(ahead):
            shown = max(-FARTHEST, min(FARTHEST, each))
            color = look.GREEN if each > 2 else look.ORANGE if each < -2 else look.MUTED
            ax.plot([0, shown], [row, row], color=color)
            ax.plot(shown, row, color=color, marker="o" if shown == each else "<")
        ax.axvspan(-2, 2, color=look.FAINT, alpha=0.5, linewidth=0)
        ax.axvline(0, color=look.INK, linewidth=0.8)
        ax.set(xlim=(-FARTHEST - 0.6, FARTHEST), ylim=(len(MODELS) - 0.5, -0.5))
        ax.set_yticks(range(len(MODELS)), MODELS.values() if ax is axes[0] else [""] * len(MODELS))
        ax.grid(axis="y", visible=False)
        look.named(ax, f"{shop}: {found['reason'].split(':')[0]}", "standard errors ahead", "")
    figure.subplots_adjust(left=0.12, wspace=0.08)
    return figure
