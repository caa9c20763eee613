"""The hybrid: one-timers by their return, repeaters by BG/NBD, on simulated and real customers."""

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv.core.errors import ClvError, RunError
from clv.core.schema import HISTORY, PREDICTION, conform
from clv.core.types import AsOf, Horizon, Money
from clv.models import onetime
from clv.models.base import History, Model
from clv.models.btyd import BGNBD
from clv.models.onetime import Hybrid
from clv.numerics import outlook

FIRST_DAY = date(2022, 1, 1)
SPAN = 700
YEAR = Horizon.days(365)


def history_of(orders: pd.DataFrame, as_of: AsOf, window: int = 365) -> History:
    """Histories as of a day from `customer_id, date, amount`, one channel."""
    seen = orders[orders["date"] <= pd.Timestamp(as_of.day)]
    days = seen.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    customers = days.groupby("customer_id")
    first, last = customers["date"].min(), customers["date"].max()
    second = days[customers.cumcount() == 1].set_index("customer_id")["date"]
    recent = days[days["date"] > pd.Timestamp(as_of.minus(window).day)]
    frame = pd.DataFrame(
        {
            "x": customers.size() - 1,
            "t_x": (last - first).dt.days,
            "T": (pd.Timestamp(as_of.day) - first).dt.days,
            "total_value": customers["amount"].sum(),
            "first_value": customers["amount"].first(),
            "paid_purchases": (days["amount"] > 0).groupby(days["customer_id"]).sum(),
            "recent_value": recent.groupby("customer_id")["amount"].sum(),
            "first_gap": (second - first).dt.days.astype("Int64"),
            "channel_group": "Unknown",
        }
    ).reset_index()
    frame["recent_value"] = frame["recent_value"].fillna(0.0)
    known = [name for name in HISTORY.names if name in frame]
    return History(frame[known], as_of, orders["date"].min().date(), window)


def simulated_orders(n: int = 3_000, seed: int = 5) -> pd.DataFrame:
    """Orders of BG/NBD customers acquired over a year, observed for SPAN days."""
    rng = np.random.default_rng(seed)
    acquired = rng.integers(0, 365, n)
    rate, quits = rng.gamma(0.6, 1 / 40, n), rng.beta(0.8, 2.5, n)
    mean_value = rng.gamma(5.0, 10.0, n)
    rows = []
    for i in range(n):
        day = float(acquired[i])
        while day <= SPAN:
            rows.append((f"c{i:04d}", int(day), mean_value[i] * rng.gamma(5.0, 0.2)))
            if len(rows) > 1 and rows[-2][0] == rows[-1][0] and rng.random() < quits[i]:
                break
            day += rng.exponential(1 / rate[i])
    orders = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    orders["date"] = pd.Timestamp(FIRST_DAY) + pd.to_timedelta(orders["day"], unit="D")
    return orders


@pytest.fixture(scope="module")
def history() -> History:
    return history_of(simulated_orders(), AsOf(FIRST_DAY + timedelta(days=SPAN)))


@pytest.fixture(scope="module")
def model(history: History) -> Hybrid:
    return Hybrid().fit(history)


@pytest.fixture(scope="module")
def once(history: History) -> np.ndarray:
    return (history.frame["x"] == 0).to_numpy()


def test_forecasts_follow_the_contract(model: Hybrid, history: History) -> None:
    assert isinstance(model, Model)
    forecast = model.predict(history, YEAR)
    assert conform(forecast, PREDICTION).num_rows == len(history)
    assert forecast["customer_id"].tolist() == history.frame["customer_id"].tolist()
    assert forecast["p_alive"].between(0, 1).all()
    assert forecast["p_purchase"].between(0, 1).all()
    assert (forecast[["clv", "expected_purchases", "expected_order_value"]] >= 0).all(axis=None)


def test_repeaters_are_forecast_by_bgnbd(model: Hybrid, history: History, once) -> None:
    ours = model.predict(history, YEAR)[~once]
    theirs = BGNBD().fit(history).predict(history, YEAR)[~once]
    pd.testing.assert_frame_equal(ours, theirs)


def test_a_one_timer_returns_by_the_conditional_law(model: Hybrid, history: History, once) -> None:
    forecast = model.predict(history, YEAR)[once]
    waiting = replace(history, frame=history.frame[once])
    T = waiting.frame["T"].to_numpy(float)
    hazard = model.returning_.curve_.at(T + 365) - model.returning_.curve_.at(T)
    expected = 1 - np.exp(-model.returning_.risk(waiting) * hazard)
    np.testing.assert_allclose(forecast["p_purchase"], expected, rtol=1e-12)


def test_a_return_brings_more_than_one_purchase(model: Hybrid, history: History, once) -> None:
    forecast = model.predict(history, YEAR)[once]
    per_return = forecast["expected_purchases"] / forecast["p_purchase"]
    assert (per_return > 1).all()
    # never more than a customer who returned today, and fast, would bring
    zero = np.zeros(1)
    most = outlook.expected_purchases(model.repeating_.params_, zero + 365.0, zero + 1, zero, zero)
    assert (per_return < 1 + float(np.asarray(most)[0])).all()


