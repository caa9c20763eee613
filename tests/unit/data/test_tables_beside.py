"""Tables that lie beside the log: customers with gaps, and series by day."""

from datetime import date

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from clv.core.errors import ColumnError, SourceError
from clv.data.customers import customers_table
from clv.data.series import series_table


def test_customers_keep_their_gaps_and_their_kinds(tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text(
        "Customer ID;age;rate;vip;joined;town\n"
        "007;31;0,5;true;2024-01-31;Ulm\n"
        "8;;1,25;false;2023-12-01; \n"
    )
    read = customers_table(file, None, [])
    assert read.notices == ()
    assert read.there == ("age", "rate", "vip", "joined", "town")
    assert read.table.to_pylist() == [
        {
            "customer_id": "007",
            "age": 31,
            "rate": 0.5,
            "vip": True,
            "joined": date(2024, 1, 31),
            "town": "Ulm",
        },
        {
            "customer_id": "8",
            "age": None,
            "rate": 1.25,
            "vip": False,
            "joined": date(2023, 12, 1),
            "town": None,
        },
    ]


def test_who_the_customer_is_stays_who_it_is(tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text("client,customer_id,age\n007,9,31\n008,8,45\n")
    read = customers_table(file, "client", [])
    assert read.table.to_pydict() == {"customer_id": ["007", "008"], "age": [31, 45]}
    assert read.notices == (
        "customers: customer_id was left out, as client says who the customer is",
    )


def test_columns_may_be_chosen(tmp_path):
    file = tmp_path / "customers.parquet"
    pq.write_table(pa.table({"who": ["a", "b"], "age": [3, 4], "clv": [1.0, 2.0]}), file)
    assert customers_table(file, "who", ["age"]).table.to_pydict() == {
        "customer_id": ["a", "b"],
        "age": [3, 4],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "customer_id,age\na,1\na,2\nb,3\n",
            r"has 1 row\(s\) of a customer it names already \(a\)",
        ),
        ("name,age\na,1\n", "no column of .* says who the customer is; it has name, age"),
        ("customer_id,age\na,1\n,2\n", "customer_id is empty in 1 row"),
        ("customer_id,age\n", "has no rows. Give a table with a row a customer"),
    ],
)
def test_customers_are_each_there_once(tmp_path, text, message):
    file = tmp_path / "customers.csv"
    file.write_text(text)
    with pytest.raises(ColumnError, match=message):
        customers_table(file, None, [])


def test_a_column_asked_for_must_be_there(tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text("customer_id,age\na,1\n")
    with pytest.raises(ColumnError, match="has no column income; it has customer_id, age"):
        customers_table(file, None, ["income"])


def test_a_series_is_a_date_and_its_numbers(tmp_path):
    file = tmp_path / "market.csv"
    file.write_text("Date,note,online,index\n2024-01-01,x,10,1.5\n2024-01-02,y,,2\n")
    read = series_table(file)
    assert read.table.to_pydict() == {
        "date": [date(2024, 1, 1), date(2024, 1, 2)],
        "online": [10, None],
        "index": [1.5, 2.0],
    }
    assert read.notices == ("series: note holds text, not numbers, and was left out",)


@pytest.mark.parametrize("name", ["market.csv", "market.parquet"])
def test_truths_of_a_series_are_0_and_1(tmp_path, name):
    days = [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)]
    table = pa.table({"date": days, "is_holiday": [True, False, None], "index": [1.5, 2.0, 2.5]})
    if name.endswith("csv"):
        pa_csv.write_csv(table, tmp_path / name)
    else:
        pq.write_table(table, tmp_path / name)
    read = series_table(tmp_path / name)
    assert read.table["is_holiday"].to_pylist() == [1, 0, None]
    assert read.notices == ()


