"""Tables of customers become numbers, and say what is wrong with them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv.core.errors import ColumnError, SourceError
from clv.data.customers import read_customers

CSV = """customer_id,gender,channel,age
007,f,web,30
8,m,shop,41.5
9,f,web,25
10,f,phone,60
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text(CSV)
    return path


def test_numbers_stay_and_texts_become_groups(file):
    found = read_customers(file, None, ["age", "gender"], ["9", "007", "8"])
    assert list(found) == ["age", "gender=m"]
    np.testing.assert_array_equal(found["age"], [25, 30, 41.5])
    np.testing.assert_array_equal(found["gender=m"], [0, 0, 1])


def test_the_most_frequent_group_is_the_one_without_a_column(file):
    found = read_customers(file, None, ["channel"], ["007", "8", "9", "10"])
    assert list(found) == ["channel=phone", "channel=shop"]
    np.testing.assert_array_equal(found["channel=shop"], [0, 1, 0, 0])


def test_parquet_and_a_column_of_another_name(tmp_path):
    path = tmp_path / "people.parquet"
    pq.write_table(pa.table({"who": ["b", "a"], "vip": [True, False]}), path)
    assert read_customers(path, "who", [], ["a", "b"])["vip"].tolist() == [0.0, 1.0]
    with pytest.raises(ColumnError, match=r"no column of .* says who the customer is; it has who"):
        read_customers(path, None, [], ["a"])


@pytest.mark.parametrize(
    ("columns", "wanted", "message"),
    [
        (["income"], ["8"], "has no column income; it has customer_id, gender, channel, age"),
        ([], ["8", "11", "12"], r"2 of 3 customers of the log are not in .* \(11, 12\)"),
    ],
)
def test_what_is_missing_is_named(file, columns, wanted, message):
    with pytest.raises(ColumnError, match=message):
        read_customers(file, None, columns, wanted)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("8,f,web,20\n", r"1 row\(s\) of a customer it names already"),
        ("11,f,web,\n", r"age is empty for 1 customer\(s\)"),
    ],
)
def test_a_table_that_cannot_be_is_refused(file, line, message):
    file.write_text(CSV + line)
    with pytest.raises(ColumnError, match=message):
        read_customers(file, None, ["age"], ["8", "11"])


def test_names_are_no_groups(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("customer,name\n" + "".join(f"{i},person {i}\n" for i in range(60)))
    with pytest.raises(ColumnError, match="name has 60 different texts"):
        read_customers(path, None, [], [str(i) for i in range(60)])


def test_a_file_that_is_not_there_or_broken(tmp_path):
    with pytest.raises(SourceError, match="there is no file"):
        read_customers(tmp_path / "none.csv", None, [], [])
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(SourceError, match="cannot be read"):
        read_customers(tmp_path / "broken.parquet", None, [], [])
