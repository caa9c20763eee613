"""The engine writes what it is given, and says so when the disk will not have it."""

import errno

import duckdb
import pyarrow.parquet as pq
import pytest

from clv.core.errors import StorageError
from clv.data.engine import DuckDBEngine, storage_errors


def test_a_table_is_written_in_its_order(tmp_path, engine):
    engine.sql("CREATE TABLE numbers AS SELECT range AS n FROM range(1000)")
    table = engine.ibis.table("numbers")
    engine.write_parquet(table.order_by(table.n.desc()), tmp_path / "numbers.parquet")
    assert pq.read_table(tmp_path / "numbers.parquet")["n"].to_pylist() == list(range(999, -1, -1))


def test_closing_leaves_no_database(tmp_path):
    with DuckDBEngine(tmp_path / "engine", "500MB", 1) as engine:
        engine.sql("CREATE TABLE numbers AS SELECT 1 AS n")
    assert list((tmp_path / "engine").glob("tables*")) == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space left"),
        (OSError(errno.EACCES, "Permission denied"), "may not be written"),
        (duckdb.IOException("Could not write: No space left on device"), "no space left"),
        (duckdb.IOException("Cannot open: Permission denied"), "may not be written"),
    ],
)
def test_a_full_or_forbidden_disk_is_told(tmp_path, error, told):
    with pytest.raises(StorageError, match=told), storage_errors(tmp_path):
        raise error


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOENT, "no such file"), duckdb.IOException("odd")]
)
def test_other_errors_pass(tmp_path, error):
    with pytest.raises(type(error)) as told, storage_errors(tmp_path):
        raise error
    assert told.value is error


def test_a_folder_under_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file is not a folder"):
        DuckDBEngine(tmp_path / "file" / "engine")
    with pytest.raises(StorageError, match="file is not a folder"):
        DuckDBEngine(tmp_path / "file")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("file/table.parquet", "file is not a folder"),
        ("gone/table.parquet", "gone.* cannot be made"),
        ("taken", "taken is a folder, so no file"),
    ],
)
def test_a_table_that_cannot_be_put_there_is_told(tmp_path, engine, place, told):
    (tmp_path / "file").write_text("")
    (tmp_path / "taken").mkdir()
    engine.sql("CREATE TABLE one AS SELECT 1 AS n")
    with pytest.raises(StorageError, match=told):
        engine.write_parquet(engine.ibis.table("one"), tmp_path / place)


def test_a_file_that_cannot_be_opened_for_writing_is_told(tmp_path):
    with pytest.raises(StorageError, match="cannot be made"), storage_errors(tmp_path / "gone"):
        (tmp_path / "gone" / "copy").open("wb")
    with pytest.raises(StorageError, match="is a folder, so no file"), storage_errors(tmp_path):
        tmp_path.open("wb")


@pytest.mark.parametrize("name", ["out/log.csv", "log.csv", "elsewhere/log.csv"])
def test_a_missing_input_is_not_taken_for_a_missing_place(tmp_path, name):
    (tmp_path / "out").mkdir()
    with pytest.raises(FileNotFoundError), storage_errors(tmp_path / "out"):
        (tmp_path / name).open("rb")
    with pytest.raises(duckdb.IOException), storage_errors(tmp_path / "out"):
        duckdb.sql(f"FROM read_csv('{tmp_path / name}')").fetchall()
