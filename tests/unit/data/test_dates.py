"""Dates: one reading for the whole column, or a question."""

from datetime import date, datetime

import pandas as pd
import pytest

from clv.core.errors import DateFormatError, LogError, SettingError
from clv.data.ingest import IngestSettings, ingest


def log(*dates):
    return "customer,date,amount\n" + "".join(f'c,"{day}",1\n' for day in dates)


def days(read, *dates, **options):
    rows = read(log(*dates), **options).transactions.order_by("line").date.execute()
    return [pd.Timestamp(day).date() for day in rows]


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05",
        "2024-3-5",
        "20240305",
        "2024/03/05",
        "2024.03.05",
        "2024-03-05T23:59:59Z",
        "2024-03-05 23:59:59.123+02:00",
        "2024-03-05T00:30:00-0800",
        "2024-03-05 11:59 PM",
        "20240305 10:00",
        "5 Mar 2024",
        "05-Mar-2024",
        "5-MAR-24",
        "05Mar2024",
        "Mar 5, 2024",
        "March 5 2024",
        "5th March 2024",
        "Tue, 5 Mar 2024 10:00:00 GMT",
    ],
)
def test_a_day_that_reads_one_way_is_read(read, text):
    assert days(read, text) == [date(2024, 3, 5)]


def test_one_day_beyond_twelve_proves_day_first(read):
    assert days(read, "05/03/2024", "25/03/2024") == [date(2024, 3, 5), date(2024, 3, 25)]


def test_one_second_part_beyond_twelve_proves_month_first(read):
    assert days(read, "3/5/2024 9:00", "3/25/2024 17:30") == [date(2024, 3, 5), date(2024, 3, 25)]


def test_a_shape_follows_what_another_proves(read):
    found = read(log("28-02-2014", "2/12/2013"))
    assert list(found.transactions.order_by("line").date.cast("string").execute()) == [
        "2014-02-28",
        "2013-12-02",
    ]
    assert "day-first for dates like d-m-yyyy, d/m/yyyy" in found.date_reading


def test_shapes_may_prove_different_orders(read):
    assert days(read, "28-02-2014", "2/28/2014") == [date(2014, 2, 28)] * 2


def test_days_that_read_alike_either_way_need_no_answer(read):
    assert days(read, "05/05/2024", "07/07/2024") == [date(2024, 5, 5), date(2024, 7, 7)]


@pytest.mark.parametrize(
    "texts",
    [
        # The first in the alphabet reads alike; the others do not.
        ("01/01/2023", "02/08/2023", "03/03/2023"),
        tuple(f"{month:02}/01/2023" for month in range(1, 13)),
        ("1/1/2023", "1/1/2024", "1/2/2023"),
    ],
)
def test_one_date_that_reads_alike_says_nothing_of_the_others(read, texts):
    telling = next(text for text in texts if text.split("/")[0] != text.split("/")[1])
    with pytest.raises(DateFormatError, match=f"'{telling}'.*--date-format"):
        read(log(*texts))


def test_one_date_that_reads_alike_follows_the_proven_order(read):
    assert days(read, "01/01/2023", "1/31/2023", "02/01/2023") == [
        date(2023, 1, 1),
        date(2023, 1, 31),
        date(2023, 2, 1),
    ]


def test_two_digit_years_are_read_where_one_order_fits(read):
    assert days(read, "1/31/24", "12/1/24") == [date(2024, 1, 31), date(2024, 12, 1)]
    # As year-first the 31st would lie in the future.
    assert days(read, "31/01/24", "02/03/99") == [date(2024, 1, 31), date(1999, 3, 2)]


def test_undecidable_days_are_asked_for(read):
    with pytest.raises(DateFormatError, match=r"'04/03/2024'.*--date-format day-first"):
        read(log("05/03/2024", "04/03/2024"))


def test_contradictory_days_are_asked_for(read):
    with pytest.raises(DateFormatError, match="no one order"):
        read(log("25/03/2024", "03/25/2024"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("day-first", date(2024, 3, 5)),
        ("month-first", date(2024, 5, 3)),
        ("%d/%m/%Y", date(2024, 3, 5)),
    ],
)
def test_the_answer_is_taken(read, given, expected):
    assert days(read, "05/03/2024", date_formats=(given,)) == [expected]


def test_what_the_answer_does_not_read_is_quarantined(read):
    found = read(log("25/03/2024", "03/25/2024"), date_formats=("day-first",))
    assert (found.accepted, found.by_rule) == (1, {"unreadable_date": 1})


