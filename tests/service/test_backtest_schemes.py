"""The named schemes of a backtest: three parts in time, and folds of customers."""

import json

import pytest

import clv
from clv.core.errors import SettingError
from clv.core.types import AsOf, Horizon
from clv.evaluation import honesty, table
from clv.evaluation.backtest import last_parts
from clv.ops import pipeline
from tests.logs import CUSTOMERS, DAYS, FIRST, write_log


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("shop") / "orders.csv")


def test_the_last_part_is_fifteen_percent_of_the_days_and_ends_with_the_log():
    as_of = AsOf.parse("2024-12-31")
    choosing, last = last_parts(AsOf.parse("2023-01-01"), as_of)
    assert last.end == as_of
    assert last.window.n_days == round(0.15 * 731)
    assert choosing.end == last.cutoff
    assert choosing.window == last.window


def test_three_parts_choose_by_one_part_and_tell_of_the_next(log, tmp_path, monkeypatch):
    chosen_by, choose = [], pipeline.choose

    def noted(trials, candidates):
        chosen_by.extend(str(trial.origin.cutoff) for trial in trials)
        return choose(trials, candidates)

    monkeypatch.setattr(pipeline, "choose", noted)
    found = clv.backtest(log, out=tmp_path, scheme="70/15/15", models=["mbgnbd", "naive_rate"])
    assert found["horizon_days"] == found["holdout"]["days"]
    # First purchases may begin some days after the log's first possible one.
    assert found["horizon_days"] == pytest.approx(0.15 * DAYS, abs=1)
    assert len(found["origins"]) == 1
    assert chosen_by == [found["chosen_on"]]
    window = Horizon(found["horizon_days"])
    assert AsOf.parse(found["chosen_on"]).plus(window.n_days) == AsOf.parse(found["origins"][0])
    rows = {row["model"]: row for row in found["rows"]}
    assert rows["naive_rate"]["kind"] == "naive"
    assert [day["cutoff"] for day in rows["mbgnbd"]["origins"]] == found["origins"]
    assert [day["how"] for day in rows["mbgnbd"]["intervals"]] == [honesty.HELD_OUT]
    assert [day["cutoff"] for day in rows["mbgnbd"]["totals"]] == found["origins"]
    assert found["champion"]["why"].endswith("on the past day, the only model compared")
    groups = rows["mbgnbd"]["churn"]["reliability"]
    assert sum(group["count"] for group in groups) == found["holdout"]["customers"]
    assert found["tuning"] == []
    assert json.loads((tmp_path / "backtest.json").read_text())["origins"] == found["origins"]


def test_folds_of_customers_compare_learners_and_go_on_where_they_were(log, tmp_path, monkeypatch):
    found = clv.backtest(log, out=tmp_path, scheme="5-fold", models=["gradient_boosting"])
    assert found["origins"] == [f"fold {i}" for i in range(1, 6)]
    assert {row["model"] for row in found["rows"]} == {"gradient_boosting", "mean", "median"}
    assert "not of time" in found["note"]
    assert found["cutoff"] < FIRST.replace(year=FIRST.year + 2).isoformat()
    assert 0 < found["customers"] <= CUSTOMERS
    assert found["features"] > 80
    assert found["champion"]["name"] == "gradient_boosting"
    assert json.loads((tmp_path / "backtest.json").read_text())["note"] == found["note"]
    groups = found["churn"]["reliability"]
    assert sum(group["count"] for group in groups) == found["customers"]

    def never(*_):
        raise AssertionError("done already")

    monkeypatch.setattr(table, "_asked", never)
    again = clv.backtest(log, out=tmp_path, scheme="5-fold", models=["gradient_boosting"])
    assert again["rows"] == found["rows"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scheme": "70/15/15", "horizon": 90}, "horizon: scheme 70/15/15 sets it"),
        ({"scheme": "5-fold", "origins": 3}, "origins: scheme 5-fold sets it"),
        ({"scheme": "5-fold", "models": ["bgnbd"]}, "compares learners"),
        ({"scheme": "5-fold", "tune": "9s"}, "tune: the scheme 5-fold compares learners by their"),
    ],
)
def test_what_a_scheme_settles_cannot_be_asked_for(log, tmp_path, options, said):
    with pytest.raises(SettingError, match=said):
        clv.backtest(log, out=tmp_path, **options)
