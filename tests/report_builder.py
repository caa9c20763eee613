"""A run's findings with the shape of a real one, from a seed."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from clv.evaluation.report import Findings
from tests import report_past

AS_OF = date(1998, 6, 30)
FIRST_DAY = date(1996, 1, 1)
HORIZON = report_past.WINDOW.n_days
SEGMENTS = {3: "Lost", 6: "At Risk", 9: "Potential Loyalists", 12: "Loyal Customers"}
EXPECTED_LEVEL = {"Lost": 0, "At Risk": 0, "Potential Loyalists": 1, "Loyal Customers": 2}
LEVELS = np.array(["Low", "Mid", "High", "Top"], dtype=object)


def _fifths(values: np.ndarray) -> np.ndarray:
    return 1 + np.searchsorted(np.quantile(values, [0.2, 0.4, 0.6, 0.8]), values, side="left")


def forecasts(n: int = 2000, seed: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.negative_binomial(0.6, 0.3, n)
    age = rng.integers(200, 911, n)
    idle = np.where(x == 0, age, (age * rng.beta(1, 2, n)).astype(int))
    spend = rng.lognormal(3.3, 0.6, n)
    p_alive = np.clip(np.exp(-idle * x / 260) * 0.9 + 0.04, 0, 1)
    orders = p_alive * (x + 0.4) / (age + 90) * HORIZON * 0.8
    clv = orders * spend
    historic = (x + 1) * spend
    r, f, m = _fifths(-idle), _fifths(x), _fifths(historic)
    score = r + f + m
    segment = [next((v for k, v in SEGMENTS.items() if s <= k), "Champions") for s in score]
    level = np.searchsorted(np.quantile(clv, [0.5, 0.8, 0.95]), clv, side="left")
    gap = level - np.array([EXPECTED_LEVEL.get(s, 3) for s in segment])
    mismatch = np.select([gap > 0, gap < 0], ["CLV above segment", "CLV below segment"], "Aligned")
    next_days = np.clip(HORIZON / np.maximum(orders, 0.3), 4, 1200).astype(int)
    days = [AS_OF + timedelta(days=int(d)) for d in next_days]
    return pd.DataFrame(
        {
            "customer_id": [f"{i:05d}" for i in range(1, n + 1)],
            "group": np.where(x == 0, "onetimer", "repeater"),
            "clv": clv,
            "clv_lower": clv * 0.2,
            "clv_upper": clv * 2.4 + 20,
            "level": 0.9,
            "p_alive": p_alive,
            "p_purchase": 1 - np.exp(-orders),
            "expected_purchases": orders,
            "expected_order_value": spend,
            "next_purchase_date": days,
            "next_purchase_earliest": [AS_OF + timedelta(days=int(d * 0.3) + 1) for d in next_days],
            "next_purchase_latest": [AS_OF + timedelta(days=int(d * 2.1)) for d in next_days],
            "expected_gap_days": next_days.astype(float),
            "historic_value": historic,
            "rfm_r": r.astype(np.int8),
            "rfm_f": f.astype(np.int8),
            "rfm_m": m.astype(np.int8),
            "rfm_score": score.astype(np.int8),
            "segment": segment,
            "value_tier": np.select(
                [level >= 2, level == 1], ["High-CLV", "Growth-Potential"], "Low-CLV"
            ),
            "clv_level": LEVELS[level],
            "mismatch": mismatch,
            "recommended_cac": 0.3 * clv,
            "reasons": [
                f"{k + 1} purchase days, the last {d} days ago; spends {s:.2f} an order"
                for k, d, s in zip(x, idle, spend, strict=True)
            ],
            "model": report_past.CHAMPION,
            "as_of": AS_OF,
            "horizon_days": HORIZON,
        }
    )


def tracking() -> pd.DataFrame:
    days = pd.date_range(FIRST_DAY, AS_OF).date
    t = np.arange(len(days))
    expected = 9000 * (1 - np.exp(-t / 400))
    actual = np.maximum.accumulate(expected + 160 * np.sin(t / 40) + t * 0.6)
    return pd.DataFrame({"day": days, "actual": actual.round(), "expected": expected})


def quarantine() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": ["music.csv.gz"] * 3,
            "line": [17, 230, 9001],
            "rule": ["missing_customer", "unreadable_date", "unreadable_amount"],
            "detail": ["customer is empty", "'1997-02-31' is no day", "'12,O0' is no number"],
            "row": [",1997-01-03,1,11.77", "00042,1997-02-31,1,9.49", '00317,1997-05-02,1,"12,O0"'],
        }
    )


def readiness() -> dict[str, Any]:
    def check(name: str, status: str, found: str, means: str, instead: str | None = None) -> Any:
        return {"name": name, "status": status, "found": found, "means": means, "instead": instead}

    return {
        "verdict": "This log supports a forecast for every customer over 182 days, with two"
        " reservations told below.",
        "checks": [
            check(
                "Customers and orders",
                "ok",
                "2,000 customers with 5,912 purchase days.",
                "Enough to learn how often people come back.",
            ),
            check(
                "Length of history",
                "ok",
                "912 days of history for a horizon of 182 days.",
                "A whole horizon can be hidden and checked, five times over.",
            ),
            check(
                "Repeat buyers",
                "ok",
                "980 customers bought on two or more days.",
                "Enough to learn what an order is worth.",
            ),
            check(
                "One-time buyers",
                "limited",
                "51 % bought on one day only.",
                "Single customers among them are hard to tell apart.",
            ),
            check(
                "Spend and frequency",
                "ok",
                "Rank correlation 0.08 among repeat buyers.",
                "Gamma-Gamma may treat the two as independent.",
            ),
            check(
                "Season",
                "no",
                "Fewer than two full years.",
                "A yearly rhythm cannot be told from a trend.",
                "No season is assumed.",
            ),
        ],
    }


def manifest(table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    total = float(table["clv"].sum())
    return {
        "run_id": "19980630-7f3a91",
        "clv_version": "0.1.0",
        "created_at": "1998-07-01T09:12:44+00:00",
        "title": "A made music shop",
        "inputs": [{"path": "music.csv.gz", "bytes": 512_344, "sha256": "ab12" * 16}],
        "as_of": AS_OF.isoformat(),
        "as_of_given": False,
        "horizon_days": HORIZON,
        "level": 0.9,
        "versions": {"python": "3.11.2", "numpy": "2.4.1"},
        "currency": "USD",
        "margin": 1.0,
        "annual_discount_rate": 0.0,
        "mapping": {
            "customer_id": {"column": "CustomerID", "how": "recognised"},
            "date": {"column": "order_date", "how": "given"},
            "amount": {"column": "Total", "how": "recognised"},
        },
        "counts": {
            "rows_in": 6015,
            "accepted": 6012,
            "quarantined": 3,
            "dropped": 0,
            "by_rule": {"missing_customer": 1, "unreadable_date": 1, "unreadable_amount": 1},
            "customers": len(table),
            "purchases": 5912,
            "first_day": FIRST_DAY.isoformat(),
            "last_day": "1998-06-30",
        },
        "champion": {
            "name": report_past.CHAMPION,
            "label": report_past.MODELS[report_past.CHAMPION][0],
            "rule": "deviance",
            "why": "mean deviance 2.411 on 5 past days, the lowest of 6 models",
        },
        "total": {
            "clv": total,
            "lower": total * 0.83,
            "upper": total * 1.2,
            "method": "errors of the champion's totals from 5 past day(s), 182 days ahead",
            "historic": float(table["historic_value"].sum()),
            "past": report_past.totals(),
            "by_segment": {
                name: {"clv": clv, "lower": clv * 0.7, "upper": clv * 1.4}
                for name, clv in table.groupby("segment")["clv"].sum().items()
            },
            "past_segments": [
                {"segment": "Champions", "inside": 3, "days": 4},
                {"segment": "Lost", "inside": 4, "days": 4},
            ],
        },
        "coverage": report_past.coverage(),
        "churn": report_past.churn(),
        "insight": report_past.insight(),
        "signal": True,
        "stages": [
            {"name": "read", "seconds": 0.8, "peak_memory_mb": 210.0},
            {"name": "fit and compare", "seconds": 5.31, "peak_memory_mb": 402.0},
            {"name": "score", "seconds": 1.2, "peak_memory_mb": 398.0},
        ],
        "notices": ["as-of: set to 1998-06-30, the last date in the log."],
        "warnings": [],
    } | more


def findings(n: int = 2000, **more: Any) -> Findings:
    """A usual run; ``more`` replaces fields of Findings."""
    table = more.pop("forecasts", None)
    table = forecasts(n) if table is None else table
    usual = Findings(
        manifest=manifest(table),
        readiness=readiness(),
        leaderboard=report_past.leaderboard(),
        forecasts=table,
        holdout=report_past.holdout(),
        tracking=tracking(),
        quarantine=quarantine(),
    )
    return dataclasses.replace(usual, **more)


def changed(found: Findings, **more: Any) -> Findings:
    """With other values in its manifest."""
    return dataclasses.replace(found, manifest=found.manifest | more)


def no_holdout(found: Findings) -> Findings:
    """As of a log too short to hide a part of it."""
    manifest = found.manifest | {"coverage": None, "churn": {}, "insight": None}
    manifest["total"] = manifest["total"] | {"lower": None, "upper": None, "past": []}
    return dataclasses.replace(
        found,
        manifest=manifest,
        leaderboard={"rule": "none", "holdout": None, "rows": []},
        holdout=found.holdout.head(0),
        tracking=found.tracking.assign(expected=np.nan),
    )
