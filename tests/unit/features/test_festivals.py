from datetime import date

import pyarrow as pa
import pytest

from clv.features.festivals import (
    black_friday,
    country_code,
    days_since_last,
    days_to_next,
    festivals,
    run_up,
)
from tests.shops import features, sources


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *[("GB", "GB"), ("uk", "GB"), ("United Kingdom", "GB"), ("GBR", "GB"), ("germany", "DE")],
        *[("U.S.", "US"), ("usa", "US"), ("South Korea", "KR"), ("Atlantis", None), ("", None)],
    ],
)
def test_countries_by_code_or_name(name, code):
    assert country_code(name) == code


def test_black_friday_follows_the_fourth_thursday():
    assert [black_friday(year) for year in (2018, 2023, 2024)] == [
        date(2018, 11, 23),
        date(2023, 11, 24),
        date(2024, 11, 29),
    ]


@pytest.mark.parametrize(
    ("country", "days"),
    [
        ("US", ["03-31", "11-28", "11-29", "12-25"]),  # Easter, Thanksgiving, Black Friday
        ("CN", ["02-10", "02-11", "02-12", "11-29"]),  # the Spring Festival
        ("SA", ["04-10", "11-29"]),  # Eid al-Fitr
    ],
)
def test_major_holidays_are_those_of_the_country(country, days):
    found = festivals(country, 2024, 2024).major
    assert {date.fromisoformat(f"2024-{day}") for day in days} <= set(found)


def test_where_christmas_is_none_easter_is_none():
    assert date(2024, 3, 31) not in festivals("CN", 2024, 2024).major


def test_a_country_without_any_such_holiday_takes_its_public_ones():
    found = festivals("JP", 2024, 2024)
    assert set(found.public) < set(found.major)


def test_the_run_up_ends_on_the_holiday_itself():
    days = run_up((date(2024, 12, 25),))
    assert (days[0], days[-1], len(days)) == (date(2024, 12, 11), date(2024, 12, 25), 15)


def test_the_next_is_later_and_the_last_may_be_today():
    days = (date(2024, 3, 1), date(2024, 3, 10))
    assert days_to_next(days, date(2024, 3, 1)) == 9
    assert days_since_last(days, date(2024, 3, 1)) == 0
    assert days_to_next(days, date(2024, 3, 10)) is None
    assert days_since_last(days, date(2024, 2, 29)) is None


def test_holidays_and_seasons_are_those_of_the_customers_country():
    lines = [
        {"customer_id": who, "date": "2024-01-20", "amount": 5}
        for who in ("beijing", "sydney", "nowhere", "unknown")
    ]
    known = pa.table(
        {
            "customer_id": ["beijing", "sydney", "nowhere"],
            "Country": ["China", "AU", "Atlantis"],
        }
    )
    of = features(sources(lines, known, country="DE"), "2024-01-31")
    shown = {
        who: (row["first_season"], row["days_to_public_holiday"], row["first_in_run_up"])
        for who, row in of.items()
    }
    assert shown == {
        "beijing": ("winter", 10, 0),  # from the Spring Festival of 10 February, 21 days after
        "sydney": ("summer", 58, 0),  # Good Friday
        "nowhere": ("winter", 58, 0),
        "unknown": ("winter", 58, 0),
    }
    assert {who: row["days_to_major_holiday"] for who, row in of.items()} == {
        "beijing": 10,
        "sydney": 60,  # Easter Sunday
        "nowhere": 60,
        "unknown": 60,
    }


def test_the_log_may_tell_the_country_too():
    lines = [
        {"customer_id": "beijing", "date": "2024-01-20", "amount": 5, "customer_country": "China"},
        {"customer_id": "moved", "date": "2024-01-19", "amount": 5, "customer_country": "China"},
        {"customer_id": "moved", "date": "2024-01-20", "amount": 5, "customer_country": "AU"},
        {"customer_id": "unknown", "date": "2024-01-20", "amount": 5},
    ]
    of = features(sources(lines, country="DE"), "2024-01-31")
    days = {who: row["days_to_public_holiday"] for who, row in of.items()}
    assert days == {"beijing": 10, "moved": 10, "unknown": 58}
    assert of["moved"]["first_country"] == "China"
