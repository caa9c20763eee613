import math
from decimal import Decimal

import numpy as np
import pytest

from clv.core.errors import HistoryError
from clv.core.types import Horizon
from clv.features.book import Book
from clv.features.summary import summary
from clv.models.btyd import MBGNBD
from clv.numerics import histories
from tests.ledgers import START, book, day, ledger


def values(of, last_day, returns="net"):
    """Purchase days as {(customer, day number): value}."""
    table = ledger(of, returns).as_of(day(last_day)).to_pyarrow().to_pylist()
    return {(r["customer_id"], (r["date"] - START).days): r["value"] for r in table}


def test_rows_of_a_day_are_one_purchase():
    assert values([("a", 0, 3), ("a", 0, 4.5), ("a", 2, 1)], 9) == {
        ("a", 0): Decimal("7.5"),
        ("a", 2): Decimal(1),
    }


def test_a_refund_takes_the_most_recent_purchase_first():
    log = [("a", 0, 50), ("a", 5, 30), ("a", 7, -40)]
    assert values(log, 9) == {("a", 0): Decimal(40)}


def test_a_refund_never_takes_a_later_purchase():
    log = [("a", 0, 10), ("a", 3, -25), ("a", 6, 100)]
    assert values(log, 9) == {("a", 6): Decimal(100)}


def test_a_refund_is_not_known_before_it_comes():
    log = [("a", 0, 50), ("a", 7, -50)]
    assert values(log, 6) == {("a", 0): Decimal(50)}
    assert values(log, 7) == {}


def test_several_refunds_stack():
    log = [("a", 0, 100), ("a", 2, 20), ("a", 3, -15), ("a", 4, 10), ("a", 5, -12)]
    # The last takes 10 of day 4 and 2 of the 5 that the first left of day 2.
    assert values(log, 9) == {("a", 0): Decimal(100), ("a", 2): Decimal(3)}


def test_one_customers_refund_leaves_others_alone():
    log = [("a", 0, 50), ("b", 0, 50), ("a", 1, -50)]
    assert values(log, 9) == {("b", 0): Decimal(50)}


def test_a_free_order_is_a_purchase_worth_nothing():
    assert values([("a", 0, 0), ("a", 4, 9)], 9) == {("a", 0): Decimal(0), ("a", 4): Decimal(9)}


def test_a_day_netted_to_zero_is_no_purchase():
    assert values([("a", 0, 20), ("a", 0, -20), ("a", 3, 5)], 9) == {("a", 3): Decimal(5)}


def test_keep_takes_refunds_off_their_own_day_only():
    log = [("a", 0, 50), ("a", 5, 30), ("a", 5, -10), ("a", 7, -40)]
    assert values(log, 9, "keep") == {("a", 0): Decimal(50), ("a", 5): Decimal(20)}


def test_cents_are_exact():
    log = [("a", 0, 0.1), ("a", 0, 0.2), ("a", 1, -0.3)]
    assert values(log, 9) == {}


def test_the_summary_of_a_customer():
    log = [("a", 0, 10), ("a", 4, 20), ("a", 9, 30), ("b", 3, 7), ("a", 99, 1000)]
    found = book(log, 10).history(day(10), window=5).frame.to_dict("list")
    assert found["customer_id"] == ["a", "b"]
    assert found["x"] == [2, 0]
    assert found["t_x"] == [9, 0]
    assert found["T"] == [10, 7]
    assert found["total_value"] == [60, 7]
    assert found["first_value"] == [10, 7]
    assert found["paid_purchases"] == [3, 1]
    assert found["recent_value"] == [30, 0]  # days 6 to 10
    assert found["recent_purchases"] == [1, 0]
    assert found["t_x_before"] == [4, 0]
    assert found["log_gaps"] == pytest.approx([math.log(4) + math.log(5), 0.0], abs=1e-9)
    assert found["log_gaps_before"] == pytest.approx([math.log(4), 0.0], abs=1e-9)
    assert found["first_gap"][0] == 4
    assert found["first_gap"][1] != found["first_gap"][1]  # absent


def test_a_paid_purchase_is_a_day_worth_more_than_zero_once_returns_are_taken_off():
    log = [("a", 0, 0), ("a", 2, 10), ("a", 4, 20), ("a", 4, 0), ("a", 6, -20), ("a", 9, 0)]
    log += [("b", 1, 0), ("c", 3, 5), ("c", 8, 7), ("c", 11, 7), ("d", 2, 9), ("d", 5, -4)]
    # Of a, the purchase of day 4 is known to come back on day 6 only.
    for last, paid, repeat in ((5, [2, 0, 1, 1], [2, 0, 0, 0]), (10, [1, 0, 2, 1], [2, 0, 1, 0])):
        found = book(log, 20).history(day(last), window=5).frame
        assert found["paid_purchases"].tolist() == paid
        assert found["x"].tolist() == repeat
    assert found["paid_purchases"].dtype == "int64"
    assert found["total_value"].tolist() == [10, 0, 12, 5]


