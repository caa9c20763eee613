"""Ten million rows of a million customers, from file to forecasts, within 8 GB."""

import json

import duckdb
import pyarrow.parquet as pq
import pytest

from benchmarks.biglog import write_big_log
from benchmarks.whole_run import run_clv
from clv.evaluation.backtest.trial import MOST_JUDGED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CUSTOMERS, ROWS = 1_000_000, 10_000_000
MOST_MEMORY_MB = 8 * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("big")


@pytest.fixture(scope="module")
def parquet(folder):
    write_big_log(folder / "log.parquet", CUSTOMERS, ROWS, seed=2)
    return folder / "log.parquet"


@pytest.fixture(scope="module")
def csv(parquet, folder):
    path = folder / "log.csv"
    duckdb.execute(f"COPY (FROM '{parquet}') TO '{path}' (HEADER)")
    return path


@pytest.fixture(scope="module")
def watched(parquet, folder):
    return run_clv(parquet, folder / "run")


@pytest.fixture(scope="module")
def of_csv(csv, folder):
    return run_clv(csv, folder / "run-of-csv")


@pytest.fixture(scope="module")
def left(parquet):
    """Customers to whom something is left once returns are taken off, and what is left in all.

    Every return in this log takes back an earlier row to the cent, so that sums tell.
    """
    return duckdb.execute(
        "SELECT count(*), sum(net) FROM (SELECT sum(amount::DECIMAL(18, 2)) AS net"
        f" FROM '{parquet}' GROUP BY customer_id) WHERE net > 0"
    ).fetchone()


@pytest.mark.parametrize("which", ["watched", "of_csv"])
def test_memory_stays_within_bounds(which, request):
    run = request.getfixturevalue(which)
    assert run.peak_mb < MOST_MEMORY_MB
    assert run.manifest["peak_memory_mb"] == pytest.approx(run.peak_mb, rel=0.2)


@pytest.mark.parametrize("which", ["watched", "of_csv"])
def test_every_row_is_accounted_for(which, request):
    counts = request.getfixturevalue(which).manifest["counts"]
    assert counts["rows_in"] == ROWS
    assert counts["accepted"] + counts["quarantined"] + counts["dropped"] == ROWS
    assert counts["accepted"] == ROWS, counts["by_rule"]


def test_every_customer_with_a_purchase_left_is_forecast(watched, left, folder):
    customers, total = left
    assert customers > 0.99 * CUSTOMERS
    assert watched.manifest["counts"]["customers"] == customers
    forecasts = pq.read_table(folder / "run" / "forecasts.parquet")
    assert forecasts.num_rows == customers
    assert len(forecasts["customer_id"].unique()) == customers
    assert forecasts["historic_value"].to_numpy().sum() == pytest.approx(float(total), rel=1e-9)


def test_stages_have_times_and_peaks(watched):
    stages = watched.manifest["stages"]
    assert len(stages) >= 6
    assert all(stage["seconds"] > 0 and stage["peak_memory_mb"] > 50 for stage in stages)
    assert 0.5 * watched.seconds < sum(stage["seconds"] for stage in stages) < watched.seconds
    assert max(stage["peak_memory_mb"] for stage in stages) == watched.manifest["peak_memory_mb"]


def test_csv_and_parquet_give_the_same_forecasts(watched, of_csv, folder):
    ours, theirs = (
        pq.read_table(folder / name / "forecasts.parquet") for name in ("run", "run-of-csv")
    )
    assert theirs.equals(ours)


def test_the_leaderboard_judges_on_the_days_before_the_last(watched, folder):
    board = json.loads((folder / "run" / "leaderboard.json").read_text())
    assert board["holdout"]["to"] == watched.manifest["as_of"]
    # So many are asked about, drawn out of all who had come by then.
    holdout = board["holdout"]
    assert holdout["customers"] == MOST_JUDGED
    assert holdout["customers"] / holdout["share"] > 0.3 * CUSTOMERS
    assert [row["model"] for row in board["rows"] if row["failed"] is None]
