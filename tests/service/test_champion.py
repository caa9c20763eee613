"""A run in memory answers for orders and for profiles."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import clv
from clv.core.errors import LogError, SettingError, UnsuitedError
from clv.core.types import AsOf, Horizon
from clv.evaluation import metrics
from clv.ops.champion import Champion
from clv.ops.machine import Machine
from clv.ops.profile import Profile
from clv.ops.runs import Run
from tests.onerun import AS_OF, HORIZON

COLUMNS = ["clv", "clv_lower", "clv_upper", "p_alive", "p_purchase", "expected_purchases"]


@pytest.fixture(scope="module")
def run(one_run):
    return Run.open(one_run)


@pytest.fixture(scope="module")
def champion(run, tmp_path_factory):
    loaded = Champion.load(run, Machine(tmp_path_factory.mktemp("home")))
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def forecasts(run):
    return run.forecasts().to_pandas().set_index("customer_id")


def texts(champion, customers):
    """Orders of the run's own customers, as a client would send them."""
    rows = champion.accepted(customers)
    wanted = ["customer_id", "date", "amount", "channel"]
    return pa.table({name: rows[name].cast(pa.string()) for name in wanted})


def test_orders_are_forecast_as_the_run_forecast_them(champion, forecasts):
    some = forecasts.index[[3, 40, 41, 222]].tolist()
    told = champion.of_transactions(texts(champion, some), as_of=AsOf.parse(AS_OF))
    table = told.table.to_pandas().set_index("customer_id")
    assert table.index.tolist() == some
    for column in COLUMNS:
        np.testing.assert_allclose(table[column], forecasts.loc[some, column], rtol=1e-9)
    assert table["segment"].tolist() == forecasts.loc[some, "segment"].tolist()
    assert told.facts["customer_id"].to_pylist() == some


def test_who_asks_after_others_is_told_the_same(champion, forecasts):
    one = forecasts.index[[10]].tolist()
    rows, day = texts(champion, one), AsOf.parse(AS_OF)
    first = champion.of_transactions(rows, as_of=day).table
    champion.of_transactions(texts(champion, forecasts.index[:50].tolist()), as_of=day)
    assert champion.of_transactions(rows, as_of=day).table.equals(first)


def test_horizon_and_level_are_those_asked_for(champion, forecasts):
    rows = texts(champion, forecasts.index[:5].tolist())
    short = champion.of_transactions(rows, horizon=Horizon(30), level=0.5).table.to_pandas()
    long = champion.of_transactions(rows, horizon=Horizon(365)).table.to_pandas()
    assert set(short["horizon_days"]) == {30}
    assert set(short["level"]) == {0.5}
    assert (short["clv"] < long["clv"]).all()


def test_bad_rows_are_told_and_the_others_answered(champion):
    rows = pa.table(
        {
            "customer_id": ["a", "a", "b", None],
            "date": ["2024-03-01", "never", "2024-02-30", "2024-03-01"],
            "amount": ["30", "20", "12", "9"],
        }
    )
    told = champion.of_transactions(rows)
    assert told.table["customer_id"].to_pylist() == ["a"]
    assert sorted(told.quarantine["line"].to_pylist()) == [2, 3, 4]


def test_where_no_row_can_be_used_it_says_so(champion):
    rows = pa.table({"customer_id": ["a"], "date": ["never"], "amount": ["30"]})
    with pytest.raises(LogError):
        champion.of_transactions(rows)


def profiles_of(forecasts, run):
    facts = pd.read_parquet(run.folder / "customers.parquet").set_index("customer_id")
    day = date.fromisoformat(AS_OF)
    return [
        Profile.of(
            orders=row.purchases,
            total=forecasts.loc[name, "historic_value"],
            first_days=(day - row.first_purchase).days,
            last_days=(day - row.last_purchase).days,
            customer_id=name,
            more={"channel": row.channel},
        )
        for name, row in facts.iterrows()
    ]


def test_profiles_are_answered_near_what_their_orders_are(champion, run, forecasts):
    told = pd.DataFrame(champion.of_profiles(profiles_of(forecasts, run)))
    assert told["customer_id"].tolist() == forecasts.index.tolist()
    assert metrics.spearman(forecasts["clv"].to_numpy(), told["clv"].to_numpy()) > 0.95
    assert told["clv"].sum() == pytest.approx(forecasts["clv"].sum(), rel=0.02)
    apart = np.abs(told["clv"].to_numpy() - forecasts["clv"].to_numpy()).sum()
    assert apart < 0.25 * forecasts["clv"].sum()
    assert (told["clv_lower"] <= told["clv"]).all()
    assert (told["clv"] <= told["clv_upper"]).all()
    assert (told["p_purchase"] <= told["p_alive"]).all()
    assert set(told["value_tier"]) == {"High-CLV", "Growth-Potential", "Low-CLV"}
    # Scores and groups follow from the same numbers by the same cut points.
    assert told["rfm_score"].tolist() == forecasts["rfm_score"].tolist()
    assert told["group"].tolist() == forecasts["group"].tolist()


