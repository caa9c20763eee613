"""What the ledger tells besides purchase days."""

from decimal import Decimal

import ibis

from clv.core.types import AsOf
from tests.shops import sources

LINES = [
    {"customer_id": "a", "date": "2024-01-01", "amount": 50, "category": "tea"},
    {"customer_id": "a", "date": "2024-01-05", "amount": -20},
    {"customer_id": "a", "date": "2024-01-05", "amount": 5},
    {"customer_id": "b", "date": "2024-01-02", "amount": 7},
    {"customer_id": "b", "date": "2024-01-09", "amount": -7},
]


def rows(table, *names):
    return sorted(tuple(str(row[name]) for name in names) for row in table.to_pyarrow().to_pylist())


def test_lines_are_those_up_to_as_of_with_their_columns():
    ledger = sources(LINES).ledger
    told = rows(ledger.lines_as_of(AsOf.parse("2024-01-04")), "customer_id", "category")
    assert told == [("a", "tea"), ("b", "None")]


def test_returns_stand_beside_the_purchases_of_who_returned():
    ledger = sources(LINES).ledger
    told = ledger.returned_as_of(AsOf.parse("2024-01-05")).to_pyarrow().to_pylist()
    figures = {(row["date"].day, row["purchased"], row["refunded"]) for row in told}
    assert figures == {(1, Decimal(50), Decimal(0)), (5, Decimal(5), Decimal(20))}
    assert {row["customer_id"] for row in told} == {"a"}


def test_a_log_without_returns_tells_none_and_one_that_drops_them_does_not_know():
    ledger = sources(LINES[:1]).ledger
    assert ledger.returned_as_of(AsOf.parse("2024-01-05")).count().to_pyarrow().as_py() == 0
    assert (
        sources(LINES[:1], returns="drop").ledger.returned_as_of(AsOf.parse("2024-01-05")) is None
    )


def test_the_ledger_of_some_is_what_the_whole_one_says_of_them():
    ledger, day = sources(LINES).ledger, AsOf.parse("2024-01-31")
    some = ledger.only(ibis.memtable({"customer_id": ["a", "c"]}))
    for of in ("as_of", "lines_as_of", "returned_as_of"):
        names = getattr(ledger, of)(day).columns
        whole = [row for row in rows(getattr(ledger, of)(day), *names) if "a" in row]
        assert rows(getattr(some, of)(day), *names) == whole