def test_a_series_of_the_shared_logs(data_dir):
    table = series_table(
        data_dir / "google_merch_marketing" / "marketing_spend_daily.parquet"
    ).table
    assert table.column_names == ["date", "Offline_Spend", "Online_Spend"]
    assert (table.num_rows, table["date"][0].as_py()) == (365, date(2019, 1, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("week,spend\n2024-01-01,5\n", "no column of .* is of days; it has week, spend"),
        ("date,spend\n01/02/2024,5\n", "holds '01/02/2024', which is no day"),
        ("date,note\n2024-01-01,x\n", "has numbers; it has date, note"),
        ("date,spend\n", "has no rows. Give a table with a row a day"),
        ("date,spend\n,5\n,6\n", "date of .* is empty. Write days as 2024-03-31"),
        ("date,spend\n2024-01-01,\n", "has numbers; it has date, spend"),
    ],
)
def test_a_series_that_cannot_be_used_is_told_so(tmp_path, text, message):
    file = tmp_path / "market.csv"
    file.write_text(text)
    with pytest.raises(ColumnError, match=message):
        series_table(file)


def test_a_missing_series_is_told_so(tmp_path):
    with pytest.raises(SourceError, match="series: there is no file"):
        series_table(tmp_path / "none.csv")


def ages(told):
    """A file's text: sixty customers of whom the age is told so."""
    rows = [f"c{number},{age}" for number, age in enumerate(told)]
    return "\n".join(["customer_id,age", *rows]) + "\n"


def test_a_slip_among_numbers_is_left_empty_and_told(tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text(ages([20 + number for number in range(40)] + ["oops", *range(19)]))
    read = customers_table(file, None, [])
    assert read.table["age"].to_pylist()[39:43] == [59.0, None, 0.0, 1.0]
    [notice] = read.notices
    assert notice.startswith(
        "customers: age has numbers, but 1 of its 60 values are none, such as 'oops' (row 41), and"
        " were left empty."
    )


def test_words_for_nothing_among_numbers_need_no_telling(tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text(ages([1, "n/a", 2.5, "NA", "null", "-", "", *range(5)]))
    read = customers_table(file, None, [])
    assert read.table["age"].to_pylist()[:7] == [1.0, None, 2.5, None, None, None, None]
    assert read.notices == ()


def test_texts_many_of_which_look_like_numbers_stay_texts_and_are_told(tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text(ages([38, 40, "M", 42, "XL", 44]))
    read = customers_table(file, None, [])
    assert read.table["age"].to_pylist() == ["38", "40", "M", "42", "XL", "44"]
    assert (
        "age was read as text, for 2 of its 6 values are no numbers, such as 'M' (row 3)"
        in (read.notices[0])
    )


def test_what_parquet_says_is_text_stays_text(tmp_path):
    file = tmp_path / "customers.parquet"
    codes = [f"{number:03d}" for number in range(40)]
    pq.write_table(pa.table({"customer_id": codes, "code": codes}), file)
    assert customers_table(file, None, []).table["code"].to_pylist() == codes


def test_a_column_that_is_empty_for_all_is_left_out_and_told(tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text("customer_id,age,vip,tier\na,1,,n/a\nb,2,,\n")
    read = customers_table(file, None, [])
    assert read.table.column_names == ["customer_id", "age"]
    assert read.there == ("age", "vip", "tier")
    assert read.notices == (
        "customers: vip is empty for all and was left out",
        "customers: tier is empty for all and was left out",
    )


def test_a_slip_in_a_series_costs_a_day_not_the_series(tmp_path):
    file = tmp_path / "market.csv"
    file.write_text("date,spend,price\n2024-01-01,5,\n2024-01-02,n/a?,\n2024-01-03,7,\n")
    read = series_table(file)
    assert read.table.to_pydict() == {
        "date": [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)],
        "spend": [5.0, None, 7.0],
    }
    slip, empty = read.notices
    assert "spend has numbers, but 1 of its 3 values are none, such as 'n/a?' (row 2)" in slip
    assert empty == "series: price is empty on all days and was left out"
