"""Files sent in: whole or not there, found by their id only, and never outside their folder."""

import os
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.core.errors import StorageError, UploadError, UploadTooLargeError
from clv.ops import uploads

CSV = b"customer_id,date,amount\n1,2024-01-01,5\n"


def sent(home, name="orders.csv", content=CSV, most=uploads.MOST_BYTES):
    with uploads.receiving(home, name, most) as coming:
        for start in range(0, len(content), 7):
            coming.write(content[start : start + 7])
    return coming.upload


def files(home):
    return sorted(path.name for path in (home / "uploads").rglob("*") if path.is_file())


def test_a_file_sent_in_is_found_by_its_id(tmp_path):
    upload = sent(tmp_path)
    assert uploads.find(tmp_path, upload.upload_id) == upload
    assert upload.path.read_bytes() == CSV
    assert (upload.name, upload.size) == ("orders.csv", len(CSV))
    assert datetime.now(UTC) - upload.received_at < timedelta(minutes=1)
    told = upload.to_json()
    assert told["upload_id"] == upload.upload_id
    assert str(tmp_path) not in str(told)


def test_ids_cannot_be_guessed(tmp_path):
    ids = {sent(tmp_path).upload_id for _ in range(5)}
    assert len(ids) == 5
    assert all(len(each) == 32 and set(each) <= set(string.hexdigits) for each in ids)


def test_until_it_is_whole_a_file_is_not_there(tmp_path):
    with uploads.receiving(tmp_path, "orders.csv") as coming:
        coming.write(CSV)
        assert uploads.listed(tmp_path) == []
    assert [each.upload_id for each in uploads.listed(tmp_path)] == [coming.upload.upload_id]


def test_of_a_file_whose_sender_went_nothing_is_left(tmp_path):
    with pytest.raises(ConnectionError):
        broken_off(tmp_path)
    assert list((tmp_path / "uploads").iterdir()) == []


def broken_off(home):
    with uploads.receiving(home, "orders.csv") as coming:
        coming.write(CSV)
        raise ConnectionError


def test_a_file_that_is_too_large_is_refused_while_it_comes(tmp_path):
    with pytest.raises(UploadTooLargeError, match="larger than 20 bytes") as refused:
        sent(tmp_path, most=20)
    assert refused.value.status == 413
    assert list((tmp_path / "uploads").iterdir()) == []
    assert sent(tmp_path, most=len(CSV)).size == len(CSV)


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(UploadError, match="is empty"):
        sent(tmp_path, content=b"")
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("orders.csv", "orders.csv"),
        ("../../etc/cron.d/orders.csv", "orders.csv"),
        (r"C:\Users\me\Orders 2024.XLSX", "Orders_2024.xlsx"),
        ("orders.csv.gz", "orders.csv.gz"),
        ("a.b.c.parquet", "a.b.c.parquet"),
        ("bestellungen-märz.tsv", "bestellungen-märz.tsv"),
        ("-rf.csv", "rf.csv"),
        ("~$orders.csv", "orders.csv"),
        ("a\0b\n.csv", "a_b.csv"),
        ("*?[.csv", "log.csv"),
        (".csv", "log.csv"),
    ],
)
def test_of_a_name_only_what_is_harmless_is_kept(tmp_path, name, kept):
    assert sent(tmp_path, name).path.name == kept


@pytest.mark.parametrize(
    "name", ["", "orders", "orders.exe", "..", "orders.csv/..", "x.parquet.gz", "x.gz"]
)
def test_a_file_that_no_reader_opens_is_refused(tmp_path, name):
    with pytest.raises(UploadError, match="Known endings"):
        sent(tmp_path, name)
    assert not (tmp_path / "uploads").exists()


@given(st.text(max_size=300), st.sampled_from([".csv", ".parquet", ".csv.gz", ".xlsx", ""]))
def test_a_kept_name_is_one_part_of_a_path(name, ending):
    try:
        kept = uploads.safe_name(name + ending)
    except UploadError:
        return
    assert os.path.basename(kept) == kept  # noqa: PTH119
    assert not kept.startswith((".", "-", "_"))
    assert not set(kept) & set("/\\\0\n*?[]{}~ \"'")
    assert len(kept.encode()) <= uploads.LONGEST_NAME


@pytest.mark.parametrize(
    "upload_id", ["", ".", "..", "../runs", "/etc", "0" * 32, "A" * 32, "0" * 31, "\0" * 32]
)
def test_what_is_no_id_is_not_found(tmp_path, upload_id):
    sent(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "secret.csv").touch()
    with pytest.raises(UploadError, match="there is none"):
        uploads.find(tmp_path, upload_id)
    with pytest.raises(UploadError, match="there is none"):
        uploads.remove(tmp_path, upload_id)


def test_old_files_go_unless_they_are_needed(tmp_path):
    old, needed, new = (sent(tmp_path) for _ in range(3))
    then = datetime.now(UTC) - timedelta(days=40)
    for each in (old, needed):
        os.utime(each.path, (then.timestamp(), then.timestamp()))
    unfinished = tmp_path / "uploads" / ".partial-0"
    unfinished.mkdir()
    os.utime(unfinished, (then.timestamp(), then.timestamp()))
    before = datetime.now(UTC) - timedelta(days=30)
    assert uploads.remove_old(tmp_path, before, {needed.upload_id}) == 1
    assert {each.upload_id for each in uploads.listed(tmp_path)} == {
        needed.upload_id,
        new.upload_id,
    }
    assert not unfinished.exists()
    uploads.remove(tmp_path, new.upload_id)
    assert [each.upload_id for each in uploads.listed(tmp_path)] == [needed.upload_id]


def test_a_place_that_takes_no_files_is_told(tmp_path):
    (tmp_path / "uploads").touch()
    with pytest.raises(StorageError):
        sent(tmp_path)
