"""Figures and days as a reader writes them."""

from __future__ import annotations

import calendar
import math
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

DASH = "–"
MINUS = "−"
SPACE = "\u00a0"


def absent(value: Any) -> bool:
    """Whether there is no figure or day to write."""
    if value is None or value is pd.NaT or value is pd.NA:
        return True
    return isinstance(value, float) and math.isnan(value)


def decimals(values: Any) -> int:
    """Decimals that leave the largest of the values about four digits.

    Parameters
    ----------
    values : (n,) amounts of one column; NaN ignored
    """
    sizes = np.abs(np.asarray(values, dtype=np.float64))
    sizes = sizes[np.isfinite(sizes)]
    largest = float(sizes.max()) if len(sizes) else 0.0
    if largest >= 1000 or largest == 0:
        return 0
    return 2 if largest >= 1 else 4


def number(value: Any, places: int = 0) -> str:
    """Thousands separated, a true minus, a dash where there is no figure."""
    if absent(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{abs(value):,.{places}f}"
    return f"{MINUS}{text}" if value < 0 and text.strip("0.,") else text


def amount(value: Any, currency: str | None, places: int | None = None) -> str:
    """A number in front of which the currency's code stands, where it is known."""
    text = number(value, decimals([value]) if places is None and not absent(value) else places or 0)
    return text if absent(value) or not currency else f"{currency}{SPACE}{text}"


def percent(share: Any, places: int | None = None) -> str:
    """0.071 as 7.1 %; never 0 or 100 where it is not quite that."""
    if absent(share):
        return DASH
    if 0 < abs(share) < 0.0005:
        return f"under 0.1{SPACE}%"
    if 0.9995 <= share < 1:
        return f"over 99.9{SPACE}%"
    if share == 0:
        return f"0{SPACE}%"
    if places is None:
        places = 1 if 0 < abs(share) < 0.0995 or 0.995 <= abs(share) < 1 else 0
    return f"{number(100 * share, places)}{SPACE}%"


def as_day(value: Any) -> date | None:
    """A date from a date, a timestamp or ISO text; None where there is none."""
    if absent(value):
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(str(value)[:10])


def day(value: Any, *, short: bool = False) -> str:
    """30 June 1998, or 30 Jun 1998."""
    when = as_day(value)
    if when is None:
        return DASH
    month = calendar.month_name[when.month]
    return f"{when.day}{SPACE}{month[:3] if short else month}{SPACE}{when.year}"


def duration(seconds: Any) -> str:
    """0.8 s, 12 s, 2 min 5 s."""
    if absent(seconds):
        return DASH
    if seconds < 10:
        return f"{number(seconds, 2 if seconds < 1 else 1)}{SPACE}s"
    if seconds < 60:
        return f"{number(seconds)}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,}{SPACE}min {rest}{SPACE}s"


def size(n_bytes: Any) -> str:
    """Bytes in the largest unit that keeps a digit before the point."""
    if absent(n_bytes):
        return DASH
    value = float(n_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{number(value, 0 if unit == 'bytes' or value >= 100 else 1)}{SPACE}{unit}"
        value /= 1000
    raise AssertionError


def count(n: Any, noun: str, plural: str | None = None) -> str:
    """1 customer, 23,570 customers."""
    return f"{number(n)} {noun if n == 1 else plural or noun + 's'}"


def sentence(text: Any) -> str:
    """The text with a capital in front and a stop at its end."""
    said = "" if absent(text) else str(text).strip()
    if not said:
        return ""
    return said[0].upper() + said[1:] + ("" if said[-1] in ".!?…" else ".")


def clipped(text: Any, longest: int = 160) -> str:
    """The text, its middle left out where it is longer than a table can take."""
    whole = "" if absent(text) else str(text)
    if len(whole) <= longest:
        return whole
    tail = longest // 4
    return f"{whole[: longest - tail - 3]} … {whole[-tail:]}"