def test_a_profile_alone_is_answered_as_among_many(champion, run, forecasts):
    profiles = profiles_of(forecasts, run)
    together = champion.of_profiles(profiles)
    for row in (0, 77, 300):
        [alone] = champion.of_profiles([profiles[row]])
        assert alone.keys() == together[row].keys()
        assert alone["clv"] == pytest.approx(together[row]["clv"], rel=1e-9)
        assert alone["reasons"] == together[row]["reasons"]


def test_what_the_model_has_not_learned_from_is_named(champion):
    more = {"channel": "WEB", "email_engagement_rate": 0.65}
    profile = Profile.of(orders=3, total=90, first_days=200, last_days=20, more=more)
    [told] = champion.of_profiles([profile])
    assert told["not_used"] == ["email_engagement_rate"]


def test_the_next_purchase_is_a_day_after_today(champion):
    profile = Profile.of(orders=6, total=300, first_days=180, last_days=15)
    [told] = champion.of_profiles([profile], today=date(2024, 6, 23))
    assert date(2024, 6, 23) < date.fromisoformat(told["next_purchase_date"]) < date(2025, 6, 23)


def test_a_wider_level_is_a_wider_interval(champion):
    profile = Profile.of(orders=6, total=300, first_days=180, last_days=15)
    [half] = champion.of_profiles([profile], level=0.5)
    [most] = champion.of_profiles([profile], level=0.99)
    assert most["clv_lower"] <= half["clv_lower"] <= half["clv_upper"] < most["clv_upper"]
    with pytest.raises(SettingError, match="level"):
        champion.of_profiles([profile], level=2)


def test_confidence_is_of_the_run_s_own_level(champion):
    profiles = [
        Profile.of(orders=n, total=60 * n, first_days=300, last_days=days)
        for n in (2, 6, 15)
        for days in (5, 100, 290)
    ]
    said = [
        [row["confidence"] for row in champion.of_profiles(profiles, level=level)]
        for level in (0.5, champion.level, 0.99)
    ]
    assert said[0] == said[1] == said[2]
    assert len(set(said[1])) > 1


def test_whose_interval_was_moved_to_hold_the_forecast_is_not_sure(champion):
    gone = Profile.of(orders=2, total=20, first_days=5_000, last_days=4_950)
    [told] = champion.of_profiles([gone])
    assert told["clv_upper"] == told["clv"] > 0
    assert told["confidence"] == "Low"


def test_the_manifest_tells_how_near_profiles_come(run):
    told = run.manifest["profiles"]
    assert 0.9 < told["fidelity"] <= 1.0
    assert 0.0 <= told["typical_miss"] < 0.25
    assert told["uses"] == ["channel", "return_rate"]
    assert run.manifest["horizon_days"] == HORIZON


@pytest.fixture(scope="module")
def of_table(tmp_path_factory):
    draw = np.random.default_rng(2)
    orders, age = draw.integers(1, 20, 400), draw.integers(18, 80, 400)
    value = np.round(orders * draw.lognormal(3.0, 0.3, 400) + age, 2)
    folder = tmp_path_factory.mktemp("table")
    frame = {"customer_id": np.arange(400), "total_orders": orders, "age": age, "value": value}
    pd.DataFrame(frame).to_csv(folder / "customers.csv", index=False)
    run = clv.run(
        table=folder / "customers.csv",
        target="value",
        models=["glm"],
        out=folder / "run",
    )
    return Champion.load(run, Machine(folder))


def test_a_run_on_a_table_answers_profiles_with_its_columns(of_table):
    fields = {"total_orders": 12, "age": 44, "shoe_size": 43}
    profile = Profile.of(orders=12, total=500, first_days=90, last_days=2, fields=fields)
    [told] = of_table.of_profiles([profile])
    assert 150 < told["clv"] < 450
    assert told["clv_lower"] <= told["clv"] <= told["clv_upper"]
    assert told["not_used"] == ["shoe_size"]
    less = Profile.of(orders=12, total=500, first_days=90, last_days=2, fields={"age": 44})
    assert "total_orders" in of_table.of_profiles([less])[0]["notices"][0]


def test_a_run_on_a_table_cannot_read_orders(of_table):
    rows = pa.table({"customer_id": ["a"], "date": ["2024-03-01"], "amount": ["30"]})
    with pytest.raises(UnsuitedError, match="table of customers"):
        of_table.of_transactions(rows)
