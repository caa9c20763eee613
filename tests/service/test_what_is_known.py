"""Files beside the log: what knew the future is left out, and scoring asks for what was learned."""

import hashlib
import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import clv
from clv.apps.cli import app
from clv.core.errors import ClvError, ColumnError, LostRunError, RunError, SettingError
from clv.ops.champion import Champion
from clv.ops.machine import Machine
from clv.ops.orderrows import texts
from clv.ops.runs import Run
from tests.logs import write_log

#: A learner, on one past day, and quick.
QUICK = {"models": ["glm", "naive_rate"], "horizon": 180, "budget": "fast"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def log(folder):
    return write_log(folder / "orders.csv", customers=500)


@pytest.fixture(scope="module")
def customers(folder, log):
    """What was known of each customer, how they did since, and a market."""
    orders = pd.read_csv(log, dtype={"customer_id": str})
    by = orders.groupby("customer_id")
    rng, n = np.random.default_rng(1), by.ngroups
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "plan": rng.choice(["basic", "plus"], n),
            "nothing": np.nan,
            "last_order": by["order_date"].max(),
            "spent": by["amount"].sum().round(2),
            "orders": by["order_date"].nunique(),
        }
    )
    table.iloc[:-1].to_csv(folder / "customers.csv")
    days = pd.date_range("2023-01-01", periods=540).date
    market = pd.DataFrame({"date": days, "spend": 50.0 + np.arange(540) % 90})
    market.astype({"spend": object}).replace({"spend": {53.0: "n/a?"}}).to_csv(
        folder / "market.csv", index=False
    )
    return table


@pytest.fixture(scope="module")
def run(folder, log, customers):
    beside = {"customers": str(folder / "customers.csv"), "series": str(folder / "market.csv")}
    return clv.run(log, out=folder / "run", **beside, **QUICK)


def predict(run, log, *words):
    words = ["predict", str(run.folder), str(log), *map(str, words)]
    return CliRunner().invoke(app, words, catch_exceptions=False)


def test_what_knew_the_future_is_left_out_and_told(run):
    told = {each["what"]: each for each in run.manifest["inputs"] if "what" in each}
    assert set(told["customers"]["left_out"]) == {"last_order", "spent", "orders"}
    notices = " ".join(run.manifest["notices"])
    for name in ("last_order", "spent", "orders"):
        assert f"customers: {name} was left out" in notices
    assert "name all columns to use with --known" in notices
    learned = json.loads((run.model / "champion" / "groundwork.json").read_text())["encoder"]
    seen = {*learned["numbers"], *learned["levels"]}
    assert {"known_age", "known_plan"} <= seen
    assert not seen & {"known_last_order", "known_spent", "known_orders"}


def test_what_was_mended_or_empty_is_told(run):
    notices = " ".join(run.manifest["notices"])
    assert "customers: nothing is empty for all and was left out" in notices
    assert "series: spend has numbers, but 6 of its 540 values are none, such as 'n/a?'" in notices
    assert "customers: 1 of 500 customers of the log are not in" in notices


def test_what_a_series_does_not_do_is_told(run):
    assert any("move no forecast" in told for told in run.manifest["warnings"])


def test_the_manifest_tells_which_files_they_were(run, folder):
    told = {each["what"]: each for each in run.manifest["inputs"] if "what" in each}
    for what, name in (("customers", "customers.csv"), ("series", "market.csv")):
        content = (folder / name).read_bytes()
        assert told[what]["sha256"] == hashlib.sha256(content).hexdigest()
        assert told[what]["bytes"] == len(content)
        assert told[what]["path"] == str(folder / name)
    assert (told["customers"]["rows"], told["series"]["rows"]) == (499, 540)
    assert told["customers"]["absent"] == 1 / 500


def test_who_insists_is_warned(log, folder, customers, tmp_path):
    run = clv.run(
        log,
        out=tmp_path / "run",
        customers=str(folder / "customers.csv"),
        known=["age", "spent"],
        models=["mbgnbd", "naive_rate"],
    )
    told = next(each for each in run.manifest["inputs"] if "what" in each)
    assert told["left_out"] == {}
    unread, kept = run.manifest["warnings"][:2]
    assert kept.startswith("customers: spent was kept as --known names it, though it tells")
    # Purchase models look at no column of customers.
    assert unread.startswith("--customers: not used, as none of the models named learns")


