from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clv.evaluation.report import charts
from tests import report_builder

amounts = hnp.arrays(
    np.float64,
    st.integers(1, 60),
    elements=st.one_of(st.just(0.0), st.floats(1e-3, 1e9, allow_subnormal=False)),
)


@given(amounts)
def test_every_customer_and_all_value_is_in_one_band(clv):
    bins = charts.value_bins(clv)
    if bins is None:
        assert clv.min() == clv.max()
        return
    assert sum(bins["counts"]) == len(clv)
    assert sum(bins["customers"]) == pytest.approx(1, abs=1e-3 * len(bins["labels"]))
    assert sum(bins["value"]) == pytest.approx(1, abs=1e-3 * len(bins["labels"]))
    assert len(bins["labels"]) == len(bins["counts"]) == len(set(bins["labels"]))
    assert len(bins["labels"]) <= charts.MOST_BINS + 1


def test_bands_are_round_amounts_and_nothing_has_its_own():
    bins = charts.value_bins(np.array([0, 0, 0.5, 1.5, 3, 7, 15, 15, 30, 70, 150], dtype=float))
    assert bins["labels"][0] == "0"
    assert bins["counts"][0] == 2
    assert "10–20" in bins["labels"]
    assert bins["counts"][bins["labels"].index("10–20")] == 2


def test_a_narrow_spread_gets_even_bands():
    bins = charts.value_bins(np.linspace(100, 120, 500))
    assert 4 <= len(bins["labels"]) <= charts.MOST_BINS
    assert min(bins["counts"][1:-1]) > 0


@given(amounts)
def test_the_curve_rises_from_nothing_to_all_and_bows_upwards(clv):
    curve = charts.lorenz(clv)
    if curve is None:
        assert clv.sum() == 0
        return
    held = np.array(curve["value"])
    assert held[0] == 0
    assert held[-1] == pytest.approx(1)
    assert (np.diff(held) >= -1e-5).all()
    assert (held >= np.array(curve["customers"]) - 1e-4).all()


def test_the_top_tenth_of_a_known_sample():
    clv = np.array([91.0] + [1.0] * 9)
    assert charts.lorenz(clv)["top_decile"] == pytest.approx(0.91)


def test_the_tracking_chart_is_thinned_and_keeps_its_ends():
    days = pd.date_range("1990-01-01", periods=4000).date
    count = np.arange(4000.0)
    frame = pd.DataFrame({"day": days, "actual": count, "expected": count * 1.1})
    lines = charts.tracking_lines(frame, "1994-12-31")
    assert len(lines["days"]) == charts.MOST_DAYS
    assert (lines["days"][0], lines["days"][-1]) == ("1990-01-01", days[-1].isoformat())
    assert lines["actual"][-1] == 3999
    assert lines["gap"] == pytest.approx(0.1)
    assert lines["cut_off"] == "1994-12-31"


def test_purchases_of_the_cut_off_itself_had_been_seen():
    frame = pd.DataFrame(
        {
            "day": pd.date_range("2020-01-01", periods=3).date,
            "actual": [0.0, 10.0, 20.0],
            "expected": [0.0, 50.0, 65.0],
        }
    )
    assert charts.tracking_lines(frame, "2020-01-02")["gap"] == pytest.approx(0.5)


def test_a_model_that_does_not_say_leaves_no_expected_line():
    frame = report_builder.tracking().assign(expected=np.nan)
    lines = charts.tracking_lines(frame, date(1997, 12, 31))
    assert not lines["has_expected"]
    assert lines["gap"] is None
    assert set(lines["expected"]) == {None}


def test_deciles_run_from_the_highest_forecast_down():
    n = 100
    frame = pd.DataFrame({"predicted": np.arange(n, dtype=float), "actual": np.arange(n) * 2.0})
    groups = charts.deciles(frame)
    assert groups["customers"] == [10] * 10
    assert groups["predicted"][0] == pytest.approx(94.5)
    assert groups["actual"][0] == pytest.approx(189.0)
    assert groups["predicted"] == sorted(groups["predicted"], reverse=True)


def test_nothing_to_show_is_none():
    empty = pd.DataFrame({"predicted": [], "actual": []}, dtype=float)
    assert charts.deciles(empty) is None
    assert charts.lorenz(np.zeros(5)) is None
    assert charts.value_bins(np.full(5, 3.0)) is None
    assert charts.tracking_lines(report_builder.tracking().head(0), None) is None
