"""Forecasts for customers told by profiles: what the champion would say, with intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from clv.core.errors import HistoryError, ProfileError, RunError
from clv.core.types import Floats, Ints, Json
from clv.data.channels import OTHER, UNKNOWN
from clv.data.columns import bare
from clv.models.distribution import Distribution, PastDay
from clv.models.learners.encoder import Encoder, as_text
from clv.models.reasons.sentences import sentence
from clv.models.surrogate import AMOUNTS, CHANCES, Known, Surrogate
from clv.ops.oneprofile import Figures
from clv.ops.scoring import FURTHEST_DAYS
from clv.segments.levels import recommended_cac
from clv.segments.rfm import segment

if TYPE_CHECKING:
    import pandas as pd

    from clv.evaluation.backtest import Trial
    from clv.features.book import History
    from clv.ops.profile import Profile
    from clv.ops.scoring import Scorer

FILE, DISTRIBUTION = "profiles.json", "profiles-distribution.json"
#: Features of the log that a profile can tell, too; besides all that is known of customers.
TELLABLE = ("category_count", "return_rate", "first_channel", "first_campaign", "first_country")
#: Customers whose features are looked up to learn what profiles tell by them.
MOST_ASKED = 30_000
#: Half the width of an interval, in forecasts, up to which confidence is high, and medium.
CONFIDENT = (1.0, 2.0)


@dataclass(frozen=True)
class ProfileScorer:
    """What was learned to answer profiles as the champion answers logs.

    Attributes
    ----------
    surrogate : what the champion says of customers with such counts, sums and days
    distribution : of what such customers spend, learned on past days from what the surrogate of
        each past day's champion said
    horizon_days, margin : of the run; forecasts are of these
    dates : features that are days from a date, which profiles tell as that date
    """

    surrogate: Surrogate
    distribution: Distribution
    horizon_days: int
    margin: float
    dates: frozenset[str] = frozenset()

    @classmethod
    def learn(
        cls,
        history: History,
        forecasts: pa.Table,
        prediction: pd.DataFrame,
        trials: Sequence[Trial],
        champion: str,
        *,
        margin: float,
        seed: int,
    ) -> Self:
        """From the population's forecasts, and from the same of past days.

        Parameters
        ----------
        forecasts, prediction : of the history's customers: as delivered, and as the model said
        trials : past days, with what the champion of the name said
        """
        horizon = int(forecasts["horizon_days"][0].as_py())
        said = {
            name: forecasts[name].to_numpy().astype(np.float64)
            for name in (
                "clv",
                "expected_purchases",
                "expected_order_value",
                "p_alive",
                "p_purchase",
            )
        }
        said["next_days"] = prediction["next_days"].to_numpy(np.float64)
        spending = prediction["p_spend"].to_numpy(np.float64)
        said["p_spend"] = np.where(np.isnan(spending), said["p_purchase"], spending)
        surrogate = _surrogate(history, said, seed)
        past = [of_profiles(trial, champion) for trial in trials if champion in trial.said]
        mean = max(float(said["clv"].mean()) / margin / horizon, 1e-300)
        try:
            distribution = Distribution.learn(past, mean)
        except HistoryError:
            distribution = Distribution.assumed(mean)
        kinds = history.reference().known
        dates = frozenset(f for f in surrogate.encoder.numbers if kinds.get(f) == "date")
        return cls(surrogate, distribution, horizon, margin, dates)

    def figures(self, profiles: Sequence[Profile], scorer: Scorer, level: float) -> list[Figures]:
        """What is expected of each customer, in their order.

        Parameters
        ----------
        scorer : of the run, whose cut points place customers
        level : of the intervals
        """
        x, t_x, T, total = np.array([(p.x, p.t_x, p.T, p.total) for p in profiles]).T
        more = [features_of(profile, scorer) for profile in profiles]
        known = Known(x, t_x, T, total, self.surrogate.encode(more))
        said = self.surrogate.said(known)
        clv, onetimer = said.clv, x == 0
        spread = self.distribution.of(onetimer, clv / self.margin, said.p_spend, self.horizon_days)
        lower, upper = spread.around(clv, level, self.margin)
        chance = said.p_purchase
        most = chance * self.horizon_days
        r, f, m = scorer.rfm.score(T - t_x, x + 1.0, total)
        rfm = r + f + m
        # In the order of Figures.
        columns = (
            clv,
            lower,
            upper,
            np.maximum(said.p_alive, chance),
            chance,
            np.minimum(np.maximum(said.expected_purchases, chance), most),
            said.expected_order_value,
            rfm,
            segment(rfm),
            scorer.levels.value_tier(clv),
            scorer.levels.level(clv),
            recommended_cac(clv),
            said.next_days,
            said.beyond,
        )
        return [Figures(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]

    def told(
        self, profile: Profile, found: Figures, usual: Figures, scorer: Scorer, today: date
    ) -> Json:
        """The answer to a profile.

        Parameters
        ----------
        usual : the same figures at the level of the run's intervals
        today : day on which the profile holds
        """
        notices = [*profile.notices]
        if found.beyond:
            notices.append(_BEYOND)
        return {
            "customer_id": profile.customer_id,
            "group": "onetimer" if profile.x == 0 else "repeater",
            **dict(zip(_AS_FOUND, found, strict=False)),
            "p_alive": None if isnan(found.p_alive) else found.p_alive,
            "next_purchase_date": _date(today, found.next_days),
            "confidence": _confidence(usual),
            "reasons": sentence(
                int(profile.x),
                profile.t_x,
                profile.T - profile.t_x,
                found.p_alive,
                found.expected_order_value,
                scorer.typical_order_value,
                signal=scorer.signal,
            ),
            "notices": notices,
            "not_used": [name for name in profile.more if name not in self.tellable],
        }

    def as_learned(self, more: Mapping[str, Any], day: date) -> Json:
        """What a profile tells besides, a date as the days from it to the one it holds on.

        Parameters
        ----------
        more : as `Profile.more`

        Raises
        ------
        ProfileError : text where the run learned from numbers or dates; `field` is its name
        """
        found = dict(more)
        for name, value in more.items():
            if not isinstance(value, str):
                continue
            numbers = self.numbers.intersection(_features_called(name))
            if not numbers:
                continue
            if numbers.isdisjoint(self.dates):
                raise ProfileError(
                    name, f"is {value!r}. Give a number: the run learned from numbers."
                )
            try:
                found[name] = float((day - date.fromisoformat(value)).days)
            except ValueError:
                raise ProfileError(name, f"is {value!r}. Write the day as YYYY-MM-DD.") from None
        return found

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Features that count as numbers."""
        return frozenset(self.surrogate.encoder.numbers)

    @cached_property
    def tellable(self) -> frozenset[str]:
        """What of `Profile.more` counts in forecasts, by its names there."""
        return frozenset(_PLAIN.get(name, name.removeprefix("known_")) for name in self.features)

    @property
    def features(self) -> tuple[str, ...]:
        """Features that count where a profile tells them."""
        return self.surrogate.encoder.features

    def save(self, folder: Path) -> None:
        content = {
            "surrogate": self.surrogate.to_json(),
            "horizon_days": self.horizon_days,
            "margin": self.margin,
            "dates": sorted(self.dates),
        }
        (folder / FILE).write_text(json.dumps(content))
        self.distribution.save(folder / DISTRIBUTION)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the files hold numbers and text, no code.

        Raises
        ------
        RunError : a file is missing or broken
        """
        try:
            content = json.loads((folder / FILE).read_text())
            return cls(
                Surrogate.from_json(content["surrogate"]),
                Distribution.load(folder / DISTRIBUTION),
                int(content["horizon_days"]),
                float(content["margin"]),
                frozenset(content["dates"]),
            )
        except (OSError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise RunError(
                f"run: what answers profiles in {folder} cannot be read ({error!r}). Run `clv run`"
                " again."
            ) from error


#: Figures that are told as they were found; the rest of them comes last.
_AS_FOUND = Figures._fields[: Figures._fields.index("next_days")]
_BEYOND = "beyond all customers that the model learned from; forecast as the nearest of them"
#: Feature -> name by which a profile tells it.
_PLAIN = {
    "first_channel": "channel",
    "first_campaign": "campaign",
    "first_country": "country",
}
_FEATURE = {plain: feature for feature, plain in _PLAIN.items()}


def features_of(profile: Profile, scorer: Scorer) -> Json:
    """What a profile tells besides, by names of features."""
    return {
        feature: _channel(value, scorer) if feature == "first_channel" else value
        for name, value in profile.more.items()
        if value is not None
        for feature in _features_called(name)
    }


def _features_called(name: str) -> tuple[str, ...]:
    """Features that a name of `Profile.more` may tell."""
    if name == "channel":
        return ("first_channel",)
    if name in _FEATURE:
        return (_FEATURE[name], f"known_{name}")
    return (name if name in TELLABLE else f"known_{name}",)


def _channel(told: Any, scorer: Scorer) -> str:
    return scorer.channels.get(bare(as_text(told)), OTHER) if told else UNKNOWN


def _known(history: History) -> Known:
    """What profiles of the customers would tell of counts, sums and days."""
    frame = history.frame
    x, t_x, T, total = (
        frame[name].to_numpy(np.float64) for name in ("x", "t_x", "T", "total_value")
    )
    return Known(x, t_x, T, total, np.empty((len(frame), 0)))


def of_profiles(trial: Trial, champion: str) -> PastDay:
    """A past day as it would have been of profiles that tell no more than they must."""
    day, known = trial.past_day(champion), _known(trial.history)
    nothing = np.full(len(day.value), np.nan)
    said = dict.fromkeys((*AMOUNTS, *CHANCES), nothing)
    said |= {"clv": day.value, "p_purchase": day.chance, "p_spend": day.paying}
    told = Surrogate.learn(known, Encoder((), {}, (), {}), said).said(known)
    chances = told.p_purchase, day.actual, day.bought, told.p_spend
    return PastDay(day.onetimer, told.clv, *chances)


def _surrogate(history: History, said: dict[str, Floats], seed: int) -> Surrogate:
    """Of what was said of a history's customers; more than counts where features are at hand."""
    rows: Ints = np.arange(len(history))
    if len(rows) > MOST_ASKED:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ASKED, replace=False))
    more = _tellable(history, rows)
    encoder = Encoder.learn(more)
    x, t_x, T, total, _ = _known(history)
    known = Known(x[rows], t_x[rows], T[rows], total[rows], encoder.of(more))
    some = {name: values[rows] for name, values in said.items()}
    return Surrogate.learn(known, encoder, some)


def _tellable(history: History, rows: Ints) -> pd.DataFrame:
    """Features of some customers that a profile can tell, too."""
    some = history if len(rows) == len(history) else history.of_rows(rows)
    features = some.features(history.reference())
    known = [name for name in map(str, features) if name.startswith("known_")]
    return features[[name for name in TELLABLE if name in features] + known]


def _date(today: date, days: float) -> str | None:
    if not 0 <= days <= FURTHEST_DAYS:
        return None
    return (today + timedelta(days=int(np.ceil(days)))).isoformat()


def _confidence(found: Figures) -> str:
    """How wide the interval is beside its forecast.

    Where so few such customers buy that the interval had to be moved to hold the forecast, low.
    """
    if found.clv_upper <= found.clv:
        return "Low"
    half = (found.clv_upper - found.clv_lower) / 2.0
    high, medium = (half <= times * found.clv for times in CONFIDENT)
    return "High" if high else "Medium" if medium else "Low"
