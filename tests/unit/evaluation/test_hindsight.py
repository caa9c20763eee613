"""Columns known of customers: which of them know what came later is found, and no other."""

from dataclasses import replace
from datetime import timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clv.core.types import Horizon
from clv.evaluation.hindsight import hindsight
from clv.features.book import Book
from tests.ledgers import START, day, ledger
from tests.logs import orders_of_many

LAST = 499
AHEAD = Horizon(120)


@pytest.fixture(scope="module")
def orders():
    rows = [row for row in orders_of_many(customers=700) if row[1] <= LAST]
    return pd.DataFrame(rows, columns=["customer_id", "day", "amount"])


@pytest.fixture(scope="module")
def engine():
    return ibis.duckdb.connect()


@pytest.fixture(scope="module")
def book(orders, engine):
    return Book.open(ledger(orders.itertuples(index=False), engine=engine), day(LAST))


@pytest.fixture(scope="module")
def customers(orders):
    """What the log itself adds up to, a row a customer."""
    summed = orders.groupby("customer_id").agg(
        first=("day", "min"),
        last=("day", "max"),
        orders=("day", "nunique"),
        spent=("amount", "sum"),
    )
    summed["later"] = orders[orders["day"] > LAST - AHEAD.n_days].groupby("customer_id").size()
    return summed.fillna({"later": 0})


def dates(days):
    return pa.array([None if np.isnan(d) else START + timedelta(days=int(d)) for d in days])


@pytest.fixture(scope="module")
def look(book, engine, customers):
    """Column -> what is found against it."""

    def found(columns):
        table = pa.table({"customer_id": list(customers.index), **columns})
        known = engine.create_table("known", table, overwrite=True)
        looked = replace(book, sources=replace(book.sources, known=known), memory={})
        return {each.column: each for each in hindsight(looked, AHEAD)}

    return found


@pytest.fixture(scope="module")
def honest(customers):
    """Columns of what was known of customers by their first purchase."""
    rng, n = np.random.default_rng(3), len(customers)
    columns = {f"noise_{number}": rng.normal(size=n) for number in range(6)}
    columns |= {f"group_{number}": rng.choice([*"abcdef"], n) for number in range(6)}
    gaps = np.where(rng.random(n) < 0.3, np.nan, rng.integers(18, 80, n))
    columns["age"] = pa.array(gaps, from_pandas=True)
    columns["town"] = [f"town {number}" for number in rng.integers(0, 200, n)]
    columns["joined"] = dates(customers["first"] - rng.integers(0, 30, n))
    columns["born"] = dates(rng.integers(-20_000, -7_000, n))
    columns["first_order"] = dates(customers["first"])
    # Three slips, and the time of another zone.
    signed = customers["first"] + 1.0
    signed.iloc[:3] += 200
    return columns | {"signed": dates(signed)}


@pytest.fixture(scope="module")
def late(orders, customers):
    """Columns of what was filled in later."""
    rng, n = np.random.default_rng(4), len(customers)
    placed, later = customers["orders"].to_numpy(), customers["later"].to_numpy()
    signed = customers["first"] + 1.0
    signed.iloc[:30] += 200
    tier = pd.qcut(customers["spent"], 4, labels=["low", "mid", "high", "top"])
    rated = np.where(later > 0, rng.integers(1, 6, n), np.nan)
    few = np.where(np.arange(n) < 80, later, np.nan)
    return {
        "last_order": dates(customers["last"]),
        "signed": dates(signed),
        "orders": placed,
        "spent": customers["spent"].to_numpy() * 0.9 + 3,
        "quiet": LAST - customers["last"].to_numpy(),
        "per_month": (customers["spent"] / (LAST - customers["first"] + 1)).to_numpy(),
        "tier": tier.astype(str).to_numpy(),
        "returned": (placed > 1).astype(int),
        "largest": orders.groupby("customer_id")["amount"].max().to_numpy() - 1.0,
        "score": later + rng.normal(0, 0.3, n),
        "rated": pa.array(rated, from_pandas=True),
        "discounted": rng.binomial(placed, 0.5) / placed,
        "few": pa.array(few, from_pandas=True),
    }


@pytest.fixture(scope="module")
def found(look, honest, late):
    return look({**{f"honest_{name}": column for name, column in honest.items()}, **late})


def test_what_was_known_beforehand_is_left_alone(found):
    assert [name for name in found if name.startswith("honest_")] == []


def test_dates_after_the_first_purchase_were_written_down_later(found, customers):
    told = found["last_order"]
    assert (told.trace, told.left_out) == ("later", True)
    late = int((customers["last"] > customers["first"] + 1).sum())
    assert f"{late} of {len(customers)} customers have a date there that lies after" in told.why
    assert found["signed"].trace == "later"


def test_totals_of_the_log_are_found_whatever_their_unit(found):
    assert {found[name].trace for name in ("orders", "spent", "quiet", "per_month")} == {"total"}
    assert f"it tells the spend up to {day(LAST)}" in found["spent"].why


def test_labels_cut_from_totals_are_found(found):
    assert {found[name].trace for name in ("tier", "returned")} == {"total"}
    assert "it parts customers by the spend" in found["tier"].why


def test_a_figure_that_follows_a_feature_to_its_last_value_is_found(found):
    assert found["largest"].trace == "total"
    assert f"as it was on {day(LAST)}, not as on" in found["largest"].why


def test_what_goes_with_what_came_after_is_found(found):
    assert (found["score"].trace, found["score"].left_out) == ("outcome", True)
    assert "goes with what customers bought after" in found["score"].why


def test_what_is_only_filled_in_for_those_who_came_again_is_found(found):
    assert found["rated"].trace == "outcome"


def test_a_rate_that_shows_how_often_they_came_is_found(found):
    """A share such as 1/3 gives away that there were three orders, high or low as it may be."""
    assert found["discounted"].trace in ("outcome", "doubt")


def test_too_few_customers_tell_nothing(found):
    assert "few" not in found


def test_without_a_table_there_is_nothing_to_find(book):
    assert hindsight(book, AHEAD) == []


def test_a_log_too_short_to_look_back_on_tells_of_dates_alone():
    rows = [(f"{number:03d}", number % 2, 10.0) for number in range(120)]
    engine = ibis.duckdb.connect()
    short = Book.open(ledger(rows, engine=engine), day(1))
    table = pa.table(
        {
            "customer_id": [name for name, _, _ in rows],
            "score": np.arange(120.0),
            "seen": dates(np.full(120, 40.0)),
        }
    )
    known = engine.create_table("known", table)
    looked = replace(short, sources=replace(short.sources, known=known), memory={})
    assert [(each.column, each.trace) for each in hindsight(looked, AHEAD)] == [("seen", "later")]
