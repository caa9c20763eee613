"""A backtest that searches settings first: what it found is told, and where it was looked for."""

import json

import pandas as pd
import pytest

import clv
from clv.apps.printing import print_backtest
from tests.logs import write_log

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tuned")


@pytest.fixture(scope="module")
def found(folder):
    log = write_log(folder / "orders.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLV_HOME", str(folder / "home"))
        return clv.backtest(
            log, out=folder / "out", models=["xgboost", "mbgnbd"], origins=2, horizon=60, tune="5s"
        )


def test_what_was_tried_and_found_is_written_and_printed(found, folder, capsys):
    [search] = json.loads((folder / "out" / "backtest.json").read_text())["tuning"]
    assert search["learner"] == "xgboost"
    assert search["trials"] >= 1
    assert search["best"] <= search["default"]
    print_backtest(found, as_json=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert f"Tuned: {search['told']}." in printed
    assert f"{search['trials']} settings tried" in search["told"]


def test_settings_are_judged_on_windows_that_end_before_the_first_day_judged(found):
    [search] = found["tuning"]
    first = pd.Timestamp(found["origins"][0])
    ends = [pd.Timestamp(day) + pd.Timedelta(search["window"], "D") for day in search["days"]]
    assert ends
    assert max(ends) <= first
