"""What a run says of itself: total without an interval, what a log cannot support, columns."""

from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from clv.apps.printing import print_run, print_scored, require_place
from clv.apps.tables import print_table_run
from clv.core.errors import SettingError, StorageError

WHY = "it goes with what customers bought after 2023-07-09"
HINT = (
    "customers: to use a column all the same that was left out, because it was known beforehand,"
    " name all columns to use with --known"
)
SEASON = "Season: forecasts are lowered by 8%."
MANIFEST = {
    "mapping": {},
    "as_of": "2024-12-30",
    "as_of_given": True,
    "counts": {
        "rows_in": 9,
        "accepted": 9,
        "quarantined": 0,
        "dropped": 0,
        "by_rule": {},
        "customers": 4,
        "purchases": 9,
        "one_timers": 1,
        "first_day": "2022-01-01",
        "last_day": "2024-12-30",
    },
    "inputs": [
        {"path": "orders.csv"},
        {"what": "customers", "path": "c.csv", "left_out": {"tier": WHY, "total": "it tells"}},
    ],
    "notices": ["customers: total was left out: it tells", HINT, "as-of: told"],
    "warnings": [f"customers: tier was left out: {WHY}", SEASON],
    "tuning": [],
    "champion": {"label": "MBG/NBD", "why": "told"},
    "horizon_days": 365,
    "level": 0.9,
    "total": {"clv": 108.4, "lower": None, "upper": None, "method": "no past total tells"},
}
BOARD = {
    "holdout": {"days": 90, "from": "2024-10-02", "to": "2024-12-30"},
    "shared": ["2024-10-01"],
    "origins": ["2024-10-01"],
    "rows": [],
}
READY = {
    "verdict": "Usable with care: this log cannot support horizon.",
    "checks": [
        {"name": "span", "status": "ok", "found": "f", "means": "m", "instead": None},
        {
            "name": "horizon",
            "status": "no",
            "found": "1,095 days for 4,000",
            "means": "too far.",
            "instead": "checked over 365",
        },
    ],
}


@pytest.fixture
def lines(capsys):
    folder = Path("r")
    print_run(
        SimpleNamespace(
            manifest=MANIFEST, readiness=READY, leaderboard=BOARD, folder=folder, report=folder
        ),
        as_json=False,
    )
    return capsys.readouterr().out.splitlines()


def test_a_total_without_an_interval_says_why(lines):
    total = next(line for line in lines if line.startswith("In the 365 days"))
    assert total.endswith("bring about 108 (no interval: no past total tells).")


def test_what_a_log_cannot_support_stands_with_its_reason_and_what_was_done(lines):
    at = lines.index("Readiness: Usable with care: this log cannot support horizon.")
    assert lines[at + 1] == ("  horizon: 1,095 days for 4,000; too far; instead: checked over 365.")
    assert not any("span" in line for line in lines)


def test_columns_left_out_stand_together_before_the_forecast_with_what_to_do(lines):
    at = lines.index("Columns of --customers that seem to know what came later:")
    assert lines[at + 1 : at + 4] == [
        f"  tier was left out: {WHY}",
        "  total was left out: it tells",
        f"  {HINT.removeprefix('customers: ')}",
    ]
    assert at < next(i for i, line in enumerate(lines) if line.startswith("In the 365 days"))
    assert sum("was left out" in line for line in lines) == 3
    assert f"Note: {SEASON}" in lines
    assert "Note: as-of: told" in lines


@pytest.mark.parametrize(("rows", "words"), [(1, "1 forecast;"), (2, "2 forecasts;")])
def test_forecasts_are_counted_as_one_speaks(capsys, rows, words):
    counts = {"accepted": 3, "rows_in": 3, "by_rule": {}}
    table = pa.table({"clv": [1.0] * rows})
    print_scored(SimpleNamespace(table=table, as_of=None, counts=counts, notices=()), None)
    assert words in capsys.readouterr().err


def test_a_file_that_could_not_be_written_is_refused_before_any_work(tmp_path):
    require_place(tmp_path / "f.csv")
    require_place(None)
    with pytest.raises(StorageError, match=r"there is no folder .*/no\. Make it"):
        require_place(tmp_path / "no" / "f.csv")
    with pytest.raises(SettingError, match=r"\.parquet, \.csv, \.json"):
        require_place(tmp_path / "f.doc")


def table_run(without, kept):
    held_out = {"rows": 100, "forecast": 950.0, "actual": 1_000.0}
    manifest = {
        "target": "clv",
        "id_column": None,
        "tuning": [],
        "coverage": None,
        "level": 0.9,
        "counts": {
            "rows_in": 100 + without,
            "with_target": 100,
            "without_target": without,
            "features": 3,
        },
        "left_out": {"tier": "it parts customers"},
        "champion": {"label": "GLM", "why": "told"},
        "total": {"forecast": 1_020.0, "lower": 900.0, "upper": 1_100.0, "held_out": held_out},
        "warnings": [f"column tier was left out: it parts customers. --keep {kept}", "figures"],
    }
    board = {"scheme": "folds", "rows": []}
    folder = Path("r")
    return SimpleNamespace(manifest=manifest, leaderboard=board, folder=folder, report=folder)


@pytest.mark.parametrize("without", [0, 7])
def test_the_sum_of_known_targets_is_no_forecast(capsys, without):
    print_table_run(table_run(without, "tier"), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert "The 100 rows held out together were forecast 950, and have 1,000" in lines
    assert ("All rows together are forecast 1,020" in lines) is bool(without)
    assert f"Another {100 + without} rows like these all would add up to 900 to 1,100" in (
        "\n".join(lines)
    )
    at = lines.index("Left out: tier: it parts customers")
    assert "--keep NAME" in lines[at + 1]
    assert "Note: figures." in lines
    assert not any(line.startswith("Note: column tier") for line in lines)