def test_purchases_are_the_integral_over_the_day_of_return(
    model: Hybrid, history: History, once, monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse = model.predict(history, YEAR, Money(annual_discount_rate=0.1))[once]
    monkeypatch.setattr(onetime, "SLICES", 365)
    fine = model.predict(history, YEAR, Money(annual_discount_rate=0.1))[once]
    np.testing.assert_allclose(coarse["expected_purchases"], fine["expected_purchases"], rtol=5e-3)
    np.testing.assert_allclose(coarse["clv"], fine["clv"], rtol=5e-3)


def test_one_customer_by_hand(model: Hybrid, history: History, once) -> None:
    one = replace(history, frame=history.frame[once].iloc[[0]])
    elapsed = float(one.frame["T"].iloc[0])
    risk = model.returning_.risk(one)[0]
    # day by day: returns on day s, then buys on as BG/NBD says
    days = np.arange(0.0, 366.0)
    survival = np.exp(-risk * model.returning_.curve_.at(elapsed + days))
    returned = -np.diff(survival) / survival[0]
    middle = days[:-1] + 0.5
    gap = elapsed + middle
    later = outlook.expected_purchases(
        model.repeating_.params_, 365.0 - middle, np.ones(365), gap, gap
    )
    expected = float((returned * (1 + np.asarray(later))).sum())
    forecast = model.predict(one, YEAR).iloc[0]
    assert forecast["expected_purchases"] == pytest.approx(expected, rel=5e-3)
    assert forecast["clv"] == pytest.approx(
        forecast["expected_purchases"] * forecast["expected_order_value"]
    )


def test_margin_scales_and_discounting_lowers(model: Hybrid, history: History, once) -> None:
    plain = model.predict(history, YEAR)["clv"][once]
    half = model.predict(history, YEAR, Money(margin=0.5))["clv"][once]
    later = model.predict(history, YEAR, Money(annual_discount_rate=0.1))["clv"][once]
    np.testing.assert_allclose(half, plain / 2)
    assert (later < plain).all()
    assert (later > plain / 1.1).all()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(short=st.integers(1, 3_000), more=st.integers(1, 3_000))
def test_a_longer_horizon_never_promises_less(
    model: Hybrid, history: History, once, short: int, more: int
) -> None:
    some = replace(history, frame=history.frame[once].iloc[::40])
    near = model.predict(some, Horizon.days(short))
    far = model.predict(some, Horizon.days(short + more))
    for column in ("p_purchase", "p_alive", "expected_purchases", "clv"):
        assert (far[column] >= near[column] - 1e-12).all(), column
    assert (near["p_alive"] >= near["p_purchase"] - 1e-12).all()
    assert far["p_purchase"].between(0, 1).all()


def test_the_day_of_return_divides_those_who_return(model: Hybrid, history: History, once) -> None:
    waiting = replace(history, frame=history.frame[once])
    forecast = model.predict(waiting, YEAR)
    assert (forecast["next_days_earliest"] <= forecast["next_days"]).all()
    assert (forecast["next_days"] <= forecast["next_days_latest"]).all()
    assert (forecast["next_days_latest"] <= onetime.ALIVE_WITHIN).all()
    T = waiting.frame["T"].to_numpy(float)
    risk, curve = model.returning_.risk(waiting), model.returning_.curve_
    for column, share in (("next_days", 0.5), ("next_days_latest", 0.95)):
        by_then = 1 - np.exp(-risk * (curve.at(T + forecast[column].to_numpy()) - curve.at(T)))
        np.testing.assert_allclose(by_then, share * forecast["p_alive"], rtol=1e-9)


def test_a_customer_alone_is_forecast_as_among_all(model: Hybrid, history: History, once) -> None:
    together = model.predict(history, YEAR)
    for row in (int(np.flatnonzero(once)[3]), int(np.flatnonzero(~once)[3])):
        one = history.frame.iloc[[row]]
        first_day = history.as_of.minus(int(one["T"].iloc[0])).day
        alone = model.predict(History(one, history.as_of, first_day, 365), YEAR)
        pd.testing.assert_frame_equal(
            alone.reset_index(drop=True), together.iloc[[row]].reset_index(drop=True), rtol=1e-9
        )


def test_the_order_of_customers_changes_no_forecast(model: Hybrid, history: History) -> None:
    shuffled = history.frame.sample(frac=1.0, random_state=4)
    forecast = model.predict(replace(history, frame=shuffled.reset_index(drop=True)), YEAR)
    pd.testing.assert_frame_equal(
        forecast.sort_values("customer_id", ignore_index=True),
        model.predict(history, YEAR),
        rtol=1e-9,
    )


def test_a_frame_with_any_index_is_forecast_in_its_order(
    model: Hybrid, history: History, once
) -> None:
    frame = history.frame.set_index(history.frame.index[::-1] + 7)
    ours = model.predict(replace(history, frame=frame), YEAR)
    pd.testing.assert_frame_equal(
        ours.reset_index(drop=True), model.predict(history, YEAR).reset_index(drop=True)
    )


def test_a_saved_model_forecasts_alike(model: Hybrid, history: History, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = Hybrid.load(tmp_path)
    money = Money(margin=0.3, annual_discount_rate=0.08)
    pd.testing.assert_frame_equal(
        again.predict(history, YEAR, money), model.predict(history, YEAR, money)
    )
    assert again.notes_ == model.notes_
    files = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert files <= {".json", ".npz", ".parquet"}


def test_another_models_file_is_refused(model: Hybrid, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        Hybrid.load(tmp_path)
    model.save(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(path.read_text().replace('"hybrid"', '"centaur"'))
    with pytest.raises(RunError, match="holds model 'centaur'"):
        Hybrid.load(tmp_path)


def test_the_share_that_leans_on_the_tail_is_told(model: Hybrid, history: History, once) -> None:
    T = history.frame["T"].to_numpy()[once]
    support = model.returning_.curve_.support
    assert model.extrapolated_share(history, Horizon.days(1)) < 0.1
    assert model.extrapolated_share(history, Horizon.days(3_000)) == 1.0
    assert model.extrapolated_share(history, YEAR) == pytest.approx(np.mean(support < T + 365))
    repeaters = replace(history, frame=history.frame[~once])
    assert model.extrapolated_share(repeaters, YEAR) == 0.0


@pytest.mark.parametrize("days", [1, 365, 36_525])
def test_the_extremes_are_finite(model: Hybrid, history: History, once, days: int) -> None:
    frame = (
        history.frame[once]
        .head(4)
        .assign(
            T=[0, 0, 20_000, 20_000],
            first_value=[0.0, 1e9, 0.0, 1e9],
            total_value=[0.0, 1e9] * 2,
            paid_purchases=[0, 1] * 2,
        )
    )
    forecast = model.predict(replace(history, frame=frame), Horizon.days(days))
    assert np.isfinite(forecast.drop(columns="customer_id").to_numpy(float)).all()
    assert forecast["p_purchase"].between(0, 1).all()


def test_lifelines_is_imported_only_to_fit() -> None:
    check = "import clv.models.onetime, sys; sys.exit('lifelines' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize(("as_of", "days"), [("1997-09-30", 91), ("1997-09-30", 182)])
def test_returns_in_cdnow_come_as_often_as_forecast(data_dir: Path, as_of: str, days: int) -> None:
    """Over all within 12 %, and in every fifth of the forecast within 20 % of those who came.

    (Fader & Hardie's CDNOW master: 14,119 one-timers as of 1997-09-30.)
    """
    orders = pd.read_parquet(data_dir / "cdnow" / "transactions.parquet")
    history = history_of(orders, AsOf.parse(as_of))
    model = Hybrid().fit(history)
    once = history.frame["x"] == 0
    assert once.sum() == 14_119
    p = model.predict(history, Horizon.days(days)).loc[once.to_numpy(), "p_purchase"]
    until = pd.Timestamp(history.as_of.plus(days).day)
    later = orders[(orders["date"] > pd.Timestamp(as_of)) & (orders["date"] <= until)]
    came = history.frame.loc[once, "customer_id"].isin(later["customer_id"])
    assert p.mean() == pytest.approx(came.mean(), rel=0.12)
    fifths = pd.qcut(p.to_numpy(), 5, labels=False)
    by_fifth = pd.DataFrame({"p": p.to_numpy(), "came": came.to_numpy()}).groupby(fifths).mean()
    np.testing.assert_allclose(by_fifth["p"], by_fifth["came"], rtol=0.2)
    # those given the best chance do come more often
    assert by_fifth["came"].iloc[-1] > 1.25 * by_fifth["came"].iloc[0]
    # the unconditional answer would be off by a factor
    unconditional = 1 - np.exp(-model.returning_.curve_.at(np.array([float(days)])))[0]
    assert unconditional > 2.5 * came.mean()


def test_one_timers_of_cdnow_are_worth_what_they_spent(data_dir: Path) -> None:
    """39 weeks after 39 weeks: purchases within 10 %, dollars within 15 %, nearer than BG/NBD."""
    orders = pd.read_parquet(data_dir / "cdnow" / "transactions.parquet")
    history = history_of(orders, AsOf.parse("1997-09-30"))
    once = (history.frame["x"] == 0).to_numpy()
    model = Hybrid().fit(history)
    ours = model.predict(history, Horizon.weeks(39))[once]
    bgnbd_alone = model.repeating_.predict(history, Horizon.weeks(39))[once]
    later = orders[orders["date"] > pd.Timestamp("1997-09-30")]
    later = later[later["customer_id"].isin(ours["customer_id"])]
    days = len(later.drop_duplicates(["customer_id", "date"]))
    assert days == 3_540
    assert ours["expected_purchases"].sum() == pytest.approx(days, rel=0.10)
    spent = later["amount"].sum()
    assert ours["clv"].sum() == pytest.approx(spent, rel=0.15)
    assert abs(ours["clv"].sum() - spent) < abs(bgnbd_alone["clv"].sum() - spent)


def test_a_forecast_before_a_fit_is_refused(history: History) -> None:
    with pytest.raises(ClvError, match="not fitted yet"):
        Hybrid().predict(history, YEAR)
