"""Everybody the same: what is forecast where nothing tells customers apart."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.special import expit

from clv.core.errors import ClvError
from clv.core.types import DAYS_PER_YEAR, Floats, Horizon, Json
from clv.models import fitted
from clv.models.chance import log_odds
from clv.models.companion import AT_PAR, column, companion
from clv.models.signal import NO_SIGNAL

if TYPE_CHECKING:
    from pathlib import Path

    from clv.core.types import Money
    from clv.features.book import History
    from clv.models.base import Model

#: Days ahead at which a population's spend is told; in between it is a straight line.
AHEAD = (1, 7, 14, 30, 61, 91, 182, 365, 730, 1_461, 3_652, 7_305, 36_525)
#: Customers that are asked how spend goes on.
MOST_ASKED = 5_000


@dataclass(frozen=True)
class Course:
    """What one customer like any other is expected to do, by days ahead.

    Attributes
    ----------
    days : (k,) ahead, rising from 0
    value, purchases, chance : (k,) spend and purchases expected until then, and the chance of any
    """

    days: Floats
    value: Floats
    purchases: Floats
    chance: Floats

    @classmethod
    def of(cls, history: History, window: Horizon, value: float, chance: float) -> Self:
        """From a mean over one window, going on as a purchase model expects of these customers.

        Parameters
        ----------
        value, chance : mean spend expected over the window, and mean chance of a purchase

        Raises
        ------
        FitError : nobody bought again, or nobody spent anything
        """
        model, some = companion(history), history
        if len(history) > MOST_ASKED:
            draw = np.random.default_rng(0)
            some = history.of_rows(np.sort(draw.choice(len(history), MOST_ASKED, replace=False)))
        days = sorted({*AHEAD, window.n_days})
        told = [model.predict(some, Horizon(d)) for d in days]
        spend, bought, likely = (
            np.array([float(column(each, name).mean()) for each in told])
            for name in ("clv", "expected_purchases", "p_purchase")
        )
        at = days.index(window.n_days)
        growth = spend / spend[at] if spend[at] > 0 else np.array(days) / window.n_days
        an_order = spend[at] / bought[at] if spend[at] > 0 else 1.0
        odds = log_odds(likely) + float(log_odds(np.array(chance)) - log_odds(likely[at]))
        return cls(
            np.array([0.0, *days]),
            np.append(0.0, value * growth),
            np.append(0.0, value * growth / an_order),
            np.append(0.0, expit(odds)),
        )

    def told(
        self, history: History, horizon: Horizon, money: Money = AT_PAR, times: float = 1.0
    ) -> pd.DataFrame:
        """One row per row of history.frame, in its order: the table `PREDICTION`.

        Parameters
        ----------
        times : what the season makes of it
        """
        ahead = float(horizon.n_days)
        ends = np.append(self.days[self.days < ahead], ahead)
        spend = np.diff(np.interp(ends, self.days, self.value)) * times
        force = float(np.log1p(money.annual_discount_rate)) / DAYS_PER_YEAR
        clv = money.margin * float(spend @ _worth(ends, force))
        purchases = float(np.interp(ahead, self.days, self.purchases)) * times
        chance = 1.0 - (1.0 - float(np.interp(ahead, self.days, self.chance))) ** times
        figures = {
            "clv": clv,
            "expected_purchases": purchases,
            "expected_order_value": float(spend.sum()) / purchases if purchases > 0 else 0.0,
            "p_alive": np.nan,
            "p_purchase": min(chance, -float(np.expm1(-purchases))),
            **dict.fromkeys(("p_spend", "next_days", "next_days_earliest"), np.nan),
            "next_days_latest": np.nan,
        }
        ids = {"customer_id": history.frame["customer_id"].to_numpy()}
        return pd.DataFrame(ids | figures, index=history.frame.index)

    def to_json(self) -> Json:
        return {name: values.tolist() for name, values in asdict(self).items()}

    @classmethod
    def from_json(cls, content: Json) -> Self:
        return cls(**{name: np.array(values, dtype=np.float64) for name, values in content.items()})


class Even:
    """Every customer the same: the mean of what another model says, and nothing of who is who.

    Parameters
    ----------
    model : whose mean it is; unless given, the purchase model that is always there

    Attributes
    ----------
    course_ : what is said of everybody
    notes_ : those of the other model, and why customers are not told apart
    """

    name = "even"
    #: Nobody is told from anybody.
    signal_: ClassVar[bool] = False

    course_: Course
    notes_: tuple[str, ...]

    def __init__(self, model: Model | None = None) -> None:
        self.model = model

    def fit(self, history: History) -> Self:
        """Fit the other model, and keep the mean of its forecasts.

        Raises
        ------
        FitError : nobody bought again, or nobody spent anything
        HistoryError : the other model needs more than the history has
        """
        model = companion(history) if self.model is None else self.model.fit(history)
        window = Horizon(history.window)
        said = model.predict(history, window)
        value, chance = (float(column(said, name).mean()) for name in ("clv", "p_purchase"))
        self.course_ = Course.of(history, window, value, chance)
        others = [note for note in getattr(model, "notes_", ()) if note != NO_SIGNAL]
        self.notes_ = (*others, NO_SIGNAL)
        return self

    def predict(self, history: History, horizon: Horizon, money: Money = AT_PAR) -> pd.DataFrame:
        """One row per row of history.frame, in its order: the table `PREDICTION`."""
        if not hasattr(self, "course_"):
            raise ClvError("even: not fitted yet. Call fit(history) or load(folder) first.")
        return self.course_.told(history, horizon, money)

    def save(self, folder: Path) -> None:
        """Write model.json into an existing folder."""
        state = {"name": self.name, "version": fitted.VERSION, "notes": list(self.notes_)}
        fitted.write(folder, {**state, "course": self.course_.to_json()})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        RunError : the file is missing, of another model or version, or incomplete
        """
        return fitted.made(folder, cls.name, cls._of)

    @classmethod
    def _of(cls, state: Json) -> Self:
        model = cls()
        model.course_, model.notes_ = Course.from_json(state["course"]), tuple(state["notes"])
        return model


def _worth(ends: Floats, force: float) -> Floats:
    """What money that comes evenly between each two ends is worth today, (len(ends) - 1,)."""
    if force == 0:
        return np.ones(len(ends) - 1)
    return np.asarray(-np.diff(np.exp(-force * ends)) / (force * np.diff(ends)))
