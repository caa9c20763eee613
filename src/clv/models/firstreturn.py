"""Time from the first purchase to the second: Cox proportional hazards, given no return so far."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd

from clv.core.errors import FitError, HistoryError, RunError
from clv.core.types import DAYS_PER_YEAR

if TYPE_CHECKING:
    from datetime import date

    from clv.core.types import Bools, Floats, Ints, Json
    from clv.models.base import History

#: Customers the coefficients are fitted on; beyond, a seeded random sample of as many.
MOST_FITTED = 200_000
PENALTY = 1e-4
#: A channel group with fewer customers, a smaller share, or fewer returns joins "Other".
FEWEST_IN_GROUP = 50
SMALLEST_SHARE = 0.01
FEWEST_RETURNS = 10
OTHER = "Other"
#: Acquisition days within fewer days than this tell nothing of how cohorts differ.
SHORTEST_ACQUISITION = 30
#: The observed curve ends where fewer customers than this are still waited for.
FEWEST_AT_RISK = 50
MOST_POINTS = 1_000
LARGEST_LOG_RISK = 20.0


@dataclass(frozen=True)
class ReturnCurve:
    """Baseline cumulative hazard of the first return, by days since the first purchase.

    Linear between its points; beyond the last, a Weibull tail: H(t) = H(s) (t / s)^slope.

    Attributes
    ----------
    days : (k,) ascending, the first 0
    hazard : (k,) cumulative, never falling, the first 0
    slope : of log H in log t beyond the support, in [0, 1]
    """

    days: Floats
    hazard: Floats
    slope: float

    @property
    def support(self) -> float:
        """Days since the first purchase up to which the curve was observed."""
        return float(self.days[-1])

    def at(self, days: Floats) -> Floats:
        """Cumulative hazard by then: same shape as ``days``."""
        beyond = np.maximum(days / self.support, 1.0) ** self.slope
        return np.asarray(np.interp(days, self.days, self.hazard) * beyond)

    def day_of(self, hazard: Floats) -> Floats:
        """First day by which the cumulative hazard is reached; inf where it never is."""
        place = np.clip(np.searchsorted(self.hazard, hazard), 1, len(self.hazard) - 1)
        below, above = self.hazard[place - 1], self.hazard[place]
        step = np.divide(
            hazard - below, above - below, out=np.zeros_like(below), where=above > below
        )
        within = self.days[place - 1] + step * (self.days[place] - self.days[place - 1])
        excess = np.maximum(hazard / self.hazard[-1], 1.0)
        with np.errstate(divide="ignore", over="ignore"):
            beyond = excess ** np.divide(1.0, self.slope)
        return np.where(excess > 1.0, self.support * beyond, within)


def breslow(duration: Floats, event: Bools, risk: Floats) -> ReturnCurve:
    """Breslow's cumulative baseline hazard, with a Weibull tail fitted to its upper half.

    Parameters
    ----------
    duration : (n,) days to the second purchase, or observed without one; positive
    event : (n,) whether the second purchase was seen; at least once
    risk : (n,) exp(covariates times coefficients); all ones gives Nelson and Aalen's curve

    References
    ----------
    Breslow (1972), discussion of Cox; Nelson (1972); Aalen (1978)
    """
    days, place = np.unique(duration, return_inverse=True)
    returned = np.bincount(place, weights=event, minlength=len(days))
    waiting = np.cumsum(np.bincount(place, minlength=len(days))[::-1])[::-1]
    waiting_risk = np.cumsum(np.bincount(place, weights=risk, minlength=len(days))[::-1])[::-1]
    hazard = np.cumsum(returned / waiting_risk)

    enough = waiting >= min(FEWEST_AT_RISK, max(1, len(duration) // 20))
    last = max(int(np.flatnonzero(enough)[-1]), int(np.flatnonzero(returned)[0]))
    days = np.concatenate(([0.0], days[: last + 1]))
    hazard = np.concatenate(([0.0], hazard[: last + 1]))
    if len(days) > MOST_POINTS:
        keep = np.unique(np.linspace(0, len(days) - 1, MOST_POINTS).round().astype(np.int64))
        days, hazard = days[keep], hazard[keep]
    return ReturnCurve(days, hazard, _tail_slope(days, hazard))


def _tail_slope(days: Floats, hazard: Floats) -> float:
    upper_half = np.geomspace(days[-1] / 2, days[-1], 33)
    cumulative = np.interp(upper_half, days, hazard)
    positive = cumulative > 0
    if positive.sum() < 2:
        return 1.0
    slope = np.polyfit(np.log(upper_half[positive]), np.log(cumulative[positive]), 1)[0]
    # above 1 the hazard would rise for ever, which no season at the log's end can show
    return float(np.clip(slope, 0.0, 1.0))


class Column(NamedTuple):
    """One covariate and what was learned of it; the coefficient is per unit of the covariate."""

    name: str
    mean: float
    coefficient: float
    standard_error: float


class FirstReturn:
    """Cox proportional hazards of the first return, on what is known at the first purchase.

    Covariates: log(1 + first value), channel group of the first purchase (the most common
    is the reference), and the day of acquisition in years since the log's first day, held
    within the days seen at fit. Every customer teaches it, for each was once a one-timer.

    Parameters
    ----------
    seed : of the sample that is drawn where customers are more than ``MOST_FITTED``

    Attributes
    ----------
    columns_ : the covariates that could be used, with their coefficients
    curve_ : baseline cumulative hazard, of a customer with mean covariates
    groups_ : channel groups told apart from the reference
    reference_ : the channel group all others are compared with
    first_day_, acquired_ : the log's first day; first and last day of acquisition since then
    n_customers_, n_returns_ : who taught it; how many of them returned
    sampled_ : customers the coefficients were fitted on, where fewer than all
    notes_ : what could not be done, and what was done instead

    References
    ----------
    Cox (1972), Regression models and life-tables
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, history: History) -> Self:
        """Learn coefficients and baseline from all customers.

        Raises
        ------
        HistoryError : nobody was seen to return
        """
        self.columns_: list[Column] = []
        self.notes_: list[str] = []
        self.sampled_: int | None = None
        duration, event, usable = _waiting_times(history.frame)
        self.n_customers_, self.n_returns_ = int(usable.sum()), int(event[usable].sum())
        if self.n_returns_ == 0:
            raise HistoryError(
                f"return of one-timers: none of {len(usable):,} customers bought on a second"
                " day, so nothing tells when one returns. Give a longer log."
            )
        self._learn_groups(history, usable, event)
        columns = self._covariates(history)
        columns = columns.loc[usable, self._worth_fitting(columns[usable])]
        duration, event = duration[usable], event[usable]
        if len(columns.columns):
            self.columns_ = self._fit_columns(columns, duration, event)
        risk = np.exp(_log_risk(columns, self.columns_))
        self.curve_ = breslow(duration, event, risk)
        return self

    def risk(self, history: History) -> Floats:
        """(n,) hazard of each customer over the baseline's, from the first purchase alone."""
        return np.asarray(np.exp(_log_risk(self._covariates(history), self.columns_)))

    def to_json(self) -> Json:
        return {
            "seed": self.seed,
            "columns": [column._asdict() for column in self.columns_],
            "notes": self.notes_,
            "sampled": self.sampled_,
            "n_customers": self.n_customers_,
            "n_returns": self.n_returns_,
            "reference": self.reference_,
            "groups": self.groups_,
            "first_day": self.first_day_.isoformat(),
            "acquired": list(self.acquired_),
            "days": self.curve_.days.tolist(),
            "hazard": self.curve_.hazard.tolist(),
            "slope": self.curve_.slope,
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read what ``to_json`` wrote.

        Raises
        ------
        RunError : a part is missing or of another type
        """
        try:
            model = cls(seed=int(content["seed"]))
            model.columns_ = [Column(**column) for column in content["columns"]]
            model.notes_ = [str(note) for note in content["notes"]]
            model.sampled_ = content["sampled"]
            model.n_customers_ = int(content["n_customers"])
            model.n_returns_ = int(content["n_returns"])
            model.reference_ = str(content["reference"])
            model.groups_ = [str(group) for group in content["groups"]]
            model.first_day_ = pd.Timestamp(content["first_day"]).date()
            model.acquired_ = (int(content["acquired"][0]), int(content["acquired"][1]))
            model.curve_ = ReturnCurve(
                np.asarray(content["days"], dtype=np.float64),
                np.asarray(content["hazard"], dtype=np.float64),
                float(content["slope"]),
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise RunError(
                f"return of one-timers: the saved model cannot be read ({error!r}). Fit again."
            ) from error
        return model

    def _learn_groups(self, history: History, usable: Bools, event: Bools) -> None:
        group = history.frame["channel_group"].astype(str).to_numpy(dtype=object)[usable]
        names, place = np.unique(group.astype(str), return_inverse=True)
        customers = np.bincount(place)
        returns = np.bincount(place, weights=event[usable])
        common = int(np.argmax(customers))
        self.reference_ = str(names[common])
        fewest = max(FEWEST_IN_GROUP, SMALLEST_SHARE * len(group))
        told_apart = (customers >= fewest) & (returns >= FEWEST_RETURNS) & (names != OTHER)
        told_apart[common] = False
        self.groups_ = [str(name) for name in names[told_apart]]
        rest = ~told_apart
        rest[common] = False
        if (
            self.reference_ != OTHER
            and customers[rest].sum() >= FEWEST_IN_GROUP
            and returns[rest].sum() >= FEWEST_RETURNS
        ):
            self.groups_.append(OTHER)
        self.first_day_: date = history.first_day
        acquired = _acquisition_day(history, self.first_day_)[usable]
        self.acquired_ = (int(acquired.min()), int(acquired.max()))

    def _covariates(self, history: History) -> pd.DataFrame:
        frame = history.frame
        group = frame["channel_group"].astype(str).to_numpy(dtype=object)
        known = np.isin(group, [*self.groups_, self.reference_])
        group = np.where(known, group, OTHER)
        acquired = np.clip(_acquisition_day(history, self.first_day_), *self.acquired_)
        columns = {
            "log_first_value": np.log1p(np.maximum(frame["first_value"].to_numpy(np.float64), 0.0)),
            "acquired_years": acquired / DAYS_PER_YEAR,
        }
        columns |= {f"channel={name}": (group == name).astype(np.float64) for name in self.groups_}
        return pd.DataFrame(columns, index=frame.index)

    def _worth_fitting(self, columns: pd.DataFrame) -> list[str]:
        if self.n_returns_ < FEWEST_RETURNS * len(columns.columns):
            self.notes_.append(
                f"Only {self.n_returns_:,} customers returned: the chance of a return is the same"
                " for all one-timers of an age, whatever they first spent or came through."
            )
            return []
        values = columns.to_numpy(np.float64)
        deviation = values.std(axis=0)
        short = self.acquired_[1] - self.acquired_[0] < SHORTEST_ACQUISITION
        kept: list[int] = []
        for place, name in enumerate(columns.columns):
            if deviation[place] <= 1e-9 * max(1.0, float(np.abs(values[:, place]).max())):
                continue
            if name == "acquired_years" and short:
                continue
            # what the columns kept so far already say would make the fit singular
            correlation = np.corrcoef(values[:, [*kept, place]], rowvar=False)
            if np.linalg.eigvalsh(np.atleast_2d(correlation))[0] > 1e-6:
                kept.append(place)
        return [columns.columns[place] for place in kept]

    def _fit_columns(self, columns: pd.DataFrame, duration: Floats, event: Bools) -> list[Column]:
        rows: Ints = np.arange(len(columns))
        if len(columns) > MOST_FITTED:
            draw = np.random.default_rng(self.seed)
            rows = np.sort(draw.choice(len(columns), MOST_FITTED, replace=False))
            self.sampled_ = MOST_FITTED
        try:
            coefficients, errors = _cox(columns.iloc[rows], duration[rows], event[rows])
        except FitError as error:
            self.notes_.append(
                f"{error} The chance of a return is the same for all one-timers of an age instead."
            )
            return []
        means = columns.to_numpy(np.float64).mean(axis=0)
        return [
            Column(str(name), float(mean), float(coefficient), float(error))
            for name, mean, coefficient, error in zip(
                columns.columns, means, coefficients, errors, strict=True
            )
        ]


def _cox(columns: pd.DataFrame, duration: Floats, event: Bools) -> tuple[Floats, Floats]:
    # lifelines takes over a second to import
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    scale = columns.std(ddof=0)
    table = (columns - columns.mean()) / scale
    table = table.assign(duration=duration, event=event)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", ConvergenceWarning)
            fitter = CoxPHFitter(penalizer=PENALTY)
            # Days tie, and ties taken together take a tenth of the time.
            fitter.fit(table, "duration", "event", batch_mode=True)
    except (ConvergenceError, ConvergenceWarning, np.linalg.LinAlgError) as error:
        raise FitError(
            "return of one-timers: what a customer first spent and came through separates those"
            " who returned from those who did not too cleanly to be weighed."
        ) from error
    coefficients = (fitter.params_ / scale).to_numpy(np.float64)
    errors = (fitter.standard_errors_ / scale).to_numpy(np.float64)
    if not (np.isfinite(coefficients).all() and np.isfinite(errors).all()):
        raise FitError("return of one-timers: the weight of a covariate runs away.")
    return coefficients, errors


def _log_risk(columns: pd.DataFrame, learned: list[Column]) -> Floats:
    log_risk = np.zeros(len(columns))
    for column in learned:
        values = columns[column.name].to_numpy(np.float64)
        log_risk += column.coefficient * (values - column.mean)
    return np.clip(log_risk, -LARGEST_LOG_RISK, LARGEST_LOG_RISK)


def _waiting_times(frame: pd.DataFrame) -> tuple[Floats, Bools, Bools]:
    """Days to the second purchase or without one, whether it was seen, and who can teach."""
    x, t_x = frame["x"].to_numpy(np.int64), frame["t_x"].to_numpy(np.float64)
    gap = frame["first_gap"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    gap = np.where(np.isnan(gap) & (x == 1), t_x, gap)
    event = x >= 1
    duration = np.where(event, gap, frame["T"].to_numpy(np.float64))
    # a day without time at risk (bought on as_of) or an unknown gap teaches nothing
    return duration, event, np.nan_to_num(duration) > 0


def _acquisition_day(history: History, first_day: date) -> Floats:
    day_of_as_of = (history.as_of.day - first_day) // timedelta(days=1)
    return np.asarray(day_of_as_of - history.frame["T"].to_numpy(np.float64))
