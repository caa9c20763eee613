"""A shop's log of any size as Parquet, in the order of its days, the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.population import PURCHASES, SHORTEST, SPEND
from clv.numerics import futures, outlook

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from clv.core.types import Floats

#: Three years, so that a year can be held out.
FIRST_DAY, SPAN = np.datetime64("2022-01-01", "D"), 1_096
#: Purchases expected as a share of the rows; the rest are further lines of an order and returns.
PURCHASE_SHARE = 0.8
RETURNS_PER_ROW = 0.01
LATEST_RETURN = 30
ROW_GROUP = 1_000_000


class Rows(NamedTuple):
    """Rows of the log, (n,) each: customer number, day since the first, amount in currency."""

    customer: NDArray[np.int32]
    day: NDArray[np.int16]
    amount: Floats


def write_big_log(path: Path, customers: int, rows: int, seed: int) -> None:
    """Write customer_id (text), date and amount, ordered by date; about 1 % of rows are returns.

    Customers arrive evenly over three years, buy and drop out as BG/NBD with CDNOW's
    parameters says, on a clock so much faster that the rows come together, and spend as
    Gamma-Gamma says. A return takes back one earlier row to the cent. Takes about 50 bytes of
    memory a row.

    Parameters
    ----------
    path : Parquet file to write
    customers : each buys at least once
    rows : rows written, exactly
    seed : the same seed gives the same file

    Raises
    ------
    ValueError : too few rows for that many customers
    """
    rng = np.random.default_rng(seed)
    log = _draw(customers, rows, rng)
    order = np.argsort(log.day, kind="stable")
    ids = pa.array(np.char.mod("C%07d", np.arange(customers)))
    schema = pa.schema(
        [("customer_id", pa.string()), ("date", pa.date32()), ("amount", pa.float64())]
    )
    with pq.ParquetWriter(path, schema, store_schema=False) as file:
        for start in range(0, rows, ROW_GROUP):
            part = order[start : start + ROW_GROUP]
            dates = FIRST_DAY + log.day[part].astype("timedelta64[D]")
            columns = [ids.take(pa.array(log.customer[part])), pa.array(dates), log.amount[part]]
            file.write_table(pa.table(columns, schema=schema))


def _draw(customers: int, rows: int, rng: np.random.Generator) -> Rows:
    T = rng.integers(SHORTEST, SPAN, customers)
    tempo = _tempo(PURCHASE_SHARE * rows / customers - 1.0)
    # A faster clock: all times are drawn in units of 1 / tempo days.
    x, t_x = futures.simulate(PURCHASES, T.astype(np.float64) * tempo, rng)
    returned = round(rows * RETURNS_PER_ROW)
    further = rows - returned - customers - int(x.sum())
    if further < 0:
        raise ValueError(
            f"{customers:,} customers made {customers + int(x.sum()):,} purchases, more than the"
            f" {rows:,} rows asked for. Ask for more rows a customer."
        )
    purchase = _purchases(T, x.astype(np.int64), t_x / tempo, rng)
    line = np.concatenate(
        [np.arange(len(purchase[0])), rng.integers(len(purchase[0]), size=further)]
    )
    customer, day = purchase[0][line], purchase[1][line]
    rate = rng.gamma(SPEND.q, 1.0 / SPEND.gamma, customers)
    amount = np.maximum(np.round(rng.gamma(SPEND.p, size=len(line)) / rate[customer], 2), 0.01)
    back = rng.choice(len(line), returned, replace=False, shuffle=False)
    later = day[back] + rng.integers(0, LATEST_RETURN, returned, dtype=np.int16)
    return Rows(
        np.concatenate([customer, customer[back]]),
        np.concatenate([day, np.minimum(later, SPAN - 1).astype(np.int16)]),
        np.concatenate([amount, -amount[back]]),
    )


def _purchases(
    T: NDArray[np.int64], x: NDArray[np.int64], t_x: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Customer and day of every purchase: the first, then the repeats.

    Given the last of x events of a Poisson process, the others are uniform before it.
    """
    number = np.arange(len(T), dtype=np.int32)
    arrival = (SPAN - 1 - T).astype(np.int16)
    again = np.repeat(number, x)
    share = rng.random(len(again), dtype=np.float32)
    share[np.cumsum(x)[x > 0] - 1] = 1.0
    day = arrival[again] + (share * t_x[again]).astype(np.int16)
    return np.concatenate([number, again]), np.concatenate([arrival, day])


def _tempo(repeats: float) -> float:
    """How much faster than CDNOW's customers must live to repeat so often within the span."""
    ages = np.linspace(SHORTEST, SPAN, 64)
    low, high = 0.0, 12.0
    for _ in range(40):
        middle = (low + high) / 2.0
        expected = float(outlook.expected_purchases_new(PURCHASES, ages * np.exp(middle)).mean())
        low, high = (middle, high) if expected < repeats else (low, middle)
    return float(np.exp(low))
