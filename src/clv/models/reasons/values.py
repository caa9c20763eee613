"""Values of features in writing, a column at a time."""

from __future__ import annotations

import calendar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clv.core.types import Bools, Floats, Ints

#: What is written of a feature that a customer has no value of.
ABSENT = "none"
_WEEKDAYS, _MONTHS = tuple(calendar.day_name), tuple(calendar.month_name)[1:]
#: Unit -> texts of its whole numbers, and the first of them.
_NAMED = {
    "0 or 1": (("no", "yes"), 0),
    "0 Monday to 6 Sunday": (_WEEKDAYS, 0),
    "1 to 12": (_MONTHS, 1),
}
#: Less than this, and yet something, is not written as nothing.
LEAST_SHARE, LEAST_CENT = 0.0005, 0.005
#: Larger numbers are written as this.
_MOST = 1e14


def written(values: Floats, unit: str, currency: str | None) -> pa.Array:
    """Numbers of one feature as texts.

    Parameters
    ----------
    values : (n,) NaN where absent
    unit : of the feature, as the catalogue has it
    currency : code of the log's, where it is known

    Returns
    -------
    (n,) strings, as "EUR 310", "45 %", "3.5" or "March"
    """
    absent = ~np.isfinite(values)
    known = np.clip(np.where(absent, 0.0, values), -_MOST, _MOST)
    if unit in _NAMED:
        texts, first = _NAMED[unit]
        at = np.clip(np.rint(known).astype(np.int64) - first, 0, len(texts) - 1)
        told = pa.array(texts).take(pa.array(at))
    elif unit == "share":
        told = join(_number(100.0 * known), " %")
        told = choose((known > 0) & (known < LEAST_SHARE), pa.scalar("under 0.1 %"), told)
    elif unit.startswith("currency"):
        code = f"{currency} " if currency else ""
        told = join(code, _number(known, cents=True))
        told = choose((known > 0) & (known < LEAST_CENT), pa.scalar(f"under {code}0.01"), told)
    else:
        told = _number(known)
    return choose(absent, pa.array([ABSENT] * len(values), pa.string()), told)


def whole(numbers: Ints) -> pa.Array:
    """(n,) whole numbers, 0 or more, as texts with thousands set apart."""
    told = pc.cast(pa.array(numbers % 1_000), pa.string())
    small = numbers < 1_000
    if small.all():
        return told
    return choose(small, told, join(whole(numbers // 1_000), ",", pc.utf8_lpad(told, 3, "0")))


def join(*parts: str | pa.Array) -> pa.Array:
    """Texts one after another; absent where one of them is."""
    return pc.binary_join_element_wise(*parts, "")


def choose(condition: Bools, yes: pa.Array, no: pa.Array) -> pa.Array:
    """The one text where the condition holds, else the other."""
    return pc.if_else(pa.array(condition), yes, no)


def _number(values: Floats, *, cents: bool = False) -> pa.Array:
    """Two digits where there are no more before the point: 310, 24, 3.5, 0.45; amounts 3.50."""
    size = np.abs(values)
    if cents:
        places = np.where(size >= 9.995, 0, 2)
    else:
        places = np.where(size >= 9.95, 0, np.where(size >= 0.995, 1, 2))
    hundredths = (np.rint(size * 10.0**places) * 10.0 ** (2 - places)).astype(np.int64)
    behind = _CENTS if cents else _DECIMALS
    told = join(whole(hundredths // 100), behind.take(pa.array(hundredths % 100)))
    return choose((values < 0) & (hundredths > 0), join("-", told), told)


_CENTS = pa.array(["", *(f".{i:02d}" for i in range(1, 100))])
_DECIMALS = pa.array(["", *(f".{i:02d}".rstrip("0") for i in range(1, 100))])
