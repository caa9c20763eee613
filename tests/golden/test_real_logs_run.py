"""The main job on logs as shops keep them: it runs, or stops with what to do; rows add up."""

import pyarrow.compute as pc
import pytest

import clv
from clv.core.errors import ColumnError

RUNS = {
    "wholesaler, amount as quantity x price": (
        "online_retail/lines.parquet",
        {"quantity": "quantity", "unit_price": "unit_price"},
        {"rows_in": 541_909, "accepted": 406_515, "customers": 4_322},
    ),
    "fixed width": (
        "cdnow/original/CDNOW_master.txt.gz",
        {"columns": "customer,date,units,amount", "delimiter": "space"},
        {"rows_in": 69_659, "accepted": 69_659, "customers": 23_570},
    ),
    "tabs, no header": (
        "purchases_2005_2015/original/purchases.txt.gz",
        {"columns": "customer,amount,date"},
        {"rows_in": 51_243, "accepted": 51_243, "customers": 18_417},
    ),
    "byte-order mark, cash sales": (
        "coffee_vending/original/index_1.csv.gz",
        {"customer": "card"},
        {"rows_in": 3_636, "accepted": 3_547, "customers": 1_316},
    ),
    "two ways of writing dates, returns": (
        "retail_case_study/original/Transactions.csv.gz",
        {},
        {"rows_in": 23_053, "accepted": 23_053, "customers": 5_431},
    ),
}

LONGEST = "fixed width"


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.slow) if case == LONGEST else case for case in RUNS],
)
def test_it_runs_and_every_row_is_accounted_for(case, data_dir, tmp_path):
    log, options, expected = RUNS[case]
    quick = ["mbgnbd", "naive_rate"]
    run = clv.run(data_dir / log, out=tmp_path / "out", horizon=90, models=quick, **options)
    counts = run.manifest["counts"]
    assert {name: counts[name] for name in expected} == expected
    assert counts["rows_in"] == counts["accepted"] + counts["quarantined"] + counts["dropped"]
    assert run.quarantine().num_rows == counts["quarantined"]
    forecasts = run.forecasts()
    assert forecasts.num_rows == counts["customers"]
    lower, clv_, upper = (forecasts[name] for name in ("clv_lower", "clv", "clv_upper"))
    assert pc.all(pc.and_(pc.less_equal(lower, clv_), pc.less_equal(clv_, upper))).as_py()
    assert run.report.stat().st_size > 100_000


@pytest.mark.parametrize(
    ("log", "say"),
    [
        ("cdnow/original/CDNOW_master.txt.gz", "--columns name1,name2,name3,name4"),
        ("purchases_2005_2015/original/purchases.txt.gz", "--columns name1,name2,name3"),
        ("coffee_vending/original/index_1.csv.gz", "name it with --customer"),
    ],
)
def test_it_stops_and_says_what_to_do(log, say, data_dir, tmp_path):
    with pytest.raises(ColumnError, match=say):
        clv.run(data_dir / log, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
