"""What learners are shown: customers, and nothing that tells one past day from another."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from clv.core.types import Horizon
from clv.features.book import Book
from clv.models import groundwork
from clv.models.lesson import Lesson
from clv.models.supervised import asked, taught
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


def test_a_group_with_too_many_values_by_now_is_not_learned_from(monkeypatch):
    monkeypatch.setattr(groundwork, "MOST_CUTOFFS", 3)
    rows = [
        row
        for row in orders_of_many(customers=2 * CUSTOMERS, days=LAST + 1)
        if int(row[0]) < CUSTOMERS or row[1] > LAST - WINDOW
    ]
    lines = [
        {"customer_id": who, "date": (START + timedelta(days=on)).isoformat(), "amount": amount}
        for who, on, amount in rows
    ]
    first = {who: on for who, on, _ in sorted(rows, key=lambda row: -row[1])}
    rank = {who: place for place, who in enumerate(sorted(first, key=first.__getitem__))}
    told = pa.table(
        {
            "customer_id": list(first),
            # A new team for every fourth customer who comes: more than 50 at last, not at first.
            "team": [f"team {rank[who] // 4}" for who in first],
            "side": ["left" if rank[who] % 2 else "right" for who in first],
        }
    )
    shop = sources(lines, known=told)
    history = Book(shop.ledger, START, day(LAST), shop).history(day(LAST), WINDOW)
    earliest = history.rewind(day(LAST - 2 * WINDOW), Horizon(WINDOW))
    assert "known_team" in earliest.reference().known
    assert "known_team" not in history.reference().known
    ground, _ = groundwork.lay(history, Lesson(seed=1, examples=300))
    assert "known_side" in ground.encoder.features
    assert "known_team" not in ground.encoder.features


def test_learners_are_told_who_bought_for_nothing(monkeypatch):
    monkeypatch.setattr(groundwork, "MOST_CUTOFFS", 2)
    free = [(who, on, 0.0 if on % 2 else amount) for who, on, amount in orders_of_many()]
    history = book(free, 499).history(day(499), WINDOW)
    _, rows = groundwork.lay(history, Lesson(seed=1, examples=300))
    for_nothing = rows.bought & (rows.y == 0)
    assert 0.1 < for_nothing.sum() / rows.bought.sum() < 0.9


def test_learners_have_the_threads_they_are_given(monkeypatch):
    monkeypatch.setattr(groundwork, "MOST_CUTOFFS", 2)
    history = book(orders_of_many(), 499).history(day(499), WINDOW)
    told = []
    for threads in (None, 1):
        lesson = Lesson.of(1, 300, threads=threads)
        ground, learner = taught("lightgbm", history, lesson)
        assert learner.threads == lesson.threads == (threads or 2)
        told.append(asked(ground, [learner], history).value)
    np.testing.assert_array_equal(*told)
