"""What learners are shown: customers, and nothing that tells one past day from another."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from clv.features.book import Book
from clv.models import groundwork
from clv.models.lesson import Lesson
from tests.ledgers import START, book, day
from tests.logs import orders_of_many
from tests.shops import sources

LAST, WINDOW, CUSTOMERS = 499, 90, 180


@pytest.fixture(scope="module")
def past():
    """Customers whose country is dealt at random, and a series that rises and falls."""
    rng = np.random.default_rng(8)
    rows = orders_of_many(customers=CUSTOMERS, days=LAST + 1)
    countries = rng.choice(["France", "India"], CUSTOMERS)
    of = {f"{number:04d}": country for number, country in enumerate(countries)}
    lines = [
        {
            "customer_id": customer,
            "date": (START + timedelta(days=number)).isoformat(),
            "amount": amount,
            "customer_country": of[customer],
        }
        for customer, number, amount in rows
    ]
    days = [START + timedelta(days=i) for i in range(LAST + 1)]
    shop = sources(lines, series=pa.table({"date": days, "spend": rng.gamma(2.0, 50.0, LAST + 1)}))
    return Book(shop.ledger, START, day(LAST), shop).history(day(LAST), WINDOW)


def test_learners_see_nothing_that_tells_the_day_and_its_country_alone(past, monkeypatch):
    monkeypatch.setattr(groundwork, "MOST_CUTOFFS", 3)
    ground, _ = groundwork.lay(past, Lesson(seed=1, examples=300))
    shown = set(ground.encoder.features)
    assert len(past.of_the_day()) == 10
    assert not shown & past.of_the_day()
    assert set(past.features()) >= past.of_the_day()
    assert {"quiet_days", "run_up_share", "series_spend_at_first", "first_country"} <= shown


def test_learners_are_told_who_bought_for_nothing(monkeypatch):
    monkeypatch.setattr(groundwork, "MOST_CUTOFFS", 2)
    free = [(who, on, 0.0 if on % 2 else amount) for who, on, amount in orders_of_many()]
    history = book(free, 499).history(day(499), WINDOW)
    _, rows = groundwork.lay(history, Lesson(seed=1, examples=300))
    for_nothing = rows.bought & (rows.y == 0)
    assert 0.1 < for_nothing.sum() / rows.bought.sum() < 0.9
