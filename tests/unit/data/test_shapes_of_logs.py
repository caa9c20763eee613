"""Logs that are odd as a whole: misnamed, doubled, without rows or results, without amounts."""

import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from clv.core.errors import ColumnError, LogError, SourceError
from clv.data.ingest import Columns, IngestSettings, ingest

HEAD = "customer_id,date,amount\n"


def sheet(path, *rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def refused(source, engine, error=SourceError, **options):
    with pytest.raises(error) as told:
        ingest(source, IngestSettings(**options), engine)
    return told.value.message


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("log.xlsx", "log.xlsx is not an Excel file, though its name ends in .xlsx"),
        ("log.csv.gz", "log.csv.gz is not packed with gzip"),
        ("log.parquet", "log.parquet is not a Parquet file"),
    ],
)
@pytest.mark.parametrize("content", [bytes(range(7, 256)), b"a,b\n1,2\n"])
def test_a_file_that_is_not_what_its_name_says_is_told(tmp_path, engine, name, told, content):
    (tmp_path / name).write_bytes(content)
    assert told in refused(tmp_path / name, engine)


def test_an_empty_file_is_empty_whatever_its_name(tmp_path, engine):
    (tmp_path / "log.xlsx").write_bytes(b"")
    assert "is empty" in refused(tmp_path / "log.xlsx", engine)


def test_a_parquet_without_rows_is_told(tmp_path, engine):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"customer_id": pa.array([], pa.string())}), path)
    assert refused(path, engine, LogError).startswith(f"log: {path} has no rows.")


def test_formulas_without_results_are_told(tmp_path, engine):
    head = ["customer_id", "date", "amount", "margin"]
    rows = [[i, f"2024-01-{i + 10}", 5 if i < 3 else f"=1+{i}", 1] for i in range(9)]
    told = refused(sheet(tmp_path / "log.xlsx", head, *rows), engine)
    assert told.startswith("source: amount of ")
    assert "formulas whose results were not saved" in told
    every = sheet(tmp_path / "every.xlsx", head, ["=A9", "=B9", "=C9", "=D9"])
    assert "amount, customer_id, date, margin of" in refused(every, engine)


def test_formulas_of_a_column_that_is_not_needed_are_no_matter(tmp_path, engine):
    path = sheet(
        tmp_path / "log.xlsx",
        ["customer_id", "date", "amount", "margin"],
        ["c", "2024-01-05", 3, "=C2/2"],
    )
    assert ingest(path, IngestSettings(), engine).accepted == 1


def test_a_doubled_needed_column_is_refused_in_every_kind_of_log(tmp_path, engine):
    rows = [["customer_id", "date", "amount", " amount"], ["c", "2024-01-05", 1, 2]]
    text = tmp_path / "log.csv"
    text.write_text("\n".join(",".join(map(str, row)) for row in rows))
    parquet = tmp_path / "log.parquet"
    columns = [pa.array(["c"]), pa.array(["2024-01-05"]), pa.array([1]), pa.array([2])]
    pq.write_table(pa.table(columns, names=[name.strip() for name in rows[0]]), parquet)
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("CREATE TABLE t AS SELECT 'c' AS c, '2024-01-05' AS d, 1 AS a, 2 AS b")
    connection.close()
    query = "select c as customer, d as date, a as amount, b as amount from t"
    database = f"sqlite:///{tmp_path}/log.db?query={query}"
    for log in (text, parquet, database, sheet(tmp_path / "log.xlsx", *rows)):
        told = refused(log, engine, ColumnError, columns=Columns(amount="amount"))
        assert told.startswith("amount: several columns of the log are called 'amount'"), log
        assert "Rename one of them" in told


def test_doubled_parquet_columns_keep_their_own_values(tmp_path, engine):
    path = tmp_path / "log.parquet"
    names = ["customer_id", "date", "amount", "note", "note"]
    row = ["c", "never", 1, "one", "two"]
    pq.write_table(pa.table([pa.array([value]) for value in row], names=names), path)
    message = refused(path, engine, LogError, max_bad=1)
    assert "1 unreadable_date" in message
    [(kept,)] = engine.sql("SELECT row FROM quarantine")
    assert kept.endswith('"note":"one","note (2)":"two"}')


