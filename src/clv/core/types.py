"""Units in the type: a day, a horizon, what spend is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clv.core.errors import SettingError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
#: One number for all customers, or (n,) where covariates make them differ.
Parameter = float | Floats
Json = dict[str, Any]

DAYS_PER_WEEK = 7
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, order=True)
class AsOf:
    """The last day observed, inclusive. Nothing later may reach a feature or a fit."""

    day: date

    @classmethod
    def parse(cls, text: str) -> AsOf:
        try:
            return cls(date.fromisoformat(text))
        except ValueError:
            raise SettingError(f"as-of: {text!r} is not a day. Write it as YYYY-MM-DD.") from None

    def minus(self, days: int) -> AsOf:
        return AsOf(self.day - timedelta(days=days))

    def plus(self, days: int) -> AsOf:
        return AsOf(self.day + timedelta(days=days))

    def __str__(self) -> str:
        return self.day.isoformat()


@dataclass(frozen=True, order=True)
class Horizon:
    """How far ahead a forecast looks: the days in (as_of, as_of + n_days]."""

    n_days: int

    def __post_init__(self) -> None:
        if not 1 <= self.n_days <= 36_525:
            raise SettingError(f"horizon: {self.n_days} days is outside 1 to 36525 (a century).")

    @classmethod
    def days(cls, n: int) -> Horizon:
        return cls(n)

    @classmethod
    def weeks(cls, n: int) -> Horizon:
        return cls(n * DAYS_PER_WEEK)

    def __str__(self) -> str:
        return f"{self.n_days} day{'s' * (self.n_days != 1)}"


@dataclass(frozen=True)
class Money:
    """What a unit of spend is worth: the share kept as margin, and the price of waiting.

    CLV is margin times spend, discounted to as_of at ``annual_discount_rate``.
    """

    margin: float = 1.0
    annual_discount_rate: float = 0.0
    currency: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.margin <= 1:
            raise SettingError(f"margin: {self.margin:g} is outside (0, 1]. Write 30 % as 0.3.")
        if not 0 <= self.annual_discount_rate < 10:
            raise SettingError(
                f"annual discount rate: {self.annual_discount_rate:g} is outside [0, 10)."
                " Write 10 % as 0.1."
            )

    def discount(self, days: Floats | float) -> Floats:
        """Present value at as_of of one unit received after ``days`` days."""
        years = np.asarray(days, dtype=np.float64) / DAYS_PER_YEAR
        return np.asarray((1.0 + self.annual_discount_rate) ** -years, dtype=np.float64)
