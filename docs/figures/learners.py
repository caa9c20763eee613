"""Learners on CDNOW: what silence says by two of them, and how far forecasts are right."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv.models.learners import registry
from clv.models.learners.rows import Rows
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from clv.models.learners.base import Learner

NAMES = ("days quiet", "purchases", "mean spend", "first spend", "days known")
WINDOW = 13
DAYS_PER_WEEK = 7.0
#: Learned from customers as of the first day, tried on them as of the second.
BEFORE, AFTER = "1997-06-30", logs.CDNOW_CUTOFF
FORECASTERS = {"glm": look.ORANGE, "gradient_boosting": look.BLUE}
LABELS = {"glm": "Tweedie GLM", "gradient_boosting": "gradient boosting"}


def rows(end: str) -> Rows:
    """What was known of customers on a day, and what they spent in the 13 weeks after."""
    seen = logs.as_of(logs.cdnow(), end, WINDOW)
    quiet, known = DAYS_PER_WEEK * (seen.T - seen.t_x), DAYS_PER_WEEK * seen.T
    X = np.column_stack([quiet, seen.x + 1.0, seen.spent, seen.first_spent, known])
    return Rows.of(X, NAMES, seen.later_spent, seen.later > 0)


@cache
def fitted(name: str) -> Learner:
    return registry.make(name).fit(rows(BEFORE))


def draw() -> Figure:
    later = rows(AFTER)
    figure, (effects, deciles) = look.panels(1, 1)
    for name, color in FORECASTERS.items():
        learner = fitted(name)
        week = later.X[:, 0] // DAYS_PER_WEEK
        told = pd.Series(learner.contributions(later.X)[:, 0]).groupby(week).mean()
        effects.plot(DAYS_PER_WEEK * told.index + 3.5, np.exp(told), color=color)
        forecast = learner.predict(later.X)
        tenth = pd.Series(forecast).rank(method="first").mul(10 / len(forecast)).apply(np.ceil)
        expected = pd.Series(forecast).groupby(tenth).mean()
        deciles.plot(expected.index, expected, color=color)
        if name == "gradient_boosting":
            spent = pd.Series(later.y).groupby(tenth).mean()
            deciles.plot(spent.index, spent, **look.UNSEEN)
    look.label(effects, LABELS["glm"], (60, 1.55), look.ORANGE)
    look.label(effects, LABELS["gradient_boosting"], (12, 0.62), look.BLUE)
    look.label(deciles, "both forecasts", (9.5, 62), look.BLUE, ha="right")
    look.label(deciles, "spent", (10.25, 65), look.INK)
    effects.set(xlim=(0, 280), yscale="log", yticks=[0.25, 0.5, 1, 2, 4])
    effects.set_yticklabels(["¼", "½", "1", "2", "4"])
    effects.minorticks_off()
    deciles.set(xlim=(0.5, 11.6), xticks=range(1, 11), ylim=(0, None))
    look.named(effects, "What silence does to a forecast", "days since the last purchase", "times")
    look.named(
        deciles, "Spend in the 13 weeks after", "tenth of customers by forecast", "a customer, $"
    )
    return figure
