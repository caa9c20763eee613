"""Made-up shops unlike the real logs, and unlike what any model here assumes of customers.

Rates drift, seasons swing, gaps are regular, spend has heavy tails, and customers pause as well as
leave: nobody is right by construction. They have been looked at since: free orders are modelled as
figures of the growth shop asked for (decision 024). Shops that are only scored are in `fresh`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from clv.core.types import Floats, Ints

Rng = np.random.Generator
YEAR = 365.25
START = date(2021, 1, 1)


def hotel(rng: Rng) -> pa.Table:
    """Four years of guests: most come once, some every summer, a few on business all year."""
    n, days = 20_000, 1_461
    kind = rng.choice(3, n, p=(0.85, 0.11, 0.04))
    mean_gap = np.array([2_500.0, 365.0, 60.0])[kind] * rng.lognormal(0.0, 0.4, n)
    first = _seasonal(rng, n, days, swing=0.6)
    stays = rng.exponential(np.array([1_500.0, 1_200.0, 500.0])[kind])
    customer, day = renewals(rng, first, mean_gap, np.array([1.0, 8.0, 2.0])[kind], stays, days)
    level = np.array([320.0, 450.0, 190.0])[kind] * rng.lognormal(0.0, 0.5, n)
    return as_table(customer, day, level[customer] * rng.lognormal(-0.18, 0.6, len(day)))


def grocery(rng: Rng) -> pa.Table:
    """A year and a half of weekly baskets: regular households that pause, drift and leave."""
    n, days = 2_500, 550
    mean_gap = 7.0 * rng.lognormal(0.35, 0.6, n)
    first = rng.integers(0, 300, n).astype(np.float64)
    stays = rng.exponential(600.0, n)
    customer, day = renewals(rng, first, mean_gap, np.full(n, 3.0), stays, days)
    away = rng.integers(0, days, n)
    kept = (day < away[customer]) | (day >= away[customer] + 21) | (day == first[customer])
    customer, day = customer[kept], day[kept]
    drift = rng.normal(0.0, 0.4, n)[customer] * (day - first[customer]) / YEAR
    basket = 45.0 * rng.lognormal(0.0, 0.45, n)[customer] * np.exp(drift)
    return as_table(customer, day, basket * rng.lognormal(-0.06, 0.35, len(day)))


def growth(rng: Rng) -> pa.Table:
    """Two years of an app that doubles every five months; most orders are free, few ever pay."""
    n, days = 15_000, 730
    first = np.floor(days * np.log2(1.0 + rng.random(n) * (2**4.8 - 1)) / 4.8)
    paying = rng.random(n) < 0.3
    mean_gap = np.where(paying, 12.0, 40.0) * rng.lognormal(0.0, 0.8, n)
    stays = rng.gamma(0.5, np.where(paying, 300.0, 90.0))
    customer, day = renewals(rng, first, mean_gap, np.full(n, 1.0), stays, days)
    paid = paying[customer] & (rng.random(len(day)) < rng.beta(1.5, 2.0, n)[customer])
    value = np.exp(rng.normal(2.0, 1.0, n)[customer] + rng.normal(0.0, 0.5, len(day)))
    return as_table(customer, day, np.where(paid, value, 0.0))


def business(rng: Rng) -> pa.Table:
    """Three years of 700 accounts: monthly orders, sizes a thousandfold apart, yearly budgets."""
    n, days = 700, 1_096
    mean_gap = 30.0 * rng.lognormal(0.0, 0.7, n)
    first = rng.integers(0, 900, n).astype(np.float64)
    stays = rng.exponential(1_400.0, n)
    customer, day = renewals(rng, first, mean_gap, np.full(n, 4.0), stays, days)
    budget = rng.normal(0.0, 0.35, (n, 4)).cumsum(axis=1)
    year = np.minimum(day // 365, 3).astype(np.int64)
    value = 900.0 * rng.lognormal(0.0, 1.5, n)[customer] * np.exp(budget[customer, year])
    return as_table(customer, day, value * rng.lognormal(-0.3, 0.8, len(day)))


SHOPS: dict[str, Callable[[Rng], pa.Table]] = {
    "hotel": hotel,
    "grocery": grocery,
    "growth": growth,
    "business": business,
}


def write(folder: Path) -> None:
    """Write each shop's log, the same every time."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, shop) in enumerate(SHOPS.items()):
        parquet.write_table(shop(np.random.default_rng(seed)), folder / f"{name}.parquet")


def _seasonal(rng: Rng, n: int, days: int, swing: float) -> Floats:
    """First days, more of them in summer than in winter."""
    demand = 1.0 - swing * np.cos(2.0 * np.pi * np.arange(days) / YEAR)
    return rng.choice(days, n, p=demand / demand.sum()).astype(np.float64)


def renewals(
    rng: Rng, first: Floats, mean_gap: Floats, k: Floats, stays: Floats, days: int
) -> tuple[Ints, Ints]:
    """Purchases with gamma gaps of shape k, from the first day for as long as a customer stays."""
    customers, times = [np.arange(len(first))], [first]
    who, now = customers[0], first
    while len(who):
        now = now + rng.gamma(k[who], mean_gap[who] / k[who])
        here = (now < days) & (now <= first[who] + stays[who])
        who, now = who[here], now[here]
        customers.append(who)
        times.append(now)
    customer = np.concatenate(customers)
    return customer, np.floor(np.concatenate(times)).astype(np.int64)


def as_table(customer: Ints, day: Ints, value: Floats) -> pa.Table:
    """The log, by day; days are counted from `START`."""
    order = np.lexsort((customer, day))
    dates = np.datetime64(START) + day[order].astype("timedelta64[D]")
    return pa.table(
        {
            "customer_id": pa.array(customer[order]).cast(pa.string()),
            "order_date": dates,
            "amount": np.round(value[order], 2),
        }
    )
