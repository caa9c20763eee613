"""A table of customers with a target, as a person runs it."""

import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import clv as package
from clv.core.errors import ClvError
from clv.ops.jobconfig import JobConfig
from clv.ops.machine import Machine
from clv.ops.progress import Silent, Stages
from clv.ops.tables import find_out
from tests.commands import clv
from tests.customer_tables import customers

QUICK = ("--models", "gradient_boosting", "--folds", "3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def table(folder):
    """A label cut from the target, and twenty customers whose target is not known."""
    frame = customers(260)
    frame["segment"] = pd.cut(frame["clv"], [-1, 40, 90, 1e9], labels=["C", "B", "A"]).astype(str)
    frame.loc[240:, "clv"] = np.nan
    frame.to_csv(folder / "customers.csv", index=False)
    return frame


@pytest.fixture(scope="module")
def done(folder, table):
    ended = clv(
        folder, "run", "--table", "customers.csv", "--target", "clv", "--out", "learned",
        "--drop", "colour", "--budget", "fast", "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_the_run_folder_has_its_files_and_no_code(done, folder):
    run = folder / "learned"
    assert {path.name for path in run.iterdir()} == {
        *("manifest.json", "forecasts.parquet", "leaderboard.json", "model", "report.html"),
    }
    kinds = {path.suffix for path in (run / "model").rglob("*") if path.is_file()}
    assert kinds <= {".json", ".npz", ".txt", ".ubj"}
    page = (run / "report.html").read_text()
    assert "Columns left out" in page
    assert "https://" not in page.split("<script>")[0]


def test_what_was_left_out_and_why_is_told(done):
    assert "hardly overlap" in done["left_out"]["segment"]
    assert done["left_out"]["colour"] == "left out as you asked"
    assert done["features"] == ["orders", "joined", "channel"]
    assert any("--keep segment" in warning for warning in done["warnings"])
    assert any("20 row(s) have no clv" in warning for warning in done["warnings"])


def test_naive_rows_stand_beside_the_models_and_one_is_champion(done):
    rows = done["leaderboard"]["rows"]
    assert [row["kind"] for row in rows].count("naive") == 2
    assert [row["model"] for row in rows if row["champion"]] == [done["champion"]["name"]]
    own = next(row for row in rows if row["champion"])
    assert own["r2"] > 0.6
    assert len(own["origins"]) == 5


def test_every_row_is_forecast_and_held_out_ones_without_knowing_them(done, folder, table):
    found = pq.read_table(folder / "learned" / "forecasts.parquet").to_pandas()
    assert found["customer_id"].tolist() == table["customer_id"].tolist()
    assert (found["lower"] <= found["forecast"]).all()
    assert (found["forecast"] <= found["upper"]).all()
    assert found["held_out"].notna().tolist() == table["clv"].notna().tolist()
    np.testing.assert_array_equal(found["actual"], table["clv"])
    assert found["value_tier"].isin(["High-CLV", "Growth-Potential", "Low-CLV"]).all()
    assert found["reasons"].str.contains("orders").mean() > 0.5


def test_predict_gives_one_row_what_the_run_gave_it(done, folder, table):
    table.iloc[[7]].drop(columns=["clv", "segment"]).to_csv(folder / "one.csv", index=False)
    scored = clv(folder, "predict", "learned", "one.csv", "--out", "one.parquet")
    assert scored.returncode == 0, scored.stderr
    assert "1 forecast in one.parquet; 1 of 1 rows accepted" in scored.stderr
    whole = pq.read_table(folder / "learned" / "forecasts.parquet")
    one = pq.read_table(folder / "one.parquet")
    lone, among_all = one.to_pylist()[0], whole.select(one.column_names).to_pylist()[7]
    for name, value in among_all.items():
        # Arithmetic on one row may round its last digit otherwise than on many.
        close = pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
        assert lone[name] == close, name


def test_a_wider_level_gives_wider_intervals(done, folder):
    frame = package.predict(folder / "learned", folder / "customers.csv", level=0.99)
    found = pq.read_table(folder / "learned" / "forecasts.parquet").to_pandas()
    assert (frame["upper"] >= found["upper"]).all()
    assert (frame["upper"] > found["upper"]).mean() > 0.9


def test_people_read_sentences(folder, table):
    ended = clv(folder, "run", "--table", "customers.csv", "--target", "clv", *QUICK)
    assert ended.returncode == 0, ended.stderr
    assert "260 read = 240 with a target + 20 without" in ended.stdout
    assert "3 folds drawn by lot" in ended.stdout
    assert "naive: the median" in ended.stdout
    assert "of rows held out" in ended.stdout
    assert (folder / ".clv" / "champion").exists()


def test_in_order_of_time_the_last_rows_are_held_out(folder, table, tmp_path):
    run = package.run(
        table=folder / "customers.csv", target="clv", time="joined", out=tmp_path / "run",
        models=["gradient_boosting"], keep="segment",
    )  # fmt: skip
    assert run.manifest["kind"] == "table"
    assert "the last 15 % in time" in run.leaderboard["scheme"]
    assert "segment" in run.manifest["features"]
    assert any("kept as you asked" in warning for warning in run.manifest["warnings"])
    found = run.forecasts().to_pandas()
    last = table["joined"][found["held_out"].notna()].min()
    assert (table["joined"][found["held_out"].isna() & table["clv"].notna()] < last).all()


@pytest.mark.parametrize(
    ("log", "asked", "said"),
    [
        (None, {}, "say which log of orders to read"),
        ("orders.csv", {"target": "clv"}, "Give a log, or --table"),
        (None, {"table": "customers.csv"}, "needs --table FILE and --target COLUMN"),
        (None, {"target": "worth"}, "no column 'worth'"),
        (None, {"horizon": 9}, "a setting of logs"),
        (None, {"drop": "x"}, "no column x to drop"),
        (None, {"time": "channel"}, "no order in time"),
        (None, {"time": "when"}, "no column 'when'"),
        (None, {"folds": 1}, "1 cannot be made of"),
        (None, {"folds": 3, "time": "joined"}, "either --folds, or --split"),
        (None, {"models": "bgnbd"}, "is not one"),
        (None, {"models": "ensemble"}, "Name some besides it"),
        (None, {"level": 1.5}, "outside 0.5 to 0.99"),
        (None, {"drop": ["orders", "channel", "colour", "joined"]}, "no column is left"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(folder, table, log, asked, said):
    if log is None and asked and "table" not in asked:
        asked = {"table": folder / "customers.csv", "target": "clv", **asked}
    with pytest.raises(ClvError, match=re.escape(said)):
        package.run(log, out=folder / "never", **asked)
    assert not (folder / "never").exists()


def test_a_table_without_the_columns_learned_from_is_refused(done, folder, table):
    table[["customer_id", "orders"]].to_csv(folder / "few.csv", index=False)
    ended = clv(folder, "predict", "learned", "few.csv")
    assert "lacks 2 of 3 column(s)" in ended.stderr
    assert ended.returncode == 3


def test_days_are_named_in_reasons_without_a_number(tmp_path):
    frame = customers(150)
    age = (frame["joined"] - frame["joined"].min()).dt.days
    frame["clv"] = 10.0 + age
    frame.drop(columns="orders").to_csv(tmp_path / "c.csv", index=False)
    run = package.run(
        table=tmp_path / "c.csv", target="clv", out=tmp_path / "run", models="gradient_boosting",
        keep="joined",
    )  # fmt: skip
    reasons = run.forecasts()["reasons"].to_pylist()
    assert sum("by joined" in reason for reason in reasons) > 100
    assert not any("joined (" in reason for reason in reasons)


def test_too_few_targets_are_told(tmp_path):
    customers(19).to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(ClvError, match="19 row\\(s\\) have a value of clv; 20 are needed"):
        package.run(table=tmp_path / "c.csv", target="clv", out=tmp_path / "run")


def test_a_column_that_nothing_knows_of_is_forecast_its_mean(tmp_path):
    draw = np.random.default_rng(1)
    frame = pd.DataFrame({"a": draw.normal(size=120), "worth": draw.gamma(1, 30, 120)})
    frame.to_csv(tmp_path / "c.csv", index=False)
    run = package.run(
        table=tmp_path / "c.csv", target="worth", out=tmp_path / "run",
        models=["glm", "gradient_boosting"],
    )  # fmt: skip
    assert run.manifest["champion"]["name"] == "mean"
    assert run.manifest["signal"] is False
    assert run.manifest["insight"] is None
    assert any("forecast the mean" in warning for warning in run.manifest["warnings"])
    assert "Nothing does: every row is forecast the same" in run.report.read_text()
    scored = package.predict(run, tmp_path / "c.csv")
    assert scored["forecast"].to_numpy() == pytest.approx(frame["worth"].mean())
    assert scored["reasons"].str.contains("forecast the mean").all()
    inside = frame["worth"].between(scored["lower"], scored["upper"])
    assert inside.mean() == pytest.approx(0.9, abs=0.05)


def test_a_target_of_almost_only_zeros_is_told(tmp_path):
    frame = customers(60)
    frame.loc[9:, "clv"] = 0.0
    frame.to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(ClvError, match=r"9 of 60 row\(s\) have a value of clv above 0; 10"):
        package.run(table=tmp_path / "c.csv", target="clv", out=tmp_path / "run")


def test_a_fold_without_anything_leaves_the_others_their_figures(tmp_path):
    frame = customers(60).assign(clv=0.0)
    frame.loc[frame.index[:10], "clv"] = np.arange(10) * 20.0 + 10
    # Rows of one customer stay together, so that their folds alone have anything.
    frame["customer_id"] = ["A"] * 10 + [f"C{i}" for i in range(50)]
    frame.to_csv(tmp_path / "c.csv", index=False)
    run = package.run(
        table=tmp_path / "c.csv", target="clv", out=tmp_path / "run", models="glm", folds=3
    )
    assert run.leaderboard["judged"] == 1
    assert all(row["deviance"] is not None for row in run.leaderboard["rows"])
    assert any("2 of 3 folds have no clv above 0" in told for told in run.manifest["warnings"])


def test_what_is_delivered_has_gone_as_far_as_what_was_judged(tmp_path):
    customers(400).to_csv(tmp_path / "c.csv", index=False)
    asked = JobConfig.checked(
        {"table": str(tmp_path / "c.csv"), "target": "clv", "time": "joined",
         "models": ["xgboost", "gradient_boosting"]}
    )  # fmt: skip
    found = find_out("run", asked.table_settings(Machine()), Stages(Silent()))
    rounds = {name: one.rounds for name, one in found.compared.settled.items()}
    assert set(rounds) == {"xgboost", "gradient_boosting"}
    assert set(rounds.values()) != {100}
    delivered = found.scorer.panel.learners
    assert {name: learner.rounds_ for name, learner in delivered.items()} == {
        name: rounds[name] for name in delivered
    }


def test_the_total_has_an_interval(done):
    total = done["total"]
    assert total["lower"] < total["forecast"] < total["upper"]
    assert total["folds"] == 5


def test_settings_may_be_searched_and_what_was_found_is_told(folder, table):
    ended = clv(
        folder, "run", "--table", "customers.csv", "--target", "clv", *QUICK, "--tune", "8s",
        "--out", "tuned",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    [search] = json.loads((folder / "tuned" / "manifest.json").read_text())["tuning"]
    assert search["learner"] == "gradient_boosting"
    assert search["trials"] >= 1
    assert f"Tuned: {search['told']}." in ended.stdout
    assert "3 folds within the rows that teach" in search["told"]
    # One for each fold, and one for what is delivered.
    assert len(list((folder / ".clv" / "tuning").iterdir())) == 4
