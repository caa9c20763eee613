"""Covariates: who is known to buy more is forecast to, from the first day on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clv.numerics import covariates, outlook, paretonbd
from clv.numerics.covariates import Covariates
from docs.figures import logs, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CUTOFF, WEEKS, AHEAD = "2006-12-31", 104, 104
GROUPS = {
    "men, online": (0, 0), "women, online": (1, 0), "men, offline": (0, 1),
    "women, offline": (1, 1),
}  # fmt: skip
#: Labels of lines that end side by side.
APART = {"women, online": 0.14, "men, offline": -0.14}
COLORS = (look.BLUE, look.ORANGE, look.GREEN, look.PURPLE)


def draw() -> Figure:
    days, known = logs.apparel()
    seen = logs.as_of(days, CUTOFF, AHEAD)
    z = known.loc[sorted(days["customer_id"].unique())]
    rows = seen.x, seen.t_x, seen.T
    everybody = Covariates.of({"gender": z["gender"], "channel": z["channel"]})
    n = np.ones_like(seen.x)
    found = covariates.fit(paretonbd, paretonbd.ParetoNBDParams, (*rows, n), everybody)

    figure, (past, ahead) = look.panels(1, 1)
    weeks = np.arange(0, WEEKS + 1, 4.0)
    for (name, values), color in zip(GROUPS.items(), COLORS, strict=True):
        of = in_group(z, values).to_numpy()
        one = Covariates.of({"gender": [values[0]], "channel": [values[1]]})
        p = covariates.of_customers(found.params, found.effects, one, paretonbd.ACTS)
        expected = np.array([outlook.expected_purchases_new(p, t)[0] for t in weeks])
        past.plot(weeks, expected, color=color)
        past.plot(
            weeks[2::4],
            made(days, z.index[of], weeks[2::4]),
            **{
                **look.OBSERVED,
                "color": color,
                "markersize": 3.5,
            },
        )
        look.label(past, name, (WEEKS + 1, expected[-1] + APART.get(name, 0.0)), color)
    past.set(xlim=(0, 140), ylim=(0, 5), xticks=range(0, 105, 26))
    look.named(
        past,
        "Learned from: two years",
        "weeks since the first purchase",
        "repeat purchases a customer",
    )

    each = covariates.of_customers(found.params, found.effects, everybody, paretonbd.ACTS)
    without = paretonbd.fit(*rows, n).params
    told = {"with": each, "without covariates": without}
    places = {"with": (2.72, 2.2), "without covariates": (3.0, 1.88)}
    for (what, p), color in zip(told.items(), (look.BLUE, look.MUTED), strict=True):
        expected = outlook.expected_purchases(p, float(AHEAD), *rows)
        ahead.plot(
            range(4), by_group(expected, z), color=color, marker="_", markersize=22,
            markeredgewidth=2, linestyle="none",
        )  # fmt: skip
        ha = "right" if what == "with" else "center"
        look.label(ahead, what, places[what], color, ha=ha)
    ahead.plot(range(4), by_group(seen.later, z), **look.UNSEEN)
    look.label(ahead, "made", (3.12, by_group(seen.later, z)[3]))
    ahead.set(xlim=(-0.5, 3.6), ylim=(0, 3))
    ahead.set_xticks(range(4), [name.replace(", ", "\n") for name in GROUPS])
    look.named(ahead, "The two years after", "", "purchases a customer")
    return figure


def in_group(z: pd.DataFrame, values: tuple[int, int]) -> pd.Series:
    return (z["gender"] == values[0]) & (z["channel"] == values[1])


def by_group(each: Any, z: pd.DataFrame) -> list[float]:
    return [float(np.mean(each[in_group(z, values).to_numpy()])) for values in GROUPS.values()]


def made(days: pd.DataFrame, customers: pd.Index, weeks: Any) -> list[float]:
    """Repeat purchases a customer by so many weeks after the first."""
    own = days[days["customer_id"].isin(customers)]
    since = (own["date"] - own.groupby("customer_id")["date"].transform("min")).dt.days / 7.0
    return [float(((since > 0) & (since <= week)).sum() / len(customers)) for week in weeks]
