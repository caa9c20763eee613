"""Frames to the figures a chart is drawn from: aggregates only, never one customer's row."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clv.evaluation import metrics
from clv.evaluation.report.wording import as_day, number

if TYPE_CHECKING:
    from clv.core.types import Floats, Json

MOST_BINS = 16
MOST_DAYS = 400


def floats(column: pd.Series[Any]) -> Floats:
    """(n,) the column as floats, NaN where it is empty."""
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _steps(low: float, high: float) -> list[float]:
    """Edges 1, 2, 5, 10, 20, 50 ... from below ``low`` to above ``high``; both positive."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    edges = [m * 10.0**e for e in range(first, last + 1) for m in (1, 2, 5)]
    start = max(i for i, edge in enumerate(edges) if edge <= low * (1 + 1e-12))
    stop = next((i for i, edge in enumerate(edges) if edge > high), len(edges) - 1)
    return edges[start : stop + 1]


def _even_steps(low: float, high: float, about: int = 10) -> list[float]:
    """Edges an even 1, 2 or 5 apart from below ``low`` to above ``high``."""
    width = (high - low) / about or max(abs(high), 1.0) / about
    power = 10.0 ** math.floor(math.log10(width))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= width * (1 - 1e-9))
    start = math.floor(low / step)
    stop = math.floor(high / step) + 1
    return [i * step for i in range(start, stop + 1)]


def _inner_edges(positive: Floats) -> list[float]:
    """Round amounts that divide the positive values into at most MOST_BINS bands."""
    if len(positive) == 0:
        return []
    low, high = (float(q) for q in np.quantile(positive, (0.02, 0.995)))
    edges = _steps(low, high) if high > 20 * low else _even_steps(low, high)
    smallest, largest = float(positive.min()), float(positive.max())
    # The outermost bands stay open, so that nobody is left out of the count.
    return [e for e in edges[1:-1] if smallest < e <= largest][1 - MOST_BINS :]


def _band_labels(inner: list[float]) -> list[str]:
    if not inner:
        return ["more than 0"]
    step = min(np.diff(inner), default=inner[0])
    names = [number(e, min(6, max(0, -math.floor(math.log10(step) + 1e-9)))) for e in inner]
    between = [f"{a}–{b}" for a, b in pairwise(names)]
    return [f"under {names[0]}", *between, f"{names[-1]} or more"]


def value_bins(clv: Floats) -> Json | None:
    """How many customers, and how much of the value, lie in each band of CLV.

    Parameters
    ----------
    clv : (n,) expected value of each customer, in the log's currency

    Returns
    -------
    ``labels``, ``customers`` and ``value`` (n_bins,): shares of all customers and of the summed
    CLV; ``counts`` (n_bins,); None without customers or where all have the same value
    """
    if len(clv) == 0 or clv.min() == clv.max():
        return None
    inner = _inner_edges(clv[clv > 0])
    labels = ["0" if clv.min() >= 0 else "0 or less", *_band_labels(inner)]
    bands = np.where(clv > 0, 1 + np.searchsorted(inner, clv, side="right"), 0)
    counts = np.bincount(bands, minlength=len(labels))
    value = np.bincount(bands, weights=clv, minlength=len(labels)).astype(np.float64)
    total = value.sum()
    shares = value / total if total > 0 else np.zeros_like(value)
    first = 0 if counts[0] else 1
    return {
        "labels": labels[first:],
        "customers": jsonable(counts[first:].astype(np.float64) / len(clv)),
        "value": jsonable(shares[first:]),
        "counts": counts[first:].tolist(),
    }


def lorenz(clv: Floats) -> Json | None:
    """The share of all value held by the most valuable share of customers.

    Parameters
    ----------
    clv : (n,) expected value of each customer, in the log's currency

    Returns
    -------
    ``customers`` and ``value`` (101,) cumulative shares from the most valuable customer down,
    and ``top_decile``, the share of the first tenth; None where there is no value to share
    """
    if len(clv) == 0 or clv.sum() <= 0:
        return None
    held = np.concatenate([[0.0], np.cumsum(np.sort(clv)[::-1])])
    at = np.linspace(0, 1, 101)
    shares = np.interp(at, np.linspace(0, 1, len(held)), held / held[-1])
    return {
        "customers": np.round(at, 2).tolist(),
        "value": np.round(shares, 5).tolist(),
        "top_decile": float(shares[10]),
    }


def tracking_lines(tracking: pd.DataFrame, cut_off: Any) -> Json | None:
    """Cumulative repeat purchases by day, actual and expected, thinned to what a chart can show.

    Parameters
    ----------
    tracking : day, actual, expected
    cut_off : last day the expectation had seen, or None

    Returns
    -------
    ``days`` as ISO text, ``actual``, ``expected`` (None where the model did not say),
    ``cut_off``, and ``gap``: expected over actual after the cut-off, less one
    """
    if tracking.empty:
        return None
    rows = tracking.reset_index(drop=True)
    keep = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_DAYS)).round().astype(int))
    shown = rows.iloc[keep]
    actual, expected = floats(rows["actual"]), floats(rows["expected"])
    cut = as_day(cut_off)
    days = [as_day(d) for d in shown["day"]]
    gap = None
    if cut is not None and np.isfinite(expected).any():
        before = np.array([(d := as_day(v)) is not None and d <= cut for v in rows["day"]])
        if before.any() and not before.all():
            last = int(np.flatnonzero(before)[-1])
            grown = actual[-1] - actual[last]
            foreseen = expected[-1] - expected[last]
            gap = float(foreseen / grown - 1) if grown > 0 and np.isfinite(foreseen) else None
    return {
        "days": [d.isoformat() if d else None for d in days],
        "actual": jsonable(actual[keep]),
        "expected": jsonable(expected[keep]),
        "has_expected": bool(np.isfinite(expected).any()),
        "cut_off": cut.isoformat() if cut else None,
        "gap": gap,
    }


def deciles(holdout: pd.DataFrame) -> Json | None:
    """Mean predicted and actual value of ten equal groups, the highest predicted first.

    Parameters
    ----------
    holdout : predicted and actual, in the log's currency, one row a customer

    Returns
    -------
    ``labels``, ``predicted``, ``actual``, ``customers`` (n_groups,): ten groups, or one a customer
    where there are fewer; None for an empty holdout
    """
    if holdout.empty:
        return None
    predicted, actual, customers = metrics.deciles(
        floats(holdout["actual"]), floats(holdout["predicted"])
    )
    return {
        "labels": [str(i) for i in range(1, len(customers) + 1)],
        "predicted": jsonable(predicted[::-1]),
        "actual": jsonable(actual[::-1]),
        "customers": customers[::-1].tolist(),
    }


def jsonable(values: Floats) -> list[float | None]:
    """The values, None in place of NaN and infinity, which JSON does not know."""
    return [round(float(v), 4) if math.isfinite(v) else None for v in values]
