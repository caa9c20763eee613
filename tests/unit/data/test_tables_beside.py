"""Tables that lie beside the log: customers with gaps, and series by day."""

from datetime import date

import pyarrow as pa
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
    table = customers_table(file, None, [])
    assert table.to_pylist() == [
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


def test_columns_may_be_chosen(tmp_path):
    file = tmp_path / "customers.parquet"
    pq.write_table(pa.table({"who": ["a", "b"], "age": [3, 4], "clv": [1.0, 2.0]}), file)
    assert customers_table(file, "who", ["age"]).to_pydict() == {
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
    table = series_table(file)
    assert table.to_pydict() == {
        "date": [date(2024, 1, 1), date(2024, 1, 2)],
        "online": [10, None],
        "index": [1.5, 2.0],
    }


def test_a_series_of_the_shared_logs(data_dir):
    table = series_table(data_dir / "google_merch_marketing" / "marketing_spend_daily.parquet")
    assert table.column_names == ["date", "Offline_Spend", "Online_Spend"]
    assert (table.num_rows, table["date"][0].as_py()) == (365, date(2019, 1, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("week,spend\n2024-01-01,5\n", "no column of .* is of days; it has week, spend"),
        ("date,spend\n01/02/2024,5\n", "holds '01/02/2024', which is no day"),
        ("date,note\n2024-01-01,x\n", "has numbers; it has date, note"),
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
