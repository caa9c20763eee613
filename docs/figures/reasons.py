"""Reasons: what moved one customer's forecast, and how forecasts go with silence alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv.models.insight import dependence
from clv.models.learners.encoder import Encoder
from clv.models.learners.hurdle import Hurdle
from clv.models.learners.rows import Rows
from clv.models.reasons import Explainer
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clv.core.types import Floats

WEEKS = 39.0
#: Place of the customer on the left among those not learned from.
CUSTOMER = 4_323
#: Days quiet between which customers are counted together on the right.
EDGES = (0, 15, 30, 60, 90, 120, 150, 180, 210, 240, 275)


def draw() -> Figure:
    seen = logs.as_of(logs.cdnow(), logs.CDNOW_CUTOFF, WEEKS)
    known = features(seen)
    learned = np.arange(len(known)) % 2 == 0
    encoder = Encoder.learn(known[learned])
    X = encoder.of(known)
    learner = Hurdle().fit(Rows.of(X[learned], encoder.names, seen.later_spent[learned]))
    explainer = Explainer.learn(encoder, [learner], np.ones(1), X[learned])
    figure, (one, silence) = look.panels(1.6, 1)
    figure.subplots_adjust(left=0.03)
    ladder(one, explainer, X[~learned][[CUSTOMER]])

    some = X[~learned]
    mean = float(learner.predict(some).mean())
    told = dependence(explainer, some, "quiet_days", mean)
    silence.plot(told["values"], told["forecast"], color=look.BLUE, marker=".")
    quiet, spent = known["quiet_days"].to_numpy()[~learned], seen.later_spent[~learned]
    group = np.digitize(quiet, EDGES[1:-1])
    middles = [quiet[group == g].mean() for g in range(len(EDGES) - 1)]
    silence.plot(middles, [spent[group == g].mean() for g in range(len(middles))], **look.OBSERVED)
    look.label(silence, "customers so quiet spent", (52, 105))
    look.label(silence, "forecast of all customers,\nwere they so quiet", (95, 62), look.BLUE)
    silence.set(xlim=(0, 275), ylim=(0, None))
    look.named(silence, "Spend in the 39 weeks after", "days since the last purchase", "$")
    return figure


def features(seen: logs.Customers) -> pd.DataFrame:
    """A few features of the catalogue, from histories in weeks."""
    return pd.DataFrame(
        {
            "quiet_days": 7 * (seen.T - seen.t_x),
            "age_days": 7 * seen.T,
            "purchase_days": seen.x + 1,
            "gap_mean": np.where(seen.x > 0, 7 * seen.t_x / np.maximum(seen.x, 1), np.nan),
            "spend_total": seen.spent * (seen.x + 1),
            "spend_mean": seen.spent,
        }
    )


def ladder(ax: Axes, explainer: Explainer, customer: Floats) -> None:
    """From the mean customer's forecast to this one's, a step an aspect, the largest first."""
    parts = explainer.parts(customer)[0]
    forecast = float(explainer.forecast(customer)[0])
    at = np.log(forecast) - parts.sum()
    start = float(np.exp(at))
    ax.plot([start] * 2, [-0.7, 0], color=look.MUTED, linewidth=1.2)
    look.label(ax, f"a mean customer: ${start:.0f}", (start * 1.02, -0.8), look.MUTED)
    aspects = explainer.aspects
    every = np.arange(len(parts))
    rows = np.zeros(len(parts), dtype=np.int64)
    words = aspects.told(every, aspects.values(customer, rows, every), "$").to_pylist()
    for place, a in enumerate(np.argsort(-np.abs(parts))):
        ends = np.exp([at, at + parts[a]])
        color = look.BLUE if parts[a] > 0 else look.ORANGE
        ax.plot(ends, [place, place], color=color, linewidth=9, solid_capstyle="butt")
        moved = f"{words[a].replace('$ ', '$')}: {100 * np.expm1(parts[a]):+.0f} %"
        look.label(ax, moved, (max(ends) * 1.03, place), color)
        at += parts[a]
    below = len(parts) - 0.4
    ax.plot([forecast] * 2, [len(parts) - 1, below], color=look.INK, linewidth=1.2)
    look.label(ax, f"this customer: ${forecast:.0f}", (forecast * 0.97, below - 0.05), ha="right")
    ax.set(xscale="log", xlim=(14, 265), ylim=(below + 0.2, -1.1), yticks=[])
    ax.set_xticks([15, 30, 60, 120], ["15", "30", "60", "120"])
    ax.minorticks_off()
    ax.grid(visible=False)
    look.named(ax, "One customer's reasons", "forecast, $", "")
