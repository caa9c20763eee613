"""A table with a target, read as people keep one."""

import gzip

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ColumnError, SourceError
from clv.data.table import read_customer_table

TEXT = "Customer ID,joined,spent,vip,city,clv\n007,2024-03-01,12.5,true,Rome,40\n08,,,false,,\n"


def write(path, text):
    path.write_text(text)
    return path


def test_numbers_days_texts_and_gaps_are_what_they_are(tmp_path):
    table = read_customer_table(write(tmp_path / "c.csv", TEXT + "9,2024-05-02,3,true,Oslo,2\n"),
                                "clv", None)  # fmt: skip
    assert table.ids == ["007", "08", "9"]
    assert table.id_column == "Customer ID"
    assert list(table.frame) == ["joined", "spent", "vip", "city"]
    assert table.frame["joined"].dtype.kind == "M"
    assert table.frame["spent"].tolist()[0] == 12.5
    assert table.frame["vip"].tolist() == [1.0, 0.0, 1.0]
    assert table.frame["city"].tolist() == ["Rome", None, "Oslo"]
    np.testing.assert_array_equal(table.target, [40, np.nan, 2])
    assert table.repeated == 0


def test_packed_text_parquet_and_semicolons_with_commas_read_the_same(tmp_path):
    rows = "id;spent;clv\na;1,5;10,25\nb;2,5;3,5\n"
    plain = read_customer_table(write(tmp_path / "c.csv", rows), "clv", "id")
    with gzip.open(tmp_path / "c.csv.gz", "wt") as file:
        file.write(rows)
    pd.DataFrame({"id": ["a", "b"], "spent": [1.5, 2.5], "clv": [10.25, 3.5]}).to_parquet(
        tmp_path / "c.parquet"
    )
    for name in ("c.csv.gz", "c.parquet"):
        other = read_customer_table(tmp_path / name, "clv", "id")
        pd.testing.assert_frame_equal(other.frame, plain.frame)
        np.testing.assert_array_equal(other.target, plain.target)
        assert other.ids == plain.ids == ["a", "b"]


def test_rows_without_a_customer_column_are_numbered(tmp_path):
    table = read_customer_table(write(tmp_path / "c.csv", "spent,clv\n1,2\n3,4\n"), "clv", None)
    assert (table.ids, table.id_column) == (["1", "2"], None)


def test_lists_are_no_features_and_told(tmp_path):
    frame = pd.DataFrame({"id": ["a", "b"], "bought": [[1, 2], [3]], "clv": [1.0, 2.0]})
    frame.to_parquet(tmp_path / "c.parquet")
    table = read_customer_table(tmp_path / "c.parquet", "clv", "id")
    assert list(table.frame) == []
    assert "list" in table.skipped["bought"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1,x\n2,3\n", "holds text in 1 row"),
        ("1,-4\n2,3\n", "negative or infinite in 1 row.*rows 1"),
        ("1,5\n2,5\n", "the same for all"),
        ("1,\n2,\n", "empty for all"),
        ("1,2024-01-01\n2,2024-01-02\n", "Give a column of numbers"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(tmp_path, rows, said):
    path = write(tmp_path / "c.csv", "spent,clv\n" + rows)
    with pytest.raises(ColumnError, match=said):
        read_customer_table(path, "clv", None)


@pytest.mark.parametrize(
    ("target", "column", "said"),
    [("value", None, "target: .* has no column 'value'"), ("clv", "who", "id: .* no column 'who'")],
)
def test_columns_that_are_not_there_are_named(tmp_path, target, column, said):
    with pytest.raises(ColumnError, match=said):
        read_customer_table(write(tmp_path / "c.csv", TEXT), target, column)


def test_an_empty_id_and_an_empty_table_are_refused(tmp_path):
    with pytest.raises(ColumnError, match="id: who is empty in 1 row"):
        read_customer_table(write(tmp_path / "a.csv", "who,clv\n,1\nb,2\n"), "clv", "who")
    with pytest.raises(ColumnError, match="has no rows"):
        read_customer_table(write(tmp_path / "b.csv", "who,clv\n"), "clv", "who")
    with pytest.raises(SourceError, match="there is no file"):
        read_customer_table(tmp_path / "c.csv", "clv", "who")


def test_a_slip_among_numbers_is_left_empty_and_told(tmp_path):
    rows = [f"{number},{number * 1.5},{number + 1}" for number in range(59)]
    file = tmp_path / "customers.csv"
    file.write_text("\n".join(["id,spend,target", *rows, "59,oops,60"]) + "\n")
    table = read_customer_table(file, "target", "id")
    spend = table.frame["spend"]
    assert spend.iloc[:3].tolist() == [0.0, 1.5, 3.0]
    assert spend.isna().tolist() == [False] * 59 + [True]
    assert (
        "table: spend has numbers, but 1 of its 60 values are none, such as 'oops' (row 60)"
        in (table.notices[0])
    )