def test_backtest_and_features_leave_it_out_too(log, folder, customers, tmp_path):
    beside = {"customers": str(folder / "customers.csv")}
    found = clv.backtest(log, out=tmp_path, origins=1, models=["mbgnbd"], **beside)
    assert any("last_order was left out" in notice for notice in found["notices"])
    words = ["features", str(log), "--customers", beside["customers"]]
    shown = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "f.parquet")])
    assert "Note: customers: last_order was left out" in shown.stderr
    names = pq.read_schema(tmp_path / "f.parquet").names
    assert [name for name in names if name.startswith("known_")] == ["known_age", "known_plan"]


def test_what_the_run_left_out_need_not_be_there_to_score(run, log, folder, customers):
    customers[["age", "plan"]].to_csv(folder / "known.csv")
    told = predict(run, log, "--customers", folder / "known.csv", "--out", folder / "p.parquet")
    assert told.exit_code == 0, told.output
    again, first = pq.read_table(folder / "p.parquet"), run.forecasts()
    same = again.column("clv").to_numpy()[:-1]
    np.testing.assert_allclose(same, first.column("clv").to_numpy()[:-1], rtol=1e-12)


def test_a_column_learned_from_must_be_there_to_score(run, log, folder, customers):
    customers[["age"]].to_csv(folder / "less.csv")
    with pytest.raises(
        ColumnError, match=r"lacks 1 of 2 column\(s\) that the run learned from: plan"
    ):
        predict(run, log, "--customers", folder / "less.csv")


def test_a_column_of_numbers_must_be_one_to_score(run, log, folder, customers):
    texts = customers[["age", "plan"]].assign(age="young")
    texts.to_csv(folder / "texts.csv")
    with pytest.raises(ColumnError, match="age was a number when the run learned, and now holds"):
        predict(run, log, "--customers", folder / "texts.csv")


def test_a_series_learned_from_must_be_there_to_score(run, log, folder):
    (folder / "other.csv").write_text("date,price\n2023-01-01,5\n")
    with pytest.raises(ColumnError, match="learned from: spend"):
        predict(run, log, "--series", folder / "other.csv")


def test_customers_missing_from_the_file_are_told_when_scoring(run, log, folder, customers):
    customers[["age", "plan"]].head(2).to_csv(folder / "few.csv")
    told = predict(run, log, "--customers", folder / "few.csv", "--out", folder / "p.parquet")
    assert told.exit_code == 0
    assert "Note: customers: of 100% of them nothing is known besides their orders" in told.stderr
    assert "when the run learned it was 0%" in told.stderr


def test_what_was_known_goes_along_with_the_run(run, log, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "moved")
    for name in ("customers.csv", "market.csv"):
        (folder / name).rename(folder / f"{name}.away")
    try:
        moved = Run.open(tmp_path / "moved" / "run")
        told = predict(moved, log, "--out", tmp_path / "p.parquet")
        assert told.exit_code == 0, told.output
        champion = Champion.load(moved, Machine(home=tmp_path))
        orders = champion.accepted(["00007", "00011"])
        scored = [champion.of_transactions(texts(orders)).table for _ in range(2)]
        champion.close()
    finally:
        for name in ("customers.csv", "market.csv"):
            (folder / f"{name}.away").rename(folder / name)
    first = run.forecasts()
    again = pq.read_table(tmp_path / "p.parquet")
    np.testing.assert_allclose(again["clv"].to_numpy(), first["clv"].to_numpy(), rtol=1e-12)
    of_two = {row["customer_id"]: row["clv"] for row in first.to_pylist()}
    for table in scored:
        assert {row["customer_id"]: row["clv"] for row in table.to_pylist()} == pytest.approx(
            {name: of_two[name] for name in ("00007", "00011")}
        )


