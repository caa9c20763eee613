"""Logs, and the days on them to stand on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from clv.core.types import AsOf, Horizon

Kind = Literal["real", "made", "silent"]


def data() -> Path:
    """Where the logs are; see the documentation of `CLV_DATA_DIR`."""
    return Path(os.environ.get("CLV_DATA_DIR", "../shared/data"))


@dataclass(frozen=True)
class Case:
    """A log, cut at a day, with the days after it known.

    Attributes
    ----------
    log : name in the tables
    path : of the file
    kind : "real"; "made" of a shop nobody was tuned to; "silent" of a log without signal
    """

    log: str
    path: Path
    cutoff: AsOf
    horizon: Horizon
    kind: Kind = "real"


def cases(made: Path) -> list[Case]:
    """Every case.

    Parameters
    ----------
    made : folder with the made-up shops' logs
    """
    cdnow, retail = data() / "cdnow/transactions.parquet", data() / "online_retail/orders.parquet"
    bought = data() / "purchases_2005_2015/transactions.parquet"
    coffee = data() / "coffee_vending/transactions.parquet"
    study = data() / "retail_case_study/transactions.parquet"
    return [
        *_at("CDNOW", cdnow, 273, "1997-09-30"),
        *_at("CDNOW", cdnow, 90, "1997-09-30", "1997-12-31", "1998-03-31"),
        *_at("Online Retail", retail, 90, "2011-06-11", "2011-07-26", "2011-09-10"),
        *_at("Purchases 2005-2015", bought, 365, "2012-12-31", "2013-12-31", "2014-12-31"),
        *_at("Coffee vending", coffee, 45, "2024-12-22", "2025-01-22", "2025-02-06"),
        *_at(
            *("Retail case study", study, 180, "2012-12-31", "2013-06-30", "2013-08-31"),
            kind="silent",
        ),
        *(
            case
            for shop, (horizon, *days) in MADE.items()
            for case in _at(f"made: {shop}", made / f"{shop}.parquet", horizon, *days, kind="made")
        ),
    ]


#: Of each made-up shop the horizon and the days to stand on.
MADE: dict[str, tuple[int, str, str, str]] = {
    "hotel": (365, "2022-12-31", "2023-06-30", "2023-12-31"),
    "grocery": (90, "2021-12-31", "2022-02-28", "2022-04-05"),
    "growth": (90, "2022-03-31", "2022-06-30", "2022-10-02"),
    "business": (180, "2022-12-31", "2023-04-30", "2023-07-05"),
}


def _at(log: str, path: Path, horizon: int, *cutoffs: str, kind: Kind = "real") -> list[Case]:
    return [
        Case(log, path, AsOf(date.fromisoformat(day)), Horizon(horizon), kind=kind)
        for day in cutoffs
    ]
