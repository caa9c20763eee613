"""Rows after the as-of day have no say in how the others are read."""

import pytest

from clv.core.errors import DateFormatError, LogError, NumberFormatError
from clv.core.types import AsOf

AS_OF = AsOf.parse("2024-06-30")
HEAD = "customer;date;amount\n"


def read_with(read, before, after, **options):
    """The accepted rows and rules of a log with rows after the as-of day planted in it."""
    found = read(HEAD + before + after, as_of=AS_OF, max_bad=0, **options)
    columns = ["customer_id", "date", "amount"]
    return found.transactions.order_by("line").select(columns).to_pyarrow(), found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Another currency, another decimal sign, another order of day and month.
        ("a;2024-01-05;€1.50\nb;2024-01-06;€2\n", "z;2030-03-25;$7\n"),
        ("a;2024-01-05;27.88\nb;2024-01-06;5.9\n", "z;2030-03-25;1.234,50\n"),
        ("a;2024-01-05;27,88\nb;2024-01-06;5\n", "z;2030-03-25;1,234.50\n"),
        ("a;25/01/2024;1\nb;02/01/2024;2\n", "z;03/25/2030;7\nz;2024/12/24;7\n"),
        ("a;01/25/2024;1\nb;02/01/2024;2\n", "z;25/03/2030;7\nz;13.07.2024;7\n"),
        ("a;05/05/2024;1\n", "z;08/09/2024;7\nz;25/03/2030;7\n"),
        ("a;31/01/24;1\nb;02/01/24;2\n", "z;08/25/25;7\n"),
        ("a;44562;1\nb;44563;2\n", "z;2030-03-25;7\nz;25/03/2030;7\nz;50000;7\n"),
    ],
)
def test_planted_rows_change_nothing(read, before, after):
    accepted, alone = read_with(read, before, "")
    planted, found = read_with(read, before, after)
    assert planted.equals(accepted)
    assert accepted.num_rows == before.count("\n")
    assert found.by_rule == {"after_as_of": after.count("\n")}
    assert (found.currency, found.date_reading) == (alone.currency, alone.date_reading)


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ("a;02/01/2024;1\nb;03/01/2024;2\n", "z;25/03/2030;7\n", DateFormatError),
        ("a;2024-01-05;1,234\n", "z;2030-03-25;1.234,50\n", NumberFormatError),
        ("a;2024-01-05;$1\nb;2024-01-05;€1\n", "z;2030-03-25;£1\n", LogError),
    ],
)
def test_planted_rows_answer_no_question(read, before, after, error):
    with pytest.raises(error) as alone:
        read_with(read, before, "")
    with pytest.raises(error) as planted:
        read_with(read, before, after)
    assert planted.value.message == alone.value.message


def test_a_date_that_may_lie_on_either_side_counts(read):
    # 8 February or 2 August: which, is what the question is about.
    with pytest.raises(DateFormatError, match="'08/02/2024'"):
        read_with(read, "a;05/05/2024;1\n", "z;08/02/2024;7\n")


def test_a_later_time_of_day_makes_no_timestamp(read):
    _, found = read_with(read, "a;2024-01-05;1\n", "z;2030-03-25 10:00;7\n")
    assert "timestamp" not in found.transactions.columns


def test_the_order_of_another_column_of_moments_is_read_off_earlier_rows(read):
    head = "customer;date;amount;timestamp\n"
    before = "a;2024-01-05;1;01/25/2024 10:00\n"
    late = "z;2030-01-05;1;25/01/2030 10:00\n"
    found = read(head + before + late, as_of=AS_OF, max_bad=0)
    assert str(found.transactions.timestamp.execute()[0]) == "2024-01-25 10:00:00"


def test_a_late_date_under_a_given_order_is_late_all_the_same(read):
    _, found = read_with(read, "a;02/01/2024;1\n", "z;03/25/2030;7\n", date_formats=("day-first",))
    assert found.by_rule == {"after_as_of": 1}


def test_many_repeated_dates_are_set_apart_too(read):
    before = "".join(f"{i % 900};{i % 28 + 1}/01/2024;€{i % 90}.5\n" for i in range(100_500))
    accepted, found = read_with(read, before, "z;03/25/2030;$1,5\n")
    assert (accepted.num_rows, found.by_rule) == (100_500, {"after_as_of": 1})
    assert found.currency == "€"
