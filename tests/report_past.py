"""Past days of a made shop, from a seed: customers, models' forecasts, what came."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pandas as pd

from clv.core.types import AsOf, Horizon
from clv.evaluation import honesty
from clv.evaluation.backtest import Origin, Said, Trial

CUTOFFS = ("1996-12-31", "1997-04-01", "1997-07-01", "1997-09-30", "1997-12-30")
WINDOW = Horizon(182)
LEVEL = 0.9
CHAMPION = "ensemble"
#: name -> label, kind, noise of its forecasts, error of its total, power on the truth, seconds
MODELS = {
    "ensemble": ("Ensemble of purchase models, learners and yardsticks", "model", 0.5, 0.0, 1.0),
    "hurdle": ("Hurdle: whether they buy × how much", "model", 0.6, 0.06, 1.0),
    "mbgnbd": ("MBG/NBD × Gamma-Gamma", "model", 0.75, -0.06, 0.9),
    "paretonbd": ("Pareto/NBD × Gamma-Gamma", "model", 0.75, -0.1, 0.9),
    "mbgcnbd": ("MBG/CNBD-k × Gamma-Gamma", "model", 0.7, -0.05, 0.9),
    "naive_rate": ("Naive: spend so far, same rate", "naive", 0.7, 0.5, 1.2),
    "naive_last_period": ("Naive: last period again", "naive", 1.4, 0.2, 1.3),
}
LOGLIK = {"mbgnbd": -9.58, "paretonbd": -9.57, "mbgcnbd": -9.41}
SECONDS = {"ensemble": 14.2, "hurdle": 3.1}


@dataclass(frozen=True)
class Customers:
    """What of a history these trials ask for."""

    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.frame)


def trial(number: int, n: int = 1500) -> Trial:
    """The past day of that number, with a level of its own that no model foresees."""
    draw = np.random.default_rng(100 + number)
    x = draw.negative_binomial(0.6, 0.35, n)
    rate = np.exp(draw.normal(-1.1, 0.9, n)) * (0.4 + x)
    basket = draw.lognormal(3.2, 0.5, n)
    shared = float(np.exp(draw.normal(0.0, 0.12)))
    orders = draw.poisson(rate * shared)
    actual = orders * basket * draw.lognormal(0.0, 0.4, n)
    frame = pd.DataFrame({"customer_id": [f"{i:05d}" for i in range(n)], "x": x})
    said = {}
    for name, (_, _, noise, off, power) in MODELS.items():
        value = (rate * basket) ** power * draw.lognormal(0.0, noise, n)
        value *= (1 + off) * float((rate * basket).sum() / value.sum())
        chance = -np.expm1(-np.clip(rate * draw.lognormal(0.0, noise, n), 0.01, 4.0))
        seconds = SECONDS.get(name, 0.4)
        said[name] = Said(value, chance, LOGLIK.get(name, float("nan")), seconds, ())
    origin = Origin(AsOf.parse(CUTOFFS[number]), WINDOW)
    failed = {"hybrid": "too few returns to fit"}
    return Trial(origin, Customers(frame), 1.0, actual, actual > 0, said, failed, {})


@cache
def trials(n_days: int = 5) -> tuple[Trial, ...]:
    """The last so many of the past days."""
    return tuple(trial(i) for i in range(len(CUTOFFS) - n_days, len(CUTOFFS)))


@cache
def judged(n_days: int = 5) -> tuple[honesty.Judged, ...]:
    return tuple(honesty.judged(trials(n_days), CHAMPION, 0))


def holdout() -> pd.DataFrame:
    return honesty.holdout_table(judged()[-1], CHAMPION, LEVEL)


def _row(name: str, n_days: int) -> dict[str, Any]:
    label, kind, *_ = MODELS[name]
    each = [
        {"cutoff": str(t.origin.cutoff)}
        | {k: float(v) if np.isfinite(v) else None for k, v in t.figures(name).items()}
        for t in trials(n_days)
    ]
    known = {
        key: [row[key] for row in each if row[key] is not None]
        for key in each[0]
        if key != "cutoff"
    }
    return {
        "model": name,
        "label": label,
        "kind": kind,
        "champion": name == CHAMPION,
        "failed": None,
        "notes": [],
        "origins": each,
        **{key: fmean(values) if values else None for key, values in known.items()},
        "spread": {key: stdev(v) if len(v) > 1 else None for key, v in known.items()},
        "seconds": SECONDS.get(name, 0.4) * n_days,
    }


def leaderboard(n_days: int = 5) -> dict[str, Any]:
    last = trials(n_days)[-1]
    failed = {"model": "hybrid", "label": "Hybrid with Cox", "kind": "model", "champion": False}
    rows = [_row(name, n_days) for name in MODELS]
    rows.sort(key=lambda row: row["deviance"])
    return {
        "rule": "lowest mean Tweedie deviance over the past days; naive rows are yardsticks",
        "holdout": {
            "from": str(last.origin.cutoff.plus(1)),
            "to": str(last.origin.end),
            "days": WINDOW.n_days,
            "customers": len(last.history),
            "share": 1.0,
            "actual_total": float(last.actual.sum()),
        },
        "origins": [str(t.origin.cutoff) for t in trials(n_days)],
        "level": LEVEL,
        "rows": [
            *rows,
            {**failed, "failed": "too few returns to fit", "notes": [], "origins": []},
        ],
    }


def coverage(n_days: int = 5) -> dict[str, Any]:
    each = [honesty.reached(found, CHAMPION, LEVEL, 0) for found in judged(n_days)]
    names = ("below", "reached", "above", "expected_above", "pit_distance", "crps")
    means = {name: honesty.mean_of(each, name) for name in names}
    return {"promised": LEVEL, **means, "how": each[-1]["how"], "origins": each}


def totals(n_days: int = 5) -> list[dict[str, Any]]:
    return honesty.totals(trials(n_days), CHAMPION, LEVEL)


def churn(n_days: int = 5) -> dict[str, Any]:
    how = "judged on 4 past days by windows over by then, for 1 of them a single one"
    return {**honesty.churn(judged(n_days)), "how": how}


def insight() -> dict[str, Any]:
    features = {
        "model_value": ("Spend that the purchase model expects in the window ahead", 0.31),
        "spend_365": ("Net spend in the last 365 days", 0.17),
        "recency_days": ("Days since the last purchase", 0.12),
        "recency_to_gap": ("Days since the last purchase over the mean gap", 0.09),
        "model_alive": ("Chance that the customer has not left for good", 0.07),
        "orders": ("Purchase days so far", 0.06),
        "spend_mean": ("Net spend a purchase day, mean", 0.05),
        "gap_variation": ("Variation of the gaps between purchases", 0.03),
        "channel": ("Channel of the first purchase", 0.02),
        "discount_share": ("Share of spend that was discounted", 0.02),
        "season_first": ("Season of the first purchase", 0.015),
        "category_entropy": ("How evenly purchases spread over categories", 0.012),
        "weekday_last": ("Weekday of the last purchase", 0.008),
        "basket_size": ("Units a purchase day, mean", 0.005),
    }
    days = [0, 14, 30, 61, 92, 150, 240, 365, 540]
    value = [0, 4, 9, 16, 28, 47, 80, 160, 420]
    thin = [0.19, 0.17, 0.15, 0.13, 0.11, 0.1, 0.08, 0.05, 0.02]
    return {
        "importance": [
            {"feature": name, "meaning": meaning, "share": share}
            for name, (meaning, share) in features.items()
        ],
        "features": 61,
        "partial_dependence": [
            _dependence(
                "model_value", features, "currency", value, [6 + 0.5 * v**0.8 for v in value], thin
            ),
            _dependence(
                "recency_days",
                features,
                "days",
                days,
                [44 - 30 * (d / 540) ** 0.5 for d in days],
                thin,
            ),
            _dependence(
                "model_alive",
                features,
                "share",
                [0.05, 0.2, 0.4, 0.6, 0.8, 0.95],
                [11, 16, 21, 27, 33, 40],
                [0.2, 0.2, 0.15, 0.15, 0.1, 0.2],
            ),
            _dependence(
                "channel",
                features,
                "text",
                ["WEB", "Direct", "<b>OTA", "Corporate"],
                [24, 31, 19, 38],
                [0.5, 0.2, 0.2, 0.1],
            ),
        ],
        "weights": [
            {"member": "hurdle", "label": "Hurdle", "weight": 0.34},
            {"member": "mbgcnbd", "label": "MBG/CNBD-k", "weight": 0.22},
            {"member": "glm", "label": "GLM", "weight": 0.15},
            {"member": "paretonbd", "label": "Pareto/NBD", "weight": 0.11},
            {"member": "xgboost", "label": "XGBoost", "weight": 0.1},
            {"member": "lightgbm", "label": "LightGBM", "weight": 0.06},
            {"member": "naive_rate", "label": "naive: same rate", "weight": 0.02},
        ],
    }


def _dependence(
    name: str,
    features: dict[str, tuple[str, float]],
    unit: str,
    values: list[Any],
    forecast: list[float],
    share: list[float],
) -> dict[str, Any]:
    told = {"feature": name, "meaning": features[name][0], "unit": unit, "values": values}
    return {**told, "forecast": forecast, "share": share}
