"""RFM segments: who they are, and what they spent in the weeks after they were named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv.segments.rfm import SEGMENT_FLOORS, RFMScorer, segment
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    seen = logs.as_of(logs.cdnow(), logs.CDNOW_CUTOFF, 39)
    measures = 7 * (seen.T - seen.t_x), seen.x + 1, seen.spent * (seen.x + 1)
    name = segment(RFMScorer().fit(*measures).score(*measures).total)
    places = np.arange(len(SEGMENT_FLOORS))
    is_in = [name == one for one in SEGMENT_FLOORS]
    size = np.array([one.sum() for one in is_in])
    after = np.array([seen.later_spent[one].sum() for one in is_in])

    figure, (shares, each) = look.panels(1.25, 1)
    figure.subplots_adjust(left=0.165)
    shares.barh(places + 0.19, 100 * size / size.sum(), 0.36, color=look.MUTED)
    shares.barh(places - 0.19, 100 * after / after.sum(), 0.36, color=look.BLUE)
    each.barh(places, after / size, 0.5, color=look.BLUE)
    for place, dollars in zip(places, after / size, strict=True):
        look.label(each, f"${dollars:.0f}", (dollars + 2, place))
    top = len(places) - 1
    for values, of, height, color in (
        (size, "customers", 0.19, look.MUTED), (after, "spend", -0.19, look.BLUE)
    ):  # fmt: skip
        for place, share in zip(places, 100 * values / values.sum(), strict=True):
            whose = f" of the {of}" if place == top else ""
            look.label(shares, f"{share:.0f} %{whose}", (share + 1, place + height), color)
    shares.set_yticks(places, list(SEGMENT_FLOORS))
    each.set_yticks(places, [""] * len(places))
    for ax in (shares, each):
        ax.grid(visible=False)
        ax.tick_params(axis="y", length=0)
    shares.set(xlim=(0, 98), xticks=range(0, 81, 20))
    each.set(xlim=(0, 130))
    look.named(shares, "Share of customers, and of spend after", "%", "")
    look.named(each, "Spend in the 39 weeks after", "a customer, $", "")
    return figure