def test_a_run_without_what_it_knew_says_so(run, log, tmp_path):
    shutil.copytree(run.folder, tmp_path / "run")
    (tmp_path / "run" / "beside-series.parquet").unlink()
    lost = Run.open(tmp_path / "run")
    with pytest.raises(RunError, match=r"beside-series\.parquet cannot be read: it is gone"):
        predict(lost, log)
    # Whoever asks a service is not to blame.
    champion = Champion.load(lost, Machine(home=tmp_path))
    with pytest.raises(LostRunError, match="it is gone"):
        champion.of_transactions(texts(champion.accepted(["00007"])))
    champion.close()


def test_a_file_that_changed_since_is_told_and_not_read(run, log, folder, tmp_path):
    then = (folder / "customers.csv").read_text()
    (folder / "customers.csv").write_text("customer_id,age,plan\n00007,200,basic\n")
    try:
        told = predict(run, log, "--out", tmp_path / "p.parquet")
    finally:
        (folder / "customers.csv").write_text(then)
    assert "customers.csv has changed since the run was made" in told.stderr
    assert "Give it as --customers to use it as it is now" in told.stderr
    assert "market.csv" not in told.stderr
    again = pq.read_table(tmp_path / "p.parquet")
    np.testing.assert_allclose(
        again["clv"].to_numpy(), run.forecasts()["clv"].to_numpy(), rtol=1e-12
    )


def test_one_customer_of_whom_a_column_is_not_known_is_scored(run, log, folder, customers):
    lines = log.read_text().splitlines()
    one = folder / "one.csv"
    one.write_text("\n".join([lines[0], *(li for li in lines if li.startswith("00007"))]) + "\n")
    (folder / "lone.csv").write_text("customer_id,age,plan\n00007,,plus\n")
    told = predict(run, one, "--customers", folder / "lone.csv", "--out", folder / "p.parquet")
    assert told.exit_code == 0, told.output
    assert pq.read_table(folder / "p.parquet").num_rows == 1
    assert "Note" not in told.stderr


def test_a_champion_reads_the_files_for_each_who_asks(run, log):
    orders = pd.read_csv(log, dtype=str).rename(columns={"order_date": "date"})
    forecasts = run.forecasts().to_pandas().set_index("customer_id")["clv"]
    champion = Champion.load(run, Machine())
    for name in ("00007", "00011"):
        theirs = pa.Table.from_pandas(orders[orders["customer_id"] == name], preserve_index=False)
        (told,) = champion.of_transactions(theirs).table.to_pylist()
        assert told["clv"] == pytest.approx(forecasts[name], rel=1e-9)
    champion.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"origins": 0}, "origins: 0 past days leave nothing to stand on"),
        ({"origins": -2}, "origins: -2 past days"),
        ({"tune": "0"}, "tune: '0' leaves no time"),
        ({"tune": "0s"}, "tune: '0s' leaves no time"),
    ],
)
def test_settings_that_leave_nothing_to_do_are_refused(log, tmp_path, options, message):
    with pytest.raises(SettingError, match=message):
        clv.backtest(log, out=tmp_path, **options)


@pytest.mark.parametrize("text", ["customer_id,age\n", "date,spend\n"])
def test_files_without_rows_are_refused(log, tmp_path, text):
    file = tmp_path / "empty.csv"
    file.write_text(text)
    with pytest.raises(ClvError, match="has no rows"):
        clv.build_features(log, **{"series" if "date" in text else "customers": str(file)})


def test_what_a_made_shops_profiles_count_from_its_log_is_left_out(tmp_path):
    shop = tmp_path / "shop"
    clv.generate(shop, customers=1_000, transactions=5_000, seed=5)
    log = shop / "transactions.parquet"
    frame = clv.build_features(log, customers=str(shop / "profiles.parquet"))
    known = {name.removeprefix("known_") for name in frame if name.startswith("known_")}
    beforehand = {
        *("age", "gender", "country", "acquisition_date", "acquisition_source", "campaign_type"),
        *("acquisition_cost", "email_engagement_rate", "first_purchase_date"),
    }
    assert beforehand <= known
    # These say little of whether a customer came again, and of nothing else that came later.
    assert known - beforehand <= {"preferred_category", "return_rate"}
