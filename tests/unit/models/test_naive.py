"""The baselines, worked out by hand."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ClvError, HistoryError, RunError
from clv.core.schema import PREDICTION, conform
from clv.core.types import AsOf, Horizon, Money
from clv.models.base import History, Model
from clv.models.naive import ConstantRate, LastPeriod, PastRate, RepeatRate, annuity
from tests.ledgers import book, day

BASELINES = [PastRate, LastPeriod, RepeatRate]


@pytest.fixture
def history() -> History:
    """Three customers of a shop observed for 100 days; the window is the last 40."""
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "x": [3, 0, 1],
            "t_x": [60, 0, 20],
            "T": [70, 99, 90],
            "total_value": [200.0, 50.0, 0.0],
            "first_value": [20.0, 50.0, 0.0],
            "paid_purchases": [4, 1, 0],
            "recent_value": [80.0, 0.0, 0.0],
            "recent_purchases": [2, 0, 1],
            "first_gap": pd.array([10, pd.NA, 20], dtype="Int64"),
            "channel_group": ["WEB", "WEB", "Unknown"],
        }
    )
    return History(frame, AsOf(date(2024, 4, 9)), date(2024, 1, 1), window=40)


def test_the_past_rate_spreads_all_spend_over_all_days(history: History) -> None:
    forecast = PastRate().fit(history).predict(history, Horizon.days(50))
    np.testing.assert_allclose(forecast["clv"], [100.0, 25.0, 0.0])
    np.testing.assert_allclose(forecast["expected_purchases"], [2.0, 0.5, 1.0])
    np.testing.assert_allclose(forecast["expected_order_value"], [50.0, 50.0, 0.0])


def test_the_last_period_repeats_itself_free_orders_too(history: History) -> None:
    forecast = LastPeriod().fit(history).predict(history, Horizon.days(40))
    np.testing.assert_allclose(forecast["clv"], [80.0, 0.0, 0.0])
    np.testing.assert_allclose(forecast["expected_purchases"], [2.0, 0.0, 1.0])
    np.testing.assert_allclose(forecast["expected_order_value"], [40.0, 50.0, 0.0])


def test_the_last_period_is_as_long_as_the_horizon() -> None:
    rows = [("a", on, 10.0) for on in (0, 50, 80, 98)] + [("b", 97, 0.0), ("b", 70, 4.0)]
    log = book(rows, 99)
    model = LastPeriod().fit(log.history(day(99), 30))
    known = log.history(day(99), 30)
    for horizon, a, b in [(2, (10, 1), (0, 0)), (20, (20, 2), (0, 1)), (40, (20, 2), (4, 2))]:
        forecast = model.predict(known, Horizon(horizon))
        np.testing.assert_allclose(forecast["clv"], [a[0], b[0]])
        np.testing.assert_allclose(forecast["expected_purchases"], [a[1], b[1]])
        turned = model.predict(known.of_rows(np.array([1, 0])), Horizon(horizon))
        np.testing.assert_allclose(turned["clv"], [b[0], a[0]])


def test_other_days_than_those_of_a_history_without_a_log_are_refused(history: History) -> None:
    with pytest.raises(HistoryError, match="reach back 40 days, and 30 are needed"):
        LastPeriod().fit(history).predict(history, Horizon.days(30))


def test_a_log_shorter_than_the_window_is_the_period(history: History) -> None:
    long_window = History(history.frame, history.as_of, history.first_day, window=365)
    forecast = LastPeriod().fit(long_window).predict(long_window, Horizon.days(200))
    np.testing.assert_allclose(forecast["clv"], [160.0, 0.0, 0.0])


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_customer_alone_is_measured_against_the_shops_days(
    baseline: type[ConstantRate], history: History
) -> None:
    model = baseline().fit(history)
    together = model.predict(history, Horizon.days(40))
    alone = History(history.frame.iloc[[0]], history.as_of, date(2024, 1, 30), window=40)
    pd.testing.assert_frame_equal(model.predict(alone, Horizon.days(40)), together.iloc[[0]])


@pytest.mark.parametrize("baseline", BASELINES)
def test_forecasts_follow_the_contract_and_leave_unsaid_what_a_rate_cannot_say(
    baseline: type[ConstantRate], history: History
) -> None:
    model = baseline().fit(history)
    assert isinstance(model, Model)
    forecast = model.predict(history, Horizon.days(40))
    assert conform(forecast, PREDICTION).num_rows == 3
    assert forecast["customer_id"].tolist() == ["a", "b", "c"]
    unsaid = ["p_alive", "p_purchase", "next_days", "next_days_earliest", "next_days_latest"]
    assert forecast[unsaid].isna().all(axis=None)


@pytest.mark.parametrize("baseline", BASELINES)
def test_clv_is_purchases_times_value_times_margin(
    baseline: type[ConstantRate], history: History
) -> None:
    forecast = baseline().fit(history).predict(history, Horizon.days(40), Money(margin=0.25))
    np.testing.assert_allclose(
        forecast["clv"],
        0.25 * forecast["expected_purchases"] * forecast["expected_order_value"],
    )


def test_spend_is_discounted_as_it_flows(history: History) -> None:
    # a year at 10 %: (1 - 1 / 1.1) / ln(1.1) = 0.953824... of a year's worth
    forecast = (
        PastRate().fit(history).predict(history, Horizon.days(365), Money(annual_discount_rate=0.1))
    )
    np.testing.assert_allclose(forecast["clv"][0], 2.0 * 365 * 0.95382, rtol=1e-5)
    np.testing.assert_allclose(forecast["expected_purchases"][0], 365 * 0.04)


@pytest.mark.parametrize("rate", [0.0, 1e-9, 0.08, 2.0])
def test_an_annuity_is_the_sum_of_its_moments(rate: float) -> None:
    money = Money(annual_discount_rate=rate)
    moments = (np.arange(20_000) + 0.5) / 20_000 * 730.0
    by_sum = money.discount(moments).mean() * 730.0
    assert float(annuity(730.0, money)) == pytest.approx(by_sum, rel=1e-8)
    assert float(annuity(0.0, money)) == 0.0


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_saved_baseline_forecasts_alike(
    baseline: type[ConstantRate], history: History, tmp_path: Path
) -> None:
    model = baseline().fit(history)
    model.save(tmp_path)
    pd.testing.assert_frame_equal(
        baseline.load(tmp_path).predict(history, Horizon.days(40)),
        model.predict(history, Horizon.days(40)),
    )


def test_another_models_file_is_refused(history: History, tmp_path: Path) -> None:
    PastRate().fit(history).save(tmp_path)
    with pytest.raises(RunError, match=r"holds model 'naive_rate'.*not 'naive_last_period'"):
        LastPeriod.load(tmp_path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        PastRate.load(tmp_path)


def test_a_forecast_before_a_fit_is_refused(history: History) -> None:
    with pytest.raises(ClvError, match="not fitted yet"):
        PastRate().predict(history, Horizon.days(1))
