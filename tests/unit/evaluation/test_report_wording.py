import math
from datetime import date, datetime

import pandas as pd
import pytest

from clv.evaluation.report import wording


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (23570, 0, "23,570"),
        (-1234.5, 2, "−1,234.50"),
        (-0.2, 0, "0"),
        (None, 0, "–"),
        (math.nan, 2, "–"),
        (math.inf, 0, "∞"),
    ],
)
def test_numbers_have_separators_and_a_true_minus(value, places, text):
    assert wording.number(value, places) == text


def test_an_amount_names_its_currency_only_where_it_is_known():
    assert wording.amount(1234567.8, "USD") == "USD\u00a01,234,568"
    assert wording.amount(1234567.8, None) == "1,234,568"
    assert wording.amount(8.5, "EUR") == "EUR\u00a08.50"
    assert wording.amount(None, "EUR") == "–"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.9, "90"),
        (0.071, "7.1"),
        (0.0, "0"),
        (1.0, "100"),
        (0.999, "99.9"),
        (0.9999, "over 99.9"),
        (0.0001, "under 0.1"),
    ],
)
def test_small_shares_keep_a_digit(share, text):
    assert wording.percent(share) == f"{text}\u00a0%"


@pytest.mark.parametrize(
    "value",
    [date(1998, 6, 30), datetime(1998, 6, 30, 12), pd.Timestamp("1998-06-30"), "1998-06-30"],
)
def test_a_day_is_read_from_whatever_holds_one(value):
    assert wording.day(value) == "30\u00a0June\u00a01998"
    assert wording.day(value, short=True) == "30\u00a0Jun\u00a01998"


@pytest.mark.parametrize("value", [None, pd.NaT, math.nan])
def test_no_day_is_a_dash(value):
    assert wording.day(value) == "–"


def test_a_fragment_becomes_a_sentence_and_a_sentence_stays_one():
    assert wording.sentence("no season is assumed") == "No season is assumed."
    assert wording.sentence("Is it? ") == "Is it?"
    assert wording.sentence(None) == ""


def test_durations_and_sizes_take_the_unit_that_suits():
    assert wording.duration(0.8) == "0.80\u00a0s"
    assert wording.duration(65) == "1\u00a0min 5\u00a0s"
    assert wording.size(512_344) == "512\u00a0kB"
    assert wording.size(999) == "999\u00a0bytes"


def test_long_text_loses_its_middle_not_its_ends():
    text = wording.clipped("a" * 500 + "z" * 500, 100)
    assert len(text) == 100
    assert text.startswith("aaa")
    assert text.endswith("zzz")


@pytest.mark.parametrize(("largest", "places"), [(5000, 0), (42.1, 2), (0.02, 4), (0, 0)])
def test_decimals_follow_the_largest_amount(largest, places):
    assert wording.decimals([math.nan, largest, 0.0]) == places
