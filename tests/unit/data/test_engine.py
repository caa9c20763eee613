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
    with pytest.raises(OSError, match="Not a directory"):
        DuckDBEngine(tmp_path / "file" / "engine")
