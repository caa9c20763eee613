"""Every tenth of CDNOW's customers on four past days: what models said, and what came."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from clv.core.schema import TRANSACTIONS
from clv.core.types import AsOf, Horizon
from clv.evaluation.backtest import rolling, run_trial
from clv.features.book import Book
from clv.features.ledger import Ledger
from clv.models import registry
from clv.models.ensemble import Ensemble
from docs.figures import logs

if TYPE_CHECKING:
    from clv.evaluation.backtest import Trial

#: Few members and one past day to weigh them on: what `clv run` does has more of both.
MEMBERS = ("mbgcnbd", "paretonbd", "naive_rate", "hurdle")
BESIDE = ("mbgnbd", "paretonbd", "naive_rate")
EVERY, DAYS, ORIGINS = 10, 90, 4
LAST_DAY = AsOf(dt.date(1998, 6, 30))


@cache
def book() -> Book:
    days = logs.cdnow()
    some = days[days["customer_id"].isin(days["customer_id"].unique()[::EVERY])]
    table = pa.table(
        {
            "line": pa.array(range(len(some)), pa.int64()),
            "customer_id": some["customer_id"].tolist(),
            "date": pa.array(some["date"].dt.date, pa.date32()),
            "amount": pa.array(some["amount"].round(2)).cast(TRANSACTIONS.field("amount").type),
        }
    )
    engine = ibis.duckdb.connect()
    return Book.open(Ledger.of(engine.create_table("transactions", table), engine), LAST_DAY)


@cache
def trials() -> list[Trial]:
    """The ensemble and some models beside it, the earliest day first."""
    origins = rolling(AsOf(book().first_day), LAST_DAY, Horizon(DAYS), ORIGINS)
    fresh = {name: (lambda name=name: registry.make(name, 0)) for name in BESIDE}
    fresh["ensemble"] = lambda: Ensemble(MEMBERS, days=1)
    return [run_trial(book(), origin, fresh) for origin in origins]


def day(trial: Trial) -> str:
    """Its cut-off as 17 Nov."""
    return f"{trial.origin.cutoff.day:%-d %b}"