def test_who_came_in_the_window_was_no_customer_before_it():
    log = [("a", 0, 10), ("b", 8, 20), ("b", 9, 20)]
    found = book(log, 10).history(day(10), window=5).frame
    assert list(found["t_x_before"].isna()) == [False, True]
    assert list(found["recent_purchases"]) == [0, 2]


def test_gaps_of_every_so_many_day_are_of_whole_customers():
    log = [(f"{i}", i, 1) for i in range(9)] + [(f"{i}", i + 3, 1) for i in range(9)]
    opened = book(log, 20)
    whole = summary(opened.ledger, day(20), 5).to_pandas()
    some = summary(opened.ledger, day(20), 5, every=3).to_pandas()
    assert whole["log_gaps"].tolist() == pytest.approx([math.log(3)] * 9, abs=1e-9)
    told = some["log_gaps"].notna()
    assert told.tolist() == [(20 - i) % 3 == 0 for i in range(9)]
    assert some["log_gaps"][told].tolist() == pytest.approx([math.log(3)] * 3, abs=1e-9)


def test_the_engine_counts_histories_as_the_arrays_do():
    rng = np.random.default_rng(4)
    log = [(f"{c}", int(d), 5) for c in range(60) for d in rng.integers(0, 40, rng.integers(1, 6))]
    log += [("0", 7, -3), ("1", 40, -500)]
    opened = book(log, 50)
    frame = opened.history(day(50), window=5).frame
    in_arrays = histories.tally(*(frame[name].to_numpy() for name in ("x", "t_x", "T")))
    for mine, theirs in zip(opened.counted(day(50)), in_arrays, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    # To the last digit.
    by_engine = MBGNBD(prior_sd=2.0).fit_counted(opened.counted(day(50)))
    by_frame = MBGNBD(prior_sd=2.0).fit_purchases(opened.history(day(50), window=5))
    assert by_engine.params_ == by_frame.params_
    assert by_engine.loglik_ == by_frame.loglik_


def test_the_outcome_is_what_the_days_after_brought():
    log = [("a", 0, 10), ("b", 1, 10), ("a", 5, 20), ("a", 6, 5), ("a", 11, 40), ("c", 6, 9)]
    opened = book(log, 20)
    history = opened.history(day(4), window=5)
    assert list(history.frame["customer_id"]) == ["a", "b"]
    assert list(opened.outcome(history, Horizon.days(5)).value) == [25, 0]


def test_a_log_without_purchases_is_told_so():
    with pytest.raises(HistoryError, match="no purchase is left"):
        book([("a", 0, -20)], 9)


def test_a_log_returned_in_full_has_no_customer():
    assert len(book([("a", 0, 20), ("a", 1, -20)], 9).history(day(9), 5)) == 0


def test_a_log_without_channels_has_customers_of_an_unknown_one():
    log = [("a", 0, 10), ("a", 4, 20), ("b", 3, 7), ("b", 5, -7)]
    opened = Book.open(ledger(log, channel=False), day(9))
    found = opened.history(day(4), window=5).frame
    assert list(found["channel_group"]) == ["Unknown", "Unknown"]
    assert found.drop(columns="channel_group").equals(
        book(log, 9).history(day(4), window=5).frame.drop(columns="channel_group")
    )


def test_later_rows_do_not_thin_out_the_gaps_of_an_earlier_day(monkeypatch):
    monkeypatch.setattr("clv.features.book.MOST_GAPS", 30)
    early = [(f"{i}", i % 10 + 7 * j, 1) for i in range(14) for j in range(2)]
    later = [(f"{i}", 40 + j, 1) for i in range(14) for j in range(9)]
    gaps = [
        book(log, 60).history(day(20), window=5).frame["log_gaps"].tolist()
        for log in (early, early + later)
    ]
    assert gaps[0] == gaps[1]


def test_gaps_are_never_of_one_weekday_alone(monkeypatch):
    monkeypatch.setattr("clv.features.book.MOST_GAPS", 10)
    log = [(f"{i}", i, 1) for i in range(60)]
    told = book(log, 70).history(day(70), window=5).frame
    ages = told["T"][told["log_gaps"].notna()]
    assert len(ages) < 60
    assert len(set(ages % 7)) > 1
