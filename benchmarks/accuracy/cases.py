"""Logs, and the days on them to stand on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from clv.core.types import AsOf, Horizon

Kind = Literal["real", "fresh", "seen", "silent", "long"]


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
    kind : "real"; "fresh" of a made-up shop that is only scored; "seen" of one that was looked at
        while `clv` was built; "silent" of a log without signal; "long" of a horizon of twice the
        window learned from, on which nobody else is asked
    """

    log: str
    path: Path
    cutoff: AsOf
    horizon: Horizon
    kind: Kind = "real"

    @property
    def end(self) -> AsOf:
        """Last day of the window."""
        return self.cutoff.plus(self.horizon.n_days)

    @property
    def row(self) -> str:
        """Log and horizon: what figures are averaged over days of."""
        return f"{self.log}, {self.horizon}"

    def holds(self, other: Case) -> bool:
        """The other's window is within this one, and shorter."""
        within = self.cutoff <= other.cutoff and other.end <= self.end
        return self.log == other.log and within and self.horizon != other.horizon


def cases(made: Path, *, seen: bool = False) -> list[Case]:
    """Every case.

    Parameters
    ----------
    made : folder with the made-up shops' logs
    seen : those of shops that were looked at besides, which tell less
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
        *_shops(made, FRESH, "fresh"),
        *_at("CDNOW", cdnow, 182, "1997-09-30", kind="long"),
        *_at("Online Retail", retail, 148, "2011-07-12", kind="long"),
        *_at("Purchases 2005-2015", bought, 1_460, "2010-12-31", kind="long"),
        *_at("Coffee vending", coffee, 154, "2024-10-18", kind="long"),
        *_shops(made, FRESH_LONG, "long"),
        *(_shops(made, SEEN, "seen") if seen else []),
    ]


Days = dict[str, tuple[int, tuple[str, ...]]]

#: Of each made-up shop the horizon and the days to stand on.
FRESH: Days = {
    "gifts": (180, ("2022-12-31", "2023-03-31", "2023-07-03")),
    "weekly": (91, ("2022-03-31", "2022-06-30", "2022-09-28")),
    "doubling": (60, ("2022-04-30", "2022-06-15", "2022-07-31")),
    "accounts": (180, ("2023-06-30", "2023-12-31", "2024-07-02")),
}
#: A third of what is known by the day is the window that intervals are learned from.
FRESH_LONG: Days = {
    "gifts": (438, ("2022-10-19",)),
    "weekly": (290, ("2022-03-12",)),
    "doubling": (256, ("2022-01-19",)),
    "accounts": (580, ("2023-05-26",)),
}
SEEN: Days = {
    "hotel": (365, ("2023-12-31",)),
    "grocery": (90, ("2022-04-05",)),
    "growth": (90, ("2022-10-02",)),
    "business": (180, ("2023-07-05",)),
}


def _shops(made: Path, days: Days, kind: Kind) -> list[Case]:
    return [
        case
        for shop, (horizon, cutoffs) in days.items()
        for case in _at(f"made: {shop}", made / f"{shop}.parquet", horizon, *cutoffs, kind=kind)
    ]


def _at(log: str, path: Path, horizon: int, *cutoffs: str, kind: Kind = "real") -> list[Case]:
    return [
        Case(log, path, AsOf(date.fromisoformat(day)), Horizon(horizon), kind=kind)
        for day in cutoffs
    ]
