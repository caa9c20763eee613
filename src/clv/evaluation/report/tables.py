"""Frames to the tables of the report: segments, matrix, customers worth a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv.evaluation.report.charts import floats

if TYPE_CHECKING:
    from clv.core.types import Bools, Floats, Json

N_LISTED = 20
#: Below this chance a word comes too late: listing such customers would only mourn them.
GONE = 0.05


@dataclass(frozen=True)
class Matrix:
    """Customers by segment and CLV level.

    Attributes
    ----------
    segments, levels : names of rows and columns
    customers : (n_segments, n_levels) how many
    verdicts : (n_segments, n_levels) the mismatch of the cell, "" where nobody is in it
    shares : verdict -> share of all customers, the most frequent first
    """

    segments: list[str]
    levels: list[str]
    customers: list[list[int]]
    verdicts: list[list[str]]
    shares: dict[str, float]


def segment_rows(forecasts: pd.DataFrame, totals: Json | None = None) -> list[Json]:
    """One row a segment, the highest RFM score first.

    Parameters
    ----------
    forecasts : the table FORECASTS
    totals : segment -> its total's "lower" and "upper" end; none are told unless given

    Returns
    -------
    segment, customers, customer_share, clv, lower and upper (of clv; None where not told),
    clv_share, mean_clv, p_purchase (NaN where the model does not say), historic_value
    """
    if forecasts.empty:
        return []
    ends = totals or {}
    codes, names = pd.factorize(forecasts["segment"], sort=True)
    n = len(names)
    clv, chance = floats(forecasts["clv"]), floats(forecasts["p_purchase"])
    said = np.isfinite(chance)
    customers = np.bincount(codes, minlength=n)
    value = np.bincount(codes, weights=clv, minlength=n)
    historic = np.bincount(codes, weights=floats(forecasts["historic_value"]), minlength=n)
    score = np.bincount(codes, weights=floats(forecasts["rfm_score"]), minlength=n) / customers
    n_said = np.bincount(codes, weights=said, minlength=n)
    chance_sum = np.bincount(codes, weights=np.where(said, chance, 0.0), minlength=n)
    total = float(value.sum())
    return [
        {
            "segment": str(names[i]),
            "customers": int(customers[i]),
            "customer_share": float(customers[i] / customers.sum()),
            "clv": float(value[i]),
            **{end: ends.get(str(names[i]), {}).get(end) for end in ("lower", "upper")},
            "clv_share": float(value[i] / total) if total > 0 else 0.0,
            "mean_clv": float(value[i] / customers[i]),
            "p_purchase": float(chance_sum[i] / n_said[i]) if n_said[i] else float("nan"),
            "historic_value": float(historic[i]),
        }
        for i in np.argsort(-score, kind="stable")
    ]


def matrix(forecasts: pd.DataFrame, rows: list[str]) -> Matrix | None:
    """Customers counted by segment and CLV level.

    Parameters
    ----------
    forecasts : the table FORECASTS
    rows : the segments, in the order wanted

    Returns
    -------
    levels by rising mean CLV; None without customers
    """
    if forecasts.empty:
        return None
    level_codes, level_names = pd.factorize(forecasts["clv_level"], sort=True)
    says, verdict_names = pd.factorize(forecasts["mismatch"], sort=True)
    segment_codes = pd.Index(rows).get_indexer(pd.Index(forecasts["segment"].astype(object)))
    n_levels, n_verdicts = len(level_names), len(verdict_names)
    worth = np.bincount(level_codes, weights=floats(forecasts["clv"])) / np.bincount(level_codes)
    order = np.argsort(worth, kind="stable")
    cell = (segment_codes * n_levels + level_codes) * n_verdicts + says
    cube = np.bincount(cell, minlength=len(rows) * n_levels * n_verdicts)
    cube = cube.reshape(len(rows), n_levels, n_verdicts)[:, order, :]
    customers = cube.sum(axis=2)
    usual = cube.argmax(axis=2)
    totals = cube.sum(axis=(0, 1))
    return Matrix(
        segments=rows,
        levels=[str(level_names[i]) for i in order],
        customers=customers.tolist(),
        verdicts=[
            [str(verdict_names[v]) if c else "" for v, c in zip(vs, cs, strict=True)]
            for vs, cs in zip(usual, customers, strict=True)
        ],
        shares={
            str(verdict_names[i]): float(totals[i] / totals.sum())
            for i in np.argsort(-totals, kind="stable")
        },
    )


def _largest(values: Floats, among: Bools, n: int) -> list[int]:
    """Positions of the n largest values among those allowed; ties in the order of the rows."""
    allowed = np.flatnonzero(among)
    if len(allowed) > n:
        floor = np.partition(values[allowed], len(allowed) - n)[len(allowed) - n]
        allowed = allowed[values[allowed] >= floor]
    return [int(i) for i in allowed[np.argsort(-values[allowed], kind="stable")][:n]]


def most_valuable(forecasts: pd.DataFrame) -> pd.DataFrame:
    """The customers with the highest CLV, at most 20, the highest first."""
    clv = floats(forecasts["clv"])
    return forecasts.iloc[_largest(clv, clv > 0, N_LISTED)]


@dataclass(frozen=True)
class AtRisk:
    """Customers who spent much and may be leaving.

    Attributes
    ----------
    rows : at most 20, by falling historic value
    rule : what makes them at risk, in words that follow "customers with"
    gone : customers who spent as much but whose chance is below GONE
    """

    rows: pd.DataFrame
    rule: str
    gone: int


def at_risk(forecasts: pd.DataFrame) -> AtRisk:
    """Those above the median of spend whose chance of coming back lies in [GONE, 1/2).

    The chance is P(alive), else P(purchase) where the model gives no P(alive); where it gives
    neither, the two lowest recency scores stand for it.
    """
    spent = floats(forecasts["historic_value"])
    valued = spent > 0
    if len(spent):
        valued &= spent >= np.median(spent)
    for column, event in (
        ("p_alive", "of still being a customer"),
        ("p_purchase", "of buying within the horizon"),
    ):
        chance = floats(forecasts[column])
        if np.isfinite(chance).any():
            leaving = (chance >= GONE) & (chance < 0.5)
            rows = forecasts.iloc[_largest(spent, leaving & valued, N_LISTED)]
            rule = f"a chance of {100 * GONE:.0f} to 50 % {event}"
            return AtRisk(rows, rule, int((valued & (chance < GONE)).sum()))
    leaving = floats(forecasts["rfm_r"]) <= 2
    rows = forecasts.iloc[_largest(spent, leaving & valued, N_LISTED)]
    return AtRisk(rows, "a last purchase among the oldest 40 %", 0)
