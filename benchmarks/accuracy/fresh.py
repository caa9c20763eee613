"""Made-up shops that are scored and nothing else.

Their seeds and settings were written down before any forecast of them was scored, and no choice in
`clv` rests on them. Whoever lets one rest on them moves the shop to `made` and draws another here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from benchmarks.accuracy.made import YEAR, Rng, as_table, renewals
from clv.core.types import Floats

FIRST_SEED = 4_001


def gifts(rng: Rng) -> pa.Table:
    """Three years of presents: most buy once, some each December, a few all year."""
    n, days = 12_000, 1_096
    kind = rng.choice(3, n, p=(0.88, 0.09, 0.03))
    first = _in_season(rng, n, days - 30)
    mean_gap = np.array([4_000.0, 365.0, 45.0])[kind] * rng.lognormal(0.0, 0.3, n)
    stays = rng.exponential(np.array([900.0, 1_500.0, 400.0])[kind])
    customer, day = renewals(rng, first, mean_gap, np.array([1.0, 20.0, 1.5])[kind], stays, days)
    level = np.array([38.0, 60.0, 25.0])[kind] * rng.lognormal(0.0, 0.6, n)
    return as_table(customer, day, level[customer] * rng.lognormal(-0.08, 0.4, len(day)))


def weekly(rng: Rng) -> pa.Table:
    """Two years of groceries: a basket a week, on holiday twice, prices rising, some drop off."""
    n, days = 1_800, 728
    mean_gap = 7.0 * rng.lognormal(0.1, 0.35, n)
    first = np.floor(rng.beta(0.8, 1.6, n) * 500.0)
    stays = rng.weibull(0.8, n) * 500.0
    customer, day = renewals(rng, first, mean_gap, np.full(n, 6.0), stays, days)
    kept = np.ones(len(day), dtype=bool)
    for length in (10, 30):
        away = rng.integers(0, days, n)[customer]
        kept &= (day < away) | (day >= away + length)
    kept |= day == first[customer]
    customer, day = customer[kept], day[kept]
    dearer = 1.0 + 0.08 * day / YEAR
    basket = 62.0 * rng.gamma(4.0, 0.25, n)[customer] * dearer
    return as_table(customer, day, basket * rng.gamma(6.0, 1.0 / 6.0, len(day)))


def doubling(rng: Rng) -> pa.Table:
    """An app that doubles every three months: most use it free, plans cost 5, 12 or 40 a month."""
    n, days = 9_000, 640
    doublings = days / 95.0
    first = np.floor(days * np.log2(1.0 + rng.random(n) * (2.0**doublings - 1.0)) / doublings)
    plan = rng.choice(4, n, p=(0.78, 0.12, 0.07, 0.03))
    mean_gap = np.where(plan == 0, 18.0, 15.0) * rng.lognormal(0.0, 0.7, n)
    stays = rng.gamma(0.6, np.array([80.0, 250.0, 300.0, 500.0])[plan])
    customer, day = renewals(rng, first, mean_gap, np.full(n, 1.2), stays, days)
    trial = day < first[customer] + 14
    paid = (plan[customer] > 0) & ~trial & (rng.random(len(day)) < 0.45)
    price = np.array([0.0, 5.0, 12.0, 40.0])[plan[customer]]
    return as_table(customer, day, np.where(paid, price, 0.0))


def accounts(rng: Rng) -> pa.Table:
    """Four years of 800 accounts: orders by contract, projects in between, a few giants."""
    n, days = 800, 1_461
    mean_gap = rng.choice([14.0, 30.0, 91.0], n, p=(0.2, 0.5, 0.3)) * rng.lognormal(0.0, 0.25, n)
    first = rng.integers(0, 1_300, n).astype(np.float64)
    stays = rng.exponential(1_100.0, n)
    customer, day = renewals(rng, first, mean_gap, np.full(n, 10.0), stays, days)
    size = 400.0 * (1.0 + rng.pareto(1.3, n))
    project = np.where(rng.random(len(day)) < 0.05, 6.0, 1.0)
    trend = rng.normal(0.05, 0.25, n)[customer] * (day - first[customer]) / YEAR
    value = size[customer] * project * np.exp(trend)
    return as_table(customer, day, value * rng.lognormal(-0.12, 0.5, len(day)))


SHOPS: dict[str, Callable[[Rng], pa.Table]] = {
    "gifts": gifts,
    "weekly": weekly,
    "doubling": doubling,
    "accounts": accounts,
}


def write(folder: Path) -> None:
    """Write each shop's log, the same every time."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, shop) in enumerate(SHOPS.items(), start=FIRST_SEED):
        parquet.write_table(shop(np.random.default_rng(seed)), folder / f"{name}.parquet")


def small(rng: Rng) -> pa.Table:
    """A shop of 300 customers over a year, to try the page on."""
    n, days = 300, 365
    first = rng.integers(0, 250, n).astype(np.float64)
    mean_gap = 25.0 * rng.lognormal(0.0, 0.5, n)
    customer, day = renewals(rng, first, mean_gap, np.full(n, 2.0), rng.exponential(250.0, n), days)
    return as_table(customer, day, 30.0 * rng.lognormal(0.0, 0.5, len(day)))


def _in_season(rng: Rng, n: int, days: int) -> Floats:
    """First days, three times as many late in the year as in the rest of it."""
    late = (np.arange(days) % YEAR) > 305.0
    demand = np.where(late, 3.0, 1.0)
    return rng.choice(days, n, p=demand / demand.sum()).astype(np.float64)
