"""Real logs, and the days on them to stand on."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from clv.core.types import AsOf, Horizon


def data() -> Path:
    """Where the logs are; see the documentation of `CLV_DATA_DIR`."""
    return Path(os.environ.get("CLV_DATA_DIR", "../shared/data"))


@dataclass(frozen=True)
class Case:
    """A log, cut at a day, with the days after it known.

    Attributes
    ----------
    log : name in the tables
    file : under the folder of logs
    options : of `clv run`, besides as_of and horizon
    real : False for a log that has no signal, which is judged apart
    """

    log: str
    file: str
    cutoff: AsOf
    horizon: Horizon
    options: dict[str, Any] = field(default_factory=dict)
    real: bool = True

    @property
    def path(self) -> Path:
        return data() / self.file


def _cases(
    log: str, file: str, horizon: int, *cutoffs: str, real: bool = True, **options: Any
) -> list[Case]:
    return [
        Case(log, file, AsOf(date.fromisoformat(day)), Horizon(horizon), options, real)
        for day in cutoffs
    ]


CDNOW, RETAIL = "CDNOW", "Online Retail"
PURCHASES, COFFEE, STUDY = "Purchases 2005-2015", "Coffee vending", "Retail case study"
CASES = (
    *_cases(CDNOW, "cdnow/transactions.parquet", 273, "1997-09-30"),
    *_cases(
        *(CDNOW, "cdnow/transactions.parquet", 90),
        *("1997-09-30", "1997-12-31", "1998-03-31"),
    ),
    *_cases(
        *(RETAIL, "online_retail/orders.parquet", 90),
        *("2011-06-11", "2011-07-26", "2011-09-10"),
    ),
    *_cases(
        *(PURCHASES, "purchases_2005_2015/transactions.parquet", 365),
        *("2012-12-31", "2013-12-31", "2014-12-31"),
    ),
    *_cases(
        *(COFFEE, "coffee_vending/transactions.parquet", 45),
        *("2024-12-22", "2025-01-22", "2025-02-06"),
    ),
    *_cases(
        *(STUDY, "retail_case_study/transactions.parquet", 180),
        *("2012-12-31", "2013-06-30", "2013-08-31"),
        real=False,
    ),
)