def test_patterns_are_tried_in_order_beside_the_usual_shapes(read):
    found = days(
        read, "2024|06|07", "07~06~2024", "2024-06-07", date_formats=("%Y|%m|%d", "%d~%m~%Y")
    )
    assert found == [date(2024, 6, 7)] * 3


@pytest.mark.parametrize("pattern", ["dd/mm", "%d/%m/%Y %z", "%q"])
def test_a_pattern_that_is_none_is_told(read, pattern):
    with pytest.raises(SettingError, match="date-format"):
        read(log("05/03/2024"), date_formats=(pattern,))


@pytest.mark.parametrize(
    "text",
    ["2024-02-30", "1700000000", "tomorrow", "2024-13-01", "2024-01-05 25:00", "0", "12/2024"],
)
def test_what_is_no_day_is_quarantined(read, text):
    found = read(log("2024-01-01", text))
    assert found.by_rule == {"unreadable_date": 1}
    assert text in found.quarantine.detail.execute()[0]


@pytest.mark.parametrize("text", ["1969-12-31", "2026-01-03", "0001-01-01", "9999-12-31"])
def test_days_out_of_reason_are_quarantined(read, text):
    assert read(log("2024-01-01", text)).by_rule == {"implausible_date": 1}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-05T23:59:58Z", datetime(2024, 3, 5, 23, 59, 58)),
        ("3/25/2024 1:05 pm", datetime(2024, 3, 25, 13, 5)),
        ("2024-03-05 00:00:00+02:00", datetime(2024, 3, 5)),
        ("5 Mar 2024 7:08:09", datetime(2024, 3, 5, 7, 8, 9)),
    ],
)
def test_the_time_of_day_is_kept_as_written(column, text, moment):
    assert column("timestamp", log(text)) == [pd.Timestamp(moment)]


def test_a_log_without_times_has_no_timestamp(read):
    assert "timestamp" not in read(log("2024-03-05")).transactions.columns


def test_a_column_of_spreadsheet_days_is_read_as_such(read):
    found = read(log("44562", "44621", "25569", "45351.75", "", "nan"))
    days_read = found.transactions.order_by("line").date.cast("string").execute()
    assert list(days_read) == ["2022-01-01", "2022-03-01", "1970-01-01", "2024-02-29"]
    assert found.by_rule == {"missing_date": 2}
    assert found.date_reading == (
        "days counted from 1899-12-30, as spreadsheets store dates: 44562 is 2022-01-01"
    )
    assert f"date: 'date' holds numbers, read as {found.date_reading}" in found.notices
    assert "timestamp" not in found.transactions.columns


@pytest.mark.parametrize("other", ["2022-01-05", "20220105", "5 Mar 2022", "15/03/2022"])
def test_numbers_among_dates_are_no_days(read, other):
    assert read(log("44562", other)).by_rule == {"unreadable_date": 1}


@pytest.mark.parametrize("other", ["99999", "1700000000", "7", "19999", "60001", "44562000"])
def test_numbers_among_other_numbers_are_no_days(read, other):
    with pytest.raises(LogError, match="none of its 2 rows can be used: 2 unreadable_date"):
        read(log("44562", other))


def test_days_without_signs_and_seconds_are_read_as_before(read):
    assert days(read, "20240305", "20240306") == [date(2024, 3, 5), date(2024, 3, 6)]
    with pytest.raises(LogError, match="2 unreadable_date"):
        read(log("1700000000", "1700086400"))


def test_words_among_spreadsheet_days_cost_their_rows_alone(read):
    found = read(log("44562", "44563", "Total"))
    assert (found.accepted, found.by_rule) == (2, {"unreadable_date": 1})


def test_a_pattern_of_the_user_wins_over_spreadsheet_days(read):
    assert days(read, "20224", "20231", date_formats=("%Y%m",)) == [
        date(2022, 4, 1),
        date(2023, 1, 1),
    ]


@pytest.mark.parametrize("day", [44562, 44562.0, 44562.52083333333])
def test_spreadsheet_days_of_typed_columns_are_read_alike(tmp_path, engine, day):
    frame = {"customer": ["a", "b"], "date": [day, day + 1], "amount": [1.0, 2.0]}
    pd.DataFrame(frame).to_parquet(tmp_path / "log.parquet")
    pd.DataFrame(frame).to_excel(tmp_path / "log.xlsx", index=False)
    for name in ("log.parquet", "log.xlsx"):
        found = ingest(tmp_path / name, IngestSettings(), engine)
        read_days = found.transactions.order_by("line").date.cast("string").execute()
        assert list(read_days) == ["2022-01-01", "2022-01-02"]
