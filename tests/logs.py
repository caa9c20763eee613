"""A small log with everything a run needs: one-timers, repeaters, returns, channels."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np

FIRST, DAYS, CUSTOMERS = date(2023, 1, 1), 540, 400


def write_log(path: Path, seed: int = 7, customers: int = CUSTOMERS) -> Path:
    """customer_id, order_date, amount, channel: about three orders a customer, some returned."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        rate, lifetime = rng.gamma(0.9, 1 / 60), rng.exponential(400)
        spend, channel = rng.gamma(4, 10), rng.choice(["WEB", "Direct", "Corporate"])
        start = rng.integers(0, DAYS - 60)
        at = float(start)
        while at < min(DAYS, start + lifetime):
            day = FIRST + timedelta(days=int(at))
            amount = round(spend * rng.gamma(3, 1 / 3) + 0.5, 2)
            rows.append((f"{number:05d}", day.isoformat(), amount, channel))
            if at > start and rng.random() < 0.02:
                rows.append((f"{number:05d}", day.isoformat(), -amount, channel))
            at += rng.exponential(1 / max(rate, 1e-4)) + 1
    # The last day is in the log whatever the draw.
    rows.append(("00000", (FIRST + timedelta(days=DAYS - 1)).isoformat(), 12.5, "WEB"))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "order_date", "amount", "channel"])
        writer.writerows(rows)
    return path


def orders_of_many(customers=600, days=500, seed=5):
    """Rows of (customer, day, amount) from customers who differ, and who leave."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        rate, leaves, spend = rng.gamma(0.8, 1 / 40), rng.exponential(250), rng.gamma(5, 8)
        at = start = float(rng.integers(0, 300))
        while at < min(days, start + leaves):
            rows.append((f"{number:04d}", int(at), round(spend * rng.gamma(4, 0.25) + 0.01, 2)))
            at += 1 + rng.exponential(1 / rate)
    return rows
