"""Columns as numbers, and the figures of a log that tables of customers often repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import rankdata

if TYPE_CHECKING:
    from clv.core.types import Floats
    from clv.features.book import History

AGE = "the days since the first purchase"


def is_date(column: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column)


def is_text(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column) and not is_date(column)


def numbers(column: pd.Series) -> Floats:
    """(n,) numbers, or days since 1970; NaN where absent."""
    if is_date(column):
        days = column.to_numpy().astype("datetime64[D]")
        return np.where(np.isnat(days), np.nan, days.astype(np.float64))
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def floats(history: History, name: str) -> Floats:
    return history.frame[name].to_numpy(dtype=np.float64)


def ranks(values: Floats) -> Floats:
    """(n,) in (0, 1], ties at their mean."""
    return np.asarray(rankdata(values) / len(values))


def totals(history: History) -> dict[str, Floats]:
    """(n,) figures of the log that a table of customers often repeats."""
    T, days, spent = (floats(history, name) for name in ("T", "x", "total_value"))
    quiet = T - floats(history, "t_x")
    return {
        "the number of purchases": days + 1,
        "the spend": spent,
        "the spend per purchase": spent / (days + 1),
        "the days since the last purchase": quiet,
        AGE: T,
        "the purchases per day": (days + 1) / (T + 1),
        "the spend per day": spent / (T + 1),
    }
