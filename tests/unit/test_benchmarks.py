import os
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.biglog import FIRST_DAY, SPAN, write_big_log
from benchmarks.population import SHORTEST, customers
from benchmarks.result import COLUMNS, Result, seconds, side_by_side, table
from benchmarks.whole_run import Watched, resident_mb, stages_table

RESULT = Result(
    case="fit BG/NBD",
    sizes="10 customers",
    ours_seconds=0.125,
    rival_seconds=10.0,
    repeats=5,
    rival_repeats=1,
    floor_seconds=0.01,
    floor="a pass",
    note="Log-likelihood -1.",
)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    write_big_log(path, customers=2_000, rows=20_000, seed=3)
    return path


def test_the_log_has_the_rows_and_customers_asked_for(log):
    rows = pq.read_table(log)
    assert rows.schema.names == ["customer_id", "date", "amount"]
    assert rows.num_rows == 20_000
    assert len(rows["customer_id"].unique()) == 2_000
    days = rows["date"].to_numpy().astype("datetime64[D]")
    assert (np.diff(days) >= np.timedelta64(0)).all()
    assert days.min() >= FIRST_DAY
    assert days.max() < FIRST_DAY + SPAN


def test_one_row_in_a_hundred_takes_back_an_earlier_one_to_the_cent(log):
    frame = pq.read_table(log).to_pandas()
    returns = frame[frame["amount"] < 0]
    assert len(returns) == 200
    for row in returns.itertuples():
        bought = frame[
            (frame["customer_id"] == row.customer_id)
            & (frame["amount"] == -row.amount)
            & (frame["date"] <= row.date)
        ]
        assert len(bought) >= 1, row


def test_the_same_seed_writes_the_same_log(log, tmp_path):
    for seed, same in ((3, True), (4, False)):
        write_big_log(tmp_path / "again.parquet", customers=2_000, rows=20_000, seed=seed)
        assert pq.read_table(tmp_path / "again.parquet").equals(pq.read_table(log)) is same


def test_too_few_rows_a_customer_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Ask for more rows a customer"):
        write_big_log(tmp_path / "log.parquet", customers=1_000, rows=1_001, seed=0)


def test_histories_can_be():
    seen = customers(5_000, seed=1)
    assert ((seen.x == 0) == (seen.t_x == 0)).all()
    assert (seen.x <= seen.t_x).all()
    assert (seen.t_x <= seen.T).all()
    assert (seen.T >= SHORTEST).all()
    assert ((seen.m > 0) == (seen.x > 0)).all()


def test_a_result_is_a_row_with_its_ratio():
    assert RESULT.ratio == 80.0
    row = dict(zip(COLUMNS, RESULT.row(), strict=True))
    assert (row["clv, s"], row["rival, s"], row["ratio"]) == ("0.125", "10", "80")
    assert row["runs"] == "5 and 1"
    assert "Log-likelihood -1." in row["of what, and what came out"]


def test_a_table_is_markdown():
    lines = table(("a", "wide", "text"), [("1", "2", "a sentence"), ("333", "4", "x")]).splitlines()
    assert lines[0] == "| a   | wide | text |"
    assert lines[1] == "|-----|------|---|"
    assert lines[2] == "| 1   | 2    | a sentence |"
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("value", "told"), [(0.00123456, "0.00123"), (1.2345, "1.23"), (47.26, "47.3"), (123.4, "123")]
)
def test_seconds_have_three_digits(value, told):
    assert seconds(value) == told


def test_both_run_in_turns_as_often_as_asked():
    ran = []
    ours, mine, theirs, yours = side_by_side(
        lambda: ran.append("we") or 1, lambda: ran.append("they") or 2, 3, 1
    )
    assert ran == ["we", "they", "we", "we"]
    assert (len(ours), len(theirs), mine, yours) == (3, 1, 1, 2)


def test_stages_are_listed_with_the_whole_process():
    stages = [{"name": "read", "seconds": 1.5, "peak_memory_mb": 1200}]
    told = stages_table(Watched(2.0, 1300.4, {"stages": stages}))
    assert "| read          | 1.5     | 1,200 |" in told
    assert "| whole process | 2       | 1,300 |" in told


def test_memory_of_children_counts():
    alone = resident_mb(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert resident_mb(os.getpid()) > alone > 20
    finally:
        child.communicate(b"\n")
    assert resident_mb(child.pid) == 0.0
