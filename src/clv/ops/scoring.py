"""From histories to forecasts.parquet: the champion's word, intervals, scores, levels, reasons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from clv.core.errors import RunError, SettingError
from clv.core.schema import FORECASTS, conform
from clv.core.types import Bools, Floats, Horizon, Money
from clv.evaluation.backtest.trial import chance_told, spending_told
from clv.features.book import History
from clv.models import registry
from clv.models.base import Model
from clv.models.distribution import Distribution, Spread
from clv.models.insight import Explaining, explained
from clv.models.reasons import Drivers, moved_by, reasons
from clv.segments.levels import ALIGNED, LevelCuts, mismatch, recommended_cac
from clv.segments.rfm import RFMScorer, segment

#: A next order further off than ten years is no date worth printing.
FURTHEST_DAYS = 3_650


@dataclass(frozen=True)
class Scorer:
    """All that was learned from a population; scores millions or one lone customer alike.

    Attributes
    ----------
    model : the fitted champion
    distribution : of what customers may spend, learned on past days
    rfm, levels : cut points of the population
    typical_order_value : median expected order value of the population
    channels : group of each channel of the log
    currency : code of the log's, where it is known
    """

    model: Model
    distribution: Distribution
    rfm: RFMScorer
    levels: LevelCuts
    typical_order_value: float
    channels: dict[str, str]
    currency: str | None = None

    @classmethod
    def learn(
        cls,
        model: Model,
        distribution: Distribution,
        history: History,
        prediction: pd.DataFrame,
        channels: dict[str, str],
        currency: str | None = None,
    ) -> Scorer:
        """Take the population's cut points from its histories and the model's forecasts."""
        return cls(
            model,
            distribution,
            RFMScorer().fit(*_rfm_inputs(history)),
            LevelCuts().fit(_floats(prediction, "clv")),
            float(np.median(_floats(prediction, "expected_order_value"))),
            channels,
            currency,
        )

    def score(self, history: History, horizon: Horizon, money: Money, level: float) -> pa.Table:
        """One row a customer, in the order of the history: the table `FORECASTS`."""
        prediction, drivers = explained(self.model, history, horizon, money)
        return self.told(history, prediction, drivers, horizon, money, level)

    def told(
        self,
        history: History,
        prediction: pd.DataFrame,
        drivers: Drivers | None,
        horizon: Horizon,
        money: Money,
        level: float,
    ) -> pa.Table:
        """As `score`, of what the model predicted already, and of what moved its forecasts."""
        frame = history.frame
        clv = _floats(prediction, "clv")
        onetimer = (frame["x"] == 0).to_numpy()
        lower, upper = self._interval(onetimer, prediction, horizon, money, level)
        r, f, m = self.rfm.score(*_rfm_inputs(history))
        rfm_score = r + f + m
        segments = segment(rfm_score)
        levels = self.levels.level(clv)
        chance = self.distribution.purchase(chance_told(prediction))
        # A chance of a purchase is no more than the number expected, nor than that of being there;
        # on one day comes one at most.
        purchases = np.clip(
            _floats(prediction, "expected_purchases"), chance, chance * horizon.n_days
        )
        alive = np.maximum(_floats(prediction, "p_alive"), chance)
        gap = frame["t_x"].to_numpy() / np.maximum(frame["x"].to_numpy(), 1)
        day = history.as_of.day
        out = pd.DataFrame(
            {
                "customer_id": frame["customer_id"],
                "group": np.where(onetimer, "onetimer", "repeater"),
                "clv": clv,
                "clv_lower": lower,
                "clv_upper": upper,
                "level": level,
                "p_alive": alive,
                "p_purchase": chance,
                "expected_purchases": purchases,
                "expected_order_value": _floats(prediction, "expected_order_value"),
                "next_purchase_date": _dates(day, _floats(prediction, "next_days")),
                "next_purchase_earliest": _dates(day, _floats(prediction, "next_days_earliest")),
                "next_purchase_latest": _dates(day, _floats(prediction, "next_days_latest")),
                "expected_gap_days": np.where(onetimer, np.nan, gap),
                "historic_value": frame["total_value"].to_numpy(),
                "rfm_r": r,
                "rfm_f": f,
                "rfm_m": m,
                "rfm_score": rfm_score,
                "segment": segments,
                "value_tier": self.levels.value_tier(clv),
                "clv_level": levels,
                # Where nothing tells customers apart, segments and forecasts cannot disagree.
                "mismatch": mismatch(segments, levels) if self.signal else ALIGNED,
                "recommended_cac": recommended_cac(clv),
                "reasons": pd.arrays.ArrowExtensionArray(
                    self._reasons(history, prediction.assign(p_alive=alive), drivers)
                ),
                "model": self.model.name,
                "as_of": day,
                "horizon_days": horizon.n_days,
            }
        )
        return conform(out, FORECASTS)

    def _reasons(
        self, history: History, delivered: pd.DataFrame, drivers: Drivers | None
    ) -> pa.ChunkedArray:
        moved = None
        if drivers is not None and isinstance(self.model, Explaining) and self.model.explainer_:
            window = self.model.ground.window if self.model.ground else None
            moved = moved_by(self.model.explainer_, drivers, self.currency, window)
        return reasons(history, delivered, self.typical_order_value, moved, signal=self.signal)

    @property
    def signal(self) -> bool:
        """Whether the past told customers apart."""
        return bool(getattr(self.model, "signal_", True))

    def _interval(
        self,
        onetimer: Bools,
        prediction: pd.DataFrame,
        horizon: Horizon,
        money: Money,
        level: float,
    ) -> tuple[Floats, Floats]:
        """Ends of each customer's CLV; they hold the forecast, also where few buy at all."""
        clv = _floats(prediction, "clv")
        spread = self.spread(onetimer, prediction, horizon, money)
        return spread.around(clv, level, money.margin)

    def spread(
        self, onetimer: Bools, prediction: pd.DataFrame, horizon: Horizon, money: Money
    ) -> Spread:
        """What customers may spend: distributions of spend, so margin is taken off."""
        clv = _floats(prediction, "clv")
        paying = spending_told(prediction)
        if paying is None:
            paying = chance_told(prediction)
        return self.distribution.of(onetimer, clv / money.margin, paying, horizon.n_days)

    def save(self, folder: Path) -> None:
        (folder / "champion").mkdir()
        self.model.save(folder / "champion")
        self.distribution.save(folder / "distribution.json")
        (folder / "rfm.json").write_text(json.dumps(self.rfm.to_json()))
        (folder / "levels.json").write_text(json.dumps(self.levels.to_json()))
        (folder / "scorer.json").write_text(
            json.dumps(
                {
                    "model": self.model.name,
                    "typical_order_value": self.typical_order_value,
                    "channels": self.channels,
                    "currency": self.currency,
                }
            )
        )

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Read what `save` wrote; the files hold numbers and text, no code.

        Raises
        ------
        RunError : a file is missing, broken, or of something else
        """
        try:
            return cls._read(folder)
        except (OSError, LookupError, TypeError, ValueError, AttributeError, SettingError) as error:
            raise RunError(
                f"run: the model in {folder} cannot be read ({error!r}). Run `clv run` again."
            ) from error

    @classmethod
    def _read(cls, folder: Path) -> Scorer:
        content = json.loads((folder / "scorer.json").read_text())
        return cls(
            registry.model_class(content["model"]).load(folder / "champion"),
            Distribution.load(folder / "distribution.json"),
            RFMScorer.from_json(json.loads((folder / "rfm.json").read_text())),
            LevelCuts.from_json(json.loads((folder / "levels.json").read_text())),
            float(content["typical_order_value"]),
            dict(content["channels"]),
            content["currency"],
        )


def rfm_segments(history: History) -> list[str]:
    """(n,) segments of customers among one another, as known on the history's day."""
    told = _rfm_inputs(history)
    r, f, m = RFMScorer().fit(*told).score(*told)
    named: list[str] = segment(r + f + m).tolist()
    return named


def _rfm_inputs(history: History) -> tuple[Floats, Floats, Floats]:
    frame = history.frame
    return (
        (frame["T"] - frame["t_x"]).to_numpy(dtype=np.float64),
        (frame["x"] + 1).to_numpy(dtype=np.float64),
        _floats(frame, "total_value"),
    )


def _floats(frame: pd.DataFrame, column: str) -> Floats:
    return frame[column].to_numpy(dtype=np.float64)


def _dates(day: object, ahead: Floats) -> pd.Series:
    known = ~np.isnan(ahead) & (ahead <= FURTHEST_DAYS)
    whole = np.where(known, np.ceil(np.where(known, ahead, 0)), 0).astype("timedelta64[D]")
    dates = np.datetime64(day, "D") + whole  # type: ignore[call-overload]
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(dates, mask=~known)))