def test_the_address_of_a_database_is_told_as_it_was_written(tmp_path, engine):
    address = f"sqlite:///{tmp_path}/log.db"
    assert f"; {address} has neither." in refused(address, engine)
    secret = "postgresql://ann:hidden@host:5432/shop?password=hidden&sslmode=require"
    told = refused(secret, engine)
    assert "; postgresql://ann@host:5432/shop?sslmode=require has neither." in told
    assert "hidden" not in told


def test_passed_over_columns_are_told(read):
    found = read("customer_id,date,revenue,sales\nc,2024-01-05,1,100\n")
    assert found.notices == (
        "amount: 'revenue' was taken; the log also has 'sales'. Say --amount to choose",
    )


def test_amounts_that_add_up_beyond_exactness_are_refused(read):
    rows = "".join(f"c{i % 50},2024-01-{i % 28 + 1:02},1000000000\n" for i in range(90_001))
    with pytest.raises(LogError, match=r"add up to 90,001,000,000,000.*in thousands"):
        read(HEAD + rows)


def test_refunds_do_not_hide_a_total_beyond_exactness(read):
    rows = "c,2024-01-05,1000000000\nc,2024-01-05,-1000000000\n" * 45_001
    with pytest.raises(LogError, match="add up to 90,002,000,000,000"):
        read(HEAD + rows)


def test_an_amount_beyond_reason_once_converted_is_quarantined(read):
    text = "customer,date,amount,currency\nc,2024-01-05,10,USD\nc,2024-01-05,900000000,XAU\n"
    found = read(text, rates={"USD": 1, "XAU": 4000})
    assert (found.accepted, found.by_rule) == (1, {"implausible_amount": 1})


@pytest.mark.parametrize("head", ["customer,date", "customer,date,quantity", "customer,date,price"])
def test_a_log_without_amounts_counts_purchases_where_none_are_needed(read, head):
    rows = "".join(
        ",".join(["c", f"2024-01-0{day}", "3"][: head.count(",") + 1]) + "\n" for day in (1, 2)
    )
    with pytest.raises(ColumnError, match="amount: no column looks like it"):
        read(head + "\n" + rows)
    found = read(head + "\n" + rows, amount_needed=False)
    assert [float(x) for x in found.transactions.amount.execute()] == [1, 1]
    assert [n for n in found.notices if n.startswith("amount: the log has none")]


def test_bad_rows_of_a_log_without_amounts_are_set_apart(read):
    text = "customer,date,is_return\nc,2024-01-01,0\nc,never,0\n,2024-01-01,0\nd,2024-01-02,1\n"
    found = read(text, amount_needed=False)
    assert found.by_rule == {
        "missing_customer": 1,
        "unreadable_date": 1,
        "return_without_purchase": 1,
    }


def test_a_log_with_amounts_is_read_alike_whether_they_are_needed(read):
    text = "customer,date,qty,price\nc,2024-01-01,3,2\n"
    assert read(text, amount_needed=False).transactions.amount.execute()[0] == 6


def test_rates_without_amounts_are_refused(read):
    text = "customer,date,currency\nc,2024-01-01,USD\nc,2024-01-02,EUR\n"
    assert read(text, amount_needed=False).currency is None
    with pytest.raises(ColumnError, match="no amounts to convert"):
        read(text, amount_needed=False, rates={"USD": 1})


def test_the_bundled_log_is_meant_whatever_stands_beside(tmp_path, monkeypatch, engine):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cdnow").mkdir()
    (tmp_path / "cdnow" / "own.csv").write_text("customer_id,date,amount\na,2024-01-05,3\n")
    assert ingest("cdnow", IngestSettings(), engine).rows_in == 69_659
    assert ingest("./cdnow", IngestSettings(), engine).rows_in == 1
